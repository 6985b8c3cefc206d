package value

import "github.com/spillway-gateway/spillway/expr/types"

// Iterator walks over a sequence. Next is called until it reports false, and
// not again. It may throw.
type Iterator interface {
	Next(t *Thread) (Value, bool)
}

// Enumerable is an object that `foreach` and LINQ can walk over. Iterate starts
// a new walk, as GetEnumerator does.
type Enumerable interface {
	Object
	Iterate(t *Thread) Iterator
}

// Closer is an Iterator that wants to know when a foreach leaves it early.
type Closer interface {
	Iterator
	Close(t *Thread)
}

// IteratorFunc is a function as an Iterator.
type IteratorFunc func(t *Thread) (Value, bool)

// Next calls the function.
func (f IteratorFunc) Next(t *Thread) (Value, bool) { return f(t) }

// Iterate starts a walk over any enumerable value: an object, or a string with
// its chars. Null throws as a foreach over it does.
func (t *Thread) Iterate(v Value) Iterator {
	switch x := v.r.(type) {
	case Enumerable:
		return x.Iterate(t)
	case *ascii, *wide:
		text, i := v.Text(), 0
		return IteratorFunc(func(*Thread) (Value, bool) {
			if i >= text.Len() {
				return Value{}, false
			}
			i++
			return Char(text.At(i - 1)), true
		})
	case nil:
		t.NullReference()
	}
	t.Throw(InvalidCastException, "Unable to cast object of type '"+v.Type().ReflectionName()+"' to type 'System.Collections.IEnumerable'.")
	return nil
}

// MultiEnumerable is an enumerable that has other elements when it is walked as
// a sequence of another type: a JObject is one of JTokens and one of pairs.
type MultiEnumerable interface {
	Enumerable
	IterateAs(t *Thread, elem *types.Type) Iterator
}

// IterateAs starts a walk over an enumerable as an IEnumerable<elem>.
func (t *Thread) IterateAs(v Value, elem *types.Type) Iterator {
	if x, ok := v.r.(MultiEnumerable); ok {
		return x.IterateAs(t, elem)
	}
	return t.Iterate(v)
}

// Each calls f with every element until it returns false, counting a step each.
func (t *Thread) Each(v Value, f func(Value) bool) {
	for it := t.Iterate(v); ; {
		x, ok := it.Next(t)
		if !ok || !f(x) {
			return
		}
		t.Step(1)
	}
}

// Slice collects a sequence, charging for what it holds.
func (t *Thread) Slice(v Value) []Value {
	switch x := v.r.(type) {
	case *List:
		t.Alloc(len(x.items) * valueSize)
		return append([]Value(nil), x.items...)
	case *Array:
		t.Alloc(x.Len() * valueSize)
		out := make([]Value, x.Len())
		for i := range out {
			out[i] = x.At(i)
		}
		return out
	}
	var out []Value
	t.Each(v, func(x Value) bool {
		if len(out) == cap(out) {
			t.Alloc((len(out) + 4) * valueSize)
		}
		out = append(out, x)
		return true
	})
	return out
}

const valueSize = 24

// lazy is a sequence made by a function, walked afresh each time.
type lazy struct {
	typ   *types.Type
	start func(t *Thread) Iterator
}

// Lazy is a sequence of a static type such as IEnumerable<string>, whose walks
// start makes.
func Lazy(typ *types.Type, start func(t *Thread) Iterator) Value {
	return Of(&lazy{typ, start})
}

func (l *lazy) Type() *types.Type          { return l.typ }
func (l *lazy) Iterate(t *Thread) Iterator { return l.start(t) }

// Yields marks the sequences that methods with `yield return` make: their
// enumerators cannot be reset, and stay at the last element.
func (l *lazy) Yields() {}

// Yielding is a sequence made by a method with `yield return`, of the language
// or of .NET's own.
type Yielding interface{ Yields() }

// Enumerator is an IEnumerator<T> in a variable.
type Enumerator struct {
	typ     *types.Type
	src     Value
	it      Iterator
	current Value
	moved   bool
	ended   bool
}

// NewEnumerator starts a walk over an enumerable as an object of type
// IEnumerator<T>.
func (t *Thread) NewEnumerator(typ *types.Type, v Value) *Enumerator {
	elem := elementOf(typ)
	return &Enumerator{typ: typ, src: v, it: t.IterateAs(v, elem), current: t.Zero(elem)}
}

func elementOf(typ *types.Type) *types.Type {
	if list := typ.Implements(types.IEnumeratorT); len(list) == 1 {
		return list[0].Args()[0]
	}
	return types.Object
}

// Type is the enumerator's type.
func (e *Enumerator) Type() *types.Type { return e.typ }

// MoveNext goes on to the next element and reports whether there is one.
func (e *Enumerator) MoveNext(t *Thread) bool {
	e.moved = true
	if e.ended {
		return false
	}
	t.Step(1)
	v, ok := e.it.Next(t)
	if !ok {
		e.ended = true
		if _, ok := e.src.r.(Yielding); !ok {
			e.current = t.Zero(elementOf(e.typ))
		}
		return false
	}
	e.current = v
	return true
}

// Current is the element the enumerator stands at, the default before the first
// and behind the last.
func (e *Enumerator) Current() Value { return e.current }

// Standing is Current as IEnumerator and IEnumerator<T> have it: an array
// throws where there is no element, and so do collections that give an object.
func (e *Enumerator) Standing(t *Thread, boxed bool) Value {
	if e.moved && !e.ended {
		return e.current
	}
	switch src := e.src.r.(type) {
	case *Array:
		if e.ended {
			t.Throw(InvalidOperationException, "Enumeration already finished.")
		}
		t.Throw(InvalidOperationException, "Enumeration has not started. Call MoveNext.")
	case Object:
		if boxed && src.Type().Kind() == types.Class && types.Assignable(src.Type(), types.ICollection) {
			t.Throw(InvalidOperationException, "Enumeration has either not started or has already finished.")
		}
	}
	return e.current
}

// Reset goes back before the first element, which only collections can.
func (e *Enumerator) Reset(t *Thread) {
	if o, ok := e.src.r.(Object); ok && o.Type().Kind() == types.Interface {
		t.Throw(NotSupportedException, "Specified method is not supported.")
	}
	elem := elementOf(e.typ)
	*e = Enumerator{typ: e.typ, src: e.src, it: t.IterateAs(e.src, elem), current: t.Zero(elem)}
}

// Dispose ends a walk that wants to hear of its end.
func (e *Enumerator) Dispose(t *Thread) {
	if k, ok := e.it.(Closer); ok {
		e.ended = true
		k.Close(t)
	}
}
