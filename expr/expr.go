// Package expr compiles and evaluates policy expressions: the expressions and
// statements of C# 7.3, over a library of .NET types, with the values,
// exceptions and messages of .NET.
//
// An Env is the world that expressions see: the library, the host's own types,
// and the variables that the host gives, each with its static type. Compile
// checks a text once, as the C# compiler would, and Eval runs it any number of
// times:
//
//	env, err := expr.NewEnv(expr.Options{Variables: []expr.Variable{{Name: "n", Type: types.Int32}}})
//	p, problems := env.Compile("@(n * 2)", nil)
//	v, err := p.Eval(ctx, expr.Args{Variables: []value.Value{value.Int(21)}}, expr.Limits{Steps: 1e6})
//
// The host declares its types and members with the same rows as the library:
// see package value. The package knows nothing of API Management.
package expr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/internal/compile"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// Variable is a name that expressions can use, with its static type. It can be
// read but, as a parameter of the expression, also assigned; what is assigned
// ends with the evaluation.
type Variable struct {
	Name string
	Type *types.Type
}

// Options describe an Env.
type Options struct {
	// Members are the host's own types and members, joined to the library's.
	Members []value.Members
	// Variables are what the host passes to each evaluation.
	Variables []Variable
	// Imports are namespaces of the host's types that need no qualification,
	// beyond the library's.
	Imports []string
	// Now and Rand are the clock and the source of random bits; without them both
	// are the machine's.
	Now  func() time.Time
	Rand func() uint64
	// Strict makes warnings errors: members beyond the documented list above all.
	Strict bool
}

// Env is the world of expressions. It is immutable and safe for concurrent use.
type Env struct {
	options Options
	table   *value.Table
	check   check.Options
	threads sync.Pool
}

// NewEnv joins the library and the host's members. The error names the row that
// cannot be understood.
func NewEnv(o Options) (*Env, error) {
	table, err := value.NewTable(bcl.Members(), o.Members)
	if err != nil {
		return nil, err
	}
	return newEnv(table, o), nil
}

func newEnv(table *value.Table, o Options) *Env {
	e := &Env{options: o, table: table}
	e.check = check.Options{Table: table, Imports: append(append([]string(nil), bcl.Imports...), o.Imports...)}
	for _, v := range o.Variables {
		e.check.Variables = append(e.check.Variables, check.Variable{Name: v.Name, Type: v.Type})
	}
	e.threads.New = func() any { return e.NewThread() }
	return e
}

// Table is the table of all types and members.
func (e *Env) Table() *value.Table { return e.table }

// NewThread is a thread for a host that makes values or calls members outside
// of an evaluation. It has no limits until it is Reset.
func (e *Env) NewThread() *value.Thread {
	t := &value.Thread{Table: e.table, Now: e.options.Now, Rand: e.options.Rand}
	defaults(t)
	t.Reset(context.Background(), value.Limits{})
	return t
}

// Use is a member that an expression names, and where.
type Use struct {
	Member *types.Member
	Span   source.Span
}

// Program is a compiled expression. It is immutable and safe for concurrent
// use.
type Program struct {
	env     *Env
	code    *compile.Code
	typ     *types.Type
	uses    []Use
	effects value.Effects
}

// Type is the static type of an `@( … )` before it is converted to the wanted
// result; of an `@{ … }` it is the wanted result.
func (p *Program) Type() *types.Type { return p.typ }

// Effects are what evaluations may touch beyond their arguments, by the members
// that the expression names.
func (p *Program) Effects() value.Effects { return p.effects }

// Uses are the members that the expression names, in the order of checking.
func (p *Program) Uses() []Use { return p.uses }

// The codes of warnings.
const (
	// BeyondCode warns of a member that Azure's documented list does not have.
	BeyondCode = "beyond-documented"
	// ReferenceCode warns of an object compared with a string by reference.
	ReferenceCode = "reference-comparison"
)

// InternalCode is the code of an error that is a mistake of the compiler.
const InternalCode = "internal"

// Compile checks and compiles the text of an expression, brackets and all. The
// result is converted to want as C#'s return would; nil is object. Problems have
// spans in the text and no file; one about the whole expression covers all of
// it. With an error among them there is no program.
//
// A panic of the compiler is a mistake of ours that the text has found: it
// becomes a problem with the code InternalCode, so that one text cannot take down
// a process that serves others.
func (e *Env) Compile(text string, want *types.Type) (program *Program, problems source.Problems) {
	defer func() {
		if bug := recover(); bug != nil {
			program, problems = nil, source.Problems{{
				Span: source.Span{End: len(text)}, Code: InternalCode,
				Message: fmt.Sprintf("the compiler failed on this expression: %v", bug),
				Hint:    "this is a mistake in spillway; please report the expression",
			}}
		}
	}()
	root, errs := syntax.Parse(text)
	if len(errs) == 0 && len(text) > 1 {
		// The parser takes a text for what stands between its brackets, the closing
		// one there or not.
		switch {
		case text[1] == '(' && text[len(text)-1] != ')':
			errs = append(errs, &syntax.Error{Code: "CS1026", Message: ") expected", Span: source.Span{Start: len(text), End: len(text)}})
		case text[1] == '{' && (len(text) == 2 || text[len(text)-1] != '}'):
			errs = append(errs, &syntax.Error{Code: "CS1513", Message: "} expected", Span: source.Span{Start: len(text), End: len(text)}})
		}
	}
	broken := false
	for _, s := range errs {
		p := &source.Problem{Span: s.Span, Code: s.Code, Message: s.Message, Hint: s.Hint}
		if s.Outside {
			p.Span = source.Span{Start: 0, End: len(text)}
		}
		problems = append(problems, p)
		broken = broken || !s.Late
	}
	if broken {
		return nil, problems
	}
	o := e.check
	o.Result = want
	checked, found := check.Check(root, o)
	for _, f := range found {
		span := f.Span
		if f.Whole {
			span = source.Span{Start: 0, End: len(text)}
		}
		double := false
		for _, p := range problems {
			double = double || p.Code == f.Code && p.Span.Start == span.Start
		}
		if !double {
			problems = append(problems, &source.Problem{Span: span, Code: f.Code, Message: f.Message, Hint: f.Hint})
		}
	}
	if len(problems) > 0 {
		// At one place they stay in the order in which the compiler finds them: what
		// the syntax says comes first.
		slices.SortStableFunc(problems, func(a, b *source.Problem) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
		return nil, problems
	}
	p := &Program{env: e, typ: checked.Type}
	severity := source.Warning
	if e.options.Strict {
		severity = source.Error
	}
	warned := map[*types.Member]bool{}
	for _, u := range checked.Uses {
		p.uses = append(p.uses, Use{u.Member, u.At})
		row := value.RowOf(u.Member)
		p.effects |= row.Effects
		if row.Beyond && !warned[u.Member] {
			warned[u.Member] = true
			problems = append(problems, &source.Problem{
				Span: u.At, Severity: severity, Code: BeyondCode,
				Message: "'" + u.Member.String() + "' is not on the list of members that Azure documents for policy expressions", Hint: "it runs here; API Management may refuse it",
			})
		}
	}
	for _, at := range checked.Refs {
		problems = append(problems, &source.Problem{
			Span: at, Severity: source.Warning, Code: ReferenceCode,
			Message: "An object and a string are compared by reference, which is hardly ever equal", Hint: "cast the object: (string)…",
		})
	}
	problems = problems.Sort()
	if problems.HasErrors() {
		return nil, problems
	}
	p.code = compile.Program(checked, e.table)
	return p, problems
}

// Args are what one evaluation gets.
type Args struct {
	// Variables are the values of the Env's variables, in its order.
	Variables []value.Value
	// Host is handed to the host's own rows as Thread.Host.
	Host any
	// Now and Rand, when set, stand in for the Env's.
	Now  func() time.Time
	Rand func() uint64
}

// Limits bound one evaluation; zero is no bound.
type Limits struct {
	// Steps are turns of loops, calls, and elements walked over.
	Steps int64
	// Memory is in bytes, counted as they are allocated.
	Memory int64
	// Deadline is how long the evaluation may take, in real time.
	Deadline time.Duration
}

// Errors of a spent budget, which C# code cannot catch.
var (
	ErrSteps    = value.ErrSteps
	ErrDeadline = value.ErrDeadline
	ErrMemory   = value.ErrMemory
	ErrDepth    = value.ErrDepth
)

// Eval evaluates the program. The error is the *value.Exception that left the
// expression, the error of a spent budget (ErrSteps, ErrDeadline, ErrMemory,
// ErrDepth), or the cause of ctx's end. Steps are counted, and the deadline and
// ctx looked at every few thousand of them: an evaluation ends within
// milliseconds of either.
func (p *Program) Eval(ctx context.Context, args Args, limits Limits) (value.Value, error) {
	if len(args.Variables) != len(p.env.options.Variables) {
		return value.Null, errors.New("expr: as many values are needed as there are variables")
	}
	t := p.env.threads.Get().(*value.Thread)
	l := value.Limits{Steps: limits.Steps, Memory: limits.Memory}
	if limits.Deadline > 0 {
		l.Deadline = time.Now().Add(limits.Deadline)
	}
	t.Reset(ctx, l)
	v, err := p.EvalOn(t, args)
	t.End()
	t.Host = nil
	p.env.threads.Put(t)
	return v, err
}

// EvalOn evaluates the program on a thread that the caller has made with
// NewThread and Reset: for a caller that goes on with the value, walking a lazy
// sequence within the same budget.
func (p *Program) EvalOn(t *value.Thread, args Args) (v value.Value, err error) {
	t.Host, t.Now, t.Rand = args.Host, p.env.options.Now, p.env.options.Rand
	if args.Now != nil {
		t.Now = args.Now
	}
	if args.Rand != nil {
		t.Rand = args.Rand
	}
	defaults(t)
	err = t.Run(func() { v = p.code.Run(t, args.Variables) })
	if err != nil {
		return value.Null, err
	}
	return v, nil
}

func defaults(t *value.Thread) {
	if t.Now == nil {
		t.Now = time.Now
	}
	if t.Rand == nil {
		t.Rand = rand.Uint64
	}
}
