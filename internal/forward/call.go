package forward

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Do makes one attempt to send x.Request. one is the backend entity that it
// goes to, nil for a bare URL. It sets x.Response and adds to x.Attempts; the
// outcome there changes once more if the body of the answer ends badly. The
// error is a *exchange.Failure, an *exchange.Error for a malformed request
// body, or wraps exchange.ErrTimeout or exchange.ErrClientGone.
func (f *Forwarder) Do(x *exchange.Exchange, one *backend.Single, o Options) error {
	c := f.Begin(x, one, &o)
	c.Wait(&o)
	r, err := c.Settle(x)
	if err == nil {
		x.Response = r
	}
	return err
}

// Call is one attempt, for those who make several of a request at the same time
// or one after its answer has begun. Begin, Settle and Abandon are called by the
// exchange's own goroutine; Wait touches nothing of the exchange and may be
// called by another. Each Call is waited for once, and settled or abandoned once.
//
// Many calls are under way for minutes, so that one keeps no more of its options
// than it needs to the end.
type Call struct {
	attempt
	up    exchange.Upstream
	out   *exchange.Outbound
	in    *exchange.Inbound
	err   error
	took  time.Duration // until the head, or the failure
	hint  time.Duration // the longest that an answer may ask for
	state atomic.Int32

	backend, url, pool   string
	probe, hedge, resume bool
}

// The states of a Call: who gets to it second, the one who waits or the one who
// abandons it, cleans up.
const (
	calling int32 = iota
	waited
	abandoned
)

// Begin prepares an attempt: the request as it will be sent is made from x, and
// x is not needed any more until the attempt is settled.
func (f *Forwarder) Begin(x *exchange.Exchange, one *backend.Single, o *Options) *Call {
	c := &Call{up: f.Upstream, hint: o.MaxHint, pool: o.Pool, probe: o.Probe, hedge: o.Hedge, resume: o.Resume}
	u := x.Request.URL
	u.Query = "" // it may hold a key
	c.url = u.String()
	if one != nil {
		c.backend = one.ID
	}
	c.clock, c.client, c.lease = f.Clock, x.Context, o.Lease
	if c.client == nil {
		c.client = context.Background()
	}
	c.began = f.Clock.Now()
	c.out, c.err = f.outbound(x, one, o)
	if c.err != nil {
		return c
	}
	c.began = f.Clock.Now() // its token may have taken a while
	traceRequest(x, c.out, o)
	if c.out.Body.Kind() == exchange.Streaming && !c.out.Body.Consumed() {
		var source exchange.Stream
		if source, c.err = c.out.Body.Open(); c.err != nil {
			return c
		}
		c.body = &upload{source, &c.attempt}
		c.out.Body = exchange.StreamingBody(c.body, c.out.Body.Length())
	}
	c.ctx, c.cancel = context.WithCancelCause(c.client)
	return c
}

// Wait sends the request and returns when the answer can be settled: its head has
// come and, unless told otherwise, the first byte of its body, or it has failed.
// The options are those that it was begun with.
func (c *Call) Wait(o *Options) {
	ended := false
	defer func() {
		if !ended && c.lease != nil {
			// A bug of the upstream's goes through here; its backend is not busy
			// with it for ever.
			c.lease.Ended(backend.KindNotSent, "", 0)
		}
	}()
	if c.err == nil {
		if c.in, c.err = c.send(c.up, c.out, o); c.err != nil {
			c.cancel(c.err)
		}
	}
	if c.took = c.head; c.head == 0 {
		c.took = c.clock.Now().Sub(c.began)
	}
	ended = true
	if !c.state.CompareAndSwap(calling, waited) {
		c.drop()
	}
}

// Good reports, after Wait, whether the answer is one that no further attempt
// would better: not a failure, nor a refusal for want of room, nor an error of
// the backend's. Of a second copy no refusal at all is: what a request asks for may
// be known to the backend alone that it was meant for (a stored response, a
// deployment), and the first attempt says so soon enough where it is not.
func (c *Call) Good() bool {
	if c.err != nil {
		return false
	}
	status := c.in.Status
	if c.turned != 0 {
		status = c.turned
	}
	if c.hedge {
		return status < 400
	}
	return status < 500 && status != 429 && status != 408
}

// FirstByte is, after Wait, how long the first byte of the answer took, or its
// head where there is no body.
func (c *Call) FirstByte() time.Duration { return max(c.firstByte, c.took) }

// Failed reports, after Wait, that there is no answer.
func (c *Call) Failed() bool { return c.err != nil }

// Began is when the attempt did.
func (c *Call) Began() time.Time { return c.began }

// Hedge reports whether it is the second of two.
func (c *Call) Hedge() bool { return c.hedge }

// Settle adds the attempt to x.Attempts and gives its answer, of which the
// caller closes the body.
func (c *Call) Settle(x *exchange.Exchange) (*exchange.Response, error) {
	if c.err != nil {
		record := c.record(c.outcome(c.err), c.took)
		if record.Outcome != outcomeClientGone && record.Outcome != outcomeOvertaken {
			record.Error = c.err.Error()
		}
		x.Attempts = append(x.Attempts, record)
		traceFailure(x, c.err)
		c.answered(x, backend.Outcome{Kind: kind(record.Outcome), Reason: reason(c.err), Head: c.head})
		c.over("", "")
		return nil, c.err
	}
	in := c.in
	record := c.record(outcomeStatus, c.took)
	record.Status, record.FirstByte = in.Status, c.firstByte
	if in.Status < 400 {
		record.Outcome = outcomeOK
	}
	if c.turned != 0 {
		record.Status, record.Outcome = c.turned, outcomeErrorEvent
	}
	told := c.told(&record)
	record.Hint = told.Hint.Asked
	x.Attempts = append(x.Attempts, record)
	index := len(x.Attempts) - 1
	r := &exchange.Response{
		Status: in.Status, Reason: in.Reason, Header: WithoutHops(in.Header), Body: in.Body, FromBackend: true,
	}
	traceResponse(x, r)
	if c.turned != 0 {
		traceErrorEvent(x, c.turned)
		r.Status, r.Reason = c.turned, exchange.Phrase(c.turned)
	}
	c.answered(x, told)
	c.ended = func(e ending) {
		a := &x.Attempts[index]
		a.Outcome = e.outcome
		if e.cause != nil {
			a.Error = why(e.cause)
		}
		c.traceTrip(x, c.over(e.outcome, reasonOf(e.outcome)))
	}
	switch {
	case c.early != nil:
		c.ended(*c.early)
	case in.Body.Kind() != exchange.Streaming || c.whole:
		c.over("", "")
	}
	return r, nil
}

// record is the attempt as far as Begin has made it.
func (c *Call) record(outcome string, head time.Duration) exchange.Attempt {
	return exchange.Attempt{
		Backend: c.backend, URL: c.url, Started: c.began, Pool: c.pool, Probe: c.probe, Hedge: c.hedge, Resume: c.resume, Outcome: outcome, Head: head,
	}
}

// Abandon ends an attempt that another one has overtaken. It does not wait for
// the end: whoever waits for the answer hears of it at once. It reports whether
// the attempt was still waiting.
func (c *Call) Abandon(x *exchange.Exchange) bool {
	if !c.state.CompareAndSwap(calling, abandoned) {
		// It has come to an end by itself, which is worth telling.
		if r, err := c.Settle(x); err == nil {
			if r.Status < 400 && r.Body.Kind() == exchange.Streaming {
				x.Attempts[len(x.Attempts)-1].Outcome = outcomeOvertaken
			}
			_ = r.Body.Close()
		}
		return false
	}
	if c.cancel != nil {
		c.cancel(errOvertaken)
	}
	x.Attempts = append(x.Attempts, c.record(outcomeOvertaken, c.clock.Now().Sub(c.began)))
	return true
}

// drop lets go of what an abandoned attempt still brought.
func (c *Call) drop() {
	if c.err == nil {
		_ = c.in.Body.Close()
	}
	if c.lease != nil {
		c.lease.Answered(backend.Outcome{Kind: outcomeClientGone})
		c.lease.Ended("", "", 0)
	}
}

// kind is an outcome in the words of those who choose. What was overtaken says as
// little about a backend as what its caller has left.
func kind(outcome string) string {
	if outcome == outcomeOvertaken {
		return outcomeClientGone
	}
	return outcome
}

// told is what an answer tells about its backend.
func (c *Call) told(a *exchange.Attempt) backend.Outcome {
	limit := c.hint
	if limit == 0 {
		limit = backend.MaxHint
	}
	o := backend.Outcome{
		Kind: a.Outcome, Status: a.Status, Head: a.Head, FirstByte: a.FirstByte,
		Hint: backend.ParseHint(c.in.Header.Get, c.clock.Now(), limit),
	}
	if c.lease != nil && c.lease.WantsLimits() {
		o.Limits = backend.ParseLimits(c.in.Header.Get)
	}
	return o
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
	// body is the request's, while it comes from the caller; nil for another.
	body exchange.Stream
	// uploading says that the caller is being waited for, for more of the
	// request's body.
	uploading atomic.Bool
	// ended is told once when the body ends badly; early is that end where there
	// was nobody to tell yet.
	ended func(ending)
	early *ending
	// lease is told what becomes of the attempt; nil for nobody.
	lease *backend.Lease
	// head is how long the head of the answer took, 0 while there is none; whole
	// says that the body came to its end with its first byte.
	head  time.Duration
	whole bool
	// started stops the clock of StartTimeout.
	started func() bool
	// began is when the attempt did, once its request was made, and firstByte how
	// long the first byte of the body took. turned is the status that an error event at its beginning
	// comes to, 0 without one.
	began     time.Time
	firstByte time.Duration
	turned    int
}

// ending is how a body ended that did not end well: the word for it, and why where
// the backend did so.
type ending struct {
	outcome string
	cause   error
}

// send makes the request and waits for the head and, unless told otherwise, for
// the first byte of the body.
func (a *attempt) send(up exchange.Upstream, out *exchange.Outbound, o *Options) (*exchange.Inbound, error) {
	a.started = a.within(o.StartTimeout, exchange.ErrTimeout)
	defer func() { a.started() }()
	stop := a.within(o.Timeout, exchange.ErrTimeout)
	var in *exchange.Inbound
	err := a.gather(out.Body)
	if err == nil {
		in, err = up.Send(a.ctx, out)
	}
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
	if isEvents(in) {
		b.lines = &b.format
		if in.Unframed {
			b.open = newUnfinished()
		}
		if !o.SkipPeek {
			b.opening = newOpening(o.HoldBack)
		}
		if o.FirstTokenTimeout > 0 {
			b.expect(o.FirstTokenTimeout)
		}
	}
	if !o.SkipPeek {
		if err := b.peek(o.FirstByteTimeout); err != nil {
			b.first.stop()
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

// small is how long a request's body may be that is read before it is sent.
const small = 64 << 10

// gather reads a small body on its way from a caller to its end. A connection that
// the backend has closed meanwhile then costs nothing but another one: the
// upstream can send the same again, which it cannot do with half a stream.
func (a *attempt) gather(b *exchange.Body) error {
	if a.body == nil || b.Length() < 0 || b.Length() > small {
		return nil
	}
	// Reading need not look at the context: closing ends it.
	stop := context.AfterFunc(a.ctx, func() { _ = a.body.Close() })
	defer stop()
	return b.Buffer(a.ctx, small)
}

// within ends the attempt after a time, 0 never.
func (a *attempt) within(d time.Duration, cause error) (stop func() bool) {
	if d <= 0 {
		return func() bool { return true }
	}
	return a.clock.AfterFunc(d, func() { a.cancel(cause) })
}

// explain says what an error of the transport means: who ended the attempt.
func (a *attempt) explain(err error) error {
	if a.client.Err() != nil {
		return exchange.ErrClientGone
	}
	if a.ctx.Err() != nil {
		if cause := context.Cause(a.ctx); !errors.Is(cause, ErrIdle) && !errors.Is(cause, ErrLate) {
			return cause
		}
		return exchange.ErrTimeout
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
	case errors.Is(err, errOvertaken):
		return outcomeOvertaken
	case errors.Is(err, exchange.ErrTimeout):
		if a.uploading.Load() {
			return outcomeUpload
		}
		return outcomeTimeout
	case errors.As(err, &failure):
		return failure.Kind.String()
	case errors.Is(err, exchange.ErrNoDescriptors):
		return outcomeOwn
	case errors.As(err, &full) && full.Status < 500:
		return outcomeRequest
	}
	return outcomeError
}
