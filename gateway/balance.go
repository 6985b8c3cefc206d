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

// pool makes an attempt at a member of a pool, chosen anew by each
// forward-request, and further ones where spillway.yaml lets the gateway make
// them by itself.
func (f *forwarder) pool(x *exchange.Exchange, p *backend.Pool, s *APISettings, o forward.Options) error {
	attempts := p.Attempts()
	replays, err := f.replayable(x, p, s)
	if err != nil {
		return err
	}
	r := f.request(x, p, s)
	hedge := f.mayHedge(x, p, r, s, replays)
	if hedge {
		f.hedges.request(f.apiOf(x), s.Hedge.Budget)
	}
	began := f.clock.Now()
	var last error
	var member *backend.Member
	var outcome backend.Outcome // of the last attempt
	for made := 0; ; made++ {
		lease, choice, err := f.live.Choose(contextOf(x), p, r)
		traceChoice(x, p, r, &choice)
		switch {
		case err != nil:
			return exchange.ErrClientGone
		case lease != nil:
		case made > 0 && (refusal(&outcome) || choice.Return.IsZero()):
			// What the last attempt brought says more than that there is nobody
			// left to ask.
			f.remember(x, p, r, member)
			return last
		default:
			// After a failure, of which a caller learns nothing, the pool's own answer
			// says when to come again, as it does where a retry policy asks anew.
			if x.Response != nil {
				_ = x.Response.Body.Close()
			}
			return f.unavailable(x, exchange.ReasonPoolUnavailable, "Backend pool '"+p.ID+"' has no member that can be asked: "+choice.Why+".", p.FailureStatus, choice.Return)
		}
		if x.Response != nil {
			_ = x.Response.Body.Close()
			x.Response = nil
		}
		member = lease.Member
		x.Request.SetBase(f.bases[member.Single])
		options := f.attempt(o, p, lease, &choice, f.clock.Now().Sub(began))
		if hedge {
			lease, last = f.hedged(x, p, r, s, lease, options, func(l *backend.Lease, c *backend.Choice) forward.Options {
				return f.attempt(o, p, l, c, f.clock.Now().Sub(began))
			})
			member = lease.Member
		} else {
			last = f.send.Do(x, member.Single, options)
		}
		if f.mayResume(x, p, s, replays) {
			f.resuming(x, p, r, s, lease, o)
		}
		outcome = lease.Outcome()
		if !attempts.Retries(made+1, f.clock.Now().Sub(began), &outcome) {
			break
		}
		if why := f.mayRepeat(x, p, replays); why != "" {
			traceMessage(x, "No further attempt: "+why)
			break
		}
	}
	f.remember(x, p, r, member)
	return last
}

// refusal reports an answer that is the caller's to deal with: a 429 with its own
// time, a 404. What is no answer, and an error of the backend's, is not.
func refusal(o *backend.Outcome) bool { return o.Status != 0 && o.Status < 500 }

// attempt are the options of one attempt at a member.
func (f *forwarder) attempt(o forward.Options, p *backend.Pool, lease *backend.Lease, c *backend.Choice, since time.Duration) forward.Options {
	o.Lease, o.Pool, o.Probe = lease, p.ID, c.Probe
	o.StartTimeout = c.FirstByteTimeout
	if o.StartTimeout == 0 {
		o.StartTimeout = p.FirstByteTimeout()
	}
	a := p.Attempts()
	o.Timeout = shorter(o.Timeout, a.Timeout)
	if a.Total > 0 {
		o.Timeout = shorter(o.Timeout, max(a.Total-since, time.Millisecond))
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

// replayable sees to it that the body can be sent more than once, or read by the
// strategy, where that is wanted. A body that is too long is sent once, as it
// comes.
func (f *forwarder) replayable(x *exchange.Exchange, p *backend.Pool, s *APISettings) (bool, error) {
	b := x.Request.Body
	if b.Kind() != exchange.Streaming {
		return true, nil
	}
	if p.Attempts().Count <= 1 && !p.NeedsCharge() && !s.replays() || b.Consumed() {
		return false, nil
	}
	kept, err := b.Keep(contextOf(x), f.replay)
	var bad *exchange.Error
	switch {
	case err == nil:
		return kept, nil
	case errors.As(err, &bad):
		return false, bad
	}
	return false, exchange.ErrClientGone
}

// mayRepeat says why the request is not sent again, "" if it may be.
func (f *forwarder) mayRepeat(x *exchange.Exchange, p *backend.Pool, replays bool) string {
	switch {
	case !replays:
		return "the request's body is longer than limits.replayBody, " + strconv.FormatInt(f.replay, 10) + " bytes, and has been sent already."
	case contextOf(x).Err() != nil:
		return "the caller is gone."
	case !f.live.Retry(p):
		return "the pool's budget of further attempts is used up."
	}
	return ""
}

// request is what the strategies may know of x. It is made once, at its first
// attempt at a pool.
func (f *forwarder) request(x *exchange.Exchange, p *backend.Pool, s *APISettings) *backend.Request {
	r, ok := x.Balancing.(*backend.Request)
	if !ok {
		r = &backend.Request{Arrived: x.Received, Deployment: deploymentOf(x.Request.URL.Path), Explain: x.Trace.On()}
		if x.Subscription != nil {
			r.Consumer = x.Subscription.Name
		}
		x.Balancing = r
	}
	if (p.NeedsCharge() || s.replays()) && r.Charge == 0 && x.Request.Body.Kind() == exchange.Buffered {
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
func (f *forwarder) remember(x *exchange.Exchange, p *backend.Pool, r *backend.Request, m *backend.Member) {
	if p.Session == nil || x.Response == nil || r.Session == m.ID {
		return
	}
	x.Response.Header.Add("Set-Cookie", p.Session.Cookie+"="+p.Session.Value(m)+"; Path=/; HttpOnly")
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
func traceChoice(x *exchange.Exchange, p *backend.Pool, r *backend.Request, c *backend.Choice) {
	if !x.Trace.On() {
		return
	}
	text := "Backend pool '" + p.ID + "' has no member that can be asked: " + c.Why + "."
	if c.Member != nil {
		text = "Backend pool '" + p.ID + "' chose '" + c.Member.ID + "': " + c.Why + "."
	}
	x.Trace.Add("backend", balancer, map[string]any{
		"message": text, "pool": p.ID, "strategy": p.Strategy(), "attempt": r.Attempt, "candidates": c.Candidates,
	})
}
