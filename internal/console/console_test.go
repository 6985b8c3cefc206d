package console

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/internal/page"
	"github.com/spillway-gateway/spillway/sim"
)

func get(t *testing.T, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	w := get(t, "GET", "/")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), `src="main.js"`) {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-cache",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	tag := w.Header().Get("ETag")
	if again := get(t, "GET", "/", "If-None-Match", tag); tag == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("a second time with %s: %d", tag, again.Code)
	}
	if head := get(t, "HEAD", "/main.js"); head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("HEAD: %d %v", head.Code, head.Header())
	}
	for _, c := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/nothing", 404}, {"GET", "/views", 404}, {"GET", "/views/", 404}, {"GET", "/../console.go", 404}, {"POST", "/", 405}, {"GET", "/index.html", 200},
	} {
		w := get(t, c.method, c.target)
		if w.Code != c.status || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: %d, want %d", c.method, c.target, w.Code, c.status)
		}
	}
}

var (
	imported = regexp.MustCompile(`(?m)(?:from|import)\s*\(?\s*['"](\.{1,2}/[^'"]+)['"]`)
	linked   = regexp.MustCompile(`(?:src|href)="([^"#]+)"`)
	// What would turn a text into markup or code. The policy forbids some of it;
	// nothing forbids the rest.
	dangerous = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|setHTMLUnsafe`)
	inline    = regexp.MustCompile(`(?i)<style|\sstyle=|\son\w+=|<script>`)
)

// Every file that another one names is there, and none of ours makes markup of
// texts.
func TestFiles(t *testing.T) {
	files := page.Read(own())
	for name, f := range files {
		text := string(f.Data)
		switch path.Ext(name) {
		case ".html":
			if m := inline.FindString(text); m != "" {
				t.Errorf("%s: the policy forbids %q", name, m)
			}
			for _, m := range linked.FindAllStringSubmatch(text, -1) {
				if _, ok := files[m[1]]; !ok {
					t.Errorf("%s names %s, which is not there", name, m[1])
				}
			}
		case ".js":
			if strings.HasPrefix(name, "vendor/") {
				continue
			}
			if m := dangerous.FindString(text); m != "" {
				t.Errorf("%s: %s", name, m)
			}
			for _, m := range imported.FindAllStringSubmatch(text, -1) {
				if _, ok := files[path.Join(path.Dir(name), m[1])]; !ok {
					t.Errorf("%s imports %s, which is not there", name, m[1])
				}
			}
		}
	}
	if len(files) < 8 {
		t.Errorf("%d files", len(files))
	}
}

// The modules are tried as they are, in Node: it knows the language, not the
// page.
func TestParts(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node.js is needed: apt-get install nodejs")
	}
	dir := t.TempDir()
	err = os.CopyFS(dir, page.Shared())
	if err == nil {
		err = os.CopyFS(dir, own())
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "parts.mjs"), dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "20 parts") {
		t.Errorf("%v\n%s", err, out)
	}
	// Every fault that the form of a region can order is one that it obeys, and
	// the form knows them all.
	kinds := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if text, is := strings.CutPrefix(line, "fault "); is {
			f, err := sim.ParseFault([]byte(text))
			if err != nil {
				t.Errorf("%s%v", text, err)
				continue
			}
			kinds[f.Kind] = true
		}
	}
	_, err = sim.ParseFault([]byte(`{"kind":"?"}`))
	if err == nil {
		t.Fatal("a kind that is none was taken")
	}
	_, list, _ := strings.Cut(err.Error(), "is not one of ")
	for _, kind := range strings.Split(list, ", ") {
		if !kinds[kind] {
			t.Errorf("the form does not know the kind %s", kind)
		}
	}
}
