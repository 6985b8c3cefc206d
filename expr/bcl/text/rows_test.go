package text

import (
	"sync"
	"testing"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/value"
)

var shared = sync.OnceValues(func() (*value.Table, error) {
	return value.NewTable(number.Members(), time.Members(), Members())
})

func table(t testing.TB) *value.Table {
	tab, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestRows(t *testing.T) {
	for _, info := range table(t).Infos() {
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
