package sim

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// The bucket of a provisioned deployment, by hand: 6,000 a minute are 100 a
// second.
func TestProvisioned(t *testing.T) {
	p := newProvisioned(6000, noon)
	at := func(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	s := p.admit(at(0), 3000, 1)
	if s.refusedBy != "" || !s.provisioned {
		t.Fatalf("%+v", s)
	}
	near("half", s.utilization, 50)
	near("ten seconds later", p.look(at(10)).utilization, 100*2000.0/6000)
	if s = p.admit(at(10), 9000, 1); s.refusedBy != "" {
		t.Fatalf("a burst above the limit is refused: %+v", s)
	}
	near("above the limit", s.utilization, 100*11000.0/6000)
	s = p.admit(at(10), 1, 1)
	if s.refusedBy != "token" || s.wait != 50*time.Second+time.Millisecond {
		t.Errorf("full: %+v", s)
	}
	near("a refusal costs nothing", s.utilization, 100*11000.0/6000)
	p.settle(at(10), -8000)
	near("the burst was cheaper than it seemed", p.look(at(10)).utilization, 50)
	p.squeeze(at(10), 0.5)
	near("of half the limit", p.look(at(10)).utilization, 100)
	if s = p.admit(at(12), 300, 1); s.refusedBy != "" {
		t.Errorf("refused below the limit: %+v", s)
	}
	near("at half the rate", s.utilization, 100*(3000-2*50+300)/3000.0)
	p.squeeze(at(12), 1)
	near("empty in the end", p.look(at(600)).utilization, 0)
	if got := p.load(at(600)); got != 0 {
		t.Errorf("load %v", got)
	}
}

// What answers cost in the end is told the bucket, however they end.
func TestProvisionedIsSettled(t *testing.T) {
	for _, c := range []struct {
		name string
		read func(*Response)
		more string
		want float64 // tokens in the bucket: what usage says, 8 and 25
	}{
		{"read to the end", func(r *Response) { _, _ = readAll(context.Background(), r.Body) }, `"max_tokens":4000,"stream":true`, 33},
		{"no stream", func(r *Response) { _, _ = readAll(context.Background(), r.Body) }, `"max_tokens":4000`, 33},
		{"closed at once", func(r *Response) { _ = r.Body.Close() }, `"max_tokens":4000,"stream":true`, 33},
		{"a request that the model refuses", func(r *Response) { _, _ = readAll(context.Background(), r.Body) }, `"max_tokens":4000,"temperature":9`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := clock.NewManual(noon)
			r := New(Config{Clock: clk, Profile: Instant(), Seed: 1, Deployments: []Deployment{{Name: "gpt-35-turbo", TPM: 60_000, Provisioned: true}}})
			resp, err := r.Call(t.Context(), chatRequest(r, c.more))
			if err != nil {
				t.Fatal(err)
			}
			before, _ := r.Standing("gpt-35-turbo")
			if resp.Status == 200 && *before.Utilization < 5 {
				t.Errorf("the estimate of max_tokens is not charged: %v %%", *before.Utilization)
			}
			c.read(resp)
			after, _ := r.Standing("gpt-35-turbo")
			if got := *after.Utilization * 600; math.Abs(got-c.want) > 0.01 {
				t.Errorf("%v tokens in the bucket, want %v", got, c.want)
			}
		})
	}
}

func middle(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// Others use their share of the quota over time, in bursts, never more than all
// of it, and whatever the moments are at which somebody looks.
func TestTenants(t *testing.T) {
	for _, mode := range []QuotaMode{Documented, Observed} {
		clk := clock.NewManual(noon)
		r := New(Config{Clock: clk, Profile: Instant(), Quota: mode, Seed: 3, Deployments: []Deployment{{Name: "d", TPM: 60_000}}, Tenants: &Tenants{Share: 0.25}})
		// The windows begin at noon: at the end of each minute stands what was
		// used in it.
		var minutes, used, most float64
		for range 400 {
			clk.Advance(time.Minute - time.Nanosecond)
			s, _ := r.Standing("d")
			n := float64(s.TokensLimit - s.TokensLeft)
			used, most, minutes = used+n, max(most, n), minutes+1
			clk.Advance(time.Nanosecond)
		}
		if mean := used / minutes / 60_000; math.Abs(mean-0.25) > 0.02 {
			t.Errorf("mode %d: others use %.3f of the quota, want 0.25", mode, mean)
		}
		if most < 20_000 || most > 60_000 {
			t.Errorf("mode %d: at most %v of 60000 in a minute: no bursts, or more than there is", mode, most)
		}
	}
	clk := clock.NewManual(noon)
	r := New(Config{Clock: clk, Profile: Instant(), Seed: 3, Deployments: []Deployment{{Name: "p", TPM: 60_000, Provisioned: true}, {Name: "d", TPM: 60_000}}})
	if err := r.SetTenants(&Tenants{Share: 1, Deployment: "p"}); err != nil {
		t.Fatal(err)
	}
	full := 0
	for range 600 {
		clk.Advance(time.Second)
		if p, _ := r.Standing("p"); *p.Utilization > 90 {
			full++
		}
		if d, _ := r.Standing("d"); d.TokensLeft != 60_000 {
			t.Fatalf("the other deployment has %d left", d.TokensLeft)
		}
	}
	if full == 0 || full == 600 {
		t.Errorf("full in %d of 600 seconds, want bursts", full)
	}
	if err := r.SetTenants(nil); err != nil || r.Tenants() != nil {
		t.Fatal(err)
	}
	clk.Advance(2 * time.Minute)
	if p, _ := r.Standing("p"); *p.Utilization != 0 {
		t.Errorf("nobody left, but %v %% in use", *p.Utilization)
	}
	for _, bad := range []string{`{}`, `{"share":1.5}`, `{"share":0.5,"typo":1}`, `[]`, `{"share":0.5} {}`} {
		if _, err := ParseTenants([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if err := r.SetTenants(&Tenants{Share: 0.5, Deployment: "nowhere"}); err == nil {
		t.Error("tenants of a deployment that is not there")
	}
}

// Weigh and Call decide alike: the same region, asked the same requests at the
// same moments, one way and the other.
func TestWeighIsCall(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		deployment  Deployment
	}{
		{"standard", "", Deployment{TPM: 3000, RPM: 60}},
		{"provisioned", "", Deployment{TPM: 3000, Provisioned: true}},
		{"brownout", `{"kind":"brownout","errors":0.4,"factor":5,"delay":"2s"}`, Deployment{TPM: 100_000, RPM: 1000}},
		{"squeeze", `{"kind":"squeeze","quota":0.4}`, Deployment{TPM: 3000, RPM: 60}},
		{"throttle", `{"kind":"throttle","retryAfter":3,"share":0.5}`, Deployment{TPM: 3000, RPM: 60}},
		{"slow", `{"kind":"slow","delay":"3s"}`, Deployment{TPM: 3000, RPM: 60}},
		{"stall", `{"kind":"stall","delay":"3s","after":"headers"}`, Deployment{TPM: 3000, RPM: 60}},
		{"refuse", `{"kind":"refuse"}`, Deployment{TPM: 3000, RPM: 60}},
		{"cut", `{"kind":"cut","after":"headers"}`, Deployment{TPM: 3000, RPM: 60}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.deployment
			d.Name = "gpt-35-turbo"
			statuses := map[int]int{}
			new := func() (*Region, *clock.Manual) {
				clk := clock.NewManual(noon)
				r := New(Config{Name: "eastus", Clock: clk, Seed: 5, Profile: Measured(100*time.Millisecond, 300*time.Millisecond, 50), Deployments: []Deployment{d}, Tenants: &Tenants{Share: 0.1}})
				if c.fault != "" {
					setFaultJSON(t, r, c.fault)
				}
				return r, clk
			}
			a, aClock := new()
			b, bClock := new()
			// The prompt is 15 characters, and as messages 11 tokens.
			for i := range 60 {
				head, first, status := time.Duration(0), time.Duration(0), 0
				var sent []Field
				var err error
				began := aClock.Now()
				aClock.Run(func() {
					var resp *Response
					if resp, err = a.Call(t.Context(), chatRequest(a, `"stream":true,"max_tokens":100`)); err != nil {
						return
					}
					head, status, sent = aClock.Now().Sub(began), resp.Status, resp.Header
					_, e := resp.Body.Next(t.Context())
					first = aClock.Now().Sub(began)
					if errors.Is(e, ErrReset) {
						first = clock.Forever
					}
					_ = resp.Body.Close()
				})
				v := b.Weigh(Ask{Deployment: "gpt-35-turbo", Prompt: 4, MaxTokens: 100, Answer: 33, Stream: true})
				v.Done()
				statuses[v.Status]++
				if !errors.Is(err, v.Err) || v.Status != status {
					t.Fatalf("request %d: Call says %d %v, Weigh %d %v", i, status, err, v.Status, v.Err)
				}
				r := Response{Header: sent}
				for _, h := range []string{"x-ratelimit-remaining-tokens", "x-ratelimit-limit-tokens", "x-ratelimit-reset-requests", "retry-after-ms", "retry-after"} {
					if r.Get(h) != v.Get(h) {
						t.Errorf("request %d: %s is %q by Call, %q by Weigh", i, h, r.Get(h), v.Get(h))
					}
				}
				if v.Status != 200 && v.Head != head {
					t.Errorf("request %d: head after %v by Call, %v by Weigh", i, head, v.Head)
				}
				if v.Status == 200 && (v.Head < 100*time.Millisecond || (v.First == clock.Forever) != (first == clock.Forever)) {
					t.Errorf("request %d: first after %v by Call, %v by Weigh", i, first, v.First)
				}
				if d := aClock.Now().Sub(bClock.Now()); d > 0 {
					bClock.Advance(d)
				}
				aClock.Advance(150 * time.Millisecond)
				bClock.Advance(150 * time.Millisecond)
			}
			t.Log(statuses)
		})
	}
	r := New(Config{})
	if v := r.Weigh(Ask{Deployment: "nowhere"}); v.Status != 404 {
		t.Errorf("%+v", v)
	}
	setFaultJSON(t, r, `{"kind":"hang","after":"accept"}`)
	if v := r.Weigh(Ask{Deployment: "gpt-35-turbo"}); !v.Silent || v.Head != clock.Forever {
		t.Errorf("%+v", v)
	}
}

// The times of a measured profile: the network is in every answer, the median
// first token is as given, and grows with the prompt.
func TestMeasured(t *testing.T) {
	clk := clock.NewManual(noon)
	r := New(Config{Clock: clk, Seed: 5, Profile: Measured(100*time.Millisecond, 300*time.Millisecond, 50), Deployments: []Deployment{{Name: "gpt-35-turbo", TPM: 1e9, RPM: 1e9}}})
	median := func(prompt int) (first, run float64) {
		var firsts, runs []float64
		for range 4001 {
			v := r.Weigh(Ask{Deployment: "gpt-35-turbo", Prompt: prompt, Answer: 100, Stream: true})
			firsts, runs = append(firsts, v.First.Seconds()), append(runs, (v.End-v.First).Seconds())
		}
		return middle(firsts), middle(runs)
	}
	for prompt, want := range map[int]float64{0: 0.4, 9000: 1.4} {
		first, run := median(prompt)
		if math.Abs(first-want) > 0.03 {
			t.Errorf("a prompt of %d: median first token %v s, want %v", prompt, first, want)
		}
		if math.Abs(run-2) > 0.1 {
			t.Errorf("100 tokens take %v s, want 2", run)
		}
	}
	began := clk.Now()
	clk.Run(func() {
		q := chatRequest(r, "")
		q.Header = nil
		if resp, err := r.Call(t.Context(), q); err != nil || resp.Status != 401 {
			t.Error(resp, err)
		}
	})
	if took := clk.Now().Sub(began); took != 100*time.Millisecond {
		t.Errorf("a refusal takes %v, want the network's 100ms", took)
	}
}

func BenchmarkWeigh(b *testing.B) {
	clk := clock.NewManual(noon)
	r := New(Config{Clock: clk, Seed: 5, Profile: Measured(100*time.Millisecond, 300*time.Millisecond, 50), Deployments: []Deployment{{Name: "d", Model: "gpt-4o", TPM: 1e9, RPM: 1e9}}})
	b.ReportAllocs()
	for b.Loop() {
		v := r.Weigh(Ask{Deployment: "d", Prompt: 500, MaxTokens: 800, Answer: 200, Stream: true})
		v.Done()
	}
}
