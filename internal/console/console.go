// Package console is the web console: the files of a page that is an ordinary
// client of the management API. It knows URLs and nothing else of Spillway.
package console

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/spillway-gateway/spillway/internal/page"
)

//go:embed static
var static embed.FS

// Handler serves the console's files. They need no token: a page without one can
// do nothing but ask for it.
func Handler() http.Handler { return page.Read(own()) }

func own() fs.FS {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic("console: " + err.Error()) // the name above is no path
	}
	return files
}
