package clock

import (
	"context"
	"slices"
	"sync"
	"time"
)

// deadline is the parent of a context that WithTimeout returns. The standard
// library's contexts end their children before they return from cancelling,
// as this one does, so that the clock can ask any context whether it has
// ended and get the final answer. It looks after one thing that they cannot
// do: ending with context.DeadlineExceeded at a time that is not the
// machine's.
type deadline struct {
	context.Context // the parent: values, and its own deadline
	done            chan struct{}

	ending sync.Mutex // held until the children have ended
	mu     sync.Mutex
	err    error
	onEnd  map[int]func()
	nextID int
}

// WithTimeout is a context that ends after d of this clock's time. Its
// Deadline is its parent's: code that knows the machine's time alone (a
// dialler) would compare this clock's with that.
func (m *Manual) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	dl := &deadline{Context: ctx, done: make(chan struct{}), onEnd: map[int]func(){}}
	child, cancelChild := context.WithCancel(dl)
	m.mu.Lock()
	m.deadlines = append(m.deadlines, dl)
	var t *timer
	if d != Forever {
		t = m.add(d, func() {
			dl.end(context.DeadlineExceeded)
			m.forget(dl)
		})
	}
	m.moved.Broadcast()
	m.mu.Unlock()
	if d <= 0 {
		dl.end(context.DeadlineExceeded)
	}
	// The parent's end is passed on at once where the clock drives
	// (endContexts), and by this everywhere else.
	stop := context.AfterFunc(ctx, func() { dl.end(ctx.Err()) })
	return child, func() {
		stop()
		cancelChild()
		dl.end(context.Canceled)
		m.mu.Lock()
		m.remove(t)
		m.forget(dl)
		m.mu.Unlock()
	}
}

// endContexts ends the contexts whose parents have ended.
func (m *Manual) endContexts() bool {
	ended := false
	for i := 0; i < len(m.deadlines); {
		dl := m.deadlines[i]
		err := dl.Context.Err()
		if err == nil {
			i++
			continue
		}
		m.deadlines = slices.Delete(m.deadlines, i, i+1)
		ended = dl.end(err) || ended
	}
	return ended
}

func (m *Manual) forget(dl *deadline) {
	if i := slices.Index(m.deadlines, dl); i >= 0 {
		m.deadlines = slices.Delete(m.deadlines, i, i+1)
	}
}

// end ends the context and its children, once. A second call returns when the
// first has done so.
func (d *deadline) end(err error) bool {
	d.ending.Lock()
	defer d.ending.Unlock()
	d.mu.Lock()
	if d.err != nil {
		d.mu.Unlock()
		return false
	}
	d.err = err
	fs := d.onEnd
	d.onEnd = nil
	close(d.done)
	d.mu.Unlock()
	for _, f := range fs {
		f()
	}
	return true
}

// AfterFunc is how the context package hands over a child of this context. It
// is called for the one child that WithTimeout makes, and f ends that child.
func (d *deadline) AfterFunc(f func()) func() bool {
	d.mu.Lock()
	if d.err != nil {
		d.mu.Unlock()
		f()
		return func() bool { return false }
	}
	id := d.nextID
	d.nextID++
	d.onEnd[id] = f
	d.mu.Unlock()
	return func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		_, waiting := d.onEnd[id]
		delete(d.onEnd, id)
		return waiting
	}
}

func (d *deadline) Done() <-chan struct{} { return d.done }

func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}
