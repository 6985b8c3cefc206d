package json

import (
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/value"
)

// finder is what a path is evaluated with.
type finder struct {
	root Token
	// must says that finding nothing throws.
	must bool
}

// filter is one step of a JSONPath: from the tokens found so far to the next.
type filter interface {
	run(f *finder, from value.Iterator) value.Iterator
}

// follow evaluates steps from a token.
func follow(f *finder, filters []filter, x Token) value.Iterator {
	it := one(Of(x))
	for _, k := range filters {
		it = k.run(f, it)
	}
	return it
}

func typeName(x Token) string { return x.Type().Def().Name }

// each is a walk over what step finds from each token of another walk.
func each(from value.Iterator, step func(t *value.Thread, x Token) value.Iterator) value.Iterator {
	return flat(from, func(t *value.Thread, v value.Value) value.Iterator { return step(t, TokenOf(v)) })
}

// fieldFilter is a property by its name, several, or all.
type fieldFilter struct {
	name  string
	all   bool
	names []string
}

func (k *fieldFilter) run(f *finder, from value.Iterator) value.Iterator {
	return each(from, func(t *value.Thread, x Token) value.Iterator {
		o, ok := x.(*Object)
		switch {
		case !ok && f.must && k.names != nil:
			fail(t, "Properties '"+strings.Join(k.names, "', '")+"' not valid on "+typeName(x)+".")
		case !ok && f.must:
			fail(t, "Property '"+k.name+"' not valid on "+typeName(x)+".")
		case !ok:
			return children(nil)
		case k.names != nil:
			i := 0
			// With errors asked for, Json.NET throws behind every name, found or not.
			owed := ""
			return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
				if owed != "" {
					fail(t, owed)
				}
				for i < len(k.names) {
					name := k.names[i]
					i++
					missing := "Property '" + name + "' does not exist on JObject."
					if v := o.Get(name); v != nil {
						if f.must {
							owed = missing
						}
						return Of(v), true
					}
					if f.must {
						fail(t, missing)
					}
				}
				return value.Null, false
			})
		case !k.all:
			v := o.Get(k.name)
			if v == nil {
				if f.must {
					fail(t, "Property '"+k.name+"' does not exist on JObject.")
				}
				return children(nil)
			}
			return one(Of(v))
		}
		it := children(o)
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			v, ok := it.Next(t)
			if !ok {
				return value.Null, false
			}
			return Of(v.Object().(*Property).value), true
		})
	})
}

// scanFilter is a property by its name at any depth, several, or everything.
type scanFilter struct {
	name  string
	all   bool
	names []string
}

func (k *scanFilter) run(_ *finder, from value.Iterator) value.Iterator {
	return each(from, func(t *value.Thread, x Token) value.Iterator {
		self := k.all
		at := x
		pending := 0
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			if self {
				self = false
				return Of(x), true
			}
			for {
				if p, ok := at.(*Property); ok && pending > 0 {
					for pending <= len(k.names) {
						pending++
						if k.names[pending-2] == p.Name {
							return Of(p.value), true
						}
					}
					pending = 0
				}
				t.Step(1)
				at = nextScan(x, at)
				if at == nil {
					return value.Null, false
				}
				p, ok := at.(*Property)
				switch {
				case ok && k.names != nil:
					pending = 1
				case ok:
					if !k.all && p.Name == k.name {
						return Of(p.value), true
					}
				case k.all:
					return Of(at), true
				}
			}
		})
	})
}

// nextScan is the token behind at in the order of the text, within top.
func nextScan(top, at Token) Token {
	if at == nil {
		return nil
	}
	if c, ok := at.(Container); ok && c.count() > 0 {
		x := c.child(0)
		x.place().index = 0
		return x
	}
	for at != top {
		p := at.place().parent
		if p == nil {
			return nil
		}
		if x := sibling(at, 1); x != nil {
			return x
		}
		at = p
	}
	return nil
}

// indexFilter is an item by its index, several, or all.
type indexFilter struct {
	all     bool
	indexes []int
}

func (k *indexFilter) run(f *finder, from value.Iterator) value.Iterator {
	return each(from, func(t *value.Thread, x Token) value.Iterator {
		c, ok := x.(Container)
		if ok {
			ok = x.Kind() == ArrayKind || x.Kind() == ConstructorKind
		}
		if k.all {
			if !ok {
				if f.must {
					fail(t, "Index * not valid on "+typeName(x)+".")
				}
				return children(nil)
			}
			return children(c)
		}
		i := 0
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			for i < len(k.indexes) {
				n := k.indexes[i]
				i++
				switch {
				case !ok:
					if f.must {
						fail(t, "Index "+strconv.Itoa(n)+" not valid on "+typeName(x)+".")
					}
				case n >= c.count():
					if f.must {
						fail(t, "Index "+strconv.Itoa(n)+" outside the bounds of "+typeName(x)+".")
					}
				default:
					return Of(itemAt(t, c, n)), true
				}
			}
			return value.Null, false
		})
	})
}

// sliceFilter is a range of items.
type sliceFilter struct{ start, end, step *int }

func (k *sliceFilter) run(f *finder, from value.Iterator) value.Iterator {
	checked := false
	inner := each(from, func(t *value.Thread, x Token) value.Iterator {
		a, ok := x.(*Array)
		if !ok {
			if f.must {
				fail(t, "Array slice is not valid on "+typeName(x)+".")
			}
			return children(nil)
		}
		return k.slice(t, f, a)
	})
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if !checked {
			checked = true
			if k.step != nil && *k.step == 0 {
				fail(t, "Step cannot be zero.")
			}
		}
		return inner.Next(t)
	})
}

func (k *sliceFilter) slice(t *value.Thread, f *finder, a *Array) value.Iterator {
	n, step := len(a.items), 1
	if k.step != nil {
		step = *k.step
	}
	start, stop := 0, n
	if step < 0 {
		start, stop = n-1, -1
	}
	if k.start != nil {
		if start = *k.start; start < 0 {
			start += n
		}
	}
	if k.end != nil {
		if stop = *k.end; stop < 0 {
			stop += n
		}
	}
	if step > 0 {
		start = min(max(start, 0), n)
	} else {
		start = min(start, n-1)
	}
	stop = min(max(stop, -1), n)
	valid := func(i int) bool {
		if step > 0 {
			return i < stop
		}
		return i > stop
	}
	if !valid(start) && f.must {
		text := func(p *int) string {
			if p == nil {
				return "*"
			}
			return strconv.Itoa(*p)
		}
		fail(t, "Array slice of "+text(k.start)+" to "+text(k.end)+" returned no results.")
	}
	i := start
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if !valid(i) {
			return value.Null, false
		}
		x := itemAt(t, a, i)
		i += step
		return Of(x), true
	})
}

// queryFilter is the children that a condition holds for, or all tokens below.
type queryFilter struct {
	test test
	scan bool
}

func (k *queryFilter) run(f *finder, from value.Iterator) value.Iterator {
	return each(from, func(_ *value.Thread, x Token) value.Iterator {
		var it value.Iterator
		if k.scan {
			it = descendants(x, true)
		} else {
			it = childrenOf(x)
		}
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			for {
				v, ok := it.Next(t)
				if !ok || k.test.matches(t, f, TokenOf(v)) {
					return v, ok
				}
			}
		})
	})
}

func selectOne(c *value.Call, must bool) value.Value {
	c.NotNull(0, "expression")
	x := thisToken(c)
	found := value.Null
	it := follow(&finder{root: x, must: must}, parsePath(c.Thread, c.Str(0)), x)
	for {
		v, ok := it.Next(c.Thread)
		if !ok {
			return found
		}
		if !found.IsNull() {
			fail(c.Thread, "Path returned multiple tokens.")
		}
		found = v
	}
}

func selectAll(c *value.Call, must bool) value.Value {
	c.NotNull(0, "expression")
	x := thisToken(c)
	filters := parsePath(c.Thread, c.Str(0))
	if len(filters) == 0 {
		return c.ArrayOf(TokenType, []value.Value{c.This})
	}
	return lazily(TokenType, func(*value.Thread) value.Iterator {
		return follow(&finder{root: x, must: must}, filters, x)
	})
}
