package openapi_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/openapi"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// TestRead reads the first file of each archive and compares what it became
// with the file "want". A comment of "query" reads required query parameters
// as such.
func TestRead(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			query := apim.QueryIntoTemplate
			if strings.Contains(string(archive.Comment), "query") {
				query = apim.QueryAsQuery
			}
			spec, want := &archive.Files[0], &archive.Files[1]
			got := dump(openapi.Read(source.NewFile(spec.Name, string(spec.Data)), query))
			if got == string(want.Data) {
				return
			}
			if !*update {
				t.Fatalf("got\n%s\nwant\n%s", got, want.Data)
			}
			want.Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func dump(i *openapi.Import, problems []*source.Problem) string {
	var b strings.Builder
	if i != nil {
		fmt.Fprintf(&b, "title %q\n", i.Title)
		server, err := i.ServiceURL("")
		fmt.Fprintf(&b, "server %q", server)
		var refusal *openapi.ServiceURLError
		if errors.As(err, &refusal) {
			p := refusal.Problem
			fmt.Fprintf(&b, " refused: %s (%s)", p.Error(), p.Hint)
		}
		b.WriteByte('\n')
		for _, o := range i.Operations {
			fmt.Fprintf(&b, "%s %s\n    %s %q at %d\n", o.Method, o.URLTemplate, o.Name, o.DisplayName, o.Origin.File.Position(o.Origin.Span.Start).Line)
			params(&b, "template", o.TemplateParameters)
			params(&b, "query", o.Request.QueryParameters)
			params(&b, "header", o.Request.Headers)
			for _, r := range o.Request.Representations {
				fmt.Fprintf(&b, "    body %s\n", r.ContentType)
				for _, name := range slices.Sorted(maps.Keys(r.Examples)) {
					e := r.Examples[name]
					fmt.Fprintf(&b, "        example %s %q %s%s\n", name, e.Summary, e.Value, e.ExternalValue)
				}
			}
			for _, a := range o.Responses {
				var kinds []string
				for _, r := range a.Representations {
					kinds = append(kinds, r.ContentType)
				}
				fmt.Fprintf(&b, "    answer %d %q %v\n", a.StatusCode, a.Description, kinds)
			}
		}
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s: %s: %s", p.Code, p.Severity, p.Error())
		if p.Hint != "" {
			fmt.Fprintf(&b, " (%s)", p.Hint)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func params(b *strings.Builder, what string, list []apim.Parameter) {
	for _, p := range list {
		fmt.Fprintf(b, "    %s %s %s", what, p.Name, p.Type)
		if p.Required {
			b.WriteString(" required")
		}
		if p.DefaultValue != "" {
			fmt.Fprintf(b, " default %q", p.DefaultValue)
		}
		if len(p.Values) > 0 {
			fmt.Fprintf(b, " of %v", p.Values)
		}
		b.WriteByte('\n')
	}
}

func TestServiceURL(t *testing.T) {
	const spec = `{"openapi":"3.0.0","servers":[{"url":"https://{endpoint}/openai","variables":{"endpoint":{"default":"h.example"}}}],"paths":{}}`
	i, problems := openapi.Read(source.NewFile("f", spec), "")
	if i == nil || len(problems) > 0 {
		t.Fatal(problems)
	}
	if u, err := i.ServiceURL("https://given.example"); u != "https://given.example" || err != nil {
		t.Errorf("with a serviceUrl: %q, %v; want it to win", u, err)
	}
	if u, err := i.ServiceURL(""); u != "" || err == nil || err.Error() != "Invalid value of the Web service url" {
		t.Errorf("without: %q, %v; want the refusal, no default filled in", u, err)
	}
}

// TestByteOrderMark reads a specification that an editor on Windows saved, and
// refuses one whose mark was read as Latin-1 in words that say so.
func TestByteOrderMark(t *testing.T) {
	const spec = `{"openapi":"3.0.0","paths":{"/a":{"get":{}}}}`
	if i, problems := openapi.Read(source.NewFile("f", "\ufeff"+spec), ""); len(problems) > 0 || len(i.Operations) != 1 {
		t.Errorf("a byte-order mark: %v", problems)
	}
	i, problems := openapi.Read(source.NewFile("f", "\u00ef\u00bb\u00bf"+spec), "")
	if i != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "byte-order mark decoded as Latin-1") {
		t.Errorf("a mangled one: %v", problems)
	}
}

func TestNormalized(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"ChatCompletions_Create":       "chatcompletions-create",
		"get /a/{b}?c={d}":             "get-a-b-c-d",
		"  --x--  ":                    "x",
		"Größe":                        "gr-e",
		strings.Repeat("a", 100):       strings.Repeat("a", 76),
		strings.Repeat("a", 75) + "-b": strings.Repeat("a", 75),
	} {
		if got := openapi.Normalized(in); got != want {
			t.Errorf("Normalized(%q) = %q; want %q", in, got, want)
		}
	}
}

// TestWrite writes an API and reads it back.
func TestWrite(t *testing.T) {
	a := &apim.API{Resource: apim.Resource{Name: "a"}, DisplayName: "A", Description: "What it does"}
	a.Defaults()
	a.KeyNames.Header = "api-key"
	a.Operations = []*apim.Operation{
		{
			Resource: apim.Resource{Name: "Chat_Create"}, DisplayName: "Chat", Method: "POST", URLTemplate: "/deployments/{id}/chat?api-version={api-version}",
			TemplateParameters: []apim.Parameter{{Name: "id", Type: "string", Required: true}, {Name: "api-version", Type: "string", Required: true, DefaultValue: "2024-10-21"}},
			Request: &apim.OperationRequest{
				QueryParameters: []apim.Parameter{{Name: "x", Type: "integer", Values: []string{"1", "2"}}},
				Headers:         []apim.Parameter{{Name: "h", Type: "string"}}, Representations: []apim.Representation{{ContentType: "application/json", Examples: map[string]apim.Example{"default": {Summary: "Hi", Value: json.RawMessage(`{"n":0}`)}}}},
			},
			Responses: []apim.OperationAnswer{{StatusCode: 201, Description: "Made", Representations: []apim.Representation{{ContentType: "text/plain"}}}},
		},
		{Resource: apim.Resource{Name: "all"}, DisplayName: "All", Method: "GET", URLTemplate: "/*"},
		{Resource: apim.Resource{Name: "list"}, DisplayName: "List", Method: "GET", URLTemplate: "/deployments/{id}/chat"},
	}
	text := openapi.Write(a, "https://gateway.example/a")
	i, problems := openapi.Read(source.NewFile("f", string(text)), "")
	const want = `title "A"
server "https://gateway.example/a"
POST /deployments/{id}/chat?api-version={api-version}
    Chat_Create "Chat" at 15
    template id string required
    template api-version string required default "2024-10-21"
    query x integer of [1 2]
    header h string
    body application/json
        example default "Hi" {"n":0}
    answer 201 "Made" [text/plain]
GET /deployments/{id}/chat
    list "List" at 78
    template id string required
    answer 200 "" []
GET /*
    all "All" at 89
    answer 200 "" []
`
	if got := dump(i, problems); got != want {
		t.Errorf("got\n%s\nwant\n%s\nfrom\n%s", got, want, text)
	}
}

// FuzzRead holds that no specification crashes or stalls the reader, and that
// what it reads can be written and read again.
func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		i, problems := openapi.Read(source.NewFile("f", text), "")
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("reading %d bytes took %v", len(text), took)
		}
		if i == nil {
			if len(problems) == 0 {
				t.Fatal("nothing read and no problem")
			}
			return
		}
		a := &apim.API{Operations: i.Operations}
		if n, problems := tree.ParseJSON(source.NewFile("g", string(openapi.Write(a, "https://h")))); n == nil {
			t.Fatal(problems)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var s strings.Builder
	s.WriteString("openapi: 3.0.1\npaths:\n")
	for i := range 200 {
		fmt.Fprintf(&s, "  /p%d/{id}:\n    post:\n      operationId: op%d\n      parameters:\n        - {name: id, in: path, required: true}\n        - {name: v, in: query, required: true}\n      responses:\n        '200': {description: ok}\n", i, i)
	}
	f := source.NewFile("f", s.String())
	b.SetBytes(int64(s.Len()))
	b.ReportAllocs()
	for b.Loop() {
		openapi.Read(f, "")
	}
}
