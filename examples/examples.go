// Package examples holds the sample services, embedded so that the demo runs
// anywhere. Each is a service folder that runs as it is, on simulated regions,
// and whose policies Azure API Management takes unchanged.
package examples

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed all:azure-openai all:backend-list all:pool
var files embed.FS

// Default is the sample that the demo runs unless told otherwise.
const Default = "azure-openai"

// Names are the names of the samples.
func Names() []string { return []string{"azure-openai", "backend-list", "pool"} }

// FS is the folder of a sample.
func FS(name string) (fs.FS, error) {
	for _, n := range Names() {
		if n == name {
			return fs.Sub(files, n)
		}
	}
	return nil, fmt.Errorf("there is no sample %q; the samples are %s", name, strings.Join(Names(), ", "))
}
