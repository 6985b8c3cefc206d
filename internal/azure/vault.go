package azure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/clock"
)

const (
	// secretTimeout bounds the reading of one secret, tries and sign-in included:
	// a write of the management API waits for it.
	secretTimeout = 10 * time.Second
	// atOnce is how many secrets are read at the same time. A vault throttles at
	// 4,000 reads in 10 seconds.
	atOnce = 8
	// retryFirst is how long after a failure a secret is read again; the wait
	// doubles up to the usual interval.
	retryFirst = time.Minute
	// lookEvery is how often Follow looks for secrets that are due, at the least.
	lookEvery = 30 * time.Second
	// maxSecret is Key Vault's own bound for a named value.
	maxSecret = 4096
)

// SecretsOptions are what Secrets works with.
type SecretsOptions struct {
	// Interval is how old a value may become; 0 is APIM's four hours.
	Interval func() time.Duration
	Clock    clock.Clock
	// Client makes the requests; nil takes the SDK's own.
	Client *http.Client
	// Log gets a line for every value that changed or could not be read. The
	// values themselves go nowhere.
	Log *slog.Logger
}

// Secrets reads the secrets of Key Vaults that named values refer to, and keeps
// them: a vault that cannot be reached takes nothing away that was read before.
// It is safe for concurrent use.
type Secrets struct {
	options SecretsOptions

	mu      sync.Mutex
	known   map[apim.KeyVaultSecret]*secret
	clients map[clientKey]*azsecrets.Client
}

type clientKey struct {
	vault, clientID string
	identity        *Identity
}

// secret is what is known of one. Secrets' lock guards it.
type secret struct {
	value  string
	good   bool // value has been read
	status Status
	wait   time.Duration // before the next try, after a failure
}

// due is when a secret is to be read again.
func (k *secret) due(interval time.Duration) time.Time {
	if k.status.Failed() {
		return k.status.Time.Add(k.wait)
	}
	return k.status.Time.Add(interval)
}

// Status is what became of the last reading of a secret, in the words of a
// named value's keyVault.lastStatus.
type Status struct {
	// Code is Success or the code of the failure; "" before the first reading.
	Code    string
	Message string
	Time    time.Time
}

// Failed reports whether the last reading failed.
func (s Status) Failed() bool { return s.Code != "" && s.Code != "Success" }

// NewSecrets has read nothing yet.
func NewSecrets(o SecretsOptions) *Secrets {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Interval == nil {
		o.Interval = func() time.Duration { return 0 }
	}
	return &Secrets{options: o, known: map[apim.KeyVaultSecret]*secret{}, clients: map[clientKey]*azsecrets.Client{}}
}

func (s *Secrets) interval() time.Duration {
	if d := s.options.Interval(); d > 0 {
		return d
	}
	return 4 * time.Hour
}

// Values gives the secrets that are known and reads those that are not, each
// with its value or why there is none.
func (s *Secrets) Values(ctx context.Context, identity *Identity, refs []apim.KeyVaultSecret) ([]string, []error) {
	values, errs := make([]string, len(refs)), make([]error, len(refs))
	s.each(len(refs), func(i int) {
		s.mu.Lock()
		if k := s.known[refs[i]]; k != nil && k.good {
			values[i] = k.value
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		_, errs[i] = s.Read(ctx, identity, refs[i])
		s.mu.Lock()
		defer s.mu.Unlock()
		if errs[i] == nil {
			values[i] = s.known[refs[i]].value
		}
	})
	return values, errs
}

// each calls f for 0 to n-1, a few at a time.
func (s *Secrets) each(n int, f func(i int)) {
	var wg sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i := range n {
		wg.Add(1)
		places <- struct{}{}
		s.options.Clock.Go(func() {
			defer wg.Done()
			defer func() { <-places }()
			f(i)
		})
	}
	s.options.Clock.Block(wg.Wait)
}

// Read reads a secret now, whatever is known of it, and reports whether it is
// another one than before. After a failure the value that was known stays.
func (s *Secrets) Read(ctx context.Context, identity *Identity, ref apim.KeyVaultSecret) (changed bool, err error) {
	ctx, cancel := s.options.Clock.WithTimeout(ctx, secretTimeout)
	defer cancel()
	value, err := s.fetch(ctx, identity, ref)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("no answer within %s", secretTimeout)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Clock.Now()
	k := s.known[ref]
	if k == nil {
		k = new(secret)
		s.known[ref] = k
	}
	if err != nil {
		k.wait = min(max(2*k.wait, retryFirst), s.interval())
		k.status = Status{Code: failureCode(err), Message: Explain(err), Time: now}
		return false, errors.New(k.status.Message)
	}
	changed = k.good && k.value != value
	*k = secret{value: value, good: true, status: Status{Code: "Success", Time: now}}
	return changed, nil
}

// Status is what became of the last reading of a secret.
func (s *Secrets) Status(ref apim.KeyVaultSecret) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.known[ref]; k != nil {
		return k.status
	}
	return Status{}
}

// Follow reads the secrets that wanted names again whenever they are due, and
// calls changed after one has become another, until ctx ends. What is no longer
// wanted is forgotten.
func (s *Secrets) Follow(ctx context.Context, wanted func() (*Identity, []apim.KeyVaultSecret), changed func()) {
	for s.options.Clock.Sleep(ctx, min(lookEvery, s.interval())) == nil {
		identity, refs := wanted()
		s.forget(identity, refs)
		if s.refresh(ctx, identity, refs) {
			changed()
		}
	}
}

// refresh reads those that are due.
func (s *Secrets) refresh(ctx context.Context, identity *Identity, refs []apim.KeyVaultSecret) (changed bool) {
	var due []apim.KeyVaultSecret
	s.mu.Lock()
	now, interval := s.options.Clock.Now(), s.interval()
	for _, ref := range refs {
		if k := s.known[ref]; k == nil || !now.Before(k.due(interval)) {
			due = append(due, ref)
		}
	}
	s.mu.Unlock()
	results, errs := make([]bool, len(due)), make([]error, len(due))
	first := make([]bool, len(due))
	s.each(len(due), func(i int) {
		s.mu.Lock()
		k := s.known[due[i]]
		first[i] = k == nil || !k.good
		s.mu.Unlock()
		results[i], errs[i] = s.Read(ctx, identity, due[i])
	})
	for i, ref := range due {
		switch {
		case ctx.Err() != nil:
		case errs[i] != nil:
			s.options.Log.Warn("a secret could not be read again; the last good value goes on", "secret", ref.SecretIdentifier, "error", errs[i].Error())
		case results[i], first[i]:
			changed = true
			s.options.Log.Info("a secret has a new value", "secret", ref.SecretIdentifier)
		}
	}
	return changed
}

// forget drops what is not wanted any more, and the clients of identities that
// have been replaced.
func (s *Secrets) forget(identity *Identity, wanted []apim.KeyVaultSecret) {
	keep := make(map[apim.KeyVaultSecret]bool, len(wanted))
	for _, ref := range wanted {
		keep[ref] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref := range s.known {
		if !keep[ref] {
			delete(s.known, ref)
		}
	}
	for key := range s.clients {
		if key.identity != identity {
			delete(s.clients, key)
		}
	}
}

// fetch reads a secret from its vault.
func (s *Secrets) fetch(ctx context.Context, identity *Identity, ref apim.KeyVaultSecret) (string, error) {
	vault, name, version, err := ParseSecretID(ref.SecretIdentifier)
	if err != nil {
		return "", err
	}
	if identity.options.Kind == "simulated" {
		return "", errors.New("the simulated identity opens no Key Vault; give the value in spillway.yaml, under namedValues")
	}
	client, err := s.client(clientKey{vault, ref.IdentityClientID, identity})
	if err != nil {
		return "", err
	}
	got, err := client.GetSecret(ctx, name, version, nil)
	switch {
	case err != nil:
		return "", err
	case got.Value == nil || *got.Value == "":
		return "", errors.New("the secret is empty")
	case len(*got.Value) > maxSecret:
		return "", fmt.Errorf("the secret is longer than the %d characters that a named value may have", maxSecret)
	}
	return *got.Value, nil
}

func (s *Secrets) client(key clientKey) (*azsecrets.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[key]; c != nil {
		return c, nil
	}
	credential, err := key.identity.Credential(key.clientID)
	if err != nil {
		return nil, err
	}
	configuration, err := Cloud(key.identity.options.Cloud)
	if err != nil {
		return nil, err
	}
	o := &azsecrets.ClientOptions{ClientOptions: clientOptions(configuration, s.options.Client)}
	o.Retry = policy.RetryOptions{MaxRetries: 2, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: 2 * time.Second}
	c, err := azsecrets.NewClient(key.vault, credential, o)
	if err == nil {
		s.clients[key] = c
	}
	return c, err
}

// ParseSecretID takes the identifier of a secret apart: the URL of its vault, its
// name, and its version, "" for the newest.
func ParseSecretID(id string) (vault, name, version string, err error) {
	u, err := url.Parse(id)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", "", errIdentifier
	}
	parts := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	if len(parts) < 2 || len(parts) > 3 || !strings.EqualFold(parts[0], "secrets") || !plain(parts[1]) || len(parts) == 3 && !plain(parts[2]) {
		return "", "", "", errIdentifier
	}
	if len(parts) == 3 {
		version = parts[2]
	}
	return "https://" + u.Host, parts[1], version, nil
}

var errIdentifier = errors.New("a secret's identifier is https://VAULT.vault.azure.net/secrets/NAME, with or without /VERSION")

// plain reports whether text is a name that Key Vault allows: letters, digits
// and hyphens, at most 127.
func plain(text string) bool {
	for _, c := range []byte(text) {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return text != "" && len(text) <= 127
}
