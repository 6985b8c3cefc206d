package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

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
			def = n.convert(x, q.Type)
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
		if t, ok := s.Expr.(*syntax.Throw); ok {
			f.Body = &Block{stmt: eAt, Stmts: []Stmt{&Throw{eAt, m.exceptionOperand(t.X)}}, Locals: m.sc.locals, End: s.Expr.Span()}
		} else if f.Result.Kind() == types.Void {
			f.Body = &Block{stmt: eAt, Stmts: []Stmt{m.exprStmt(s.Expr, eAt)}, Locals: m.sc.locals, End: s.Expr.Span()}
		} else {
			x := m.rvalue(s.Expr)
			f.Body = &Block{stmt: eAt, Stmts: []Stmt{&Return{eAt, m.convert(x, f.Result)}}, Locals: m.sc.locals, End: s.Expr.Span()}
		}
	}
	return []Stmt{&FuncDecl{at, f}}
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
	return &Yield{at, b.convert(x, elem)}
}

// Elem is the type of the elements of an iterator.
func (f *Function) Elem() *types.Type { return iteratorElem(f.Result) }

func (b *binder) loopTarget() *target { return &target{loop: true, depth: b.finally} }

func (b *binder) inLoop(t *target) *binder {
	n := *b
	n.loops = append(n.loops[:len(n.loops):len(n.loops)], t)
	return &n
}
