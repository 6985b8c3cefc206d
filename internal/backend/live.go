package backend

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// Live is what outlives a service: the states of backends and the strategies of
// pools, each by its name (design decision D6). A resource that changes keeps
// its state, one whose URL changes starts afresh, and that of one that is gone
// goes with it. It is safe for concurrent use.
type Live struct {
	clock  clock.Clock
	random func() float64
	// OnTrip is told of every breaker that opens, outside of any lock; nil tells
	// nobody. It is set before the first request, and so is OnPanic, which hears of
	// bugs in strategies that no request's goroutine runs into: without it they end
	// the process.
	OnTrip  func(Trip)
	OnPanic func(bug any, stack []byte)

	mu     sync.Mutex // guards all below, and is held while strategies are called
	states map[string]*State
	pools  map[string]*livePool
}

// NewLive knows nothing yet. random gives numbers in [0, 1); nil is the
// machine's own.
func NewLive(c clock.Clock, random func() float64) *Live {
	if random == nil {
		random = rand.Float64
	}
	return &Live{clock: c, random: random, states: map[string]*State{}, pools: map[string]*livePool{}}
}

// State is the live state of one backend, shared by every pool and API that
// uses it. Strategies read it under the lock they are called with.
type State struct {
	// Name is the backend's; in a workspace the workspace's stands before it.
	Name string
	// InFlight counts attempts that have not ended.
	InFlight int

	url     string
	breaker Breaker
	trips   int
	learnt  map[string]any
}

// Open reports whether the backend's circuit breaker keeps requests away from
// it. Every strategy passes such a member over.
func (s *State) Open(now time.Time) bool { return s.breaker.Open(now) }

// OpenUntil is when the breaker closes again; a moment that is past when it is
// closed.
func (s *State) OpenUntil() time.Time { return s.breaker.Until() }

// Learnt is what a strategy keeps about a backend, under a key of its own: two
// pools of the same strategy share what they know of a backend's deployment.
// make makes it when there is none yet.
func (s *State) Learnt(key string, make func() any) any {
	v, ok := s.learnt[key]
	if !ok {
		v = make()
		if s.learnt == nil {
			s.learnt = map[string]any{}
		}
		s.learnt[key] = v
	}
	return v
}

// Member is a backend in a pool. It belongs to one generation of a service.
type Member struct {
	*Single
	// State is the backend's, from generation to generation the same.
	State *State
	// Priority is the group, best first from 0; Weight the share within it, at
	// least 0.
	Priority, Weight int
	Options          MemberOptions
}

// livePool is a pool's part that outlives its service.
type livePool struct {
	name     string
	options  Options
	row      *Row
	strategy Strategy
	budget   budget

	members []*Member // of the newest generation
	waiting map[*Request]*waiter
	disarm  func() bool // the timer of Release
}

// waiter is a request that waits for room: told hears its choice, once, under
// Live's lock. members are those of the generation that it came in with.
type waiter struct {
	members []*Member
	told    func(*Lease, Choice)
}

// Adopt makes sets those in force: their backends and pools get the states of
// those before them, and what is in none of them is forgotten. It is called
// before a request sees the sets.
func (l *Live) Adopt(sets ...*Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	states, pools := map[string]*State{}, map[string]*livePool{}
	for _, set := range sets {
		for key, s := range set.singles {
			key = set.prefix + key
			old := l.states[key]
			if old == nil || old.url != s.URL {
				old = &State{Name: set.workspace + s.ID, url: s.URL}
			}
			if s.Rule == nil {
				old.breaker = Breaker{}
			}
			s.alone.State = old
			states[key] = old
		}
		for key, p := range set.pools {
			key = set.prefix + key
			for _, m := range p.Members {
				m.State = m.Single.alone.State
			}
			old := l.pools[key]
			if old == nil || old.row.Name != p.row.Name || !reflect.DeepEqual(old.options, p.options) {
				fresh := p.options
				fresh.Random = l.random
				old = &livePool{name: set.workspace + p.ID, options: p.options, row: p.row, strategy: p.row.New(fresh), waiting: map[*Request]*waiter{}}
			}
			old.members = p.Members
			p.live = old
			pools[key] = old
		}
	}
	l.states, l.pools = states, pools
}

// Lease is an attempt that was chosen and has not ended: what became of it has
// to be told, once Answered and in any case Ended.
type Lease struct {
	// Member is where the attempt goes.
	Member *Member
	// Request is whose attempt it is; nil outside of a pool.
	Request *Request

	live    *Live
	pool    *livePool
	outcome Outcome
	stage   int // how many stages were told
}

// Choose chooses a member of a pool for the next attempt of a request, and
// waits where its strategy says so. Without a lease nobody can be asked, and the
// choice says when somebody can. The error is the context's.
func (l *Live) Choose(ctx context.Context, p *Pool, r *Request) (*Lease, Choice, error) {
	if p.options.Queue == 0 && p.options.Own == nil {
		lease, c := l.Ask(p, r, nil) // nobody waits
		return lease, c, nil
	}
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	var later *Lease
	var then Choice
	lease, c := l.Ask(p, r, func(a *Lease, released Choice) {
		later, then = a, released
		cancel()
	})
	if !c.Wait {
		return lease, c, nil
	}
	_ = l.clock.Sleep(wait, max(c.Until.Sub(l.clock.Now()), 0))
	if refused, left := l.Leave(p, r, c); left {
		return nil, refused, ctx.Err()
	}
	return later, then, nil
}

// Ask is Choose for callers that do not stand and wait: for a request that has
// to, it gives no lease and a choice that says so, and told hears the real one,
// if Leave does not come before. told must not call back.
func (l *Live) Ask(p *Pool, r *Request, told func(*Lease, Choice)) (*Lease, Choice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	r.Attempt++
	if r.Attempt == 1 {
		p.live.budget.request(now)
	}
	c := l.pick(now, p, r)
	if c.Member != nil {
		c.Wait = false
	}
	if !c.Wait {
		return l.begin(now, p.live, c, r), c
	}
	p.live.waiting[r] = &waiter{members: p.Members, told: told}
	l.release(now, p.live)
	return nil, c
}

// Leave takes a request out of those that wait, c being the choice that made it
// wait, and gives its refusal; left is false when the request need not wait any
// longer.
func (l *Live) Leave(p *Pool, r *Request, c Choice) (refused Choice, left bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.live.waiting[r] == nil {
		return Choice{}, false
	}
	delete(p.live.waiting, r)
	now := l.clock.Now()
	p.live.strategy.(Queue).Leave(now, r)
	c.Wait = false
	c.Return = p.live.returns(now)
	return c, true
}

// returns is when the first of the members can be used again as far as breakers
// and strategy know; zero when one can be now.
func (p *livePool) returns(now time.Time) time.Time {
	believer, _ := p.strategy.(Believer)
	var first time.Time
	for _, m := range p.members {
		var at time.Time
		if m.State.Open(now) {
			at = m.State.OpenUntil()
		}
		if believer != nil {
			if _, next := believer.Belief(now, m); next.After(at) {
				at = next
			}
		}
		if !at.After(now) {
			return time.Time{}
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// pick asks the strategy; for a caller that is bound to a member, first whether
// that one will do.
func (l *Live) pick(now time.Time, p *Pool, r *Request) Choice {
	if r.Session != "" {
		for _, m := range p.Members {
			if m.ID != r.Session || m.State.Open(now) {
				continue
			}
			if c := p.live.strategy.Pick(now, []*Member{m}, r); c.Member != nil {
				c.Why = "the caller's session is bound to it"
				return c
			}
		}
	}
	return p.live.strategy.Pick(now, p.Members, r)
}

func (l *Live) begin(now time.Time, p *livePool, c Choice, r *Request) *Lease {
	if c.Member == nil {
		return nil
	}
	c.Member.State.InFlight++
	r.Tried = append(r.Tried, c.Member.State)
	return &Lease{Member: c.Member, Request: r, live: l, pool: p, outcome: Outcome{Member: c.Member, Request: r, Sent: now}}
}

// release lets waiting requests go whose turn it is, and sees to it that it is
// called again when the next one's may be.
func (l *Live) release(now time.Time, p *livePool) {
	q, ok := p.strategy.(Queue)
	if !ok || len(p.waiting) == 0 {
		return
	}
	if p.disarm != nil {
		p.disarm()
		p.disarm = nil
	}
	ready, next := q.Release(now, p.members)
	for _, one := range ready {
		w := p.waiting[one.Request]
		if w == nil {
			continue
		}
		delete(p.waiting, one.Request)
		c := one.Choice
		lease := l.begin(now, p, c, one.Request)
		if lease != nil {
			// The pool may have been read again while the request waited: its own
			// generation has the same backend under another Member, or has it no
			// more.
			if lease.Member = memberOf(w.members, c.Member.State); lease.Member == nil {
				lease.Member, lease.outcome.Kind = c.Member, KindNotSent
				lease.stage = 1
				lease.end(now, "", "", 0)
				lease, c = nil, Choice{Why: "the pool has changed while the request waited"}
			} else {
				c.Member, lease.outcome.Member = lease.Member, lease.Member
			}
		}
		w.told(lease, c)
	}
	if next.IsZero() || len(p.waiting) == 0 {
		return
	}
	p.disarm = l.clock.AfterFunc(max(next.Sub(now), 0), func() { l.later(p) })
}

// later is release in a goroutine of its own. Those who wait are refused when their
// patience ends, whatever becomes of it.
func (l *Live) later(p *livePool) {
	defer func() {
		if l.OnPanic == nil {
			return
		}
		if bug := recover(); bug != nil {
			l.OnPanic(bug, debug.Stack())
		}
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release(l.clock.Now(), p)
}

// memberOf is the member with that state, or nil.
func memberOf(members []*Member, s *State) *Member {
	for _, m := range members {
		if m.State == s {
			return m
		}
	}
	return nil
}

// Single starts an attempt at a backend that was named itself. Without a lease
// its breaker is open; until says how long.
func (l *Live) Single(s *Single) (lease *Lease, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	m := s.alone
	if m.State.Open(now) {
		return nil, m.State.OpenUntil()
	}
	m.State.InFlight++
	return &Lease{Member: m, live: l, outcome: Outcome{Member: m, Sent: now}}, time.Time{}
}

// Retry reports whether the pool's budget allows another attempt of the
// gateway's own, and counts it if so.
func (l *Live) Retry(p *Pool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return p.live.budget.spend(l.clock.Now(), p.options.Attempts.Budget)
}

// WantsLimits reports whether anybody looks at the limits of its answer.
func (a *Lease) WantsLimits() bool { return a.pool != nil && a.pool.row.Limits }

// Trip is a breaker that has just opened.
type Trip struct {
	Backend string
	Until   time.Time
	// Hint is the wish that was followed; unknown when the rule's own time was
	// taken.
	Hint Hint
}

// Answered tells what the answer was, or the failure in its place; of o only
// what became of the attempt is looked at. It gives the breaker that opened by
// it, nil usually.
func (a *Lease) Answered(o Outcome) *Trip {
	l := a.live
	l.mu.Lock()
	if a.stage > 0 {
		l.mu.Unlock()
		return nil
	}
	a.stage = 1
	o.Stage, o.Member, o.Request, o.Sent = Answered, a.outcome.Member, a.outcome.Request, a.outcome.Sent
	a.outcome = o
	trip := a.tell(l.clock.Now(), false)
	l.mu.Unlock()
	return l.tripped(trip)
}

// Ended tells that the attempt is over, with the word for how and LastError's
// reason for it; "" for what Answered said. used are the tokens that the answer
// says it used, 0 when it does not.
func (a *Lease) Ended(kind, reason string, used int) *Trip {
	l := a.live
	l.mu.Lock()
	if a.stage > 1 {
		l.mu.Unlock()
		return nil
	}
	trip := a.end(l.clock.Now(), kind, reason, used)
	l.mu.Unlock()
	return l.tripped(trip)
}

func (l *Live) tripped(t *Trip) *Trip {
	if t != nil && l.OnTrip != nil {
		l.OnTrip(*t)
	}
	return t
}

func (a *Lease) end(now time.Time, kind, reason string, used int) (trip *Trip) {
	changed := kind != "" && kind != a.outcome.Kind
	if changed {
		a.outcome.Kind, a.outcome.Reason = kind, reason
	}
	switch {
	case a.stage == 0:
		trip = a.tell(now, false)
	case changed:
		// The breaker has heard of the answer; now it hears of its end alone.
		status := a.outcome.Status
		a.outcome.Status = 0
		trip = a.breaker(now, true)
		a.outcome.Status = status
	}
	a.stage = 2
	a.Member.State.InFlight--
	a.outcome.Stage, a.outcome.Used = Ended, used
	a.pooled(now)
	return trip
}

func (a *Lease) tell(now time.Time, again bool) *Trip {
	trip := a.breaker(now, again)
	a.pooled(now)
	return trip
}

func (a *Lease) breaker(now time.Time, again bool) *Trip {
	s, r := a.Member.State, a.Member.Rule
	o := &a.outcome
	if !s.breaker.Observe(now, r, Event{Status: o.Status, Reason: o.Reason, Hint: o.Hint, Again: again, Neutral: o.Neutral()}) {
		return nil
	}
	s.trips++
	t := &Trip{Backend: s.Name, Until: s.breaker.Until()}
	if r.AcceptRetryAfter {
		t.Hint = o.Hint
	}
	return t
}

func (a *Lease) pooled(now time.Time) {
	if a.pool == nil {
		return
	}
	a.pool.strategy.Observe(now, &a.outcome)
	if a.outcome.Stage == Ended {
		a.Request.Last = &a.outcome // it does not change any more
	}
	a.live.release(now, a.pool)
}

// Outcome is what became of the attempt as far as it was told.
func (a *Lease) Outcome() Outcome {
	a.live.mu.Lock()
	defer a.live.mu.Unlock()
	return a.outcome
}

// soonest is when the first of the members' breakers closes, zero when one is
// closed.
func soonest(now time.Time, members []*Member) time.Time {
	var first time.Time
	for _, m := range members {
		if !m.State.Open(now) {
			return time.Time{}
		}
		if until := m.State.OpenUntil(); first.IsZero() || until.Before(first) {
			first = until
		}
	}
	return first
}

// halved is the factor of something that halves in every span.
func halved(d, span time.Duration) float64 {
	return math.Exp2(-float64(d) / float64(span))
}
