package text

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/value"
)

func pad(left bool) func(*value.Call) value.Value {
	return func(c *value.Call) value.Value {
		number.NotNegative(c.Thread, c.Int(0), "totalWidth")
		u := uint16(' ')
		if len(c.Args) > 1 {
			u = c.Args[1].Char()
		}
		n := c.Int(0) - c.This.Text().Len()
		if n <= 0 {
			return c.This
		}
		s := c.This.Str()
		charge(c.Thread, len(s))
		if fill := repeat(c.Thread, u, n); left {
			s = value.Concat(fill, s)
		} else {
			s = value.Concat(s, fill)
		}
		return value.String(s)
	}
}

func cased(f func(rune) rune) func(*value.Call) value.Value {
	return func(c *value.Call) value.Value {
		s := c.This.Str()
		charge(c.Thread, len(s))
		t := mapCase(s, f)
		if len(t) == len(s) && t == s {
			return c.This
		}
		return value.String(t)
	}
}

func trimmed(head, tail bool, cut func(c *value.Call) *set) func(*value.Call) value.Value {
	return func(c *value.Call) value.Value {
		s := c.This.Str()
		t := trimSet(s, head, tail, cut(c))
		if len(t) == len(s) {
			return c.This
		}
		return value.String(t)
	}
}

func substring(c *value.Call, start, n int) value.Value {
	x := c.This.Text()
	switch {
	case start < 0:
		number.NotNegative(c.Thread, start, "startIndex")
	case start > x.Len():
		c.ThrowRange(startTooLarge, "startIndex")
	case n < 0:
		number.NotNegative(c.Thread, n, "length")
	case n > x.Len()-start:
		c.ThrowRange(badLength, "length")
	}
	if start == 0 && n == x.Len() {
		return c.This
	}
	c.Alloc(16)
	return value.String(x.Slice(start, n))
}

// lineEnds replaces every kind of line end.
func lineEnds(c *value.Call, with string) value.Value {
	s := c.This.Str()
	var b strings.Builder
	for i := 0; i < len(s); {
		at := strings.IndexAny(s[i:], "\r\n\f\u0085\u2028\u2029")
		if at < 0 {
			b.WriteString(s[i:])
			break
		}
		c.Alloc(at + len(with))
		b.WriteString(s[i : i+at])
		b.WriteString(with)
		i += at
		_, n := value.DecodeRune(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		i += n
	}
	return value.String(b.String())
}

func stringChanges() []value.Row {
	none := func(*value.Call) *set { return &set{} }
	one := func(c *value.Call) *set {
		s := &set{}
		s.add(c.Args[0].Char())
		return s
	}
	many := func(c *value.Call) *set { return setOf(c.Args[0]) }
	rows := []value.Row{
		{Sig: "string Substring(int startIndex)", Doc: "The text from a place on.", Func: func(c *value.Call) value.Value {
			n := c.This.Text().Len() - c.Int(0)
			return substring(c, c.Int(0), max(n, 0))
		}},
		{Sig: "string Substring(int startIndex, int length)", Doc: "A part of the text.", Func: func(c *value.Call) value.Value { return substring(c, c.Int(0), c.Int(1)) }},
		{Sig: "string Insert(int startIndex, string value)", Doc: "The text with another inserted.", Func: func(c *value.Call) value.Value {
			c.NotNull(1, "value")
			x, at := c.This.Text(), c.Int(0)
			number.AtMost(c.Thread, int(uint32(at)), x.Len(), "startIndex")
			charge(c.Thread, len(x.String())+len(c.Str(1)))
			return value.String(value.Concat(value.Concat(x.Slice(0, at), c.Str(1)), x.Slice(at, x.Len()-at)))
		}},
		{Sig: "string Remove(int startIndex)", Doc: "The text up to a place.", Func: func(c *value.Call) value.Value {
			x, at := c.This.Text(), c.Int(0)
			if at < 0 {
				c.ThrowRange("StartIndex cannot be less than zero.", "startIndex")
			}
			if at > x.Len() {
				c.ThrowRange(startTooLarge, "startIndex")
			}
			return value.String(x.Slice(0, at))
		}},
		{Sig: "string Remove(int startIndex, int count)", Doc: "The text without a part.", Func: func(c *value.Call) value.Value {
			x, at, n := c.This.Text(), c.Int(0), c.Int(1)
			number.NotNegative(c.Thread, at, "startIndex")
			number.NotNegative(c.Thread, n, "count")
			number.AtMost(c.Thread, n, x.Len()-at, "count")
			charge(c.Thread, len(x.String()))
			return value.String(value.Concat(x.Slice(0, at), x.Slice(at+n, x.Len()-at-n)))
		}},
		{Sig: "string Replace(char oldChar, char newChar)", Doc: "The text with one character for another.", Func: func(c *value.Call) value.Value {
			old, with := value.UnitString(c.Args[0].Char()), value.UnitString(c.Args[1].Char())
			if !strings.Contains(c.This.Str(), old) && !hasLone(old) {
				return c.This
			}
			return value.String(replace(c.Thread, c.This.Str(), old, with, Ordinal))
		}},
		{Sig: "string Replace(string oldValue, string newValue)", Doc: "The text with one part for another, by units.", Func: func(c *value.Call) value.Value {
			return replaced(c, Ordinal)
		}},
		{Sig: "string Replace(string oldValue, string newValue, StringComparison comparisonType)", Doc: "The text with one part for another.", Func: func(c *value.Call) value.Value {
			return replaced(c, how(c, 2))
		}},
		{Sig: "string Replace(string oldValue, string newValue, bool ignoreCase, CultureInfo culture)", Doc: "The text with one part for another as a culture compares.", Func: func(c *value.Call) value.Value {
			return replaced(c, cultureOf(c, 2))
		}},
		{Sig: "string ReplaceLineEndings()", Doc: "The text with line feeds for all kinds of line ends.", Beyond: true, Func: func(c *value.Call) value.Value { return lineEnds(c, "\n") }},
		{Sig: "string ReplaceLineEndings(string replacementText)", Doc: "The text with another for all kinds of line ends.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "replacementText")
			return lineEnds(c, c.Str(0))
		}},
		{Sig: "string PadLeft(int totalWidth)", Doc: "The text with spaces before it.", Func: pad(true)},
		{Sig: "string PadLeft(int totalWidth, char paddingChar)", Doc: "The text with a character before it.", Func: pad(true)},
		{Sig: "string PadRight(int totalWidth)", Doc: "The text with spaces behind it.", Func: pad(false)},
		{Sig: "string PadRight(int totalWidth, char paddingChar)", Doc: "The text with a character behind it.", Func: pad(false)},
		{Sig: "string ToUpper()", Doc: "The text in upper case.", Func: cased(upper)},
		{Sig: "string ToUpper(CultureInfo culture)", Doc: "The text in a culture's upper case.", Func: cased(upper)},
		{Sig: "string ToUpperInvariant()", Doc: "The text in upper case.", Func: cased(upper)},
		{Sig: "string ToLower()", Doc: "The text in lower case.", Func: cased(lower)},
		{Sig: "string ToLower(CultureInfo culture)", Doc: "The text in a culture's lower case.", Func: cased(lower)},
		{Sig: "string ToLowerInvariant()", Doc: "The text in lower case.", Func: cased(lower)},
	}
	for _, side := range []struct {
		name, doc  string
		head, tail bool
	}{{"Trim", "at both ends", true, true}, {"TrimStart", "at the start", true, false}, {"TrimEnd", "at the end", false, true}} {
		rows = append(rows,
			value.Row{
				Sig: "string " + side.name + "()", Doc: "The text without white space " + side.doc + ".", Func: trimmed(side.head, side.tail, none),
				Fast: func(s string) string { return trim(s, side.head, side.tail, isSpace) },
			},
			value.Row{Sig: "string " + side.name + "(char trimChar)", Doc: "The text without a character " + side.doc + ".", Func: trimmed(side.head, side.tail, one)},
			value.Row{Sig: "string " + side.name + "(params char[] trimChars)", Doc: "The text without some characters " + side.doc + ".", Func: trimmed(side.head, side.tail, many)})
	}
	return rows
}

func replaced(c *value.Call, how Comparison) value.Value {
	c.NotNull(0, "oldValue")
	if c.Str(0) == "" {
		c.ThrowArgument(value.ArgumentException, "The value cannot be an empty string.", "oldValue")
	}
	s := c.This.Str()
	t := replace(c.Thread, s, c.Str(0), c.Str(1), how)
	if len(t) == len(s) && t == s {
		return c.This
	}
	return value.String(t)
}

func stringSplits() []value.Row {
	chars := func(i int) func(c *value.Call) separators {
		return func(c *value.Call) separators { return separators{chars: setOf(c.Args[i])} }
	}
	char := func(c *value.Call) separators {
		s := &set{}
		s.add(c.Args[0].Char())
		return separators{chars: s}
	}
	// list are the separators of a string[]; empty ones never match.
	list := func(c *value.Call) separators {
		a, ok := c.Args[0].Object().(*value.Array)
		if !ok || a.Len() == 0 {
			return separators{}
		}
		p := separators{chars: &set{n: 1}}
		for i := range a.Len() {
			if s := a.At(i).Str(); s != "" {
				p.strings = append(p.strings, s)
			}
		}
		return p
	}
	single := func(c *value.Call) separators {
		if s := c.Str(0); s != "" {
			return separators{strings: []string{s}}
		}
		// An empty separator does not split.
		return separators{chars: &set{n: 1}}
	}
	row := func(sig, doc string, by func(c *value.Call) separators, count, options int) value.Row {
		return value.Row{Sig: sig, Doc: doc, Func: func(c *value.Call) value.Value {
			n, o := 1<<31-1, 0
			if count > 0 {
				n = c.Int(count)
				number.NotNegative(c.Thread, n, "count")
			}
			if options > 0 {
				if o = c.Int(options); o&^(removeEmpty|trimEntries) != 0 {
					c.ThrowArgument(value.ArgumentException, "Value of flags is invalid.", "options")
				}
			}
			return c.Strings(split(c.Thread, c.This.Str(), by(c), n, o))
		}}
	}
	const doc = "The parts between separators."
	return []value.Row{
		row("string[] Split(params char[] separator)", doc, chars(0), 0, 0),
		row("string[] Split(char separator, StringSplitOptions options = StringSplitOptions.None)", doc, char, 0, 1),
		row("string[] Split(char separator, int count, StringSplitOptions options = StringSplitOptions.None)", doc, char, 1, 2),
		row("string[] Split(char[] separator, int count)", doc, chars(0), 1, 0),
		row("string[] Split(char[] separator, StringSplitOptions options)", doc, chars(0), 0, 1),
		row("string[] Split(char[] separator, int count, StringSplitOptions options)", doc, chars(0), 1, 2),
		row("string[] Split(string separator, StringSplitOptions options = StringSplitOptions.None)", doc, single, 0, 1),
		row("string[] Split(string separator, int count, StringSplitOptions options = StringSplitOptions.None)", doc, single, 1, 2),
		row("string[] Split(string[] separator, StringSplitOptions options)", doc, list, 0, 1),
		row("string[] Split(string[] separator, int count, StringSplitOptions options)", doc, list, 1, 2),
	}
}
