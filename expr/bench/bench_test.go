package bench

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	exprlang "github.com/expr-lang/expr"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/casefile"
	"github.com/spillway-gateway/spillway/policy/contextvar"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// logic is one piece of logic in four languages, over the same facts.
type logic struct {
	name            string
	csharp          string
	exprlang        string
	cel             string
	javascript      string
	context, facts  string // the recorded context, and its variables
	want            string
	status          int
	headers         map[string]string
	backends        []backend
	javascriptSetUp string
}

type backend struct {
	Name         string    `json:"name"`
	Priority     int       `json:"priority"`
	IsThrottling bool      `json:"isThrottling"`
	RetryAfter   time.Time `json:"retryAfter"`
}

// eight are three levels of backends, of which the first is throttled.
func eight() []backend {
	var list []backend
	for i := range 8 {
		b := backend{Name: fmt.Sprintf("region-%d", i), Priority: 1 + i/3, RetryAfter: time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC)}
		if i < 3 {
			b.IsThrottling, b.RetryAfter = true, time.Date(2100, 1, 1+i, 0, 0, 0, 0, time.UTC)
		}
		list = append(list, b)
	}
	return list
}

func logics(t testing.TB) []logic {
	backends := eight()
	text, err := json.Marshal(backends)
	if err != nil {
		t.Fatal(err)
	}
	return []logic{
		{
			name:       "condition",
			csharp:     `@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)`,
			exprlang:   `Response.StatusCode == 429 || Response.StatusCode >= 500`,
			cel:        `response.StatusCode == 429 || response.StatusCode >= 500`,
			javascript: `context.Response.StatusCode === 429 || context.Response.StatusCode >= 500`,
			context:    "throttled", status: 429, want: "true",
		},
		{
			name:       "header",
			csharp:     `@(context.Request.Headers.GetValueOrDefault("X-Mode", "none") == "none")`,
			exprlang:   `("X-Mode" in Headers ? Headers["X-Mode"] : "none") == "none"`,
			cel:        `("X-Mode" in headers ? headers["X-Mode"] : "none") == "none"`,
			javascript: `(context.Request.Headers["X-Mode"] || "none") === "none"`,
			context:    "chat", headers: map[string]string{"Content-Type": "application/json", "Accept": "*/*", "X-Number": "5"}, want: "true",
		},
		{
			name: "selection",
			csharp: `@{
    var regions = (JArray)context.Variables["regions"];
    var free = new JArray();
    int priority = int.MaxValue;
    int soonest = 0;
    for (int i = 0; i < regions.Count; i++)
    {
        var region = (JObject)regions[i];
        if (region.Value<DateTime>("retryAfter") <= DateTime.UtcNow)
        {
            region["isThrottling"] = false;
        }
        if (region.Value<DateTime>("retryAfter") < regions[soonest].Value<DateTime>("retryAfter"))
        {
            soonest = i;
        }
        if (region.Value<bool>("isThrottling") || region.Value<int>("priority") > priority)
        {
            continue;
        }
        if (region.Value<int>("priority") < priority)
        {
            priority = region.Value<int>("priority");
            free.Clear();
        }
        free.Add(i);
    }
    return free.Count == 0 ? soonest : (int)free[free.Count - 1];
}`,
			// An expression without statements and without assignment: the throttled ones
			// are told by their time alone.
			exprlang: `let free = filter(0..7, {Backends[#].RetryAfter <= now() || !Backends[#].IsThrottling});
let best = min(map(free, {Backends[#].Priority}));
len(free) == 0 ? 0 : last(filter(free, {Backends[#].Priority == best}))`,
			cel: `cel.bind(free, [0, 1, 2, 3, 4, 5, 6, 7].filter(i, backends[i].RetryAfter <= now || !backends[i].IsThrottling),
  cel.bind(best, math.least(free.map(i, backends[i].Priority)),
    size(free) == 0 ? 0 : math.greatest(free.filter(i, backends[i].Priority == best))))`,
			javascript: `(function () {
    var regions = context.Variables.regions;
    var free = [];
    var priority = 2147483647;
    var soonest = 0;
    for (var i = 0; i < regions.length; i++) {
        var region = regions[i];
        if (region.retryAfter <= new Date()) { region.isThrottling = false; }
        if (region.retryAfter < regions[soonest].retryAfter) { soonest = i; }
        if (region.isThrottling || region.priority > priority) { continue; }
        if (region.priority < priority) { priority = region.priority; free = []; }
        free.push(i);
    }
    return free.length === 0 ? soonest : free[free.length - 1];
})()`,
			javascriptSetUp: `context.Variables = { regions: ` + string(text) + `.map(function (r) { r.retryAfter = new Date(r.retryAfter); return r; }) };`,
			context:         "chat", facts: `{"regions": {"type": "JArray", "value": ` + string(text) + `}}`, backends: backends, want: "5",
		},
	}
}

func spillway(t testing.TB, l logic) func() (string, error) {
	typ := contextvar.Of(new(exchange.Exchange)).Type()
	env, err := expr.NewEnv(expr.Options{Variables: []expr.Variable{{Name: "context", Type: typ}}, Imports: []string{contextvar.Namespace}, Members: contextvar.Members()})
	if err != nil {
		t.Fatal(err)
	}
	p, problems := env.Compile(l.csharp, nil)
	if p == nil {
		t.Fatal(problems)
	}
	file, err := os.Open("../testdata/oracle/contexts.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	contexts, err := casefile.ReadContexts("contexts.json", data)
	if err != nil {
		t.Fatal(err)
	}
	facts := l.facts
	if facts == "" {
		facts = "{}"
	}
	k, err := casefile.ReadCase([]byte(`{"id": "bench", "ctx": "` + l.context + `", "vars": ` + facts + `, "expr": "@(0)"}`))
	if err != nil {
		t.Fatal(err)
	}
	thread := env.NewThread()
	w, err := contexts.Build(thread, k)
	if err != nil {
		t.Fatal(err)
	}
	args := expr.Args{Variables: []value.Value{contextvar.Of(w.Exchange)}, Host: w.Exchange}
	ctx := context.Background()
	limits := expr.Limits{Steps: 100_000, Memory: 1 << 20}
	first := true
	return func() (string, error) {
		v, err := p.Eval(ctx, args, limits)
		if err != nil || !first {
			return "", err
		}
		first = false
		return strings.ToLower(thread.ToString(v)), nil
	}
}

type facts struct {
	Response struct{ StatusCode int }
	Headers  map[string]string
	Backends []backend
}

func exprLang(t testing.TB, l logic) func() (string, error) {
	f := facts{Headers: l.headers, Backends: l.backends}
	f.Response.StatusCode = l.status
	p, err := exprlang.Compile(l.exprlang, exprlang.Env(facts{}))
	if err != nil {
		t.Fatal(err)
	}
	first := true
	return func() (string, error) {
		v, err := exprlang.Run(p, f)
		if err != nil || !first {
			return "", err
		}
		first = false
		return fmt.Sprint(v), nil
	}
}

func javaScript(t testing.TB, l logic) func() (string, error) {
	vm := goja.New()
	headers, err := json.Marshal(l.headers)
	if err != nil {
		t.Fatal(err)
	}
	setUp := fmt.Sprintf("var context = { Response: { StatusCode: %d }, Request: { Headers: %s } }; %s", l.status, headers, l.javascriptSetUp)
	if _, err := vm.RunString(setUp); err != nil {
		t.Fatal(err)
	}
	p, err := goja.Compile("", l.javascript, true)
	if err != nil {
		t.Fatal(err)
	}
	first := true
	return func() (string, error) {
		v, err := vm.RunProgram(p)
		if err != nil || !first {
			return "", err
		}
		first = false
		return v.String(), nil
	}
}

func engines(t testing.TB, l logic) map[string]func() (string, error) {
	return map[string]func() (string, error){
		"spillway": spillway(t, l), "expr-lang": exprLang(t, l), "cel-go": celGo(t, l), "goja": javaScript(t, l),
	}
}

// All engines agree before any of them is timed.
func TestEnginesAgree(t *testing.T) {
	for _, l := range logics(t) {
		for name, run := range engines(t, l) {
			got, err := run()
			if err != nil || got != l.want {
				t.Errorf("%s, %s: got %s %v, want %s", l.name, name, got, err, l.want)
			}
		}
	}
}

func Benchmark(b *testing.B) {
	for _, l := range logics(b) {
		all := engines(b, l)
		for _, name := range []string{"spillway", "expr-lang", "cel-go", "goja"} {
			run := all[name]
			b.Run(l.name+"/"+name, func(b *testing.B) {
				if _, err := run(); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
