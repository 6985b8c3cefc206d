package syntax

// typeMode is where a type stands, as far as it decides what belongs to it.
type typeMode uint8

const (
	modeNormal typeMode = iota
	modeParameter
	modeAfterIs
	modePattern
	modeAfterOut
	modeAfterRef
	modeAfterTupleComma
	modeAs
	modeNew
	modeFirstInTuple
)

// nameMode is where a name stands, as far as it decides about a `<` behind it.
type nameMode uint8

const (
	nameInExpr nameMode = 1 << iota
	nameAfterIs
	nameInPattern
	nameAfterOut
	nameAfterTupleComma
	nameFirstInTuple
)

// scanned is what a look ahead says about a possible type.
type scanned uint8

const (
	notType scanned = iota
	mustBeType
	genericOrMethod
	genericOrExpr
	plainOrExpr
	aliasName
	nullableType
	pointerOrProduct
	tupleType
)

// scanType moves over a type, if there is one, and says how sure that is.
func (p *parser) scanType(mode typeMode) scanned {
	r, _ := p.scanTypeLast(mode)
	return r
}

// scanTypeLast also tells the kind of the type's last token.
func (p *parser) scanTypeLast(mode typeMode) (result scanned, last kind) {
	if !p.enter() {
		p.leave()
		return notType, tEOF
	}
	defer p.leave()
	if p.try(kwRef) {
		p.try(kwReadonly)
	}
	switch k := p.kind(); {
	case k == tIdent || k == tColonColon:
		alias := k == tColonColon
		result = plainOrExpr
		if !alias {
			alias = p.peek(1).kind == tColonColon
			if result, last = p.scanNamePart(); result == notType {
				return notType, tEOF
			}
		}
		for first := true; p.kind() == tDot || p.kind() == tColonColon; first = false {
			if !first {
				alias = false
			}
			p.next()
			if result, last = p.scanNamePart(); result == notType {
				return notType, tEOF
			}
		}
		if alias {
			result = aliasName
		}
	case predefined(k):
		last = p.next().kind
		result = mustBeType
	case k == tOpenParen:
		p.next()
		if result, last = p.scanTupleType(); result == notType || mode == modePattern && p.kind() != tOpenBracket {
			return notType, tEOF
		}
	default:
		return notType, tEOF
	}
	for {
		switch p.kind() {
		case tQuestion:
			if last == tQuestion || last == tStar {
				return result, last
			}
			last = p.next().kind
			result = nullableType
		case tStar:
			switch mode {
			case modeFirstInTuple, modeAfterTupleComma:
				if !p.pointerThenRank() {
					return result, last
				}
			case modePattern:
				return result, last
			}
			last = p.next().kind
			switch result {
			case genericOrExpr, plainOrExpr:
				result = pointerOrProduct
			case genericOrMethod:
				result = mustBeType
			}
		case tOpenBracket:
			p.next()
			for p.kind() == tComma {
				p.next()
			}
			if p.kind() != tCloseBracket {
				return notType, tEOF
			}
			last = p.next().kind
			result = mustBeType
		default:
			return result, last
		}
	}
}

func (p *parser) scanNamePart() (scanned, kind) {
	if !p.trueIdent() {
		return notType, tEOF
	}
	p.next()
	if p.kind() == tLess {
		r, _ := p.scanTypeArgs()
		return r, tGreater
	}
	return plainOrExpr, tIdent
}

// scanTupleType moves over a tuple type whose parenthesis has been passed.
func (p *parser) scanTupleType() (scanned, kind) {
	if p.scanType(modeNormal) == notType {
		return notType, tEOF
	}
	if p.trueIdent() {
		p.next()
	}
	if p.kind() != tComma {
		return notType, tEOF
	}
	for p.try(tComma) {
		if p.scanType(modeNormal) == notType {
			p.next()
			return notType, tEOF
		}
		if p.trueIdent() {
			p.next()
		}
	}
	if p.try(tCloseParen) {
		return tupleType, tCloseParen
	}
	return notType, tEOF
}

func (p *parser) openName() bool {
	n := 1
	for p.peek(n).kind == tComma {
		n++
	}
	return p.peek(n).kind == tGreater
}

// scanTypeArgs moves over what may be type arguments, from the `<`.
func (p *parser) scanTypeArgs() (result scanned, definite bool) {
	if p.openName() {
		p.next()
		for p.try(tComma) {
		}
		p.next()
		return genericOrMethod, true
	}
	result = genericOrExpr
	last := notType
	for {
		p.next()
		switch p.kind() {
		case tOpenBracket:
			return notType, false
		case tGreater:
			p.next()
			return result, definite
		case tComma:
			last = notType
			continue
		}
		last = p.scanType(modeNormal)
		after := p.kind()
		switch last {
		case notType:
			return notType, false
		case mustBeType:
			definite = definite || after == tComma || after == tGreater
			result = genericOrMethod
		case nullableType:
			definite = definite || after == tComma || after == tGreater
			if definite {
				result = genericOrMethod
			}
		case genericOrExpr:
			if !definite {
				definite = after == tComma
				result = genericOrMethod
			}
		case genericOrMethod:
			result = genericOrMethod
		}
		if p.kind() != tComma {
			break
		}
	}
	if p.kind() != tGreater {
		// A missing `>`: taken as type arguments where nothing else makes sense.
		if p.kind() == tIdent || last == tupleType && p.kind() == tOpenParen {
			return result, definite
		}
		return notType, false
	}
	p.next()
	definite = definite || p.kind() == tCloseParen
	if definite {
		result = genericOrMethod
	}
	return result, definite
}

// typeArgsFollow decides whether the `<` here opens type arguments.
func (p *parser) typeArgsFollow(mode nameMode) bool {
	if mode&nameInExpr == 0 {
		return true
	}
	s := p.mark()
	defer p.reset(s)
	r, definite := p.scanTypeArgs()
	if r == notType {
		return false
	}
	if definite {
		return true
	}
	switch p.kind() {
	case tOpenParen, tCloseParen, tCloseBracket, tCloseBrace, tColon, tSemicolon, tComma, tDot, tQuestion, tEqEq, tBangEq,
		tBar, tCaret, tAmpAmp, tBarBar, tAmp, tOpenBracket, tLess, tLessEq, tGreaterEq, kwIs, kwAs, tOpenBrace, tEOF, tArrow:
		return true
	case tGreater:
		return mode&nameAfterIs != 0 && p.peek(1).kind != tGreater
	case tIdent:
		after := p.peek(1).kind
		return mode&(nameAfterIs|nameInPattern|nameAfterOut) != 0 ||
			mode&nameAfterTupleComma != 0 && (after == tComma || after == tCloseParen) ||
			mode&nameFirstInTuple != 0 && after == tComma
	}
	return false
}

// simpleName reads an identifier with its type arguments.
func (p *parser) simpleName(mode nameMode) *Name {
	id := p.ident(1001)
	n := &Name{Place: id.Place, Text: id.Text, Verbatim: id.Verbatim, IdentEnd: id.To}
	if id.Text == "" {
		return n
	}
	if p.kind() == tLess && p.typeArgsFollow(mode) {
		n.TypeArgs = p.typeArgs()
		n.Place = p.from(n.From)
	}
	return n
}

func (p *parser) typeArgs() (args []Type) {
	open := p.openName()
	p.next()
	if open {
		args = append(args, &OmittedType{Place{p.start(), p.start()}})
		for p.try(tComma) {
			args = append(args, &OmittedType{Place{p.start(), p.start()}})
		}
		p.eat(tGreater)
		return args
	}
	args = append(args, p.typeArg())
	for p.kind() != tGreater && !p.dead {
		if breaksTypeArgs(p.tok()) || p.kind() == tIdent && (breaksTypeArgs(p.peek(1)) || p.peek(1).kind == tCloseBracket) {
			break
		}
		if p.kind() == tComma || p.possibleType() {
			p.eat(tComma)
			args = append(args, p.typeArg())
			continue
		}
		if !p.skipBad(tComma,
			func(p *parser) bool { return p.kind() == tComma || p.possibleType() },
			func(p *parser) bool { return p.kind() == tGreater }) {
			break
		}
	}
	p.eat(tGreater)
	return args
}

func breaksTypeArgs(t *token) bool {
	if t.ctx == cOr || t.ctx == cAnd {
		return true
	}
	switch t.kind {
	case tOpenParen, tLess, tCloseParen, tSemicolon, tOpenBrace, tCloseBrace, tEq, tArrow, kwThis, kwOperator:
		return true
	}
	return false
}

func (p *parser) possibleType() bool { return predefined(p.kind()) || p.trueIdent() }

func (p *parser) typeArg() Type {
	if p.kind() == tOpenBracket && p.peek(1).kind != tCloseBracket {
		p.attributes()
		p.errorMissing(1031, "")
	}
	if p.kind() == kwIn || p.kind() == kwOut {
		p.errorToken(1960, p.next(), "")
	}
	t := p.parseType(modeNormal)
	if _, bad := t.(*BadType); bad && p.kind() != tComma && p.kind() != tGreater {
		if k := p.peek(1).kind; k == tComma || k == tGreater {
			p.next()
		}
	}
	return t
}

// qualifiedName reads a.b<c>.d or x::y as a type.
func (p *parser) qualifiedName(mode nameMode) Type {
	start := p.start()
	var left Type
	if p.kind() == tColonColon {
		p.errorMissing(1001, "")
		left = &Name{Place: Place{start, start}, IdentEnd: start}
	} else {
		left = p.simpleName(mode)
	}
	for p.kind() == tDot || p.kind() == tColonColon {
		if p.kind() == tDot && p.peek(1).kind == kwThis {
			break
		}
		left = p.nameRight(left, start, mode)
		if p.dead {
			break
		}
	}
	return left
}

// nameRight reads the `.name` or `::name` behind left.
func (p *parser) nameRight(left Type, start int32, mode nameMode) Type {
	sep := p.next()
	right := p.simpleName(mode)
	if sep.kind == tColonColon {
		if n, ok := left.(*Name); ok && n.TypeArgs == nil {
			return &AliasName{p.from(start), &Ident{n.Place, n.Text, n.Verbatim}, right}
		}
		p.errorToken(7000, sep, "")
	}
	return &Member{p.from(start), left.(Expr), right, false}
}

func (p *parser) parseType(mode typeMode) Type {
	if p.kind() != kwRef {
		return p.parseTypeCore(mode)
	}
	start := p.next().start
	readonly := p.try(kwReadonly)
	t := p.parseTypeCore(modeAfterRef)
	return &RefType{p.from(start), readonly, t}
}

func (p *parser) parseTypeCore(mode typeMode) Type {
	start := p.start()
	if !p.enter() {
		p.leave()
		return &BadType{Place{start, start}}
	}
	defer p.leave()
	t := p.underlyingType(mode)
	for {
		switch p.kind() {
		case tQuestion:
			if !p.nullableFollows(t, mode) {
				return t
			}
			p.next()
			t = &NullableType{p.from(start), t}
		case tStar:
			switch mode {
			case modeAfterIs, modePattern, modeAfterTupleComma, modeFirstInTuple:
				if !p.pointerThenRank() {
					return t
				}
			}
			for p.try(tStar) {
				t = &PointerType{p.from(start), t}
			}
		case tOpenBracket:
			var ranks []Rank
			for p.kind() == tOpenBracket && !p.dead {
				r, _ := p.rank()
				ranks = append(ranks, r)
			}
			t = &ArrayType{p.from(start), t, ranks}
		default:
			return t
		}
		if p.dead {
			return t
		}
	}
}

func (p *parser) pointerThenRank() bool {
	n := 0
	for p.peek(n).kind == tStar {
		n++
	}
	return p.peek(n).kind == tOpenBracket
}

// nullableFollows decides whether the `?` here belongs to the type.
func (p *parser) nullableFollows(t Type, mode typeMode) bool {
	switch t.(type) {
	case *NullableType, *PointerType:
		return false
	}
	s := p.mark()
	defer p.reset(s)
	p.next()
	if mode == modeAfterIs && p.kind() == tOpenBracket {
		switch p.peek(1).kind {
		case tComma:
			return true
		case tCloseBracket:
			p.possibleRef()
			return p.kind() != tColon
		}
		return false
	}
	switch mode {
	case modeAfterIs, modePattern, modeAs:
		if p.trueIdentToken(p.tok()) {
			if c := p.ctx(); c == cAsync || c == cAwait || c == cFrom {
				return false
			}
			after := p.peek(1)
			if after.ctx == cWith {
				return false
			}
			switch after.kind {
			case tNumber, tString, tChar, tInterp, kwTrue, kwFalse, kwNull,
				tCloseParen, tCloseBracket, tCloseBrace, tOpenBrace, tComma, tSemicolon, tEOF:
				return true
			}
			return predefined(after.kind)
		}
		return p.kind() == tOpenBracket || !p.canStartExpr()
	case modeNew:
		return p.kind() == tOpenParen || p.kind() == tOpenBracket || p.kind() == tOpenBrace
	}
	return true
}

func (p *parser) underlyingType(mode typeMode) Type {
	start := p.start()
	if predefined(p.kind()) {
		t := p.next()
		if t.kind == kwVoid && p.kind() != tStar {
			code := 1547
			if mode == modeParameter {
				code = 1536
			}
			p.errorToken(code, t, "")
		}
		return &PredefinedType{Place{t.start, t.end}, kindText[t.kind]}
	}
	if p.trueIdent() || p.kind() == tColonColon {
		var names nameMode
		switch mode {
		case modeAfterIs:
			names = nameInExpr | nameAfterIs
		case modePattern:
			names = nameInExpr | nameInPattern
		case modeAfterOut:
			names = nameInExpr | nameAfterOut
		case modeAfterTupleComma:
			names = nameInExpr | nameAfterTupleComma
		case modeFirstInTuple:
			names = nameInExpr | nameFirstInTuple
		}
		return p.qualifiedName(names)
	}
	if p.kind() == tOpenParen {
		return p.parseTupleType()
	}
	code := 1031
	if mode == modeNew {
		code = 1526
	}
	p.errorMissing(code, "")
	return &BadType{Place{start, start}}
}

// typeOrVoid reads the type of a typeof or the result of a function.
func (p *parser) typeOrVoid() Type {
	if p.kind() == kwVoid && p.peek(1).kind != tStar {
		t := p.next()
		return &PredefinedType{Place{t.start, t.end}, "void"}
	}
	return p.parseType(modeNormal)
}

func (p *parser) parseTupleType() Type {
	start := p.next().start
	var items []*TupleTypeItem
	item := func() {
		at := p.start()
		it := &TupleTypeItem{Type: p.parseType(modeNormal)}
		if p.trueIdent() {
			it.Name = p.ident(1001)
		}
		it.Place = p.from(at)
		items = append(items, it)
	}
	if p.kind() != tCloseParen {
		item()
		for p.try(tComma) && !p.dead {
			item()
		}
	}
	if len(items) < 2 {
		p.errorMissing(8124, "")
	}
	p.eat(tCloseParen)
	return &TupleType{p.from(start), items}
}

// rank reads one `[…]` behind a type.
func (p *parser) rank() (r Rank, sized bool) {
	start := p.next().start
	var sizes []Expr
	omitted, comma := false, true
	for last := -1; p.i > last && p.kind() != tCloseBracket; {
		last = p.i
		switch {
		case p.kind() == tComma:
			omitted = true
			sizes = append(sizes, nil)
			p.next()
			comma = true
		case p.possibleExpr():
			sizes = append(sizes, p.parseExpr())
			sized = true
			comma = p.kind() != tCloseBracket
			if comma {
				p.eat(tComma)
			}
		default:
			if !p.skipBad(tComma,
				func(p *parser) bool { return p.kind() == tComma || p.possibleExpr() },
				func(p *parser) bool { return p.kind() == tCloseBracket }) {
				last = p.i
			}
		}
	}
	if comma {
		omitted = true
		sizes = append(sizes, nil)
	}
	if omitted && sized {
		for _, s := range sizes {
			if s == nil {
				p.errorMissing(443, "")
			}
		}
	}
	p.eat(tCloseBracket)
	r = Rank{Place: p.from(start), Dims: len(sizes)}
	if sized {
		r.Sizes = sizes
	}
	return r, sized
}
