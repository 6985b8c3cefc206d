package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gate is a writer that stands still until it is opened.
type gate struct {
	open  chan struct{}
	began chan struct{}
	once  sync.Once
	mu    sync.Mutex
	b     bytes.Buffer
	err   error
}

func (g *gate) Write(p []byte) (int, error) {
	g.once.Do(func() { close(g.began) })
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return 0, g.err
	}
	return g.b.Write(p)
}

func newGate() *gate { return &gate{open: make(chan struct{}), began: make(chan struct{})} }

// Records come out whole and in order, and all of them before Close returns.
func TestQueue(t *testing.T) {
	g := newGate()
	close(g.open)
	q := NewQueue(g, 1<<20)
	l := New(q, slog.LevelInfo)
	var want strings.Builder
	for i := range 500 {
		l.Logger().Info("record", "n", i)
		fmt.Fprintf(&want, `"n":%d}`+"\n", i)
	}
	q.Close(time.Minute)
	var got strings.Builder
	for line := range strings.Lines(g.b.String()) {
		got.WriteString(line[strings.Index(line, `"n":`):])
	}
	if got.String() != want.String() || q.Dropped() != 0 {
		t.Errorf("%d dropped, and got\n%s", q.Dropped(), got.String())
	}
}

// A reader that has stopped costs exactly the records for which there was no
// room, whoever writes, and no writer waits.
func TestQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		q := NewQueue(g, 1000)
		record := []byte(strings.Repeat("x", 99) + "\n")
		_, _ = q.Write(record) // the one that the writer stands still with
		<-g.began
		var writers sync.WaitGroup
		for range 5 {
			writers.Go(func() {
				for range 20 {
					if n, err := q.Write(record); n != len(record) || err != nil {
						t.Errorf("%d %v", n, err)
					}
				}
			})
		}
		writers.Wait()
		if q.Dropped() != 90 {
			t.Errorf("%d of 100 records dropped, where 10 have room", q.Dropped())
		}
		before := time.Now()
		q.Close(2 * time.Second)
		if took := time.Since(before); took != 2*time.Second {
			t.Errorf("Close waited %v", took)
		}
		_, _ = q.Write(record)
		if q.Dropped() != 91 {
			t.Error("a record after the end was not counted")
		}
		close(g.open)
		synctest.Wait()
		if g.b.Len() != 1100 {
			t.Errorf("%d bytes were written in the end", g.b.Len())
		}
	})
}

// What the disk has no room for is counted.
func TestQueueRefused(t *testing.T) {
	g := newGate()
	g.err = errors.New("no space left on device")
	q := NewQueue(g, 1000)
	_, _ = q.Write([]byte("one\n"))
	<-g.began
	_, _ = q.Write([]byte("two\n"))
	_, _ = q.Write([]byte("three\n"))
	close(g.open)
	q.Close(time.Minute)
	if q.Dropped() != 3 {
		t.Errorf("%d dropped, want 3", q.Dropped())
	}
}

// BenchmarkQueue is what a record costs its caller, the writer behind being
// immediate.
func BenchmarkQueue(b *testing.B) {
	q := NewQueue(discard{}, 1<<20)
	defer q.Close(time.Second)
	record := []byte(strings.Repeat("x", 400))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = q.Write(record)
	}
}
