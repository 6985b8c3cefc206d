package markup

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/source"
)

// Encoding is how the text of a file is stored.
type Encoding int

// The encodings that a policy file may have.
const (
	UTF8 Encoding = iota
	UTF16LE
	UTF16BE
	Latin1
)

// Decode is the text of a policy file and the encoding it was stored in. It
// goes by the byte-order mark, else by the first bytes, and then by the XML
// declaration, which must not contradict what the bytes are. A byte-order mark
// stays in the text. The problem, if any, has the name and the place of the
// offending byte.
func Decode(name string, data []byte) (string, Encoding, *source.Problem) {
	encoding := sniff(data)
	text := ""
	switch encoding {
	case UTF16LE, UTF16BE:
		t, bad := decodeUTF16(data, encoding)
		if bad >= 0 {
			return t, encoding, badEncoding(name, t, source.Span{Start: bad, End: bad}, "the file is not valid UTF-16")
		}
		text = t
	default:
		text = string(data)
	}
	declared, at := declaredEncoding(text)
	wanted := encoding
	switch strings.ToLower(declared) {
	case "":
	case "utf-8", "utf8", "us-ascii", "ascii":
		wanted = UTF8
	case "utf-16", "utf-16le", "utf-16be", "unicode":
		if encoding == UTF8 {
			wanted = UTF16LE
		}
	case "iso-8859-1", "latin1":
		if encoding == UTF8 && !strings.HasPrefix(text, "\ufeff") {
			return latin1Text(data), Latin1, nil
		}
		wanted = Latin1
	default:
		return text, encoding, badEncoding(name, text, at, "encoding %q is not supported", declared)
	}
	if wanted != encoding {
		return text, encoding, badEncoding(name, text, at, "the declaration says %s but the file is %s", declared, encoding)
	}
	if encoding == UTF8 {
		if bad := invalidUTF8(text); bad >= 0 {
			return text, encoding, badEncoding(name, text, source.Span{Start: bad, End: bad + 1}, "byte 0x%02X is not valid UTF-8", text[bad])
		}
	}
	return text, encoding, nil
}

// badEncoding places a problem in the text without its byte-order mark, which
// editors do not count as a column.
func badEncoding(name, text string, at source.Span, format string, args ...any) *source.Problem {
	if rest, ok := strings.CutPrefix(text, "\ufeff"); ok {
		n := len(text) - len(rest)
		text, at = rest, source.Span{Start: max(0, at.Start-n), End: max(0, at.End-n)}
	}
	return source.NewFile(name, text).Errorf(at, "encoding", format, args...).WithHint("save the file as UTF-8")
}

// String is the encoding's usual name.
func (e Encoding) String() string {
	return [...]string{"UTF-8", "UTF-16", "UTF-16 (big endian)", "ISO-8859-1"}[e]
}

// Encode stores text in the encoding; it is the inverse of Decode. Characters
// that ISO-8859-1 lacks become question marks.
func (e Encoding) Encode(text string) []byte {
	switch e {
	case UTF16LE, UTF16BE:
		var order binary.AppendByteOrder = binary.LittleEndian
		if e == UTF16BE {
			order = binary.BigEndian
		}
		var out []byte
		for _, u := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, u)
		}
		return out
	case Latin1:
		var out []byte
		for _, r := range text {
			if r > 0xff {
				r = '?'
			}
			out = append(out, byte(r))
		}
		return out
	}
	return []byte(text)
}

// sniff tells UTF-16 from the rest by its mark, or by the zero bytes around
// the < that a document begins with.
func sniff(data []byte) Encoding {
	if len(data) >= 2 {
		switch {
		case data[0] == 0xff && data[1] == 0xfe, data[0] == '<' && data[1] == 0:
			return UTF16LE
		case data[0] == 0xfe && data[1] == 0xff, data[0] == 0 && data[1] == '<':
			return UTF16BE
		}
	}
	return UTF8
}

// decodeUTF16 is the text; bad is the offset in it of the first lone surrogate
// or of a half unit at the end, else -1.
func decodeUTF16(data []byte, e Encoding) (text string, bad int) {
	var order binary.ByteOrder = binary.LittleEndian
	if e == UTF16BE {
		order = binary.BigEndian
	}
	var b strings.Builder
	bad = -1
	for i := 0; i < len(data); i += 2 {
		r := utf8.RuneError
		if i+1 < len(data) {
			r = rune(order.Uint16(data[i:]))
		} else if bad < 0 {
			bad = b.Len()
		}
		if utf16.IsSurrogate(r) {
			pair := utf8.RuneError
			if i+3 < len(data) {
				pair = utf16.DecodeRune(r, rune(order.Uint16(data[i+2:])))
			}
			if pair == utf8.RuneError {
				if bad < 0 {
					bad = b.Len()
				}
			} else {
				i += 2
			}
			r = pair
		}
		b.WriteRune(r)
	}
	return b.String(), bad
}

// latin1Text is ISO-8859-1 as UTF-8.
func latin1Text(data []byte) string {
	runes := make([]rune, len(data))
	for i, c := range data {
		runes[i] = rune(c)
	}
	return string(runes)
}

func invalidUTF8(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

// declaredEncoding is the encoding that an XML declaration at the start names,
// and its place; it is empty without one.
func declaredEncoding(text string) (string, source.Span) {
	start := 0
	if strings.HasPrefix(text, "\ufeff") {
		start = len("\ufeff")
	}
	if !strings.HasPrefix(text[start:], "<?xml") {
		return "", source.Span{}
	}
	end := strings.Index(text[start:], "?>")
	if end < 0 {
		return "", source.Span{}
	}
	end += start
	i := strings.Index(text[start:end], "encoding")
	if i < 0 {
		return "", source.Span{}
	}
	i = skipSpace(text, start+i+len("encoding"))
	if i >= end || text[i] != '=' {
		return "", source.Span{}
	}
	i = skipSpace(text, i+1)
	if i >= end || text[i] != '"' && text[i] != '\'' {
		return "", source.Span{}
	}
	n := strings.IndexByte(text[i+1:end], text[i])
	if n < 0 {
		return "", source.Span{}
	}
	return text[i+1 : i+1+n], source.Span{Start: i + 1, End: i + 1 + n}
}
