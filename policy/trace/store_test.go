package trace

import (
	"context"
	"runtime"
	"strconv"
	"strings"
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

// TestManyTraces puts ten thousand traces of requests with bodies of a megabyte:
// of each body the beginning is kept, of the traces the newest, and never more
// memory than the limit says.
func TestManyTraces(t *testing.T) {
	const limit = 4 << 20
	now := time.Now()
	clock := func() time.Time { return now }
	s := NewStore(clock, Limits{Count: 1000, Bytes: limit})
	body := strings.Repeat("x", 1<<20)
	used := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	text := Text(body)
	before, most := used(), int64(0)
	for i := range 10_000 {
		r := &Recorder{Now: clock, Start: now}
		r.Add("inbound", "set-body", map[string]string{"value": text})
		if i%100 == 0 { // cutting a megabyte ten thousand times would only take time
			r.Add("backend", "set-body", map[string]string{"value": body})
		}
		s.Put(&Trace{ID: strconv.Itoa(i), Entries: r.Entries()})
		if i%1000 == 999 {
			most = max(most, used()-before)
		}
	}
	if most > limit+limit/10 {
		t.Errorf("%d KiB are in use, of a limit of %d KiB", most>>10, limit>>10)
	}
	if last := s.Get("9999"); last == nil || len(last.Entries) != 1 {
		t.Errorf("the newest one: %v", last)
	}
	if s.Get("0") != nil {
		t.Error("the oldest one is still there")
	}
	kept := 0
	for i := range 10_000 {
		if s.Get(strconv.Itoa(i)) != nil {
			kept++
		} else if kept > 0 {
			t.Fatalf("of those that are kept, number %d is not there", i)
		}
	}
	if want := limit / (TextLimit + 2048); kept < want {
		t.Errorf("only %d traces are kept, where %d have room", kept, want)
	}
	runtime.KeepAlive(s)
}
