package syntax

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoted scans a string or a char literal with escapes. A line end ends it.
func (s *scanner) quoted(t *token, quote byte) {
	t.kind = tString
	if quote == '\'' {
		t.kind = tChar
	}
	s.pos++
	units := 0
	for {
		if s.pos >= s.end || newline(s.text, s.pos, s.end) > 0 {
			s.fail(1010, int(t.start), s.pos, "")
			break
		}
		c := s.text[s.pos]
		if c == quote {
			s.pos++
			break
		}
		if c == '\\' {
			r, w, ok := escape(s.text[s.pos:s.end])
			if !ok {
				s.fail(1009, s.pos, s.pos+w, "")
			}
			if ok && s.at(1) == 'e' {
				s.errs = append(s.errs, featureProblem(featureEscapeE, s.pos, s.pos+w))
			}
			units += utf16Width(r)
			s.pos += w
			continue
		}
		r, w := rune(c), 1
		if c >= utf8.RuneSelf {
			r, w = utf8.DecodeRuneInString(s.text[s.pos:s.end])
		}
		units += utf16Width(r)
		s.pos += w
	}
	if quote == '\'' {
		if n := len(s.errs); n > 0 && s.errs[n-1].code == 1010 && s.errs[n-1].start == t.start {
			return
		}
		switch {
		case units == 0:
			s.fail(1011, int(t.start), s.pos, "")
		case units > 1:
			s.fail(1012, int(t.start), s.pos, "")
		}
		return
	}
	s.utf8Suffix()
}

// utf8Suffix passes the u8 behind a string. Its feature is refused where the
// literal is checked, not here.
func (s *scanner) utf8Suffix() {
	if c := s.at(0); (c == 'u' || c == 'U') && s.at(1) == '8' {
		s.pos += 2
	}
}

func utf16Width(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// escape reads the escape sequence at the start of s. For an unknown one, ok is
// false and w is what the compiler skips.
func escape(s string) (r rune, w int, ok bool) {
	if len(s) < 2 {
		return '\\', len(s), false
	}
	switch s[1] {
	case '\'', '"', '\\':
		return rune(s[1]), 2, true
	case '0':
		return 0, 2, true
	case 'a':
		return 7, 2, true
	case 'b':
		return 8, 2, true
	case 'e':
		return 0x1b, 2, true
	case 'f':
		return 12, 2, true
	case 'n':
		return 10, 2, true
	case 'r':
		return 13, 2, true
	case 't':
		return 9, 2, true
	case 'v':
		return 11, 2, true
	case 'x':
		i := 2
		for i < len(s) && i < 6 && hexDigit(s[i]) >= 0 {
			r = r<<4 | rune(hexDigit(s[i]))
			i++
		}
		return r, i, i > 2
	case 'u', 'U':
		if r, w := unicodeEscape(s); w > 0 {
			return r, w, true
		}
		n := 6
		if s[1] == 'U' {
			n = 10
		}
		i := 2
		for i < len(s) && i < n && hexDigit(s[i]) >= 0 {
			i++
		}
		return utf8.RuneError, i, false
	}
	r, w = utf8.DecodeRuneInString(s[1:])
	return r, 1 + w, false
}

// rawString passes a raw string literal. C# 7.3 has none, so only its end and
// its start matter.
func (s *scanner) rawString(t *token) {
	t.kind = tString
	n := 0
	for s.at(n) == '"' {
		n++
	}
	s.pos += n
	if i := strings.Index(s.text[s.pos:s.end], strings.Repeat(`"`, n)); i >= 0 {
		s.pos += i + n
		for s.at(0) == '"' {
			s.pos++
		}
	} else {
		s.skipLine()
	}
	s.utf8Suffix()
	p := featureProblem(featureRawString, int(t.start), s.pos)
	p.feature = false
	s.errs = append(s.errs, p)
}

// verbatim scans what starts with `@`: a verbatim string, `@$"…"`, an
// identifier, or nothing the compiler knows.
func (s *scanner) verbatim(t *token) {
	switch {
	case s.at(1) == '"':
		s.verbatimString(t)
		return
	case s.at(1) == '$' && s.at(2) == '"':
		s.interpolated(t)
		if len(s.errs) == 0 || s.errs[len(s.errs)-1].start < t.start {
			s.fail(8401, int(t.start), int(t.start)+2, "8.0")
		}
		return
	}
	s.pos++
	t.escaped = true
	if s.identifier(t) {
		return
	}
	t.escaped = false
	t.kind = tBad
	s.fail(1646, int(t.start), s.pos, "")
}

func (s *scanner) verbatimString(t *token) {
	t.kind = tString
	s.pos += 2
	for {
		i := strings.IndexByte(s.text[s.pos:s.end], '"')
		if i < 0 {
			s.pos = s.end
			s.swallowed = true
			s.fail(1039, int(t.start), s.pos, "")
			return
		}
		s.pos += i + 1
		if s.at(0) != '"' {
			break
		}
		s.pos++
	}
	s.utf8Suffix()
}

func (s *scanner) dollar(t *token) {
	n := 1
	for s.at(n) == '$' {
		n++
	}
	switch {
	case s.at(n) == '"' && s.at(n+1) == '"' && s.at(n+2) == '"':
		s.pos += n
		s.rawString(t)
	case n == 1 && (s.at(1) == '"' || s.at(1) == '@' && s.at(2) == '"'):
		s.interpolated(t)
	default:
		s.pos++
		t.kind = tBad
		s.fail(1056, int(t.start), s.pos, "$")
	}
}

// interpolated passes an interpolated string; the parser takes it apart.
func (s *scanner) interpolated(t *token) {
	t.kind = tInterp
	parts := interpScanner{text: s.text, pos: int(t.start), end: s.end}
	parts.scan()
	s.pos = parts.pos
	if parts.err.code != 0 {
		s.errs = append(s.errs, parts.err)
	}
	s.errs = append(s.errs, parts.escapes...)
}

// number scans a numeric literal.
func (s *scanner) number(t *token) {
	t.kind = tNumber
	start := s.pos
	if s.at(0) == '0' && (s.at(1)|0x20 == 'x' || s.at(1)|0x20 == 'b') {
		base := 16
		if s.at(1)|0x20 == 'b' {
			base = 2
		}
		s.pos += 2
		digits, bad := s.digits(base, true)
		s.integerSuffix()
		if digits == 0 || bad {
			s.fail(1013, start, s.pos, "")
			return
		}
		s.checkInteger(start)
		return
	}
	_, bad := s.digits(10, false)
	real := false
	if s.at(0) == '.' && s.at(1) >= '0' && s.at(1) <= '9' {
		real = true
		s.pos++
		_, b := s.digits(10, false)
		bad = bad || b
	}
	badExponent := false
	if s.at(0)|0x20 == 'e' {
		real = true
		s.pos++
		if s.at(0) == '+' || s.at(0) == '-' {
			s.pos++
		}
		if c := s.at(0); (c < '0' || c > '9') && c != '_' {
			badExponent = true
		} else {
			_, b := s.digits(10, false)
			bad = bad || b
		}
	}
	switch s.at(0) | 0x20 {
	case 'f', 'd', 'm':
		real = true
		s.pos++
	default:
		if !real {
			s.integerSuffix()
		}
	}
	switch {
	case badExponent:
		s.fail(595, start, s.pos, "")
	case bad:
		s.fail(1013, start, s.pos, "")
	case real:
		s.checkReal(start)
	default:
		s.checkInteger(start)
	}
}

// digits passes digits and separators. A separator may not be last, nor first
// in a decimal number.
func (s *scanner) digits(base int, leading bool) (n int, bad bool) {
	last := byte(0)
	for {
		c := s.at(0)
		d := hexDigit(c)
		if c == '_' {
			bad = bad || n == 0 && !leading
		} else if d < 0 || d >= base {
			break
		} else {
			n++
		}
		last = c
		s.pos++
	}
	return n, bad || last == '_'
}

func (s *scanner) integerSuffix() {
	switch s.at(0) | 0x20 {
	case 'u':
		s.pos++
		if s.at(0)|0x20 == 'l' {
			s.pos++
		}
	case 'l':
		s.pos++
		if s.at(0)|0x20 == 'u' {
			s.pos++
		}
	}
}

func (s *scanner) checkInteger(start int) {
	if _, _, ok := integer(s.text[start:s.pos]); !ok {
		s.fail(1021, start, s.pos, "")
	}
}

// integer is the value and the type of an integer literal.
func integer(text string) (v uint64, k LiteralKind, ok bool) {
	digits := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	body := strings.TrimRight(digits, "ul")
	suffix := digits[len(body):]
	base := 10
	if strings.HasPrefix(body, "0x") {
		base, body = 16, body[2:]
	} else if strings.HasPrefix(body, "0b") {
		base, body = 2, body[2:]
	}
	v, err := strconv.ParseUint(body, base, 64)
	if err != nil {
		return 0, IntLiteral, false
	}
	u, l := strings.Contains(suffix, "u"), strings.Contains(suffix, "l")
	switch {
	case !u && !l && v <= 1<<31-1:
		k = IntLiteral
	case !l && v <= 1<<32-1:
		k = UintLiteral
	case !u && v <= 1<<63-1:
		k = LongLiteral
	default:
		k = UlongLiteral
	}
	return v, k, true
}

// real is the digits and the type of a real literal.
func real(text string) (digits string, k LiteralKind) {
	digits = strings.ReplaceAll(text, "_", "")
	switch digits[len(digits)-1] | 0x20 {
	case 'f':
		return digits[:len(digits)-1], FloatLiteral
	case 'd':
		return digits[:len(digits)-1], DoubleLiteral
	case 'm':
		return digits[:len(digits)-1], DecimalLiteral
	}
	return digits, DoubleLiteral
}

func (s *scanner) checkReal(start int) {
	digits, k := real(s.text[start:s.pos])
	name := ""
	switch k {
	case FloatLiteral:
		if _, err := strconv.ParseFloat(digits, 32); err != nil {
			name = "float"
		}
	case DoubleLiteral:
		if _, err := strconv.ParseFloat(digits, 64); err != nil {
			name = "double"
		}
	default:
		if decimalTooLarge(digits) {
			name = "decimal"
		}
	}
	if name != "" {
		s.fail(594, start, s.pos, name)
	}
}

var decimalMax, _ = new(big.Int).SetString("79228162514264337593543950335", 10)

// decimalTooLarge says whether the number is beyond decimal's largest value.
func decimalTooLarge(digits string) bool {
	mantissa, exponent := digits, 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		mantissa = digits[:i]
		n, err := strconv.Atoi(digits[i+1:])
		if err != nil {
			n = 1 << 20
			if digits[i+1] == '-' {
				n = -n
			}
		}
		exponent = n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	if all == "" {
		return false
	}
	// The number is 0.all times ten to the power of size.
	size := len(all) - len(fraction) + exponent
	if size != 29 {
		return size > 29
	}
	if len(all) > 29 {
		all = all[:29]
	}
	v, _ := new(big.Int).SetString(all+strings.Repeat("0", 29-len(all)), 10)
	return v.Cmp(decimalMax) > 0
}

// appendUnit adds a code point, or a UTF-16 unit, as WTF-8: a low surrogate
// joins a high one right before it.
func appendUnit(b []byte, r rune) []byte {
	if r < 0xd800 || r > 0xdfff {
		return utf8.AppendRune(b, r)
	}
	if n := len(b); r >= 0xdc00 && n >= 3 && b[n-3] == 0xed && b[n-2] >= 0xa0 && b[n-2] < 0xb0 {
		high := rune(0xd000) | rune(b[n-2]&0x3f)<<6 | rune(b[n-1]&0x3f)
		return utf8.AppendRune(b[:n-3], (high-0xd800)<<10|(r-0xdc00)+0x10000)
	}
	return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
}

// stringValue decodes the source of a string literal.
func stringValue(text string) (value string, utf8Suffix bool) {
	if n := len(text); n > 2 && text[n-1] == '8' && text[n-2]|0x20 == 'u' && text[n-3] == '"' {
		text, utf8Suffix = text[:n-2], true
	}
	if strings.HasPrefix(text, "@") {
		body := strings.TrimSuffix(strings.TrimPrefix(text, `@"`), `"`)
		return strings.ReplaceAll(body, `""`, `"`), utf8Suffix
	}
	if strings.HasPrefix(text, `"""`) || strings.HasPrefix(text, "$") {
		return strings.Trim(text, `$"`), utf8Suffix
	}
	body := text[1:]
	if n := len(body); n > 0 && body[n-1] == text[0] {
		body = body[:n-1]
	}
	return unescape(body), utf8Suffix
}

func unescape(body string) string {
	if strings.IndexByte(body, '\\') < 0 {
		return body
	}
	b := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			b = append(b, body[i])
			i++
			continue
		}
		r, w, _ := escape(body[i:])
		b = appendUnit(b, r)
		i += w
	}
	return string(b)
}

// charValue is the UTF-16 unit of a char literal.
func charValue(text string) uint64 {
	body := unescape(text[1 : len(text)-1])
	if len(body) == 3 && body[0] == 0xed && body[1] >= 0xa0 {
		return 0xd000 | uint64(body[1]&0x3f)<<6 | uint64(body[2]&0x3f)
	}
	r, _ := utf8.DecodeRuneInString(body)
	return uint64(r)
}
