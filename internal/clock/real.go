package clock

import (
	"context"
	"math"
	"time"
)

// Forever is a duration that no clock reaches: Sleep(ctx, Forever) waits for
// the end of ctx alone, and a clock moved by hand knows exactly when that is.
const Forever = time.Duration(math.MaxInt64)

// Real is the machine's clock.
type Real struct{}

// Now is the current time with a monotonic reading.
func (Real) Now() time.Time { return time.Now() }

// Sleep waits for d or the end of ctx.
func (Real) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	if d == Forever {
		<-ctx.Done()
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AfterFunc calls f in its own goroutine after d.
func (Real) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// WithTimeout is context.WithTimeout.
func (Real) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// Go starts f in a goroutine.
func (Real) Go(f func()) { go f() }

// Block calls f.
func (Real) Block(f func()) { f() }
