package trace

import (
	"context"
	"sync"
	"time"
)

// Limits bound a store of traces; a zero limit takes the default in brackets.
type Limits struct {
	Count int           // number of traces (1000)
	Bytes int           // total size of their data (32 MiB)
	Age   time.Duration // since a trace was put (1 h)
}

// Store keeps finished traces until they are fetched: the newest ones within
// its limits, the oldest going first. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	limits Limits

	mu    sync.Mutex
	byID  map[string]*Trace
	due   map[string]chan struct{} // traces that are announced and not yet put
	queue []stored                 // oldest first, from head
	head  int
	bytes int
}

type stored struct {
	id   string
	size int
	at   time.Time
}

// NewStore is an empty store on the clock now.
func NewStore(now func() time.Time, limits Limits) *Store {
	if limits.Count <= 0 {
		limits.Count = 1000
	}
	if limits.Bytes <= 0 {
		limits.Bytes = 32 << 20
	}
	if limits.Age <= 0 {
		limits.Age = time.Hour
	}
	return &Store{now: now, limits: limits, byID: make(map[string]*Trace), due: make(map[string]chan struct{})}
}

// Announce says that a trace of that id will be put: its request is about to be
// answered. A caller that has its answer asks for the trace at once, and the
// trace is finished only after that.
func (s *Store) Announce(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due[id] == nil {
		s.due[id] = make(chan struct{})
	}
}

// Wait is Get, but waits for a trace that is announced, until ctx ends.
func (s *Store) Wait(ctx context.Context, id string) *Trace {
	s.mu.Lock()
	due := s.due[id]
	s.mu.Unlock()
	if due != nil {
		select {
		case <-due:
		case <-ctx.Done():
		}
	}
	return s.Get(id)
}

// Put keeps t, whose id is new. A trace larger than the whole store keeps its
// head and loses its entries' tail.
func (s *Store) Put(t *Trace) {
	size := 256
	for i, e := range t.Entries {
		n := cap(e.Data) + len(e.Source) + len(e.Path) + 96 // what it takes, not what it shows
		if size+n > s.limits.Bytes {
			t = &Trace{Service: t.Service, ID: t.ID, Generation: t.Generation, Entries: t.Entries[:i:i]}
			break
		}
		size += n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if due := s.due[t.ID]; due != nil {
		close(due)
		delete(s.due, t.ID)
	}
	if _, known := s.byID[t.ID]; known {
		return
	}
	s.byID[t.ID] = t
	s.queue = append(s.queue, stored{t.ID, size, s.now()})
	s.bytes += size
	s.trim()
}

// Get is the trace of that id, or nil when it never was or has gone.
func (s *Store) Get(id string) *Trace {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim()
	return s.byID[id]
}

func (s *Store) trim() {
	deadline := s.now().Add(-s.limits.Age)
	for s.head < len(s.queue) {
		oldest := s.queue[s.head]
		if len(s.byID) <= s.limits.Count && s.bytes <= s.limits.Bytes && oldest.at.After(deadline) {
			break
		}
		delete(s.byID, oldest.id)
		s.bytes -= oldest.size
		s.head++
	}
	if s.head > len(s.queue)/2 {
		s.queue = append(s.queue[:0], s.queue[s.head:]...)
		s.head = 0
	}
}
