package provision

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/source"
)

// Folder is what a service folder gets.
type Folder struct {
	// Changed are the paths of the files that are written, in order; none when
	// everything is there already.
	Changed []string
	// Incomplete says that the folder holds no API yet.
	Incomplete bool

	dir     string
	changes artifact.Changes
}

// editing is a service folder that is about to be changed.
type editing struct {
	root     *artifact.Root
	folder   *artifact.Folder
	after    *apim.Service
	secrets  *store.Secrets
	settings string
	edits    []settings.Edit
}

// Publish prepares what a folder gets of real regions: named values with the
// endpoints and keys, as the file says where. Entries of spillway.yaml that would
// outrank them, and the simulated regions behind those, go.
func (f *File) Publish(dir string, list []Access, secrets map[string]string) (*Folder, error) {
	return f.edit(dir, func(e *editing) error {
		now, _ := settings.Parse(source.NewFile(settings.FileName, e.settings))
		for i := range f.Regions {
			r := &f.Regions[i]
			at := slices.IndexFunc(list, func(a Access) bool { return a.Region == r.Name })
			if at < 0 {
				continue
			}
			e.value(f.endpointName(r), r.Name).endpoint(list[at].Endpoint)
			e.drop("namedValues", now.NamedValues, f.endpointName(r))
			if f.Keys == "none" {
				continue
			}
			n := e.value(f.keyName(r), r.Name)
			key := store.Key("", n.Name)
			n.secret(secrets[r.Name])
			delete(e.secrets.NamedValues, key)
			if n.KeyVault == nil {
				e.secrets.NamedValues[key] = list[at].Keys[0]
			}
			e.drop("namedValues", now.NamedValues, f.keyName(r))
		}
		e.dropRegions(f, now)
		if now.Azure.Identity == "simulated" {
			e.edits = append(e.edits, settings.Edit{Section: "azure", Key: "identity"})
		}
		return nil
	})
}

// Simulate prepares a folder for simulated regions in the place of real ones:
// the same names, deployments and capacities.
func (f *File) Simulate(dir string) (*Folder, error) {
	return f.edit(dir, func(e *editing) error {
		now, _ := settings.Parse(source.NewFile(settings.FileName, e.settings))
		ports := f.ports(now)
		for i := range f.Regions {
			r := &f.Regions[i]
			profile := ""
			for _, old := range now.Regions {
				if old.Name == r.Name {
					profile = old.Profile
				}
			}
			e.edits = append(e.edits, settings.Edit{Section: "regions", Key: r.Name, Value: r.simulated(ports[r.Name], profile), List: true})
		}
		for i := range f.Regions {
			r := &f.Regions[i]
			e.supply(f.endpointName(r), r, "endpoint", false)
			if f.Keys != "none" {
				e.supply(f.keyName(r), r, "key1", true)
			}
		}
		if f.Keys == "none" && now.Azure.Identity != "simulated" {
			e.edits = append(e.edits, settings.Edit{Section: "azure", Key: "identity", Value: "simulated"})
		}
		return nil
	})
}

// supply lets spillway.yaml give a named value what a simulated region has.
func (e *editing) supply(name string, r *Region, what string, secret bool) {
	n := e.after.NamedValue(name)
	if n == nil {
		n = e.value(name, r.Name).NamedValue
		n.Secret = secret
	}
	e.edits = append(e.edits, settings.Edit{Section: "namedValues", Key: e.entry(name, n), Value: fmt.Sprintf("{region: %s, value: %s}", r.Name, what)})
}

// entry is the key under which spillway.yaml has a named value already, or else
// its display name.
func (e *editing) entry(name string, n *apim.NamedValue) string {
	now, _ := settings.Parse(source.NewFile(settings.FileName, e.settings))
	for key := range now.NamedValues {
		if strings.EqualFold(key, name) {
			return key
		}
	}
	return n.DisplayName
}

// ports are those of the simulated regions: those that the file gives, those that
// the folder has, and else the next ones that nobody has.
func (f *File) ports(now *settings.Settings) map[string]int {
	ports, taken := map[string]int{}, map[int]bool{}
	for _, r := range f.Regions {
		if r.Port != 0 {
			ports[r.Name], taken[r.Port] = r.Port, true
		}
	}
	for _, old := range now.Regions {
		if slices.ContainsFunc(f.Regions, func(r Region) bool { return r.Name == old.Name }) && ports[old.Name] == 0 && !taken[old.Port] {
			ports[old.Name] = old.Port
		}
		taken[old.Port] = true
	}
	next := 9101
	for _, r := range f.Regions {
		for ; ports[r.Name] == 0; next++ {
			if !taken[next] {
				ports[r.Name], taken[next] = next, true
			}
		}
	}
	return ports
}

// tokensPerUnit is how many tokens per minute a unit of capacity admits: 1,000 of
// a standard deployment; of a provisioned one it depends on the model, and this
// is what the current ones give at the least.
const (
	tokensPerUnit            = 1000
	tokensPerProvisionedUnit = 2500
)

// simulated is a region of spillway.yaml.
func (r *Region) simulated(port int, profile string) string {
	var list []string
	for i := range r.Models {
		m := &r.Models[i]
		parts := []string{"name: " + m.Deployment}
		if m.Model != m.Deployment {
			parts = append(parts, "model: "+m.Model)
		}
		if m.provisioned() {
			parts = append(parts, fmt.Sprintf("tpm: %d", m.Capacity*tokensPerProvisionedUnit), "provisioned: true")
		} else {
			parts = append(parts, fmt.Sprintf("tpm: %d", m.Capacity*tokensPerUnit))
		}
		list = append(list, "{"+strings.Join(parts, ", ")+"}")
	}
	text := fmt.Sprintf("{name: %s, port: %d", r.Name, port)
	if profile != "" && profile != "fast" {
		text += ", profile: " + profile
	}
	return text + ", deployments: [" + strings.Join(list, ", ") + "]}"
}

// edit reads a folder, lets change change it, and works out the files.
func (f *File) edit(dir string, change func(*editing) error) (out *Folder, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the service folder: %w", err)
	}
	if _, err := artifact.Recover(dir); err != nil {
		return nil, err
	}
	root, err := artifact.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	folder, problems := artifact.Load(root, artifact.Options{})
	if list := problems.Errors(); len(list) > 0 {
		return nil, fmt.Errorf("the service folder has errors, which spillway check shows: %w", list[0])
	}
	e := &editing{root: root, folder: folder, after: folder.Service.Clone()}
	if folder.Settings != nil {
		e.settings = folder.Settings.Text()
	}
	if e.secrets, err = store.ReadSecrets(root); err != nil {
		return nil, err
	}
	secrets := e.secrets
	e.secrets = secrets.Clone()
	if err := change(e); err != nil {
		return nil, err
	}
	changes, err := artifact.Diff(root, folder.Files, folder.Service, e.after)
	if err != nil {
		return nil, err
	}
	if !secrets.Equal(e.secrets) {
		changes[store.SecretsFile] = e.secrets.JSON()
	}
	text, err := settings.Rewrite(e.settings, e.edits)
	if err != nil {
		return nil, err
	}
	if text != e.settings {
		changes[settings.FileName] = []byte(text)
		if text == "" {
			changes[settings.FileName] = nil
		}
	}
	return &Folder{
		Changed: slices.Sorted(maps.Keys(changes)), Incomplete: len(folder.Service.APIs) == 0, dir: dir, changes: changes,
	}, nil
}

// Write makes the changes, all or none.
func (f *Folder) Write() error { return artifact.Apply(f.dir, f.changes) }

// namedValue is a named value that is being changed.
type namedValue struct{ *apim.NamedValue }

// value is the named value of a display name, a new one where there is none.
func (e *editing) value(displayName, region string) namedValue {
	if n := e.after.NamedValue(displayName); n != nil {
		return namedValue{n}
	}
	n := &apim.NamedValue{Resource: apim.Resource{Name: displayName}, DisplayName: displayName, Tags: []string{region}}
	e.after.NamedValues = append(e.after.NamedValues, n)
	return namedValue{n}
}

// endpoint lets it hold an endpoint.
func (n namedValue) endpoint(text string) {
	n.Value, n.HasValue, n.Supplied, n.Secret, n.KeyVault = text, true, false, false, nil
}

// secret lets it hold a secret whose value stands elsewhere: in a Key Vault under
// an identifier, or in the folder's secrets.
func (n namedValue) secret(identifier string) {
	n.Value, n.HasValue, n.Supplied, n.Secret = "", false, false, true
	switch {
	case identifier == "":
		n.KeyVault = nil
	case n.KeyVault == nil:
		n.KeyVault = &apim.KeyVaultSecret{SecretIdentifier: identifier}
	default:
		// The identity that was chosen by hand stays.
		n.KeyVault = &apim.KeyVaultSecret{SecretIdentifier: identifier, IdentityClientID: n.KeyVault.IdentityClientID}
	}
}

// drop takes an entry out of a section of spillway.yaml, in whichever case it is
// written there.
func (e *editing) drop(section string, entries map[string]settings.Value, name string) {
	for key := range entries {
		if strings.EqualFold(key, name) {
			e.edits = append(e.edits, settings.Edit{Section: section, Key: key})
		}
	}
}

// dropRegions takes the simulated regions away that have become real and that no
// other named value asks for.
func (e *editing) dropRegions(f *File, now *settings.Settings) {
	for _, old := range now.Regions {
		if !slices.ContainsFunc(f.Regions, func(r Region) bool { return r.Name == old.Name }) {
			continue
		}
		needed := false
		for key, v := range now.NamedValues {
			dropped := slices.ContainsFunc(e.edits, func(x settings.Edit) bool { return x.Section == "namedValues" && x.Key == key })
			needed = needed || v.Region == old.Name && !dropped
		}
		if !needed {
			e.edits = append(e.edits, settings.Edit{Section: "regions", Key: old.Name})
		}
	}
}

// CheckFolder says what a service folder lacks of the endpoints and keys of
// regions, by what Check found in Azure.
func (f *File) CheckFolder(dir string, report *Report) ([]Finding, error) {
	root, err := artifact.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return []Finding{{Severity: Warning, Code: "folder", Message: "there is no service folder " + dir, Hint: "spillway provision apply makes it"}}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	folder, _ := artifact.Load(root, artifact.Options{})
	now, _ := settings.Parse(folder.Settings)
	secrets, err := store.ReadSecrets(root)
	if err != nil {
		return nil, err
	}
	var list []Finding
	missing := func(r *Region, code, format string, args ...any) {
		list = append(list, Finding{r.Name, Warning, code, fmt.Sprintf(format, args...), "spillway provision apply writes it"})
	}
	for i := range f.Regions {
		r := &f.Regions[i]
		at := slices.IndexFunc(report.Regions, func(x RegionReport) bool { return x.Region == r.Name })
		if at < 0 || report.Regions[at].Endpoint == "" {
			continue
		}
		name := f.endpointName(r)
		switch n, over := folder.Service.NamedValue(name), given(now, name); {
		case over != nil && over.Region != "":
			missing(r, "simulated", "the folder still has the simulated region for %s", name)
		case over != nil && (over.Env != "" || over.File != ""):
		case over != nil && strings.TrimRight(over.Value, "/") != report.Regions[at].Endpoint:
			missing(r, "endpoint", "spillway.yaml has another endpoint for %s", name)
		case over != nil:
		case n == nil || n.Value == "":
			missing(r, "endpoint", "the folder has no value for %s", name)
		case strings.TrimRight(n.Value, "/") != report.Regions[at].Endpoint:
			missing(r, "endpoint", "the folder has another endpoint for %s", name)
		}
		name = f.keyName(r)
		if n := folder.Service.NamedValue(name); f.Keys != "none" && given(now, name) == nil &&
			(n == nil || n.KeyVault == nil && n.Value == "" && secrets.NamedValues[store.Key("", n.Name)] == "") {
			missing(r, "key", "the folder has no value for %s", name)
		}
	}
	return list, nil
}

// given is the entry of spillway.yaml for a named value; nil when there is none.
func given(s *settings.Settings, name string) *settings.Value {
	for key, v := range s.NamedValues {
		if strings.EqualFold(key, name) {
			return &v
		}
	}
	return nil
}
