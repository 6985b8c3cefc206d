package bench_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/sim"
)

// contender is a way to choose that takes part.
type contender struct {
	name string
	// options are spillway.yaml's for the pool; own, when there is one, makes a
	// strategy that is not in the product.
	options backend.Options
	own     func(w *world) func(backend.Options) backend.Strategy
	// flat puts all regions into one priority; breakers opens them at a failure.
	flat, breakers bool
	// blind are headers that do not reach the balancer, by the beginnings of their
	// names; noise is the log-normal error of its estimate of a charge, and untold
	// says that it is told no quotas either.
	blind  []string
	noise  float64
	untold bool
}

// maxAttempts is how often a request is sent at most, and patience how long the
// first byte may take, unless a strategy knows better.
const (
	maxAttempts = 3
	patience    = 10 * time.Second
)

// attempts are those of a gateway that retries what failed.
func attempts(count int, budget float64) backend.Attempts {
	return backend.Attempts{Count: count, Failures: true, Budget: budget, Statuses: []apim.StatusCodeRange{{Min: 429, Max: 429}, {Min: 500, Max: 599}}}
}

// world is one run: regions, gateways, and what is counted.
type world struct {
	*testing.T
	*events
	sites   []site
	regions map[string]*sim.Region
	byName  map[string]*site
	length  time.Duration
	random  *rand.Rand
	gates   []gate
	result  result
	blind   []string
}

// gate is a gateway's part of the choice.
type gate struct {
	live *backend.Live
	pool *backend.Pool
}

// result is what came of a run.
type result struct {
	calls, good, attempts, failed int
	throttled, broken, exhausted  int // what callers got: 429, 5xx, and the pool's own answer
	avoidable                     int // of the last, when a region would have served the request
	served                        float64
	first                         []float64
	demand, got                   []float64

	// Of provisioned throughput: what was worked off, of how much, and how full it
	// was when requests went elsewhere.
	worked, workable float64
	spills           int
	spillLevel       float64
}

// play runs a workload against a contender.
func play(t *testing.T, sc *scenario, c *contender, calls []*call, seed uint64, length time.Duration) *result {
	t.Helper()
	w := &world{T: t, events: newEvents(), sites: sc.sites, length: length, blind: c.blind, regions: map[string]*sim.Region{}, byName: map[string]*site{}}
	w.random = rand.New(rand.NewPCG(seed, 1<<40))
	w.result.demand, w.result.got = make([]float64, len(sc.shares)), make([]float64, len(sc.shares))
	for i := range sc.sites {
		s := &sc.sites[i]
		w.byName[s.name] = s
		r := s.region(w, seed+uint64(i))
		w.regions[s.name] = r
		for _, x := range s.incidents {
			w.at(x.from, func() { w.fault(r, &x.fault) })
			w.at(x.to, func() { w.fault(r, nil) })
		}
	}
	for range sc.gateways {
		w.gates = append(w.gates, w.gate(c))
	}
	for i, q := range calls {
		fresh := &call{at: q.at, consumer: q.consumer, prompt: q.prompt, answer: q.answer, max: q.max}
		g := &w.gates[i%len(w.gates)]
		w.result.calls++
		w.result.demand[q.consumer] += float64(q.charge())
		w.at(q.at, func() {
			fresh.request = &backend.Request{
				Arrived: w.now, Consumer: fmt.Sprint(fresh.consumer), Deployment: deployment,
				Prompt: fresh.prompt, Charge: int(logNormal(w.random, float64(fresh.charge()), c.noise)), Stream: true,
			}
			w.try(g, fresh)
		})
	}
	w.at(length, w.measure)
	w.run()
	r := &w.result
	if n := r.good + r.throttled + r.broken + r.exhausted; n != r.calls {
		t.Errorf("%s, %s: %d requests, of which %d came to an end", sc.name, c.name, r.calls, n)
	}
	return r
}

func (w *world) fault(r *sim.Region, f *sim.Fault) {
	if err := r.SetFault(f); err != nil {
		w.Error(err)
	}
}

// gate makes a gateway's balancer out of resources, as it is made of a folder.
func (w *world) gate(c *contender) gate {
	pool := &apim.Backend{Resource: apim.Resource{Name: "pool"}, Type: apim.PoolBackend, Pool: &apim.Pool{}}
	contents := &apim.Contents{Backends: []*apim.Backend{pool}}
	members := map[string]backend.MemberOptions{}
	for i, s := range w.sites {
		priority, weight := i+1, s.tpm/10_000
		if c.flat {
			priority = 1
		}
		members[s.name] = backend.MemberOptions{TokensPerMinute: s.tpm, PaidFor: s.ptu}
		if c.untold {
			members[s.name] = backend.MemberOptions{}
		}
		pool.Pool.Services = append(pool.Pool.Services, apim.PoolService{ID: "/backends/" + s.name, Priority: &priority, Weight: &weight})
		b := &apim.Backend{Resource: apim.Resource{Name: s.name}}
		b.Defaults()
		b.URL = "https://" + s.name + ".test"
		if c.breakers {
			ten := apim.Duration{Duration: 10 * time.Second}
			b.CircuitBreaker = &apim.CircuitBreaker{Rules: []apim.BreakerRule{{
				TripDuration: ten, AcceptRetryAfter: true,
				FailureCondition: apim.FailureCondition{
					Count: 1, Interval: ten, ErrorReasons: []string{"Timeout", "BackendConnectionFailure"},
					StatusCodeRanges: []apim.StatusCodeRange{{Min: 429, Max: 429}, {Min: 500, Max: 599}},
				},
			}}}
		}
		contents.Backends = append(contents.Backends, b)
	}
	options := c.options
	options.Members, options.FirstByteTimeout = members, patience
	if c.own != nil {
		options.Own = &backend.Row{Name: c.name, Charge: true, Limits: true, New: c.own(w)}
	}
	set, problems := backend.New(contents, backend.World{
		Resolve: func(s string) (string, error) { return s, nil }, Pools: map[string]backend.Options{"pool": options},
	})
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	live := backend.NewLive(w, w.random.Float64)
	live.Adopt(set)
	return gate{live, set.Pool("pool")}
}

// try asks for a member and sends the request there.
func (w *world) try(g *gate, c *call) {
	lease, choice := g.live.Ask(g.pool, c.request, func(lease *backend.Lease, then backend.Choice) {
		// Nothing may be asked from here.
		w.AfterFunc(0, func() { w.send(g, c, lease, then) })
	})
	if !choice.Wait {
		w.send(g, c, lease, choice)
		return
	}
	w.AfterFunc(choice.Until.Sub(w.now), func() {
		if refused, left := g.live.Leave(g.pool, c.request, choice); left {
			w.send(g, c, nil, refused)
		}
	})
}

// send sends the request, or answers in the place of a region.
func (w *world) send(g *gate, c *call, lease *backend.Lease, choice backend.Choice) {
	r := &w.result
	if lease == nil {
		switch {
		case c.made == 0:
			r.exhausted++
			if (&oracle{w: w}).find(g.pool.Members, c.request) != nil {
				r.avoidable++
			}
		case c.lastCode == 429:
			r.throttled++
		case choice.Return.IsZero():
			r.broken++
		default:
			r.exhausted++ // as a gateway answers when it knows when to come again
		}
		return
	}
	if c.made == 0 {
		c.began = w.now
	}
	c.made++
	r.attempts++
	s := w.byName[lease.Member.ID]
	w.spilled(s)
	v := w.regions[s.name].Weigh(sim.Ask{Deployment: deployment, Prompt: c.prompt, MaxTokens: c.max, Answer: c.answer, Stream: true})
	limit := choice.FirstByteTimeout
	if limit == 0 {
		limit = g.pool.FirstByteTimeout()
	}
	switch {
	case v.Err != nil:
		w.AfterFunc(s.network, func() {
			w.failed(g, c, lease, backend.Outcome{Kind: "connect_refused", Reason: "BackendConnectionFailure"})
		})
	case v.Silent || v.First == clock.Forever || v.First > limit:
		w.AfterFunc(limit, func() {
			v.Done()
			w.failed(g, c, lease, backend.Outcome{Kind: "timeout", Reason: "Timeout"})
		})
	default:
		w.AfterFunc(v.First, func() { w.answered(g, c, lease, &v) })
	}
}

// answered tells what came.
func (w *world) answered(g *gate, c *call, lease *backend.Lease, v *sim.Verdict) {
	o := backend.Outcome{Kind: "ok", Status: v.Status, Head: v.Head, FirstByte: v.First, Hint: backend.ParseHint(v.Get, w.now, backend.MaxHint)}
	if lease.WantsLimits() {
		o.Limits = backend.ParseLimits(func(name string) string {
			for _, b := range w.blind {
				if strings.HasPrefix(name, b) {
					return ""
				}
			}
			return v.Get(name)
		})
	}
	if v.Status != 200 {
		o.Kind = "status"
		v.Done()
		w.failed(g, c, lease, o)
		return
	}
	r := &w.result
	r.good++
	r.served += float64(c.charge())
	r.got[c.consumer] += float64(c.charge())
	r.first = append(r.first, w.now.Sub(c.request.Arrived).Seconds())
	lease.Answered(o)
	w.AfterFunc(v.End-v.First, func() {
		v.Done()
		if s := w.byName[lease.Member.ID]; s.ptu && !w.now.After(noon.Add(w.length)) {
			r.worked += float64(c.prompt + c.answer)
		}
		lease.Ended("", "", c.prompt+c.answer)
	})
}

// failed tells of an attempt that failed and makes another one if it may.
func (w *world) failed(g *gate, c *call, lease *backend.Lease, o backend.Outcome) {
	r := &w.result
	r.failed++
	lease.Answered(o)
	lease.Ended("", "", 0)
	c.lastCode = o.Status
	told := lease.Outcome()
	if g.pool.Attempts().Retries(c.made, w.now.Sub(c.began), &told) && g.live.Retry(g.pool) {
		w.try(g, c)
		return
	}
	if o.Status == 429 {
		r.throttled++
	} else {
		r.broken++
	}
}

// spilled looks at how full the provisioned throughput is as a request goes
// elsewhere.
func (w *world) spilled(to *site) {
	for _, s := range w.sites {
		if !s.ptu || to.ptu {
			continue
		}
		st, _ := w.regions[s.name].Standing(deployment)
		w.result.spills++
		w.result.spillLevel += min(100, *st.Utilization)
	}
}

// measure reads what the provisioned throughput has done.
func (w *world) measure() {
	for _, s := range w.sites {
		if s.ptu {
			w.result.workable += float64(s.tpm) * w.length.Minutes()
		}
	}
}
