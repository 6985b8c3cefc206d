package management

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/store"
)

// Credentials of loggers and caches are secrets that stand in no secret named
// value. APIM makes one for each that it is sent in the open, and shows the
// reference to it from then on; so nobody reads them back, and no folder has them.

// madeFor is the display name of a named value that was made so.
var madeFor = regexp.MustCompile(`^(Logger-Credentials--)?[0-9a-f]{24}$`)

// loggerPrefix begins the display names of those of loggers.
const loggerPrefix = "Logger-Credentials--"

// conceal keeps a text as a secret named value, unless it is a reference already,
// and gives the reference. was is the reference that stood there before, whose
// named value then gets the text.
func conceal(p *place, prefix, text, was string) string {
	if text == "" || strings.Contains(text, "{{") {
		return text
	}
	n := made(p, was)
	if n == nil {
		var b [12]byte
		_, _ = rand.Read(b[:])
		id := hex.EncodeToString(b[:])
		n = &apim.NamedValue{Resource: apim.Resource{Name: id, Properties: object("displayName", prefix+id).JSON()}, DisplayName: prefix + id, Secret: true}
		n.Properties = with(parse(n.Properties), "secret", yes).JSON()
		keep(&p.contents.NamedValues, n, func(x *apim.NamedValue) string { return x.Name })
	}
	n.Value, n.HasValue, n.Supplied = text, true, true
	p.state.Secrets.NamedValues[store.Key(p.workspace, n.Name)] = text
	return "{{" + n.DisplayName + "}}"
}

// made is the named value that a reference leads to, if it was made by conceal.
func made(p *place, reference string) *apim.NamedValue {
	name := strings.TrimSuffix(strings.TrimPrefix(reference, "{{"), "}}")
	if !madeFor.MatchString(name) {
		return nil
	}
	return p.contents.NamedValue(name)
}

// forget removes what conceal made for a resource that goes.
func forget(p *place, reference string) {
	if n := made(p, reference); n != nil {
		delete(p.state.Secrets.NamedValues, store.Key(p.workspace, n.Name))
		p.contents.NamedValues = slices.DeleteFunc(p.contents.NamedValues, func(x *apim.NamedValue) bool { return x == n })
	}
}

func loggers() *kind {
	list := func(p *place) *[]*apim.Logger { return &p.contents.Loggers }
	k := resources(kind{
		path: "loggers", shown: "loggers", what: "Logger", required: []string{"loggerType"},
		filter: []string{"name", "description", "loggerType", "resourceId"},
	}, list, func(_ *call, p *place, x, old *apim.Logger) error {
		properties := parse(x.Properties)
		for _, name := range []string{"instrumentationKey", "connectionString"} {
			given := x.Credentials[name]
			if given == "" {
				continue
			}
			was := ""
			if old != nil {
				was = old.Credentials[name]
			}
			x.Credentials[name] = conceal(p, loggerPrefix, given, was)
			properties = with(properties, "credentials", with(properties.Get("credentials"), name, text(x.Credentials[name])))
		}
		x.Properties = properties.JSON()
		return nil
	})
	drop := k.drop
	k.drop = func(c *call, p *place, e entry) error {
		for _, reference := range e.x.(*apim.Logger).Credentials {
			forget(p, reference)
		}
		return drop(c, p, e)
	}
	return k
}

func caches() *kind {
	k := resources(kind{
		path: "caches", shown: "caches", what: "Cache", required: []string{"connectionString", "useFromLocation"},
	}, func(p *place) *[]*apim.Cache { return &p.state.Service.Caches }, func(_ *call, p *place, x, old *apim.Cache) error {
		was := ""
		if old != nil {
			was = old.ConnectionString
		}
		x.ConnectionString = conceal(p, "", x.ConnectionString, was)
		x.Properties = with(parse(x.Properties), "connectionString", text(x.ConnectionString)).JSON()
		return nil
	})
	drop := k.drop
	k.drop = func(c *call, p *place, e entry) error {
		forget(p, e.x.(*apim.Cache).ConnectionString)
		return drop(c, p, e)
	}
	return k
}
