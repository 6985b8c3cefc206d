package text

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The concrete encodings, under .NET's names; the ones that Encoding's
// properties give are types of their own there.
var (
	utf8Encoding     = types.Declare("System.Text", "public class UTF8Encoding : Encoding")
	asciiEncoding    = types.Declare("System.Text", "public class ASCIIEncoding : Encoding")
	unicodeEncoding  = types.Declare("System.Text", "public class UnicodeEncoding : Encoding")
	utf32Encoding    = types.Declare("System.Text", "public sealed class UTF32Encoding : Encoding")
	latin1Encoding   = types.Declare("System.Text", "public class Latin1Encoding : Encoding")
	utf8Sealed       = types.Declare("System.Text", "public sealed class UTF8Encoding.UTF8EncodingSealed : UTF8Encoding")
	asciiSealed      = types.Declare("System.Text", "public sealed class ASCIIEncoding.ASCIIEncodingSealed : ASCIIEncoding")
	latin1Sealed     = types.Declare("System.Text", "public sealed class Latin1Encoding.Latin1EncodingSealed : Latin1Encoding")
	decoderException = types.Declare("System.Text", "public sealed class DecoderFallbackException : ArgumentException")
	encoderException = types.Declare("System.Text", "public sealed class EncoderFallbackException : ArgumentException")
)

// encoding is an Encoding object. strict ones throw where others replace.
type encoding struct {
	*codec
	typ    *types.Type
	strict bool
	mark   bool // whether GetPreamble gives the byte order mark
}

// Type is the concrete class.
func (e *encoding) Type() *types.Type { return e.typ }

// Equals compares the code and the behaviour.
func (e *encoding) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*encoding)
	return ok && o.codec == e.codec && o.strict == e.strict && o.mark == e.mark
}

// Hash goes with Equals.
func (e *encoding) Hash(*value.Thread) int32 { return int32(e.page) }

var standard = map[*codec]value.Value{
	utf8Codec:    value.Of(&encoding{codec: utf8Codec, typ: utf8Sealed.Type(), mark: true}),
	asciiCodec:   value.Of(&encoding{codec: asciiCodec, typ: asciiSealed.Type()}),
	latin1Codec:  value.Of(&encoding{codec: latin1Codec, typ: latin1Sealed.Type()}),
	utf16Codec:   value.Of(&encoding{codec: utf16Codec, typ: unicodeEncoding.Type(), mark: true}),
	utf16beCodec: value.Of(&encoding{codec: utf16beCodec, typ: unicodeEncoding.Type(), mark: true}),
	utf32Codec:   value.Of(&encoding{codec: utf32Codec, typ: utf32Encoding.Type(), mark: true}),
	utf32beCodec: value.Of(&encoding{codec: utf32beCodec, typ: utf32Encoding.Type(), mark: true}),
}

// bytes encodes a text.
func (e *encoding) bytes(t *value.Thread, s string) []byte {
	if e.strict {
		for i, u := range value.Units(s) {
			if u >= 0xD800 && u <= 0xDFFF && hasLone(s) {
				units := value.Units(s)
				paired := isHigh(rune(u)) && i+1 < len(units) && isLow(rune(units[i+1])) || isLow(rune(u)) && i > 0 && isHigh(rune(units[i-1]))
				if !paired {
					t.Throw(encoderException, "Unable to translate Unicode character \\u"+strings.ToUpper(strconv.FormatUint(uint64(u), 16))+" at index "+strconv.Itoa(i)+" to specified code page.")
				}
			}
		}
	}
	t.Alloc(e.size(s))
	return e.encode(s)
}

// size is not less than the number of bytes of a text.
func (e *encoding) size(s string) int {
	switch e.page {
	case 12000, 12001:
		return 4 * len(s)
	case 1200, 1201:
		return 2 * len(s)
	}
	return len(s)
}

// text decodes bytes.
func (e *encoding) text(t *value.Thread, b []byte) string {
	if e.strict && e.codec == utf8Codec && !utf8.Valid(b) {
		i := 0
		for i < len(b) {
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			i += n
		}
		var list strings.Builder
		for _, x := range b[i : i+badUTF8(b[i:])] {
			list.WriteString("[" + strings.ToUpper(strconv.FormatUint(uint64(x)+0x100, 16)[1:]) + "]")
		}
		t.Throw(decoderException, "Unable to translate bytes "+list.String()+" at index "+strconv.Itoa(i)+" from specified code page to Unicode.")
	}
	t.Alloc(3*len(b) + 16)
	return e.decode(b)
}

func encodingOf(v value.Value) *encoding {
	e, _ := v.Object().(*encoding)
	return e
}

// byteSlice is the part of a byte[] argument that index and count arguments name.
func byteSlice(c *value.Call, countName string) []byte {
	c.NotNull(0, "bytes")
	b := c.Args[0].Object().(*value.Array).Bytes()
	at, n := c.Int(1), c.Int(2)
	number.NotNegative(c.Thread, at, "index")
	number.NotNegative(c.Thread, n, countName)
	if at > len(b)-n {
		c.ThrowRange("Index and count must refer to a location within the buffer.", "bytes")
	}
	return b[at : at+n]
}

// charSlice is the same of a char[].
func charSlice(c *value.Call) string {
	c.NotNull(0, "chars")
	a := c.Args[0].Object().(*value.Array)
	at, n := c.Int(1), c.Int(2)
	number.NotNegative(c.Thread, at, "index")
	number.NotNegative(c.Thread, n, "count")
	if at > a.Len()-n {
		c.ThrowRange("Index and count must refer to a location within the buffer.", "chars")
	}
	return fromChars(c.Thread, c.Args[0], at, n)
}

// putBytes is the end of the GetBytes that fill an array.
func putBytes(c *value.Call, b []byte) value.Value {
	to, at := c.Args[3].Object().(*value.Array), c.Int(4)
	if at < 0 || at > to.Len() {
		c.ThrowRange("Index was out of range. Must be non-negative and less than or equal to the size of the collection.", "byteIndex")
	}
	if len(b) > to.Len()-at {
		e := c.This.Object().(*encoding)
		c.ThrowArgument(value.ArgumentException, "The output byte buffer is too small to contain the encoded data, encoding '"+e.title+"' fallback 'System.Text.EncoderReplacementFallback'.", "bytes")
	}
	return value.Int(copy(to.Bytes()[at:], b))
}

// shown is a property that is true for some encodings, by the registration of
// code pages that .NET carries.
func shown(name, doc string, of ...*codec) value.Row {
	return value.Row{Sig: "bool " + name + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		return value.Bool(slices.Contains(of, c.This.Object().(*encoding).codec))
	}}
}

func encodingMembers() []value.Members {
	this := func(c *value.Call) *encoding { return c.This.Object().(*encoding) }
	text := func(c *value.Call) string {
		c.NotNull(0, "s")
		return c.Str(0)
	}
	chars := func(c *value.Call) string {
		c.NotNull(0, "chars")
		return fromChars(c.Thread, c.Args[0], 0, -1)
	}
	whole := func(c *value.Call) []byte {
		c.NotNull(0, "bytes")
		return c.Args[0].Object().(*value.Array).Bytes()
	}
	part := func(c *value.Call) string {
		c.NotNull(0, "s")
		x, at, n := c.Args[0].Text(), c.Int(1), c.Int(2)
		number.NotNegative(c.Thread, at, "index")
		number.NotNegative(c.Thread, n, "count")
		if at > x.Len()-n {
			c.ThrowRange("Index and count must refer to a location within the string.", "s")
		}
		return x.Slice(at, n)
	}
	rows := []value.Row{
		{Sig: "static Encoding GetEncoding(string name)", Doc: "The encoding of a name.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "name")
			k := codecNamed(c.Str(0))
			if k == nil {
				if strings.EqualFold(c.Str(0), "utf-7") {
					c.Throw(value.NotSupportedException, "Support for UTF-7 is disabled. See https://aka.ms/dotnet-warnings/SYSLIB0001 for more information.")
				}
				c.ThrowArgument(value.ArgumentException, "'"+c.Str(0)+"' is not a supported encoding name. For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.", "name")
			}
			return standard[k]
		}},
		{Sig: "static Encoding GetEncoding(int codepage)", Doc: "The encoding of a code page.", Func: func(c *value.Call) value.Value {
			n := c.Int(0)
			if n == 0 {
				return standard[utf8Codec]
			}
			for _, k := range codecs {
				if k.page == n {
					return standard[k]
				}
			}
			if n < 0 || n > 65535 {
				c.ThrowRange("Valid values are between 0 and 65535, inclusive.", "codepage")
			}
			c.Throw(value.NotSupportedException, "No data is available for encoding "+strconv.Itoa(n)+". For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.")
			return value.Null
		}},
		{Sig: "static byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)", Doc: "Bytes of one encoding in another.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "srcEncoding")
			c.NotNull(1, "dstEncoding")
			c.NotNull(2, "bytes")
			s := encodingOf(c.Args[0]).text(c.Thread, c.Args[2].Object().(*value.Array).Bytes())
			return value.Bytes(encodingOf(c.Args[1]).bytes(c.Thread, s))
		}},
		{Sig: "static byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes, int index, int count)", Doc: "Some bytes of one encoding in another.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "srcEncoding")
			c.NotNull(1, "dstEncoding")
			c.NotNull(2, "bytes")
			b, at, n := c.Args[2].Object().(*value.Array).Bytes(), c.Int(3), c.Int(4)
			number.NotNegative(c.Thread, at, "index")
			number.NotNegative(c.Thread, n, "count")
			if at > len(b)-n {
				c.ThrowRange("Index and count must refer to a location within the buffer.", "bytes")
			}
			return value.Bytes(encodingOf(c.Args[1]).bytes(c.Thread, encodingOf(c.Args[0]).text(c.Thread, b[at:at+n])))
		}},
		{Sig: "byte[] GetBytes(string s)", Doc: "The bytes of a string.", Func: func(c *value.Call) value.Value { return value.Bytes(this(c).bytes(c.Thread, text(c))) }},
		{Sig: "byte[] GetBytes(string s, int index, int count)", Doc: "The bytes of a part of a string.", Func: func(c *value.Call) value.Value {
			return value.Bytes(this(c).bytes(c.Thread, part(c)))
		}},
		{Sig: "byte[] GetBytes(char[] chars)", Doc: "The bytes of characters.", Func: func(c *value.Call) value.Value { return value.Bytes(this(c).bytes(c.Thread, chars(c))) }},
		{Sig: "byte[] GetBytes(char[] chars, int index, int count)", Doc: "The bytes of some characters.", Func: func(c *value.Call) value.Value {
			return value.Bytes(this(c).bytes(c.Thread, charSlice(c)))
		}},
		{Sig: "int GetBytes(string s, int charIndex, int charCount, byte[] bytes, int byteIndex)", Doc: "Puts the bytes of a part of a string into an array.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "s")
			c.NotNull(3, "bytes")
			x, at, n := c.Args[0].Text(), c.Int(1), c.Int(2)
			number.NotNegative(c.Thread, at, "charIndex")
			number.NotNegative(c.Thread, n, "charCount")
			if at > x.Len()-n {
				c.ThrowRange("Index and count must refer to a location within the string.", "s")
			}
			return putBytes(c, this(c).bytes(c.Thread, x.Slice(at, n)))
		}},
		{Sig: "int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex)", Doc: "Puts the bytes of some characters into an array.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "chars")
			c.NotNull(3, "bytes")
			a, at, n := c.Args[0].Object().(*value.Array), c.Int(1), c.Int(2)
			number.NotNegative(c.Thread, at, "charIndex")
			number.NotNegative(c.Thread, n, "charCount")
			if at > a.Len()-n {
				c.ThrowRange("Index and count must refer to a location within the buffer.", "chars")
			}
			return putBytes(c, this(c).bytes(c.Thread, fromChars(c.Thread, c.Args[0], at, n)))
		}},
		{Sig: "int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)", Doc: "Puts the characters of some bytes into an array.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "bytes")
			c.NotNull(3, "chars")
			b, at, n := whole(c), c.Int(1), c.Int(2)
			number.NotNegative(c.Thread, at, "byteIndex")
			number.NotNegative(c.Thread, n, "byteCount")
			if at > len(b)-n {
				c.ThrowRange("Index and count must refer to a location within the buffer.", "bytes")
			}
			to, first := c.Args[3].Object().(*value.Array), c.Int(4)
			if first < 0 || first > to.Len() {
				c.ThrowRange("Index was out of range. Must be non-negative and less than or equal to the size of the collection.", "charIndex")
			}
			units := value.Units(this(c).text(c.Thread, b[at:at+n]))
			if len(units) > to.Len()-first {
				c.ThrowArgument(value.ArgumentException, "The output char buffer is too small to contain the decoded characters, encoding '"+this(c).title+"' fallback 'System.Text.DecoderReplacementFallback'.", "chars")
			}
			for i, u := range units {
				to.Set(first+i, value.Char(u))
			}
			return value.Int(len(units))
		}},
		{Sig: "int GetByteCount(string s)", Doc: "The number of bytes of a string.", Func: func(c *value.Call) value.Value {
			return value.Int(len(this(c).bytes(c.Thread, text(c))))
		}},
		{Sig: "int GetByteCount(string s, int index, int count)", Doc: "The number of bytes of a part of a string.", Func: func(c *value.Call) value.Value {
			return value.Int(len(this(c).bytes(c.Thread, part(c))))
		}},
		{Sig: "int GetByteCount(char[] chars)", Doc: "The number of bytes of characters.", Func: func(c *value.Call) value.Value {
			return value.Int(len(this(c).bytes(c.Thread, chars(c))))
		}},
		{Sig: "int GetByteCount(char[] chars, int index, int count)", Doc: "The number of bytes of some characters.", Func: func(c *value.Call) value.Value {
			return value.Int(len(this(c).bytes(c.Thread, charSlice(c))))
		}},
		{Sig: "string GetString(byte[] bytes)", Doc: "The string of bytes; what is malformed becomes U+FFFD.", Func: func(c *value.Call) value.Value {
			return value.String(this(c).text(c.Thread, whole(c)))
		}},
		{Sig: "string GetString(byte[] bytes, int index, int count)", Doc: "The string of some bytes.", Func: func(c *value.Call) value.Value {
			return value.String(this(c).text(c.Thread, byteSlice(c, "count")))
		}},
		{Sig: "char[] GetChars(byte[] bytes)", Doc: "The characters of bytes.", Func: func(c *value.Call) value.Value {
			return toChars(c.Thread, this(c).text(c.Thread, whole(c)))
		}},
		{Sig: "char[] GetChars(byte[] bytes, int index, int count)", Doc: "The characters of some bytes.", Func: func(c *value.Call) value.Value {
			return toChars(c.Thread, this(c).text(c.Thread, byteSlice(c, "count")))
		}},
		{Sig: "int GetCharCount(byte[] bytes)", Doc: "The number of characters of bytes.", Func: func(c *value.Call) value.Value {
			return value.Int(value.Length(this(c).text(c.Thread, whole(c))))
		}},
		{Sig: "int GetCharCount(byte[] bytes, int index, int count)", Doc: "The number of characters of some bytes.", Func: func(c *value.Call) value.Value {
			return value.Int(value.Length(this(c).text(c.Thread, byteSlice(c, "count"))))
		}},
		{Sig: "int GetMaxByteCount(int charCount)", Doc: "The largest number of bytes of so many characters.", Func: func(c *value.Call) value.Value {
			number.NotNegative(c.Thread, c.Int(0), "charCount")
			return value.Int(this(c).mostBytes(c.Int(0)))
		}},
		{Sig: "int GetMaxCharCount(int byteCount)", Doc: "The largest number of characters of so many bytes.", Func: func(c *value.Call) value.Value {
			number.NotNegative(c.Thread, c.Int(0), "byteCount")
			return value.Int(this(c).mostChars(c.Int(0)))
		}},
		{Sig: "byte[] GetPreamble()", Doc: "The byte order mark.", Func: func(c *value.Call) value.Value {
			if e := this(c); e.mark {
				return value.Bytes(bytes.Clone(e.preamble))
			}
			return value.Bytes([]byte{})
		}},
		{Sig: "string WebName { get; }", Doc: "The registered name.", Func: func(c *value.Call) value.Value { return value.String(this(c).name) }},
		{Sig: "string BodyName { get; }", Doc: "The name for mail bodies.", Func: func(c *value.Call) value.Value { return value.String(this(c).name) }},
		{Sig: "string HeaderName { get; }", Doc: "The name for mail headers.", Func: func(c *value.Call) value.Value { return value.String(this(c).name) }},
		{Sig: "string EncodingName { get; }", Doc: "The name for people.", Func: func(c *value.Call) value.Value { return value.String(this(c).title) }},
		{Sig: "int CodePage { get; }", Doc: "The number of the code page.", Func: func(c *value.Call) value.Value { return value.Int(this(c).page) }},
		{Sig: "int WindowsCodePage { get; }", Doc: "The number of the nearest code page of Windows.", Func: func(c *value.Call) value.Value {
			if this(c).single {
				return value.Int(1252)
			}
			return value.Int(1200)
		}},
		shown("IsBrowserDisplay", "Whether browsers show it.", utf8Codec, latin1Codec),
		shown("IsBrowserSave", "Whether browsers save it.", utf8Codec, latin1Codec, utf16Codec),
		shown("IsMailNewsDisplay", "Whether mail programs show it.", utf8Codec, latin1Codec, asciiCodec),
		shown("IsMailNewsSave", "Whether mail programs save it.", utf8Codec, latin1Codec, asciiCodec),
		{Sig: "bool IsAlwaysNormalized()", Doc: "Whether decoded text is always in normal form C.", Func: func(c *value.Call) value.Value {
			return value.Bool(this(c).codec == latin1Codec)
		}},
		{Sig: "bool IsSingleByte { get; }", Doc: "Whether each character is one byte.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).single) }},
		{Sig: "bool IsReadOnly { get; }", Doc: "Whether it cannot be changed.", Func: func(*value.Call) value.Value { return value.True }},
		{Sig: "object Clone()", Doc: "A copy.", Func: func(c *value.Call) value.Value {
			e := *this(c)
			return value.Of(&e)
		}},
	}
	for _, p := range []struct {
		name, doc string
		codec     *codec
	}{
		{"UTF8", "UTF-8.", utf8Codec},
		{"ASCII", "ASCII; other characters become question marks.", asciiCodec},
		{"Unicode", "UTF-16, lowest byte first.", utf16Codec},
		{"BigEndianUnicode", "UTF-16, highest byte first.", utf16beCodec},
		{"UTF32", "UTF-32, lowest byte first.", utf32Codec},
		{"Latin1", "ISO 8859-1.", latin1Codec},
		{"Default", "UTF-8.", utf8Codec},
	} {
		v := standard[p.codec]
		if p.name == "Default" {
			v = value.Of(&encoding{codec: utf8Codec, typ: utf8Sealed.Type()})
		}
		rows = append(rows, value.Row{Sig: "static Encoding " + p.name + " { get; }", Doc: p.doc, Func: func(*value.Call) value.Value { return v }})
	}
	make := func(k func(c *value.Call) *codec, typ *types.Def, mark, strict int) func(*value.Call) value.Value {
		return func(c *value.Call) value.Value {
			flag := func(i int) bool { return i == always || i >= 0 && i < len(c.Args) && c.Bool(i) }
			return value.Of(&encoding{codec: k(c), typ: typ.Type(), mark: flag(mark), strict: flag(strict)})
		}
	}
	fixed := func(k *codec) func(*value.Call) *codec { return func(*value.Call) *codec { return k } }
	order := func(little, big *codec) func(*value.Call) *codec {
		return func(c *value.Call) *codec {
			if c.Bool(0) {
				return big
			}
			return little
		}
	}
	return []value.Members{
		{Def: Encoding, Doc: "Text as bytes.", Rows: rows},
		{Def: utf8Encoding, Doc: "UTF-8.", Beyond: true, Rows: []value.Row{
			{Sig: "UTF8Encoding()", Doc: "UTF-8 without a byte order mark.", Func: make(fixed(utf8Codec), utf8Encoding, never, never)},
			{Sig: "UTF8Encoding(bool encoderShouldEmitUTF8Identifier)", Doc: "UTF-8, perhaps with a byte order mark.", Func: make(fixed(utf8Codec), utf8Encoding, 0, never)},
			{Sig: "UTF8Encoding(bool encoderShouldEmitUTF8Identifier, bool throwOnInvalidBytes)", Doc: "UTF-8 that may throw at what is malformed.", Func: make(fixed(utf8Codec), utf8Encoding, 0, 1)},
		}},
		{Def: asciiEncoding, Doc: "ASCII.", Beyond: true, Rows: []value.Row{
			{Sig: "ASCIIEncoding()", Doc: "ASCII.", Func: make(fixed(asciiCodec), asciiEncoding, never, never)},
		}},
		{Def: unicodeEncoding, Doc: "UTF-16.", Beyond: true, Rows: []value.Row{
			{Sig: "UnicodeEncoding()", Doc: "UTF-16, lowest byte first.", Func: make(fixed(utf16Codec), unicodeEncoding, always, never)},
			{Sig: "UnicodeEncoding(bool bigEndian, bool byteOrderMark)", Doc: "UTF-16 in either order.", Func: make(order(utf16Codec, utf16beCodec), unicodeEncoding, 1, never)},
		}},
		{Def: utf32Encoding, Doc: "UTF-32.", Beyond: true, Rows: []value.Row{
			{Sig: "UTF32Encoding()", Doc: "UTF-32, lowest byte first.", Func: make(fixed(utf32Codec), utf32Encoding, always, never)},
			{Sig: "UTF32Encoding(bool bigEndian, bool byteOrderMark)", Doc: "UTF-32 in either order.", Func: make(order(utf32Codec, utf32beCodec), utf32Encoding, 1, never)},
		}},
		{Def: latin1Encoding, Doc: "ISO 8859-1.", Beyond: true},
		{Def: utf8Sealed, Doc: "What Encoding.UTF8 is.", Beyond: true},
		{Def: asciiSealed, Doc: "What Encoding.ASCII is.", Beyond: true},
		{Def: latin1Sealed, Doc: "What Encoding.Latin1 is.", Beyond: true},
		{Def: decoderException, Doc: "Bytes are no text.", Beyond: true, Rows: value.ExceptionRows(decoderException, "Value does not fall within the expected range.")},
		{Def: encoderException, Doc: "A text has no bytes.", Beyond: true, Rows: value.ExceptionRows(encoderException, "Value does not fall within the expected range.")},
	}
}

// always and never stand for arguments that are not there.
const (
	never  = -1
	always = -2
)
