package trace

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestOneLine shortens what is too long to be read in a line, and nothing else.
func TestOneLine(t *testing.T) {
	if got := oneLine("a\n\t== b"); got != "a == b" {
		t.Errorf("got %q", got)
	}
	exact := strings.Repeat("é", codeWidth)
	if got := oneLine(exact); got != exact {
		t.Errorf("what just fits became %q", got)
	}
	long := "var a = 1;\n" + strings.Repeat("a = a + 1; // ü\n", 40) + "return a;"
	got := oneLine(long)
	if n := utf8.RuneCountInString(got); n > codeWidth+3 || !strings.HasPrefix(got, "var a = 1; a = a") || !strings.HasSuffix(got, "return a;") || !strings.Contains(got, " … ") {
		t.Errorf("%d characters: %q", n, got)
	}
}
