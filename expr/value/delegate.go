package value

import "github.com/spillway-gateway/spillway/expr/types"

// Delegate is a lambda, a method group, or several of them combined.
type Delegate struct {
	typ *types.Type
	fn  func(t *Thread, args []Value) Value
	// target and method tell one method group from another, so that two delegates
	// of the same method and receiver are equal.
	target Value
	method *types.Member
	list   []*Delegate // of a combined delegate, in call order
}

// NewDelegate is a delegate of a Go function, which gets the arguments in
// order and must not keep the slice.
func NewDelegate(typ *types.Type, fn func(t *Thread, args []Value) Value) *Delegate {
	return &Delegate{typ: typ, fn: fn}
}

// NewMethod is a delegate of a member with its receiver.
func NewMethod(typ *types.Type, m *types.Member, target Value, fn func(t *Thread, args []Value) Value) *Delegate {
	return &Delegate{typ: typ, fn: fn, method: m.Origin, target: target}
}

// Type is the delegate's type.
func (d *Delegate) Type() *types.Type { return d.typ }

// Retype is the delegate seen as another delegate type with fitting parameters.
func (d *Delegate) Retype(typ *types.Type) *Delegate {
	return &Delegate{typ: typ, fn: d.Call, method: d.method, target: d.target, list: d.list}
}

// Equals compares methods and receivers; lambdas equal only themselves.
func (d *Delegate) Equals(t *Thread, other Value) bool {
	e, ok := other.r.(*Delegate)
	switch {
	case !ok || d.typ != e.typ || len(d.list) != len(e.list):
		return false
	case len(d.list) > 0:
		for i := range d.list {
			if !d.list[i].Equals(t, Of(e.list[i])) {
				return false
			}
		}
		return true
	}
	return d == e || d.method != nil && d.method == e.method && (Same(d.target, e.target) || d.target.IsNull() && e.target.IsNull())
}

// Hash goes with Equals.
func (d *Delegate) Hash(*Thread) int32 { return HashString(d.typ.ReflectionName()) }

// Parts are the delegates that a call runs, in order.
func (d *Delegate) Parts() []*Delegate {
	if len(d.list) > 0 {
		return d.list
	}
	return []*Delegate{d}
}

// Call runs the delegate; of a combined one the last result counts.
func (d *Delegate) Call(t *Thread, args []Value) Value {
	if d.list == nil {
		return d.fn(t, args)
	}
	var v Value
	for _, e := range d.list {
		v = e.fn(t, args)
	}
	return v
}

// Combine is a + b on delegates; either may be null.
func Combine(a, b Value) Value {
	x, _ := a.r.(*Delegate)
	y, _ := b.r.(*Delegate)
	switch {
	case x == nil:
		return b
	case y == nil:
		return a
	}
	list := append(append([]*Delegate(nil), x.Parts()...), y.Parts()...)
	return Of(&Delegate{typ: x.typ, list: list})
}

// Subtract is a - b on delegates: a without the last run of b's parts in it.
func (t *Thread) Subtract(a, b Value) Value {
	x, _ := a.r.(*Delegate)
	y, _ := b.r.(*Delegate)
	if x == nil || y == nil {
		return a
	}
	p, q := x.Parts(), y.Parts()
	for i := len(p) - len(q); i >= 0; i-- {
		same := true
		for j := range q {
			same = same && p[i+j].Equals(t, Of(q[j]))
		}
		if !same {
			continue
		}
		rest := append(append([]*Delegate(nil), p[:i]...), p[i+len(q):]...)
		switch len(rest) {
		case 0:
			return Value{}
		case 1:
			return Of(rest[0])
		}
		return Of(&Delegate{typ: x.typ, list: rest})
	}
	return a
}

func (t *Thread) delegate(f Value) *Delegate {
	d, ok := f.r.(*Delegate)
	if !ok {
		t.NullReference()
	}
	return d
}

// Invoke0 calls a delegate without arguments.
func (t *Thread) Invoke0(f Value) Value { return t.delegate(f).Call(t, nil) }

// Invoke1 calls a delegate with one argument.
func (t *Thread) Invoke1(f, a Value) Value {
	d := t.delegate(f)
	args := t.Push(1)
	args[0] = a
	v := d.Call(t, args)
	t.Pop(1)
	return v
}

// Invoke2 calls a delegate with two arguments.
func (t *Thread) Invoke2(f, a, b Value) Value {
	d := t.delegate(f)
	args := t.Push(2)
	args[0], args[1] = a, b
	v := d.Call(t, args)
	t.Pop(2)
	return v
}

// Invoke3 calls a delegate with three arguments.
func (t *Thread) Invoke3(f, a, b, c Value) Value {
	d := t.delegate(f)
	args := t.Push(3)
	args[0], args[1], args[2] = a, b, c
	v := d.Call(t, args)
	t.Pop(3)
	return v
}

// InvokeN calls a delegate with any arguments.
func (t *Thread) InvokeN(f Value, list []Value) Value {
	d := t.delegate(f)
	args := t.Push(len(list))
	copy(args, list)
	v := d.Call(t, args)
	t.Pop(len(list))
	return v
}
