package json

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/value"
)

// parseDate reads text that Json.NET takes for a date: a full ISO 8601 date
// with a time, or Microsoft's /Date(…)/.
func parseDate(s string) (value.Value, bool) {
	if len(s) == 0 || len(s) > 40 && s[0] != '/' {
		return value.Null, false
	}
	if s[0] == '/' {
		n, local, _, ok := microsoftDate(s)
		if !ok {
			return value.Null, false
		}
		kind := time.UTC
		if local {
			kind = time.Local
		}
		return time.At(n, kind).Value(), true
	}
	d, ok := readISO(s)
	if !ok {
		return value.Null, false
	}
	ticks, ok := d.ticks()
	if !ok {
		return value.Null, false
	}
	switch d.zone {
	case 'Z':
		return time.At(ticks, time.UTC).Value(), true
	case 0:
		return time.At(ticks, time.Unspecified).Value(), true
	}
	return time.At(min(max(ticks-d.offset, 0), time.MaxTicks), time.Local).Value(), true
}

// parseDateOffset reads the same texts as a DateTimeOffset.
func parseDateOffset(s string) (value.Value, bool) {
	if len(s) > 0 && s[0] == '/' {
		n, _, offset, ok := microsoftDate(s)
		if !ok {
			return value.Null, false
		}
		return value.Of(&time.Offset{Clock: n + offset, Offset: time.Span(offset)}), true
	}
	if len(s) == 0 || len(s) > 40 {
		return value.Null, false
	}
	d, ok := readISO(s)
	if !ok {
		return value.Null, false
	}
	ticks, ok := d.ticks()
	if !ok || ticks-d.offset < 0 || ticks-d.offset > time.MaxTicks {
		return value.Null, false
	}
	return value.Of(&time.Offset{Clock: ticks, Offset: time.Span(d.offset)}), true
}

// isoDate is an ISO 8601 date with time as it is written.
type isoDate struct {
	year, month, day     int
	hour, minute, second int
	fraction             int   // ticks
	zone                 byte  // 0, 'Z', '+' or '-'
	offset               int64 // ticks ahead of UTC
}

var daysBefore = [13]int{0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func daysIn(y, m int) int {
	switch m {
	case 2:
		if leap(y) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// ticks are the ticks of the clock; 24:00 is the start of the next day.
func (d *isoDate) ticks() (int64, bool) {
	y := d.year - 1
	days := y*365 + y/4 - y/100 + y/400 + daysBefore[d.month] + d.day - 1
	if d.month > 2 && leap(d.year) {
		days++
	}
	n := int64(days)*time.TicksPerDay + int64(d.hour)*time.TicksPerHour + int64(d.minute)*time.TicksPerMinute + int64(d.second)*time.TicksPerSecond + int64(d.fraction)
	return n, n <= time.MaxTicks
}

func two(s string, i int) (int, bool) {
	if i+1 >= len(s) {
		return 0, false
	}
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

func readISO(s string) (d isoDate, ok bool) {
	if len(s) < 19 || s[10] != 'T' || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return d, false
	}
	century, ok0 := two(s, 0)
	year, ok1 := two(s, 2)
	var ok2, ok3, ok4, ok5, ok6 bool
	d.year = century*100 + year
	d.month, ok2 = two(s, 5)
	d.day, ok3 = two(s, 8)
	d.hour, ok4 = two(s, 11)
	d.minute, ok5 = two(s, 14)
	d.second, ok6 = two(s, 17)
	switch {
	case !(ok0 && ok1 && ok2 && ok3 && ok4 && ok5 && ok6),
		d.year < 1, d.month < 1, d.month > 12, d.day < 1, d.day > daysIn(d.year, d.month),
		d.hour > 24, d.minute > 59, d.second > 59, d.hour == 24 && (d.minute != 0 || d.second != 0):
		return d, false
	}
	i := 19
	if i < len(s) && s[i] == '.' {
		n := 0
		for i++; i < len(s) && n < 7 && s[i] >= '0' && s[i] <= '9'; i++ {
			d.fraction = d.fraction*10 + int(s[i]-'0')
			n++
		}
		if n == 0 || d.hour == 24 && d.fraction != 0 {
			return d, false
		}
		for ; n < 7; n++ {
			d.fraction *= 10
		}
	}
	if i < len(s) {
		hours, minutes := 0, 0
		if s[i] == 'Z' || s[i] == 'z' {
			d.zone = 'Z'
			i++
		} else {
			if h, ok := two(s, i+1); ok && i+2 < len(s) && (s[i] == '+' || s[i] == '-') {
				d.zone, hours = s[i], h
				i += 3
			}
			if i < len(s) {
				if s[i] == ':' {
					i++
				}
				if m, ok := two(s, i); ok {
					minutes = m
					i += 2
				}
			}
		}
		d.offset = int64(hours)*time.TicksPerHour + int64(minutes)*time.TicksPerMinute
		if d.zone == '-' {
			d.offset = -d.offset
		}
	}
	return d, i == len(s)
}

// microsoftDate reads /Date(milliseconds+hhmm)/; an offset makes it local.
func microsoftDate(s string) (ticks int64, local bool, offset int64, ok bool) {
	if len(s) < 9 || !strings.HasPrefix(s, "/Date(") || !strings.HasSuffix(s, ")/") {
		return 0, false, 0, false
	}
	body := s[6 : len(s)-2]
	if len(body) > 1 {
		k := strings.IndexByte(body[1:], '+')
		if k < 0 {
			k = strings.IndexByte(body[1:], '-')
		}
		if k >= 0 {
			zone := body[k+1:]
			h, ok := two(zone, 1)
			if !ok {
				return 0, false, 0, false
			}
			offset = int64(h) * time.TicksPerHour
			if len(zone) > 3 {
				m, ok := two(zone, 3)
				if !ok {
					return 0, false, 0, false
				}
				offset += int64(m) * time.TicksPerMinute
			}
			if zone[0] == '-' {
				offset = -offset
			}
			local = true
			body = body[:k+1]
		}
	}
	n, ok := smallInteger(body)
	if !ok {
		return 0, false, 0, false
	}
	ticks = n*time.TicksPerMillisecond + time.UnixEpoch
	if n > time.MaxTicks/time.TicksPerMillisecond || n < -time.MaxTicks/time.TicksPerMillisecond || ticks < 0 || ticks > time.MaxTicks {
		return 0, false, 0, false
	}
	return ticks, local, offset, true
}

// appendDate writes a DateTime as ISO 8601: the fraction without zeros at its
// end, the zone by its kind.
func appendDate(b []byte, i time.Instant) []byte {
	b = appendClock(b, i.Ticks())
	switch i.Kind() {
	case time.UTC:
		return append(b, 'Z')
	case time.Local:
		return append(b, "+00:00"...)
	}
	return b
}

func appendClock(b []byte, ticks int64) []byte {
	d := time.DateOf(ticks)
	pad := func(n, width int) {
		for p := width; p > 1; p-- {
			limit := 1
			for range p - 1 {
				limit *= 10
			}
			b = append(b, byte('0'+n/limit%10))
		}
		b = append(b, byte('0'+n%10))
	}
	pad(d.Year, 4)
	b = append(b, '-')
	pad(d.Month, 2)
	b = append(b, '-')
	pad(d.Day, 2)
	b = append(b, 'T')
	pad(d.Hour, 2)
	b = append(b, ':')
	pad(d.Minute, 2)
	b = append(b, ':')
	pad(d.Second, 2)
	if d.Fraction > 0 {
		b = append(b, '.')
		pad(d.Fraction, 7)
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return b
}

// appendOffset writes a DateTimeOffset, always with its offset.
func appendOffset(b []byte, o *time.Offset) []byte {
	b = appendClock(b, o.Clock)
	n := int64(o.Offset)
	sign := byte('+')
	if n < 0 {
		sign, n = '-', -n
	}
	h, m := n/time.TicksPerHour, n/time.TicksPerMinute%60
	return append(b, sign, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10))
}
