package syntax

func (p *printer) block(b *Block) {
	p.WriteByte('{')
	p.level++
	for _, s := range b.Stmts {
		p.newline()
		p.stmt(s)
	}
	p.level--
	p.newline()
	p.WriteByte('}')
}

// body writes a statement under an if or a loop.
func (p *printer) body(s Stmt) {
	if b, ok := s.(*Block); ok {
		p.newline()
		p.block(b)
		return
	}
	p.level++
	p.newline()
	p.stmt(s)
	p.level--
}

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *Block:
		p.block(s)
	case *Empty:
		p.WriteByte(';')
	case *LocalDecl:
		p.localDecl(s)
		p.WriteByte(';')
	case *LocalFunc:
		p.localFunc(s)
	case *ExprStmt:
		p.expr(s.X)
		p.WriteByte(';')
	case *If:
		p.ifStmt(s)
	case *While:
		p.write("while (")
		p.expr(s.Cond)
		p.WriteByte(')')
		p.body(s.Body)
	case *Do:
		p.write("do")
		p.body(s.Body)
		p.newline()
		p.write("while (")
		p.expr(s.Cond)
		p.write(");")
	case *For:
		p.forStmt(s)
	case *Foreach:
		p.foreach(s)
	case *Switch:
		p.write("switch ")
		if _, tuple := s.X.(*Tuple); tuple {
			p.expr(s.X)
		} else {
			p.WriteByte('(')
			p.expr(s.X)
			p.WriteByte(')')
		}
		p.newline()
		p.WriteByte('{')
		p.level++
		for _, sec := range s.Sections {
			p.newline()
			p.section(sec)
		}
		p.level--
		p.newline()
		p.WriteByte('}')
	case *Break:
		p.write("break;")
	case *Continue:
		p.write("continue;")
	case *Goto:
		switch s.Kind {
		case GotoLabel:
			p.write("goto ")
			p.ident(s.Label)
		case GotoCase:
			p.write("goto case ")
			p.expr(s.X)
		default:
			p.write("goto default")
		}
		p.WriteByte(';')
	case *Labeled:
		p.ident(s.Label)
		p.WriteByte(':')
		p.newline()
		p.stmt(s.Stmt)
	case *Return:
		p.keyword("return", s.X)
	case *ThrowStmt:
		p.keyword("throw", s.X)
	case *Yield:
		if s.X == nil {
			p.write("yield break;")
			return
		}
		p.keyword("yield return", s.X)
	case *Try:
		p.try(s)
	case *Using:
		if s.Await {
			p.write("await ")
		}
		p.write("using (")
		if s.Decl != nil {
			p.localDecl(s.Decl)
		} else {
			p.expr(s.X)
		}
		p.WriteByte(')')
		p.body(s.Body)
	case *Lock:
		p.write("lock (")
		p.expr(s.X)
		p.WriteByte(')')
		p.body(s.Body)
	case *CheckedStmt:
		p.write(checkedText(s.Unchecked))
		p.body(s.Body)
	case *Unsafe:
		p.write("unsafe")
		p.body(s.Body)
	case *Fixed:
		p.write("fixed (")
		p.localDecl(s.Decl)
		p.WriteByte(')')
		p.body(s.Body)
	}
}

func (p *printer) keyword(word string, x Expr) {
	p.write(word)
	if x != nil {
		p.WriteByte(' ')
		p.expr(x)
	}
	p.WriteByte(';')
}

func (p *printer) localDecl(d *LocalDecl) {
	if d.Await {
		p.write("await ")
	}
	if d.Using {
		p.write("using ")
	}
	p.modifiers(d.Modifiers)
	p.typ(d.Type)
	p.WriteByte(' ')
	separated(p, d.Vars, p.declarator)
}

func (p *printer) declarator(v *Declarator) {
	p.ident(v.Name)
	if v.Init != nil {
		p.write(" = ")
		p.expr(v.Init)
	}
}

func (p *printer) localFunc(f *LocalFunc) {
	p.modifiers(f.Modifiers)
	p.typ(f.Result)
	p.WriteByte(' ')
	p.ident(f.Name)
	if f.TypeParams != nil {
		p.WriteByte('<')
		separated(p, f.TypeParams, p.ident)
		p.WriteByte('>')
	}
	p.parameters(f.Params)
	for _, c := range f.Constraints {
		p.write(" where ")
		p.ident(c.Name)
		p.write(" : ")
		p.bounds(c)
	}
	switch {
	case f.Body != nil:
		p.newline()
		p.block(f.Body)
		if f.Expr != nil {
			p.write(" => ")
			p.expr(f.Expr)
			p.WriteByte(';')
		}
	case f.Expr != nil:
		p.write(" => ")
		p.expr(f.Expr)
		p.WriteByte(';')
	default:
		p.WriteByte(';')
	}
}

// bounds writes `class` and its like first and `new()` last, as C# wants it.
func (p *printer) bounds(c *Constraint) {
	first := true
	comma := func() {
		if !first {
			p.write(", ")
		}
		first = false
	}
	for _, k := range c.Kinds {
		if k != "new()" {
			comma()
			p.write(k)
		}
	}
	for _, t := range c.Bounds {
		comma()
		p.typ(t)
	}
	for _, k := range c.Kinds {
		if k == "new()" {
			comma()
			p.write(k)
		}
	}
}

func (p *printer) ifStmt(s *If) {
	for {
		p.write("if (")
		p.expr(s.Cond)
		p.WriteByte(')')
		p.body(s.Then)
		if s.Else == nil {
			return
		}
		p.newline()
		p.write("else")
		next, ok := s.Else.(*If)
		if !ok {
			p.body(s.Else)
			return
		}
		p.WriteByte(' ')
		s = next
	}
}

func (p *printer) forStmt(s *For) {
	p.write("for (")
	if s.Decl != nil {
		p.localDecl(s.Decl)
	} else {
		separated(p, s.Init, p.expr)
	}
	p.WriteByte(';')
	if s.Cond != nil {
		p.WriteByte(' ')
		p.expr(s.Cond)
	}
	p.WriteByte(';')
	if len(s.Post) > 0 {
		p.WriteByte(' ')
		separated(p, s.Post, p.expr)
	}
	p.WriteByte(')')
	p.body(s.Body)
}

func (p *printer) foreach(s *Foreach) {
	if s.Await {
		p.write("await ")
	}
	p.write("foreach (")
	if s.Name != nil {
		p.typ(s.Type)
		p.WriteByte(' ')
		p.ident(s.Name)
	} else {
		p.expr(s.Target)
	}
	p.write(" in ")
	p.expr(s.In)
	p.WriteByte(')')
	p.body(s.Body)
}

func (p *printer) section(sec *SwitchSection) {
	for i, l := range sec.Labels {
		if i > 0 {
			p.newline()
		}
		p.label(l)
	}
	p.level++
	for _, s := range sec.Stmts {
		p.newline()
		p.stmt(s)
	}
	p.level--
}

func (p *printer) label(l *CaseLabel) {
	if l.Pattern == nil {
		p.write("default:")
		return
	}
	p.write("case ")
	p.pattern(l.Pattern)
	if l.When != nil {
		p.write(" when ")
		p.expr(l.When)
	}
	p.WriteByte(':')
}

func (p *printer) try(s *Try) {
	p.write("try")
	p.body(s.Body)
	for _, c := range s.Catches {
		p.newline()
		p.catch(c)
	}
	if s.Finally != nil {
		p.newline()
		p.write("finally")
		p.body(s.Finally)
	}
}

func (p *printer) catch(c *Catch) {
	p.write("catch")
	if c.Type != nil {
		p.write(" (")
		p.typ(c.Type)
		if c.Name != nil {
			p.WriteByte(' ')
			p.ident(c.Name)
		}
		p.WriteByte(')')
	}
	if c.Filter != nil {
		p.write(" when (")
		p.expr(c.Filter)
		p.WriteByte(')')
	}
	p.body(c.Body)
}
