package text

import (
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Comparer is a StringComparer.
type Comparer struct{ how Comparison }

// Type is StringComparer.
func (*Comparer) Type() *types.Type { return StringComparer.Type() }

// Equals compares comparers.
func (k *Comparer) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*Comparer)
	return ok && o.normal() == k.normal()
}

// normal makes one of the current and the invariant culture, which are the same.
func (k *Comparer) normal() Comparison {
	if k.how.culture() {
		return k.how & 1
	}
	return k.how
}

// Hash goes with Equals.
func (k *Comparer) Hash(*value.Thread) int32 { return int32(k.normal()) }

// EqualValues is IEqualityComparer.Equals.
func (k *Comparer) EqualValues(t *value.Thread, a, b value.Value) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	if a.IsString() && b.IsString() {
		return equal(a.Str(), b.Str(), k.how)
	}
	return t.Equal(a, b)
}

// HashValue is IEqualityComparer.GetHashCode.
func (k *Comparer) HashValue(t *value.Thread, v value.Value) int32 {
	if v.IsString() {
		return hash(v.Str(), k.how)
	}
	return t.Hash(v)
}

// CompareValues is IComparer.Compare.
func (k *Comparer) CompareValues(t *value.Thread, a, b value.Value) int {
	switch {
	case a.IsNull() && b.IsNull():
		return 0
	case a.IsNull():
		return -1
	case b.IsNull():
		return 1
	case a.IsString() && b.IsString():
		return compare(a.Str(), b.Str(), k.how)
	}
	return t.Compare(a, b)
}

func comparer(how Comparison) value.Value { return value.Of(&Comparer{how}) }

var comparerMembers = func() value.Members {
	var rows []value.Row
	for i, name := range []string{"CurrentCulture", "CurrentCultureIgnoreCase", "InvariantCulture", "InvariantCultureIgnoreCase", "Ordinal", "OrdinalIgnoreCase"} {
		v := comparer(Comparison(i))
		rows = append(rows, value.Row{Sig: "static StringComparer " + name + " { get; }", Doc: "Compares as StringComparison." + name + ".", Func: func(*value.Call) value.Value { return v }})
	}
	this := func(c *value.Call) *Comparer { return c.This.Object().(*Comparer) }
	compared := func(c *value.Call) value.Value {
		return value.Int(this(c).CompareValues(c.Thread, c.Args[0], c.Args[1]))
	}
	equals := func(c *value.Call) value.Value {
		return value.Bool(this(c).EqualValues(c.Thread, c.Args[0], c.Args[1]))
	}
	hashed := func(c *value.Call) value.Value {
		c.NotNull(0, "obj")
		return value.Int(int(this(c).HashValue(c.Thread, c.Args[0])))
	}
	rows = append(rows,
		value.Row{Sig: "static StringComparer FromComparison(StringComparison comparisonType)", Doc: "The comparer of a comparison.", Beyond: true, Func: func(c *value.Call) value.Value { return comparer(how(c, 0)) }},
		value.Row{Sig: "static StringComparer Create(CultureInfo culture, bool ignoreCase)", Doc: "The comparer of a culture.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "culture")
			return comparer(cultureOf(c, 1))
		}},
		value.Row{Sig: "int Compare(object x, object y)", Doc: "Order of two values.", Func: compared},
		value.Row{Sig: "int Compare(string x, string y)", Doc: "Order of two strings.", Func: compared},
		value.Row{Sig: "bool Equals(object x, object y)", Doc: "Whether two values are equal.", Func: equals},
		value.Row{Sig: "bool Equals(string x, string y)", Doc: "Whether two strings are equal.", Func: equals},
		value.Row{Sig: "int GetHashCode(object obj)", Doc: "A number that is the same for equal values.", Func: hashed},
		value.Row{Sig: "int GetHashCode(string obj)", Doc: "A number that is the same for equal strings.", Func: hashed})
	return value.Members{Def: StringComparer, Doc: "Compares strings in one of .NET's ways.", Rows: rows}
}()

// The bits of CompareOptions that change a comparison.
const (
	optionIgnoreCase  = 1
	optionIgnoreMarks = 2
	optionFold        = 1 << 28
	optionOrdinal     = 1 << 30
)

// compareOptions compares as CompareInfo.Compare does. Symbols, kana and width
// are told apart whatever the options say.
func compareOptions(a, b string, options int) int {
	switch {
	case options&optionOrdinal != 0:
		return value.CompareOrdinal(a, b)
	case options&optionFold != 0:
		return compareFold(a, b)
	case options&optionIgnoreMarks != 0:
		a, b = withoutMarks(a), withoutMarks(b)
	}
	return compareCulture(a, b, options&optionIgnoreCase != 0)
}

func comparisonOf(options int) Comparison {
	switch {
	case options&optionOrdinal != 0:
		return Ordinal
	case options&optionFold != 0:
		return OrdinalIgnoreCase
	case options&optionIgnoreCase != 0:
		return InvariantCultureIgnoreCase
	}
	return InvariantCulture
}

// cultureInfo is the one TextInfo and CompareInfo.
type cultureInfo struct{ typ *types.Type }

// Type is TextInfo or CompareInfo.
func (i *cultureInfo) Type() *types.Type { return i.typ }

// ToString is what .NET prints for it.
func (i *cultureInfo) ToString(*value.Thread) string {
	if i.typ == TextInfo.Type() {
		return "TextInfo - "
	}
	return "CompareInfo - "
}

var cultureMembers = func() []value.Members {
	textInfo, compareInfo := value.Of(&cultureInfo{TextInfo.Type()}), value.Of(&cultureInfo{CompareInfo.Type()})
	of := func(f func(string) string) func(*value.Call) value.Value {
		return func(c *value.Call) value.Value {
			c.NotNull(0, "str")
			charge(c.Thread, 2*len(c.Str(0)))
			return value.String(f(c.Str(0)))
		}
	}
	both := func(c *value.Call, f func(a, b string) int) value.Value {
		switch a, b := c.Args[0], c.Args[1]; {
		case a.IsNull() && b.IsNull():
			return value.Int(0)
		case a.IsNull():
			return value.Int(-1)
		case b.IsNull():
			return value.Int(1)
		default:
			return value.Int(f(a.Str(), b.Str()))
		}
	}
	source := func(c *value.Call, name string) (s, part string) {
		c.NotNull(0, "source")
		c.NotNull(1, name)
		return c.Str(0), c.Str(1)
	}
	rows := []value.Row{
		{Sig: "int Compare(string string1, string string2)", Doc: "Order of two strings.", Func: func(c *value.Call) value.Value {
			return both(c, func(a, b string) int { return compareCulture(a, b, false) })
		}},
		{Sig: "int Compare(string string1, string string2, CompareOptions options)", Doc: "Order of two strings with options.", Func: func(c *value.Call) value.Value {
			return both(c, func(a, b string) int { return compareOptions(a, b, c.Int(2)) })
		}},
	}
	for _, o := range []struct {
		sig string
		how func(c *value.Call) Comparison
	}{{"", func(*value.Call) Comparison { return InvariantCulture }}, {", CompareOptions options", func(c *value.Call) Comparison { return comparisonOf(c.Int(2)) }}} {
		rows = append(rows,
			value.Row{Sig: "bool IsPrefix(string source, string prefix" + o.sig + ")", Doc: "Whether a string starts with another.", Func: func(c *value.Call) value.Value {
				s, p := source(c, "prefix")
				return value.Bool(startsWith(s, p, o.how(c)))
			}},
			value.Row{Sig: "bool IsSuffix(string source, string suffix" + o.sig + ")", Doc: "Whether a string ends with another.", Func: func(c *value.Call) value.Value {
				s, p := source(c, "suffix")
				return value.Bool(endsWith(s, p, o.how(c)))
			}},
			value.Row{Sig: "int IndexOf(string source, string value" + o.sig + ")", Doc: "The first place of a string in another, -1 if none.", Func: func(c *value.Call) value.Value {
				s, p := source(c, "value")
				at, _ := index(c.Thread, s, p, o.how(c), false)
				return value.Int(at)
			}},
			value.Row{Sig: "int LastIndexOf(string source, string value" + o.sig + ")", Doc: "The last place of a string in another, -1 if none.", Func: func(c *value.Call) value.Value {
				s, p := source(c, "value")
				at, _ := index(c.Thread, s, p, o.how(c), true)
				return value.Int(at)
			}})
	}
	return []value.Members{
		{Def: number.CultureInfo, Beyond: true, Rows: []value.Row{
			{Sig: "TextInfo TextInfo { get; }", Doc: "How the culture changes case.", Func: func(*value.Call) value.Value { return textInfo }},
			{Sig: "CompareInfo CompareInfo { get; }", Doc: "How the culture compares.", Func: func(*value.Call) value.Value { return compareInfo }},
		}},
		{Def: TextInfo, Doc: "How a culture changes case.", Beyond: true, Rows: []value.Row{
			{Sig: "string ToUpper(string str)", Doc: "A text in upper case.", Func: of(func(s string) string { return mapCase(s, upper) })},
			{Sig: "string ToLower(string str)", Doc: "A text in lower case.", Func: of(func(s string) string { return mapCase(s, lower) })},
			{Sig: "string ToTitleCase(string str)", Doc: "A text whose words begin with capitals; words all in capitals stay.", Func: of(titleCase)},
			{Sig: "char ToUpper(char c)", Doc: "A character in upper case.", Func: func(c *value.Call) value.Value { return value.Char(mapUnit(c.Args[0].Char(), upper)) }},
			{Sig: "char ToLower(char c)", Doc: "A character in lower case.", Func: func(c *value.Call) value.Value { return value.Char(mapUnit(c.Args[0].Char(), lower)) }},
			{Sig: "string CultureName { get; }", Doc: "The name of the culture.", Func: func(*value.Call) value.Value { return value.Empty }},
			{Sig: "string ListSeparator { get; }", Doc: "What stands between items of a list.", Func: func(*value.Call) value.Value { return value.String(",") }},
			{Sig: "object Clone()", Doc: "A copy.", Func: func(c *value.Call) value.Value { return c.This }},
		}},
		{Def: CompareInfo, Doc: "How a culture compares.", Beyond: true, Rows: rows},
	}
}()
