package telemetry

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Queue is a writer whose callers never wait for the one behind it: what is
// written is kept, and written on by a goroutine of its own. A full disk or a
// reader that has stopped costs records, which are counted, and no request
// anything. It is safe for concurrent use.
//
// A process that is killed loses what is in the queue, usually the records of the
// last milliseconds.
type Queue struct {
	w       io.Writer
	limit   int
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting []byte
	records int
	closed  bool
	wake    chan struct{} // holds one token when there is something to do
	done    chan struct{}
}

// NewQueue is a queue before w that keeps up to limit bytes.
func NewQueue(w io.Writer, limit int) *Queue {
	q := &Queue{w: w, limit: limit, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// Write keeps a copy of one record, or drops and counts it when there is no room
// or the queue is closed. It never fails.
func (q *Queue) Write(record []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.waiting)+len(record) > q.limit {
		q.dropped.Add(1)
		return len(record), nil
	}
	q.waiting = append(q.waiting, record...)
	q.records++
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return len(record), nil
}

// Dropped is how many records were lost, because there was no room for them or
// the writer behind refused them.
func (q *Queue) Dropped() uint64 { return q.dropped.Load() }

// Close takes no more records and waits, no longer than patience, until those
// that are kept have been written.
func (q *Queue) Close(patience time.Duration) {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.wake)
	}
	q.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	}
}

// run writes what is kept, all that there is at a time. The two buffers take
// turns, so that at most twice the limit is in use.
func (q *Queue) run() {
	defer close(q.done)
	var batch []byte
	for open := true; open; {
		_, open = <-q.wake
		q.mu.Lock()
		batch, q.waiting = q.waiting, batch[:0]
		records := q.records
		q.records = 0
		q.mu.Unlock()
		if len(batch) == 0 {
			continue
		}
		if _, err := q.w.Write(batch); err != nil {
			q.dropped.Add(uint64(records)) //nolint:gosec // a count is not negative
		}
	}
}
