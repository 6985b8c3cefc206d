package core

import (
	"testing"

	"github.com/spillway-gateway/spillway/expr/value"
)

// TestRows checks that every signature can be read and that every row that
// cannot be dispatched to an object's own type does something.
func TestRows(t *testing.T) {
	table, err := value.NewTable(Members())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range table.Infos() {
		for _, m := range info.All {
			r := value.RowOf(m)
			if r.Doc == "" {
				t.Errorf("%s: no doc", m)
			}
			if r.Func == nil && m.Static {
				t.Errorf("%s: no function", m)
			}
		}
	}
}
