package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/source"
)

const path = "/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21"

// running is a process under test.
type running struct {
	t       *testing.T
	dir     string
	info    Info
	reports chan source.Problems
	stop    func() error
}

// freePorts are n ports in a row that are free now, below those that systems give
// to connections on their way out: of these one may be taken a moment later.
func freePorts(t *testing.T, n int) int {
	t.Helper()
search:
	for range 50 {
		first := 10_000 + rand.IntN(20_000)
		for i := range n {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i))
			if err != nil {
				continue search
			}
			_ = l.Close()
		}
		return first
	}
	t.Fatal("no free ports")
	return 0
}

// sampleFolder is a copy of a sample that may be changed.
func sampleFolder(t *testing.T) string {
	t.Helper()
	fsys, err := examples.FS(examples.Default)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "service")
	if err := os.CopyFS(dir, fsys); err != nil {
		t.Fatal(err)
	}
	return dir
}

func config(t *testing.T, dir string) Config {
	return Config{
		Dir: dir, Gateway: "127.0.0.1:0", Management: "127.0.0.1:0", Control: "127.0.0.1:0", MoveRegions: freePorts(t, 3),
		Env: func(string) (string, bool) { return "", false }, ConfigDir: func() (string, error) { return filepath.Join(filepath.Dir(dir), "config"), nil },
		Log: io.Discard, LogLevel: slog.LevelInfo,
	}
}

func run(t *testing.T, c Config) *running {
	t.Helper()
	r := &running{t: t, dir: c.Dir, reports: make(chan source.Problems, 64)}
	ready := make(chan Info, 1)
	c.Ready = func(i Info) { ready <- i }
	c.Report = func(p source.Problems) { r.reports <- p }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, c) }()
	var once sync.Once
	var result error
	r.stop = func() error {
		once.Do(func() {
			cancel()
			result = <-ended
		})
		return result
	}
	t.Cleanup(func() { _ = r.stop() })
	select {
	case r.info = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	case <-time.After(20 * time.Second):
		t.Fatal("never ready")
	}
	return r
}

// reply is the head of an answer whose body has been read.
type reply struct {
	StatusCode int
	Header     http.Header
}

func (r *running) ask(client *http.Client) (reply, string, error) {
	req, _ := http.NewRequestWithContext(r.t.Context(), "POST", r.info.Gateway+path, strings.NewReader(`{"messages":[{"role":"user","content":"hi"}]}`))
	req.Header.Set("api-key", r.info.SubscriptionKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header}, string(b), err
}

func newClient(t *testing.T) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// edit changes the API's policy: its outbound section sets X-Edit.
func (r *running) edit(value string) {
	r.t.Helper()
	name := filepath.Join(r.dir, "apis", "my-cool-openai-test", "policy.xml")
	b, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	text := string(b)
	if i := strings.Index(text, "<set-header name=\"X-Edit\""); i >= 0 {
		j := i + strings.Index(text[i:], "</set-header>") + len("</set-header>")
		text = text[:i] + text[j:]
	}
	text = strings.Replace(text, "<outbound>", "<outbound><set-header name=\"X-Edit\" exists-action=\"override\"><value>"+value+"</value></set-header>", 1)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// within waits for something to become true, for a second more than it may take.
func within(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	end := time.NewTimer(d)
	defer end.Stop()
	for !ok() {
		select {
		case <-end.C:
			t.Fatalf("%s did not happen within %v", what, d)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func TestLife(t *testing.T) {
	dir := sampleFolder(t)
	r := run(t, config(t, dir))
	client := newClient(t)
	resp, body, err := r.ask(client)
	if err != nil || resp.StatusCode != 200 || !strings.Contains(body, "chat.completion") {
		t.Fatal(resp, body, err)
	}
	// Other commands find it by its file, which its owner alone can read.
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "config", "spillway", "running-*.json"))
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	if st, err := os.Stat(files[0]); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
	found, err := FindRunning(func() (string, error) { return filepath.Join(filepath.Dir(dir), "config"), nil }, 0)
	if err != nil || found.Gateway != r.info.Gateway || found.Token != r.info.Token || found.SubscriptionKey != r.info.SubscriptionKey {
		t.Errorf("%+v %v", found, err)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(files[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if _, _, err := r.ask(client); err == nil {
		t.Error("it still answers")
	}
}

// Changes are live within a second; what does not compile changes nothing.
func TestReload(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	client := newClient(t)
	header := func() string {
		resp, body, err := r.ask(client)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, body, err)
		}
		return resp.Header.Get("X-Edit")
	}
	r.edit("one")
	within(t, 30*time.Second, "the edit", func() bool { return header() == "one" })
	for len(r.reports) > 0 {
		if problems := <-r.reports; problems.HasErrors() {
			t.Fatal(problems.Draw())
		}
	}
	r.edit("@(context.Nothing)")
	select {
	case p := <-r.reports:
		if !p.HasErrors() || !strings.Contains(p.Errors()[0].Error(), "policy.xml:") {
			t.Errorf("reported %v", p)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the broken edit was not reported")
	}
	if h := header(); h != "one" {
		t.Errorf("after a broken edit: %q", h)
	}
	r.edit("two")
	within(t, 30*time.Second, "the repair", func() bool { return header() == "two" })
	// A folder that goes away leaves the service as it is.
	if err := os.Rename(r.dir, r.dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if h := header(); h != "two" {
		t.Errorf("without its folder: %q", h)
	}
	if err := os.Rename(r.dir+"-away", r.dir); err != nil {
		t.Fatal(err)
	}
	r.edit("three")
	within(t, 30*time.Second, "the edit after the return", func() bool { return header() == "three" })
}

// Reloading loses no request: not one of those that start, nor of those that run.
func TestReloadUnderLoad(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	ctx, cancel := context.WithCancel(t.Context())
	var asked, failed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		client := newClient(t)
		wg.Go(func() {
			for ctx.Err() == nil {
				resp, body, err := r.ask(client)
				asked.Add(1)
				if err != nil || resp.StatusCode != 200 {
					failed.Add(1)
					t.Errorf("%v %v %s", resp, err, body)
					return
				}
			}
		})
	}
	client := newClient(t)
	for i := range 8 {
		value := fmt.Sprint(i)
		r.edit(value)
		within(t, 30*time.Second, "an edit", func() bool {
			resp, _, err := r.ask(client)
			return err == nil && resp.Header.Get("X-Edit") == value
		})
	}
	cancel()
	wg.Wait()
	if asked.Load() < 50 || failed.Load() > 0 {
		t.Errorf("%d of %d failed", failed.Load(), asked.Load())
	}
}

func TestCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, c := range []struct {
		name string
		edit func(*Config)
		want string
		flag string
	}{
		{"gateway's port", func(c *Config) { c.Gateway = taken.Addr().String() }, "the gateway", "-gateway"},
		{"management's port", func(c *Config) { c.Management = taken.Addr().String() }, "the management API", "-management"},
		{"a region's port", func(c *Config) { c.MoveRegions = taken.Addr().(*net.TCPAddr).Port }, "", "-regions"},
		{"control's port", func(c *Config) { c.Control = taken.Addr().String() }, "", "-control"},
		{"broken folder", func(c *Config) {
			if err := os.WriteFile(filepath.Join(c.Dir, "policy.xml"), []byte("<policies><inbound><nonsense /><set-status /></inbound></policies>"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "errors", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := config(t, sampleFolder(t))
			c.edit(&conf)
			conf.Ready = func(Info) { t.Error("it started") }
			err := Run(t.Context(), conf)
			var start *StartError
			if !errors.As(err, &start) || start.Flag != c.flag || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, %+v", err, start)
			}
			if c.flag != "" && !strings.Contains(err.Error(), fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)) {
				t.Errorf("%v does not name the port", err)
			}
			if c.want == "errors" && len(start.Problems.Errors()) < 2 {
				t.Errorf("problems %v", start.Problems)
			}
		})
	}
}

// A folder that is not there is an empty service, which the folder fills later.
func TestMissingFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "service")
	c := config(t, dir)
	c.MoveRegions = 0
	r := run(t, c)
	resp, err := http.Get(r.info.Gateway + "/status-0123456789abcdef")
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
	resp, err = http.Get(r.info.Gateway + "/anything")
	if err != nil || resp.StatusCode != 404 {
		t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
}

// The debug conversation, from the token to the trace.
func TestTraceConversation(t *testing.T) {
	log := &lockedBuffer{}
	c := config(t, sampleFolder(t))
	c.Log, c.Token, c.ReaderToken = log, "planted-contributor-token", "planted-reader-token"
	r := run(t, c)
	root := r.info.Management + "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/any/gateways/managed/"
	post := func(verb, token, body string) (int, map[string]any) {
		req, _ := http.NewRequestWithContext(t.Context(), "POST", root+verb, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var m map[string]any
		_ = json.NewDecoder(resp.Body).Decode(&m)
		return resp.StatusCode, m
	}
	ask := `{"credentialsExpireAfter":"PT1H","apiId":"/apis/my-cool-openai-test","purposes":["tracing"]}`
	if status, _ := post("listDebugCredentials", "planted-reader-token", ask); status != 403 {
		t.Errorf("a reader got %d", status)
	}
	status, m := post("listDebugCredentials", "planted-contributor-token", ask)
	token, _ := m["token"].(string)
	if status != 200 || !strings.HasPrefix(token, "aid=") {
		t.Fatal(status, m)
	}
	req, _ := http.NewRequestWithContext(t.Context(), "POST", r.info.Gateway+path, strings.NewReader(`{"messages":[{"role":"user","content":"hi"}]}`))
	req.Header.Set("api-key", r.info.SubscriptionKey)
	req.Header.Set("Apim-Debug-Authorization", token)
	resp, err := newClient(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	id := resp.Header.Get("Apim-Trace-Id")
	within(t, 30*time.Second, "the trace", func() bool {
		status, m = post("listTrace", "planted-contributor-token", `{"traceId":"`+id+`"}`)
		return status == 200
	})
	text, _ := json.Marshal(m)
	if m["traceId"] != id || !strings.Contains(string(text), "request-forwarder") || !strings.Contains(string(text), `"query":{"api-version":["2024-10-21"]}`) {
		t.Errorf("%s", text)
	}
	secrets := []string{r.info.SubscriptionKey, token, "planted-contributor-token", "planted-reader-token"}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if bytes.Contains(text, []byte(s)) || strings.Contains(log.String(), s) {
			t.Errorf("%q is seen in the trace or the log", s)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
