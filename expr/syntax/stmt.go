package syntax

// definiteStatement says whether the current token starts a statement whatever
// stands around it.
func definiteStatement(k kind) bool {
	switch k {
	case kwFixed, kwBreak, kwContinue, kwTry, kwConst, kwDo, kwFor, kwForeach, kwGoto, kwIf, kwElse, kwLock, kwReturn,
		kwUnsafe, kwUsing, kwWhile, kwVolatile, kwExtern, kwCase:
		return true
	}
	return false
}

func (p *parser) possibleStatement() bool {
	switch k := p.kind(); k {
	case kwChecked, kwUnchecked, kwThrow, kwSwitch, tOpenBrace, tSemicolon, kwStatic, kwReadonly, kwRef, tOpenBracket:
		return true
	case tIdent:
		return p.trueIdent()
	default:
		return definiteStatement(k) || predefined(k) || p.possibleExpr()
	}
}

func (p *parser) block() *Block {
	b := &Block{}
	start := p.start()
	if !p.enter() {
		p.leave()
		return b
	}
	defer p.leave()
	p.eat(tOpenBrace)
	b.Stmts = p.statements(false)
	p.eat(tCloseBrace)
	b.Place = p.from(start)
	return b
}

// statements reads statements up to a closing brace, and in a switch up to the
// next section.
func (p *parser) statements(inSwitch bool) (stmts []Stmt) {
	saved := p.term
	p.term |= endStatement
	if inSwitch {
		p.term |= endSwitchSection
	}
	for last := -1; p.i > last && p.kind() != tCloseBrace && p.kind() != tEOF && !(inSwitch && p.possibleSwitchSection()); {
		last = p.i
		if p.possibleStatement() {
			if s := p.statement(); s != nil {
				stmts = append(stmts, s)
				continue
			}
		}
		if !p.skipBad(tCloseBrace, (*parser).possibleStatement, func(p *parser) bool { return p.kind() == tCloseBrace }) {
			break
		}
	}
	p.term = saved
	return stmts
}

func (p *parser) embedded() Stmt {
	if s := p.statement(); s != nil {
		if forbiddenEmbedded(s) {
			at := s.(placed).place()
			p.report(problem{code: 1023, start: at.From, end: at.To, feature: true})
		}
		return s
	}
	start := p.start()
	p.eat(tSemicolon)
	return &Empty{Place{start, start}}
}

type placed interface{ place() Place }

func (p Place) place() Place { return p }

// forbiddenEmbedded says whether a statement may not stand alone under an if or
// a loop. It is the binder that refuses it, so the tree is kept.
func forbiddenEmbedded(s Stmt) bool {
	switch s.(type) {
	case *LocalDecl, *LocalFunc, *Labeled:
		return true
	}
	return false
}

// statement reads one statement; nil when none starts here after all.
func (p *parser) statement() Stmt {
	start := p.start()
	if !p.enter() {
		p.leave()
		return &Empty{Place{start, start}}
	}
	defer p.leave()
	if p.kind() != tOpenBracket || !p.statementAttributes() {
		return p.plainStatement(start, false)
	}
	end := p.prevEnd()
	s := p.plainStatement(p.start(), true)
	if _, ok := s.(*LocalFunc); ok {
		p.report(featureProblem(featureFunctionAttributes, int(start), int(end)))
	} else {
		p.report(problem{code: 7014, start: start, end: end, feature: true})
	}
	return s
}

// plainStatement reads a statement without its attributes.
func (p *parser) plainStatement(start int32, attributed bool) Stmt {
	switch p.kind() {
	case kwFixed:
		return p.fixedStmt()
	case kwBreak:
		p.next()
		p.eat(tSemicolon)
		return &Break{p.from(start)}
	case kwContinue:
		p.next()
		p.eat(tSemicolon)
		return &Continue{p.from(start)}
	case kwTry, kwCatch, kwFinally:
		return p.tryStmt()
	case kwChecked, kwUnchecked:
		if p.peek(1).kind == tOpenParen {
			return p.exprStmt()
		}
		k := p.next().kind
		b := p.block()
		return &CheckedStmt{p.from(start), k == kwUnchecked, b}
	case kwDo:
		return p.doStmt()
	case kwFor:
		if p.meansForeach() {
			return p.foreachStmt(start, false)
		}
		return p.forStmt()
	case kwForeach:
		return p.foreachStmt(start, false)
	case kwGoto:
		return p.gotoStmt()
	case kwIf:
		return p.ifStmt()
	case kwElse:
		return p.misplacedElse()
	case kwLock:
		p.next()
		p.eat(tOpenParen)
		x := p.parenthesized()
		p.eat(tCloseParen)
		body := p.embedded()
		return &Lock{p.from(start), x, body}
	case kwReturn:
		p.next()
		r := &Return{}
		if p.kind() != tSemicolon {
			r.X = p.possibleRef()
		}
		p.eat(tSemicolon)
		r.Place = p.from(start)
		return r
	case kwSwitch, kwCase:
		return p.switchStmt()
	case kwThrow:
		p.next()
		t := &ThrowStmt{}
		if p.kind() != tSemicolon {
			t.X = p.parseExpr()
		}
		p.eat(tSemicolon)
		t.Place = p.from(start)
		return t
	case kwUnsafe:
		if p.peek(1).kind == tOpenBrace {
			p.next()
			b := p.block()
			return &Unsafe{p.from(start), b}
		}
	case kwUsing:
		if p.peek(1).kind == tOpenParen {
			return p.usingStmt(start, false)
		}
		return p.localDeclaration(attributed)
	case kwWhile:
		p.next()
		p.eat(tOpenParen)
		cond := p.parenthesized()
		p.eat(tCloseParen)
		body := p.embedded()
		return &While{p.from(start), cond, body}
	case tOpenBrace:
		return p.block()
	case tSemicolon:
		p.next()
		return &Empty{p.from(start)}
	case tIdent:
		if s := p.identifierStmt(); s != nil {
			return s
		}
	}
	if !p.declarationPossible() {
		return p.exprStmt()
	}
	s := p.mark()
	await := p.ctx() == cAwait
	d := p.localDeclaration(attributed)
	switch {
	case d == nil:
		p.reset(s)
		return nil
	case await && !p.inAsync && len(p.errs) > s.errs:
		// A declaration of type `await` that is none: read it as await does.
		p.reset(s)
		p.inAsync = true
		e := p.exprStmt()
		p.inAsync = false
		return e
	}
	return d
}

// statementAttributes passes attributes before a statement, unless the brackets
// are those of a collection.
func (p *parser) statementAttributes() bool {
	s := p.mark()
	p.collection()
	indexed := false
	for p.kind() == tOpenBracket && !p.dead {
		p.arguments(tOpenBracket, tCloseBracket)
		indexed = true
	}
	k := p.kind()
	collection := isBinary(k) || assignOperators[k].ok
	switch k {
	case tDot, tQuestion, tBang, tPlusPlus, tMinusMinus, tPointer:
		collection = true
	case kwSwitch:
		collection = p.peek(1).kind == tOpenBrace
	case tOpenParen:
		if indexed {
			errs := len(p.errs)
			p.returnType()
			collection = len(p.errs) > errs || !p.trueIdent()
		}
	}
	p.reset(s)
	if collection {
		return false
	}
	p.attributes()
	return p.i > s.i
}

// identifierStmt reads the statements that start with a contextual keyword or
// a label; nil when there is none.
func (p *parser) identifierStmt() Stmt {
	start := p.start()
	after := p.peek(1).kind
	switch {
	case p.ctx() == cAwait && after == kwForeach:
		p.next()
		return p.foreachStmt(start, true)
	case p.ctx() == cAwait && after == kwUsing:
		if p.peek(2).kind == tOpenParen {
			p.next()
			return p.usingStmt(start, true)
		}
	case after == tColon && p.trueIdent():
		label := p.ident(1001)
		p.next()
		inner := p.statement()
		if inner == nil {
			at := p.start()
			p.eat(tSemicolon)
			inner = &Empty{Place{at, at}}
		}
		return &Labeled{p.from(start), label, inner}
	case p.ctx() == cYield && (after == kwReturn || after == kwBreak):
		p.next()
		y := &Yield{}
		if t := p.next(); t.kind == kwReturn {
			if p.kind() == tSemicolon {
				p.errorToken(1627, t, "")
				y.X = p.bad(p.start())
			} else {
				y.X = p.parseExpr()
			}
		}
		p.eat(tSemicolon)
		y.Place = p.from(start)
		return y
	case p.ctx() == cAwait && p.inAsync:
		return p.exprStmt()
	case p.ctx() == cFrom && p.queryFollows(true):
		x := p.query()
		p.eat(tSemicolon)
		return &ExprStmt{p.from(start), x}
	}
	return nil
}

func (p *parser) exprStmt() Stmt {
	start := p.start()
	x := p.parseExpr()
	p.eat(tSemicolon)
	return &ExprStmt{p.from(start), x}
}

func (p *parser) ifStmt() Stmt {
	// A chain of else-ifs is read in a loop: it may be long, and does not nest
	// for the reader.
	first := &If{}
	starts := []int32{p.start()}
	chain := []*If{first}
	for {
		n := chain[len(chain)-1]
		p.next()
		p.eat(tOpenParen)
		n.Cond = p.parenthesized()
		p.eat(tCloseParen)
		n.Then = p.embedded()
		if !p.try(kwElse) || p.dead {
			break
		}
		if p.kind() != kwIf {
			n.Else = p.embedded()
			break
		}
		next := &If{}
		n.Else = next
		starts = append(starts, p.start())
		chain = append(chain, next)
	}
	for i, n := range chain {
		n.Place = p.from(starts[i])
	}
	return first
}

func (p *parser) misplacedElse() Stmt {
	start := p.start()
	p.errorMissing(8641, "")
	n := &If{}
	p.eat(tOpenParen)
	n.Cond = p.parseExpr()
	p.eat(tCloseParen)
	n.Then = p.exprStmt()
	if p.try(kwElse) {
		n.Else = p.embedded()
	}
	n.Place = p.from(start)
	return n
}

func (p *parser) doStmt() Stmt {
	start := p.next().start
	d := &Do{Body: p.embedded()}
	p.eat(kwWhile)
	p.eat(tOpenParen)
	saved := p.term
	p.term |= endDoWhile
	d.Cond = p.parenthesized()
	p.term = saved
	p.eat(tCloseParen)
	p.eat(tSemicolon)
	d.Place = p.from(start)
	return d
}

// meansForeach says whether a `for` here was meant as `foreach (T x in`.
func (p *parser) meansForeach() bool {
	s := p.mark()
	defer p.reset(s)
	p.next()
	return p.next().kind == tOpenParen && p.scanType(modeNormal) != notType &&
		p.next().kind == tIdent && p.next().kind == kwIn
}

func (p *parser) forStmt() Stmt {
	f := &For{}
	saved := p.term
	p.term |= endFor
	start := p.next().start
	p.eat(tOpenParen)
	switch {
	case p.forDeclares():
		f.Decl = p.parenthesizedDeclaration(true)
	case p.kind() != tSemicolon:
		f.Init = p.forExpressions(false)
	}
	commaOrSemicolon := func() {
		if p.kind() == tComma {
			p.eatAs(tSemicolon)
		} else {
			p.eat(tSemicolon)
		}
	}
	commaOrSemicolon()
	if p.kind() != tSemicolon && p.kind() != tComma {
		f.Cond = p.parseExpr()
	}
	commaOrSemicolon()
	if p.kind() != tCloseParen {
		f.Post = p.forExpressions(true)
	}
	for (p.kind() == tSemicolon || p.kind() == tComma) && !p.tok().virtual {
		p.eatWrong(tCloseParen)
	}
	p.eat(tCloseParen)
	f.Body = p.embedded()
	p.term = saved
	f.Place = p.from(start)
	return f
}

func (p *parser) forDeclares() bool {
	if p.kind() == kwRef {
		return true
	}
	if p.ctx() == cFrom && p.queryFollows(true) {
		return false
	}
	s := p.mark()
	defer p.reset(s)
	return p.scanType(modeNormal) != notType && p.trueIdent()
}

func (p *parser) forExpressions(semicolons bool) (xs []Expr) {
	l := list{
		closing:    tCloseParen,
		possible:   (*parser).possibleExpr,
		abort:      atSemicolon,
		giveUp:     func(p *parser) bool { return p.kind() == tCloseParen || p.kind() == tSemicolon },
		semicolons: semicolons,
	}
	p.parseList(&l, func() { xs = append(xs, p.parseExpr()) })
	return xs
}

func (p *parser) foreachStmt(start int32, await bool) Stmt {
	f := &Foreach{Await: await}
	if t := p.next(); t.kind == kwFor {
		p.errorToken(1003, t, "foreach")
	}
	p.eat(tOpenParen)
	variable := p.exprOrDeclaration(modeNormal, true)
	in := *p.tok()
	f.InAt = Place{in.start, in.end}
	p.eatOr(kwIn, 1515)
	switch v := variable.(type) {
	case *DeclExpr:
		switch d := v.Designation.(type) {
		case *SingleDesignation:
			f.Type, f.Name = v.Type, d.Name
		case *DiscardDesignation:
			f.Type, f.Name = v.Type, &Ident{Place: d.Place, Text: "_"}
		default:
			f.Target = v
		}
	case *Tuple:
		f.Target = v
	default:
		f.Target = v
		if n, ok := v.(*Name); !ok || n.Text != "_" {
			if in.kind == kwIn {
				p.errorToken(230, in, "")
			} else {
				p.errorMissing(230, "")
			}
		}
	}
	f.In = p.parseExpr()
	p.eat(tCloseParen)
	f.Body = p.embedded()
	f.Place = p.from(start)
	return f
}

func (p *parser) gotoStmt() Stmt {
	start := p.next().start
	g := &Goto{}
	switch p.kind() {
	case kwCase:
		p.next()
		g.Kind = GotoCase
		g.X = p.parseExpr()
	case kwDefault:
		p.next()
		g.Kind = GotoDefault
	default:
		g.Label = p.ident(1001)
	}
	p.eat(tSemicolon)
	g.Place = p.from(start)
	return g
}

func (p *parser) possibleSwitchSection() bool {
	return p.kind() == kwCase || p.kind() == kwDefault && p.peek(1).kind != tOpenParen
}

func (p *parser) switchStmt() Stmt {
	start := p.start()
	s := &Switch{}
	if p.kind() == kwCase {
		p.eat(kwSwitch)
		s.X = p.bad(start)
	} else {
		p.next()
		at := p.start()
		s.X = p.parseExpr()
		switch x := s.X.(type) {
		case *Paren:
			s.X = x.X
		case *Tuple:
		case *BadExpr:
			p.errorMissing(8415, "")
		default:
			p.errorAt(8415, at, p.prevEnd(), "")
		}
		p.eat(tOpenBrace)
	}
	for p.possibleSwitchSection() && !p.dead {
		s.Sections = append(s.Sections, p.switchSection())
	}
	p.eat(tCloseBrace)
	s.Place = p.from(start)
	return s
}

func (p *parser) switchSection() *SwitchSection {
	sec := &SwitchSection{}
	start := p.start()
	for p.possibleSwitchSection() && !p.dead {
		l := &CaseLabel{}
		at := p.start()
		if p.next().kind == kwCase {
			if p.kind() == tColon {
				p.errorMissing(150, "")
				l.Pattern = &ConstantPattern{Place{p.start(), p.start()}, p.bad(p.start())}
			} else {
				l.Pattern = p.casePattern()
				if p.ctx() == cWhen {
					p.next()
					l.When = p.parseExpr()
				}
			}
		}
		p.eat(tColon)
		l.Place = p.from(at)
		sec.Labels = append(sec.Labels, l)
	}
	sec.Stmts = p.statements(true)
	sec.Place = p.from(start)
	return sec
}

func (p *parser) tryStmt() Stmt {
	start := p.start()
	t := &Try{}
	errs := len(p.errs)
	if _, ok := p.eat(kwTry); !ok {
		t.Body = &Block{Place: Place{start, start}}
	} else {
		saved := p.term
		p.term |= endTry
		errs = len(p.errs)
		t.Body = p.block()
		p.term = saved
	}
	clean := len(p.errs) == errs
	closing := p.i - 1
	for p.kind() == kwCatch && !p.dead {
		t.Catches = append(t.Catches, p.catchClause())
	}
	if p.kind() == kwFinally {
		p.next()
		t.Finally = p.block()
	}
	if t.Catches == nil && t.Finally == nil {
		if clean && closing >= 0 {
			p.errorToken(1524, p.toks[closing], "")
		}
		t.Finally = &Block{Place: Place{p.start(), p.start()}}
	}
	t.Place = p.from(start)
	return t
}

func (p *parser) catchClause() *Catch {
	c := &Catch{}
	start := p.next().start
	saved := p.term
	if p.try(tOpenParen) {
		p.term |= endCatch
		c.Type = p.parseType(modeNormal)
		if p.trueIdent() {
			c.Name = p.ident(1001)
		}
		p.term = saved
		p.eat(tCloseParen)
	}
	if when := p.ctx() == cWhen; when || p.kind() == kwIf {
		if !when {
			e := p.missingPlace()
			e.code, e.arg, e.missingToken = 1003, "when", true
			p.report(e)
		}
		p.next()
		p.term |= endCatch
		p.eat(tOpenParen)
		c.Filter = p.parenthesized()
		p.term = saved
		p.eat(tCloseParen)
	}
	p.term |= endCatchBlock
	c.Body = p.block()
	p.term = saved
	c.Place = p.from(start)
	return c
}

func (p *parser) usingStmt(start int32, await bool) Stmt {
	u := &Using{Await: await}
	p.next()
	p.eat(tOpenParen)
	p.usingResource(u)
	p.eat(tCloseParen)
	u.Body = p.embedded()
	u.Place = p.from(start)
	return u
}

// usingResource reads a declaration or an expression. `f ? x = a : b` looks
// like a declaration of a nullable type for long.
func (p *parser) usingResource(u *Using) {
	if p.ctx() == cAwait && p.awaitFollows() || p.ctx() == cFrom && p.queryFollows(true) {
		u.X = p.parseExpr()
		return
	}
	s := p.mark()
	r := p.scanType(modeNormal)
	k, after := p.kind(), p.peek(1).kind
	p.reset(s)
	declares := false
	if r == nullableType {
		declares = k == tIdent && (after == tComma || after == tCloseParen || after == tEq)
	} else {
		declares = r == mustBeType && k != tDot ||
			r != notType && k == tIdent && (r == plainOrExpr || after == tEq)
	}
	if !declares {
		u.X = p.parseExpr()
		return
	}
	u.Decl = p.parenthesizedDeclaration(false)
	if r == nullableType && after == tEq && p.kind() == tColon && len(u.Decl.Vars) == 1 {
		p.reset(s)
		u.Decl = nil
		u.X = p.parseExpr()
	}
}

func (p *parser) fixedStmt() Stmt {
	start := p.next().start
	p.eat(tOpenParen)
	saved := p.term
	p.term |= endFixed
	f := &Fixed{Decl: p.parenthesizedDeclaration(false)}
	p.term = saved
	p.eat(tCloseParen)
	f.Body = p.embedded()
	f.Place = p.from(start)
	return f
}
