package syntax

// parenthesized reads an expression before a closing parenthesis. Of `(a b)`,
// b is passed with one error, so that the parenthesis still closes.
func (p *parser) parenthesized() Expr { return p.strayBeforeParen(p.parseExpr()) }

func (p *parser) strayBeforeParen(x Expr) Expr {
	if p.kind() == tCloseParen || p.dead {
		return x
	}
	s := p.mark()
	first := *p.tok()
	p.parseExpr()
	if p.kind() != tCloseParen || p.peek(1).kind == tArrow || p.i == s.i || p.endsMissing(s.errs) {
		p.reset(s)
		return x
	}
	// Of the errors inside what is skipped only one survives.
	e := problem{code: 1073, start: first.start, end: first.end, arg: p.tokenText(&first), outside: behindIf(first.virtual)}
	if !p.dead {
		for _, inner := range p.errs[s.errs:] {
			if inner.missingToken {
				e = inner
			}
		}
		p.errs = p.errs[:s.errs]
	}
	p.report(e)
	return x
}

// endsMissing says whether what was just read ends in a missing token.
func (p *parser) endsMissing(errs int) bool {
	if len(p.errs) == errs {
		return false
	}
	last := p.errs[len(p.errs)-1]
	place := p.missingPlace()
	return last.start == place.start && last.end == place.end && last.outside == place.outside &&
		(last.missingToken || last.code == 1525)
}

// exprOrDeclaration reads an expression where `T x` may be declared.
func (p *parser) exprOrDeclaration(mode typeMode, designations bool) Expr {
	if p.declarationFollows(mode, designations) {
		return p.declExpr(mode)
	}
	return p.parseExpr()
}

func (p *parser) declarationFollows(mode typeMode, designations bool) bool {
	if p.inAsync && p.ctx() == cAwait {
		return false
	}
	switch k := p.kind(); {
	case k == tIdent, k == tOpenParen, k == kwRef, k == tColonColon, predefined(k):
	default:
		return false
	}
	s := p.mark()
	defer p.reset(s)
	isVar := p.varType()
	r, last := p.scanTypeLast(mode)
	if r == notType || !p.scanDesignation(designations && (isVar || predefined(last))) {
		return false
	}
	switch mode {
	case modeFirstInTuple:
		return p.kind() == tComma
	case modeAfterTupleComma:
		return p.kind() == tComma || p.kind() == tCloseParen
	}
	return true
}

func (p *parser) varType() bool {
	if p.ctx() != cVar {
		return false
	}
	switch p.peek(1).kind {
	case tDot, tColonColon, tOpenBracket, tStar, tQuestion, tLess:
		return false
	}
	return true
}

func (p *parser) scanDesignation(tuple bool) bool {
	switch {
	case p.kind() == tIdent:
		ok := p.trueIdent()
		p.next()
		return ok
	case p.kind() == tOpenParen && tuple:
		comma := false
		for {
			p.next()
			if !p.scanDesignation(true) {
				return false
			}
			switch p.kind() {
			case tCloseParen:
				p.next()
				return comma
			case tComma:
				comma = true
			default:
				return false
			}
		}
	}
	return false
}

// declExpr reads `T x` or `var (x, y)`.
func (p *parser) declExpr(mode typeMode) Expr {
	start := p.start()
	t := p.parseType(mode)
	d := p.designation(false)
	return &DeclExpr{p.from(start), t, d}
}

func (p *parser) designation(pattern bool) Designation {
	start := p.start()
	if p.kind() != tOpenParen {
		if p.ctx() == cUnderscore {
			p.next()
			return &DiscardDesignation{p.from(start)}
		}
		t, ok := p.eat(tIdent)
		if !ok {
			return &SingleDesignation{Place{start, start}, &Ident{Place: Place{start, start}}}
		}
		return &SingleDesignation{p.from(start), p.newIdent(t)}
	}
	if !p.enter() {
		p.leave()
		return &DiscardDesignation{Place{start, start}}
	}
	defer p.leave()
	p.next()
	var items []Designation
	done := pattern && p.kind() == tCloseParen
	if !pattern {
		items = append(items, p.designation(false))
		p.eat(tComma)
	}
	for !done && !p.dead {
		items = append(items, p.designation(pattern))
		if !p.try(tComma) {
			break
		}
	}
	p.eat(tCloseParen)
	return &TupleDesignation{p.from(start), items}
}

// deconstructionFollows says whether `var (a, b) =` stands here.
func (p *parser) deconstructionFollows(prec precedence) bool {
	if prec > precAssignment || p.ctx() != cVar && !predefined(p.kind()) || p.peek(1).kind != tOpenParen {
		return false
	}
	s := p.mark()
	defer p.reset(s)
	p.next()
	return p.scanDesignator() && p.kind() == tEq
}

func (p *parser) scanDesignator() bool {
	switch p.kind() {
	case tIdent:
		if !p.trueIdent() {
			return false
		}
		p.next()
		return true
	case tOpenParen:
		for {
			p.next()
			if !p.scanDesignator() {
				return false
			}
			switch p.kind() {
			case tComma:
			case tCloseParen:
				p.next()
				return true
			default:
				return false
			}
		}
	}
	return false
}

// castParenTuple reads what starts with a parenthesis and is no lambda.
func (p *parser) castParenTuple() Expr {
	start := p.start()
	s := p.mark()
	cast := p.scanCast(false, false) && !(p.inQuery && queryKeyword(p.ctx()))
	p.reset(s)
	if p.dead {
		return p.bad(start)
	}
	p.next()
	if cast {
		t := p.parseType(modeNormal)
		p.eat(tCloseParen)
		x := p.parseSub(precCast)
		return &Cast{p.from(start), t, x}
	}
	first := p.tupleItem(modeFirstInTuple)
	if p.kind() == tComma || first.Name != nil {
		return p.tuple(start, first)
	}
	x := p.strayBeforeParen(first.Value)
	p.eat(tCloseParen)
	return &Paren{p.from(start), x}
}

// tupleItem reads `x` or `name: x`.
func (p *parser) tupleItem(mode typeMode) *Argument {
	start := p.start()
	a := &Argument{Value: p.exprOrDeclaration(mode, true)}
	if n, ok := a.Value.(*Name); ok && n.TypeArgs == nil && p.kind() == tColon {
		p.next()
		a.Name = &Ident{n.Place, n.Text, n.Verbatim}
		a.Value = p.exprOrDeclaration(mode, true)
	}
	a.Place = p.from(start)
	return a
}

func (p *parser) tuple(start int32, first *Argument) Expr {
	items := []*Argument{first}
	for p.try(tComma) && !p.dead {
		items = append(items, p.tupleItem(modeAfterTupleComma))
	}
	if len(items) < 2 {
		p.errorMissing(8124, "")
	}
	p.eat(tCloseParen)
	return &Tuple{p.from(start), items}
}

// scanCast moves over `(T)` and says whether it is a cast.
func (p *parser) scanCast(pattern, switchArm bool) bool {
	if !p.try(tOpenParen) {
		return false
	}
	mode := modeNormal
	if pattern {
		mode = modePattern
	}
	r := p.scanType(mode)
	if r == notType || !p.try(tCloseParen) {
		return false
	}
	if pattern && p.kind() == tIdent {
		return !p.scanBinaryPattern() && !(switchArm && p.ctx() == cWhen)
	}
	k := p.kind()
	switch r {
	case pointerOrProduct, nullableType, mustBeType, aliasName:
		if !pattern {
			return true
		}
		switch k {
		case tPlus, tMinus, tAmp, tStar:
			return true
		}
		return p.atDotDot() || canFollowCast(k)
	case genericOrMethod, tupleType:
		return k == tOpenBracket || canFollowCast(k)
	}
	return k == tOpenBracket && p.peek(1).kind == tCloseBracket || canFollowCast(k)
}

func (p *parser) scanBinaryPattern() bool {
	combinator := func() bool { return p.ctx() == cOr || p.ctx() == cAnd }
	if !combinator() {
		return false
	}
	operator := true
	p.next()
	for combinator() {
		operator = !operator
		p.next()
	}
	return operator == p.possibleSubpattern()
}

func canFollowCast(k kind) bool {
	switch k {
	case kwAs, kwIs, tSemicolon, tCloseParen, tCloseBracket, tOpenBrace, tCloseBrace, tComma, tQuestion, tColon,
		tPlus, tMinus, tPlusPlus, tMinusMinus, tOpenBracket, tDot, tPointer, tEOF, kwSwitch, tArrow:
		return false
	}
	return !isBinary(k) && !assignOperators[k].ok
}
