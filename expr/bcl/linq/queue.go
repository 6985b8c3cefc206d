package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	queueDef        = types.Declare("System.Collections.Generic", "public class Queue<T> : ICollection, IReadOnlyCollection<T>")
	stackDef        = types.Declare("System.Collections.Generic", "public class Stack<T> : ICollection, IReadOnlyCollection<T>")
	queueEnumerator = types.Declare("System.Collections.Generic", "public struct Queue.Enumerator<T> : IEnumerator<T>, IEnumerator, IDisposable")
	stackEnumerator = types.Declare("System.Collections.Generic", "public struct Stack.Enumerator<T> : IEnumerator<T>, IEnumerator, IDisposable")
)

// line is a Queue<T> or a Stack<T>. A queue's head is at the index head, a
// stack's top is the last item.
type line struct {
	typ     *types.Type
	items   []value.Value
	head    int
	version int
}

func (q *line) Type() *types.Type { return q.typ }

// Len is the number of elements.
func (q *line) Len() int { return len(q.items) - q.head }

func (q *line) stack() bool { return q.typ.Def() == stackDef }

func (q *line) elem() *types.Type { return q.typ.Args()[0] }

// at is the nth element in the order of leaving.
func (q *line) at(i int) value.Value {
	if q.stack() {
		return q.items[len(q.items)-1-i]
	}
	return q.items[q.head+i]
}

// Iterate walks over the elements in the order in which they would leave.
func (q *line) Iterate(*value.Thread) value.Iterator {
	i, version := 0, q.version
	return value.IteratorFunc(func(t *value.Thread) (value.Value, bool) {
		if q.version != version {
			if q.stack() {
				t.Throw(value.InvalidOperationException, "Collection was modified after the enumerator was instantiated.")
			}
			t.ThrowChanged()
		}
		if i >= q.Len() {
			return value.Null, false
		}
		i++
		return q.at(i - 1), true
	})
}

func (q *line) put(t *value.Thread, v value.Value) {
	if len(q.items) == cap(q.items) {
		if q.head > len(q.items)/2 {
			// Room at the front is used again before the buffer grows.
			n := copy(q.items, q.items[q.head:])
			clear(q.items[n:])
			q.items, q.head = q.items[:n], 0
		} else {
			t.Alloc((len(q.items) + 4) * valueSize)
		}
	}
	q.items = append(q.items, v)
	q.version++
}

func (q *line) take() value.Value {
	v := q.at(0)
	if q.stack() {
		q.items[len(q.items)-1] = value.Null
		q.items = q.items[:len(q.items)-1]
	} else {
		q.items[q.head] = value.Null
		q.head++
		if q.head == len(q.items) {
			q.items, q.head = q.items[:0], 0
		}
	}
	q.version++
	return v
}

func (q *line) slice(t *value.Thread) []value.Value {
	t.Alloc(q.Len() * valueSize)
	t.Step(q.Len())
	out := make([]value.Value, q.Len())
	for i := range out {
		out[i] = q.at(i)
	}
	return out
}

func queues() []value.Members {
	return []value.Members{
		lineMembers(queueDef, queueEnumerator, "Queue", "Enqueue", "Dequeue", "Elements that leave in the order in which they came.", "Queue empty."),
		enumeratorOf(queueEnumerator, "T", "Walks over a queue."),
		lineMembers(stackDef, stackEnumerator, "Stack", "Push", "Pop", "Elements of which the last one leaves first.", "Stack empty."),
		enumeratorOf(stackEnumerator, "T", "Walks over a stack."),
	}
}

func lineMembers(d, walk *types.Def, name, put, take, doc, empty string) value.Members {
	this := func(c *value.Call) *line { return c.This.Object().(*line) }
	make := func(c *value.Call) *line {
		c.Alloc(96)
		return &line{typ: c.Owner.Plain()}
	}
	some := func(c *value.Call) *line {
		if this(c).Len() == 0 {
			c.Throw(value.InvalidOperationException, empty)
		}
		return this(c)
	}
	capacity := func(c *value.Call) {
		if c.Int(0) < 0 {
			c.ThrowRange(needNonNegative, "capacity")
		}
	}
	try := func(f func(q *line) value.Value) func(c *value.Call) value.Value {
		return func(c *value.Call) value.Value {
			q := this(c)
			if q.Len() == 0 {
				c.Args[0] = c.Zero(q.elem())
				return value.False
			}
			c.Args[0] = f(q)
			return value.True
		}
	}
	return value.Members{Def: d, Doc: doc, Rows: []value.Row{
		{Sig: name + "()", Doc: "An empty one.", Func: func(c *value.Call) value.Value { return value.Of(make(c)) }},
		{Sig: name + "(int capacity)", Doc: "An empty one with room for elements.", Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Of(make(c))
		}},
		{Sig: name + "(IEnumerable<T> collection)", Doc: "One of the elements of a sequence, which come in order.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "collection")
			q := make(c)
			for _, v := range sliceOf(c.Thread, c.Args[0], q.elem()) {
				q.put(c.Thread, v)
			}
			return value.Of(q)
		}},
		{
			Sig: "int Count { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(this(c).Len()) },
			Fast: func(v value.Value) int64 { return int64(v.Object().(*line).Len()) },
		},
		{Sig: "void " + put + "(T item)", Doc: "Puts an element in.", Func: void(func(c *value.Call) { this(c).put(c.Thread, c.Args[0]) })},
		{Sig: "T " + take + "()", Doc: "Takes the next element out.", Func: func(c *value.Call) value.Value { return some(c).take() }},
		{Sig: "T Peek()", Doc: "The next element.", Func: func(c *value.Call) value.Value { return some(c).at(0) }},
		{Sig: "bool Try" + take + "(out T result)", Doc: "Takes the next element out, if there is one.", Beyond: true, Func: try((*line).take)},
		{Sig: "bool TryPeek(out T result)", Doc: "The next element, if there is one.", Beyond: true, Func: try(func(q *line) value.Value { return q.at(0) })},
		{Sig: "void Clear()", Doc: "Takes out all elements.", Func: void(func(c *value.Call) {
			clear(this(c).items)
			this(c).items, this(c).head = this(c).items[:0], 0
			this(c).version++
		})},
		{Sig: "bool Contains(T item)", Doc: "Reports whether there is an element that equals a value.", Func: func(c *value.Call) value.Value {
			for i := range this(c).Len() {
				c.Step(1)
				if c.Equal(this(c).at(i), c.Args[0]) {
					return value.True
				}
			}
			return value.False
		}},
		{Sig: "void CopyTo(T[] array, int arrayIndex)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) {
			c.NotNull(0, "array")
			a, i := c.Args[0].Object().(*value.Array), c.Int(1)
			if i < 0 || i > a.Len() {
				c.ThrowRange(mustBeAtMost, "arrayIndex")
			}
			if a.Len()-i < this(c).Len() {
				c.ThrowArgument(value.ArgumentException, badSpan, "")
			}
			for k, v := range this(c).slice(c.Thread) {
				a.Store(c.Thread, i+k, v)
			}
		})},
		{Sig: "int EnsureCapacity(int capacity)", Doc: "Makes room for elements.", Beyond: true, Func: func(c *value.Call) value.Value {
			capacity(c)
			return value.Int(max(c.Int(0), this(c).Len()))
		}},
		{Sig: name + "<T>.Enumerator GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
			return value.Of(c.NewEnumerator(walk.Of(c.Owner.Args()...), c.This))
		}},
		{Sig: "T[] ToArray()", Doc: "An array of the elements, the next one first.", Func: func(c *value.Call) value.Value { return c.ArrayOf(this(c).elem(), this(c).slice(c.Thread)) }},
		{Sig: "void TrimExcess()", Doc: "Gives back room that is not used.", Func: void(func(*value.Call) {})},
	}}
}

func collections() []value.Members {
	var list []value.Members
	for _, more := range [][]value.Members{lists(), readOnlys(), dictionaries(), sets(), queues(), comparers(), spans(), faces(), {arrays()}} {
		list = append(list, more...)
	}
	return list
}
