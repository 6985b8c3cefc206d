package json

import (
	"strconv"
	"strings"
)

// write adds a step to the text of a path.
func (s step) write(b *strings.Builder) {
	switch {
	case !s.named:
		b.WriteByte('[')
		b.WriteString(strconv.Itoa(s.index))
		b.WriteByte(']')
	case special(s.name):
		b.WriteString("['")
		b.WriteString(string(appendEscaped(nil, s.name, '\'')))
		b.WriteString("']")
	default:
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
	}
}

// special reports whether a name in a path needs brackets and quotes.
func special(name string) bool {
	return strings.ContainsAny(name, ". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029")
}

const hexDigits = "0123456789abcdef"

// appendEscaped writes text as it stands between quotes in JSON.
func appendEscaped(b []byte, s string, quote byte) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != quote && c != '\\' && c < 0x80 {
			continue
		}
		esc, size := "", 1
		switch c {
		case '\t':
			esc = `\t`
		case '\n':
			esc = `\n`
		case '\r':
			esc = `\r`
		case '\f':
			esc = `\f`
		case '\b':
			esc = `\b`
		case '\\':
			esc = `\\`
		case '\'':
			esc = `\'`
		case '"':
			esc = `\"`
		default:
			switch {
			case c < ' ':
				b = append(b, s[from:i]...)
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
				from = i + 1
				continue
			case c == 0xc2 && i+1 < len(s) && s[i+1] == 0x85:
				esc, size = `\u0085`, 2
			case c == 0xe2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2] == 0xa8:
				esc, size = `\u2028`, 3
			case c == 0xe2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2] == 0xa9:
				esc, size = `\u2029`, 3
			default:
				continue
			}
		}
		b = append(b, s[from:i]...)
		b = append(b, esc...)
		i += size - 1
		from = i + 1
	}
	return append(b, s[from:]...)
}
