package check

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// found is what a name means on a type: one property, field or constant, or
// some methods.
type found struct {
	single  *types.Member
	methods []*types.Member
	hidden  *types.Member // one that exists but may not be used
}

func (f found) none() bool { return f.single == nil && len(f.methods) == 0 }

// hierarchy is the types in which the members of t are looked up, nearest
// first.
func hierarchy(t *types.Type) []*types.Type {
	var list []*types.Type
	switch t.Kind() {
	case types.Interface:
		list = append(list, t)
		list = append(list, t.Interfaces()...)
		return append(list, types.Object)
	case types.Parameter:
		if t.Constraint != nil {
			for _, k := range t.Constraint.Bounds {
				list = append(list, hierarchy(k)...)
			}
		}
		if t.IsValue() {
			list = append(list, types.ValueType)
		}
		return append(list, types.Object)
	case types.Array:
		t = types.ArrayBase
	}
	for c := t; c != nil; c = c.Base() {
		list = append(list, c)
	}
	return list
}

// lookup finds the members of a type by name. Members of nearer types hide
// those of farther ones; methods hide only those of the same parameters.
func (b *binder) lookup(t *types.Type, name string, invoked bool) found {
	var f found
	for _, c := range hierarchy(t) {
		if c.Def() == nil {
			continue
		}
		for _, m := range b.c.table.Info(c.Def()).Named(name) {
			m = m.In(c)
			if m.Access != types.Public {
				if f.hidden == nil {
					f.hidden = m
				}
				continue
			}
			if m.Kind != types.Method {
				if m.Kind == types.Constructor || f.single != nil || len(f.methods) > 0 {
					continue
				}
				if invoked && m.Result.Kind() != types.Delegate {
					// What cannot be called does not count in a call; it is kept to say so.
					if f.hidden == nil {
						f.hidden = m
					}
					continue
				}
				f.single = m
				return f
			}
			if !overridden(f.methods, m) {
				f.methods = append(f.methods, m)
			}
		}
	}
	return f
}

func overridden(list []*types.Member, m *types.Member) bool {
	for _, k := range list {
		if k.Static == m.Static && len(k.Params) == len(m.Params) && len(k.Parameters) == len(m.Parameters) && sameSignature(k, m) {
			return true
		}
	}
	return false
}

func sameSignature(a, b *types.Member) bool {
	for i := range a.Params {
		if a.Params[i].Mode != b.Params[i].Mode || !types.Same(types.Subst(a.Params[i].Type, a.Parameters, b.Parameters), b.Params[i].Type) {
			return false
		}
	}
	return true
}

// extensions lists the extension methods of a name in the imported namespaces.
func (b *binder) extensions(name string) []*types.Member {
	var list []*types.Member
	for _, m := range b.c.table.Extensions(name) {
		for _, ns := range b.c.opts.Imports {
			if m.Owner.Def().Namespace == ns {
				list = append(list, m)
				break
			}
		}
	}
	return list
}

// member binds x.name.
func (b *binder) member(x *syntax.Member, invoked bool) Expr {
	at, nameAt := x.Span(), x.Name.Span()
	if x.Arrow {
		if hasBad(b.needValue(b.expr(x.Target))) {
			return bad(at)
		}
		b.error(at, "CS0193", "The * or -> operator must be applied to a pointer")
		return bad(at)
	}
	target := b.memberTarget(x.Target)
	switch t := target.(type) {
	case *namespaceExpr:
		if x.Name.Text == "" {
			return bad(at)
		}
		full := t.name + "." + x.Name.Text
		if d := b.lookupType(t.name, x.Name.Text, len(x.Name.TypeArgs)); d == nil && len(x.Name.TypeArgs) == 0 && b.c.table.Namespace(full) {
			return &namespaceExpr{node{nil, at}, full}
		}
		got := b.inNamespaceAt(t.name, x.Name, at)
		if isBad(got) {
			return bad(at)
		}
		return &typeExpr{node{nil, at}, got}
	case *typeExpr:
		return b.staticMember(t, x.Name, at, nameAt, invoked)
	}
	if typeless(target) || x.Name.Text == "" {
		return bad(at)
	}
	if n, ok := x.Target.(*syntax.Name); ok && len(n.TypeArgs) == 0 {
		// A variable of the same name as its type can be both (Color Color).
		if l, isLocal := target.(*LocalRef); isLocal && l.Local.Type.Name() == n.Text {
			if t, d, _ := b.simpleType(n.Text, 0); t == nil && d != nil && d == l.Local.Type.Def() {
				f := b.lookup(d.Type(), x.Name.Text, invoked)
				if f.single != nil && f.single.Static || len(f.methods) > 0 && f.methods[0].Static {
					return b.staticMember(&typeExpr{node{nil, n.Span()}, d.Type()}, x.Name, at, nameAt, invoked)
				}
			}
		}
	}
	return b.instanceMember(target, x.Name, at, nameAt, invoked)
}

// memberTarget binds what stands left of a dot: a value, a type or a namespace.
func (b *binder) memberTarget(x syntax.Expr) Expr {
	v := b.expr(x)
	switch v.(type) {
	case *namespaceExpr, *typeExpr:
		return v
	}
	return b.natural(b.needValue(v))
}

func (b *binder) staticMember(t *typeExpr, n *syntax.Name, at, nameAt source.Span, invoked bool) Expr {
	of := t.of
	if b.sees(n.Text) {
		b.seeMember(of, true, "")
	}
	if n.Text == "" {
		return bad(at)
	}
	if of.Kind() == types.Enum {
		for _, m := range of.Def().EnumMembers() {
			if m.Name == n.Text {
				if k := b.c.table.Info(of.Def()).EnumMember(m.Name); k != nil {
					b.use(k, nameAt)
				}
				return &Const{node: node{of, at}, Value: value.Enum(of, m.Value)}
			}
		}
	}
	if of.Kind() == types.Parameter {
		b.error(at, "CS0704", "Cannot do non-virtual member lookup in '%s' because it is a type parameter", of)
		return bad(at)
	}
	f := b.lookup(of, n.Text, invoked)
	switch {
	case f.single != nil:
		return b.propertyOf(nil, t, f.single, n, at, nameAt)
	case len(f.methods) > 0:
		g := &methodGroup{node: node{nil, at}, name: n.Text, nameAt: nameAt, recvType: of, static: true, methods: f.methods}
		b.groupArgs(g, n)
		return b.ofArity(g, invoked)
	}
	if d := b.nested(of, n.Text, len(n.TypeArgs)); d != nil {
		if got := b.construct(d, n); !isBad(got) {
			return &typeExpr{node{nil, at}, got}
		}
		return bad(at)
	}
	if ext := b.extensions(n.Text); invoked && f.none() && f.hidden == nil && len(ext) > 0 {
		return &methodGroup{node: node{nil, at}, name: n.Text, nameAt: nameAt, recvType: of, static: true, ext: ext}
	}
	b.noMember(of, n, nameAt, f, true)
	return bad(at)
}

func (b *binder) groupArgs(g *methodGroup, n *syntax.Name) {
	if len(n.TypeArgs) == 0 {
		return
	}
	g.hasArgs, g.argsAt = true, n.Span()
	if _, omitted := n.TypeArgs[0].(*syntax.OmittedType); omitted {
		b.error(g.at, "CS8389", "Omitting the type argument is not allowed in the current context")
		b.error(g.at, "CS7003", "Unexpected use of an unbound generic name")
		g.omitted = true
		for range n.TypeArgs {
			g.args = append(g.args, invalid)
		}
		return
	}
	for _, a := range n.TypeArgs {
		t := b.typ(a)
		if !isBad(t) && !b.argument(t, n.Span()) {
			t = invalid
		}
		g.args = append(g.args, t)
	}
}

func (b *binder) instanceMember(target Expr, n *syntax.Name, at, nameAt source.Span, invoked bool) Expr {
	t := target.Type()
	if hasBad(target) {
		return b.memberOfFlawed(target, n, at, nameAt, invoked)
	}
	if t == nil {
		switch g := target.(type) {
		case *methodGroup:
			b.error(g.nameAt, "CS0119", "'%s' is a method, which is not valid in the given context", b.groupShow(g))
		case *defaultLit:
			b.error(target.Span(), "CS8716", "There is no target type for the default literal.")
		default:
			b.error(at, "CS0023", "Operator '.' cannot be applied to operand of type '%s'", kindName(target))
		}
		return bad(at)
	}
	if t.Kind() == types.Void || t == types.Null {
		if t.Kind() == types.Void && nameAt.Start > at.Start {
			// The compiler points at the dot, which stands before the name.
			at = source.Span{Start: nameAt.Start - 1, End: nameAt.Start}
		}
		b.error(at, "CS0023", "Operator '.' cannot be applied to operand of type '%s'", t)
		return bad(at)
	}
	if b.sees(n.Text) {
		b.seeMember(t, false, "")
	}
	if t.IsTuple() {
		for i := range t.Args() {
			if n.Text == value.ItemName(i) || t.ElementNames() != nil && t.ElementNames()[i] == n.Text {
				return &Item{node{t.Args()[i], at}, target, i}
			}
		}
	}
	if t.IsAnonymous() {
		for i, name := range t.Def().Anonymous {
			if name == n.Text && !(invoked && t.Args()[i].Kind() != types.Delegate) {
				return &Item{node{t.Args()[i], at}, target, i}
			}
		}
	}
	if t.Kind() == types.Delegate && n.Text == "Invoke" && t.Invoke() != nil {
		return &methodGroup{node: node{nil, at}, name: n.Text, nameAt: nameAt, recv: target, recvType: t, methods: []*types.Member{t.Invoke()}}
	}
	f := b.lookup(t, n.Text, invoked)
	if f.single != nil {
		return b.propertyOf(target, nil, f.single, n, at, nameAt)
	}
	ext := b.extensions(n.Text)
	if f.none() {
		ext = b.possible(ext, n, t, invoked)
	}
	if f.none() && len(ext) == 0 {
		b.noMember(t, n, nameAt, f, false)
		return bad(at)
	}
	g := &methodGroup{node: node{nil, at}, name: n.Text, nameAt: nameAt, recv: target, recvType: t, methods: f.methods, ext: ext}
	b.groupArgs(g, n)
	return b.ofArity(g, invoked)
}

// ofArity reports a method that is named without being called, with type
// arguments that none of its name takes.
func (b *binder) ofArity(g *methodGroup, invoked bool) Expr {
	if invoked || !g.hasArgs {
		return g
	}
	for _, m := range append(g.methods[:len(g.methods):len(g.methods)], g.ext...) {
		if len(m.Parameters) == len(g.args) {
			return g
		}
	}
	b.wrongTypeArgs(g)
	return bad(g.at)
}

// possible are the extension methods that a member access can mean: those with
// as many type parameters as it gives arguments and, where nothing is called,
// those that take such a receiver.
func (b *binder) possible(ext []*types.Member, n *syntax.Name, t *types.Type, invoked bool) []*types.Member {
	var list []*types.Member
	for _, m := range ext {
		if len(n.TypeArgs) > 0 && len(n.TypeArgs) != len(m.Parameters) {
			continue
		}
		if !invoked && !receives(m.Params[0].Type, t) {
			continue
		}
		list = append(list, m)
	}
	return list
}

// receives reports whether a receiver of type t can be passed for a first
// parameter, whatever its type arguments will be.
func receives(p, t *types.Type) bool {
	switch {
	case !p.Open():
		return types.Same(p, t) || types.ReferenceConvertible(t, p) || types.Boxes(t, p)
	case p.Kind() == types.Parameter:
		return true
	case p.Kind() == types.Array:
		return t.Kind() == types.Array && t.Rank() == p.Rank()
	case p.Kind() == types.Interface:
		for _, k := range t.Implements(p.Def()) {
			fits := true
			for i, a := range p.Args() {
				fits = fits && within(k.Args()[i], a)
			}
			if fits {
				return true
			}
		}
		return false
	}
	for c := t; c != nil; c = c.Base() {
		if c.Def() == p.Def() {
			return true
		}
	}
	return false
}

// within reports whether a type can stand for a parameter, by the classes and
// interfaces that its constraint names.
func within(t, p *types.Type) bool {
	if p.Kind() != types.Parameter || p.Constraint == nil {
		return true
	}
	for _, k := range p.Constraint.Bounds {
		if !k.Open() && !types.Same(t, k) && !types.ReferenceConvertible(t, k) && !types.Boxes(t, k) {
			return false
		}
	}
	return true
}

// memberOfFlawed is a member of an expression that is wrong within: what it
// lacks is not reported, what it has keeps its type.
func (b *binder) memberOfFlawed(target Expr, n *syntax.Name, at, nameAt source.Span, invoked bool) Expr {
	if t := target.Type(); t == nil || isBad(t) || t == types.Null {
		return bad(at)
	}
	quiet := b.withDiags(&bag{})
	x := quiet.instanceMember(ref(b.temp(target.Type()), target.Span()), n, at, nameAt, invoked)
	if g, ok := x.(*methodGroup); ok {
		g.recv = target
		return g
	}
	return flawed(x.Type(), at)
}

// propertyOf is the use of a property, field or constant.
func (b *binder) propertyOf(recv Expr, t *typeExpr, m *types.Member, n *syntax.Name, at, nameAt source.Span) Expr {
	if len(n.TypeArgs) > 0 {
		kind := "property"
		if m.Kind == types.Field || m.Kind == types.Const {
			kind = "field"
		}
		b.error(nameAt, "CS0307", "The %s '%s' cannot be used with type arguments", kind, m)
		return bad(at)
	}
	switch {
	case m.Static && t == nil:
		b.error(at, "CS0176", "Member '%s' cannot be accessed with an instance reference; qualify it with a type name instead", m)
		return bad(at)
	case !m.Static && t != nil:
		b.error(at, "CS0120", "An object reference is required for the non-static field, method, or property '%s'", m)
		return bad(at)
	}
	b.use(m, nameAt)
	if m.Kind == types.Const {
		return b.memberConst(m, at)
	}
	return &Get{node: node{m.Result, at}, Member: m, Recv: recv}
}

// noMember reports that a type has no member of that name.
func (b *binder) noMember(t *types.Type, n *syntax.Name, nameAt source.Span, f found, static bool) {
	if m := f.hidden; m != nil {
		if m.Access != types.Public {
			b.error(nameAt, "CS0122", "'%s' is inaccessible due to its protection level", accessName(m))
		} else {
			b.error(nameAt, "CS1955", "Non-invocable member '%s' cannot be used like a method.", m)
		}
		return
	}
	for _, prefix := range []string{"get_", "set_"} {
		if rest, ok := strings.CutPrefix(n.Text, prefix); ok {
			if g := b.lookup(t, rest, false); g.single != nil && g.single.Kind == types.Property {
				b.error(nameAt, "CS0571", "'%s.%s': cannot explicitly call operator or accessor", g.single, strings.TrimSuffix(prefix, "_"))
				return
			}
		}
	}
	for _, a := range n.TypeArgs {
		b.typ(a)
	}
	hint := similar(n.Text, b.memberNames(t))
	if hint == "" && t == types.Object {
		hint = "cast the object to its type first"
	}
	if hint == "" {
		hint = "no such member is allowed in policy expressions"
	}
	if static {
		b.errorHint(nameAt, hint, "CS0117", "'%s' does not contain a definition for '%s'", t, n.Text)
		return
	}
	b.errorHint(nameAt, hint, "CS1061", "'%s' does not contain a definition for '%s' and no accessible extension method '%s' accepting a first argument of type '%s' could be found %s", t, n.Text, n.Text, t, missingRef)
}

func accessName(m *types.Member) string { return m.String() }

func (b *binder) memberNames(t *types.Type) []string {
	var names []string
	for _, c := range hierarchy(t) {
		if c.Def() == nil {
			continue
		}
		if i := b.c.table.Info(c.Def()); i != nil {
			for _, m := range i.All {
				if m.Access == types.Public && m.Explicit == nil && (m.Kind == types.Method || m.Kind == types.Property || m.Kind == types.Const || m.Kind == types.Field) {
					names = append(names, m.Name)
				}
			}
		}
	}
	if t.Kind() == types.Enum {
		for _, m := range t.Def().EnumMembers() {
			names = append(names, m.Name)
		}
	}
	if t.IsAnonymous() {
		names = append(names, t.Def().Anonymous...)
	}
	return names
}

func (b *binder) groupShow(g *methodGroup) string {
	switch {
	case g.funcs != nil:
		return funcName(g.funcs)
	case len(g.methods) > 0:
		list := make([]*candidate, len(g.methods))
		for i, m := range g.methods {
			list[i] = &candidate{declared: m}
		}
		inOrder(list)
		return list[0].declared.String()
	case len(g.ext) > 0:
		return g.ext[0].String()
	}
	return g.name
}

// funcName is how messages call a local function: Twice(int).
func funcName(f *Function) string {
	return memberShow(f.member)
}

// memberShow is a member as messages name it: a local function has no type in
// front, a delegate's Invoke is the delegate.
func memberShow(m *types.Member) string {
	if m.Owner == nil {
		s := m.Name
		if len(m.Parameters) > 0 {
			s += "<"
			for i, p := range m.Parameters {
				if i > 0 {
					s += ", "
				}
				s += p.Name()
			}
			s += ">"
		}
		return s + "(" + types.ParamList(m.Params) + ")"
	}
	if m.Owner.Kind() == types.Delegate && m.Name == "Invoke" {
		return m.Owner.String()
	}
	return m.String()
}
