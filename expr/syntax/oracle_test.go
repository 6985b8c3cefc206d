package syntax

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/source"
)

// recorded is one line of the recorded answers, as far as it speaks of syntax.
type recorded struct {
	ID      string `json:"id"`
	Expr    string `json:"expr"`
	Compile []struct {
		Code    string `json:"code"`
		Line    int    `json:"line"`
		Column  int    `json:"column"`
		Message string `json:"message"`
	} `json:"compile"`
}

func readOracle(t testing.TB) (all []recorded) {
	t.Helper()
	files, err := filepath.Glob("../testdata/oracle/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded answers: %v", err)
	}
	for _, name := range files {
		if strings.HasPrefix(filepath.Base(name), "xmljson") {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			var r recorded
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, r)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return all
}

// syntaxCodes are the numbers that only syntax errors have.
var syntaxCodes = func() map[string]bool {
	m := map[string]bool{}
	for code := range messages {
		m[fmt.Sprintf("CS%04d", code)] = true
	}
	for _, later := range []string{"CS0106", "CS0126", "CS0150", "CS0178", "CS0270", "CS0746", "CS0747", "CS1023", "CS1586", "CS8078", "CS8370"} {
		delete(m, later)
	}
	return m
}()

// lateCodes are the numbers of late errors that are found by the tree alone
// whenever they occur.
var lateCodes = map[string]bool{"CS0178": true, "CS0270": true, "CS0746": true, "CS0747": true, "CS1023": true, "CS1586": true, "CS0106": true}

func (r *recorded) syntactic() bool {
	for _, e := range r.Compile {
		if syntaxCodes[e.Code] {
			return true
		}
	}
	return false
}

// place writes a code and a position as the recorded compiler gives them.
func place(code string, line, column int) string {
	if line == 0 {
		return code + " outside"
	}
	return fmt.Sprintf("%s %d:%d", code, line, column)
}

func wantErrors(r *recorded) (want []string) {
	for _, e := range r.Compile {
		want = append(want, place(e.Code, e.Line, e.Column))
	}
	slices.Sort(want)
	return want
}

func gotErrors(text string, errs []*Error) (got []string) {
	f := source.NewFile("", text)
	for _, e := range errs {
		if e.Outside {
			got = append(got, place(e.Code, 0, 0))
			continue
		}
		at := f.Position(e.Span.Start)
		got = append(got, place(e.Code, at.Line, at.Column))
	}
	slices.Sort(got)
	return got
}

// What the recorded compiler accepted parses without an error, and what it
// refused for its meaning parses without a syntax error.
func TestAcceptsWhatTheCompilerParses(t *testing.T) {
	n := 0
	for _, r := range readOracle(t) {
		if r.syntactic() {
			continue
		}
		n++
		_, errs := Parse(r.Expr)
		for _, e := range errs {
			refused := slices.ContainsFunc(wantErrors(&r), func(w string) bool { return strings.HasPrefix(w, e.Code) })
			if !refused {
				t.Errorf("%s: %s at %v\n%s", r.ID, e, e.Span, r.Expr)
			}
		}
	}
	if n < 12000 {
		t.Errorf("only %d texts: the recorded answers are incomplete", n)
	}
}

// The known differences are listed one a line: id, then why. A line that is no
// longer true fails the test as well.
func TestReportsSyntaxErrorsAsTheCompilerDoes(t *testing.T) {
	known := map[string]bool{}
	list, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(list) {
		if f := strings.Fields(string(line)); len(f) > 0 && f[0] != "#" {
			known[f[0]] = true
		}
	}
	total, same, words := 0, 0, 0
	for _, r := range readOracle(t) {
		if !r.syntactic() {
			continue
		}
		total++
		_, errs := Parse(r.Expr)
		want, got := wantErrors(&r), gotErrors(r.Expr, errs)
		equal := slices.Equal(want, got)
		if equal {
			same++
			if sameWords(&r, errs) {
				words++
			} else {
				t.Errorf("%s: other words: %v\n%v", r.ID, errs, r.Compile)
			}
		}
		if equal == known[r.ID] {
			t.Errorf("%s: known difference: %v\nwant %v\n got %v\n%s", r.ID, known[r.ID], want, got, r.Expr)
		}
	}
	t.Logf("%d of %d as the compiler reports them, %d in the same words", same, total, words)
	if total < 250 || same*100 < total*97 {
		t.Errorf("%d of %d are as the compiler reports them", same, total)
	}
}

func sameWords(r *recorded, errs []*Error) bool {
	var want, got []string
	for _, e := range r.Compile {
		want = append(want, e.Message)
	}
	for _, e := range errs {
		got = append(got, e.Message)
	}
	slices.Sort(want)
	slices.Sort(got)
	return slices.Equal(want, got)
}

// Late errors are found where the compiler has them.
func TestFindsLateErrors(t *testing.T) {
	checkers := map[string]bool{ // features that need types
		"inferred delegate type": true, "nullable reference types": true, "constant interpolated strings": true,
	}
	for _, r := range readOracle(t) {
		if r.syntactic() {
			continue
		}
		_, errs := Parse(r.Expr)
		got := gotErrors(r.Expr, errs)
		for _, e := range r.Compile {
			feature, _, _ := strings.Cut(strings.TrimPrefix(e.Message, "Feature '"), "'")
			if e.Code == "CS8370" && !checkers[feature] || lateCodes[e.Code] {
				w := place(e.Code, e.Line, e.Column)
				i := slices.Index(got, w)
				if i < 0 {
					t.Errorf("%s: want %s %s, got %v\n%s", r.ID, w, e.Message, got, r.Expr)
				}
			}
		}
	}
}
