package syntax

import "testing"

// TestFinish holds what beginnings of expressions lack, and where the literal
// begins that a beginning ends in.
func TestFinish(t *testing.T) {
	for _, c := range []struct {
		text    string
		close   string
		literal int
		comment bool
	}{
		{"@(a.b", ")", -1, false},
		{"@{ if (a[b", "])}", -1, false},
		{"@(f(')').x", ")", -1, false},
		{"@(\")\" + (", "))", -1, false},
		{"@(\"abc", "\")", 2, false},
		{"@(\"a\\\"b", "\")", 2, false},
		{"@(@\"a\"\"b", "\")", 2, false},
		{"@($\"a {b.", "}\")", -1, false},
		{"@($\"a {b} c", "\")", 2, false},
		{"@($\"a {{b", "\")", 2, false},
		{"@($\"a {f(b", ")}\")", -1, false},
		{"@($\"a {b:0.0", "}\")", 2, false},
		{"@($\"a {b:0.0} {c", "}\")", -1, false},
		{"@($@\"a \"\" {b", "}\")", -1, false},
		{"@($\"{$\"{a", "}\"}\")", -1, false},
		{"@{ // a (", "}", -1, true},
		{"@{ // a (\n b(", ")}", -1, false},
		{"@{ /* a ( */ b", "}", -1, false},
		{"@{ /* a (", "}", -1, true},
		{"@(a))", "", -1, false},
		{"@('a", ")", 2, false},
		{"", "", -1, false},
		{"@", "", -1, false},
	} {
		got := Finish(c.text)
		if got.Close != c.close || got.Literal != c.literal || got.Comment != c.comment {
			t.Errorf("%s: got %+v, want %q %d %v", c.text, got, c.close, c.literal, c.comment)
		}
	}
}
