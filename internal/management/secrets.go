package management

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/internal/tree"
)

// namedValues is the row of named values. A secret's value is kept apart from
// the folder, and shown by listValue alone.
func namedValues() *kind {
	return resources(kind{
		path: "namedvalues", shown: "namedValues", what: "NamedValue", provisioned: true,
		required: []string{"displayName"}, filter: []string{"name", "displayName", "tags"},
		show: func(c *call, p *place, e entry) *tree.Node {
			x := e.x.(*apim.NamedValue)
			n := project(p, x)
			if x.Sensitive() {
				n = without(n, "value")
			}
			return withStatus(c, n, x)
		},
		secret: func(e entry) string { return e.x.(*apim.NamedValue).Value },
		keep: func(c *call, e entry) bool {
			failed := c.query.Get("isKeyVaultRefreshFailed")
			if failed == "" || c.server.Vault == nil {
				return true
			}
			x := e.x.(*apim.NamedValue)
			return (x.KeyVault != nil && c.server.Vault.Status(*x.KeyVault).Failed()) == strings.EqualFold(failed, "true")
		},
		drop: func(_ *call, p *place, e entry) error {
			p.contents.NamedValues = slices.DeleteFunc(p.contents.NamedValues, func(x *apim.NamedValue) bool { return x.Name == e.name })
			delete(p.state.Secrets.NamedValues, store.Key(p.workspace, e.name))
			return nil
		},
		actions: map[string]action{"listvalue": listValue, "refreshsecret": refreshSecret, "listreferences": namedValueReferences},
	}, func(p *place) *[]*apim.NamedValue { return &p.contents.NamedValues }, checkNamedValue)
}

// withStatus adds to a named value what became of the last reading of its Key
// Vault.
func withStatus(c *call, n *tree.Node, x *apim.NamedValue) *tree.Node {
	vault := n.Get("keyVault")
	if x.KeyVault == nil || vault == nil {
		return n
	}
	vault = without(vault, "lastStatus")
	if c.server.Vault == nil || c.query == nil { // an entity tag is not of it
		return with(n, "keyVault", vault)
	}
	if s := c.server.Vault.Status(*x.KeyVault); s.Code != "" {
		vault = with(vault, "lastStatus", object("code", s.Code, "message", s.Message, "timeStampUtc", s.Time.UTC().Format(time.RFC3339)))
	}
	return with(n, "keyVault", vault)
}

// readVault reads the secret that a named value refers to. What cannot be read
// now is refused: nobody would know later why there is no value.
func readVault(c *call, x *apim.NamedValue) *arm.Error {
	if c.server.Vault == nil {
		return nil
	}
	if err := c.server.Vault.Read(c.r.Context(), *x.KeyVault); err != nil {
		return arm.Errorf(http.StatusBadRequest, "ValidationError", "The secret of named value '%s' cannot be read from its Key Vault: %s.", x.DisplayName, strings.TrimRight(err.Error(), "."))
	}
	return nil
}

func checkNamedValue(c *call, p *place, x, old *apim.NamedValue) error {
	properties := parse(x.Properties)
	given := properties.Get("value") != nil
	key := store.Key(p.workspace, x.Name)
	if from := c.server.Given("namedValues", x.DisplayName); from != "" && p.workspace == "" {
		if given && (old == nil || x.Value != old.Value) {
			return arm.Errorf(http.StatusConflict, "Conflict", "The value of named value '%s' is set in spillway.yaml, which wins over what is set here (%s). Change it there.", x.DisplayName, from)
		}
		if old != nil {
			x.Value, x.HasValue, x.Supplied = old.Value, old.HasValue, true
		}
		if x.Secret {
			x.Properties = without(properties, "value").JSON()
		}
		return nil
	}
	switch {
	case x.KeyVault != nil:
		if x.KeyVault.SecretIdentifier == "" {
			return arm.Invalid(arm.Detail{Target: "keyVault", Message: "A reference to a Key Vault needs its secretIdentifier."})
		}
		if old == nil || old.KeyVault == nil || *old.KeyVault != *x.KeyVault {
			if e := readVault(c, x); e != nil {
				return e
			}
		}
	case !given && old != nil && old.HasValue && old.KeyVault == nil && c.r.Method == http.MethodPatch && !x.Secret:
		// A secret that is none any more: its value can be seen from now on.
		x.Value, given = old.Value, true
		properties = with(properties, "value", text(x.Value))
		x.Properties = properties.JSON()
	case !given && old != nil && old.Secret && x.Secret:
		// Whoever reads a secret and writes it back does not have its value.
		x.Value, x.HasValue, x.Supplied = old.Value, old.HasValue, old.Supplied
		if old.HasValue {
			p.state.Secrets.NamedValues[key] = old.Value
			x.Supplied = true
		}
		return nil
	case !given:
		return arm.Invalid(arm.Detail{Target: "value", Message: "Property 'value' is required."})
	}
	if x.KeyVault != nil {
		// Whoever read the value's status may write it back with all the rest.
		properties = with(properties, "keyVault", without(properties.Get("keyVault"), "lastStatus"))
		x.Properties = properties.JSON()
	}
	x.HasValue = given
	delete(p.state.Secrets.NamedValues, key)
	if x.Secret && given {
		p.state.Secrets.NamedValues[key] = x.Value
		x.Supplied = true
		x.Properties = without(properties, "value").JSON()
	}
	return nil
}

func listValue(c *call, _ *place, e entry) *arm.Error {
	x := e.x.(*apim.NamedValue)
	if !x.HasValue {
		return arm.Errorf(http.StatusNotFound, "ResourceNotFound", "The named value '%s' has no value yet.", x.Name)
	}
	c.w.Header().Set("ETag", c.server.tags.Of([]byte(x.Value)))
	arm.Answer(c.w, http.StatusOK, map[string]string{"value": x.Value})
	return nil
}

// refreshSecret reads again where a value comes from: its Key Vault, as in APIM,
// or whatever spillway.yaml names.
func refreshSecret(c *call, p *place, e entry) *arm.Error {
	x := e.x.(*apim.NamedValue)
	if x.KeyVault != nil && (p.workspace != "" || c.server.Given("namedValues", x.DisplayName) == "") {
		if e := readVault(c, x); e != nil {
			return e
		}
	}
	if c.server.Refresh != nil {
		if e := c.failed(c.server.Refresh()); e != nil {
			return e
		}
	}
	now := c.view()
	now.workspace, now.root, now.id = p.workspace, p.root, p.id
	k, bad := c.walk(now, c.address.Segments[:len(c.address.Segments)-1])
	if bad != nil {
		return bad
	}
	found := find(k, now, e.name)
	if found == nil {
		return arm.NotFound(k.what, e.name)
	}
	arm.Answer(c.w, http.StatusOK, c.envelope(k, now, *found))
	return nil
}

// subscriptions is the row of subscriptions. Keys are kept apart from the
// folder, and shown by listSecrets alone.
func subscriptions() *kind {
	return resources(kind{
		path: "subscriptions", shown: "subscriptions", what: "Subscription",
		required: []string{"displayName", "scope"},
		filter:   []string{"name", "displayName", "stateComment", "ownerId", "scope", "userId", "productId", "state"},
		show: func(_ *call, p *place, e entry) *tree.Node {
			x := e.x.(*apim.Subscription)
			n := without(project(p, x), "primaryKey", "secondaryKey")
			scope := p.root + "/" // the service itself, and so every API
			if relative := strings.Trim(relativeID(x.Scope), "/"); relative != "" {
				scope = p.root + "/" + relative
			}
			return with(n, "scope", text(scope))
		},
		secret: func(e entry) string { x := e.x.(*apim.Subscription); return x.PrimaryKey + "\x00" + x.SecondaryKey },
		field: func(e entry, name string) (string, bool) {
			x := e.x.(*apim.Subscription)
			switch scope, product, _ := apim.ParseSubscriptionScope(x.Scope); {
			case name == "userId":
				return apim.Tail(x.OwnerID), true
			case name == "productId" && scope == apim.ScopeOneProduct:
				return product, true
			}
			return "", name == "productId"
		},
		drop: func(_ *call, p *place, e entry) error {
			dropSubscriptions(p, func(x *apim.Subscription) bool { return x.Name == e.name })
			return nil
		},
		actions: map[string]action{
			"listsecrets": func(c *call, _ *place, e entry) *arm.Error {
				x := e.x.(*apim.Subscription)
				c.w.Header().Set("ETag", c.server.tags.Of([]byte(x.PrimaryKey+"\x00"+x.SecondaryKey)))
				arm.Answer(c.w, http.StatusOK, map[string]string{"primaryKey": x.PrimaryKey, "secondaryKey": x.SecondaryKey})
				return nil
			},
			"regenerateprimarykey":   func(c *call, p *place, e entry) *arm.Error { return regenerate(c, e.name, true) },
			"regeneratesecondarykey": func(c *call, p *place, e entry) *arm.Error { return regenerate(c, e.name, false) },
		},
	}, func(p *place) *[]*apim.Subscription { return &p.contents.Subscriptions }, checkSubscription)
}

func checkSubscription(c *call, p *place, x, old *apim.Subscription) error {
	if scope, _, _ := apim.ParseSubscriptionScope(x.Scope); scope == apim.ScopeInvalid {
		return arm.Invalid(arm.Detail{Target: "scope", Message: "Scope '" + x.Scope + "' is none of a product, an API, all APIs or the service."})
	}
	properties := without(parse(x.Properties), "primaryKey", "secondaryKey")
	if x.Scope == "" {
		properties = with(properties, "scope", text("/"))
	}
	if x.CreatedDate.IsZero() {
		if old != nil && !old.CreatedDate.IsZero() {
			x.CreatedDate = old.CreatedDate
		} else if old == nil {
			x.CreatedDate = c.server.Now().UTC().Truncate(time.Second)
		}
		if !x.CreatedDate.IsZero() {
			properties = with(properties, "createdDate", text(x.CreatedDate.Format(time.RFC3339)))
		}
	}
	x.Properties = properties.JSON()
	if from := c.server.Given("subscriptions", x.Name); from != "" && p.workspace == "" && x.PrimaryKey != "" && (old == nil || x.PrimaryKey != old.PrimaryKey) {
		return arm.Errorf(http.StatusConflict, "Conflict", "The primary key of subscription '%s' is set in spillway.yaml, which wins over what is set here (%s). Change it there.", x.Name, from)
	}
	var was store.Keys
	if old != nil {
		was = store.Keys{Primary: old.PrimaryKey, Secondary: old.SecondaryKey}
	}
	x.PrimaryKey = cmp.Or(x.PrimaryKey, was.Primary, newKey())
	x.SecondaryKey = cmp.Or(x.SecondaryKey, was.Secondary, newKey())
	for name, key := range map[string]string{"primaryKey": x.PrimaryKey, "secondaryKey": x.SecondaryKey} {
		if taken(p, x.Name, key) {
			return arm.Invalid(arm.Detail{Target: name, Message: "Another subscription has this key."})
		}
	}
	x.KeysSupplied = true
	p.state.Secrets.Subscriptions[store.Key(p.workspace, x.Name)] = store.Keys{Primary: x.PrimaryKey, Secondary: x.SecondaryKey}
	return nil
}

// taken reports whether another subscription is opened by a key.
func taken(p *place, name, key string) bool {
	all := []*apim.Contents{&p.state.Service.Contents}
	for _, w := range p.state.Service.Workspaces {
		all = append(all, &w.Contents)
	}
	for _, c := range all {
		for _, x := range c.Subscriptions {
			if (x.PrimaryKey == key || x.SecondaryKey == key) && (c != p.contents || !strings.EqualFold(x.Name, name)) {
				return true
			}
		}
	}
	return false
}

func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// regenerate gives a subscription a new key; the other one goes on opening it.
func regenerate(c *call, name string, primary bool) *arm.Error {
	segments := c.address.Segments[:len(c.address.Segments)-1]
	e := c.change(func(state *store.State) error {
		p := c.at(state)
		k, e := c.walk(p, segments)
		if e != nil {
			return e
		}
		found := find(k, p, name)
		if found == nil {
			return arm.NotFound(k.what, name)
		}
		x := found.x.(*apim.Subscription)
		if from := c.server.Given("subscriptions", x.Name); primary && from != "" && p.workspace == "" {
			return arm.Errorf(http.StatusConflict, "Conflict", "The primary key of subscription '%s' is set in spillway.yaml (%s). Change it there.", x.Name, from)
		}
		keys := store.Keys{Primary: x.PrimaryKey, Secondary: x.SecondaryKey}
		if primary {
			keys.Primary = newKey()
		} else {
			keys.Secondary = newKey()
		}
		x.PrimaryKey, x.SecondaryKey, x.KeysSupplied = keys.Primary, keys.Secondary, true
		x.Properties = without(parse(x.Properties), "primaryKey", "secondaryKey").JSON()
		p.state.Secrets.Subscriptions[store.Key(p.workspace, x.Name)] = keys
		return nil
	})
	if e == nil {
		arm.Answer(c.w, http.StatusNoContent, nil)
	}
	return e
}

// dropSubscriptions takes subscriptions away with their keys.
func dropSubscriptions(p *place, which func(*apim.Subscription) bool) {
	p.contents.Subscriptions = slices.DeleteFunc(p.contents.Subscriptions, func(x *apim.Subscription) bool {
		if !which(x) {
			return false
		}
		delete(p.state.Secrets.Subscriptions, store.Key(p.workspace, x.Name))
		return true
	})
}
