package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
)

// arguments binds an argument list.
func (b *binder) arguments(list *syntax.ArgumentList) []argument {
	var args []argument
	for _, a := range list.Items {
		args = append(args, b.argumentOf(a))
	}
	return args
}

func (b *binder) argumentOf(a *syntax.Argument) argument {
	out := argument{mode: mode(a.Mode)}
	if a.Name != nil {
		out.name, out.nameAt = a.Name.Text, a.Name.Span()
	}
	switch {
	case a.Mode == syntax.ByOut:
		if d, ok := a.Value.(*syntax.DeclExpr); ok {
			out.x = b.outDeclaration(d)
			return out
		}
		if n, ok := a.Value.(*syntax.Name); ok && n.Text == "_" {
			if l, f := b.findName("_"); l == nil && f == nil {
				out.x = &outVar{node: node{nil, n.Span()}, discard: true}
				return out
			}
		}
		out.x = b.variable(a.Value, syntax.ByOut)
	case a.Mode == syntax.ByRef, a.Mode == syntax.ByIn:
		out.x = b.variable(a.Value, a.Mode)
	default:
		out.x = b.rvalue(a.Value)
		if t := out.x.Type(); t != nil && t.Kind() == types.Void {
			// void is no argument; what it is passed to will say so.
			return out
		}
	}
	return out
}

// outDeclaration binds `out var x`.
func (b *binder) outDeclaration(d *syntax.DeclExpr) Expr {
	at := d.Span()
	t := b.declaredType(d.Type)
	switch g := d.Designation.(type) {
	case *syntax.SingleDesignation:
		l := b.sc.find(g.Name)
		if l == nil {
			return bad(at)
		}
		l.Type = t
		l.pending = false
		if t != nil && isBad(t) {
			return bad(at)
		}
		return &outVar{node: node{t, at}, local: l}
	case *syntax.DiscardDesignation:
		return &outVar{node: node{t, at}, discard: true}
	}
	b.error(at, "CS8185", "A declaration is not allowed in this context.")
	return bad(at)
}

// declaredType is the type of a declaration, nil for var.
func (b *binder) declaredType(t syntax.Type) *types.Type {
	if t == nil || b.isVar(t) {
		return nil
	}
	return b.typ(t)
}

// isVar reports whether a type is the word var, and not a type of that name.
func (b *binder) isVar(t syntax.Type) bool {
	n, ok := t.(*syntax.Name)
	if !ok || n.Text != "var" || n.Verbatim || len(n.TypeArgs) > 0 {
		return false
	}
	_, d, _ := b.simpleType("var", 0)
	return d == nil
}

// find is the local that a declaration made known before.
func (s *scope) find(id *syntax.Ident) *Local {
	for ; s != nil; s = s.parent {
		if l := s.decls[id]; l != nil {
			return l
		}
	}
	return nil
}

// variable binds what is passed by reference.
func (b *binder) variable(x syntax.Expr, m syntax.PassMode) Expr {
	v := b.expr(x)
	return b.checkVariable(v, m)
}

func (b *binder) checkVariable(v Expr, m syntax.PassMode) Expr {
	switch x := v.(type) {
	case *Bad:
		return v
	case *LocalRef:
		if why := x.Local.readOnly; why != "" && m != syntax.ByIn {
			if x.Local.rangeVar {
				b.error(x.at, "CS1939", "Cannot pass the range variable '%s' as an out or ref parameter", x.Local.Name)
			} else {
				b.error(x.at, "CS1657", "Cannot use '%s' as a ref or out value because it is a '%s'", x.Local.Name, why)
			}
			return bad(x.at)
		}
		return v
	case *Elem:
		return v
	case *Item:
		if x.X.Type().IsTuple() {
			return v
		}
	case *Get:
		if m != syntax.ByIn {
			if x.Member.Kind == types.Field {
				b.error(x.at, "CS0199", "A static readonly field cannot be used as a ref or out value (except in a static constructor)")
			} else {
				b.error(x.at, "CS0206", "A non ref-returning property or indexer may not be used as an out or ref value")
			}
			return bad(x.at)
		}
		return v
	case *typeExpr, *namespaceExpr:
		return b.needValue(v)
	}
	if m == syntax.ByIn {
		return v
	}
	if r, ok := v.(*rangeRef); ok {
		b.error(v.Span(), "CS1939", "Cannot pass the range variable '%s' as an out or ref parameter", r.name)
		return bad(v.Span())
	}
	b.error(v.Span(), "CS1510", "A ref or out value must be an assignable variable")
	return bad(v.Span())
}
