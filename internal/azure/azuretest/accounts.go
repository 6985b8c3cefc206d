package azuretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/sim"
)

func (a *ARM) id(x *account) string {
	return "/subscriptions/" + Subscription + "/resourceGroups/" + x.Group + "/providers/Microsoft.CognitiveServices/accounts/" + x.Name
}

func (a *ARM) list(w http.ResponseWriter, group string) {
	list := []any{}
	for _, x := range a.accounts {
		if strings.EqualFold(x.Group, group) {
			list = append(list, a.show(x))
		}
	}
	answer(w, http.StatusOK, map[string]any{"value": list})
}

// show is an account as its GET answers it.
func (a *ARM) show(x *account) map[string]any {
	state := "Succeeded"
	switch {
	case x.polls > 0:
		state = "Creating"
	case x.failed:
		state = "Failed"
	}
	properties := map[string]any{"provisioningState": state}
	for k, v := range at(x.body, "properties") {
		if k != "restore" {
			properties[k] = v
		}
	}
	sub := text(properties, "customSubDomainName")
	properties["endpoint"] = "https://" + strings.ToLower(sub) + ".openai.azure.com/"
	if sub == "" {
		properties["endpoint"] = "https://" + x.Location + ".api.cognitive.microsoft.com/"
	}
	return map[string]any{
		"id": a.id(x), "name": x.Name, "type": "Microsoft.CognitiveServices/accounts", "kind": x.Kind, "location": x.Location,
		"sku": x.body["sku"], "tags": x.body["tags"], "properties": properties,
	}
}

// busy reports whether something of the account is being worked on.
func (x *account) busy() bool {
	return x.polls > 0 || slices.ContainsFunc(x.deployments, func(d *deployment) bool { return d.polls > 0 })
}

func (a *ARM) account(w http.ResponseWriter, r *http.Request, group, name string, rest []string, body map[string]any, f *Fault) {
	key := strings.ToLower(name)
	x := a.accounts[key]
	if x != nil && !strings.EqualFold(x.Group, group) {
		x = nil
	}
	if x == nil && !(r.Method == http.MethodPut && len(rest) == 0) {
		fail(w, http.StatusNotFound, "ResourceNotFound", "The Resource 'Microsoft.CognitiveServices/accounts/"+name+"' under resource group '"+group+"' was not found.")
		return
	}
	if len(rest) > 0 {
		switch strings.ToLower(rest[0]) {
		case "listkeys":
			if disabled, _ := at(x.body, "properties")["disableLocalAuth"].(bool); disabled {
				fail(w, http.StatusBadRequest, "BadRequest", "Failed to list key. disableLocalAuth is set to be true.")
				return
			}
			answer(w, http.StatusOK, map[string]string{"key1": x.keys[0], "key2": x.keys[1]})
		case "deployments":
			a.deployment(w, r, x, rest[1:], body, f)
		default:
			fail(w, http.StatusNotFound, "NotFound", "There is nothing at "+r.URL.Path+".")
		}
		return
	}
	switch r.Method {
	case http.MethodPut:
		a.put(w, group, name, body, f)
	case http.MethodPatch:
		if x.busy() {
			conflict(w)
			return
		}
		x.body["tags"] = body["tags"]
		answer(w, http.StatusOK, a.show(x))
	case http.MethodDelete:
		if x.busy() {
			conflict(w)
			return
		}
		a.start(w, r, &operation{polls: a.Polls, done: func() {
			delete(a.accounts, key)
			a.deleted[key] = x
		}})
	default:
		answer(w, http.StatusOK, a.show(x))
		if x.polls > 0 {
			x.polls--
		}
	}
}

func conflict(w http.ResponseWriter) {
	fail(w, http.StatusConflict, "RequestConflict", "Another operation is being performed on the parent resource. Please try again later.")
}

func (a *ARM) put(w http.ResponseWriter, group, name string, body map[string]any, f *Fault) {
	key := strings.ToLower(name)
	x := a.accounts[key]
	location := strings.ToLower(text(body, "location"))
	domain := text(at(body, "properties"), "customSubDomainName")
	restore, _ := at(body, "properties")["restore"].(bool)
	old := a.deleted[key]
	switch {
	case x != nil && x.busy():
		conflict(w)
		return
	case x != nil && x.Location != location:
		fail(w, http.StatusConflict, "InvalidResourceLocation", "The resource '"+name+"' already exists in location '"+x.Location+"' in resource group '"+x.Group+"'.")
		return
	case x == nil && old != nil && strings.EqualFold(old.Group, group) && !restore:
		fail(w, http.StatusConflict, "FlagMustBeSetForRestore", "An existing resource with ID '"+a.id(old)+"' has been soft-deleted. To restore the resource, you must specify 'restore' to be 'true' in the property. If you don't want to restore existing resource, please purge it first.")
		return
	case x == nil && domain != "" && a.taken(key, domain):
		fail(w, http.StatusBadRequest, "CustomDomainInUse", "Please pick a different name. The subdomain name '"+domain+"' is not available as it's already used by a resource.")
		return
	}
	status := http.StatusOK
	if x == nil {
		status = http.StatusCreated
		x = &account{Name: name, Group: group, Location: location, Kind: text(body, "kind"), keys: [2]string{"key-1-of-" + name, "key-2-of-" + name}}
		if restore && old != nil {
			x.deployments, x.keys = old.deployments, old.keys
			delete(a.deleted, key)
		}
		x.polls = a.Polls
		a.accounts[key] = x
	}
	x.body, x.failed = body, f != nil
	answer(w, status, a.show(x))
}

// taken reports whether a subdomain belongs to another account, deleted ones
// included.
func (a *ARM) taken(key, domain string) bool {
	if a.domains[strings.ToLower(domain)] {
		return true
	}
	for _, all := range []map[string]*account{a.accounts, a.deleted} {
		for n, x := range all {
			if n != key && strings.EqualFold(text(at(x.body, "properties"), "customSubDomainName"), domain) {
				return true
			}
		}
	}
	return false
}

func (a *ARM) deployment(w http.ResponseWriter, r *http.Request, x *account, rest []string, body map[string]any, f *Fault) {
	if len(rest) == 0 {
		list := []any{}
		for _, d := range x.deployments {
			list = append(list, a.showDeployment(x, d))
		}
		answer(w, http.StatusOK, map[string]any{"value": list})
		return
	}
	i := slices.IndexFunc(x.deployments, func(d *deployment) bool { return strings.EqualFold(d.name, rest[0]) })
	var d *deployment
	if i >= 0 {
		d = x.deployments[i]
	}
	switch {
	case r.Method == http.MethodPut:
		a.putDeployment(w, r, x, d, rest[0], body, f)
	case d == nil:
		fail(w, http.StatusNotFound, "ResourceNotFound", "The Resource 'Microsoft.CognitiveServices/accounts/"+x.Name+"/deployments/"+rest[0]+"' was not found.")
	case r.Method == http.MethodDelete:
		if x.busy() {
			conflict(w)
			return
		}
		x.deployments = slices.Delete(x.deployments, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, http.StatusOK, a.showDeployment(x, d))
		if d.polls > 0 {
			d.polls--
		}
	}
}

func (a *ARM) showDeployment(x *account, d *deployment) map[string]any {
	properties := map[string]any{}
	for k, v := range at(d.body, "properties") {
		properties[k] = v
	}
	properties["provisioningState"] = "Succeeded"
	if d.polls > 0 {
		properties["provisioningState"] = "Creating"
	} else if d.failed != nil {
		properties["provisioningState"] = "Failed"
	}
	return map[string]any{"id": a.id(x) + "/deployments/" + d.name, "name": d.name, "type": "Microsoft.CognitiveServices/accounts/deployments", "sku": d.body["sku"], "properties": properties}
}

func (a *ARM) putDeployment(w http.ResponseWriter, r *http.Request, x *account, d *deployment, name string, body map[string]any, f *Fault) {
	if x.busy() {
		conflict(w)
		return
	}
	wanted, sku := at(body, "properties", "model"), at(body, "sku")
	m := a.model(x.Location, text(wanted, "name"), text(wanted, "version"))
	capacity, _ := sku["capacity"].(float64)
	full := fmt.Sprintf("Format:OpenAI,Name:%s,Version:%s", text(wanted, "name"), text(wanted, "version"))
	switch {
	case m == nil:
		fail(w, http.StatusBadRequest, "DeploymentModelNotSupported", "The model '"+full+"' of account deployment is not supported.")
		return
	case m.Retired != "" && m.Retired <= a.Now().UTC().Format("2006-01-02T15:04:05Z") && d == nil:
		fail(w, http.StatusBadRequest, "ServiceModelDeprecated", "The model '"+full+"' has been deprecated since "+m.Retired+".")
		return
	case !slices.Contains(m.SKUs, text(sku, "name")):
		fail(w, http.StatusBadRequest, "InvalidResourceProperties", "The specified SKU '"+text(sku, "name")+"' for model '"+m.Name+" "+m.Version+"' is not supported in this region '"+x.Location+"'.")
		return
	}
	usage := "OpenAI." + text(sku, "name") + "." + m.Name
	var has float64
	if d != nil {
		has, _ = at(d.body, "sku")["capacity"].(float64)
	}
	if left := a.limit(x.Location, usage) - a.used(x.Location, usage) + has; capacity > left {
		fail(w, http.StatusBadRequest, "InsufficientQuota", fmt.Sprintf("This operation require %v new capacity in quota Tokens Per Minute (thousands) - %s, which is bigger than the current available capacity %v. The current quota usage is %v and the quota limit is %v for quota Tokens Per Minute (thousands) - %s.",
			capacity, m.Name, left, a.used(x.Location, usage), a.limit(x.Location, usage), m.Name))
		return
	}
	status := http.StatusOK
	if d == nil {
		status = http.StatusCreated
		d = &deployment{name: name}
		x.deployments = append(x.deployments, d)
	}
	if text(wanted, "version") == "" {
		wanted["version"] = m.Version
	}
	d.body, d.failed, d.polls = body, nil, a.Polls
	o := &operation{polls: a.Polls, done: func() { d.polls = 0 }}
	if f != nil {
		o.fail = &armError{f.Code, f.Message}
		o.done = func() { d.polls, d.failed = 0, o.fail }
	}
	w.Header().Set("Azure-AsyncOperation", origin(r)+"/subscriptions/"+Subscription+"/operationstatuses/"+a.operation(o)+"?api-version=2025-06-01")
	answer(w, status, a.showDeployment(x, d))
	if a.created != nil {
		a.created(x.Name + "/" + d.name)
	}
}

func (a *ARM) offered(location string) []Model {
	if m, ok := a.models[location]; ok {
		return m
	}
	return Models
}

func (a *ARM) model(location, name, version string) *Model {
	for _, m := range a.offered(location) {
		if m.Name == name && (m.Version == version || version == "" && m.Default) {
			return &m
		}
	}
	return nil
}

func (a *ARM) limit(location, usage string) float64 {
	if l, ok := a.limits[location+"/"+usage]; ok {
		return l
	}
	return 1000
}

// used is what deployments of a location have of a quota. Those of deleted
// accounts keep it until they are purged.
func (a *ARM) used(location, usage string) float64 {
	var sum float64
	for _, all := range []map[string]*account{a.accounts, a.deleted} {
		for _, x := range all {
			for _, d := range x.deployments {
				if x.Location == location && "OpenAI."+text(at(d.body, "sku"), "name")+"."+text(at(d.body, "properties", "model"), "name") == usage {
					c, _ := at(d.body, "sku")["capacity"].(float64)
					sum += c
				}
			}
		}
	}
	return sum
}

// provider answers what belongs to the provider and no resource group.
func (a *ARM) provider(w http.ResponseWriter, r *http.Request, rest []string, body map[string]any) {
	word := func(i int) string {
		if i < len(rest) {
			return strings.ToLower(rest[i])
		}
		return ""
	}
	switch {
	case word(0) == "deletedaccounts":
		list := []any{}
		for _, x := range a.deleted {
			list = append(list, a.showDeleted(x))
		}
		answer(w, http.StatusOK, map[string]any{"value": list})
	case word(0) == "locations" && word(2) == "resourcegroups" && word(4) == "deletedaccounts" && len(rest) == 6:
		key := word(5)
		x := a.deleted[key]
		if x != nil && (!strings.EqualFold(x.Group, rest[3]) || !strings.EqualFold(x.Location, rest[1])) {
			x = nil
		}
		switch {
		case x == nil:
			fail(w, http.StatusNotFound, "ResourceNotFound", "There is no deleted account '"+rest[5]+"'.")
		case r.Method == http.MethodDelete:
			a.start(w, r, &operation{polls: a.Polls, done: func() { delete(a.deleted, key) }})
		default:
			answer(w, http.StatusOK, a.showDeleted(x))
		}
	case word(0) == "locations" && word(2) == "models":
		a.showModels(w, word(1))
	case word(0) == "locations" && word(2) == "usages":
		a.showUsages(w, word(1))
	case word(0) == "checkdomainavailability":
		domain := text(body, "subdomainName")
		answer(w, http.StatusOK, map[string]any{"isSubdomainAvailable": !a.taken("", domain), "subdomainName": domain, "type": body["type"]})
	case word(0) == "modelcapacities":
		a.showCapacities(w, r)
	default:
		fail(w, http.StatusNotFound, "NotFound", "There is nothing at "+r.URL.Path+".")
	}
}

func (a *ARM) showDeleted(x *account) map[string]any {
	return map[string]any{
		"id":   "/subscriptions/" + Subscription + "/providers/Microsoft.CognitiveServices/locations/" + x.Location + "/resourceGroups/" + x.Group + "/deletedAccounts/" + x.Name,
		"name": x.Name, "location": x.Location, "kind": x.Kind, "properties": map[string]any{"deletionDate": "2026-11-25T12:00:00Z", "scheduledPurgeDate": "2026-11-27T12:00:00Z"},
	}
}

func (a *ARM) showModels(w http.ResponseWriter, location string) {
	list := []any{}
	for _, m := range a.offered(location) {
		var skus []any
		for _, s := range m.SKUs {
			skus = append(skus, map[string]any{
				"name": s, "usageName": "OpenAI." + s + "." + m.Name, "deprecationDate": nilIfEmpty(m.Retired),
				"capacity": map[string]any{"minimum": 1, "maximum": 10000, "step": 1, "default": 10},
			})
		}
		capabilities := map[string]string{"chatCompletion": "true"}
		if m.Kind == "embeddings" {
			capabilities = map[string]string{"embeddings": "true"}
		}
		list = append(list, map[string]any{"kind": "OpenAI", "skuName": "S0", "model": map[string]any{
			"format": "OpenAI", "name": m.Name, "version": m.Version, "isDefaultVersion": m.Default, "lifecycleStatus": m.Lifecycle,
			"capabilities": capabilities, "deprecation": map[string]any{"inference": m.Retired}, "skus": skus,
		}})
	}
	answer(w, http.StatusOK, map[string]any{"value": list})
}

func nilIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (a *ARM) showUsages(w http.ResponseWriter, location string) {
	list := []any{}
	for _, m := range a.offered(location) {
		for _, s := range m.SKUs {
			usage := "OpenAI." + s + "." + m.Name
			list = append(list, map[string]any{
				"name": map[string]string{"value": usage, "localizedValue": "Tokens Per Minute (thousands) - " + m.Name + " - " + s}, "unit": "Count",
				"currentValue": a.used(location, usage), "limit": a.limit(location, usage),
			})
		}
	}
	answer(w, http.StatusOK, map[string]any{"value": list})
}

// showCapacities tells where a model could be deployed.
func (a *ARM) showCapacities(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	list := []any{}
	for _, location := range []string{"australiaeast", "eastus", "francecentral", "swedencentral"} {
		m := a.model(location, q.Get("modelName"), q.Get("modelVersion"))
		if m == nil {
			continue
		}
		for _, s := range m.SKUs {
			usage := "OpenAI." + s + "." + m.Name
			list = append(list, map[string]any{"location": location, "name": s, "properties": map[string]any{
				"skuName": s, "availableCapacity": a.limit(location, usage) - a.used(location, usage),
				"model": map[string]string{"format": "OpenAI", "name": m.Name, "version": m.Version},
			}})
		}
	}
	answer(w, http.StatusOK, map[string]any{"value": list})
}

// data is the data plane of an account by its subdomain: a simulated region
// with the account's deployments and keys.
func (a *ARM) data(w http.ResponseWriter, r *http.Request, domain string) {
	if region := a.region(domain); region != nil {
		region.ServeHTTP(w, r)
		return
	}
	fail(w, http.StatusNotFound, "404", "Resource not found")
}

func (a *ARM) region(domain string) *sim.Region {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range a.accounts {
		if !strings.EqualFold(text(at(x.body, "properties"), "customSubDomainName"), domain) || x.polls > 0 {
			continue
		}
		c := sim.Config{Name: x.Location, Keys: x.keys[:], Deployments: []sim.Deployment{}}
		for _, d := range x.deployments {
			if d.polls == 0 && d.failed == nil {
				c.Deployments = append(c.Deployments, sim.Deployment{Name: d.name, Model: text(at(d.body, "properties", "model"), "name")})
			}
		}
		shape, _ := json.Marshal(c.Deployments)
		if x.region == nil || x.shape != string(shape) {
			x.region, x.shape = sim.New(c), string(shape)
		}
		return x.region
	}
	return nil
}
