package artifact

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// place is where in the layout a collection stands: below which folder, and
// with which part of the configuration over it.
type place struct {
	dir  string
	over overrides
}

// resource is a pointer to a type of resource.
type resource[T any] interface {
	*T
	Self() *apim.Resource
}

// load reads a collection, in the order of names.
func load[T any, P resource[T]](l *loader, at place, c collection) []*T {
	var out []*T
	for _, name := range sortedNames(l.files.folders(path.Join(at.dir, c.folder))) {
		if x := new(T); l.resource(P(x), name, at, c) {
			out = append(out, x)
		}
	}
	return out
}

// sortedNames are names in the order in which resources stand in a service.
func sortedNames(names []string) []string {
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names
}

// resource reads the information file of one resource into x. It reports false
// when there is no resource to speak of.
func (l *loader) resource(x interface{ Self() *apim.Resource }, name string, at place, c collection) bool {
	dir := path.Join(at.dir, c.folder, name)
	file := l.information(dir, c)
	if file == nil {
		return false
	}
	x.Self().Name = name
	root := l.parse(file)
	if root == nil {
		l.broken[dir] = true
		return false
	}
	l.named(root, name)
	return l.decode(x, dir, file, root, at.over.of(c.section, name))
}

// information is the information file in a resource's folder. A folder without
// one that holds parts of a resource is an error; any other is passed over.
func (l *loader) information(dir string, c collection) *source.File {
	var found *source.File
	for _, name := range c.files {
		f := l.files.text(path.Join(dir, name), l.files.limits.File)
		if f != nil && found != nil {
			l.report(apim.Origin{File: f}, "two-files", "%s and %s describe the same resource", path.Base(found.Name()), name)
			continue
		}
		if f != nil {
			found = f
		}
	}
	if found != nil || l.broken[dir] {
		return found
	}
	for _, name := range c.files {
		if l.files.has(dir, name) { // there, but not to be read; reported
			l.broken[dir] = true
			return nil
		}
	}
	for _, e := range l.files.list(dir) {
		switch {
		case slices.Contains(c.parts, e.Name()):
			l.broken[dir] = true
			l.report(folderOrigin(dir), "missing-file", "the folder has no %s, which %s belongs to", c.files[0], e.Name())
			return nil
		case strings.EqualFold(e.Name(), c.files[0]) || suggestion(e.Name(), c.files) != "":
			l.warn(folderOrigin(path.Join(dir, e.Name())), "unknown-file", "the file is passed over; the folder needs %s", c.files[0])
			return nil
		}
	}
	return nil
}

// named compares a name or an id inside an information file, which APIOps does
// not write, with the folder's.
func (l *loader) named(root *tree.Node, name string) {
	for _, key := range []string{"name", "id"} {
		if n := root.Get(key); n != nil && n.Kind == tree.String && !strings.EqualFold(apim.Tail(n.Text), name) {
			l.report(apim.Origin{File: n.File, Span: n.Span}, "name-mismatch", "%s says %q, the folder %q", key, apim.Tail(n.Text), name).Hint = "the folder's name counts: rename it, or remove " + key
		}
	}
}

// decode fills x from the properties of an information file with the overrides
// of the configuration laid over them.
func (l *loader) decode(x interface{ Self() *apim.Resource }, dir string, file *source.File, root *tree.Node, over overrides) bool {
	properties := root.Get("properties")
	if properties == nil {
		l.broken[dir] = true
		at := apim.Origin{File: root.File, Span: source.Span{Start: root.Span.Start, End: min(root.Span.Start+1, root.Span.End)}}
		l.report(at, "missing-property", "the properties of the resource must stand in an object \"properties\"")
		return false
	}
	self := x.Self()
	self.Origin = apim.Origin{File: l.display(file), Span: properties.Span}
	self.Properties = raw(properties)
	if o := over.properties(); o != nil {
		self.Overrides = o.JSON()
		properties = tree.Merge(properties, o)
	}
	l.add(tree.Decode(properties, x)...)
	return true
}

// raw is the JSON of properties; nil for what is no object.
func raw(n *tree.Node) json.RawMessage {
	if n.Kind != tree.Object {
		return nil
	}
	return n.JSON()
}

// contents reads what a service and a workspace both hold.
func (l *loader) contents(c *apim.Contents, at place) {
	scope := apim.ScopeGlobal
	if at.dir != "" {
		scope = apim.ScopeWorkspace
	}
	c.Policy = l.document(at.dir, scope, at.over)
	c.NamedValues = load[apim.NamedValue](l, at, namedValues)
	for _, n := range c.NamedValues {
		n.HasValue = hasMember(n.Properties, n.Overrides, "value")
	}
	c.Backends = load[apim.Backend](l, at, backends)
	c.Loggers = load[apim.Logger](l, at, loggers)
	c.Diagnostics = load[apim.Diagnostic](l, at, diagnostics)
	c.Groups = load[apim.Group](l, at, groups)
	c.VersionSets = load[apim.VersionSet](l, at, versionSets)
	c.Fragments = l.fragments(at)
	c.APIs = l.apis(at)
	c.Products = load[apim.Product](l, at, products)
	for _, p := range c.Products {
		dir := path.Join(at.dir, products.folder, p.Name)
		p.Policy = l.document(dir, apim.ScopeProduct, at.over.of(products.section, p.Name))
		p.APIs = l.links(dir, productAPIs)
		p.Groups = l.links(dir, productGroups)
		p.Tags = l.links(dir, productTags)
	}
	c.Tags = load[apim.Tag](l, at, tags)
	for _, t := range c.Tags {
		dir := path.Join(at.dir, tags.folder, t.Name)
		t.APIs = l.links(dir, tagAPIs)
		t.Products = l.links(dir, tagProducts)
	}
	c.Subscriptions = load[apim.Subscription](l, at, subscriptions)
}

func hasMember(properties, overrides json.RawMessage, name string) bool {
	for _, r := range []json.RawMessage{properties, overrides} {
		if r == nil {
			continue
		}
		n, _ := tree.ParseJSON(source.NewFile("", string(r)))
		if v := n.Get(name); v != nil && v.Kind != tree.Null {
			return true
		}
	}
	return false
}

// workspaces have an information file or, from version 7 on, none.
func (l *loader) workspaces(over overrides) []*apim.Workspace {
	var out []*apim.Workspace
	for _, name := range sortedNames(l.files.folders(workspaces.folder)) {
		dir := path.Join(workspaces.folder, name)
		w := &apim.Workspace{Resource: apim.Resource{Name: name}, DisplayName: name}
		if l.files.has(dir, workspaces.files[0]) {
			if !l.resource(w, name, place{over: over}, workspaces) {
				continue
			}
		} else if !slices.ContainsFunc(l.files.list(dir), func(e fsEntry) bool { return slices.Contains(workspaces.parts, e.Name()) }) {
			continue
		}
		l.strangers(dir, workspaceFolders)
		l.contents(&w.Contents, place{dir: dir, over: over.of(workspaces.section, name)})
		out = append(out, w)
	}
	return out
}

// fragments have their text in policy.xml or, up to version 6, also in the
// information file; the XML file wins.
func (l *loader) fragments(at place) []*apim.Fragment {
	var out []*apim.Fragment
	for _, name := range sortedNames(l.files.folders(path.Join(at.dir, fragments.folder))) {
		dir := path.Join(at.dir, fragments.folder, name)
		x := &apim.Fragment{}
		if l.files.has(dir, policyFile) && !l.files.has(dir, fragments.files[0]) {
			// A fragment of nothing but its text is whole.
			x.Name = name
		} else if !l.resource(x, name, at, fragments) {
			continue
		}
		over := at.over.of(fragments.section, name)
		if d := l.overriddenText(over, path.Join(dir, policyFile)); d != nil {
			x.Document = d
		} else if f := l.files.text(path.Join(dir, policyFile), l.files.limits.File); f != nil {
			x.Document = &apim.Document{Format: apim.RawXML, File: f}
		} else if d := l.inlineDocument(x.Properties, path.Join(dir, fragments.files[0])); d != nil {
			x.Document = d
		} else {
			if !l.files.has(dir, policyFile) {
				l.report(x.Origin, "missing-file", "the fragment has no text: %s is missing", policyFile)
			}
			l.broken[dir] = true
			continue
		}
		out = append(out, x)
	}
	return out
}

// inlineDocument is a policy document that stands in the properties of an
// information file.
func (l *loader) inlineDocument(properties json.RawMessage, name string) *apim.Document {
	if properties == nil {
		return nil
	}
	n, _ := tree.ParseJSON(source.NewFile("", string(properties)))
	value := n.Get("value")
	if value == nil || value.Kind != tree.String {
		return nil
	}
	return &apim.Document{Format: format(n.Get("format"), apim.XML), File: inline(name, "value", value.Text)}
}

// format is a document's format by its word.
func format(n *tree.Node, otherwise apim.Format) apim.Format {
	switch strings.ToLower(n.StringOr("")) {
	case "rawxml":
		return apim.RawXML
	case "xml":
		return apim.XML
	}
	return otherwise
}

// links reads the ties of a resource to others, from one folder each or from
// the list of older versions.
func (l *loader) links(dir string, k link) []apim.Link {
	var out []apim.Link
	add := func(x apim.Link) {
		if !slices.ContainsFunc(out, func(y apim.Link) bool { return strings.EqualFold(x.Target, y.Target) }) {
			out = append(out, x)
		}
	}
	if k.list != "" {
		if f := l.files.text(path.Join(dir, k.list), l.files.limits.File); f != nil {
			l.linkList(f, add)
		}
	}
	for _, name := range sortedNames(l.files.folders(path.Join(dir, k.folder))) {
		for _, file := range k.files {
			if f := l.files.text(path.Join(dir, k.folder, name, file), l.files.limits.File); f != nil {
				add(l.link(f, name, k))
			}
		}
	}
	return out
}

// linkList reads [{"name": "x"}, …].
func (l *loader) linkList(f *source.File, add func(apim.Link)) {
	n := l.parse(f)
	if n == nil {
		return
	}
	if n.Kind != tree.Array {
		l.report(apim.Origin{File: f, Span: n.Span}, "wrong-type", "expected an array of objects with a name, found %s", n.Kind)
		return
	}
	for _, item := range n.Items {
		name := item.Get("name")
		if name == nil || name.Kind != tree.String || name.Text == "" {
			l.report(apim.Origin{File: f, Span: item.Span}, "wrong-type", "expected an object with a name")
			continue
		}
		add(apim.Link{Resource: apim.Resource{Name: name.Text, Origin: apim.Origin{File: f, Span: name.Span}}, Target: name.Text})
	}
}

// link reads one link's file: {} where the folder's name says everything, or,
// in newer ones, the link's own name and the id of its other end.
func (l *loader) link(f *source.File, folder string, k link) apim.Link {
	x := apim.Link{Resource: apim.Resource{Name: folder, Origin: apim.Origin{File: f}}, Target: folder}
	n := l.parse(f)
	if n == nil {
		return x
	}
	x.Name = n.Get("name").StringOr(folder)
	if properties := n.Get("properties"); properties != nil {
		x.Properties = raw(properties)
		if id := properties.Get(k.target); id != nil && id.Kind == tree.String {
			x.Target, x.Origin.Span = apim.Tail(id.Text), id.Span
		}
	}
	return x
}
