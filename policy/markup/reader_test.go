package markup

import (
	"strings"
	"testing"
	"time"
)

func codes(t *testing.T, text string, o Options) string {
	t.Helper()
	_, problems := Parse("p.xml", text, o)
	var cs []string
	for _, p := range problems {
		cs = append(cs, p.Code)
	}
	return strings.Join(cs, " ")
}

func TestLimits(t *testing.T) {
	attributes := func(n int) string {
		var b strings.Builder
		b.WriteString("<a")
		for i := range n {
			b.WriteString(" a" + strings.Repeat("b", i) + "='1'")
		}
		return b.String() + "/>"
	}
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	for _, o := range []Options{{}, {Format: XML}} {
		for _, c := range []struct{ name, text, want string }{
			{"100 deep", deep(100), ""},
			{"101 deep", deep(101), "too-deep"},
			{"100,000 deep", deep(100000)[:DefaultMaxBytes], "too-deep"},
			{"200 attributes", attributes(200), ""},
			{"201 attributes", attributes(201), "too-many-attributes"},
			{"largest", "<a>" + strings.Repeat("x", DefaultMaxBytes-7) + "</a>", ""},
			{"one byte more", "<a>" + strings.Repeat("x", DefaultMaxBytes-6) + "</a>", "too-large"},
			{"one large attribute", "<a b='" + strings.Repeat("x", 255<<10) + "'/>", ""},
		} {
			if got := codes(t, c.text, o); got != c.want {
				t.Errorf("%s as %s: %q, want %q", c.name, o.Format, got, c.want)
			}
		}
	}
	if got := codes(t, "<a>12345</a>", Options{MaxBytes: 11}); got != "too-large" {
		t.Errorf("limit by argument: %q", got)
	}
	_, problems := Read("p.xml", []byte("<a>12345</a>"), Options{MaxBytes: 11})
	if len(problems) != 1 || problems[0].Error() != "p.xml:1:1: the document has 12 bytes; 11 are allowed" {
		t.Errorf("file over the limit: %v", problems)
	}
}

// TestHostile reads documents that are made to be slow: each would cost a look
// at the whole rest of the text for every few bytes of it.
func TestHostile(t *testing.T) {
	fill := func(head, unit string) string {
		return head + strings.Repeat(unit, (DefaultMaxBytes-len(head))/len(unit))
	}
	for name, text := range map[string]string{
		"open expressions in attributes": fill("<a>", `<b c="@(" />`),
		"open expressions in texts":      fill("<a>", `<b>@(</b>`),
		"expressions without end tag":    fill("<a>", `@(1)<b/>`),
		"escaped open expressions":       fill("<a>", `<b>@(&amp;<c/>`),
		"escaped expressions":            fill("<a>", `@(&lt;'<c/>`),
		"open comments in a body":        fill("<set-body>x<a>", `<!--`),
		"open sections in a body":        fill("<set-body>x<a>", `<![CDATA[`),
		"typographic comments":           fill("<a>", "<!— —>"),
		"open bodies":                    fill("<a>", "<set-body><b></a>"),
		"open quotes":                    fill("<a>", `<b c="`),
		"closing nothing":                fill("<a>", `</b>`),
		"braces":                         fill("<a>", `{{`),
		"references":                     fill("<a>", `{{a`),
		"mixed":                          fill("<a>", `x@(`),
		"ampersands":                     fill("<a>", `&`),
	} {
		for _, o := range []Options{{}, {Format: XML}} {
			start := time.Now()
			d, problems := Parse("p.xml", text, o)
			if !problems.HasErrors() {
				t.Errorf("%s as %s: no error", name, o.Format)
			}
			if len(problems) > 2*maxFindings+10 {
				t.Errorf("%s as %s: %d problems", name, o.Format, len(problems))
			}
			for _, n := range d.Root.Children {
				if v, ok := n.(*Text); ok {
					v.Value.References()
				}
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("%s as %s: took %v", name, o.Format, took)
			}
		}
	}
}

func TestMarkupNeverBecomesAnExpansion(t *testing.T) {
	bomb := `<!DOCTYPE a [<!ENTITY x "y"><!ENTITY % p SYSTEM "file:///etc/passwd">]><a>&x;</a>`
	for _, o := range []Options{{}, {Format: XML}} {
		if got := codes(t, bomb, o); got != "doctype" {
			t.Errorf("as %s: %q", o.Format, got)
		}
		if got := codes(t, strings.ToLower(bomb), o); !strings.Contains(got, "doctype") {
			t.Errorf("in lower case as %s: %q", o.Format, got)
		}
	}
}

func TestBuiltByHand(t *testing.T) {
	e := &Element{Name: "when", Attrs: []*Attr{{Name: "condition", Value: Value{Text: `@(a < "b" && c)`}}}, Children: []Node{
		&Comment{Text: " why "}, &Element{Name: "base", SelfClosing: true}, &Element{Name: "value", Children: []Node{&Text{Value: Value{Text: "a < b"}}}},
	}}
	if got, want := PrintNode(e, Raw), `<when condition="@(a < "b" && c)"><!-- why --><base/><value>a &lt; b</value></when>`; got != want {
		t.Errorf("raw: %s", got)
	}
	if got, want := PrintNode(e, XML), `<when condition="@(a &lt; &quot;b&quot; &amp;&amp; c)"><!-- why --><base/><value>a &lt; b</value></when>`; got != want {
		t.Errorf("xml: %s", got)
	}
}

func TestGetAndPutBack(t *testing.T) {
	raw := "<policies>\r\n  <when condition=\"@(\"a\" == b && c < d)\" />\r\n  <set-variable name='x' value=\"@{\r\n    // it's\r\n    return 1; }\"/>\r\n <set-body><![CDATA[@(a < b)]]></set-body></policies>"
	first, problems := Parse("p", raw, Options{})
	if problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	for _, f := range []Format{Raw, XML} {
		text := Print(first, f)
		for range 100 {
			d, problems := Parse("p", text, Options{Format: f})
			if problems.HasErrors() {
				t.Fatal(problems.Draw())
			}
			if next := Print(d, f); next != text {
				t.Fatalf("%s is no fixed point: %q, then %q", f, text, next)
			}
		}
		if f == Raw && text != raw {
			t.Errorf("rawxml is not what was put: %q", text)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	unit := `<set-header name="X-{{n}}" exists-action="override">
    <value>@(context.Request.Headers.GetValueOrDefault("a", "b") + (1 < 2 && x > 3 ? "c" : $"{d}"))</value>
</set-header>
<choose><when condition="@(context.Response.StatusCode &gt;= 500 &amp;&amp; a)"><base /></when></choose>
`
	text := "<policies><inbound>" + strings.Repeat(unit, 50) + "</inbound></policies>"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Parse("p.xml", text, Options{}); len(problems) > 0 {
			b.Fatal(problems.Draw())
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	d, _ := Parse("p.xml", "<policies><inbound>"+strings.Repeat("<base /> <!-- c -->\n", 500)+"</inbound></policies>", Options{})
	b.ReportAllocs()
	for b.Loop() {
		FormatDocument(d)
	}
}
