// Package types holds the static types of the expression language: type
// definitions and the types constructed from them, members as their C#
// signatures say, and how types relate (identity, inheritance, variance,
// standard conversions).
//
// A type is declared by its C# declaration text, as the other rows of the
// language are (see package value):
//
//	var StringBuilder = types.Declare("System.Text", "public sealed class StringBuilder")
//	var XContainer    = types.Declare("System.Xml.Linq", "public abstract class XContainer : XNode")
//	var DayOfWeek     = types.Declare("System", "public enum DayOfWeek { Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday }")
//	var Queue         = types.Declare("System.Collections.Generic", "public class Queue<T> : IReadOnlyCollection<T>, ICollection")
//	var Comparison    = types.Declare("System", "public delegate int Comparison<in T>(T x, T y)")
//	var Rule          = types.Declare("System", "public sealed class TimeZoneInfo.AdjustmentRule")
//
// A *Def is the definition; a *Type is what expressions have: Queue.Of(String)
// is Queue<string>, StringBuilder.Type() the one type of a definition without
// parameters. Types are interned: two types are the same exactly when their
// pointers are equal, except for the names of tuple elements, which identity
// ignores (see Same and Plain).
//
// Texts that name other types (bases, interfaces, enum bases, delegate
// parameters) are resolved when a Universe is made of definitions; the types
// that this package declares itself are resolved from the start.
//
// Everything here is safe for concurrent use once a Universe has been made.
package types

import (
	"sync"
	"sync/atomic"
)

// Kind is the coarse sort of a type.
type Kind uint8

// The kinds of types.
const (
	Class     Kind = iota
	Struct         // value types that are not enums
	Interface      //
	Enum           //
	Delegate       //
	Array          // T[], T[,]
	Pointer        // T*, which policy expressions may not use
	Parameter      // a type parameter of a type or a method
	Void           //
	NullType       // the type of the literal null
	Invalid        // stands where a problem was already reported
)

// Code names the types that the language itself knows.
type Code uint8

// The codes, numeric ones in the order of C#'s conversion tables.
const (
	NoCode Code = iota
	CodeObject
	CodeString
	CodeBool
	CodeChar
	CodeSByte
	CodeByte
	CodeInt16
	CodeUInt16
	CodeInt32
	CodeUInt32
	CodeInt64
	CodeUInt64
	CodeSingle
	CodeDouble
	CodeDecimal
)

// Variance of a type parameter of an interface or a delegate.
type Variance uint8

// The variances.
const (
	Invariant Variance = iota
	Covariant
	Contravariant
)

// Def is a type definition: a class, struct, interface, enum or delegate as
// declared, before type arguments.
type Def struct {
	Namespace  string
	Name       string // without arity, and without the names of outer types
	Kind       Kind
	Code       Code
	Outer      *Def    // the type that this one is nested in
	Parameters []*Type // type parameters, of kind Parameter
	Static     bool
	Abstract   bool
	Sealed     bool
	Flags      bool // an enum with [Flags]
	TupleArity int  // the number of elements if this is System.ValueTuple<…>
	Anonymous  []string

	text      *declaration
	linked    atomic.Bool
	base      *Type
	faces     []*Type
	constants []EnumMember
	under     *Type
	invoke    *Member

	mu    sync.RWMutex
	made  map[*Type][]*Type
	plain *Type
}

// EnumMember is a named constant of an enum.
type EnumMember struct {
	Name  string
	Value int64 // unsigned 64-bit values as their bits
}

// Type is a static type, and the run-time type that a value knows. Types are
// interned and immutable.
type Type struct {
	kind Kind
	def  *Def
	args []*Type
	elem *Type // of arrays and pointers
	rank int

	// Of type parameters.
	name       string
	Variance   Variance
	Constraint *Constraint
	Ordinal    int
	ofMethod   bool

	names []string // of tuple elements; "" where an element has none
	plain *Type    // this type without tuple element names, at any depth
	open  bool     // mentions a type parameter

	mu       sync.Mutex
	arrays   []*Type
	named    []*Type
	pointer  *Type
	nullable *Type
	base     atomic.Pointer[Type]
	faces    atomic.Pointer[[]*Type]
	invoke   atomic.Pointer[Member]
}

// Constraint is what `where T : …` demands.
type Constraint struct {
	Class, Struct, New bool
	Bounds             []*Type
}

// Kind is the coarse sort of the type.
func (t *Type) Kind() Kind { return t.kind }

// Def is the definition behind the type; for arrays that of System.Array,
// nil for type parameters and pointers.
func (t *Type) Def() *Def { return t.def }

// Args are the type arguments.
func (t *Type) Args() []*Type { return t.args }

// Elem is the element type of an array, or what a pointer points to.
func (t *Type) Elem() *Type { return t.elem }

// Rank is the number of dimensions of an array.
func (t *Type) Rank() int { return t.rank }

// Code names the type if the language itself knows it.
func (t *Type) Code() Code {
	if t.def == nil || t.kind == Array {
		return NoCode
	}
	return t.def.Code
}

// Name is the name of a type parameter, or of the definition.
func (t *Type) Name() string {
	if t.def != nil && t.kind != Array {
		return t.def.Name
	}
	return t.name
}

// Plain is the type without tuple element names.
func (t *Type) Plain() *Type { return t.plain }

// Open reports whether the type mentions a type parameter.
func (t *Type) Open() bool { return t.open }

// OfMethod reports whether a type parameter belongs to a method.
func (t *Type) OfMethod() bool { return t.ofMethod }

// ElementNames are the names of a tuple's elements, nil when it has none.
func (t *Type) ElementNames() []string { return t.names }

// Same is identity of types: tuple element names do not count.
func Same(a, b *Type) bool { return a == b || a.plain == b.plain }

// Type is the type of a definition without type parameters; for a generic one
// it is the type over its own parameters, as its members see it.
func (d *Def) Type() *Type {
	if len(d.Parameters) > 0 {
		return d.Of(d.Parameters...)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plain == nil {
		d.plain = &Type{kind: d.Kind, def: d}
		d.plain.plain = d.plain
	}
	return d.plain
}

// Of is the type constructed from the definition with type arguments, as many
// as it has parameters.
func (d *Def) Of(args ...*Type) *Type {
	if len(args) != len(d.Parameters) {
		panic("types: wrong number of type arguments for " + d.FullName())
	}
	if len(args) == 0 {
		return d.Type()
	}
	d.mu.RLock()
	t := find(d.made[args[0]], args)
	d.mu.RUnlock()
	if t != nil {
		return t
	}
	t = &Type{kind: d.Kind, def: d, args: append([]*Type(nil), args...)}
	t.plain = t
	plain := make([]*Type, len(args))
	for i, a := range args {
		plain[i] = a.plain
		t.open = t.open || a.open
		if a.plain != a {
			t.plain = nil
		}
	}
	if t.plain == nil {
		t.plain = d.Of(plain...)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := find(d.made[args[0]], args); old != nil {
		return old
	}
	if d.made == nil {
		d.made = map[*Type][]*Type{}
	}
	d.made[args[0]] = append(d.made[args[0]], t)
	return t
}

func find(list []*Type, args []*Type) *Type {
next:
	for _, t := range list {
		for i, a := range args {
			if t.args[i] != a {
				continue next
			}
		}
		return t
	}
	return nil
}

// ArrayOf is elem[] or, for a higher rank, elem[,…].
func ArrayOf(elem *Type, rank int) *Type {
	elem.mu.Lock()
	defer elem.mu.Unlock()
	for _, a := range elem.arrays {
		if a.rank == rank {
			return a
		}
	}
	t := &Type{kind: Array, def: arrayDef, elem: elem, rank: rank, open: elem.open}
	t.plain = t
	elem.arrays = append(elem.arrays, t)
	if elem.plain != elem {
		t.plain = ArrayOf(elem.plain, rank)
	}
	return t
}

// PointerTo is elem*.
func PointerTo(elem *Type) *Type {
	elem.mu.Lock()
	defer elem.mu.Unlock()
	if elem.pointer == nil {
		t := &Type{kind: Pointer, elem: elem, open: elem.open}
		t.plain = t
		elem.pointer = t
	}
	return elem.pointer
}

// NullableOf is T? for a value type T.
func NullableOf(t *Type) *Type {
	t.mu.Lock()
	n := t.nullable
	t.mu.Unlock()
	if n != nil {
		return n
	}
	n = Nullable.Of(t)
	t.mu.Lock()
	t.nullable = n
	t.mu.Unlock()
	return n
}

// MaxTuple is the largest number of elements of a tuple type.
const MaxTuple = 21

// TupleOf is the tuple type of the elements; names may be nil, and hold ""
// for an element without a name.
func TupleOf(elems []*Type, names []string) *Type {
	plain := valueTuples[len(elems)].Of(elems...)
	some := false
	for _, n := range names {
		some = some || n != ""
	}
	if !some {
		return plain
	}
	plain.mu.Lock()
	defer plain.mu.Unlock()
next:
	for _, t := range plain.named {
		for i, n := range names {
			if t.names[i] != n {
				continue next
			}
		}
		return t
	}
	t := &Type{kind: Struct, def: plain.def, args: plain.args, names: append([]string(nil), names...), plain: plain.plain, open: plain.open}
	plain.named = append(plain.named, t)
	return t
}

// NewParameter makes a type parameter of a method, distinct from any other.
func NewParameter(name string, ordinal int) *Type {
	t := &Type{kind: Parameter, name: name, Ordinal: ordinal, ofMethod: true, open: true, Constraint: &Constraint{}}
	t.plain = t
	return t
}

// NewInvalid is a type for what a problem has already been reported about;
// name is what messages call it.
func NewInvalid(name string) *Type {
	t := &Type{kind: Invalid, name: name}
	t.plain = t
	return t
}

var anonymous struct {
	sync.Mutex
	made map[string]*Def
}

// AnonymousOf is the anonymous type with these properties. Types with the same
// names and types in the same order are the same type.
func AnonymousOf(names []string, props []*Type) *Type {
	key := ""
	for _, n := range names {
		key += n + ","
	}
	anonymous.Lock()
	d := anonymous.made[key]
	if d == nil {
		d = &Def{Name: "<>f__AnonymousType", Kind: Class, Sealed: true, Anonymous: append([]string{}, names...)}
		for i, n := range names {
			p := NewParameter("<"+n+">j__TPar", i)
			p.ofMethod = false
			d.Parameters = append(d.Parameters, p)
		}
		d.base = Object
		d.linked.Store(true)
		if anonymous.made == nil {
			anonymous.made = map[string]*Def{}
		}
		anonymous.made[key] = d
	}
	anonymous.Unlock()
	return d.Of(props...)
}

// Subst puts args in the place of the type parameters in a type.
func Subst(t *Type, params, args []*Type) *Type {
	if !t.open || len(params) == 0 {
		return t
	}
	switch t.kind {
	case Parameter:
		for i, p := range params {
			if p == t {
				return args[i]
			}
		}
		return t
	case Array:
		return ArrayOf(Subst(t.elem, params, args), t.rank)
	case Pointer:
		return PointerTo(Subst(t.elem, params, args))
	}
	list := make([]*Type, len(t.args))
	for i, a := range t.args {
		list[i] = Subst(a, params, args)
	}
	if t.names != nil {
		return TupleOf(list, t.names)
	}
	return t.def.Of(list...)
}

// In is the type t of a declaration of owner's definition as seen through
// owner: the definition's type parameters give way to owner's arguments.
func (t *Type) In(owner *Type) *Type {
	if owner == nil || owner.kind == Array || len(owner.args) == 0 {
		return t
	}
	return Subst(t, owner.def.Parameters, owner.args)
}

// Base is the direct base class, nil for object, interfaces and parameters
// without a class bound.
func (t *Type) Base() *Type {
	if b := t.base.Load(); b != nil {
		return b
	}
	var b *Type
	switch t.kind {
	case Array:
		b = ArrayBase
	case Parameter:
		b = Object
		if c := t.Constraint; c != nil {
			for _, k := range c.Bounds {
				if k.kind == Class {
					b = k
				}
			}
			if c.Struct {
				b = ValueType
			}
		}
	case Class, Struct, Enum, Delegate:
		if t.def.base == nil {
			return nil
		}
		b = t.def.base.In(t)
	default:
		return nil
	}
	t.base.Store(b)
	return b
}

// Interfaces are all interfaces that the type implements, directly or through
// its bases, each once.
func (t *Type) Interfaces() []*Type {
	if f := t.faces.Load(); f != nil {
		return *f
	}
	var all []*Type
	add := func(f *Type) {
		for _, g := range all {
			if g == f {
				return
			}
		}
		all = append(all, f)
	}
	walk := func(f *Type) {
		add(f)
		for _, g := range f.Interfaces() {
			add(g)
		}
	}
	switch t.kind {
	case Array:
		if t.rank == 1 {
			walk(IListT.Of(t.elem))
			walk(IReadOnlyListT.Of(t.elem))
		}
	case Parameter:
		if t.Constraint != nil {
			for _, b := range t.Constraint.Bounds {
				if b.kind == Interface {
					walk(b)
				} else {
					for _, g := range b.Interfaces() {
						add(g)
					}
				}
			}
		}
	default:
		if t.def != nil {
			for _, f := range t.def.faces {
				walk(f.In(t))
			}
		}
	}
	if b := t.Base(); b != nil && t.kind != Parameter {
		for _, g := range b.Interfaces() {
			add(g)
		}
	}
	t.faces.Store(&all)
	return all
}

// EnumMembers are the named constants of an enum, in declaration order.
func (d *Def) EnumMembers() []EnumMember { return d.constants }

// EnumBase is the integer type of an enum.
func (t *Type) EnumBase() *Type { return t.def.under }

// Invoke is the signature of a delegate type, with its type arguments put in.
func (t *Type) Invoke() *Member {
	if t.kind != Delegate || t.def.invoke == nil {
		return nil
	}
	if m := t.invoke.Load(); m != nil {
		return m
	}
	m := t.def.invoke.in(t)
	t.invoke.Store(m)
	return m
}

// IsNullable reports whether the type is T? over a value type.
func (t *Type) IsNullable() bool { return t.def == Nullable && t.kind == Struct }

// Underlying is T of T?, and any other type itself.
func (t *Type) Underlying() *Type {
	if t.IsNullable() {
		return t.args[0]
	}
	return t
}

// IsTuple reports whether the type is a value tuple.
func (t *Type) IsTuple() bool { return t.kind == Struct && t.def.TupleArity > 0 }

// IsAnonymous reports whether the type is an anonymous one.
func (t *Type) IsAnonymous() bool { return t.kind == Class && t.def.Anonymous != nil }

// IsValue reports whether the type is a value type (a type parameter only
// with a struct constraint).
func (t *Type) IsValue() bool {
	switch t.kind {
	case Struct, Enum, Void:
		return true
	case Parameter:
		return t.Constraint != nil && t.Constraint.Struct
	}
	return false
}

// IsReference reports whether the type is known to be a reference type.
func (t *Type) IsReference() bool {
	switch t.kind {
	case Class, Interface, Delegate, Array, NullType:
		return true
	case Parameter:
		if t.Constraint == nil {
			return false
		}
		if t.Constraint.Class {
			return true
		}
		for _, b := range t.Constraint.Bounds {
			if b.kind == Class && b != Object {
				return true
			}
		}
	}
	return false
}

// IsNumeric reports whether the type is a number of the language, char included.
func (t *Type) IsNumeric() bool { c := t.Code(); return c >= CodeChar && c <= CodeDecimal }

// IsIntegral reports whether the type is an integer type, char included.
func (t *Type) IsIntegral() bool { c := t.Code(); return c >= CodeChar && c <= CodeUInt64 }

// Unsigned reports whether an integral type has no sign.
func (t *Type) Unsigned() bool {
	switch t.Code() {
	case CodeByte, CodeUInt16, CodeUInt32, CodeUInt64, CodeChar:
		return true
	}
	return false
}
