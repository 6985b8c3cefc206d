package artifact

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
)

// Supply is a service like s with values that its folder does not hold: of
// named values, by display name or resource name, and primary keys of
// subscriptions, by name. It returns the names that the service does not have.
// s itself stays as it is; what is supplied is never written into a folder.
// Resources of workspaces are named "workspace/name".
func Supply(s *apim.Service, values, keys map[string]string) (supplied *apim.Service, unknownValues, unknownKeys []string) {
	out := *s
	out.Workspaces = slices.Clone(s.Workspaces)
	for i, w := range s.Workspaces {
		c := *w
		out.Workspaces[i] = &c
	}
	for _, c := range allContents(&out) {
		c.NamedValues, c.Subscriptions = slices.Clone(c.NamedValues), slices.Clone(c.Subscriptions)
	}
	for _, name := range sortedKeys(values) {
		c, rest := contentsOf(&out, name)
		i := slices.IndexFunc(c.NamedValues, func(n *apim.NamedValue) bool { return strings.EqualFold(n.DisplayName, rest) })
		if i < 0 {
			i = slices.IndexFunc(c.NamedValues, func(n *apim.NamedValue) bool { return strings.EqualFold(n.Name, rest) })
		}
		if i < 0 {
			unknownValues = append(unknownValues, name)
			continue
		}
		n := *c.NamedValues[i]
		n.Value, n.HasValue, n.Supplied = values[name], true, true
		c.NamedValues[i] = &n
	}
	for _, name := range sortedKeys(keys) {
		c, rest := contentsOf(&out, name)
		i := slices.IndexFunc(c.Subscriptions, func(x *apim.Subscription) bool { return strings.EqualFold(x.Name, rest) })
		if i < 0 {
			unknownKeys = append(unknownKeys, name)
			continue
		}
		x := *c.Subscriptions[i]
		x.PrimaryKey, x.KeysSupplied = keys[name], true
		c.Subscriptions[i] = &x
	}
	return &out, unknownValues, unknownKeys
}

// contentsOf is the service's contents, or those of the workspace before a
// slash.
func contentsOf(s *apim.Service, name string) (*apim.Contents, string) {
	if workspace, rest, found := strings.Cut(name, "/"); found {
		if w := s.Workspace(workspace); w != nil {
			return &w.Contents, rest
		}
	}
	return &s.Contents, name
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return sortedNames(keys)
}

// WithoutKeys are the names of the subscriptions that no key opens: extracted
// folders hold none. Those of workspaces are "workspace/name".
func WithoutKeys(s *apim.Service) []string {
	var names []string
	add := func(prefix string, c *apim.Contents) {
		for _, x := range c.Subscriptions {
			if x.PrimaryKey == "" && x.SecondaryKey == "" {
				names = append(names, prefix+x.Name)
			}
		}
	}
	add("", &s.Contents)
	for _, w := range s.Workspaces {
		add(w.Name+"/", &w.Contents)
	}
	return names
}

// NewKey makes a random subscription key in APIM's form: 32 hexadecimal
// digits.
func NewKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
