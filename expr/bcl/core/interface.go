package core

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func enumerator(c *value.Call) *value.Enumerator {
	e, ok := c.This.Object().(*value.Enumerator)
	if !ok {
		c.Throw(value.NotSupportedException, "Specified method is not supported.")
	}
	return e
}

// interfaces are those of collections, comparison and disposal. Most rows have
// no function: the objects' own types do.
func interfaces() []value.Members {
	dispatch := func(doc string, sigs ...string) []value.Row {
		var rows []value.Row
		for _, s := range sigs {
			rows = append(rows, value.Row{Sig: s, Doc: doc})
		}
		return rows
	}
	ofT := func(c *value.Call) *types.Type { return types.IEnumeratorT.Of(c.Owner.Args()[0]) }
	return []value.Members{
		{Def: types.IEnumerable.Def(), Doc: "A sequence of objects.", Rows: []value.Row{
			{Sig: "IEnumerator GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value { return value.Of(c.NewEnumerator(types.IEnumerator, c.This)) }},
		}},
		{Def: types.IEnumerableT, Doc: "A sequence.", Rows: []value.Row{
			{Sig: "IEnumerator<T> GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value { return value.Of(c.NewEnumerator(ofT(c), c.This)) }},
		}},
		{Def: types.IEnumerator.Def(), Doc: "A walk over a sequence.", Rows: []value.Row{
			{Sig: "bool MoveNext()", Doc: "Goes on to the next element.", Func: func(c *value.Call) value.Value { return value.Bool(enumerator(c).MoveNext(c.Thread)) }},
			{Sig: "object Current { get; }", Doc: "The element.", Func: func(c *value.Call) value.Value { return enumerator(c).Standing(c.Thread, true) }},
			{Sig: "void Reset()", Doc: "Goes back before the first element.", Func: func(c *value.Call) value.Value {
				enumerator(c).Reset(c.Thread)
				return value.Null
			}},
		}},
		{Def: types.IEnumeratorT, Doc: "A walk over a sequence.", Rows: []value.Row{
			{Sig: "T Current { get; }", Doc: "The element.", Func: func(c *value.Call) value.Value { return enumerator(c).Standing(c.Thread, false) }},
		}},
		{Def: types.IDisposable.Def(), Doc: "Something to be let go of.", Rows: []value.Row{
			{Sig: "void Dispose()", Doc: "Lets go.", Func: func(c *value.Call) value.Value {
				c.Dispose(c.This)
				return value.Null
			}},
		}},
		{Def: types.ICollection.Def(), Doc: "A collection of objects.", Beyond: true, Rows: dispatch("Of a collection.", "int Count { get; }")},
		{Def: types.IList.Def(), Doc: "A list of objects.", Beyond: true, Rows: dispatch("Of a list.", "object this[int index] { get; set; }", "int Add(object value)", "bool Contains(object value)", "void Clear()", "int IndexOf(object value)", "void Insert(int index, object value)", "void Remove(object value)", "void RemoveAt(int index)")},
		{Def: types.IDictionary.Def(), Doc: "A dictionary of objects.", Beyond: true, Rows: dispatch("Of a dictionary.", "object this[object key] { get; set; }", "ICollection Keys { get; }", "ICollection Values { get; }", "bool Contains(object key)", "void Add(object key, object value)", "void Clear()", "void Remove(object key)")},
		{Def: types.ICollectionT, Doc: "A collection.", Rows: dispatch("Of a collection.", "int Count { get; }", "bool IsReadOnly { get; }", "void Add(T item)", "void Clear()", "bool Contains(T item)", "void CopyTo(T[] array, int arrayIndex)", "bool Remove(T item)")},
		{Def: types.IListT, Doc: "A list.", Rows: dispatch("Of a list.", "T this[int index] { get; set; }", "int IndexOf(T item)", "void Insert(int index, T item)", "void RemoveAt(int index)")},
		{Def: types.ISetT, Doc: "A set.", Rows: dispatch("Of a set.", "bool Add(T item)", "void UnionWith(IEnumerable<T> other)", "void IntersectWith(IEnumerable<T> other)", "void ExceptWith(IEnumerable<T> other)", "void SymmetricExceptWith(IEnumerable<T> other)", "bool IsSubsetOf(IEnumerable<T> other)", "bool IsSupersetOf(IEnumerable<T> other)", "bool IsProperSupersetOf(IEnumerable<T> other)", "bool IsProperSubsetOf(IEnumerable<T> other)", "bool Overlaps(IEnumerable<T> other)", "bool SetEquals(IEnumerable<T> other)")},
		{Def: types.IReadOnlyCollT, Doc: "A collection that cannot be changed through this view.", Rows: dispatch("Of a collection.", "int Count { get; }")},
		{Def: types.IReadOnlyListT, Doc: "A list that cannot be changed through this view.", Beyond: true, Rows: dispatch("Of a list.", "T this[int index] { get; }")},
		{Def: types.IDictionaryT, Doc: "A dictionary.", Rows: dispatch("Of a dictionary.", "TValue this[TKey key] { get; set; }", "ICollection<TKey> Keys { get; }", "ICollection<TValue> Values { get; }", "bool ContainsKey(TKey key)", "void Add(TKey key, TValue value)", "bool Remove(TKey key)", "bool TryGetValue(TKey key, out TValue value)")},
		{Def: types.IReadOnlyDictT, Doc: "A dictionary that cannot be changed through this view.", Rows: dispatch("Of a dictionary.", "bool ContainsKey(TKey key)", "bool TryGetValue(TKey key, out TValue value)", "TValue this[TKey key] { get; }", "IEnumerable<TKey> Keys { get; }", "IEnumerable<TValue> Values { get; }")},
		{Def: types.IComparable.Def(), Doc: "Something with an order.", Beyond: true, Rows: []value.Row{
			{Sig: "int CompareTo(object obj)", Doc: "Compares with another.", Func: compareTo},
		}},
		{Def: types.IComparableT, Doc: "Something with an order.", Beyond: true, Rows: []value.Row{
			{Sig: "int CompareTo(T other)", Doc: "Compares with another.", Func: compareTo},
		}},
		{Def: types.IEquatableT, Doc: "Something with an equality of its own.", Beyond: true, Rows: []value.Row{
			{Sig: "bool Equals(T other)", Doc: "Reports whether it equals another.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.This, c.Args[0])) }},
		}},
		{Def: types.IFormattable.Def(), Doc: "Something with formats.", Beyond: true, Rows: []value.Row{
			{Sig: "string ToString(string format, IFormatProvider formatProvider)", Doc: "The value in a format.", Func: func(c *value.Call) value.Value {
				return value.String(c.Format(c.This, c.Str(0), c.Args[1]))
			}},
		}},
		{Def: types.IComparerT, Doc: "An order.", Beyond: true, Rows: []value.Row{
			{Sig: "int Compare(T x, T y)", Doc: "Compares two values.", Func: func(c *value.Call) value.Value {
				return value.Int(c.This.Object().(value.OrderComparer).CompareValues(c.Thread, c.Args[0], c.Args[1]))
			}},
		}},
		{Def: types.IEqualityCompT, Doc: "An equality.", Beyond: true, Rows: []value.Row{
			{Sig: "bool Equals(T x, T y)", Doc: "Reports whether two values are equal.", Func: func(c *value.Call) value.Value {
				return value.Bool(c.This.Object().(value.EqualityComparer).EqualValues(c.Thread, c.Args[0], c.Args[1]))
			}},
			{Sig: "int GetHashCode(T obj)", Doc: "The hash that goes with the equality.", Func: func(c *value.Call) value.Value {
				return value.Int(int(c.This.Object().(value.EqualityComparer).HashValue(c.Thread, c.Args[0])))
			}},
		}},
		{Def: types.IComparer.Def(), Doc: "An order of objects.", Beyond: true, Rows: []value.Row{
			{Sig: "int Compare(object x, object y)", Doc: "Compares two objects.", Func: func(c *value.Call) value.Value {
				return value.Int(c.This.Object().(value.OrderComparer).CompareValues(c.Thread, c.Args[0], c.Args[1]))
			}},
		}},
		{Def: types.IEqualityComp.Def(), Doc: "An equality of objects.", Beyond: true},
		{Def: types.IConvertible.Def(), Doc: "Something that Convert takes.", Beyond: true},
		{Def: types.ICloneable.Def(), Doc: "Something to be copied.", Beyond: true, Rows: []value.Row{{Sig: "object Clone()", Doc: "A copy."}}},
	}
}

func compareTo(c *value.Call) value.Value {
	if c.Args[0].IsNull() {
		return value.Int(1)
	}
	return value.Int(c.Compare(c.This, c.Args[0]))
}

// collectionExtensions are the extension methods of dictionaries. API Management
// has a GetValueOrDefault of its own for all read-only dictionaries of the
// context, so those count as documented.
var collectionExtensions = value.Members{Def: types.CollectionExtensions, Doc: "Extension methods of collections.", Rows: []value.Row{
	{Sig: "static TValue GetValueOrDefault<TKey, TValue>(this IReadOnlyDictionary<TKey, TValue> dictionary, TKey key)", Doc: "The value of a key, or the default.", Func: func(c *value.Call) value.Value {
		return valueOr(c, c.Zero(c.Types[1]))
	}},
	{Sig: "static TValue GetValueOrDefault<TKey, TValue>(this IReadOnlyDictionary<TKey, TValue> dictionary, TKey key, TValue defaultValue)", Doc: "The value of a key, or a given one.", Func: func(c *value.Call) value.Value {
		return valueOr(c, c.Args[2])
	}},
	{Sig: "static bool TryAdd<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, TValue value)", Beyond: true, Doc: "Adds a key unless it is there.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "dictionary")
		face := types.IDictionaryT.Of(c.Types[0], c.Types[1])
		if on(c, face, "ContainsKey", c.Args[0], []value.Value{c.Args[1]}).Bool() {
			return value.False
		}
		on(c, face, "Add", c.Args[0], []value.Value{c.Args[1], c.Args[2]})
		return value.True
	}},
	{Sig: "static bool Remove<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, out TValue value)", Beyond: true, Doc: "Removes a key and tells its value.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "dictionary")
		face := types.IDictionaryT.Of(c.Types[0], c.Types[1])
		args := []value.Value{c.Args[1], value.Null}
		if !on(c, face, "TryGetValue", c.Args[0], args).Bool() {
			c.Args[2] = c.Zero(c.Types[1])
			return value.False
		}
		on(c, face, "Remove", c.Args[0], []value.Value{c.Args[1]})
		c.Args[2] = args[1]
		return value.True
	}},
}}

// on calls a member of an interface on an object.
func on(c *value.Call, face *types.Type, name string, this value.Value, args []value.Value) value.Value {
	m := c.Table.Info(face.Def()).Named(name)[0].In(face)
	impl := c.Table.Implementation(this.Type(), m)
	if impl == nil {
		c.Throw(value.NotSupportedException, "Specified method is not supported.")
	}
	call := c.Borrow()
	call.This, call.Args, call.Owner = this, args, impl.Owner
	v := value.RowOf(impl).Func(call)
	c.Return(call)
	return v
}

func valueOr(c *value.Call, other value.Value) value.Value {
	c.NotNull(0, "dictionary")
	args := []value.Value{c.Args[1], value.Null}
	if on(c, types.IReadOnlyDictT.Of(c.Types[0], c.Types[1]), "TryGetValue", c.Args[0], args).Bool() {
		return args[1]
	}
	return other
}
