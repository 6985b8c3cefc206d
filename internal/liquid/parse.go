package liquid

import (
	"strconv"
	"strings"
)

// Parse reads a template. The error is a *SyntaxError.
func Parse(source string) (t *Template, err error) {
	p := &parser{source: source}
	defer func() {
		if e, ok := recover().(*SyntaxError); ok {
			t, err = nil, e
		} else if e != nil {
			panic(e)
		}
	}()
	p.split()
	nodes, end := p.block(0)
	if end.name != "" {
		p.fail(end.at, "%s stands where nothing has begun", end.name)
	}
	return &Template{nodes}, nil
}

// piece is a text, an output or a tag of a template.
type piece struct {
	kind byte // 't' text, 'o' output, 'g' tag
	text string
	at   int
}

type parser struct {
	source string
	pieces []piece
	next   int
}

func (p *parser) fail(at int, format string, args ...any) {
	panic(&SyntaxError{at, sprintf(format, args...)})
}

// split cuts the template into its pieces; a hyphen inside the braces takes the
// white space beside them away.
func (p *parser) split() {
	s, at, trim := p.source, 0, false
	add := func(text string, trimEnd bool) {
		if trim {
			text = strings.TrimLeft(text, " \t\r\n")
		}
		if trimEnd {
			text = strings.TrimRight(text, " \t\r\n")
		}
		if text != "" {
			p.pieces = append(p.pieces, piece{'t', text, at})
		}
	}
	for {
		i := strings.Index(s[at:], "{")
		for i >= 0 && (at+i+1 >= len(s) || s[at+i+1] != '{' && s[at+i+1] != '%') {
			j := strings.Index(s[at+i+1:], "{")
			if j < 0 {
				i = -1
				break
			}
			i += 1 + j
		}
		if i < 0 {
			add(s[at:], false)
			return
		}
		start := at + i
		kind, closing := byte('o'), "}}"
		if s[start+1] == '%' {
			kind, closing = 'g', "%}"
		}
		end := closes(s, start+2, closing)
		if end < 0 {
			p.fail(start, "%s is not closed by %s", s[start:start+2], closing)
		}
		inner := s[start+2 : end]
		from := start + 2
		before := strings.HasPrefix(inner, "-")
		if before {
			inner, from = inner[1:], from+1
		}
		after := strings.HasSuffix(inner, "-")
		inner = strings.TrimSuffix(inner, "-")
		add(s[at:start], before)
		p.pieces = append(p.pieces, piece{kind, inner, from})
		at, trim = end+2, after
		if kind == 'g' {
			if word := strings.TrimSpace(inner); word == "raw" || word == "comment" {
				at = p.skip(word, at)
				trim = false
			}
		}
	}
}

// closes is where the closing braces stand, outside of texts.
func closes(s string, from int, closing string) int {
	quote := byte(0)
	for i := from; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.HasPrefix(s[i:], closing):
			return i
		}
	}
	return strings.Index(s[from:], closing) + from*b2i(strings.Contains(s[from:], closing))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// skip goes past raw and comment, whose content is not Liquid: of raw it is text.
func (p *parser) skip(word string, at int) int {
	p.pieces = p.pieces[:len(p.pieces)-1]
	for from := at; ; {
		i := strings.Index(p.source[from:], "{%")
		if i < 0 {
			p.fail(at, "%s is not closed by end%s", word, word)
		}
		start := from + i
		j := strings.Index(p.source[start:], "%}")
		if j >= 0 && strings.Trim(p.source[start+2:start+j], "- \t\r\n") == "end"+word {
			if word == "raw" && start > at {
				p.pieces = append(p.pieces, piece{'t', p.source[at:start], at})
			}
			return start + j + 2
		}
		from = start + 2
	}
}

// tag is a tag's name and what follows it.
type tag struct {
	name, rest string
	at         int
}

// block parses up to a tag that its own tags do not know, which ends it; a tag
// without a name is the end of the template.
func (p *parser) block(depth int) ([]node, tag) {
	if depth > maxDepth {
		p.fail(p.pieces[p.next-1].at, "tags stand inside each other too deep")
	}
	var nodes []node
	for p.next < len(p.pieces) {
		q := p.pieces[p.next]
		p.next++
		switch q.kind {
		case 't':
			nodes = append(nodes, text(q.text))
		case 'o':
			s := p.scanner(q.text, q.at)
			nodes = append(nodes, output{s.filtered()})
			s.end()
		default:
			inner := strings.TrimLeft(q.text, " \t\r\n")
			at := q.at + len(q.text) - len(inner)
			name := inner
			if i := strings.IndexAny(inner, " \t\r\n"); i >= 0 {
				name = inner[:i]
			}
			g := tag{name, inner[len(name):], at}
			n, ended := p.tag(g, depth)
			if ended {
				return nodes, g
			}
			nodes = append(nodes, n)
		}
	}
	return nodes, tag{at: len(p.source)}
}

func (p *parser) tag(g tag, depth int) (n node, ends bool) {
	s := p.scanner(g.rest, g.at+len(g.name))
	switch g.name {
	case "if", "unless":
		return p.choice(g, depth), false
	case "case":
		return p.cases(g, depth), false
	case "for":
		return p.loop(g, depth), false
	case "assign":
		name := s.name()
		s.symbol("=")
		n = assign{name, s.filtered()}
	case "capture":
		name := s.name()
		s.end()
		nodes, end := p.block(depth + 1)
		p.closed(g, end)
		return capture{name, nodes}, false
	case "increment":
		n = count{s.name(), 1}
	case "decrement":
		n = count{s.name(), -1}
	case "cycle":
		c := cycle{group: g.rest}
		first := s.expression()
		if s.peek(":") {
			s.symbol(":")
			c.group = toText(first.eval(&render{scopes: []map[string]any{{}, {}}}))
			first = s.expression()
		}
		c.values = append(c.values, first)
		for s.peek(",") {
			s.symbol(",")
			c.values = append(c.values, s.expression())
		}
		n = c
	case "break":
		n = jump{errBreak}
	case "continue":
		n = jump{errContinue}
	case "elsif", "else", "when":
		return nil, true
	default:
		if strings.HasPrefix(g.name, "end") {
			return nil, true
		}
		p.fail(g.at, "there is no tag %q", g.name)
	}
	s.end()
	return n, false
}

func (p *parser) closed(g, end tag) {
	if end.name != "end"+g.name {
		p.fail(g.at, "%s is not closed by end%s", g.name, g.name)
	}
}

func (p *parser) choice(g tag, depth int) node {
	var c choice
	at := g
	for {
		s := p.scanner(at.rest, at.at+len(at.name))
		var holds condition
		if at.name != "else" {
			holds = s.condition()
			if at.name == "unless" {
				holds = not{holds}
			}
		}
		s.end()
		nodes, end := p.block(depth + 1)
		c = append(c, branch{holds, nodes})
		if end.name != "elsif" && end.name != "else" || at.name == "else" {
			p.closed(g, end)
			return c
		}
		at = end
	}
}

func (p *parser) cases(g tag, depth int) node {
	s := p.scanner(g.rest, g.at+len(g.name))
	subject := s.expression()
	s.end()
	var c choice
	_, at := p.block(depth + 1) // what stands before the first when is nothing
	for at.name == "when" || at.name == "else" {
		s := p.scanner(at.rest, at.at+len(at.name))
		var holds condition
		if at.name == "when" {
			holds = compare{subject, "==", s.expression()}
			for s.peek(",") || s.peekWord("or") {
				s.skipToken()
				holds = either{holds, compare{subject, "==", s.expression()}}
			}
		}
		s.end()
		nodes, end := p.block(depth + 1)
		c = append(c, branch{holds, nodes})
		at = end
	}
	p.closed(g, at)
	return c
}

func (p *parser) loop(g tag, depth int) node {
	s := p.scanner(g.rest, g.at+len(g.name))
	l := loop{name: s.name()}
	s.word("in")
	l.over = s.expression()
	for !s.done() {
		switch name := s.name(); name {
		case "reversed":
			l.reversed = true
		case "limit", "offset":
			s.symbol(":")
			e := s.expression()
			if name == "limit" {
				l.limit = e
			} else {
				l.offset = e
			}
		default:
			s.fail("for has no %q", name)
		}
	}
	nodes, end := p.block(depth + 1)
	l.nodes = nodes
	if end.name == "else" {
		l.none, end = p.block(depth + 1)
	}
	p.closed(g, end)
	return l
}

// scanner reads what stands inside braces.
type scanner struct {
	p    *parser
	text string
	at   int // of text in the template
	i    int
}

func (p *parser) scanner(text string, at int) *scanner { return &scanner{p: p, text: text, at: at} }

func (s *scanner) fail(format string, args ...any) { s.p.fail(s.at+s.i, format, args...) }

func (s *scanner) space() {
	for s.i < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.i]) >= 0 {
		s.i++
	}
}

func (s *scanner) done() bool {
	s.space()
	return s.i >= len(s.text)
}

func (s *scanner) end() {
	if !s.done() {
		s.fail("%q is not expected here", s.text[s.i:])
	}
}

func (s *scanner) peek(symbol string) bool {
	s.space()
	return strings.HasPrefix(s.text[s.i:], symbol)
}

func (s *scanner) symbol(symbol string) {
	if !s.peek(symbol) {
		s.fail("%s is missing", symbol)
	}
	s.i += len(symbol)
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '@' || c == '#' || c == '$' || c >= 0x80
}

func (s *scanner) peekName() string {
	s.space()
	i := s.i
	for i < len(s.text) && isName(s.text[i]) {
		i++
	}
	return s.text[s.i:i]
}

func (s *scanner) peekWord(word string) bool { return s.peekName() == word }

// skipToken goes past a comma or a word.
func (s *scanner) skipToken() {
	if s.peek(",") {
		s.i++
		return
	}
	s.name()
}

func (s *scanner) name() string {
	name := s.peekName()
	if name == "" {
		s.fail("a name is missing")
	}
	s.i += len(name)
	return name
}

func (s *scanner) word(word string) {
	if s.name() != word {
		s.fail("%s is missing", word)
	}
}

// filtered is an expression with its filters.
func (s *scanner) filtered() filtered {
	f := filtered{e: s.expression()}
	for s.peek("|") {
		s.symbol("|")
		at := s.i
		c := call{name: s.name()}
		if c.run = filters[plainName(c.name)]; c.run == nil {
			s.i = at
			s.fail("there is no filter %q", c.name)
		}
		if s.peek(":") {
			s.symbol(":")
			c.args = append(c.args, s.expression())
			for s.peek(",") {
				s.symbol(",")
				c.args = append(c.args, s.expression())
			}
		}
		f.calls = append(f.calls, c)
	}
	return f
}

func (s *scanner) expression() expression {
	s.space()
	if s.i >= len(s.text) {
		s.fail("a value is missing")
	}
	switch c := s.text[s.i]; {
	case c == '"' || c == '\'':
		end := strings.IndexByte(s.text[s.i+1:], c)
		if end < 0 {
			s.fail("the text is not closed")
		}
		v := s.text[s.i+1 : s.i+1+end]
		s.i += end + 2
		return constant{v}
	case c == '(':
		s.i++
		from := s.expression()
		s.symbol("..")
		to := s.expression()
		s.symbol(")")
		return span{from, to}
	case c >= '0' && c <= '9' || c == '-' && s.i+1 < len(s.text) && s.text[s.i+1] >= '0' && s.text[s.i+1] <= '9':
		return s.number()
	}
	path := path{name: s.name()}
	switch path.name {
	case "true":
		return constant{true}
	case "false":
		return constant{false}
	case "nil", "null":
		return constant{nil}
	case "empty", "blank":
		return constant{empty{}}
	}
	for s.i < len(s.text) {
		switch {
		case s.text[s.i] == '.' && !strings.HasPrefix(s.text[s.i:], ".."):
			s.i++
			path.steps = append(path.steps, constant{s.name()})
		case s.text[s.i] == '[':
			s.i++
			path.steps = append(path.steps, s.expression())
			s.symbol("]")
		default:
			return path
		}
		if len(path.steps) > maxDepth {
			s.fail("the path is too long")
		}
	}
	return path
}

func (s *scanner) number() expression {
	i := s.i + 1
	dot := false
	for i < len(s.text) {
		c := s.text[i]
		if c == '.' && !dot && i+1 < len(s.text) && s.text[i+1] >= '0' && s.text[i+1] <= '9' {
			dot = true
		} else if c < '0' || c > '9' {
			break
		}
		i++
	}
	digits := s.text[s.i:i]
	s.i = i
	if !dot {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return constant{n}
		}
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		s.fail("%q is no number", digits)
	}
	return constant{f}
}

// condition is comparisons joined by and and or, which bind alike and to the
// right, as Liquid has it.
func (s *scanner) condition() condition {
	left := s.expression()
	var c condition = truth{left}
	s.space()
	for _, op := range []string{"==", "!=", "<>", "<=", ">=", "<", ">"} {
		if s.peek(op) {
			s.symbol(op)
			c = compare{left, op, s.expression()}
			break
		}
	}
	if _, plain := c.(truth); plain {
		switch word := s.peekName(); strings.ToLower(word) {
		case "contains", "startswith", "endswith", "haskey", "hasvalue":
			s.name()
			c = compare{left, strings.ToLower(word), s.expression()}
		}
	}
	switch {
	case s.peekWord("and"):
		s.name()
		return both{c, s.condition()}
	case s.peekWord("or"):
		s.name()
		return either{c, s.condition()}
	}
	return c
}
