package syntax

// The compiler sees an expression as a method of a class. Where the text closes
// the method early, or starts a class, what follows is read as members of that
// class. There is an error by then in every case, so no tree is made here: only
// the errors matter, and where they are.

func canStartMember(k kind) bool {
	switch k {
	case kwAbstract, kwClass, kwConst, kwDelegate, kwEnum, kwEvent, kwExplicit, kwExtern, kwFixed, kwImplicit,
		kwInterface, kwInternal, kwNew, kwOperator, kwOverride, kwPrivate, kwProtected, kwPublic, kwReadonly, kwRef,
		kwSealed, kwStatic, kwStruct, kwUnsafe, kwVirtual, kwVolatile, tIdent, tTilde, tOpenBracket, tOpenParen:
		return true
	}
	return predefined(k)
}

func memberModifier(k kind) bool {
	switch k {
	case kwAbstract, kwExtern, kwInternal, kwNew, kwOverride, kwPrivate, kwProtected, kwPublic, kwReadonly, kwSealed,
		kwStatic, kwUnsafe, kwVirtual, kwVolatile:
		return true
	}
	return false
}

// afterMethod reads what stands behind the end of the method: the rest of the
// class and of the file.
func (p *parser) afterMethod() {
	if p.dead || p.tok().virtual && p.i == len(p.toks)-2 {
		return
	}
	p.term = 0
	errs, first := len(p.errs), *p.tok()
	defer func() {
		// Well-formed members behind the method: the compiler has nothing against
		// them here, but they are no part of the expression.
		if len(p.errs) == errs && !first.virtual {
			p.errorToken(1022, first, "")
		}
	}()
	p.members()
	p.eat(tCloseBrace)
	p.try(tSemicolon)
	for last := -1; p.i > last && p.kind() != tEOF; {
		last = p.i
		if p.kind() == tCloseBrace {
			p.errorToken(1022, p.next(), "")
			continue
		}
		if p.possibleStatement() && p.statement() != nil && p.i > last {
			continue
		}
		p.errorToken(1022, p.next(), "")
	}
}

func (p *parser) members() {
	for !p.dead {
		switch k := p.kind(); {
		case canStartMember(k):
			saved, at := p.term, p.i
			p.term |= endMember
			p.member()
			if p.i == at {
				p.skipMember()
			}
			p.term = saved
		case k == tCloseBrace || k == tEOF || p.terminated():
			return
		default:
			p.skipMember()
		}
	}
}

// skipMember passes tokens up to one that can start a member.
func (p *parser) skipMember() {
	t := p.next()
	p.errorToken(1519, t, p.tokenText(&t))
	depth := 0
	for {
		k := p.kind()
		after := p.peek(1).kind
		if canStartMember(k) && !(k == kwDelegate && (after == tOpenBrace || after == tOpenParen)) {
			return
		}
		switch k {
		case tOpenBrace:
			depth++
		case tCloseBrace:
			if depth == 0 {
				return
			}
			depth--
		case tEOF:
			return
		}
		p.next()
	}
}

func (p *parser) member() {
	if !p.enter() {
		p.leave()
		return
	}
	defer p.leave()
	p.attributes()
	modifiers := 0
	for memberModifier(p.kind()) || p.partialMember() || p.ctx() == cAsync && p.asyncModifiesDeclaration() {
		modifiers++
		p.next()
	}
	switch k := p.kind(); {
	case k == tIdent && p.peek(1).kind == tOpenParen:
		p.next()
		p.method()
		return
	case k == tTilde:
		p.next()
		p.ident(1001)
		p.eat(tOpenParen)
		p.eat(tCloseParen)
		p.methodBody()
		return
	case k == kwConst || k == kwEvent || k == kwFixed:
		p.next()
		p.fields(&LocalDecl{Const: k == kwConst, Type: p.parseType(modeNormal)})
		return
	case typeKeyword(k):
		p.typeDeclaration()
		return
	}
	errs := len(p.errs)
	before := p.i
	t := p.returnType()
	if memberModifier(p.kind()) && !isBadType(t) {
		m := *p.tok()
		p.errorToken(1585, m, p.tokenText(&m))
		return
	}
	after := p.peek(1).kind
	switch k := p.kind(); {
	case k == tIdent && after != tDot && after != tColonColon && after != tLess && after != tOpenBrace &&
		after != tArrow && after != tOpenParen:
		p.fields(&LocalDecl{Type: t})
	case k == tIdent || k == kwThis:
		p.next()
		p.typeParameters()
		if p.kind() == tOpenBrace || p.kind() == tArrow {
			p.property()
			return
		}
		p.method()
	case k == tOpenBrace || k == tArrow:
		if len(p.errs) == errs && p.i > before {
			p.errorMissing(1001, "")
			p.property()
		}
	case p.i > before || modifiers > 0:
		if len(p.errs) == errs {
			tok := *p.tok()
			p.errorToken(1519, tok, p.tokenText(&tok))
		}
	}
}

func (p *parser) fields(d *LocalDecl) {
	saved := p.term
	p.term |= endField
	p.declarators(d, false, false, false)
	p.term = saved
	p.eat(tSemicolon)
}

// method reads a method from its parameters on.
func (p *parser) method() {
	saved := p.term
	p.term |= endMethodSignature
	p.parameters()
	for p.ctx() == cWhere && !p.dead {
		p.constraint()
	}
	p.term = saved
	p.methodBody()
}

func (p *parser) methodBody() {
	f := &LocalFunc{}
	p.functionBody(f)
	if f.Body != nil && f.Expr == nil && p.kind() == tSemicolon {
		p.errorToken(1597, p.next(), "")
	}
}

// property reads accessors or `=> x;`.
func (p *parser) property() {
	if p.try(tArrow) {
		p.parseExpr()
		p.eat(tSemicolon)
		return
	}
	p.next()
	for p.kind() != tCloseBrace && p.kind() != tEOF && !p.dead {
		for memberModifier(p.kind()) {
			p.next()
		}
		if p.kind() != tIdent {
			p.errorMissing(1014, "")
			break
		}
		p.next()
		switch p.kind() {
		case tOpenBrace:
			p.block()
		case tArrow:
			p.next()
			p.parseExpr()
			p.eat(tSemicolon)
		default:
			p.eatOr(tSemicolon, 1043)
		}
	}
	p.eat(tCloseBrace)
	if p.try(tEq) {
		p.parseExpr()
		p.eat(tSemicolon)
	}
}

func (p *parser) typeDeclaration() {
	switch p.next().kind {
	case kwDelegate:
		p.returnType()
		p.ident(1001)
		p.typeParameters()
		p.parameters()
		p.eat(tSemicolon)
		return
	case kwEnum:
		p.ident(1001)
		if p.try(tColon) {
			p.parseType(modeNormal)
		}
		if _, ok := p.eat(tOpenBrace); ok {
			p.parseList(enumMembers(), func() {
				p.attributes()
				p.ident(1001)
				if p.try(tEq) {
					p.parseExpr()
				}
			})
		}
		p.eat(tCloseBrace)
		p.try(tSemicolon)
		return
	}
	saved := p.term
	p.term |= endTypeSignature
	p.ident(1001)
	p.typeParameters()
	if p.kind() == tOpenParen {
		p.parameters()
	}
	if p.try(tColon) {
		p.parseType(modeNormal)
		for p.try(tComma) && !p.dead {
			p.parseType(modeNormal)
		}
	}
	for p.ctx() == cWhere && !p.dead {
		p.constraint()
	}
	if p.try(tSemicolon) {
		p.term = saved
		return
	}
	_, open := p.eat(tOpenBrace)
	if open {
		p.members()
	}
	p.term = saved
	p.eat(tCloseBrace)
	p.try(tSemicolon)
}

func enumMembers() *list {
	return &list{closing: tCloseBrace, trailing: true, semicolons: true, possible: func(p *parser) bool {
		return p.kind() == tOpenBracket || p.trueIdent()
	}}
}
