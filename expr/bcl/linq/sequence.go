package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// sequence is .NET's Iterator<T>: a sequence that knows shortcuts to what the
// operators after it want.
type sequence interface {
	value.Enumerable
	of() *types.Type
	// nesting is how many sequences lie one within the other.
	nesting() int
	// count is the number of elements, running all lambdas as .NET does; when
	// only a cheap count will do it may be -1.
	count(t *value.Thread, cheap bool) int
	first(t *value.Thread) (value.Value, bool)
	last(t *value.Thread) (value.Value, bool)
	at(t *value.Thread, i int) (value.Value, bool)
	// skip and take are given numbers above zero; nil is an empty sequence.
	skip(t *value.Thread, n int) sequence
	take(t *value.Thread, n int) sequence
	// slice is ToArray, as a slice that belongs to the caller.
	slice(t *value.Thread) []value.Value
	has(t *value.Thread, v value.Value) bool
	mapped(t *value.Thread, f value.Value, to *types.Type) sequence
	filtered(t *value.Thread, f value.Value) sequence
}

// asSequence is the source as an Iterator<T>.
func asSequence(v value.Value, elem *types.Type) (sequence, bool) {
	s, ok := v.Object().(sequence)
	return s, ok && (s.of() == elem || types.Same(s.of(), elem))
}

// seq is what sequences have in common, and how they behave unless they know
// better. self is the sequence itself.
type seq struct {
	typ  *types.Type
	elem *types.Type
	deep int
	self sequence
}

func nestingOf(v value.Value) int {
	if s, ok := v.Object().(interface{ nesting() int }); ok {
		return s.nesting()
	}
	return 0
}

// make prepares a sequence of elem over sources. A sequence that nests too
// deeply for the stack ends the evaluation.
func (s *seq) make(t *value.Thread, self sequence, elem *types.Type, sources ...value.Value) {
	elem = elem.Plain()
	*s = seq{typ: types.IEnumerableT.Of(elem), elem: elem, self: self}
	t.Alloc(160)
	for _, src := range sources {
		s.deep = max(s.deep, nestingOf(src)+1)
	}
	checkNesting(s.deep)
}

func checkNesting(deep int) {
	if deep > value.MaxDepth {
		panic(value.Stop{Err: value.ErrDepth})
	}
}

func (s *seq) Type() *types.Type { return s.typ }
func (s *seq) of() *types.Type   { return s.elem }
func (s *seq) nesting() int      { return s.deep }

func (s *seq) count(t *value.Thread, cheap bool) int {
	if cheap {
		return -1
	}
	n := 0
	walk(t, s.self.Iterate(t), func(value.Value) bool { n++; return true })
	return n
}

func (s *seq) first(t *value.Thread) (value.Value, bool) {
	return walkTo(t, value.Of(s.self), s.elem, 0)
}

func (s *seq) last(t *value.Thread) (value.Value, bool) {
	return walkLast(t, value.Of(s.self), s.elem)
}

func (s *seq) at(t *value.Thread, i int) (value.Value, bool) {
	if i == 0 {
		return s.self.first(t)
	}
	return walkTo(t, value.Of(s.self), s.elem, i)
}

func (s *seq) skip(t *value.Thread, n int) sequence {
	return newPart(t, value.Of(s.self), s.elem, n, -1)
}

func (s *seq) take(t *value.Thread, n int) sequence {
	return newPart(t, value.Of(s.self), s.elem, 0, n-1)
}

func (s *seq) slice(t *value.Thread) []value.Value { return buffer(t, value.Of(s.self), s.elem) }

func (s *seq) has(t *value.Thread, v value.Value) (found bool) {
	walk(t, s.self.Iterate(t), func(x value.Value) bool {
		found = t.Equal(x, v)
		return !found
	})
	return found
}

func (s *seq) mapped(t *value.Thread, f value.Value, to *types.Type) sequence {
	return newSelected(t, value.Of(s.self), s.elem, []value.Value{f}, to)
}

func (s *seq) filtered(t *value.Thread, f value.Value) sequence {
	return newWhere(t, value.Of(s.self), s.elem, []value.Value{f}, nil, s.elem)
}

// generated is what a `yield return` method gives: a sequence without shortcuts.
type generated struct {
	typ   *types.Type
	deep  int
	start func(t *value.Thread) value.Iterator
}

func (g *generated) Type() *types.Type                      { return g.typ }
func (g *generated) nesting() int                           { return g.deep }
func (g *generated) Yields()                                {}
func (g *generated) Iterate(t *value.Thread) value.Iterator { return g.start(t) }

// generate makes a sequence whose walks start makes.
func generate(t *value.Thread, elem *types.Type, sources []value.Value, start func(t *value.Thread) value.Iterator) value.Value {
	t.Alloc(96)
	g := &generated{typ: types.IEnumerableT.Of(elem.Plain()), start: start}
	for _, src := range sources {
		g.deep = max(g.deep, nestingOf(src)+1)
	}
	checkNesting(g.deep)
	return value.Of(g)
}

// apply runs the selectors of joined Selects one after the other.
func apply(t *value.Thread, fs []value.Value, v value.Value) value.Value {
	for _, f := range fs {
		v = t.Invoke1(f, v)
	}
	return v
}

func passes(t *value.Thread, fs []value.Value, v value.Value) bool {
	for _, f := range fs {
		if !t.Invoke1(f, v).Bool() {
			return false
		}
	}
	return true
}

// join appends to a list of lambdas that other sequences may share.
func join(t *value.Thread, fs []value.Value, f value.Value) []value.Value {
	t.Alloc((len(fs) + 1) * valueSize)
	return append(fs[:len(fs):len(fs)], f)
}

// selected is Select without index: over an array, a List<T>, an IList<T>, a
// sequence, or anything else.
type selected struct {
	seq
	src   value.Value
	from  *types.Type
	fs    []value.Value
	list  indexed // of an array or list
	under sequence
}

func newSelected(t *value.Thread, src value.Value, from *types.Type, fs []value.Value, to *types.Type) sequence {
	s := &selected{src: src, from: from, fs: fs}
	s.make(t, s, to, src)
	if q, ok := asSequence(src, from); ok {
		s.under = q
	} else if l, ok := asIndexed(t, src, from); ok {
		s.list = l
	}
	return s
}

func (s *selected) Iterate(t *value.Thread) value.Iterator {
	if a, ok := s.list.(*value.Array); ok {
		i := 0
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			if i >= a.Len() {
				return value.Null, false
			}
			i++
			return apply(t, s.fs, a.At(i-1)), true
		})
	}
	it := t.IterateAs(s.src, s.from)
	return over(it, func(t *value.Thread) (value.Value, bool) {
		v, ok := it.Next(t)
		if !ok {
			return value.Null, false
		}
		return apply(t, s.fs, v), true
	})
}

func (s *selected) count(t *value.Thread, cheap bool) int {
	switch {
	case s.list != nil:
		n := s.list.Len()
		for i := 0; i < n && !cheap; i++ {
			t.Step(1)
			apply(t, s.fs, listAt(t, s.list, i))
		}
		return n
	case cheap && s.under != nil:
		return s.under.count(t, true)
	}
	return s.seq.count(t, cheap)
}

// listAt reads an element that a lambda may have taken out meanwhile.
func listAt(t *value.Thread, l indexed, i int) value.Value {
	if i < 0 || i >= l.Len() {
		t.ThrowIndex()
	}
	return l.At(i)
}

func (s *selected) pick(t *value.Thread, v value.Value, ok bool) (value.Value, bool) {
	if !ok {
		return value.Null, false
	}
	return apply(t, s.fs, v), true
}

func (s *selected) first(t *value.Thread) (value.Value, bool) {
	v, ok := firstOf(t, s.src, s.from)
	return s.pick(t, v, ok)
}

func (s *selected) last(t *value.Thread) (value.Value, bool) {
	v, ok := lastOf(t, s.src, s.from)
	return s.pick(t, v, ok)
}

func (s *selected) at(t *value.Thread, i int) (value.Value, bool) {
	v, ok := atOf(t, s.src, s.from, i)
	return s.pick(t, v, ok)
}

func (s *selected) over(t *value.Thread, src sequence) sequence {
	if src == nil {
		return nil
	}
	return newSelected(t, value.Of(src), s.from, s.fs, s.elem)
}

func (s *selected) skip(t *value.Thread, n int) sequence {
	switch {
	case s.under != nil:
		return s.over(t, s.under.skip(t, n))
	case s.list != nil:
		if a, ok := s.list.(*value.Array); ok && n >= a.Len() {
			return nil
		}
		return newWindow(t, s.src, s.from, s.list, n, maxIndex, s.fs, s.elem)
	}
	return s.seq.skip(t, n)
}

func (s *selected) take(t *value.Thread, n int) sequence {
	switch {
	case s.under != nil:
		return s.over(t, s.under.take(t, n))
	case s.list != nil:
		if a, ok := s.list.(*value.Array); ok && n >= a.Len() {
			return s
		}
		return newWindow(t, s.src, s.from, s.list, 0, n-1, s.fs, s.elem)
	}
	return s.seq.take(t, n)
}

func (s *selected) slice(t *value.Thread) []value.Value {
	if s.list == nil {
		return s.seq.slice(t)
	}
	// A List<T> is read as it is now: .NET takes its buffer.
	at, n := s.list.At, s.list.Len()
	if l, ok := s.list.(*value.List); ok {
		items := l.Items()
		at = func(i int) value.Value { return items[i] }
	} else if _, ok := s.list.(*value.Array); !ok {
		at = func(i int) value.Value { return listAt(t, s.list, i) }
	}
	t.Alloc(n * valueSize)
	out := make([]value.Value, n)
	for i := range out {
		t.Step(1)
		out[i] = apply(t, s.fs, at(i))
	}
	return out
}

func (s *selected) mapped(t *value.Thread, f value.Value, to *types.Type) sequence {
	return newSelected(t, s.src, s.from, join(t, s.fs, f), to)
}

// where is Where without index, with the Select that may follow it.
type where struct {
	seq
	src  value.Value
	from *types.Type
	ps   []value.Value
	fs   []value.Value
	list indexed // of an array or a List<T>, nil for anything else
}

func newWhere(t *value.Thread, src value.Value, from *types.Type, ps, fs []value.Value, to *types.Type) sequence {
	w := &where{src: src, from: from, ps: ps, fs: fs}
	w.make(t, w, to, src)
	if a, ok := asArray(src, from); ok {
		w.list = a
	} else if l, ok := asList(src, from); ok {
		w.list = l
	}
	return w
}

func (w *where) Iterate(t *value.Thread) value.Iterator {
	it := t.IterateAs(w.src, w.from)
	return over(it, func(t *value.Thread) (value.Value, bool) {
		for {
			v, ok := it.Next(t)
			if !ok {
				return value.Null, false
			}
			if passes(t, w.ps, v) {
				return apply(t, w.fs, v), true
			}
		}
	})
}

// each walks over what passes, before the selectors. A List<T> is read as it
// is now.
func (w *where) each(t *value.Thread, f func(v value.Value) bool) {
	l, ok := w.list.(*value.List)
	if !ok {
		each(t, w.src, w.from, func(v value.Value) bool { return !passes(t, w.ps, v) || f(v) })
		return
	}
	for _, v := range l.Items() {
		t.Step(1)
		if passes(t, w.ps, v) && !f(v) {
			return
		}
	}
}

func (w *where) count(t *value.Thread, cheap bool) int {
	if cheap {
		return -1
	}
	n := 0
	w.each(t, func(v value.Value) bool {
		apply(t, w.fs, v)
		n++
		return true
	})
	return n
}

func (w *where) slice(t *value.Thread) []value.Value {
	var b collector
	w.each(t, func(v value.Value) bool {
		b.add(t, apply(t, w.fs, v))
		return true
	})
	return b.items
}

func (w *where) first(t *value.Thread) (value.Value, bool) { return w.at(t, 0) }

func (w *where) at(t *value.Thread, i int) (found value.Value, ok bool) {
	if i < 0 {
		return value.Null, false
	}
	w.each(t, func(v value.Value) bool {
		if i > 0 {
			i--
			return true
		}
		found, ok = apply(t, w.fs, v), true
		return false
	})
	return found, ok
}

func (w *where) last(t *value.Thread) (found value.Value, ok bool) {
	if w.list == nil {
		w.each(t, func(v value.Value) bool {
			found, ok = v, true
			return true
		})
		if ok {
			found = apply(t, w.fs, found)
		}
		return found, ok
	}
	at := w.list.At
	if l, isList := w.list.(*value.List); isList {
		items := l.Items()
		at = func(i int) value.Value { return items[i] }
	}
	for i := w.list.Len() - 1; i >= 0; i-- {
		t.Step(1)
		if v := at(i); passes(t, w.ps, v) {
			return apply(t, w.fs, at(i)), true
		}
	}
	return value.Null, false
}

func (w *where) mapped(t *value.Thread, f value.Value, to *types.Type) sequence {
	return newWhere(t, w.src, w.from, w.ps, join(t, w.fs, f), to)
}

func (w *where) filtered(t *value.Thread, f value.Value) sequence {
	if len(w.fs) > 0 {
		return w.seq.filtered(t, f)
	}
	return newWhere(t, w.src, w.from, join(t, w.ps, f), nil, w.elem)
}
