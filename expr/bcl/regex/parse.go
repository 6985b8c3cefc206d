package regex

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// Options are the bits of RegexOptions.
type options int

const (
	ignoreCase       options = 1
	multiline        options = 2
	explicitCapture  options = 4
	compiled         options = 8
	singleline       options = 16
	ignoreWhitespace options = 32
	rightToLeft      options = 64
	ecmaScript       options = 256
	cultureInvariant options = 512
	nonBacktracking  options = 1024
)

// fault is a mistake in a pattern: what RegexParseException knows of it.
type fault struct {
	code    int
	message string
	offset  int
}

// The numbers of RegexParseError.
const (
	errUnknown = iota
	errAlternationTooMany
	errAlternationMalformed
	errUnknownProperty
	errMalformedProperty
	errUnrecognizedEscape
	errUnrecognizedControl
	errMissingControl
	errHexDigits
	errQuantifierRange
	errGroupName
	errGroupZero
	errUndefinedNumber
	errUndefinedName
	errAlternationUndefined
	errAlternationReference
	errAlternationComment
	errAlternationNamed
	errEndBackslash
	errUnterminatedBracket
	errExclusionNotLast
	errReversedCharRange
	errShorthandInRange
	errMissingParen
	errReversedQuantifier
	errNestedQuantifier
	errQuantifierNothing
	errExtraParen
	errComment
	errGrouping
	errMalformedReference
	errIncompleteProperty
)

// The order of .NET's RegexParseError.
const parseErrors = "Unknown, AlternationHasTooManyConditions, AlternationHasMalformedCondition, InvalidUnicodePropertyEscape, MalformedUnicodePropertyEscape, " +
	"UnrecognizedEscape, UnrecognizedControlCharacter, MissingControlCharacter, InsufficientOrInvalidHexDigits, QuantifierOrCaptureGroupOutOfRange, " +
	"CaptureGroupNameInvalid, CaptureGroupOfZero, UndefinedNumberedReference, UndefinedNamedReference, AlternationHasUndefinedReference, " +
	"AlternationHasMalformedReference, AlternationHasComment, AlternationHasNamedCapture, UnescapedEndingBackslash, UnterminatedBracket, " +
	"ExclusionGroupNotLast, ReversedCharacterRange, ShorthandClassInCharacterRange, InsufficientClosingParentheses, ReversedQuantifierRange, " +
	"NestedQuantifiersNotParenthesized, QuantifierAfterNothing, InsufficientOpeningParentheses, UnterminatedComment, InvalidGroupingConstruct, " +
	"MalformedNamedReference, UnrecognizedUnicodeProperty"

// pattern is a pattern that was read.
type pattern struct {
	// plain is the pattern in the spelling for the engine.
	plain string
	// slots are the numbers of the groups in ascending order, names theirs.
	slots []int
	names []string
	// named says that the pattern names or numbers a group itself, in which case
	// only exact names are known.
	named bool
	byNum map[int]int // number -> index of the slot
	byStr map[string]int
}

// number is the number of the group with a name, -1 without one.
func (p *pattern) number(name string) int {
	if n, ok := p.byStr[name]; ok {
		return n
	}
	if !p.named {
		// .NET reads the name as a number then, and takes leading zeros.
		if n, err := strconv.ParseUint(name, 10, 31); err == nil && int(n) < len(p.slots) && strings.Trim(name, "0123456789") == "" {
			return int(n)
		}
	}
	return -1
}

// group is an open parenthesis.
type group struct {
	kind   groupKind
	open   string // how it begins in the plain spelling
	alts   []string
	concat strings.Builder
}

type groupKind uint8

const (
	plainGroup groupKind = iota
	refCondition
	exprCondition
)

// parser reads a pattern in the two passes of .NET's: the first counts the
// groups, the second reads. A mistake leaves it as a *fault panic.
type parser struct {
	text []uint16
	pos  int
	opts options
	keep []options // options of the enclosing groups

	autocap     int
	slots       map[int]int // group number -> where it was first seen
	names       map[string]int
	nameOrder   []string
	top         int
	ignoreParen bool

	stack []*group
	group *group
	unit  string
	has   bool // there is a unit
}

// parse reads a pattern.
func parse(text string, opts options) (p *pattern, f *fault) {
	defer func() {
		if e := recover(); e != nil {
			var ok bool
			if f, ok = e.(*fault); !ok {
				panic(e)
			}
		}
	}()
	r := &parser{text: value.Units(text), opts: opts, slots: map[int]int{}, names: map[string]int{}}
	r.count()
	p = r.assign()
	r.pos, r.opts, r.keep, r.autocap, r.ignoreParen = 0, opts, nil, 1, false
	p.plain = r.read()
	return p, nil
}

func (p *parser) fail(code int, format string, args ...any) {
	panic(&fault{code, fmt.Sprintf(format, args...), p.pos})
}

func (p *parser) is(o options) bool { return p.opts&o != 0 }
func (p *parser) end() bool         { return p.pos >= len(p.text) }
func (p *parser) at(i int) uint16   { return p.text[p.pos+i] }
func (p *parser) left() int         { return len(p.text) - p.pos }
func (p *parser) next() uint16      { p.pos++; return p.text[p.pos-1] }
func (p *parser) pushOptions()      { p.keep = append(p.keep, p.opts) }
func (p *parser) popKeepOptions()   { p.keep = p.keep[:len(p.keep)-1] }
func (p *parser) popOptions() {
	p.opts = p.keep[len(p.keep)-1]
	p.popKeepOptions()
}

func digit(c uint16) bool { return c >= '0' && c <= '9' }

// blank is the white space that RegexOptions.IgnorePatternWhitespace skips;
// the vertical tab is not.
func blank(c uint16) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'
}

func special(c uint16) bool { return c < 0x80 && strings.IndexByte(`\*+?|{[()^$.`, byte(c)) >= 0 }

func quantifier(c uint16) bool { return c == '*' || c == '+' || c == '?' || c == '{' }

func (p *parser) note(slot, at int) {
	if _, ok := p.slots[slot]; !ok {
		p.slots[slot] = at
		if p.top <= slot {
			if slot == math.MaxInt32 {
				p.top = slot
			} else {
				p.top = slot + 1
			}
		}
	}
}

func (p *parser) noteName(name string, at int) {
	if _, ok := p.names[name]; !ok {
		p.names[name] = at
		p.nameOrder = append(p.nameOrder, name)
	}
}

// count is the first pass: it finds the numbers and names of all groups.
func (p *parser) count() {
	p.note(0, 0)
	p.autocap = 1
	for !p.end() {
		at := p.pos
		switch p.next() {
		case '\\':
			if !p.end() {
				p.backslash(true)
			}
		case '#':
			if p.is(ignoreWhitespace) {
				p.pos--
				p.skipBlank()
			}
		case '[':
			p.class(false, true)
		case ')':
			if len(p.keep) > 0 {
				p.popOptions()
			}
		case '(':
			if p.left() >= 2 && p.at(1) == '#' && p.at(0) == '?' {
				p.pos--
				p.skipBlank()
				p.ignoreParen = false
				continue
			}
			p.pushOptions()
			if !p.end() && p.at(0) == '?' {
				p.pos++
				if p.left() > 1 && (p.at(0) == '<' || p.at(0) == '\'') {
					p.pos++
					if c := p.at(0); c != '0' && wordUnit(c) {
						if digit(c) {
							p.note(p.decimal(), at)
						} else {
							p.noteName(p.name(), at)
						}
					}
				} else {
					p.inlineOptions()
					if !p.end() {
						if p.at(0) == ')' {
							p.pos++
							p.popKeepOptions()
						} else if p.at(0) == '(' {
							// The condition's own parenthesis is not a group.
							p.ignoreParen = true
							continue
						}
					}
				}
			} else if !p.is(explicitCapture) && !p.ignoreParen {
				p.note(p.autocap, at)
				p.autocap++
			}
			p.ignoreParen = false
		}
	}
}

// assign numbers the named groups, behind all others.
func (p *parser) assign() *pattern {
	named := len(p.nameOrder) > 0
	byName := map[string]int{}
	for _, name := range p.nameOrder {
		for {
			if _, ok := p.slots[p.autocap]; !ok {
				break
			}
			p.autocap++
		}
		at := p.names[name]
		p.names[name] = p.autocap
		byName[name] = p.autocap
		p.note(p.autocap, at)
		p.autocap++
	}
	q := &pattern{named: named || len(p.slots) < p.top, byNum: map[int]int{}, byStr: byName}
	for slot := range p.slots {
		q.slots = append(q.slots, slot)
	}
	sort.Ints(q.slots)
	names := map[int]string{}
	for name, n := range p.names {
		names[n] = name
	}
	for i, slot := range q.slots {
		name, ok := names[slot]
		if !ok {
			name = strconv.Itoa(slot)
			if _, taken := byName[name]; !taken {
				byName[name] = slot
			}
		}
		q.names = append(q.names, name)
		q.byNum[slot] = i
	}
	return q
}

func (p *parser) known(slot int) bool { _, ok := p.slots[slot]; return ok }

// read is the second pass. It writes the plain spelling.
func (p *parser) read() string {
	p.group = &group{}
	quantified := false
scan:
	for !p.end() {
		after := quantified
		quantified = false
		p.skipBlank()
		start := p.pos
		for !p.end() {
			c := p.at(0)
			if special(c) && (c != '{' || p.trueQuantifier()) || p.is(ignoreWhitespace) && (blank(c) || c == '#') {
				break
			}
			p.pos++
		}
		stop := p.pos
		p.skipBlank()
		c := uint16(' ')
		if p.end() {
			c = '!'
		} else if special(p.at(0)) {
			c = p.next()
			quantified = quantifier(c)
		}
		if start < stop {
			after = false
			last := stop
			if quantified {
				last--
			}
			for _, u := range p.text[start:last] {
				p.group.concat.WriteString(p.one(u))
			}
			if quantified {
				p.set(p.one(p.text[stop-1]))
			}
		}
		switch c {
		case '!':
			break scan
		case ' ':
			continue
		case '[':
			p.set(p.class(p.is(ignoreCase), false).String())
		case '(':
			p.pushOptions()
			if g := p.open(); g != nil {
				p.stack = append(p.stack, p.group)
				p.group = g
			} else {
				p.popKeepOptions()
			}
			continue
		case '|':
			p.alternate()
			continue
		case ')':
			if len(p.stack) == 0 {
				p.fail(errExtraParen, "Too many )'s.")
			}
			text := p.close()
			p.group = p.stack[len(p.stack)-1]
			p.stack = p.stack[:len(p.stack)-1]
			p.popOptions()
			if p.group.kind == exprCondition && len(p.group.alts) == 0 && p.group.concat.Len() == 0 && strings.HasSuffix(p.group.open, "(?") {
				// This was the condition; it takes no quantifier.
				p.group.open += text
				continue
			}
			p.set(text)
		case '\\':
			if p.end() {
				p.fail(errEndBackslash, `Illegal \ at end of pattern.`)
			}
			p.set(p.backslash(false))
		// A group with options may not stand directly in an alternation construct
		// (the engine keeps that rule of .NET's): a plain group goes around it.
		case '^':
			p.set(pick(p.is(multiline), "(?:(?m:^))", `\A`))
		case '$':
			p.set(pick(p.is(multiline), "(?:(?m:$))", `\Z`))
		case '.':
			p.set(pick(p.is(singleline), `[\s\S]`, `[^\n]`))
		default:
			if !p.has {
				if after {
					p.fail(errNestedQuantifier, "Nested quantifier '%c'.", c)
				}
				p.fail(errQuantifierNothing, "Quantifier '%c' following nothing.", c)
			}
			p.pos--
		}
		p.skipBlank()
		if p.end() || !p.trueQuantifier() {
			p.flush("")
			quantified = false
			continue
		}
		quantified = p.quantify()
	}
	if len(p.stack) > 0 {
		p.fail(errMissingParen, "Not enough )'s.")
	}
	return p.close()
}

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func (p *parser) set(unit string) { p.unit, p.has = unit, true }

// flush adds the unit with its quantifier to what is being read.
func (p *parser) flush(quantifier string) {
	p.group.concat.WriteString(p.unit)
	p.group.concat.WriteString(quantifier)
	p.unit, p.has = "", false
}

// quantify reads a quantifier behind the unit; false says that it was none.
func (p *parser) quantify() bool {
	least, most := 0, math.MaxInt32
	switch p.next() {
	case '?':
		most = 1
	case '+':
		least = 1
	case '{':
		start := p.pos
		least = p.decimal()
		most = least
		if start < p.pos && !p.end() && p.at(0) == ',' {
			p.pos++
			if p.end() || p.at(0) == '}' {
				most = math.MaxInt32
			} else {
				most = p.decimal()
			}
		}
		if start == p.pos || p.end() || p.next() != '}' {
			p.flush("")
			p.pos = start - 1
			return false
		}
	}
	p.skipBlank()
	lazy := ""
	if !p.end() && p.at(0) == '?' {
		p.pos++
		lazy = "?"
	}
	if least > most {
		p.fail(errReversedQuantifier, "Illegal {x,y} with x > y.")
	}
	text := "{" + strconv.Itoa(least) + "," + strconv.Itoa(most) + "}"
	if most == math.MaxInt32 {
		text = "{" + strconv.Itoa(least) + ",}"
	}
	switch {
	case least == 0 && most == math.MaxInt32:
		text = "*"
	case least == 1 && most == math.MaxInt32:
		text = "+"
	case least == 0 && most == 1:
		text = "?"
	}
	p.flush(text + lazy)
	return true
}

// alternate ends one branch.
func (p *parser) alternate() {
	p.group.alts = append(p.group.alts, p.group.concat.String())
	p.group.concat.Reset()
}

// close ends the innermost group and gives its spelling.
func (p *parser) close() string {
	p.alternate()
	g := p.group
	if g.kind != plainGroup && len(g.alts) > 2 {
		p.fail(errAlternationTooMany, "Too many | in (?()|).")
	}
	if len(p.stack) == 0 {
		return strings.Join(g.alts, "|")
	}
	if g.kind == exprCondition && strings.HasSuffix(g.open, "(?") {
		p.fail(errAlternationMalformed, "Illegal conditional (?(...)) expression.")
	}
	return g.open + strings.Join(g.alts, "|") + ")"
}

// open reads what follows a parenthesis. It is nil for options alone, (?i).
func (p *parser) open() *group {
	if p.end() || p.at(0) != '?' || p.left() > 1 && p.at(1) == ')' {
		if p.is(explicitCapture) || p.ignoreParen {
			p.ignoreParen = false
			return &group{open: "(?:"}
		}
		p.autocap++
		return &group{open: "(?<" + strconv.Itoa(p.autocap-1) + ">"}
	}
	p.pos++
	if p.end() {
		p.badGroup()
	}
	// A condition's parenthesis is spent by whatever group it is.
	mark := '>'
	switch p.next() {
	case ':':
		return &group{open: "(?:"}
	case '=':
		p.opts &^= rightToLeft
		return &group{open: "(?="}
	case '!':
		p.opts &^= rightToLeft
		return &group{open: "(?!"}
	case '>':
		return &group{open: "(?>"}
	case '\'':
		mark = '\''
		fallthrough
	case '<':
		if p.end() {
			p.badGroup()
		}
		switch c := p.next(); c {
		case '=', '!':
			if mark == '\'' {
				p.badGroup()
			}
			p.opts |= rightToLeft
			return &group{open: "(?<" + string(rune(c))}
		default:
			p.pos--
			return p.capture(c, uint16(mark))
		}
	case '(':
		return p.condition()
	default:
		p.pos--
		if p.group.kind != exprCondition {
			// The groups right inside of a conditional have no options of their own.
			p.inlineOptions()
		}
		if p.end() {
			p.badGroup()
		}
		c := p.next()
		if c == ')' {
			return nil
		}
		if c != ':' {
			p.badGroup()
		}
		return &group{open: "(?:"}
	}
}

func (p *parser) badGroup() { p.fail(errGrouping, "Unrecognized grouping construct.") }

func (p *parser) badName() {
	p.fail(errGroupName, "Invalid group name: Group names must begin with a word character.")
}

// capture reads the name of a group, (?<name>…), (?<1>…) or (?<name-other>…).
func (p *parser) capture(c, mark uint16) *group {
	slot, pop, proceed := -1, -1, false
	bogus := func(marks ...uint16) {
		if p.end() {
			return
		}
		for _, m := range marks {
			if p.at(0) == m {
				return
			}
		}
		p.badName()
	}
	switch {
	case digit(c):
		slot = p.decimal()
		if !p.known(slot) {
			slot = -1
		}
		bogus(mark, '-')
		if slot == 0 {
			p.fail(errGroupZero, "Capture number cannot be zero.")
		}
	case wordUnit(c):
		if n, ok := p.names[p.name()]; ok {
			slot = n
		}
		bogus(mark, '-')
	case c == '-':
		proceed = true
	default:
		p.badName()
	}
	if (slot != -1 || proceed) && p.left() > 1 && p.at(0) == '-' {
		p.pos++
		switch c := p.at(0); {
		case digit(c):
			pop = p.decimal()
			if !p.known(pop) {
				p.fail(errUndefinedNumber, "Reference to undefined group number %d.", pop)
			}
			bogus(mark)
		case wordUnit(c):
			name := p.name()
			n, ok := p.names[name]
			if !ok {
				p.fail(errUndefinedName, "Reference to undefined group name '%s'.", name)
			}
			pop = n
			bogus(mark)
		default:
			p.badName()
		}
	}
	if (slot == -1 && pop == -1) || p.end() || p.next() != mark {
		p.badGroup()
	}
	text := "(?<"
	if slot != -1 {
		text += strconv.Itoa(slot)
	}
	if pop != -1 {
		text += "-" + strconv.Itoa(pop)
	}
	return &group{open: text + ">"}
}

// condition reads the head of (?(condition)yes|no).
func (p *parser) condition() *group {
	paren := p.pos
	if !p.end() {
		if c := p.at(0); digit(c) {
			slot := p.decimal()
			if p.end() || p.next() != ')' {
				p.fail(errAlternationReference, "Conditional alternation is missing a closing parenthesis after the group number %d.", slot)
			}
			if !p.known(slot) {
				p.fail(errAlternationUndefined, "Conditional alternation refers to an undefined group number %d.", slot)
			}
			return &group{kind: refCondition, open: "(?(" + strconv.Itoa(slot) + ")"}
		} else if wordUnit(c) {
			if slot, ok := p.names[p.name()]; ok && !p.end() && p.next() == ')' {
				return &group{kind: refCondition, open: "(?(" + strconv.Itoa(slot) + ")"}
			}
		}
	}
	p.pos = paren - 1
	p.ignoreParen = true
	if n := p.left(); n >= 3 && p.at(1) == '?' {
		switch c := p.at(2); {
		case c == '#':
			p.fail(errAlternationComment, "Alternation conditions cannot be comments.")
		case c == '\'', n >= 4 && c == '<' && p.at(3) != '!' && p.at(3) != '=':
			p.fail(errAlternationNamed, "Alternation conditions do not capture and cannot be named.")
		}
	}
	return &group{kind: exprCondition, open: "(?"}
}

// trueQuantifier reports whether a quantifier stands here; a brace may be a
// character of its own.
func (p *parser) trueQuantifier() bool {
	c := p.at(0)
	if c != '{' {
		return quantifier(c)
	}
	i := 1
	for i < p.left() && digit(p.at(i)) {
		i++
	}
	if i == p.left() || i == 1 {
		return false
	}
	if p.at(i) == '}' {
		return true
	}
	if p.at(i) != ',' {
		return false
	}
	for i++; i < p.left() && digit(p.at(i)); i++ {
	}
	return i < p.left() && p.at(i) == '}'
}

// skipBlank skips white space and comments where they mean nothing.
func (p *parser) skipBlank() {
	for {
		if p.is(ignoreWhitespace) {
			for !p.end() && blank(p.at(0)) {
				p.pos++
			}
		}
		switch {
		case p.is(ignoreWhitespace) && !p.end() && p.at(0) == '#':
			for !p.end() && p.at(0) != '\n' {
				p.pos++
			}
		case p.left() >= 3 && p.at(2) == '#' && p.at(1) == '?' && p.at(0) == '(':
			for !p.end() && p.at(0) != ')' {
				p.pos++
			}
			if p.end() {
				p.fail(errComment, "Unterminated (?#...) comment.")
			}
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) inlineOptions() {
	for off := false; !p.end(); p.pos++ {
		switch c := p.at(0); c {
		case '-':
			off = true
		case '+':
			off = false
		default:
			var o options
			switch c | 0x20 {
			case 'i':
				o = ignoreCase
			case 'm':
				o = multiline
			case 'n':
				o = explicitCapture
			case 's':
				o = singleline
			case 'x':
				o = ignoreWhitespace
			default:
				return
			}
			if off {
				p.opts &^= o
			} else {
				p.opts |= o
			}
		}
	}
}

// name reads the word characters of a name.
func (p *parser) name() string {
	start := p.pos
	for !p.end() && wordUnit(p.at(0)) {
		p.pos++
	}
	return value.FromUnits(p.text[start:p.pos])
}

func (p *parser) decimal() int {
	n := 0
	for !p.end() && digit(p.at(0)) {
		d := int(p.next() - '0')
		if n > math.MaxInt32/10 || n == math.MaxInt32/10 && d > math.MaxInt32%10 {
			p.fail(errQuantifierRange, "Quantifier and capture group numbers must be less than or equal to Int32.MaxValue.")
		}
		n = n*10 + d
	}
	return n
}

// backslash reads an escape outside of classes, the backslash being read. The
// first pass only skips it.
func (p *parser) backslash(skip bool) string {
	switch c := p.at(0); c {
	case 'b', 'B':
		p.pos++
		if p.is(ecmaScript) {
			w := "[" + ecmaWord + "]"
			if c == 'b' {
				return "(?:(?<=" + w + ")(?!" + w + ")|(?<!" + w + ")(?=" + w + "))"
			}
			return "(?:(?<=" + w + ")(?=" + w + ")|(?<!" + w + ")(?!" + w + "))"
		}
		return `\` + string(rune(c))
	case 'A', 'G', 'Z', 'z':
		p.pos++
		return `\` + string(rune(c))
	case 'w', 'W', 's', 'S', 'd', 'D':
		p.pos++
		set := &class{}
		set.shorthand(c, p.is(ecmaScript))
		return set.String()
	case 'p', 'P':
		p.pos++
		if skip {
			return ""
		}
		set := &class{}
		name := p.property()
		p.addProperty(set, name, c == 'P', p.is(ignoreCase))
		return set.String()
	}
	return p.reference(skip)
}

// reference reads a back reference or the escape of a character.
func (p *parser) reference(skip bool) string {
	back := p.pos
	angled, mark := false, uint16(0)
	c := p.at(0)
	if c == 'k' {
		if p.left() > 1 {
			p.pos++
			switch p.next() {
			case '\'':
				angled, mark = true, '\''
			case '<':
				angled, mark = true, '>'
			}
		}
		if !angled || p.end() {
			p.fail(errMalformedReference, `Malformed \k<...> named back reference.`)
		}
		c = p.at(0)
	} else if (c == '<' || c == '\'') && p.left() > 1 {
		angled, mark = true, '>'
		if c == '\'' {
			mark = '\''
		}
		p.pos++
		c = p.at(0)
	}
	switch {
	case angled && digit(c):
		slot := p.decimal()
		if !p.end() && p.next() == mark {
			if skip {
				return ""
			}
			if !p.known(slot) {
				p.fail(errUndefinedNumber, "Reference to undefined group number %d.", slot)
			}
			return p.refer(slot)
		}
	case !angled && c >= '1' && c <= '9':
		if p.is(ecmaScript) {
			found, n, at := -1, int(c-'0'), p.pos-1
			for n <= p.top {
				if where, ok := p.slots[n]; ok && where < at {
					found = n
				}
				p.pos++
				if p.end() || !digit(p.at(0)) {
					break
				}
				n = n*10 + int(p.at(0)-'0')
			}
			if found >= 0 {
				if skip {
					return ""
				}
				return p.refer(found)
			}
		} else {
			slot := p.decimal()
			if skip {
				return ""
			}
			if p.known(slot) {
				return p.refer(slot)
			}
			if slot <= 9 {
				p.fail(errUndefinedNumber, "Reference to undefined group number %d.", slot)
			}
		}
	case angled && wordUnit(c):
		name := p.name()
		if !p.end() && p.next() == mark {
			if skip {
				return ""
			}
			slot, ok := p.names[name]
			if !ok {
				p.fail(errUndefinedName, "Reference to undefined group name '%s'.", name)
			}
			return p.refer(slot)
		}
	}
	p.pos = back
	return p.one(p.escape())
}

// refer is a back reference. With ECMAScript one to a group that has matched
// nothing matches the empty string.
func (p *parser) refer(slot int) string {
	n := strconv.Itoa(slot)
	text := `\k<` + n + ">"
	if p.is(ignoreCase) {
		text = "(?:(?i:" + text + "))"
	}
	if p.is(ecmaScript) {
		text = "(?(" + n + ")" + text + "|)"
	}
	return text
}

// escape reads the escape of one character.
func (p *parser) escape() uint16 {
	c := p.next()
	if c >= '0' && c <= '7' {
		p.pos--
		n := 0
		for i := 0; i < 3 && !p.end() && p.at(0) >= '0' && p.at(0) <= '7'; i++ {
			n = n*8 + int(p.next()-'0')
			if p.is(ecmaScript) && n >= 0x20 {
				break
			}
		}
		return uint16(n & 0xFF)
	}
	switch c {
	case 'x':
		return p.hex(2)
	case 'u':
		return p.hex(4)
	case 'a':
		return 7
	case 'b':
		return 8
	case 'e':
		return 27
	case 'f':
		return 12
	case 'n':
		return 10
	case 'r':
		return 13
	case 't':
		return 9
	case 'v':
		return 11
	case 'c':
		if p.end() {
			p.fail(errMissingControl, "Missing control character.")
		}
		c = p.next()
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c -= '@'; c < ' ' {
			return c
		}
		p.fail(errUnrecognizedControl, "Unrecognized control character.")
	}
	if !p.is(ecmaScript) && wordUnit(c) {
		p.fail(errUnrecognizedEscape, `Unrecognized escape sequence \%s.`, value.UnitString(c))
	}
	return c
}

func (p *parser) hex(digits int) uint16 {
	n := 0
	if p.left() >= digits {
		for ; digits > 0; digits-- {
			d, err := strconv.ParseUint(string(rune(p.next())), 16, 8)
			if err != nil {
				break
			}
			n = n*16 + int(d)
		}
	}
	if digits > 0 {
		p.fail(errHexDigits, "Insufficient or invalid hexadecimal digits.")
	}
	return uint16(n)
}

// one is a character in the plain spelling.
func (p *parser) one(u uint16) string {
	if p.is(ignoreCase) {
		if same := equivalents(u); len(same) > 1 {
			set := &class{}
			for _, v := range same {
				set.add(v, v)
			}
			return set.String()
		}
	}
	return plainUnit(u)
}

func plainUnit(u uint16) string {
	if u >= '0' && u <= '9' || u >= 'a' && u <= 'z' || u >= 'A' && u <= 'Z' {
		return string(rune(u))
	}
	return fmt.Sprintf(`\u%04X`, u)
}

// property reads the name in \p{name}.
func (p *parser) property() string {
	if p.left() < 3 {
		p.fail(errIncompleteProperty, `Incomplete \p{X} character escape.`)
	}
	if p.next() != '{' {
		p.fail(errMalformedProperty, `Malformed \p{X} character escape.`)
	}
	start := p.pos
	for !p.end() && (wordUnit(p.at(0)) || p.at(0) == '-') {
		p.pos++
	}
	name := value.FromUnits(p.text[start:p.pos])
	if p.end() || p.next() != '}' {
		p.fail(errIncompleteProperty, `Incomplete \p{X} character escape.`)
	}
	return name
}

func (p *parser) addProperty(set *class, name string, negate, fold bool) {
	if !set.property(name, negate, fold) {
		p.fail(errUnknownProperty, "Unknown property '%s'.", name)
	}
}

// class reads a class, its opening bracket being read. The first pass only
// skips it.
func (p *parser) class(fold, skip bool) *class {
	set := &class{}
	first, closed, ranged := true, false, false
	var prev uint16
	if !p.end() && p.at(0) == '^' {
		p.pos++
		set.negate = true
		if p.is(ecmaScript) && !p.end() && p.at(0) == ']' {
			first = false
		}
	}
	shorthand := func(c uint16) {
		if ranged && !skip {
			p.fail(errShorthandInRange, `Cannot include class \%c in character range.`, c)
		}
	}
	subtract := func() {
		set.minus = p.class(fold, skip)
		if !skip && !p.end() && p.at(0) != ']' {
			p.fail(errExclusionNotLast, "A subtraction must be the last element in a character class.")
		}
	}
	for ; !p.end(); first = false {
		translated := false
		c := p.next()
		if c == ']' && !first {
			closed = true
			break
		} else if c == '\\' && !p.end() {
			switch c = p.next(); c {
			case 'd', 'D', 's', 'S', 'w', 'W':
				shorthand(c)
				set.shorthand(c, p.is(ecmaScript))
				continue
			case 'p', 'P':
				shorthand(c)
				name := p.property()
				if !skip {
					p.addProperty(set, name, c == 'P', fold)
				}
				continue
			case '-':
				if skip {
					continue
				}
				if ranged {
					if prev > '-' {
						p.fail(errReversedCharRange, "[x-y] range in reverse order.")
					}
					set.add(prev, '-')
					ranged, prev = false, 0
				} else {
					set.add('-', '-')
				}
				continue
			default:
				p.pos--
				c = p.escape()
				translated = true
			}
		} else if c == '[' && !p.end() && p.at(0) == ':' && !ranged {
			// What looks like a POSIX class is skipped when it is empty, [::].
			save := p.pos
			p.pos++
			if p.left() < 2 || p.next() != ':' || p.next() != ']' {
				p.pos = save
			}
		}
		switch {
		case ranged:
			ranged = false
			if skip {
				break
			}
			if c == '[' && !translated && !first {
				// Not a range after all: a subtraction begins.
				set.add(prev, prev)
				subtract()
				break
			}
			if prev > c {
				p.fail(errReversedCharRange, "[x-y] range in reverse order.")
			}
			set.add(prev, c)
		case p.left() > 1 && p.at(0) == '-' && p.at(1) != ']':
			prev, ranged = c, true
			p.pos++
		case !p.end() && c == '-' && !translated && p.at(0) == '[' && !first:
			p.pos++
			subtract()
		default:
			set.add(c, c)
		}
	}
	if !closed {
		p.fail(errUnterminatedBracket, "Unterminated [] set.")
	}
	if fold && !skip {
		set.fold()
	}
	return set
}
