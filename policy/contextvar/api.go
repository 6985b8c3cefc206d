package contextvar

import (
	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var (
	apiFaceDef  = types.Declare(Namespace, "public interface IApi")
	apiDef      = types.Declare(hidden, "public sealed class Api : IApi")
	keyNamesDef = types.Declare(hidden, "public sealed class KeyNames")

	operationDef = types.Declare(hidden, "public sealed class Operation")
	workspaceDef = types.Declare(hidden, "public sealed class Workspace")
)

type api struct {
	a       *apim.API
	service url
	address exchange.URL
	noURL   bool
	keys    keyNames
}

func (a *api) Type() *types.Type { return apiDef.Type() }

type keyNames struct {
	n apim.SubscriptionKeyParameterNames
}

func (k *keyNames) Type() *types.Type { return keyNamesDef.Type() }

// apiOf is an API of the service; x says which base URL policies have in force
// for the one that was matched, which ServiceUrl does not follow.
func apiOf(_ *exchange.Exchange, a *apim.API) value.Value {
	if a == nil {
		return value.Null
	}
	o := &api{a: a, keys: keyNames{a.KeyNames}}
	u, err := exchange.ParseURL(a.ServiceURL)
	o.address, o.noURL = u, err != nil
	o.service.u = &o.address
	return value.Of(o)
}

type operation struct{ o *apim.Operation }

func (o *operation) Type() *types.Type { return operationDef.Type() }

func operationOf(o *apim.Operation) value.Value {
	if o == nil {
		return value.Null
	}
	return value.Of(&operation{o})
}

type workspace struct{ w *apim.Workspace }

func (w *workspace) Type() *types.Type { return workspaceDef.Type() }

func workspaceOf(x *exchange.Exchange) value.Value {
	if x.Workspace == nil {
		return value.Null
	}
	return value.Of(&workspace{x.Workspace})
}

func apiMembers() []value.Members {
	id := text("Id", "The API's id.", func(a *api) string { return a.a.RootName() })
	name := text("Name", "The API's display name.", func(a *api) string { return a.a.DisplayName })
	path := text("Path", "The prefix of the API's addresses, without slashes around.", func(a *api) string { return a.a.Path })
	service := property("IUrl ServiceUrl", "The backend that the API is configured with; null without one.", func(_ *value.Thread, a *api) value.Value {
		if a.noURL {
			return value.Null
		}
		return value.Of(&a.service)
	})
	protocols := property("IEnumerable<string> Protocols", "The schemes that the API is reached by.", func(t *value.Thread, a *api) value.Value {
		var names []string
		for _, p := range a.a.Protocols {
			names = append(names, string(p))
		}
		return t.Strings(names)
	})
	keys := property("KeyNames SubscriptionKeyParameterNames", "The names under which a caller sends its key.", func(_ *value.Thread, a *api) value.Value {
		return value.Of(&a.keys)
	})
	return []value.Members{
		{Def: apiFaceDef, Doc: "An API.", Rows: abstract([]value.Row{id, name, path, service, protocols, keys})},
		{Def: apiDef, Doc: "The API.", Rows: []value.Row{
			id, name, path,
			text("Revision", "The revision.", func(a *api) string { return a.a.Revision }),
			text("Version", "The version; empty for an API without versions.", func(a *api) string { return a.a.Version }),
			flag("IsCurrentRevision", "Whether the revision is the current one.", func(a *api) bool { return a.a.IsCurrent }),
			service, protocols, keys,
		}},
		{Def: keyNamesDef, Doc: "The names of the subscription key.", Rows: []value.Row{
			text("Header", "The header's name.", func(k *keyNames) string { return k.n.Header }),
			text("Query", "The query parameter's name.", func(k *keyNames) string { return k.n.Query }),
		}},
		{Def: operationDef, Doc: "The operation.", Rows: []value.Row{
			text("Id", "The operation's id.", func(o *operation) string { return o.o.Name }),
			text("Method", "The method it answers to.", func(o *operation) string { return o.o.Method }),
			text("Name", "Its display name.", func(o *operation) string { return o.o.DisplayName }),
			text("UrlTemplate", "Its URL template.", func(o *operation) string { return o.o.URLTemplate }),
		}},
		{Def: workspaceDef, Doc: "The workspace of the API.", Rows: []value.Row{
			text("Id", "The workspace's id.", func(w *workspace) string { return w.w.Name }),
			text("Name", "Its display name.", func(w *workspace) string { return w.w.DisplayName }),
		}},
	}
}
