package azure

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
	"github.com/spillway-gateway/spillway/internal/clock"
)

// scripted is a credential whose answers a test decides.
type scripted struct {
	mu    sync.Mutex
	calls []string
	get   func(n int, scope string) (azcore.AccessToken, error)
}

func (s *scripted) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	s.mu.Lock()
	s.calls = append(s.calls, o.Scopes[0])
	n := len(s.calls)
	s.mu.Unlock()
	return s.get(n, o.Scopes[0])
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

var start = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

const resource = "https://cognitiveservices.azure.com"

// hourly gives tokens t1, t2, … that live an hour from the clock's now.
func hourly(c clock.Clock) *scripted {
	return &scripted{get: func(n int, _ string) (azcore.AccessToken, error) {
		return azcore.AccessToken{Token: fmt.Sprint("t", n), ExpiresOn: c.Now().Add(time.Hour)}, nil
	}}
}

func with(c clock.Clock, s *scripted) *Identity {
	return New(Options{Clock: c, Credential: func(string) (azcore.TokenCredential, error) { return s, nil }})
}

// A token is asked for once, replaced in the background after three quarters of
// its life, and never given out when it is about to expire.
func TestTokenLife(t *testing.T) {
	m := clock.NewManual(start)
	s := hourly(m)
	i := with(m, s)
	for _, step := range []struct {
		after     time.Duration
		want      string
		callsThen int
	}{
		{0, "t1", 1},
		{44 * time.Minute, "t1", 1},
		{time.Minute, "t1", 2}, // three quarters: this one starts the next
		{time.Minute, "t2", 2},
		{3 * time.Hour, "t3", 3}, // nobody asked for long: this one waits
	} {
		m.Advance(step.after)
		m.Run(func() {
			got, err := i.Token(t.Context(), resource, "")
			if err != nil || got != step.want {
				t.Errorf("at %v: %q, %v; want %q", m.Now().Sub(start), got, err, step.want)
			}
		})
		m.Run(func() {}) // what runs in the background ends
		if s.count() != step.callsThen {
			t.Errorf("at %v: %d calls, want %d", m.Now().Sub(start), s.count(), step.callsThen)
		}
	}
	if s.calls[0] != resource+"/.default" {
		t.Errorf("the scope is %q", s.calls[0])
	}
}

// The audience of a resource keeps its slash, and a scope is a resource.
func TestScope(t *testing.T) {
	m := clock.NewManual(start)
	s := hourly(m)
	i := with(m, s)
	m.Run(func() {
		for _, r := range []string{"https://a.example/", "https://a.example", "https://a.example/.default", "app-id"} {
			if _, err := i.Token(t.Context(), r, ""); err != nil {
				t.Error(err)
			}
		}
	})
	want := "https://a.example//.default https://a.example/.default app-id/.default"
	if got := strings.Join(s.calls, " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A thousand requests at once make one call, and one that leaves takes nobody
// else's token along.
func TestTokenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &scripted{get: func(int, string) (azcore.AccessToken, error) {
			<-release
			return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
		}}
		i := with(clock.Real{}, s)
		leaves, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var got sync.Map
		for n := range 1000 {
			ctx := t.Context()
			if n == 0 {
				ctx = leaves
			}
			wg.Go(func() {
				token, err := i.Token(ctx, resource, "")
				got.Store(n, fmt.Sprint(token, err))
			})
			if n == 0 {
				synctest.Wait() // the first one starts the call
			}
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		if v, _ := got.Load(0); v != "context canceled" {
			t.Errorf("the one that left: %v", v)
		}
		close(release)
		wg.Wait()
		got.Range(func(n, v any) bool {
			if n != 0 && v != "t<nil>" {
				t.Errorf("request %v: %v", n, v)
			}
			return true
		})
		if s.count() != 1 {
			t.Errorf("%d calls", s.count())
		}
	})
}

// A failure is remembered for a moment; a good token outlives failures to
// replace it.
func TestTokenFailure(t *testing.T) {
	m := clock.NewManual(start)
	fails := true
	s := &scripted{}
	s.get = func(n int, _ string) (azcore.AccessToken, error) {
		if fails {
			return azcore.AccessToken{}, errors.New("first line\n\tsecond line\n-----\nTo troubleshoot, visit https://example\n")
		}
		return azcore.AccessToken{Token: fmt.Sprint("t", n), ExpiresOn: m.Now().Add(time.Hour)}, nil
	}
	i := with(m, s)
	ask := func() string {
		var out string
		m.Run(func() {
			token, err := i.Token(t.Context(), resource, "")
			out = token
			if err != nil {
				out = err.Error()
			}
		})
		m.Run(func() {})
		return out
	}
	const why = "no token for https://cognitiveservices.azure.com: first line; second line"
	if got := ask(); got != why {
		t.Errorf("got %q", got)
	}
	if got := ask(); got != why || s.count() != 1 {
		t.Errorf("again at once: %q, %d calls", got, s.count())
	}
	fails = false
	m.Advance(failedFor)
	if got := ask(); got != "t2" {
		t.Errorf("later: %q", got)
	}
	fails = true
	m.Advance(46 * time.Minute)
	for range 3 {
		if got := ask(); got != "t2" {
			t.Errorf("while it cannot be replaced: %q", got)
		}
	}
	if s.count() != 3 {
		t.Errorf("%d calls: a failed replacement is tried again at once", s.count())
	}
	m.Advance(refreshAgain)
	if got := ask(); got != "t2" || s.count() != 4 {
		t.Errorf("half a minute later: %q, %d calls", got, s.count())
	}
	m.Advance(14 * time.Minute)
	if got := ask(); got != why {
		t.Errorf("after its end: %q", got)
	}
}

// A credential that never answers is an error after a time, not a request that
// hangs.
func TestTokenTimeout(t *testing.T) {
	m := clock.NewManual(start)
	i := New(Options{Clock: m, Credential: func(string) (azcore.TokenCredential, error) {
		return sleeper{m}, nil
	}})
	m.Run(func() {
		_, err := i.Token(t.Context(), resource, "")
		if err == nil || err.Error() != "no token for https://cognitiveservices.azure.com: no answer within 30s" {
			t.Errorf("got %v", err)
		}
	})
	if got := m.Now().Sub(start); got != fetchTimeout {
		t.Errorf("after %v", got)
	}
}

type sleeper struct{ clock clock.Clock }

func (s sleeper) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, s.clock.Sleep(ctx, time.Hour)
}

// A token that is as good as expired is no token.
func TestTokenExpired(t *testing.T) {
	m := clock.NewManual(start)
	i := with(m, &scripted{get: func(int, string) (azcore.AccessToken, error) {
		return azcore.AccessToken{Token: "old", ExpiresOn: start.Add(margin)}, nil
	}})
	m.Run(func() {
		if token, err := i.Token(t.Context(), resource, ""); err == nil || token != "" {
			t.Errorf("got %q, %v", token, err)
		}
	})
}

// What policies compute as a resource cannot fill the memory.
func TestTokensAreBounded(t *testing.T) {
	m := clock.NewManual(start)
	i := with(m, hourly(m))
	m.Run(func() {
		for n := range 2 * maxTokens {
			if _, err := i.Token(t.Context(), fmt.Sprint("r", n), ""); err != nil {
				t.Fatal(err)
			}
			m.Advance(time.Second)
		}
	})
	if len(i.tokens) > maxTokens {
		t.Errorf("%d tokens are kept", len(i.tokens))
	}
	if i.tokens[tokenKey{fmt.Sprint("r", 2*maxTokens-1), ""}] == nil || i.tokens[tokenKey{"r0", ""}] != nil {
		t.Error("not the oldest went")
	}
}

func TestFixedTokens(t *testing.T) {
	i := New(Options{Kind: "nonsense", Fixed: map[string]string{"https://cognitiveservices.azure.com/": "mine"}})
	for _, r := range []string{resource, resource + "/", resource + "/.default"} {
		if got, err := i.Token(t.Context(), r, ""); err != nil || got != "mine" {
			t.Errorf("%s: %q, %v", r, got, err)
		}
	}
	if _, err := i.Token(t.Context(), "https://other.example", ""); err == nil || !strings.Contains(err.Error(), `there is no identity "nonsense"`) {
		t.Errorf("got %v", err)
	}
}

// A managed identity by the protocol of App Service, the machine's own and a
// user-assigned one, by all kinds that reach it.
func TestManagedIdentity(t *testing.T) {
	azuretest.NoIdentity(t)
	c := azuretest.New(t)
	c.Entra.ManagedIdentity(t)
	for _, kind := range []string{"default", "managed"} {
		for _, client := range []string{"", "33333333-0000-0000-0000-000000000000"} {
			before := len(c.Entra.Given())
			// The SDK keeps tokens of managed identities for the whole process.
			resource := "https://" + kind + ".example"
			got, err := New(Options{Kind: kind}).Token(t.Context(), resource, client)
			if err != nil {
				t.Errorf("%s, %q: %v", kind, client, err)
				continue
			}
			given := c.Entra.Given()
			if len(given) != before+1 || given[before].Token != got || given[before].ClientID != client || given[before].Audience != resource {
				t.Errorf("%s, %q: %+v", kind, client, given[before:])
			}
		}
	}
	c.Entra.Refuse("Identity not found")
	_, err := New(Options{Kind: "managed"}).Token(t.Context(), "https://refused.example", "")
	if err == nil || !strings.Contains(err.Error(), "400 Bad Request") || strings.Contains(err.Error(), "\n") {
		t.Errorf("refused: %v", err)
	}
}

// An application of the environment signs in at Entra.
func TestApplication(t *testing.T) {
	azuretest.NoIdentity(t)
	c := azuretest.New(t)
	azuretest.Application(t)
	i := New(Options{Client: c.Client()})
	got, err := i.Token(t.Context(), resource, "")
	if err != nil {
		t.Fatal(err)
	}
	if g := c.Entra.Given(); len(g) != 1 || g[0].Token != got || g[0].Audience != resource {
		t.Errorf("given %+v", g)
	}
	c.Entra.Refuse("AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1\r\nTimestamp: 2")
	_, err = New(Options{Kind: "environment", Client: c.Client()}).Token(t.Context(), resource, "")
	if err == nil || err.Error() != "no token for https://cognitiveservices.azure.com: AADSTS7000215: Invalid client secret provided" {
		t.Errorf("refused: %v", err)
	}
}

// Without any identity the error names what was tried, in one line.
func TestNoIdentity(t *testing.T) {
	azuretest.NoIdentity(t)
	t.Setenv("PATH", t.TempDir()) // no tools either
	_, err := New(Options{Kind: "workload"}).Token(t.Context(), resource, "")
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	_, err = New(Options{Kind: "cli"}).Token(t.Context(), resource, "")
	if err == nil || !strings.Contains(err.Error(), "AzureCLICredential") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if _, err := New(Options{Kind: "environment"}).Token(t.Context(), resource, ""); err == nil || !strings.Contains(err.Error(), "AZURE_TENANT_ID") {
		t.Errorf("got %v", err)
	}
}

func TestSimulated(t *testing.T) {
	i := New(Options{Kind: "simulated", Clock: clock.NewManual(start)})
	got, err := i.Token(t.Context(), resource, "")
	if err != nil || strings.Count(got, ".") != 2 {
		t.Errorf("got %q, %v", got, err)
	}
}

func BenchmarkToken(b *testing.B) {
	i := with(clock.Real{}, hourly(clock.Real{}))
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := i.Token(ctx, resource, ""); err != nil {
			b.Fatal(err)
		}
	}
}
