package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func thisValue(c *value.Call) *Value { return c.This.Object().(*Value) }

func valueRows() []value.Row {
	var rows []value.Row
	// Integers up to long have one constructor, that of long.
	for _, p := range []struct {
		word string
		kind Kind
	}{
		{"long", IntegerKind},
		{"decimal", FloatKind},
		{"char", StringKind},
		{"ulong", IntegerKind},
		{"double", FloatKind},
		{"float", FloatKind},
		{"DateTime", DateKind},
		{"DateTimeOffset", DateKind},
		{"bool", BooleanKind},
		{"string", StringKind},
		{"Guid", GuidKind},
		{"Uri", URIKind},
		{"TimeSpan", TimeSpanKind},
	} {
		rows = append(rows, value.Row{Sig: "JValue(" + p.word + " value)", Doc: "A token with the value.", Func: func(c *value.Call) value.Value {
			k := p.kind
			if k == URIKind && c.Args[0].IsNull() {
				k = NullKind
			}
			return value.Of(NewValue(c.Thread, k, c.Args[0]))
		}})
	}
	return append(rows, []value.Row{
		{Sig: "JValue(JValue other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "other")
			o := token(c, 0).(*Value)
			return value.Of(NewValue(c.Thread, o.kind, o.v))
		}},
		{Sig: "JValue(object value)", Doc: "A token with the value.", Func: func(c *value.Call) value.Value {
			return value.Of(NewValue(c.Thread, kindOf(c.Thread, c.Args[0]), c.Args[0]))
		}},
		{Sig: "static JValue CreateComment(string value)", Doc: "A comment.", Func: func(c *value.Call) value.Value { return value.Of(NewValue(c.Thread, CommentKind, c.Args[0])) }},
		{Sig: "static JValue CreateString(string value)", Doc: "A text.", Func: func(c *value.Call) value.Value { return value.Of(NewValue(c.Thread, StringKind, c.Args[0])) }},
		{Sig: "static JValue CreateNull()", Doc: "A JSON null.", Func: func(c *value.Call) value.Value { return value.Of(NewNull(c.Thread)) }},
		{Sig: "static JValue CreateUndefined()", Doc: "JavaScript's undefined.", Func: func(c *value.Call) value.Value {
			return value.Of(NewValue(c.Thread, UndefinedKind, value.Null))
		}},
		{Sig: "object Value { get; set; }", Doc: "The .NET value: long, double, string, bool, DateTime … or null.", Func: func(c *value.Call) value.Value { return thisValue(c).v }, Set: func(c *value.Call) {
			thisValue(c).setRaw(c.Thread, c.Args[0])
		}},
		{Sig: "override string ToString()", Doc: "The value as text, without quotes.", Func: func(c *value.Call) value.Value { return value.String(c.ToString(c.This)) }},
		{Sig: "string ToString(string format)", Doc: "The value in a format.", Func: func(c *value.Call) value.Value {
			return value.String(formatOf(c, c.Str(0), value.Null))
		}},
		{Sig: "string ToString(IFormatProvider formatProvider)", Doc: "The value as text.", Func: func(c *value.Call) value.Value {
			return value.String(formatOf(c, "", c.Args[0]))
		}},
		{Sig: "string ToString(string format, IFormatProvider formatProvider)", Doc: "The value in a format.", Func: func(c *value.Call) value.Value {
			return value.String(formatOf(c, c.Str(0), c.Args[1]))
		}},
		{Sig: "bool Equals(JValue other)", Doc: "Whether kind and value are the same.", Func: func(c *value.Call) value.Value {
			return value.Bool(thisValue(c).Equals(c.Thread, c.Args[0]))
		}},
		{Sig: "int CompareTo(JValue obj)", Doc: "Compares the values.", Func: func(c *value.Call) value.Value {
			return value.Int(thisValue(c).CompareTo(c.Thread, c.Args[0]))
		}},
	}...)
}

func formatOf(c *value.Call, format string, provider value.Value) string {
	return thisValue(c).Format(c.Thread, format, provider)
}

var rawRows = []value.Row{
	{Sig: "JRaw(JRaw other)", Doc: "A copy.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "other")
		return Of(Clone(c.Thread, token(c, 0)))
	}},
	{Sig: "JRaw(object rawJson)", Doc: "Text that is written as it is.", Func: func(c *value.Call) value.Value {
		v := NewValue(c.Thread, RawKind, c.Args[0])
		v.isRaw = true
		return value.Of(v)
	}},
}

// source arguments of the extension methods throw when the result is walked
// over, as .NET's iterators do, except where a method looks at it at once.
var extensionRows = []value.Row{
	{Sig: "static IJEnumerable<JToken> Ancestors<T>(this IEnumerable<T> source) where T : JToken", Doc: "What each token stands in.", Func: func(c *value.Call) value.Value {
		return spread(c, func(x Token) value.Iterator { return ancestors(x, false) })
	}},
	{Sig: "static IJEnumerable<JToken> AncestorsAndSelf<T>(this IEnumerable<T> source) where T : JToken", Doc: "Each token and what it stands in.", Func: func(c *value.Call) value.Value {
		return spread(c, func(x Token) value.Iterator { return ancestors(x, true) })
	}},
	{Sig: "static IJEnumerable<JToken> Descendants<T>(this IEnumerable<T> source) where T : JContainer", Doc: "All tokens below each.", Func: func(c *value.Call) value.Value {
		return spread(c, func(x Token) value.Iterator { return descendants(x, false) })
	}},
	{Sig: "static IJEnumerable<JToken> DescendantsAndSelf<T>(this IEnumerable<T> source) where T : JContainer", Doc: "Each token and all below it.", Func: func(c *value.Call) value.Value {
		return spread(c, func(x Token) value.Iterator { return descendants(x, true) })
	}},
	{Sig: "static IJEnumerable<JProperty> Properties(this IEnumerable<JObject> source)", Doc: "The properties of each object.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "source")
		src := c.Args[0]
		return enumerableOf(propertyType, func(t *value.Thread) value.Iterator {
			return flat(tokens(t, src), func(t *value.Thread, v value.Value) value.Iterator {
				if v.IsNull() {
					t.NullReference()
				}
				return children(v.Object().(Container))
			})
		})
	}},
	{Sig: "static IJEnumerable<JToken> Values(this IEnumerable<JToken> source, object key)", Doc: "The child of each token under a key.", Func: func(c *value.Call) value.Value { return valuesOf(c.Args[0], c.Args[1], TokenType, true) }},
	{Sig: "static IJEnumerable<JToken> Values(this IEnumerable<JToken> source)", Doc: "The children of each token, or its value.", Func: func(c *value.Call) value.Value { return valuesOf(c.Args[0], value.Null, TokenType, true) }},
	{Sig: "static IEnumerable<U> Values<U>(this IEnumerable<JToken> source, object key)", Doc: "The child of each token under a key, as U.", Func: func(c *value.Call) value.Value { return valuesOf(c.Args[0], c.Args[1], c.Types[0], false) }},
	{Sig: "static IEnumerable<U> Values<U>(this IEnumerable<JToken> source)", Doc: "The children of each token, or its value, as U.", Func: func(c *value.Call) value.Value { return valuesOf(c.Args[0], value.Null, c.Types[0], false) }},
	{Sig: "static U Value<U>(this IEnumerable<JToken> value)", Doc: "The token as U.", Func: func(c *value.Call) value.Value { return valueAs(c, c.Types[0]) }},
	{Sig: "static U Value<T, U>(this IEnumerable<T> value) where T : JToken", Doc: "The token as U.", Func: func(c *value.Call) value.Value { return valueAs(c, c.Types[1]) }},
	{Sig: "static IJEnumerable<JToken> Children<T>(this IEnumerable<T> source) where T : JToken", Doc: "The children of each token.", Func: func(c *value.Call) value.Value {
		return spread(c, childrenOf)
	}},
	{Sig: "static IEnumerable<U> Children<T, U>(this IEnumerable<T> source) where T : JToken", Doc: "The children of each token, as U.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "source")
		src, of := c.Args[0], c.Types[1]
		return lazily(of, func(t *value.Thread) value.Iterator { return converted(spreadOver(t, src, childrenOf), of) })
	}},
	{Sig: "static IJEnumerable<JToken> AsJEnumerable(this IEnumerable<JToken> source)", Doc: "The sequence as one of tokens.", Func: func(c *value.Call) value.Value { return asEnumerable(c, TokenType) }},
	{Sig: "static IJEnumerable<T> AsJEnumerable<T>(this IEnumerable<T> source) where T : JToken", Doc: "The sequence as one of tokens.", Func: func(c *value.Call) value.Value { return asEnumerable(c, c.Types[0]) }},
}

func childrenOf(x Token) value.Iterator {
	k, _ := x.(Container)
	return children(k)
}

func spreadOver(t *value.Thread, source value.Value, parts func(x Token) value.Iterator) value.Iterator {
	return flat(tokens(t, source), func(t *value.Thread, v value.Value) value.Iterator {
		if v.IsNull() {
			t.NullReference()
		}
		return parts(TokenOf(v))
	})
}

func spread(c *value.Call, parts func(x Token) value.Iterator) value.Value {
	c.NotNull(0, "source")
	src := c.Args[0]
	return enumerableOf(TokenType, func(t *value.Thread) value.Iterator { return spreadOver(t, src, parts) })
}

func valueAs(c *value.Call, of *types.Type) value.Value {
	c.NotNull(0, "value")
	x := token(c, 0)
	if x == nil {
		c.Throw(value.ArgumentException, "Source value must be a JToken.")
	}
	return Convert(c.Thread, x, of)
}

func asEnumerable(c *value.Call, of *types.Type) value.Value {
	src := c.Args[0]
	if src.IsNull() || value.Is(src, IJEnumerableDef.Of(of)) {
		return src
	}
	return enumerableOf(of, func(t *value.Thread) value.Iterator { return t.IterateAs(src, of) })
}
