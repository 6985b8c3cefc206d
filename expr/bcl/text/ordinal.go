package text

import (
	"strings"
	"unicode/utf16"

	"github.com/spillway-gateway/spillway/expr/value"
)

// equalFold is equality under OrdinalIgnoreCase.
func equalFold(a, b string) bool {
	i := 0
	if len(a) == len(b) {
		for i < len(a) && a[i] < 0x80 && b[i] < 0x80 {
			if a[i] != b[i] && foldASCII(a[i]) != foldASCII(b[i]) {
				return false
			}
			i++
		}
		if i == len(a) {
			return true
		}
	}
	return compareFold(a[i:], b[i:]) == 0
}

// compareFold compares under OrdinalIgnoreCase: the difference of the first
// units that differ once they are upper case, or of the lengths.
func compareFold(a, b string) int {
	la, lb := a, b
	for len(a) > 0 && len(b) > 0 {
		r, n := value.DecodeRune(a)
		s, m := value.DecodeRune(b)
		if r != s {
			if r, s = fold(r), fold(s); r != s {
				return unitDifference(r, s)
			}
		}
		a, b = a[n:], b[m:]
	}
	return value.Length(la) - value.Length(lb)
}

func unitDifference(r, s rune) int {
	a, b := r, s
	if r >= 0x10000 {
		a, _ = utf16.EncodeRune(r)
	}
	if s >= 0x10000 {
		b, _ = utf16.EncodeRune(s)
	}
	if a == b {
		_, a = utf16.EncodeRune(r)
		_, b = utf16.EncodeRune(s)
	}
	return int(a - b)
}

// foldString is the string whose equality is equality under OrdinalIgnoreCase.
func foldString(s string) string { return mapCase(s, fold) }

// indexFold is strings.Index under OrdinalIgnoreCase.
func indexFold(s, part string) int {
	if part == "" {
		return 0
	}
	if value.IsASCII(s) && value.IsASCII(part) {
		return strings.Index(asciiFold(s), asciiFold(part))
	}
	return foldIndex(s, part, false)
}

// lastIndexFold is strings.LastIndex under OrdinalIgnoreCase.
func lastIndexFold(s, part string) int {
	if part == "" {
		return len(s)
	}
	if value.IsASCII(s) && value.IsASCII(part) {
		return strings.LastIndex(asciiFold(s), asciiFold(part))
	}
	return foldIndex(s, part, true)
}

// foldIndex searches in the folded texts and maps the offset back: folding can
// change how many bytes a character takes.
func foldIndex(s, part string, last bool) int {
	f, p := foldString(s), foldString(part)
	var at int
	if last {
		at = strings.LastIndex(f, p)
	} else {
		at = strings.Index(f, p)
	}
	if at < 0 {
		return -1
	}
	i := 0
	for j := 0; j < at; {
		r, n := value.DecodeRune(s[i:])
		j += len(appendRune(nil, fold(r)))
		i += n
	}
	return i
}

func asciiFold(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'a' && s[i] <= 'z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				b[i] = foldASCII(b[i])
			}
			return string(b)
		}
	}
	return s
}
