package compile

import (
	"fmt"
	"math"
	"strings"

	"github.com/spillway-gateway/spillway/expr/internal/arith"
	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// expr compiles an expression.
func (c *fc) expr(x check.Expr) code {
	switch x := x.(type) {
	case *check.Const:
		return c.constant(x)
	case *check.LocalRef:
		return c.load(x.Local)
	case *check.Zero:
		return c.zero(c.t(x.Type()))
	case *check.Conv:
		return c.conv(x)
	case *check.Unary:
		return c.unary(x)
	case *check.Binary:
		return c.binary(x)
	case *check.Logic:
		l, r := c.cond(x.X), c.cond(x.Y)
		if x.And {
			return code{typ: types.Bool, b: func(f *frame) bool { return l(f) && r(f) }}
		}
		return code{typ: types.Bool, b: func(f *frame) bool { return l(f) || r(f) }}
	case *check.BoolLogic:
		return c.boolLogic(x)
	case *check.RefEqual:
		l, r := c.val(x.X), c.val(x.Y)
		if x.Not {
			return code{typ: types.Bool, b: func(f *frame) bool {
				a := l(f)
				return !value.Same(a, r(f))
			}}
		}
		return code{typ: types.Bool, b: func(f *frame) bool {
			a := l(f)
			return value.Same(a, r(f))
		}}
	case *check.NullTest:
		v, not := c.val(x.X), x.Not
		return code{typ: types.Bool, b: func(f *frame) bool { return v(f).IsNull() != not }}
	case *check.KnownTest:
		do, known := c.effect(x.X), x.Value
		return code{typ: types.Bool, b: func(f *frame) bool {
			do(f)
			return known
		}}
	case *check.DelegateOp:
		return c.delegateOp(x)
	case *check.TupleEqual:
		return c.tupleEqual(x)
	case *check.Concat:
		return c.concat(x)
	case *check.Interp:
		return c.interpolate(x)
	case *check.Cond:
		return c.conditional(x)
	case *check.Coalesce:
		return c.coalesce(x)
	case *check.CondAccess:
		return c.condAccess(x)
	case *check.Call:
		return c.call(x)
	case *check.LocalCall:
		return c.localCall(x)
	case *check.Invoke:
		return c.invoke(x)
	case *check.Get:
		return c.get(x)
	case *check.Elem:
		return c.elem(x)
	case *check.Item:
		v, n := c.val(x.X), x.Index
		return unbox(c.t(x.Type()), func(f *frame) value.Value {
			o, ok := v(f).Object().(*value.Tuple)
			if !ok {
				f.t.NullReference()
			}
			return o.Items[n]
		})
	case *check.NewArray:
		return c.newArray(x)
	case *check.NewTuple:
		return c.newTuple(c.t(x.Type()), x.Items)
	case *check.NewAnonymous:
		return c.newTuple(c.t(x.Type()), x.Items)
	case *check.Init:
		return c.init(x)
	case *check.LambdaExpr:
		return c.lambda(x)
	case *check.MethodDelegate:
		return c.methodDelegate(x)
	case *check.Assign:
		return c.assign(x)
	case *check.Compound:
		return c.compound(x)
	case *check.Deconstruct:
		return c.deconstruct(x)
	case *check.IsType:
		return c.isType(x)
	case *check.As:
		v, t := c.val(x.X), c.t(x.Target)
		return code{typ: t, v: func(f *frame) value.Value {
			a := v(f)
			if value.Is(a, t) {
				return a
			}
			return value.Null
		}}
	case *check.IsPattern:
		v, match := c.val(x.X), c.pattern(x.Pattern)
		return code{typ: types.Bool, b: func(f *frame) bool { return match(f, v(f)) }}
	case *check.ThrowExpr:
		return c.throw(x)
	case *check.TypeOf:
		v := value.Of(&value.TypeObject{Of: c.t(x.Of)})
		return code{typ: types.TypeType.Type(), v: func(*frame) value.Value { return v }}
	case *check.Discard:
		return c.zero(c.t(x.Type()))
	}
	panic(fmt.Sprintf("compile: no code for %T", x))
}

func (c *fc) constant(x *check.Const) code {
	t := c.t(x.Type())
	v := x.Value
	if v.IsString() {
		// One literal is one object, however often it is written.
		if old, ok := c.literals[v.Str()]; ok {
			v = old
		} else {
			c.literals[v.Str()] = v
		}
	}
	if v.IsNull() {
		return code{typ: t, v: func(*frame) value.Value { return value.Null }}
	}
	switch kindOf(t) {
	case kindBool:
		b := v.Bool()
		return code{typ: t, b: func(*frame) bool { return b }}
	case kindInt:
		n := v.Long()
		return code{typ: t, i: func(*frame) int64 { return n }}
	case kindFloat:
		d := v.Double()
		return code{typ: t, d: func(*frame) float64 { return d }}
	}
	return code{typ: t, v: func(*frame) value.Value { return v }}
}

func (c *fc) zero(t *types.Type) code {
	switch kindOf(t) {
	case kindBool:
		return code{typ: t, b: func(*frame) bool { return false }}
	case kindInt:
		return code{typ: t, i: func(*frame) int64 { return 0 }}
	case kindFloat:
		return code{typ: t, d: func(*frame) float64 { return 0 }}
	}
	if !t.IsValue() || t.IsNullable() {
		return code{typ: t, v: func(*frame) value.Value { return value.Null }}
	}
	return code{typ: t, v: func(f *frame) value.Value { return f.t.Zero(t) }}
}

func (c *fc) conditional(x *check.Cond) code {
	test, l, r := c.cond(x.C), c.expr(x.X), c.expr(x.Y)
	t := c.t(x.Type())
	switch kindOf(t) {
	case kindBool:
		a, b := c.asBool(l), c.asBool(r)
		return code{typ: t, b: func(f *frame) bool {
			if test(f) {
				return a(f)
			}
			return b(f)
		}}
	case kindInt:
		a, b := c.asInt(l), c.asInt(r)
		return code{typ: t, i: func(f *frame) int64 {
			if test(f) {
				return a(f)
			}
			return b(f)
		}}
	case kindFloat:
		a, b := c.asFloat(l), c.asFloat(r)
		return code{typ: t, d: func(f *frame) float64 {
			if test(f) {
				return a(f)
			}
			return b(f)
		}}
	}
	a, b := l.box(), r.box()
	return code{typ: t, v: func(f *frame) value.Value {
		if test(f) {
			return a(f)
		}
		return b(f)
	}}
}

func (c *fc) asBool(k code) boolFn {
	if k.b != nil {
		return k.b
	}
	v := k.box()
	return func(f *frame) bool { return v(f).Bool() }
}

func (c *fc) asInt(k code) intFn {
	if k.i != nil {
		return k.i
	}
	v := k.box()
	return func(f *frame) int64 { return v(f).Long() }
}

func (c *fc) asFloat(k code) floatFn {
	if k.d != nil {
		return k.d
	}
	v := k.box()
	return func(f *frame) float64 { return v(f).Double() }
}

func (c *fc) coalesce(x *check.Coalesce) code {
	v, put, left, right := c.val(x.X), c.put(x.Temp), c.val(x.Left), c.val(x.Y)
	return unbox(c.t(x.Type()), func(f *frame) value.Value {
		a := v(f)
		if a.IsNull() {
			return right(f)
		}
		put(f, a)
		return left(f)
	})
}

func (c *fc) condAccess(x *check.CondAccess) code {
	v, put := c.val(x.X), c.put(x.Temp)
	if x.Type().Kind() == types.Void {
		do := c.effect(x.Access)
		return code{typ: types.VoidType, v: func(f *frame) value.Value {
			if a := v(f); !a.IsNull() {
				put(f, a)
				do(f)
			}
			return value.Null
		}}
	}
	access := c.val(x.Access)
	return code{typ: c.t(x.Type()), v: func(f *frame) value.Value {
		a := v(f)
		if a.IsNull() {
			return value.Null
		}
		put(f, a)
		return access(f)
	}}
}

func (c *fc) throw(x *check.ThrowExpr) code {
	v := c.val(x.X)
	raise := func(f *frame) { throwValue(f, v(f)) }
	t := types.Object
	if x.Type() != nil {
		t = c.t(x.Type())
	}
	switch kindOf(t) {
	case kindBool:
		return code{typ: t, b: func(f *frame) bool { raise(f); return false }}
	case kindInt:
		return code{typ: t, i: func(f *frame) int64 { raise(f); return 0 }}
	case kindFloat:
		return code{typ: t, d: func(f *frame) float64 { raise(f); return 0 }}
	}
	return code{typ: t, v: func(f *frame) value.Value { raise(f); return value.Null }}
}

func throwValue(f *frame, v value.Value) {
	e, ok := v.Object().(*value.Exception)
	if !ok {
		f.t.NullReference()
	}
	f.t.Raise(e)
}

func (c *fc) boolLogic(x *check.BoolLogic) code {
	l, r, and := c.val(x.X), c.val(x.Y), x.And
	return code{typ: c.t(x.Type()), v: func(f *frame) value.Value {
		a := l(f)
		b := r(f)
		switch {
		case and && (!a.IsNull() && !a.Bool() || !b.IsNull() && !b.Bool()):
			return value.False
		case !and && (!a.IsNull() && a.Bool() || !b.IsNull() && b.Bool()):
			return value.True
		case a.IsNull() || b.IsNull():
			return value.Null
		}
		return value.Bool(and)
	}}
}

func (c *fc) delegateOp(x *check.DelegateOp) code {
	l, r := c.val(x.X), c.val(x.Y)
	switch x.Op {
	case syntax.OpAdd:
		return code{typ: c.t(x.Type()), v: func(f *frame) value.Value {
			a := l(f)
			return value.Combine(a, r(f))
		}}
	case syntax.OpSub:
		return code{typ: c.t(x.Type()), v: func(f *frame) value.Value {
			a := l(f)
			return f.t.Subtract(a, r(f))
		}}
	}
	not := x.Op == syntax.OpNotEqual
	return code{typ: types.Bool, b: func(f *frame) bool {
		a := l(f)
		return f.t.Equal(a, r(f)) != not
	}}
}

func (c *fc) tupleEqual(x *check.TupleEqual) code {
	var stores []func(f *frame)
	for _, s := range x.Sides {
		stores = append(stores, c.store(s.Temp, c.expr(s.Value)))
	}
	var items []boolFn
	for _, i := range x.Items {
		items = append(items, c.cond(i))
	}
	not := x.Not
	return code{typ: types.Bool, b: func(f *frame) bool {
		for _, s := range stores {
			s(f)
		}
		for _, i := range items {
			if i(f) == not {
				return not
			}
		}
		return !not
	}}
}

// text is what a concatenation takes of a value.
func (c *fc) text(x check.Expr) func(f *frame) string {
	k := c.expr(x)
	v := k.box()
	if k.typ == types.String {
		return func(f *frame) string { return v(f).Str() }
	}
	return func(f *frame) string { return f.t.ToString(v(f)) }
}

func (c *fc) concat(x *check.Concat) code {
	parts := make([]func(f *frame) string, len(x.Parts))
	for i, p := range x.Parts {
		parts[i] = c.text(p)
	}
	if len(parts) == 2 {
		a, b := parts[0], parts[1]
		return code{typ: types.String, v: func(f *frame) value.Value {
			s := a(f)
			u := b(f)
			f.t.Alloc(len(s) + len(u))
			return value.String(value.Concat(s, u))
		}}
	}
	return code{typ: types.String, v: func(f *frame) value.Value {
		list := make([]string, len(parts))
		n := 0
		for i, p := range parts {
			list[i] = p(f)
			n += len(list[i])
		}
		f.t.Alloc(n)
		return value.String(joinText(list, n))
	}}
}

// joinText joins strings, melting surrogates that meet.
func joinText(list []string, n int) string {
	for _, s := range list {
		if len(s) >= 3 && s[0] == 0xED && s[1] >= 0xB0 {
			out := ""
			for _, s := range list {
				out = value.Concat(out, s)
			}
			return out
		}
	}
	var b strings.Builder
	b.Grow(n)
	for _, s := range list {
		b.WriteString(s)
	}
	return b.String()
}

func (c *fc) interpolate(x *check.Interp) code {
	type part struct {
		text   string
		v      valFn
		align  int
		format string
	}
	var parts []part
	for _, p := range x.Parts {
		q := part{text: p.Text, align: p.Align, format: p.Format}
		if p.X != nil {
			q.v = c.val(p.X)
		}
		parts = append(parts, q)
	}
	return code{typ: types.String, v: func(f *frame) value.Value {
		// All holes are evaluated before the first is formatted.
		vals := make([]value.Value, len(parts))
		for i, p := range parts {
			if p.v != nil {
				vals[i] = p.v(f)
			}
		}
		list := make([]string, 0, len(parts))
		n := 0
		for i, p := range parts {
			s := p.text
			if p.v != nil {
				s = ""
				if !vals[i].IsNull() {
					s = f.t.Format(vals[i], p.format, value.Null)
				}
				s = pad(f, s, p.align)
			}
			n += len(s)
			list = append(list, s)
		}
		f.t.Alloc(n)
		return value.String(joinText(list, n))
	}}
}

func pad(f *frame, s string, width int) string {
	left := width < 0
	if left {
		width = -width
	}
	n := width - value.Length(s)
	if n <= 0 {
		return s
	}
	f.t.Alloc(n)
	if left {
		return s + strings.Repeat(" ", n)
	}
	return strings.Repeat(" ", n) + s
}

func (c *fc) newTuple(t *types.Type, items []check.Expr) code {
	list := make([]valFn, len(items))
	for i, x := range items {
		list[i] = c.val(x)
	}
	return code{typ: t, v: func(f *frame) value.Value {
		f.t.Alloc(24*len(list) + 32)
		vals := make([]value.Value, len(list))
		for i, x := range list {
			vals[i] = x(f)
		}
		return value.Of(value.NewTuple(t, vals))
	}}
}

func (c *fc) init(x *check.Init) code {
	first := c.store(x.Temp, c.expr(x.X))
	steps := make([]func(f *frame), len(x.Steps))
	for i, s := range x.Steps {
		steps[i] = c.effect(s)
	}
	last := c.load(x.Temp).box()
	return unbox(c.t(x.Type()), func(f *frame) value.Value {
		first(f)
		for _, s := range steps {
			s(f)
		}
		return last(f)
	})
}

func (c *fc) newArray(x *check.NewArray) code {
	t := c.t(x.Type())
	elem := t.Elem()
	if x.Elems == nil {
		sizes := make([]intFn, len(x.Sizes))
		for i, s := range x.Sizes {
			sizes[i] = c.int(s)
		}
		if len(sizes) == 1 {
			size := sizes[0]
			return code{typ: t, v: func(f *frame) value.Value { return value.Of(f.t.NewArray(elem, clampSize(f, size(f)))) }}
		}
		return code{typ: t, v: func(f *frame) value.Value {
			dims := make([]int, len(sizes))
			for i, s := range sizes {
				dims[i] = clampSize(f, s(f))
			}
			return value.Of(f.t.NewMatrix(elem, dims))
		}}
	}
	elems := make([]valFn, len(x.Elems))
	for i, e := range x.Elems {
		elems[i] = c.val(e)
	}
	dims := x.Dims
	return code{typ: t, v: func(f *frame) value.Value {
		var a *value.Array
		if len(dims) == 1 {
			a = f.t.NewArray(elem, len(elems))
		} else {
			a = f.t.NewMatrix(elem, dims)
		}
		for i, e := range elems {
			a.Set(i, e(f))
		}
		return value.Of(a)
	}}
}

// clampSize keeps sizes within what an array can have.
func clampSize(f *frame, n int64) int {
	if n > math.MaxInt32 {
		f.t.Throw(value.OutOfMemoryException, "Array dimensions exceeded supported range.")
	}
	if n < 0 {
		f.t.Throw(value.OverflowException, "Arithmetic operation resulted in an overflow.")
	}
	return int(n)
}

func (c *fc) isType(x *check.IsType) code {
	v, t := c.val(x.X), c.t(x.Target)
	return code{typ: types.Bool, b: func(f *frame) bool { return value.Is(v(f), t) }}
}

// pattern compiles a pattern to a test of a value, which binds its variables.
func (c *fc) pattern(p check.Pattern) func(f *frame, v value.Value) bool {
	switch p := p.(type) {
	case *check.ConstPattern:
		k := c.val(p.Value)
		return func(f *frame, v value.Value) bool {
			want := k(f)
			if want.IsNull() || v.IsNull() {
				return want.IsNull() && v.IsNull()
			}
			return f.t.Equal(want, v)
		}
	case *check.TypePattern:
		t := c.t(p.Target)
		if p.Local == nil {
			return func(f *frame, v value.Value) bool { return value.Is(v, t) }
		}
		put := c.put(p.Local)
		return func(f *frame, v value.Value) bool {
			if !value.Is(v, t) {
				return false
			}
			put(f, v)
			return true
		}
	case *check.VarPattern:
		if p.Local == nil {
			return func(*frame, value.Value) bool { return true }
		}
		put := c.put(p.Local)
		return func(f *frame, v value.Value) bool {
			put(f, v)
			return true
		}
	}
	panic("compile: no code for this pattern")
}

func (c *fc) fault(f *frame, fault arith.Fault) {
	switch fault {
	case arith.DivideByZero:
		f.t.Throw(value.DivideByZeroException, "Attempted to divide by zero.")
	case arith.DecimalRange:
		f.t.Throw(value.OverflowException, "Value was either too large or too small for a Decimal.")
	case arith.Overflow:
		f.t.Throw(value.OverflowException, "Arithmetic operation resulted in an overflow.")
	}
}
