package policy

import (
	"errors"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/markup"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/source"
)

// DefaultLimits are those of spillway.yaml where it says nothing.
var DefaultLimits = expr.Limits{Steps: 10_000_000, Memory: 16 << 20, Deadline: time.Second}

// bodyMemory is how many times its own size a body may cost an expression that
// reads it, when that is more than the memory limit (design decision D9): a
// JSON tree is larger than its text.
const bodyMemory = 16

// program is an expression in its place.
type program struct {
	Program
	text string // without @( )
	uses Effects
}

func (v *Value) effects() Effects {
	if v == nil || v.program == nil {
		return 0
	}
	return v.program.uses
}

// compileExpression compiles v and sets p unless there are errors.
func (c *compilation) compileExpression(row *Attribute, v markup.Value, p **program) source.Problems {
	compiled, problems := c.options.Language.Compile(v.Text, row.Type == Condition)
	for _, problem := range problems {
		v.Map.Locate(problem)
	}
	if problems.HasErrors() || compiled == nil {
		return problems
	}
	q := &program{Program: compiled, text: strings.TrimSpace(v.Text[2 : len(v.Text)-1])}
	if e := compiled.Effects(); e&value.ReadsRequestBody != 0 {
		q.uses |= ReadsRequestBody
	}
	if e := compiled.Effects(); e&value.ReadsResponseBody != 0 {
		q.uses |= ReadsResponseBody
	}
	*p = q
	return problems
}

// evaluated is APIM's trace entry of an expression.
type evaluated struct {
	Message    string  `json:"message"`
	Expression string  `json:"expression"`
	Value      *string `json:"value"`
}

// failed is APIM's trace entry of an expression that threw.
type failed struct {
	Message    string `json:"message"`
	Expression string `json:"expression"`
	Details    string `json:"details"`
}

// eval evaluates the expression and records it. Bodies that it reads are
// buffered first, so that waiting for them does not count as its time.
func (p *program) eval(r *Run) (value.Value, error) {
	limits := r.pipeline.set.limits
	if p.uses != 0 {
		size, err := r.buffer(p.uses)
		if err != nil {
			return value.Null, err
		}
		if limits.Memory > 0 {
			limits.Memory = max(limits.Memory, bodyMemory*size)
		}
	}
	result, err := p.Eval(r.Context(), r.arguments(), limits)
	if err != nil {
		return value.Null, p.failure(r, err)
	}
	if r.Tracing() {
		r.Trace(evaluated{"Expression was successfully evaluated.", trace.Text(p.text), r.Shown(result)})
	}
	return result, nil
}

// Masked is text for a log: secrets that the service knows are hidden in it.
func (r *Run) Masked(text string) string { return r.masked(text) }

// masked is text without secret named values and the caller's key: a .NET
// message quotes what could not be parsed, and errors end up in logs.
func (r *Run) masked(text string) string {
	text = r.pipeline.set.mask.Apply(text)
	if len(r.X.Key) >= 6 {
		text = strings.ReplaceAll(text, r.X.Key, trace.Hidden)
	}
	return text
}

// arguments are what programs are evaluated over. The slice lives in the run,
// so that an evaluation allocates none.
func (r *Run) arguments() []value.Value {
	if r.args[0].IsNull() {
		r.args[0] = r.pipeline.set.language.Context(r.X)
	}
	return r.args[:]
}

// Jwt is a token, decoded, for a variable.
func (r *Run) Jwt(text string) value.Value { return r.pipeline.set.language.Jwt(text) }

// Shown is a value as a trace shows it, nil for null.
func (r *Run) Shown(v value.Value) *string {
	if v.IsNull() {
		return nil
	}
	text := trace.Text(value.ValidUTF8(r.text(v)))
	return &text
}

// failure is the error of an expression that did not end well. The client never
// sees its text (spec: policies.md 1.6).
func (p *program) failure(r *Run, err error) error {
	const prefix = "Expression evaluation failed. "
	reason, details := exchange.ReasonExpression, err.Error()
	var exception *value.Exception
	switch {
	case errors.As(err, &exception):
		details = exception.Message
	case errors.Is(err, value.ErrMemory):
		reason = exchange.ReasonExpressionMemory
	case errors.Is(err, value.ErrSteps), errors.Is(err, value.ErrDeadline), errors.Is(err, value.ErrDepth):
		reason = exchange.ReasonExpressionTimeout
	case r.Context().Err() != nil:
		return exchange.ClientGone(r.Origin().Policy)
	}
	details = r.masked(value.ValidUTF8(details))
	e := r.Error(reason, prefix+details)
	e.Err = err
	if r.Tracing() {
		r.recorded = e
		r.Trace(map[string]any{"messages": []any{
			failed{strings.TrimSpace(prefix), trace.Text(p.text), details}, prefix + details, details,
		}})
	}
	return e
}

// Text is a value's ToString with the invariant culture; null gives "".
func (r *Run) Text(v value.Value) string { return r.text(v) }

// text is a result as text.
func (r *Run) text(v value.Value) string {
	if v.IsString() || v.IsNull() {
		return v.Str()
	}
	return r.pipeline.set.language.Text(v)
}
