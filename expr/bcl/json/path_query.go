package json

import (
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/value"
)

const openQuery = "Path ended with open query."

func (p *pathParser) query(closing byte, scan bool) filter {
	p.i++
	p.more(openIndexer)
	if p.s[p.i] != '(' {
		p.badIndexer()
	}
	p.i++
	p.t.Enter()
	e := p.expression()
	p.t.Leave()
	p.i++
	p.more(openIndexer)
	p.space()
	if p.at() != closing {
		p.badIndexer()
	}
	return &queryFilter{test: e, scan: scan}
}

func (p *pathParser) badQuery() {
	p.fail("Unexpected character while parsing path query: " + p.char())
}

// side is one side of a comparison: a path from the token (or, with fromRoot,
// from the root), or a value.
type side struct {
	path     []filter
	fromRoot bool
	v        *Value
}

func (p *pathParser) side() side {
	p.space()
	c := p.at()
	if c == '$' || c == '@' {
		s := side{fromRoot: c == '$'}
		p.i++
		if p.path(&s.path, p.i, true) {
			p.fail(openQuery)
		}
		p.space()
		p.more(openQuery)
		return s
	}
	v, ok := p.literal()
	if !ok {
		if p.i >= len(p.s) {
			p.bounds(p.i)
		}
		p.badQuery()
	}
	p.space()
	p.more(openQuery)
	return side{v: NewValue(p.t, kindOf(p.t, v), v)}
}

func (p *pathParser) literal() (value.Value, bool) {
	c := p.s[p.i]
	u, _ := value.DecodeRune(p.s[p.i:])
	switch {
	case c == '\'':
		return value.String(p.quoted()), true
	case unicode.IsDigit(u) || c == '-':
		start := p.i
		for p.i++; p.i < len(p.s); p.i++ {
			if k := p.s[p.i]; k != ' ' && k != ')' {
				continue
			}
			s := p.s[start:p.i]
			if strings.ContainsAny(s, ".Ee") {
				f, res := number.ParseFloat(s, number.StyleDouble, nil, 64)
				return value.Double(f), res == number.Parsed
			}
			n, res := number.ParseInt(s, number.StyleInteger, nil, 64)
			return value.Long(n), res == number.Parsed
		}
	case c == 't' && p.match("true"):
		return value.True, true
	case c == 'f' && p.match("false"):
		return value.False, true
	case c == 'n' && p.match("null"):
		return value.Null, true
	case c == '/':
		return value.String(p.pattern()), true
	}
	return value.Null, false
}

func (p *pathParser) pattern() string {
	start := p.i
	for p.i++; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '\\' && p.i+1 < len(p.s):
			p.i++
		case c == '/':
			for p.i++; p.i < len(p.s); {
				u, n := value.DecodeRune(p.s[p.i:])
				if !unicode.IsLetter(u) {
					break
				}
				p.i += n
			}
			return p.s[start:p.i]
		}
	}
	p.fail("Path ended with an open regex.")
	return ""
}

func (p *pathParser) match(w string) bool {
	if strings.HasPrefix(p.s[p.i:], w) {
		p.i += len(w)
		return true
	}
	return false
}

var operators = []string{"===", "==", "=~", "!==", "!=", "<>", "<=", "<", ">=", ">"}

func (p *pathParser) operator() string {
	if p.i+1 >= len(p.s) {
		p.fail(openQuery)
	}
	for _, op := range operators {
		if p.match(op) {
			if op == "<>" {
				op = "!="
			}
			return op
		}
	}
	p.fail("Could not read query operator.")
	return ""
}

// test is a condition of a query.
type test interface {
	matches(t *value.Thread, f *finder, x Token) bool
}

// expression reads conditions joined by && and ||. As in Json.NET a change of
// the operator nests what follows within what was before.
func (p *pathParser) expression() test {
	var top test
	var open *joined
	for p.i < len(p.s) {
		k := &comparison{left: p.side()}
		if c := p.at(); c != ')' && c != '|' && c != '&' {
			k.op = p.operator()
			k.right = p.side()
		}
		if p.at() == ')' {
			if open != nil {
				open.parts = append(open.parts, k)
				return top
			}
			return k
		}
		for _, op := range []byte("&|") {
			if p.at() != op {
				continue
			}
			if !p.match(string([]byte{op, op})) {
				p.badQuery()
			}
			if open == nil || open.and != (op == '&') {
				j := &joined{and: op == '&'}
				if open != nil {
					open.parts = append(open.parts, j)
				} else {
					top = j
				}
				open = j
			}
			open.parts = append(open.parts, k)
		}
	}
	p.fail(openQuery)
	return nil
}

type joined struct {
	and   bool
	parts []test
}

func (j *joined) matches(t *value.Thread, f *finder, x Token) bool {
	for _, k := range j.parts {
		if k.matches(t, f, x) != j.and {
			return !j.and
		}
	}
	return j.and
}

// comparison compares two sides; without an operator it asks whether the left
// one is there.
type comparison struct {
	left, right side
	op          string
}

func (s *side) results(_ *value.Thread, f *finder, x Token) value.Iterator {
	if s.v != nil {
		return one(value.Of(s.v))
	}
	if s.fromRoot {
		x = f.root
	}
	return follow(&finder{root: f.root}, s.path, x)
}

func (k *comparison) matches(t *value.Thread, f *finder, x Token) bool {
	t.Step(1)
	it := k.left.results(t, f, x)
	left, ok := it.Next(t)
	if k.op == "" || !ok {
		return ok
	}
	var right []value.Value
	for rest := k.right.results(t, f, x); ; {
		v, ok := rest.Next(t)
		if !ok {
			break
		}
		t.Alloc(24)
		right = append(right, v)
	}
	for ; ok; left, ok = it.Next(t) {
		for _, r := range right {
			t.Step(1)
			if k.compare(t, TokenOf(left), TokenOf(r)) {
				return true
			}
		}
	}
	return false
}

func (k *comparison) compare(t *value.Thread, a, b Token) bool {
	v, ok := a.(*Value)
	w, ok2 := b.(*Value)
	if !ok || !ok2 {
		// Containers differ from everything.
		return k.op == "!="
	}
	switch k.op {
	case "=~":
		return matchesPattern(t, v, w)
	case "==":
		return looselyEqual(t, v, w)
	case "===":
		return strictlyEqual(t, v, w)
	case "!=":
		return !looselyEqual(t, v, w)
	case "!==":
		return !strictlyEqual(t, v, w)
	}
	n := v.CompareTo(t, value.Of(w))
	switch k.op {
	case ">":
		return n > 0
	case ">=":
		return n >= 0
	case "<":
		return n < 0
	}
	return n <= 0
}

// numbers reports whether one value is an integer and the other a float.
func numbers(v, w *Value) bool {
	return v.kind == IntegerKind && w.kind == FloatKind || v.kind == FloatKind && w.kind == IntegerKind
}

func strictlyEqual(t *value.Thread, v, w *Value) bool {
	if numbers(v, w) {
		return compareAs(t, v.kind, v.v, w.v) == 0
	}
	return v.kind == w.kind && v.same(t, w)
}

func looselyEqual(t *value.Thread, v, w *Value) bool {
	if v.same(t, w) {
		return true
	}
	if numbers(v, w) {
		return compareAs(t, v.kind, v.v, w.v) == 0
	}
	if w.kind != StringKind {
		return false
	}
	var s string
	switch v.kind {
	case DateKind:
		if o, ok := v.v.Object().(*time.Offset); ok {
			s = string(appendOffset(nil, o))
		} else {
			s = string(appendDate(nil, time.InstantOf(v.v)))
		}
	case BytesKind:
		s = base64Of(t, v.v.Object().(*value.Array).Bytes()).Str()
	case GuidKind, TimeSpanKind:
		s = t.ToString(v.v)
	case URIKind:
		s = originalURI(t, v.v)
	default:
		return false
	}
	return s == w.v.Str()
}

func matchesPattern(t *value.Thread, v, w *Value) bool {
	if v.kind != StringKind || w.kind != StringKind {
		return false
	}
	s := w.v.Str()
	end := strings.LastIndexByte(s, '/')
	if end < 1 {
		t.ThrowRange("length ('-1') must be a non-negative value. (Parameter 'length')\nActual value was -1.", "length")
	}
	var flags int64
	for _, c := range s[end+1:] {
		switch c {
		case 'i':
			flags |= 1
		case 'm':
			flags |= 2
		case 's':
			flags |= 16
		case 'x':
			flags |= 4
		}
	}
	const space = "System.Text.RegularExpressions"
	kind := t.Table.Lookup(space, "RegexOptions", 0)
	if kind == nil {
		t.Throw(value.NotSupportedException, "The type 'System.Text.RegularExpressions.Regex' is not supported.")
	}
	return invokeNamed(t, space, "Regex", "IsMatch", v.v, value.String(s[1:end]), value.Enum(kind.Type(), flags)).Bool()
}
