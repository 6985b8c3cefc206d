package management

import (
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// kind is one type of resource: a row of the table.
type kind struct {
	// path are the collections that lead to it, in lower case: apis/operations.
	path string
	// shown is the path as types spell it: apis/operations.
	shown string
	// what is its name in messages.
	what string
	// items are the resources of a collection, in order.
	items func(p *place) []entry
	// show is a resource's properties.
	show func(c *call, p *place, e entry) *tree.Node
	// put makes or replaces a resource in the copy of the service that the
	// place is in. old is nil for a new one.
	put func(c *call, p *place, name string, old *entry, properties *tree.Node) error
	// drop takes a resource away; nil for one that stays.
	drop func(c *call, p *place, e entry) error
	// enter leads from a resource to what is below it.
	enter func(p *place, e entry)
	// secret is what of a resource its properties do not show, for its tag.
	secret  func(e entry) string
	actions map[string]action
	// drafts allows actions on a resource that is not there yet.
	drafts bool
	// alias is the name under which a resource is kept that answers to another
	// one, too; nil for none.
	alias func(p *place, name string) string

	// required are the properties that a resource cannot be without.
	required []string
	// readOnly are properties that are shown and not taken.
	readOnly []string
	// keep says whether a list shows a resource, by what the query asks for
	// beside its filter; nil keeps all.
	keep func(c *call, e entry) bool
	// filter are the fields that a list is filtered by; nil for none. field
	// gives those that are not among the properties.
	filter []string
	field  func(e entry, name string) (text string, ok bool)
	// link marks a tie between two resources: it has no tag, and its PUT may
	// have no body.
	link bool
	// noPatch is for what is only replaced.
	noPatch bool
	// provisioned is for what ARM makes in a long-running operation.
	provisioned bool
	// revisions allows names such as a;rev=2.
	revisions bool
	// headStatus is the answer to HEAD; 0 is 200.
	headStatus int
	// envelope replaces what surrounds the properties; nil for ARM's.
	envelope func(c *call, p *place, e entry) any
}

// action is a verb of one resource, by POST.
type action func(c *call, p *place, e entry) *arm.Error

// entry is one resource of a collection.
type entry struct {
	name string
	x    any
}

// place is where in a service a request is.
type place struct {
	state     *store.State
	contents  *apim.Contents
	workspace string
	// root is the id of the service or workspace.
	root string
	// id is the id of the resource that was entered last.
	id        string
	api       *apim.API
	operation *apim.Operation
	product   *apim.Product
	gateway   *apim.Gateway
	tag       *apim.Tag
}

// resource is a pointer to a type of resource.
type resource[T any] interface {
	*T
	Self() *apim.Resource
}

// resources fills in a row for resources that are kept in a list. check looks
// at a new version before it takes its place; it may complete it.
func resources[T any, P resource[T]](k kind, list func(p *place) *[]*T, check func(c *call, p *place, x P, old P) error) *kind {
	k.items = func(p *place) []entry {
		var out []entry
		for _, x := range *list(p) {
			out = append(out, entry{P(x).Self().Name, P(x)})
		}
		return out
	}
	if k.show == nil {
		k.show = func(_ *call, p *place, e entry) *tree.Node { return project(p, e.x.(P)) }
	}
	if k.put == nil {
		k.put = func(c *call, p *place, name string, was *entry, properties *tree.Node) error {
			var old P
			if was != nil {
				old = was.x.(P)
				name = was.name
			}
			x := new(T)
			if err := decode(&k, P(x), name, properties); err != nil {
				return err
			}
			if old != nil {
				P(x).Self().Origin = old.Self().Origin
			}
			if check != nil {
				if err := check(c, p, P(x), old); err != nil {
					return err
				}
			}
			keep(list(p), x, func(y *T) string { return P(y).Self().Name })
			return nil
		}
	}
	if k.drop == nil {
		k.drop = func(_ *call, p *place, e entry) error {
			l := list(p)
			*l = slices.DeleteFunc(*l, func(y *T) bool { return P(y) == e.x.(P) })
			return nil
		}
	}
	return &k
}

// keep puts x in the place of what has its name, or where its name belongs.
func keep[T any](list *[]*T, x *T, name func(*T) string) {
	for i, y := range *list {
		if strings.EqualFold(name(y), name(x)) {
			(*list)[i] = x
			return
		}
	}
	i, _ := slices.BinarySearchFunc(*list, x, func(a, b *T) int {
		return strings.Compare(strings.ToLower(name(a)), strings.ToLower(name(b)))
	})
	*list = slices.Insert(*list, i, x)
}

// decode reads properties into a resource. What is wrong is told all at once,
// by property.
func decode(k *kind, x interface{ Self() *apim.Resource }, name string, properties *tree.Node) error {
	var details []arm.Detail
	for _, r := range k.required {
		if n := properties.Get(r); n == nil || n.Kind == tree.Null || n.Kind == tree.String && strings.TrimSpace(n.Text) == "" {
			details = append(details, arm.Detail{Target: r, Message: "Property '" + r + "' is required."})
		}
	}
	taken := &tree.Node{Kind: tree.Object, File: properties.File, Span: properties.Span}
	for _, m := range properties.Members {
		if m.Value.Kind == tree.Null || slices.ContainsFunc(append(k.readOnly, "provisioningState"), func(r string) bool { return strings.EqualFold(r, m.Key) }) {
			continue
		}
		taken.Members = append(taken.Members, tree.Member{Key: m.Key, Span: m.Span, Value: relative(m.Key, m.Value)})
	}
	self := x.Self()
	self.Name, self.Properties = name, taken.JSON()
	for _, problem := range tree.Decode(taken, x) {
		if problem.Severity == source.Error {
			target := targetOf(taken, problem.Span)
			details = append(details, arm.Detail{Target: target, Message: sentence(problem.Message, target)})
		}
	}
	if details != nil {
		return arm.Invalid(details...)
	}
	return nil
}

// targetOf is the property that a place of a body belongs to.
func targetOf(properties *tree.Node, at source.Span) string {
	for _, m := range properties.Members {
		if m.Span.Start <= at.Start && at.End <= max(m.Value.Span.End, m.Span.End) {
			return m.Key
		}
	}
	return ""
}

// referring are the properties that hold ids of other resources of the service.
var referring = map[string]string{
	"apiversionsetid": "apiVersionSets", "loggerid": "loggers", "sourceapiid": "apis", "apiid": "apis", "productid": "products",
	"groupid": "groups", "ownerid": "users", "scope": "", "id": "",
}

// relative makes ids of a service's resources relative, so that a folder is
// worth the same for another service, as APIOps writes it.
func relative(key string, n *tree.Node) *tree.Node {
	switch n.Kind {
	case tree.String:
		if _, refers := referring[strings.ToLower(key)]; !refers {
			return n
		}
		c := *n
		c.Text = relativeID(n.Text)
		return &c
	case tree.Array:
		c := *n
		c.Items = make([]*tree.Node, len(n.Items))
		for i, item := range n.Items {
			c.Items[i] = relative(key, item)
		}
		return &c
	case tree.Object:
		c := *n
		c.Members = make([]tree.Member, len(n.Members))
		for i, m := range n.Members {
			m.Value = relative(m.Key, m.Value)
			c.Members[i] = m
		}
		return &c
	}
	return n
}

// relativeID cuts the address of whatever service an id begins with.
func relativeID(id string) string {
	const mark = "/providers/microsoft.apimanagement/service/"
	i := strings.Index(strings.ToLower(id), mark)
	if i < 0 || !strings.HasPrefix(strings.ToLower(id), "/subscriptions/") {
		return id
	}
	_, rest, _ := strings.Cut(id[i+len(mark):], "/")
	return "/" + strings.TrimRight(rest, "/")
}

// absoluteID is an id as answers have it: of this service, though the folder may
// have that of the one it was extracted from.
func absoluteID(p *place, key, id string) string {
	collection, refers := referring[strings.ToLower(key)]
	if !refers || id == "" {
		return id
	}
	id = relativeID(id)
	switch {
	case strings.HasPrefix(strings.ToLower(id), "/subscriptions/") && len(strings.Split(id, "/")) > 4:
		return id // of another kind of service
	case strings.HasPrefix(strings.ToLower(id), "/workspaces/"):
		service, _, _ := strings.Cut(p.root, "/workspaces/")
		return service + id
	case strings.HasPrefix(id, "/"):
		return strings.TrimRight(p.root+id, "/")
	case collection != "":
		return p.root + "/" + collection + "/" + id
	}
	return id
}
