package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// rvalue binds an expression that must be a value; method groups, lambdas and
// the like pass, types and namespaces do not.
func (b *binder) rvalue(x syntax.Expr) Expr { return b.needValue(b.expr(x)) }

func (b *binder) needValue(x Expr) Expr {
	switch x := x.(type) {
	case *typeExpr:
		b.error(x.at, "CS0119", "'%s' is a type, which is not valid in the given context", x.of)
		return flawed(x.of, x.at)
	case *namespaceExpr:
		b.error(x.at, "CS0118", "'%s' is a namespace but is used like a variable", x.name)
		return bad(x.at)
	case *rangeRef:
		return x.Expr
	case *Get:
		if !x.Member.Get {
			if x.Member.Kind == types.Indexer || x.Member.Kind == types.Property {
				b.error(x.at, "CS0154", "The property or indexer '%s' cannot be used in this context because it lacks the get accessor", x.Member)
				return flawed(x.typ, x.at)
			}
		}
	}
	return x
}

// orThrow is rvalue where a throw expression may stand: as a branch of ?:, on the
// right of ??, and as the body of a lambda or a local function.
func (b *binder) orThrow(x syntax.Expr) Expr {
	if t, ok := x.(*syntax.Throw); ok {
		b.tick()
		return &ThrowExpr{node{nil, x.Span()}, b.exceptionOperand(t.X)}
	}
	return b.rvalue(x)
}

// expr binds any expression.
func (b *binder) expr(x syntax.Expr) Expr {
	b.tick()
	switch x := x.(type) {
	case *syntax.Literal:
		return b.literal(x)
	case *syntax.Name:
		return b.name(x, false)
	case *syntax.AliasName:
		if t := b.typ(x); !isBad(t) {
			return &typeExpr{node{nil, x.Span()}, t}
		}
		return bad(x.Span())
	case *syntax.PredefinedType:
		return &typeExpr{node{nil, x.Span()}, b.typ(x)}
	case *syntax.Paren:
		return b.paren(x)
	case *syntax.Member:
		return b.member(x, false)
	case *syntax.ConditionalAccess:
		return b.conditionalAccess(x)
	case *syntax.MemberBinding:
		return b.bindMember(x, false)
	case *syntax.ElementBinding:
		if b.binding == nil {
			return bad(x.Span())
		}
		recv := ref(b.binding, b.bindingAt)
		n := *b
		n.binding = nil
		return n.indexOf(recv, &x.Args, x.Span())
	case *syntax.Index:
		return b.index(x)
	case *syntax.Call:
		return b.call(x)
	case *syntax.New:
		return b.creation(x)
	case *syntax.NewArray:
		return b.newArray(x)
	case *syntax.NewImplicitArray:
		return b.implicitArray(x)
	case *syntax.NewAnonymous:
		return b.anonymous(x)
	case *syntax.Initializer:
		b.error(x.Span(), "CS1525", "Invalid expression term '{'")
		return bad(x.Span())
	case *syntax.StackAlloc:
		if x.Type != nil {
			b.typ(x.Type)
		}
		b.error(x.Span(), "CS0214", "Pointers and fixed size buffers may only be used in an unsafe context")
		return bad(x.Span())
	case *syntax.Cast:
		return b.castExpr(x)
	case *syntax.Unary:
		return b.unary(x)
	case *syntax.Binary:
		return b.binary(x)
	case *syntax.Assign:
		return b.assign(x)
	case *syntax.Conditional:
		return b.conditional(x)
	case *syntax.IsType:
		return b.isType(x)
	case *syntax.IsPattern:
		v := b.rvalue(x.X)
		if v.Type() == nil || v.Type().Kind() == types.Void {
			if !hasBad(v) {
				b.error(v.Span(), "CS8117", "Invalid operand for pattern match; value required, but found '%s'.", show(v))
			}
			v = bad(v.Span())
		}
		return &IsPattern{node{types.Bool, x.Span()}, v, b.pattern(x.Pattern, v.Type(), true)}
	case *syntax.As:
		return b.asExpr(x)
	case *syntax.Lambda:
		return b.lambda(x)
	case *syntax.AnonymousMethod:
		return b.anonymousMethod(x)
	case *syntax.Query:
		return b.bindQuery(x)
	case *syntax.Tuple:
		return b.tuple(x)
	case *syntax.Default:
		if x.Type == nil {
			return &defaultLit{node{nil, x.Span()}}
		}
		t := b.typ(x.Type)
		if isBad(t) {
			return bad(x.Span())
		}
		if t.Kind() == types.Void {
			return bad(x.Span())
		}
		return &Zero{node{t, x.Span()}}
	case *syntax.TypeOf:
		return b.typeOf(x)
	case *syntax.SizeOf:
		return b.sizeOf(x)
	case *syntax.Checked:
		n := *b
		n.checked, n.uncheck = !x.Unchecked, x.Unchecked
		return n.expr(x.X)
	case *syntax.Throw:
		b.error(source.Span{Start: x.Span().Start, End: x.Span().Start + len("throw")}, "CS8115", "A throw expression is not allowed in this context.")
		b.exceptionOperand(x.X)
		return bad(x.Span())
	case *syntax.Ref:
		b.error(x.Span(), "CS1525", "Invalid expression term 'ref'")
		return bad(x.Span())
	case *syntax.Interpolated:
		return b.interpolated(x)
	case *syntax.DeclExpr:
		b.error(x.Span(), "CS8185", "A declaration is not allowed in this context.")
		return bad(x.Span())
	case *syntax.This:
		b.error(x.Span(), "CS0026", "Keyword 'this' is not valid in a static property, static method, or static field initializer")
		return bad(x.Span())
	case *syntax.Base:
		b.error(x.Span(), "CS1511", "Keyword 'base' is not available in a static method")
		return bad(x.Span())
	case *syntax.Await:
		v := b.rvalue(x.X)
		b.error(x.Span(), "CS4032", "The 'await' operator can only be used within an async method. Consider marking this method with the 'async' modifier and changing its return type to 'Task<object>'.")
		if !hasBad(v) && v.Type() != nil {
			b.error(x.Span(), "CS1061", "'%s' does not contain a definition for 'GetAwaiter' and no accessible extension method 'GetAwaiter' accepting a first argument of type '%s' could be found %s", v.Type(), v.Type(), missingRef)
		}
		return bad(x.Span())
	case *syntax.Range:
		index := func(e syntax.Expr) {
			if e != nil {
				v := b.rvalue(e)
				_, cast := e.(*syntax.Cast)
				if (!hasBad(v) || cast) && !typeless(v) && !b.implicit(v, types.Int32).ok() {
					b.error(v.Span(), "CS0029", "Cannot implicitly convert type '%s' to 'System.Index'", showQualified(v))
				}
			}
		}
		index(x.X)
		index(x.Y)
		return flawed(rangeType, x.Span())
	case *syntax.SwitchExpr:
		b.expr(x.X)
		return bad(x.Span())
	case *syntax.KeywordExpr:
		return b.keyword(x)
	case *syntax.With, *syntax.CollectionExpr, *syntax.Spread, *syntax.BadExpr:
		return bad(x.Span())
	}
	return bad(x.Span())
}

// keyword refuses the operators of typed references.
func (b *binder) keyword(x *syntax.KeywordExpr) Expr {
	if x.Keyword == "__arglist" {
		b.error(x.Span(), "CS0190", "The __arglist construct is valid only within a variable argument method")
		return bad(x.Span())
	}
	b.error(x.Span(), "CS1525", "Invalid expression term '%s'", x.Keyword)
	return bad(x.Span())
}

// rangeType is what the later operator .. makes: known to the compiler, though
// the operator is refused.
var rangeType = types.Declare("System", "public struct Range").Type()

func (b *binder) paren(x *syntax.Paren) Expr {
	v := b.expr(x.X)
	switch v := v.(type) {
	case *typeExpr:
		return b.needValue(v)
	case *Const:
		c := *v
		c.literal = false
		c.at = x.Span()
		return &c
	case *Bad:
		return v
	}
	return spanned(v, x.Span())
}

// spanned widens the span of a typed node to that of its parentheses, where
// messages about the whole operand point.
func spanned(x Expr, at source.Span) Expr {
	switch x := x.(type) {
	case *LocalRef:
		c := *x
		c.at = at
		return &c
	case *Binary:
		x.at = at
	case *Unary:
		x.at = at
	case *Cond:
		x.at = at
	case *Coalesce:
		x.at = at
	case *Concat:
		x.at = at
	case *Logic:
		x.at = at
	case *Call:
		x.at = at
	case *Get:
		x.at = at
	case *Conv:
		x.at = at
	case *lambdaExpr:
		x.at = at
	case *methodGroup:
		x.at = at
	case *tupleLit:
		x.at = at
	case *RefEqual:
		x.at = at
	case *NullTest:
		x.at = at
	case *KnownTest:
		x.at = at
	case *LocalCall:
		x.at = at
	case *Invoke:
		x.at = at
	case *Elem:
		x.at = at
	case *CondAccess:
		x.at = at
	case *As:
		x.at = at
	case *IsType:
		x.at = at
	case *IsPattern:
		x.at = at
	case *Assign:
		x.at = at
	case *Compound:
		x.at = at
	case *Interp:
		x.at = at
	case *NewArray:
		x.at = at
	case *Init:
		x.at = at
	case *ThrowExpr:
		x.at = at
	case *Item:
		x.at = at
	}
	return x
}

func (b *binder) unchecked() bool { return b.uncheck }

func (b *binder) typeOf(x *syntax.TypeOf) Expr {
	at := x.Span()
	if n, ok := x.Type.(*syntax.Name); ok && len(n.TypeArgs) > 0 {
		if _, open := n.TypeArgs[0].(*syntax.OmittedType); open {
			if _, d, _ := b.simpleType(n.Text, len(n.TypeArgs)); d != nil {
				return &TypeOf{node{types.TypeType.Type(), at}, d.Type()}
			}
		}
	}
	t := b.typ(x.Type)
	if isBad(t) {
		return flawed(types.TypeType.Type(), at)
	}
	return &TypeOf{node{types.TypeType.Type(), at}, t}
}

func (b *binder) sizeOf(x *syntax.SizeOf) Expr {
	t := b.typ(x.Type)
	if isBad(t) {
		return flawed(types.Int32, x.Span())
	}
	size := map[types.Code]int{
		types.CodeBool: 1, types.CodeSByte: 1, types.CodeByte: 1, types.CodeInt16: 2, types.CodeUInt16: 2, types.CodeChar: 2, types.CodeInt32: 4, types.CodeUInt32: 4,
		types.CodeInt64: 8, types.CodeUInt64: 8, types.CodeSingle: 4, types.CodeDouble: 8, types.CodeDecimal: 16,
	}
	u := t
	if t.Kind() == types.Enum {
		u = t.EnumBase()
	}
	if n := size[u.Code()]; n > 0 {
		return &Const{node: node{types.Int32, x.Span()}, Value: value.Int(n)}
	}
	b.error(x.Span(), "CS0233", "'%s' does not have a predefined size, therefore sizeof can only be used in an unsafe context", t)
	return flawed(types.Int32, x.Span())
}

func (b *binder) castExpr(x *syntax.Cast) Expr {
	t := b.typ(x.Type)
	v := b.rvalue(x.X)
	if isBad(t) || hasBad(v) {
		b.settle(v, invalid)
		return flawed(t, x.Span())
	}
	if k, ok := constant(v); ok && numeric(v.Type()) && numeric(t) {
		return b.foldConversionAt(x.Span(), v.Type(), k, t, true)
	}
	return b.cast(v, t, x.Span())
}

func (b *binder) conditional(x *syntax.Conditional) Expr {
	c := b.condition(x.Cond)
	l, r := b.orThrow(x.Then), b.orThrow(x.Else)
	at := x.Span()
	if hasBad(l, r) {
		b.settle(l, invalid)
		b.settle(r, invalid)
		return bad(at)
	}
	t := b.conditionalType(l, r, at)
	if t == nil {
		return &noCond{node{nil, at}, c, l, r}
	}
	if isBad(t) {
		return bad(at)
	}
	l, r = b.convert(l, t), b.convert(r, t)
	if hasBad(l, r) {
		return bad(at)
	}
	if hasBad(c) {
		return flawed(t, at)
	}
	if k, ok := constant(c); ok && isConstant(l) && isConstant(r) {
		pick := r
		if k.Bool() {
			pick = l
		}
		v := pick.(*Const)
		return &Const{node: node{t, at}, Value: v.Value}
	}
	return &Cond{node{t, at}, c, l, r}
}

// conditionalType is the natural type of ?:, nil when there is none.
func (b *binder) conditionalType(l, r Expr, at source.Span) *types.Type {
	lt, rt := l.Type(), r.Type()
	if l.Type() == types.Null {
		lt = nil
	}
	if r.Type() == types.Null {
		rt = nil
	}
	switch {
	case lt != nil && rt != nil && types.Same(lt, rt):
		return mergeNames(lt, rt)
	case lt != nil && rt == nil:
		if b.implicit(r, lt).ok() {
			return lt
		}
	case rt != nil && lt == nil:
		if b.implicit(l, rt).ok() {
			return rt
		}
	case lt != nil && rt != nil:
		toRight, toLeft := b.implicit(l, rt).ok(), b.implicit(r, lt).ok()
		// Of two constants that fit each other's type the one with the wider type wins.
		if toRight && toLeft {
			if standardImplicit(lt, rt).ok() && !standardImplicit(rt, lt).ok() {
				return rt
			}
			if standardImplicit(rt, lt).ok() && !standardImplicit(lt, rt).ok() {
				return lt
			}
			b.error(at, "CS0172", "Type of conditional expression cannot be determined because '%s' and '%s' implicitly convert to one another", lt.Qualified(), rt.Qualified())
			return invalid
		}
		if toRight {
			return rt
		}
		if toLeft {
			return lt
		}
	}
	return nil
}

// mergeNames is one of two same types; tuple names that differ are dropped.
func mergeNames(a, b *types.Type) *types.Type {
	if a == b {
		return a
	}
	return a.Plain()
}

// condition binds a bool.
func (b *binder) condition(x syntax.Expr) Expr {
	return b.boolean(b.rvalue(x))
}

func (b *binder) boolean(v Expr) Expr {
	return b.convert(v, types.Bool)
}

func (b *binder) isType(x *syntax.IsType) Expr {
	at := x.Span()
	v := b.rvalue(x.X)
	// `x is name` may be a constant.
	if e, ok := x.Type.(syntax.Expr); ok {
		if n, isName := e.(*syntax.Name); isName && b.tryType(e) == nil {
			if l, f := b.findName(n.Text); l != nil || f != nil {
				return b.isConstant(v, e, at)
			}
		}
		if m, isMember := e.(*syntax.Member); isMember && b.tryType(e) == nil {
			trial := b.withDiags(&bag{})
			if k := trial.expr(m); len(trial.diags.list) == 0 && k.Type() != nil {
				return b.isConstant(v, e, at)
			}
		}
	}
	t := b.typ(x.Type)
	if isBad(t) || hasBad(v) {
		b.settle(v, invalid)
		return flawed(types.Bool, at)
	}
	if v.Type() == nil || v.Type().Kind() == types.Void {
		switch v.(type) {
		case *lambdaExpr, *methodGroup:
			b.error(at, "CS0837", "The first operand of an 'is' or 'as' operator may not be a lambda expression, anonymous method, or method group.")
		default:
			b.error(at, "CS0019", "Operator 'is' cannot be applied to operands of type '%s' and '%s'", show(v), t)
		}
		return flawed(types.Bool, at)
	}
	if t.Def() != nil && t.Def().Static && t.Kind() == types.Class {
		b.error(at, "CS7023", "The second operand of an 'is' or 'as' operator may not be static type '%s'", t)
		return flawed(types.Bool, at)
	}
	return &IsType{node{types.Bool, at}, v, t}
}

func (b *binder) isConstant(v Expr, e syntax.Expr, at source.Span) Expr {
	if hasBad(v) {
		return flawed(types.Bool, at)
	}
	return &IsPattern{node{types.Bool, at}, v, b.constantPattern(e, v.Type())}
}

func (b *binder) asExpr(x *syntax.As) Expr {
	at := x.Span()
	v := b.rvalue(x.X)
	t := b.typ(x.Type)
	if isBad(t) || hasBad(v) {
		b.settle(v, invalid)
		return flawed(t, at)
	}
	switch v.(type) {
	case *lambdaExpr, *methodGroup:
		b.error(at, "CS0837", "The first operand of an 'is' or 'as' operator may not be a lambda expression, anonymous method, or method group.")
		return flawed(t, at)
	}
	if t.IsValue() && !t.IsNullable() {
		b.error(at, "CS0077", "The as operator must be used with a reference type or nullable type ('%s' is a non-nullable value type)", t)
		return flawed(t, at)
	}
	if t.Kind() == types.Parameter && !t.IsReference() {
		b.error(at, "CS0413", "The type parameter '%s' cannot be used with the 'as' operator because it does not have a class type constraint nor a 'class' constraint", t)
		return flawed(t, at)
	}
	if t.Def() != nil && t.Def().Static && t.Kind() == types.Class {
		b.error(at, "CS7023", "The second operand of an 'is' or 'as' operator may not be static type '%s'", t)
		return flawed(t, at)
	}
	if v.Type() == types.Null {
		return &Const{node: node{t, at}}
	}
	ok := false
	if v.Type() != nil && v.Type().Kind() != types.Void {
		c := standardExplicit(v.Type(), t)
		switch c.kind {
		case Identity, Reference, CheckedRef, Boxing, Unboxing:
			ok = true
		case NullableWrap:
			ok = c.inner.kind == Identity
		}
		ok = ok || v.Type().Kind() == types.Parameter
	}
	if !ok {
		b.error(at, "CS0039", "Cannot convert type '%s' to '%s' via a reference conversion, boxing conversion, unboxing conversion, wrapping conversion, or null type conversion", showQualified(v), t.Qualified())
		return flawed(t, at)
	}
	return &As{node{t, at}, v, t}
}

// boxed converts to object.
func (b *binder) boxed(v Expr) Expr {
	if v.Type() == types.String || isNull(v) && v.Type() != types.Null {
		return v
	}
	return b.convert(v, types.Object)
}

func (b *binder) exceptionOperand(x syntax.Expr) Expr {
	v := b.rvalue(x)
	if hasBad(v) {
		return v
	}
	exception := types.ExceptionDef.Type()
	if v.Type() == types.Null {
		return &Const{node: node{exception, v.Span()}}
	}
	if v.Type() == nil || !v.Type().Inherits(exception) && !(v.Type().Kind() == types.Parameter && types.ReferenceConvertible(v.Type(), exception)) {
		b.error(v.Span(), "CS0155", "The type caught or thrown must be derived from System.Exception")
		return bad(v.Span())
	}
	return v
}

// conditionalAccess binds a?.b.
func (b *binder) conditionalAccess(x *syntax.ConditionalAccess) Expr {
	at := x.Span()
	recv := b.operand(x.Target)
	op := source.Span{Start: int(x.OpAt), End: int(x.OpAt) + 1}
	t := recv.Type()
	switch {
	case hasBad(recv):
		if t == nil || t == types.Null {
			t = invalid
		}
	case t == nil || t == types.Null || t.Kind() == types.Void || t.IsValue() && !t.IsNullable():
		b.error(op, "CS0023", "Operator '?' cannot be applied to operand of type '%s'", show(recv))
		t, recv = invalid, bad(at)
	}
	recv = b.natural(recv)
	temp := b.temp(t.Underlying())
	n := *b
	n.binding = temp
	n.bindingAt = x.Target.Span()
	access := n.expr(x.Access)
	access = b.needAccess(access)
	if hasBad(recv, access) {
		return bad(at)
	}
	r := access.Type()
	if r == nil {
		switch access.(type) {
		case *methodGroup:
			b.error(access.Span(), "CS8978", "'%s' cannot be made nullable.", kindName(access))
		default:
			b.error(op, "CS0023", "Operator '?' cannot be applied to operand of type '%s'", kindName(access))
		}
		return bad(at)
	}
	switch {
	case r.Kind() == types.Void:
	case r.IsValue() && !r.IsNullable():
		access = &Conv{node: node{types.NullableOf(r), at}, X: access, Kind: NullableWrap}
		r = access.Type()
	case r.Kind() == types.Parameter && !r.IsReference():
		b.error(op, "CS0023", "Operator '?' cannot be applied to operand of type '%s'", r)
		return bad(at)
	}
	return &CondAccess{node{r, at}, recv, temp, access}
}

func (b *binder) needAccess(x Expr) Expr {
	switch x.(type) {
	case *methodGroup:
		return x
	}
	return b.needValue(x)
}
