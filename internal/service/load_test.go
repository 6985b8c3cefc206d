package service

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/source"
)

// base is a small service; files of a test are laid over it.
var base = map[string]string{
	"apis/ai/apiInformation.json":                          `{"properties": {"displayName": "ai", "path": "ai", "protocols": ["https"]}}`,
	"apis/ai/specification.yaml":                           "openapi: 3.0.1\ninfo: {title: ai, version: '1'}\npaths:\n  /chat:\n    post: {operationId: chat, responses: {'200': {description: ok}}}\n",
	"apis/ai/policy.xml":                                   `<policies><inbound><set-header name="k" exists-action="override"><value>{{key}}</value></set-header><set-backend-service base-url="{{endpoint}}" /></inbound><backend><forward-request /></backend></policies>`,
	"named values/key/namedValueInformation.json":          `{"properties": {"displayName": "key", "secret": true}}`,
	"named values/endpoint/namedValueInformation.json":     `{"properties": {"displayName": "endpoint", "value": "http://folder.test"}}`,
	"subscriptions/one/subscriptionInformation.json":       `{"properties": {"displayName": "one", "scope": "/apis", "state": "active"}}`,
	"subscriptions/two/subscriptionInformation.json":       `{"properties": {"displayName": "two", "scope": "/apis", "state": "active"}}`,
	"subscriptions/suspended/subscriptionInformation.json": `{"properties": {"displayName": "off", "scope": "/apis", "state": "suspended"}}`,
	"spillway.yaml": "regions: [{name: eastus, port: 9101}]\n" +
		"namedValues: {key: {env: KEY}, endpoint: {region: eastus, value: endpoint}}\nsubscriptions: {one: {file: one.key}}\n",
}

func folder(over map[string]string) fs.FS {
	files := fstest.MapFS{}
	for _, m := range []map[string]string{base, over} {
		for name, text := range m {
			files[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		}
	}
	return files
}

func load(t *testing.T, over map[string]string, edit func(*World)) (*Loaded, source.Problems) {
	t.Helper()
	l, err := policy.NewCSharp(policy.LanguageOptions{Now: time.Now, Rand: func() uint64 { return 4 }})
	if err != nil {
		t.Fatal(err)
	}
	n := byte(0)
	w := World{
		Env: func(name string) (string, bool) { return "value-of-" + name, name == "KEY" },
		File: func(name string) ([]byte, error) {
			if name == "one.key" {
				return []byte("key-of-one-0123\n"), nil
			}
			return nil, fs.ErrNotExist
		},
		Region: func(name string) (string, []string, bool) {
			return "http://" + name + ".test", []string{"k1", "k2"}, name == "eastus"
		},
		Random: func(b []byte) {
			n++
			for i := range b {
				b[i] = n
			}
		},
		Keys: map[string]string{},
	}
	if edit != nil {
		edit(&w)
	}
	return Load(folder(over), "test", w, gateway.Settings{Policies: policy.Options{Language: l}})
}

// TestValues holds where values and keys come from: spillway.yaml above the
// folder, and a random key for a subscription that nobody gave one.
func TestValues(t *testing.T) {
	keys := map[string]string{}
	l, problems := load(t, nil, func(w *World) { w.Keys = keys })
	if len(problems) > 0 || l.Service == nil {
		t.Fatal(problems.Draw())
	}
	svc := l.Folder.Service
	if n := svc.NamedValue("key"); n.Value != "value-of-KEY" || !n.Supplied || !n.Secret {
		t.Errorf("key %+v", n)
	}
	if n := svc.NamedValue("endpoint"); n.Value != "http://eastus.test" || !n.Supplied {
		t.Errorf("endpoint %+v", n)
	}
	if s := svc.Subscription("one"); s.PrimaryKey != "key-of-one-0123" || !s.KeysSupplied {
		t.Errorf("subscription one: %+v", s)
	}
	made := svc.Subscription("two").PrimaryKey
	if len(made) != 32 || keys["two"] != made || strings.Join(l.Made, " ") != "suspended two" && strings.Join(l.Made, " ") != "two suspended" {
		t.Errorf("made %q, kept %q, told %v", made, keys["two"], l.Made)
	}
	if name, key := l.FirstKey(); name != "one" || key != "key-of-one-0123" {
		t.Errorf("the first key is %s of %s", key, name)
	}
	// A reload keeps the keys that were made.
	again, _ := load(t, nil, func(w *World) { w.Keys = keys })
	if got := again.Folder.Service.Subscription("two").PrimaryKey; got != made {
		t.Errorf("the key became %s", got)
	}
	if again.Service.Generation() != l.Service.Generation() {
		t.Error("the same folder is another generation")
	}
	// What comes from outside of the folder makes it another one where a process
	// keeps a secret; how such a name is made is then its own.
	salted := func(secret, env string) string {
		l, _ := load(t, nil, func(w *World) {
			w.Keys, w.Secret = keys, []byte(secret)
			w.Env = func(string) (string, bool) { return env, true }
		})
		return l.Service.Generation()
	}
	first := salted("s", "value-1")
	if first != salted("s", "value-1") || first == salted("s", "value-2") || first == salted("other", "value-1") || !strings.HasPrefix(first, l.Folder.Generation()+"-") {
		t.Errorf("generations %s, %s, %s", first, salted("s", "value-2"), salted("other", "value-1"))
	}
	changed, _ := load(t, map[string]string{"named values/endpoint/namedValueInformation.json": `{"properties": {"displayName": "endpoint", "value": "http://other.test"}}`}, nil)
	if changed.Service.Generation() == l.Service.Generation() {
		t.Error("a changed folder is the same generation")
	}
}

// TestProblems holds that everything wrong is said at its place, all at once,
// and that nothing is served then.
func TestProblems(t *testing.T) {
	for _, test := range []struct {
		over map[string]string
		want []string
	}{
		{map[string]string{"spillway.yaml": "namedValues: {kye: {value: x}, key: {value: y}}"}, []string{"spillway.yaml:1:20: ", "did you mean key?"}},
		{map[string]string{"spillway.yaml": "namedValues: {key: {env: NONE}}"}, []string{"spillway.yaml:1:20: namedValues.key", "NONE"}},
		{map[string]string{"spillway.yaml": "namedValues: {key: {file: none}}"}, []string{"namedValues.key: its file cannot be read"}},
		{map[string]string{"spillway.yaml": "namedValues: {key: {value: y}}\nsubscriptions: {nobody: {value: z}}"}, []string{"spillway.yaml:2:", "no subscription nobody"}},
		{map[string]string{"spillway.yaml": "namedValues: {key: {value: y}}\napis: {aii: {bearerKey: true}}"}, []string{"no API aii", "did you mean ai?"}},
		{map[string]string{"spillway.yaml": "namedValues: {key: {value: y}}\npools: {none: {strategy: apim}}"}, []string{"no backend pool none"}},
		{
			map[string]string{"spillway.yaml": "", "backends/b/backendInformation.json": `{"properties": {
"url": "{{endpiont}}", "protocol": "http",
"credentials": {"header": {"api-key": ["x", "{{key}}"]}, "query": {"code": ["{{key}}"]}}}}`},
			[]string{
				"backends/b/backendInformation.json:2:8: backend b, url: the service has no named value endpiont", "did you mean {{endpoint}}?",
				"backends/b/backendInformation.json:3:45: backend b, header api-key: nothing gives a value to the named value key", "add it to namedValues in spillway.yaml: key: {env: NAME}",
				"backends/b/backendInformation.json:3:77: backend b, query code: ",
			},
		},
		{
			map[string]string{
				"spillway.yaml": "namedValues: {key: {value: 'a {{ B }}'}}",
				"named values/b/namedValueInformation.json": `{"properties": {"displayName": "b", "value": "{{c}}"}}`,
				"named values/c/namedValueInformation.json": `{"properties": {"displayName": "c", "value": "{{key}}"}}`,
				"named values/d/namedValueInformation.json": `{"properties": {"displayName": "d", "value": "{{b}} {{d}}"}}`,
			},
			[]string{"b refers to itself: b -> c -> key -> b", "namedValueInformation.json:1:46: the named value d refers to itself: d -> d"},
		},
		{
			map[string]string{"spillway.yaml": "", "apis/ai/apiInformation.json": `{"properties": {"path": "ai",
"serviceUrl": "{{key}}/openai"}}`},
			[]string{"apis/ai/apiInformation.json:2:15: the serviceUrl of API ai cannot be used: nothing gives a value to the named value key", "add it to namedValues"},
		},
		{
			map[string]string{"spillway.yaml": "namedValues: {kye: {value: x}, key: {value: y}}", "apis/ai/policy.xml": "<policies><inbound><none /></inbound></policies>", "policy.xml": "<policies>"},
			[]string{"no named value with the display name kye", "there is no policy none", "policy.xml:1:"},
		},
	} {
		l, problems := load(t, test.over, nil)
		if !problems.HasErrors() || l.Service != nil {
			t.Errorf("%v: %d problems, a service: %v", test.over, len(problems), l.Service != nil)
		}
		drawn := problems.Draw()
		for _, want := range test.want {
			if !strings.Contains(drawn, want) {
				t.Errorf("no %q in\n%s", want, drawn)
			}
		}
	}
	// A file that cannot be read for another reason says that reason.
	_, problems := load(t, map[string]string{"spillway.yaml": "namedValues: {key: {file: f}}"}, func(w *World) {
		w.File = func(string) ([]byte, error) { return nil, errors.New("the disk is on fire") }
	})
	if !strings.Contains(problems.Draw(), "the disk is on fire") {
		t.Error(problems.Draw())
	}
}

// TestOneCause holds that what is missing is told of once, where it was to come
// from, and that values which are not known yet are no mistakes.
func TestOneCause(t *testing.T) {
	uses := func(spillway string) map[string]string {
		return map[string]string{
			"spillway.yaml":                                    spillway,
			"apis/ai/apiInformation.json":                      `{"properties": {"path": "ai", "serviceUrl": "{{endpoint}}/openai"}}`,
			"backends/one/backendInformation.json":             `{"properties": {"url": "{{endpoint}}", "protocol": "http", "credentials": {"header": {"api-key": ["{{key}}"]}}}}`,
			"backends/other/backendInformation.json":           `{"properties": {"url": "{{endpoint}}", "protocol": "http"}}`,
			"backends/pool/backendInformation.json":            `{"properties": {"type": "Pool", "pool": {"services": [{"id": "/backends/one"}]}}}`,
			"named values/endpoint/namedValueInformation.json": `{"properties": {"displayName": "endpoint", "secret": true}}`,
		}
	}
	for _, c := range []struct {
		spillway string
		edit     func(*World)
		want     []string
	}{
		{"namedValues: [", nil, []string{"yaml-syntax spillway.yaml:1:"}},
		{"namedValues: {endpoint: {env: NONE}, key: {env: NEITHER}}", nil, []string{"no-value spillway.yaml:1:25", "no-value spillway.yaml:1:43"}},
		{"namedValues: {endpoint: {env: KEY}, key: {env: KEY}}", nil, []string{
			"service-url apis/ai/apiInformation.json:1:45", "wrong-value apis/ai/policy.xml:1:132", "wrong-value backends/one/backendInformation.json:1:24", "wrong-value backends/other/backendInformation.json:1:24",
		}},
		{"namedValues: {endpoint: {env: KEY}, key: {env: KEY}}", func(w *World) { w.StandIns = true }, nil},
		{"namedValues: {endpoint: {env: KEY}, key: {file: one.key}, number: {env: KEY}}", func(w *World) { w.StandIns = true }, []string{"CS1061 policy.xml:1:79"}},
	} {
		over := uses(c.spillway)
		if strings.Contains(c.spillway, "number") {
			over["named values/number/namedValueInformation.json"] = `{"properties": {"displayName": "number", "secret": true}}`
			over["policy.xml"] = `<policies><inbound><set-variable name="{{key}}" value="@({{number}} + context.Nothing)" /><set-status code="{{number}}" /></inbound></policies>`
		}
		_, problems := load(t, over, c.edit)
		var got []string
		for _, p := range problems.Errors() {
			at, _, _ := strings.Cut(p.Error(), ": ")
			got = append(got, p.Code+" "+at)
		}
		if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%s: %q, want %q\n%s", c.spillway, got, c.want, problems.Draw())
		}
	}
}

// TestStrict holds that strict makes errors of warnings.
func TestStrict(t *testing.T) {
	breaker := map[string]string{
		"backends/a/backendInformation.json": `{"properties": {"url": "http://a.test", "protocol": "http", "circuitBreaker": {"rules": [{"name": "r", "tripDuration": "PT1M",
			"failureCondition": {"count": 1, "interval": "PT1M", "statusCodeRanges": [{"min": 400, "max": 599}]}}]}}}`,
	}
	l, problems := load(t, breaker, nil)
	if problems.HasErrors() || len(problems) == 0 || l.Service == nil {
		t.Errorf("a breaker that callers open is a warning: %s", problems.Draw())
	}
	breaker["spillway.yaml"] = base["spillway.yaml"] + "strict: true\n"
	l, problems = load(t, breaker, nil)
	if !problems.HasErrors() || l.Service != nil {
		t.Errorf("under strict it is an error: %s", problems.Draw())
	}
}

// TestKeptKeys holds that a caller's key that would travel along with a token is
// told, and one that is taken away is not.
func TestKeptKeys(t *testing.T) {
	const sign = `<authentication-managed-identity resource="https://cognitiveservices.azure.com" />`
	api := func(header string) string {
		return `{"properties": {"displayName": "ai", "path": "ai", "protocols": ["https"], "subscriptionKeyParameterNames": {"header": "` + header + `", "query": "k"}}}`
	}
	for _, test := range []struct{ header, inbound, want string }{
		{"api-key", sign, `apis/ai/policy.xml:1:21: callers of API ai show their key in api-key`},
		{"Api-Key", `<set-header name="x" exists-action="delete" />` + sign, "in Api-Key"},
		{"api-key", sign + `<set-header name="API-KEY" exists-action="delete" />`, ""},
		{"api-key", `<include-fragment fragment-id="sign" />`, "policy fragments/sign/policy.xml:1:"},
		{"x-key", sign, ""},
		{"api-key", "", ""},
	} {
		_, problems := load(t, map[string]string{
			"apis/ai/apiInformation.json":                          api(test.header),
			"apis/ai/policy.xml":                                   "<policies><inbound>" + test.inbound + "</inbound><backend><forward-request /></backend></policies>",
			"policy fragments/sign/policyFragmentInformation.json": `{"properties": {"format": "rawxml"}}`,
			"policy fragments/sign/policy.xml":                     "<fragment>" + sign + "</fragment>",
		}, nil)
		var drawn string
		for _, p := range problems {
			if p.Code == "key-kept" {
				drawn += p.Error() + "\n"
			}
		}
		if problems.HasErrors() || !strings.Contains(drawn, test.want) || test.want == "" && drawn != "" {
			t.Errorf("%s, %s: %q\n%s", test.header, test.inbound, drawn, problems.Draw())
		}
	}
}

// TestConfiguration holds that a publisher's overrides reach the service.
func TestConfiguration(t *testing.T) {
	l, problems := load(t, map[string]string{"spillway.yaml": "namedValues: {key: {env: KEY}}"}, func(w *World) {
		w.Configuration = source.NewFile("configuration.prod.yaml", "namedValues:\n  - name: endpoint\n    properties:\n      value: http://prod.test\n")
	})
	if problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	if n := l.Folder.Service.NamedValue("endpoint"); n.Value != "http://prod.test" {
		t.Errorf("endpoint %+v", n)
	}
}

// BenchmarkLoad is a small folder, read and compiled.
func BenchmarkLoad(b *testing.B) {
	l, err := policy.NewCSharp(policy.LanguageOptions{Now: time.Now, Rand: func() uint64 { return 4 }})
	if err != nil {
		b.Fatal(err)
	}
	fsys := folder(map[string]string{"spillway.yaml": "namedValues: {key: {value: secret}}"})
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Load(fsys, "bench", World{}, gateway.Settings{Policies: policy.Options{Language: l}}); problems.HasErrors() {
			b.Fatal(problems.Draw())
		}
	}
}
