package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/spillway-gateway/spillway/expr/value"
)

// titleCase is TextInfo.ToTitleCase: each word begins with a capital and goes
// on in lower case, but a word that is all in capitals stays an acronym.
func titleCase(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		if !isLetter(r) {
			out = append(out, s[i:i+n]...)
			i += n
			// What is no letter and no separator, such as a digit, begins a word as well.
			if !separatesWords(r) {
				j := wordEnd(s, i)
				out = append(out, mapCase(s[i:j], lower)...)
				i = j
			}
			continue
		}
		end := wordEnd(s, i+n)
		word := s[i+n : end]
		out = appendRune(out, unicode.ToTitle(r))
		if strings.IndexFunc(word, isLower) >= 0 || word == "" || strings.Contains(word, "'") {
			word = mapCase(word, lower)
		} else if !isUpper(r) {
			word = mapCase(word, lower)
		}
		out = append(out, word...)
		i = end
	}
	return string(out)
}

func wordEnd(s string, i int) int {
	for i < len(s) {
		r, n := value.DecodeRune(s[i:])
		if separatesWords(r) && r != '\'' {
			break
		}
		i += n
	}
	return i
}

func separatesWords(r rune) bool {
	switch c := categoryOf(r); {
	case c <= OtherNumber, c == Surrogate, c == PrivateUse, c == Format:
		return false
	}
	return true
}

// withoutMarks is a text without what its letters carry.
func withoutMarks(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}
