package check

import (
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// initForErrors binds the values of an initialiser whose object is unknown.
func (b *binder) initForErrors(init *syntax.Initializer) {
	if init == nil {
		return
	}
	for _, x := range init.Items {
		switch x := x.(type) {
		case *syntax.Initializer:
			b.initForErrors(x)
		case *syntax.Assign:
			if n, ok := x.Y.(*syntax.Initializer); ok {
				b.initForErrors(n)
			} else {
				b.settle(b.rvalue(x.Y), invalid)
			}
		default:
			b.settle(b.rvalue(x), invalid)
		}
	}
}

// initializer binds the braces behind new T(…).
func (b *binder) initializer(made Expr, t *types.Type, init *syntax.Initializer) Expr {
	temp := b.temp(t)
	n := &Init{node: node{t, made.Span()}, X: made, Temp: temp}
	target := ref(temp, made.Span())
	steps, ok := b.initSteps(target, t, init)
	if !ok {
		// What is wrong is within the braces: the object has its type.
		return flawed(t, made.Span())
	}
	n.Steps = steps
	return n
}

// initSteps are the assignments and Add calls of an initialiser on a target.
func (b *binder) initSteps(target Expr, t *types.Type, init *syntax.Initializer) (steps []Expr, ok bool) {
	if init.Kind == syntax.ObjectInit {
		return b.objectSteps(target, t, init)
	}
	return b.collectionSteps(target, t, init)
}

func (b *binder) objectSteps(target Expr, t *types.Type, init *syntax.Initializer) (steps []Expr, ok bool) {
	ok = true
	seen := map[string]bool{}
	for _, item := range init.Items {
		a, isAssign := item.(*syntax.Assign)
		if !isAssign || a.Op != syntax.OpNone {
			b.error(item.Span(), "CS0747", "Invalid initializer member declarator")
			if in, braces := item.(*syntax.Initializer); braces {
				b.initForErrors(in)
			} else {
				b.settle(b.rvalue(item), invalid)
			}
			ok = false
			continue
		}
		var place Expr
		switch l := a.X.(type) {
		case *syntax.Name:
			if seen[l.Text] {
				b.error(l.Span(), "CS1912", "Duplicate member '%s' initialization", l.Text)
				ok = false
			}
			seen[l.Text] = true
			place = b.initMember(target, t, l)
		case *syntax.InitIndex:
			place = b.indexOf(target, &l.Args, l.Span())
		default:
			b.error(item.Span(), "CS0747", "Invalid initializer member declarator")
			ok = false
			continue
		}
		if in, nested := a.Y.(*syntax.Initializer); nested {
			if hasBad(place) {
				b.initForErrors(in)
				ok = false
				continue
			}
			inner := b.temp(place.Type())
			more, good := b.initSteps(ref(inner, place.Span()), place.Type(), in)
			if !good {
				ok = false
				continue
			}
			steps = append(steps, &Init{node{place.Type(), place.Span()}, place, inner, more})
			continue
		}
		v := b.rvalue(a.Y)
		if hasBad(place) {
			b.settle(v, invalid)
			ok = false
			continue
		}
		if !b.assignable(place, false) {
			b.settle(v, invalid)
			ok = false
			continue
		}
		v = b.convert(v, place.Type())
		if hasBad(v) {
			ok = false
			continue
		}
		steps = append(steps, &Assign{node{place.Type(), a.Span()}, place, v})
	}
	return steps, ok
}

func (b *binder) initMember(target Expr, t *types.Type, n *syntax.Name) Expr {
	f := b.lookup(t, n.Text, false)
	switch {
	case f.single != nil && f.single.Static:
		b.error(n.Span(), "CS1914", "Static field or property '%s' cannot be assigned in an object initializer", f.single)
		return bad(n.Span())
	case f.single != nil:
		return b.propertyOf(target, nil, f.single, n, n.Span(), n.Span())
	case len(f.methods) > 0:
		b.error(n.Span(), "CS1913", "Member '%s' cannot be initialized. It is not a field or property.", n.Text)
		return bad(n.Span())
	}
	if f.hidden == nil {
		b.errorHint(n.Span(), similar(n.Text, b.memberNames(t)), "CS0117", "'%s' does not contain a definition for '%s'", t, n.Text)
		return bad(n.Span())
	}
	b.noMember(t, n, n.Span(), f, true)
	return bad(n.Span())
}

func (b *binder) collectionSteps(target Expr, t *types.Type, init *syntax.Initializer) (steps []Expr, ok bool) {
	if !types.Same(t, types.IEnumerable) && !types.ReferenceConvertible(t, types.IEnumerable) && !types.Boxes(t, types.IEnumerable) {
		b.error(init.Span(), "CS1922", "Cannot initialize type '%s' with a collection initializer because it does not implement 'System.Collections.IEnumerable'", t)
		b.initForErrors(init)
		return nil, false
	}
	ok = true
	for _, item := range init.Items {
		var args []argument
		at := item.Span()
		switch x := item.(type) {
		case *syntax.Initializer:
			for _, e := range x.Items {
				args = append(args, argument{x: b.rvalue(e)})
			}
		case *syntax.Assign:
			if _, isIndex := x.X.(*syntax.InitIndex); isIndex {
				b.error(at, "CS0747", "Invalid initializer member declarator")
				b.settle(b.rvalue(x.Y), invalid)
				ok = false
				continue
			}
			args = append(args, argument{x: b.rvalue(item)})
		default:
			args = append(args, argument{x: b.rvalue(item)})
		}
		broken := false
		for _, a := range args {
			broken = broken || hasBad(a.x)
		}
		if broken {
			ok = false
			continue
		}
		f := b.lookup(t, "Add", true)
		ext := b.extensions("Add")
		if len(f.methods) == 0 && len(ext) == 0 {
			b.error(at, "CS1061", "'%s' does not contain a definition for 'Add' and no accessible extension method 'Add' accepting a first argument of type '%s' could be found %s", t, t, missingRef)
			ok = false
			continue
		}
		g := &methodGroup{node: node{nil, at}, name: "Add", nameAt: at, recv: target, recvType: t, methods: f.methods, ext: ext}
		r := b.resolve(f.methods, false, args, nil)
		if r.best == nil {
			b.report(r, args, callSite{at: at, name: "Add", recv: nil, adding: true, exprAt: at})
			ok = false
			continue
		}
		c := b.callMember(g, r.best, args, at)
		if hasBad(c) {
			ok = false
			continue
		}
		steps = append(steps, c)
	}
	return steps, ok
}

// newArray binds new T[n] { … }.
func (b *binder) newArray(x *syntax.NewArray) Expr {
	at := x.Span()
	t := b.typ(x.Type)
	var sizes []Expr
	wrong := isBad(t)
	var dims []int
	if len(x.Type.Ranks) > 0 {
		for _, s := range x.Type.Ranks[0].Sizes {
			if s == nil {
				continue
			}
			v := b.arrayIndex(b.rvalue(s))
			if hasBad(v) {
				wrong = true
				continue
			}
			if k, ok := constant(v); ok {
				if k.Long() < 0 {
					b.error(s.Span(), "CS0248", "Cannot create an array with a negative size")
					wrong = true
				}
				dims = append(dims, k.Int())
			} else if x.Init != nil {
				b.error(s.Span(), "CS0150", "A constant value is expected")
				wrong = true
			}
			sizes = append(sizes, v)
		}
	}
	if wrong {
		b.arrayInitForErrors(x.Init)
		return flawed(t, at)
	}
	if x.Init != nil {
		return b.arrayInit(t, x.Init, dims, at)
	}
	if len(sizes) == 0 {
		return bad(at)
	}
	return &NewArray{node: node{t, at}, Sizes: sizes}
}

func (b *binder) arrayInitForErrors(init *syntax.Initializer) { b.initForErrors(init) }

// arrayInit binds the braces of an array of type t; dims are the sizes that
// were given, nil for none.
func (b *binder) arrayInit(t *types.Type, init *syntax.Initializer, dims []int, at source.Span) Expr {
	n := &NewArray{node: node{t, at}, Elems: []Expr{}}
	given := dims != nil
	if !given {
		dims = make([]int, t.Rank())
		for i := range dims {
			dims[i] = -1
		}
	}
	ok := true
	var walk func(in *syntax.Initializer, depth int)
	walk = func(in *syntax.Initializer, depth int) {
		if dims[depth] < 0 {
			dims[depth] = len(in.Items)
		} else if dims[depth] != len(in.Items) {
			b.error(in.Span(), "CS0847", "An array initializer of length '%d' is expected", dims[depth])
			ok = false
			return
		}
		for _, item := range in.Items {
			inner, braces := item.(*syntax.Initializer)
			if depth+1 < t.Rank() {
				if !braces {
					b.error(item.Span(), "CS0846", "A nested array initializer is expected")
					ok = false
					continue
				}
				walk(inner, depth+1)
				continue
			}
			if braces {
				b.error(item.Span(), "CS0623", "Array initializers can only be used in a variable or field initializer. Try using a new expression instead.")
				b.initForErrors(inner)
				ok = false
				continue
			}
			v := b.convert(b.rvalue(item), t.Elem())
			if hasBad(v) {
				ok = false
				continue
			}
			n.Elems = append(n.Elems, v)
		}
	}
	walk(init, 0)
	if !ok {
		return flawed(t, at)
	}
	for i, d := range dims {
		if d < 0 {
			dims[i] = 0
		}
	}
	n.Dims = dims
	return n
}

// implicitArray binds new[] { … }.
func (b *binder) implicitArray(x *syntax.NewImplicitArray) Expr {
	at := x.Span()
	var items []Expr
	wrong, flaws := false, false
	var walk func(in *syntax.Initializer, depth int)
	walk = func(in *syntax.Initializer, depth int) {
		for _, e := range in.Items {
			if inner, ok := e.(*syntax.Initializer); ok {
				if depth+1 < max(x.Rank, 1) {
					walk(inner, depth+1)
				} else {
					b.error(e.Span(), "CS0623", "Array initializers can only be used in a variable or field initializer. Try using a new expression instead.")
					wrong = true
				}
				continue
			}
			v := b.rvalue(e)
			wrong = wrong || typeless(v)
			flaws = flaws || hasBad(v)
			items = append(items, v)
		}
	}
	if x.Init == nil {
		return bad(at)
	}
	walk(x.Init, 0)
	if wrong {
		for _, v := range items {
			b.settle(v, invalid)
		}
		return flawed(types.ArrayOf(invalid, max(x.Rank, 1)), at)
	}
	elem := b.bestCommon(items)
	if elem == nil || elem.Kind() == types.Void {
		b.error(at, "CS0826", "No best type found for implicitly-typed array")
		return flawed(types.ArrayOf(invalid, max(x.Rank, 1)), at)
	}
	// The elements are bound already: the shape alone is still to be checked.
	t := types.ArrayOf(elem, max(x.Rank, 1))
	n := &NewArray{node: node{t, at}, Elems: []Expr{}}
	dims := make([]int, t.Rank())
	for i := range dims {
		dims[i] = -1
	}
	ok, next := true, 0
	var shape func(in *syntax.Initializer, depth int)
	shape = func(in *syntax.Initializer, depth int) {
		if dims[depth] < 0 {
			dims[depth] = len(in.Items)
		} else if dims[depth] != len(in.Items) {
			b.error(in.Span(), "CS0847", "An array initializer of length '%d' is expected", dims[depth])
			ok = false
		}
		for _, e := range in.Items {
			inner, braces := e.(*syntax.Initializer)
			switch {
			case braces:
				shape(inner, depth+1)
			case depth+1 < t.Rank():
				b.error(e.Span(), "CS0846", "A nested array initializer is expected")
				ok = false
				next++
			default:
				v := b.convert(items[next], elem)
				next++
				if hasBad(v) {
					ok = false
				}
				n.Elems = append(n.Elems, v)
			}
		}
	}
	shape(x.Init, 0)
	if !ok || flaws {
		return flawed(t, at)
	}
	for i, d := range dims {
		dims[i] = max(d, 0)
	}
	n.Dims = dims
	return n
}
