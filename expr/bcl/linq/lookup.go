package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	groupingFace = types.Declare("System.Linq", "public interface IGrouping<out TKey, out TElement> : IEnumerable<TElement>")
	lookupFace   = types.Declare("System.Linq", "public interface ILookup<TKey, TElement> : IEnumerable<IGrouping<TKey, TElement>>")
	lookupDef    = types.Declare("System.Linq", "public class Lookup<TKey, TElement> : ILookup<TKey, TElement>")
	groupingDef  = types.Declare(internalNamespace, "public sealed class Grouping<TKey, TElement> : IGrouping<TKey, TElement>, IList<TElement>")
	// What ToLookup makes is internal to .NET.
	collectionLookup = types.Declare(internalNamespace, "public sealed class CollectionLookup<TKey, TElement> : Lookup<TKey, TElement>, ICollection<IGrouping<TKey, TElement>>, IReadOnlyCollection<IGrouping<TKey, TElement>>")
)

// grouping is a key with the elements that have it.
type grouping struct {
	typ *types.Type
	key value.Value
	collector
}

func (g *grouping) Type() *types.Type { return g.typ }

// Len is the number of elements.
func (g *grouping) Len() int { return len(g.items) }

// At is an element.
func (g *grouping) At(i int) value.Value { return g.items[i] }

// Iterate walks over the elements.
func (g *grouping) Iterate(*value.Thread) value.Iterator {
	i := 0
	return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
		if i >= len(g.items) {
			return value.Null, false
		}
		i++
		return g.items[i-1], true
	})
}

// lookup is elements by key, the keys in the order in which they came.
type lookup struct {
	typ    *types.Type
	group  *types.Type
	elem   *types.Type
	groups []*grouping
	index  value.Hashed
}

func newLookup(key, elem *types.Type, comparer value.EqualityComparer) *lookup {
	key, elem = key.Plain(), elem.Plain()
	l := &lookup{typ: collectionLookup.Of(key, elem), group: groupingDef.Of(key, elem), elem: elem}
	l.index.SetComparer(comparer)
	return l
}

func (l *lookup) Type() *types.Type { return l.typ }

// Len is the number of keys.
func (l *lookup) Len() int { return len(l.groups) }

func (l *lookup) get(t *value.Thread, key value.Value) *grouping {
	if i, ok := l.index.Get(t, key); ok {
		return l.groups[i.Int()]
	}
	return nil
}

func (l *lookup) add(t *value.Thread, key, v value.Value) {
	g := l.get(t, key)
	if g == nil {
		t.Alloc(160)
		g = &grouping{typ: l.group, key: key}
		l.index.Add(t, key, value.Int(len(l.groups)))
		l.groups = append(l.groups, g)
	}
	g.add(t, v)
}

// at is the elements of a key: none are an empty array.
func (l *lookup) at(t *value.Thread, key value.Value) value.Value {
	if g := l.get(t, key); g != nil {
		return value.Of(g)
	}
	return emptyArray(t, l.elem)
}

// Iterate walks over the groups.
func (l *lookup) Iterate(*value.Thread) value.Iterator {
	i := 0
	return value.IteratorFunc(func(*value.Thread) (value.Value, bool) {
		if i >= len(l.groups) {
			return value.Null, false
		}
		i++
		return value.Of(l.groups[i-1]), true
	})
}

// look makes a lookup of a source.
func look(t *value.Thread, src value.Value, from, key, elem *types.Type, by, pick value.Value, comparer value.EqualityComparer) *lookup {
	l := newLookup(key, elem, comparer)
	each(t, src, from, func(v value.Value) bool {
		k := t.Invoke1(by, v)
		if !pick.IsNull() {
			v = t.Invoke1(pick, v)
		}
		l.add(t, k, v)
		return true
	})
	return l
}

// lookForJoin leaves out what has no key.
func lookForJoin(t *value.Thread, src value.Value, from, key *types.Type, by value.Value, comparer value.EqualityComparer) *lookup {
	l := newLookup(key, from, comparer)
	each(t, src, from, func(v value.Value) bool {
		if k := t.Invoke1(by, v); !k.IsNull() {
			l.add(t, k, v)
		}
		return true
	})
	return l
}

// grouped is GroupBy.
type grouped struct {
	seq
	src       value.Value
	from, key *types.Type
	value     *types.Type
	by, pick  value.Value // pick may be null
	result    value.Value // likewise
	comparer  value.EqualityComparer
}

func (g *grouped) look(t *value.Thread) *lookup {
	return look(t, g.src, g.from, g.key, g.value, g.by, g.pick, g.comparer)
}

// give is what comes of a group.
func (g *grouped) give(t *value.Thread, k *grouping) value.Value {
	if g.result.IsNull() {
		return value.Of(k)
	}
	return t.Invoke2(g.result, k.key, t.ArrayOf(g.value.Plain(), k.items))
}

func (g *grouped) Iterate(*value.Thread) value.Iterator {
	var l *lookup
	i := 0
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if l == nil {
			l = g.look(t)
		}
		if i >= len(l.groups) {
			return value.Null, false
		}
		i++
		return g.give(t, l.groups[i-1]), true
	})
}

func (g *grouped) count(t *value.Thread, cheap bool) int {
	if cheap {
		return -1
	}
	return len(g.look(t).groups)
}

// groupBy makes the row function of a GroupBy: pick, result and comparer are
// the indexes of arguments, 0 for none.
func groupBy(pick, result, comparer int) func(c *value.Call) value.Value {
	return func(c *value.Call) value.Value {
		c.NotNull(0, "source")
		c.NotNull(1, "keySelector")
		g := &grouped{src: c.Args[0], from: c.Types[0], key: c.Types[1], value: c.Types[0], by: c.Args[1]}
		to := c.Types[len(c.Types)-1]
		if pick > 0 {
			c.NotNull(pick, "elementSelector")
			g.pick, g.value = c.Args[pick], c.Types[2]
		}
		if result > 0 {
			c.NotNull(result, "resultSelector")
			g.result = c.Args[result]
		} else {
			to = groupingFace.Of(g.key, g.value)
		}
		if comparer > 0 {
			g.comparer = equalityOf(c.Args[comparer])
		}
		if isEmptyArray(g.src, g.from) {
			return emptyArray(c.Thread, to)
		}
		g.make(c.Thread, g, to, g.src)
		return value.Of(g)
	}
}

func toLookup(pick, comparer int) func(c *value.Call) value.Value {
	return func(c *value.Call) value.Value {
		c.NotNull(0, "source")
		c.NotNull(1, "keySelector")
		f, elem := value.Null, c.Types[0]
		if pick > 0 {
			c.NotNull(pick, "elementSelector")
			f, elem = c.Args[pick], c.Types[2]
		}
		var by value.EqualityComparer
		if comparer > 0 {
			by = equalityOf(c.Args[comparer])
		}
		return value.Of(look(c.Thread, c.Args[0], c.Types[0], c.Types[1], elem, c.Args[1], f, by))
	}
}

// groups are the rows of GroupBy, ToLookup and the joins.
func groups() []value.Row {
	const doc = "Groups elements by key."
	rows := []value.Row{
		{Sig: "static IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", Doc: doc, Func: groupBy(0, 0, 0)},
		{Sig: "static IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: groupBy(0, 0, 2)},
		{Sig: "static IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)", Doc: doc, Func: groupBy(2, 0, 0)},
		{Sig: "static IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: groupBy(2, 0, 3)},
		{Sig: "static IEnumerable<TResult> GroupBy<TSource, TKey, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, IEnumerable<TSource>, TResult> resultSelector)", Doc: doc, Func: groupBy(0, 2, 0)},
		{Sig: "static IEnumerable<TResult> GroupBy<TSource, TKey, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, IEnumerable<TSource>, TResult> resultSelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: groupBy(0, 2, 3)},
		{Sig: "static IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector)", Doc: doc, Func: groupBy(2, 3, 0)},
		{Sig: "static IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: groupBy(2, 3, 4)},
		{Sig: "static ILookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", Doc: doc, Func: toLookup(0, 0)},
		{Sig: "static ILookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: toLookup(0, 2)},
		{Sig: "static ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)", Doc: doc, Func: toLookup(2, 0)},
		{Sig: "static ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)", Doc: doc, Func: toLookup(2, 3)},
	}
	for _, withComparer := range []bool{false, true} {
		more := ")"
		by := func(*value.Call) value.EqualityComparer { return nil }
		if withComparer {
			more = ", IEqualityComparer<TKey> comparer)"
			by = func(c *value.Call) value.EqualityComparer { return equalityOf(c.Args[5]) }
		}
		const head = "<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, "
		rows = append(rows,
			value.Row{Sig: "static IEnumerable<TResult> Join" + head + "TInner, TResult> resultSelector" + more, Doc: "Joins the elements of two sequences that have the same key.", Func: func(c *value.Call) value.Value { return newJoin(c, by(c)) }},
			value.Row{Sig: "static IEnumerable<TResult> GroupJoin" + head + "IEnumerable<TInner>, TResult> resultSelector" + more, Doc: "Joins elements with all those of another sequence that have the same key.", Func: func(c *value.Call) value.Value { return newGroupJoin(c, by(c)) }},
			value.Row{Sig: "static IEnumerable<TResult> LeftJoin" + head + "TInner, TResult> resultSelector" + more, Doc: "Joins the elements of two sequences that have the same key, and those of the first that have no partner with a default.", Beyond: true, Func: func(c *value.Call) value.Value { return newLeftJoin(c, by(c)) }},
			value.Row{Sig: "static IEnumerable<TResult> RightJoin" + head + "TInner, TResult> resultSelector" + more, Doc: "Joins the elements of two sequences that have the same key, and those of the second that have no partner with a default.", Beyond: true, Func: func(c *value.Call) value.Value { return newRightJoin(c, by(c)) }},
		)
	}
	return rows
}

// joining holds the arguments of a join.
type joining struct {
	outer, inner       value.Value
	from, to           *types.Type
	key                *types.Type
	outerKey, innerKey value.Value
	result             value.Value
	comparer           value.EqualityComparer
}

func joinOf(c *value.Call, comparer value.EqualityComparer) *joining {
	for i, name := range []string{"outer", "inner", "outerKeySelector", "innerKeySelector", "resultSelector"} {
		c.NotNull(i, name)
	}
	return &joining{c.Args[0], c.Args[1], c.Types[0], c.Types[1], c.Types[2], c.Args[2], c.Args[3], c.Args[4], comparer}
}

// walk makes the sequence of a join: with gives the partners of an outer
// element.
func (j *joining) walk(c *value.Call, needsInner bool, with func(t *value.Thread, l *lookup, x value.Value) []value.Value) value.Value {
	if isEmptyArray(j.outer, j.from) {
		return emptyArray(c.Thread, c.Types[3])
	}
	return generate(c.Thread, c.Types[3], []value.Value{j.outer, j.inner}, func(t *value.Thread) value.Iterator {
		it := t.IterateAs(j.outer, j.from)
		var l *lookup
		var x value.Value
		var partners []value.Value
		return over(it, func(t *value.Thread) (value.Value, bool) {
			for {
				if len(partners) > 0 {
					p := partners[0]
					partners = partners[1:]
					return t.Invoke2(j.result, x, p), true
				}
				v, ok := it.Next(t)
				if !ok {
					return value.Null, false
				}
				t.Step(1)
				if l == nil {
					l = lookForJoin(t, j.inner, j.to, j.key, j.innerKey, j.comparer)
				}
				if needsInner && len(l.groups) == 0 {
					// Without partners .NET does not look at the other outer elements.
					if k, ok := it.(value.Closer); ok {
						k.Close(t)
					}
					return value.Null, false
				}
				x = v
				partners = with(t, l, v)
			}
		})
	})
}

func newJoin(c *value.Call, comparer value.EqualityComparer) value.Value {
	j := joinOf(c, comparer)
	return j.walk(c, true, func(t *value.Thread, l *lookup, x value.Value) []value.Value {
		if g := l.get(t, t.Invoke1(j.outerKey, x)); g != nil {
			return g.items
		}
		return nil
	})
}

func newGroupJoin(c *value.Call, comparer value.EqualityComparer) value.Value {
	j := joinOf(c, comparer)
	return j.walk(c, false, func(t *value.Thread, l *lookup, x value.Value) []value.Value {
		t.Alloc(valueSize)
		return []value.Value{l.at(t, t.Invoke1(j.outerKey, x))}
	})
}

func newLeftJoin(c *value.Call, comparer value.EqualityComparer) value.Value {
	j := joinOf(c, comparer)
	return j.walk(c, false, func(t *value.Thread, l *lookup, x value.Value) []value.Value {
		if g := l.get(t, t.Invoke1(j.outerKey, x)); g != nil {
			return g.items
		}
		t.Alloc(valueSize)
		return []value.Value{t.Zero(j.to)}
	})
}

func newRightJoin(c *value.Call, comparer value.EqualityComparer) value.Value {
	j := joinOf(c, comparer)
	if isEmptyArray(j.inner, j.to) {
		return emptyArray(c.Thread, c.Types[3])
	}
	return generate(c.Thread, c.Types[3], []value.Value{j.outer, j.inner}, func(t *value.Thread) value.Iterator {
		it := t.IterateAs(j.inner, j.to)
		var l *lookup
		var y value.Value
		var partners []value.Value
		return over(it, func(t *value.Thread) (value.Value, bool) {
			for {
				if len(partners) > 0 {
					p := partners[0]
					partners = partners[1:]
					return t.Invoke2(j.result, p, y), true
				}
				v, ok := it.Next(t)
				if !ok {
					return value.Null, false
				}
				if l == nil {
					l = lookForJoin(t, j.outer, j.from, j.key, j.outerKey, j.comparer)
				}
				y = v
				if g := l.get(t, t.Invoke1(j.innerKey, v)); g != nil {
					partners = g.items
				} else {
					partners = []value.Value{t.Zero(j.from)}
				}
			}
		})
	})
}

func lookups() []value.Members {
	this := func(c *value.Call) *lookup { return c.This.Object().(*lookup) }
	rows := []value.Row{
		{Sig: "int Count { get; }", Doc: "The number of keys.", Func: func(c *value.Call) value.Value { return value.Int(len(this(c).groups)) }},
		{Sig: "IEnumerable<TElement> this[TKey key] { get; }", Doc: "The elements of a key.", Func: func(c *value.Call) value.Value { return this(c).at(c.Thread, c.Args[0]) }},
		{Sig: "bool Contains(TKey key)", Doc: "Reports whether there is a key.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).get(c.Thread, c.Args[0]) != nil) }},
	}
	class := append(append([]value.Row(nil), rows...),
		value.Row{Sig: "IEnumerator<IGrouping<TKey, TElement>> GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
			return value.Of(c.NewEnumerator(types.IEnumeratorT.Of(groupingFace.Of(this(c).typ.Args()...)), c.This))
		}},
		value.Row{Sig: "IEnumerable<TResult> ApplyResultSelector<TResult>(Func<TKey, IEnumerable<TElement>, TResult> resultSelector)", Doc: "A function of every key with its elements.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "resultSelector")
			l, f := this(c), c.Args[0]
			return generate(c.Thread, c.Types[0], nil, func(*value.Thread) value.Iterator {
				i := 0
				return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
					if i >= len(l.groups) {
						return value.Null, false
					}
					i++
					return t.Invoke2(f, l.groups[i-1].key, t.ArrayOf(l.elem, l.groups[i-1].items)), true
				})
			})
		}})
	frozen := unsupported("Specified method is not supported.")
	listRows := func(of func(c *value.Call) indexed) []value.Row {
		get := func(c *value.Call) value.Value {
			l, i := of(c), c.Int(0)
			if i < 0 || i >= l.Len() {
				c.ThrowRange("Specified argument was out of the range of valid values.", "index")
			}
			return l.At(i)
		}
		index := func(c *value.Call) int {
			for i := range of(c).Len() {
				c.Step(1)
				if c.Equal(of(c).At(i), c.Args[0]) {
					return i
				}
			}
			return -1
		}
		return []value.Row{
			{Sig: "int ICollection<T>.Count { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(of(c).Len()) }},
			{Sig: "int IReadOnlyCollection<T>.Count { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(of(c).Len()) }},
			{Sig: "bool ICollection<T>.IsReadOnly { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
			{Sig: "T IList<T>.this[int index] { get; set; }", Doc: "An element.", Func: get, Set: func(c *value.Call) { frozen(c) }},
			{Sig: "T IReadOnlyList<T>.this[int index] { get; }", Doc: "An element.", Func: get},
			{Sig: "bool ICollection<T>.Contains(T item)", Doc: "Reports whether there is an element that equals a value.", Func: func(c *value.Call) value.Value { return value.Bool(index(c) >= 0) }},
			{Sig: "int IList<T>.IndexOf(T item)", Doc: "The index of a value, or -1.", Func: func(c *value.Call) value.Value { return value.Int(index(c)) }},
			{Sig: "void ICollection<T>.CopyTo(T[] array, int arrayIndex)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) {
				items := make([]value.Value, 0, of(c).Len())
				for i := range of(c).Len() {
					items = append(items, of(c).At(i))
				}
				copyTo(c, items, 0, c.Args[0], c.Int(1), len(items))
			})},
			{Sig: "void ICollection<T>.Add(T item)", Doc: "The sequence cannot be changed.", Func: frozen},
			{Sig: "void ICollection<T>.Clear()", Doc: "The sequence cannot be changed.", Func: frozen},
			{Sig: "bool ICollection<T>.Remove(T item)", Doc: "The sequence cannot be changed.", Func: frozen},
			{Sig: "void IList<T>.Insert(int index, T item)", Doc: "The sequence cannot be changed.", Func: frozen},
			{Sig: "void IList<T>.RemoveAt(int index)", Doc: "The sequence cannot be changed.", Func: frozen},
		}
	}
	of := func(c *value.Call) indexed { return c.This.Object().(indexed) }
	var groupRows []value.Row
	for _, r := range listRows(of) {
		r.Sig = renamed(r.Sig)
		if r.Sig != "" {
			groupRows = append(groupRows, r)
		}
	}
	return []value.Members{
		{Def: groupingFace, Doc: "A key with the elements that have it.", Rows: []value.Row{
			{Sig: "TKey Key { get; }", Doc: "The key.", Func: func(c *value.Call) value.Value { return c.This.Object().(*grouping).key }},
		}},
		{Def: lookupFace, Doc: "Elements by key.", Rows: rows},
		{Def: lookupDef, Doc: "Elements by key.", Rows: class},
		{Def: orderedDef, Doc: "A sequence in an order that ThenBy can refine.", Rows: []value.Row{
			{Sig: "IOrderedEnumerable<TElement> CreateOrderedEnumerable<TKey>(Func<TElement, TKey> keySelector, IComparer<TKey> comparer, bool descending)", Doc: "The sequence in a finer order.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "keySelector")
				o := c.This.Object().(*ordered)
				return value.Of(newOrdered(c.Thread, o.src, o.elem, c.Args[0], c.Args[1], c.Bool(2), o))
			}},
		}},
		{Def: groupingDef, Doc: "A group.", Beyond: true, Rows: groupRows},
		{Def: collectionLookup, Doc: "Elements by key.", Beyond: true, Rows: []value.Row{
			{Sig: "bool ICollection<IGrouping<TKey, TElement>>.IsReadOnly { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
			{Sig: "bool ICollection<IGrouping<TKey, TElement>>.Contains(IGrouping<TKey, TElement> item)", Doc: "Reports whether there is a group.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "item")
				g := this(c).get(c.Thread, c.Args[0].Object().(*grouping).key)
				return value.Bool(g != nil && value.Same(value.Of(g), c.Args[0]))
			}},
		}},
		{Def: orderedIterator, Doc: "A sequence in order.", Beyond: true},
		{Def: listIterator, Doc: "A sequence that is a list.", Beyond: true, Rows: listRows(of)},
	}
}
