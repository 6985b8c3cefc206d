package time

import (
	stdtime "time"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The types of a zone's rules.
var (
	ruleDef       = types.Declare("System", "public sealed class TimeZoneInfo.AdjustmentRule : IEquatable<TimeZoneInfo.AdjustmentRule>")
	transitionDef = types.Declare("System", "public readonly struct TimeZoneInfo.TransitionTime : IEquatable<TimeZoneInfo.TransitionTime>")
	daylightDef   = types.Declare("System.Globalization", "public class DaylightTime")
)

// transition is a TransitionTime: when in a year clocks change, on a date or on
// a day of a week of a month, of which the fifth is the last.
type transition struct {
	fixed                     bool
	month, week, day, weekday int
	clock                     int64 // ticks since midnight
}

// Type is TimeZoneInfo.TransitionTime.
func (*transition) Type() *types.Type { return transitionDef.Type() }

// Equals compares all that counts for the kind of transition.
func (x *transition) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*transition)
	return ok && *x == *o
}

// Hash is .NET's.
func (x *transition) Hash(*value.Thread) int32 { return int32(x.month ^ x.week<<8) }

// in is the moment of the change in a year, by the clock in force before it.
func (x *transition) in(year int) int64 {
	month := stdtime.Month(x.month)
	last := stdtime.Date(year, month+1, 0, 0, 0, 0, 0, stdtime.UTC)
	day := min(x.day, last.Day())
	if !x.fixed {
		if x.week == 5 {
			day = last.Day() - (int(last.Weekday())-x.weekday+7)%7
		} else {
			first := stdtime.Date(year, month, 1, 0, 0, 0, 0, stdtime.UTC)
			day = 1 + (x.weekday-int(first.Weekday())+7)%7 + 7*(x.week-1)
		}
	}
	return FromGo(stdtime.Date(year, month, day, 0, 0, 0, 0, stdtime.UTC)).Ticks() + x.clock
}

// rule is an AdjustmentRule: the summer time of the years from start to end,
// both midnights in ticks, the last day included.
type rule struct {
	start, end    int64
	delta         Span
	begin, finish transition
}

// Type is TimeZoneInfo.AdjustmentRule.
func (*rule) Type() *types.Type { return ruleDef.Type() }

// Equals compares all parts.
func (r *rule) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*rule)
	return ok && *r == *o
}

// Hash goes with Equals.
func (r *rule) Hash(*value.Thread) int32 { return int32(r.start) ^ int32(r.start>>32) }

// summer reports whether a moment of standard time is in summer time, which in
// the south begins late in a year and ends early in it.
func (r *rule) summer(standard int64) bool {
	year := goTime(standard).Year()
	begin, finish := r.begin.in(year), r.finish.in(year)-int64(r.delta)
	if begin < finish {
		return begin <= standard && standard < finish
	}
	return standard < finish || begin <= standard
}

// customZone is what CreateCustomTimeZone was told.
type customZone struct {
	base                        Span
	display, standard, daylight string
	rules                       []*rule
}

// at is the offset at a moment of UTC, and whether summer time is in force.
func (z *customZone) at(utc int64) (Span, bool) {
	standard := utc + int64(z.base)
	if standard < 0 || standard > MaxTicks {
		return z.base, false
	}
	for _, r := range z.rules {
		if r.start <= standard && standard < r.end+TicksPerDay {
			if r.summer(standard) {
				return z.base + r.delta, true
			}
			break
		}
	}
	return z.base, false
}

// rulesOf are the summer times of a zone of the database, found from its
// changes: years with the same changes make one rule, the last of which goes on
// for ever.
func (z *Zone) rulesOf(t *value.Thread) []*rule {
	if z.custom != nil {
		return z.custom.rules
	}
	if z.isUTC() {
		return nil
	}
	var list []*rule
	for year := 1900; year <= 2037; year++ {
		t.Step(100)
		begin, finish, delta, ok := z.changes(year)
		if !ok {
			continue
		}
		first := FromGo(stdtime.Date(year, 1, 1, 0, 0, 0, 0, stdtime.UTC)).Ticks()
		r := &rule{start: first, end: FromGo(stdtime.Date(year, 12, 31, 0, 0, 0, 0, stdtime.UTC)).Ticks(), delta: delta, begin: begin, finish: finish}
		if n := len(list); n > 0 && list[n-1].end+TicksPerDay == first {
			if last := list[n-1]; last.delta == delta && near(last, r) {
				last.begin.week, last.finish.week = max(last.begin.week, begin.week), max(last.finish.week, finish.week)
				last.end = r.end
				continue
			}
		}
		list = append(list, r)
	}
	if n := len(list); n > 0 && list[n-1].end >= FromGo(stdtime.Date(2037, 12, 31, 0, 0, 0, 0, stdtime.UTC)).Ticks() {
		list[n-1].end = MaxTicks - MaxTicks%TicksPerDay
	}
	return list
}

// near reports whether two rules change clocks on the same days of the week: a
// fourth one of a month and a fifth one are both its last.
func near(a, b *rule) bool {
	same := func(x, y transition) bool {
		if x.week != y.week && min(x.week, y.week) < 4 {
			return false
		}
		return x.month == y.month && x.weekday == y.weekday && x.clock == y.clock
	}
	return same(a.begin, b.begin) && same(a.finish, b.finish)
}

// changes are a year's begin and end of summer time; ok is false for a year that
// has not one of each.
func (z *Zone) changes(year int) (begin, finish transition, delta Span, ok bool) {
	begins, ends := 0, 0
	for at, end := stdtime.Date(year, 1, 1, 0, 0, 0, 0, z.loc), stdtime.Date(year+1, 1, 1, 0, 0, 0, 0, z.loc); ; {
		_, next := at.ZoneBounds()
		if next.IsZero() || !next.Before(end) {
			break
		}
		_, before := at.Zone()
		_, after := next.Zone()
		clock := next.UTC().Add(stdtime.Duration(before) * stdtime.Second)
		x := transition{month: int(clock.Month()), day: 1, week: (clock.Day() + 6) / 7, weekday: int(clock.Weekday())}
		x.clock = int64(clock.Hour())*TicksPerHour + int64(clock.Minute())*TicksPerMinute + int64(clock.Second())*TicksPerSecond
		switch {
		case next.IsDST() && !at.IsDST():
			begins++
			begin, delta = x, Span(after-before)*TicksPerSecond
		case !next.IsDST() && at.IsDST():
			ends++
			finish = x
		}
		at = next
	}
	return begin, finish, delta, begins == 1 && ends == 1
}

const farOffset = "The TimeSpan parameter must be within plus or minus 14.0 hours."

// wholeMinutes refuses an offset that no zone can have.
func wholeMinutes(c *value.Call, i int, name string) Span {
	s := Span(c.Long(i))
	if s < -14*TicksPerHour || s > 14*TicksPerHour {
		c.ThrowRange(farOffset, name)
	}
	if s%TicksPerMinute != 0 {
		c.ThrowArgument(value.ArgumentException, "The TimeSpan parameter cannot be specified more precisely than whole minutes.", name)
	}
	return s
}

// newTransition makes a TransitionTime of the arguments; fixed ones have month
// and day, the others month, week and day of the week.
func newTransition(c *value.Call, fixed bool) value.Value {
	i := InstantOf(c.Args[0])
	if i.Kind() != Unspecified {
		c.ThrowArgument(value.ArgumentException, "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified.", "timeOfDay")
	}
	within := func(at, low, high int, name, message string) int {
		n := c.Int(at)
		if n < low || n > high {
			c.ThrowRange(message, name)
		}
		return n
	}
	x := &transition{fixed: fixed, clock: i.Ticks(), week: 1, day: 1}
	x.month = within(1, 1, 12, "month", "The Month parameter must be in the range 1 through 12.")
	if fixed {
		x.day = within(2, 1, 31, "day", "The Day parameter must be in the range 1 through 31.")
	} else {
		x.week = within(2, 1, 5, "week", "The Week parameter must be in the range 1 through 5.")
		x.weekday = within(3, 0, 6, "dayOfWeek", "The DayOfWeek enumeration must be in the range 0 through 6.")
	}
	if i.Ticks() >= TicksPerDay || i.Ticks()%TicksPerMillisecond != 0 {
		c.ThrowArgument(value.ArgumentException, "The supplied DateTime must have the Year, Month, and Day properties set to 1.  The time cannot be specified more precisely than whole milliseconds.", "timeOfDay")
	}
	return value.Of(x)
}

func newRule(c *value.Call) value.Value {
	for i, name := range []string{"dateStart", "dateEnd"} {
		d := InstantOf(c.Args[i])
		if d.Kind() == Local {
			c.ThrowArgument(value.ArgumentException, "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified or DateTimeKind.Utc.", name)
		}
	}
	r := &rule{start: InstantOf(c.Args[0]).Ticks(), end: InstantOf(c.Args[1]).Ticks(), delta: Span(c.Long(2))}
	r.begin, r.finish = *transitionOf(c.Args[3]), *transitionOf(c.Args[4])
	switch {
	case r.begin == r.finish:
		c.ThrowArgument(value.ArgumentException, "The DaylightTransitionStart property must not equal the DaylightTransitionEnd property.", "daylightTransitionEnd")
	case r.start > r.end:
		c.ThrowArgument(value.ArgumentException, "The DateStart property must come before the DateEnd property.", "dateStart")
	case r.delta < -14*TicksPerHour || r.delta > 14*TicksPerHour:
		e := value.NewExceptionOf(value.ArgumentOutOfRangeException.Type(), value.WithParam(farOffset, "daylightDelta")+"\nActual value was "+c.ToString(c.Args[2])+".")
		e.Param = "daylightDelta"
		c.Raise(e)
	case r.delta%TicksPerMinute != 0:
		c.ThrowArgument(value.ArgumentException, "The TimeSpan parameter cannot be specified more precisely than whole minutes.", "daylightDelta")
	case r.start%TicksPerDay != 0:
		c.ThrowArgument(value.ArgumentException, "The supplied DateTime includes a TimeOfDay setting.   This is not supported.", "dateStart")
	case r.end%TicksPerDay != 0:
		c.ThrowArgument(value.ArgumentException, "The supplied DateTime includes a TimeOfDay setting.   This is not supported.", "dateEnd")
	}
	return value.Of(r)
}

// transitionOf is the TransitionTime in a value; default(TransitionTime) has
// zeros.
func transitionOf(v value.Value) *transition {
	if x, ok := v.Object().(*transition); ok {
		return x
	}
	return &transition{}
}

// newZone makes a custom zone; rules may be null.
func newZone(c *value.Call, display, standard, daylight string, rules value.Value) value.Value {
	c.NotNull(0, "id")
	id := c.Str(0)
	if id == "" {
		c.ThrowArgument(value.ArgumentException, "The specified ID parameter '' is not supported.", "id")
	}
	z := &customZone{base: wholeMinutes(c, 1, "baseUtcOffset"), display: display, standard: standard, daylight: daylight}
	if a, ok := rules.Object().(*value.Array); ok {
		for i := range a.Len() {
			r, ok := a.At(i).Object().(*rule)
			if !ok {
				c.Throw(invalidZoneDef, "The AdjustmentRule array cannot contain null elements.")
			}
			if n := len(z.rules); n > 0 && r.start <= z.rules[n-1].end {
				c.Throw(invalidZoneDef, "The elements of the AdjustmentRule array must be in chronological order and must not overlap.")
			}
			if o := z.base + r.delta; o < -14*TicksPerHour || o > 14*TicksPerHour {
				c.Throw(invalidZoneDef, "The sum of the BaseUtcOffset and DaylightDelta properties must within plus or minus 14.0 hours.")
			}
			z.rules = append(z.rules, r)
		}
	}
	c.Alloc(128)
	return value.Of(&Zone{id: id, custom: z})
}

var invalidZoneDef = types.Declare("System", "public class InvalidTimeZoneException : Exception")

// ambiguous are the two offsets of a time that clocks show twice, the smaller
// first.
func (z *Zone) ambiguous(c *value.Call, clock int64, ok bool, param string) value.Value {
	r := z.readings(clock)
	if !ok || len(r) != 2 {
		c.ThrowArgument(value.ArgumentException, "The supplied DateTime is not in an ambiguous time range.", param)
	}
	a, _ := z.at(r[0])
	b, _ := z.at(r[1])
	return c.ArrayOf(TimeSpanType, []value.Value{min(a, b).Value(), max(a, b).Value()})
}

var ruleMembers = []value.Members{
	{Def: invalidZoneDef, Doc: "A time zone that cannot be.", Beyond: true, Rows: value.ExceptionRows(invalidZoneDef, "Exception of type 'System.InvalidTimeZoneException' was thrown.")},
	{Def: transitionDef, Doc: "When in a year clocks change.", Ops: &value.Ops{Zero: func() value.Value { return value.Of(&transition{}) }}, Rows: []value.Row{
		{Sig: "static TimeZoneInfo.TransitionTime CreateFixedDateRule(DateTime timeOfDay, int month, int day)", Doc: "A change on a date.", Func: func(c *value.Call) value.Value { return newTransition(c, true) }},
		{Sig: "static TimeZoneInfo.TransitionTime CreateFloatingDateRule(DateTime timeOfDay, int month, int week, DayOfWeek dayOfWeek)", Doc: "A change on a day of a week of a month; the fifth is the last.", Func: func(c *value.Call) value.Value { return newTransition(c, false) }},
		{Sig: "DateTime TimeOfDay { get; }", Doc: "The time of the day.", Func: func(c *value.Call) value.Value { return At(transitionOf(c.This).clock, Unspecified).Value() }},
		{Sig: "int Month { get; }", Doc: "The month.", Func: func(c *value.Call) value.Value { return value.Int(transitionOf(c.This).month) }},
		{Sig: "int Week { get; }", Doc: "The week of the month, for one that is not on a date.", Func: func(c *value.Call) value.Value { return value.Int(transitionOf(c.This).week) }},
		{Sig: "int Day { get; }", Doc: "The day of the month, for one on a date.", Func: func(c *value.Call) value.Value { return value.Int(transitionOf(c.This).day) }},
		{Sig: "DayOfWeek DayOfWeek { get; }", Doc: "The day of the week, for one that is not on a date.", Func: func(c *value.Call) value.Value {
			return value.Enum(DayOfWeekDef.Type(), int64(transitionOf(c.This).weekday))
		}},
		{Sig: "bool IsFixedDateRule { get; }", Doc: "Whether it is on a date.", Func: func(c *value.Call) value.Value { return value.Bool(transitionOf(c.This).fixed) }},
		{Sig: "bool Equals(TimeZoneInfo.TransitionTime other)", Doc: "Whether two are the same.", Func: func(c *value.Call) value.Value { return value.Bool(*transitionOf(c.This) == *transitionOf(c.Args[0])) }},
		{Sig: "static bool operator ==(TimeZoneInfo.TransitionTime t1, TimeZoneInfo.TransitionTime t2)", Doc: "Whether two are the same.", Func: func(c *value.Call) value.Value {
			return value.Bool(*transitionOf(c.Args[0]) == *transitionOf(c.Args[1]))
		}},
		{Sig: "static bool operator !=(TimeZoneInfo.TransitionTime t1, TimeZoneInfo.TransitionTime t2)", Doc: "Whether two differ.", Func: func(c *value.Call) value.Value {
			return value.Bool(*transitionOf(c.Args[0]) != *transitionOf(c.Args[1]))
		}},
	}},
	{Def: ruleDef, Doc: "The summer time of some years.", Rows: []value.Row{
		{Sig: "static TimeZoneInfo.AdjustmentRule CreateAdjustmentRule(DateTime dateStart, DateTime dateEnd, TimeSpan daylightDelta, TimeZoneInfo.TransitionTime daylightTransitionStart, TimeZoneInfo.TransitionTime daylightTransitionEnd)", Doc: "A rule.", Func: newRule},
		{Sig: "DateTime DateStart { get; }", Doc: "The first day.", Func: func(c *value.Call) value.Value { return At(thisRule(c).start, Unspecified).Value() }},
		{Sig: "DateTime DateEnd { get; }", Doc: "The last day.", Func: func(c *value.Call) value.Value { return At(thisRule(c).end, Unspecified).Value() }},
		{Sig: "TimeSpan DaylightDelta { get; }", Doc: "How far summer time is ahead of standard time.", Func: func(c *value.Call) value.Value { return thisRule(c).delta.Value() }},
		{Sig: "TimeSpan BaseUtcOffsetDelta { get; }", Doc: "Zero: standard time does not change.", Func: func(*value.Call) value.Value { return Span(0).Value() }},
		{Sig: "TimeZoneInfo.TransitionTime DaylightTransitionStart { get; }", Doc: "When summer time begins.", Func: func(c *value.Call) value.Value { return value.Of(&thisRule(c).begin) }},
		{Sig: "TimeZoneInfo.TransitionTime DaylightTransitionEnd { get; }", Doc: "When summer time ends.", Func: func(c *value.Call) value.Value { return value.Of(&thisRule(c).finish) }},
		{Sig: "bool Equals(TimeZoneInfo.AdjustmentRule other)", Doc: "Whether two are the same.", Func: func(c *value.Call) value.Value { return value.Bool(thisRule(c).Equals(c.Thread, c.Args[0])) }},
	}},
	{Def: ZoneDef, Rows: []value.Row{
		{Sig: "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName)", Doc: "A zone without summer time.", Func: func(c *value.Call) value.Value {
			return newZone(c, c.Str(2), c.Str(3), c.Str(3), value.Null)
		}},
		{Sig: "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName, string daylightDisplayName, TimeZoneInfo.AdjustmentRule[] adjustmentRules)", Doc: "A zone with its summer times.", Func: func(c *value.Call) value.Value {
			return newZone(c, c.Str(2), c.Str(3), c.Str(4), c.Args[5])
		}},
		{Sig: "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName, string daylightDisplayName, TimeZoneInfo.AdjustmentRule[] adjustmentRules, bool disableDaylightSavingTime)", Doc: "A zone with its summer times, unless they are disabled.", Func: func(c *value.Call) value.Value {
			if c.Bool(6) {
				return newZone(c, c.Str(2), c.Str(3), c.Str(3), value.Null)
			}
			return newZone(c, c.Str(2), c.Str(3), c.Str(4), c.Args[5])
		}},
		{Sig: "TimeZoneInfo.AdjustmentRule[] GetAdjustmentRules()", Doc: "Its summer times.", Func: func(c *value.Call) value.Value {
			list := this(c).rulesOf(c.Thread)
			c.Alloc(160 * len(list))
			items := make([]value.Value, len(list))
			for i, r := range list {
				items[i] = value.Of(r)
			}
			return c.ArrayOf(ruleDef.Type(), items)
		}},
		{Sig: "TimeSpan[] GetAmbiguousTimeOffsets(DateTime dateTime)", Doc: "The offsets of a time that clocks show twice.", Func: func(c *value.Call) value.Value {
			i := InstantOf(c.Args[0])
			return this(c).ambiguous(c, i.Ticks(), i.Kind() == Unspecified, "dateTime")
		}},
		{Sig: "TimeSpan[] GetAmbiguousTimeOffsets(DateTimeOffset dateTimeOffset)", Doc: "The offsets of a time that clocks show twice.", Func: func(c *value.Call) value.Value {
			utc := offsetOf(c.Args[0]).UTCTicks()
			o, _ := this(c).at(utc)
			return this(c).ambiguous(c, utc+int64(o), true, "dateTimeOffset")
		}},
		{Sig: "bool IsAmbiguousTime(DateTimeOffset dateTimeOffset)", Doc: "Whether its clocks show that time twice.", Func: func(c *value.Call) value.Value {
			utc := offsetOf(c.Args[0]).UTCTicks()
			o, _ := this(c).at(utc)
			return value.Bool(len(this(c).readings(utc+int64(o))) == 2)
		}},
		{Sig: "static void ClearCachedData()", Doc: "Does nothing: zones do not change.", Func: func(*value.Call) value.Value { return value.Null }},
		{Sig: "static bool TryConvertWindowsIdToIanaId(string windowsId, out string ianaId)", Doc: "The IANA id of a zone of Windows.", Beyond: true, Func: func(c *value.Call) value.Value {
			iana, ok := windowsZones[c.Str(0)]
			c.Args[1] = value.Null
			if ok {
				c.Args[1] = value.String(iana)
			}
			return value.Bool(ok)
		}},
		{Sig: "static bool TryConvertIanaIdToWindowsId(string ianaId, out string windowsId)", Doc: "The id that Windows has for an IANA zone.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.Args[1] = value.Null
			found := ""
			for windows, iana := range windowsZones {
				if iana == c.Str(0) && (found == "" || windows < found) {
					found = windows
				}
			}
			if found != "" {
				c.Args[1] = value.String(found)
			}
			return value.Bool(found != "")
		}},
	}},
	{Def: daylightDef, Doc: "The summer time of a year.", Beyond: true, Rows: []value.Row{
		{Sig: "DateTime Start { get; }", Doc: "When it begins.", Func: func(*value.Call) value.Value { return At(0, Unspecified).Value() }},
		{Sig: "DateTime End { get; }", Doc: "When it ends.", Func: func(*value.Call) value.Value { return At(0, Unspecified).Value() }},
		{Sig: "TimeSpan Delta { get; }", Doc: "How far it is ahead of standard time.", Func: func(*value.Call) value.Value { return Span(0).Value() }},
	}},
	{Def: oldZoneDef, Rows: []value.Row{
		{Sig: "DaylightTime GetDaylightChanges(int year)", Doc: "The summer time of a year: UTC has none.", Func: func(c *value.Call) value.Value {
			if n := c.Int(0); n < 1 || n > 9999 {
				c.ThrowRange("Valid values are between 1 and 9999, inclusive.", "year")
			}
			return value.Of(noDaylight{})
		}},
	}},
}

func thisRule(c *value.Call) *rule { return c.This.Object().(*rule) }

// noDaylight is the DaylightTime of a zone without summer time.
type noDaylight struct{}

// Type is DaylightTime.
func (noDaylight) Type() *types.Type { return daylightDef.Type() }
