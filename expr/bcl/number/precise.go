package number

import "math"

// The C library that .NET calls rounds powers, exponentials and logarithms
// correctly nearly always; Go's functions are off by one unit more often. What
// differs shows in every printed digit, so the functions here compute with
// about 100 bits (a double and its error) and round once.

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

var (
	ln2  = pair{0.6931471805599453, 2.3190468138462996e-17}
	ln10 = pair{2.302585092994046, -2.1707562233822494e-16}
)

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

func log10(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) || x == 1 {
		return math.Log10(x)
	}
	p := logPair(x).div(ln10)
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
