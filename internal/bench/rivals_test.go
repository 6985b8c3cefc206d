package bench_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/spillway-gateway/spillway/internal/backend"
)

// contenders are all that take part, in the order of the table.
func contenders() []contender {
	retry := func(strategy string) backend.Options {
		return backend.Options{Strategy: strategy, Attempts: attempts(maxAttempts, 0)}
	}
	adaptive := func(queue time.Duration, shares bool) backend.Options {
		return backend.Options{Strategy: "adaptive", Attempts: attempts(maxAttempts, 0.2), Queue: queue, FairShares: shares}
	}
	return []contender{
		{name: "round robin, no retry", options: backend.Options{Attempts: attempts(1, 0)}, own: newRoundRobin, flat: true},
		{name: "round robin", options: retry(""), own: newRoundRobin, flat: true},
		{name: "weighted, by quota", options: retry("apim"), flat: true},
		{name: "apim, priorities", options: retry("apim"), breakers: true},
		{name: "apim, weights", options: retry("apim"), breakers: true, flat: true},
		{name: "litellm usage", options: retry(""), own: newLeastUsed, flat: true},
		{name: "litellm latency", options: retry(""), own: newQuickest, flat: true},
		{name: "least-busy", options: retry("least-busy"), flat: true},
		{name: "least-latency (peak EWMA)", options: retry("least-latency"), flat: true},
		{name: "overflow", options: retry("overflow"), flat: false},
		{name: "adaptive", options: adaptive(0, false), flat: true},
		{name: "adaptive, 3 s queue", options: adaptive(3*time.Second, false), flat: true},
		{name: "adaptive, 10 s queue", options: adaptive(10*time.Second, false), flat: true},
		{name: "adaptive, fair shares", options: adaptive(0, true), flat: true},
		{name: "oracle", options: retry(""), own: newOracle(0), flat: true},
		{name: "oracle, 10 s queue", options: retry(""), own: newOracle(10 * time.Second), flat: true},
	}
}

// roundRobin goes around the members that a request has not been sent to.
type roundRobin struct{ turn int }

func newRoundRobin(*world) func(backend.Options) backend.Strategy {
	return func(backend.Options) backend.Strategy { return &roundRobin{} }
}

// Pick implements backend.Strategy.
func (s *roundRobin) Pick(_ time.Time, members []*backend.Member, r *backend.Request) backend.Choice {
	for range members {
		m := members[s.turn%len(members)]
		s.turn++
		if !r.WasTried(m) {
			return backend.Choice{Member: m}
		}
	}
	return backend.Choice{}
}

// Observe implements backend.Strategy.
func (s *roundRobin) Observe(time.Time, *backend.Outcome) {}

// litellm is what LiteLLM's strategies have in common: a member that throttles, or
// of which most calls of the minute fail, is left alone for five seconds.
type litellm struct {
	random     *rand.Rand
	minute     int64
	rest       map[string]time.Time
	calls, bad map[string]float64
}

func newLiteLLM(w *world) litellm {
	return litellm{random: rand.New(rand.NewPCG(w.random.Uint64(), 1)), rest: map[string]time.Time{}, calls: map[string]float64{}, bad: map[string]float64{}}
}

// roll begins a minute of the wall clock anew and reports whether it did.
func (s *litellm) roll(now time.Time) bool {
	minute := now.Unix() / 60
	if minute == s.minute {
		return false
	}
	s.minute = minute
	clear(s.calls)
	clear(s.bad)
	return true
}

func (s *litellm) observe(now time.Time, o *backend.Outcome) {
	if o.Stage != backend.Answered {
		return
	}
	id := o.Member.ID
	s.calls[id]++
	if o.Status == 200 {
		return
	}
	s.bad[id]++
	if o.Throttled() || s.calls[id] >= 5 && s.bad[id] > s.calls[id]/2 {
		s.rest[id] = now.Add(5 * time.Second)
	}
}

// leastUsed is LiteLLM's usage-based-routing-v2: the member that has used the
// fewest tokens, in absolute terms, in the minute of the wall clock; tokens are
// booked when an answer is over, and members drop out at their limits.
type leastUsed struct {
	litellm
	used, requests map[string]float64
	w              *world
}

func newLeastUsed(w *world) func(backend.Options) backend.Strategy {
	return func(backend.Options) backend.Strategy {
		return &leastUsed{litellm: newLiteLLM(w), used: map[string]float64{}, requests: map[string]float64{}, w: w}
	}
}

func (s *leastUsed) renew(now time.Time) {
	if s.roll(now) {
		clear(s.used)
		clear(s.requests)
	}
}

// Pick implements backend.Strategy.
func (s *leastUsed) Pick(now time.Time, members []*backend.Member, r *backend.Request) backend.Choice {
	s.renew(now)
	least := math.Inf(1)
	var list []*backend.Member
	for _, m := range members {
		at := s.w.byName[m.ID]
		perMinute := float64(at.tpm) * at.perK / 1000
		if now.Before(s.rest[m.ID]) || s.used[m.ID]+float64(r.Prompt) > float64(at.tpm) || s.requests[m.ID]+1 > perMinute {
			continue
		}
		if s.used[m.ID] < least {
			least, list = s.used[m.ID], nil
		}
		if s.used[m.ID] == least {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return backend.Choice{}
	}
	m := list[s.random.IntN(len(list))]
	s.requests[m.ID]++
	return backend.Choice{Member: m}
}

// Observe implements backend.Strategy.
func (s *leastUsed) Observe(now time.Time, o *backend.Outcome) {
	s.renew(now)
	s.observe(now, o)
	if o.Stage == backend.Ended && o.Status == 200 {
		s.used[o.Member.ID] += float64(o.Used)
	}
}

// quickest is LiteLLM's latency-based-routing: the member with the least mean of
// its last ten seconds per token. A time-out counts as a thousand.
type quickest struct {
	litellm
	samples map[string][]float64
}

func newQuickest(w *world) func(backend.Options) backend.Strategy {
	return func(backend.Options) backend.Strategy {
		return &quickest{litellm: newLiteLLM(w), samples: map[string][]float64{}}
	}
}

// Pick implements backend.Strategy.
func (s *quickest) Pick(now time.Time, members []*backend.Member, _ *backend.Request) backend.Choice {
	best := math.Inf(1)
	var chosen *backend.Member
	for _, i := range s.random.Perm(len(members)) {
		m := members[i]
		if now.Before(s.rest[m.ID]) {
			continue
		}
		mean := 0.0
		for _, x := range s.samples[m.ID] {
			mean += x / float64(len(s.samples[m.ID]))
		}
		if mean < best {
			best, chosen = mean, m
		}
	}
	return backend.Choice{Member: chosen}
}

// Observe implements backend.Strategy.
func (s *quickest) Observe(now time.Time, o *backend.Outcome) {
	s.roll(now)
	s.observe(now, o)
	id := o.Member.ID
	switch {
	case o.Stage == backend.Ended && o.Status == 200 && o.Used > o.Request.Prompt:
		s.add(id, now.Sub(o.Sent).Seconds()/float64(o.Used-o.Request.Prompt))
	case o.Stage == backend.Answered && o.Kind == "timeout":
		s.add(id, 1000)
	}
}

func (s *quickest) add(id string, seconds float64) {
	list := append(s.samples[id], seconds)
	s.samples[id] = list[max(0, len(list)-10):]
}

// oracle reads the regions' counters and faults, and makes requests wait if it
// may. What it cannot do is split a request, or know what will come.
type oracle struct {
	w       *world
	queue   time.Duration
	waiting []*backend.Request
}

func newOracle(queue time.Duration) func(w *world) func(backend.Options) backend.Strategy {
	return func(w *world) func(backend.Options) backend.Strategy {
		return func(backend.Options) backend.Strategy {
			s := &oracle{w: w, queue: queue}
			if queue == 0 {
				return struct{ backend.Strategy }{s} // without the methods of a queue
			}
			return s
		}
	}
}

// find is the member with the most tokens left per second of its window.
func (s *oracle) find(members []*backend.Member, r *backend.Request) *backend.Member {
	best := math.Inf(1)
	var chosen *backend.Member
	for _, m := range members {
		at, region := s.w.byName[m.ID], s.w.regions[m.ID]
		fault := region.Fault()
		brown := fault != nil && fault.Kind == "brownout"
		if r.WasTried(m) && !brown || fault != nil && (fault.Kind == "hang" || fault.Kind == "refuse") {
			continue
		}
		st, _ := region.Standing(deployment)
		var cost float64
		switch {
		case at.ptu:
			if *st.Utilization >= 100 {
				continue
			}
			cost = -1e7
		case st.CallsLeft < 1 || st.TokensLeft < r.Charge:
			continue
		default:
			cost = -float64(st.TokensLeft) / math.Max(0.25, st.TokensIn.Seconds())
		}
		if brown {
			cost += 1e6
		}
		if cost < best {
			best, chosen = cost, m
		}
	}
	return chosen
}

// Pick implements backend.Strategy.
func (s *oracle) Pick(now time.Time, members []*backend.Member, r *backend.Request) backend.Choice {
	if len(s.waiting) == 0 || r.Attempt > 1 {
		if m := s.find(members, r); m != nil {
			return backend.Choice{Member: m}
		}
	}
	if s.queue == 0 || now.Sub(r.Arrived) >= s.queue {
		return backend.Choice{Return: s.returns(now, members)}
	}
	s.waiting = append(s.waiting, r)
	return backend.Choice{Wait: true, Until: r.Arrived.Add(s.queue)}
}

// returns is when the first window of those that answer is renewed.
func (s *oracle) returns(now time.Time, members []*backend.Member) (first time.Time) {
	for _, m := range members {
		region := s.w.regions[m.ID]
		if fault := region.Fault(); fault != nil && (fault.Kind == "hang" || fault.Kind == "refuse") {
			continue
		}
		st, _ := region.Standing(deployment)
		if at := now.Add(max(st.TokensIn, time.Second)); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// Observe implements backend.Strategy.
func (s *oracle) Observe(time.Time, *backend.Outcome) {}

// Release implements backend.Queue: one request at a time, since only sending it
// changes the counters; it asks again at once.
func (s *oracle) Release(now time.Time, members []*backend.Member) ([]backend.Released, time.Time) {
	for i, r := range s.waiting[:min(30, len(s.waiting))] {
		if m := s.find(members, r); m != nil {
			s.Leave(now, s.waiting[i])
			return []backend.Released{{Request: r, Choice: backend.Choice{Member: m}}}, now.Add(time.Microsecond)
		}
	}
	return nil, now.Add(250 * time.Millisecond)
}

// Leave implements backend.Queue.
func (s *oracle) Leave(_ time.Time, r *backend.Request) {
	for i, x := range s.waiting {
		if x == r {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return
		}
	}
}
