package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var pairStatics = types.Declare("System.Collections.Generic", "public static class KeyValuePair")

func arrayArg(c *value.Call, i int, name string) *value.Array {
	c.NotNull(i, name)
	return c.Args[i].Object().(*value.Array)
}

// arrayItems is a copy of a part of an array.
func arrayItems(c *value.Call, a *value.Array, from, n int) []value.Value {
	c.Alloc(n * valueSize)
	out := make([]value.Value, n)
	for i := range out {
		out[i] = a.At(from + i)
	}
	return out
}

// checkPart checks a range of an array as Array.Sort and BinarySearch do.
func checkPart(c *value.Call, a *value.Array, index, length int) {
	switch {
	case index < 0:
		c.ThrowRange(needNonNegative, "index")
	case length < 0:
		c.ThrowRange(needNonNegative, "length")
	case a.Len()-index < length:
		c.ThrowArgument(value.ArgumentException, badSpan, "")
	}
}

func sortPart(c *value.Call, a *value.Array, from, n int, compare func(a, b value.Value) int) {
	items := arrayItems(c, a, from, n)
	c.Sort(items, compare)
	for i, v := range items {
		a.Set(from+i, v)
	}
}

// sortKeys sorts a part of an array of keys, and moves items along.
func sortKeys(c *value.Call, keys *value.Array, items value.Value, from, n int, compare func(a, b value.Value) int) {
	b, ok := items.Object().(*value.Array)
	if !ok {
		sortPart(c, keys, from, n, compare)
		return
	}
	if b.Len()-from < n {
		c.ThrowArgument(value.ArgumentException, badSpan, "")
	}
	k, v := arrayItems(c, keys, from, n), arrayItems(c, b, from, n)
	at := make([]value.Value, n)
	c.Alloc(n * valueSize)
	for i := range at {
		at[i] = value.Int(i)
	}
	c.Sort(at, func(x, y value.Value) int { return compare(k[x.Int()], k[y.Int()]) })
	for i, x := range at {
		keys.Set(from+i, k[x.Int()])
		b.Set(from+i, v[x.Int()])
	}
}

// arrays are the rows of System.Array that are about searching and sorting
// parts of arrays.
func arrays() value.Members {
	match := func(c *value.Call, i int) value.Value {
		c.NotNull(i, "match")
		return c.Args[i]
	}
	forward := func(c *value.Call, a *value.Array, from, n int, is func(v value.Value) bool) value.Value {
		for i := from; i < from+n; i++ {
			c.Step(1)
			if is(a.At(i)) {
				return value.Int(i)
			}
		}
		return value.Int(-1)
	}
	backward := func(c *value.Call, a *value.Array, from, n int, is func(v value.Value) bool) value.Value {
		for i := from; i > from-n; i-- {
			c.Step(1)
			if is(a.At(i)) {
				return value.Int(i)
			}
		}
		return value.Int(-1)
	}
	equals := func(c *value.Call) func(v value.Value) bool {
		return func(v value.Value) bool { return c.Equal(v, c.Args[1]) }
	}
	matches := func(c *value.Call, f value.Value) func(v value.Value) bool {
		return func(v value.Value) bool { return c.Invoke1(f, v).Bool() }
	}
	start := func(c *value.Call, a *value.Array, i, n int) {
		if i < 0 || i > a.Len() {
			c.ThrowRange(mustBeAtMost, "startIndex")
		}
		if n < 0 || i > a.Len()-n {
			c.ThrowRange(badCount, "count")
		}
	}
	// last checks a range that ends at an index; of an empty array .NET allows 0
	// and -1.
	last := func(c *value.Call, a *value.Array, i, n int) bool {
		if a.Len() == 0 {
			if i != -1 && i != 0 {
				c.ThrowRange(mustBeLess, "startIndex")
			}
			if n != 0 {
				c.ThrowRange(badCount, "count")
			}
			return false
		}
		if i < 0 || i >= a.Len() {
			c.ThrowRange(mustBeLess, "startIndex")
		}
		if n < 0 || i-n+1 < 0 {
			c.ThrowRange(badCount, "count")
		}
		return true
	}
	indexOf := func(from, count int) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			a := arrayArg(c, 0, "array")
			i := c.Int(from)
			n := a.Len() - i
			if count > 0 {
				n = c.Int(count)
			}
			start(c, a, i, n)
			return forward(c, a, i, n, equals(c))
		}
	}
	lastIndexOf := func(from, count int) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			a := arrayArg(c, 0, "array")
			i := a.Len() - 1
			if from > 0 {
				i = c.Int(from)
			}
			n := i + 1
			if count > 0 {
				n = c.Int(count)
			}
			if a.Len() == 0 && count == 0 {
				n = 0
			}
			if !last(c, a, i, n) {
				return value.Int(-1)
			}
			return backward(c, a, i, n, equals(c))
		}
	}
	findIndex := func(count, f int) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			a, i := arrayArg(c, 0, "array"), c.Int(1)
			n := a.Len() - i
			if count > 0 {
				n = c.Int(count)
			}
			start(c, a, i, n)
			return forward(c, a, i, n, matches(c, match(c, f)))
		}
	}
	findLastIndex := func(count, f int) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			a, i := arrayArg(c, 0, "array"), c.Int(1)
			p := match(c, f)
			n := i + 1
			if count > 0 {
				n = c.Int(count)
			}
			if a.Len() == 0 && i == -1 {
				return value.Int(-1)
			}
			last(c, a, i, n)
			return backward(c, a, i, n, matches(c, p))
		}
	}
	sortBy := func(comparer int) func(c *value.Call) {
		return func(c *value.Call) {
			a := arrayArg(c, 0, "array")
			sortPart(c, a, 0, a.Len(), comparing(c.Thread, c.Args[comparer]))
		}
	}
	sortRange := func(comparer int) func(c *value.Call) {
		return func(c *value.Call) {
			a := arrayArg(c, 0, "array")
			checkPart(c, a, c.Int(1), c.Int(2))
			compare := c.Compare
			if comparer > 0 {
				compare = comparing(c.Thread, c.Args[comparer])
			}
			sortPart(c, a, c.Int(1), c.Int(2), compare)
		}
	}
	sortPairs := func(at, comparer int) func(c *value.Call) {
		return func(c *value.Call) {
			keys := arrayArg(c, 0, "keys")
			from, n := 0, keys.Len()
			if at > 0 {
				from, n = c.Int(at), c.Int(at+1)
				checkPart(c, keys, from, n)
			}
			compare := c.Compare
			if comparer > 0 {
				compare = comparing(c.Thread, c.Args[comparer])
			}
			sortKeys(c, keys, c.Args[1], from, n, compare)
		}
	}
	searchIn := func(at, v, comparer int) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			a := arrayArg(c, 0, "array")
			from, n := 0, a.Len()
			if at > 0 {
				from, n = c.Int(at), c.Int(at+1)
				checkPart(c, a, from, n)
			}
			compare := c.Compare
			if comparer > 0 {
				compare = comparing(c.Thread, c.Args[comparer])
			}
			return search(c, arrayItems(c, a, 0, a.Len()), from, n, c.Args[v], comparingIn(c, compare))
		}
	}
	const first, end = "The index of the first element of a part that equals a value, or -1.", "The index of the last element of a part that equals a value, or -1."
	const sorts, moves, finds = "Sorts a part by a comparer.", "Sorts keys and moves items along.", "The index of a value in a sorted part, or the complement of where it would be."
	return value.Members{Def: types.ArrayBase.Def(), Rows: []value.Row{
		{Sig: "static int IndexOf(Array array, object value, int startIndex)", Doc: first, Func: indexOf(2, 0)},
		{Sig: "static int IndexOf(Array array, object value, int startIndex, int count)", Doc: first, Func: indexOf(2, 3)},
		{Sig: "static int LastIndexOf(Array array, object value)", Doc: end, Func: lastIndexOf(0, 0)},
		{Sig: "static int LastIndexOf(Array array, object value, int startIndex)", Doc: end, Func: lastIndexOf(2, 0)},
		{Sig: "static int LastIndexOf(Array array, object value, int startIndex, int count)", Doc: end, Func: lastIndexOf(2, 3)},
		{Sig: "static int LastIndexOf<T>(T[] array, T value, int startIndex)", Doc: end, Func: lastIndexOf(2, 0)},
		{Sig: "static int LastIndexOf<T>(T[] array, T value, int startIndex, int count)", Doc: end, Func: lastIndexOf(2, 3)},
		{Sig: "static int FindIndex<T>(T[] array, int startIndex, Predicate<T> match)", Doc: "The index of the first element of a part that matches, or -1.", Func: findIndex(0, 2)},
		{Sig: "static int FindIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)", Doc: "The index of the first element of a part that matches, or -1.", Func: findIndex(2, 3)},
		{Sig: "static int FindLastIndex<T>(T[] array, int startIndex, Predicate<T> match)", Doc: "The index of the last element of a part that matches, or -1.", Func: findLastIndex(0, 2)},
		{Sig: "static int FindLastIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)", Doc: "The index of the last element of a part that matches, or -1.", Func: findLastIndex(2, 3)},
		{Sig: "static void Sort(Array array, IComparer comparer)", Doc: sorts, Func: void(sortBy(1))},
		{Sig: "static void Sort(Array array, int index, int length)", Doc: sorts, Func: void(sortRange(0))},
		{Sig: "static void Sort(Array array, int index, int length, IComparer comparer)", Doc: sorts, Func: void(sortRange(3))},
		{Sig: "static void Sort<T>(T[] array, int index, int length, IComparer<T> comparer)", Doc: sorts, Func: void(sortRange(3))},
		{Sig: "static void Sort(Array keys, Array items, IComparer comparer)", Doc: moves, Func: void(sortPairs(0, 2))},
		{Sig: "static void Sort(Array keys, Array items, int index, int length)", Doc: moves, Func: void(sortPairs(2, 0))},
		{Sig: "static void Sort(Array keys, Array items, int index, int length, IComparer comparer)", Doc: moves, Func: void(sortPairs(2, 4))},
		{Sig: "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items, IComparer<TKey> comparer)", Doc: moves, Func: void(sortPairs(0, 2))},
		{Sig: "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items, int index, int length)", Doc: moves, Func: void(sortPairs(2, 0))},
		{Sig: "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items, int index, int length, IComparer<TKey> comparer)", Doc: moves, Func: void(sortPairs(2, 4))},
		{Sig: "static int BinarySearch(Array array, object value, IComparer comparer)", Doc: finds, Func: searchIn(0, 1, 2)},
		{Sig: "static int BinarySearch(Array array, int index, int length, object value)", Doc: finds, Func: searchIn(1, 3, 0)},
		{Sig: "static int BinarySearch(Array array, int index, int length, object value, IComparer comparer)", Doc: finds, Func: searchIn(1, 3, 4)},
		{Sig: "static int BinarySearch<T>(T[] array, int index, int length, T value)", Doc: finds, Func: searchIn(1, 3, 0)},
		{Sig: "static int BinarySearch<T>(T[] array, int index, int length, T value, IComparer<T> comparer)", Doc: finds, Func: searchIn(1, 3, 4)},
		{Sig: "static void Fill<T>(T[] array, T value, int startIndex, int count)", Doc: "Sets a part of the elements to a value.", Func: void(func(c *value.Call) {
			a, i, n := arrayArg(c, 0, "array"), c.Int(2), c.Int(3)
			start(c, a, i, n)
			c.Step(n)
			for k := i; k < i+n; k++ {
				a.Set(k, c.Args[1])
			}
		})},
	}}
}

// faces are rows of the interfaces of collections whose answer depends only on
// what kind of collection it is.
func faces() []value.Members {
	fixed := func(c *value.Call) value.Value {
		switch c.This.Object().(type) {
		case *value.Array, *readOnly:
			return value.True
		}
		return value.False
	}
	frozen := func(c *value.Call) value.Value {
		_, ok := c.This.Object().(*readOnly)
		return value.Bool(ok)
	}
	never := func(*value.Call) value.Value { return value.False }
	return []value.Members{
		{Def: types.IList.Def(), Beyond: true, Rows: []value.Row{
			{Sig: "bool IsFixedSize { get; }", Doc: "Reports whether elements can neither come nor go.", Func: fixed},
			{Sig: "bool IsReadOnly { get; }", Doc: "Reports whether the list cannot be changed.", Func: frozen},
		}},
		{Def: types.IDictionary.Def(), Beyond: true, Rows: []value.Row{
			{Sig: "bool IsFixedSize { get; }", Doc: "Reports whether entries can neither come nor go.", Func: never},
			{Sig: "bool IsReadOnly { get; }", Doc: "Reports whether the dictionary cannot be changed.", Func: never},
		}},
		{Def: types.ICollection.Def(), Beyond: true, Rows: []value.Row{
			{Sig: "bool IsSynchronized { get; }", Doc: "Always false.", Func: never},
			{Sig: "void CopyTo(Array array, int index)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) {
				items := buffer(c.Thread, c.This, types.Object)
				if _, ok := c.This.Object().(*value.Array); ok {
					copyTo(c, items, 0, c.Args[0], c.Int(1), len(items))
					return
				}
				copyInto(c, items, c.Int(1), "index")
			})},
		}},
		{Def: pairStatics, Doc: "Makes pairs.", Beyond: true, Rows: []value.Row{
			{Sig: "static KeyValuePair<TKey, TValue> Create<TKey, TValue>(TKey key, TValue value)", Doc: "A pair.", Func: func(c *value.Call) value.Value {
				c.Alloc(80)
				return value.Pair(types.KeyValuePair.Of(c.Types[0].Plain(), c.Types[1].Plain()), c.Args[0], c.Args[1])
			}},
		}},
	}
}
