package number

import (
	"testing"

	"github.com/spillway-gateway/spillway/expr/value"
)

func TestRows(t *testing.T) {
	table, err := value.NewTable(Members())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range table.Infos() {
		if info.Doc == "" {
			t.Errorf("%s has no doc line", info.Def.FullName())
		}
		for _, m := range info.All {
			if value.RowOf(m).Doc == "" {
				t.Errorf("%s has no doc line", m)
			}
		}
	}
}
