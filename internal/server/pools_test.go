package server

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
)

// TestPoolsFace holds GET /pools, the metrics and the log to what happens to a
// pool, and the live state to a change of the folder.
func TestPoolsFace(t *testing.T) {
	fsys, err := examples.FS("pool")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "service")
	if err := os.CopyFS(dir, fsys); err != nil {
		t.Fatal(err)
	}
	c := config(t, dir)
	log := &lockedBuffer{}
	c.Log = log
	r := run(t, c)
	type member struct {
		Backend, Breaker      string
		Priority, Weight      int
		InFlight              *int
		OpenUntil, NextReturn *time.Time
		Belief                json.RawMessage
	}
	type pool struct {
		Name, Strategy string
		Members        []member
	}
	pools := func() pool {
		t.Helper()
		status, text := r.face("GET", "/pools", "")
		var list []pool
		if err := json.Unmarshal([]byte(text), &list); err != nil || status != 200 || len(list) != 1 || len(list[0].Members) != 3 {
			t.Fatalf("%d %s", status, text)
		}
		for _, word := range []string{`"openUntil":`, `"nextReturn":`, `"belief":null`, `"inFlight":`} {
			if strings.Count(text, word) != 3 {
				t.Errorf("%s does not occur for each member: %s", word, text)
			}
		}
		return list[0]
	}
	ask := func() {
		t.Helper()
		if resp, text, err := r.ask(newClient(t)); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, text, err)
		}
	}
	ask()
	p := pools()
	if p.Name != "openai" || p.Strategy != "apim" {
		t.Errorf("%+v", p)
	}
	for i, m := range p.Members {
		if m.Priority != i+1 || m.Weight != 1 || m.Breaker != "closed" || m.OpenUntil != nil || m.NextReturn != nil || m.InFlight == nil || *m.InFlight != 0 {
			t.Errorf("%+v", m)
		}
	}
	if status, text := r.face("PUT", "/regions/eastus/fault", `{"kind":"throttle","retryAfter":30}`); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	before := time.Now()
	ask()
	east := pools().Members[0]
	if east.Backend != "eastus" || east.Breaker != "open" || east.OpenUntil == nil || !east.OpenUntil.Equal(*east.NextReturn) {
		t.Fatalf("%+v", east)
	}
	if wait := east.OpenUntil.Sub(before); wait < 29*time.Second || wait > 40*time.Second {
		t.Errorf("open for %v; want 30 s", wait)
	}
	// An answer is counted when its caller has it.
	within(t, 30*time.Second, "the last answer is counted", func() bool { return r.metric("gateway_failover_total") == 1 })
	_, text := r.face("GET", "/metrics", "")
	for _, line := range []string{
		`gateway_breaker_state{region="eastus"} 1`, `gateway_breaker_state{region="australiaeast"} 0`, `gateway_breaker_trips_total{region="eastus"} 1`,
		`gateway_in_flight{region="swedencentral"} 0`, `gateway_failover_total 1`, `gateway_attempts_total{outcome="status",region="eastus",status="429"} 3`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	for _, part := range []string{`"msg":"circuit breaker opened","backend":"eastus","until":"`, `"pool":"openai"`, `"retryAfterMs":30000`, `"firstByteMs":`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %s\n%s", part, log)
		}
	}
	// A change of the pool keeps the breakers.
	r.call("PUT", "/backends/openai", properties("type", "Pool", "title", "changed", "pool", map[string]any{"services": []any{
		map[string]any{"id": "/backends/eastus", "priority": 1, "weight": 2},
		map[string]any{"id": "/backends/australiaeast", "priority": 1, "weight": 1},
		map[string]any{"id": "/backends/swedencentral", "priority": 9, "weight": 1},
	}}), "If-Match", "*").want(t, 200)
	p = pools()
	if p.Members[0].Breaker != "open" || p.Members[0].Weight != 2 || !p.Members[0].OpenUntil.Equal(*east.OpenUntil) || p.Members[2].Priority != 9 {
		t.Errorf("after a change: %+v", p)
	}
	if status, _ := r.face("POST", "/pools", "{}"); status != 405 {
		t.Errorf("POST: %d", status)
	}
	if status, _ := r.face("GET", "/pools/openai", ""); status != 404 {
		t.Errorf("one pool: %d", status)
	}
	r.info.Token = "wrong"
	if status, _ := r.face("GET", "/pools", ""); status != 401 {
		t.Errorf("without a token: %d", status)
	}
}
