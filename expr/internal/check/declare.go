package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
)

func (b *binder) localDecl(s *syntax.LocalDecl) []Stmt {
	for _, m := range s.Modifiers {
		if m.Keyword != "const" {
			b.error(m.Span(), "CS0106", "The modifier '%s' is not valid for this item", m.Keyword)
		}
	}
	var list []Stmt
	if r, ok := s.Type.(*syntax.RefType); ok {
		return b.refDecl(s, r)
	}
	t := b.declaredType(s.Type)
	if t == nil {
		if s.Const {
			b.error(s.Type.Span(), "CS0822", "Implicitly-typed variables cannot be constant")
		} else if len(s.Vars) > 1 {
			b.error(s.Type.Span(), "CS0819", "Implicitly-typed variables cannot have multiple declarators")
		}
	} else if t.Kind() == types.Void {
		b.error(s.Type.Span(), "CS1547", "Keyword 'void' cannot be used in this context")
		t = invalid
	} else if t.Kind() == types.Class && t.Def().Static {
		b.error(s.Type.Span(), "CS0723", "Cannot declare a variable of static type '%s'", t)
		t = invalid
	}
	for _, v := range s.Vars {
		list = append(list, b.declarator(s, v, t)...)
	}
	return list
}

func (b *binder) declarator(s *syntax.LocalDecl, v *syntax.Declarator, t *types.Type) []Stmt {
	l := b.sc.find(v.Name)
	at := stmt{v.Span()}
	if l == nil {
		l = &Local{Name: v.Name.Text, Owner: b.fn}
	}
	if s.Const {
		b.constDecl(s, v, l, t)
		return []Stmt{&Nothing{at}}
	}
	nameAt := v.Name.Span()
	if r, ok := v.Init.(*syntax.Ref); ok {
		x := b.operand(r.X)
		b.error(nameAt, "CS8171", "Cannot initialize a by-value variable with a reference")
		l.Type = t
		if t == nil {
			l.Type = typeOr(x)
		}
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	if in, ok := v.Init.(*syntax.Initializer); ok {
		switch {
		case t == nil:
			b.error(nameAt, "CS0820", "Cannot initialize an implicitly-typed variable with an array initializer")
			b.initForErrors(in)
			l.Type = invalid
		case t.Kind() == types.Array:
			l.Type = t
			return []Stmt{&Declare{at, l, b.arrayInit(t, in, nil, in.Span())}}
		case isBad(t):
			b.initForErrors(in)
			l.Type = t
		default:
			b.error(in.Span(), "CS0622", "Can only use array initializer expressions to assign to array types. Try using a new expression instead.")
			b.initForErrors(in)
			l.Type = t
		}
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	if v.Init == nil {
		if t == nil {
			b.error(nameAt, "CS0818", "Implicitly-typed variables must be initialized")
			l.Type = invalid
			l.assigned = true
		} else {
			l.Type = t
		}
		return []Stmt{&Declare{at, l, nil}}
	}
	if t != nil {
		l.Type = t
		x := b.rvalue(v.Init)
		return []Stmt{&Declare{at, l, b.convert(x, t)}}
	}
	if _, ok := v.Init.(*syntax.This); ok {
		b.error(s.Type.Span(), "CS0723", "Cannot declare a variable of static type 'expression'")
	}
	l.typing = true
	x := b.operand(v.Init)
	l.typing = false
	l.Type = typeOr(x)
	if hasBad(x) {
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	switch xt := x.Type(); {
	case xt == nil:
		switch x.(type) {
		case *lambdaExpr, *methodGroup:
			b.later(x.Span(), "inferred delegate type", "10.0")
		case *defaultLit:
			b.error(x.Span(), "CS8716", "There is no target type for the default literal.")
		default:
			b.error(nameAt, "CS0815", "Cannot assign %s to an implicitly-typed variable", show(x))
		}
		b.settle(x, invalid)
		l.Type = invalid
		return []Stmt{&Declare{at, l, bad(at.at)}}
	case xt == types.Null || xt.Kind() == types.Void:
		b.error(nameAt, "CS0815", "Cannot assign %s to an implicitly-typed variable", xt)
		l.Type = invalid
		return []Stmt{&Declare{at, l, bad(at.at)}}
	}
	return []Stmt{&Declare{at, l, x}}
}

func typeOr(x Expr) *types.Type {
	if x.Type() == nil || x.Type() == types.Null || x.Type().Kind() == types.Void {
		return invalid
	}
	return x.Type()
}

func (b *binder) constDecl(s *syntax.LocalDecl, v *syntax.Declarator, l *Local, t *types.Type) {
	l.Type = invalid
	if v.Init == nil {
		b.error(v.Name.Span(), "CS0145", "A const field requires a value to be provided")
		return
	}
	if in, ok := v.Init.(*syntax.Initializer); ok {
		b.initForErrors(in)
		if t != nil && t.Kind() == types.Array {
			b.error(in.Span(), "CS0133", "The expression being assigned to '%s' must be constant", v.Name.Text)
		}
		return
	}
	l.typing = true
	x := b.operand(v.Init)
	l.typing = false
	if _, ok := v.Init.(*syntax.Interpolated); ok && t != nil {
		b.later(v.Init.Span(), "constant interpolated strings", "10.0")
	}
	if t == nil {
		// `const var` was reported; its value still gives the variable a type.
		l.Type = typeOr(x)
		l.assigned = true
		return
	}
	if isBad(t) {
		return
	}
	if t.IsValue() && !t.IsNumeric() && t.Code() != types.CodeBool && t.Kind() != types.Enum || t.IsNullable() {
		b.error(s.Type.Span(), "CS0283", "The type '%s' cannot be declared const", t)
		l.Type = t
		l.assigned = true
		return
	}
	y := b.convert(x, t)
	if hasBad(y) {
		return
	}
	if c, cast := y.(*Conv); cast && isConstant(x) && !isConstant(c) {
		// A constant that does not fit was reported.
		return
	}
	k, ok := y.(*Const)
	if !ok {
		if z, isZero := y.(*Zero); isZero {
			if c, isConst := constant(z); isConst {
				k, ok = &Const{node: z.node, Value: c}, true
			} else if !t.IsValue() {
				k, ok = &Const{node: z.node}, true
			}
		}
	}
	if !ok {
		b.error(v.Init.Span(), "CS0133", "The expression being assigned to '%s' must be constant", v.Name.Text)
		l.Type = t
		l.assigned = true
		return
	}
	l.Type = t
	c := k.Value
	l.konst = &c
}

func (b *binder) refDecl(s *syntax.LocalDecl, r *syntax.RefType) []Stmt {
	t := b.declaredType(r.Element)
	var list []Stmt
	for _, v := range s.Vars {
		l := b.sc.find(v.Name)
		at := stmt{v.Span()}
		if l == nil {
			l = &Local{Name: v.Name.Text, Owner: b.fn}
		}
		l.Ref, l.assigned = true, true
		l.Type = t
		if t == nil {
			l.Type = invalid
		}
		if v.Init == nil {
			b.error(v.Name.Span(), "CS8174", "A declaration of a by-reference variable must have an initializer")
			continue
		}
		init, ok := v.Init.(*syntax.Ref)
		if !ok {
			b.error(v.Name.Span(), "CS8172", "Cannot initialize a by-reference variable with a value")
			var x Expr
			if in, braces := v.Init.(*syntax.Initializer); braces {
				b.initForErrors(in)
				continue
			}
			x = b.expr(v.Init)
			b.checkVariable(x, syntax.ByRef)
			if t == nil && !hasBad(x) {
				l.Type = typeOr(b.natural(x))
			}
			continue
		}
		x := b.variable(init.X, syntax.ByRef)
		if hasBad(x) {
			continue
		}
		if t == nil {
			l.Type = x.Type()
		} else if !isBad(t) && !types.Same(t, x.Type()) {
			b.error(init.X.Span(), "CS8173", "The expression must be of type '%s' because it is being assigned by reference", t)
			continue
		}
		list = append(list, &DeclareRef{at, l, x})
	}
	return list
}
