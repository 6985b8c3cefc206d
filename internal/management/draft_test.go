package management

import (
	"strings"
	"testing"
)

// FuzzExpressionAt holds that a place is in an expression only behind its
// beginning, and that a place of any text can be asked for.
func FuzzExpressionAt(f *testing.F) {
	for _, text := range []string{`<a x="@(context.`, `<a x='@{ var x = "';`, `<!-- "@(`, `<v>@(a)</v><v>@(b`, `"@`} {
		f.Add(text, len(text))
	}
	f.Fuzz(func(t *testing.T, text string, offset int) {
		if offset < 0 || offset > len(text) {
			offset = len(text)
		}
		start := expressionAt(text, offset)
		if start >= 0 && (start+2 > offset || !strings.HasPrefix(text[start:], "@(") && !strings.HasPrefix(text[start:], "@{")) {
			t.Errorf("%q: the expression of %d begins at %d", text, offset, start)
		}
		if at := byteOffset(text, utf16Length(text[:offset])); at < 0 || at > len(text) {
			t.Errorf("%q: the place %d of the text is %d", text, offset, at)
		}
	})
}
