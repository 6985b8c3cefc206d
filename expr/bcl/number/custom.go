package number

import "strings"

// section finds the part of a custom format for positive (0), negative (1)
// or zero (2) numbers; an empty or missing part falls back to the first.
func section(format string, want int) int {
	if want == 0 {
		return 0
	}
	for i := 0; i < len(format); {
		c := format[i]
		i++
		switch c {
		case '\'', '"':
			for i < len(format) && format[i] != 0 {
				i++
				if format[i-1] == c {
					break
				}
			}
		case '\\':
			if i < len(format) && format[i] != 0 {
				i++
			}
		case ';':
			if want--; want == 0 {
				if i < len(format) && format[i] != 0 && format[i] != ';' {
					return i
				}
				return 0
			}
		case 0:
			return 0
		}
	}
	return 0
}

// layout is what the placeholders of one section say.
type layout struct {
	digits     int // Number of # and 0.
	point      int // Placeholders before the point.
	firstZero  int // Digits before the point that are always shown.
	lastZero   int // Digits behind the point that are always shown, negated.
	thousands  bool
	scientific bool
	shift      int // Decimal places to move the number by: %, ‰ and trailing commas.
}

const perMille = "‰"

func scan(format string, start int) layout {
	l := layout{point: -1}
	first, last := 1<<31-1, 0
	thousandAt, thousands := -1, 0
	for i := start; i < len(format); {
		c := format[i]
		i++
		if c == 0 || c == ';' {
			break
		}
		switch c {
		case '#':
			l.digits++
		case '0':
			first = min(first, l.digits)
			l.digits++
			last = l.digits
		case '.':
			if l.point < 0 {
				l.point = l.digits
			}
		case ',':
			if l.digits > 0 && l.point < 0 {
				if thousandAt >= 0 {
					if thousandAt == l.digits {
						thousands++
						continue
					}
					l.thousands = true
				}
				thousandAt, thousands = l.digits, 1
			}
		case '%':
			l.shift += 2
		case perMille[0]:
			if strings.HasPrefix(format[i-1:], perMille) {
				l.shift += 3
				i += len(perMille) - 1
			}
		case '\'', '"':
			for i < len(format) && format[i] != 0 {
				i++
				if format[i-1] == c {
					break
				}
			}
		case '\\':
			if i < len(format) && format[i] != 0 {
				i++
			}
		case 'E', 'e':
			if n := exponentZeros(format[i:]); n > 0 {
				l.scientific = true
				i += n
			}
		}
	}
	if l.point < 0 {
		l.point = l.digits
	}
	if thousandAt >= 0 {
		if thousandAt == l.point {
			l.shift -= 3 * thousands
		} else {
			l.thousands = true
		}
	}
	if first < l.point {
		l.firstZero = l.point - first
	}
	if last > l.point {
		l.lastZero = l.point - last
	}
	return l
}

// exponentZeros is the length of [+-]0+ at the start of s, 0 if it is not there.
func exponentZeros(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	start := i
	for i < len(s) && s[i] == '0' {
		i++
	}
	if i == start {
		return 0
	}
	return i
}

// custom prints the number by a custom format string. Bytes beyond ASCII are
// literal text, save the per mille sign.
func (b *buffer) custom(format string, info *Info) string {
	want := 0
	if len(b.digits) == 0 {
		want = 2
	} else if b.neg {
		want = 1
	}
	start := section(format, want)
	var l layout
	for {
		l = scan(format, start)
		if len(b.digits) == 0 {
			if b.kind != kindFloat {
				b.neg = false
			}
			b.scale = 0
			break
		}
		b.scale += l.shift
		if l.scientific {
			b.round(l.digits, false)
		} else {
			b.round(b.scale+l.digits-l.point, false)
		}
		if len(b.digits) == 0 {
			if again := section(format, 2); again != start {
				start = again
				continue
			}
		}
		break
	}

	pos, adjust := l.point, 0
	if !l.scientific {
		pos = max(b.scale, l.point)
		adjust = b.scale - l.point
	}
	var breaks []int
	if l.thousands && info.GroupSeparator != "" {
		breaks = groupBreaks(max(l.firstZero, pos+min(adjust, 0)), info.GroupSizes)
	}

	out := make([]byte, 0, len(format)+len(b.digits))
	negative := b.neg && start == 0
	if negative && b.scale != 0 {
		out = append(out, info.NegativeSign...)
	}
	next := 0
	take := func() (byte, bool) {
		if next < len(b.digits) {
			next++
			return b.digits[next-1], true
		}
		return '0', false
	}
	group := func() {
		if n := len(breaks); n > 0 && pos > 1 && pos == breaks[n-1]+1 {
			out = append(out, info.GroupSeparator...)
			breaks = breaks[:n-1]
		}
	}
	pointWritten := false
	for i := start; i < len(format); {
		c := format[i]
		i++
		if c == 0 || c == ';' {
			break
		}
		if adjust > 0 && (c == '#' || c == '0' || c == '.') {
			// The number has more digits than the format: they go before the first placeholder.
			for ; adjust > 0; adjust-- {
				d, _ := take()
				out = append(out, d)
				group()
				pos--
			}
		}
		switch c {
		case '#', '0':
			shown := true
			d := byte('0')
			if adjust < 0 {
				adjust++
				shown = pos <= l.firstZero
			} else {
				var real bool
				d, real = take()
				shown = real || pos > l.lastZero
			}
			if shown {
				out = append(out, d)
				group()
			}
			pos--
		case '.':
			if pos == 0 && !pointWritten && (l.lastZero < 0 || l.point < l.digits && next < len(b.digits)) {
				out = append(out, info.DecimalSeparator...)
				pointWritten = true
			}
		case '%':
			out = append(out, info.PercentSymbol...)
		case perMille[0]:
			if strings.HasPrefix(format[i-1:], perMille) {
				out = append(out, info.PerMilleSymbol...)
				i += len(perMille) - 1
			} else {
				out = append(out, c)
			}
		case ',':
		case '\'', '"':
			for i < len(format) && format[i] != 0 && format[i] != c {
				out = append(out, format[i])
				i++
			}
			if i < len(format) && format[i] != 0 {
				i++
			}
		case '\\':
			if i < len(format) && format[i] != 0 {
				out = append(out, format[i])
				i++
			}
		case 'E', 'e':
			n := exponentZeros(format[i:])
			if l.scientific && n > 0 {
				digits, plus := n, false
				if format[i] != '0' {
					digits, plus = n-1, format[i] == '+'
				}
				exponent := 0
				if len(b.digits) > 0 {
					exponent = b.scale - l.point
				}
				out = appendExponent(out, info, exponent, c, min(digits, 10), plus)
				i += n
				l.scientific = false
				continue
			}
			out = append(out, c)
			if !l.scientific && i < len(format) {
				if format[i] == '+' || format[i] == '-' {
					out = append(out, format[i])
					i++
				}
				for i < len(format) && format[i] == '0' {
					out = append(out, '0')
					i++
				}
			}
		default:
			out = append(out, c)
		}
	}
	if negative && b.scale == 0 && len(out) > 0 {
		return info.NegativeSign + string(out)
	}
	return string(out)
}
