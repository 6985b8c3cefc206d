package backend

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spillway-gateway/spillway/apim"
)

func resolve(text string) (string, error) {
	if strings.Contains(text, "{{missing}}") {
		return "", errors.New("there is no value for the named value missing")
	}
	return strings.ReplaceAll(text, "{{key}}", "value"), nil
}

func one(name string, edit func(*apim.Backend)) *apim.Backend {
	b := &apim.Backend{Resource: apim.Resource{Name: name}}
	b.Defaults()
	b.URL = "https://h"
	edit(b)
	return b
}

func TestSingles(t *testing.T) {
	s, problems := New(&apim.Contents{Backends: []*apim.Backend{
		one("plain", func(b *apim.Backend) { b.URL = "https://{{key}}.test/base" }),
		one("Full", func(b *apim.Backend) {
			b.Properties = json.RawMessage(`{"credentials":{"header":{"z":["1"],"a":["2","3"]},"query":{"q b":["{{key}}&"],"p":["1"]}}}`)
			b.Credentials = &apim.Credentials{
				Header: map[string][]string{"a": {"2", "3"}, "z": {"{{key}}"}}, Query: map[string][]string{"p": {"1"}, "q b": {"{{key}}&"}},
				Authorization: &apim.AuthorizationCredentials{Scheme: "Bearer", Parameter: "{{key}}"},
			}
			b.Proxy = &apim.Proxy{URL: "http://p", Username: "u", Password: "{{key}}"}
			b.TLS = apim.TLS{ValidateCertificateChain: false, ValidateCertificateName: true}
		}),
	}}, World{Resolve: resolve})
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	fields := cmpopts.IgnoreUnexported(Single{})
	if d := cmp.Diff(&Single{ID: "plain", URL: "https://value.test/base"}, s.Single("PLAIN"), fields); d != "" {
		t.Error(d)
	}
	want := &Single{
		ID: "Full", URL: "https://h", SkipChain: true, Proxy: "http://p", ProxyUser: "u", ProxyPassword: "value",
		Header: []Field{{"z", "value"}, {"a", "2"}, {"a", "3"}, {"Authorization", "Bearer value"}},
		Query:  "q+b=value%26&p=1", QueryNames: []string{"q b", "p"},
	}
	if d := cmp.Diff(want, s.Single("full"), fields); d != "" {
		t.Error(d)
	}
	if s.Single("nowhere") != nil || s.Pool("full") != nil {
		t.Error("a backend that is not there")
	}
}

func TestProblems(t *testing.T) {
	_, problems := New(&apim.Contents{Backends: []*apim.Backend{
		one("unknown", func(b *apim.Backend) {
			b.Credentials = &apim.Credentials{Header: map[string][]string{"api-key": {"{{missing}}"}}}
		}),
	}}, World{Resolve: resolve})
	var got []string
	for _, p := range problems {
		got = append(got, p.Severity.String()+" "+p.Code+" "+p.Message)
	}
	want := []string{
		"error named-value backend unknown, header api-key: there is no value for the named value missing",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
