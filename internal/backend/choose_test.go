package backend

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/clock"
)

// bench is a pool of one strategy whose attempts a test answers by hand.
type bench struct {
	*testing.T
	live  *Live
	clock *clock.Manual
	pool  *Pool
}

// newBench has members as set takes them, without breakers.
func newBench(t *testing.T, o Options, members ...string) *bench {
	t.Helper()
	s := set(t, func(b *apim.Backend) { b.CircuitBreaker = nil }, members...)
	p := s.Pool("pool")
	p.options, p.row = o, o.row()
	for _, m := range p.Members {
		m.Options = o.Members[m.ID]
	}
	next := 0.0
	c := clock.NewManual(epoch)
	l := NewLive(c, func() float64 { next += 0.37; next -= float64(int(next)); return next })
	l.Adopt(s)
	return &bench{T: t, live: l, clock: c, pool: p}
}

// ask makes a choice that must not wait; the lease is nil when there is nobody.
func (b *bench) ask(r *Request) (*Lease, Choice) {
	b.Helper()
	lease, c := b.live.Ask(b.pool, r, func(*Lease, Choice) { b.Error("told though it did not wait") })
	if c.Wait {
		b.Fatal("it waits")
	}
	return lease, c
}

// to asks and holds that the request goes to a member.
func (b *bench) to(want string, r *Request) *Lease {
	b.Helper()
	lease, c := b.ask(r)
	got := "nobody"
	if lease != nil {
		got = lease.Member.ID
	}
	if got != want {
		b.Fatalf("%v: goes to %s (%s), want %s", b.clock.Now().Sub(epoch), got, c.Why, want)
	}
	return lease
}

// noLimits is an answer without x-ratelimit headers.
var noLimits = Limits{RemainingTokens: -1, RemainingRequests: -1, LimitTokens: -1, LimitRequests: -1, ResetTokens: -1, ResetRequests: -1, Utilization: -1}

// good answers an attempt after a time, and ends it.
func (b *bench) good(a *Lease, after time.Duration, edit ...func(*Limits)) {
	b.clock.Advance(after)
	l := noLimits
	for _, e := range edit {
		e(&l)
	}
	a.Answered(Outcome{Kind: kindOK, Status: 200, Head: after, FirstByte: after, Limits: l})
	a.Ended("", "", 0)
}

// refuse answers with 429.
func (b *bench) refuse(a *Lease, wait time.Duration, edit ...func(*Limits)) {
	l := noLimits
	for _, e := range edit {
		e(&l)
	}
	a.Answered(Outcome{Kind: kindStatus, Status: 429, Hint: Hint{Known: wait > 0, Wait: wait, Asked: wait}, Limits: l})
	a.Ended("", "", 0)
}

func (b *bench) fail(a *Lease, after time.Duration, kind string, status int) {
	b.clock.Advance(after)
	a.Answered(Outcome{Kind: kind, Status: status, Limits: noLimits})
	a.Ended("", "", 0)
}

// reasons are each candidate's name, its state, and why it was not chosen.
func reasons(c Choice) string {
	var lines []string
	for _, x := range c.Candidates {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", x.Backend, x.State, x.WhyNot)))
	}
	return strings.Join(lines, "; ")
}

func TestLeastBusy(t *testing.T) {
	b := newBench(t, Options{Strategy: "least-busy"}, "a:1:2", "b:1:1", "c:2:9")
	// By what is under way for the weight: two at a weigh as much as one at b.
	first := b.to("a", &Request{})
	b.to("b", &Request{})
	b.to("a", &Request{})
	b.to("a", &Request{})
	b.to("b", &Request{})
	b.good(first, time.Second)
	b.to("a", &Request{})
	// One that refuses is asked when there is nobody else in its priority.
	x := b.to("a", &Request{})
	b.refuse(x, 5*time.Second)
	for range 3 {
		b.to("b", &Request{})
	}
	// The request that was refused goes elsewhere at once, and never back.
	r := &Request{Explain: true}
	b.refuse(b.to("b", r), 7*time.Second)
	b.refuse(b.to("c", r), 9*time.Second)
	b.refuse(b.to("a", r), 5*time.Second)
	lease, c := b.ask(r)
	if lease != nil || c.Return.Sub(b.clock.Now()) != 5*time.Second || c.Why != "every member is out or has refused this request" {
		t.Errorf("%+v", c)
	}
	if want := "a resting it asked to be left alone until 2026-01-02T03:04:11Z; b resting it asked to be left alone until 2026-01-02T03:04:13Z; c resting it asked to be left alone until 2026-01-02T03:04:15Z"; reasons(c) != want {
		t.Error(reasons(c))
	}
	b.clock.Advance(5 * time.Second)
	b.to("a", &Request{})
}

// TestLeastBusyShares holds that weights are shares while all are busy.
func TestLeastBusyShares(t *testing.T) {
	b := newBench(t, Options{Strategy: "least-busy"}, "a:1:3", "b:1:2", "c:1:1")
	for range 600 {
		if lease, _ := b.ask(&Request{}); lease == nil {
			t.Fatal("nobody")
		}
	}
	for i, want := range []int{300, 200, 100} {
		if got := b.pool.Members[i].State.InFlight; got < want-1 || got > want+1 {
			t.Errorf("%s has %d, want %d", b.pool.Members[i].ID, got, want)
		}
	}
}

// TestLeastLatency holds that the quicker of two is taken, that a slow answer is
// seen at once and forgotten by and by, and that a quick refusal attracts nobody.
func TestLeastLatency(t *testing.T) {
	b := newBench(t, Options{Strategy: "least-latency"}, "a", "b")
	took := map[string]time.Duration{"a": 100 * time.Millisecond, "b": 300 * time.Millisecond}
	run := func(n int) map[string]int {
		counts := map[string]int{}
		for range n {
			lease, _ := b.ask(&Request{})
			counts[lease.Member.ID]++
			b.good(lease, took[lease.Member.ID])
		}
		return counts
	}
	run(20)
	if got := run(100); got["a"] < 80 {
		t.Errorf("the quicker of two gets %d of 100", got["a"])
	}
	took["a"] = 2 * time.Second
	run(2)
	if got := run(20); got["b"] < 19 {
		t.Errorf("a is slow now, and b gets %d of 20", got["b"])
	}
	took["a"] = 100 * time.Millisecond
	b.clock.Advance(time.Minute)
	run(5)
	if got := run(50); got["a"] < 40 {
		t.Errorf("a is quick again and gets %d of 50", got["a"])
	}
	// a refuses in no time.
	for range 10 {
		lease, _ := b.ask(&Request{})
		if lease.Member.ID == "a" {
			b.refuse(lease, 30*time.Second)
			break
		}
		b.good(lease, took["b"])
	}
	if got := run(20); got["b"] != 20 {
		t.Errorf("a has asked to be left alone and gets %d of 20", got["a"])
	}
	b.clock.Advance(30 * time.Second)
	took["a"] = 10 * time.Millisecond
	run(10)
	// A failure costs more than any answer.
	lease := b.to("a", &Request{})
	b.fail(lease, time.Millisecond, "connect_refused", 0)
	if got := run(10); got["b"] != 10 {
		t.Errorf("a fails and gets %d of 10", got["a"])
	}
	_, c := b.ask(&Request{Explain: true})
	if want := "a closed slower than the one it was drawn with; b closed"; reasons(c) != want {
		t.Error(reasons(c))
	}
}

// TestTwoChoices holds that of many members two are looked at, and which.
func TestTwoChoices(t *testing.T) {
	b := newBench(t, Options{Strategy: "least-latency"}, "a", "b", "c", "d", "e:7:1")
	seen := map[string]int{}
	for range 400 {
		lease, c := b.ask(&Request{Explain: true})
		seen[lease.Member.ID]++
		drawn := 0
		for _, x := range c.Candidates {
			if x.WhyNot != "not drawn" && x.WhyNot != "a better priority has a member" {
				drawn++
			}
		}
		if drawn != 2 {
			t.Fatal(reasons(c))
		}
		lease.Ended(KindNotSent, "", 0)
	}
	if len(seen) != 4 || seen["e"] > 0 {
		t.Errorf("%v", seen)
	}
}

// TestOverflow holds that requests spill one by one: the member that is paid for is
// asked whenever it is not known to be full.
func TestOverflow(t *testing.T) {
	o := Options{Strategy: "overflow", Members: map[string]MemberOptions{"ptu": {PaidFor: true, TokensPerMinute: 6000}}}
	b := newBench(t, o, "ptu:2:1", "a:1:1", "b:1:2")
	used := func(percent float64) func(*Limits) { return func(l *Limits) { l.Utilization = percent } }
	r := func() *Request { return &Request{Charge: 600} } // a tenth of its minute
	b.good(b.to("ptu", r()), time.Second, used(50))
	// Five more fill it by what was sent, before any of them is answered; it runs out
	// by 100 per cent a minute.
	for range 6 {
		b.to("ptu", r())
	}
	spilled := &Request{Charge: 600, Explain: true}
	lease, c := b.ask(spilled)
	if lease.Member.ID != "b" || c.Why != "what is paid for is full: its turn, in the best priority" {
		t.Errorf("goes to %s: %s", lease.Member.ID, c.Why)
	}
	if want := "ptu full its throughput is used up; a closed not its turn; b closed"; reasons(c) != want {
		t.Error(reasons(c))
	}
	b.clock.Advance(time.Second)
	b.to("a", r())
	// 110 per cent less 6 s: it has room again.
	b.clock.Advance(6 * time.Second)
	x := b.to("ptu", r())
	// Its own word counts more: full for 900 ms. The request that it refuses spills.
	b.refuse(x, 900*time.Millisecond)
	b.to("b", x.Request)
	b.clock.Advance(899 * time.Millisecond)
	b.to("b", r())
	b.clock.Advance(time.Millisecond)
	lease = b.to("ptu", &Request{Charge: 600})
	// It used less than it was charged, which leaves room.
	lease.Answered(Outcome{Kind: kindOK, Status: 200, Limits: Limits{Utilization: 109}})
	b.to("a", r())
	lease.Ended("", "", 0)
	b.to("b", r())
	lease = b.to("b", &Request{Charge: 600, Tried: []*State{b.pool.Members[0].State}})
	b.good(lease, 6*time.Second)
	b.to("ptu", &Request{Charge: 600})
}

// TestOverflowUnmarked holds that the best priority is what is paid for where no
// member is marked, whatever it is, and that a refusal is full for as long as it
// says.
func TestOverflowUnmarked(t *testing.T) {
	b := newBench(t, Options{Strategy: "overflow"}, "a:1:1", "b:2:1", "c:2:1")
	for range 3 {
		b.good(b.to("a", &Request{}), time.Second)
	}
	r := &Request{}
	b.refuse(b.to("a", r), 2*time.Second)
	b.refuse(b.to("b", r), 20*time.Second)
	b.good(b.to("c", r), time.Second)
	b.to("c", &Request{})
	b.clock.Advance(time.Second)
	b.refuse(b.to("a", &Request{}), 20*time.Second)
	b.refuse(b.to("c", &Request{}), 5*time.Second)
	// All rest: the request is taken to those that spill gets to, once each.
	r = &Request{}
	for range 2 {
		lease, _ := b.ask(r)
		b.refuse(lease, 5*time.Second)
	}
	lease, c := b.ask(r)
	if lease != nil || c.Return.Sub(b.clock.Now()) != 5*time.Second {
		t.Errorf("%+v, back in %v", c, c.Return.Sub(b.clock.Now()))
	}
}

// TestUnknownMember holds that settings for a member that is not there are told.
func TestUnknownMember(t *testing.T) {
	pool := &apim.Backend{Resource: apim.Resource{Name: "pool"}, Type: apim.PoolBackend, Pool: &apim.Pool{Services: []apim.PoolService{{ID: "/backends/a"}}}}
	_, problems := New(&apim.Contents{Backends: []*apim.Backend{pool, one("a", func(*apim.Backend) {})}}, World{
		Resolve: resolve, Pools: map[string]Options{"pool": {Members: map[string]MemberOptions{"a": {}, "aa": {PaidFor: true}}}},
	})
	if len(problems) != 1 || problems[0].Message != "backend pool: spillway.yaml has settings for its member aa, which it does not have" {
		t.Error(problems)
	}
}

// TestStrategies holds that every strategy is quick, gives each request to one
// member that it has, and explains all of them.
func TestStrategies(t *testing.T) {
	for _, row := range Strategies() {
		b := newBench(t, Options{Strategy: row.Name}, "a:1:1", "b:1:2", "c:2:1")
		for i := range 100 {
			lease, c := b.ask(&Request{Charge: 100, Explain: true})
			if lease == nil || len(c.Candidates) != 3 {
				t.Fatalf("%s: request %d: %+v", row.Name, i, c)
			}
			for j, x := range c.Candidates {
				if (x.WhyNot == "") != (b.pool.Members[j] == lease.Member) {
					t.Errorf("%s: %s: %s", row.Name, lease.Member.ID, reasons(c))
				}
			}
			switch i % 10 {
			case 3:
				b.refuse(lease, time.Second)
			case 7:
				b.fail(lease, time.Second, "timeout", 0)
			default:
				b.good(lease, time.Second)
			}
		}
		for _, m := range b.pool.Members {
			if m.State.InFlight != 0 {
				t.Errorf("%s: %d in flight", row.Name, m.State.InFlight)
			}
		}
		if v := b.live.Pools(); len(v) != 1 || len(v[0].Members) != 3 {
			t.Errorf("%s: %+v", row.Name, v)
		}
	}
}

func BenchmarkPick(bb *testing.B) {
	for _, row := range Strategies() {
		bb.Run(row.Name, func(bb *testing.B) {
			s := &Set{singles: map[string]*Single{}, pools: map[string]*Pool{}}
			p := &Pool{row: &row, options: Options{Strategy: row.Name}}
			for i := range 3 {
				one := &Single{ID: fmt.Sprint(i)}
				one.alone = &Member{Single: one}
				s.singles[one.ID] = one
				p.Members = append(p.Members, &Member{Single: one, Weight: i + 1})
			}
			s.pools["p"] = p
			l := NewLive(clock.Real{}, nil)
			l.Adopt(s)
			limits := Limits{RemainingTokens: 1e6, LimitTokens: 2e6, RemainingRequests: 1e3, LimitRequests: 2e3, ResetTokens: 30 * time.Second, ResetRequests: 5 * time.Second, Utilization: -1}
			bb.ReportAllocs()
			for bb.Loop() {
				lease, _ := l.Ask(p, &Request{Charge: 1000}, nil)
				lease.Answered(Outcome{Kind: kindOK, Status: 200, Head: time.Second, Limits: limits})
				lease.Ended("", "", 0)
			}
		})
	}
}

// bug is a strategy that lets everybody wait, and then panics.
type bug struct{}

func (bug) Pick(now time.Time, _ []*Member, _ *Request) Choice {
	return Choice{Wait: true, Until: now.Add(time.Minute), Why: "w"}
}
func (bug) Observe(time.Time, *Outcome) {}
func (bug) Leave(time.Time, *Request)   {}

func (bug) Release(now time.Time, _ []*Member) ([]Released, time.Time) {
	if now.Second() > 5 {
		panic("a bug")
	}
	return nil, now.Add(time.Second)
}

// A strategy's bug that no request runs into is told, and costs only those who
// wait their patience.
func TestBugInStrategy(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	l := NewLive(c, nil)
	var told []any
	l.OnPanic = func(bug any, stack []byte) {
		if len(stack) > 0 {
			told = append(told, bug)
		}
	}
	pool := &apim.Backend{Resource: apim.Resource{Name: "p"}, Type: apim.PoolBackend, Pool: &apim.Pool{Services: []apim.PoolService{{ID: "/backends/a"}}}}
	set, problems := New(&apim.Contents{Backends: []*apim.Backend{pool, {Resource: apim.Resource{Name: "a"}, URL: "http://a.test"}}}, World{
		Resolve: func(s string) (string, error) { return s, nil },
		Pools:   map[string]Options{"p": {Own: &Row{Name: "bug", New: func(Options) Strategy { return bug{} }}}},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	l.Adopt(set)
	c.Run(func() {
		lease, choice, err := l.Choose(t.Context(), set.Pool("p"), &Request{})
		if lease != nil || err != nil || choice.Why != "w" {
			t.Errorf("%v, %+v, %v", lease, choice, err)
		}
	})
	if len(told) != 1 || told[0] != "a bug" || c.Now().Sub(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) != time.Minute {
		t.Errorf("told of %v at %v", told, c.Now())
	}
}
