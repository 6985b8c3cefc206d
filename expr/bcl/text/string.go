package text

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The messages of ArgumentOutOfRangeException that strings share.
const (
	indexLess        = "Index was out of range. Must be non-negative and less than the size of the collection."
	indexLessOrEqual = "Index was out of range. Must be non-negative and less than or equal to the size of the collection."
	badCount         = "Count must be positive and count must refer to a location within the string/array/collection."
	startTooLarge    = "startIndex cannot be larger than length of string."
	badLength        = "Index and length must refer to a location within the string."
)

func stringMembers() value.Members {
	var rows []value.Row
	for _, part := range [][]value.Row{stringBasics(), stringSearch(), stringChanges(), stringSplits(), stringStatics(), stringJoins(), stringComparisons()} {
		rows = append(rows, part...)
	}
	return value.Members{Def: types.String.Def(), Doc: "A text of UTF-16 units.", Rows: rows, Ops: &value.Ops{
		Compare: func(_ *value.Thread, v, other value.Value) int { return compareCulture(v.Str(), other.Str(), false) },
	}}
}

// how is a StringComparison argument.
func how(c *value.Call, i int) Comparison {
	n := c.Int(i)
	if n < 0 || n > int(OrdinalIgnoreCase) {
		c.ThrowArgument(value.ArgumentException, "The string comparison type passed in is currently not supported.", "comparisonType")
	}
	return Comparison(n)
}

// result is a new string, charged for.
func result(c *value.Call, s string) value.Value {
	charge(c.Thread, len(s))
	return value.String(s)
}

func stringBasics() []value.Row {
	return []value.Row{
		{Sig: "static readonly string Empty", Doc: "The empty string.", Func: func(*value.Call) value.Value { return value.Empty }},
		{Sig: "String(char c, int count)", Doc: "A character repeated.", Func: func(c *value.Call) value.Value {
			n := c.Int(1)
			number.NotNegative(c.Thread, n, "count")
			return value.String(repeat(c.Thread, c.Args[0].Char(), n))
		}},
		{Sig: "String(char[] value)", Doc: "The string of characters.", Func: func(c *value.Call) value.Value {
			return value.String(fromChars(c.Thread, c.Args[0], 0, -1))
		}},
		// .NET takes a ReadOnlySpan<char>, to which a string converts.
		{Sig: "String(string value)", Doc: "The same characters; none of null.", Beyond: true, Func: func(c *value.Call) value.Value {
			return value.String(c.Str(0))
		}},
		{Sig: "String(char[] value, int startIndex, int length)", Doc: "The string of some characters.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "value")
			number.NotNegative(c.Thread, c.Int(1), "startIndex")
			number.NotNegative(c.Thread, c.Int(2), "length")
			number.AtMost(c.Thread, c.Int(1), c.Args[0].Object().(*value.Array).Len()-c.Int(2), "startIndex")
			return value.String(fromChars(c.Thread, c.Args[0], c.Int(1), c.Int(2)))
		}},
		{
			Sig: "int Length { get; }", Doc: "The number of UTF-16 units.", Fast: func(v value.Value) int64 { return int64(v.Text().Len()) },
			Func: func(c *value.Call) value.Value { return value.Int(c.This.Text().Len()) },
		},
		{Sig: "char this[int index] { get; }", Doc: "The unit at an index.", Func: func(c *value.Call) value.Value {
			x, i := c.This.Text(), c.Int(0)
			if i < 0 || i >= x.Len() {
				c.Throw(value.IndexOutOfRangeException, "Index was outside the bounds of the array.")
			}
			return value.Char(x.At(i))
		}},
		{Sig: "object Clone()", Doc: "The string itself.", Func: func(c *value.Call) value.Value { return c.This }},
		{Sig: "TypeCode GetTypeCode()", Doc: "The code of the type.", Beyond: true, Func: func(*value.Call) value.Value {
			return value.Enum(number.TypeCode.Type(), 18)
		}},
		{Sig: "string ToString(IFormatProvider provider)", Doc: "The string itself.", Func: func(c *value.Call) value.Value { return c.This }},
		{Sig: "CharEnumerator GetEnumerator()", Doc: "A walk over the units.", Func: func(c *value.Call) value.Value {
			return value.Of(&charEnumerator{text: c.This.Text(), at: -1})
		}},
		{Sig: "int GetHashCode(StringComparison comparisonType)", Doc: "A number that is the same for strings that the comparison calls equal.", Func: func(c *value.Call) value.Value {
			return value.Int(int(hash(c.This.Str(), how(c, 0))))
		}},
		{Sig: "char[] ToCharArray()", Doc: "The units as an array.", Func: func(c *value.Call) value.Value {
			return toChars(c.Thread, c.This.Str())
		}},
		{Sig: "char[] ToCharArray(int startIndex, int length)", Doc: "Some of the units as an array.", Func: func(c *value.Call) value.Value {
			x, start, n := c.This.Text(), c.Int(0), c.Int(1)
			number.AtMost(c.Thread, int(uint32(start)), x.Len(), "startIndex")
			number.AtMost(c.Thread, start, x.Len()-n, "startIndex")
			number.NotNegative(c.Thread, n, "length")
			return toChars(c.Thread, x.Slice(start, n))
		}},
		{Sig: "void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", Doc: "Copies units into an array.", Func: func(c *value.Call) value.Value {
			c.NotNull(1, "destination")
			x, to := c.This.Text(), c.Args[1].Object().(*value.Array)
			from, at, n := c.Int(0), c.Int(2), c.Int(3)
			number.NotNegative(c.Thread, n, "count")
			number.NotNegative(c.Thread, from, "sourceIndex")
			if n > x.Len()-from {
				number.AtMost(c.Thread, n, x.Len()-from, "sourceIndex")
			}
			number.AtMost(c.Thread, at, to.Len()-n, "destinationIndex")
			number.NotNegative(c.Thread, at, "destinationIndex")
			c.Step(n)
			for i, u := range value.Units(x.Slice(from, n)) {
				to.Set(at+i, value.Char(u))
			}
			return value.Null
		}},
		{Sig: "bool IsNormalized()", Doc: "Whether the text is in normal form C.", Func: func(c *value.Call) value.Value {
			return value.Bool(norm.NFC.IsNormalString(c.This.Str()))
		}},
		{Sig: "bool IsNormalized(NormalizationForm normalizationForm)", Doc: "Whether the text is in a normal form.", Beyond: true, Func: func(c *value.Call) value.Value {
			return value.Bool(form(c, 0).IsNormalString(c.This.Str()))
		}},
		{Sig: "string Normalize()", Doc: "The text in normal form C.", Func: func(c *value.Call) value.Value { return normalize(c, norm.NFC) }},
		{Sig: "string Normalize(NormalizationForm normalizationForm)", Doc: "The text in a normal form.", Beyond: true, Func: func(c *value.Call) value.Value {
			return normalize(c, form(c, 0))
		}},
	}
}

func form(c *value.Call, i int) norm.Form {
	switch c.Int(i) {
	case 1:
		return norm.NFC
	case 2:
		return norm.NFD
	case 5:
		return norm.NFKC
	case 6:
		return norm.NFKD
	}
	c.ThrowArgument(value.ArgumentException, "Invalid or unsupported normalization form.", "normalizationForm")
	return norm.NFC
}

func normalize(c *value.Call, f norm.Form) value.Value {
	s := c.This.Str()
	if value.IsASCII(s) {
		return c.This
	}
	if hasLone(s) {
		units, at := value.Units(s), 0
		for at+1 < len(units) && !(units[at] >= 0xD800 && units[at] <= 0xDFFF && (units[at] > 0xDBFF || units[at+1] < 0xDC00 || units[at+1] > 0xDFFF)) {
			if units[at] >= 0xD800 && units[at] <= 0xDBFF {
				at++
			}
			at++
		}
		c.ThrowArgument(value.ArgumentException, "Invalid Unicode code point found at index "+value.WordString(types.Int32, value.Int(at))+".", "strInput")
	}
	// A character of form KD has at most 18 characters.
	c.Alloc(4 * len(s))
	return result(c, f.String(s))
}

// repeat is a unit repeated, charged for.
func repeat(t *value.Thread, u uint16, n int) string {
	one := value.UnitString(u)
	if n > 0 && len(one) > (1<<40)/n {
		t.Alloc(1 << 40)
	}
	charge(t, n*len(one))
	return strings.Repeat(one, n)
}

// fromChars is the string of a char[], or of n units of it; null is empty.
func fromChars(t *value.Thread, v value.Value, start, n int) string {
	a, ok := v.Object().(*value.Array)
	if !ok {
		return ""
	}
	if n < 0 {
		n = a.Len() - start
	}
	charge(t, n)
	b := make([]byte, 0, n)
	for i := range n {
		b = value.AppendUnit(b, uint16(a.Word(start+i)))
	}
	return string(b)
}

func toChars(t *value.Thread, s string) value.Value {
	units := value.Units(s)
	a := t.NewArray(types.Char, len(units))
	for i, u := range units {
		a.Set(i, value.Char(u))
	}
	return value.Of(a)
}

func hash(s string, how Comparison) int32 {
	switch {
	case how == OrdinalIgnoreCase:
		s = foldString(s)
	case how.culture():
		s = sortKey(s, how.ignoreCase())
	}
	return value.HashString(s)
}

// charEnumerator is the IEnumerator of a string.
type charEnumerator struct {
	text value.Text
	at   int
}

// Type is CharEnumerator.
func (*charEnumerator) Type() *types.Type { return CharEnumerator.Type() }

func current(c *value.Call) value.Value {
	e := c.This.Object().(*charEnumerator)
	switch {
	case e.at < 0:
		c.Throw(value.InvalidOperationException, "Enumeration has not started. Call MoveNext.")
	case e.at >= e.text.Len():
		c.Throw(value.InvalidOperationException, "Enumeration already finished.")
	}
	return value.Char(e.text.At(e.at))
}

var enumeratorMembers = value.Members{Def: CharEnumerator, Doc: "A walk over the units of a string.", Beyond: true, Rows: []value.Row{
	{Sig: "bool MoveNext()", Doc: "Goes on to the next unit and says whether there is one.", Func: func(c *value.Call) value.Value {
		e := c.This.Object().(*charEnumerator)
		if e.at < e.text.Len() {
			e.at++
		}
		return value.Bool(e.at < e.text.Len())
	}},
	{Sig: "char Current { get; }", Doc: "The unit the walk stands at.", Func: current},
	{Sig: "object IEnumerator.Current { get; }", Doc: "The unit the walk stands at.", Func: current},
	{Sig: "void Reset()", Doc: "Goes back before the first unit.", Func: func(c *value.Call) value.Value {
		c.This.Object().(*charEnumerator).at = -1
		return value.Null
	}},
	{Sig: "void Dispose()", Doc: "Ends the walk.", Func: func(*value.Call) value.Value { return value.Null }},
	{Sig: "object Clone()", Doc: "A second walk at the same place.", Func: func(c *value.Call) value.Value {
		e := *c.This.Object().(*charEnumerator)
		return value.Of(&e)
	}},
}}
