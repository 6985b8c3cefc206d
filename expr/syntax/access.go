package syntax

// postfix reads what follows a primary expression.
func (p *parser) postfix(x Expr, start int32) Expr {
	for !p.dead {
		switch p.kind() {
		case tOpenParen:
			args := p.arguments(tOpenParen, tCloseParen)
			x = &Call{p.from(start), x, args}
		case tOpenBracket:
			args := p.arguments(tOpenBracket, tCloseBracket)
			x = &Index{p.from(start), x, args}
		case tPlusPlus:
			at := p.next().start
			x = &Unary{p.from(start), OpPostIncrement, at, x}
		case tMinusMinus:
			at := p.next().start
			x = &Unary{p.from(start), OpPostDecrement, at, x}
		case tColonColon:
			if p.peek(1).kind != tIdent {
				p.eatWrong(tDot)
				continue
			}
			p.errorToken(7000, p.next(), "")
			n := p.simpleName(nameInExpr)
			x = &Member{p.from(start), x, n, false}
		case tPointer:
			p.next()
			n := p.simpleName(nameInExpr)
			x = &Member{p.from(start), x, n, true}
		case tDot:
			if p.atDotDot() {
				return x
			}
			after := p.peek(1)
			if after.nl && after.kind == tIdent && p.peek(2).kind == tIdent && p.peek(2).ctx == cNone {
				// A member access cut short before a declaration on the next line.
				p.next()
				p.errorMissing(1001, "")
				at := p.prevEnd()
				return &Member{p.from(start), x, &Name{Place: Place{at, at}, IdentEnd: at}, false}
			}
			p.next()
			n := p.simpleName(nameInExpr)
			x = &Member{p.from(start), x, n, false}
		case tQuestion:
			access := p.conditionalAccess(x, start)
			if access == nil {
				return x
			}
			x = access
		case tBang:
			at := p.next().start
			x = &Unary{p.from(start), OpSuppress, at, x}
		default:
			return x
		}
	}
	return x
}

// conditionalAccess reads `?.…` or `?[…]` behind x; nil when the `?` here is
// that of a conditional expression.
func (p *parser) conditionalAccess(x Expr, start int32) Expr {
	at := p.start()
	bindingStart := p.peek(1).start
	var binding Expr
	switch after := p.peek(1); {
	case after.kind == tDot && !(p.peek(2).kind == tDot && adjacent(after, p.peek(2))):
		p.next()
		p.next()
		n := p.simpleName(nameInExpr)
		binding = &MemberBinding{p.from(bindingStart), n}
	case after.kind == tOpenBracket && p.elementAccessFollows():
		p.next()
		args := p.arguments(tOpenBracket, tCloseBracket)
		binding = &ElementBinding{p.from(bindingStart), args}
	default:
		return nil
	}
	if !p.enter() {
		p.leave()
		return x
	}
	defer p.leave()
	access := p.whenNotNull(binding, bindingStart)
	return &ConditionalAccess{p.from(start), x, at, access}
}

// elementAccessFollows decides whether `?[` is an access and not a conditional
// expression with a collection: it is unless a colon follows.
func (p *parser) elementAccessFollows() bool {
	if p.forceAccess {
		return true
	}
	if known, ok := p.accesses[p.i]; ok {
		return known
	}
	at := p.i
	s := p.mark()
	p.next()
	p.possibleRef()
	access := p.kind() != tColon
	p.reset(s)
	if p.accesses == nil {
		p.accesses = map[int]bool{}
	}
	p.accesses[at] = access
	return access
}

// whenNotNull reads all that is skipped when the target is null.
func (p *parser) whenNotNull(x Expr, start int32) Expr {
	for !p.dead {
		before, s := x, p.mark()
		for p.kind() == tBang {
			at := p.next().start
			x = &Unary{p.from(start), OpSuppress, at, x}
		}
		switch {
		case p.kind() == tOpenParen:
			args := p.arguments(tOpenParen, tCloseParen)
			x = &Call{p.from(start), x, args}
			continue
		case p.kind() == tOpenBracket:
			args := p.arguments(tOpenBracket, tCloseBracket)
			x = &Index{p.from(start), x, args}
			continue
		case p.kind() == tDot:
			p.next()
			n := p.simpleName(nameInExpr)
			x = &Member{p.from(start), x, n, false}
			continue
		case p.kind() == tQuestion:
			if access := p.conditionalAccess(x, start); access != nil {
				return access
			}
		}
		if k, _, ok := p.operator(); ok && assignOperators[k].ok {
			at := p.start()
			p.eatOperator(k)
			return p.assignment(x, start, at, k)
		}
		p.reset(s)
		return before
	}
	return x
}

func atSemicolon(p *parser) bool { return p.kind() == tSemicolon }

func endsArguments(p *parser) bool {
	return p.kind() == tCloseParen || p.kind() == tCloseBracket || p.kind() == tSemicolon
}

func (p *parser) possibleArgument() bool {
	switch p.kind() {
	case kwRef, kwOut, kwIn:
		return true
	}
	return p.possibleExpr()
}

// arguments reads an argument list. A bracket of the other kind is taken for
// the right one.
func (p *parser) arguments(open, closing kind) (args ArgumentList) {
	start := p.start()
	if p.kind() == tOpenParen || p.kind() == tOpenBracket {
		p.eatAs(open)
	} else {
		p.eat(open)
	}
	saved := p.term
	p.term |= endArguments
	indexer := open == tOpenBracket
	if p.kind() != closing && p.kind() != tSemicolon {
		l := list{closing: closing, possible: (*parser).possibleArgument, abort: atSemicolon, giveUp: endsArguments}
		p.parseList(&l, func() { args.Items = append(args.Items, p.argument(indexer)) })
	} else if indexer && p.kind() == closing {
		args.Items = append(args.Items, p.argument(true))
	}
	p.term = saved
	if p.kind() == tCloseParen || p.kind() == tCloseBracket {
		p.eatAs(closing)
	} else {
		p.eat(closing)
	}
	args.Place = p.from(start)
	return args
}

func (p *parser) argument(indexer bool) *Argument {
	start := p.start()
	a := &Argument{}
	if p.kind() == tIdent && p.peek(1).kind == tColon {
		a.Name = p.ident(1001)
		p.eat(tColon)
	}
	switch p.kind() {
	case kwRef:
		if !p.lambdaFollows(precExpr) {
			a.Mode = ByRef
			p.next()
		}
	case kwOut:
		a.Mode = ByOut
		p.next()
	case kwIn:
		a.Mode = ByIn
		p.next()
	}
	switch {
	case indexer && (p.kind() == tComma || p.kind() == tCloseBracket):
		p.errorMissing(443, "")
		a.Value = p.bad(p.start())
	case p.kind() == tComma:
		p.errorMissing(839, "")
		a.Value = p.bad(p.start())
	case a.Mode == ByOut:
		a.Value = p.exprOrDeclaration(modeNormal, false)
	default:
		a.Value = p.parseExpr()
	}
	a.Place = p.from(start)
	return a
}
