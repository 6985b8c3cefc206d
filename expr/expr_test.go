package expr_test

import (
	"context"
	"sync"
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

func TestIterators(t *testing.T) {
	e := env(t)
	for text, want := range map[string]string{
		`@{ IEnumerable<int> Down(int n) { while (n > 0) { yield return n--; } } var s = ""; foreach (var x in Down(3)) { s += x; } foreach (var x in Down(2)) { s += x; } return s; }`:                                                                                            "32121",
		`@{ var log = ""; IEnumerable<int> F() { try { yield return 1; yield return 2; } finally { log += "f"; } } foreach (var x in F()) { log += x; break; } return log; }`:                                                                                                      "1f",
		`@{ IEnumerable<int> F() { yield return 1; throw new Exception("boom"); } var s = ""; try { foreach (var x in F()) { s += x; } } catch (Exception ex) { s += ex.Message; } return s; }`:                                                                                    "1boom",
		`@{ IEnumerable<T> Twice<T>(T x) { yield return x; yield return x; } var e = Twice("a").GetEnumerator(); e.MoveNext(); return e.Current; }`:                                                                                                                                "a",
		`@{ IEnumerable<int> Inner(int n) { for (int i = 0; i < n; i++) { yield return i; } } IEnumerable<int> Outer() { foreach (var x in Inner(3)) { if (x == 2) { yield break; } yield return x * 10; } } var s = ""; foreach (var x in Outer()) { s += x + ","; } return s; }`: "0,10,",
	} {
		p, problems := e.Compile(text, nil)
		if p == nil {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		v, err := p.Eval(context.Background(), expr.Args{}, expr.Limits{Steps: 1e5, Memory: 1 << 20})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := e.NewThread().ToString(v); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestParallel(t *testing.T) {
	e := env(t, expr.Variable{Name: "n", Type: types.Int32})
	p, problems := e.Compile("@{ var a = new int[n]; int s = 0; Func<int, int> f = x => x + s; for (int i = 0; i < n; i++) { a[i] = f(i); s += a[i] % 7; } object o = \"x\"; try { return (int)o; } catch (InvalidCastException) { return s; } }", nil)
	if p == nil {
		t.Fatal(problems)
	}
	eval := func(n int) int {
		v, err := p.Eval(context.Background(), expr.Args{Variables: []value.Value{value.Int(n)}}, expr.Limits{})
		if err != nil {
			t.Error(err)
		}
		return v.Int()
	}
	want := eval(50)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := eval(50); got != want {
					t.Errorf("got %d, want %d", got, want)
				}
			}
		})
	}
	wg.Wait()
}

// TestUnclosed holds that a text without its closing bracket is refused, at its
// end.
func TestUnclosed(t *testing.T) {
	e := env(t)
	for text, code := range map[string]string{"@(1": "CS1026", "@(1 + 2": "CS1026", "@{ return 1;": "CS1513"} {
		p, problems := e.Compile(text, nil)
		if p != nil || len(problems) != 1 || problems[0].Code != code || problems[0].Span.Start != len(text) {
			t.Errorf("%s: %v", text, problems)
		}
	}
}
