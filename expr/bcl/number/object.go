package number

import (
	"errors"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Of is a decimal as a value of the language.
func Of(d Decimal) value.Value { return value.Of(&d) }

// DecimalOf is the decimal in a value, 0 when it holds none.
func DecimalOf(v value.Value) Decimal {
	if d, ok := v.Object().(*Decimal); ok {
		return *d
	}
	return Decimal{}
}

// Type is System.Decimal.
func (d *Decimal) Type() *types.Type { return types.Decimal }

// Equals compares by value, and only with another decimal.
func (d *Decimal) Equals(_ *value.Thread, other value.Value) bool {
	e, ok := other.Object().(*Decimal)
	return ok && d.Cmp(*e) == 0
}

// Hash is GetHashCode.
func (d *Decimal) Hash(*value.Thread) int32 { return d.HashCode() }

// CompareTo is IComparable.CompareTo.
func (d *Decimal) CompareTo(t *value.Thread, other value.Value) int {
	if other.IsNull() {
		return 1
	}
	e, ok := other.Object().(*Decimal)
	if !ok {
		t.ThrowArgument(value.ArgumentException, "Object must be of type Decimal.", "")
	}
	return d.Cmp(*e)
}

// ToString is ToString with the invariant culture.
func (d *Decimal) ToString(*value.Thread) string { return FormatDecimal(*d) }

// Format is IFormattable.ToString.
func (d *Decimal) Format(t *value.Thread, format string, provider value.Value) string {
	t.Alloc(Precision(format))
	return must(t, func() (string, error) { return FormatDecimalAs(*d, format, InfoOf(provider)) })
}

// must turns the failure of a formatter into a FormatException.
func must(t *value.Thread, f func() (string, error)) string {
	s, err := f()
	if err != nil {
		t.Throw(value.FormatException, "Format specifier was invalid.")
	}
	return s
}

// FormatValue is IFormattable.ToString of a number that lives in the word.
func FormatValue(t *value.Thread, v value.Value, format string, provider value.Value) string {
	x := v.Type()
	if format == "" && provider.IsNull() {
		return value.WordString(x, v)
	}
	t.Alloc(Precision(format))
	info := InfoOf(provider)
	return must(t, func() (string, error) {
		switch c := x.Code(); c {
		case types.CodeDouble:
			return FormatFloat64(v.Double(), format, info)
		case types.CodeSingle:
			return FormatFloat32(float32(v.Double()), format, info)
		case types.CodeByte, types.CodeUInt16, types.CodeUInt32, types.CodeUInt64:
			return FormatUint(v.Word(), format, info)
		default:
			return FormatInt(v.Long(), widths[c], format, info)
		}
	})
}

// widths are the bits of the integer types.
var widths = [types.CodeDecimal + 1]int{
	types.CodeSByte: 8, types.CodeByte: 8, types.CodeInt16: 16, types.CodeUInt16: 16, types.CodeChar: 16,
	types.CodeInt32: 32, types.CodeUInt32: 32, types.CodeInt64: 64, types.CodeUInt64: 64,
}

// names completes "Value was either too large or too small for …".
var names = map[types.Code]string{
	types.CodeSByte: "a signed byte", types.CodeByte: "an unsigned byte", types.CodeInt16: "an Int16", types.CodeUInt16: "a UInt16",
	types.CodeInt32: "an Int32", types.CodeUInt32: "a UInt32", types.CodeInt64: "an Int64", types.CodeUInt64: "a UInt64",
	types.CodeDecimal: "a Decimal", types.CodeChar: "a character",
}

// Overflow throws the OverflowException of a conversion to a type.
func Overflow(t *value.Thread, to types.Code) {
	t.Throw(value.OverflowException, "Value was either too large or too small for "+names[to]+".")
}

// Check throws the exception that an error of decimal arithmetic stands for.
func Check(t *value.Thread, d Decimal, err error) Decimal {
	switch {
	case errors.Is(err, ErrDivideByZero):
		t.Throw(value.DivideByZeroException, divideByZero)
	case err != nil:
		Overflow(t, types.CodeDecimal)
	}
	return d
}

// DecimalTo is the cast of a decimal to an integer type or char: the fraction
// is cut off, and what does not fit throws.
func DecimalTo(t *value.Thread, d Decimal, to types.Code) value.Value {
	typ := typeOf(to)
	switch to {
	case types.CodeUInt64:
		n, ok := d.Uint64()
		if !ok {
			Overflow(t, to)
		}
		return value.Word(typ, n)
	case types.CodeSingle:
		return value.Float(float32(d.Float64()))
	case types.CodeDouble:
		return value.Double(d.Float64())
	case types.CodeDecimal:
		return Of(d)
	}
	n, ok := d.Int64()
	if !ok || !fits(n, to) {
		Overflow(t, to)
	}
	return value.Word(typ, uint64(n))
}

// fits reports whether an integer is one of a type of at most 64 bits, ulong
// taken from zero on.
func fits(n int64, c types.Code) bool {
	w := widths[c]
	if unsigned(c) {
		return n >= 0 && (w == 64 || n>>w == 0)
	}
	return w == 64 || n>>(w-1) == 0 || n>>(w-1) == -1
}

func unsigned(c types.Code) bool {
	switch c {
	case types.CodeByte, types.CodeUInt16, types.CodeUInt32, types.CodeUInt64, types.CodeChar:
		return true
	}
	return false
}

// typeOf is the type of a code.
func typeOf(c types.Code) *types.Type {
	switch c {
	case types.CodeBool:
		return types.Bool
	case types.CodeChar:
		return types.Char
	case types.CodeSByte:
		return types.SByte
	case types.CodeByte:
		return types.Byte
	case types.CodeInt16:
		return types.Int16
	case types.CodeUInt16:
		return types.UInt16
	case types.CodeInt32:
		return types.Int32
	case types.CodeUInt32:
		return types.UInt32
	case types.CodeInt64:
		return types.Int64
	case types.CodeUInt64:
		return types.UInt64
	case types.CodeSingle:
		return types.Single
	case types.CodeDouble:
		return types.Double
	case types.CodeDecimal:
		return types.Decimal
	case types.CodeString:
		return types.String
	}
	return types.Object
}
