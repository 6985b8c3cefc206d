package time

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Members is the table of this package.
func Members() []value.Members {
	all := []value.Members{
		{Def: KindDef, Doc: "What clock a DateTime was read from.", Documented: []string{"Utc"}},
		{Def: DayOfWeekDef, Doc: "A day of the week."},
		{Def: StylesDef, Doc: "How a date is read from text.", Beyond: true},
		{Def: spanStylesDef, Doc: "How a TimeSpan is read from text.", Beyond: true},
		{Def: DateTimeDef, Doc: "A date with a time.", Rows: dateTimeRows, Ops: &dateTimeOps},
		{Def: DateTimeOffsetDef, Doc: "A moment with its offset from UTC.", Rows: offsetRows, Ops: &value.Ops{Zero: func() value.Value { return value.Of(&Offset{}) }}},
		{Def: TimeSpanDef, Doc: "A length of time.", Rows: spanRows, Ops: &spanOps},
	}
	return append(append(all, zoneMembers...), ruleMembers...)
}

var spanStylesDef = types.Declare("System.Globalization", "[Flags] public enum TimeSpanStyles { None = 0, AssumeNegative = 1 }")

// today is the current day of the host's clock, in ticks.
func today(t *value.Thread) func() int64 {
	return func() int64 {
		n := FromGo(t.Now()).Ticks()
		return n - n%TicksPerDay
	}
}

func stylesOf(c *value.Call, i int) Styles {
	s := Styles(c.Long(i))
	if s&^255 != 0 {
		c.ThrowArgument(value.ArgumentException, "An undefined DateTimeStyles value is being used.", "styles")
	}
	if s&AssumeLocal != 0 && s&AssumeUniversal != 0 {
		c.ThrowArgument(value.ArgumentException, "The DateTimeStyles values AssumeLocal and AssumeUniversal cannot be used together.", "styles")
	}
	if s&RoundtripKind != 0 && s&(AssumeLocal|AssumeUniversal|AdjustToUniversal) != 0 {
		c.ThrowArgument(value.ArgumentException, "The DateTimeStyles value RoundtripKind cannot be used with the values AssumeLocal, AssumeUniversal or AdjustToUniversal.", "styles")
	}
	return s
}

// offsetStyles are the styles that DateTimeOffset takes.
func offsetStyles(c *value.Call, i int) Styles {
	s := stylesOf(c, i)
	if s&NoCurrentDateDefault != 0 {
		c.ThrowArgument(value.ArgumentException, "The DateTimeStyles value 'NoCurrentDateDefault' is not allowed when parsing DateTimeOffset.", "styles")
	}
	return s &^ (RoundtripKind | AssumeLocal | AssumeUniversal)
}

// unrepresentable throws what arithmetic that leaves the range of dates throws.
func unrepresentable(t *value.Thread, param string) {
	t.ThrowRange("The added or subtracted value results in an un-representable DateTime.", param)
}

func addTicks(t *value.Thread, n, by int64, param string) int64 {
	r := n + by
	if r < 0 || r > MaxTicks || by > 0 && r < n {
		unrepresentable(t, param)
	}
	return r
}

// addUnits adds a double number of units: whole ones and the rest each cut to
// ticks, as .NET does.
func addUnits(t *value.Thread, n int64, by float64, unit int64) int64 {
	if limit := float64(MaxTicks / unit); by > limit || by < -limit {
		t.ThrowRange("Value to add was out of range.", "value")
	}
	if by != by {
		by = 0
	}
	whole := int64(by)
	return addTicks(t, n, whole*unit+int64((by-float64(whole))*float64(unit)), "value")
}

func addMonths(t *value.Thread, n int64, months int, param string) int64 {
	if months < -120000 || months > 120000 {
		t.ThrowRange("Months value must be between +/-120000.", "months")
	}
	d := DateOf(n)
	m := d.Year*12 + d.Month - 1 + months
	year, month := m/12, m%12+1
	if m < 12 || year > 9999 {
		unrepresentable(t, param)
	}
	ticks, _ := dateTicks(year, month, min(d.Day, daysIn(year, month)))
	return ticks + n%TicksPerDay
}

func addYears(t *value.Thread, n int64, years int) int64 {
	if years < -10000 || years > 10000 {
		t.ThrowRange("Years value must be between +/-10000.", "value")
	}
	d := DateOf(n)
	if y := d.Year + years; y < 1 || y > 9999 {
		unrepresentable(t, "value")
	}
	return addMonths(t, n, years*12, "value")
}

// ticksOf builds ticks of the parts that constructors take: year, month, day,
// then hour, minute, second, millisecond, microsecond as far as there are any.
func ticksOf(t *value.Thread, part func(i int) int, n int) int64 {
	ticks, ok := dateTicks(part(0), part(1), part(2))
	if !ok {
		t.Throw(value.ArgumentOutOfRangeException, "Year, Month, and Day parameters describe an un-representable DateTime.")
	}
	if n >= 6 {
		clock, ok := clockTicks(part(3), part(4), part(5))
		if !ok {
			t.Throw(value.ArgumentOutOfRangeException, "Hour, Minute, and Second parameters describe an un-representable DateTime.")
		}
		ticks += clock
	}
	for i, name := range []string{"millisecond", "microsecond"} {
		if n <= 6+i {
			break
		}
		v := part(6 + i)
		if v < 0 || v > 999 {
			t.ThrowRange("Valid values are between 0 and 999, inclusive.", name)
		}
		ticks += int64(v) * []int64{TicksPerMillisecond, TicksPerMicrosecond}[i]
	}
	return ticks
}

func kindArg(c *value.Call, i int) Kind {
	k := Kind(c.Long(i))
	if k < Unspecified || k > Local {
		c.ThrowArgument(value.ArgumentException, "Invalid DateTimeKind value.", "kind")
	}
	return k
}

// formats are the formats that ParseExact was given: one text, or an array.
func formats(c *value.Call, i int, name string) []string {
	c.NotNull(i, name)
	a, ok := c.Args[i].Object().(*value.Array)
	if !ok {
		return []string{c.Str(i)}
	}
	list := make([]string, a.Len())
	for k := range list {
		list[k] = a.At(k).Str()
	}
	if len(list) == 0 {
		c.Throw(value.FormatException, "No format specifiers were provided.")
	}
	return list
}

// anyFormat reads s by the first format that fits. The failure of several
// formats is always that the text was not recognized.
func anyFormat[T any](s string, list []string, read func(format string) (T, *failure)) (T, *failure) {
	var f *failure
	var v T
	for _, format := range list {
		if v, f = read(format); f == nil {
			return v, nil
		}
	}
	if len(list) > 1 {
		f = notRecognized(s)
	}
	return v, f
}

func compareRow(this int64, c *value.Call, other func(value.Value) (int64, bool), name string) value.Value {
	if c.Args[0].IsNull() {
		return value.Int(1)
	}
	o, ok := other(c.Args[0])
	if !ok {
		c.ThrowArgument(value.ArgumentException, "Object must be of type "+name+".", "")
	}
	return value.Int(compare(this, o))
}
