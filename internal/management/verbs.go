package management

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// call is one request to a resource.
type call struct {
	server  *server
	w       http.ResponseWriter
	r       *http.Request
	address arm.Address
	query   url.Values
	role    Role
	// quiet says that the call changes nothing, though it is a POST, and comes
	// with every pause in somebody's typing: it leaves no line in the log.
	quiet bool
}

// view is the state in force, for looking at.
func (c *call) view() *place {
	svc := c.server.Service()
	if svc == nil {
		svc = &apim.Service{}
	}
	return c.at(&store.State{Service: svc, Profile: c.server.Profile()})
}

func (c *call) at(state *store.State) *place {
	return &place{state: state, contents: &state.Service.Contents, root: c.address.Root, id: c.address.Root}
}

// dispatch finds the resource and the verb.
func (c *call) dispatch() *arm.Error {
	segments := c.address.Segments
	last := ""
	if len(segments) > 0 {
		last = strings.ToLower(segments[len(segments)-1])
	}
	// The debug conversation was served without a version before the rest of
	// ARM was there, and still is.
	if debug := c.r.Method == http.MethodPost && (last == "listdebugcredentials" || last == "listtrace"); !debug {
		if e := arm.CheckVersion(c.query); e != nil {
			return e
		}
	}
	switch {
	case c.address.Service == "":
		return c.above()
	case len(segments) == 0:
		return c.service()
	case strings.EqualFold(strings.Join(segments, "/"), "providers/Microsoft.Authorization/permissions"):
		return c.permissions()
	case len(segments)%2 == 0:
		return c.resource()
	case c.r.Method == http.MethodPost:
		return c.act(last)
	case last == "effectivepolicy" && c.r.Method == http.MethodGet:
		return c.effective()
	case c.r.Method == http.MethodGet || c.r.Method == http.MethodHead:
		return c.list()
	}
	return c.noMethod("GET")
}

func (c *call) noMethod(allowed string) *arm.Error {
	c.w.Header().Set("Allow", allowed)
	return arm.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The resource does not take %s here.", c.r.Method)
}

// walk enters the resources that a path leads through and gives the last
// collection: the kind that the path's last pair, or its last single segment,
// belongs to. A workspace begins a path of its own.
func (c *call) walk(p *place, segments []string) (*kind, *arm.Error) {
	path := ""
	for i := 0; ; i += 2 {
		path = strings.Trim(path+"/"+strings.ToLower(segments[i]), "/")
		k := c.server.kinds[path]
		if k == nil || k.path == "workspaces" && p.workspace != "" {
			return nil, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "There is no resource type '%s' in this version.", strings.Join(c.address.Segments[:i+1], "/"))
		}
		if i+2 >= len(segments) {
			return k, nil
		}
		e := find(k, p, segments[i+1])
		if e == nil {
			return nil, arm.NotFound(k.what, segments[i+1])
		}
		p.id += "/" + k.collection() + "/" + e.name
		if k.enter == nil {
			return nil, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "There is nothing below '%s'.", e.name)
		}
		k.enter(p, *e)
		if k.path == "workspaces" {
			path = ""
		}
	}
}

// collection is the last part of the path as ids spell it.
func (k *kind) collection() string { return k.shown[strings.LastIndexByte(k.shown, '/')+1:] }

func find(k *kind, p *place, name string) *entry {
	name = k.named(p, name)
	for _, e := range k.items(p) {
		if strings.EqualFold(e.name, name) {
			return &e
		}
	}
	return nil
}

// named is the name under which a resource is kept that is asked for by a name.
func (k *kind) named(p *place, name string) string {
	if k.alias != nil {
		return k.alias(p, name)
	}
	return name
}

// envelope is a resource as ARM shows it.
func (c *call) envelope(k *kind, p *place, e entry) any {
	if k.envelope != nil {
		return k.envelope(c, p, e)
	}
	properties := k.show(c, p, e)
	if k.provisioned {
		properties = with(properties, "provisioningState", text("Succeeded"))
	}
	kindPath := k.shown
	if p.workspace != "" {
		kindPath = "workspaces/" + kindPath
	}
	return struct {
		ID         string          `json:"id"`
		Type       string          `json:"type"`
		Name       string          `json:"name"`
		Properties json.RawMessage `json:"properties"`
	}{p.id + "/" + k.collection() + "/" + e.name, "Microsoft.ApiManagement/service/" + kindPath, e.name, properties.JSON()}
}

// tag is a resource's entity tag. It is of the resource, not of one way to show
// it: who has read a policy as rawxml may write it back under that tag.
func (c *call) tag(k *kind, p *place, e entry) string {
	plain := *c
	plain.query = nil
	content := []byte(k.path + "\x00" + strings.ToLower(p.id+"/"+e.name) + "\x00")
	content = append(content, k.show(&plain, p, e).JSON()...)
	if k.secret != nil {
		content = append(append(content, 0), k.secret(e)...)
	}
	return c.server.tags.Of(content)
}

// list answers a page of a collection.
func (c *call) list() *arm.Error {
	p := c.view()
	k, e := c.walk(p, c.address.Segments)
	if e != nil {
		return e
	}
	q, e := arm.ParseQuery(c.query, k.filter)
	if e != nil {
		return e
	}
	items := k.items(p)
	if k.keep != nil {
		items = slices.DeleteFunc(items, func(x entry) bool { return !k.keep(c, x) })
	}
	page := arm.Paged(c.r, q, items, func(x entry, name string) string {
		if name == "name" {
			return x.name
		}
		if k.field != nil {
			if text, ok := k.field(x, name); ok {
				return text
			}
		}
		n := k.show(c, p, x).Get(name)
		if n == nil {
			return ""
		}
		if n.Kind == tree.Array {
			return strings.Join(n.Strings(), ",")
		}
		return n.Text
	}, func(x entry) any { return c.envelope(k, p, x) })
	arm.Answer(c.w, http.StatusOK, page)
	return nil
}

// resource serves the verbs of one resource.
func (c *call) resource() *arm.Error {
	segments := c.address.Segments
	name := segments[len(segments)-1]
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		p := c.view()
		k, e := c.walk(p, segments)
		if e != nil {
			return e
		}
		x := find(k, p, name)
		if x == nil {
			return arm.NotFound(k.what, name)
		}
		if e := c.checkFormat(k); e != nil {
			return e
		}
		if k.path == "apis" && c.r.Method == http.MethodGet && strings.EqualFold(c.query.Get("export"), "true") {
			return c.export(p, x.x.(*apim.API))
		}
		if !k.link {
			c.w.Header().Set("ETag", c.tag(k, p, *x))
		}
		if c.r.Method == http.MethodHead {
			c.w.WriteHeader(max(http.StatusOK, k.headStatus))
			return nil
		}
		arm.Answer(c.w, http.StatusOK, c.envelope(k, p, *x))
		return nil
	case http.MethodPut, http.MethodPatch:
		return c.put(name)
	case http.MethodDelete:
		return c.delete(name)
	}
	return c.noMethod("GET, HEAD, PUT, PATCH, DELETE")
}

// put makes, replaces or changes a resource.
func (c *call) put(name string) *arm.Error {
	body, e := c.body()
	if e != nil {
		return e
	}
	patch := c.r.Method == http.MethodPatch
	created := false
	e = c.change(func(state *store.State) error {
		p := c.at(state)
		k, e := c.walk(p, c.address.Segments)
		if e != nil {
			return e
		}
		if k.put == nil || patch && (k.noPatch || k.link) {
			return c.noMethod("GET, HEAD")
		}
		old := find(k, p, name)
		if old == nil && patch {
			return arm.NotFound(k.what, name)
		}
		created = old == nil
		tag := ""
		if old != nil && !k.link {
			tag = c.tag(k, p, *old)
		}
		if !k.link {
			if e := arm.Precondition(c.r, tag, patch); e != nil {
				return e
			}
		}
		if old == nil {
			if e := arm.CheckName(name, k.revisions); e != nil {
				return e
			}
		}
		properties := body.Get("properties")
		switch {
		case properties == nil && k.link:
			properties = &tree.Node{Kind: tree.Object}
		case properties == nil && patch:
			properties = &tree.Node{Kind: tree.Object}
		case properties == nil || properties.Kind != tree.Object:
			return arm.Invalid(arm.Detail{Target: "properties", Message: "The resource's properties must stand in an object 'properties'."})
		}
		if patch {
			base := k.written(c, p, *old)
			properties = patched(base, properties)
		}
		return k.put(c, p, k.named(p, name), old, properties)
	})
	if e != nil {
		return e
	}
	p := c.view()
	k, e := c.walk(p, c.address.Segments)
	if e != nil {
		return e
	}
	x := find(k, p, name)
	if x == nil {
		return arm.Errorf(http.StatusConflict, "Conflict", "The resource was removed in the meantime.")
	}
	if !k.link {
		c.w.Header().Set("ETag", c.tag(k, p, *x))
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	arm.Answer(c.w, status, c.envelope(k, p, *x))
	return nil
}

// written is what a patch is laid on: the properties as they were written, or,
// for a resource that nobody wrote, as they are shown.
func (k *kind) written(c *call, p *place, e entry) *tree.Node {
	if x, ok := e.x.(interface{ Self() *apim.Resource }); ok && x.Self().Properties != nil {
		return parse(x.Self().Properties)
	}
	return k.show(c, p, e)
}

func (c *call) delete(name string) *arm.Error {
	e := c.change(func(state *store.State) error {
		p := c.at(state)
		k, e := c.walk(p, c.address.Segments)
		if e != nil {
			return e
		}
		if k.drop == nil {
			return c.noMethod("GET, HEAD")
		}
		old := find(k, p, name)
		if old == nil {
			return errUnchanged
		}
		if !k.link {
			if e := arm.Precondition(c.r, c.tag(k, p, *old), true); e != nil {
				return e
			}
		}
		return k.drop(c, p, *old)
	})
	if e != nil {
		return e
	}
	arm.Answer(c.w, http.StatusNoContent, nil)
	return nil
}

// act does an action on a resource.
func (c *call) act(verb string) *arm.Error {
	segments := c.address.Segments
	p := c.view()
	if len(segments) < 3 {
		return arm.Errorf(http.StatusNotFound, "ResourceNotFound", "There is no action '%s' in this version.", verb)
	}
	k, e := c.walk(p, segments[:len(segments)-1])
	if e != nil {
		return e
	}
	do := k.actions[verb]
	if do == nil {
		return arm.Errorf(http.StatusNotFound, "ResourceNotFound", "There is no action '%s' on '%s' in this version.", verb, k.shown)
	}
	name := segments[len(segments)-2]
	x := find(k, p, name)
	if x == nil && k.path == "gateways" && strings.EqualFold(name, "managed") {
		x = &entry{name: "managed", x: (*apim.Gateway)(nil)}
	}
	if x == nil && k.drafts && verb != "listreferences" {
		x = &entry{name: name}
	}
	if x == nil {
		return arm.NotFound(k.what, name)
	}
	return do(c, p, *x)
}

// errUnchanged ends a change that has nothing to change.
var errUnchanged = errors.New("unchanged")

// change makes a change to the service, or says why not.
func (c *call) change(do func(*store.State) error) *arm.Error {
	if c.server.Store == nil {
		return arm.Errorf(http.StatusConflict, "Conflict", "This service can only be looked at.")
	}
	return c.failed(c.server.Store.Update(do))
}

// failed is what became of a change in ARM's words.
func (c *call) failed(err error) *arm.Error {
	var refused *arm.Error
	var invalid *store.InvalidError
	var persist *store.PersistError
	switch {
	case err == nil, errors.Is(err, errUnchanged):
		return nil
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &invalid):
		return explain(invalid.Problems)
	case errors.As(err, &persist):
		c.server.Log.Error("a change could not be stored", "error", err.Error())
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) {
			return arm.Errorf(http.StatusInsufficientStorage, "StorageFull", "There is no room to store the change; nothing has changed.")
		}
		return arm.Errorf(http.StatusInternalServerError, "StorageFailed", "The change could not be stored; the service goes on as it was.")
	}
	c.server.Log.Error("a change failed", "error", err.Error())
	return arm.Errorf(http.StatusInternalServerError, "InternalServerError", "The change failed. The log has the reason, under this request's id.")
}

// maxBody is more than APIM takes of a specification inline, 4 MB, with what
// JSON adds to it.
const maxBody = 9 << 20

// body reads the request's JSON; an empty body is an empty object.
func (c *call) body() (*tree.Node, *arm.Error) {
	data, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, arm.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request's body is too large.")
	case err != nil:
		return nil, arm.Errorf(http.StatusBadRequest, "InvalidRequestContent", "The request's body could not be read.")
	case len(strings.TrimSpace(string(data))) == 0:
		return &tree.Node{Kind: tree.Object}, nil
	}
	n, problems := tree.ParseJSON(source.NewFile("body", string(data)))
	if len(problems) > 0 {
		at := problems[0].File.Position(problems[0].Span.Start)
		e := arm.Errorf(http.StatusBadRequest, "InvalidRequestContent", "The request content is not valid JSON: %s Line %d, position %d.", sentence(problems[0].Message), at.Line, at.Column)
		return nil, e
	}
	if n.Kind != tree.Object {
		return nil, arm.Errorf(http.StatusBadRequest, "InvalidRequestContent", "The request content must be an object.")
	}
	return n, nil
}
