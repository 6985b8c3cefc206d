package net

import (
	"html"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/expr/value"
)

// formSafe are the characters that WebUtility.UrlEncode leaves alone.
func formSafe(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c < 0x80 && strings.IndexByte("-_.!*()", c) >= 0
}

// EncodeForm is WebUtility.UrlEncode: a space becomes a plus.
func EncodeForm(s string) string {
	return string(encodeForm([]byte(value.ValidUTF8(s))))
}

func encodeForm(s []byte) []byte {
	b := make([]byte, 0, len(s)+len(s)/2)
	for _, c := range s {
		switch {
		case formSafe(c):
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = appendEscaped(b, c)
		}
	}
	return b
}

func decodeForm(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b = append(b, ' ')
		case c == '%' && escapedByte(s, i) >= 0:
			b = append(b, byte(escapedByte(s, i)))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return b
}

// DecodeForm is WebUtility.UrlDecode: a plus becomes a space, and bytes that
// make no UTF-8 become replacement characters.
func DecodeForm(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	// Escapes stand for bytes, other characters for themselves: half of a surrogate
	// pair that is not escaped stays what it is.
	var b []byte
	for i := 0; i < len(s); {
		if s[i] == '+' {
			b = append(b, ' ')
			i++
			continue
		}
		if escapedByte(s, i) < 0 {
			_, n := value.DecodeRune(s[i:])
			b = append(b, s[i:i+n]...)
			i += n
			continue
		}
		var raw []byte
		for escapedByte(s, i) >= 0 {
			raw = append(raw, byte(escapedByte(s, i)))
			i += 3
		}
		b = append(b, replaced(raw)...)
	}
	return string(b)
}

// replaced is UTF-8 with a replacement character for each maximal part of a
// character that is not complete, as .NET decodes it.
func replaced(raw []byte) []byte {
	if utf8.Valid(raw) {
		return raw
	}
	var b []byte
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n == 1 {
			n = partial(raw)
		}
		b = utf8.AppendRune(b, r)
		raw = raw[n:]
	}
	return b
}

// partial is the length of the longest start of a well-formed sequence, at
// least one.
func partial(b []byte) int {
	need, lo, hi := 0, byte(0x80), byte(0xBF)
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		need = 1
	case c >= 0xE0 && c <= 0xEF:
		need = 2
		if c == 0xE0 {
			lo = 0xA0
		} else if c == 0xED {
			hi = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		need = 3
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F
		}
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= lo && b[n] <= hi {
		n++
		lo, hi = 0x80, 0xBF
	}
	return n
}

// EncodeHTML is WebUtility.HtmlEncode: besides the five characters of markup it
// writes U+00A0 to U+00FF and those beyond U+FFFF as numbers.
func EncodeHTML(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '&':
			b.WriteString("&amp;")
		case r >= 0xA0 && r < 0x100 || r > 0xFFFF:
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		case r >= 0xD800 && r <= 0xDFFF:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// DecodeHTML is WebUtility.HtmlDecode: numbers, and the names of HTML 4 with
// apos.
func DecodeHTML(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '&' {
			b = append(b, s[i])
			continue
		}
		end := strings.IndexAny(s[i+1:], ";&")
		if end < 0 || s[i+1+end] != ';' {
			b = append(b, '&')
			continue
		}
		name := s[i+1 : i+1+end]
		if len(name) > 1 && name[0] == '#' {
			r, ok := numbered(name[1:])
			if !ok {
				b = append(b, '&')
				continue
			}
			b = utf8.AppendRune(b, r)
		} else if text, ok := entities()[name]; ok {
			b = append(b, text...)
		} else {
			b = append(b, s[i:i+2+end]...)
		}
		i += 1 + end
	}
	return string(b)
}

func numbered(s string) (rune, bool) {
	base := 10
	if s[0]|0x20 == 'x' {
		base, s = 16, s[1:]
	} else {
		s = strings.Trim(s, " \t\n\v\f\r")
		s = strings.TrimPrefix(s, "+")
	}
	if s == "" || hexDigit(s[0]) < 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 32)
	if err != nil || n > 0x10FFFF || n >= 0xD800 && n <= 0xDFFF {
		return 0, false
	}
	return rune(n), true
}

// entities are the names of HTML 4 and apos.
var entities = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, name := range strings.Fields(`quot amp apos lt gt nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn
		sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil
		Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute
		THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute
		ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml OElig oelig Scaron scaron Yuml fnof circ tilde Alpha Beta Gamma
		Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho Sigma Tau Upsilon Phi Chi Psi Omega alpha beta gamma delta epsilon
		zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon phi chi psi omega thetasym upsih piv ensp emsp thinsp
		zwnj zwj lrm rlm ndash mdash lsquo rsquo sbquo ldquo rdquo bdquo dagger Dagger bull hellip permil prime Prime lsaquo rsaquo oline frasl
		euro image weierp real trade alefsym larr uarr rarr darr harr crarr lArr uArr rArr dArr hArr forall part exist empty nabla isin notin ni
		prod sum minus lowast radic prop infin ang and or cap cup int there4 sim cong asymp ne equiv le ge sub sup nsub sube supe oplus otimes
		perp sdot lceil rceil lfloor rfloor lang rang loz spades clubs hearts diams`) {
		m[name] = html.UnescapeString("&" + name + ";")
	}
	// HTML 5 gave these two other characters.
	m["lang"], m["rang"] = "\u2329", "\u232A"
	return m
})

func webText(name, doc string, grow int, f func(s string) string) value.Row {
	return value.Row{Sig: "static string " + name + "(string value)", Doc: doc, Func: func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Null
		}
		c.Alloc(grow * len(c.Str(0)))
		c.Step(len(c.Str(0))/16 + 1)
		return value.String(f(c.Str(0)))
	}}
}

func webBytes(name, doc string, f func(b []byte) []byte) value.Row {
	return value.Row{Sig: "static byte[] " + name + "(byte[] value, int offset, int count)", Doc: doc, Func: func(c *value.Call) value.Value {
		offset, count := c.Long(1), c.Long(2)
		if c.Args[0].IsNull() && count == 0 {
			return value.Null
		}
		c.NotNull(0, "bytes")
		b := c.Args[0].Object().(*value.Array).Bytes()
		notNegative(c, offset, "offset")
		notAbove(c, offset, int64(len(b)), "offset")
		notNegative(c, count, "count")
		notAbove(c, count, int64(len(b))-offset, "count")
		c.Alloc(3 * int(count))
		return value.Bytes(f(b[offset : offset+count]))
	}}
}

var webRows = []value.Row{
	webText("UrlEncode", "The text for a form or a query: a space becomes a plus.", 3, EncodeForm),
	webText("UrlDecode", "The text without its escapes; a plus becomes a space.", 2, DecodeForm),
	webText("HtmlEncode", "The text for HTML.", 6, EncodeHTML),
	webText("HtmlDecode", "The text with entities resolved.", 2, DecodeHTML),
	webBytes("UrlEncodeToBytes", "The bytes for a form or a query.", encodeForm),
	webBytes("UrlDecodeToBytes", "The bytes without their escapes.", func(b []byte) []byte { return decodeForm(string(b)) }),
}
