package chat

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/internal/page"
	"github.com/spillway-gateway/spillway/sim"
)

// TestPage holds that the page may load nothing but its own files, that all of
// them are there, and that none makes markup of a text.
func TestPage(t *testing.T) {
	_, app := region(t, sim.Config{}, nil)
	type head struct {
		StatusCode int
		Header     http.Header
	}
	get := func(name, tag string) head {
		req, err := http.NewRequest(http.MethodGet, app.URL+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", tag)
		resp, err := app.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return head{resp.StatusCode, resp.Header}
	}
	loads := regexp.MustCompile(`(?:from|src=|href=|import)\s*\(?['"]\.?/?([\w.-]+\.(?:js|css|svg))['"]`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\son\w+=["']|style=["']`)
	files := page.Read(own())
	for name, f := range files {
		resp := get("/"+name, "")
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != f.Type || !strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", name, resp.StatusCode, resp.Header)
		}
		if again := get("/"+name, resp.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s is sent again: %d", name, again.StatusCode)
		}
		for _, m := range loads.FindAllStringSubmatch(string(f.Data), -1) {
			if _, ok := files[m[1]]; !ok {
				t.Errorf("%s loads %s, which is not there", name, m[1])
			}
		}
		if found := markup.Find(f.Data); found != nil {
			t.Errorf("%s has %q: nothing of the page is made of markup in a text", name, found)
		}
	}
	if resp := get("/", ""); resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Errorf("/: %d", resp.StatusCode)
	}
	for _, name := range []string{"/nothing", "/../app.go", "/static/main.js"} {
		if resp := get(name, ""); resp.StatusCode != 404 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// TestMarkdown runs the page's Markdown reader on what models write: each case of
// testdata/markdown.txt is a text and the tree it makes. After them come texts
// made at random of all its marks, which must be read to the end without losing
// a word.
func TestMarkdown(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("this test needs Node.js 18 or newer (Debian: apt-get install nodejs)")
	}
	dir := t.TempDir()
	// Node takes a module for one by its name's ending.
	for from, to := range map[string]string{"static/markdown.js": "markdown.mjs", "testdata/markdown.mjs": "run.mjs", "testdata/markdown.txt": "markdown.txt"} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), node, "run.mjs")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var result struct {
		Cases, Random int
		Failures      []string
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, f := range result.Failures {
		t.Error(f)
	}
	if result.Cases < 40 || result.Random < 1000 {
		t.Errorf("%d cases and %d random texts were read", result.Cases, result.Random)
	}
}
