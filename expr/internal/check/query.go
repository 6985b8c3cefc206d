package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// queryEnv is what a query's clauses see: range variables, each a path into the
// one value that flows from clause to clause.
type queryEnv struct {
	vars []rangeVar
}

// rangeVar is a range variable and the way to it: property names of nested
// anonymous objects, outermost first.
type rangeVar struct {
	name string
	path []string
}

// rangeRef is a range variable in an expression, which nothing may change.
type rangeRef struct {
	Expr
	name string
}

// bindQuery translates a query into calls, as the language defines it, and
// binds those.
func (b *binder) bindQuery(q *syntax.Query) Expr {
	tr := &translator{b: b}
	src := tr.from(q.From)
	env := &queryEnv{vars: []rangeVar{{name: q.From.Name.Text}}}
	tr.declare(nil, q.From.Name)
	return tr.body(q.Body, src, env, q.Span())
}

type translator struct{ b *binder }

// source binds the sequence of a from or join, cast when a type is given.
func (tr *translator) from(f *syntax.FromClause) Expr {
	return tr.source(f.In, f.Type, f.Span())
}

func (tr *translator) source(in syntax.Expr, t syntax.Type, at source.Span) Expr {
	b := tr.b
	src := b.operand(in)
	if src.Type() == types.Null {
		return src
	}
	if t == nil || hasBad(src) {
		if t != nil {
			b.typ(t)
		}
		return src
	}
	if n, ok := t.(*syntax.Name); ok && n.Text == "var" && b.isVar(t) {
		b.error(t.Span(), "CS1949", "The contextual keyword 'var' cannot be used in a range variable declaration")
		return bad(at)
	}
	target := b.typ(t)
	if isBad(target) {
		return bad(at)
	}
	return tr.callWith(src, "Cast", at, []*types.Type{target})
}

// declare checks a new range variable against the others and against the
// variables around.
func (tr *translator) declare(env *queryEnv, id *syntax.Ident) bool {
	b := tr.b
	if env != nil {
		for _, v := range env.vars {
			if v.name == id.Text {
				b.error(id.Span(), "CS1930", "The range variable '%s' has already been declared", id.Text)
				return false
			}
		}
	}
	for s := b.sc; s != nil; s = s.parent {
		if s.vars[id.Text] != nil || s.funcs[id.Text] != nil || s.ranges[id.Text] != nil {
			b.error(id.Span(), "CS1931", "The range variable '%s' conflicts with a previous declaration of '%s'", id.Text, id.Text)
			return false
		}
	}
	return true
}

// lambda makes a lambda whose body is an expression over range variables. The
// nth parameter carries envs[n].
func (tr *translator) lambda(at source.Span, envs []*queryEnv, hide map[string]string, body func(b *binder) Expr) *lambdaExpr {
	env := *tr.b
	env.loops, env.swtch, env.inCatch, env.finally = nil, nil, 0, 0
	l := &lambdaExpr{node: node{nil, at}, env: &env, arrow: at}
	for range envs {
		l.names = append(l.names, nil)
	}
	l.build = func(b *binder, params []*Local) Expr {
		b.sc.ranges = map[string]func(*binder, source.Span) Expr{}
		for i, e := range envs {
			for _, v := range e.vars {
				p := params[i]
				b.rangeName(v)
				b.sc.ranges[v.name] = func(b *binder, at source.Span) Expr { return b.rangeVariable(p, v, at) }
			}
		}
		for name, why := range hide {
			b.sc.ranges[name] = func(b *binder, at source.Span) Expr {
				side := "left"
				if why == "CS1938" {
					side = "right"
				}
				b.error(at, why, "The name '%s' is not in scope on the %s side of 'equals'.  Consider swapping the expressions on either side of 'equals'.", name, side)
				return bad(at)
			}
		}
		return body(b)
	}
	return l
}

// rangeName takes the name of a range variable that is the parameter itself.
func (b *binder) rangeName(v rangeVar) {
	if len(v.path) == 0 {
		if b.sc.direct == nil {
			b.sc.direct = map[string]bool{}
		}
		b.sc.direct[v.name] = true
	}
}

func (b *binder) rangeVariable(p *Local, v rangeVar, at source.Span) Expr {
	if isBad(p.Type) {
		return bad(at)
	}
	var x Expr = &LocalRef{node{p.Type, at}, p}
	for _, step := range v.path {
		t := x.Type()
		i := -1
		for k, n := range t.Def().Anonymous {
			if n == step {
				i = k
			}
		}
		if i < 0 {
			return bad(at)
		}
		x = &Item{node{t.Args()[i], at}, x, i}
	}
	if len(v.path) > 0 {
		return &rangeRef{x, v.name}
	}
	return &LocalRef{node{p.Type, at}, named(p, v.name)}
}

// named lets messages call the parameter of a query's lambda by the name of its
// range variable.
func named(p *Local, name string) *Local {
	p.Name = name
	return p
}

// exprIn binds a clause's expression within the lambda's own scope.
func exprIn(x syntax.Expr) func(b *binder) Expr {
	return func(b *binder) Expr {
		b.predeclareExpr(x)
		return b.rvalue(x)
	}
}

func (tr *translator) callWith(src Expr, method string, at source.Span, given []*types.Type, lambdas ...Expr) Expr {
	return tr.callFor(src, method, at, "", "", given, lambdas...)
}

// callFor calls a query operator; when it does not resolve for want of a type,
// the code and clause say what the compiler reports.
func (tr *translator) callFor(src Expr, method string, at source.Span, code, clause string, given []*types.Type, lambdas ...Expr) Expr {
	b := tr.b
	if hasBad(src) {
		for _, l := range lambdas {
			if f, ok := l.(*lambdaExpr); ok {
				b.lambdaForErrors(f)
			}
		}
		return bad(at)
	}
	if src.Type() == types.Null {
		b.error(at, "CS0186", "Use of null is not valid in this context")
		return bad(at)
	}
	if src.Type() == nil || src.Type().Kind() == types.Void {
		b.error(at, "CS1935", "Could not find an implementation of the query pattern for source type '%s'.  '%s' not found.", show(src), method)
		return bad(at)
	}
	f := b.lookup(src.Type(), method, true)
	g := &methodGroup{node: node{nil, at}, name: method, nameAt: at, recv: src, recvType: src.Type(), methods: f.methods, ext: b.extensions(method)}
	if given != nil {
		g.hasArgs, g.args = true, given
	}
	var args []argument
	for _, l := range lambdas {
		args = append(args, argument{x: l})
	}
	quiet := b.withDiags(&bag{})
	x := quiet.callGroup(g, args, at)
	if !hasBad(x) {
		b.diags.add(quiet.diags)
		return x
	}
	for i, p := range quiet.diags.list {
		switch p.Code {
		case "CS0411":
			if code != "" {
				quiet.diags.list[i] = Problem{Code: code, Span: at, Message: clause}
			}
		case "CS1929", "CS1061":
			if p.Span != at && p.Span != src.Span() {
				continue
			}
			quiet.diags.list[i] = Problem{Code: "CS1936", Span: src.Span(), Message: "Could not find an implementation of the query pattern for source type '" + src.Type().String() + "'.  '" + method + "' not found."}
		}
	}
	b.diags.add(quiet.diags)
	return bad(at)
}

// pack makes an anonymous object of what flows so far and a new value, and the
// environment that sees both.
func pack(env *queryEnv, name string) *queryEnv {
	n := &queryEnv{}
	for _, v := range env.vars {
		n.vars = append(n.vars, rangeVar{v.name, append([]string{"<>it"}, v.path...)})
	}
	n.vars = append(n.vars, rangeVar{name, []string{name}})
	return n
}

// packed builds that object from a lambda's parameters.
func packed(b *binder, at source.Span, it Expr, name string, v Expr) Expr {
	if hasBad(it, v) {
		return bad(at)
	}
	v = b.natural(v)
	if t := v.Type(); t == nil || t == types.Null || t.Kind() == types.Void {
		b.error(v.Span(), "CS1932", "Cannot assign %s to a range variable", show(v))
		return bad(at)
	}
	return &NewAnonymous{node{types.AnonymousOf([]string{"<>it", name}, []*types.Type{it.Type(), v.Type()}), at}, []Expr{it, v}}
}

func (tr *translator) body(q *syntax.QueryBody, src Expr, env *queryEnv, whole source.Span) Expr {
	for i, c := range q.Clauses {
		at := c.Span()
		last := i == len(q.Clauses)-1
		switch c := c.(type) {
		case *syntax.WhereClause:
			src = tr.callWith(src, "Where", at, nil, tr.lambda(c.X.Span(), []*queryEnv{env}, nil, exprIn(c.X)))
		case *syntax.LetClause:
			ok := tr.declare(env, c.Name)
			next := pack(env, c.Name.Text)
			e := env
			l := tr.lambda(c.X.Span(), []*queryEnv{e}, nil, nil)
			l.build = tr.packing(e, c.Name.Text, c.X, at)
			src = tr.callFor(src, "Select", at, "CS1942", "The type of the expression in the let clause is incorrect.  Type inference failed in the call to 'Select'.", nil, l)
			if !ok {
				src = bad(at)
			}
			env = next
		case *syntax.FromClause:
			ok := tr.declare(env, c.Name)
			coll := tr.lambda(c.In.Span(), []*queryEnv{env}, nil, func(n *binder) Expr {
				t := &translator{b: n}
				n.predeclareExpr(c.In)
				return t.source(c.In, c.Type, at)
			})
			second := &queryEnv{vars: []rangeVar{{name: c.Name.Text}}}
			if !ok {
				second = &queryEnv{}
			}
			if last && q.Select != nil {
				// The select that ends the query is the result selector.
				res := tr.lambda(q.Select.X.Span(), []*queryEnv{env, second}, nil, exprIn(q.Select.X))
				src = tr.callFor(src, "SelectMany", at, "CS1943", "An expression of type '"+show(src)+"' is not allowed in a subsequent from clause in a query expression with source type '"+show(src)+"'.  Type inference failed in the call to 'SelectMany'.", nil, coll, res)
				if !ok {
					src = bad(at)
				}
				return tr.into(q, src, whole)
			}
			next := pack(env, c.Name.Text)
			res := tr.join(env, c.Name.Text, at)
			src = tr.callFor(src, "SelectMany", at, "CS1943", "An expression of type '"+show(src)+"' is not allowed in a subsequent from clause in a query expression with source type '"+show(src)+"'.  Type inference failed in the call to 'SelectMany'.", nil, coll, res)
			if !ok {
				src = bad(at)
			}
			env = next
		case *syntax.JoinClause:
			ok := tr.declare(env, c.Name)
			other := tr.source(c.In, c.Type, at)
			inner := &queryEnv{vars: []rangeVar{{name: c.Name.Text}}}
			hideRight := map[string]string{}
			for _, v := range env.vars {
				hideRight[v.name] = "CS1938"
			}
			left := tr.lambda(c.Left.Span(), []*queryEnv{env}, map[string]string{c.Name.Text: "CS1937"}, exprIn(c.Left))
			right := tr.lambda(c.Right.Span(), []*queryEnv{inner}, hideRight, exprIn(c.Right))
			method, name := "Join", c.Name.Text
			if c.Into != nil {
				method, name = "GroupJoin", c.Into.Text
				ok = tr.declare(env, c.Into) && ok
			}
			if hasBad(other) {
				src = bad(at)
			}
			next := pack(env, name)
			var res Expr
			if last && q.Select != nil {
				second := &queryEnv{vars: []rangeVar{{name: name}}}
				res = tr.lambda(q.Select.X.Span(), []*queryEnv{env, second}, nil, exprIn(q.Select.X))
			} else {
				res = tr.join(env, name, at)
			}
			src = tr.callFor(src, method, at, "CS1941", "The type of one of the expressions in the join clause is incorrect.  Type inference failed in the call to '"+method+"'.", nil, other, left, right, res)
			if !ok {
				src = bad(at)
			}
			if last && q.Select != nil {
				return tr.into(q, src, whole)
			}
			env = next
		case *syntax.OrderByClause:
			for k, key := range c.Keys {
				method := "OrderBy"
				if k > 0 {
					method = "ThenBy"
				}
				if key.Descending {
					method += "Descending"
				}
				src = tr.callFor(src, method, key.Span(), "CS1942", "The type of the expression in the orderby clause is incorrect.  Type inference failed in the call to '"+method+"'.", nil, tr.lambda(key.X.Span(), []*queryEnv{env}, nil, exprIn(key.X)))
			}
		}
	}
	switch {
	case q.Select != nil:
		at := q.Select.Span()
		if n, ok := q.Select.X.(*syntax.Name); ok && len(env.vars) == 1 && env.vars[0].name == n.Text && len(q.Clauses) > 0 && len(env.vars[0].path) == 0 {
			// A select of the range variable itself needs no Select.
			return tr.into(q, src, whole)
		}
		src = tr.callFor(src, "Select", at, "CS1942", "The type of the expression in the select clause is incorrect.  Type inference failed in the call to 'Select'.", nil, tr.lambda(q.Select.X.Span(), []*queryEnv{env}, nil, exprIn(q.Select.X)))
	case q.Group != nil:
		at := q.Group.Span()
		key := tr.lambda(q.Group.By.Span(), []*queryEnv{env}, nil, exprIn(q.Group.By))
		args := []Expr{key}
		if n, ok := q.Group.X.(*syntax.Name); !ok || len(env.vars) != 1 || env.vars[0].name != n.Text || len(env.vars[0].path) > 0 {
			args = append(args, tr.lambda(q.Group.X.Span(), []*queryEnv{env}, nil, exprIn(q.Group.X)))
		}
		src = tr.callFor(src, "GroupBy", at, "CS1942", "The type of the expression in the group by clause is incorrect.  Type inference failed in the call to 'GroupBy'.", nil, args...)
	default:
		return bad(whole)
	}
	return tr.into(q, src, whole)
}

func (tr *translator) into(q *syntax.QueryBody, src Expr, whole source.Span) Expr {
	if q.Into == nil {
		return spanned(src, whole)
	}
	env := &queryEnv{vars: []rangeVar{{name: q.Into.Name.Text}}}
	tr.declare(nil, q.Into.Name)
	return tr.body(q.Into.Body, src, env, whole)
}

// packing is the body of a let: what flows, with the new value.
func (tr *translator) packing(env *queryEnv, name string, x syntax.Expr, at source.Span) func(b *binder, params []*Local) Expr {
	return func(b *binder, params []*Local) Expr {
		b.sc.ranges = map[string]func(*binder, source.Span) Expr{}
		for _, v := range env.vars {
			b.rangeName(v)
			b.sc.ranges[v.name] = func(b *binder, at source.Span) Expr { return b.rangeVariable(params[0], v, at) }
		}
		b.predeclareExpr(x)
		v := b.rvalue(x)
		if isBad(params[0].Type) {
			return bad(at)
		}
		return packed(b, at, &LocalRef{node{params[0].Type, at}, params[0]}, name, v)
	}
}

// join is the result selector that packs both sides.
func (tr *translator) join(env *queryEnv, name string, at source.Span) *lambdaExpr {
	l := tr.lambda(at, []*queryEnv{env, {vars: []rangeVar{{name: name}}}}, nil, nil)
	l.build = func(b *binder, params []*Local) Expr {
		for _, p := range params {
			if isBad(p.Type) {
				return bad(at)
			}
		}
		return packed(b, at, &LocalRef{node{params[0].Type, at}, params[0]}, name, &LocalRef{node{params[1].Type, at}, params[1]})
	}
	return l
}
