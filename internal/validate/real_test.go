package validate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spillway-gateway/spillway/internal/validate"
)

// TestRealPool holds that a pool's priorities are what its real regions are
// measured by, also while proxies stand before them.
func TestRealPool(t *testing.T) {
	t.Parallel()
	s, _ := realRegionsOf(t, "pool", nil)
	o := s.options()
	o.Control = ""
	want(t, s.take(o, 4)[0], validate.Success, "", "")
	o.Consent = true
	want(t, s.take(o, 4)[0], validate.Success, "the pool openai", "")
}

// TestBackendsWithoutCredentials holds that regions behind backends are looked at
// with the key that the policy, and not the backend, sends.
func TestBackendsWithoutCredentials(t *testing.T) {
	t.Parallel()
	s, _ := realRegionsOf(t, "azure-openai", func(dir string) {
		for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
			file := filepath.Join(dir, "backends", name, "backendInformation.json")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(`{"properties": {"url": "{{endpoint-`+name+`}}", "protocol": "http"}}`), 0o644); err != nil {
				t.Fatal(err)
			}
			edit(t, dir, fragment, `base-url="{{endpoint-`+name+`}}"`, `backend-id="`+name+`"`)
		}
	})
	o := s.options()
	o.Control, o.Consent = "", true
	results := s.take(o, 1, 3, 6)
	want(t, results[0], validate.Success, "", "")
	want(t, results[1], validate.Success, "each with its own key", "")
	want(t, results[2], validate.Success, "", "")
}
