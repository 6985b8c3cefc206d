package markup

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/source"
	"golang.org/x/tools/txtar"
)

// seeds adds every document of testdata.
func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no documents in testdata: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name == "in.xml" || part.Name == "formatted" {
				f.Add(string(part.Data), strings.Contains(string(a.Comment), "strict"))
			}
		}
	}
}

func format(strict bool) Options {
	if strict {
		return Options{Format: XML}
	}
	return Options{}
}

// FuzzRead reads anything: every span lies in the file, every value's map
// leads into the value's span, every problem can be drawn.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Add("<a b='1", false)
	f.Add("<!— x —><a/>", false)
	f.Fuzz(func(t *testing.T, text string, strict bool) {
		d, problems := Parse("f", text, format(strict))
		_ = problems.Draw()
		if strings.Contains(strings.ToLower(text), "<!doctype") && strict && !problems.HasErrors() {
			// Only inside comments and CDATA can it be without meaning.
			if !strings.Contains(text, "<!--") && !strings.Contains(text, "<![CDATA[") {
				t.Fatal("a document type was accepted")
			}
		}
		inFile := func(s source.Span) {
			if s.Start < 0 || s.End < s.Start || s.End > len(d.File.Text()) {
				t.Fatalf("span %v of %d bytes", s, len(d.File.Text()))
			}
		}
		check := func(v Value) {
			inFile(v.Span)
			if v.Map.Len() != len(v.Text) {
				t.Fatalf("map of %d bytes for %q", v.Map.Len(), v.Text)
			}
			for i := range len(v.Text) {
				s := v.At(source.Span{Start: i, End: i + 1})
				if s.Start < v.Span.Start || s.End > v.Span.End {
					t.Fatalf("byte %d of %q maps to %v outside of %v", i, v.Text, s, v.Span)
				}
			}
			for _, r := range v.References() {
				inFile(r.Span)
			}
		}
		var walk func(nodes []Node)
		walk = func(nodes []Node) {
			for _, n := range nodes {
				inFile(n.Span())
				if e, ok := n.(*Element); ok {
					inFile(e.StartTag)
					for _, a := range e.Attrs {
						inFile(a.Span())
						check(a.Value)
						check(a.Value.Trim())
					}
					check(e.Text())
					check(e.Text().Trim())
					walk(e.Children)
				}
			}
		}
		walk(d.Nodes)
	})
}

// FuzzPrint prints and formats what can be read without errors, and checks the
// laws of both.
func FuzzPrint(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string, strict bool) {
		d, problems := Parse("f", text, format(strict))
		if !problems.HasErrors() {
			checkLaws(t, d)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("<a/>"))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Add([]byte("\xfe\xff\x00<\x00a\xd8\x00"))
	f.Add([]byte(`<?xml version="1.0" encoding="iso-8859-1"?><a>` + "\xe9</a>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, e, p := Decode("f", data)
		if p != nil {
			_ = p.Draw()
			return
		}
		if got := string(e.Encode(text)); got != string(data) {
			t.Fatalf("decoded %q, encoded again %q", data, got)
		}
	})
}
