package trace

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Hidden stands where a secret was.
const Hidden = "***"

// shortestSecret is the length in bytes below which a text is not masked: the
// places it would be found at by chance outnumber the real ones.
const shortestSecret = 6

// Mask replaces known secrets in text. It knows them as they are, as JSON
// spells them and as URLs spell them. It is immutable; nil masks nothing.
type Mask struct{ replacer *strings.Replacer }

// NewMask is a mask for these secrets.
func NewMask(secrets []string) *Mask {
	var forms []string
	for _, s := range secrets {
		if len(s) < shortestSecret {
			continue
		}
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s))
		forms = append(forms, inJSON(string(render(s))))
		if b, err := json.Marshal(s); err == nil {
			forms = append(forms, inJSON(string(b)))
		}
	}
	if len(forms) == 0 {
		return nil
	}
	// Longer ones first, or a secret that begins with another would leave its end.
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, Hidden)
	}
	return &Mask{strings.NewReplacer(pairs...)}
}

func inJSON(quoted string) string { return quoted[1 : len(quoted)-1] }

// Apply is text without the secrets.
func (m *Mask) Apply(text string) string {
	if m == nil {
		return text
	}
	return m.replacer.Replace(text)
}

// secretNames are headers and query parameters whose values are credentials.
var secretNames = []string{
	"authorization", "proxy-authorization", "api-key", "x-api-key", "ocp-apim-subscription-key",
	"subscription-key", "x-functions-key", "apim-debug-authorization", "cookie", "set-cookie",
	"sig", "code", "key", "access_token", "client_secret", "password",
}

// SecretName reports whether a header or query parameter of that name carries
// a credential by custom. An API's own key names come on top.
func SecretName(name string) bool {
	for _, s := range secretNames {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}
