package provision

import (
	"testing"

	"golang.org/x/tools/txtar"
)

// The templates of a file with everything that it can say.
func TestTemplates(t *testing.T) {
	archives(t, "template-*.txtar", func(t *testing.T, a *txtar.Archive) {
		text, _ := part(a, "provision.yaml")
		f := read(t, text)
		for _, group := range f.Groups() {
			compare(t, a, group+".bicep", f.Bicep()[group])
		}
		compare(t, a, "main.tf", f.Terraform())
	})
}
