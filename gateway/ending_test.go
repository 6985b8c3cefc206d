package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// A stream that cannot be completed ends with an event that says why, in the
// words of its API, and without the end of its body.
func TestLastEvent(t *testing.T) {
	a := saying{"a"}
	for name, c := range map[string]struct {
		steps []string
		stop  bool // the gateway does
		want  string
	}{
		"cut":       {steps: []string{"cut"}, want: "The backend closed the connection"},
		"idle":      {steps: []string{"wait 1h"}, want: "sent nothing for too long"},
		"no token":  {steps: []string{"chunk : ping\n\n", "wait 20s", "chunk : ping\n\n", "wait 20s", "chunk : ping\n\n", "wait 1h"}, want: "sent nothing for too long"},
		"malformed": {steps: []string{"chunk <html>\n"}, want: "something that is no event"},
		"stopping":  {steps: []string{"wait 1h"}, stop: true, want: "The gateway is stopping"},
	} {
		for _, path := range []string{chatPath, "/ai/openai/v1/responses"} {
			v := newVirtual(t, []string{"a"}, "", func(s *Settings) {
				s.APIs = map[string]APISettings{"chat": {IdleTimeout: 30 * time.Second, FirstTokenTimeout: 45 * time.Second}}
			})
			first := a.role()
			if name != "no token" {
				first += a.says("x")
			}
			v.plays("a", append([]string{"head 200", "chunk " + first}, c.steps...)...)
			var s *seen
			v.clock.Run(func() {
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				if c.stop {
					v.clock.AfterFunc(time.Second, func() { cancel(exchange.ErrStopping) })
				}
				s = v.ask(ctx, func(s *seen) { s.x.Original.URL.Path = path })
			})
			events := strings.Split(strings.TrimSuffix(s.body, "\n\n"), "\n\n")
			last := events[len(events)-1]
			data := last
			if path != chatPath {
				var ok bool
				if data, ok = strings.CutPrefix(last, "event: error\n"); !ok {
					t.Errorf("%s: %s", name, last)
				}
			}
			var e struct {
				Type, Code, Message string
				Error               struct{ Message, Type, Code string }
			}
			data, _ = strings.CutPrefix(data, "data: ")
			if err := json.Unmarshal([]byte(data), &e); err != nil || !strings.Contains(e.Error.Message, c.want) || e.Error.Code != "upstream_disconnected" || e.Error.Type != "server_error" ||
				(path != chatPath) != (e.Type == "error" && e.Code == "upstream_disconnected" && e.Message == e.Error.Message) {
				t.Errorf("%s: %v %s", name, err, last)
			}
			if s.ended || !s.aborted {
				t.Errorf("%s: ended %v, aborted %v", name, s.ended, s.aborted)
			}
		}
	}
}

// tripping gives members a breaker that the first failure opens.
func tripping(v *virtual, names ...string) {
	for _, name := range names {
		v.service.Backend(name).CircuitBreaker = &apim.CircuitBreaker{Rules: []apim.BreakerRule{{
			Name: "r", TripDuration: apim.Duration{Duration: time.Minute},
			FailureCondition: apim.FailureCondition{
				Count: 1, Interval: apim.Duration{Duration: time.Minute}, StatusCodeRanges: []apim.StatusCodeRange{{Min: 429, Max: 599}},
				ErrorReasons: []string{"BackendConnectionFailure", "Timeout"},
			},
		}}}
	}
	v.publish()
}

// However a stream ends that is not complete, its region's breaker hears of it;
// that a caller left says nothing.
func TestEndingsTrip(t *testing.T) {
	a := saying{"a"}
	for _, c := range []struct {
		steps   string
		leave   bool
		outcome string
		open    bool
	}{
		{steps: "cut", outcome: "stream_aborted", open: true},
		{steps: "wait 1h", outcome: "stream_idle", open: true},
		{steps: "chunk <html>", outcome: "stream_malformed", open: true},
		{steps: "chunk : ping\n\n^wait 20s^chunk : ping\n\n^wait 1h", outcome: "first_token_timeout", open: true},
		{steps: "wait 1h", leave: true, outcome: "client_closed"},
		{steps: "eof", outcome: "ok"},
	} {
		v := newVirtual(t, []string{"a"}, "", func(s *Settings) {
			s.APIs = map[string]APISettings{"chat": {IdleTimeout: 30 * time.Second, FirstTokenTimeout: 25 * time.Second}}
		})
		tripping(v, "a")
		first := a.role()
		if c.outcome != "first_token_timeout" {
			first += a.says("x")
		}
		v.plays("a", append([]string{"head 200", "chunk " + first}, strings.Split(c.steps, "^")...)...)
		var s *seen
		v.clock.Run(func() {
			ctx, leave := context.WithCancel(context.Background())
			defer leave()
			if c.leave {
				v.clock.AfterFunc(time.Second, leave)
			}
			s = v.ask(ctx, nil)
		})
		if open := v.live.Backends()[0].Open; s.attempts() != "a:"+c.outcome || open != c.open {
			t.Errorf("%s: %s, open %v", c.steps, s.attempts(), open)
		}
		v.settled()
	}
}

// What is late before its first token, dies in its beginning or brings an error
// there goes to another region while it is held back, and the client sees nothing of
// it.
func TestHeldBackIsRetried(t *testing.T) {
	a, b := saying{"a"}, saying{"b"}
	good := []string{"head 200", "chunk " + b.filter() + b.role(), "wait 1s", "chunk " + b.says("Hello") + b.stop() + doneEvent, "eof"}
	for name, steps := range map[string][]string{
		"late":                      {"head 200", "chunk " + a.filter(), "wait 1s", "chunk " + a.role(), "wait 1h"},
		"dies":                      {"head 200", "chunk " + a.filter() + a.role(), "cut"},
		"an error after the role":   {"head 200", "chunk " + a.filter() + a.role(), "wait 1s", `chunk data: {"error":{"code":"429","message":"full"}}` + "\n\n", "eof"},
		"a page":                    {"head 200", "chunk " + a.role(), "chunk <html>\n"},
		"an error of the Responses": {"head 200", `chunk data: {"type":"response.created"}` + "\n\n", `chunk data: {"type":"response.failed","response":{"error":{"code":"server_error"}}}` + "\n\n", "eof"},
	} {
		v := newVirtual(t, []string{"a", "b"}, "", func(s *Settings) {
			s.APIs = map[string]APISettings{"chat": {HoldBack: true, FirstTokenTimeout: 5 * time.Second}}
			s.Pools = map[string]backend.Options{"regions": {Attempts: backend.Attempts{Count: 2, Failures: true, Statuses: []apim.StatusCodeRange{{Min: 429, Max: 599}}}}}
		})
		tripping(v, "a")
		v.plays("a", steps...)
		v.plays("b", good...)
		s := v.one(nil)
		u := understand(t, s.body)
		if s.status != 200 || !s.ended || u.text[0] != "Hello" || len(u.ids) != 1 || s.header.Get("X-Region") != "b.test" || len(s.x.Attempts) != 2 {
			t.Errorf("%s: %d by %s\n%s", name, s.status, s.attempts(), s.body)
		}
		if want := 6 * time.Second; name == "late" && s.took != want {
			t.Errorf("%s: took %v, want %v", name, s.took, want)
		}
		v.settled()
	}
}
