//go:build unix

package artifact_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/artifact"
)

// folderOf makes a folder of the machine.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const apiFile = `{"properties":{"displayName":"A","path":"a","protocols":["https"]}}`

func TestHostileFolders(t *testing.T) {
	outside := folderOf(t, map[string]string{"secret.xml": "<S3CRET/>", "backends/b/backendInformation.json": `{"properties":{"url":"https://S3CRET"}}`})
	for name, c := range map[string]struct {
		files  map[string]string
		spoil  func(t *testing.T, dir string)
		limits artifact.Limits
		want   string
	}{
		"file link out": {
			spoil: func(t *testing.T, dir string) { link(t, filepath.Join(outside, "secret.xml"), dir, "policy.xml") },
			want:  "error symlink: policy.xml:1:1: the file cannot be opened within the service folder: path escapes from parent\n",
		},
		"relative link out": {
			spoil: func(t *testing.T, dir string) { link(t, "../../../../../../etc/passwd", dir, "policy.xml") },
			want:  "error symlink: policy.xml:1:1: the file cannot be opened within the service folder: path escapes from parent\n",
		},
		"folder link out": {
			spoil: func(t *testing.T, dir string) { link(t, filepath.Join(outside, "backends"), dir, "backends") },
			want:  "error unreadable: backends:1:1: the folder cannot be opened: path escapes from parent\n",
		},
		"resource link out": {
			files: map[string]string{"backends/c/backendInformation.json": `{"properties":{"url":"https://c"}}`},
			spoil: func(t *testing.T, dir string) {
				link(t, filepath.Join(outside, "backends", "b"), dir, "backends/b")
			},
			want: "error symlink: backends/b:1:1: the link leads nowhere, or out of the service folder, and is not followed\n",
		},
		"dangling link": {
			spoil: func(t *testing.T, dir string) { link(t, "nowhere", dir, "policy.xml") },
			want:  "error symlink: policy.xml:1:1: the link leads nowhere\n",
		},
		"link in circles": {
			spoil: func(t *testing.T, dir string) { link(t, "policy.xml", dir, "policy.xml") },
			want:  "error symlink: policy.xml:1:1: the file cannot be opened within the service folder: too many levels of symbolic links\n",
		},
		"pipe": {spoil: func(t *testing.T, dir string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "policy.xml"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, want: "error not-regular: policy.xml:1:1: this is no regular file, and is not read\n"},
		"folder for a file": {spoil: func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "policy.xml"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, want: "error not-regular: policy.xml:1:1: this is no regular file, and is not read\n"},
		"large file": {
			files:  map[string]string{"apis/a/apiInformation.json": `{"properties":{"description":"` + strings.Repeat("x", 2000) + `"}}`},
			limits: artifact.Limits{File: 1024},
			want:   "error too-large: apis/a/apiInformation.json:1:1: the file is larger than 1 KiB\n",
		},
		"large folder": {
			files:  map[string]string{"policy.xml": strings.Repeat("x", 1000), "policy fragments/f/policy.xml": strings.Repeat("x", 1000)},
			limits: artifact.Limits{Total: 1500},
			want:   "error too-large: policy fragments/f/policy.xml:1:1: the files together are larger than 1500 bytes\n",
		},
		"many files": {
			spoil: func(t *testing.T, dir string) {
				for i := range 30 {
					if err := os.MkdirAll(filepath.Join(dir, "backends", strings.Repeat("x", i+1)), 0o755); err != nil {
						t.Fatal(err)
					}
				}
			},
			limits: artifact.Limits{Files: 20},
			want:   "error too-many-files: backends:1:1: the folders hold more than 20 entries\n",
		},
		"case twins": {
			files: map[string]string{"backends/b/backendInformation.json": `{"properties":{"url":"https://b"}}`, "backends/B/backendInformation.json": `{"properties":{"url":"https://b"}}`},
			want:  "error case-collision: backends/b:1:1: \"B\" and \"b\" differ only in case, and names are compared without it\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folderOf(t, c.files)
			if c.spoil != nil {
				c.spoil(t, dir)
			}
			folder, problems := artifact.Load(open(t, dir), artifact.Options{Limits: c.limits})
			if got := tell(problems); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			if strings.Contains(dump(folder.Service), "S3CRET") {
				t.Error("something outside of the folder was read")
			}
		})
	}
}

func link(t *testing.T, to, dir, name string) {
	t.Helper()
	if err := os.Symlink(to, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
		t.Fatal(err)
	}
}

// TestMountedFolder loads a folder as Kubernetes mounts one: every name is a
// link to a folder that is exchanged as a whole.
func TestMountedFolder(t *testing.T) {
	dir := folderOf(t, map[string]string{"..2024/policy.xml": "<policies/>", "..2024/apis/a/apiInformation.json": apiFile})
	link(t, "..2024", dir, "..data")
	link(t, "..data/policy.xml", dir, "policy.xml")
	link(t, "..data/apis", dir, "apis")
	folder, problems := artifact.Load(open(t, dir), artifact.Options{})
	if problems.HasErrors() || folder.Service.Policy == nil || folder.Service.API("a") == nil {
		t.Errorf("loaded %s%s", dump(folder.Service), tell(problems))
	}
}

func TestHash(t *testing.T) {
	load := func(files fstest.MapFS) string {
		f, _ := artifact.Load(files, artifact.Options{})
		return f.Hash
	}
	base := func() fstest.MapFS {
		return fstest.MapFS{"policy.xml": {Data: []byte("<policies/>")}, "apis/a/apiInformation.json": {Data: []byte(apiFile)}}
	}
	want := load(base())
	stranger := base()
	stranger["README.md"] = &fstest.MapFile{Data: []byte("x")}
	if load(stranger) != want {
		t.Error("a file that is not read has a part in the hash")
	}
	for name, change := range map[string]func(fstest.MapFS){
		"content":  func(m fstest.MapFS) { m["policy.xml"].Data = []byte("<policies />") },
		"new":      func(m fstest.MapFS) { m["apis/a/policy.xml"] = &fstest.MapFile{} },
		"removed":  func(m fstest.MapFS) { delete(m, "policy.xml") },
		"settings": func(m fstest.MapFS) { m["spillway.yaml"] = &fstest.MapFile{Data: []byte("strict: true")} },
		"renamed": func(m fstest.MapFS) {
			m["apis/b/apiInformation.json"] = m["apis/a/apiInformation.json"]
			delete(m, "apis/a/apiInformation.json")
		},
	} {
		files := base()
		change(files)
		if load(files) == want {
			t.Errorf("%s: the hash stayed", name)
		}
	}
}

// TestWriteChanges edits a loaded service and writes it over its folder.
func TestWriteChanges(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"README.md":                  "stays",
		"policy.xml":                 "<policies><inbound /></policies>\r\n",
		"apis/a/apiInformation.json": "{\"properties\": {\r\n\t\"path\": \"a\", \"x-own\": {\"b\": [1]}, \"displayName\": \"A\" }, \"name\": \"a\"}",
		"apis/a/operations/o/operationInformation.json":        `{"properties":{"displayName":"O","method":"get","urlTemplate":"/o"}}`,
		"apis/a/operations/p/operationInformation.json":        `{"properties":{"displayName":"P","method":"get","urlTemplate":"/p"}}`,
		"apis/a/operations/p/policy.xml":                       "<policies/>",
		"backends/b/backendInformation.json":                   `{"properties":{"url":"https://b.example","protocol":"http","circuitBreaker":{"rules":[{"name":"r","mine":true,"tripDuration":"PT60S","acceptRetryAfter":true,"failureCondition":{"count":"1","interval":"PT1M","statusCodeRanges":[{"min":"429","max":429}]}}]}}}`,
		"products/p/productInformation.json":                   `{"properties":{"displayName":"P","state":"published"}}`,
		"products/p/apis.json":                                 `[{"name":"a"}]`,
		"named values/n/namedValueInformation.json":            `{"properties":{"displayName":"n","secret":true}}`,
		"subscriptions/s/subscriptionInformation.json":         `{"properties":{"displayName":"s","scope":"/products/p"}}`,
		"policy fragments/f/policyFragmentInformation.json":    `{"properties":{"description":"F"}}`,
		"policy fragments/f/policy.xml":                        "<fragment/>",
		"version sets/v/apiVersionSetInformation.json":         `{"properties":{"displayName":"v","versioningScheme":"segment"}}`,
		"version sets/gone/apiVersionSetInformation.json":      `{"properties":{"displayName":"gone","versioningScheme":"Segment"}}`,
		"version sets/gone/README.md":                          "stays, too",
		"apis/a/specification-notes.txt":                       "stays as well",
		"policy fragments/gone/policyFragmentInformation.json": `{"properties":{}}`,
		"policy fragments/gone/policy.xml":                     "<fragment/>",
	})
	folder, problems := artifact.Load(open(t, dir), artifact.Options{})
	if len(problems) > 0 {
		t.Fatal(tell(problems))
	}
	s := *folder.Service
	n := *s.NamedValue("n")
	n.Value, n.HasValue, n.Supplied = "S3CRET", true, true
	s.NamedValues = []*apim.NamedValue{&n}
	x := *s.Subscription("s")
	x.PrimaryKey, x.KeysSupplied = "S3CRET", true
	s.Subscriptions = []*apim.Subscription{&x}
	stamp := modified(t, dir, "policy.xml")

	a := *s.API("a")
	a.SubscriptionRequired = false
	a.Operations = a.Operations[:1]
	s.APIs = []*apim.API{&a}
	b := *s.Backend("b")
	breaker := *b.CircuitBreaker
	breaker.Rules = slices.Clone(breaker.Rules)
	breaker.Rules[0].FailureCondition.Count = 3
	b.CircuitBreaker = &breaker
	s.Backends = []*apim.Backend{&b, {Resource: apim.Resource{Name: "new"}, Type: apim.SingleBackend, URL: "https://new.example", Protocol: "http", TLS: apim.TLS{ValidateCertificateChain: true}}}
	s.VersionSets = []*apim.VersionSet{s.VersionSet("v")}
	s.Fragments = []*apim.Fragment{s.Fragment("f")}
	if err := write(t, dir, &s); err != nil {
		t.Fatal(err)
	}
	after, problems := artifact.Load(open(t, dir), artifact.Options{})
	if len(problems) > 0 || after.Hash == folder.Hash {
		t.Errorf("hash %s, problems %s", after.Hash, tell(problems))
	}
	if modified(t, dir, "policy.xml") != stamp {
		t.Error("a file that did not change was written")
	}
	for name, want := range map[string]string{
		"README.md":                      "stays",
		"version sets/gone/README.md":    "stays, too",
		"apis/a/specification-notes.txt": "stays as well",
		"apis/a/apiInformation.json":     "{\n  \"properties\": {\n    \"path\": \"a\",\n    \"x-own\": {\n      \"b\": [\n        1\n      ]\n    },\n    \"displayName\": \"A\",\n    \"subscriptionRequired\": false\n  },\n  \"name\": \"a\"\n}\n",
		"apis/a/operations/p":            "", "policy fragments/gone": "", "version sets/gone/apiVersionSetInformation.json": "",
		"products/p/apis.json":                      `[{"name":"a"}]`,
		"named values/n/namedValueInformation.json": `{"properties":{"displayName":"n","secret":true}}`,
		"backends/b/backendInformation.json":        strings.Join(strings.Fields(`{ "properties": { "url": "https://b.example", "protocol": "http", "circuitBreaker": { "rules": [ { "name": "r", "mine": true, "tripDuration": "PT60S", "acceptRetryAfter": true, "failureCondition": { "count": 3, "interval": "PT1M", "statusCodeRanges": [ { "min": "429", "max": 429 } ] } } ] } } }`), " "),
		"backends/new/backendInformation.json":      `{ "properties": { "url": "https://new.example", "protocol": "http", "tls": { "validateCertificateName": false } } }`,
	} {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		got := string(content)
		if strings.HasPrefix(name, "backends/") {
			got = strings.Join(strings.Fields(got), " ")
		}
		if got != want || want == "" && !os.IsNotExist(err) {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			content, _ := os.ReadFile(path)
			if strings.Contains(string(content), "S3CRET") || strings.Contains(path, "spillway-new") {
				t.Errorf("%s should not be there, or not say so", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func modified(t *testing.T, dir, name string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime().UnixNano()
}

func TestWriteRefuses(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "a:b", "CON", "nul.txt", "x.", "x ", "a\x00", strings.Repeat("x", 300)} {
		s := &apim.Service{Contents: apim.Contents{Groups: []*apim.Group{{Resource: apim.Resource{Name: name}}}}}
		if err := write(t, t.TempDir(), s); err == nil {
			t.Errorf("a resource named %q was written", name)
		}
	}
	s := &apim.Service{Contents: apim.Contents{Groups: []*apim.Group{{Resource: apim.Resource{Name: "a;rev=2 é"}}}}}
	if err := write(t, filepath.Join(t.TempDir(), "new", "folder"), s); err != nil {
		t.Error(err)
	}
	// A folder that cannot be written stays as it is.
	dir := folderOf(t, map[string]string{"groups": "a file in the way"})
	if err := write(t, dir, s); err == nil {
		t.Error("writing through a file succeeded")
	}
}
