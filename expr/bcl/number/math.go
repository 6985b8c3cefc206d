package number

import (
	"math"
	"math/bits"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// maxFloat and minFloat give NaN when either is, and tell the zeros apart.
func maxFloat(a, b float64) float64 {
	if a != a || b != b {
		return math.NaN()
	}
	return math.Max(a, b)
}

func minFloat(a, b float64) float64 {
	if a != a || b != b {
		return math.NaN()
	}
	return math.Min(a, b)
}

// clamp is Clamp of any numeric type.
func clamp(c *value.Call) value.Value {
	v, low, high := c.Args[0], c.Args[1], c.Args[2]
	code := low.Type().Code()
	if compareNumbers(code, low, high) > 0 {
		c.Throw(value.ArgumentException, "'"+c.ToString(low)+"' cannot be greater than "+c.ToString(high)+".")
	}
	switch {
	case compareNumbers(code, v, low) < 0 && !isNaN(v):
		return low
	case compareNumbers(code, v, high) > 0:
		return high
	}
	return v
}

func isNaN(v value.Value) bool {
	c := v.Type().Code()
	return (c == types.CodeDouble || c == types.CodeSingle) && v.Double() != v.Double()
}

// sign is Sign of any numeric type.
func sign(c *value.Call) value.Value {
	v := c.Args[0]
	switch v.Type().Code() {
	case types.CodeDecimal:
		return value.Int(DecimalOf(v).Sign())
	case types.CodeDouble, types.CodeSingle:
		switch f := v.Double(); {
		case f < 0:
			return value.Int(-1)
		case f > 0:
			return value.Int(1)
		case f != f:
			c.Throw(value.ArithmeticException, "Function does not accept floating point Not-a-Number values.")
		}
		return value.Int(0)
	case types.CodeUInt64:
		return value.Int(compare(v.Word(), 0))
	}
	return value.Int(compare(int(v.Long()), 0))
}

// absolute is Abs of any signed type.
func absolute(c *value.Call) value.Value {
	v := c.Args[0]
	switch code := v.Type().Code(); code {
	case types.CodeDecimal:
		return Of(DecimalOf(v).Abs())
	case types.CodeDouble:
		return value.Double(math.Abs(v.Double()))
	case types.CodeSingle:
		return value.Float(float32(math.Abs(v.Double())))
	default:
		n := v.Long()
		if n >= 0 {
			return v
		}
		if n == -1<<(widths[code]-1) {
			c.Throw(value.OverflowException, "Negating the minimum value of a twos complement number is invalid.")
		}
		return value.Word(v.Type(), uint64(-n))
	}
}

// roundFloat rounds to an integer in one of .NET's ways.
func roundFloat(f float64, mode Rounding) float64 {
	switch mode {
	case AwayFromZero:
		return math.Trunc(f + math.Copysign(0.49999999999999994, f))
	case ToZero:
		return math.Trunc(f)
	case ToNegativeInfinity:
		return math.Floor(f)
	case ToPositiveInfinity:
		return math.Ceil(f)
	}
	return math.RoundToEven(f)
}

// RoundFloat is Math.Round(double, int, MidpointRounding): it scales, rounds
// and scales back, so that 1.005 to two places is 1. Digits are 0 to 15.
func RoundFloat(f float64, digits int, mode Rounding) float64 {
	if math.Abs(f) >= 1e16 || f != f {
		return f
	}
	power := float64Pow10[digits]
	return roundFloat(f*power, mode) / power
}

func roundingOf(c *value.Call, v value.Value) Rounding {
	if n := v.Int(); n < 0 || n > int(ToPositiveInfinity) {
		c.ThrowArgument(value.ArgumentException, "The value '"+c.ToString(v)+"' is not valid for this usage of the type MidpointRounding.", "mode")
	}
	return Rounding(v.Int())
}

func checkDigits(c *value.Call, n int) {
	if n < 0 || n > 15 {
		c.ThrowRange("Rounding digits must be between 0 and 15, inclusive.", "digits")
	}
}

func checkDecimals(c *value.Call, n int) {
	if n < 0 || n > MaxScale {
		c.ThrowRange("Decimal can only round to between 0 and 28 digits of precision.", "decimals")
	}
}

// Math is System.Math.
var Math = types.Declare("System", "public static class Math")

func mathMembers() value.Members {
	var rows []value.Row
	add := func(sig, doc string, f func(c *value.Call) value.Value) {
		rows = append(rows, value.Row{Sig: "static " + sig, Doc: doc, Func: f})
	}
	rows = append(rows,
		value.Row{Sig: "const double PI = 3.14159265358979323846", Doc: "The ratio of circumference to diameter."},
		value.Row{Sig: "const double E = 2.7182818284590452354", Doc: "The base of natural logarithms."},
		value.Row{Sig: "const double Tau = 6.283185307179586476925", Doc: "Twice PI.", Beyond: true})
	unary := func(name, doc string, f func(float64) float64) {
		rows = append(rows, value.Row{
			Sig: "static double " + name + "(double d)", Doc: doc, Fast: f,
			Func: func(c *value.Call) value.Value { return value.Double(f(c.Double(0))) },
		})
	}
	binary := func(sig, doc string, f func(a, b float64) float64) {
		rows = append(rows, value.Row{
			Sig: "static double " + sig, Doc: doc, Fast: f,
			Func: func(c *value.Call) value.Value { return value.Double(f(c.Double(0), c.Double(1))) },
		})
	}
	unary("Acos", "The angle with a cosine.", acos)
	unary("Acosh", "The number with a hyperbolic cosine.", acosh)
	unary("Asin", "The angle with a sine.", asin)
	unary("Asinh", "The number with a hyperbolic sine.", asinh)
	unary("Atan", "The angle with a tangent.", atan)
	unary("Atanh", "The number with a hyperbolic tangent.", math.Atanh)
	unary("Cbrt", "The cube root.", cbrt)
	unary("Cos", "The cosine.", cos)
	unary("Cosh", "The hyperbolic cosine.", cosh)
	unary("Exp", "E to a power.", exp)
	unary("Log10", "The decimal logarithm.", log10)
	unary("Log2", "The binary logarithm.", log2)
	unary("Sin", "The sine.", sin)
	unary("Sinh", "The hyperbolic sine.", sinh)
	unary("Sqrt", "The square root.", math.Sqrt)
	unary("Tan", "The tangent.", tan)
	unary("Tanh", "The hyperbolic tangent.", tanh)
	unary("BitDecrement", "The next smaller double.", func(f float64) float64 { return math.Nextafter(f, math.Inf(-1)) })
	unary("BitIncrement", "The next larger double.", func(f float64) float64 { return math.Nextafter(f, math.Inf(1)) })
	binary("Atan2(double y, double x)", "The angle of a point.", atan2)
	binary("CopySign(double x, double y)", "A number with the sign of another.", math.Copysign)
	binary("IEEERemainder(double x, double y)", "The remainder of a division rounded to the nearest integer.", math.Remainder)
	binary("Pow(double x, double y)", "A power.", pow)
	binary("MaxMagnitude(double x, double y)", "The number farther from zero.", func(a, b float64) float64 {
		if x, y := math.Abs(a), math.Abs(b); x > y || x != x {
			return a
		} else if x == y {
			return maxFloat(a, b)
		}
		return b
	})
	binary("MinMagnitude(double x, double y)", "The number closer to zero.", func(a, b float64) float64 {
		if x, y := math.Abs(a), math.Abs(b); x < y || x != x {
			return a
		} else if x == y {
			return minFloat(a, b)
		}
		return b
	})
	rows = append(rows, value.Row{
		Sig: "static double Log(double d)", Doc: "The natural logarithm.", Fast: log,
		Func: func(c *value.Call) value.Value { return value.Double(log(c.Double(0))) },
	})
	binary("Log(double a, double newBase)", "The logarithm to a base.", logBase)
	add("double FusedMultiplyAdd(double x, double y, double z)", "x times y plus z, rounded once.", func(c *value.Call) value.Value {
		return value.Double(math.FMA(c.Double(0), c.Double(1), c.Double(2)))
	})
	add("double ScaleB(double x, int n)", "A number times a power of two.", func(c *value.Call) value.Value {
		return value.Double(math.Ldexp(c.Double(0), c.Int(1)))
	})
	add("int ILogB(double x)", "The binary exponent.", func(c *value.Call) value.Value {
		switch f := c.Double(0); {
		case f == 0:
			return value.Int(math.MinInt32)
		case f != f, math.IsInf(f, 0):
			return value.Int(math.MaxInt32)
		default:
			return value.Int(math.Ilogb(f))
		}
	})
	add("(double Sin, double Cos) SinCos(double x)", "Sine and cosine.", func(c *value.Call) value.Value {
		s, k := sin(c.Double(0)), cos(c.Double(0))
		return value.Of(value.NewTuple(types.TupleOf([]*types.Type{types.Double, types.Double}, nil), []value.Value{value.Double(s), value.Double(k)}))
	})

	for _, r := range []struct {
		name, doc string
		mode      Rounding
	}{{"Ceiling", "The next integer above.", ToPositiveInfinity}, {"Floor", "The next integer below.", ToNegativeInfinity}, {"Truncate", "The integer part.", ToZero}} {
		unary(r.name, r.doc, func(f float64) float64 { return roundFloat(f, r.mode) })
		add("decimal "+r.name+"(decimal d)", r.doc, func(c *value.Call) value.Value {
			return Of(DecimalOf(c.Args[0]).Round(0, r.mode))
		})
	}
	unary("Round", "The nearest integer, halves to the even one.", math.RoundToEven)
	add("double Round(double value, int digits)", "Rounded to a number of decimals, halves to the even digit.", func(c *value.Call) value.Value {
		checkDigits(c, c.Int(1))
		return value.Double(RoundFloat(c.Double(0), c.Int(1), ToEven))
	})
	add("double Round(double value, MidpointRounding mode)", "The nearest integer, halves as told.", func(c *value.Call) value.Value {
		return value.Double(roundFloat(c.Double(0), roundingOf(c, c.Args[1])))
	})
	add("double Round(double value, int digits, MidpointRounding mode)", "Rounded to a number of decimals, halves as told.", func(c *value.Call) value.Value {
		checkDigits(c, c.Int(1))
		return value.Double(RoundFloat(c.Double(0), c.Int(1), roundingOf(c, c.Args[2])))
	})
	rows = append(rows, decimalRounding("Round")...)

	for _, n := range integers {
		w := n.word
		add(w+" Max("+w+" val1, "+w+" val2)", "The larger of two numbers.", func(c *value.Call) value.Value { return pick(c, n.code, 1) })
		add(w+" Min("+w+" val1, "+w+" val2)", "The smaller of two numbers.", func(c *value.Call) value.Value { return pick(c, n.code, -1) })
		add(w+" Clamp("+w+" value, "+w+" min, "+w+" max)", "The number, or the bound it exceeds.", clamp)
		if !unsigned(n.code) {
			add(w+" Abs("+w+" value)", "The number without its sign.", absolute)
			add("int Sign("+w+" value)", "-1, 0 or 1.", sign)
		}
		add("("+w+" Quotient, "+w+" Remainder) DivRem("+w+" left, "+w+" right)", "Quotient and remainder.", func(c *value.Call) value.Value {
			q, r := divRem(c, n.code)
			return value.Of(value.NewTuple(types.TupleOf([]*types.Type{n.typ, n.typ}, nil), []value.Value{value.Word(n.typ, q), value.Word(n.typ, r)}))
		})
	}
	for _, w := range []string{"float", "double", "decimal"} {
		code := types.Keyword(w).Code()
		add(w+" Max("+w+" val1, "+w+" val2)", "The larger of two numbers.", func(c *value.Call) value.Value { return pick(c, code, 1) })
		add(w+" Min("+w+" val1, "+w+" val2)", "The smaller of two numbers.", func(c *value.Call) value.Value { return pick(c, code, -1) })
		add(w+" Clamp("+w+" value, "+w+" min, "+w+" max)", "The number, or the bound it exceeds.", clamp)
		add(w+" Abs("+w+" value)", "The number without its sign.", absolute)
		add("int Sign("+w+" value)", "-1, 0 or 1.", sign)
	}
	fast := map[string]any{
		"static int Max(int val1, int val2)":          func(a, b int64) int64 { return max(a, b) },
		"static int Min(int val1, int val2)":          func(a, b int64) int64 { return min(a, b) },
		"static long Max(long val1, long val2)":       func(a, b int64) int64 { return max(a, b) },
		"static long Min(long val1, long val2)":       func(a, b int64) int64 { return min(a, b) },
		"static double Max(double val1, double val2)": maxFloat,
		"static double Min(double val1, double val2)": minFloat,
		"static double Abs(double value)":             math.Abs,
	}
	for i := range rows {
		if f := fast[rows[i].Sig]; f != nil {
			rows[i].Fast = f
		}
	}
	add("int DivRem(int a, int b, out int result)", "Quotient and remainder.", func(c *value.Call) value.Value {
		q, r := divRem(c, types.CodeInt32)
		c.Args[2] = value.Word(types.Int32, r)
		return value.Word(types.Int32, q)
	})
	add("long DivRem(long a, long b, out long result)", "Quotient and remainder.", func(c *value.Call) value.Value {
		q, r := divRem(c, types.CodeInt64)
		c.Args[2] = value.Word(types.Int64, r)
		return value.Word(types.Int64, q)
	})
	add("long BigMul(int a, int b)", "The whole product.", func(c *value.Call) value.Value { return value.Long(c.Long(0) * c.Long(1)) })
	add("ulong BigMul(uint a, uint b)", "The whole product.", func(c *value.Call) value.Value {
		return value.Word(types.UInt64, c.Args[0].Word()*c.Args[1].Word())
	})
	add("long BigMul(long a, long b, out long low)", "The upper half of the product.", func(c *value.Call) value.Value {
		a, b := c.Long(0), c.Long(1)
		hi, lo := bits.Mul64(uint64(a), uint64(b))
		c.Args[2] = value.Long(int64(lo))
		return value.Long(int64(hi) - (a>>63)&b - (b>>63)&a)
	})
	add("ulong BigMul(ulong a, ulong b, out ulong low)", "The upper half of the product.", func(c *value.Call) value.Value {
		hi, lo := bits.Mul64(c.Args[0].Word(), c.Args[1].Word())
		c.Args[2] = value.Word(types.UInt64, lo)
		return value.Word(types.UInt64, hi)
	})
	return value.Members{Def: Math, Doc: "Mathematical functions.", Rows: rows}
}

// decimalRounding are Round's overloads for decimals, of Math and of decimal.
func decimalRounding(name string) []value.Row {
	return []value.Row{
		{Sig: "static decimal " + name + "(decimal d)", Doc: "The nearest integer, halves to the even one.", Func: func(c *value.Call) value.Value {
			return Of(DecimalOf(c.Args[0]).Round(0, ToEven))
		}},
		{Sig: "static decimal " + name + "(decimal d, int decimals)", Doc: "Rounded to a number of decimals, halves to the even digit.", Func: func(c *value.Call) value.Value {
			checkDecimals(c, c.Int(1))
			return Of(DecimalOf(c.Args[0]).Round(c.Int(1), ToEven))
		}},
		{Sig: "static decimal " + name + "(decimal d, MidpointRounding mode)", Doc: "The nearest integer, halves as told.", Func: func(c *value.Call) value.Value {
			return Of(DecimalOf(c.Args[0]).Round(0, roundingOf(c, c.Args[1])))
		}},
		{Sig: "static decimal " + name + "(decimal d, int decimals, MidpointRounding mode)", Doc: "Rounded to a number of decimals, halves as told.", Func: func(c *value.Call) value.Value {
			checkDecimals(c, c.Int(1))
			return Of(DecimalOf(c.Args[0]).Round(c.Int(1), roundingOf(c, c.Args[2])))
		}},
	}
}

// pick is Max (want 1) or Min (want -1) of two numbers of a type.
func pick(c *value.Call, code types.Code, want int) value.Value {
	a, b := c.Args[0], c.Args[1]
	if code == types.CodeDouble || code == types.CodeSingle {
		f := maxFloat
		if want < 0 {
			f = minFloat
		}
		return value.Word(a.Type(), math.Float64bits(f(a.Double(), b.Double())))
	}
	if compareNumbers(code, a, b)*want >= 0 {
		return a
	}
	return b
}

func divRem(c *value.Call, code types.Code) (q, r uint64) {
	a, b := c.Args[0].Word(), c.Args[1].Word()
	if b == 0 {
		c.Throw(value.DivideByZeroException, divideByZero)
	}
	if unsigned(code) {
		return a / b, a % b
	}
	x, y := int64(a), int64(b)
	if y == -1 && x == -1<<(widths[code]-1) {
		if code == types.CodeInt32 || code == types.CodeInt64 {
			c.Throw(value.OverflowException, "Arithmetic operation resulted in an overflow.")
		}
		return uint64(x), 0 // The narrow types wrap.
	}
	return uint64(x / y), uint64(x % y)
}
