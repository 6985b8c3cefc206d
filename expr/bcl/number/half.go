package number

import (
	"math"
	"strconv"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Half is System.Half, a 16-bit float. Hardly any expression uses it, but that
// a byte converts to it implicitly makes calls ambiguous that otherwise would
// not be, such as BitConverter.GetBytes of a byte. Its word holds the bits of
// the double of the same value.
var Half = types.Declare("System", "public readonly struct Half : IComparable, IComparable<Half>, IEquatable<Half>, IFormattable")

// toHalf rounds to the nearest 16-bit float, half to even.
func toHalf(f float64) float64 {
	switch a := math.Abs(f); {
	case f != f, f == 0:
		return f
	case a >= 65520:
		return math.Copysign(math.Inf(1), f)
	default:
		// Eleven bits of precision, and no unit below 2^-24.
		_, e := math.Frexp(a)
		unit := math.Ldexp(1, max(e-11, -24))
		return math.Copysign(math.RoundToEven(a/unit)*unit, f)
	}
}

// shortestHalf is the shortest text, in strconv's format e, that reads back as
// the same 16-bit float.
func shortestHalf(v float64) []byte {
	var s []byte
	for p := range 5 {
		s = strconv.AppendFloat(s[:0], v, 'e', p, 64)
		if f, err := strconv.ParseFloat(string(s), 64); err == nil && toHalf(f) == v {
			break
		}
	}
	return s
}

func halfOf(f float64) value.Value { return value.Word(Half.Type(), math.Float64bits(toHalf(f))) }

// halfWord are the bits of a Half in memory.
func halfWord(f float64) uint16 {
	sign := uint16(0)
	if math.Signbit(f) {
		sign = 1 << 15
	}
	switch a := math.Abs(f); {
	case f != f:
		return 0xFE00
	case math.IsInf(f, 0):
		return sign | 0x7C00
	case a < 1.0/(1<<14):
		return sign | uint16(math.Ldexp(a, 24))
	default:
		m, e := math.Frexp(a)
		return sign | uint16(e+14)<<10 | uint16(math.Ldexp(m, 11))&0x3FF
	}
}

// halfFromWord is the value of the bits of a Half.
func halfFromWord(w uint16) float64 {
	e, m := int(w>>10&31), float64(w&0x3FF)
	var f float64
	switch e {
	case 0:
		f = math.Ldexp(m, -24)
	case 31:
		if f = math.Inf(1); m != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(m+1024, e-25)
	}
	if w>>15 == 1 {
		f = -f
	}
	return f
}

var halfBits = []value.Row{
	{Sig: "static byte[] GetBytes(Half value)", Doc: "The bytes of a value, lowest first.", Beyond: true, Func: func(c *value.Call) value.Value {
		w := halfWord(c.Double(0))
		return value.Bytes([]byte{byte(w), byte(w >> 8)})
	}},
	{Sig: "static short HalfToInt16Bits(Half value)", Doc: "The same bits as another type.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Word(types.Int16, uint64(int64(int16(halfWord(c.Double(0))))))
	}},
	{Sig: "static Half Int16BitsToHalf(short value)", Doc: "The same bits as another type.", Beyond: true, Func: func(c *value.Call) value.Value {
		return halfOf(halfFromWord(uint16(c.Int(0))))
	}},
}

func halfMembers() value.Members {
	typ := Half.Type()
	var rows []value.Row
	add := func(sig, doc string, f func(c *value.Call) value.Value) {
		rows = append(rows, value.Row{Sig: sig, Doc: doc, Func: f})
	}
	for _, k := range []struct {
		name string
		v    float64
	}{{"MaxValue", 65504}, {"MinValue", -65504}, {"Epsilon", 1.0 / (1 << 24)}, {"NaN", math.NaN()}, {"PositiveInfinity", math.Inf(1)}, {"NegativeInfinity", math.Inf(-1)}, {"Zero", 0}, {"One", 1}} {
		add("static Half "+k.name+" { get; }", "A constant of the type.", constant(halfOf(k.v)))
	}
	for _, w := range []string{"byte", "sbyte", "short", "ushort", "int", "uint", "long", "ulong", "char", "float", "double", "decimal"} {
		kind := "explicit"
		if w == "byte" || w == "sbyte" {
			kind = "implicit"
		}
		from := types.Keyword(w)
		add("static "+kind+" operator Half("+w+" value)", "The nearest 16-bit float.", func(c *value.Call) value.Value {
			v := c.Args[0]
			if from == types.Char {
				v = value.Word(types.UInt16, v.Word())
			}
			return halfOf(toReal(c.Thread, v, v.Type().Code(), types.CodeDouble).Double())
		})
		add("static explicit operator "+w+"(Half value)", "The value as "+w+".", func(c *value.Call) value.Value {
			f := c.Double(0)
			switch from.Code() {
			case types.CodeDouble:
				return value.Double(f)
			case types.CodeSingle:
				return value.Float(float32(f))
			case types.CodeDecimal:
				d, err := DecimalFromFloat64(f)
				return Of(Check(c.Thread, d, err))
			}
			// Integers saturate, NaN is 0.
			width := widths[from.Code()]
			low, high := -math.Ldexp(1, width-1), math.Ldexp(1, width-1)-1
			if unsigned(from.Code()) {
				low, high = 0, math.Ldexp(1, width)-1
			}
			if f != f {
				f = 0
			}
			f = math.Trunc(min(max(f, low), high))
			if f >= 1<<63 {
				return value.Word(from, math.MaxUint64)
			}
			return value.Word(from, uint64(int64(f)))
		})
	}
	for _, op := range []struct {
		token string
		f     func(a, b float64) float64
	}{
		{"+", func(a, b float64) float64 { return a + b }},
		{"-", func(a, b float64) float64 { return a - b }},
		{"*", func(a, b float64) float64 { return a * b }},
		{"/", func(a, b float64) float64 { return a / b }},
		{"%", math.Mod},
	} {
		add("static Half operator "+op.token+"(Half left, Half right)", "Arithmetic, rounded to 16 bits.", func(c *value.Call) value.Value {
			return halfOf(op.f(c.Double(0), c.Double(1)))
		})
	}
	add("static Half operator -(Half value)", "The other sign.", func(c *value.Call) value.Value { return halfOf(-c.Double(0)) })
	for _, op := range []struct {
		token string
		f     func(a, b float64) bool
	}{
		{"==", func(a, b float64) bool { return a == b }},
		{"!=", func(a, b float64) bool { return a != b }},
		{"<", func(a, b float64) bool { return a < b }},
		{">", func(a, b float64) bool { return a > b }},
		{"<=", func(a, b float64) bool { return a <= b }},
		{">=", func(a, b float64) bool { return a >= b }},
	} {
		add("static bool operator "+op.token+"(Half left, Half right)", "A comparison.", func(c *value.Call) value.Value {
			return value.Bool(op.f(c.Double(0), c.Double(1)))
		})
	}
	add("static Half Parse(string s)", "Reads a number, or throws.", func(c *value.Call) value.Value {
		c.NotNull(0, "s")
		return halfOf(Parse(c.Thread, c.Str(0), types.CodeDouble, StyleDouble, nil).Double())
	})
	add("static bool TryParse(string s, out Half result)", "Reads a number, and says whether the text was one.", func(c *value.Call) value.Value {
		f, r := ParseFloat(c.Str(0), StyleDouble, nil, 64)
		c.Args[1] = halfOf(f)
		return value.Bool(r == Parsed)
	})
	add("static bool IsNaN(Half value)", "Whether it is not a number.", func(c *value.Call) value.Value { return value.Bool(c.Double(0) != c.Double(0)) })
	add("static bool IsInfinity(Half value)", "Whether it is infinite.", func(c *value.Call) value.Value { return value.Bool(math.IsInf(c.Double(0), 0)) })
	add("string ToString(string format)", "The number in a format.", func(c *value.Call) value.Value { return value.String(c.Format(c.This, c.Str(0), value.Null)) })
	add("string ToString(string format, IFormatProvider provider)", "The number in a format.", func(c *value.Call) value.Value {
		return value.String(c.Format(c.This, c.Str(0), c.Args[1]))
	})
	order := func(t *value.Thread, v, other value.Value) int {
		if other.Type() != typ {
			t.ThrowArgument(value.ArgumentException, "Object must be of type Half.", "")
		}
		return compareFloats(v.Double(), other.Double())
	}
	add("int CompareTo(Half other)", "Less than, equal to or greater than another number.", func(c *value.Call) value.Value {
		return value.Int(compareFloats(c.This.Double(), c.Double(0)))
	})
	add("bool Equals(Half other)", "Whether another number is the same.", func(c *value.Call) value.Value { return value.Bool(c.Equal(c.This, c.Args[0])) })
	format := func(t *value.Thread, v value.Value, format string, provider value.Value) string {
		t.Alloc(Precision(format))
		return must(t, func() (string, error) { return formatFloat(v.Double(), 16, format, InfoOf(provider)) })
	}
	return value.Members{Def: Half, Doc: "A 16-bit binary floating-point number.", Beyond: true, Rows: rows, Ops: &value.Ops{
		Equals: func(_ *value.Thread, v, other value.Value) bool {
			return other.Type() == typ && compareFloats(v.Double(), other.Double()) == 0
		},
		Hash:    func(_ *value.Thread, v value.Value) int32 { return int32(halfWord(v.Double())) },
		Compare: order,
		String:  func(t *value.Thread, v value.Value) string { return format(t, v, "", value.Null) },
		Format:  format,
	}}
}
