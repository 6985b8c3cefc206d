package backend

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// says is an answer with the headers of a standard deployment: tokens left of a
// limit, to be renewed in that many whole seconds.
func says(left, limit, reset int) func(*Limits) {
	return func(l *Limits) {
		l.RemainingTokens, l.LimitTokens, l.ResetTokens = left, limit, time.Duration(reset)*time.Second
		l.PeriodTokens = time.Minute
	}
}

// broken names the limit that a refusal is for.
func broken(which string) func(*Limits) {
	return func(l *Limits) { l.Broken = which }
}

// ask is a request by its charge.
func charged(n int) *Request { return &Request{Charge: n, Prompt: n / 2} }

// refused holds that nobody is asked, and gives the choice.
func (b *bench) refused(r *Request, back time.Duration) Choice {
	b.Helper()
	lease, c := b.ask(r)
	if lease != nil {
		b.Fatalf("goes to %s, want nobody", lease.Member.ID)
	}
	if got := c.Return.Sub(b.clock.Now()); c.Return.IsZero() != (back == 0) || back > 0 && (got < back-20*time.Millisecond || got > back+20*time.Millisecond) {
		b.Errorf("back in %v, want %v (%s)", got, back, c.Why)
	}
	return c
}

func adaptiveBench(t *testing.T, edit func(*Options), members ...string) *bench {
	o := Options{Strategy: "adaptive"}
	if edit != nil {
		edit(&o)
	}
	b := newBench(t, o, members...)
	return b
}

// noProbes takes the budget for attempts against the belief away.
func (b *bench) noProbes() { b.pool.live.strategy.(*adaptive).probes = -1e6 }

// TestBelief holds that requests go only where they are believed to be taken: by
// what an answer said, less what was sent since, until the window is renewed.
func TestBelief(t *testing.T) {
	b := adaptiveBench(t, nil, "a")
	b.noProbes()
	// Nothing is known: it is asked. 1,000 of 5,000 are left, for 30 s at most.
	b.good(b.to("a", charged(100)), 0, says(1000, 5000, 30))
	first := b.to("a", charged(600))
	b.refused(charged(600), 30*time.Second) // one reading: to be on the safe side, the end of its second
	second := b.to("a", charged(300))
	// The answer of the second says what was left after it: 100. The first one's is
	// older and changes nothing.
	b.clock.Advance(time.Second)
	b.good(second, 0, says(100, 5000, 30))
	b.good(first, 0, says(400, 5000, 30))
	b.refused(charged(200), 29*time.Second)
	b.good(b.to("a", charged(90)), 0, says(10, 5000, 29))
	// After the renewal all of it is there.
	b.clock.Advance(29*time.Second + time.Millisecond)
	lease := b.to("a", charged(4900))
	b.refused(charged(200), 60*time.Second)
	// A squeeze shows in the limit.
	b.good(lease, 0, says(0, 2000, 60))
	b.clock.Advance(60*time.Second + time.Millisecond)
	b.to("a", charged(1900))
	b.refused(charged(200), 59750*time.Millisecond)
}

// TestRefusedTokens holds that a refusal for tokens leaves smaller requests their
// chance and tells the moment of renewal to the millisecond.
func TestRefusedTokens(t *testing.T) {
	b := adaptiveBench(t, func(o *Options) { o.Members = map[string]MemberOptions{"a": {TokensPerMinute: 6000}} }, "a")
	b.noProbes()
	b.good(b.to("a", charged(1000)), 0)
	b.refuse(b.to("a", charged(2000)), 12345*time.Millisecond, broken("tokens"))
	b.refused(charged(1900), 12345*time.Millisecond)
	b.good(b.to("a", charged(700)), 0)
	b.refused(charged(1900), 12345*time.Millisecond)
	b.clock.Advance(12344 * time.Millisecond)
	b.refused(charged(1900), time.Millisecond)
	b.clock.Advance(2 * time.Millisecond)
	b.to("a", charged(6000))
}

// TestRefusedCalls holds that a refusal for requests is waited out, by requests of
// any size, and that one that names neither limit nor time lengthens the pause.
func TestRefusedCalls(t *testing.T) {
	b := adaptiveBench(t, nil, "a")
	b.noProbes()
	b.refuse(b.to("a", charged(2000)), 4*time.Second, broken("requests"))
	b.refused(charged(1), 4*time.Second)
	b.clock.Advance(4 * time.Second)
	x := b.to("a", charged(1))
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		b.refuse(x, 0, func(l *Limits) { l.RemainingTokens, l.ResetTokens, l.RemainingRequests, l.ResetRequests = -1, 0, -1, 0 })
		b.refused(charged(1), pause*time.Second)
		b.clock.Advance(pause * time.Second)
		x = b.to("a", charged(1))
	}
	b.good(x, 0)
	b.refuse(b.to("a", charged(1)), 0)
	b.refused(charged(1), time.Second)
}

// TestRequestsLeft holds that the limit of requests is believed like that of
// tokens.
func TestRequestsLeft(t *testing.T) {
	b := adaptiveBench(t, nil, "a", "b")
	b.noProbes()
	few := func(l *Limits) {
		l.RemainingRequests, l.LimitRequests, l.ResetRequests, l.PeriodRequests = 2, 20, 5*time.Second, 10*time.Second
	}
	b.good(b.to("a", charged(10)), 0, few)
	b.good(b.to("b", &Request{Charge: 10, Tried: []*State{b.pool.Members[0].State}}), 0, few)
	for range 4 {
		b.ask(charged(10))
	}
	c := b.refused(charged(10), 5*time.Second)
	if c.Why != "none is believed to have room" {
		t.Error(c.Why)
	}
	c = b.refused(&Request{Charge: 10, Explain: true}, 5*time.Second)
	if want := "a full no requests are left there until 2026-01-02T03:04:10.000Z; b full no requests are left there until 2026-01-02T03:04:10.000Z"; reasons(c) != want {
		t.Error(reasons(c))
	}
	b.clock.Advance(5*time.Second + time.Millisecond)
	b.to("a", charged(10))
}

// TestUnknown holds that headers that say nothing are no quota: -1, and 0 with a
// success.
func TestUnknown(t *testing.T) {
	b := adaptiveBench(t, nil, "a")
	for range 5 {
		b.good(b.to("a", charged(5000)), 0, func(l *Limits) { l.RemainingTokens, l.ResetTokens = 0, 0 })
		b.good(b.to("a", charged(5000)), 0)
	}
}

// TestJump holds that a window is found by a jump in what is left where no header
// tells its renewal.
func TestJump(t *testing.T) {
	b := adaptiveBench(t, nil, "a")
	b.noProbes()
	left := func(n int) func(*Limits) { return func(l *Limits) { l.RemainingTokens, l.LimitTokens = n, 6000 } }
	b.good(b.to("a", charged(100)), 0, left(3000))
	b.clock.Advance(10 * time.Second)
	b.good(b.to("a", charged(100)), 0, left(2900))
	b.clock.Advance(2 * time.Second)
	b.good(b.to("a", charged(100)), 0, left(5900)) // renewed between 10 s and 12 s
	x := b.to("a", charged(5900))
	b.refused(charged(100), 58*time.Second) // so again at 70 s
	b.good(x, 0, left(0))
	b.clock.Advance(58*time.Second - time.Millisecond)
	b.refused(charged(100), time.Millisecond)
	b.clock.Advance(2 * time.Millisecond)
	b.good(b.to("a", charged(100)), 0, left(5900))
}

// TestUseItOrLoseIt holds the choice under demand: the most tokens per second of
// window that is left; and the quickest while there is room everywhere.
func TestUseItOrLoseIt(t *testing.T) {
	b := adaptiveBench(t, nil, "a", "b")
	stream := func(n int) *Request { return &Request{Charge: n, Stream: true} }
	took := map[string]time.Duration{"a": 100 * time.Millisecond, "b": 300 * time.Millisecond}
	for i, id := range []string{"a", "b"} {
		lease := b.to(id, &Request{Stream: true, Tried: []*State{b.pool.Members[1-i].State}})
		b.good(lease, took[id], says(90000, 90000, 60))
	}
	for range 5 {
		lease, c := b.ask(stream(10))
		if lease.Member.ID != "a" || c.Why != "the quickest, as there is room everywhere" {
			t.Fatalf("%s: %s", lease.Member.ID, c.Why)
		}
		b.good(lease, 100*time.Millisecond)
	}
	// Demand: b's window ends in a fifth of the time, and it has half as much left.
	x := b.to("a", stream(30000))
	y := b.to("b", stream(30000))
	b.good(x, 0, says(60000, 90000, 50))
	b.good(y, 0, says(30000, 90000, 10))
	lease, c := b.ask(stream(1000))
	if lease.Member.ID != "b" || c.Why != "the most room for the time it is left" {
		t.Errorf("%s: %s", lease.Member.ID, c.Why)
	}
}

// TestOrderOfGroups holds that what is paid for comes first, then the priorities, a
// request at a time.
func TestOrderOfGroups(t *testing.T) {
	b := adaptiveBench(t, func(o *Options) { o.Members = map[string]MemberOptions{"ptu": {PaidFor: true, TokensPerMinute: 6000}} }, "a:1:1", "ptu:9:1", "c:2:1")
	b.noProbes()
	x := b.to("ptu", charged(6000))
	r := &Request{Charge: 500, Explain: true}
	lease, c := b.ask(r)
	if lease.Member.ID != "a" || !strings.HasPrefix(reasons(c), "a closed; ptu full its throughput is used up") || !strings.HasSuffix(reasons(c), "c closed a better priority has room") {
		t.Errorf("%s: %s", lease.Member.ID, reasons(c))
	}
	b.good(lease, 0, says(400, 6000, 10))
	b.to("c", charged(500))
	b.to("a", charged(300))
	b.good(x, 0, func(l *Limits) { l.Utilization = 97 })
	b.to("ptu", charged(500))
	b.to("c", charged(500))
	b.clock.Advance(4 * time.Second)
	b.to("ptu", charged(500))
}

// TestProbes holds that doubts are looked into within a budget: a belief that no
// refusal has proven, and whose reading is old.
func TestProbes(t *testing.T) {
	b := adaptiveBench(t, nil, "a")
	left := func(n int) func(*Limits) { return func(l *Limits) { l.RemainingTokens, l.LimitTokens = n, 6000 } }
	b.good(b.to("a", charged(6000)), 0, left(10))
	b.pool.live.strategy.(*adaptive).probes = 0
	b.clock.Advance(4 * time.Second)
	refused := 0
	for range 100 {
		lease, c := b.ask(charged(500))
		switch {
		case lease == nil:
			refused++
		case !c.Probe || c.Why != "the belief that it is full is in doubt":
			t.Fatalf("%+v", c)
		default:
			b.refuse(lease, 0, left(0), broken("tokens"))
			b.clock.Advance(4 * time.Second)
		}
	}
	if refused != 95 {
		t.Errorf("%d of 100 requests are probes, want 5", 100-refused)
	}
	// One that is served says that there is room.
	b.pool.live.strategy.(*adaptive).probes = 1
	b.good(b.to("a", charged(500)), 0)
	b.to("a", charged(500))
}

// TestEjection holds that failures keep a member out for 2 s, doubling to 30, with
// one probe to return; and that being full is not being ill.
func TestEjection(t *testing.T) {
	b := adaptiveBench(t, nil, "a:1:1", "b:2:1")
	down := func(a *Lease) { b.fail(a, 0, "connect_refused", 0) }
	for range 3 {
		down(b.to("a", charged(1)))
	}
	for _, pause := range []time.Duration{2, 4, 8, 16, 30, 30} {
		b.to("b", charged(1))
		_, c := b.ask(&Request{Charge: 1, Explain: true})
		if !strings.HasPrefix(reasons(c), "a ejected it has failed too often until ") {
			t.Fatal(reasons(c))
		}
		b.clock.Advance(pause*time.Second - time.Millisecond)
		b.to("b", charged(1))
		b.clock.Advance(time.Millisecond)
		lease, c := b.ask(charged(1))
		if lease.Member.ID != "a" || !c.Probe {
			t.Fatalf("after %v: %s, %s", pause, lease.Member.ID, c.Why)
		}
		b.to("b", charged(1)) // one probe at a time
		down(lease)
	}
	b.clock.Advance(30 * time.Second)
	lease := b.to("a", charged(1))
	b.good(lease, time.Second)
	// It is back, and asked first again once its failures are forgotten.
	b.clock.Advance(2 * time.Minute)
	b.to("a", charged(1))
	for range 5 {
		b.refuse(b.to("a", charged(1)), time.Millisecond, broken("requests"))
		b.clock.Advance(time.Second)
	}
	b.to("a", charged(1))
	// A probe that the caller leaves finds nothing out, and another one follows.
	for range 3 {
		down(b.to("a", charged(1)))
	}
	b.clock.Advance(2 * time.Second)
	b.to("a", charged(1)).Ended("client_closed", "", 0)
	b.to("a", charged(1))
}

// TestPanic holds that a member that fails in part is used where nobody else has
// room, as far as its failures can be made good, and one that is dead is not.
func TestPanic(t *testing.T) {
	b := adaptiveBench(t, func(o *Options) { o.Attempts.Budget = 0.2 }, "a:1:1", "b:2:1")
	b.noProbes()
	for range 3 {
		b.fail(b.to("a", charged(1)), 0, kindStatus, 500)
	}
	b.good(b.to("b", charged(100)), 0, says(100, 6000, 60))
	lease, c := b.ask(charged(500))
	if lease == nil || lease.Member.ID != "a" || c.Why != "it fails in part, and nobody else has room" {
		t.Fatalf("%+v", c)
	}
	b.to("b", charged(50))
	// A quarter of the attempts fails there, and a fifth of the requests may be sent
	// again.
	used := 0
	for range 100 {
		if lease, _ := b.ask(charged(500)); lease != nil {
			used++
		}
	}
	if used < 30 || used > 70 {
		t.Errorf("%d of 100 requests go to a member of which failures are to be expected", used)
	}
	// The request that it fails may be sent there again.
	r := charged(500)
	r.Attempt = 1
	b.good(b.to("a", r), 0)

	b = adaptiveBench(t, nil, "a:1:1", "b:2:1")
	b.noProbes()
	for range 3 {
		b.fail(b.to("a", charged(1)), 0, "timeout", 0)
	}
	b.good(b.to("b", charged(100)), 0, says(100, 6000, 60))
	b.refused(charged(500), 2*time.Second)
}

// TestFirstByte holds the learnt time-outs: eight deviations above the mean, not
// less than 2.5 s nor more than is configured, by the size of the prompt, for
// streams alone; and that silence is noticed before.
func TestFirstByte(t *testing.T) {
	b := adaptiveBench(t, func(o *Options) { o.FirstByteTimeout = 20 * time.Second }, "a:1:1", "b:2:1")
	stream := func(prompt int) *Request { return &Request{Prompt: prompt, Charge: prompt, Stream: true} }
	limit := func(r *Request) time.Duration {
		lease, c := b.ask(r)
		if lease.Member.ID != "a" {
			t.Fatal(lease.Member.ID)
		}
		lease.Ended(KindNotSent, "", 0)
		return c.FirstByteTimeout
	}
	if got := limit(stream(10)); got != 20*time.Second {
		t.Errorf("nothing learnt: %v", got)
	}
	for range 30 {
		b.good(b.to("a", stream(10)), 500*time.Millisecond)
		b.good(b.to("a", stream(5000)), 2*time.Second)
		b.good(b.to("a", stream(5000)), 4*time.Second)
		b.good(b.to("a", stream(50000)), 30*time.Second)
	}
	if got := limit(stream(10)); got != 2500*time.Millisecond {
		t.Errorf("quick answers: %v", got)
	}
	if got := limit(stream(5000)); got < 10*time.Second || got > 12*time.Second {
		t.Errorf("of 2 s and 4 s: %v", got)
	}
	if got := limit(stream(50000)); got != 20*time.Second {
		t.Errorf("slow answers: %v", got)
	}
	if got := limit(&Request{Prompt: 10}); got != 20*time.Second {
		t.Errorf("an answer that comes whole: %v", got)
	}
	hung := b.to("a", stream(10))
	b.clock.Advance(900 * time.Millisecond)
	b.to("a", stream(10))
	b.clock.Advance(200 * time.Millisecond)
	lease, c := b.ask(&Request{Charge: 10, Explain: true})
	if lease.Member.ID != "b" || reasons(c) != "a closed nothing is heard of it; b closed" {
		t.Errorf("%s: %s", lease.Member.ID, reasons(c))
	}
	b.good(hung, 0)
	b.to("a", stream(10))
}

// waiting asks for a request that has to wait, and gives what it is told in the
// end.
func (b *bench) waiting(r *Request) (told *string, c Choice) {
	b.Helper()
	told = new(string)
	r.Arrived = b.clock.Now()
	_, c = b.live.Ask(b.pool, r, func(lease *Lease, c Choice) {
		*told = "nobody"
		if lease != nil {
			*told = lease.Member.ID
		}
	})
	if !c.Wait {
		b.Fatalf("it does not wait: %+v", c)
	}
	return told, c
}

// TestQueue holds that requests wait for room in their consumers' lines, the
// consumer first that was given least, up to their patience.
func TestQueue(t *testing.T) {
	b := adaptiveBench(t, func(o *Options) {
		o.Queue, o.Members = 10*time.Second, map[string]MemberOptions{"a": {TokensPerMinute: 6000}}
	}, "a")
	b.noProbes()
	of := func(consumer string, charge int) *Request { return &Request{Consumer: consumer, Charge: charge} }
	b.good(b.to("a", of("big", 5500)), 0, says(500, 6000, 5))
	big, _ := b.waiting(of("big", 3000))
	bigger, _ := b.waiting(of("big", 2500))
	small, _ := b.waiting(of("small", 3500))
	gone, c := b.waiting(of("zone", 5000))
	// Nobody overtakes, but what fits behind what does not goes at once.
	tiny, _ := b.waiting(of("big", 100))
	if *tiny != "a" || *big+*small != "" {
		t.Errorf("told %q, %q, %q", *tiny, *big, *small)
	}
	if got := b.live.Pools()[0].Waiting; got != 4 {
		t.Errorf("%d wait", got)
	}
	if refused, left := b.live.Leave(b.pool, &Request{}, c); left {
		t.Errorf("a stranger leaves: %+v", refused)
	}
	b.clock.Advance(4700 * time.Millisecond)
	if *big+*small != "" {
		t.Error("told before there is room")
	}
	// Renewed: small was given nothing so far. The other waits for the proof.
	b.clock.Advance(301 * time.Millisecond)
	if *small != "a" || *big != "" {
		t.Errorf("small %q, big %q", *small, *big)
	}
	b.clock.Advance(2 * time.Second) // as good as a proof
	if *big != "" || *bigger != "a" {
		t.Errorf("big %q, bigger %q: 2,500 are left", *big, *bigger)
	}
	b.clock.Advance(3 * time.Second)
	r := c
	if c, left := b.live.Leave(b.pool, b.requestOf("zone"), r); !left || c.Wait || c.Why == "" {
		t.Errorf("%v %+v", left, c)
	}
	b.clock.Advance(time.Minute)
	if *gone != "" || *big != "a" {
		t.Errorf("told who left %q; big %q", *gone, *big)
	}
}

// requestOf is the waiting request of a consumer.
func (b *bench) requestOf(consumer string) *Request {
	for r := range b.pool.live.waiting {
		if r.Consumer == consumer {
			return r
		}
	}
	b.Fatal("nobody waits for " + consumer)
	return nil
}

// TestFairShares holds that above capacity a consumer is thinned to its max-min
// share, and that nobody is below.
func TestFairShares(t *testing.T) {
	b := adaptiveBench(t, func(o *Options) {
		o.FairShares, o.Members = true, map[string]MemberOptions{"a": {TokensPerMinute: 60000}}
	}, "a")
	// 1,000 tokens a second; one consumer asks for 1,500, two for 250 each.
	served, asked := map[string]int{}, map[string]int{}
	for second := range 600 {
		for i := range 8 {
			consumer := []string{"loud", "loud", "loud", "x", "loud", "loud", "loud", "y"}[i]
			asked[consumer]++
			lease, _ := b.ask(&Request{Consumer: consumer, Charge: 250})
			if lease == nil {
				continue
			}
			served[consumer]++
			b.good(lease, 0)
		}
		b.clock.Advance(time.Second)
		if second == 119 {
			clear(served)
			clear(asked)
		}
	}
	for consumer, least := range map[string]float64{"x": 0.9, "y": 0.9, "loud": 0.25} {
		if got := float64(served[consumer]) / float64(asked[consumer]); got < least {
			t.Errorf("%s is served %.2f, want %.2f", consumer, got, least)
		}
	}
	if got := float64(served["loud"]) / float64(asked["loud"]); got > 0.5 {
		t.Errorf("loud is served %.2f", got)
	}
	f := fairShares{demand: map[string]float64{"a": 100, "b": 300, "c": 5000}}
	if got := f.share(1000); got != 600 {
		t.Errorf("a share of %v, want 600", got)
	}
	if got := (&fairShares{demand: map[string]float64{"a": 1}}).share(1000); !math.IsInf(got, 1) {
		t.Errorf("enough for all: %v", got)
	}
}

// TestRunningOn holds that a meter without windows is recognised, by moments of
// renewal that contradict each other, and then believed by what comes back.
func TestRunningOn(t *testing.T) {
	b := adaptiveBench(t, nil, "a")
	m := b.pool.Members[0]
	for range 8 {
		lease := b.to("a", charged(4000))
		b.refuse(lease, 7*time.Second, broken("tokens"), func(l *Limits) { l.RemainingTokens, l.LimitTokens = 1000, 6000 })
		b.clock.Advance(7 * time.Second)
		b.good(b.to("a", charged(10)), 0, func(l *Limits) { l.RemainingTokens, l.LimitTokens = 5900, 6000 })
		b.clock.Advance(4 * time.Second)
	}
	k := remembered(m).deployments[""]
	if !k.tokens.runsOn() {
		t.Errorf("%+v", k.tokens)
	}
	if k.tokens.drift <= 0 || k.tokens.drift > 100 {
		t.Errorf("%.1f tokens a second come back", k.tokens.drift)
	}
}

// TestBeliefView holds what GET /pools and the trace show.
func TestBeliefView(t *testing.T) {
	b := adaptiveBench(t, nil, "a")
	b.good(b.to("a", &Request{Deployment: "GPT-4o", Charge: 100, Stream: true}), 500*time.Millisecond, says(900, 6000, 30))
	b.to("a", &Request{Deployment: "gpt-4o", Charge: 100})
	b.to("a", &Request{Deployment: "other", Charge: 100})
	b.clock.Advance(time.Second)
	text, err := json.Marshal(b.live.Pools()[0].Members[0].Belief)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"errors":0,"ejectedUntil":null,"deployments":[` +
		`{"deployment":"gpt-4o","tokens":{"left":800,"limit":6000,"renewedInSeconds":28.5,"exact":false,"driftPerSecond":0},"firstByteSeconds":0.5,"ageSeconds":1.5},` +
		`{"deployment":"other","firstByteSeconds":null,"ageSeconds":null}]}`
	if string(text) != want {
		t.Errorf("\n%s\n%s", text, want)
	}
	for i := range 200 {
		lease, _ := b.ask(&Request{Deployment: fmt.Sprint("made up ", i), Charge: 1})
		lease.Ended(KindNotSent, "", 0)
	}
	if n := len(remembered(b.pool.Members[0]).deployments); n > maxDeployments {
		t.Errorf("%d deployments are remembered", n)
	}
}

// TestSessionAdaptive holds that a bound caller goes to its member while that is
// believed to take it, and that the question does not count twice.
func TestSessionAdaptive(t *testing.T) {
	b := adaptiveBench(t, func(o *Options) { o.Queue = 5 * time.Second }, "a", "b")
	b.noProbes()
	b.good(b.to("a", &Request{Charge: 10, Session: "a"}), 0, says(1000, 6000, 20))
	b.good(b.to("a", &Request{Charge: 600, Session: "a"}), 0, says(400, 6000, 20))
	b.good(b.to("b", &Request{Charge: 600, Session: "a"}), 0, says(100, 6000, 30))
	told, c := b.waiting(&Request{Charge: 600, Session: "a"})
	if n := b.live.Pools()[0].Waiting; n != 1 || len(b.pool.live.strategy.(*adaptive).queue.lines[""]) != 1 {
		t.Errorf("%d wait: %+v", n, c)
	}
	b.clock.Advance(20*time.Second + time.Millisecond)
	if *told != "a" {
		t.Errorf("told %q", *told)
	}
}

// FuzzStrategies holds every strategy to what it owes its callers, whatever comes:
// a member that is there or none, scores and beliefs that can be shown.
func FuzzStrategies(f *testing.F) {
	f.Add(uint8(4), []byte("0a1b2c3d4e5f\x00\x01\x02\x80\xff\x7f"))
	f.Add(uint8(3), []byte{1, 2, 3, 4, 5, 6, 7, 8, 250, 251, 252, 253, 9, 9, 9})
	f.Fuzz(func(t *testing.T, which uint8, script []byte) {
		if len(script) > 300 {
			return
		}
		row := Strategies()[int(which)%len(Strategies())]
		o := Options{Strategy: row.Name, Attempts: Attempts{Budget: 0.2}, Members: map[string]MemberOptions{"b": {PaidFor: true}, "c": {TokensPerMinute: 6000}}}
		if row.Name == "adaptive" {
			o.FairShares = which > 100
			if which > 200 {
				o.Queue = 3 * time.Second
			}
		}
		b := newBench(t, o, "a:1:1", "b:2:3", "c:1:2")
		var open []*Lease
		for i := 0; i+3 < len(script); i += 4 {
			op, x, y, z := script[i], script[i+1], script[i+2], script[i+3]
			if op%2 == 0 || len(open) == 0 {
				r := &Request{Arrived: b.clock.Now(), Consumer: fmt.Sprint(x % 3), Charge: int(x) * int(y), Prompt: int(y) * 100, Stream: z%2 == 0, Explain: true}
				lease, c := b.live.Ask(b.pool, r, func(lease *Lease, _ Choice) {
					if lease != nil {
						open = append(open, lease)
					}
				})
				if lease != nil {
					open = append(open, lease)
				}
				if _, err := json.Marshal(c.Candidates); err != nil {
					t.Fatal(err)
				}
			} else {
				lease := open[0]
				open = open[1:]
				o := Outcome{
					Status: []int{200, 200, 429, 500, 0, 404}[int(x)%6], Head: time.Duration(y) * 20 * time.Millisecond,
					Hint: Hint{Known: z%3 == 0, Wait: time.Duration(z) * time.Second, Asked: time.Duration(z) * time.Second},
					Limits: Limits{
						RemainingTokens: int(y)*50 - 100, LimitTokens: int(z)*100 - 1, ResetTokens: time.Duration(int(x)-3) * time.Second,
						RemainingRequests: int(z) - 10, LimitRequests: int(x), ResetRequests: time.Duration(int(y)-3) * time.Second,
						Broken: []string{"", "tokens", "requests"}[int(y)%3], Utilization: float64(int(z)) - 200,
					},
				}
				o.Kind = map[int]string{200: kindOK, 0: "timeout"}[o.Status]
				if o.Kind == "" {
					o.Kind = kindStatus
				}
				lease.Answered(o)
				lease.Ended("", "", int(x))
			}
			b.clock.Advance(time.Duration(z) * 37 * time.Millisecond)
			if _, err := json.Marshal(b.live.Pools()); err != nil {
				t.Fatal(err)
			}
		}
		for len(open) > 0 {
			lease := open[0]
			open = open[1:]
			lease.Ended(KindNotSent, "", 0)
		}
		for _, m := range b.pool.Members {
			if m.State.InFlight != 0 {
				t.Errorf("%s: %d in flight at the end", m.ID, m.State.InFlight)
			}
		}
	})
}
