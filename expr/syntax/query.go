package syntax

// queryFollows says whether the `from` here starts a query. In a place where a
// declaration is possible, `from x;` and its like are one.
func (p *parser) queryFollows(declarationPossible bool) bool {
	k := p.peek(1).kind
	if predefined(k) {
		return true
	}
	if k == tIdent {
		after := p.peek(2).kind
		return after == kwIn || !declarationPossible || after != tSemicolon && after != tComma && after != tEq
	}
	s := p.mark()
	defer p.reset(s)
	p.next()
	return p.scanType(modeNormal) != notType && (p.kind() == tIdent || p.kind() == kwIn)
}

func (p *parser) query() Expr {
	start := p.start()
	saved := p.inQuery
	p.inQuery = true
	from := p.fromClause()
	body := p.queryBody()
	p.inQuery = saved
	return &Query{p.from(start), from, body}
}

func (p *parser) queryBody() *QueryBody {
	b := &QueryBody{}
	start := p.start()
	if !p.enter() {
		p.leave()
		return b
	}
	defer p.leave()
	for more := true; more && !p.dead; {
		switch p.ctx() {
		case cFrom:
			b.Clauses = append(b.Clauses, p.fromClause())
		case cJoin:
			b.Clauses = append(b.Clauses, p.joinClause())
		case cLet:
			b.Clauses = append(b.Clauses, p.letClause())
		case cWhere:
			at := p.next().start
			x := p.parseExpr()
			b.Clauses = append(b.Clauses, &WhereClause{p.from(at), x})
		case cOrderby:
			b.Clauses = append(b.Clauses, p.orderByClause())
		default:
			more = false
		}
	}
	at := p.start()
	switch p.ctx() {
	case cSelect:
		p.next()
		x := p.parseExpr()
		b.Select = &SelectClause{p.from(at), x}
	case cGroup:
		p.next()
		x := p.parseExpr()
		p.eatContext(cBy, 745)
		by := p.parseExpr()
		b.Group = &GroupClause{p.from(at), x, by}
	default:
		e := p.missingPlace()
		e.code, e.missingToken = 742, true
		p.report(e)
	}
	if at := p.start(); p.ctx() == cInto && !p.dead {
		p.next()
		into := &QueryInto{Name: p.ident(1001)}
		into.Body = p.queryBody()
		into.Place = p.from(at)
		b.Into = into
	}
	b.Place = p.from(start)
	return b
}

func (p *parser) fromClause() *FromClause {
	start := p.next().start
	f := &FromClause{}
	if p.peek(1).kind != kwIn {
		f.Type = p.parseType(modeNormal)
	}
	if p.peek(1).kind == kwIn && (p.kind() != tIdent || queryKeyword(p.ctx())) {
		t := p.next()
		code, arg := 1001, ""
		if reserved(t.kind) {
			code, arg = 1041, p.text[t.start:t.end]
		}
		p.errorToken(code, t, arg)
		f.Name = &Ident{Place: Place{t.start, t.end}}
	} else {
		f.Name = p.ident(1001)
	}
	p.eat(kwIn)
	f.In = p.parseExpr()
	f.Place = p.from(start)
	return f
}

func (p *parser) letClause() *LetClause {
	start := p.next().start
	l := &LetClause{}
	if reserved(p.kind()) && p.peek(1).kind == tEq {
		l.Name = &Ident{Place: Place{p.start(), p.start()}}
		p.eatAs(tIdent)
	} else {
		l.Name = p.ident(1001)
	}
	p.eat(tEq)
	l.X = p.parseExpr()
	l.Place = p.from(start)
	return l
}

func (p *parser) joinClause() *JoinClause {
	start := p.next().start
	j := &JoinClause{}
	if p.peek(1).kind != kwIn {
		j.Type = p.parseType(modeNormal)
	}
	j.Name = p.ident(1001)
	p.eat(kwIn)
	j.In = p.parseExpr()
	p.eatContext(cOn, 743)
	j.Left = p.parseExpr()
	p.eatContext(cEquals, 744)
	j.Right = p.parseExpr()
	if p.ctx() == cInto {
		p.next()
		j.Into = p.ident(1001)
	}
	j.Place = p.from(start)
	return j
}

func (p *parser) orderByClause() *OrderByClause {
	start := p.next().start
	o := &OrderByClause{}
	for {
		k := &Ordering{}
		at := p.start()
		k.X = p.parseExpr()
		switch p.ctx() {
		case cAscending:
			k.Explicit = true
			p.next()
		case cDescending:
			k.Explicit, k.Descending = true, true
			p.next()
		}
		k.Place = p.from(at)
		o.Keys = append(o.Keys, k)
		if !p.try(tComma) || p.dead {
			break
		}
	}
	o.Place = p.from(start)
	return o
}
