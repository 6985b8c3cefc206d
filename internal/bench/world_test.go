package bench_test

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/sim"
)

// deployment is the name of the one that every region has.
const deployment = "gpt-35-turbo"

// others is what other tenants use of a standard deployment on average.
const others = 0.08

// site is a region as a scenario has it.
type site struct {
	name               string
	tpm                int
	ptu                bool
	network, first     time.Duration
	perSecond          float64
	perK               float64 // requests a minute for 1,000 tokens a minute
	refusalsAreCounted bool
	mode               sim.QuotaMode
	incidents          []incident
}

// incident is a fault for a while.
type incident struct {
	from, to time.Duration
	fault    sim.Fault
}

// scenario is a set of regions, who sends to them, and how much.
type scenario struct {
	name, what string
	sites      []site
	shares     []float64 // of the consumers
	loads      []float64 // shares of the quota that others leave
	gateways   int
}

func three(edit func(*site)) []site {
	sites := []site{
		{name: "a", tpm: 240_000, network: 20 * time.Millisecond, first: 350 * time.Millisecond, perSecond: 70},
		{name: "b", tpm: 120_000, network: 90 * time.Millisecond, first: 450 * time.Millisecond, perSecond: 60},
		{name: "c", tpm: 60_000, network: 160 * time.Millisecond, first: 600 * time.Millisecond, perSecond: 50},
	}
	for i := range sites {
		sites[i].perK = 6
		edit(&sites[i])
	}
	return sites
}

func asTheyAre(*site) {}

// faults are those of S2. In a brown-out a third of the requests fail and the rest
// are five times slower; a black hole takes connections and says nothing.
func faults(s *site) {
	switch s.name {
	case "a":
		s.incidents = []incident{
			{900 * time.Second, 1200 * time.Second, sim.Fault{Kind: "brownout", Errors: 0.35, Factor: 5, Delay: "2s"}},
			{1500 * time.Second, 1620 * time.Second, sim.Fault{Kind: "squeeze", Quota: 0.4}},
		}
	case "b":
		s.incidents = []incident{
			{300 * time.Second, 420 * time.Second, sim.Fault{Kind: "hang", After: "accept"}},
			{1800 * time.Second, 1920 * time.Second, sim.Fault{Kind: "refuse"}},
		}
	}
}

var (
	even  = []float64{0.4, 0.3, 0.2, 0.1}
	noisy = []float64{0.7, 0.1, 0.1, 0.1}
)

func scenarios() []scenario {
	return []scenario{
		{name: "S1", what: "steady: 240k, 120k and 60k tokens a minute, of which others use 8 %", sites: three(asTheyAre), shares: even, loads: []float64{0.6, 0.9, 1.1, 1.5}, gateways: 1},
		{name: "S2", what: "faults: a brown-out, a squeeze, a black hole and a refusal", sites: three(faults), shares: even, loads: []float64{0.6, 0.9}, gateways: 1},
		{name: "S3", what: "provisioned 100k first, then 240k and 60k", sites: []site{
			{name: "ptu", tpm: 100_000, ptu: true, network: 20 * time.Millisecond, first: 250 * time.Millisecond, perSecond: 90, perK: 6},
			{name: "a", tpm: 240_000, network: 90 * time.Millisecond, first: 400 * time.Millisecond, perSecond: 65, perK: 6},
			{name: "b", tpm: 60_000, network: 160 * time.Millisecond, first: 600 * time.Millisecond, perSecond: 50, perK: 6},
		}, shares: even, loads: []float64{0.6, 0.9, 1.1}, gateways: 1},
		{name: "S4", what: "as S1, by four gateways that share nothing", sites: three(asTheyAre), shares: even, loads: []float64{0.9}, gateways: 4},
		{name: "S5", what: "as S1, one consumer sends 70 %", sites: three(asTheyAre), shares: noisy, loads: []float64{1.3}, gateways: 1},
		{name: "S6", what: "as S1, one request a minute for 1,000 tokens, and refusals count", sites: three(func(s *site) { s.perK, s.refusalsAreCounted = 1, true }), shares: even, loads: []float64{0.9}, gateways: 1},
	}
}

// region makes the region of a site. The same seed gives the same windows, the
// same luck and the same others.
func (s *site) region(c clock.Clock, seed uint64) *sim.Region {
	return sim.New(sim.Config{
		Name: s.name, Clock: c, Seed: seed, Profile: sim.Measured(s.network, s.first, s.perSecond),
		Deployments:  []sim.Deployment{{Name: deployment, TPM: s.tpm, RPM: int(float64(s.tpm) * s.perK / 1000), Provisioned: s.ptu}},
		FreeRefusals: !s.refusalsAreCounted, Tenants: s.tenants(), Quota: s.mode,
	})
}

func (s *site) tenants() *sim.Tenants {
	if s.ptu {
		return nil // provisioned throughput is nobody else's
	}
	return &sim.Tenants{Share: others}
}

// free is what others leave of the sites' quotas, per second.
func free(sites []site) float64 {
	total := 0.0
	for _, s := range sites {
		left := 1.0
		if s.tenants() != nil {
			left -= others
		}
		total += float64(s.tpm) / 60 * left
	}
	return total
}

// call is one request of the workload.
type call struct {
	at                  time.Duration
	consumer            int
	prompt, answer, max int

	request  *backend.Request
	made     int
	began    time.Time // of the first attempt
	lastCode int
}

// charge is what the quota is charged on arrival.
func (c *call) charge() int { return c.prompt + c.max }

func logNormal(r *rand.Rand, median, sigma float64) float64 {
	return median * math.Exp(sigma*r.NormFloat64())
}

// workload is what the consumers ask for: each comes and goes, a fifth of the
// time three times as busy as on average, on a day of twenty minutes. Half of
// them set max_tokens near the answer, the others to a round figure.
func workload(seed uint64, length time.Duration, rate float64, shares []float64) []*call {
	var calls []*call
	for consumer, share := range shares {
		r := rand.New(rand.NewPCG(seed, uint64(consumer)))
		busy, turn := 1.0, 0.0
		for t := 0.0; t < length.Seconds(); {
			if t >= turn {
				busy = 0.5
				if r.Float64() < 0.2 {
					busy = 3
				}
				turn = t + 8*r.ExpFloat64()
			}
			day := 1 + 0.4*math.Sin(2*math.Pi*t/1200)
			next := t + r.ExpFloat64()/(rate*share*busy*day)
			if next > turn {
				t = turn
				continue
			}
			if t = next; t >= length.Seconds() {
				break
			}
			prompt := math.Min(logNormal(r, 500, 1), 12000)
			answer := math.Min(math.Max(logNormal(r, 180, 0.8), 4), 4000)
			limit := answer * (1.1 + r.Float64())
			if r.Float64() >= 0.5 {
				limit = math.Max(800, answer)
			}
			calls = append(calls, &call{
				at: time.Duration(t * float64(time.Second)), consumer: consumer,
				prompt: int(prompt), answer: int(answer), max: int(limit),
			})
		}
	}
	sort.SliceStable(calls, func(i, j int) bool { return calls[i].at < calls[j].at })
	return calls
}

// meanCharge is that of a request, and meanCost the share of it that a provisioned
// deployment charges in the end.
var meanCharge, meanCost = func() (charge, cost float64) {
	calls := workload(99, 20000*time.Second, 5, []float64{1})
	for _, c := range calls {
		charge += float64(c.charge())
		cost += float64(c.prompt + c.answer)
	}
	return charge / float64(len(calls)), cost / charge
}()

// bound is the fluid optimum: twice a second the demand may take any token that
// any region has left, the window that ends first first; what has waited longer
// than patience is lost. Requests may be split, the limit of requests does not
// hold, and a brown-out does no harm.
func bound(sites []site, calls []*call, seed uint64, length, patience time.Duration) float64 {
	const step = 500 * time.Millisecond
	e := newEvents()
	regions := make([]*sim.Region, len(sites))
	dead := make([]bool, len(sites))
	for i, s := range sites {
		s.perK = 1e6
		regions[i] = s.region(e, seed+uint64(i))
		for _, x := range s.incidents {
			for at, begins := range map[time.Duration]bool{x.from: true, x.to: false} {
				e.at(at, func() {
					switch x.fault.Kind {
					case "hang", "refuse":
						dead[i] = begins
					case "squeeze":
						if begins {
							_ = regions[i].SetFault(&x.fault)
						} else {
							_ = regions[i].SetFault(nil)
						}
					}
				})
			}
		}
	}
	type lot struct {
		at   time.Duration
		left float64
	}
	var waiting []lot
	total := 0.0
	next := 0
	for t := time.Duration(0); t < length+patience; t += step {
		e.at(t, func() {
			for next < len(calls) && calls[next].at < t+step {
				waiting = append(waiting, lot{calls[next].at, float64(calls[next].charge())})
				next++
			}
			for len(waiting) > 0 && waiting[0].at < t-patience {
				waiting = waiting[1:]
			}
			type part struct {
				i    int
				left float64
				ends time.Duration
			}
			var parts []part
			for i, r := range regions {
				if dead[i] {
					continue
				}
				st, _ := r.Standing(deployment)
				left := float64(st.TokensLeft)
				if st.Utilization != nil {
					left = max(0, 100-*st.Utilization) / 100 * float64(sites[i].tpm) / meanCost
				}
				parts = append(parts, part{i, left, st.TokensIn})
			}
			sort.SliceStable(parts, func(a, b int) bool { return parts[a].ends < parts[b].ends })
			for _, p := range parts {
				took := 0.0
				for len(waiting) > 0 && p.left > took {
					x := math.Min(p.left-took, waiting[0].left)
					took += x
					if waiting[0].left -= x; waiting[0].left < 1e-9 {
						waiting = waiting[1:]
					}
				}
				if took == 0 {
					continue
				}
				total += took
				if sites[p.i].ptu {
					took *= meanCost
				}
				regions[p.i].Weigh(sim.Ask{Deployment: deployment, Prompt: int(took), Stream: true})
			}
		})
	}
	e.run()
	return total
}

// TestWorkload holds the requests to what they are said to be.
func TestWorkload(t *testing.T) {
	if meanCharge < 1350 || meanCharge > 1500 {
		t.Errorf("a mean charge of %.0f tokens", meanCharge)
	}
	calls := workload(1, 2400*time.Second, 4, even)
	per := map[int]float64{}
	for _, c := range calls {
		per[c.consumer]++
	}
	if n := float64(len(calls)); n < 8500 || n > 11000 || math.Abs(per[0]/n-0.4) > 0.05 || math.Abs(per[3]/n-0.1) > 0.03 {
		t.Errorf("%d requests, by consumer %v", len(calls), per)
	}
	again := workload(1, 2400*time.Second, 4, even)
	other := workload(2, 2400*time.Second, 4, even)
	if len(again) != len(calls) || again[100].at != calls[100].at || other[100].at == calls[100].at {
		t.Error("the same seed gives other requests, or another one the same")
	}
}
