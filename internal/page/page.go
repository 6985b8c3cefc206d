// Package page serves the files of a web page that has no build step: what is
// embedded is what a browser gets, plain ES modules and style sheets.
//
// A page's rights are narrow (see policy below), so that a text that some
// backend or model answered can never become a script. What every page is made
// of, elements above all, is in static/ here and is served beside a page's own
// files.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// policy lets a page load and call nothing but what it came from, and be framed
// by nobody. Style sheets that scripts construct (the policy editor's) are not
// subject to style-src; their small pictures are data.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// types are the kinds of files that there are. The system's own table is not
// asked: it differs from machine to machine. What has another ending is text,
// such as a licence.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// File is one file as it is served.
type File struct {
	Data []byte
	Type string
	Tag  string
}

// Files are the files of a page by their paths below its address.
type Files map[string]File

// Shared is what every page is made of.
func Shared() fs.FS {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic("page: " + err.Error()) // the name above is no path
	}
	return files
}

// Read reads a page's own files, and those of Shared beside them; their tags are
// made of their content. It panics when the files, which are embedded, cannot be
// read or one has the name of a shared one.
func Read(own fs.FS) Files {
	files := Files{}
	for _, from := range []fs.FS{Shared(), own} {
		err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(from, name)
			if err != nil {
				return err
			}
			if _, twice := files[name]; twice {
				panic("page: there are two files " + name)
			}
			kind := types[path.Ext(name)]
			if kind == "" {
				kind = types[".txt"]
			}
			sum := sha256.Sum256(data)
			files[name] = File{data, kind, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
			return nil
		})
		if err != nil {
			panic("page: the embedded files cannot be read: " + err.Error())
		}
	}
	return files
}

// ServeHTTP serves the files; "/" is index.html. They need no token: they hold no
// secret.
func (files Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "A page's files can only be read.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	f, ok := files[name]
	if !ok {
		http.Error(w, "There is nothing here. The page is at /.", http.StatusNotFound)
		return
	}
	h.Set("Content-Type", f.Type)
	h.Set("Cache-Control", "no-cache") // kept, but asked for each time: a new version is there at once
	h.Set("ETag", f.Tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.Data))
}
