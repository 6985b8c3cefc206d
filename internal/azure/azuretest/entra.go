package azuretest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// Entra gives tokens to applications with any secret, and to managed identities
// as App Service's endpoint for them does.
type Entra struct {
	mu     sync.Mutex
	refuse string
	given  []Given
	serial int
}

// Given is a token that was given.
type Given struct {
	// ClientID is the application's, or that of a user-assigned identity.
	ClientID string
	Audience string
	Token    string
}

// Refuse makes every request for a token fail with this text; "" ends it.
func (e *Entra) Refuse(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse = text
}

// Given are the tokens that were given, in order.
func (e *Entra) Given() []Given {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Given(nil), e.given...)
}

// accepts reports whether a request carries a token that was given for one of
// the audiences.
func (e *Entra) accepts(r *http.Request, audiences ...string) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	for _, g := range e.Given() {
		for _, a := range audiences {
			if g.Token == token && strings.TrimSuffix(g.Audience, "/") == a {
				return true
			}
		}
	}
	return false
}

func (e *Entra) token(clientID, audience string, life time.Duration) (string, time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.serial++
	now := time.Now()
	expires := now.Add(life).Truncate(time.Second)
	part := func(v any) string {
		data, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	token := part(map[string]string{"typ": "JWT", "alg": "RS256"}) + "." + part(map[string]any{
		"aud": audience, "appid": clientID, "tid": Tenant, "iat": now.Unix(), "nbf": now.Unix(), "exp": expires.Unix(), "uti": fmt.Sprint(e.serial),
	}) + ".c2lnbmVk"
	e.given = append(e.given, Given{clientID, audience, token})
	return token, expires
}

// ServeHTTP answers as login.microsoftonline.com does.
func (e *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	base := "https://" + LoginHost + "/" + Tenant
	switch {
	case strings.HasSuffix(r.URL.Path, "/discovery/instance"):
		answer(w, http.StatusOK, map[string]any{
			"tenant_discovery_endpoint": base + "/v2.0/.well-known/openid-configuration",
			"metadata": []any{map[string]any{
				"preferred_network": LoginHost, "preferred_cache": LoginHost, "aliases": []string{LoginHost},
			}},
		})
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		answer(w, http.StatusOK, map[string]any{
			"token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
			"issuer": base + "/v2.0", "jwks_uri": base + "/discovery/v2.0/keys",
		})
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		if refuse := e.refused(); refuse != "" {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": refuse})
			return
		}
		_ = r.ParseForm()
		scope, _, _ := strings.Cut(r.Form.Get("scope"), " ")
		token, _ := e.token(r.Form.Get("client_id"), strings.TrimSuffix(scope, "/.default"), time.Hour)
		answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": token})
	default:
		http.NotFound(w, r)
	}
}

func (e *Entra) refused() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refuse
}

// ManagedIdentity starts the endpoint that App Service has for the managed
// identities of an app, and puts it into the environment of the test.
func (e *Entra) ManagedIdentity(tb testing.TB) {
	tb.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-IDENTITY-HEADER") != "secret-of-the-app" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		if refuse := e.refused(); refuse != "" {
			answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": refuse})
			return
		}
		q := r.URL.Query()
		token, expires := e.token(q.Get("client_id"), q.Get("resource"), 24*time.Hour)
		answer(w, http.StatusOK, map[string]any{
			"access_token": token, "expires_on": fmt.Sprint(expires.Unix()), "resource": q.Get("resource"), "token_type": "Bearer", "client_id": q.Get("client_id"),
		})
	}))
	tb.Cleanup(s.Close)
	for name, value := range map[string]string{"IDENTITY_ENDPOINT": s.URL + "/msi/token", "IDENTITY_HEADER": "secret-of-the-app"} {
		tb.Setenv(name, value)
	}
}

// Application puts an application with a secret into the environment of the
// test.
func Application(tb testing.TB) {
	tb.Helper()
	for name, value := range ApplicationEnv() {
		tb.Setenv(name, value)
	}
}

// ApplicationEnv is the environment of an application with a secret.
func ApplicationEnv() map[string]string {
	return map[string]string{"AZURE_TENANT_ID": Tenant, "AZURE_CLIENT_ID": "22222222-0000-0000-0000-000000000000", "AZURE_CLIENT_SECRET": "of-a-test"}
}

// NoIdentity takes every identity out of the environment of the test.
func NoIdentity(tb testing.TB) {
	tb.Helper()
	for _, name := range []string{
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE",
		"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "IMDS_ENDPOINT", "AZURE_TOKEN_CREDENTIALS",
	} {
		tb.Setenv(name, "") // which puts it back at the end
		if err := os.Unsetenv(name); err != nil {
			tb.Fatal(err)
		}
	}
}
