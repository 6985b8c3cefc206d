package chat

import (
	"embed"
	"io/fs"
)

//go:embed static
var static embed.FS

// own are the page's own files.
func own() fs.FS {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic("chat: " + err.Error()) // the name above is no path
	}
	return files
}
