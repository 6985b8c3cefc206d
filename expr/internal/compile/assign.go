package compile

import (
	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// place is an assignment's target: prepare evaluates its parts and keeps them on
// the thread's stack (so many values), then get and set can be used in any order.
type place struct {
	n       int
	prepare func(f *frame, parts []value.Value)
	get     func(f *frame, parts []value.Value) value.Value
	set     func(f *frame, parts []value.Value, v value.Value)
}

func (c *fc) place(x check.Expr) place {
	switch x := x.(type) {
	case *check.LocalRef:
		put, load := c.put(x.Local), c.load(x.Local).box()
		return place{
			prepare: func(*frame, []value.Value) {},
			get:     func(f *frame, _ []value.Value) value.Value { return load(f) },
			set:     func(f *frame, _ []value.Value, v value.Value) { put(f, v) },
		}
	case *check.Discard:
		return place{prepare: func(*frame, []value.Value) {}, get: func(*frame, []value.Value) value.Value { return value.Null }, set: func(*frame, []value.Value, value.Value) {}}
	case *check.Elem:
		return c.elementPlace(x)
	case *check.Item:
		inner, n := c.place(x.X), x.Index
		return place{
			n:       inner.n,
			prepare: inner.prepare,
			get: func(f *frame, parts []value.Value) value.Value {
				return inner.get(f, parts).Object().(*value.Tuple).Items[n]
			},
			set: func(f *frame, parts []value.Value, v value.Value) {
				old := inner.get(f, parts)
				if old.IsNull() {
					old = f.t.Zero(c.t(x.X.Type()))
				}
				inner.set(f, parts, withItem(old, n, v))
			},
		}
	case *check.Get:
		return c.propertyPlace(x)
	}
	panic("compile: no place for this expression")
}

func (c *fc) elementPlace(x *check.Elem) place {
	arr := c.val(x.Array)
	var index []intFn
	for _, i := range x.Index {
		index = append(index, c.int(i))
	}
	at := func(f *frame, parts []value.Value) (*value.Array, int) {
		a, ok := parts[0].Object().(*value.Array)
		if !ok {
			f.t.NullReference()
		}
		return a, flat(f, a, parts[1:])
	}
	return place{
		n: 1 + len(index),
		prepare: func(f *frame, parts []value.Value) {
			parts[0] = arr(f)
			for i, x := range index {
				parts[1+i] = value.Long(x(f))
			}
		},
		get: func(f *frame, parts []value.Value) value.Value {
			a, i := at(f, parts)
			return a.At(i)
		},
		set: func(f *frame, parts []value.Value, v value.Value) {
			a, i := at(f, parts)
			a.Store(f.t, i, v)
		},
	}
}

func flat(f *frame, a *value.Array, index []value.Value) int {
	if len(index) == 1 {
		i := index[0].Long()
		if uint64(i) >= uint64(a.Len()) {
			outOfRange(f)
		}
		return int(i)
	}
	var buf [4]int
	list := buf[:0]
	for _, v := range index {
		list = append(list, v.Int())
	}
	i := a.Flat(list)
	if i < 0 {
		outOfRange(f)
	}
	return i
}

func outOfRange(f *frame) {
	f.t.Throw(value.IndexOutOfRangeException, "Index was outside the bounds of the array.")
}

// element compiles the array and the flat index of an element.
func (c *fc) element(x *check.Elem) (func(f *frame) *value.Array, func(f *frame, a *value.Array) int) {
	v := c.val(x.Array)
	arr := func(f *frame) *value.Array {
		a, ok := v(f).Object().(*value.Array)
		if !ok {
			return nil
		}
		return a
	}
	var index []intFn
	for _, i := range x.Index {
		index = append(index, c.int(i))
	}
	if len(index) == 1 {
		at := index[0]
		return arr, func(f *frame, a *value.Array) int {
			i := at(f)
			if a == nil {
				f.t.NullReference()
			}
			if uint64(i) >= uint64(a.Len()) {
				outOfRange(f)
			}
			return int(i)
		}
	}
	return arr, func(f *frame, a *value.Array) int {
		var buf [4]int
		list := buf[:0]
		for _, i := range index {
			list = append(list, int(i(f)))
		}
		if a == nil {
			f.t.NullReference()
		}
		i := a.Flat(list)
		if i < 0 {
			outOfRange(f)
		}
		return i
	}
}

func (c *fc) elem(x *check.Elem) code {
	t := c.t(x.Type())
	arr, at := c.element(x)
	switch kindOf(t) {
	case kindInt:
		return code{typ: t, i: func(f *frame) int64 {
			a := arr(f)
			return int64(a.Word(at(f, a)))
		}}
	case kindBool:
		return code{typ: t, b: func(f *frame) bool {
			a := arr(f)
			return a.Word(at(f, a)) != 0
		}}
	}
	return unbox(t, func(f *frame) value.Value {
		a := arr(f)
		return a.At(at(f, a))
	})
}

func (c *fc) propertyPlace(x *check.Get) place {
	m := x.Member
	find := c.resolve(m)
	args := c.args(x.Args, x.Order)
	n := len(x.Args)
	var recv valFn
	if x.Recv != nil {
		recv = c.val(x.Recv)
	}
	setter := c.setter(m)
	return place{
		n: 1 + n,
		prepare: func(f *frame, parts []value.Value) {
			if recv != nil {
				parts[0] = recv(f)
			}
			for i := range args {
				parts[1+args[i].slot] = args[i].v(f)
			}
		},
		get: func(f *frame, parts []value.Value) value.Value {
			if recv != nil && parts[0].IsNull() {
				f.t.NullReference()
			}
			to := find(f, parts[0])
			vals := f.t.Push(n)
			copy(vals, parts[1:])
			v := invokeRow(f.t, to, parts[0], vals, nil)
			f.t.Pop(n)
			return v
		},
		set: func(f *frame, parts []value.Value, v value.Value) {
			if recv != nil && parts[0].IsNull() {
				f.t.NullReference()
			}
			vals := f.t.Push(n + 1)
			copy(vals, parts[1:])
			vals[n] = v
			to := setter(f, parts[0])
			call := f.t.Borrow()
			call.This, call.Args, call.Owner = parts[0], vals, to.owner
			to.set(call)
			f.t.Return(call)
			f.t.Pop(n + 1)
		},
	}
}

// setter finds the Go setter of a property.
func (c *fc) setter(m *types.Member) func(f *frame, this value.Value) target {
	return c.resolve(m)
}

// assign compiles x = y.
func (c *fc) assign(x *check.Assign) code {
	t := c.t(x.Type())
	k := c.expr(x.Y)
	if l, ok := x.X.(*check.LocalRef); ok {
		st := c.store(l.Local, k)
		ld := c.load(l.Local)
		switch ld.kind() {
		case kindBool:
			get := ld.b
			return code{typ: t, b: func(f *frame) bool { st(f); return get(f) }}
		case kindInt:
			get := ld.i
			return code{typ: t, i: func(f *frame) int64 { st(f); return get(f) }}
		case kindFloat:
			get := ld.d
			return code{typ: t, d: func(f *frame) float64 { st(f); return get(f) }}
		}
		get := ld.v
		return code{typ: t, v: func(f *frame) value.Value { st(f); return get(f) }}
	}
	p, v := c.place(x.X), k.box()
	return unbox(t, func(f *frame) value.Value {
		parts := f.t.Push(p.n)
		p.prepare(f, parts)
		a := v(f)
		p.set(f, parts, a)
		f.t.Pop(p.n)
		return a
	})
}

// compound compiles x op= y, ++ and --.
func (c *fc) compound(x *check.Compound) code {
	t := c.t(x.Type())
	if l, ok := x.X.(*check.LocalRef); ok {
		// The old value is the variable itself: nothing comes between, unless the
		// right side assigns to it, for which the temporary is there.
		keep := c.store(x.Temp, c.load(l.Local))
		st := c.store(l.Local, c.expr(x.Value))
		result := c.load(l.Local)
		if x.Postfix {
			result = c.load(x.Temp)
		}
		switch result.kind() {
		case kindInt:
			get := result.i
			return code{typ: t, i: func(f *frame) int64 { keep(f); st(f); return get(f) }}
		case kindFloat:
			get := result.d
			return code{typ: t, d: func(f *frame) float64 { keep(f); st(f); return get(f) }}
		case kindBool:
			get := result.b
			return code{typ: t, b: func(f *frame) bool { keep(f); st(f); return get(f) }}
		}
		get := result.v
		return code{typ: t, v: func(f *frame) value.Value { keep(f); st(f); return get(f) }}
	}
	p, v, put, old := c.place(x.X), c.val(x.Value), c.put(x.Temp), c.load(x.Temp).box()
	postfix := x.Postfix
	return unbox(t, func(f *frame) value.Value {
		parts := f.t.Push(p.n)
		p.prepare(f, parts)
		put(f, p.get(f, parts))
		a := v(f)
		p.set(f, parts, a)
		f.t.Pop(p.n)
		if postfix {
			return old(f)
		}
		return a
	})
}

// deconstruct compiles (a, b) = x: the targets' parts first, then the source,
// then the assignments.
func (c *fc) deconstruct(x *check.Deconstruct) code {
	src := c.store(x.Temp, c.expr(x.X))
	var call func(f *frame)
	if x.Call != nil {
		call = c.effect(x.Call)
	}
	type step struct {
		p      place
		v      valFn
		nested func(f *frame)
	}
	var steps []step
	total := 0
	for _, t := range x.Targets {
		if t.Nested != nil {
			steps = append(steps, step{nested: c.effect(t.Nested)})
			continue
		}
		p := c.place(t.X)
		total += p.n
		steps = append(steps, step{p: p, v: c.val(t.Value)})
	}
	value_ := c.load(x.Temp).box()
	return code{typ: c.t(x.Type()), v: func(f *frame) value.Value {
		parts := f.t.Push(total)
		at := 0
		for i := range steps {
			s := &steps[i]
			if s.nested == nil {
				s.p.prepare(f, parts[at:at+s.p.n])
				at += s.p.n
			}
		}
		src(f)
		if call != nil {
			call(f)
		}
		at = 0
		for i := range steps {
			s := &steps[i]
			if s.nested != nil {
				s.nested(f)
				continue
			}
			s.p.set(f, parts[at:at+s.p.n], s.v(f))
			at += s.p.n
		}
		f.t.Pop(total)
		return value_(f)
	}}
}
