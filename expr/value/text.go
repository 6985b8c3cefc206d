package value

import (
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// Strings are Go strings in WTF-8: UTF-8 in which a lone surrogate is its three
// bytes, so that every .NET string survives. A pair of surrogates is always the
// four bytes of its character: joining strings therefore goes through Concat,
// which melts a high surrogate at the end of one with a low one at the start of
// the next. Lengths, indexes and offsets count UTF-16 units, as .NET does.

// IsASCII reports whether a string holds only ASCII, in which case units are
// bytes.
func IsASCII(s string) bool {
	p := unsafe.StringData(s)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if *(*uint64)(unsafe.Add(unsafe.Pointer(p), i))&0x8080808080808080 != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// wide is a string with characters beyond ASCII. Its index of offsets is made
// when it is first needed.
type wide struct {
	s      string
	length int
	once   sync.Once
	marks  []int32 // byte offset of every markStep-th unit
}

const markStep = 64

func newWide(s string) *wide { return &wide{s: s, length: Length(s)} }

// Text is a string with fast access by UTF-16 unit.
type Text struct {
	s string
	w *wide
}

// Text is the string behind the value.
func (v Value) Text() Text {
	switch r := v.r.(type) {
	case *ascii:
		return Text{unsafe.String((*byte)(r), int(v.w)), nil}
	case *wide:
		return Text{r.s, r}
	}
	return Text{}
}

// TextOf is a Go string as a Text.
func TextOf(s string) Text { return String(s).Text() }

// String is the text in WTF-8.
func (t Text) String() string { return t.s }

// ASCII reports whether units are bytes.
func (t Text) ASCII() bool { return t.w == nil }

// Len is the number of UTF-16 units.
func (t Text) Len() int {
	if t.w == nil {
		return len(t.s)
	}
	return t.w.length
}

// offset is the byte offset of a unit; half says that the unit is the second
// surrogate of the character that starts there.
func (t Text) offset(i int) (at int, half bool) {
	if t.w == nil {
		return i, false
	}
	t.w.once.Do(t.w.mark)
	at = int(t.w.marks[i/markStep])
	n := i % markStep
	if at < 0 {
		at = -at
		n++ // the mark itself stands on a second surrogate
	}
	for n > 0 {
		size, units := step(t.s, at)
		if n < units {
			return at, true
		}
		at += size
		n -= units
	}
	return at, false
}

func (w *wide) mark() {
	w.marks = make([]int32, 0, w.length/markStep+1)
	unit := 0
	for at := 0; at < len(w.s); {
		size, units := step(w.s, at)
		if unit%markStep == 0 {
			w.marks = append(w.marks, int32(at))
		} else if units == 2 && (unit+1)%markStep == 0 {
			w.marks = append(w.marks, int32(-at))
		}
		at += size
		unit += units
	}
	if unit%markStep == 0 {
		w.marks = append(w.marks, int32(len(w.s)))
	}
}

// step is the number of bytes and of units of the character at a byte offset.
func step(s string, at int) (size, units int) {
	switch c := s[at]; {
	case c < 0x80:
		return 1, 1
	case c >= 0xF0 && at+4 <= len(s):
		return 4, 2
	case c >= 0xE0 && at+3 <= len(s):
		return 3, 1
	case c >= 0xC0 && at+2 <= len(s):
		return 2, 1
	}
	return 1, 1
}

// At is the UTF-16 unit at an index, which must be in range.
func (t Text) At(i int) uint16 {
	if t.w == nil {
		return uint16(t.s[i])
	}
	at, half := t.offset(i)
	r, _ := DecodeRune(t.s[at:])
	if r < 0x10000 {
		return uint16(r)
	}
	hi, lo := utf16.EncodeRune(r)
	if half {
		return uint16(lo)
	}
	return uint16(hi)
}

// Slice is the text of n units from a start; both must be in range. A pair of
// surrogates that is cut through leaves a lone one.
func (t Text) Slice(start, n int) string {
	if t.w == nil {
		return t.s[start : start+n]
	}
	if n == 0 {
		return ""
	}
	a, halfA := t.offset(start)
	b, halfB := t.offset(start + n)
	if !halfA && !halfB {
		return t.s[a:b]
	}
	var out []byte
	if halfA {
		r, size := DecodeRune(t.s[a:])
		_, lo := utf16.EncodeRune(r)
		out = AppendUnit(out, uint16(lo))
		if a += size; a > b {
			a = b
		}
	}
	if a < b {
		out = append(out, t.s[a:b]...)
	}
	if halfB {
		r, _ := DecodeRune(t.s[b:])
		hi, _ := utf16.EncodeRune(r)
		out = AppendUnit(out, uint16(hi))
	}
	return string(out)
}

// UnitIndex turns a byte offset into an index of units.
func (t Text) UnitIndex(offset int) int {
	if t.w == nil {
		return offset
	}
	return Length(t.s[:offset])
}

// ByteIndex turns an index of units into a byte offset. An index within a pair
// of surrogates gives the start of the pair.
func (t Text) ByteIndex(unit int) int {
	at, _ := t.offset(unit)
	return at
}

// Length is the number of UTF-16 units of a string.
func Length(s string) int {
	n := 0
	for i := 0; i < len(s); {
		size, units := step(s, i)
		i += size
		n += units
	}
	return n
}

// DecodeRune is the first character of a WTF-8 string, a lone surrogate being
// one, and its size in bytes.
func DecodeRune(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && len(s) >= 3 && s[0] == 0xED {
		return rune(s[0]&0x0F)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, n
}

// AppendUnit adds one UTF-16 unit in WTF-8, joining it to a high surrogate that
// stands at the end.
func AppendUnit(b []byte, u uint16) []byte {
	if u < 0x80 {
		return append(b, byte(u))
	}
	if u < 0xD800 || u > 0xDFFF {
		return utf8.AppendRune(b, rune(u))
	}
	if n := len(b); u >= 0xDC00 && n >= 3 && b[n-3] == 0xED && b[n-2] >= 0xA0 && b[n-2] < 0xB0 {
		hi := rune(0xD000) | rune(b[n-2]&0x3F)<<6 | rune(b[n-1]&0x3F)
		return utf8.AppendRune(b[:n-3], utf16.DecodeRune(hi, rune(u)))
	}
	return append(b, 0xED, byte(0x80|u>>6&0x3F), byte(0x80|u&0x3F))
}

// Units are the UTF-16 units of a string.
func Units(s string) []uint16 {
	out := make([]uint16, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] < 0x80 {
			out = append(out, uint16(s[i]))
			i++
			continue
		}
		r, n := DecodeRune(s[i:])
		i += n
		if r >= 0x10000 {
			hi, lo := utf16.EncodeRune(r)
			out = append(out, uint16(hi), uint16(lo))
		} else {
			out = append(out, uint16(r))
		}
	}
	return out
}

// FromUnits is the string of UTF-16 units.
func FromUnits(units []uint16) string {
	b := make([]byte, 0, len(units))
	for _, u := range units {
		b = AppendUnit(b, u)
	}
	return string(b)
}

// UnitString is the string of one unit.
func UnitString(u uint16) string {
	if u < 0x80 {
		return asciiTable[u : u+1]
	}
	return string(AppendUnit(nil, u))
}

var asciiTable = func() string {
	var b [0x80]byte
	for i := range b {
		b[i] = byte(i)
	}
	return string(b[:])
}()

// Concat joins two strings.
func Concat(a, b string) string {
	if n := len(a); n >= 3 && len(b) >= 3 && a[n-3] == 0xED && a[n-2] >= 0xA0 && a[n-2] < 0xB0 && b[0] == 0xED && b[1] >= 0xB0 {
		u := uint16(0xD000) | uint16(b[1]&0x3F)<<6 | uint16(b[2]&0x3F)
		return string(AppendUnit([]byte(a), u)) + b[3:]
	}
	return a + b
}

// CompareOrdinal compares by UTF-16 unit, as string.CompareOrdinal does: -, 0
// or + by the difference of the first units that differ, or of the lengths.
func CompareOrdinal(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	if i == len(a) && i == len(b) {
		return 0
	}
	// Step back to the start of the character that differs: surrogates sort
	// below U+E000, unlike in UTF-8.
	for i > 0 && i < max(len(a), len(b)) && (i < len(a) && a[i]&0xC0 == 0x80 || i < len(b) && b[i]&0xC0 == 0x80) {
		i--
	}
	if i == len(a) || i == len(b) {
		return Length(a) - Length(b)
	}
	ra, _ := DecodeRune(a[i:])
	rb, _ := DecodeRune(b[i:])
	ua, ub := firstUnit(ra), firstUnit(rb)
	if ua != ub {
		return int(ua) - int(ub)
	}
	_, la := utf16.EncodeRune(ra)
	_, lb := utf16.EncodeRune(rb)
	return int(la) - int(lb)
}

func firstUnit(r rune) uint16 {
	if r < 0x10000 {
		return uint16(r)
	}
	hi, _ := utf16.EncodeRune(r)
	return uint16(hi)
}

// ValidUTF8 is the string with each lone surrogate replaced by U+FFFD: what
// leaves the gateway as UTF-8.
func ValidUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := DecodeRune(s[i:])
		if r >= 0xD800 && r <= 0xDFFF {
			r = utf8.RuneError
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}
