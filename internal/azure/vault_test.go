package azure

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets/fake"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
	"github.com/spillway-gateway/spillway/internal/clock"
)

func ref(id string) apim.KeyVaultSecret { return apim.KeyVaultSecret{SecretIdentifier: id} }

// A vault over TLS under its own name, opened with a token of Entra.
func TestVault(t *testing.T) {
	azuretest.NoIdentity(t)
	azuretest.Application(t)
	c := azuretest.New(t)
	c.Vaults.Set("contoso", "key-eastus", "first")
	c.Vaults.Set("contoso", "key-eastus", "second")
	i := New(Options{Client: c.Client()})
	s := NewSecrets(SecretsOptions{Client: c.Client()})
	refs := []apim.KeyVaultSecret{
		ref("https://contoso.vault.azure.net/secrets/key-eastus"), ref("https://contoso.vault.azure.net/secrets/key-eastus/v1"),
		ref("https://contoso.vault.azure.net/secrets/nothing"), ref("http://contoso.vault.azure.net/secrets/key-eastus"),
	}
	values, errs := s.Values(t.Context(), i, refs)
	if !slices.Equal(values, []string{"second", "first", "", ""}) {
		t.Errorf("values %q", values)
	}
	if errs[0] != nil || errs[1] != nil || errs[2] == nil || errs[2].Error() != "A secret with (name/id) nothing was not found in this key vault (404 SecretNotFound)" || errs[3] == nil {
		t.Errorf("errors %v", errs)
	}
	if st := s.Status(refs[2]); st.Code != "SecretNotFound" || !st.Failed() || st.Time.IsZero() {
		t.Errorf("status %+v", st)
	}
	if st := s.Status(refs[0]); st.Code != "Success" || st.Failed() {
		t.Errorf("status %+v", st)
	}
	// What is known is not read again.
	reads := c.Vaults.Reads()
	if values, _ := s.Values(t.Context(), i, refs[:2]); values[0] != "second" || c.Vaults.Reads() != reads {
		t.Errorf("%q, %d more reads", values, c.Vaults.Reads()-reads)
	}
	c.Vaults.Set("contoso", "key-eastus", "third")
	if changed, err := s.Read(t.Context(), i, refs[0]); !changed || err != nil {
		t.Errorf("read again: %v, %v", changed, err)
	}
	c.Vaults.Deny(true)
	_, err := s.Read(t.Context(), i, refs[0])
	if err == nil || !strings.HasPrefix(err.Error(), "Caller is not authorized to perform action on resource") || !strings.HasSuffix(err.Error(), "(403 Forbidden/ForbiddenByRbac)") {
		t.Errorf("denied: %v", err)
	}
	if values, errs := s.Values(t.Context(), i, refs[:1]); values[0] != "third" || errs[0] != nil {
		t.Errorf("the last good value is %q, %v", values[0], errs[0])
	}
	for _, g := range c.Entra.Given() {
		if g.Audience != "https://vault.azure.net" {
			t.Errorf("a token for %s", g.Audience)
		}
	}
}

func TestSimulatedIdentityOpensNoVault(t *testing.T) {
	s := NewSecrets(SecretsOptions{})
	_, errs := s.Values(t.Context(), New(Options{Kind: "simulated"}), []apim.KeyVaultSecret{ref("https://contoso.vault.azure.net/secrets/a")})
	if errs[0] == nil || !strings.Contains(errs[0].Error(), "under namedValues") {
		t.Errorf("got %v", errs[0])
	}
}

// faked is Secrets over the SDK's own fake of a vault, on a clock that is moved
// by hand.
func faked(c clock.Clock, log *slog.Logger, get func(name string) (string, int)) (*Secrets, *Identity) {
	server := fake.Server{GetSecret: func(_ context.Context, name, version string, _ *azsecrets.GetSecretOptions) (resp azfake.Responder[azsecrets.GetSecretResponse], errResp azfake.ErrorResponder) {
		value, status := get(name)
		if status != http.StatusOK {
			errResp.SetResponseError(status, "Fails")
			return resp, errResp
		}
		resp.SetResponse(http.StatusOK, azsecrets.GetSecretResponse{Secret: azsecrets.Secret{Value: &value}}, nil)
		return resp, errResp
	}}
	transport := fake.NewServerTransport(&server)
	s := NewSecrets(SecretsOptions{
		Clock: c, Log: log, Interval: func() time.Duration { return 4 * time.Hour },
		Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") == "" {
				return &http.Response{
					StatusCode: http.StatusUnauthorized, Request: r, Body: http.NoBody,
					Header: http.Header{"Www-Authenticate": {`Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"`}},
				}, nil
			}
			return transport.Do(r)
		})},
	})
	return s, New(Options{Clock: c, Credential: func(string) (azcore.TokenCredential, error) { return hourly(clock.Real{}), nil }})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Secrets are read again when they are due; a failure changes nothing, is told,
// and is followed by tries that come less and less often.
func TestFollow(t *testing.T) {
	m := clock.NewManual(start)
	value, status, reads := "one", http.StatusOK, 0
	var log bytes.Buffer
	s, i := faked(m, slog.New(slog.NewTextHandler(&log, nil)), func(string) (string, int) {
		reads++
		return value, status
	})
	refs := []apim.KeyVaultSecret{ref("https://contoso.vault.azure.net/secrets/a")}
	var changes []string
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	m.Run(func() {
		if values, errs := s.Values(ctx, i, refs); values[0] != "one" || errs[0] != nil {
			t.Fatal(values, errs)
		}
	})
	m.Go(func() {
		s.Follow(ctx, func() (*Identity, []apim.KeyVaultSecret) { return i, refs }, func() {
			values, _ := s.Values(ctx, i, refs)
			changes = append(changes, fmt.Sprint(m.Now().Sub(start).Round(time.Minute), " ", values[0]))
		})
	})
	step := func(d time.Duration, wantReads int, wantChanges ...string) {
		t.Helper()
		m.Advance(d)
		m.Run(func() {})
		if reads != wantReads || !slices.Equal(changes, wantChanges) {
			t.Errorf("at %v: %d reads, want %d; changes %q, want %q", m.Now().Sub(start), reads, wantReads, changes, wantChanges)
		}
	}
	step(3*time.Hour+59*time.Minute, 1)
	value = "two"
	step(2*time.Minute, 2, "4h0m0s two")
	step(4*time.Hour, 3, "4h0m0s two") // the same value is no change
	value, status = "three", http.StatusForbidden
	step(4*time.Hour, 5, "4h0m0s two")   // and a minute after the failure again
	step(8*time.Minute, 7, "4h0m0s two") // after two minutes more, and four
	if values, errs := s.Values(ctx, i, refs); values[0] != "two" || errs[0] != nil {
		t.Errorf("the last good value: %v, %v", values, errs)
	}
	status = http.StatusOK
	step(8*time.Minute, 8, "4h0m0s two", "12h15m0s three")
	refs = nil
	step(time.Minute, 8, "4h0m0s two", "12h15m0s three")
	if len(s.known) != 0 {
		t.Error("what is not wanted any more is kept")
	}
	if text := log.String(); !strings.Contains(text, "the last good value goes on") || strings.Contains(text, "two") || strings.Contains(text, "three") {
		t.Errorf("the log says\n%s", text)
	}
}

func TestParseSecretID(t *testing.T) {
	for _, c := range []struct{ id, vault, name, version string }{
		{"https://contoso.vault.azure.net/secrets/key", "https://contoso.vault.azure.net", "key", ""},
		{"https://contoso.vault.azure.net:443/Secrets/key-2/0a1b/", "https://contoso.vault.azure.net:443", "key-2", "0a1b"},
		{id: "http://contoso.vault.azure.net/secrets/key"},
		{id: "https://contoso.vault.azure.net/keys/key"},
		{id: "https://contoso.vault.azure.net/secrets/"},
		{id: "https://contoso.vault.azure.net/secrets/a/b/c"},
		{id: "https://contoso.vault.azure.net/secrets/a%2fb"},
		{id: "https://user@contoso.vault.azure.net/secrets/a"},
		{id: "https://contoso.vault.azure.net/secrets/a?x=1"},
		{id: "secret"},
	} {
		vault, name, version, err := ParseSecretID(c.id)
		if vault != c.vault || name != c.name || version != c.version || (err == nil) != (c.vault != "") {
			t.Errorf("%s: %q %q %q %v", c.id, vault, name, version, err)
		}
	}
}

func FuzzParseSecretID(f *testing.F) {
	f.Add("https://contoso.vault.azure.net/secrets/key/0a1b")
	f.Add("https://[::1]:443/secrets/key")
	f.Fuzz(func(t *testing.T, id string) {
		vault, name, version, err := ParseSecretID(id)
		if err != nil {
			return
		}
		again := vault + "/secrets/" + name
		if version != "" {
			again += "/" + version
		}
		if v, n, r, err := ParseSecretID(again); err != nil || v != vault || n != name || r != version {
			t.Errorf("%q reads as %q %q %q, and that as %q %q %q %v", id, vault, name, version, v, n, r, err)
		}
	})
}
