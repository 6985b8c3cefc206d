package expr_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/value"
)

// TestLanguage runs the programs of testdata/lang. They are separated by lines
// of ---; each ends in `// => ` and its value as text, `// !! ` and the problems
// with their places, or `// ** ` and the exception that leaves it.
func TestLanguage(t *testing.T) {
	files, err := filepath.Glob("testdata/lang/*.cs.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no programs", err)
	}
	e := env(t)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		line := 1
		for _, chunk := range strings.Split(string(data), "\n---\n") {
			at := fmt.Sprintf("%s:%d", file, line)
			line += strings.Count(chunk, "\n") + 2
			text, want := "", ""
			for _, mark := range []string{" // => ", " // !! ", " // ** "} {
				if i := strings.LastIndex(chunk, mark); i >= 0 && !strings.Contains(chunk[i:], "\n\n") {
					text, want = chunk[:i], strings.TrimPrefix(mark, " // ")+strings.TrimRight(chunk[i+len(mark):], "\n")
				}
			}
			if text == "" {
				t.Errorf("%s: no outcome", at)
				continue
			}
			if got := outcome(e, text); got != want {
				t.Errorf("%s: got %s, want %s\n%s", at, got, want, text)
			}
		}
	}
}

func outcome(e *expr.Env, text string) string {
	p, problems := e.Compile(text, nil)
	if p == nil {
		return "!! " + strings.Join(places(text, problems.Errors()), ", ")
	}
	v, err := p.Eval(context.Background(), expr.Args{}, expr.Limits{Steps: 1_000_000, Memory: 16 << 20})
	var x *value.Exception
	switch {
	case errors.As(err, &x):
		return "** " + x.TypeName() + ": " + x.Message
	case err != nil:
		return "** " + err.Error()
	}
	return "=> " + e.NewThread().ToString(v)
}
