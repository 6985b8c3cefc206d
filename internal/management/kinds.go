package management

import (
	"net/http"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/tree"
)

// table is every type of resource there is, by path.
func table() map[string]*kind {
	rows := []*kind{
		apis(), operations(), revisions(), releases(),
		resources(kind{
			path: "apis/schemas", shown: "apis/schemas", what: "Schema", required: []string{"contentType"}, provisioned: true, noPatch: true,
			filter: []string{"name", "contentType"},
		}, func(p *place) *[]*apim.Schema { return &p.api.Schemas }, nil),
		policies("policies", "policies", apim.ScopeGlobal, func(p *place) **apim.Document { return &p.contents.Policy }),
		policies("products/policies", "products/policies", apim.ScopeProduct, func(p *place) **apim.Document { return &p.product.Policy }),
		policies("apis/policies", "apis/policies", apim.ScopeAPI, func(p *place) **apim.Document { return &p.api.Policy }),
		policies("apis/operations/policies", "apis/operations/policies", apim.ScopeOperation, func(p *place) **apim.Document { return &p.operation.Policy }),
		fragments(), namedValues(), subscriptions(), backends(), products(),
		productAPILinks(), productAPIs(), apiProducts(), productGroupLinks(), productGroups(),
		loggers(),
		diagnostics("diagnostics", func(p *place) *[]*apim.Diagnostic { return &p.contents.Diagnostics }),
		diagnostics("apis/diagnostics", func(p *place) *[]*apim.Diagnostic { return &p.api.Diagnostics }),
		caches(),
		gateways(), gatewayAPIs(),
		resources(kind{
			path: "apiversionsets", shown: "apiVersionSets", what: "ApiVersionSet", required: []string{"displayName", "versioningScheme"},
			filter: []string{"name", "displayName", "versioningScheme"},
		}, func(p *place) *[]*apim.VersionSet { return &p.contents.VersionSets }, nil),
		groups(),
		resources(kind{
			path: "users", shown: "users", what: "User", required: []string{"email", "firstName", "lastName"}, readOnly: []string{"password"},
			filter: []string{"name", "firstName", "lastName", "email", "state", "note"},
		}, func(p *place) *[]*apim.User { return &p.state.Service.Users }, nil),
		tags(),
		apiTags(), productTags(), operationTags(), tagAPILinks(), tagProductLinks(), tagOperationLinks(),
		resources(kind{
			path: "workspaces", shown: "workspaces", what: "Workspace", required: []string{"displayName"}, filter: []string{"name", "displayName", "description"},
			enter: func(p *place, e entry) {
				w := e.x.(*apim.Workspace)
				p.contents, p.workspace, p.root = &w.Contents, w.Name, p.root+"/workspaces/"+w.Name
			},
		}, func(p *place) *[]*apim.Workspace { return &p.state.Service.Workspaces }, func(_ *call, _ *place, x, old *apim.Workspace) error {
			if old != nil {
				x.Contents = old.Contents
			}
			return nil
		}),
	}
	byPath := map[string]*kind{}
	for _, k := range rows {
		byPath[k.path] = k
	}
	return byPath
}

func backends() *kind {
	return resources(kind{
		path: "backends", shown: "backends", what: "Backend", filter: []string{"name", "title", "url", "type"},
		actions: map[string]action{"listreferences": backendReferences, "reconnect": reconnect},
		secret: func(e entry) string {
			if x := e.x.(*apim.Backend); x.Proxy != nil {
				return x.Proxy.Password
			}
			return ""
		},
		show: func(_ *call, p *place, e entry) *tree.Node {
			n := project(p, e.x.(*apim.Backend))
			if proxy := n.Member("proxy"); proxy != nil && !referenceIn.MatchString(proxy.Value.Get("password").StringOr("")) {
				proxy.Value = without(proxy.Value, "password")
			}
			if pool := n.Get("pool"); pool != nil {
				members := pool.Get("services")
				for i := 0; members != nil && i < len(members.Items); i++ {
					m := members.Items[i]
					if id := m.Member("id"); id != nil && !strings.Contains(id.Value.Text, "/") {
						id.Value = text(p.root + "/backends/" + id.Value.Text)
					}
				}
			}
			return n
		},
	}, func(p *place) *[]*apim.Backend { return &p.contents.Backends }, func(_ *call, p *place, x, old *apim.Backend) error {
		if x.Proxy != nil && x.Proxy.Password == "" && old != nil && old.Proxy != nil && old.Proxy.Password != "" {
			// Whoever reads a backend and writes it back does not have the password.
			x.Proxy.Password = old.Proxy.Password
			properties := parse(x.Properties)
			x.Properties = with(properties, "proxy", with(properties.Get("proxy"), "password", text(x.Proxy.Password))).JSON()
		}
		var details []arm.Detail
		missing := func(name string) {
			details = append(details, arm.Detail{Target: name, Message: "Property '" + name + "' is required."})
		}
		if !x.IsPool() {
			if x.URL == "" && parse(x.Properties).Find("properties", "serviceFabricCluster") == nil {
				missing("url")
			}
			if x.Protocol == "" {
				missing("protocol")
			} else if !strings.EqualFold(x.Protocol, "http") && !strings.EqualFold(x.Protocol, "soap") {
				details = append(details, arm.Detail{Target: "protocol", Message: "Protocol '" + x.Protocol + "' is neither http nor soap."})
			}
			if details != nil {
				return arm.Invalid(details...)
			}
			return nil
		}
		// A folder may have them on a pool, where they play no part; APIM's API
		// refuses them.
		for name, value := range map[string]string{"url": x.URL, "protocol": x.Protocol} {
			if value != "" {
				details = append(details, arm.Detail{Target: name, Message: "'" + name + "' is not supported for backend pool."})
			}
		}
		slices.SortFunc(details, func(a, b arm.Detail) int { return strings.Compare(b.Target, a.Target) })
		if x.Pool != nil {
			for _, m := range x.Pool.Services {
				if m.ID != "" && p.contents.Backend(m.ID) == nil {
					details = append(details, arm.Detail{Target: "pool", Message: "Backend Entity '" + apim.Tail(m.ID) + "' not found."})
				}
			}
		}
		if details != nil {
			return arm.Invalid(details...)
		}
		return nil
	})
}

// reconnect is APIM's way to have a backend's connections made anew. Which of
// them are whose is not kept, so it is all that are idle.
func reconnect(c *call, _ *place, _ entry) *arm.Error {
	if c.server.Reconnect != nil {
		c.server.Reconnect()
	}
	c.w.WriteHeader(http.StatusAccepted)
	return nil
}

func diagnostics(path string, list func(p *place) *[]*apim.Diagnostic) *kind {
	return resources(kind{
		path: path, shown: path, what: "Diagnostic", required: []string{"loggerId"}, filter: []string{"name"},
	}, list, func(_ *call, p *place, x, _ *apim.Diagnostic) error {
		if p.contents.Logger(x.LoggerID) == nil {
			return arm.Invalid(arm.Detail{Target: "loggerId", Message: "Logger '" + apim.Tail(x.LoggerID) + "' could not be found."})
		}
		return nil
	})
}

// systemGroups are the groups that every service has.
var systemGroups = []*apim.Group{
	{Resource: apim.Resource{Name: "administrators"}, DisplayName: "Administrators", Type: "system", Description: "Administrators is a built-in group. Its members manage the service."},
	{Resource: apim.Resource{Name: "developers"}, DisplayName: "Developers", Type: "system", Description: "Developers is a built-in group. Its members use the APIs."},
	{Resource: apim.Resource{Name: "guests"}, DisplayName: "Guests", Type: "system", Description: "Guests is a built-in group. Its members are not signed in."},
}

func groups() *kind {
	k := resources(kind{
		path: "groups", shown: "groups", what: "Group", required: []string{"displayName"}, readOnly: []string{"builtIn"},
		filter: []string{"name", "displayName", "description", "externalId"},
		show: func(_ *call, p *place, e entry) *tree.Node {
			x := e.x.(*apim.Group)
			return with(project(p, x), "builtIn", &tree.Node{Kind: tree.Bool, Text: map[bool]string{true: "true", false: "false"}[x.Type == "system"]})
		},
	}, func(p *place) *[]*apim.Group { return &p.contents.Groups }, nil)
	own, drop := k.items, k.drop
	k.items = func(p *place) []entry {
		list := own(p)
		if p.workspace != "" {
			return list
		}
		for _, g := range systemGroups {
			if !slices.ContainsFunc(list, func(e entry) bool { return strings.EqualFold(e.name, g.Name) }) {
				list = append(list, entry{g.Name, g})
			}
		}
		slices.SortStableFunc(list, func(a, b entry) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
		return list
	}
	k.drop = func(c *call, p *place, e entry) error {
		if e.x.(*apim.Group).Type == "system" {
			return arm.Errorf(405, "MethodNotAllowed", "A system group cannot be deleted.")
		}
		return drop(c, p, e)
	}
	return k
}

func gateways() *kind {
	return resources(kind{
		path: "gateways", shown: "gateways", what: "Gateway", filter: []string{"name", "description"},
		enter: func(p *place, e entry) { p.gateway = e.x.(*apim.Gateway) },
		actions: map[string]action{
			"listdebugcredentials": listDebugCredentials, "listtrace": listTrace, "invalidatedebugcredentials": invalidateDebugCredentials,
		},
	}, func(p *place) *[]*apim.Gateway { return &p.state.Service.Gateways }, func(_ *call, _ *place, x, old *apim.Gateway) error {
		if strings.EqualFold(x.Name, "managed") {
			return arm.Invalid(arm.Detail{Target: "name", Message: "'managed' stands for the gateway of the service itself."})
		}
		if old != nil {
			x.APIs = old.APIs
		}
		return nil
	})
}
