package check

import (
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// boundLambda is a lambda's body bound with certain parameter types.
type boundLambda struct {
	fn    *Function
	diags *bag
}

// lambdaExpr is a lambda before a delegate type is known. Its bindings are
// kept, so that each delegate type is tried once.
type lambdaExpr struct {
	node
	env      *binder
	params   []*syntax.Param
	names    []*syntax.Ident
	ptypes   []*types.Type // of an explicitly typed one
	explicit bool
	anyArgs  bool // an anonymous method without parameter list
	method   bool // an anonymous method
	async    bool
	body     syntax.Node
	arrow    source.Span
	cache    []tried
	infer    map[string]*boundLambda
	failed   *boundLambda
	// build makes the body of a lambda that a query stands for.
	build func(b *binder, params []*Local) Expr
}

type tried struct {
	t *types.Type
	l *boundLambda
}

func (b *binder) lambda(x *syntax.Lambda) Expr {
	l := &lambdaExpr{node: node{nil, x.Span()}, params: x.Params, body: x.Body, arrow: x.Arrow.Span()}
	for _, m := range x.Modifiers {
		if m.Keyword == "async" {
			l.async = true
		}
	}
	if x.ReturnType != nil {
		b.typ(x.ReturnType)
	}
	return b.prepare(l)
}

func (b *binder) anonymousMethod(x *syntax.AnonymousMethod) Expr {
	at := x.Span()
	l := &lambdaExpr{node: node{nil, at}, params: x.Params, body: x.Body, arrow: source.Span{Start: at.Start, End: at.Start + len("delegate")}, anyArgs: !x.HasParams, method: true}
	for _, m := range x.Modifiers {
		if m.Keyword == "async" {
			l.async = true
		}
	}
	return b.prepare(l)
}

func (b *binder) prepare(l *lambdaExpr) Expr {
	env := *b
	env.loops, env.swtch = nil, nil
	env.inCatch, env.finally = 0, 0
	l.env = &env
	wrong := false
	names := map[string]bool{}
	for _, p := range l.params {
		if p.Type != nil {
			l.explicit = true
			t := b.typ(p.Type)
			wrong = wrong || isBad(t)
			l.ptypes = append(l.ptypes, t)
		}
		if p.Name != nil {
			if names[p.Name.Text] && p.Name.Text != "" {
				if p.Name.Text == "_" {
					b.later(p.Name.Span(), "lambda discard parameters", "9.0")
				} else {
					b.error(p.Name.Span(), "CS0100", "The parameter name '%s' is a duplicate", p.Name.Text)
				}
				wrong = true
			}
			names[p.Name.Text] = true
		}
	}
	if wrong {
		return bad(l.at)
	}
	if len(l.params) == 0 && !l.anyArgs {
		l.explicit = true
	}
	return l
}

// lambdaSignature reports whether the parameters of a lambda fit a delegate's.
func lambdaSignature(l *lambdaExpr, sig *types.Member) bool {
	if sig == nil || l.async {
		return false
	}
	if l.anyArgs {
		for _, p := range sig.Params {
			if p.Mode == types.ByOut {
				return false
			}
		}
		return true
	}
	if l.build == nil && len(l.params) != len(sig.Params) || l.build != nil && len(l.names) != len(sig.Params) {
		return false
	}
	for i, p := range sig.Params {
		if l.build != nil {
			continue
		}
		if l.explicit && (!types.Same(l.ptypes[i], p.Type) || mode(l.params[i].Mode) != p.Mode) {
			return false
		}
		if !l.explicit && p.Mode != types.ByValue {
			return false
		}
	}
	return true
}

func (b *binder) lambdaFits(l *lambdaExpr, t *types.Type) bool {
	if !lambdaSignature(l, t.Invoke()) {
		return false
	}
	return !prevents(b.lambdaBind(l, t).diags)
}

// prevents reports whether what a body reports keeps its lambda from being
// converted. Clashes of names do not: they would be there for every type.
func prevents(d *bag) bool {
	for _, p := range d.list {
		switch p.Code {
		case "CS0100", "CS0128", "CS0136", "CS0412", "CS1930", "CS1931", "CS1948":
			continue
		}
		return true
	}
	return false
}

// lambdaBind binds a lambda for a delegate type.
func (b *binder) lambdaBind(l *lambdaExpr, t *types.Type) *boundLambda {
	for _, c := range l.cache {
		if c.t == t {
			return c.l
		}
	}
	sig := t.Invoke()
	var ptypes []*types.Type
	for _, p := range sig.Params {
		ptypes = append(ptypes, p.Type)
	}
	bound := l.bind(ptypes, sig, t)
	l.cache = append(l.cache, tried{t, bound})
	return bound
}

// lambdaInfer binds a lambda's body to find its result type.
func (b *binder) lambdaInfer(l *lambdaExpr, ptypes []*types.Type) *boundLambda {
	var key strings.Builder
	for _, t := range ptypes {
		fmt.Fprintf(&key, "%p,", t)
	}
	if bound := l.infer[key.String()]; bound != nil {
		return bound
	}
	bound := l.bind(ptypes, nil, nil)
	if l.infer == nil {
		l.infer = map[string]*boundLambda{}
	}
	l.infer[key.String()] = bound
	return bound
}

// lambdaResult is the inferred result type of a lambda, nil when its body has
// none; void when it returns nothing.
func (b *binder) lambdaResult(l *lambdaExpr, ptypes []*types.Type) *types.Type {
	if l.async || !l.anyArgs && l.build == nil && len(ptypes) != len(l.params) {
		return nil
	}
	if l.explicit && !l.anyArgs {
		ptypes = l.ptypes
	}
	bound := b.lambdaInfer(l, ptypes)
	var list []Expr
	for _, r := range bound.fn.returns {
		if r.x != nil {
			list = append(list, r.x)
		}
	}
	if len(list) == 0 {
		return types.VoidType
	}
	if len(list) == 1 {
		t := list[0].Type()
		if t == nil || t == types.Null || isBad(t) {
			return nil
		}
		return t
	}
	return b.bestCommon(list)
}

// bind binds the body; sig is nil to infer.
func (l *lambdaExpr) bind(ptypes []*types.Type, sig *types.Member, dt *types.Type) *boundLambda {
	env := l.env
	env.tick()
	fn := &Function{Outer: env.fn, lambda: true, at: l.at, depth: env.fn.depth + 1}
	diags := &bag{}
	b := *env
	b.fn, b.diags = fn, diags
	b.sc = &scope{parent: env.sc, fn: fn}
	if sig != nil {
		fn.Result = sig.Result
	}
	n := len(ptypes)
	for i := range n {
		p := &Local{Type: ptypes[i], Owner: fn, IsParam: true, assigned: true}
		if sig != nil {
			p.Ref = sig.Params[i].Mode != types.ByValue
		}
		switch {
		case l.build != nil:
			p.readOnly, p.rangeVar = "range variable", true
		case i < len(l.params):
			id := l.params[i].Name
			p.Name, p.Decl, p.Param = id.Text, id.Span(), l.params[i].Mode
			if l.explicit {
				p.Type = l.ptypes[i]
			}
		}
		fn.Params = append(fn.Params, p)
		fn.Locals = append(fn.Locals, p)
		if p.Name != "" {
			b.clash(p.Name, p.Decl)
			b.sc.put(p)
		}
	}
	switch body := l.body.(type) {
	case *syntax.Block:
		blk := b.block(body)
		fn.Body = blk
		if sig != nil && sig.Result.Kind() != types.Void && endReachable(blk) && !isBad(sig.Result) {
			kind := "lambda expression"
			if l.method {
				kind = "anonymous method"
			}
			b.error(l.arrow, "CS1643", "Not all code paths return a value in %s of type '%s'", kind, dt)
		}
	default:
		inner := b.scoped()
		var x Expr
		if l.build != nil {
			x = l.build(inner, fn.Params)
		} else {
			e := body.(syntax.Expr)
			inner.predeclareExpr(e)
			x = inner.orThrow(e)
		}
		at := x.Span()
		fn.returns = append(fn.returns, returned{x, at})
		switch {
		case sig == nil:
		case sig.Result.Kind() == types.Void && thrown(x) != nil:
			fn.Body = &Block{stmt: stmt{at}, Stmts: []Stmt{&Throw{stmt{at}, thrown(x).X}}, Locals: inner.sc.locals, End: at}
		case sig.Result.Kind() == types.Void:
			if e, ok := body.(syntax.Expr); ok && !isStatementExpr(e) && !hasBad(x) {
				if t := x.Type(); t == nil || t.Kind() != types.Void {
					b.error(at, "CS0201", "Only assignment, call, increment, decrement, await, and new object expressions can be used as a statement")
				}
			}
			if x.Type() != nil {
				fn.Body = &Block{stmt: stmt{at}, Stmts: []Stmt{&ExprStmt{stmt{at}, x}}, Locals: inner.sc.locals, End: at}
			}
		default:
			y := inner.returnValue(x, sig.Result)
			fn.Body = &Block{stmt: stmt{at}, Stmts: []Stmt{&Return{stmt{at}, y}}, Locals: inner.sc.locals, End: at}
		}
	}
	return &boundLambda{fn, diags}
}

// thrown is an expression that throws, nil for any other.
func thrown(x Expr) *ThrowExpr {
	t, _ := x.(*ThrowExpr)
	return t
}

// returnValue converts what a lambda returns to its delegate's result.
func (b *binder) returnValue(x Expr, to *types.Type) Expr {
	if hasBad(x) || isBad(to) || ofUnknown(x.Type()) || ofUnknown(to) {
		return b.convert(x, to)
	}
	c := b.implicit(x, to)
	if !c.ok() {
		b.noConversion(x, to, c)
		if b.fn.lambda {
			b.error(x.Span(), "CS1662", "Cannot convert lambda expression to intended delegate type because some of the return types in the block are not implicitly convertible to the delegate return type")
		}
		return bad(x.Span())
	}
	return b.apply(x, c, to, false)
}

// bindLambda makes a lambda of a type it fits.
func (b *binder) bindLambda(l *lambdaExpr, t *types.Type) Expr {
	bound := b.lambdaBind(l, t)
	b.diags.add(bound.diags)
	return &LambdaExpr{node{t, l.at}, bound.fn}
}

// lambdaSummary reports the problems of a lambda that was tried: those that all
// bindings share, else all of them.
func (b *binder) lambdaSummary(l *lambdaExpr) bool {
	var bags []*bag
	for _, c := range l.cache {
		bags = append(bags, c.l.diags)
	}
	for _, c := range l.infer {
		bags = append(bags, c.diags)
	}
	if len(bags) == 0 {
		return false
	}
	shared := &bag{}
	union := &bag{}
	for _, p := range bags[0].list {
		everywhere := true
		for _, d := range bags[1:] {
			everywhere = everywhere && d.has(p)
		}
		if everywhere {
			shared.list = append(shared.list, p)
		}
	}
	for _, d := range bags {
		for _, p := range d.list {
			if !union.has(p) {
				union.list = append(union.list, p)
			}
		}
	}
	for _, d := range []*bag{shared, union} {
		if prevents(d) {
			b.diags.list = append(b.diags.list, d.list...)
			return true
		}
	}
	return false
}

func (d *bag) has(p Problem) bool {
	for _, q := range d.list {
		if q.Code == p.Code && q.Span == p.Span && q.Message == p.Message {
			return true
		}
	}
	return false
}

// lambdaForErrors binds a lambda whose parameters will never have types, for
// what its body says by itself.
func (b *binder) lambdaForErrors(l *lambdaExpr) {
	if b.lambdaSummary(l) || len(l.cache)+len(l.infer) > 0 {
		return
	}
	ptypes := make([]*types.Type, max(len(l.params), len(l.names)))
	for i := range ptypes {
		ptypes[i] = invalid
		if l.explicit && i < len(l.ptypes) {
			ptypes[i] = l.ptypes[i]
		}
	}
	if l.failed == nil {
		l.failed = l.bind(ptypes, nil, nil)
		b.diags.list = append(b.diags.list, l.failed.diags.list...)
	}
}

// lambdaMismatch reports why a lambda does not fit a type.
func (b *binder) lambdaMismatch(l *lambdaExpr, to *types.Type) {
	if isBad(to) {
		b.lambdaForErrors(l)
		return
	}
	kind := "lambda expression"
	if l.method {
		kind = "anonymous method"
	}
	if to.Kind() != types.Delegate || to.Invoke() == nil {
		b.error(l.arrow, "CS1660", "Cannot convert %s to type '%s' because it is not a delegate type", kind, to)
		return
	}
	sig := to.Invoke()
	if l.async {
		b.error(l.arrow, "CS4010", "Cannot convert async %s to delegate type '%s'. An async %s may return void, Task or Task<T>, none of which are convertible to '%s'.", kind, to, kind, to)
		return
	}
	if !l.anyArgs && len(l.params) != len(sig.Params) && l.build == nil {
		b.error(l.arrow, "CS1593", "Delegate '%s' does not take %d arguments", to, len(l.params))
		return
	}
	if l.explicit && !l.anyArgs {
		for i, p := range sig.Params {
			if !types.Same(l.ptypes[i], p.Type) {
				b.error(l.params[i].Name.Span(), "CS1678", "Parameter %d is declared as type '%s' but should be '%s'", i+1, l.ptypes[i], p.Type)
				b.error(l.arrow, "CS1661", "Cannot convert %s to type '%s' because the parameter types do not match the delegate parameter types", kind, to)
				return
			}
			if mode(l.params[i].Mode) != p.Mode {
				b.error(l.params[i].Name.Span(), "CS1676", "Parameter %d must be declared with the '%s' keyword", i+1, modeWord(p.Mode))
				return
			}
		}
	}
	bound := b.lambdaBind(l, to)
	b.diags.list = append(b.diags.list, bound.diags.list...)
}

// groupMember is the method of a group that a delegate of these parameters
// would call.
func (b *binder) groupMember(g *methodGroup, ptypes []*types.Type, sig *types.Member) *types.Member {
	c := b.groupCandidate(g, ptypes, sig)
	if c == nil {
		return nil
	}
	return c.m
}

func (b *binder) groupCandidate(g *methodGroup, ptypes []*types.Type, sig *types.Member) *candidate {
	r := b.groupResolve(g, ptypes, sig, true)
	return r.best
}

func (b *binder) groupResolve(g *methodGroup, ptypes []*types.Type, sig *types.Member, instance bool) resolution {
	var args []argument
	for i, t := range ptypes {
		a := argument{x: &LocalRef{node{t, g.at}, &Local{Type: t, Owner: b.fn}}}
		if sig != nil {
			a.mode = sig.Params[i].Mode
		}
		args = append(args, a)
	}
	methods := g.methods
	if g.funcs != nil {
		if g.funcs.member == nil {
			return resolution{}
		}
		methods = []*types.Member{g.funcs.member}
	}
	var given []*types.Type
	if g.hasArgs {
		given = g.args
	}
	r := b.resolve(methods, false, args, given)
	r = exactForms(r)
	if r.best != nil || g.recv == nil || len(g.ext) == 0 {
		return r
	}
	return exactForms(b.resolve(g.ext, true, append([]argument{{x: g.recv}}, args...), given))
}

// exactForms drops what a method group does not allow: params in expanded form
// and defaults.
func exactForms(r resolution) resolution {
	if r.best != nil && (r.best.expanded || r.best.defaults > 0) {
		r.best = nil
		for _, c := range r.all {
			if c.fail == applicable && !c.expanded && c.defaults == 0 {
				r.best = c
			}
		}
	}
	return r
}

// groupFits reports whether a method group converts to a delegate type.
func (b *binder) groupFits(g *methodGroup, t *types.Type) bool {
	sig := t.Invoke()
	if sig == nil {
		return false
	}
	var ptypes []*types.Type
	for _, p := range sig.Params {
		ptypes = append(ptypes, p.Type)
	}
	c := b.groupCandidate(g, ptypes, sig)
	if c == nil {
		return false
	}
	for i := range c.convs {
		if c.ext && i == 0 {
			continue
		}
		if k := c.convs[i].kind; k != Identity && k != Reference {
			return false
		}
	}
	return resultFits(c.m.Result, sig.Result)
}

func resultFits(from, to *types.Type) bool {
	if to.Kind() == types.Void || from.Kind() == types.Void {
		return to.Kind() == from.Kind()
	}
	return types.Same(from, to) || types.ReferenceConvertible(from, to)
}

// bindGroup makes a delegate of a method group that fits.
func (b *binder) bindGroup(g *methodGroup, t *types.Type) Expr {
	sig := t.Invoke()
	var ptypes []*types.Type
	for _, p := range sig.Params {
		ptypes = append(ptypes, p.Type)
	}
	c := b.groupCandidate(g, ptypes, sig)
	m := c.m
	if g.funcs != nil {
		return &MethodDelegate{node: node{t, g.at}, Method: m, Func: g.funcs, Types: c.typeArgs}
	}
	b.use(m, g.nameAt)
	if !c.ext {
		switch {
		case m.Static && g.recv != nil:
			b.error(g.at, "CS0176", "Member '%s' cannot be accessed with an instance reference; qualify it with a type name instead", m)
			return bad(g.at)
		case !m.Static && g.recv == nil:
			b.error(g.at, "CS0120", "An object reference is required for the non-static field, method, or property '%s'", m)
			return bad(g.at)
		}
	}
	if g.recv != nil && m.Owner.Kind() == types.Delegate {
		// The Invoke of a delegate is the delegate.
		return &MethodDelegate{node: node{t, g.at}, Over: g.recv}
	}
	d := &MethodDelegate{node: node{t, g.at}, Method: m, Types: c.typeArgs}
	if g.recv != nil {
		d.Recv = g.recv
		if c.ext {
			d.Recv = b.apply(g.recv, c.convs[0], c.ptypes[0], false)
		}
	}
	return d
}

// groupMismatch reports why a method group does not fit a type.
func (b *binder) groupMismatch(g *methodGroup, to *types.Type) {
	if to.Kind() != types.Delegate || to.Invoke() == nil {
		b.error(g.nameAt, "CS0428", "Cannot convert method group '%s' to non-delegate type '%s'. Did you intend to invoke the method?", g.name, to)
		return
	}
	sig := to.Invoke()
	var ptypes []*types.Type
	for _, p := range sig.Params {
		ptypes = append(ptypes, p.Type)
	}
	r := b.groupResolve(g, ptypes, sig, true)
	if len(r.tied) > 1 && r.best == nil {
		b.tied(r.tied, g.nameAt)
		return
	}
	if r.best != nil && !resultFits(r.best.m.Result, sig.Result) {
		b.error(g.nameAt, "CS0407", "'%s %s' has the wrong return type", r.best.m.Result, memberShow(r.best.m))
		return
	}
	b.error(g.nameAt, "CS0123", "No overload for '%s' matches delegate '%s'", g.name, to)
}

func isStatementExpr(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Call, *syntax.Assign, *syntax.New, *syntax.Await, *syntax.BadExpr:
		return true
	case *syntax.Unary:
		switch x.Op {
		case syntax.OpPreIncrement, syntax.OpPreDecrement, syntax.OpPostIncrement, syntax.OpPostDecrement:
			return true
		}
	case *syntax.ConditionalAccess:
		return isStatementExpr(x.Access)
	}
	return false
}
