package azuretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/sim"
)

// ARM is Resource Manager as far as Azure OpenAI accounts go: resource groups,
// accounts with their soft delete, deployments, quotas and models. Creating
// takes a few polls, and an account has one operation at a time, as in Azure. It
// is an http.Handler of its own.
type ARM struct {
	// Polls is how often something that is being created is asked for before it
	// is there.
	Polls int
	// Now is what models retire by.
	Now func() time.Time

	entra *Entra // whose tokens are looked at; nil takes any

	mu         sync.Mutex
	registered bool
	groups     map[string]map[string]any
	accounts   map[string]*account // by name, lower case
	deleted    map[string]*account
	domains    map[string]bool // taken by somebody else
	strangers  map[string][]string
	limits     map[string]float64
	models     map[string][]Model // by location; "" for all others
	operations map[string]*operation
	faults     []*Fault
	created    func(what string)
	writes     []string
	serial     int
}

type account struct {
	Name, Group, Location, Kind string
	body                        map[string]any
	keys                        [2]string
	polls                       int // left until it is there
	failed                      bool
	deployments                 []*deployment
	region                      *sim.Region
	shape                       string // the deployments that region has
}

type deployment struct {
	name   string
	body   map[string]any
	polls  int
	failed *armError
}

type operation struct {
	polls int
	fail  *armError
	done  func()
}

type armError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Model is a model that a location offers.
type Model struct {
	Name, Version string
	Default       bool
	// Kind is "chat" or "embeddings".
	Kind string
	// SKUs are the deployment types, such as GlobalStandard.
	SKUs []string
	// Retired is when deployments stop to answer; "" is not known.
	Retired string
	// Lifecycle is GenerallyAvailable, Preview or Deprecated.
	Lifecycle string
}

// Models are those that the stand-in offers unless told otherwise: what a
// location has in November 2026.
var Models = []Model{
	{Name: "gpt-4o", Version: "2024-11-20", Default: true, Kind: "chat", SKUs: []string{"Standard", "GlobalStandard"}, Retired: "2026-10-01T00:00:00Z", Lifecycle: "Deprecated"},
	{Name: "gpt-4o-mini", Version: "2024-07-18", Default: true, Kind: "chat", SKUs: []string{"Standard", "GlobalStandard"}, Retired: "2026-10-01T00:00:00Z", Lifecycle: "Deprecated"},
	{Name: "gpt-5.2", Version: "2025-12-11", Default: true, Kind: "chat", SKUs: []string{"GlobalStandard"}, Retired: "2026-12-12T00:00:00Z", Lifecycle: "GenerallyAvailable"},
	{Name: "gpt-5", Version: "2025-08-07", Default: true, Kind: "chat", SKUs: []string{"GlobalStandard", "DataZoneStandard"}, Retired: "2027-02-06T00:00:00Z", Lifecycle: "GenerallyAvailable"},
	{Name: "gpt-5-mini", Version: "2025-08-07", Default: true, Kind: "chat", SKUs: []string{"GlobalStandard", "DataZoneStandard"}, Retired: "2027-02-06T00:00:00Z", Lifecycle: "GenerallyAvailable"},
	{Name: "gpt-5.1", Version: "2025-11-13", Default: true, Kind: "chat", SKUs: []string{"GlobalStandard", "Standard"}, Retired: "2027-05-15T00:00:00Z", Lifecycle: "GenerallyAvailable"},
	{Name: "text-embedding-ada-002", Version: "2", Default: true, Kind: "embeddings", SKUs: []string{"Standard", "GlobalStandard"}, Retired: "2027-04-15T00:00:00Z", Lifecycle: "GenerallyAvailable"},
	{Name: "text-embedding-3-small", Version: "1", Default: true, Kind: "embeddings", SKUs: []string{"Standard", "GlobalStandard"}, Retired: "2027-04-15T00:00:00Z", Lifecycle: "GenerallyAvailable"},
}

// Fault is something that goes wrong with requests.
type Fault struct {
	// Method and Path choose the requests: that method, "" for any, and a path
	// that holds this text.
	Method, Path string
	// Status answers them so; Hang lets them wait until the client leaves.
	Status        int
	Code, Message string
	RetryAfter    int // seconds; 0 sends no such header
	Hang          bool
	// Fails lets the request through and the operation that it starts end with
	// Code and Message.
	Fails bool
	// After lets so many go first, Times is how many it then meets; 0 is all.
	After, Times int

	met int
}

// NewARM is a Resource Manager without any resources.
func NewARM() *ARM {
	return &ARM{
		Polls: 2, Now: time.Now, registered: true,
		groups: map[string]map[string]any{}, accounts: map[string]*account{}, deleted: map[string]*account{}, domains: map[string]bool{}, strangers: map[string][]string{},
		limits: map[string]float64{}, models: map[string][]Model{}, operations: map[string]*operation{},
	}
}

// Fault adds a fault; faults are tried in the order they were added.
func (a *ARM) Fault(f Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, &f)
}

// Repair takes all faults away.
func (a *ARM) Repair() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = nil
}

// Limit sets a quota, such as that of OpenAI.GlobalStandard.gpt-5-mini, of a
// location; otherwise it is 1,000.
func (a *ARM) Limit(location, usage string, limit float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits[location+"/"+usage] = limit
}

// Offer sets the models of a location.
func (a *ARM) Offer(location string, models []Model) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.models[location] = models
}

// Taken makes a subdomain one that somebody else has.
func (a *ARM) Taken(domain string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.domains[strings.ToLower(domain)] = true
}

// Add puts a storage account, which nobody here has to do with, into a resource
// group.
func (a *ARM) Add(group, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.ToLower(group)
	a.strangers[key] = append(a.strangers[key], name)
}

// Change edits an account's body, or with a deployment that one's, as somebody
// would in the portal.
func (a *ARM) Change(account, deployment string, edit func(body map[string]any)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.accounts[strings.ToLower(account)]
	if deployment == "" {
		edit(x.body)
		return
	}
	for _, d := range x.deployments {
		if d.name == deployment {
			edit(d.body)
		}
	}
}

// Body is what a deployment, or with "" an account, was last put with.
func (a *ARM) Body(account, deployment string) map[string]any {
	var out map[string]any
	a.Change(account, deployment, func(body map[string]any) { out = body })
	return out
}

// Delete deletes an account as the portal does, with its deployments in it.
func (a *ARM) Delete(account string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.ToLower(account)
	a.deleted[key] = a.accounts[key]
	delete(a.accounts, key)
}

// Created is told of each deployment that is begun, as "ACCOUNT/NAME", after its
// answer has been written; nil ends it.
func (a *ARM) Created(told func(what string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.created = told
}

// Regenerate gives an account another first or second key.
func (a *ARM) Regenerate(account string, n int, key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.accounts[strings.ToLower(account)]
	x.keys[n-1], x.region = key, nil
}

// Register says whether the subscription has the resource provider registered.
func (a *ARM) Register(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.registered = yes
}

// Writes are the requests that changed something or tried to, as "METHOD last
// two segments of the path", in order.
func (a *ARM) Writes() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.writes...)
}

// Forget empties Writes.
func (a *ARM) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writes = nil
}

// Keys are the keys of an account.
func (a *ARM) Keys(name string) [2]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if x := a.accounts[strings.ToLower(name)]; x != nil {
		return x.keys
	}
	return [2]string{}
}

// State is everything there is, one line each, sorted: "group NAME", "account
// NAME LOCATION", "deployment ACCOUNT/NAME MODEL VERSION SKU CAPACITY", "deleted
// NAME".
func (a *ARM) State() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for name := range a.groups {
		list = append(list, "group "+name)
	}
	for _, x := range a.accounts {
		list = append(list, "account "+x.Name+" "+x.Location)
		for _, d := range x.deployments {
			m := at(d.body, "properties", "model")
			state := ""
			if d.failed != nil {
				state = " failed"
			}
			list = append(list, fmt.Sprintf("deployment %s/%s %s %s %s %v%s", x.Name, d.name, text(m, "name"), text(m, "version"), text(at(d.body, "sku"), "name"), at(d.body, "sku")["capacity"], state))
		}
	}
	for _, x := range a.deleted {
		list = append(list, "deleted "+x.Name)
	}
	slices.Sort(list)
	return list
}

func at(m map[string]any, path ...string) map[string]any {
	for _, p := range path {
		m, _ = m[p].(map[string]any)
	}
	return m
}

func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

// ServeHTTP implements http.Handler.
func (a *ARM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.entra != nil && !a.entra.accepts(r, "https://management.azure.com", "https://management.core.windows.net") {
		fail(w, http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
		return
	}
	var body map[string]any
	if r.Body != nil && (r.Method == http.MethodPut || r.Method == http.MethodPost || r.Method == http.MethodPatch) {
		_ = json.NewDecoder(r.Body).Decode(&body)
	}
	a.mu.Lock()
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !strings.HasSuffix(r.URL.Path, "/listKeys") && !strings.HasSuffix(r.URL.Path, "/checkDomainAvailability") {
		a.writes = append(a.writes, r.Method+" "+strings.Join(path[max(0, len(path)-2):], "/"))
	}
	f := a.fault(r)
	if f != nil && f.Hang {
		a.mu.Unlock()
		<-r.Context().Done()
		return
	}
	defer a.mu.Unlock()
	if f != nil && !f.Fails {
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		fail(w, f.Status, f.Code, f.Message)
		return
	}
	a.route(w, r, path, body, f)
}

// fault is the first one that meets a request.
func (a *ARM) fault(r *http.Request) *Fault {
	for _, f := range a.faults {
		if f.Method != "" && f.Method != r.Method || !strings.Contains(strings.ToLower(r.URL.Path), strings.ToLower(f.Path)) {
			continue
		}
		f.met++
		if f.met > f.After && (f.Times == 0 || f.met <= f.After+f.Times) {
			return f
		}
	}
	return nil
}

// route finds what a path means. Its first two segments are the subscription.
func (a *ARM) route(w http.ResponseWriter, r *http.Request, path []string, body map[string]any, f *Fault) {
	if len(path) < 2 || !strings.EqualFold(path[0], "subscriptions") {
		fail(w, http.StatusNotFound, "NotFound", "There is nothing here.")
		return
	}
	if path[1] != Subscription {
		fail(w, http.StatusNotFound, "SubscriptionNotFound", "The subscription '"+path[1]+"' could not be found.")
		return
	}
	rest := path[2:]
	word := func(i int) string {
		if i < len(rest) {
			return strings.ToLower(rest[i])
		}
		return ""
	}
	switch {
	case word(0) == "resourcegroups" && len(rest) == 2:
		a.group(w, r, rest[1], body)
	case word(0) == "resourcegroups" && word(2) == "resources":
		var list []any
		for _, x := range a.accounts {
			if strings.EqualFold(x.Group, rest[1]) {
				list = append(list, map[string]any{"id": a.id(x), "name": x.Name, "type": "Microsoft.CognitiveServices/accounts"})
			}
		}
		for _, name := range a.strangers[strings.ToLower(rest[1])] {
			list = append(list, map[string]any{"id": "/" + name, "name": name, "type": "Microsoft.Storage/storageAccounts"})
		}
		answer(w, http.StatusOK, map[string]any{"value": list})
	case word(0) == "operationresults":
		a.poll(w, word(1), true)
	case word(0) == "operationstatuses":
		a.poll(w, word(1), false)
	case word(0) == "providers" && word(2) == "register", word(0) == "providers" && len(rest) == 2:
		a.registered = true
		answer(w, http.StatusOK, map[string]any{"namespace": rest[1], "registrationState": "Registered"})
	case word(0) == "providers" && word(1) == "microsoft.cognitiveservices":
		a.provider(w, r, rest[2:], body)
	case word(0) == "resourcegroups" && word(2) == "providers" && word(4) == "accounts":
		if !a.registered {
			fail(w, http.StatusConflict, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.CognitiveServices'.")
			return
		}
		if len(rest) < 6 {
			a.list(w, rest[1])
			return
		}
		if a.groups[strings.ToLower(rest[1])] == nil {
			fail(w, http.StatusNotFound, "ResourceGroupNotFound", "Resource group '"+rest[1]+"' could not be found.")
			return
		}
		a.account(w, r, rest[1], rest[5], rest[6:], body, f)
	default:
		fail(w, http.StatusNotFound, "NotFound", "There is nothing at "+r.URL.Path+".")
	}
}

func (a *ARM) group(w http.ResponseWriter, r *http.Request, name string, body map[string]any) {
	key := strings.ToLower(name)
	found := a.groups[key]
	switch r.Method {
	case http.MethodPut:
		status := http.StatusOK
		if found == nil {
			status = http.StatusCreated
		}
		found = map[string]any{
			"id": "/subscriptions/" + Subscription + "/resourceGroups/" + name, "name": name, "location": body["location"], "tags": body["tags"],
			"properties": map[string]any{"provisioningState": "Succeeded"},
		}
		a.groups[key] = found
		answer(w, status, found)
	case http.MethodDelete:
		if found == nil {
			fail(w, http.StatusNotFound, "ResourceGroupNotFound", "Resource group '"+name+"' could not be found.")
			return
		}
		a.start(w, r, &operation{polls: a.Polls, done: func() {
			delete(a.groups, key)
			for n, x := range a.accounts {
				if strings.EqualFold(x.Group, name) {
					delete(a.accounts, n)
					a.deleted[n] = x
				}
			}
		}})
	default:
		if found == nil {
			fail(w, http.StatusNotFound, "ResourceGroupNotFound", "Resource group '"+name+"' could not be found.")
			return
		}
		answer(w, http.StatusOK, found)
	}
}

// start answers 202 with where to poll.
func (a *ARM) start(w http.ResponseWriter, r *http.Request, o *operation) {
	id := a.operation(o)
	w.Header().Set("Location", origin(r)+"/subscriptions/"+Subscription+"/operationresults/"+id+"?api-version=2025-06-01")
	w.WriteHeader(http.StatusAccepted)
}

func (a *ARM) operation(o *operation) string {
	a.serial++
	id := "op" + strconv.Itoa(a.serial)
	a.operations[id] = o
	return id
}

func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// poll answers for an operation: by status codes under its Location, by a status
// under its Azure-AsyncOperation.
func (a *ARM) poll(w http.ResponseWriter, id string, location bool) {
	o := a.operations[id]
	if o == nil {
		fail(w, http.StatusNotFound, "NotFound", "There is no such operation.")
		return
	}
	if o.polls > 0 {
		o.polls--
		if location {
			w.Header().Set("Location", "")
			w.Header().Del("Location")
			w.WriteHeader(http.StatusAccepted)
			return
		}
		answer(w, http.StatusOK, map[string]any{"status": "InProgress"})
		return
	}
	if o.done != nil {
		o.done()
		o.done = nil
	}
	switch {
	case location:
		w.WriteHeader(http.StatusNoContent)
	case o.fail != nil:
		answer(w, http.StatusOK, map[string]any{"status": "Failed", "error": o.fail})
	default:
		answer(w, http.StatusOK, map[string]any{"status": "Succeeded"})
	}
}
