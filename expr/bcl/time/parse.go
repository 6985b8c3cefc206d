package time

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Styles are the bits of DateTimeStyles.
type Styles int64

// The styles that change what a text means.
const (
	AllowLeadingWhite    Styles = 1
	AllowTrailingWhite   Styles = 2
	AllowInnerWhite      Styles = 4
	NoCurrentDateDefault Styles = 8
	AdjustToUniversal    Styles = 16
	AssumeLocal          Styles = 32
	AssumeUniversal      Styles = 64
	RoundtripKind        Styles = 128
)

// failure is why a text is no date: the exception that Parse throws for it.
type failure struct {
	def     *types.Def
	message string
}

func notRecognized(s string) *failure {
	return &failure{value.FormatException, "String '" + s + "' was not recognized as a valid DateTime."}
}

func badCalendar(s string) *failure {
	return &failure{value.FormatException, "The DateTime represented by the string '" + s + "' is not supported in calendar 'System.Globalization.GregorianCalendar'."}
}

func badWeekday(s string) *failure {
	return &failure{value.FormatException, "String '" + s + "' was not recognized as a valid DateTime because the day of week was incorrect."}
}

func badOffset(s string) *failure {
	return &failure{value.FormatException, "The time zone offset of string '" + s + "' must be within plus or minus 14 hours."}
}

// parsed is what a text said, before the styles turn it into a DateTime.
type parsed struct {
	year, month, day     int // -1 when not given
	weekday              int // -1 when not given
	hour, minute, second int // -1 when not given
	fraction             int64
	pm                   int // -1 not given, 0 AM, 1 PM
	zoned                bool
	offset               Span
	utcMark              bool // Z or GMT
}

func unparsed() parsed {
	return parsed{year: -1, month: -1, day: -1, weekday: -1, hour: -1, minute: -1, second: -1, pm: -1}
}

// ticks puts the parts together; today is the date for texts with a time
// alone.
func (p *parsed) ticks(s string, today func() int64, styles Styles) (int64, *failure) {
	hour := max(p.hour, 0)
	switch {
	case p.pm >= 0 && p.hour > 12:
		// A clock of 24 hours beside AM is refused, beside PM it stays.
		if p.pm == 0 {
			return 0, notRecognized(s)
		}
	case p.pm == 0 && p.hour == 12:
		hour = 0
	case p.pm == 1 && p.hour >= 0 && p.hour < 12:
		hour += 12
	}
	var day int64
	if p.year < 0 && p.month < 0 && p.day < 0 {
		if styles&NoCurrentDateDefault == 0 {
			day = today()
		}
	} else {
		year, month, d := p.year, p.month, p.day
		if year < 0 || month < 0 || d < 0 {
			now := DateOf(today())
			if year < 0 {
				year = now.Year
			}
			if month < 0 {
				month = 1
			}
			if d < 0 {
				d = 1
			}
		}
		var ok bool
		if day, ok = dateTicks(year, month, d); !ok {
			return 0, badCalendar(s)
		}
	}
	clock, ok := clockTicks(hour, max(p.minute, 0), max(p.second, 0))
	if !ok {
		return 0, badCalendar(s)
	}
	if p.weekday >= 0 && int((day/TicksPerDay+1)%7) != p.weekday {
		return 0, badWeekday(s)
	}
	n := day + clock + p.fraction
	if n > MaxTicks {
		return 0, badCalendar(s)
	}
	return n, nil
}

// instant applies the styles: what kind the DateTime has and in which zone it
// is told. The local zone is UTC.
func (p *parsed) instant(s string, today func() int64, styles Styles) (Instant, *failure) {
	n, f := p.ticks(s, today, styles)
	if f != nil {
		return 0, f
	}
	if !p.zoned {
		switch {
		case styles&AssumeLocal != 0:
			if styles&AdjustToUniversal != 0 {
				return At(n, UTC), nil
			}
			return At(n, Local), nil
		case styles&AssumeUniversal != 0:
			if styles&AdjustToUniversal != 0 {
				return At(n, UTC), nil
			}
			return At(n, Local), nil
		}
		return At(n, Unspecified), nil
	}
	if p.offset > 14*TicksPerHour || p.offset < -14*TicksPerHour {
		return 0, badOffset(s)
	}
	if styles&RoundtripKind != 0 && p.utcMark {
		return At(n, UTC), nil
	}
	n -= int64(p.offset)
	if n < 0 || n > MaxTicks {
		// A text with no more than a time may leave the range on its way to UTC;
		// .NET then goes around the clock once.
		if p.year >= 0 {
			return 0, &failure{value.FormatException, "The UTC representation of the date '" + s + "' falls outside the year range 1-9999."}
		}
		n = (n + TicksPerDay) % TicksPerDay
	}
	if styles&AdjustToUniversal != 0 {
		return At(n, UTC), nil
	}
	return At(n, Local), nil
}

// withOffset is what the text says as a DateTimeOffset.
func (p *parsed) withOffset(s string, today func() int64, styles Styles) (*Offset, *failure) {
	n, f := p.ticks(s, today, styles)
	if f != nil {
		return nil, f
	}
	offset := p.offset
	if !p.zoned {
		offset = 0
	}
	if offset > 14*TicksPerHour || offset < -14*TicksPerHour {
		return nil, badOffset(s)
	}
	utc := n - int64(offset)
	if utc < 0 || utc > MaxTicks {
		return nil, &failure{value.FormatException, "The UTC representation of the date '" + s + "' falls outside the year range 1-9999."}
	}
	if styles&AdjustToUniversal != 0 {
		return &Offset{Clock: utc}, nil
	}
	return &Offset{Clock: n, Offset: offset}, nil
}

// ParseInstant reads a date in any of the forms that .NET's DateTime.Parse
// takes in the invariant culture. today gives the ticks of the current day.
// The error is a *value.Exception.
func ParseInstant(s string, styles Styles, today func() int64) (Instant, error) {
	p, f := parseGeneral(s)
	if f == nil {
		var i Instant
		if i, f = p.instant(s, today, styles); f == nil {
			return i, nil
		}
	}
	return 0, f.exception()
}

func (f *failure) exception() *value.Exception { return value.NewException(f.def, f.message) }

// tokenKind is what a piece of a general date text is.
type tokenKind int

const (
	endToken tokenKind = iota
	numberToken
	wordToken
	markToken
)

type token struct {
	kind  tokenKind
	text  string
	at    int
	space bool // white space before it
	n     int
}

// general reads the free forms. .NET drives a table of states; this reads the
// same language by collecting numbers, a month's name and a time, and giving
// the numbers their places at the end.
type general struct {
	s    string
	toks []token
	at   int
	p    parsed

	nums      []token // numbers of the date, in order
	monthAt   int     // how many numbers stood before the month's name
	separated byte    // the mark between the numbers of the date
	iso       bool    // a T stands between a date that begins with its year and the time
}

func parseGeneral(s string) (*parsed, *failure) {
	g := &general{s: s, p: unparsed(), monthAt: -1}
	if f := g.lex(); f != nil {
		return nil, f
	}
	if g.toks[0].kind == endToken {
		return nil, notRecognized(s)
	}
	for g.tok().kind != endToken {
		if f := g.piece(); f != nil {
			return nil, f
		}
	}
	if f := g.place(); f != nil {
		return nil, f
	}
	return &g.p, nil
}

func (g *general) lex() *failure {
	s := g.s
	for i := 0; ; {
		start := i
		for i < len(s) && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
			i++
		}
		if i >= len(s) || s[i] == 0 {
			// .NET takes NUL characters at the end as if they were not there.
			if strings.Trim(s[min(i, len(s)):], "\x00") != "" {
				return notRecognized(s)
			}
			g.toks = append(g.toks, token{kind: endToken, at: i})
			return nil
		}
		t := token{at: i, space: i > start}
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			t.kind = numberToken
			for i < len(s) && s[i] >= '0' && s[i] <= '9' {
				t.n = min(t.n*10+int(s[i]-'0'), 1<<30)
				i++
			}
		case letter(c):
			t.kind = wordToken
			for i < len(s) && letter(s[i]) {
				i++
			}
		default:
			t.kind = markToken
			_, size := value.DecodeRune(s[i:])
			i += size
		}
		t.text = s[t.at:i]
		g.toks = append(g.toks, t)
	}
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func (g *general) tok() token        { return g.toks[g.at] }
func (g *general) ahead(n int) token { return g.toks[min(g.at+n, len(g.toks)-1)] }
func (g *general) is(n int, mark string) bool {
	t := g.ahead(n)
	return t.kind == markToken && t.text == mark
}

// hasTime reports whether a time has been read, after which + and - begin an
// offset.
func (g *general) hasTime() bool { return g.p.hour >= 0 }

func (g *general) piece() *failure {
	t := g.tok()
	switch t.kind {
	case numberToken:
		return g.number()
	case wordToken:
		return g.word()
	}
	switch t.text {
	case ",":
		g.at++
		return nil
	case "+", "-":
		if g.hasTime() {
			return g.zone()
		}
	case "/", ".":
		// Between parts of a date, as in 2 Jan/2026.
		if len(g.nums) > 0 || g.monthAt >= 0 {
			g.at++
			if g.tok().kind == endToken {
				return notRecognized(g.s)
			}
			return nil
		}
	}
	return notRecognized(g.s)
}

func (g *general) number() *failure {
	if g.is(1, ":") {
		return g.time()
	}
	if next := g.ahead(1); next.kind == wordToken && !g.hasTime() {
		if pm := meridiem(next.text); pm >= 0 && len(g.tok().text) <= 2 {
			g.p.hour, g.p.minute, g.p.second, g.p.pm = g.tok().n, 0, 0, pm
			g.at += 2
			return nil
		}
	}
	if g.hasTime() && len(g.nums) >= 3 {
		return notRecognized(g.s)
	}
	t := g.tok()
	if len(t.text) > 4 {
		return notRecognized(g.s)
	}
	g.nums = append(g.nums, t)
	if len(g.nums) > 3 {
		return notRecognized(g.s)
	}
	g.at++
	// A mark must have something behind it.
	if m := g.tok(); m.kind == markToken && (m.text == "/" || m.text == "-" || m.text == ".") && !(m.text != "/" && g.hasTime() && len(g.nums) == 3) {
		next := g.ahead(1)
		if next.kind == numberToken || next.kind == wordToken && (month(next.text) > 0 || m.text == "-") {
			if g.separated != 0 && g.separated != m.text[0] && g.monthAt < 0 {
				return notRecognized(g.s)
			}
			g.separated = m.text[0]
			g.at++
			return nil
		}
		return notRecognized(g.s)
	}
	return nil
}

// time reads h:m[:s[.fraction]].
func (g *general) time() *failure {
	if g.hasTime() {
		return notRecognized(g.s)
	}
	h := g.tok()
	if g.ahead(2).kind != numberToken || len(h.text) > 2 {
		return notRecognized(g.s)
	}
	g.p.hour, g.p.minute, g.p.second = h.n, g.ahead(2).n, 0
	if len(g.ahead(2).text) > 2 {
		return notRecognized(g.s)
	}
	g.at += 3
	if g.is(0, ":") {
		if g.ahead(1).kind != numberToken || len(g.ahead(1).text) > 2 {
			return notRecognized(g.s)
		}
		g.p.second = g.ahead(1).n
		g.at += 2
		if (g.is(0, ".") || g.is(0, ",") && !g.ahead(1).space) && g.ahead(1).kind == numberToken && !g.tok().space {
			g.p.fraction = fractionTicks(g.ahead(1).text)
			g.at += 2
		}
	}
	return nil
}

// fractionTicks are the ticks of a fraction's digits, rounded as .NET does.
func fractionTicks(digits string) int64 {
	var f float64
	scale := 0.1
	for i := 0; i < len(digits); i++ {
		f += float64(digits[i]-'0') * scale
		scale *= 0.1
	}
	return int64(f*TicksPerSecond + 0.5)
}

func (g *general) word() *failure {
	t := g.tok()
	lower := strings.ToLower(t.text)
	unknown := &failure{value.FormatException, "The string '" + g.s + "' was not recognized as a valid DateTime. There is an unknown word starting at index '" + itoa(value.Length(g.s[:t.at])) + "'."}
	if n := month(lower); n > 0 {
		if g.monthAt >= 0 {
			return notRecognized(g.s)
		}
		g.p.month, g.monthAt = n, len(g.nums)
		g.at++
		if m := g.tok(); m.kind == markToken && (m.text == "-" || m.text == "/" || m.text == ".") && !g.hasTime() {
			g.at++
			if g.tok().kind != numberToken {
				return notRecognized(g.s)
			}
		}
		return nil
	}
	if n := weekday(lower); n >= 0 {
		if g.p.weekday >= 0 {
			return notRecognized(g.s)
		}
		g.p.weekday = n
		g.at++
		if g.is(0, ".") {
			g.at++
		}
		return nil
	}
	if pm := meridiem(lower); pm >= 0 {
		if !g.hasTime() || g.p.pm >= 0 {
			return notRecognized(g.s)
		}
		g.p.pm = pm
		g.at++
		return nil
	}
	switch lower {
	case "t":
		// The mark between date and time of ISO 8601.
		if g.hasTime() || len(g.nums) == 0 || g.ahead(1).kind != numberToken || !(g.ahead(2).kind == markToken && g.ahead(2).text == ":") {
			return notRecognized(g.s)
		}
		g.iso = len(g.nums) == 3 && len(g.nums[0].text) > 2
		g.at++
		return nil
	case "z", "gmt":
		if !g.hasTime() || g.p.zoned {
			return notRecognized(g.s)
		}
		g.p.zoned, g.p.utcMark = true, true
		g.at++
		// GMT may be followed by an offset of its own.
		if (g.is(0, "+") || g.is(0, "-")) && lower == "gmt" {
			g.p.zoned, g.p.utcMark = false, false
			return g.zone()
		}
		return nil
	}
	return unknown
}

// zone reads an offset: +h, +hh, +hmm, +hhmm, +h:mm, +hh:mm.
func (g *general) zone() *failure {
	if g.p.zoned {
		return notRecognized(g.s)
	}
	sign := Span(1)
	if g.tok().text == "-" {
		sign = -1
	}
	g.at++
	t := g.tok()
	if t.kind != numberToken || t.space {
		return notRecognized(g.s)
	}
	var h, m int
	switch len(t.text) {
	case 1, 2:
		h = t.n
		if g.is(1, ":") {
			if g.ahead(2).kind != numberToken {
				return notRecognized(g.s)
			}
			m = g.ahead(2).n
			g.at += 2
		}
	case 3, 4:
		h, m = t.n/100, t.n%100
	default:
		return notRecognized(g.s)
	}
	if m > 59 {
		return notRecognized(g.s)
	}
	g.at++
	g.p.zoned = true
	g.p.offset = sign * Span(h*TicksPerHour+m*TicksPerMinute)
	return nil
}

// place gives the numbers of the date their meaning: year first when it has
// more than two digits or the text is year first, else month, day, year.
func (g *general) place() *failure {
	p, n := &g.p, g.nums
	year := func(t token) int {
		if len(t.text) > 2 {
			return t.n
		}
		if t.n >= 50 {
			return 1900 + t.n
		}
		return 2000 + t.n
	}
	isYear := func(t token) bool { return len(t.text) > 2 }
	if g.monthAt >= 0 {
		switch len(n) {
		case 0:
			p.day = 1
		case 1:
			if isYear(n[0]) || n[0].n > daysIn(2000, p.month) {
				p.year, p.day = year(n[0]), 1
			} else {
				p.day = n[0].n
			}
		case 2:
			switch {
			case isYear(n[0]) || g.monthAt == 1 && n[0].n > 31:
				p.year, p.day = year(n[0]), n[1].n
			default:
				p.day, p.year = n[0].n, year(n[1])
			}
		default:
			return notRecognized(g.s)
		}
		return g.validDate()
	}
	switch len(n) {
	case 0:
		if p.hour < 0 {
			return notRecognized(g.s)
		}
	case 1:
		return notRecognized(g.s)
	case 2:
		if g.separated == 0 {
			return notRecognized(g.s)
		}
		switch {
		case isYear(n[0]):
			p.year, p.month, p.day = n[0].n, n[1].n, 1
		case isYear(n[1]):
			p.month, p.year, p.day = n[0].n, n[1].n, 1
		default:
			p.month, p.day = n[0].n, n[1].n
		}
	case 3:
		switch {
		case isYear(n[0]):
			p.year, p.month, p.day = n[0].n, n[1].n, n[2].n
		default:
			p.month, p.day, p.year = n[0].n, n[1].n, year(n[2])
		}
	}
	return g.validDate()
}

// validDate refuses impossible months and days while the order of the numbers
// is still what is doubted.
func (g *general) validDate() *failure {
	p := &g.p
	if p.month < 0 && p.day < 0 && p.year < 0 {
		return nil
	}
	y := p.year
	if y < 0 {
		y = 2000
	}
	if _, ok := dateTicks(y, p.month, p.day); !ok {
		if g.iso {
			// The order of ISO 8601 is not in doubt.
			return badCalendar(g.s)
		}
		return notRecognized(g.s)
	}
	return nil
}

func month(word string) int { return name(word, monthNames[:], monthShort[:]) + 1 }

func weekday(word string) int { return name(word, dayNames[:], dayShort[:]) }

func name(word string, long, short []string) int {
	for i := range long {
		if strings.EqualFold(word, long[i]) || strings.EqualFold(word, short[i]) {
			return i
		}
	}
	return -1
}

func meridiem(word string) int {
	switch strings.ToLower(word) {
	case "am":
		return 0
	case "pm":
		return 1
	}
	return -1
}

func itoa(n int) string { return string(padded(nil, n, 1)) }
