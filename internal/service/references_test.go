package service

import (
	"strings"
	"testing"
)

const (
	oneBackend = `{"properties": {"url": "http://one.test", "protocol": "http"}}`
	poolOfTwo  = `{"properties": {"type": "Pool", "pool": {"services": [{"id": "/backends/one"}, {"id": "/backends/two"}]}}}`
	poolOfOne  = `{"properties": {"type": "Pool", "pool": {"services": [{"id": "/backends/one"}]}}}`
)

// choosing is an API's that chooses its backend so.
func choosing(attributes string) string {
	return `<policies><inbound><choose><when condition="@(true)"><set-backend-service ` + attributes + ` /></when></choose></inbound><backend><forward-request /></backend></policies>`
}

// Settings that need a pool say so where no policy of their API chooses one, and at
// their place; those that name what is not there say what is.
func TestReferences(t *testing.T) {
	const both = "apis:\n  ai:\n    hedge: {budget: 5}\n    resume: {mode: agree}\n"
	const noHedge = "apis.ai.hedge does nothing"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // of problems, each at its place; none for no problem
	}{
		"a URL":           {map[string]string{"spillway.yaml": both}, []string{"spillway.yaml:3:12: " + noHedge, "spillway.yaml:4:13: apis.ai.resume does nothing"}},
		"neither is on":   {map[string]string{"spillway.yaml": "apis: {ai: {hedge: {after: 1s}, resume: {mode: none}}}\n"}, nil},
		"a pool":          {map[string]string{"spillway.yaml": both, "apis/ai/policy.xml": choosing(`backend-id="POOL"`)}, nil},
		"a pool of one":   {map[string]string{"spillway.yaml": both, "apis/ai/policy.xml": choosing(`backend-id="single"`)}, []string{noHedge, "apis.ai.resume"}},
		"a single":        {map[string]string{"spillway.yaml": both, "apis/ai/policy.xml": choosing(`backend-id="one"`)}, []string{noHedge, "apis.ai.resume"}},
		"an expression":   {map[string]string{"spillway.yaml": both, "apis/ai/policy.xml": choosing(`backend-id="@(context.Request.Method)"`)}, nil},
		"by the product":  {map[string]string{"spillway.yaml": both, "products/gold/productInformation.json": `{"properties": {"displayName": "gold", "state": "published"}}`, "products/gold/apis.json": `[{"name": "ai"}]`, "products/gold/policy.xml": choosing(`backend-id="pool"`), "apis/ai/policy.xml": `<policies><inbound><base /></inbound><backend><base /></backend></policies>`}, nil},
		"another API":     {map[string]string{"spillway.yaml": "apis: {Al: {bearerKey: true}}\n"}, []string{"the service has no API Al"}},
		"another pool":    {map[string]string{"spillway.yaml": "pools: {poool: {}}\n"}, []string{"the service has no backend pool poool"}},
		"no pool":         {map[string]string{"spillway.yaml": "pools: {one: {}}\n"}, []string{"the service has no backend pool one"}},
		"of a workspace":  {map[string]string{"spillway.yaml": "pools: {team/ours: {strategy: least-busy}}\napis: {theirs: {bearerKey: true}}\n"}, nil},
		"workspace's not": {map[string]string{"spillway.yaml": "pools: {ours: {}, team/pool: {}}\n"}, []string{"no backend pool ours", "no backend pool team/pool"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				"backends/one/backendInformation.json": oneBackend, "backends/two/backendInformation.json": oneBackend,
				"backends/pool/backendInformation.json": poolOfTwo, "backends/single/backendInformation.json": poolOfOne,
				"workspaces/team/backends/w1/backendInformation.json":   oneBackend,
				"workspaces/team/backends/ours/backendInformation.json": `{"properties": {"type": "Pool", "pool": {"services": [{"id": "/backends/w1"}]}}}`,
				"workspaces/team/apis/theirs/apiInformation.json":       `{"properties": {"displayName": "theirs", "path": "theirs"}}`,
				"workspaces/team/apis/theirs/specification.yaml":        base["apis/ai/specification.yaml"],
				"named values/key/namedValueInformation.json":           `{"properties": {"displayName": "key", "value": "k"}}`,
			}
			for name, text := range c.files {
				files[name] = text
			}
			l, problems := load(t, files, nil)
			if problems.HasErrors() != (l.Service == nil) {
				t.Error("a service with errors")
			}
			if len(problems) != len(c.want) {
				t.Fatalf("%d problems:\n%s", len(problems), problems.Draw())
			}
			for i, p := range problems {
				if text := p.Error(); !strings.Contains(text, c.want[i]) {
					t.Errorf("%s, want %s", text, c.want[i])
				}
			}
		})
	}
}
