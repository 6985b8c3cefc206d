// Package provision creates Azure OpenAI accounts with their deployments in
// several regions, from one file, and checks and removes them again.
//
// There is no state beside Azure's own: what is to be done is what Resource
// Manager does not have yet, so that a run that was interrupted is gone on with
// by the next one. The regions are worked on side by side, the deployments of an
// account one after the other, since an account has one operation at a time.
//
// What comes of it, endpoints and keys, goes into the named values of a service
// folder. The same file makes simulated regions, a Bicep or a Terraform file.
package provision

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"

	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// File is what is wanted.
type File struct {
	Name          string            `yaml:"name" required:"true" doc:"The first part of the names of accounts, which are NAME-REGION; they are host names too, so that nobody else may have them."`
	Subscription  string            `yaml:"subscription" doc:"The Azure subscription's id; the variable AZURE_SUBSCRIPTION_ID unless given."`
	ResourceGroup string            `yaml:"resourceGroup" doc:"The resource group of the accounts; the name unless given."`
	Location      string            `yaml:"location" doc:"The region of the resource group; the first one unless given."`
	SKU           string            `yaml:"sku" default:"S0" doc:"The accounts' pricing tier."`
	Tags          map[string]string `yaml:"tags" doc:"Tags of everything that is created."`
	OnDeleted     string            `yaml:"onDeleted" default:"fail" values:"fail restore purge" doc:"What to do when Azure still keeps a deleted account of the name: stop, bring it back with its deployments, or remove it for good."`
	Service       string            `yaml:"service" default:"." doc:"The service folder that gets the endpoints and keys, beside this file."`
	Keys          string            `yaml:"keys" default:"folder" values:"folder keyVault none" doc:"Where keys go: into .spillway/secrets.json of the folder, into a Key Vault that named values then refer to, or nowhere, for policies that use a managed identity."`
	KeyVault      string            `yaml:"keyVault" doc:"The Key Vault's name or URL, for keys: keyVault."`
	NamedValues   NamedValues       `yaml:"namedValues" doc:"The display names of the named values that are written; {region} stands for the region."`
	Regions       []Region          `yaml:"regions" required:"true" doc:"The regions."`
	Models        []Model           `yaml:"models" doc:"The deployments that every region gets."`

	source *source.File
	root   *tree.Node
}

// NamedValues are the names of what is written into the folder.
type NamedValues struct {
	Endpoint string `yaml:"endpoint" default:"endpoint-{region}" doc:"That of the endpoint."`
	Key      string `yaml:"key" default:"key-{region}" doc:"That of the key."`
}

// Region is one region with its account.
type Region struct {
	Name          string  `yaml:"name" required:"true" short:"true" doc:"Azure's short name of the region, such as eastus."`
	Account       string  `yaml:"account" doc:"The account's name; NAME-REGION unless given."`
	ResourceGroup string  `yaml:"resourceGroup" doc:"The account's resource group, where it is another one."`
	Existing      bool    `yaml:"existing" default:"false" doc:"The account is there already and somebody else's: it is checked and read, never created, changed or deleted."`
	Port          int     `yaml:"port" min:"0" max:"65535" doc:"The port of the simulated region; the next free one from 9101 on unless given."`
	Models        []Model `yaml:"models" doc:"The deployments of this region, in place of those of all."`
}

// Model is one deployment.
type Model struct {
	Deployment string `yaml:"deployment" doc:"The deployment's name, which clients call; the model's unless given. It may name another model: an alias that outlives a retirement."`
	Model      string `yaml:"model" required:"true" short:"true" doc:"The model, such as gpt-5-mini."`
	Version    string `yaml:"version" doc:"Its version; the region's default unless given."`
	SKU        string `yaml:"sku" default:"GlobalStandard" doc:"The deployment type: Standard, GlobalStandard, DataZoneStandard, ProvisionedManaged and others."`
	Capacity   int    `yaml:"capacity" default:"10" min:"1" doc:"Thousands of tokens per minute; provisioned throughput units for provisioned types."`
	Upgrade    string `yaml:"upgrade" default:"OnceNewDefaultVersionAvailable" values:"OnceNewDefaultVersionAvailable OnceCurrentVersionExpired NoAutoUpgrade" doc:"When Azure moves the deployment to a newer version."`
}

// lazily compiles an expression when it is first asked for: most processes never
// read such a file.
func lazily(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

var (
	// Account names are host names: custom subdomains.
	accountName    = lazily(`^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}[a-zA-Z0-9]$`)
	regionName     = lazily(`^[a-z][a-z0-9]{1,39}$`)
	deploymentName = lazily(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$`)
	groupName      = lazily(`^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$`)
	subscriptionID = lazily(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	namedValueName = lazily(`^[A-Za-z0-9._-]+$`)
	vaultName      = lazily(`^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$`)
)

// Schema is the JSON Schema of such a file.
func Schema() []byte {
	return settings.SchemaOf(reflect.TypeFor[File](), "https://spillway-gateway.github.io/spillway/provision.schema.json", "provision.yaml")
}

// Parse reads a file. With errors among the problems it is not to be used.
func Parse(f *source.File) (*File, source.Problems) {
	p := new(File)
	root, problems := settings.Decode(f, p)
	p.source, p.root = f, root
	if root == nil {
		if len(problems) == 0 {
			problems = source.Problems{{File: f, Code: "empty-file", Message: "the file is empty"}}
		}
		return p, problems
	}
	p.defaults()
	return p, append(problems, p.cross()...).Sort()
}

func (f *File) defaults() {
	if f.ResourceGroup == "" {
		f.ResourceGroup = f.Name
	}
	named := func(models []Model) {
		for i := range models {
			if models[i].Deployment == "" {
				models[i].Deployment = models[i].Model
			}
		}
	}
	named(f.Models)
	for i := range f.Regions {
		r := &f.Regions[i]
		r.Name = strings.ToLower(strings.ReplaceAll(r.Name, " ", "")) // "East US", as the portal shows it
		if r.Account == "" {
			r.Account = f.Name + "-" + r.Name
		}
		if r.ResourceGroup == "" {
			r.ResourceGroup = f.ResourceGroup
		}
		if f.root.Find("regions", fmt.Sprint(i), "models") == nil {
			r.Models = f.Models
		} else {
			named(r.Models)
		}
	}
	if f.Location == "" && len(f.Regions) > 0 {
		f.Location = f.Regions[0].Name
	}
}

// cross checks what one key alone cannot show, and the names, which Azure would
// refuse only later.
func (f *File) cross() source.Problems {
	var problems source.Problems
	report := func(code, message string, path ...string) {
		x := &source.Problem{File: f.source, Code: code, Message: message}
		for ; len(path) > 0 && x.Span == (source.Span{}); path = path[:len(path)-1] {
			if n := f.root.Find(path...); n != nil {
				x.Span = n.Span
			}
		}
		problems = append(problems, x)
	}
	if f.Name != "" && !accountName().MatchString(f.Name) {
		report("wrong-value", "name: the names of accounts are letters, digits and hyphens", "name")
	}
	if f.ResourceGroup != "" && !groupName().MatchString(f.ResourceGroup) {
		report("wrong-value", "resourceGroup: Azure takes no resource group of this name", "resourceGroup")
	}
	if f.Subscription != "" && !subscriptionID().MatchString(f.Subscription) {
		report("wrong-value", "subscription: expected an id such as 00000000-0000-0000-0000-000000000000", "subscription")
	}
	if f.root.Get("regions") != nil && len(f.Regions) == 0 {
		report("missing-key", "regions: there is none", "regions")
	}
	switch {
	case f.Keys == "keyVault" && f.KeyVault == "":
		report("missing-key", "keys: keyVault needs the key keyVault, with the name of a vault", "keys")
	case f.KeyVault != "" && f.vaultURL("") == "":
		report("wrong-value", "keyVault: expected the name of a Key Vault, or its URL", "keyVault")
	}
	for key, name := range map[string]string{"endpoint": f.NamedValues.Endpoint, "key": f.NamedValues.Key} {
		if !strings.Contains(name, "{region}") || !namedValueName().MatchString(strings.ReplaceAll(name, "{region}", "r")) {
			report("wrong-value", "namedValues."+key+": expected a name of letters, digits, dots and hyphens that holds {region}", "namedValues", key)
		}
	}
	names, accounts, ports := map[string]bool{}, map[string]bool{}, map[int]bool{}
	for i, r := range f.Regions {
		at := []string{"regions", fmt.Sprint(i)}
		account := strings.ToLower(r.Account)
		switch {
		case r.Name == "":
			continue // Decode has said what is wrong
		case !regionName().MatchString(r.Name):
			report("wrong-value", "regions: "+r.Name+" is not the short name of a region, such as eastus", at...)
		case names[r.Name]:
			report("duplicate", "there are two regions named "+r.Name, at...)
		case accounts[account]:
			report("duplicate", "two regions have the account "+r.Account, at...)
		case r.Port != 0 && ports[r.Port]:
			report("duplicate", fmt.Sprintf("two regions have the port %d", r.Port), at...)
		case f.root.Find(append(at, "account")...) == nil && !accountName().MatchString(f.Name):
			// That of all of them has been told.
		case !accountName().MatchString(r.Account):
			report("wrong-value", "the account "+r.Account+" has a name that cannot be one: letters, digits and hyphens, 2 to 64 of them", at...)
		}
		names[r.Name], accounts[account], ports[r.Port] = true, true, true
		if len(r.Models) == 0 {
			report("missing-key", "region "+r.Name+" gets no deployment: models is empty", append(at, "models")...)
		}
		if r.Existing && f.root.Find(append(at, "account")...) == nil {
			report("missing-key", "region "+r.Name+": an existing account needs its name, account", at...)
		}
		deployments := map[string]bool{}
		for j, m := range r.Models {
			where := append(at, "models", fmt.Sprint(j))
			if f.root.Find(append(at, "models")...) == nil {
				where = []string{"models", fmt.Sprint(j)}
				if i > 0 {
					continue // the models of all are told once
				}
			}
			switch {
			case m.Deployment == "":
				continue
			case !deploymentName().MatchString(m.Deployment):
				report("wrong-value", "the deployment "+m.Deployment+" has a name that cannot be one", where...)
			case deployments[strings.ToLower(m.Deployment)]:
				report("duplicate", "there are two deployments named "+m.Deployment, where...)
			}
			deployments[strings.ToLower(m.Deployment)] = true
		}
	}
	return problems
}

// vaults are the domains of Key Vaults by the cloud.
var vaults = map[string]string{"": "vault.azure.net", "public": "vault.azure.net", "government": "vault.usgovcloudapi.net", "china": "vault.azure.cn"}

// vaultURL is the Key Vault's URL; "" when there is none that could be one.
func (f *File) vaultURL(cloud string) string {
	if vaultName().MatchString(f.KeyVault) {
		return "https://" + strings.ToLower(f.KeyVault) + "." + vaults[cloud]
	}
	if u, err := url.Parse(f.KeyVault); err == nil && u.Scheme == "https" && u.Host != "" && strings.Trim(u.Path, "/") == "" {
		return "https://" + u.Host
	}
	return ""
}

// endpointName and keyName are the display names of a region's named values.
func (f *File) endpointName(r *Region) string {
	return strings.ReplaceAll(f.NamedValues.Endpoint, "{region}", r.Name)
}

func (f *File) keyName(r *Region) string {
	return strings.ReplaceAll(f.NamedValues.Key, "{region}", r.Name)
}

// provisioned reports whether the deployment type is one of provisioned
// throughput.
func (m *Model) provisioned() bool { return strings.Contains(m.SKU, "Provisioned") }

// unit is what a deployment type counts its capacity in.
func (m *Model) unit() string {
	if m.provisioned() {
		return "PTU"
	}
	return "k TPM"
}
