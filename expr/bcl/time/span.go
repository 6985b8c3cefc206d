package time

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

const (
	maxSpan = Span(1<<63 - 1)
	minSpan = Span(-1 << 63)
)

func badSpan(s string) *failure {
	return &failure{value.FormatException, "String '" + s + "' was not recognized as a valid TimeSpan."}
}

func spanRange(s string) *failure {
	return &failure{value.OverflowException, "The TimeSpan string '" + s + "' could not be parsed because at least one of the numeric components is out of range or contains too many digits."}
}

// spanTicks puts the parts of a TimeSpan together; ok is false when one of
// them is out of its range.
func spanTicks(negative bool, days, hours, minutes, seconds int64, fraction string) (Span, bool) {
	if days > 10675199 || hours > 23 || minutes > 59 || seconds > 59 || len(fraction) > 7 {
		return 0, false
	}
	n := uint64(days)*TicksPerDay + uint64(hours)*TicksPerHour + uint64(minutes)*TicksPerMinute + uint64(seconds)*TicksPerSecond
	f := uint64(0)
	for i := range 7 {
		f *= 10
		if i < len(fraction) {
			f += uint64(fraction[i] - '0')
		}
	}
	n += f
	switch {
	case negative && n <= 1<<63:
		return Span(-n), true
	case !negative && n <= 1<<63-1:
		return Span(n), true
	}
	return 0, false
}

// spanText is a TimeSpan's text in pieces: numbers and what stands between.
type spanText struct {
	negative bool
	nums     []string
	seps     []string // seps[i] stands after nums[i]; the last is what follows
}

func splitSpan(s string) (spanText, bool) {
	var t spanText
	s = strings.Trim(s, " \t\r\n\v\f")
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		t.negative, s = true, rest
	}
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j == i {
			return t, false
		}
		k := j
		for k < len(s) && (s[k] < '0' || s[k] > '9') {
			k++
		}
		t.nums = append(t.nums, s[i:j])
		t.seps = append(t.seps, s[j:k])
		i = k
	}
	if len(t.nums) == 0 || len(t.nums) > 5 || t.seps[len(t.seps)-1] != "" {
		return t, false
	}
	return t, true
}

func spanNumber(digits string) int64 {
	var n int64
	for i := 0; i < len(digits) && n < 1<<40; i++ {
		n = n*10 + int64(digits[i]-'0')
	}
	return n
}

// ParseSpan reads what TimeSpan.Parse takes: [-]d, or [-][d.]hh:mm[:ss[.ff]]
// with : for the first point as well. The error is a *value.Exception.
func ParseSpan(s string) (Span, error) {
	n, f := parseSpan(s)
	if f != nil {
		return 0, f.exception()
	}
	return n, nil
}

func parseSpan(s string) (Span, *failure) {
	t, ok := splitSpan(s)
	if !ok {
		return 0, badSpan(s)
	}
	shape := strings.Join(t.seps, " ")
	n := func(i int) int64 { return spanNumber(t.nums[i]) }
	type reading struct {
		d, h, m, sec int64
		fraction     string
	}
	var readings []reading
	switch shape {
	case "":
		readings = []reading{{d: n(0)}}
	case ": ":
		readings = []reading{{h: n(0), m: n(1)}}
	case ": : ":
		// Hours first; when that is out of range, days.
		readings = []reading{{h: n(0), m: n(1), sec: n(2)}, {d: n(0), h: n(1), m: n(2)}}
	case ". : ":
		readings = []reading{{d: n(0), h: n(1), m: n(2)}}
	case ": : . ":
		readings = []reading{{h: n(0), m: n(1), sec: n(2), fraction: t.nums[3]}}
	case ". : : ", ": : : ":
		readings = []reading{{d: n(0), h: n(1), m: n(2), sec: n(3)}}
	case ". : : . ", ": : : . ":
		readings = []reading{{d: n(0), h: n(1), m: n(2), sec: n(3), fraction: t.nums[4]}}
	default:
		return 0, badSpan(s)
	}
	for _, r := range readings {
		if v, ok := spanTicks(t.negative, r.d, r.h, r.m, r.sec, r.fraction); ok {
			return v, nil
		}
	}
	return 0, spanRange(s)
}

// parseSpanExact reads s as a standard or custom format says. assumeNegative
// is TimeSpanStyles.AssumeNegative, which only custom formats look at.
func parseSpanExact(s, format string, assumeNegative bool) (Span, *failure) {
	if format == "" {
		return 0, &failure{value.FormatException, "Input string was not in a correct format."}
	}
	if len(format) == 1 {
		switch format[0] {
		case 'c', 't', 'T':
			t, ok := splitSpan(s)
			if !ok || len(t.nums) > 2 && t.seps[0] == ":" && len(t.nums) > 3 && t.seps[2] == ":" {
				return 0, badSpan(s)
			}
			switch strings.Join(t.seps, " ") {
			case "", ": ", ": : ", ". : ", ": : . ", ". : : ", ". : : . ":
			default:
				return 0, badSpan(s)
			}
			if strings.Join(t.seps, " ") == ": : " {
				// The constant format never reads the first number as days.
				v, ok := spanTicks(t.negative, 0, spanNumber(t.nums[0]), spanNumber(t.nums[1]), spanNumber(t.nums[2]), "")
				if !ok {
					return 0, spanRange(s)
				}
				return v, nil
			}
			return parseSpan(s)
		case 'g':
			return parseSpan(s)
		case 'G':
			t, ok := splitSpan(s)
			if !ok || strings.Join(t.seps, " ") != ": : : . " {
				return 0, badSpan(s)
			}
			return parseSpan(s)
		}
		return 0, &failure{value.FormatException, "Input string was not in a correct format."}
	}
	return spanByFormat(s, format, assumeNegative)
}

func spanByFormat(s, format string, negative bool) (Span, *failure) {
	bad := &failure{value.FormatException, "Input string was not in a correct format."}
	x := &exact{s: s}
	var parts [4]int64
	var seen [5]bool
	fractionText := ""
	for i := 0; i < len(format); {
		n := run(format, i)
		read := func(part, limit, most int) *failure {
			if n > limit || seen[part] {
				return bad
			}
			least := n
			if n == 1 {
				least = 1
			}
			v, _, ok := x.digits(least, max(n, most))
			if !ok {
				return bad
			}
			seen[part] = true
			parts[part] = int64(v)
			return nil
		}
		var f *failure
		switch format[i] {
		case 'd':
			f = read(0, 8, map[bool]int{true: 8, false: n}[n == 1])
		case 'h':
			f = read(1, 2, map[bool]int{true: 2, false: n}[n == 1])
		case 'm':
			f = read(2, 2, map[bool]int{true: 2, false: n}[n == 1])
		case 's':
			f = read(3, 2, map[bool]int{true: 2, false: n}[n == 1])
		case 'f', 'F':
			if n > 7 || seen[4] {
				return 0, bad
			}
			least := n
			if format[i] == 'F' {
				least = 0
			}
			start := x.at
			if _, size, ok := x.digits(least, n); ok {
				fractionText = s[start : start+size]
			} else {
				f = bad
			}
			seen[4] = true
		case '\'', '"':
			text, size, ok := quoted(format[i:])
			if !ok {
				return 0, &failure{value.FormatException, badQuote(format[i])}
			}
			if !x.literal(text) {
				f = bad
			}
			n = size
		case '%':
			if i+1 >= len(format) || format[i+1] == '%' {
				return 0, bad
			}
			n = 1
		case '\\':
			if i+1 >= len(format) {
				return 0, bad
			}
			_, size := value.DecodeRune(format[i+1:])
			if !x.literal(format[i+1 : i+1+size]) {
				f = bad
			}
			n = 1 + size
		default:
			return 0, bad
		}
		if f != nil {
			return 0, f
		}
		i += n
	}
	if x.at != len(s) {
		return 0, badSpan(s)
	}
	v, ok := spanTicks(negative, parts[0], parts[1], parts[2], parts[3], fractionText)
	if !ok {
		return 0, spanRange(s)
	}
	return v, nil
}
