package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// elements are the rows that look for single elements, and count.
func elements() []value.Row {
	source := func(c *value.Call) value.Value {
		c.NotNull(0, "source")
		return c.Args[0]
	}
	predicate := func(c *value.Call) value.Value {
		source(c)
		c.NotNull(1, "predicate")
		return c.Args[1]
	}
	first := func(c *value.Call) (value.Value, bool) { return firstOf(c.Thread, source(c), c.Types[0]) }
	firstBy := func(c *value.Call) (found value.Value, ok bool) {
		f := predicate(c)
		spanEach(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
			if c.Invoke1(f, v).Bool() {
				found, ok = v, true
			}
			return !ok
		})
		return found, ok
	}
	last := func(c *value.Call) (value.Value, bool) { return lastOf(c.Thread, source(c), c.Types[0]) }
	lastBy := func(c *value.Call) (found value.Value, ok bool) {
		f := predicate(c)
		if o, isOrdered := c.Args[0].Object().(*ordered); isOrdered && types.Same(o.elem, c.Types[0]) {
			return o.lastOf(c.Thread, o.src, []value.Value{f})
		}
		if l, isList := asIndexed(c.Thread, c.Args[0], c.Types[0]); isList {
			for i := l.Len() - 1; i >= 0; i-- {
				c.Step(1)
				if v := listAt(c.Thread, l, i); c.Invoke1(f, v).Bool() {
					return v, true
				}
			}
			return value.Null, false
		}
		each(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
			if c.Invoke1(f, v).Bool() {
				found, ok = v, true
			}
			return true
		})
		return found, ok
	}
	single := func(c *value.Call) (found value.Value, ok bool) {
		if l, isList := asIndexed(c.Thread, source(c), c.Types[0]); isList {
			switch l.Len() {
			case 0:
				return value.Null, false
			case 1:
				return l.At(0), true
			}
			c.Throw(value.InvalidOperationException, moreElements)
		}
		n := 0
		each(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
			n++
			if n == 1 {
				found = v
			}
			return n < 2
		})
		if n > 1 {
			c.Throw(value.InvalidOperationException, moreElements)
		}
		return found, n == 1
	}
	singleBy := func(c *value.Call) (found value.Value, ok bool) {
		f := predicate(c)
		spanEach(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
			if c.Invoke1(f, v).Bool() {
				if ok {
					c.Throw(value.InvalidOperationException, moreMatches)
				}
				found, ok = v, true
			}
			return true
		})
		return found, ok
	}
	type finder = func(c *value.Call) (value.Value, bool)
	must := func(f finder, message string) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			v, ok := f(c)
			if !ok {
				c.Throw(value.InvalidOperationException, message)
			}
			return v
		}
	}
	or := func(f finder, arg int) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			v, ok := f(c)
			switch {
			case ok:
				return v
			case arg > 0:
				return c.Args[arg]
			}
			return c.Zero(c.Types[0])
		}
	}
	counting := func(c *value.Call, walk func(t *value.Thread, src value.Value, elem *types.Type, f func(v value.Value) bool)) int {
		f, n := predicate(c), 0
		walk(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
			if c.Invoke1(f, v).Bool() {
				n++
			}
			return true
		})
		return n
	}
	rows := []value.Row{}
	for _, k := range []struct {
		name, doc string
		all, by   finder
	}{{"First", "The first element", first, firstBy}, {"Last", "The last element", last, lastBy}, {"Single", "The only element", single, singleBy}} {
		rows = append(rows,
			value.Row{Sig: "static TSource " + k.name + "<TSource>(this IEnumerable<TSource> source)", Doc: k.doc + ".", Func: must(k.all, noElements)},
			value.Row{Sig: "static TSource " + k.name + "<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: k.doc + " that matches.", Func: must(k.by, noMatch)},
			value.Row{Sig: "static TSource " + k.name + "OrDefault<TSource>(this IEnumerable<TSource> source)", Doc: k.doc + ", or the default.", Func: or(k.all, 0)},
			value.Row{Sig: "static TSource " + k.name + "OrDefault<TSource>(this IEnumerable<TSource> source, TSource defaultValue)", Doc: k.doc + ", or a value.", Beyond: true, Func: or(k.all, 1)},
			value.Row{Sig: "static TSource " + k.name + "OrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: k.doc + " that matches, or the default.", Func: or(k.by, 0)},
			value.Row{Sig: "static TSource " + k.name + "OrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate, TSource defaultValue)", Doc: k.doc + " that matches, or a value.", Beyond: true, Func: or(k.by, 2)},
		)
	}
	return append(rows,
		value.Row{Sig: "static TSource ElementAt<TSource>(this IEnumerable<TSource> source, int index)", Doc: "The element with an index.", Func: func(c *value.Call) value.Value {
			src, i := source(c), c.Int(1)
			if _, ok := asSequence(src, c.Types[0]); !ok {
				if l, ok := asIndexed(c.Thread, src, c.Types[0]); ok {
					// The list itself says that there is no such index.
					if _, ok := l.(*value.Array); ok && (i < 0 || i >= l.Len()) {
						c.ThrowIndex()
					}
					return listAt(c.Thread, l, i)
				}
			}
			v, ok := atOf(c.Thread, src, c.Types[0], i)
			if !ok {
				c.ThrowRange(outOfRange, "index")
			}
			return v
		}},
		value.Row{Sig: "static TSource ElementAtOrDefault<TSource>(this IEnumerable<TSource> source, int index)", Doc: "The element with an index, or the default.", Func: func(c *value.Call) value.Value {
			v, ok := atOf(c.Thread, source(c), c.Types[0], c.Int(1))
			if !ok {
				return c.Zero(c.Types[0])
			}
			return v
		}},
		value.Row{Sig: "static bool Any<TSource>(this IEnumerable<TSource> source)", Doc: "Reports whether there is an element.", Func: func(c *value.Call) value.Value {
			src := source(c)
			if n, ok := cheapCount(c.Thread, src, c.Types[0]); ok {
				return value.Bool(n != 0)
			}
			if s, ok := asSequence(src, c.Types[0]); ok {
				_, some := s.first(c.Thread)
				return value.Bool(some)
			}
			_, some := walkTo(c.Thread, src, c.Types[0], 0)
			return value.Bool(some)
		}},
		value.Row{Sig: "static bool Any<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: "Reports whether an element matches.", Func: func(c *value.Call) value.Value {
			f, some := predicate(c), false
			spanEach(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
				some = c.Invoke1(f, v).Bool()
				return !some
			})
			return value.Bool(some)
		}},
		value.Row{Sig: "static bool All<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: "Reports whether all elements match.", Func: func(c *value.Call) value.Value {
			f, all := predicate(c), true
			spanEach(c.Thread, c.Args[0], c.Types[0], func(v value.Value) bool {
				all = c.Invoke1(f, v).Bool()
				return all
			})
			return value.Bool(all)
		}},
		value.Row{Sig: "static int Count<TSource>(this IEnumerable<TSource> source)", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(countOf(c.Thread, source(c), c.Types[0])) }},
		value.Row{Sig: "static int Count<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: "The number of elements that match.", Func: func(c *value.Call) value.Value { return value.Int(counting(c, spanEach)) }},
		value.Row{Sig: "static long LongCount<TSource>(this IEnumerable<TSource> source)", Doc: "The number of elements.", Func: func(c *value.Call) value.Value {
			n := int64(0)
			each(c.Thread, source(c), c.Types[0], func(value.Value) bool { n++; return true })
			return value.Long(n)
		}},
		value.Row{Sig: "static long LongCount<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", Doc: "The number of elements that match.", Func: func(c *value.Call) value.Value { return value.Long(int64(counting(c, each))) }},
		value.Row{Sig: "static bool TryGetNonEnumeratedCount<TSource>(this IEnumerable<TSource> source, out int count)", Doc: "The number of elements, if it is known without a walk.", Beyond: true, Func: func(c *value.Call) value.Value {
			n, ok := cheapCount(c.Thread, source(c), c.Types[0])
			c.Args[1] = value.Int(n)
			return value.Bool(ok)
		}},
		value.Row{Sig: "static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value)", Doc: "Reports whether there is an element that equals a value.", Func: func(c *value.Call) value.Value {
			return value.Bool(contains(c.Thread, source(c), c.Types[0], c.Args[1]))
		}},
		value.Row{Sig: "static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value, IEqualityComparer<TSource> comparer)", Doc: "Reports whether there is an element that a comparer finds equal to a value.", Func: func(c *value.Call) value.Value {
			by, found, v := equalityOf(c.Args[2]), false, c.Args[1]
			each(c.Thread, source(c), c.Types[0], func(x value.Value) bool {
				found = same(c.Thread, by, x, v)
				return !found
			})
			return value.Bool(found)
		}},
		value.Row{Sig: "static bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", Doc: "Reports whether two sequences have equal elements.", Func: func(c *value.Call) value.Value { return sequenceEqual(c, nil) }},
		value.Row{Sig: "static bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)", Doc: "Reports whether a comparer finds the elements of two sequences equal.", Func: func(c *value.Call) value.Value {
			return sequenceEqual(c, equalityOf(c.Args[2]))
		}},
	)
}

func sequenceEqual(c *value.Call, by value.EqualityComparer) value.Value {
	c.NotNull(0, "first")
	c.NotNull(1, "second")
	n, ok := collectionCount(c.Thread, c.Args[0], c.Types[0])
	m, also := collectionCount(c.Thread, c.Args[1], c.Types[0])
	if ok && also && n != m {
		return value.False
	}
	equal := true
	a, b := c.IterateAs(c.Args[0], c.Types[0]), c.IterateAs(c.Args[1], c.Types[0])
	closing(c.Thread, a, func() {
		closing(c.Thread, b, func() {
			for equal {
				x, ok := a.Next(c.Thread)
				y, also := b.Next(c.Thread)
				if !ok || !also {
					equal = ok == also
					return
				}
				c.Step(1)
				equal = same(c.Thread, by, x, y)
			}
		})
	})
	return value.Bool(equal)
}

func contains(t *value.Thread, src value.Value, elem *types.Type, v value.Value) bool {
	if s, ok := src.Object().(*Set); ok && types.Same(s.elem(), elem) {
		return s.Has(t, v)
	}
	if s, ok := asSequence(src, elem); ok {
		return s.has(t, v)
	}
	if _, ok := src.Object().(*value.Array); !ok {
		if o := src.Object(); o != nil {
			if face := types.ICollectionT.Of(elem); types.Assignable(o.Type(), face) {
				return method(t, face, "Contains", src, v).Bool()
			}
		}
	}
	found := false
	each(t, src, elem, func(x value.Value) bool {
		found = t.Equal(x, v)
		return !found
	})
	return found
}
