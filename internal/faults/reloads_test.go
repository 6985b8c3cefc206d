package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/server"
)

// process is a whole process that serves a folder, within this one.
type process struct {
	info   server.Info
	client *http.Client
	t      *testing.T
}

func newProcess(t *testing.T) *process {
	t.Helper()
	fsys, err := examples.FS("pool")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "service")
	if err := os.CopyFS(dir, fsys); err != nil {
		t.Fatal(err)
	}
	// Regions take any free port: what this is about does not need to know them.
	settings, err := os.ReadFile(filepath.Join(dir, "spillway.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(settings)
	for _, port := range []string{"9101", "9102", "9103"} {
		if !strings.Contains(text, "port: "+port) {
			t.Fatalf("the sample has no region on port %s\n%s", port, text)
		}
		text = strings.Replace(text, "port: "+port, "port: 0", 1)
	}
	if err := os.WriteFile(filepath.Join(dir, "spillway.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan server.Info, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		ended <- server.Run(ctx, server.Config{
			Dir: dir, Gateway: "127.0.0.1:0", Management: "127.0.0.1:0", Log: io.Discard, LogLevel: slog.LevelWarn,
			Env: func(string) (string, bool) { return "", false }, Ready: func(i server.Info) { ready <- i },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case info := <-ready:
		return &process{info, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, t}
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
		return nil
	}
}

// ask sends one request, and fails unless the whole of a chat comes back.
func (p *process) ask() (took time.Duration, err error) {
	begin := time.Now()
	req, err := http.NewRequest("POST", p.info.Gateway+"/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21",
		strings.NewReader(`{"messages":[{"role":"user","content":"hi"}],"max_tokens":5}`))
	if err != nil {
		return 0, err
	}
	req.Header.Set("api-key", p.info.SubscriptionKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != 200 || !strings.Contains(string(body), "chat.completion")) {
		err = fmt.Errorf("%d %.200s", resp.StatusCode, body)
	}
	return time.Since(begin), err
}

// put writes the API's policy with a header of its own.
func (p *process) put(policy string, i int) {
	p.t.Helper()
	text := strings.Replace(policy, "<outbound>", fmt.Sprintf(`<outbound><set-header name="X-Write" exists-action="override"><value>%d</value></set-header>`, i), 1)
	body, err := json.Marshal(map[string]any{"properties": map[string]string{"format": "rawxml", "value": text}})
	if err != nil {
		p.t.Fatal(err)
	}
	if status, answer := p.call("PUT", string(body)); status != 200 {
		p.t.Errorf("write %d: %d %s", i, status, answer)
	}
}

func (p *process) call(method, body string) (int, string) {
	p.t.Helper()
	const at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/apis/my-cool-openai-test/policies/policy?format=rawxml&api-version=2024-05-01"
	req, err := http.NewRequest(method, p.info.Management+at, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.info.Token)
	resp, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// Row 30: policies are written again and again while requests come at a steady
// rate. Stretches with writes and stretches without take turns, so that what
// the machine does beside it falls on both; what is held to the figure is the
// ratio of the two.
func TestReloads(t *testing.T) {
	turns, writes, rate := 1, 3, 100
	if *full {
		turns, writes, rate = 10, 20, 250 // the regions admit 300 a second
	}
	const pause = 100 * time.Millisecond // from one write to the next
	p := newProcess(t)
	_, answer := p.call("GET", "")
	var document struct{ Properties struct{ Value string } }
	if err := json.Unmarshal([]byte(answer), &document); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if _, err := p.ask(); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	took := map[bool][]time.Duration{}
	failed := 0
	stretch := func(writing bool, first int) {
		end := time.Now().Add(time.Duration(writes) * pause)
		var wg sync.WaitGroup
		if writing {
			wg.Go(func() {
				next := time.NewTicker(pause)
				defer next.Stop()
				for i := range writes {
					p.put(document.Properties.Value, first+i)
					<-next.C
				}
			})
		}
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for time.Now().Before(end) {
			<-tick.C
			wg.Go(func() {
				d, err := p.ask()
				mu.Lock()
				defer mu.Unlock()
				took[writing] = append(took[writing], d)
				if err != nil {
					failed++
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	for i := range turns {
		stretch(false, 0)
		stretch(true, i*writes)
	}
	p99 := func(writing bool) time.Duration {
		list := took[writing]
		slices.Sort(list)
		return list[len(list)*99/100]
	}
	ratio := float64(p99(true)) / float64(p99(false))
	if *full && ratio > 2 {
		t.Errorf("p99 is %v while policies are written and %v while none are: %.2f times as long, want 2 at most", p99(true), p99(false), ratio)
	}
	report(t, 30, "policies written under load", "%d of %d requests failed over %d writes; p99 %v against %v without, %.2f times", failed,
		len(took[true])+len(took[false]), turns*writes, p99(true).Round(100*time.Microsecond), p99(false).Round(100*time.Microsecond), ratio)
}
