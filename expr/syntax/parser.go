package syntax

// parser is one pass over the tokens of an expression, or of one hole of an
// interpolated string. Its decisions and its recovery are those of the C#
// compiler: which production is tried, what is skipped, and which token an
// error is hung on, because that is what gives an error its place.
type parser struct {
	text string
	toks []token
	i    int
	errs []problem
	term terminators
	// inQuery makes query keywords reserved, inAsync makes await an operator.
	inQuery, inAsync bool
	// forceAccess makes every `?[` a conditional access.
	forceAccess bool
	inAttribute bool
	// hole says that this is a hole; holeFormat that a colon ended it.
	hole, holeFormat bool
	depth            int
	work, workLimit  *int
	dead             bool
	lastArrow        int
	lambdas          map[int]bool
	accesses         map[int]bool
}

// maxDepth bounds how deep constructs may nest. The compiler stops at the end
// of its stack, somewhere in the hundreds to thousands.
const maxDepth = 250

// MaxHeight bounds how deep a tree can be: chains such as a+b+c+… or
// a.b().c()… count one for each link although they do not nest.
const MaxHeight = 3000

// terminators are the constructs being parsed whose end or successor must stop
// the skipping of bad tokens.
type terminators uint32

const (
	endMember terminators = 1 << iota
	endParameters
	endField
	endVariable
	endStatement
	endFixed
	endTry
	endCatch
	endCatchBlock
	endDoWhile
	endFor
	endDeclaration
	endArguments
	endSwitchSection
	endTypeParameters
	endMethodSignature
	endTypeSignature
	endAttribute
)

func newParser(text string, s *scanner) *parser {
	p := &parser{text: text, toks: s.toks, work: new(int), workLimit: new(int), lastArrow: -1}
	*p.workLimit = min(200_000+300*len(s.toks), 30_000_000)
	p.findArrow()
	return p
}

func (p *parser) findArrow() {
	for i := len(p.toks) - 1; i >= 0; i-- {
		if p.toks[i].kind == tArrow {
			p.lastArrow = i
			return
		}
	}
}

func (p *parser) tok() *token { return &p.toks[p.i] }

func (p *parser) kind() kind { return p.toks[p.i].kind }

func (p *parser) ctx() ctx { return p.toks[p.i].ctx }

func (p *parser) peek(n int) *token { return &p.toks[min(p.i+n, len(p.toks)-1)] }

func (p *parser) start() int32 { return p.toks[p.i].start }

// prevEnd is where the last token ended: the end of a node just read.
func (p *parser) prevEnd() int32 {
	if p.i == 0 {
		return p.toks[0].start
	}
	return p.toks[p.i-1].end
}

// from is the place of a node that began at start.
func (p *parser) from(start int32) Place {
	return Place{start, max(start, p.prevEnd())}
}

func (p *parser) next() token {
	t := p.toks[p.i]
	if p.i < len(p.toks)-1 {
		p.i++
	}
	if *p.work++; *p.work > *p.workLimit {
		p.tooComplex()
	}
	return t
}

// tooComplex gives up: one error, and nothing but the end of the text from here.
func (p *parser) tooComplex() {
	if p.dead {
		return
	}
	at := p.start()
	p.errs = []problem{{code: 8078, start: at, end: at}}
	p.dead = true
	p.i = len(p.toks) - 1
}

func (p *parser) enter() bool {
	p.depth++
	if p.depth > maxDepth {
		p.tooComplex()
	}
	return !p.dead
}

func (p *parser) leave() { p.depth-- }

// state is what speculation has to put back.
type state struct {
	i, errs          int
	term             terminators
	inQuery, inAsync bool
}

func (p *parser) mark() state {
	return state{p.i, len(p.errs), p.term, p.inQuery, p.inAsync}
}

func (p *parser) reset(s state) {
	if p.dead {
		return
	}
	p.i, p.term, p.inQuery, p.inAsync = s.i, s.term, s.inQuery, s.inAsync
	p.errs = p.errs[:s.errs]
}

func (p *parser) report(e problem) {
	if !p.dead {
		p.errs = append(p.errs, e)
	}
}

// errorAt reports at a place of the text.
func (p *parser) errorAt(code int, start, end int32, arg string) {
	p.report(problem{code: code, start: start, end: end, arg: arg, outside: behindIf(p.toks[p.i].virtual && start >= p.toks[p.i].start)})
}

// errorToken reports at a token, usually one just eaten.
func (p *parser) errorToken(code int, t token, arg string) {
	p.report(problem{code: code, start: t.start, end: t.end, arg: arg, outside: behindIf(t.virtual)})
}

// missingPlace is where something that should stand before the current token
// is missed: at that token, or at the end of the one before when a line ended
// in between.
func (p *parser) missingPlace() problem {
	t := p.tok()
	if !t.nl {
		return problem{start: t.start, end: t.end, outside: behindIf(t.virtual)}
	}
	if p.i == 0 {
		return problem{start: t.start, end: t.start, outside: before}
	}
	if p.toks[p.i-1].virtual {
		return problem{start: t.start, end: t.start, outside: behind}
	}
	at := p.toks[p.i-1].end
	return problem{start: at, end: at}
}

// errorMissing reports something missing before the current token.
func (p *parser) errorMissing(code int, arg string) {
	e := p.missingPlace()
	e.code, e.arg = code, arg
	p.report(e)
}

func expectedCode(want kind) (code int, arg string) {
	switch want {
	case tIdent:
		return 1001, ""
	case tSemicolon:
		return 1002, ""
	case tCloseParen:
		return 1026, ""
	case tOpenBrace:
		return 1514, ""
	case tCloseBrace:
		return 1513, ""
	}
	return 1003, kindText[want]
}

// eat passes a token of a kind, or reports it missing and passes nothing.
func (p *parser) eat(want kind) (token, bool) {
	if p.kind() == want {
		return p.next(), true
	}
	code, arg := expectedCode(want)
	if want == tIdent && reserved(p.kind()) {
		code, arg = 1041, kindText[p.kind()]
	}
	e := p.missingPlace()
	e.code, e.arg, e.missingToken = code, arg, true
	p.report(e)
	return token{start: p.start(), end: p.start()}, false
}

// eatOr passes a token of a kind, or reports an error of its own.
func (p *parser) eatOr(want kind, code int) bool {
	if p.kind() == want {
		p.next()
		return true
	}
	e := p.missingPlace()
	e.code, e.missingToken = code, true
	p.report(e)
	return false
}

func (p *parser) try(want kind) bool {
	if p.kind() == want {
		p.next()
		return true
	}
	return false
}

// eatAs passes the current token in place of the one that should be there.
func (p *parser) eatAs(want kind) {
	if _, ok := p.eat(want); !ok {
		p.next()
	}
}

// eatWrong passes the current token whatever it is, saying what should be there.
func (p *parser) eatWrong(want kind) token {
	t := *p.tok()
	if t.kind != want {
		e := problem{start: t.start, end: t.end, outside: behindIf(t.virtual)}
		if t.nl {
			e = p.missingPlace()
		}
		e.code, e.arg = expectedCode(want)
		p.report(e)
	}
	p.next()
	return t
}

func (p *parser) eatContext(want ctx, code int) bool {
	if p.ctx() == want {
		p.next()
		return true
	}
	e := p.missingPlace()
	e.code, e.missingToken = code, true
	p.report(e)
	return false
}

// ident passes an identifier, or reports it missing with the code.
func (p *parser) ident(code int) *Ident {
	if p.kind() == tIdent {
		if p.partialMember() || p.inQuery && queryKeyword(p.ctx()) {
			e := p.missingPlace()
			e.code, e.arg = 1525, p.tokenText(p.tok())
			p.report(e)
			return &Ident{Place: Place{p.start(), p.start()}}
		}
		t := p.next()
		if p.inAsync && t.ctx == cAwait {
			p.errorToken(4003, t, "")
		}
		return p.newIdent(t)
	}
	e := p.missingPlace()
	e.code, e.missingToken = code, true
	p.report(e)
	return &Ident{Place: Place{p.start(), p.start()}}
}

func (p *parser) newIdent(t token) *Ident {
	return &Ident{Place: Place{t.start, t.end}, Text: identText(p.text, t), Verbatim: t.escaped}
}

func (p *parser) tokenText(t *token) string {
	if t.virtual || t.kind == tEOF {
		return kindText[t.kind]
	}
	return p.text[t.start:t.end]
}

// trueIdent says whether the current token is an identifier and no contextual
// keyword of the place.
func (p *parser) trueIdent() bool {
	if p.kind() != tIdent {
		return false
	}
	switch c := p.ctx(); {
	case c == cNone:
		return true
	case p.inQuery && queryKeyword(c):
		return false
	case c == cPartial:
		return !p.partialMember()
	case c == cWhere:
		return !p.constraintWhere()
	}
	return true
}

func (p *parser) trueIdentToken(t *token) bool {
	return t.kind == tIdent && !(p.inQuery && queryKeyword(t.ctx))
}

func (p *parser) constraintWhere() bool {
	return p.ctx() == cWhere && p.peek(1).kind == tIdent && p.peek(2).kind == tColon
}

func (p *parser) partialMember() bool {
	if p.ctx() != cPartial {
		return false
	}
	switch p.peek(1).kind {
	case kwClass, kwStruct, kwInterface, kwEvent:
		return true
	}
	s := p.mark()
	defer p.reset(s)
	p.next()
	return p.scanType(modeNormal) != notType && (p.kind() == tIdent || p.kind() == kwThis)
}

// terminated says whether the current token ends or follows a construct that
// is being parsed.
func (p *parser) terminated() bool {
	k := p.kind()
	has := func(t terminators) bool { return p.term&t != 0 }
	switch k {
	case tEOF:
		return true
	case tCloseBracket:
		if has(endParameters | endArguments | endAttribute) {
			return true
		}
	case tCloseParen:
		if has(endParameters | endFixed | endCatch | endDoWhile | endFor | endArguments) {
			return true
		}
	case tSemicolon:
		if has(endParameters | endField | endVariable | endStatement | endFixed | endDoWhile | endFor | endDeclaration | endMethodSignature | endTypeSignature) {
			return true
		}
	case tOpenBrace:
		if has(endFixed | endCatch | endFor | endTypeParameters | endMethodSignature | endTypeSignature) {
			return true
		}
	case tCloseBrace:
		if has(endMember | endTry | endCatch | endCatchBlock) {
			return true
		}
	case kwCatch, kwFinally:
		if has(endTry | endCatch | endCatchBlock) {
			return true
		}
	case tComma:
		if has(endVariable) {
			return true
		}
	case tColon:
		if has(endDeclaration | endTypeParameters) {
			return true
		}
	case tOpenParen:
		if has(endTypeParameters) {
			return true
		}
	}
	return has(endMember) && canStartMember(k) ||
		has(endStatement) && p.possibleStatement() ||
		has(endSwitchSection) && p.possibleSwitchSection()
}

// skipBad passes tokens until one is expected again. It is false when a
// terminator, or what abort tells, comes first. Only the first token is
// reported, unless the scanner has already done so.
func (p *parser) skipBad(expected kind, wanted, abort func(*parser) bool) bool {
	first := true
	for !wanted(p) {
		if p.terminated() || abort(p) {
			return false
		}
		if first && !p.tok().bad {
			p.eatWrong(expected)
		} else {
			p.next()
		}
		first = false
	}
	return true
}

// list is how a comma separated list is read and how it recovers.
type list struct {
	closing kind
	// possible says whether an element can start here.
	possible func(*parser) bool
	// abort stops the skipping of bad tokens, besides the closing token.
	abort func(*parser) bool
	// giveUp stops before anything is skipped.
	giveUp func(*parser) bool
	// trailing allows a comma before the closing token; needOne asks for an
	// element; semicolons reads `;` as a wrong comma.
	trailing, needOne, semicolons bool
}

func (p *parser) parseList(l *list, element func()) {
	separatorOrElement := func() bool {
		return p.kind() == tComma || l.semicolons && p.kind() == tSemicolon && !p.tok().virtual || l.possible(p)
	}
	skip := func(expected kind) bool {
		if l.giveUp != nil && l.giveUp(p) {
			return false
		}
		return p.skipBad(expected,
			func(p *parser) bool { return p.kind() == tComma || l.possible(p) },
			func(p *parser) bool { return p.kind() == l.closing || l.abort != nil && l.abort(p) })
	}
	needOne := l.needOne
again:
	if !needOne && p.kind() == l.closing {
		return
	}
	if !needOne && !separatorOrElement() {
		if skip(tIdent) {
			goto again
		}
		return
	}
	element()
	needOne = false
	for last := -1; p.i > last && p.kind() != l.closing; {
		last = p.i
		if !separatorOrElement() {
			if !skip(tComma) {
				return
			}
			continue
		}
		if p.kind() == tSemicolon {
			p.eatWrong(tComma)
		} else {
			p.eat(tComma)
		}
		if l.trailing {
			if p.kind() == l.closing {
				return
			}
			if !l.possible(p) {
				goto again
			}
		}
		element()
	}
}
