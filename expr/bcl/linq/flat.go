package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// flat is SelectMany with a selector alone.
type flat struct {
	seq
	src  value.Value
	from *types.Type
	f    value.Value
}

func newFlat(t *value.Thread, src value.Value, from *types.Type, f value.Value, to *types.Type) sequence {
	s := &flat{src: src, from: from, f: f}
	s.make(t, s, to, src)
	return s
}

// listOf is what ToList gives, as a slice. It differs from ToArray in the
// exception for a null among the sequences that are joined.
func listOf(t *value.Thread, src value.Value, elem *types.Type) []value.Value {
	if f, ok := src.Object().(*flat); ok && types.Same(f.elem, elem) {
		return f.collect(t, func() { t.ThrowNull("collection") })
	}
	return sliceOf(t, src, elem)
}

// inner is a sequence that a lambda has made.
func inner(t *value.Thread, v value.Value) value.Value {
	if v.IsNull() {
		t.NullReference()
	}
	return v
}

// nested takes a step of a walk that started within another walk: such walks
// can nest without end, which must count as calls do.
func nested(t *value.Thread, it value.Iterator) (value.Value, bool) {
	t.Enter()
	v, ok := it.Next(t)
	t.Leave()
	return v, ok
}

func (s *flat) Iterate(t *value.Thread) value.Iterator {
	outer := t.IterateAs(s.src, s.from)
	var it value.Iterator
	return &closer{func(t *value.Thread) (value.Value, bool) {
		for {
			if it != nil {
				if v, ok := nested(t, it); ok {
					return v, true
				}
				it = nil
			}
			x, ok := outer.Next(t)
			if !ok {
				return value.Null, false
			}
			it = t.IterateAs(inner(t, t.Invoke1(s.f, x)), s.elem)
		}
	}, func() value.Iterator { return both{it, outer} }}
}

// both ends an inner and an outer walk.
type both struct{ inner, outer value.Iterator }

func (b both) Next(*value.Thread) (value.Value, bool) { return value.Null, false }

// Close ends the inner walk, then the outer one.
func (b both) Close(t *value.Thread) {
	for _, it := range []value.Iterator{b.inner, b.outer} {
		if k, ok := it.(value.Closer); ok {
			k.Close(t)
		}
	}
}

func (s *flat) count(t *value.Thread, cheap bool) int {
	if cheap {
		return -1
	}
	n := 0
	each(t, s.src, s.from, func(x value.Value) bool {
		v := t.Invoke1(s.f, x)
		if v.IsNull() {
			t.ThrowNull("source")
		}
		t.Enter()
		n += countOf(t, v, s.elem)
		t.Leave()
		return true
	})
	return n
}

func (s *flat) has(t *value.Thread, v value.Value) (found bool) {
	each(t, s.src, s.from, func(x value.Value) bool {
		list := t.Invoke1(s.f, x)
		if list.IsNull() {
			t.ThrowNull("source")
		}
		t.Enter()
		found = contains(t, list, s.elem, v)
		t.Leave()
		return !found
	})
	return found
}

func (s *flat) slice(t *value.Thread) []value.Value { return s.collect(t, t.NullReference) }

// collect gathers all elements; missing throws for a null among the sequences.
func (s *flat) collect(t *value.Thread, missing func()) []value.Value {
	var b collector
	each(t, s.src, s.from, func(x value.Value) bool {
		v := t.Invoke1(s.f, x)
		if v.IsNull() {
			missing()
		}
		t.Enter()
		for _, y := range sliceOf(t, v, s.elem) {
			b.add(t, y)
		}
		t.Leave()
		return true
	})
	return b.items
}

// cast is Cast over a collection.
type cast struct {
	seq
	src value.Value
}

func newCast(t *value.Thread, src value.Value, to *types.Type) sequence {
	c := &cast{src: src}
	c.make(t, c, to, src)
	return c
}

func (c *cast) Iterate(t *value.Thread) value.Iterator {
	it := t.IterateAs(c.src, types.Object)
	return over(it, func(t *value.Thread) (value.Value, bool) {
		v, ok := it.Next(t)
		if !ok {
			return value.Null, false
		}
		return t.Cast(v, c.elem), true
	})
}

func (c *cast) count(t *value.Thread, _ bool) int {
	n, _ := collectionCount(t, c.src, types.Object)
	return n
}

// ofType is OfType.
type ofType struct {
	seq
	src value.Value
}

func newOfType(t *value.Thread, src value.Value, to *types.Type) sequence {
	o := &ofType{src: src}
	o.make(t, o, to, src)
	return o
}

func (o *ofType) Iterate(t *value.Thread) value.Iterator {
	it := t.IterateAs(o.src, types.Object)
	return over(it, func(t *value.Thread) (value.Value, bool) {
		for {
			v, ok := it.Next(t)
			if !ok || value.Is(v, o.elem) {
				return v, ok
			}
			t.Step(1)
		}
	})
}
