package syntax

// precedence is how tightly an operator binds, loosest first.
type precedence uint8

const (
	precExpr precedence = iota
	precConditional
	precCoalescing
	precConditionalOr
	precConditionalAnd
	precLogicalOr
	precLogicalXor
	precLogicalAnd
	precEquality
	precRelational
	precShift
	precAdditive
	precMultiplicative
	precSwitch
	precRange
	precUnary
	precCast
	precIndirection
	precAddress
	precPrimary
)

const (
	precAssignment = precExpr
	precLambda     = precExpr
)

type binaryOperator struct {
	op   Op
	prec precedence
}

// binaryOperators is the one table of binary operators. `is` and `as` have no
// Op: they make nodes of their own.
var binaryOperators = [kindCount]binaryOperator{
	tQuestionQuestion: {OpCoalesce, precCoalescing},
	tBarBar:           {OpOrElse, precConditionalOr},
	tAmpAmp:           {OpAndAlso, precConditionalAnd},
	tBar:              {OpOr, precLogicalOr},
	tCaret:            {OpXor, precLogicalXor},
	tAmp:              {OpAnd, precLogicalAnd},
	tEqEq:             {OpEqual, precEquality},
	tBangEq:           {OpNotEqual, precEquality},
	tLess:             {OpLess, precRelational},
	tLessEq:           {OpLessEqual, precRelational},
	tGreater:          {OpGreater, precRelational},
	tGreaterEq:        {OpGreaterEqual, precRelational},
	kwIs:              {OpNone, precRelational},
	kwAs:              {OpNone, precRelational},
	tLessLess:         {OpShl, precShift},
	tGreaterGreater:   {OpShr, precShift},

	tGreaterGreaterGreater: {OpUnsignedShr, precShift},

	tPlus:    {OpAdd, precAdditive},
	tMinus:   {OpSub, precAdditive},
	tStar:    {OpMul, precMultiplicative},
	tSlash:   {OpDiv, precMultiplicative},
	tPercent: {OpRem, precMultiplicative},
}

var assignOperators = [kindCount]struct {
	op Op
	ok bool
}{
	tEq:                 {OpNone, true},
	tPlusEq:             {OpAdd, true},
	tMinusEq:            {OpSub, true},
	tStarEq:             {OpMul, true},
	tSlashEq:            {OpDiv, true},
	tPercentEq:          {OpRem, true},
	tAmpEq:              {OpAnd, true},
	tBarEq:              {OpOr, true},
	tCaretEq:            {OpXor, true},
	tLessLessEq:         {OpShl, true},
	tGreaterGreaterEq:   {OpShr, true},
	tQuestionQuestionEq: {OpCoalesce, true},

	tGreaterGreaterGreaterEq: {OpUnsignedShr, true},
}

var prefixOperators = [kindCount]Op{
	tPlus: OpPlus, tMinus: OpMinus, tBang: OpNot, tTilde: OpComplement, tPlusPlus: OpPreIncrement,
	tMinusMinus: OpPreDecrement, tAmp: OpAddressOf, tStar: OpDereference, tCaret: OpFromEnd,
}

func isBinary(k kind) bool { return binaryOperators[k].prec != 0 }

// possibleExpr says whether the current token can stand in an expression.
func (p *parser) possibleExpr() bool { return p.possible(true, true) }

// canStartExpr says whether the current token can start an expression.
func (p *parser) canStartExpr() bool { return p.possible(false, false) }

func (p *parser) possible(operators, attributes bool) bool {
	k := p.kind()
	switch k {
	case kwTypeof, kwDefault, kwSizeof, kwMakeref, kwReftype, kwChecked, kwUnchecked, kwRefvalue, kwArglist, kwBase,
		kwFalse, kwThis, kwTrue, kwNull, tOpenParen, tNumber, tString, tInterp, tChar, kwNew, tColonColon, kwThrow,
		kwStackalloc, kwRef, tOpenBracket:
		return true
	case kwDelegate:
		return true
	case tDot:
		return p.atDotDot()
	case kwStatic:
		return p.anonymousMethodFollows() || p.lambdaFollows(precExpr)
	case tIdent:
		return p.trueIdent() || p.ctx() == cFrom
	}
	return predefined(k) || prefixOperators[k] != OpNone || operators && (isBinary(k) || assignOperators[k].ok)
}

// startsStatement says whether a token starts a statement and so cannot start
// an expression.
func startsStatement(k kind) bool {
	switch k {
	case kwBreak, kwCase, kwCatch, kwConst, kwContinue, kwDo, kwFinally, kwFor, kwForeach, kwGoto, kwIf, kwElse,
		kwLock, kwReturn, kwSwitch, kwTry, kwUsing, kwWhile:
		return true
	}
	return false
}

func (p *parser) bad(start int32) Expr { return &BadExpr{Place{start, start}} }

func (p *parser) parseExpr() Expr { return p.parseSub(precExpr) }

// parseSub reads an operand of an operator of the given precedence.
func (p *parser) parseSub(prec precedence) Expr {
	start := p.start()
	if !p.enter() {
		p.leave()
		return p.bad(start)
	}
	defer p.leave()
	if k := p.kind(); startsStatement(k) {
		p.errorMissing(1525, kindText[k])
		return p.bad(start)
	}
	return p.continued(p.unary(prec), start, prec)
}

func (p *parser) unary(prec precedence) Expr {
	start := p.start()
	k := p.kind()
	if op := prefixOperators[k]; op != OpNone {
		p.next()
		operand := precUnary
		switch op {
		case OpAddressOf:
			operand = precAddress
		case OpDereference:
			operand = precIndirection
		}
		x := p.parseSub(operand)
		return &Unary{p.from(start), op, start, x}
	}
	switch {
	case p.atDotDot():
		p.eatDotDot()
		var y Expr
		if p.canStartExpr() {
			y = p.parseSub(precRange)
		}
		return &Range{p.from(start), nil, y}
	case p.ctx() == cAwait && p.awaitFollows():
		p.next()
		x := p.parseSub(precUnary)
		return &Await{p.from(start), x}
	case p.ctx() == cFrom && p.queryFollows(false):
		return p.query()
	case p.ctx() == cFrom && p.inQuery:
		t := p.next()
		p.errorToken(1525, t, p.tokenText(p.tok()))
		return p.bad(start)
	case k == kwThrow:
		p.next()
		x := p.parseSub(precCoalescing)
		if prec > precCoalescing {
			p.errorAt(1525, start, p.prevEnd(), "throw")
		}
		return &Throw{p.from(start), x}
	case p.deconstructionFollows(prec):
		return p.declExpr(modeNormal)
	}
	return p.postfix(p.primary(prec), start)
}

// operator is the operator at the current token: its kind with neighbouring
// `>` merged, and its precedence. ok is false when there is none.
func (p *parser) operator() (k kind, prec precedence, ok bool) {
	k = p.kind()
	if p.atDotDot() {
		return tDotDot, precRange, true
	}
	if k == tGreater {
		second := p.peek(1)
		if adjacent(p.tok(), second) {
			switch second.kind {
			case tGreaterEq:
				k = tGreaterGreaterEq
			case tGreater:
				k = tGreaterGreater
				if third := p.peek(2); adjacent(second, third) {
					switch third.kind {
					case tGreater:
						k = tGreaterGreaterGreater
					case tGreaterEq:
						k = tGreaterGreaterGreaterEq
					}
				}
			}
		}
	}
	if prec = binaryOperators[k].prec; prec != 0 {
		return k, prec, true
	}
	if assignOperators[k].ok {
		return k, precAssignment, true
	}
	if (k == kwSwitch || p.ctx() == cWith) && p.peek(1).kind == tOpenBrace {
		return k, precSwitch, true
	}
	return k, 0, false
}

func adjacent(a, b *token) bool { return a.end == b.start && !b.virtual }

// eatOperator passes an operator with all its tokens.
func (p *parser) eatOperator(k kind) {
	switch k {
	case tDotDot:
		p.eatDotDot()
		return
	case tGreaterGreaterGreater, tGreaterGreaterGreaterEq:
		p.next()
		p.next()
	case tGreaterGreater, tGreaterGreaterEq:
		p.next()
	}
	p.next()
}

func (p *parser) atDotDot() bool {
	return p.kind() == tDot && p.peek(1).kind == tDot && adjacent(p.tok(), p.peek(1))
}

func (p *parser) eatDotDot() {
	start := p.next().start
	second := p.next()
	if p.kind() == tDot && second.end == p.start() {
		p.errorAt(8635, start, start, "")
		if p.peek(1).kind != tDot || !adjacent(p.tok(), p.peek(1)) {
			p.next()
		}
	}
}

// continued extends an operand by the operators behind it as long as they bind
// at least as tightly as asked.
func (p *parser) continued(x Expr, start int32, prec precedence) Expr {
	for {
		k, opPrec, ok := p.operator()
		if !ok || opPrec < prec || opPrec == prec && !rightAssociative(k) || p.dead {
			break
		}
		at := p.start()
		opEnd := p.tok().end
		p.eatOperator(k)
		if _, pattern := x.(*IsPattern); pattern && opPrec > precRelational {
			p.errorAt(1073, at, opEnd, kindText[k])
		}
		x = p.binary(x, start, at, k, opPrec)
	}
	if p.kind() == tQuestion && prec <= precConditional && !p.dead {
		return p.conditional(x, start)
	}
	return x
}

func rightAssociative(k kind) bool { return k == tQuestionQuestion || assignOperators[k].ok }

// binary reads what follows an operator that has been passed.
func (p *parser) binary(x Expr, start, at int32, k kind, prec precedence) Expr {
	switch k {
	case kwAs:
		t := p.parseType(modeAs)
		return &As{p.from(start), x, t}
	case kwIs:
		return p.isExpr(x, start)
	case kwSwitch:
		return p.switchExpr(x, start)
	case tIdent:
		open := p.start()
		p.next()
		items := p.initializerItems(func() Expr { return p.parseExpr() }, (*parser).possibleExpr, true, false)
		p.eat(tCloseBrace)
		return &With{p.from(start), x, Place{at, at + int32(len("with"))}, &Initializer{p.from(open), WithInit, items}}
	case tDotDot:
		var y Expr
		if p.canStartExpr() {
			y = p.parseSub(precRange)
		}
		return &Range{p.from(start), x, y}
	}
	if assignOperators[k].ok {
		return p.assignment(x, start, at, k)
	}
	y := p.parseSub(prec)
	return &Binary{p.from(start), binaryOperators[k].op, at, x, y}
}

func (p *parser) assignment(x Expr, start, at int32, k kind) Expr {
	var y Expr
	if refStart := p.start(); k == tEq && p.kind() == kwRef && !p.lambdaFollows(precAssignment) {
		p.next()
		v := p.parseExpr()
		y = &Ref{p.from(refStart), v}
	} else {
		y = p.parseSub(precAssignment)
	}
	return &Assign{p.from(start), assignOperators[k].op, at, x, y}
}

// conditional reads `? a : b`. A `?[` inside a is ambiguous with a collection;
// when no colon comes, a is read again with the older meaning.
func (p *parser) conditional(cond Expr, start int32) Expr {
	p.next()
	s := p.mark()
	then := p.possibleRef()
	if p.kind() != tColon && !p.forceAccess && p.hasBracketConditional(s.i) {
		after := p.mark()
		errs := append([]problem(nil), p.errs[s.errs:]...)
		p.reset(s)
		p.forceAccess = true
		again := p.possibleRef()
		p.forceAccess = false
		if p.kind() == tColon {
			then = again
		} else if !p.dead {
			p.reset(s)
			p.i, p.term, p.inQuery, p.inAsync = after.i, after.term, after.inQuery, after.inAsync
			p.errs = append(p.errs, errs...)
		}
	}
	if p.hole && p.kind() == tEOF && p.holeFormat {
		p.errorAt(8361, start, p.prevEnd(), "")
		return &Conditional{p.from(start), cond, then, p.bad(p.start())}
	}
	p.eat(tColon)
	otherwise := p.possibleRef()
	return &Conditional{p.from(start), cond, then, otherwise}
}

// hasBracketConditional says whether a `?[` stands between a token and here.
func (p *parser) hasBracketConditional(from int) bool {
	for i := from; i+1 < p.i; i++ {
		if p.toks[i].kind == tQuestion && p.toks[i+1].kind == tOpenBracket {
			return true
		}
	}
	return false
}

// possibleRef reads an expression that may be `ref x`.
func (p *parser) possibleRef() Expr {
	start := p.start()
	if p.kind() == kwRef && !p.lambdaFollows(precExpr) {
		p.next()
		x := p.parseExpr()
		return &Ref{p.from(start), x}
	}
	return p.parseExpr()
}

// awaitFollows says whether the `await` here is the operator.
func (p *parser) awaitFollows() bool {
	if p.inAsync {
		return true
	}
	t := p.peek(1)
	switch t.kind {
	case tIdent:
		return t.ctx != cWith
	case kwNew, kwThis, kwBase, kwDelegate, kwTypeof, kwChecked, kwUnchecked, kwDefault, kwTrue, kwFalse, kwNull,
		tString, tInterp, tNumber, tChar:
		return true
	}
	return false
}

// primary reads an expression without operators, and without what follows a
// primary expression.
func (p *parser) primary(prec precedence) Expr {
	start := p.start()
	k := p.kind()
	switch k {
	case kwTypeof:
		p.next()
		p.eat(tOpenParen)
		t := p.typeOrVoid()
		p.eat(tCloseParen)
		return &TypeOf{p.from(start), t}
	case kwDefault:
		p.next()
		if !p.try(tOpenParen) {
			return &Default{p.from(start), nil}
		}
		t := p.parseType(modeNormal)
		p.eat(tCloseParen)
		return &Default{p.from(start), t}
	case kwSizeof:
		p.next()
		p.eat(tOpenParen)
		t := p.parseType(modeNormal)
		p.eat(tCloseParen)
		return &SizeOf{p.from(start), t}
	case kwChecked, kwUnchecked:
		p.next()
		p.eat(tOpenParen)
		x := p.parenthesized()
		p.eat(tCloseParen)
		return &Checked{p.from(start), k == kwUnchecked, x}
	case kwMakeref, kwReftype, kwRefvalue:
		p.next()
		p.eat(tOpenParen)
		x := &KeywordExpr{Keyword: kindText[k]}
		if k == kwRefvalue {
			x.Args = []Expr{p.parseExpr()}
			p.eat(tComma)
			x.Type = p.parseType(modeNormal)
		} else {
			x.Args = []Expr{p.parenthesized()}
		}
		p.eat(tCloseParen)
		x.Place = p.from(start)
		return x
	case kwArglist:
		p.next()
		return &KeywordExpr{Place: p.from(start), Keyword: kindText[k]}
	case tColonColon:
		return p.exprName()
	case tArrow:
		return p.lambda()
	case kwStatic:
		switch {
		case p.anonymousMethodFollows():
			return p.anonymousMethod()
		case p.lambdaFollows(prec):
			return p.lambda()
		}
		p.errorMissing(1525, "static")
		return p.bad(start)
	case tIdent:
		return p.identifierExpr(prec)
	case tOpenBracket:
		if p.lambdaFollows(prec) {
			return p.lambda()
		}
		return p.collection()
	case kwThis:
		p.next()
		return &This{p.from(start)}
	case kwBase:
		p.next()
		return &Base{p.from(start)}
	case kwFalse, kwTrue, kwNull, tNumber, tString, tChar:
		return p.literal()
	case tInterp:
		return p.interpolated()
	case tOpenParen:
		if p.lambdaFollows(prec) {
			if l := p.tryLambda(); l != nil {
				return l
			}
		}
		return p.castParenTuple()
	case kwNew:
		return p.newExpr()
	case kwStackalloc:
		return p.stackalloc()
	case kwDelegate:
		return p.anonymousMethod()
	case kwRef:
		if p.lambdaFollows(prec) {
			return p.lambda()
		}
		p.next()
		x := p.parseExpr()
		p.errorAt(1525, start, p.prevEnd(), "ref")
		return &Ref{p.from(start), x}
	}
	switch {
	case predefined(k):
		if p.lambdaFollows(prec) {
			return p.lambda()
		}
		t := p.next()
		if p.kind() != tDot || k == kwVoid {
			p.errorToken(1525, t, kindText[k])
		}
		return &PredefinedType{p.from(start), kindText[k]}
	case k == tEOF:
		p.errorMissing(1733, "")
	case isBinary(k) || assignOperators[k].ok:
		p.errorAt(1525, start, p.tok().end, kindText[k])
	default:
		p.errorMissing(1525, kindText[k])
	}
	return p.bad(start)
}

func (p *parser) identifierExpr(prec precedence) Expr {
	if !p.trueIdent() {
		start := p.start()
		p.errorMissing(1525, p.tokenText(p.tok()))
		return p.bad(start)
	}
	if p.ctx() == cAsync && p.anonymousMethodFollows() {
		return p.anonymousMethod()
	}
	if p.lambdaFollows(prec) {
		if l := p.tryLambda(); l != nil {
			return l
		}
	}
	if p.deconstructionFollows(prec) {
		return p.declExpr(modeNormal)
	}
	return p.exprName()
}

// exprName reads a name, or `alias::name`, as an expression.
func (p *parser) exprName() Expr {
	start := p.start()
	var left Type
	if p.kind() == tColonColon {
		p.errorMissing(1001, "")
		left = &Name{Place: Place{start, start}, IdentEnd: start}
	} else {
		left = p.simpleName(nameInExpr)
	}
	if p.kind() == tColonColon {
		left = p.nameRight(left, start, nameInExpr)
	}
	return left.(Expr)
}

func (p *parser) literal() Expr {
	t := p.next()
	l := &Literal{Place: Place{t.start, t.end}, Text: p.text[t.start:t.end]}
	switch t.kind {
	case kwNull:
		l.Kind = NullLiteral
	case kwTrue:
		l.Kind = TrueLiteral
	case kwFalse:
		l.Kind = FalseLiteral
	case tChar:
		l.Kind = CharLiteral
		if !t.bad {
			l.Bits = charValue(l.Text)
		}
	case tString:
		l.Kind = StringLiteral
		var u8 bool
		if l.Value, u8 = stringValue(l.Text); u8 {
			l.Kind = Utf8Literal
		}
	case tNumber:
		if isReal(l.Text) {
			l.Value, l.Kind = real(l.Text)
		} else {
			l.Bits, l.Kind, _ = integer(l.Text)
		}
	}
	return l
}

func isReal(text string) bool {
	if len(text) > 1 && text[0] == '0' && (text[1]|0x20 == 'x' || text[1]|0x20 == 'b') {
		return false
	}
	for i := 0; i < len(text); i++ {
		switch text[i] | 0x20 {
		case '.' | 0x20, 'e', 'f', 'd', 'm':
			return true
		}
	}
	return false
}
