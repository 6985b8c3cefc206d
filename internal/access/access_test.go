package access

import (
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func names(header string) apim.SubscriptionKeyParameterNames {
	return apim.SubscriptionKeyParameterNames{Header: header, Query: "subscription-key"}
}

func service() *apim.Service {
	api := func(name string, required bool) *apim.API {
		return &apim.API{Resource: apim.Resource{Name: name}, Path: name, KeyNames: names("api-key"), SubscriptionRequired: required}
	}
	sub := func(name, scope, key string, state apim.SubscriptionState) *apim.Subscription {
		return &apim.Subscription{Resource: apim.Resource{Name: name}, Scope: scope, State: state, PrimaryKey: key, SecondaryKey: key + "-2"}
	}
	product := func(name string, required bool, apis ...string) *apim.Product {
		p := &apim.Product{Resource: apim.Resource{Name: name}, SubscriptionRequired: required}
		for _, a := range apis {
			p.APIs = append(p.APIs, apim.Link{Target: a})
		}
		return p
	}
	return &apim.Service{Contents: apim.Contents{
		APIs:     []*apim.API{api("closed", true), api("free", false), api("shown", true)},
		Products: []*apim.Product{product("gold", true, "closed"), product("open", false, "shown")},
		Subscriptions: []*apim.Subscription{
			sub("s-product", "/products/gold", "product-key", apim.Active),
			sub("s-api", "/apis/closed", "api-key-1", apim.Active),
			sub("s-all", "/apis", "all-key", apim.Active),
			sub("s-off", "/apis", "off-key", "suspended"),
			sub("master", "/", "master-key", apim.Active),
		},
	}}
}

// TestTable is the decision table of policies.md 4.3.
func TestTable(t *testing.T) {
	svc := service()
	table := New(svc, Options{Bearer: map[string]bool{"free": true}})
	cases := []struct {
		api, header, query, auth string
		subscription, product    string
		reason                   string
	}{
		{api: "closed", reason: exchange.ReasonKeyNotFound},
		{api: "closed", header: "product-key", subscription: "s-product", product: "gold"},
		{api: "closed", header: "product-key-2", subscription: "s-product", product: "gold"},
		{api: "closed", header: "api-key-1", subscription: "s-api"},
		{api: "closed", header: "all-key", subscription: "s-all"},
		{api: "closed", header: "master-key", subscription: "master"},
		{api: "closed", header: "off-key", reason: exchange.ReasonKeyInvalid},
		{api: "closed", header: "PRODUCT-KEY", reason: exchange.ReasonKeyInvalid},
		{api: "closed", header: "product-key ", reason: exchange.ReasonKeyInvalid},
		{api: "closed", query: "x=1&subscription-key=all-key", subscription: "s-all"},
		{api: "closed", query: "api-key=all-key", reason: exchange.ReasonKeyNotFound},
		{api: "closed", header: "nonsense", query: "subscription-key=all-key", reason: exchange.ReasonKeyInvalid},
		{api: "closed", auth: "Bearer all-key", reason: exchange.ReasonKeyNotFound},
		{api: "free"},
		{api: "free", header: "nonsense", reason: exchange.ReasonKeyInvalid},
		{api: "free", header: "product-key", reason: exchange.ReasonKeyInvalid},
		{api: "free", auth: "Bearer all-key", subscription: "s-all"},
		{api: "shown", product: "open"},
		{api: "shown", header: "all-key", subscription: "s-all"},
		{api: "shown", header: "product-key", reason: exchange.ReasonKeyInvalid},
	}
	for _, c := range cases {
		r := &Request{API: svc.API(c.api), Query: c.query, Realm: "http://h/" + c.api, Now: time.Now()}
		if c.header != "" {
			r.Header.Add("API-Key", c.header)
		}
		if c.auth != "" {
			r.Header.Add("authorization", c.auth)
		}
		g, err := table.Check(r)
		reason := ""
		if err != nil {
			reason = err.Reason
			if want := `AzureApiManagementKey realm="http://h/` + c.api + `",name="api-key",type="header"`; err.Header.Get("WWW-Authenticate") != want {
				t.Errorf("%+v: WWW-Authenticate is %s", c, err.Header.Get("WWW-Authenticate"))
			}
		}
		name, product := "", ""
		if g.Subscription != nil {
			name = g.Subscription.Name
		}
		if g.Product != nil {
			product = g.Product.Name
		}
		if reason != c.reason || name != c.subscription || product != c.product || g.Bearer != (c.auth != "" && err == nil) {
			t.Errorf("%+v: got subscription %q, product %q, reason %q", c, name, product, reason)
		}
	}
}

// TestBodies compares the refusals with the recorded bytes.
func TestBodies(t *testing.T) {
	svc := service()
	table := New(svc, Options{})
	for header, want := range map[string]string{
		"":  `{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }`,
		"x": `{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }`,
	} {
		r := &Request{API: svc.API("closed"), Now: time.Now()}
		if header != "" {
			r.Header.Add("api-key", header)
		}
		_, err := table.Check(r)
		if got := string(err.Response(exchange.GUID{}).Body.Bytes()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestExpired refuses a subscription after its end.
func TestExpired(t *testing.T) {
	svc := service()
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	svc.Subscription("s-all").ExpirationDate = end
	table := New(svc, Options{})
	for _, after := range []time.Duration{-time.Second, 0} {
		r := &Request{API: svc.API("free"), Now: end.Add(after)}
		r.Header.Add("api-key", "all-key")
		if _, err := table.Check(r); (err == nil) != (after < 0) {
			t.Errorf("%v after the end: %v", after, err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	svc := service()
	table := New(svc, Options{})
	r := &Request{API: svc.API("closed"), Now: time.Now()}
	r.Header.Add("Content-Type", "application/json")
	r.Header.Add("api-key", "product-key")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.Check(r); err != nil {
			b.Fatal(err)
		}
	}
}

func TestQueryValue(t *testing.T) {
	for query, want := range map[string]string{
		"a=1&Subscription-Key=x%20y": "x y", "subscription%2Dkey=z": "z", "subscription-key": "", "subscription-key=%zz": "%zz", "subscription-key=+": " ",
	} {
		if got, ok := QueryValue(query, "subscription-key"); !ok || got != want {
			t.Errorf("%s: %q %v", query, got, ok)
		}
	}
	if _, ok := QueryValue(strings.Repeat("a=b&", 10), "subscription-key"); ok {
		t.Error("found a parameter that is not there")
	}
}
