package gateway

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// single makes an attempt at a backend that was named itself, unless its circuit
// breaker is open.
func (f *forwarder) single(x *exchange.Exchange, one *backend.Single, o forward.Options) error {
	lease, until := f.live.Single(one)
	if lease == nil {
		traceMessage(x, "The circuit breaker of backend '"+one.ID+"' is open: the request is not sent.")
		return f.unavailable(x, exchange.ReasonCircuitOpen, "The circuit breaker of backend '"+one.ID+"' is open.", one.Rule.FailureStatus, until)
	}
	o.Lease = lease
	return f.send.Do(x, one, o)
}

// balance makes an attempt at a member of a pool, chosen anew by each
// forward-request, and further ones where spillway.yaml lets the gateway make
// them by itself.
func (f *forwarder) balance(x *exchange.Exchange, p *backend.Pool, s *APISettings, o forward.Options) error {
	b := &balancing{forwarder: f, x: x, pool: p, settings: s, options: o}
	if err := b.keepBody(); err != nil {
		return err
	}
	b.request = b.requestOf()
	b.began = f.clock.Now()
	return b.run()
}

// balancing is one forward-request to a pool, with all that its attempts have in
// common.
type balancing struct {
	*forwarder
	x        *exchange.Exchange
	pool     *backend.Pool
	settings *APISettings
	options  forward.Options  // of every attempt; see attempt
	request  *backend.Request // what the strategies know of x
	replays  bool             // the body can be sent more than once
	began    time.Time
}

// run makes attempts until one counts.
func (b *balancing) run() error {
	x, attempts, hedge := b.x, b.pool.Attempts(), b.mayHedge()
	if hedge {
		b.hedges.request(b.apiOf(x), b.settings.Hedge.Budget)
	}
	var last error
	var member *backend.Member
	var outcome backend.Outcome // of the last attempt
	for made := 0; ; made++ {
		lease, choice, err := b.live.Choose(contextOf(x), b.pool, b.request)
		b.traceChoice(&choice)
		switch {
		case err != nil:
			return exchange.ErrClientGone
		case lease != nil:
		case made > 0 && (refusal(&outcome) || choice.Return.IsZero()):
			// What the last attempt brought says more than that there is nobody
			// left to ask.
			b.remember(member)
			return last
		default:
			// After a failure, of which a caller learns nothing, the pool's own answer
			// says when to come again, as it does where a retry policy asks anew.
			if x.Response != nil {
				_ = x.Response.Body.Close()
			}
			return b.unavailable(x, exchange.ReasonPoolUnavailable, "Backend pool '"+b.pool.ID+"' has no member that can be asked: "+choice.Why+".", b.pool.FailureStatus, choice.Return)
		}
		if x.Response != nil {
			_ = x.Response.Body.Close()
			x.Response = nil
		}
		x.Request.SetBase(b.bases[lease.Member.Single])
		if hedge {
			lease, last = b.hedged(lease, &choice)
		} else {
			last = b.send.Do(x, lease.Member.Single, b.attempt(lease, &choice))
		}
		member = lease.Member
		if b.mayResume() {
			b.resuming(member)
		}
		outcome = lease.Outcome()
		if !attempts.Retries(made+1, b.since(), &outcome) {
			break
		}
		if why := b.mayRepeat(); why != "" {
			traceMessage(x, "No further attempt: "+why)
			break
		}
	}
	b.remember(member)
	return last
}

// since is how long the attempts have been under way.
func (b *balancing) since() time.Duration { return b.clock.Now().Sub(b.began) }

// refusal reports an answer that is the caller's to deal with: a 429 with its own
// time, a 404. What is no answer, and an error of the backend's, is not.
func refusal(o *backend.Outcome) bool { return o.Status != 0 && o.Status < 500 }

// attempt are the options of one attempt at a member that begins now.
func (b *balancing) attempt(lease *backend.Lease, c *backend.Choice) forward.Options {
	o := b.options
	o.Lease, o.Pool, o.Probe = lease, b.pool.ID, c.Probe
	o.StartTimeout = c.FirstByteTimeout
	if o.StartTimeout == 0 {
		o.StartTimeout = b.pool.FirstByteTimeout()
	}
	a := b.pool.Attempts()
	o.Timeout = shorter(o.Timeout, a.Timeout)
	if a.Total > 0 {
		o.Timeout = shorter(o.Timeout, max(a.Total-b.since(), time.Millisecond))
	}
	return o
}

// shorter is the shorter of two bounds, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

func contextOf(x *exchange.Exchange) context.Context {
	if x.Context == nil {
		return context.Background()
	}
	return x.Context
}

// unavailable answers in the place of a backend that may not be asked. The
// answer is there for a retry's condition and for on-error to see (spec:
// policies.md 3.2); its Retry-After is true: the next whole second at which
// somebody can be asked, and retry-after-ms to the millisecond.
func (f *forwarder) unavailable(x *exchange.Exchange, reason, text string, status int, until time.Time) error {
	e := &exchange.Error{
		Source: "forward-request", Reason: reason, Message: text,
		Status: status, Answer: "Service unavailable", Responded: true,
	}
	if !until.IsZero() {
		wait := max(until.Sub(f.clock.Now()), time.Millisecond)
		e.Header = exchange.Header{
			{Name: "Retry-After", Value: strconv.FormatFloat(math.Ceil(wait.Seconds()), 'f', 0, 64)},
			{Name: "retry-after-ms", Value: strconv.FormatFloat(math.Ceil(float64(wait)/float64(time.Millisecond)), 'f', 0, 64)},
		}
	}
	x.Response = e.Response(x.ID)
	return e
}

// keepBody sees to it that the body can be sent more than once, or read by the
// strategy, where that is wanted. A body that is too long is sent once, as it
// comes.
func (b *balancing) keepBody() error {
	body := b.x.Request.Body
	if body.Kind() != exchange.Streaming {
		b.replays = true
		return nil
	}
	if b.pool.Attempts().Count <= 1 && !b.pool.NeedsCharge() && !b.settings.replays() || body.Consumed() {
		return nil
	}
	kept, err := body.Keep(contextOf(b.x), b.replay)
	var bad *exchange.Error
	switch {
	case err == nil:
		b.replays = kept
		return nil
	case errors.As(err, &bad):
		return bad
	}
	return exchange.ErrClientGone
}

// mayRepeat says why the request is not sent again, "" if it may be.
func (b *balancing) mayRepeat() string {
	switch {
	case !b.replays:
		return "the request's body is longer than limits.replayBody, " + strconv.FormatInt(b.replay, 10) + " bytes, and has been sent already."
	case contextOf(b.x).Err() != nil:
		return "the caller is gone."
	case !b.live.Retry(b.pool):
		return "the pool's budget of further attempts is used up."
	}
	return ""
}

// requestOf is what the strategies may know of x. It is made once, at the first
// attempt of an exchange at a pool.
func (b *balancing) requestOf() *backend.Request {
	x, p := b.x, b.pool
	r, ok := x.Balancing.(*backend.Request)
	if !ok {
		r = &backend.Request{Arrived: x.Received, Deployment: deploymentOf(x.Request.URL.Path), Explain: x.Trace.On()}
		if x.Subscription != nil {
			r.Consumer = x.Subscription.Name
		}
		x.Balancing = r
	}
	if (p.NeedsCharge() || b.settings.replays()) && r.Charge == 0 && x.Request.Body.Kind() == exchange.Buffered {
		r.Estimate(x.Request.Body.Bytes())
	}
	r.Session = ""
	if p.Session != nil {
		if m := p.Session.Member(cookie(x.Request.Header, p.Session.Cookie)); m != nil {
			r.Session = m.ID
		}
	}
	return r
}

// remember binds the caller to the member that has answered, where the pool has
// sessions and the caller is not bound to it yet.
func (b *balancing) remember(m *backend.Member) {
	session := b.pool.Session
	if session == nil || b.x.Response == nil || b.request.Session == m.ID {
		return
	}
	b.x.Response.Header.Add("Set-Cookie", session.Cookie+"="+session.Value(m)+"; Path=/; HttpOnly")
}

// cookie is the value of the first cookie of that name.
func cookie(h exchange.Header, name string) string {
	for _, line := range h.Values("Cookie") {
		for part := range strings.SplitSeq(line, ";") {
			if n, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok && n == name {
				return strings.Trim(v, `"`)
			}
		}
	}
	return ""
}

// deploymentOf is the deployment that a path of Azure OpenAI names.
func deploymentOf(path string) string {
	const before = "/deployments/"
	i := strings.Index(path, before)
	if i < 0 {
		return ""
	}
	name, _, _ := strings.Cut(path[i+len(before):], "/")
	return strings.ToLower(name)
}

// balancer is the source of its trace entries.
const balancer = "backend-pool"

func traceMessage(x *exchange.Exchange, text string) {
	if x.Trace.On() {
		x.Trace.Add("backend", balancer, map[string]any{"message": text})
	}
}

// traceChoice shows who was chosen, and for each member why or why not.
func (b *balancing) traceChoice(c *backend.Choice) {
	if !b.x.Trace.On() {
		return
	}
	text := "Backend pool '" + b.pool.ID + "' has no member that can be asked: " + c.Why + "."
	if c.Member != nil {
		text = "Backend pool '" + b.pool.ID + "' chose '" + c.Member.ID + "': " + c.Why + "."
	}
	b.x.Trace.Add("backend", balancer, map[string]any{
		"message": text, "pool": b.pool.ID, "strategy": b.pool.Strategy(), "attempt": b.request.Attempt, "candidates": c.Candidates,
	})
}
