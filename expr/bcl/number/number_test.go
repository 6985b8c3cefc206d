package number

import (
	"errors"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"
)

func lines(t testing.TB, name string) [][]string {
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if !strings.HasPrefix(line, "#") {
			out = append(out, strings.Split(line, "|"))
		}
	}
	return out
}

func formatAs(t testing.TB, typ, text, format string) (string, error) {
	switch typ {
	case "double", "float":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		if typ == "float" {
			return FormatFloat32(float32(f), format, Invariant)
		}
		return FormatFloat64(f, format, Invariant)
	case "decimal":
		return FormatDecimalAs(dec(t, text), format, Invariant)
	case "ulong":
		v, _ := strconv.ParseUint(text, 10, 64)
		return FormatUint(v, format, Invariant)
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return FormatInt(v, map[string]int{"sbyte": 8, "short": 16, "int": 32, "long": 64}[typ], format, Invariant)
}

func TestFormat(t *testing.T) {
	for _, f := range lines(t, "format.txt") {
		got, err := formatAs(t, f[0], f[1], f[2])
		if err != nil {
			got = "!"
		}
		if got != f[3] {
			t.Errorf("%s %s as %q: got %q, want %q", f[0], f[1], f[2], got, f[3])
		}
	}
}

func dec(t testing.TB, s string) Decimal {
	d, r := ParseDecimal(s, StyleNumber|AllowExponent, Invariant)
	if r != Parsed {
		t.Fatalf("decimal %q: %v", s, r)
	}
	return d
}

func TestDecimal(t *testing.T) {
	for _, f := range lines(t, "decimal.txt") {
		a, op, b := dec(t, f[0]), f[1], dec(t, f[2])
		var r Decimal
		var err error
		switch op {
		case "+":
			r, err = a.Add(b)
		case "-":
			r, err = a.Sub(b)
		case "*":
			r, err = a.Mul(b)
		case "/":
			r, err = a.Div(b)
		case "%":
			r, err = a.Rem(b)
		}
		got := r.String()
		if errors.Is(err, ErrDecimalOverflow) {
			got = "overflow"
		} else if err != nil {
			got = "zero"
		}
		if got != f[3] {
			t.Errorf("%s %s %s: got %s, want %s", f[0], op, f[2], got, f[3])
		}
	}
}

func TestDecimalFromFloat(t *testing.T) {
	for v, want := range map[float64]string{0.1: "0.1", 12.50: "12.5", 1e15: "1000000000000000", 1.0 / 3: "0.333333333333333", 123456789.123456789: "123456789.123457", 1e-28: "0.0000000000000000000000000001", 7e27: "7000000000000000000000000000", 0: "0", -2.25: "-2.25"} {
		d, err := DecimalFromFloat64(v)
		if err != nil || d.String() != want {
			t.Errorf("%v: got %s (%v), want %s", v, d, err, want)
		}
	}
	for _, v := range []float64{1e30, math.Inf(1), math.NaN()} {
		if d, err := DecimalFromFloat64(v); err == nil {
			t.Errorf("%v: got %s, want an overflow", v, d)
		}
	}
	if d, err := DecimalFromFloat32(0.1); err != nil || d.String() != "0.1" {
		t.Errorf("0.1f: got %s (%v)", d, err)
	}
}

func TestSeeded(t *testing.T) {
	for seed, want := range map[int32][3]int32{
		0: {1559595546, 1755192844, 1649316166}, 42: {1434747710, 302596119, 269548474}, -42: {1434747710, 302596119, 269548474},
		math.MinInt32: {1559595546, 1755192844, 1649316172},
	} {
		s := NewSeeded(seed)
		if got := [3]int32{s.Next(), s.Next(), s.Next()}; got != want {
			t.Errorf("seed %d: got %v, want %v", seed, got, want)
		}
	}
	if got := NewSeeded(13).Between(math.MinInt32, math.MaxInt32); got != 1111907663 {
		t.Errorf("large range: got %d", got)
	}
}

func TestParse(t *testing.T) {
	for _, f := range lines(t, "parse.txt") {
		n, err := strconv.ParseInt(f[1], 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		style := Styles(n)
		text, err := strconv.Unquote(f[2])
		if err != nil {
			t.Fatal(f[2], err)
		}
		var got string
		var r Result
		switch f[0] {
		case "int":
			var v int64
			v, r = ParseInt(text, style, Invariant, 32)
			got = strconv.FormatInt(v, 10)
		case "byte":
			var v uint64
			v, r = ParseUint(text, style, Invariant, 8)
			got = strconv.FormatUint(v, 10)
		case "ulong":
			var v uint64
			v, r = ParseUint(text, style, Invariant, 64)
			got = strconv.FormatUint(v, 10)
		case "double":
			var v float64
			v, r = ParseFloat(text, style, Invariant, 64)
			got, _ = FormatFloat64(v, "", Invariant)
		case "decimal":
			var v Decimal
			v, r = ParseDecimal(text, style, Invariant)
			got = v.String()
		}
		switch r {
		case BadFormat:
			got = "format"
		case OutOfRange:
			got = "overflow"
		}
		if got != f[3] {
			t.Errorf("%s %#x %s: got %s, want %s", f[0], n, f[2], got, f[3])
		}
	}
}

// FuzzDecimal checks arithmetic against exact rational numbers.
func FuzzDecimal(f *testing.F) {
	f.Add("1.5", "3")
	f.Add("79228162514264337593543950335", "0.1")
	f.Fuzz(func(t *testing.T, x, y string) {
		a, ra := ParseDecimal(x, StyleNumber, Invariant)
		b, rb := ParseDecimal(y, StyleNumber, Invariant)
		if ra != Parsed || rb != Parsed {
			return
		}
		if back := dec(t, a.String()); back.Cmp(a) != 0 || back.scale != a.scale {
			t.Fatalf("%s reads back as %s", a, back)
		}
		check := func(op string, got Decimal, err error, want *big.Rat) {
			limit := new(big.Rat).SetInt(bigMax)
			if err != nil {
				if new(big.Rat).Abs(want).Cmp(limit) <= 0 {
					t.Errorf("%s %s %s: %v", a, op, b, err)
				}
				return
			}
			g, _ := new(big.Rat).SetString(got.String())
			diff := new(big.Rat).Sub(g, want)
			ulp := new(big.Rat).SetFrac(bigOne, new(big.Int).Mul(big.NewInt(2), bigPow10[got.scale]))
			if op == "/" {
				// Trailing zeros are gone: compare at full precision instead.
				ulp = new(big.Rat).Quo(new(big.Rat).Add(new(big.Rat).Abs(want), big.NewRat(1, 1)), new(big.Rat).SetInt(bigPow10[27]))
			}
			if diff.Abs(diff).Cmp(ulp) > 0 {
				t.Errorf("%s %s %s: got %s, want %s", a, op, b, got, want.FloatString(30))
			}
		}
		p, _ := new(big.Rat).SetString(a.String())
		q, _ := new(big.Rat).SetString(b.String())
		s, err := a.Add(b)
		check("+", s, err, new(big.Rat).Add(p, q))
		s, err = a.Mul(b)
		check("*", s, err, new(big.Rat).Mul(p, q))
		if !b.IsZero() {
			s, err = a.Div(b)
			check("/", s, err, new(big.Rat).Quo(p, q))
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(" -1,234.5e3 ", 0xff, "0.00")
	f.Fuzz(func(t *testing.T, s string, style int, format string) {
		st := Styles(style) & StyleAny
		if v, r := ParseFloat(s, st, Invariant, 64); r == Parsed {
			text, _ := FormatFloat64(v, "R", Invariant)
			if back, _ := ParseFloat(text, StyleFloat, Invariant, 64); back != v && v == v {
				t.Errorf("%q: %v reads back as %v", s, v, back)
			}
			if Precision(format) < 1000 {
				_, _ = FormatFloat64(v, format, Invariant)
			}
		}
		if d, r := ParseDecimal(s, st, Invariant); r == Parsed && Precision(format) < 1000 {
			_, _ = FormatDecimalAs(d, format, Invariant)
		}
		if v, r := ParseInt(s, st, Invariant, 32); r == Parsed && v != int64(int32(v)) {
			t.Errorf("%q: %d is no int", s, v)
		}
	})
}

func BenchmarkFormatFloat64(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = FormatFloat64(1234.5678, "F2", Invariant)
	}
}

func BenchmarkDecimalAdd(b *testing.B) {
	x, y := NewDecimal(1999, 0, 0, false, 2), NewDecimal(5, 0, 0, false, 1)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = x.Add(y)
	}
}

func BenchmarkParseInt(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = ParseInt(" 123456 ", StyleInteger, Invariant, 32)
	}
}

func TestPrecise(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{pow(2, 0.5), math.Sqrt2},
		{pow(10, -2), 0.01},
		{pow(2, 10), 1024},
		{pow(-2, 3), -8},
		{pow(10, 22), 1e22},
		{exp(1), math.E},
		{exp(-1), 0.36787944117144233},
		{log(10), math.Ln10},
		{log10(1000), 3},
		{log(0.5), -math.Ln2},
		{exp(0.5), 1.6487212707001282},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	// Against exact powers.
	wrong := 0
	for i := 1; i < 1000; i++ {
		x := float64(i) * 0.37
		want, _ := bigPow(x, 7).Float64()
		if pow(x, 7) != want {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("%d of 999 powers are not rounded correctly", wrong)
	}
}

// TestMath compares with the C library that .NET calls.
func TestMath(t *testing.T) {
	unary := map[string]func(float64) float64{
		"sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan, "exp": exp, "log": log, "log2": log2, "log10": log10,
		"sinh": sinh, "cosh": cosh, "tanh": tanh, "asinh": asinh, "acosh": acosh, "atanh": math.Atanh, "cbrt": cbrt,
	}
	binary := map[string]func(x, y float64) float64{"pow": pow, "atan2": atan2}
	for _, f := range lines(t, "math.txt") {
		var args [2]float64
		for i, a := range strings.Fields(f[1]) {
			args[i], _ = strconv.ParseFloat(a, 64)
		}
		want, _ := strconv.ParseFloat(f[2], 64)
		var got float64
		if u := unary[f[0]]; u != nil {
			got = u(args[0])
		} else {
			got = binary[f[0]](args[0], args[1])
		}
		if got != want {
			t.Errorf("%s(%s): got %v, want %v", f[0], f[1], got, want)
		}
	}
	for _, x := range []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), 1, -1, 2, 1e300, 1e17} {
		for name, f := range unary {
			if g := map[string]func(float64) float64{
				"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "asin": math.Asin, "acos": math.Acos, "atan": math.Atan, "exp": math.Exp, "log": math.Log,
				"sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh, "asinh": math.Asinh, "acosh": math.Acosh, "cbrt": math.Cbrt,
			}[name]; g != nil {
				a, b := f(x), g(x)
				if a != b && (a == a || b == b) && math.Abs(a-b) > 1e-12*math.Abs(b) || math.Signbit(a) != math.Signbit(b) && a == a {
					t.Errorf("%s(%v): got %v, want about %v", name, x, a, b)
				}
			}
		}
	}
}

func BenchmarkPow(b *testing.B) {
	for b.Loop() {
		_ = pow(1.035, 3.5)
	}
}

func BenchmarkSin(b *testing.B) {
	for b.Loop() {
		_ = sin(1.035)
	}
}

func bigPow(x float64, n int) *big.Float {
	r := new(big.Float).SetPrec(400).SetInt64(1)
	for range n {
		r.Mul(r, big.NewFloat(x))
	}
	return r
}

func TestHalf(t *testing.T) {
	for in, want := range map[float64]string{0.1: "0.1", 1: "1", 65504: "65500", 65519: "65500", 65520: "Infinity", 1.0 / 3: "0.3333", 6e-8: "6E-08", 0: "0", 2049: "2048", -2.5: "-2.5"} {
		if got, err := formatFloat(toHalf(in), 16, "", nil); err != nil || got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
	for w := range 1 << 16 {
		if f := halfFromWord(uint16(w)); f == f && (halfWord(f) != uint16(w) || toHalf(f) != f) {
			t.Fatalf("%04x is %v, and that %04x", w, f, halfWord(f))
		}
	}
}
