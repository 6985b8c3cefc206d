package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// unary binds a prefix or postfix operator.
func (b *binder) unary(x *syntax.Unary) Expr {
	at := x.Span()
	switch x.Op {
	case syntax.OpPreIncrement, syntax.OpPreDecrement, syntax.OpPostIncrement, syntax.OpPostDecrement:
		return b.increment(x)
	case syntax.OpDereference, syntax.OpAddressOf:
		v := b.rvalue(x.X)
		if !hasBad(v) {
			if x.Op == syntax.OpDereference {
				b.error(at, "CS0193", "The * or -> operator must be applied to a pointer")
			} else {
				b.error(at, "CS0214", "Pointers and fixed size buffers may only be used in an unsafe context")
			}
		}
		return bad(at)
	case syntax.OpSuppress, syntax.OpFromEnd:
		b.rvalue(x.X)
		return bad(at)
	}
	v := b.operand(x.X)
	if hasBad(v) {
		return bad(at)
	}
	t := v.Type()
	if t == types.Null || t == nil {
		if _, ok := v.(*defaultLit); ok || t == types.Null {
			b.error(at, "CS8310", "Operator '%s' cannot be applied to operand '%s'", x.Op, show(v))
		} else {
			b.error(at, "CS0023", "Operator '%s' cannot be applied to operand of type '%s'", x.Op, show(v))
		}
		return bad(at)
	}
	if methods := b.operators("operator "+x.Op.String(), t); len(methods) > 0 {
		if c := b.userUnary(methods, v, at); c != nil {
			return c
		}
	}
	if y := b.predefinedUnary(x.Op, v, at); y != nil {
		return y
	}
	b.error(at, "CS0023", "Operator '%s' cannot be applied to operand of type '%s'", x.Op, show(v))
	return bad(at)
}

func (b *binder) userUnary(methods []*types.Member, v Expr, at source.Span) Expr {
	var unary []*types.Member
	for _, m := range methods {
		if len(m.Params) == 1 {
			unary = append(unary, m)
		}
	}
	args := []argument{{x: v}}
	r := b.resolve(unary, false, args, nil)
	lifted := false
	if r.best == nil {
		var lift []*types.Member
		for _, m := range unary {
			if p := m.Params[0].Type; p.IsValue() && !p.IsNullable() {
				c := *m
				c.Params = append([]types.Param(nil), m.Params...)
				c.Params[0].Type = types.NullableOf(p)
				lift = append(lift, &c)
			}
		}
		r = b.resolve(lift, false, args, nil)
		lifted = true
	}
	if r.best == nil {
		return nil
	}
	list, _ := b.finish(r.best, args, at)
	if hasBad(list...) {
		return bad(at)
	}
	b.use(r.best.m, at)
	result := r.best.m.Result
	if lifted && result.IsValue() {
		result = types.NullableOf(result)
	}
	return &Call{node: node{result, at}, Method: r.best.m, Args: list, Lifted: lifted}
}

func (b *binder) predefinedUnary(op syntax.Op, v Expr, at source.Span) Expr {
	t := v.Type()
	if t.Kind() == types.Void {
		return nil
	}
	lifted := t.IsNullable()
	under := t.Underlying()
	if under.Kind() == types.Enum && op == syntax.OpComplement {
		if k, ok := b.foldUnary(op, v, under, at); ok {
			return k
		}
		return &Unary{node: node{t, at}, Op: op, X: v, Lifted: lifted}
	}
	var list []*types.Type
	switch op {
	case syntax.OpPlus:
		list = arithmeticTypes
	case syntax.OpMinus:
		list = []*types.Type{types.Int32, types.Int64, types.Single, types.Double, types.Decimal}
	case syntax.OpComplement:
		list = arithmeticTypes[:4]
	case syntax.OpNot:
		list = []*types.Type{types.Bool}
	}
	if op == syntax.OpMinus {
		if k, ok := v.(*Const); ok && k.literal {
			// -2147483648 and -9223372036854775808 are an int and a long.
			if k.typ == types.UInt32 && k.Value.Word() == 1<<31 {
				return &Const{node: node{types.Int32, at}, Value: value.Int(-1 << 31)}
			}
			if k.typ == types.UInt64 && k.Value.Word() == 1<<63 {
				return &Const{node: node{types.Int64, at}, Value: value.Long(-1 << 63)}
			}
		}
		if under.Code() == types.CodeUInt64 {
			b.error(at, "CS0023", "Operator '-' cannot be applied to operand of type '%s'", t)
			return bad(at)
		}
	}
	var best *types.Type
	for _, u := range list {
		target := u
		if lifted {
			target = types.NullableOf(u)
		}
		if !b.implicit(v, target).ok() {
			continue
		}
		if best == nil {
			best = u
			continue
		}
		tb, tu := best, u
		if lifted {
			tb, tu = types.NullableOf(best), target
		}
		if b.betterConversion(v, tu, tb) > 0 {
			best = u
		}
	}
	if best == nil {
		return nil
	}
	target := best
	if lifted {
		target = types.NullableOf(best)
	}
	x := b.convert(v, target)
	if hasBad(x) {
		return x
	}
	if !lifted {
		if k, ok := b.foldUnary(op, x, best, at); ok {
			return k
		}
	}
	return &Unary{node: node{target, at}, Op: op, X: x, Checked: b.checked, Lifted: lifted}
}
