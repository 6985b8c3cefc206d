package source

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a file a drawing shows: a span over more lines than maxLines is
// cut in the middle, and of a line longer than maxColumns only the surroundings
// of the span are shown (documents on one line of many kilobytes exist).
const (
	maxLines   = 4
	maxColumns = 160
	leadIn     = 60
)

// Draw is the problem with the lines it is about and carets under them, ending
// in a line feed:
//
//	apis/openai/policy.xml:12:40: unknown member Header on IRequest
//	   12 |     <when condition="@(context.Request.Header == null)">
//	      |                                        ^^^^^^
//	hint: did you mean Headers?
//
// Tabs are drawn as they were typed, wide characters take two columns, and
// control characters are made visible, so that a hostile file cannot steer the
// terminal.
func (p *Problem) Draw() string {
	var b strings.Builder
	p.draw(&b)
	return b.String()
}

// Draw is all problems drawn one after the other.
func (ps Problems) Draw() string {
	var b strings.Builder
	for _, p := range ps {
		p.draw(&b)
	}
	return b.String()
}

func (p *Problem) draw(b *strings.Builder) {
	message := p.Message
	if strings.HasPrefix(p.Code, "CS") {
		message += " (" + p.Code + ")"
	}
	if p.Severity == Warning {
		message = "warning: " + message
	}
	if p.File == nil {
		fmt.Fprintf(b, "%s\n", visible(message))
	} else {
		from := p.File.Position(p.Span.Start)
		fmt.Fprintf(b, "%s:%d:%d: %s\n", p.File.Name(), from.Line, from.Column, visible(message))
		p.drawLines(b, from.Line)
	}
	if p.Hint != "" {
		fmt.Fprintf(b, "hint: %s\n", visible(p.Hint))
	}
}

// drawLines draws every line of the span, or the first and the last ones.
func (p *Problem) drawLines(b *strings.Builder, first int) {
	f := p.File
	start, end := f.clamp(p.Span.Start), f.clamp(p.Span.End)
	last := first
	if end > start {
		last = f.Position(end - 1).Line
	}
	width := max(5, len(fmt.Sprint(last)))
	for n := first; n <= last; n++ {
		if last-first >= maxLines && n == first+2 {
			fmt.Fprintf(b, "%*s ...\n", width, "")
			n = last
		}
		text := f.Line(n)
		lineStart := f.lines[n-1]
		from, to := max(start-lineStart, 0), min(end-lineStart, len(text))
		if n > first {
			from = len(text) - len(strings.TrimLeft(text, " \t"))
		}
		if n > first && from >= to {
			if n < last {
				fmt.Fprintf(b, "%*d | %s\n", width, n, visible(text))
			}
			continue
		}
		before, marked, after := cut(text, min(from, len(text)), max(to, min(from, len(text))))
		fmt.Fprintf(b, "%*d | %s\n", width, n, strings.TrimRight(visible(before+marked+after), " \t"))
		carets := columns(marked)
		if n == first {
			carets = max(carets, 1)
		}
		fmt.Fprintf(b, "%*s | %s%s\n", width, "", padding(before), strings.Repeat("^", carets))
	}
}

// cut splits a line at the span and shortens a long one around it.
func cut(line string, from, to int) (before, marked, after string) {
	before, marked, after = line[:from], line[from:to], line[to:]
	if utf8.RuneCountInString(line) <= maxColumns {
		return before, marked, after
	}
	if runes := []rune(before); len(runes) > leadIn {
		before = "…" + string(runes[len(runes)-leadIn+1:])
	}
	rest := maxColumns - utf8.RuneCountInString(before)
	if runes := []rune(marked); len(runes) > rest {
		return before, string(runes[:rest]), "…"
	}
	rest -= utf8.RuneCountInString(marked)
	if runes := []rune(after); len(runes) > rest {
		after = string(runes[:rest]) + "…"
	}
	return before, marked, after
}

// padding is white space as wide as s: its tabs, and a blank for every other
// column.
func padding(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\t' {
			b.WriteByte('\t')
			continue
		}
		for range runeWidth(r) {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// visible replaces what a terminal would act upon by its picture.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7f:
			return 0x2421
		case r >= 0x80 && r < 0xa0, isDirectional(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// isDirectional reports the marks that make a terminal show text in another
// order than it stands in the file.
func isDirectional(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// runeWidth is how many columns a terminal gives to r: two for East Asian wide
// characters and emoji, none for marks that sit on the one before.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r == 0x200b || r == 0x200c || r == 0x200d || r == 0xfeff || unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	}
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	return 1
}

// wide are the ranges that Unicode's East Asian Width table calls W or F,
// joined where only unassigned characters lie between.
var wide = [][2]rune{
	{0x1100, 0x115f},
	{0x231a, 0x231b},
	{0x2329, 0x232a},
	{0x23e9, 0x23ec},
	{0x23f0, 0x23f0},
	{0x23f3, 0x23f3},
	{0x25fd, 0x25fe},
	{0x2614, 0x2615},
	{0x2648, 0x2653},
	{0x267f, 0x267f},
	{0x2693, 0x2693},
	{0x26a1, 0x26a1},
	{0x26aa, 0x26ab},
	{0x26bd, 0x26be},
	{0x26c4, 0x26c5},
	{0x26ce, 0x26ce},
	{0x26d4, 0x26d4},
	{0x26ea, 0x26ea},
	{0x26f2, 0x26f3},
	{0x26f5, 0x26f5},
	{0x26fa, 0x26fa},
	{0x26fd, 0x26fd},
	{0x2705, 0x2705},
	{0x270a, 0x270b},
	{0x2728, 0x2728},
	{0x274c, 0x274c},
	{0x274e, 0x274e},
	{0x2753, 0x2755},
	{0x2757, 0x2757},
	{0x2795, 0x2797},
	{0x27b0, 0x27b0},
	{0x27bf, 0x27bf},
	{0x2b1b, 0x2b1c},
	{0x2b50, 0x2b50},
	{0x2b55, 0x2b55},
	{0x2e80, 0x303e},
	{0x3041, 0x33ff},
	{0x3400, 0x4dbf},
	{0x4e00, 0xa4cf},
	{0xa960, 0xa97f},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe10, 0xfe19},
	{0xfe30, 0xfe6f},
	{0xff00, 0xff60},
	{0xffe0, 0xffe6},
	{0x16fe0, 0x1b2ff},
	{0x1f004, 0x1f004},
	{0x1f0cf, 0x1f0cf},
	{0x1f18e, 0x1f18e},
	{0x1f191, 0x1f19a},
	{0x1f200, 0x1f320},
	{0x1f32d, 0x1f335},
	{0x1f337, 0x1f37c},
	{0x1f37e, 0x1f393},
	{0x1f3a0, 0x1f3ca},
	{0x1f3cf, 0x1f3d3},
	{0x1f3e0, 0x1f3f0},
	{0x1f3f4, 0x1f3f4},
	{0x1f3f8, 0x1f43e},
	{0x1f440, 0x1f440},
	{0x1f442, 0x1f4fc},
	{0x1f4ff, 0x1f53d},
	{0x1f54b, 0x1f54e},
	{0x1f550, 0x1f567},
	{0x1f57a, 0x1f57a},
	{0x1f595, 0x1f596},
	{0x1f5a4, 0x1f5a4},
	{0x1f5fb, 0x1f64f},
	{0x1f680, 0x1f6c5},
	{0x1f6cc, 0x1f6cc},
	{0x1f6d0, 0x1f6d2},
	{0x1f6d5, 0x1f6d7},
	{0x1f6dc, 0x1f6df},
	{0x1f6eb, 0x1f6ec},
	{0x1f6f4, 0x1f6fc},
	{0x1f7e0, 0x1f7f0},
	{0x1f90c, 0x1f93a},
	{0x1f93c, 0x1f945},
	{0x1f947, 0x1f9ff},
	{0x1fa70, 0x1faff},
	{0x20000, 0x3fffd},
}
