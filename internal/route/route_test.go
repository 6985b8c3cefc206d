package route

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-gateway/spillway/apim"
)

// service builds a service from lines like
//
//	api NAME path=PATH [version=V] [set=SCHEME:KEY] [rev=N] [offline] [protocols=a,b]
//	METHOD TEMPLATE
//
// where operations belong to the API above them and are named by their line.
func service(text string) *apim.Service {
	svc := &apim.Service{}
	var a *apim.API
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if fields[0] != "api" {
			o := &apim.Operation{Method: fields[0], URLTemplate: fields[1]}
			o.Name = fields[0] + " " + fields[1]
			a.Operations = append(a.Operations, o)
			continue
		}
		a = &apim.API{}
		a.Name = fields[1]
		a.Defaults()
		for _, f := range fields[2:] {
			key, value, _ := strings.Cut(f, "=")
			switch key {
			case "path":
				a.Path = value
			case "version":
				a.Version = value
			case "set":
				scheme, name, _ := strings.Cut(value, ":")
				a.InlineVersionSet = &apim.InlineVersionSet{
					Scheme: apim.VersioningScheme(scheme), HeaderName: name, QueryName: name,
				}
			case "rev":
				a.Revision = value
			case "offline":
				a.IsOnline = false
			case "protocols":
				a.Protocols = nil
				for _, p := range strings.Split(value, ",") {
					a.Protocols = append(a.Protocols, apim.Protocol(p))
				}
			}
		}
		svc.APIs = append(svc.APIs, a)
	}
	return svc
}

const routes = `
api openai path=openai-test
POST /openai/deployments/{deployment-id}/chat/completions
POST /openai/deployments/{deployment-id}/embeddings
GET /openai/{name}
GET /openai/models
GET /tail/*
GET /named/{*rest}
GET /wide/{a}/x
GET /wide/b/{c}
GET /order({id})
GET /mixed/{a}-{b}.json
GET /q/chat?api-version={api-version}
GET /q/chat?api-version={api-version}&mode=fast
GET /q/two
GET /q/two?x={x}
GET /q/literal?format=xml
api deeper path=openai-test/inner
GET /hello
api root path=
GET /rooted
GET /*
api shop path=shop
GET /items
api shop;rev=2 path=shop rev=2
GET /items
GET /new
api shop;rev=3 path=shop rev=3 offline
GET /items
api seg-v1 path=seg version=v1 set=Segment
GET /x
api seg-v1;rev=2 path=seg version=v1 set=Segment rev=2
GET /x2
api seg path=seg
GET /x
api head-v1 path=head version=1 set=Header:X-Version
GET /x
api head-v2 path=head version=2 set=Header:X-Version
GET /y
api query-v1 path=query version=2024-01-01 set=Query:api-version
GET /x
api query path=query
GET /x
api only path=only protocols=https
GET /x
`

func TestMatch(t *testing.T) {
	table := New(service(routes), Options{})
	for _, c := range []struct {
		request string // METHOD PATH?QUERY [Header: value]
		api, op string // op "" when only the API matches, api "" when nothing does
		params  string
		rest    string
	}{
		{"POST /openai-test/openai/deployments/gpt/chat/completions?api-version=1", "openai", "POST /openai/deployments/{deployment-id}/chat/completions", "deployment-id=gpt", "/openai/deployments/gpt/chat/completions"},
		{"POST /OpenAI-Test/OPENAI/deployments/gpt/Chat/completions", "openai", "POST /openai/deployments/{deployment-id}/chat/completions", "deployment-id=gpt", "/OPENAI/deployments/gpt/Chat/completions"},
		{"POST //openai-test//openai/deployments/gpt//embeddings", "openai", "POST /openai/deployments/{deployment-id}/embeddings", "deployment-id=gpt", "/openai/deployments/gpt/embeddings"},
		{"POST /openai-test/openai/deployments/a%2Fb/embeddings", "openai", "POST /openai/deployments/{deployment-id}/embeddings", "deployment-id=a/b", "/openai/deployments/a%2Fb/embeddings"},
		{"POST /openai-test/openai/deployments/a+b%20c/embeddings/", "openai", "POST /openai/deployments/{deployment-id}/embeddings", "deployment-id=a+b c", "/openai/deployments/a+b%20c/embeddings/"},
		{"GET /openai-test/openai/deployments/gpt/embeddings", "openai", "", "", "/openai/deployments/gpt/embeddings"},
		{"PATCH /openai-test/openai/models", "openai", "", "", "/openai/models"},
		{"HEAD /openai-test/openai/models", "openai", "", "", "/openai/models"},
		{"get /openai-test/openai/models", "openai", "", "", "/openai/models"},
		// Literals beat parameters, whatever was declared first.
		{"GET /openai-test/openai/models", "openai", "GET /openai/models", "", "/openai/models"},
		{"GET /openai-test/openai/other", "openai", "GET /openai/{name}", "name=other", "/openai/other"},
		{"GET /openai-test/wide/b/x", "openai", "GET /wide/b/{c}", "c=x", "/wide/b/x"},
		{"GET /openai-test/wide/z/x", "openai", "GET /wide/{a}/x", "a=z", "/wide/z/x"},
		// Wildcards want their slash.
		{"GET /openai-test/tail", "openai", "", "", "/tail"},
		{"GET /openai-test/tail/", "openai", "GET /tail/*", "", "/tail/"},
		{"GET /openai-test/tail/a/b%2fc", "openai", "GET /tail/*", "", "/tail/a/b%2fc"},
		{"GET /openai-test/named/a/b/", "openai", "GET /named/{*rest}", "rest=a/b/", "/named/a/b/"},
		// Parameters inside a segment.
		{"GET /openai-test/order(17)", "openai", "GET /order({id})", "id=17", "/order(17)"},
		{"GET /openai-test/order()", "openai", "", "", "/order()"},
		{"GET /openai-test/mixed/x-y-z.json", "openai", "GET /mixed/{a}-{b}.json", "a=x b=y-z", "/mixed/x-y-z.json"},
		{"GET /openai-test/mixed/-y.json", "openai", "", "", "/mixed/-y.json"},
		// Query parameters of a template are required.
		{"GET /openai-test/q/chat", "openai", "", "", "/q/chat"},
		{"GET /openai-test/q/chat?z=1&API-Version=2%2b3&api-version=9", "openai", "GET /q/chat?api-version={api-version}", "api-version=2+3", "/q/chat"},
		{"GET /openai-test/q/chat?mode=fast&api-version=", "openai", "GET /q/chat?api-version={api-version}&mode=fast", "api-version=", "/q/chat"},
		{"GET /openai-test/q/two?x=1", "openai", "GET /q/two?x={x}", "x=1", "/q/two"},
		{"GET /openai-test/q/two", "openai", "GET /q/two", "", "/q/two"},
		{"GET /openai-test/q/literal?format=json", "openai", "", "", "/q/literal"},
		{"GET /openai-test/q/literal?format=xml", "openai", "GET /q/literal?format=xml", "", "/q/literal"},
		// The longest prefix wins and there is no way back.
		{"GET /openai-test/inner/hello", "deeper", "GET /hello", "", "/hello"},
		{"GET /openai-test/inner/models", "deeper", "", "", "/models"},
		{"GET /openai-testy/x", "root", "GET /*", "", "/openai-testy/x"},
		{"GET /rooted", "root", "GET /rooted", "", "/rooted"},
		{"GET /", "root", "GET /*", "", "/"},
		{"GET /openai-test", "openai", "", "", ""},
		// Revisions.
		{"GET /shop/items", "shop", "GET /items", "", "/items"},
		{"GET /shop/new", "shop", "", "", "/new"},
		{"GET /shop;rev=2/new", "shop;rev=2", "GET /new", "", "/new"},
		{"GET /Shop;REV=1/items", "shop", "GET /items", "", "/items"},
		{"GET /shop;rev=3/items", "root", "GET /*", "", "/shop;rev=3/items"},
		{"GET /seg/v1;rev=2/x2", "seg-v1;rev=2", "GET /x2", "", "/x2"},
		{"GET /;rev=1/rooted", "root", "GET /rooted", "", "/rooted"},
		{"GET /openai-test/tail/a;rev=9", "openai", "GET /tail/*", "", "/tail/a;rev=9"},
		// Versions.
		{"GET /seg/V1/x", "seg-v1", "GET /x", "", "/x"},
		{"GET /seg/x", "seg", "GET /x", "", "/x"},
		{"GET /seg/v2/x", "seg", "", "", "/v2/x"},
		{"GET /head/x X-Version: 1", "head-v1", "GET /x", "", "/x"},
		{"GET /head/y x-version: 2", "head-v2", "GET /y", "", "/y"},
		{"GET /head/x x-version: 3", "", "", "", ""},
		{"GET /head/x", "", "", "", ""},
		{"GET /query/x?api-version=2024-01-01", "query-v1", "GET /x", "", "/x"},
		{"GET /query/x", "query", "GET /x", "", "/x"},
		{"GET /query/x?api-version=2023-01-01", "", "", "", ""},
		{"GET /only/x", "only", "GET /x", "", "/x"},
	} {
		t.Run(c.request, func(t *testing.T) {
			m, ok := table.Match(parse(t, c.request))
			if ok != (c.op != "") {
				t.Errorf("matched %v", ok)
			}
			var api, op string
			if m.API != nil {
				api = m.API.Name
				if m.API.Revision != "1" && !strings.Contains(api, ";") {
					api += ";rev=" + m.API.Revision
				}
			}
			if m.Operation != nil {
				op = m.Operation.Name
			}
			var params []string
			for _, p := range m.Parameters {
				params = append(params, p.Name+"="+p.Value)
			}
			got := []string{api, op, strings.Join(params, " "), m.Rest}
			want := []string{c.api, c.op, c.params, c.rest}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("want - got +:\n%s", d)
			}
		})
	}
}

func parse(t testing.TB, text string) *Request {
	target, header, _ := strings.Cut(text, " X-")
	if header == "" {
		target, header, _ = strings.Cut(text, " x-")
	}
	method, target, _ := strings.Cut(target, " ")
	raw, query, _ := strings.Cut(target, "?")
	path, err := ParsePath(raw)
	if err != nil {
		t.Fatal(err)
	}
	name, value, _ := strings.Cut(header, ": ")
	return &Request{Method: method, Scheme: "http", Path: path, Query: query, Header: func(n string) (string, bool) {
		return value, header != "" && strings.EqualFold(n, "x-"+name)
	}}
}

// The APIs of workspaces share the gateway's paths.
func TestWorkspaces(t *testing.T) {
	svc := service("api a path=a\nGET /x")
	svc.Workspaces = []*apim.Workspace{{Contents: service("api b path=b version=v1 set=Segment\nGET /y").Contents}}
	if m, ok := New(svc, Options{}).Match(parse(t, "GET /b/v1/y")); !ok || m.API.Name != "b" {
		t.Errorf("matched %+v, %v", m, ok)
	}
}

func TestEnforceProtocols(t *testing.T) {
	table := New(service(routes), Options{EnforceProtocols: true})
	r := parse(t, "GET /only/x")
	if _, ok := table.Match(r); ok {
		t.Error("an https API answered on http")
	}
	r.Scheme = "https"
	if _, ok := table.Match(r); !ok {
		t.Error("an https API did not answer on https")
	}
}

func TestParsePath(t *testing.T) {
	for _, c := range []struct{ raw, clean string }{
		{"/", "/"},
		{"//", "/"},
		{"/a//b", "/a/b"},
		{"/a/b//", "/a/b/"},
		{"/a;x=1/b", "/a;x=1/b"},
		{"/a%2Fb", "/a%2Fb"},
		{`/a\b`, `/a\b`},
		{"/%252e%252e/x", "/%252e%252e/x"},
		{"/...", "/..."},
		{"/%E2%82%AC", "/%E2%82%AC"},
	} {
		p, err := ParsePath(c.raw)
		if err != nil || p.String() != c.clean {
			t.Errorf("%s: %q, %v; want %q", c.raw, p, err, c.clean)
		}
	}
	for _, raw := range []string{
		"", "*", "a/b", "/..", "/openai/../admin", "/a/./b", "/%2e%2e/x", "/%2E./x", "/.%2e", "/a%00", "/a%0d%0a", "/%c0%af", "/%c0%ae%c0%ae", "/%ff", "/%2", "/%zz", "/a/..",
	} {
		if p, err := ParsePath(raw); !errors.Is(err, ErrBadPath) {
			t.Errorf("%q was read as %q", raw, p)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct{ request, nearest, reason string }{
		{"POST /openai-test/openai/responses?api-version=1", "GET /openai/{name}", "another method than POST"},
		{"GET /openai-test/q/chat", "GET /q/chat?api-version={api-version}", `requires the query parameter "api-version"`},
		{"GET /openai-test/q/literal?format=json", "GET /q/literal?format=xml", `requires the value "xml"`},
		{"PUT /openai-test/openai/models", "GET /openai/models", "another method than PUT"},
		{"POST /openai-test/openai/deployments/d/responses", "POST /openai/deployments/{deployment-id}/embeddings", "matches no operation"},
		{"GET /head/x x-version: 9", "", `version "1" in the header "X-Version"`},
		{"GET /only/x", "", "is not for http"},
	} {
		table := New(service(routes), Options{EnforceProtocols: strings.HasPrefix(c.request, "GET /only")})
		r := parse(t, c.request)
		if m, ok := table.Match(r); ok {
			t.Errorf("%s matched %v", c.request, m)
			continue
		}
		e := table.Explain(r)
		if !strings.Contains(e.Reason, c.reason) || c.nearest != "" && (e.Operation == nil || e.Operation.Name != c.nearest) {
			t.Errorf("%s: %s (%v)", c.request, e.Reason, e.Operation)
		}
	}
	if e := New(&apim.Service{}, Options{}).Explain(parse(t, "GET /x")); e.Reason == "" {
		t.Error("an empty service explains nothing")
	}
}

// A hostile segment must not cost more than its length.
func TestMixedIsLinear(t *testing.T) {
	table := New(service("api a path=a\nGET /{a}-{b}-{c}-{d}-x"), Options{})
	r := parse(t, "GET /a/"+strings.Repeat("-", 16000))
	if _, ok := table.Match(r); ok {
		t.Error("matched")
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"/", "//a//", "/a%2fb/;rev=2", "/%e2%82%ac", "/../x", "/%", "*"} {
		f.Add(s)
	}
	table := New(service(routes), Options{})
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := ParsePath(raw)
		if err != nil {
			return
		}
		again, err := ParsePath(p.String())
		if err != nil || again.String() != p.String() {
			t.Fatalf("%q cleaned to %q, which reads as %q, %v", raw, p, again, err)
		}
		for _, s := range p.segments {
			if s.value == "" && p.raw[s.start:s.end] == "" || s.value == ".." || s.value == "." {
				t.Fatalf("%q has the segment %q", raw, s.value)
			}
		}
		m, _ := table.Match(&Request{Method: "GET", Path: p})
		if m.API != nil && m.Prefix+m.Rest != p.raw {
			t.Fatalf("%q split into %q and %q", p.raw, m.Prefix, m.Rest)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	var text strings.Builder
	text.WriteString(routes)
	for i := range 200 {
		fmt.Fprintf(&text, "api x%d path=p%d/q\nGET /a\nPOST /b/{c}\n", i, i)
	}
	table := New(service(text.String()), Options{})
	raw := "/openai-test/openai/deployments/gpt-35-turbo/chat/completions"
	b.ReportAllocs()
	for b.Loop() {
		p, err := ParsePath(raw)
		if err != nil {
			b.Fatal(err)
		}
		if _, ok := table.Match(&Request{Method: "POST", Path: p, Query: "api-version=2024-10-21"}); !ok {
			b.Fatal("no match")
		}
	}
}
