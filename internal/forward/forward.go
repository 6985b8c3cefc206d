// Package forward makes one attempt: it puts what belongs to a backend over the
// request, sends it, and takes the answer up to the point from which on it
// belongs to the client (design decision D7).
//
// That point is the head together with the first byte of the body, or its clean
// end. Until then a backend that dies is a connection that failed, and another
// attempt can follow; from then on nothing is tried again, and an answer that
// breaks off is never passed off as complete.
package forward

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Options say how an attempt is made.
type Options struct {
	// Timeout bounds the wait for the head of the answer, 0 not at all.
	Timeout time.Duration
	// ContinueTimeout bounds the wait for 100 Continue; 0 asks for none.
	ContinueTimeout time.Duration
	HTTPVersion     string
	FollowRedirects bool
	// CheckRedirect says whether a redirect may lead to an address; nil allows
	// all.
	CheckRedirect func(exchange.URL) error
	// BufferResponse collects an answer of unknown length into pieces of 8 KiB.
	BufferResponse bool
	// DecodeResponse asks for an encoding that policies can read.
	DecodeResponse bool

	// FirstByteTimeout bounds the wait for the first byte of the body after the
	// head, 0 not at all.
	FirstByteTimeout time.Duration
	// IdleTimeout bounds the wait for each further byte, 0 not at all.
	IdleTimeout time.Duration
	// SkipPeek commits to an answer at its head, as APIM does; otherwise the
	// first byte, or a clean end, must have come too.
	SkipPeek bool
	// HoldBack waits at the beginning of an event stream for the first event with
	// content, so that what fails before it can be retried.
	HoldBack bool
	// StartTimeout bounds the whole wait, from the start of the attempt to the
	// point where it belongs to the client, 0 not at all.
	StartTimeout time.Duration

	// Lease is told what becomes of the attempt; nil when nobody keeps count of
	// its backend.
	Lease *backend.Lease
	// Pool is the name of the pool that chose the backend, "" without one, and
	// Probe says that the choice was to find something out.
	Pool  string
	Probe bool
	// MaxHint cuts how long the answer may ask to be left alone; 0 is
	// backend.MaxHint.
	MaxHint time.Duration
}

// Forwarder sends attempts. It is safe for concurrent use.
type Forwarder struct {
	Upstream exchange.Upstream
	Clock    clock.Clock
	// Hop names this gateway in the header by which it knows its own requests;
	// "" sends no such header.
	Hop string
	// Tokens gives tokens of managed identities; nil has none.
	Tokens TokenSource
}

// TokenSource gives a token for a resource, such as
// https://cognitiveservices.azure.com, of a managed identity; clientID is ""
// for the system-assigned one. It is safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context, resource, clientID string) (string, error)
}

// Words for the outcome of an attempt, beside those of exchange.FailureKind.
// The first two got an answer; only Status may count against a backend among
// them, by its status.
const (
	outcomeOK     = "ok"
	outcomeStatus = "status"
	// outcomeTimeout is a head that did not come in time, outcomeUpload the same
	// while the request's body was still waiting for the caller: that says
	// nothing about the backend.
	outcomeTimeout = "timeout"
	outcomeUpload  = "upload_timeout"
	// outcomeRequest is a body that turned out to be malformed.
	outcomeRequest    = "bad_request"
	outcomeClientGone = "client_gone"
	// outcomeAborted is an answer that broke off after its beginning, and
	// outcomeIdle one that stopped coming.
	outcomeAborted = "stream_aborted"
	outcomeIdle    = "stream_idle"
	outcomeError   = "error"
	// outcomeErrorEvent is an answer of 200 whose first event says otherwise.
	outcomeErrorEvent = "error_event"
)

// reason is LastError.Reason of an attempt without an answer, which is what the
// rules of circuit breakers name.
func reason(err error) string {
	var failure *exchange.Failure
	var full *exchange.Error
	switch {
	case errors.Is(err, exchange.ErrClientGone):
		return exchange.ReasonClientConnection
	case errors.Is(err, exchange.ErrTimeout):
		return exchange.ReasonTimeout
	case errors.As(err, &failure):
		return exchange.ReasonBackendConnection
	case errors.As(err, &full):
		return full.Reason
	}
	return exchange.ReasonInternal
}

// reasonOf is the same for an answer that ended badly after its beginning, by
// the outcome.
func reasonOf(outcome string) string {
	switch outcome {
	case outcomeClientGone:
		return exchange.ReasonClientConnection
	case outcomeIdle:
		return exchange.ReasonTimeout
	}
	return exchange.ReasonBackendConnection
}

// Do makes one attempt to send x.Request. one is the backend entity that it
// goes to, nil for a bare URL. It sets x.Response and adds to x.Attempts; the
// outcome there changes once more if the body of the answer ends badly. The
// error is a *exchange.Failure, an *exchange.Error for a malformed request
// body, or wraps exchange.ErrTimeout or exchange.ErrClientGone.
func (f *Forwarder) Do(x *exchange.Exchange, one *backend.Single, o Options) error {
	record := exchange.Attempt{URL: withoutQuery(x.Request.URL.String()), Started: f.Clock.Now(), Pool: o.Pool, Probe: o.Probe}
	if one != nil {
		record.Backend = one.ID
	}
	a := &attempt{clock: f.Clock, client: x.Context, lease: o.Lease}
	if a.client == nil {
		a.client = context.Background()
	}
	in, err := f.try(x, one, o, a)
	if record.Head = a.head; a.head == 0 {
		record.Head = f.Clock.Now().Sub(record.Started)
	}
	if err != nil {
		record.Outcome = a.outcome(err)
		x.Attempts = append(x.Attempts, record)
		traceFailure(x, err)
		a.answered(x, backend.Outcome{Kind: record.Outcome, Reason: reason(err), Head: a.head})
		a.over("", "")
		return err
	}
	record.Status, record.Outcome = in.Status, outcomeStatus
	if in.Status < 400 {
		record.Outcome = outcomeOK
	}
	record.FirstByte = a.firstByte
	if a.turned != 0 {
		record.Status, record.Outcome = a.turned, outcomeErrorEvent
	}
	told := f.told(in, record, o.MaxHint)
	if o.Lease != nil && o.Lease.WantsLimits() {
		told.Limits = backend.ParseLimits(in.Header.Get)
	}
	record.Hint = told.Hint.Asked
	if a.early != "" {
		record.Outcome = a.early
	}
	x.Attempts = append(x.Attempts, record)
	index := len(x.Attempts) - 1
	x.Response = &exchange.Response{
		Status: in.Status, Reason: in.Reason, Header: WithoutHops(in.Header), Body: in.Body, FromBackend: true,
	}
	traceResponse(x)
	if a.turned != 0 {
		traceErrorEvent(x, a.turned)
		x.Response.Status, x.Response.Reason = a.turned, exchange.Phrase(a.turned)
	}
	a.answered(x, told)
	a.ended = func(outcome string) {
		x.Attempts[index].Outcome = outcome
		a.traceTrip(x, a.over(outcome, reasonOf(outcome)))
	}
	switch {
	case a.early != "":
		a.ended(a.early)
	case in.Body.Kind() != exchange.Streaming || a.whole:
		a.over("", "")
	}
	return nil
}

// told is what an answer tells about its backend.
func (f *Forwarder) told(in *exchange.Inbound, record exchange.Attempt, limit time.Duration) backend.Outcome {
	if limit == 0 {
		limit = backend.MaxHint
	}
	return backend.Outcome{
		Kind: record.Outcome, Status: record.Status, Head: record.Head, FirstByte: record.FirstByte,
		Hint: backend.ParseHint(in.Header.Get, f.Clock.Now(), limit),
	}
}

// answered tells the lease what came, and the trace of a breaker that opened by
// it.
func (a *attempt) answered(x *exchange.Exchange, o backend.Outcome) {
	if a.lease != nil {
		a.traceTrip(x, a.lease.Answered(o))
	}
}

// over tells the lease that the attempt is over. What is told a second time does
// not count.
func (a *attempt) over(outcome, reason string) *backend.Trip {
	if a.lease == nil {
		return nil
	}
	return a.lease.Ended(outcome, reason, 0)
}

func (f *Forwarder) try(x *exchange.Exchange, one *backend.Single, o Options, a *attempt) (*exchange.Inbound, error) {
	out, err := f.outbound(x, one, o)
	if err != nil {
		return nil, err
	}
	traceRequest(x, out, o)
	if out.Body.Kind() == exchange.Streaming && !out.Body.Consumed() {
		source, err := out.Body.Open()
		if err != nil {
			return nil, err
		}
		out.Body = exchange.StreamingBody(&upload{source, a}, out.Body.Length())
	}
	a.ctx, a.cancel = context.WithCancelCause(a.client)
	in, err := a.send(f.Upstream, out, o)
	if err != nil {
		a.cancel(err)
	}
	return in, err
}

func withoutQuery(s string) string {
	s, _, _ = strings.Cut(s, "?")
	return s
}

// upload is the request's body on its way from a caller.
type upload struct {
	exchange.Stream
	attempt *attempt
}

// Next implements exchange.Stream. When its context ends, so did the attempt,
// and who was waited for then is what its outcome depends on.
func (u *upload) Next(ctx context.Context) ([]byte, error) {
	u.attempt.uploading.Store(true)
	chunk, err := u.Stream.Next(ctx)
	if ctx.Err() == nil {
		u.attempt.uploading.Store(false)
	}
	return chunk, err
}

// attempt is one request under way, from its start to the end of its body.
type attempt struct {
	clock  clock.Clock
	client context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	// uploading says that the caller is being waited for, for more of the
	// request's body.
	uploading atomic.Bool
	// ended is told once when the body ends badly; early says that it had done
	// so before there was anybody to tell.
	ended func(outcome string)
	early string
	// lease is told what becomes of the attempt; nil for nobody.
	lease *backend.Lease
	// head is how long the head of the answer took, 0 while there is none; whole
	// says that the body came to its end with its first byte.
	head  time.Duration
	whole bool
	// started stops the clock of StartTimeout.
	started func() bool
	// began is when the attempt did, and firstByte how long the first byte of
	// the body took. turned is the status that an error event at its beginning
	// comes to, 0 without one.
	began     time.Time
	firstByte time.Duration
	turned    int
}

// send makes the request and waits for the head and, unless told otherwise, for
// the first byte of the body.
func (a *attempt) send(up exchange.Upstream, out *exchange.Outbound, o Options) (*exchange.Inbound, error) {
	a.began = a.clock.Now()
	a.started = a.within(o.StartTimeout)
	defer func() { a.started() }()
	stop := a.within(o.Timeout)
	in, err := up.Send(a.ctx, out)
	stop()
	if err != nil {
		return nil, a.explain(err)
	}
	a.head = a.clock.Now().Sub(a.began)
	if in.Body.Kind() != exchange.Streaming {
		a.cancel(nil)
		return in, nil
	}
	s, err := in.Body.Open()
	if err != nil {
		return nil, err
	}
	length := in.Body.Length()
	b := &body{attempt: a, source: s, idle: o.IdleTimeout}
	if o.BufferResponse && length < 0 {
		b.collect = collected
	}
	if !o.SkipPeek {
		b.opening = newOpening(in, o.HoldBack)
		if err := b.peek(o.FirstByteTimeout); err != nil {
			_ = s.Close()
			return nil, err
		}
		if b.opening != nil {
			a.turned = b.opening.status
		}
	}
	in.Body = exchange.StreamingBody(b, length)
	return in, nil
}

// within ends the attempt after a time, 0 never.
func (a *attempt) within(d time.Duration) (stop func() bool) {
	if d <= 0 {
		return func() bool { return true }
	}
	return a.clock.AfterFunc(d, func() { a.cancel(exchange.ErrTimeout) })
}

// explain says what an error of the transport means: who ended the attempt.
func (a *attempt) explain(err error) error {
	if a.client.Err() != nil {
		return exchange.ErrClientGone
	}
	if a.ctx.Err() != nil {
		return context.Cause(a.ctx)
	}
	return err
}

// outcome is the word for an attempt that got no answer.
func (a *attempt) outcome(err error) string {
	var failure *exchange.Failure
	var full *exchange.Error
	switch {
	case errors.Is(err, exchange.ErrClientGone):
		return outcomeClientGone
	case errors.Is(err, exchange.ErrTimeout):
		if a.uploading.Load() {
			return outcomeUpload
		}
		return outcomeTimeout
	case errors.As(err, &failure):
		return failure.Kind.String()
	case errors.As(err, &full) && full.Status < 500:
		return outcomeRequest
	}
	return outcomeError
}
