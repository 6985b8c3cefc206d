package expr_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr"
)

// FuzzEval compiles and runs anything: whatever the text, there are problems, a
// value, an exception or a spent budget, and never a panic.
func FuzzEval(f *testing.F) {
	for _, area := range []string{"flow", "gen-refused", "gen-programs"} {
		sc := bufio.NewScanner(bytes.NewReader(gunzip(f, "testdata/oracle/"+area+".jsonl.gz")))
		sc.Buffer(nil, 1<<22)
		for n := 0; sc.Scan(); n++ {
			var r recorded
			if n%7 == 0 && json.Unmarshal(sc.Bytes(), &r) == nil {
				f.Add(r.Expr)
			}
		}
	}
	e := env(f)
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		p, problems := e.Compile(text, nil)
		if p == nil && !problems.HasErrors() {
			t.Fatal("neither a program nor a problem")
		}
		for _, p := range problems {
			if p.Code == expr.InternalCode {
				t.Fatal(p)
			}
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("compiling took %v", d)
		}
		if p != nil {
			_, _ = p.Eval(context.Background(), expr.Args{}, expr.Limits{Steps: 100_000, Memory: 1 << 20, Deadline: time.Second})
		}
	})
}
