package builtin

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/jwt"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// How long published keys are kept, and how often at most they are asked for when
// a token names another or they could not be had (documented).
const (
	keysLive     = time.Hour
	keysAgain    = 5 * time.Minute
	keysTimeout  = 10 * time.Second
	maxPublished = 100 // places that one policy takes keys from
)

// keySource are the keys that issuers publish at an address, which an expression
// may choose. It is safe for concurrent use.
type keySource struct {
	url *policy.Value
	// tenant and endpoint make the address instead, of an Entra ID.
	tenant   *policy.Value
	endpoint string
	sender   Sender
	now      func() time.Time

	mu    sync.Mutex
	known map[string]*published
}

// published is what one address has published. Its lock is held while it is being
// asked, so that it is asked once.
type published struct {
	mu      sync.Mutex
	asked   time.Time
	fetched time.Time
	set     []jwt.Key
	issuers []string
	err     error
}

func (k *keySource) address(r *policy.Run) (string, error) {
	if k.url != nil {
		return k.url.String(r)
	}
	tenant, err := k.tenant.String(r)
	if err != nil {
		return "", err
	}
	if u, err := url.Parse(tenant); err == nil && u.Scheme != "" {
		// A tenant may be given by its URL.
		tenant, _, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
	}
	return k.endpoint + "/" + url.PathEscape(tenant) + "/v2.0/.well-known/openid-configuration", nil
}

// keys are the keys and the issuers that go with them. A token that names a key
// which is not among them is a reason to ask again, now and then.
func (k *keySource) keys(r *policy.Run, id string) ([]jwt.Key, []string, error) {
	address, err := k.address(r)
	if err != nil {
		return nil, nil, err
	}
	k.mu.Lock()
	p := k.known[address]
	if p == nil {
		if k.known == nil || len(k.known) >= maxPublished {
			k.known = map[string]*published{}
		}
		p = &published{}
		k.known[address] = p
	}
	k.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	now := k.now()
	stale := p.fetched.IsZero() || now.Sub(p.fetched) >= keysLive || id != "" && !named(p.set, id)
	if stale && (p.asked.IsZero() || now.Sub(p.asked) >= keysAgain) {
		set, issuers, err := k.fetch(r, address)
		if err != nil && r.Context().Err() != nil {
			return nil, nil, err // the caller has left: that says nothing about the keys
		}
		p.asked = now
		if p.err = err; err == nil {
			p.set, p.issuers, p.fetched = set, issuers, now
		}
	}
	if p.fetched.IsZero() || now.Sub(p.fetched) >= keysLive {
		// Old keys may have been withdrawn since: it fails closed.
		if p.err == nil {
			p.err = errors.New("they are too old")
		}
		return nil, nil, p.err
	}
	return p.set, p.issuers, nil
}

func named(keys []jwt.Key, id string) bool {
	for _, k := range keys {
		if k.ID == id {
			return true
		}
	}
	return false
}

// fetch reads the discovery document and the set of keys that it names.
func (k *keySource) fetch(r *policy.Run, address string) ([]jwt.Key, []string, error) {
	text, err := k.get(r, address)
	if err != nil {
		return nil, nil, err
	}
	var d struct {
		Issuer  string `json:"issuer"`
		KeysURL string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &d); err != nil || d.KeysURL == "" {
		return nil, nil, errors.New("what is published there names no keys")
	}
	if text, err = k.get(r, d.KeysURL); err != nil {
		return nil, nil, err
	}
	keys, err := jwt.ParseKeys(text)
	if err != nil {
		return nil, nil, err
	}
	var issuers []string
	if d.Issuer != "" {
		issuers = append(issuers, d.Issuer)
	}
	if tenant, ok := strings.CutPrefix(d.Issuer, k.endpoint+"/"); ok && k.tenant != nil {
		// Older applications get tokens of the first version, from the same keys.
		tenant, _, _ = strings.Cut(tenant, "/")
		issuers = append(issuers, "https://sts.windows.net/"+tenant+"/")
	}
	return keys, issuers, nil
}

func (k *keySource) get(r *policy.Run, address string) ([]byte, error) {
	u, err := parseTarget(address)
	if err != nil {
		return nil, err
	}
	answer, err := k.sender.Send(r.Context(), Sending{
		Request: &exchange.Request{Method: "GET", URL: u, Body: exchange.NoBody()},
		Timeout: keysTimeout, Own: k.url == nil || k.url.IsLiteral(),
	})
	if err != nil {
		return nil, err
	}
	if answer.Status != 200 {
		return nil, errors.New("the answer is " + strconv.Itoa(answer.Status))
	}
	r.Decode(answer)
	return answer.Body.Bytes(), nil
}
