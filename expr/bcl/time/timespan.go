package time

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/value"
)

var spanOps = value.Ops{
	Equals: func(_ *value.Thread, v, other value.Value) bool {
		return other.Type() == TimeSpanType && v.Word() == other.Word()
	},
	Hash: func(_ *value.Thread, v value.Value) int32 { return hashTicks(v.Long()) },
	Compare: func(t *value.Thread, v, other value.Value) int {
		if other.Type() != TimeSpanType {
			t.ThrowArgument(value.ArgumentException, "Object must be of type TimeSpan.", "")
		}
		return compare(v.Long(), other.Long())
	},
	String: func(_ *value.Thread, v value.Value) string { return spanConstant(SpanOf(v)) },
	Format: func(t *value.Thread, v value.Value, format string, _ value.Value) string {
		return FormatSpan(t, format, SpanOf(v))
	},
}

const tooLong = "TimeSpan overflowed because the duration is too long."

func overflow(t *value.Thread) { t.Throw(value.OverflowException, tooLong) }

func addSpans(t *value.Thread, a, b Span) value.Value {
	r := a + b
	if (a < 0) == (b < 0) && (r < 0) != (a < 0) {
		overflow(t)
	}
	return r.Value()
}

func subSpans(t *value.Thread, a, b Span) value.Value {
	r := a - b
	if (a < 0) != (b < 0) && (r < 0) != (a < 0) {
		overflow(t)
	}
	return r.Value()
}

// interval is a double number of units; the ticks are cut.
func interval(t *value.Thread, n float64, unit int64) value.Value {
	if n != n {
		t.Throw(value.ArgumentException, "TimeSpan does not accept floating point Not-a-Number values.")
	}
	return fromDoubleTicks(t, n*float64(unit))
}

func fromDoubleTicks(t *value.Thread, ticks float64) value.Value {
	switch {
	case ticks != ticks || ticks > math.MaxInt64 || ticks < math.MinInt64:
		overflow(t)
	case ticks == math.MaxInt64:
		return maxSpan.Value()
	}
	return Span(int64(ticks)).Value()
}

// whole is the TimeSpan of whole units, from the largest to the smallest, and
// the exception that .NET's newer factories throw beyond the range.
func whole(t *value.Thread, parts ...[2]int64) value.Value {
	total, exact := 0.0, int64(0)
	for _, p := range parts {
		total += float64(p[0]) * float64(p[1])
		exact += p[0] * p[1]
	}
	if total >= math.MaxInt64 || total < math.MinInt64 {
		t.Throw(value.ArgumentOutOfRangeException, tooLong)
	}
	return Span(exact).Value()
}

func span(c *value.Call) Span { return SpanOf(c.This) }

func spanPart(sig, doc string, get func(Span) int64) value.Row {
	return value.Row{Sig: "int " + sig + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value { return value.Int(int(get(span(c)))) }}
}

func total(sig, doc string, unit int64) value.Row {
	return value.Row{Sig: "double " + sig + " { get; }", Doc: doc, Func: func(c *value.Call) value.Value {
		return value.Double(float64(span(c)) / float64(unit))
	}}
}

func totalMilliseconds(s Span) float64 {
	n := float64(s) / TicksPerMillisecond
	return min(max(n, float64(math.MinInt64/TicksPerMillisecond)), float64(math.MaxInt64/TicksPerMillisecond))
}

func factory(sig string, unit int64) value.Row {
	return value.Row{Sig: "static TimeSpan " + sig + "(double value)", Doc: "A length of time by its number of units.", Func: func(c *value.Call) value.Value {
		return interval(c.Thread, c.Double(0), unit)
	}}
}

func wholeFactory(sig, param, typ string, unit int64) value.Row {
	return value.Row{Sig: "static TimeSpan " + sig + "(" + typ + " " + param + ")", Doc: "A length of time by its number of units.", Func: func(c *value.Call) value.Value {
		return whole(c.Thread, [2]int64{c.Long(0), unit})
	}}
}

// partsFactory is one of the factories that take several units, all but the
// first optional.
func partsFactory(sig string, units ...int64) value.Row {
	return value.Row{Sig: "static TimeSpan " + sig, Doc: "A length of time by its parts.", Beyond: true, Func: func(c *value.Call) value.Value {
		parts := make([][2]int64, len(units))
		for i, u := range units {
			parts[i] = [2]int64{c.Long(i), u}
		}
		return whole(c.Thread, parts...)
	}}
}

func constant(name string, n int64) value.Row {
	return value.Row{Sig: "const long " + name + " = " + itoa(int(n)), Doc: "Ticks of 100 ns in the unit."}
}

func constructSpan(params string, units ...int64) value.Row {
	return value.Row{Sig: "TimeSpan(" + params + ")", Doc: "A length of time by its parts.", Func: func(c *value.Call) value.Value {
		exact, sum := int64(0), 0.0
		for i, u := range units {
			exact += c.Long(i) * u
			sum += float64(c.Long(i)) * float64(u)
		}
		if sum > math.MaxInt64 || sum < math.MinInt64 {
			c.Throw(value.ArgumentOutOfRangeException, tooLong)
		}
		return Span(exact).Value()
	}}
}

func readSpan(c *value.Call) value.Value {
	c.NotNull(0, "s")
	s, f := parseSpan(c.Str(0))
	if f != nil {
		c.Raise(f.exception())
	}
	return s.Value()
}

func trySpan(c *value.Call, out int) value.Value {
	if !c.Args[0].IsNull() {
		if s, f := parseSpan(c.Str(0)); f == nil {
			c.Args[out] = s.Value()
			return value.True
		}
	}
	c.Args[out] = Span(0).Value()
	return value.False
}

func exactSpan(c *value.Call, negative bool) (Span, *failure) {
	s := c.Str(0)
	list := formats(c, 1, "format")
	if len(list) == 1 {
		return parseSpanExact(s, list[0], negative)
	}
	for _, format := range list {
		if v, f := parseSpanExact(s, format, negative); f == nil {
			return v, nil
		}
	}
	return 0, badSpan(s)
}

func readExactSpan(c *value.Call, negative bool) value.Value {
	c.NotNull(0, "input")
	c.NotNull(1, formatParam(c, 1))
	s, f := exactSpan(c, negative)
	if f != nil {
		c.Raise(f.exception())
	}
	return s.Value()
}

func tryExactSpan(c *value.Call, out int, negative bool) value.Value {
	if !c.Args[0].IsNull() && !c.Args[1].IsNull() {
		if s, f := exactSpan(c, negative); f == nil {
			c.Args[out] = s.Value()
			return value.True
		}
	}
	c.Args[out] = Span(0).Value()
	return value.False
}

func spanTicksOf(v value.Value) int64 { return v.Long() }

func negated(t *value.Thread, s Span) value.Value {
	if s == minSpan {
		t.Throw(value.OverflowException, "Negating the minimum value of a twos complement number is invalid.")
	}
	return (-s).Value()
}

// scaled multiplies by a double; the ticks are rounded half to even.
func scaled(t *value.Thread, s Span, by float64) value.Value {
	if by != by {
		t.ThrowArgument(value.ArgumentException, "TimeSpan does not accept floating point Not-a-Number values.", "factor")
	}
	return fromDoubleTicks(t, math.RoundToEven(float64(s)*by))
}

func divided(t *value.Thread, s Span, by float64) value.Value {
	if by != by {
		t.ThrowArgument(value.ArgumentException, "TimeSpan does not accept floating point Not-a-Number values.", "divisor")
	}
	return fromDoubleTicks(t, math.RoundToEven(float64(s)/by))
}

var spanRows = []value.Row{
	constructSpan("long ticks", 1),
	constructSpan("int hours, int minutes, int seconds", TicksPerHour, TicksPerMinute, TicksPerSecond),
	constructSpan("int days, int hours, int minutes, int seconds", TicksPerDay, TicksPerHour, TicksPerMinute, TicksPerSecond),
	constructSpan("int days, int hours, int minutes, int seconds, int milliseconds", TicksPerDay, TicksPerHour, TicksPerMinute, TicksPerSecond, TicksPerMillisecond),
	beyond(constructSpan("int days, int hours, int minutes, int seconds, int milliseconds, int microseconds", TicksPerDay, TicksPerHour, TicksPerMinute, TicksPerSecond, TicksPerMillisecond, TicksPerMicrosecond)),
	{Sig: "static readonly TimeSpan Zero", Doc: "No time.", Func: func(*value.Call) value.Value { return Span(0).Value() }},
	{Sig: "static readonly TimeSpan MinValue", Doc: "The least TimeSpan.", Func: func(*value.Call) value.Value { return minSpan.Value() }},
	{Sig: "static readonly TimeSpan MaxValue", Doc: "The greatest TimeSpan.", Func: func(*value.Call) value.Value { return maxSpan.Value() }},
	constant("TicksPerDay", TicksPerDay),
	constant("TicksPerHour", TicksPerHour),
	constant("TicksPerMinute", TicksPerMinute),
	constant("TicksPerSecond", TicksPerSecond),
	constant("TicksPerMillisecond", TicksPerMillisecond),
	beyond(constant("TicksPerMicrosecond", TicksPerMicrosecond)),
	beyond(constant("NanosecondsPerTick", 100)),

	spanPart("Days", "Whole days.", func(s Span) int64 { return int64(s) / TicksPerDay }),
	spanPart("Hours", "Hours beyond the days.", func(s Span) int64 { return int64(s) / TicksPerHour % 24 }),
	spanPart("Minutes", "Minutes beyond the hours.", func(s Span) int64 { return int64(s) / TicksPerMinute % 60 }),
	spanPart("Seconds", "Seconds beyond the minutes.", func(s Span) int64 { return int64(s) / TicksPerSecond % 60 }),
	spanPart("Milliseconds", "Milliseconds beyond the seconds.", func(s Span) int64 { return int64(s) / TicksPerMillisecond % 1000 }),
	beyond(spanPart("Microseconds", "Microseconds beyond the milliseconds.", func(s Span) int64 { return int64(s) / TicksPerMicrosecond % 1000 })),
	beyond(spanPart("Nanoseconds", "Nanoseconds beyond the microseconds.", func(s Span) int64 { return int64(s) % 10 * 100 })),
	{Sig: "long Ticks { get; }", Doc: "All of it in ticks of 100 ns.", Func: func(c *value.Call) value.Value { return value.Long(int64(span(c))) }},
	total("TotalDays", "All of it in days.", TicksPerDay),
	total("TotalHours", "All of it in hours.", TicksPerHour),
	total("TotalMinutes", "All of it in minutes.", TicksPerMinute),
	total("TotalSeconds", "All of it in seconds.", TicksPerSecond),
	{Sig: "double TotalMilliseconds { get; }", Doc: "All of it in milliseconds.", Func: func(c *value.Call) value.Value { return value.Double(totalMilliseconds(span(c))) }},
	beyond(total("TotalMicroseconds", "All of it in microseconds.", TicksPerMicrosecond)),
	{Sig: "double TotalNanoseconds { get; }", Doc: "All of it in nanoseconds.", Beyond: true, Func: func(c *value.Call) value.Value { return value.Double(float64(span(c)) * 100) }},

	factory("FromDays", TicksPerDay),
	factory("FromHours", TicksPerHour),
	factory("FromMinutes", TicksPerMinute),
	factory("FromSeconds", TicksPerSecond),
	factory("FromMilliseconds", TicksPerMillisecond),
	beyond(factory("FromMicroseconds", TicksPerMicrosecond)),
	wholeFactory("FromDays", "days", "int", TicksPerDay),
	wholeFactory("FromHours", "hours", "int", TicksPerHour),
	wholeFactory("FromMinutes", "minutes", "long", TicksPerMinute),
	wholeFactory("FromSeconds", "seconds", "long", TicksPerSecond),
	wholeFactory("FromMilliseconds", "milliseconds", "long", TicksPerMillisecond),
	beyond(wholeFactory("FromMicroseconds", "microseconds", "long", TicksPerMicrosecond)),
	partsFactory("FromDays(int days, int hours = 0, long minutes = 0, long seconds = 0, long milliseconds = 0, long microseconds = 0)", TicksPerDay, TicksPerHour, TicksPerMinute, TicksPerSecond, TicksPerMillisecond, TicksPerMicrosecond),
	partsFactory("FromHours(int hours, long minutes = 0, long seconds = 0, long milliseconds = 0, long microseconds = 0)", TicksPerHour, TicksPerMinute, TicksPerSecond, TicksPerMillisecond, TicksPerMicrosecond),
	partsFactory("FromMinutes(long minutes, long seconds = 0, long milliseconds = 0, long microseconds = 0)", TicksPerMinute, TicksPerSecond, TicksPerMillisecond, TicksPerMicrosecond),
	partsFactory("FromSeconds(long seconds, long milliseconds = 0, long microseconds = 0)", TicksPerSecond, TicksPerMillisecond, TicksPerMicrosecond),
	partsFactory("FromMilliseconds(long milliseconds, long microseconds)", TicksPerMillisecond, TicksPerMicrosecond),
	{Sig: "static TimeSpan FromTicks(long value)", Doc: "A length of time by its ticks.", Func: func(c *value.Call) value.Value { return Span(c.Long(0)).Value() }},

	{Sig: "TimeSpan Add(TimeSpan ts)", Doc: "The sum.", Func: func(c *value.Call) value.Value { return addSpans(c.Thread, span(c), SpanOf(c.Args[0])) }},
	{Sig: "TimeSpan Subtract(TimeSpan ts)", Doc: "The difference.", Func: func(c *value.Call) value.Value { return subSpans(c.Thread, span(c), SpanOf(c.Args[0])) }},
	{Sig: "TimeSpan Multiply(double factor)", Doc: "The product.", Beyond: true, Func: func(c *value.Call) value.Value { return scaled(c.Thread, span(c), c.Double(0)) }},
	{Sig: "TimeSpan Divide(double divisor)", Doc: "The quotient.", Beyond: true, Func: func(c *value.Call) value.Value { return divided(c.Thread, span(c), c.Double(0)) }},
	{Sig: "double Divide(TimeSpan ts)", Doc: "The ratio.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Double(float64(span(c)) / float64(SpanOf(c.Args[0])))
	}},
	{Sig: "TimeSpan Negate()", Doc: "The same length backwards.", Func: func(c *value.Call) value.Value { return negated(c.Thread, span(c)) }},
	{Sig: "TimeSpan Duration()", Doc: "The length without its sign.", Func: func(c *value.Call) value.Value {
		s := span(c)
		if s == minSpan {
			c.Throw(value.OverflowException, "The duration cannot be returned for TimeSpan.MinValue because the absolute value of TimeSpan.MinValue exceeds the value of TimeSpan.MaxValue.")
		}
		if s < 0 {
			s = -s
		}
		return s.Value()
	}},
	{Sig: "static TimeSpan operator +(TimeSpan t1, TimeSpan t2)", Doc: "The sum.", Func: func(c *value.Call) value.Value { return addSpans(c.Thread, SpanOf(c.Args[0]), SpanOf(c.Args[1])) }},
	{Sig: "static TimeSpan operator -(TimeSpan t1, TimeSpan t2)", Doc: "The difference.", Func: func(c *value.Call) value.Value { return subSpans(c.Thread, SpanOf(c.Args[0]), SpanOf(c.Args[1])) }},
	{Sig: "static TimeSpan operator +(TimeSpan t)", Doc: "The same.", Func: func(c *value.Call) value.Value { return c.Args[0] }},
	{Sig: "static TimeSpan operator -(TimeSpan t)", Doc: "The same length backwards.", Func: func(c *value.Call) value.Value { return negated(c.Thread, SpanOf(c.Args[0])) }},
	{Sig: "static TimeSpan operator *(TimeSpan timeSpan, double factor)", Doc: "The product.", Beyond: true, Func: func(c *value.Call) value.Value { return scaled(c.Thread, SpanOf(c.Args[0]), c.Double(1)) }},
	{Sig: "static TimeSpan operator *(double factor, TimeSpan timeSpan)", Doc: "The product.", Beyond: true, Func: func(c *value.Call) value.Value { return scaled(c.Thread, SpanOf(c.Args[1]), c.Double(0)) }},
	{Sig: "static TimeSpan operator /(TimeSpan timeSpan, double divisor)", Doc: "The quotient.", Beyond: true, Func: func(c *value.Call) value.Value { return divided(c.Thread, SpanOf(c.Args[0]), c.Double(1)) }},
	{Sig: "static double operator /(TimeSpan t1, TimeSpan t2)", Doc: "The ratio.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.Double(float64(SpanOf(c.Args[0])) / float64(SpanOf(c.Args[1])))
	}},
	relation("==", "TimeSpan t1, TimeSpan t2", spanTicksOf, func(n int) bool { return n == 0 }),
	relation("!=", "TimeSpan t1, TimeSpan t2", spanTicksOf, func(n int) bool { return n != 0 }),
	relation("<", "TimeSpan t1, TimeSpan t2", spanTicksOf, func(n int) bool { return n < 0 }),
	relation("<=", "TimeSpan t1, TimeSpan t2", spanTicksOf, func(n int) bool { return n <= 0 }),
	relation(">", "TimeSpan t1, TimeSpan t2", spanTicksOf, func(n int) bool { return n > 0 }),
	relation(">=", "TimeSpan t1, TimeSpan t2", spanTicksOf, func(n int) bool { return n >= 0 }),
	{Sig: "static int Compare(TimeSpan t1, TimeSpan t2)", Doc: "-1, 0 or 1 by the order of two.", Func: func(c *value.Call) value.Value { return value.Int(compare(c.Long(0), c.Long(1))) }},
	{Sig: "int CompareTo(TimeSpan value)", Doc: "-1, 0 or 1 by the order of two.", Func: func(c *value.Call) value.Value { return value.Int(compare(int64(span(c)), c.Long(0))) }},
	{Sig: "int CompareTo(object value)", Doc: "-1, 0 or 1 by the order of two.", Func: func(c *value.Call) value.Value {
		return compareRow(int64(span(c)), c, func(v value.Value) (int64, bool) { return v.Long(), v.Type() == TimeSpanType }, "TimeSpan")
	}},
	{Sig: "bool Equals(TimeSpan obj)", Doc: "Whether two are equal.", Func: func(c *value.Call) value.Value { return value.Bool(int64(span(c)) == c.Long(0)) }},
	{Sig: "override bool Equals(object value)", Doc: "Whether it is an equal TimeSpan.", Func: func(c *value.Call) value.Value {
		return value.Bool(spanOps.Equals(c.Thread, c.This, c.Args[0]))
	}},
	{Sig: "static bool Equals(TimeSpan t1, TimeSpan t2)", Doc: "Whether two are equal.", Func: func(c *value.Call) value.Value { return value.Bool(c.Long(0) == c.Long(1)) }},

	{Sig: "override string ToString()", Doc: "The constant form, like 1.02:03:04.", Func: func(c *value.Call) value.Value { return value.String(spanConstant(span(c))) }},
	{Sig: "string ToString(string format)", Doc: "The text in a standard or custom format.", Func: func(c *value.Call) value.Value { return value.String(FormatSpan(c.Thread, c.Str(0), span(c))) }},
	{Sig: "string ToString(string format, IFormatProvider formatProvider)", Doc: "The text in a standard or custom format.", Func: func(c *value.Call) value.Value { return value.String(FormatSpan(c.Thread, c.Str(0), span(c))) }},
	{Sig: "static TimeSpan Parse(string s)", Doc: "Reads a length of time.", Func: readSpan},
	{Sig: "static TimeSpan Parse(string input, IFormatProvider formatProvider)", Doc: "Reads a length of time.", Func: readSpan},
	{Sig: "static bool TryParse(string s, out TimeSpan result)", Doc: "Reads a length of time if it is one.", Func: func(c *value.Call) value.Value { return trySpan(c, 1) }},
	{Sig: "static bool TryParse(string input, IFormatProvider formatProvider, out TimeSpan result)", Doc: "Reads a length of time if it is one.", Func: func(c *value.Call) value.Value { return trySpan(c, 2) }},
	{Sig: "static TimeSpan ParseExact(string input, string format, IFormatProvider formatProvider)", Doc: "Reads a length of time in one format.", Func: func(c *value.Call) value.Value { return readExactSpan(c, false) }},
	{Sig: "static TimeSpan ParseExact(string input, string[] formats, IFormatProvider formatProvider)", Doc: "Reads a length of time in one of several formats.", Func: func(c *value.Call) value.Value { return readExactSpan(c, false) }},
	{Sig: "static TimeSpan ParseExact(string input, string format, IFormatProvider formatProvider, TimeSpanStyles styles)", Doc: "Reads a length of time in one format.", Beyond: true, Func: func(c *value.Call) value.Value { return readExactSpan(c, c.Long(3) == 1) }},
	{Sig: "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, out TimeSpan result)", Doc: "Reads a length of time in one format if it is one.", Func: func(c *value.Call) value.Value { return tryExactSpan(c, 3, false) }},
	{Sig: "static bool TryParseExact(string input, string[] formats, IFormatProvider formatProvider, out TimeSpan result)", Doc: "Reads a length of time in one of several formats if it is one.", Func: func(c *value.Call) value.Value { return tryExactSpan(c, 3, false) }},
	{Sig: "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, TimeSpanStyles styles, out TimeSpan result)", Doc: "Reads a length of time in one format if it is one.", Beyond: true, Func: func(c *value.Call) value.Value { return tryExactSpan(c, 4, c.Long(3) == 1) }},
}
