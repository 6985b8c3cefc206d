// Package compile turns a checked expression into closures.
//
// Every expression becomes one closure of a static kind: bool, int64 (for all
// integers, chars and enums), float64 (for float and double), or Value for the
// rest, so that arithmetic and comparisons box nothing. Locals live in slots of
// one frame per call, taken from the thread's stack; locals that lambdas or
// local functions use live in cells, made afresh whenever their block is
// entered. A closure is created with the cells it needs.
//
// Generic local functions are compiled once for each list of type arguments.
package compile

import (
	"sync"

	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Code is a compiled expression. It is immutable and safe for concurrent use.
type Code struct {
	main   *function
	params int
}

// Program compiles a checked expression against the table it was checked with.
func Program(p *check.Program, table *value.Table) *Code {
	c := &compiler{table: table, funcs: map[string]*function{}, literals: map[string]value.Value{}}
	main := c.function(p.Main, nil)
	return &Code{main: main, params: len(p.Main.Params)}
}

// Run evaluates the code with the values of the variables. It panics with a
// *value.Exception or a value.Stop; Thread.Run turns those into errors.
func (c *Code) Run(t *value.Thread, vars []value.Value) value.Value {
	return c.main.call(t, nil, vars)
}

// compiler holds what is shared by all functions of an expression.
type compiler struct {
	table    *value.Table
	funcs    map[string]*function
	literals map[string]value.Value
}

// cell is a variable that closures share.
type cell struct{ v value.Value }

// frame is one call in progress.
type frame struct {
	t     *value.Thread
	slots []value.Value
	cells []*cell
	env   []*cell
	fn    *function
	ret   value.Value
	// to is the target of a jump under way.
	to any
	// caught is the exception of the innermost catch, for `throw;`.
	caught *value.Exception
	// walk is set in the body of an iterator.
	walk *walk
}

var frames = sync.Pool{New: func() any { return new(frame) }}

// function is a compiled function. Its body is filled in after it is known, so
// that functions can call themselves.
type function struct {
	src    *check.Function
	params []*check.Local
	word   []bool // parameters whose static type lives in the word
	slots  int
	cells  int
	body   func(f *frame) ctl
	value  func(f *frame) value.Value // of a body that is one expression
	free   map[*check.Local]int
	// sequence and elem are the result and element types of an iterator.
	sequence, elem *types.Type
}

// call runs the function with arguments in parameter order.
func (fn *function) call(t *value.Thread, env []*cell, args []value.Value) value.Value {
	if fn.elem != nil {
		return fn.iterate(t, env, args)
	}
	t.Enter()
	f := frames.Get().(*frame)
	f.t, f.env, f.fn = t, env, fn
	f.slots = t.Push(fn.slots)
	if fn.cells > 0 {
		f.cells = make([]*cell, fn.cells)
	}
	fn.bind(f, args)
	var v value.Value
	if fn.value != nil {
		v = fn.value(f)
	} else {
		fn.body(f)
		v = f.ret
	}
	t.Pop(fn.slots)
	*f = frame{}
	frames.Put(f)
	t.Leave()
	return v
}

// bind puts arguments into their parameters.
func (fn *function) bind(f *frame, args []value.Value) {
	for i, p := range fn.params {
		switch {
		case p.Captured:
			f.cells[p.Index] = &cell{args[i]}
		case fn.word[i]:
			f.slots[p.Index].SetWord(args[i].Word())
		default:
			f.slots[p.Index] = args[i]
		}
	}
}

// fc compiles one function.
type fc struct {
	*compiler
	fn      *check.Function
	out     *function
	tparams []*types.Type // type parameters in scope
	targs   []*types.Type // and what they stand for here
}

// function compiles a function for a list of type arguments.
func (c *compiler) function(fn *check.Function, outer *fc, args ...*types.Type) *function {
	var params []*types.Type
	var all []*types.Type
	if outer != nil {
		params, all = outer.tparams, outer.targs
	}
	key := key(fn, append(append([]*types.Type(nil), all...), args...))
	if f := c.funcs[key]; f != nil {
		return f
	}
	out := &function{src: fn, params: fn.Params, free: map[*check.Local]int{}}
	c.funcs[key] = out
	k := &fc{compiler: c, fn: fn, out: out}
	k.tparams = append(append(k.tparams, params...), fn.TypeParams...)
	k.targs = append(append(k.targs, all...), args...)
	for i, l := range fn.Free {
		out.free[l] = i
	}
	for _, l := range fn.Locals {
		if l.Captured {
			l.Index = out.cells
			out.cells++
		} else {
			l.Index = out.slots
			out.slots++
		}
	}
	if fn.Iterator {
		out.sequence, out.elem = k.t(fn.Result), k.t(fn.Elem())
	}
	for _, p := range fn.Params {
		out.word = append(out.word, !p.Ref && k.kind(p.Type) != kindValue)
	}
	k.body()
	return out
}

func (c *fc) body() {
	if b, ok := c.fn.Body.(*check.Block); ok && len(b.Stmts) == 1 && len(b.Locals) == 0 {
		if r, isReturn := b.Stmts[0].(*check.Return); isReturn && r.X != nil {
			c.out.value = c.val(r.X)
			return
		}
	}
	c.out.body = c.stmt(c.fn.Body)
}

// t is a type with the type arguments put in, as values know it.
func (c *fc) t(typ *types.Type) *types.Type {
	return types.Subst(typ, c.tparams, c.targs).Plain()
}

// kind is the static kind of closures.
type kind uint8

const (
	kindValue kind = iota
	kindBool
	kindInt
	kindFloat
)

func (c *fc) kind(typ *types.Type) kind { return kindOf(c.t(typ)) }

func kindOf(t *types.Type) kind {
	switch {
	case t.Code() == types.CodeBool:
		return kindBool
	case t.Kind() == types.Enum, t.IsIntegral():
		return kindInt
	case t.Code() == types.CodeDouble, t.Code() == types.CodeSingle:
		return kindFloat
	}
	return kindValue
}

type (
	boolFn  = func(f *frame) bool
	intFn   = func(f *frame) int64
	floatFn = func(f *frame) float64
	valFn   = func(f *frame) value.Value
)

// code is a compiled expression: the closure of its kind is set.
type code struct {
	typ *types.Type
	b   boolFn
	i   intFn
	d   floatFn
	v   valFn
}

func (k code) kind() kind {
	switch {
	case k.b != nil:
		return kindBool
	case k.i != nil:
		return kindInt
	case k.d != nil:
		return kindFloat
	}
	return kindValue
}

// val compiles to a closure that gives a Value, boxing what is not one.
func (c *fc) val(x check.Expr) valFn { return c.expr(x).box() }

func (k code) box() valFn {
	t := k.typ
	switch {
	case k.b != nil:
		b := k.b
		return func(f *frame) value.Value { return value.Bool(b(f)) }
	case k.i != nil:
		i := k.i
		return func(f *frame) value.Value { return value.Word(t, uint64(i(f))) }
	case k.d != nil:
		d := k.d
		return func(f *frame) value.Value { return floatValue(t, d(f)) }
	}
	return k.v
}

// unbox is a closure of a type's own kind over one that gives Values.
func unbox(t *types.Type, v valFn) code {
	switch kindOf(t) {
	case kindBool:
		return code{typ: t, b: func(f *frame) bool { return v(f).Bool() }}
	case kindInt:
		return code{typ: t, i: func(f *frame) int64 { return v(f).Long() }}
	case kindFloat:
		return code{typ: t, d: func(f *frame) float64 { return v(f).Double() }}
	}
	return code{typ: t, v: v}
}

func (c *fc) cond(x check.Expr) boolFn {
	k := c.expr(x)
	if k.b != nil {
		return k.b
	}
	v := k.box()
	return func(f *frame) bool { return v(f).Bool() }
}

func (c *fc) int(x check.Expr) intFn {
	k := c.expr(x)
	if k.i != nil {
		return k.i
	}
	v := k.box()
	return func(f *frame) int64 { return v(f).Long() }
}

func (c *fc) float(x check.Expr) floatFn {
	k := c.expr(x)
	if k.d != nil {
		return k.d
	}
	v := k.box()
	return func(f *frame) float64 { return v(f).Double() }
}

// effect compiles an expression for what it does, not for its value.
func (c *fc) effect(x check.Expr) func(f *frame) {
	k := c.expr(x)
	switch {
	case k.b != nil:
		b := k.b
		return func(f *frame) { b(f) }
	case k.i != nil:
		i := k.i
		return func(f *frame) { i(f) }
	case k.d != nil:
		d := k.d
		return func(f *frame) { d(f) }
	}
	v := k.v
	return func(f *frame) { v(f) }
}
