package linq

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const (
	noElements      = "Sequence contains no elements"
	noMatch         = "Sequence contains no matching element"
	moreElements    = "Sequence contains more than one element"
	moreMatches     = "Sequence contains more than one matching element"
	outOfRange      = "Specified argument was out of the range of valid values."
	arithmetic      = "Arithmetic operation resulted in an overflow."
	decimalOverflow = "Value was either too large or too small for a Decimal."
)

func empty(t *value.Thread) value.Value {
	t.Throw(value.InvalidOperationException, noElements)
	return value.Null
}

// tally adds numbers of one type up. Integers may not overflow; float adds in
// double precision.
type tally struct {
	of    *types.Type
	wide  bool // int adds as long: that of an average
	count int64
	i     int64
	f     float64
	d     number.Decimal
}

func (s *tally) add(t *value.Thread, v value.Value) {
	s.count++
	switch s.of {
	case types.Int32:
		s.i += v.Long()
		if !s.wide && s.i != int64(int32(s.i)) {
			t.Throw(value.OverflowException, arithmetic)
		}
	case types.Int64:
		n := s.i + v.Long()
		if (n > s.i) != (v.Long() > 0) && v.Long() != 0 {
			t.Throw(value.OverflowException, arithmetic)
		}
		s.i = n
	case types.Decimal:
		d, err := s.d.Add(*v.Object().(*number.Decimal))
		if err != nil {
			t.Throw(value.OverflowException, decimalOverflow)
		}
		s.d = d
	default:
		s.f += v.Double()
	}
}

func (s *tally) sum() value.Value {
	switch s.of {
	case types.Int32:
		return value.Int(int(s.i))
	case types.Int64:
		return value.Long(s.i)
	case types.Single:
		return value.Float(float32(s.f))
	case types.Decimal:
		d := s.d
		return value.Of(&d)
	}
	return value.Double(s.f)
}

func (s *tally) average(t *value.Thread) value.Value {
	switch s.of {
	case types.Int32, types.Int64:
		return value.Double(float64(s.i) / float64(s.count))
	case types.Single:
		return value.Float(float32(s.f / float64(s.count)))
	case types.Decimal:
		d, err := s.d.Div(number.DecimalFromInt64(s.count))
		if err != nil {
			t.Throw(value.OverflowException, decimalOverflow)
		}
		return value.Of(&d)
	}
	return value.Double(s.f / float64(s.count))
}

// numbersOf walks over the numbers of a source, or of a selector's results,
// leaving out null.
func numbersOf(c *value.Call, from *types.Type, selector bool, f func(v value.Value) bool) {
	c.NotNull(0, "source")
	g := value.Null
	if selector {
		c.NotNull(1, "selector")
		g = c.Args[1]
	}
	each(c.Thread, c.Args[0], from, func(v value.Value) bool {
		if selector {
			v = c.Invoke1(g, v)
		}
		return v.IsNull() || f(v)
	})
}

// spanEach walks over a source as .NET does where it first asks for the memory
// behind an array or a List<T>: a List<T> may change meanwhile.
func spanEach(t *value.Thread, src value.Value, elem *types.Type, f func(v value.Value) bool) {
	if l, ok := asList(src, elem); ok {
		for _, v := range l.Items() {
			t.Step(1)
			if !f(v) {
				return
			}
		}
		return
	}
	each(t, src, elem, f)
}

// extreme is Min (sign -1) or Max (sign 1).
type extreme struct {
	sign    int
	compare func(a, b value.Value) int
	nan     bool // stop at NaN: that of Min over double and float
	best    value.Value
	some    bool
}

func (e *extreme) add(v value.Value) bool {
	if v.IsNull() {
		return true
	}
	if !e.some {
		e.best, e.some = v, true
	} else if c := e.compare(v, e.best); c != 0 && (c < 0) == (e.sign < 0) {
		e.best = v
	}
	return !e.nan || !math.IsNaN(e.best.Double())
}

func aggregates() []value.Row {
	var rows []value.Row
	for _, n := range []struct {
		name string
		t    *types.Type
	}{{"int", types.Int32}, {"long", types.Int64}, {"float", types.Single}, {"double", types.Double}, {"decimal", types.Decimal}} {
		for _, nullable := range []bool{false, true} {
			mark := ""
			if nullable {
				mark = "?"
			}
			mean := n.name
			if n.t == types.Int32 || n.t == types.Int64 {
				mean = "double"
			}
			for _, selector := range []bool{false, true} {
				params := "(this IEnumerable<" + n.name + mark + "> source)"
				from := func(*value.Call) *types.Type {
					if nullable {
						return types.NullableOf(n.t)
					}
					return n.t
				}
				if selector {
					params = "<TSource>(this IEnumerable<TSource> source, Func<TSource, " + n.name + mark + "> selector)"
					from = func(c *value.Call) *types.Type { return c.Types[0] }
				}
				best := func(sign int) func(c *value.Call) value.Value {
					return func(c *value.Call) value.Value {
						e := &extreme{sign: sign, compare: c.Compare, nan: sign < 0 && (n.t == types.Double || n.t == types.Single)}
						numbersOf(c, from(c), selector, e.add)
						if !e.some && !nullable {
							return empty(c.Thread)
						}
						return e.best
					}
				}
				rows = append(rows,
					value.Row{Sig: "static " + n.name + mark + " Sum" + params, Doc: "The sum.", Func: func(c *value.Call) value.Value {
						s := &tally{of: n.t}
						numbersOf(c, from(c), selector, func(v value.Value) bool { s.add(c.Thread, v); return true })
						return s.sum()
					}},
					value.Row{Sig: "static " + mean + mark + " Average" + params, Doc: "The mean.", Func: func(c *value.Call) value.Value {
						s := &tally{of: n.t, wide: true}
						numbersOf(c, from(c), selector, func(v value.Value) bool { s.add(c.Thread, v); return true })
						switch {
						case s.count > 0:
							return s.average(c.Thread)
						case nullable:
							return value.Null
						}
						return empty(c.Thread)
					}},
					value.Row{Sig: "static " + n.name + mark + " Min" + params, Doc: "The smallest.", Func: best(-1)},
					value.Row{Sig: "static " + n.name + mark + " Max" + params, Doc: "The greatest.", Func: best(1)},
				)
			}
		}
	}
	for _, k := range []struct {
		name, doc string
		sign      int
	}{{"Min", "The smallest.", -1}, {"Max", "The greatest.", 1}} {
		best := func(c *value.Call, of *types.Type, compare value.Value, selector bool) value.Value {
			e := &extreme{sign: k.sign, compare: comparing(c.Thread, compare)}
			numbersOf(c, c.Types[0], selector, e.add)
			if !e.some && of.IsValue() && !of.IsNullable() {
				return empty(c.Thread)
			}
			return e.best
		}
		by := func(c *value.Call, compare value.Value) value.Value { return bestBy(c, k.sign, compare) }
		rows = append(rows,
			value.Row{Sig: "static TSource " + k.name + "<TSource>(this IEnumerable<TSource> source)", Doc: k.doc, Func: func(c *value.Call) value.Value { return best(c, c.Types[0], value.Null, false) }},
			value.Row{Sig: "static TSource " + k.name + "<TSource>(this IEnumerable<TSource> source, IComparer<TSource> comparer)", Doc: k.doc, Beyond: true, Func: func(c *value.Call) value.Value { return best(c, c.Types[0], c.Args[1], false) }},
			value.Row{Sig: "static TResult " + k.name + "<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", Doc: k.doc, Func: func(c *value.Call) value.Value { return best(c, c.Types[1], value.Null, true) }},
			value.Row{Sig: "static TSource " + k.name + "By<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", Doc: k.doc, Beyond: true, Func: func(c *value.Call) value.Value { return by(c, value.Null) }},
			value.Row{Sig: "static TSource " + k.name + "By<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)", Doc: k.doc, Beyond: true, Func: func(c *value.Call) value.Value { return by(c, c.Args[2]) }},
		)
	}
	return append(rows,
		value.Row{Sig: "static TSource Aggregate<TSource>(this IEnumerable<TSource> source, Func<TSource, TSource, TSource> func)", Doc: "Joins all elements by a function.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			c.NotNull(1, "func")
			f, some, sum := c.Args[1], false, value.Null
			spanEach(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
				if some {
					v = c.Invoke2(f, sum, v)
				}
				sum, some = v, true
				return true
			})
			if !some {
				return empty(c.Thread)
			}
			return sum
		}},
		value.Row{Sig: "static TAccumulate Aggregate<TSource, TAccumulate>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func)", Doc: "Joins all elements to a seed by a function.", Func: fold},
		value.Row{Sig: "static TResult Aggregate<TSource, TAccumulate, TResult>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func, Func<TAccumulate, TResult> resultSelector)", Doc: "Joins all elements to a seed by a function, and gives a function of that.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			c.NotNull(2, "func")
			c.NotNull(3, "resultSelector")
			f := c.Args[3]
			return c.Invoke1(f, fold(c))
		}},
	)
}

func fold(c *value.Call) value.Value {
	c.NotNull(0, "source")
	c.NotNull(2, "func")
	sum, f := c.Args[1], c.Args[2]
	spanEach(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
		sum = c.Invoke2(f, sum, v)
		return true
	})
	return sum
}

// bestBy is MinBy and MaxBy: elements without a key count only when none has
// one, and then the first.
func bestBy(c *value.Call, sign int, compare value.Value) value.Value {
	c.NotNull(0, "source")
	c.NotNull(1, "keySelector")
	by, f := comparing(c.Thread, compare), c.Args[1]
	var best, key value.Value
	some := false
	each(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
		k := c.Invoke1(f, v)
		switch {
		case !some:
			best, key, some = v, k, true
		case k.IsNull():
		case key.IsNull():
			best, key = v, k
		default:
			if o := by(k, key); o != 0 && (o < 0) == (sign < 0) {
				best, key = v, k
			}
		}
		return true
	})
	if of := c.Types[0]; !some && of.IsValue() && !of.IsNullable() {
		return empty(c.Thread)
	}
	return best
}
