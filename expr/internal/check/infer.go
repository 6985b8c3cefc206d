package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
)

// inference finds the type arguments of one generic method from arguments: C#'s
// two phases over bounds.
type inference struct {
	b      *binder
	params []*types.Type
	fixed  []*types.Type
	exact  [][]*types.Type
	lower  [][]*types.Type
	upper  [][]*types.Type
}

// pairing is an argument with the parameter type that it is for.
type pairing struct {
	x    Expr
	t    *types.Type
	mode types.Mode
}

// inferTypes gives the type arguments of a method, or nil.
func (b *binder) inferTypes(params []*types.Type, args []pairing) []*types.Type {
	n := len(params)
	in := &inference{b: b, params: params, fixed: make([]*types.Type, n), exact: make([][]*types.Type, n), lower: make([][]*types.Type, n), upper: make([][]*types.Type, n)}
	for _, a := range args {
		in.first(a.x, a.t, a.mode)
	}
	done := make([]bool, len(args))
	for {
		in.fixRound(args, done)
		all := true
		for _, f := range in.fixed {
			all = all && f != nil
		}
		progress := false
		for i, a := range args {
			if done[i] || !in.functional(a.x) {
				continue
			}
			if in.inputsFixed(a) {
				done[i] = true
				progress = true
				in.output(a.x, a.t)
			}
		}
		if all {
			return in.fixed
		}
		if !progress && !in.fixRound(args, done) {
			return nil
		}
	}
}

func (in *inference) index(t *types.Type) int {
	for i, p := range in.params {
		if p == t {
			return i
		}
	}
	return -1
}

func (in *inference) functional(x Expr) bool {
	switch x.(type) {
	case *lambdaExpr, *methodGroup:
		return true
	}
	return false
}

// first is the first phase for one argument.
func (in *inference) first(x Expr, t *types.Type, mode types.Mode) {
	switch x := x.(type) {
	case *lambdaExpr:
		if x.explicit && t.Kind() == types.Delegate && t.Invoke() != nil && len(x.ptypes) == len(t.Invoke().Params) {
			for i, p := range x.ptypes {
				in.exactFrom(p, t.Invoke().Params[i].Type)
			}
		}
		return
	case *tupleLit:
		if t.IsTuple() && len(t.Args()) == len(x.items) {
			for i, item := range x.items {
				in.first(item, t.Args()[i], types.ByValue)
			}
			return
		}
		if x.typ == nil {
			return
		}
	case *methodGroup, *defaultLit, *ThrowExpr, *noCond:
		return
	}
	from := x.Type()
	if from == nil || from == types.Null || isBad(from) || from.Kind() == types.Void {
		return
	}
	if mode == types.ByRef || mode == types.ByOut {
		in.exactFrom(from, t)
		return
	}
	in.lowerFrom(from, t)
}

func (in *inference) inputs(a pairing) []*types.Type {
	if a.t.Kind() != types.Delegate || a.t.Invoke() == nil {
		return nil
	}
	if l, ok := a.x.(*lambdaExpr); ok && (l.explicit || l.anyArgs) {
		return nil
	}
	var list []*types.Type
	for _, p := range a.t.Invoke().Params {
		list = append(list, p.Type)
	}
	return list
}

func (in *inference) inputsFixed(a pairing) bool {
	for _, t := range in.inputs(a) {
		for i, p := range in.params {
			if in.fixed[i] == nil && mentions(t, p) {
				return false
			}
		}
	}
	return true
}

func mentions(t, p *types.Type) bool {
	if t == p {
		return true
	}
	if !t.Open() {
		return false
	}
	if t.Elem() != nil {
		return mentions(t.Elem(), p)
	}
	for _, a := range t.Args() {
		if mentions(a, p) {
			return true
		}
	}
	return false
}

// depends reports whether parameter i waits for parameter j: a function whose
// result mentions i takes an argument that mentions j.
func (in *inference) depends(args []pairing, done []bool) [][]bool {
	n := len(in.params)
	dep := make([][]bool, n)
	for i := range dep {
		dep[i] = make([]bool, n)
	}
	for k, a := range args {
		if done[k] || !in.functional(a.x) || a.t.Kind() != types.Delegate || a.t.Invoke() == nil {
			continue
		}
		for i := range in.params {
			if in.fixed[i] != nil || !mentions(a.t.Invoke().Result, in.params[i]) {
				continue
			}
			for _, t := range in.inputs(a) {
				for j := range in.params {
					if in.fixed[j] == nil && mentions(t, in.params[j]) {
						dep[i][j] = true
					}
				}
			}
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				dep[i][j] = dep[i][j] || dep[i][k] && dep[k][j]
			}
		}
	}
	return dep
}

// fixRound fixes what it can; it reports whether anything was fixed.
func (in *inference) fixRound(args []pairing, done []bool) bool {
	dep := in.depends(args, done)
	any := false
	try := func(free bool) {
		var now []int
		for i := range in.params {
			if in.fixed[i] != nil || len(in.exact[i])+len(in.lower[i])+len(in.upper[i]) == 0 {
				continue
			}
			waits, needed := false, false
			for j := range in.params {
				waits = waits || dep[i][j]
				needed = needed || dep[j][i]
			}
			if free && !waits || !free && needed {
				now = append(now, i)
			}
		}
		for _, i := range now {
			if in.fix(i) {
				any = true
			}
		}
	}
	// A parameter whose result is still to come from a function waits for it.
	pending := map[int]bool{}
	for k, a := range args {
		if !done[k] && in.functional(a.x) && a.t.Kind() == types.Delegate && a.t.Invoke() != nil {
			for i, p := range in.params {
				if mentions(a.t.Invoke().Result, p) {
					pending[i] = true
				}
			}
		}
	}
	for i := range in.params {
		if pending[i] {
			dep[i][i] = true
		}
	}
	try(true)
	if !any {
		try(false)
	}
	if !any {
		for i := range in.params {
			if pending[i] {
				continue
			}
			if in.fixed[i] == nil && in.fix(i) {
				any = true
			}
		}
	}
	return any
}

// fix chooses the type of a parameter from its bounds.
func (in *inference) fix(i int) bool {
	var candidates []*types.Type
	add := func(t *types.Type) {
		for k, c := range candidates {
			if types.Same(c, t) {
				candidates[k] = mergeNames(c, t)
				return
			}
		}
		candidates = append(candidates, t)
	}
	for _, t := range in.exact[i] {
		add(t)
	}
	if len(in.exact[i]) == 0 {
		for _, t := range in.lower[i] {
			add(t)
		}
		for _, t := range in.upper[i] {
			add(t)
		}
	}
	var kept []*types.Type
next:
	for _, c := range candidates {
		for _, t := range in.exact[i] {
			if !types.Same(t, c) {
				continue next
			}
		}
		for _, t := range in.lower[i] {
			if !in.b.typeConverts(t, c) {
				continue next
			}
		}
		for _, t := range in.upper[i] {
			if !in.b.typeConverts(c, t) {
				continue next
			}
		}
		kept = append(kept, c)
	}
	var best *types.Type
outer:
	for _, c := range kept {
		for _, d := range kept {
			if !in.b.typeConverts(d, c) {
				continue outer
			}
		}
		if best != nil {
			return false
		}
		best = c
	}
	if best == nil {
		return false
	}
	in.fixed[i] = best
	return true
}

// typeConverts reports whether one type converts implicitly to another, by a
// user-defined conversion too.
func (b *binder) typeConverts(from, to *types.Type) bool {
	return standardImplicit(from, to).ok() || b.userConversion(nil, from, to, false).ok()
}

func (in *inference) output(x Expr, t *types.Type) {
	if t.Kind() != types.Delegate || t.Invoke() == nil {
		return
	}
	sig := t.Invoke()
	switch x := x.(type) {
	case *lambdaExpr:
		var ptypes []*types.Type
		for _, p := range sig.Params {
			ptypes = append(ptypes, types.Subst(p.Type, in.params, in.known()))
		}
		if r := in.b.lambdaResult(x, ptypes); r != nil && r.Kind() != types.Void {
			in.lowerFrom(r, sig.Result)
		}
	case *methodGroup:
		var ptypes []*types.Type
		for _, p := range sig.Params {
			ptypes = append(ptypes, types.Subst(p.Type, in.params, in.known()))
		}
		if m := in.b.groupMember(x, ptypes, sig); m != nil && m.Result.Kind() != types.Void {
			in.lowerFrom(m.Result, sig.Result)
		}
	}
}

// known is the arguments so far, unfixed ones as themselves.
func (in *inference) known() []*types.Type {
	list := make([]*types.Type, len(in.params))
	for i, f := range in.fixed {
		list[i] = f
		if f == nil {
			list[i] = in.params[i]
		}
	}
	return list
}

func (in *inference) exactFrom(u, v *types.Type) {
	if i := in.index(v); i >= 0 {
		if in.fixed[i] == nil {
			in.exact[i] = append(in.exact[i], u)
		}
		return
	}
	switch {
	case v.Kind() == types.Array && u.Kind() == types.Array && u.Rank() == v.Rank():
		in.exactFrom(u.Elem(), v.Elem())
	case len(v.Args()) > 0 && v.Def() == u.Def():
		for i := range v.Args() {
			in.exactFrom(u.Args()[i], v.Args()[i])
		}
	}
}

func (in *inference) lowerFrom(u, v *types.Type) {
	if !v.Open() {
		return
	}
	if i := in.index(v); i >= 0 {
		if in.fixed[i] == nil {
			in.lower[i] = append(in.lower[i], u)
		}
		return
	}
	switch {
	case v.Kind() == types.Array:
		if u.Kind() == types.Array && u.Rank() == v.Rank() {
			in.lowerOrExact(u.Elem(), v.Elem())
		}
		return
	case v.IsNullable():
		if u.IsNullable() {
			in.lowerFrom(u.Underlying(), v.Underlying())
		}
		return
	case v.IsTuple():
		if u.IsTuple() && len(u.Args()) == len(v.Args()) {
			for i := range v.Args() {
				in.lowerFrom(u.Args()[i], v.Args()[i])
			}
		}
		return
	}
	if len(v.Args()) == 0 {
		return
	}
	if u.Kind() == types.Array && u.Rank() == 1 {
		switch v.Def() {
		case types.IEnumerableT, types.ICollectionT, types.IListT, types.IReadOnlyListT, types.IReadOnlyCollT:
			in.lowerOrExact(u.Elem(), v.Args()[0])
		}
		return
	}
	var base *types.Type
	if v.Kind() == types.Interface {
		list := u.Implements(v.Def())
		if u.Kind() == types.Parameter {
			list = nil
			for _, f := range u.Interfaces() {
				if f.Def() == v.Def() {
					list = append(list, f)
				}
			}
		}
		if len(list) != 1 {
			return
		}
		base = list[0]
	} else {
		for c := u; c != nil; c = c.Base() {
			if c.Def() == v.Def() && c.Kind() != types.Array {
				base = c
				break
			}
		}
	}
	if base == nil {
		return
	}
	for i := range v.Args() {
		a, p := base.Args()[i], v.Args()[i]
		switch variance := v.Def().Variance(i); {
		case variance == types.Covariant && a.IsReference():
			in.lowerFrom(a, p)
		case variance == types.Contravariant && a.IsReference():
			in.upperFrom(a, p)
		default:
			in.exactFrom(a, p)
		}
	}
}

func (in *inference) lowerOrExact(u, v *types.Type) {
	if u.IsReference() {
		in.lowerFrom(u, v)
	} else {
		in.exactFrom(u, v)
	}
}

func (in *inference) upperFrom(u, v *types.Type) {
	if i := in.index(v); i >= 0 {
		if in.fixed[i] == nil {
			in.upper[i] = append(in.upper[i], u)
		}
		return
	}
	switch {
	case v.Kind() == types.Array && u.Kind() == types.Array && u.Rank() == v.Rank():
		in.upperFrom(u.Elem(), v.Elem())
	case len(v.Args()) > 0 && v.Def() == u.Def():
		for i := range v.Args() {
			a, p := u.Args()[i], v.Args()[i]
			switch variance := v.Def().Variance(i); {
			case variance == types.Covariant && a.IsReference():
				in.upperFrom(a, p)
			case variance == types.Contravariant && a.IsReference():
				in.lowerFrom(a, p)
			default:
				in.exactFrom(a, p)
			}
		}
	}
}

// bestCommon is the type among those of some expressions to which all of them
// convert, nil when there is none.
func (b *binder) bestCommon(list []Expr) *types.Type {
	var candidates []*types.Type
	for _, x := range list {
		t := x.Type()
		if t == nil || t == types.Null || isBad(t) {
			continue
		}
		double := false
		for i, c := range candidates {
			if types.Same(c, t) {
				candidates[i] = mergeNames(c, t)
				double = true
			}
		}
		if !double {
			candidates = append(candidates, t)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	// As the compiler does: the best so far meets each next one.
	best := candidates[0]
	for _, c := range candidates[1:] {
		toNext, toBest := b.typeConverts(best, c), b.typeConverts(c, best)
		switch {
		case toNext && !toBest:
			best = c
		case !toNext && toBest:
		case toNext && toBest:
			return nil
		default:
			best = nil
		}
		if best == nil {
			return b.wider(candidates)
		}
	}
	for _, c := range candidates {
		if !b.typeConverts(c, best) {
			return nil
		}
	}
	return best
}

func (b *binder) wider(candidates []*types.Type) *types.Type {
	for _, c := range candidates {
		all := true
		for _, d := range candidates {
			all = all && b.typeConverts(d, c)
		}
		if all {
			return c
		}
	}
	return nil
}

func mode(m syntax.PassMode) types.Mode {
	switch m {
	case syntax.ByRef:
		return types.ByRef
	case syntax.ByOut:
		return types.ByOut
	case syntax.ByIn:
		return types.ByIn
	}
	return types.ByValue
}
