package json

import (
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// pathParser reads Json.NET's dialect of JSONPath.
type pathParser struct {
	t *value.Thread
	s string
	i int
}

// parsePath reads a path, or throws a JsonException.
func parsePath(t *value.Thread, s string) []filter {
	t.Alloc(16 * len(s))
	p := &pathParser{t: t, s: s}
	p.space()
	start := 0
	if p.i == len(s) {
		return nil
	}
	if p.at() == '$' {
		if len(s) == 1 {
			return nil
		}
		p.bounds(p.i + 1)
		if c := s[p.i+1]; c == '.' || c == '[' {
			p.i++
			start = p.i
		}
	}
	var filters []filter
	if !p.path(&filters, start, false) {
		last := p.i
		p.space()
		if p.i < len(s) {
			p.i = last
			p.fail("Unexpected character while parsing path: " + p.char())
		}
	}
	return filters
}

func (p *pathParser) fail(message string) { fail(p.t, message) }

// bounds throws what the indexer of a string throws.
func (p *pathParser) bounds(i int) {
	if i >= len(p.s) {
		p.t.Throw(value.IndexOutOfRangeException, "Index was outside the bounds of the array.")
	}
}

func (p *pathParser) at() byte {
	p.bounds(p.i)
	return p.s[p.i]
}

func (p *pathParser) char() string {
	return value.UnitString(value.TextOf(p.s[p.i:min(len(p.s), p.i+4)]).At(0))
}

func (p *pathParser) space() {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
}

func (p *pathParser) more(message string) {
	if p.i >= len(p.s) {
		p.fail(message)
	}
}

func memberFilter(name string, scan bool) filter {
	if scan {
		return &scanFilter{name: name, all: name == "*"}
	}
	return &fieldFilter{name: name, all: name == "*"}
}

// path reads steps up to the end of the path, or of a query within it. It
// reports whether the end of the text was reached.
func (p *pathParser) path(out *[]filter, start int, query bool) bool {
	scan, afterIndexer, afterDot, ended := false, false, false, false
	member := func(name string) {
		*out = append(*out, memberFilter(name, scan))
		scan = false
	}
	for p.i < len(p.s) && !ended {
		switch c := p.s[p.i]; c {
		case '[', '(':
			if p.i > start {
				member(p.s[start:p.i])
			}
			*out = append(*out, p.indexer(c, scan))
			scan = false
			p.i++
			start = p.i
			afterIndexer, afterDot = true, false
		case ']', ')', ' ':
			ended = true
		case '.':
			if p.i > start {
				member(p.s[start:p.i])
			}
			if p.i+1 < len(p.s) && p.s[p.i+1] == '.' {
				scan = true
				p.i++
			}
			p.i++
			start = p.i
			afterIndexer, afterDot = false, true
		default:
			if query && strings.IndexByte("=<!>|&", c) >= 0 {
				ended = true
				break
			}
			if afterIndexer {
				p.fail("Unexpected character following indexer: " + p.char())
			}
			p.i++
		}
	}
	atEnd := p.i == len(p.s)
	if p.i > start {
		member(strings.TrimRightFunc(p.s[start:p.i], unicode.IsSpace))
	} else if afterDot && (atEnd || query) {
		p.fail("Unexpected end while parsing path.")
	}
	return atEnd
}

const openIndexer = "Path ended with open indexer."

func (p *pathParser) indexer(open byte, scan bool) filter {
	p.i++
	closing := byte(']')
	if open == '(' {
		closing = ')'
	}
	p.more(openIndexer)
	p.space()
	switch p.at() {
	case '\'':
		return p.quotedFields(closing, scan)
	case '?':
		return p.query(closing, scan)
	}
	return p.arrayIndexer(closing)
}

func (p *pathParser) badIndexer() {
	p.fail("Unexpected character while parsing path indexer: " + p.char())
}

func (p *pathParser) arrayIndexer(closing byte) filter {
	start, end := p.i, -1
	var indexes []int
	listed := false
	colons := 0
	var slice sliceFilter
	number := func() (int, bool) {
		to := end
		if to < 0 {
			to = p.i
		}
		if to == start {
			return 0, false
		}
		return int(number.Change(p.t, value.String(p.s[start:to]), types.CodeInt32, value.Null).Long()), true
	}
	part := func(n int) {
		switch colons {
		case 0:
			slice.start = &n
		case 1:
			slice.end = &n
		default:
			slice.step = &n
		}
	}
	next := func() {
		p.i++
		p.space()
		start, end = p.i, -1
	}
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == ' ':
			end = p.i
			p.space()
		case c == closing:
			n, ok := number()
			if colons > 0 && !listed {
				if ok {
					part(n)
				}
				return &slice
			}
			if !ok {
				p.fail("Array index expected.")
			}
			if listed {
				return &indexFilter{indexes: append(indexes, n)}
			}
			return &indexFilter{indexes: []int{n}}
		case c == ',':
			n, ok := number()
			if !ok {
				p.fail("Array index expected.")
			}
			listed = true
			indexes = append(indexes, n)
			next()
		case c == '*':
			p.i++
			p.more(openIndexer)
			p.space()
			if p.at() != closing {
				p.fail("Unexpected character while parsing path indexer: *")
			}
			return &indexFilter{all: true}
		case c == ':':
			if n, ok := number(); ok {
				part(n)
			}
			colons++
			next()
		default:
			if u, _ := value.DecodeRune(p.s[p.i:]); !unicode.IsDigit(u) && c != '-' || end >= 0 {
				p.badIndexer()
			}
			_, n := value.DecodeRune(p.s[p.i:])
			p.i += n
		}
	}
	p.fail(openIndexer)
	return nil
}

func (p *pathParser) quotedFields(closing byte, scan bool) filter {
	var names []string
	for p.i < len(p.s) {
		name := p.quoted()
		p.space()
		p.more(openIndexer)
		switch p.s[p.i] {
		case closing:
			switch {
			case names == nil && scan:
				return &scanFilter{name: name}
			case names == nil:
				return &fieldFilter{name: name}
			case scan:
				return &scanFilter{names: append(names, name)}
			}
			return &fieldFilter{names: append(names, name)}
		case ',':
			p.i++
			p.space()
			names = append(names, name)
		default:
			p.badIndexer()
		}
	}
	p.fail(openIndexer)
	return nil
}

// quoted reads a text in single quotes, whose first character it does not look
// at.
func (p *pathParser) quoted() string {
	var b strings.Builder
	p.i++
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '\\' && p.i+1 < len(p.s):
			p.i++
			switch c := p.s[p.i]; c {
			case 'b':
				b.WriteByte('\b')
			case 't':
				b.WriteByte('\t')
			case 'n':
				b.WriteByte('\n')
			case 'f':
				b.WriteByte('\f')
			case 'r':
				b.WriteByte('\r')
			case '\\', '"', '\'', '/':
				b.WriteByte(c)
			default:
				p.fail(`Unknown escape character: \` + p.char())
			}
			p.i++
		case c == '\'':
			p.i++
			return b.String()
		default:
			b.WriteByte(c)
			p.i++
		}
	}
	p.fail("Path ended with an open string.")
	return ""
}
