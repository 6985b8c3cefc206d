package syntax

// later makes the node of a pattern that C# 7.3 does not have.
func (p *parser) later(start int32, feature string, at Place, inner ...Node) *LaterPattern {
	place := p.from(start)
	return &LaterPattern{place, feature, at, p.text[place.From:place.To], inner}
}

// isExpr reads what follows `is`: a type when it can be one, else a pattern.
func (p *parser) isExpr(x Expr, start int32) Expr {
	pattern := p.pattern(precRelational, true, false)
	switch pat := pattern.(type) {
	case *ConstantPattern:
		if t := asType(pat.X); t != nil {
			return &IsType{p.from(start), x, t}
		}
	case *LaterPattern:
		if t, ok := pat.single().(Type); ok && pat.Feature == featureTypePattern {
			return &IsType{p.from(start), x, t}
		}
		if pat.Text == "_" {
			return &IsType{p.from(start), x, &Name{Place: pat.Place, Text: "_", IdentEnd: pat.To}}
		}
	}
	return &IsPattern{p.from(start), x, pattern}
}

func (l *LaterPattern) single() Node {
	if len(l.Inner) == 1 {
		return l.Inner[0]
	}
	return nil
}

// asType is a name as a type, nil for anything else.
func asType(x Expr) Type {
	switch x := x.(type) {
	case *Name:
		return x
	case *AliasName:
		return x
	case *Member:
		if !x.Arrow && asType(x.Target) != nil {
			return x
		}
	}
	return nil
}

// asExpr is a type as the expression it may be, nil when it cannot be one.
func asExpr(t Type, typeArgs bool) Expr {
	switch t := t.(type) {
	case *Name:
		if t.TypeArgs == nil || typeArgs {
			return t
		}
	case *Member:
		if t.Name.TypeArgs == nil || typeArgs {
			return t
		}
	}
	return nil
}

func (p *parser) pattern(prec precedence, afterIs, whenKeyword bool) Pattern {
	start := p.start()
	if !p.enter() {
		p.leave()
		return &ConstantPattern{Place{start, start}, p.bad(start)}
	}
	defer p.leave()
	left := p.andPattern(prec, afterIs, whenKeyword)
	for p.ctx() == cOr && !p.dead {
		t := p.next()
		right := p.andPattern(prec, afterIs, whenKeyword)
		left = p.later(start, featureOrPattern, Place{t.start, t.end}, left, right)
	}
	return left
}

func (p *parser) andPattern(prec precedence, afterIs, whenKeyword bool) Pattern {
	start := p.start()
	left := p.notPattern(prec, afterIs, whenKeyword)
	for p.ctx() == cAnd && !p.dead {
		t := p.next()
		right := p.notPattern(prec, afterIs, whenKeyword)
		left = p.later(start, featureAndPattern, Place{t.start, t.end}, left, right)
	}
	return left
}

func (p *parser) notPattern(prec precedence, afterIs, whenKeyword bool) Pattern {
	if p.ctx() != cNot {
		return p.primaryPattern(prec, afterIs, whenKeyword)
	}
	t := p.next()
	if !p.enter() {
		p.leave()
		return &ConstantPattern{Place{t.start, t.start}, p.bad(t.start)}
	}
	defer p.leave()
	inner := p.notPattern(prec, afterIs, whenKeyword)
	return p.later(t.start, featureNotPattern, Place{t.start, t.end}, inner)
}

func (p *parser) primaryPattern(prec precedence, afterIs, whenKeyword bool) Pattern {
	start := p.start()
	switch p.kind() {
	case tComma, tSemicolon, tCloseBrace, tCloseParen, tCloseBracket, tArrow:
		p.errorMissing(8504, "")
		return &ConstantPattern{Place{start, start}, p.bad(start)}
	}
	if p.ctx() == cUnderscore {
		p.next()
		place := p.from(start)
		return p.later(start, featureRecursive, place)
	}
	switch p.kind() {
	case tOpenBracket:
		return p.listPattern(whenKeyword)
	case tLess, tLessEq, tGreater, tGreaterEq, tEqEq, tBangEq:
		t := p.next()
		x := p.parseSub(precRelational)
		return p.later(start, featureRelationalPattern, Place{t.start, t.end}, x)
	}
	if p.atDotDot() {
		p.eatDotDot()
		var inner []Node
		if p.possibleSubpattern() {
			inner = append(inner, p.pattern(prec, false, whenKeyword))
		}
		return p.later(start, featureListPattern, Place{}, inner...)
	}
	s := p.mark()
	var t Type
	if p.typeOfPattern() {
		mode := modePattern
		if afterIs {
			mode = modeAfterIs
		}
		t = p.parseType(mode)
		if _, bad := t.(*BadType); bad || !p.canFollowTypeInPattern(prec) {
			p.reset(s)
			t = nil
		}
	}
	if pat := p.patternAfterType(t, start, prec, whenKeyword); pat != nil {
		return pat
	}
	p.reset(s)
	x := p.parseSub(prec)
	return &ConstantPattern{p.from(start), x}
}

// typeOfPattern says whether the current token looks like a type in a pattern.
func (p *parser) typeOfPattern() bool {
	switch k := p.kind(); {
	case predefined(k):
		return true
	case k == tIdent:
		return p.ctx() != cUnderscore && (p.ctx() != cNameof || p.peek(1).kind != tOpenParen)
	case k == tOpenParen:
		s := p.mark()
		defer p.reset(s)
		return p.scanType(modePattern) != notType
	}
	return false
}

func (p *parser) canFollowTypeInPattern(prec precedence) bool {
	switch k := p.kind(); k {
	case tOpenParen, tOpenBrace, tIdent, tCloseBrace, tCloseBracket, tCloseParen, tComma, tSemicolon:
		return true
	case tDot, tPointer, tBang:
		return false
	default:
		return !isBinary(k) || binaryOperators[k].prec <= prec
	}
}

// patternAfterType reads a pattern whose type, if it has one, has been read. It
// is nil when there must be an expression instead.
func (p *parser) patternAfterType(t Type, start int32, prec precedence, whenKeyword bool) Pattern {
	if n, ok := t.(*Name); ok && n.TypeArgs == nil && n.Text == "var" && !n.Verbatim &&
		(p.kind() == tOpenParen || p.designationFollows(whenKeyword)) {
		d := p.designation(true)
		return &VarPattern{p.from(start), d}
	}
	if p.kind() == tOpenParen && (t != nil || !p.castFollows()) {
		return p.positional(t, start, prec, whenKeyword)
	}
	var inner []Node
	if t != nil {
		inner = append(inner, t)
	}
	if p.kind() == tOpenBrace {
		inner = append(inner, p.subpatterns(tOpenBrace, tCloseBrace, p.subpattern)...)
		p.optionalDesignation(whenKeyword)
		return p.later(start, featureRecursive, p.from(start), inner...)
	}
	if t == nil {
		return nil
	}
	if d := p.optionalDesignation(whenKeyword); d != nil {
		return &DeclarationPattern{p.from(start), t, d}
	}
	if x := asExpr(t, false); x != nil {
		x = p.continued(x, start, prec)
		return &ConstantPattern{p.from(start), x}
	}
	return p.later(start, featureTypePattern, p.from(start), t)
}

func (p *parser) castFollows() bool {
	s := p.mark()
	defer p.reset(s)
	return p.scanCast(true, false)
}

func (p *parser) positional(t Type, start int32, prec precedence, whenKeyword bool) Pattern {
	named := false
	var inner []Node
	if t != nil {
		inner = append(inner, t)
	}
	subs := p.subpatterns(tOpenParen, tCloseParen, func() Node {
		n := p.subpattern()
		if l, ok := n.(*LaterPattern); ok && l.Feature == "" {
			named = true
		}
		return n
	})
	properties := p.kind() == tOpenBrace
	if properties {
		inner = append(inner, p.subpatterns(tOpenBrace, tCloseBrace, p.subpattern)...)
	}
	d := p.optionalDesignation(whenKeyword)
	if t == nil && !properties && d == nil && len(subs) == 1 && !named {
		if c, ok := subs[0].(*ConstantPattern); ok {
			paren := &Paren{p.from(start), c.X}
			x := p.continued(paren, start, prec)
			return &ConstantPattern{p.from(start), x}
		}
		return p.later(start, featureParenthesizedPattern, p.from(start), subs...)
	}
	return p.later(start, featureRecursive, p.from(start), append(inner, subs...)...)
}

func (p *parser) subpatterns(open, closing kind, element func() Node) (subs []Node) {
	p.eat(open)
	l := list{
		closing:  closing,
		possible: (*parser).possibleSubpattern,
		abort:    atSemicolon,
		trailing: open != tOpenParen,
	}
	p.parseList(&l, func() { subs = append(subs, element()) })
	p.eat(closing)
	return subs
}

func (p *parser) possibleSubpattern() bool {
	switch p.kind() {
	case tOpenBrace, tOpenBracket, tLess, tLessEq, tGreater, tGreaterEq:
		return true
	}
	return p.canStartExpr()
}

// subpattern reads `p` or `name: p`; a named one is a LaterPattern without a
// feature of its own.
func (p *parser) subpattern() Node {
	start := p.start()
	pat := p.pattern(precConditional, false, false)
	if p.kind() != tColon {
		return pat
	}
	if c, ok := pat.(*ConstantPattern); !ok || asType(c.X) == nil {
		return pat
	}
	p.next()
	inner := p.pattern(precConditional, false, false)
	return p.later(start, "", Place{}, inner)
}

func (p *parser) listPattern(whenKeyword bool) Pattern {
	start := p.start()
	subs := p.subpatterns(tOpenBracket, tCloseBracket, func() Node { return p.pattern(precConditional, false, false) })
	p.optionalDesignation(whenKeyword)
	place := p.from(start)
	return p.later(start, featureListPattern, place, subs...)
}

func (p *parser) optionalDesignation(whenKeyword bool) Designation {
	if p.trueIdent() && p.designationFollows(whenKeyword) {
		start := p.start()
		if p.ctx() == cUnderscore {
			p.next()
			return &DiscardDesignation{p.from(start)}
		}
		return &SingleDesignation{Place{p.start(), p.tok().end}, p.ident(1001)}
	}
	return nil
}

// designationFollows says whether the identifier here is declared by a pattern
// rather than `when`, `and` or `or`.
func (p *parser) designationFollows(whenKeyword bool) bool {
	if p.kind() != tIdent {
		return false
	}
	switch p.ctx() {
	case cWhen:
		return !whenKeyword
	case cAnd, cOr:
	default:
		return true
	}
	switch k := p.peek(1).kind; k {
	case tCloseBrace, tCloseBracket, tCloseParen, tComma, tSemicolon, tQuestion, tColon:
		return true
	case tLess, tLessEq, tGreater, tGreaterEq, tIdent, tOpenBrace, tOpenParen, tOpenBracket:
		return false
	default:
		if isBinary(k) {
			return true
		}
		s := p.mark()
		defer p.reset(s)
		p.next()
		return !p.canStartExpr()
	}
}

// casePattern reads what stands behind `case`.
func (p *parser) casePattern() Pattern {
	start := p.start()
	pat := p.pattern(precConditional, false, true)
	if l, ok := pat.(*LaterPattern); ok {
		if l.Text == "_" {
			n := &Name{Place: l.Place, Text: "_", IdentEnd: l.To}
			return &ConstantPattern{p.from(start), n}
		}
	}
	return pat
}

// switchExpr reads `switch { … }` behind x.
func (p *parser) switchExpr(x Expr, start int32) Expr {
	sw := &SwitchExpr{X: x}
	at := p.toks[p.i-1].start
	p.next()
	for p.kind() != tCloseBrace && !p.dead {
		arm := &SwitchArm{}
		begin, before := p.start(), p.i
		arm.Pattern = p.pattern(precCoalescing, false, true)
		if p.ctx() == cWhen {
			p.next()
			arm.When = p.parseSub(precCoalescing)
		}
		p.eat(tArrow)
		arm.Value = p.parseExpr()
		arm.Place = p.from(begin)
		if p.i == before && p.kind() != tComma {
			break
		}
		sw.Arms = append(sw.Arms, arm)
		if p.kind() != tCloseBrace {
			if p.kind() == tSemicolon {
				p.eatAs(tComma)
			} else {
				p.eat(tComma)
			}
		}
	}
	p.eat(tCloseBrace)
	sw.Keyword = Place{at, at + int32(len("switch"))}
	sw.Place = p.from(start)
	return sw
}
