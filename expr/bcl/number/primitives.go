package number

import (
	"math"
	"math/bits"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Integer is how the rows of one integer type differ from those of another.
type integer struct {
	code     types.Code
	word     string // the C# keyword
	typ      *types.Type
	min, max string
	doc      string
}

var integers = []integer{
	{types.CodeSByte, "sbyte", types.SByte, "-128", "127", "An 8-bit integer."},
	{types.CodeByte, "byte", types.Byte, "0", "255", "An 8-bit integer without sign."},
	{types.CodeInt16, "short", types.Int16, "-32768", "32767", "A 16-bit integer."},
	{types.CodeUInt16, "ushort", types.UInt16, "0", "65535", "A 16-bit integer without sign."},
	{types.CodeInt32, "int", types.Int32, "-2147483648", "2147483647", "A 32-bit integer."},
	{types.CodeUInt32, "uint", types.UInt32, "0", "4294967295", "A 32-bit integer without sign."},
	{types.CodeInt64, "long", types.Int64, "-9223372036854775808", "9223372036854775807", "A 64-bit integer."},
	{types.CodeUInt64, "ulong", types.UInt64, "0", "18446744073709551615", "A 64-bit integer without sign."},
}

// parseValue reads a value of a numeric type; the styles must be valid.
func parseValue(s string, to types.Code, style Styles, info *Info) (value.Value, Result) {
	switch to {
	case types.CodeDouble:
		f, r := ParseFloat(s, style, info, 64)
		return value.Double(f), r
	case types.CodeSingle:
		f, r := ParseFloat(s, style, info, 32)
		return value.Float(float32(f)), r
	case types.CodeDecimal:
		d, r := ParseDecimal(s, style, info)
		if r != Parsed {
			d = Decimal{}
		}
		return Of(d), r
	case types.CodeByte, types.CodeUInt16, types.CodeUInt32, types.CodeUInt64:
		n, r := ParseUint(s, style, info, widths[to])
		if r != Parsed {
			n = 0
		}
		return value.Word(typeOf(to), n), r
	}
	n, r := ParseInt(s, style, info, widths[to])
	if r != Parsed {
		n = 0
	}
	return value.Word(typeOf(to), uint64(n)), r
}

// defaultStyle is the style of Parse(string).
func defaultStyle(c types.Code) Styles {
	switch c {
	case types.CodeDouble, types.CodeSingle:
		return StyleDouble
	case types.CodeDecimal:
		return StyleNumber
	}
	return StyleInteger
}

func checkStyle(t *value.Thread, c types.Code, s Styles) {
	check := CheckIntegerStyle
	if c >= types.CodeSingle {
		check = CheckFloatStyle
	}
	if message := check(s); message != "" {
		e := value.NewException(value.ArgumentException, message)
		e.Param = "style"
		t.Raise(e)
	}
}

// Parse reads a number or throws as T.Parse(s) does; s is not null.
func Parse(t *value.Thread, s string, to types.Code, style Styles, info *Info) value.Value {
	v, r := parseValue(s, to, style, info)
	switch r {
	case BadFormat:
		t.Throw(value.FormatException, "The input string '"+s+"' was not in a correct format.")
	case OutOfRange:
		Overflow(t, to)
	}
	return v
}

// commonRows are Parse, TryParse, CompareTo, Equals and ToString of a numeric type.
func commonRows(c types.Code, word string) []value.Row {
	style := defaultStyle(c)
	parse := func(styleAt, providerAt int) func(*value.Call) value.Value {
		return func(call *value.Call) value.Value {
			call.NotNull(0, "s")
			s, info := style, Invariant
			if styleAt >= 0 {
				s = Styles(call.Int(styleAt))
				checkStyle(call.Thread, c, s)
			}
			if providerAt >= 0 {
				info = InfoOf(call.Args[providerAt])
			}
			return Parse(call.Thread, call.Str(0), c, s, info)
		}
	}
	tryParse := func(styleAt, providerAt, resultAt int) func(*value.Call) value.Value {
		return func(call *value.Call) value.Value {
			s, info := style, Invariant
			if styleAt >= 0 {
				s = Styles(call.Int(styleAt))
				checkStyle(call.Thread, c, s)
			}
			if providerAt >= 0 {
				info = InfoOf(call.Args[providerAt])
			}
			v, r := call.Zero(typeOf(c)), BadFormat
			if c == types.CodeDecimal {
				v = Of(Decimal{})
			}
			if !call.Args[0].IsNull() {
				v, r = parseValue(call.Str(0), c, s, info)
			}
			call.Args[resultAt] = v
			return value.Bool(r == Parsed)
		}
	}
	return []value.Row{
		{Sig: "static " + word + " Parse(string s)", Doc: "Reads a number, or throws.", Func: parse(-1, -1)},
		{Sig: "static " + word + " Parse(string s, NumberStyles style)", Doc: "Reads a number in the given styles, or throws.", Func: parse(1, -1)},
		{Sig: "static " + word + " Parse(string s, IFormatProvider provider)", Doc: "Reads a number as a culture writes it, or throws.", Func: parse(-1, 1)},
		{Sig: "static " + word + " Parse(string s, NumberStyles style, IFormatProvider provider)", Doc: "Reads a number in the given styles as a culture writes it, or throws.", Func: parse(1, 2)},
		{Sig: "static bool TryParse(string s, out " + word + " result)", Doc: "Reads a number, and says whether the text was one.", Func: tryParse(-1, -1, 1)},
		{Sig: "static bool TryParse(string s, NumberStyles style, IFormatProvider provider, out " + word + " result)", Doc: "Reads a number in the given styles, and says whether the text was one.", Func: tryParse(1, 2, 3)},
		{Sig: "static bool TryParse(string s, IFormatProvider provider, out " + word + " result)", Doc: "Reads a number as a culture writes it, and says whether the text was one.", Beyond: true, Func: tryParse(-1, 1, 2)},
		{Sig: "string ToString(string format)", Doc: "The number in a format.", Func: func(call *value.Call) value.Value {
			return value.String(call.Format(call.This, call.Str(0), value.Null))
		}},
		{Sig: "string ToString(IFormatProvider provider)", Doc: "The number as a culture writes it.", Func: func(call *value.Call) value.Value {
			return value.String(call.Format(call.This, "", call.Args[0]))
		}},
		{Sig: "string ToString(string format, IFormatProvider provider)", Doc: "The number in a format as a culture writes it.", Func: func(call *value.Call) value.Value {
			return value.String(call.Format(call.This, call.Str(0), call.Args[1]))
		}},
		{Sig: "int CompareTo(object value)", Doc: "Less than, equal to or greater than another boxed number of the type.", Func: func(call *value.Call) value.Value {
			if call.Args[0].IsNull() {
				return value.Int(1)
			}
			if call.Args[0].Type() != typeOf(c) {
				call.ThrowArgument(value.ArgumentException, "Object must be of type "+typeOf(c).Def().Name+".", "")
			}
			return value.Int(compareNumbers(c, call.This, call.Args[0]))
		}},
		{Sig: "int CompareTo(" + word + " value)", Doc: "Less than, equal to or greater than another number.", Func: func(call *value.Call) value.Value {
			return value.Int(compareNumbers(c, call.This, call.Args[0]))
		}},
		{Sig: "bool Equals(" + word + " obj)", Doc: "Whether another number is the same.", Func: func(call *value.Call) value.Value {
			return value.Bool(call.Equal(call.This, call.Args[0]))
		}},
		{Sig: "TypeCode GetTypeCode()", Doc: "The code of the type.", Beyond: true, Func: func(*value.Call) value.Value {
			return value.Enum(TypeCode.Type(), typeCode(c))
		}},
	}
}

// compareNumbers is CompareTo: the narrow types give the difference, the
// others -1, 0 or 1.
func compareNumbers(c types.Code, a, b value.Value) int {
	switch c {
	case types.CodeSByte, types.CodeByte, types.CodeInt16, types.CodeUInt16, types.CodeChar:
		return a.Int() - b.Int()
	case types.CodeUInt64:
		return compare(a.Word(), b.Word())
	case types.CodeDecimal:
		return DecimalOf(a).Cmp(DecimalOf(b))
	case types.CodeDouble, types.CodeSingle:
		return compareFloats(a.Double(), b.Double())
	}
	switch x, y := a.Long(), b.Long(); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// compareFloats puts NaN first.
func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b, a != a && b != b:
		return 0
	case a != a:
		return -1
	}
	return 1
}

// typeCode is System.TypeCode of a type.
func typeCode(c types.Code) int64 {
	switch c {
	case types.NoCode, types.CodeObject:
		return 1
	case types.CodeString:
		return 18
	}
	return int64(c-types.CodeBool) + 3
}

func (x integer) members() value.Members {
	width := widths[x.code]
	of := func(n uint64) value.Value { return value.Word(x.typ, n) }
	signed := !unsigned(x.code)
	rows := append([]value.Row{
		{Sig: "const " + x.word + " MaxValue = " + x.max, Doc: "The largest " + x.word + "."},
		{Sig: "const " + x.word + " MinValue = " + x.min, Doc: "The smallest " + x.word + "."},
	}, commonRows(x.code, x.word)...)
	beyond := func(sig, doc string, f func(c *value.Call) value.Value) {
		rows = append(rows, value.Row{Sig: sig, Doc: doc, Beyond: true, Func: f})
	}
	w := x.word
	beyond("static "+w+" Max("+w+" x, "+w+" y)", "The larger of two numbers.", func(c *value.Call) value.Value {
		if compareNumbers(x.code, c.Args[0], c.Args[1]) >= 0 {
			return c.Args[0]
		}
		return c.Args[1]
	})
	beyond("static "+w+" Min("+w+" x, "+w+" y)", "The smaller of two numbers.", func(c *value.Call) value.Value {
		if compareNumbers(x.code, c.Args[0], c.Args[1]) <= 0 {
			return c.Args[0]
		}
		return c.Args[1]
	})
	beyond("static "+w+" Clamp("+w+" value, "+w+" min, "+w+" max)", "The number, or the bound it exceeds.", clamp)
	beyond("static int Sign("+w+" value)", "-1, 0 or 1.", sign)
	beyond("static bool IsEvenInteger("+w+" value)", "Whether the number is even.", func(c *value.Call) value.Value {
		return value.Bool(c.Args[0].Word()&1 == 0)
	})
	beyond("static bool IsOddInteger("+w+" value)", "Whether the number is odd.", func(c *value.Call) value.Value {
		return value.Bool(c.Args[0].Word()&1 == 1)
	})
	beyond("static bool IsPow2("+w+" value)", "Whether the number is a power of two.", func(c *value.Call) value.Value {
		n := c.Args[0].Word()
		return value.Bool(bits.OnesCount64(n) == 1 && (!signed || int64(n) > 0))
	})
	mask := uint64(math.MaxUint64) >> (64 - width)
	beyond("static "+w+" PopCount("+w+" value)", "How many bits are set.", func(c *value.Call) value.Value {
		return of(uint64(bits.OnesCount64(c.Args[0].Word() & mask)))
	})
	beyond("static "+w+" LeadingZeroCount("+w+" value)", "How many bits before the first set one are clear.", func(c *value.Call) value.Value {
		return of(uint64(bits.LeadingZeros64(c.Args[0].Word()&mask) - (64 - width)))
	})
	beyond("static "+w+" TrailingZeroCount("+w+" value)", "How many bits behind the last set one are clear.", func(c *value.Call) value.Value {
		return of(uint64(min(width, bits.TrailingZeros64(c.Args[0].Word()))))
	})
	beyond("static "+w+" Log2("+w+" value)", "The position of the first set bit.", func(c *value.Call) value.Value {
		n := c.Args[0].Word()
		if signed && int64(n) < 0 {
			c.ThrowRange("Non-negative number required.", "value")
		}
		if n == 0 {
			return of(0)
		}
		return of(uint64(bits.Len64(n) - 1))
	})
	rotate := func(n uint64, by int) uint64 {
		n &= mask
		k := uint(by) & uint(width-1)
		n = (n<<k | n>>(uint(width)-k)) & mask
		if signed {
			n = uint64(int64(n<<(64-width)) >> (64 - width))
		}
		return n
	}
	beyond("static "+w+" RotateLeft("+w+" value, int rotateAmount)", "The bits moved up, those that fall out coming back below.", func(c *value.Call) value.Value {
		return of(rotate(c.Args[0].Word(), c.Int(1)))
	})
	beyond("static "+w+" RotateRight("+w+" value, int rotateAmount)", "The bits moved down, those that fall out coming back above.", func(c *value.Call) value.Value {
		return of(rotate(c.Args[0].Word(), -c.Int(1)))
	})
	if signed {
		beyond("static "+w+" Abs("+w+" value)", "The number without its sign.", absolute)
		beyond("static bool IsNegative("+w+" value)", "Whether the number is below zero.", func(c *value.Call) value.Value {
			return value.Bool(c.Long(0) < 0)
		})
		beyond("static bool IsPositive("+w+" value)", "Whether the number is zero or above.", func(c *value.Call) value.Value {
			return value.Bool(c.Long(0) >= 0)
		})
	}
	return value.Members{Def: x.typ.Def(), Doc: x.doc, Rows: rows, Ops: &value.Ops{Format: FormatValue}}
}

func floatMembers(typ *types.Type, word, clr string) value.Members {
	size := 64
	if typ == types.Single {
		size = 32
	}
	of := func(f float64) value.Value {
		if size == 32 {
			return value.Float(float32(f))
		}
		return value.Double(f)
	}
	constants := [][3]string{
		{"MaxValue", "1.7976931348623157E+308", "The largest number."},
		{"MinValue", "-1.7976931348623157E+308", "The smallest number."},
		{"Epsilon", "4.9406564584124654E-324", "The smallest number above zero."},
	}
	if size == 32 {
		constants = [][3]string{
			{"MaxValue", "3.40282347E+38", "The largest number."},
			{"MinValue", "-3.40282347E+38", "The smallest number."},
			{"Epsilon", "1.401298E-45", "The smallest number above zero."},
		}
	}
	constants = append(constants, [][3]string{{"NaN", "NaN", "Not a number."}, {"PositiveInfinity", "Infinity", "Infinity."}, {"NegativeInfinity", "-Infinity", "Negative infinity."}}...)
	var rows []value.Row
	for _, k := range constants {
		rows = append(rows, value.Row{Sig: "const " + word + " " + k[0] + " = " + k[1], Doc: k[2]})
	}
	for _, k := range [][3]string{{"E", "2.718281828459045", "The base of natural logarithms."}, {"Pi", "3.141592653589793", "The ratio of circumference to diameter."}, {"Tau", "6.283185307179586", "Twice Pi."}, {"NegativeZero", "-0.0", "Zero with a sign."}} {
		rows = append(rows, value.Row{Sig: "const " + word + " " + k[0] + " = " + k[1], Doc: k[2], Beyond: true})
	}
	rows = append(rows, commonRows(typ.Code(), word)...)
	test := func(name, doc string, beyond bool, f func(float64) bool) {
		rows = append(rows, value.Row{
			Sig: "static bool " + name + "(" + word + " d)", Doc: doc, Beyond: beyond,
			Func: func(c *value.Call) value.Value { return value.Bool(f(c.Double(0))) },
		})
	}
	test("IsNaN", "Whether it is not a number.", false, func(f float64) bool { return f != f })
	test("IsInfinity", "Whether it is infinite.", false, func(f float64) bool { return math.IsInf(f, 0) })
	test("IsPositiveInfinity", "Whether it is infinity.", false, func(f float64) bool { return math.IsInf(f, 1) })
	test("IsNegativeInfinity", "Whether it is negative infinity.", false, func(f float64) bool { return math.IsInf(f, -1) })
	test("IsFinite", "Whether it is a finite number.", false, func(f float64) bool { return !math.IsInf(f, 0) && f == f })
	test("IsNegative", "Whether the sign is set.", false, math.Signbit)
	test("IsPositive", "Whether the sign is clear.", true, func(f float64) bool { return !math.Signbit(f) })
	test("IsInteger", "Whether it has no fraction.", true, func(f float64) bool { return !math.IsInf(f, 0) && math.Trunc(f) == f })
	test("IsEvenInteger", "Whether it is an even integer.", true, func(f float64) bool { return math.Mod(f, 2) == 0 })
	test("IsOddInteger", "Whether it is an odd integer.", true, func(f float64) bool { return math.Abs(math.Mod(f, 2)) == 1 })
	test("IsRealNumber", "Whether it is a number.", true, func(f float64) bool { return f == f })
	smallest := 2.2250738585072014e-308
	if size == 32 {
		smallest = 1.1754943508222875e-38
	}
	test("IsNormal", "Whether it has full precision.", false, func(f float64) bool {
		a := math.Abs(f)
		return a >= smallest && !math.IsInf(f, 0)
	})
	test("IsSubnormal", "Whether it is too small for full precision.", false, func(f float64) bool {
		a := math.Abs(f)
		return a > 0 && a < smallest
	})
	unary := func(name, doc string, f func(float64) float64) {
		rows = append(rows, value.Row{
			Sig: "static " + word + " " + name + "(" + word + " x)", Doc: doc, Beyond: true,
			Func: func(c *value.Call) value.Value { return of(f(c.Double(0))) },
		})
	}
	unary("Abs", "The number without its sign.", math.Abs)
	unary("Ceiling", "The next integer above.", math.Ceil)
	unary("Floor", "The next integer below.", math.Floor)
	unary("Truncate", "The integer part.", math.Trunc)
	unary("Round", "The nearest integer, halves to the even one.", math.RoundToEven)
	unary("Sqrt", "The square root.", math.Sqrt)
	unary("Cbrt", "The cube root.", cbrt)
	unary("Exp", "E to a power.", exp)
	unary("Exp2", "2 to a power.", math.Exp2)
	unary("Exp10", "10 to a power.", func(f float64) float64 { return pow(10, f) })
	unary("Log", "The natural logarithm.", log)
	unary("Log2", "The logarithm to the base 2.", log2)
	unary("Log10", "The logarithm to the base 10.", log10)
	unary("Sin", "The sine.", sin)
	unary("Cos", "The cosine.", cos)
	unary("Tan", "The tangent.", tan)
	unary("Asin", "The angle of a sine.", asin)
	unary("Acos", "The angle of a cosine.", acos)
	unary("Atan", "The angle of a tangent.", atan)
	unary("Sinh", "The hyperbolic sine.", sinh)
	unary("Cosh", "The hyperbolic cosine.", cosh)
	unary("Tanh", "The hyperbolic tangent.", tanh)
	binary := func(name, doc string, f func(a, b float64) float64) {
		rows = append(rows, value.Row{
			Sig: "static " + word + " " + name + "(" + word + " x, " + word + " y)", Doc: doc, Beyond: true,
			Func: func(c *value.Call) value.Value { return of(f(c.Double(0), c.Double(1))) },
		})
	}
	binary("Max", "The larger of two numbers.", maxFloat)
	binary("Min", "The smaller of two numbers.", minFloat)
	binary("Pow", "A power.", pow)
	binary("Atan2", "The angle of a point.", atan2)
	binary("Hypot", "The length of a hypotenuse.", math.Hypot)
	binary("CopySign", "The size of one number with the sign of another.", math.Copysign)
	rows = append(rows,
		value.Row{Sig: "static " + word + " Clamp(" + word + " value, " + word + " min, " + word + " max)", Doc: "The number, or the bound it exceeds.", Beyond: true, Func: clamp},
		value.Row{Sig: "static int Sign(" + word + " value)", Doc: "-1, 0 or 1.", Beyond: true, Func: sign})
	return value.Members{Def: typ.Def(), Doc: "A " + clr + " binary floating-point number.", Rows: rows, Ops: &value.Ops{Format: FormatValue}}
}

var boolean = value.Members{Def: types.Bool.Def(), Doc: "True or false.", Rows: []value.Row{
	{Sig: "static readonly string TrueString", Doc: "The text of true.", Func: constant(value.String("True"))},
	{Sig: "static readonly string FalseString", Doc: "The text of false.", Func: constant(value.String("False"))},
	{Sig: "static bool Parse(string value)", Doc: "Reads true or false in any case, or throws.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "value")
		return value.Bool(ParseBool(c.Thread, c.Str(0)))
	}},
	{Sig: "static bool TryParse(string value, out bool result)", Doc: "Reads true or false in any case, and says whether the text was one.", Func: func(c *value.Call) value.Value {
		b, ok := parseBool(c.Str(0))
		c.Args[1] = value.Bool(b)
		return value.Bool(ok)
	}},
	{Sig: "string ToString(IFormatProvider provider)", Doc: "True or False.", Func: func(c *value.Call) value.Value {
		return value.String(c.ToString(c.This))
	}},
	{Sig: "int CompareTo(object obj)", Doc: "Less than, equal to or greater than another bool; false comes first.", Func: func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Int(1)
		}
		if c.Args[0].Type() != types.Bool {
			c.ThrowArgument(value.ArgumentException, "Object must be of type Boolean.", "")
		}
		return value.Int(c.This.Int() - c.Args[0].Int())
	}},
	{Sig: "int CompareTo(bool value)", Doc: "Less than, equal to or greater than another bool; false comes first.", Func: func(c *value.Call) value.Value {
		return value.Int(c.This.Int() - c.Args[0].Int())
	}},
	{Sig: "bool Equals(bool obj)", Doc: "Whether another bool is the same.", Func: func(c *value.Call) value.Value {
		return value.Bool(c.This.Bool() == c.Args[0].Bool())
	}},
	{Sig: "TypeCode GetTypeCode()", Doc: "The code of the type.", Beyond: true, Func: func(*value.Call) value.Value {
		return value.Enum(TypeCode.Type(), 3)
	}},
}}

// parseBool reads true or false in any case, with white space or NULs around.
func parseBool(s string) (v, ok bool) {
	is := func(s, word string) bool {
		if len(s) != len(word) {
			return false
		}
		for i := range len(s) {
			if s[i]|0x20 != word[i] {
				return false
			}
		}
		return true
	}
	for _, trimmed := range []string{s, trimWhite(s)} {
		switch {
		case is(trimmed, "true"):
			return true, true
		case is(trimmed, "false"):
			return false, true
		}
	}
	return false, false
}

// ParseBool is bool.Parse of a text that is not null.
func ParseBool(t *value.Thread, s string) bool {
	v, ok := parseBool(s)
	if !ok {
		t.Throw(value.FormatException, "String '"+s+"' was not recognized as a valid Boolean.")
	}
	return v
}
