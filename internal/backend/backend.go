// Package backend knows the backends of a service: where each one is, and what
// it adds to a request.
//
// Choosing (which member of a pool), knowing (the state of a breaker) and
// sending (the transport) are separate things. This package holds the first
// two; internal/forward makes the attempt.
package backend

import (
	"encoding/json"
	"net/url"
	"sort"
	"strings"

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
	// Proxy is the URL of a web proxy on the way, or "".
	Proxy, ProxyUser, ProxyPassword string
}

// Pool is a backend of several members.
type Pool struct {
	ID string
}

// Set is all backends of a service. It is immutable and safe for concurrent
// use.
type Set struct {
	singles map[string]*Single
	pools   map[string]*Pool
}

// New resolves the backends of a service. resolve puts the values of named
// values into a text.
func New(contents *apim.Contents, resolve func(string) (string, error)) (*Set, source.Problems) {
	s := &Set{singles: map[string]*Single{}, pools: map[string]*Pool{}}
	var problems source.Problems
	for _, b := range contents.Backends {
		key := strings.ToLower(b.Name)
		if b.IsPool() {
			s.pools[key] = &Pool{ID: b.Name}
			problems = append(problems, notBuilt(b, "pools", "pool"))
			continue
		}
		if b.CircuitBreaker != nil && len(b.CircuitBreaker.Rules) > 0 {
			problems = append(problems, notBuilt(b, "circuit breakers", "circuitBreaker"))
		}
		r := reader{backend: b, resolve: resolve}
		one := r.single()
		if r.problem != nil {
			problems = append(problems, r.problem)
			continue
		}
		s.singles[key] = one
	}
	return s, problems
}

// notBuilt warns of what is not run, at the property that asks for it.
func notBuilt(b *apim.Backend, what, property string) *source.Problem {
	at := b.Origin.Span
	if b.Origin.File != nil {
		at = tree.Locate(b.Origin.File, "properties", property)
	}
	return &source.Problem{
		File: b.Origin.File, Span: at, Severity: source.Warning, Code: "not-built",
		Message: "backend " + b.Name + ": this version does not run " + what + " yet",
	}
}

// Single is the backend of that id, or nil.
func (s *Set) Single(id string) *Single { return s.singles[strings.ToLower(id)] }

// Pool is the pool of that id, or nil.
func (s *Set) Pool(id string) *Pool { return s.pools[strings.ToLower(id)] }

// reader resolves one backend and keeps the first thing that is wrong.
type reader struct {
	backend *apim.Backend
	resolve func(string) (string, error)
	problem *source.Problem
}

func (r *reader) text(what, s string) string {
	out, err := r.resolve(s)
	if err != nil && r.problem == nil {
		b := r.backend
		r.problem = &source.Problem{
			File: b.Origin.File, Span: b.Origin.Span, Code: "named-value",
			Message: "backend " + b.Name + ", " + what + ": " + err.Error(),
		}
	}
	return out
}

func (r *reader) single() *Single {
	b := r.backend
	s := &Single{ID: b.Name, URL: r.text("url", b.URL)}
	s.SkipChain, s.SkipName = !b.TLS.ValidateCertificateChain, !b.TLS.ValidateCertificateName
	if p := b.Proxy; p != nil {
		s.Proxy, s.ProxyUser, s.ProxyPassword = r.text("proxy", p.URL), r.text("proxy", p.Username), r.text("proxy", p.Password)
	}
	c := b.Credentials
	if c == nil {
		return s
	}
	for _, name := range ordered(b.Properties, "header", c.Header) {
		for _, v := range c.Header[name] {
			s.Header = append(s.Header, Field{name, r.text("header "+name, v)})
		}
	}
	if a := c.Authorization; a != nil && a.Scheme != "" {
		s.Header = append(s.Header, Field{"Authorization", strings.TrimSpace(a.Scheme + " " + r.text("authorization", a.Parameter))})
	}
	var query []string
	for _, name := range ordered(b.Properties, "query", c.Query) {
		s.QueryNames = append(s.QueryNames, name)
		for _, v := range c.Query[name] {
			query = append(query, url.QueryEscape(name)+"="+url.QueryEscape(r.text("query "+name, v)))
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
