package faults_test

import (
	"context"
	"errors"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// baseline is the first byte's time without faults.
func baseline(t *testing.T) time.Duration {
	t.Helper()
	return percentile(newRig(t, nil).load(200, 20*time.Millisecond, nil), 0.99)
}

// whileOpen counts the attempts at a backend that began while its breaker was
// open by the rule: three failures within ten seconds open it for as long.
func whileOpen(list []exchange.Attempt, open time.Duration) (wasted, during int) {
	var failures []time.Time
	var until time.Time
	for _, a := range list {
		if a.Started.Before(until) {
			during++
			continue
		}
		if a.Outcome == "ok" {
			continue
		}
		wasted++
		at := a.Started.Add(a.Head)
		for len(failures) > 0 && at.Sub(failures[0]) >= 10*time.Second {
			failures = failures[1:]
		}
		if failures = append(failures, at); len(failures) == 3 {
			failures, until = nil, at.Add(open)
		}
	}
	return wasted, during
}

// Row 1.
func TestRefusedConnections(t *testing.T) {
	normal := baseline(t)
	r := newRig(t, nil)
	r.fault("eastus", `{"kind":"refuse"}`)
	all := r.load(requests(), time.Minute/time.Duration(requests()), nil)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	p99 := percentile(all, 0.99)
	if p99 > normal+20*time.Millisecond {
		t.Errorf("p99 is %v, without the fault %v", p99, normal)
	}
	wasted, during := whileOpen(attempts(all, "eastus"), 10*time.Second)
	if during > 0 || wasted > 3*7 {
		t.Errorf("%d attempts failed, %d were made while the breaker was open", wasted, during)
	}
	report(t, 1, "connections refused for 60 s", "0 errors of %d, p99 first byte +%v, %d failed attempts, %d while open", len(all), p99-normal, wasted, during)
}

// Row 2. APIM's breaker has no half-open state: all requests go back to the
// region when its time is over, and wait for it once more.
func TestBlackHole(t *testing.T) {
	normal := baseline(t)
	r := newRig(t, nil)
	r.fault("eastus", `{"kind":"hang","after":"accept"}`)
	began := r.clock.Now()
	all := r.load(requests(), 14*time.Second/time.Duration(requests()), nil)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	var before, after []*caller
	for _, c := range all {
		if at := c.began.Sub(began); at < 4*time.Second {
			before = append(before, c)
		} else if at >= 4100*time.Millisecond {
			after = append(after, c)
		}
	}
	early, late := percentile(before, 0.99), percentile(after, 0.99)
	if early > 5500*time.Millisecond || late > normal+20*time.Millisecond {
		t.Errorf("p99 first byte %v until the breaker opens, then %v; without the fault %v", early, late, normal)
	}
	report(t, 2, "accepts, never answers", "0 errors of %d, p99 first byte %v until the breaker opens, +%v after", len(all), early, late-normal)
}

// Row 3, with the transport's time-out in the place of a connection.
func TestUnansweredConnect(t *testing.T) {
	normal := baseline(t)
	r := newRig(t, nil)
	r.wire("eastus", func(ctx context.Context, _ *exchange.Outbound, _ exchange.Upstream) (*exchange.Inbound, error) {
		if err := r.clock.Sleep(ctx, 2*time.Second); err != nil {
			return nil, err
		}
		return nil, &exchange.Failure{Kind: exchange.FailedConnectTimeout, Err: errors.New("connection timed out")}
	})
	all := r.load(requests(), 10*time.Second/time.Duration(requests()), nil)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	p99, most := percentile(all, 0.99), percentile(all, 1)
	// The two that fail before the breaker opens may meet the region again.
	if p99 > normal+2*time.Second || most > normal+4*time.Second {
		t.Errorf("p99 %v, at most %v", p99, most)
	}
	if out := attempts(all, "eastus")[0].Outcome; out != "connect_timeout" {
		t.Errorf("the outcome is %s", out)
	}
	report(t, 3, "SYN unanswered", "0 errors of %d, p99 first byte %v, at most %v", len(all), p99, most)
}

// Row 5.
func TestOnlyErrors(t *testing.T) {
	r := newRig(t, nil)
	r.fault("eastus", `{"kind":"status","status":500}`)
	all := r.load(requests(), 35*time.Second/time.Duration(requests()), nil)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	wasted, during := whileOpen(attempts(all, "eastus"), 10*time.Second)
	if wasted > 3*4 || during > 0 {
		t.Errorf("%d attempts failed, %d while the breaker was open", wasted, during)
	}
	report(t, 5, "100 % 500", "0 errors of %d, %d failed attempts in 35 s", len(all), wasted)
}

// Row 6.
func TestThrottled(t *testing.T) {
	r := newRig(t, nil)
	r.fault("eastus", `{"kind":"throttle","retryAfter":30}`)
	began := r.clock.Now()
	all := r.load(requests(), 29*time.Second/time.Duration(requests()), nil)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	if n := len(attempts(all, "eastus")); n != 3 {
		t.Errorf("%d attempts", n)
	}
	_, until := r.breaker("eastus")
	open := until.Sub(began)
	if open < 30*time.Second || open > 31*time.Second {
		t.Errorf("the breaker is open for %v", open)
	}
	// All are out: the pool's own answer, which the sample makes a 429, with the
	// first return in it, and nobody is asked.
	r.fault("australiaeast", `{"kind":"throttle","retryAfter":17}`)
	r.fault("swedencentral", `{"kind":"throttle","retryAfter":86400}`)
	r.clock.Advance(2 * time.Second)
	for range 6 {
		r.one(false)
	}
	var first time.Time
	for _, region := range names {
		if _, until := r.breaker(region); first.IsZero() || until.Before(first) {
			first = until
		}
	}
	right, asked := 0, 0
	out := r.load(200, 10*time.Millisecond, nil)
	for _, c := range out {
		n, err := strconv.Atoi(c.header.Get("Retry-After"))
		if d := first.Sub(c.began).Seconds(); err == nil && c.status == 429 && math.Abs(float64(n)-d) <= 1 && n >= 1 {
			right++
		} else {
			t.Logf("%d, Retry-After %s, the first return in %v s", c.status, c.header.Get("Retry-After"), d)
		}
		asked += len(c.x.Attempts)
	}
	if right != len(out) || asked > 0 {
		t.Errorf("Retry-After is right for %d of %d, with %d attempts", right, len(out), asked)
	}
	report(t, 6, "429 with Retry-After: 30", "0 errors of %d, open for %v; all out: Retry-After right in %d of %d, %d attempts", len(all), open.Round(time.Millisecond), right, len(out), asked)
}

// Row 7.
func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format("Mon, 02 Jan 2006 15:04:05 GMT") }
	variants := []struct {
		retryAfter, ms string
		open           time.Duration
	}{
		{"30", "", 30 * time.Second},
		{"1", "250", 250 * time.Millisecond},
		{"", "1500", 1500 * time.Millisecond},
		{date(20 * time.Second), "", 20 * time.Second},
		{date(-time.Hour), "", time.Second},
		{now.Add(20 * time.Second).Format("Monday, 02-Jan-06 15:04:05 GMT"), "", 20 * time.Second},
		{"-5", "", 10 * time.Second},
		{"", "", 10 * time.Second},
		{"1000000000", "", 300 * time.Second},
		{"86400", "", 300 * time.Second},
		{"soon", "", 10 * time.Second},
		{"0", "", time.Second},
		{"5", "-1", 5 * time.Second},
	}
	right := 0
	for _, v := range variants {
		r := newRig(t, nil)
		r.wire("eastus", func(context.Context, *exchange.Outbound, exchange.Upstream) (*exchange.Inbound, error) {
			in := answer(429, `{"error":{"code":"429","message":"busy"}}`, exchange.Field{Name: "Content-Type", Value: "application/json"})
			if v.retryAfter != "" {
				in.Header.Set("Retry-After", v.retryAfter)
			}
			if v.ms != "" {
				in.Header.Set("retry-after-ms", v.ms)
			}
			return in, nil
		})
		began := r.clock.Now()
		if c := r.one(false); !c.complete() {
			t.Errorf("%+v: status %d", v, c.status)
		}
		_, until := r.breaker("eastus")
		if got := until.Sub(began); got == v.open {
			right++
		} else {
			t.Errorf("Retry-After %q, retry-after-ms %q: open for %v, want %v", v.retryAfter, v.ms, got, v.open)
		}
	}
	report(t, 7, "Retry-After in its forms", "%d of %d variants as documented", right, len(variants))
}

// Row 9.
func TestAllDown(t *testing.T) {
	r := newRig(t, nil)
	for _, region := range names {
		r.fault(region, `{"kind":"refuse"}`)
	}
	all := r.load(requests(), 20*time.Second/time.Duration(requests()), nil)
	slow, waiting := 0, 0
	for _, c := range all {
		if c.took() >= 50*time.Millisecond {
			slow++
		}
	}
	for _, b := range r.live.Backends() {
		waiting += b.InFlight
	}
	if slow > 0 || waiting > 0 {
		t.Errorf("%d answers took 50 ms or longer, %d attempts still run", slow, waiting)
	}
	if c := all[len(all)-1]; c.status != 429 || c.header.Get("Retry-After") == "" {
		t.Errorf("at the end: %d %v", c.status, c.header)
	}
	for _, region := range names {
		r.fault(region, "")
	}
	back := r.clock.Now()
	var first time.Duration
	for i, c := range r.load(240, 50*time.Millisecond, nil) {
		if c.complete() {
			first = time.Duration(i) * 50 * time.Millisecond
			break
		}
	}
	if first == 0 && !r.one(false).complete() || first > 11*time.Second {
		t.Errorf("the first success comes %v after %v", first, back)
	}
	report(t, 9, "all regions down", "%d of %d answers took 50 ms or longer, first success %v after the return", slow, len(all), first)
}

// Row 11.
func TestResetInHeaders(t *testing.T) {
	r := newRig(t, nil)
	r.wire("eastus", func(ctx context.Context, out *exchange.Outbound, next exchange.Upstream) (*exchange.Inbound, error) {
		return nil, &exchange.Failure{Kind: exchange.FailedReset, Err: errors.New("connection reset by peer")}
	})
	all := r.load(requests()/2, 30*time.Second/time.Duration(requests()), nil)
	r.wire("eastus", nil)
	r.fault("eastus", `{"kind":"cut","after":"headers"}`)
	all = append(all, r.load(requests()/2, 30*time.Second/time.Duration(requests()), nil)...)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	report(t, 11, "reset before the first byte", "0 errors of %d", len(all))
}

// Row 14.
func TestErrorEventFirst(t *testing.T) {
	const event = `data: {"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}` + "\n\n"
	broken := func(ctx context.Context, out *exchange.Outbound, next exchange.Upstream) (*exchange.Inbound, error) {
		in := answer(200, event, exchange.Field{Name: "Content-Type", Value: "text/event-stream"})
		in.Body = exchange.StreamingBody(&pieces{parts: []string{event[:9], event[9:]}}, -1)
		return in, nil
	}
	r := newRig(t, nil)
	r.wire("eastus", broken)
	all := r.load(requests(), 35*time.Second/time.Duration(requests()), nil)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	// Nobody is left: the event is the caller's. So it is, with its status, where
	// nobody looks at first bytes.
	for _, region := range names {
		r.wire(region, broken)
	}
	r.clock.Advance(time.Minute)
	if c := r.one(true); c.status != 500 || string(c.body) != event {
		t.Errorf("with no other region: %d %s", c.status, c.body)
	}
	blind := newRig(t, map[string]string{"spillway.yaml": sampleFile(t, "spillway.yaml", "{firstByteTimeout: 4s}", "{peekFirstByte: false}")})
	blind.wire("eastus", broken)
	lost := 0
	for range 100 {
		if c := blind.one(true); c.status != 200 || string(c.body) != event || !c.ended || len(c.x.Attempts) != 1 {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("not peeked, %d of 100 events are not as they were", lost)
	}
	report(t, 14, "error event first in a stream of 200", "0 errors of %d; not peeked: %d of 100 events lost", len(all), lost)
}

// TestWeights holds shares by weight within 1 % over 10,000 requests through the
// whole gateway.
func TestWeights(t *testing.T) {
	pool := `{"properties": {"type": "Pool", "pool": {"services": [
		{"id": "/backends/eastus", "priority": 1, "weight": 6}, {"id": "/backends/australiaeast", "priority": 1, "weight": 3}, {"id": "/backends/swedencentral", "priority": 1, "weight": 1}]}}}`
	r := newRig(t, map[string]string{"backends/openai/backendInformation.json": pool})
	for _, region := range names {
		r.wire(region, func(context.Context, *exchange.Outbound, exchange.Upstream) (*exchange.Inbound, error) {
			return answer(200, "{}"), nil
		})
	}
	counts := map[string]int{}
	for _, c := range r.load(10000, time.Millisecond, func(_ int, c *caller) { c.stream = false }) {
		counts[c.x.Attempts[0].Backend]++
	}
	for region, want := range map[string]int{"eastus": 6000, "australiaeast": 3000, "swedencentral": 1000} {
		if d := math.Abs(float64(counts[region]-want)) / float64(want); d > 0.01 {
			t.Errorf("%s has %d of 10,000, want %d", region, counts[region], want)
		}
	}
	report(t, 0, "weights 6:3:1", "%d, %d and %d of 10,000", counts["eastus"], counts["australiaeast"], counts["swedencentral"])
}

// TestTripMoments holds when a breaker trips and resets to its rule, by who is
// asked when, with a request every 10 ms: at the failure that the rule names, and
// for as long as the rule or the answer says.
func TestTripMoments(t *testing.T) {
	const failures = `"statusCodeRanges": [{"min": 429, "max": 429}, {"min": 500, "max": 599}], "errorReasons": ["BackendConnectionFailure", "Timeout"]`
	east := func(rule string) map[string]string {
		return map[string]string{"backends/eastus/backendInformation.json": `{"properties": {"url": "{{endpoint-eastus}}", "protocol": "http", "credentials": {"header": {"api-key": ["{{key-eastus}}"]}},
			"circuitBreaker": {"rules": [{"name": "r", ` + rule + `}]}}}`}
	}
	worst := time.Duration(0)
	for _, c := range []struct {
		name, rule, fault string
		trips             int // the failure that trips it
		open              time.Duration
	}{
		{"count", `"tripDuration": "PT7S", "failureCondition": {"count": 4, "interval": "PT10S", ` + failures + `}`, `{"kind":"status","status":500}`, 4, 7 * time.Second},
		{"the first failure", `"tripDuration": "PT1S", "failureCondition": {"count": 1, "interval": "PT1M", ` + failures + `}`, `{"kind":"refuse"}`, 1, time.Second},
		{"share", `"tripDuration": "PT20S", "failureCondition": {"percentage": 50, "interval": "PT10S", ` + failures + `}`, `{"kind":"status","status":503}`, 20, 20 * time.Second},
		{"Retry-After", `"tripDuration": "PT1M", "acceptRetryAfter": true, "failureCondition": {"count": 2, "interval": "PT10S", ` + failures + `}`, `{"kind":"throttle","retryAfter":13}`, 2, 13 * time.Second},
		{"Retry-After that nobody accepts", `"tripDuration": "PT5S", "failureCondition": {"count": 2, "interval": "PT10S", ` + failures + `}`, `{"kind":"throttle","retryAfter":13}`, 2, 5 * time.Second},
		{"retry-after-ms", `"tripDuration": "PT1M", "acceptRetryAfter": true, "failureCondition": {"count": 1, "interval": "PT10S", ` + failures + `}`, `{"kind":"throttle","retryAfter":3,"retryAfterMs":2345}`, 1, 2345 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, east(c.rule))
			good := 0
			for range 20 { // of the share, half are good
				if x := r.one(false); x.complete() && len(x.x.Attempts) == 1 {
					good++
				}
			}
			r.fault("eastus", c.fault)
			began := r.clock.Now()
			all := r.load(int((c.open+time.Second)/(10*time.Millisecond)), 10*time.Millisecond, func(_ int, x *caller) { x.stream = false })
			at := attempts(all, "eastus")
			if good != 20 || len(at) <= c.trips {
				t.Fatalf("%d good answers, then %d attempts", good, len(at))
			}
			trip := at[c.trips-1].Started.Add(at[c.trips-1].Head)
			reset := at[c.trips].Started
			late := (reset.Sub(trip) - c.open).Abs()
			worst = max(worst, late)
			// Attempts under way when it trips may still come; with these faults
			// none takes longer than the gap.
			if late > 100*time.Millisecond || trip.Sub(began) > time.Duration(c.trips)*10*time.Millisecond+100*time.Millisecond {
				t.Errorf("tripped after %v, asked again %v later, the rule says %v", trip.Sub(began), reset.Sub(trip), c.open)
			}
		})
	}
	report(t, 0, "breakers trip and reset", "at the failure that the rule names, and within %v of its time (at most 100ms)", worst)
}
