package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// What a page has of its own and what is shared are served alike, with the rights
// of a page, and asked for anew by their tags.
func TestServe(t *testing.T) {
	files := Read(fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "views/one.js": {Data: []byte("export default 1;")}, "LICENSE": {Data: []byte("MIT")}})
	ask := func(method, target, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		files.ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct {
		method, target string
		status         int
		kind           string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/views/one.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/dom.js", 200, "text/javascript; charset=utf-8"},
		{"HEAD", "/theme.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/LICENSE", 200, "text/plain; charset=utf-8"},
		{"GET", "/views", 404, "text/plain; charset=utf-8"},
		{"GET", "/../page.go", 404, "text/plain; charset=utf-8"},
		{"POST", "/", 405, "text/plain; charset=utf-8"},
	} {
		w := ask(c.method, c.target, "")
		if w.Code != c.status || w.Header().Get("Content-Type") != c.kind || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") {
			t.Errorf("%s %s: %d %v", c.method, c.target, w.Code, w.Header())
		}
		if c.status == http.StatusOK {
			if again := ask(c.method, c.target, w.Header().Get("ETag")); again.Code != http.StatusNotModified {
				t.Errorf("%s %s is sent again: %d", c.method, c.target, again.Code)
			}
		}
	}
}

// A file of a page does not take the place of a shared one unnoticed.
func TestSameName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two files of one name are taken")
		}
	}()
	Read(fstest.MapFS{"dom.js": {Data: []byte("")}})
}
