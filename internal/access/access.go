// Package access decides by which subscription, and so in the context of which
// product and user, a request may call an API: the decision table of APIM
// (spec: policies.md 4.1 to 4.3).
//
// Keys are found by their SHA-256, so that how long a look-up takes says
// nothing about how near a wrong key came to a right one.
package access

import (
	"crypto/sha256"
	"net/url"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Options are the settings that access depends on.
type Options struct {
	// Bearer names the APIs (by resource name, lower case) whose callers may
	// send their key as Authorization: Bearer as well, as OpenAI's v1 clients
	// do. APIM never reads it so; it is off unless asked for.
	Bearer map[string]bool
}

// Table holds the keys of one service. It is immutable and safe for concurrent
// use.
type Table struct {
	options Options
	keys    map[[sha256.Size]byte][]*entry
	// open are the open products by the root name of the APIs they hold.
	open map[*apim.API]*apim.Product
}

// entry is one subscription with what its scope means.
type entry struct {
	subscription *apim.Subscription
	user         *apim.User
	scope        apim.SubscriptionScope
	contents     *apim.Contents
	workspace    bool // the scope is limited to contents
	product      *apim.Product
	api          string // root name
}

// Grant is what a request is admitted as. All of it may be nil or empty: an
// API that needs no subscription, called without a key.
type Grant struct {
	Subscription *apim.Subscription
	Product      *apim.Product
	User         *apim.User
	// Key is the key as it was sent.
	Key string
	// Bearer says that the key stood in Authorization, which then must not
	// travel on to a backend.
	Bearer bool
}

// Request is what access looks at.
type Request struct {
	API    *apim.API
	Header exchange.Header
	Query  string // raw, without "?"
	// Realm is the API's public URL, for the answer to a refused request.
	Realm string
	Now   time.Time
}

// New compiles the subscriptions of a service.
func New(svc *apim.Service, o Options) *Table {
	t := &Table{options: o, keys: map[[sha256.Size]byte][]*entry{}, open: map[*apim.API]*apim.Product{}}
	t.add(svc, &svc.Contents, false)
	for _, w := range svc.Workspaces {
		t.add(svc, &w.Contents, true)
	}
	return t
}

func (t *Table) add(svc *apim.Service, contents *apim.Contents, workspace bool) {
	for _, a := range contents.APIs {
		for _, p := range contents.ProductsOf(a) {
			if !p.SubscriptionRequired {
				t.open[a] = p
				break
			}
		}
	}
	for _, s := range contents.Subscriptions {
		scope, name, within := apim.ParseSubscriptionScope(s.Scope)
		e := &entry{subscription: s, user: svc.User(s.OwnerID), scope: scope, contents: contents, workspace: workspace}
		if s.OwnerID == "" {
			e.user = nil
		}
		if within != "" {
			w := svc.Workspace(within)
			if w == nil {
				continue
			}
			e.contents, e.workspace = &w.Contents, true
		}
		switch scope {
		case apim.ScopeOneProduct:
			if e.product = e.contents.Product(name); e.product == nil {
				continue
			}
		case apim.ScopeOneAPI:
			e.api = apim.RootName(name)
		case apim.ScopeInvalid:
			continue
		}
		for _, key := range []string{s.PrimaryKey, s.SecondaryKey} {
			if key != "" {
				h := sha256.Sum256([]byte(key))
				t.keys[h] = append(t.keys[h], e)
			}
		}
	}
}

// Check admits the request or says why not.
func (t *Table) Check(r *Request) (Grant, *exchange.Error) {
	key, bearer, sent := t.key(r)
	if !sent {
		if p := t.open[r.API]; p != nil {
			return Grant{Product: p}, nil
		}
		if !r.API.SubscriptionRequired {
			return Grant{}, nil
		}
		return Grant{}, exchange.KeyNotFound(r.Realm, r.API.KeyNames.Header)
	}
	for _, e := range t.keys[sha256.Sum256([]byte(key))] {
		if e.active(r.Now) && e.covers(r.API) {
			return Grant{Subscription: e.subscription, Product: e.product, User: e.user, Key: key, Bearer: bearer}, nil
		}
	}
	// A wrong key is refused even where none is needed (policies.md 4.3).
	return Grant{}, exchange.KeyInvalid(r.Realm, r.API.KeyNames.Header)
}

// key finds the key: the header first, the query parameter only when there is
// no header.
func (t *Table) key(r *Request) (key string, bearer, sent bool) {
	names := r.API.KeyNames
	if r.Header.Has(names.Header) {
		return r.Header.Get(names.Header), false, true
	}
	if v, ok := QueryValue(r.Query, names.Query); ok {
		return v, false, true
	}
	if t.options.Bearer[strings.ToLower(r.API.RootName())] {
		scheme, rest, ok := strings.Cut(r.Header.Get("Authorization"), " ")
		if ok && strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(rest), true, true
		}
	}
	return "", false, false
}

// QueryValue is the decoded value of the first parameter of that name in a raw
// query; names compare without case.
func QueryValue(query, name string) (string, bool) {
	for part := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(part, "=")
		if !strings.EqualFold(k, name) {
			if d, err := url.QueryUnescape(k); err != nil || !strings.EqualFold(d, name) {
				continue
			}
		}
		if d, err := url.QueryUnescape(v); err == nil {
			v = d
		}
		return v, true
	}
	return "", false
}

func (e *entry) active(now time.Time) bool {
	s := e.subscription
	if s.State != apim.Active {
		return false
	}
	return s.ExpirationDate.IsZero() || now.Before(s.ExpirationDate)
}

func (e *entry) covers(a *apim.API) bool {
	if e.workspace {
		found := false
		for _, own := range e.contents.APIs {
			found = found || own == a
		}
		if !found {
			return false
		}
	}
	switch e.scope {
	case apim.ScopeOneProduct:
		return e.product.Contains(a)
	case apim.ScopeOneAPI:
		return strings.EqualFold(e.api, a.RootName())
	}
	return true
}
