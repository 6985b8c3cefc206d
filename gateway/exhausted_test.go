package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// A request that failed, and for which nobody is left, gets the pool's own answer,
// which says when to come again. A refusal stands as it came, and so does a
// failure where nobody knows when there will be somebody.
func TestNobodyIsLeft(t *testing.T) {
	ten := apim.Duration{Duration: 10 * time.Second}
	breaker := func(open ...int) *apim.CircuitBreaker {
		rule := apim.BreakerRule{
			TripDuration: ten, AcceptRetryAfter: true,
			FailureCondition: apim.FailureCondition{Count: 1, Interval: ten, ErrorReasons: []string{"Timeout", "BackendConnectionFailure"}},
		}
		for _, status := range open {
			rule.FailureCondition.StatusCodeRanges = append(rule.FailureCondition.StatusCodeRanges, apim.StatusCodeRange{Min: status, Max: status})
		}
		return &apim.CircuitBreaker{Rules: []apim.BreakerRule{rule}}
	}
	const failure = "BackendPoolUnavailable"
	for _, c := range []struct {
		name, first, second string
		rule                *apim.CircuitBreaker
		status              int
		body, retryAfter    string
		attempts            string
	}{
		{"no answer", "refuse", "wait 4s,cut", breaker(), 503, "Service unavailable", "6", "a:connect_refused b:reset"},
		{"an error", "wait 3s,cut", "head 500 json,chunk broken,eof", breaker(500), 503, "Service unavailable", "10", "a:reset b:status"},
		{"a refusal", "refuse", "head 429 json,chunk full,eof", breaker(429), 429, "full", "", "a:connect_refused b:status"},
		{"nothing is known", "refuse", "head 500 json,chunk broken,eof", breaker(), 500, "broken", "", "a:connect_refused b:status b:status"},
		{"no breakers", "refuse", "cut", nil, 500, "", "", "a:connect_refused a:connect_refused a:connect_refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVirtual(t, []string{"a", "b"}, "", func(s *Settings) {
				s.Pools = map[string]backend.Options{"regions": {Attempts: backend.Attempts{Count: 3, Failures: true, Statuses: []apim.StatusCodeRange{{Min: 429, Max: 599}}}}}
			})
			for _, b := range v.service.Backends {
				if !b.IsPool() {
					b.CircuitBreaker = c.rule
				}
			}
			v.publish()
			v.plays("a", strings.Split(c.first, ",")...)
			v.plays("b", strings.Split(c.second, ",")...)
			s := v.one(nil)
			if s.status != c.status || !strings.Contains(s.body, c.body) || s.attempts() != c.attempts || !s.ended {
				t.Errorf("%d %q, %s", s.status, s.body, s.attempts())
			}
			if got := s.x.Response.Header.Get("Retry-After"); got != c.retryAfter {
				t.Errorf("Retry-After %q, want %q", got, c.retryAfter)
			}
			if e := s.x.LastError; (e != nil && e.Reason == failure) != (c.status == 503) {
				t.Errorf("the error is %v", e)
			}
			v.settled()
		})
	}
}

// full is an upstream whose process may open no further connection.
type full struct{}

func (full) Send(context.Context, *exchange.Outbound) (*exchange.Inbound, error) {
	return nil, exchange.NoDescriptors()
}

// What the gateway itself lacks is held against no region: no breaker hears of it,
// nobody else is asked, and the caller is told to come again.
func TestNoDescriptors(t *testing.T) {
	v := newVirtual(t, []string{"a", "b"}, "", func(s *Settings) {
		s.Send.Upstream = full{}
		s.Pools = map[string]backend.Options{"regions": {Attempts: backend.Attempts{Count: 3, Failures: true, Statuses: []apim.StatusCodeRange{{Min: 429, Max: 599}}}}}
	})
	ten := apim.Duration{Duration: 10 * time.Second}
	for _, b := range v.service.Backends {
		b.CircuitBreaker = &apim.CircuitBreaker{Rules: []apim.BreakerRule{{TripDuration: ten, FailureCondition: apim.FailureCondition{
			Count: 1, Interval: ten, ErrorReasons: []string{"Timeout", "BackendConnectionFailure"}, StatusCodeRanges: []apim.StatusCodeRange{{Min: 500, Max: 599}},
		}}}}
	}
	v.publish()
	s := v.one(nil)
	if s.status != 503 || s.header.Get("Retry-After") != "1" || s.attempts() != "a:no_descriptors" || s.x.Attempts[0].Error == "" {
		t.Errorf("%d %v, %s", s.status, s.header, s.attempts())
	}
	for _, b := range v.live.Backends() {
		if b.Open {
			t.Errorf("the breaker of %s is open", b.Name)
		}
	}
	v.settled()
}
