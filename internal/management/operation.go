package management

import (
	"net/http"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/openapi"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

func operations() *kind {
	k := resources(kind{
		path: "apis/operations", shown: "apis/operations", what: "Operation",
		required: []string{"displayName", "method", "urlTemplate"}, readOnly: []string{"policies"},
		filter: []string{"name", "displayName", "method", "description", "urlTemplate"},
		show: func(_ *call, p *place, e entry) *tree.Node {
			o := *e.x.(*apim.Operation)
			o.TemplateParameters = described(&o)
			return project(p, &o)
		},
		enter: func(p *place, e entry) { p.operation = e.x.(*apim.Operation) },
		drop:  dropOperation,
	}, func(p *place) *[]*apim.Operation { return &p.api.Operations }, nil)
	// Operations stand in the order of the specification, which decides between
	// equals: a new one comes last.
	k.put = func(_ *call, p *place, name string, was *entry, properties *tree.Node) error {
		x := &apim.Operation{}
		if was != nil {
			name = was.name
		}
		if err := decode(k, x, name, properties); err != nil {
			return err
		}
		if was == nil {
			p.api.Operations = append(p.api.Operations, x)
			return nil
		}
		old := was.x.(*apim.Operation)
		x.Policy, x.Tags, x.Origin = old.Policy, old.Tags, old.Origin
		p.api.Operations[slices.Index(p.api.Operations, old)] = x
		return nil
	}
	return k
}

// described are the parameters of an operation's template. APIM wants each of
// them described; one that is not is shown as a text that is required.
func described(o *apim.Operation) []apim.Parameter {
	out := slices.Clone(o.TemplateParameters)
	for rest := o.URLTemplate; ; {
		_, after, open := strings.Cut(rest, "{")
		name, more, closed := strings.Cut(after, "}")
		if !open || !closed {
			return out
		}
		rest = more
		if !slices.ContainsFunc(out, func(p apim.Parameter) bool {
			return strings.EqualFold(strings.TrimPrefix(p.Name, "*"), strings.TrimPrefix(name, "*"))
		}) {
			out = append(out, apim.Parameter{Name: name, Type: "string", Required: true})
		}
	}
}

// dropOperation takes an operation away. One that the specification brought is
// taken out of that, or it would be back at the next start.
func dropOperation(_ *call, p *place, e entry) error {
	o := e.x.(*apim.Operation)
	a := p.api
	a.Operations = slices.DeleteFunc(a.Operations, func(x *apim.Operation) bool { return x == o })
	if a.Specification == nil {
		return nil
	}
	file := a.Specification.File
	imported, _ := openapi.Read(file, a.TranslateRequiredQueryParameters)
	if imported == nil {
		return nil
	}
	i := slices.IndexFunc(imported.Operations, func(x *apim.Operation) bool { return strings.EqualFold(x.Name, o.Name) })
	if i < 0 {
		return nil // written by hand beside the specification
	}
	root, _ := tree.Parse(file)
	if !removeMethod(root, imported.Operations[i].Origin.Span) {
		return arm.Errorf(http.StatusConflict, "Conflict", "The operation stands in a part of the specification that other paths share; import a specification without it.")
	}
	short, _ := openapi.Read(source.NewFile("specification.json", string(root.Indented())), a.TranslateRequiredQueryParameters)
	if short == nil {
		return arm.Errorf(http.StatusConflict, "Conflict", "The specification cannot be read without the operation.")
	}
	before := a.Operations
	serviceURL := a.Specification.ServiceURL
	if err := importInto(a, string(root.Indented())); err != nil {
		return err
	}
	a.Specification.ServiceURL = serviceURL
	for i, x := range a.Operations { // those changed by hand stay as they are
		if was := formerly(before, x); was != nil && was.Properties != nil {
			a.Operations[i] = was
		}
	}
	for _, was := range before {
		if formerly(a.Operations, was) == nil {
			a.Operations = append(a.Operations, was)
		}
	}
	return nil
}

// removeMethod takes the method at a place out of the paths of a
// specification; a path without methods goes with it. The tree is changed.
func removeMethod(root *tree.Node, at source.Span) bool {
	for _, key := range []string{"paths", "x-ms-paths"} {
		paths := root.Get(key)
		if paths == nil {
			continue
		}
		for i, path := range paths.Members {
			n := len(path.Value.Members)
			path.Value.Members = slices.DeleteFunc(path.Value.Members, func(m tree.Member) bool { return m.Span == at })
			if len(path.Value.Members) == n {
				continue
			}
			if len(path.Value.Members) == 0 {
				paths.Members = slices.Delete(paths.Members, i, i+1)
			}
			return true
		}
	}
	return false
}
