// Package management is the ARM-shaped management API of a service, under the
// address that Azure Resource Manager gives it.
//
// One table (kinds.go) lists the types of resources; the verbs are written
// once, over that table (verbs.go). A write changes a copy of the whole service,
// which is compiled before anything else happens; what does not compile is
// refused with every problem as a detail of the answer.
//
// Every request needs a token: Authorization: Bearer TOKEN. A contributor may
// do everything, a reader may look. A new route is closed to readers unless it
// is a GET of a resource.
package management

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// Options are what the management API works with. Only the tokens and a way to
// see the service are needed.
type Options struct {
	// Token is the contributor's, ReaderToken the reader's, "" for none.
	Token, ReaderToken string
	// Service gives the service in force; it may give nil.
	Service func() *apim.Service
	// Profile gives what is known of the service itself, as Store keeps it.
	Profile func() []byte
	// Store takes writes; without one the service can only be looked at.
	Store *store.Store
	// Preview looks into what Store.Try compiled: the service that it would be,
	// and its effective policies by the names of API, operation and product, each
	// of which may be "". The function is nil where the service has errors.
	Preview func(store.Candidate) (*apim.Service, func(api, operation, product string) string)
	// Env is what expressions are completed by; without one nothing is offered
	// in them.
	Env *expr.Env
	// Given tells where spillway.yaml takes the value of a named value (by
	// display name) or the key of a subscription from; "" when it has none.
	Given func(collection, name string) string
	// Vault reads the secrets of Key Vaults; without one named values that refer
	// to them stay as they are.
	Vault Vault
	// Refresh reads again what the service takes from outside of its folder.
	Refresh func() error
	// Reconnect closes the connections to backends that nothing is under way on,
	// so that the next requests open new ones; it may be nil.
	Reconnect func()
	// Effective is the effective policy of an operation of an API in the context
	// of a product, each of which may be nil; all are of the service in force.
	Effective func(*apim.API, *apim.Operation, *apim.Product) string
	Traces    *trace.Store
	Tokens    *trace.Tokens
	// Gateway is the URL under which the gateway answers.
	Gateway func() string
	// Fetch reads what a link in a request leads to.
	Fetch Fetcher
	// Hosts are the host names, without port, that a request may be addressed
	// to beside loopback ones: a page that has its name resolve to this machine
	// gets nothing.
	Hosts []string
	// Log gets a record of every write and every refusal.
	Log *slog.Logger
	Now func() time.Time
	// Faces are handlers of paths outside of ARM's, by their first segment, such
	// as "metrics". A reader may GET; all else is the contributor's.
	Faces map[string]http.Handler
	// Public serves what needs no token: the files of the console. It sees only
	// GET and HEAD.
	Public http.Handler
}

// Vault reads the secrets of Key Vaults that named values refer to. What it has
// read, the next compilation takes.
type Vault interface {
	Read(ctx context.Context, secret apim.KeyVaultSecret) error
	Status(secret apim.KeyVaultSecret) azure.Status
}

// Role is what a caller may do.
type Role int

// The roles; a later one may do what an earlier one may.
const (
	Nobody Role = iota
	Reader
	Contributor
)

type roleKey struct{}

// RoleOf is the role of the caller of a face.
func RoleOf(r *http.Request) Role {
	role, _ := r.Context().Value(roleKey{}).(Role)
	return role
}

// String is the role's word in the log.
func (r Role) String() string { return [...]string{"nobody", "reader", "contributor"}[r] }

type server struct {
	Options
	kinds   map[string]*kind
	tags    *arm.Tags
	exports exports
}

// Handler serves the management API.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Given == nil {
		o.Given = func(string, string) string { return "" }
	}
	if o.Profile == nil {
		o.Profile = func() []byte { return nil }
	}
	if o.Gateway == nil {
		o.Gateway = func() string { return "" }
	}
	s := &server{Options: o, tags: arm.NewTags()}
	s.kinds = table()
	return http.HandlerFunc(s.serve)
}

// serve is the way of every request: who asks, what for, and a line in the log.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	id := arm.Headers(w, r)
	if e := s.admit(r); e != nil {
		s.refuse(w, r, id, Nobody, e)
		return
	}
	if name, linked := strings.CutPrefix(r.URL.Path, exportPath); linked && r.Method == http.MethodGet {
		s.exports.serve(w, name, s.Now())
		return
	}
	address, isARM, bad := arm.Parse(r.URL.EscapedPath())
	first, _, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	face := s.Faces[strings.ToLower(first)]
	if !isARM && face == nil && s.Public != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		s.Public.ServeHTTP(w, r)
		return
	}
	role := s.role(r.Header.Get("Authorization"))
	if role == Nobody {
		w.Header().Set("WWW-Authenticate", "Bearer")
		s.refuse(w, r, id, role, arm.Errorf(http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The management token is missing or wrong."))
		return
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if role < Contributor && !reads && !(isARM && asks(r, address)) {
		s.refuse(w, r, id, role, arm.Errorf(http.StatusForbidden, "AuthorizationFailed", "The reader's token does not allow this operation."))
		return
	}
	if bad != nil {
		s.refuse(w, r, id, role, bad)
		return
	}
	if !isARM {
		if face == nil {
			arm.Fail(w, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "There is nothing at %s in this version.", r.URL.Path))
			return
		}
		face.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), roleKey{}, role)))
		return
	}
	c := &call{server: s, w: w, r: r, address: address, query: r.URL.Query(), role: role}
	err := c.dispatch()
	if err != nil {
		s.refuse(w, r, id, role, err)
		return
	}
	if !reads && !c.quiet {
		s.Log.Info("management", "requestId", id, "role", role.String(), "method", r.Method, "path", r.URL.Path, "client", r.RemoteAddr)
	}
}

// refuse answers with an error and leaves a line in the log, of what was asked
// and by whom but never of a body.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, id string, role Role, e *arm.Error) {
	if e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.Log.Warn("management", "requestId", id, "role", role.String(), "method", r.Method, "path", r.URL.Path, "client", r.RemoteAddr, "status", e.Status, "code", e.Code)
	}
	arm.Fail(w, e)
}
