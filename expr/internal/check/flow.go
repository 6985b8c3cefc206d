package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// bits is a set of variables by ordinal.
type bits []uint64

func (s bits) has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

func (s bits) with(i int) bits {
	n := make(bits, max(len(s), i/64+1))
	copy(n, s)
	n[i/64] |= 1 << (i % 64)
	return n
}

func (s bits) and(t bits) bits {
	n := make(bits, min(len(s), len(t)))
	for i := range n {
		n[i] = s[i] & t[i]
	}
	return n
}

func (s bits) or(t bits) bits {
	n := make(bits, max(len(s), len(t)))
	copy(n, s)
	for i := range t {
		n[i] |= t[i]
	}
	return n
}

// state is what is known at a point: which variables have a value, or that the
// point is never reached, where everything is known.
type state struct {
	set  bits
	dead bool
}

func join(a, b state) state {
	switch {
	case a.dead:
		return b
	case b.dead:
		return a
	}
	return state{set: a.set.and(b.set)}
}

var dead = state{dead: true}

// flow is the analysis of one function: reachability and definite assignment.
type flow struct {
	fn       *Function
	st       state
	diags    *bag
	shared   *flowShared
	breaks   map[*target]state
	nexts    map[*target]state
	labels   map[*Label]state
	sections map[*target]map[int]state
	// exits joins the states at which the function is left normally.
	exits state
	outs  []*Local
	needs map[*Local]bool // of a local function: what it reads of outer variables
}

type flowShared struct {
	ordinal  map[*Local]int
	reported map[*Local]bool
	funcs    map[*Function]*funcFlow
	quiet    bool
}

type funcFlow struct {
	needs []*Local
	gives bits
	dead  bool
	busy  bool
}

// analyse reports what flow analysis finds in the whole expression.
func (c *checker) analyse(fn *Function, diags *bag) {
	f := newFlow(fn, diags, &flowShared{ordinal: map[*Local]int{}, reported: map[*Local]bool{}, funcs: map[*Function]*funcFlow{}})
	f.stmt(fn.Body)
	if !f.st.dead && c.root.Body != nil && fn.Result.Kind() != types.Void && !hasYield(c.root.Body) {
		diags.list = append(diags.list, Problem{Code: "CS0161", Whole: true, Message: "'expression': not all code paths return a value"})
	}
}

func newFlow(fn *Function, diags *bag, shared *flowShared) *flow {
	return &flow{fn: fn, diags: diags, shared: shared, breaks: map[*target]state{}, nexts: map[*target]state{}, labels: map[*Label]state{}, sections: map[*target]map[int]state{}, exits: dead}
}

// endReachable reports whether control can reach the end of a body.
func endReachable(body Stmt) bool {
	f := newFlow(nil, &bag{}, &flowShared{ordinal: map[*Local]int{}, reported: map[*Local]bool{}, funcs: map[*Function]*funcFlow{}, quiet: true})
	f.stmt(body)
	return !f.st.dead
}

func (f *flow) number(l *Local) int {
	n, ok := f.shared.ordinal[l]
	if !ok {
		n = len(f.shared.ordinal)
		f.shared.ordinal[l] = n
	}
	return n
}

func (f *flow) assign(l *Local) {
	if l == nil || l.assigned || f.st.dead {
		return
	}
	f.st.set = f.st.set.with(f.number(l))
}

func (f *flow) read(l *Local, at source.Span) {
	if l.assigned || f.st.dead || f.shared.quiet || l.konst != nil || isBad(l.Type) {
		return
	}
	if f.st.set.has(f.number(l)) {
		return
	}
	if f.needs != nil && l.Owner != f.fn {
		f.needs[l] = true
		return
	}
	f.unassigned(l, at)
}

func (f *flow) unassigned(l *Local, at source.Span) {
	if f.shared.reported[l] {
		return
	}
	f.shared.reported[l] = true
	code, message := "CS0165", "Use of unassigned local variable '"+l.Name+"'"
	if l.IsParam {
		code, message = "CS0269", "Use of unassigned out parameter '"+l.Name+"'"
	}
	f.diags.list = append(f.diags.list, Problem{Code: code, Span: at, Message: message})
}

func (f *flow) exprs(list []Expr) {
	for _, x := range list {
		if x != nil {
			f.expr(x)
		}
	}
}

// cond walks a condition and gives the states in which it is true and false.
func (f *flow) cond(x Expr) (yes, no state) {
	if k, ok := constant(x); ok && x.Type() == types.Bool {
		if k.Bool() {
			return f.st, dead
		}
		return dead, f.st
	}
	switch x := x.(type) {
	case *Logic:
		ly, ln := f.cond(x.X)
		if x.And {
			f.st = ly
			ry, rn := f.cond(x.Y)
			return ry, join(ln, rn)
		}
		f.st = ln
		ry, rn := f.cond(x.Y)
		return join(ly, ry), rn
	case *Unary:
		if x.Op == syntax.OpNot && !x.Lifted {
			y, n := f.cond(x.X)
			return n, y
		}
	case *Cond:
		y, n := f.cond(x.C)
		f.st = y
		yy, yn := f.cond(x.X)
		f.st = n
		ny, nn := f.cond(x.Y)
		return join(yy, ny), join(yn, nn)
	case *IsPattern:
		f.expr(x.X)
		no = f.st
		f.matched(x.Pattern)
		yes = f.st
		if _, always := x.Pattern.(*VarPattern); always {
			no = yes
		}
		return yes, no
	case *Conv:
		if x.Kind == Identity {
			return f.cond(x.X)
		}
	}
	f.expr(x)
	return f.st, f.st
}

func (f *flow) matched(p Pattern) {
	switch p := p.(type) {
	case *TypePattern:
		f.assign(p.Local)
	case *VarPattern:
		f.assign(p.Local)
	}
}

func (f *flow) expr(x Expr) {
	switch x := x.(type) {
	case nil:
	case *LocalRef:
		f.read(x.Local, x.at)
	case *Logic, *IsPattern, *Cond:
		if c, ok := x.(*Cond); ok && c.typ != types.Bool {
			y, n := f.cond(c.C)
			f.st = y
			f.expr(c.X)
			y = f.st
			f.st = n
			f.expr(c.Y)
			f.st = join(y, f.st)
			return
		}
		y, n := f.cond(x)
		f.st = join(y, n)
	case *Coalesce:
		f.expr(x.X)
		before := f.st
		f.expr(x.Left)
		f.st = before
		f.expr(x.Y)
		f.st = before
	case *CondAccess:
		f.expr(x.X)
		before := f.st
		f.expr(x.Access)
		f.st = before
	case *Assign:
		f.place(x.X)
		f.expr(x.Y)
		f.stored(x.X)
	case *Compound:
		f.expr(x.X)
		f.expr(x.Value)
	case *Ref:
		if x.Mode == syntax.ByOut {
			f.place(x.X)
			return
		}
		f.expr(x.X)
	case *Call:
		f.expr(x.Recv)
		f.args(x.Args)
	case *LocalCall:
		f.args(x.Args)
		f.called(x.Func, x.at)
	case *Invoke:
		f.expr(x.F)
		f.args(x.Args)
	case *Get:
		if x.Recv != nil {
			f.expr(x.Recv)
		}
		f.args(x.Args)
	case *LambdaExpr:
		f.lambda(x.Func)
	case *MethodDelegate:
		if x.Recv != nil {
			f.expr(x.Recv)
		}
		if x.Over != nil {
			f.expr(x.Over)
		}
		if x.Func != nil {
			before := f.st
			f.called(x.Func, x.at)
			f.st = before
		}
	case *Deconstruct:
		f.decon(x)
	case *ThrowExpr:
		f.expr(x.X)
		f.st = dead
	case *Bad:
		for _, p := range x.Parts {
			if o, ok := p.(*outVar); ok {
				f.assign(o.local)
				continue
			}
			f.expr(p)
		}
	default:
		children(x, func(n any) {
			if e, ok := n.(Expr); ok {
				f.expr(e)
			}
		})
	}
}

func (f *flow) args(list []Expr) {
	f.exprs(list)
	// out arguments have their values once the call is made.
	for _, x := range list {
		if r, ok := x.(*Ref); ok && r.Mode == syntax.ByOut {
			f.stored(r.X)
		}
	}
}

// place walks the parts of an assignment's target that are read.
func (f *flow) place(x Expr) {
	switch x := x.(type) {
	case *LocalRef:
	case *Item:
		if _, ok := x.X.(*LocalRef); !ok {
			f.place(x.X)
		}
	case *Get:
		if x.Recv != nil {
			f.expr(x.Recv)
		}
		f.exprs(x.Args)
	case *Elem:
		f.expr(x.Array)
		f.exprs(x.Index)
	case *Discard:
	default:
		f.expr(x)
	}
}

func (f *flow) stored(x Expr) {
	switch x := x.(type) {
	case *LocalRef:
		f.assign(x.Local)
	case *Item:
		f.stored(x.X)
	}
}

func (f *flow) decon(x *Deconstruct) {
	f.expr(x.X)
	if x.Call != nil {
		f.expr(x.Call)
	}
	var walk func(d *Deconstruct)
	walk = func(d *Deconstruct) {
		for _, t := range d.Targets {
			if t.Nested != nil {
				walk(t.Nested)
				continue
			}
			f.place(t.X)
			f.stored(t.X)
		}
	}
	walk(x)
}

// lambda walks a lambda's body where it is made: it may run any time later, so
// that what it assigns does not count.
func (f *flow) lambda(fn *Function) {
	if fn.Body == nil {
		return
	}
	g := newFlow(fn, f.diags, f.shared)
	g.needs = f.needs
	if f.needs != nil {
		g.fn = f.fn
	}
	g.st = f.st
	g.stmt(fn.Body)
}

// called takes a call of a local function into account: what it reads must
// have been assigned, and what it assigns has.
func (f *flow) called(fn *Function, at source.Span) {
	if f.shared.quiet {
		return
	}
	r := f.function(fn)
	if r.busy {
		return
	}
	for _, l := range r.needs {
		if !f.st.dead && !l.assigned && !f.st.set.has(f.number(l)) {
			if f.needs != nil && l.Owner != f.fn {
				f.needs[l] = true
			} else {
				f.unassigned(l, at)
			}
		}
	}
	if !f.st.dead {
		f.st.set = f.st.set.or(r.gives)
		if r.dead {
			f.st = dead
		}
	}
}

func (f *flow) function(fn *Function) *funcFlow {
	if r := f.shared.funcs[fn]; r != nil {
		return r
	}
	r := &funcFlow{busy: true}
	f.shared.funcs[fn] = r
	g := newFlow(fn, f.diags, f.shared)
	g.needs = map[*Local]bool{}
	for _, p := range fn.Params {
		if p.Param == syntax.ByOut {
			g.outs = append(g.outs, p)
		}
	}
	if fn.Body != nil {
		g.stmt(fn.Body)
		if !g.st.dead {
			g.left(fn.at)
		}
	}
	for l := range g.needs {
		r.needs = append(r.needs, l)
	}
	if !g.exits.dead {
		r.gives = g.exits.set
	}
	r.busy = false
	return r
}

// left is a normal way out of the function.
func (f *flow) left(at source.Span) {
	for _, p := range f.outs {
		if !f.st.dead && !f.st.set.has(f.number(p)) {
			f.diags.list = append(f.diags.list, Problem{Code: "CS0177", Span: at, Message: "The out parameter '" + p.Name + "' must be assigned to before control leaves the current method"})
		}
	}
	f.exits = join(f.exits, f.st)
}

func (f *flow) stmts(list []Stmt) {
	for _, s := range list {
		f.stmt(s)
	}
}

func (f *flow) jump(m map[*target]state, to *target) {
	s, ok := m[to]
	if !ok {
		s = dead
	}
	m[to] = join(s, f.st)
	f.st = dead
}

func landed(m map[*target]state, to *target, with state) state {
	if s, ok := m[to]; ok {
		return join(with, s)
	}
	return with
}

func (f *flow) stmt(s Stmt) {
	switch s := s.(type) {
	case nil:
	case *Block:
		f.stmts(s.Stmts)
	case *ExprStmt:
		f.expr(s.X)
	case *Declare:
		if s.Init != nil {
			f.expr(s.Init)
			f.assign(s.Local)
		} else if !s.Local.assigned && !f.st.dead {
			// A loop runs the declaration anew.
			n := f.number(s.Local)
			if f.st.set.has(n) {
				c := append(bits(nil), f.st.set...)
				c[n/64] &^= 1 << (n % 64)
				f.st.set = c
			}
		}
	case *DeclareRef:
		f.expr(s.To)
	case *FuncDecl:
		if !f.shared.quiet {
			f.function(s.Func)
		}
	case *If:
		yes, no := f.cond(s.Cond)
		f.st = yes
		f.stmt(s.Then)
		yes = f.st
		f.st = no
		if s.Else != nil {
			f.stmt(s.Else)
		}
		f.st = join(yes, f.st)
	case *Loop:
		f.loop(s)
	case *Foreach:
		f.expr(s.X)
		after := f.st
		if s.Value != nil {
			f.expr(s.Value)
		}
		if d, ok := s.Decon.(*Deconstruct); ok {
			f.decon(d)
		}
		f.assign(s.Local)
		f.stmt(s.Body)
		f.st = landed(f.breaks, s.id, after)
	case *Switch:
		f.switchStmt(s)
	case *Break:
		f.jump(f.breaks, s.To)
	case *Continue:
		f.jump(f.nexts, s.To)
	case *Goto:
		if s.To != nil {
			old, ok := f.labels[s.To]
			if !ok {
				old = dead
			}
			f.labels[s.To] = join(old, f.st)
		} else if s.Switch != nil {
			m := f.sections[s.Switch]
			if m == nil {
				m = map[int]state{}
				f.sections[s.Switch] = m
			}
			old, ok := m[s.Section]
			if !ok {
				old = dead
			}
			m[s.Section] = join(old, f.st)
			if s.Section < 0 {
				// A jump to a case that does not exist goes nowhere.
				break
			}
		}
		f.st = dead
	case *Label:
		if at, ok := f.labels[s]; ok {
			f.st = join(f.st, at)
		} else if f.st.dead && s.used {
			// Reached by a jump from further down, which knows no more than nothing.
			f.st = state{}
		}
	case *Return:
		if s.X != nil {
			f.expr(s.X)
		}
		if !f.st.dead {
			f.left(s.at)
		}
		f.st = dead
	case *Yield:
		if s.X == nil {
			f.st = dead
			return
		}
		f.expr(s.X)
	case *Throw:
		if s.X != nil {
			f.expr(s.X)
		}
		f.st = dead
	case *Try:
		f.try(s)
	case *Using:
		for _, d := range s.Decls {
			f.stmt(d)
		}
		if s.X != nil {
			f.expr(s.X)
		}
		f.stmt(s.Body)
	case *Lock:
		f.expr(s.X)
		f.stmt(s.Body)
	}
}

func (f *flow) loop(s *Loop) {
	f.stmts(s.Init)
	if s.First {
		f.stmt(s.Body)
		f.st = landed(f.nexts, s.id, f.st)
		_, no := f.test(s.Cond)
		f.st = landed(f.breaks, s.id, no)
		return
	}
	yes, no := f.test(s.Cond)
	f.st = yes
	f.stmt(s.Body)
	f.st = landed(f.nexts, s.id, f.st)
	f.exprs(s.Post)
	f.st = landed(f.breaks, s.id, no)
}

func (f *flow) test(x Expr) (yes, no state) {
	if x == nil {
		return f.st, dead
	}
	return f.cond(x)
}

func (f *flow) switchStmt(s *Switch) {
	f.expr(s.X)
	start := f.st
	k, isConst := s.X.(*Const)
	hit := -1
	if isConst {
		for i, sec := range s.Sections {
			for _, c := range sec.Labels {
				if p, ok := c.Pattern.(*ConstPattern); ok && hit < 0 {
					if l, isK := p.Value.(*Const); isK && sameConst(k, l) && c.When == nil {
						hit = i
					}
				} else if c.Pattern != nil && !ok {
					isConst = false
				}
			}
		}
		if hit < 0 {
			hit = s.Default
		}
	}
	for i, sec := range s.Sections {
		entry := dead
		if !isConst || i == hit {
			for _, c := range sec.Labels {
				f.st = start
				if c.Pattern != nil {
					if len(sec.Labels) == 1 {
						f.matched(c.Pattern)
					}
				}
				if c.When != nil {
					yes, _ := f.cond(c.When)
					f.st = yes
				}
				entry = join(entry, f.st)
			}
		}
		if at, ok := f.sections[s.id][i]; ok {
			entry = join(entry, at)
		}
		f.st = entry
		f.stmts(sec.Body)
		if !f.st.dead && !f.shared.quiet {
			name := sec.name
			if i == len(s.Sections)-1 {
				f.diags.list = append(f.diags.list, Problem{Code: "CS8070", Span: sec.last, Message: "Control cannot fall out of switch from final case label ('" + name + "')"})
			} else {
				f.diags.list = append(f.diags.list, Problem{Code: "CS0163", Span: sec.last, Message: "Control cannot fall through from one case label ('" + name + "') to another"})
			}
			f.st = dead
		}
		if !f.st.dead {
			f.st = dead
		}
	}
	out := dead
	if s.Default < 0 && !(isConst && hit >= 0) {
		out = start
	}
	f.st = landed(f.breaks, s.id, out)
}

func (f *flow) try(s *Try) {
	start := f.st
	f.stmt(s.Body)
	out := f.st
	for _, c := range s.Catches {
		f.st = start
		if c.Filter != nil {
			yes, _ := f.cond(c.Filter)
			f.st = yes
		}
		f.stmt(c.Body)
		out = join(out, f.st)
	}
	if s.Finally == nil {
		f.st = out
		return
	}
	f.st = start
	f.stmt(s.Finally)
	switch {
	case f.st.dead || out.dead:
		f.st = dead
	default:
		f.st = state{set: out.set.or(f.st.set)}
	}
}
