package check

import (
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr/bcl/core"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// options see the core types and a few rows of this test.
func options(t testing.TB) Options {
	t.Helper()
	nothing := func(*value.Call) value.Value { return value.Null }
	table, err := value.NewTable(core.Members(), []value.Members{{Def: types.Int32.Def()}, {Def: types.String.Def(), Rows: []value.Row{
		{Sig: "int Length { get; }", Func: nothing},
		{Sig: "string Trim()", Func: nothing},
		{Sig: "string Trim(char c)", Func: nothing},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Table: table, Imports: []string{"System", "System.Collections.Generic"}, Variables: []Variable{{Name: "request", Type: types.String}}}
}

func run(t testing.TB, o Options, text string) (*Program, []Problem) {
	t.Helper()
	root, errs := syntax.Parse(text)
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs)
	}
	return Check(root, o)
}

func TestHints(t *testing.T) {
	o := options(t)
	for text, want := range map[string]string{
		"@(request.Lengths)":                   "did you mean Length?",
		"@(requst.Length)":                     "did you mean request?",
		"@(new Exeption(null))":                "did you mean Exception?",
		"@(request.GetEnvironment())":          "no such member is allowed in policy expressions",
		"@{ object o = request; return o.X; }": "cast the object to its type first",
		"@(new Thread(null))":                  "the type is not allowed in policy expressions",
	} {
		_, problems := run(t, o, text)
		if len(problems) != 1 || problems[0].Hint != want {
			t.Errorf("%s: got %+v, want the hint %q", text, problems, want)
		}
	}
}

// TestUses checks that a program knows the members it names: what warns of
// members beyond the documented list goes by it.
func TestUses(t *testing.T) {
	p, problems := run(t, options(t), "@{ var f = (Func<string, int>)(s => s.Trim().Length); return f(request); }")
	if p == nil {
		t.Fatal(problems)
	}
	var names []string
	for _, u := range p.Uses {
		names = append(names, u.Member.String())
	}
	if got, want := strings.Join(names, " "), "string.Trim() string.Length"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestCaptures checks which variables need cells and what functions need from
// outside, through the local functions that they call.
func TestCaptures(t *testing.T) {
	p, problems := run(t, options(t), `@{
    int plain = 1, used = 2, deep = 3;
    int F() => deep;
    int G() => F() + used;
    Func<int> h = () => G();
    return h() + plain;
}`)
	if p == nil {
		t.Fatal(problems)
	}
	captured := map[string]bool{}
	for _, l := range p.Main.Locals {
		if l.Captured {
			captured[l.Name] = true
		}
	}
	if len(captured) != 2 || !captured["used"] || !captured["deep"] {
		t.Errorf("captured: %v", captured)
	}
}

// TestBounded checks that nested lambdas, each bound once for every overload
// around it, cannot run away.
func TestBounded(t *testing.T) {
	text := "request"
	for range 14 {
		text = "F(x => F(y => " + text + "))"
	}
	_, problems := run(t, options(t), "@{ int F(Func<Func<int>, object> f, int n = 0) => n; int G(Func<int, object> f) => 1; return "+text+"; }")
	if len(problems) == 0 {
		t.Error("no problem")
	}
}

func BenchmarkCheck(b *testing.B) {
	o := options(b)
	root, _ := syntax.Parse("@{ var n = 0; for (int i = 0; i < 10; i++) { if (request.Trim().Length > i) { n += i; } } return n + request; }")
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Check(root, o); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
