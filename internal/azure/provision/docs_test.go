package provision

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// keysOf is a table of the keys of a type.
func keysOf(v any) string {
	var b strings.Builder
	b.WriteString("| Key | Means |\n| --- | --- |\n")
	for f := range reflect.TypeOf(v).Fields() {
		key := f.Tag.Get("yaml")
		if key == "" {
			continue
		}
		text := f.Tag.Get("doc")
		if values := f.Tag.Get("values"); values != "" && f.Type.Kind() == reflect.String {
			text += " One of `" + strings.Join(strings.Fields(values), "`, `") + "`."
		}
		switch d := f.Tag.Get("default"); {
		case f.Tag.Get("required") != "":
			text += " Required."
		case d != "" && d != "false":
			text += " `" + d + "` unless given."
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", key, text)
	}
	return b.String()
}

// docs/azure.md lists every key, in the words of the schema.
func TestDocs(t *testing.T) {
	want := keysOf(File{}) + "\n`namedValues`:\n\n" + keysOf(NamedValues{}) +
		"\nA region is its name alone, or:\n\n" + keysOf(Region{}) + "\nA deployment is the name of its model alone, or:\n\n" + keysOf(Model{})
	name := filepath.Join("..", "..", "..", "docs", "azure.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, got, ok := strings.Cut(string(page), "\n## Every key\n\n")
	switch {
	case !ok:
		t.Fatal("docs/azure.md has no part for the keys")
	case got == want:
	case *update:
		if err := os.WriteFile(name, []byte(before+"\n## Every key\n\n"+want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("docs/azure.md has\n%s\nwant\n%s", got, want)
	}
}
