package text

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/value"
)

// joiner builds a string, charging for what it holds.
type joiner struct {
	t   *value.Thread
	out []byte
}

func (j *joiner) add(s string) {
	if free := cap(j.out) - len(j.out); len(s) > free {
		grown := max(2*cap(j.out), len(j.out)+len(s), 32)
		j.t.Alloc(grown)
		out := make([]byte, len(j.out), grown)
		copy(out, j.out)
		j.out = out
	}
	j.out = appendText(j.out, s)
}

func (j *joiner) value() value.Value { return value.String(string(j.out)) }

// join joins what each gives, with separators between.
func join(t *value.Thread, separator string, v value.Value) value.Value {
	j := &joiner{t: t}
	first := true
	if a, ok := v.Object().(*value.Array); ok && a.Rank() == 1 {
		t.Step(a.Len())
		for i := range a.Len() {
			if i > 0 {
				j.add(separator)
			}
			j.add(t.ToString(a.At(i)))
		}
		return j.value()
	}
	t.Each(v, func(x value.Value) bool {
		if !first {
			j.add(separator)
		}
		first = false
		j.add(t.ToString(x))
		return true
	})
	return j.value()
}

func stringJoins() []value.Row {
	concat := func(c *value.Call) value.Value {
		j := &joiner{t: c.Thread}
		for _, v := range c.Args {
			j.add(c.ToString(v))
		}
		return j.value()
	}
	all := func(param string) func(*value.Call) value.Value {
		return func(c *value.Call) value.Value {
			c.NotNull(0, param)
			return join(c.Thread, "", c.Args[0])
		}
	}
	separated := func(param string) func(*value.Call) value.Value {
		return func(c *value.Call) value.Value {
			c.NotNull(1, param)
			return join(c.Thread, c.ToString(c.Args[0]), c.Args[1])
		}
	}
	part := func(c *value.Call) value.Value {
		c.NotNull(1, "value")
		a := c.Args[1].Object().(*value.Array)
		start, n := c.Int(2), c.Int(3)
		number.NotNegative(c.Thread, start, "startIndex")
		number.NotNegative(c.Thread, n, "count")
		number.AtMost(c.Thread, start, a.Len()-n, "startIndex")
		j := &joiner{t: c.Thread}
		c.Step(n)
		for i := range n {
			if i > 0 {
				j.add(c.ToString(c.Args[0]))
			}
			j.add(a.At(start + i).Str())
		}
		return j.value()
	}
	const joined = "The texts joined."
	const between = "The texts joined with a separator between."
	rows := []value.Row{
		{Sig: "static string Concat(object arg0)", Doc: "The text of a value.", Func: concat},
		{Sig: "static string Concat(object arg0, object arg1)", Doc: joined, Func: concat},
		{Sig: "static string Concat(object arg0, object arg1, object arg2)", Doc: joined, Func: concat},
		{Sig: "static string Concat(params object[] args)", Doc: joined, Func: all("args")},
		{Sig: "static string Concat<T>(IEnumerable<T> values)", Doc: joined, Func: all("values")},
		{Sig: "static string Concat(IEnumerable<string> values)", Doc: joined, Func: all("values")},
		{Sig: "static string Concat(string str0, string str1)", Doc: joined, Func: concat},
		{Sig: "static string Concat(string str0, string str1, string str2)", Doc: joined, Func: concat},
		{Sig: "static string Concat(string str0, string str1, string str2, string str3)", Doc: joined, Func: concat},
		{Sig: "static string Concat(params string[] values)", Doc: joined, Func: all("values")},
		{Sig: "static string Join(char separator, params string[] value)", Doc: between, Func: separated("value")},
		{Sig: "static string Join(string separator, params string[] value)", Doc: between, Func: separated("value")},
		{Sig: "static string Join(char separator, string[] value, int startIndex, int count)", Doc: between, Func: part},
		{Sig: "static string Join(string separator, string[] value, int startIndex, int count)", Doc: between, Func: part},
		{Sig: "static string Join(string separator, IEnumerable<string> values)", Doc: between, Func: separated("values")},
		{Sig: "static string Join(char separator, params object[] values)", Doc: between, Func: separated("values")},
		{Sig: "static string Join(string separator, params object[] values)", Doc: between, Func: separated("values")},
		{Sig: "static string Join<T>(char separator, IEnumerable<T> values)", Doc: between, Func: separated("values")},
		{Sig: "static string Join<T>(string separator, IEnumerable<T> values)", Doc: between, Func: separated("values")},
	}
	for _, head := range []string{"", "IFormatProvider provider, "} {
		at := 0
		if head != "" {
			at = 1
		}
		format := func(params bool) func(*value.Call) value.Value {
			return func(c *value.Call) value.Value {
				c.NotNull(at, "format")
				provider := value.Null
				if at == 1 {
					provider = c.Args[0]
				}
				args := c.Args[at+1:]
				if params {
					c.NotNull(at+1, "args")
					args = c.Slice(c.Args[at+1])
				}
				return value.String(composite(c.Thread, c.Str(at), provider, args))
			}
		}
		const doc = "A format with its items filled in."
		rows = append(rows,
			value.Row{Sig: "static string Format(" + head + "string format, object arg0)", Doc: doc, Func: format(false)},
			value.Row{Sig: "static string Format(" + head + "string format, object arg0, object arg1)", Doc: doc, Func: format(false)},
			value.Row{Sig: "static string Format(" + head + "string format, object arg0, object arg1, object arg2)", Doc: doc, Func: format(false)},
			value.Row{Sig: "static string Format(" + head + "string format, params object[] args)", Doc: doc, Func: format(true)})
	}
	return rows
}

func stringStatics() []value.Row {
	blank := func(s string) bool { return strings.TrimFunc(s, isSpace) == "" }
	return []value.Row{
		{Sig: "static bool IsNullOrEmpty(string value)", Doc: "Whether a string is null or empty.", Fast: func(s string) bool { return s == "" }, Func: func(c *value.Call) value.Value {
			return value.Bool(c.Str(0) == "")
		}},
		{Sig: "static bool IsNullOrWhiteSpace(string value)", Doc: "Whether a string is null or has only white space.", Fast: blank, Func: func(c *value.Call) value.Value {
			return value.Bool(blank(c.Str(0)))
		}},
		{Sig: "static string Copy(string str)", Doc: "A new string of the same units.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "str")
			charge(c.Thread, len(c.Str(0)))
			return value.String(strings.Clone(c.Str(0)))
		}},
		{Sig: "static string Intern(string str)", Doc: "The string itself.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "str")
			return c.Args[0]
		}},
		{Sig: "static string IsInterned(string str)", Doc: "Null: what an evaluation makes is not interned.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "str")
			return value.Null
		}},
	}
}
