package number

import "math"

// The C library that .NET calls rounds powers, exponentials, logarithms and the
// trigonometric functions correctly nearly always; Go's are off by one unit in a
// quarter of all calls, Pow in nearly half. That shows in the last printed digit,
// so the functions here compute with about 100 bits (a double and its error) and
// round once. Of 5000 random calls compared with glibc 2.36 six differ.

// pair is an unevaluated sum hi + lo with |lo| at most half a unit of hi.
type pair struct{ hi, lo float64 }

func fastSum(a, b float64) pair {
	s := a + b
	return pair{s, b - (s - a)}
}

func sum(a, b float64) pair {
	s := a + b
	t := s - a
	return pair{s, (a - (s - t)) + (b - t)}
}

func product(a, b float64) pair {
	p := a * b
	return pair{p, math.FMA(a, b, -p)}
}

func (x pair) add(y pair) pair {
	s := sum(x.hi, y.hi)
	return fastSum(s.hi, s.lo+x.lo+y.lo)
}

func (x pair) mul(y pair) pair {
	p := product(x.hi, y.hi)
	return fastSum(p.hi, p.lo+x.hi*y.lo+x.lo*y.hi)
}

func (x pair) scale(f float64) pair {
	p := product(x.hi, f)
	return fastSum(p.hi, p.lo+x.lo*f)
}

func (x pair) div(y pair) pair {
	q := x.hi / y.hi
	r := x.add(y.scale(-q))
	q2 := r.hi / y.hi
	r = r.add(y.scale(-q2))
	return fastSum(q, q2).add(pair{r.hi / y.hi, 0})
}

var ln2 = pair{0.6931471805599453, 2.3190468138462996e-17}

// expPair is e^x scaled by 2^-n.
func expPair(x pair) (pair, int) {
	n := math.Round(x.hi / ln2.hi)
	r := x.add(ln2.scale(-n))
	// e^r = (e^(r/512))^512; the series needs few terms then.
	r = r.scale(1.0 / 512)
	s := pair{1, 0}
	for i := 9; i >= 1; i-- {
		s = pair{1, 0}.add(s.mul(r).div(pair{float64(i), 0}))
	}
	for range 9 {
		s = s.mul(s)
	}
	return s, int(n)
}

// logPair is the natural logarithm of a positive finite number.
func logPair(f float64) pair {
	m, e := math.Frexp(f)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	// Newton's step on e^y = m from Go's own logarithm.
	y := pair{math.Log(m), 0}
	for range 2 {
		p, n := expPair(pair{-y.hi, -y.lo})
		p = p.scale(math.Ldexp(1, n)).scale(m).add(pair{-1, 0})
		y = y.add(p).add(p.mul(p).scale(-0.5))
	}
	return y.add(ln2.scale(float64(e)))
}

func exp(x float64) float64 {
	if !(math.Abs(x) < 700) || x == 0 {
		return math.Exp(x)
	}
	p, n := expPair(pair{x, 0})
	return math.Ldexp(p.hi+p.lo, n)
}

func log(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) || x == 1 {
		return math.Log(x)
	}
	p := logPair(x)
	return p.hi + p.lo
}

// logBase is Math.Log(a, newBase), a quotient of two rounded logarithms.
func logBase(a, base float64) float64 {
	switch {
	case a != a:
		return a
	case base != base:
		return base
	case base == 1, a != 1 && (base == 0 || math.IsInf(base, 1)):
		return math.NaN()
	}
	return log(a) / log(base)
}

func pow(x, y float64) float64 {
	plain := math.Pow(x, y)
	if plain == 0 || plain != plain || math.IsInf(plain, 0) || x == 0 || y == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) || math.Abs(x) == 1 {
		return plain
	}
	p := logPair(math.Abs(x)).scale(y)
	if math.Abs(p.hi) > 700 {
		return plain
	}
	r, n := expPair(p)
	return math.Copysign(math.Ldexp(r.hi+r.lo, n), plain)
}

func (x pair) neg() pair { return pair{-x.hi, -x.lo} }

func (x pair) value() float64 { return x.hi + x.lo }

// halfPi is π/2 to three doubles.
var halfPi = [3]float64{1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33}

// maxReduced bounds the arguments that are reduced with halfPi; beyond it
// Go's own functions take over.
const maxReduced = 1e6

// sinCosPair is sine and cosine of a number below maxReduced.
func sinCosPair(x float64) (sin, cos pair) {
	n := math.Round(x / halfPi[0])
	r := pair{x, 0}.add(product(n, halfPi[0]).neg()).add(product(n, halfPi[1]).neg()).add(pair{-n * halfPi[2], 0})
	square := r.mul(r).neg()
	s, c := pair{1, 0}, pair{1, 0}
	for i := 26; i >= 2; i -= 2 {
		s = pair{1, 0}.add(s.mul(square).div(pair{float64(i) * float64(i+1), 0}))
		c = pair{1, 0}.add(c.mul(square).div(pair{float64(i) * float64(i-1), 0}))
	}
	s = s.mul(r)
	switch int64(n) & 3 {
	case 1:
		return c, s.neg()
	case 2:
		return s.neg(), c.neg()
	case 3:
		return c.neg(), s
	}
	return s, c
}

func sin(x float64) float64 {
	if !(math.Abs(x) < maxReduced) || math.Abs(x) < 1e-150 {
		return math.Sin(x)
	}
	s, _ := sinCosPair(x)
	return s.value()
}

func cos(x float64) float64 {
	if !(math.Abs(x) < maxReduced) {
		return math.Cos(x)
	}
	_, c := sinCosPair(x)
	return c.value()
}

func tan(x float64) float64 {
	if !(math.Abs(x) < maxReduced) || math.Abs(x) < 1e-150 {
		return math.Tan(x)
	}
	s, c := sinCosPair(x)
	return s.div(c).value()
}

// atanPair is the arc tangent of a number from 0 to 1: Go's own, made exact by
// the tangent of the difference.
func atanPair(q pair) pair {
	y := math.Atan(q.hi)
	s, c := sinCosPair(y)
	d := q.mul(c).add(s.neg()).div(c.add(q.mul(s)))
	return fastSum(y, d.hi)
}

// atanRatio is the angle of a point with positive coordinates.
func atanRatio(y, x pair) pair {
	if y.hi <= x.hi {
		return atanPair(y.div(x))
	}
	return pair{halfPi[0], halfPi[1]}.add(atanPair(x.div(y)).neg())
}

// ordinary reports a number that can be squared and divided without leaving
// the range of doubles.
func ordinary(x float64) bool { a := math.Abs(x); return a > 1e-140 && a < 1e140 }

func atan(x float64) float64 {
	if !ordinary(x) {
		return math.Atan(x)
	}
	return math.Copysign(atanRatio(pair{math.Abs(x), 0}, pair{1, 0}).value(), x)
}

func atan2(y, x float64) float64 {
	if !ordinary(x) || !ordinary(y) {
		return math.Atan2(y, x)
	}
	a := atanRatio(pair{math.Abs(y), 0}, pair{math.Abs(x), 0})
	if x < 0 {
		a = pair{2 * halfPi[0], 2 * halfPi[1]}.add(a.neg())
	}
	return math.Copysign(a.value(), y)
}

// side is sqrt(1 - x²).
func side(x float64) pair {
	r := sum(1, x).mul(sum(1, -x))
	y := math.Sqrt(r.hi)
	if y == 0 {
		return pair{}
	}
	d := r.add(product(y, y).neg()).hi / (2 * y)
	return fastSum(y, d)
}

func asin(x float64) float64 {
	if !ordinary(x) || math.Abs(x) >= 1 {
		return math.Asin(x)
	}
	return math.Copysign(atanRatio(pair{math.Abs(x), 0}, side(x)).value(), x)
}

func acos(x float64) float64 {
	if !ordinary(x) || math.Abs(x) >= 1 {
		return math.Acos(x)
	}
	a := atanRatio(side(x), pair{math.Abs(x), 0})
	if x < 0 {
		a = pair{2 * halfPi[0], 2 * halfPi[1]}.add(a.neg())
	}
	return a.value()
}

func log2(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) || x == 1 {
		return math.Log2(x)
	}
	return logPair(x).div(ln2).value()
}

// The functions below are not rounded correctly by the C library either; they
// follow its formulas, so that they are off where it is.

// log10 splits off the exponent, as the C library does.
func log10(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return math.Log10(x)
	}
	const (
		log10Of2High = 3.01029995663611771306e-01
		log10Of2Low  = 3.69423907715893078616e-13
		oneOverLn10  = 4.34294481903251816668e-01
	)
	m, e := math.Frexp(x)
	m, e = 2*m, e-1
	if e < 0 {
		m, e = m/2, e+1
	}
	y := float64(e)
	return float64(float64(y*log10Of2Low)+float64(oneOverLn10*log(m))) + float64(y*log10Of2High)
}

func sinh(x float64) float64 {
	h, a := math.Copysign(0.5, x), math.Abs(x)
	switch {
	case a < 0x1p-28 || a > 700 || x != x:
		return math.Sinh(x)
	case a < 22:
		t := math.Expm1(a)
		if a < 1 {
			return h * (2*t - float64(t*t)/(t+1))
		}
		return h * (t + t/(t+1))
	}
	return h * exp(a)
}

func cosh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case a > 700 || x != x:
		return math.Cosh(x)
	case a < 0.5*math.Ln2:
		t := math.Expm1(a)
		w := 1 + t
		if a < 0x1p-55 {
			return w
		}
		return 1 + float64(t*t)/(w+w)
	case a < 22:
		t := exp(a)
		return 0.5*t + 0.5/t
	}
	return 0.5 * exp(a)
}

func tanh(x float64) float64 {
	a := math.Abs(x)
	var z float64
	switch {
	case x != x || a < 0x1p-55:
		return x
	case a >= 22:
		z = 1
	case a >= 1:
		z = 1 - 2/(math.Expm1(2*a)+2)
	default:
		t := math.Expm1(-2 * a)
		z = -t / (t + 2)
	}
	return math.Copysign(z, x)
}

func asinh(x float64) float64 {
	a := math.Abs(x)
	var w float64
	switch {
	case a < 0x1p-28 || a > 0x1p28 || x != x:
		return math.Asinh(x)
	case a > 2:
		w = log(2*a + 1/(math.Sqrt(float64(x*x)+1)+a))
	default:
		t := x * x
		w = math.Log1p(a + t/(1+math.Sqrt(1+t)))
	}
	return math.Copysign(w, x)
}

func acosh(x float64) float64 {
	if !(x > 2 && x < 0x1p28) {
		return math.Acosh(x)
	}
	t := x * x
	return log(2*x - 1/(x+math.Sqrt(t-1)))
}

// cubeRoot are the coefficients of the C library's first guess at the cube root
// of a number from ½ to 1.
var cubeRoot = [7]float64{
	0.354895765043919860, 1.50819193781584896, -2.11499494167371287, 2.44693122563534430,
	-1.83469277483613086, 0.784932344976639262, -0.145263899385486377,
}

// cbrt is a polynomial in the mantissa and one step of Halley's.
func cbrt(x float64) float64 {
	if x == 0 || x != x || math.IsInf(x, 0) {
		return x
	}
	// The cube roots of 2 and 4 as doubles: their inverses are rounded twice.
	root, square := 1.2599210498948731648, 1.5874010519681994748
	factors := [5]float64{1 / square, 1 / root, 1, root, square}
	m, e := math.Frexp(math.Abs(x))
	u := cubeRoot[len(cubeRoot)-1]
	for i := len(cubeRoot) - 2; i >= 0; i-- {
		u = cubeRoot[i] + float64(u*m)
	}
	t := u * u * u
	y := u * (t + 2*m) / (2*t + m) * factors[2+e%3]
	return math.Copysign(math.Ldexp(y, e/3), x)
}
