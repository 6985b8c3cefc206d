package syntax

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/source"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// eachCase runs over the chunks of a table: a text, a line `=>`, and the
// answer. Chunks are separated by a line `---`; lines before the first `---` are
// a comment.
func eachCase(t *testing.T, name string, answer func(text string) string) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	chunks := strings.Split(string(data), "\n---\n")
	for i, c := range chunks {
		if i == 0 {
			continue
		}
		text, want, ok := strings.Cut(c, "\n=>\n")
		if !ok && !*update {
			t.Errorf("%s: chunk %d has no answer: %q", name, i, c)
			continue
		}
		text = strings.TrimSuffix(text, "\n")
		got := answer(text)
		want = strings.TrimSuffix(want, "\n")
		if got != want && !*update {
			t.Errorf("%s:\n%s\n=> got\n%s\n=> want\n%s", name, text, got, want)
		}
		chunks[i] = text + "\n=>\n" + got
	}
	if len(chunks) < 2 {
		t.Errorf("%s has no cases", name)
	}
	if *update {
		if err := os.WriteFile("testdata/"+name, []byte(strings.Join(chunks, "\n---\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func describe(text string, errs []*Error) string {
	if len(errs) == 0 {
		return "no errors"
	}
	f := source.NewFile("", text)
	var lines []string
	for _, e := range errs {
		at := f.Position(e.Span.Start)
		place := fmt.Sprintf("%d:%d", at.Line, at.Column)
		if e.Outside {
			place = "outside"
		}
		late := ""
		if e.Late {
			late = " (late)"
		}
		lines = append(lines, fmt.Sprintf("%s %s%s: %s", e.Code, place, late, e.Message))
		if e.Hint != "" {
			lines = append(lines, "  hint: "+e.Hint)
		}
	}
	return strings.Join(lines, "\n")
}

func TestErrors(t *testing.T) {
	eachCase(t, "errors.txt", func(text string) string {
		_, errs := Parse(text)
		return describe(text, errs)
	})
}

func TestPrint(t *testing.T) {
	eachCase(t, "print.txt", func(text string) string {
		root, errs := Parse(text)
		if len(errs) > 0 {
			return describe(text, errs)
		}
		return Print(root)
	})
}

func TestEnd(t *testing.T) {
	eachCase(t, "end.txt", func(text string) string {
		start := strings.Index(text, "@")
		end, ok := End(text, start)
		if !ok {
			return "no end"
		}
		return text[start:end]
	})
	for _, text := range []string{"", "@", "x", "@x", "@(", "@{"} {
		if _, ok := End(text, 0); ok {
			t.Errorf("End(%q) finds an end", text)
		}
	}
	for _, start := range []int{-1, 3, 100} {
		if _, ok := End("@()", start); ok {
			t.Errorf("End at %d finds an end", start)
		}
	}
}
