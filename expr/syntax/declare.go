package syntax

// declarationPossible decides whether a statement is a declaration rather than
// an expression.
func (p *parser) declarationPossible() bool {
	k, after := p.kind(), p.peek(1).kind
	switch {
	case k == kwRef, declarationModifier(k), k == kwUsing, p.ctx() == cAwait && after == kwUsing:
		return true
	case predefined(k) && after != tDot && after != tOpenParen:
		return true
	case functionModifier(k):
		return true
	case p.ctx() == cAsync && p.asyncModifiesDeclaration():
		return true
	}
	return p.typedIdentifierFollows()
}

func declarationModifier(k kind) bool {
	switch k {
	case kwConst, kwStatic, kwReadonly, kwVolatile:
		return true
	}
	return false
}

func functionModifier(k kind) bool {
	switch k {
	case kwStatic, kwUnsafe, kwExtern, kwPublic, kwInternal, kwProtected, kwPrivate:
		return true
	}
	return false
}

func accessModifier(k kind) bool {
	switch k {
	case kwPublic, kwInternal, kwProtected, kwPrivate:
		return true
	}
	return false
}

// asyncModifiesDeclaration says whether `async` here is followed by a type and
// a name.
func (p *parser) asyncModifiesDeclaration() bool {
	s := p.mark()
	defer p.reset(s)
	p.next()
	if declarationModifier(p.kind()) || functionModifier(p.kind()) {
		return true
	}
	return p.scanType(modeNormal) != notType && p.kind() == tIdent
}

// typedIdentifierFollows says whether a type and a name stand here.
func (p *parser) typedIdentifierFollows() bool {
	after := p.peek(1)
	if p.trueIdent() {
		switch after.kind {
		case tDot, tStar, tQuestion, tOpenBracket, tLess, tColonColon:
		case tOpenParen:
			if p.ctx() != cVar {
				return false
			}
		case tIdent:
			return p.trueIdentToken(after)
		default:
			return false
		}
		if p.ctx() == cNone && after.kind == tDot && p.peek(2).nl && p.peek(2).kind == tIdent && p.peek(3).kind == tIdent {
			// `X.` cut short, and a statement on the next line.
			switch p.peek(4).kind {
			case tSemicolon, tEq, tComma, tOpenParen, tLess:
			default:
				return false
			}
		}
	}
	s := p.mark()
	defer p.reset(s)
	switch r := p.scanType(modeNormal); {
	case r == mustBeType && p.kind() != tDot && p.kind() != tOpenParen:
		return true
	case r == notType:
		return false
	case p.kind() != tIdent:
		return r == genericOrExpr && (definiteStatement(p.kind()) || accessModifier(p.kind()) || typeKeyword(p.kind()))
	}
	return true
}

func typeKeyword(k kind) bool {
	switch k {
	case kwClass, kwStruct, kwInterface, kwEnum, kwDelegate:
		return true
	}
	return false
}

// localDeclaration reads locals or a local function; nil when a modifier like
// `public` shows that this is no statement at all.
func (p *parser) localDeclaration(attributed bool) Stmt {
	start := p.start()
	d := &LocalDecl{}
	if p.ctx() == cAwait && p.peek(1).kind == kwUsing {
		p.next()
		d.Await = true
	}
	d.Using = p.try(kwUsing)
	d.Modifiers = p.declarationModifiers(d.Using)
	for _, m := range d.Modifiers {
		d.Const = d.Const || m.Keyword == "const"
	}
	f := p.declareVariables(d, !d.Using, false, false)
	if f != nil {
		f.Place = p.from(start)
		return f
	}
	if !d.Using {
		if !attributed && len(d.Modifiers) > 0 && accessModifierText(d.Modifiers[0].Keyword) {
			return nil
		}
		for _, m := range d.Modifiers {
			switch m.Keyword {
			case "const", "readonly", "volatile":
			default:
				p.errorAt(106, m.From, m.To, m.Keyword)
			}
		}
	}
	p.eat(tSemicolon)
	d.Place = p.from(start)
	return d
}

func accessModifierText(s string) bool {
	return s == "public" || s == "internal" || s == "protected" || s == "private"
}

func (p *parser) declarationModifiers(using bool) (mods []Modifier) {
	for {
		k := p.kind()
		if !declarationModifier(k) && !functionModifier(k) && !(p.ctx() == cAsync && p.asyncModifiesDeclaration()) {
			return mods
		}
		t := p.next()
		m := Modifier{Place{t.start, t.end}, p.text[t.start:t.end]}
		if using {
			p.errorToken(9229, t, "")
		} else if k == kwReadonly || k == kwVolatile {
			p.errorToken(106, t, m.Keyword)
		}
		mods = append(mods, m)
	}
}

// parenthesizedDeclaration reads the declaration in a for, using or fixed.
func (p *parser) parenthesizedDeclaration(inFor bool) *LocalDecl {
	start := p.start()
	d := &LocalDecl{}
	p.declareVariables(d, false, true, inFor)
	d.Place = p.from(start)
	return d
}

// declareVariables reads a type and its declarators. Where functions are
// allowed it may find one instead.
func (p *parser) declareVariables(d *LocalDecl, functions, stopAtParen, inFor bool) *LocalFunc {
	if functions {
		d.Type = p.returnType()
	} else {
		d.Type = p.parseType(modeNormal)
	}
	saved := p.term
	p.term |= endDeclaration
	f := p.declarators(d, functions, stopAtParen, inFor)
	p.term = saved
	if t, ok := d.Type.(*PredefinedType); ok && functions && f == nil && t.Keyword == "void" {
		p.errorAt(1547, t.From, t.To, "")
	}
	return f
}

func (p *parser) declarators(d *LocalDecl, functions, stopAtParen, inFor bool) *LocalFunc {
	v, f := p.declarator(d, true, functions)
	if f != nil {
		return f
	}
	d.Vars = append(d.Vars, v)
	for p.kind() != tSemicolon && !p.dead {
		if stopAtParen && p.kind() == tCloseParen {
			break
		}
		if p.kind() == tComma {
			if inFor && p.peek(1).kind != tSemicolon && !p.forDeclaratorFollows() {
				break
			}
			p.next()
			v, _ := p.declarator(d, false, false)
			d.Vars = append(d.Vars, v)
			continue
		}
		if !p.skipBad(tComma, func(p *parser) bool { return p.kind() == tComma }, atSemicolon) {
			break
		}
	}
	return nil
}

// forDeclaratorFollows tells the next variable of a for from a condition that
// was wrongly set off by a comma.
func (p *parser) forDeclaratorFollows() bool {
	if !p.trueIdentToken(p.peek(1)) {
		return false
	}
	switch p.peek(2).kind {
	case tComma, tEq, tSemicolon:
		return true
	}
	return false
}

func (p *parser) declarator(d *LocalDecl, first, functions bool) (*Declarator, *LocalFunc) {
	start := p.start()
	v := &Declarator{}
	if p.kind() == tIdent && p.tok().nl && !isBadType(d.Type) && p.nextStatementFollows() {
		p.errorMissing(1001, "")
		at := p.prevEnd()
		v.Place = Place{at, at}
		v.Name = &Ident{Place: v.Place}
		return v, nil
	}
	nameErrors := len(p.errs)
	v.Name = p.ident(1001)
	if !first && p.trueIdent() {
		p.errorAt(1044, v.Name.From, v.Name.To, "")
	}
	badName := len(p.errs) > nameErrors
	saved := p.term
	switch p.kind() {
	case tEq:
		p.variableValue(d, v)
	case tOpenParen, tLess:
		if functions && first {
			if f := p.localFunction(d, v.Name); f != nil {
				return nil, f
			}
		}
		if p.kind() == tLess {
			p.noValue(d, v, badName)
			break
		}
		p.term |= endVariable
		at := p.start()
		p.arguments(tOpenBracket, tCloseBracket)
		p.term = saved
		p.errorAt(1528, at, p.prevEnd(), "")
	case tOpenBracket:
		p.term |= endVariable
		at := p.start()
		r, _ := p.rank()
		p.term = saved
		p.errorAt(650, at, p.prevEnd(), "")
		for _, s := range r.Sizes {
			if s != nil {
				p.errorAt(270, int32(s.Span().Start), int32(s.Span().End), "")
			}
		}
		if p.kind() == tEq {
			p.variableValue(d, v)
		}
	default:
		p.noValue(d, v, badName)
	}
	v.Place = p.from(start)
	return v, nil
}

func isBadType(t Type) bool {
	_, bad := t.(*BadType)
	return bad
}

// nextStatementFollows says whether the name on this new line belongs to the
// next statement rather than to a declaration: `C` and then `A.B();`.
func (p *parser) nextStatementFollows() bool {
	s := p.mark()
	defer p.reset(s)
	p.next()
	k := p.kind()
	if k != tDot && k != tOpenParen && k != tPointer && !isBinary(k) {
		return false
	}
	if k != tOpenParen && k != tLess {
		return true
	}
	p.typeParameters()
	p.parameters()
	return !(p.kind() == tOpenBrace || p.kind() == tArrow || p.ctx() == cWhere)
}

func (p *parser) variableValue(d *LocalDecl, v *Declarator) {
	p.eat(tEq)
	at := p.start()
	ref := !d.Const && p.kind() == kwRef && !p.lambdaFollows(precExpr)
	if ref {
		p.next()
	}
	v.Init = p.variableInitializer()
	if ref {
		v.Init = &Ref{p.from(at), v.Init}
	}
}

// noValue sees whether only the `=` is missing before a value.
func (p *parser) noValue(d *LocalDecl, v *Declarator, badName bool) {
	if !badName && p.valueFollows() {
		p.eat(tEq)
		v.Init = p.variableInitializer()
		return
	}
	if d.Const {
		p.errorAt(145, v.Name.From, v.Name.To, "")
	}
}

func (p *parser) valueFollows() bool {
	if p.kind() == tIdent {
		switch p.peek(1).kind {
		case tIdent, tComma, tEq, tSemicolon, tCloseParen, tEOF:
			return false
		}
	}
	if !p.canStartExpr() {
		return false
	}
	s := p.mark()
	defer p.reset(s)
	from := p.i
	x := p.parseExpr()
	switch x.(type) {
	case *Name, *AliasName, *PredefinedType:
		return false
	}
	if len(p.errs) > s.errs || p.dead {
		return false
	}
	for i := from; i < p.i; i++ {
		if p.toks[i].bad {
			return false
		}
	}
	return true
}

// localFunction reads a function whose type and name have been read; nil when
// it turns out to be `await f(x)`.
func (p *parser) localFunction(d *LocalDecl, name *Ident) *LocalFunc {
	s := p.mark()
	force := true
	if n, ok := d.Type.(*Name); ok && n.TypeArgs == nil {
		force = n.Text != "await" || n.Verbatim
	}
	f := &LocalFunc{Modifiers: d.Modifiers, Result: d.Type, Name: name}
	async := p.inAsync
	p.inAsync = false
	for _, m := range d.Modifiers {
		switch m.Keyword {
		case "async":
			p.inAsync = true
			force = true
		case "unsafe":
			force = true
		case "readonly", "volatile", "static", "extern":
		default:
			p.errorAt(106, m.From, m.To, m.Keyword)
		}
	}
	f.TypeParams = p.typeParameters()
	before := len(p.errs)
	f.Params, _ = p.parameters()
	force = force || len(f.Params) > 0 && len(p.errs) == before
	for p.ctx() == cWhere && !p.dead {
		force = true
		f.Constraints = append(f.Constraints, p.constraint())
	}
	p.functionBody(f)
	p.inAsync = async
	if !force && f.Body == nil && f.Expr == nil {
		p.reset(s)
		return nil
	}
	return f
}

// functionBody reads `{ … }`, `=> x;` or `;`.
func (p *parser) functionBody(f *LocalFunc) {
	if p.try(tSemicolon) {
		return
	}
	if p.kind() == tOpenBrace {
		f.Body = p.block()
	}
	if p.kind() == tArrow {
		p.next()
		f.Expr = p.possibleRef()
	}
	if f.Expr != nil || f.Body == nil {
		p.eat(tSemicolon)
	}
}

func typeParameterList() *list {
	return &list{closing: tGreater, needOne: true, possible: func(p *parser) bool {
		switch p.kind() {
		case tOpenBracket, kwIn, kwOut:
			return true
		}
		return !p.constraintWhere() && p.trueIdent()
	}}
}

func (p *parser) typeParameters() (params []*Ident) {
	if p.kind() != tLess {
		return nil
	}
	saved := p.term
	p.term |= endTypeParameters
	p.next()
	p.parseList(typeParameterList(), func() {
		if at := p.start(); p.kind() == tOpenBracket {
			p.attributes()
			p.report(featureProblem(featureFunctionAttributes, int(at), int(p.prevEnd())))
		}
		if !p.try(kwIn) {
			p.try(kwOut)
		}
		params = append(params, p.ident(1001))
	})
	p.term = saved
	p.eat(tGreater)
	return params
}

func (p *parser) constraint() *Constraint {
	start := p.next().start
	c := &Constraint{Name: p.ident(1001)}
	p.eat(tColon)
	if p.kind() == tOpenBrace || p.constraintWhere() {
		p.errorMissing(1031, "")
	} else {
		p.bound(c)
		for !p.dead {
			if p.kind() == tOpenBrace || p.kind() == tArrow || p.ctx() == cWhere || p.kind() == tSemicolon {
				break
			}
			if p.kind() != tComma && !p.possibleBound() {
				if !p.skipBad(tComma,
					func(p *parser) bool { return p.kind() == tComma || p.possibleBound() },
					func(p *parser) bool { return p.kind() == tOpenBrace || p.constraintWhere() }) {
					break
				}
				continue
			}
			p.eat(tComma)
			if p.constraintWhere() {
				p.errorMissing(1031, "")
				break
			}
			p.bound(c)
		}
	}
	c.Place = p.from(start)
	return c
}

func (p *parser) possibleBound() bool {
	switch p.kind() {
	case kwNew, kwClass, kwStruct, kwDefault:
		return true
	}
	return p.possibleType()
}

func (p *parser) bound(c *Constraint) {
	switch k := p.kind(); k {
	case kwClass, kwStruct, kwDefault:
		p.next()
		c.add(kindText[k])
	case kwNew:
		p.next()
		p.eat(tOpenParen)
		p.eat(tCloseParen)
		c.add("new()")
	default:
		t := p.parseType(modeNormal)
		if n, ok := t.(*Name); ok && n.TypeArgs == nil && (n.Text == "unmanaged" || n.Text == "notnull") {
			c.add(n.Text)
			return
		}
		c.Bounds = append(c.Bounds, t)
	}
}

// add keeps `new()` last, where it belongs.
func (c *Constraint) add(kind string) {
	if n := len(c.Kinds); n > 0 && c.Kinds[n-1] == "new()" && kind != "new()" {
		c.Kinds = append(c.Kinds[:n-1], kind, "new()")
		return
	}
	c.Kinds = append(c.Kinds, kind)
}
