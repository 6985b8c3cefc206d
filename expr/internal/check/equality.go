package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// equality binds == and != on references, strings, nullables against null.
func (b *binder) equality(op syntax.Op, l, r Expr, at source.Span) Expr {
	lt, rt := l.Type(), r.Type()
	not := op == syntax.OpNotEqual
	str := func(t *types.Type) bool { return t == types.String || t == types.Null }
	switch {
	case lt == types.Null && rt == types.Null:
		return &Const{node: node{types.Bool, at}, Value: value.Bool(!not)}
	case lt == types.Null && rt.IsNullable():
		return &NullTest{node{types.Bool, at}, not, r}
	case rt == types.Null && lt.IsNullable():
		return &NullTest{node{types.Bool, at}, not, l}
	case rt == types.Null && lt.IsValue() && (lt.IsNumeric() || lt.Code() == types.CodeBool || lt.Kind() == types.Enum || b.hasEquality(lt)):
		// A value is never null: only a warning in C#.
		return &KnownTest{node{types.Bool, at}, l, not}
	case lt == types.Null && rt.IsValue() && (rt.IsNumeric() || rt.Code() == types.CodeBool || rt.Kind() == types.Enum || b.hasEquality(rt)):
		return &KnownTest{node{types.Bool, at}, r, not}
	case str(lt) && str(rt):
		k, ok1 := l.(*Const)
		m, ok2 := r.(*Const)
		if ok1 && ok2 {
			same := k.Value.IsNull() == m.Value.IsNull() && k.Value.Str() == m.Value.Str()
			return &Const{node: node{types.Bool, at}, Value: value.Bool(same != not)}
		}
		return &Binary{node: node{types.Bool, at}, Op: op, X: b.boxed(l), Y: b.boxed(r), Operand: types.String}
	}
	if lt.Kind() == types.Parameter && rt == types.Null {
		return &RefEqual{node{types.Bool, at}, not, b.convert(l, types.Object), r}
	}
	if rt.Kind() == types.Parameter && lt == types.Null {
		return &RefEqual{node{types.Bool, at}, not, l, b.convert(r, types.Object)}
	}
	if lt.Kind() == types.Delegate && (rt.Kind() == types.Delegate || rt == types.Null) && (types.Same(lt, rt) || rt == types.Null) || lt == types.Null && rt.Kind() == types.Delegate {
		return &DelegateOp{node{types.Bool, at}, op, l, r}
	}
	if lt.IsReference() && rt.IsReference() {
		if lt == types.Null || rt == types.Null || types.ReferenceConvertible(lt, rt) || types.ReferenceConvertible(rt, lt) || types.ExplicitReference(lt, rt) || types.ExplicitReference(rt, lt) {
			if lt == types.String && rt == types.Object || lt == types.Object && rt == types.String {
				b.diags.refs = append(b.diags.refs, at)
			}
			return &RefEqual{node{types.Bool, at}, not, l, r}
		}
	}
	return nil
}

func (b *binder) hasEquality(t *types.Type) bool {
	return len(b.c.table.Info(t.Def()).Named("operator ==")) > 0
}

// tupleEquality binds == and != over tuples, item by item.
func (b *binder) tupleEquality(op syntax.Op, l, r Expr, at source.Span) Expr {
	shape := func(x Expr) (n int, ok bool) {
		if t, lit := x.(*tupleLit); lit {
			return len(t.items), true
		}
		if x.Type() != nil && x.Type().Underlying().IsTuple() && !x.Type().IsNullable() {
			return len(x.Type().Args()), true
		}
		return 0, false
	}
	n, ok1 := shape(l)
	m, ok2 := shape(r)
	if !ok1 || !ok2 {
		return nil
	}
	if n != m {
		b.error(at, "CS8384", "Tuple types used as operands of an == or != operator must have matching cardinalities. But this operator has tuple types of cardinality %d on the left and %d on the right.", n, m)
		return bad(at)
	}
	eq := &TupleEqual{node: node{types.Bool, at}, Not: op == syntax.OpNotEqual}
	items := func(x Expr) (list []Expr) {
		if t, lit := x.(*tupleLit); lit {
			for _, item := range t.items {
				if item.Type() == nil || item.Type() == types.Null {
					list = append(list, item)
					continue
				}
				tmp := b.temp(item.Type())
				eq.Sides = append(eq.Sides, TupleSide{tmp, item})
				list = append(list, ref(tmp, item.Span()))
			}
			return list
		}
		if t, made := x.(*NewTuple); made {
			for _, item := range t.Items {
				if _, isConst := item.(*Const); isConst {
					list = append(list, item)
					continue
				}
				tmp := b.temp(item.Type())
				eq.Sides = append(eq.Sides, TupleSide{tmp, item})
				list = append(list, ref(tmp, item.Span()))
			}
			return list
		}
		tmp := b.temp(x.Type())
		eq.Sides = append(eq.Sides, TupleSide{tmp, x})
		for i, t := range x.Type().Args() {
			list = append(list, &Item{node{t, x.Span()}, ref(tmp, x.Span()), i})
		}
		return list
	}
	ls, rs := items(l), items(r)
	for i := range ls {
		x := b.binaryOf(op, ls[i], rs[i], at)
		if hasBad(x) {
			return bad(at)
		}
		eq.Items = append(eq.Items, b.boolean(x))
	}
	return eq
}
