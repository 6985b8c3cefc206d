package validate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// root is where ARM has a service. The names may be any.
const root = "/subscriptions/local/resourceGroups/local/providers/Microsoft.ApiManagement/service/local"

// maxBody bounds what is read of any answer, in bytes.
const maxBody = 32 << 20

// patience bounds one call that is no question to a model.
const patience = 15 * time.Second

// management is a client of the management API.
type management struct {
	http        *http.Client
	base, token string
	values      map[string]string // of named values, once asked for
}

// statusError is an answer that is none.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("the answer was %d: %s", e.status, e.message)
}

// call sends one request, and decodes its answer if into is given.
func (m *management) call(ctx context.Context, method, path string, header map[string]string, body, into any) error {
	return callJSON(ctx, m.http, method, m.base+path, m.token, header, body, into)
}

// resource is call for a resource of the service.
func (m *management) resource(ctx context.Context, method, path string, body, into any) error {
	return m.call(ctx, method, root+path+"?api-version=2024-05-01", map[string]string{"If-Match": "*"}, body, into)
}

func callJSON(ctx context.Context, client *http.Client, method, address, token string, header map[string]string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, payload)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return cause(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return cause(err)
	}
	if resp.StatusCode/100 != 2 {
		_, message := saidError(text)
		return &statusError{resp.StatusCode, cmp.Or(message, http.StatusText(resp.StatusCode))}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// saidError is what the body of an error says, in any of the shapes of Azure.
func saidError(text []byte) (code, message string) {
	var e struct {
		Code    any
		Message string
		Error   struct {
			Code    any
			Message string
		}
	}
	if json.Unmarshal(text, &e) != nil {
		return "", short(string(text))
	}
	if e.Error.Code != nil {
		code = fmt.Sprint(e.Error.Code)
	}
	return code, short(cmp.Or(e.Error.Message, e.Message))
}

func short(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// cause is what the system says, without the address, which is said elsewhere.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return errors.New("no answer in time")
		}
		return u.Err
	}
	return err
}

// apiFound is the API under test.
type apiFound struct {
	id, display string
	// has says which operations there are, by their ending.
	has map[string]bool
	// responses is the path at the gateway of the one that makes responses, "" for
	// none.
	responses string
}

// The endings of the operations' addresses.
const (
	chatPath       = "/chat/completions"
	embeddingsPath = "/embeddings"
	deployments    = "/openai/deployments/"
)

// UnknownAPIError says that the service has no API of the name that was asked
// for, and which it has.
type UnknownAPIError struct {
	Name  string
	Names []string
}

func (e *UnknownAPIError) Error() string { return "the service has no API " + e.Name }

// look finds the API that clients of Azure OpenAI use, and what is intended.
func (c *Check) look(ctx context.Context) error {
	type apiBody struct {
		Name       string
		Properties struct {
			DisplayName, Path             string
			IsCurrent                     *bool
			SubscriptionKeyParameterNames struct{ Header string }
		}
	}
	var apis struct{ Value []apiBody }
	if err := c.arm.resource(ctx, http.MethodGet, "/apis", nil, &apis); err != nil {
		return fmt.Errorf("the management API at %s: %w", c.arm.base, err)
	}
	if c.Gateway == "" {
		var service struct {
			Properties struct{ GatewayURL string }
		}
		if err := c.arm.resource(ctx, http.MethodGet, "", nil, &service); err != nil {
			return fmt.Errorf("the management API at %s: %w", c.arm.base, err)
		}
		c.Gateway = service.Properties.GatewayURL
	}
	best, most := apiBody{}, 0
	var found *apiFound
	base := ""
	for _, a := range apis.Value {
		if c.API != "" && !strings.EqualFold(a.Name, c.API) || a.Properties.IsCurrent != nil && !*a.Properties.IsCurrent {
			continue
		}
		has, at, responses, err := c.arm.operations(ctx, a.Name, a.Properties.Path)
		if err != nil {
			return fmt.Errorf("the operations of the API %s: %w", a.Name, err)
		}
		score := 1
		if has[embeddingsPath] {
			score = 2
		}
		if has[chatPath] {
			score = 3
		}
		if score > most {
			best, most, base = a, score, at
			found = &apiFound{id: a.Name, display: cmp.Or(a.Properties.DisplayName, a.Name), has: has, responses: responses}
		}
	}
	switch {
	case found == nil && c.API != "":
		unknown := &UnknownAPIError{Name: c.API}
		for _, a := range apis.Value {
			unknown.Names = append(unknown.Names, a.Name)
		}
		return unknown
	case found == nil:
		c.noAPI = "The service has no API."
	default:
		c.api = found
		c.Endpoint = cmp.Or(c.Endpoint, strings.TrimRight(c.Gateway, "/")+base)
		c.KeyHeader = cmp.Or(c.KeyHeader, best.Properties.SubscriptionKeyParameterNames.Header)
	}
	if c.Key == "" && c.api != nil {
		c.Key = cmp.Or(c.arm.keyTo(ctx, c.api.id), c.FallbackKey)
	}
	if c.Shares == nil {
		var stated struct{ Shares map[string]int }
		err := c.arm.call(ctx, http.MethodGet, "/validate", nil, nil, &stated)
		var refused *statusError
		if err != nil && !errors.As(err, &refused) {
			return fmt.Errorf("the management API at %s: %w", c.arm.base, err)
		}
		c.Shares = stated.Shares // a gateway without that address states nothing
	}
	return nil
}

// operations are the operations of an API that clients of Azure OpenAI call, the
// path that is such a client's endpoint, and where responses are made, if anywhere.
func (m *management) operations(ctx context.Context, api, path string) (has map[string]bool, base, responses string, err error) {
	var operations struct {
		Value []struct {
			Properties struct{ Method, URLTemplate string }
		}
	}
	if err := m.resource(ctx, http.MethodGet, "/apis/"+api+"/operations", nil, &operations); err != nil {
		return nil, "", "", err
	}
	var all [][2]string
	for _, o := range operations.Value {
		all = append(all, [2]string{o.Properties.Method, o.Properties.URLTemplate})
	}
	base, chat, embeddings := ClientPath(path, all)
	return map[string]bool{chatPath: chat, embeddingsPath: embeddings}, base, responsesAt(path, all), nil
}

// SubscriptionKey asks a management API for the key of an active subscription
// that lets callers into an API; "" when there is none, or the token may not
// read it.
func SubscriptionKey(ctx context.Context, address, token, api string) string {
	m := management{http: http.DefaultClient, base: strings.TrimRight(address, "/"), token: token}
	return m.keyTo(ctx, api)
}

// keyTo prefers the subscription with the narrowest scope.
func (m *management) keyTo(ctx context.Context, api string) string {
	type named struct {
		Name       string
		Properties struct{ State, Scope string }
	}
	var list, products struct{ Value []named }
	if m.resource(ctx, http.MethodGet, "/subscriptions", nil, &list) != nil {
		return ""
	}
	scopes := []string{"/apis/" + api}
	if m.resource(ctx, http.MethodGet, "/apis/"+api+"/products", nil, &products) == nil {
		for _, p := range products.Value {
			scopes = append(scopes, "/products/"+p.Name)
		}
	}
	for _, scope := range append(scopes, "/apis") {
		for _, s := range list.Value {
			at := strings.TrimRight(s.Properties.Scope, "/")
			if s.Properties.State != "active" || len(at) < len(scope) || !strings.EqualFold(at[len(at)-len(scope):], scope) {
				continue
			}
			var keys struct{ PrimaryKey, SecondaryKey string }
			if m.resource(ctx, http.MethodPost, "/subscriptions/"+s.Name+"/listSecrets", nil, &keys) == nil {
				if key := cmp.Or(keys.PrimaryKey, keys.SecondaryKey); key != "" {
					return key
				}
			}
		}
	}
	return ""
}

// namedValues are the named values by display name; secret ones that the token
// may not read are left out.
func (m *management) namedValues(ctx context.Context) (map[string]string, error) {
	if m.values != nil {
		return m.values, nil
	}
	var list struct {
		Value []struct {
			Name       string
			Properties struct{ DisplayName, Value string }
		}
	}
	if err := m.resource(ctx, http.MethodGet, "/namedValues", nil, &list); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, v := range list.Value {
		value := v.Properties.Value
		if value == "" {
			var secret struct{ Value string }
			if m.resource(ctx, http.MethodPost, "/namedValues/"+v.Name+"/listValue", nil, &secret) == nil {
				value = secret.Value
			}
		}
		values[cmp.Or(v.Properties.DisplayName, v.Name)] = value
	}
	m.values = values
	return values, nil
}

// filled is a text with its named values.
func filled(text string, values map[string]string) string {
	for name, value := range values {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	return text
}

// backendFound is a single backend of the service.
type backendFound struct{ id, url, key string }

func (m *management) backends(ctx context.Context) ([]backendFound, error) {
	var list struct {
		Value []struct {
			Name       string
			Properties struct {
				URL         string
				Credentials struct{ Header map[string][]string }
			}
		}
	}
	if err := m.resource(ctx, http.MethodGet, "/backends", nil, &list); err != nil {
		return nil, err
	}
	values, err := m.namedValues(ctx)
	if err != nil {
		return nil, err
	}
	var found []backendFound
	for _, b := range list.Value {
		if b.Properties.URL == "" {
			continue // a pool
		}
		f := backendFound{id: b.Name, url: filled(b.Properties.URL, values)}
		for name, lines := range b.Properties.Credentials.Header {
			if strings.EqualFold(name, "api-key") && len(lines) > 0 {
				f.key = filled(lines[0], values)
			}
		}
		found = append(found, f)
	}
	return found, nil
}

// poolFound is a pool as /pools shows it.
type poolFound struct {
	Name, Strategy string
	Members        []struct {
		Backend          string
		Priority, Weight int
		Breaker          string
		OpenUntil        *time.Time
		NextReturn       *time.Time
	}
}

// pools are the service's pools; a gateway that cannot tell has none.
func (m *management) pools(ctx context.Context) []poolFound {
	var list []poolFound
	if m.call(ctx, http.MethodGet, "/pools", nil, nil, &list) != nil {
		return nil
	}
	return list
}

// documents are the policy documents that a request of an API may meet.
func (m *management) documents(ctx context.Context, api string) string {
	paths := []string{"", "/apis/" + api}
	var operations struct{ Value []struct{ Name string } }
	if m.resource(ctx, http.MethodGet, "/apis/"+api+"/operations", nil, &operations) == nil {
		for _, o := range operations.Value {
			paths = append(paths, "/apis/"+api+"/operations/"+o.Name)
		}
	}
	var products, fragments struct{ Value []struct{ Name string } }
	if m.resource(ctx, http.MethodGet, "/apis/"+api+"/products", nil, &products) == nil {
		for _, p := range products.Value {
			paths = append(paths, "/products/"+p.Name)
		}
	}
	var all strings.Builder
	for _, path := range paths {
		var document struct{ Properties struct{ Value string } }
		if m.resource(ctx, http.MethodGet, path+"/policies/policy", nil, &document) == nil {
			all.WriteString(document.Properties.Value)
		}
	}
	if m.resource(ctx, http.MethodGet, "/policyFragments", nil, &fragments) == nil {
		for _, f := range fragments.Value {
			var document struct{ Properties struct{ Value string } }
			if strings.Contains(all.String(), f.Name) && m.resource(ctx, http.MethodGet, "/policyFragments/"+f.Name, nil, &document) == nil {
				all.WriteString(document.Properties.Value)
			}
		}
	}
	return all.String()
}

// poolInUse is the pool that the API's documents name and whose members are all
// known regions, or nil. byRegion leads from a region's name to its backend.
func (c *Check) poolInUse(ctx context.Context) (*poolFound, map[string]string) {
	if c.arm == nil || c.api == nil {
		return nil, nil
	}
	pools := c.arm.pools(ctx)
	if len(pools) == 0 {
		return nil, nil
	}
	backends, err := c.arm.backends(ctx)
	if err != nil {
		return nil, nil
	}
	documents := c.arm.documents(ctx, c.api.id)
	for _, p := range pools {
		if !strings.Contains(documents, `backend-id="`+p.Name+`"`) {
			continue
		}
		of := map[string]string{} // region by backend
		for _, b := range backends {
			i := slices.IndexFunc(c.list, func(r region) bool { return c.leadsTo(b.url, r) })
			if i >= 0 {
				of[b.id] = c.list[i].name
			}
		}
		byRegion := map[string]string{}
		for _, m := range p.Members {
			if r, ok := of[m.Backend]; ok {
				byRegion[r] = m.Backend
			}
		}
		if len(byRegion) > 0 {
			return &p, byRegion
		}
	}
	return nil, nil
}

// leadsTo reports whether an address is a region's, or for the time being that of
// the proxy before it.
func (c *Check) leadsTo(address string, r region) bool {
	if origin(address) == origin(r.address) {
		return true
	}
	if c.shadows == nil {
		return false
	}
	s := c.shadows.of(r.name)
	return s != nil && s.address != "" && origin(address) == origin(s.address)
}
