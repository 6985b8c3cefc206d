package backend

import (
	"math"
	"time"
)

// weighted is APIM's rule (spec: policies.md 3.3): among the members of the
// best priority that has one whose breaker is closed, smooth weighted round
// robin. The first request goes to the first member.
type weighted struct {
	current map[*State]int
}

func newWeighted(Options) Strategy { return &weighted{current: map[*State]int{}} }

// Pick implements Strategy.
func (w *weighted) Pick(now time.Time, members []*Member, r *Request) Choice {
	best, total := math.MaxInt, 0
	for _, m := range members {
		if m.Priority < best && !m.State.Open(now) {
			best = m.Priority
		}
	}
	var chosen *Member
	for _, m := range members {
		if m.Priority != best || m.State.Open(now) {
			continue
		}
		w.current[m.State] += m.Weight
		total += m.Weight
		if chosen == nil || w.current[m.State] > w.current[chosen.State] {
			chosen = m
		}
	}
	if chosen != nil {
		w.current[chosen.State] -= total
	}
	return Choice{Member: chosen, Why: "its turn in the best priority"}
}

// Observe implements Strategy: breakers learn, this rule does not.
func (w *weighted) Observe(time.Time, *Outcome) {}
