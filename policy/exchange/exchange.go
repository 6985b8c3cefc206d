// Package exchange is one request with its response on the way through the
// gateway, in the gateway's own types: nothing here or above knows net/http
// (design decision D3).
//
// An Exchange is used by one goroutine at a time, from the listener to the
// last byte; policies that run in parallel work on copies.
package exchange

import (
	"context"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// Exchange is a request with its response in flight.
type Exchange struct {
	// ID is the request's id: context.RequestId, the activityId of error
	// bodies, the trace id and the correlation id of logs.
	ID GUID
	// Generation names the compiled service that the exchange started on.
	Generation string
	// Received is when the head had come; context.Timestamp.
	Received time.Time
	// ClientIP is the address of the peer that connected.
	ClientIP string

	// Original is the request as received. It never changes.
	Original Request
	// Request is the request as policies see and change it. Its URL has the
	// backend form from the start of inbound (spec: policies.md 5.2).
	Request Request
	// Response is nil until a backend answered, a policy made a response, or
	// an error did.
	Response *Response

	// What the request was matched to and admitted as. Nil where nothing
	// matched, no product applies, or no key was sent.
	API          *apim.API
	Operation    *apim.Operation
	Product      *apim.Product
	Subscription *apim.Subscription
	User         *apim.User
	// Parameters are the matched template parameters, path and query alike,
	// decoded, in the order of the template.
	Parameters []Parameter

	// Variables is context.Variables; names are case-sensitive.
	Variables map[string]value.Value
	// LastError is context.LastError; nil without an error.
	LastError *Error
	// OnErrorFailure is the error that on-error itself ended with, for the
	// log; the client gets the response as it stood then.
	OnErrorFailure *Error

	// Backend is what set-backend-service chose, in force for the next
	// forward-request.
	Backend BackendChoice
	// Attempts are the tries made so far, oldest first.
	Attempts []Attempt

	// Balancing is what the balancer keeps about the request from attempt to
	// attempt; it is the gateway's own.
	Balancing any

	// Surroundings are what else context shows.
	Surroundings

	// Trace is nil when tracing is off; all its methods then do nothing and
	// allocate nothing.
	Trace *trace.Recorder
	// Verdict is what the caller's debug token was worth.
	Verdict trace.Verdict

	// Context ends when the client goes or the server stops hard.
	Context context.Context

	after []func()
}

// After leaves f for when the exchange is over: its answer has been sent to the
// last byte, or cannot be sent any more. It is what counts and gives back do.
func (x *Exchange) After(f func()) { x.after = append(x.after, f) }

// Finish says that the exchange is over. Whoever writes the answer calls it
// then; a second call does nothing.
func (x *Exchange) Finish() {
	for len(x.after) > 0 {
		f := x.after[0]
		x.after = x.after[1:]
		f()
	}
}

// Request is the request's part of an exchange.
type Request struct {
	Method string
	// URL is where the request goes as things stand: Base joined with Rest,
	// and the query. Change Base and Rest through SetBase and SetRest, which
	// keep it in step; the query may be changed in place.
	URL    URL
	Header Header
	Body   *Body

	// Identity is what the request shows when its receiver asks for a
	// certificate; nil for none. A backend's own takes its place.
	Identity *Identity

	// Base is the backend's base URL in force: the API's serviceUrl until a
	// policy chooses another. Where nothing was matched it is the zero URL.
	Base URL
	// Rest is the part of the path after Base: the request's path after the
	// API's prefix and version, or what rewrite-uri made.
	Rest string
}

// Response is an answer: a backend's, or one that a policy or an error made.
type Response struct {
	Status int
	Reason string
	Header Header
	Body   *Body
	// FromBackend says that status, headers and body are a backend's.
	FromBackend bool
}

// Parameter is one matched template parameter.
type Parameter struct{ Name, Value string }

// BackendChoice is the backend in force. The zero value means the API's
// serviceUrl.
type BackendChoice struct {
	ID      string // backend entity, single or pool
	BaseURL string // when no entity was named
	// Scope is the scope of the document whose policy chose; a base-url of a
	// narrower scope does not override an entity (spec: policies.md 2.1.4).
	Scope string
}

// Attempt is one try to one backend, for trace, log and metrics.
type Attempt struct {
	Backend string // entity id, or "" for a bare URL
	URL     string // without query credentials
	Status  int    // 0 when no answer came
	Outcome string // "ok", "status", or a FailureKind's word, "timeout", "client_closed"
	Started time.Time
	Head    time.Duration // until the head came, or the failure
	Error   string        // what went wrong where no answer came or it broke off, but for callers that left

	// Pool is the pool that chose the backend, "" without one; Probe says that
	// it was chosen to find something out.
	Pool  string
	Probe bool
	// Hedge says that the attempt was made beside another one that was slow,
	// Resume that it took up an answer that had broken off.
	Hedge, Resume bool
	// FirstByte is until the first byte of the body, 0 when it was not waited
	// for.
	FirstByte time.Duration
	// Hint is how long the answer asked to be left alone, 0 when it did not.
	Hint time.Duration
}
