package check

import (
	"fmt"
	"sort"

	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// Problem is a reason not to run an expression. Whole says that it speaks of
// the whole expression rather than of a place in it.
type Problem struct {
	Code    string
	Span    source.Span
	Message string
	Hint    string
	Whole   bool
}

// Variable is a name that the host gives to expressions.
type Variable struct {
	Name string
	Type *types.Type
}

// Options say what an expression can see.
type Options struct {
	Table     *value.Table
	Variables []Variable
	// Imports are the namespaces whose types need no qualification.
	Imports []string
	// Result is the type that the expression is converted to; object when nil.
	Result *types.Type
}

// Use is a member that an expression names or calls, and where.
type Use struct {
	Member *types.Member
	At     source.Span
}

// Program is a checked expression.
type Program struct {
	// Main is the expression as a function; its parameters are the variables.
	Main *Function
	// Type is the static type of an `@( … )` before its conversion to the result;
	// the result type of an `@{ … }`.
	Type *types.Type
	Uses []Use
	// Refs are the comparisons by reference of an object with a string, which
	// hardly anyone means.
	Refs []source.Span
}

// maxWork bounds the nodes bound for one expression: nested lambdas are bound
// once for every combination of overloads, which an author could make explode.
const maxWork = 400_000

type checker struct {
	opts  Options
	table *value.Table
	root  *syntax.Root
	work  int
	look  *look // nil unless a place is looked at
}

// tooComplex leaves the checker when maxWork is spent.
type tooComplex struct{}

// bag collects what one binding reports and uses, so that a trial can be kept or
// thrown away.
type bag struct {
	list []Problem
	uses []Use
	refs []source.Span
}

func (d *bag) add(e *bag) {
	d.list = append(d.list, e.list...)
	d.uses = append(d.uses, e.uses...)
	d.refs = append(d.refs, e.refs...)
}

// binder binds within one function and one scope.
type binder struct {
	c       *checker
	fn      *Function
	sc      *scope
	diags   *bag
	checked bool // a checked context was written
	uncheck bool // an unchecked context was written
	// binding is what the innermost `?.` has tested, for the bindings on its right.
	binding      *Local
	bindingAt    source.Span
	inCatch      int // catch blocks around, in this function
	catchFinally int // finally blocks around the innermost catch
	yieldInTry   int // try blocks with a catch around
	// declaring says that the name that may clash is a variable's.
	declaring bool
	// static is the static local function around, which C# 7.3 does not have but
	// the compiler checks all the same.
	static  *Function
	finally int // finally blocks around, in this function
	loops   []*target
	swtch   []*switchInfo
}

// scope is a declaration space.
type scope struct {
	parent *scope
	fn     *Function
	vars   map[string]*Local
	funcs  map[string]*Function
	types  map[string]*types.Type
	decls  map[*syntax.Ident]*Local
	decl2  map[*syntax.LocalFunc]*Function
	labels map[string]*Label
	// locals lists what is declared here, for the life of the variables.
	locals []*Local
	ranges map[string]func(b *binder, at source.Span) Expr
	// direct are the range variables that are a lambda's parameter itself: only
	// their names are taken for the parameters of lambdas within.
	direct map[string]bool
}

// Check gives a parsed expression its meaning. Problems are sorted by place.
func Check(root *syntax.Root, opts Options) (p *Program, problems []Problem) {
	c := &checker{opts: opts, table: opts.Table, root: root}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case tooComplex:
			p, problems = nil, []Problem{{Code: "too-complex", Whole: true, Message: "The expression is too complex to be checked", Hint: "split it: nested lambdas multiply the overloads to try"}}
		default:
			panic(e)
		}
	}()
	result := opts.Result
	if result == nil {
		result = types.Object
	}
	fn := &Function{Name: "expression", Result: result, at: root.Span()}
	sc := &scope{fn: fn}
	diags := &bag{}
	b := &binder{c: c, fn: fn, sc: sc, diags: diags}
	for _, v := range opts.Variables {
		l := &Local{Name: v.Name, Type: v.Type, Owner: fn, IsParam: true, assigned: true}
		fn.Params = append(fn.Params, l)
		fn.Locals = append(fn.Locals, l)
		sc.put(l)
	}
	program := &Program{Main: fn, Type: result}
	if root.Expr != nil {
		inner := b.scoped()
		inner.predeclareExpr(root.Expr)
		x := inner.expr(root.Expr)
		program.Type = x.Type()
		y := inner.convert(x, result)
		fn.Body = &Block{stmt: stmt{root.Span()}, Stmts: []Stmt{&Return{stmt{root.Span()}, y}}, Locals: inner.sc.locals, End: root.Span()}
	} else {
		if hasYield(root.Body) {
			fn.Iterator = true
			b.errorWhole("CS1624", "The body of 'expression' cannot be an iterator block because '%s' is not an iterator interface type", result)
		}
		fn.Body = b.block(root.Body)
	}
	c.analyse(fn, diags)
	problems = diags.sorted()
	if len(problems) > 0 {
		return nil, problems
	}
	c.capture(fn)
	seen := map[Use]bool{}
	for _, u := range diags.uses {
		if !seen[u] {
			seen[u] = true
			program.Uses = append(program.Uses, u)
		}
	}
	program.Refs = diags.refs
	return program, nil
}

func (d *bag) sorted() []Problem {
	sort.SliceStable(d.list, func(i, j int) bool {
		a, b := d.list[i], d.list[j]
		if a.Whole != b.Whole {
			return a.Whole
		}
		return a.Span.Start < b.Span.Start
	})
	var out []Problem
	for _, p := range d.list {
		double := false
		for _, q := range out {
			double = double || q.Code == p.Code && q.Span.Start == p.Span.Start && q.Message == p.Message
		}
		if !double {
			out = append(out, p)
		}
	}
	return out
}

func (b *binder) error(at source.Span, code, format string, args ...any) {
	b.diags.list = append(b.diags.list, Problem{Code: code, Span: at, Message: fmt.Sprintf(format, args...)})
}

func (b *binder) errorWhole(code, format string, args ...any) {
	b.diags.list = append(b.diags.list, Problem{Code: code, Whole: true, Message: fmt.Sprintf(format, args...)})
}

func (b *binder) errorHint(at source.Span, hint, code, format string, args ...any) {
	b.diags.list = append(b.diags.list, Problem{Code: code, Span: at, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

// tick counts work and ends checking that has run away.
func (b *binder) tick() {
	b.c.work++
	if b.c.work > maxWork {
		panic(tooComplex{})
	}
}

// later reports a feature of a later C#.
func (b *binder) later(at source.Span, feature, version string) {
	b.error(at, "CS8370", "Feature '%s' is not available in C# 7.3. Please use language version %s or greater.", feature, version)
}

var invalid = types.NewInvalid("?")

func isBad(t *types.Type) bool { return t != nil && t.Kind() == types.Invalid }

func bad(at source.Span) Expr { return &Bad{node: node{invalid, at}} }

// flawed is an expression that is wrong within but whose type is known: what
// is declared from it is checked against that type, as the compiler does.
func flawed(t *types.Type, at source.Span) Expr {
	if t == nil || t == types.Null {
		t = invalid
	}
	return &Bad{node: node{t, at}}
}

// typeless reports whether an expression is wrong and nothing is known of its
// type either.
func typeless(x Expr) bool { return x != nil && isBad(x.Type()) }

func hasBad(xs ...Expr) bool {
	for _, x := range xs {
		if x == nil {
			continue
		}
		if _, wrong := x.(*Bad); wrong || isBad(x.Type()) {
			return true
		}
	}
	return false
}

// sub is a binder for a nested scope.
func (b *binder) sub(sc *scope) *binder {
	n := *b
	n.sc = sc
	return &n
}

func (b *binder) scoped() *binder {
	return b.sub(&scope{parent: b.sc, fn: b.fn})
}

func (b *binder) withDiags(d *bag) *binder {
	n := *b
	n.diags = d
	return &n
}

func (s *scope) put(l *Local) {
	if s.vars == nil {
		s.vars = map[string]*Local{}
	}
	s.vars[l.Name] = l
}

// declare makes a variable known in the scope, reporting the clashes that C#
// knows.
func (b *binder) declare(l *Local) {
	b.declaring = true
	b.clash(l.Name, l.Decl)
	b.declaring = false
	sc := b.sc
	if sc.vars[l.Name] == nil && sc.funcs[l.Name] == nil {
		sc.put(l)
	}
	sc.locals = append(sc.locals, l)
	l.Owner = b.fn
	b.fn.Locals = append(b.fn.Locals, l)
}

// clash reports a name that is taken in this scope (CS0128) or in one around
// it (CS0136).
func (b *binder) clash(name string, at source.Span) {
	if f := b.sc.funcs[name]; f != nil && b.sc.vars[name] == nil && b.declaring {
		b.error(f.at, "CS0136", "A local or parameter named '%s' cannot be declared in this scope because that name is used in an enclosing local scope to define a local or parameter", name)
		return
	}
	if b.sc.vars[name] != nil || b.sc.funcs[name] != nil {
		b.error(at, "CS0128", "A local variable or function named '%s' is already defined in this scope", name)
		return
	}
	for s := b.sc; s != nil; s = s.parent {
		if s.types[name] != nil {
			b.error(at, "CS0412", "'%s': a parameter, local variable, or local function cannot have the same name as a method type parameter", name)
			return
		}
		if s != b.sc && (s.vars[name] != nil || s.funcs[name] != nil || s.direct[name]) {
			b.error(at, "CS0136", "A local or parameter named '%s' cannot be declared in this scope because that name is used in an enclosing local scope to define a local or parameter", name)
			return
		}
	}
}

// temp is a variable of the compiler's own.
func (b *binder) temp(t *types.Type) *Local {
	l := &Local{Type: t, Owner: b.fn, assigned: true}
	b.fn.Locals = append(b.fn.Locals, l)
	return l
}

func ref(l *Local, at source.Span) Expr { return &LocalRef{node{l.Type, at}, l} }

// use records a member of a row for warnings; a delegate's Invoke has no row.
func (b *binder) use(m *types.Member, at source.Span) {
	if m.Origin.Row == nil {
		return
	}
	b.diags.uses = append(b.diags.uses, Use{m.Origin, at})
}

// similar proposes the name nearest to a misspelt one, as a hint.
func similar(name string, among []string) string {
	sort.Strings(among)
	if near := source.Nearest(name, among); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}
