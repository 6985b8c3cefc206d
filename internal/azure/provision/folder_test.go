package provision

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/policy"
)

// sample is a copy of the sample service.
func sample(t *testing.T) string {
	t.Helper()
	files, err := examples.FS(examples.Default)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "service")
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

// load compiles a folder, with simulated regions that have the addresses and keys
// of their names.
func load(t *testing.T, dir string, vault func([]apim.KeyVaultSecret) []string) *service.Loaded {
	t.Helper()
	root, err := artifact.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	l, problems := service.Load(root, "service", service.World{
		Random: func(b []byte) { clear(b) },
		Region: func(name string) (string, []string, bool) {
			return "http://simulated-" + name, []string{"simulated-" + name, ""}, true
		},
		Vault: func(_ settings.Azure, _ map[string]string, refs []apim.KeyVaultSecret) ([]string, []error) {
			return vault(refs), make([]error, len(refs))
		},
	}, gateway.Settings{Policies: policy.Options{Language: server.Language()}})
	if problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	return l
}

// values are what named values have in a loaded folder.
func values(l *service.Loaded) map[string]string {
	out := map[string]string{}
	for _, n := range l.Folder.Service.NamedValues {
		out[n.DisplayName] = n.Value
	}
	return out
}

func text(t *testing.T, name ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(name...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// accesses are those of the file three.
func accesses(edit func(*Access)) []Access {
	var list []Access
	for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
		a := Access{Region: name, Account: "contoso-" + name, Endpoint: "https://contoso-" + name + ".openai.azure.com", Keys: [2]string{"real-" + name, "second"}}
		if edit != nil {
			edit(&a)
		}
		list = append(list, a)
	}
	return list
}

func publish(t *testing.T, f *File, dir string, list []Access, secrets map[string]string) []string {
	t.Helper()
	out, err := f.Publish(dir, list, secrets)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write(); err != nil {
		t.Fatal(err)
	}
	return out.Changed
}

func simulate(t *testing.T, f *File, dir string) []string {
	t.Helper()
	out, err := f.Simulate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write(); err != nil {
		t.Fatal(err)
	}
	return out.Changed
}

// A sample service goes from simulated regions to real ones and back.
func TestFolder(t *testing.T) {
	dir := sample(t)
	f := read(t, three)
	if v := values(load(t, dir, nil)); v["endpoint-eastus"] != "http://simulated-eastus" || v["key-eastus"] != "simulated-eastus" {
		t.Fatalf("before: %v", v)
	}
	changed := publish(t, f, dir, accesses(nil), nil)
	expect(t, "changed", changed, []string{
		".spillway/secrets.json", "named values/endpoint-australiaeast/namedValueInformation.json", "named values/endpoint-eastus/namedValueInformation.json",
		"named values/endpoint-swedencentral/namedValueInformation.json", "spillway.yaml",
	})
	l := load(t, dir, nil)
	v := values(l)
	for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
		if v["endpoint-"+name] != "https://contoso-"+name+".openai.azure.com" || v["key-"+name] != "real-"+name {
			t.Errorf("%s: %v", name, v)
		}
	}
	if l.Settings.Regions != nil || l.Settings.NamedValues != nil || l.Settings.APIs["my-cool-openai-test"].FirstByteTimeout == 0 {
		t.Errorf("spillway.yaml:\n%s", text(t, dir, "spillway.yaml"))
	}
	if st, err := os.Stat(filepath.Join(dir, ".spillway", "secrets.json")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the secrets: %v, %v", st.Mode(), err)
	}
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if !d.IsDir() && !strings.Contains(path, ".spillway") && strings.Contains(text(t, path), "real-") {
			t.Errorf("a key stands in %s", path)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if again := publish(t, f, dir, accesses(nil), nil); again != nil {
		t.Errorf("again: %q", again)
	}
	// A key that has been changed, and nothing else.
	changed = publish(t, f, dir, accesses(func(a *Access) {
		if a.Region == "eastus" {
			a.Keys[0] = "rotated"
		}
	}), nil)
	if v := values(load(t, dir, nil)); !slices.Equal(changed, []string{".spillway/secrets.json"}) || v["key-eastus"] != "rotated" || v["key-swedencentral"] != "real-swedencentral" {
		t.Errorf("rotated: %q, %v", changed, v)
	}
	expect(t, "back", simulate(t, f, dir), []string{"spillway.yaml"})
	l = load(t, dir, nil)
	if v := values(l); v["endpoint-eastus"] != "http://simulated-eastus" || v["key-eastus"] != "simulated-eastus" {
		t.Errorf("back: %v", v)
	}
	want := []settings.Deployment{{Name: "gpt-35-turbo", Model: "gpt-5-mini", TPM: 100_000, Filter: "usual"}, {Name: "text-embedding-ada-002", TPM: 50_000, Filter: "usual"}}
	for i, r := range l.Settings.Regions {
		if r.Name != f.Regions[i].Name || r.Port != 9101+i || !slices.Equal(r.Deployments, want) {
			t.Errorf("region %+v", r)
		}
	}
	if again := simulate(t, f, dir); again != nil {
		t.Errorf("again: %q", again)
	}
}

// A folder that is not there yet gets the named values and says that the rest is
// missing.
func TestNewFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	f := read(t, strings.Replace(three, "models:", "namedValues: {endpoint: \"{region}.endpoint\", key: \"{region}.key\"}\nmodels:", 1))
	out, err := f.Publish(dir, accesses(nil), nil)
	if err != nil || !out.Incomplete {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := out.Write(); err != nil {
		t.Fatal(err)
	}
	l := load(t, dir, nil)
	if n := l.Folder.Service.NamedValue("eastus.endpoint"); n == nil || n.Secret || n.Value != "https://contoso-eastus.openai.azure.com" || !slices.Equal(n.Tags, []string{"eastus"}) {
		t.Errorf("the endpoint: %+v", n)
	}
	if n := l.Folder.Service.NamedValue("eastus.key"); n == nil || !n.Secret || n.Value != "real-eastus" {
		t.Errorf("the key: %+v", n)
	}
	dir = filepath.Join(t.TempDir(), "simulated")
	simulate(t, f, dir)
	l = load(t, dir, nil)
	if n := l.Folder.Service.NamedValue("eastus.key"); n == nil || !n.Secret || n.Value != "simulated-eastus" {
		t.Errorf("the simulated key: %+v", n)
	}
}

// Keys in a Key Vault: the folder has references, and what stood in its secrets
// goes.
func TestFolderWithKeyVault(t *testing.T) {
	azuretest.NoIdentity(t)
	cloud := azuretest.New(t)
	azuretest.Application(t)
	cloud.ARM.Now = func() time.Time { return today }
	credential, err := azure.New(azure.Options{Kind: "environment", Client: cloud.Client()}).Credential("")
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	c, err := Connect(Options{
		Subscription: azuretest.Subscription, Credential: credential, Transport: cloud.Client(), Poll: time.Millisecond,
		Progress: func(e Event) { events = append(events, e.Region+" "+e.Subject+" "+e.Text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := sample(t)
	publish(t, read(t, three), dir, accesses(nil), nil)
	f := read(t, three+"keys: keyVault\nkeyVault: contoso-kv\n")
	ids, err := c.StoreKeys(t.Context(), f, accesses(nil))
	if err != nil {
		t.Fatal(err)
	}
	if ids["eastus"] != "https://contoso-kv.vault.azure.net/secrets/contoso-eastus-key1" {
		t.Errorf("identifiers %v", ids)
	}
	if got, _ := cloud.Vaults.Get("contoso-kv", "contoso-eastus-key1"); got != "real-eastus" {
		t.Errorf("the secret is %q", got)
	}
	publish(t, f, dir, accesses(nil), ids)
	l := load(t, dir, func(refs []apim.KeyVaultSecret) []string {
		var out []string
		for _, ref := range refs {
			out = append(out, "from "+ref.SecretIdentifier)
		}
		return out
	})
	if v := values(l); v["key-eastus"] != "from "+ids["eastus"] {
		t.Errorf("values %v", v)
	}
	if _, err := os.Stat(filepath.Join(dir, ".spillway", "secrets.json")); !os.IsNotExist(err) {
		t.Error("the keys still stand in the folder")
	}
	// The same keys again are no new versions; another one is.
	before := len(events)
	if _, err := c.StoreKeys(t.Context(), f, accesses(nil)); err != nil || cloud.Count(http.MethodPut+" contoso-kv") != 3 {
		t.Errorf("%v, %q", err, events[before:])
	}
	if _, err := c.StoreKeys(t.Context(), f, accesses(func(a *Access) { a.Keys[0] += "x" })); err != nil || cloud.Count(http.MethodPut+" contoso-kv") != 6 {
		t.Errorf("%v, %q", err, cloud.Requests())
	}
	// The identity that somebody chose stays.
	name := filepath.Join(dir, "named values", "key-eastus", "namedValueInformation.json")
	if err := os.WriteFile(name, []byte(strings.Replace(text(t, name), `"secretIdentifier"`, `"identityClientId": "me", "secretIdentifier"`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if again := publish(t, f, dir, accesses(nil), ids); again != nil {
		t.Errorf("again: %q", again)
	}
	// And back into the folder.
	publish(t, read(t, three), dir, accesses(nil), nil)
	if v := values(load(t, dir, nil)); v["key-eastus"] != "real-eastus" {
		t.Errorf("values %v", v)
	}
	// A vault that refuses says which role is missing.
	cloud.Vaults.Deny(true)
	_, err = c.StoreKeys(t.Context(), f, accesses(nil))
	if got := failures(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "eastus: Key Vault contoso-kv: Caller is not authorized to perform action on resource") || !strings.Contains(got[0], "Key Vault Secrets Officer") {
		t.Errorf("failures: %q", got)
	}
}

// Without keys the folder gets endpoints alone, and simulated regions an identity
// that they take.
func TestFolderWithoutKeys(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "service")
	f := read(t, three+"keys: none\n")
	simulate(t, f, dir)
	l := load(t, dir, nil)
	if l.Settings.Azure.Identity != "simulated" || l.Folder.Service.NamedValue("key-eastus") != nil {
		t.Errorf("spillway.yaml:\n%s", text(t, dir, "spillway.yaml"))
	}
	publish(t, f, dir, accesses(nil), nil)
	l = load(t, dir, nil)
	if l.Settings.Azure.Identity != "default" || len(l.Settings.Regions) != 0 || len(values(l)) != 3 {
		t.Errorf("%+v, %v", l.Settings.Azure, values(l))
	}
}

// What the file does not speak of stays: other values of a region keep it, ports
// and profiles are kept, and other regions keep theirs.
func TestFolderKeeps(t *testing.T) {
	dir := sample(t)
	name := filepath.Join(dir, "spillway.yaml")
	if err := os.WriteFile(name, []byte(`regions:
  - {name: westus, port: 9101}
  - {name: eastus, port: 9105, profile: realistic}
namedValues:
  Endpoint-EastUS: {region: eastus, value: endpoint} # as the portal shows it
  key-eastus: {region: eastus, value: key1}
`), 0o644); err != nil {
		t.Fatal(err)
	}
	f := read(t, three)
	simulate(t, f, dir)
	l := load(t, dir, nil)
	var got []string
	for _, r := range l.Settings.Regions {
		got = append(got, r.Name+" "+r.Profile)
		if want := map[string]int{"westus": 9101, "eastus": 9105, "australiaeast": 9102, "swedencentral": 9103}[r.Name]; r.Port != want {
			t.Errorf("%s has port %d", r.Name, r.Port)
		}
	}
	expect(t, "regions", got, []string{"westus fast", "eastus realistic", "australiaeast fast", "swedencentral fast"})
	if _, twice := l.Settings.NamedValues["endpoint-eastus"]; twice || l.Settings.NamedValues["Endpoint-EastUS"].Region != "eastus" {
		t.Errorf("spillway.yaml:\n%s", text(t, dir, "spillway.yaml"))
	}
	e, _ := settings.Rewrite(text(t, name), []settings.Edit{{Section: "namedValues", Key: "endpoint-westus", Value: "{region: swedencentral, value: endpoint}"}})
	if err := os.WriteFile(name, []byte(e), 0o644); err != nil {
		t.Fatal(err)
	}
	publish(t, f, dir, accesses(nil), nil)
	after := text(t, name)
	if !strings.Contains(after, "name: westus") || !strings.Contains(after, "name: swedencentral") || strings.Contains(after, "name: eastus") || strings.Contains(after, "Endpoint-EastUS") {
		t.Errorf("spillway.yaml:\n%s", after)
	}
}

// A folder that cannot be read, or a spillway.yaml that cannot be edited, changes
// nothing.
func TestFolderRefused(t *testing.T) {
	dir := sample(t)
	name := filepath.Join(dir, "named values", "key-eastus", "namedValueInformation.json")
	if err := os.WriteFile(name, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, three).Publish(dir, accesses(nil), nil); err == nil || !strings.Contains(err.Error(), "the service folder has errors") {
		t.Errorf("a broken folder: %v", err)
	}
	dir = sample(t)
	if err := os.WriteFile(filepath.Join(dir, "spillway.yaml"), []byte("{regions: [{name: eastus, port: 1}]}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, three).Publish(dir, accesses(nil), nil); err == nil || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("braces: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".spillway")); !os.IsNotExist(err) {
		t.Error("something was written")
	}
}

// The check of a folder says what it lacks.
func TestCheckFolder(t *testing.T) {
	f := read(t, three)
	report := &Report{}
	for _, a := range accesses(nil) {
		report.Regions = append(report.Regions, RegionReport{Region: a.Region, Endpoint: a.Endpoint})
	}
	check := func(dir string) []string {
		list, err := f.CheckFolder(dir, report)
		if err != nil {
			t.Fatal(err)
		}
		return findings(list)
	}
	expect(t, "no folder", check("none"), []string{"warning folder: there is no service folder none | spillway provision apply makes it"})
	dir := sample(t)
	if got := check(dir); len(got) != 3 || got[0] != "eastus warning simulated: the folder still has the simulated region for endpoint-eastus | spillway provision apply writes it" {
		t.Errorf("simulated: %q", got)
	}
	publish(t, f, dir, accesses(func(a *Access) {
		if a.Region == "eastus" {
			a.Endpoint = "https://older.openai.azure.com"
		}
	}), nil)
	expect(t, "another endpoint", check(dir), []string{"eastus warning endpoint: the folder has another endpoint for endpoint-eastus | spillway provision apply writes it"})
	publish(t, f, dir, accesses(nil), nil)
	if err := os.Remove(filepath.Join(dir, ".spillway", "secrets.json")); err != nil {
		t.Fatal(err)
	}
	if got := check(dir); len(got) != 3 || got[2] != "swedencentral warning key: the folder has no value for key-swedencentral | spillway provision apply writes it" {
		t.Errorf("without secrets: %q", got)
	}
	publish(t, f, dir, accesses(nil), nil)
	expect(t, "all there", check(dir), nil)
}
