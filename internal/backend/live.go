package backend

import (
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// Live is what outlives a service: the states of backends, by their names, and
// the strategies of pools (design decision D6). It is safe for concurrent use.
type Live struct {
	clock clock.Clock
	mu    sync.Mutex
}

// NewLive knows nothing yet.
func NewLive(c clock.Clock) *Live { return &Live{clock: c} }

// State is the live state of one backend, shared by every pool and API that
// uses it. Strategies read it under the lock they are called with.
type State struct {
	// Name is the backend's, with its workspace.
	Name string
	// InFlight counts attempts that have not ended.
	InFlight int
	// openUntil is when its breaker closes again; before that it takes nothing.
	openUntil time.Time
	learnt map[string]any
}

// Open reports whether the backend's circuit breaker keeps requests away from
// it. Every strategy passes such a member over.
func (s *State) Open(now time.Time) bool { return now.Before(s.openUntil) }

// Learnt is what a strategy keeps about a backend, under a key of its own: two
// pools of the same strategy share what they know of a backend's deployment.
// make makes it when there is none yet.
func (s *State) Learnt(key string, make func() any) any {
	v, ok := s.learnt[key]
	if !ok {
		v = make()
		if s.learnt == nil {
			s.learnt = map[string]any{}
		}
		s.learnt[key] = v
	}
	return v
}

// Member is a backend in a pool. It belongs to one generation of a service.
type Member struct {
	*Single
	// State is the backend's, from generation to generation the same.
	State *State
	// Priority is the group, best first from 0; Weight the share within it, at
	// least 0.
	Priority, Weight int
	Options          MemberOptions
}
