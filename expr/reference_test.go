package expr_test

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/expressions.md")

// The reference in docs is what the rows say; -update writes it.
func TestReference(t *testing.T) {
	const file = "../docs/expressions.md"
	var b bytes.Buffer
	if err := newOracle(t).env.Reference(&b); err != nil {
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
		t.Errorf("%s is not what the rows say (%v); run go test ./expr -run TestReference -update", file, err)
	}
}
