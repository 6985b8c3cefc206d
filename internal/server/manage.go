package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/console"
	"github.com/spillway-gateway/spillway/internal/management"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/source"
)

func equalNames(a, b string) bool { return strings.EqualFold(a, b) }

// management is the handler of the management port.
func (p *process) management(gateway net.Listener) http.Handler {
	o := management.Options{
		Token: p.config.Token, ReaderToken: p.config.ReaderToken, Traces: p.traces, Tokens: p.tokens,
		Service: p.service, Store: p.store, Given: p.given, Refresh: p.refresh, Reconnect: p.send.CloseIdle, Vault: vaults{p}, Fetch: management.HTTPFetcher(),
		Profile: func() []byte {
			if b := p.profile.Load(); b != nil {
				return *b
			}
			return nil
		},
		Gateway: func() string { return "http://" + gateway.Addr().String() },
		Log:     p.log.Logger(),
		Public:  console.Handler(),
		Preview: p.preview,
		Effective: func(a *apim.API, o *apim.Operation, x *apim.Product) string {
			return p.gateway.Service().Policies().Pipeline(a, o, x).Effective()
		},
	}
	o.Faces = map[string]http.Handler{
		"metrics":  p.metrics.Handler(),
		"problems": management.Problems(p.problems),
		"pools":    http.HandlerFunc(p.pools),
		"regions":  p.control(),
		"relay":    management.Relay(o),
		"validate": p.validation(gateway),
	}
	if l, ok := p.options.Policies.Language.(*policy.CSharp); ok {
		o.Env = l.Env()
	}
	o.Faces["vocabulary"] = management.Vocabulary(append(builtin.Kinds(builtin.Services{}), p.options.More...), o.Env)
	return management.Handler(o)
}

// pools shows the pools with their members as they are now.
func (p *process) pools(w http.ResponseWriter, r *http.Request) {
	if strings.Trim(r.URL.Path, "/") != "pools" {
		arm.Fail(w, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "The pools are at /pools."))
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		arm.Fail(w, arm.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The pools can be looked at; they are changed as backends."))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(p.live.Pools())
}

// backends are the states of the backends in force, for metrics.
func (p *process) backends() []telemetry.Backend {
	var list []telemetry.Backend
	for _, s := range p.live.Backends() {
		list = append(list, telemetry.Backend(s))
	}
	return list
}

// control passes requests on to the control of the simulated regions, which
// takes no token and so listens on loopback alone.
func (p *process) control() http.Handler {
	if p.config.Control == "" || len(p.started) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Trim(r.URL.Path, "/") == "regions" {
				arm.Answer(w, http.StatusOK, []any{})
				return
			}
			arm.Fail(w, arm.Errorf(http.StatusNotFound, "ResourceNotFound", "This service runs no simulated regions."))
		})
	}
	to := &url.URL{Scheme: "http", Host: p.config.Control}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = to.Host
			for _, name := range []string{"Authorization", "Origin", "Cookie"} {
				r.Out.Header.Del(name)
			}
		},
		ModifyResponse: withoutKeys,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			arm.Fail(w, arm.Errorf(http.StatusBadGateway, "RegionsUnreachable", "The control of the regions did not answer."))
		},
	}
}

// withoutKeys covers the regions' keys where a reader looks: the service has them
// as secret named values.
func withoutKeys(answer *http.Response) error {
	if management.RoleOf(answer.Request) > management.Reader || answer.StatusCode != http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	file := source.NewFile("regions", string(text))
	if n, problems := tree.ParseJSON(file); len(problems) == 0 {
		text = []byte(tree.Masked(file, n, []string{"keys"}).Text())
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}

// regionName is the name of the simulated region that answers at an origin.
func (p *process) regionName(origin string) string {
	for name, r := range p.regions {
		if r.Address() == origin {
			return name
		}
	}
	return origin
}
