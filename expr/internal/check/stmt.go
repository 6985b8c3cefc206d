package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// predeclareExpr makes the variables known that an expression declares: out
// variables and those of patterns. Lambdas and queries have scopes of their own.
func (b *binder) predeclareExpr(x syntax.Node) {
	if x == nil {
		return
	}
	syntax.Walk(x, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Lambda, *syntax.AnonymousMethod:
			return false
		case *syntax.Query:
			// Only the first source belongs to the scope around.
			b.predeclareExpr(n.From.In)
			return false
		case *syntax.SingleDesignation:
			b.predeclare(n.Name)
		}
		return true
	})
}

func (b *binder) predeclare(id *syntax.Ident) {
	if b.sc.decls == nil {
		b.sc.decls = map[*syntax.Ident]*Local{}
	}
	if b.sc.decls[id] != nil || id.Text == "" {
		return
	}
	l := &Local{Name: id.Text, Decl: id.Span()}
	b.sc.decls[id] = l
	b.declare(l)
}

// predeclareStmt makes what a statement declares in its block known.
func (b *binder) predeclareStmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.LocalDecl:
		for _, v := range s.Vars {
			if v.Name != nil {
				b.predeclare(v.Name)
			}
			if v.Init != nil {
				b.predeclareExpr(v.Init)
			}
		}
	case *syntax.LocalFunc:
		b.predeclareFunc(s)
	case *syntax.ExprStmt:
		b.predeclareExpr(s.X)
	case *syntax.Return:
		if s.X != nil {
			b.predeclareExpr(s.X)
		}
	case *syntax.ThrowStmt:
		if s.X != nil {
			b.predeclareExpr(s.X)
		}
	case *syntax.If:
		b.predeclareExpr(s.Cond)
	case *syntax.Switch:
		b.predeclareExpr(s.X)
	case *syntax.Lock:
		b.predeclareExpr(s.X)
	case *syntax.Yield:
		if s.X != nil {
			b.predeclareExpr(s.X)
		}
	case *syntax.Labeled:
		if s.Label != nil {
			if b.sc.labels == nil {
				b.sc.labels = map[string]*Label{}
			}
			if b.sc.labels[s.Label.Text] != nil {
				b.error(s.Label.Span(), "CS0140", "The label '%s' is a duplicate", s.Label.Text)
			} else {
				b.sc.labels[s.Label.Text] = &Label{stmt: stmt{s.Label.Span()}, Name: s.Label.Text}
			}
		}
		b.predeclareStmt(s.Stmt)
	}
}

// block binds { … } in a scope of its own.
func (b *binder) block(s *syntax.Block) *Block {
	n := b.scoped()
	return n.blockIn(s)
}

func (b *binder) blockIn(s *syntax.Block) *Block {
	for _, st := range s.Stmts {
		b.predeclareStmt(st)
	}
	blk := &Block{stmt: stmt{s.Span()}, End: source.Span{Start: max(s.Span().End-1, 0), End: s.Span().End}}
	for _, st := range s.Stmts {
		blk.Stmts = append(blk.Stmts, b.stmt(st)...)
	}
	blk.Locals = b.sc.locals
	return blk
}

// embedded binds the body of if, while and the like.
func (b *binder) embedded(s syntax.Stmt) Stmt {
	if blk, ok := s.(*syntax.Block); ok {
		return b.block(blk)
	}
	n := b.scoped()
	n.predeclareStmt(s)
	list := n.stmt(s)
	return &Block{stmt: stmt{s.Span()}, Stmts: list, Locals: n.sc.locals, End: s.Span()}
}

// stmt binds one statement; a declaration may become several.
func (b *binder) stmt(s syntax.Stmt) []Stmt {
	b.tick()
	at := stmt{s.Span()}
	one := func(x Stmt) []Stmt { return []Stmt{x} }
	switch s := s.(type) {
	case *syntax.Block:
		return one(b.block(s))
	case *syntax.Empty:
		return one(&Nothing{at})
	case *syntax.LocalDecl:
		return b.localDecl(s)
	case *syntax.LocalFunc:
		return b.localFunc(s)
	case *syntax.ExprStmt:
		return one(b.exprStmt(s.X, at))
	case *syntax.If:
		c := b.condition(s.Cond)
		n := &If{stmt: at, Cond: c, Then: b.embedded(s.Then)}
		if s.Else != nil {
			n.Else = b.embedded(s.Else)
		}
		return one(n)
	case *syntax.While:
		n := b.scoped()
		n.predeclareExpr(s.Cond)
		loop := &Loop{stmt: at, Cond: n.condition(s.Cond), id: n.loopTarget()}
		loop.Body = n.inLoop(loop.id).embedded(s.Body)
		loop.Turn = n.sc.locals
		return one(loop)
	case *syntax.Do:
		n := b.scoped()
		loop := &Loop{stmt: at, First: true, id: n.loopTarget()}
		loop.Body = n.inLoop(loop.id).embedded(s.Body)
		n.predeclareExpr(s.Cond)
		loop.Cond = n.condition(s.Cond)
		loop.Turn = n.sc.locals
		return one(loop)
	case *syntax.For:
		return one(b.forStmt(s))
	case *syntax.Foreach:
		return one(b.foreach(s))
	case *syntax.Switch:
		return one(b.switchStmt(s))
	case *syntax.Break:
		if len(b.loops) == 0 {
			b.error(at.at, "CS0139", "No enclosing loop out of which to break or continue")
			return one(&Nothing{at})
		}
		to := b.loops[len(b.loops)-1]
		b.leaves(to, at.at)
		return one(&Break{at, to})
	case *syntax.Continue:
		for i := len(b.loops) - 1; i >= 0; i-- {
			if b.loops[i].loop {
				b.leaves(b.loops[i], at.at)
				return one(&Continue{at, b.loops[i]})
			}
		}
		b.error(at.at, "CS0139", "No enclosing loop out of which to break or continue")
		return one(&Nothing{at})
	case *syntax.Goto:
		return one(b.gotoStmt(s))
	case *syntax.Labeled:
		var l *Label
		if s.Label != nil {
			l = b.sc.labels[s.Label.Text]
		}
		list := b.stmt(s.Stmt)
		if l == nil || l.at != s.Label.Span() {
			return list
		}
		return append([]Stmt{l}, list...)
	case *syntax.Return:
		return one(b.returnStmt(s))
	case *syntax.ThrowStmt:
		if s.X == nil {
			if b.inCatch == 0 {
				b.error(at.at, "CS0156", "A throw statement with no arguments is not allowed outside of a catch clause")
			} else if b.catchFinally < b.finally {
				b.error(at.at, "CS0724", "A throw statement with no arguments is not allowed in a finally clause that is nested inside the nearest enclosing catch clause")
			}
			return one(&Throw{at, nil})
		}
		return one(&Throw{at, b.exceptionOperand(s.X)})
	case *syntax.Try:
		return one(b.tryStmt(s))
	case *syntax.Using:
		return one(b.using(s))
	case *syntax.Lock:
		x := b.operand(s.X)
		if t := x.Type(); !hasBad(x) && (t == nil || !t.IsReference()) {
			b.error(s.X.Span(), "CS0185", "'%s' is not a reference type as required by the lock statement", show(x))
		}
		return one(&Lock{at, x, b.embedded(s.Body)})
	case *syntax.CheckedStmt:
		n := *b
		n.checked, n.uncheck = !s.Unchecked, s.Unchecked
		return one(n.block(s.Body))
	case *syntax.Unsafe:
		b.error(at.at, "CS0227", "Unsafe code may only appear if compiling with /unsafe")
		b.withDiags(&bag{}).block(s.Body)
		return one(&Nothing{at})
	case *syntax.Fixed:
		b.error(at.at, "CS0214", "Pointers and fixed size buffers may only be used in an unsafe context")
		return one(&Nothing{at})
	case *syntax.Yield:
		return one(b.yield(s))
	}
	return one(&Nothing{at})
}

// leaves reports a jump out of a finally block.
func (b *binder) leaves(t *target, at source.Span) {
	if t.depth < b.finally {
		b.error(at, "CS0157", "Control cannot leave the body of a finally clause")
	}
}

func (b *binder) exprStmt(x syntax.Expr, at stmt) Stmt {
	if a, ok := x.(*syntax.Assign); ok && a.Op == syntax.OpNone {
		if r, ok := a.Y.(*syntax.Ref); ok {
			return b.refAssign(a, r, at)
		}
	}
	v := b.rvalue(x)
	if !isStatementExpr(x) {
		b.error(x.Span(), "CS0201", "Only assignment, call, increment, decrement, await, and new object expressions can be used as a statement")
		return &Nothing{at}
	}
	if !hasBad(v) && v.Type() == nil {
		return &ExprStmt{at, bad(at.at)}
	}
	return &ExprStmt{at, v}
}

func (b *binder) forStmt(s *syntax.For) Stmt {
	n := b.scoped()
	loop := &Loop{stmt: stmt{s.Span()}}
	if s.Decl != nil {
		n.predeclareStmt(s.Decl)
		loop.Init = n.localDecl(s.Decl)
	}
	for _, x := range s.Init {
		n.predeclareExpr(x)
		loop.Init = append(loop.Init, n.exprStmt(x, stmt{x.Span()}))
	}
	loop.id = n.loopTarget()
	inner := n.scoped()
	if s.Cond != nil {
		inner.predeclareExpr(s.Cond)
		loop.Cond = inner.condition(s.Cond)
	}
	for _, x := range s.Post {
		p := n.scoped()
		p.predeclareExpr(x)
		st := p.exprStmt(x, stmt{x.Span()})
		if e, ok := st.(*ExprStmt); ok {
			loop.Post = append(loop.Post, e.X)
		}
		loop.Turn = append(loop.Turn, p.sc.locals...)
	}
	loop.Body = inner.inLoop(loop.id).embedded(s.Body)
	loop.Locals = n.sc.locals
	loop.Turn = append(loop.Turn, inner.sc.locals...)
	return loop
}

func (b *binder) foreach(s *syntax.Foreach) Stmt {
	n := b.scoped()
	n.predeclareExpr(s.In)
	src := n.operand(s.In)
	loop := &Foreach{stmt: stmt{s.Span()}, X: src}
	elem := n.elementType(src)
	body := n.scoped()
	loop.Elem = n.temp(elem)
	switch {
	case s.Target != nil:
		body.predeclareExpr(s.Target)
		goals := body.goals(s.Target)
		for _, l := range body.sc.locals {
			l.readOnly = "foreach iteration variable"
		}
		var x Expr = ref(loop.Elem, s.In.Span())
		if isBad(elem) {
			x = bad(s.In.Span())
		}
		loop.Decon = body.deconstruct(goals, x, s.Target.Span())
	case s.Name != nil:
		body.predeclare(s.Name)
		l := body.sc.find(s.Name)
		if l == nil {
			l = &Local{Name: s.Name.Text, Owner: b.fn}
		}
		t := s.Type
		if r, ok := t.(*syntax.RefType); ok {
			b.error(r.Span(), "CS8172", "Cannot initialize a by-reference variable with a value")
			t = r.Element
		}
		l.Type = n.declaredType(t)
		l.readOnly = "foreach iteration variable"
		l.assigned = true
		loop.Local = l
		if l.Type == nil {
			l.Type = elem
			loop.Value = ref(loop.Elem, s.In.Span())
			if isBad(elem) {
				loop.Value = bad(s.In.Span())
			}
		} else if isBad(elem) || isBad(l.Type) {
			loop.Value = bad(s.In.Span())
		} else {
			keyword := source.Span{Start: s.Span().Start, End: s.Span().Start + len("foreach")}
			loop.Value = n.cast(ref(loop.Elem, keyword), l.Type, keyword)
		}
	default:
		loop.Value = bad(s.In.Span())
	}
	loop.id = body.loopTarget()
	loop.Body = body.inLoop(loop.id).embedded(s.Body)
	loop.Locals = append(n.sc.locals, body.sc.locals...)
	return loop
}

// elementType is the type of the elements that a foreach over x sees.
func (b *binder) elementType(x Expr) *types.Type {
	if typeless(x) {
		return invalid
	}
	t := x.Type()
	at := x.Span()
	if t == types.Null {
		b.error(at, "CS0186", "Use of null is not valid in this context")
		return invalid
	}
	fail := func() *types.Type {
		switch x.(type) {
		case *methodGroup, *lambdaExpr:
			b.error(at, "CS0446", "Foreach cannot operate on a '%s'. Did you intend to invoke the '%s'?", kindName(x), kindName(x))
		default:
			b.error(at, "CS1579", "foreach statement cannot operate on variables of type '%s' because '%s' does not contain a public instance or extension definition for 'GetEnumerator'", show(x), show(x))
		}
		return invalid
	}
	switch {
	case t == nil || t.Kind() == types.Void:
		return fail()
	case t.Kind() == types.Array:
		return t.Elem()
	case t == types.String:
		return types.Char
	}
	f := b.lookup(t, "GetEnumerator", true)
	for _, m := range f.methods {
		if m.Static || len(m.Params) > 0 || len(m.Parameters) > 0 {
			continue
		}
		if cur := b.lookup(m.Result, "Current", false); cur.single != nil {
			return cur.single.Result
		}
		if len(m.Result.Args()) == 1 {
			return m.Result.Args()[0]
		}
		return types.Object
	}
	list := t.Implements(types.IEnumerableT)
	switch {
	case len(list) == 1:
		return list[0].Args()[0]
	case len(list) > 1:
		b.error(at, "CS1640", "foreach statement cannot operate on variables of type '%s' because it implements multiple instantiations of 'IEnumerable<T>'; try casting to a specific interface instantiation", t)
		return invalid
	case types.Same(t, types.IEnumerable) || types.ReferenceConvertible(t, types.IEnumerable) || types.Boxes(t, types.IEnumerable) && !t.IsNullable():
		return types.Object
	}
	return fail()
}

func (b *binder) returnStmt(s *syntax.Return) Stmt {
	at := stmt{s.Span()}
	if b.finally > 0 {
		b.error(at.at, "CS0157", "Control cannot leave the body of a finally clause")
	}
	result := b.fn.Result
	if b.fn.Iterator && s.X != nil {
		b.settle(b.rvalue(s.X), invalid)
		b.error(at.at, "CS1622", "Cannot return a value from an iterator. Use the yield return statement to return a value, or yield break to end the iteration.")
		return &Return{at, bad(at.at)}
	}
	if s.X == nil {
		b.fn.returns = append(b.fn.returns, returned{nil, at.at})
		if result != nil && result.Kind() != types.Void && !isBad(result) && !b.fn.Iterator {
			b.error(at.at, "CS0126", "An object of a type convertible to '%s' is required", result)
			return &Return{at, bad(at.at)}
		}
		return &Return{at, nil}
	}
	if r, ok := s.X.(*syntax.Ref); ok {
		b.expr(r.X)
		b.error(at.at, "CS8149", "By-reference returns may only be used in methods that return by reference")
		return &Return{at, bad(at.at)}
	}
	x := b.rvalue(s.X)
	b.fn.returns = append(b.fn.returns, returned{x, at.at})
	switch {
	case result == nil:
		return &Return{at, x}
	case result.Kind() == types.Void:
		if hasBad(x) {
			return &Return{at, x}
		}
		if b.fn.lambda {
			b.error(at.at, "CS8030", "Anonymous function converted to a void returning delegate cannot return a value")
		} else {
			b.error(at.at, "CS0127", "Since '%s' returns void, a return keyword must not be followed by an object expression", funcName(b.fn))
		}
		return &Return{at, bad(at.at)}
	}
	return &Return{at, b.returnValue(x, result)}
}

func (b *binder) tryStmt(s *syntax.Try) Stmt {
	t := &Try{stmt: stmt{s.Span()}}
	body := *b
	if len(s.Catches) > 0 {
		body.yieldInTry++
	}
	t.Body = body.block(s.Body)
	var caught []*types.Type
	general := false
	for _, c := range s.Catches {
		out := &Catch{At: c.Span()}
		n := b.scoped()
		n.inCatch++
		n.catchFinally = n.finally
		if c.Type != nil {
			ct := n.typ(c.Type)
			if !isBad(ct) {
				if !ct.Inherits(types.ExceptionDef.Type()) {
					b.error(c.Type.Span(), "CS0155", "The type caught or thrown must be derived from System.Exception")
					ct = invalid
				} else {
					for _, prev := range caught {
						if ct.Inherits(prev) {
							b.error(c.Type.Span(), "CS0160", "A previous catch clause already catches all exceptions of this or of a super type ('%s')", prev)
							break
						}
					}
				}
			}
			out.Type = ct
			if c.Filter == nil && !isBad(ct) {
				caught = append(caught, ct)
			}
			if c.Name != nil {
				n.predeclare(c.Name)
				if l := n.sc.find(c.Name); l != nil {
					l.Type = ct
					l.assigned = true
					out.Local = l
				}
			}
		}
		if general {
			b.error(source.Span{Start: c.Span().Start, End: c.Span().Start + len("catch")}, "CS1017", "Catch clauses cannot follow the general catch clause of a try statement")
		}
		general = general || c.Type == nil && c.Filter == nil
		if c.Filter != nil {
			n.predeclareExpr(c.Filter)
			out.Filter = n.condition(c.Filter)
		}
		out.Body = n.block(c.Body)
		out.Locals = n.sc.locals
		t.Catches = append(t.Catches, out)
	}
	if s.Finally != nil {
		n := *b
		n.finally++
		t.Finally = n.block(s.Finally)
	}
	return t
}

func (b *binder) using(s *syntax.Using) Stmt {
	n := b.scoped()
	u := &Using{stmt: stmt{s.Span()}}
	disposable := func(x Expr, t *types.Type, at source.Span) {
		if t == nil || isBad(t) || t == types.Null {
			if t == nil && !hasBad(x) {
				b.error(at, "CS1674", "'%s': type used in a using statement must implement 'System.IDisposable'.", show(x))
			}
			return
		}
		if !types.Same(t, types.IDisposable) && !types.ReferenceConvertible(t, types.IDisposable) && !types.Boxes(t, types.IDisposable) {
			b.error(at, "CS1674", "'%s': type used in a using statement must implement 'System.IDisposable'.", t)
		}
	}
	if s.Decl != nil {
		n.predeclareStmt(s.Decl)
		for _, v := range s.Decl.Vars {
			if v.Init == nil {
				if b.isVar(s.Decl.Type) {
					b.error(v.Name.Span(), "CS0818", "Implicitly-typed variables must be initialized")
				}
				b.error(v.Name.Span(), "CS0210", "You must provide an initializer in a fixed or using statement declaration")
				if l := n.sc.find(v.Name); l != nil {
					l.Type = invalid
				}
			}
		}
		quiet := n.withDiags(&bag{})
		list := quiet.localDecl(s.Decl)
		for _, p := range quiet.diags.list {
			if p.Code != "CS0818" {
				b.diags.list = append(b.diags.list, p)
			}
		}
		b.diags.uses = append(b.diags.uses, quiet.diags.uses...)
		for _, st := range list {
			if d, ok := st.(*Declare); ok {
				d.Local.readOnly = "using variable"
				u.Decls = append(u.Decls, d)
			}
		}
		if len(u.Decls) > 0 && !isBad(u.Decls[0].Local.Type) {
			disposable(nil, u.Decls[0].Local.Type, s.Decl.Span())
		}
	} else {
		n.predeclareExpr(s.X)
		u.X = n.operand(s.X)
		disposable(u.X, u.X.Type(), s.X.Span())
		u.Temp = b.temp(typeOr(u.X))
	}
	u.Body = n.embedded(s.Body)
	return &Block{stmt: u.stmt, Stmts: []Stmt{u}, Locals: n.sc.locals, End: u.at}
}
