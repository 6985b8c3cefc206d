package text

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// The bits of StringSplitOptions.
const (
	removeEmpty = 1
	trimEntries = 2
)

// separators find where a text is to be split: by characters of a set, by any
// of some strings, or by white space when there are neither.
type separators struct {
	chars   *set
	strings []string
}

// next is the offset and length in bytes of the first separator, -1 if none.
func (p separators) next(s string) (at, n int) {
	switch {
	case len(p.strings) == 1:
		return strings.Index(s, p.strings[0]), len(p.strings[0])
	case len(p.strings) > 1:
		at = -1
		for i := 0; i < len(s); i++ {
			for _, sep := range p.strings {
				if s[i] == sep[0] && strings.HasPrefix(s[i:], sep) {
					return i, len(sep)
				}
			}
		}
		return -1, 0
	}
	has := isSpace
	if p.chars != nil && p.chars.n > 0 {
		has = p.chars.has
	}
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		if has(r) {
			return i, n
		}
		i += n
	}
	return -1, 0
}

func (p separators) lone() bool {
	if p.chars != nil && p.chars.lone {
		return true
	}
	for _, s := range p.strings {
		if hasLone(s) {
			return true
		}
	}
	return false
}

// split is string.Split; count is at most how many parts there may be, and is
// not negative.
func split(t *value.Thread, s string, p separators, count int, options int) []string {
	clean := func(part string) (string, bool) {
		if options&trimEntries != 0 {
			part = trim(part, true, true, isSpace)
		}
		return part, part != "" || options&removeEmpty == 0
	}
	var parts []string
	add := func(part string) {
		if part, ok := clean(part); ok {
			if len(parts) == cap(parts) {
				t.Alloc(16 * (len(parts) + 4))
			}
			parts = append(parts, part)
		}
	}
	if count == 0 {
		return nil
	}
	if lone := p.lone(); lone {
		s = loosen(s)
		loose := make([]string, len(p.strings))
		for i, sep := range p.strings {
			loose[i] = loosen(sep)
		}
		p.strings = loose
	}
	rest := s
	for {
		if len(parts) >= count-1 {
			if options&removeEmpty != 0 && count > 1 {
				// The last part is the rest from the first part on that is not empty.
				for {
					at, n := p.next(rest)
					if at < 0 {
						break
					}
					if _, ok := clean(rest[:at]); ok {
						break
					}
					rest = rest[at+n:]
				}
			}
			break
		}
		at, n := p.next(rest)
		if at < 0 {
			break
		}
		t.Step(1 + at/64)
		add(rest[:at])
		rest = rest[at+n:]
	}
	add(rest)
	for i := range parts {
		parts[i] = melt(parts[i])
	}
	return parts
}
