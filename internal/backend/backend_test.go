package backend

import (
	"crypto/sha1"
	"crypto/tls"
	"encoding/hex"
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
		one("shown", func(b *apim.Backend) {
			b.Credentials = &apim.Credentials{CertificateIDs: []string{"/subscriptions/s/certificates/nowhere"}, Certificates: []string{strings.Repeat("ab", 20)}}
		}),
		one("thumb", func(b *apim.Backend) {
			b.Credentials = &apim.Credentials{Certificates: []string{strings.Repeat("ab", 20)}}
		}),
		one("pinned", func(b *apim.Backend) { b.TLS.ServerCertificateThumbprints = []string{"abc"} }),
		one("issuer", func(b *apim.Backend) {
			b.TLS.ServerX509Names = []apim.X509Name{{Name: "n", IssuerCertificateThumbprint: strings.Repeat("ab", 32)}}
		}),
	}}, World{Resolve: resolve, Certificates: []Certificate{{ID: "other", TLS: tls.Certificate{Certificate: [][]byte{{1}}}}}})
	var got []string
	for _, p := range problems {
		got = append(got, p.Severity.String()+" "+p.Code+" "+p.Message)
	}
	want := []string{
		"error named-value backend unknown, header api-key: there is no value for the named value missing",
		"error unknown-certificate backend shown: there is no certificate /subscriptions/s/certificates/nowhere",
		"error unknown-certificate backend thumb: there is no certificate with the thumbprint " + strings.Repeat("ab", 20),
		"error wrong-value backend pinned: tls, serverCertificateThumbprints: a thumbprint is a SHA-1 hash, 40 hexadecimal digits",
		"error wrong-value backend issuer: tls, issuerCertificateThumbprint: a thumbprint is a SHA-1 hash, 40 hexadecimal digits",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestCertificates holds how backends name certificates: by id before thumbprint,
// and in whichever way thumbprints are written.
func TestCertificates(t *testing.T) {
	hash := sha1.Sum([]byte{2})
	colons := strings.ToUpper(hex.EncodeToString(hash[:2])) + ":" + hex.EncodeToString(hash[2:])
	w := World{Resolve: resolve, Certificates: []Certificate{
		{ID: "First", TLS: tls.Certificate{Certificate: [][]byte{{1}}}}, {ID: "second", TLS: tls.Certificate{Certificate: [][]byte{{2}, {3}}}},
	}}
	s, problems := New(&apim.Contents{Backends: []*apim.Backend{
		one("none", func(b *apim.Backend) { b.Credentials = &apim.Credentials{} }),
		one("id", func(b *apim.Backend) {
			b.Credentials = &apim.Credentials{CertificateIDs: []string{"/certificates/FIRST"}, Certificates: []string{colons}}
		}),
		one("thumb", func(b *apim.Backend) { b.Credentials = &apim.Credentials{Certificates: []string{"\u200e" + colons}} }),
		one("both", func(b *apim.Backend) { b.Credentials = &apim.Credentials{CertificateIDs: []string{"second", "first"}} }),
		one("pinned", func(b *apim.Backend) {
			b.TLS.ServerCertificateThumbprints = []string{colons}
			b.TLS.ServerX509Names = []apim.X509Name{{Name: "{{key}}"}, {Name: "n", IssuerCertificateThumbprint: colons}}
		}),
	}}, w)
	if len(problems) > 0 {
		t.Fatal(problems.Draw())
	}
	shown := func(id string) (all []byte) {
		if c := s.Single(id).Client; c != nil {
			for _, one := range c.Certificates {
				all = append(all, one.Certificate[0]...)
			}
		}
		return all
	}
	for id, want := range map[string]string{"none": "", "id": "\x01", "thumb": "\x02", "both": "\x02\x01"} {
		if got := string(shown(id)); got != want {
			t.Errorf("%s shows %q, want %q", id, got, want)
		}
	}
	if a, b := s.Single("id").Client.ID, s.Single("thumb").Client.ID; a == b || a == "" {
		t.Error("other certificates, the same id")
	}
	p := s.Single("pinned").Pins
	if len(p.Thumbprints) != 1 || p.Thumbprints[0] != hash || len(p.Names) != 2 || p.Names[0].Name != "value" || p.Names[1].Issuer != hash || p.ID == "" {
		t.Errorf("%+v", p)
	}
	// Where certificates are stand-ins, nobody knows their thumbprints.
	w.StandIns = true
	if _, problems := New(&apim.Contents{Backends: []*apim.Backend{
		one("thumb", func(b *apim.Backend) {
			b.Credentials = &apim.Credentials{Certificates: []string{strings.Repeat("ab", 20)}}
		}),
	}}, w); len(problems) > 0 {
		t.Error(problems.Draw())
	}
}

// TestFind holds that a certificate is found by its id, or by its thumbprint where
// no id is given.
func TestFind(t *testing.T) {
	list := []Certificate{{ID: "none"}, {ID: "one", TLS: tls.Certificate{Certificate: [][]byte{{1}}}}}
	sum := sha1.Sum([]byte{1})
	print := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		id, thumbprint string
		found          bool
	}{{"ONE", "", true}, {"/certificates/one", "", true}, {"", print, true}, {"other", print, false}, {"", "", false}, {"", "ab", false}} {
		if got := Find(list, c.id, c.thumbprint); (got != nil) != c.found || c.found && (len(got.Certificates) != 1 || got.ID == "") {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}
