package linq

import (
	"slices"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

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
