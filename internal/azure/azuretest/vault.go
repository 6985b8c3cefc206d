package azuretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Vaults are Key Vaults, one for every name that is asked for.
type Vaults struct {
	entra *Entra

	mu      sync.Mutex
	secrets map[string][]string // "vault/name" → versions, newest last
	down    bool
	denied  bool
	reads   int
}

// Set gives a secret a new version.
func (v *Vaults) Set(vault, name, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secrets == nil {
		v.secrets = map[string][]string{}
	}
	key := strings.ToLower(vault + "/" + name)
	v.secrets[key] = append(v.secrets[key], value)
}

// Get is the newest version of a secret.
func (v *Vaults) Get(vault, name string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	versions := v.secrets[strings.ToLower(vault+"/"+name)]
	if len(versions) == 0 {
		return "", false
	}
	return versions[len(versions)-1], true
}

// Down makes all vaults answer 503, or brings them back.
func (v *Vaults) Down(down bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = down
}

// Deny makes all vaults refuse every identity, or take them again.
func (v *Vaults) Deny(denied bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.denied = denied
}

// Reads is how many secrets were read.
func (v *Vaults) Reads() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reads
}

func (v *Vaults) serve(w http.ResponseWriter, r *http.Request, vault string) {
	v.mu.Lock()
	down, denied := v.down, v.denied
	v.mu.Unlock()
	if down {
		fail(w, http.StatusServiceUnavailable, "ServiceUnavailable", "The vault cannot be reached.")
		return
	}
	if !v.entra.accepts(r, "https://vault.azure.net") {
		w.Header().Set("WWW-Authenticate", `Bearer authorization="https://`+LoginHost+`/`+Tenant+`", resource="https://vault.azure.net"`)
		fail(w, http.StatusUnauthorized, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
		return
	}
	if denied {
		answer(w, http.StatusForbidden, map[string]any{"error": map[string]any{
			"code":       "Forbidden",
			"message":    "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
			"innererror": map[string]any{"code": "ForbiddenByRbac"},
		}})
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 || parts[0] != "secrets" {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodPut {
		var body struct {
			Value string `json:"value"`
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			fail(w, http.StatusBadRequest, "BadParameter", "The request body is not JSON.")
			return
		}
		v.Set(vault, parts[1], body.Value)
	}
	v.mu.Lock()
	versions := v.secrets[strings.ToLower(vault+"/"+parts[1])]
	if r.Method == http.MethodGet {
		v.reads++
	}
	v.mu.Unlock()
	n := len(versions)
	if len(parts) > 2 {
		if _, err := fmt.Sscanf(parts[2], "v%d", &n); err != nil || n > len(versions) {
			n = 0
		}
	}
	if n == 0 {
		fail(w, http.StatusNotFound, "SecretNotFound", fmt.Sprintf("A secret with (name/id) %s was not found in this key vault.", parts[1]))
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"value": versions[n-1], "id": fmt.Sprintf("https://%s.vault.azure.net/secrets/%s/v%d", vault, parts[1], n),
		"attributes": map[string]any{"enabled": true},
	})
}
