package gateway

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/access"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/route"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/source"
)

// Service is a compiled service: everything a request needs, immutable.
type Service struct {
	apim       *apim.Service
	generation string
	routes     *route.Table
	access     *access.Table
	policies   *policy.Set
	bases      map[*apim.API]exchange.URL
	workspaces map[*apim.API]*apim.Workspace
	shown      []exchange.Certificate

	live              *backend.Live
	forwarder         *forwarder
	backends          *backend.Set
	workspaceBackends map[*apim.Workspace]*backend.Set
}

// Settings are what spillway.yaml says about a service.
type Settings struct {
	// Generation is the short name of the content that the service was read from.
	Generation       string
	EnforceProtocols bool
	// BearerKeys names the APIs (lower case) that take their key as Bearer too.
	BearerKeys map[string]bool
	// APIs are settings by API (root name, lower case).
	APIs map[string]APISettings
	// MaxRetryAfter cuts how long an answer may ask to be left alone; 0 is
	// backend.MaxHint.
	MaxRetryAfter time.Duration
	// EgressAllow are origins that requests may go to beside those that the
	// service names itself; EgressAny lets them go anywhere.
	EgressAllow []string
	EgressAny   bool
	// Certificates are those of the service, which backends may be shown;
	// context.Deployment.Certificates has them as Shown. StandIns says that they
	// and the values stand in for real ones.
	Certificates []backend.Certificate
	Shown        []exchange.Certificate
	StandIns     bool
	// Pools are settings by pool (lower case; one of a workspace after its name
	// and a slash).
	Pools map[string]backend.Options
	// Send makes attempts, Live keeps the states of backends, Services is what
	// else the policies need; all outlive the service. Without Live the states
	// are the service's own.
	Send     *forward.Forwarder
	Live     *backend.Live
	Services builtin.Services
	// Policies are the options of compilation; Kinds are made here.
	Policies policy.Options
	// More are kinds of policies beside the built-in ones.
	More []policy.Kind
}

// Compile compiles a service. With errors among the problems the service must
// not be published.
func Compile(svc *apim.Service, o Settings) (*Service, source.Problems) {
	s := &Service{
		apim: svc, generation: o.Generation, shown: o.Shown,
		routes: route.New(svc, route.Options{EnforceProtocols: o.EnforceProtocols}),
		access: access.New(svc, access.Options{Bearer: o.BearerKeys}),
		bases:  map[*apim.API]exchange.URL{}, workspaces: map[*apim.API]*apim.Workspace{},
		workspaceBackends: map[*apim.Workspace]*backend.Set{},
	}
	f := &forwarder{
		service: s, send: o.Send, live: o.Live, clock: o.Services.Clock, apis: map[string]*APISettings{}, hedges: newHedges(), egress: origins(svc, o.EgressAllow), all: o.EgressAny,
		replay: o.Policies.ReplayBody, maxHint: o.MaxRetryAfter, bases: map[*backend.Single]exchange.URL{},
	}
	for name, own := range o.APIs {
		f.apis[name] = &own
	}
	s.forwarder = f
	if f.replay == 0 {
		f.replay = policy.DefaultReplayBody
	}
	if f.clock == nil {
		f.clock = clock.Real{}
	}
	if f.live == nil {
		f.live = backend.NewLive(f.clock, o.Services.Random)
	}
	s.live = f.live
	if o.Send != nil && o.Send.Tokens == nil && o.Services.Tokens != nil {
		send := *o.Send
		send.Tokens = o.Services.Tokens
		f.send = &send
	}
	services := o.Services
	services.Forwarder, services.Sender = f, f
	if !o.StandIns {
		services.Certificates = func(id, thumbprint string) *exchange.Identity {
			return (*exchange.Identity)(backend.Find(o.Certificates, id, thumbprint))
		}
	}
	if services.Counters == nil {
		services.Counters = counter.New(f.clock)
	}
	if services.Clock == nil {
		services.Clock = f.clock
	}
	o.Policies.Kinds = append(builtin.Kinds(services), o.More...)
	set, problems := policy.Compile(svc, o.Policies)
	s.policies = set
	problems = append(problems, s.serviceURLs(&svc.Contents, &svc.Contents)...)
	var found source.Problems
	s.backends, found = f.compile(&svc.Contents, nil, backend.World{
		Resolve: resolver(&svc.Contents, nil), Pools: o.Pools, Certificates: o.Certificates, StandIns: o.StandIns,
	})
	problems = append(problems, found...)
	for _, w := range svc.Workspaces {
		s.workspaceBackends[w], found = f.compile(&w.Contents, &svc.Contents, backend.World{
			Resolve: resolver(&w.Contents, &svc.Contents), Workspace: w.Name, Pools: o.Pools, Certificates: o.Certificates, StandIns: o.StandIns,
		})
		problems = append(problems, found...)
		problems = append(problems, s.serviceURLs(&w.Contents, &svc.Contents)...)
		for _, a := range w.APIs {
			s.workspaces[a] = w
		}
	}
	return s, problems.Sort()
}

// compile resolves backends, and parses the URLs of those that pools choose and of
// those that named values give.
func (f *forwarder) compile(contents, outer *apim.Contents, w backend.World) (*backend.Set, source.Problems) {
	set, problems := backend.New(contents, w)
	parse := func(m *backend.Single, b *apim.Backend, what string) {
		u, err := exchange.ParseURL(m.URL)
		if err != nil && !standsIn(b.URL, contents, outer) {
			p := &source.Problem{File: b.Origin.File, Span: b.Origin.Span, Code: "wrong-value", Message: what + " cannot be used: " + err.Error()}
			if p.File != nil {
				p.Span = tree.Locate(p.File, "properties", "url")
			}
			problems = append(problems, p)
		}
		f.bases[m] = u
	}
	for _, p := range set.Pools() {
		for _, m := range p.Members {
			if _, known := f.bases[m.Single]; !known {
				parse(m.Single, contents.Backend(m.ID), "backend "+m.ID+" is a member of the pool "+p.ID+", but its url")
			}
		}
	}
	for _, b := range contents.Backends {
		m := set.Single(b.Name)
		if m == nil || !namedValue.MatchString(b.URL) || strings.HasPrefix(strings.ToLower(m.URL), "ws") {
			continue
		}
		if _, known := f.bases[m]; !known {
			parse(m, b, "the url of backend "+b.Name)
		}
	}
	return set, problems
}

// standsIn reports whether a text holds a named value whose value is not known: what
// it comes to then says nothing.
func standsIn(text string, contents, outer *apim.Contents) bool {
	for _, m := range namedValue.FindAllStringSubmatch(text, -1) {
		if n := named(m[1], contents, outer); n != nil && n.StandIn {
			return true
		}
	}
	return false
}

// named is a named value of contents or, where these have none, of outer, which may
// be nil.
func named(name string, contents, outer *apim.Contents) *apim.NamedValue {
	n := contents.NamedValue(name)
	if n == nil && outer != nil {
		n = outer.NamedValue(name)
	}
	return n
}

// adopt makes the service's backends those in force, and lets it go on with what
// the one before it has learnt; before is nil for the first.
func (s *Service) adopt(before *Service) {
	if before != nil {
		s.forwarder.hedges = before.forwarder.hedges
	}
	sets := []*backend.Set{s.backends}
	for _, set := range s.workspaceBackends {
		sets = append(sets, set)
	}
	s.live.Adopt(sets...)
}

// deployment is what context.Deployment says while the service is in force.
func (s *Service) deployment(d *exchange.Deployment) *exchange.Deployment {
	if d == nil || len(s.shown) == 0 {
		return d
	}
	own := *d
	own.Certificates = s.shown
	return &own
}

// APIM is the resource model that the service was compiled from.
func (s *Service) APIM() *apim.Service { return s.apim }

// Generation is the short name of the content that it was compiled from.
func (s *Service) Generation() string { return s.generation }

// Spreads reports whether requests to an API may go to a pool of several backends,
// without which there is nobody to hedge with and to take a stream up.
func (s *Service) Spreads(a *apim.API) bool {
	contents := &s.apim.Contents
	if w := s.workspaces[a]; w != nil {
		contents = &w.Contents
	}
	for _, p := range append([]*apim.Product{nil}, contents.ProductsOf(a)...) {
		for _, o := range append([]*apim.Operation{nil}, a.Operations...) {
			if s.policies.Pipeline(a, o, p).Effects()&policy.Spreads != 0 {
				return true
			}
		}
	}
	return false
}

// Policies are its pipelines.
func (s *Service) Policies() *policy.Set { return s.policies }

var namedValue = regexp.MustCompile(`\{\{\s*([A-Za-z0-9._-]+)\s*\}\}`)

// noValue is a text with a named value that the service does not have, or that
// nothing gives a value to.
type noValue struct{ message, hint string }

func (e *noValue) Error() string { return e.message }

// Hint says what to do about it.
func (e *noValue) Hint() string { return e.hint }

// Resolve puts the values of named values into a text outside of policies, such
// as a serviceUrl. Names come from contents first, then from outer. Its error has
// a hint.
func Resolve(text string, contents, outer *apim.Contents) (string, error) {
	var missing *noValue
	out := namedValue.ReplaceAllStringFunc(text, func(ref string) string {
		name := namedValue.FindStringSubmatch(ref)[1]
		n := named(name, contents, outer)
		switch {
		case n != nil && n.HasValue:
			return n.Value
		case missing != nil:
		case n == nil:
			missing = &noValue{"the service has no named value " + name, nearName(name, contents, outer)}
		default:
			missing = &noValue{"nothing gives a value to the named value " + name, policy.ValueHint(name)}
		}
		return ref
	})
	if missing != nil {
		return "", missing
	}
	return out, nil
}

// nearName is a hint with the named value that may be meant.
func nearName(name string, contents, outer *apim.Contents) string {
	var names []string
	for _, c := range []*apim.Contents{contents, outer} {
		if c == nil {
			continue
		}
		for _, n := range c.NamedValues {
			names = append(names, n.DisplayName)
		}
	}
	if near := source.Nearest(name, names); near != "" {
		return "did you mean {{" + near + "}}?"
	}
	return ""
}

func resolver(contents, outer *apim.Contents) func(string) (string, error) {
	return func(text string) (string, error) { return Resolve(text, contents, outer) }
}

// serviceURLs parses where each API's requests go unless a policy says
// otherwise.
func (s *Service) serviceURLs(contents, outer *apim.Contents) source.Problems {
	var problems source.Problems
	for _, a := range contents.APIs {
		if a.ServiceURL == "" {
			continue
		}
		text, err := Resolve(a.ServiceURL, contents, outer)
		var u exchange.URL
		if err == nil {
			if u, err = exchange.ParseURL(text); err != nil && standsIn(a.ServiceURL, contents, outer) {
				continue
			}
		}
		if err != nil {
			p := &source.Problem{
				File: a.Origin.File, Span: a.Origin.Span, Code: "service-url",
				Message: "the serviceUrl of API " + a.Name + " cannot be used: " + err.Error(),
				Hint:    "serviceUrl is an absolute http or https URL, such as https://name.openai.azure.com/openai",
			}
			if p.File != nil {
				p.Span = tree.Locate(p.File, "properties", "serviceUrl")
			}
			var missing *noValue
			if errors.As(err, &missing) {
				p.Hint = missing.hint
			}
			problems = append(problems, p)
			continue
		}
		s.bases[a] = u
	}
	return problems
}
