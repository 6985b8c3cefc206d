package compile

import (
	"github.com/spillway-gateway/spillway/expr/internal/check"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// ctl is how a statement ended: normally, or with a jump that f.to or f.ret
// says more about.
type ctl uint8

const (
	next ctl = iota
	breaks
	continues
	returns
	jumps   // to a label in f.to
	jumpsTo // to a section of a switch: f.to is a sectionJump
)

type sectionJump struct {
	to any
	n  int
}

type stmtFn = func(f *frame) ctl

func (c *fc) stmt(s check.Stmt) stmtFn {
	switch s := s.(type) {
	case *check.Block:
		return c.block(s)
	case *check.ExprStmt:
		do := c.effect(s.X)
		return func(f *frame) ctl { do(f); return next }
	case *check.Declare:
		if s.Init == nil {
			return c.reset(s.Local)
		}
		st := c.store(s.Local, c.expr(s.Init))
		return func(f *frame) ctl { st(f); return next }
	case *check.DeclareRef:
		r, at := c.reference(s.To), c.variable(s.Local)
		return func(f *frame) ctl {
			k := r(f)
			*at(f) = value.Of(k)
			return next
		}
	case *check.FuncDecl, *check.Nothing, *check.Label:
		return func(*frame) ctl { return next }
	case *check.If:
		return c.ifStmt(s)
	case *check.Loop:
		return c.loop(s)
	case *check.Foreach:
		return c.foreach(s)
	case *check.Switch:
		return c.switchStmt(s)
	case *check.Break:
		to := any(s.To)
		return func(f *frame) ctl { f.to = to; return breaks }
	case *check.Continue:
		to := any(s.To)
		return func(f *frame) ctl { f.to = to; return continues }
	case *check.Goto:
		if s.To != nil {
			to := any(s.To)
			return func(f *frame) ctl { f.to = to; return jumps }
		}
		to := sectionJump{s.Switch, s.Section}
		return func(f *frame) ctl { f.to = to; return jumpsTo }
	case *check.Return:
		if s.X == nil {
			return func(f *frame) ctl { f.ret = value.Null; return returns }
		}
		v := c.val(s.X)
		return func(f *frame) ctl {
			f.ret = v(f)
			return returns
		}
	case *check.Throw:
		if s.X == nil {
			return func(f *frame) ctl { f.t.Raise(f.caught); return next }
		}
		v := c.val(s.X)
		return func(f *frame) ctl { throwValue(f, v(f)); return next }
	case *check.Yield:
		return c.yield(s)
	case *check.Try:
		return c.try(s)
	case *check.Using:
		return c.using(s)
	case *check.Lock:
		v, body := c.val(s.X), c.stmt(s.Body)
		return func(f *frame) ctl {
			if v(f).IsNull() {
				f.t.ThrowNull("")
			}
			return body(f)
		}
	}
	panic("compile: no code for this statement")
}

// reset gives a variable that is declared without a value a default one: its
// slot may hold that of the last turn of a loop.
func (c *fc) reset(l *check.Local) stmtFn {
	st := c.store(l, c.zero(c.t(l.Type)))
	return func(f *frame) ctl { st(f); return next }
}

func (c *fc) block(s *check.Block) stmtFn {
	fresh := c.fresh(s.Locals)
	body := c.stmts(s.Stmts)
	if fresh == nil {
		return body
	}
	return func(f *frame) ctl {
		fresh(f)
		return body(f)
	}
}

// stmts compiles a list; a jump to one of its labels goes on from there.
func (c *fc) stmts(list []check.Stmt) stmtFn {
	var fns []stmtFn
	labels := map[any]int{}
	for _, s := range list {
		if l, ok := s.(*check.Label); ok {
			labels[any(l)] = len(fns)
		}
		fns = append(fns, c.stmt(s))
	}
	if len(labels) > 0 {
		return func(f *frame) ctl {
			for i := 0; i < len(fns); i++ {
				r := fns[i](f)
				if r == jumps {
					if at, ok := labels[f.to]; ok {
						f.t.Step(1)
						i = at
						continue
					}
				}
				if r != next {
					return r
				}
			}
			return next
		}
	}
	switch len(fns) {
	case 0:
		return func(*frame) ctl { return next }
	case 1:
		return fns[0]
	case 2:
		a, b := fns[0], fns[1]
		return func(f *frame) ctl {
			if r := a(f); r != next {
				return r
			}
			return b(f)
		}
	}
	return func(f *frame) ctl {
		for _, fn := range fns {
			if r := fn(f); r != next {
				return r
			}
		}
		return next
	}
}

func (c *fc) ifStmt(s *check.If) stmtFn {
	test, then := c.cond(s.Cond), c.stmt(s.Then)
	if s.Else == nil {
		return func(f *frame) ctl {
			if test(f) {
				return then(f)
			}
			return next
		}
	}
	other := c.stmt(s.Else)
	return func(f *frame) ctl {
		if test(f) {
			return then(f)
		}
		return other(f)
	}
}

func (c *fc) loop(s *check.Loop) stmtFn {
	enter := c.fresh(s.Locals)
	turn := c.fresh(s.Turn)
	init := c.stmts(s.Init)
	test := func(*frame) bool { return true }
	if s.Cond != nil {
		test = c.cond(s.Cond)
	}
	var post []func(f *frame)
	for _, x := range s.Post {
		post = append(post, c.effect(x))
	}
	body := c.stmt(s.Body)
	id, first := any(s.Target()), s.First
	return func(f *frame) ctl {
		if enter != nil {
			enter(f)
		}
		init(f)
		for skip := first; ; skip = false {
			f.t.Step(1)
			if turn != nil {
				turn(f)
			}
			if !skip && !test(f) {
				return next
			}
			switch r := body(f); r {
			case next:
			case breaks:
				if f.to == id {
					return next
				}
				return r
			case continues:
				if f.to != id {
					return r
				}
			default:
				return r
			}
			for _, p := range post {
				p(f)
			}
		}
	}
}

func (c *fc) foreach(s *check.Foreach) stmtFn {
	src := c.val(s.X)
	turn := c.fresh(s.Locals)
	put := c.put(s.Elem)
	var bind func(f *frame)
	if s.Decon != nil {
		bind = c.effect(s.Decon)
	} else {
		bind = c.store(s.Local, c.expr(s.Value))
	}
	body := c.stmt(s.Body)
	id, elem := any(s.Target()), s.Elem.Type
	one := func(f *frame, v value.Value) (ctl, bool) {
		f.t.Step(1)
		if turn != nil {
			turn(f)
		}
		put(f, v)
		bind(f)
		switch r := body(f); r {
		case next:
		case breaks:
			if f.to == id {
				return next, true
			}
			return r, true
		case continues:
			if f.to != id {
				return r, true
			}
		default:
			return r, true
		}
		return next, false
	}
	return func(f *frame) ctl {
		v := src(f)
		if a, ok := v.Object().(*value.Array); ok {
			for i := 0; i < a.Len(); i++ {
				if r, stop := one(f, a.At(i)); stop {
					return r
				}
			}
			return next
		}
		it := f.t.IterateAs(v, elem)
		if k, ok := it.(value.Closer); ok {
			r, ex := guard(f, func(f *frame) ctl { return each(f, it, one) })
			k.Close(f.t)
			if ex != nil {
				f.t.Raise(ex)
			}
			return r
		}
		return each(f, it, one)
	}
}

func each(f *frame, it value.Iterator, one func(f *frame, v value.Value) (ctl, bool)) ctl {
	for {
		x, ok := it.Next(f.t)
		if !ok {
			return next
		}
		if r, stop := one(f, x); stop {
			return r
		}
	}
}

func (c *fc) switchStmt(s *check.Switch) stmtFn {
	enter := c.fresh(s.Locals)
	first := c.store(s.Temp, c.expr(s.X))
	load := c.load(s.Temp).box()
	type label struct {
		section int
		match   func(f *frame, v value.Value) bool
		when    boolFn
	}
	var labels []label
	var bodies []stmtFn
	for i, sec := range s.Sections {
		turn := c.fresh(sec.Locals)
		for _, l := range sec.Labels {
			if l.Pattern == nil {
				continue
			}
			k := label{section: i, match: c.pattern(l.Pattern)}
			if turn != nil {
				// The cells that a pattern fills must be there first.
				match := k.match
				k.match = func(f *frame, v value.Value) bool { turn(f); return match(f, v) }
			}
			if l.When != nil {
				k.when = c.cond(l.When)
			}
			labels = append(labels, k)
		}
		bodies = append(bodies, c.stmts(sec.Body))
	}
	texts, words := constants(s)
	id, other := any(s.Target()), s.Default
	pick := func(f *frame) int {
		v := load(f)
		switch {
		case texts != nil:
			if n, ok := texts[v.Str()]; ok && v.IsString() {
				return n
			}
			return other
		case words != nil:
			if n, ok := words[v.Long()]; ok && !v.IsNull() {
				return n
			}
			return other
		}
		for i := range labels {
			l := &labels[i]
			if l.match(f, v) && (l.when == nil || l.when(f)) {
				return l.section
			}
		}
		return other
	}
	return func(f *frame) ctl {
		if enter != nil {
			enter(f)
		}
		first(f)
		n := pick(f)
		for n >= 0 {
			r := bodies[n](f)
			switch r {
			case breaks:
				if f.to == id {
					return next
				}
			case jumpsTo:
				if j := f.to.(sectionJump); j.to == id {
					f.t.Step(1)
					n = j.n
					continue
				}
			}
			return r
		}
		return next
	}
}

// constants are the sections by constant, when all labels are plain constants
// of one sort: strings, or integers.
func constants(s *check.Switch) (texts map[string]int, words map[int64]int) {
	for i, sec := range s.Sections {
		if len(sec.Locals) > 0 {
			return nil, nil
		}
		for _, l := range sec.Labels {
			if l.Pattern == nil {
				continue
			}
			p, ok := l.Pattern.(*check.ConstPattern)
			if !ok || l.When != nil {
				return nil, nil
			}
			k, ok := p.Value.(*check.Const)
			if !ok || k.Value.IsNull() || s.X.Type() == types.Object {
				return nil, nil
			}
			switch t := s.Temp.Type.Underlying(); {
			case t == types.String && k.Value.IsString():
				if texts == nil {
					texts = map[string]int{}
				}
				if _, ok := texts[k.Value.Str()]; !ok {
					texts[k.Value.Str()] = i
				}
			case kindOf(t) == kindInt:
				if words == nil {
					words = map[int64]int{}
				}
				if _, ok := words[k.Value.Long()]; !ok {
					words[k.Value.Long()] = i
				}
			default:
				return nil, nil
			}
		}
	}
	if texts != nil && words != nil {
		return nil, nil
	}
	return texts, words
}

// guard runs a body and gives back the exception that left it, if any.
func guard(f *frame, body stmtFn) (r ctl, ex *value.Exception) {
	mark := f.t.Mark()
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *value.Exception:
			if f.walk == nil {
				// An iterator's body does not own what lies on the thread's stack.
				f.t.Unwind(mark)
			}
			ex = e
		default:
			panic(e)
		}
	}()
	return body(f), nil
}

func (c *fc) try(s *check.Try) stmtFn {
	body := c.stmt(s.Body)
	if len(s.Catches) > 0 {
		body = c.catches(s, body)
	}
	if s.Finally == nil {
		return body
	}
	finally := c.stmt(s.Finally)
	return func(f *frame) ctl {
		r, ex := guard(f, body)
		ret, to, caught := f.ret, f.to, f.caught
		if q := finally(f); q != next {
			return q
		}
		if ex != nil {
			f.t.Raise(ex)
		}
		f.ret, f.to, f.caught = ret, to, caught
		return r
	}
}

func (c *fc) catches(s *check.Try, body stmtFn) stmtFn {
	type clause struct {
		of     *types.Type
		put    func(f *frame, v value.Value)
		fresh  func(f *frame)
		filter boolFn
		body   stmtFn
	}
	var list []clause
	for _, k := range s.Catches {
		cl := clause{fresh: c.fresh(k.Locals), body: c.stmt(k.Body)}
		if k.Type != nil {
			cl.of = c.t(k.Type)
		}
		if k.Local != nil {
			cl.put = c.put(k.Local)
		}
		if k.Filter != nil {
			cl.filter = c.cond(k.Filter)
		}
		list = append(list, cl)
	}
	return func(f *frame) ctl {
		r, ex := guard(f, body)
		if ex == nil {
			return r
		}
		for i := range list {
			k := &list[i]
			if k.of != nil && !types.Assignable(ex.Type(), k.of) {
				continue
			}
			if k.fresh != nil {
				k.fresh(f)
			}
			if k.put != nil {
				k.put(f, value.Of(ex))
			}
			if k.filter != nil {
				pass := false
				// An exception in a filter counts as false.
				_, threw := guard(f, func(f *frame) ctl {
					pass = k.filter(f)
					return next
				})
				if threw != nil || !pass {
					continue
				}
			}
			outer := f.caught
			f.caught = ex
			r := k.body(f)
			f.caught = outer
			return r
		}
		f.t.Raise(ex)
		return next
	}
}

func (c *fc) using(s *check.Using) stmtFn {
	type resource struct {
		open func(f *frame)
		load valFn
	}
	var list []resource
	for _, d := range s.Decls {
		list = append(list, resource{c.store(d.Local, c.expr(d.Init)), c.load(d.Local).box()})
	}
	if s.X != nil {
		list = append(list, resource{c.store(s.Temp, c.expr(s.X)), c.load(s.Temp).box()})
	}
	run := c.stmt(s.Body)
	for i := len(list) - 1; i >= 0; i-- {
		res, inner := list[i], run
		run = func(f *frame) ctl {
			res.open(f)
			r, ex := guard(f, inner)
			f.t.Dispose(res.load(f))
			if ex != nil {
				f.t.Raise(ex)
			}
			return r
		}
	}
	return run
}
