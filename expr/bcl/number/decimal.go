package number

import (
	"errors"
	"math"
	"math/big"
	"math/bits"
)

// Failures of decimal arithmetic: .NET's OverflowException and
// DivideByZeroException.
var (
	ErrDecimalOverflow = errors.New("the decimal does not fit")
	ErrDivideByZero    = errors.New("division by zero")
)

// divideByZero is the message of a DivideByZeroException.
const divideByZero = "Attempted to divide by zero."

// Decimal is System.Decimal: a sign, a coefficient of 96 bits and a scale
// from 0 to 28, the number of its digits behind the point. Trailing zeros
// count (1.0 and 1.00 print differently and are equal), and so does the sign
// of zero. The zero value is 0. A Decimal is immutable and comparable only by
// Cmp; == would tell 1.0 from 1.00.
type Decimal struct {
	lo    uint64
	hi    uint32
	scale uint8
	neg   bool
}

// MaxScale is the largest number of digits behind the point.
const MaxScale = 28

// The constants that System.Decimal names.
var (
	DecimalZero     = Decimal{}
	DecimalOne      = Decimal{lo: 1}
	DecimalMinusOne = Decimal{lo: 1, neg: true}
	DecimalMax      = Decimal{lo: math.MaxUint64, hi: math.MaxUint32}
	DecimalMin      = Decimal{lo: math.MaxUint64, hi: math.MaxUint32, neg: true}
)

var (
	bigMax    = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 96), big.NewInt(1))
	bigOne    = big.NewInt(1)
	bigMask64 = new(big.Int).SetUint64(math.MaxUint64)
	bigPow10  = func() [90]*big.Int {
		var p [90]*big.Int
		p[0] = big.NewInt(1)
		for i := 1; i < len(p); i++ {
			p[i] = new(big.Int).Mul(p[i-1], big.NewInt(10))
		}
		return p
	}()
	pow10u64 = func() [20]uint64 {
		var p [20]uint64
		p[0] = 1
		for i := 1; i < len(p); i++ {
			p[i] = p[i-1] * 10
		}
		return p
	}()
)

// NewDecimal builds a decimal of its parts: the three words of the
// coefficient, lowest first, the sign and the scale (at most MaxScale).
func NewDecimal(lo, mid, hi uint32, negative bool, scale uint8) Decimal {
	return Decimal{lo: uint64(mid)<<32 | uint64(lo), hi: hi, neg: negative, scale: scale}
}

// DecimalFromInt64 is exact.
func DecimalFromInt64(v int64) Decimal {
	if v < 0 {
		return Decimal{lo: uint64(-v), neg: true}
	}
	return Decimal{lo: uint64(v)}
}

// DecimalFromUint64 is exact.
func DecimalFromUint64(v uint64) Decimal { return Decimal{lo: v} }

// Bits are the four words of decimal.GetBits: low, middle and high word of
// the coefficient, and the flags (sign and scale).
func (d Decimal) Bits() [4]int32 {
	return [4]int32{int32(uint32(d.lo)), int32(uint32(d.lo >> 32)), int32(d.hi), int32(d.flags())}
}

func (d Decimal) flags() uint32 {
	f := uint32(d.scale) << 16
	if d.neg {
		f |= 1 << 31
	}
	return f
}

// Scale is the number of digits behind the point.
func (d Decimal) Scale() int { return int(d.scale) }

// IsZero reports a zero of any scale and sign.
func (d Decimal) IsZero() bool { return d.lo == 0 && d.hi == 0 }

// Negative reports the sign bit, which a zero can have.
func (d Decimal) Negative() bool { return d.neg }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int {
	switch {
	case d.IsZero():
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// Neg changes the sign, of a zero as well.
func (d Decimal) Neg() Decimal { d.neg = !d.neg; return d }

// Abs clears the sign.
func (d Decimal) Abs() Decimal { d.neg = false; return d }

func (d Decimal) coefficient() *big.Int {
	if d.hi == 0 {
		return new(big.Int).SetUint64(d.lo)
	}
	c := new(big.Int).SetUint64(uint64(d.hi))
	c.Lsh(c, 64)
	return c.Or(c, new(big.Int).SetUint64(d.lo))
}

func fromCoefficient(c *big.Int, scale int, neg bool) Decimal {
	lo := new(big.Int).And(c, bigMask64).Uint64()
	hi := new(big.Int).Rsh(c, 64).Uint64()
	return Decimal{lo: lo, hi: uint32(hi), scale: uint8(scale), neg: neg}
}

// fit rounds an exact value (coefficient c ≥ 0 at scale) half to even to the
// largest scale at which it fits.
func fit(c *big.Int, scale int, neg bool) (Decimal, error) {
	drop := max(0, scale-MaxScale)
	if over := c.BitLen() - 97; over >= 0 {
		// One digit is worth 3.32 bits; the estimate is never too large.
		drop = max(drop, over*77>>8+1)
	}
	if drop == 0 {
		return fromCoefficient(c, scale, neg), nil
	}
	for ; drop <= scale; drop++ {
		if drop >= len(bigPow10) {
			return Decimal{scale: MaxScale, neg: neg}, nil
		}
		q := divideHalfEven(c, bigPow10[drop])
		if q.Cmp(bigMax) <= 0 {
			return fromCoefficient(q, scale-drop, neg), nil
		}
	}
	return Decimal{}, ErrDecimalOverflow
}

func divideHalfEven(c, by *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(c, by, new(big.Int))
	switch r.Lsh(r, 1).Cmp(by) {
	case 1:
		q.Add(q, bigOne)
	case 0:
		if q.Bit(0) == 1 {
			q.Add(q, bigOne)
		}
	}
	return q
}

// Add is d + e, at the larger of both scales where that fits.
func (d Decimal) Add(e Decimal) (Decimal, error) {
	if d.scale == e.scale {
		if d.neg == e.neg {
			lo, carry := bits.Add64(d.lo, e.lo, 0)
			hi := uint64(d.hi) + uint64(e.hi) + carry
			if hi>>32 == 0 {
				return Decimal{lo, uint32(hi), d.scale, d.neg}, nil
			}
		} else {
			lo, borrow := bits.Sub64(d.lo, e.lo, 0)
			hi, borrow := bits.Sub64(uint64(d.hi), uint64(e.hi), borrow)
			if borrow == 0 {
				return Decimal{lo, uint32(hi), d.scale, d.neg}, nil
			}
			lo, borrow = bits.Sub64(e.lo, d.lo, 0)
			hi, _ = bits.Sub64(uint64(e.hi), uint64(d.hi), borrow)
			return Decimal{lo, uint32(hi), d.scale, !d.neg}, nil
		}
	}
	scale := max(d.scale, e.scale)
	x, y := d.coefficient(), e.coefficient()
	x.Mul(x, bigPow10[scale-d.scale])
	y.Mul(y, bigPow10[scale-e.scale])
	neg := d.neg
	if d.neg == e.neg {
		x.Add(x, y)
	} else if x.Sub(x, y); x.Sign() < 0 {
		x.Neg(x)
		neg = !neg
	}
	return fit(x, int(scale), neg)
}

// Sub is d - e.
func (d Decimal) Sub(e Decimal) (Decimal, error) { return d.Add(e.Neg()) }

// Mul is d * e, at the sum of both scales where that fits.
func (d Decimal) Mul(e Decimal) (Decimal, error) {
	neg := d.neg != e.neg
	scale := int(d.scale) + int(e.scale)
	if d.hi == 0 && e.hi == 0 {
		hi, lo := bits.Mul64(d.lo, e.lo)
		if hi>>32 == 0 && scale <= MaxScale {
			if hi|lo == 0 && (d.lo|e.lo)>>32 != 0 {
				// .NET's long multiplication forgets scale and sign of a zero.
				return Decimal{}, nil
			}
			return Decimal{lo, uint32(hi), uint8(scale), neg}, nil
		}
	}
	c := d.coefficient()
	c.Mul(c, e.coefficient())
	if c.Sign() == 0 && (d.hi|e.hi != 0 || (d.lo|e.lo)>>32 != 0) {
		return Decimal{}, nil
	}
	if scale > MaxScale+19 && c.BitLen() <= 64 {
		return Decimal{}, nil
	}
	return fit(c, scale, neg)
}

// Div is d / e: exact at the natural scale if it can be, else with as many
// digits as fit, rounded half to even, without trailing zeros.
func (d Decimal) Div(e Decimal) (Decimal, error) {
	if e.IsZero() {
		return Decimal{}, ErrDivideByZero
	}
	neg := d.neg != e.neg
	natural := int(d.scale) - int(e.scale)
	if d.hi == 0 && e.hi == 0 && natural >= 0 && d.lo%e.lo == 0 {
		return Decimal{d.lo / e.lo, 0, uint8(natural), neg}, nil
	}
	x, y := d.coefficient(), e.coefficient()
	q, r := new(big.Int).QuoRem(x, y, new(big.Int))
	if r.Sign() == 0 {
		scale := natural
		if scale < 0 {
			q.Mul(q, bigPow10[-scale])
			scale = 0
		}
		if q.Cmp(bigMax) > 0 {
			return Decimal{}, ErrDecimalOverflow
		}
		return fromCoefficient(q, scale, neg), nil
	}
	for scale := MaxScale; scale >= 0; scale-- {
		n := new(big.Int).Set(x)
		m := new(big.Int).Set(y)
		if k := scale - natural; k >= 0 {
			n.Mul(n, bigPow10[k])
		} else {
			m.Mul(m, bigPow10[-k])
		}
		if over := n.BitLen() - m.BitLen() - 97; over > 0 {
			if drop := over * 77 >> 8; drop > 0 {
				scale = scale - drop + 1
				continue
			}
		}
		if q := divideHalfEven(n, m); q.Cmp(bigMax) <= 0 {
			return fromCoefficient(q, scale, neg).trimmed(), nil
		}
	}
	return Decimal{}, ErrDecimalOverflow
}

// trimmed has no trailing zeros behind the point.
func (d Decimal) trimmed() Decimal {
	for d.scale > 0 {
		q, r := d.div10()
		if r != 0 {
			break
		}
		d.lo, d.hi = q.lo, q.hi
		d.scale--
	}
	return d
}

// div10 divides the coefficient by ten.
func (d Decimal) div10() (q Decimal, r uint64) {
	hi := uint64(d.hi)
	q = d
	q.hi = uint32(hi / 10)
	q.lo, r = bits.Div64(hi%10, d.lo, 10)
	return q, r
}

// Rem is d % e, with the sign of d.
func (d Decimal) Rem(e Decimal) (Decimal, error) {
	if e.IsZero() {
		return Decimal{}, ErrDivideByZero
	}
	if d.IsZero() {
		return d, nil
	}
	scale := max(d.scale, e.scale)
	x, y := d.coefficient(), e.coefficient()
	x.Mul(x, bigPow10[scale-d.scale])
	y.Mul(y, bigPow10[scale-e.scale])
	if x.Cmp(y) < 0 {
		return d, nil
	}
	return fromCoefficient(x.Rem(x, y), int(scale), d.neg), nil
}

// Cmp is -1, 0 or 1.
func (d Decimal) Cmp(e Decimal) int {
	if d.Sign() != e.Sign() || d.IsZero() {
		return compare(d.Sign(), e.Sign())
	}
	var c int
	if d.scale == e.scale {
		if c = compare(d.hi, e.hi); c == 0 {
			c = compare(d.lo, e.lo)
		}
	} else {
		scale := max(d.scale, e.scale)
		x, y := d.coefficient(), e.coefficient()
		x.Mul(x, bigPow10[scale-d.scale])
		y.Mul(y, bigPow10[scale-e.scale])
		c = x.Cmp(y)
	}
	if d.neg {
		return -c
	}
	return c
}

func compare[T int | uint32 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Equal reports equal values, whatever the scales.
func (d Decimal) Equal(e Decimal) bool { return d.Cmp(e) == 0 }

// HashCode is decimal.GetHashCode: equal values have equal hashes.
func (d Decimal) HashCode() int32 {
	if d.IsZero() {
		return 0
	}
	if d.scale != 0 && d.lo&1 == 0 {
		d = d.trimmed()
	}
	return int32(d.flags() ^ d.hi ^ uint32(d.lo>>32) ^ uint32(d.lo))
}

// Rounding is System.MidpointRounding.
type Rounding int

// The ways of rounding, with .NET's numbers.
const (
	ToEven Rounding = iota
	AwayFromZero
	ToZero
	ToNegativeInfinity
	ToPositiveInfinity
)

// Round leaves at most digits digits behind the point.
func (d Decimal) Round(digits int, mode Rounding) Decimal {
	drop := int(d.scale) - digits
	if drop <= 0 {
		return d
	}
	by := bigPow10[drop]
	q, r := new(big.Int).QuoRem(d.coefficient(), by, new(big.Int))
	up := false
	switch mode {
	case ToEven, AwayFromZero:
		half := new(big.Int).Lsh(r, 1).Cmp(by)
		up = half > 0 || half == 0 && (mode == AwayFromZero || q.Bit(0) == 1)
	case ToNegativeInfinity:
		up = d.neg && r.Sign() != 0
	case ToPositiveInfinity:
		up = !d.neg && r.Sign() != 0
	}
	if up {
		q.Add(q, bigOne)
	}
	return fromCoefficient(q, digits, d.neg)
}

// Float64 is the double nearest to d as .NET computes it, by one division:
// the last bit can differ from the correctly rounded value.
func (d Decimal) Float64() float64 {
	v := (float64(d.lo) + float64(d.hi)*(1<<64)) / float64Pow10[d.scale]
	if d.neg {
		v = -v
	}
	return v
}

var float64Pow10 = func() [MaxScale + 1]float64 {
	var p [MaxScale + 1]float64
	for i := range p {
		p[i], _ = new(big.Float).SetInt(bigPow10[i]).Float64()
	}
	return p
}()

// DecimalFromFloat64 keeps 15 significant digits, as the C# cast and
// Convert.ToDecimal do.
func DecimalFromFloat64(v float64) (Decimal, error) {
	return decimalFromFloat(v, int(math.Float64bits(v)>>52&0x7ff)-1022, 15)
}

// DecimalFromFloat32 keeps 7 significant digits.
func DecimalFromFloat32(v float32) (Decimal, error) {
	return decimalFromFloat(float64(v), int(math.Float32bits(v)>>23&0xff)-126, 7)
}

func decimalFromFloat(v float64, exp, digits int) (Decimal, error) {
	if exp < -94 {
		return Decimal{}, nil
	}
	if exp > 96 {
		return Decimal{}, ErrDecimalOverflow
	}
	neg := v < 0
	v = math.Abs(v)
	lower, upper := float64Pow10[digits-1], float64Pow10[digits]
	// power is how often to multiply by ten for an integer of that many digits.
	power := digits - 1 - (exp*19728)>>16
	switch {
	case power >= 0:
		power = min(power, MaxScale)
		v *= float64Pow10[power]
	case power != -1 || v >= upper:
		v /= float64Pow10[-power]
	default:
		power = 0
	}
	if v < lower && power < MaxScale {
		v *= 10
		power++
	}
	mantissa := uint64(math.RoundToEven(v))
	if mantissa == 0 {
		return Decimal{}, nil
	}
	if power < 0 {
		hi, lo := bits.Mul64(mantissa, pow10u64[-power])
		return Decimal{lo: lo, hi: uint32(hi), neg: neg}, nil
	}
	for limit := min(power, digits-1); limit > 0 && mantissa%10 == 0; limit-- {
		mantissa /= 10
		power--
	}
	return Decimal{lo: mantissa, scale: uint8(power), neg: neg}, nil
}

// magnitude is the value without its fraction, ignoring the sign; ok is false if
// it does not fit.
func (d Decimal) magnitude() (v uint64, ok bool) {
	t := d.Round(0, ToZero)
	return t.lo, t.hi == 0
}

// Int64 cuts the fraction off; ok is false out of range.
func (d Decimal) Int64() (v int64, ok bool) {
	m, ok := d.magnitude()
	switch {
	case !ok:
		return 0, false
	case d.neg:
		return -int64(m), m <= 1<<63
	}
	return int64(m), m <= math.MaxInt64
}

// Uint64 cuts the fraction off; ok is false out of range.
func (d Decimal) Uint64() (v uint64, ok bool) {
	m, ok := d.magnitude()
	return m, ok && (!d.neg || m == 0)
}

// String is decimal.ToString with the invariant culture.
func (d Decimal) String() string { return FormatDecimal(d) }
