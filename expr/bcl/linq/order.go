package linq

import (
	"slices"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	orderedDef      = types.Declare("System.Linq", "public interface IOrderedEnumerable<out TElement> : IEnumerable<TElement>")
	orderedIterator = types.Declare(internalNamespace, "public sealed class OrderedIterator<T> : IOrderedEnumerable<T>")
)

// ordered is OrderBy, or a ThenBy after parent.
type ordered struct {
	seq
	src        value.Value
	key        value.Value // null for Order, whose keys are the elements
	compare    value.Value // the comparer, null for the default
	descending bool
	parent     *ordered
}

func newOrdered(t *value.Thread, src value.Value, elem *types.Type, key, compare value.Value, descending bool, parent *ordered) *ordered {
	o := &ordered{src: src, key: key, compare: compare, descending: descending, parent: parent}
	o.make(t, o, elem, src)
	if parent != nil {
		o.deep = parent.deep + 1
		checkNesting(o.deep)
	}
	o.typ = orderedIterator.Of(o.elem)
	return o
}

// levels are the orders from the first to the last ThenBy.
func (o *ordered) levels() []*ordered {
	var list []*ordered
	for k := o; k != nil; k = k.parent {
		list = append(list, k)
	}
	slices.Reverse(list)
	return list
}

func (o *ordered) keyOf(t *value.Thread, v value.Value) value.Value {
	if o.key.IsNull() {
		return v
	}
	return t.Invoke1(o.key, v)
}

// sorted computes the keys level by level and gives the comparison of two
// indexes, which is total: what is equal keeps its order.
func (o *ordered) sorted(t *value.Thread, items []value.Value) func(a, b int) int {
	levels := o.levels()
	keys := make([][]value.Value, len(levels))
	compare := make([]func(a, b value.Value) int, len(levels))
	for i, k := range levels {
		t.Alloc(len(items) * valueSize)
		keys[i] = make([]value.Value, len(items))
		for n, v := range items {
			t.Step(1)
			keys[i][n] = k.keyOf(t, v)
		}
		compare[i] = comparing(t, k.compare)
	}
	return func(a, b int) int {
		t.Step(1)
		for i, k := range levels {
			c := compare[i](keys[i][a], keys[i][b])
			if c == 0 {
				continue
			}
			if k.descending != (c > 0) {
				return 1
			}
			return -1
		}
		return a - b
	}
}

// sort gives the elements in order. What a comparison throws comes wrapped, as
// Array.Sort wraps it.
func (o *ordered) sort(t *value.Thread, items []value.Value) []value.Value {
	compare := o.sorted(t, items)
	t.Alloc(2 * len(items) * valueSize)
	at := make([]value.Value, len(items))
	for i := range at {
		at[i] = value.Int(i)
	}
	t.Sort(at, func(a, b value.Value) int { return compare(a.Int(), b.Int()) })
	return o.place(items, at)
}

func (o *ordered) place(items, at []value.Value) []value.Value {
	out := make([]value.Value, len(at))
	for i, k := range at {
		out[i] = items[k.Int()]
	}
	return out
}

// sortPart gives the elements from one place to another, both inclusive. .NET
// sorts partially here, with steps of its own that wrap no exceptions.
func (o *ordered) sortPart(t *value.Thread, items []value.Value, lo, hi int) []value.Value {
	compare := o.sorted(t, items)
	t.Alloc(2 * len(items) * valueSize)
	at := make([]int, len(items))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, compare)
	out := make([]value.Value, 0, hi-lo+1)
	for _, k := range at[lo : hi+1] {
		out = append(out, items[k])
	}
	return out
}

func (o *ordered) Iterate(*value.Thread) value.Iterator {
	var out []value.Value
	started, i := false, 0
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if !started {
			started = true
			out = o.slice(t)
		}
		if i >= len(out) {
			return value.Null, false
		}
		i++
		return out[i-1], true
	})
}

func (o *ordered) slice(t *value.Thread) []value.Value {
	items := sliceOf(t, o.src, o.elem)
	if len(items) == 0 {
		return items
	}
	return o.sort(t, items)
}

func (o *ordered) count(t *value.Thread, cheap bool) int {
	if s, ok := asSequence(o.src, o.elem); ok {
		return s.count(t, cheap)
	}
	if cheap {
		if n, ok := collectionCount(t, o.src, o.elem); ok {
			return n
		}
		return -1
	}
	return countOf(t, o.src, o.elem)
}

// best remembers the keys of the best element so far. It computes a ThenBy's
// key only where the keys before it are equal or an element is the new best.
type best struct {
	o       *ordered
	compare func(a, b value.Value) int
	last    value.Value
	child   *best
}

func (o *ordered) best(t *value.Thread) *best {
	var b *best
	for k := o; k != nil; k = k.parent {
		b = &best{o: k, compare: comparing(t, k.compare), child: b}
	}
	return b
}

func (b *best) set(t *value.Thread, v value.Value) {
	b.last = b.o.keyOf(t, v)
	if b.child != nil {
		b.child.set(t, v)
	}
}

func (b *best) order(t *value.Thread, v value.Value, lower bool) int {
	key := b.o.keyOf(t, v)
	c := 0
	if b.o.descending {
		c = b.compare(b.last, key)
	} else {
		c = b.compare(key, b.last)
	}
	if c == 0 && b.child != nil {
		return b.child.order(t, v, lower)
	}
	if lower == (c < 0) {
		b.last = key
		if b.child != nil {
			b.child.set(t, v)
		}
	}
	return c
}

func (o *ordered) first(t *value.Thread) (found value.Value, ok bool) {
	b := o.best(t)
	each(t, o.src, o.elem, func(v value.Value) bool {
		if !ok {
			found, ok = v, true
			b.set(t, v)
		} else if b.order(t, v, true) < 0 {
			found = v
		}
		return true
	})
	return found, ok
}

func (o *ordered) last(t *value.Thread) (value.Value, bool) { return o.lastOf(t, o.src, nil) }

// lastOf is the last of what passes a predicate, nil passing all.
func (o *ordered) lastOf(t *value.Thread, src value.Value, predicate []value.Value) (found value.Value, ok bool) {
	b := o.best(t)
	each(t, src, o.elem, func(v value.Value) bool {
		if !passes(t, predicate, v) {
			return true
		}
		if !ok {
			found, ok = v, true
			b.set(t, v)
		} else if b.order(t, v, false) >= 0 {
			found = v
		}
		return true
	})
	return found, ok
}

func (o *ordered) at(t *value.Thread, i int) (value.Value, bool) {
	if i == 0 {
		return o.first(t)
	}
	if i > 0 {
		if items := sliceOf(t, o.src, o.elem); i < len(items) {
			return o.sortPart(t, items, i, i)[0], true
		}
	}
	return value.Null, false
}

func (o *ordered) has(t *value.Thread, v value.Value) bool { return contains(t, o.src, o.elem, v) }

func (o *ordered) skip(t *value.Thread, n int) sequence { return newOrderedPart(t, o, n, maxIndex) }
func (o *ordered) take(t *value.Thread, n int) sequence { return newOrderedPart(t, o, 0, n-1) }

// orderedPart is Skip and Take after OrderBy.
type orderedPart struct {
	seq
	o      *ordered
	lo, hi int // both inclusive
}

func newOrderedPart(t *value.Thread, o *ordered, lo, hi int) sequence {
	p := &orderedPart{o: o, lo: lo, hi: hi}
	p.make(t, p, o.elem, value.Of(o))
	return p
}

func (p *orderedPart) slice(t *value.Thread) []value.Value {
	items := sliceOf(t, p.o.src, p.o.elem)
	if len(items) <= p.lo {
		return nil
	}
	return p.o.sortPart(t, items, p.lo, min(p.hi, len(items)-1))
}

func (p *orderedPart) Iterate(*value.Thread) value.Iterator {
	var out []value.Value
	started, i := false, 0
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if !started {
			started = true
			out = p.slice(t)
		}
		if i >= len(out) {
			return value.Null, false
		}
		i++
		return out[i-1], true
	})
}

func (p *orderedPart) count(t *value.Thread, cheap bool) int {
	n := p.o.count(t, cheap)
	switch {
	case n <= 0:
		return n
	case n <= p.lo:
		return 0
	}
	return min(n, p.hi+1) - p.lo
}

func (p *orderedPart) first(t *value.Thread) (value.Value, bool) { return p.o.at(t, p.lo) }

func (p *orderedPart) at(t *value.Thread, i int) (value.Value, bool) {
	if i < 0 || i > p.hi-p.lo {
		return value.Null, false
	}
	return p.o.at(t, p.lo+i)
}

func (p *orderedPart) last(t *value.Thread) (value.Value, bool) {
	items := sliceOf(t, p.o.src, p.o.elem)
	switch {
	case p.lo >= len(items):
		return value.Null, false
	case p.hi < len(items)-1:
		return p.o.sortPart(t, items, p.hi, p.hi)[0], true
	}
	return p.o.lastOf(t, t.ArrayOf(p.o.elem, items), nil)
}

func (p *orderedPart) skip(t *value.Thread, n int) sequence {
	if p.lo+n > p.hi {
		return nil
	}
	return newOrderedPart(t, p.o, p.lo+n, p.hi)
}

func (p *orderedPart) take(t *value.Thread, n int) sequence {
	if p.lo+n-1 >= p.hi {
		return p
	}
	return newOrderedPart(t, p.o, p.lo, p.lo+n-1)
}

// orders are the rows of OrderBy and its kin.
func orders() []value.Row {
	var rows []value.Row
	for _, down := range []bool{false, true} {
		suffix, how := "", "Sorts by keys; what is equal keeps its order."
		if down {
			suffix, how = "Descending", "Sorts by keys, the greatest first; what is equal keeps its order."
		}
		by := func(c *value.Call, compare value.Value) value.Value {
			c.NotNull(0, "source")
			c.NotNull(1, "keySelector")
			return value.Of(newOrdered(c.Thread, c.Args[0], c.Types[0], c.Args[1], compare, down, nil))
		}
		then := func(c *value.Call, compare value.Value) value.Value {
			c.NotNull(0, "source")
			c.NotNull(1, "keySelector")
			o := c.Args[0].Object().(*ordered)
			return value.Of(newOrdered(c.Thread, o.src, o.elem, c.Args[1], compare, down, o))
		}
		plain := func(c *value.Call, compare value.Value) value.Value {
			c.NotNull(0, "source")
			return value.Of(newOrdered(c.Thread, c.Args[0], c.Types[0], value.Null, compare, down, nil))
		}
		rows = append(rows,
			value.Row{
				Sig: "static IOrderedEnumerable<TSource> OrderBy" + suffix + "<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", Doc: how,
				Func: func(c *value.Call) value.Value { return by(c, value.Null) },
			},
			value.Row{
				Sig: "static IOrderedEnumerable<TSource> OrderBy" + suffix + "<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)", Doc: how,
				Func: func(c *value.Call) value.Value { return by(c, c.Args[2]) },
			},
			value.Row{
				Sig: "static IOrderedEnumerable<TSource> ThenBy" + suffix + "<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector)", Doc: how,
				Func: func(c *value.Call) value.Value { return then(c, value.Null) },
			},
			value.Row{
				Sig: "static IOrderedEnumerable<TSource> ThenBy" + suffix + "<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)", Doc: how,
				Func: func(c *value.Call) value.Value { return then(c, c.Args[2]) },
			},
			value.Row{
				Sig: "static IOrderedEnumerable<T> Order" + suffix + "<T>(this IEnumerable<T> source)", Doc: how, Beyond: true,
				Func: func(c *value.Call) value.Value { return plain(c, value.Null) },
			},
			value.Row{
				Sig: "static IOrderedEnumerable<T> Order" + suffix + "<T>(this IEnumerable<T> source, IComparer<T> comparer)", Doc: how, Beyond: true,
				Func: func(c *value.Call) value.Value { return plain(c, c.Args[1]) },
			},
		)
	}
	return rows
}
