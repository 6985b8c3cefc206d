package apim

import "slices"

// Clone is a copy of the service whose lists and resources may be changed
// without touching the original. What is below a resource's own fields
// (parameters of an operation, members of a pool, texts) is shared: whoever
// changes it puts a new one in its place.
func (s *Service) Clone() *Service {
	c := *s
	c.Contents = s.Contents.clone()
	c.Users = each(s.Users, func(u *User) { u.Groups = slices.Clone(u.Groups) })
	c.Caches = each(s.Caches, nil)
	c.Gateways = each(s.Gateways, func(g *Gateway) { g.APIs = slices.Clone(g.APIs) })
	c.Workspaces = each(s.Workspaces, func(w *Workspace) { w.Contents = w.Contents.clone() })
	return &c
}

func (c Contents) clone() Contents {
	c.APIs = each(c.APIs, func(a *API) {
		a.Operations = each(a.Operations, func(o *Operation) { o.Tags = slices.Clone(o.Tags) })
		a.Diagnostics = each(a.Diagnostics, nil)
		a.Releases = each(a.Releases, nil)
		a.Schemas = each(a.Schemas, nil)
		a.Tags = slices.Clone(a.Tags)
	})
	c.VersionSets = each(c.VersionSets, nil)
	c.Products = each(c.Products, func(p *Product) {
		p.APIs, p.Groups, p.Tags = slices.Clone(p.APIs), slices.Clone(p.Groups), slices.Clone(p.Tags)
	})
	c.Groups = each(c.Groups, nil)
	c.Subscriptions = each(c.Subscriptions, nil)
	c.NamedValues = each(c.NamedValues, nil)
	c.Backends = each(c.Backends, nil)
	c.Fragments = each(c.Fragments, nil)
	c.Loggers = each(c.Loggers, nil)
	c.Diagnostics = each(c.Diagnostics, nil)
	c.Tags = each(c.Tags, func(t *Tag) { t.APIs, t.Products = slices.Clone(t.APIs), slices.Clone(t.Products) })
	return c
}

// each copies a list and its elements; more copies what an element holds.
func each[T any](list []*T, more func(*T)) []*T {
	if list == nil {
		return nil
	}
	out := make([]*T, len(list))
	for i, x := range list {
		c := *x
		if more != nil {
			more(&c)
		}
		out[i] = &c
	}
	return out
}
