package check

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/source"
)

// argument is a bound argument of a call.
type argument struct {
	x      Expr
	name   string
	nameAt source.Span
	mode   types.Mode
}

// failure is why a candidate cannot be called, in the terms of the compiler's
// reports.
type failure uint8

const (
	applicable failure = iota
	badArgument
	inferenceFailed
	constraintFailed
	noSuchParameter // too many arguments
	noNamedParameter
	usedForPositional
	missingParameter
)

// candidate is a method as overload resolution sees it.
type candidate struct {
	m        *types.Member // with type arguments, once known
	declared *types.Member // without
	ext      bool          // the first argument is the receiver
	expanded bool
	fail     failure
	typeArgs []*types.Type
	slots    []int // parameter of each argument
	ptypes   []*types.Type
	convs    []conversion
	bad      []int
	at       int // argument of a naming mistake, parameter that is missing
	defaults int
}

// analyse tries one method, in its normal and then in its expanded form.
func (b *binder) candidate(m *types.Member, ext bool, args []argument, given []*types.Type) *candidate {
	b.tick()
	c := b.form(m, ext, args, given, false)
	if c.fail == applicable || len(m.Params) == 0 || !m.Params[len(m.Params)-1].Params {
		return c
	}
	e := b.form(m, ext, args, given, true)
	if e.fail == applicable {
		return e
	}
	if c.fail == missingParameter || c.fail == noSuchParameter {
		switch e.fail {
		case badArgument, usedForPositional, inferenceFailed, constraintFailed, noNamedParameter:
			return e
		}
	}
	if c.fail == badArgument && e.fail == badArgument && c.badLast() && !e.badLast() {
		return e
	}
	return c
}

// badLast reports whether an argument for the last parameter does not fit.
func (c *candidate) badLast() bool {
	for _, i := range c.bad {
		if c.slots[i] == len(c.declared.Params)-1 {
			return true
		}
	}
	return false
}

func (b *binder) form(m *types.Member, ext bool, args []argument, given []*types.Type, expanded bool) *candidate {
	c := &candidate{m: m, declared: m, ext: ext, expanded: expanded}
	n := len(m.Params)
	used := make([]bool, n)
	c.slots = make([]int, len(args))
	for i, a := range args {
		slot := -1
		switch {
		case a.name != "":
			for k, p := range m.Params {
				if p.Name == a.name {
					slot = k
				}
			}
			if slot < 0 {
				c.fail, c.at = noNamedParameter, i
				return c
			}
		case expanded && i >= n-1:
			slot = n - 1
		case i < n:
			slot = i
		}
		if slot < 0 {
			c.fail, c.at = noSuchParameter, i
			return c
		}
		c.slots[i] = slot
	}
	for i, a := range args {
		slot := c.slots[i]
		if used[slot] && !(expanded && slot == n-1 && a.name == "") {
			if a.name != "" {
				c.fail, c.at = usedForPositional, i
				return c
			}
		}
		used[slot] = true
	}
	for k, p := range m.Params {
		if !used[k] && !p.Optional && !(expanded && k == n-1) {
			c.fail, c.at = missingParameter, k
			return c
		}
		if !used[k] {
			c.defaults++
		}
	}
	if expanded && !used[n-1] {
		c.defaults--
	}
	typeOf := func(method *types.Member, i int) *types.Type {
		t := method.Params[c.slots[i]].Type
		if expanded && c.slots[i] == n-1 {
			return t.Elem()
		}
		return t
	}
	if len(m.Parameters) > 0 {
		c.typeArgs = given
		if given == nil {
			var pairs []pairing
			for i, a := range args {
				pairs = append(pairs, pairing{a.x, typeOf(m, i), m.Params[c.slots[i]].Mode})
			}
			c.typeArgs = b.inferTypes(m.Parameters, pairs)
			if c.typeArgs == nil {
				c.fail = inferenceFailed
				return c
			}
		}
		c.m = m.Instantiate(c.typeArgs)
	}
	for i, a := range args {
		p := c.m.Params[c.slots[i]]
		t := typeOf(c.m, i)
		c.ptypes = append(c.ptypes, t)
		conv := b.argumentConversion(a, p, t, c.ext && i == 0)
		c.convs = append(c.convs, conv)
		if !conv.ok() {
			c.bad = append(c.bad, i)
		}
	}
	if len(c.bad) > 0 {
		c.fail = badArgument
		return c
	}
	if len(m.Parameters) > 0 {
		quiet := b.withDiags(&bag{})
		for i, p := range m.Parameters {
			if !quiet.satisfies(c.typeArgs[i], p, m.Parameters, c.typeArgs, source.Span{}, "") {
				c.fail, c.at = constraintFailed, i
				return c
			}
		}
	}
	return c
}

func (b *binder) argumentConversion(a argument, p types.Param, t *types.Type, receiver bool) conversion {
	if a.mode != p.Mode && !(p.Mode == types.ByIn && a.mode == types.ByValue) {
		return conversion{}
	}
	switch p.Mode {
	case types.ByRef, types.ByOut:
		if o, ok := a.x.(*outVar); ok && (o.local == nil && o.typ == nil || o.typ == nil) {
			return one(Identity)
		}
		if a.x.Type() != nil && (types.Same(a.x.Type(), t) || isBad(a.x.Type())) {
			return one(Identity)
		}
		return conversion{}
	}
	if isBad(t) && !typeless(a.x) {
		// Nothing but an error converts to an unknown type.
		return conversion{}
	}
	c := b.implicit(a.x, t)
	if receiver {
		switch c.kind {
		case Identity, Reference, Boxing, NullConv, tupleLitConv:
			return c
		}
		if a.x.Type() == types.Null {
			return c
		}
		return conversion{}
	}
	return c
}

// resolution is the outcome of overload resolution.
type resolution struct {
	best *candidate
	all  []*candidate
	tied []*candidate
}

// resolve chooses among methods. Candidates of base types count only when no
// nearer one is applicable.
func (b *binder) resolve(methods []*types.Member, ext bool, args []argument, given []*types.Type) resolution {
	var r resolution
	var fits []*candidate
	for _, m := range methods {
		if given != nil && len(given) != len(m.Parameters) {
			continue
		}
		c := b.candidate(m, ext, args, given)
		r.all = append(r.all, c)
		if c.fail == applicable {
			fits = append(fits, c)
		}
	}
	if !ext {
		fits = nearest(fits)
	}
	var best []*candidate
	for i, c := range fits {
		wins := true
		for j, d := range fits {
			if i != j && b.better(c, d, args) <= 0 {
				wins = false
				break
			}
		}
		if wins {
			best = append(best, c)
		}
	}
	switch {
	case len(best) == 1:
		r.best = best[0]
	case len(fits) > 0:
		// Those that no other one beats are the ambiguous ones.
		for i, c := range fits {
			beaten := false
			for j, d := range fits {
				if i != j && b.better(d, c, args) > 0 {
					beaten = true
				}
			}
			if !beaten {
				r.tied = append(r.tied, c)
			}
		}
		if len(r.tied) < 2 {
			r.tied = fits
		}
	}
	return r
}

// nearest drops the candidates of types from which another candidate's type
// derives.
func nearest(list []*candidate) []*candidate {
	var kept []*candidate
	for _, c := range list {
		far := false
		for _, d := range list {
			o, p := c.m.Owner, d.m.Owner
			if o == nil || p == nil || o == p {
				continue
			}
			if p.Kind() == types.Interface {
				for _, f := range p.Interfaces() {
					far = far || f == o
				}
				far = far || o == types.Object
			} else if p != o && p.Inherits(o) {
				far = true
			}
		}
		if !far {
			kept = append(kept, c)
		}
	}
	return kept
}
