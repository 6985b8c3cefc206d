package clock

import (
	"container/heap"
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Manual is a clock moved by hand. Its time stands still but inside Run and
// Advance; there it jumps to the next timer whenever all of the clock's own
// goroutines wait. A goroutine is the clock's own when Run, Go or AfterFunc
// started it, and it waits while it is inside Sleep or Block. Other goroutines
// may use the clock as well (an HTTP server's, say); it does not wait for them.
//
// A test that looks on from outside moves time by Advance. A whole story runs
// inside Run and takes as long as its timers say, in no real time:
//
//	c := clock.NewManual(start)
//	c.Run(func() { err = client.Call(ctx) }) // sleeps, time-outs, retries
//	took := c.Now().Sub(start)
//
// All methods are safe for concurrent use.
type Manual struct {
	mu     sync.Mutex
	moved  sync.Cond // a goroutine began or ceased to wait, or a timer came
	now    time.Time
	timers timerHeap
	seq    uint64

	own      map[int64]bool        // ids of the clock's own goroutines
	busy     int                   // own goroutines that do not wait
	sleepers map[*sleeper]struct{} // own goroutines in Sleep
	blocked  map[*block]struct{}   // own goroutines in Block
	// deadlines are the contexts of WithTimeout that have not ended, parents
	// before children.
	deadlines []*deadline
	stacks    []byte
}

// NewManual is a clock that shows start.
func NewManual(start time.Time) *Manual {
	m := &Manual{
		now:      start,
		own:      map[int64]bool{},
		sleepers: map[*sleeper]struct{}{},
		blocked:  map[*block]struct{}{},
	}
	m.moved.L = &m.mu
	return m
}

// Now is the time that the clock shows.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Run calls f in a goroutine of the clock's own, moves time on until f returns,
// and lets the clock's other goroutines settle at that time. In a goroutine
// that is the clock's own already it just calls f. As in any goroutine, a panic
// of f's that nothing recovers ends the program.
func (m *Manual) Run(f func()) {
	if m.owns(goroutineID()) {
		f()
		return
	}
	var done bool // guarded by mu
	m.Go(func() {
		defer func() {
			m.mu.Lock()
			done = true
			m.mu.Unlock()
		}()
		f()
	})
	m.mu.Lock()
	for !done {
		m.step(nil)
	}
	now := m.now
	for m.step(&now) {
	}
	m.mu.Unlock()
}

// Advance moves time on by d, timer by timer, and returns when the clock's
// own goroutines have settled at the new time. In one of those goroutines it
// is Sleep.
func (m *Manual) Advance(d time.Duration) {
	if m.owns(goroutineID()) {
		_ = m.Sleep(context.Background(), d)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	target := m.now.Add(d)
	for m.step(&target) {
	}
	if m.now.Before(target) {
		m.now = target
	}
}

// AwaitTimers returns when at least n timers wait, for a test that looks on
// from outside and must not move time before somebody sleeps.
func (m *Manual) AwaitTimers(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.timers) < n {
		m.moved.Wait()
	}
}

// step does one thing: waits until the own goroutines wait, or fires the next
// timer up to limit. It reports false when there is nothing left to do before
// limit; without a limit it waits for something instead. It holds mu, but for
// its waits.
func (m *Manual) step(limit *time.Time) bool {
	if m.busy > 0 {
		m.moved.Wait()
		return true
	}
	if m.endContexts() || m.wakeCancelled() {
		return true
	}
	if m.returning() {
		m.mu.Unlock()
		runtime.Gosched()
		m.mu.Lock()
		return true
	}
	if len(m.timers) == 0 || limit != nil && m.timers[0].when.After(*limit) {
		if limit != nil {
			return false
		}
		if len(m.timers) == 0 {
			m.moved.Wait()
			return true
		}
	}
	t := heap.Pop(&m.timers).(*timer)
	if t.when.After(m.now) {
		m.now = t.when
	}
	t.fire()
	return true
}

// Sleep waits for d of this clock's time, or until ctx ends.
func (m *Manual) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	s := &sleeper{ctx: ctx, wake: make(chan struct{})}
	id := goroutineID()
	m.mu.Lock()
	s.own = m.own[id]
	if s.own {
		m.busy--
		m.sleepers[s] = struct{}{}
	}
	if d != Forever {
		s.timer = m.add(d, func() {
			s.fired = true
			m.count(s)
			close(s.wake)
		})
	}
	m.moved.Broadcast()
	m.mu.Unlock()

	select {
	case <-s.wake:
	case <-ctx.Done():
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	m.count(s)
	if s.fired {
		return nil
	}
	m.remove(s.timer)
	return ctx.Err()
}

// sleeper is a goroutine in Sleep; ctx stands here because the clock asks
// whether it has ended before it moves on.
type sleeper struct {
	ctx   context.Context
	timer *timer
	wake  chan struct{}
	own   bool
	fired bool
}

// count makes an own sleeper busy again, once.
func (m *Manual) count(s *sleeper) {
	if _, waits := m.sleepers[s]; waits {
		delete(m.sleepers, s)
		m.busy++
	}
}

// wakeCancelled counts those sleepers as busy whose context has ended: they
// are about to return, though the scheduler may not have let them yet.
func (m *Manual) wakeCancelled() bool {
	woken := false
	for s := range m.sleepers {
		if s.ctx.Err() != nil {
			m.count(s)
			woken = true
		}
	}
	return woken
}

// AfterFunc calls f in a goroutine of the clock's own after d.
func (m *Manual) AfterFunc(d time.Duration, f func()) func() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.add(d, func() { m.start(f) })
	m.moved.Broadcast()
	return func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.remove(t)
	}
}

// Go runs f in a goroutine of the clock's own.
func (m *Manual) Go(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.start(f)
}

// start counts the goroutine as busy before it runs, so that time cannot move
// in between.
func (m *Manual) start(f func()) {
	m.busy++
	go func() {
		id := goroutineID()
		m.mu.Lock()
		m.own[id] = true
		m.mu.Unlock()
		defer func() {
			m.mu.Lock()
			delete(m.own, id)
			m.busy--
			m.moved.Broadcast()
			m.mu.Unlock()
		}()
		f()
	}()
}

// Block calls f and counts the goroutine as waiting meanwhile. A goroutine
// that has been let go inside f, but has not come back yet, holds the time.
func (m *Manual) Block(f func()) {
	id := goroutineID()
	m.mu.Lock()
	if !m.own[id] {
		m.mu.Unlock()
		f()
		return
	}
	b := &block{id: id}
	m.busy--
	m.blocked[b] = struct{}{}
	m.moved.Broadcast()
	m.mu.Unlock()
	defer func() {
		b.back.Store(true)
		m.mu.Lock()
		delete(m.blocked, b)
		m.busy++
		m.mu.Unlock()
	}()
	f()
}

// block is a goroutine in Block.
type block struct {
	id   int64
	back atomic.Bool // f has returned
}

// returning reports whether a goroutine in Block is not parked: something has
// let it go, and it will be busy in a moment. Only the runtime knows, so its
// list of goroutines is asked.
func (m *Manual) returning() bool {
	if len(m.blocked) == 0 {
		return false
	}
	ids := make(map[int64]bool, len(m.blocked))
	for b := range m.blocked {
		ids[b.id] = true
	}
	if anyRunnable(m.goroutines(), ids) {
		return true
	}
	// One that came back in the meantime is parked again: it waits for mu.
	for b := range m.blocked {
		if b.back.Load() {
			return true
		}
	}
	return false
}

// goroutines is the runtime's list of all goroutines, as text.
func (m *Manual) goroutines() []byte {
	if m.stacks == nil {
		m.stacks = make([]byte, 64<<10)
	}
	for {
		n := runtime.Stack(m.stacks, true)
		if n < len(m.stacks) {
			return m.stacks[:n]
		}
		m.stacks = make([]byte, 2*len(m.stacks))
	}
}

func (m *Manual) owns(id int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.own[id]
}

// timer is one entry of the heap; fire runs with mu held.
type timer struct {
	when  time.Time
	seq   uint64
	index int
	fire  func()
}

func (m *Manual) add(d time.Duration, fire func()) *timer {
	m.seq++
	t := &timer{when: m.now.Add(max(d, 0)), seq: m.seq, fire: fire}
	heap.Push(&m.timers, t)
	return t
}

func (m *Manual) remove(t *timer) bool {
	if t == nil || t.index < 0 {
		return false
	}
	heap.Remove(&m.timers, t.index)
	return true
}

// timerHeap orders timers by time, then by the order in which they were made.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if h[i].when.Equal(h[j].when) {
		return h[i].seq < h[j].seq
	}
	return h[i].when.Before(h[j].when)
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
