// Package management is the ARM-shaped management API of a service, under the
// address that Azure Resource Manager gives it.
//
// Every request needs a token: Authorization: Bearer TOKEN. A contributor may
// do everything, a reader may look. What this version serves is the debug
// conversation: listDebugCredentials and listTrace.
package management

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// Options are what the management API works with.
type Options struct {
	// Token is the contributor's, ReaderToken the reader's, "" for none.
	Token, ReaderToken string
	// Service gives the service in force; it may give nil.
	Service func() *apim.Service
	Traces  *trace.Store
	Tokens  *trace.Tokens
	// Hosts are the host names, without port, that a request may be addressed
	// to beside loopback ones: a page that has its name resolve to this machine
	// gets nothing.
	Hosts []string
}

// Role is what a caller may do.
type Role int

// The roles; a later one may do what an earlier one may.
const (
	Nobody Role = iota
	Reader
	Contributor
)

type server struct{ Options }

// Handler serves the management API.
func Handler(o Options) http.Handler {
	s := &server{o}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+serviceRoot+"/gateways/{gateway}/listDebugCredentials", s.listDebugCredentials)
	mux.HandleFunc("POST "+serviceRoot+"/gateways/{gateway}/listTrace", s.listTrace)
	mux.HandleFunc("GET "+serviceRoot+"/apis", s.apis)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "ResourceNotFound", "There is nothing at "+r.URL.Path+" in this version.")
	})
	return s.guard(foldCase(mux))
}

// serviceRoot is ARM's address of a service. Its names are accepted as they
// come.
const serviceRoot = "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.apimanagement/service/{service}"

// foldCase makes the literal parts of ARM addresses lower case, as ARM compares
// them. Names in the address keep their case.
func foldCase(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.URL.Path, "/")
		for i, p := range parts {
			for _, literal := range []string{"subscriptions", "resourcegroups", "providers", "microsoft.apimanagement", "service", "gateways", "apis"} {
				if i%2 == 1 && strings.EqualFold(p, literal) || i == 6 && strings.EqualFold(p, literal) {
					parts[i] = literal
				}
			}
			if i == len(parts)-1 {
				for _, verb := range []string{"listDebugCredentials", "listTrace"} {
					if strings.EqualFold(p, verb) {
						parts[i] = verb
					}
				}
			}
		}
		u := *r.URL
		u.Path, u.RawPath = strings.Join(parts, "/"), ""
		r2 := *r
		r2.URL = &u
		next.ServeHTTP(w, &r2)
	})
}

// guard lets nobody in without a token, and no browser in from another origin.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		if !s.hostAllowed(r.Host) {
			fail(w, http.StatusForbidden, "AuthorizationFailed", "The request is addressed to a host that this server does not answer for.")
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			fail(w, http.StatusForbidden, "AuthorizationFailed", "The request comes from a page of another origin.")
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !sameOrigin(origin, r.Host) {
			fail(w, http.StatusForbidden, "AuthorizationFailed", "The request comes from a page of another origin.")
			return
		}
		role := s.role(r.Header.Get("Authorization"))
		if role == Nobody {
			h.Set("WWW-Authenticate", "Bearer")
			fail(w, http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The management token is missing or wrong.")
			return
		}
		if role < Contributor && r.Method != http.MethodGet && r.Method != http.MethodHead {
			fail(w, http.StatusForbidden, "AuthorizationFailed", "The reader's token does not allow this operation.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) hostAllowed(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return true
	}
	for _, h := range s.Hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, host)
}

func (s *server) role(authorization string) Role {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Nobody
	}
	if same(token, s.Token) {
		return Contributor
	}
	if s.ReaderToken != "" && same(token, s.ReaderToken) {
		return Reader
	}
	return Nobody
}

// same compares in a time that says nothing about the tokens.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// listDebugCredentials issues the token for tracing calls of one API.
func (s *server) listDebugCredentials(w http.ResponseWriter, r *http.Request) {
	var body struct {
		CredentialsExpireAfter apim.Duration `json:"credentialsExpireAfter"`
		APIID                  string        `json:"apiId"`
		Purposes               []string      `json:"purposes"`
	}
	if !read(w, r, &body) {
		return
	}
	svc := s.Service()
	if svc == nil || svc.API(body.APIID) == nil {
		found := false
		if svc != nil {
			for _, ws := range svc.Workspaces {
				found = found || ws.API(body.APIID) != nil
			}
		}
		if !found {
			fail(w, http.StatusBadRequest, "ValidationError", "One or more fields contain incorrect values:", detail{"ValidationError", "API '" + apim.Tail(body.APIID) + "' could not be found.", "apiId"})
			return
		}
	}
	tracing := false
	for _, p := range body.Purposes {
		tracing = tracing || strings.EqualFold(p, "tracing")
	}
	if !tracing {
		fail(w, http.StatusBadRequest, "ValidationError", "One or more fields contain incorrect values:", detail{"ValidationError", "The only purpose there is is 'tracing'.", "purposes"})
		return
	}
	answer(w, http.StatusOK, map[string]string{"token": s.Tokens.Issue(apim.RootName(apim.Tail(body.APIID)), body.CredentialsExpireAfter.Duration)})
}

// apis lists the APIs with what a client needs to call them.
func (s *server) apis(w http.ResponseWriter, r *http.Request) {
	list := []map[string]any{}
	if svc := s.Service(); svc != nil {
		for _, a := range svc.APIs {
			list = append(list, map[string]any{
				"id": strings.TrimSuffix(r.URL.Path, "/") + "/" + a.Name, "name": a.Name, "type": "Microsoft.ApiManagement/service/apis",
				"properties": map[string]any{
					"displayName": a.DisplayName, "path": a.Path, "apiRevision": a.Revision, "isCurrent": a.IsCurrent,
					"subscriptionRequired":          a.SubscriptionRequired,
					"subscriptionKeyParameterNames": map[string]string{"header": a.KeyNames.Header, "query": a.KeyNames.Query},
				},
			})
		}
	}
	answer(w, http.StatusOK, map[string]any{"value": list, "count": len(list)})
}

// traceWait is how long listTrace waits for a request whose answer is on its way:
// its trace is finished a moment after the caller has the last byte.
const traceWait = 2 * time.Second

// listTrace gives the trace of an id.
func (s *server) listTrace(w http.ResponseWriter, r *http.Request) {
	var body struct {
		TraceID string `json:"traceId"`
	}
	if !read(w, r, &body) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), traceWait)
	defer cancel()
	t := s.Traces.Wait(ctx, body.TraceID)
	if t == nil {
		fail(w, http.StatusNotFound, "ResourceNotFound", "Trace '"+body.TraceID+"' could not be found.")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	text := t.JSON()
	if r.URL.Query().Get("view") == "full" {
		text = t.View()
	}
	_, _ = w.Write(text)
}

// maxBody is more than any body of this version needs.
const maxBody = 1 << 20

// read decodes a JSON body, or answers what is wrong with it.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			fail(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request's body is too large.")
		}
		return false
	}
	if err := json.Unmarshal(data, into); err != nil {
		fail(w, http.StatusBadRequest, "InvalidRequestContent", "The request's body is not the JSON that this operation takes: "+err.Error())
		return false
	}
	return true
}

type detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target"`
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// fail answers ARM's error envelope.
func fail(w http.ResponseWriter, status int, code, message string, details ...detail) {
	w.Header().Set("x-ms-error-code", code)
	e := map[string]any{"code": code, "message": message}
	if len(details) > 0 {
		e["details"] = details
	}
	answer(w, status, map[string]any{"error": e})
}
