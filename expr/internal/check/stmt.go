package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// switchInfo is a switch being bound, for goto case.
type switchInfo struct {
	of      *types.Type
	id      *target
	node    *Switch
	pending []*Goto
	wants   []Expr // the constants of goto case, nil for goto default
	ats     []source.Span
}

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

func (b *binder) yield(s *syntax.Yield) Stmt {
	at := stmt{s.Span()}
	var elem *types.Type
	switch {
	case b.fn.lambda:
		b.error(at.at, "CS1621", "The yield statement cannot be used inside an anonymous method or lambda expression")
	case b.finally > 0:
		b.error(at.at, "CS1625", "Cannot yield in the body of a finally clause")
	case b.inCatch > 0 && s.X != nil:
		b.error(at.at, "CS1631", "Cannot yield a value in the body of a catch clause")
	case b.yieldInTry > 0 && s.X != nil:
		b.error(at.at, "CS1626", "Cannot yield a value in the body of a try block with a catch clause")
	case b.fn.Result != nil:
		elem = iteratorElem(b.fn.Result)
	}
	if s.X == nil {
		return &Yield{at, nil}
	}
	x := b.rvalue(s.X)
	if elem == nil {
		b.settle(x, invalid)
		return &Yield{at, bad(at.at)}
	}
	return &Yield{at, b.convert(x, elem, "")}
}

// Elem is the type of the elements of an iterator.
func (f *Function) Elem() *types.Type { return iteratorElem(f.Result) }

func (b *binder) loopTarget() *target { return &target{loop: true, depth: b.finally} }

func (b *binder) inLoop(t *target) *binder {
	n := *b
	n.loops = append(n.loops[:len(n.loops):len(n.loops)], t)
	return &n
}

// leaves reports a jump out of a finally block.
func (b *binder) leaves(t *target, at source.Span) {
	if t.depth < b.finally {
		b.error(at, "CS0157", "Control cannot leave the body of a finally clause")
	}
}

func (b *binder) exprStmt(x syntax.Expr, at stmt) Stmt {
	v := b.rvalue(x)
	if !isStatementExpr(x) {
		b.error(x.Span(), "CS0201", "Only assignment, call, increment, decrement, await, and new object expressions can be used as a statement")
		return &Nothing{at}
	}
	if hasBad(v) || v.Type() == nil {
		return &ExprStmt{at, bad(at.at)}
	}
	return &ExprStmt{at, v}
}

func (b *binder) localDecl(s *syntax.LocalDecl) []Stmt {
	for _, m := range s.Modifiers {
		if m.Keyword != "const" {
			b.error(m.Span(), "CS0106", "The modifier '%s' is not valid for this item", m.Keyword)
		}
	}
	var list []Stmt
	if r, ok := s.Type.(*syntax.RefType); ok {
		return b.refDecl(s, r)
	}
	t := b.declaredType(s.Type)
	if t == nil {
		if s.Const {
			b.error(s.Type.Span(), "CS0822", "Implicitly-typed variables cannot be constant")
		} else if len(s.Vars) > 1 {
			b.error(s.Type.Span(), "CS0819", "Implicitly-typed variables cannot have multiple declarators")
		}
	} else if t.Kind() == types.Void {
		b.error(s.Type.Span(), "CS1547", "Keyword 'void' cannot be used in this context")
		t = invalid
	} else if t.Kind() == types.Class && t.Def().Static {
		at := s.Type.Span()
		if len(s.Vars) > 0 && s.Vars[0].Name != nil {
			at = s.Vars[0].Name.Span()
		}
		_ = at
		b.error(s.Type.Span(), "CS0723", "Cannot declare a variable of static type '%s'", t)
		t = invalid
	}
	for _, v := range s.Vars {
		list = append(list, b.declarator(s, v, t)...)
	}
	return list
}

func (b *binder) declarator(s *syntax.LocalDecl, v *syntax.Declarator, t *types.Type) []Stmt {
	l := b.sc.find(v.Name)
	at := stmt{v.Span()}
	if l == nil {
		l = &Local{Name: v.Name.Text, Owner: b.fn}
	}
	if s.Const {
		b.constDecl(s, v, l, t)
		return []Stmt{&Nothing{at}}
	}
	nameAt := v.Name.Span()
	if r, ok := v.Init.(*syntax.Ref); ok {
		x := b.operand(r.X)
		b.error(nameAt, "CS8171", "Cannot initialize a by-value variable with a reference")
		l.Type = t
		if t == nil {
			l.Type = typeOr(x)
		}
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	if in, ok := v.Init.(*syntax.Initializer); ok {
		switch {
		case t == nil:
			b.error(nameAt, "CS0820", "Cannot initialize an implicitly-typed variable with an array initializer")
			b.initForErrors(in)
			l.Type = invalid
		case t.Kind() == types.Array:
			l.Type = t
			return []Stmt{&Declare{at, l, b.arrayInit(t, in, nil, in.Span())}}
		case isBad(t):
			b.initForErrors(in)
			l.Type = t
		default:
			b.error(in.Span(), "CS0622", "Can only use array initializer expressions to assign to array types. Try using a new expression instead.")
			b.initForErrors(in)
			l.Type = t
		}
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	if v.Init == nil {
		if t == nil {
			b.error(nameAt, "CS0818", "Implicitly-typed variables must be initialized")
			l.Type = invalid
			l.assigned = true
		} else {
			l.Type = t
		}
		return []Stmt{&Declare{at, l, nil}}
	}
	if t != nil {
		l.Type = t
		x := b.rvalue(v.Init)
		return []Stmt{&Declare{at, l, b.convert(x, t, "")}}
	}
	if _, ok := v.Init.(*syntax.This); ok {
		b.error(s.Type.Span(), "CS0723", "Cannot declare a variable of static type 'expression'")
	}
	l.typing = true
	x := b.operand(v.Init)
	l.typing = false
	l.Type = typeOr(x)
	if hasBad(x) {
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	switch xt := x.Type(); {
	case xt == nil:
		switch x.(type) {
		case *lambdaExpr, *methodGroup:
			b.later(x.Span(), "inferred delegate type", "10.0")
		case *defaultLit:
			b.error(x.Span(), "CS8716", "There is no target type for the default literal.")
		default:
			b.error(nameAt, "CS0815", "Cannot assign %s to an implicitly-typed variable", show(x))
		}
		b.settle(x, invalid)
		l.Type = invalid
		return []Stmt{&Declare{at, l, bad(at.at)}}
	case xt == types.Null || xt.Kind() == types.Void:
		b.error(nameAt, "CS0815", "Cannot assign %s to an implicitly-typed variable", xt)
		l.Type = invalid
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	return []Stmt{&Declare{at, l, x}}
}

func typeOr(x Expr) *types.Type {
	if x.Type() == nil || x.Type() == types.Null || x.Type().Kind() == types.Void {
		return invalid
	}
	return x.Type()
}

func (b *binder) constDecl(s *syntax.LocalDecl, v *syntax.Declarator, l *Local, t *types.Type) {
	l.Type = invalid
	if v.Init == nil {
		b.error(v.Name.Span(), "CS0145", "A const field requires a value to be provided")
		return
	}
	if in, ok := v.Init.(*syntax.Initializer); ok {
		b.initForErrors(in)
		if t != nil && t.Kind() == types.Array {
			b.error(in.Span(), "CS0133", "The expression being assigned to '%s' must be constant", v.Name.Text)
		}
		return
	}
	l.typing = true
	x := b.operand(v.Init)
	l.typing = false
	if _, ok := v.Init.(*syntax.Interpolated); ok && t != nil {
		b.later(v.Init.Span(), "constant interpolated strings", "10.0")
	}
	if t == nil {
		// `const var` was reported; its value still gives the variable a type.
		l.Type = typeOr(x)
		l.assigned = true
		return
	}
	if isBad(t) {
		return
	}
	if t.IsValue() && !t.IsNumeric() && t.Code() != types.CodeBool && t.Kind() != types.Enum || t.IsNullable() {
		b.error(s.Type.Span(), "CS0283", "The type '%s' cannot be declared const", t)
		l.Type = t
		l.assigned = true
		return
	}
	y := b.convert(x, t, "")
	if hasBad(y) {
		return
	}
	k, ok := y.(*Const)
	if !ok {
		if z, isZero := y.(*Zero); isZero {
			if c, isConst := constant(z); isConst {
				k, ok = &Const{node: z.node, Value: c}, true
			} else if !t.IsValue() {
				k, ok = &Const{node: z.node}, true
			}
		}
	}
	if !ok {
		b.error(v.Init.Span(), "CS0133", "The expression being assigned to '%s' must be constant", v.Name.Text)
		l.Type = t
		l.assigned = true
		return
	}
	l.Type = t
	c := k.Value
	l.konst = &c
}

func (b *binder) refDecl(s *syntax.LocalDecl, r *syntax.RefType) []Stmt {
	t := b.declaredType(r.Element)
	var list []Stmt
	for _, v := range s.Vars {
		l := b.sc.find(v.Name)
		at := stmt{v.Span()}
		if l == nil {
			l = &Local{Name: v.Name.Text, Owner: b.fn}
		}
		l.Ref, l.assigned = true, true
		l.Type = t
		if t == nil {
			l.Type = invalid
		}
		if v.Init == nil {
			b.error(v.Name.Span(), "CS8174", "A declaration of a by-reference variable must have an initializer")
			continue
		}
		init, ok := v.Init.(*syntax.Ref)
		if !ok {
			b.error(v.Name.Span(), "CS8172", "Cannot initialize a by-reference variable with a value")
			var x Expr
			if in, braces := v.Init.(*syntax.Initializer); braces {
				b.initForErrors(in)
				continue
			}
			x = b.expr(v.Init)
			probe := b.checkVariable(x, syntax.ByRef)
			if t == nil && !hasBad(x) {
				l.Type = typeOr(b.natural(x))
			}
			_ = probe
			continue
		}
		x := b.variable(init.X, syntax.ByRef)
		if hasBad(x) {
			continue
		}
		if t == nil {
			l.Type = x.Type()
		} else if !isBad(t) && !types.Same(t, x.Type()) {
			b.error(init.X.Span(), "CS8173", "The expression must be of type '%s' because it is being assigned by reference", t)
			continue
		}
		list = append(list, &DeclareRef{at, l, x})
	}
	return list
}

// predeclareFunc binds a local function's signature, so that it can be called
// from all of its block.
func (b *binder) predeclareFunc(s *syntax.LocalFunc) {
	f := &Function{Name: s.Name.Text, Outer: b.fn, decl: s, at: s.Name.Span(), depth: b.fn.depth + 1}
	b.clash(f.Name, s.Name.Span())
	if b.sc.vars[f.Name] == nil && b.sc.funcs[f.Name] == nil {
		if b.sc.funcs == nil {
			b.sc.funcs = map[string]*Function{}
		}
		b.sc.funcs[f.Name] = f
	}
	if b.sc.decl2 == nil {
		b.sc.decl2 = map[*syntax.LocalFunc]*Function{}
	}
	b.sc.decl2[s] = f
	n := b.scoped()
	n.fn = f
	n.sc.fn = f
	f.scope = n.sc
	for i, p := range s.TypeParams {
		t := types.NewParameter(p.Text, i)
		if n.sc.types == nil {
			n.sc.types = map[string]*types.Type{}
		}
		if n.sc.types[p.Text] != nil {
			b.error(p.Span(), "CS0692", "Duplicate type parameter '%s'", p.Text)
			f.doubleParam = true
		}
		n.sc.types[p.Text] = t
		f.TypeParams = append(f.TypeParams, t)
	}
	for _, c := range s.Constraints {
		t := n.sc.types[c.Name.Text]
		if t == nil || !t.OfMethod() {
			b.error(c.Name.Span(), "CS0699", "'%s' does not define type parameter '%s'", f.Name, c.Name.Text)
			continue
		}
		for _, k := range c.Kinds {
			switch k {
			case "class":
				t.Constraint.Class = true
			case "struct", "unmanaged":
				t.Constraint.Struct = true
			case "new()":
				t.Constraint.New = true
			}
		}
		for _, bound := range c.Bounds {
			if k := n.typ(bound); !isBad(k) {
				t.Constraint.Bounds = append(t.Constraint.Bounds, k)
			}
		}
	}
	m := &types.Member{Name: f.Name, Kind: types.Method, Static: true, Parameters: f.TypeParams}
	m.Origin = m
	m.Row = f
	result := s.Result
	if r, ok := result.(*syntax.RefType); ok {
		b.error(r.Span(), "ref-return", "A local function that returns by reference is not allowed in policy expressions")
		result = r.Element
	}
	m.Result = n.typ(result)
	if m.Result.Kind() == types.Class && m.Result.Def().Static {
		b.error(s.Name.Span(), "CS0722", "'%s': static types cannot be used as return types", m.Result)
		m.Result = invalid
	}
	names := map[string]bool{}
	for i, p := range s.Params {
		q := types.Param{Mode: mode(p.Mode)}
		q.Type = n.typ(p.Type)
		if q.Type.Kind() == types.Void {
			b.error(p.Type.Span(), "CS1536", "Invalid parameter type 'void'")
			q.Type = invalid
		}
		if p.Name != nil {
			q.Name = p.Name.Text
			if names[q.Name] {
				b.error(p.Name.Span(), "CS0100", "The parameter name '%s' is a duplicate", q.Name)
			}
			names[q.Name] = true
		}
		switch p.Mode {
		case syntax.PassParams:
			q.Params = true
			if i != len(s.Params)-1 {
				b.error(p.Span(), "CS0231", "A params parameter must be the last parameter in a parameter list")
				q.Params = false
			} else if !isBad(q.Type) && (q.Type.Kind() != types.Array || q.Type.Rank() != 1) {
				b.error(p.Span(), "CS0225", "The params parameter must have a valid collection type")
				q.Params = false
			}
		case syntax.PassThis:
			b.error(s.Name.Span(), "CS1106", "Extension method must be defined in a non-generic static class")
		}
		var def Expr
		if p.Default != nil {
			q.Optional = true
			x := n.rvalue(p.Default)
			def = n.convert(x, q.Type, "")
			if !hasBad(def) && !isConstant(def) {
				if _, zero := def.(*Zero); !zero {
					b.error(p.Default.Span(), "CS1736", "Default parameter value for '%s' must be a compile-time constant", q.Name)
				}
			}
		} else if i > 0 && m.Params[i-1].Optional && !q.Params {
			b.error(source.Span{Start: p.Span().End, End: p.Span().End + 1}, "CS1737", "Optional parameters must appear after all required parameters")
		}
		f.defaults = append(f.defaults, def)
		m.Params = append(m.Params, q)
		l := &Local{Name: q.Name, Type: q.Type, Owner: f, IsParam: true, Param: p.Mode, Ref: q.Mode != types.ByValue, assigned: q.Mode != types.ByOut}
		if p.Mode == syntax.ByIn {
			l.readOnly = "in parameter"
		}
		if p.Name != nil {
			l.Decl = p.Name.Span()
		}
		f.Params = append(f.Params, l)
		f.Locals = append(f.Locals, l)
	}
	f.Result = m.Result
	f.member = m
	iterator := s.Body != nil && hasYield(s.Body)
	if iterator {
		f.Iterator = true
		elem := iteratorElem(m.Result)
		switch {
		case isBad(m.Result):
		case elem == nil:
			b.error(s.Name.Span(), "CS1624", "The body of '%s' cannot be an iterator block because '%s' is not an iterator interface type", funcName(f), m.Result)
		default:
			for _, p := range s.Params {
				if p.Mode == syntax.ByRef || p.Mode == syntax.ByOut || p.Mode == syntax.ByIn {
					b.error(p.Name.Span(), "CS1623", "Iterators cannot have ref, in or out parameters")
				}
			}
		}
	}
}

// iteratorElem is what an iterator of that result type yields, nil when it can
// be none.
func iteratorElem(t *types.Type) *types.Type {
	switch {
	case t == types.IEnumerable || t == types.IEnumerator:
		return types.Object
	case t.Def() == types.IEnumerableT || t.Def() == types.IEnumeratorT:
		return t.Args()[0]
	}
	return nil
}

func hasYield(body *syntax.Block) bool {
	found := false
	syntax.Walk(body, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.LocalFunc, *syntax.Lambda, *syntax.AnonymousMethod:
			return false
		case *syntax.Yield:
			found = true
		}
		return !found
	})
	return found
}

func (b *binder) localFunc(s *syntax.LocalFunc) []Stmt {
	var f *Function
	for sc := b.sc; sc != nil && f == nil; sc = sc.parent {
		f = sc.decl2[s]
	}
	at := stmt{s.Span()}
	if f == nil || f.member == nil {
		return []Stmt{&Nothing{at}}
	}
	async := false
	for _, m := range s.Modifiers {
		switch m.Keyword {
		case "static", "unsafe", "extern":
		case "async":
			async = true
		default:
			b.error(m.Span(), "CS0106", "The modifier '%s' is not valid for this item", m.Keyword)
		}
	}
	if async && !isBad(f.Result) {
		b.error(s.Name.Span(), "CS1983", "The return type of an async method must be void, Task, Task<T>, a task-like type, IAsyncEnumerable<T>, or IAsyncEnumerator<T>")
	}
	n := b.sub(f.scope)
	n.fn = f
	n.loops, n.swtch, n.inCatch, n.finally, n.yieldInTry = nil, nil, 0, 0, 0
	n.static = b.static
	for _, m := range s.Modifiers {
		if m.Keyword == "static" {
			n.static = f
		}
	}
	for _, p := range f.Params {
		if p.Name == "" {
			continue
		}
		if f.scope.vars[p.Name] == nil {
			n.clash(p.Name, p.Decl)
			f.scope.put(p)
		}
	}
	switch {
	case s.Body == nil && s.Expr == nil:
		b.error(s.Name.Span(), "CS8112", "Local function '%s' must declare a body because it is not marked 'static extern'.", funcName(f))
	case s.Body != nil:
		blk := n.block(s.Body)
		f.Body = blk
		if !f.Iterator && f.Result.Kind() != types.Void && !async && endReachable(blk) {
			b.error(s.Name.Span(), "CS0161", "'%s': not all code paths return a value", funcName(f))
		}
	default:
		m := n.scoped()
		m.predeclareExpr(s.Expr)
		eAt := stmt{s.Expr.Span()}
		if f.Result.Kind() == types.Void {
			f.Body = &Block{stmt: eAt, Stmts: []Stmt{m.exprStmt(s.Expr, eAt)}, Locals: m.sc.locals, End: s.Expr.Span()}
		} else {
			x := m.rvalue(s.Expr)
			f.Body = &Block{stmt: eAt, Stmts: []Stmt{&Return{eAt, m.convert(x, f.Result, "")}}, Locals: m.sc.locals, End: s.Expr.Span()}
		}
	}
	return []Stmt{&FuncDecl{at, f}}
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
	elem := n.element2(src)
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
		for i := range goals {
			unlock(&goals[i])
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

func unlock(*goal) {}

// element2 is the type of the elements that a foreach over x sees.
func (b *binder) element2(x Expr) *types.Type {
	if hasBad(x) {
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

func (b *binder) gotoStmt(s *syntax.Goto) Stmt {
	at := stmt{s.Span()}
	switch s.Kind {
	case syntax.GotoLabel:
		if s.Label == nil {
			return &Nothing{at}
		}
		for sc := b.sc; sc != nil && sc.fn == b.fn; sc = sc.parent {
			if l := sc.labels[s.Label.Text]; l != nil {
				l.used = true
				return &Goto{stmt: at, To: l}
			}
		}
		b.error(s.Label.Span(), "CS0159", "No such label '%s' within the scope of the goto statement", s.Label.Text)
		return &Nothing{at}
	}
	if len(b.swtch) == 0 {
		if s.X != nil {
			b.rvalue(s.X)
		}
		b.error(at.at, "CS0153", "A goto case is only valid inside a switch statement")
		return &Nothing{at}
	}
	info := b.swtch[len(b.swtch)-1]
	g := &Goto{stmt: at, Switch: info.id, Section: -1}
	var want Expr
	if s.Kind == syntax.GotoCase {
		x := b.rvalue(s.X)
		if hasBad(x) || isBad(info.of) {
			return g
		}
		want = b.convert(x, info.of, "")
		if hasBad(want) {
			return g
		}
		if !isConstant(want) {
			b.error(at.at, "CS0150", "A constant value is expected")
			return g
		}
	}
	info.pending = append(info.pending, g)
	info.wants = append(info.wants, want)
	info.ats = append(info.ats, at.at)
	return g
}

func (b *binder) switchStmt(s *syntax.Switch) Stmt {
	at := stmt{s.Span()}
	x := b.operand(s.X)
	of := x.Type()
	if of == nil || of == types.Null || of.Kind() == types.Void {
		if !hasBad(x) {
			if of == types.Null {
				b.error(s.X.Span(), "CS8119", "The switch expression must be a value; found '<null>'.")
			} else {
				b.error(s.X.Span(), "CS8119", "The switch expression must be a value; found '%s'.", show(x))
			}
		}
		b.settle(x, invalid)
		x, of = bad(s.X.Span()), invalid
	}
	sw := &Switch{stmt: at, X: x, Default: -1, id: &target{depth: b.finally}}
	sw.Temp = b.temp(of)
	info := &switchInfo{of: of, id: sw.id, node: sw}
	n := b.scoped()
	n.loops = append(n.loops[:len(n.loops):len(n.loops)], sw.id)
	n.swtch = append(n.swtch[:len(n.swtch):len(n.swtch)], info)
	for _, sec := range s.Sections {
		for _, st := range sec.Stmts {
			n.predeclareStmt(st)
		}
	}
	var before []*Case
	for i, sec := range s.Sections {
		out := &Section{At: sec.Span()}
		m := n.scoped()
		for _, l := range sec.Labels {
			if l.Pattern != nil {
				m.predeclareExpr(l.Pattern)
			}
			if l.When != nil {
				m.predeclareExpr(l.When)
			}
		}
		for _, l := range sec.Labels {
			c := &Case{At: l.Span()}
			if l.Pattern == nil {
				c.text = "default"
				if sw.Default >= 0 {
					b.error(l.Span(), "CS0152", "The switch statement contains multiple cases with the label value 'default'")
				}
				sw.Default = i
			} else {
				c.Pattern = m.pattern(l.Pattern, of, false)
				if l.When != nil {
					c.When = m.condition(l.When)
				}
				b.covered(before, c, l)
				before = append(before, c)
			}
			out.last = c.At
			out.name = labelName(b.c.root.Text, l)
			out.Labels = append(out.Labels, c)
		}
		for _, st := range sec.Stmts {
			out.Body = append(out.Body, m.stmt(st)...)
		}
		out.Locals = m.sc.locals
		sw.Sections = append(sw.Sections, out)
	}
	sw.Locals = n.sc.locals
	for i, g := range info.pending {
		g.Section = b.sectionOf(sw, info.wants[i])
		if g.Section < 0 {
			name := "default:"
			if info.wants[i] != nil {
				k, _ := info.wants[i].(*Const)
				name = "case " + caseText(k) + ":"
			}
			b.error(info.ats[i], "CS0159", "No such label '%s' within the scope of the goto statement", name)
		}
	}
	return sw
}

// labelName is a label as messages quote it.
func labelName(text string, l *syntax.CaseLabel) string {
	s := l.Span()
	if s.Start < 0 || s.End > len(text) {
		return ""
	}
	return text[s.Start:s.End]
}

func caseText(k *Const) string {
	switch {
	case k == nil:
		return ""
	case k.Value.IsNull():
		return "null"
	case k.typ == types.String:
		return `"` + k.Value.Str() + `"`
	}
	return value.WordString(k.typ, k.Value)
}

func (b *binder) sectionOf(sw *Switch, want Expr) int {
	if want == nil {
		return sw.Default
	}
	k := want.(*Const)
	for i, sec := range sw.Sections {
		for _, c := range sec.Labels {
			if p, ok := c.Pattern.(*ConstPattern); ok {
				if l, isConst := p.Value.(*Const); isConst && sameConst(k, l) {
					return i
				}
			}
		}
	}
	return -1
}

func sameConst(k, l *Const) bool {
	if k.Value.IsNull() || l.Value.IsNull() {
		return k.Value.IsNull() && l.Value.IsNull()
	}
	if k.Value.IsString() || l.Value.IsString() {
		return k.Value.IsString() && l.Value.IsString() && k.Value.Str() == l.Value.Str()
	}
	return k.Value.IsWord() && l.Value.IsWord() && k.typ.Underlying() == l.typ.Underlying() && k.Value.Word() == l.Value.Word()
}

// covered reports a label that an earlier one leaves nothing to.
func (b *binder) covered(before []*Case, c *Case, l *syntax.CaseLabel) {
	for _, d := range before {
		if d.When != nil {
			continue
		}
		switch p := d.Pattern.(type) {
		case *ConstPattern:
			q, ok := c.Pattern.(*ConstPattern)
			if !ok {
				continue
			}
			k, ok1 := p.Value.(*Const)
			m, ok2 := q.Value.(*Const)
			if ok1 && ok2 && sameConst(k, m) {
				if c.When == nil {
					b.error(l.Span(), "CS0152", "The switch statement contains multiple cases with the label value '%s'", caseText(m))
				} else {
					b.error(l.Pattern.Span(), "CS8120", "The switch case is unreachable. It has already been handled by a previous case or it is impossible to match.")
				}
				return
			}
		case *TypePattern:
			var t *types.Type
			switch q := c.Pattern.(type) {
			case *TypePattern:
				t = q.Target
			case *ConstPattern:
				if k, ok := q.Value.(*Const); ok && !k.Value.IsNull() {
					t = k.typ
				}
			}
			if t != nil && !t.Open() && types.Assignable(t, p.Target) {
				b.error(l.Pattern.Span(), "CS8120", "The switch case is unreachable. It has already been handled by a previous case or it is impossible to match.")
				return
			}
		case *VarPattern:
			if _, broken := c.Pattern.(*badPattern); !broken {
				b.error(l.Pattern.Span(), "CS8120", "The switch case is unreachable. It has already been handled by a previous case or it is impossible to match.")
				return
			}
		}
	}
}

func (b *binder) tryStmt(s *syntax.Try) Stmt {
	t := &Try{stmt: stmt{s.Span()}}
	body := *b
	if len(s.Catches) > 0 {
		body.yieldInTry++
	}
	t.Body = body.block(s.Body)
	var caught []*types.Type
	for i, c := range s.Catches {
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
		} else if i < len(s.Catches)-1 && c.Filter == nil {
			b.error(c.Span(), "CS1017", "Catch clauses cannot follow the general catch clause of a try statement")
		}
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
