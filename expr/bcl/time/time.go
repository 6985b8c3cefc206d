// Package time is the part of .NET's library that deals with time: DateTime,
// DateTimeOffset, TimeSpan, time zones, and how they are written and read.
//
// A DateTime lives in the word of a value as in .NET: ticks of 100 ns since
// 0001-01-01 in the lower 62 bits, the kind above them. A TimeSpan is its
// ticks. A DateTimeOffset is a pointer to an immutable. The culture is the
// invariant one whatever a format provider says, and the local time zone is
// UTC, as on the machines that run Azure's gateways.
package time

import (
	stdtime "time"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The types of this package that others refer to.
var (
	DateTimeDef       = types.Declare("System", "public readonly struct DateTime : IComparable, IComparable<DateTime>, IEquatable<DateTime>, IFormattable, IConvertible")
	DateTimeOffsetDef = types.Declare("System", "public readonly struct DateTimeOffset : IComparable, IComparable<DateTimeOffset>, IEquatable<DateTimeOffset>, IFormattable")
	TimeSpanDef       = types.Declare("System", "public readonly struct TimeSpan : IComparable, IComparable<TimeSpan>, IEquatable<TimeSpan>, IFormattable")
	KindDef           = types.Declare("System", "public enum DateTimeKind { Unspecified, Utc, Local }")
	DayOfWeekDef      = types.Declare("System", "public enum DayOfWeek { Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday }")
	StylesDef         = types.Declare("System.Globalization", "[Flags] public enum DateTimeStyles { None = 0, AllowLeadingWhite = 1, AllowTrailingWhite = 2, AllowInnerWhite = 4, AllowWhiteSpaces = 7, NoCurrentDateDefault = 8, AdjustToUniversal = 16, AssumeLocal = 32, AssumeUniversal = 64, RoundtripKind = 128 }")

	// DateTimeType, DateTimeOffsetType and TimeSpanType are the types themselves.
	DateTimeType       = DateTimeDef.Type()
	DateTimeOffsetType = DateTimeOffsetDef.Type()
	TimeSpanType       = TimeSpanDef.Type()
)

// Ticks of 100 ns in the usual units, and the bounds of DateTime.
const (
	TicksPerMicrosecond = 10
	TicksPerMillisecond = 10_000
	TicksPerSecond      = 10_000_000
	TicksPerMinute      = 60 * TicksPerSecond
	TicksPerHour        = 60 * TicksPerMinute
	TicksPerDay         = 24 * TicksPerHour
	MaxTicks            = 3155378975999999999
	UnixEpoch           = 621355968000000000
)

// Kind says what a DateTime's clock is.
type Kind int64

// The kinds, with .NET's numbers.
const (
	Unspecified Kind = iota
	UTC
	Local
)

// Instant is a DateTime: ticks and kind, packed as in .NET.
type Instant uint64

// At is the DateTime of ticks, which must be in range, and a kind.
func At(ticks int64, kind Kind) Instant { return Instant(uint64(ticks) | uint64(kind)<<62) }

// Ticks are the ticks since 0001-01-01.
func (i Instant) Ticks() int64 { return int64(i &^ (3 << 62)) }

// Kind is the kind.
func (i Instant) Kind() Kind { return Kind(i >> 62) }

// Value is the DateTime as a value.
func (i Instant) Value() value.Value { return value.Word(DateTimeType, uint64(i)) }

// InstantOf is the DateTime in a value.
func InstantOf(v value.Value) Instant { return Instant(v.Word()) }

// FromGo is the DateTime of kind UTC for a Go time, cut to ticks.
func FromGo(t stdtime.Time) Instant {
	return At(t.Unix()*TicksPerSecond+int64(t.Nanosecond())/100+UnixEpoch, UTC)
}

func goTime(ticks int64) stdtime.Time {
	t := ticks - UnixEpoch
	s := floorDiv(t, TicksPerSecond)
	return stdtime.Unix(s, (t-s*TicksPerSecond)*100).UTC()
}

// Span is a TimeSpan in ticks.
type Span int64

// Value is the TimeSpan as a value.
func (s Span) Value() value.Value { return value.Word(TimeSpanType, uint64(s)) }

// SpanOf is the TimeSpan in a value.
func SpanOf(v value.Value) Span { return Span(v.Long()) }

// SpanFromGo is the TimeSpan of a Go duration, cut to ticks.
func SpanFromGo(d stdtime.Duration) Span { return Span(d / 100) }

// Go is the duration; beyond Go's 292 years it saturates.
func (s Span) Go() stdtime.Duration {
	if s > (1<<63-1)/100 {
		return 1<<63 - 1
	}
	if s < -(1<<63-1)/100 {
		return -(1<<63 - 1)
	}
	return stdtime.Duration(s) * 100
}

// Offset is a DateTimeOffset: the ticks of its own clock and how far that is
// ahead of UTC. It is immutable.
type Offset struct {
	Clock  int64 // ticks of the local clock
	Offset Span  // whole minutes within 14 hours
}

// Type is System.DateTimeOffset.
func (o *Offset) Type() *types.Type { return DateTimeOffsetType }

// UTCTicks are the ticks of the moment in UTC.
func (o *Offset) UTCTicks() int64 { return o.Clock - int64(o.Offset) }

// Value is the DateTimeOffset as a value.
func (o *Offset) Value() value.Value { return value.Of(o) }

// Equals compares the moments, whatever the offsets.
func (o *Offset) Equals(_ *value.Thread, other value.Value) bool {
	p, ok := other.Object().(*Offset)
	return ok && o.UTCTicks() == p.UTCTicks()
}

// Hash is that of the moment in UTC.
func (o *Offset) Hash(*value.Thread) int32 { return hashTicks(o.UTCTicks()) }

// CompareTo orders by the moment.
func (o *Offset) CompareTo(t *value.Thread, other value.Value) int {
	p, ok := other.Object().(*Offset)
	if !ok {
		t.ThrowArgument(value.ArgumentException, "Object must be of type DateTimeOffset.", "")
	}
	return compare(o.UTCTicks(), p.UTCTicks())
}

// ToString is the general form with the offset.
func (o *Offset) ToString(t *value.Thread) string { return o.Format(t, "", value.Null) }

// Format writes the moment in a standard or custom format.
func (o *Offset) Format(t *value.Thread, format string, _ value.Value) string {
	return formatTime(t, format, At(o.Clock, Unspecified), o)
}

func hashTicks(n int64) int32 { return int32(n) ^ int32(n>>32) }

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// Date is a day and the time in it, as calendars and clocks show them.
type Date struct {
	Year, Month, Day     int
	Hour, Minute, Second int
	Fraction             int // ticks within the second
	DayOfYear, DayOfWeek int
}

// DateOf splits ticks.
func DateOf(ticks int64) Date {
	days := ticks / TicksPerDay
	d := Date{DayOfWeek: int((days + 1) % 7)}
	n := int(days)
	y400 := n / 146097
	n -= y400 * 146097
	y100 := min(n/36524, 3)
	n -= y100 * 36524
	y4 := n / 1461
	n -= y4 * 1461
	y1 := min(n/365, 3)
	n -= y1 * 365
	d.Year = y400*400 + y100*100 + y4*4 + y1 + 1
	d.DayOfYear = n + 1
	for d.Month = 1; n >= daysIn(d.Year, d.Month); d.Month++ {
		n -= daysIn(d.Year, d.Month)
	}
	d.Day = n + 1
	rest := ticks % TicksPerDay
	d.Hour = int(rest / TicksPerHour)
	d.Minute = int(rest / TicksPerMinute % 60)
	d.Second = int(rest / TicksPerSecond % 60)
	d.Fraction = int(rest % TicksPerSecond)
	return d
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	}
	return 31
}

// dateTicks are the ticks of midnight; ok is false when there is no such day.
func dateTicks(year, month, day int) (ticks int64, ok bool) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	y := year - 1
	n := y*365 + y/4 - y/100 + y/400 + day - 1
	for m := 1; m < month; m++ {
		n += daysIn(year, m)
	}
	return int64(n) * TicksPerDay, true
}

// clockTicks are the ticks since midnight; ok is false when there is no such
// time of day.
func clockTicks(hour, minute, second int) (ticks int64, ok bool) {
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	return int64(hour)*TicksPerHour + int64(minute)*TicksPerMinute + int64(second)*TicksPerSecond, true
}
