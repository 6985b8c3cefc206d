package expr_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/casefile"
	"github.com/spillway-gateway/spillway/policy/contextvar"
)

// in compiles a text and gives its arguments in a recorded context.
func in(t testing.TB, ctx, text string) (*expr.Program, expr.Args) {
	t.Helper()
	o := newOracle(t)
	p, problems := o.env.Compile(text, nil)
	if p == nil {
		t.Fatal(problems)
	}
	w, err := o.contexts.Build(o.env.NewThread(), casefile.Case{ID: "bench", Context: ctx})
	if err != nil {
		t.Fatal(err)
	}
	return p, expr.Args{Variables: []value.Value{contextvar.Of(w.Exchange)}, Host: w.Exchange}
}

const retryCondition = "@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)"

func TestConditionDoesNotAllocate(t *testing.T) {
	p, args := in(t, "throttled", retryCondition)
	ctx := context.Background()
	if n := testing.AllocsPerRun(200, func() {
		if v, err := p.Eval(ctx, args, expr.Limits{Steps: 1000, Memory: 1 << 20}); err != nil || !v.Bool() {
			t.Fatal(v, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func benchmark(b *testing.B, ctx, text string) {
	p, args := in(b, ctx, text)
	c := context.Background()
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if _, err := p.Eval(c, args, expr.Limits{Steps: 1e9, Memory: 1 << 30}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRetryCondition(b *testing.B) { benchmark(b, "throttled", retryCondition) }

func BenchmarkIntegerLoop(b *testing.B) {
	benchmark(b, "chat", "@{ int s = 0; for (int i = 0; i < 1000; i++) { if (i % 3 == 0) { s += i; } } return s; }")
}

func BenchmarkStrings(b *testing.B) {
	benchmark(b, "chat", `@{ var s = ""; foreach (var part in context.Request.Url.Path.Split('/')) { s = s + part.ToUpper() + ";"; } return s.Length; }`)
}

func BenchmarkLambda(b *testing.B) {
	benchmark(b, "chat", "@{ int n = 3; Func<int, int> f = x => x + n; int s = 0; for (int i = 0; i < 100; i++) { s = f(s); } return s; }")
}

func BenchmarkCompile(b *testing.B) {
	o := newOracle(b)
	b.ReportAllocs()
	for b.Loop() {
		if p, problems := o.env.Compile(`@{ var path = context.Request.Url.Path; foreach (var part in path.Split('/')) { if (part.Length > 3 && part != "openai") { return part.ToLower(); } } return "none"; }`, nil); p == nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkCompileAll compiles what policies are made of, as it was recorded: an
// op is one expression, whatever came of it.
func BenchmarkCompileAll(b *testing.B) {
	o := newOracle(b)
	var texts []string
	for _, area := range []string{"flow", "strings", "json", "collections", "time", "text-tools", "gen-programs"} {
		for line := range bytes.Lines(gunzip(b, "testdata/oracle/"+area+".jsonl.gz")) {
			var r recorded
			if err := json.Unmarshal(line, &r); err != nil {
				b.Fatal(err)
			}
			if r.Compile == nil {
				texts = append(texts, r.Expr)
			}
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = o.env.Compile(texts[i%len(texts)], nil)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "expressions/s")
}
