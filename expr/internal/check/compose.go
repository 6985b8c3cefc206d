package check

import (
	"strings"
	"unicode"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
)

func (b *binder) tuple(x *syntax.Tuple) Expr {
	t := &tupleLit{node: node{nil, x.Span()}}
	var elems []*types.Type
	typed, wrong, flaws := true, false, false
	explicit := map[string]bool{}
	for _, item := range x.Items {
		if item.Name != nil {
			explicit[item.Name.Text] = true
		}
	}
	seen := map[string]int{}
	for _, item := range x.Items {
		if item.Name == nil {
			seen[inferredName(item.Value)]++
		}
	}
	for i, item := range x.Items {
		v := b.rvalue(item.Value)
		name := ""
		if item.Name != nil {
			name = item.Name.Text
			if !b.tupleName(name, i, t.names, item.Name.Span()) {
				wrong = true
			}
		} else if n := inferredName(item.Value); n != "" && !explicit[n] && seen[n] == 1 && !reservedItem(n) {
			name = n
		}
		if _, declares := item.Value.(*syntax.DeclExpr); declares {
			wrong = true
		}
		t.items = append(t.items, v)
		t.names = append(t.names, name)
		switch {
		case hasBad(v):
			flaws = true
		case v.Type() == nil || v.Type() == types.Null:
			typed = false
		case v.Type().Kind() == types.Void:
			b.error(v.Span(), "CS8210", "A tuple may not contain a value of type 'void'.")
			wrong = true
		}
		elems = append(elems, v.Type())
	}
	if wrong {
		return bad(x.Span())
	}
	if len(elems) > types.MaxTuple {
		b.error(x.Span(), "CS8124", "A tuple of more than %d elements is not allowed in policy expressions", types.MaxTuple)
		return bad(x.Span())
	}
	if typed && len(elems) > 1 {
		t.typ = types.TupleOf(elems, t.names)
	}
	if flaws {
		return flawed(t.typ, x.Span())
	}
	return t
}

func reservedItem(n string) bool {
	if n == "Rest" || n == "ToString" || n == "Equals" || n == "GetHashCode" || n == "CompareTo" {
		return true
	}
	if len(n) > 4 && n[:4] == "Item" {
		for _, c := range n[4:] {
			if c < '0' || c > '9' {
				return false
			}
		}
		return true
	}
	return false
}

// inferredName is the name that a member of a tuple or an anonymous type takes
// from its value.
func inferredName(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Name:
		return x.Text
	case *syntax.Member:
		return x.Name.Text
	case *syntax.ConditionalAccess:
		return inferredName(x.Access)
	case *syntax.MemberBinding:
		return x.Name.Text
	}
	return ""
}

func (b *binder) anonymous(x *syntax.NewAnonymous) Expr {
	at := x.Span()
	var names []string
	var props []*types.Type
	var items []Expr
	wrong, flaws := false, false
	for _, m := range x.Members {
		name := ""
		nameAt := m.Span()
		v := b.rvalue(m.Value)
		switch {
		case m.Name != nil:
			name = m.Name.Text
		default:
			name = inferredName(m.Value)
			if name == "" {
				b.error(m.Span(), "CS0746", "Invalid anonymous type member declarator. Anonymous type members must be declared with a member assignment, simple name or member access.")
				wrong = true
				continue
			}
		}
		for _, n := range names {
			if n == name {
				b.error(nameAt, "CS0833", "An anonymous type cannot have multiple properties with the same name")
				wrong = true
			}
		}
		names = append(names, name)
		t := v.Type()
		switch {
		case hasBad(v):
			flaws = true
		case t == nil || t == types.Null || t.Kind() == types.Void:
			b.error(nameAt, "CS0828", "Cannot assign '%s' to anonymous type property", show(v))
			t, flaws = invalid, true
		default:
			v = b.natural(v)
		}
		props = append(props, t)
		items = append(items, v)
	}
	switch {
	case wrong:
		return bad(at)
	case flaws:
		return flawed(types.AnonymousOf(names, props), at)
	}
	return &NewAnonymous{node{types.AnonymousOf(names, props), at}, items}
}

// natural gives a tuple literal its own type; other typed expressions stay.
func (b *binder) natural(x Expr) Expr {
	if t, ok := x.(*tupleLit); ok && t.typ != nil {
		return b.makeTuple(t, t.typ, nil)
	}
	if c, ok := x.(*noCond); ok {
		b.error(c.at, "CS0173", "Type of conditional expression cannot be determined because there is no implicit conversion between '%s' and '%s'", showQualified(c.l), showQualified(c.r))
		return bad(c.at)
	}
	return x
}

// operand binds an expression that must have a type by itself.
func (b *binder) operand(x syntax.Expr) Expr { return b.natural(b.rvalue(x)) }

func (b *binder) interpolated(x *syntax.Interpolated) Expr {
	n := &Interp{node: node{types.String, x.Span()}}
	wrong := false
	plain := true
	text := ""
	for _, p := range x.Parts {
		if p.Hole == nil {
			n.Parts = append(n.Parts, InterpPart{Text: p.Text})
			text += p.Text
			continue
		}
		plain = false
		v := b.rvalue(p.Hole.Value)
		part := InterpPart{Format: p.Hole.Format, HasFormat: p.Hole.HasFormat}
		if p.Hole.Align != nil {
			a := b.convert(b.rvalue(p.Hole.Align), types.Int32)
			if k, ok := constant(a); ok {
				part.Align = k.Int()
			} else if !hasBad(a) {
				b.error(a.Span(), "CS0150", "A constant value is expected")
				wrong = true
			}
		}
		if f := p.Hole.Format; p.Hole.HasFormat {
			switch {
			case f == "":
				b.error(p.Hole.Colon.Span(), "CS8089", "Empty format specifier.")
				wrong = true
			case strings.TrimRightFunc(f, unicode.IsSpace) != f:
				b.error(p.Hole.Colon.Span(), "CS8088", "A format specifier may not contain trailing whitespace.")
				wrong = true
			}
		}
		part.X = b.boxed(v)
		wrong = wrong || hasBad(part.X)
		n.Parts = append(n.Parts, part)
	}
	if wrong {
		return flawed(types.String, x.Span())
	}
	if plain && len(x.Parts) <= 1 {
		// An interpolated string without holes is not a constant in C# 7.3, but a
		// string all the same.
		n.Parts = []InterpPart{{Text: text}}
	}
	return n
}
