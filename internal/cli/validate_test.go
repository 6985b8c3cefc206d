package cli

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/examples"
)

// validated is what -json prints.
type validated struct {
	Steps []map[string]any
}

// TestValidate checks a set-up that serve runs, as one does who types nothing
// but the command.
func TestValidate(t *testing.T) {
	dir := sample(t, examples.Default)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, err output
	w := world(t, &out, &err)
	w.Context = ctx
	at := freePorts(t, 6)
	port := func(n int) string { return fmt.Sprintf("127.0.0.1:%d", at+n) }
	done := make(chan int, 1)
	go func() {
		done <- Main([]string{"serve", "-gateway", port(0), "-management", port(1), "-control", port(2), "-regions", fmt.Sprint(at + 3), dir}, w)
	}()
	out.await(t, "key         ")
	tell := func(args ...string) result {
		return execute(t, func(v *World) { v.configDir = w.configDir }, append([]string{"validate"}, args...)...)
	}
	decode := func(text string) validated {
		t.Helper()
		var v validated
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return v
	}
	got := tell("-json", "1-3", "6")
	v := decode(got.stdout)
	if got.code != 0 || got.stderr != "" || len(v.Steps) != 4 {
		t.Fatalf("%+v", got)
	}
	for i, step := range v.Steps {
		for _, name := range []string{"step", "name", "status", "reason", "hint"} {
			if _, ok := step[name]; !ok || len(step) != 5 {
				t.Errorf("step %d is %v", i, step)
			}
		}
		if step["status"] != "Success" {
			t.Errorf("%v", step)
		}
	}
	if n := v.Steps[3]["step"]; n != 6.0 {
		t.Errorf("the last step is %v", n)
	}
	// No chat app answers at the port that is given.
	junit := filepath.Join(t.TempDir(), "report.xml")
	got = tell("-chat", port(5), "-junit", junit, "1", "7")
	if got.code != 1 || !strings.HasPrefix(got.stdout, "1  Success       The models are deployed in each region\n                 eastus, ") ||
		!strings.Contains(got.stdout, "7  Not observed  The chat app goes through the gateway\n") || !strings.Contains(got.stdout, "What to do: Start it with") ||
		!strings.HasSuffix(got.stdout, "\nOf 2 steps: 1 Not observed, 1 Success.\n") || strings.Contains(got.stdout, "\x1b[") {
		t.Errorf("%+v", got)
	}
	data, readErr := os.ReadFile(junit)
	var suite junitSuite
	if readErr == nil {
		readErr = xml.Unmarshal(data, &suite)
	}
	if readErr != nil || suite.Tests != 2 || suite.Skipped != 1 || suite.Failures != 0 || len(suite.Cases) != 2 || suite.Cases[1].Skipped == nil {
		t.Errorf("%v\n%s", readErr, data)
	}
	// A step that fails: the policy's shares are not these.
	got = tell("-json", "-shares", "eastus=1,australiaeast=0,swedencentral=0", "-requests", "60", "-junit", junit, "4")
	if v := decode(got.stdout); got.code != 1 || v.Steps[0]["status"] != "Fail" || v.Steps[0]["hint"] == "" {
		t.Errorf("%+v", got)
	}
	if data, readErr = os.ReadFile(junit); readErr != nil || !strings.Contains(string(data), `failures="1"`) || !strings.Contains(string(data), "<failure message=") {
		t.Errorf("%v\n%s", readErr, data)
	}
	if got := tell("-token", "wrong", "1"); got.code != 2 || !strings.Contains(got.stderr, "401") || got.stdout != "" {
		t.Errorf("a wrong token: %+v", got)
	}
	for args, want := range map[string]string{
		"8": "there is no step 8; there are 1 to 7", "0": "no step 0", "3-1": "no step 3-1", "x": "no step x",
		"-shares eastus": "is not REGION=NUMBER", "-shares eastus=0": "some region must get traffic", "-requests -1": "-requests must be",
		"-junit": "needs an argument",
	} {
		if got := tell(strings.Fields(args)...); got.code != 2 || !strings.Contains(got.stderr, want) || !strings.Contains(got.stderr, "hint: ") {
			t.Errorf("validate %s: %+v", args, got)
		}
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("serve ends with %d\n%s", code, &err)
	}
	got = tell("-management", port(1), "-control", port(2))
	if got.code != 2 || !strings.Contains(got.stderr, "spillway: validate: the management API at http://"+port(1)) || !strings.Contains(got.stderr, "spillway demo") {
		t.Errorf("afterwards: %+v", got)
	}
}

// TestValidateWhich: where several gateways run, none is taken by chance.
func TestValidateWhich(t *testing.T) {
	dir := t.TempDir()
	for _, port := range []string{"18081", "28081"} {
		write(t, filepath.Join(dir, "spillway", "running-"+port+".json"), fmt.Sprintf(`{"management":"http://127.0.0.1:%s","pid":%d}`, port, os.Getpid()))
	}
	got := execute(t, func(w *World) { w.configDir = func() (string, error) { return dir, nil } }, "validate")
	if got.code != 2 || !strings.Contains(got.stderr, "several gateways are running, with the management ports 18081, 28081") || !strings.Contains(got.stderr, "hint: -management") {
		t.Errorf("%+v", got)
	}
}
