package faults_test

import (
	"fmt"
	"testing"
	"time"
)

// adaptive is the sample with its pool's strategy changed, and without circuit
// breakers: the strategy's own judgement is what is looked at.
func adaptive(t testing.TB) map[string]string {
	files := noBreakers(t)
	files["spillway.yaml"] = sampleFile(t, "spillway.yaml", "openai: {strategy: apim}", "openai: {strategy: adaptive}")
	return files
}

// failedAt counts the attempts at a region that came to nothing.
func failedAt(all []*caller, region string) (n int) {
	for _, a := range attempts(all, region) {
		if a.Outcome != "ok" {
			n++
		}
	}
	return n
}

// Row 8.
func TestBrownOut(t *testing.T) {
	const brown = `{"kind":"brownout","errors":0.35,"factor":5,"status":500}`
	r := newRig(t, adaptive(t))
	gap := time.Minute / time.Duration(requests())
	r.load(requests()/10, gap*10, nil)
	r.fault("eastus", brown)
	all := r.load(requests(), gap, nil)
	if n := failed(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	share := float64(len(attempts(all, "eastus"))) / float64(len(all))
	if share > 0.1 {
		t.Errorf("%.1f %% of the calls go to the region in its brown-out, while the others have room", 100*share)
	}
	// Nobody else has room: the region is used rather than refused. The best that
	// can be had is what three attempts each bring, the most that the strategy
	// spends on a request.
	for _, region := range names[1:] {
		r.fault(region, `{"kind":"throttle","retryAfter":600}`)
	}
	r.load(requests()/20, gap, nil) // they hear of it
	all = r.load(requests(), gap, nil)
	good := 0
	for _, c := range all {
		if c.complete() {
			good++
		}
	}
	goodput, oracle := float64(good)/float64(len(all)), 1-0.35*0.35*0.35
	if goodput < oracle-0.015 {
		t.Errorf("%.1f %% of the calls are served; the best is %.1f %%", 100*goodput, 100*oracle)
	}
	report(t, 8, "brown-out, adaptive", "0 errors of %d with %.1f %% of the calls at the region; nobody else has room: %.1f %% served, the best is %.1f %%", len(all), 100*share, 100*goodput, 100*oracle)
}

// Row 10.
func TestFlapping(t *testing.T) {
	// The figure is stated for five minutes of 10,000 requests.
	lasts := 5 * time.Minute * time.Duration(requests()) / 10000
	for _, c := range []struct {
		name   string
		files  map[string]string
		wasted float64 // of the requests, at most
	}{
		{"adaptive", adaptive(t), 0.01},
		// APIM's breaker opens again and again for ten seconds: three failures each.
		{"apim", nil, 3 * float64(lasts/(10*time.Second)+1) / float64(requests())},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.files)
			down := false
			var toggle func()
			left := int(lasts / time.Second)
			toggle = func() {
				if down = !down && left > 0; down {
					r.fault("eastus", `{"kind":"refuse"}`)
				} else {
					r.fault("eastus", "")
				}
				if left--; left > 0 {
					r.clock.AfterFunc(time.Second, toggle)
				}
			}
			r.clock.AfterFunc(time.Second, toggle)
			all := r.load(requests(), lasts/time.Duration(requests()), nil)
			if n := failed(t, all); n > 0 {
				t.Errorf("%d callers see it", n)
			}
			wasted := failedAt(all, "eastus")
			if share := float64(wasted) / float64(len(all)); share > c.wasted {
				t.Errorf("%d attempts of %d requests are wasted", wasted, len(all))
			}
			report(t, 10, "flapping, 1 s up and 1 s down, "+c.name, "0 errors of %d in %v, %d wasted attempts (%s)", len(all), lasts, wasted, fmt.Sprintf("%.2f %%", 100*float64(wasted)/float64(len(all))))
		})
	}
}
