package spillway_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/server"
)

// TestGracefulStop holds that SIGTERM lets a stream come to its end, takes no
// new connection, and ends the process with 0.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	finish := make(chan struct{})
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-finish:
			_, _ = io.WriteString(w, "data: [DONE]\n\n")
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(region.Close)
	p := command(t, nil, append(append([]string{"serve"}, ports(t)...), open(t, passes(region.URL, `<forward-request buffer-response="false" />`), nil))...).start()
	gateway := p.field("gateway")
	resp := begin(t, client(t), "POST", gateway+"/ai/x", "x")
	defer func() { _ = resp.Body.Close() }()
	r := bufio.NewReader(resp.Body)
	if line, err := r.ReadString('\n'); line != "data: 1\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	p.signal(syscall.SIGTERM)
	for refused := 0; refused == 0; {
		conn, err := net.Dial("tcp", strings.TrimPrefix(gateway, "http://"))
		if err != nil {
			refused++
			continue
		}
		_ = conn.Close()
	}
	close(finish)
	rest, err := io.ReadAll(r)
	if string(rest) != "\ndata: [DONE]\n\n" || err != nil {
		t.Errorf("the rest of the stream is %q, %v", rest, err)
	}
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
}

// TestRunningFile holds that a process leaves its addresses for other commands,
// readable by its owner alone, and takes them away at its end.
func TestRunningFile(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"demo"}, {"serve", sample(t, examples.Default)}} {
		p := command(t, nil, append(args, ports(t)...)...).start()
		management := p.field("management")
		name := filepath.Join(p.home, "spillway", "running-"+management[strings.LastIndex(management, ":")+1:]+".json")
		st, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, st.Mode())
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var r server.Running
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatal(err)
		}
		if r.Gateway != p.field("gateway") || r.Management != management || r.Token != p.field("token") || r.SubscriptionKey != p.field("key") || r.PID != p.cmd.Process.Pid {
			t.Errorf("%s\n%s", data, p.stdout)
		}
		p.signal(syscall.SIGINT)
		if code := p.exit(); code != 0 {
			t.Errorf("%s: exit code %d\n%s", args[0], code, p.stderr)
		}
		if _, err := os.Stat(name); err == nil {
			t.Error("the file is still there")
		}
	}
}

// TestBusyPort holds that a port that is taken is named, with the flag that
// moves it, whichever of the listeners it is for; and nothing else stays behind.
func TestBusyPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, name := range []string{"demo", "serve"} {
		for _, flag := range []string{"-gateway", "-management", "-control", "-regions"} {
			flags := ports(t)
			at := slices.Index(flags, flag) + 1
			flags[at] = l.Addr().String()
			if flag == "-regions" {
				flags[at] = port
			}
			args := append([]string{name}, flags...)
			if name == "serve" {
				args = append(args, sample(t, examples.Default))
			}
			p := command(t, nil, args...).start()
			if code := p.exit(); code != 2 {
				t.Errorf("%s with a busy %s ends with %d", name, flag, code)
			}
			if got := p.stderr.String(); !strings.Contains(got, port) || !strings.Contains(got, flag) || !strings.HasPrefix(got, "spillway: ") {
				t.Errorf("%s with a busy %s says:\n%s", name, flag, got)
			}
			if got := p.stdout.String(); got != "" {
				t.Errorf("%s with a busy %s prints:\n%s", name, flag, got)
			}
			if left, _ := filepath.Glob(filepath.Join(p.home, "spillway", "*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		}
	}
	flags := []string{"simulate", "-regions", "eastus=" + port, "-control", "0"}
	p := command(t, nil, flags...).start()
	if code := p.exit(); code != 2 || !strings.Contains(p.stderr.String(), port) || !strings.Contains(p.stderr.String(), "-regions") {
		t.Errorf("simulate ends with %d\n%s", code, p.stderr)
	}
}

// TestTrace holds that the story of a request is told with nothing but a running
// process, and that -json is what APIM answers.
func TestTrace(t *testing.T) {
	t.Parallel()
	p := command(t, nil, append([]string{"demo"}, ports(t)...)...).start()
	key := p.field("key")
	path := chatPath
	told := command(t, p, "trace", "-d", chatBody, "POST", path).start()
	if code := told.exit(); code != 0 || told.stderr.String() != "" {
		t.Fatalf("exit code %d\n%s", code, told.stderr)
	}
	story := told.stdout.String()
	for _, want := range []string{"inbound", "backend", "outbound", "set-backend-service", "request-forwarder", "200 OK", "chat.completion"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story has no %s:\n%s", want, story)
		}
	}
	// The line that the demo prints works as pasted.
	welcome := p.stdout.await(t, "the end of the welcome", func(s string) bool { return strings.Contains(s, "Ctrl-C") })
	line := regexp.MustCompile(`(?m)^  .* trace .*$`).FindString(welcome)
	sh := exec.CommandContext(t.Context(), "sh", "-c", line)
	sh.Env = told.cmd.Env
	if out, err := sh.CombinedOutput(); err != nil || !strings.Contains(string(out), "set-backend-service") || !strings.Contains(string(out), "200 OK") {
		t.Errorf("%q: %v\n%s", line, err, out)
	}
	machine := command(t, p, "trace", "-json", "-d", chatBody, "POST", path).start()
	if code := machine.exit(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, machine.stderr)
	}
	var shape struct {
		ServiceName  *string
		TraceID      *string `json:"traceId"`
		TraceEntries map[string][]struct {
			Source    string
			Timestamp string
			Elapsed   string
			Data      any
		}
	}
	if err := json.Unmarshal([]byte(machine.stdout.String()), &shape); err != nil {
		t.Fatalf("%v\n%s", err, machine.stdout)
	}
	if shape.ServiceName == nil || shape.TraceID == nil || len(shape.TraceEntries) != 3 {
		t.Errorf("%s", machine.stdout)
	}
	for section, entries := range shape.TraceEntries {
		for _, e := range entries {
			if e.Source == "" || e.Data == nil || !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$`).MatchString(e.Timestamp) || !regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{7}$`).MatchString(e.Elapsed) {
				t.Errorf("an entry of %s: %+v", section, e)
			}
		}
	}
	for name, out := range map[string]string{"story": story, "JSON": machine.stdout.String()} {
		if strings.Contains(out, key) || strings.Contains(out, p.field("token")) {
			t.Errorf("the %s shows a key or token", name)
		}
	}
	refused := command(t, p, "trace", "-key", "wrong-key-of-nobody", "-d", chatBody, "POST", path).start()
	if code := refused.exit(); code != 1 || !strings.Contains(refused.stdout.String(), "401") || strings.Contains(refused.stdout.String(), "wrong-key-of-nobody") {
		t.Errorf("exit code %d\n%s%s", code, refused.stdout, refused.stderr)
	}
	alone := command(t, nil, "trace", "GET", "/x").start()
	if code := alone.exit(); code != 2 || !strings.Contains(alone.stderr.String(), "hint: ") {
		t.Errorf("with nothing running: %d\n%s", code, alone.stderr)
	}
}

// TestCheck holds the exit codes and the JSON of check to the letter.
func TestCheck(t *testing.T) {
	t.Parallel()
	good := command(t, nil, "check", sample(t, examples.Default)).start()
	if code := good.exit(); code != 0 || good.stdout.String() != "" || good.stderr.String() != "" {
		t.Errorf("a good folder: %d\n%s%s", code, good.stdout, good.stderr)
	}
	bad := open(t, "<policies>\n\t<inbound>\n\t\t<set-hedder name=\"x\" />\n\t\t<set-variable name=\"n\" value=\"@(context.Reqest)\" />\n\t</inbound>\n</policies>", nil)
	people := command(t, nil, "check", bad).start()
	if code := people.exit(); code != 1 || people.stdout.String() != "" || !strings.Contains(people.stderr.String(), "policy.xml:3:4: there is no policy set-hedder") || !strings.Contains(people.stderr.String(), "^^^^^^^^^^") || !strings.HasSuffix(people.stderr.String(), "2 errors, 0 warnings\n") {
		t.Errorf("a bad folder: %d\n%s%s", code, people.stdout, people.stderr)
	}
	machine := command(t, nil, "check", "-json", bad).start()
	if code := machine.exit(); code != 1 || machine.stderr.String() != "" {
		t.Errorf("a bad folder with -json: %d\n%s", code, machine.stderr)
	}
	var codes []string
	for line := range strings.Lines(machine.stdout.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		var names []string
		for name := range fields {
			names = append(names, name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != "code column endColumn endLine file hint line message severity" {
			t.Errorf("fields %s", got)
		}
		codes = append(codes, fmt.Sprintf("%v %v:%v-%v:%v %v", fields["code"], fields["line"], fields["column"], fields["endLine"], fields["endColumn"], fields["severity"]))
	}
	if got := strings.Join(codes, ", "); got != "unknown-policy 3:4-3:14 error, CS1061 4:43-4:49 error" {
		t.Errorf("problems %s", got)
	}
	for _, args := range [][]string{{"check"}, {"check", filepath.Join(t.TempDir(), "none")}, {"check", "-nonsense", bad}, {"check", filepath.Join(bad, "apis", "ai", "policy.xml")}} {
		p := command(t, nil, args...).start()
		if code := p.exit(); code != 2 || !strings.HasPrefix(p.stderr.String(), "spillway: check: ") {
			t.Errorf("%v: %d\n%s", args, code, p.stderr)
		}
	}
	// What is only doubtful is a warning, which -strict refuses.
	doubtful := open(t, passes("http://a.test", "<forward-request />"), map[string]string{
		"backends/a/backendInformation.json": `{"properties": {"url": "http://a.test", "protocol": "http", "circuitBreaker": {"rules": [{"name": "r", "tripDuration": "PT1M",
			"failureCondition": {"count": 1, "interval": "PT1M", "statusCodeRanges": [{"min": 400, "max": 599}]}}]}}}`,
	})
	warned := command(t, nil, "check", "-json", doubtful).start()
	if code := warned.exit(); code != 0 || !strings.Contains(warned.stdout.String(), `"code":"trips-on-callers"`) || strings.Contains(warned.stdout.String(), `"severity":"error"`) {
		t.Errorf("a warning: %d\n%s", code, warned.stdout)
	}
	strict := command(t, nil, "check", "-strict", doubtful).start()
	if code := strict.exit(); code != 1 {
		t.Errorf("a warning with -strict: %d\n%s", code, strict.stderr)
	}
	pool := command(t, nil, "check", "-strict", sample(t, "pool")).start()
	if code := pool.exit(); code != 0 {
		t.Errorf("the sample pool: %d\n%s%s", code, pool.stdout, pool.stderr)
	}
	loose := command(t, nil, "check", "-loose", "examples").start()
	if code := loose.exit(); code != 0 {
		t.Errorf("the samples' documents by themselves: %d\n%s", code, loose.stderr)
	}
}

// TestMissingSecret holds that a secret without a value stops serve before it
// starts, with the place of its use and what to add.
func TestMissingSecret(t *testing.T) {
	t.Parallel()
	dir := open(t, `<policies><inbound><set-header name="api-key" exists-action="override"><value>{{region-key}}</value></set-header></inbound></policies>`, map[string]string{
		"named values/region-key/namedValueInformation.json": `{"properties": {"displayName": "region-key", "secret": true}}`,
	})
	p := command(t, nil, append(append([]string{"serve"}, ports(t)...), dir)...).start()
	got := ""
	code := p.exit()
	if got = p.stderr.String(); code != 2 || !strings.Contains(got, "policy.xml:1:") || !strings.Contains(got, "region-key") || !strings.Contains(got, "spillway.yaml") || !strings.Contains(got, "hint: ") {
		t.Errorf("%d\n%s", code, got)
	}
}
