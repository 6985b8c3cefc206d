package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// render is the files of a service. What came from outside the folder (supplied
// values and keys, a publisher's overrides) is not in them.
func render(s *apim.Service) (map[string]want, error) {
	w := &writer{files: map[string]want{}}
	w.service(s)
	return w.files, w.err
}

// want is a file's content: the tree of an information file, or a text.
type want struct {
	node *tree.Node
	text string
}

// over is the content that a file gets in the place of what it has now, and
// whether that says anything else. An information file keeps the order of the
// members that it has.
func (w want) over(fsys fs.FS, name string) (content []byte, changed bool, err error) {
	old, err := fs.ReadFile(fsys, name)
	exists := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	if w.node == nil {
		return []byte(w.text), !exists || string(old) != w.text && decodeUTF16(old) != w.text, nil
	}
	if exists {
		have, _ := tree.Parse(source.NewFile(name, string(old)))
		if w.node = besideProperties(have, w.node); have != nil && tree.Equal(have, w.node) {
			return nil, false, nil
		}
	}
	return w.node.Indented(), true, nil
}

// put puts a complete file in the place of name, whose folders it makes.
func put(root *Root, name string, content []byte, mode os.FileMode) error {
	if dir := path.Dir(name); dir != "." {
		if err := root.root.MkdirAll(filepath.FromSlash(dir), 0o755); err != nil {
			return err
		}
	}
	return writeFile(root.root, filepath.FromSlash(name), content, mode)
}

// besideProperties keeps what stands beside the properties of an information
// file: a name, a type, a $schema.
func besideProperties(have, now *tree.Node) *tree.Node {
	properties := now.Member("properties")
	if have == nil || have.Kind != tree.Object || properties == nil || have.Member("properties") == nil {
		return now
	}
	out := &tree.Node{Kind: tree.Object, Members: slices.Clone(have.Members)}
	out.Member("properties").Value = properties.Value
	if name := now.Member("name"); name != nil && out.Member("name") != nil {
		out.Member("name").Value = name.Value
	}
	return out
}

// writeFile puts a complete file in the place of name.
func writeFile(root *os.Root, name string, content []byte, mode os.FileMode) error {
	temporary := name + ".spillway-new"
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		_ = root.Remove(temporary)
	}
	return err
}

// remove takes a file away, and the folders that it leaves empty.
func remove(root *Root, name string) error {
	if err := root.root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if root.root.Remove(filepath.FromSlash(dir)) != nil {
			break // it holds something else
		}
	}
	return nil
}

// writer collects the files of a service.
type writer struct {
	files map[string]want
	err   error
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// folder is the folder of a resource. A name that could leave it, or that some
// machine could not store, is refused.
func (w *writer) folder(dir string, c string, name string) string {
	if !validName(name) {
		w.fail("%q cannot be the name of a folder in %s", name, path.Join(dir, c))
	}
	return path.Join(dir, c, name)
}

func validName(name string) bool {
	if name == "" || len(name) > 256 || strings.Trim(name, ". ") != strings.TrimRight(name, ". ") || strings.TrimRight(name, ". ") != name {
		return false
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) }) {
		return false
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	reserved := stem == "CON" || stem == "PRN" || stem == "AUX" || stem == "NUL" ||
		len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
	return !reserved
}

// information adds a resource's information file. x points to a copy of the
// resource from which everything that is not to be written has been taken.
func (w *writer) information(dir string, c collection, x interface{ Self() *apim.Resource }) {
	self := x.Self()
	base := parsed(self.Properties)
	read := base
	if self.Overrides != nil {
		read = tree.Merge(base, parsed(self.Overrides))
	}
	w.properties(informationFile(dir, c, self), tree.Update(base, read, x))
}

func (w *writer) properties(name string, properties *tree.Node) {
	w.files[name] = want{node: &tree.Node{Kind: tree.Object, Members: []tree.Member{{Key: "properties", Value: properties}}}}
}

// informationFile is the name that the file was read under, or the newest.
func informationFile(dir string, c collection, r *apim.Resource) string {
	if f := r.Origin.File; f != nil && path.Dir(f.Name()) == dir && slices.Contains(c.files, path.Base(f.Name())) {
		return f.Name()
	}
	return path.Join(dir, c.files[0])
}

func parsed(properties []byte) *tree.Node {
	if properties == nil {
		return nil
	}
	n, _ := tree.ParseJSON(source.NewFile("", string(properties)))
	return n
}

func (w *writer) document(dir string, d *apim.Document) {
	if d == nil {
		return
	}
	// A document in escaped form (apim.XML) is written as it is: the reader of
	// raw documents decodes entities in code, too.
	text := d.Text()
	if d.Overridden != nil {
		text = d.Overridden.Text()
	}
	w.files[path.Join(dir, policyFile)] = want{text: text}
}

func (w *writer) service(s *apim.Service) {
	w.contents("", &s.Contents)
	for _, x := range s.Users {
		dir := w.folder("", users.folder, x.Name)
		w.information(dir, users, clone(x))
		w.links(dir, userGroups, x.Groups)
	}
	for _, x := range s.Caches {
		w.information(w.folder("", caches.folder, x.Name), caches, clone(x))
	}
	for _, x := range s.Gateways {
		dir := w.folder("", gateways.folder, x.Name)
		w.information(dir, gateways, clone(x))
		w.links(dir, gatewayAPIs, x.APIs)
	}
	for _, x := range s.Workspaces {
		dir := w.folder("", workspaces.folder, x.Name)
		if x.Properties != nil || x.Description != "" || x.DisplayName != x.Name {
			w.information(dir, workspaces, clone(x))
		}
		w.contents(dir, &x.Contents)
	}
}

func clone[T any](x *T) *T {
	c := *x
	return &c
}

func (w *writer) contents(dir string, c *apim.Contents) {
	w.document(dir, c.Policy)
	for _, x := range c.APIs {
		w.api(c, dir, x)
	}
	for _, x := range c.VersionSets {
		w.information(w.folder(dir, versionSets.folder, x.Name), versionSets, clone(x))
	}
	for _, x := range c.Products {
		sub := w.folder(dir, products.folder, x.Name)
		w.information(sub, products, clone(x))
		w.document(sub, x.Policy)
		w.links(sub, productAPIs, x.APIs)
		w.links(sub, productGroups, x.Groups)
		w.links(sub, productTags, x.Tags)
	}
	for _, x := range c.Groups {
		w.information(w.folder(dir, groups.folder, x.Name), groups, clone(x))
	}
	for _, x := range c.Subscriptions {
		w.subscription(w.folder(dir, subscriptions.folder, x.Name), clone(x))
	}
	for _, x := range c.NamedValues {
		w.namedValue(w.folder(dir, namedValues.folder, x.Name), clone(x))
	}
	for _, x := range c.Backends {
		w.information(w.folder(dir, backends.folder, x.Name), backends, clone(x))
	}
	for _, x := range c.Fragments {
		w.fragment(w.folder(dir, fragments.folder, x.Name), clone(x))
	}
	for _, x := range c.Loggers {
		w.information(w.folder(dir, loggers.folder, x.Name), loggers, clone(x))
	}
	w.diagnostics(dir, c.Diagnostics)
	for _, x := range c.Tags {
		sub := w.folder(dir, tags.folder, x.Name)
		w.information(sub, tags, clone(x))
		w.links(sub, tagAPIs, x.APIs)
		w.links(sub, tagProducts, x.Products)
	}
}

func (w *writer) diagnostics(dir string, list []*apim.Diagnostic) {
	for _, x := range list {
		w.information(w.folder(dir, diagnostics.folder, x.Name), diagnostics, clone(x))
	}
}

// asRead is the resource as its own file says, without what else was put into
// it.
func asRead[T any, P resource[T]](x P) P {
	fresh := new(T)
	p := P(fresh)
	p.Self().Name = x.Self().Name
	read := parsed(x.Self().Properties)
	if o := x.Self().Overrides; o != nil {
		read = tree.Merge(read, parsed(o))
	}
	tree.Decode(read, fresh)
	return p
}

func (w *writer) subscription(dir string, x *apim.Subscription) {
	if x.KeysSupplied {
		was := asRead(x)
		x.PrimaryKey, x.SecondaryKey = was.PrimaryKey, was.SecondaryKey
	}
	w.information(dir, subscriptions, x)
}

func (w *writer) namedValue(dir string, x *apim.NamedValue) {
	if x.Supplied {
		x.Value = asRead(x).Value
	}
	w.information(dir, namedValues, x)
}

// fragment writes the text beside the information file, and takes it out of
// there, where older versions had it as well, once the two differ.
func (w *writer) fragment(dir string, x *apim.Fragment) {
	inlineOnly := x.Document != nil && strings.HasSuffix(x.Document.File.Name(), "#value")
	if x.Properties != nil || x.Description != "" {
		w.information(dir, fragments, x)
	}
	if !inlineOnly {
		w.document(dir, x.Document)
	}
}

// api writes an API with everything below it. Operations that come from a
// specification are in it; only those made or changed by hand have a file.
func (w *writer) api(c *apim.Contents, dir string, original *apim.API) {
	x := clone(original)
	was := asRead(x)
	if x.Specification != nil {
		if was.DisplayName == "" && x.DisplayName == x.Specification.Title {
			x.DisplayName = ""
		}
		if was.ServiceURL == "" && x.ServiceURL == x.Specification.ServiceURL {
			x.ServiceURL = ""
		}
	}
	if root, _, other := apim.SplitRevision(x.Name); other {
		// What a revision shares with the current one stays as its file says.
		if current := c.API(root); current != nil {
			inherit(x, was)
		}
		if !hasMember(x.Properties, nil, "apiRevision") {
			x.Revision = was.Revision
		}
	}
	sub := w.folder(dir, apis.folder, x.Name)
	w.information(sub, apis, x)
	w.document(sub, x.Policy)
	w.diagnostics(sub, x.Diagnostics)
	for _, r := range x.Releases {
		w.information(w.folder(sub, releases.folder, r.Name), releases, clone(r))
	}
	for _, s := range x.Schemas {
		w.information(w.folder(sub, schemas.folder, s.Name), schemas, clone(s))
	}
	w.links(sub, apiTags, x.Tags)
	if x.Specification != nil && !strings.Contains(x.Specification.File.Name(), "#") {
		w.files[path.Join(sub, path.Base(x.Specification.File.Name()))] = want{text: x.Specification.File.Text()}
	}
	for _, o := range x.Operations {
		w.operation(sub, x, o)
	}
}

func (w *writer) operation(dir string, a *apim.API, o *apim.Operation) {
	imported := o.Properties == nil && a.Specification != nil && o.Origin.File == a.Specification.File
	if imported && o.Policy == nil && len(o.Tags) == 0 {
		return
	}
	sub := w.folder(dir, operations.folder, o.Name)
	if o.Policy != nil {
		// The folder may have the name that the documentation gives operations.
		file := o.Policy.File
		if o.Policy.Overridden != nil {
			file = o.Policy.Overridden
		}
		if was := path.Dir(file.Name()); path.Dir(was) == path.Dir(sub) {
			sub = was
		}
	}
	if !imported {
		w.information(sub, operations, clone(o))
	}
	w.document(sub, o.Policy)
	w.links(sub, operationTags, o.Tags)
}

// links writes ties in the form in which they were read: on a list, or in one
// folder each. A new one joins a list where there is one.
func (w *writer) links(dir string, k link, ties []apim.Link) {
	fromList := func(x apim.Link) bool {
		return k.list != "" && x.Origin.File != nil && path.Base(x.Origin.File.Name()) == k.list
	}
	hasList := slices.ContainsFunc(ties, fromList)
	list := &tree.Node{Kind: tree.Array}
	for _, x := range ties {
		if fromList(x) || hasList && x.Origin.File == nil {
			name := tree.Member{Key: "name", Value: &tree.Node{Kind: tree.String, Text: x.Target}}
			list.Items = append(list.Items, &tree.Node{Kind: tree.Object, Members: []tree.Member{name}})
			continue
		}
		w.link(dir, k, x)
	}
	if len(list.Items) > 0 {
		w.files[path.Join(dir, k.list)] = want{node: list}
	}
}

func (w *writer) link(dir string, k link, x apim.Link) {
	n := &tree.Node{Kind: tree.Object}
	sub := w.folder(dir, k.folder, x.Target)
	if f := x.Origin.File; f != nil && path.Dir(path.Dir(f.Name())) == path.Join(dir, k.folder) {
		sub = path.Dir(f.Name())
	}
	if x.Properties != nil {
		n.Members = []tree.Member{{Key: "name", Value: &tree.Node{Kind: tree.String, Text: x.Name}}, {Key: "properties", Value: parsed(x.Properties)}}
	}
	w.files[path.Join(sub, k.files[0])] = want{node: n}
}
