// Package bench_test measures how good a choice of region is: the balancer, as it
// is, in front of simulated regions, by the requests of a compressed day, for each
// strategy and for rivals that are documented elsewhere. Nothing takes real time,
// and the same seed gives the same figures.
//
// A strategy sees what a gateway sees: status, headers and times of its own
// attempts. The oracle reads the regions' counters and is the practical ceiling;
// the fluid bound may split requests and is the theoretical one.
package bench_test

import (
	"container/heap"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// events is a clock that goes from event to event in one goroutine, which makes a
// run repeatable and as quick as its work. Nothing stands and waits on it: the
// methods that do are not there, and calling one is a mistake in this package.
type events struct {
	clock.Clock
	now   time.Time
	queue eventHeap
	seq   int
}

// noon is when a run begins.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newEvents() *events { return &events{now: noon} }

// Now implements clock.Clock.
func (e *events) Now() time.Time { return e.now }

// AfterFunc implements clock.Clock.
func (e *events) AfterFunc(d time.Duration, f func()) func() bool {
	e.seq++
	x := &event{at: e.now.Add(max(d, 0)), seq: e.seq, do: f}
	heap.Push(&e.queue, x)
	return func() bool {
		waiting := x.do != nil
		x.do = nil
		return waiting
	}
}

// at calls f at a moment of the run.
func (e *events) at(since time.Duration, f func()) { e.AfterFunc(noon.Add(since).Sub(e.now), f) }

// run goes on until nothing is left to happen.
func (e *events) run() {
	for len(e.queue) > 0 {
		x := heap.Pop(&e.queue).(*event)
		if x.do == nil {
			continue
		}
		e.now = x.at
		do := x.do
		x.do = nil
		do()
	}
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

type eventHeap []*event

func (h eventHeap) Len() int { return len(h) }

func (h eventHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}

func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *eventHeap) Push(x any) { *h = append(*h, x.(*event)) }

func (h *eventHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return x
}
