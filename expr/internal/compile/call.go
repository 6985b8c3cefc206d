package compile

import (
	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// target is how a call finds the Go function: known beforehand, or looked up by
// the receiver's run-time type for members of interfaces and abstract ones.
type target struct {
	fn    func(*value.Call) value.Value
	set   func(*value.Call)
	owner *types.Type
}

// member is a member with this function's type arguments put in.
func (c *fc) member(m *types.Member) *types.Member {
	if len(c.tparams) == 0 || m.Owner == nil || !open(m) {
		return m
	}
	k := *m
	k.Owner = c.t(m.Owner)
	k.Result = types.Subst(m.Result, c.tparams, c.targs)
	k.Params = append([]types.Param(nil), m.Params...)
	for i := range k.Params {
		k.Params[i].Type = types.Subst(k.Params[i].Type, c.tparams, c.targs)
	}
	return &k
}

func open(m *types.Member) bool {
	if m.Owner.Open() || m.Result.Open() {
		return true
	}
	for _, p := range m.Params {
		if p.Type.Open() {
			return true
		}
	}
	return false
}

// resolve finds the target of a member on a receiver.
func (c *fc) resolve(m *types.Member) func(f *frame, this value.Value) target {
	m = c.member(m)
	row := value.RowOf(m)
	if row.Func != nil || row.Set != nil {
		t := target{row.Func, row.Set, c.t(m.Owner)}
		return func(*frame, value.Value) target { return t }
	}
	table := c.table
	return func(f *frame, this value.Value) target {
		of := this.Type()
		impl := table.Implementation(of, m)
		if impl == nil {
			f.t.Throw(value.NotSupportedException, "Specified method is not supported.")
		}
		r := value.RowOf(impl)
		return target{r.Func, r.Set, impl.Owner}
	}
}

// nullable reports whether a receiver of that static type may be null.
func nullable(t *types.Type) bool { return t.IsNullable() }

// argument is an argument on its way to the thread's stack. A ref or out
// argument is written back after the call: to a local by back, elsewhere through
// the reference that ref makes before it.
type argument struct {
	slot int
	v    valFn
	back func(f *frame, v value.Value)
	ref  func(f *frame) *reference
}

// args compiles arguments, in order of evaluation.

func (c *fc) args(list []check.Expr, order []int) []argument {
	if order == nil {
		order = make([]int, len(list))
		for i := range order {
			order[i] = i
		}
	}
	var out []argument
	for _, i := range order {
		x := list[i]
		r, ok := x.(*check.Ref)
		if !ok {
			out = append(out, argument{slot: i, v: c.val(x)})
			continue
		}
		a := argument{slot: i}
		if l, isLocal := r.X.(*check.LocalRef); isLocal && !l.Local.Ref {
			a.back = c.put(l.Local)
			if r.Mode == syntax.ByRef {
				a.v = c.val(r.X)
			}
		} else {
			a.ref = c.reference(r.X)
		}
		out = append(out, a)
	}
	return out
}

// call compiles a call of a row.
func (c *fc) call(x *check.Call) code {
	if x.Method == nil {
		return c.newParameter(x)
	}
	m := x.Method
	t := c.t(x.Type())
	if x.Lifted {
		return c.liftedCall(x, t)
	}
	if k, ok := c.fast(x, t); ok {
		return k
	}
	var tys []*types.Type
	for _, a := range x.Types {
		tys = append(tys, c.t(a))
	}
	if k, ok := c.common(x, t, tys); ok {
		return k
	}
	args := c.args(x.Args, x.Order)
	n := len(x.Args)
	var recv valFn
	mayNull := true
	if x.Recv != nil {
		recv = c.val(x.Recv)
		mayNull = nullable(c.t(x.Recv.Type()))
	}
	find := c.resolve(m)
	simple := true
	for _, a := range args {
		simple = simple && a.back == nil && a.ref == nil
	}
	return unbox(t, func(f *frame) value.Value {
		var this value.Value
		if recv != nil {
			this = recv(f)
			if !mayNull && this.IsNull() {
				// C# evaluates the arguments before it notices; only their exceptions tell.
				evaluate(f, args)
				f.t.NullReference()
			}
		}
		vals := f.t.Push(n)
		var refs []*reference
		for i := range args {
			a := &args[i]
			switch {
			case a.ref != nil:
				r := a.ref(f)
				vals[a.slot] = r.get()
				refs = append(refs, r)
			case a.v != nil:
				vals[a.slot] = a.v(f)
			}
		}
		to := find(f, this)
		call := f.t.Borrow()
		call.This, call.Args, call.Types, call.Owner = this, vals, tys, to.owner
		v := to.fn(call)
		f.t.Return(call)
		if !simple {
			k := 0
			for i := range args {
				a := &args[i]
				switch {
				case a.ref != nil:
					refs[k].set(vals[a.slot])
					k++
				case a.back != nil:
					a.back(f, vals[a.slot])
				}
			}
		}
		f.t.Pop(n)
		return v
	})
}

func evaluate(f *frame, args []argument) {
	for i := range args {
		if args[i].v != nil {
			args[i].v(f)
		}
	}
}

// newParameter compiles new T() of a type parameter.
func (c *fc) newParameter(x *check.Call) code {
	t := c.t(x.Type())
	if t.IsValue() {
		return c.zero(t)
	}
	var ctor *types.Member
	for _, m := range c.table.Info(t.Def()).Named(".ctor") {
		if len(m.Params) == 0 {
			ctor = m.In(t)
		}
	}
	if ctor == nil {
		return code{typ: t, v: func(f *frame) value.Value {
			f.t.Throw(value.NotSupportedException, "Specified method is not supported.")
			return value.Null
		}}
	}
	run := c.static(ctor)
	return code{typ: t, v: func(f *frame) value.Value { return run(f, nil) }}
}

// liftedCall compiles a user-defined operator over nullables.
func (c *fc) liftedCall(x *check.Call, t *types.Type) code {
	run := c.static(x.Method)
	var args []valFn
	for _, a := range x.Args {
		args = append(args, c.val(a))
	}
	op, compare := x.Comparison()
	return unbox(t, func(f *frame) value.Value {
		vals := f.t.Push(len(args))
		nulls := 0
		for i, a := range args {
			vals[i] = a(f)
			if vals[i].IsNull() {
				nulls++
			}
		}
		var v value.Value
		switch {
		case nulls == 0:
			v = run(f, vals)
		case compare && op == syntax.OpEqual:
			v = value.Bool(nulls == 2)
		case compare && op == syntax.OpNotEqual:
			v = value.Bool(nulls == 1)
		case compare:
			v = value.False
		}
		f.t.Pop(len(args))
		return v
	})
}

// fast uses a row's form without boxing, when it has one that this compiler
// knows and the arguments are plain.
func (c *fc) fast(x *check.Call, t *types.Type) (code, bool) {
	row := value.RowOf(x.Method)
	if row.Fast == nil || x.Order != nil {
		return code{}, false
	}
	var list []check.Expr
	if x.Recv != nil {
		if nullable(c.t(x.Recv.Type())) {
			return code{}, false
		}
		list = append(list, x.Recv)
	}
	list = append(list, x.Args...)
	for _, a := range list {
		if _, isRef := a.(*check.Ref); isRef {
			return code{}, false
		}
	}
	return c.fastForm(row, x.Method, list, x.Recv != nil, t)
}

// common uses a row's form for the common cases, with Func behind it.
func (c *fc) common(x *check.Call, t *types.Type, tys []*types.Type) (code, bool) {
	row := value.RowOf(x.Method)
	if row.Try == nil || x.Recv == nil || len(x.Args) != 1 || nullable(c.t(x.Recv.Type())) {
		return code{}, false
	}
	if _, isRef := x.Args[0].(*check.Ref); isRef {
		return code{}, false
	}
	try := row.Try(tys)
	if try == nil {
		return code{}, false
	}
	owner := c.t(x.Method.Owner)
	recv, arg := c.val(x.Recv), c.val(x.Args[0])
	return unbox(t, func(f *frame) value.Value {
		this := recv(f)
		a := arg(f)
		if this.IsNull() {
			f.t.NullReference()
		}
		if v, ok := try(this, a); ok {
			return v
		}
		vals := f.t.Push(1)
		vals[0] = a
		call := f.t.Borrow()
		call.This, call.Args, call.Types, call.Owner = this, vals, tys, owner
		v := row.Func(call)
		f.t.Return(call)
		f.t.Pop(1)
		return v
	}), true
}

// fastForm compiles one of the forms listed at value.Row.Fast. The receiver, if
// there is one, is the first of list.
func (c *fc) fastForm(row *value.Row, m *types.Member, list []check.Expr, instance bool, t *types.Type) (code, bool) {
	// slow calls Func with arguments that are there already: for null strings.
	owner := c.t(m.Owner)
	slow := func(f *frame, vals ...value.Value) value.Value {
		args := f.t.Push(len(vals))
		copy(args, vals)
		call := f.t.Borrow()
		call.Args, call.Owner = args, owner
		if instance {
			call.This, call.Args = args[0], args[1:]
			if call.This.IsNull() {
				f.t.NullReference()
			}
		}
		v := row.Func(call)
		f.t.Return(call)
		f.t.Pop(len(vals))
		return v
	}
	recv := func(v valFn) valFn {
		if !instance {
			return v
		}
		return func(f *frame) value.Value {
			a := v(f)
			if a.IsNull() {
				f.t.NullReference()
			}
			return a
		}
	}
	n := len(list)
	switch fn := row.Fast.(type) {
	case func(value.Value) int64:
		if n == 1 && kindOf(t) == kindInt {
			v := recv(c.val(list[0]))
			return code{typ: t, i: func(f *frame) int64 { return fn(v(f)) }}, true
		}
	case func(value.Value) bool:
		if n == 1 && kindOf(t) == kindBool {
			v := recv(c.val(list[0]))
			return code{typ: t, b: func(f *frame) bool { return fn(v(f)) }}, true
		}
	case func(value.Value) float64:
		if n == 1 && kindOf(t) == kindFloat {
			v := recv(c.val(list[0]))
			return code{typ: t, d: func(f *frame) float64 { return fn(v(f)) }}, true
		}
	case func(value.Value) value.Value:
		if n == 1 {
			v := recv(c.val(list[0]))
			return unbox(t, func(f *frame) value.Value { return fn(v(f)) }), true
		}
	case func(string) int64:
		if n == 1 && kindOf(t) == kindInt {
			v := c.val(list[0])
			return code{typ: t, i: func(f *frame) int64 {
				a := v(f)
				if a.IsNull() {
					return slow(f, a).Long()
				}
				return fn(a.Str())
			}}, true
		}
	case func(string) bool:
		if n == 1 && kindOf(t) == kindBool {
			v := c.val(list[0])
			return code{typ: t, b: func(f *frame) bool {
				a := v(f)
				if a.IsNull() {
					return slow(f, a).Bool()
				}
				return fn(a.Str())
			}}, true
		}
	case func(string) string:
		if n == 1 {
			v := c.val(list[0])
			return code{typ: t, v: func(f *frame) value.Value {
				a := v(f)
				if a.IsNull() {
					return slow(f, a)
				}
				return value.String(fn(a.Str()))
			}}, true
		}
	case func(string, string) bool:
		if n == 2 && kindOf(t) == kindBool {
			v, w := c.val(list[0]), c.val(list[1])
			return code{typ: t, b: func(f *frame) bool {
				a := v(f)
				b := w(f)
				if a.IsNull() || b.IsNull() {
					return slow(f, a, b).Bool()
				}
				return fn(a.Str(), b.Str())
			}}, true
		}
	case func(string, string) int64:
		if n == 2 && kindOf(t) == kindInt {
			v, w := c.val(list[0]), c.val(list[1])
			return code{typ: t, i: func(f *frame) int64 {
				a := v(f)
				b := w(f)
				if a.IsNull() || b.IsNull() {
					return slow(f, a, b).Long()
				}
				return fn(a.Str(), b.Str())
			}}, true
		}
	case func(value.Value, int64) int64:
		if n == 2 && kindOf(t) == kindInt {
			v, w := recv(c.val(list[0])), c.int(list[1])
			return code{typ: t, i: func(f *frame) int64 { a := v(f); return fn(a, w(f)) }}, true
		}
	case func(value.Value, value.Value) bool:
		if n == 2 && kindOf(t) == kindBool {
			v, w := recv(c.val(list[0])), c.val(list[1])
			return code{typ: t, b: func(f *frame) bool { a := v(f); return fn(a, w(f)) }}, true
		}
	case func(value.Value, value.Value) value.Value:
		if n == 2 {
			v, w := recv(c.val(list[0])), c.val(list[1])
			return unbox(t, func(f *frame) value.Value { a := v(f); return fn(a, w(f)) }), true
		}
	case func(int64) int64:
		if n == 1 && kindOf(t) == kindInt {
			v := c.int(list[0])
			return code{typ: t, i: func(f *frame) int64 { return fn(v(f)) }}, true
		}
	case func(int64) bool:
		if n == 1 && kindOf(t) == kindBool {
			v := c.int(list[0])
			return code{typ: t, b: func(f *frame) bool { return fn(v(f)) }}, true
		}
	case func(int64, int64) int64:
		if n == 2 && kindOf(t) == kindInt {
			v, w := c.int(list[0]), c.int(list[1])
			return code{typ: t, i: func(f *frame) int64 { a := v(f); return fn(a, w(f)) }}, true
		}
	case func(float64) float64:
		if n == 1 && kindOf(t) == kindFloat {
			v := c.float(list[0])
			return code{typ: t, d: func(f *frame) float64 { return fn(v(f)) }}, true
		}
	case func(float64, float64) float64:
		if n == 2 && kindOf(t) == kindFloat {
			v, w := c.float(list[0]), c.float(list[1])
			return code{typ: t, d: func(f *frame) float64 { a := v(f); return fn(a, w(f)) }}, true
		}
	}
	return code{}, false
}

// get compiles the reading of a property, indexer or field.
func (c *fc) get(x *check.Get) code {
	t := c.t(x.Type())
	row := value.RowOf(x.Member)
	if row.Fast != nil && x.Order == nil && (x.Recv == nil || !nullable(c.t(x.Recv.Type()))) {
		var list []check.Expr
		if x.Recv != nil {
			list = append(list, x.Recv)
		}
		list = append(list, x.Args...)
		if k, ok := c.fastForm(row, x.Member, list, x.Recv != nil, t); ok {
			return k
		}
	}
	return c.call(check.Getter(x))
}

// localCall compiles a call of a local function.
func (c *fc) localCall(x *check.LocalCall) code {
	var tys []*types.Type
	for _, a := range x.Types {
		tys = append(tys, c.t(a))
	}
	fn := c.compiler.function(x.Func, c, tys...)
	env := c.closure(x.Func)
	order := x.Order
	if order == nil {
		order = make([]int, len(x.Args))
		for i := range order {
			order[i] = i
		}
	}
	type arg struct {
		slot int
		v    valFn
		ref  func(f *frame) *reference
	}
	var args []arg
	for _, i := range order {
		a := x.Args[i]
		if r, ok := a.(*check.Ref); ok {
			args = append(args, arg{i, nil, c.reference(r.X)})
		} else if x.Func.Params[i].Ref {
			// `in` with a plain argument: a reference to a copy.
			v := c.val(a)
			args = append(args, arg{i, nil, func(f *frame) *reference {
				k := v(f)
				return &reference{func() value.Value { return k }, func(value.Value) {}}
			}})
		} else {
			args = append(args, arg{i, c.val(a), nil})
		}
	}
	n := len(x.Args)
	return unbox(c.t(x.Type()), func(f *frame) value.Value {
		vals := f.t.Push(n)
		for _, a := range args {
			if a.ref != nil {
				vals[a.slot] = value.Of(a.ref(f))
			} else {
				vals[a.slot] = a.v(f)
			}
		}
		v := fn.call(f.t, env(f), vals)
		f.t.Pop(n)
		return v
	})
}

// invoke compiles a call of a delegate.
func (c *fc) invoke(x *check.Invoke) code {
	d := c.val(x.F)
	var args []valFn
	for _, a := range x.Args {
		args = append(args, c.val(a))
	}
	n := len(args)
	return unbox(c.t(x.Type()), func(f *frame) value.Value {
		fn := d(f)
		vals := f.t.Push(n)
		for i, a := range args {
			vals[i] = a(f)
		}
		o, ok := fn.Object().(*value.Delegate)
		if !ok {
			f.t.NullReference()
		}
		v := o.Call(f.t, vals)
		f.t.Pop(n)
		return v
	})
}

// lambda compiles a lambda into the making of a delegate.
func (c *fc) lambda(x *check.LambdaExpr) code {
	t := c.t(x.Type())
	fn := c.compiler.function(x.Func, c)
	env := c.closure(x.Func)
	if len(x.Func.Free) == 0 {
		// Without captures one delegate serves every evaluation.
		d := value.Of(value.NewDelegate(t, func(th *value.Thread, args []value.Value) value.Value { return fn.call(th, nil, args) }))
		return code{typ: t, v: func(*frame) value.Value { return d }}
	}
	return code{typ: t, v: func(f *frame) value.Value {
		e := env(f)
		f.t.Alloc(64)
		return value.Of(value.NewDelegate(t, func(th *value.Thread, args []value.Value) value.Value { return fn.call(th, e, args) }))
	}}
}

// methodDelegate compiles a method group into the making of a delegate.
func (c *fc) methodDelegate(x *check.MethodDelegate) code {
	t := c.t(x.Type())
	if x.Over != nil {
		v := c.val(x.Over)
		return code{typ: t, v: func(f *frame) value.Value {
			d, ok := v(f).Object().(*value.Delegate)
			if !ok {
				f.t.NullReference()
			}
			return value.Of(d.Retype(t))
		}}
	}
	var tys []*types.Type
	for _, a := range x.Types {
		tys = append(tys, c.t(a))
	}
	if x.Func != nil {
		fn := c.compiler.function(x.Func, c, tys...)
		env := c.closure(x.Func)
		return code{typ: t, v: func(f *frame) value.Value {
			e := env(f)
			f.t.Alloc(64)
			return value.Of(value.NewDelegate(t, func(th *value.Thread, args []value.Value) value.Value { return fn.call(th, e, args) }))
		}}
	}
	find := c.resolve(x.Method)
	m := x.Method
	if x.Recv == nil {
		to := find(nil, value.Null)
		d := value.Of(value.NewMethod(t, m, value.Null, func(th *value.Thread, args []value.Value) value.Value {
			return invokeRow(th, to, value.Null, args, tys)
		}))
		return code{typ: t, v: func(*frame) value.Value { return d }}
	}
	recv := c.val(x.Recv)
	static := m.Static
	return code{typ: t, v: func(f *frame) value.Value {
		this := recv(f)
		f.t.Alloc(96)
		if static {
			// An extension method: the receiver is its first argument.
			to := find(f, this)
			return value.Of(value.NewMethod(t, m, this, func(th *value.Thread, args []value.Value) value.Value {
				all := th.Push(len(args) + 1)
				all[0] = this
				copy(all[1:], args)
				v := invokeRow(th, to, value.Null, all, tys)
				th.Pop(len(all))
				return v
			}))
		}
		if this.IsNull() {
			f.t.ThrowArgument(value.ArgumentException, "Delegate to an instance method cannot have null 'this'.", "")
		}
		to := find(f, this)
		return value.Of(value.NewMethod(t, m, this, func(th *value.Thread, args []value.Value) value.Value {
			return invokeRow(th, to, this, args, tys)
		}))
	}}
}

func invokeRow(th *value.Thread, to target, this value.Value, args []value.Value, tys []*types.Type) value.Value {
	call := th.Borrow()
	call.This, call.Args, call.Types, call.Owner = this, args, tys, to.owner
	v := to.fn(call)
	th.Return(call)
	return v
}
