package backend

import (
	"math"
	"time"
)

// leastBusy sends each request to the member with the fewest attempts under way
// for its weight, of equals to the one that was chosen longest ago.
type leastBusy struct {
	rest   rest
	chosen map[*State]int // the number of the choice that was the last
	count  int
}

func newLeastBusy(Options) Strategy {
	return &leastBusy{rest: rest{}, chosen: map[*State]int{}}
}

// Pick implements Strategy.
func (b *leastBusy) Pick(now time.Time, members []*Member, r *Request) Choice {
	if len(b.chosen) > 2*maxMembers {
		clear(b.chosen)
	}
	list, why := b.rest.able(now, members, r)
	var best *Member
	for _, m := range list {
		if best == nil || load(m) < load(best) || load(m) == load(best) && b.chosen[m.State] < b.chosen[best.State] {
			best = m
		}
	}
	c := Choice{Member: best, Why: "the fewest requests under way, " + why}
	if best == nil {
		c.Why, c.Return = why, b.rest.returns(now, members)
	} else {
		b.count++
		b.chosen[best.State] = b.count
	}
	if r.Explain {
		c.Candidates = b.rest.explain(now, members, list, best, r, load, "more requests are under way there")
	}
	return c
}

// Observe implements Strategy.
func (b *leastBusy) Observe(now time.Time, o *Outcome) { b.rest.observe(now, o) }

// load is how many attempts are under way at a member, that of the next one
// included, for its weight.
func load(m *Member) float64 { return float64(m.State.InFlight+1) / float64(max(m.Weight, 1)) }

// rest keeps in mind who has asked to be left alone: until when, by the answer's
// own wish. A member that refuses at once is seldom busy and always quick, so that
// strategies that look at one or the other would send it everything.
type rest map[*State]time.Time

// shortestRest is that of a refusal that names no time.
const shortestRest = time.Second

func (r rest) observe(now time.Time, o *Outcome) {
	switch {
	case o.Stage != Answered:
	case o.Throttled():
		until := now.Add(shortestRest)
		if o.Hint.Known {
			until = now.Add(o.Hint.Wait)
		}
		if len(r) > 2*maxMembers {
			clear(r) // of members that are gone, mostly
		}
		r[o.Member.State] = until
	case !o.Failed() && !o.Neutral():
		delete(r, o.Member.State)
	}
}

// able are the members that may be chosen: those of the best priority in which
// one can be asked. A request goes to who rests, or to where it was before, only
// when there is nobody else, so that capacity that is there is not refused; and
// not again to who has just refused it.
func (r rest) able(now time.Time, members []*Member, q *Request) (list []*Member, why string) {
	best := [2]int{math.MaxInt, math.MaxInt}
	for _, m := range members {
		rank := r.rank(now, m, q)
		if rank > resting {
			continue
		}
		if at := [2]int{rank, m.Priority}; rank < best[0] || rank == best[0] && m.Priority < best[1] {
			best, list = at, append(list[:0:0], m)
		} else if at == best {
			list = append(list, m)
		}
	}
	switch best[0] {
	case fresh:
		return list, "in the best priority"
	case again:
		return list, "of those that this request was sent to before"
	case resting:
		return list, "of those that asked to be left alone"
	}
	return nil, "every member is out or has refused this request"
}

// The ranks of a member for a request, best first.
const (
	fresh   = iota
	again   // it was sent there before
	resting // the member asked to be left alone, and it was not sent there
	out
)

func (r rest) rank(now time.Time, m *Member, q *Request) int {
	rests, tried := now.Before(r[m.State]), q.WasTried(m)
	switch {
	case m.State.Open(now), rests && tried:
		return out
	case rests:
		return resting
	case tried:
		return again
	}
	return fresh
}

// returns is when the first of the members can be asked again; zero when one can
// be now.
func (r rest) returns(now time.Time, members []*Member) time.Time {
	var first time.Time
	for _, m := range members {
		at := r[m.State]
		if until := m.State.OpenUntil(); until.After(at) {
			at = until
		}
		if !at.After(now) {
			return time.Time{}
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// explain says of each member why it was not chosen; list are those of which best
// was, and less is why the others were not.
func (r rest) explain(now time.Time, members, list []*Member, best *Member, q *Request, score func(*Member) float64, less string) []Candidate {
	in := map[*Member]bool{}
	for _, m := range list {
		in[m] = true
	}
	all := make([]Candidate, len(members))
	for i, m := range members {
		c := newCandidate(now, m)
		c.Score = score(m)
		rank := r.rank(now, m, q)
		if until := r[m.State]; c.State == "closed" && now.Before(until) {
			c.State = "resting"
			if m != best {
				c.WhyNot = "it asked to be left alone until " + until.UTC().Format(time.RFC3339)
			}
		}
		switch {
		case m == best, c.WhyNot != "":
		case in[m]:
			c.WhyNot = less
		case rank == again:
			c.WhyNot = "this request was sent there before"
		default:
			c.WhyNot = "a better priority has a member"
		}
		all[i] = c
	}
	return all
}
