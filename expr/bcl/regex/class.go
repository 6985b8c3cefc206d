package regex

import (
	"sort"
	"strings"
	"sync"
	"unicode"
)

// ecmaWord, ecmaDigit and ecmaSpace are the members of \w, \d and \s with
// RegexOptions.ECMAScript; .NET counts a dotted capital I among the first.
const (
	ecmaWord  = `0-9A-Z_a-z\u0130`
	ecmaDigit = `0-9`
	ecmaSpace = `\u0009-\u000D\u0020`
)

type span struct{ lo, hi uint16 }

// class is a class of characters: ranges, and parts in the plain spelling that
// stay as they are (\w, \p{Lu}).
type class struct {
	negate bool
	spans  []span
	parts  strings.Builder
	minus  *class
}

func (s *class) add(lo, hi uint16) { s.spans = append(s.spans, span{lo, hi}) }

// shorthand adds \d, \w, \s or their complements.
func (s *class) shorthand(c uint16, ecma bool) {
	if !ecma {
		switch c {
		case 'w':
			// The engine counts the joiners among the members of \w; .NET only lets
			// them make no boundary.
			s.parts.WriteString(`\p{L}\p{Mn}\p{Nd}\p{Pc}`)
		case 'W':
			s.parts.WriteString(`\W\u200C\u200D`)
		default:
			s.parts.WriteString(`\` + string(rune(c)))
		}
		return
	}
	switch c {
	case 'd':
		s.parts.WriteString(ecmaDigit)
	case 'w':
		s.parts.WriteString(ecmaWord)
	case 's':
		s.parts.WriteString(ecmaSpace)
	case 'D':
		s.complement([]span{{'0', '9'}})
	case 'W':
		s.complement([]span{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}, {0x130, 0x130}})
	case 'S':
		s.complement([]span{{9, 13}, {' ', ' '}})
	}
}

// complement adds what lies outside of ascending ranges.
func (s *class) complement(of []span) {
	next := 0
	for _, r := range of {
		if int(r.lo) > next {
			s.write(span{uint16(next), r.lo - 1})
		}
		next = int(r.hi) + 1
	}
	if next <= 0xFFFF {
		s.write(span{uint16(next), 0xFFFF})
	}
}

func (s *class) write(r span) {
	s.parts.WriteString(plainUnit(r.lo))
	if r.hi > r.lo {
		s.parts.WriteString("-" + plainUnit(r.hi))
	}
}

// property adds \p{name} or its complement; false says that .NET knows no such
// category or block. A letter's case does not count when fold is set.
func (s *class) property(name string, negate, fold bool) bool {
	mark := pick(negate, `\P`, `\p`)
	switch {
	case fold && (name == "Lu" || name == "Ll" || name == "Lt"):
		if negate {
			s.complement(spansOf(unicode.Lu, unicode.Ll, unicode.Lt))
		} else {
			s.parts.WriteString(`\p{Lu}\p{Ll}\p{Lt}`)
		}
	case name == "Cn" || name == "C":
		// Go has no table of what is not assigned.
		tables := assigned
		if name == "C" {
			tables = visible
		}
		outside := spansOf(tables...)
		if negate {
			for _, r := range outside {
				s.write(r)
			}
		} else {
			s.complement(outside)
		}
	case categories[name]:
		s.parts.WriteString(mark + "{" + name + "}")
	default:
		r, ok := blocks[name]
		if !ok {
			return false
		}
		if negate {
			s.complement([]span{r})
		} else {
			s.write(r)
		}
	}
	return true
}

var categories = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields("L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn") {
		m[name] = true
	}
	return m
}()

var (
	visible  = []*unicode.RangeTable{unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z}
	assigned = append([]*unicode.RangeTable{unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co}, visible...)
)

// spansOf are the UTF-16 units in any of the tables, as ascending ranges.
func spansOf(tables ...*unicode.RangeTable) []span {
	var list []span
	for c := rune(0); c <= 0xFFFF; c++ {
		if !unicode.In(c, tables...) {
			continue
		}
		if n := len(list); n > 0 && int(list[n-1].hi)+1 == int(c) {
			list[n-1].hi = uint16(c)
		} else {
			list = append(list, span{uint16(c), uint16(c)})
		}
	}
	return list
}

// String is the class in the plain spelling.
func (s *class) String() string {
	if !s.negate && s.minus == nil && len(s.spans) == 0 && strings.Count(s.parts.String(), `\`) == 1 && s.parts.Len() == 2 {
		return s.parts.String()
	}
	var b strings.Builder
	b.WriteByte('[')
	if s.negate {
		b.WriteByte('^')
	}
	for _, r := range s.spans {
		b.WriteString(plainUnit(r.lo))
		if r.hi > r.lo {
			b.WriteString("-" + plainUnit(r.hi))
		}
	}
	b.WriteString(s.parts.String())
	if s.minus != nil {
		m := s.minus.String()
		if m[0] != '[' {
			m = "[" + m + "]"
		}
		b.WriteString("-" + m)
	}
	b.WriteByte(']')
	return b.String()
}

// fold adds the characters that differ from members of the ranges in case only.
func (s *class) fold() {
	cases := foldings()
	for _, r := range s.spans {
		i := sort.Search(len(cases.cased), func(i int) bool { return cases.cased[i] >= r.lo })
		for ; i < len(cases.cased) && cases.cased[i] <= r.hi; i++ {
			for _, c := range cases.of[cases.lower[cases.cased[i]]] {
				if c < r.lo || c > r.hi {
					s.add(c, c)
				}
			}
		}
	}
	sort.Slice(s.spans, func(i, j int) bool { return s.spans[i].lo < s.spans[j].lo })
	merged := s.spans[:0]
	for _, r := range s.spans {
		if n := len(merged); n > 0 && int(r.lo) <= int(merged[n-1].hi)+1 {
			merged[n-1].hi = max(merged[n-1].hi, r.hi)
			continue
		}
		merged = append(merged, r)
	}
	s.spans = merged
}

// folding is which characters RegexOptions.IgnoreCase takes for the same: those
// with one lower-case form in the invariant culture.
type folding struct {
	cased []uint16 // all that have company, ascending
	lower map[uint16]uint16
	of    map[uint16][]uint16 // by the lower-case form
}

var foldings = sync.OnceValue(func() *folding {
	f := &folding{lower: map[uint16]uint16{}, of: map[uint16][]uint16{}}
	for c := rune(0); c <= 0xFFFF; c++ {
		if l := unicode.ToLower(c); l != c && l <= 0xFFFF && c != 0x130 {
			if f.of[uint16(l)] == nil {
				f.of[uint16(l)] = []uint16{uint16(l)}
				f.lower[uint16(l)] = uint16(l)
			}
			f.of[uint16(l)] = append(f.of[uint16(l)], uint16(c))
			f.lower[uint16(c)] = uint16(l)
		}
	}
	for c := range f.lower {
		f.cased = append(f.cased, c)
	}
	sort.Slice(f.cased, func(i, j int) bool { return f.cased[i] < f.cased[j] })
	return f
})

// equivalents are the characters that differ from one in case only, with it.
func equivalents(u uint16) []uint16 {
	if u < 'A' {
		return nil
	}
	f := foldings()
	l, ok := f.lower[u]
	if !ok {
		return nil
	}
	return f.of[l]
}

// wordUnit reports whether a unit belongs to names and escapes: \w, and the two
// joiners.
func wordUnit(u uint16) bool {
	if u < 0x80 {
		return u >= '0' && u <= '9' || u >= 'a' && u <= 'z' || u >= 'A' && u <= 'Z' || u == '_'
	}
	return unicode.In(rune(u), unicode.L, unicode.Mn, unicode.Nd, unicode.Pc) || u == 0x200C || u == 0x200D
}
