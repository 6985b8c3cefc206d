package number

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Styles is System.Globalization.NumberStyles.
type Styles int

// The styles, with .NET's numbers.
const (
	AllowLeadingWhite Styles = 1 << iota
	AllowTrailingWhite
	AllowLeadingSign
	AllowTrailingSign
	AllowParentheses
	AllowDecimalPoint
	AllowThousands
	AllowExponent
	AllowCurrencySymbol
	AllowHexSpecifier
	AllowBinarySpecifier

	StyleNone     Styles = 0
	StyleInteger         = AllowLeadingWhite | AllowTrailingWhite | AllowLeadingSign
	StyleNumber          = StyleInteger | AllowTrailingSign | AllowDecimalPoint | AllowThousands
	StyleFloat           = StyleInteger | AllowDecimalPoint | AllowExponent
	StyleCurrency        = StyleNumber | AllowParentheses | AllowCurrencySymbol
	StyleAny             = StyleCurrency | AllowExponent
	StyleHex             = AllowLeadingWhite | AllowTrailingWhite | AllowHexSpecifier
	StyleBinary          = AllowLeadingWhite | AllowTrailingWhite | AllowBinarySpecifier
	StyleDouble          = StyleFloat | AllowThousands
)

// Result says how a parse ended. Wherever a number format is asked for, nil is
// the invariant one.
type Result uint8

// The ends of a parse: a FormatException and an OverflowException stand
// behind the last two.
const (
	Parsed Result = iota
	BadFormat
	OutOfRange
)

// CheckIntegerStyle is the message of the ArgumentException for styles that
// an integer cannot be read with, "" if they are fine.
func CheckIntegerStyle(s Styles) string {
	switch {
	case s&^(StyleAny|AllowHexSpecifier|AllowBinarySpecifier) != 0:
		return "An undefined NumberStyles value is being used. (Parameter 'style')"
	case s&AllowHexSpecifier != 0 && s&^StyleHex != 0, s&AllowBinarySpecifier != 0 && s&^StyleBinary != 0:
		return "With the AllowHexSpecifier or AllowBinarySpecifier bit set in the enum bit field, the only other valid bits that can be combined into the enum value must be a subset of those in HexNumber or BinaryNumber. (Parameter 'style')"
	}
	return ""
}

// CheckFloatStyle is CheckIntegerStyle for double, float and decimal.
func CheckFloatStyle(s Styles) string {
	switch {
	case s&^(StyleAny|AllowHexSpecifier|AllowBinarySpecifier) != 0:
		return "An undefined NumberStyles value is being used. (Parameter 'style')"
	case s&(AllowHexSpecifier|AllowBinarySpecifier) != 0:
		return "The number styles AllowHexSpecifier and AllowBinarySpecifier are not supported on floating point data types. (Parameter 'style')"
	}
	return ""
}

func isWhite(c byte) bool { return c == ' ' || c >= 9 && c <= 13 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// read scans a number in the given styles into a buffer; ok is false where
// .NET throws a FormatException. limit is how many significant digits are
// kept; tail reports further ones that are not zero.
func read(s string, style Styles, info *Info, k kind, limit int) (b buffer, tail, ok bool) {
	b.kind = k
	info = info.or()
	point, group := info.DecimalSeparator, info.GroupSeparator
	currency := ""
	parsingCurrency := style&AllowCurrencySymbol != 0
	if parsingCurrency {
		currency = info.CurrencySymbol
		point, group = info.CurrencyDecimalSeparator, info.CurrencyGroupSeparator
	}
	var hasSign, parens, hasDigits, nonZero, afterPoint, hasCurrency bool
	i := 0
	at := func() byte {
		if i < len(s) {
			return s[i]
		}
		return 0
	}
	match := func(what string) bool {
		if what != "" && strings.HasPrefix(s[i:], what) {
			i += len(what)
			return true
		}
		return false
	}
	sign := func() bool {
		if match(info.PositiveSign) {
			return true
		}
		if match(info.NegativeSign) {
			b.neg = true
			return true
		}
		return false
	}
	for i < len(s) {
		if isWhite(at()) && style&AllowLeadingWhite != 0 &&
			(!hasSign || hasCurrency || info.NegativePattern == 2) {
			i++
			continue
		}
		if style&AllowLeadingSign != 0 && !hasSign && sign() {
			hasSign = true
			continue
		}
		if at() == '(' && style&AllowParentheses != 0 && !hasSign {
			hasSign, parens, b.neg = true, true, true
			i++
			continue
		}
		if match(currency) {
			hasCurrency, currency = true, ""
			continue
		}
		break
	}
	count, end := 0, 0
	for i < len(s) {
		c := at()
		switch {
		case isDigit(c):
			hasDigits = true
			i++
			if c != '0' || nonZero {
				if count < limit {
					b.digits = append(b.digits, c)
					if c != '0' || k != kindInteger {
						end = count + 1
					}
				} else if c != '0' {
					tail = true
				}
				if !afterPoint {
					b.scale++
				}
				count++
				nonZero = true
			} else if afterPoint {
				b.scale--
			}
			continue
		case style&AllowDecimalPoint != 0 && !afterPoint &&
			(match(point) || parsingCurrency && !hasCurrency && match(info.DecimalSeparator)):
			afterPoint = true
			continue
		case style&AllowThousands != 0 && hasDigits && !afterPoint &&
			(match(group) || parsingCurrency && !hasCurrency && match(info.GroupSeparator)):
			continue
		}
		break
	}
	b.digits = b.digits[:end]
	if !hasDigits {
		return b, false, false
	}
	if c := at(); (c == 'E' || c == 'e') && style&AllowExponent != 0 {
		start := i
		i++
		negative := false
		if !match(info.PositiveSign) {
			negative = match(info.NegativeSign)
		}
		if isDigit(at()) {
			e := 0
			for isDigit(at()) {
				if e >= 100_000_000 {
					e = math.MaxInt32
					b.scale = 0
					for isDigit(at()) {
						i++
					}
					break
				}
				e = e*10 + int(at()-'0')
				i++
			}
			if negative {
				e = -e
			}
			b.scale += e
		} else {
			i = start
		}
	}
	for i < len(s) {
		if isWhite(at()) && style&AllowTrailingWhite != 0 {
			i++
			continue
		}
		if style&AllowTrailingSign != 0 && !hasSign && sign() {
			hasSign = true
			continue
		}
		if at() == ')' && parens {
			parens = false
			i++
			continue
		}
		if match(currency) {
			currency = ""
			continue
		}
		break
	}
	if parens {
		return b, false, false
	}
	if !nonZero {
		if k != kindDecimal {
			b.scale = 0
		}
		if k == kindInteger && !afterPoint {
			b.neg = false
		}
	}
	// NULs at the end are ignored.
	return b, tail, strings.Trim(s[i:], "\x00") == ""
}

// ParseUint reads the magnitude and sign of an integer in the given styles.
// The caller has checked the styles.
func parseMagnitude(s string, style Styles, info *Info) (magnitude uint64, neg bool, r Result) {
	if style&^StyleInteger == 0 && info.or() == Invariant {
		return parsePlain(s, style)
	}
	b, _, ok := read(s, style, info, kindInteger, 40)
	if !ok {
		return 0, false, BadFormat
	}
	if len(b.digits) == 0 {
		return 0, false, Parsed
	}
	if b.scale > 20 || b.scale < len(b.digits) {
		return 0, b.neg, OutOfRange
	}
	for i := range b.scale {
		hi, lo := bits.Mul64(magnitude, 10)
		sum, carry := bits.Add64(lo, uint64(b.digit(i)-'0'), 0)
		if hi+carry != 0 {
			return 0, b.neg, OutOfRange
		}
		magnitude = sum
	}
	return magnitude, b.neg, Parsed
}

// parsePlain is the common case: white space, a sign and digits.
func parsePlain(s string, style Styles) (magnitude uint64, neg bool, r Result) {
	i := 0
	if style&AllowLeadingWhite != 0 {
		for i < len(s) && isWhite(s[i]) {
			i++
		}
	}
	if style&AllowLeadingSign != 0 && i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	if i == len(s) || !isDigit(s[i]) {
		return 0, neg, BadFormat
	}
	for ; i < len(s) && isDigit(s[i]); i++ {
		if r != Parsed {
			continue
		}
		if magnitude > math.MaxUint64/10 {
			r = OutOfRange
			continue
		}
		next := magnitude*10 + uint64(s[i]-'0')
		if next < magnitude*10 {
			r = OutOfRange
			continue
		}
		magnitude = next
	}
	if i < len(s) {
		if style&AllowTrailingWhite != 0 {
			for i < len(s) && isWhite(s[i]) {
				i++
			}
		}
		for i < len(s) && s[i] == 0 {
			i++
		}
		if i < len(s) {
			return 0, neg, BadFormat
		}
	}
	return magnitude, neg, r
}

// parseRadix reads hexadecimal or binary digits, at most width bits.
func parseRadix(s string, style Styles, width int) (v uint64, r Result) {
	i := 0
	if style&AllowLeadingWhite != 0 {
		for i < len(s) && isWhite(s[i]) {
			i++
		}
	}
	per := 4
	if style&AllowBinarySpecifier != 0 {
		per = 1
	}
	start := i
	for ; i < len(s); i++ {
		d, ok := hexDigit(s[i])
		if !ok || d >= 1<<per {
			break
		}
		if v>>(width-per) != 0 {
			r = OutOfRange
		}
		v = v<<per | uint64(d)
	}
	if i == start {
		return 0, BadFormat
	}
	if style&AllowTrailingWhite != 0 {
		for i < len(s) && isWhite(s[i]) {
			i++
		}
	}
	if strings.Trim(s[i:], "\x00") != "" {
		return 0, BadFormat
	}
	return v, r
}

func hexDigit(c byte) (int, bool) {
	switch {
	case isDigit(c):
		return int(c - '0'), true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10, true
	}
	return 0, false
}

// ParseInt reads a signed integer of width bits.
func ParseInt(s string, style Styles, info *Info, width int) (int64, Result) {
	if style&(AllowHexSpecifier|AllowBinarySpecifier) != 0 {
		v, r := parseRadix(s, style, width)
		shift := 64 - width
		return int64(v<<shift) >> shift, r
	}
	m, neg, r := parseMagnitude(s, style, info)
	if r != Parsed {
		return 0, r
	}
	limit := uint64(1) << (width - 1)
	if neg {
		if m > limit {
			return 0, OutOfRange
		}
		return -int64(m), Parsed
	}
	if m >= limit {
		return 0, OutOfRange
	}
	return int64(m), Parsed
}

// ParseUint reads an unsigned integer of width bits; a negative zero is zero.
func ParseUint(s string, style Styles, info *Info, width int) (uint64, Result) {
	if style&(AllowHexSpecifier|AllowBinarySpecifier) != 0 {
		return parseRadix(s, style, width)
	}
	m, neg, r := parseMagnitude(s, style, info)
	if r == Parsed && (neg && m != 0 || width < 64 && m>>width != 0) {
		r = OutOfRange
	}
	if r != Parsed {
		return 0, r
	}
	return m, Parsed
}

// ParseFloat reads a double (size 64) or float (size 32), rounded correctly.
// It never overflows: too large is infinity.
func ParseFloat(s string, style Styles, info *Info, size int) (float64, Result) {
	b, tail, ok := read(s, style, info, kindFloat, 800)
	if !ok {
		return parseSymbol(s, info)
	}
	v := 0.0
	if len(b.digits) > 0 {
		switch {
		case b.scale > 400:
			v = math.Inf(1)
		case b.scale > -400:
			text := make([]byte, 0, len(b.digits)+8)
			text = append(text, "0."...)
			text = append(text, b.digits...)
			if tail {
				text = append(text, '1')
			}
			text = append(text, 'e')
			text = strconv.AppendInt(text, int64(b.scale), 10)
			v, _ = strconv.ParseFloat(string(text), size)
		}
	}
	if b.neg {
		v = -v
	}
	return v, Parsed
}

func parseSymbol(s string, info *Info) (float64, Result) {
	s, info = strings.TrimSpace(s), info.or()
	switch {
	case strings.EqualFold(s, info.PositiveInfinity):
		return math.Inf(1), Parsed
	case strings.EqualFold(s, info.NegativeInfinity):
		return math.Inf(-1), Parsed
	case strings.EqualFold(s, info.NaN):
		return math.NaN(), Parsed
	}
	if rest, ok := strings.CutPrefix(s, info.PositiveSign); ok {
		switch {
		case strings.EqualFold(rest, info.PositiveInfinity):
			return math.Inf(1), Parsed
		case strings.EqualFold(rest, info.NaN):
			return math.NaN(), Parsed
		}
	}
	if rest, ok := strings.CutPrefix(s, info.NegativeSign); ok && strings.EqualFold(rest, info.NaN) {
		return math.NaN(), Parsed
	}
	return 0, BadFormat
}

// ParseDecimal reads a decimal, keeping its scale; digits that do not fit
// round half to even.
func ParseDecimal(s string, style Styles, info *Info) (Decimal, Result) {
	b, tail, ok := read(s, style, info, kindDecimal, 30)
	if !ok {
		return Decimal{}, BadFormat
	}
	e := b.scale
	if len(b.digits) == 0 {
		return Decimal{neg: b.neg, scale: uint8(max(0, min(MaxScale, -e)))}, Parsed
	}
	if e > 29 {
		return Decimal{}, OutOfRange
	}
	var hi, lo uint64
	next := 0
	for e > 0 || next < len(b.digits) && e > -MaxScale {
		d := uint64(b.digit(next) - '0')
		h1, l1 := bits.Mul64(lo, 10)
		l1, carry := bits.Add64(l1, d, 0)
		h1 += hi*10 + carry
		if h1>>32 != 0 {
			break
		}
		hi, lo = h1, l1
		next++
		e--
	}
	if next < len(b.digits) && b.digits[next] >= '5' {
		up := b.digits[next] > '5' || lo&1 == 1 || tail || strings.Trim(string(b.digits[next+1:]), "0") != ""
		if up {
			if lo++; lo == 0 {
				if hi++; hi>>32 != 0 {
					// 2^96 is one digit too long.
					hi, lo = math.MaxUint32/10, 0x999999999999999A
					e++
				}
			}
		}
	}
	if e > 0 {
		return Decimal{}, OutOfRange
	}
	if e <= -29 {
		return Decimal{neg: b.neg, scale: MaxScale}, Parsed
	}
	return Decimal{lo: lo, hi: uint32(hi), scale: uint8(-e), neg: b.neg}, Parsed
}
