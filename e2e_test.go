package spillway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/source"
)

// The tests in the e2e files drive the whole thing through sockets, as those do
// who use it: in this process where that is enough, as a process of its own
// where signals, exit codes and files matter.

// patience bounds every wait for something that must happen.
const patience = 60 * time.Second

// freePorts are n ports in a row that are free now.
func freePorts(t testing.TB, n int) int {
	t.Helper()
search:
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
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

// text is output that is written and read at once.
type text struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{}
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.changed != nil {
		close(x.changed)
		x.changed = nil
	}
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// await waits until the text satisfies ok, and returns it.
func (x *text) await(t testing.TB, what string, ok func(string) bool) string {
	t.Helper()
	end := time.After(patience)
	for {
		x.mu.Lock()
		now := x.b.String()
		if x.changed == nil {
			x.changed = make(chan struct{})
		}
		changed := x.changed
		x.mu.Unlock()
		if ok(now) {
			return now
		}
		select {
		case <-changed:
		case <-end:
			t.Fatalf("never: %s; got:\n%s", what, now)
		}
	}
}

// system is a serving process within this one.
type system struct {
	t       testing.TB
	dir     string
	info    server.Info
	log     *text
	reports chan source.Problems
	stop    func() error
}

// sample is a copy of a sample that may be changed.
func sample(t testing.TB, name string) string {
	t.Helper()
	files, err := examples.FS(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "service")
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

// write puts files below dir.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// open is a service folder with one open API, "ai" at /ai, that has POST and GET
// for any path and this policy. More files may be given.
func open(t testing.TB, policy string, more map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "service")
	write(t, dir, map[string]string{
		"apis/ai/apiInformation.json": `{"properties": {"displayName": "ai", "path": "ai", "protocols": ["https"], "subscriptionRequired": false}}`,
		"apis/ai/specification.yaml": "openapi: 3.0.1\ninfo: {title: ai, version: '1'}\npaths:\n" +
			"  /*:\n    post: {operationId: post, responses: {'200': {description: ok}}}\n    get: {operationId: get, responses: {'200': {description: ok}}}\n",
		"apis/ai/policy.xml": policy,
	})
	write(t, dir, more)
	return dir
}

// passes is a policy that sends everything to one place.
func passes(url, forward string) string {
	return `<policies><inbound><set-backend-service base-url="` + url + `" /></inbound><backend>` + forward + `</backend></policies>`
}

// start serves a folder until the test ends.
func start(t testing.TB, dir string) *system {
	t.Helper()
	s := &system{t: t, dir: dir, log: &text{}, reports: make(chan source.Problems, 256)}
	for attempt := 0; ; attempt++ {
		err := s.run(server.Config{
			Dir: dir, Gateway: "127.0.0.1:0", Management: "127.0.0.1:0", Control: "127.0.0.1:0", MoveRegions: freePorts(t, 3),
			Env:       func(string) (string, bool) { return "", false },
			ConfigDir: func() (string, error) { return filepath.Join(filepath.Dir(dir), "config"), nil },
			Log:       s.log, LogLevel: slog.LevelInfo,
		})
		var begin *server.StartError
		switch {
		case err == nil:
			t.Cleanup(func() { _ = s.stop() })
			return s
		case errors.As(err, &begin) && begin.Flag != "" && attempt < 3: // another test was quicker to take the port
		case errors.As(err, &begin):
			t.Fatalf("%v\n%s", err, begin.Problems.Draw())
		default:
			t.Fatal(err)
		}
	}
}

func (s *system) run(c server.Config) error {
	ready := make(chan server.Info, 1)
	c.Ready = func(i server.Info) { ready <- i }
	c.Report = func(p source.Problems) { s.reports <- p }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, c) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	select {
	case s.info = <-ready:
		if problems := <-s.reports; problems.HasErrors() {
			return errors.New(problems.Draw())
		}
		return nil
	case err := <-ended:
		cancel()
		return err
	case <-time.After(patience):
		cancel()
		return errors.New("never ready")
	}
}

// client is an HTTP client of a test's own.
func client(t testing.TB) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 2 * patience}
}

// reply is the head of an answer whose body has been read.
type reply struct {
	Status     string
	StatusCode int
	Header     http.Header
}

// do sends one request; header lines are "Name: value".
func do(t testing.TB, c *http.Client, method, url, body string, header ...string) (reply, string) {
	t.Helper()
	resp := begin(t, c, method, url, body, header...)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		b = append(b, "<"+err.Error()+">"...)
	}
	return reply{resp.Status, resp.StatusCode, resp.Header}, string(b)
}

// begin sends one request and returns at the head of its answer. The caller
// closes its body.
func begin(t testing.TB, c *http.Client, method, url, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// follow sends one request, and gives the head and the body of its answer, which
// is read as it comes.
func follow(t testing.TB, c *http.Client, url string) (http.Header, io.Reader) {
	t.Helper()
	resp := begin(t, c, "POST", url, "x")
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp.Header, resp.Body
}

const (
	chatPath = "/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21"
	chatBody = `{"messages":[{"role":"user","content":"Say something about regions."}]}`
)

// binary is the path of the binary, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "spillway-e2e-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "spillway")
	out, err := exec.Command("go", "build", "-o", name, "./cmd/spillway").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

// built says that some test has asked for the binary.
var built atomic.Bool

// TestMain takes the binary away again.
func TestMain(m *testing.M) {
	code := m.Run()
	if built.Load() {
		if name, err := binary(); err == nil {
			_ = os.RemoveAll(filepath.Dir(name))
		}
	}
	os.Exit(code)
}

// process is a process of the binary.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdout *text
	stderr *text
	home   string // the configuration folder
	exit   func() int
}

// command runs the binary with a configuration folder of its own, or that of
// another process.
func command(t testing.TB, like *process, args ...string) *process {
	t.Helper()
	built.Store(true)
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(name, args...), stdout: &text{}, stderr: &text{}}
	if like != nil {
		p.home = like.home
	} else {
		p.home = t.TempDir()
	}
	p.cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+p.home, "HOME="+p.home, "SPILLWAY_TOKEN=", "SPILLWAY_READER_TOKEN=")
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	return p
}

// start starts it. It is killed at the end of the test if it still runs.
func (p *process) start() *process {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.cmd.Wait()
	}()
	p.exit = func() int {
		p.t.Helper()
		select {
		case <-done:
			return p.cmd.ProcessState.ExitCode()
		case <-time.After(patience):
			p.t.Fatalf("the process does not end; stderr:\n%s", p.stderr)
			return -1
		}
	}
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-done
	})
	return p
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// field is what follows a word at the beginning of a line of the output.
func (p *process) field(word string) string {
	p.t.Helper()
	out := p.stdout.await(p.t, word, func(s string) bool { return strings.Contains("\n"+s, "\n"+word+" ") })
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == word {
			return f[1]
		}
	}
	p.t.Fatalf("no %s in\n%s", word, out)
	return ""
}

// ports are flags that put everything on free ports.
func ports(t testing.TB) []string {
	first := freePorts(t, 7)
	return []string{
		"-gateway", fmt.Sprintf("127.0.0.1:%d", first), "-management", fmt.Sprintf("127.0.0.1:%d", first+1),
		"-control", fmt.Sprintf("127.0.0.1:%d", first+2), "-regions", fmt.Sprint(first + 4),
		"-chat", fmt.Sprintf("127.0.0.1:%d", first+3),
	}
}
