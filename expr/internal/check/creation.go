package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// creation binds new T(…) { … }.
func (b *binder) creation(x *syntax.New) Expr {
	at := x.Span()
	if x.Type == nil {
		b.arguments(&x.Args)
		return bad(at)
	}
	if t, ok := x.Type.(*syntax.TupleType); ok {
		b.typ(t)
		b.error(t.Span(), "CS8181", "'new' cannot be used with tuple type. Use a tuple literal expression instead.")
		b.badCall(b.arguments(&x.Args), at)
		return bad(at)
	}
	t := b.typ(x.Type)
	args := b.arguments(&x.Args)
	typeAt := x.Type.Span()
	if isBad(t) {
		b.initForErrors(x.Init)
		return b.badCall(args, at)
	}
	made := b.construction(t, args, typeAt, at, x)
	if y, ok := made.(*Bad); ok {
		y.typ = t
	}
	if x.Init == nil {
		return made
	}
	if hasBad(made) {
		b.initializer(&Zero{node{t, at}}, t, x.Init)
		return flawed(t, at)
	}
	return b.initializer(made, t, x.Init)
}

func (b *binder) construction(t *types.Type, args []argument, typeAt, at source.Span, x *syntax.New) Expr {
	switch t.Kind() {
	case types.Interface:
		b.error(at, "CS0144", "Cannot create an instance of the abstract type or interface '%s'", t)
		return b.badCall(args, at)
	case types.Delegate:
		return b.newDelegate(t, args, at)
	case types.Parameter:
		if t.Constraint == nil || !t.Constraint.New && !t.Constraint.Struct {
			b.error(at, "CS0304", "Cannot create an instance of the variable type '%s' because it does not have the new() constraint", t)
			return b.badCall(args, at)
		}
		if len(args) > 0 {
			b.error(at, "CS0417", "'%s': cannot provide arguments when creating an instance of a variable type", t)
			return b.badCall(args, at)
		}
		return &Call{node: node{t, at}, Types: []*types.Type{t}}
	case types.Array, types.Void, types.Pointer:
		return b.badCall(args, at)
	}
	if t.Kind() == types.Class && t.Def().Static {
		b.error(at, "CS0712", "Cannot create an instance of the static class '%s'", t)
		return b.badCall(args, at)
	}
	if t.Kind() == types.Class && t.Def().Abstract {
		b.error(at, "CS0144", "Cannot create an instance of the abstract type or interface '%s'", t)
		return b.badCall(args, at)
	}
	var ctors []*types.Member
	var hidden *types.Member
	for _, m := range b.c.table.Info(t.Def()).Named(".ctor") {
		m = m.In(t)
		if m.Access != types.Public {
			hidden = m
			continue
		}
		ctors = append(ctors, m)
	}
	if t.IsValue() && len(args) == 0 {
		zero := true
		for _, m := range ctors {
			zero = zero && len(m.Params) > 0
		}
		if zero {
			return &Zero{node{t, at}}
		}
	}
	if t.IsTuple() && len(args) == len(t.Args()) {
		made := &NewTuple{node: node{t, at}}
		for i, a := range args {
			made.Items = append(made.Items, b.convert(a.x, t.Args()[i]))
		}
		if hasBad(made.Items...) {
			return bad(at)
		}
		return made
	}
	if len(ctors) == 0 {
		if hidden != nil {
			b.error(typeAt, "CS0122", "'%s' is inaccessible due to its protection level", hidden)
		} else {
			b.error(typeAt, "CS1729", "'%s' does not contain a constructor that takes %d arguments", t, len(args))
		}
		return b.badCall(args, at)
	}
	if badArguments(args) {
		return b.badCall(args, at)
	}
	r := b.resolve(ctors, false, args, nil)
	if r.best == nil {
		if hidden != nil && len(args) == len(hidden.Params) && len(r.tied) == 0 {
			if b.candidate(hidden, false, args, nil).fail == applicable {
				b.error(typeAt, "CS0122", "'%s' is inaccessible due to its protection level", hidden)
				return b.badCall2(args, at)
			}
		}
		b.report(r, args, callSite{at: typeAt, name: t.Name(), ctor: t, exprAt: at})
		return b.badCall2(args, at)
	}
	list, order := b.finish(r.best, args, at)
	b.use(r.best.m, typeAt)
	if hasBad(list...) {
		return bad(at)
	}
	return &Call{node: node{t, at}, Method: r.best.m, Args: list, Order: order}
}

func (b *binder) newDelegate(t *types.Type, args []argument, at source.Span) Expr {
	if len(args) != 1 {
		b.error(at, "CS0149", "Method name expected")
		return b.badCall(args, at)
	}
	x := args[0].x
	if hasBad(x) {
		return bad(at)
	}
	if x.Type() != nil && x.Type().Kind() == types.Delegate {
		if types.ReferenceConvertible(x.Type(), t) || b.delegatesFit(x.Type(), t) {
			return &MethodDelegate{node: node{t, at}, Over: x}
		}
		b.error(at, "CS0123", "No overload for '%s' matches delegate '%s'", memberShow(x.Type().Invoke()), t)
		return bad(at)
	}
	switch x.(type) {
	case *lambdaExpr, *methodGroup:
		y := b.convert(x, t)
		if hasBad(y) {
			return bad(at)
		}
		return y
	}
	b.error(at, "CS0149", "Method name expected")
	return bad(at)
}

func (b *binder) delegatesFit(from, to *types.Type) bool {
	p, q := from.Invoke(), to.Invoke()
	if p == nil || q == nil || len(p.Params) != len(q.Params) {
		return false
	}
	for i := range p.Params {
		if !types.Same(p.Params[i].Type, q.Params[i].Type) && !types.ReferenceConvertible(q.Params[i].Type, p.Params[i].Type) {
			return false
		}
	}
	return types.Same(p.Result, q.Result) || types.ReferenceConvertible(p.Result, q.Result)
}
