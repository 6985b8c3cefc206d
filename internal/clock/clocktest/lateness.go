// Package clocktest says how much later than asked the machine does things while a
// test runs, for the tests that hold promises about real time.
//
// A promise such as "within 100 ms" is about what the gateway adds. On a machine that
// is busy with something else a goroutine may run half a second after its turn, and a
// test without a measure of that fails for no fault of the gateway's.
package clocktest

import (
	"sync/atomic"
	"testing"
	"time"
)

// tick is how often the machine is looked at. It is short against the promises
// that are tested.
const tick = 2 * time.Millisecond

// Lateness is how late goroutines wake. Its methods may be called at any time from
// any goroutine.
type Lateness struct{ worst atomic.Int64 }

// Watch begins to measure, and ends with the test.
func Watch(t testing.TB) *Lateness {
	l := &Lateness{}
	stop, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() {
		close(stop)
		<-done
	})
	go func() {
		defer close(done)
		for {
			asked := time.Now()
			select {
			case <-stop:
				return
			case <-time.After(tick):
				l.worst.Store(max(l.worst.Load(), int64(time.Since(asked)-tick)))
			}
		}
	}()
	return l
}

// Worst is the longest that a wake-up was late so far.
func (l *Lateness) Worst() time.Duration { return time.Duration(l.worst.Load()) }

// Allow is a promise on the machine as it was so far: what is promised, and for
// each of the wake-ups on the way, one goroutine's or one process's turn after
// another's, the worst lateness seen.
func (l *Lateness) Allow(promise time.Duration, wakeups int) time.Duration {
	return promise + time.Duration(wakeups)*l.Worst()
}
