package management

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// project is a resource's properties as an answer has them: as they were
// written, in APIM's spelling, with what APIM takes for absent ones, with ids
// made absolute.
func project(p *place, x interface{ Self() *apim.Resource }) *tree.Node {
	self := x.Self()
	written := parse(self.Properties)
	if self.Overrides != nil {
		written = tree.Merge(written, parse(self.Overrides))
	}
	n := shown(prune(typed(x)), written)
	absolute(p, n)
	return n
}

// typed is a resource as its fields have it.
func typed(x any) *tree.Node {
	text, err := json.Marshal(x)
	if err != nil {
		panic("management: a resource that is no JSON: " + err.Error())
	}
	return parse(text)
}

func parse(text []byte) *tree.Node {
	if text == nil {
		return &tree.Node{Kind: tree.Object}
	}
	n, _ := tree.ParseJSON(source.NewFile("", string(text)))
	if n == nil {
		return &tree.Node{Kind: tree.Object}
	}
	return n
}

// prune takes out what says nothing: texts, lists and objects that are empty,
// dates and numbers that were not given.
func prune(n *tree.Node) *tree.Node {
	if n.Kind != tree.Object {
		return n
	}
	var kept []tree.Member
	for _, m := range n.Members {
		if m.Key == "examples" {
			kept = append(kept, m) // somebody else's JSON, where a zero says something
			continue
		}
		m.Value = prune(m.Value)
		for i, item := range m.Value.Items {
			m.Value.Items[i] = prune(item)
		}
		v := m.Value
		empty := v.Kind == tree.Null || v.Kind == tree.String && (v.Text == "" || v.Text == "0001-01-01T00:00:00Z" || v.Text == "PT0S") ||
			v.Kind == tree.Number && v.Text == "0" || v.Kind == tree.Array && len(v.Items) == 0 || v.Kind == tree.Object && len(v.Members) == 0
		if !empty {
			kept = append(kept, m)
		}
	}
	n.Members = kept
	return n
}

// shown is the fields of a resource, in their order and spelling, and behind them
// what was written and has no field.
func shown(fields, written *tree.Node) *tree.Node {
	if fields.Kind != written.Kind || fields.Kind != tree.Object && fields.Kind != tree.Array {
		return fields
	}
	out := &tree.Node{Kind: fields.Kind}
	if fields.Kind == tree.Array {
		if len(fields.Items) != len(written.Items) {
			return fields
		}
		for i := range fields.Items {
			out.Items = append(out.Items, shown(fields.Items[i], written.Items[i]))
		}
		return out
	}
	for _, f := range fields.Members {
		if m := written.Member(f.Key); m != nil && m.Value.Kind != tree.Null {
			f.Value = shown(f.Value, m.Value)
		}
		out.Members = append(out.Members, f)
	}
	for _, m := range written.Members {
		if m.Value.Kind != tree.Null && fields.Member(m.Key) == nil {
			out.Members = append(out.Members, m)
		}
	}
	return out
}

// absolute makes the ids in a tree absolute; the tree is the caller's own.
func absolute(p *place, n *tree.Node) {
	for _, item := range n.Items {
		absolute(p, item)
	}
	for i, m := range n.Members {
		if m.Value.Kind == tree.String {
			if id := absoluteID(p, m.Key, m.Value.Text); id != m.Value.Text {
				n.Members[i].Value = text(id)
			}
			continue
		}
		absolute(p, m.Value)
	}
}

// without is an object without some of its members.
func without(n *tree.Node, names ...string) *tree.Node {
	out := &tree.Node{Kind: n.Kind, File: n.File, Span: n.Span}
next:
	for _, m := range n.Members {
		for _, name := range names {
			if strings.EqualFold(m.Key, name) {
				continue next
			}
		}
		out.Members = append(out.Members, m)
	}
	return out
}

// with is an object with one member set.
func with(n *tree.Node, key string, value *tree.Node) *tree.Node {
	out := without(n, key)
	out.Members = append(out.Members, tree.Member{Key: key, Value: value})
	return out
}

func text(s string) *tree.Node { return &tree.Node{Kind: tree.String, Text: s} }

// yes is true in JSON.
var yes = &tree.Node{Kind: tree.Bool, Text: "true"}

func object(pairs ...string) *tree.Node {
	n := &tree.Node{Kind: tree.Object}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Members = append(n.Members, tree.Member{Key: pairs[i], Value: text(pairs[i+1])})
	}
	return n
}

// patched is a base with a merge patch laid on it (RFC 7396): null removes.
func patched(base, patch *tree.Node) *tree.Node {
	if base == nil || base.Kind != tree.Object || patch.Kind != tree.Object {
		return patch
	}
	out := without(base)
	for _, m := range patch.Members {
		have := out.Member(m.Key)
		switch {
		case m.Value.Kind == tree.Null:
			out = without(out, m.Key)
		case have != nil:
			have.Value = patched(have.Value, m.Value)
		default:
			out.Members = append(out.Members, m)
		}
	}
	return out
}

// sentence is a message of ours in ARM's manner: with a capital and a full
// stop. A message that begins with a name keeps that as it is spelled: one of
// names, or a word that no sentence of English begins with, such as set-header.
func sentence(s string, names ...string) string {
	if s == "" {
		return s
	}
	first, _, _ := strings.Cut(s, " ")
	first = strings.TrimRight(first, ":,")
	name := slices.Contains(names, first) || strings.Contains(first, "-") || strings.ToLower(first) != first
	if !name && s[0] >= 'a' && s[0] <= 'z' {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
