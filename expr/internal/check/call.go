package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// call binds f(…).
func (b *binder) call(x *syntax.Call) Expr {
	at := x.Span()
	if n, ok := x.Target.(*syntax.Name); ok && n.Text == "nameof" && !n.Verbatim && len(n.TypeArgs) == 0 && len(x.Args.Items) == 1 {
		if l, f := b.findName("nameof"); l == nil && f == nil {
			return b.nameOf(x)
		}
	}
	var target Expr
	switch t := x.Target.(type) {
	case *syntax.KeywordExpr:
		if t.Keyword == "__arglist" {
			b.error(at, "CS0226", "An __arglist expression may only appear inside of a call or new expression")
			return b.badCall(b.arguments(&x.Args), at)
		}
		target = b.expr(t)
	case *syntax.Name:
		target = b.name(t, true)
	case *syntax.Member:
		target = b.member(t, true)
	case *syntax.MemberBinding:
		target = b.bindMember(t, true)
	default:
		target = b.expr(x.Target)
	}
	nameAt := nameSpan(x.Target)
	if m, ok := target.(*methodGroup); ok {
		args := b.arguments(&x.Args)
		return b.callGroup(m, args, at)
	}
	args := b.arguments(&x.Args)
	switch t := target.(type) {
	case *typeExpr:
		b.error(nameAt, "CS1955", "Non-invocable member '%s' cannot be used like a method.", unbound(t.of))
		return b.badCall(args, at)
	case *namespaceExpr:
		b.error(t.at, "CS0118", "'%s' is a namespace but is used like a variable", t.name)
		return b.badCall(args, at)
	}
	if hasBad(target) {
		return b.badCall(args, at)
	}
	target = b.natural(b.needValue(target))
	t := target.Type()
	if t == nil || t.Kind() != types.Delegate || t.Invoke() == nil {
		if g, ok := target.(*Get); ok && g.Member.Kind != types.Indexer {
			b.error(nameAt, "CS1955", "Non-invocable member '%s' cannot be used like a method.", g.Member)
		} else if i, ok := target.(*Item); ok {
			b.error(nameAt, "CS1955", "Non-invocable member '%s' cannot be used like a method.", i.X.Type())
		} else if !hasBad(target) {
			b.error(target.Span(), "CS0149", "Method name expected")
		}
		return b.badCall(args, at)
	}
	return b.invoke(target, t, args, at, nameAt)
}

// badCall reports what is wrong within the arguments of a call that cannot be
// made.
func (b *binder) badCall(args []argument, at source.Span) Expr {
	for _, a := range args {
		if l, ok := a.x.(*lambdaExpr); ok {
			b.lambdaForErrors(l)
		}
	}
	return b.badCall2(args, at)
}

// typelessArguments reports whether there is an argument of which not even the
// type is known: no candidate can be chosen then.
func typelessArguments(args []argument) bool {
	for _, a := range args {
		if _, ok := a.x.(*outVar); !ok && hasBad(a.x) && (a.x.Type() == nil || typeless(a.x)) {
			return true
		}
	}
	return false
}

func badArguments(args []argument) bool {
	for _, a := range args {
		if _, ok := a.x.(*outVar); !ok && hasBad(a.x) {
			return true
		}
	}
	return false
}

// forget gives the variables that a failed call would have declared an unknown
// type.
func (b *binder) forget(x Expr) {
	if o, ok := x.(*outVar); ok && o.local != nil && o.local.Type == nil {
		o.local.Type = invalid
	}
}

func nameSpan(x syntax.Expr) source.Span {
	switch x := x.(type) {
	case *syntax.Member:
		return x.Name.Span()
	case *syntax.MemberBinding:
		return x.Name.Span()
	case *syntax.ConditionalAccess:
		return nameSpan(x.Access)
	}
	return x.Span()
}

func (b *binder) invoke(target Expr, t *types.Type, args []argument, at, nameAt source.Span) Expr {
	m := t.Invoke()
	if badArguments(args) {
		b.badCall(args, at)
		return flawed(m.Result, at)
	}
	r := b.resolve([]*types.Member{m}, false, args, nil)
	if r.best == nil {
		b.report(r, args, callSite{at: nameAt, name: t.Name(), dlg: t})
		b.badCall2(args, at)
		return flawed(m.Result, at)
	}
	// Named arguments of delegates are evaluated by parameter: nobody can tell.
	list, _ := b.finish(r.best, args, at)
	if hasBad(list...) || hasBad(target) {
		return flawed(m.Result, at)
	}
	return &Invoke{node{m.Result, at}, target, list}
}

func (b *binder) badCall2(args []argument, at source.Span) Expr {
	x := &Bad{node: node{invalid, at}}
	for _, a := range args {
		b.forget(a.x)
		if l, ok := a.x.(*LocalRef); ok && a.mode == types.ByOut {
			// It counts as assigned all the same.
			x.Parts = append(x.Parts, &Assign{node{l.typ, l.at}, l, bad(l.at)})
			continue
		}
		x.Parts = append(x.Parts, a.x)
	}
	return x
}

// callGroup calls a method group.
func (b *binder) callGroup(g *methodGroup, args []argument, at source.Span) Expr {
	for _, t := range g.args {
		if isBad(t) && !g.omitted {
			return b.badCall(args, at)
		}
	}
	if typelessArguments(args) {
		return b.failed(g, b.badCall(args, at))
	}
	if g.funcs != nil {
		return b.callLocal(g, args, at)
	}
	if g.static && len(g.methods) == 0 {
		// A type has no extension methods; the compiler says so in other words.
		b.error(g.nameAt, "CS1501", "No overload for method '%s' takes %d arguments", g.name, len(args))
		return b.badCall(args, at)
	}
	var given []*types.Type
	if g.hasArgs {
		given = g.args
	}
	site := callSite{at: g.nameAt, name: g.name, recv: g.recv, exprAt: at}
	var r resolution
	if len(g.methods) > 0 {
		if g.recvType != nil && g.recvType.Kind() == types.Delegate && g.name == "Invoke" {
			return b.invoke(g.recv, g.recvType, args, at, g.nameAt)
		}
		r = b.resolve(g.methods, false, args, given)
		if r.best != nil {
			return b.callMember(g, r.best, args, at)
		}
		if len(r.all) == 0 && given != nil && len(g.ext) == 0 {
			b.wrongTypeArgs(g)
			return b.failed(g, b.badCall(args, at))
		}
	}
	if g.recv != nil && len(g.ext) > 0 && len(r.tied) == 0 {
		all := append([]argument{{x: g.recv}}, args...)
		e := b.resolve(g.ext, true, all, given)
		if e.best != nil {
			return b.callMember(g, e.best, all, at)
		}
		if len(r.all) == 0 {
			if len(e.all) == 0 {
				b.wrongTypeArgs(g)
				return b.failed(g, b.badCall(args, at))
			}
			if badArguments(args) {
				return b.failed(g, b.badCall(args, at))
			}
			b.report(e, all, site)
			return b.failed(g, b.badCall2(args, at))
		}
	}
	if badArguments(args) {
		return b.failed(g, b.badCall(args, at))
	}
	b.report(r, args, site)
	return b.failed(g, b.badCall2(args, at))
}

// failed gives a call that could not be bound the type that all methods of its
// name return, if they agree.
func (b *binder) failed(g *methodGroup, x Expr) Expr {
	list := g.methods
	if len(list) == 0 {
		list = g.ext
	}
	return common(list, x)
}

// common gives what could not be bound the type that all candidates have.
func common(list []*types.Member, x Expr) Expr {
	if len(list) == 0 {
		return x
	}
	t := list[0].Result
	for _, m := range list {
		if t == nil || m.Result == nil || !types.Same(t, m.Result) || len(m.Parameters) > 0 && m.Result.Open() {
			return x
		}
	}
	if y, ok := x.(*Bad); ok {
		y.typ = t
	}
	return x
}

func (b *binder) wrongTypeArgs(g *methodGroup) {
	list := g.methods
	if len(list) == 0 {
		list = g.ext
	}
	for _, m := range list {
		if len(m.Parameters) > 0 {
			b.error(g.nameAt, "CS0305", "Using the generic method '%s' requires %d type arguments", memberShow(m), len(m.Parameters))
			return
		}
	}
	b.error(g.nameAt, "CS0308", "The non-generic method '%s' cannot be used with type arguments", memberShow(list[0]))
}

// callMember makes a call of a member that has been chosen.
func (b *binder) callMember(g *methodGroup, c *candidate, args []argument, at source.Span) Expr {
	list, order := b.finish(c, args, at)
	m := c.m
	b.use(m, g.nameAt)
	if hasBad(list...) {
		return flawed(m.Result, at)
	}
	if !c.ext {
		switch {
		case m.Static && g.recv != nil:
			b.error(g.at, "CS0176", "Member '%s' cannot be accessed with an instance reference; qualify it with a type name instead", m)
			return flawed(m.Result, at)
		case !m.Static && g.recv == nil && !g.simple:
			b.error(g.at, "CS0120", "An object reference is required for the non-static field, method, or property '%s'", m)
			return flawed(m.Result, at)
		}
	}
	call := &Call{node: node{m.Result, at}, Method: m, Args: list, Types: c.typeArgs, Order: order}
	if !c.ext {
		call.Recv = g.recv
	}
	call.extension = c.ext
	if hasBad(g.recv) {
		return flawed(m.Result, at)
	}
	return call
}

// finish converts the arguments of the chosen candidate to its parameters, in
// the order of the parameters, with defaults and the params array filled in.
// The order of evaluation is given when it differs.
func (b *binder) finish(c *candidate, args []argument, at source.Span) ([]Expr, []int) {
	m := c.m
	list := make([]Expr, len(m.Params))
	var rest []Expr
	var order []int
	ordered := true
	last := -1
	for i, a := range args {
		slot := c.slots[i]
		t := c.ptypes[i]
		var x Expr
		switch o := a.x.(type) {
		case *outVar:
			if o.local != nil && o.local.Type == nil {
				o.local.Type = t
			}
			if o.local != nil {
				x = &Ref{node{t, o.at}, &LocalRef{node{t, o.at}, o.local}, syntax.ByOut}
			} else {
				x = &Ref{node{t, o.at}, &Discard{node{t, o.at}}, syntax.ByOut}
			}
		default:
			switch {
			case a.mode == types.ByRef:
				x = &Ref{node{t, a.x.Span()}, a.x, syntax.ByRef}
			case a.mode == types.ByOut:
				x = &Ref{node{t, a.x.Span()}, a.x, syntax.ByOut}
			case a.mode == types.ByIn:
				x = a.x
			default:
				x = b.apply(a.x, c.convs[i], t, false)
			}
		}
		if hasBad(x) {
			list[slot] = bad(at)
			continue
		}
		if c.expanded && slot == len(m.Params)-1 && a.name == "" {
			rest = append(rest, x)
		} else {
			if slot < last {
				ordered = false
			}
			list[slot] = x
		}
		if slot > last {
			last = slot
		}
		if len(order) == 0 || order[len(order)-1] != slot {
			order = append(order, slot)
		}
	}
	for i, p := range m.Params {
		if list[i] != nil {
			continue
		}
		if c.expanded && i == len(m.Params)-1 {
			arr := &NewArray{node: node{p.Type, at}, Elems: rest, Dims: []int{len(rest)}}
			if rest == nil {
				arr.Elems = []Expr{}
			}
			list[i] = arr
			continue
		}
		list[i] = b.defaultArgument(m, i, at)
	}
	for i := range list {
		found := false
		for _, o := range order {
			found = found || o == i
		}
		if !found {
			order = append(order, i)
		}
	}
	if ordered {
		order = nil
	}
	return list, order
}

// defaultArgument is what an omitted argument stands for.
func (b *binder) defaultArgument(m *types.Member, i int, at source.Span) Expr {
	p := m.Params[i]
	if m.Owner == nil {
		if f, ok := m.Row.(*Function); ok && f.defaults[i] != nil {
			if k, isConst := f.defaults[i].(*Const); isConst {
				return &Const{node: node{p.Type, at}, Value: k.Value}
			}
			return &Zero{node{p.Type, at}}
		}
	}
	v, ok := b.defaultValue(p.Type, p.Default)
	if !ok || v.IsNull() && p.Type.Kind() == types.Parameter {
		return &Zero{node{p.Type, at}}
	}
	return &Const{node: node{p.Type, at}, Value: v}
}

func (b *binder) callLocal(g *methodGroup, args []argument, at source.Span) Expr {
	f := g.funcs
	if f.member == nil {
		return b.badCall(args, at)
	}
	members := []*types.Member{f.member}
	var given []*types.Type
	if g.hasArgs {
		given = g.args
		if len(given) != len(f.TypeParams) {
			if len(f.TypeParams) == 0 {
				b.error(g.nameAt, "CS0308", "The non-generic method '%s' cannot be used with type arguments", funcName(f))
			} else {
				b.error(g.nameAt, "CS0305", "Using the generic method '%s' requires %d type arguments", funcName(f), len(f.TypeParams))
			}
			return common(members, b.badCall(args, at))
		}
	}
	for _, p := range f.member.Params {
		if isBad(p.Type) {
			return common(members, b.badCall(args, at))
		}
	}
	r := b.resolve(members, false, args, given)
	if r.best == nil {
		if badArguments(args) {
			return common(members, b.badCall(args, at))
		}
		b.report(r, args, callSite{at: g.nameAt, name: g.name, exprAt: at})
		return common(members, b.badCall2(args, at))
	}
	list, order := b.finish(r.best, args, at)
	if hasBad(list...) || isBad(r.best.m.Result) {
		return flawed(r.best.m.Result, at)
	}
	return &LocalCall{node: node{r.best.m.Result, at}, Func: f, Args: list, Types: r.best.typeArgs, Order: order}
}

func (b *binder) nameOf(x *syntax.Call) Expr {
	at := x.Span()
	a := x.Args.Items[0].Value
	name := inferredName(a)
	if name == "" {
		if _, ok := a.(*syntax.AliasName); !ok {
			b.expr(a)
			b.error(a.Span(), "CS8081", "Expression does not have a name.")
		}
		return bad(at)
	}
	n := b.withDiags(&bag{})
	v := n.expr(a)
	if _, isNS := v.(*namespaceExpr); isNS {
		return &Const{node: node{types.String, at}, Value: value.String(name)}
	}
	for _, p := range n.diags.list {
		if p.Code != "CS0120" && p.Code != "CS0841" {
			b.diags.list = append(b.diags.list, p)
			return bad(at)
		}
	}
	return &Const{node: node{types.String, at}, Value: value.String(name)}
}

// bindMember binds the `.name` right after `?`.
func (b *binder) bindMember(m *syntax.MemberBinding, invoked bool) Expr {
	if b.binding == nil {
		return bad(m.Span())
	}
	recv := ref(b.binding, b.bindingAt)
	n := *b
	n.binding = nil
	// The compiler places what is wrong with the name at the dot.
	return n.instanceMember(recv, m.Name, m.Span(), m.Span(), invoked)
}

// index binds x[…].
func (b *binder) index(x *syntax.Index) Expr {
	target := b.memberTarget(x.Target)
	switch target.(type) {
	case *typeExpr, *namespaceExpr:
		target = b.needValue(target)
	}
	return b.indexOf(target, &x.Args, x.Span())
}

func (b *binder) indexOf(target Expr, list *syntax.ArgumentList, at source.Span) Expr {
	args := b.arguments(list)
	t := target.Type()
	if hasBad(target) {
		// More is not reported, but what it would give is known.
		if t == nil || isBad(t) || t == types.Null {
			return b.badCall(args, at)
		}
		b = b.withDiags(&bag{})
	}
	if t == nil || t.Kind() == types.Void || t == types.Null {
		if g, ok := target.(*methodGroup); ok {
			b.error(g.at, "CS0021", "Cannot apply indexing with [] to an expression of type 'method group'")
		} else {
			b.error(at, "CS0021", "Cannot apply indexing with [] to an expression of type '%s'", show(target))
		}
		return b.badCall(args, at)
	}
	if t.Kind() == types.Array {
		return b.element(target, t, args, at)
	}
	var found []*types.Member
	for _, c := range hierarchy(t) {
		if c.Def() == nil {
			continue
		}
		for _, m := range b.c.table.Info(c.Def()).Named("this[]") {
			m = m.In(c)
			if m.Access == types.Public && !overridden(found, m) {
				found = append(found, m)
			}
		}
	}
	if len(found) == 0 {
		hint := ""
		if t == types.Object {
			hint = "cast the object to its type first: ((JObject)…)[…]"
		}
		b.errorHint(at, hint, "CS0021", "Cannot apply indexing with [] to an expression of type '%s'", t)
		return b.badCall(args, at)
	}
	if typelessArguments(args) {
		return common(found, b.badCall(args, at))
	}
	r := b.resolve(found, false, args, nil)
	if r.best == nil {
		if badArguments(args) {
			return common(found, b.badCall(args, at))
		}
		b.report(r, args, callSite{at: at, name: "this", recv: nil})
		return common(found, b.badCall2(args, at))
	}
	xs, order := b.finish(r.best, args, at)
	b.use(r.best.m, at)
	if hasBad(xs...) || hasBad(target) {
		return flawed(r.best.m.Result, at)
	}
	return &Get{node: node{r.best.m.Result, at}, Member: r.best.m, Recv: target, Args: xs, Order: order}
}

func (b *binder) element(target Expr, t *types.Type, args []argument, at source.Span) Expr {
	if len(args) != t.Rank() {
		b.error(at, "CS0022", "Wrong number of indices inside []; expected %d", t.Rank())
		b.badCall(args, at)
		return flawed(t.Elem(), at)
	}
	if hasBad(target) {
		b.badCall(args, at)
		return flawed(t.Elem(), at)
	}
	e := &Elem{node: node{t.Elem(), at}, Array: target}
	for _, a := range args {
		if a.name != "" {
			b.error(a.nameAt, "CS1742", "An array access may not have a named argument specifier")
			return flawed(t.Elem(), at)
		}
		x := b.arrayIndex(a.x)
		if hasBad(x) {
			return flawed(t.Elem(), at)
		}
		e.Index = append(e.Index, x)
	}
	return e
}

// arrayIndex converts to the first of int, uint, long and ulong that fits.
func (b *binder) arrayIndex(x Expr) Expr {
	if hasBad(x) {
		return x
	}
	for _, t := range []*types.Type{types.Int32, types.UInt32, types.Int64, types.UInt64} {
		if c := b.implicit(x, t); c.ok() {
			return b.apply(x, c, t, false)
		}
	}
	return b.convert(x, types.Int32)
}
