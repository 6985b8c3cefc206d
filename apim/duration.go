package apim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is an ISO 8601 duration such as PT1M. The zero Duration is one
// that was not given.
type Duration struct{ time.Duration }

// day is what ISO 8601's D means here; APIM's durations know no daylight
// saving time.
const day = 24 * time.Hour

// ParseDuration reads an ISO 8601 duration of weeks, days, hours, minutes and
// seconds, each at most once and in this order, the last one with or without a
// fraction. Years and months are refused: their length depends on a calendar.
func ParseDuration(s string) (Duration, error) {
	bad := func(why string) (Duration, error) {
		return Duration{}, fmt.Errorf("%q is not an ISO 8601 duration such as PT1M: %s", s, why)
	}
	rest, negative := strings.CutPrefix(s, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok {
		return bad("it does not begin with P")
	}
	if rest == "" || strings.HasSuffix(rest, "T") {
		return bad("nothing follows")
	}
	var total time.Duration
	units, inTime := "WD", false
	for rest != "" {
		if rest[0] == 'T' {
			if inTime {
				return bad("it has a second T")
			}
			inTime, units, rest = true, "HMS", rest[1:]
			continue
		}
		i := 0
		for i < len(rest) && (rest[i] >= '0' && rest[i] <= '9' || rest[i] == '.' || rest[i] == ',') {
			i++
		}
		if i == 0 || i == len(rest) {
			return bad("a number with its unit is missing")
		}
		number, unit := strings.Replace(rest[:i], ",", ".", 1), rest[i]
		rest = rest[i+1:]
		at := strings.IndexByte(units, unit)
		switch {
		case at < 0 && !inTime && (unit == 'Y' || unit == 'M'):
			return bad("years and months have no fixed length")
		case at < 0:
			return bad(fmt.Sprintf("unit %q is unknown, or not at its place", unit))
		case strings.Contains(number, ".") && rest != "":
			return bad("only the last number may have a fraction")
		}
		units = units[at+1:]
		amount, err := scale(number, map[byte]time.Duration{'W': 7 * day, 'D': day, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}[unit])
		if err != nil || amount > 1<<63-1-total {
			return bad("the number is not one, or too large")
		}
		total += amount
	}
	if negative {
		total = -total
	}
	return Duration{total}, nil
}

// scale is number times unit, exact for whole numbers.
func scale(number string, unit time.Duration) (time.Duration, error) {
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		if whole > int64(1<<63-1)/int64(unit) {
			return 0, strconv.ErrRange
		}
		return time.Duration(whole) * unit, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f*float64(unit) >= 1<<63 {
		return 0, strconv.ErrRange
	}
	return time.Duration(f * float64(unit)), nil
}

// String is the ISO 8601 text, of days, hours, minutes and seconds: PT1M30S.
func (d Duration) String() string {
	if d.Duration == 0 {
		return "PT0S"
	}
	var b strings.Builder
	n := uint64(d.Duration)
	if d.Duration < 0 {
		b.WriteByte('-')
		n = -n
	}
	b.WriteByte('P')
	if days := n / uint64(day); days > 0 {
		fmt.Fprintf(&b, "%dD", days)
	}
	n %= uint64(day)
	if n == 0 {
		return b.String()
	}
	b.WriteByte('T')
	if h := n / uint64(time.Hour); h > 0 {
		fmt.Fprintf(&b, "%dH", h)
	}
	if m := n % uint64(time.Hour) / uint64(time.Minute); m > 0 {
		fmt.Fprintf(&b, "%dM", m)
	}
	if s := n % uint64(time.Minute); s > 0 {
		text := fmt.Sprintf("%d.%09d", s/uint64(time.Second), s%uint64(time.Second))
		b.WriteString(strings.TrimRight(strings.TrimRight(text, "0"), "."))
		b.WriteByte('S')
	}
	return b.String()
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err == nil {
		*d = v
	}
	return err
}
