package liquid

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const input = `{"user":{"id":7,"name":"Ann <b>","tags":["x","y","x"]},"items":[{"n":2,"t":"b"},{"n":1,"t":"a"}],"none":null,"yes":true,"f":2.5,"d":"2025-01-02T03:04:05Z","o":{"k":1,"l":"m"},"":1}`

func renderText(t testing.TB, template string) (string, error) {
	t.Helper()
	body, err := FromJSON([]byte(input), true)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(template)
	if err != nil {
		return "", err
	}
	return p.Render(Options{
		Globals:    map[string]any{"body": body},
		MaxSteps:   50_000,
		MaxOutput:  1 << 20,
		FormatDate: func(at time.Time, format string) string { return at.Format("2006") + format },
		ParseDate:  func(text string) (time.Time, bool) { at, err := time.Parse("2006-01-02", text); return at, err == nil },
	})
}

func TestRender(t *testing.T) {
	for template, want := range map[string]string{
		`plain { } {x} text`:    `plain { } {x} text`,
		`{{body.user.id}}`:      `7`,
		`{{ body.user["id"] }}`: `7`,
		`{{body.items.Size}}`:   `2`,
		`{{body.items.size}}`:   `2`,
		`{{body.items[0].t}}`:   `b`,
		`{{body.items.first.t}}{{body.items.last.t}}{{body.items[-1].t}}`:                                                     `baa`,
		`[{{body.missing.deep}}{{body.none}}]`:                                                                                `[]`,
		`{{body.yes}} {{body.f}} {{'q'}} {{ -1.5 }}`:                                                                          `true 2.5 q -1.5`,
		`{% if body.yes %}a{% else %}b{% endif %}`:                                                                            `a`,
		`{% if body.none %}a{% elsif body.user.id > 6 and body.user.id <= 7 %}b{% else %}c{% endif %}`:                        `b`,
		`{% unless body.none == nil %}a{% else %}b{% endunless %}`:                                                            `b`,
		`{% if body.user.tags contains "y" %}a{% endif %}{% if body.user.name contains "nn" %}b{% endif %}`:                   `ab`,
		`{% if body.none == empty or false %}a{% endif %}{% if body.user.id != "7" %}b{% endif %}`:                            `ab`,
		`{% case body.user.id %}{% when 1, 2 %}a{% when 3 or 7 %}b{% else %}c{% endcase %}`:                                   `b`,
		`{% for i in body.items %}{{forloop.index}}{{i.t}}{% unless forloop.last %},{% endunless %}{% endfor %}`:              `1b,2a`,
		`{% for i in (1..5) reversed limit:3 offset:1 %}{{i}}{% endfor %}`:                                                    `432`,
		`{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{i}}{% endfor %}`: `13`,
		`{% for i in body.none %}a{% else %}b{% endfor %}`:                                                                    `b`,
		`{% for p in body.o %}{{p.Key}}={{p.Value}};{% endfor %}`:                                                             `k=1;l=m;`,
		`{% assign x = body.user.id | Plus: 1 %}{{x}}{% capture y %}<{{x}}>{% endcapture %}{{y}}`:                             `8<8>`,
		`{% comment %} {{ nonsense | x }} {% endcomment %}{% raw %}{{ x }}{% endraw %}`:                                       `{{ x }}`,
		"a  {%- if true -%}  b  {%- endif -%}  c":                                                                             `abc`,
		`{% increment n %}{% increment n %}{% decrement n %}`:                                                                 `011`,
		`{% for i in (1..3) %}{% cycle 'a', 'b' %}{% endfor %}`:                                                               `aba`,
		`{{ body.user.name | Escape }}{{ body.user.name | StripHtml }}`:                                                       `Ann &lt;b&gt;Ann `,
		`{{ "a,b,,c" | Split: "," | Join: "-" }}`:                                                                             `a-b-c`,
		`{{ body.user.tags | Uniq | Join: "" }}{{ body.items | Map: "t" | Sort | Join }}`:                                     `xya b`,
		`{{ body.items | Sort: "n" | Map: "n" | Join: "" }}`:                                                                  `12`,
		`{{ "hello world" | Capitalize }} {{ "x" | Upcase | Append: "y" | Prepend: "w" }}`:                                    `Hello World wXy`,
		`{{ 7 | DividedBy: 2 }} {{ 7.0 | DividedBy: 2 }} {{ 7 | Modulo: 4 }} {{ 3 | Times: 4 | Minus: 2 }}`:                   `3 3.5 3 10`,
		`{{ 2.5 | Round }} {{ 1.256 | Round: 2 }} {{ -3 | Abs }} {{ 5 | AtLeast: 9 }} {{ 5 | AtMost: 2 }}`:                    `2 1.26 3 9 2`,
		`{{ "abc" | Slice: 1 }}{{ "abcdef" | Slice: -3, 2 }} {{ "abcdef" | Truncate: 5 }} {{ "a b c" | TruncateWords: 2 }}`:   `bde ab... a b...`,
		`{{ "a b" | UrlEncode }} {{ "a%20b" | UrlDecode }} {{ body.none | Default: "d" }}`:                                    `a+b a b d`,
		`{{ "aXbX" | ReplaceFirst: "X", "" }} {{ "aXbX" | Remove: "X" }} {{ "aXbX" | replace_first: "X", "-" }}`:              `abX ab a-bX`,
		`{{ body.d | Date: "yyyy" }} {{ "2024-05-06" | Date: "x" }} {{ "no" | Date: "x" }}`:                                   `2025yyyy 2024x no`,
		`{{ body.d }}`:            `2025-01-02T03:04:05Z`,
		`{{ 1234.5 | Currency }}`: `¤1,234.50`,
		`{{ "}}" }}`:              `}}`,
		`{{ body.user.tags }}`:    `xyx`,
		`{{ 1 | DividedBy: 0 }}`:  `Liquid error: divided by 0`,
	} {
		got, err := renderText(t, template)
		if err != nil || got != want {
			t.Errorf("%s: got %q %v, want %q", template, got, err, want)
		}
	}
}

func TestProblems(t *testing.T) {
	for template, want := range map[string]int{
		`abc {{ x`:                     4,
		`{% if x %}a`:                  3,
		`{% endif %}`:                  3,
		`{% nothing %}`:                3,
		`{{ x | Nothing }}`:            6,
		`{{ x | }}`:                    7,
		`{{ x y }}`:                    5,
		`{{ "x }}`:                     3,
		`{% for x body %}{% endfor %}`: 13,
		`{% raw %}`:                    9,
		`{% assign x body %}`:          12,
	} {
		_, err := Parse(template)
		var e *SyntaxError
		if !errors.As(err, &e) || e.Offset != want {
			t.Errorf("%s: %v at %v, want %d", template, err, e, want)
		}
	}
}

// Nothing that a template does takes for ever or fills the memory.
func TestBounds(t *testing.T) {
	for template, want := range map[string]error{
		`{% for a in (1..99999) %}{% for b in (1..99999) %}{% endfor %}{% endfor %}`:                          ErrSteps,
		`{% assign x = "xxxxxxxxxx" %}{% for a in (1..999) %}{% assign x = x | Append: x %}{% endfor %}{{x}}`: ErrOutput,
		`{% for a in (1..99999) %}` + strings.Repeat("x", 1000) + `{% endfor %}`:                              ErrOutput,
	} {
		if _, err := renderText(t, template); !errors.Is(err, want) {
			t.Errorf("%.40s: %v, want %v", template, err, want)
		}
	}
	if _, err := Parse(strings.Repeat("{% if true %}", 5000)); err == nil {
		t.Error("tags stand inside each other 5000 deep")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{% for i in body.items reversed limit:1 %}{{ i.t | Append: "x" | Slice: 1, 2 }}{% endfor %}`)
	f.Add(`{%- case x -%}{% when 1 %}{% cycle 'a' %}{% endcase %}{{ (1..3) | Join }}{{x["y"].z}}`)
	f.Add(`{% raw %}{{{% endraw %}{% if a contains b or c %}{% endif %}`)
	f.Fuzz(func(t *testing.T, template string) {
		p, err := Parse(template)
		if err != nil {
			var e *SyntaxError
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(template) {
				t.Fatalf("%v %+v", err, e)
			}
			return
		}
		if _, err := p.Render(Options{Globals: map[string]any{"body": nil}, MaxOutput: 1 << 16, MaxSteps: 10_000}); err != nil && !errors.Is(err, ErrSteps) && !errors.Is(err, ErrOutput) {
			t.Fatal(err)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	body, err := FromJSON([]byte(input), true)
	if err != nil {
		b.Fatal(err)
	}
	p, err := Parse(`{ "id": "{{body.user.id}}", "n": {{body.items.Size}}, "t": [{% for i in body.items %}"{{i.t | Upcase}}"{% unless forloop.last %},{% endunless %}{% endfor %}] }`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Render(Options{Globals: map[string]any{"body": body}}); err != nil {
			b.Fatal(err)
		}
	}
}
