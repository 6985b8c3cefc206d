package contextvar

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var (
	requestDef         = types.Declare(hidden, "public sealed class Request")
	responseFaceDef    = types.Declare(Namespace, "public interface IResponse")
	responseDef        = types.Declare(hidden, "public sealed class Response : IResponse")
	foundryDef         = types.Declare(hidden, "public sealed class Foundry")
	privateEndpointDef = types.Declare(hidden, "public sealed class PrivateEndpointConnection")
)

// request is context.Request.
type request struct {
	o          *object
	original   url
	url        url
	headers    headers
	parameters parameters
	body       body
}

func (q *request) init(o *object) {
	x := o.x
	q.o = o
	q.original.u, q.url.u = &x.Original.URL, &x.Request.URL
	q.headers.h = &x.Request.Header
	q.parameters.x = x
	q.body = body{at: &x.Request.Body, header: &x.Request.Header}
}

// Type is the type of context.Request.
func (q *request) Type() *types.Type { return requestDef.Type() }

// Shape leaves out what only some requests have.
func (q *request) Shape(t *value.Thread) []value.Property {
	return withoutNulls(t, q, "Foundry", "PrivateEndpointConnection")
}

// response is context.Response, or a response in a variable.
type response struct {
	r       *exchange.Response
	headers headers
	body    body
}

func newResponse(r *exchange.Response) *response {
	p := &response{r: r, headers: headers{&r.Header}}
	p.body = body{at: &r.Body, header: &r.Header}
	return p
}

// NewResponse is a response as a variable holds it: what send-request gives,
// an IResponse to expressions. Its body must be buffered.
func NewResponse(r *exchange.Response) value.Value { return value.Of(newResponse(r)) }

// Type is the type behind IResponse.
func (p *response) Type() *types.Type { return responseDef.Type() }

// Response is the response itself, for the policies that take one out of a
// variable.
func (p *response) Response() *exchange.Response { return p.r }

type foundry struct{ f *exchange.Foundry }

func (f *foundry) Type() *types.Type { return foundryDef.Type() }

type privateEndpoint struct{ p *exchange.PrivateEndpoint }

func (p *privateEndpoint) Type() *types.Type { return privateEndpointDef.Type() }

func requestMembers() []value.Members {
	fast := func(row value.Row, f any) value.Row { row.Fast = f; return row }
	body := property("IMessageBody Body", "The body; null when the request has none.", func(_ *value.Thread, q *request) value.Value {
		return q.body.orNull()
	})
	// Whoever asks for the body is about to read it: As<T> itself cannot tell
	// whose body it is.
	body.Effects = value.ReadsRequestBody
	return []value.Members{
		{Def: requestDef, Doc: "The request.", Rows: []value.Row{
			fast(text("Method", "The method, as set-method left it.", func(q *request) string { return q.o.x.Request.Method }),
				func(v value.Value) value.Value { return value.String(v.Object().(*request).o.x.Request.Method) }),
			property("IUrl OriginalUrl", "The address as the caller wrote it.", func(_ *value.Thread, q *request) value.Value { return value.Of(&q.original) }),
			property("IUrl Url", "The address that the request goes to.", func(_ *value.Thread, q *request) value.Value { return value.Of(&q.url) }),
			text("IpAddress", "The address of the caller.", func(q *request) string { return q.o.x.ClientIP }),
			property("StringDictionary MatchedParameters", "The parameters of the operation's template.", func(_ *value.Thread, q *request) value.Value {
				return value.Of(&q.parameters)
			}),
			fast(property("ValuesDictionary Headers", "The headers.", func(_ *value.Thread, q *request) value.Value { return value.Of(&q.headers) }),
				func(v value.Value) value.Value { return value.Of(&v.Object().(*request).headers) }),
			body,
			property("Foundry Foundry", "The model call of a Foundry request; null elsewhere.", func(_ *value.Thread, q *request) value.Value {
				return q.o.once("Foundry", func() value.Value {
					if f := q.o.x.Foundry; f != nil {
						return value.Of(&foundry{f})
					}
					return value.Null
				})
			}),
			property("PrivateEndpointConnection PrivateEndpointConnection", "The private endpoint that the request came through; null elsewhere.", func(_ *value.Thread, q *request) value.Value {
				return q.o.once("PrivateEndpointConnection", func() value.Value {
					if p := q.o.x.PrivateEndpoint; p != nil {
						return value.Of(&privateEndpoint{p})
					}
					return value.Null
				})
			}),
		}},
		{Def: foundryDef, Doc: "A call of a Foundry model.", Rows: []value.Row{
			textOrNull("Deployment", "The model's deployment.", func(f *foundry) string { return f.f.Deployment }),
		}},
		{Def: privateEndpointDef, Doc: "A private endpoint connection.", Rows: []value.Row{
			textOrNull("Name", "Its name.", func(p *privateEndpoint) string { return p.p.Name }),
			textOrNull("GroupId", "Its group.", func(p *privateEndpoint) string { return p.p.GroupID }),
			textOrNull("MemberName", "Its member.", func(p *privateEndpoint) string { return p.p.MemberName }),
		}},
	}
}

func responseMembers() []value.Members {
	rows := func() []value.Row {
		status := property("int StatusCode", "The status code.", func(_ *value.Thread, p *response) value.Value { return value.Int(p.r.Status) })
		status.Fast = func(v value.Value) int64 { return int64(v.Object().(*response).r.Status) }
		h := property("ValuesDictionary Headers", "The headers.", func(_ *value.Thread, p *response) value.Value { return value.Of(&p.headers) })
		h.Fast = func(v value.Value) value.Value { return value.Of(&v.Object().(*response).headers) }
		return []value.Row{
			property("IMessageBody Body", "The body; null when there is none.", func(_ *value.Thread, p *response) value.Value { return p.body.orNull() }),
			h,
			status,
			text("StatusReason", "The reason phrase.", func(p *response) string {
				if p.r.Reason == "" {
					return exchange.Phrase(p.r.Status)
				}
				return p.r.Reason
			}),
		}
	}
	// The response in hand is buffered before an expression that asks for its
	// body. One in a variable is buffered by then, so IResponse does not make
	// the gateway wait for the other.
	own := rows()
	own[0].Effects = value.ReadsResponseBody
	return []value.Members{
		{Def: responseFaceDef, Doc: "A response, such as send-request leaves in a variable.", Rows: abstract(rows())},
		{Def: responseDef, Doc: "The response.", Rows: own},
	}
}
