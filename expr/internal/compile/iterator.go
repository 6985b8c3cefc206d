package compile

import (
	"iter"

	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// walk is one walk over the sequence of a local iterator function. Its body runs
// as a coroutine that stops at every yield; the thread is only ever used by one
// of the two sides. Its variables do not lie on the thread's stack, which the
// consumer goes on using.
type walk struct {
	next  func() (value.Value, bool)
	stop  func()
	yield func(value.Value) bool
	// dropped says that nobody will go on: the body is left without running its
	// finally blocks, as an enumerator that is not disposed.
	dropped bool
	done    bool
}

// abandoned leaves the body of a dropped walk.
type abandoned struct{}

// iterate makes the sequence of a call, with its arguments as they are now.
func (fn *function) iterate(t *value.Thread, env []*cell, args []value.Value) value.Value {
	t.Alloc(24*len(args) + 64)
	kept := append([]value.Value(nil), args...)
	seq := value.Lazy(types.IEnumerableT.Of(fn.elem), func(t *value.Thread) value.Iterator { return fn.walk(t, env, kept) })
	if fn.sequence == types.IEnumerator || fn.sequence.Def() == types.IEnumeratorT {
		return value.Of(t.NewEnumerator(fn.sequence, seq))
	}
	return seq
}

func (fn *function) walk(t *value.Thread, env []*cell, args []value.Value) value.Iterator {
	t.Alloc(24*fn.slots + 8*fn.cells + 512)
	w := &walk{}
	f := &frame{t: t, env: env, fn: fn, slots: make([]value.Value, fn.slots), cells: make([]*cell, fn.cells), walk: w}
	fn.bind(f, args)
	w.next, w.stop = iter.Pull(func(yield func(value.Value) bool) {
		defer func() {
			switch e := recover().(type) {
			case nil, abandoned:
			default:
				panic(e)
			}
		}()
		w.yield = yield
		fn.body(f)
	})
	t.OnEnd(func() {
		w.dropped = true
		w.stop()
	})
	return w
}

// Next runs the body to its next yield.
func (w *walk) Next(t *value.Thread) (value.Value, bool) {
	t.Step(1)
	v, ok := w.next()
	w.done = !ok
	return v, ok
}

// Close leaves the body at the yield where it stands, running its finally
// blocks.
func (w *walk) Close(*value.Thread) { w.stop() }

func (c *fc) yield(s *check.Yield) stmtFn {
	if s.X == nil {
		return func(*frame) ctl { return returns }
	}
	v := c.val(s.X)
	return func(f *frame) ctl {
		w := f.walk
		if w.yield(v(f)) {
			return next
		}
		if w.dropped {
			panic(abandoned{})
		}
		return returns
	}
}
