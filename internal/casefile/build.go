package casefile

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// builder makes an exchange of a context. Its methods read nodes that may be
// nil or null, which gives the zero value; the first mistake is kept.
type builder struct {
	t       *value.Thread
	x       *exchange.Exchange
	service *apim.Service
	simple  map[string]reader
	err     error
}

func build(t *value.Thread, simple map[string]reader, c, vars *tree.Node) (World, error) {
	b := &builder{t: t, service: &apim.Service{}, simple: simple}
	received := b.date(c.Get("Timestamp"))
	x := &exchange.Exchange{
		ID: b.guid(c.Get("RequestId")), Received: received,
		API: b.api(c.Get("Api")), Operation: b.operation(c.Get("Operation")),
		LastError: b.lastError(c.Get("LastError")), Response: b.response(c.Get("Response")),
		Variables: map[string]value.Value{},
	}
	b.x = x
	x.Service = b.service
	if x.API != nil {
		b.service.APIs = []*apim.API{x.API}
	}
	if isTrue(c.Get("Tracing")) {
		x.Trace = &trace.Recorder{Now: func() time.Time { return received }, Start: received}
	}
	x.Product = b.product(c.Get("Product"))
	x.Subscription = b.subscription(c.Get("Subscription"))
	x.User = b.user(c.Get("User"))
	x.Deployment = b.deployment(c.Get("Deployment"))
	if w := c.Get("Workspace"); w != nil && w.Kind == tree.Object {
		x.Workspace = &apim.Workspace{Resource: apim.Resource{Name: text(w, "Id")}, DisplayName: text(w, "Name")}
	}
	b.backend(c.Get("Backend"))
	b.graphQL(c.Get("GraphQL"))
	b.request(c.Get("Request"))
	for _, list := range []*tree.Node{c.Get("Variables"), vars} {
		if list == nil {
			continue
		}
		for _, m := range list.Members {
			x.Variables[m.Key] = b.typed(m.Value)
		}
	}
	elapsed := time.Duration(b.number(c.Get("ElapsedMs")) * float64(time.Millisecond))
	return World{x, func() time.Time { return received.Add(elapsed) }}, b.err
}

func (b *builder) fail(n *tree.Node, format string, args ...any) {
	if b.err != nil {
		return
	}
	b.err = fmt.Errorf(format, args...)
	if n != nil && n.File != nil {
		at := n.File.Position(n.Span.Start)
		b.err = fmt.Errorf("%s:%s: %w", n.File.Name(), at, b.err)
	}
}

func text(n *tree.Node, key string) string { return n.Get(key).StringOr("") }

func isTrue(n *tree.Node) bool { return n != nil && n.Kind == tree.Bool && n.Text == "true" }

func isNull(n *tree.Node) bool { return n == nil || n.Kind == tree.Null }

func (b *builder) number(n *tree.Node) float64 {
	if isNull(n) {
		return 0
	}
	f, err := strconv.ParseFloat(n.Text, 64)
	if err != nil || n.Kind != tree.Number {
		b.fail(n, "%s where a number is wanted", n.Kind)
	}
	return f
}

func (b *builder) date(n *tree.Node) time.Time {
	if isNull(n) {
		return time.Time{}
	}
	d, err := time.Parse(time.RFC3339Nano, n.StringOr(""))
	if err != nil {
		b.fail(n, "%q is no date", n.Text)
	}
	return d.UTC()
}

func (b *builder) guid(n *tree.Node) (g exchange.GUID) {
	raw, err := hex.DecodeString(strings.ReplaceAll(n.StringOr(""), "-", ""))
	if err != nil || len(raw) != len(g) {
		b.fail(n, "RequestId is no GUID")
		return g
	}
	copy(g[:], raw)
	return g
}

func (b *builder) bytes(n *tree.Node) []byte {
	raw, err := base64.StdEncoding.DecodeString(n.StringOr(""))
	if err != nil {
		b.fail(n, "no base64: %v", err)
	}
	return raw
}

func (b *builder) api(n *tree.Node) *apim.API {
	if isNull(n) {
		return nil
	}
	a := &apim.API{
		Resource: apim.Resource{Name: text(n, "Id")}, DisplayName: text(n, "Name"), Path: text(n, "Path"), Revision: text(n, "Revision"), Version: text(n, "Version"),
		IsCurrent: isTrue(n.Get("IsCurrentRevision")), ServiceURL: text(n, "ServiceUrl"),
		KeyNames: apim.SubscriptionKeyParameterNames{Header: text(n.Get("SubscriptionKeyParameterNames"), "Header"), Query: text(n.Get("SubscriptionKeyParameterNames"), "Query")},
	}
	if p := n.Get("Protocols"); p != nil {
		for _, s := range p.Strings() {
			a.Protocols = append(a.Protocols, apim.Protocol(s))
		}
	}
	return a
}

func (b *builder) operation(n *tree.Node) *apim.Operation {
	if isNull(n) {
		return nil
	}
	return &apim.Operation{Resource: apim.Resource{Name: text(n, "Id")}, DisplayName: text(n, "Name"), Method: text(n, "Method"), URLTemplate: text(n, "UrlTemplate")}
}

// groups lists groups as links, and makes the service know them.
func (b *builder) groups(n *tree.Node) []apim.Link {
	if isNull(n) {
		return nil
	}
	var links []apim.Link
	for _, g := range n.Items {
		id := text(g, "Id")
		links = append(links, apim.Link{Target: id})
		if b.service.Group(id) == nil {
			b.service.Groups = append(b.service.Groups, &apim.Group{Resource: apim.Resource{Name: id}, DisplayName: text(g, "Name")})
		}
	}
	return links
}

func (b *builder) product(n *tree.Node) *apim.Product {
	if isNull(n) {
		return nil
	}
	p := &apim.Product{
		Resource: apim.Resource{Name: text(n, "Id")}, DisplayName: text(n, "Name"), State: apim.ProductState(text(n, "State")),
		ApprovalRequired: isTrue(n.Get("ApprovalRequired")), SubscriptionRequired: isTrue(n.Get("SubscriptionRequired")), Groups: b.groups(n.Get("Groups")),
	}
	p.State = apim.Published
	if text(n, "State") == "NotPublished" {
		p.State = apim.NotPublished
	}
	if l := n.Get("SubscriptionsLimit"); !isNull(l) {
		limit := int(b.number(l))
		p.SubscriptionsLimit = &limit
	}
	if b.x.API != nil {
		p.APIs = []apim.Link{{Target: b.x.API.Name}}
	}
	return p
}

func (b *builder) subscription(n *tree.Node) *apim.Subscription {
	if isNull(n) {
		return nil
	}
	b.x.Key = text(n, "Key")
	return &apim.Subscription{
		Resource: apim.Resource{Name: text(n, "Id")}, DisplayName: text(n, "Name"), PrimaryKey: text(n, "PrimaryKey"), SecondaryKey: text(n, "SecondaryKey"),
		CreatedDate: b.date(n.Get("CreatedDate")), StartDate: b.date(n.Get("StartDate")), EndDate: b.date(n.Get("EndDate")),
	}
}

func (b *builder) user(n *tree.Node) *apim.User {
	if isNull(n) {
		return nil
	}
	u := &apim.User{
		Resource: apim.Resource{Name: text(n, "Id")}, Email: text(n, "Email"), FirstName: text(n, "FirstName"), LastName: text(n, "LastName"), Note: text(n, "Note"),
		RegistrationDate: b.date(n.Get("RegistrationDate")), Groups: b.groups(n.Get("Groups")),
	}
	if list := n.Get("Identities"); list != nil {
		for _, i := range list.Items {
			u.Identities = append(u.Identities, apim.Identity{ID: text(i, "Id"), Provider: text(i, "Provider")})
		}
	}
	return u
}

func (b *builder) deployment(n *tree.Node) *exchange.Deployment {
	if isNull(n) {
		return nil
	}
	d := &exchange.Deployment{
		Region: text(n, "Region"), ServiceID: text(n, "ServiceId"), ServiceName: text(n, "ServiceName"), GatewayID: text(n, "GatewayId"),
		Gateway:         exchange.Gateway{ID: "managed", InstanceID: "managed", Managed: true},
		CarbonIntensity: text(n.Get("SustainabilityInfo"), "CurrentCarbonIntensity"),
	}
	if g := n.Get("Gateway"); !isNull(g) {
		d.Gateway = exchange.Gateway{ID: text(g, "Id"), InstanceID: text(g, "InstanceId"), Managed: isTrue(g.Get("IsManaged"))}
	}
	if list := n.Get("Certificates"); list != nil {
		for _, m := range list.Members {
			d.Certificates = append(d.Certificates, b.certificate(m.Key, m.Value))
		}
	}
	return d
}

func (b *builder) certificate(id string, n *tree.Node) exchange.Certificate {
	c := exchange.Certificate{ID: id, Password: text(n, "password")}
	if p := n.Get("pfx"); p != nil {
		c.PFX = b.bytes(p)
	} else {
		c.DER = b.bytes(n.Get("der"))
	}
	return c
}

func (b *builder) backend(n *tree.Node) {
	if isNull(n) {
		return
	}
	e := &apim.Backend{Resource: apim.Resource{Name: text(n, "Id")}, AzureRegion: text(n, "AzureRegion"), Type: apim.SingleBackend}
	if text(n, "Type") == "Pool" {
		e.Type = apim.PoolBackend
	}
	b.service.Backends = append(b.service.Backends, e)
	b.x.Backend.ID = e.Name
}

func (b *builder) lastError(n *tree.Node) *exchange.Error {
	if isNull(n) {
		return nil
	}
	return &exchange.Error{
		Source: text(n, "Source"), Reason: text(n, "Reason"), Message: text(n, "Message"), Scope: text(n, "Scope"), Section: text(n, "Section"),
		Path: text(n, "Path"), PolicyID: text(n, "PolicyId"), Status: int(b.number(n.Get("HttpErrorCode"))),
	}
}

func (b *builder) graphQL(n *tree.Node) {
	if isNull(n) {
		return
	}
	object := func(n *tree.Node) value.Value {
		if isNull(n) {
			return value.Null
		}
		return fromJSON("JObject")(b, n)
	}
	b.x.GraphQL = &exchange.GraphQL{Arguments: object(n.Get("GraphQLArguments")), Parent: object(n.Get("Parent"))}
}

func (b *builder) headers(n *tree.Node) exchange.Header {
	var h exchange.Header
	if isNull(n) {
		return nil
	}
	for _, m := range n.Members {
		if m.Value.Kind == tree.Null {
			continue
		}
		for _, v := range m.Value.Strings() {
			h.Add(m.Key, v)
		}
	}
	return h
}

func body(n *tree.Node) *exchange.Body {
	if isNull(n) {
		return exchange.NoBody()
	}
	return exchange.BufferedBody([]byte(n.Text))
}

func (b *builder) response(n *tree.Node) *exchange.Response {
	if isNull(n) {
		return nil
	}
	return &exchange.Response{Status: int(b.number(n.Get("StatusCode"))), Reason: text(n, "StatusReason"), Header: b.headers(n.Get("Headers")), Body: body(n.Get("Body")), FromBackend: true}
}

func (b *builder) url(n *tree.Node) exchange.URL {
	u, err := exchange.ParseURL(n.StringOr(""))
	if err != nil {
		b.fail(n, "%w", err)
	}
	return u
}

func (b *builder) request(n *tree.Node) {
	if isNull(n) {
		b.fail(nil, "%w", errors.New("the context has no Request"))
		return
	}
	x := b.x
	x.Request = exchange.Request{Method: text(n, "Method"), URL: b.url(n.Get("Url")), Header: b.headers(n.Get("Headers")), Body: body(n.Get("Body"))}
	x.Original = exchange.Request{Method: x.Request.Method, URL: b.url(n.Get("OriginalUrl")), Header: x.Request.Header.Clone()}
	x.ClientIP = text(n, "IpAddress")
	if list := n.Get("MatchedParameters"); list != nil {
		for _, m := range list.Members {
			if m.Value.Kind != tree.Null {
				x.Parameters = append(x.Parameters, exchange.Parameter{Name: m.Key, Value: m.Value.StringOr("")})
			}
		}
	}
	if c := n.Get("Certificate"); !isNull(c) {
		if x.ClientCertificate = b.certificate("", c).DER; x.ClientCertificate == nil {
			b.fail(c, "a client certificate is given as der: its key is the caller's")
		}
	}
	if f := n.Get("Foundry"); !isNull(f) {
		x.Foundry = &exchange.Foundry{Deployment: text(f, "Deployment")}
	}
	if p := n.Get("PrivateEndpointConnection"); !isNull(p) {
		x.PrivateEndpoint = &exchange.PrivateEndpoint{Name: text(p, "Name"), GroupID: text(p, "GroupId"), MemberName: text(p, "MemberName")}
	}
}
