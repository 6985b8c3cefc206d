package number

import (
	"math/big"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func decimalMembers() value.Members {
	rows := []value.Row{
		{Sig: "const decimal MaxValue = 79228162514264337593543950335", Doc: "The largest decimal."},
		{Sig: "const decimal MinValue = -79228162514264337593543950335", Doc: "The smallest decimal."},
		{Sig: "const decimal Zero = 0", Doc: "0."},
		{Sig: "const decimal One = 1", Doc: "1."},
		{Sig: "const decimal MinusOne = -1", Doc: "-1."},
		{Sig: "Decimal(int value)", Doc: "The number as a decimal.", Func: fromWord},
		{Sig: "Decimal(uint value)", Doc: "The number as a decimal.", Func: fromWord},
		{Sig: "Decimal(long value)", Doc: "The number as a decimal.", Func: fromWord},
		{Sig: "Decimal(ulong value)", Doc: "The number as a decimal.", Func: fromWord},
		{Sig: "Decimal(float value)", Doc: "The number with 7 significant digits.", Func: fromWord},
		{Sig: "Decimal(double value)", Doc: "The number with 15 significant digits.", Func: fromWord},
		{Sig: "Decimal(int[] bits)", Doc: "A decimal of its parts as GetBits gives them.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "bits")
			a := c.Args[0].Object().(*value.Array)
			if a.Len() == 4 {
				flags := uint32(a.Word(3))
				if flags&^(1<<31|0xFF<<16) == 0 && flags>>16&0xFF <= MaxScale {
					return Of(NewDecimal(uint32(a.Word(0)), uint32(a.Word(1)), uint32(a.Word(2)), flags>>31 == 1, uint8(flags>>16)))
				}
			}
			c.Throw(value.ArgumentException, "Decimal constructor requires an array or span of four valid decimal bytes.")
			return value.Null
		}},
		{Sig: "Decimal(int lo, int mid, int hi, bool isNegative, byte scale)", Doc: "A decimal of its parts.", Func: func(c *value.Call) value.Value {
			if c.Int(4) > MaxScale {
				c.ThrowRange("Decimal's scale value must be between 0 and 28, inclusive.", "scale")
			}
			return Of(NewDecimal(uint32(c.Int(0)), uint32(c.Int(1)), uint32(c.Int(2)), c.Bool(3), uint8(c.Int(4))))
		}},
		{Sig: "static int[] GetBits(decimal d)", Doc: "The parts: three words of the coefficient, then sign and scale.", Func: func(c *value.Call) value.Value {
			a := c.NewArray(types.Int32, 4)
			for i, w := range DecimalOf(c.Args[0]).Bits() {
				a.Set(i, value.Int(int(w)))
			}
			return value.Of(a)
		}},
		{Sig: "byte Scale { get; }", Doc: "The number of digits behind the point.", Beyond: true, Func: func(c *value.Call) value.Value {
			return value.Byte(byte(DecimalOf(c.This).Scale()))
		}},
		{Sig: "static int Compare(decimal d1, decimal d2)", Doc: "-1, 0 or 1.", Func: func(c *value.Call) value.Value {
			return value.Int(DecimalOf(c.Args[0]).Cmp(DecimalOf(c.Args[1])))
		}},
		{Sig: "static bool Equals(decimal d1, decimal d2)", Doc: "Whether two decimals are equal.", Func: func(c *value.Call) value.Value {
			return value.Bool(DecimalOf(c.Args[0]).Cmp(DecimalOf(c.Args[1])) == 0)
		}},
		{Sig: "static decimal Negate(decimal d)", Doc: "The decimal with the other sign.", Func: func(c *value.Call) value.Value {
			return Of(DecimalOf(c.Args[0]).Neg())
		}},
		{Sig: "static decimal Abs(decimal value)", Doc: "The decimal without its sign.", Beyond: true, Func: absolute},
		{Sig: "static int Sign(decimal d)", Doc: "-1, 0 or 1.", Beyond: true, Func: sign},
		{Sig: "static bool IsNegative(decimal value)", Doc: "Whether the sign is set.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Bool(DecimalOf(c.Args[0]).neg) }},
		{Sig: "static bool IsPositive(decimal value)", Doc: "Whether the sign is clear.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Bool(!DecimalOf(c.Args[0]).neg) }},
		{Sig: "static bool IsInteger(decimal value)", Doc: "Whether there is no fraction.", Beyond: true, Func: func(c *value.Call) value.Value {
			d := DecimalOf(c.Args[0])
			return value.Bool(d.Round(0, ToZero).Cmp(d) == 0)
		}},
		{Sig: "static bool IsEvenInteger(decimal value)", Doc: "Whether it is an even integer.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Bool(parity(c) == 0) }},
		{Sig: "static bool IsOddInteger(decimal value)", Doc: "Whether it is an odd integer.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Bool(parity(c) == 1) }},
		{Sig: "static decimal CopySign(decimal value, decimal sign)", Doc: "The size of one decimal with the sign of another.", Beyond: true, Func: func(c *value.Call) value.Value {
			d := DecimalOf(c.Args[0])
			d.neg = DecimalOf(c.Args[1]).neg
			return Of(d)
		}},
		{Sig: "static decimal Max(decimal x, decimal y)", Doc: "The larger of two decimals.", Beyond: true, Func: func(c *value.Call) value.Value { return pick(c, types.CodeDecimal, 1) }},
		{Sig: "static decimal Min(decimal x, decimal y)", Doc: "The smaller of two decimals.", Beyond: true, Func: func(c *value.Call) value.Value { return pick(c, types.CodeDecimal, -1) }},
		{Sig: "static decimal Clamp(decimal value, decimal min, decimal max)", Doc: "The decimal, or the bound it exceeds.", Beyond: true, Func: clamp},
		{Sig: "static long ToOACurrency(decimal value)", Doc: "The value times 10000, as an OLE currency.", Func: func(c *value.Call) value.Value {
			d := DecimalOf(c.Args[0])
			n := new(big.Int).Mul(d.coefficient(), bigPow10[4])
			n = divideHalfEven(n, bigPow10[d.scale])
			if d.neg {
				n.Neg(n)
			}
			if !n.IsInt64() {
				c.Throw(value.OverflowException, "Value was either too large or too small for a Currency.")
			}
			return value.Long(n.Int64())
		}},
		{Sig: "static decimal FromOACurrency(long cy)", Doc: "The decimal of an OLE currency.", Func: func(c *value.Call) value.Value {
			d := DecimalFromInt64(c.Long(0))
			d.scale = 4
			if d.IsZero() {
				d.scale = 0
			}
			for d.scale > 0 && d.lo%10 == 0 {
				d.lo /= 10
				d.scale--
			}
			return Of(d)
		}},
	}
	for _, op := range []struct {
		name, doc string
		f         func(a, b Decimal) (Decimal, error)
	}{
		{"Add", "The sum.", Decimal.Add},
		{"Subtract", "The difference.", Decimal.Sub},
		{"Multiply", "The product.", Decimal.Mul},
		{"Divide", "The quotient.", Decimal.Div},
		{"Remainder", "The remainder.", Decimal.Rem},
	} {
		rows = append(rows, value.Row{Sig: "static decimal " + op.name + "(decimal d1, decimal d2)", Doc: op.doc, Func: func(c *value.Call) value.Value {
			d, err := op.f(DecimalOf(c.Args[0]), DecimalOf(c.Args[1]))
			return Of(Check(c.Thread, d, err))
		}})
	}
	for _, r := range []struct {
		name, doc string
		mode      Rounding
	}{{"Ceiling", "The next integer above.", ToPositiveInfinity}, {"Floor", "The next integer below.", ToNegativeInfinity}, {"Truncate", "The integer part.", ToZero}} {
		rows = append(rows, value.Row{Sig: "static decimal " + r.name + "(decimal d)", Doc: r.doc, Func: func(c *value.Call) value.Value {
			return Of(DecimalOf(c.Args[0]).Round(0, r.mode))
		}})
	}
	rows = append(rows, decimalRounding("Round")...)
	for _, to := range append([]integer{{code: types.CodeSingle, word: "float"}, {code: types.CodeDouble, word: "double"}}, integers...) {
		rows = append(rows, value.Row{Sig: "static " + to.word + " To" + typeOf(to.code).Def().Name + "(decimal d)", Doc: "The integer part as " + to.word + "; throws if it does not fit.", Func: func(c *value.Call) value.Value {
			return DecimalTo(c.Thread, DecimalOf(c.Args[0]), to.code)
		}})
	}
	rows = append(rows, commonRows(types.CodeDecimal, "decimal")...)
	return value.Members{Def: types.Decimal.Def(), Doc: "A decimal number of 28 digits.", Rows: rows, Ops: &value.Ops{Zero: func() value.Value { return zeroDecimal }}}
}

var zeroDecimal = Of(Decimal{})

func fromWord(c *value.Call) value.Value {
	return toReal(c.Thread, c.Args[0], c.Args[0].Type().Code(), types.CodeDecimal)
}

// parity is 0 of an even integer, 1 of an odd one, and -1 of a fraction.
func parity(c *value.Call) int {
	d := DecimalOf(c.Args[0])
	whole := d.Round(0, ToZero)
	if whole.Cmp(d) != 0 {
		return -1
	}
	return int(whole.lo & 1)
}
