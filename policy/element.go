package policy

import (
	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/source"
)

// Target is the message that a policy like set-header works on, fixed by where
// it stands.
type Target uint8

// The targets.
const (
	// Request is that of inbound and backend.
	Request Target = iota
	// Response is that of outbound and on-error.
	Response
	// Message is the one under construction: the response inside
	// return-response, the request inside send-request.
	Message
)

// Element is an element that has been checked against its row, while its step
// is being made. It is not kept.
type Element struct {
	shape    *Shape
	node     *markup.Element
	origin   Origin
	target   Target
	compiler *compiler

	values   map[string]*Value
	text     *Value
	children []*Element
	block    Block
	steps    Block
	effects  Effects
}

// Name is the element's name.
func (e *Element) Name() string { return e.shape.Name }

// Value is the compiled attribute; nil when it is absent and has no default.
// The name must be one of the row's.
func (e *Element) Value(name string) *Value {
	if e.shape.attribute(name) == nil {
		panic("policy: " + e.shape.Name + " has no attribute " + name)
	}
	return e.values[name]
}

// Has reports whether the attribute was written, default or not.
func (e *Element) Has(name string) bool { return e.node.Attr(name) != nil }

// Literal is the text of an attribute that takes no expression, its default
// included.
func (e *Element) Literal(name string) string { return e.Value(name).Literal() }

// True reports whether a boolean attribute that takes no expression is true.
func (e *Element) True(name string) bool {
	v := e.Value(name)
	return v != nil && v.truth
}

// Text is the element's compiled text; nil when its row has none.
func (e *Element) Text() *Value { return e.text }

// Children are the child elements of that name, in order.
func (e *Element) Children(name string) []*Element {
	var list []*Element
	for _, c := range e.children {
		if c.shape.Name == name {
			list = append(list, c)
		}
	}
	return list
}

// Child is the first child of that name, or nil.
func (e *Element) Child(name string) *Element {
	for _, c := range e.children {
		if c.shape.Name == name {
			return c
		}
	}
	return nil
}

// Block are the policies that the element holds.
func (e *Element) Block() Block { return e.block }

// Steps are its children that are policies on the message it builds, in order.
func (e *Element) Steps() Block { return e.steps }

// Target is the message that the element works on.
func (e *Element) Target() Target { return e.target }

// Origin is where the element stands.
func (e *Element) Origin() Origin { return e.origin }

// Service is the service being compiled, read-only; nil for documents that
// belong to none.
func (e *Element) Service() *apim.Service { return e.compiler.set.service }

// Contents are the resources that names in this document refer to, the
// service's own or its workspace's; nil for documents that belong to none.
func (e *Element) Contents() *apim.Contents { return e.compiler.contents }

// Resolve puts named values into a text outside of the document, such as a
// backend's URL. Names that nothing gives a value to stay.
func (e *Element) Resolve(text string) string {
	v, _ := markup.Substitute(markup.Value{Text: text}, func(name string) (string, bool, bool) {
		if c := e.compiler.contents; c != nil {
			if n := c.NamedValue(name); n != nil && n.HasValue {
				return n.Value, n.Sensitive(), true
			}
		}
		return "", false, false
	})
	return v.Text
}

// Operations are the operations whose requests the document can run for, as
// far as its scope says: its own, or all of its API; nil when it does not say.
func (e *Element) Operations() []*apim.Operation { return e.compiler.operations }

// Loose reports whether the document belongs to no service, so that names of
// backends and the like are taken as given.
func (e *Element) Loose() bool { return e.compiler.set.options.Loose }

// Effect adds an effect that the step has beyond those of its values.
func (e *Element) Effect(effects Effects) { e.effects |= effects }

// Problem reports something wrong with the element, at its name.
func (e *Element) Problem(code, format string, args ...any) *source.Problem {
	return e.compiler.problem(e.node, e.node.NameSpan, code, format, args...)
}

// ProblemAt reports something wrong with the value of an attribute, or with
// the element when the attribute is not there.
func (e *Element) ProblemAt(attribute, code, format string, args ...any) *source.Problem {
	if a := e.node.Attr(attribute); a != nil {
		return e.compiler.problem(e.node, a.Value.Span, code, format, args...)
	}
	return e.Problem(code, format, args...)
}

// Warn reports something doubtful about the element.
func (e *Element) Warn(code, format string, args ...any) *source.Problem {
	p := e.Problem(code, format, args...)
	p.Severity = source.Warning
	return p
}

// Header is the header list that a step with that target changes.
func (r *Run) Header(t Target) *exchange.Header {
	if q := r.Request(t); q != nil {
		return &q.Header
	}
	return &r.Response(t).Header
}

// Request is the request that a step with that target changes, nil for one that
// changes a response.
func (r *Run) Request(t Target) *exchange.Request {
	switch {
	case t == Request:
		return &r.X.Request
	case t == Message:
		return r.Sending
	}
	return nil
}

// Response is the response that a step with that target changes. Before any
// exists, as for set-status in inbound, an empty one is made, which a
// backend's answer replaces.
func (r *Run) Response(t Target) *exchange.Response {
	if t == Message && r.Message != nil {
		return r.Message
	}
	if r.X.Response == nil {
		r.X.Response = emptyResponse()
	}
	return r.X.Response
}

// SetBody replaces the body of the message. What described the old bytes goes:
// their encoding, their length and their digest.
func (r *Run) SetBody(t Target, body []byte) {
	h := r.Header(t)
	h.Del("Content-Encoding")
	h.Del("Content-Length")
	h.Del("Content-MD5")
	if q := r.Request(t); q != nil {
		_ = q.Body.Close()
		q.Body = exchange.BufferedBody(body)
		return
	}
	m := r.Response(t)
	_ = m.Body.Close()
	m.Body = exchange.BufferedBody(body)
}

// ProblemInText reports something wrong at an offset into the element's text, as
// it is after named values were put in.
func (e *Element) ProblemInText(offset int, code, format string, args ...any) *source.Problem {
	v := e.compiler.substituted(e.node.Text())
	at := min(offset, len(v.Text))
	return e.compiler.problem(e.node, v.Map.Span(source.Span{Start: at, End: min(at+1, len(v.Text))}), code, format, args...)
}
