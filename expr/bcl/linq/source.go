package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// sized is a collection that knows its length.
type sized interface{ Len() int }

// indexed is a list: what .NET asks for as IList<T>.
type indexed interface {
	Len() int
	At(i int) value.Value
}

// foreign is the IList<T> of another library, seen through its rows.
type foreign struct {
	t    *value.Thread
	v    value.Value
	elem *types.Type
}

func (f foreign) Len() int { return property(f.t, types.ICollectionT.Of(f.elem), "Count", f.v).Int() }

func (f foreign) At(i int) value.Value {
	return method(f.t, types.IListT.Of(f.elem), "this[]", f.v, value.Int(i))
}

// property reads a property of an interface on an object.
func property(t *value.Thread, face *types.Type, name string, v value.Value) value.Value {
	return method(t, face, name, v)
}

// method calls a member of an interface on an object.
func method(t *value.Thread, face *types.Type, name string, this value.Value, args ...value.Value) value.Value {
	m := t.Table.Info(face.Def()).Named(name)[0].In(face)
	impl := t.Table.Implementation(this.Type(), m)
	if impl == nil {
		t.Throw(value.NotSupportedException, "Specified method is not supported.")
	}
	c := t.Borrow()
	c.This, c.Args, c.Owner = this, args, impl.Owner
	v := value.RowOf(impl).Func(c)
	t.Return(c)
	return v
}

// asArray is the source as T[].
func asArray(v value.Value, elem *types.Type) (*value.Array, bool) {
	a, ok := v.Object().(*value.Array)
	if !ok || a.Rank() != 1 || !types.Same(a.Elem(), elem) && !types.ReferenceConvertible(a.Elem(), elem) {
		return nil, false
	}
	return a, true
}

// asList is the source as List<T>.
func asList(v value.Value, elem *types.Type) (*value.List, bool) {
	l, ok := v.Object().(*value.List)
	if !ok || !types.Same(l.Elem(), elem) {
		return nil, false
	}
	return l, true
}

// asIndexed is the source as IList<T>.
func asIndexed(t *value.Thread, v value.Value, elem *types.Type) (indexed, bool) {
	if a, ok := asArray(v, elem); ok {
		return a, true
	}
	if l, ok := asList(v, elem); ok {
		return l, true
	}
	o := v.Object()
	if o == nil || !types.Assignable(o.Type(), types.IListT.Of(elem)) {
		return nil, false
	}
	if x, ok := o.(indexed); ok {
		return x, true
	}
	return foreign{t, v, elem}, true
}

// collectionCount is the length of an ICollection<T> or ICollection.
func collectionCount(t *value.Thread, v value.Value, elem *types.Type) (int, bool) {
	switch x := v.Object().(type) {
	case nil:
		return 0, false
	case *value.List:
		return x.Len(), true
	case *value.Array:
		return x.Len(), true
	case sequence:
		// Only those that are lists are collections.
		l, ok := x.(indexed)
		if !ok {
			return 0, false
		}
		return l.Len(), true
	}
	o := v.Object()
	face := types.ICollectionT.Of(elem)
	if !types.Assignable(o.Type(), face) {
		if face = types.ICollection; !types.Assignable(o.Type(), face) {
			return 0, false
		}
	}
	if x, ok := o.(sized); ok {
		return x.Len(), true
	}
	return property(t, face, "Count", v).Int(), true
}

// cheapCount is Enumerable.TryGetNonEnumeratedCount.
func cheapCount(t *value.Thread, v value.Value, elem *types.Type) (int, bool) {
	if n, ok := collectionCount(t, v, elem); ok {
		return n, true
	}
	if s, ok := asSequence(v, elem); ok {
		if n := s.count(t, true); n >= 0 {
			return n, true
		}
	}
	return 0, false
}

// countOf is Enumerable.Count.
func countOf(t *value.Thread, v value.Value, elem *types.Type) int {
	if n, ok := collectionCount(t, v, elem); ok {
		return n
	}
	if s, ok := asSequence(v, elem); ok {
		return s.count(t, false)
	}
	n := 0
	each(t, v, elem, func(value.Value) bool { n++; return true })
	return n
}

// each walks over a source until f returns false, charging a step an element.
// An iterator that wants to know when it is left early hears of it.
func each(t *value.Thread, v value.Value, elem *types.Type, f func(value.Value) bool) {
	if a, ok := v.Object().(*value.Array); ok {
		for i := range a.Len() {
			t.Step(1)
			if !f(a.At(i)) {
				return
			}
		}
		return
	}
	walk(t, t.IterateAs(v, elem), f)
}

func walk(t *value.Thread, it value.Iterator, f func(value.Value) bool) {
	closing(t, it, func() {
		for {
			x, ok := it.Next(t)
			if !ok || !f(x) {
				return
			}
			t.Step(1)
		}
	})
}

// closing runs body and lets go of the iterators afterwards, as `using` does.
func closing(t *value.Thread, it value.Iterator, body func()) {
	k, ok := it.(value.Closer)
	if !ok {
		body()
		return
	}
	mark := t.Mark()
	done := false
	defer func() {
		if done {
			return
		}
		switch e := recover().(type) {
		case nil:
		case *value.Exception:
			t.Unwind(mark)
			k.Close(t)
			panic(e)
		default:
			panic(e)
		}
	}()
	body()
	done = true
	k.Close(t)
}

// closer passes the early end of a walk on to the walk beneath.
type closer struct {
	value.IteratorFunc
	under func() value.Iterator
}

// Close lets go of what the walk has under way.
func (k *closer) Close(t *value.Thread) {
	if c, ok := k.under().(value.Closer); ok {
		c.Close(t)
	}
}

// over makes an iterator of a step function over another iterator.
func over(src value.Iterator, next value.IteratorFunc) value.Iterator {
	if _, ok := src.(value.Closer); ok {
		return &closer{next, func() value.Iterator { return src }}
	}
	return next
}

// sliceOf is Enumerable.ToArray as a new slice.
func sliceOf(t *value.Thread, v value.Value, elem *types.Type) []value.Value {
	if s, ok := asSequence(v, elem); ok {
		return s.slice(t)
	}
	return buffer(t, v, elem)
}

// buffer collects a source by walking it.
func buffer(t *value.Thread, v value.Value, elem *types.Type) []value.Value {
	switch x := v.Object().(type) {
	case *value.List, *value.Array:
		t.Step(x.(sized).Len())
		return t.Slice(v)
	}
	var b collector
	each(t, v, elem, func(x value.Value) bool { b.add(t, x); return true })
	return b.items
}

// collector gathers elements, charging for its buffer as that grows.
type collector struct{ items []value.Value }

func (b *collector) add(t *value.Thread, v value.Value) {
	if len(b.items) == cap(b.items) {
		t.Alloc((len(b.items) + 4) * valueSize)
	}
	b.items = append(b.items, v)
}

// firstOf, lastOf and atOf are what First, Last and ElementAt find.
func firstOf(t *value.Thread, v value.Value, elem *types.Type) (value.Value, bool) {
	if s, ok := asSequence(v, elem); ok {
		return s.first(t)
	}
	if l, ok := asIndexed(t, v, elem); ok {
		if l.Len() > 0 {
			return l.At(0), true
		}
		return value.Null, false
	}
	return walkTo(t, v, elem, 0)
}

func lastOf(t *value.Thread, v value.Value, elem *types.Type) (value.Value, bool) {
	if s, ok := asSequence(v, elem); ok {
		return s.last(t)
	}
	if l, ok := asIndexed(t, v, elem); ok {
		if n := l.Len(); n > 0 {
			return l.At(n - 1), true
		}
		return value.Null, false
	}
	return walkLast(t, v, elem)
}

func atOf(t *value.Thread, v value.Value, elem *types.Type, i int) (value.Value, bool) {
	if s, ok := asSequence(v, elem); ok {
		return s.at(t, i)
	}
	if l, ok := asIndexed(t, v, elem); ok {
		if i >= 0 && i < l.Len() {
			return l.At(i), true
		}
		return value.Null, false
	}
	return walkTo(t, v, elem, i)
}

// walkTo walks to the element with an index.
func walkTo(t *value.Thread, v value.Value, elem *types.Type, i int) (found value.Value, ok bool) {
	if i < 0 {
		return value.Null, false
	}
	each(t, v, elem, func(x value.Value) bool {
		if i == 0 {
			found, ok = x, true
			return false
		}
		i--
		return true
	})
	return found, ok
}

func walkLast(t *value.Thread, v value.Value, elem *types.Type) (found value.Value, ok bool) {
	each(t, v, elem, func(x value.Value) bool {
		found, ok = x, true
		return true
	})
	return found, ok
}

// emptyArray is what .NET returns for `[]`.
func emptyArray(t *value.Thread, elem *types.Type) value.Value {
	return value.Of(t.NewArray(elem.Plain(), 0))
}

func isEmptyArray(v value.Value, elem *types.Type) bool {
	a, ok := asArray(v, elem)
	return ok && a.Len() == 0
}
