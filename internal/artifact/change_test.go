package artifact

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/spillway-gateway/spillway/apim"
)

func changeBase(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"policy.xml":                         "<policies />",
		"backends/b/backendInformation.json": `{"properties":{"url":"https://b.example","protocol":"http"}}`,
		"tags/t/tagInformation.json":         `{"properties":{"displayName":"T"}}`,
		"README.md":                          "words",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var someChanges = Changes{
	"backends/b/backendInformation.json": nil,
	"tags/t/tagInformation.json":         []byte(`{"properties":{"displayName":"U"}}`),
	"tags/new/tagInformation.json":       []byte(`{"properties":{"displayName":"N"}}`),
	".spillway/secrets.json":             []byte(`{}`),
}

// An overlay shows what applying its changes gives, file by file.
func TestOverlayIsWhatApplyGives(t *testing.T) {
	dir := changeBase(t)
	root, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	overlay := &Overlay{Base: root, Changes: someChanges}
	before, problems := Load(overlay, Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if err := fstest.TestFS(overlay, "policy.xml", "tags/new/tagInformation.json", "tags/t/tagInformation.json", "README.md"); err != nil {
		t.Error(err)
	}
	for _, gone := range []string{"backends", "backends/b", "backends/b/backendInformation.json", "nothing"} {
		if _, err := fs.Stat(overlay, gone); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", gone, err)
		}
	}
	_ = root.Close()
	if err := Apply(dir, someChanges); err != nil {
		t.Fatal(err)
	}
	root, err = Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	after, _ := Load(root, Options{})
	if after.Hash != before.Hash || after.Service.Tag("new") == nil || len(after.Service.Backends) != 0 {
		t.Errorf("%v and %v", before.Files, after.Files)
	}
	if _, err := os.Stat(filepath.Join(dir, journalFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
	if ignore, err := os.ReadFile(filepath.Join(dir, ".spillway/.gitignore")); err != nil || string(ignore) != "*\n" {
		t.Errorf("%q %v", ignore, err)
	}
}

// An interrupted change is finished by the next start.
func TestRecover(t *testing.T) {
	dir := changeBase(t)
	if ok, err := Recover(dir); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	if ok, err := Recover(filepath.Join(dir, "nowhere")); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, PrivateFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(dir, journalFile)
	for text, fault := range map[string]string{"{": "journal", `{"../out":"eA=="}`: "no path", `{"/etc/x":"eA=="}`: "no path"} {
		if err := os.WriteFile(journal, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Recover(dir); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := os.WriteFile(journal, []byte(`{"policy.xml":null,"tags/x/tagInformation.json":"e30="}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if ok, err := Recover(dir); !ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "tags/x/tagInformation.json")); err != nil || string(text) != "{}" {
		t.Errorf("%q %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "policy.xml")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// A change that fails half way leaves the folder as it was.
func TestApplyFails(t *testing.T) {
	dir := changeBase(t)
	c := Changes{"policy.xml": []byte("<policies><inbound /></policies>"), "README.md/below/tagInformation.json": []byte("{}")}
	if err := Apply(dir, c); err == nil {
		t.Fatal("a folder was made below a file")
	}
	if text, err := os.ReadFile(filepath.Join(dir, "policy.xml")); err != nil || string(text) != "<policies />" {
		t.Errorf("%q %v", text, err)
	}
	if ok, err := Recover(dir); ok || err != nil {
		t.Errorf("something is left to recover: %v %v", ok, err)
	}
}

// A difference touches what the two services write differently, and nothing else.
func TestDiff(t *testing.T) {
	dir := changeBase(t)
	root, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	f, _ := Load(root, Options{})
	after := f.Service.Clone()
	after.Tags[0].DisplayName = "Other"
	after.Backends = nil
	after.Groups = []*apim.Group{{Resource: apim.Resource{Name: "g"}, DisplayName: "G"}}
	c, err := Diff(root, f.Files, f.Service, after)
	if err != nil || len(c) != 3 || c["backends/b/backendInformation.json"] != nil || !strings.Contains(string(c["tags/t/tagInformation.json"]), "Other") || c["groups/g/groupInformation.json"] == nil {
		t.Errorf("%q %v", c, err)
	}
	if c, err := Diff(root, f.Files, f.Service, f.Service.Clone()); err != nil || len(c) > 0 {
		t.Errorf("no change gives %q %v", c, err)
	}
	if f.Service.Tags[0].DisplayName != "T" {
		t.Error("the clone shares its tags")
	}
}
