package value

import (
	"context"
	"errors"
	"time"

	"github.com/spillway-gateway/spillway/expr/types"
)

// The errors of a spent budget. C# code cannot catch them.
var (
	ErrSteps    = errors.New("the expression took too many steps")
	ErrDeadline = errors.New("the expression took too long")
	ErrMemory   = errors.New("the expression needs too much memory")
	ErrDepth    = errors.New("the expression calls itself too deeply")
)

// MaxDepth bounds how deeply functions and lambdas of an expression may call
// each other. .NET's stack gives out at some ten thousand frames and ends the
// process; a Go stack of this depth stays below a few MiB.
const MaxDepth = 2500

// Limits bound one evaluation. Zero means without limit.
type Limits struct {
	Steps    int64
	Memory   int64 // bytes, counted as they are allocated
	Deadline time.Time
}

// Thread is one evaluation: its budgets, its table of members, and what the
// host gave it. It belongs to one goroutine.
type Thread struct {
	Table *Table
	// Now and Rand are the host's clock and source of random bits.
	Now  func() time.Time
	Rand func() uint64
	// Host is whatever the host passed to the evaluation, for its own rows.
	Host any

	ctx      context.Context
	steps    int64
	next     int64 // the value of steps at which the deadline is looked at again
	memory   int64
	deadline time.Time
	depth    int
	stack    []Value
	free     []*Call
	ends     []func()
}

// Reset prepares the thread for an evaluation, keeping its stacks.
func (t *Thread) Reset(ctx context.Context, limits Limits) {
	t.End()
	t.ctx = ctx
	t.steps, t.memory, t.deadline = limits.Steps, limits.Memory, limits.Deadline
	if t.steps == 0 {
		t.steps = 1 << 62
	}
	if t.memory == 0 {
		t.memory = 1 << 62
	}
	t.next = t.steps - clockSteps
	t.depth = 0
	clear(t.stack)
	t.stack = t.stack[:0]
}

// OnEnd has f called when the evaluation is over, or when the thread is reset.
func (t *Thread) OnEnd(f func()) { t.ends = append(t.ends, f) }

// End lets go of what evaluations have left open: iterators that were not walked
// to their end. Reset does so too.
func (t *Thread) End() {
	ends := t.ends
	t.ends = nil
	for _, f := range ends {
		f()
	}
}

// clockSteps is how many steps pass between looks at the clock and the context:
// some tens of microseconds.
const clockSteps = 2048

// Stop is a spent budget on its way to the end of the evaluation. Only
// Thread.Run recovers it.
type Stop struct{ Err error }

// Step counts n turns of a loop, calls, or elements walked over.
func (t *Thread) Step(n int) {
	t.steps -= int64(n)
	if t.steps < t.next {
		t.look()
	}
}

func (t *Thread) look() {
	if t.steps < 0 {
		panic(Stop{ErrSteps})
	}
	t.next = t.steps - clockSteps
	if !t.deadline.IsZero() && time.Now().After(t.deadline) {
		panic(Stop{ErrDeadline})
	}
	if t.ctx != nil && t.ctx.Err() != nil {
		panic(Stop{context.Cause(t.ctx)})
	}
}

// Alloc charges bytes about to be allocated.
func (t *Thread) Alloc(bytes int) {
	t.memory -= int64(bytes)
	if t.memory < 0 || bytes < 0 {
		panic(Stop{ErrMemory})
	}
}

// Remaining is what is left of the memory budget, in bytes.
func (t *Thread) Remaining() int64 { return t.memory }

// Context is the context of the evaluation.
func (t *Thread) Context() context.Context { return t.ctx }

// Deadline is when the evaluation must end; zero without a limit.
func (t *Thread) Deadline() time.Time { return t.deadline }

// Enter counts one level of calls; Leave takes it back.
func (t *Thread) Enter() {
	t.depth++
	if t.depth > MaxDepth {
		panic(Stop{ErrDepth})
	}
	t.Step(1)
}

// Leave ends a level of calls.
func (t *Thread) Leave() { t.depth-- }

// Mark is a point to which a caught exception takes the thread back.
type Mark struct{ depth, stack int }

// Mark is the current point.
func (t *Thread) Mark() Mark { return Mark{t.depth, len(t.stack)} }

// Unwind goes back to a mark.
func (t *Thread) Unwind(m Mark) {
	t.depth = m.depth
	clear(t.stack[m.stack:])
	t.stack = t.stack[:m.stack]
}

// Push reserves n arguments on the thread's stack. They are null. Pop gives
// them back; calls nest, and so must Push and Pop.
func (t *Thread) Push(n int) []Value {
	k := len(t.stack)
	if k+n > cap(t.stack) {
		// Slices that are in use keep the old array alive.
		grown := make([]Value, k, 2*(k+n)+32)
		copy(grown, t.stack)
		t.stack = grown
	}
	t.stack = t.stack[:k+n]
	return t.stack[k : k+n : k+n]
}

// Pop gives back the last n arguments.
func (t *Thread) Pop(n int) {
	k := len(t.stack) - n
	// Few values are cleared faster one by one.
	for i := k; i < len(t.stack); i++ {
		t.stack[i] = Value{}
	}
	t.stack = t.stack[:k]
}

// Call is one call of a row's Go function. It is valid only until the function
// returns.
type Call struct {
	*Thread
	// This is the receiver of an instance member; it is not null.
	This Value
	// Args are the arguments in the order of the parameters: defaults filled in,
	// params gathered in an array. ref and out results are written here.
	Args []Value
	// Types are the type arguments of a generic method.
	Types []*types.Type
	// Owner is the declaring type, constructed.
	Owner *types.Type
}

// Borrow gives a Call to fill in; Return takes it back. A Call that an
// exception carries past its Return is simply lost.
func (t *Thread) Borrow() *Call {
	if n := len(t.free); n > 0 {
		c := t.free[n-1]
		t.free = t.free[:n-1]
		return c
	}
	return &Call{Thread: t}
}

// Return takes back a Call.
func (t *Thread) Return(c *Call) {
	c.This, c.Args, c.Types, c.Owner = Value{}, nil, nil, nil
	t.free = append(t.free, c)
}

// Str is a string argument, "" for null.
func (c *Call) Str(i int) string { return c.Args[i].Str() }

// Int is an integer argument up to int.
func (c *Call) Int(i int) int { return c.Args[i].Int() }

// Long is a long argument.
func (c *Call) Long(i int) int64 { return c.Args[i].Long() }

// Bool is a bool argument.
func (c *Call) Bool(i int) bool { return c.Args[i].Bool() }

// Double is a float or double argument.
func (c *Call) Double(i int) float64 { return c.Args[i].Double() }

// NotNull throws ArgumentNullException when argument i, called name, is null.
func (c *Call) NotNull(i int, name string) {
	if c.Args[i].IsNull() {
		c.ThrowNull(name)
	}
}

// Run calls f and gives back what ended it early: a *Exception, or the error of
// a spent budget. Other panics, which are bugs, pass through.
func (t *Thread) Run(f func()) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Exception:
			err = e
		case Stop:
			err = e.Err
		default:
			panic(e)
		}
	}()
	f()
	return nil
}
