package time

import (
	"slices"
	"strings"
	stdtime "time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// ZoneDef is System.TimeZoneInfo.
var (
	ZoneDef         = types.Declare("System", "public sealed class TimeZoneInfo : IEquatable<TimeZoneInfo>")
	ioDef           = types.Declare("System.IO", "public class IOException : SystemException")
	noFileDef       = types.Declare("System.IO", "public class FileNotFoundException : IOException")
	noFolderDef     = types.Declare("System.IO", "public class DirectoryNotFoundException : IOException")
	zoneNotFoundDef = types.Declare("System", "public class TimeZoneNotFoundException : Exception")
	oldZoneDef      = types.Declare("System", "public abstract class TimeZone")
)

// Zone is a TimeZoneInfo.
type Zone struct {
	id  string
	loc *stdtime.Location
	old bool // a System.TimeZone over it
	// custom is set, and loc is nil, for a zone that CreateCustomTimeZone made.
	custom *customZone
}

func (z *Zone) isUTC() bool { return z.loc == stdtime.UTC }

var (
	utcZone   = &Zone{id: "UTC", loc: stdtime.UTC}
	localZone = &Zone{id: "UTC", loc: stdtime.UTC}
	oldZone   = &Zone{id: "UTC", loc: stdtime.UTC, old: true}
)

// Type is System.TimeZoneInfo, or System.TimeZone for the older class.
func (z *Zone) Type() *types.Type {
	if z.old {
		return oldZoneDef.Type()
	}
	return ZoneDef.Type()
}

// Equals compares id and rules.
func (z *Zone) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*Zone)
	return ok && o.id == z.id && o.custom == z.custom
}

// Hash is the id's.
func (z *Zone) Hash(*value.Thread) int32 { return value.HashString(z.id) }

// ToString is the display name.
func (z *Zone) ToString(*value.Thread) string { return z.display() }

// windowsZones are the ids that Windows has for the zones policies name, with
// their IANA names, after the CLDR's table of Windows zones.
var windowsZones = map[string]string{
	"Pacific Standard Time": "America/Los_Angeles", "Mountain Standard Time": "America/Denver", "US Mountain Standard Time": "America/Phoenix",
	"Central Standard Time": "America/Chicago", "Eastern Standard Time": "America/New_York", "Atlantic Standard Time": "America/Halifax",
	"Alaskan Standard Time": "America/Anchorage", "Hawaiian Standard Time": "Pacific/Honolulu", "Newfoundland Standard Time": "America/St_Johns",
	"Canada Central Standard Time": "America/Regina", "Central Standard Time (Mexico)": "America/Mexico_City", "SA Pacific Standard Time": "America/Bogota",
	"E. South America Standard Time": "America/Sao_Paulo", "Argentina Standard Time": "America/Buenos_Aires", "Pacific SA Standard Time": "America/Santiago",
	"GMT Standard Time": "Europe/London", "Greenwich Standard Time": "Atlantic/Reykjavik", "W. Europe Standard Time": "Europe/Berlin",
	"Romance Standard Time": "Europe/Paris", "Central Europe Standard Time": "Europe/Budapest", "Central European Standard Time": "Europe/Warsaw",
	"GTB Standard Time": "Europe/Bucharest", "E. Europe Standard Time": "Europe/Chisinau", "FLE Standard Time": "Europe/Kiev",
	"Turkey Standard Time": "Europe/Istanbul", "Russian Standard Time": "Europe/Moscow", "Israel Standard Time": "Asia/Jerusalem",
	"Egypt Standard Time": "Africa/Cairo", "South Africa Standard Time": "Africa/Johannesburg", "W. Central Africa Standard Time": "Africa/Lagos",
	"E. Africa Standard Time": "Africa/Nairobi", "Arab Standard Time": "Asia/Riyadh", "Arabian Standard Time": "Asia/Dubai",
	"Iran Standard Time": "Asia/Tehran", "Pakistan Standard Time": "Asia/Karachi", "India Standard Time": "Asia/Calcutta",
	"Sri Lanka Standard Time": "Asia/Colombo", "Nepal Standard Time": "Asia/Katmandu", "Bangladesh Standard Time": "Asia/Dhaka",
	"SE Asia Standard Time": "Asia/Bangkok", "China Standard Time": "Asia/Shanghai", "Singapore Standard Time": "Asia/Singapore",
	"Taipei Standard Time": "Asia/Taipei", "W. Australia Standard Time": "Australia/Perth", "Tokyo Standard Time": "Asia/Tokyo",
	"Korea Standard Time": "Asia/Seoul", "AUS Central Standard Time": "Australia/Darwin", "Cen. Australia Standard Time": "Australia/Adelaide",
	"AUS Eastern Standard Time": "Australia/Sydney", "E. Australia Standard Time": "Australia/Brisbane", "Tasmania Standard Time": "Australia/Hobart",
	"New Zealand Standard Time": "Pacific/Auckland", "Coordinated Universal Time": "Etc/UTC",
}

// zoneByID finds a zone by its IANA or Windows id, or nil.
func zoneByID(id string) *Zone {
	if id == "UTC" {
		return utcZone
	}
	name := id
	if iana, ok := windowsZones[id]; ok {
		name = iana
	}
	if name == "" || name == "Local" {
		return nil
	}
	loc, err := stdtime.LoadLocation(name)
	if err != nil {
		return nil
	}
	return &Zone{id: id, loc: loc}
}

// at is the offset in force at a moment of UTC, and whether summer time is.
func (z *Zone) at(utcTicks int64) (offset Span, summer bool) {
	if z.custom != nil {
		return z.custom.at(utcTicks)
	}
	t := goTime(utcTicks).In(z.loc)
	_, seconds := t.Zone()
	return Span(seconds) * TicksPerSecond, t.IsDST()
}

// base is the offset of standard time by the zone's present rules.
func (z *Zone) base() Span {
	if z.custom != nil {
		return z.custom.base
	}
	winter := stdtime.Date(2026, 1, 15, 12, 0, 0, 0, stdtime.UTC)
	for i := range 12 {
		t := winter.AddDate(0, i, 0).In(z.loc)
		if !t.IsDST() {
			_, seconds := t.Zone()
			return Span(seconds) * TicksPerSecond
		}
	}
	_, seconds := winter.In(z.loc).Zone()
	return Span(seconds) * TicksPerSecond
}

// summerTime reports whether the zone ever had summer time.
func (z *Zone) summerTime() bool {
	if z.custom != nil {
		return len(z.custom.rules) > 0
	}
	for year := 1900; year < 2038; year++ {
		for month := stdtime.Month(1); month <= 12; month++ {
			if stdtime.Date(year, month, 15, 0, 0, 0, 0, stdtime.UTC).In(z.loc).IsDST() {
				return true
			}
		}
	}
	return false
}

// readings are the moments of UTC, in ticks, at which the zone's clocks show
// the given ticks: none for a time that a step forward skips, two for one that
// a step back repeats, the later one (standard time) last.
func (z *Zone) readings(clock int64) []int64 {
	var found []int64
	for _, probe := range []int64{clock - 30*TicksPerHour, clock + 30*TicksPerHour} {
		if probe < 0 || probe > MaxTicks {
			probe = clock
		}
		offset, _ := z.at(probe)
		utc := clock - int64(offset)
		if utc < 0 || utc > MaxTicks {
			continue
		}
		if o, _ := z.at(utc); o == offset && (len(found) == 0 || found[0] != utc) {
			found = append(found, utc)
		}
	}
	if len(found) == 2 && found[0] > found[1] {
		found[0], found[1] = found[1], found[0]
	}
	return found
}

// toUTC reads the zone's clock. A repeated time is standard time, as in .NET;
// ok is false for a time that does not exist.
func (z *Zone) toUTC(clock int64) (utc int64, ok bool) {
	if z.isUTC() {
		return clock, true
	}
	r := z.readings(clock)
	if len(r) == 0 {
		return 0, false
	}
	return r[len(r)-1], true
}

// display, standard and summer are what .NET prints without ICU's data: the
// zone's own abbreviations.
func (z *Zone) display() string {
	if z.custom != nil {
		return z.custom.display
	}
	if z.isUTC() {
		return "(UTC) Coordinated Universal Time"
	}
	b := zone(nil, &Offset{Offset: z.base()}, 3)
	return "(UTC" + string(b) + ") " + z.id
}

func (z *Zone) abbreviation(summer bool) string {
	switch {
	case z.custom != nil && summer:
		return z.custom.daylight
	case z.custom != nil:
		return z.custom.standard
	case z.isUTC():
		return "Coordinated Universal Time"
	}
	last := ""
	for month := stdtime.Month(1); month <= 12; month++ {
		t := stdtime.Date(2026, month, 15, 0, 0, 0, 0, stdtime.UTC).In(z.loc)
		last, _ = t.Zone()
		if t.IsDST() == summer {
			return last
		}
	}
	return last
}

// sameRules reports whether the clocks of two zones always agree.
func (z *Zone) sameRules(t *value.Thread, o *Zone) bool {
	if z.custom == nil && o.custom == nil {
		return z.loc.String() == o.loc.String()
	}
	return z.base() == o.base() && slices.EqualFunc(z.rulesOf(t), o.rulesOf(t), func(a, b *rule) bool { return *a == *b })
}

func throwKind(t *value.Thread) {
	t.ThrowArgument(value.ArgumentException, "The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly.  For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local.", "sourceTimeZone")
}

func throwInvalidTime(t *value.Thread) {
	t.ThrowArgument(value.ArgumentException, "The supplied DateTime represents an invalid time.  For example, when the clock is adjusted forward, any time in the period that is skipped is invalid.", "dateTime")
}

// convert tells the time of source's clock by dest's.
func convert(t *value.Thread, i Instant, source, dest *Zone) Instant {
	switch {
	case i.Kind() == UTC && !source.isUTC(), i.Kind() == Local && source != localZone && !source.isUTC():
		throwKind(t)
	}
	utc, ok := source.toUTC(i.Ticks())
	if !ok {
		throwInvalidTime(t)
	}
	return fromUTC(utc, dest)
}

func fromUTC(utc int64, dest *Zone) Instant {
	offset, _ := dest.at(utc)
	n := min(max(utc+int64(offset), 0), MaxTicks)
	kind := Unspecified
	switch {
	case dest == utcZone:
		kind = UTC
	case dest == localZone:
		kind = Local
	}
	return At(n, kind)
}

func zoneArg(c *value.Call, i int, name string) *Zone {
	c.NotNull(i, name)
	return c.Args[i].Object().(*Zone)
}

// zoneFolders are the folders of the database of time zones.
var zoneFolders = map[string]bool{
	"": true, "Africa": true, "America": true, "America/Argentina": true, "America/Indiana": true, "America/Kentucky": true, "America/North_Dakota": true,
	"Antarctica": true, "Arctic": true, "Asia": true, "Atlantic": true, "Australia": true, "Brazil": true, "Canada": true, "Chile": true, "Etc": true,
	"Europe": true, "Indian": true, "Mexico": true, "Pacific": true, "US": true, "posix": true, "right": true,
}

// missingFile is why .NET, which reads zones from files, does not find one.
func missingFile(id string) *value.Exception {
	const root = "/usr/share/zoneinfo/"
	if folder := id[:max(0, strings.LastIndexByte(id, '/'))]; !zoneFolders[folder] {
		return value.NewException(noFolderDef, "Could not find a part of the path '"+root+id+"'.")
	}
	return value.NewException(noFileDef, "Could not find file '"+root+id+"'.")
}

// found is the zone of an id, or TimeZoneNotFoundException.
func found(c *value.Call, i int) *Zone {
	c.NotNull(i, "id")
	z := zoneByID(c.Str(i))
	if z == nil {
		e := value.NewException(zoneNotFoundDef, "The time zone ID '"+c.Str(i)+"' was not found on the local computer.")
		e.Inner = missingFile(c.Str(i))
		c.Raise(e)
	}
	return z
}

func this(c *value.Call) *Zone { return c.This.Object().(*Zone) }

// utcOf is the moment of a DateTime: its own clock for UTC and local ones,
// z's clock otherwise.
func utcOf(i Instant, z *Zone) int64 {
	if i.Kind() != Unspecified {
		return i.Ticks()
	}
	if utc, ok := z.toUTC(i.Ticks()); ok {
		return utc
	}
	// A time that a step forward skips counts as standard time.
	return min(max(i.Ticks()-int64(z.base()), 0), MaxTicks)
}

var zoneMembers = []value.Members{
	{Def: ioDef, Doc: "An error of input or output.", Beyond: true, Rows: value.ExceptionRows(ioDef, "I/O error occurred.")},
	{Def: noFileDef, Doc: "A file that is not there.", Beyond: true, Rows: value.ExceptionRows(noFileDef, "Unable to find the specified file.")},
	{Def: noFolderDef, Doc: "A folder that is not there.", Beyond: true, Rows: value.ExceptionRows(noFolderDef, "Attempted to access a path that is not on the disk.")},
	{Def: zoneNotFoundDef, Doc: "There is no time zone of that id.", Beyond: true, Rows: value.ExceptionRows(zoneNotFoundDef, "Exception of type 'System.TimeZoneNotFoundException' was thrown.")},
	{Def: ZoneDef, Doc: "A time zone.", Rows: []value.Row{
		{Sig: "static TimeZoneInfo Utc { get; }", Doc: "Coordinated Universal Time.", Func: func(*value.Call) value.Value { return value.Of(utcZone) }},
		{Sig: "static TimeZoneInfo Local { get; }", Doc: "The machine's zone, which is UTC.", Func: func(*value.Call) value.Value { return value.Of(localZone) }},
		{Sig: "static TimeZoneInfo FindSystemTimeZoneById(string id)", Doc: "The zone of an IANA or Windows id.", Func: func(c *value.Call) value.Value { return value.Of(found(c, 0)) }},
		{Sig: "static bool TryFindSystemTimeZoneById(string id, out TimeZoneInfo timeZoneInfo)", Doc: "The zone of an id, if there is one.", Beyond: true, Func: func(c *value.Call) value.Value {
			z := zoneByID(c.Str(0))
			if z == nil {
				c.Args[1] = value.Null
				return value.False
			}
			c.Args[1] = value.Of(z)
			return value.True
		}},
		{Sig: "string Id { get; }", Doc: "The zone's id.", Func: func(c *value.Call) value.Value { return value.String(this(c).id) }},
		{Sig: "string DisplayName { get; }", Doc: "The zone's name for people.", Func: func(c *value.Call) value.Value { return value.String(this(c).display()) }},
		{Sig: "string StandardName { get; }", Doc: "The name of its standard time.", Func: func(c *value.Call) value.Value { return value.String(this(c).abbreviation(false)) }},
		{Sig: "string DaylightName { get; }", Doc: "The name of its summer time.", Func: func(c *value.Call) value.Value { return value.String(this(c).abbreviation(true)) }},
		{Sig: "TimeSpan BaseUtcOffset { get; }", Doc: "How far its standard time is ahead of UTC.", Func: func(c *value.Call) value.Value { return this(c).base().Value() }},
		{Sig: "bool SupportsDaylightSavingTime { get; }", Doc: "Whether it has or had summer time.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).summerTime()) }},
		{Sig: "bool HasIanaId { get; }", Doc: "Whether its id is an IANA one.", Beyond: true, Func: func(c *value.Call) value.Value {
			_, windows := windowsZones[this(c).id]
			return value.Bool(!windows)
		}},
		{Sig: "TimeSpan GetUtcOffset(DateTime dateTime)", Doc: "How far its clocks are ahead of UTC then.", Func: func(c *value.Call) value.Value {
			z := this(c)
			o, _ := z.at(utcOf(InstantOf(c.Args[0]), z))
			return o.Value()
		}},
		{Sig: "TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)", Doc: "How far its clocks are ahead of UTC then.", Func: func(c *value.Call) value.Value {
			o, _ := this(c).at(offsetOf(c.Args[0]).UTCTicks())
			return o.Value()
		}},
		{Sig: "bool IsDaylightSavingTime(DateTime dateTime)", Doc: "Whether summer time is in force then.", Func: func(c *value.Call) value.Value {
			z := this(c)
			_, summer := z.at(utcOf(InstantOf(c.Args[0]), z))
			return value.Bool(summer)
		}},
		{Sig: "bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)", Doc: "Whether summer time is in force then.", Func: func(c *value.Call) value.Value {
			_, summer := this(c).at(offsetOf(c.Args[0]).UTCTicks())
			return value.Bool(summer)
		}},
		{Sig: "bool IsInvalidTime(DateTime dateTime)", Doc: "Whether its clocks skip that time.", Func: func(c *value.Call) value.Value {
			i := InstantOf(c.Args[0])
			return value.Bool(i.Kind() == Unspecified && len(this(c).readings(i.Ticks())) == 0)
		}},
		{Sig: "bool IsAmbiguousTime(DateTime dateTime)", Doc: "Whether its clocks show that time twice.", Func: func(c *value.Call) value.Value {
			i := InstantOf(c.Args[0])
			return value.Bool(i.Kind() == Unspecified && len(this(c).readings(i.Ticks())) == 2)
		}},
		{Sig: "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)", Doc: "The time in another zone.", Func: func(c *value.Call) value.Value {
			dest := zoneArg(c, 1, "destinationTimeZone")
			return fromUTC(InstantOf(c.Args[0]).Ticks(), dest).Value()
		}},
		{Sig: "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)", Doc: "The time of one zone in another.", Func: func(c *value.Call) value.Value {
			source, dest := zoneArg(c, 1, "sourceTimeZone"), zoneArg(c, 2, "destinationTimeZone")
			return convert(c.Thread, InstantOf(c.Args[0]), source, dest).Value()
		}},
		{Sig: "static DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)", Doc: "The moment by the clocks of another zone.", Func: func(c *value.Call) value.Value {
			dest := zoneArg(c, 1, "destinationTimeZone")
			utc := offsetOf(c.Args[0]).UTCTicks()
			o, _ := dest.at(utc)
			return (&Offset{Clock: min(max(utc+int64(o), 0), MaxTicks), Offset: o}).Value()
		}},
		{Sig: "static DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)", Doc: "A time of UTC in a zone.", Func: func(c *value.Call) value.Value {
			dest := zoneArg(c, 1, "destinationTimeZone")
			i := InstantOf(c.Args[0])
			if i.Kind() == Local {
				throwKind(c.Thread)
			}
			return fromUTC(i.Ticks(), dest).Value()
		}},
		{Sig: "static DateTime ConvertTimeToUtc(DateTime dateTime)", Doc: "A local time in UTC.", Func: func(c *value.Call) value.Value {
			return At(InstantOf(c.Args[0]).Ticks(), UTC).Value()
		}},
		{Sig: "static DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)", Doc: "A time of a zone in UTC.", Func: func(c *value.Call) value.Value {
			source := zoneArg(c, 1, "sourceTimeZone")
			return convert(c.Thread, InstantOf(c.Args[0]), source, utcZone).Value()
		}},
		{Sig: "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)", Doc: "The time in the zone of an id.", Func: func(c *value.Call) value.Value {
			return fromUTC(InstantOf(c.Args[0]).Ticks(), found(c, 1)).Value()
		}},
		{Sig: "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)", Doc: "The time of one zone in another.", Func: func(c *value.Call) value.Value {
			return convert(c.Thread, InstantOf(c.Args[0]), found(c, 1), found(c, 2)).Value()
		}},
		{Sig: "static DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)", Doc: "The moment by the clocks of a zone.", Func: func(c *value.Call) value.Value {
			utc := offsetOf(c.Args[0]).UTCTicks()
			o, _ := found(c, 1).at(utc)
			return (&Offset{Clock: utc + int64(o), Offset: o}).Value()
		}},
		{Sig: "bool HasSameRules(TimeZoneInfo other)", Doc: "Whether two zones have the same rules.", Func: func(c *value.Call) value.Value {
			return value.Bool(this(c).sameRules(c.Thread, zoneArg(c, 0, "other")))
		}},
		{Sig: "bool Equals(TimeZoneInfo other)", Doc: "Whether two zones are the same.", Func: func(c *value.Call) value.Value {
			return value.Bool(this(c).Equals(c.Thread, c.Args[0]))
		}},
	}},
	{Def: oldZoneDef, Doc: "The older class for the machine's time zone, which is UTC.", Rows: []value.Row{
		{Sig: "static TimeZone CurrentTimeZone { get; }", Doc: "The machine's zone.", Func: func(*value.Call) value.Value { return value.Of(oldZone) }},
		{Sig: "string StandardName { get; }", Doc: "The name of its standard time.", Func: func(c *value.Call) value.Value { return value.String(this(c).abbreviation(false)) }},
		{Sig: "string DaylightName { get; }", Doc: "The name of its summer time.", Func: func(c *value.Call) value.Value { return value.String(this(c).abbreviation(true)) }},
		{Sig: "TimeSpan GetUtcOffset(DateTime time)", Doc: "How far its clocks are ahead of UTC.", Func: func(*value.Call) value.Value { return Span(0).Value() }},
		{Sig: "bool IsDaylightSavingTime(DateTime time)", Doc: "Whether summer time is in force then.", Func: func(*value.Call) value.Value { return value.False }},
		{Sig: "DateTime ToLocalTime(DateTime time)", Doc: "The time by its clocks.", Func: func(c *value.Call) value.Value { return At(InstantOf(c.Args[0]).Ticks(), Local).Value() }},
		{Sig: "DateTime ToUniversalTime(DateTime time)", Doc: "The time in UTC.", Func: func(c *value.Call) value.Value { return At(InstantOf(c.Args[0]).Ticks(), UTC).Value() }},
	}},
}
