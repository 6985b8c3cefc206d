package xml

import (
	"fmt"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/value"
)

// validRune reports whether XML 1.0 allows a character.
func validRune(r rune) bool {
	return r >= 0x20 && r < 0xd800 || r == '\t' || r == '\n' || r == '\r' || r >= 0xe000 && r <= 0xfffd || r >= 0x10000
}

// startRune reports whether a name without a colon may begin with a character;
// characters beyond the first plane are in no name, as in .NET.
func startRune(r rune) bool {
	switch {
	case r < 0x80:
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
	case r >= 0x10000:
		return false
	}
	return unicode.IsLetter(r) || unicode.Is(unicode.Nl, r)
}

// nameRune reports whether a name without a colon may go on with a character.
func nameRune(r rune) bool {
	return startRune(r) || r >= '0' && r <= '9' || r == '.' || r == '-' || r == 0xb7 || r >= 0x80 && r < 0x10000 && (unicode.IsDigit(r) || unicode.Is(unicode.M, r) || unicode.Is(unicode.Lm, r))
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// describe is a character and its number as messages write them.
func describe(r rune) (text, hex string) {
	text = string(r)
	if r >= 0xd800 && r < 0xe000 {
		text = value.UnitString(uint16(r))
	}
	if r == 0 {
		text = "."
	}
	return text, fmt.Sprintf("0x%02X", r)
}

func badStart(r rune) string {
	s, hex := describe(r)
	return "Name cannot begin with the '" + s + "' character, hexadecimal value " + hex + "."
}

func badName(r rune) string {
	s, hex := describe(r)
	return "The '" + s + "' character, hexadecimal value " + hex + ", cannot be included in a name."
}

func badChar(r rune) string {
	s, hex := describe(r)
	return "'" + s + "', hexadecimal value " + hex + ", is an invalid character."
}

// checkLocal throws when a text is no local name.
func checkLocal(t *value.Thread, s string) {
	if s == "" {
		t.ThrowArgument(value.ArgumentException, "The empty string '' is not a valid local name.", "localName")
	}
	first := true
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		switch {
		case first && !startRune(r):
			xmlError(t, badStart(r))
		case !nameRune(r):
			xmlError(t, badName(r))
		}
		first = false
		i += n
	}
}

// parseName reads an expanded name, {namespace}local.
func parseName(t *value.Thread, s string) *Name {
	t.Alloc(48)
	n := &Name{}
	if s[0] == '{' {
		end := -1
		for i := len(s) - 1; i >= 0 && end < 0; i-- {
			if s[i] == '}' {
				end = i
			}
		}
		if end <= 1 || end == len(s)-1 {
			t.Throw(value.ArgumentException, "%s", "'"+s+"' is an invalid expanded name.")
		}
		n.Space, s = s[1:end], s[end+1:]
	}
	checkLocal(t, s)
	n.Local = s
	return n
}
