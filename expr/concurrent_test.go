package expr_test

import (
	"sync"
	"testing"

	"github.com/spillway-gateway/spillway/expr"
)

// TestTwoEnvironmentsAtOnce holds that environments can be made by several
// goroutines at a time, and each used while another is still being made.
func TestTwoEnvironmentsAtOnce(t *testing.T) {
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			env, err := expr.NewEnv(expr.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if p, problems := env.Compile(`@(new[] { 3, 1 }.OrderBy(x => x).Select(x => x.ToString()).ToList())`, nil); p == nil {
				t.Error(problems)
			}
		})
	}
	wait.Wait()
}
