package clock

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var (
	_ Clock = Real{}
	_ Clock = (*Manual)(nil)
)

func TestRunSleepsInNoTime(t *testing.T) {
	m := NewManual(start)
	var order []string
	m.Run(func() {
		var wg sync.WaitGroup
		for _, s := range []int{3, 1, 2} {
			wg.Add(1)
			m.Go(func() {
				defer wg.Done()
				if err := m.Sleep(t.Context(), time.Duration(s)*time.Hour); err != nil {
					t.Error(err)
				}
				order = append(order, fmt.Sprint(s, "h ", m.Now().Sub(start)))
			})
		}
		m.Block(wg.Wait)
	})
	want := []string{"1h 1h0m0s", "2h 2h0m0s", "3h 3h0m0s"}
	if !slices.Equal(order, want) {
		t.Errorf("got %q, want %q", order, want)
	}
	if got := m.Now().Sub(start); got != 3*time.Hour {
		t.Errorf("the clock shows %v after its start, want 3h", got)
	}
}

// A worker that ends in no time lets a waiter inside Block go. The deadline
// must not pass in the moment before the waiter comes back.
func TestTimeWaitsForAGoroutineLetGo(t *testing.T) {
	for range 500 {
		m := NewManual(start)
		m.Run(func() {
			ctx, cancel := m.WithTimeout(t.Context(), time.Second)
			defer cancel()
			ch := make(chan int)
			m.Go(func() { ch <- 1 })
			m.Block(func() { <-ch })
			if ctx.Err() != nil {
				t.Fatal("the deadline passed though nothing took any time")
			}
		})
		if !m.Now().Equal(start) {
			t.Fatalf("the clock moved to %v", m.Now())
		}
	}
}

func TestTimeoutReachesDerivedContexts(t *testing.T) {
	type key struct{}
	for range 200 {
		m := NewManual(start)
		m.Run(func() {
			parent, cancelParent := context.WithCancel(t.Context())
			defer cancelParent()
			outer, cancelOuter := m.WithTimeout(context.WithValue(parent, key{}, 1), 2*time.Second)
			defer cancelOuter()
			inner, cancelInner := context.WithCancel(context.WithValue(outer, key{}, 2))
			defer cancelInner()
			innermost, cancel := m.WithTimeout(inner, time.Minute)
			defer cancel()

			err := m.Sleep(innermost, Forever)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Sleep: %v", err)
			}
			for name, ctx := range map[string]context.Context{"outer": outer, "inner": inner, "innermost": innermost} {
				if !errors.Is(ctx.Err(), context.DeadlineExceeded) || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
					t.Fatalf("%s: %v, cause %v", name, ctx.Err(), context.Cause(ctx))
				}
			}
			if got := m.Now().Sub(start); got != 2*time.Second {
				t.Fatalf("ended after %v, want 2s", got)
			}
			if innermost.Value(key{}) != 2 {
				t.Error("values are lost")
			}
		})
	}
}

// The sleeper is woken by its parent's cancel, at that very moment and not at
// the next timer.
func TestCancelWakesSleeper(t *testing.T) {
	for range 200 {
		m := NewManual(start)
		m.Run(func() {
			parent, cancel := context.WithCancel(t.Context())
			ctx, stop := m.WithTimeout(parent, time.Hour)
			defer stop()
			var wg sync.WaitGroup
			wg.Add(1)
			m.Go(func() {
				defer wg.Done()
				err := m.Sleep(ctx, time.Minute)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("Sleep: %v", err)
				}
				if got := m.Now().Sub(start); got != time.Second {
					t.Errorf("woken after %v, want 1s", got)
				}
			})
			_ = m.Sleep(t.Context(), time.Second)
			cancel()
			m.Block(wg.Wait)
		})
	}
}

func TestWithTimeoutOver(t *testing.T) {
	m := NewManual(start)
	ctx, cancel := m.WithTimeout(t.Context(), 0)
	defer cancel()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("no time at all: %v", ctx.Err())
	}
	ctx, cancel = m.WithTimeout(t.Context(), time.Second)
	cancel()
	m.Advance(time.Minute)
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("cancelled: %v", ctx.Err())
	}
	if len(m.deadlines) != 0 || len(m.timers) != 0 {
		t.Errorf("%d deadlines and %d timers are left", len(m.deadlines), len(m.timers))
	}
	if _, told := ctx.Deadline(); told {
		t.Error("a deadline of this clock is told to those who know the machine's time only")
	}
}

func TestAdvance(t *testing.T) {
	m := NewManual(start)
	var ticks []time.Duration
	m.Go(func() {
		for len(ticks) < 10 {
			_ = m.Sleep(t.Context(), 10*time.Second)
			ticks = append(ticks, m.Now().Sub(start))
		}
	})
	var fired time.Duration
	stop := m.AfterFunc(25*time.Second, func() { fired = m.Now().Sub(start) })
	never := m.AfterFunc(5*time.Second, func() { t.Error("called though stopped") })
	if !never() {
		t.Error("a waiting call could not be stopped")
	}

	m.Advance(20 * time.Second)
	if len(ticks) != 2 || m.Now() != start.Add(20*time.Second) {
		t.Errorf("after 20s: %v, now %v", ticks, m.Now())
	}
	m.Advance(9 * time.Second)
	if fired != 25*time.Second {
		t.Errorf("the call came at %v, want 25s", fired)
	}
	if stop() {
		t.Error("a call made can be stopped")
	}
	m.Advance(500 * time.Second)
	if len(ticks) != 10 || ticks[9] != 100*time.Second {
		t.Errorf("ticks %v", ticks)
	}
}

// A goroutine of somebody else's sleeps until an Advance; Run does not wait
// for it.
func TestForeignGoroutine(t *testing.T) {
	m := NewManual(start)
	woken := make(chan error)
	go func() {
		m.Block(func() {})
		woken <- m.Sleep(context.Background(), 30*time.Second)
	}()
	m.AwaitTimers(1)
	m.Run(func() { _ = m.Sleep(t.Context(), 10*time.Second) })
	select {
	case err := <-woken:
		t.Fatal("woken too early", err)
	default:
	}
	m.Advance(20 * time.Second)
	if err := <-woken; err != nil {
		t.Error(err)
	}
}

func TestRunNested(t *testing.T) {
	m := NewManual(start)
	m.Run(func() {
		m.Run(func() { m.Advance(time.Second) })
	})
	if got := m.Now().Sub(start); got != time.Second {
		t.Errorf("moved by %v, want 1s", got)
	}
}

// A test that fails inside Run leaves it, and the clock with it.
func TestRunLeft(t *testing.T) {
	m := NewManual(start)
	m.Run(func() {
		_ = m.Sleep(t.Context(), time.Second)
		runtime.Goexit()
	})
	if got := m.Now().Sub(start); got != time.Second {
		t.Errorf("moved by %v, want 1s", got)
	}
}

func TestManyTimersKeepTheirOrder(t *testing.T) {
	m := NewManual(start)
	var got []int
	m.Run(func() {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range 200 {
			wg.Add(1)
			m.AfterFunc(time.Duration(i%7)*time.Second, func() {
				defer wg.Done()
				mu.Lock()
				got = append(got, i%7)
				mu.Unlock()
			})
		}
		m.Block(wg.Wait)
	})
	if len(got) != 200 || !slices.IsSorted(got) {
		t.Errorf("%d calls, sorted: %v", len(got), slices.IsSorted(got))
	}
}

func TestReal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Real
		began := c.Now()
		if err := c.Sleep(t.Context(), time.Minute); err != nil {
			t.Error(err)
		}
		ctx, cancel := c.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Sleep(ctx, Forever); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Sleep: %v", err)
		}
		if err := c.Sleep(ctx, time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Sleep with a dead context: %v", err)
		}
		done := make(chan struct{})
		c.Go(func() { c.AfterFunc(time.Second, func() { close(done) }) })
		c.Block(func() { <-done })
		if got := c.Now().Sub(began); got != 62*time.Second {
			t.Errorf("took %v, want 1m2s", got)
		}
	})
}

func TestRunnable(t *testing.T) {
	all := strings.Join([]string{
		"goroutine 1 [running]:\nmain.main()",
		"goroutine 18 [chan receive, 2 minutes]:\nmain.f()",
		"goroutine 19 [select]:\nmain.g()",
		"goroutine 20 [runnable]:\nmain.h()",
		"goroutine 21 [IO wait, locked to thread]:\nmain.i()",
		"goroutine 22 [GC assist wait]:\nmain.j()",
	}, "\n\n")
	for id, want := range map[int64]bool{1: true, 18: false, 19: false, 20: true, 21: false, 22: true, 99: false} {
		if got := anyRunnable([]byte(all), map[int64]bool{id: true}); got != want {
			t.Errorf("goroutine %d: %v, want %v", id, got, want)
		}
	}
}

func BenchmarkManualSleep(b *testing.B) {
	m := NewManual(start)
	m.Run(func() {
		for b.Loop() {
			_ = m.Sleep(b.Context(), time.Millisecond)
		}
	})
}

func BenchmarkManualTimeout(b *testing.B) {
	m := NewManual(start)
	m.Run(func() {
		for b.Loop() {
			ctx, cancel := m.WithTimeout(b.Context(), time.Second)
			_ = m.Sleep(ctx, time.Minute)
			cancel()
		}
	})
}
