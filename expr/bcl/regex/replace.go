package regex

import (
	"math"
	"strconv"

	"github.com/spillway-gateway/spillway/expr/value"
)

// piece is a part of a replacement pattern: a text, or what of the match stands
// in its place.
type piece struct {
	kind pieceKind
	text string
	slot int
}

type pieceKind uint8

const (
	literal    pieceKind = iota
	groupPiece           // $1, ${name}, $&
	leftPiece            // $`
	rightPiece           // $'
	lastPiece            // $+
	wholePiece           // $_
)

// replacement reads a replacement pattern. What names no group is a text.
func (p *program) replacement(t *value.Thread, pattern string) []piece {
	t.Step(len(pattern))
	var pieces []piece
	add := func(s string) {
		if n := len(pieces); n > 0 && pieces[n-1].kind == literal {
			pieces[n-1].text = value.Concat(pieces[n-1].text, s)
		} else if s != "" {
			pieces = append(pieces, piece{text: s})
		}
	}
	s := pattern
	for i := 0; i < len(s); {
		start := i
		for i < len(s) && s[i] != '$' {
			i++
		}
		if i > start {
			t.Alloc(i - start)
			add(s[start:i])
		}
		if i == len(s) {
			break
		}
		i++
		x, end := p.dollar(t, s, i)
		if end < 0 {
			add("$")
			continue
		}
		i = end
		if x.kind == literal {
			add(x.text)
		} else {
			pieces = append(pieces, x)
		}
	}
	return pieces
}

// dollar reads what follows a dollar; a negative end says that it is one.
func (p *program) dollar(t *value.Thread, s string, i int) (piece, int) {
	if i == len(s) {
		return piece{}, -1
	}
	angled := s[i] == '{' && i+1 < len(s)
	if angled {
		i++
	}
	c := s[i]
	group := func(n int) (piece, bool) {
		slot, ok := p.byNum[n]
		return piece{kind: groupPiece, slot: slot}, ok
	}
	switch {
	case c >= '0' && c <= '9':
		if !angled && p.opts&ecmaScript != 0 {
			// The longest number that names a group.
			best, end, n := piece{}, -1, 0
			for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
				n = p.more(t, s, n, s[i], i+1)
				if x, ok := group(n); ok {
					best, end = x, i+1
				}
			}
			return best, end
		}
		n := 0
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			n = p.more(t, s, n, s[i], i+1)
		}
		if angled {
			if i == len(s) || s[i] != '}' {
				return piece{}, -1
			}
			i++
		}
		if x, ok := group(n); ok {
			return x, i
		}
	case angled:
		start := i
		for i < len(s) {
			r, size := value.DecodeRune(s[i:])
			if r > 0xFFFF || !wordUnit(uint16(r)) {
				break
			}
			i += size
		}
		if i > start && i < len(s) && s[i] == '}' {
			if n, ok := p.byStr[s[start:i]]; ok {
				x, _ := group(n)
				return x, i + 1
			}
		}
	case c == '$':
		return piece{text: "$"}, i + 1
	case c == '&':
		return piece{kind: groupPiece}, i + 1
	case c == '`':
		return piece{kind: leftPiece}, i + 1
	case c == '\'':
		return piece{kind: rightPiece}, i + 1
	case c == '+':
		return piece{kind: lastPiece}, i + 1
	case c == '_':
		return piece{kind: wholePiece}, i + 1
	}
	return piece{}, -1
}

func (p *program) more(t *value.Thread, pattern string, n int, c byte, at int) int {
	d := int(c - '0')
	if n > math.MaxInt32/10 || n == math.MaxInt32/10 && d > math.MaxInt32%10 {
		t.Raise(parseException(pattern, &fault{errQuantifierRange, "Quantifier and capture group numbers must be less than or equal to Int32.MaxValue.", value.Length(pattern[:at])}))
	}
	return n*10 + d
}

// expand adds the pieces for a match to a text.
func (m *Match) expand(t *value.Thread, b *joiner, pieces []piece) {
	text := m.in.text
	whole := m.extent()
	// With bounds a search knows only the part between them.
	from, to := m.in.from, m.in.from+len(m.in.runes)
	for _, x := range pieces {
		switch x.kind {
		case literal:
			b.add(t, x.text)
		case groupPiece, lastPiece:
			slot := x.slot
			if x.kind == lastPiece {
				slot = len(m.groups) - 1
			}
			if e, ok := m.group(slot); ok {
				b.add(t, text.Slice(int(e.at), int(e.n)))
			}
		case leftPiece:
			b.add(t, text.Slice(from, int(whole.at)-from))
		case rightPiece:
			end := int(whole.at + whole.n)
			b.add(t, text.Slice(end, to-end))
		case wholePiece:
			b.add(t, text.Slice(from, to-from))
		}
	}
}

// joiner puts texts together, charging for each. Halves of a character that
// come to stand side by side become one.
type joiner struct {
	buf []byte
}

func (j *joiner) add(t *value.Thread, s string) {
	if s == "" {
		return
	}
	t.Alloc(len(s))
	if n := len(j.buf); n >= 3 && len(s) >= 3 && s[0] == 0xED && j.buf[n-3] == 0xED {
		tail := value.Concat(string(j.buf[n-3:]), s)
		j.buf = append(j.buf[:n-3], tail...)
		return
	}
	j.buf = append(j.buf, s...)
}

// replace puts something in the place of at most count matches from a unit on;
// a count of -1 is without limit.
func (p *program) replace(t *value.Thread, v value.Value, count, start int, with func(m *Match, b *joiner)) value.Value {
	if count == 0 {
		return v
	}
	text := v.Text()
	n := text.Len()
	in := read(t, text, 0, n)
	m := p.find(t, in, start)
	if m == nil {
		return v
	}
	var b joiner
	if p.opts&rightToLeft == 0 {
		at := 0
		for ; m != nil; m = p.after(t, m) {
			e := m.extent()
			b.add(t, text.Slice(at, int(e.at)-at))
			at = int(e.at + e.n)
			with(m, &b)
			if count--; count == 0 {
				break
			}
		}
		b.add(t, text.Slice(at, n-at))
		return value.String(string(b.buf))
	}
	// From right to left the parts come in reverse order.
	var parts []string
	at := n
	for ; m != nil; m = p.after(t, m) {
		e := m.extent()
		end := int(e.at + e.n)
		var part joiner
		with(m, &part)
		t.Alloc(2*24 + at - end)
		parts = append(parts, text.Slice(end, at-end), string(part.buf))
		at = int(e.at)
		if count--; count == 0 {
			break
		}
	}
	b.add(t, text.Slice(0, at))
	for i := len(parts) - 1; i >= 0; i-- {
		b.add(t, parts[i])
	}
	return value.String(string(b.buf))
}

// split cuts a text at the matches into at most count parts; 0 is without
// limit. What groups have captured stands between the parts.
func (p *program) split(t *value.Thread, v value.Value, count, start int) value.Value {
	if count == 1 {
		return t.ArrayOf(v.Type(), []value.Value{v})
	}
	text := v.Text()
	n := text.Len()
	in := read(t, text, 0, n)
	var parts []string
	add := func(from, to int) {
		t.Alloc(16 + to - from)
		parts = append(parts, text.Slice(from, to-from))
	}
	reverse := p.opts&rightToLeft != 0
	at := 0
	if reverse {
		at = n
	}
	m := p.find(t, in, start)
	if m == nil {
		return t.ArrayOf(v.Type(), []value.Value{v})
	}
	for count--; m != nil; m = p.after(t, m) {
		e := m.extent()
		if reverse {
			add(int(e.at+e.n), at)
			at = int(e.at)
		} else {
			add(at, int(e.at))
			at = int(e.at + e.n)
		}
		for slot := 1; slot < len(m.groups); slot++ {
			if g, ok := m.group(slot); ok {
				add(int(g.at), int(g.at+g.n))
			}
		}
		if count--; count == 0 {
			break
		}
	}
	if reverse {
		add(0, at)
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	} else {
		add(at, n)
	}
	return t.Strings(parts)
}

// escape is Regex.Escape.
func escape(t *value.Thread, s string) string {
	t.Alloc(2 * len(s))
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\', '*', '+', '?', '|', '{', '[', '(', ')', '^', '$', '.', '#', ' ':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\f':
			b = append(b, '\\', 'f')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// unescape is Regex.Unescape: a backslash at the end is dropped.
func unescape(text string) (s string, f *fault) {
	defer func() {
		if e := recover(); e != nil {
			var ok bool
			if f, ok = e.(*fault); !ok {
				panic(e)
			}
		}
	}()
	p := &parser{text: value.Units(text)}
	var units []uint16
	for !p.end() {
		c := p.next()
		if c == '\\' {
			if p.end() {
				break
			}
			c = p.escape()
		}
		units = append(units, c)
	}
	return value.FromUnits(units), nil
}

func parseException(text string, f *fault) *value.Exception {
	e := value.NewException(ParseDef, "Invalid pattern '"+text+"' at offset "+strconv.Itoa(f.offset)+". "+f.message)
	e.State = f
	return e
}
