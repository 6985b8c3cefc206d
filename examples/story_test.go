package examples_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// regions are three backends by host that fail as they are told to.
type regions struct {
	clock *clock.Manual
	fault map[string]string
	asked map[string]int
}

// Send answers 200, or as the region's fault says: a status, "throttle",
// "refuse" or "hang".
func (r *regions) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	name, _, _ := strings.Cut(out.URL.Host, ".")
	r.asked[name]++
	if key := out.Header.Get("api-key"); key != "key-of-"+name {
		return nil, &exchange.Failure{Kind: exchange.FailedProtocol, Err: fmt.Errorf("%s was sent the key %q", name, key)}
	}
	answer := &exchange.Inbound{Status: 200, Body: exchange.BufferedBody([]byte(name))}
	switch fault := r.fault[name]; fault {
	case "":
	case "refuse":
		return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("connection refused")}
	case "hang":
		return nil, r.clock.Sleep(ctx, time.Hour)
	case "throttle":
		answer.Status = 429
		answer.Header.Add("Retry-After", "20")
	default:
		_, _ = fmt.Sscan(fault, &answer.Status)
	}
	return answer, nil
}

// caller collects one answer.
type caller struct {
	head *exchange.ResponseHead
	body strings.Builder
}

func (c *caller) Head(h *exchange.ResponseHead) error { c.head = h; return nil }
func (c *caller) Chunk(b []byte) error                { c.body.Write(b); return nil }
func (c *caller) End() error                          { return nil }
func (c *caller) Abort()                              { c.body.WriteString("aborted") }

// run is a sample on simulated time.
type run struct {
	t       *testing.T
	clock   *clock.Manual
	regions *regions
	gateway *gateway.Gateway
	key     string
}

func start(t *testing.T, name string) *run {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	r := &regions{clock: c, fault: map[string]string{}, asked: map[string]int{}}
	source := rand.New(rand.NewPCG(1, 2))
	language, err := server.NewLanguage(c, source.Uint64)
	if err != nil {
		t.Fatal(err)
	}
	world := service.World{
		Region: func(name string) (string, []string, bool) {
			return "http://" + name + ".test", []string{"key-of-" + name, "other"}, true
		},
		Random: func(b []byte) { copy(b, "0123456789abcdef") },
	}
	loaded, problems := service.Load(folder(t, name), name, world, gateway.Settings{
		Send:     &forward.Forwarder{Upstream: r, Clock: c},
		Services: builtin.Services{Clock: c, Random: source.Float64, Cache: cache.NewMemory(c, 1<<20, policy.Objects{})},
		Policies: policy.Options{Language: language},
	})
	if problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	g := gateway.New(gateway.Options{Clock: c, Random: func() (b [16]byte) {
		for i := range b {
			b[i] = byte(source.Uint32())
		}
		return b
	}})
	g.Publish(loaded.Service)
	_, key := loaded.FirstKey()
	return &run{t, c, r, g, key}
}

// call makes one chat request, and says how long it took.
func (r *run) call() (*caller, time.Duration) {
	r.t.Helper()
	answer, began := &caller{}, r.clock.Now()
	r.clock.Run(func() {
		r.gateway.Serve(context.Background(), &exchange.Exchange{
			ClientIP: "127.0.0.1",
			Original: exchange.Request{
				Method: "POST",
				URL:    exchange.URL{Scheme: "http", Host: "gateway.test", Path: "/openai-test/openai/deployments/gpt-35-turbo/chat/completions", Query: "api-version=2024-10-21"},
				Header: exchange.Header{{Name: "api-key", Value: r.key}, {Name: "Content-Type", Value: "application/json"}},
				Body:   exchange.BufferedBody([]byte(`{"messages":[]}`)),
			},
		}, answer)
	})
	if answer.head == nil {
		r.t.Fatal("no answer")
	}
	return answer, r.clock.Now().Sub(began)
}

// failover are the samples whose documents choose regions.
var failover = []string{examples.Default, "backend-list"}

// TestSpread holds that healthy regions of the same rank share the calls
// evenly.
func TestSpread(t *testing.T) {
	for name, want := range map[string]map[string]int{
		examples.Default: {"eastus": 1000, "australiaeast": 1000, "swedencentral": 1000},
		"backend-list":   {"eastus": 1500, "australiaeast": 1500, "swedencentral": 0},
		"pool":           {"eastus": 3000, "australiaeast": 0, "swedencentral": 0},
	} {
		r := start(t, name)
		for range 3000 {
			if answer, _ := r.call(); answer.head.Status != 200 || name != "pool" && answer.head.Header.Get("x-served-by-region") != answer.body.String() {
				t.Fatalf("%s: %d by %q: %s", name, answer.head.Status, answer.head.Header.Get("x-served-by-region"), answer.body.String())
			}
		}
		for region, n := range want {
			if got := r.regions.asked[region]; got < n-n/10 || got > n+n/10 {
				t.Errorf("%s: %s was asked %d times; want about %d", name, region, got, n)
			}
		}
	}
}

// TestOneRegionFails holds that no caller notices, whatever the fault is.
func TestOneRegionFails(t *testing.T) {
	for _, name := range failover {
		for _, fault := range []string{"refuse", "hang", "throttle", "401", "403", "408", "429", "500", "503"} {
			t.Run(name+"/"+fault, func(t *testing.T) {
				r := start(t, name)
				r.regions.fault["eastus"] = fault
				for i := range 300 {
					answer, took := r.call()
					if answer.head.Status != 200 || answer.body.String() == "eastus" {
						t.Fatalf("call %d: %d from %q", i, answer.head.Status, answer.body.String())
					}
					if took > 15*time.Second || fault != "hang" && took > 2*time.Second {
						t.Fatalf("call %d took %v", i, took)
					}
				}
				if r.regions.asked["eastus"] == 0 {
					t.Error("the failing region was never asked")
				}
			})
		}
	}
}

// TestTwoRegionsFail holds that the third one takes over.
func TestTwoRegionsFail(t *testing.T) {
	for _, name := range failover {
		r := start(t, name)
		r.regions.fault = map[string]string{"eastus": "refuse", "australiaeast": "throttle"}
		for i := range 100 {
			if answer, _ := r.call(); answer.body.String() != "swedencentral" {
				t.Fatalf("%s, call %d: %d from %q", name, i, answer.head.Status, answer.body.String())
			}
		}
	}
}

// TestAllRegionsFail holds that the caller gets the last region's answer, after
// each was asked once.
func TestAllRegionsFail(t *testing.T) {
	for _, name := range failover {
		r := start(t, name)
		r.regions.fault = map[string]string{"eastus": "throttle", "australiaeast": "throttle", "swedencentral": "throttle"}
		answer, _ := r.call()
		if answer.head.Status != 429 || answer.head.Header.Get("Retry-After") != "20" || fmt.Sprint(r.regions.asked) != "map[australiaeast:1 eastus:1 swedencentral:1]" {
			t.Errorf("%s: %d, Retry-After %q, asked %v", name, answer.head.Status, answer.head.Header.Get("Retry-After"), r.regions.asked)
		}
	}
}

// TestListRemembers holds that a throttled region is left alone by later calls
// for as long as it asked, and comes back.
func TestListRemembers(t *testing.T) {
	r := start(t, "backend-list")
	r.regions.fault["eastus"] = "throttle"
	for range 100 {
		r.call()
	}
	if got := r.regions.asked["eastus"]; got != 1 {
		t.Errorf("the throttled region was asked %d times; want once", got)
	}
	r.regions.fault["eastus"] = ""
	r.clock.Advance(21 * time.Second)
	for range 100 {
		r.call()
	}
	if got := r.regions.asked["eastus"]; got < 25 {
		t.Errorf("back again, the region was asked %d times of 100", got)
	}
}

// TestCallersMistake holds that a caller's own mistake is told as such, and
// marks no region.
func TestCallersMistake(t *testing.T) {
	r := start(t, "backend-list")
	r.regions.fault = map[string]string{"eastus": "400", "australiaeast": "400"}
	for range 10 {
		if answer, _ := r.call(); answer.head.Status != 400 {
			t.Fatalf("status %d", answer.head.Status)
		}
	}
	if r.regions.asked["eastus"]+r.regions.asked["australiaeast"] != 10 {
		t.Errorf("asked %v", r.regions.asked)
	}
}

// TestPool holds that breakers keep a failing region from being asked, that no
// caller notices, and that it comes back when its time is over.
func TestPool(t *testing.T) {
	for fault, open := range map[string]time.Duration{"refuse": 10 * time.Second, "hang": 10 * time.Second, "throttle": 20 * time.Second, "429": 10 * time.Second, "500": 10 * time.Second, "503": 10 * time.Second} {
		t.Run(fault, func(t *testing.T) {
			r := start(t, "pool")
			r.regions.fault["eastus"] = fault
			var opened time.Time
			for i := range 100 {
				answer, _ := r.call()
				if answer.head.Status != 200 || answer.body.String() != "australiaeast" {
					t.Fatalf("call %d: %d from %q", i, answer.head.Status, answer.body.String())
				}
				if i == 0 {
					opened = r.clock.Now()
				}
			}
			if r.regions.asked["eastus"] != 3 || !r.clock.Now().Equal(opened) {
				t.Errorf("eastus was asked %d times, and it took %v after the first call; want 3 and no time", r.regions.asked["eastus"], r.clock.Now().Sub(opened))
			}
			r.regions.fault["eastus"] = ""
			r.clock.Advance(open - time.Millisecond)
			if r.call(); r.regions.asked["eastus"] != 3 {
				t.Error("eastus is asked before its time")
			}
			r.clock.Advance(time.Millisecond)
			if answer, _ := r.call(); answer.body.String() != "eastus" {
				t.Errorf("then %q is asked", answer.body.String())
			}
		})
	}
}

// TestPoolIsOut holds what callers are told when nobody can be asked, and that a
// caller's own mistake opens no breaker.
func TestPoolIsOut(t *testing.T) {
	r := start(t, "pool")
	for _, region := range []string{"eastus", "australiaeast", "swedencentral"} {
		r.regions.fault[region] = "400"
	}
	for range 20 {
		if answer, _ := r.call(); answer.head.Status != 400 {
			t.Fatalf("status %d", answer.head.Status)
		}
	}
	if r.regions.asked["eastus"] != 20 {
		t.Errorf("asked %v", r.regions.asked)
	}
	for _, region := range []string{"eastus", "australiaeast", "swedencentral"} {
		r.regions.fault[region] = "throttle"
	}
	for range 3 {
		r.call()
	}
	clear(r.regions.asked)
	r.clock.Advance(7500 * time.Millisecond)
	answer, took := r.call()
	if answer.head.Status != 429 || answer.head.Header.Get("Retry-After") != "13" || answer.head.Header.Get("retry-after-ms") != "12500" || took != 0 || len(r.regions.asked) != 0 ||
		answer.body.String() != `{"error":{"code":"429","message":"All regions are busy. Please retry after 13 seconds."}}` {
		t.Errorf("%d %v after %v, asked %v\n%s", answer.head.Status, answer.head.Header, took, r.regions.asked, answer.body.String())
	}
}
