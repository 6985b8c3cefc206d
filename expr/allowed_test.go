package expr_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// TestAllowed holds that every type on Azure's list has rows that nothing warns
// of, and every member that the list names one by one.
func TestAllowed(t *testing.T) {
	table, err := value.NewTable(bcl.Members())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/allowed.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		space, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		for _, item := range strings.Fields(list) {
			name, members, _ := strings.Cut(strings.TrimSuffix(item, ")"), "(")
			infos := infosOf(table, space, name)
			if len(infos) == 0 {
				t.Errorf("%s.%s has no rows", space, name)
				continue
			}
			if !slices.ContainsFunc(infos, func(i *value.Info) bool { return !i.Beyond }) {
				t.Errorf("%s.%s is warned of", space, name)
			}
			for m := range strings.SplitSeq(members, ",") {
				if m != "" && !documented(infos, m) {
					t.Errorf("%s.%s.%s has no row, or is warned of", space, name, m)
				}
			}
		}
	}
}

// infosOf are the types of a name, whatever the number of their parameters.
func infosOf(table *value.Table, space, name string) []*value.Info {
	var list []*value.Info
	for _, d := range table.Named(space, name) {
		if i := table.Info(d); i != nil {
			list = append(list, i)
		}
	}
	return list
}

func documented(infos []*value.Info, name string) bool {
	for _, i := range infos {
		found := i.Named(name)
		if m := i.EnumMember(name); m != nil {
			found = append([]*types.Member{m}, found...)
		}
		for _, m := range found {
			if !value.RowOf(m).Beyond {
				return true
			}
		}
	}
	return false
}
