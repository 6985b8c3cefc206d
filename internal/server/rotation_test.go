package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
)

// traced sends a request by the relay, and gives the status of its answer and the
// generation that its trace names.
func (r *running) traced(path string) (status int, generation, trace string) {
	request, _ := json.Marshal(map[string]any{"method": "POST", "path": path, "body": "{}", "api": "chat", "trace": true})
	code, text := r.face("POST", "/relay", string(request))
	var head struct {
		Head struct {
			Status  int
			TraceID string
		}
	}
	line, _, _ := strings.Cut(text, "\n")
	if err := json.Unmarshal([]byte(line), &head); err != nil || code != 200 || head.Head.TraceID == "" {
		r.t.Errorf("%d %s %v", code, text, err)
		return 0, "", ""
	}
	got := r.call("POST", "/gateways/managed/listTrace?view=full", `{"traceId":"`+head.Head.TraceID+`"}`)
	generation, _ = got.at("generation").(string)
	return head.Head.Status, generation, got.text
}

// A key that is rotated in two steps costs no caller an error, and is seen in
// nothing that the process says. A request that waits inside a retry meanwhile
// goes on with what it started with, and its trace names that.
func TestRotation(t *testing.T) {
	log := &lockedBuffer{}
	c := config(t, t.TempDir()+"/service")
	c.MoveRegions, c.Log = 0, log
	r := run(t, c)
	region := regions(t, "one")["one"]
	keys := region.Keys()

	// A backend that refuses the first attempt at each request, and tells what key
	// each attempt came with.
	type arrival struct{ path, key string }
	arrivals := make(chan arrival, 16)
	var asked sync.Map
	patient := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		arrivals <- arrival{q.URL.Path, q.Header.Get("api-key")}
		if _, again := asked.LoadOrStore(q.URL.Path, true); !again {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(patient.Close)
	next := func() arrival {
		t.Helper()
		select {
		case a := <-arrivals:
			return a
		case <-time.After(20 * time.Second):
			t.Fatal("no attempt arrives")
			return arrival{}
		}
	}

	for name, value := range map[string]string{"endpoint-one": region.Address(), "endpoint-two": region.Address(), "key-one": keys[0], "key-two": keys[0]} {
		r.call("PUT", "/namedValues/"+name, properties("displayName", name, "value", value, "secret", strings.HasPrefix(name, "key"))).want(t, 201)
	}
	r.call("PUT", "/apis/chat", properties("path", "openai-test", "displayName", "Chat", "subscriptionRequired", false)).want(t, 201)
	r.call("PUT", "/apis/chat/operations/chat", properties("displayName", "chat", "method", "post", "urlTemplate", "/openai/deployments/{deployment-id}/chat/completions")).want(t, 201)
	r.call("PUT", "/apis/chat/operations/wait", properties("displayName", "wait", "method", "post", "urlTemplate", "/wait/{n}")).want(t, 201)
	r.call("PUT", "/apis/chat/operations/wait/policies/policy", properties("format", "rawxml", "value", `<policies><inbound><base /><set-backend-service base-url="`+patient.URL+`" /></inbound>
<backend><retry condition="@(context.Response.StatusCode == 429)" count="1" interval="3"><forward-request buffer-request-body="true" /></retry></backend></policies>`)).want(t, 201)
	r.call("PUT", "/apis/chat/policies/policy", properties("format", "rawxml", "value", twoRegions)).want(t, 201)

	x := r.traffic(2, nil)
	defer x.stop()
	x.more(5)
	var traces strings.Builder
	type told struct {
		status            int
		generation, trace string
	}
	waiting := make(chan told, 1)
	go func() {
		status, generation, trace := r.traced("/openai-test/wait/1")
		waiting <- told{status, generation, trace}
	}()
	if a := next(); a.key != keys[0] {
		t.Errorf("the first attempt came with %q", a.key)
	}
	for _, name := range []string{"key-one", "key-two"} {
		got := r.call("PUT", "/namedValues/"+name, properties("displayName", name, "value", keys[1], "secret", true))
		got.want(t, 200)
		if strings.Contains(got.text, keys[1]) {
			t.Errorf("the answer holds the key: %s", got.text)
		}
	}
	x.more(10)
	asked.Store("/openai-test/wait/2", true)
	asked.Store("/wait/2", true)
	status, after, trace := r.traced("/openai-test/wait/2")
	traces.WriteString(trace)
	if a := next(); status != 200 || a.key != keys[1] {
		t.Errorf("a request after the change: %d, with %q", status, a.key)
	}
	if a := next(); a.key != keys[0] {
		t.Errorf("the request that waited came with another key than it started with: %q", a.key)
	}
	before := <-waiting
	traces.WriteString(before.trace)
	if before.status != 200 || before.generation == "" || before.generation == after {
		t.Errorf("the request that waited: %d, generation %q; after the change %q", before.status, before.generation, after)
	}
	if _, err := region.RegenerateKey(1); err != nil {
		t.Fatal(err)
	}
	x.more(10)
	x.stop()
	_, metrics := r.face("GET", "/metrics", "")
	list := r.call("GET", "/namedValues", "").text
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		for where, text := range map[string]string{"the log": log.String(), "the metrics": metrics, "a list": list, "a trace": traces.String()} {
			if strings.Contains(text, key) {
				t.Errorf("key %d is in %s", i+1, where)
			}
		}
	}
}

// A secret that spillway.yaml takes from a region follows its key when asked to,
// and is in force with the answer.
func TestRefreshSecret(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	client := newClient(t)
	ask := func() reply {
		t.Helper()
		resp, body, err := r.ask(client)
		if err != nil {
			t.Fatal(body, err)
		}
		return resp
	}
	status, text := r.face("POST", "/regions/eastus/keys/1/regenerate", "")
	var made struct{ Keys []string }
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != 200 || len(made.Keys) != 2 {
		t.Fatalf("%d %s %v", status, text, err)
	}
	// Meanwhile the sample moves on from a region that refuses its key.
	refusals := func() string {
		_, text := r.face("GET", "/metrics", "")
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "gateway_attempts_total{") && strings.Contains(line, `region="eastus"`) && strings.Contains(line, `status="401"`) {
				return line
			}
		}
		return ""
	}
	within(t, 30*time.Second, "eastus refuses the old key", func() bool { return ask().StatusCode == 200 && refusals() != "" })
	machine := clocktest.Watch(t)
	before := time.Now()
	got := r.call("POST", "/namedValues/key-eastus/refreshSecret", "")
	if took := time.Since(before); took > machine.Allow(time.Second, 50) {
		t.Errorf("refreshSecret took %v", took)
	}
	if got.status != 200 || got.at("name") != "key-eastus" || strings.Contains(got.text, made.Keys[0]) {
		t.Error(got.text)
	}
	refused, served := refusals(), map[string]int{}
	within(t, 30*time.Second, "eastus answers again", func() bool {
		resp := ask()
		if resp.StatusCode != 200 {
			t.Fatal(fmt.Sprint("after refreshSecret ", resp.StatusCode))
		}
		served[resp.Header.Get("X-Served-By-Region")]++
		return served["eastus"] >= 3
	})
	if then := refusals(); then != refused {
		t.Errorf("keys are refused even after refreshSecret: %s, was %s", then, refused)
	}
}
