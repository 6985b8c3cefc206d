package gateway

import (
	"net/url"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/access"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/route"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// walk takes the exchange through routing, access and the pipeline. Afterwards
// x.Response is the answer. An error on the way runs on-error of the scopes
// that are known by then.
func (g *Gateway) walk(s *Service, x *exchange.Exchange) {
	x.Request = x.Original
	// What holds for one connection is gone before any policy sees the request:
	// nobody can name a header in Connection that a policy sets later.
	x.Request.Header = forward.WithoutHops(x.Original.Header)
	m, found, failure := s.match(x)
	x.API, x.Operation = m.API, m.Operation
	if m.API != nil {
		x.Workspace = s.workspaces[m.API]
	}
	g.startTrace(s, x)
	s.place(x, m)
	if failure == nil && !found && s.preflight(x) {
		return
	}
	switch {
	case failure != nil:
	case !found:
		failure = exchange.NotFound()
	case wantsWebSocket(x.Original.Header):
		// Clients that try WebSocket first fall back at once on this answer.
		failure = upgradeRefused()
	}
	if failure != nil {
		s.traceNearest(x)
		s.policies.Pipeline(x.API, x.Operation, nil).Fail(x, failure)
		return
	}
	grant, refused := s.access.Check(&access.Request{
		API: x.API, Header: x.Original.Header, Query: x.Original.URL.Query,
		Realm: x.Original.URL.Scheme + "://" + x.Original.URL.Authority() + "/" + x.API.Path, Now: x.Received,
	})
	if refused != nil {
		s.policies.Pipeline(x.API, x.Operation, nil).Fail(x, refused)
		return
	}
	x.Subscription, x.Product, x.User, x.Key = grant.Subscription, grant.Product, grant.User, grant.Key
	if grant.Bearer {
		x.Request.Header.Del("Authorization")
	}
	if x.Trace.On() {
		x.Trace.Hide(grant.Key)
		x.Trace.Add("inbound", "api-inspector", configuration(x))
	}
	s.policies.Pipeline(x.API, x.Operation, x.Product).Run(x)
}

// preflight answers the question of a browser whether it may send a request: no
// operation is there for it, but the policies of the one that the request is for
// may know. It reports false where there is nobody to answer.
func (s *Service) preflight(x *exchange.Exchange) bool {
	method := x.Original.Header.Get("Access-Control-Request-Method")
	if x.Original.Method != "OPTIONS" || method == "" || x.Original.Header.Get("Origin") == "" {
		return false
	}
	r, err := routeRequest(x)
	if err != nil {
		return false
	}
	r.Method = method
	m, _ := s.routes.Match(r)
	if m.API == nil {
		return false
	}
	x.API, x.Operation = m.API, m.Operation
	x.Workspace = s.workspaces[m.API]
	s.place(x, m)
	// A preflight brings no key: of products, only an open one can be meant.
	grant, refused := s.access.Check(&access.Request{API: x.API, Header: x.Original.Header, Query: x.Original.URL.Query, Now: x.Received})
	if refused == nil {
		x.Product = grant.Product
	}
	return s.policies.Pipeline(x.API, x.Operation, x.Product).Preflight(x)
}

// wantsWebSocket reports whether the caller asks to leave HTTP for WebSocket.
// Other upgrades, such as h2c, are an offer that a server may ignore.
func wantsWebSocket(h exchange.Header) bool {
	for _, v := range h.Values("Upgrade") {
		for word := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(word), "websocket") {
				return true
			}
		}
	}
	return false
}

func upgradeRefused() *exchange.Error {
	return &exchange.Error{
		Source: "configuration", Reason: "UpgradeNotSupported", Status: 426, Phrase: "Upgrade Required",
		Message: "This API is not a WebSocket API. Use plain HTTP requests.",
		Header:  exchange.Header{{Name: "Upgrade", Value: "HTTP/1.1"}}, // RFC 9110, 15.5.22
	}
}

// match routes the exchange. The failure is a 400 for a path that no request
// may have.
func (s *Service) match(x *exchange.Exchange) (route.Match, bool, *exchange.Error) {
	r, err := routeRequest(x)
	if err != nil {
		return route.Match{}, false, &exchange.Error{
			Source: "configuration", Reason: "BadRequest", Message: "The request's path is not valid: " + err.Error() + ".",
			Answer: "Bad request", Status: 400, Err: err,
		}
	}
	m, ok := s.routes.Match(r)
	for _, p := range m.Parameters {
		x.Parameters = append(x.Parameters, exchange.Parameter{Name: p.Name, Value: p.Value})
	}
	return m, ok, nil
}

func routeRequest(x *exchange.Exchange) (*route.Request, error) {
	path, err := route.ParsePath(x.Original.URL.Path)
	if err != nil {
		return nil, err
	}
	return &route.Request{
		Method: x.Original.Method, Scheme: x.Original.URL.Scheme, Path: path, Query: x.Original.URL.Query,
		Header: func(name string) (string, bool) {
			return x.Original.Header.Get(name), x.Original.Header.Has(name)
		},
	}, nil
}

// place gives the request its backend form: serviceUrl with what follows the
// API's prefix. Where nothing matched it stays as received (spec: policies.md
// 5.2).
func (s *Service) place(x *exchange.Exchange, m route.Match) {
	if m.Operation == nil {
		return
	}
	base, ok := s.bases[m.API]
	if !ok {
		// An API without a serviceUrl has the gateway's own host.
		base = exchange.URL{Scheme: x.Original.URL.Scheme, Host: x.Original.URL.Host, Port: x.Original.URL.Port}
	}
	x.Request.Rest = m.Rest
	x.Request.SetBase(base)
}

// startTrace switches tracing on for a call with a valid debug token.
func (g *Gateway) startTrace(s *Service, x *exchange.Exchange) {
	token := x.Original.Header.Get(trace.HeaderAuthorization)
	if token == "" || g.options.Tokens == nil || g.options.Traces == nil {
		return
	}
	x.Request.Header.Del(trace.HeaderAuthorization)
	name := ""
	if x.API != nil {
		name = x.API.RootName()
	}
	verdict := g.options.Tokens.Judge(token, name)
	if verdict == trace.WrongAPI && x.API == nil {
		// A call that matches no API shows nothing of another one.
		verdict = trace.Valid
	}
	x.Verdict = verdict
	if verdict != trace.Valid {
		return
	}
	x.Trace = &trace.Recorder{Now: g.options.Clock.Now, Start: x.Received, Mask: s.policies.Mask}
	x.Trace.Hide(token)
	if x.API != nil {
		for _, v := range x.Original.Header.Values(x.API.KeyNames.Header) {
			x.Trace.Hide(v)
		}
		if v, ok := access.QueryValue(x.Original.URL.Query, x.API.KeyNames.Query); ok {
			x.Trace.Hide(v)
		}
	}
	for _, f := range x.Original.Header {
		if trace.SecretName(f.Name) {
			x.Trace.Hide(f.Value)
		}
	}
	x.Trace.Add("inbound", "api-inspector", map[string]any{"request": map[string]any{
		"method": x.Original.Method, "url": x.Original.URL.String(), "headers": headerList(x.Original.Header),
	}})
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func headerList(h exchange.Header) []field {
	list := make([]field, len(h))
	for i, f := range h {
		list[i] = field{f.Name, f.Value}
	}
	return list
}

// configuration is APIM's second trace entry: what the request was matched to.
func configuration(x *exchange.Exchange) map[string]any {
	u := x.Request.URL
	query := ""
	if u.Query != "" {
		query = "?" + u.Query
	}
	parameters, _ := url.ParseQuery(u.Query) // what cannot be read is in the text
	api := map[string]any{
		"from": "/" + x.API.Path,
		"to": map[string]any{
			"scheme": u.Scheme, "host": u.Host, "port": u.Port, "path": u.Path, "queryString": query,
			"query": parameters, "isDefaultPort": u.Authority() == u.Host,
		},
		"version": nil, "revision": x.API.Revision,
	}
	if x.API.Version != "" {
		api["version"] = x.API.Version
	}
	var user, product any = "-", "-"
	if x.User != nil {
		groups := []string{}
		for _, l := range x.User.Groups {
			groups = append(groups, apim.Tail(l.Target))
		}
		user = map[string]any{"id": x.User.Name, "groups": groups}
	}
	if x.Product != nil {
		product = map[string]any{"id": x.Product.Name}
	}
	return map[string]any{"configuration": map[string]any{
		"api":       api,
		"operation": map[string]any{"method": x.Operation.Method, "uriTemplate": x.Operation.URLTemplate},
		"user":      user, "product": product,
	}}
}

// traceNearest tells the trace what a request without an operation came nearest
// to. That there is none is the failure's own to say.
func (s *Service) traceNearest(x *exchange.Exchange) {
	if !x.Trace.On() {
		return
	}
	r, err := routeRequest(x)
	if err != nil {
		return
	}
	data := map[string]any{}
	e := s.routes.Explain(r)
	if e.Reason != "" {
		data["reason"] = e.Reason
	}
	if e.Operation != nil {
		data["nearestOperation"] = map[string]any{"api": e.API.Name, "method": e.Operation.Method, "uriTemplate": e.Operation.URLTemplate}
	}
	if len(data) > 0 {
		x.Trace.Add("inbound", "configuration", data)
	}
}
