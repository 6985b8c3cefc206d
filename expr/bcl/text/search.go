package text

import (
	"strings"
	"unicode/utf16"

	"github.com/spillway-gateway/spillway/expr/value"
)

// Comparison is System.StringComparison.
type Comparison int

// The comparisons, with .NET's numbers. The current culture is the invariant one.
const (
	CurrentCulture Comparison = iota
	CurrentCultureIgnoreCase
	InvariantCulture
	InvariantCultureIgnoreCase
	Ordinal
	OrdinalIgnoreCase
)

func (c Comparison) ignoreCase() bool { return c&1 == 1 }

func (c Comparison) culture() bool { return c < Ordinal }

// hasLone reports a lone surrogate: a text that UTF-8 search must not be
// trusted with, as a part of it may be half of a pair elsewhere.
func hasLone(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		at := strings.IndexByte(s[i:], 0xED)
		if at < 0 || i+at+2 >= len(s) {
			return false
		}
		i += at
		if s[i+1] >= 0xA0 {
			return true
		}
	}
	return false
}

// loosen writes every pair of surrogates as two lone ones, so that a search by
// bytes is a search by units; melt takes it back.
func loosen(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x10000 }) < 0 {
		return s
	}
	out := make([]byte, 0, len(s)+len(s)/2)
	for i := 0; i < len(s); {
		r, n := value.DecodeRune(s[i:])
		if r >= 0x10000 {
			hi, lo := utf16.EncodeRune(r)
			for _, u := range []rune{hi, lo} {
				out = append(out, 0xED, byte(0x80|u>>6&0x3F), byte(0x80|u&0x3F))
			}
		} else {
			out = append(out, s[i:i+n]...)
		}
		i += n
	}
	return string(out)
}

func melt(s string) string {
	if !hasLone(s) {
		return s
	}
	return value.FromUnits(value.Units(s))
}

// index finds part in s and gives its offset and length in units, or -1. The
// length can differ from part's where the culture decides.
func index(t *value.Thread, s, part string, how Comparison, last bool) (at, n int) {
	if how.culture() {
		start, end := indexCulture(t, s, part, how.ignoreCase(), last)
		if start < 0 {
			return -1, 0
		}
		return value.Length(s[:start]), value.Length(s[start:end])
	}
	if hasLone(part) {
		s, part = loosen(s), loosen(part)
	}
	t.Step(len(s) / 64)
	var i int
	switch {
	case how == OrdinalIgnoreCase && last:
		i = lastIndexFold(s, part)
	case how == OrdinalIgnoreCase:
		i = indexFold(s, part)
	case last:
		i = strings.LastIndex(s, part)
	default:
		i = strings.Index(s, part)
	}
	if i < 0 {
		return -1, 0
	}
	return value.Length(s[:i]), value.Length(part)
}

func startsWith(s, prefix string, how Comparison) bool {
	switch {
	case how.culture():
		return startsWithCulture(s, prefix, how.ignoreCase())
	case hasLone(prefix):
		s, prefix = loosen(s), loosen(prefix)
	}
	if how == OrdinalIgnoreCase {
		return foldPrefix(s, prefix) >= 0
	}
	return strings.HasPrefix(s, prefix)
}

// foldPrefix is the length of the start of s that equals prefix without case,
// -1 if there is none.
func foldPrefix(s, prefix string) int {
	i := 0
	for len(prefix) > 0 {
		if i == len(s) {
			return -1
		}
		r, n := value.DecodeRune(s[i:])
		p, m := value.DecodeRune(prefix)
		if r != p && fold(r) != fold(p) {
			return -1
		}
		i += n
		prefix = prefix[m:]
	}
	return i
}

func endsWith(s, suffix string, how Comparison) bool {
	switch {
	case how.culture():
		return endsWithCulture(s, suffix, how.ignoreCase())
	case hasLone(suffix):
		s, suffix = loosen(s), loosen(suffix)
	}
	if how == OrdinalIgnoreCase {
		want := value.Length(suffix)
		x := value.TextOf(s)
		return x.Len() >= want && equalFold(x.Slice(x.Len()-want, want), suffix)
	}
	return strings.HasSuffix(s, suffix)
}

// compare is string.Compare of two texts that are not null.
func compare(a, b string, how Comparison) int {
	switch {
	case how.culture():
		return compareCulture(a, b, how.ignoreCase())
	case how == OrdinalIgnoreCase:
		return compareFold(a, b)
	}
	return value.CompareOrdinal(a, b)
}

func equal(a, b string, how Comparison) bool {
	switch {
	case how == Ordinal:
		return a == b
	case how == OrdinalIgnoreCase:
		return equalFold(a, b)
	}
	return a == b || compareCulture(a, b, how.ignoreCase()) == 0
}

// replace is string.Replace with a part that is not empty.
func replace(t *value.Thread, s, part, with string, how Comparison) string {
	if how == Ordinal {
		lone := hasLone(part) || hasLone(with) || hasLone(s)
		if lone {
			s, part = loosen(s), loosen(part)
		}
		t.Step(len(s) / 64)
		n := strings.Count(s, part)
		if n == 0 {
			return melt(s)
		}
		charge(t, len(s)+n*(len(with)-len(part)))
		s = strings.ReplaceAll(s, part, with)
		if lone {
			s = melt(s)
		}
		return s
	}
	if !how.culture() && hasLone(part) {
		s, part = loosen(s), loosen(part)
	}
	var out []byte
	done := 0
	for _, m := range matches(t, s, part, how) {
		charge(t, m.start-done+len(with))
		out = appendText(appendText(out, s[done:m.start]), with)
		done = m.end
	}
	if done == 0 && out == nil {
		return melt(s)
	}
	charge(t, len(s)-done)
	return melt(string(append(out, s[done:]...)))
}

// span is a piece of a text by its bytes.
type span struct{ start, end int }

// matches are the places of a part from left to right that do not overlap, for
// comparisons other than ordinal. A part without weight has none.
func matches(t *value.Thread, s, part string, how Comparison) []span {
	if how.culture() {
		return cultureMatches(t, s, part, how.ignoreCase())
	}
	charge(t, 2*(len(s)+len(part)))
	f, p := foldString(s), foldString(part)
	var found []span
	i, j := 0, 0 // the same place in s and in f
	walk := func(to int) {
		for j < to {
			r, n := value.DecodeRune(s[i:])
			i += n
			j += len(appendRune(nil, fold(r)))
		}
	}
	for at := 0; ; {
		k := strings.Index(f[at:], p)
		if k < 0 {
			return found
		}
		t.Step(1 + k/64)
		walk(at + k)
		start := i
		at += k + len(p)
		walk(at)
		found = append(found, span{start, i})
	}
}

// charge charges the memory of a text.
func charge(t *value.Thread, bytes int) { t.Alloc(bytes + 16) }

// set is a set of characters, as Trim, IndexOfAny and Split take them.
type set struct {
	ascii [2]uint64
	more  map[uint16]bool
	n     int
	lone  bool // whether there are surrogates in it
}

// setOf reads a char[]; a null one is empty.
func setOf(v value.Value) *set {
	s := &set{}
	if a, ok := v.Object().(*value.Array); ok {
		for i := range a.Len() {
			s.add(uint16(a.Word(i)))
		}
	}
	return s
}

func (s *set) add(u uint16) {
	s.n++
	if u < 0x80 {
		s.ascii[u>>6] |= 1 << (u & 63)
		return
	}
	if s.more == nil {
		s.more = map[uint16]bool{}
	}
	s.more[u] = true
	s.lone = s.lone || u >= 0xD800 && u <= 0xDFFF
}

func (s *set) has(r rune) bool {
	if r < 0x80 {
		return s.ascii[r>>6]>>(r&63)&1 == 1
	}
	return r < 0x10000 && s.more[uint16(r)]
}

// indexAny is the offset in units of the first (or last) character of a set.
func (s *set) indexAny(text string, last bool) int {
	if s.lone {
		text = loosen(text)
	}
	found, unit := -1, 0
	for i := 0; i < len(text); {
		r, n := value.DecodeRune(text[i:])
		if s.has(r) {
			if !last {
				return unit
			}
			found = unit
		}
		i += n
		unit++
		if r >= 0x10000 {
			unit++
		}
	}
	return found
}

// trim cuts off characters at the ends.
func trim(s string, head, tail bool, cut func(rune) bool) string {
	for head && s != "" {
		r, n := value.DecodeRune(s)
		if !cut(r) {
			break
		}
		s = s[n:]
	}
	for tail && s != "" {
		r, n := lastRune(s)
		if !cut(r) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// lastRune is the last character of a WTF-8 string.
func lastRune(s string) (rune, int) {
	i := len(s) - 1
	for i > 0 && s[i]&0xC0 == 0x80 {
		i--
	}
	return value.DecodeRune(s[i:])
}

// trimSet is Trim(params char[]): an empty set is white space.
func trimSet(s string, head, tail bool, cut *set) string {
	if cut.n == 0 {
		return trim(s, head, tail, isSpace)
	}
	if cut.lone {
		return melt(trim(loosen(s), head, tail, cut.has))
	}
	return trim(s, head, tail, cut.has)
}
