package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// Options say where tokens come from.
type Options struct {
	// Kind is one of Kinds; "" is default.
	Kind string
	// ClientID is the user-assigned identity, or the application, that is meant
	// where a policy names none.
	ClientID string
	// Tenant is where developers' tools sign in; "" is their own choice.
	Tenant string
	// Cloud is one of Clouds.
	Cloud string
	// Fixed are tokens by resource that are taken instead of asking.
	Fixed map[string]string
	// Clock is what tokens expire on; nil is the real one.
	Clock clock.Clock
	// Client makes the requests; nil takes the SDK's own.
	Client *http.Client
	// Credential makes the credential of a client id, "" for that of the machine;
	// nil makes it as Kind says.
	Credential func(clientID string) (azcore.TokenCredential, error)
}

const (
	// fetchTimeout bounds one attempt to get a token: the command line tools of
	// Azure take seconds.
	fetchTimeout = 30 * time.Second
	// margin is how long before its end a token is not given out any more, for
	// the way to the backend and for clocks that differ.
	margin = 30 * time.Second
	// failedFor is how long a failure is remembered, so that a gateway without an
	// identity does not ask for one with every request.
	failedFor = 5 * time.Second
	// refreshAgain is how long after a failed refresh of a good token the next
	// one may start.
	refreshAgain = 30 * time.Second
	// maxTokens bounds the tokens that are kept: a policy can compute the
	// resource it asks for.
	maxTokens = 256
)

// Identity gives tokens of Microsoft Entra ID. A token is kept until shortly
// before it expires and replaced in the background once three quarters of its
// life have passed, so that no request waits for one but the first; many
// requests that want the same token make one call. It is safe for concurrent
// use.
type Identity struct {
	options Options
	clock   clock.Clock

	mu          sync.Mutex
	tokens      map[tokenKey]*token
	credentials map[string]*credential
}

type tokenKey struct{ resource, clientID string }

// token is what is known of one token. Identity's lock guards it.
type token struct {
	value            string
	expires, refresh time.Time
	err              error
	failed           time.Time
	used             time.Time
	flight           chan struct{} // closed when the call that runs has ended
}

type credential struct {
	once  sync.Once
	value azcore.TokenCredential
	err   error
}

// New is an identity that has asked nobody for anything yet.
func New(o Options) *Identity {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	return &Identity{
		options: o, clock: o.Clock, tokens: map[tokenKey]*token{}, credentials: map[string]*credential{},
	}
}

// Token is a token for a resource, such as https://cognitiveservices.azure.com,
// without "Bearer ". clientID is the client id of a user-assigned identity, ""
// for the identity of the machine. The error says in one line why there is none.
func (i *Identity) Token(ctx context.Context, resource, clientID string) (string, error) {
	if fixed, ok := i.fixed(resource); ok {
		return fixed, nil
	}
	if clientID == "" {
		clientID = i.options.ClientID
	}
	key := tokenKey{strings.TrimSuffix(resource, "/.default"), clientID}
	for {
		value, flight, err := i.look(key)
		if flight == nil {
			return value, err
		}
		i.clock.Block(func() {
			select {
			case <-flight:
			case <-ctx.Done():
			}
		})
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
}

// fixed is a token that the operator gave. Policies write the same resource with
// a slash at its end and without.
func (i *Identity) fixed(resource string) (string, bool) {
	for r, t := range i.options.Fixed {
		if strings.EqualFold(strings.TrimSuffix(r, "/"), strings.TrimSuffix(strings.TrimSuffix(resource, "/.default"), "/")) {
			return t, true
		}
	}
	return "", false
}

// look gives the token or the failure that is known; or, with flight, the call to
// wait for before looking again.
func (i *Identity) look(key tokenKey) (value string, flight <-chan struct{}, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.clock.Now()
	t := i.tokens[key]
	if t == nil {
		i.evict()
		t = new(token)
		i.tokens[key] = t
	}
	t.used = now
	switch good := t.value != "" && now.Before(t.expires.Add(-margin)); {
	case good:
		if t.flight == nil && !now.Before(t.refresh) {
			i.start(key, t)
		}
		return t.value, nil, nil
	case t.flight == nil && t.err != nil && now.Before(t.failed.Add(failedFor)):
		return "", nil, t.err
	case t.flight == nil:
		i.start(key, t)
	}
	return "", t.flight, nil
}

// evict makes room for one more token by dropping the one that was used longest
// ago.
func (i *Identity) evict() {
	if len(i.tokens) < maxTokens {
		return
	}
	var oldest tokenKey
	var at time.Time
	for key, t := range i.tokens {
		if t.flight == nil && (at.IsZero() || t.used.Before(at)) {
			oldest, at = key, t.used
		}
	}
	delete(i.tokens, oldest)
}

// start begins the one call for a token. It does not end with the request that
// needed it first: others wait for it too.
func (i *Identity) start(key tokenKey, t *token) {
	flight := make(chan struct{})
	t.flight = flight
	i.clock.Go(func() {
		ctx, cancel := i.clock.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		got, err := i.fetch(ctx, key)
		i.mu.Lock()
		defer i.mu.Unlock()
		defer close(flight)
		t.flight = nil
		now := i.clock.Now()
		if err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("no answer within %s", fetchTimeout)
			}
			t.err, t.failed = fmt.Errorf("no token for %s: %s", key.resource, Explain(err)), now
			t.refresh = now.Add(refreshAgain)
			return
		}
		t.value, t.expires, t.err = got.Token, got.ExpiresOn, nil
		t.refresh = got.RefreshOn
		if t.refresh.IsZero() {
			t.refresh = now.Add(t.expires.Sub(now) * 3 / 4)
		}
		// A credential with a cache of its own may give the same token again.
		if soonest := now.Add(refreshAgain); t.refresh.Before(soonest) {
			t.refresh = soonest
		}
	})
}

func (i *Identity) fetch(ctx context.Context, key tokenKey) (azcore.AccessToken, error) {
	c, err := i.Credential(key.clientID)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	// The scope of a resource with a slash at its end keeps it: the audience of
	// the token is what stands before "/.default".
	got, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{key.resource + "/.default"}})
	if err == nil && !i.clock.Now().Before(got.ExpiresOn.Add(-margin)) {
		err = errors.New("the token that was given has expired or is about to")
	}
	return got, err
}

// Credential is the credential of a user-assigned identity, or with "" that of
// the machine, for clients of the SDK. It is made once.
func (i *Identity) Credential(clientID string) (azcore.TokenCredential, error) {
	if clientID == "" {
		clientID = i.options.ClientID
	}
	i.mu.Lock()
	c := i.credentials[clientID]
	if c == nil {
		if len(i.credentials) >= maxTokens {
			clear(i.credentials)
		}
		c = new(credential)
		i.credentials[clientID] = c
	}
	i.mu.Unlock()
	c.once.Do(func() {
		if i.options.Credential != nil {
			c.value, c.err = i.options.Credential(clientID)
		} else {
			c.value, c.err = i.options.credential(clientID)
		}
	})
	return c.value, c.err
}
