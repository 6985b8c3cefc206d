package syntax

func (p *parser) newExpr() Expr {
	start := p.start()
	switch p.peek(1).kind {
	case tOpenBrace:
		return p.anonymousObject()
	case tOpenBracket:
		return p.implicitArray()
	}
	p.next()
	n := &New{}
	typeErrors := len(p.errs)
	if !p.implicitNewFollows() {
		n.Type = p.parseType(modeNew)
		if a, ok := n.Type.(*ArrayType); ok {
			arr := &NewArray{Type: a}
			if p.kind() == tOpenBrace {
				arr.Init = p.arrayInitializer()
			}
			arr.Place = p.from(start)
			return arr
		}
	}
	badType := n.Type == nil || len(p.errs) > typeErrors
	if p.kind() == tOpenParen {
		n.Args = p.arguments(tOpenParen, tCloseParen)
	}
	if p.kind() == tOpenBrace {
		n.Init = p.objectInitializer()
	}
	if !n.Args.Present() && n.Init == nil && !badType {
		p.errorMissing(1526, "")
	}
	n.Place = p.from(start)
	return n
}

// implicitNewFollows says whether `new(…)` leaves the type out. A tuple type
// cannot be created, but is read as one where it must be meant.
func (p *parser) implicitNewFollows() bool {
	if p.kind() != tOpenParen {
		return false
	}
	s := p.mark()
	defer p.reset(s)
	p.next()
	if r, _ := p.scanTupleType(); r != notType {
		switch p.kind() {
		case tQuestion, tOpenBracket, tOpenParen:
			return false
		}
	}
	return true
}

func (p *parser) anonymousObject() Expr {
	start := p.next().start
	p.next()
	n := &NewAnonymous{}
	p.parseList(anonymousMembers(), func() {
		m := &AnonymousMember{}
		at := p.start()
		if p.namedAssignment() {
			m.Name = p.ident(1001)
			p.next()
		}
		m.Value = p.parseExpr()
		m.Place = p.from(at)
		n.Members = append(n.Members, m)
	})
	p.eat(tCloseBrace)
	n.Place = p.from(start)
	return n
}

func anonymousMembers() *list {
	return &list{closing: tCloseBrace, possible: (*parser).possibleExpr, trailing: true}
}

func (p *parser) namedAssignment() bool { return p.trueIdent() && p.peek(1).kind == tEq }

func (p *parser) implicitArray() Expr {
	start := p.next().start
	p.next()
	a := &NewImplicitArray{Rank: 1}
	for last := -1; p.i > last; {
		last = p.i
		if p.possibleExpr() {
			s, at := len(p.errs), p.start()
			p.parseExpr()
			if !p.dead {
				p.errs = p.errs[:s]
			}
			p.errorAt(178, at, p.prevEnd(), "")
		}
		if !p.try(tComma) {
			break
		}
		a.Rank++
	}
	p.eat(tCloseBracket)
	a.Init = p.arrayInitializer()
	a.Place = p.from(start)
	return a
}

func (p *parser) stackalloc() Expr {
	start := p.next().start
	s := &StackAlloc{}
	if p.try(tOpenBracket) {
		for last := -1; p.i > last; {
			last = p.i
			if p.possibleExpr() {
				at := p.start()
				p.parseExpr()
				p.errorAt(1575, at, p.prevEnd(), "")
			}
			if p.kind() != tComma {
				break
			}
			p.errorToken(1575, p.next(), "")
		}
		p.eat(tCloseBracket)
		s.Init = p.arrayInitializer()
	} else {
		s.Type = p.parseType(modeNormal)
		if p.kind() == tOpenBrace {
			s.Init = p.arrayInitializer()
		}
	}
	s.Place = p.from(start)
	return s
}

// initializerItems reads the items of a brace list whose brace has been passed.
func (p *parser) initializerItems(item func() Expr, possible func(*parser) bool, trailing, semicolons bool) (items []Expr) {
	l := list{closing: tCloseBrace, possible: possible, trailing: trailing, semicolons: semicolons}
	p.parseList(&l, func() { items = append(items, item()) })
	return items
}

func (p *parser) arrayInitializer() *Initializer {
	start := p.start()
	if !p.enter() {
		p.leave()
		return &Initializer{Place: Place{start, start}, Kind: ArrayInit}
	}
	defer p.leave()
	p.eat(tOpenBrace)
	items := p.initializerItems(p.variableInitializer, (*parser).possibleVariableInitializer, true, false)
	p.eat(tCloseBrace)
	return &Initializer{p.from(start), ArrayInit, items}
}

func (p *parser) possibleVariableInitializer() bool {
	return p.kind() == tOpenBrace || p.possibleExpr()
}

func (p *parser) variableInitializer() Expr {
	if p.kind() == tOpenBrace {
		return p.arrayInitializer()
	}
	return p.parseExpr()
}

func (p *parser) objectInitializer() *Initializer {
	start := p.start()
	if !p.enter() {
		p.leave()
		return &Initializer{Place: Place{start, start}}
	}
	defer p.leave()
	p.next()
	items := p.initializerItems(p.initializerMember, (*parser).possibleInitializerMember, true, true)
	p.eat(tCloseBrace)
	n := &Initializer{p.from(start), CollectionInit, items}
	if len(items) == 0 {
		n.Kind = ObjectInit
	}
	for _, x := range items {
		if a, ok := x.(*Assign); ok && a.Op == OpNone {
			switch left := a.X.(type) {
			case *InitIndex:
				n.Kind = ObjectInit
			case *Name:
				if left.TypeArgs == nil {
					n.Kind = ObjectInit
				}
			}
		}
	}
	return n
}

func (p *parser) possibleInitializerMember() bool {
	return p.kind() == tOpenBrace || p.kind() == tOpenBracket || p.possibleExpr()
}

func (p *parser) initializerMember() Expr {
	start := p.start()
	switch after := p.peek(1).kind; {
	case p.kind() == tOpenBrace:
		p.next()
		items := p.initializerItems(p.parseExpr, (*parser).possibleExpr, false, false)
		p.eat(tCloseBrace)
		return &Initializer{p.from(start), ElementInit, items}
	case p.kind() == tOpenBracket:
		args := p.arguments(tOpenBracket, tCloseBracket)
		index := &InitIndex{p.from(start), args}
		at, _ := p.eat(tEq)
		y := p.memberValue()
		return &Assign{p.from(start), OpNone, at.start, index, y}
	case p.trueIdent() && (after == tEq || after == tColon):
		id := p.ident(1001)
		at := p.start()
		p.eatAs(tEq)
		y := p.memberValue()
		return &Assign{p.from(start), OpNone, at, &Name{Place: id.Place, Text: id.Text, Verbatim: id.Verbatim, IdentEnd: id.To}, y}
	}
	return p.possibleRef()
}

func (p *parser) memberValue() Expr {
	if p.kind() == tOpenBrace {
		return p.objectInitializer()
	}
	return p.possibleRef()
}

func collectionElements() *list {
	return &list{closing: tCloseBracket, possible: (*parser).possibleExpr, trailing: true}
}

// collection reads `[a, ..b]`.
func (p *parser) collection() Expr {
	start := p.next().start
	c := &CollectionExpr{}
	p.parseList(collectionElements(), func() {
		at := p.start()
		if p.atDotDot() {
			p.eatDotDot()
			x := p.parseExpr()
			c.Items = append(c.Items, &Spread{p.from(at), x})
			return
		}
		c.Items = append(c.Items, p.parseExpr())
	})
	p.eat(tCloseBracket)
	c.Place = p.from(start)
	return c
}
