package markup

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/source"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected parts of testdata")

// TestDocuments runs testdata/*.txtar. An archive's comment says how in.xml is
// to be read: "strict" for the XML format, and what becomes of the text first:
// "crlf", "bom", "utf16", "latin1". The other parts are what comes out:
// problems as drawn, the values, the formatted document, and the document
// printed in the other format.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := &txtar.Archive{Comment: a.Comment, Files: outcome(t, a)}
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want, have := string(txtar.Format(a)), string(txtar.Format(got)); want != have {
				t.Errorf("got\n%s\nwant\n%s", have, want)
			}
		})
	}
}

// outcome is the archive as it ought to be.
func outcome(t *testing.T, a *txtar.Archive) []txtar.File {
	t.Helper()
	d, problems := readCase(a)
	out := []txtar.File{a.Files[0]}
	add := func(name, text string) {
		if text != "" {
			out = append(out, txtar.File{Name: name, Data: []byte(visibleEnds(text))})
		}
	}
	add("problems", problems.Draw())
	add("values", values(d))
	if problems.HasErrors() {
		return out
	}
	checkLaws(t, d)
	add("formatted", FormatDocument(d))
	other := XML
	if d.Format == XML {
		other = Raw
	}
	if text := Print(d, other); text != Print(d, d.Format) {
		add(other.String(), text)
	}
	return out
}

func readCase(a *txtar.Archive) (*Document, source.Problems) {
	directives := strings.Fields(string(a.Comment))
	has := func(s string) bool { return slices.Contains(directives, s) }
	text := string(a.Files[0].Data)
	if has("crlf") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if has("bom") {
		text = "\ufeff" + text
	}
	data := []byte(text)
	if has("utf16") {
		data = UTF16LE.Encode(text)
	}
	if has("latin1") {
		data = Latin1.Encode(text)
	}
	var o Options
	if has("strict") {
		o.Format = XML
	}
	return Read("in.xml", data, o)
}

// visibleEnds shows carriage returns and byte-order marks, which an archive
// would hide, and closes the last line.
func visibleEnds(s string) string {
	s = strings.NewReplacer("\r", "␍", "\ufeff", "␀BOM").Replace(s)
	if !strings.HasSuffix(s, "\n") {
		s += "␃\n"
	}
	return s
}

// values lists attributes and texts with what they mean.
func values(d *Document) string {
	var b strings.Builder
	var walk func(e *Element)
	line := func(name string, v Value) {
		kind := ""
		if v.IsExpression() {
			kind = " (expression)"
		}
		if v.Broken {
			kind += " (broken)"
		}
		fmt.Fprintf(&b, "%s%s = %q\n", name, kind, v.Text)
		for _, r := range v.References() {
			fmt.Fprintf(&b, "    {{%s}} at %s\n", r.Name, d.File.Position(r.Span.Start))
		}
	}
	walk = func(e *Element) {
		for _, a := range e.Attrs {
			line(e.Name+"/"+a.Name, a.Value)
		}
		if e.HasText() {
			line(e.Name, e.Text())
		}
		for c := range e.Elements() {
			walk(c)
		}
	}
	if d.Root != nil {
		walk(d.Root)
	}
	return b.String()
}

// checkLaws checks what holds for every document without errors whose
// expressions have an end that C# sees. (Where one has not, the compiler will
// refuse it, but where it ends depends on what stands behind it.)
func checkLaws(t *testing.T, d *Document) {
	t.Helper()
	if !wholeExpressions(d.Nodes) {
		return
	}
	typed := d.File.Text()
	if d.BOM {
		typed = "\ufeff" + typed
	}
	if got := Print(d, d.Format); got != typed {
		t.Errorf("printing as read: got %q, want %q", got, typed)
	}
	for _, f := range []Format{Raw, XML} {
		text := Print(d, f)
		again, problems := Parse("again.xml", text, Options{Format: f, MaxBytes: 1 << 30})
		if problems.HasErrors() {
			t.Errorf("printed as %s and read again:\n%s\n%s", f, text, problems.Draw())
			continue
		}
		if a, b := meaning(d), meaning(again); a != b {
			t.Errorf("printed as %s it means\n%s\nnot\n%s\ntext:\n%s", f, b, a, text)
		}
		if second := Print(again, f); second != text {
			t.Errorf("printed as %s twice: %q, then %q", f, text, second)
		}
		other := Raw
		if f == Raw {
			other = XML
		}
		back, problems := Parse("back.xml", Print(again, other), Options{Format: other, MaxBytes: 1 << 30})
		if problems.HasErrors() || meaning(back) != meaning(d) {
			t.Errorf("%s, then %s: %s\n%s", f, other, problems.Draw(), Print(again, other))
		}
	}
	formatted := FormatDocument(d)
	again, problems := Parse("formatted.xml", formatted, Options{Format: d.Format, MaxBytes: 1 << 30})
	if problems.HasErrors() {
		t.Errorf("formatted and read again:\n%s\n%s", formatted, problems.Draw())
		return
	}
	if twice := FormatDocument(again); twice != formatted {
		t.Errorf("formatted twice:\n%s\nthen\n%s", formatted, twice)
	}
	if a, b := trimmedMeaning(d), trimmedMeaning(again); a != b {
		t.Errorf("formatted it means\n%s\nnot\n%s", b, a)
	}
}

// literals are what can hold an apostrophe in C#. A lone one elsewhere is no C#,
// and whether it pairs with another depends on what follows in the document.
var literals = regexp.MustCompile(`@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\[^\n])'`)

func wholeExpressions(nodes []Node) bool {
	whole := func(v Value) bool {
		return !v.IsExpression() || isWholeExpression(v.Text) && !strings.Contains(literals.ReplaceAllString(v.Text, ""), "'")
	}
	for _, n := range nodes {
		e, ok := n.(*Element)
		if !ok {
			continue
		}
		if !whole(e.Text()) || !wholeExpressions(e.Children) {
			return false
		}
		for _, a := range e.Attrs {
			if !whole(a.Value) {
				return false
			}
		}
	}
	return true
}

// meaning is the tree without how it is written: names, values (a line end is
// one however it is written), and comments (in which XML cannot have two
// hyphens in a row).
func meaning(d *Document) string {
	return meant(d, func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") })
}

// trimmedMeaning leaves out white space that surrounds elements, comments and
// expressions, which a formatter may change.
func trimmedMeaning(d *Document) string {
	return meant(d, func(s string) string {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		if t := strings.Trim(s, space); t == "" || startsExpression(t) {
			return t
		}
		return s
	})
}

// joined is the content with its text in one piece where there are no elements
// between: where exactly a comment stands inside a value means nothing.
func joined(e *Element) []Node {
	for range e.Elements() {
		return e.Children
	}
	var nodes []Node
	for _, n := range e.Children {
		if c, ok := n.(*Comment); ok {
			nodes = append(nodes, c)
		}
	}
	return append(nodes, &Text{Value: e.Text()})
}

func meant(d *Document, text func(string) string) string {
	var b strings.Builder
	var walk func(nodes []Node)
	walk = func(nodes []Node) {
		for i := 0; i < len(nodes); i++ {
			switch n := nodes[i].(type) {
			case *Element:
				fmt.Fprintf(&b, "<%s", n.Name)
				for _, a := range n.Attrs {
					fmt.Fprintf(&b, " %s=%q", a.Name, text(a.Value.Text))
				}
				b.WriteByte('>')
				walk(joined(n))
				b.WriteString("</>\n")
			case *Comment:
				fmt.Fprintf(&b, "<!--%q-->\n", strings.NewReplacer("-", "", " ", "", "\r\n", "\n").Replace(n.Text))
			case *Text:
				s := n.Value.Text
				for i+1 < len(nodes) {
					next, ok := nodes[i+1].(*Text)
					if !ok {
						break
					}
					s += next.Value.Text
					i++
				}
				if s = text(s); s != "" {
					fmt.Fprintf(&b, "%q\n", s)
				}
			}
		}
	}
	walk(d.Nodes)
	return b.String()
}
