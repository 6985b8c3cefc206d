package server

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/azure/azuretest"
	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/sim"
)

// lastKey is which of its keys a region saw last.
func lastKey(region *sim.Region) int { return region.Requests(1)[0].Key }

// A secret is read again from wherever it comes when it is asked to be, and what
// is read is what the next request uses.
func TestRefreshSecretIsUsed(t *testing.T) {
	region := regions(t, "eastus")["eastus"]
	keys := region.Keys()
	file := filepath.Join(t.TempDir(), "key")
	var variable atomic.Value
	for from, set := range map[string]func(key string){
		"{env: REGION_KEY}": func(key string) { variable.Store(key) },
		"{file: '" + file + "'}": func(key string) {
			if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		set(keys[0])
		c := config(t, vaultFolder(t, region.Address(), "namedValues: {region-key: "+from+"}\n", sendKey))
		c.Env = func(string) (string, bool) { v, _ := variable.Load().(string); return v, v != "" }
		r := run(t, c)
		client := newClient(t)
		if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 200 || lastKey(region) != 1 {
			t.Fatalf("%s: %d, %v, key %d", from, resp.StatusCode, err, lastKey(region))
		}
		set(keys[1])
		machine := clocktest.Watch(t)
		asked := time.Now()
		got := r.call("POST", "/namedValues/region-key/refreshSecret", "")
		got.want(t, 200)
		if strings.Contains(got.text, keys[1]) {
			t.Errorf("%s: the answer holds the key: %s", from, got.text)
		}
		if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 200 || lastKey(region) != 2 || time.Since(asked) > machine.Allow(time.Second, 50) {
			t.Errorf("%s after refreshSecret: %d, %v, key %d, %v", from, resp.StatusCode, err, lastKey(region), time.Since(asked))
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	}
}

// The key of a simulated region of the process itself.
func TestRefreshSecretOfRegion(t *testing.T) {
	c := config(t, sampleFolder(t))
	r := run(t, c)
	before := r.call("POST", "/namedValues/key-eastus/listValue", "").at("value")
	resp, err := newClient(t).Post(r.info.Control+"/regions/eastus/keys/1/regenerate", "application/json", nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	var now struct{ Keys []string }
	if err := json.NewDecoder(resp.Body).Decode(&now); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	r.call("POST", "/namedValues/key-eastus/refreshSecret", "").want(t, 200)
	if after := r.call("POST", "/namedValues/key-eastus/listValue", "").at("value"); after != now.Keys[0] || after == before {
		t.Error("the named value has not got the region's new key")
	}
}

// A key that another command puts into the folder's secrets is taken over by a
// process that runs.
func TestSecretsAreFollowed(t *testing.T) {
	region := regions(t, "eastus")["eastus"]
	dir := vaultFolder(t, region.Address(), "", sendKey)
	for name, text := range map[string]string{
		"named values/region-key/namedValueInformation.json": `{"properties":{"displayName":"region-key","secret":true}}`,
		".spillway/secrets.json":                             `{"namedValues":{"region-key":"` + region.Keys()[0] + `"}}`,
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, config(t, dir))
	client := newClient(t)
	if resp, _, err := r.ask(client); err != nil || resp.StatusCode != 200 || lastKey(region) != 1 {
		t.Fatalf("%d, %v, key %d", resp.StatusCode, err, lastKey(region))
	}
	if err := artifact.Apply(dir, artifact.Changes{store.SecretsFile: []byte(`{"namedValues":{"region-key":"` + region.Keys()[1] + `"}}`)}); err != nil {
		t.Fatal(err)
	}
	within(t, 30*time.Second, "a request with the new key", func() bool {
		resp, _, err := r.ask(client)
		return err == nil && resp.StatusCode == 200 && lastKey(region) == 2
	})
}

// retried makes one more attempt, a second after a 429.
const retried = `<policies>
  <inbound><base />
    <set-header name="api-key" exists-action="override"><value>{{region-key}}</value></set-header>
  </inbound>
  <backend>
    <retry condition="@(context.Response.StatusCode == 429)" count="1" interval="1"><forward-request buffer-request-body="true" /></retry>
  </backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>
`

// A key of a Key Vault is rotated in Azure's order of steps while calls run: no
// caller sees an error, a call that waits for its next attempt keeps the key it
// began with, and the log tells which generation that was.
func TestRotationInVault(t *testing.T) {
	azuretest.NoIdentity(t)
	azuretest.Application(t)
	cloud := azuretest.New(t)
	region := regions(t, "eastus")["eastus"]
	keys := region.Keys()
	cloud.Vaults.Set("contoso", "region-key", keys[0])
	dir := vaultFolder(t, region.Address(), "", "")
	if err := os.WriteFile(filepath.Join(dir, "apis", "ai", "policy.xml"), []byte(retried), 0o644); err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	c := config(t, dir)
	c.Azure, c.Log = cloud.Client(), &log
	r := run(t, c)

	// One call is refused and waits.
	if err := region.SetFault(&sim.Fault{Kind: "throttle", RetryAfter: json.RawMessage("1")}); err != nil {
		t.Fatal(err)
	}
	waited := make(chan reply, 1)
	go func() {
		resp, body, err := r.ask(newClient(t))
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("the call that waited: %d %s, %v", resp.StatusCode, body, err)
		}
		waited <- resp
	}()
	for {
		changed := region.Changed()
		if list := region.Requests(1); len(list) == 1 && list[0].Status == 429 {
			break
		}
		<-changed
	}
	if err := region.SetFault(nil); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var asked atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		client := newClient(t)
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if resp, body, err := r.ask(client); err != nil || resp.StatusCode != 200 {
					t.Errorf("%d %s, %v", resp.StatusCode, body, err)
					return
				}
				asked.Add(1)
			}
		})
	}
	more := func() {
		t.Helper()
		before := asked.Load()
		within(t, 30*time.Second, "more calls", func() bool { return asked.Load() > before+10 })
	}
	more()
	cloud.Vaults.Set("contoso", "region-key", keys[1])
	machine := clocktest.Watch(t)
	began := time.Now()
	r.call("POST", "/namedValues/region-key/refreshSecret", "").want(t, 200)
	if took := time.Since(began); took > machine.Allow(time.Second, 50) {
		t.Errorf("refreshSecret took %v", took)
	}
	more()
	<-waited // with the first key, which is good still
	if _, err := region.RegenerateKey(1); err != nil {
		t.Fatal(err)
	}
	more()
	close(stop)
	wg.Wait()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	// The waiting call is the one of two attempts: its generation is the one
	// before the rotation, that of the last call is another.
	var first, last string
	for line := range strings.Lines(log.String()) {
		var x struct {
			Msg        string
			Generation string
			Attempts   json.RawMessage
		}
		if json.Unmarshal([]byte(line), &x) != nil || x.Generation == "" || x.Msg != "request" {
			continue
		}
		if string(x.Attempts) == "2" {
			first = x.Generation
		}
		last = x.Generation
	}
	if first == "" || first == last {
		t.Errorf("the generations are %q and %q", first, last)
	}
	for _, key := range keys {
		if strings.Contains(log.String(), key) {
			t.Error("the log holds a key")
		}
	}
	byKey := map[int]int{}
	for _, e := range region.Requests(10000) {
		byKey[e.Key]++
	}
	if byKey[1] == 0 || byKey[2] == 0 || byKey[0] != 0 {
		t.Errorf("requests by key: %v", byKey)
	}
}
