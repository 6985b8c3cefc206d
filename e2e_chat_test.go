package spillway_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
)

// TestChatConnected takes the chat app of a demo, of a folder of one's own, past
// the gateway and back, and lets the validation say so.
func TestChatConnected(t *testing.T) {
	t.Parallel()
	flags := ports(t)
	demo := command(t, nil, append([]string{"demo", "-dir", sample(t, examples.Default)}, flags...)...).start()
	demo.field("chat")
	step := func(want string, code int) {
		t.Helper()
		p := command(t, demo, "validate", "-json", "7").start()
		if got := p.exit(); got != code {
			t.Errorf("validate ends with %d, want %d\n%s", got, code, p.stderr)
		}
		var report struct {
			Steps []struct {
				Step                       int
				Name, Status, Reason, Hint string
			}
		}
		if err := json.Unmarshal([]byte(p.stdout.String()), &report); err != nil || len(report.Steps) != 1 {
			t.Fatalf("%v\n%s", err, p.stdout)
		}
		if s := report.Steps[0]; s.Step != 7 || s.Status+" "+s.Reason+" "+s.Hint == "" || !strings.Contains(s.Status+" "+s.Reason+" "+s.Hint, want) {
			t.Errorf("step 7 is %+v, want %q", s, want)
		}
	}
	connect := func(to, says string) {
		t.Helper()
		p := command(t, demo, "chat", "connect", to).start()
		if code := p.exit(); code != 0 || !strings.Contains(p.stdout.String(), says) {
			t.Errorf("connect %s: %d\n%s\n%s", to, code, p.stdout, p.stderr)
		}
	}
	step("by the gateway, with its X-Forwarded-For", 0)
	connect("swedencentral", "AZURE_OPENAI_ENDPOINT  "+demo.field("gateway")+"/openai-test -> http://127.0.0.1:")
	step("came to swedencentral directly", 1)
	connect("gateway", "-> "+demo.field("gateway")+"/openai-test")
	connect("gateway", "nothing has changed")
	step("Success", 0)

	// Another demo on the same ports fails, and takes nothing away from this one.
	file, err := filepath.Glob(filepath.Join(demo.home, "spillway", "chat-*.env"))
	if err != nil || len(file) != 1 {
		t.Fatalf("%v %v", file, err)
	}
	second := command(t, demo, append([]string{"demo"}, flags...)...).start()
	if code := second.exit(); code != 2 || !strings.Contains(second.stderr.String(), "-chat") {
		t.Errorf("a second demo ends with %d\n%s", code, second.stderr)
	}
	if _, err := os.Stat(file[0]); err != nil {
		t.Error(err)
	}
	step("Success", 0)
	demo.signal(syscall.SIGTERM)
	if code := demo.exit(); code != 0 {
		t.Errorf("the demo ends with %d\n%s", code, demo.stderr)
	}
	if _, err := os.Stat(file[0]); err == nil {
		t.Error("the settings of its chat app stay behind")
	}
}
