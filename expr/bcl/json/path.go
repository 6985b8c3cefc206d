package json

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// finder is what a path is evaluated with.
type finder struct {
	root Token
	// must says that finding nothing throws.
	must bool
}

// filter is one step of a JSONPath: from the tokens found so far to the next.
type filter interface {
	run(f *finder, from value.Iterator) value.Iterator
}

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

const openQuery = "Path ended with open query."

func (p *pathParser) query(closing byte, scan bool) filter {
	p.i++
	p.more(openIndexer)
	if p.s[p.i] != '(' {
		p.badIndexer()
	}
	p.i++
	e := p.expression()
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

// follow evaluates steps from a token.
func follow(f *finder, filters []filter, x Token) value.Iterator {
	it := one(Of(x))
	for _, k := range filters {
		it = k.run(f, it)
	}
	return it
}

func typeName(x Token) string { return x.Type().Def().Name }

// each is a walk over what step finds from each token of another walk.
func each(from value.Iterator, step func(t *value.Thread, x Token) value.Iterator) value.Iterator {
	return flat(from, func(t *value.Thread, v value.Value) value.Iterator { return step(t, TokenOf(v)) })
}

// fieldFilter is a property by its name, several, or all.
type fieldFilter struct {
	name  string
	all   bool
	names []string
}

func (k *fieldFilter) run(f *finder, from value.Iterator) value.Iterator {
	return each(from, func(t *value.Thread, x Token) value.Iterator {
		o, ok := x.(*Object)
		switch {
		case !ok && f.must && k.names != nil:
			fail(t, "Properties '"+strings.Join(k.names, "', '")+"' not valid on "+typeName(x)+".")
		case !ok && f.must:
			fail(t, "Property '"+k.name+"' not valid on "+typeName(x)+".")
		case !ok:
			return children(nil)
		case k.names != nil:
			i := 0
			// With errors asked for, Json.NET throws behind every name, found or not.
			owed := ""
			return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
				if owed != "" {
					fail(t, owed)
				}
				for i < len(k.names) {
					name := k.names[i]
					i++
					missing := "Property '" + name + "' does not exist on JObject."
					if v := o.Get(name); v != nil {
						if f.must {
							owed = missing
						}
						return Of(v), true
					}
					if f.must {
						fail(t, missing)
					}
				}
				return value.Null, false
			})
		case !k.all:
			v := o.Get(k.name)
			if v == nil {
				if f.must {
					fail(t, "Property '"+k.name+"' does not exist on JObject.")
				}
				return children(nil)
			}
			return one(Of(v))
		}
		it := children(o)
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			v, ok := it.Next(t)
			if !ok {
				return value.Null, false
			}
			return Of(v.Object().(*Property).value), true
		})
	})
}

// scanFilter is a property by its name at any depth, several, or everything.
type scanFilter struct {
	name  string
	all   bool
	names []string
}

func (k *scanFilter) run(_ *finder, from value.Iterator) value.Iterator {
	return each(from, func(t *value.Thread, x Token) value.Iterator {
		self := k.all
		at := x
		pending := 0
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			if self {
				self = false
				return Of(x), true
			}
			for {
				if p, ok := at.(*Property); ok && pending > 0 {
					for pending <= len(k.names) {
						pending++
						if k.names[pending-2] == p.Name {
							return Of(p.value), true
						}
					}
					pending = 0
				}
				t.Step(1)
				at = nextScan(x, at)
				if at == nil {
					return value.Null, false
				}
				p, ok := at.(*Property)
				switch {
				case ok && k.names != nil:
					pending = 1
				case ok:
					if !k.all && p.Name == k.name {
						return Of(p.value), true
					}
				case k.all:
					return Of(at), true
				}
			}
		})
	})
}

// nextScan is the token behind at in the order of the text, within top.
func nextScan(top, at Token) Token {
	if at == nil {
		return nil
	}
	if c, ok := at.(Container); ok && c.count() > 0 {
		x := c.child(0)
		x.place().index = 0
		return x
	}
	for at != top {
		p := at.place().parent
		if p == nil {
			return nil
		}
		if x := sibling(at, 1); x != nil {
			return x
		}
		at = p
	}
	return nil
}

// indexFilter is an item by its index, several, or all.
type indexFilter struct {
	all     bool
	indexes []int
}

func (k *indexFilter) run(f *finder, from value.Iterator) value.Iterator {
	return each(from, func(t *value.Thread, x Token) value.Iterator {
		c, ok := x.(Container)
		if ok {
			ok = x.Kind() == ArrayKind || x.Kind() == ConstructorKind
		}
		if k.all {
			if !ok {
				if f.must {
					fail(t, "Index * not valid on "+typeName(x)+".")
				}
				return children(nil)
			}
			return children(c)
		}
		i := 0
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			for i < len(k.indexes) {
				n := k.indexes[i]
				i++
				switch {
				case !ok:
					if f.must {
						fail(t, "Index "+strconv.Itoa(n)+" not valid on "+typeName(x)+".")
					}
				case n >= c.count():
					if f.must {
						fail(t, "Index "+strconv.Itoa(n)+" outside the bounds of "+typeName(x)+".")
					}
				default:
					return Of(itemAt(t, c, n)), true
				}
			}
			return value.Null, false
		})
	})
}

// sliceFilter is a range of items.
type sliceFilter struct{ start, end, step *int }

func (k *sliceFilter) run(f *finder, from value.Iterator) value.Iterator {
	checked := false
	inner := each(from, func(t *value.Thread, x Token) value.Iterator {
		a, ok := x.(*Array)
		if !ok {
			if f.must {
				fail(t, "Array slice is not valid on "+typeName(x)+".")
			}
			return children(nil)
		}
		return k.slice(t, f, a)
	})
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if !checked {
			checked = true
			if k.step != nil && *k.step == 0 {
				fail(t, "Step cannot be zero.")
			}
		}
		return inner.Next(t)
	})
}

func (k *sliceFilter) slice(t *value.Thread, f *finder, a *Array) value.Iterator {
	n, step := len(a.items), 1
	if k.step != nil {
		step = *k.step
	}
	start, stop := 0, n
	if step < 0 {
		start, stop = n-1, -1
	}
	if k.start != nil {
		if start = *k.start; start < 0 {
			start += n
		}
	}
	if k.end != nil {
		if stop = *k.end; stop < 0 {
			stop += n
		}
	}
	if step > 0 {
		start = min(max(start, 0), n)
	} else {
		start = min(start, n-1)
	}
	stop = min(max(stop, -1), n)
	valid := func(i int) bool {
		if step > 0 {
			return i < stop
		}
		return i > stop
	}
	if !valid(start) && f.must {
		text := func(p *int) string {
			if p == nil {
				return "*"
			}
			return strconv.Itoa(*p)
		}
		fail(t, "Array slice of "+text(k.start)+" to "+text(k.end)+" returned no results.")
	}
	i := start
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if !valid(i) {
			return value.Null, false
		}
		x := itemAt(t, a, i)
		i += step
		return Of(x), true
	})
}

// queryFilter is the children that a condition holds for, or all tokens below.
type queryFilter struct {
	test test
	scan bool
}

func (k *queryFilter) run(f *finder, from value.Iterator) value.Iterator {
	return each(from, func(_ *value.Thread, x Token) value.Iterator {
		var it value.Iterator
		if k.scan {
			it = descendants(x, true)
		} else {
			it = childrenOf(x)
		}
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			for {
				v, ok := it.Next(t)
				if !ok || k.test.matches(t, f, TokenOf(v)) {
					return v, ok
				}
			}
		})
	})
}

func selectOne(c *value.Call, must bool) value.Value {
	c.NotNull(0, "expression")
	x := thisToken(c)
	found := value.Null
	it := follow(&finder{root: x, must: must}, parsePath(c.Thread, c.Str(0)), x)
	for {
		v, ok := it.Next(c.Thread)
		if !ok {
			return found
		}
		if !found.IsNull() {
			fail(c.Thread, "Path returned multiple tokens.")
		}
		found = v
	}
}

func selectAll(c *value.Call, must bool) value.Value {
	c.NotNull(0, "expression")
	x := thisToken(c)
	filters := parsePath(c.Thread, c.Str(0))
	if len(filters) == 0 {
		return c.ArrayOf(TokenType, []value.Value{c.This})
	}
	return lazily(TokenType, func(*value.Thread) value.Iterator {
		return follow(&finder{root: x, must: must}, filters, x)
	})
}
