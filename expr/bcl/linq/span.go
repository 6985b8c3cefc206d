package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Spans are types that no value of an expression has. Their extension methods
// are declared all the same, because the C# compiler takes them for what the
// author of a call meant that fits nothing else: new[] { 1 }.Contains("1") is
// refused for its receiver, not for its argument.
var (
	spanDef          = types.Declare("System", "public struct Span<T>")
	readOnlySpanDef  = types.Declare("System", "public struct ReadOnlySpan<T>")
	memoryExtensions = types.Declare("System", "public static class MemoryExtensions")
)

func spans() []value.Members {
	const doc = "A method of spans, which expressions do not have."
	var rows []value.Row
	for _, sig := range []string{
		"static bool Contains<T>(this Span<T> span, T value)",
		"static bool Contains<T>(this ReadOnlySpan<T> span, T value)",
		"static int Count<T>(this Span<T> span, T value)",
		"static int Count<T>(this ReadOnlySpan<T> span, T value)",
		"static int IndexOf<T>(this Span<T> span, T value)",
		"static int IndexOf<T>(this ReadOnlySpan<T> span, T value)",
		"static int LastIndexOf<T>(this Span<T> span, T value)",
		"static int LastIndexOf<T>(this ReadOnlySpan<T> span, T value)",
		"static bool SequenceEqual<T>(this Span<T> span, ReadOnlySpan<T> other)",
		"static bool SequenceEqual<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> other)",
		"static bool StartsWith<T>(this ReadOnlySpan<T> span, T value)",
		"static bool EndsWith<T>(this ReadOnlySpan<T> span, T value)",
		"static void Reverse<T>(this Span<T> span)",
		"static void Sort<T>(this Span<T> span)",
		"static void Sort<T>(this Span<T> span, Comparison<T> comparison)",
		"static void Replace<T>(this Span<T> span, T oldValue, T newValue)",
	} {
		rows = append(rows, value.Row{Sig: sig, Doc: doc, Func: unsupported("Specified method is not supported.")})
	}
	var lists []value.Row
	for _, sig := range []string{
		"static void AddRange<T>(this List<T> list, ReadOnlySpan<T> source)",
		"static void InsertRange<T>(this List<T> list, int index, ReadOnlySpan<T> source)",
		"static void CopyTo<T>(this List<T> list, Span<T> destination)",
	} {
		lists = append(lists, value.Row{Sig: sig, Doc: doc, Beyond: true, Func: unsupported("Specified method is not supported.")})
	}
	lists = append(lists, value.Row{
		Sig: "static ReadOnlyCollection<T> AsReadOnly<T>(this IList<T> list)", Doc: "The list without the means to change it.", Beyond: true,
		Func: func(c *value.Call) value.Value {
			c.NotNull(0, "list")
			l, _ := asIndexed(c.Thread, c.Args[0], c.Types[0])
			return value.Of(&readOnly{readOnlyDef.Of(c.Types[0].Plain()), c.Args[0], l})
		},
	})
	list := []value.Members{
		{Def: types.CollectionExtensions, Rows: lists},
		{Def: spanDef, Doc: "A part of an array, which expressions do not have.", Beyond: true},
		{Def: readOnlySpanDef, Doc: "A part of an array, which expressions do not have.", Beyond: true},
		{Def: memoryExtensions, Doc: "Methods of spans, which expressions do not have.", Beyond: true, Rows: rows},
	}
	// The overload of UTF-8 text comes first in the order of the compiler: what fits
	// none of them is reported against it.
	for _, t := range []*types.Type{types.SByte, types.Byte, types.Int16, types.UInt16, types.Int32, types.UInt32, types.Int64, types.UInt64, types.Single, types.Double, types.Decimal} {
		list = append(list, value.Members{Def: t.Def(), Rows: []value.Row{{
			Sig: "static bool TryParse(ReadOnlySpan<byte> utf8Text, out " + t.String() + " result)", Doc: doc, Beyond: true, Func: unsupported("Specified method is not supported."),
		}}})
	}
	return list
}
