package value

import "github.com/spillway-gateway/spillway/expr/types"

// List is a List<T>.
type List struct {
	typ     *types.Type
	elem    *types.Type
	items   []Value
	version int
}

// NewList is a List<T> over items, which then belong to it.
func NewList(elem *types.Type, items []Value) *List {
	return &List{typ: types.List.Of(elem), elem: elem, items: items}
}

// Type is the list's type.
func (l *List) Type() *types.Type { return l.typ }

// Elem is the type of the elements.
func (l *List) Elem() *types.Type { return l.elem }

// Len is the number of elements.
func (l *List) Len() int { return len(l.items) }

// Items are the elements, shared with the list. Whoever changes them calls
// Touch.
func (l *List) Items() []Value { return l.items }

// At is an element; the index must be in range.
func (l *List) At(i int) Value { return l.items[i] }

// Set replaces an element, which ends walks that are under way.
func (l *List) Set(i int, v Value) { l.items[i] = v; l.version++ }

// Add appends an element. The room doubles, from 4 on: policies can see that
// as Capacity.
func (l *List) Add(t *Thread, v Value) {
	if n := len(l.items); n == cap(l.items) {
		room := max(4, 2*n)
		t.Alloc(room * valueSize)
		grown := make([]Value, n, room)
		copy(grown, l.items)
		l.items = grown
	}
	l.items = append(l.items, v)
	l.version++
}

// Move gives the list a new buffer with the same elements, which walks that are
// under way do not mind.
func (l *List) Move(items []Value) { l.items = items }

// Replace makes items the elements of the list.
func (l *List) Replace(items []Value) { l.items = items; l.version++ }

// Touch ends walks that are under way: their next step throws.
func (l *List) Touch() { l.version++ }

// Version changes with every change of the list.
func (l *List) Version() int { return l.version }

// Iterate walks over the elements and throws when the list has been changed.
func (l *List) Iterate(*Thread) Iterator {
	i, version := 0, l.version
	return IteratorFunc(func(t *Thread) (Value, bool) {
		if l.version != version {
			t.ThrowChanged()
		}
		if i >= len(l.items) {
			return Value{}, false
		}
		i++
		return l.items[i-1], true
	})
}

// ThrowChanged throws what a walk over a changed collection throws.
func (t *Thread) ThrowChanged() {
	t.Throw(InvalidOperationException, "Collection was modified; enumeration operation may not execute.")
}
