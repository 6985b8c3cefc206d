package gateway

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// HedgeSettings are what spillway.yaml says about second copies of an API's
// requests.
type HedgeSettings struct {
	// Budget is the share of requests, 0 to 1, that may have one; 0 is off.
	Budget float64
	// After is when a first byte is late; 0 is what was learnt.
	After time.Duration
	// Unless is the variable that keeps a request from it.
	Unless string
}

const (
	// learnFrom is how many first bytes have to be known before one is late, and
	// learnOf how many of the last are looked at.
	learnFrom = 20
	learnOf   = 128
	// learnEvery is after how many further ones the 95th percentile is worked out
	// again.
	learnEvery = 8
	// learnKinds bounds how many kinds of requests are told apart: names of
	// deployments come from callers.
	learnKinds = 1024
	// hedgeBurst is how many second copies may be saved up.
	hedgeBurst = 10
)

// hedges is what outlives a service of the second copies: when first bytes are
// late, and what is left of each API's budget. It is safe for concurrent use.
type hedges struct {
	mu      sync.Mutex
	kinds   map[kind]*firstBytes
	budgets map[string]float64
}

// kind is requests that take about as long.
type kind struct {
	pool, deployment string
	stream           bool
}

func newHedges() *hedges {
	return &hedges{kinds: map[kind]*firstBytes{}, budgets: map[string]float64{}}
}

// firstBytes are the last first bytes of a kind of requests.
type firstBytes struct {
	last  [learnOf]time.Duration
	count int
	p95   time.Duration
}

// request counts a request of an API towards its budget.
func (h *hedges) request(api string, share float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.budgets[api] = min(h.budgets[api]+share, hedgeBurst)
}

// spend reports whether the budget has a second copy left, and takes it.
func (h *hedges) spend(api string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	// Sums of shares fall short of a whole by their last digits.
	if h.budgets[api] < 1-1e-9 {
		return false
	}
	h.budgets[api]--
	return true
}

// observe learns how long a first byte took.
func (h *hedges) observe(k kind, d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.kinds[k]
	if f == nil {
		if len(h.kinds) >= learnKinds {
			clear(h.kinds)
		}
		f = &firstBytes{}
		h.kinds[k] = f
	}
	f.last[f.count%learnOf] = d
	f.count++
	if f.count == learnFrom || f.count > learnFrom && f.count%learnEvery == 0 {
		sorted := f.last
		known := sorted[:min(f.count, learnOf)]
		slices.Sort(known)
		f.p95 = known[(len(known)*95+99)/100-1]
	}
}

// late is when a first byte is, 0 while too little is known. Where all take the
// same time none is late: it is a moment after what was learnt.
func (h *hedges) late(k kind) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.kinds[k]; f != nil && f.p95 > 0 {
		return f.p95 + time.Millisecond
	}
	return 0
}

// mayHedge says whether a second copy of the request may be made at all: the API
// asks for it, there is somebody else to ask, the request asks for something and
// can be sent twice, no session binds it, and no policy keeps it from that.
func (b *balancing) mayHedge() bool {
	hedge := b.settings.Hedge
	return hedge.Budget > 0 && b.replays && b.request.Session == "" && len(b.pool.Members) > 1 && asks(b.x.Request.Method) && !marked(b.x, hedge.Unless)
}

// asks reports whether requests of a method ask for something, and do not change
// or delete what is there.
func asks(method string) bool { return method == "POST" || method == "GET" || method == "HEAD" }

// marked reports whether a variable is there and not false.
func marked(x *exchange.Exchange, name string) bool {
	v, ok := x.Variables[name]
	switch {
	case !ok || v.IsNull():
		return false
	case v.IsString():
		return !strings.EqualFold(strings.TrimSpace(v.Str()), "false")
	}
	return v.Type() != types.Bool || v.Bool()
}

// runner is one of two attempts that are made beside each other.
type runner struct {
	call    *forward.Call
	lease   *backend.Lease
	options forward.Options
	bug     any // a panic, which is the exchange's own to end with
}

// begin prepares an attempt at the member of a lease.
func (b *balancing) begin(lease *backend.Lease, o forward.Options) *runner {
	r := &runner{lease: lease, options: o}
	r.call = b.send.Begin(b.x, lease.Member.Single, &r.options)
	return r
}

// race are the attempts that have come to an end, in this order.
type race struct {
	mu   sync.Mutex
	over []*runner
	wake context.CancelFunc
}

func (q *race) run(c clock.Clock, r *runner) {
	c.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				r.bug = fmt.Errorf("%v\n%s", p, debug.Stack())
			}
			q.mu.Lock()
			defer q.mu.Unlock()
			q.over = append(q.over, r)
			if q.wake != nil {
				q.wake()
			}
		}()
		r.call.Wait(&r.options)
	})
}

// next is the next attempt to come to an end; nil when none did within d.
func (q *race) next(c clock.Clock, d time.Duration) *runner {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	q.mu.Lock()
	if len(q.over) == 0 {
		q.wake = cancel
		q.mu.Unlock()
		_ = c.Sleep(ctx, d)
		q.mu.Lock()
		q.wake = nil
	}
	defer q.mu.Unlock()
	if len(q.over) == 0 {
		return nil
	}
	r := q.over[0]
	q.over = q.over[1:]
	if r.bug != nil {
		panic(r.bug)
	}
	return r
}

// hedged makes an attempt and, when its first byte is late, a second one at
// another member of the pool. The first good answer counts, the other attempt is
// ended. It gives the lease of the attempt whose answer or failure stands.
func (b *balancing) hedged(lease *backend.Lease, c *backend.Choice) (*backend.Lease, error) {
	k := kind{b.pool.ID, b.request.Deployment, b.request.Stream}
	wait := b.settings.Hedge.After
	if wait == 0 {
		wait = b.hedges.late(k)
	}
	first := b.begin(lease, b.attempt(lease, c))
	if wait == 0 {
		first.call.Wait(&first.options)
		return b.settle(k, first, nil)
	}
	q := &race{}
	q.run(b.clock, first)
	if q.next(b.clock, wait) != nil {
		return b.settle(k, first, nil)
	}
	second := b.second(first, wait)
	if second == nil {
		q.next(b.clock, clock.Forever)
		return b.settle(k, first, nil)
	}
	q.run(b.clock, second)
	winner := q.next(b.clock, clock.Forever)
	if !winner.call.Good() {
		// What the other one brings may be better, and what stands of two that are
		// not good is the answer of the first that has one.
		other := q.next(b.clock, clock.Forever)
		switch {
		case other.call.Good():
			winner = other
		case first.call.Failed() && !second.call.Failed():
			winner = second
		default:
			winner = first
		}
	}
	if winner == first {
		return b.settle(k, first, second)
	}
	return b.settle(k, second, first)
}

// second begins the second attempt; nil where there is none to be made.
func (b *balancing) second(first *runner, wait time.Duration) *runner {
	x, late := b.x, "No first byte after "+wait.String()+": "
	if !b.hedges.spend(b.apiOf(x)) {
		traceMessage(x, late+"the API's budget of second copies is used up.")
		return nil
	}
	lease, choice := b.choose(b.without(first.lease.Member.State))
	if lease == nil {
		traceMessage(x, late+"no other member of pool '"+b.pool.ID+"' can be asked: "+choice.Why+".")
		return nil
	}
	if x.Trace.On() {
		traceMessage(x, late+"a second copy goes to '"+lease.Member.ID+"'.")
	}
	base := x.Request.Base
	x.Request.SetBase(b.bases[lease.Member.Single])
	o := b.attempt(lease, &choice)
	o.Hedge = true
	copied := b.begin(lease, o)
	x.Request.SetBase(base)
	return copied
}

// without is the pool without the members of some states.
func (b *balancing) without(left ...*backend.State) *backend.Pool {
	others := *b.pool
	others.Members = slices.DeleteFunc(slices.Clone(b.pool.Members), func(m *backend.Member) bool { return slices.Contains(left, m.State) })
	return &others
}

// choose chooses without waiting: what would have to wait is refused.
func (b *balancing) choose(p *backend.Pool) (*backend.Lease, backend.Choice) {
	lease, choice, _ := b.live.Choose(atOnce, p, b.request)
	return lease, choice
}

// atOnce is for those who cannot wait.
var atOnce = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// settle ends the race: the loser first, so that the last attempt of an exchange
// is the one whose answer it is.
func (b *balancing) settle(k kind, winner, loser *runner) (*backend.Lease, error) {
	x := b.x
	if loser != nil {
		cut := loser.call.Abandon(x)
		if cut && x.Trace.On() {
			traceMessage(x, "'"+winner.lease.Member.ID+"' has answered first; the attempt at '"+loser.lease.Member.ID+"' was ended.")
		}
		if cut && !loser.call.Hedge() {
			// Its first byte would have taken longer yet.
			b.hedges.observe(k, b.clock.Now().Sub(loser.call.Began()))
		}
		x.Request.SetBase(b.bases[winner.lease.Member.Single])
	}
	if winner.call.Good() {
		b.hedges.observe(k, winner.call.FirstByte())
	}
	response, err := winner.call.Settle(x)
	if err == nil {
		x.Response = response
	}
	return winner.lease, err
}

// replays reports whether requests of the API may be sent more than once.
func (s *APISettings) replays() bool { return s.Hedge.Budget > 0 || s.Resume.Attempts > 0 }
