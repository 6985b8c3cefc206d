package validate_test

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/chat"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/validate"
	"github.com/spillway-gateway/spillway/sim"
	"github.com/spillway-gateway/spillway/source"
)

// The parts of the sample services that broken set-ups change.
const (
	apiPolicy    = "apis/my-cool-openai-test/policy.xml"
	apiSpec      = "apis/my-cool-openai-test/specification.yaml"
	fragment     = "policy fragments/use-region/policy.xml"
	settingsFile = "spillway.yaml"
)

// setup is a service at work, with its regions and a chat app.
type setup struct {
	t    *testing.T
	dir  string
	info server.Info
	chat *httptest.Server
}

// edit replaces one text by another in a file of a folder.
func edit(t *testing.T, dir, name, old, new string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), old, new)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// begin runs a sample service, changed by edits, and a chat app that asks it.
func begin(t *testing.T, sample string, edits func(dir string)) *setup {
	t.Helper()
	fsys, err := examples.FS(sample)
	if err != nil {
		t.Fatal(err)
	}
	s := &setup{t: t, dir: filepath.Join(t.TempDir(), sample)}
	if err := os.CopyFS(s.dir, fsys); err != nil {
		t.Fatal(err)
	}
	for _, port := range []string{"9101", "9102", "9103"} {
		edit(t, s.dir, settingsFile, "port: "+port, "port: 0")
	}
	if sample == "pool" {
		// A step waits until breakers have closed again; two seconds show as much as ten.
		for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
			edit(t, s.dir, "backends/"+name+"/backendInformation.json", `"tripDuration": "PT10S"`, `"tripDuration": "PT2S"`)
		}
	}
	if edits != nil {
		edits(s.dir)
	}
	s.serve(server.Config{Dir: s.dir, Control: "127.0.0.1:0"})
	at := s.info.Gateway + "/openai-test"
	s.chatAsks(at, s.info.SubscriptionKey)
	return s
}

func (s *setup) serve(c server.Config) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan server.Info, 1), make(chan error, 1)
	c.Gateway, c.Management, c.Log = "127.0.0.1:0", "127.0.0.1:0", io.Discard
	c.Env = func(string) (string, bool) { return "", false }
	started := false // what comes later is a reload, which tests may break
	c.Report = func(p source.Problems) {
		if started {
			return
		}
		started = true
		for _, problem := range p.Errors() {
			s.t.Errorf("%v", problem)
		}
	}
	c.Ready = func(i server.Info) { ready <- i }
	go func() { ended <- server.Run(ctx, c) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the service ended: %v", err)
		}
	})
	select {
	case s.info = <-ready:
	case err := <-ended:
		ended <- nil
		s.t.Fatal(err)
	case <-time.After(60 * time.Second):
		s.t.Fatal("the service does not start")
	}
}

// chatAsks runs a chat app that asks an endpoint.
func (s *setup) chatAsks(endpoint, key string) {
	values := map[string]string{chat.NameEndpoint: endpoint, chat.NameKey: key}
	s.chat = httptest.NewServer(chat.New(chat.Options{Source: chat.Source{Env: func(name string) string { return values[name] }}}).Handler())
	s.t.Cleanup(s.chat.Close)
}

// options are what the command finds of a set-up that runs on this machine.
func (s *setup) options() validate.Options {
	return validate.Options{
		Management: s.info.Management, Token: s.info.Token, Gateway: s.info.Gateway, Key: s.info.SubscriptionKey,
		Control: s.info.Control, Chat: s.chat.URL,
	}
}

// take takes steps, all of them unless some are named.
func (s *setup) take(o validate.Options, steps ...int) []validate.Result {
	s.t.Helper()
	check, err := validate.Open(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := check.Close(); err != nil {
			s.t.Errorf("not put back: %v", err)
		}
	}()
	if len(steps) == 0 {
		for _, step := range validate.Steps() {
			steps = append(steps, step.Number)
		}
	}
	var results []validate.Result
	for _, n := range steps {
		r := check.Run(s.t.Context(), n)
		// On a machine that is too busy the step says so, and is taken again.
		for range 20 {
			if r.Step != 6 || r.Status != validate.NotObserved || !strings.Contains(r.Reason, "come in bunches") {
				break
			}
			r = check.Run(s.t.Context(), n)
		}
		results = append(results, r)
	}
	return results
}

// fault puts a fault on a region through the control.
func (s *setup) fault(region, fault string) {
	s.t.Helper()
	method := http.MethodPut
	if fault == "" {
		method = http.MethodDelete
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.info.Control+"/regions/"+region+"/fault", strings.NewReader(fault))
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		s.t.Fatalf("the fault of %s: %s", region, resp.Status)
	}
}

func (s *setup) faultNow(region string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.info.Control+"/regions/"+region+"/fault", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// want checks one result.
func want(t *testing.T, r validate.Result, status validate.Status, reason, hint string) {
	t.Helper()
	if r.Status != status || !strings.Contains(r.Reason, reason) || !strings.Contains(r.Hint, hint) {
		t.Errorf("step %d: %s\n %s\n hint: %s\nwant %s with %q, and %q in the hint", r.Step, r.Status, r.Reason, r.Hint, status, reason, hint)
	}
	if r.Name == "" || r.Reason == "" || status != validate.Success && r.Hint == "" || status == validate.Success && r.Hint != "" {
		t.Errorf("step %d does not say all it should: %+v", r.Step, r)
	}
}

// realRegions are regions without a control, as those of Azure are, and a
// service that knows them by named values alone.
func realRegions(t *testing.T) (*setup, map[string]*sim.Region) {
	t.Helper()
	return realRegionsOf(t, examples.Default, nil)
}

// realRegionsOf is that of a sample, changed by edits.
func realRegionsOf(t *testing.T, sample string, edits func(dir string)) (*setup, map[string]*sim.Region) {
	t.Helper()
	fsys, err := examples.FS(sample)
	if err != nil {
		t.Fatal(err)
	}
	s := &setup{t: t, dir: filepath.Join(t.TempDir(), "service")}
	if err := os.CopyFS(s.dir, fsys); err != nil {
		t.Fatal(err)
	}
	regions := map[string]*sim.Region{}
	keys := "namedValues:\n"
	for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
		r := sim.New(sim.Config{Name: name})
		at := httptest.NewServer(r)
		t.Cleanup(at.Close)
		regions[name] = r
		edit(t, s.dir, "named values/endpoint-"+name+"/namedValueInformation.json", `"secret": false,`, "\"secret\": false,\n    \"value\": \""+at.URL+"\",")
		keys += "  key-" + name + ": {value: " + r.Keys()[0] + "}\n"
	}
	if err := os.WriteFile(filepath.Join(s.dir, settingsFile), []byte(keys), 0o644); err != nil {
		t.Fatal(err)
	}
	if edits != nil {
		edits(s.dir)
	}
	s.serve(server.Config{Dir: s.dir})
	s.chatAsks(s.info.Gateway+"/openai-test", s.info.SubscriptionKey)
	return s, regions
}

// tree is every file of a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// get reads JSON from an address.
func get(t *testing.T, address string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// regionValue is the endpoint that a folder gives a region.
func regionValue(t *testing.T, dir, region string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "named values", "endpoint-"+region, "namedValueInformation.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Properties struct{ Value string } }
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v.Properties.Value
}

// await waits until the policy in force holds a text, as JSON has it.
func await(t *testing.T, s *setup, text string) {
	t.Helper()
	const at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/x/apis/my-cool-openai-test/policies/policy?api-version=2024-05-01&format=rawxml"
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.info.Management+at, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.info.Token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), text) {
			return
		}
	}
	t.Fatalf("the policy in force never has %s", text)
}
