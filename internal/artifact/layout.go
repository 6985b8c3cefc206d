package artifact

import (
	"path"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/source"
)

// collection is one kind of resource in the layout.
type collection struct {
	// folder holds one folder a resource.
	folder string
	// files are the names of the information file, the one that is written
	// first; older versions of APIOps wrote others.
	files []string
	// section is the name of the collection in a publisher's configuration.
	section string
	// parts are the files and folders that a resource may have beside its
	// information file.
	parts []string
}

var (
	apis          = collection{"apis", []string{"apiInformation.json"}, "apis", []string{policyFile, "operations", "diagnostics", "releases", "tags", "tags.json", "specification.json", "specification.yaml", "schemas"}}
	operations    = collection{"operations", []string{"operationInformation.json"}, "operations", []string{policyFile, "tags", "tags.json"}}
	diagnostics   = collection{"diagnostics", []string{"diagnosticInformation.json"}, "diagnostics", nil}
	releases      = collection{"releases", []string{"apiReleaseInformation.json", "releaseInformation.json"}, "releases", nil}
	schemas       = collection{"schemas", []string{"schemaInformation.json"}, "schemas", nil}
	backends      = collection{"backends", []string{"backendInformation.json"}, "backends", nil}
	gateways      = collection{"gateways", []string{"gatewayInformation.json"}, "gateways", []string{"apis", "apis.json"}}
	groups        = collection{"groups", []string{"groupInformation.json"}, "groups", nil}
	loggers       = collection{"loggers", []string{"loggerInformation.json"}, "loggers", nil}
	namedValues   = collection{"named values", []string{"namedValueInformation.json"}, "namedValues", nil}
	fragments     = collection{"policy fragments", []string{"policyFragmentInformation.json"}, "policyFragments", []string{policyFile}}
	products      = collection{"products", []string{"productInformation.json"}, "products", []string{policyFile, "apis", "apis.json", "groups", "groups.json", "tags", "tags.json"}}
	subscriptions = collection{"subscriptions", []string{"subscriptionInformation.json"}, "subscriptions", nil}
	tags          = collection{"tags", []string{"tagInformation.json"}, "tags", []string{"apis", "products", "operations"}}
	versionSets   = collection{"version sets", []string{"versionSetInformation.json", "apiVersionSetInformation.json"}, "versionSets", nil}
	workspaces    = collection{"workspaces", []string{"workspaceInformation.json"}, "workspaces", []string{policyFile, "apis", "backends", "diagnostics", "groups", "loggers", "named values", "policy fragments", "products", "subscriptions", "tags", "version sets"}}
	users         = collection{"users", []string{"userInformation.json"}, "users", []string{"groups"}}
	caches        = collection{"caches", []string{"cacheInformation.json"}, "caches", nil}
)

// link is a kind of tie between resources: one folder a link, or, as older
// versions wrote it, one list for all.
type link struct {
	folder string
	files  []string
	list   string // the file with the list; empty where there never was one
	// target is the property that names the other end in newer files.
	target string
}

var (
	productAPIs   = link{"apis", []string{"productApiInformation.json"}, "apis.json", "apiId"}
	productGroups = link{"groups", []string{"productGroupInformation.json"}, "groups.json", "groupId"}
	productTags   = link{"tags", []string{"productTagInformation.json"}, "tags.json", "tagId"}
	gatewayAPIs   = link{"apis", []string{"gatewayApiInformation.json"}, "apis.json", "apiId"}
	apiTags       = link{"tags", []string{"apiTagInformation.json"}, "tags.json", "tagId"}
	operationTags = link{"tags", []string{"operationTagInformation.json"}, "tags.json", "tagId"}
	tagAPIs       = link{"apis", []string{"tagApiInformation.json"}, "", "apiId"}
	tagProducts   = link{"products", []string{"tagProductInformation.json"}, "", "productId"}
	userGroups    = link{"groups", []string{"userGroupInformation.json"}, "", "groupId"}
)

// policyFile is a policy document, named after the policy resource, which is
// always called "policy".
const policyFile = "policy.xml"

// workspaceFolders and serviceFolders are the folders that a workspace and a
// service have at their root.
var (
	workspaceFolders = []string{"apis", "backends", "diagnostics", "groups", "loggers", "named values", "policy fragments", "products", "subscriptions", "tags", "version sets"}
	serviceFolders   = append([]string{"caches", "gateways", "users", "workspaces"}, workspaceFolders...)
)

// strangers warns of folders whose names nearly are names of the layout:
// APIOps passes over them in silence, and so does everything in them.
func (l *loader) strangers(dir string, known []string) {
	for _, e := range l.files.list(dir) {
		if !e.IsDir() || slices.Contains(known, e.Name()) {
			continue
		}
		plain := func(s string) string {
			return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(s))
		}
		for _, k := range known {
			// "api" for "apis" is as near as "named-values" for "named values".
			if a, b := plain(e.Name()), plain(k); a == b || a+"s" == b || a == b+"s" {
				l.warn(folderOrigin(path.Join(dir, e.Name())), "unknown-folder", "the folder %q is passed over", e.Name()).Hint = "did you mean " + k + "?"
			}
		}
	}
}

// oldLayout finds folders of APIOps 3 and before, which nested APIs by display
// name, version and revision.
func (l *loader) oldLayout() {
	for _, name := range l.files.folders(apis.folder) {
		dir := path.Join(apis.folder, name)
		if l.files.has(dir, apis.files[0]) {
			continue
		}
		for _, version := range l.files.folders(dir) {
			if slices.Contains(apis.parts, version) {
				continue
			}
			for _, revision := range l.files.folders(path.Join(dir, version)) {
				if l.files.has(path.Join(dir, version, revision), apis.files[0]) {
					l.broken[dir] = true
					l.report(folderOrigin(dir), "old-layout", "this is the layout of APIOps 3 and before, which is not read").Hint = "extract the service again with APIOps 4 or later"
				}
			}
		}
	}
}

// document is a policy document of the folder, or the one that the
// configuration puts in its place; nil if there is neither.
func (l *loader) document(dir, scope string, over overrides) *apim.Document {
	name := path.Join(dir, policyFile)
	if d := l.overriddenDocument(over, name, scope); d != nil {
		return d
	}
	if f := l.files.text(name, l.files.limits.File); f != nil {
		return &apim.Document{Scope: scope, Format: apim.RawXML, File: f}
	}
	return nil
}

// inline is a text that stands as a value inside a JSON file, under a name
// that says so: its positions are its own.
func inline(name, what, text string) *source.File {
	return source.NewFile(name+"#"+what, text)
}
