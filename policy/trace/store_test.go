package trace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestWait holds that a trace is waited for from the moment it is announced, and
// no longer than the caller likes.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStore(time.Now, Limits{})
		ask := func(id string, patience time.Duration) (*Trace, time.Duration) {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			return s.Wait(ctx, id), time.Since(began)
		}
		if got, took := ask("a", time.Hour); got != nil || took != 0 {
			t.Errorf("a trace that nobody announced: %v after %v", got, took)
		}
		s.Announce("a")
		s.Announce("a")
		if got, took := ask("a", 2*time.Second); got != nil || took != 2*time.Second {
			t.Errorf("before it is put: %v after %v", got, took)
		}
		time.AfterFunc(time.Second, func() { s.Put(&Trace{ID: "a"}) })
		if got, took := ask("a", 2*time.Second); got == nil || got.ID != "a" || took != time.Second {
			t.Errorf("when it is put: %v after %v", got, took)
		}
		if got, took := ask("a", 2*time.Second); got == nil || took != 0 {
			t.Errorf("afterwards: %v after %v", got, took)
		}
		if len(s.due) != 0 {
			t.Errorf("%d traces are still due", len(s.due))
		}
	})
}
