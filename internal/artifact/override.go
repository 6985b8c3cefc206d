package artifact

import (
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// overrides are a part of a publisher's configuration: an entry of a section,
// with its properties and the sections of its children. The zero overrides are
// none.
type overrides struct {
	node *tree.Node
	used map[*tree.Node]bool
}

// sections are the names that a configuration may use, at any depth.
var sections = []string{
	"namedValues", "backends", "loggers", "diagnostics", "gateways", "versionSets", "groups", "subscriptions", "products", "apis", "tags",
	"policyFragments", "policies", "servicePolicies", "workspaces", "operations", "releases", "schemas", "users", "caches",
}

// configuration reads configuration.<env>.yaml.
func (l *loader) configuration(o Options) overrides {
	if o.Configuration == nil {
		return overrides{}
	}
	n := l.parse(o.Configuration)
	if n == nil {
		return overrides{}
	}
	if n.Kind != tree.Object {
		l.report(apim.Origin{File: n.File, Span: n.Span}, "wrong-type", "a configuration must be a mapping of sections, not %s", n.Kind)
		return overrides{}
	}
	l.tokens(n, o.Token)
	over := overrides{node: n, used: map[*tree.Node]bool{}}
	for _, m := range n.Members {
		if m.Key == "apimServiceName" {
			continue
		}
		l.section(m)
	}
	return over
}

// section checks the shape of a section: a list of entries with a name.
func (l *loader) section(m tree.Member) {
	at := apim.Origin{File: m.Value.File, Span: m.Span}
	known := false
	for _, s := range sections {
		known = known || s == m.Key
	}
	switch {
	case !known:
		l.report(at, "unknown-section", "%q is no section of a configuration", m.Key).Hint = suggestion(m.Key, sections)
		return
	case m.Value.Kind == tree.Null:
		return
	case m.Value.Kind != tree.Array:
		l.report(at, "wrong-type", "a section must be a list of entries with a name, not %s", m.Value.Kind)
		return
	}
	for _, item := range m.Value.Items {
		if name := item.Get("name"); name == nil || name.Kind != tree.String {
			l.report(apim.Origin{File: item.File, Span: item.Span}, "missing-property", "an entry of %s needs a name", m.Key)
		}
		for _, child := range item.Members {
			if child.Key != "name" && child.Key != "properties" && child.Key != "id" {
				l.section(child)
			}
		}
	}
}

// tokens replaces {#name#} in texts. The publisher's sample pipelines do so
// with secrets of the environment before they run it.
func (l *loader) tokens(n *tree.Node, token func(string) (string, bool)) {
	for _, item := range n.Items {
		l.tokens(item, token)
	}
	for _, m := range n.Members {
		l.tokens(m.Value, token)
	}
	if n.Kind != tree.String || !strings.Contains(n.Text, "{#") {
		return
	}
	var out strings.Builder
	rest := n.Text
	for {
		before, after, found := strings.Cut(rest, "{#")
		name, tail, closed := strings.Cut(after, "#}")
		if !found || !closed {
			out.WriteString(rest)
			n.Text = out.String()
			return
		}
		out.WriteString(before)
		value, ok := "", false
		if token != nil {
			value, ok = token(strings.TrimSpace(name))
		}
		if !ok {
			l.report(apim.Origin{File: n.File, Span: n.Span}, "unknown-token", "nothing gives a value to {#%s#}", name).Hint = "set it in the environment"
		}
		out.WriteString(value)
		rest = tail
	}
}

// of is the entry of a section by name, which is compared exactly but for
// case: "a" and "a;rev=2" are two.
func (o overrides) of(section, name string) overrides {
	list := o.node.Get(section)
	if list == nil {
		return overrides{}
	}
	for _, item := range list.Items {
		if strings.EqualFold(item.Get("name").StringOr(""), name) {
			o.used[item] = true
			return overrides{item, o.used}
		}
	}
	return overrides{}
}

// properties are what is laid over a resource's properties. The publisher does
// not let a configuration choose revisions.
func (o overrides) properties() *tree.Node {
	n := o.node.Get("properties")
	if n == nil || n.Kind != tree.Object {
		return nil
	}
	out := *n
	out.Members = nil
	for _, m := range n.Members {
		if m.Key != "apiRevision" && m.Key != "isCurrent" {
			out.Members = append(out.Members, m)
		}
	}
	return &out
}

// unused warns of entries for resources that the folder does not have: they
// change nothing.
func (o overrides) unused(l *loader) {
	if o.node == nil {
		return
	}
	var walk func(n *tree.Node)
	walk = func(n *tree.Node) {
		for _, m := range n.Members {
			if m.Key == "properties" || m.Value.Kind != tree.Array {
				continue
			}
			for _, item := range m.Value.Items {
				if name := item.Get("name"); !o.used[item] && name != nil {
					l.warn(apim.Origin{File: name.File, Span: name.Span}, "unused-override", "the folder has nothing named %q in %s, and the entry changes nothing", name.Text, m.Key)
					continue
				}
				walk(item)
			}
		}
	}
	walk(o.node)
}

// overriddenDocument is the policy document that the configuration puts in the
// place of a folder's; nil if it has none. The folder must have one: an
// override of nothing changes nothing.
func (l *loader) overriddenDocument(over overrides, name, scope string) *apim.Document {
	if over.node == nil || l.files.text(name, l.files.limits.File) == nil {
		return nil
	}
	for _, section := range []string{"policies", "servicePolicies"} {
		entry := over.of(section, "policy")
		if d := l.overriddenText(entry, name); d != nil {
			d.Scope = scope
			return d
		}
	}
	return nil
}

// overriddenText is the text among the properties of an entry, in the place of
// the file of that name. A fragment's entry has it in its own properties.
func (l *loader) overriddenText(entry overrides, name string) *apim.Document {
	properties := entry.properties()
	value := properties.Get("value")
	if value == nil || value.Kind != tree.String {
		return nil
	}
	own := l.files.text(name, l.files.limits.File)
	if own == nil {
		return nil
	}
	if f := properties.Get("format"); f != nil && strings.HasSuffix(strings.ToLower(f.Text), "-link") {
		l.report(apim.Origin{File: f.File, Span: f.Span}, "wrong-value", "a policy cannot be a link here: nothing is fetched while loading")
		return nil
	}
	return &apim.Document{
		Format: format(properties.Get("format"), apim.RawXML), Overridden: own,
		File: source.NewFile(value.File.Name()+"#"+strings.TrimSuffix(name, ".xml"), value.Text),
	}
}
