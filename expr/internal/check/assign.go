package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// assign binds x = y and x op= y.
func (b *binder) assign(x *syntax.Assign) Expr {
	at := x.Span()
	if x.Op != syntax.OpNone {
		return b.compound(x)
	}
	switch t := x.X.(type) {
	case *syntax.Tuple:
		return b.deconstruction(t, x.Y, at)
	case *syntax.DeclExpr:
		return b.deconstruction(t, x.Y, at)
	case *syntax.Name:
		if t.Text == "_" && len(t.TypeArgs) == 0 {
			if l, f := b.findName("_"); l == nil && f == nil {
				v := b.operand(x.Y)
				if v.Type() == nil || v.Type() == types.Null || v.Type().Kind() == types.Void {
					if !hasBad(v) {
						b.error(x.X.Span(), "CS8183", "Cannot infer the type of implicitly-typed discard.")
					}
					return bad(at)
				}
				return &Assign{node{v.Type(), at}, &Discard{node{v.Type(), t.Span()}}, v}
			}
		}
	}
	if r, ok := x.Y.(*syntax.Ref); ok {
		if l, _ := b.refTarget(x, r); l != nil {
			b.error(r.Span(), "CS8370", "In policy expressions a by-reference variable is given another one by a statement of its own.")
		}
		return bad(at)
	}
	place := b.expr(x.X)
	v := b.rvalue(x.Y)
	if !b.assignable(place, false) {
		b.settle(v, invalid)
		return flawed(place.Type(), at)
	}
	v = b.convert(v, place.Type())
	return &Assign{node{place.Type(), at}, place, v}
}

// refAssign binds the statement x = ref y, which lets x stand for y from then on.
func (b *binder) refAssign(x *syntax.Assign, r *syntax.Ref, at stmt) Stmt {
	l, to := b.refTarget(x, r)
	if l == nil {
		return &ExprStmt{at, bad(at.at)}
	}
	return &DeclareRef{at, l, to}
}

// refTarget is what x = ref y changes and what it is to stand for, nil when
// something is wrong with it.
func (b *binder) refTarget(x *syntax.Assign, r *syntax.Ref) (*Local, Expr) {
	place := b.expr(x.X)
	to := b.variable(r.X, syntax.ByRef)
	l, ok := place.(*LocalRef)
	switch {
	case hasBad(place):
		return nil, nil
	case !ok || !l.Local.Ref:
		b.error(x.X.Span(), "CS8373", "The left-hand side of a ref assignment must be a ref variable.")
		return nil, nil
	case hasBad(to):
		return nil, nil
	case !types.Same(l.Type(), to.Type()):
		b.error(r.X.Span(), "CS8173", "The expression must be of type '%s' because it is being assigned by reference", l.Type())
		return nil, nil
	}
	return l.Local, to
}

// assignable checks that something can be assigned to, and reports why not.
func (b *binder) assignable(x Expr, step bool) bool {
	at := x.Span()
	switch x := x.(type) {
	case *Bad:
		return false
	case *LocalRef:
		if why := x.Local.readOnly; why != "" {
			if x.Local.rangeVar {
				b.error(at, "CS1947", "Range variable '%s' cannot be assigned to -- it is read only", x.Local.Name)
			} else {
				b.error(at, "CS1656", "Cannot assign to '%s' because it is a '%s'", x.Local.Name, why)
			}
			return false
		}
		return !isBad(x.Local.Type)
	case *rangeRef:
		b.error(at, "CS1947", "Range variable '%s' cannot be assigned to -- it is read only", x.name)
		return false
	case *Get:
		m := x.Member
		if m.Kind == types.Field {
			if m.Static {
				b.error(at, "CS0198", "A static readonly field cannot be assigned to (except in a static constructor or a variable initializer)")
			} else {
				b.error(at, "CS0191", "A readonly field cannot be assigned to (except in a constructor or init-only setter of the type in which the field is defined or a variable initializer)")
			}
			return false
		}
		if !m.Set {
			b.error(at, "CS0200", "Property or indexer '%s' cannot be assigned to -- it is read only", m)
			return false
		}
		if x.Recv != nil && x.Recv.Type().IsValue() && !b.isVariable(x.Recv) {
			b.error(x.Recv.Span(), "CS1612", "Cannot modify the return value of '%s' because it is not a variable", placeName(x.Recv))
			return false
		}
		if step && !m.Get {
			b.error(at, "CS0154", "The property or indexer '%s' cannot be used in this context because it lacks the get accessor", m)
			return false
		}
		return true
	case *Elem:
		return true
	case *Item:
		t := x.X.Type()
		if t.IsAnonymous() {
			b.error(at, "CS0200", "Property or indexer '%s.%s' cannot be assigned to -- it is read only", t, t.Def().Anonymous[x.Index])
			return false
		}
		switch r := x.X.(type) {
		case *LocalRef:
			if r.Local.readOnly != "" {
				b.error(at, "CS1654", "Cannot modify members of '%s' because it is a '%s'", r.Local.Name, r.Local.readOnly)
				return false
			}
			return true
		case *Item:
			return b.assignable(r, step)
		case *Elem:
			return true
		}
		b.error(at, "CS1612", "Cannot modify the return value of '%s' because it is not a variable", placeName(x.X))
		return false
	case *methodGroup:
		b.error(at, "CS1656", "Cannot assign to '%s' because it is a 'method group'", x.name)
		return false
	case *typeExpr:
		b.error(at, "CS0118", "'%s' is a type but is used like a variable", x.of)
		return false
	case *namespaceExpr:
		b.error(at, "CS0118", "'%s' is a namespace but is used like a variable", x.name)
		return false
	}
	if step {
		b.error(at, "CS1059", "The operand of an increment or decrement operator must be a variable, property or indexer")
	} else {
		b.error(at, "CS0131", "The left-hand side of an assignment must be a variable, property or indexer")
	}
	return false
}

func (b *binder) isVariable(x Expr) bool {
	switch x := x.(type) {
	case *LocalRef, *Elem:
		return true
	case *Item:
		return b.isVariable(x.X)
	}
	return false
}

func placeName(x Expr) string {
	switch x := x.(type) {
	case *Get:
		return x.Member.String()
	case *Call:
		if x.Method != nil {
			return x.Method.String()
		}
	case *LocalCall:
		return funcName(x.Func)
	}
	return show(x)
}

// compound binds x op= y.
func (b *binder) compound(x *syntax.Assign) Expr {
	at := x.Span()
	place := b.expr(x.X)
	v := b.rvalue(x.Y)
	if x.Op == syntax.OpCoalesce {
		// ??= is of a later C#, and reported; its operands were looked at.
		return bad(at)
	}
	if !b.assignable(place, false) {
		b.settle(v, invalid)
		return bad(at)
	}
	t := place.Type()
	if hasBad(v) {
		return bad(at)
	}
	v = b.operandOf(v, t)
	if hasBad(v) {
		return bad(at)
	}
	temp := b.temp(t)
	old := ref(temp, at)
	result := b.binaryNamed(x.Op, x.Op.String()+"=", old, v, at)
	if hasBad(result) {
		return bad(at)
	}
	stored := b.storeBack(result, v, t, x.Op, at)
	if hasBad(stored) {
		return bad(at)
	}
	return &Compound{node: node{t, at}, X: place, Temp: temp, Value: stored}
}

// operandOf keeps lambdas and method groups for `+=` on delegates.
func (b *binder) operandOf(v Expr, t *types.Type) Expr {
	if t.Kind() == types.Delegate {
		return v
	}
	return b.natural(v)
}

// storeBack converts the result of a compound operator to the type of its
// target: implicitly, or explicitly when the operand itself would fit.
func (b *binder) storeBack(result, v Expr, t *types.Type, op syntax.Op, at source.Span) Expr {
	if c := b.implicit(result, t); c.ok() {
		return b.apply(result, c, t, false)
	}
	if c := b.explicit(result, t); c.ok() {
		shift := op == syntax.OpShl || op == syntax.OpShr
		if shift || b.implicit(v, t).ok() {
			return b.apply(result, c, t, true)
		}
		d := b.withDiags(&bag{})
		d.noConversion(v, t, b.implicit(v, t))
		for _, p := range d.diags.list {
			p.Span = at
			b.diags.list = append(b.diags.list, p)
		}
		return bad(at)
	}
	b.noConversion(result, t, b.implicit(result, t))
	return bad(at)
}

// increment binds ++ and --.
func (b *binder) increment(x *syntax.Unary) Expr {
	at := x.Span()
	place := b.expr(x.X)
	if !b.assignable(place, true) {
		return bad(at)
	}
	t := place.Type()
	op := syntax.OpAdd
	if x.Op == syntax.OpPreDecrement || x.Op == syntax.OpPostDecrement {
		op = syntax.OpSub
	}
	postfix := x.Op == syntax.OpPostIncrement || x.Op == syntax.OpPostDecrement
	u := t.Underlying()
	temp := b.temp(t)
	if !u.IsNumeric() && u.Kind() != types.Enum {
		if methods := b.operators("operator "+x.Op.String(), t); len(methods) > 0 {
			if v := b.userUnary(methods, ref(temp, at), at); v != nil {
				return &Compound{node: node{t, at}, X: place, Temp: temp, Value: b.convert(v, t), Postfix: postfix}
			}
		}
		b.error(at, "CS0023", "Operator '%s' cannot be applied to operand of type '%s'", x.Op, t)
		return bad(at)
	}
	one := &Const{node: node{types.Int32, at}, Value: value.Int(1)}
	result := b.binaryOf(op, ref(temp, at), one, at)
	if hasBad(result) {
		return bad(at)
	}
	c := b.explicit(result, t)
	return &Compound{node: node{t, at}, X: place, Temp: temp, Value: b.apply(result, c, t, true), Postfix: postfix}
}

// goal is a target of a deconstruction before its source is known.
type goal struct {
	place  Expr   // a variable with a type; nil when to be inferred or nested
	local  *Local // a new variable, whose type may still be open
	at     source.Span
	nested []goal
	skip   bool // a discard without a type
	wrong  bool
}

func (b *binder) goals(x syntax.Expr) []goal {
	switch x := x.(type) {
	case *syntax.Tuple:
		var list []goal
		for _, item := range x.Items {
			list = append(list, b.goal(item.Value))
		}
		return list
	case *syntax.DeclExpr:
		t := b.declaredType(x.Type)
		if d, ok := x.Designation.(*syntax.TupleDesignation); ok {
			if t != nil {
				if !isBad(t) {
					b.error(x.Designation.Span(), "CS8136", "Deconstruction 'var (...)' form disallows a specific type for 'var'.")
				}
				t = nil
			}
			return b.designated(d, t)
		}
		return []goal{b.designation(x.Designation, t)}
	}
	return nil
}

func (b *binder) designated(d *syntax.TupleDesignation, t *types.Type) []goal {
	var list []goal
	for _, item := range d.Items {
		list = append(list, b.designation(item, t))
	}
	return list
}

func (b *binder) designation(d syntax.Designation, t *types.Type) goal {
	switch d := d.(type) {
	case *syntax.SingleDesignation:
		l := b.sc.find(d.Name)
		if l == nil {
			return goal{at: d.Span(), wrong: true}
		}
		l.Type = t
		l.pending = false
		return goal{local: l, at: d.Span(), wrong: t != nil && isBad(t)}
	case *syntax.TupleDesignation:
		return goal{nested: b.designated(d, t), at: d.Span()}
	}
	g := goal{at: d.Span(), skip: true}
	if t != nil {
		g.place = &Discard{node{t, d.Span()}}
	}
	return g
}

func (b *binder) goal(x syntax.Expr) goal {
	at := x.Span()
	switch x := x.(type) {
	case *syntax.Tuple:
		return goal{nested: b.goals(x), at: at}
	case *syntax.DeclExpr:
		if d, ok := x.Designation.(*syntax.TupleDesignation); ok {
			return goal{nested: b.designated(d, b.declaredType(x.Type)), at: at}
		}
		return b.designation(x.Designation, b.declaredType(x.Type))
	case *syntax.Name:
		if x.Text == "_" {
			if l, f := b.findName("_"); l == nil && f == nil {
				return goal{at: at, skip: true}
			}
		}
	}
	place := b.expr(x)
	if !b.assignable(place, false) {
		return goal{at: at, wrong: true}
	}
	return goal{place: place, at: at}
}

// deconstruction binds (a, b) = x.
func (b *binder) deconstruction(left, right syntax.Expr, at source.Span) Expr {
	goals := b.goals(left)
	v := b.rvalue(right)
	return b.deconstruct(goals, v, at)
}

// giveUp gives all new variables of goals an unknown type, reporting those that
// nothing gives one.
func (b *binder) giveUp(goals []goal, report bool) {
	for _, g := range goals {
		if g.nested != nil {
			b.giveUp(g.nested, report)
			continue
		}
		if g.local != nil && g.local.Type == nil {
			if report {
				b.error(g.at, "CS8130", "Cannot infer the type of implicitly-typed deconstruction variable '%s'.", g.local.Name)
			}
			g.local.Type = invalid
		}
	}
}

// settled makes the new variables of goals count as assigned: that a
// deconstruction is wrong does not keep it from being one.
func settled(goals []goal) {
	for _, g := range goals {
		settled(g.nested)
		if g.local != nil {
			g.local.assigned = true
		}
	}
}

// places are the assignments to what goals name, for the flow of values alone.
func places(goals []goal) (list []Expr) {
	for _, g := range goals {
		list = append(list, places(g.nested)...)
		if g.place != nil {
			list = append(list, &Assign{node{g.place.Type(), g.at}, g.place, bad(g.at)})
		}
	}
	return list
}

func (b *binder) deconstruct(goals []goal, v Expr, at source.Span) (x Expr) {
	defer func() {
		if hasBad(x) {
			settled(goals)
			x = &Bad{node: node{invalid, at}, Parts: places(goals)}
		}
	}()
	if hasBad(v) {
		if t := v.Type(); t != nil && t.IsTuple() && len(t.Args()) == len(goals) {
			for i, g := range goals {
				if g.local != nil && g.local.Type == nil {
					g.local.Type = t.Args()[i]
				}
			}
		}
		b.giveUp(goals, false)
		return bad(at)
	}
	v = b.shaped(goals, v)
	if hasBad(v) {
		wrong := false
		for _, g := range goals {
			wrong = wrong || g.wrong
		}
		b.giveUp(goals, !wrong)
		return bad(at)
	}
	d := b.parts(goals, v, at)
	if d == nil {
		return bad(at)
	}
	return d
}

// shaped gives a tuple literal on the right the types that the targets ask for.
func (b *binder) shaped(goals []goal, v Expr) Expr {
	lit, ok := v.(*tupleLit)
	if !ok {
		return b.natural(v)
	}
	if len(lit.items) != len(goals) {
		if lit.typ != nil {
			return b.makeTuple(lit, lit.typ, nil)
		}
		b.error(lit.at, "CS8131", "Deconstruct assignment requires an expression with a type on the right-hand-side.")
		return bad(lit.at)
	}
	made := &NewTuple{node: node{nil, lit.at}}
	var elems []*types.Type
	wrong := false
	for i, item := range lit.items {
		g := goals[i]
		switch {
		case g.nested != nil:
			item = b.shaped(g.nested, item)
		case g.place != nil:
			item = b.convert(item, g.place.Type())
		case g.local != nil && g.local.Type != nil:
			item = b.convert(item, g.local.Type)
		default:
			item = b.natural(item)
			if t := item.Type(); t == nil || t == types.Null || t.Kind() == types.Void {
				if g.local != nil {
					b.error(g.at, "CS8130", "Cannot infer the type of implicitly-typed deconstruction variable '%s'.", g.local.Name)
					g.local.Type = invalid
				} else {
					b.error(g.at, "CS8183", "Cannot infer the type of implicitly-typed discard.")
				}
				item = bad(item.Span())
			}
		}
		wrong = wrong || hasBad(item) || g.wrong
		made.Items = append(made.Items, item)
		elems = append(elems, item.Type())
	}
	if wrong {
		return bad(lit.at)
	}
	made.typ = types.TupleOf(elems, nil)
	return made
}

// parts takes a value apart into the targets.
func (b *binder) parts(goals []goal, v Expr, at source.Span) Expr {
	t := v.Type()
	if t == nil || t == types.Null || t.Kind() == types.Void {
		b.error(v.Span(), "CS8131", "Deconstruct assignment requires an expression with a type on the right-hand-side.")
		b.giveUp(goals, true)
		return nil
	}
	d := &Deconstruct{node: node{nil, at}, X: v, Temp: b.temp(t)}
	src := ref(d.Temp, v.Span())
	var items []Expr
	switch {
	case t.IsTuple() || systemTuple(t):
		if len(t.Args()) != len(goals) {
			b.error(at, "CS8132", "Cannot deconstruct a tuple of '%d' elements into '%d' variables.", len(t.Args()), len(goals))
			for i, g := range goals {
				if g.local != nil && g.local.Type == nil && i < len(t.Args()) {
					g.local.Type = t.Args()[i]
				}
			}
			b.giveUp(goals, true)
			return nil
		}
		for i, a := range t.Args() {
			items = append(items, &Item{node{a, v.Span()}, src, i})
		}
	default:
		call, outs := b.deconstructCall(src, t, len(goals), v.Span())
		if call == nil {
			b.giveUp(goals, true)
			return nil
		}
		d.Call, d.Outs = call, outs
		for _, o := range outs {
			items = append(items, ref(o, v.Span()))
		}
	}
	var elems []*types.Type
	wrong := false
	for i, g := range goals {
		item := items[i]
		if g.nested != nil {
			n, ok := b.parts(g.nested, item, g.at).(*Deconstruct)
			if !ok {
				wrong = true
				continue
			}
			d.Targets = append(d.Targets, DeconTarget{Nested: n})
			elems = append(elems, n.typ)
			continue
		}
		if g.wrong {
			wrong = true
			continue
		}
		place := g.place
		switch {
		case g.local != nil:
			if g.local.Type == nil {
				g.local.Type = item.Type()
			}
			place = ref(g.local, g.at)
		case place == nil:
			place = &Discard{node{item.Type(), g.at}}
		}
		val := b.convert(item, place.Type())
		if hasBad(val) {
			wrong = true
			continue
		}
		d.Targets = append(d.Targets, DeconTarget{X: place, Value: val})
		elems = append(elems, place.Type())
	}
	if wrong {
		return nil
	}
	d.typ = types.TupleOf(elems, nil)
	return d
}

func systemTuple(t *types.Type) bool {
	n := len(t.Args())
	return n > 0 && n < len(types.Tuples) && t.Def() == types.Tuples[n]
}

// deconstructCall finds a Deconstruct method with so many out parameters.
func (b *binder) deconstructCall(src Expr, t *types.Type, n int, at source.Span) (Expr, []*Local) {
	var outs []*Local
	var args []argument
	for range n {
		l := b.temp(nil)
		outs = append(outs, l)
		args = append(args, argument{x: &outVar{node: node{nil, at}, local: l}, mode: types.ByOut})
	}
	f := b.lookup(t, "Deconstruct", true)
	if len(f.methods) > 0 {
		if r := b.resolve(f.methods, false, args, nil); r.best != nil {
			g := &methodGroup{node: node{nil, at}, name: "Deconstruct", nameAt: at, recv: src, recvType: t, methods: f.methods}
			return b.callMember(g, r.best, args, at), outs
		}
	}
	if n > 0 && n <= 21 {
		// System.TupleExtensions takes tuples of any length apart, and is asked too.
		list := ""
		for i := range n {
			list += ", T" + value.ItemName(i)[4:]
		}
		outsText := ""
		for i := range n {
			outsText += ", out T" + value.ItemName(i)[4:]
		}
		b.error(at, "CS0411", "The type arguments for method 'TupleExtensions.Deconstruct<%s>(Tuple<%s>%s)' cannot be inferred from the usage. Try specifying the type arguments explicitly.", list[2:], list[2:], outsText)
	}
	b.error(at, "CS8129", "No suitable 'Deconstruct' instance or extension method was found for type '%s', with %d out parameters and a void return type.", t, n)
	return nil, nil
}
