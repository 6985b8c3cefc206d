package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	comparerDef         = types.Declare("System.Collections.Generic", "public abstract class Comparer<T> : IComparer, IComparer<T>")
	equalityComparerDef = types.Declare("System.Collections.Generic", "public abstract class EqualityComparer<T> : IEqualityComparer, IEqualityComparer<T>")
)

// order is a Comparer<T>: the default one, or one of a comparison.
type order struct {
	typ        *types.Type
	comparison value.Value // null for the default
}

func (o *order) Type() *types.Type { return o.typ }

// Equals makes all default comparers of a type one.
func (o *order) Equals(_ *value.Thread, other value.Value) bool {
	p, ok := other.Object().(*order)
	return ok && (o == p || o.comparison.IsNull() && p.comparison.IsNull() && o.typ == p.typ)
}

func (o *order) CompareValues(t *value.Thread, a, b value.Value) int {
	if o.comparison.IsNull() {
		return t.Compare(a, b)
	}
	return t.Invoke2(o.comparison, a, b).Int()
}

// equality is an EqualityComparer<T>: the default one, or one of two functions.
type equality struct {
	typ         *types.Type
	equal, hash value.Value // null for the default
}

func (e *equality) Type() *types.Type { return e.typ }

// Equals makes all default comparers of a type one.
func (e *equality) Equals(_ *value.Thread, other value.Value) bool {
	p, ok := other.Object().(*equality)
	return ok && (e == p || e.equal.IsNull() && p.equal.IsNull() && e.typ == p.typ)
}

func (e *equality) EqualValues(t *value.Thread, a, b value.Value) bool {
	if e.equal.IsNull() {
		return t.Equal(a, b)
	}
	return t.Invoke2(e.equal, a, b).Bool()
}

func (e *equality) HashValue(t *value.Thread, v value.Value) int32 {
	switch {
	case e.equal.IsNull():
		return t.Hash(v)
	case e.hash.IsNull():
		t.Throw(value.NotSupportedException, "Specified method is not supported.")
	}
	return int32(t.Invoke1(e.hash, v).Int())
}

// equalityOf is an IEqualityComparer<T> argument; nil is the default one.
func equalityOf(v value.Value) value.EqualityComparer {
	if e, ok := v.Object().(*equality); ok && e.equal.IsNull() {
		return nil
	}
	e, _ := v.Object().(value.EqualityComparer)
	return e
}

// same compares two values by an equality, nil being the default.
func same(t *value.Thread, by value.EqualityComparer, a, b value.Value) bool {
	if by == nil {
		return t.Equal(a, b)
	}
	return by.EqualValues(t, a, b)
}

// comparing is how an IComparer<T> argument orders.
func comparing(t *value.Thread, v value.Value) func(a, b value.Value) int {
	if o, ok := v.Object().(value.OrderComparer); ok {
		return func(a, b value.Value) int { return o.CompareValues(t, a, b) }
	}
	return t.Compare
}

// comparerValue is the object that a collection shows as its Comparer.
func comparerValue(by value.EqualityComparer, of *types.Type) value.Value {
	if o, ok := by.(value.Object); ok {
		return value.Of(o)
	}
	return value.Of(&equality{typ: equalityComparerDef.Of(of)})
}

func comparers() []value.Members {
	return []value.Members{
		{Def: comparerDef, Doc: "An order of values.", Beyond: true, Rows: []value.Row{
			{Sig: "static Comparer<T> Default { get; }", Doc: "The order that the values have of themselves.", Func: func(c *value.Call) value.Value {
				return value.Of(&order{typ: c.Owner})
			}},
			{Sig: "static Comparer<T> Create(Comparison<T> comparison)", Doc: "The order of a comparison.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "comparison")
				return value.Of(&order{c.Owner, c.Args[0]})
			}},
			{Sig: "int Compare(T x, T y)", Doc: "Compares two values.", Func: func(c *value.Call) value.Value {
				return value.Int(c.This.Object().(value.OrderComparer).CompareValues(c.Thread, c.Args[0], c.Args[1]))
			}},
		}},
		{Def: equalityComparerDef, Doc: "An equality of values.", Beyond: true, Rows: []value.Row{
			{Sig: "static EqualityComparer<T> Default { get; }", Doc: "The equality that the values have of themselves.", Func: func(c *value.Call) value.Value {
				return value.Of(&equality{typ: c.Owner})
			}},
			{Sig: "static EqualityComparer<T> Create(Func<T, T, bool> equals, Func<T, int> getHashCode = null)", Doc: "The equality of functions.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "equals")
				return value.Of(&equality{c.Owner, c.Args[0], c.Args[1]})
			}},
			{Sig: "bool Equals(T x, T y)", Doc: "Reports whether two values are equal.", Func: func(c *value.Call) value.Value {
				return value.Bool(c.This.Object().(value.EqualityComparer).EqualValues(c.Thread, c.Args[0], c.Args[1]))
			}},
			{Sig: "int GetHashCode(T obj)", Doc: "The hash that goes with the equality.", Func: func(c *value.Call) value.Value {
				return value.Int(int(c.This.Object().(value.EqualityComparer).HashValue(c.Thread, c.Args[0])))
			}},
		}},
	}
}
