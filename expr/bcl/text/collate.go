package text

import (
	"encoding/binary"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/spillway-gateway/spillway/expr/value"
)

// element is a collation element: what one character, or a part of it, weighs
// at the three levels base letter, accent and case. A combining mark has no
// primary weight; an ignorable character has no element at all.
type element struct {
	primary   uint32
	secondary uint16
	tertiary  uint8
}

// collator finds the elements of characters in the root collation of
// golang.org/x/text, which orders as .NET's invariant culture does: `_ - 1 a A b B é Z`.
// The library compares whole strings only; searching for a prefix or a
// substring needs the elements.
type collator struct {
	mu     sync.RWMutex
	c      *collate.Collator
	buffer collate.Buffer
	cache  map[rune][]element
	// ASCII characters have at most one element each.
	ascii [0x80]element
}

// maxCached bounds the memory that hostile texts can make the cache hold.
const maxCached = 1 << 14

var root = sync.OnceValue(func() *collator {
	c := &collator{c: collate.New(language.Und), cache: map[rune][]element{}}
	for r := range rune(0x80) {
		if list := c.find(r); len(list) > 0 {
			c.ascii[r] = list[0]
		}
	}
	return c
})

// find reads the elements of a character from its sort key: primary weights of
// two bytes (three, with the top bit set), a zero word, secondary weights of
// two bytes, a zero word, tertiary weights of one byte.
func (c *collator) find(r rune) []element {
	c.buffer.Reset()
	key := c.c.KeyFromString(&c.buffer, string(r))
	var primaries []uint32
	i := 0
	for ; i+1 < len(key) && (key[i] != 0 || key[i+1] != 0); i += 2 {
		p := uint32(key[i])<<8 | uint32(key[i+1])
		if key[i]&0x80 != 0 && i+2 < len(key) {
			p = p<<8 | uint32(key[i+2])
			i++
		} else {
			p <<= 8
		}
		primaries = append(primaries, p)
	}
	var secondaries []uint16
	for i += 2; i+1 < len(key) && (key[i] != 0 || key[i+1] != 0); i += 2 {
		secondaries = append(secondaries, uint16(key[i])<<8|uint16(key[i+1]))
	}
	var tertiaries []byte
	if i += 2; i < len(key) {
		tertiaries = key[i:]
	}
	list := make([]element, max(len(primaries), len(secondaries), len(tertiaries)))
	for j, p := range primaries {
		list[j].primary = p
	}
	for j, s := range secondaries {
		list[j].secondary = s
	}
	for j, t := range tertiaries {
		list[j].tertiary = t
	}
	return list
}

// elements are those of a character's canonical decomposition.
func (c *collator) elements(r rune) []element {
	c.mu.RLock()
	list, ok := c.cache[r]
	c.mu.RUnlock()
	if ok {
		return list
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range norm.NFD.String(string(r)) {
		list = append(list, c.find(x)...)
	}
	if len(c.cache) < maxCached {
		c.cache[r] = list
	}
	return list
}

// walk goes through the elements of a text without holding them all.
type walk struct {
	c    *collator
	s    string
	i    int
	left []element
}

// next is the next weight of a level that is not zero; zero at the end.
func (w *walk) next(level int) uint32 {
	for {
		for len(w.left) > 0 {
			e := w.left[0]
			w.left = w.left[1:]
			if weight := e.at(level); weight != 0 {
				return weight
			}
		}
		if w.i == len(w.s) {
			return 0
		}
		if b := w.s[w.i]; b < 0x80 {
			w.i++
			if weight := w.c.ascii[b].at(level); weight != 0 {
				return weight
			}
			continue
		}
		r, n := value.DecodeRune(w.s[w.i:])
		w.i += n
		w.left = w.c.elements(r)
	}
}

// place is an element with where its character stands: the bytes of the text
// from start to end.
type place struct {
	element
	start, end int
}

// places are the elements of a text without the parts that count for nothing,
// some more than limit at most.
func (c *collator) places(s string, ignoreCase bool, limit int) []place {
	out := make([]place, 0, min(len(s), limit+4))
	for i := 0; i < len(s) && len(out) <= limit; {
		start := i
		list := c.ascii[:0]
		if b := s[i]; b < 0x80 {
			if i++; c.ascii[b] != (element{}) {
				list = c.ascii[b : b+1]
			}
		} else {
			r, n := value.DecodeRune(s[i:])
			i += n
			list = c.elements(r)
		}
		for _, e := range list {
			if ignoreCase {
				e.tertiary = 0
			}
			out = append(out, place{e, start, i})
		}
	}
	return out
}

// whole is the limit of places for all of a text.
const whole = 1 << 30

// compareCulture compares two texts as the invariant culture does: base
// letters first, then accents, then (unless ignored) case.
func compareCulture(a, b string, ignoreCase bool) int {
	c := root()
	if value.IsASCII(a) && value.IsASCII(b) {
		return c.compareASCII(a, b, ignoreCase)
	}
	levels := 3
	if ignoreCase {
		levels = 2
	}
	for level := range levels {
		x, y := walk{c: c, s: a}, walk{c: c, s: b}
		for {
			p, q := x.next(level), y.next(level)
			if p < q {
				return -1
			} else if p > q {
				return 1
			}
			if p == 0 {
				break
			}
		}
	}
	return 0
}

func (e element) at(level int) uint32 {
	switch level {
	case 0:
		return e.primary
	case 1:
		return uint32(e.secondary)
	}
	return uint32(e.tertiary)
}

func (c *collator) compareASCII(a, b string, ignoreCase bool) int {
	i, j, tie := 0, 0, 0
	for {
		for i < len(a) && c.ascii[a[i]].primary == 0 {
			i++
		}
		for j < len(b) && c.ascii[b[j]].primary == 0 {
			j++
		}
		switch {
		case i == len(a) && j == len(b):
			return tie
		case i == len(a):
			return -1
		case j == len(b):
			return 1
		}
		x, y := c.ascii[a[i]], c.ascii[b[j]]
		if x.primary != y.primary {
			if x.primary < y.primary {
				return -1
			}
			return 1
		}
		if tie == 0 && !ignoreCase && x.tertiary != y.tertiary {
			tie = 1
			if x.tertiary < y.tertiary {
				tie = -1
			}
		}
		i++
		j++
	}
}

// match reports whether the elements x[at:] begin with those of y, and with
// them a whole character: no combining mark may follow.
func match(x, y []place, at int) bool {
	if at+len(y) > len(x) {
		return false
	}
	for i := range y {
		if x[at+i].element != y[i].element {
			return false
		}
	}
	end := at + len(y)
	return end == len(x) || x[end].primary != 0 && (end == 0 || x[end].start != x[end-1].start)
}

// plain reports a text that culture comparison treats as ordinal comparison
// does when both sides are such texts: ASCII without control characters.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x7F || s[i] < 0x20 && (s[i] < 9 || s[i] > 13) {
			return false
		}
	}
	return true
}

func startsWithCulture(s, prefix string, ignoreCase bool) bool {
	if plain(s) && plain(prefix) {
		if ignoreCase {
			return len(prefix) <= len(s) && equalFold(s[:len(prefix)], prefix)
		}
		return strings.HasPrefix(s, prefix)
	}
	c := root()
	y := c.places(prefix, ignoreCase, whole)
	return len(y) == 0 || match(c.places(s, ignoreCase, len(y)+1), y, 0)
}

func endsWithCulture(s, suffix string, ignoreCase bool) bool {
	if plain(s) && plain(suffix) {
		if ignoreCase {
			return len(suffix) <= len(s) && equalFold(s[len(s)-len(suffix):], suffix)
		}
		return strings.HasSuffix(s, suffix)
	}
	c := root()
	y := c.places(suffix, ignoreCase, whole)
	if len(y) == 0 {
		return true
	}
	x := c.places(s, ignoreCase, whole)
	// Unlike a start, an end may be cut out of a letter with its accents.
	at := len(x) - len(y)
	return at >= 0 && match(x, y, at)
}

func startsCharacter(x []place, at int) bool {
	return at == 0 || x[at].start != x[at-1].start
}

// indexCulture finds part in s and gives the byte offsets of the match, or -1.
// A part without weight matches at the start, or at the end when last is set.
func indexCulture(t *value.Thread, s, part string, ignoreCase, last bool) (start, end int) {
	if plain(s) && plain(part) {
		i := -1
		switch {
		case ignoreCase && last:
			i = lastIndexFold(s, part)
		case ignoreCase:
			i = indexFold(s, part)
		case last:
			i = strings.LastIndex(s, part)
		default:
			i = strings.Index(s, part)
		}
		return i, i + len(part)
	}
	c := root()
	y := c.places(part, ignoreCase, whole)
	if len(y) == 0 {
		if last {
			return len(s), len(s)
		}
		return 0, 0
	}
	x := c.places(s, ignoreCase, whole)
	t.Step((len(x) + len(y)) / 8)
	try := func(at int) bool {
		return startsCharacter(x, at) && match(x, y, at)
	}
	n := len(x) - len(y)
	for k := 0; k <= n; k++ {
		at := k
		if last {
			at = n - k
		}
		if x[at].element == y[0].element {
			t.Step(1 + len(y)/16)
			if try(at) {
				return x[at].start, x[at+len(y)-1].end
			}
		}
	}
	return -1, -1
}

// cultureMatches are the places of a part in s that do not overlap.
func cultureMatches(t *value.Thread, s, part string, ignoreCase bool) []span {
	c := root()
	y := c.places(part, ignoreCase, whole)
	if len(y) == 0 {
		return nil
	}
	t.Alloc(24 * len(s))
	x := c.places(s, ignoreCase, whole)
	t.Step(len(x) / 8)
	var found []span
	for at := 0; at+len(y) <= len(x); {
		if x[at].element == y[0].element {
			t.Step(1 + len(y)/16)
			if startsCharacter(x, at) && match(x, y, at) {
				found = append(found, span{x[at].start, x[at+len(y)-1].end})
				at += len(y)
				continue
			}
		}
		at++
	}
	return found
}

// sortKey is a text that is equal exactly for texts that the culture calls
// equal: the key for hashing.
func sortKey(s string, ignoreCase bool) string {
	list := root().places(s, ignoreCase, whole)
	b := make([]byte, 0, 8*len(list)+12)
	for level := range 3 {
		for _, e := range list {
			if w := e.at(level); w != 0 {
				b = binary.BigEndian.AppendUint32(b, w)
			}
		}
		b = append(b, 0, 0, 0, 0)
	}
	return string(b)
}
