package spillway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
)

// pictures is the environment variable that names a folder for pictures of the
// screens; without it they are not kept.
const pictures = "SPILLWAY_PICTURES"

// browser is what the stories of testdata/browser need: Node and a Chromium.
func browser(t *testing.T) (node, chromium string) {
	t.Helper()
	const need = "this test needs Node.js 18 or newer with npm, Chromium (Debian: apt-get install nodejs npm chromium), and then `npm ci` in testdata/browser; `make test` does all of it"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(need)
	}
	for _, module := range []string{"playwright-core", "axe-core"} {
		if _, err := os.Stat(filepath.Join("testdata", "browser", "node_modules", module, "package.json")); err != nil {
			t.Fatal(need)
		}
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return node, path
		}
	}
	t.Fatal(need)
	return "", ""
}

// scene is what a story is told about: where things run.
type scene struct {
	Chromium   string   `json:"chromium"`
	Pictures   string   `json:"pictures,omitempty"`
	Console    string   `json:"console"` // with the token, as it is printed
	Management string   `json:"management"`
	Token      string   `json:"token"`
	Reader     string   `json:"reader,omitempty"` // the token of those who change nothing
	Gateway    string   `json:"gateway"`
	Chat       string   `json:"chat,omitempty"`
	Key        string   `json:"key,omitempty"` // of the demo's subscription
	Control    string   `json:"control"`
	Regions    []region `json:"regions,omitempty"`
	PID        int      `json:"pid"` // of the process that has the console
	Width      int      `json:"width,omitempty"`
}

type region struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Key     string `json:"key"`
}

// tell runs a story, and fails with what it says.
func tell(t *testing.T, node, story string, s scene) {
	t.Helper()
	s.Pictures = os.Getenv(pictures)
	if s.Pictures != "" {
		if err := os.MkdirAll(s.Pictures, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	input, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), node, "main.mjs", story)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = filepath.Join("testdata", "browser"), bytes.NewReader(input), &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it closes its browser
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Logf("%s", &out)
}

// emptyScene is `serve` of a folder that is not there yet, and simulated regions
// in a process of their own, as somebody has them who begins.
func emptyScene(t *testing.T, chromium string) (scene, string) {
	t.Helper()
	first := freePorts(t, 3)
	regions := command(t, nil, "simulate", "-regions", fmt.Sprintf("eastus=%d,westeurope=%d", first, first+1), "-control", fmt.Sprint(first+2)).start()
	control := regions.field("control")
	dir := filepath.Join(t.TempDir(), "service")
	const reader = "a-token-for-those-who-only-look"
	p := command(t, nil, append(append([]string{"serve"}, ports(t)...), dir)...)
	p.cmd.Env = append(p.cmd.Env, "SPILLWAY_READER_TOKEN="+reader)
	p.start()
	s := scene{Chromium: chromium, Reader: reader, Console: p.field("console"), Management: p.field("management"), Token: p.field("token"), Gateway: p.field("gateway"), Control: control, PID: p.cmd.Process.Pid}
	resp := begin(t, client(t), "GET", control+"/regions", "")
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name, Address string
		Keys          []string
	}
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	for _, r := range all {
		s.Regions = append(s.Regions, region{r.Name, r.Address, r.Keys[0]})
	}
	return s, dir
}

// TestBrowser tells the stories of testdata/browser: people at the console, with a
// real browser. Every page of every story also holds that nothing goes wrong in
// the page, nothing breaks its content security policy, and nothing is asked of
// another origin.
func TestBrowser(t *testing.T) {
	t.Parallel()
	node, chromium := browser(t)
	// fromNothing tells a story that begins with an empty folder and ends with a
	// service in it, and looks at what was written.
	fromNothing := func(t *testing.T, story string, width int) {
		s, dir := emptyScene(t, chromium)
		s.Width = width
		tell(t, node, story, s)
		want, err := os.ReadFile(filepath.Join("testdata", "browser", "policy.xml"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "apis", "my-cool-openai-test", "policy.xml"))
		if err != nil || string(got) != string(want) {
			t.Errorf("the policy in the folder: %v\n%s", err, got)
		}
		if err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(name)
			for _, r := range s.Regions {
				if relative, _ := filepath.Rel(dir, name); strings.Contains(string(b), r.Key) && !strings.HasPrefix(relative, ".spillway") {
					t.Errorf("the key of %s is in %s", r.Name, relative)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, story := range []struct {
		name, file string
		width      int
	}{
		{"from nothing, by clicking", "nothing", 1280},
		{"from nothing, on a phone", "nothing", 390},
		{"from nothing, by keyboard", "keyboard", 1280},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			fromNothing(t, story.file, story.width)
		})
	}
	for _, story := range []string{"errors", "resources"} {
		t.Run(story, func(t *testing.T) {
			t.Parallel()
			s, _ := emptyScene(t, chromium)
			tell(t, node, story, s)
		})
	}
	for story, sample := range map[string]string{"screens": "pool", "testing": examples.Default} {
		t.Run(story, func(t *testing.T) {
			t.Parallel()
			tell(t, node, story, demoScene(t, chromium, "-sample", sample))
		})
	}
	t.Run("chat", func(t *testing.T) {
		t.Parallel()
		tell(t, node, "chat", demoScene(t, chromium, "-dir", besideTheText(t)))
	})
}

// besideTheText is the sample with regions whose content filter works beside the
// text of an answer.
func besideTheText(t *testing.T) string {
	t.Helper()
	fsys, err := examples.FS(examples.Default)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "service")
	if err := os.CopyFS(dir, fsys); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "spillway.yaml")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const region, filter = ", port: 910", ", deployments: [{name: gpt-35-turbo, filter: async}, text-embedding-ada-002]"
	if n := strings.Count(string(data), region); n != 3 {
		t.Fatalf("%d regions in %s", n, data)
	}
	if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(data), region, filter+region)), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// demoScene is a demo of a service.
func demoScene(t *testing.T, chromium string, service ...string) scene {
	t.Helper()
	p := command(t, nil, append(append([]string{"demo"}, service...), ports(t)...)...).start()
	return scene{
		Chromium: chromium, Console: p.field("console"), Management: p.field("management"), Token: p.field("token"), Gateway: p.field("gateway"),
		Chat: p.field("chat"), Key: p.field("key"), Control: p.field("control"), PID: p.cmd.Process.Pid,
	}
}
