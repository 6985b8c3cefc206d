package text

import (
	"unicode/utf16"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// runeAt is the character at an index of arguments (string, int), a pair of
// surrogates being one.
func runeAt(c *value.Call) rune {
	c.NotNull(0, "s")
	x, i := c.Args[0].Text(), c.Int(1)
	if i < 0 || i >= x.Len() {
		c.ThrowRange("Specified argument was out of the range of valid values.", "index")
	}
	u := rune(x.At(i))
	if i+1 < x.Len() && u >= 0xD800 && u <= 0xDBFF {
		if r := utf16.DecodeRune(u, rune(x.At(i+1))); r != 0xFFFD {
			return r
		}
	}
	return u
}

// unitAt is the unit at an index of arguments (string, int).
func unitAt(c *value.Call) rune {
	c.NotNull(0, "s")
	x, i := c.Args[0].Text(), c.Int(1)
	if i < 0 || i >= x.Len() {
		c.ThrowRange("Specified argument was out of the range of valid values.", "index")
	}
	return rune(x.At(i))
}

func isHigh(r rune) bool { return r >= 0xD800 && r <= 0xDBFF }

func isLow(r rune) bool { return r >= 0xDC00 && r <= 0xDFFF }

func charMembers() value.Members {
	rows := []value.Row{
		{Sig: "const char MaxValue = '\uffff'", Doc: "The largest unit."},
		{Sig: `const char MinValue = '\0'`, Doc: "The smallest unit."},
	}
	add := func(sig, doc string, f func(c *value.Call) value.Value) {
		rows = append(rows, value.Row{Sig: sig, Doc: doc, Func: f})
	}
	for _, p := range []struct {
		name, doc string
		is        func(rune) bool
		units     bool // whether the (string, int) form looks at one unit only
	}{
		{"IsLetter", "Whether a character is a letter.", isLetter, false},
		{"IsDigit", "Whether a character is a decimal digit.", isDigit, false},
		{"IsLetterOrDigit", "Whether a character is a letter or a decimal digit.", isLetterOrDigit, false},
		{"IsNumber", "Whether a character is a number of any kind.", isNumber, false},
		{"IsPunctuation", "Whether a character is punctuation.", isPunctuation, false},
		{"IsSymbol", "Whether a character is a symbol.", isSymbol, false},
		{"IsSeparator", "Whether a character separates words, lines or paragraphs.", isSeparator, false},
		{"IsControl", "Whether a character is a control character.", isControl, true},
		{"IsUpper", "Whether a character is an upper-case letter.", isUpper, false},
		{"IsLower", "Whether a character is a lower-case letter.", isLower, false},
		{"IsWhiteSpace", "Whether a character is white space.", isSpace, true},
		{"IsSurrogate", "Whether a unit is half of a pair.", func(r rune) bool { return isHigh(r) || isLow(r) }, true},
		{"IsHighSurrogate", "Whether a unit is the first half of a pair.", isHigh, true},
		{"IsLowSurrogate", "Whether a unit is the second half of a pair.", isLow, true},
	} {
		at := runeAt
		if p.units {
			at = unitAt
		}
		rows = append(rows, value.Row{
			Sig: "static bool " + p.name + "(char c)", Doc: p.doc, Fast: func(n int64) bool { return p.is(rune(n)) },
			Func: func(c *value.Call) value.Value { return value.Bool(p.is(rune(c.Args[0].Char()))) },
		})
		add("static bool "+p.name+"(string s, int index)", p.doc, func(c *value.Call) value.Value { return value.Bool(p.is(at(c))) })
	}
	for _, p := range []struct {
		name, doc string
		is        func(rune) bool
	}{
		{"IsAscii", "Whether a character is ASCII.", func(r rune) bool { return r < 0x80 }},
		{"IsAsciiLetter", "Whether a character is an ASCII letter.", func(r rune) bool { return r < 0x80 && isLetter(r) }},
		{"IsAsciiDigit", "Whether a character is an ASCII digit.", func(r rune) bool { return r >= '0' && r <= '9' }},
		{"IsAsciiLetterOrDigit", "Whether a character is an ASCII letter or digit.", func(r rune) bool { return r < 0x80 && isLetterOrDigit(r) }},
		{"IsAsciiLetterUpper", "Whether a character is an upper-case ASCII letter.", func(r rune) bool { return r >= 'A' && r <= 'Z' }},
		{"IsAsciiLetterLower", "Whether a character is a lower-case ASCII letter.", func(r rune) bool { return r >= 'a' && r <= 'z' }},
		{"IsAsciiHexDigit", "Whether a character is a hexadecimal digit.", func(r rune) bool { return r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'f' }},
		{"IsAsciiHexDigitUpper", "Whether a character is an upper-case hexadecimal digit.", func(r rune) bool { return r >= '0' && r <= '9' || r >= 'A' && r <= 'F' }},
		{"IsAsciiHexDigitLower", "Whether a character is a lower-case hexadecimal digit.", func(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' }},
	} {
		rows = append(rows, value.Row{
			Sig: "static bool " + p.name + "(char c)", Doc: p.doc, Beyond: true,
			Func: func(c *value.Call) value.Value { return value.Bool(p.is(rune(c.Args[0].Char()))) },
		})
	}
	rows = append(rows, value.Row{Sig: "static bool IsBetween(char c, char minInclusive, char maxInclusive)", Doc: "Whether a character lies between two others.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Bool(c.Args[0].Char() >= c.Args[1].Char() && c.Args[0].Char() <= c.Args[2].Char())
	}})
	add("static bool IsSurrogatePair(char highSurrogate, char lowSurrogate)", "Whether two units make a pair.", func(c *value.Call) value.Value {
		return value.Bool(isHigh(rune(c.Args[0].Char())) && isLow(rune(c.Args[1].Char())))
	})
	add("static bool IsSurrogatePair(string s, int index)", "Whether the units at an index make a pair.", func(c *value.Call) value.Value {
		u, x, i := unitAt(c), c.Args[0].Text(), c.Int(1)
		return value.Bool(isHigh(u) && i+1 < x.Len() && isLow(rune(x.At(i+1))))
	})
	for _, p := range []struct {
		name, doc string
		f         func(rune) rune
	}{{"ToUpper", "The upper case of a character.", upper}, {"ToLower", "The lower case of a character.", lower}} {
		f := func(c *value.Call) value.Value { return value.Char(mapUnit(c.Args[0].Char(), p.f)) }
		fast := func(n int64) int64 { return int64(mapUnit(uint16(n), p.f)) }
		rows = append(rows, value.Row{Sig: "static char " + p.name + "(char c)", Doc: p.doc, Func: f, Fast: fast},
			value.Row{Sig: "static char " + p.name + "Invariant(char c)", Doc: p.doc, Func: f, Fast: fast})
		add("static char "+p.name+"(char c, CultureInfo culture)", p.doc, func(c *value.Call) value.Value {
			c.NotNull(1, "culture")
			return f(c)
		})
	}
	add("static double GetNumericValue(char c)", "The number that a character stands for, -1 if none.", func(c *value.Call) value.Value {
		return value.Double(numericValue(rune(c.Args[0].Char())))
	})
	add("static double GetNumericValue(string s, int index)", "The number that a character stands for, -1 if none.", func(c *value.Call) value.Value {
		return value.Double(numericValue(runeAt(c)))
	})
	category := func(r rune) value.Value { return value.Enum(UnicodeCategory.Type(), int64(categoryOf(r))) }
	add("static UnicodeCategory GetUnicodeCategory(char c)", "The general category of a character.", func(c *value.Call) value.Value {
		return category(rune(c.Args[0].Char()))
	})
	add("static UnicodeCategory GetUnicodeCategory(string s, int index)", "The general category of a character.", func(c *value.Call) value.Value { return category(runeAt(c)) })
	add("static char Parse(string s)", "The one character of a string.", func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return value.Char(number.ParseChar(c.Thread, c.Str(0)))
	})
	add("static bool TryParse(string s, out char result)", "The one character of a string, and whether it has just one.", func(c *value.Call) value.Value {
		x := c.Args[0].Text()
		c.Args[1] = value.Char(0)
		if x.Len() != 1 {
			return value.False
		}
		c.Args[1] = value.Char(x.At(0))
		return value.True
	})
	add("static string ConvertFromUtf32(int utf32)", "The string of a code point.", func(c *value.Call) value.Value {
		n := c.Int(0)
		if n < 0 || n > 0x10FFFF || n >= 0xD800 && n <= 0xDFFF {
			c.ThrowRange("A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive, and should not include surrogate codepoint values (0x00d800 ~ 0x00dfff).", "utf32")
		}
		return value.String(string(rune(n)))
	})
	add("static int ConvertToUtf32(char highSurrogate, char lowSurrogate)", "The code point of a pair.", func(c *value.Call) value.Value {
		hi, lo := rune(c.Args[0].Char()), rune(c.Args[1].Char())
		if !isHigh(hi) {
			c.ThrowRange("A valid high surrogate character is between 0xd800 and 0xdbff, inclusive.", "highSurrogate")
		}
		if !isLow(lo) {
			c.ThrowRange("A valid low surrogate character is between 0xdc00 and 0xdfff, inclusive.", "lowSurrogate")
		}
		return value.Int(int(utf16.DecodeRune(hi, lo)))
	})
	add("static int ConvertToUtf32(string s, int index)", "The code point at an index.", func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		x, i := c.Args[0].Text(), c.Int(1)
		if i < 0 || i >= x.Len() {
			c.ThrowRange(indexLess, "index")
		}
		r := runeAt(c)
		bad := ""
		switch {
		case isHigh(r):
			bad = "high"
		case isLow(r):
			bad = "low"
		}
		if bad != "" {
			c.ThrowArgument(value.ArgumentException, "Found a "+bad+" surrogate char without a preceding "+map[string]string{"high": "low", "low": "high"}[bad]+" surrogate at index: "+value.WordString(types.Int32, value.Int(i))+". The input may not be in this encoding, or may not contain valid Unicode (UTF-16) characters.", "s")
		}
		return value.Int(int(r))
	})
	add("static string ToString(char c)", "The string of a character.", func(c *value.Call) value.Value { return value.String(c.ToString(c.Args[0])) })
	add("string ToString(IFormatProvider provider)", "The string of the character.", func(c *value.Call) value.Value { return value.String(c.ToString(c.This)) })
	add("int CompareTo(object value)", "The difference to another char.", func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Int(1)
		}
		if c.Args[0].Type() != types.Char {
			c.ThrowArgument(value.ArgumentException, "Object must be of type Char.", "")
		}
		return value.Int(c.This.Int() - c.Args[0].Int())
	})
	add("int CompareTo(char value)", "The difference to another char.", func(c *value.Call) value.Value { return value.Int(c.This.Int() - c.Args[0].Int()) })
	add("bool Equals(char obj)", "Whether another char is the same.", func(c *value.Call) value.Value { return value.Bool(c.This.Char() == c.Args[0].Char()) })
	rows = append(rows, value.Row{Sig: "TypeCode GetTypeCode()", Doc: "The code of the type.", Beyond: true, Func: func(*value.Call) value.Value {
		return value.Enum(number.TypeCode.Type(), 4)
	}})
	return value.Members{Def: types.Char.Def(), Doc: "One UTF-16 unit.", Rows: rows}
}
