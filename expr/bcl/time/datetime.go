package time

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/value"
)

var dateTimeOps = value.Ops{
	Equals: func(_ *value.Thread, v, other value.Value) bool {
		return other.Type() == DateTimeType && InstantOf(v).Ticks() == InstantOf(other).Ticks()
	},
	Hash: func(_ *value.Thread, v value.Value) int32 { return hashTicks(InstantOf(v).Ticks()) },
	Compare: func(t *value.Thread, v, other value.Value) int {
		if other.Type() != DateTimeType {
			t.ThrowArgument(value.ArgumentException, "Object must be of type DateTime.", "")
		}
		return compare(InstantOf(v).Ticks(), InstantOf(other).Ticks())
	},
	String: func(t *value.Thread, v value.Value) string { return FormatInstant(t, "", InstantOf(v)) },
	Format: func(t *value.Thread, v value.Value, format string, _ value.Value) string {
		return FormatInstant(t, format, InstantOf(v))
	},
}

func me(c *value.Call) Instant { return InstantOf(c.This) }

func ticksArg(v value.Value) (int64, bool) {
	return InstantOf(v).Ticks(), v.Type() == DateTimeType
}

// keep gives new ticks the kind of the receiver.
func keep(c *value.Call, ticks int64) value.Value { return At(ticks, me(c).Kind()).Value() }

func readInstant(c *value.Call, styles Styles) value.Value {
	c.NotNull(0, "s")
	p, f := parseGeneral(c.Str(0))
	if f == nil {
		var i Instant
		if i, f = p.instant(c.Str(0), today(c.Thread), styles); f == nil {
			return i.Value()
		}
	}
	c.Raise(f.exception())
	return value.Null
}

func tryInstant(c *value.Call, out int, styles Styles) value.Value {
	if !c.Args[0].IsNull() {
		if i, err := ParseInstant(c.Str(0), styles, today(c.Thread)); err == nil {
			c.Args[out] = i.Value()
			return value.True
		}
	}
	c.Args[out] = Instant(0).Value()
	return value.False
}

func exactInstant(c *value.Call, s string, list []string, styles Styles) (Instant, *failure) {
	return anyFormat(s, list, func(format string) (Instant, *failure) {
		st := styles
		p, f := parseExact(s, format, st)
		if f != nil {
			return 0, f
		}
		return p.instant(s, today(c.Thread), st)
	})
}

func readExact(c *value.Call, styles Styles) value.Value {
	c.NotNull(0, "s")
	list := formats(c, 1, formatParam(c, 1))
	i, f := exactInstant(c, c.Str(0), list, styles)
	if f != nil {
		c.Raise(f.exception())
	}
	return i.Value()
}

func formatParam(c *value.Call, i int) string {
	if c.Args[i].IsString() || c.Args[i].IsNull() {
		return "format"
	}
	return "formats"
}

func tryExact(c *value.Call) value.Value {
	styles := stylesOf(c, 3)
	if !c.Args[0].IsNull() && !c.Args[1].IsNull() {
		if i, f := exactInstant(c, c.Str(0), formats(c, 1, "format"), styles); f == nil {
			c.Args[4] = i.Value()
			return value.True
		}
	}
	c.Args[4] = Instant(0).Value()
	return value.False
}

func addDouble(doc, sig string, unit int64) value.Row {
	return value.Row{Sig: sig, Doc: doc, Func: func(c *value.Call) value.Value {
		return keep(c, addUnits(c.Thread, me(c).Ticks(), c.Double(0), unit))
	}}
}

// part is a property with the number of a part of the date.
func part(sig, doc string, get func(Date) int) value.Row {
	return value.Row{Sig: "int " + sig + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		return value.Int(get(DateOf(me(c).Ticks())))
	}}
}

func asFormat(sig, doc, format string) value.Row {
	return value.Row{Sig: "string " + sig + "()", Doc: doc, Beyond: true, Func: func(c *value.Call) value.Value {
		return value.String(FormatInstant(c.Thread, format, me(c)))
	}}
}

func construct(sig string, n int, kind bool) value.Row {
	return value.Row{Sig: "DateTime(" + sig + ")", Doc: "A date and time by its parts.", Beyond: n > 7, Func: func(c *value.Call) value.Value {
		k := Unspecified
		if kind {
			k = kindArg(c, n)
		}
		return At(ticksOf(c.Thread, c.Int, n), k).Value()
	}}
}

const sixParts = "int year, int month, int day, int hour, int minute, int second"

var dateTimeRows = []value.Row{
	{Sig: "DateTime(long ticks)", Doc: "A date and time by its ticks since year 1.", Func: func(c *value.Call) value.Value {
		return At(ticksInRange(c), Unspecified).Value()
	}},
	{Sig: "DateTime(long ticks, DateTimeKind kind)", Doc: "A date and time by its ticks since year 1.", Func: func(c *value.Call) value.Value {
		n := ticksInRange(c)
		return At(n, kindArg(c, 1)).Value()
	}},
	construct("int year, int month, int day", 3, false),
	construct(sixParts, 6, false),
	construct(sixParts+", DateTimeKind kind", 6, true),
	construct(sixParts+", int millisecond", 7, false),
	construct(sixParts+", int millisecond, DateTimeKind kind", 7, true),
	construct(sixParts+", int millisecond, int microsecond", 8, false),
	construct(sixParts+", int millisecond, int microsecond, DateTimeKind kind", 8, true),

	{Sig: "static readonly DateTime MinValue", Doc: "The first moment, 0001-01-01.", Func: func(*value.Call) value.Value { return Instant(0).Value() }},
	{Sig: "static readonly DateTime MaxValue", Doc: "The last moment, in 9999.", Func: func(*value.Call) value.Value { return At(MaxTicks, Unspecified).Value() }},
	{Sig: "static readonly DateTime UnixEpoch", Doc: "1970-01-01 in UTC.", Beyond: true, Func: func(*value.Call) value.Value { return At(UnixEpoch, UTC).Value() }},
	{Sig: "static DateTime Now { get; }", Doc: "The current local time, which is UTC.", Effects: value.ReadsClock, Func: func(c *value.Call) value.Value {
		return At(FromGo(c.Now()).Ticks(), Local).Value()
	}},
	{Sig: "static DateTime UtcNow { get; }", Doc: "The current time in UTC.", Effects: value.ReadsClock, Func: func(c *value.Call) value.Value { return FromGo(c.Now()).Value() }},
	{Sig: "static DateTime Today { get; }", Doc: "The current day.", Effects: value.ReadsClock, Func: func(c *value.Call) value.Value { return At(today(c.Thread)(), Local).Value() }},

	part("Year", "The year.", func(d Date) int { return d.Year }),
	part("Month", "The month, from 1.", func(d Date) int { return d.Month }),
	part("Day", "The day of the month.", func(d Date) int { return d.Day }),
	part("Hour", "The hour.", func(d Date) int { return d.Hour }),
	part("Minute", "The minute.", func(d Date) int { return d.Minute }),
	part("Second", "The second.", func(d Date) int { return d.Second }),
	part("Millisecond", "The millisecond.", func(d Date) int { return d.Fraction / TicksPerMillisecond }),
	beyond(part("Microsecond", "The microsecond within the millisecond.", func(d Date) int { return d.Fraction / TicksPerMicrosecond % 1000 })),
	beyond(part("Nanosecond", "The nanosecond within the microsecond.", func(d Date) int { return d.Fraction % 10 * 100 })),
	part("DayOfYear", "The day of the year, from 1.", func(d Date) int { return d.DayOfYear }),
	{Sig: "DayOfWeek DayOfWeek { get; }", Doc: "The day of the week.", Func: func(c *value.Call) value.Value {
		return value.Enum(DayOfWeekDef.Type(), (me(c).Ticks()/TicksPerDay+1)%7)
	}},
	{Sig: "long Ticks { get; }", Doc: "Ticks of 100 ns since year 1.", Func: func(c *value.Call) value.Value { return value.Long(me(c).Ticks()) }},
	{Sig: "DateTimeKind Kind { get; }", Doc: "What clock it was read from.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Enum(KindDef.Type(), int64(me(c).Kind())) }},
	{Sig: "DateTime Date { get; }", Doc: "The day without the time.", Func: func(c *value.Call) value.Value {
		n := me(c).Ticks()
		return keep(c, n-n%TicksPerDay)
	}},
	{Sig: "TimeSpan TimeOfDay { get; }", Doc: "The time since midnight.", Func: func(c *value.Call) value.Value { return Span(me(c).Ticks() % TicksPerDay).Value() }},

	{Sig: "DateTime Add(TimeSpan value)", Doc: "A length of time later.", Func: func(c *value.Call) value.Value {
		return keep(c, addTicks(c.Thread, me(c).Ticks(), c.Long(0), "value"))
	}},
	{Sig: "DateTime AddTicks(long value)", Doc: "Ticks later.", Func: func(c *value.Call) value.Value {
		return keep(c, addTicks(c.Thread, me(c).Ticks(), c.Long(0), "value"))
	}},
	addDouble("Days later.", "DateTime AddDays(double value)", TicksPerDay),
	addDouble("Hours later.", "DateTime AddHours(double value)", TicksPerHour),
	addDouble("Minutes later.", "DateTime AddMinutes(double value)", TicksPerMinute),
	addDouble("Seconds later.", "DateTime AddSeconds(double value)", TicksPerSecond),
	addDouble("Milliseconds later.", "DateTime AddMilliseconds(double value)", TicksPerMillisecond),
	beyond(addDouble("Microseconds later.", "DateTime AddMicroseconds(double value)", TicksPerMicrosecond)),
	{Sig: "DateTime AddMonths(int months)", Doc: "Months later, on the last day of the month at most.", Func: func(c *value.Call) value.Value {
		return keep(c, addMonths(c.Thread, me(c).Ticks(), c.Int(0), "months"))
	}},
	{Sig: "DateTime AddYears(int value)", Doc: "Years later.", Func: func(c *value.Call) value.Value {
		return keep(c, addYears(c.Thread, me(c).Ticks(), c.Int(0)))
	}},
	{Sig: "TimeSpan Subtract(DateTime value)", Doc: "The time since another moment.", Func: func(c *value.Call) value.Value {
		return Span(me(c).Ticks() - InstantOf(c.Args[0]).Ticks()).Value()
	}},
	{Sig: "DateTime Subtract(TimeSpan value)", Doc: "A length of time earlier.", Func: func(c *value.Call) value.Value {
		return keep(c, subtractTicks(c.Thread, me(c).Ticks(), c.Long(0), "value"))
	}},
	{Sig: "static DateTime operator +(DateTime d, TimeSpan t)", Doc: "A length of time later.", Func: func(c *value.Call) value.Value {
		d := InstantOf(c.Args[0])
		return At(addTicks(c.Thread, d.Ticks(), c.Long(1), "t"), d.Kind()).Value()
	}},
	{Sig: "static DateTime operator -(DateTime d, TimeSpan t)", Doc: "A length of time earlier.", Func: func(c *value.Call) value.Value {
		d := InstantOf(c.Args[0])
		return At(subtractTicks(c.Thread, d.Ticks(), c.Long(1), "t"), d.Kind()).Value()
	}},
	{Sig: "static TimeSpan operator -(DateTime d1, DateTime d2)", Doc: "The time between two moments.", Func: func(c *value.Call) value.Value {
		return Span(InstantOf(c.Args[0]).Ticks() - InstantOf(c.Args[1]).Ticks()).Value()
	}},
	relation("==", "DateTime d1, DateTime d2", instantTicks, func(n int) bool { return n == 0 }),
	relation("!=", "DateTime d1, DateTime d2", instantTicks, func(n int) bool { return n != 0 }),
	relation("<", "DateTime t1, DateTime t2", instantTicks, func(n int) bool { return n < 0 }),
	relation("<=", "DateTime t1, DateTime t2", instantTicks, func(n int) bool { return n <= 0 }),
	relation(">", "DateTime t1, DateTime t2", instantTicks, func(n int) bool { return n > 0 }),
	relation(">=", "DateTime t1, DateTime t2", instantTicks, func(n int) bool { return n >= 0 }),
	{Sig: "static int Compare(DateTime t1, DateTime t2)", Doc: "-1, 0 or 1 by the order of two moments.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Int(compare(InstantOf(c.Args[0]).Ticks(), InstantOf(c.Args[1]).Ticks()))
	}},
	{Sig: "int CompareTo(DateTime value)", Doc: "-1, 0 or 1 by the order of two moments.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Int(compare(me(c).Ticks(), InstantOf(c.Args[0]).Ticks()))
	}},
	{Sig: "TypeCode GetTypeCode()", Doc: "The code of the type.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Enum(c.Table.Lookup("System", "TypeCode", 0).Type(), 16)
	}},
	{Sig: "int CompareTo(object value)", Doc: "-1, 0 or 1 by the order of two moments.", Beyond: true, Func: func(c *value.Call) value.Value {
		return compareRow(me(c).Ticks(), c, ticksArg, "DateTime")
	}},
	{Sig: "bool Equals(DateTime value)", Doc: "Whether the ticks are equal.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Bool(me(c).Ticks() == InstantOf(c.Args[0]).Ticks())
	}},
	{Sig: "override bool Equals(object value)", Doc: "Whether it is a DateTime of the same ticks.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Bool(dateTimeOps.Equals(c.Thread, c.This, c.Args[0]))
	}},
	{Sig: "static bool Equals(DateTime t1, DateTime t2)", Doc: "Whether the ticks are equal.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Bool(InstantOf(c.Args[0]).Ticks() == InstantOf(c.Args[1]).Ticks())
	}},
	{Sig: "void Deconstruct(out int year, out int month, out int day)", Doc: "Year, month and day.", Beyond: true, Func: func(c *value.Call) value.Value {
		y, m, d := goTime(InstantOf(c.This).Ticks()).Date()
		c.Args[0], c.Args[1], c.Args[2] = value.Int(y), value.Int(int(m)), value.Int(d)
		return value.Null
	}},

	{Sig: "override string ToString()", Doc: "The general form, like 01/02/2026 03:04:05.", Func: func(c *value.Call) value.Value { return value.String(FormatInstant(c.Thread, "", me(c))) }},
	{Sig: "string ToString(string format)", Doc: "The text in a standard or custom format.", Func: func(c *value.Call) value.Value { return value.String(FormatInstant(c.Thread, c.Str(0), me(c))) }},
	{Sig: "string ToString(IFormatProvider provider)", Doc: "The general form.", Func: func(c *value.Call) value.Value { return value.String(FormatInstant(c.Thread, "", me(c))) }},
	{Sig: "string ToString(string format, IFormatProvider provider)", Doc: "The text in a standard or custom format.", Func: func(c *value.Call) value.Value { return value.String(FormatInstant(c.Thread, c.Str(0), me(c))) }},
	asFormat("ToShortDateString", "The date, short.", "d"),
	asFormat("ToLongDateString", "The date, long.", "D"),
	asFormat("ToShortTimeString", "The time without seconds.", "t"),
	asFormat("ToLongTimeString", "The time.", "T"),
	{Sig: "string[] GetDateTimeFormats(char format)", Doc: "The text in the forms of a standard format.", Beyond: true, Func: func(c *value.Call) value.Value {
		u := c.Args[0].Char()
		list := []string{FormatInstant(c.Thread, value.UnitString(u), me(c))}
		if u == 'd' {
			list = append(list, FormatInstant(c.Thread, "yyyy-MM-dd", me(c)))
		}
		return c.Strings(list)
	}},

	{Sig: "static DateTime Parse(string s)", Doc: "Reads a date.", Func: func(c *value.Call) value.Value { return readInstant(c, 0) }},
	{Sig: "static DateTime Parse(string s, IFormatProvider provider)", Doc: "Reads a date.", Func: func(c *value.Call) value.Value { return readInstant(c, 0) }},
	{Sig: "static DateTime Parse(string s, IFormatProvider provider, DateTimeStyles styles)", Doc: "Reads a date.", Func: func(c *value.Call) value.Value {
		return readInstant(c, stylesOf(c, 2))
	}},
	{Sig: "static bool TryParse(string s, out DateTime result)", Doc: "Reads a date if it is one.", Beyond: true, Func: func(c *value.Call) value.Value { return tryInstant(c, 1, 0) }},
	{Sig: "static bool TryParse(string s, IFormatProvider provider, out DateTime result)", Doc: "Reads a date if it is one.", Beyond: true, Func: func(c *value.Call) value.Value { return tryInstant(c, 2, 0) }},
	{Sig: "static bool TryParse(string s, IFormatProvider provider, DateTimeStyles styles, out DateTime result)", Doc: "Reads a date if it is one.", Beyond: true, Func: func(c *value.Call) value.Value {
		return tryInstant(c, 3, stylesOf(c, 2))
	}},
	{Sig: "static DateTime ParseExact(string s, string format, IFormatProvider provider)", Doc: "Reads a date in one format.", Beyond: true, Func: func(c *value.Call) value.Value { return readExact(c, 0) }},
	{Sig: "static DateTime ParseExact(string s, string format, IFormatProvider provider, DateTimeStyles style)", Doc: "Reads a date in one format.", Beyond: true, Func: func(c *value.Call) value.Value {
		return readExact(c, stylesOf(c, 3))
	}},
	{Sig: "static DateTime ParseExact(string s, string[] formats, IFormatProvider provider, DateTimeStyles style)", Doc: "Reads a date in one of several formats.", Beyond: true, Func: func(c *value.Call) value.Value {
		return readExact(c, stylesOf(c, 3))
	}},
	{Sig: "static bool TryParseExact(string s, string format, IFormatProvider provider, DateTimeStyles style, out DateTime result)", Doc: "Reads a date in one format if it is one.", Beyond: true, Func: tryExact},
	{Sig: "static bool TryParseExact(string s, string[] formats, IFormatProvider provider, DateTimeStyles style, out DateTime result)", Doc: "Reads a date in one of several formats if it is one.", Beyond: true, Func: tryExact},

	{Sig: "DateTime ToUniversalTime()", Doc: "The moment in UTC.", Beyond: true, Func: func(c *value.Call) value.Value { return At(me(c).Ticks(), UTC).Value() }},
	{Sig: "DateTime ToLocalTime()", Doc: "The moment in local time.", Beyond: true, Func: func(c *value.Call) value.Value { return At(me(c).Ticks(), Local).Value() }},
	{Sig: "static DateTime SpecifyKind(DateTime value, DateTimeKind kind)", Doc: "The same ticks with another kind.", Beyond: true, Func: func(c *value.Call) value.Value {
		return At(InstantOf(c.Args[0]).Ticks(), kindArg(c, 1)).Value()
	}},
	{Sig: "bool IsDaylightSavingTime()", Doc: "Whether summer time is in force in the local zone, which has none.", Func: func(*value.Call) value.Value { return value.False }},
	{Sig: "static bool IsLeapYear(int year)", Doc: "Whether the year has 366 days.", Func: func(c *value.Call) value.Value {
		y := c.Int(0)
		if y < 1 || y > 9999 {
			c.ThrowRange("Year must be between 1 and 9999.", "year")
		}
		return value.Bool(leap(y))
	}},
	{Sig: "static int DaysInMonth(int year, int month)", Doc: "How many days a month has.", Func: func(c *value.Call) value.Value {
		y, m := c.Int(0), c.Int(1)
		if m < 1 || m > 12 {
			c.Raise(rangeWithValue("Month must be between one and twelve.", "month", c.ToString(c.Args[1])))
		}
		if y < 1 || y > 9999 {
			c.ThrowRange("Year must be between 1 and 9999.", "year")
		}
		return value.Int(daysIn(y, m))
	}},
	{Sig: "long ToBinary()", Doc: "Ticks and kind in one number.", Beyond: true, Func: func(c *value.Call) value.Value {
		i := me(c)
		if i.Kind() == Local {
			return value.Long(i.Ticks() | math.MinInt64)
		}
		return value.Long(int64(i))
	}},
	{Sig: "static DateTime FromBinary(long dateData)", Doc: "The DateTime of ToBinary's number.", Beyond: true, Func: func(c *value.Call) value.Value {
		i := Instant(uint64(c.Long(0)))
		k := i.Kind()
		if k > Local {
			k = Local
		}
		if i.Ticks() > MaxTicks {
			c.ThrowArgument(value.ArgumentException, "The binary data must result in a DateTime with ticks between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.", "dateData")
		}
		return At(i.Ticks(), k).Value()
	}},
	{Sig: "long ToFileTime()", Doc: "Ticks since 1601.", Beyond: true, Func: toFileTime},
	{Sig: "long ToFileTimeUtc()", Doc: "Ticks since 1601.", Beyond: true, Func: toFileTime},
	{Sig: "static DateTime FromFileTime(long fileTime)", Doc: "The DateTime of ticks since 1601.", Beyond: true, Func: func(c *value.Call) value.Value {
		return At(fileTicks(c), Local).Value()
	}},
	{Sig: "static DateTime FromFileTimeUtc(long fileTime)", Doc: "The DateTime of ticks since 1601.", Beyond: true, Func: func(c *value.Call) value.Value {
		return At(fileTicks(c), UTC).Value()
	}},
	{Sig: "double ToOADate()", Doc: "Days since 1899-12-30.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Double(toOADate(c.Thread, me(c).Ticks()))
	}},
	{Sig: "static DateTime FromOADate(double d)", Doc: "The DateTime of days since 1899-12-30.", Beyond: true, Func: func(c *value.Call) value.Value {
		return At(fromOADate(c.Thread, c.Double(0)), Unspecified).Value()
	}},
}

func beyond(r value.Row) value.Row {
	r.Beyond = true
	return r
}

func instantTicks(v value.Value) int64 { return InstantOf(v).Ticks() }

// relation is a comparison operator over ticks.
func relation(op, params string, ticks func(value.Value) int64, holds func(int) bool) value.Row {
	return value.Row{Sig: "static bool operator " + op + "(" + params + ")", Doc: "Compares two of them.", Func: func(c *value.Call) value.Value {
		return value.Bool(holds(compare(ticks(c.Args[0]), ticks(c.Args[1]))))
	}}
}

func subtractTicks(t *value.Thread, n, by int64, param string) int64 {
	r := n - by
	if r < 0 || r > MaxTicks || by < 0 && r < n {
		unrepresentable(t, param)
	}
	return r
}

func ticksInRange(c *value.Call) int64 {
	n := c.Long(0)
	if n < 0 || n > MaxTicks {
		c.ThrowRange("Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.", "ticks")
	}
	return n
}

// rangeWithValue is an ArgumentOutOfRangeException whose message has the value
// in a line of its own.
func rangeWithValue(message, param, actual string) *value.Exception {
	e := value.NewException(value.ArgumentOutOfRangeException, value.WithParam(message, param)+"\nActual value was "+actual+".")
	e.Param = param
	return e
}

const fileTimeOffset = 504911232000000000

func toFileTime(c *value.Call) value.Value {
	n := me(c).Ticks() - fileTimeOffset
	if n < 0 {
		c.Throw(value.ArgumentOutOfRangeException, "Not a valid Win32 FileTime.")
	}
	return value.Long(n)
}

func fileTicks(c *value.Call) int64 {
	n := c.Long(0)
	if n < 0 || n > MaxTicks-fileTimeOffset {
		c.ThrowRange("Not a valid Win32 FileTime.", "fileTime")
	}
	return n + fileTimeOffset
}

// OLE Automation dates count days from 1899-12-30 in a double, and their
// fraction always forward, for negative days too.
const (
	oaOffset     = 599264352000000000
	oaMinTicks   = 31241376000000000
	millisPerDay = 86400000
)

func fromOADate(t *value.Thread, d float64) int64 {
	if !(d < 2958466) || !(d > -657435) {
		t.Throw(value.ArgumentException, "Not a legal OleAut date.")
	}
	half := 0.5
	if d < 0 {
		half = -0.5
	}
	ms := int64(d*millisPerDay + half)
	if ms < 0 {
		ms -= ms % millisPerDay * 2
	}
	return (ms + oaOffset/TicksPerMillisecond) * TicksPerMillisecond
}

func toOADate(t *value.Thread, n int64) float64 {
	if n == 0 {
		return 0
	}
	if n < TicksPerDay {
		n += oaOffset
	}
	if n < oaMinTicks {
		t.Throw(value.OverflowException, "Not a legal OleAut date.")
	}
	ms := (n - oaOffset) / TicksPerMillisecond
	if ms < 0 {
		if rest := ms % millisPerDay; rest != 0 {
			ms -= (millisPerDay + rest) * 2
		}
	}
	return float64(ms) / millisPerDay
}
