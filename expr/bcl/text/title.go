package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/spillway-gateway/spillway/expr/value"
)

// titleCase is TextInfo.ToTitleCase: each word begins with a capital and goes
// on in lower case, but a word without lower-case letters stays an acronym.
// Digits may continue a word, though not begin it: "3rd" becomes "3Rd".
func titleCase(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		if !isLetter(r) {
			out = append(out, s[i:i+n]...)
			i += n
			continue
		}
		out = appendRune(out, unicode.ToTitle(r))
		i += n
		start, lowers := i, isLower(r)
		flush := func() {
			if lowers {
				out = append(out, mapCase(s[start:i], lower)...)
			} else {
				out = append(out, s[start:i]...)
			}
			start = i
		}
		for i < len(s) {
			r, n := value.DecodeRune(s[i:])
			if r == '\'' {
				// What follows an apostrophe is lower case whatever comes before.
				i += n
				flush()
				lowers = true
				continue
			}
			if !isLetter(r) && separatesWords(r) {
				break
			}
			lowers = lowers || isLower(r)
			i += n
		}
		flush()
	}
	return string(out)
}

func separatesWords(r rune) bool {
	switch c := categoryOf(r); {
	case c <= OtherNumber, c == Surrogate, c == PrivateUse, c == OtherNotAssigned:
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
