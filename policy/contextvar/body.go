package contextvar

import (
	"context"
	"mime"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	bcltext "github.com/spillway-gateway/spillway/expr/bcl/text"
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
	_, parameters, _ := mime.ParseMediaType(contentType)
	return bcltext.Decode(parameters["charset"], b)
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
		key := value.String(net.DecodeForm(name))
		at, ok := d.Get(c.Thread, key)
		if !ok {
			at = value.Of(value.NewList(types.String, nil))
			d.Put(c.Thread, key, at)
		}
		at.Object().(*value.List).Add(c.Thread, value.String(net.DecodeForm(v)))
	}
	return value.Of(d)
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
