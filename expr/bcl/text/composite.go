package text

import (
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// widthLimit bounds the alignment and the index of a format item, as .NET does.
const widthLimit = 1_000_000

// composite is string.Format: text with items {index[,alignment][:format]}.
func composite(t *value.Thread, format string, provider value.Value, args []value.Value) string {
	var out []byte
	pos := 0
	fail := func(at int, reason string) {
		t.Throw(value.FormatException, fmt.Sprintf("Input string was not in a correct format. Failure to parse near offset %d. %s", value.Length(format[:min(at, len(format))]), reason))
	}
	next := func() byte {
		if pos++; pos >= len(format) {
			fail(pos, "Format item ends prematurely.")
		}
		return format[pos]
	}
	for {
		brace := strings.IndexAny(format[pos:], "{}")
		if brace < 0 {
			t.Alloc(len(format) - pos)
			return string(appendText(out, format[pos:]))
		}
		t.Alloc(brace)
		out = appendText(out, format[pos:pos+brace])
		pos += brace
		open := format[pos]
		c := next()
		if c == open {
			out = append(out, c)
			pos++
			continue
		}
		if open != '{' {
			fail(pos, "Unexpected closing brace without a corresponding opening brace.")
		}
		if c < '0' || c > '9' {
			fail(pos, "Expected an ASCII digit.")
		}
		index, width, left, spec := int(c-'0'), 0, false, ""
		if c = next(); c != '}' {
			for c >= '0' && c <= '9' && index < widthLimit {
				index = index*10 + int(c-'0')
				c = next()
			}
			for c == ' ' {
				c = next()
			}
			if c == ',' {
				for c = next(); c == ' '; {
					c = next()
				}
				if c == '-' {
					left = true
					c = next()
				}
				if c < '0' || c > '9' {
					fail(pos, "Expected an ASCII digit.")
				}
				width = int(c - '0')
				c = next()
				for c >= '0' && c <= '9' && width < widthLimit {
					width = width*10 + int(c-'0')
					c = next()
				}
				for c == ' ' {
					c = next()
				}
			}
			if c != '}' {
				if c != ':' {
					fail(pos, "Format item ends prematurely.")
				}
				start := pos + 1
				for c = next(); c != '}'; c = next() {
					if c == '{' {
						fail(pos, "Format item ends prematurely.")
					}
				}
				spec = format[start:pos]
			}
		}
		pos++
		if index >= len(args) {
			t.Throw(value.FormatException, "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.")
		}
		if left {
			width = -width
		}
		out = AppendItem(t, out, args[index], width, spec, provider)
	}
}

// AppendItem adds what a format item or an interpolation shows of a value,
// padded to the width: right-aligned, left-aligned when it is negative.
func AppendItem(t *value.Thread, out []byte, v value.Value, width int, spec string, provider value.Value) []byte {
	s := ""
	if !v.IsNull() {
		s = t.Format(v, spec, provider)
	}
	pad := 0
	if width != 0 {
		pad = max(width, -width) - value.Length(s)
	}
	t.Alloc(len(s) + max(pad, 0))
	if pad > 0 && width > 0 {
		out = appendSpaces(out, pad)
	}
	out = appendText(out, s)
	if pad > 0 && width < 0 {
		out = appendSpaces(out, pad)
	}
	return out
}

func appendSpaces(out []byte, n int) []byte {
	for range n {
		out = append(out, ' ')
	}
	return out
}

// appendText appends s, melting surrogates that meet.
func appendText(out []byte, s string) []byte {
	if len(s) > 0 && s[0] == 0xED && len(s) >= 3 && s[1] >= 0xB0 {
		r, n := value.DecodeRune(s)
		return append(value.AppendUnit(out, uint16(r)), s[n:]...)
	}
	return append(out, s...)
}
