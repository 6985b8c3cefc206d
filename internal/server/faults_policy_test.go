package server

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/source"
)

// brokenPolicies are policies that cannot run, each with what is said of it.
var brokenPolicies = []struct{ name, find, put, says string }{
	{"XML", "<outbound>", "<outbound", `policy\.xml:\d+:\d+`},
	{"an expression", "<outbound>", `<outbound><set-header name="X" exists-action="override"><value>@(context.Nothing)</value></set-header>`, `policy\.xml:\d+:\d+: .*'Nothing'`},
	{"an unknown backend", "<outbound>", `<outbound><set-backend-service backend-id="nowhere" />`, `policy\.xml:\d+:\d+`},
}

// A bad policy that arrives by an edit or by a write changes nothing: the answer,
// the report and the metric say what is wrong and where, and no call is lost.
func TestBadPolicyByReload(t *testing.T) {
	r := run(t, config(t, sampleFolder(t)))
	name := filepath.Join(r.dir, "apis", "my-cool-openai-test", "policy.xml")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	x := r.traffic(2, nil)
	defer x.stop()
	x.more(10)
	_ = r.reported("the start", sound)
	for _, b := range brokenPolicies {
		t.Run(b.name, func(t *testing.T) {
			bad := strings.Replace(string(good), b.find, b.put, 1)
			got := r.call("PUT", apiPath+"/policies/policy", properties("format", "rawxml", "value", bad))
			got.want(t, 400, "ValidationError")
			if !regexp.MustCompile(`[Ll]ine \d+, (column|position) \d+`).MatchString(got.text) {
				t.Errorf("the refusal has no place: %s", got.text)
			}
			if on, err := os.ReadFile(name); err != nil || string(on) != string(good) {
				t.Errorf("the refused write is in the folder: %v", err)
			}
			if ok := r.metric("config_last_load_ok"); ok != 1 {
				t.Errorf("config_last_load_ok is %v after a refused write: the folder is as good as it was", ok)
			}
			if err := os.WriteFile(name, []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			p := r.reported("a bad file", func(p source.Problems) bool {
				return p.HasErrors() && regexp.MustCompile(b.says).MatchString(p.Errors()[0].Error())
			})
			if !strings.Contains(p.Draw(), "^") {
				t.Errorf("drawn without its place:\n%s", p.Draw())
			}
			within(t, 30*time.Second, "config_last_load_ok 0", func() bool { return r.metric("config_last_load_ok") == 0 })
			x.more(20)
			if err := os.WriteFile(name, good, 0o600); err != nil {
				t.Fatal(err)
			}
			within(t, 30*time.Second, "config_last_load_ok 1", func() bool { return r.metric("config_last_load_ok") == 1 })
		})
	}
	x.more(20)
}

// A folder that does not compile at start: all that is wrong with it is told at
// once, and the last good service is served where there is one; the folder's
// repair is followed as ever. A write does not make the broken folder whole by
// chance.
func TestBadPolicyAtStart(t *testing.T) {
	dir := sampleFolder(t)
	name := filepath.Join(dir, "apis", "my-cool-openai-test", "policy.xml")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	global := filepath.Join(dir, "policy.xml")
	fine, err := os.ReadFile(global)
	if err != nil {
		t.Fatal(err)
	}
	breakIt := func() {
		t.Helper()
		for file, text := range map[string]string{
			name:   strings.Replace(string(good), "<outbound>", `<outbound><set-header name="X" exists-action="override"><value>@(context.Nothing + context.Something)</value></set-header>`, 1),
			global: "<policies><inbound><nonsense /></inbound></policies>",
		} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	refused := func(c Config) {
		t.Helper()
		c.Ready = func(Info) { t.Error("it started") }
		machine := clocktest.Watch(t)
		before := time.Now()
		err := Run(t.Context(), c)
		var start *StartError
		if !errors.As(err, &start) {
			t.Fatalf("%v", err)
		}
		text := start.Problems.Draw()
		for _, want := range []string{"nonsense", "'Nothing'", "'Something'"} {
			if !strings.Contains(text, want) {
				t.Errorf("the problems do not name %s:\n%s", want, text)
			}
		}
		if took := time.Since(before); took > machine.Allow(2*time.Second, 50) {
			t.Errorf("refused after %v", took)
		}
	}
	breakIt()
	c := config(t, dir)
	refused(c) // there was none yet

	for file, text := range map[string][]byte{name: good, global: fine} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, c)
	r.call("PUT", "/namedValues/kept", properties("displayName", "kept", "value", "a-secret-of-the-folder", "secret", true)).want(t, 201)
	text := strings.Replace(string(good), "<outbound>", `<outbound><set-header name="X-Edit" exists-action="override"><value>{{kept}}</value></set-header>`, 1)
	r.call("PUT", apiPath+"/policies/policy", properties("format", "rawxml", "value", text)).want(t, 200)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	good = []byte(text)
	breakIt()
	kept, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "config", "spillway", "last-good-*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %v %v", kept, err)
	}
	if st, err := os.Stat(kept[0]); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st.Mode(), err)
	}

	without := c
	without.NoSnapshot = true
	refused(without)

	r = run(t, c)
	if r.info.Snapshot.IsZero() {
		t.Error("nothing says that the service is an older one")
	}
	p := r.reported("what is wrong", broken)
	if text := p.Draw(); !strings.Contains(text, "nonsense") || !strings.Contains(text, "'Nothing'") {
		t.Errorf("reported:\n%s", text)
	}
	client := newClient(t)
	edit := func() string {
		resp, body, err := r.ask(client)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, body, err)
		}
		return resp.Header.Get("X-Edit")
	}
	if got := edit(); got != "a-secret-of-the-folder" {
		t.Errorf("the last good service sets %q", got)
	}
	if ok := r.metric("config_last_load_ok"); ok != 0 {
		t.Errorf("config_last_load_ok is %v", ok)
	}
	r.call("PUT", "/namedValues/v", properties("displayName", "v", "value", "x")).want(t, 400, "nonsense")
	if on, err := os.ReadFile(global); err != nil || !strings.Contains(string(on), "nonsense") {
		t.Errorf("the folder was written: %s %v", on, err)
	}
	for file, text := range map[string]string{global: string(fine), name: strings.Replace(string(good), "{{kept}}", "repaired", 1)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	within(t, 30*time.Second, "the repair", func() bool { return edit() == "repaired" })
	within(t, 30*time.Second, "config_last_load_ok 1", func() bool { return r.metric("config_last_load_ok") == 1 })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}

	// An archive that is none is no reason to serve nothing that is right.
	if err := os.WriteFile(kept[0], []byte("PK, and then nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	breakIt()
	refused(c)
	for file, text := range map[string][]byte{name: good, global: fine} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r = run(t, c)
	if got := edit(); got != "a-secret-of-the-folder" {
		t.Errorf("in the end %q", got)
	}
}
