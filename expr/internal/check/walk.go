package check

// children calls f with the expressions, statements and functions right below
// a checked node.
func children(n any, f func(any)) {
	xs := func(list []Expr) {
		for _, x := range list {
			if x != nil {
				f(x)
			}
		}
	}
	x1 := func(x Expr) {
		if x != nil {
			f(x)
		}
	}
	s1 := func(s Stmt) {
		if s != nil {
			f(s)
		}
	}
	pattern := func(p Pattern) {
		if c, ok := p.(*ConstPattern); ok {
			f(c.Value)
		}
	}
	switch n := n.(type) {
	case *Conv:
		x1(n.X)
		xs(n.Elems)
	case *Unary:
		x1(n.X)
	case *Binary:
		x1(n.X)
		x1(n.Y)
	case *Logic:
		x1(n.X)
		x1(n.Y)
	case *BoolLogic:
		x1(n.X)
		x1(n.Y)
	case *RefEqual:
		x1(n.X)
		x1(n.Y)
	case *NullTest:
		x1(n.X)
	case *KnownTest:
		x1(n.X)
	case *DelegateOp:
		x1(n.X)
		x1(n.Y)
	case *TupleEqual:
		for _, s := range n.Sides {
			x1(s.Value)
		}
		xs(n.Items)
	case *Concat:
		xs(n.Parts)
	case *Interp:
		for _, p := range n.Parts {
			x1(p.X)
		}
	case *Cond:
		x1(n.C)
		x1(n.X)
		x1(n.Y)
	case *Coalesce:
		x1(n.X)
		x1(n.Left)
		x1(n.Y)
	case *CondAccess:
		x1(n.X)
		x1(n.Access)
	case *Call:
		x1(n.Recv)
		xs(n.Args)
	case *LocalCall:
		f(n.Func)
		xs(n.Args)
	case *Invoke:
		x1(n.F)
		xs(n.Args)
	case *Ref:
		x1(n.X)
	case *Get:
		x1(n.Recv)
		xs(n.Args)
	case *Elem:
		x1(n.Array)
		xs(n.Index)
	case *Item:
		x1(n.X)
	case *NewArray:
		xs(n.Sizes)
		xs(n.Elems)
	case *NewTuple:
		xs(n.Items)
	case *NewAnonymous:
		xs(n.Items)
	case *Init:
		x1(n.X)
		xs(n.Steps)
	case *LambdaExpr:
		f(n.Func)
	case *MethodDelegate:
		x1(n.Recv)
		x1(n.Over)
		if n.Func != nil {
			f(n.Func)
		}
	case *Assign:
		x1(n.X)
		x1(n.Y)
	case *Compound:
		x1(n.X)
		x1(n.Value)
	case *Deconstruct:
		x1(n.X)
		x1(n.Call)
		for _, t := range n.Targets {
			x1(t.X)
			x1(t.Value)
			if t.Nested != nil {
				f(t.Nested)
			}
		}
	case *IsType:
		x1(n.X)
	case *As:
		x1(n.X)
	case *IsPattern:
		x1(n.X)
		pattern(n.Pattern)
	case *ThrowExpr:
		x1(n.X)
	case *rangeRef:
		x1(n.Expr)
	case *Block:
		for _, s := range n.Stmts {
			s1(s)
		}
	case *ExprStmt:
		x1(n.X)
	case *Declare:
		x1(n.Init)
	case *DeclareRef:
		x1(n.To)
	case *FuncDecl:
		f(n.Func)
	case *If:
		x1(n.Cond)
		s1(n.Then)
		s1(n.Else)
	case *Loop:
		for _, s := range n.Init {
			s1(s)
		}
		x1(n.Cond)
		xs(n.Post)
		s1(n.Body)
	case *Foreach:
		x1(n.X)
		x1(n.Value)
		x1(n.Decon)
		s1(n.Body)
	case *Switch:
		x1(n.X)
		for _, sec := range n.Sections {
			for _, c := range sec.Labels {
				if c.Pattern != nil {
					pattern(c.Pattern)
				}
				x1(c.When)
			}
			for _, s := range sec.Body {
				s1(s)
			}
		}
	case *Return:
		x1(n.X)
	case *Throw:
		x1(n.X)
	case *Yield:
		x1(n.X)
	case *Try:
		s1(n.Body)
		for _, c := range n.Catches {
			x1(c.Filter)
			s1(c.Body)
		}
		s1(n.Finally)
	case *Using:
		for _, d := range n.Decls {
			f(d)
		}
		x1(n.X)
		s1(n.Body)
	case *Lock:
		x1(n.X)
		s1(n.Body)
	}
}

// capture finds out which variables each function uses from outside, and which
// variables therefore need a cell.
func (c *checker) capture(main *Function) {
	var funcs []*Function
	seen := map[*Function]bool{}
	var enter func(f *Function)
	var walk func(f *Function, n any)
	use := func(f *Function, l *Local) {
		if l == nil || l.Owner == f || l.konst != nil {
			return
		}
		l.Captured = true
		if f.direct == nil {
			f.direct = map[*Local]bool{}
		}
		if !f.direct[l] {
			f.direct[l] = true
			f.Free = append(f.Free, l)
		}
	}
	enter = func(f *Function) {
		if seen[f] {
			return
		}
		seen[f] = true
		funcs = append(funcs, f)
		if f.Body != nil {
			walk(f, f.Body)
		}
	}
	walk = func(f *Function, n any) {
		switch n := n.(type) {
		case *Function:
			f.nested = append(f.nested, n)
			enter(n)
			return
		case *LocalRef:
			use(f, n.Local)
			return
		}
		children(n, func(k any) { walk(f, k) })
	}
	enter(main)
	// What a nested or called function needs, and this one does not own, it needs
	// as well.
	for changed := true; changed; {
		changed = false
		for _, f := range funcs {
			for _, g := range f.nested {
				for _, l := range g.Free {
					if l.Owner == f || f.direct[l] {
						continue
					}
					use(f, l)
					changed = true
				}
			}
		}
	}
}
