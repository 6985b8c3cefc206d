package source

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestPositionCountsUTF16Units(t *testing.T) {
	f := NewFile("a.xml", "a\tb\r\n日本😀x\rlast\n")
	for _, c := range []struct {
		at   string
		want string
	}{
		{"a", "1:1"}, {"b", "1:3"}, {"日", "2:1"}, {"😀", "2:3"}, {"x", "2:5"}, {"last", "3:1"},
	} {
		offset := strings.Index(f.Text(), c.at)
		if got := f.Position(offset).String(); got != c.want {
			t.Errorf("position of %q = %s, want %s", c.at, got, c.want)
		}
		if back := f.Offset(f.Position(offset)); back != offset {
			t.Errorf("offset of %s = %d, want %d", c.want, back, offset)
		}
	}
	if got := f.Position(1000).String(); got != "4:1" {
		t.Errorf("beyond the end = %s", got)
	}
	if got := f.Offset(Position{2, 99}); got != strings.Index(f.Text(), "\rlast") {
		t.Errorf("beyond the line = %d", got)
	}
}

func TestMapLeadsBackThroughPieces(t *testing.T) {
	//            0         1         2
	//            0123456789012345678901234567
	f := NewFile("p.xml", `v="a&lt;b{{name}}c&#10;"`)
	b := NewMapBuilder(f)
	b.Copy(Span{3, 4})       // a
	b.Replace(1, Span{4, 8}) // <
	b.Copy(Span{8, 9})       // b
	b.Replace(5, Span{9, 17})
	b.Copy(Span{17, 18}) // c
	b.Replace(1, Span{18, 23})
	m := b.Map() // a<bVALUEc\n
	for _, c := range []struct{ in, want Span }{
		{Span{0, 1}, Span{3, 4}},
		{Span{1, 2}, Span{4, 8}},
		{Span{0, 3}, Span{3, 9}},
		{Span{4, 5}, Span{9, 17}},
		{Span{2, 9}, Span{8, 18}},
		{Span{8, 9}, Span{17, 18}},
		{Span{10, 10}, Span{23, 23}},
		{Span{4, 4}, Span{9, 17}},
		{Span{2, 2}, Span{8, 8}},
		{Span{99, 120}, Span{23, 23}},
	} {
		if got := m.Span(c.in); got != c.want {
			t.Errorf("Span(%v) = %v, want %v", c.in, got, c.want)
		}
	}
	s := m.Slice(Span{1, 5})
	if got := s.Span(Span{0, 1}); got != (Span{4, 8}) || s.Len() != 4 {
		t.Errorf("slice: %v, length %d", got, s.Len())
	}
	if got := s.Span(Span{3, 4}); got != (Span{9, 17}) {
		t.Errorf("slice inside a named value: %v", got)
	}
	var none *Map
	if got := none.Span(Span{1, 2}); got != (Span{1, 2}) || none.File() != nil {
		t.Errorf("nil map: %v", got)
	}
	p := m.Locate(&Problem{Span: Span{8, 9}, Message: "x"})
	if p.Error() != "p.xml:1:18: x" {
		t.Errorf("located: %s", p)
	}
}

func TestDraw(t *testing.T) {
	for _, c := range []struct{ name, text, mark, want string }{
		{"plain", "one\n<a b=\"c\" />\n", "b", `
f:2:4: no
    2 | <a b="c" />
      |    ^
`},
		{"tabs as typed", "\t<a\tb />", "b", "\nf:1:5: no\n    1 | \t<a\tb />\n      | \t  \t^\n"},
		{"wide", "日本 bad", "bad", `
f:1:4: no
    1 | 日本 bad
      |      ^^^
`},
		{"wide marked", "x 日本 y", "日本", `
f:1:3: no
    1 | x 日本 y
      |   ^^^^
`},
		{"several lines", "a <b\n   c>\nd", "<b\n   c>", `
f:1:3: no
    1 | a <b
      |   ^^
    2 |    c>
      |    ^^
`},
		{"many lines", "1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\n6", `
f:1:1: no
    1 | 1
      | ^
    2 | 2
      | ^
      ...
    6 | 6
      | ^
`},
		{"control", "a\x1bb", "b", "\nf:1:3: no\n    1 | a␛b\n      |   ^\n"},
		{"crlf", "a\r\nbc\r\n", "c", `
f:2:2: no
    2 | bc
      |  ^
`},
	} {
		f := NewFile("f", c.text)
		at := strings.Index(c.text, c.mark)
		p := f.Errorf(Span{at, at + len(c.mark)}, "x", "no")
		if got := p.Draw(); got != c.want[1:] {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestDrawEndOfFileHintWarningAndCode(t *testing.T) {
	f := NewFile("f", "ab")
	p := f.Warnf(Span{2, 2}, "CS1002", "; expected").WithHint("add %s", "one")
	want := "f:1:3: warning: ; expected (CS1002)\n    1 | ab\n      |   ^\nhint: add one\n"
	if got := p.Draw(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := (&Problem{Message: "no file"}).Draw(); got != "no file\n" {
		t.Errorf("without a file: %q", got)
	}
}

func TestDrawShortensLongLines(t *testing.T) {
	text := strings.Repeat("a", 500) + "BAD" + strings.Repeat("z", 500)
	got := NewFile("f", text).Errorf(Span{500, 503}, "x", "no").Draw()
	lines := strings.Split(got, "\n")
	if n := len([]rune(lines[1])); n > maxColumns+10 {
		t.Errorf("drawn line has %d characters", n)
	}
	at := strings.Index(string([]rune(lines[1])), "BAD")
	if caret := strings.Index(lines[2], "^^^"); caret < 0 || len([]rune(lines[1][:at])) != caret {
		t.Errorf("caret is not under the span:\n%s", got)
	}
}

func TestSortCapAndJSON(t *testing.T) {
	f, g := NewFile("a", "0123456789"), NewFile("b", "0123456789")
	ps := Problems{g.Errorf(Span{1, 2}, "x", "four"), f.Warnf(Span{1, 2}, "x", "two"), f.Errorf(Span{1, 2}, "x", "one"), f.Errorf(Span{5, 6}, "x", "three"), f.Errorf(Span{5, 6}, "x", "three")}.Sort()
	var got []string
	for _, p := range ps {
		got = append(got, p.Message)
	}
	if s := strings.Join(got, " "); s != "one two three four" {
		t.Errorf("sorted: %s", s)
	}
	kept, left := ps.Cap(3)
	if left != 1 || len(kept) != 3 || kept[1].Message != "three" {
		t.Errorf("capped: %v, %d left", kept, left)
	}
	if ps.Err() == nil || (Problems{f.Warnf(Span{}, "x", "w")}).Err() != nil {
		t.Error("Err: errors are errors, warnings are not")
	}
	b, err := json.Marshal(f.Errorf(Span{2, 4}, "CS1061", "m").WithHint("h"))
	want := `{"file":"a","line":1,"column":3,"endLine":1,"endColumn":5,"severity":"error","code":"CS1061","message":"m","hint":"h"}`
	if err != nil || string(b) != want {
		t.Errorf("JSON: %s, %v", b, err)
	}
}

func FuzzDraw(f *testing.F) {
	f.Add("a\tb\n日本\r\n", 1, 9)
	f.Add("\xff\x00", 0, 2)
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		p := NewFile("f", text).Errorf(Span{from, to}, "x", "m")
		if out := p.Draw(); !strings.HasPrefix(out, "f:") {
			t.Fatalf("drawn: %q", out)
		}
		_ = fmt.Sprint(p)
	})
}

func TestNearest(t *testing.T) {
	names := []string{"Headers", "Method", "Url", "Body"}
	for _, c := range [][2]string{{"Header", "Headers"}, {"headers", "Headers"}, {"Mehtod", "Method"}, {"Uri", "Url"}, {"Bogus", ""}, {"X", ""}, {"", ""}} {
		if got := Nearest(c[0], names); got != c[1] {
			t.Errorf("Nearest(%q) = %q, want %q", c[0], got, c[1])
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"日本", "日", 1}, {"a", "abcdefg", 6}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
