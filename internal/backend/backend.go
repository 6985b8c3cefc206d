// Package backend knows the backends of a service: where each one is, and what
// it adds to a request.
//
// Choosing (which member of a pool), knowing (the state of a breaker) and
// sending (the transport) are separate things. This package holds the first
// two; internal/forward makes the attempt.
package backend

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/source"
)

// Field is one header line that a backend adds.
type Field struct{ Name, Value string }

// Single is one backend, with its named values resolved. It is immutable.
type Single struct {
	ID string
	// URL is the base of its URLs.
	URL string
	// Header replaces the request's lines of the same names (spec: policies.md
	// 3.1 and 8, row 23).
	Header []Field
	// Query is appended to the query, encoded.
	Query string
	// QueryNames are the parameters that Query replaces.
	QueryNames []string
	// SkipChain and SkipName switch off checks of its certificate.
	SkipChain, SkipName bool
	// Pins are the certificates that it may show, nil where its chain decides.
	Pins *Pins
	// Client is what it is shown when it asks for a certificate, nil for none.
	Client *Client
	// Proxy is the URL of a web proxy on the way, or "".
	Proxy, ProxyUser, ProxyPassword string
	// Identity asks for a token in Authorization; nil for none.
	Identity *apim.ManagedIdentity
	// Rule is its circuit breaker's, nil without one.
	Rule *Rule

	alone *Member // in no pool
}

// Pool is a backend of several members. It is immutable but for what Live keeps
// about it.
type Pool struct {
	ID      string
	Members []*Member
	// Session is its session affinity, nil without.
	Session *Session
	// FailureStatus is the status of the answer when nobody can be asked.
	FailureStatus int

	options Options
	row     *Row
	live    *livePool
}

// Strategy is the name of the pool's strategy.
func (p *Pool) Strategy() string { return p.row.Name }

// NeedsCharge reports whether the strategy chooses by what a request costs, for
// which its body has to be read before.
func (p *Pool) NeedsCharge() bool { return p.row.Charge }

// Attempts are those that the gateway makes by itself.
func (p *Pool) Attempts() *Attempts { return &p.options.Attempts }

// FirstByteTimeout is the pool's limit for the wait for the first byte, 0 none.
func (p *Pool) FirstByteTimeout() time.Duration { return p.options.FirstByteTimeout }

// Set is all backends of a service or a workspace. It is immutable and safe for
// concurrent use.
type Set struct {
	prefix, workspace string
	singles           map[string]*Single
	pools             map[string]*Pool
}

// World is what the backends of a service are resolved with.
type World struct {
	// Resolve puts the values of named values into a text.
	Resolve func(string) (string, error)
	// Workspace is the name of the workspace that they belong to, "" for the
	// service itself.
	Workspace string
	// Pools are what spillway.yaml says about pools, by name, lower case.
	Pools map[string]Options
	// Certificates are those of the service.
	Certificates []Certificate
	// StandIns says that values and certificates stand in for real ones: which
	// certificate has a thumbprint is not known then.
	StandIns bool
}

// New resolves the backends of a service or a workspace. Its requests need
// Live.Adopt first.
func New(contents *apim.Contents, w World) (*Set, source.Problems) {
	s := &Set{singles: map[string]*Single{}, pools: map[string]*Pool{}}
	if w.Workspace != "" {
		s.workspace = w.Workspace + "/"
		s.prefix = strings.ToLower(s.workspace)
	}
	var problems source.Problems
	for _, b := range contents.Backends {
		if b.IsPool() {
			continue
		}
		r := reader{backend: b, resolve: w.Resolve}
		one := r.single(&w)
		if r.problems != nil {
			problems = append(problems, r.problems...)
			continue
		}
		s.singles[strings.ToLower(b.Name)] = one
	}
	for _, b := range contents.Backends {
		if !b.IsPool() {
			continue
		}
		options := w.Pools[s.prefix+strings.ToLower(b.Name)]
		if options.row() == nil {
			problems = append(problems, &source.Problem{
				File: b.Origin.File, Span: b.Origin.Span, Code: "not-built",
				Message: "backend " + b.Name + ": this version does not run the strategy " + options.Strategy + " yet",
			})
			continue
		}
		p := s.pool(b, options)
		s.pools[strings.ToLower(b.Name)] = p
		for _, name := range slices.Sorted(maps.Keys(options.Members)) {
			if !slices.ContainsFunc(p.Members, func(m *Member) bool { return strings.EqualFold(m.ID, name) }) {
				problems = append(problems, &source.Problem{
					File: b.Origin.File, Span: b.Origin.Span, Code: "unknown-backend",
					Message: "backend " + b.Name + ": spillway.yaml has settings for its member " + name + ", which it does not have",
				})
			}
		}
	}
	return s, problems
}

// pool joins a pool's members. One that is not there is a problem that reading
// the folder has told of.
func (s *Set) pool(b *apim.Backend, o Options) *Pool {
	p := &Pool{ID: b.Name, options: o, row: o.row(), FailureStatus: 503}
	if b.Pool == nil {
		return p
	}
	if f := b.Pool.FailureResponse; f != nil && f.StatusCode != 0 {
		p.FailureStatus = f.StatusCode
	}
	for _, m := range b.Pool.Services {
		name := strings.ToLower(apim.Tail(m.ID))
		one := s.singles[name]
		if one == nil {
			continue
		}
		// No priority is the best, no weight that of all others without (spec:
		// policies.md 3.3 and 8, row 11).
		member := &Member{Single: one, Weight: 1, Options: o.Members[name]}
		if m.Priority != nil {
			member.Priority = *m.Priority
		}
		if m.Weight != nil {
			member.Weight = *m.Weight
		}
		p.Members = append(p.Members, member)
	}
	if a := b.Pool.SessionAffinity; a != nil && a.SessionID.Name != "" {
		p.Session = newSession(b.Name, a.SessionID.Name, p.Members)
	}
	return p
}

// Pools are all pools, by name.
func (s *Set) Pools() []*Pool {
	list := make([]*Pool, 0, len(s.pools))
	for _, p := range s.pools {
		list = append(list, p)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ID < list[j].ID })
	return list
}

// Single is the backend of that id, or nil.
func (s *Set) Single(id string) *Single { return s.singles[strings.ToLower(id)] }

// Pool is the pool of that id, or nil.
func (s *Set) Pool(id string) *Pool { return s.pools[strings.ToLower(id)] }

// reader resolves one backend and keeps what is wrong with it.
type reader struct {
	backend  *apim.Backend
	resolve  func(string) (string, error)
	problems source.Problems
}

// text puts named values into a text: what it is to people, and where it stands
// in the backend's properties.
func (r *reader) text(what, s string, steps ...string) string {
	out, err := r.resolve(s)
	if err != nil {
		b := r.backend
		p := &source.Problem{
			File: b.Origin.File, Span: b.Origin.Span, Code: "named-value",
			Message: "backend " + b.Name + ", " + what + ": " + err.Error(),
		}
		if b.Origin.File != nil {
			p.Span = tree.Locate(b.Origin.File, append([]string{"properties"}, steps...)...)
		}
		var known interface{ Hint() string }
		if errors.As(err, &known) {
			p.Hint = known.Hint()
		}
		r.problems = append(r.problems, p)
	}
	return out
}

func (r *reader) single(w *World) *Single {
	b := r.backend
	s := &Single{ID: b.Name, URL: r.text("url", b.URL, "url"), Rule: newRule(b.CircuitBreaker)}
	s.alone = &Member{Single: s, Weight: 1}
	s.SkipChain, s.SkipName = !b.TLS.ValidateCertificateChain, !b.TLS.ValidateCertificateName
	s.Pins = r.pins(&b.TLS)
	if p := b.Proxy; p != nil {
		s.Proxy, s.ProxyUser, s.ProxyPassword = r.text("proxy", p.URL, "proxy", "url"), r.text("proxy", p.Username, "proxy", "username"), r.text("proxy", p.Password, "proxy", "password")
	}
	c := b.Credentials
	if c == nil {
		return s
	}
	for _, name := range ordered(b.Properties, "header", c.Header) {
		for i, v := range c.Header[name] {
			s.Header = append(s.Header, Field{name, r.text("header "+name, v, "credentials", "header", name, strconv.Itoa(i))})
		}
	}
	s.Client = r.client(c, w)
	if m := c.ManagedIdentity; m != nil {
		s.Identity = &apim.ManagedIdentity{ClientID: r.text("managedIdentity", m.ClientID, "credentials", "managedIdentity", "clientId"), Resource: r.text("managedIdentity", m.Resource, "credentials", "managedIdentity", "resource")}
	}
	if a := c.Authorization; a != nil && a.Scheme != "" {
		s.Header = append(s.Header, Field{"Authorization", strings.TrimSpace(a.Scheme + " " + r.text("authorization", a.Parameter, "credentials", "authorization", "parameter"))})
	}
	var query []string
	for _, name := range ordered(b.Properties, "query", c.Query) {
		s.QueryNames = append(s.QueryNames, name)
		for i, v := range c.Query[name] {
			query = append(query, url.QueryEscape(name)+"="+url.QueryEscape(r.text("query "+name, v, "credentials", "query", name, strconv.Itoa(i))))
		}
	}
	s.Query = strings.Join(query, "&")
	return s
}

// ordered are the names of a map of credentials in the order of the JSON text,
// where there is one, so that requests look the same each time.
func ordered(properties json.RawMessage, kind string, values map[string][]string) []string {
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	text := string(properties)
	if i := strings.Index(text, `"`+kind+`"`); i >= 0 {
		text = text[i:]
	}
	at := func(n string) int { return strings.Index(text, `"`+n+`"`) }
	sort.Slice(names, func(i, j int) bool {
		if a, b := at(names[i]), at(names[j]); a != b {
			return a < b
		}
		return names[i] < names[j]
	})
	return names
}
