package management

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/internal/tree"
)

// above serves addresses that name no service: the lists of services, which
// hold this one under the name that it is asked for by nobody in particular,
// and the check of a name.
func (c *call) above() *arm.Error {
	a := c.address
	tail := strings.ToLower(strings.Join(a.Above, "/"))
	switch {
	case tail == "providers/microsoft.apimanagement/service" && (c.r.Method == http.MethodGet || c.r.Method == http.MethodHead):
		group, name := a.ResourceGroup, "spillway"
		if group == "" {
			group = "spillway"
		}
		if svc := c.server.Service(); svc != nil && svc.Name != "" {
			name = svc.Name
		}
		c.address.ResourceGroup, c.address.Service = group, name
		c.address.Root = "/subscriptions/" + a.AzureSubscription + "/resourceGroups/" + group + "/providers/Microsoft.ApiManagement/service/" + name
		arm.Answer(c.w, http.StatusOK, map[string]any{"value": []any{c.serviceEnvelope()}})
		return nil
	case tail == "providers/microsoft.apimanagement/checknameavailability" && c.r.Method == http.MethodPost:
		arm.Answer(c.w, http.StatusOK, map[string]any{"nameAvailable": true, "reason": "Valid", "message": ""})
		return nil
	}
	return arm.Errorf(http.StatusNotFound, "ResourceNotFound", "There is nothing at %s in this version.", c.r.URL.Path)
}

// service serves the service itself. Whatever name it is asked for by, it is
// this one.
func (c *call) service() *arm.Error {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		arm.Answer(c.w, http.StatusOK, c.serviceEnvelope())
		return nil
	case http.MethodPut, http.MethodPatch:
		body, e := c.body()
		if e != nil {
			return e
		}
		patch := c.r.Method == http.MethodPatch
		e = c.change(func(state *store.State) error {
			next := without(body, "id", "name", "type", "etag")
			if patch {
				next = patched(parse(state.Profile), next)
			}
			if !patch {
				if e := checkService(next); e != nil {
					return e
				}
			}
			state.Profile = append(without(next, "zones").Indented(), '\n')
			return nil
		})
		if e != nil {
			return e
		}
		arm.Answer(c.w, http.StatusOK, c.serviceEnvelope())
		return nil
	}
	return c.noMethod("GET, HEAD, PUT, PATCH")
}

// permissions tells what the caller may do, as Azure's authorization tells it of
// any resource: a client can know before it is refused.
func (c *call) permissions() *arm.Error {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return c.noMethod("GET, HEAD")
	}
	actions := []string{"*/read"}
	if c.role == Contributor {
		actions = []string{"*"}
	}
	none := []string{}
	arm.Answer(c.w, http.StatusOK, map[string]any{"value": []any{map[string]any{"actions": actions, "notActions": none, "dataActions": none, "notDataActions": none}}})
	return nil
}

func checkService(body *tree.Node) *arm.Error {
	var details []arm.Detail
	for _, path := range [][]string{{"location"}, {"sku", "name"}, {"properties", "publisherEmail"}, {"properties", "publisherName"}} {
		if body.Find(path...).StringOr("") == "" {
			name := path[len(path)-1]
			details = append(details, arm.Detail{Target: strings.Join(path, "."), Message: "Property '" + name + "' is required."})
		}
	}
	if details != nil {
		return arm.Invalid(details...)
	}
	return nil
}

// serviceEnvelope is the service as ARM shows it: what clients put there, and
// what is known of this process.
func (c *call) serviceEnvelope() any {
	profile := parse(c.server.Profile())
	properties := profile.Get("properties")
	if properties == nil || properties.Kind != tree.Object {
		properties = object("publisherEmail", "nobody@localhost", "publisherName", "Spillway")
	}
	properties = without(properties, "provisioningState", "gatewayUrl", "managementApiUrl", "targetProvisioningState", "createdAtUtc", "platformVersion")
	for key, value := range map[string]string{"provisioningState": "Succeeded", "gatewayUrl": c.server.Gateway(), "managementApiUrl": "http://" + c.r.Host} {
		if value != "" {
			properties = with(properties, key, text(value))
		}
	}
	out := map[string]any{
		"id": c.address.Root, "name": c.address.Service, "type": "Microsoft.ApiManagement/service",
		"location": profile.Get("location").StringOr("local"), "properties": json.RawMessage(properties.JSON()),
		"sku": map[string]any{"name": "Developer", "capacity": 1}, "etag": strings.Trim(c.server.tags.Of(profile.JSON()), `"`),
	}
	for _, key := range []string{"sku", "tags", "identity"} {
		if n := profile.Get(key); n != nil {
			out[key] = json.RawMessage(n.JSON())
		}
	}
	return out
}
