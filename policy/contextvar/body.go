package contextvar

import (
	"context"
	"mime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var (
	bodyFaceDef = types.Declare(Namespace, "public interface IMessageBody")
	bodyDef     = types.Declare(hidden, "public sealed class Body : IMessageBody")

	byteArray = types.ArrayOf(types.Byte, 1)
)

// body is a message's body as expressions see it. It reads whatever body the
// message has at the time: set-body gives it a new one.
type body struct {
	at     **exchange.Body
	header *exchange.Header
}

// Type is the type behind IMessageBody.
func (b *body) Type() *types.Type { return bodyDef.Type() }

// orNull is the body, or null where the message has none. A body of length 0 is
// none: a POST with Content-Length 0 reads as a GET does. One that was read
// without being kept is still there and throws when it is read again.
func (b *body) orNull() value.Value {
	x := *b.at
	if !x.Consumed() && (x.Kind() == exchange.Absent || x.Length() == 0) {
		return value.Null
	}
	return value.Of(b)
}

// read takes the bytes, and uses the body up unless it is to be preserved.
// Mostly the pipeline has buffered it, since asking for a body is an effect
// that the compiler sees; only a response that an expression has turned into
// an IResponse comes here as a stream, and is buffered within the memory that
// the evaluation has left.
func (b *body) read(c *value.Call, preserve bool) []byte {
	x := *b.at
	if x.Consumed() {
		c.Throw(value.InvalidOperationException, "The body has already been read.")
	}
	if x.Kind() == exchange.Streaming {
		ctx := c.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		if err := x.Buffer(ctx, max(1, c.Remaining())); err != nil {
			c.Throw(value.InvalidOperationException, "The body cannot be read: "+err.Error()+".")
		}
	}
	if x.Kind() == exchange.Absent {
		return nil
	}
	bytes := x.Bytes()
	if !preserve {
		x.Consume()
	}
	return bytes
}

// text decodes the body by the charset of its content type, or as UTF-8; a
// byte-order mark wins over both and is dropped. What makes no sense becomes
// replacement characters, as in .NET.
func (b *body) text(c *value.Call, preserve bool) string {
	bytes := b.read(c, preserve)
	c.Alloc(len(bytes))
	return decode(bytes, b.header.Get("Content-Type"))
}

func decode(b []byte, contentType string) string {
	switch {
	case len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf:
		return utf8Text(b[3:])
	case len(b) >= 2 && b[0] == 0xff && b[1] == 0xfe:
		return utf16Text(b[2:], 0)
	case len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff:
		return utf16Text(b[2:], 1)
	}
	_, parameters, _ := mime.ParseMediaType(contentType)
	switch strings.ToLower(parameters["charset"]) {
	case "iso-8859-1", "latin1", "us-ascii", "ascii":
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes)
	case "utf-16", "utf-16le":
		return utf16Text(b, 0)
	case "utf-16be":
		return utf16Text(b, 1)
	}
	return utf8Text(b)
}

// utf8Text decodes UTF-8. As in .NET, the longest beginning of a character that
// is not gone on with becomes one replacement character.
func utf8Text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out []byte
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			n = badPrefix(b[i:])
		}
		out = utf8.AppendRune(out, r)
		i += n
	}
	return string(out)
}

// badPrefix is the length of the beginning of a character at the start of b,
// which is at least 1 even if no character begins so.
func badPrefix(b []byte) int {
	lead, low, high := b[0], byte(0x80), byte(0xbf)
	more := 0
	switch {
	case lead >= 0xc2 && lead <= 0xdf:
		more = 1
	case lead >= 0xe0 && lead <= 0xef:
		more = 2
	case lead >= 0xf0 && lead <= 0xf4:
		more = 3
	}
	switch lead {
	case 0xe0:
		low = 0xa0
	case 0xed:
		high = 0x9f
	case 0xf0:
		low = 0x90
	case 0xf4:
		high = 0x8f
	}
	n := 1
	for ; n <= more && n < len(b) && b[n] >= low && b[n] <= high; n++ {
		low, high = 0x80, 0xbf
	}
	return n
}

// utf16Text decodes UTF-16; bigEndian is 1 when the more significant byte of a
// unit comes first, else 0.
func utf16Text(b []byte, bigEndian int) string {
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i+1-bigEndian])<<8|uint16(b[i+bigEndian]))
	}
	return string(utf16.Decode(units))
}

// as is the body as one of the types that As<T> knows.
func (b *body) as(c *value.Call, want *types.Type, preserve bool) value.Value {
	switch want {
	case types.String:
		return value.String(b.text(c, preserve))
	case byteArray:
		bytes := b.read(c, preserve)
		c.Alloc(len(bytes))
		return value.Bytes(append([]byte(nil), bytes...))
	}
	if p, ok := parsers[want.FullName()]; ok {
		return invoke(c.Thread, p[0], p[1], "Parse", value.String(b.text(c, preserve)))
	}
	b.read(c, preserve)
	c.Throw(value.NotSupportedException, "The type '"+want.ReflectionName()+"' is not supported.")
	return value.Null
}

// form reads a form: names in order, each with the list of its values.
func (b *body) form(c *value.Call, preserve bool) value.Value {
	list := types.IListT.Of(types.String)
	d := value.NewDictionary(types.String, list, nil)
	for pair := range strings.SplitSeq(b.text(c, preserve), "&") {
		c.Step(1)
		name, v, _ := strings.Cut(pair, "=")
		key := value.String(formDecode(name))
		at, ok := d.Get(c.Thread, key)
		if !ok {
			at = value.Of(value.NewList(types.String, nil))
			d.Put(c.Thread, key, at)
		}
		at.Object().(*value.List).Add(c.Thread, value.String(formDecode(v)))
	}
	return value.Of(d)
}

// formDecode is WebUtility.UrlDecode: plus signs are blanks, and bytes that
// make no UTF-8 become replacement characters.
func formDecode(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if !strings.Contains(s, "%") {
		return s
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := hex(s[i+1]), hex(s[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return utf8Text(out)
}

func bodyMembers() []value.Members {
	rows := []value.Row{
		{Sig: "T As<T>(bool preserveContent = false)", Doc: "The body as a string, bytes, JSON or XML. It is used up unless it is preserved.", Func: func(c *value.Call) value.Value {
			return c.This.Object().(*body).as(c, c.Types[0], c.Bool(0))
		}},
		{Sig: "IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)", Doc: "The body as the fields of a form.", Func: func(c *value.Call) value.Value {
			return c.This.Object().(*body).form(c, c.Bool(0))
		}},
	}
	return []value.Members{
		{Def: bodyFaceDef, Doc: "The body of a message.", Rows: abstract(rows)},
		{Def: bodyDef, Doc: "The body of a message.", Rows: rows},
	}
}
