package management

import (
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/tree"
)

func products() *kind {
	return resources(kind{
		path: "products", shown: "products", what: "Product", required: []string{"displayName"},
		filter: []string{"name", "displayName", "description", "terms", "state"},
		enter:  func(p *place, e entry) { p.product = e.x.(*apim.Product) },
		drop:   dropProduct,
	}, func(p *place) *[]*apim.Product { return &p.contents.Products }, func(_ *call, _ *place, x, old *apim.Product) error {
		if old != nil {
			x.APIs, x.Groups, x.Tags, x.Policy = old.APIs, old.Groups, old.Tags, old.Policy
		}
		return nil
	})
}

func dropProduct(c *call, p *place, e entry) error {
	of := func(s *apim.Subscription) bool {
		scope, name, _ := apim.ParseSubscriptionScope(s.Scope)
		return scope == apim.ScopeOneProduct && strings.EqualFold(name, e.name)
	}
	if strings.EqualFold(c.query.Get("deleteSubscriptions"), "true") {
		dropSubscriptions(p, of)
	} else if slices.ContainsFunc(p.contents.Subscriptions, of) {
		return arm.Invalid(arm.Detail{Target: "productId", Message: "The product cannot be deleted while it has subscriptions; deleteSubscriptions=true deletes them, too."})
	}
	for _, t := range p.contents.Tags {
		t.Products = slices.DeleteFunc(t.Products, func(l apim.Link) bool { return strings.EqualFold(l.Target, e.name) })
	}
	p.contents.Products = slices.DeleteFunc(p.contents.Products, func(x *apim.Product) bool { return x.Name == e.name })
	return nil
}

// tie is a row of links that are resources of their own, with the other end in
// a property.
func tie(path, shown, property, collection string, list func(p *place) *[]apim.Link, exists func(p *place, name string) bool) *kind {
	return &kind{
		path: path, shown: shown, what: "Link", link: true,
		items: func(p *place) []entry {
			var out []entry
			for _, l := range *list(p) {
				out = append(out, entry{l.Name, l})
			}
			return out
		},
		show: func(_ *call, p *place, e entry) *tree.Node {
			return object(property, p.root+"/"+collection+"/"+e.x.(apim.Link).Target)
		},
		put: func(_ *call, p *place, name string, old *entry, properties *tree.Node) error {
			target := apim.Tail(properties.Get(property).StringOr(""))
			if target == "" {
				return arm.Invalid(arm.Detail{Target: property, Message: "Property '" + property + "' is required."})
			}
			if !exists(p, target) {
				return arm.Invalid(arm.Detail{Target: property, Message: "Resource '" + target + "' could not be found."})
			}
			l := list(p)
			if old != nil {
				*l = slices.DeleteFunc(*l, func(x apim.Link) bool { return x.Name == old.name })
				name = old.name
			}
			if slices.ContainsFunc(*l, func(x apim.Link) bool { return strings.EqualFold(x.Target, target) }) {
				return arm.Errorf(409, "Conflict", "There is a link to '%s' already.", target)
			}
			link := apim.Link{Resource: apim.Resource{Name: name}, Target: target}
			if !strings.EqualFold(name, target) { // or the folder's name says everything
				link.Properties = object(property, "/"+collection+"/"+target).JSON()
			}
			*l = append(*l, link)
			return nil
		},
		drop: func(_ *call, p *place, e entry) error {
			l := list(p)
			*l = slices.DeleteFunc(*l, func(x apim.Link) bool { return x.Name == e.name })
			return nil
		},
	}
}

// member is a row of links by the name of their other end: PUT joins, DELETE
// parts. What is listed and answered are the resources there.
func member(path, shown string, other func() *kind, headStatus int, list func(p *place) *[]apim.Link) *kind {
	k := &kind{path: path, shown: shown, link: true, headStatus: headStatus}
	at := func(p *place) *place {
		q := *p
		q.id = p.root
		return &q
	}
	k.what = other().what
	k.filter = other().filter
	k.items = func(p *place) []entry {
		var out []entry
		for _, l := range *list(p) {
			if e := find(other(), p, l.Target); e != nil {
				out = append(out, *e)
			}
		}
		return out
	}
	k.show = func(c *call, p *place, e entry) *tree.Node { return other().show(c, p, e) }
	k.envelope = func(c *call, p *place, e entry) any { return c.envelope(other(), at(p), e) }
	k.put = func(_ *call, p *place, name string, old *entry, _ *tree.Node) error {
		x := find(other(), p, name)
		if x == nil {
			return arm.NotFound(k.what, name)
		}
		if old == nil {
			*list(p) = append(*list(p), apim.Link{Resource: apim.Resource{Name: x.name}, Target: x.name})
		}
		return nil
	}
	k.drop = func(_ *call, p *place, e entry) error {
		l := list(p)
		*l = slices.DeleteFunc(*l, func(x apim.Link) bool { return strings.EqualFold(x.Target, e.name) })
		return nil
	}
	return k
}

func productAPILinks() *kind {
	return tie("products/apilinks", "products/apiLinks", "apiId", "apis", func(p *place) *[]apim.Link { return &p.product.APIs },
		func(p *place, name string) bool { return p.contents.API(apim.RootName(name)) != nil })
}

func productGroupLinks() *kind {
	return tie("products/grouplinks", "products/groupLinks", "groupId", "groups", func(p *place) *[]apim.Link { return &p.product.Groups },
		func(p *place, name string) bool { return find(groups(), p, name) != nil })
}

func productAPIs() *kind {
	return member("products/apis", "products/apis", apis, 204, func(p *place) *[]apim.Link { return &p.product.APIs })
}

func productGroups() *kind {
	return member("products/groups", "products/groups", groups, 204, func(p *place) *[]apim.Link { return &p.product.Groups })
}

func gatewayAPIs() *kind {
	return member("gateways/apis", "gateways/apis", apis, 200, func(p *place) *[]apim.Link { return &p.gateway.APIs })
}

// apiProducts lists the products that an API is in.
func apiProducts() *kind {
	return &kind{
		path: "apis/products", shown: "apis/products", what: "Product", filter: []string{"name", "displayName"},
		items: func(p *place) []entry {
			var out []entry
			for _, x := range p.contents.ProductsOf(p.api) {
				out = append(out, entry{x.Name, x})
			}
			return out
		},
		show: func(c *call, p *place, e entry) *tree.Node { return products().show(c, p, e) },
		envelope: func(c *call, p *place, e entry) any {
			q := *p
			q.id = p.root
			return c.envelope(products(), &q, e)
		},
	}
}
