package management

import (
	"net/http"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/tree"
)

func tags() *kind {
	return resources(kind{
		path: "tags", shown: "tags", what: "Tag", required: []string{"displayName"}, filter: []string{"name", "displayName"},
		enter: func(p *place, e entry) { p.tag = e.x.(*apim.Tag) },
		drop: func(_ *call, p *place, e entry) error {
			bears := to(e.name)
			for _, a := range p.contents.APIs {
				a.Tags = slices.DeleteFunc(a.Tags, bears)
				for _, o := range a.Operations {
					o.Tags = slices.DeleteFunc(o.Tags, bears)
				}
			}
			for _, x := range p.contents.Products {
				x.Tags = slices.DeleteFunc(x.Tags, bears)
			}
			p.contents.Tags = slices.DeleteFunc(p.contents.Tags, func(x *apim.Tag) bool { return x.Name == e.name })
			return nil
		},
	}, func(p *place) *[]*apim.Tag { return &p.contents.Tags }, func(_ *call, _ *place, x, old *apim.Tag) error {
		if old != nil {
			x.APIs, x.Products = old.APIs, old.Products
		}
		return nil
	})
}

// to finds links by what they lead to.
func to(name string) func(apim.Link) bool {
	return func(l apim.Link) bool { return strings.EqualFold(l.Target, name) }
}

// borne is a row of the tags that something bears. Folders of APIOps 7 keep such a
// tie with the tag (ties), those before it with what bears the tag (list): both are
// read, and a new one joins those that are there.
func borne(path string, list func(p *place) *[]apim.Link, ties func(t *apim.Tag) *[]apim.Link, bearer func(p *place) string) *kind {
	k := member(path, path, tags, http.StatusOK, list)
	own := k.items
	k.items = func(p *place) []entry {
		all := own(p)
		for _, t := range p.contents.Tags {
			if slices.ContainsFunc(*ties(t), to(bearer(p))) && !slices.ContainsFunc(*list(p), to(t.Name)) {
				all = append(all, entry{t.Name, t})
			}
		}
		return all
	}
	k.put = func(_ *call, p *place, name string, old *entry, _ *tree.Node) error {
		t := p.contents.Tag(name)
		switch {
		case t == nil:
			return arm.NotFound(k.what, name)
		case old != nil:
		case len(*list(p)) > 0:
			*list(p) = append(*list(p), apim.Link{Resource: apim.Resource{Name: t.Name}, Target: t.Name})
		default:
			*ties(t) = append(*ties(t), apim.Link{Resource: apim.Resource{Name: bearer(p)}, Target: bearer(p)})
		}
		return nil
	}
	k.drop = func(_ *call, p *place, e entry) error {
		*list(p) = slices.DeleteFunc(*list(p), to(e.name))
		t := e.x.(*apim.Tag)
		*ties(t) = slices.DeleteFunc(*ties(t), to(bearer(p)))
		return nil
	}
	return k
}

func apiTags() *kind {
	return borne("apis/tags", func(p *place) *[]apim.Link { return &p.api.Tags },
		func(t *apim.Tag) *[]apim.Link { return &t.APIs }, func(p *place) string { return p.api.Name })
}

func productTags() *kind {
	return borne("products/tags", func(p *place) *[]apim.Link { return &p.product.Tags },
		func(t *apim.Tag) *[]apim.Link { return &t.Products }, func(p *place) string { return p.product.Name })
}

// operationTags are kept with the operation alone: no version of APIOps has them.
func operationTags() *kind {
	return member("apis/operations/tags", "apis/operations/tags", tags, http.StatusOK, func(p *place) *[]apim.Link { return &p.operation.Tags })
}

// bearing is a row of a tag's links as resources of their own. others gives what
// bears the tag by a tie of its own, and where that tie is kept.
func bearing(k *kind, list func(p *place) *[]apim.Link, others func(p *place, each func(name string, tags *[]apim.Link))) *kind {
	own, drop := k.items, k.drop
	k.items = func(p *place) []entry {
		all := own(p)
		others(p, func(name string, tags *[]apim.Link) {
			if slices.ContainsFunc(*tags, to(p.tag.Name)) && !slices.ContainsFunc(*list(p), to(name)) {
				all = append(all, entry{name, apim.Link{Resource: apim.Resource{Name: name}, Target: name}})
			}
		})
		return all
	}
	k.drop = func(c *call, p *place, e entry) error {
		others(p, func(name string, tags *[]apim.Link) {
			if strings.EqualFold(name, e.x.(apim.Link).Target) {
				*tags = slices.DeleteFunc(*tags, to(p.tag.Name))
			}
		})
		return drop(c, p, e)
	}
	return k
}

func tagAPILinks() *kind {
	list := func(p *place) *[]apim.Link { return &p.tag.APIs }
	k := tie("tags/apilinks", "tags/apiLinks", "apiId", "apis", list, func(p *place, name string) bool { return p.contents.API(name) != nil })
	return bearing(k, list, func(p *place, each func(string, *[]apim.Link)) {
		for _, a := range p.contents.APIs {
			each(a.Name, &a.Tags)
		}
	})
}

func tagProductLinks() *kind {
	list := func(p *place) *[]apim.Link { return &p.tag.Products }
	k := tie("tags/productlinks", "tags/productLinks", "productId", "products", list, func(p *place, name string) bool { return p.contents.Product(name) != nil })
	return bearing(k, list, func(p *place, each func(string, *[]apim.Link)) {
		for _, x := range p.contents.Products {
			each(x.Name, &x.Tags)
		}
	})
}

// tagged is an operation that bears a tag, by a link.
type tagged struct {
	api       *apim.API
	operation *apim.Operation
	link      apim.Link
}

// tagOperationLinks is the row of a tag's links to operations, which the
// operations keep. One that was made without a name of its own is called after
// what it ties.
func tagOperationLinks() *kind {
	id := func(x tagged) string { return "/apis/" + x.api.Name + "/operations/" + x.operation.Name }
	return &kind{
		path: "tags/operationlinks", shown: "tags/operationLinks", what: "Link", link: true,
		items: func(p *place) []entry {
			var all []entry
			for _, a := range p.contents.APIs {
				for _, o := range a.Operations {
					for _, l := range o.Tags {
						if !strings.EqualFold(l.Target, p.tag.Name) {
							continue
						}
						name := l.Name
						if strings.EqualFold(name, l.Target) {
							name = a.RootName() + "-" + o.Name
						}
						all = append(all, entry{name, tagged{a, o, l}})
					}
				}
			}
			return all
		},
		show: func(_ *call, p *place, e entry) *tree.Node { return object("operationId", p.root+id(e.x.(tagged))) },
		put: func(_ *call, p *place, name string, old *entry, properties *tree.Node) error {
			wanted := strings.Split(strings.Trim(relativeID(properties.Get("operationId").StringOr("")), "/"), "/")
			if len(wanted) != 4 || !strings.EqualFold(wanted[0], "apis") || !strings.EqualFold(wanted[2], "operations") {
				return arm.Invalid(arm.Detail{Target: "operationId", Message: "Property 'operationId' must be the id of an operation: /apis/{api}/operations/{operation}."})
			}
			var o *apim.Operation
			a := p.contents.API(wanted[1])
			if a != nil {
				o = a.Operation(wanted[3])
			}
			if o == nil {
				return arm.Invalid(arm.Detail{Target: "operationId", Message: "Operation '" + wanted[3] + "' of API '" + wanted[1] + "' could not be found."})
			}
			if old != nil {
				was := old.x.(tagged)
				was.operation.Tags = slices.DeleteFunc(was.operation.Tags, to(p.tag.Name))
				name = old.name
			}
			if slices.ContainsFunc(o.Tags, to(p.tag.Name)) {
				return arm.Errorf(http.StatusConflict, "Conflict", "There is a link to '%s' already.", o.Name)
			}
			link := apim.Link{Resource: apim.Resource{Name: name, Properties: object("tagId", "/tags/"+p.tag.Name).JSON()}, Target: p.tag.Name}
			o.Tags = append(o.Tags, link)
			return nil
		},
		drop: func(_ *call, p *place, e entry) error {
			o := e.x.(tagged).operation
			o.Tags = slices.DeleteFunc(o.Tags, to(p.tag.Name))
			return nil
		},
	}
}
