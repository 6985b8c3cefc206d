package time

import "github.com/spillway-gateway/spillway/expr/value"

func offsetOf(v value.Value) *Offset { return v.Object().(*Offset) }

func moment(c *value.Call) *Offset { return offsetOf(c.This) }

// newOffset checks what a DateTimeOffset may be.
func newOffset(t *value.Thread, clock int64, offset Span) value.Value {
	if offset%TicksPerMinute != 0 {
		t.ThrowArgument(value.ArgumentException, "Offset must be specified in whole minutes.", "offset")
	}
	if offset > 14*TicksPerHour || offset < -14*TicksPerHour {
		t.ThrowRange("Offset must be within plus or minus 14 hours.", "offset")
	}
	if utc := clock - int64(offset); utc < 0 || utc > MaxTicks {
		t.ThrowRange("The UTC time represented when the offset is applied must be between year 0 and 10,000.", "offset")
	}
	return value.Of(&Offset{Clock: clock, Offset: offset})
}

// withOffset keeps the offset of the receiver for a new clock.
func sameOffset(c *value.Call, clock int64) value.Value {
	return newOffset(c.Thread, clock, moment(c).Offset)
}

func readOffset(c *value.Call, styles Styles) value.Value {
	c.NotNull(0, "input")
	o, f := generalOffset(c, c.Str(0), styles)
	if f != nil {
		c.Raise(f.exception())
	}
	return value.Of(o)
}

func generalOffset(c *value.Call, s string, styles Styles) (*Offset, *failure) {
	p, f := parseGeneral(s)
	if f != nil {
		return nil, f
	}
	return p.withOffset(s, today(c.Thread), styles)
}

func exactOffset(c *value.Call, s string, list []string, styles Styles) (*Offset, *failure) {
	return anyFormat(s, list, func(format string) (*Offset, *failure) {
		p, f := parseExact(s, format, styles)
		if f != nil {
			return nil, f
		}
		return p.withOffset(s, today(c.Thread), styles)
	})
}

func tryOffset(c *value.Call, out int, styles Styles) value.Value {
	if !c.Args[0].IsNull() {
		if o, f := generalOffset(c, c.Str(0), styles); f == nil {
			c.Args[out] = value.Of(o)
			return value.True
		}
	}
	c.Args[out] = value.Of(&Offset{})
	return value.False
}

func readExactOffset(c *value.Call, styles Styles) value.Value {
	c.NotNull(0, "input")
	o, f := exactOffset(c, c.Str(0), formats(c, 1, formatParam(c, 1)), styles)
	if f != nil {
		c.Raise(f.exception())
	}
	return value.Of(o)
}

func tryExactOffset(c *value.Call) value.Value {
	styles := offsetStyles(c, 3)
	if !c.Args[0].IsNull() && !c.Args[1].IsNull() {
		if o, f := exactOffset(c, c.Str(0), formats(c, 1, "format"), styles); f == nil {
			c.Args[4] = value.Of(o)
			return value.True
		}
	}
	c.Args[4] = value.Of(&Offset{})
	return value.False
}

func offsetPart(sig, doc string, get func(Date) int) value.Row {
	return value.Row{Sig: "int " + sig + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		return value.Int(get(DateOf(moment(c).Clock)))
	}}
}

func offsetAdd(sig, doc string, unit int64) value.Row {
	return value.Row{Sig: "DateTimeOffset " + sig + "(double " + sigParam(sig) + ")", Doc: doc, Func: func(c *value.Call) value.Value {
		return sameOffset(c, addUnits(c.Thread, moment(c).Clock, c.Double(0), unit))
	}}
}

// sigParam is .NET's name of the parameter: days for AddDays.
func sigParam(sig string) string {
	b := []byte(sig[len("Add"):])
	b[0] |= 0x20
	return string(b)
}

func fromUnix(c *value.Call, unit, low, high int64, param string) value.Value {
	n := c.Long(0)
	if n < low || n > high {
		c.Raise(rangeWithValue("Valid values are between "+c.ToString(value.Long(low))+" and "+c.ToString(value.Long(high))+", inclusive.", param, c.ToString(c.Args[0])))
	}
	return value.Of(&Offset{Clock: n*unit + UnixEpoch})
}

func constructOffset(sig string, n int) value.Row {
	return value.Row{Sig: "DateTimeOffset(" + sig + ", TimeSpan offset)", Doc: "A moment by its parts.", Func: func(c *value.Call) value.Value {
		return newOffset(c.Thread, ticksOf(c.Thread, c.Int, n), SpanOf(c.Args[n]))
	}}
}

func utcTicks(v value.Value) int64 { return offsetOf(v).UTCTicks() }

var offsetRows = []value.Row{
	{Sig: "DateTimeOffset(DateTime dateTime)", Doc: "The moment of a DateTime.", Func: func(c *value.Call) value.Value {
		return value.Of(&Offset{Clock: InstantOf(c.Args[0]).Ticks()})
	}},
	{Sig: "DateTimeOffset(DateTime dateTime, TimeSpan offset)", Doc: "A DateTime as the clock of an offset.", Func: func(c *value.Call) value.Value {
		i, o := InstantOf(c.Args[0]), SpanOf(c.Args[1])
		if i.Kind() == UTC && o != 0 {
			c.ThrowArgument(value.ArgumentException, "The UTC Offset for Utc DateTime instances must be 0.", "offset")
		}
		if i.Kind() == Local && o != 0 {
			c.ThrowArgument(value.ArgumentException, "The UTC Offset of the local dateTime parameter does not match the offset argument.", "offset")
		}
		return newOffset(c.Thread, i.Ticks(), o)
	}},
	{Sig: "DateTimeOffset(long ticks, TimeSpan offset)", Doc: "A moment by the ticks of its clock.", Func: func(c *value.Call) value.Value {
		return newOffset(c.Thread, ticksInRange(c), SpanOf(c.Args[1]))
	}},
	constructOffset(sixParts, 6),
	constructOffset(sixParts+", int millisecond", 7),
	constructOffset(sixParts+", int millisecond, int microsecond", 8),

	{Sig: "static readonly DateTimeOffset MinValue", Doc: "The first moment.", Func: func(*value.Call) value.Value { return value.Of(&Offset{}) }},
	{Sig: "static readonly DateTimeOffset MaxValue", Doc: "The last moment.", Func: func(*value.Call) value.Value { return value.Of(&Offset{Clock: MaxTicks}) }},
	{Sig: "static readonly DateTimeOffset UnixEpoch", Doc: "1970-01-01.", Func: func(*value.Call) value.Value { return value.Of(&Offset{Clock: UnixEpoch}) }},
	{Sig: "static DateTimeOffset Now { get; }", Doc: "The current moment.", Effects: value.ReadsClock, Func: func(c *value.Call) value.Value { return value.Of(&Offset{Clock: FromGo(c.Now()).Ticks()}) }},
	{Sig: "static DateTimeOffset UtcNow { get; }", Doc: "The current moment.", Effects: value.ReadsClock, Func: func(c *value.Call) value.Value { return value.Of(&Offset{Clock: FromGo(c.Now()).Ticks()}) }},
	{Sig: "static implicit operator DateTimeOffset(DateTime dateTime)", Doc: "The moment of a DateTime.", Func: func(c *value.Call) value.Value {
		return value.Of(&Offset{Clock: InstantOf(c.Args[0]).Ticks()})
	}},

	offsetPart("Year", "The year.", func(d Date) int { return d.Year }),
	offsetPart("Month", "The month, from 1.", func(d Date) int { return d.Month }),
	offsetPart("Day", "The day of the month.", func(d Date) int { return d.Day }),
	offsetPart("Hour", "The hour.", func(d Date) int { return d.Hour }),
	offsetPart("Minute", "The minute.", func(d Date) int { return d.Minute }),
	offsetPart("Second", "The second.", func(d Date) int { return d.Second }),
	offsetPart("Millisecond", "The millisecond.", func(d Date) int { return d.Fraction / TicksPerMillisecond }),
	offsetPart("Microsecond", "The microsecond within the millisecond.", func(d Date) int { return d.Fraction / TicksPerMicrosecond % 1000 }),
	offsetPart("DayOfYear", "The day of the year, from 1.", func(d Date) int { return d.DayOfYear }),
	{Sig: "DayOfWeek DayOfWeek { get; }", Doc: "The day of the week.", Func: func(c *value.Call) value.Value {
		return value.Enum(DayOfWeekDef.Type(), (moment(c).Clock/TicksPerDay+1)%7)
	}},
	{Sig: "long Ticks { get; }", Doc: "The ticks of its clock.", Func: func(c *value.Call) value.Value { return value.Long(moment(c).Clock) }},
	{Sig: "long UtcTicks { get; }", Doc: "The ticks of the moment in UTC.", Func: func(c *value.Call) value.Value { return value.Long(moment(c).UTCTicks()) }},
	{Sig: "TimeSpan Offset { get; }", Doc: "How far its clock is ahead of UTC.", Func: func(c *value.Call) value.Value { return moment(c).Offset.Value() }},
	{Sig: "DateTime DateTime { get; }", Doc: "What its clock shows.", Func: func(c *value.Call) value.Value { return At(moment(c).Clock, Unspecified).Value() }},
	{Sig: "DateTime UtcDateTime { get; }", Doc: "The moment in UTC.", Func: func(c *value.Call) value.Value { return At(moment(c).UTCTicks(), UTC).Value() }},
	{Sig: "DateTime LocalDateTime { get; }", Doc: "The moment in local time.", Func: func(c *value.Call) value.Value { return At(moment(c).UTCTicks(), Local).Value() }},
	{Sig: "DateTime Date { get; }", Doc: "The day its clock shows.", Func: func(c *value.Call) value.Value {
		n := moment(c).Clock
		return At(n-n%TicksPerDay, Unspecified).Value()
	}},
	{Sig: "TimeSpan TimeOfDay { get; }", Doc: "The time its clock shows.", Func: func(c *value.Call) value.Value { return Span(moment(c).Clock % TicksPerDay).Value() }},

	{Sig: "DateTimeOffset Add(TimeSpan timeSpan)", Doc: "A length of time later.", Func: func(c *value.Call) value.Value {
		return sameOffset(c, addTicks(c.Thread, moment(c).Clock, c.Long(0), "value"))
	}},
	{Sig: "DateTimeOffset AddTicks(long ticks)", Doc: "Ticks later.", Func: func(c *value.Call) value.Value {
		return sameOffset(c, addTicks(c.Thread, moment(c).Clock, c.Long(0), "value"))
	}},
	offsetAdd("AddDays", "Days later.", TicksPerDay),
	offsetAdd("AddHours", "Hours later.", TicksPerHour),
	offsetAdd("AddMinutes", "Minutes later.", TicksPerMinute),
	offsetAdd("AddSeconds", "Seconds later.", TicksPerSecond),
	offsetAdd("AddMilliseconds", "Milliseconds later.", TicksPerMillisecond),
	offsetAdd("AddMicroseconds", "Microseconds later.", TicksPerMicrosecond),
	{Sig: "DateTimeOffset AddMonths(int months)", Doc: "Months later.", Func: func(c *value.Call) value.Value {
		return sameOffset(c, addMonths(c.Thread, moment(c).Clock, c.Int(0), "months"))
	}},
	{Sig: "DateTimeOffset AddYears(int years)", Doc: "Years later.", Func: func(c *value.Call) value.Value {
		return sameOffset(c, addYears(c.Thread, moment(c).Clock, c.Int(0)))
	}},
	{Sig: "TimeSpan Subtract(DateTimeOffset value)", Doc: "The time since another moment.", Func: func(c *value.Call) value.Value {
		return Span(moment(c).UTCTicks() - utcTicks(c.Args[0])).Value()
	}},
	{Sig: "DateTimeOffset Subtract(TimeSpan value)", Doc: "A length of time earlier.", Func: func(c *value.Call) value.Value {
		return sameOffset(c, subtractTicks(c.Thread, moment(c).Clock, c.Long(0), "value"))
	}},
	{Sig: "static DateTimeOffset operator +(DateTimeOffset dateTimeOffset, TimeSpan timeSpan)", Doc: "A length of time later.", Func: func(c *value.Call) value.Value {
		o := offsetOf(c.Args[0])
		return newOffset(c.Thread, addTicks(c.Thread, o.Clock, c.Long(1), "t"), o.Offset)
	}},
	{Sig: "static DateTimeOffset operator -(DateTimeOffset dateTimeOffset, TimeSpan timeSpan)", Doc: "A length of time earlier.", Func: func(c *value.Call) value.Value {
		o := offsetOf(c.Args[0])
		return newOffset(c.Thread, subtractTicks(c.Thread, o.Clock, c.Long(1), "t"), o.Offset)
	}},
	{Sig: "static TimeSpan operator -(DateTimeOffset left, DateTimeOffset right)", Doc: "The time between two moments.", Func: func(c *value.Call) value.Value {
		return Span(utcTicks(c.Args[0]) - utcTicks(c.Args[1])).Value()
	}},
	relation("==", "DateTimeOffset left, DateTimeOffset right", utcTicks, func(n int) bool { return n == 0 }),
	relation("!=", "DateTimeOffset left, DateTimeOffset right", utcTicks, func(n int) bool { return n != 0 }),
	relation("<", "DateTimeOffset left, DateTimeOffset right", utcTicks, func(n int) bool { return n < 0 }),
	relation("<=", "DateTimeOffset left, DateTimeOffset right", utcTicks, func(n int) bool { return n <= 0 }),
	relation(">", "DateTimeOffset left, DateTimeOffset right", utcTicks, func(n int) bool { return n > 0 }),
	relation(">=", "DateTimeOffset left, DateTimeOffset right", utcTicks, func(n int) bool { return n >= 0 }),
	{Sig: "static int Compare(DateTimeOffset first, DateTimeOffset second)", Doc: "-1, 0 or 1 by the order of two moments.", Func: func(c *value.Call) value.Value {
		return value.Int(compare(utcTicks(c.Args[0]), utcTicks(c.Args[1])))
	}},
	{Sig: "int CompareTo(DateTimeOffset other)", Doc: "-1, 0 or 1 by the order of two moments.", Func: func(c *value.Call) value.Value {
		return value.Int(compare(moment(c).UTCTicks(), utcTicks(c.Args[0])))
	}},
	{Sig: "bool Equals(DateTimeOffset other)", Doc: "Whether it is the same moment.", Func: func(c *value.Call) value.Value {
		return value.Bool(moment(c).UTCTicks() == utcTicks(c.Args[0]))
	}},
	{Sig: "override bool Equals(object obj)", Doc: "Whether it is a DateTimeOffset of the same moment.", Func: func(c *value.Call) value.Value {
		return value.Bool(moment(c).Equals(c.Thread, c.Args[0]))
	}},
	{Sig: "static bool Equals(DateTimeOffset first, DateTimeOffset second)", Doc: "Whether they are the same moment.", Func: func(c *value.Call) value.Value {
		return value.Bool(utcTicks(c.Args[0]) == utcTicks(c.Args[1]))
	}},
	{Sig: "bool EqualsExact(DateTimeOffset other)", Doc: "Whether moment and offset are equal.", Func: func(c *value.Call) value.Value {
		return value.Bool(*moment(c) == *offsetOf(c.Args[0]))
	}},
	{Sig: "DateTimeOffset ToOffset(TimeSpan offset)", Doc: "The moment by the clock of another offset.", Func: func(c *value.Call) value.Value {
		o := SpanOf(c.Args[0])
		utc := moment(c).UTCTicks()
		clock := utc + int64(o)
		if o%TicksPerMinute == 0 && o >= -14*TicksPerHour && o <= 14*TicksPerHour && (clock < 0 || clock > MaxTicks) {
			c.ThrowRange("The UTC time represented when the offset is applied must be between year 0 and 10,000.", "offset")
		}
		return newOffset(c.Thread, clock, o)
	}},
	{Sig: "DateTimeOffset ToUniversalTime()", Doc: "The moment with offset zero.", Func: func(c *value.Call) value.Value { return value.Of(&Offset{Clock: moment(c).UTCTicks()}) }},
	{Sig: "DateTimeOffset ToLocalTime()", Doc: "The moment in local time, which is UTC.", Func: func(c *value.Call) value.Value { return value.Of(&Offset{Clock: moment(c).UTCTicks()}) }},
	{Sig: "int TotalOffsetMinutes { get; }", Doc: "How many minutes its clock is ahead of UTC.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Int(int(moment(c).Offset / TicksPerMinute))
	}},
	{Sig: "int Nanosecond { get; }", Doc: "The nanosecond of the microsecond, in steps of 100.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Int(int(moment(c).Clock % TicksPerMicrosecond * 100))
	}},
	{Sig: "long ToUnixTimeSeconds()", Doc: "Seconds since 1970.", Func: func(c *value.Call) value.Value {
		return value.Long(floorDiv(moment(c).UTCTicks(), TicksPerSecond) - UnixEpoch/TicksPerSecond)
	}},
	{Sig: "long ToUnixTimeMilliseconds()", Doc: "Milliseconds since 1970.", Func: func(c *value.Call) value.Value {
		return value.Long(floorDiv(moment(c).UTCTicks(), TicksPerMillisecond) - UnixEpoch/TicksPerMillisecond)
	}},
	{Sig: "static DateTimeOffset FromUnixTimeSeconds(long seconds)", Doc: "The moment of seconds since 1970.", Func: func(c *value.Call) value.Value {
		return fromUnix(c, TicksPerSecond, -62135596800, 253402300799, "seconds")
	}},
	{Sig: "static DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)", Doc: "The moment of milliseconds since 1970.", Func: func(c *value.Call) value.Value {
		return fromUnix(c, TicksPerMillisecond, -62135596800000, 253402300799999, "milliseconds")
	}},
	{Sig: "long ToFileTime()", Doc: "Ticks since 1601.", Func: func(c *value.Call) value.Value {
		n := moment(c).UTCTicks() - fileTimeOffset
		if n < 0 {
			c.Throw(value.ArgumentOutOfRangeException, "Not a valid Win32 FileTime.")
		}
		return value.Long(n)
	}},
	{Sig: "static DateTimeOffset FromFileTime(long fileTime)", Doc: "The moment of ticks since 1601.", Func: func(c *value.Call) value.Value { return value.Of(&Offset{Clock: fileTicks(c)}) }},

	{Sig: "override string ToString()", Doc: "The general form with the offset.", Func: func(c *value.Call) value.Value { return value.String(moment(c).Format(c.Thread, "", value.Null)) }},
	{Sig: "string ToString(string format)", Doc: "The text in a standard or custom format.", Func: func(c *value.Call) value.Value {
		return value.String(moment(c).Format(c.Thread, c.Str(0), value.Null))
	}},
	{Sig: "string ToString(IFormatProvider formatProvider)", Doc: "The general form with the offset.", Func: func(c *value.Call) value.Value {
		return value.String(moment(c).Format(c.Thread, "", value.Null))
	}},
	{Sig: "string ToString(string format, IFormatProvider formatProvider)", Doc: "The text in a standard or custom format.", Func: func(c *value.Call) value.Value {
		return value.String(moment(c).Format(c.Thread, c.Str(0), value.Null))
	}},
	{Sig: "static DateTimeOffset Parse(string input)", Doc: "Reads a moment.", Func: func(c *value.Call) value.Value { return readOffset(c, 0) }},
	{Sig: "static DateTimeOffset Parse(string input, IFormatProvider formatProvider)", Doc: "Reads a moment.", Func: func(c *value.Call) value.Value { return readOffset(c, 0) }},
	{Sig: "static DateTimeOffset Parse(string input, IFormatProvider formatProvider, DateTimeStyles styles)", Doc: "Reads a moment.", Func: func(c *value.Call) value.Value {
		return readOffset(c, offsetStyles(c, 2))
	}},
	{Sig: "static bool TryParse(string input, out DateTimeOffset result)", Doc: "Reads a moment if it is one.", Func: func(c *value.Call) value.Value { return tryOffset(c, 1, 0) }},
	{Sig: "static bool TryParse(string input, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)", Doc: "Reads a moment if it is one.", Func: func(c *value.Call) value.Value {
		return tryOffset(c, 3, offsetStyles(c, 2))
	}},
	{Sig: "static DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider)", Doc: "Reads a moment in one format.", Func: func(c *value.Call) value.Value { return readExactOffset(c, 0) }},
	{Sig: "static DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles)", Doc: "Reads a moment in one format.", Func: func(c *value.Call) value.Value {
		return readExactOffset(c, offsetStyles(c, 3))
	}},
	{Sig: "static DateTimeOffset ParseExact(string input, string[] formats, IFormatProvider formatProvider, DateTimeStyles styles)", Doc: "Reads a moment in one of several formats.", Func: func(c *value.Call) value.Value {
		return readExactOffset(c, offsetStyles(c, 3))
	}},
	{Sig: "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)", Doc: "Reads a moment in one format if it is one.", Func: tryExactOffset},
	{Sig: "static bool TryParseExact(string input, string[] formats, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)", Doc: "Reads a moment in one of several formats if it is one.", Func: tryExactOffset},
}
