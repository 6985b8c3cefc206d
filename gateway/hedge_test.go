package gateway

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// hedging switches second copies on: after is when, 0 for what is learnt.
func hedging(budget float64, after time.Duration) func(*Settings) {
	return func(s *Settings) {
		s.APIs = map[string]APISettings{"chat": {Hedge: HedgeSettings{Budget: budget, After: after, Unless: "noHedge"}}}
	}
}

func TestHedge(t *testing.T) {
	for _, c := range []struct {
		name, first, second string // steps, separated by commas
		attempts            string
		body                string
		status              int
		took                time.Duration
		gone                string // the far end that is told, "" for none
		at                  time.Duration
	}{
		{name: "the first is in time", first: "wait 900ms,head 200 json,chunk a,eof", attempts: "a:ok", body: "a", status: 200, took: 900 * time.Millisecond},
		{
			name: "the second is faster", first: "wait 9s,head 200 json,chunk a,eof", second: "wait 200ms,head 200 json,chunk b,eof",
			attempts: "a:overtaken +b:ok", body: "b", status: 200, took: 1200 * time.Millisecond, gone: "a", at: 1200 * time.Millisecond,
		},
		{
			name: "a head is not a first byte", first: "head 200 json,wait 9s,chunk a,eof", second: "wait 200ms,head 200 json,chunk b,eof",
			attempts: "a:overtaken +b:ok", body: "b", status: 200, took: 1200 * time.Millisecond, gone: "a", at: 1200 * time.Millisecond,
		},
		{
			name: "the first is faster yet", first: "wait 2s,head 200 json,chunk a,wait 1s,chunk a,eof", second: "wait 9s,head 200 json,chunk b,eof",
			attempts: "+b:overtaken a:ok", body: "aa", status: 200, took: 3 * time.Second, gone: "b", at: 2 * time.Second,
		},
		{
			name: "the second fails", first: "wait 2s,head 200 json,chunk a,eof", second: "refuse",
			attempts: "+b:connect_refused a:ok", body: "a", status: 200, took: 2 * time.Second,
		},
		{
			name: "the second has no room", first: "wait 2s,head 200 json,chunk a,eof", second: "head 429 json,chunk full,eof",
			attempts: "+b:status a:ok", body: "a", status: 200, took: 2 * time.Second,
		},
		{
			name: "the first fails late", first: "wait 2s,cut", second: "wait 3s,head 200 json,chunk b,eof",
			attempts: "a:reset +b:ok", body: "b", status: 200, took: 4 * time.Second,
		},
		{
			name: "the first fails late with a status", first: "wait 2s,head 500 json,chunk broken,eof", second: "wait 3s,head 200 json,chunk b,eof",
			attempts: "a:status +b:ok", body: "b", status: 200, took: 4 * time.Second,
		},
		{
			name: "a refusal of the second says nothing", first: "wait 9s,head 200 json,chunk a,eof", second: "head 404 json,chunk not here,eof",
			attempts: "+b:status a:ok", body: "a", status: 200, took: 9 * time.Second,
		},
		{
			name: "a refusal of the first is an answer", first: "wait 2s,head 404 json,chunk not here,eof", second: "wait 9s,head 200 json,chunk b,eof",
			attempts: "+b:overtaken a:status", body: "not here", status: 404, took: 2 * time.Second, gone: "b", at: 2 * time.Second,
		},
		{
			name: "both refuse", first: "wait 2s,head 400 json,chunk A,eof", second: "head 404 json,chunk B,eof",
			attempts: "+b:status a:status", body: "A", status: 400, took: 2 * time.Second,
		},
		{
			name: "both have errors", first: "wait 3s,head 500 json,chunk A,eof", second: "head 503 json,chunk B,eof",
			attempts: "+b:status a:status", body: "A", status: 500, took: 3 * time.Second,
		},
		{
			name: "an error beats nothing", first: "wait 3s,cut", second: "head 503 json,chunk B,eof",
			attempts: "a:reset +b:status", body: "B", status: 503, took: 3 * time.Second,
		},
		{
			name: "both fail", first: "wait 3s,cut", second: "refuse",
			attempts: "+b:connect_refused a:reset", status: 500, took: 3 * time.Second,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVirtual(t, []string{"a", "b"}, "", hedging(1, time.Second))
			v.plays("a", strings.Split(c.first, ",")...)
			v.plays("b", strings.Split(c.second, ",")...)
			s := v.one(nil)
			if s.status != c.status || c.body != "" && s.body != c.body || s.took != c.took || s.attempts() != c.attempts || !s.ended {
				t.Errorf("%d %q after %v, %s; want %d %q after %v, %s", s.status, s.body, s.took, s.attempts(), c.status, c.body, c.took, c.attempts)
			}
			for _, name := range []string{"a", "b"} {
				gone := v.ends[name+".test"].gone
				if name != c.gone && len(gone) > 0 || name == c.gone && (len(gone) != 1 || gone[0] != c.at) {
					t.Errorf("%s saw its end at %v", name, gone)
				}
			}
			v.settled()
		})
	}
}

// A second copy leaves the caller's request as it was, and the trace tells of
// both.
func TestHedgeIsTold(t *testing.T) {
	v := newVirtual(t, []string{"a", "b"}, "", hedging(1, time.Second))
	v.plays("a", "wait 9s", "head 200 json", "chunk a", "eof")
	v.plays("b", "head 200 json", "chunk b", "eof")
	s := v.one((*seen).traced)
	for _, want := range []string{
		"No first byte after 1s: a second copy goes to 'b'.", "'b' has answered first; the attempt at 'a' was ended.", "http://a.test", "http://b.test",
	} {
		if !strings.Contains(s.story(), want) {
			t.Errorf("the trace lacks %q:\n%s", want, s.story())
		}
	}
	if u := s.x.Request.URL.String(); !strings.HasPrefix(u, "http://b.test/") {
		t.Errorf("the request went to %s", u)
	}
	if log := v.log.String(); !strings.Contains(log, `"outcome":"overtaken"`) || strings.Count(log, `"hedge":true`) != 1 {
		t.Errorf("the log:\n%s", log)
	}
	for _, name := range []string{"a.test", "b.test"} {
		if got := v.ends[name].bodies; len(got) != 1 || got[0] != question {
			t.Errorf("%s got %q", name, got)
		}
	}
}

// When a first byte is late is learnt from those before, outlives a reload, and
// is told apart by deployment and kind.
func TestHedgeLearns(t *testing.T) {
	v := newVirtual(t, []string{"a", "b"}, "", hedging(1, 0))
	slow := false
	v.ends["a.test"].plays = func(n int, _ string) []string {
		d := time.Duration(n%100+1) * 10 * time.Millisecond // 10 ms to 1 s
		if slow {
			d = time.Minute
		}
		return []string{"wait " + d.String(), "head 200 json", "chunk a", "eof"}
	}
	v.plays("b", "head 200 json", "chunk b", "eof")
	v.clock.Run(func() {
		for n := range 100 {
			s := v.ask(context.Background(), nil)
			if n < learnFrom && len(s.x.Attempts) != 1 {
				t.Fatalf("request %d: %s, and nothing is known yet", n, s.attempts())
			}
		}
	})
	slow = true
	v.publish()
	// Every one of the rising times above is beyond what was known when it came,
	// so that each had a second copy as soon as it was late.
	late := v.gateway.Service().forwarder.hedges.late(kind{"regions", "gpt", true})
	s := v.one(nil)
	if s.attempts() != "a:overtaken +b:ok" || s.took != late || late < 150*time.Millisecond || late > time.Second {
		t.Errorf("%s after %v; late is %v", s.attempts(), s.took, late)
	}
	for name, edit := range map[string]func(*seen){
		"another deployment": func(s *seen) {
			s.x.Original.URL.Path = strings.ReplaceAll(chatPath, "gpt", "other")
		},
		"not a stream": func(s *seen) { s.x.Original.Body = exchange.BufferedBody([]byte(`{"messages":[]}`)) },
	} {
		if s := v.one(edit); s.attempts() != "a:ok" || s.took != time.Minute {
			t.Errorf("%s: %s after %v", name, s.attempts(), s.took)
		}
	}
}

// The learnt time is the 95th percentile of the last.
func TestPercentile(t *testing.T) {
	h := newHedges()
	k := kind{"p", "d", false}
	for i := range 1000 {
		h.observe(k, time.Duration(i%64+1)*time.Millisecond)
		if got := h.late(k); i < learnFrom-1 && got != 0 || i == learnFrom-1 && got != 20*time.Millisecond || i >= 2*learnOf && got != 62*time.Millisecond {
			t.Fatalf("after %d: %v", i+1, got)
		}
	}
	for i := range 3 * learnKinds {
		h.observe(kind{deployment: strings.Repeat("x", i)}, time.Second)
	}
	if n := len(h.kinds); n > learnKinds {
		t.Errorf("%d kinds are kept", n)
	}
}

// Second copies stay within their share of the requests.
func TestHedgeBudget(t *testing.T) {
	v := newVirtual(t, []string{"a", "b"}, "", hedging(0.05, 100*time.Millisecond))
	v.plays("a", "wait 5s", "head 200 json", "chunk a", "eof")
	v.plays("b", "head 200 json", "chunk b", "eof")
	const n = 1000
	v.clock.Run(func() {
		for range n {
			_ = v.ask(context.Background(), nil)
		}
	})
	if got := v.ends["b.test"].calls; got > n*5/100 || got < n*5/100-1 {
		t.Errorf("%d second copies of %d requests", got, n)
	}
	s := v.one((*seen).traced)
	if !strings.Contains(s.story(), "the API's budget of second copies is used up") {
		t.Error(s.story())
	}
	v.settled()
}

// Who is not hedged: what a policy marks, what a session binds, what cannot be
// sent twice, and a pool that has nobody else.
func TestNotHedged(t *testing.T) {
	const usual = `<set-backend-service backend-id="regions" /></inbound><backend><forward-request timeout="120" buffer-response="false" /></backend><outbound />`
	for name, c := range map[string]struct {
		inbound string
		edit    func(*seen)
		service func(*virtual)
		members []string
		hedged  bool
	}{
		"nothing":          {hedged: true},
		"marked":           {inbound: `<set-variable name="noHedge" value="true" />`},
		"marked by a bool": {inbound: `<set-variable name="noHedge" value="@(true)" />`},
		"marked by a time": {inbound: `<set-variable name="noHedge" value="@(DateTime.UtcNow)" />`},
		"not marked":       {inbound: `<set-variable name="noHedge" value="@(false)" />`, hedged: true},
		"not marked, text": {inbound: `<set-variable name="noHedge" value="False" />`, hedged: true},
		"deletes":          {edit: func(s *seen) { s.x.Original.Method = "DELETE" }},
		"looks":            {edit: func(s *seen) { s.x.Original.Method = "GET" }, hedged: true},
		"alone":            {members: []string{"a"}},
		"too long": {edit: func(s *seen) {
			s.x.Original.Body = exchange.StreamingBody(&textStream{parts: []string{strings.Repeat("x", 2000)}}, 2000)
		}},
		"kept": {hedged: true, edit: func(s *seen) {
			s.x.Original.Body = exchange.StreamingBody(&textStream{parts: []string{"{", "}"}}, -1)
		}},
		"in a session": {
			service: func(v *virtual) {
				affinity := &apim.SessionAffinity{}
				affinity.SessionID.Name, affinity.SessionID.Source = "S", "cookie"
				v.service.Backend("regions").Pool.SessionAffinity = affinity
			},
			edit: func(s *seen) {
				p := s.v.gateway.Service().backends.Pool("regions")
				s.x.Original.Header.Add("Cookie", "S="+p.Session.Value(p.Members[0]))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			members := c.members
			if members == nil {
				members = []string{"a", "b"}
			}
			v := newVirtual(t, members, "<inbound>"+c.inbound+usual, func(s *Settings) {
				hedging(1, time.Second)(s)
				s.Policies.ReplayBody = 1000
			})
			if c.service != nil {
				c.service(v)
				v.publish()
			}
			v.plays("a", "wait 9s", "head 200 json", "chunk a", "eof")
			if len(members) > 1 {
				v.plays("b", "head 200 json", "chunk b", "eof")
			}
			s := v.one(c.edit)
			if got := len(s.x.Attempts) == 2; got != c.hedged || s.status != 200 {
				t.Errorf("%d by %s", s.status, s.attempts())
			}
			v.settled()
		})
	}
}

// textStream is a body in pieces.
type textStream struct {
	parts []string
	end   error
}

func (s *textStream) Next(context.Context) ([]byte, error) {
	if len(s.parts) == 0 {
		if s.end == nil {
			return nil, io.EOF
		}
		return nil, s.end
	}
	p := s.parts[0]
	s.parts = s.parts[1:]
	return []byte(p), nil
}

func (s *textStream) Close() error { return nil }

// A caller who leaves ends both attempts at once.
func TestHedgedCallerLeaves(t *testing.T) {
	v := newVirtual(t, []string{"a", "b"}, "", hedging(1, time.Second))
	v.plays("a", "wait 1h")
	v.plays("b", "wait 1h")
	var s *seen
	v.clock.Run(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		v.clock.AfterFunc(3*time.Second, cancel)
		s = v.ask(ctx, nil)
	})
	if s.ended || s.took != 3*time.Second || s.attempts() != "+b:client_closed a:client_closed" {
		t.Errorf("%v %s", s.took, s.attempts())
	}
	for name, e := range v.ends {
		if len(e.gone) != 1 || e.gone[0] != 3*time.Second {
			t.Errorf("%s saw its end at %v", name, e.gone)
		}
	}
	v.settled()
}

// Both attempts fail and the pool may try further members: those that were asked
// are not asked again before the others.
func TestHedgeThenRetry(t *testing.T) {
	v := newVirtual(t, []string{"a", "b", "c"}, "", func(s *Settings) {
		hedging(1, time.Second)(s)
		s.Pools = map[string]backend.Options{"regions": {Attempts: backend.Attempts{Count: 2, Failures: true, Statuses: []apim.StatusCodeRange{{Min: 500, Max: 599}}}}}
	})
	breaker := func(name string) {
		v.service.Backend(name).CircuitBreaker = &apim.CircuitBreaker{Rules: []apim.BreakerRule{{
			Name: "r", TripDuration: apim.Duration{Duration: time.Minute},
			FailureCondition: apim.FailureCondition{Count: 1, Interval: apim.Duration{Duration: time.Minute}, StatusCodeRanges: []apim.StatusCodeRange{{Min: 500, Max: 599}}},
		}}}
	}
	breaker("a")
	breaker("b")
	v.publish()
	v.plays("a", "wait 2s", "head 500 json", "chunk A", "eof")
	v.plays("b", "head 503 json", "chunk B", "eof")
	v.plays("c", "head 200 json", "chunk c", "eof")
	s := v.one(nil)
	if s.attempts() != "+b:status a:status c:ok" || s.body != "c" || s.took != 2*time.Second {
		t.Errorf("%d %q by %s after %v", s.status, s.body, s.attempts(), s.took)
	}
	v.settled()
}

func BenchmarkHedged(b *testing.B) {
	for name, budget := range map[string]float64{"off": 0, "on": 0.05} {
		b.Run(name, func(b *testing.B) {
			v := newVirtual(b, []string{"a", "b"}, "", hedging(budget, 0))
			v.plays("a", "head 200 json", "chunk a", "eof")
			v.plays("b", "head 200 json", "chunk b", "eof")
			b.ReportAllocs()
			v.clock.Run(func() {
				for b.Loop() {
					v.ends["a.test"].at, v.ends["a.test"].bodies = nil, nil
					_ = v.ask(context.Background(), nil)
				}
			})
		})
	}
}

// The time of all attempts together holds for the second copy, too, and both say
// in the log what went wrong.
func TestHedgeTimes(t *testing.T) {
	for _, c := range []struct {
		attempts backend.Attempts
		took     time.Duration
	}{
		{backend.Attempts{Total: 3 * time.Second}, 3 * time.Second},
		{backend.Attempts{Timeout: 2 * time.Second}, 3 * time.Second},
	} {
		v := newVirtual(t, []string{"a", "b"}, "", func(s *Settings) {
			hedging(1, time.Second)(s)
			s.Pools = map[string]backend.Options{"regions": {Attempts: c.attempts}}
		})
		v.plays("a", "wait 1h")
		v.plays("b", "wait 1h")
		s := v.one(nil)
		if s.attempts() != "+b:timeout a:timeout" || s.took != c.took || s.status != 500 {
			t.Errorf("%+v: %d by %s after %v", c.attempts, s.status, s.attempts(), s.took)
		}
		if n := strings.Count(v.log.String(), `"error":"Request to the backend service timed out"`); n != 2 {
			t.Errorf("%d attempts say why\n%s", n, v.log)
		}
		v.settled()
	}
}
