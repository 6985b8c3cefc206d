package bench

import (
	"fmt"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
)

func celGo(t testing.TB, l logic) func() (string, error) {
	dyn := cel.MapType(cel.StringType, cel.DynType)
	env, err := cel.NewEnv(
		cel.Variable("response", dyn), cel.Variable("headers", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("backends", cel.ListType(dyn)), cel.Variable("now", cel.TimestampType),
		ext.Bindings(), ext.Math(),
	)
	if err != nil {
		t.Fatal(err)
	}
	ast, issues := env.Compile(l.cel)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	p, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		t.Fatal(err)
	}
	backends := []map[string]any{}
	for _, b := range l.backends {
		backends = append(backends, map[string]any{"Name": b.Name, "Priority": b.Priority, "IsThrottling": b.IsThrottling, "RetryAfter": b.RetryAfter})
	}
	vars := map[string]any{"response": map[string]any{"StatusCode": l.status}, "headers": l.headers, "backends": backends, "now": time.Now()}
	if l.headers == nil {
		vars["headers"] = map[string]string{}
	}
	first := true
	return func() (string, error) {
		v, _, err := p.Eval(vars)
		if err != nil || !first {
			return "", err
		}
		first = false
		return fmt.Sprint(v.Value()), nil
	}
}
