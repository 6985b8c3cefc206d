package expr_test

import (
	"context"
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func env(t testing.TB, vars ...expr.Variable) *expr.Env {
	t.Helper()
	e, err := expr.NewEnv(expr.Options{Variables: vars})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFirst(t *testing.T) {
	e := env(t, expr.Variable{Name: "n", Type: types.Int32})
	for text, want := range map[string]string{
		"@(n * 2)":                 "42",
		"@{ return n + \"!\"; }":   "21!",
		"@(\"a\" + 'b' + 1 + 2.5)": "ab12.5",
		"@{ int s = 0; for (int i = 0; i < 5; i++) { if (i == 3) continue; s += i; } return s; }":              "7",
		"@{ int F(int k) => k <= 1 ? 1 : k * F(k - 1); return F(5); }":                                         "120",
		"@{ var a = new[] { 3, 1, 2 }; Array.Sort(a); return string.Join(\",\", a); }":                         "1,2,3",
		"@{ Func<int, int> f = x => x + n; return f(1); }":                                                     "22",
		"@{ try { object o = \"x\"; return (int)o; } catch (InvalidCastException ex) { return ex.Message; } }": "Unable to cast object of type 'System.String' to type 'System.Int32'.",
		"@{ var a = new[] { 1, 2 }; int i = 0; a[i] += a[i = 1]; return a[0] + \",\" + a[1]; }":                "3,2",
		"@($\"{n,5:D3}|\")": "  021|",
	} {
		p, problems := e.Compile(text, nil)
		if p == nil {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		v, err := p.Eval(context.Background(), expr.Args{Variables: []value.Value{value.Int(21)}}, expr.Limits{Steps: 1e5, Memory: 1 << 20})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := e.NewThread().ToString(v); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
