package validate

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// realRegions finds regions that are no simulated ones: single backends with a
// key of their own, and named values that hold an endpoint, each with the named
// value of its key. With consent they are seen through proxies.
func (c *Check) realRegions(ctx context.Context) error {
	if c.arm == nil {
		return nil
	}
	backends, err := c.arm.backends(ctx)
	if err != nil {
		return err
	}
	values, err := c.arm.namedValues(ctx)
	if err != nil {
		return err
	}
	known := map[string]int{} // where an origin stands in the list
	add := func(name, address, key string) {
		at := origin(address)
		if i, ok := known[at]; ok && key != "" && c.list[i].keys == nil {
			// A policy sends the key that a backend has no credentials for.
			c.list[i].keys = []string{key}
		}
		if _, ok := known[at]; ok || at == "" {
			return
		}
		known[at] = len(c.list)
		r := region{name: name, address: endpointOf(address)}
		if key != "" {
			r.keys = []string{key}
		}
		c.list = append(c.list, r)
	}
	for _, b := range backends {
		if b.key != "" || azureOpenAI(b.url) {
			add(b.id, b.url, b.key)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key := keyFor(name, values)
		if origin(values[name]) != "" && (azureOpenAI(values[name]) || key != "" && endpointName(name)) {
			add(regionWord(name), values[name], key)
		}
	}
	if c.Consent && len(c.list) > 0 {
		c.shadows = newShadows(c)
		c.far = c.shadows
	}
	return nil
}

// endpointOf cuts what clients add to an endpoint.
func endpointOf(address string) string {
	at, _, _ := strings.Cut(strings.TrimRight(strings.TrimSpace(address), "/"), "/openai")
	return at
}

// azureOpenAI reports whether a URL has one of Azure's host names for it.
func azureOpenAI(address string) bool {
	at := origin(address)
	for _, domain := range []string{".openai.azure.", ".cognitiveservices.azure.", ".services.ai.azure."} {
		if strings.Contains(at, domain) {
			return true
		}
	}
	return false
}

// The words by which people name the two named values of a region. What is left
// of a name without them is the region.
var (
	endpointWords = []string{"endpoint", "url", "uri", "baseurl", "host"}
	keyWords      = []string{"key", "apikey", "secret", "token"}
	otherWords    = []string{"openai", "aoai", "azure", "api", "backend", "base", "service"}
)

// parted are the words of a name: eastus-endpoint, EASTUS_KEY, keyEastUS.
func parted(name string) []string {
	var b strings.Builder
	var before rune
	for _, r := range name {
		switch {
		case r == '-' || r == '_' || r == '.' || r == ' ':
			b.WriteByte(' ')
		case r >= 'A' && r <= 'Z' && before >= 'a' && before <= 'z':
			b.WriteByte(' ')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return strings.Fields(strings.ToLower(b.String()))
}

func without(words []string, lists ...[]string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool {
		return slices.ContainsFunc(lists, func(l []string) bool { return slices.Contains(l, w) })
	}), "-")
}

func regionWord(name string) string {
	return cmp.Or(without(parted(name), endpointWords, otherWords), name)
}

func endpointName(name string) bool {
	return slices.ContainsFunc(parted(name), func(w string) bool { return slices.Contains(endpointWords, w) })
}

// keyFor is the value of the named value that is named like an endpoint's, but
// as a key; "" when there is none.
func keyFor(endpoint string, values map[string]string) string {
	want := without(parted(endpoint), endpointWords, otherWords)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		words := parted(name)
		if !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(keyWords, w) }) || origin(values[name]) != "" {
			continue
		}
		if without(words, keyWords, otherWords) == want {
			return values[name]
		}
	}
	return ""
}

// use is a place in the service that leads to a region.
type use struct {
	path     string // of the resource
	property string // that holds the address
	old      string
}

// uses are the places that hold a region's address as a whole or before a path.
func (m *management) uses(ctx context.Context, r region) ([]use, error) {
	var list []use
	collect := func(path, property string) error {
		var all struct {
			Value []struct {
				Name       string
				Properties map[string]any
			}
		}
		if err := m.resource(ctx, http.MethodGet, path, nil, &all); err != nil {
			return err
		}
		for _, v := range all.Value {
			old, _ := v.Properties[property].(string)
			if old != "" && origin(old) == origin(r.address) {
				list = append(list, use{path + "/" + v.Name, property, old})
			}
		}
		return nil
	}
	if err := collect("/namedValues", "value"); err != nil {
		return nil, err
	}
	if err := collect("/backends", "url"); err != nil {
		return nil, err
	}
	return list, nil
}

// set changes one property of a resource.
func (m *management) set(ctx context.Context, u use, value string) error {
	m.values = nil
	return m.resource(ctx, http.MethodPatch, u.path, map[string]any{"properties": map[string]string{u.property: value}}, nil)
}
