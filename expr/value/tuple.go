package value

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
)

// Tuple is a fixed row of values: a value tuple, a System.Tuple, an anonymous
// object or a KeyValuePair. It is immutable but for the fields of value tuples,
// which are copied when they are assigned.
type Tuple struct {
	typ   *types.Type
	Items []Value
}

// NewTuple is a tuple of any of those types over items, which belong to it.
func NewTuple(typ *types.Type, items []Value) *Tuple { return &Tuple{typ, items} }

// Pair is a KeyValuePair<K,V> of type typ.
func Pair(typ *types.Type, k, v Value) Value { return Of(&Tuple{typ, []Value{k, v}}) }

// Type is the tuple's type.
func (x *Tuple) Type() *types.Type { return x.typ }

// Equals compares item by item with a tuple of the same type.
func (x *Tuple) Equals(t *Thread, other Value) bool {
	y, ok := other.r.(*Tuple)
	if !ok || y.typ != x.typ {
		return false
	}
	for i := range x.Items {
		if !t.Equal(x.Items[i], y.Items[i]) {
			return false
		}
	}
	return true
}

// Hash combines the hashes of the items.
func (x *Tuple) Hash(t *Thread) int32 {
	h := int32(0)
	for _, v := range x.Items {
		h = h*31 + t.Hash(v)
	}
	return h
}

// CompareTo compares item by item; only tuples proper can be compared.
func (x *Tuple) CompareTo(t *Thread, other Value) int {
	y, ok := other.r.(*Tuple)
	if x.typ.IsAnonymous() || x.typ.Def() == types.KeyValuePair {
		t.ThrowArgument(ArgumentException, "At least one object must implement IComparable.", "")
	}
	if other.IsNull() {
		return 1
	}
	if !ok || y.typ != x.typ {
		t.ThrowArgument(ArgumentException, "Argument must be of type "+x.typ.ReflectionName()+".", "other")
	}
	for i := range x.Items {
		if c := t.Compare(x.Items[i], y.Items[i]); c != 0 {
			return c
		}
	}
	return 0
}

// ToString is (a, b) of tuples, [k, v] of pairs, { n = a } of anonymous objects.
func (x *Tuple) ToString(t *Thread) string {
	var b strings.Builder
	open, end := "(", ")"
	switch {
	case x.typ.IsAnonymous():
		if len(x.Items) == 0 {
			return "{ }"
		}
		open, end = "{ ", " }"
	case x.typ.Def() == types.KeyValuePair:
		open, end = "[", "]"
	}
	b.WriteString(open)
	for i, v := range x.Items {
		if i > 0 {
			b.WriteString(", ")
		}
		if x.typ.IsAnonymous() {
			b.WriteString(x.typ.Def().Anonymous[i] + " = ")
		}
		b.WriteString(t.ToString(v))
	}
	b.WriteString(end)
	return b.String()
}

// Shape is what serialisers see: the names of the properties or fields.
func (x *Tuple) Shape(*Thread) []Property {
	props := make([]Property, len(x.Items))
	for i, v := range x.Items {
		name := ""
		switch {
		case x.typ.IsAnonymous():
			name = x.typ.Def().Anonymous[i]
		case x.typ.Def() == types.KeyValuePair:
			name = [2]string{"Key", "Value"}[i]
		default:
			name = ItemName(i)
		}
		props[i] = Property{name, v}
	}
	return props
}

// ItemName is the name of a tuple's element by its index from 0: Item1.
func ItemName(i int) string {
	if i < 9 {
		return "Item" + string(rune('1'+i))
	}
	return "Item" + string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10))
}
