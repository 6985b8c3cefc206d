package check

import (
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
)

// userConversion looks for a user-defined conversion of the operand's or the
// target's type.
func (b *binder) userConversion(x Expr, from, to *types.Type, explicit bool) conversion {
	s0, t0 := from.Underlying(), to.Underlying()
	if s0.Kind() == types.Interface || t0.Kind() == types.Interface || to == types.Object || s0 == types.Object && t0.Kind() == types.Class && !explicit {
		return conversion{}
	}
	type candidate struct {
		m      *types.Member
		p, r   *types.Type
		lifted bool
	}
	var list []candidate
	add := func(m *types.Member, owner *types.Type) {
		m = m.In(owner)
		p, r := m.Params[0].Type, m.Result
		try := func(p, r *types.Type, lifted bool) {
			if explicit {
				if !encompass(x, from, p) || !encompass(nil, r, to) {
					return
				}
			} else if !encompassing(b, x, from, p) || !standardImplicit(r, to).ok() {
				return
			}
			list = append(list, candidate{m, p, r, lifted})
		}
		try(p, r, false)
		if p.IsValue() && !p.IsNullable() && r.IsValue() && !r.IsNullable() && (from.IsNullable() || to.IsNullable()) {
			try(types.NullableOf(p), types.NullableOf(r), true)
		}
	}
	seen := map[*types.Member]bool{}
	for _, owner := range []*types.Type{s0, t0} {
		for c := owner; c != nil; c = c.Base() {
			if c.Kind() == types.Array || c.Def() == nil {
				continue
			}
			info := b.c.table.Info(c.Def())
			names := []string{"implicit"}
			if explicit {
				names = append(names, "explicit")
			}
			for _, name := range names {
				for _, m := range info.Named(name) {
					if !seen[m] {
						seen[m] = true
						add(m, c)
					}
				}
			}
		}
	}
	if len(list) == 0 {
		return conversion{}
	}
	// The most specific source type.
	var sources, targets []*types.Type
	for _, c := range list {
		sources = append(sources, c.p)
		targets = append(targets, c.r)
	}
	sx := specificSource(from, sources, explicit)
	tx := specificTarget(to, targets, explicit)
	var best []candidate
	for _, c := range list {
		if sx != nil && tx != nil && types.Same(c.p, sx) && types.Same(c.r, tx) {
			best = append(best, c)
		}
	}
	if len(best) > 1 {
		var plain []candidate
		for _, c := range best {
			if !c.lifted {
				plain = append(plain, c)
			}
		}
		best = plain
	}
	if len(best) != 1 {
		c := conversion{kind: NoConv}
		slices.SortStableFunc(list, func(a, b candidate) int {
			if !strings.HasPrefix(a.m.Owner.FullName(), "System") {
				return 0
			}
			return strings.Compare(a.m.Result.FullName(), b.m.Result.FullName())
		})
		c.ambiguous = [2]*types.Member{list[0].m, list[min(1, len(list)-1)].m}
		if len(list) > 1 {
			return c
		}
		return conversion{}
	}
	u := best[0]
	before := standardExplicitOf(b, x, from, u.p)
	after := standardExplicit(u.r, to)
	kind := User
	if explicit {
		kind = explicitUser
	}
	return conversion{kind: kind, user: u.m, before: &before, after: &after, lifted: u.lifted, param: u.p, result: u.r}
}

func standardExplicitOf(b *binder, x Expr, from, to *types.Type) conversion {
	if x != nil {
		if c := b.constantConversion(x, to); c.ok() {
			return c
		}
	}
	return standardExplicit(from, to)
}

func encompassing(b *binder, x Expr, from, to *types.Type) bool {
	return standardImplicit(from, to).ok() || x != nil && b.constantConversion(x, to).ok()
}

// encompass reports whether a standard implicit conversion leads either way.
func encompass(_ Expr, a, b *types.Type) bool {
	return standardImplicit(a, b).ok() || standardImplicit(b, a).ok()
}

func specificSource(from *types.Type, list []*types.Type, explicit bool) *types.Type {
	for _, t := range list {
		if types.Same(t, from) {
			return from
		}
	}
	if explicit {
		var over []*types.Type
		for _, t := range list {
			if standardImplicit(from, t).ok() {
				over = append(over, t)
			}
		}
		if len(over) == 0 {
			return mostEncompassing(list)
		}
		list = over
	}
	return mostEncompassed(list)
}

func specificTarget(to *types.Type, list []*types.Type, explicit bool) *types.Type {
	for _, t := range list {
		if types.Same(t, to) {
			return to
		}
	}
	if explicit {
		var under []*types.Type
		for _, t := range list {
			if standardImplicit(t, to).ok() {
				under = append(under, t)
			}
		}
		if len(under) == 0 {
			return mostEncompassed(list)
		}
		list = under
	}
	return mostEncompassing(list)
}

func mostEncompassed(list []*types.Type) *types.Type {
next:
	for _, t := range list {
		for _, u := range list {
			if !standardImplicit(t, u).ok() {
				continue next
			}
		}
		return t
	}
	return nil
}

func mostEncompassing(list []*types.Type) *types.Type {
next:
	for _, t := range list {
		for _, u := range list {
			if !standardImplicit(u, t).ok() {
				continue next
			}
		}
		return t
	}
	return nil
}
