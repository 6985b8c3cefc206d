package linq_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/bcl/linq"
	"github.com/spillway-gateway/spillway/expr/value"
)

var limits = expr.Limits{Steps: 1e6, Memory: 16 << 20}

func environment(t testing.TB) *expr.Env {
	t.Helper()
	e, err := expr.NewEnv(expr.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// show prints a value; sequences in brackets, element by element.
func show(t *value.Thread, v value.Value) string {
	if v.IsNull() {
		return "null"
	}
	if e, ok := v.Object().(value.Enumerable); ok {
		var list []string
		t.Each(value.Of(e), func(x value.Value) bool {
			list = append(list, show(t, x))
			return true
		})
		return "[" + strings.Join(list, ", ") + "]"
	}
	return t.ToString(v)
}

// answer evaluates an expression: its value, or `! ` and the exception.
func answer(e *expr.Env, text string) string {
	p, problems := e.Compile(text, nil)
	if p == nil {
		return "refused: " + problems.Error()
	}
	t := e.NewThread()
	t.Reset(context.Background(), value.Limits{Steps: limits.Steps, Memory: limits.Memory})
	v, err := p.EvalOn(t, expr.Args{})
	text = ""
	if err == nil {
		err = t.Run(func() { text = show(t, v) })
	}
	var thrown *value.Exception
	if errors.As(err, &thrown) {
		return "! " + thrown.TypeName() + ": " + strings.ReplaceAll(thrown.Message, "\n", " / ")
	}
	if err != nil {
		return "stopped: " + err.Error()
	}
	return text
}

// TestTables runs testdata/*.txt: expressions, each followed by a line `=> …`
// with its value, or `! …` with the exception that leaves it.
func TestTables(t *testing.T) {
	e := environment(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no tables", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var text []string
			for n, line := range strings.Split(string(data), "\n") {
				switch {
				case strings.HasPrefix(line, "=> "), strings.HasPrefix(line, "! "), strings.HasPrefix(line, "stopped: "):
					if got := answer(e, strings.Join(text, "\n")); got != strings.TrimPrefix(line, "=> ") {
						t.Errorf("%s:%d: %s\ngot  %s\nwant %s", path, n+1, strings.Join(text, "\n"), got, line)
					}
					text = nil
				case line == "" || strings.HasPrefix(line, "# "):
				default:
					text = append(text, line)
				}
			}
			if text != nil {
				t.Errorf("%s: the last expression has no answer", path)
			}
		})
	}
}

func TestRows(t *testing.T) {
	for _, ms := range linq.Members() {
		for _, row := range ms.Rows {
			if row.Doc == "" {
				t.Errorf("%s: %s has no doc line", ms.Def.FullName(), row.Sig)
			}
		}
	}
}

func benchmark(b *testing.B, text, want string) {
	e := environment(b)
	p, problems := e.Compile(text, nil)
	if p == nil {
		b.Fatal(problems)
	}
	t := e.NewThread()
	b.ReportAllocs()
	for b.Loop() {
		t.Reset(context.Background(), value.Limits{Steps: 1e9, Memory: 1 << 40})
		v, err := p.EvalOn(t, expr.Args{})
		if err != nil || t.ToString(v) != want {
			b.Fatal(v, err)
		}
	}
}

func BenchmarkWhereSelectSum(b *testing.B) {
	benchmark(b, `@(Enumerable.Range(0, 1000).Where(n => n % 2 == 0).Select(n => n * 2).Sum())`, "499000")
}

func BenchmarkOrderBy(b *testing.B) {
	benchmark(b, `@(Enumerable.Range(0, 1000).OrderBy(n => n * 7919 % 1009).ToList()[0])`, "0")
}

func BenchmarkDictionary(b *testing.B) {
	benchmark(b, `@{ var d = new Dictionary<string, int>(); foreach (var k in new[] { "a", "b", "a", "c" }) { d.TryGetValue(k, out var n); d[k] = n + 1; } return d["a"]; }`, "2")
}

func BenchmarkList(b *testing.B) {
	benchmark(b, `@{ var list = new List<int>(); for (int i = 0; i < 1000; i++) { list.Add(i); } int s = 0; foreach (var n in list) { s += n; } return s; }`, "499500")
}
