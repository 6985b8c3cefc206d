package server

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProblemsFace holds GET /problems to what a folder goes through: sound,
// broken by an editor, mended by a write of the management API's.
func TestProblemsFace(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	type answer struct {
		Refused  bool
		More     int
		Problems []struct {
			File, Severity, Code, Drawn string
			Line                        int
		}
	}
	problems := func() (a answer) {
		t.Helper()
		status, text := r.face("GET", "/problems", "")
		if err := json.Unmarshal([]byte(text), &a); err != nil || status != 200 || !strings.Contains(text, `"problems":[`) {
			t.Fatalf("%d %s", status, text)
		}
		return a
	}
	if a := problems(); a.Refused || len(a.Problems) != 0 {
		t.Errorf("a sound folder: %+v", a)
	}
	file := filepath.Join(r.dir, "policy.xml")
	sound, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("<policies>\n    <inbound>\n        <set-hoder />\n    </inbound>\n</policies>\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	within(t, 30*time.Second, "the refusal", func() bool { return problems().Refused })
	a := problems()
	if len(a.Problems) == 0 || a.Problems[0].File != "policy.xml" || a.Problems[0].Line != 3 || a.Problems[0].Severity != "error" || !strings.Contains(a.Problems[0].Drawn, "<set-hoder />\n") || !strings.Contains(a.Problems[0].Drawn, "^^^") {
		t.Errorf("the broken folder: %+v", a)
	}
	r.call("PUT", "/policies/policy", properties("format", "rawxml", "value", string(sound))).want(t, 200)
	if a := problems(); a.Refused || len(a.Problems) != 0 {
		t.Errorf("the folder that a write has mended: %+v", a)
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{{"POST", "/problems", 405}, {"GET", "/problems/one", 404}, {"HEAD", "/problems", 200}} {
		if status, _ := r.face(c.method, c.path, ""); status != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, status, c.status)
		}
	}
}
