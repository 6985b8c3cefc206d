package inproc

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/sim"
)

const chat = `{"messages":[{"role":"user","content":"hi"}],"stream":true}`

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		wait        time.Duration // of the caller, 0 for ever
		status      int
		failure     string // of Send: a FailureKind's word, or "timeout"
		end         string // of the body: "complete", "cut" or "timeout"
	}{
		{name: "good", status: 200, end: "complete"},
		{name: "throttled", fault: `{"kind":"throttle","retryAfter":7}`, status: 429, end: "complete"},
		{name: "refuses", fault: `{"kind":"refuse"}`, failure: "connect_refused"},
		{name: "silent", fault: `{"kind":"hang","after":"accept"}`, wait: time.Minute, failure: "timeout"},
		{name: "silent after the head", fault: `{"kind":"hang","after":"headers"}`, wait: time.Minute, status: 200, end: "timeout"},
		{name: "silent after events", fault: `{"kind":"hang","after":"events:2"}`, wait: time.Minute, status: 200, end: "timeout"},
		{name: "cut after the head", fault: `{"kind":"cut","after":"headers"}`, status: 200, end: "cut"},
		{name: "cut after events", fault: `{"kind":"cut","after":"events:2","how":"fin"}`, status: 200, end: "cut"},
		{name: "slow", fault: `{"kind":"slow","delay":"30s"}`, status: 200, end: "complete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := clock.NewManual(time.Unix(1_800_000_000, 0))
			region := sim.New(sim.Config{Name: "eastus", Address: "http://eastus.test", Profile: sim.Fast(), Clock: m, Deployments: []sim.Deployment{{Name: "gpt-35-turbo"}}})
			if c.fault != "" {
				f, err := sim.ParseFault([]byte(c.fault))
				if err == nil {
					err = region.SetFault(f)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			u, err := exchange.ParseURL(region.Address())
			if err != nil {
				t.Fatal(err)
			}
			u.Path, u.Query = "/openai/deployments/gpt-35-turbo/chat/completions", "api-version=2024-10-21"
			out := &exchange.Outbound{
				Method: "POST", URL: u, Body: exchange.BufferedBody([]byte(chat)),
				Header: exchange.Header{{Name: "api-key", Value: region.Keys()[0]}, {Name: "Content-Type", Value: "application/json"}},
			}
			m.Run(func() {
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				if c.wait > 0 {
					m.AfterFunc(c.wait, func() { cancel(exchange.ErrTimeout) })
				}
				in, err := New([]*sim.Region{region}).Send(ctx, out)
				if got := failed(err); got != c.failure {
					t.Errorf("failed with %q (%v), want %q", got, err, c.failure)
				}
				if err != nil {
					return
				}
				if in.Status != c.status {
					t.Errorf("status %d", in.Status)
				}
				if got := ending(in); got != c.end {
					t.Errorf("the body was %q, want %q", got, c.end)
				}
			})
		})
	}
}

func failed(err error) string {
	var f *exchange.Failure
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.Kind.String()
	case errors.Is(err, exchange.ErrTimeout):
		return "timeout"
	}
	return err.Error()
}

func ending(in *exchange.Inbound) string {
	s, err := in.Body.Open()
	if err != nil {
		return err.Error()
	}
	defer func() { _ = s.Close() }()
	for {
		_, err := s.Next(context.Background())
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return "complete"
		case errors.Is(err, exchange.ErrTimeout):
			return "timeout"
		case errors.Is(err, exchange.ErrCut):
			return "cut"
		default:
			return err.Error()
		}
	}
}

func TestNobodyThere(t *testing.T) {
	u, _ := exchange.ParseURL("http://nowhere.test/x")
	_, err := New(nil).Send(t.Context(), &exchange.Outbound{URL: u, Body: exchange.NoBody()})
	if failed(err) != "dns" || !strings.Contains(err.Error(), "does not resolve") {
		t.Errorf("got %v", err)
	}
}
