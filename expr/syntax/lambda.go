package syntax

// lambdaFollows says whether a lambda starts at the current token.
func (p *parser) lambdaFollows(prec precedence) bool {
	if prec > precLambda {
		return false
	}
	if p.peek(1).kind == tArrow {
		return true
	}
	if p.lastArrow <= p.i && p.kind() != kwStatic && !(p.ctx() == cAsync && p.peek(1).kind == kwStatic) {
		return false
	}
	if known, ok := p.lambdas[p.i]; ok {
		return known
	}
	at := p.i
	s := p.mark()
	yes := p.scanLambda(prec)
	p.reset(s)
	if p.lambdas == nil {
		p.lambdas = map[int]bool{}
	}
	if !p.inQuery {
		p.lambdas[at] = yes
	}
	return yes
}

func (p *parser) scanLambda(prec precedence) bool {
	if p.kind() == tOpenBracket {
		if complete := p.attributes(); !complete {
			return false
		}
	}
	static := false
	switch {
	case p.kind() == kwStatic:
		p.next()
		static = true
	case p.ctx() == cAsync && p.peek(1).kind == kwStatic:
		p.next()
		p.next()
		static = true
	}
	if static && (p.kind() == tArrow || p.kind() == tOpenParen) {
		return true
	}
	if p.kind() == tIdent && p.peek(1).kind == tArrow {
		return true
	}
	if p.ctx() == cAsync && p.asyncIsModifier() {
		p.next()
	}
	s := p.mark()
	if p.scanType(modeNormal) == notType || p.kind() != tOpenParen {
		p.reset(s)
	}
	if p.kind() == tIdent && p.peek(1).kind == tArrow {
		return true
	}
	return p.kind() == tOpenParen && (p.scanSimpleParameters() || p.scanTypedParameters(prec))
}

// asyncIsModifier says whether the `async` here can be that of a lambda.
func (p *parser) asyncIsModifier() bool {
	switch k := p.peek(1).kind; k {
	case tOpenParen, tIdent, kwStatic, kwRef, kwDelegate:
		return true
	default:
		return predefined(k)
	}
}

// scanSimpleParameters sees `(a, b) =>` and `(A a, ref B b) =>` without looking
// into types.
func (p *parser) scanSimpleParameters() bool {
	n := 1
	for {
		t := p.peek(n)
		n++
		*p.work++
		if p.trueIdentToken(t) || t.kind == tComma || parameterModifier(t.kind) {
			continue
		}
		return t.kind == tCloseParen && p.peek(n).kind == tArrow
	}
}

func (p *parser) scanTypedParameters(prec precedence) bool {
	for !p.dead {
		p.next()
		p.attributes()
		for parameterModifier(p.kind()) {
			p.next()
		}
		if p.lambdaTypeFollows() && p.scanType(modeNormal) == notType {
			return false
		}
		if p.trueIdent() {
			p.next()
		}
		if p.try(tEq) {
			if p.kind() == tOpenBracket {
				return false
			}
			p.parseExpr()
		}
		switch p.kind() {
		case tComma:
		case tCloseParen:
			return p.peek(1).kind == tArrow
		default:
			return false
		}
	}
	return false
}

func parameterModifier(k kind) bool {
	switch k {
	case kwThis, kwRef, kwOut, kwIn, kwParams, kwReadonly:
		return true
	}
	return false
}

// lambdaTypeFollows says whether a parameter of a lambda starts with its type.
func (p *parser) lambdaTypeFollows() bool {
	if predefined(p.kind()) || p.kind() == tOpenParen {
		return true
	}
	if !p.trueIdentToken(p.tok()) {
		return false
	}
	switch p.peek(1).kind {
	case tComma, tCloseParen, tArrow, tOpenBrace, tEq:
		return false
	}
	return true
}

// tryLambda reads a lambda, unless `x ? () => y :` turns out to be a
// conditional expression.
func (p *parser) tryLambda() Expr {
	s := p.mark()
	l := p.lambda()
	if l, ok := l.(*Lambda); ok && p.kind() == tColon {
		if _, nullable := l.ReturnType.(*NullableType); nullable {
			p.reset(s)
			return nil
		}
	}
	return l
}

func (p *parser) functionModifiers() (mods []Modifier) {
	for {
		switch {
		case p.kind() == kwStatic:
		case p.ctx() == cAsync && p.asyncIsModifier():
		default:
			return mods
		}
		t := p.next()
		mods = append(mods, Modifier{Place{t.start, t.end}, p.text[t.start:t.end]})
	}
}

// function saves and sets what changes inside a lambda or anonymous method.
func (p *parser) function(mods []Modifier) (restore func()) {
	async, force := p.inAsync, p.forceAccess
	for _, m := range mods {
		p.inAsync = p.inAsync || m.Keyword == "async"
	}
	p.forceAccess = false
	return func() { p.inAsync, p.forceAccess = async, force }
}

func (p *parser) lambda() Expr {
	start := p.start()
	if !p.enter() {
		p.leave()
		return p.bad(start)
	}
	defer p.leave()
	if p.kind() == tOpenBracket {
		at := p.start()
		p.attributes()
		p.report(featureProblem(featureLambdaAttributes, int(at), int(p.prevEnd())))
	}
	l := &Lambda{Modifiers: p.functionModifiers()}
	defer p.function(l.Modifiers)()
	s := p.mark()
	l.ReturnType = p.returnType()
	if p.kind() != tOpenParen {
		p.reset(s)
		l.ReturnType = nil
	}
	if p.kind() == tOpenParen {
		l.Paren = true
		l.Params = p.lambdaParameters()
	} else {
		at := p.start()
		prm := &Param{}
		if p.kind() != tIdent && p.peek(1).kind == tArrow {
			p.eatAs(tIdent)
			prm.Name = &Ident{Place: Place{at, at}}
		} else {
			prm.Name = p.ident(1001)
		}
		prm.Place = prm.Name.Place
		l.Params = []*Param{prm}
	}
	arrow, _ := p.eat(tArrow)
	l.Arrow = Place{arrow.start, arrow.end}
	if p.kind() == tOpenBrace {
		l.Body = p.block()
	} else {
		l.Body = p.possibleRef()
	}
	l.Place = p.from(start)
	return l
}

// returnType reads a result type, void included.
func (p *parser) returnType() Type {
	if p.kind() == kwRef {
		return p.parseType(modeNormal)
	}
	return p.typeOrVoid()
}

func lambdaParameterList() *list {
	return &list{closing: tCloseParen, possible: func(p *parser) bool {
		switch k := p.kind(); k {
		case kwParams, kwReadonly, kwRef, kwOut, kwIn, tOpenParen, tOpenBracket:
			return true
		case tIdent:
			return p.trueIdent()
		default:
			return predefined(k)
		}
	}}
}

func (p *parser) lambdaParameters() (params []*Param) {
	p.next()
	saved := p.term
	p.term |= endParameters
	p.parseList(lambdaParameterList(), func() {
		start := p.start()
		prm := &Param{}
		p.parameterStart(prm, featureLambdaAttributes)
		if p.lambdaTypeFollows() {
			prm.Type = p.parseType(modeParameter)
		}
		prm.Name = p.ident(1001)
		if p.try(tEq) {
			prm.Default = p.parseExpr()
		}
		prm.Place = p.from(start)
		params = append(params, prm)
	})
	p.term = saved
	p.eat(tCloseParen)
	return params
}

// parameterStart reads attributes, which a later C# allows there, and modifiers.
func (p *parser) parameterStart(prm *Param, feature string) {
	if at := p.start(); p.kind() == tOpenBracket {
		prm.Attributes = true
		p.attributes()
		p.report(featureProblem(feature, int(at), int(p.prevEnd())))
	}
	for parameterModifier(p.kind()) {
		switch p.next().kind {
		case kwRef:
			prm.Mode = ByRef
		case kwOut:
			prm.Mode = ByOut
		case kwIn:
			prm.Mode = ByIn
		case kwParams:
			prm.Mode = PassParams
		case kwThis:
			prm.Mode = PassThis
		case kwReadonly:
			prm.ReadOnly = true
		}
	}
}

func parameterList() *list {
	return &list{closing: tCloseParen, possible: func(p *parser) bool {
		switch k := p.kind(); k {
		case tOpenBracket, kwArglist, tOpenParen:
			return true
		case tIdent:
			return p.trueIdent()
		default:
			return parameterModifier(k) || predefined(k)
		}
	}}
}

// parameters reads the parameters of a method, a local function or an anonymous
// method. closed says that the closing parenthesis was there.
func (p *parser) parameters() (params []*Param, closed bool) {
	p.eat(tOpenParen)
	saved := p.term
	p.term |= endParameters
	p.parseList(parameterList(), func() { params = append(params, p.parameter()) })
	p.term = saved
	_, closed = p.eat(tCloseParen)
	return params, closed
}

func (p *parser) parameter() *Param {
	start := p.start()
	prm := &Param{}
	p.parameterStart(prm, featureFunctionAttributes)
	if p.kind() == kwArglist {
		t := p.next()
		prm.Name = &Ident{Place{t.start, t.end}, "__arglist", false}
		prm.Place = p.from(start)
		return prm
	}
	prm.Type = p.parseType(modeParameter)
	if p.constraintWhere() {
		p.errorMissing(1001, "")
		prm.Name = &Ident{Place: Place{p.start(), p.start()}}
	} else {
		prm.Name = p.ident(1001)
	}
	if p.kind() == tOpenBracket && p.peek(1).kind == tCloseBracket && prm.Name.Text != "" {
		p.errorToken(1552, p.next(), "")
		p.next()
	}
	if p.try(tEq) {
		prm.Default = p.parseExpr()
	}
	prm.Place = p.from(start)
	return prm
}

func (p *parser) anonymousMethodFollows() bool {
	n := 0
	for p.peek(n).kind == kwStatic || p.peek(n).ctx == cAsync {
		n++
		*p.work++
	}
	return p.peek(n).kind == kwDelegate && p.peek(n+1).kind != tStar
}

func (p *parser) anonymousMethod() Expr {
	start := p.start()
	if !p.enter() {
		p.leave()
		return p.bad(start)
	}
	defer p.leave()
	a := &AnonymousMethod{Modifiers: p.functionModifiers()}
	defer p.function(a.Modifiers)()
	p.eat(kwDelegate)
	if p.kind() == tOpenParen {
		a.HasParams = true
		a.Params, _ = p.parameters()
	}
	if p.kind() == tOpenBrace {
		a.Body = p.block()
	} else {
		p.eat(tOpenBrace)
		a.Body = &Block{Place: Place{p.start(), p.start()}}
	}
	a.Place = p.from(start)
	return a
}

// attributes passes attribute lists; they have no place in an expression, so no
// tree is made of them. complete is false when the last list is not closed.
func (p *parser) attributes() (complete bool) {
	complete = true
	if p.inAttribute {
		return complete
	}
	p.inAttribute = true
	saved := p.term
	p.term |= endAttribute
	for p.kind() == tOpenBracket && p.attributeFollows() && !p.dead {
		s := p.mark()
		p.next()
		if p.attributeTarget() {
			p.next()
			p.next()
		}
		p.parseList(attributeList(), func() {
			p.qualifiedName(0)
			if p.try(tOpenParen) {
				p.parseList(attributeArguments(), func() {
					if k := p.peek(1).kind; p.kind() == tIdent && (k == tEq || k == tColon) {
						p.next()
						p.next()
					}
					p.parseExpr()
				})
				p.eat(tCloseParen)
			}
		})
		_, complete = p.eat(tCloseBracket)
		if p.kind() == tDot || p.kind() == tPointer || p.kind() == tQuestion && p.peek(1).kind == tDot {
			p.reset(s)
			break
		}
	}
	p.term = saved
	p.inAttribute = false
	return complete
}

func attributeList() *list {
	return &list{closing: tCloseBracket, possible: (*parser).trueIdent, trailing: true, needOne: true}
}

func attributeArguments() *list {
	return &list{closing: tCloseParen, possible: (*parser).possibleExpr}
}

func (p *parser) attributeFollows() bool {
	switch p.peek(1).kind {
	case tNumber, tString, tChar, kwTrue, kwFalse, kwNull:
		return false
	}
	return true
}

func (p *parser) attributeTarget() bool {
	return (p.kind() == tIdent || reserved(p.kind())) && p.peek(1).kind == tColon
}
