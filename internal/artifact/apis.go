package artifact

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/openapi"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

type fsEntry = fs.DirEntry

// apis reads the APIs of a service or workspace, with all that stands below
// them.
func (l *loader) apis(at place) []*apim.API {
	list := load[apim.API](l, at, apis)
	for _, a := range list {
		dir := path.Join(at.dir, apis.folder, a.Name)
		over := at.over.of(apis.section, a.Name)
		a.Policy = l.document(dir, apim.ScopeAPI, over)
		a.Diagnostics = load[apim.Diagnostic](l, place{dir, over}, diagnostics)
		a.Releases = load[apim.Release](l, place{dir, over}, releases)
		a.Schemas = load[apim.Schema](l, place{dir, over}, schemas)
		a.Tags = l.links(dir, apiTags)
		l.specification(a, dir)
		l.operations(a, dir, over)
	}
	l.revisions(list, at)
	return list
}

// specifications are the names of specification files in the order in which
// APIOps' publisher looks for them. Only the last two are read here.
var specifications = []string{"specification.graphql", "specification.wsdl", "specification.wadl", "specification.json", "specification.yaml"}

// specification imports an API's operations from its specification: a file, or
// the value that an information file written by hand may hold.
func (l *loader) specification(a *apim.API, dir string) {
	var file *source.File
	for _, name := range specifications {
		f := l.files.text(path.Join(dir, name), l.files.limits.File)
		switch {
		case f == nil:
		case file != nil:
			l.report(apim.Origin{File: f}, "two-files", "%s and %s describe the same API", path.Base(file.Name()), name)
		default:
			file = f
		}
	}
	if file == nil {
		if l.files.has(dir, "specification.yml") {
			l.warn(folderOrigin(path.Join(dir, "specification.yml")), "unknown-file", "the file is passed over").Hint = "rename it to specification.yaml"
		}
		file = l.inlineSpecification(a, path.Join(dir, apis.files[0]))
	}
	if file == nil {
		return
	}
	switch path.Ext(file.Name()) {
	case ".graphql", ".wsdl", ".wadl":
		l.warn(apim.Origin{File: file}, "not-built", "operations are not read from this kind of specification").Hint = "write the operations by hand, or give an OpenAPI document"
		return
	}
	imported, problems := openapi.Read(file, a.TranslateRequiredQueryParameters)
	l.add(problems...)
	if imported == nil {
		return
	}
	a.Specification = &apim.Specification{File: file, Title: imported.Title}
	a.Operations = imported.Operations
	if a.DisplayName == "" {
		a.DisplayName = imported.Title
	}
	if a.ServiceURL != "" {
		return
	}
	url, err := imported.ServiceURL("")
	var refusal *openapi.ServiceURLError
	if errors.As(err, &refusal) {
		l.add(refusal.Problem)
	}
	// An extracted specification names the gateway as its server: calling it
	// would call the service that the folder was extracted from.
	if !openapi.OwnGateway(url) {
		a.ServiceURL, a.Specification.ServiceURL = url, url
	}
}

// inlineSpecification is a specification that stands in the properties, as
// templates have it. A link is not followed: nothing is fetched while loading.
func (l *loader) inlineSpecification(a *apim.API, name string) *source.File {
	if a.Properties == nil {
		return nil
	}
	n, _ := tree.ParseJSON(source.NewFile("", string(a.Properties)))
	value, kind := n.Get("value").StringOr(""), strings.ToLower(n.Get("format").StringOr(""))
	if value == "" || kind == "" {
		return nil
	}
	switch kind {
	case "openapi", "openapi+json", "swagger-json":
		return inline(name, "value", value)
	}
	l.warn(a.Origin, "not-built", "the format %q is not read", kind).Hint = "put the specification beside the file, as specification.yaml"
	return nil
}

// operations adds the operations written by hand, and gives all operations
// their policies. A file of the name of an imported operation takes its place,
// which is how an edited one is kept.
func (l *loader) operations(a *apim.API, dir string, over overrides) {
	base := path.Join(dir, operations.folder)
	for _, name := range sortedNames(l.files.folders(base)) {
		sub := path.Join(base, name)
		o := operationNamed(a, name)
		opOver := over.of(operations.section, name)
		if l.files.has(sub, operations.files[0]) {
			x := &apim.Operation{}
			if !l.resource(x, name, place{dir, over}, operations) {
				continue
			}
			if o == nil {
				a.Operations = append(a.Operations, x)
				o = x
			} else {
				*o = *x
			}
		}
		if o == nil {
			l.orphan(a, sub, name)
			continue
		}
		o.Policy = l.document(sub, apim.ScopeOperation, opOver)
		o.Tags = l.links(sub, operationTags)
	}
}

// operationNamed is the operation of an API that a folder belongs to: by its
// name, or by the name that APIM's documentation says it gets.
func operationNamed(a *apim.API, name string) *apim.Operation {
	if o := a.Operation(name); o != nil {
		return o
	}
	for _, o := range a.Operations {
		if o.Properties == nil && strings.EqualFold(openapi.Normalized(o.Name), openapi.Normalized(name)) {
			return o
		}
	}
	return nil
}

// orphan reports a folder of an operation that the API does not have.
func (l *loader) orphan(a *apim.API, dir, name string) {
	if !slices.ContainsFunc(l.files.list(dir), func(e fsEntry) bool { return slices.Contains(operations.parts, e.Name()) }) {
		return
	}
	if a.Specification == nil && len(a.Operations) == 0 && a.Type != apim.HTTPAPI {
		return // the operations of other kinds of APIs are not read
	}
	p := l.report(folderOrigin(dir), "unknown-operation", "the API has no operation %q", name)
	var names []string
	for _, o := range a.Operations {
		names = append(names, o.Name)
	}
	if p.Hint = suggestion(name, names); p.Hint == "" && a.Specification == nil {
		p.Hint = "the API has no specification that was read: describe the operation in " + operations.files[0]
	}
}

// revisions gives revisions that are not current what they cannot differ in
// from the current one, as APIOps' publisher does.
func (l *loader) revisions(list []*apim.API, at place) {
	for _, a := range list {
		root, number, other := apim.SplitRevision(a.Name)
		if !other {
			continue
		}
		if a.IsCurrent {
			l.report(Locate(&a.Resource, "isCurrent"), "wrong-value", "a revision named %q cannot be the current one: that has the plain name", a.Name)
		}
		a.IsCurrent = false
		if hasMember(a.Properties, nil, "apiRevision") && a.Revision != number {
			l.warn(Locate(&a.Resource, "apiRevision"), "name-mismatch", "apiRevision says %q, the folder %q", a.Revision, number)
		}
		a.Revision = number
		i := slices.IndexFunc(list, func(x *apim.API) bool { return strings.EqualFold(x.Name, root) })
		if i < 0 {
			if !l.broken[path.Join(at.dir, apis.folder, root)] {
				l.report(a.Origin, "missing-api", "the current revision %q does not exist", root)
			}
			continue
		}
		inherit(a, list[i])
	}
}

// inherit copies what APIM keeps equal over all revisions of an API.
func inherit(a, current *apim.API) {
	a.DisplayName, a.Type, a.Description = current.DisplayName, current.Type, current.Description
	a.SubscriptionRequired, a.Path, a.Protocols = current.SubscriptionRequired, current.Path, current.Protocols
	a.Version, a.VersionDescription = current.Version, current.VersionDescription
	a.VersionSetID, a.InlineVersionSet = current.VersionSetID, current.InlineVersionSet
}
