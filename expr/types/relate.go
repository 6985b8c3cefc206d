package types

// Inherits reports whether t is base or derives from it.
func (t *Type) Inherits(base *Type) bool {
	for ; t != nil; t = t.Base() {
		if Same(t, base) {
			return true
		}
	}
	return false
}

// Implements is the instances of a generic interface definition that the type
// is or implements.
func (t *Type) Implements(d *Def) []*Type {
	var list []*Type
	if t.kind == Interface && t.def == d {
		list = append(list, t)
	}
	for _, f := range t.Interfaces() {
		if f.def == d {
			list = append(list, f)
		}
	}
	return list
}

// ReferenceConvertible reports whether an implicit reference conversion (or
// identity) leads from one reference type to another.
func ReferenceConvertible(from, to *Type) bool {
	if Same(from, to) {
		return true
	}
	if from.kind == NullType {
		return to.IsReference()
	}
	if !from.IsReference() {
		return false
	}
	return convertible(from, to)
}

// convertible is ReferenceConvertible without the demand that from is a
// reference type, so that boxing can use it.
func convertible(from, to *Type) bool {
	if to == Object {
		return true
	}
	if from.kind == Array && to.kind == Array {
		return from.rank == to.rank && from.elem.IsReference() && ReferenceConvertible(from.elem, to.elem)
	}
	if to.kind == Interface {
		if from.kind == Interface && variant(from, to) {
			return true
		}
		for _, f := range from.Interfaces() {
			if Same(f, to) || variant(f, to) {
				return true
			}
		}
		// An array is an IList<S> for every base S of its element.
		if from.kind == Array && from.rank == 1 && len(to.args) == 1 && to.def.Variance(0) == Invariant {
			for _, f := range from.Interfaces() {
				if f.def == to.def {
					return from.elem.IsReference() && ReferenceConvertible(from.elem, to.args[0])
				}
			}
		}
		return false
	}
	if from.kind == Delegate && to.kind == Delegate {
		return variant(from, to)
	}
	if from.kind == Parameter {
		for _, b := range from.Constraint.Bounds {
			if Same(b, to) || b.kind != Interface && convertible(b, to) {
				return true
			}
		}
	}
	return from.kind != Interface && from.Base() != nil && from.Base().Inherits(to)
}

// Variance is that of the definition's nth type parameter.
func (d *Def) Variance(n int) Variance { return d.Parameters[n].Variance }

func variant(from, to *Type) bool {
	if from.def != to.def || len(from.args) == 0 {
		return Same(from, to)
	}
	for i := range from.args {
		a, b := from.args[i], to.args[i]
		if Same(a, b) {
			continue
		}
		switch from.def.Variance(i) {
		case Covariant:
			if !a.IsReference() || !ReferenceConvertible(a, b) {
				return false
			}
		case Contravariant:
			if !b.IsReference() || !ReferenceConvertible(b, a) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// Boxes reports whether a boxing conversion leads from a value type (or an
// unconstrained type parameter) to a reference type.
func Boxes(from, to *Type) bool {
	if from.kind == Parameter && !from.IsReference() {
		return to.kind != Parameter && convertible(from, to)
	}
	if !from.IsValue() || from.kind == Void || to.IsValue() {
		return false
	}
	if from.IsNullable() {
		// int? boxes to what int boxes to; Nullable<T> itself implements nothing.
		return Boxes(from.args[0], to)
	}
	return convertible(from, to)
}

// Assignable reports whether a value of run-time type from can be seen as
// static type to: what a cast or `is` demands of a boxed value. A nullable
// type asks for its underlying type.
func Assignable(from, to *Type) bool {
	from, to = from.plain, to.plain
	if from == to {
		return true
	}
	if to.IsNullable() {
		return from == to.args[0].plain
	}
	if to.IsValue() {
		return false
	}
	if from.kind == Array && to.kind == Array && from.rank == to.rank {
		// The run time, unlike the language, lets arrays of integers of one size
		// stand for each other.
		if n := integerSize(from.elem); n != 0 && n == integerSize(to.elem) {
			return true
		}
	}
	return convertible(from, to)
}

func integerSize(t *Type) int {
	if t.kind == Enum {
		t = t.def.under
	}
	switch t.Code() {
	case CodeSByte, CodeByte:
		return 1
	case CodeInt16, CodeUInt16:
		return 2
	case CodeInt32, CodeUInt32:
		return 4
	case CodeInt64, CodeUInt64:
		return 8
	}
	return 0
}

// ExplicitReference reports whether an explicit reference conversion, one that
// is checked at run time, leads from one type to another.
func ExplicitReference(from, to *Type) bool {
	if from.kind == Parameter || to.kind == Parameter {
		return explicitParameter(from, to)
	}
	if !from.IsReference() || !to.IsReference() || from.kind == NullType {
		return false
	}
	switch {
	case from == Object:
		return true
	case to.kind == Class && from.kind != Interface && to.Inherits(from):
		return true
	case from.kind == Class && to.kind == Interface:
		return !from.def.Sealed || convertible(from, to)
	case from.kind == Interface && to.kind == Class:
		return !to.def.Sealed || convertible(to, from)
	case from.kind == Interface && to.kind == Interface:
		return true
	case from.kind == Array && to.kind == Array:
		return from.rank == to.rank && from.elem.IsReference() && to.elem.IsReference() && (ReferenceConvertible(from.elem, to.elem) || ExplicitReference(from.elem, to.elem))
	case from == ArrayBase && to.kind == Array, from == DelegateBase && to.kind == Delegate, from.kind == Class && to.kind == Array && ArrayBase.Inherits(from):
		return true
	case from.kind == Array && to.kind == Interface:
		return explicitElement(from, to)
	case from.kind == Interface && to.kind == Array:
		return explicitElement(to, from) || convertible(to, from)
	case from.kind == Interface && to.kind == Delegate:
		return convertible(to, from)
	case from.kind == Delegate && to.kind == Delegate:
		return from.def == to.def && explicitDelegate(from, to)
	case from.kind == Class && to.kind == Delegate:
		return to.Inherits(from)
	}
	return false
}

func explicitElement(array, face *Type) bool {
	if array.rank != 1 || len(face.args) != 1 {
		return false
	}
	for _, f := range array.Interfaces() {
		if f.def == face.def {
			return Same(array.elem, face.args[0]) || ReferenceConvertible(array.elem, face.args[0]) || ExplicitReference(array.elem, face.args[0])
		}
	}
	return false
}

func explicitDelegate(from, to *Type) bool {
	for i := range from.args {
		a, b := from.args[i], to.args[i]
		switch {
		case Same(a, b):
		case from.def.Variance(i) == Covariant:
			if !ReferenceConvertible(a, b) && !ExplicitReference(a, b) {
				return false
			}
		case from.def.Variance(i) == Contravariant:
			if !a.IsReference() || !b.IsReference() {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func explicitParameter(from, to *Type) bool {
	switch {
	case from == Object || from.kind == Interface:
		return true
	case to.kind == Interface:
		return true
	case to.kind == Parameter && from.kind == Parameter:
		for _, b := range to.Constraint.Bounds {
			if b == from {
				return true
			}
		}
		return false
	case to.kind == Parameter:
		return to.Base() != nil && to.Base().Inherits(from)
	}
	return from.Base() != nil && to.Inherits(from.Base())
}

// ImplicitNumeric reports whether an implicit numeric conversion leads from
// one number type to another.
func ImplicitNumeric(from, to *Type) bool {
	a, b := from.Code(), to.Code()
	if a < CodeChar || b < CodeChar || a == b {
		return false
	}
	switch a {
	case CodeSByte:
		return b == CodeInt16 || b == CodeInt32 || b == CodeInt64 || b >= CodeSingle
	case CodeByte:
		return b >= CodeInt16
	case CodeInt16:
		return b == CodeInt32 || b == CodeInt64 || b >= CodeSingle
	case CodeUInt16:
		return b >= CodeInt32
	case CodeInt32:
		return b == CodeInt64 || b >= CodeSingle
	case CodeUInt32:
		return b >= CodeInt64
	case CodeInt64, CodeUInt64:
		return b >= CodeSingle
	case CodeChar:
		return b >= CodeUInt16
	case CodeSingle:
		return b == CodeDouble
	}
	return false
}
