package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// switchInfo is a switch being bound, for goto case.
type switchInfo struct {
	of      *types.Type
	id      *target
	node    *Switch
	pending []*Goto
	wants   []Expr // the constants of goto case, nil for goto default
	ats     []source.Span
}

func (b *binder) gotoStmt(s *syntax.Goto) Stmt {
	at := stmt{s.Span()}
	switch s.Kind {
	case syntax.GotoLabel:
		if s.Label == nil {
			return &Nothing{at}
		}
		for sc := b.sc; sc != nil && sc.fn == b.fn; sc = sc.parent {
			if l := sc.labels[s.Label.Text]; l != nil {
				l.used = true
				return &Goto{stmt: at, To: l}
			}
		}
		b.error(s.Label.Span(), "CS0159", "No such label '%s' within the scope of the goto statement", s.Label.Text)
		return &Nothing{at}
	}
	if len(b.swtch) == 0 {
		if s.X != nil {
			b.rvalue(s.X)
		}
		b.error(at.at, "CS0153", "A goto case is only valid inside a switch statement")
		return &Nothing{at}
	}
	info := b.swtch[len(b.swtch)-1]
	g := &Goto{stmt: at, Switch: info.id, Section: -1}
	var want Expr
	if s.Kind == syntax.GotoCase {
		x := b.rvalue(s.X)
		if hasBad(x) || isBad(info.of) {
			return g
		}
		want = b.convert(x, info.of)
		if hasBad(want) {
			return g
		}
		if !isConstant(want) {
			b.error(at.at, "CS0150", "A constant value is expected")
			return g
		}
	}
	info.pending = append(info.pending, g)
	info.wants = append(info.wants, want)
	info.ats = append(info.ats, at.at)
	return g
}

func (b *binder) switchStmt(s *syntax.Switch) Stmt {
	at := stmt{s.Span()}
	x := b.operand(s.X)
	of := x.Type()
	if of == nil || of == types.Null || of.Kind() == types.Void {
		if !hasBad(x) {
			if of == types.Null {
				b.error(s.X.Span(), "CS8119", "The switch expression must be a value; found '<null>'.")
			} else {
				b.error(s.X.Span(), "CS8119", "The switch expression must be a value; found '%s'.", show(x))
			}
		}
		b.settle(x, invalid)
		x, of = bad(s.X.Span()), invalid
	}
	sw := &Switch{stmt: at, X: x, Default: -1, id: &target{depth: b.finally}}
	sw.Temp = b.temp(of)
	info := &switchInfo{of: of, id: sw.id, node: sw}
	n := b.scoped()
	n.loops = append(n.loops[:len(n.loops):len(n.loops)], sw.id)
	n.swtch = append(n.swtch[:len(n.swtch):len(n.swtch)], info)
	for _, sec := range s.Sections {
		for _, st := range sec.Stmts {
			n.predeclareStmt(st)
		}
	}
	var before []*Case
	for i, sec := range s.Sections {
		out := &Section{At: sec.Span()}
		m := n.scoped()
		for _, l := range sec.Labels {
			if l.Pattern != nil {
				m.predeclareExpr(l.Pattern)
			}
			if l.When != nil {
				m.predeclareExpr(l.When)
			}
		}
		for _, l := range sec.Labels {
			c := &Case{At: l.Span()}
			if l.Pattern == nil {
				c.text = "default"
				if sw.Default >= 0 {
					b.error(l.Span(), "CS0152", "The switch statement contains multiple cases with the label value 'default'")
				}
				sw.Default = i
			} else {
				c.Pattern = m.pattern(l.Pattern, of, false)
				if l.When != nil {
					c.When = m.condition(l.When)
				}
				b.covered(before, c, l)
				before = append(before, c)
			}
			out.last = c.At
			out.name = labelName(b.c.root.Text, l)
			out.Labels = append(out.Labels, c)
		}
		for _, st := range sec.Stmts {
			out.Body = append(out.Body, m.stmt(st)...)
		}
		out.Locals = m.sc.locals
		sw.Sections = append(sw.Sections, out)
	}
	sw.Locals = n.sc.locals
	for i, g := range info.pending {
		g.Section = b.sectionOf(sw, info.wants[i])
		if g.Section < 0 {
			name := "default:"
			if info.wants[i] != nil {
				k, _ := info.wants[i].(*Const)
				name = "case " + caseText(k) + ":"
			}
			b.error(info.ats[i], "CS0159", "No such label '%s' within the scope of the goto statement", name)
		}
	}
	return sw
}

// labelName is a label as messages quote it.
func labelName(text string, l *syntax.CaseLabel) string {
	s := l.Span()
	if s.Start < 0 || s.End > len(text) {
		return ""
	}
	return text[s.Start:s.End]
}

func caseText(k *Const) string {
	switch {
	case k == nil:
		return ""
	case k.Value.IsNull():
		return "null"
	case k.typ == types.String:
		return `"` + k.Value.Str() + `"`
	}
	return value.WordString(k.typ, k.Value)
}

func (b *binder) sectionOf(sw *Switch, want Expr) int {
	if want == nil {
		return sw.Default
	}
	k := want.(*Const)
	for i, sec := range sw.Sections {
		for _, c := range sec.Labels {
			if p, ok := c.Pattern.(*ConstPattern); ok {
				if l, isConst := p.Value.(*Const); isConst && sameConst(k, l) {
					return i
				}
			}
		}
	}
	return -1
}

func sameConst(k, l *Const) bool {
	if k.Value.IsNull() || l.Value.IsNull() {
		return k.Value.IsNull() && l.Value.IsNull()
	}
	if k.Value.IsString() || l.Value.IsString() {
		return k.Value.IsString() && l.Value.IsString() && k.Value.Str() == l.Value.Str()
	}
	return k.Value.IsWord() && l.Value.IsWord() && k.typ.Underlying() == l.typ.Underlying() && k.Value.Word() == l.Value.Word()
}

// covered reports a label that an earlier one leaves nothing to.
func (b *binder) covered(before []*Case, c *Case, l *syntax.CaseLabel) {
	for _, d := range before {
		if d.When != nil {
			if k, ok := constant(d.When); !ok || !k.Bool() {
				continue
			}
		}
		switch p := d.Pattern.(type) {
		case *ConstPattern:
			q, ok := c.Pattern.(*ConstPattern)
			if !ok {
				continue
			}
			k, ok1 := p.Value.(*Const)
			m, ok2 := q.Value.(*Const)
			if ok1 && ok2 && sameConst(k, m) {
				if c.When == nil {
					b.error(l.Span(), "CS0152", "The switch statement contains multiple cases with the label value '%s'", caseText(m))
				} else {
					b.error(l.Pattern.Span(), "CS8120", "The switch case is unreachable. It has already been handled by a previous case or it is impossible to match.")
				}
				return
			}
		case *TypePattern:
			var t *types.Type
			switch q := c.Pattern.(type) {
			case *TypePattern:
				t = q.Target
			case *ConstPattern:
				if k, ok := q.Value.(*Const); ok && !k.Value.IsNull() {
					t = k.typ
				}
			}
			if t != nil && !t.Open() && types.Assignable(t, p.Target) {
				b.error(l.Pattern.Span(), "CS8120", "The switch case is unreachable. It has already been handled by a previous case or it is impossible to match.")
				return
			}
		case *VarPattern:
			if _, broken := c.Pattern.(*badPattern); !broken {
				b.error(l.Pattern.Span(), "CS8120", "The switch case is unreachable. It has already been handled by a previous case or it is impossible to match.")
				return
			}
		}
	}
}
