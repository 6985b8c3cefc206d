package linq

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const maxIndex = math.MaxInt32

// internalNamespace holds the types that .NET keeps internal: no expression can
// spell it.
const internalNamespace = "<System.Linq>"

var listIterator = types.Declare(internalNamespace, "public sealed class ListIterator<T> : IList<T>, IReadOnlyList<T>")

// window is a part of a list by index, with the Select that may follow it. One
// without is itself an IList<T>.
type window struct {
	seq
	src    value.Value
	from   *types.Type
	list   indexed
	lo, hi int // both inclusive
	fs     []value.Value
}

func newWindow(t *value.Thread, src value.Value, from *types.Type, list indexed, lo, hi int, fs []value.Value, to *types.Type) sequence {
	w := &window{src: src, from: from, list: list, lo: lo, hi: hi, fs: fs}
	w.make(t, w, to, src)
	if fs == nil {
		l := &listWindow{w}
		w.typ, w.self = listIterator.Of(w.elem), l
		return l
	}
	return w
}

// listWindow is a window that is a list.
type listWindow struct{ *window }

// Len is the number of elements.
func (w *listWindow) Len() int { return w.size() }

// At is an element.
func (w *listWindow) At(i int) value.Value { return w.list.At(w.lo + i) }

func (w *window) size() int { return max(min(w.list.Len()-1, w.hi)-w.lo+1, 0) }

func (w *window) Iterate(*value.Thread) value.Iterator {
	i := 0
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if i > w.hi-w.lo || i >= w.list.Len()-w.lo {
			return value.Null, false
		}
		v := apply(t, w.fs, w.list.At(w.lo+i))
		i++
		return v, true
	})
}

func (w *window) count(t *value.Thread, cheap bool) int {
	n := w.size()
	if !cheap && w.fs != nil {
		for i := range n {
			t.Step(1)
			apply(t, w.fs, listAt(t, w.list, w.lo+i))
		}
	}
	return n
}

func (w *window) first(t *value.Thread) (value.Value, bool) {
	if w.list.Len() <= w.lo {
		return value.Null, false
	}
	return apply(t, w.fs, w.list.At(w.lo)), true
}

func (w *window) last(t *value.Thread) (value.Value, bool) {
	end := w.list.Len() - 1
	if end < w.lo {
		return value.Null, false
	}
	return apply(t, w.fs, w.list.At(min(end, w.hi))), true
}

func (w *window) at(t *value.Thread, i int) (value.Value, bool) {
	if i < 0 || i > w.hi-w.lo || i >= w.list.Len()-w.lo {
		return value.Null, false
	}
	return apply(t, w.fs, w.list.At(w.lo+i)), true
}

func (w *window) skip(t *value.Thread, n int) sequence {
	if w.lo+n > w.hi {
		return nil
	}
	return newWindow(t, w.src, w.from, w.list, w.lo+n, w.hi, w.fs, w.elem)
}

func (w *window) take(t *value.Thread, n int) sequence {
	if w.lo+n-1 >= w.hi {
		return w.self
	}
	return newWindow(t, w.src, w.from, w.list, w.lo, w.lo+n-1, w.fs, w.elem)
}

func (w *window) slice(t *value.Thread) []value.Value {
	n := w.size()
	t.Alloc(n * valueSize)
	out := make([]value.Value, n)
	for i := range out {
		t.Step(1)
		out[i] = apply(t, w.fs, listAt(t, w.list, w.lo+i))
	}
	return out
}

func (w *window) mapped(t *value.Thread, f value.Value, to *types.Type) sequence {
	return newWindow(t, w.src, w.from, w.list, w.lo, w.hi, join(t, w.fs, f), to)
}

// part is Skip and Take over what is no list.
type part struct {
	seq
	src    value.Value
	lo, hi int // both inclusive; hi is -1 without a limit
}

func newPart(t *value.Thread, src value.Value, elem *types.Type, lo, hi int) sequence {
	p := &part{src: src, lo: lo, hi: hi}
	p.make(t, p, elem, src)
	return p
}

func (p *part) limited() bool { return p.hi != -1 }

// pass moves over n elements and reports how many there were.
func pass(t *value.Thread, it value.Iterator, n int) int {
	for i := range n {
		if _, ok := it.Next(t); !ok {
			return i
		}
		t.Step(1)
	}
	return n
}

func (p *part) Iterate(t *value.Thread) value.Iterator {
	it := t.IterateAs(p.src, p.elem)
	started, taken := false, 0
	return over(it, func(t *value.Thread) (value.Value, bool) {
		if !started {
			started = true
			if pass(t, it, p.lo) < p.lo {
				return value.Null, false
			}
		}
		if p.limited() && taken > p.hi-p.lo {
			if k, ok := it.(value.Closer); ok {
				k.Close(t)
			}
			return value.Null, false
		}
		taken++
		return it.Next(t)
	})
}

func (p *part) count(t *value.Thread, cheap bool) int {
	if cheap {
		return -1
	}
	if !p.limited() {
		return max(countOf(t, p.src, p.elem)-p.lo, 0)
	}
	n := 0
	it := t.IterateAs(p.src, p.elem)
	closing(t, it, func() { n = pass(t, it, p.hi+1) })
	return max(n-p.lo, 0)
}

func (p *part) first(t *value.Thread) (value.Value, bool) {
	if s, ok := asSequence(p.src, p.elem); ok {
		return s.at(t, p.lo)
	}
	return walkTo(t, p.src, p.elem, p.lo)
}

func (p *part) at(t *value.Thread, i int) (value.Value, bool) {
	if i < 0 || p.limited() && i > p.hi-p.lo {
		return value.Null, false
	}
	if s, ok := asSequence(p.src, p.elem); ok {
		return s.at(t, p.lo+i)
	}
	return walkTo(t, p.src, p.elem, p.lo+i)
}

func (p *part) last(t *value.Thread) (value.Value, bool) {
	if s, ok := asSequence(p.src, p.elem); ok {
		if n := s.count(t, true); n >= p.lo && n > 0 {
			if !p.limited() {
				if n == p.lo {
					return value.Null, false
				}
				return s.last(t)
			}
			if n <= p.hi {
				return p.walkLast(t)
			}
			return s.at(t, p.hi)
		}
	}
	return p.walkLast(t)
}

func (p *part) walkLast(t *value.Thread) (value.Value, bool) {
	return walkLast(t, value.Of(p), p.elem)
}

func (p *part) skip(t *value.Thread, n int) sequence {
	lo := p.lo + n
	if !p.limited() {
		if lo > maxIndex {
			return p.seq.skip(t, n)
		}
	} else if lo > p.hi {
		return nil
	}
	return newPart(t, p.src, p.elem, lo, p.hi)
}

func (p *part) take(t *value.Thread, n int) sequence {
	hi := p.lo + n - 1
	if !p.limited() {
		if hi > maxIndex {
			return p.seq.take(t, n)
		}
	} else if hi >= p.hi {
		return p
	}
	return newPart(t, p.src, p.elem, p.lo, hi)
}

// numbers is Enumerable.Range, with the Select that may follow it. One without
// is itself an IList<int>.
type numbers struct {
	seq
	start, n int
	fs       []value.Value
}

func newNumbers(t *value.Thread, start, n int, fs []value.Value, to *types.Type) sequence {
	r := &numbers{start: start, n: n, fs: fs}
	r.make(t, r, to)
	if fs == nil {
		l := &listNumbers{r}
		r.typ, r.self = listIterator.Of(types.Int32), l
		return l
	}
	return r
}

type listNumbers struct{ *numbers }

// Len is how many numbers there are.
func (r *listNumbers) Len() int { return r.n }

// At is the number with an index.
func (r *listNumbers) At(i int) value.Value { return value.Int(r.start + i) }

func (r *listNumbers) has(_ *value.Thread, v value.Value) bool {
	return v.Int() >= r.start && v.Int() < r.start+r.n
}

func (r *numbers) get(t *value.Thread, i int) value.Value {
	return apply(t, r.fs, value.Int(r.start+i))
}

func (r *numbers) Iterate(*value.Thread) value.Iterator {
	i := 0
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if i >= r.n {
			return value.Null, false
		}
		i++
		return r.get(t, i-1), true
	})
}

func (r *numbers) count(t *value.Thread, cheap bool) int {
	if !cheap && r.fs != nil {
		for i := range r.n {
			t.Step(1)
			r.get(t, i)
		}
	}
	return r.n
}

func (r *numbers) first(t *value.Thread) (value.Value, bool) { return r.get(t, 0), true }
func (r *numbers) last(t *value.Thread) (value.Value, bool)  { return r.get(t, r.n-1), true }

func (r *numbers) at(t *value.Thread, i int) (value.Value, bool) {
	if i < 0 || i >= r.n {
		return value.Null, false
	}
	return r.get(t, i), true
}

func (r *numbers) skip(t *value.Thread, n int) sequence {
	if n >= r.n {
		return nil
	}
	return newNumbers(t, r.start+n, r.n-n, r.fs, r.elem)
}

func (r *numbers) take(t *value.Thread, n int) sequence {
	if n >= r.n {
		return r.self
	}
	return newNumbers(t, r.start, n, r.fs, r.elem)
}

func (r *numbers) mapped(t *value.Thread, f value.Value, to *types.Type) sequence {
	return newNumbers(t, r.start, r.n, join(t, r.fs, f), to)
}

// repeated is Enumerable.Repeat, an IList<T>.
type repeated struct {
	seq
	v value.Value
	n int
}

func newRepeated(t *value.Thread, elem *types.Type, v value.Value, n int) sequence {
	r := &repeated{v: v, n: n}
	r.make(t, r, elem)
	r.typ = listIterator.Of(r.elem)
	return r
}

// Len is how often the value comes.
func (r *repeated) Len() int { return r.n }

// At is the value.
func (r *repeated) At(int) value.Value { return r.v }

func (r *repeated) Iterate(*value.Thread) value.Iterator {
	i := 0
	return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
		i++
		return r.v, i <= r.n
	})
}

func (r *repeated) count(*value.Thread, bool) int                 { return r.n }
func (r *repeated) first(*value.Thread) (value.Value, bool)       { return r.v, true }
func (r *repeated) last(*value.Thread) (value.Value, bool)        { return r.v, true }
func (r *repeated) at(_ *value.Thread, i int) (value.Value, bool) { return r.v, i >= 0 && i < r.n }
func (r *repeated) has(t *value.Thread, v value.Value) bool       { return t.Equal(r.v, v) }

func (r *repeated) skip(t *value.Thread, n int) sequence {
	if n >= r.n {
		return nil
	}
	return newRepeated(t, r.elem, r.v, r.n-n)
}

func (r *repeated) take(t *value.Thread, n int) sequence {
	if n >= r.n {
		return r
	}
	return newRepeated(t, r.elem, r.v, n)
}

// skipped is Enumerable.Skip.
func skipped(t *value.Thread, src value.Value, elem *types.Type, n int) value.Value {
	if isEmptyArray(src, elem) {
		return emptyArray(t, elem)
	}
	if s, ok := asSequence(src, elem); ok {
		if n <= 0 {
			return src
		}
		return sequenceOr(t, s.skip(t, n), elem)
	}
	n = max(n, 0)
	if l, ok := asIndexed(t, src, elem); ok {
		return value.Of(newWindow(t, src, elem, l, n, maxIndex, nil, elem))
	}
	return value.Of(newPart(t, src, elem, n, -1))
}

// taken is Enumerable.Take.
func taken(t *value.Thread, src value.Value, elem *types.Type, n int) value.Value {
	if n <= 0 || isEmptyArray(src, elem) {
		return emptyArray(t, elem)
	}
	if s, ok := asSequence(src, elem); ok {
		return sequenceOr(t, s.take(t, n), elem)
	}
	if l, ok := asIndexed(t, src, elem); ok {
		return value.Of(newWindow(t, src, elem, l, 0, n-1, nil, elem))
	}
	return value.Of(newPart(t, src, elem, 0, n-1))
}

// within is the part of a source from one index up to another.
func within(t *value.Thread, src value.Value, elem *types.Type, from, to int) value.Value {
	return skipped(t, taken(t, src, elem, to), elem, from)
}

func sequenceOr(t *value.Thread, s sequence, elem *types.Type) value.Value {
	if s == nil {
		return emptyArray(t, elem)
	}
	return value.Of(s)
}
