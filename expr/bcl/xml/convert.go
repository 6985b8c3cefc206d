package xml

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// textOf is how LINQ to XML writes a value (XContainer.GetStringValue):
// numbers, booleans and times as XML Schema has them.
func textOf(t *value.Thread, v value.Value) string {
	switch v.Type() {
	case types.String:
		return v.Str()
	case types.Bool:
		if v.Bool() {
			return "true"
		}
		return "false"
	case types.Double, types.Single:
		return xsdFloat(v)
	case time.DateTimeType:
		return xsdTime(time.InstantOf(v))
	case time.TimeSpanType:
		return xsdDuration(time.SpanOf(v))
	case time.DateTimeOffsetType:
		o := v.Object().(*time.Offset)
		s := xsdClock(o.Clock)
		if o.Offset == 0 {
			return s + "Z"
		}
		return s + o.Format(t, "zzz", value.Null)
	}
	switch v.Object().(type) {
	case Node, *Attribute:
		t.Throw(value.ArgumentException, "An XObject cannot be used as a value.")
	}
	return t.ToString(v)
}

func xsdFloat(v value.Value) string {
	f := v.Double()
	switch {
	case math.IsInf(f, 1):
		return "INF"
	case math.IsInf(f, -1):
		return "-INF"
	}
	var s string
	if v.Type() == types.Single {
		s, _ = number.FormatFloat32(float32(f), "R", nil)
	} else {
		s, _ = number.FormatFloat64(f, "R", nil)
	}
	return s
}

// xsdClock is a date and time with no more digits of the second than needed.
func xsdClock(ticks int64) string {
	d := time.DateOf(ticks)
	s := pad(d.Year, 4) + "-" + pad(d.Month, 2) + "-" + pad(d.Day, 2) + "T" + pad(d.Hour, 2) + ":" + pad(d.Minute, 2) + ":" + pad(d.Second, 2)
	if d.Fraction > 0 {
		s += "." + strings.TrimRight(pad(d.Fraction, 7), "0")
	}
	return s
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(width-len(s), 0)) + s
}

func xsdTime(i time.Instant) string {
	s := xsdClock(i.Ticks())
	switch i.Kind() {
	case time.UTC:
		return s + "Z"
	case time.Local:
		return s + "+00:00"
	}
	return s
}

// xsdDuration is an ISO 8601 duration of days, hours, minutes and seconds.
func xsdDuration(s time.Span) string {
	if s == 0 {
		return "PT0S"
	}
	n := uint64(s)
	out := "P"
	if s < 0 {
		n, out = -n, "-P"
	}
	days, rest := n/time.TicksPerDay, n%time.TicksPerDay
	if days > 0 {
		out += strconv.FormatUint(days, 10) + "D"
	}
	if rest == 0 {
		return out
	}
	out += "T"
	if h := rest / time.TicksPerHour; h > 0 {
		out += strconv.FormatUint(h, 10) + "H"
	}
	if m := rest / time.TicksPerMinute % 60; m > 0 {
		out += strconv.FormatUint(m, 10) + "M"
	}
	if sec := rest % time.TicksPerMinute; sec > 0 {
		out += strconv.FormatUint(sec/time.TicksPerSecond, 10)
		if f := int(sec % time.TicksPerSecond); f > 0 {
			out += "." + strings.TrimRight(pad(f, 7), "0")
		}
		out += "S"
	}
	return out
}

// parseDuration reads an XML Schema duration; years count 365 days and months
// 30, as .NET counts them.
func parseDuration(text string) (time.Span, bool) {
	s := strings.Trim(text, " \t\r\n")
	s, negative := strings.CutPrefix(s, "-")
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" || strings.HasSuffix(s, "T") {
		return 0, false
	}
	units := []struct {
		mark  byte
		ticks float64
		time  bool
	}{
		{'Y', 365 * time.TicksPerDay, false},
		{'M', 30 * time.TicksPerDay, false},
		{'D', time.TicksPerDay, false},
		{'H', time.TicksPerHour, true},
		{'M', time.TicksPerMinute, true},
		{'S', time.TicksPerSecond, true},
	}
	var total time.Span
	next, inTime := 0, false
	for s != "" {
		if s[0] == 'T' {
			if inTime {
				return 0, false
			}
			inTime, s = true, s[1:]
			continue
		}
		i := 0
		for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
			i++
		}
		if i == 0 || i == len(s) {
			return 0, false
		}
		for next < len(units) && (units[next].mark != s[i] || units[next].time != inTime) {
			next++
		}
		if next == len(units) {
			return 0, false
		}
		whole, fraction, dot := strings.Cut(s[:i], ".")
		if dot && (units[next].mark != 'S' || fraction == "") || whole == "" {
			return 0, false
		}
		n, err := strconv.ParseInt(whole, 10, 32)
		if err != nil {
			return 0, false
		}
		total += time.Span(float64(n) * units[next].ticks)
		if dot {
			f, _ := strconv.Atoi((fraction + "0000000")[:7])
			total += time.Span(f)
		}
		next++
		s = s[i+1:]
	}
	if negative {
		total = -total
	}
	return total, true
}

// parseMoment reads a date and time of XML Schema for XmlConvert's
// ToDateTimeOffset: one of dateTime, date, time, gYear and their kin.
func parseMoment(text string) (*time.Offset, bool) {
	s := strings.Trim(text, " \t\r\n")
	clock := s
	var offset time.Span
	switch {
	case strings.HasSuffix(clock, "Z"):
		clock = clock[:len(clock)-1]
	case len(clock) > 6 && (clock[len(clock)-6] == '+' || clock[len(clock)-6] == '-') && clock[len(clock)-3] == ':':
		h, err1 := strconv.Atoi(clock[len(clock)-5 : len(clock)-3])
		m, err2 := strconv.Atoi(clock[len(clock)-2:])
		if err1 != nil || err2 != nil || h > 14 || m > 59 {
			return nil, false
		}
		offset = time.Span(h*time.TicksPerHour + m*time.TicksPerMinute)
		if clock[len(clock)-6] == '-' {
			offset = -offset
		}
		clock = clock[:len(clock)-6]
	}
	layout := ""
	switch date, rest, hasTime := strings.Cut(clock, "T"); {
	case hasTime && len(date) == 10 && len(rest) >= 8:
		layout = "dateTime"
	case len(clock) == 10 && clock[4] == '-' && clock[7] == '-':
		layout = "date"
		clock += "T00:00:00"
	case len(clock) == 7 && clock[4] == '-':
		layout = "gYearMonth"
		clock += "-01T00:00:00"
	case len(clock) == 4:
		layout = "gYear"
		clock += "-01-01T00:00:00"
	}
	if layout == "" {
		return nil, false
	}
	i, err := time.ParseInstant(clock, 0, func() int64 { return 0 })
	if err != nil {
		return nil, false
	}
	return &time.Offset{Clock: i.Ticks(), Offset: offset}, true
}

// as converts a node's text to a type, as the explicit conversions do.
func as(t *value.Thread, text string, to *types.Type) value.Value {
	trimmed := strings.Trim(text, " \t\r\n")
	switch to {
	case types.String:
		return value.String(text)
	case types.Bool:
		switch lower := strings.ToLower(text); strings.Trim(lower, " \t\r\n") {
		case "true", "1":
			return value.True
		case "false", "0":
			return value.False
		default:
			t.Throw(value.FormatException, "%s", "The string '"+lower+"' is not a valid Boolean value.")
		}
	case types.Int32, types.UInt32, types.Int64, types.UInt64:
		return number.Parse(t, text, to.Code(), number.AllowLeadingSign|number.AllowLeadingWhite|number.AllowTrailingWhite, nil)
	case types.Double, types.Single:
		switch trimmed {
		case "INF":
			return float(to, math.Inf(1))
		case "-INF":
			return float(to, math.Inf(-1))
		}
		return number.Parse(t, trimmed, to.Code(), number.AllowLeadingSign|number.AllowDecimalPoint|number.AllowExponent|number.AllowLeadingWhite|number.AllowTrailingWhite, nil)
	case types.Decimal:
		return number.Parse(t, text, to.Code(), number.AllowLeadingSign|number.AllowDecimalPoint|number.AllowLeadingWhite|number.AllowTrailingWhite, nil)
	case time.DateTimeType:
		i, err := time.ParseInstant(text, time.RoundtripKind, func() int64 {
			n := time.FromGo(t.Now()).Ticks()
			return n - n%time.TicksPerDay
		})
		if err != nil {
			var e *value.Exception
			if !errors.As(err, &e) {
				panic(err)
			}
			t.Raise(e)
		}
		return i.Value()
	case time.DateTimeOffsetType:
		o, ok := parseMoment(text)
		if !ok {
			t.Throw(value.FormatException, "%s", "The string '"+trimmed+"' is not a valid AllXsd value.")
		}
		return o.Value()
	case time.TimeSpanType:
		s, ok := parseDuration(text)
		if !ok {
			t.Throw(value.FormatException, "%s", "The string '"+text+"' is not a valid TimeSpan value.")
		}
		return s.Value()
	case net.GuidType:
		return invoke(t, net.GuidDef, value.Null, ".ctor", value.String(trimmed))
	}
	return value.Null
}

func float(to *types.Type, f float64) value.Value {
	if to == types.Single {
		return value.Float(float32(f))
	}
	return value.Double(f)
}
