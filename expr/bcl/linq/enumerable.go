package linq

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var enumerableDef = types.Declare("System.Linq", "public static class Enumerable")

// renamed turns a row of a list of T into one of a group of TElement; rows of
// interfaces that groups lack give "".
func renamed(sig string) string {
	if strings.Contains(sig, "IReadOnly") {
		return ""
	}
	return strings.NewReplacer("<T>", "<TElement>", "(T ", "(TElement ", "(T[]", "(TElement[]", "T IList", "TElement IList", ", T ", ", TElement ").Replace(sig)
}

func enumerables() []value.Members {
	var rows []value.Row
	for _, more := range [][]value.Row{operators(), elements(), aggregates(), orders(), groups(), setOperators(), conversions(), joinings()} {
		rows = append(rows, more...)
	}
	return append(lookups(), value.Members{Def: enumerableDef, Doc: "Queries over sequences.", Rows: rows})
}

// test calls a predicate, with the index when indexed says so.
func test(t *value.Thread, f, v value.Value, i int, indexed bool) bool {
	if indexed {
		return t.Invoke2(f, v, value.Int(i)).Bool()
	}
	return t.Invoke1(f, v).Bool()
}

// operators are the rows that choose and change elements one by one.
func operators() []value.Row {
	source := func(c *value.Call, names ...string) value.Value {
		c.NotNull(0, "source")
		for i, n := range names {
			c.NotNull(i+1, n)
		}
		return c.Args[0]
	}
	while := func(skip, indexed bool) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			src, f, elem := source(c, "predicate"), c.Args[1], c.Types[0]
			if isEmptyArray(src, elem) {
				return emptyArray(c.Thread, elem)
			}
			return generate(c.Thread, elem, []value.Value{src}, func(t *value.Thread) value.Iterator {
				it := t.IterateAs(src, elem)
				i, done := -1, false
				return over(it, func(t *value.Thread) (value.Value, bool) {
					if !skip {
						v, ok := it.Next(t)
						if !ok {
							return value.Null, false
						}
						i++
						if !test(t, f, v, i, indexed) {
							if k, ok := it.(value.Closer); ok {
								k.Close(t)
							}
							return value.Null, false
						}
						return v, true
					}
					for {
						v, ok := it.Next(t)
						if !ok {
							return value.Null, false
						}
						i++
						if done || !test(t, f, v, i, indexed) {
							done = true
							return v, true
						}
					}
				})
			})
		}
	}
	flatten := func(indexed, result bool) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			names := []string{"selector"}
			if result {
				names = []string{"collectionSelector", "resultSelector"}
			}
			src, f, from := source(c, names...), c.Args[1], c.Types[0]
			elem, to, g := c.Types[1], c.Types[len(c.Types)-1], value.Null
			if result {
				g = c.Args[2]
			}
			if isEmptyArray(src, from) {
				return emptyArray(c.Thread, to)
			}
			if !indexed && !result {
				return value.Of(newFlat(c.Thread, src, from, f, elem))
			}
			return generate(c.Thread, to, []value.Value{src}, func(t *value.Thread) value.Iterator {
				outer := t.IterateAs(src, from)
				var it value.Iterator
				var x value.Value
				i := -1
				return &closer{func(t *value.Thread) (value.Value, bool) {
					for {
						if it != nil {
							if v, ok := nested(t, it); ok {
								if result {
									v = t.Invoke2(g, x, v)
								}
								return v, true
							}
							it = nil
						}
						v, ok := outer.Next(t)
						if !ok {
							return value.Null, false
						}
						i++
						x = v
						if indexed {
							v = t.Invoke2(f, x, value.Int(i))
						} else {
							v = t.Invoke1(f, x)
						}
						it = t.IterateAs(inner(t, v), elem)
					}
				}, func() value.Iterator { return both{it, outer} }}
			})
		}
	}
	fromEnd := func(take bool) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			src, n, elem := source(c), c.Int(1), c.Types[0]
			switch {
			case isEmptyArray(src, elem), take && n <= 0:
				return emptyArray(c.Thread, elem)
			case n <= 0:
				return skipped(c.Thread, src, elem, 0)
			}
			return generate(c.Thread, elem, []value.Value{src}, func(t *value.Thread) value.Iterator { return lastPart(src, elem, n, take) })
		}
	}
	return []value.Row{
		{Sig: "static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: "The elements that match.", Func: func(c *value.Call) value.Value {
			src, elem := source(c, "predicate"), c.Types[0]
			if isEmptyArray(src, elem) {
				return emptyArray(c.Thread, elem)
			}
			if s, ok := asSequence(src, elem); ok {
				return value.Of(s.filtered(c.Thread, c.Args[1]))
			}
			return value.Of(newWhere(c.Thread, src, elem, []value.Value{c.Args[1]}, nil, elem))
		}},
		{Sig: "static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", Doc: "The elements that match, by their index as well.", Func: func(c *value.Call) value.Value {
			src, f, elem := source(c, "predicate"), c.Args[1], c.Types[0]
			if isEmptyArray(src, elem) {
				return emptyArray(c.Thread, elem)
			}
			return generate(c.Thread, elem, []value.Value{src}, func(t *value.Thread) value.Iterator {
				it, i := t.IterateAs(src, elem), -1
				return over(it, func(t *value.Thread) (value.Value, bool) {
					for {
						v, ok := it.Next(t)
						if !ok {
							return value.Null, false
						}
						i++
						if t.Invoke2(f, v, value.Int(i)).Bool() {
							return v, true
						}
					}
				})
			})
		}},
		{Sig: "static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", Doc: "A function of every element.", Func: func(c *value.Call) value.Value {
			src := source(c, "selector")
			if isEmptyArray(src, c.Types[0]) {
				return emptyArray(c.Thread, c.Types[1])
			}
			if s, ok := asSequence(src, c.Types[0]); ok {
				return value.Of(s.mapped(c.Thread, c.Args[1], c.Types[1]))
			}
			return value.Of(newSelected(c.Thread, src, c.Types[0], []value.Value{c.Args[1]}, c.Types[1]))
		}},
		{Sig: "static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)", Doc: "A function of every element and its index.", Func: func(c *value.Call) value.Value {
			src, f, from := source(c, "selector"), c.Args[1], c.Types[0]
			if isEmptyArray(src, from) {
				return emptyArray(c.Thread, c.Types[1])
			}
			return generate(c.Thread, c.Types[1], []value.Value{src}, func(t *value.Thread) value.Iterator {
				it, i := t.IterateAs(src, from), -1
				return over(it, func(t *value.Thread) (value.Value, bool) {
					v, ok := it.Next(t)
					if !ok {
						return value.Null, false
					}
					i++
					return t.Invoke2(f, v, value.Int(i)), true
				})
			})
		}},
		{Sig: "static IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)", Doc: "The elements of all sequences that a function gives.", Func: flatten(false, false)},
		{Sig: "static IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TResult>> selector)", Doc: "The elements of all sequences that a function gives.", Func: flatten(true, false)},
		{Sig: "static IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)", Doc: "A function of the elements of all sequences that a function gives.", Func: flatten(true, true)},
		{Sig: "static IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)", Doc: "A function of the elements of all sequences that a function gives.", Func: flatten(false, true)},
		{Sig: "static IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)", Doc: "The first elements.", Func: func(c *value.Call) value.Value { return taken(c.Thread, source(c), c.Types[0], c.Int(1)) }},
		{Sig: "static IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)", Doc: "All but the first elements.", Func: func(c *value.Call) value.Value { return skipped(c.Thread, source(c), c.Types[0], c.Int(1)) }},
		{Sig: "static IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: "The elements up to the first that does not match.", Func: while(false, false)},
		{Sig: "static IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", Doc: "The elements up to the first that does not match.", Func: while(false, true)},
		{Sig: "static IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: "The elements from the first that does not match.", Func: while(true, false)},
		{Sig: "static IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", Doc: "The elements from the first that does not match.", Func: while(true, true)},
		{Sig: "static IEnumerable<TSource> TakeLast<TSource>(this IEnumerable<TSource> source, int count)", Doc: "The last elements.", Beyond: true, Func: fromEnd(true)},
		{Sig: "static IEnumerable<TSource> SkipLast<TSource>(this IEnumerable<TSource> source, int count)", Doc: "All but the last elements.", Beyond: true, Func: fromEnd(false)},
		{Sig: "static IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource element)", Doc: "The elements and one more.", Func: func(c *value.Call) value.Value {
			src, v := source(c), c.Args[1]
			if a, ok := src.Object().(*appended); ok && types.Same(a.elem, c.Types[0]) {
				return value.Of(newAppended(c.Thread, a.src, c.Types[0], a.before, a.after.add(v)))
			}
			var after *chain
			return value.Of(newAppended(c.Thread, src, c.Types[0], nil, after.add(v)))
		}},
		{Sig: "static IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource element)", Doc: "The elements and one before them.", Func: func(c *value.Call) value.Value {
			src, v := source(c), c.Args[1]
			if a, ok := src.Object().(*appended); ok && types.Same(a.elem, c.Types[0]) {
				return value.Of(newAppended(c.Thread, a.src, c.Types[0], a.before.add(v), a.after))
			}
			var before *chain
			return value.Of(newAppended(c.Thread, src, c.Types[0], before.add(v), nil))
		}},
		{Sig: "static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source)", Doc: "The elements, or the default if there are none.", Func: func(c *value.Call) value.Value {
			return orDefault(c, source(c), c.Zero(c.Types[0]))
		}},
		{Sig: "static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource defaultValue)", Doc: "The elements, or a value if there are none.", Func: func(c *value.Call) value.Value {
			return orDefault(c, source(c), c.Args[1])
		}},
		{Sig: "static IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)", Doc: "The elements from the last to the first.", Func: reverse},
		{Sig: "static IEnumerable<TSource> Reverse<TSource>(this TSource[] source)", Doc: "The elements from the last to the first.", Func: reverse},
		{Sig: "static IEnumerable<TSource> AsEnumerable<TSource>(this IEnumerable<TSource> source)", Doc: "The sequence itself.", Func: func(c *value.Call) value.Value { return c.Args[0] }},
		{Sig: "static IEnumerable<TResult> Cast<TResult>(this IEnumerable source)", Doc: "The elements as another type.", Func: func(c *value.Call) value.Value {
			src, to := source(c), c.Types[0]
			if types.Assignable(src.Type(), types.IEnumerableT.Of(to)) {
				return src
			}
			if _, ok := collectionCount(c.Thread, src, types.Object); ok && types.Assignable(src.Type(), types.ICollection) {
				return value.Of(newCast(c.Thread, src, to))
			}
			return generate(c.Thread, to, []value.Value{src}, func(t *value.Thread) value.Iterator {
				it := t.IterateAs(src, types.Object)
				return over(it, func(t *value.Thread) (value.Value, bool) {
					v, ok := it.Next(t)
					if !ok {
						return value.Null, false
					}
					return t.Cast(v, to), true
				})
			})
		}},
		{Sig: "static IEnumerable<TResult> OfType<TResult>(this IEnumerable source)", Doc: "The elements that are of a type.", Func: func(c *value.Call) value.Value {
			src, to := source(c), c.Types[0]
			if to.IsValue() && !to.IsNullable() && types.Assignable(src.Type(), types.IEnumerableT.Of(to)) {
				return src
			}
			return value.Of(newOfType(c.Thread, src, to))
		}},
		{Sig: "static IEnumerable<int> Range(int start, int count)", Doc: "Integers one after the other.", Func: func(c *value.Call) value.Value {
			start, n := c.Int(0), c.Int(1)
			if n < 0 || start+n-1 > maxIndex {
				c.ThrowRange(outOfRange, "count")
			}
			if n == 0 {
				return emptyArray(c.Thread, types.Int32)
			}
			return value.Of(newNumbers(c.Thread, start, n, nil, types.Int32))
		}},
		{Sig: "static IEnumerable<TResult> Repeat<TResult>(TResult element, int count)", Doc: "One value many times.", Func: func(c *value.Call) value.Value {
			n := c.Int(1)
			if n < 0 {
				c.ThrowRange(outOfRange, "count")
			}
			if n == 0 {
				return emptyArray(c.Thread, c.Types[0])
			}
			return value.Of(newRepeated(c.Thread, c.Types[0], c.Args[0], n))
		}},
		{Sig: "static IEnumerable<TResult> Empty<TResult>()", Doc: "A sequence without elements.", Func: func(c *value.Call) value.Value { return emptyArray(c.Thread, c.Types[0]) }},
		{Sig: "static IEnumerable<(int Index, TSource Item)> Index<TSource>(this IEnumerable<TSource> source)", Doc: "The elements with their indexes.", Beyond: true, Func: func(c *value.Call) value.Value {
			src, elem := source(c), c.Types[0]
			to := types.TupleOf([]*types.Type{types.Int32, elem.Plain()}, nil)
			if isEmptyArray(src, elem) {
				return emptyArray(c.Thread, to)
			}
			return generate(c.Thread, to, []value.Value{src}, func(t *value.Thread) value.Iterator {
				it, i := t.IterateAs(src, elem), -1
				return over(it, func(t *value.Thread) (value.Value, bool) {
					v, ok := it.Next(t)
					if !ok {
						return value.Null, false
					}
					i++
					return tuple(t, to, value.Int(i), v), true
				})
			})
		}},
		{Sig: "static IEnumerable<TSource[]> Chunk<TSource>(this IEnumerable<TSource> source, int size)", Doc: "The elements in arrays of a size.", Beyond: true, Func: func(c *value.Call) value.Value {
			src, n, elem := source(c), c.Int(1), c.Types[0].Plain()
			if n < 1 {
				c.ThrowRange(outOfRange, "size")
			}
			to := types.ArrayOf(elem, 1)
			if isEmptyArray(src, elem) {
				return emptyArray(c.Thread, to)
			}
			return generate(c.Thread, to, []value.Value{src}, func(t *value.Thread) value.Iterator {
				it, done := t.IterateAs(src, elem), false
				return over(it, func(t *value.Thread) (value.Value, bool) {
					var b collector
					for !done && len(b.items) < n {
						v, ok := it.Next(t)
						if !ok {
							done = true
							break
						}
						t.Step(1)
						b.add(t, v)
					}
					if len(b.items) == 0 {
						return value.Null, false
					}
					return t.ArrayOf(elem, b.items), true
				})
			})
		}},
		{Sig: "static IEnumerable<TSource> Shuffle<TSource>(this IEnumerable<TSource> source)", Doc: "The elements in a random order.", Beyond: true, Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
			src, elem := source(c), c.Types[0]
			return generate(c.Thread, elem, []value.Value{src}, func(t *value.Thread) value.Iterator {
				var items []value.Value
				started := false
				return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
					if !started {
						started = true
						items = sliceOf(t, src, elem)
					}
					n := len(items)
					if n == 0 {
						return value.Null, false
					}
					i := int(t.Rand() % uint64(n))
					items[i], items[n-1] = items[n-1], items[i]
					v := items[n-1]
					items = items[:n-1]
					return v, true
				})
			})
		}},
	}
}

func orDefault(c *value.Call, src, or value.Value) value.Value {
	if a, ok := asArray(src, c.Types[0]); ok && a.Len() > 0 {
		return src
	}
	return value.Of(newDefaulted(c.Thread, src, c.Types[0], or))
}

func reverse(c *value.Call) value.Value {
	c.NotNull(0, "source")
	if isEmptyArray(c.Args[0], c.Types[0]) {
		return emptyArray(c.Thread, c.Types[0])
	}
	return value.Of(newReversed(c.Thread, c.Args[0], c.Types[0]))
}

func tuple(t *value.Thread, typ *types.Type, items ...value.Value) value.Value {
	t.Alloc(32 + len(items)*valueSize)
	return value.Of(value.NewTuple(typ, items))
}

// lastPart is TakeLast and SkipLast: a source whose length is known cheaply is
// cut by index, any other kept in a queue.
func lastPart(src value.Value, elem *types.Type, n int, take bool) value.Iterator {
	var it value.Iterator
	var queue []value.Value
	draining := false
	next := func(t *value.Thread) (value.Value, bool) {
		if it == nil {
			if size, ok := cheapCount(t, src, elem); ok {
				from, to := 0, size-n
				if take {
					from, to = max(size-n, 0), size
				}
				if from >= to {
					return value.Null, false
				}
				draining = true
				it = t.IterateAs(within(t, src, elem, from, to), elem)
			} else {
				it = t.IterateAs(src, elem)
			}
		}
		if draining {
			return it.Next(t)
		}
		for {
			if take && queue != nil && it == ended {
				if len(queue) == 0 {
					return value.Null, false
				}
				v := queue[0]
				queue = queue[1:]
				return v, true
			}
			v, ok := it.Next(t)
			if !ok {
				if !take || queue == nil {
					return value.Null, false
				}
				it = ended
				continue
			}
			t.Step(1)
			t.Alloc(valueSize)
			queue = append(queue, v)
			if len(queue) > n {
				v, queue = queue[0], queue[1:]
				if !take {
					return v, true
				}
			}
		}
	}
	return &closer{next, func() value.Iterator { return it }}
}

// ended is an iterator at its end.
var ended value.Iterator = endedIterator{}

type endedIterator struct{}

func (endedIterator) Next(*value.Thread) (value.Value, bool) { return value.Null, false }
