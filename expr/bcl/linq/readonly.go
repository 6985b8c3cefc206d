package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var readOnlyDef = types.Declare("System.Collections.ObjectModel", "public class ReadOnlyCollection<T> : IList<T>, IList, IReadOnlyList<T>")

// readOnly is a ReadOnlyCollection<T>: a view of a list.
type readOnly struct {
	typ  *types.Type
	list value.Value
	indexed
}

func (r *readOnly) Type() *types.Type                      { return r.typ }
func (r *readOnly) Iterate(t *value.Thread) value.Iterator { return t.Iterate(r.list) }
func (r *readOnly) index(c *value.Call, v value.Value) (at int) {
	for i := range r.Len() {
		c.Step(1)
		if c.Equal(r.At(i), v) {
			return i
		}
	}
	return -1
}

func readOnlys() []value.Members {
	this := func(c *value.Call) *readOnly { return c.This.Object().(*readOnly) }
	get := func(c *value.Call) value.Value {
		if i := c.Int(0); i < 0 || i >= this(c).Len() {
			c.ThrowIndex()
		}
		return this(c).At(c.Int(0))
	}
	fixed := unsupported(readOnlyCollection)
	rows := []value.Row{
		{Sig: "ReadOnlyCollection(IList<T> list)", Doc: "A view of a list.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "list")
			l, _ := asIndexed(c.Thread, c.Args[0], c.Owner.Args()[0])
			return value.Of(&readOnly{c.Owner, c.Args[0], l})
		}},
		{Sig: "int Count { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(this(c).Len()) }},
		{Sig: "T this[int index] { get; }", Doc: "An element.", Func: get},
		{Sig: "bool Contains(T value)", Doc: "Reports whether there is an element that equals a value.", Func: func(c *value.Call) value.Value {
			return value.Bool(this(c).index(c, c.Args[0]) >= 0)
		}},
		{Sig: "int IndexOf(T value)", Doc: "The index of the first element that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			return value.Int(this(c).index(c, c.Args[0]))
		}},
		{Sig: "void CopyTo(T[] array, int index)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) {
			items := buffer(c.Thread, c.This, c.Owner.Args()[0])
			copyTo(c, items, 0, c.Args[0], c.Int(1), len(items))
		})},
		{Sig: "IEnumerator<T> GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
			return value.Of(c.NewEnumerator(types.IEnumeratorT.Of(c.Owner.Args()...), c.This))
		}},
		{Sig: "bool ICollection<T>.IsReadOnly { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
		{Sig: "T IList<T>.this[int index] { get; set; }", Doc: "An element.", Func: get, Set: func(c *value.Call) { fixed(c) }},
		{Sig: "object IList.this[int index] { get; set; }", Doc: "An element.", Func: get, Set: func(c *value.Call) { fixed(c) }},
		{Sig: "bool IList.Contains(object value)", Doc: "Reports whether there is an element that equals a value.", Func: func(c *value.Call) value.Value {
			return value.Bool(this(c).index(c, c.Args[0]) >= 0)
		}},
		{Sig: "int IList.IndexOf(object value)", Doc: "The index of a value, or -1.", Func: func(c *value.Call) value.Value { return value.Int(this(c).index(c, c.Args[0])) }},
	}
	for _, sig := range []string{
		"void ICollection<T>.Add(T item)", "void ICollection<T>.Clear()", "bool ICollection<T>.Remove(T item)", "void IList<T>.Insert(int index, T item)", "void IList<T>.RemoveAt(int index)",
		"int IList.Add(object value)", "void IList.Clear()", "void IList.Insert(int index, object value)", "void IList.Remove(object value)", "void IList.RemoveAt(int index)",
	} {
		rows = append(rows, value.Row{Sig: sig, Doc: "The view cannot be changed.", Func: fixed})
	}
	return []value.Members{
		{Def: readOnlyDef, Doc: "A list that cannot be changed through this view.", Beyond: true, Rows: rows},
		{Def: types.ArrayBase.Def(), Rows: []value.Row{
			{Sig: "static ReadOnlyCollection<T> AsReadOnly<T>(T[] array)", Doc: "The array without the means to change it.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "array")
				return value.Of(&readOnly{readOnlyDef.Of(c.Types[0].Plain()), c.Args[0], c.Args[0].Object().(*value.Array)})
			}},
		}},
	}
}
