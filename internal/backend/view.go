package backend

import (
	"sort"
	"time"
)

// PoolView is a pool as GET /pools shows it.
type PoolView struct {
	Name     string       `json:"name"`
	Strategy string       `json:"strategy"`
	Waiting  int          `json:"waiting"`
	Members  []MemberView `json:"members"`
}

// MemberView is a member of a pool as GET /pools shows it.
type MemberView struct {
	Backend  string `json:"backend"`
	Priority int    `json:"priority"`
	Weight   int    `json:"weight"`
	// Breaker is "closed" or "open"; OpenUntil is null when it is closed.
	Breaker   string     `json:"breaker"`
	OpenUntil *time.Time `json:"openUntil"`
	InFlight  int        `json:"inFlight"`
	// NextReturn is when the member can be asked again, as far as breaker and
	// strategy know; null when it can be now.
	NextReturn *time.Time `json:"nextReturn"`
	Belief     any        `json:"belief"`
}

// Pools are the pools in force, by name.
func (l *Live) Pools() []PoolView {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	views := make([]PoolView, 0, len(l.pools))
	for _, p := range l.pools {
		v := PoolView{Name: p.name, Strategy: p.row.Name, Waiting: len(p.waiting), Members: make([]MemberView, 0, len(p.members))}
		for _, m := range p.members {
			one := MemberView{Backend: m.ID, Priority: m.Priority, Weight: m.Weight, Breaker: "closed", InFlight: m.State.InFlight}
			var next time.Time
			if m.State.Open(now) {
				next = m.State.OpenUntil().UTC()
				one.Breaker, one.OpenUntil = "open", &next
			}
			if b, ok := p.strategy.(Believer); ok {
				belief, until := b.Belief(now, m)
				one.Belief = belief
				if until.After(next) {
					next = until.UTC()
				}
			}
			if next.After(now) {
				one.NextReturn = &next
			}
			v.Members = append(v.Members, one)
		}
		views = append(views, v)
	}
	sort.Slice(views, func(i, j int) bool { return views[i].Name < views[j].Name })
	return views
}

// StateView is a backend's live state, for metrics.
type StateView struct {
	Name     string
	Open     bool
	InFlight int
	// Trips is how often its breaker has opened.
	Trips int
}

// Backends are the backends in force, by name.
func (l *Live) Backends() []StateView {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	views := make([]StateView, 0, len(l.states))
	for _, s := range l.states {
		views = append(views, StateView{Name: s.Name, Open: s.Open(now), InFlight: s.InFlight, Trips: s.trips})
	}
	sort.Slice(views, func(i, j int) bool { return views[i].Name < views[j].Name })
	return views
}
