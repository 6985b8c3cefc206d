package linq

import (
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
