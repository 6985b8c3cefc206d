package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

var arithmeticTypes = []*types.Type{types.Int32, types.UInt32, types.Int64, types.UInt64, types.Single, types.Double, types.Decimal}

// binary binds x op y. Chains of one operator are left-deep; they are walked
// without recursion on the left.
func (b *binder) binary(x *syntax.Binary) Expr {
	var chain []*syntax.Binary
	var left syntax.Expr = x
	for {
		n, ok := left.(*syntax.Binary)
		if !ok || n.Op == syntax.OpCoalesce {
			break
		}
		chain = append(chain, n)
		left = n.X
	}
	if len(chain) == 0 {
		return b.coalesce(x)
	}
	first := chain[len(chain)-1]
	if paren, ok := left.(*syntax.Paren); ok && first.Op == syntax.OpSub {
		if t, isType := paren.X.(syntax.Type); isType {
			if _, predefined := t.(*syntax.PredefinedType); !predefined && b.namesType(paren.X) {
				b.error(first.Span(), "CS0075", "To cast a negative value, you must enclose the value in parentheses.")
				return bad(x.Span())
			}
		}
	}
	l := b.binaryOperand(left, first.Op)
	for i := len(chain) - 1; i >= 0; i-- {
		n := chain[i]
		r := b.binaryOperand(n.Y, n.Op)
		l = b.binaryOf(n.Op, l, r, n.Span())
	}
	return l
}

// namesType reports whether an expression names a type and no value.
func (b *binder) namesType(x syntax.Expr) bool {
	_, ok := b.withDiags(&bag{}).expr(x).(*typeExpr)
	return ok
}

func (b *binder) binaryOperand(x syntax.Expr, op syntax.Op) Expr {
	v := b.rvalue(x)
	if t, ok := v.(*tupleLit); ok {
		if (op == syntax.OpEqual || op == syntax.OpNotEqual) && t.typ == nil {
			return t
		}
	}
	return b.natural(v)
}

func (b *binder) binaryOf(op syntax.Op, l, r Expr, at source.Span) Expr {
	return b.binaryNamed(op, op.String(), l, r, at)
}

// binaryNamed is an operation that messages call by another name: the + of x +=
// y is called +=.
func (b *binder) binaryNamed(op syntax.Op, name string, l, r Expr, at source.Span) Expr {
	if hasBad(l, r) {
		b.settle(l, invalid)
		b.settle(r, invalid)
		return failedBinary(op, at)
	}
	switch op {
	case syntax.OpUnsignedShr:
		return bad(at)
	case syntax.OpAndAlso, syntax.OpOrElse:
		return b.logic(op, l, r, at)
	}
	if x := b.tryBinary(op, l, r, at); x != nil {
		return x
	}
	_, ld := l.(*defaultLit)
	_, rd := r.(*defaultLit)
	switch {
	case ld || rd:
		if (op == syntax.OpEqual || op == syntax.OpNotEqual) && ld != rd {
			// `x == default` takes the other side's type.
			if ld && r.Type() != nil && r.Type() != types.Null {
				return b.binaryOf(op, &Zero{node{r.Type(), l.Span()}}, r, at)
			}
			if rd && l.Type() != nil && l.Type() != types.Null {
				return b.binaryOf(op, l, &Zero{node{l.Type(), r.Span()}}, at)
			}
		}
		b.error(at, "CS8310", "Operator '%s' cannot be applied to operand 'default'", name)
	default:
		b.error(at, "CS0019", "Operator '%s' cannot be applied to operands of type '%s' and '%s'", name, show(l), show(r))
	}
	return failedBinary(op, at)
}

// failedBinary is an operation that is wrong within. A comparison is a bool
// whatever it compares.
func failedBinary(op syntax.Op, at source.Span) Expr {
	if isComparison(op) {
		return flawed(types.Bool, at)
	}
	return bad(at)
}

func (b *binder) logic(op syntax.Op, l, r Expr, at source.Span) Expr {
	if l.Type() == types.Bool && r.Type() == types.Bool {
		k, ok1 := constant(l)
		m, ok2 := constant(r)
		if ok1 && ok2 {
			v := k.Bool() && m.Bool()
			if op == syntax.OpOrElse {
				v = k.Bool() || m.Bool()
			}
			return &Const{node: node{types.Bool, at}, Value: value.Bool(v)}
		}
		return &Logic{node{types.Bool, at}, op == syntax.OpAndAlso, l, r}
	}
	lc, rc := b.implicit(l, types.Bool), b.implicit(r, types.Bool)
	if l.Type() != nil && r.Type() != nil && lc.ok() && rc.ok() {
		return &Logic{node{types.Bool, at}, op == syntax.OpAndAlso, b.apply(l, lc, types.Bool, false), b.apply(r, rc, types.Bool, false)}
	}
	b.error(at, "CS0019", "Operator '%s' cannot be applied to operands of type '%s' and '%s'", op, show(l), show(r))
	return bad(at)
}

// tryBinary is nil when no operator fits; a problem it has reported itself
// gives a Bad.
func (b *binder) tryBinary(op syntax.Op, l, r Expr, at source.Span) Expr {
	lt, rt := l.Type(), r.Type()
	if op == syntax.OpEqual || op == syntax.OpNotEqual {
		if x := b.tupleEquality(op, l, r, at); x != nil {
			return x
		}
	}
	if lt == nil && rt == nil {
		return nil
	}
	for _, t := range []*types.Type{lt, rt} {
		if t != nil && t.Kind() == types.Void {
			return nil
		}
	}
	if x := b.userBinary(op, l, r, at); x != nil {
		return x
	}
	if lt == nil || rt == nil {
		// A lambda or a method group can meet a delegate.
		if x := b.delegateBinary(op, l, r, at); x != nil {
			return x
		}
		return nil
	}
	switch op {
	case syntax.OpAdd:
		if lt == types.String || rt == types.String {
			return b.concat(l, r, at)
		}
		if lt == types.Null && rt == types.Null {
			b.error(at, "CS0034", "Operator '+' is ambiguous on operands of type '<null>' and '<null>'")
			return bad(at)
		}
	case syntax.OpEqual, syntax.OpNotEqual:
		if x := b.equality(op, l, r, at); x != nil {
			return x
		}
	}
	if x := b.enumBinary(op, l, r, at); x != nil {
		return x
	}
	if x := b.delegateBinary(op, l, r, at); x != nil {
		return x
	}
	return b.predefined(op, l, r, at)
}

// predefined applies the operators of numbers and bools.
func (b *binder) predefined(op syntax.Op, l, r Expr, at source.Span) Expr {
	lt, rt := l.Type(), r.Type()
	lifted := lt.IsNullable() || rt.IsNullable() || lt == types.Null || rt == types.Null
	if lt == types.Null && rt == types.Null {
		return nil
	}
	var list []*types.Type
	switch op {
	case syntax.OpAdd, syntax.OpSub, syntax.OpMul, syntax.OpDiv, syntax.OpRem, syntax.OpLess, syntax.OpLessEqual, syntax.OpGreater, syntax.OpGreaterEqual:
		list = arithmeticTypes
	case syntax.OpEqual, syntax.OpNotEqual:
		list = append(append([]*types.Type{}, arithmeticTypes...), types.Bool)
	case syntax.OpAnd, syntax.OpOr, syntax.OpXor:
		list = append(append([]*types.Type{}, arithmeticTypes[:4]...), types.Bool)
	case syntax.OpShl, syntax.OpShr:
		return b.shift(op, l, r, at)
	default:
		return nil
	}
	type fit struct {
		t      *types.Type
		lc, rc conversion
	}
	var fits []fit
	for _, t := range list {
		target := t
		if lifted {
			target = types.NullableOf(t)
		}
		lc := b.implicit(l, target)
		if !lc.ok() {
			continue
		}
		rc := b.implicit(r, target)
		if !rc.ok() {
			continue
		}
		fits = append(fits, fit{t, lc, rc})
	}
	if len(fits) == 0 {
		return nil
	}
	best := -1
	for i := range fits {
		wins := true
		for j := range fits {
			if i == j {
				continue
			}
			t, u := fits[i].t, fits[j].t
			if lifted {
				t, u = types.NullableOf(t), types.NullableOf(u)
			}
			w1, w2 := b.betterConversion(l, t, u), b.betterConversion(r, t, u)
			if w1 < 0 || w2 < 0 || w1 == 0 && w2 == 0 {
				wins = false
				break
			}
		}
		if wins {
			best = i
			break
		}
	}
	if best < 0 {
		b.error(at, "CS0034", "Operator '%s' is ambiguous on operands of type '%s' and '%s'", op, lt, rt)
		return bad(at)
	}
	t := fits[best].t
	target := t
	if lifted {
		target = types.NullableOf(t)
	}
	x, y := b.apply(l, fits[best].lc, target, false), b.apply(r, fits[best].rc, target, false)
	return b.makeBinary(op, x, y, t, t, lifted, at)
}

// makeBinary builds an operator over operands of one type and folds constants.
func (b *binder) makeBinary(op syntax.Op, x, y Expr, operand, result *types.Type, lifted bool, at source.Span) Expr {
	if hasBad(x, y) {
		return bad(at)
	}
	compare := isComparison(op)
	if compare {
		result = types.Bool
	}
	if !lifted {
		if k, ok := b.foldBinary(op, x, y, operand, result, at); ok {
			return k
		}
	} else if !compare {
		if operand == types.Bool && (op == syntax.OpAnd || op == syntax.OpOr) {
			return &BoolLogic{node{types.NullableOf(types.Bool), at}, op == syntax.OpAnd, x, y}
		}
		result = types.NullableOf(result)
	}
	return &Binary{node: node{result, at}, Op: op, X: x, Y: y, Operand: operand, Checked: b.checked, Lifted: lifted}
}

func isComparison(op syntax.Op) bool {
	switch op {
	case syntax.OpEqual, syntax.OpNotEqual, syntax.OpLess, syntax.OpLessEqual, syntax.OpGreater, syntax.OpGreaterEqual:
		return true
	}
	return false
}

func (b *binder) shift(op syntax.Op, l, r Expr, at source.Span) Expr {
	lt, rt := l.Type(), r.Type()
	lifted := lt.IsNullable() || rt.IsNullable() || lt == types.Null || rt == types.Null
	count := types.Int32
	if lifted {
		count = types.NullableOf(count)
	}
	rc := b.implicit(r, count)
	if !rc.ok() {
		return nil
	}
	for _, t := range arithmeticTypes[:4] {
		target := t
		if lifted {
			target = types.NullableOf(t)
		}
		lc := b.implicit(l, target)
		if !lc.ok() {
			continue
		}
		x, y := b.apply(l, lc, target, false), b.apply(r, rc, count, false)
		if hasBad(x, y) {
			return bad(at)
		}
		result := t
		if lifted {
			result = target
		} else if k, ok := b.foldBinary(op, x, y, t, t, at); ok {
			return k
		}
		return &Binary{node: node{result, at}, Op: op, X: x, Y: y, Operand: t, Lifted: lifted}
	}
	return nil
}

// enumBinary applies the operators of enums.
func (b *binder) enumBinary(op syntax.Op, l, r Expr, at source.Span) Expr {
	lt, rt := l.Type(), r.Type()
	le, re := lt.Underlying(), rt.Underlying()
	if le.Kind() != types.Enum && re.Kind() != types.Enum {
		return nil
	}
	lifted := lt.IsNullable() || rt.IsNullable() || lt == types.Null || rt == types.Null
	wrap := func(t *types.Type) *types.Type {
		if lifted {
			return types.NullableOf(t)
		}
		return t
	}
	e := le
	if e.Kind() != types.Enum {
		e = re
	}
	under := e.EnumBase()
	both := func(a, c, result *types.Type) Expr {
		lc, rc := b.implicit(l, wrap(a)), b.implicit(r, wrap(c))
		if !lc.ok() || !rc.ok() {
			return nil
		}
		x, y := b.apply(l, lc, wrap(a), false), b.apply(r, rc, wrap(c), false)
		return b.makeBinary(op, x, y, e, result, lifted, at)
	}
	switch op {
	case syntax.OpEqual, syntax.OpNotEqual, syntax.OpLess, syntax.OpLessEqual, syntax.OpGreater, syntax.OpGreaterEqual, syntax.OpAnd, syntax.OpOr, syntax.OpXor:
		return both(e, e, e)
	case syntax.OpAdd:
		if x := both(e, under, e); x != nil && le.Kind() == types.Enum {
			return x
		}
		return both(under, e, e)
	case syntax.OpSub:
		if le.Kind() == types.Enum && re.Kind() == types.Enum {
			return both(e, e, under)
		}
		if le.Kind() == types.Enum {
			if k, ok := constant(r); ok && isZero(k, rt) {
				return both(e, e, under)
			}
			return both(e, under, e)
		}
		return both(e, e, under)
	}
	return nil
}

// concat joins strings, flattening chains and folding constants.
func (b *binder) concat(l, r Expr, at source.Span) Expr {
	if lt := l.Type(); lt != types.String && lt != types.Null && !b.implicit(l, types.Object).ok() {
		return nil
	}
	if rt := r.Type(); rt != types.String && rt != types.Null && !b.implicit(r, types.Object).ok() {
		return nil
	}
	k, ok1 := stringConst(l)
	m, ok2 := stringConst(r)
	if ok1 && ok2 {
		return &Const{node: node{types.String, at}, Value: value.String(value.Concat(k, m))}
	}
	n := &Concat{node: node{types.String, at}}
	if c, ok := l.(*Concat); ok {
		// A concatenation on the left becomes part of this one, which keeps long
		// chains flat; nobody else holds it.
		n.Parts = c.Parts
	} else {
		n.Parts = append(n.Parts, b.boxed(l))
	}
	n.Parts = append(n.Parts, b.boxed(r))
	return n
}

func stringConst(x Expr) (string, bool) {
	c, ok := x.(*Const)
	if !ok {
		return "", false
	}
	if c.typ == types.String {
		return c.Value.Str(), true
	}
	return "", c.typ == types.Null
}

func (b *binder) delegateBinary(op syntax.Op, l, r Expr, at source.Span) Expr {
	lt, rt := l.Type(), r.Type()
	isDelegate := func(t *types.Type) bool { return t != nil && t.Kind() == types.Delegate }
	if !isDelegate(lt) && !isDelegate(rt) {
		return nil
	}
	t := lt
	if !isDelegate(t) {
		t = rt
	}
	switch op {
	case syntax.OpAdd, syntax.OpSub, syntax.OpEqual, syntax.OpNotEqual:
	default:
		return nil
	}
	lc, rc := b.implicit(l, t), b.implicit(r, t)
	if !lc.ok() || !rc.ok() {
		return nil
	}
	x, y := b.apply(l, lc, t, false), b.apply(r, rc, t, false)
	if hasBad(x, y) {
		return bad(at)
	}
	result := t
	if op == syntax.OpEqual || op == syntax.OpNotEqual {
		result = types.Bool
	}
	return &DelegateOp{node{result, at}, op, x, y}
}

// userBinary looks for a user-defined operator on the operands' types.
func (b *binder) userBinary(op syntax.Op, l, r Expr, at source.Span) Expr {
	name := "operator " + op.String()
	var methods []*types.Member
	for _, m := range b.operators(name, l.Type(), r.Type()) {
		if len(m.Params) == 2 {
			methods = append(methods, m)
		}
	}
	if len(methods) == 0 {
		return nil
	}
	args := []argument{{x: l}, {x: r}}
	res := b.resolve(methods, false, args, nil)
	lifted := false
	if res.best == nil && len(res.tied) == 0 {
		var lift []*types.Member
		for _, m := range methods {
			p, q := m.Params[0].Type, m.Params[1].Type
			if p.IsValue() && !p.IsNullable() && q.IsValue() && !q.IsNullable() {
				c := *m
				c.Params = append([]types.Param(nil), m.Params...)
				c.Params[0].Type, c.Params[1].Type = types.NullableOf(p), types.NullableOf(q)
				lift = append(lift, &c)
			}
		}
		res = b.resolve(lift, false, args, nil)
		lifted = true
	}
	if len(res.tied) > 1 {
		b.error(at, "CS0034", "Operator '%s' is ambiguous on operands of type '%s' and '%s'", op, show(l), show(r))
		return bad(at)
	}
	if res.best == nil {
		return nil
	}
	list, _ := b.finish(res.best, args, at)
	if hasBad(list...) {
		return bad(at)
	}
	m := res.best.m
	b.use(m, at)
	result := m.Result
	if lifted {
		if isComparison(op) {
			if _, null := list[1].(*Const); null && isNull(list[1]) && (op == syntax.OpEqual || op == syntax.OpNotEqual) {
				return &NullTest{node{types.Bool, at}, op == syntax.OpNotEqual, list[0]}
			}
			if _, null := list[0].(*Const); null && isNull(list[0]) && (op == syntax.OpEqual || op == syntax.OpNotEqual) {
				return &NullTest{node{types.Bool, at}, op == syntax.OpNotEqual, list[1]}
			}
		} else {
			result = types.NullableOf(result)
		}
	}
	return &Call{node: node{result, at}, Method: m, Args: list, Lifted: lifted, comparison: isComparison(op), op: op}
}

// operators collects the user-defined operators of the operand types and their
// bases.
func (b *binder) operators(name string, ts ...*types.Type) []*types.Member {
	var list []*types.Member
	seen := map[*types.Member]bool{}
	for _, t := range ts {
		if t == nil || t == types.Null {
			continue
		}
		for c := t.Underlying(); c != nil; c = c.Base() {
			if c.Def() == nil || c.Kind() == types.Array || c.Kind() == types.Interface {
				break
			}
			for _, m := range b.c.table.Info(c.Def()).Named(name) {
				if !seen[m] {
					seen[m] = true
					list = append(list, m.In(c))
				}
			}
		}
	}
	return list
}

// coalesce binds x ?? y.
func (b *binder) coalesce(x *syntax.Binary) Expr {
	at := x.Span()
	l, r := b.rvalue(x.X), b.orThrow(x.Y)
	l = b.natural(l)
	if hasBad(l, r) {
		b.settle(l, invalid)
		b.settle(r, invalid)
		return bad(at)
	}
	lt := l.Type()
	fail := func() Expr {
		b.error(at, "CS0019", "Operator '??' cannot be applied to operands of type '%s' and '%s'", show(l), show(r))
		return bad(at)
	}
	if lt == nil || lt.Kind() == types.Void || lt.IsValue() && !lt.IsNullable() {
		return fail()
	}
	if lt == types.Null {
		if r.Type() == nil {
			return fail()
		}
		r = b.natural(r)
		if k, ok := r.(*Const); ok {
			return &Const{node: node{k.typ, at}, Value: k.Value}
		}
		return &Conv{node: node{r.Type(), at}, X: r, Kind: Identity}
	}
	under := lt.Underlying()
	// T? ?? T is T; T? ?? T? is T?; A ?? B is A when B converts to A, else B.
	if lt.IsNullable() {
		if c := b.implicit(r, under); c.ok() {
			temp := b.temp(under)
			return &Coalesce{node{under, at}, l, temp, ref(temp, at), b.apply(r, c, under, false)}
		}
	}
	if c := b.implicit(r, lt); c.ok() {
		temp := b.temp(under)
		var left Expr = ref(temp, at)
		if lt.IsNullable() {
			left = &Conv{node: node{lt, at}, X: left, Kind: NullableWrap}
		}
		return &Coalesce{node{lt, at}, l, temp, left, b.apply(r, c, lt, false)}
	}
	r = b.natural(r)
	if rt := r.Type(); rt != nil && rt != types.Null && !isBad(rt) {
		temp := b.temp(under)
		if c := b.implicit(ref(temp, at), rt); c.ok() {
			return &Coalesce{node{rt, at}, l, temp, b.apply(ref(temp, at), c, rt, false), r}
		}
	}
	if hasBad(r) {
		return bad(at)
	}
	return fail()
}
