package linq

import (
	"slices"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// chain is a list of sources, the last one first, that longer chains share.
type chain struct {
	before *chain
	src    value.Value
	n      int
}

func (k *chain) add(src value.Value) *chain {
	n := 1
	if k != nil {
		n += k.n
	}
	return &chain{k, src, n}
}

func (k *chain) sources(t *value.Thread) []value.Value {
	t.Alloc(k.n * valueSize)
	out := make([]value.Value, k.n)
	for i := k.n - 1; i >= 0; i, k = i-1, k.before {
		out[i] = k.src
	}
	return out
}

// relay walks over one source after the other. A walk starts when it is needed.
type relay struct {
	sources []value.Value
	elem    *types.Type
	it      value.Iterator
	i       int
}

func (r *relay) Next(t *value.Thread) (value.Value, bool) {
	for {
		if r.it == nil {
			if r.i >= len(r.sources) {
				return value.Null, false
			}
			r.it = t.IterateAs(r.sources[r.i], r.elem)
			r.i++
		}
		if v, ok := r.it.Next(t); ok {
			return v, true
		}
		t.Step(1)
		r.Close(t)
	}
}

// Close ends the walk under way.
func (r *relay) Close(t *value.Thread) {
	if k, ok := r.it.(value.Closer); ok {
		k.Close(t)
	}
	r.it = nil
}

// concat is Concat of two or more sources.
type concat struct {
	seq
	chain *chain
}

func newConcat(t *value.Thread, elem *types.Type, k *chain, sources ...value.Value) sequence {
	c := &concat{chain: k}
	c.make(t, c, elem, sources...)
	return c
}

func (c *concat) Iterate(t *value.Thread) value.Iterator {
	return &relay{sources: c.chain.sources(t), elem: c.elem}
}

func (c *concat) count(t *value.Thread, cheap bool) int {
	n := 0
	sources := c.chain.sources(t)
	if len(sources) > 2 && cheap {
		// Three or more sources are counted cheaply only if all are collections.
		for _, src := range sources {
			if _, ok := collectionCount(t, src, c.elem); !ok {
				return -1
			}
		}
	}
	for _, src := range sources {
		k, ok := cheapCount(t, src, c.elem)
		if len(sources) > 2 {
			k, ok = collectionCount(t, src, c.elem)
		}
		if !ok {
			if cheap {
				return -1
			}
			k = countOf(t, src, c.elem)
		}
		n += k
	}
	if n > maxIndex {
		t.Throw(value.OverflowException, "Arithmetic operation resulted in an overflow.")
	}
	return n
}

func (c *concat) first(t *value.Thread) (value.Value, bool) {
	for _, src := range c.chain.sources(t) {
		if v, ok := firstOf(t, src, c.elem); ok {
			return v, true
		}
	}
	return value.Null, false
}

func (c *concat) last(t *value.Thread) (value.Value, bool) {
	for k := c.chain; k != nil; k = k.before {
		if v, ok := lastOf(t, k.src, c.elem); ok {
			return v, true
		}
	}
	return value.Null, false
}

func (c *concat) at(t *value.Thread, i int) (found value.Value, ok bool) {
	if i < 0 {
		return value.Null, false
	}
	for _, src := range c.chain.sources(t) {
		if n, known := cheapCount(t, src, c.elem); known {
			if i < n {
				return atOf(t, src, c.elem, i)
			}
			i -= n
			continue
		}
		each(t, src, c.elem, func(v value.Value) bool {
			if i == 0 {
				found, ok = v, true
				return false
			}
			i--
			return true
		})
		if ok {
			return found, true
		}
	}
	return value.Null, false
}

func (c *concat) slice(t *value.Thread) []value.Value {
	var b collector
	for _, src := range c.chain.sources(t) {
		for _, v := range sliceOf(t, src, c.elem) {
			b.add(t, v)
		}
	}
	return b.items
}

func (c *concat) has(t *value.Thread, v value.Value) bool {
	for _, src := range c.chain.sources(t) {
		if contains(t, src, c.elem, v) {
			return true
		}
	}
	return false
}

// appended is Append and Prepend.
type appended struct {
	seq
	src    value.Value
	before *chain // the last prepended is the first element
	after  *chain
}

func newAppended(t *value.Thread, src value.Value, elem *types.Type, before, after *chain) sequence {
	a := &appended{src: src, before: before, after: after}
	a.make(t, a, elem, src)
	return a
}

func (k *chain) size() int {
	if k == nil {
		return 0
	}
	return k.n
}

func (a *appended) single() bool { return a.before.size()+a.after.size() == 1 }

func (a *appended) Iterate(t *value.Thread) value.Iterator {
	before, i := a.before, 0
	var after []value.Value
	var it value.Iterator
	next := func(t *value.Thread) (value.Value, bool) {
		if before != nil {
			v := before.src
			before = before.before
			return v, true
		}
		if after == nil {
			if it == nil {
				it = t.IterateAs(a.src, a.elem)
			}
			if v, ok := it.Next(t); ok {
				return v, true
			}
			if a.after == nil {
				return value.Null, false
			}
			after = a.after.sources(t)
		}
		if i >= len(after) {
			return value.Null, false
		}
		i++
		return after[i-1], true
	}
	return &closer{next, func() value.Iterator { return it }}
}

func (a *appended) count(t *value.Thread, cheap bool) int {
	n := -1
	if s, ok := asSequence(a.src, a.elem); ok {
		n = s.count(t, cheap)
	} else if k, ok := collectionCount(t, a.src, a.elem); ok {
		n = k
	} else if !cheap {
		n = countOf(t, a.src, a.elem)
	}
	if n < 0 {
		return -1
	}
	return n + a.before.size() + a.after.size()
}

func (a *appended) first(t *value.Thread) (value.Value, bool) {
	if a.before != nil {
		return a.before.src, true
	}
	if !a.single() {
		return a.seq.first(t)
	}
	if v, ok := firstOf(t, a.src, a.elem); ok {
		return v, true
	}
	return a.after.src, true
}

func (a *appended) last(t *value.Thread) (value.Value, bool) {
	if !a.single() {
		return a.seq.last(t)
	}
	if a.after != nil {
		return a.after.src, true
	}
	if v, ok := lastOf(t, a.src, a.elem); ok {
		return v, true
	}
	return a.before.src, true
}

func (a *appended) at(t *value.Thread, i int) (value.Value, bool) {
	if !a.single() || a.after != nil {
		return a.seq.at(t, i)
	}
	if i == 0 {
		return a.before.src, true
	}
	return atOf(t, a.src, a.elem, i-1)
}

func (a *appended) slice(t *value.Thread) []value.Value {
	var b collector
	for k := a.before; k != nil; k = k.before {
		b.add(t, k.src)
	}
	for _, v := range buffer(t, a.src, a.elem) {
		b.add(t, v)
	}
	if a.after != nil {
		for _, v := range a.after.sources(t) {
			b.add(t, v)
		}
	}
	return b.items
}

func (a *appended) has(t *value.Thread, v value.Value) bool {
	if !a.single() {
		return a.seq.has(t, v)
	}
	one := a.before
	if one == nil {
		one = a.after
	}
	return t.Equal(one.src, v) || contains(t, a.src, a.elem, v)
}

// defaulted is DefaultIfEmpty.
type defaulted struct {
	seq
	src, or value.Value
}

func newDefaulted(t *value.Thread, src value.Value, elem *types.Type, or value.Value) sequence {
	d := &defaulted{src: src, or: or}
	d.make(t, d, elem, src)
	return d
}

func (d *defaulted) Iterate(t *value.Thread) value.Iterator {
	it := t.IterateAs(d.src, d.elem)
	some, done := false, false
	return over(it, func(t *value.Thread) (value.Value, bool) {
		if done {
			return value.Null, false
		}
		v, ok := it.Next(t)
		if !ok {
			done = true
			return d.or, !some
		}
		some = true
		return v, true
	})
}

func (d *defaulted) count(t *value.Thread, cheap bool) int {
	n := -1
	if !cheap {
		n = countOf(t, d.src, d.elem)
	} else if k, ok := cheapCount(t, d.src, d.elem); ok {
		n = k
	}
	if n == 0 {
		return 1
	}
	return n
}

func (d *defaulted) first(t *value.Thread) (value.Value, bool) {
	if v, ok := firstOf(t, d.src, d.elem); ok {
		return v, true
	}
	return d.or, true
}

func (d *defaulted) last(t *value.Thread) (value.Value, bool) {
	if v, ok := lastOf(t, d.src, d.elem); ok {
		return v, true
	}
	return d.or, true
}

func (d *defaulted) has(t *value.Thread, v value.Value) bool {
	if n, ok := cheapCount(t, d.src, d.elem); ok {
		if n == 0 {
			return t.Equal(d.or, v)
		}
		return contains(t, d.src, d.elem, v)
	}
	return d.seq.has(t, v)
}

func (d *defaulted) at(t *value.Thread, i int) (value.Value, bool) {
	if v, ok := atOf(t, d.src, d.elem, i); ok {
		return v, true
	}
	if i == 0 {
		return d.or, true
	}
	return value.Null, false
}

func (d *defaulted) slice(t *value.Thread) []value.Value {
	items := sliceOf(t, d.src, d.elem)
	if len(items) == 0 {
		return []value.Value{d.or}
	}
	return items
}

// reversed is Reverse.
type reversed struct {
	seq
	src value.Value
}

func newReversed(t *value.Thread, src value.Value, elem *types.Type) sequence {
	r := &reversed{src: src}
	r.make(t, r, elem, src)
	return r
}

func (r *reversed) Iterate(*value.Thread) value.Iterator {
	var items []value.Value
	started := false
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if !started {
			started = true
			items = sliceOf(t, r.src, r.elem)
		}
		n := len(items)
		if n == 0 {
			return value.Null, false
		}
		v := items[n-1]
		items = items[:n-1]
		return v, true
	})
}

func (r *reversed) slice(t *value.Thread) []value.Value {
	items := sliceOf(t, r.src, r.elem)
	slices.Reverse(items)
	return items
}

func (r *reversed) count(t *value.Thread, cheap bool) int {
	if !cheap {
		return countOf(t, r.src, r.elem)
	}
	if n, ok := cheapCount(t, r.src, r.elem); ok {
		return n
	}
	return -1
}

func (r *reversed) first(t *value.Thread) (value.Value, bool) { return lastOf(t, r.src, r.elem) }
func (r *reversed) last(t *value.Thread) (value.Value, bool)  { return firstOf(t, r.src, r.elem) }

func (r *reversed) at(t *value.Thread, i int) (value.Value, bool) {
	if l, ok := asIndexed(t, r.src, r.elem); ok {
		if n := l.Len(); i >= 0 && i < n {
			return l.At(n - 1 - i), true
		}
		return value.Null, false
	}
	if i >= 0 {
		if items := sliceOf(t, r.src, r.elem); i < len(items) {
			return items[len(items)-1-i], true
		}
	}
	return value.Null, false
}

func (r *reversed) has(t *value.Thread, v value.Value) bool { return contains(t, r.src, r.elem, v) }

// distinct is Distinct, and Union of two or more sources.
type distinct struct {
	seq
	chain    *chain
	comparer value.EqualityComparer
	union    bool
}

func newDistinct(t *value.Thread, elem *types.Type, k *chain, comparer value.EqualityComparer, union bool, sources ...value.Value) sequence {
	d := &distinct{chain: k, comparer: comparer, union: union}
	d.make(t, d, elem, sources...)
	return d
}

func (d *distinct) Iterate(t *value.Thread) value.Iterator {
	it := &relay{sources: d.chain.sources(t), elem: d.elem}
	set := NewSet(d.elem, d.comparer)
	return &closer{func(t *value.Thread) (value.Value, bool) {
		for {
			v, ok := it.Next(t)
			if !ok {
				return value.Null, false
			}
			if set.add(t, v) {
				return v, true
			}
			t.Step(1)
		}
	}, func() value.Iterator { return it }}
}

func (d *distinct) set(t *value.Thread) *Set {
	set := NewSet(d.elem, d.comparer)
	for _, src := range d.chain.sources(t) {
		set.unionWith(t, src)
	}
	return set
}

func (d *distinct) count(t *value.Thread, cheap bool) int {
	if cheap {
		return -1
	}
	return d.set(t).Len()
}

func (d *distinct) slice(t *value.Thread) []value.Value { return d.set(t).items(t) }

func (d *distinct) first(t *value.Thread) (value.Value, bool) {
	for _, src := range d.chain.sources(t) {
		if v, ok := firstOf(t, src, d.elem); ok {
			return v, true
		}
	}
	return value.Null, false
}

func (d *distinct) has(t *value.Thread, v value.Value) bool {
	if d.comparer != nil {
		return d.seq.has(t, v)
	}
	for _, src := range d.chain.sources(t) {
		if contains(t, src, d.elem, v) {
			return true
		}
	}
	return false
}

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
