package apim_test

import (
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
)

func TestDuration(t *testing.T) {
	good := map[string]struct {
		want time.Duration
		text string
	}{
		"PT1M":        {time.Minute, "PT1M"},
		"PT60S":       {time.Minute, "PT1M"},
		"P1D":         {24 * time.Hour, "P1D"},
		"P1W":         {7 * 24 * time.Hour, "P7D"},
		"P1DT2H3M4S":  {26*time.Hour + 3*time.Minute + 4*time.Second, "P1DT2H3M4S"},
		"PT0.5S":      {500 * time.Millisecond, "PT0.5S"},
		"PT1,5M":      {90 * time.Second, "PT1M30S"},
		"-PT10S":      {-10 * time.Second, "-PT10S"},
		"PT0S":        {0, "PT0S"},
		"PT90000000S": {90000000 * time.Second, "P1041DT16H"},
	}
	for in, want := range good {
		d, err := apim.ParseDuration(in)
		if err != nil || d.Duration != want.want || d.String() != want.text {
			t.Errorf("ParseDuration(%q) = %v %q, %v; want %v %q", in, d.Duration, d.String(), err, want.want, want.text)
		}
		if again, err := apim.ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", d.String(), again, err, d)
		}
	}
	for _, in := range []string{
		"", "P", "PT", "P1", "1M", "pt1m", "PT1", "PTM", "P1Y", "P1M", "PT1D", "P1S", "PT1S1M", "PT1M1M",
		"PT1.5M1S", "PT1T1S", "PT1..5S", "P99999999W", "PT9223372037S", "PT1e9S", "60", "00:01:00",
	} {
		if d, err := apim.ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v; want an error", in, d)
		}
	}
}

func TestSubscriptionScope(t *testing.T) {
	const service = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ApiManagement/service/dev"
	for _, c := range []struct {
		text            string
		scope           apim.SubscriptionScope
		name, workspace string
	}{
		{service, apim.ScopeService, "", ""},
		{service + "/", apim.ScopeService, "", ""},
		{"/", apim.ScopeService, "", ""},
		{"", apim.ScopeService, "", ""},
		{service + "/apis", apim.ScopeAllAPIs, "", ""},
		{"/apis", apim.ScopeAllAPIs, "", ""},
		{service + "/apis/a", apim.ScopeOneAPI, "a", ""},
		{"apis/a", apim.ScopeOneAPI, "a", ""},
		{"/products/p", apim.ScopeOneProduct, "p", ""},
		{"/Products/P", apim.ScopeOneProduct, "P", ""},
		{service + "/workspaces/w/products/p", apim.ScopeOneProduct, "p", "w"},
		{"/workspaces/w", apim.ScopeService, "", "w"},
		{"/groups/g", apim.ScopeInvalid, "", ""},
		{"p", apim.ScopeInvalid, "", ""},
		{"/apis/a/operations/o", apim.ScopeInvalid, "", ""},
	} {
		scope, name, workspace := apim.ParseSubscriptionScope(c.text)
		if scope != c.scope || name != c.name || workspace != c.workspace {
			t.Errorf("ParseSubscriptionScope(%q) = %v, %q, %q; want %v, %q, %q", c.text, scope, name, workspace, c.scope, c.name, c.workspace)
		}
	}
}

func TestLookups(t *testing.T) {
	api := &apim.API{Resource: apim.Resource{Name: "chat"}}
	old := &apim.API{Resource: apim.Resource{Name: "chat;rev=2"}}
	api.Defaults()
	old.Defaults()
	s := &apim.Service{Contents: apim.Contents{
		APIs:        []*apim.API{api, old},
		Products:    []*apim.Product{{Resource: apim.Resource{Name: "p"}, APIs: []apim.Link{{Target: "CHAT"}}}, {Resource: apim.Resource{Name: "q"}}},
		Backends:    []*apim.Backend{{Resource: apim.Resource{Name: "East"}}},
		NamedValues: []*apim.NamedValue{{Resource: apim.Resource{Name: "1234"}, DisplayName: "key-eastus"}},
	}}
	if s.API("/apis/Chat") != api || s.API("chat;rev=2") != old || s.API("no") != nil {
		t.Error("an API is found by name or id, whatever the case")
	}
	if s.Backend("/subscriptions/0/x/service/dev/backends/east") == nil {
		t.Error("a backend is found by the tail of an absolute id of another service")
	}
	if s.NamedValue("KEY-eastus") == nil || s.NamedValue("1234") != nil {
		t.Error("a named value is found by its display name, and by nothing else")
	}
	if got := s.ProductsOf(old); len(got) != 1 || got[0].Name != "p" {
		t.Errorf("ProductsOf = %v; want p: a product holds all revisions of its APIs", got)
	}
	if !api.IsCurrent || old.IsCurrent || !api.SubscriptionRequired {
		t.Error("defaults: a plain name is a current revision, and needs a subscription")
	}
}
