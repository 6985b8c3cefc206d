package expr_test

import (
	"testing"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// TestRowsAreTheOnlyList takes rows away one at a time: what used the member
// must then be refused. A second list of names anywhere would let it pass.
func TestRowsAreTheOnlyList(t *testing.T) {
	for _, c := range []struct {
		owner, sig, text string
	}{
		{"System.String", "Length", `@("abc".Length)`},
		{"System.Array", "Length", `@(new[] { 1 }.Length)`},
		{"System.String", "Substring", `@("abc".Substring(1))`},
		{"System.String", "this[]", `@("abc"[0])`},
		{"System.Math", "Max", `@(Math.Max(1, 2))`},
		{"System.Int32", "MaxValue", `@(int.MaxValue)`},
		{"System.Nullable", "HasValue", `@(((int?)5).HasValue)`},
		{"System.Exception", "Message", `@{ try { return 1; } catch (Exception e) { return e.Message; } }`},
		{"System.Collections.Generic.KeyValuePair", "Key", `@(new KeyValuePair<int, int>(1, 2).Key)`},
		{"System.DateTime", "+", `@(DateTime.MinValue + TimeSpan.FromDays(1))`},
		{"System.TimeSpan", "FromDays", `@(TimeSpan.FromDays(1))`},
		{"System.ArgumentException", "ArgumentException", `@{ throw new ArgumentException("x"); }`},
		{"System.Object", "ToString", `@(new object().ToString())`},
		{"System.Object", "GetType", `@(5.GetType())`},
		{"System.Enum", "HasFlag", `@(StringComparison.Ordinal.HasFlag(StringComparison.Ordinal))`},
		{"System.Convert", "ToInt32", `@(Convert.ToInt32("5"))`},
	} {
		whole := env(t)
		if _, problems := whole.Compile(c.text, nil); problems.HasErrors() {
			t.Errorf("%s: refused with all rows: %v", c.text, problems)
			continue
		}
		var list []value.Members
		taken := 0
		for _, m := range bcl.Members() {
			if m.Def.FullName() == c.owner {
				var rows []value.Row
				for _, r := range m.Rows {
					k, err := types.ParseMember(m.Def, r.Sig, whole.Table())
					if err != nil {
						t.Fatal(err)
					}
					if k.Name == c.sig {
						taken++
						continue
					}
					rows = append(rows, r)
				}
				m.Rows = rows
			}
			list = append(list, m)
		}
		if taken == 0 {
			t.Errorf("%s has no member %s", c.owner, c.sig)
			continue
		}
		table, err := value.NewTable(list)
		if err != nil {
			t.Fatal(err)
		}
		if _, problems := expr.NewEnvOf(table).Compile(c.text, nil); !problems.HasErrors() {
			t.Errorf("%s: compiled without %s.%s", c.text, c.owner, c.sig)
		}
	}
}
