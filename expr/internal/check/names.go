package check

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

const missingRef = "(are you missing a using directive or an assembly reference?)"

// typ binds a type as written; a mistake is reported and gives an invalid type.
func (b *binder) typ(t syntax.Type) *types.Type {
	b.tick()
	switch t := t.(type) {
	case *syntax.PredefinedType:
		if k := types.Keyword(t.Keyword); k != nil {
			return k
		}
		return invalid
	case *syntax.Name:
		return b.typeName(t)
	case *syntax.AliasName:
		if t.Alias.Text != "global" {
			b.error(t.Alias.Span(), "CS0432", "Alias '%s' not found", t.Alias.Text)
			return invalid
		}
		if d := b.lookupType("", t.Name.Text, len(t.Name.TypeArgs)); d != nil {
			return b.construct(d, t.Name)
		}
		b.error(t.Name.Span(), "CS0400", "The type or namespace name '%s' could not be found in the global namespace (are you missing an assembly reference?)", t.Name.Text)
		return invalid
	case *syntax.Member:
		return b.qualifiedType(t)
	case *syntax.NullableType:
		e := b.typ(t.Element)
		if isBad(e) {
			return e
		}
		if e.Kind() == types.Void {
			return invalid
		}
		if !e.IsValue() {
			if e.Kind() == types.Parameter && !e.IsReference() {
				b.later(t.Span(), "nullable reference types", "8.0")
				return invalid
			}
			b.later(source.Span{Start: t.Span().End - 1, End: t.Span().End}, "nullable reference types", "8.0")
			return e
		}
		if e.IsNullable() {
			b.error(t.Span(), "CS0453", "The type '%s' must be a non-nullable value type in order to use it as parameter 'T' in the generic type or method 'Nullable<T>'", e)
			return invalid
		}
		return types.NullableOf(e)
	case *syntax.ArrayType:
		e := b.typ(t.Element)
		if e.Kind() == types.Void {
			return invalid
		}
		if e.Def() != nil && e.Def().Static && e.Kind() == types.Class {
			b.error(t.Element.Span(), "CS0719", "'%s': array elements cannot be of static type", e)
			return invalid
		}
		for i := len(t.Ranks) - 1; i >= 0; i-- {
			e = types.ArrayOf(e, max(t.Ranks[i].Dims, 1))
		}
		return e
	case *syntax.TupleType:
		var elems []*types.Type
		var names []string
		wrong := false
		for i, item := range t.Items {
			e := b.typ(item.Type)
			wrong = wrong || e.Kind() == types.Void
			elems = append(elems, e)
			name := ""
			if item.Name != nil {
				name = item.Name.Text
				if !b.tupleName(name, i, names, item.Name.Span()) {
					wrong = true
				}
			}
			names = append(names, name)
		}
		if wrong {
			return invalid
		}
		if len(elems) > types.MaxTuple {
			b.error(t.Span(), "CS8124", "A tuple of more than %d elements is not allowed in policy expressions", types.MaxTuple)
			return invalid
		}
		return types.TupleOf(elems, names)
	case *syntax.PointerType:
		b.error(t.Span(), "CS0214", "Pointers and fixed size buffers may only be used in an unsafe context")
		b.typ(t.Element)
		return invalid
	case *syntax.RefType:
		return b.typ(t.Element)
	case *syntax.OmittedType:
		return invalid
	}
	return invalid
}

// tupleName checks the name of a tuple element: no doubles, and ItemN only in
// its place.
func (b *binder) tupleName(name string, index int, before []string, at source.Span) bool {
	if strings.HasPrefix(name, "Item") {
		n := 0
		for _, c := range name[4:] {
			if c < '0' || c > '9' {
				n = -1
				break
			}
			n = n*10 + int(c-'0')
		}
		if n > 0 && n != index+1 {
			b.error(at, "CS8125", "Tuple element name '%s' is only allowed at position %d.", name, n)
			return false
		}
	}
	for _, m := range before {
		if m == name && name != "" {
			b.error(at, "CS8127", "Tuple element names must be unique.")
			return false
		}
	}
	return true
}

// lookupType finds an allowed type in a namespace.
func (b *binder) lookupType(namespace, name string, arity int) *types.Def {
	for _, d := range b.c.table.Named(namespace, name) {
		if len(d.Parameters) == arity && d.Outer == nil && b.c.table.Info(d) != nil {
			return d
		}
	}
	return nil
}

// simpleType finds a type by its simple name: a type parameter, or a type of
// an imported namespace. Several namespaces may have it: that is ambiguous.
func (b *binder) simpleType(name string, arity int) (t *types.Type, d *types.Def, all []*types.Def) {
	for s := b.sc; s != nil; s = s.parent {
		if p := s.types[name]; p != nil && arity == 0 {
			return p, nil, nil
		}
	}
	if d := b.lookupType("", name, arity); d != nil {
		return nil, d, []*types.Def{d}
	}
	for _, ns := range b.c.opts.Imports {
		if d := b.lookupType(ns, name, arity); d != nil {
			all = append(all, d)
		}
	}
	if len(all) > 0 {
		return nil, all[0], all
	}
	return nil, nil, nil
}

// doubled reports whether a local function around declares two type parameters
// of that name.
func (b *binder) doubled(name string) bool {
	for s := b.sc; s != nil; s = s.parent {
		if s.types[name] != nil {
			return s.fn != nil && s.fn.doubleParam
		}
	}
	return false
}

// otherArity finds a type of that name with another number of parameters.
func (b *binder) otherArity(name string) *types.Def {
	for _, ns := range b.c.opts.Imports {
		for _, d := range b.c.table.Named(ns, name) {
			if b.c.table.Info(d) != nil && d.Outer == nil {
				return d
			}
		}
	}
	return nil
}

func (b *binder) typeName(n *syntax.Name) *types.Type {
	if b.sees(n.Text) {
		b.seeNames(n.Span(), true)
		return invalid
	}
	if n.Text == "" {
		return invalid
	}
	arity := len(n.TypeArgs)
	t, d, all := b.simpleType(n.Text, arity)
	if t != nil {
		if t.OfMethod() && b.doubled(n.Text) {
			b.error(n.Span(), "CS0229", "Ambiguity between '%s' and '%s'", n.Text, n.Text)
			return invalid
		}
		return t
	}
	if len(all) > 1 {
		b.error(n.Span(), "CS0104", "'%s' is an ambiguous reference between '%s' and '%s'", n.Text, all[0].FullName(), all[1].FullName())
		return invalid
	}
	if d != nil {
		return b.construct(d, n)
	}
	if l, f := b.findName(n.Text); arity == 0 && (l != nil || f != nil) {
		if l != nil {
			b.error(n.Span(), "CS0118", "'%s' is a variable but is used like a type", n.Text)
		} else {
			b.error(n.Span(), "CS0118", "'%s' is a method but is used like a type", n.Text)
		}
		return invalid
	} else if l != nil {
		b.error(n.Span(), "CS0307", "The variable '%s' cannot be used with type arguments", n.Text)
		return invalid
	}
	if o := b.otherArity(n.Text); o != nil {
		return b.wrongArity(o, n)
	}
	if arity == 0 && b.c.table.Namespace(n.Text) {
		b.error(n.Span(), "CS0118", "'%s' is a namespace but is used like a type", n.Text)
		return invalid
	}
	shown := n.Text
	if arity > 0 {
		shown += "<" + strings.Repeat(",", arity-1) + ">"
		b.typeArgs(n.TypeArgs)
	}
	b.errorHint(n.Span(), b.typeHint(n.Text), "CS0246", "The type or namespace name '%s' could not be found %s", shown, missingRef)
	return types.NewInvalid(n.Text)
}

func (b *binder) wrongArity(o *types.Def, n *syntax.Name) *types.Type {
	if len(o.Parameters) == 0 {
		b.error(n.Span(), "CS0308", "The non-generic type '%s' cannot be used with type arguments", o.Type())
	} else {
		b.error(n.Span(), "CS0305", "Using the generic type '%s' requires %d type arguments", o.Type(), len(o.Parameters))
	}
	return invalid
}

// typeHint says what may be meant by an unknown type.
func (b *binder) typeHint(name string) string {
	var names []string
	imported := map[string]bool{"": true}
	for _, ns := range b.c.opts.Imports {
		imported[ns] = true
	}
	for _, i := range b.c.table.Infos() {
		if i.Def.Outer == nil && imported[i.Def.Namespace] {
			names = append(names, i.Def.Name)
		}
		if i.Def.Name == name && i.Def.Outer == nil {
			return "write " + i.Def.FullName()
		}
	}
	if s := similar(name, names); s != "" {
		return s
	}
	return "the type is not allowed in policy expressions"
}

func (b *binder) typeArgs(args []syntax.Type) []*types.Type {
	list := make([]*types.Type, len(args))
	for i, a := range args {
		list[i] = b.typ(a)
	}
	return list
}

// construct applies the type arguments of a name to a definition.
func (b *binder) construct(d *types.Def, n *syntax.Name) *types.Type {
	if len(n.TypeArgs) == 0 {
		return d.Type()
	}
	if _, open := n.TypeArgs[0].(*syntax.OmittedType); open {
		b.error(n.Span(), "CS7003", "Unexpected use of an unbound generic name")
		return invalid
	}
	args := b.typeArgs(n.TypeArgs)
	for i, a := range args {
		if isBad(a) {
			// A list of something unknown is still a list.
			continue
		}
		if !b.argument(a, n.TypeArgs[i].Span()) {
			return invalid
		}
	}
	t := d.Of(args...)
	for i, p := range d.Parameters {
		at := n.TypeArgs[i].Span()
		if isBad(args[i]) {
			continue
		}
		if !b.satisfies(args[i], p, d.Parameters, args, at, unboundName(d)) {
			return invalid
		}
	}
	return t
}

// argument checks that a type can be a type argument at all.
func (b *binder) argument(a *types.Type, at source.Span) bool {
	if a.Def() != nil && a.Kind() == types.Class && a.Def().Static {
		b.error(at, "CS0718", "'%s': static types cannot be used as type arguments", a)
		return false
	}
	if a.Kind() == types.Void {
		b.error(at, "CS1547", "Keyword 'void' cannot be used in this context")
		return false
	}
	return !isBad(a)
}

// unbound is a generic type without its arguments.
func unbound(t *types.Type) string {
	if d := t.Def(); d != nil && len(t.Args()) > 0 && !t.IsTuple() {
		return unboundName(d)
	}
	return t.String()
}

// unboundName is a type with its parameters; that of T? is Nullable<T>.
func unboundName(d *types.Def) string {
	if d == types.Nullable {
		return "Nullable<T>"
	}
	return d.Type().String()
}

// satisfies checks a type argument against the constraints of its parameter.
func (b *binder) satisfies(a, p *types.Type, params, args []*types.Type, at source.Span, of string) bool {
	c := p.Constraint
	if c == nil {
		return true
	}
	switch {
	case c.Struct && (!a.IsValue() || a.IsNullable()):
		b.error(at, "CS0453", "The type '%s' must be a non-nullable value type in order to use it as parameter '%s' in the generic type or method '%s'", a, p.Name(), of)
		return false
	case c.Class && !a.IsReference():
		b.error(at, "CS0452", "The type '%s' must be a reference type in order to use it as parameter '%s' in the generic type or method '%s'", a, p.Name(), of)
		return false
	case c.New && !b.hasDefaultConstructor(a):
		b.error(at, "CS0310", "'%s' must be a non-abstract type with a public parameterless constructor in order to use it as parameter '%s' in the generic type or method '%s'", a, p.Name(), of)
		return false
	}
	for _, bound := range c.Bounds {
		k := types.Subst(bound, params, args)
		if types.Same(a, k) || types.ReferenceConvertible(a, k) || types.Boxes(a, k) && !a.IsNullable() {
			continue
		}
		if a.IsValue() {
			b.error(at, "CS0315", "The type '%s' cannot be used as type parameter '%s' in the generic type or method '%s'. There is no boxing conversion from '%s' to '%s'.", a, p.Name(), of, a.Qualified(), k.Qualified())
		} else {
			b.error(at, "CS0311", "The type '%s' cannot be used as type parameter '%s' in the generic type or method '%s'. There is no implicit reference conversion from '%s' to '%s'.", a.Qualified(), p.Name(), of, a.Qualified(), k.Qualified())
		}
		return false
	}
	return true
}

func (b *binder) hasDefaultConstructor(a *types.Type) bool {
	if a.IsValue() || a.Kind() == types.Parameter && a.Constraint != nil && a.Constraint.New {
		return true
	}
	if a.Kind() != types.Class || a.Def().Abstract {
		return false
	}
	for _, m := range b.c.table.Info(a.Def()).Named(".ctor") {
		if len(m.Params) == 0 && m.Access == types.Public {
			return true
		}
	}
	return false
}

// qualifiedType binds a.b in a place where only a type can stand.
func (b *binder) qualifiedType(m *syntax.Member) *types.Type {
	t, ns := b.typeOrNamespace(m.Target)
	if t != nil {
		if isBad(t) {
			return t
		}
		if b.sees(m.Name.Text) {
			b.seeMember(t, true, "")
		}
		if d := b.nested(t, m.Name.Text, len(t.Args())+len(m.Name.TypeArgs)); d != nil {
			if len(t.Args()) == 0 {
				return b.construct(d, m.Name)
			}
			// A type within a generic one has the type arguments of both.
			return d.Of(append(t.Args()[:len(t.Args()):len(t.Args())], b.typeArgs(m.Name.TypeArgs)...)...)
		}
		b.error(m.Name.Span(), "CS0426", "The type name '%s' does not exist in the type '%s'", m.Name.Text, t)
		return invalid
	}
	return b.inNamespace(ns, m.Name)
}

func (b *binder) inNamespace(ns string, n *syntax.Name) *types.Type {
	return b.inNamespaceAt(ns, n, n.Span())
}

// inNamespaceAt reports a missing type at a place: in an expression that is all
// of the qualified name.
func (b *binder) inNamespaceAt(ns string, n *syntax.Name, at source.Span) *types.Type {
	if b.sees(n.Text) {
		b.seeMember(nil, true, ns)
	}
	if d := b.lookupType(ns, n.Text, len(n.TypeArgs)); d != nil {
		return b.construct(d, n)
	}
	for _, d := range b.c.table.Named(ns, n.Text) {
		if b.c.table.Info(d) != nil {
			return b.wrongArity(d, n)
		}
	}
	if b.c.table.Namespace(ns + "." + n.Text) {
		b.error(n.Span(), "CS0118", "'%s' is a namespace but is used like a type", ns+"."+n.Text)
		return invalid
	}
	b.errorHint(at, "the type is not allowed in policy expressions", "CS0234", "The type or namespace name '%s' does not exist in the namespace '%s' (are you missing an assembly reference?)", n.Text, ns)
	return invalid
}

// nested finds a type declared in another.
func (b *binder) nested(t *types.Type, name string, arity int) *types.Def {
	if t.Def() == nil {
		return nil
	}
	for _, i := range b.c.table.Infos() {
		if i.Def.Outer == t.Def() && i.Def.Name == name && len(i.Def.Parameters) == arity {
			return i.Def
		}
	}
	return nil
}

// typeOrNamespace binds the left of a dot in a type: a type, or a namespace by
// its full name.
func (b *binder) typeOrNamespace(x syntax.Expr) (*types.Type, string) {
	switch x := x.(type) {
	case *syntax.Name:
		if t, d, _ := b.simpleType(x.Text, len(x.TypeArgs)); t != nil {
			return t, ""
		} else if d != nil {
			return b.construct(d, x), ""
		}
		if len(x.TypeArgs) == 0 && b.c.table.Namespace(x.Text) {
			return nil, x.Text
		}
		return b.typeName(x), ""
	case *syntax.AliasName:
		if x.Alias.Text == "global" && b.c.table.Namespace(x.Name.Text) {
			return nil, x.Name.Text
		}
		return b.typ(x), ""
	case *syntax.Member:
		t, ns := b.typeOrNamespace(x.Target)
		if t != nil {
			if isBad(t) {
				return t, ""
			}
			return b.qualifiedType(x), ""
		}
		full := ns + "." + x.Name.Text
		if len(x.Name.TypeArgs) == 0 && b.lookupType(ns, x.Name.Text, 0) == nil && b.c.table.Namespace(full) {
			return nil, full
		}
		return b.inNamespace(ns, x.Name), ""
	case *syntax.PredefinedType:
		return b.typ(x), ""
	}
	return invalid, ""
}

// tryType binds an expression as a type without reporting anything; nil when
// it is none.
func (b *binder) tryType(x syntax.Expr) *types.Type {
	t, ok := x.(syntax.Type)
	if !ok {
		return nil
	}
	n := b.withDiags(&bag{})
	got := n.typ(t)
	if isBad(got) || len(n.diags.list) > 0 {
		return nil
	}
	return got
}

// findName finds a variable or local function by name.
func (b *binder) findName(name string) (*Local, *Function) {
	for s := b.sc; s != nil; s = s.parent {
		if l := s.vars[name]; l != nil {
			return l, nil
		}
		if f := s.funcs[name]; f != nil {
			return nil, f
		}
	}
	return nil, nil
}

// name binds a simple name in an expression; invoked says that it is called.
func (b *binder) name(n *syntax.Name, invoked bool) Expr {
	at := n.Span()
	if b.sees(n.Text) {
		b.seeNames(at, false)
		return bad(at)
	}
	for s := b.sc; s != nil; s = s.parent {
		if r := s.ranges[n.Text]; r != nil {
			return r(b, at)
		}
		if l := s.vars[n.Text]; l != nil {
			if len(n.TypeArgs) > 0 {
				b.error(at, "CS0307", "The variable '%s' cannot be used with type arguments", n.Text)
				return bad(at)
			}
			return b.local(l, at)
		}
		if f := s.funcs[n.Text]; f != nil {
			g := &methodGroup{node: node{nil, at}, name: n.Text, nameAt: at, funcs: f, simple: true}
			b.groupArgs(g, n)
			return g
		}
	}
	if n.Text == "" {
		return bad(at)
	}
	// An expression is a method of some class: it sees the members of object.
	if f := b.lookup(types.Object, n.Text, invoked); len(f.methods) > 0 {
		return &methodGroup{node: node{nil, at}, name: n.Text, nameAt: at, recvType: types.Object, static: true, methods: f.methods}
	}
	t, d, all := b.simpleType(n.Text, len(n.TypeArgs))
	switch {
	case t != nil:
		return &typeExpr{node{nil, at}, t}
	case len(all) > 1:
		b.error(at, "CS0104", "'%s' is an ambiguous reference between '%s' and '%s'", n.Text, all[0].FullName(), all[1].FullName())
		return bad(at)
	case d != nil:
		if t := b.construct(d, n); !isBad(t) {
			return &typeExpr{node{nil, at}, t}
		}
		return bad(at)
	case len(n.TypeArgs) == 0 && b.c.table.Namespace(n.Text):
		return &namespaceExpr{node{nil, at}, n.Text}
	}
	if o := b.otherArity(n.Text); o != nil {
		b.wrongArity(o, n)
		return bad(at)
	}
	if n.Text == "_" {
		b.error(at, "CS0103", "The name '_' does not exist in the current context")
		return bad(at)
	}
	if len(n.TypeArgs) > 0 {
		b.typeArgs(n.TypeArgs)
	}
	b.errorHint(at, b.nameHint(n.Text), "CS0103", "The name '%s' does not exist in the current context", n.Text)
	return bad(at)
}

func (b *binder) nameHint(name string) string {
	var names []string
	for s := b.sc; s != nil; s = s.parent {
		for k := range s.vars {
			names = append(names, k)
		}
		for k := range s.funcs {
			names = append(names, k)
		}
	}
	if h := similar(name, names); h != "" {
		return h
	}
	for _, i := range b.c.table.Infos() {
		if i.Def.Name == name {
			return "write " + i.Def.FullName()
		}
	}
	var imported []string
	for _, i := range b.c.table.Infos() {
		if i.Def.Outer == nil {
			imported = append(imported, i.Def.Name)
		}
	}
	if h := similar(name, imported); h != "" {
		return h
	}
	return "it is neither a variable nor a type that is allowed in policy expressions"
}

// local is the use of a variable, checked for being declared already and for
// being one that a lambda may use.
func (b *binder) local(l *Local, at source.Span) Expr {
	if l.konst != nil {
		return &Const{node: node{l.Type, at}, Value: *l.konst}
	}
	if l.Decl.Start > at.Start && !l.IsParam && l.Decl.End > 0 || l.typing {
		b.error(at, "CS0841", "Cannot use local variable '%s' before it is declared", l.Name)
		return bad(at)
	}
	if l.Type == nil {
		return bad(at)
	}
	if b.static != nil && l.Owner.depth < b.static.depth {
		b.error(at, "CS8421", "A static local function cannot contain a reference to '%s'.", l.Name)
		return bad(at)
	}
	if l.Ref && l.Owner != b.fn {
		if l.IsParam {
			b.error(at, "CS1628", "Cannot use ref, out, or in parameter '%s' inside an anonymous method, lambda expression, query expression, or local function", l.Name)
		} else {
			b.error(at, "CS8175", "Cannot use ref local '%s' inside an anonymous method, lambda expression, or query expression", l.Name)
		}
		return bad(at)
	}
	return &LocalRef{node{l.Type, at}, l}
}
