package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// toDictionary makes the row function of a ToDictionary: pick and comparer are
// the indexes of arguments, 0 for none.
func toDictionary(pick, comparer int) func(c *value.Call) value.Value {
	return func(c *value.Call) value.Value {
		c.NotNull(0, "source")
		c.NotNull(1, "keySelector")
		by, f, elem := c.Args[1], value.Null, c.Types[0]
		if pick > 0 {
			c.NotNull(pick, "elementSelector")
			f, elem = c.Args[pick], c.Types[2]
		}
		d := dictionaryFor(c, c.Types[1], elem, comparer)
		spanEach(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
			k := c.Invoke1(by, v)
			if !f.IsNull() {
				v = c.Invoke1(f, v)
			}
			addKey(c, d, k, v)
			return true
		})
		return value.Of(d)
	}
}

func dictionaryFor(c *value.Call, key, elem *types.Type, comparer int) *value.Dictionary {
	var e value.EqualityComparer
	if comparer > 0 {
		e = equalityOf(c.Args[comparer])
	}
	c.Alloc(128)
	return value.NewDictionary(key.Plain(), elem.Plain(), e)
}

// pairsToDictionary is ToDictionary of pairs and of tuples.
func pairsToDictionary(comparer int, elem func(key, value *types.Type) *types.Type) func(c *value.Call) value.Value {
	return func(c *value.Call) value.Value {
		c.NotNull(0, "source")
		d := dictionaryFor(c, c.Types[0], c.Types[1], comparer)
		each(c.Thread, c.Args[0], elem(c.Types[0], c.Types[1]), func(v value.Value) bool {
			x := v.Object().(*value.Tuple)
			addKey(c, d, x.Items[0], x.Items[1])
			return true
		})
		return value.Of(d)
	}
}

// conversions are the rows that collect sequences.
func conversions() []value.Row {
	pair := func(k, v *types.Type) *types.Type { return types.KeyValuePair.Of(k, v) }
	two := func(k, v *types.Type) *types.Type { return types.TupleOf([]*types.Type{k, v}, nil) }
	set := func(c *value.Call, comparer value.Value) value.Value {
		c.NotNull(0, "source")
		c.Alloc(128)
		s := NewSet(c.Types[0].Plain(), equalityOf(comparer))
		s.unionWith(c.Thread, c.Args[0])
		return value.Of(s)
	}
	const doc = "A dictionary of the elements."
	return []value.Row{
		{Sig: "static TSource[] ToArray<TSource>(this IEnumerable<TSource> source)", Doc: "An array of the elements.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			return c.ArrayOf(c.Types[0].Plain(), sliceOf(c.Thread, c.Args[0], c.Types[0]))
		}},
		{Sig: "static List<TSource> ToList<TSource>(this IEnumerable<TSource> source)", Doc: "A list of the elements.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			items := listOf(c.Thread, c.Args[0], c.Types[0])
			c.Alloc(64)
			return value.Of(value.NewList(c.Types[0].Plain(), items[:len(items):len(items)]))
		}},
		{Sig: "static HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source)", Doc: "The set of the elements.", Func: func(c *value.Call) value.Value { return set(c, value.Null) }},
		{Sig: "static HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)", Doc: "The set of the elements, which a comparer compares.", Func: func(c *value.Call) value.Value { return set(c, c.Args[1]) }},
		{Sig: "static Dictionary<TKey, TValue> ToDictionary<TKey, TValue>(this IEnumerable<KeyValuePair<TKey, TValue>> source)", Doc: doc, Beyond: true, Func: pairsToDictionary(0, pair)},
		{Sig: "static Dictionary<TKey, TValue> ToDictionary<TKey, TValue>(this IEnumerable<KeyValuePair<TKey, TValue>> source, IEqualityComparer<TKey> comparer)", Doc: doc, Beyond: true, Func: pairsToDictionary(1, pair)},
		{Sig: "static Dictionary<TKey, TValue> ToDictionary<TKey, TValue>(this IEnumerable<(TKey Key, TValue Value)> source)", Doc: doc, Beyond: true, Func: pairsToDictionary(0, two)},
		{Sig: "static Dictionary<TKey, TValue> ToDictionary<TKey, TValue>(this IEnumerable<(TKey Key, TValue Value)> source, IEqualityComparer<TKey> comparer)", Doc: doc, Beyond: true, Func: pairsToDictionary(1, two)},
		{Sig: "static Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", Doc: doc, Func: toDictionary(0, 0)},
		{Sig: "static Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: toDictionary(0, 2)},
		{Sig: "static Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)", Doc: doc, Func: toDictionary(2, 0)},
		{Sig: "static Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: toDictionary(2, 3)},
	}
}

// setOperators are the rows that compare sequences as sets.
func setOperators() []value.Row {
	var rows []value.Row
	for _, withComparer := range []bool{false, true} {
		at := func(i int) func(c *value.Call) value.EqualityComparer {
			return func(c *value.Call) value.EqualityComparer {
				if !withComparer {
					return nil
				}
				return equalityOf(c.Args[i])
			}
		}
		more, moreKey := ")", ")"
		if withComparer {
			more, moreKey = ", IEqualityComparer<TSource> comparer)", ", IEqualityComparer<TKey> comparer)"
		}
		both := func(c *value.Call, names ...string) (first, second value.Value) {
			c.NotNull(0, "first")
			c.NotNull(1, "second")
			for i, n := range names {
				c.NotNull(2+i, n)
			}
			return c.Args[0], c.Args[1]
		}
		rows = append(rows,
			value.Row{Sig: "static IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source" + more, Doc: "The elements without those that came before.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "source")
				if isEmptyArray(c.Args[0], c.Types[0]) {
					return emptyArray(c.Thread, c.Types[0])
				}
				var k *chain
				return value.Of(newDistinct(c.Thread, c.Types[0], k.add(c.Args[0]), at(1)(c), false, c.Args[0]))
			}},
			value.Row{Sig: "static IEnumerable<TSource> DistinctBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector" + moreKey, Doc: "The elements without those whose key came before.", Beyond: true, Func: func(c *value.Call) value.Value {
				c.NotNull(0, "source")
				c.NotNull(1, "keySelector")
				return distinctBy(c, at(2)(c))
			}},
			value.Row{Sig: "static IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second" + more, Doc: "The distinct elements of both sequences.", Func: func(c *value.Call) value.Value {
				first, second := both(c)
				by := at(2)(c)
				var k *chain
				if d, ok := first.Object().(*distinct); ok && d.union && types.Same(d.elem, c.Types[0]) && sameComparer(c.Thread, d.comparer, by) {
					k = d.chain
				} else {
					k = k.add(first)
				}
				return value.Of(newDistinct(c.Thread, c.Types[0], k.add(second), by, true, chainDepth(first, k), second))
			}},
			value.Row{Sig: "static IEnumerable<TSource> UnionBy<TSource, TKey>(this IEnumerable<TSource> first, IEnumerable<TSource> second, Func<TSource, TKey> keySelector" + moreKey, Doc: "The elements of both sequences that have distinct keys.", Beyond: true, Func: func(c *value.Call) value.Value {
				first, second := both(c, "keySelector")
				f, by, elem, key := c.Args[2], at(3)(c), c.Types[0], c.Types[1]
				return generate(c.Thread, elem, []value.Value{first, second}, func(*value.Thread) value.Iterator {
					it, set := &relay{sources: []value.Value{first, second}, elem: elem}, NewSet(key.Plain(), by)
					return &closer{func(t *value.Thread) (value.Value, bool) {
						for {
							v, ok := it.Next(t)
							if !ok || set.add(t, t.Invoke1(f, v)) {
								return v, ok
							}
						}
					}, func() value.Iterator { return it }}
				})
			}},
			value.Row{Sig: "static IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second" + more, Doc: "The distinct elements that both sequences have.", Func: func(c *value.Call) value.Value {
				first, second := both(c)
				return against(c, first, second, c.Types[0], value.Null, at(2)(c), true)
			}},
			value.Row{Sig: "static IEnumerable<TSource> IntersectBy<TSource, TKey>(this IEnumerable<TSource> first, IEnumerable<TKey> second, Func<TSource, TKey> keySelector" + moreKey, Doc: "The elements whose keys a sequence has.", Beyond: true, Func: func(c *value.Call) value.Value {
				first, second := both(c, "keySelector")
				return against(c, first, second, c.Types[1], c.Args[2], at(3)(c), true)
			}},
			value.Row{Sig: "static IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second" + more, Doc: "The distinct elements that another sequence has not.", Func: func(c *value.Call) value.Value {
				first, second := both(c)
				return against(c, first, second, c.Types[0], value.Null, at(2)(c), false)
			}},
			value.Row{Sig: "static IEnumerable<TSource> ExceptBy<TSource, TKey>(this IEnumerable<TSource> first, IEnumerable<TKey> second, Func<TSource, TKey> keySelector" + moreKey, Doc: "The elements whose keys a sequence has not.", Beyond: true, Func: func(c *value.Call) value.Value {
				first, second := both(c, "keySelector")
				return against(c, first, second, c.Types[1], c.Args[2], at(3)(c), false)
			}},
		)
	}
	return append(rows,
		value.Row{Sig: "static IEnumerable<KeyValuePair<TKey, int>> CountBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> keyComparer = null)", Doc: "How often each key occurs.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			c.NotNull(1, "keySelector")
			return tallyBy(c, types.Int32, equalityOf(c.Args[2]), func(*value.Thread, value.Value) value.Value { return value.Int(0) }, func(_ *value.Thread, n, _ value.Value) value.Value { return value.Int(n.Int() + 1) })
		}},
		value.Row{Sig: "static IEnumerable<KeyValuePair<TKey, TAccumulate>> AggregateBy<TSource, TKey, TAccumulate>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func, IEqualityComparer<TKey> keyComparer = null)", Doc: "Joins the elements of each key to a seed by a function.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			c.NotNull(1, "keySelector")
			c.NotNull(3, "func")
			seed, f := c.Args[2], c.Args[3]
			return tallyBy(c, c.Types[2], equalityOf(c.Args[4]), func(*value.Thread, value.Value) value.Value { return seed }, func(t *value.Thread, sum, v value.Value) value.Value { return t.Invoke2(f, sum, v) })
		}},
		value.Row{Sig: "static IEnumerable<KeyValuePair<TKey, TAccumulate>> AggregateBy<TSource, TKey, TAccumulate>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, TAccumulate> seedSelector, Func<TAccumulate, TSource, TAccumulate> func, IEqualityComparer<TKey> keyComparer = null)", Doc: "Joins the elements of each key to a seed by a function.", Beyond: true, Func: func(c *value.Call) value.Value {
			c.NotNull(0, "source")
			c.NotNull(1, "keySelector")
			c.NotNull(2, "seedSelector")
			c.NotNull(3, "func")
			seed, f := c.Args[2], c.Args[3]
			return tallyBy(c, c.Types[2], equalityOf(c.Args[4]), func(t *value.Thread, k value.Value) value.Value { return t.Invoke1(seed, k) }, func(t *value.Thread, sum, v value.Value) value.Value { return t.Invoke2(f, sum, v) })
		}},
	)
}

// chainDepth is the source that a chain's depth comes from: a chain that goes on
// nests no deeper than it did.
func chainDepth(first value.Value, k *chain) value.Value {
	if k.n > 1 {
		if d, ok := first.Object().(interface{ nesting() int }); ok && d.nesting() > 0 {
			return value.Of(shallower{d.nesting() - 1})
		}
	}
	return first
}

// shallower stands for sources that nest as deep as it says.
type shallower struct{ deep int }

func (shallower) Type() *types.Type { return types.Object }
func (s shallower) nesting() int    { return s.deep }

func distinctBy(c *value.Call, by value.EqualityComparer) value.Value {
	src, f, elem, key := c.Args[0], c.Args[1], c.Types[0], c.Types[1].Plain()
	if isEmptyArray(src, elem) {
		return emptyArray(c.Thread, elem)
	}
	return generate(c.Thread, elem, []value.Value{src}, func(t *value.Thread) value.Iterator {
		it, set := t.IterateAs(src, elem), NewSet(key, by)
		return over(it, func(t *value.Thread) (value.Value, bool) {
			for {
				v, ok := it.Next(t)
				if !ok || set.add(t, t.Invoke1(f, v)) {
					return v, ok
				}
			}
		})
	})
}

// against is Intersect and Except with their By forms: the second sequence is
// read first. f gives the key, null stands for the element itself.
func against(c *value.Call, first, second value.Value, key *types.Type, f value.Value, by value.EqualityComparer, having bool) value.Value {
	elem := c.Types[0]
	return generate(c.Thread, elem, []value.Value{first, second}, func(*value.Thread) value.Iterator {
		var it value.Iterator
		set := NewSet(key.Plain(), by)
		return &closer{func(t *value.Thread) (value.Value, bool) {
			if it == nil {
				set.unionWith(t, second)
				it = t.IterateAs(first, elem)
			}
			for {
				v, ok := it.Next(t)
				if !ok {
					return value.Null, false
				}
				t.Step(1)
				k := v
				if !f.IsNull() {
					k = t.Invoke1(f, v)
				}
				if having {
					if _, ok := set.Remove(t, k); ok {
						return v, true
					}
				} else if set.add(t, k) {
					return v, true
				}
			}
		}, func() value.Iterator { return it }}
	})
}

// tallyBy is CountBy and AggregateBy.
func tallyBy(c *value.Call, sum *types.Type, by value.EqualityComparer, seed func(t *value.Thread, key value.Value) value.Value, add func(t *value.Thread, sum, v value.Value) value.Value) value.Value {
	src, f, elem := c.Args[0], c.Args[1], c.Types[0]
	key := c.Types[1].Plain()
	to := types.KeyValuePair.Of(key, sum.Plain())
	if isEmptyArray(src, elem) {
		return emptyArray(c.Thread, to)
	}
	return generate(c.Thread, to, []value.Value{src}, func(*value.Thread) value.Iterator {
		var it value.Iterator
		return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
			if it == nil {
				d := value.NewDictionary(key, sum.Plain(), by)
				each(t, src, elem, func(v value.Value) bool {
					k := t.Invoke1(f, v)
					if k.IsNull() {
						t.ThrowNull("key")
					}
					n, ok := d.Get(t, k)
					if !ok {
						n = seed(t, k)
					}
					d.Put(t, k, add(t, n, v))
					return true
				})
				it = d.Iterate(t)
			}
			return it.Next(t)
		})
	})
}

// joinings are Concat and Zip.
func joinings() []value.Row {
	zip := func(c *value.Call, names []string, to *types.Type, join func(t *value.Thread, items []value.Value) value.Value) value.Value {
		for i, n := range names {
			c.NotNull(i, n)
		}
		var sources []value.Value
		var elems []*types.Type
		for i, n := range names {
			if n == "resultSelector" {
				continue
			}
			if isEmptyArray(c.Args[i], c.Types[i]) {
				return emptyArray(c.Thread, to)
			}
			sources, elems = append(sources, c.Args[i]), append(elems, c.Types[i])
		}
		return generate(c.Thread, to, sources, func(t *value.Thread) value.Iterator {
			var list []value.Iterator
			closes := false
			for i, src := range sources {
				it := t.IterateAs(src, elems[i])
				_, k := it.(value.Closer)
				closes = closes || k
				list = append(list, it)
			}
			next := func(t *value.Thread) (value.Value, bool) {
				t.Alloc(len(list) * valueSize)
				items := make([]value.Value, len(list))
				for i, it := range list {
					v, ok := it.Next(t)
					if !ok {
						closeAll(t, list)
						return value.Null, false
					}
					items[i] = v
				}
				return join(t, items), true
			}
			if closes {
				return &closer{next, func() value.Iterator { return all(list) }}
			}
			return value.IteratorFunc(next)
		})
	}
	return []value.Row{
		{Sig: "static IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", Doc: "The elements of both sequences.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "first")
			c.NotNull(1, "second")
			first, second, elem := c.Args[0], c.Args[1], c.Types[0]
			switch {
			case isEmptyArray(first, elem):
				return second
			case isEmptyArray(second, elem):
				return first
			}
			var k *chain
			if f, ok := first.Object().(*concat); ok && types.Same(f.elem, elem) {
				k = f.chain
			} else {
				k = k.add(first)
			}
			return value.Of(newConcat(c.Thread, elem, k.add(second), chainDepth(first, k), second))
		}},
		{Sig: "static IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> resultSelector)", Doc: "A function of the elements of two sequences, pair by pair.", Func: func(c *value.Call) value.Value {
			f := c.Args[2]
			return zip(c, []string{"first", "second", "resultSelector"}, c.Types[2], func(t *value.Thread, items []value.Value) value.Value { return t.Invoke2(f, items[0], items[1]) })
		}},
		{Sig: "static IEnumerable<(TFirst First, TSecond Second)> Zip<TFirst, TSecond>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second)", Doc: "The elements of two sequences, pair by pair.", Func: func(c *value.Call) value.Value {
			to := types.TupleOf([]*types.Type{c.Types[0].Plain(), c.Types[1].Plain()}, nil)
			return zip(c, []string{"first", "second"}, to, func(t *value.Thread, items []value.Value) value.Value { return tuple(t, to, items...) })
		}},
		{Sig: "static IEnumerable<(TFirst First, TSecond Second, TThird Third)> Zip<TFirst, TSecond, TThird>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, IEnumerable<TThird> third)", Doc: "The elements of three sequences, three by three.", Beyond: true, Func: func(c *value.Call) value.Value {
			to := types.TupleOf([]*types.Type{c.Types[0].Plain(), c.Types[1].Plain(), c.Types[2].Plain()}, nil)
			return zip(c, []string{"first", "second", "third"}, to, func(t *value.Thread, items []value.Value) value.Value { return tuple(t, to, items...) })
		}},
	}
}

// all ends several walks, the last one first.
type all []value.Iterator

func (all) Next(*value.Thread) (value.Value, bool) { return value.Null, false }

// Close ends the walks.
func (a all) Close(t *value.Thread) { closeAll(t, a) }

func closeAll(t *value.Thread, list []value.Iterator) {
	for i := len(list) - 1; i >= 0; i-- {
		if k, ok := list[i].(value.Closer); ok {
			k.Close(t)
		}
	}
}
