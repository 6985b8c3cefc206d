package text

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/value"
)

// cultureOf reads the last two arguments ignoreCase and culture.
func cultureOf(c *value.Call, i int) Comparison {
	if c.Bool(i) {
		return CurrentCultureIgnoreCase
	}
	return CurrentCulture
}

// find is IndexOf within count units from start on.
func find(c *value.Call, part string, start, count int, how Comparison) value.Value {
	x := c.This.Text()
	if start < 0 || start > x.Len() {
		c.ThrowRange(indexLessOrEqual, "startIndex")
	}
	if count < 0 || count > x.Len()-start {
		c.ThrowRange(badCount, "count")
	}
	s := x.String()
	if start != 0 || count != x.Len() {
		s = x.Slice(start, count)
	}
	at, _ := index(c.Thread, s, part, how, false)
	if at >= 0 {
		at += start
	}
	return value.Int(at)
}

// findLast is LastIndexOf of a string; start is the last unit of the part
// that is searched.
func findLast(c *value.Call, part string, start, count int, how Comparison) value.Value {
	x := c.This.Text()
	for tries := 0; start < 0 || start >= x.Len(); tries++ {
		if start == -1 && x.Len() == 0 {
			count = 0
			break
		}
		if start != x.Len() || tries > 0 {
			c.ThrowRange(indexLess, "startIndex")
		}
		start--
		if count > 0 {
			count--
		}
	}
	start = start - count + 1
	if start < 0 || count < 0 || start+count > x.Len() {
		c.ThrowRange(badCount, "count")
	}
	at, _ := index(c.Thread, x.Slice(start, count), part, how, true)
	if at >= 0 {
		at += start
	}
	return value.Int(at)
}

// findUnit is LastIndexOf and LastIndexOfAny of characters.
func findUnit(c *value.Call, start, count int, search func(s string) int) value.Value {
	x := c.This.Text()
	if x.Len() == 0 {
		return value.Int(-1)
	}
	if start < 0 || start >= x.Len() {
		c.ThrowRange(indexLess, "startIndex")
	}
	if count < 0 || count > start+1 {
		c.ThrowRange(badCount, "count")
	}
	start = start - count + 1
	at := search(x.Slice(start, count))
	if at >= 0 {
		at += start
	}
	return value.Int(at)
}

func lastUnit(c *value.Call) func(string) int {
	return func(s string) int {
		at, _ := index(c.Thread, s, value.UnitString(c.Args[0].Char()), Ordinal, true)
		return at
	}
}

func lastOfAny(c *value.Call) func(string) int {
	cut := setOf(c.Args[0])
	return func(s string) int { return cut.indexAny(s, true) }
}

func stringSearch() []value.Row {
	char := func(c *value.Call) string { return value.UnitString(c.Args[0].Char()) }
	length := func(c *value.Call) int { return c.This.Text().Len() }
	part := func(c *value.Call) string {
		c.NotNull(0, "value")
		return c.Str(0)
	}
	rows := []value.Row{
		{Sig: "bool Contains(string value)", Doc: "Whether a text is in it, by units.", Fast: strings.Contains, Func: func(c *value.Call) value.Value {
			s, p := c.This.Str(), part(c)
			if hasLone(p) {
				s, p = loosen(s), loosen(p)
			}
			return value.Bool(strings.Contains(s, p))
		}},
		{Sig: "bool Contains(string value, StringComparison comparisonType)", Doc: "Whether a text is in it.", Func: func(c *value.Call) value.Value {
			at, _ := index(c.Thread, c.This.Str(), part(c), how(c, 1), false)
			return value.Bool(at >= 0)
		}},
		{Sig: "bool Contains(char value)", Doc: "Whether a character is in it.", Func: func(c *value.Call) value.Value {
			at, _ := index(c.Thread, c.This.Str(), char(c), Ordinal, false)
			return value.Bool(at >= 0)
		}},
		{Sig: "bool Contains(char value, StringComparison comparisonType)", Doc: "Whether a character is in it.", Func: func(c *value.Call) value.Value {
			at, _ := index(c.Thread, c.This.Str(), char(c), how(c, 1), false)
			return value.Bool(at >= 0)
		}},
		{Sig: "int IndexOf(char value)", Doc: "The first place of a character, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, char(c), 0, length(c), Ordinal)
		}},
		{Sig: "int IndexOf(char value, int startIndex)", Doc: "The first place of a character from a start on, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, char(c), c.Int(1), length(c)-c.Int(1), Ordinal)
		}},
		{Sig: "int IndexOf(char value, int startIndex, int count)", Doc: "The first place of a character in a part, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, char(c), c.Int(1), c.Int(2), Ordinal)
		}},
		{Sig: "int IndexOf(char value, StringComparison comparisonType)", Doc: "The first place of a character, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, char(c), 0, length(c), how(c, 1))
		}},
		{Sig: "int IndexOf(string value)", Doc: "The first place of a text as the culture compares, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, part(c), 0, length(c), CurrentCulture)
		}},
		{Sig: "int IndexOf(string value, int startIndex)", Doc: "The first place of a text from a start on as the culture compares, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, part(c), c.Int(1), length(c)-c.Int(1), CurrentCulture)
		}},
		{Sig: "int IndexOf(string value, int startIndex, int count)", Doc: "The first place of a text in a part as the culture compares, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, part(c), c.Int(1), c.Int(2), CurrentCulture)
		}},
		{Sig: "int IndexOf(string value, StringComparison comparisonType)", Doc: "The first place of a text, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, part(c), 0, length(c), how(c, 1))
		}},
		{Sig: "int IndexOf(string value, int startIndex, StringComparison comparisonType)", Doc: "The first place of a text from a start on, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, part(c), c.Int(1), length(c)-c.Int(1), how(c, 2))
		}},
		{Sig: "int IndexOf(string value, int startIndex, int count, StringComparison comparisonType)", Doc: "The first place of a text in a part, -1 if none.", Func: func(c *value.Call) value.Value {
			return find(c, part(c), c.Int(1), c.Int(2), how(c, 3))
		}},
		{Sig: "int LastIndexOf(char value)", Doc: "The last place of a character, -1 if none.", Func: func(c *value.Call) value.Value {
			return findUnit(c, length(c)-1, length(c), lastUnit(c))
		}},
		{Sig: "int LastIndexOf(char value, int startIndex)", Doc: "The last place of a character up to a place, -1 if none.", Func: func(c *value.Call) value.Value {
			return findUnit(c, c.Int(1), c.Int(1)+1, lastUnit(c))
		}},
		{Sig: "int LastIndexOf(char value, int startIndex, int count)", Doc: "The last place of a character in a part, -1 if none.", Func: func(c *value.Call) value.Value {
			return findUnit(c, c.Int(1), c.Int(2), lastUnit(c))
		}},
		{Sig: "int LastIndexOf(string value)", Doc: "The last place of a text as the culture compares, -1 if none.", Func: func(c *value.Call) value.Value {
			return findLast(c, part(c), length(c)-1, length(c), CurrentCulture)
		}},
		{Sig: "int LastIndexOf(string value, int startIndex)", Doc: "The last place of a text up to a place as the culture compares, -1 if none.", Func: func(c *value.Call) value.Value {
			return findLast(c, part(c), c.Int(1), c.Int(1)+1, CurrentCulture)
		}},
		{Sig: "int LastIndexOf(string value, int startIndex, int count)", Doc: "The last place of a text in a part as the culture compares, -1 if none.", Func: func(c *value.Call) value.Value {
			return findLast(c, part(c), c.Int(1), c.Int(2), CurrentCulture)
		}},
		{Sig: "int LastIndexOf(string value, StringComparison comparisonType)", Doc: "The last place of a text, -1 if none.", Func: func(c *value.Call) value.Value {
			return findLast(c, part(c), length(c)-1, length(c), how(c, 1))
		}},
		{Sig: "int LastIndexOf(string value, int startIndex, StringComparison comparisonType)", Doc: "The last place of a text up to a place, -1 if none.", Func: func(c *value.Call) value.Value {
			return findLast(c, part(c), c.Int(1), c.Int(1)+1, how(c, 2))
		}},
		{Sig: "int LastIndexOf(string value, int startIndex, int count, StringComparison comparisonType)", Doc: "The last place of a text in a part, -1 if none.", Func: func(c *value.Call) value.Value {
			return findLast(c, part(c), c.Int(1), c.Int(2), how(c, 3))
		}},
		{Sig: "int LastIndexOfAny(char[] anyOf)", Doc: "The last place of any of some characters, -1 if none.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "anyOf")
			return findUnit(c, length(c)-1, length(c), lastOfAny(c))
		}},
		{Sig: "int LastIndexOfAny(char[] anyOf, int startIndex)", Doc: "The last place of any of some characters up to a place, -1 if none.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "anyOf")
			return findUnit(c, c.Int(1), c.Int(1)+1, lastOfAny(c))
		}},
		{Sig: "int LastIndexOfAny(char[] anyOf, int startIndex, int count)", Doc: "The last place of any of some characters in a part, -1 if none.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "anyOf")
			return findUnit(c, c.Int(1), c.Int(2), lastOfAny(c))
		}},
		{Sig: "bool StartsWith(char value)", Doc: "Whether it starts with a character.", Func: func(c *value.Call) value.Value {
			x := c.This.Text()
			return value.Bool(x.Len() > 0 && x.At(0) == c.Args[0].Char())
		}},
		{Sig: "bool StartsWith(string value)", Doc: "Whether it starts with a text as the culture compares.", Fast: func(s, p string) bool { return startsWithCulture(s, p, false) }, Func: func(c *value.Call) value.Value {
			return value.Bool(startsWith(c.This.Str(), part(c), CurrentCulture))
		}},
		{Sig: "bool StartsWith(string value, StringComparison comparisonType)", Doc: "Whether it starts with a text.", Func: func(c *value.Call) value.Value {
			return value.Bool(startsWith(c.This.Str(), part(c), how(c, 1)))
		}},
		{Sig: "bool StartsWith(string value, bool ignoreCase, CultureInfo culture)", Doc: "Whether it starts with a text as a culture compares.", Func: func(c *value.Call) value.Value {
			return value.Bool(startsWith(c.This.Str(), part(c), cultureOf(c, 1)))
		}},
		{Sig: "bool EndsWith(char value)", Doc: "Whether it ends with a character.", Func: func(c *value.Call) value.Value {
			x := c.This.Text()
			return value.Bool(x.Len() > 0 && x.At(x.Len()-1) == c.Args[0].Char())
		}},
		{Sig: "bool EndsWith(string value)", Doc: "Whether it ends with a text as the culture compares.", Func: func(c *value.Call) value.Value {
			return value.Bool(endsWith(c.This.Str(), part(c), CurrentCulture))
		}},
		{Sig: "bool EndsWith(string value, StringComparison comparisonType)", Doc: "Whether it ends with a text.", Func: func(c *value.Call) value.Value {
			return value.Bool(endsWith(c.This.Str(), part(c), how(c, 1)))
		}},
		{Sig: "bool EndsWith(string value, bool ignoreCase, CultureInfo culture)", Doc: "Whether it ends with a text as a culture compares.", Func: func(c *value.Call) value.Value {
			return value.Bool(endsWith(c.This.Str(), part(c), cultureOf(c, 1)))
		}},
	}
	any := func(sig, doc string, bounds func(c *value.Call) (start, count int)) {
		rows = append(rows, value.Row{Sig: sig, Doc: doc, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "anyOf")
			x := c.This.Text()
			start, count := bounds(c)
			if start < 0 || start > x.Len() {
				c.ThrowRange(indexLessOrEqual, "startIndex")
			}
			if count < 0 || count > x.Len()-start {
				c.ThrowRange(badCount, "count")
			}
			at := setOf(c.Args[0]).indexAny(x.Slice(start, count), false)
			if at >= 0 {
				at += start
			}
			return value.Int(at)
		}})
	}
	any("int IndexOfAny(char[] anyOf)", "The first place of any of some characters, -1 if none.", func(c *value.Call) (int, int) { return 0, length(c) })
	any("int IndexOfAny(char[] anyOf, int startIndex)", "The first place of any of some characters from a start on, -1 if none.", func(c *value.Call) (int, int) {
		return c.Int(1), length(c) - c.Int(1)
	})
	any("int IndexOfAny(char[] anyOf, int startIndex, int count)", "The first place of any of some characters in a part, -1 if none.", func(c *value.Call) (int, int) {
		return c.Int(1), c.Int(2)
	})
	return rows
}

func stringComparisons() []value.Row {
	text := func(c *value.Call, i int) value.Value { return c.Args[i] }
	// nulls orders what may be null before comparing.
	nulls := func(a, b value.Value, f func(a, b string) int) value.Value {
		switch {
		case a.IsNull() && b.IsNull():
			return value.Int(0)
		case a.IsNull():
			return value.Int(-1)
		case b.IsNull():
			return value.Int(1)
		}
		return value.Int(f(a.Str(), b.Str()))
	}
	with := func(how Comparison) func(a, b string) int {
		return func(a, b string) int { return compare(a, b, how) }
	}
	// parts compares by the culture parts of two strings, either of which may be null.
	parts := func(c *value.Call, how Comparison) value.Value {
		a, b := c.Args[0], c.Args[2]
		x, y := a.Text(), b.Text()
		i, j, n := c.Int(1), c.Int(3), c.Int(4)
		la, lb := n, n
		if !a.IsNull() {
			la = min(la, x.Len()-i)
		}
		if !b.IsNull() {
			lb = min(lb, y.Len()-j)
		}
		bad := func(x value.Text, at, n int) bool { return at < 0 || n < 0 || at > x.Len()-n }
		if bad(x, i, la) && !(a.IsNull() && i == 0 && la == 0) || bad(y, j, lb) && !(b.IsNull() && j == 0 && lb == 0) {
			number.NotNegative(c.Thread, la, "length1")
			number.NotNegative(c.Thread, lb, "length2")
			number.NotNegative(c.Thread, i, "offset1")
			number.NotNegative(c.Thread, j, "offset2")
			if i > x.Len()-la {
				c.ThrowRange("Offset and length must refer to a position in the string.", "string1")
			}
			c.ThrowRange("Offset and length must refer to a position in the string.", "string2")
		}
		if a.IsNull() || b.IsNull() {
			return nulls(a, b, nil)
		}
		return value.Int(compare(x.Slice(i, la), y.Slice(j, lb), how))
	}
	// ordinalParts compares parts and is strict about where they lie.
	ordinalParts := func(c *value.Call, how Comparison, negative func()) value.Value {
		a, b := c.Args[0], c.Args[2]
		if a.IsNull() || b.IsNull() {
			return nulls(a, b, nil)
		}
		x, y := a.Text(), b.Text()
		i, j, n := c.Int(1), c.Int(3), c.Int(4)
		if n < 0 {
			negative()
		}
		for _, wrong := range []struct {
			bad  bool
			name string
		}{{i < 0, "indexA"}, {j < 0, "indexB"}, {x.Len() < i, "indexA"}, {y.Len() < j, "indexB"}} {
			if wrong.bad {
				c.ThrowRange(indexLessOrEqual, wrong.name)
			}
		}
		return value.Int(compare(x.Slice(i, min(n, x.Len()-i)), y.Slice(j, min(n, y.Len()-j)), how))
	}
	return []value.Row{
		{Sig: "static int Compare(string strA, string strB)", Doc: "Order as the culture compares: -1, 0 or 1.", Func: func(c *value.Call) value.Value {
			return nulls(text(c, 0), text(c, 1), with(CurrentCulture))
		}},
		{Sig: "static int Compare(string strA, string strB, bool ignoreCase)", Doc: "Order as the culture compares, perhaps without case.", Func: func(c *value.Call) value.Value {
			return nulls(text(c, 0), text(c, 1), with(cultureOf(c, 2)))
		}},
		{Sig: "static int Compare(string strA, string strB, StringComparison comparisonType)", Doc: "Order of two strings.", Func: func(c *value.Call) value.Value {
			return nulls(text(c, 0), text(c, 1), with(how(c, 2)))
		}},
		{Sig: "static int Compare(string strA, string strB, bool ignoreCase, CultureInfo culture)", Doc: "Order as a culture compares, perhaps without case.", Func: func(c *value.Call) value.Value {
			return nulls(text(c, 0), text(c, 1), with(cultureOf(c, 2)))
		}},
		{Sig: "static int Compare(string strA, string strB, CultureInfo culture, CompareOptions options)", Doc: "Order as a culture compares with options.", Beyond: true, Func: func(c *value.Call) value.Value {
			return nulls(text(c, 0), text(c, 1), func(a, b string) int { return compareOptions(a, b, c.Int(3)) })
		}},
		{Sig: "static int Compare(string strA, int indexA, string strB, int indexB, int length)", Doc: "Order of parts as the culture compares.", Func: func(c *value.Call) value.Value {
			return parts(c, CurrentCulture)
		}},
		{Sig: "static int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase)", Doc: "Order of parts as the culture compares, perhaps without case.", Func: func(c *value.Call) value.Value {
			return parts(c, cultureOf(c, 5))
		}},
		{Sig: "static int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase, CultureInfo culture)", Doc: "Order of parts as a culture compares, perhaps without case.", Func: func(c *value.Call) value.Value {
			return parts(c, cultureOf(c, 5))
		}},
		{Sig: "static int Compare(string strA, int indexA, string strB, int indexB, int length, StringComparison comparisonType)", Doc: "Order of parts.", Func: func(c *value.Call) value.Value {
			return ordinalParts(c, how(c, 5), func() { number.NotNegative(c.Thread, c.Int(4), "length") })
		}},
		{Sig: "static int CompareOrdinal(string strA, string strB)", Doc: "Order by units: the difference of the first that differ.", Func: func(c *value.Call) value.Value {
			return nulls(text(c, 0), text(c, 1), value.CompareOrdinal)
		}},
		{Sig: "static int CompareOrdinal(string strA, int indexA, string strB, int indexB, int length)", Doc: "Order of parts by units.", Func: func(c *value.Call) value.Value {
			return ordinalParts(c, Ordinal, func() { c.ThrowRange("Count cannot be less than zero.", "length") })
		}},
		{Sig: "int CompareTo(object value)", Doc: "Order as the culture compares; only with another string.", Func: func(c *value.Call) value.Value {
			if c.Args[0].IsNull() {
				return value.Int(1)
			}
			if !c.Args[0].IsString() {
				c.ThrowArgument(value.ArgumentException, "Object must be of type String.", "")
			}
			return value.Int(compareCulture(c.This.Str(), c.Str(0), false))
		}},
		{Sig: "int CompareTo(string strB)", Doc: "Order as the culture compares: -1, 0 or 1.", Func: func(c *value.Call) value.Value {
			return nulls(c.This, c.Args[0], with(CurrentCulture))
		}},
		{Sig: "bool Equals(string value)", Doc: "Whether another string has the same units.", Fast: func(a, b string) bool { return a == b }, Func: func(c *value.Call) value.Value {
			return value.Bool(!c.Args[0].IsNull() && c.This.Str() == c.Str(0))
		}},
		{Sig: "bool Equals(string value, StringComparison comparisonType)", Doc: "Whether another string is equal.", Func: func(c *value.Call) value.Value {
			m := how(c, 1)
			return value.Bool(!c.Args[0].IsNull() && equal(c.This.Str(), c.Str(0), m))
		}},
		{Sig: "static bool Equals(string a, string b)", Doc: "Whether two strings have the same units.", Fast: func(a, b string) bool { return a == b }, Func: func(c *value.Call) value.Value {
			return value.Bool(c.Args[0].IsNull() == c.Args[1].IsNull() && c.Str(0) == c.Str(1))
		}},
		{Sig: "static bool Equals(string a, string b, StringComparison comparisonType)", Doc: "Whether two strings are equal.", Func: func(c *value.Call) value.Value {
			m := how(c, 2)
			if c.Args[0].IsNull() || c.Args[1].IsNull() {
				return value.Bool(c.Args[0].IsNull() && c.Args[1].IsNull())
			}
			return value.Bool(equal(c.Str(0), c.Str(1), m))
		}},
	}
}
