package check

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// conversion is how one type becomes another.
type conversion struct {
	kind   ConvKind
	user   *types.Member
	before *conversion // of a user-defined conversion: to its parameter
	after  *conversion // and from its result
	lifted bool
	inner  *conversion  // of a nullable conversion
	elems  []conversion // of a tuple conversion
	// ambiguous are two user-defined conversions of which none is better.
	ambiguous [2]*types.Member
	param     *types.Type // of a user-defined conversion, after lifting
	result    *types.Type
}

func (c conversion) ok() bool { return c.kind != NoConv }

func one(k ConvKind) conversion { return conversion{kind: k} }

// implicit classifies the implicit conversion of an expression to a type.
func (b *binder) implicit(x Expr, to *types.Type) conversion {
	if isBad(to) || x.Type() != nil && isBad(x.Type()) {
		return one(Identity)
	}
	if to.Kind() == types.Void {
		return conversion{}
	}
	switch x := x.(type) {
	case *defaultLit:
		return one(DefaultConv)
	case *lambdaExpr:
		if to.Kind() == types.Delegate && b.lambdaFits(x, to) {
			return one(LambdaConv)
		}
		return conversion{}
	case *methodGroup:
		if to.Kind() == types.Delegate && b.groupFits(x, to) {
			return one(GroupConv)
		}
		return conversion{}
	case *ThrowExpr:
		return one(ThrowConv)
	case *noCond:
		if b.implicit(x.l, to).ok() && b.implicit(x.r, to).ok() {
			return one(condConv)
		}
		return conversion{}
	case *tupleLit:
		if c := b.tupleLiteral(x, to); c.ok() {
			return c
		}
	case *typeExpr, *namespaceExpr, *outVar, *Discard:
		return conversion{}
	}
	from := x.Type()
	if from == nil || from.Kind() == types.Void {
		return conversion{}
	}
	if from == types.Null {
		if to.IsReference() || to.IsNullable() {
			return one(NullConv)
		}
		return conversion{}
	}
	if c := b.constantConversion(x, to); c.ok() {
		return c
	}
	if c := standardImplicit(from, to); c.ok() {
		return c
	}
	return b.userConversion(x, from, to, false)
}

func (b *binder) tupleLiteral(x *tupleLit, to *types.Type) conversion {
	target := to.Underlying()
	if !target.IsTuple() || len(target.Args()) != len(x.items) {
		return conversion{}
	}
	c := one(tupleLitConv)
	for i, item := range x.items {
		e := b.implicit(item, target.Args()[i])
		if !e.ok() {
			return conversion{}
		}
		c.elems = append(c.elems, e)
	}
	if x.Type() != nil && types.Same(x.Type(), to) {
		return one(Identity)
	}
	return c
}

// constantConversion is the implicit conversion of a constant that fits a
// smaller type, and of 0 to an enum.
func (b *binder) constantConversion(x Expr, to *types.Type) conversion {
	k, ok := constant(x)
	if !ok {
		return conversion{}
	}
	target := to.Underlying()
	from := x.Type()
	if target.Kind() == types.Enum && from.IsNumeric() && from.Kind() != types.Enum && isZero(k, from) {
		return wrapNullable(one(enumZero), to)
	}
	switch from.Code() {
	case types.CodeInt32:
		switch target.Code() {
		case types.CodeSByte, types.CodeByte, types.CodeInt16, types.CodeUInt16, types.CodeUInt32, types.CodeUInt64:
			if fits(k.Long(), target.Code()) {
				return wrapNullable(one(ConstConv), to)
			}
		}
	case types.CodeInt64:
		if target.Code() == types.CodeUInt64 && k.Long() >= 0 {
			return wrapNullable(one(ConstConv), to)
		}
	}
	return conversion{}
}

func wrapNullable(c conversion, to *types.Type) conversion {
	if to.IsNullable() {
		return conversion{kind: NullableWrap, inner: &c}
	}
	return c
}

func fits(n int64, c types.Code) bool {
	switch c {
	case types.CodeSByte:
		return n >= -128 && n <= 127
	case types.CodeByte:
		return n >= 0 && n <= 255
	case types.CodeInt16:
		return n >= -32768 && n <= 32767
	case types.CodeUInt16, types.CodeChar:
		return n >= 0 && n <= 65535
	case types.CodeInt32:
		return n >= -1<<31 && n < 1<<31
	case types.CodeUInt32:
		return n >= 0 && n < 1<<32
	case types.CodeUInt64:
		return n >= 0
	}
	return true
}

// standardImplicit is the implicit conversion between types that needs no
// user-defined operator.
func standardImplicit(from, to *types.Type) conversion {
	if types.Same(from, to) {
		return one(Identity)
	}
	if isBad(from) || isBad(to) {
		return one(Identity)
	}
	if types.ImplicitNumeric(from, to) {
		return one(implicitNumeric)
	}
	if to.IsNullable() {
		inner := to.Underlying()
		if from.IsNullable() {
			if c := standardImplicit(from.Underlying(), inner); c.ok() && valueConversion(c) {
				return conversion{kind: NullableMap, inner: &c}
			}
			return conversion{}
		}
		if c := standardImplicit(from, inner); c.ok() && valueConversion(c) {
			return conversion{kind: NullableWrap, inner: &c}
		}
		return conversion{}
	}
	if from.IsTuple() && to.IsTuple() && len(from.Args()) == len(to.Args()) {
		c := one(TupleConv)
		for i := range from.Args() {
			e := standardImplicit(from.Args()[i], to.Args()[i])
			if !e.ok() {
				return conversion{}
			}
			c.elems = append(c.elems, e)
		}
		return c
	}
	if types.ReferenceConvertible(from, to) {
		return one(Reference)
	}
	if types.Boxes(from, to) {
		return one(Boxing)
	}
	return conversion{}
}

func valueConversion(c conversion) bool {
	return c.kind == Identity || c.kind == implicitNumeric || c.kind == TupleConv
}

// explicit classifies a cast.
func (b *binder) explicit(x Expr, to *types.Type) conversion {
	if c := b.implicit(x, to); c.ok() {
		return c
	}
	if lit, ok := x.(*tupleLit); ok {
		target := to.Underlying()
		if target.IsTuple() && len(target.Args()) == len(lit.items) {
			c := one(tupleLitConv)
			for i, item := range lit.items {
				e := b.explicit(item, target.Args()[i])
				if !e.ok() {
					return conversion{}
				}
				c.elems = append(c.elems, e)
			}
			return c
		}
	}
	from := x.Type()
	if from == nil || from == types.Null || from.Kind() == types.Void || to.Kind() == types.Void {
		return conversion{}
	}
	if c := standardExplicit(from, to); c.ok() {
		return c
	}
	return b.userConversion(x, from, to, true)
}

func standardExplicit(from, to *types.Type) conversion {
	if c := standardImplicit(from, to); c.ok() {
		return c
	}
	if numeric(from) && numeric(to) {
		if from.Kind() == types.Enum || to.Kind() == types.Enum {
			return one(explicitEnum)
		}
		return one(explicitNumeric)
	}
	if from.IsNullable() || to.IsNullable() {
		c := standardExplicit(from.Underlying(), to.Underlying())
		switch {
		case !c.ok() || !from.IsNullable() && (c.kind == Unboxing || c.kind == CheckedRef):
		case from.IsNullable() && to.IsNullable() && c.kind != Boxing && c.kind != Reference:
			return conversion{kind: NullableMap, inner: &c}
		case from.IsNullable() && to.IsValue() && !to.IsNullable():
			return conversion{kind: NullableUnwrap, inner: &c}
		case to.IsNullable() && from.IsValue():
			return conversion{kind: NullableWrap, inner: &c}
		}
	}
	if from.IsTuple() && to.IsTuple() && len(from.Args()) == len(to.Args()) {
		c := one(TupleConv)
		for i := range from.Args() {
			e := standardExplicit(from.Args()[i], to.Args()[i])
			if !e.ok() {
				return conversion{}
			}
			c.elems = append(c.elems, e)
		}
		return c
	}
	if types.ExplicitReference(from, to) {
		if to.IsValue() || to.Kind() == types.Parameter {
			return one(Unboxing)
		}
		return one(CheckedRef)
	}
	// Unboxing: from object, ValueType, Enum, or an interface of the value type.
	if from.IsReference() && to.IsValue() && types.Boxes(to, from) {
		return one(Unboxing)
	}
	return conversion{}
}

func numeric(t *types.Type) bool { return t.Kind() == types.Enum || t.IsNumeric() }

// convert makes an implicit conversion, or reports why there is none.
func (b *binder) convert(x Expr, to *types.Type) Expr {
	if hasBad(x) || isBad(to) {
		b.settle(x, to)
		return bad(x.Span())
	}
	c := b.implicit(x, to)
	if !c.ok() {
		if ofUnknown(x.Type()) || ofUnknown(to) {
			return bad(x.Span())
		}
		b.noConversion(x, to, c)
		if from := x.Type(); from != nil && from != types.Null && c.ambiguous[0] == nil && b.explicit(x, to).ok() {
			// Only the cast is missing: the compiler goes on as if it were there.
			return &Conv{node: node{to, x.Span()}, X: x, Kind: Identity}
		}
		return bad(x.Span())
	}
	return b.apply(x, c, to, false)
}

// settle reports what is wrong within an operand whose own conversion has
// failed for another reason.
func (b *binder) settle(x Expr, to *types.Type) {
	if l, ok := x.(*lambdaExpr); ok && isBad(to) {
		b.lambdaForErrors(l)
	}
}

// kindName is what messages call an expression without a type.
func kindName(x Expr) string {
	switch x := x.(type) {
	case *lambdaExpr:
		if x.method {
			return "anonymous method"
		}
		return "lambda expression"
	case *methodGroup:
		return "method group"
	case *defaultLit:
		return "default"
	case *ThrowExpr:
		return "throw expression"
	case *tupleLit:
		return tupleName(x)
	}
	return ""
}

func tupleName(x *tupleLit) string {
	s := "("
	for i, item := range x.items {
		if i > 0 {
			s += ", "
		}
		s += show(item)
		if x.names[i] != "" {
			s += " " + x.names[i]
		}
	}
	return s + ")"
}

// show is the type of an expression in a message.
func show(x Expr) string {
	if x.Type() != nil {
		return x.Type().String()
	}
	return kindName(x)
}

func showQualified(x Expr) string {
	if x.Type() != nil {
		return x.Type().Qualified()
	}
	return kindName(x)
}

// noConversion reports that an expression cannot become a type implicitly.
func (b *binder) noConversion(x Expr, to *types.Type, c conversion) {
	at := x.Span()
	switch x := x.(type) {
	case *lambdaExpr:
		b.lambdaMismatch(x, to)
		return
	case *methodGroup:
		b.groupMismatch(x, to)
		return
	case *noCond:
		b.convert(x.l, to)
		b.convert(x.r, to)
		return
	case *typeExpr:
		b.error(at, "CS0119", "'%s' is a type, which is not valid in the given context", x.of)
		return
	case *namespaceExpr:
		b.error(at, "CS0118", "'%s' is a namespace but is used like a variable", x.name)
		return
	case *tupleLit:
		target := to.Underlying()
		if target.IsTuple() && len(target.Args()) == len(x.items) {
			for i, item := range x.items {
				b.convert(item, target.Args()[i])
			}
			return
		}
		b.error(at, "CS0029", "Cannot implicitly convert type '%s' to '%s'", showQualified(x), to.Qualified())
		return
	case *defaultLit:
		b.error(at, "CS8716", "There is no target type for the default literal.")
		return
	}
	from := x.Type()
	if from == types.Null {
		if to.Kind() == types.Parameter {
			b.error(at, "CS0403", "Cannot convert null to type parameter '%s' because it could be a non-nullable value type. Consider using 'default(%s)' instead.", to, to)
			return
		}
		b.error(at, "CS0037", "Cannot convert null to '%s' because it is a non-nullable value type", to)
		return
	}
	if c.ambiguous[0] != nil {
		b.error(at, "CS0457", "Ambiguous user defined conversions '%s' and '%s' when converting from '%s' to '%s'", c.ambiguous[0], c.ambiguous[1], from, to)
		return
	}
	if k, ok := constant(x); ok {
		target := to.Underlying()
		switch {
		case literalConst(x) && from.Code() == types.CodeDouble && (target.Code() == types.CodeSingle || target.Code() == types.CodeDecimal):
			suffix := "F"
			if target.Code() == types.CodeDecimal {
				suffix = "M"
			}
			b.error(at, "CS0664", "Literal of type double cannot be implicitly converted to type '%s'; use an '%s' suffix to create a literal of this type", target, suffix)
			return
		case from.Code() == types.CodeInt32 && constantTarget(target.Code()), from.Code() == types.CodeInt64 && target.Code() == types.CodeUInt64:
			b.error(at, "CS0031", "Constant value '%s' cannot be converted to a '%s'", value.WordString(from, k), to)
			return
		}
	}
	if b.explicit(x, to).ok() {
		b.error(at, "CS0266", "Cannot implicitly convert type '%s' to '%s'. An explicit conversion exists (are you missing a cast?)", from.Qualified(), to.Qualified())
		return
	}
	b.error(at, "CS0029", "Cannot implicitly convert type '%s' to '%s'", showQualified(x), to.Qualified())
}

func literalConst(x Expr) bool {
	c, ok := x.(*Const)
	return ok && c.literal
}

func constantTarget(c types.Code) bool {
	switch c {
	case types.CodeSByte, types.CodeByte, types.CodeInt16, types.CodeUInt16, types.CodeUInt32, types.CodeUInt64:
		return true
	}
	return false
}

// apply makes a conversion that has been classified. explicit says that it was
// written as a cast.
func (b *binder) apply(x Expr, c conversion, to *types.Type, explicit bool) Expr {
	at := x.Span()
	if lit, ok := x.(*tupleLit); ok && (c.kind == Boxing || c.kind == User || c.kind == TupleConv) {
		x = b.natural(lit)
	}
	switch c.kind {
	case Identity:
		switch x := x.(type) {
		case *tupleLit:
			return b.makeTuple(x, to, nil)
		case *Const:
			if to.Kind() == types.Enum || x.typ.Code() == to.Code() {
				return &Const{node: node{to, at}, Value: x.Value}
			}
		}
		if x.Type() == to {
			return x
		}
		return &Conv{node: node{to, at}, X: x, Kind: Identity}
	case DefaultConv:
		return &Zero{node{to, at}}
	case ThrowConv:
		t := x.(*ThrowExpr)
		return &ThrowExpr{node{to, at}, t.X}
	case condConv:
		n := x.(*noCond)
		b.error(at, "CS8957", "Conditional expression is not valid in language version 7.3 because a common type was not found between '%s' and '%s'. To use a target-typed conversion, upgrade to language version 9.0 or greater.", show(n.l), show(n.r))
		return bad(at)
	case LambdaConv:
		return b.bindLambda(x.(*lambdaExpr), to)
	case GroupConv:
		return b.bindGroup(x.(*methodGroup), to)
	case NullConv:
		return &Const{node: node{to, at}}
	case ConstConv, enumZero:
		k, _ := constant(x)
		return b.foldConversion(x, k, to, false)
	case implicitNumeric, explicitNumeric, explicitEnum:
		if k, ok := constant(x); ok {
			return b.foldConversion(x, k, to, explicit)
		}
		return &Conv{node: node{to, at}, X: x, Kind: Numeric, Checked: b.checked && c.kind != implicitNumeric, explicit: explicit}
	case NullableWrap:
		y := x
		if c.inner.kind != Identity || tupleSource(x) {
			y = b.apply(x, *c.inner, to.Underlying(), explicit)
			if hasBad(y) {
				return y
			}
		}
		return &Conv{node: node{to, at}, X: y, Kind: NullableWrap}
	case NullableUnwrap:
		y := Expr(&Conv{node: node{x.Type().Underlying(), at}, X: x, Kind: NullableUnwrap})
		return b.apply(y, *c.inner, to, explicit)
	case NullableMap:
		t := b.temp(x.Type().Underlying())
		y := b.apply(ref(t, at), *c.inner, to.Underlying(), explicit)
		return &Conv{node: node{to, at}, X: x, Kind: NullableMap, Temp: t, Elems: []Expr{y}}
	case tupleLitConv:
		return b.makeTuple(x.(*tupleLit), to, c.elems)
	case TupleConv:
		t := b.temp(x.Type())
		conv := &Conv{node: node{to, at}, X: x, Kind: TupleConv, Temp: t}
		for i, e := range c.elems {
			item := &Item{node{x.Type().Args()[i], at}, ref(t, at), i}
			conv.Elems = append(conv.Elems, b.apply(item, e, to.Args()[i], explicit))
		}
		return conv
	case User, explicitUser:
		y := b.apply(x, *c.before, c.param, true)
		b.use(c.user, at)
		z := Expr(&Conv{node: node{c.result, at}, X: y, Kind: User, User: c.user, Lifted: c.lifted})
		return b.apply(z, *c.after, to, true)
	}
	return &Conv{node: node{to, at}, X: x, Kind: c.kind}
}

func tupleSource(x Expr) bool {
	_, ok := x.(*tupleLit)
	return ok
}

func (b *binder) makeTuple(x *tupleLit, to *types.Type, elems []conversion) Expr {
	target := to.Underlying()
	t := &NewTuple{node: node{target, x.at}}
	for i, item := range x.items {
		if elems == nil {
			t.Items = append(t.Items, b.convert(item, target.Args()[i]))
		} else {
			t.Items = append(t.Items, b.apply(item, elems[i], target.Args()[i], true))
		}
	}
	if to.IsNullable() {
		return &Conv{node: node{to, x.at}, X: t, Kind: NullableWrap}
	}
	return t
}

// cast binds (T)x.
func (b *binder) cast(x Expr, to *types.Type, at source.Span) Expr {
	if hasBad(x) || isBad(to) {
		b.settle(x, to)
		return flawed(to, at)
	}
	if to.Def() != nil && to.Kind() == types.Class && to.Def().Static {
		b.error(at, "CS0716", "Cannot convert to static type '%s'", to)
		return flawed(to, at)
	}
	c := b.explicit(x, to)
	if !c.ok() {
		switch x := x.(type) {
		case *lambdaExpr, *methodGroup, *typeExpr, *namespaceExpr:
			if _, group := x.(*methodGroup); group && to.Kind() != types.Delegate {
				b.error(at, "CS0030", "Cannot convert type 'method group' to '%s'", to)
				return flawed(to, at)
			}
			b.noConversion(x, to, c)
			return flawed(to, at)
		case *tupleLit:
			b.error(at, "CS0030", "Cannot convert type '%s' to '%s'", showQualified(x), to.Qualified())
			return flawed(to, at)
		}
		switch {
		case x.Type() == types.Null:
			b.error(at, "CS0037", "Cannot convert null to '%s' because it is a non-nullable value type", to)
		case c.ambiguous[0] != nil:
			b.error(at, "CS0457", "Ambiguous user defined conversions '%s' and '%s' when converting from '%s' to '%s'", c.ambiguous[0], c.ambiguous[1], x.Type(), to)
		default:
			b.error(at, "CS0030", "Cannot convert type '%s' to '%s'", showQualified(x), to.Qualified())
		}
		return flawed(to, at)
	}
	y := b.apply(x, c, to, true)
	switch y := y.(type) {
	case *Conv:
		y.at = at
		y.explicit = true
	case *Const:
		return &Const{node: node{to, at}, Value: y.Value}
	case *Bad:
		// The problem stands at the cast, not at its operand.
		y.at = at
	}
	if y == x && x.Type() != nil {
		return &Conv{node: node{to, at}, X: x, Kind: Identity, explicit: true}
	}
	return y
}
