package gateway

import (
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// APISettings are what spillway.yaml says about the answers of one API.
type APISettings struct {
	// FirstByteTimeout bounds the wait for the first byte after the head, 0 not
	// at all. IdleTimeout bounds the wait for each further one, 0 not at all.
	FirstByteTimeout, IdleTimeout time.Duration
	// SkipPeek commits to an answer at its head.
	SkipPeek bool
	// HoldBack waits for the first event with content of a stream.
	HoldBack bool
	// FirstTokenTimeout bounds the wait for that event, 0 not at all.
	FirstTokenTimeout time.Duration
	Hedge             HedgeSettings
	Resume            ResumeSettings
}

// forwarder is what forward-request calls: it finds the backend that the
// exchange's own service knows and makes the attempt.
type forwarder struct {
	service *Service
	send    *forward.Forwarder
	live    *backend.Live
	clock   clock.Clock
	hedges  *hedges
	apis    map[string]*APISettings          // by root name, lower case
	bases   map[*backend.Single]exchange.URL // of the members of pools
	replay  int64                            // how long a body may be that is kept
	maxHint time.Duration
	egress  map[string]bool // origins that requests may go to
	all     bool
	oneWay  atomic.Int64 // requests of send-one-way-request under way
}

// Forward implements builtin.Forwarder.
func (f *forwarder) Forward(x *exchange.Exchange, o builtin.Forward) error {
	s := f.apis[f.apiOf(x)]
	if s == nil {
		s = &defaultAPISettings
	}
	options := forward.Options{
		Timeout: o.Timeout, ContinueTimeout: o.ContinueTimeout, HTTPVersion: o.HTTPVersion, FollowRedirects: o.FollowRedirects,
		BufferResponse: o.BufferResponse, DecodeResponse: o.DecodeResponse, PlainResponse: o.PlainResponse,
		CheckRedirect: f.permits, MaxHint: f.maxHint,
		FirstByteTimeout: s.FirstByteTimeout, FirstTokenTimeout: s.FirstTokenTimeout, IdleTimeout: s.IdleTimeout, SkipPeek: s.SkipPeek, HoldBack: s.HoldBack,
	}
	id := x.Backend.ID
	if id == "" {
		if err := f.permits(x.Request.URL); err != nil {
			return &exchange.Failure{Kind: exchange.FailedRefusedAddress, Err: err}
		}
		return f.send.Do(x, nil, options)
	}
	backends := f.service.backendsOf(x)
	if p := backends.Pool(id); p != nil {
		return f.balance(x, p, s, options)
	}
	if one := backends.Single(id); one != nil {
		return f.single(x, one, options)
	}
	return &exchange.Error{
		Source: "forward-request", Reason: exchange.ReasonBackendNotFound, Status: 500,
		Message: "Backend with id '" + id + "' could not be found.",
	}
}

// apiOf is the name by which spillway.yaml knows the API of x, "" without one.
func (f *forwarder) apiOf(x *exchange.Exchange) string {
	if x.API == nil || len(f.apis) == 0 {
		return ""
	}
	return strings.ToLower(x.API.RootName())
}

// permits says why requests may not go to an address, nil if they may: it
// occurs nowhere in the service, so that a value of a request must have led
// there.
func (f *forwarder) permits(u exchange.URL) error {
	origin := originOf(u)
	if f.all || f.egress[origin] {
		return nil
	}
	return errors.New("requests to " + origin +
		" are not allowed: it occurs in no backend, serviceUrl, named value or policy; egress.allow in spillway.yaml can add it")
}

// defaultAPISettings are for APIs that spillway.yaml does not name. Azure's
// load balancer drops a connection that was silent for 240 s.
var defaultAPISettings = APISettings{IdleTimeout: 240 * time.Second}

func (s *Service) backendsOf(x *exchange.Exchange) *backend.Set {
	if x.Workspace != nil {
		if b := s.workspaceBackends[x.Workspace]; b != nil {
			return b
		}
	}
	return s.backends
}

func originOf(u exchange.URL) string {
	return strings.ToLower(u.Scheme + "://" + u.Authority())
}

// inText finds the origins that a text names.
var inText = regexp.MustCompile(`(?i)\bhttps?://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]+)?`)

// hostOnly is a named value that is a host name and nothing else.
var hostOnly = regexp.MustCompile(`^(?i)[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?$`)

// origins are where requests may go because the service says so somewhere: a
// value from a request cannot add to them.
func origins(svc *apim.Service, extra []string) map[string]bool {
	found := map[string]bool{}
	add := func(text string) {
		for _, m := range inText.FindAllString(text, -1) {
			if u, err := exchange.ParseURL(m); err == nil {
				found[originOf(u)] = true
			}
		}
	}
	for _, e := range extra {
		add(e)
	}
	contents := []*apim.Contents{&svc.Contents}
	for _, w := range svc.Workspaces {
		contents = append(contents, &w.Contents)
	}
	for _, c := range contents {
		resolve := func(text string) string {
			return namedValue.ReplaceAllStringFunc(text, func(ref string) string {
				out, err := Resolve(ref, c, &svc.Contents)
				if err != nil {
					return ref
				}
				return out
			})
		}
		document := func(d *apim.Document) {
			if d != nil {
				add(resolve(d.Text()))
			}
		}
		document(c.Policy)
		for _, n := range c.NamedValues {
			add(n.Value)
			if value := strings.TrimSpace(n.Value); hostOnly.MatchString(value) {
				// A policy puts the scheme before it.
				add("https://" + value)
				add("http://" + value)
			}
		}
		for _, b := range c.Backends {
			add(resolve(b.URL))
		}
		for _, f := range c.Fragments {
			document(f.Document)
		}
		for _, p := range c.Products {
			document(p.Policy)
		}
		for _, a := range c.APIs {
			add(resolve(a.ServiceURL))
			document(a.Policy)
			for _, o := range a.Operations {
				document(o.Policy)
			}
		}
	}
	return found
}
