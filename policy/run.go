package policy

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"

	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// Run is one exchange on its way through one pipeline: what a step works with.
// It belongs to one goroutine and must not be kept.
type Run struct {
	// X is the exchange.
	X *exchange.Exchange
	// Message is the response under construction inside return-response, where
	// set-header and its like write to it; Sending is the request that
	// send-request and its like make, likewise. Else they are nil.
	Message *exchange.Response
	Sending *exchange.Request

	pipeline *Pipeline
	at       *Origin
	detached bool
	// recorded is the error whose trace entry was made where it was raised.
	recorded *exchange.Error
	later    [3][]later
	ending   Ending
	notes    map[string]any
	// ctx and turn are those of a policy that runs beside others, else nil.
	ctx  context.Context
	turn *sync.Mutex
	args [1]value.Value
}

var runs = sync.Pool{New: func() any { return new(Run) }}

func newRun(p *Pipeline, x *exchange.Exchange) *Run {
	r := runs.Get().(*Run)
	r.X, r.pipeline = x, p
	if x.Trace.On() {
		r.startTrace()
	}
	return r
}

// startTrace keeps the caller's credentials out of the trace, wherever a policy
// may copy them to, and lets context.Trace write into it.
func (r *Run) startTrace() {
	x := r.X
	var header, query string
	if x.API != nil {
		header, query = x.API.KeyNames.Header, x.API.KeyNames.Query
	}
	x.Trace.Hide(x.Key)
	if x.Subscription != nil {
		x.Trace.Hide(x.Subscription.PrimaryKey, x.Subscription.SecondaryKey)
	}
	for _, f := range x.Request.Header {
		if trace.SecretName(f.Name) || strings.EqualFold(f.Name, header) {
			x.Trace.Hide(f.Value)
		}
	}
	for part := range strings.SplitSeq(x.Request.URL.Query, "&") {
		name, v, _ := strings.Cut(part, "=")
		if trace.SecretName(name) || strings.EqualFold(name, query) {
			x.Trace.Hide(v)
			if decoded, err := url.QueryUnescape(v); err == nil {
				x.Trace.Hide(decoded)
			}
		}
	}
	x.Say = func(message string) { r.Trace(trace.Text(message)) }
}

func (r *Run) release() {
	if r.X.Trace.On() {
		r.X.Say = nil
	}
	*r = Run{}
	runs.Put(r)
}

// Pipeline is what is being run.
func (r *Run) Pipeline() *Pipeline { return r.pipeline }

// Origin is where the policy that is running stands.
func (r *Run) Origin() *Origin {
	if r.at == nil {
		return &noOrigin
	}
	return r.at
}

var noOrigin Origin

// Stand says that what follows runs at another place, a when of a choose for
// one, and returns the place before, to be gone back to.
func (r *Run) Stand(at *Origin) (before *Origin) {
	before, r.at = r.at, at
	return before
}

// Context ends when the client goes. In on-error after the client has gone it
// does not end, so that policies there can still log.
func (r *Run) Context() context.Context {
	switch {
	case r.detached || r.X.Context == nil:
		return context.Background()
	case r.ctx != nil:
		return r.ctx
	}
	return r.X.Context
}

// Tracing reports whether the request is traced; building the data of an entry
// is worth asking for.
func (r *Run) Tracing() bool { return r.X.Trace.On() }

// Trace records an entry of the running policy. data is a string or something
// that encoding/json renders as an object.
func (r *Run) Trace(data any) {
	if r.X.Trace.On() {
		o := r.Origin()
		r.X.Trace.AddPlaced(string(o.Section), o.Policy, o.tracePlace(), data)
	}
}

// tracePlace is where the policy is written, as a trace has it.
func (o *Origin) tracePlace() trace.Place {
	at := trace.Place{Scope: string(o.Scope), Path: o.Path}
	if o.File != nil {
		at.File, at.Line = o.File.Name(), o.File.Position(o.Span.Start).Line
	}
	return at
}

// Do runs a block: the children of a container.
func (r *Run) Do(b Block) error {
	outer := r.at
	for i := range b {
		r.at = &b[i].Origin
		if err := b[i].Step.Run(r); err != nil {
			err = r.placed(err)
			r.at = outer
			return err
		}
	}
	r.at = outer
	return nil
}

func (r *Run) section(s Section, b Block) error {
	if err := r.Context().Err(); err != nil {
		e := exchange.ClientGone("request-forwarder")
		e.Section = string(s)
		return e
	}
	return r.Do(b)
}

// placed makes err an *exchange.Error that knows the policy that raised it:
// the innermost one, since an error is placed once. One that has no place is
// copied: several requests may fail with it.
func (r *Run) placed(err error) error {
	switch {
	case errors.Is(err, ErrDone):
		return ErrDone
	case errors.Is(err, ErrCached):
		return ErrCached
	}
	var e *exchange.Error
	if !errors.As(err, &e) {
		e = r.Error(exchange.ReasonInternal, err.Error())
		e.Err = err
	}
	if e.Section == "" {
		own := *e
		r.place(&own)
		return &own
	}
	return e
}

func (r *Run) place(e *exchange.Error) {
	o := r.Origin()
	e.Scope, e.Section, e.Path, e.PolicyID = string(o.Scope), string(o.Section), o.Path, o.ID
}

// Error is an error of the running policy, a 500 unless its Status is set.
func (r *Run) Error(reason, message string) *exchange.Error {
	e := &exchange.Error{Source: r.Origin().Policy, Reason: reason, Message: message, Status: 500}
	r.place(e)
	return e
}

// ClientGone is the outcome when the client has left, or nil while it is there.
func (r *Run) ClientGone() error {
	if r.Context().Err() == nil {
		return nil
	}
	return exchange.ClientGone(r.Origin().Policy)
}

// fail makes the error's response and runs on-error over it.
func (r *Run) fail(err error) {
	var e *exchange.Error
	if !errors.As(r.placed(err), &e) {
		return
	}
	// What failed may name a secret: a host that a named value holds, a value
	// that a policy refuses. Policies and callers see the message.
	if message, answer := r.masked(e.Message), r.masked(e.Answer); message != e.Message || answer != e.Answer {
		hidden := *e
		hidden.Message, hidden.Answer = message, answer
		e = &hidden
	}
	x := r.X
	x.LastError = e
	if !e.Responded || x.Response == nil {
		if x.Response != nil {
			_ = x.Response.Body.Close()
		}
		x.Response = e.Response(x.ID)
	}
	r.traceError(e)
	// A client that has gone must not stop the policies that record so.
	r.detached = e.Reason == exchange.ReasonClientConnection
	r.Message, r.Sending = nil, nil
	err = r.Do(r.pipeline.Section(SectionOnError))
	if err == nil || errors.Is(err, ErrDone) {
		return
	}
	// What an error inside on-error does is not documented. Ours ends
	// on-error, leaves the response as it stands then, and tells the log.
	if errors.As(err, &e) {
		x.OnErrorFailure = e
		r.traceError(e)
	}
}

// traceError records why the path was left, in APIM's shape for failures: the
// messages from the particular to the general. An expression's own record has
// been made where it was evaluated.
func (r *Run) traceError(e *exchange.Error) {
	if !r.X.Trace.On() || e == r.recorded {
		return
	}
	section := e.Section
	if section == "" {
		section = string(SectionInbound)
	}
	at := trace.Place{Scope: e.Scope, Path: e.Path}
	if o := r.Origin(); o.Path == e.Path && string(o.Scope) == e.Scope {
		at = o.tracePlace()
	}
	r.X.Trace.AddPlaced(section, e.Source, at, map[string]any{"messages": []string{e.Message}})
}
