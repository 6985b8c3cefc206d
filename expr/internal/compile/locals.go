package compile

import (
	"fmt"
	"math"
	"strings"

	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func key(fn *check.Function, args []*types.Type) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%p", fn)
	for _, a := range args {
		fmt.Fprintf(&b, ",%p", a)
	}
	return b.String()
}

func floatValue(t *types.Type, d float64) value.Value {
	return value.Word(t, math.Float64bits(d))
}

// reference is what a ref or out parameter or a ref local holds: a way to
// another variable.
type reference struct {
	get func() value.Value
	set func(v value.Value)
}

// Type is nobody's business: references never leave their frames.
func (*reference) Type() *types.Type { return types.Object }

// variable finds a local's storage in a frame.
func (c *fc) variable(l *check.Local) func(f *frame) *value.Value {
	i := l.Index
	switch {
	case !l.Captured:
		return func(f *frame) *value.Value { return &f.slots[i] }
	case l.Owner == c.fn:
		return func(f *frame) *value.Value { return &f.cells[i].v }
	}
	n := c.out.free[l]
	return func(f *frame) *value.Value { return &f.env[n].v }
}

// load reads a local.
func (c *fc) load(l *check.Local) code {
	t := c.t(l.Type)
	i := l.Index
	if l.Ref {
		at := c.variable(l)
		return unbox(t, func(f *frame) value.Value { return at(f).Object().(*reference).get() })
	}
	if !l.Captured {
		switch kindOf(t) {
		case kindBool:
			return code{typ: t, b: func(f *frame) bool { return f.slots[i].Word() != 0 }}
		case kindInt:
			return code{typ: t, i: func(f *frame) int64 { return int64(f.slots[i].Word()) }}
		case kindFloat:
			return code{typ: t, d: func(f *frame) float64 { return math.Float64frombits(f.slots[i].Word()) }}
		}
		return code{typ: t, v: func(f *frame) value.Value { return f.slots[i] }}
	}
	at := c.variable(l)
	switch kindOf(t) {
	case kindBool:
		return code{typ: t, b: func(f *frame) bool { return at(f).Word() != 0 }}
	case kindInt:
		return code{typ: t, i: func(f *frame) int64 { return int64(at(f).Word()) }}
	case kindFloat:
		return code{typ: t, d: func(f *frame) float64 { return math.Float64frombits(at(f).Word()) }}
	}
	return code{typ: t, v: func(f *frame) value.Value { return *at(f) }}
}

// store writes a compiled value into a local.
func (c *fc) store(l *check.Local, k code) func(f *frame) {
	i := l.Index
	at := c.variable(l)
	if l.Ref {
		v := k.box()
		return func(f *frame) {
			x := v(f)
			at(f).Object().(*reference).set(x)
		}
	}
	switch {
	case k.b != nil:
		b := k.b
		if !l.Captured {
			return func(f *frame) {
				w := uint64(0)
				if b(f) {
					w = 1
				}
				f.slots[i].SetWord(w)
			}
		}
		return func(f *frame) {
			w := uint64(0)
			if b(f) {
				w = 1
			}
			at(f).SetWord(w)
		}
	case k.i != nil:
		n := k.i
		if !l.Captured {
			return func(f *frame) {
				w := n(f)
				f.slots[i].SetWord(uint64(w))
			}
		}
		return func(f *frame) {
			w := n(f)
			at(f).SetWord(uint64(w))
		}
	case k.d != nil:
		d := k.d
		return func(f *frame) {
			w := d(f)
			at(f).SetWord(math.Float64bits(w))
		}
	}
	v := k.v
	if kindOf(c.t(l.Type)) != kindValue {
		return func(f *frame) {
			x := v(f)
			at(f).SetWord(x.Word())
		}
	}
	if !l.Captured {
		return func(f *frame) {
			x := v(f)
			f.slots[i] = x
		}
	}
	return func(f *frame) {
		x := v(f)
		*at(f) = x
	}
}

// put writes a Value into a local, without evaluating anything.
func (c *fc) put(l *check.Local) func(f *frame, v value.Value) {
	at := c.variable(l)
	switch {
	case l.Ref:
		return func(f *frame, v value.Value) { at(f).Object().(*reference).set(v) }
	case kindOf(c.t(l.Type)) != kindValue:
		return func(f *frame, v value.Value) { at(f).SetWord(v.Word()) }
	case !l.Captured:
		i := l.Index
		return func(f *frame, v value.Value) { f.slots[i] = v }
	}
	return func(f *frame, v value.Value) { *at(f) = v }
}

// fresh makes new cells for the captured ones among locals.
func (c *fc) fresh(lists ...[]*check.Local) func(f *frame) {
	var own []int
	for _, list := range lists {
		for _, l := range list {
			if l.Captured && l.Owner == c.fn {
				own = append(own, l.Index)
			}
		}
	}
	switch len(own) {
	case 0:
		return nil
	case 1:
		n := own[0]
		return func(f *frame) {
			f.t.Alloc(32)
			f.cells[n] = new(cell)
		}
	}
	return func(f *frame) {
		f.t.Alloc(32 * len(own))
		for _, n := range own {
			f.cells[n] = new(cell)
		}
	}
}

// closure gathers the cells that a nested function needs.
func (c *fc) closure(fn *check.Function) func(f *frame) []*cell {
	if len(fn.Free) == 0 {
		return func(*frame) []*cell { return nil }
	}
	if fn == c.fn {
		return func(f *frame) []*cell { return f.env }
	}
	type from struct {
		own bool
		n   int
	}
	list := make([]from, len(fn.Free))
	for i, l := range fn.Free {
		if l.Owner == c.fn {
			list[i] = from{true, l.Index}
		} else {
			list[i] = from{false, c.out.free[l]}
		}
	}
	return func(f *frame) []*cell {
		f.t.Alloc(8*len(list) + 16)
		env := make([]*cell, len(list))
		for i, s := range list {
			if s.own {
				env[i] = f.cells[s.n]
			} else {
				env[i] = f.env[s.n]
			}
		}
		return env
	}
}

// reference compiles a variable into a reference to it, for ref parameters and
// ref locals.
func (c *fc) reference(x check.Expr) func(f *frame) *reference {
	switch x := x.(type) {
	case *check.LocalRef:
		at := c.variable(x.Local)
		if x.Local.Ref {
			return func(f *frame) *reference { return at(f).Object().(*reference) }
		}
		t := c.t(x.Local.Type)
		if kindOf(t) != kindValue {
			return func(f *frame) *reference {
				p := at(f)
				return &reference{func() value.Value { return value.Word(t, p.Word()) }, func(v value.Value) { p.SetWord(v.Word()) }}
			}
		}
		return func(f *frame) *reference {
			p := at(f)
			return &reference{func() value.Value { return *p }, func(v value.Value) { *p = v }}
		}
	case *check.Elem:
		arr, flat := c.element(x)
		return func(f *frame) *reference {
			a := arr(f)
			i := flat(f, a)
			t := f.t
			return &reference{func() value.Value { return a.At(i) }, func(v value.Value) { a.Store(t, i, v) }}
		}
	case *check.Item:
		inner := c.reference(x.X)
		n := x.Index
		return func(f *frame) *reference {
			r := inner(f)
			return &reference{
				func() value.Value { return r.get().Object().(*value.Tuple).Items[n] },
				func(v value.Value) { r.set(withItem(r.get(), n, v)) },
			}
		}
	case *check.Discard:
		return func(*frame) *reference {
			var v value.Value
			return &reference{func() value.Value { return v }, func(w value.Value) { v = w }}
		}
	}
	v := c.val(x)
	return func(f *frame) *reference {
		k := v(f)
		return &reference{func() value.Value { return k }, func(w value.Value) { k = w }}
	}
}

// withItem is a tuple with one item replaced.
func withItem(v value.Value, n int, item value.Value) value.Value {
	old := v.Object().(*value.Tuple)
	items := append([]value.Value(nil), old.Items...)
	items[n] = item
	return value.Of(value.NewTuple(old.Type(), items))
}
