package builtin_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
)

// The reference in docs is what the rows say; -update writes it.
func TestReference(t *testing.T) {
	const file = "../../docs/policies.md"
	var b bytes.Buffer
	if err := policy.Reference(&b, builtin.Kinds(builtin.Services{})); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("%s is not what the rows say (%v); run go test ./policy/builtin -update", file, err)
	}
}

// A row says all about its policy: a sentence for each thing, a section, and a
// default that its own type accepts.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range builtin.Kinds(builtin.Services{}) {
		if seen[k.Name] {
			t.Errorf("%s is in the list twice", k.Name)
		}
		seen[k.Name] = true
		if k.Sections == 0 {
			t.Errorf("%s may stand nowhere", k.Name)
		}
		if k.Compile == nil && k.Directive == policy.NoDirective {
			continue
		}
		checkShape(t, k.Name, &k.Shape)
	}
	if len(seen) < 60 {
		t.Errorf("only %d policies are known", len(seen))
	}
}

func checkShape(t *testing.T, path string, s *policy.Shape) {
	t.Helper()
	if s.Doc == "" || s.Doc[len(s.Doc)-1] != '.' {
		t.Errorf("%s: its sentence is %q", path, s.Doc)
	}
	for _, a := range s.Attributes {
		if a.Name == "" || a.Doc == "" || a.Doc[len(a.Doc)-1] != '.' {
			t.Errorf("%s/%s: its sentence is %q", path, a.Name, a.Doc)
		}
		if a.Required && a.Default != "" {
			t.Errorf("%s/%s is required and has a default", path, a.Name)
		}
	}
	for i := range s.Children {
		if !s.Children[i].Policy {
			checkShape(t, path+"/"+s.Children[i].Name, &s.Children[i].Shape)
		}
	}
}
