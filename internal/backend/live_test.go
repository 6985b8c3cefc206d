package backend

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/clock"
)

// set compiles backends: "name", or "name:priority:weight" for a member of the
// pool that is named pool. Each has a breaker of one failure, open for 10 s.
func set(t *testing.T, edit func(*apim.Backend), members ...string) *Set {
	t.Helper()
	pool := &apim.Backend{Resource: apim.Resource{Name: "pool"}, Type: apim.PoolBackend, Pool: &apim.Pool{}}
	contents := &apim.Contents{Backends: []*apim.Backend{pool}}
	for _, m := range members {
		var name string
		s := apim.PoolService{}
		words := strings.Split(m, ":")
		name, s.ID = words[0], "/backends/"+words[0]
		if len(words) == 3 {
			s.Priority, s.Weight = new(int), new(int)
			if _, err := fmt.Sscan(words[1]+" "+words[2], s.Priority, s.Weight); err != nil {
				t.Fatal(err)
			}
		}
		pool.Pool.Services = append(pool.Pool.Services, s)
		contents.Backends = append(contents.Backends, one(name, func(b *apim.Backend) {
			b.URL = "https://" + name + ".test"
			b.CircuitBreaker = &apim.CircuitBreaker{Rules: []apim.BreakerRule{{
				TripDuration: apim.Duration{Duration: 10 * time.Second}, AcceptRetryAfter: true,
				FailureCondition: apim.FailureCondition{
					Count: 1, Interval: apim.Duration{Duration: 10 * time.Second},
					StatusCodeRanges: []apim.StatusCodeRange{{Min: 429, Max: 429}, {Min: 500, Max: 599}}, ErrorReasons: []string{"Timeout"},
				},
			}}}
		}))
	}
	if edit != nil {
		for _, b := range contents.Backends {
			edit(b)
		}
	}
	s, problems := New(contents, World{Resolve: resolve})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s
}

// choose makes one choice and tells that it was answered with a status.
func choose(t *testing.T, l *Live, p *Pool, status int) string {
	t.Helper()
	lease, c, err := l.Choose(context.Background(), p, &Request{})
	if err != nil {
		t.Fatal(err)
	}
	if lease == nil {
		return "nobody: " + c.Why
	}
	kind := kindStatus
	if status < 400 {
		kind = kindOK
	}
	lease.Answered(Outcome{Kind: kind, Status: status})
	lease.Ended("", "", 0)
	return lease.Member.ID
}

func live(s *Set) (*Live, *clock.Manual) {
	c := clock.NewManual(epoch)
	l := NewLive(c, nil)
	l.Adopt(s)
	return l, c
}

// TestOrder holds the order of choices, which is what Microsoft's own test sees:
// the first of equals goes to the first member, equal weights alternate strictly, and a
// heavy member's turns are spread out.
func TestOrder(t *testing.T) {
	for want, members := range map[string]string{
		"a b c a b c a":       "a:1:1 b:1:1 c:1:1",
		"a b a b a b a":       "a b",
		"a a b a a a b":       "a:1:3 b:1:1",
		"a a b a c a a":       "a:1:5 b:1:1 c:1:1",
		"b b b b b b b":       "a:2:9 b:1:1",
		"a a a a a a a":       "a:1:5 b:1:0",
		"a b a b a b a again": "a:0:0 b:0:0",
		"b a b b a b b":       "a:1:1 b:1:2",
		"a a a a a a a 100":   "a:0:100",
		"a c a c a c a first": "a:0:1 b:7:1 c:0:1",
	} {
		s := set(t, nil, strings.Fields(members)...)
		l, _ := live(s)
		var got []string
		for range 7 {
			got = append(got, choose(t, l, s.Pool("pool"), 200))
		}
		if text := strings.Join(got, " "); !strings.HasPrefix(want, text) {
			t.Errorf("%s: %s, want %s", members, text, want)
		}
	}
}

// TestShares holds that weights come out within 1 % over 10,000 choices, also
// while members come and go.
func TestShares(t *testing.T) {
	weights := map[string]float64{"a": 50, "b": 30, "c": 17, "d": 3}
	s := set(t, nil, "a:1:50", "b:1:30", "c:1:17", "d:1:3")
	l, _ := live(s)
	counts := map[string]float64{}
	for range 10000 {
		counts[choose(t, l, s.Pool("pool"), 200)]++
	}
	for name, weight := range weights {
		if got := counts[name] / 100; math.Abs(got-weight) > weight/100 {
			t.Errorf("%s has %.2f %%, want %.2f within 1 %%", name, got, weight)
		}
	}
	// Without c, the others share what is its own by their weights.
	counts = map[string]float64{}
	p := s.Pool("pool")
	p.Members[2].State.breaker.until = epoch.Add(time.Hour)
	for range 8300 {
		counts[choose(t, l, p, 200)]++
	}
	for name, weight := range map[string]float64{"a": 50, "b": 30, "c": 0, "d": 3} {
		if got := counts[name] / 100; math.Abs(got-weight) > weight/100+0.05 {
			t.Errorf("without c, %s has %.2f, want %.2f", name, got, weight)
		}
	}
}

// TestFailover holds priorities to breakers: the next group serves only while
// all of the better one are out, to the millisecond.
func TestFailover(t *testing.T) {
	s := set(t, nil, "a:1:1", "b:1:1", "c:2:1", "d:3:1")
	p := s.Pool("pool")
	l, c := live(s)
	is := func(status int, want string) {
		t.Helper()
		if got := choose(t, l, p, status); got != want {
			t.Errorf("after %v: %s, want %s", c.Now().Sub(epoch), got, want)
		}
	}
	is(404, "a") // no failure: keeps its share
	is(500, "b") // out until 10 s
	is(200, "a")
	is(200, "a")
	c.Advance(2 * time.Second)
	is(500, "a") // until 12 s
	is(200, "c")
	is(429, "c") // until 12 s
	is(200, "d")
	is(503, "d") // until 12 s
	is(0, "nobody: every member's circuit breaker is open")
	_, choice, _ := l.Choose(context.Background(), p, &Request{})
	if got := choice.Return.Sub(epoch); got != 10*time.Second {
		t.Errorf("the next return is %v, want 10s", got)
	}
	c.Advance(7999 * time.Millisecond)
	is(0, "nobody: every member's circuit breaker is open")
	c.Advance(time.Millisecond)
	is(200, "b")
	is(200, "b")
	c.Advance(2 * time.Second)
	is(200, "a")
}

// TestRetryAfterOpens holds the open time to the answer's wish.
func TestRetryAfterOpens(t *testing.T) {
	s := set(t, nil, "a")
	l, c := live(s)
	lease, until := l.Single(s.Single("a"))
	if lease == nil {
		t.Fatal(until)
	}
	trip := lease.Answered(Outcome{Kind: kindStatus, Status: 429, Hint: Hint{Known: true, Wait: 30 * time.Second, Asked: 30 * time.Second}})
	if trip == nil || trip.Backend != "a" || trip.Until != epoch.Add(30*time.Second) || !trip.Hint.Known {
		t.Fatalf("%+v", trip)
	}
	if again := lease.Answered(Outcome{Kind: kindStatus, Status: 500}); again != nil {
		t.Error("what is told twice counts once")
	}
	if lease.Ended("", "", 0) != nil || lease.Ended("stream_aborted", "BackendConnectionFailure", 0) != nil {
		t.Error("an end that has been told counts once")
	}
	if none, until := l.Single(s.Single("a")); none != nil || until != epoch.Add(30*time.Second) {
		t.Errorf("an open breaker lets through: %v", until)
	}
	c.Advance(30 * time.Second)
	if lease, _ = l.Single(s.Single("a")); lease == nil {
		t.Error("the breaker does not close")
	}
}

// TestBrokenOff holds that an answer that breaks off counts, once.
func TestBrokenOff(t *testing.T) {
	s := set(t, nil, "a")
	l, _ := live(s)
	lease, _ := l.Single(s.Single("a"))
	if lease.Answered(Outcome{Kind: kindOK, Status: 200}) != nil {
		t.Error("a good answer trips")
	}
	if got := lease.Member.State.InFlight; got != 1 {
		t.Errorf("%d in flight", got)
	}
	if lease.Ended("stream_idle", "Timeout", 0) == nil {
		t.Error("an answer that stopped coming does not count")
	}
	if got := lease.Member.State.InFlight; got != 0 {
		t.Errorf("%d in flight afterwards", got)
	}
	o := lease.Outcome()
	if !o.Failed() || o.Neutral() || o.Status != 200 || o.Stage != Ended {
		t.Errorf("%+v", o)
	}
}

// TestAdopt holds what survives a change of the folder: counts and positions, but
// not those of a backend whose URL is another, or that is gone.
func TestAdopt(t *testing.T) {
	old := set(t, nil, "a", "b", "c")
	l, _ := live(old)
	for range 2 {
		choose(t, l, old.Pool("pool"), 200)
	}
	under, _ := l.Single(old.Single("a")) // still under way
	choose(t, l, old.Pool("pool"), 500)   // c opens

	next := set(t, func(b *apim.Backend) {
		if b.Name == "b" {
			b.URL = "https://elsewhere.test"
		}
	}, "a", "b", "c")
	l.Adopt(next)
	p := next.Pool("pool")
	for i, want := range []struct {
		same, open bool
		inFlight   int
	}{{true, false, 1}, {false, false, 0}, {true, true, 0}} {
		m := p.Members[i]
		if same := m.State == old.Pool("pool").Members[i].State; same != want.same || m.State.Open(epoch) != want.open || m.State.InFlight != want.inFlight {
			t.Errorf("%s: the same %v, open %v, %d in flight; want %+v", m.ID, same, m.State.Open(epoch), m.State.InFlight, want)
		}
	}
	if got := choose(t, l, p, 200); got != "a" {
		t.Errorf("the turn is lost: %s", got)
	}
	under.Answered(Outcome{Kind: kindOK, Status: 200})
	under.Ended("", "", 0)
	if n := p.Members[0].State.InFlight; n != 0 {
		t.Errorf("an attempt of before is counted elsewhere: %d in flight", n)
	}

	without := set(t, func(b *apim.Backend) { b.CircuitBreaker = nil }, "c")
	l.Adopt(without)
	if without.Single("c").alone.State.Open(epoch) {
		t.Error("a breaker that was taken away is still open")
	}
	l.Adopt(set(t, nil, "a", "c"))
	if got := l.Backends(); len(got) != 2 || got[0].Name != "a" || got[0].InFlight != 0 {
		t.Errorf("%+v", got)
	}
}

// TestSession holds callers to the member of their cookie while it can be asked.
func TestSession(t *testing.T) {
	edit := func(b *apim.Backend) {
		if b.IsPool() {
			b.Pool.SessionAffinity = &apim.SessionAffinity{SessionID: apim.SessionID{Source: "Cookie", Name: "SessionId"}}
		} else {
			b.Credentials = &apim.Credentials{Header: map[string][]string{"api-key": {"key-of-" + b.Name}}}
		}
	}
	s := set(t, edit, "a:1:1", "b:1:1", "c:2:1")
	l, c := live(s)
	p := s.Pool("pool")
	for _, m := range p.Members {
		value := p.Session.Value(m)
		if p.Session.Member(value) != m || len(value) != 32 || strings.Contains(value, m.ID+m.ID) {
			t.Errorf("%s: %q", m.ID, value)
		}
		for range 3 {
			lease, choice, _ := l.Choose(context.Background(), p, &Request{Session: m.ID})
			if lease.Member != m || choice.Why != "the caller's session is bound to it" {
				t.Errorf("a session of %s goes to %s", m.ID, lease.Member.ID)
			}
			lease.Ended(KindNotSent, "", 0)
		}
	}
	p.Members[2].State.breaker.until = epoch.Add(time.Second)
	lease, _, _ := l.Choose(context.Background(), p, &Request{Session: "c"})
	if lease.Member.ID == "c" {
		t.Error("a session leads to a member whose breaker is open")
	}
	lease.Ended(KindNotSent, "", 0)
	c.Advance(time.Second)
	if lease, _, _ = l.Choose(context.Background(), p, &Request{Session: "c"}); lease.Member.ID != "c" {
		t.Error("a session does not come back to its member")
	}
	again := set(t, edit, "a:1:1", "b:1:1", "c:2:1").Pool("pool").Session
	other := set(t, func(b *apim.Backend) {
		edit(b)
		if !b.IsPool() {
			b.Credentials.Header["api-key"][0] += "2"
		}
	}, "a:1:1").Pool("pool").Session
	if again.Member(p.Session.Value(p.Members[0])) == nil {
		t.Error("cookies do not survive a restart")
	}
	if other.Member(p.Session.Value(p.Members[0])) != nil || again.Member("a") != nil || again.Member("") != nil {
		t.Error("a cookie that was not made here is taken")
	}
}

// TestExplain holds that a choice says of each member why or why not.
func TestExplain(t *testing.T) {
	s := set(t, nil, "a:1:1", "b:1:1", "z:1:0", "c:2:1", "d:1:1")
	l, _ := live(s)
	p := s.Pool("pool")
	p.Members[4].State.breaker.until = epoch.Add(time.Second)
	lease, c, _ := l.Choose(context.Background(), p, &Request{Explain: true})
	defer lease.Ended(KindNotSent, "", 0)
	var got []string
	for _, x := range c.Candidates {
		got = append(got, fmt.Sprintf("%s %s %d/%d %v %s", x.Backend, x.State, x.Priority, x.Weight, x.Score, x.WhyNot))
	}
	want := []string{
		"a closed 1/1 1 ",
		"b closed 1/1 1 not its turn",
		"z closed 1/0 0 a weight of 0 is the last resort",
		"c closed 2/1 0 a better priority has a member",
		"d open 1/1 0 its circuit breaker is open until 2026-01-02T03:04:06Z",
	}
	if text := strings.Join(got, "\n"); text != strings.Join(want, "\n") {
		t.Errorf("\n%s", text)
	}
	if _, c, _ := l.Choose(context.Background(), p, &Request{}); c.Candidates != nil {
		t.Error("an explanation that nobody asked for")
	}
}

// TestViews holds what GET /pools shows.
func TestViews(t *testing.T) {
	s := set(t, nil, "a:1:2", "b:2:1")
	l, _ := live(s)
	choose(t, l, s.Pool("pool"), 500)
	lease, _, _ := l.Choose(context.Background(), s.Pool("pool"), &Request{})
	defer lease.Ended("", "", 0)
	v := l.Pools()
	if len(v) != 1 || v[0].Name != "pool" || v[0].Strategy != "apim" || len(v[0].Members) != 2 {
		t.Fatalf("%+v", v)
	}
	a, b := v[0].Members[0], v[0].Members[1]
	if a.Backend != "a" || a.Breaker != "open" || !a.OpenUntil.Equal(epoch.Add(10*time.Second)) || !a.NextReturn.Equal(*a.OpenUntil) || a.Weight != 2 {
		t.Errorf("%+v", a)
	}
	if b.Breaker != "closed" || b.OpenUntil != nil || b.NextReturn != nil || b.InFlight != 1 || b.Priority != 2 {
		t.Errorf("%+v", b)
	}
	if x := l.Backends(); len(x) != 2 || !x[0].Open || x[0].Trips != 1 || x[1].Open {
		t.Errorf("%+v", x)
	}
}

func BenchmarkChoose(b *testing.B) {
	p := &Pool{row: strategy(""), Members: nil}
	l := NewLive(clock.Real{}, nil)
	for i := range 3 {
		s := &Single{ID: fmt.Sprint(i)}
		s.alone = &Member{Single: s}
		p.Members = append(p.Members, &Member{Single: s, Weight: i + 1})
	}
	set := &Set{singles: map[string]*Single{}, pools: map[string]*Pool{"p": p}}
	for _, m := range p.Members {
		set.singles[m.ID] = m.Single
	}
	l.Adopt(set)
	b.ReportAllocs()
	for range b.N {
		lease, _, _ := l.Choose(context.Background(), p, &Request{})
		lease.Answered(Outcome{Kind: kindOK, Status: 200})
		lease.Ended("", "", 0)
	}
}
