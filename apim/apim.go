// Package apim is the resource model of Azure API Management in its own words:
// a Service with its APIs, operations, products, subscriptions, named values,
// backends, policy fragments and policy documents.
//
// It is plain data. Whoever builds a Service (the folder loader, the
// management API, a test) owns it until it is published; from then on nobody
// changes it and everybody may read it at once. There is no behaviour here
// beyond look-ups and the reading of ids, scopes and durations.
//
// Field names follow APIM's JSON, which the json tags spell exactly. A field
// holds what APIM would take where the JSON says nothing (Defaults), so that
// readers never ask twice; the JSON as it was written stays in
// Resource.Properties, with every property that this model does not know, so
// that a resource can be written back without loss.
//
// Names are compared without regard to case, as APIM does. Ids come as
// absolute ARM ids (often of another service), as relative ones ("/backends/x")
// and as bare names; all of them resolve by their last segment (Tail).
package apim

import (
	"encoding/json"
	"strings"

	"github.com/spillway-gateway/spillway/source"
)

// Resource is what every resource has.
type Resource struct {
	// Name is the resource's name within its collection: the last segment of
	// its id, the folder's name in an artifact folder.
	Name string `json:"-"`
	// Properties is the JSON object that the typed fields were read from,
	// known and unknown properties alike. Nil for a resource made in Go. It
	// may hold secrets.
	Properties json.RawMessage `json:"-"`
	// Overrides is what a publisher's configuration laid over Properties
	// before the typed fields were read; it is no part of the folder.
	Overrides json.RawMessage `json:"-"`
	// Origin is where the resource was read from.
	Origin Origin `json:"-"`
}

// Self is the part that every resource has, for code that treats all types
// alike.
func (r *Resource) Self() *Resource { return r }

// Origin is the place that a resource was read from: its information file and
// the span of its properties there. Secrets in the file's text are masked, so
// that it may be shown. The zero Origin is that of a resource that came from
// no file.
type Origin struct {
	File *source.File
	Span source.Span
}

// Contents are the resources that a service and a workspace both hold. Lists
// are in the order of their names.
type Contents struct {
	// Policy is the document of the whole service or workspace; nil if none.
	Policy *Document

	APIs          []*API
	VersionSets   []*VersionSet
	Products      []*Product
	Groups        []*Group
	Subscriptions []*Subscription
	NamedValues   []*NamedValue
	Backends      []*Backend
	Fragments     []*Fragment
	Loggers       []*Logger
	Diagnostics   []*Diagnostic
	Tags          []*Tag
}

// Service is one APIM instance.
type Service struct {
	// Name is the service's name; context.Deployment.ServiceName.
	Name string
	Contents
	Users      []*User
	Caches     []*Cache
	Gateways   []*Gateway
	Workspaces []*Workspace
}

// Workspace is a service within the service, with its own resources.
type Workspace struct {
	Resource
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	Contents    `json:"-"`
}

// Workspace is the workspace of that name, or nil.
func (s *Service) Workspace(name string) *Workspace {
	return find(s.Workspaces, name, func(w *Workspace) string { return w.Name })
}

// Gateway is the self-hosted gateway of that name, or nil.
func (s *Service) Gateway(name string) *Gateway {
	return find(s.Gateways, name, func(g *Gateway) string { return g.Name })
}

// User is the user of that name or id, or nil.
func (s *Service) User(id string) *User {
	return find(s.Users, Tail(id), func(u *User) string { return u.Name })
}

// API is the API of that name or id, or nil. The current revision has the name
// without ";rev=N", and answers to the one with its own number, too.
func (c *Contents) API(id string) *API {
	named := func(name string) *API { return find(c.APIs, name, func(a *API) string { return a.Name }) }
	name := Tail(id)
	if a := named(name); a != nil {
		return a
	}
	if root, number, numbered := SplitRevision(name); numbered {
		if a := named(root); a != nil && a.Revision == number {
			return a
		}
	}
	return nil
}

// VersionSet is the version set of that name or id, or nil.
func (c *Contents) VersionSet(id string) *VersionSet {
	return find(c.VersionSets, Tail(id), func(v *VersionSet) string { return v.Name })
}

// Product is the product of that name or id, or nil.
func (c *Contents) Product(id string) *Product {
	return find(c.Products, Tail(id), func(p *Product) string { return p.Name })
}

// Group is the group of that name or id, or nil.
func (c *Contents) Group(id string) *Group {
	return find(c.Groups, Tail(id), func(g *Group) string { return g.Name })
}

// Subscription is the subscription of that name or id, or nil.
func (c *Contents) Subscription(id string) *Subscription {
	return find(c.Subscriptions, Tail(id), func(s *Subscription) string { return s.Name })
}

// NamedValue is the named value that {{displayName}} refers to, or nil.
// Policies refer to display names; resource names play no part in it.
func (c *Contents) NamedValue(displayName string) *NamedValue {
	return find(c.NamedValues, displayName, func(n *NamedValue) string { return n.DisplayName })
}

// NamedValueResource is the named value of that resource name or id, or nil.
func (c *Contents) NamedValueResource(id string) *NamedValue {
	return find(c.NamedValues, Tail(id), func(n *NamedValue) string { return n.Name })
}

// Backend is the backend of that name or id, or nil.
func (c *Contents) Backend(id string) *Backend {
	return find(c.Backends, Tail(id), func(b *Backend) string { return b.Name })
}

// Fragment is the policy fragment of that name or id, or nil.
func (c *Contents) Fragment(id string) *Fragment {
	return find(c.Fragments, Tail(id), func(f *Fragment) string { return f.Name })
}

// Logger is the logger of that name or id, or nil.
func (c *Contents) Logger(id string) *Logger {
	return find(c.Loggers, Tail(id), func(l *Logger) string { return l.Name })
}

// Diagnostic is the diagnostic of that name or id, or nil.
func (c *Contents) Diagnostic(id string) *Diagnostic {
	return find(c.Diagnostics, Tail(id), func(d *Diagnostic) string { return d.Name })
}

// Tag is the tag of that name or id, or nil.
func (c *Contents) Tag(id string) *Tag {
	return find(c.Tags, Tail(id), func(t *Tag) string { return t.Name })
}

// ProductsOf are the products that contain the API, whatever its revision, in
// the order of their names.
func (c *Contents) ProductsOf(a *API) []*Product {
	var ps []*Product
	for _, p := range c.Products {
		if p.Contains(a) {
			ps = append(ps, p)
		}
	}
	return ps
}

// find is linear: look-ups by name happen when a service is compiled, and the
// lists are short. Request-time indexes belong to whoever compiles.
func find[T any](list []*T, name string, nameOf func(*T) string) *T {
	for _, x := range list {
		if strings.EqualFold(nameOf(x), name) {
			return x
		}
	}
	return nil
}
