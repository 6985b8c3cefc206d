package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Print writes a node as canonical text: one space around binary operators, one
// statement a line, braces on lines of their own, four spaces a level. The text
// of a tree that Parse found no error in parses to the same tree.
func Print(n Node) string {
	p := &printer{}
	switch n := n.(type) {
	case *Root:
		p.root(n)
	case Stmt:
		p.stmt(n)
	case Expr:
		p.expr(n)
	case Type:
		p.typ(n)
	default:
		p.other(n)
	}
	return p.String()
}

type printer struct {
	strings.Builder
	level int
	// inline is more than 0 inside a hole, which must stay on its line.
	inline int
}

func (p *printer) write(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

func (p *printer) newline() {
	if p.inline > 0 {
		p.WriteByte(' ')
		return
	}
	p.WriteByte('\n')
	for range p.level {
		p.WriteString("    ")
	}
}

func (p *printer) root(r *Root) {
	switch {
	case r.Body != nil:
		p.WriteByte('@')
		p.block(r.Body)
	case r.Expr != nil:
		p.write("@(")
		p.expr(r.Expr)
		p.write(")")
	}
}

// separated writes items with a comma between them.
func separated[T any](p *printer, items []T, item func(T)) {
	for i, it := range items {
		if i > 0 {
			p.write(", ")
		}
		item(it)
	}
}

func (p *printer) name(text string, verbatim bool) {
	if verbatim {
		p.WriteByte('@')
	}
	p.WriteString(text)
}

func (p *printer) ident(id *Ident) {
	if id != nil {
		p.name(id.Text, id.Verbatim)
	}
}

func (p *printer) genericName(n *Name) {
	p.name(n.Text, n.Verbatim)
	if n.TypeArgs == nil {
		return
	}
	p.WriteByte('<')
	if _, open := n.TypeArgs[0].(*OmittedType); open {
		p.write(strings.Repeat(",", len(n.TypeArgs)-1))
	} else {
		separated(p, n.TypeArgs, p.typ)
	}
	p.WriteByte('>')
}

func (p *printer) typ(t Type) {
	switch t := t.(type) {
	case *ArrayType:
		p.typ(t.Element)
		for _, r := range t.Ranks {
			p.rank(r)
		}
	case *NullableType:
		p.typ(t.Element)
		p.WriteByte('?')
	case *PointerType:
		p.typ(t.Element)
		p.WriteByte('*')
	case *TupleType:
		p.WriteByte('(')
		separated(p, t.Items, func(it *TupleTypeItem) {
			p.typ(it.Type)
			if it.Name != nil {
				p.WriteByte(' ')
				p.ident(it.Name)
			}
		})
		p.WriteByte(')')
	case *RefType:
		p.write("ref ")
		if t.ReadOnly {
			p.write("readonly ")
		}
		p.typ(t.Element)
	case *OmittedType, *BadType, nil:
	case Expr:
		p.expr(t)
	}
}

func (p *printer) rank(r Rank) {
	p.WriteByte('[')
	if r.Sizes == nil {
		p.write(strings.Repeat(",", max(r.Dims-1, 0)))
	} else {
		separated(p, r.Sizes, func(x Expr) {
			if x != nil {
				p.expr(x)
			}
		})
	}
	p.WriteByte(']')
}

func (p *printer) arguments(open string, l *ArgumentList, closing string) {
	p.write(open)
	separated(p, l.Items, p.argument)
	p.write(closing)
}

func (p *printer) argument(a *Argument) {
	if a.Name != nil {
		p.ident(a.Name)
		p.write(": ")
	}
	if a.Mode != ByValue {
		p.write(a.Mode.String(), " ")
	}
	p.expr(a.Value)
}

func (p *printer) expr(x Expr) {
	switch x := x.(type) {
	case *Literal:
		p.write(x.Text)
	case *Interpolated:
		p.interpolated(x)
	case *Name:
		p.genericName(x)
	case *AliasName:
		p.ident(x.Alias)
		p.write("::")
		p.genericName(x.Name)
	case *Member:
		p.expr(x.Target)
		if x.Arrow {
			p.write("->")
		} else {
			p.WriteByte('.')
		}
		p.genericName(x.Name)
	case *PredefinedType:
		p.write(x.Keyword)
	case *This:
		p.write("this")
	case *Base:
		p.write("base")
	case *ConditionalAccess:
		p.expr(x.Target)
		p.WriteByte('?')
		p.expr(x.Access)
	case *MemberBinding:
		p.WriteByte('.')
		p.genericName(x.Name)
	case *ElementBinding:
		p.arguments("[", &x.Args, "]")
	case *Index:
		p.expr(x.Target)
		p.arguments("[", &x.Args, "]")
	case *Call:
		p.expr(x.Target)
		p.arguments("(", &x.Args, ")")
	case *DeclExpr:
		p.typ(x.Type)
		p.WriteByte(' ')
		p.designation(x.Designation)
	case *Cast:
		p.WriteByte('(')
		p.typ(x.Type)
		p.WriteByte(')')
		p.expr(x.X)
	case *Paren:
		p.WriteByte('(')
		p.expr(x.X)
		p.WriteByte(')')
	case *Unary:
		p.unary(x)
	case *Binary:
		p.binary(x)
	case *Assign:
		p.expr(x.X)
		p.write(" ", assignText(x.Op), " ")
		p.expr(x.Y)
	case *Conditional:
		p.expr(x.Cond)
		p.write(" ? ")
		p.expr(x.Then)
		p.write(" : ")
		p.expr(x.Else)
	case *IsType:
		p.expr(x.X)
		p.write(" is ")
		p.typ(x.Type)
	case *IsPattern:
		p.expr(x.X)
		p.write(" is ")
		p.pattern(x.Pattern)
	case *As:
		p.expr(x.X)
		p.write(" as ")
		p.typ(x.Type)
	case *Default:
		p.write("default")
		if x.Type != nil {
			p.inParens(x.Type)
		}
	case *TypeOf:
		p.write("typeof")
		p.inParens(x.Type)
	case *SizeOf:
		p.write("sizeof")
		p.inParens(x.Type)
	case *Checked:
		p.write(checkedText(x.Unchecked), "(")
		p.expr(x.X)
		p.WriteByte(')')
	case *Throw:
		p.write("throw ")
		p.expr(x.X)
	case *Ref:
		p.write("ref ")
		p.expr(x.X)
	case *Await:
		p.write("await ")
		p.expr(x.X)
	case *Tuple:
		p.WriteByte('(')
		separated(p, x.Items, p.argument)
		p.WriteByte(')')
	case *Lambda:
		p.lambda(x)
	case *AnonymousMethod:
		p.modifiers(x.Modifiers)
		p.write("delegate")
		if x.HasParams {
			p.WriteByte(' ')
			p.parameters(x.Params)
		}
		p.newline()
		p.block(x.Body)
	case *Query:
		p.query(x)
	case *BadExpr, nil:
	default:
		p.creation(x)
	}
}

func assignText(op Op) string {
	if op == OpNone {
		return "="
	}
	return op.String() + "="
}

func checkedText(unchecked bool) string {
	if unchecked {
		return "unchecked"
	}
	return "checked"
}

func (p *printer) inParens(t Type) {
	p.WriteByte('(')
	p.typ(t)
	p.WriteByte(')')
}

func (p *printer) unary(x *Unary) {
	switch x.Op {
	case OpPostIncrement, OpPostDecrement, OpSuppress:
		p.expr(x.X)
		p.write(x.Op.String())
		return
	}
	op := x.Op.String()
	p.write(op)
	if inner, ok := x.X.(*Unary); ok && inner.Op.String()[0] == op[0] {
		p.WriteByte(' ')
	}
	p.expr(x.X)
}

// binary writes a chain without recursion into its left side, which may be
// thousands deep.
func (p *printer) binary(x *Binary) {
	chain := []*Binary{x}
	for {
		left, ok := chain[len(chain)-1].X.(*Binary)
		if !ok {
			break
		}
		chain = append(chain, left)
	}
	p.expr(chain[len(chain)-1].X)
	for i := len(chain) - 1; i >= 0; i-- {
		p.write(" ", chain[i].Op.String(), " ")
		p.expr(chain[i].Y)
	}
}

func (p *printer) creation(x Expr) {
	switch x := x.(type) {
	case *New:
		p.write("new")
		if x.Type != nil {
			p.WriteByte(' ')
			p.typ(x.Type)
		}
		if x.Args.Present() {
			p.arguments("(", &x.Args, ")")
		}
		if x.Init != nil {
			p.WriteByte(' ')
			p.initializer(x.Init)
		}
	case *NewArray:
		p.write("new ")
		p.typ(x.Type)
		if x.Init != nil {
			p.WriteByte(' ')
			p.initializer(x.Init)
		}
	case *NewImplicitArray:
		p.write("new[", strings.Repeat(",", x.Rank-1), "] ")
		p.initializer(x.Init)
	case *StackAlloc:
		p.write("stackalloc")
		if x.Type == nil {
			p.write("[]")
		} else {
			p.WriteByte(' ')
			p.typ(x.Type)
		}
		if x.Init != nil {
			p.WriteByte(' ')
			p.initializer(x.Init)
		}
	case *NewAnonymous:
		if len(x.Members) == 0 {
			p.write("new { }")
			return
		}
		p.write("new { ")
		separated(p, x.Members, func(m *AnonymousMember) {
			if m.Name != nil {
				p.ident(m.Name)
				p.write(" = ")
			}
			p.expr(m.Value)
		})
		p.write(" }")
	case *Initializer:
		p.initializer(x)
	case *InitIndex:
		p.arguments("[", &x.Args, "]")
	case *SwitchExpr:
		p.expr(x.X)
		p.write(" switch { ")
		separated(p, x.Arms, func(arm *SwitchArm) {
			p.pattern(arm.Pattern)
			if arm.When != nil {
				p.write(" when ")
				p.expr(arm.When)
			}
			p.write(" => ")
			p.expr(arm.Value)
		})
		p.write(" }")
	case *Range:
		p.expr(x.X)
		p.write("..")
		p.expr(x.Y)
	case *With:
		p.expr(x.X)
		p.write(" with ")
		p.initializer(x.Init)
	case *CollectionExpr:
		p.WriteByte('[')
		separated(p, x.Items, p.expr)
		p.WriteByte(']')
	case *Spread:
		p.write("..")
		p.expr(x.X)
	case *KeywordExpr:
		p.write(x.Keyword)
		if x.Args != nil {
			p.WriteByte('(')
			separated(p, x.Args, p.expr)
			if x.Type != nil {
				p.write(", ")
				p.typ(x.Type)
			}
			p.WriteByte(')')
		}
	}
}

func (p *printer) initializer(n *Initializer) {
	if len(n.Items) == 0 {
		p.write("{ }")
		return
	}
	p.write("{ ")
	separated(p, n.Items, p.expr)
	p.write(" }")
}

func (p *printer) modifiers(mods []Modifier) {
	for _, m := range mods {
		p.write(m.Keyword, " ")
	}
}

func (p *printer) lambda(l *Lambda) {
	p.modifiers(l.Modifiers)
	if l.ReturnType != nil {
		p.typ(l.ReturnType)
		p.WriteByte(' ')
	}
	if l.Paren {
		p.parameters(l.Params)
	} else {
		p.ident(l.Params[0].Name)
	}
	p.write(" =>")
	switch b := l.Body.(type) {
	case *Block:
		p.newline()
		p.block(b)
	case Expr:
		p.WriteByte(' ')
		p.expr(b)
	}
}

func (p *printer) parameters(params []*Param) {
	p.WriteByte('(')
	separated(p, params, func(prm *Param) {
		if prm.Mode != ByValue {
			p.write(prm.Mode.String(), " ")
		}
		if prm.ReadOnly {
			p.write("readonly ")
		}
		if prm.Type != nil {
			p.typ(prm.Type)
			p.WriteByte(' ')
		}
		p.ident(prm.Name)
		if prm.Default != nil {
			p.write(" = ")
			p.expr(prm.Default)
		}
	})
	p.WriteByte(')')
}

func (p *printer) interpolated(n *Interpolated) {
	if n.Verbatim {
		p.write(`$@"`)
	} else {
		p.write(`$"`)
	}
	for _, part := range n.Parts {
		if part.Hole == nil {
			p.write(strings.NewReplacer("{", "{{", "}", "}}").Replace(escapeText(part.Text, n.Verbatim)))
			continue
		}
		p.hole(part.Hole, n.Verbatim)
	}
	p.WriteByte('"')
}

func (p *printer) hole(h *Hole, verbatim bool) {
	p.WriteByte('{')
	p.inline++
	p.expr(h.Value)
	if h.Align != nil {
		p.WriteByte(',')
		p.expr(h.Align)
	}
	p.inline--
	if h.HasFormat {
		p.write(":", escapeText(h.Format, verbatim))
	}
	p.WriteByte('}')
}

// escapeText writes text as it stands between the quotes of an interpolated
// string.
func escapeText(s string, verbatim bool) string {
	if verbatim {
		return strings.ReplaceAll(s, `"`, `""`)
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, w := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && w == 1 && i+2 < len(s) && s[i] == 0xed && s[i+1] >= 0xa0:
			// A lone surrogate.
			fmt.Fprintf(&b, `\u%04x`, 0xd000|rune(s[i+1]&0x3f)<<6|rune(s[i+2]&0x3f))
			w = 3
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20 || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029:
			b.WriteString(`\u`)
			hex := strconv.FormatInt(int64(r), 16)
			b.WriteString(strings.Repeat("0", 4-len(hex)) + hex)
		default:
			b.WriteString(s[i : i+w])
		}
		i += w
	}
	return b.String()
}

func (p *printer) query(q *Query) {
	p.from(q.From)
	p.queryBody(q.Body)
}

func (p *printer) from(c *FromClause) {
	p.write("from ")
	if c.Type != nil {
		p.typ(c.Type)
		p.WriteByte(' ')
	}
	p.ident(c.Name)
	p.write(" in ")
	p.expr(c.In)
}

func (p *printer) queryBody(b *QueryBody) {
	for _, c := range b.Clauses {
		p.WriteByte(' ')
		p.clause(c)
	}
	switch {
	case b.Select != nil:
		p.write(" select ")
		p.expr(b.Select.X)
	case b.Group != nil:
		p.write(" group ")
		p.expr(b.Group.X)
		p.write(" by ")
		p.expr(b.Group.By)
	}
	if b.Into != nil {
		p.write(" into ")
		p.ident(b.Into.Name)
		p.queryBody(b.Into.Body)
	}
}

func (p *printer) clause(c Clause) {
	switch c := c.(type) {
	case *FromClause:
		p.from(c)
	case *LetClause:
		p.write("let ")
		p.ident(c.Name)
		p.write(" = ")
		p.expr(c.X)
	case *WhereClause:
		p.write("where ")
		p.expr(c.X)
	case *JoinClause:
		p.write("join ")
		if c.Type != nil {
			p.typ(c.Type)
			p.WriteByte(' ')
		}
		p.ident(c.Name)
		p.write(" in ")
		p.expr(c.In)
		p.write(" on ")
		p.expr(c.Left)
		p.write(" equals ")
		p.expr(c.Right)
		if c.Into != nil {
			p.write(" into ")
			p.ident(c.Into)
		}
	case *OrderByClause:
		p.write("orderby ")
		separated(p, c.Keys, func(k *Ordering) {
			p.expr(k.X)
			switch {
			case k.Descending:
				p.write(" descending")
			case k.Explicit:
				p.write(" ascending")
			}
		})
	}
}

func (p *printer) pattern(pat Pattern) {
	switch pat := pat.(type) {
	case *ConstantPattern:
		p.expr(pat.X)
	case *DeclarationPattern:
		p.typ(pat.Type)
		p.WriteByte(' ')
		p.designation(pat.Designation)
	case *VarPattern:
		p.write("var ")
		p.designation(pat.Designation)
	case *LaterPattern:
		p.write(pat.Text)
	}
}

func (p *printer) designation(d Designation) {
	switch d := d.(type) {
	case *SingleDesignation:
		p.ident(d.Name)
	case *DiscardDesignation:
		p.WriteByte('_')
	case *TupleDesignation:
		p.WriteByte('(')
		separated(p, d.Items, p.designation)
		p.WriteByte(')')
	}
}

// other writes nodes that are no expression, statement or type.
func (p *printer) other(n Node) {
	switch n := n.(type) {
	case Pattern:
		p.pattern(n)
	case Designation:
		p.designation(n)
	case Clause:
		p.clause(n)
	case *Argument:
		p.argument(n)
	case *Param:
		p.parameters([]*Param{n})
	case *Hole:
		p.hole(n, false)
	case *QueryBody:
		p.queryBody(n)
	case *Declarator:
		p.declarator(n)
	case *SwitchSection:
		p.section(n)
	case *CaseLabel:
		p.label(n)
	case *Catch:
		p.catch(n)
	}
}
