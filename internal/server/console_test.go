package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The console's files need no token, and open nothing that does. Nobody who
// addresses the port by a name of their own gets even those.
func TestConsole(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	get := func(path, host string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", r.info.Management+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(b)
	}
	status, header, text := get("/", "")
	if status != 200 || !strings.Contains(text, "main.js") || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") {
		t.Errorf("%d %v %s", status, header, text)
	}
	if strings.Contains(text, r.info.Token) {
		t.Error("the token is in the page")
	}
	for path, want := range map[string]int{"/main.js": 200, "/views/overview.js": 200, "/views/nothing.js": 404, "/regions": 401, "/metrics": 401, "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/x/apis": 401} {
		if status, _, text := get(path, ""); status != want {
			t.Errorf("%s: %d, want %d: %s", path, status, want, text)
		}
	}
	if status, _, _ := get("/", "evil.example:8081"); status != 403 {
		t.Errorf("another host: %d", status)
	}
}

// Where no regions are simulated the list is empty, and the rest is not there.
func TestNoRegions(t *testing.T) {
	r := run(t, config(t, t.TempDir()))
	if status, text := r.face("GET", "/regions", ""); status != 200 || strings.TrimSpace(text) != "[]" {
		t.Errorf("%d %s", status, text)
	}
	if status, text := r.face("GET", "/regions/eastus/requests", ""); status != 404 {
		t.Errorf("%d %s", status, text)
	}
}
