package markup

import (
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/source"
)

// entityAt is the character that the & at the start of text stands for and the
// length of its spelling, which is 0 when it is no entity that a policy
// document can have: the five of XML and character references of characters
// that XML allows. Nothing can be declared, so there is no expansion to bomb.
func entityAt(text string) (decoded rune, length int) {
	semi := strings.IndexByte(text[:min(len(text), 12)], ';')
	if semi < 2 {
		return 0, 0
	}
	name := text[1:semi]
	switch name {
	case "lt":
		return '<', semi + 1
	case "gt":
		return '>', semi + 1
	case "amp":
		return '&', semi + 1
	case "quot":
		return '"', semi + 1
	case "apos":
		return '\'', semi + 1
	}
	if name[0] != '#' {
		return 0, 0
	}
	digits, base := name[1:], rune(10)
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	if digits == "" {
		return 0, 0
	}
	r := rune(0)
	for i := range len(digits) {
		d := hexDigit(digits[i])
		if d < 0 || d >= base {
			return 0, 0
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, 0
		}
	}
	if !isXMLChar(r) {
		return 0, 0
	}
	return r, semi + 1
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// isXMLChar reports the characters that XML 1.0 lets a document hold.
func isXMLChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= utf8.MaxRune
}

// decoding says what becomes of a piece of source on its way into a Value.
type decoding struct {
	entities bool // decode entities
	attr     bool // white space of a literal attribute becomes blanks, as in XML
}

// decode is the value of a span of the file. Line ends become line feeds, as
// XML has it (2.11); those inside an expression in an attribute stay, because a
// C# // comment ends there.
func decode(f *source.File, s source.Span, d decoding) Value {
	raw := f.Text()[s.Start:s.End]
	v := Value{Text: raw, Span: s}
	special := "\r"
	if d.entities {
		special = "&\r"
	}
	if d.attr {
		special += "\n\t"
	}
	if !strings.ContainsAny(raw, special) {
		v.Map = source.MapOf(f, s)
		return v
	}
	var text strings.Builder
	b := source.NewMapBuilder(f)
	done := 0
	flush := func(i int) {
		text.WriteString(raw[done:i])
		b.Copy(source.Span{Start: s.Start + done, End: s.Start + i})
	}
	// one writes a single byte for the single byte of the file at i: to the
	// map that is a copy, whatever the byte.
	one := func(c byte, i int) {
		text.WriteByte(c)
		b.Copy(source.Span{Start: s.Start + i, End: s.Start + i + 1})
		done = i + 1
	}
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '&' && d.entities:
			r, n := entityAt(raw[i:])
			if n == 0 {
				continue
			}
			flush(i)
			text.WriteRune(r)
			b.Replace(utf8.RuneLen(r), source.Span{Start: s.Start + i, End: s.Start + i + n})
			done = i + n
			i = done - 1
		case c == '\r':
			flush(i)
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			one(lineEnd(d), i)
		case (c == '\n' || c == '\t') && d.attr:
			flush(i)
			one(' ', i)
		}
	}
	flush(len(raw))
	b.At(s)
	v.Text, v.Map = text.String(), b.Map()
	return v
}

func lineEnd(d decoding) byte {
	if d.attr {
		return ' '
	}
	return '\n'
}

// unescape is raw with its entities decoded.
func unescape(raw string) string {
	if !strings.Contains(raw, "&") {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '&' {
			if r, n := entityAt(raw[i:]); n > 0 {
				b.WriteRune(r)
				i += n - 1
				continue
			}
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}
