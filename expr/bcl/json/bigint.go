package json

import (
	"math"
	"math/big"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// BigIntegerDef is System.Numerics.BigInteger: what an integer in JSON becomes
// that does not fit a long.
var BigIntegerDef = types.Declare("System.Numerics", "public readonly struct BigInteger : IFormattable, IComparable, IComparable<BigInteger>, IEquatable<BigInteger>")

// BigInteger is an integer of any size. It is immutable.
type BigInteger struct{ n *big.Int }

// Type is System.Numerics.BigInteger.
func (*BigInteger) Type() *types.Type { return BigIntegerDef.Type() }

// Equals compares with another one by value.
func (b *BigInteger) Equals(_ *value.Thread, other value.Value) bool {
	c, ok := other.Object().(*BigInteger)
	return ok && b.n.Cmp(c.n) == 0
}

// Hash goes with Equals.
func (b *BigInteger) Hash(*value.Thread) int32 { return value.HashString(b.n.String()) }

// CompareTo orders them by value.
func (b *BigInteger) CompareTo(t *value.Thread, other value.Value) int {
	c, ok := other.Object().(*BigInteger)
	if !ok {
		t.ThrowArgument(value.ArgumentException, "The parameter must be a BigInteger.", "obj")
	}
	return b.n.Cmp(c.n)
}

// ToString gives all digits.
func (b *BigInteger) ToString(*value.Thread) string { return b.n.String() }

// Format knows the formats that give digits; others go by way of a double.
func (b *BigInteger) Format(t *value.Thread, format string, provider value.Value) string {
	switch format {
	case "", "D", "d", "R", "r", "G", "g":
		return b.n.String()
	}
	f, _ := new(big.Float).SetInt(b.n).Float64()
	return number.FormatValue(t, value.Double(f), format, provider)
}

// bytes are the two's complement, the lowest byte first, as ToByteArray gives.
func (b *BigInteger) bytes() []byte {
	n := new(big.Int).Set(b.n)
	if n.Sign() < 0 {
		// -n - 1 has the inverted bits.
		n.Not(n)
	}
	be := n.Bytes()
	out := make([]byte, 0, len(be)+1)
	for i := len(be) - 1; i >= 0; i-- {
		out = append(out, be[i])
	}
	if len(out) == 0 || out[len(out)-1]&0x80 != 0 {
		out = append(out, 0)
	}
	if b.n.Sign() < 0 {
		for i := range out {
			out[i] = ^out[i]
		}
	}
	return out
}

// to is the explicit conversion to a primitive type.
func (b *BigInteger) to(t *value.Thread, to types.Code) value.Value {
	switch to {
	case types.CodeDouble, types.CodeSingle:
		f, _ := new(big.Float).SetInt(b.n).Float64()
		if to == types.CodeSingle {
			return value.Float(float32(f))
		}
		return value.Double(f)
	case types.CodeDecimal:
		d, res := number.ParseDecimal(b.n.String(), number.StyleInteger, nil)
		if res != number.Parsed {
			number.Overflow(t, to)
		}
		return number.Of(d)
	case types.CodeUInt64:
		if !b.n.IsUint64() {
			number.Overflow(t, to)
		}
		return value.Word(types.UInt64, b.n.Uint64())
	}
	if !b.n.IsInt64() {
		number.Overflow(t, to)
	}
	return number.Change(t, value.Long(b.n.Int64()), to, value.Null)
}

func bigOf(v value.Value) *BigInteger {
	b, _ := v.Object().(*BigInteger)
	return b
}

var bigIntegerRows = []value.Row{
	{Sig: "static BigInteger Parse(string value)", Doc: "Reads an integer of any size.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "value")
		c.Alloc(len(c.Str(0)))
		n, ok := new(big.Int).SetString(c.Str(0), 10)
		if !ok {
			c.Throw(value.FormatException, "The value could not be parsed.")
		}
		return value.Of(&BigInteger{n})
	}},
	{Sig: "bool IsZero { get; }", Doc: "Whether it is 0.", Func: func(c *value.Call) value.Value { return value.Bool(bigOf(c.This).n.Sign() == 0) }},
	{Sig: "int Sign { get; }", Doc: "-1, 0 or 1.", Func: func(c *value.Call) value.Value { return value.Int(bigOf(c.This).n.Sign()) }},
	{Sig: "override string ToString()", Doc: "Its digits.", Func: func(c *value.Call) value.Value { return value.String(bigOf(c.This).n.String()) }},
	{Sig: "string ToString(string format)", Doc: "Its digits in a format.", Func: func(c *value.Call) value.Value {
		return value.String(bigOf(c.This).Format(c.Thread, c.Str(0), value.Null))
	}},
	{Sig: "static explicit operator int(BigInteger value)", Doc: "The number as int; throws if it does not fit.", Func: func(c *value.Call) value.Value {
		return bigOf(c.Args[0]).to(c.Thread, types.CodeInt32)
	}},
	{Sig: "static explicit operator long(BigInteger value)", Doc: "The number as long; throws if it does not fit.", Func: func(c *value.Call) value.Value {
		return bigOf(c.Args[0]).to(c.Thread, types.CodeInt64)
	}},
	{Sig: "static explicit operator ulong(BigInteger value)", Doc: "The number as ulong; throws if it does not fit.", Func: func(c *value.Call) value.Value {
		return bigOf(c.Args[0]).to(c.Thread, types.CodeUInt64)
	}},
	{Sig: "static explicit operator double(BigInteger value)", Doc: "The nearest double.", Func: func(c *value.Call) value.Value {
		return bigOf(c.Args[0]).to(c.Thread, types.CodeDouble)
	}},
	{Sig: "static explicit operator decimal(BigInteger value)", Doc: "The number as decimal; throws if it does not fit.", Func: func(c *value.Call) value.Value {
		return bigOf(c.Args[0]).to(c.Thread, types.CodeDecimal)
	}},
	{Sig: "static implicit operator BigInteger(int value)", Doc: "The same number.", Func: func(c *value.Call) value.Value {
		return value.Of(&BigInteger{big.NewInt(c.Long(0))})
	}},
	{Sig: "static implicit operator BigInteger(long value)", Doc: "The same number.", Func: func(c *value.Call) value.Value {
		return value.Of(&BigInteger{big.NewInt(c.Long(0))})
	}},
}
