package policy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/contextvar"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/source"
)

// Language compiles the expressions of policies against the context object and
// knows how .NET writes their results as text. It is safe for concurrent use.
// CSharp is the one of policy documents.
type Language interface {
	// Compile compiles the text of one expression, @(...) or @{...}. A
	// condition must be a bool. Problems have spans in text and no file.
	Compile(text string, condition bool) (Program, source.Problems)
	// Context is the object that programs are evaluated over.
	Context(x *exchange.Exchange) value.Value
	// Text is a value's ToString with the invariant culture; null gives "".
	Text(v value.Value) string
	// Jwt is a token, decoded, as the language has it; null for what is none.
	Jwt(text string) value.Value
}

// Program is one compiled expression. It is immutable and safe for concurrent
// use.
type Program interface {
	// Effects are what its members touch.
	Effects() value.Effects
	// Eval evaluates it over args, whose only value is the context object. The
	// error is a *value.Exception, the error of a spent budget, or the context's.
	Eval(ctx context.Context, args []value.Value, limits expr.Limits) (value.Value, error)
}

// CSharp is the language of policy expressions: C# with APIM's context object.
type CSharp struct {
	env     *expr.Env
	threads sync.Pool
}

// LanguageOptions are what expressions are given of the world.
type LanguageOptions struct {
	// Now and Rand are the clock and the source of random bits.
	Now  func() time.Time
	Rand func() uint64
	// Strict refuses members that Azure does not document.
	Strict bool
}

// NewCSharp joins the .NET library and the context object. An error is a
// mistake in their tables.
func NewCSharp(o LanguageOptions) (*CSharp, error) {
	env, err := expr.NewEnv(expr.Options{
		Members:   contextvar.Members(),
		Variables: []expr.Variable{{Name: "context", Type: contextvar.ContextDef.Type()}},
		Imports:   []string{contextvar.Namespace},
		Now:       o.Now, Rand: o.Rand, Strict: o.Strict,
	})
	if err != nil {
		return nil, fmt.Errorf("build the expression language: %w", err)
	}
	c := &CSharp{env: env}
	c.threads.New = func() any { return env.NewThread() }
	return c, nil
}

// InternalCode is the code of problems that are mistakes in this program.
const InternalCode = expr.InternalCode

// Env is the environment that expressions are compiled in, for completion and
// documentation.
func (c *CSharp) Env() *expr.Env { return c.env }

// Compile implements Language.
func (c *CSharp) Compile(text string, condition bool) (Program, source.Problems) {
	var want *types.Type
	if condition {
		want = types.Bool
	}
	p, problems := c.env.Compile(text, want)
	if p == nil {
		return nil, problems
	}
	return sharp{p}, problems
}

// Context implements Language.
func (c *CSharp) Context(x *exchange.Exchange) value.Value { return contextvar.Of(x) }

// Text implements Language. An object whose ToString throws gives its type's
// name.
func (c *CSharp) Text(v value.Value) string {
	t := c.threads.Get().(*value.Thread)
	defer c.threads.Put(t)
	t.Reset(context.Background(), textLimits)
	var text string
	if t.Run(func() { text = t.ToString(v) }) != nil {
		return v.Type().ReflectionName()
	}
	return text
}

// Jwt implements Language.
func (c *CSharp) Jwt(text string) (token value.Value) {
	t := c.threads.Get().(*value.Thread)
	defer c.threads.Put(t)
	t.Reset(context.Background(), textLimits)
	if t.Run(func() { token = contextvar.ParseJwt(t, text) }) != nil {
		return value.Null
	}
	return token
}

// textLimits bound writing a value that has been made within the limits of its
// expression.
var textLimits = value.Limits{Steps: 10_000_000, Memory: 256 << 20}

// sharp is a compiled C# expression.
type sharp struct{ *expr.Program }

// Eval implements Program.
func (p sharp) Eval(ctx context.Context, args []value.Value, limits expr.Limits) (value.Value, error) {
	return p.Program.Eval(ctx, expr.Args{Variables: args}, limits)
}
