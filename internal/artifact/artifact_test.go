package artifact_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// TestLoad loads the folder in each archive and compares the service and the
// problems with the file "want". A file "@configuration" is laid over it. A
// folder without errors is then written to an empty folder, where it must be
// the same, and over itself, where nothing must change.
func TestLoad(t *testing.T) {
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
			files, o := fstest.MapFS{}, options()
			want := -1
			for i, f := range archive.Files {
				switch f.Name {
				case "want":
					want = i
				case "@configuration":
					o.Configuration = source.NewFile("configuration.prod.yaml", string(f.Data))
				default:
					files[f.Name] = &fstest.MapFile{Data: f.Data}
				}
			}
			folder, problems := artifact.Load(files, o)
			got := dump(folder.Service) + tell(problems)
			if strings.Contains(got, "S3CRET") || strings.Contains(drawn(problems), "S3CRET") {
				t.Errorf("a secret is shown:\n%s%s", got, drawn(problems))
			}
			if !problems.HasErrors() {
				roundTrip(t, files, folder.Service)
			}
			if got == string(archive.Files[want].Data) {
				return
			}
			if !*update {
				t.Fatalf("got\n%s\nwant\n%s", got, archive.Files[want].Data)
			}
			archive.Files[want].Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func options() artifact.Options {
	return artifact.Options{Token: func(name string) (string, bool) { return "S3CRET-" + name, name == "known" }}
}

func tell(problems source.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %s: %s", p.Severity, p.Code, p.Error())
		if p.Hint != "" {
			fmt.Fprintf(&b, " (%s)", p.Hint)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// drawn are the texts that problems would draw.
func drawn(problems source.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		if p.File != nil {
			b.WriteString(p.File.Text())
		}
	}
	return b.String()
}

func roundTrip(t *testing.T, files fstest.MapFS, s *apim.Service) {
	t.Helper()
	fresh := t.TempDir()
	if err := write(t, fresh, s); err != nil {
		t.Fatal(err)
	}
	root := open(t, fresh)
	written, _ := artifact.Load(root, artifact.Options{})
	original, _ := artifact.Load(files, artifact.Options{})
	read := slices.DeleteFunc(original.Files, func(p string) bool { return p == artifact.SettingsFile })
	if !slices.Equal(written.Files, read) {
		t.Errorf("written files\n%s\nwant\n%s", strings.Join(written.Files, "\n"), strings.Join(read, "\n"))
	}
	for _, name := range written.Files {
		was, now := string(files[name].Data), string(must(fs.ReadFile(root, name)))
		if strings.HasSuffix(name, ".json") && !strings.HasPrefix(filepath.Base(name), "specification.") {
			a, _ := tree.Parse(source.NewFile(name, was))
			b, _ := tree.Parse(source.NewFile(name, now))
			if !tree.Equal(a, b) {
				t.Errorf("%s became\n%s\nfrom\n%s", name, now, was)
			}
		} else if was != now {
			t.Errorf("%s changed", name)
		}
	}
	if changes := must(artifact.Diff(files, nil, &apim.Service{}, s)); len(changes) > 0 {
		t.Errorf("writing a service over its own folder would change %v", slices.Sorted(maps.Keys(changes)))
	}
}

// write makes a folder hold the service.
func write(t *testing.T, dir string, s *apim.Service) error {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := open(t, dir)
	before, _ := artifact.Load(root, artifact.Options{})
	changes, err := artifact.Diff(root, before.Files, before.Service, s)
	if err != nil {
		return err
	}
	return artifact.Apply(dir, changes)
}

func open(t *testing.T, dir string) *artifact.Root {
	t.Helper()
	root, err := artifact.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// dump is a service in few words.
func dump(s *apim.Service) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	document := func(indent string, d *apim.Document) {
		if d != nil {
			p("%spolicy %s %s %s %q", indent, d.Scope, d.Format, d.File.Name(), strings.TrimSpace(d.Text()))
		}
	}
	contents := func(c *apim.Contents) {
		document("", c.Policy)
		for _, n := range c.NamedValues {
			p("named value %s {{%s}} %q has=%v secret=%v vault=%v", n.Name, n.DisplayName, strings.ReplaceAll(n.Value, "S3CRET", "…"), n.HasValue, n.Secret, n.KeyVault != nil)
		}
		for _, x := range c.Backends {
			p("backend %s %s %q", x.Name, x.Type, x.URL)
			if x.Pool != nil {
				for _, m := range x.Pool.Services {
					p("  member %s priority=%s weight=%s", apim.Tail(m.ID), opt(m.Priority), opt(m.Weight))
				}
			}
			if x.CircuitBreaker != nil {
				for _, r := range x.CircuitBreaker.Rules {
					p("  rule %s %d/%d%% in %v trips %v accept=%v %v %v", r.Name, r.FailureCondition.Count, r.FailureCondition.Percentage, r.FailureCondition.Interval, r.TripDuration, r.AcceptRetryAfter, r.FailureCondition.StatusCodeRanges, r.FailureCondition.ErrorReasons)
				}
			}
			if !x.TLS.ValidateCertificateChain || !x.TLS.ValidateCertificateName {
				p("  tls chain=%v name=%v", x.TLS.ValidateCertificateChain, x.TLS.ValidateCertificateName)
			}
			if x.Credentials != nil {
				p("  credentials %d headers, %d query", len(x.Credentials.Header), len(x.Credentials.Query))
			}
		}
		for _, x := range c.Loggers {
			p("logger %s %s", x.Name, x.Type)
		}
		for _, x := range c.Diagnostics {
			p("diagnostic %s -> %s", x.Name, apim.Tail(x.LoggerID))
		}
		for _, x := range c.Groups {
			p("group %s %q", x.Name, x.DisplayName)
		}
		for _, x := range c.VersionSets {
			p("version set %s %s header=%q query=%q", x.Name, x.Scheme, x.HeaderName, x.QueryName)
		}
		for _, x := range c.Fragments {
			p("fragment %s %s %s %q", x.Name, x.Document.Format, x.Document.File.Name(), strings.TrimSpace(x.Document.Text()))
		}
		for _, a := range c.APIs {
			p("api %s %q /%s -> %q current=%v rev=%s subscription=%v keys=%s,%s", a.Name, a.DisplayName, c.PublicPath(a), a.ServiceURL, a.IsCurrent, a.Revision, a.SubscriptionRequired, a.KeyNames.Header, a.KeyNames.Query)
			document("  ", a.Policy)
			for _, o := range a.Operations {
				p("  %s %s %s %q", o.Method, o.URLTemplate, o.Name, o.DisplayName)
				document("    ", o.Policy)
			}
			for _, x := range a.Diagnostics {
				p("  diagnostic %s", x.Name)
			}
			for _, x := range a.Releases {
				p("  release %s %q", x.Name, x.Notes)
			}
			for _, x := range a.Tags {
				p("  tag %s", x.Target)
			}
		}
		for _, x := range c.Products {
			p("product %s %q %s subscription=%v", x.Name, x.DisplayName, x.State, x.SubscriptionRequired)
			document("  ", x.Policy)
			for _, k := range [][]apim.Link{x.APIs, x.Groups, x.Tags} {
				for _, y := range k {
					p("  -> %s (%s)", y.Target, y.Name)
				}
			}
		}
		for _, x := range c.Tags {
			p("tag %s apis=%d products=%d", x.Name, len(x.APIs), len(x.Products))
		}
		for _, x := range c.Subscriptions {
			p("subscription %s %s %s keys=%v tracing=%v", x.Name, x.Scope, x.State, x.PrimaryKey != "", x.AllowTracing)
		}
	}
	contents(&s.Contents)
	for _, x := range s.Users {
		p("user %s %s groups=%d", x.Name, x.Email, len(x.Groups))
	}
	for _, x := range s.Caches {
		p("cache %s %s", x.Name, x.UseFromLocation)
	}
	for _, x := range s.Gateways {
		p("gateway %s apis=%d", x.Name, len(x.APIs))
	}
	for _, w := range s.Workspaces {
		p("workspace %s", w.Name)
		contents(&w.Contents)
	}
	return b.String()
}

func opt(p *int) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprint(*p)
}

// FuzzLoad loads folders of one file of each kind with hostile content.
func FuzzLoad(f *testing.F) {
	f.Add(`{"properties":{"displayName":"a","value":"b","secret":true}}`)
	f.Add(`{"properties":{"path":"/p","type":"http","pool":{"services":[{"id":"x"}]},"circuitBreaker":{"rules":[{}]},"scope":"/apis"}}`)
	f.Add(`[{"name":"a"}]`)
	f.Add("openapi: 3.0.0\npaths:\n  /a: {get: {operationId: x}}\n")
	f.Add("namedValues:\n- name: x\n  properties: {value: '{#known#}'}\n")
	names := []string{
		"policy.xml", "apis/x/apiInformation.json", "apis/x/specification.yaml", "apis/x/tags.json", "apis/x/operations/x/operationInformation.json",
		"apis/x;rev=2/apiInformation.json", "backends/x/backendInformation.json", "named values/x/namedValueInformation.json",
		"products/x/productInformation.json", "products/x/apis.json", "subscriptions/x/subscriptionInformation.json", "tags/x/tagInformation.json",
		"policy fragments/x/policyFragmentInformation.json", "version sets/x/versionSetInformation.json", "workspaces/x/apis/x/apiInformation.json",
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := fstest.MapFS{}
		for _, name := range names {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		o := options()
		o.Configuration = source.NewFile("configuration", text)
		start := time.Now()
		folder, problems := artifact.Load(files, o)
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("loading %d bytes took %v", len(text), took)
		}
		for _, p := range problems {
			if p.File != nil && (p.Span.Start < 0 || p.Span.End > len(p.File.Text()) || p.Span.Start > p.Span.End) {
				t.Fatalf("%v lies outside of its file: %v", p, p.Span)
			}
		}
		if folder == nil || folder.Service == nil || len(folder.Hash) != 64 {
			t.Fatal("no folder")
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	files := fstest.MapFS{}
	for i := range 50 {
		dir := fmt.Sprintf("apis/a%d/", i)
		files[dir+"apiInformation.json"] = &fstest.MapFile{Data: fmt.Appendf(nil, `{"properties":{"displayName":"a","path":"p%d","protocols":["https"]}}`, i)}
		files[dir+"policy.xml"] = &fstest.MapFile{Data: []byte("<policies/>")}
		for j := range 10 {
			files[fmt.Sprintf("%soperations/o%d/operationInformation.json", dir, j)] = &fstest.MapFile{Data: fmt.Appendf(nil, `{"properties":{"displayName":"o","method":"POST","urlTemplate":"/o%d/{x}"}}`, j)}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := artifact.Load(files, artifact.Options{}); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
