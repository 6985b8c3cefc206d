package builtin

import (
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func setBackendService() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "set-backend-service",
			Doc:  "Chooses where requests go: a backend by its id, or a base URL.",
			Attributes: []policy.Attribute{
				{Name: "base-url", Expression: true, Doc: "The new base URL."},
				{Name: "backend-id", Expression: true, Doc: "The backend's name, single or pool."},
				{Name: "sf-resolve-condition", Expression: true, NotBuilt: true, Doc: "Service Fabric only."},
				{Name: "sf-service-instance-name", Expression: true, NotBuilt: true, Doc: "Service Fabric only."},
				{Name: "sf-partition-key", Expression: true, NotBuilt: true, Doc: "Service Fabric only."},
				{Name: "sf-listener-name", Expression: true, NotBuilt: true, Doc: "Service Fabric only."},
				{Name: "sf-replica-type", Expression: true, NotBuilt: true, Doc: "Service Fabric only."},
				{Name: "dapr-app-id", Expression: true, NotBuilt: true, Doc: "Dapr only."},
				{Name: "dapr-method", Expression: true, NotBuilt: true, Doc: "Dapr only."},
				{Name: "dapr-namespace", Expression: true, NotBuilt: true, Doc: "Dapr only."},
			},
		},
		Sections: policy.Inbound | policy.Backend,
		Compile:  compileSetBackend,
	}
}

func compileSetBackend(e *policy.Element) policy.Step {
	baseURL, id := e.Value("base-url"), e.Value("backend-id")
	switch {
	case baseURL != nil && id != nil:
		e.ProblemAt("base-url", "wrong-value", "set-backend-service takes base-url or backend-id, not both")
		return nil
	case baseURL == nil && id == nil:
		e.Problem("missing-attribute", "set-backend-service needs the attribute base-url or backend-id")
		return nil
	case baseURL != nil:
		return compileBaseURL(e, baseURL)
	}
	s := &setBackendStep{id: id, scope: string(e.Origin().Scope), backends: map[string]*backendTarget{}}
	var names []string
	if c := e.Contents(); c != nil {
		for _, b := range c.Backends {
			s.backends[strings.ToLower(b.Name)] = newBackendTarget(b, e.Resolve(b.URL))
			names = append(names, b.Name)
		}
	}
	if id.IsLiteral() && !e.Loose() && s.backends[strings.ToLower(apim.Tail(id.Literal()))] == nil {
		p := e.ProblemAt("backend-id", "unknown-backend", "Backend with id '%s' could not be found.", id.Literal())
		if len(names) > 0 {
			p.WithHint("the backends are %s", strings.Join(names, ", "))
		}
		return nil
	}
	if mayBePool(e.Contents(), id) {
		e.Effect(policy.Spreads)
	}
	return s
}

// mayBePool reports whether an id may be that of a pool of several backends.
func mayBePool(c *apim.Contents, id *policy.Value) bool {
	if c == nil {
		return true
	}
	for _, b := range c.Backends {
		if b.IsPool() && b.Pool != nil && len(b.Pool.Services) > 1 && (!id.IsLiteral() || strings.EqualFold(apim.Tail(id.Literal()), b.Name)) {
			return true
		}
	}
	return false
}

func compileBaseURL(e *policy.Element, baseURL *policy.Value) policy.Step {
	s := &setBaseURLStep{url: baseURL, scope: policy.Scope(e.Origin().Scope)}
	if baseURL.IsLiteral() && !e.Loose() {
		u, err := exchange.ParseURL(strings.TrimSpace(baseURL.Literal()))
		if err != nil {
			e.ProblemAt("base-url", "wrong-value", "the base URL is not usable: %s", err)
			return nil
		}
		s.parsed = &u
	}
	return s
}

// setBackendStep is the form with a backend's id.
type setBackendStep struct {
	id       *policy.Value
	scope    string
	backends map[string]*backendTarget
}

// backendTarget is a backend as its choice needs it. A pool has no URL of its
// own: the request keeps the one it has until a member is chosen.
type backendTarget struct {
	name string
	url  *exchange.URL
}

func newBackendTarget(b *apim.Backend, url string) *backendTarget {
	t := &backendTarget{name: b.Name}
	if !b.IsPool() {
		if u, err := exchange.ParseURL(url); err == nil {
			t.url = &u
		}
	}
	return t
}

func (s *setBackendStep) Run(r *policy.Run) error {
	id, err := s.id.String(r)
	if err != nil {
		return err
	}
	t := s.backends[strings.ToLower(apim.Tail(id))]
	if t == nil {
		return r.Error(exchange.ReasonBackendNotFound, "Backend with id '"+id+"' could not be found.")
	}
	x := r.X
	x.Backend = exchange.BackendChoice{ID: t.name, Scope: s.scope}
	if t.url != nil {
		x.Request.SetBase(*t.url)
	}
	if r.Tracing() {
		r.Trace(backendSet{urlChanged{"Backend service URL was changed.", traced{x.Request.URL.Traced()}}, t.name})
	}
	return nil
}

type backendSet struct {
	urlChanged
	BackendID string `json:"backendId"`
}

// setBaseURLStep is the form with a URL.
type setBaseURLStep struct {
	url    *policy.Value
	parsed *exchange.URL // of a literal
	scope  policy.Scope
}

func (s *setBaseURLStep) Run(r *policy.Run) error {
	var base exchange.URL
	if s.parsed != nil {
		base = *s.parsed
	} else {
		text, err := s.url.String(r)
		if err != nil {
			return err
		}
		if base, err = exchange.ParseURL(strings.TrimSpace(text)); err != nil {
			return r.Error(exchange.ReasonValueNotAllowed, "The base URL is not usable: "+err.Error()+".")
		}
	}
	x := r.X
	if x.Backend.ID != "" && policy.Scope(x.Backend.Scope).Broader(s.scope) {
		// Documented: once an inherited policy has chosen an entity, only
		// another entity takes its place.
		if r.Tracing() {
			r.Trace("The base URL is ignored: an inherited policy has chosen the backend '" + x.Backend.ID + "'.")
		}
		return nil
	}
	x.Backend = exchange.BackendChoice{BaseURL: base.String(), Scope: string(s.scope)}
	x.Request.SetBase(base)
	if r.Tracing() {
		r.Trace(urlChanged{"Backend service URL was changed.", traced{x.Request.URL.Traced()}})
	}
	return nil
}
