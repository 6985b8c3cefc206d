package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// ask sends one request to a handler as a program on this machine does.
func ask(h http.Handler, method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	q := httptest.NewRequest(method, "http://127.0.0.1:9100"+target, strings.NewReader(body))
	q.RemoteAddr = "127.0.0.1:40000"
	for _, c := range change {
		c(q)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w
}

func TestControl(t *testing.T) {
	east := New(Config{Name: "eastus", Keys: []string{"one", "two"}, Clock: clock.NewManual(noon), Address: "http://127.0.0.1:9101", Profile: Instant()})
	west := New(Config{Name: "westus", Profile: Instant()})
	h := Control(east, west)

	for range 3 {
		if got := askInProcess(t.Context(), east, ""); got.err != nil {
			t.Fatal(got.err)
		}
	}
	wrong := chatRequest(east, "")
	wrong.Header = []Field{{"api-key", "wrong"}, {"X-Forwarded-For", "10.0.0.1"}, {"x-forwarded-for", "127.0.0.1"}}
	if _, err := east.Call(t.Context(), wrong); err != nil {
		t.Fatal(err)
	}
	if _, err := east.Call(t.Context(), &Request{Method: "GET", Path: "/openai/models", Query: "api-version=2024-10-21", Header: []Field{{"api-key", "two"}}}); err != nil {
		t.Fatal(err)
	}

	var regions []map[string]any
	decodeJSON(t, ask(h, "GET", "/regions", "").Body.String(), &regions)
	want := map[string]any{
		"name": "eastus", "address": "http://127.0.0.1:9101", "keys": []any{"one", "two"},
		"deployments": []any{
			map[string]any{"name": "gpt-35-turbo", "model": "gpt-35-turbo", "tpm": float64(Instant().TPM), "rpm": float64(Instant().RPM)},
			map[string]any{"name": "text-embedding-ada-002", "model": "text-embedding-ada-002", "tpm": float64(Instant().TPM), "rpm": float64(Instant().RPM)},
		},
		"counters": map[string]any{
			"gpt-35-turbo": map[string]any{"200": 3.0, "401": 1.0}, "(none)": map[string]any{"200": 1.0},
		},
		"fault": nil,
	}
	if len(regions) != 2 || !reflect.DeepEqual(regions[0], want) {
		t.Errorf("got  %v\nwant %v", regions[0], want)
	}

	var entries []map[string]any
	decodeJSON(t, ask(h, "GET", "/regions/eastus/requests?last=2", "").Body.String(), &entries)
	if len(entries) != 2 || entries[0]["status"] != 401.0 || entries[0]["key"] != 0.0 || entries[0]["forwardedFor"] != "10.0.0.1, 127.0.0.1" ||
		entries[1]["path"] != "/openai/models" || entries[1]["query"] != "api-version=2024-10-21" || entries[1]["key"] != 2.0 ||
		entries[1]["forwardedFor"] != nil || entries[1]["time"] != "2026-11-22T12:00:00Z" || entries[1]["method"] != "GET" {
		t.Errorf("%v", entries)
	}
	decodeJSON(t, ask(h, "GET", "/regions/eastus/requests", "").Body.String(), &entries)
	if len(entries) != 5 {
		t.Errorf("%d entries", len(entries))
	}

	var made struct{ Keys []string }
	decodeJSON(t, ask(h, "POST", "/regions/eastus/keys/1/regenerate", "").Body.String(), &made)
	if len(made.Keys) != 2 || made.Keys[0] == "one" || made.Keys[1] != "two" || !reflect.DeepEqual(made.Keys, east.Keys()) {
		t.Errorf("%v", made)
	}

	fault := `{"kind":"throttle","retryAfter":3,"share":0.5}`
	if w := ask(h, "PUT", "/regions/eastus/fault", fault); w.Code != 204 || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	decodeJSON(t, ask(h, "GET", "/regions", "").Body.String(), &regions)
	if !reflect.DeepEqual(regions[0]["fault"], map[string]any{"kind": "throttle", "retryAfter": 3.0, "share": 0.5}) {
		t.Errorf("%v", regions[0]["fault"])
	}
	if w := ask(h, "POST", "/regions/eastus/reset", ""); w.Code != 204 || len(east.Requests(9)) != 0 || len(east.Counters()) != 0 || east.Fault() == nil {
		t.Errorf("%d, %v, %v, %v", w.Code, east.Requests(9), east.Counters(), east.Fault())
	}
	if w := ask(h, "DELETE", "/regions/eastus/fault", ""); w.Code != 204 || east.Fault() != nil {
		t.Errorf("%d %v", w.Code, east.Fault())
	}

	if w := ask(h, "PUT", "/regions/eastus/tenants", `{"share":0.25,"deployment":"gpt-35-turbo"}`); w.Code != 204 || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	decodeJSON(t, ask(h, "GET", "/regions", "").Body.String(), &regions)
	if others := map[string]any{"share": 0.25, "deployment": "gpt-35-turbo"}; !reflect.DeepEqual(regions[0]["tenants"], others) {
		t.Errorf("%v", regions[0]["tenants"])
	}
	if text := ask(h, "GET", "/regions/eastus/tenants", "").Body.String(); strings.TrimSpace(text) != `{"share":0.25,"deployment":"gpt-35-turbo"}` {
		t.Errorf("%s", text)
	}
	if w := ask(h, "DELETE", "/regions/eastus/tenants", ""); w.Code != 204 || east.Tenants() != nil {
		t.Errorf("%d %v", w.Code, east.Tenants())
	}
	var quotas map[string]map[string]any
	decodeJSON(t, ask(h, "GET", "/regions/eastus/quotas", "").Body.String(), &quotas)
	if q := quotas["gpt-35-turbo"]; len(quotas) != 2 || q["tokensLimit"] != float64(Instant().TPM) || q["tokensInSeconds"] != 60.0 || q["callsInSeconds"] != 10.0 {
		t.Errorf("%v", quotas)
	}
}

func decodeJSON(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

func TestControlRefuses(t *testing.T) {
	h := Control(New(Config{Name: "eastus"}))
	for _, c := range []struct {
		method, target, body string
		change               func(*http.Request)
		status               int
		text                 string
	}{
		{"GET", "/regions/nowhere/requests", "", nil, 404, "no region"},
		{"GET", "/regions/eastus/requests?last=x", "", nil, 400, "last=x"},
		{"GET", "/regions/eastus/requests?last=-1", "", nil, 400, "last=-1"},
		{"GET", "/elsewhere", "", nil, 404, "nothing at"},
		{"POST", "/regions", "", nil, 404, "nothing at"},
		{"POST", "/regions/eastus/keys/3/regenerate", "", nil, 404, "key 1 and key 2"},
		{"PUT", "/regions/eastus/fault", `{"kind":"hang"}`, nil, 400, "after"},
		{"PUT", "/regions/eastus/fault", `{"kind":"refuse","share":0.1}`, nil, 400, "share does not go with kind refuse"},
		{"PUT", "/regions/eastus/fault", `{"kind":"slow","delay":"1s","deployment":"x"}`, nil, 400, "no deployment"},
		{"PUT", "/regions/eastus/fault", strings.Repeat(" ", maxFault+1), nil, 400, "too large"},
		{"PUT", "/regions/eastus/tenants", `{"share":2}`, nil, 400, "share 2"},
		{"PUT", "/regions/eastus/tenants", `{"share":0.1,"deployment":"x"}`, nil, 400, "no deployment"},
		{"PUT", "/regions/eastus/tenants", strings.Repeat(" ", maxFault+1), nil, 400, "too large"},
		{"PUT", "/regions/nowhere/tenants", `{"share":0.1}`, nil, 404, "no region"},
		{"GET", "/regions", "", func(q *http.Request) { q.Host = "evil.example:9100" }, 403, "loopback"},
		{"GET", "/regions", "", func(q *http.Request) { q.RemoteAddr = "192.0.2.1:1" }, 403, "this machine"},
		{"GET", "/regions", "", func(q *http.Request) { q.Header.Set("Origin", "https://evil.example") }, 403, "web pages"},
		{"GET", "/regions", "", func(q *http.Request) { q.Header.Set("Origin", "null") }, 403, "web pages"},
		{"GET", "/regions", "", func(q *http.Request) { q.Host = "localhost:9100" }, 200, ""},
		{"GET", "/regions", "", func(q *http.Request) { q.Host, q.RemoteAddr = "[::1]:9100", "[::1]:7" }, 200, ""},
		{"GET", "/regions", "", func(q *http.Request) { q.Header.Set("Origin", "http://127.0.0.1:8081") }, 200, ""},
	} {
		var change []func(*http.Request)
		if c.change != nil {
			change = append(change, c.change)
		}
		if w := ask(h, c.method, c.target, c.body, change...); w.Code != c.status || !strings.Contains(w.Body.String(), c.text) {
			t.Errorf("%s %s: %d %s, want %d with %q", c.method, c.target, w.Code, w.Body, c.status, c.text)
		}
	}
}

func TestServer(t *testing.T) {
	s, err := Start([]Place{{New(Config{Name: "eastus"}), "127.0.0.1:0"}, {New(Config{Name: "westus"}), "127.0.0.1:0"}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + s.Control() + "/regions")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	var regions []struct{ Name, Address string }
	decodeJSON(t, string(body), &regions)
	for i, l := range s.Listeners() {
		if regions[i].Address != l.URL() {
			t.Errorf("region %d tells %s, is at %s", i, regions[i].Address, l.URL())
		}
	}

	for what, start := range map[string]func(busy string) error{
		"region westus": func(busy string) error {
			_, err := Start([]Place{{New(Config{Name: "eastus"}), "127.0.0.1:0"}, {New(Config{Name: "westus"}), busy}}, "")
			return err
		},
		"the regions' control": func(busy string) error {
			_, err := Start([]Place{{New(Config{Name: "eastus"}), "127.0.0.1:0"}}, busy)
			return err
		},
	} {
		_, port, _ := net.SplitHostPort(s.Control())
		err := start(s.Control())
		var busy *PortError
		if !errors.As(err, &busy) || !strings.HasPrefix(err.Error(), fmt.Sprintf("port %s for %s cannot be opened: ", port, what)) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("%s: %v", what, err)
		}
	}

	setFaultJSON(t, s.listeners[0].region, `{"kind":"refuse"}`)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, addr := range []string{s.Control(), s.Listeners()[0].Addr(), s.Listeners()[1].Addr()} {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			t.Errorf("%s is still open", addr)
		}
	}
}

// The ring keeps the latest.
func TestLogIsBounded(t *testing.T) {
	var l requestLog
	for i := range logSize + 5 {
		l.begin(Entry{Path: fmt.Sprint(i)})
	}
	es := l.last(logSize * 2)
	if len(es) != logSize || es[0].Path != "5" || es[logSize-1].Path != fmt.Sprint(logSize+4) {
		t.Errorf("%d entries from %s to %s", len(es), es[0].Path, es[len(es)-1].Path)
	}
	if es := l.last(2); es[0].Path != fmt.Sprint(logSize+3) {
		t.Errorf("%+v", es)
	}
}

// A request that began before a reset is not counted after it.
func TestResetForgetsRequestsUnderWay(t *testing.T) {
	var l requestLog
	rec := l.begin(Entry{})
	l.head(rec, 200)
	l.reset()
	l.end(rec, ClientGone)
	if len(l.counters) != 0 || len(l.last(1)) != 0 {
		t.Errorf("%v %v", l.counters, l.last(1))
	}
}
