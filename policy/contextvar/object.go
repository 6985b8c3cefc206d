package contextvar

import (
	"github.com/spillway-gateway/spillway/expr/bcl/net"
	bcltime "github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// ContextDef is the type of the variable `context`.
var ContextDef = types.Declare(hidden, "public sealed class Context")

// object is the context of one exchange with the objects behind its
// properties, so that reading them again gives the same ones and allocates
// nothing.
type object struct {
	x         *exchange.Exchange
	variables variables
	request   request
	// response and err are those of x; they are made anew when x's change.
	response *response
	err      *lastError
	made     map[string]value.Value
}

// Of is the context object of an exchange. Like the exchange, it is used by
// one goroutine at a time.
func Of(x *exchange.Exchange) value.Value {
	if o, ok := x.Object.(*object); ok && o.x == x {
		return value.Of(o)
	}
	o := &object{x: x}
	o.variables.x = x
	o.request.init(o)
	x.Object = o
	return value.Of(o)
}

// Type is the type of context.
func (o *object) Type() *types.Type { return ContextDef.Type() }

// once makes the object behind a property at its first read.
func (o *object) once(name string, make func() value.Value) value.Value {
	if v, ok := o.made[name]; ok {
		return v
	}
	if o.made == nil {
		o.made = map[string]value.Value{}
	}
	v := make()
	o.made[name] = v
	return v
}

// currentResponse is the object of the exchange's response, nil without one.
func (o *object) currentResponse() value.Value {
	r := o.x.Response
	if r == nil {
		return value.Null
	}
	if o.response == nil || o.response.r != r {
		o.response = newResponse(r)
	}
	return value.Of(o.response)
}

// currentError is the object of the exchange's error, null without one.
func (o *object) currentError() value.Value {
	e := o.x.LastError
	if e == nil {
		return value.Null
	}
	if o.err == nil || o.err.e != e {
		o.err = &lastError{e}
	}
	return value.Of(o.err)
}

// Shape leaves out what only some requests have, as Azure's own object is
// believed to; nobody serialises context, but nothing should fail if they do.
func (o *object) Shape(t *value.Thread) []value.Property {
	return withoutNulls(t, o, "Backend", "GraphQL")
}

// withoutNulls is the shape that the rows give, without the named properties
// that are null.
func withoutNulls(t *value.Thread, o value.Object, optional ...string) []value.Property {
	var props []value.Property
	for _, m := range t.Table.Info(o.Type().Def()).All {
		if m.Kind != types.Property || m.Explicit != nil {
			continue
		}
		v := t.Get(m, value.Of(o))
		if v.IsNull() && contains(optional, m.Name) {
			continue
		}
		props = append(props, value.Property{Name: m.Name, Value: v})
	}
	return props
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func objectMembers() []value.Members {
	fast := func(row value.Row, f func(value.Value) value.Value) value.Row {
		row.Fast = f
		return row
	}
	return []value.Members{{Def: ContextDef, Doc: "The request on its way through the gateway.", Rows: []value.Row{
		property("Guid RequestId", "The request's id.", func(_ *value.Thread, o *object) value.Value {
			return o.once("RequestId", func() value.Value { return net.GuidOf(o.x.ID) })
		}),
		property("DateTime Timestamp", "When the request was received, in UTC.", func(_ *value.Thread, o *object) value.Value {
			return bcltime.FromGo(o.x.Received).Value()
		}),
		{Sig: "TimeSpan Elapsed { get; }", Doc: "The time since the request was received.", Effects: value.ReadsClock, Func: func(c *value.Call) value.Value {
			return bcltime.SpanFromGo(c.Now().Sub(c.This.Object().(*object).x.Received)).Value()
		}},
		flag("Tracing", "Whether the request is traced.", func(o *object) bool { return o.x.Trace.On() }),
		property("Api Api", "The API that the request was matched to; null where none was.", func(_ *value.Thread, o *object) value.Value {
			return o.once("Api", func() value.Value { return apiOf(o.x, o.x.API) })
		}),
		property("Operation Operation", "The operation that the request was matched to; null where none was.", func(_ *value.Thread, o *object) value.Value {
			return o.once("Operation", func() value.Value { return operationOf(o.x.Operation) })
		}),
		property("Product Product", "The product that the caller's key opened; null where none did.", func(_ *value.Thread, o *object) value.Value {
			return o.once("Product", func() value.Value { return productOf(o.x) })
		}),
		property("Subscription Subscription", "The subscription of the caller's key; null without a key.", func(_ *value.Thread, o *object) value.Value {
			return o.once("Subscription", func() value.Value { return subscriptionOf(o.x) })
		}),
		property("User User", "The owner of the subscription; null where there is none.", func(_ *value.Thread, o *object) value.Value {
			return o.once("User", func() value.Value { return userOf(o.x) })
		}),
		property("Deployment Deployment", "The gateway that handles the request.", func(_ *value.Thread, o *object) value.Value {
			return o.once("Deployment", func() value.Value { return deploymentOf(o.x) })
		}),
		property("Backend Backend", "The backend entity in force; null before one was chosen.", func(_ *value.Thread, o *object) value.Value {
			return backendOf(o.x)
		}),
		property("Workspace Workspace", "The workspace of the API; null outside of one.", func(_ *value.Thread, o *object) value.Value {
			return o.once("Workspace", func() value.Value { return workspaceOf(o.x) })
		}),
		property("LastError LastError", "The error that led to on-error; null without one.", func(_ *value.Thread, o *object) value.Value {
			return o.currentError()
		}),
		fast(property("Request Request", "The request as policies have made it.", func(_ *value.Thread, o *object) value.Value {
			return value.Of(&o.request)
		}), func(v value.Value) value.Value { return value.Of(&v.Object().(*object).request) }),
		fast(property("Response Response", "The response; null until there is one.", func(_ *value.Thread, o *object) value.Value {
			return o.currentResponse()
		}), func(v value.Value) value.Value { return v.Object().(*object).currentResponse() }),
		fast(property("VariablesDictionary Variables", "The variables of the request.", func(_ *value.Thread, o *object) value.Value {
			return value.Of(&o.variables)
		}), func(v value.Value) value.Value { return value.Of(&v.Object().(*object).variables) }),
		{Sig: "void Trace(string message)", Doc: "Adds a message to the request's trace.", Func: func(c *value.Call) value.Value {
			if say := c.This.Object().(*object).x.Say; say != nil {
				say(c.Str(0))
			}
			return value.Null
		}},
	}}}
}
