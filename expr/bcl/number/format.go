package number

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ErrFormatSpecifier stands for the FormatException of a standard format that
// does not exist or does not suit the type.
var ErrFormatSpecifier = errors.New("no such number format")

// kind tells how a buffer rounds: floating-point digits are already rounded
// by their exact binary value, others are cut half away from zero.
type kind uint8

const (
	kindInteger kind = iota
	kindDecimal
	kindFloat
)

// buffer is a number as decimal digits: 0.d1d2d3… × 10^scale, as .NET's
// formatter sees it. There are no leading zeros; zero has no digits.
type buffer struct {
	digits []byte
	scale  int
	neg    bool
	kind   kind
}

// specifier splits a format string: the letter of a standard format with its
// precision (-1 if none), or 0 for a custom format. An empty format is G.
func specifier(format string) (letter byte, precision int, err error) {
	if format == "" || format[0] == 0 {
		return 'G', -1, nil
	}
	c := format[0]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		return 0, -1, nil
	}
	if len(format) == 1 {
		return c, -1, nil
	}
	n, i := 0, 1
	for i < len(format) && format[i] >= '0' && format[i] <= '9' {
		if n >= 100_000_000 {
			return 0, 0, ErrFormatSpecifier
		}
		n = n*10 + int(format[i]-'0')
		i++
	}
	if i == len(format) || format[i] == 0 {
		if i == 1 {
			n = -1
		}
		return c, n, nil
	}
	return 0, -1, nil
}

// Precision is the number of digits that a standard format asks for, 0 for
// all other formats: what a caller charges before it formats.
func Precision(format string) int {
	if letter, n, err := specifier(format); err == nil && letter != 0 && n > 0 {
		return n
	}
	return 0
}

// FormatInt formats an integer of the given width (8, 16, 32 or 64 bits),
// which decides what X and B show of a negative number.
func FormatInt(v int64, width int, format string, info *Info) (string, error) {
	if info = info.or(); format == "" && info.NegativeSign == "-" {
		return strconv.FormatInt(v, 10), nil
	}
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	mask := uint64(math.MaxUint64) >> (64 - width)
	return formatInteger(magnitude, v < 0, uint64(v)&mask, format, info)
}

// FormatUint formats an unsigned integer.
func FormatUint(v uint64, format string, info *Info) (string, error) {
	if format == "" {
		return strconv.FormatUint(v, 10), nil
	}
	return formatInteger(v, false, v, format, info.or())
}

func formatInteger(magnitude uint64, neg bool, raw uint64, format string, info *Info) (string, error) {
	letter, precision, err := specifier(format)
	if err != nil {
		return "", err
	}
	sign := ""
	if neg {
		sign = info.NegativeSign
	}
	switch letter {
	case 'D', 'd', 'G', 'g', 'R', 'r':
		if letter|0x20 != 'd' && precision > 0 {
			if letter|0x20 == 'g' {
				break
			}
			precision = -1
		}
		return sign + padZero(strconv.FormatUint(magnitude, 10), precision), nil
	case 'x':
		return padZero(strconv.FormatUint(raw, 16), precision), nil
	case 'X':
		return padZero(strings.ToUpper(strconv.FormatUint(raw, 16)), precision), nil
	case 'b', 'B':
		return padZero(strconv.FormatUint(raw, 2), precision), nil
	}
	b := buffer{neg: neg, kind: kindInteger}
	if magnitude != 0 {
		b.digits = strconv.AppendUint(make([]byte, 0, 20), magnitude, 10)
		b.scale = len(b.digits)
	}
	return b.format(letter, precision, format, info)
}

func padZero(digits string, width int) string {
	if n := width - len(digits); n > 0 {
		return strings.Repeat("0", n) + digits
	}
	return digits
}

// FormatDecimal is decimal.ToString() with the invariant culture.
func FormatDecimal(d Decimal) string {
	text, _ := FormatDecimalAs(d, "", Invariant)
	return text
}

// FormatDecimalAs formats a decimal; the general format shows every digit of
// the scale.
func FormatDecimalAs(d Decimal, format string, info *Info) (string, error) {
	letter, precision, err := specifier(format)
	if err != nil {
		return "", err
	}
	b := buffer{neg: d.neg, kind: kindDecimal, scale: -int(d.scale)}
	if !d.IsZero() {
		if d.hi == 0 {
			b.digits = strconv.AppendUint(make([]byte, 0, 32), d.lo, 10)
		} else {
			// hi·2^64 + lo by 10^19, which leaves both parts in one word.
			q, r := bits.Div64(uint64(d.hi), d.lo, 1e19)
			b.digits = strconv.AppendUint(make([]byte, 0, 32), q, 10)
			low := strconv.FormatUint(r, 10)
			for range 19 - len(low) {
				b.digits = append(b.digits, '0')
			}
			b.digits = append(b.digits, low...)
		}
		b.scale += len(b.digits)
	}
	return b.format(letter, precision, format, info.or())
}

// FormatFloat64 formats a double; "" is the shortest text that reads back.
func FormatFloat64(v float64, format string, info *Info) (string, error) {
	return formatFloat(v, 64, format, info)
}

// FormatFloat32 formats a float.
func FormatFloat32(v float32, format string, info *Info) (string, error) {
	return formatFloat(float64(v), 32, format, info)
}

// maxFloatDigits is more than the digits of any double behind the point.
const maxFloatDigits = 1100

func formatFloat(v float64, size int, format string, info *Info) (string, error) {
	info = info.or()
	switch {
	case math.IsNaN(v):
		return info.NaN, nil
	case math.IsInf(v, 1):
		return info.PositiveInfinity, nil
	case math.IsInf(v, -1):
		return info.NegativeInfinity, nil
	}
	letter, precision, err := specifier(format)
	if err != nil {
		return "", err
	}
	custom, pretty := 15, 17
	switch size {
	case 32:
		custom, pretty = 7, 9
	case 16:
		custom, pretty = 5, 5
	}
	b := buffer{neg: math.Signbit(v), kind: kindFloat}
	v = math.Abs(v)
	fixed := func(digits, byDefault int) {
		if digits < 0 {
			digits = byDefault
		}
		b.load(strconv.AppendFloat(make([]byte, 0, 32), v, 'f', min(digits, maxFloatDigits), max(size, 32)))
	}
	significant := func(digits int) {
		if digits > 0 {
			digits = min(digits, maxFloatDigits)
		}
		b.load(strconv.AppendFloat(make([]byte, 0, 32), v, 'e', digits-1, max(size, 32)))
		if digits == 0 && size == 16 {
			b.load(shortestHalf(v))
		}
	}
	switch letter {
	case 0:
		significant(custom)
	case 'C', 'c':
		fixed(precision, info.CurrencyDigits)
	case 'F', 'f', 'N', 'n':
		fixed(precision, info.DecimalDigits)
	case 'P', 'p':
		digits := precision
		if digits < 0 {
			digits = info.PercentDigits
		}
		fixed(digits+2, 0)
	case 'E', 'e':
		digits := precision
		if digits < 0 {
			digits = 6
		}
		significant(digits + 1)
	case 'G', 'g', 'R', 'r':
		if letter|0x20 == 'r' {
			letter, precision = letter-('R'-'G'), -1
		}
		if precision > 0 {
			significant(precision)
		} else {
			significant(0) // Shortest.
			precision = max(len(b.digits), pretty)
		}
	default:
		return "", ErrFormatSpecifier
	}
	return b.format(letter, precision, format, info)
}

// load takes the digits of a text that strconv wrote with format f or e.
func (b *buffer) load(text []byte) {
	digits := text[:0]
	point, exponent := -1, 0
	for i, c := range text {
		if c == 'e' {
			exponent, _ = strconv.Atoi(string(text[i+1:]))
			break
		}
		if c == '.' {
			point = len(digits)
			continue
		}
		digits = append(digits, c)
	}
	if point < 0 {
		point = len(digits)
	}
	zeros := 0
	for zeros < len(digits) && digits[zeros] == '0' {
		zeros++
	}
	if zeros == len(digits) {
		b.digits, b.scale = nil, 0
		return
	}
	b.digits = digits[zeros:]
	b.scale = point - zeros + exponent
	b.trim()
}

func (b *buffer) trim() {
	n := len(b.digits)
	for n > 0 && b.digits[n-1] == '0' {
		n--
	}
	b.digits = b.digits[:n]
}

// round keeps at digits. What is cut off rounds half away from zero, unless
// the digits are those of a float that was rounded exactly before.
func (b *buffer) round(at int, exact bool) {
	if at >= 0 && at < len(b.digits) && !exact && b.digits[at] >= '5' {
		i := at
		for i > 0 && b.digits[i-1] == '9' {
			i--
		}
		if i > 0 {
			b.digits = b.digits[:i]
			b.digits[i-1]++
		} else {
			b.digits = append(b.digits[:0], '1')
			b.scale++
		}
		return
	}
	b.digits = b.digits[:max(0, min(at, len(b.digits)))]
	b.trim()
	if len(b.digits) == 0 {
		if b.kind != kindFloat {
			b.neg = false
		}
		b.scale = 0
	}
}

// format prints the number by a standard letter, or by a custom format when
// the letter is 0.
func (b *buffer) format(letter byte, precision int, format string, info *Info) (string, error) {
	if letter == 0 {
		return b.custom(format, info), nil
	}
	exact := b.kind == kindFloat
	var out []byte
	orDefault := func(n int) {
		if precision < 0 {
			precision = n
		}
	}
	switch letter {
	case 'C', 'c':
		orDefault(info.CurrencyDigits)
		b.round(b.scale+precision, exact)
		pattern := currencyPositive[info.CurrencyPositive]
		if b.neg {
			pattern = currencyNegative[info.CurrencyNegative]
		}
		out = b.pattern(out, pattern, precision, info.CurrencyGroupSizes, info.CurrencyDecimalSeparator, info.CurrencyGroupSeparator, info)
	case 'F', 'f':
		orDefault(info.DecimalDigits)
		b.round(b.scale+precision, exact)
		if b.neg {
			out = append(out, info.NegativeSign...)
		}
		out = b.fixed(out, precision, nil, info.DecimalSeparator, "")
	case 'N', 'n':
		orDefault(info.DecimalDigits)
		b.round(b.scale+precision, exact)
		pattern := "#"
		if b.neg {
			pattern = numberNegative[info.NegativePattern]
		}
		out = b.pattern(out, pattern, precision, info.GroupSizes, info.DecimalSeparator, info.GroupSeparator, info)
	case 'P', 'p':
		orDefault(info.PercentDigits)
		b.scale += 2
		b.round(b.scale+precision, exact)
		pattern := percentPositive[info.PercentPositive]
		if b.neg {
			pattern = percentNegative[info.PercentNegative]
		}
		out = b.pattern(out, pattern, precision, info.PercentGroupSizes, info.PercentDecimalSeparator, info.PercentGroupSeparator, info)
	case 'E', 'e':
		orDefault(6)
		b.round(precision+1, exact)
		if b.neg {
			out = append(out, info.NegativeSign...)
		}
		out = append(out, b.digit(0))
		if precision > 0 {
			out = append(out, info.DecimalSeparator...)
			for i := range precision {
				out = append(out, b.digit(i+1))
			}
		}
		exponent := 0
		if len(b.digits) > 0 {
			exponent = b.scale - 1
		}
		out = appendExponent(out, info, exponent, letter, 3, true)
	case 'G', 'g', 'R', 'r':
		if letter|0x20 == 'r' {
			if b.kind == kindDecimal {
				return "", ErrFormatSpecifier
			}
			letter, precision = letter-('R'-'G'), -1
		}
		plain := false
		if precision < 1 {
			if b.kind == kindDecimal && precision == -1 {
				// Trailing zeros of a decimal are part of its value.
				plain = true
				if len(b.digits) == 0 {
					b.neg = false
				}
			} else {
				precision = len(b.digits)
			}
		}
		if !plain {
			b.round(precision, exact)
		}
		if b.neg {
			out = append(out, info.NegativeSign...)
		}
		out = b.general(out, precision, letter-('G'-'E'), plain, info)
	default:
		return "", ErrFormatSpecifier
	}
	return string(out), nil
}

func (b *buffer) digit(i int) byte {
	if i < len(b.digits) {
		return b.digits[i]
	}
	return '0'
}

func (b *buffer) general(out []byte, precision int, exponentLetter byte, plain bool, info *Info) []byte {
	pos, scientific := b.scale, false
	if !plain && (pos > precision || pos < -3) {
		pos, scientific = 1, true
	}
	i := 0
	if pos > 0 {
		for ; i < pos; i++ {
			out = append(out, b.digit(i))
		}
	} else {
		out = append(out, '0')
	}
	if i < len(b.digits) || pos < 0 {
		out = append(out, info.DecimalSeparator...)
		for ; pos < 0; pos++ {
			out = append(out, '0')
		}
		if i < len(b.digits) {
			out = append(out, b.digits[i:]...)
		}
	}
	if scientific {
		out = appendExponent(out, info, b.scale-1, exponentLetter, 2, true)
	}
	return out
}

func appendExponent(out []byte, info *Info, value int, letter byte, digits int, plus bool) []byte {
	out = append(out, letter)
	if value < 0 {
		out = append(out, info.NegativeSign...)
		value = -value
	} else if plus {
		out = append(out, info.PositiveSign...)
	}
	return append(out, padZero(strconv.Itoa(value), digits)...)
}

func (b *buffer) pattern(out []byte, pattern string, precision int, groups []int, point, group string, info *Info) []byte {
	for i := range len(pattern) {
		switch c := pattern[i]; c {
		case '#':
			out = b.fixed(out, precision, groups, point, group)
		case '-':
			out = append(out, info.NegativeSign...)
		case '$':
			out = append(out, info.CurrencySymbol...)
		case '%':
			out = append(out, info.PercentSymbol...)
		default:
			out = append(out, c)
		}
	}
	return out
}

func (b *buffer) fixed(out []byte, precision int, groups []int, point, group string) []byte {
	used := 0
	if b.scale > 0 {
		breaks := groupBreaks(b.scale, groups)
		for ; used < b.scale; used++ {
			if n := len(breaks); n > 0 && breaks[n-1] == b.scale-used {
				out = append(out, group...)
				breaks = breaks[:n-1]
			}
			out = append(out, b.digit(used))
		}
	} else {
		out = append(out, '0')
	}
	if precision > 0 {
		out = append(out, point...)
		zeros := min(precision, max(0, -b.scale))
		for range zeros {
			out = append(out, '0')
		}
		for i := range precision - zeros {
			out = append(out, b.digit(used+i))
		}
	}
	return out
}

// groupBreaks says before which digits, counted from the right, a group
// separator stands, the rightmost first.
func groupBreaks(digits int, groups []int) []int {
	var breaks []int
	at := 0
	for i := 0; len(groups) > 0; i++ {
		size := groups[min(i, len(groups)-1)]
		at += size
		if size == 0 || at >= digits {
			break
		}
		breaks = append(breaks, at)
	}
	return breaks
}
