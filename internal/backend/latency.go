package backend

import (
	"math"
	"math/rand/v2"
	"time"
)

// leastLatency is peak EWMA over two choices drawn at random, as Finagle and
// Linkerd have it: of two members the one whose first byte has lately taken
// less, times the attempts under way. A slower answer counts at once and in full,
// a quicker one by and by, so that a member that falls ill is seen by its first
// slow answer and trusted again slowly.
type leastLatency struct {
	rest   rest
	seen   map[*State]*peak
	random func() float64
}

func newLeastLatency(o Options) Strategy {
	l := &leastLatency{rest: rest{}, seen: map[*State]*peak{}, random: o.Random}
	if l.random == nil {
		l.random = rand.Float64
	}
	return l
}

// peak is an average that rises at once.
type peak struct {
	seconds float64
	at      time.Time
}

const (
	// peakSpan is how long a value weighs: what is left of it falls by e in it.
	peakSpan = 10 * time.Second
	// failurePenalty is what a failure counts as, in seconds, or twice what the
	// member took before if that is more.
	failurePenalty = 5
	// leastCost keeps idle members apart by what is under way at them.
	leastCost = 1e-3
)

func (p *peak) add(now time.Time, seconds float64) {
	if v := p.value(now); seconds < v {
		// What is left of the old value, and for the rest the new one.
		w := math.Exp(-float64(now.Sub(p.at)) / float64(peakSpan))
		seconds = v + seconds*(1-w)
	}
	p.seconds, p.at = seconds, now
}

// value fades: a member that nobody has asked for long may have become well.
func (p *peak) value(now time.Time) float64 {
	return p.seconds * math.Exp(-float64(now.Sub(p.at))/float64(peakSpan))
}

func (l *leastLatency) cost(now time.Time, m *Member) float64 {
	seconds := leastCost
	if p := l.seen[m.State]; p != nil {
		seconds += p.value(now)
	}
	return seconds * load(m)
}

// Pick implements Strategy.
func (l *leastLatency) Pick(now time.Time, members []*Member, r *Request) Choice {
	list, why := l.rest.able(now, members, r)
	c := Choice{Why: "the quicker of two drawn at random, " + why}
	n := len(list)
	switch n {
	case 0:
		c.Why, c.Return = why, l.rest.returns(now, members)
	case 1:
		c.Member, c.Why = list[0], "the only one, "+why
	default:
		i := min(int(l.random()*float64(n)), n-1)
		j := min(int(l.random()*float64(n-1)), n-2)
		if j >= i {
			j++ // two different ones
		}
		list = []*Member{list[i], list[j]}
		c.Member = list[0]
		if l.cost(now, list[1]) < l.cost(now, list[0]) {
			c.Member = list[1]
		}
	}
	if r.Explain {
		c.Candidates = l.rest.explain(now, members, list, c.Member, r, func(m *Member) float64 { return l.cost(now, m) }, "slower than the one it was drawn with")
		for i := range c.Candidates {
			if x := &c.Candidates[i]; n > 2 && x.WhyNot == "a better priority has a member" && members[i].Priority == c.Member.Priority {
				x.WhyNot = "not drawn"
			}
		}
	}
	return c
}

// Observe implements Strategy. A refusal is quick and says nothing about how
// quick an answer is.
func (l *leastLatency) Observe(now time.Time, o *Outcome) {
	l.rest.observe(now, o)
	if o.Neutral() || o.Throttled() {
		return
	}
	var seconds float64
	switch {
	case o.Stage == Answered && o.Failed(), o.Stage == Ended && o.Failed() && o.Status == 200:
		seconds = failurePenalty
	case o.Stage == Answered && o.FirstByte > 0:
		seconds = o.FirstByte.Seconds()
	case o.Stage == Answered && o.Head > 0:
		seconds = o.Head.Seconds()
	default:
		return
	}
	if len(l.seen) > 2*maxMembers {
		clear(l.seen)
	}
	p := l.seen[o.Member.State]
	if p == nil {
		p = &peak{at: now}
		l.seen[o.Member.State] = p
	}
	if o.Failed() {
		seconds = max(seconds, 2*p.value(now))
		seconds = min(seconds, 60)
	}
	p.add(now, seconds)
}
