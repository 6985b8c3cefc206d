package examples_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/source"
)

func folder(t *testing.T, name string) fs.FS {
	t.Helper()
	files, err := examples.FS(name)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestSamples loads and compiles each sample as serve does, and holds it to
// what documentation and clients rely on.
func TestSamples(t *testing.T) {
	world := service.World{
		Region: func(name string) (string, []string, bool) {
			return "http://" + name + ".test", []string{"key-of-" + name, "other"}, true
		},
		Random: func(b []byte) { copy(b, "0123456789abcdef") },
	}
	for _, name := range examples.Names() {
		t.Run(name, func(t *testing.T) {
			l, problems := service.Load(folder(t, name), name, world, gateway.Settings{Policies: policy.Options{Language: server.Language()}})
			for _, p := range problems {
				t.Error(source.Problems{p}.Draw())
			}
			s := l.Folder.Service
			api := s.API("my-cool-openai-test")
			if api == nil {
				t.Fatal("no API my-cool-openai-test")
			}
			if api.DisplayName != "My Cool OpenAI Test" || api.Path != "openai-test" || api.KeyNames.Header != "api-key" || !api.SubscriptionRequired {
				t.Errorf("%q at %q, key in %q, subscription %v", api.DisplayName, api.Path, api.KeyNames.Header, api.SubscriptionRequired)
			}
			var templates []string
			for _, o := range api.Operations {
				templates = append(templates, o.Method+" "+o.URLTemplate)
			}
			const want = "POST /openai/deployments/{deployment-id}/chat/completions, POST /openai/deployments/{deployment-id}/embeddings"
			if got := strings.Join(templates, ", "); got != want {
				t.Errorf("operations %s; want %s", got, want)
			}
			if x := s.Subscription("contoso-chat"); x == nil || x.State != apim.Active || x.PrimaryKey != "30313233343536373839616263646566" {
				t.Errorf("subscription %+v", x)
			}
			if len(l.Settings.Regions) != 3 {
				t.Errorf("%d regions", len(l.Settings.Regions))
			}
			for i, r := range l.Settings.Regions {
				if n := s.NamedValue("key-" + r.Name); r.Port != 9101+i || n == nil || !n.Secret || n.Value != "key-of-"+r.Name {
					t.Errorf("region %s on %d, key %+v", r.Name, r.Port, n)
				}
				if n := s.NamedValue("endpoint-" + r.Name); n == nil || n.Sensitive() || n.Value != "http://"+r.Name+".test" {
					t.Errorf("endpoint of %s: %+v", r.Name, n)
				}
			}
			if s.Policy == nil || api.Policy == nil {
				t.Error("a sample shows a document at both scopes")
			}
		})
	}
}

// TestSettings holds each spillway.yaml to the schema that editors use.
func TestSettings(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(settings.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(settings.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(settings.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range examples.Names() {
		text, err := fs.ReadFile(folder(t, name), settings.FileName)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "$schema="+settings.SchemaID) {
			t.Errorf("%s: editors are not told of the schema", name)
		}
		n, problems := tree.ParseYAML(source.NewFile(name, string(text)))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var v any
		if err := json.Unmarshal(n.JSON(), &v); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range examples.Names() {
		if _, err := fs.Stat(folder(t, name), "README.md"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := examples.FS("none"); err == nil || !strings.Contains(err.Error(), "azure-openai") {
		t.Errorf("an unknown sample: %v", err)
	}
	if _, err := examples.FS(examples.Default); err != nil {
		t.Error(err)
	}
}
