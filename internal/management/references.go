package management

import (
	"regexp"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/policy/markup"
)

// usage tells whether something is used by a document, a backend, an API. Only
// ARM's list of a fragment's references exists in APIM; the others answer in
// the same shape.
type usage struct {
	element func(*markup.Element) bool
	backend func(*apim.Backend) bool
	api     func(*apim.API) bool
}

// listReferences lists what includes a fragment.
func listReferences(c *call, p *place, e entry) *arm.Error {
	return c.references(p, usage{element: func(x *markup.Element) bool {
		if x.Name != "include-fragment" {
			return false
		}
		a := x.Attr("fragment-id")
		return a != nil && strings.EqualFold(a.Value.Text, e.name)
	}})
}

// referenceIn finds {{names}} in properties of resources; in documents the
// reader of markup finds them.
var referenceIn = regexp.MustCompile(`\{\{\s*([A-Za-z0-9._-]+)\s*\}\}`)

// namedValueReferences lists what says {{the named value}}.
func namedValueReferences(c *call, p *place, e entry) *arm.Error {
	name := e.x.(*apim.NamedValue).DisplayName
	refers := func(v markup.Value) bool {
		for _, r := range v.References() {
			if strings.EqualFold(r.Name, name) {
				return true
			}
		}
		return false
	}
	within := func(text string) bool {
		for _, m := range referenceIn.FindAllStringSubmatch(text, -1) {
			if strings.EqualFold(m[1], name) {
				return true
			}
		}
		return false
	}
	return c.references(p, usage{
		element: func(x *markup.Element) bool {
			for _, a := range x.Attrs {
				if refers(a.Value) {
					return true
				}
			}
			return x.HasText() && refers(x.Text())
		},
		backend: func(b *apim.Backend) bool { return within(string(b.Properties)) },
		api:     func(a *apim.API) bool { return within(a.ServiceURL) },
	})
}

// backendReferences lists what names a backend: pools, and policies in an
// attribute or as a C# string. A name that an expression puts together is not
// found.
func backendReferences(c *call, p *place, e entry) *arm.Error {
	literal := `"` + strings.ToLower(e.name) + `"`
	names := func(v markup.Value) bool {
		return strings.EqualFold(v.Text, e.name) || v.IsExpression() && strings.Contains(strings.ToLower(v.Text), literal)
	}
	return c.references(p, usage{
		element: func(x *markup.Element) bool {
			for _, a := range x.Attrs {
				if (a.Name == "backend-id" || a.Value.IsExpression()) && names(a.Value) {
					return true
				}
			}
			return x.HasText() && x.Text().IsExpression() && names(x.Text())
		},
		backend: func(b *apim.Backend) bool {
			if b.Pool == nil {
				return false
			}
			for _, m := range b.Pool.Services {
				if strings.EqualFold(apim.Tail(m.ID), e.name) {
					return true
				}
			}
			return false
		},
	})
}

// references answers the ids of everything at a place that uses something.
func (c *call) references(p *place, u usage) *arm.Error {
	c.quiet = true // nothing changes
	refs := []any{}
	add := func(id string, d *apim.Document) {
		if d == nil {
			return
		}
		read, _ := markup.Parse(d.File.Name(), d.Text(), markup.Options{MaxBytes: len(d.Text()) + 1})
		if read.Root != nil && anywhere(read.Root, u.element) {
			refs = append(refs, map[string]string{"id": id})
		}
	}
	add(p.root+"/policies/policy", p.contents.Policy)
	for _, f := range p.contents.Fragments {
		add(p.root+"/policyFragments/"+f.Name, f.Document)
	}
	for _, x := range p.contents.Products {
		add(p.root+"/products/"+x.Name+"/policies/policy", x.Policy)
	}
	for _, a := range p.contents.APIs {
		if u.api != nil && u.api(a) {
			refs = append(refs, map[string]string{"id": p.root + "/apis/" + a.Name})
		}
		add(p.root+"/apis/"+a.Name+"/policies/policy", a.Policy)
		for _, o := range a.Operations {
			add(p.root+"/apis/"+a.Name+"/operations/"+o.Name+"/policies/policy", o.Policy)
		}
	}
	for _, b := range p.contents.Backends {
		if u.backend != nil && u.backend(b) {
			refs = append(refs, map[string]string{"id": p.root + "/backends/" + b.Name})
		}
	}
	arm.Answer(c.w, 200, map[string]any{"value": refs, "count": len(refs)})
	return nil
}

// anywhere reports whether an element or one below it is meant.
func anywhere(e *markup.Element, is func(*markup.Element) bool) bool {
	if is(e) {
		return true
	}
	for child := range e.Elements() {
		if anywhere(child, is) {
			return true
		}
	}
	return false
}
