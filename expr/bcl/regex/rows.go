package regex

import (
	"math"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const (
	outOfRange  = "Specified argument was out of the range of valid values."
	startRange  = "Start index cannot be less than 0 or greater than input length."
	lengthRange = "Length cannot be less than 0 or exceed input length."
	countRange  = "Count cannot be less than -1."
)

func spanOf(_ *value.Thread, ticks int64) value.Value { return time.Span(ticks).Value() }

// program makes the pattern of a call: its text is argument i, options and
// timeout follow if they are given.
func programOf(c *value.Call, i int, hasOptions, hasTimeout bool) *program {
	c.NotNull(i, "pattern")
	var opts options
	if hasOptions {
		opts = options(c.Long(i + 1))
		const withECMA = ecmaScript | ignoreCase | multiline | compiled
		if opts < 0 || opts>>11 != 0 || opts&ecmaScript != 0 && opts&^withECMA != 0 || opts&nonBacktracking != 0 && opts&(rightToLeft|ecmaScript) != 0 {
			c.ThrowRange(outOfRange, "options")
		}
	}
	timeout := int64(infinite)
	if hasTimeout {
		timeout = c.Long(i + 2)
		if timeout != infinite && (timeout <= 0 || timeout/10_000 >= math.MaxInt32-1) {
			c.ThrowRange(outOfRange, "matchTimeout")
		}
	}
	return compile(c.Thread, c.Str(i), opts, timeout)
}

func self(c *value.Call) *program { return c.This.Object().(*Regex).program }

// startAt is an argument that says where a search begins.
func startAt(c *value.Call, i int, name string, n int) int {
	start := c.Int(i)
	if start < 0 || start > n {
		c.ThrowRange(startRange, name)
	}
	return start
}

func found(m *Match) value.Value {
	if m == nil {
		return value.Of(empty)
	}
	return value.Of(m)
}

func matchAll(t *value.Thread, p *program, text value.Text, start int) value.Value {
	t.Alloc(128)
	return value.Of(&Matches{program: p, in: read(t, text, 0, text.Len()), start: start})
}

func matchOne(t *value.Thread, p *program, text value.Text, start int) value.Value {
	return found(p.find(t, read(t, text, 0, text.Len()), start))
}

func replaceText(c *value.Call, p *program, with, count, start int) value.Value {
	pieces := p.replacement(c.Thread, c.Str(with))
	return p.replace(c.Thread, c.Args[0], count, start, func(m *Match, b *joiner) { m.expand(c.Thread, b, pieces) })
}

func replaceBy(c *value.Call, p *program, with, count, start int) value.Value {
	t, f := c.Thread, c.Args[with]
	return p.replace(t, c.Args[0], count, start, func(m *Match, b *joiner) { b.add(t, t.Invoke1(f, value.Of(m)).Str()) })
}

// static are the static forms of a search: pattern behind the input, and behind
// it extra parameters, options and a timeout.
func static(result, name, doc, extra string, run func(c *value.Call, p *program, text value.Text) value.Value) []value.Row {
	var rows []value.Row
	for i, tail := range []string{"", ", RegexOptions options", ", RegexOptions options, TimeSpan matchTimeout"} {
		rows = append(rows, value.Row{Sig: "static " + result + " " + name + "(string input, string pattern" + extra + tail + ")", Doc: doc, Func: func(c *value.Call) value.Value {
			p := staticProgram(c, extra != "", i)
			c.NotNull(0, "input")
			return run(c, p, c.Args[0].Text())
		}})
	}
	return rows
}

func staticProgram(c *value.Call, extra bool, tail int) *program {
	if !extra {
		return programOf(c, 1, tail > 0, tail > 1)
	}
	// The replacement stands between pattern and options.
	d := *c
	d.Args = append([]value.Value{c.Args[1]}, c.Args[3:]...)
	return programOf(&d, 0, tail > 0, tail > 1)
}

func regexRows() []value.Row {
	rows := []value.Row{
		{Sig: "protected Regex()"},
		{Sig: "Regex(string pattern)", Doc: "A regular expression.", Func: func(c *value.Call) value.Value {
			return value.Of(&Regex{programOf(c, 0, false, false)})
		}},
		{Sig: "Regex(string pattern, RegexOptions options)", Doc: "A regular expression with options.", Func: func(c *value.Call) value.Value {
			return value.Of(&Regex{programOf(c, 0, true, false)})
		}},
		{Sig: "Regex(string pattern, RegexOptions options, TimeSpan matchTimeout)", Doc: "A regular expression with options and a timeout.", Func: func(c *value.Call) value.Value {
			return value.Of(&Regex{programOf(c, 0, true, true)})
		}},
		{Sig: "bool IsMatch(string input)", Doc: "Whether the pattern is found.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			p, text := self(c), c.Args[0].Text()
			return value.Bool(p.matches(c.Thread, text, p.start(text.Len())))
		}},
		{Sig: "bool IsMatch(string input, int startat)", Doc: "Whether the pattern is found from an index on.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			text := c.Args[0].Text()
			return value.Bool(self(c).matches(c.Thread, text, startAt(c, 1, "startat", text.Len())))
		}},
		{Sig: "int Count(string input)", Doc: "How often the pattern is found.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			return countOf(c, self(c), c.Args[0].Text())
		}},
		{Sig: "Match Match(string input)", Doc: "The first match.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			p, text := self(c), c.Args[0].Text()
			return matchOne(c.Thread, p, text, p.start(text.Len()))
		}},
		{Sig: "Match Match(string input, int startat)", Doc: "The first match from an index on.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			text := c.Args[0].Text()
			return matchOne(c.Thread, self(c), text, startAt(c, 1, "startat", text.Len()))
		}},
		{Sig: "Match Match(string input, int beginning, int length)", Doc: "The first match within a part of the text.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			p, text := self(c), c.Args[0].Text()
			from := startAt(c, 1, "beginning", text.Len())
			n := c.Int(2)
			if n < 0 || n > text.Len()-from {
				c.ThrowRange(lengthRange, "length")
			}
			return found(p.find(c.Thread, read(c.Thread, text, from, n), p.start(n)))
		}},
		{Sig: "MatchCollection Matches(string input)", Doc: "All matches.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			p, text := self(c), c.Args[0].Text()
			return matchAll(c.Thread, p, text, p.start(text.Len()))
		}},
		{Sig: "MatchCollection Matches(string input, int startat)", Doc: "All matches from an index on.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "input")
			text := c.Args[0].Text()
			return matchAll(c.Thread, self(c), text, startAt(c, 1, "startat", text.Len()))
		}},
		{Sig: "string[] Split(string input)", Doc: "The parts between the matches.", Func: func(c *value.Call) value.Value { return splitRow(c, false, false) }},
		{Sig: "string[] Split(string input, int count)", Doc: "At most count parts between the matches.", Func: func(c *value.Call) value.Value { return splitRow(c, true, false) }},
		{Sig: "string[] Split(string input, int count, int startat)", Doc: "At most count parts between the matches from an index on.", Func: func(c *value.Call) value.Value { return splitRow(c, true, true) }},
	}
	for _, r := range []struct {
		param string
		name  string
		run   func(c *value.Call, p *program, with, count, start int) value.Value
	}{{"string replacement", "replacement", replaceText}, {"MatchEvaluator evaluator", "evaluator", replaceBy}} {
		for n, tail := range []string{"", ", int count", ", int count, int startat"} {
			rows = append(rows, value.Row{Sig: "string Replace(string input, " + r.param + tail + ")", Doc: "The text with matches replaced.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "input")
				c.NotNull(1, r.name)
				p, text, count := self(c), c.Args[0].Text(), -1
				start := p.start(text.Len())
				if n > 0 {
					if count = c.Int(2); count < -1 {
						c.ThrowRange(countRange, "count")
					}
				}
				if n > 1 {
					start = startAt(c, 3, "startat", text.Len())
				}
				return r.run(c, p, 1, count, start)
			}})
		}
		rows = append(rows, static("string", "Replace", "The text with all matches replaced.", ", "+r.param, func(c *value.Call, p *program, text value.Text) value.Value {
			c.NotNull(2, r.name)
			return r.run(c, p, 2, -1, p.start(text.Len()))
		})...)
	}
	rows = append(rows, static("bool", "IsMatch", "Whether the pattern is found.", "", func(c *value.Call, p *program, text value.Text) value.Value {
		return value.Bool(p.matches(c.Thread, text, p.start(text.Len())))
	})...)
	rows = append(rows, static("Match", "Match", "The first match.", "", func(c *value.Call, p *program, text value.Text) value.Value {
		return matchOne(c.Thread, p, text, p.start(text.Len()))
	})...)
	rows = append(rows, static("MatchCollection", "Matches", "All matches.", "", func(c *value.Call, p *program, text value.Text) value.Value {
		return matchAll(c.Thread, p, text, p.start(text.Len()))
	})...)
	rows = append(rows, static("string[]", "Split", "The parts between the matches.", "", func(c *value.Call, p *program, text value.Text) value.Value {
		return p.split(c.Thread, c.Args[0], 0, p.start(text.Len()))
	})...)
	counts := static("int", "Count", "How often the pattern is found.", "", countOf)
	for i := range counts {
		counts[i].Beyond = true
	}
	rows = append(rows, counts...)
	return append(rows,
		value.Row{Sig: "static string Escape(string str)", Doc: "The text as a pattern that matches it.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "str")
			return value.String(escape(c.Thread, c.Str(0)))
		}},
		value.Row{Sig: "static string Unescape(string str)", Doc: "The text with its escapes resolved.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "str")
			c.Alloc(8 * len(c.Str(0)))
			if strings.IndexByte(c.Str(0), '\\') < 0 {
				return c.Args[0]
			}
			s, f := unescape(c.Str(0))
			if f != nil {
				c.Raise(parseException(c.Str(0), f))
			}
			return value.String(s)
		}},
		value.Row{Sig: "override string ToString()", Doc: "The pattern.", Func: func(c *value.Call) value.Value { return value.String(self(c).text) }},
		value.Row{Sig: "RegexOptions Options { get; }", Doc: "The options.", Beyond: true, Func: func(c *value.Call) value.Value {
			return value.Enum(optionsDef.Type(), int64(self(c).opts))
		}},
		value.Row{Sig: "bool RightToLeft { get; }", Doc: "Whether searches go from right to left.", Beyond: true, Func: func(c *value.Call) value.Value {
			return value.Bool(self(c).opts&rightToLeft != 0)
		}},
		value.Row{Sig: "TimeSpan MatchTimeout { get; }", Doc: "The timeout it was given; Regex.InfiniteMatchTimeout without.", Beyond: true, Func: func(c *value.Call) value.Value {
			return spanOf(c.Thread, self(c).timeout)
		}},
		value.Row{Sig: "static readonly TimeSpan InfiniteMatchTimeout", Doc: "No timeout.", Beyond: true, Func: func(c *value.Call) value.Value {
			return spanOf(c.Thread, infinite)
		}},
		value.Row{Sig: "static int CacheSize { get; }", Doc: "How many patterns .NET keeps.", Beyond: true, Func: func(*value.Call) value.Value { return value.Int(15) }},
		value.Row{Sig: "string[] GetGroupNames()", Doc: "The names of the groups.", Beyond: true, Func: func(c *value.Call) value.Value {
			return c.Strings(self(c).names)
		}},
		value.Row{Sig: "int[] GetGroupNumbers()", Doc: "The numbers of the groups.", Beyond: true, Func: func(c *value.Call) value.Value {
			var list []value.Value
			for _, n := range self(c).slots {
				list = append(list, value.Int(n))
			}
			return c.ArrayOf(types.Int32, list)
		}},
		value.Row{Sig: "string GroupNameFromNumber(int i)", Doc: "The name of a group, or an empty string.", Beyond: true, Func: func(c *value.Call) value.Value {
			p := self(c)
			if slot, ok := p.byNum[c.Int(0)]; ok {
				return value.String(p.names[slot])
			}
			return value.Empty
		}},
		value.Row{Sig: "int GroupNumberFromName(string name)", Doc: "The number of a group, or -1.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "name")
			return value.Int(self(c).number(c.Str(0)))
		}},
	)
}

func countOf(c *value.Call, p *program, text value.Text) value.Value {
	n := 0
	in := read(c.Thread, text, 0, text.Len())
	for m := p.find(c.Thread, in, p.start(text.Len())); m != nil; m = p.after(c.Thread, m) {
		n++
	}
	return value.Int(n)
}

func splitRow(c *value.Call, counted, started bool) value.Value {
	c.NotNull(0, "input")
	p, n, count := self(c), c.Args[0].Text().Len(), 0
	if counted {
		if count = c.Int(1); count < 0 {
			c.ThrowRange(countRange, "count")
		}
	}
	start := p.start(n)
	if started {
		start = startAt(c, 2, "startat", n)
	}
	return p.split(c.Thread, c.Args[0], count, start)
}

func part(c *value.Call) capture { return c.This.Object().(capture) }

var captureRows = []value.Row{
	{Sig: "int Index { get; }", Doc: "Where the part begins.", Func: func(c *value.Call) value.Value { return value.Int(int(part(c).extent().at)) }},
	{Sig: "int Length { get; }", Doc: "Its length.", Func: func(c *value.Call) value.Value { return value.Int(int(part(c).extent().n)) }},
	{Sig: "string Value { get; }", Doc: "The part of the text.", Func: func(c *value.Call) value.Value {
		c.Alloc(2 * int(part(c).extent().n))
		return value.String(textOf(part(c)))
	}},
	{Sig: "override string ToString()", Doc: "The part of the text.", Func: func(c *value.Call) value.Value { return value.String(textOf(part(c))) }},
}

var groupRows = []value.Row{
	{Sig: "bool Success { get; }", Doc: "Whether it has matched.", Func: func(c *value.Call) value.Value {
		switch g := c.This.Object().(type) {
		case *Match:
			return value.Bool(g.success())
		case *Group:
			return value.Bool(len(g.list) > 0)
		}
		return value.False
	}},
	{Sig: "string Name { get; }", Doc: "The name of the group.", Beyond: true, Func: func(c *value.Call) value.Value {
		if g, ok := c.This.Object().(*Group); ok {
			return value.String(g.name)
		}
		return value.String("0")
	}},
	{Sig: "CaptureCollection Captures { get; }", Doc: "All that it has captured.", Func: func(c *value.Call) value.Value {
		c.Alloc(64)
		switch g := c.This.Object().(type) {
		case *Match:
			if g.all == nil {
				var list []extent
				if g.success() {
					list = g.groups[0]
				}
				g.all = newCaptures(g, g.in, list)
			}
			return value.Of(g.all)
		case *Group:
			if g == noGroup {
				return value.Of(newCaptures(g, nil, nil))
			}
			if g.all == nil {
				g.all = newCaptures(g, g.in, g.list)
			}
			return value.Of(g.all)
		}
		return value.Null
	}},
}

func match(c *value.Call) *Match { return c.This.Object().(*Match) }

var matchRows = []value.Row{
	{Sig: "static Match Empty { get; }", Doc: "The match that has failed.", Func: func(*value.Call) value.Value { return value.Of(empty) }},
	{Sig: "GroupCollection Groups { get; }", Doc: "The groups; the first is the match itself.", Func: func(c *value.Call) value.Value {
		return value.Of(match(c).collection())
	}},
	{Sig: "Match NextMatch()", Doc: "The match behind this one.", Beyond: true, Func: func(c *value.Call) value.Value {
		m := match(c)
		if !m.success() {
			return c.This
		}
		return found(m.after(c.Thread, m))
	}},
	{Sig: "string Result(string replacement)", Doc: "A replacement pattern expanded for this match.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "replacement")
		m := match(c)
		if !m.success() {
			c.Throw(value.NotSupportedException, "Result cannot be called on a failed Match.")
		}
		var b joiner
		m.expand(c.Thread, &b, m.replacement(c.Thread, c.Str(0)))
		return value.String(string(b.buf))
	}},
}

// collection are the rows that the three read-only lists share.
func collection(elem string, count func(c *value.Call) int, at func(c *value.Call, i int) value.Value) []value.Row {
	index := func(c *value.Call) int {
		for i := range count(c) {
			c.Step(1)
			if c.Equal(at(c, i), c.Args[0]) {
				return i
			}
		}
		return -1
	}
	readOnly := func(c *value.Call) value.Value {
		c.Throw(value.NotSupportedException, "Collection is read-only.")
		return value.Null
	}
	copyTo := func(c *value.Call) value.Value {
		c.NotNull(0, "array")
		a, start, n := c.Args[0].Object().(*value.Array), c.Int(1), count(c)
		if start < 0 || start > a.Len() {
			c.ThrowRange(outOfRange, "arrayIndex")
		}
		if a.Len()-start < n {
			c.Throw(value.ArgumentException, "Destination array is not long enough to copy all the items in the collection. Check array index and length.")
		}
		for i := range n {
			a.Store(c.Thread, start+i, at(c, i))
		}
		return value.Null
	}
	find := func(c *value.Call) value.Value { return value.Int(index(c)) }
	contains := func(c *value.Call) value.Value { return value.Bool(index(c) >= 0) }
	return []value.Row{
		{Sig: "int Count { get; }", Doc: "How many there are.", Func: func(c *value.Call) value.Value { return value.Int(count(c)) }},
		{Sig: "bool IsReadOnly { get; }", Doc: "Always true.", Beyond: true, Func: func(*value.Call) value.Value { return value.True }},
		{Sig: "IEnumerator GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
			return value.Of(c.NewEnumerator(types.IEnumerator, c.This))
		}},
		{Sig: "void CopyTo(Array array, int arrayIndex)", Doc: "Copies all into an array.", Beyond: true, Func: copyTo},
		{Sig: "void CopyTo(" + elem + "[] array, int arrayIndex)", Doc: "Copies all into an array.", Beyond: true, Func: copyTo},
		{Sig: "int IList<" + elem + ">.IndexOf(" + elem + " item)", Doc: "The index of one, or -1.", Func: find},
		{Sig: "bool ICollection<" + elem + ">.Contains(" + elem + " item)", Doc: "Whether it is in the list.", Func: contains},
		{Sig: "int IList.IndexOf(object value)", Doc: "The index of one, or -1.", Func: find},
		{Sig: "bool IList.Contains(object value)", Doc: "Whether it is in the list.", Func: contains},
		{Sig: "void ICollection<" + elem + ">.Add(" + elem + " item)", Doc: "Not supported.", Func: readOnly},
		{Sig: "void ICollection<" + elem + ">.Clear()", Doc: "Not supported.", Func: readOnly},
		{Sig: "bool ICollection<" + elem + ">.Remove(" + elem + " item)", Doc: "Not supported.", Func: readOnly},
		{Sig: "void IList<" + elem + ">.Insert(int index, " + elem + " item)", Doc: "Not supported.", Func: readOnly},
		{Sig: "void IList<" + elem + ">.RemoveAt(int index)", Doc: "Not supported.", Func: readOnly},
		{Sig: "int IList.Add(object value)", Doc: "Not supported.", Func: readOnly},
		{Sig: "void IList.Clear()", Doc: "Not supported.", Func: readOnly},
		{Sig: "void IList.Insert(int index, object value)", Doc: "Not supported.", Func: readOnly},
		{Sig: "void IList.Remove(object value)", Doc: "Not supported.", Func: readOnly},
		{Sig: "void IList.RemoveAt(int index)", Doc: "Not supported.", Func: readOnly},
	}
}

func matchesRows() []value.Row {
	all := func(c *value.Call) *Matches { return c.This.Object().(*Matches) }
	rows := collection("Match", func(c *value.Call) int { return all(c).count(c.Thread) }, func(c *value.Call, i int) value.Value { return value.Of(all(c).list[i]) })
	return append(rows, value.Row{Sig: "Match this[int i] { get; }", Doc: "A match.", Func: func(c *value.Call) value.Value {
		i := c.Int(0)
		if i < 0 || !all(c).has(c.Thread, i) {
			c.ThrowRange(outOfRange, "i")
		}
		return value.Of(all(c).list[i])
	}})
}

func groupsRows() []value.Row {
	all := func(c *value.Call) *Groups { return c.This.Object().(*Groups) }
	rows := collection("Group", func(c *value.Call) int { return len(all(c).made) }, func(c *value.Call, i int) value.Value { return value.Of(all(c).at(i)) })
	keys := func(c *value.Call, elem *types.Type, at func(g *Groups, i int) value.Value) value.Value {
		g := all(c)
		return value.Lazy(types.IEnumerableT.Of(elem), func(*value.Thread) value.Iterator {
			return walk(len(g.made), func(i int) value.Value { return at(g, i) })
		})
	}
	return append(rows,
		value.Row{Sig: "Group this[int groupnum] { get; }", Doc: "A group by its number; one that the pattern does not have has failed.", Func: func(c *value.Call) value.Value {
			return value.Of(all(c).number(c.Int(0)))
		}},
		value.Row{Sig: "Group this[string groupname] { get; }", Doc: "A group by its name; one that the pattern does not have has failed.", Func: func(c *value.Call) value.Value {
			if g := all(c); g.match.program != nil {
				c.NotNull(0, "name")
			}
			g, _ := all(c).named(c.Str(0))
			return value.Of(g)
		}},
		value.Row{Sig: "bool ContainsKey(string key)", Doc: "Whether the pattern has a group of the name.", Beyond: true, Func: func(c *value.Call) value.Value {
			_, ok := all(c).named(c.Str(0))
			return value.Bool(ok)
		}},
		value.Row{Sig: "bool TryGetValue(string key, out Group value)", Doc: "A group by its name if there is one.", Beyond: true, Func: func(c *value.Call) value.Value {
			g, ok := all(c).named(c.Str(0))
			c.Args[1] = value.Null
			if ok {
				c.Args[1] = value.Of(g)
			}
			return value.Bool(ok)
		}},
		value.Row{Sig: "IEnumerable<string> Keys { get; }", Doc: "The names of the groups.", Beyond: true, Func: func(c *value.Call) value.Value {
			return keys(c, types.String, func(g *Groups, i int) value.Value { return value.String(g.nameOf(i)) })
		}},
		value.Row{Sig: "IEnumerable<Group> Values { get; }", Doc: "The groups.", Beyond: true, Func: func(c *value.Call) value.Value {
			return keys(c, GroupType, func(g *Groups, i int) value.Value { return value.Of(g.at(i)) })
		}},
	)
}

func capturesRows() []value.Row {
	all := func(c *value.Call) *Captures { return c.This.Object().(*Captures) }
	rows := collection("Capture", func(c *value.Call) int { return len(all(c).list) }, func(c *value.Call, i int) value.Value { return value.Of(all(c).at(i)) })
	return append(rows, value.Row{Sig: "Capture this[int i] { get; }", Doc: "A capture.", Func: func(c *value.Call) value.Value {
		i := c.Int(0)
		if i < 0 || i >= len(all(c).list) {
			c.ThrowRange(outOfRange, "i")
		}
		return value.Of(all(c).at(i))
	}})
}
