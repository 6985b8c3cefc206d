package compile

import (
	"github.com/spillway-gateway/spillway/expr/internal/arith"
	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func (c *fc) unary(x *check.Unary) code {
	t := c.t(x.Type())
	op, checked := x.Op, x.Checked
	if x.Lifted {
		v, under := c.val(x.X), t.Underlying()
		return code{typ: t, v: func(f *frame) value.Value {
			a := v(f)
			if a.IsNull() {
				return a
			}
			r, fault := arith.Unary(op, a, under, checked)
			c.fault(f, fault)
			return r
		}}
	}
	k := c.expr(x.X)
	switch k.kind() {
	case kindBool:
		b := k.b
		return code{typ: t, b: func(f *frame) bool { return !b(f) }}
	case kindFloat:
		d := k.d
		if op == syntax.OpPlus {
			return k
		}
		return code{typ: t, d: func(f *frame) float64 { return -d(f) }}
	case kindInt:
		i, nc := k.i, arith.Code(t)
		switch op {
		case syntax.OpPlus:
			return code{typ: t, i: i}
		case syntax.OpComplement:
			return code{typ: t, i: func(f *frame) int64 { return arith.Wrap(^i(f), nc) }}
		}
		return code{typ: t, i: func(f *frame) int64 {
			n, fault := arith.Integer(syntax.OpSub, 0, i(f), nc, checked)
			if fault != arith.None {
				c.fault(f, fault)
			}
			return n
		}}
	}
	v := k.v
	return code{typ: t, v: func(f *frame) value.Value {
		r, fault := arith.Unary(op, v(f), t, checked)
		c.fault(f, fault)
		return r
	}}
}

func (c *fc) binary(x *check.Binary) code {
	t, operand := c.t(x.Type()), c.t(x.Operand)
	if x.Operand == types.String {
		return c.stringEqual(x)
	}
	if x.Lifted {
		return c.lifted(x, t, operand)
	}
	compare := t == types.Bool && isComparison(x.Op)
	switch kindOf(operand) {
	case kindBool:
		return c.boolOp(x)
	case kindInt:
		if compare {
			return c.compareInts(x.Op, c.int(x.X), c.int(x.Y), arith.Code(operand) == types.CodeUInt64)
		}
		return c.integerOp(x, t, arith.Code(operand))
	case kindFloat:
		l, r := c.float(x.X), c.float(x.Y)
		if compare {
			return compareFloats(x.Op, l, r)
		}
		return floatOp(x.Op, t, l, r, operand.Code() == types.CodeSingle)
	}
	l, r, op := c.val(x.X), c.val(x.Y), x.Op
	if compare {
		return code{typ: types.Bool, b: func(f *frame) bool {
			a := l(f)
			v, _ := arith.Binary(op, a, r(f), operand, false)
			return v.Bool()
		}}
	}
	return code{typ: t, v: func(f *frame) value.Value {
		a := l(f)
		v, fault := arith.Binary(op, a, r(f), operand, true)
		if fault != arith.None {
			c.fault(f, fault)
		}
		return v
	}}
}

func isComparison(op syntax.Op) bool {
	return op >= syntax.OpEqual && op <= syntax.OpGreaterEqual
}

func (c *fc) stringEqual(x *check.Binary) code {
	l, r, not := c.val(x.X), c.val(x.Y), x.Op == syntax.OpNotEqual
	return code{typ: types.Bool, b: func(f *frame) bool {
		a := l(f)
		b := r(f)
		return (a.IsNull() == b.IsNull() && a.Str() == b.Str()) != not
	}}
}

func (c *fc) boolOp(x *check.Binary) code {
	l, r := c.cond(x.X), c.cond(x.Y)
	var op func(a, b bool) bool
	switch x.Op {
	case syntax.OpEqual:
		op = func(a, b bool) bool { return a == b }
	case syntax.OpNotEqual, syntax.OpXor:
		op = func(a, b bool) bool { return a != b }
	case syntax.OpAnd:
		op = func(a, b bool) bool { return a && b }
	default:
		op = func(a, b bool) bool { return a || b }
	}
	return code{typ: types.Bool, b: func(f *frame) bool {
		a := l(f)
		return op(a, r(f))
	}}
}

func (c *fc) compareInts(op syntax.Op, l, r intFn, unsigned bool) code {
	var b boolFn
	switch op {
	case syntax.OpEqual:
		b = func(f *frame) bool { return l(f) == r(f) }
	case syntax.OpNotEqual:
		b = func(f *frame) bool { return l(f) != r(f) }
	default:
		if unsigned {
			b = func(f *frame) bool {
				a := uint64(l(f))
				o := uint64(r(f))
				switch op {
				case syntax.OpLess:
					return a < o
				case syntax.OpLessEqual:
					return a <= o
				case syntax.OpGreater:
					return a > o
				}
				return a >= o
			}
			break
		}
		switch op {
		case syntax.OpLess:
			b = func(f *frame) bool { return l(f) < r(f) }
		case syntax.OpLessEqual:
			b = func(f *frame) bool { return l(f) <= r(f) }
		case syntax.OpGreater:
			b = func(f *frame) bool { return l(f) > r(f) }
		default:
			b = func(f *frame) bool { return l(f) >= r(f) }
		}
	}
	return code{typ: types.Bool, b: b}
}

func compareFloats(op syntax.Op, l, r floatFn) code {
	var b boolFn
	switch op {
	case syntax.OpEqual:
		b = func(f *frame) bool { return l(f) == r(f) }
	case syntax.OpNotEqual:
		b = func(f *frame) bool { return l(f) != r(f) }
	case syntax.OpLess:
		b = func(f *frame) bool { return l(f) < r(f) }
	case syntax.OpLessEqual:
		b = func(f *frame) bool { return l(f) <= r(f) }
	case syntax.OpGreater:
		b = func(f *frame) bool { return l(f) > r(f) }
	default:
		b = func(f *frame) bool { return l(f) >= r(f) }
	}
	return code{typ: types.Bool, b: b}
}

func floatOp(op syntax.Op, t *types.Type, l, r floatFn, single bool) code {
	if !single {
		switch op {
		case syntax.OpAdd:
			return code{typ: t, d: func(f *frame) float64 { a := l(f); return a + r(f) }}
		case syntax.OpSub:
			return code{typ: t, d: func(f *frame) float64 { a := l(f); return a - r(f) }}
		case syntax.OpMul:
			return code{typ: t, d: func(f *frame) float64 { a := l(f); return a * r(f) }}
		case syntax.OpDiv:
			return code{typ: t, d: func(f *frame) float64 { a := l(f); return a / r(f) }}
		}
	}
	return code{typ: t, d: func(f *frame) float64 {
		a := l(f)
		return arith.Float(op, a, r(f), single)
	}}
}

func (c *fc) integerOp(x *check.Binary, t *types.Type, nc types.Code) code {
	l, r, op := c.int(x.X), c.int(x.Y), x.Op
	switch op {
	case syntax.OpAnd:
		return code{typ: t, i: func(f *frame) int64 { a := l(f); return a & r(f) }}
	case syntax.OpOr:
		return code{typ: t, i: func(f *frame) int64 { a := l(f); return a | r(f) }}
	case syntax.OpXor:
		return code{typ: t, i: func(f *frame) int64 { a := l(f); return a ^ r(f) }}
	case syntax.OpShl, syntax.OpShr:
		return code{typ: t, i: func(f *frame) int64 {
			a := l(f)
			return arith.Shift(op, a, r(f), nc)
		}}
	}
	if nc == types.CodeInt32 && !x.Checked {
		switch op {
		case syntax.OpAdd:
			return code{typ: t, i: func(f *frame) int64 { a := l(f); return int64(int32(a + r(f))) }}
		case syntax.OpSub:
			return code{typ: t, i: func(f *frame) int64 { a := l(f); return int64(int32(a - r(f))) }}
		case syntax.OpMul:
			return code{typ: t, i: func(f *frame) int64 { a := l(f); return int64(int32(a * r(f))) }}
		}
	}
	checked := x.Checked
	return code{typ: t, i: func(f *frame) int64 {
		a := l(f)
		n, fault := arith.Integer(op, a, r(f), nc, checked)
		if fault != arith.None {
			c.fault(f, fault)
		}
		return n
	}}
}

func (c *fc) lifted(x *check.Binary, t, operand *types.Type) code {
	l, r, op, checked := c.val(x.X), c.val(x.Y), x.Op, x.Checked
	if t == types.Bool && isComparison(op) {
		return code{typ: types.Bool, b: func(f *frame) bool {
			a := l(f)
			b := r(f)
			if a.IsNull() || b.IsNull() {
				switch op {
				case syntax.OpEqual:
					return a.IsNull() && b.IsNull()
				case syntax.OpNotEqual:
					return a.IsNull() != b.IsNull()
				}
				return false
			}
			v, _ := arith.Binary(op, a, b, operand, false)
			return v.Bool()
		}}
	}
	under := t.Underlying()
	return code{typ: t, v: func(f *frame) value.Value {
		a := l(f)
		b := r(f)
		if a.IsNull() || b.IsNull() {
			return value.Null
		}
		v, fault := arith.Binary(op, a, b, operand, checked)
		if fault != arith.None {
			c.fault(f, fault)
		}
		if v.IsWord() {
			v = v.Retype(under)
		}
		return v
	}}
}

// conv compiles a conversion.
func (c *fc) conv(x *check.Conv) code {
	t := c.t(x.Type())
	switch x.Kind {
	case check.Identity, check.Reference, check.Boxing, check.NullConv:
		k := c.expr(x.X)
		if kindOf(t) == k.kind() && k.kind() != kindValue {
			k.typ = t
			return k
		}
		if x.Kind == check.Identity && kindOf(t) != kindValue {
			return unbox(t, k.box())
		}
		return code{typ: t, v: k.box()}
	case check.Numeric:
		return c.numeric(x, t)
	case check.NullableWrap:
		k := c.expr(x.X)
		k.typ = under(t, k)
		return code{typ: t, v: k.box()}
	case check.NullableUnwrap:
		v := c.val(x.X)
		return unbox(t, func(f *frame) value.Value {
			a := v(f)
			if a.IsNull() {
				f.t.Throw(value.InvalidOperationException, "Nullable object must have a value.")
			}
			return a
		})
	case check.NullableMap:
		v, put, inner := c.val(x.X), c.put(x.Temp), c.val(x.Elems[0])
		return code{typ: t, v: func(f *frame) value.Value {
			a := v(f)
			if a.IsNull() {
				return a
			}
			put(f, a)
			return inner(f)
		}}
	case check.CheckedRef, check.Unboxing:
		v := c.val(x.X)
		return unbox(t, func(f *frame) value.Value { return f.t.Cast(v(f), t) })
	case check.User:
		return c.userConversion(x, t)
	case check.TupleConv:
		v, put := c.val(x.X), c.put(x.Temp)
		made := c.newTuple(t, x.Elems)
		return code{typ: t, v: func(f *frame) value.Value {
			put(f, v(f))
			return made.v(f)
		}}
	}
	panic("compile: no code for this conversion")
}

// under is the type that a boxed T? has: T, unless the operand knows better.
func under(t *types.Type, k code) *types.Type {
	if k.kind() == kindValue {
		return k.typ
	}
	return t.Underlying()
}

func (c *fc) numeric(x *check.Conv, t *types.Type) code {
	k := c.expr(x.X)
	from, to := arith.Code(c.t(x.X.Type())), arith.Code(t)
	checked := x.Checked
	switch {
	case k.kind() == kindInt && kindOf(t) == kindInt:
		i := k.i
		if !checked {
			if widens(from, to) {
				return code{typ: t, i: i}
			}
			return code{typ: t, i: func(f *frame) int64 { return arith.Wrap(i(f), to) }}
		}
		unsigned := from == types.CodeUInt64
		return code{typ: t, i: func(f *frame) int64 {
			n := i(f)
			if !arith.InRange(n, unsigned, to) {
				c.fault(f, arith.Overflow)
			}
			return n
		}}
	case k.kind() == kindInt && kindOf(t) == kindFloat:
		i := k.i
		if from != types.CodeUInt64 && to == types.CodeDouble {
			return code{typ: t, d: func(f *frame) float64 { return float64(i(f)) }}
		}
		return code{typ: t, d: func(f *frame) float64 { return arith.ToFloat(value.Long(i(f)), from, to) }}
	case k.kind() == kindFloat && kindOf(t) == kindFloat:
		d := k.d
		if to == types.CodeSingle {
			return code{typ: t, d: func(f *frame) float64 { return float64(float32(d(f))) }}
		}
		return code{typ: t, d: d}
	case k.kind() == kindFloat && kindOf(t) == kindInt:
		d := k.d
		return code{typ: t, i: func(f *frame) int64 {
			n, ok := arith.Truncate(d(f), to, checked)
			if !ok {
				c.fault(f, arith.Overflow)
			}
			return n
		}}
	}
	v, source := k.box(), c.t(x.X.Type())
	return unbox(t, func(f *frame) value.Value {
		r, fault := arith.Convert(v(f), source, t, checked)
		switch fault {
		case arith.DecimalRange:
			f.t.Throw(value.OverflowException, "Value was either too large or too small for "+article(t)+".")
		case arith.Overflow:
			c.fault(f, fault)
		}
		return r
	})
}

// article is a number type as .NET's overflow messages name it.
func article(t *types.Type) string {
	name := t.Def().Name
	switch t.Code() {
	case types.CodeInt16, types.CodeInt32, types.CodeInt64:
		return "an " + name
	case types.CodeByte:
		return "an unsigned byte"
	case types.CodeSByte:
		return "a signed byte"
	case types.CodeChar:
		return "a character"
	}
	return "a " + name
}

func widens(from, to types.Code) bool {
	switch {
	case from == to:
		return true
	case to == types.CodeInt64:
		return from != types.CodeUInt64
	case to == types.CodeUInt64:
		return from == types.CodeByte || from == types.CodeUInt16 || from == types.CodeUInt32 || from == types.CodeChar
	case to == types.CodeInt32:
		return from == types.CodeByte || from == types.CodeSByte || from == types.CodeInt16 || from == types.CodeUInt16 || from == types.CodeChar
	}
	return false
}

func (c *fc) userConversion(x *check.Conv, t *types.Type) code {
	v := c.val(x.X)
	run := c.static(x.User)
	lifted := x.Lifted
	return unbox(t, func(f *frame) value.Value {
		a := v(f)
		if lifted && a.IsNull() {
			return a
		}
		args := f.t.Push(1)
		args[0] = a
		r := run(f, args)
		f.t.Pop(1)
		return r
	})
}

// static is a call of a static row with arguments that are ready.
func (c *fc) static(m *types.Member) func(f *frame, args []value.Value) value.Value {
	fn := value.RowOf(m).Func
	owner := c.t(m.Owner)
	return func(f *frame, args []value.Value) value.Value {
		call := f.t.Borrow()
		call.Args, call.Owner = args, owner
		v := fn(call)
		f.t.Return(call)
		return v
	}
}
