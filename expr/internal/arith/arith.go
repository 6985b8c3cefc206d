// Package arith is C#'s arithmetic on boxed numbers: conversions between all
// number types and the predefined operators, each in a checked and an unchecked
// form. The checker folds constants with it; compiled code uses it where
// numbers are not of the types that have closures of their own.
package arith

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Fault is why an operation has no result.
type Fault uint8

// The faults.
const (
	None         Fault = iota
	Overflow           // of integers in a checked context, and of int.MinValue / -1
	DivideByZero       //
	DecimalRange       // a decimal result that does not fit; always checked
)

// Decimal is the decimal in a value.
func Decimal(v value.Value) number.Decimal { return *v.Object().(*number.Decimal) }

// FromDecimal is a decimal as a value.
func FromDecimal(d number.Decimal) value.Value { return value.Of(&d) }

// Code is the number code of a type, that of its base for an enum.
func Code(t *types.Type) types.Code {
	if t.Kind() == types.Enum {
		return t.EnumBase().Code()
	}
	return t.Code()
}

// Wrap cuts an integer down to a type's width.
func Wrap(n int64, c types.Code) int64 {
	switch c {
	case types.CodeSByte:
		return int64(int8(n))
	case types.CodeByte:
		return int64(uint8(n))
	case types.CodeInt16:
		return int64(int16(n))
	case types.CodeUInt16, types.CodeChar:
		return int64(uint16(n))
	case types.CodeInt32:
		return int64(int32(n))
	case types.CodeUInt32:
		return int64(uint32(n))
	}
	return n
}

// InRange reports whether an integer, signed or the bits of an ulong, is a
// value of a type.
func InRange(n int64, unsigned bool, c types.Code) bool {
	if unsigned && n < 0 {
		return c == types.CodeUInt64
	}
	switch c {
	case types.CodeInt64:
		return true
	case types.CodeUInt64:
		return n >= 0
	}
	return Wrap(n, c) == n
}

// Bounds are the lowest and highest floats that truncate into a type.
func bounds(c types.Code) (low, high float64) {
	switch c {
	case types.CodeSByte:
		return -129, 128
	case types.CodeByte:
		return -1, 256
	case types.CodeInt16:
		return -32769, 32768
	case types.CodeUInt16, types.CodeChar:
		return -1, 65536
	case types.CodeInt32:
		return -2147483649, 2147483648
	case types.CodeUInt32:
		return -1, 4294967296
	case types.CodeInt64:
		return math.Nextafter(-9223372036854775808, math.Inf(-1)), 9223372036854775808
	}
	return -1, 18446744073709551616
}

// Truncate is the conversion of a float to an integer type. Unchecked, int and
// wider saturate (NaN gives 0) and narrower types are cut down from int, as .NET
// 9 and later do.
func Truncate(f float64, c types.Code, checked bool) (int64, bool) {
	low, high := bounds(c)
	if f > low && f < high {
		if c == types.CodeUInt64 {
			return int64(uint64(f)), true
		}
		return int64(f), true
	}
	if checked {
		return 0, false
	}
	switch {
	case f != f:
		return 0, true
	case c == types.CodeInt32:
		if f < 0 {
			return math.MinInt32, true
		}
		return math.MaxInt32, true
	case c == types.CodeUInt32:
		if f < 0 {
			return 0, true
		}
		return math.MaxUint32, true
	case c == types.CodeInt64:
		if f < 0 {
			return math.MinInt64, true
		}
		return math.MaxInt64, true
	case c == types.CodeUInt64:
		if f < 0 {
			return 0, true
		}
		return -1, true
	}
	n, _ := Truncate(f, types.CodeInt32, false)
	return Wrap(n, c), true
}

// Convert turns a number, char or enum into another such type.
func Convert(v value.Value, from, to *types.Type, checked bool) (value.Value, Fault) {
	f, t := Code(from), Code(to)
	switch {
	case f == types.CodeDecimal && t == types.CodeDecimal:
		return v, None
	case f == types.CodeDecimal:
		d := Decimal(v)
		switch t {
		case types.CodeDouble:
			return value.Double(d.Float64()), None
		case types.CodeSingle:
			return value.Float(float32(d.Float64())), None
		}
		if n, ok := d.Int64(); ok && InRange(n, false, t) {
			return value.Word(to, uint64(n)), None
		}
		if n, ok := d.Uint64(); ok && t == types.CodeUInt64 {
			return value.Word(to, n), None
		}
		return value.Null, DecimalRange
	case t == types.CodeDecimal:
		switch f {
		case types.CodeDouble:
			d, err := number.DecimalFromFloat64(v.Double())
			if err != nil {
				return value.Null, DecimalRange
			}
			return FromDecimal(d), None
		case types.CodeSingle:
			d, err := number.DecimalFromFloat32(float32(v.Double()))
			if err != nil {
				return value.Null, DecimalRange
			}
			return FromDecimal(d), None
		case types.CodeUInt64:
			return FromDecimal(number.DecimalFromUint64(v.Word())), None
		}
		return FromDecimal(number.DecimalFromInt64(v.Long())), None
	case t == types.CodeDouble, t == types.CodeSingle:
		return value.Word(to, math.Float64bits(ToFloat(v, f, t))), None
	case f == types.CodeDouble || f == types.CodeSingle:
		n, ok := Truncate(v.Double(), t, checked)
		if !ok {
			return value.Null, Overflow
		}
		return value.Word(to, uint64(n)), None
	}
	n := v.Long()
	if checked && !InRange(n, f == types.CodeUInt64, t) {
		return value.Null, Overflow
	}
	return value.Word(to, uint64(Wrap(n, t))), None
}

// ToFloat is an integer or float as a float of type t.
func ToFloat(v value.Value, f, t types.Code) float64 {
	var x float64
	switch f {
	case types.CodeDouble, types.CodeSingle:
		x = v.Double()
	case types.CodeUInt64:
		if t == types.CodeSingle {
			return float64(float32(v.Word()))
		}
		return float64(v.Word())
	default:
		if t == types.CodeSingle {
			return float64(float32(v.Long()))
		}
		return float64(v.Long())
	}
	if t == types.CodeSingle {
		return float64(float32(x))
	}
	return x
}

// Integer applies +, -, *, /, % to integers of one type.
func Integer(op syntax.Op, a, b int64, c types.Code, checked bool) (int64, Fault) {
	var n int64
	over := false
	switch c {
	case types.CodeInt64:
		switch op {
		case syntax.OpAdd:
			n = a + b
			over = (a^n)&(b^n) < 0
		case syntax.OpSub:
			n = a - b
			over = (a^b)&(a^n) < 0
		case syntax.OpMul:
			n = a * b
			over = a != 0 && (n/a != b || a == -1 && b == math.MinInt64)
		default:
			return divide(op, a, b, math.MinInt64)
		}
	case types.CodeUInt64:
		x, y := uint64(a), uint64(b)
		var r uint64
		switch op {
		case syntax.OpAdd:
			r = x + y
			over = r < x
		case syntax.OpSub:
			r = x - y
			over = x < y
		case syntax.OpMul:
			r = x * y
			over = x != 0 && r/x != y
		default:
			if y == 0 {
				return 0, DivideByZero
			}
			if op == syntax.OpDiv {
				r = x / y
			} else {
				r = x % y
			}
		}
		n = int64(r)
	default:
		switch op {
		case syntax.OpAdd:
			n = a + b
		case syntax.OpSub:
			n = a - b
		case syntax.OpMul:
			n = a * b
		default:
			low := int64(math.MinInt32)
			if c != types.CodeInt32 {
				low = math.MinInt64
			}
			return divide(op, a, b, low)
		}
		if c == types.CodeUInt32 && op == syntax.OpMul {
			over = uint64(a)*uint64(b) > math.MaxUint32
			n = int64(uint32(uint64(a) * uint64(b)))
		} else {
			w := Wrap(n, c)
			over = w != n
			n = w
		}
	}
	if over && checked {
		return n, Overflow
	}
	return n, None
}

func divide(op syntax.Op, a, b, low int64) (int64, Fault) {
	switch {
	case b == 0:
		return 0, DivideByZero
	case b == -1 && a == low:
		return 0, Overflow
	case op == syntax.OpDiv:
		return a / b, None
	}
	return a % b, None
}

// Float applies +, -, *, /, % to floats; single rounds the result to float.
func Float(op syntax.Op, a, b float64, single bool) float64 {
	var r float64
	switch op {
	case syntax.OpAdd:
		r = a + b
	case syntax.OpSub:
		r = a - b
	case syntax.OpMul:
		r = a * b
	case syntax.OpDiv:
		r = a / b
	default:
		r = math.Mod(a, b)
	}
	if single {
		return float64(float32(r))
	}
	return r
}

// DecimalOp applies +, -, *, /, % to decimals.
func DecimalOp(op syntax.Op, a, b number.Decimal) (number.Decimal, Fault) {
	var r number.Decimal
	var err error
	switch op {
	case syntax.OpAdd:
		r, err = a.Add(b)
	case syntax.OpSub:
		r, err = a.Sub(b)
	case syntax.OpMul:
		r, err = a.Mul(b)
	case syntax.OpDiv:
		if b.IsZero() {
			return r, DivideByZero
		}
		r, err = a.Div(b)
	default:
		if b.IsZero() {
			return r, DivideByZero
		}
		r, err = a.Rem(b)
	}
	if err != nil {
		return r, DecimalRange
	}
	return r, None
}

// Shift is << and >> on int, uint, long or ulong.
func Shift(op syntax.Op, a int64, n int64, c types.Code) int64 {
	bits := uint(31)
	if c == types.CodeInt64 || c == types.CodeUInt64 {
		bits = 63
	}
	s := uint(n) & bits
	if op == syntax.OpShl {
		return Wrap(a<<s, c)
	}
	if c == types.CodeUInt64 {
		return int64(uint64(a) >> s)
	}
	return Wrap(a>>s, c)
}

// Bits is &, | and ^.
func Bits(op syntax.Op, a, b int64) int64 {
	switch op {
	case syntax.OpAnd:
		return a & b
	case syntax.OpOr:
		return a | b
	}
	return a ^ b
}

// Compare is a comparison operator over the order of two things; unordered
// says that one of them is NaN, when only != holds.
func Compare(op syntax.Op, order int, unordered bool) bool {
	if unordered {
		return op == syntax.OpNotEqual
	}
	switch op {
	case syntax.OpEqual:
		return order == 0
	case syntax.OpNotEqual:
		return order != 0
	case syntax.OpLess:
		return order < 0
	case syntax.OpLessEqual:
		return order <= 0
	case syntax.OpGreater:
		return order > 0
	}
	return order >= 0
}

// Order compares two numbers of one type.
func Order(a, b value.Value, c types.Code) (order int, unordered bool) {
	switch c {
	case types.CodeDouble, types.CodeSingle:
		f, g := a.Double(), b.Double()
		switch {
		case f < g:
			return -1, false
		case f > g:
			return 1, false
		}
		return 0, f != f || g != g
	case types.CodeDecimal:
		return Decimal(a).Cmp(Decimal(b)), false
	case types.CodeUInt64:
		return order3(a.Word(), b.Word()), false
	}
	return order3(a.Long(), b.Long()), false
}

func order3[T int64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Binary applies a predefined operator to two numbers, bools or enums of type
// t. Comparisons give bool, all else t.
func Binary(op syntax.Op, a, b value.Value, t *types.Type, checked bool) (value.Value, Fault) {
	c := Code(t)
	switch op {
	case syntax.OpEqual, syntax.OpNotEqual, syntax.OpLess, syntax.OpLessEqual, syntax.OpGreater, syntax.OpGreaterEqual:
		order, unordered := Order(a, b, c)
		return value.Bool(Compare(op, order, unordered)), None
	case syntax.OpAnd, syntax.OpOr, syntax.OpXor:
		return value.Word(t, uint64(Bits(op, a.Long(), b.Long()))), None
	case syntax.OpShl, syntax.OpShr:
		return value.Word(t, uint64(Shift(op, a.Long(), b.Long(), c))), None
	}
	switch c {
	case types.CodeDecimal:
		d, fault := DecimalOp(op, Decimal(a), Decimal(b))
		if fault != None {
			return value.Null, fault
		}
		return FromDecimal(d), None
	case types.CodeDouble, types.CodeSingle:
		return value.Word(t, math.Float64bits(Float(op, a.Double(), b.Double(), c == types.CodeSingle))), None
	}
	n, fault := Integer(op, a.Long(), b.Long(), c, checked)
	return value.Word(t, uint64(n)), fault
}

// Unary applies +, -, !, ~ to a number or bool of type t.
func Unary(op syntax.Op, a value.Value, t *types.Type, checked bool) (value.Value, Fault) {
	c := Code(t)
	switch op {
	case syntax.OpPlus:
		return a, None
	case syntax.OpNot:
		return value.Bool(!a.Bool()), None
	case syntax.OpComplement:
		return value.Word(t, uint64(Wrap(^a.Long(), c))), None
	}
	switch c {
	case types.CodeDecimal:
		return FromDecimal(Decimal(a).Neg()), None
	case types.CodeDouble, types.CodeSingle:
		return value.Word(t, math.Float64bits(-a.Double())), None
	}
	n, fault := Integer(syntax.OpSub, 0, a.Long(), c, checked)
	return value.Word(t, uint64(n)), fault
}
