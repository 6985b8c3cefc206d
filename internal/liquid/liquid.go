// Package liquid runs Liquid templates as set-body has them: DotLiquid's language
// with its filters under their C# names.
//
// Values are Go's: nil, bool, string, int64, float64, time.Time, []any, *Object and
// whatever implements Drop. Rendering is bounded in steps and in what it writes.
package liquid

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Drop is a value whose members are looked up by name.
type Drop interface {
	Member(name string) (v any, ok bool)
}

// Object is a JSON object; its members keep their order.
type Object struct {
	Names  []string
	Values map[string]any
}

// Set adds a member or gives it another value.
func (o *Object) Set(name string, v any) {
	if o.Values == nil {
		o.Values = map[string]any{}
	}
	if _, ok := o.Values[name]; !ok {
		o.Names = append(o.Names, name)
	}
	o.Values[name] = v
}

// Member implements Drop.
func (o *Object) Member(name string) (any, bool) {
	v, ok := o.Values[name]
	return v, ok
}

// Options are what a rendering is given.
type Options struct {
	// Globals are the names that a template begins with.
	Globals map[string]any
	// FormatDate writes a time in a .NET format, and ParseDate reads a text that is
	// to be formatted as one. Without them the filter Date changes nothing.
	FormatDate func(t time.Time, format string) string
	ParseDate  func(text string) (time.Time, bool)
	// MaxOutput bounds what is written, in bytes; 0 is 8 MiB. MaxSteps bounds what is
	// done for it; 0 is a million.
	MaxOutput, MaxSteps int
}

// Bounds of a rendering and of a template.
const (
	maxSteps  = 1_000_000
	maxOutput = 8 << 20
	maxDepth  = 100
)

// Errors that end a rendering.
var (
	ErrSteps  = errors.New("the template takes too many steps")
	ErrOutput = errors.New("the template writes too much")
)

// Template is a parsed template. It is immutable and safe for concurrent use.
type Template struct{ nodes []node }

// SyntaxError is what is wrong with a template, at an offset into its text.
type SyntaxError struct {
	Offset  int
	Message string
}

func (e *SyntaxError) Error() string { return e.Message }

// Render runs the template.
func (t *Template) Render(o Options) (string, error) {
	if o.MaxOutput == 0 {
		o.MaxOutput = maxOutput
	}
	if o.MaxSteps == 0 {
		o.MaxSteps = maxSteps
	}
	r := &render{options: o, scopes: []map[string]any{o.Globals, {}}}
	if err := r.block(t.nodes); err != nil && !errors.Is(err, errBreak) && !errors.Is(err, errContinue) {
		return "", err
	}
	return r.out.String(), nil
}

// render is one rendering.
type render struct {
	options Options
	scopes  []map[string]any // the last one is looked at first
	out     strings.Builder
	steps   int
	cycles  map[string]int
	counts  map[string]int64
}

func (r *render) step() error {
	if r.steps++; r.steps > r.options.MaxSteps {
		return ErrSteps
	}
	return nil
}

func (r *render) write(text string) error {
	if r.out.Len()+len(text) > r.options.MaxOutput {
		return ErrOutput
	}
	r.out.WriteString(text)
	return nil
}

func (r *render) set(name string, v any) { r.scopes[1][name] = v }

func (r *render) variable(name string) any {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if v, ok := r.scopes[i][name]; ok {
			return v
		}
	}
	return nil
}

func (r *render) block(nodes []node) error {
	for _, n := range nodes {
		if err := r.step(); err != nil {
			return err
		}
		if err := n.render(r); err != nil {
			return err
		}
	}
	return nil
}

// node is one part of a template.
type node interface{ render(r *render) error }

type text string

func (t text) render(r *render) error { return r.write(string(t)) }

type output struct{ e filtered }

func (o output) render(r *render) error {
	v, err := o.e.eval(r)
	if err != nil {
		return err
	}
	return r.write(toText(v))
}

// Control flow inside a for.
var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

type jump struct{ err error }

func (j jump) render(*render) error { return j.err }

type branch struct {
	condition condition // nil for else
	nodes     []node
}

type choice []branch

func (c choice) render(r *render) error {
	for _, b := range c {
		if b.condition == nil || b.condition.holds(r) {
			return r.block(b.nodes)
		}
	}
	return nil
}

type assign struct {
	name string
	e    filtered
}

func (a assign) render(r *render) error {
	v, err := a.e.eval(r)
	if err != nil {
		return err
	}
	r.set(a.name, v)
	return nil
}

type capture struct {
	name  string
	nodes []node
}

func (c capture) render(r *render) error {
	outer := r.out
	r.out = strings.Builder{}
	err := r.block(c.nodes)
	inner := r.out.String()
	r.out = outer
	if err != nil {
		return err
	}
	r.set(c.name, inner)
	return nil
}

// count is increment, which shows a counter before, and decrement, which shows it
// after.
type count struct {
	name string
	by   int64
}

func (c count) render(r *render) error {
	if r.counts == nil {
		r.counts = map[string]int64{}
	}
	n := r.counts[c.name]
	r.counts[c.name] = n + c.by
	if c.by < 0 {
		n += c.by
	}
	return r.write(fmt.Sprint(n))
}

type cycle struct {
	group  string
	values []expression
}

func (c cycle) render(r *render) error {
	if r.cycles == nil {
		r.cycles = map[string]int{}
	}
	i := r.cycles[c.group]
	r.cycles[c.group] = (i + 1) % len(c.values)
	return r.write(toText(c.values[i].eval(r)))
}

type loop struct {
	name          string
	over          expression
	limit, offset expression
	reversed      bool
	nodes, none   []node
}

func (l loop) render(r *render) error {
	items := toList(l.over.eval(r))
	if l.offset != nil {
		if n, ok := toNumber(l.offset.eval(r)); ok {
			items = items[min(max(0, int(n.float())), len(items)):]
		}
	}
	if l.limit != nil {
		if n, ok := toNumber(l.limit.eval(r)); ok {
			items = items[:min(max(0, int(n.float())), len(items))]
		}
	}
	if l.reversed {
		turned := make([]any, len(items))
		for i, x := range items {
			turned[len(items)-1-i] = x
		}
		items = turned
	}
	if len(items) == 0 {
		return r.block(l.none)
	}
	if len(r.scopes) > maxDepth {
		return ErrSteps
	}
	depth := len(r.scopes)
	defer func() { r.scopes = r.scopes[:depth] }()
	for i, x := range items {
		n := int64(len(items))
		state := &Object{}
		for _, p := range []struct {
			name string
			v    any
		}{
			{"length", n},
			{"index", int64(i) + 1},
			{"index0", int64(i)},
			{"rindex", n - int64(i)},
			{"rindex0", n - int64(i) - 1},
			{"first", i == 0},
			{"last", i == len(items)-1},
		} {
			state.Set(p.name, p.v)
		}
		if err := r.step(); err != nil {
			return err
		}
		r.scopes = append(r.scopes[:depth], map[string]any{l.name: x, "forloop": state})
		err := r.block(l.nodes)
		if errors.Is(err, errBreak) {
			break
		}
		if err != nil && !errors.Is(err, errContinue) {
			return err
		}
	}
	return nil
}
