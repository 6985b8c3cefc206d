package exchange

import (
	"strings"

	"github.com/spillway-gateway/spillway/policy/trace"
)

// TracedField is a header line as traces show it.
type TracedField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Traced are the lines as a trace shows them: values of headers that carry
// credentials are hidden. also names further such headers, like an API's own
// key header.
func (h Header) Traced(also ...string) []TracedField {
	list := make([]TracedField, 0, len(h))
	for _, f := range h {
		v := f.Value
		if trace.SecretName(f.Name) || foldedIn(f.Name, also) {
			v = trace.Hidden
		}
		list = append(list, TracedField{f.Name, trace.Text(v)})
	}
	return list
}

// Traced is the address as traces and logs show it: values of query parameters
// that carry credentials are hidden.
func (u URL) Traced(also ...string) string {
	if u.Query == "" {
		return u.String()
	}
	parts := strings.Split(u.Query, "&")
	for i, part := range parts {
		name, _, ok := strings.Cut(part, "=")
		if ok && (trace.SecretName(name) || foldedIn(name, also)) {
			parts[i] = name + "=" + trace.Hidden
		}
	}
	u.Query = strings.Join(parts, "&")
	return u.String()
}

func foldedIn(name string, list []string) bool {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}
