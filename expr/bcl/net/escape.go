package net

import (
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/expr/value"
)

const upperHex = "0123456789ABCDEF"

// unreserved are the characters that RFC 3986 lets stand for themselves.
func unreserved(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_' || c == '~'
}

// reserved are the delimiters of RFC 3986.
func reserved(c byte) bool { return c < 0x80 && strings.IndexByte(":/?#[]@!$&'()*+,;=", c) >= 0 }

func appendEscaped(b []byte, c byte) []byte { return append(b, '%', upperHex[c>>4], upperHex[c&15]) }

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// escapedByte is the byte that %XX at an offset stands for, or -1.
func escapedByte(s string, i int) int {
	if i+2 >= len(s) || s[i] != '%' {
		return -1
	}
	hi, lo := hexDigit(s[i+1]), hexDigit(s[i+2])
	if hi < 0 || lo < 0 {
		return -1
	}
	return hi<<4 | lo
}

// escapeData escapes all bytes but those that keep says; what is no UTF-8, half
// a surrogate pair, is escaped as the replacement character.
func escapeData(s string, keep func(byte) bool) string {
	s = value.ValidUTF8(s)
	i := 0
	for i < len(s) && keep(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := make([]byte, 0, len(s)+len(s)/2+8)
	b = append(b, s[:i]...)
	for ; i < len(s); i++ {
		if keep(s[i]) {
			b = append(b, s[i])
		} else {
			b = appendEscaped(b, s[i])
		}
	}
	return string(b)
}

// EscapeData is Uri.EscapeDataString.
func EscapeData(s string) string { return escapeData(s, unreserved) }

// unescape decodes the escapes whose characters pass ok. Bytes that make no
// UTF-8 stay escaped.
func unescape(s string, ok func(r rune) bool) string {
	at := strings.IndexByte(s, '%')
	if at < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:at]...)
	for i := at; i < len(s); {
		c := escapedByte(s, i)
		if c < 0 {
			b = append(b, s[i])
			i++
			continue
		}
		if c < 0x80 {
			if ok(rune(c)) {
				b = append(b, byte(c))
			} else {
				b = append(b, s[i:i+3]...)
			}
			i += 3
			continue
		}
		var seq [4]byte
		n := 0
		for n < 4 {
			d := escapedByte(s, i+3*n)
			if d < 0 {
				break
			}
			seq[n] = byte(d)
			n++
		}
		r, size := utf8.DecodeRune(seq[:n])
		if r == utf8.RuneError && size <= 1 || !ok(r) {
			size = max(size, 1)
			b = append(b, s[i:i+3*size]...)
		} else {
			b = append(b, seq[:size]...)
		}
		i += 3 * size
	}
	return string(b)
}

// UnescapeData is Uri.UnescapeDataString.
func UnescapeData(s string) string { return unescape(s, func(rune) bool { return true }) }

// safeToUnescape says which escapes Uri.ToString shows decoded: not those of
// delimiters, controls and the percent sign.
func safeToUnescape(r rune) bool {
	if r <= 0x1F || r >= 0x7F && r <= 0x9F {
		return false
	}
	return r > 0x7F || strings.IndexByte(`;/?:@&=+$,#[]!'()*%\`, byte(r)) < 0
}

// canonical is a component with its escapes as AbsoluteUri has them: those of
// unreserved characters are decoded, everything that needs an escape has one.
func canonical(s string, slashes bool, escape string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if !unreserved(s[i]) && (s[i] == '%' || !reserved(s[i]) || escape != "" && strings.IndexByte(escape, s[i]) >= 0) {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	// What is escaped and need not be, characters beyond ASCII included, is
	// decoded first, so that all escapes of such characters are upper case.
	literal := strings.IndexByte(escape, '%') >= 0
	if !literal {
		s = unescape(s, func(r rune) bool { return r >= 0xA0 || r < 0x80 && unreserved(byte(r)) })
	}
	s = value.ValidUTF8(s)
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && slashes:
			b = append(b, '/')
		case c == '%' && escapedByte(s, i) >= 0 && !literal:
			b = append(b, '%')
		case unreserved(c) || reserved(c) && strings.IndexByte(escape, c) < 0:
			b = append(b, c)
		default:
			b = appendEscaped(b, c)
		}
	}
	return string(b)
}

// removeDots resolves the . and .. segments of a path.
func removeDots(path string) string {
	if !strings.Contains(path, "/.") && !strings.HasPrefix(path, ".") {
		return path
	}
	rooted := strings.HasPrefix(path, "/")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	var out []string
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	text := strings.Join(out, "/")
	if rooted {
		return "/" + text
	}
	return text
}
