package gateway

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// A body beyond the limit of what is kept is sent once, whole, and not again,
// whoever would: a retry policy, the pool, or a second forward-request. The trace
// says why.
func TestBeyondReplay(t *testing.T) {
	const retry = `<inbound><set-backend-service backend-id="regions" /></inbound><backend><retry condition="@(context.Response == null || context.Response.StatusCode >= 429)" count="3" interval="10"><forward-request buffer-request-body="true" buffer-response="false" /></retry></backend><outbound />`
	const twice = `<inbound><set-backend-service backend-id="regions" /></inbound><backend><forward-request buffer-request-body="true" /><forward-request buffer-request-body="true" /></backend><outbound />`
	for _, c := range []struct {
		name, sections string
		attempts       int // of the pool's own
		length         int64
		size           int
		first          string // steps of the first region
		status         int
		made           string
		told           string
	}{
		{"retry, short", retry, 1, -1, 900, "head 429 json,eof", 200, "a:status b:ok", "Retry 1 of 3"},
		{"retry", retry, 1, -1, 1100, "head 429 json,eof", 429, "a:status", "No retry: the request's body is longer than limits.replayBody"},
		{"retry, length known", retry, 1, 1100, 1100, "head 429 json,eof", 429, "a:status", "longer than limits.replayBody, 1000 bytes: it is sent as it comes"},
		{"retry, no answer", retry, 1, -1, 1100, "cut", 500, "a:reset", "No retry: the request's body is longer"},
		{"pool, short", "", 3, -1, 900, "head 429 json,eof", 200, "a:status b:ok", "attempt"},
		{"pool", "", 3, -1, 1100, "head 429 json,eof", 429, "a:status", "No further attempt: the request's body is longer than limits.replayBody, 1000 bytes"},
		{"pool, length known", "", 3, 1100, 1100, "cut", 500, "a:reset", "No further attempt: the request's body is longer than limits.replayBody, 1000 bytes"},
		{"twice", twice, 1, -1, 1100, "head 200 json,eof", 413, "a:ok", "too long to be kept for another time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVirtual(t, []string{"a", "b"}, c.sections, func(s *Settings) {
				s.Policies.ReplayBody = 1000
				s.Pools = map[string]backend.Options{"regions": {Attempts: backend.Attempts{Count: c.attempts, Failures: true, Statuses: []apim.StatusCodeRange{{Min: 429, Max: 599}}}}}
			})
			// A breaker takes the first region out once it has failed.
			v.service.Backend("a").CircuitBreaker = &apim.CircuitBreaker{Rules: []apim.BreakerRule{{
				Name: "r", TripDuration: apim.Duration{Duration: time.Minute},
				FailureCondition: apim.FailureCondition{
					Count: 1, Interval: apim.Duration{Duration: time.Minute}, StatusCodeRanges: []apim.StatusCodeRange{{Min: 429, Max: 599}},
					ErrorReasons: []string{"BackendConnectionFailure"},
				},
			}}}
			v.publish()
			v.plays("a", strings.Split(c.first, ",")...)
			v.plays("b", "head 200 json", "chunk b", "eof")
			body := strings.Repeat("0123456789", c.size/10)
			s := v.one(func(s *seen) {
				s.traced()
				s.x.Original.Body = exchange.StreamingBody(&textStream{parts: []string{body[:400], body[400:800], body[800:]}, end: io.EOF}, c.length)
			})
			if s.status != c.status || s.attempts() != c.made {
				t.Errorf("%d by %s, want %d by %s", s.status, s.attempts(), c.status, c.made)
			}
			if !strings.Contains(s.story(), c.told) {
				t.Errorf("the trace lacks %q:\n%s", c.told, s.story())
			}
			if got := v.ends["a.test"].bodies; len(got) != 1 || got[0] != body {
				t.Errorf("the first region got %d bodies, the first of %d bytes", len(got), len(got[0]))
			}
			if c.status != 200 && s.took != 0 {
				t.Errorf("took %v: nothing is worth waiting for", s.took)
			}
			v.settled()
		})
	}
}

// Attempts, their own time and the time of all: one struct states them, and none
// begins or lasts beyond.
func TestAttemptTimes(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempts backend.Attempts
		steps    string // of every region
		made     string
		took     time.Duration
		status   int
	}{
		{"one each", backend.Attempts{Count: 3, Timeout: 2 * time.Second, Failures: true}, "wait 1h", "a:timeout b:timeout c:timeout", 6 * time.Second, 500},
		{"all together", backend.Attempts{Count: 3, Timeout: 2 * time.Second, Total: 5 * time.Second, Failures: true}, "wait 1h", "a:timeout b:timeout c:timeout", 5 * time.Second, 500},
		{"none begins after it", backend.Attempts{Count: 3, Total: 5 * time.Second, Statuses: []apim.StatusCodeRange{{Min: 500, Max: 599}}}, "wait 3s,head 500 json,eof", "a:status b:timeout", 5 * time.Second, 500},
		{"the first byte is not the head", backend.Attempts{Count: 3, Total: 5 * time.Second, Failures: true}, "head 200 json,wait 10s,chunk x,eof", "a:ok", 10 * time.Second, 200},
		{"count alone", backend.Attempts{Count: 2, Failures: true}, "cut", "a:reset b:reset", 0, 500},
		{"failures are not asked for", backend.Attempts{Count: 2}, "cut", "a:reset", 0, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVirtual(t, []string{"a", "b", "c"}, "", func(s *Settings) {
				s.Pools = map[string]backend.Options{"regions": {Attempts: c.attempts}}
			})
			for _, name := range []string{"a", "b", "c"} {
				v.service.Backend(name).CircuitBreaker = &apim.CircuitBreaker{Rules: []apim.BreakerRule{{
					Name: "r", TripDuration: apim.Duration{Duration: time.Minute},
					FailureCondition: apim.FailureCondition{
						Count: 1, Interval: apim.Duration{Duration: time.Minute}, StatusCodeRanges: []apim.StatusCodeRange{{Min: 500, Max: 599}},
						ErrorReasons: []string{"BackendConnectionFailure", "Timeout"},
					},
				}}}
				v.plays(name, strings.Split(c.steps, ",")...)
			}
			v.publish()
			s := v.one(nil)
			if s.status != c.status || s.attempts() != c.made || s.took != c.took {
				t.Errorf("%d by %s after %v, want %d by %s after %v", s.status, s.attempts(), s.took, c.status, c.made, c.took)
			}
			v.settled()
		})
	}
}

// A body that breaks off while it is read to be kept is the caller's end.
func TestUploadBreaksOff(t *testing.T) {
	v := newVirtual(t, []string{"a", "b"}, "", hedging(1, time.Second))
	for _, end := range []error{exchange.ErrClientGone, errors.New("network")} {
		s := v.one(func(s *seen) {
			s.x.Original.Body = exchange.StreamingBody(&textStream{parts: []string{"{"}, end: end}, -1)
		})
		if s.ended || len(s.x.Attempts) != 0 {
			t.Errorf("%v: ended %v by %s", end, s.ended, s.attempts())
		}
	}
	s := v.one(func(s *seen) {
		s.x.Original.Body = exchange.StreamingBody(&textStream{parts: []string{"{"}, end: exchange.BadRequest(400, "The request's body is not properly chunked.")}, -1)
	})
	if s.status != 400 || len(s.x.Attempts) != 0 {
		t.Errorf("%d by %s", s.status, s.attempts())
	}
}
