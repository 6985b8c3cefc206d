// Package counter keeps the counts that limits are made of: calls within a
// sliding window, calls and bytes of a fixed period, tokens of a bucket that
// refills, and requests under way. Memory is the counter of one process; counts
// of several gateways are not added up, as the service does not either.
//
// A count belongs to its key alone, whichever policy or scope asks for it, so
// that two policies with the same key share it. Each of the four sorts of counts
// has keys of its own.
package counter

import (
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// maxKeys bounds how many counts of one sort are kept: keys are often what a
// caller sends. Beyond it, counts that have run out go first, then any.
const maxKeys = 1 << 17

// Memory holds counts in this process. They outlive compiled services. It is
// safe for concurrent use.
type Memory struct {
	clock clock.Clock

	mu      sync.Mutex
	windows map[string]*window
	periods map[periodKey]*period
	buckets map[string]*bucket
	held    map[string]int64
}

// New is a Memory in which nothing has been counted.
func New(c clock.Clock) *Memory {
	return &Memory{
		clock: c, windows: map[string]*window{}, periods: map[periodKey]*period{},
		buckets: map[string]*bucket{}, held: map[string]int64{},
	}
}

// Verdict is what a limit says to one request.
type Verdict struct {
	OK bool
	// Left is how much the limit still allows, never negative.
	Left int64
	// Wait is how long a request that was refused has to wait.
	Wait time.Duration
}

// room makes room for one more key, and for many more when there is none: a look
// at all keys for each new one would be what slows everybody down.
func room[K comparable, V any](m map[K]V, over func(V) bool) {
	if len(m) < maxKeys {
		return
	}
	for k, v := range m {
		if over(v) {
			delete(m, k)
		}
	}
	for k := range m {
		if len(m) < maxKeys-maxKeys/16 {
			return
		}
		delete(m, k)
	}
}

// Enter takes one of the limit places of the key, if one is free; whoever got
// one gives it back by Leave.
func (m *Memory) Enter(key string, limit int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[key] >= limit {
		return false
	}
	m.held[key]++
	return true
}

// Leave gives a place back.
func (m *Memory) Leave(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[key]--; m.held[key] <= 0 {
		delete(m.held, key)
	}
}
