package markup

import (
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/source"
)

func lookupIn(values map[string]string) Lookup {
	return func(name string) (string, bool, bool) {
		v, ok := values[name]
		return v, strings.HasPrefix(name, "secret"), ok
	}
}

// value is the first attribute of the element that text is.
func value(t *testing.T, text string) Value {
	t.Helper()
	d, problems := Parse("p.xml", text, Options{})
	if problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	if len(d.Root.Attrs) > 0 && d.Root.Name != "set-body" {
		return d.Root.Attrs[0].Value
	}
	return d.Root.Text()
}

func TestSubstitute(t *testing.T) {
	values := lookupIn(map[string]string{
		"a": "1", "quote": `x" + "y`, "code": "@(1 + 1)", "nested": "{{a}}", "empty": "", "secret": "s3cr3t", "markup": `"/><evil a="`, "body.x": "no",
	})
	for _, c := range []struct{ name, in, want, unknown string }{
		{"whole value", `<a b="{{a}}"/>`, "1", ""},
		{"part of a literal", `<a b="X-{{a}}-{{ a }}-{{empty}}."/>`, "X-1-1-.", ""},
		{"inside an expression", `<a b="@("{{a}}" + {{a}})"/>`, `@("1" + 1)`, ""},
		{"a quote ends the literal it lands in", `<a b="@("{{quote}}")"/>`, `@("x" + "y")`, ""},
		{"a value that is an expression", `<a b="{{code}}"/>`, "@(1 + 1)", ""},
		{"no nesting", `<a b="{{nested}}"/>`, "{{a}}", ""},
		{"markup stays text", `<a b="{{markup}}"/>`, `"/><evil a="`, ""},
		{"unknown", `<a b="{{a}} {{b}} {{c-d.e_1}}"/>`, "1 {{b}} {{c-d.e_1}}", "b c-d.e_1"},
		{"braces of C#", `<a b="@(new JObject {{ "k", 1 }}{{a}})"/>`, `@(new JObject {{ "k", 1 }}1)`, ""},
		{"three braces", `<a b="{{{a}}}"/>`, "{1}", ""},
		{"unfinished", `<a b="{{a} {{a {{ }} {{}}"/>`, "{{a} {{a {{ }} {{}}", ""},
		{"an entity in the braces", `<a b="&#123;{a}}"/>`, "1", ""},
		{"text", `<a>{{a}}</a>`, "1", ""},
		{"CDATA", `<a><![CDATA[{{a}}]]></a>`, "1", ""},
		{"liquid", `<set-body template="liquid">{{a}} {{ a }} {{body.x}} {{b}} {{ a | Upcase }}</set-body>`, "1 {{ a }} {{body.x}} {{b}} {{ a | Upcase }}", ""},
		{"liquid in capitals", `<set-body template="Liquid">{{b}}</set-body>`, "{{b}}", ""},
		{"markup in a body", `<set-body><x>{{a}}</x>&lt;</set-body>`, "<x>1</x>&lt;", ""},
		{"a comment takes no part", `<a>x<!-- {{b}} -->{{a}}</a>`, "x1", ""},
	} {
		got, unknown := Substitute(value(t, c.in), values)
		var names []string
		for _, r := range unknown {
			names = append(names, r.Name)
			if at := r.Span; c.in[at.Start:at.Start+2] != "{{" {
				t.Errorf("%s: %s is placed at %v", c.name, r.Name, at)
			}
		}
		if got.Text != c.want || strings.Join(names, " ") != c.unknown {
			t.Errorf("%s: got %q, unknown %v", c.name, got.Text, names)
		}
		if got.Map.Len() != len(got.Text) {
			t.Errorf("%s: the map has %d bytes, the text %d", c.name, got.Map.Len(), len(got.Text))
		}
	}
}

func TestSubstitutedTextLeadsBackToTheFile(t *testing.T) {
	text := "<a\n\tb=\"@(x &amp;&amp; {{code}} == 日本.Y)\"/>"
	v := value(t, text)
	got, _ := Substitute(v, lookupIn(map[string]string{"code": "wrong.Name"}))
	if got.Text != "@(x && wrong.Name == 日本.Y)" || !got.IsExpression() {
		t.Fatalf("got %q", got.Text)
	}
	for in, want := range map[string]string{
		"x": "x", "&&": "&amp;&amp;", "Name": "{{code}}", "Y": "Y", "日本": "日本", "wrong.Name ==": "{{code}} ==",
	} {
		i := strings.Index(got.Text, in)
		s := got.At(source.Span{Start: i, End: i + len(in)})
		if text[s.Start:s.End] != want {
			t.Errorf("%q comes from %q, want %q", in, text[s.Start:s.End], want)
		}
	}
	if at := got.Map.Position(strings.Index(got.Text, "Y")).String(); at != "2:35" {
		t.Errorf("position of Y: %s", at)
	}
}

func TestSubstituteTellsOfSecrets(t *testing.T) {
	values := lookupIn(map[string]string{"secret": "s", "plain": "p"})
	for in, want := range map[string]bool{`<a b="{{plain}}"/>`: false, `<a b="{{plain}}{{secret}}"/>`: true, `<a b="x"/>`: false} {
		if got, _ := Substitute(value(t, in), values); got.Secret != want {
			t.Errorf("%s: secret %v", in, got.Secret)
		}
	}
}

func TestTrim(t *testing.T) {
	v := value(t, "<a b=\" \n @(1) \t\"/>").Trim()
	if v.Text != "@(1)" || v.Span != (source.Span{Start: 9, End: 13}) || v.At(source.Span{Start: 2, End: 3}) != (source.Span{Start: 11, End: 12}) {
		t.Errorf("trimmed: %q at %v, %v", v.Text, v.Span, v.At(source.Span{Start: 2, End: 3}))
	}
	v = value(t, "<a b=\"  \"/>").Trim()
	if v.Text != "" || v.At(source.Span{}) != (source.Span{Start: 6, End: 8}) {
		t.Errorf("nothing left: %q at %v", v.Text, v.At(source.Span{}))
	}
	d, _ := Parse("p", "<a></a>", Options{})
	if at := d.Root.Text().At(source.Span{}); at != (source.Span{Start: 3, End: 3}) {
		t.Errorf("no text is placed at %v", at)
	}
}
