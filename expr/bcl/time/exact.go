package time

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// parseExact reads s as format says. captured is for DateTimeOffset.
func parseExact(s, format string, styles Styles) (*parsed, *failure) {
	if len(format) == 1 {
		c := format[0]
		format = standardPattern(c)
		if format == "" {
			return nil, &failure{value.FormatException, "Input string was not in a correct format."}
		}
		if c == 'U' {
			p, f := parseCustom(s, format, styles)
			if f == nil {
				p.zoned, p.utcMark = true, true
			}
			return p, f
		}
	}
	if format == "" {
		return nil, &failure{value.FormatException, "Input string was not in a correct format."}
	}
	return parseCustom(s, format, styles)
}

// exact reads a text along a custom format.
type exact struct {
	s      string
	at     int
	styles Styles
	p      parsed
	twelve bool
}

func parseCustom(s, format string, styles Styles) (*parsed, *failure) {
	x := &exact{s: s, styles: styles, p: unparsed()}
	if styles&AllowLeadingWhite != 0 {
		x.white()
	}
	text := s
	if styles&AllowTrailingWhite != 0 {
		text = strings.TrimRight(s, " \t\r\n\v\f")
	}
	x.s = text
	for i := 0; i < len(format); {
		n := run(format, i)
		if c := format[i]; c == '\'' || c == '"' {
			if _, _, ok := quoted(format[i:]); !ok {
				return nil, &failure{value.FormatException, badQuote(c)}
			}
		}
		if !x.step(format[i:], &n) {
			return nil, notRecognized(s)
		}
		i += n
	}
	if x.at != len(x.s) {
		return nil, notRecognized(s)
	}
	return &x.p, nil
}

func (x *exact) white() {
	for x.at < len(x.s) && (x.s[x.at] == ' ' || x.s[x.at] >= '\t' && x.s[x.at] <= '\r') {
		x.at++
	}
}

// digits reads between least and most digits.
func (x *exact) digits(least, most int) (n, size int, ok bool) {
	for size < most && x.at+size < len(x.s) && x.s[x.at+size] >= '0' && x.s[x.at+size] <= '9' {
		n = n*10 + int(x.s[x.at+size]-'0')
		size++
	}
	if size < least {
		return 0, 0, false
	}
	x.at += size
	return n, size, true
}

// set keeps a part, which must agree with what was read of it before.
func set(part *int, n int, ok bool) bool {
	if !ok || *part >= 0 && *part != n {
		return false
	}
	*part = n
	return true
}

func (x *exact) word(list []string) int {
	best := -1
	for i, w := range list {
		if len(x.s)-x.at >= len(w) && strings.EqualFold(x.s[x.at:x.at+len(w)], w) && (best < 0 || len(w) > len(list[best])) {
			best = i
		}
	}
	if best >= 0 {
		x.at += len(list[best])
	}
	return best
}

func (x *exact) step(format string, n *int) bool {
	p := &x.p
	if x.styles&AllowInnerWhite != 0 && format[0] != '\'' && format[0] != '"' {
		x.white()
	}
	switch format[0] {
	case 'y':
		switch {
		case *n <= 2:
			v, _, ok := x.digits(*n, 2)
			if v >= 50 {
				v += 1900
			} else {
				v += 2000
			}
			return set(&p.year, v, ok)
		default:
			most := max(*n, 4)
			if *n > 4 {
				most = *n
			}
			v, _, ok := x.digits(min(*n, most), most)
			return set(&p.year, v, ok)
		}
	case 'M':
		switch *n {
		case 1, 2:
			v, _, ok := x.digits(*n, 2)
			return set(&p.month, v, ok)
		case 3:
			v := x.word(monthShort[:])
			return set(&p.month, v+1, v >= 0)
		}
		v := x.word(monthNames[:])
		return set(&p.month, v+1, v >= 0)
	case 'd':
		switch *n {
		case 1, 2:
			v, _, ok := x.digits(*n, 2)
			return set(&p.day, v, ok)
		case 3:
			v := x.word(dayShort[:])
			return set(&p.weekday, v, v >= 0)
		}
		v := x.word(dayNames[:])
		return set(&p.weekday, v, v >= 0)
	case 'h', 'H':
		v, _, ok := x.digits(min(*n, 2), 2)
		if format[0] == 'h' {
			x.twelve = true
			ok = ok && v <= 12
		}
		return set(&p.hour, v, ok)
	case 'm':
		v, _, ok := x.digits(min(*n, 2), 2)
		return set(&p.minute, v, ok)
	case 's':
		v, _, ok := x.digits(min(*n, 2), 2)
		return set(&p.second, v, ok)
	case 'f', 'F':
		if *n > 7 {
			return false
		}
		least := *n
		if format[0] == 'F' {
			least = 0
		}
		start := x.at
		_, size, ok := x.digits(least, *n)
		if !ok {
			return false
		}
		if size > 0 {
			p.fraction = fractionTicks(x.s[start : start+size])
		}
		return true
	case 't':
		mark := []string{"AM", "PM"}
		if *n == 1 {
			mark = []string{"A", "P"}
		}
		v := x.word(mark)
		return set(&p.pm, v, v >= 0)
	case 'g':
		return x.word([]string{"A.D.", "AD"}) >= 0
	case 'z':
		return x.offset(*n)
	case 'K':
		*n = 1
		if x.at < len(x.s) {
			switch x.s[x.at] {
			case 'Z', 'z':
				x.at++
				p.zoned, p.utcMark = true, true
			case '+', '-':
				return x.offset(3)
			}
		}
		return true
	case ':', '/':
		*n = 1
		return x.literal(format[:1])
	case '\'', '"':
		text, size, ok := quoted(format)
		*n = size
		return ok && x.literal(text)
	case '%':
		*n = 1
		return len(format) > 1 && format[1] != '%'
	case '\\':
		if len(format) < 2 {
			return false
		}
		_, size := value.DecodeRune(format[1:])
		*n = 1 + size
		return x.literal(format[1 : 1+size])
	case '.':
		*n = 1
		// A point before optional digits may be missing together with them.
		if x.literal(".") {
			return true
		}
		if len(format) > 1 && format[1] == 'F' {
			*n += run(format, 1)
			return true
		}
		return false
	}
	_, size := value.DecodeRune(format)
	*n = size
	if format[0] == ' ' {
		if x.styles&AllowInnerWhite != 0 {
			return true
		}
		return x.literal(" ")
	}
	return x.literal(format[:size])
}

func (x *exact) literal(text string) bool {
	if !strings.HasPrefix(x.s[x.at:], text) {
		return false
	}
	x.at += len(text)
	return true
}

// offset reads z, zz or zzz.
func (x *exact) offset(n int) bool {
	if x.p.zoned || x.at >= len(x.s) {
		return false
	}
	sign := Span(1)
	switch x.s[x.at] {
	case '-':
		sign = -1
	case '+':
	default:
		return false
	}
	x.at++
	h, _, ok := x.digits(min(n, 2), 2)
	if !ok {
		return false
	}
	m := 0
	if n > 2 {
		x.literal(":")
		if m, _, ok = x.digits(2, 2); !ok || m > 59 {
			return false
		}
	}
	x.p.zoned = true
	x.p.offset = sign * Span(h*TicksPerHour+m*TicksPerMinute)
	return true
}
