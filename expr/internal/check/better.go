package check

import (
	"github.com/spillway-gateway/spillway/expr/types"
)

// better is above zero when c is the better of two applicable candidates,
// below when d is.
func (b *binder) better(c, d *candidate, args []argument) int {
	cWins, dWins, same := false, false, true
	for i, a := range args {
		t, u := c.ptypes[i], d.ptypes[i]
		if !types.Same(t, u) {
			same = false
		}
		if a.mode != types.ByValue {
			continue
		}
		switch w := b.betterConversion(a.x, t, u); {
		case w > 0:
			cWins = true
		case w < 0:
			dWins = true
		}
	}
	switch {
	case cWins && !dWins:
		return 1
	case dWins && !cWins:
		return -1
	case cWins && dWins:
		return 0
	}
	if (c.defaults == 0) != (d.defaults == 0) {
		return sign(c.defaults == 0)
	}
	if !same {
		// Parameter types differ without one being better: only for the arguments
		// that were omitted can a tie-breaker still decide.
		for i := range args {
			if !types.Same(c.ptypes[i], d.ptypes[i]) && !b.equalConversions(args[i].x, c.ptypes[i], d.ptypes[i]) {
				return 0
			}
		}
	}
	if x, y := len(c.declared.Parameters) == 0, len(d.declared.Parameters) == 0; x != y {
		return sign(x)
	}
	if c.expanded != d.expanded {
		return sign(!c.expanded)
	}
	if c.expanded && d.expanded {
		if len(c.m.Params) != len(d.m.Params) {
			return sign(len(c.m.Params) > len(d.m.Params))
		}
		if n := len(c.m.Params) - 1; n >= len(args) {
			// Nothing was given for either array: the better element type decides.
			if w := b.betterTarget(c.m.Params[n].Type.Elem(), d.m.Params[n].Type.Elem()); w != 0 {
				return w
			}
		}
	}
	if w := b.moreSpecific(c, d, len(args)); w != 0 {
		return w
	}
	return 0
}

func sign(b bool) int {
	if b {
		return 1
	}
	return -1
}

func (b *binder) equalConversions(x Expr, t, u *types.Type) bool {
	switch x.(type) {
	case *lambdaExpr, *methodGroup:
		return types.Same(t, u)
	}
	return false
}

// moreSpecific compares the declared parameter types of two methods.
func (b *binder) moreSpecific(c, d *candidate, n int) int {
	up, down := false, false
	for i := range n {
		t, u := declaredType(c, i), declaredType(d, i)
		switch w := specific(t, u); {
		case w > 0:
			up = true
		case w < 0:
			down = true
		}
	}
	switch {
	case up && !down:
		return 1
	case down && !up:
		return -1
	}
	return 0
}

func declaredType(c *candidate, i int) *types.Type {
	m := c.declared
	if m.Origin != nil && m.Owner != nil {
		m = m.Origin
	}
	t := m.Params[c.slots[i]].Type
	if c.expanded && c.slots[i] == len(m.Params)-1 {
		return t.Elem()
	}
	return t
}

func specific(t, u *types.Type) int {
	tp, up := t.Kind() == types.Parameter, u.Kind() == types.Parameter
	switch {
	case tp && up:
		return 0
	case tp:
		return -1
	case up:
		return 1
	case t.Kind() == types.Array && u.Kind() == types.Array && t.Rank() == u.Rank():
		return specific(t.Elem(), u.Elem())
	case t.Def() == u.Def() && len(t.Args()) > 0 && len(t.Args()) == len(u.Args()):
		more, less := false, false
		for i := range t.Args() {
			switch w := specific(t.Args()[i], u.Args()[i]); {
			case w > 0:
				more = true
			case w < 0:
				less = true
			}
		}
		switch {
		case more && !less:
			return 1
		case less && !more:
			return -1
		}
	}
	return 0
}

// betterConversion compares the conversions of an expression to two types.
func (b *binder) betterConversion(x Expr, t, u *types.Type) int {
	if types.Same(t, u) {
		return 0
	}
	xt, xu := b.exactly(x, t), b.exactly(x, u)
	if xt != xu {
		return sign(xt)
	}
	if l, ok := x.(*lambdaExpr); ok {
		return b.betterLambda(l, t, u)
	}
	return b.betterTarget(t, u)
}

// exactly reports whether an expression matches a type exactly.
func (b *binder) exactly(x Expr, t *types.Type) bool {
	switch x := x.(type) {
	case *lambdaExpr:
		if t.Kind() != types.Delegate || t.Invoke() == nil {
			return false
		}
		sig := t.Invoke()
		if sig.Result.Kind() == types.Void {
			return false
		}
		var ptypes []*types.Type
		for _, p := range sig.Params {
			ptypes = append(ptypes, p.Type)
		}
		if len(ptypes) != len(x.params) && !x.anyArgs {
			return false
		}
		r := b.lambdaResult(x, ptypes)
		return r != nil && types.Same(r, sig.Result)
	case *tupleLit:
		if !t.IsTuple() || len(t.Args()) != len(x.items) {
			return false
		}
		for i, item := range x.items {
			if !b.exactly(item, t.Args()[i]) {
				return false
			}
		}
		return true
	}
	return x.Type() != nil && types.Same(x.Type(), t)
}

// betterTarget compares two types a thing could be converted to.
func (b *binder) betterTarget(t, u *types.Type) int {
	if types.Same(t, u) {
		return 0
	}
	toU, toT := b.typeConverts(t, u), b.typeConverts(u, t)
	if toU != toT {
		return sign(toU)
	}
	if t.Kind() == types.Delegate && u.Kind() == types.Delegate && t.Invoke() != nil && u.Invoke() != nil {
		p, q := t.Invoke(), u.Invoke()
		if len(p.Params) == len(q.Params) {
			for i := range p.Params {
				if !types.Same(p.Params[i].Type, q.Params[i].Type) {
					return 0
				}
			}
			return b.betterResult(p.Result, q.Result)
		}
		return 0
	}
	tc, uc := t.Underlying().Code(), u.Underlying().Code()
	if signed(tc) && unsigned(uc) {
		return 1
	}
	if signed(uc) && unsigned(tc) {
		return -1
	}
	return 0
}

func (b *binder) betterResult(r, s *types.Type) int {
	switch {
	case r.Kind() == types.Void && s.Kind() == types.Void:
		return 0
	case r.Kind() == types.Void:
		return -1
	case s.Kind() == types.Void:
		return 1
	}
	return b.betterTarget(r, s)
}

func signed(c types.Code) bool {
	return c == types.CodeSByte || c == types.CodeInt16 || c == types.CodeInt32 || c == types.CodeInt64
}

func unsigned(c types.Code) bool {
	return c == types.CodeByte || c == types.CodeUInt16 || c == types.CodeUInt32 || c == types.CodeUInt64
}

// betterLambda compares two delegate types for a lambda with the same
// parameters in both.
func (b *binder) betterLambda(l *lambdaExpr, t, u *types.Type) int {
	if t.Kind() != types.Delegate || u.Kind() != types.Delegate {
		return b.betterTarget(t, u)
	}
	p, q := t.Invoke(), u.Invoke()
	if len(p.Params) != len(q.Params) {
		return 0
	}
	for i := range p.Params {
		if !types.Same(p.Params[i].Type, q.Params[i].Type) {
			return 0
		}
	}
	if types.Same(p.Result, q.Result) {
		return 0
	}
	if p.Result.Kind() == types.Void || q.Result.Kind() == types.Void {
		return b.betterResult(p.Result, q.Result)
	}
	// The return expressions decide: better for all of them is better.
	var ptypes []*types.Type
	for _, x := range p.Params {
		ptypes = append(ptypes, x.Type)
	}
	bound := b.lambdaInfer(l, ptypes)
	up, down := false, false
	for _, r := range bound.fn.returns {
		if r.x == nil {
			continue
		}
		switch w := b.betterConversion(r.x, p.Result, q.Result); {
		case w > 0:
			up = true
		case w < 0:
			down = true
		}
	}
	switch {
	case up && !down:
		return 1
	case down && !up:
		return -1
	case !up && !down:
		return b.betterTarget(p.Result, q.Result)
	}
	return 0
}
