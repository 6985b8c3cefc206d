package text

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/spillway-gateway/spillway/expr/value"
)

// codec turns text into bytes and back, as one System.Text.Encoding does.
type codec struct {
	name     string // WebName
	title    string // EncodingName
	page     int    // CodePage
	aliases  []string
	preamble []byte
	single   bool // one byte a unit
	// most are the largest numbers of bytes that n chars and of chars that n bytes
	// can make.
	mostBytes, mostChars func(n int) int
	encode               func(s string) []byte
	decode               func(b []byte) string
}

var (
	utf8Codec = &codec{
		name: "utf-8", title: "Unicode (UTF-8)", page: 65001,
		aliases:   []string{"utf8", "unicode-1-1-utf-8", "unicode-2-0-utf-8", "x-unicode-1-1-utf-8", "x-unicode-2-0-utf-8"},
		preamble:  []byte{0xEF, 0xBB, 0xBF},
		mostBytes: func(n int) int { return (n + 1) * 3 }, mostChars: func(n int) int { return n + 1 },
		encode: func(s string) []byte { return []byte(value.ValidUTF8(s)) }, decode: decodeUTF8,
	}
	asciiCodec = &codec{
		name: "us-ascii", title: "US-ASCII", page: 20127, single: true,
		aliases:   []string{"ascii", "ansi_x3.4-1968", "ansi_x3.4-1986", "cp367", "csascii", "ibm367", "iso-ir-6", "iso646-us", "iso_646.irv:1991", "us"},
		mostBytes: func(n int) int { return n + 1 }, mostChars: func(n int) int { return n },
		encode: func(s string) []byte { return encodeSingle(s, 0x7F, nil) }, decode: func(b []byte) string { return decodeSingle(b, 0x7F) },
	}
	latin1Codec = &codec{
		name: "iso-8859-1", title: "Western European (ISO)", page: 28591, single: true,
		aliases:   []string{"latin1", "cp819", "csisolatin1", "ibm819", "iso-ir-100", "iso8859-1", "iso_8859-1", "iso_8859-1:1987", "l1"},
		mostBytes: func(n int) int { return n + 1 }, mostChars: func(n int) int { return n },
		encode: func(s string) []byte { return encodeSingle(s, 0xFF, bestFit) }, decode: func(b []byte) string { return decodeSingle(b, 0xFF) },
	}
	utf16Codec = &codec{
		name: "utf-16", title: "Unicode", page: 1200, aliases: []string{"utf-16le", "unicode", "ucs-2", "csunicode", "iso-10646-ucs-2", "iso-10646-ucs-4"},
		preamble:  []byte{0xFF, 0xFE},
		mostBytes: func(n int) int { return (n + 1) * 2 }, mostChars: func(n int) int { return n/2 + n&1 + 1 },
		encode: func(s string) []byte { return encodeUTF16(s, binary.LittleEndian) }, decode: func(b []byte) string { return decodeUTF16(b, binary.LittleEndian) },
	}
	utf16beCodec = &codec{
		name: "utf-16BE", title: "Unicode (Big-Endian)", page: 1201, aliases: []string{"unicodefffe"},
		preamble:  []byte{0xFE, 0xFF},
		mostBytes: func(n int) int { return (n + 1) * 2 }, mostChars: func(n int) int { return n/2 + n&1 + 1 },
		encode: func(s string) []byte { return encodeUTF16(s, binary.BigEndian) }, decode: func(b []byte) string { return decodeUTF16(b, binary.BigEndian) },
	}
	utf32Codec = &codec{
		name: "utf-32", title: "Unicode (UTF-32)", page: 12000, aliases: []string{"utf-32le"},
		preamble:  []byte{0xFF, 0xFE, 0, 0},
		mostBytes: func(n int) int { return (n + 1) * 4 }, mostChars: func(n int) int { return n/2 + 2 },
		encode: func(s string) []byte { return encodeUTF32(s, binary.LittleEndian) }, decode: func(b []byte) string { return decodeUTF32(b, binary.LittleEndian) },
	}
	utf32beCodec = &codec{
		name: "utf-32BE", title: "Unicode (UTF-32 Big-Endian)", page: 12001,
		preamble:  []byte{0, 0, 0xFE, 0xFF},
		mostBytes: func(n int) int { return (n + 1) * 4 }, mostChars: func(n int) int { return n/2 + 2 },
		encode: func(s string) []byte { return encodeUTF32(s, binary.BigEndian) }, decode: func(b []byte) string { return decodeUTF32(b, binary.BigEndian) },
	}

	codecs = []*codec{utf8Codec, asciiCodec, latin1Codec, utf16Codec, utf16beCodec, utf32Codec, utf32beCodec}
)

// Decode is the text that bytes are in the encoding of a charset's name; an unknown
// name is UTF-8. A byte-order mark wins over the name and is dropped. What makes no
// sense becomes replacement characters, as in .NET.
func Decode(charset string, b []byte) string {
	// UTF-32 before UTF-16, whose mark its own begins with.
	for _, c := range []*codec{utf8Codec, utf32Codec, utf32beCodec, utf16Codec, utf16beCodec} {
		if bytes.HasPrefix(b, c.preamble) {
			return c.decode(b[len(c.preamble):])
		}
	}
	if c := codecNamed(charset); c != nil {
		return c.decode(b)
	}
	return decodeUTF8(b)
}

func codecNamed(name string) *codec {
	for _, c := range codecs {
		if strings.EqualFold(c.name, name) {
			return c
		}
		for _, a := range c.aliases {
			if strings.EqualFold(a, name) {
				return c
			}
		}
	}
	return nil
}

// badUTF8 is the length of the ill-formed sequence at the start of b, which
// makes one replacement character: the longest start of a valid sequence, or
// one byte.
func badUTF8(b []byte) int {
	low, high, more := byte(0x80), byte(0xBF), 0
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		more = 1
	case c >= 0xE0 && c <= 0xEF:
		more = 2
		switch c {
		case 0xE0:
			low = 0xA0
		case 0xED:
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		more = 3
		switch c {
		case 0xF0:
			low = 0x90
		case 0xF4:
			high = 0x8F
		}
	}
	n := 1
	for ; n <= more && n < len(b) && b[n] >= low && b[n] <= high; n++ {
		low, high = 0x80, 0xBF
	}
	return n
}

func decodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			n = badUTF8(b)
			out = append(out, "\uFFFD"...)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return string(out)
}

// encodeSingle writes one byte a unit; what does not fit becomes its best fit
// or a question mark, of which a pair of surrogates makes two.
func encodeSingle(s string, limit rune, fit func(rune) byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		i += n
		switch {
		case r <= limit:
			out = append(out, byte(r))
		case r >= 0x10000:
			out = append(out, '?', '?')
		case fit != nil:
			out = append(out, fit(r))
		default:
			out = append(out, '?')
		}
	}
	return out
}

// bestFit is the character of Latin-1 that looks most like r.
func bestFit(r rune) byte {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return byte(r - 0xFF01 + '!')
	case r >= 0x2010 && r <= 0x2014, r == 0x2212:
		return '-'
	case r == 0x2018 || r == 0x2019 || r == 0x201A || r == 0x2032:
		return '\''
	case r == 0x201C || r == 0x201D || r == 0x201E:
		return '"'
	case r == 0x2022 || r == 0x2219:
		return 0xB7
	case r == 0x2026:
		return '.'
	case r == 0x2044 || r == 0x2215:
		return '/'
	case r == 0x2122:
		return 'T'
	case r == 0x221E:
		return '8'
	case r == 0x0131:
		return 'i'
	case r == 0x0141 || r == 0x0142:
		return "Ll"[r-0x0141]
	case r == 0x0152 || r == 0x0153:
		return "Oo"[r-0x0152]
	case r == 0x0110 || r == 0x0111:
		return "\xD0d"[r-0x0110]
	}
	if r < 0x250 || r >= 0x1E00 && r < 0x1F00 {
		if d := norm.NFD.String(string(r)); d[0] < 0x80 {
			return d[0]
		}
	}
	return '?'
}

func decodeSingle(b []byte, limit byte) string {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		switch {
		case c < 0x80:
			out = append(out, c)
		case c > limit:
			out = append(out, "\uFFFD"...)
		default:
			out = utf8.AppendRune(out, rune(c))
		}
	}
	return string(out)
}

func encodeUTF16(s string, order binary.AppendByteOrder) []byte {
	out := make([]byte, 0, 2*len(s))
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		i += n
		switch {
		case r >= 0x10000:
			hi, lo := utf16.EncodeRune(r)
			out = order.AppendUint16(order.AppendUint16(out, uint16(hi)), uint16(lo))
		case utf16.IsSurrogate(r):
			out = order.AppendUint16(out, 0xFFFD)
		default:
			out = order.AppendUint16(out, uint16(r))
		}
	}
	return out
}

func decodeUTF16(b []byte, order binary.ByteOrder) string {
	out := make([]byte, 0, len(b))
	for ; len(b) >= 2; b = b[2:] {
		r := rune(order.Uint16(b))
		if utf16.IsSurrogate(r) {
			if len(b) >= 4 {
				if pair := utf16.DecodeRune(r, rune(order.Uint16(b[2:]))); pair != utf8.RuneError {
					r = pair
					b = b[2:]
				}
			}
			if r < 0x10000 {
				r = utf8.RuneError
			}
		}
		out = utf8.AppendRune(out, r)
	}
	if len(b) > 0 {
		out = append(out, "\uFFFD"...)
	}
	return string(out)
}

func encodeUTF32(s string, order binary.AppendByteOrder) []byte {
	out := make([]byte, 0, 4*len(s))
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		i += n
		if r < 0x10000 && utf16.IsSurrogate(r) {
			r = utf8.RuneError
		}
		out = order.AppendUint32(out, uint32(r))
	}
	return out
}

func decodeUTF32(b []byte, order binary.ByteOrder) string {
	out := make([]byte, 0, len(b))
	for ; len(b) >= 4; b = b[4:] {
		r := order.Uint32(b)
		if r > utf8.MaxRune || utf16.IsSurrogate(rune(r)) {
			r = utf8.RuneError
		}
		out = utf8.AppendRune(out, rune(r))
	}
	if len(b) > 0 {
		out = append(out, "\uFFFD"...)
	}
	return string(out)
}
