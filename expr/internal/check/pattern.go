package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
)

// pattern binds a pattern over a value of a type.
func (b *binder) pattern(p syntax.Pattern, of *types.Type, is bool) Pattern {
	switch p := p.(type) {
	case *syntax.ConstantPattern:
		return b.constantPattern(p.X, of)
	case *syntax.DeclarationPattern:
		t := b.declaredType(p.Type)
		var l *Local
		if d, ok := p.Designation.(*syntax.SingleDesignation); ok {
			l = b.sc.find(d.Name)
		}
		if t == nil {
			if l != nil {
				l.Type = of
			}
			return &VarPattern{l}
		}
		if l != nil {
			l.Type = t
		}
		if isBad(t) || isBad(of) {
			return &badPattern{}
		}
		if t.IsNullable() {
			b.error(p.Type.Span(), "CS8116", "It is not legal to use nullable type '%s' in a pattern; use the underlying type '%s' instead.", t, t.Underlying())
			return &badPattern{}
		}
		if !b.patternFits(of, t) {
			b.error(p.Type.Span(), "CS8121", "An expression of type '%s' cannot be handled by a pattern of type '%s'.", of, t)
			return &badPattern{}
		}
		return &TypePattern{t, l}
	case *syntax.VarPattern:
		switch d := p.Designation.(type) {
		case *syntax.SingleDesignation:
			l := b.sc.find(d.Name)
			if l != nil {
				l.Type = of
			}
			return &VarPattern{l}
		case *syntax.TupleDesignation:
			b.deconstructCallFor(of, d)
			return &badPattern{}
		}
		return &VarPattern{}
	}
	return &badPattern{}
}

// deconstructCallFor reports what a `var (a, b)` pattern, which is of a later
// C#, lacks.
func (b *binder) deconstructCallFor(of *types.Type, d *syntax.TupleDesignation) {
	if !isBad(of) && !of.IsTuple() {
		b.deconstructCall(ref(&Local{Type: of, Owner: b.fn}, d.Span()), of, len(d.Items), d.Span())
	}
	b.giveUp(b.designated(d, nil), false)
}

func (b *binder) patternFits(of, t *types.Type) bool {
	if of.Kind() == types.Parameter || t.Kind() == types.Parameter {
		return true
	}
	if of == types.Null {
		return false
	}
	c := standardExplicit(of, t)
	switch c.kind {
	case Identity, Reference, CheckedRef, Boxing, Unboxing:
		return true
	case NullableUnwrap, NullableWrap, NullableMap:
		return c.inner.kind == Identity
	}
	return false
}

// constantPattern binds `is 5` and `case "a"`.
func (b *binder) constantPattern(e syntax.Expr, of *types.Type) Pattern {
	x := b.expr(e)
	if _, ok := x.(*typeExpr); ok {
		// `case JObject:` is a type pattern of a later C#.
		b.later(e.Span(), "type pattern", "9.0")
		return &badPattern{}
	}
	x = b.needValue(x)
	if hasBad(x) || isBad(of) {
		return &badPattern{}
	}
	if x.Type() == nil {
		if _, ok := x.(*defaultLit); ok {
			b.error(e.Span(), "CS8505", "A default literal 'default' is not valid as a pattern. Use another literal (e.g. '0' or 'null') as appropriate. To match everything, use a discard pattern '_'.")
			return &badPattern{}
		}
		b.noConversion(x, of, conversion{})
		return &badPattern{}
	}
	if of.IsReference() && of.Kind() != types.Parameter && x.Type() != types.Null {
		// Over object any constant that boxes to it will do, with its own type.
		if !isConstant(x) {
			b.error(e.Span(), "CS0150", "A constant value is expected")
			return &badPattern{}
		}
		if !b.patternFits(of, x.Type()) {
			b.convert(x, of)
			if b.implicit(x, of).ok() {
				b.error(e.Span(), "CS8121", "An expression of type '%s' cannot be handled by a pattern of type '%s'.", of, x.Type())
			}
			return &badPattern{}
		}
		return &ConstPattern{x}
	}
	if x.Type() == types.Null {
		if of.IsValue() && !of.IsNullable() {
			b.error(e.Span(), "CS0037", "Cannot convert null to '%s' because it is a non-nullable value type", of)
			return &badPattern{}
		}
		return &ConstPattern{x}
	}
	target := of.Underlying()
	if !isConstant(x) {
		b.error(e.Span(), "CS9135", "A constant value of type '%s' is expected", target)
		return &badPattern{}
	}
	y := b.convert(x, target)
	if hasBad(y) {
		return &badPattern{}
	}
	return &ConstPattern{y}
}
