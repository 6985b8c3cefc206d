package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/spillway-gateway/spillway/internal/chat"
	"github.com/spillway-gateway/spillway/internal/validate"
)

// TestValidation takes steps through the management port, as the console does.
func TestValidation(t *testing.T) {
	c := config(t, sampleFolder(t))
	values := map[string]string{}
	app := httptest.NewServer(chat.New(chat.Options{Source: chat.Source{Env: func(name string) string { return values[name] }}}).Handler())
	t.Cleanup(app.Close)
	c.Chat = app.URL
	c.ReaderToken = "reader"
	r := run(t, c)
	values[chat.NameEndpoint], values[chat.NameKey] = r.info.Gateway+"/openai-test", r.info.SubscriptionKey
	take := func(step, body string) validate.Result {
		t.Helper()
		status, text := r.face("POST", "/validate/"+step, body)
		var result validate.Result
		if err := json.Unmarshal([]byte(text), &result); err != nil || status != http.StatusOK {
			t.Fatalf("step %s: %d %s", step, status, text)
		}
		return result
	}
	var listed struct {
		Steps  []validate.Step
		Shares map[string]int
	}
	status, text := r.face("GET", "/validate", "")
	if err := json.Unmarshal([]byte(text), &listed); err != nil || status != 200 || len(listed.Steps) != 7 || listed.Steps[6].About == "" || listed.Shares != nil {
		t.Errorf("%d %s %v", status, text, err)
	}
	// All at once: they take turns.
	var all sync.WaitGroup
	for _, step := range []string{"1", "2", "3", "7"} {
		all.Go(func() {
			if got := take(step, ""); got.Status != validate.Success || got.Name == "" || step != string(rune('0'+got.Step)) {
				t.Errorf("step %s: %+v", step, got)
			}
		})
	}
	all.Wait()
	if got := take("1", `{"model":"gpt-4o"}`); got.Status != validate.Fail || !strings.Contains(got.Reason, "no deployment gpt-4o") {
		t.Errorf("%+v", got)
	}
	for _, wrong := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/validate/8", "", 404},
		{"POST", "/validate/x", "", 404},
		{"GET", "/validate/1", "", 405},
		{"POST", "/validate", "", 405},
		{"POST", "/validate/1", "{", 400},
	} {
		if status, text := r.face(wrong.method, wrong.path, wrong.body); status != wrong.want {
			t.Errorf("%s %s: %d %s", wrong.method, wrong.path, status, text)
		}
	}
	r.info.Token = "reader"
	if status, _ := r.face("POST", "/validate/1", ""); status != 403 {
		t.Errorf("a reader takes a step: %d", status)
	}
	if status, _ := r.face("GET", "/validate", ""); status != 200 {
		t.Errorf("a reader may not look at the steps: %d", status)
	}
}

// TestStatedShares: spillway.yaml says how the traffic is meant to spread.
func TestStatedShares(t *testing.T) {
	dir := sampleFolder(t)
	name := filepath.Join(dir, "spillway.yaml")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, "\nvalidate:\n  shares:\n    - {region: eastus, share: 2}\n    - {region: swedencentral, share: 0}\n"...)
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	r := run(t, config(t, dir))
	if status, text := r.face("GET", "/validate", ""); status != 200 || !strings.Contains(text, `"shares":{"eastus":2,"swedencentral":0}`) {
		t.Errorf("%d %s", status, text)
	}
	status, text := r.face("POST", "/validate/4", "")
	if status != 200 || !strings.Contains(text, `"status":"Fail"`) || !strings.Contains(text, "is a spare and got traffic") {
		t.Errorf("%d %s", status, text)
	}
}
