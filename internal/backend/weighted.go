package backend

import (
	"math"
	"time"
)

// weighted is APIM's rule (spec: policies.md 3.3): among the members of the
// best priority that has one whose breaker is closed, smooth weighted round
// robin. The first request goes to the heaviest, of equals to the first.
//
// Each choice gives every member its weight in credit and takes the sum of them
// from the one that is chosen, the one with the most. So the shares are exact
// over each sum of weights, and a heavy member's turns are spread out.
type weighted struct {
	credit map[*State]int
}

func newWeighted(Options) Strategy { return &weighted{credit: map[*State]int{}} }

// Pick implements Strategy.
func (w *weighted) Pick(now time.Time, members []*Member, r *Request) Choice {
	if len(w.credit) > 2*maxMembers {
		clear(w.credit) // of members that are gone, mostly
	}
	best, heavy := math.MaxInt, false
	for _, m := range members {
		switch {
		case m.State.Open(now) || m.Priority > best:
		case m.Priority < best:
			best, heavy = m.Priority, m.Weight > 0
		default:
			heavy = heavy || m.Weight > 0
		}
	}
	var chosen *Member
	total := 0
	for _, m := range members {
		if m.Priority != best || m.State.Open(now) {
			continue
		}
		weight := m.Weight
		if heavy && weight == 0 {
			continue // the last resort (spec: policies.md 8, row 11)
		}
		weight = max(weight, 1)
		w.credit[m.State] += weight
		total += weight
		if chosen == nil || w.credit[m.State] > w.credit[chosen.State] {
			chosen = m
		}
	}
	c := Choice{Member: chosen, Why: "its turn in the best priority"}
	if chosen == nil {
		c.Why, c.Return = "every member's circuit breaker is open", soonest(now, members)
	}
	if r.Explain {
		c.Candidates = w.explain(now, members, chosen, best, heavy)
	}
	if chosen != nil {
		w.credit[chosen.State] -= total
	}
	return c
}

func (w *weighted) explain(now time.Time, members []*Member, chosen *Member, best int, heavy bool) []Candidate {
	list := make([]Candidate, len(members))
	for i, m := range members {
		c := newCandidate(now, m)
		c.Score = float64(w.credit[m.State])
		switch {
		case m == chosen, c.WhyNot != "":
		case m.Priority != best:
			c.WhyNot = "a better priority has a member"
		case heavy && m.Weight == 0:
			c.WhyNot = "a weight of 0 is the last resort"
		default:
			c.WhyNot = "not its turn"
		}
		list[i] = c
	}
	return list
}

// newCandidate is a member as any strategy sees it; what is open is never
// chosen.
func newCandidate(now time.Time, m *Member) Candidate {
	c := Candidate{Backend: m.ID, State: "closed", Priority: m.Priority, Weight: m.Weight, InFlight: m.State.InFlight}
	if m.State.Open(now) {
		c.State = "open"
		c.WhyNot = "its circuit breaker is open until " + m.State.OpenUntil().UTC().Format(time.RFC3339)
	}
	return c
}

// Observe implements Strategy: breakers learn, this rule does not.
func (w *weighted) Observe(time.Time, *Outcome) {}

// maxMembers is how many members a pool may have.
const maxMembers = 30
