package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// View is what can be named at one place of an expression.
type View struct {
	// Seen says that the place was reached at all.
	Seen bool
	// Receiver is the type of what stands before the dot, or nil; Static says
	// that the type itself stands there. Namespace is a namespace before the dot.
	Receiver  *types.Type
	Static    bool
	Namespace string
	// Type says that only a type can stand here.
	Type bool
	// Names are the variables and local functions in scope, the nearest first.
	Names []Visible
}

// Visible is a variable or a local function.
type Visible struct {
	Name string
	// Type is a variable's type, nil for a function.
	Type *types.Type
	// Func is a local function's result and parameters.
	Func *Function
}

// look is what the checker watches for while it binds a text that is looked at
// rather than checked.
type look struct {
	mark string
	view View
}

// Look binds an expression as far as it goes and tells what can be named where
// the name mark stands in it. The text may be wrong in any way; the mark is a
// name that nothing else has.
func Look(root *syntax.Root, opts Options, mark string) (view View) {
	c := &checker{opts: opts, table: opts.Table, root: root, look: &look{mark: mark}}
	defer func() {
		// A broken tree is no tree that binding is made for: what was seen until
		// then counts.
		if recover() != nil {
			view = c.look.view
		}
	}()
	fn := &Function{Name: "expression", Result: types.Object, at: root.Span()}
	sc := &scope{fn: fn}
	b := &binder{c: c, fn: fn, sc: sc, diags: &bag{}}
	for _, v := range opts.Variables {
		l := &Local{Name: v.Name, Type: v.Type, Owner: fn, IsParam: true, assigned: true}
		fn.Params = append(fn.Params, l)
		fn.Locals = append(fn.Locals, l)
		sc.put(l)
	}
	if root.Expr != nil {
		inner := b.scoped()
		inner.predeclareExpr(root.Expr)
		inner.convert(inner.expr(root.Expr), types.Object)
	} else {
		b.block(root.Body)
	}
	return c.look.view
}

// sees reports whether a name is the one that is looked at.
func (b *binder) sees(name string) bool { return b.c.look != nil && name == b.c.look.mark }

// seeMember notes what stands before the dot. A lambda may be bound several
// times; the first binding that knows a type counts.
func (b *binder) seeMember(t *types.Type, static bool, namespace string) {
	v := &b.c.look.view
	if v.Seen {
		return
	}
	v.Seen, v.Receiver, v.Static, v.Namespace = true, t, static, namespace
}

// seeNames notes what is in scope.
func (b *binder) seeNames(at source.Span, onlyTypes bool) {
	v := &b.c.look.view
	known := 0
	for _, n := range v.Names {
		if n.Type != nil && !isBad(n.Type) {
			known++
		}
	}
	names := b.names(at)
	for _, n := range names {
		if n.Type != nil && !isBad(n.Type) {
			known--
		}
	}
	if v.Seen && known >= 0 {
		return
	}
	v.Seen, v.Type, v.Names = true, onlyTypes, names
}

func (b *binder) names(at source.Span) []Visible {
	var list []Visible
	seen := map[string]bool{}
	add := func(v Visible) {
		if v.Name != "" && !seen[v.Name] && !b.sees(v.Name) {
			seen[v.Name] = true
			list = append(list, v)
		}
	}
	for s := b.sc; s != nil; s = s.parent {
		for name, r := range s.ranges {
			add(Visible{Name: name, Type: r(b.withDiags(&bag{}), at).Type()})
		}
		for name, l := range s.vars {
			if (l.Decl.Start <= at.Start || l.IsParam) && !l.typing {
				add(Visible{Name: name, Type: l.Type})
			}
		}
		for name, f := range s.funcs {
			add(Visible{Name: name, Func: f})
		}
	}
	return list
}

// Signature is a local function as it is declared.
func (f *Function) Signature() string {
	text := "void"
	if f.Result != nil {
		text = f.Result.String()
	}
	text += " " + f.Name + "("
	for i, p := range f.Params {
		if i > 0 {
			text += ", "
		}
		if p.Type != nil {
			text += p.Type.String() + " "
		}
		text += p.Name
	}
	return text + ")"
}

// Members lists what can be named behind a dot after a value of a type, or
// after the type itself: members of the nearer types first, and the extension
// methods of the imported namespaces that take such a value.
func Members(opts Options, t *types.Type, static bool) []*types.Member {
	b := &binder{c: &checker{opts: opts, table: opts.Table}}
	var list []*types.Member
	methods := map[string][]*types.Member{}
	hidden := map[string]bool{}
	for _, c := range hierarchy(t) {
		if c.Def() == nil {
			continue
		}
		info := opts.Table.Info(c.Def())
		if info == nil {
			continue
		}
		var here []string
		for _, m := range info.All {
			if m.Access != types.Public || m.Explicit != nil || m.Static != static && !(static && m.Kind == types.Const) || !byName(m.Kind) {
				continue
			}
			if m.Kind != types.Method && hidden[m.Name] {
				continue
			}
			m = m.In(c)
			if m.Kind == types.Method {
				if overridden(methods[m.Name], m) {
					continue
				}
				methods[m.Name] = append(methods[m.Name], m)
			}
			list = append(list, m)
			here = append(here, m.Name)
		}
		for _, name := range here {
			hidden[name] = true
		}
	}
	if static {
		return list
	}
	for _, info := range opts.Table.Infos() {
		for _, m := range info.All {
			if m.Extension && b.imported(m) && receives(m.Params[0].Type, t) {
				list = append(list, m)
			}
		}
	}
	return list
}

// byName reports whether members of a kind are written by their name.
func byName(k types.MemberKind) bool {
	return k == types.Method || k == types.Property || k == types.Field || k == types.Const
}

// imported reports whether an extension method's namespace is one that needs no
// qualification.
func (b *binder) imported(m *types.Member) bool {
	for _, ns := range b.c.opts.Imports {
		if m.Owner.Def().Namespace == ns {
			return true
		}
	}
	return false
}
