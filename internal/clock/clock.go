// Package clock gives time to everything that reads it, sleeps or bounds a
// wait, so that a whole gateway with its simulated regions can run on time
// that a test moves by hand (design decision D5).
package clock

import (
	"context"
	"time"
)

// Clock is now, timers, deadlines, and the goroutines that a moved clock must
// wait for. Implementations are safe for concurrent use.
type Clock interface {
	// Now is the current time. On the real clock it carries a monotonic reading.
	Now() time.Time
	// Sleep waits for d, or until ctx ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
	// AfterFunc calls f in a goroutine of its own after d, unless stopped
	// first; stop reports whether it stopped the call.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
	// WithTimeout is a context that ends after d of this clock's time, with
	// context.DeadlineExceeded.
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// Go runs f in a goroutine that a clock moved by hand waits for.
	Go(f func())
	// Block runs f, which waits for something outside the clock (a channel, a
	// condition): a clock moved by hand counts the goroutine as waiting for
	// that long.
	Block(f func())
}
