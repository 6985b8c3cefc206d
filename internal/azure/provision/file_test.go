package provision

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/source"
)

var update = flag.Bool("update", false, "rewrite what the tests expect")

// archives are the txtar files of testdata that match a pattern, each with what
// writes it back.
func archives(t *testing.T, pattern string, do func(t *testing.T, a *txtar.Archive)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no archive %s: %v", pattern, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			do(t, a)
			if *update {
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// part is the content of a file of an archive.
func part(a *txtar.Archive, name string) (string, bool) {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}

// compare compares a file of an archive, or puts it there with -update.
func compare(t *testing.T, a *txtar.Archive, name, got string) {
	t.Helper()
	want, _ := part(a, name)
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		return
	}
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(got)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(got)})
}

// The problems of a file, each with its place.
func TestProblems(t *testing.T) {
	archives(t, "problems-*.txtar", func(t *testing.T, a *txtar.Archive) {
		text, _ := part(a, "provision.yaml")
		_, problems := Parse(source.NewFile("provision.yaml", text))
		compare(t, a, "problems", problems.Draw())
	})
}

// The defaults, and the forms that a file may have.
func TestParse(t *testing.T) {
	f := read(t, `
name: Contoso
regions:
  - East US
  - {name: swedencentral, account: contoso-north, resourceGroup: north, models: [{model: gpt-5, sku: DataZoneStandard, version: "2025-08-07"}]}
models:
  - gpt-5.1
  - {deployment: gpt-35-turbo, model: gpt-5-mini, capacity: 100, upgrade: NoAutoUpgrade}
`)
	standard := []Model{
		{"gpt-5.1", "gpt-5.1", "", "GlobalStandard", 10, "OnceNewDefaultVersionAvailable"},
		{"gpt-35-turbo", "gpt-5-mini", "", "GlobalStandard", 100, "NoAutoUpgrade"},
	}
	if !reflect.DeepEqual(f.Regions, []Region{
		{Name: "eastus", Account: "Contoso-eastus", ResourceGroup: "Contoso", Models: standard},
		{Name: "swedencentral", Account: "contoso-north", ResourceGroup: "north", Models: []Model{{"gpt-5", "gpt-5", "2025-08-07", "DataZoneStandard", 10, "OnceNewDefaultVersionAvailable"}}},
	}) {
		t.Errorf("regions %+v", f.Regions)
	}
	if f.Location != "eastus" || f.SKU != "S0" || f.Keys != "folder" || f.OnDeleted != "fail" || f.Service != "." {
		t.Errorf("defaults %+v", f)
	}
	if got := f.endpointName(&f.Regions[0]) + " " + f.keyName(&f.Regions[1]); got != "endpoint-eastus key-swedencentral" {
		t.Errorf("named values %s", got)
	}
	for text, want := range map[string]string{
		"contoso-kv": "https://contoso-kv.vault.azure.net", "https://x.vault.azure.net/": "https://x.vault.azure.net", "http://x": "", "x_y": "", "https://x/secrets": "",
	} {
		if got := (&File{KeyVault: text}).vaultURL(""); got != want {
			t.Errorf("the vault %s is %q, want %q", text, got, want)
		}
	}
	if got := (&File{KeyVault: "contoso-kv"}).vaultURL("china"); got != "https://contoso-kv.vault.azure.cn" {
		t.Errorf("in China the vault is %s", got)
	}
}

// FuzzParse holds that no text makes the reader fail, and that a file without
// problems gives templates and simulated regions.
func FuzzParse(f *testing.F) {
	f.Add(three)
	f.Add("name: a\nregions: [{name: x, models: [y]}]\nkeys: none\ntags: {\"a'b\": \"${c}\"}")
	f.Add("regions:\n- &a {name: b}\n- *a\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, problems := Parse(source.NewFile("provision.yaml", text))
		_ = problems.Draw()
		if problems.HasErrors() {
			return
		}
		if len(p.Terraform()) == 0 || len(p.Bicep()) != len(p.Groups()) {
			t.Errorf("no templates of %q", text)
		}
	})
}
