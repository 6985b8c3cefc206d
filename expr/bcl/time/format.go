package time

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// The names of the invariant culture.
var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	monthShort = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
	dayNames   = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	dayShort   = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
)

const (
	roundtripPattern       = "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK"
	roundtripOffsetPattern = "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffzzz"
	rfc1123Pattern         = "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'"
)

// standardPattern is the custom format behind a standard one.
func standardPattern(c byte) string {
	switch c {
	case 'd':
		return "MM/dd/yyyy"
	case 'D':
		return "dddd, dd MMMM yyyy"
	case 'f':
		return "dddd, dd MMMM yyyy HH:mm"
	case 'F', 'U':
		return "dddd, dd MMMM yyyy HH:mm:ss"
	case 'g':
		return "MM/dd/yyyy HH:mm"
	case 'G':
		return "MM/dd/yyyy HH:mm:ss"
	case 'm', 'M':
		return "MMMM dd"
	case 'o', 'O':
		return roundtripPattern
	case 'r', 'R':
		return rfc1123Pattern
	case 's':
		return "yyyy'-'MM'-'dd'T'HH':'mm':'ss"
	case 't':
		return "HH:mm"
	case 'T':
		return "HH:mm:ss"
	case 'u':
		return "yyyy'-'MM'-'dd HH':'mm':'ss'Z'"
	case 'y', 'Y':
		return "yyyy MMMM"
	}
	return ""
}

func throwFormat(t *value.Thread) {
	t.Throw(value.FormatException, "Input string was not in a correct format.")
}

// FormatInstant writes a DateTime in a standard or custom format; "" is the
// general one. It throws FormatException for a format that does not exist.
func FormatInstant(t *value.Thread, format string, i Instant) string {
	return formatTime(t, format, i, nil)
}

// formatTime writes a DateTime or, when o is not nil, a DateTimeOffset whose
// clock is i.
func formatTime(t *value.Thread, format string, i Instant, o *Offset) string {
	if format == "" {
		format = "G"
		if o != nil {
			format = "MM/dd/yyyy HH:mm:ss zzz"
		}
	}
	if len(format) == 1 {
		c := format[0]
		format = standardPattern(c)
		switch {
		case format == "" || c == 'U' && o != nil:
			throwFormat(t)
		case o != nil && (c == 'o' || c == 'O'):
			format = roundtripOffsetPattern
		case o != nil && (c == 'r' || c == 'R' || c == 'u'):
			i = At(o.UTCTicks(), Unspecified)
		}
	}
	d := DateOf(i.Ticks())
	b := make([]byte, 0, len(format)+16)
	for at := 0; at < len(format); {
		c := format[at]
		n := run(format, at)
		switch c {
		case 'd':
			switch {
			case n <= 2:
				b = padded(b, d.Day, n)
			case n == 3:
				b = append(b, dayShort[d.DayOfWeek]...)
			default:
				b = append(b, dayNames[d.DayOfWeek]...)
			}
		case 'M':
			switch {
			case n <= 2:
				b = padded(b, d.Month, n)
			case n == 3:
				b = append(b, monthShort[d.Month-1]...)
			default:
				b = append(b, monthNames[d.Month-1]...)
			}
		case 'y':
			if n <= 2 {
				b = padded(b, d.Year%100, n)
			} else {
				t.Alloc(n)
				b = padded(b, d.Year, n)
			}
		case 'h':
			b = padded(b, (d.Hour+11)%12+1, min(n, 2))
		case 'H':
			b = padded(b, d.Hour, min(n, 2))
		case 'm':
			b = padded(b, d.Minute, min(n, 2))
		case 's':
			b = padded(b, d.Second, min(n, 2))
		case 'f', 'F':
			if n > 7 {
				throwFormat(t)
			}
			b = fraction(b, d.Fraction, n, c == 'F')
		case 't':
			mark := "AM"
			if d.Hour >= 12 {
				mark = "PM"
			}
			b = append(b, mark[:min(n, 2)]...)
		case 'g':
			b = append(b, "A.D."...)
		case 'z':
			b = zone(b, o, n)
		case 'K':
			n = 1
			switch {
			case o != nil || i.Kind() == Local:
				b = zone(b, o, 3)
			case i.Kind() == UTC:
				b = append(b, 'Z')
			}
		case '\'', '"':
			text, size, ok := quoted(format[at:])
			if !ok {
				t.Throw(value.FormatException, "%s", badQuote(format[at]))
			}
			b = append(b, text...)
			n = size
		case '%':
			if at+1 >= len(format) || format[at+1] == '%' {
				throwFormat(t)
			}
			// The next character stands alone as a custom format.
			rest, size := format[at+1:at+2], 1
			if rest[0] >= 0x80 {
				_, size = value.DecodeRune(format[at+1:])
				rest = format[at+1 : at+1+size]
			}
			b = append(b, formatOne(t, rest, i, o)...)
			n = 1 + size
		case '\\':
			if at+1 >= len(format) {
				throwFormat(t)
			}
			_, size := value.DecodeRune(format[at+1:])
			b = append(b, format[at+1:at+1+size]...)
			n = 1 + size
		default:
			// Letters without a meaning, marks, and the culture's separators, which
			// are the invariant one's own characters.
			b = append(b, c)
			n = 1
		}
		at += n
	}
	return string(b)
}

// formatOne writes one custom specifier that would otherwise be read as a
// standard format.
func formatOne(t *value.Thread, spec string, i Instant, o *Offset) string {
	switch spec {
	case "'", "\"", "\\":
		throwFormat(t)
	}
	// An empty quotation makes the text longer than one character.
	return formatTime(t, spec+"''", i, o)
}

// run is how many equal characters follow at.
func run(s string, at int) int {
	n := 1
	for at+n < len(s) && s[at+n] == s[at] {
		n++
	}
	return n
}

func padded(b []byte, n, width int) []byte {
	var digits [20]byte
	at := len(digits)
	for n > 0 || at == len(digits) {
		at--
		digits[at] = byte('0' + n%10)
		n /= 10
	}
	for w := len(digits) - at; w < width; w++ {
		b = append(b, '0')
	}
	return append(b, digits[at:]...)
}

// fraction writes the first n digits of the ticks within a second; cut leaves
// out zeros at the end, and the point before them.
func fraction(b []byte, ticks, n int, cut bool) []byte {
	all := padded(nil, ticks, 7)[:n]
	if cut {
		for len(all) > 0 && all[len(all)-1] == '0' {
			all = all[:len(all)-1]
		}
		if len(all) == 0 && len(b) > 0 && b[len(b)-1] == '.' {
			b = b[:len(b)-1]
		}
	}
	return append(b, all...)
}

// zone writes an offset as z, zz or zzz do. A DateTime's is that of local time.
func zone(b []byte, o *Offset, n int) []byte {
	var minutes int64
	if o != nil {
		minutes = int64(o.Offset) / TicksPerMinute
	}
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	b = append(b, sign)
	b = padded(b, int(minutes/60), min(n, 2))
	if n > 2 {
		b = append(b, ':')
		b = padded(b, int(minutes%60), 2)
	}
	return b
}

// badQuote is what .NET says about a quotation without an end.
func badQuote(mark byte) string {
	return "Cannot find a matching quote character for the character '" + string(rune(mark)) + "'."
}

// quoted reads a quotation at the start of s: its text and its size with the
// quotes.
func quoted(s string) (text string, size int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case s[0]:
			return b.String(), i + 1, true
		case '\\':
			i++
			if i == len(s) {
				return "", 0, false
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}

// FormatSpan writes a TimeSpan in a standard or custom format; "" is c. It
// throws FormatException for a format that does not exist.
func FormatSpan(t *value.Thread, format string, s Span) string {
	switch format {
	case "", "c", "t", "T":
		return spanConstant(s)
	case "g":
		return spanGeneral(s, false)
	case "G":
		return spanGeneral(s, true)
	}
	if len(format) == 1 {
		throwFormat(t)
	}
	return spanCustom(t, format, s)
}

type spanParts struct {
	negative                              bool
	days, hours, minutes, seconds, ticks7 int
}

func partsOf(s Span) spanParts {
	n := uint64(s)
	if s < 0 {
		n = -n
	}
	return spanParts{s < 0, int(n / TicksPerDay), int(n / TicksPerHour % 24), int(n / TicksPerMinute % 60), int(n / TicksPerSecond % 60), int(n % TicksPerSecond)}
}

func spanConstant(s Span) string {
	p := partsOf(s)
	b := make([]byte, 0, 26)
	if p.negative {
		b = append(b, '-')
	}
	if p.days > 0 {
		b = append(padded(b, p.days, 1), '.')
	}
	b = append(padded(b, p.hours, 2), ':')
	b = append(padded(b, p.minutes, 2), ':')
	b = padded(b, p.seconds, 2)
	if p.ticks7 > 0 {
		b = padded(append(b, '.'), p.ticks7, 7)
	}
	return string(b)
}

func spanGeneral(s Span, long bool) string {
	p := partsOf(s)
	b := make([]byte, 0, 28)
	if p.negative {
		b = append(b, '-')
	}
	if long || p.days > 0 {
		b = append(padded(b, p.days, 1), ':')
	}
	width := 1
	if long {
		width = 2
	}
	b = append(padded(b, p.hours, width), ':')
	b = append(padded(b, p.minutes, 2), ':')
	b = padded(b, p.seconds, 2)
	if long {
		return string(padded(append(b, '.'), p.ticks7, 7))
	}
	return string(fraction(append(b, '.'), p.ticks7, 7, true))
}

func spanCustom(t *value.Thread, format string, s Span) string {
	p := partsOf(s)
	var b []byte
	for at := 0; at < len(format); {
		c := format[at]
		n := run(format, at)
		limit := 2
		switch c {
		case 'd':
			limit = 8
			b = padded(b, p.days, n)
		case 'h':
			b = padded(b, p.hours, n)
		case 'm':
			b = padded(b, p.minutes, n)
		case 's':
			b = padded(b, p.seconds, n)
		case 'f', 'F':
			limit = 7
			if n <= limit {
				b = spanFraction(b, p.ticks7, n, c == 'F')
			}
		case '\'', '"':
			text, size, ok := quoted(format[at:])
			if !ok {
				t.Throw(value.FormatException, "%s", badQuote(format[at]))
			}
			b = append(b, text...)
			at += size
			continue
		case '%':
			if at+1 >= len(format) || format[at+1] == '%' {
				throwFormat(t)
			}
			b = append(b, spanCustom(t, format[at+1:at+2], s)...)
			at += 2
			continue
		case '\\':
			if at+1 >= len(format) {
				throwFormat(t)
			}
			_, size := value.DecodeRune(format[at+1:])
			b = append(b, format[at+1:at+1+size]...)
			at += 1 + size
			continue
		default:
			throwFormat(t)
		}
		if n > limit {
			throwFormat(t)
		}
		at += n
	}
	return string(b)
}

// spanFraction is fraction without the rule that a point goes with its digits.
func spanFraction(b []byte, ticks, n int, cut bool) []byte {
	all := padded(nil, ticks, 7)[:n]
	for cut && len(all) > 0 && all[len(all)-1] == '0' {
		all = all[:len(all)-1]
	}
	return append(b, all...)
}
