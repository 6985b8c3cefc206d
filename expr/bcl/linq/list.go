package linq

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var listEnumerator = types.Declare("System.Collections.Generic", "public struct List.Enumerator<T> : IEnumerator<T>, IEnumerator, IDisposable")

func thisList(c *value.Call) *value.List { return c.This.Object().(*value.List) }

// The messages of arguments that are out of range, as .NET words them.
const (
	needNonNegative = "Non-negative number required."
	mustBeLess      = "Index was out of range. Must be non-negative and less than the size of the collection."
	mustBeAtMost    = "Index was out of range. Must be non-negative and less than or equal to the size of the collection."
	badCount        = "Count must be positive and count must refer to a location within the string/array/collection."
	badSpan         = "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection."
	listBounds      = "Index must be within the bounds of the List."
)

// checkSpan checks a range of a list.
func checkSpan(c *value.Call, size, index, count int) {
	switch {
	case index < 0:
		c.ThrowRange(needNonNegative, "index")
	case count < 0:
		c.ThrowRange(needNonNegative, "count")
	case size-index < count:
		c.ThrowArgument(value.ArgumentException, badSpan, "")
	}
}

// addRange is List<T>.AddRange: a collection is copied, anything else added
// element by element, which a walk over the same list notices.
func addRange(c *value.Call, l *value.List, src value.Value) {
	if _, ok := collectionCount(c.Thread, src, l.Elem()); ok {
		items := buffer(c.Thread, src, l.Elem())
		if len(items) > 0 {
			insert(c, l, l.Len(), items)
		}
		return
	}
	each(c.Thread, src, l.Elem(), func(v value.Value) bool {
		l.Add(c.Thread, v)
		return true
	})
}

// moved is how many elements are moved within a list in the time of one step.
const moved = 32

// insert puts elements before an index.
func insert(c *value.Call, l *value.List, at int, more []value.Value) {
	old := l.Items()
	n := len(old) + len(more)
	c.Step(1 + (n-at)/moved)
	items := old
	if n > cap(old) {
		size := max(4, 2*cap(old))
		if size < n {
			size = n
		}
		c.Alloc(size * valueSize)
		items = make([]value.Value, len(old), size)
		copy(items, old[:at])
	}
	items = items[:n]
	copy(items[at+len(more):], old[at:])
	copy(items[at:], more)
	l.Replace(items)
}

func cut(c *value.Call, l *value.List, at, n int) {
	items := l.Items()
	c.Step(1 + (len(items)-at)/moved)
	copy(items[at:], items[at+n:])
	clear(items[len(items)-n:])
	l.Replace(items[:len(items)-n])
}

func setCapacity(c *value.Call, l *value.List, n int) {
	if n == cap(l.Items()) {
		return
	}
	c.Alloc(n * valueSize)
	items := make([]value.Value, l.Len(), n)
	copy(items, l.Items())
	// The elements stay what they are, so that walks go on.
	l.Move(items)
}

func listIndex(c *value.Call, l *value.List, v value.Value, from, n int) int {
	for i := from; i < from+n; i++ {
		c.Step(1)
		if c.Equal(l.At(i), v) {
			return i
		}
	}
	return -1
}

func listLast(c *value.Call, l *value.List, v value.Value, from, n int) int {
	for i := from; i > from-n; i-- {
		c.Step(1)
		if c.Equal(l.At(i), v) {
			return i
		}
	}
	return -1
}

// search is a binary search; what is not found gives the complement of the
// place where it would be.
func search(c *value.Call, items []value.Value, from, n int, v value.Value, compare func(a, b value.Value) int) value.Value {
	lo, hi := from, from+n-1
	for lo <= hi {
		mid := lo + (hi-lo)>>1
		switch o := compare(items[mid], v); {
		case o == 0:
			return value.Int(mid)
		case o < 0:
			lo = mid + 1
		default:
			hi = mid - 1
		}
	}
	return value.Int(^lo)
}

// comparingIn wraps what a comparison throws, as BinarySearch does.
func comparingIn(c *value.Call, compare func(a, b value.Value) int) func(a, b value.Value) int {
	return func(a, b value.Value) (o int) {
		mark := c.Mark()
		defer func() {
			switch e := recover().(type) {
			case nil:
			case *value.Exception:
				c.Unwind(mark)
				wrapped := value.NewException(value.InvalidOperationException, "Failed to compare two elements in the array.")
				wrapped.Inner = e
				panic(wrapped)
			default:
				panic(e)
			}
		}()
		return compare(a, b)
	}
}

// copyTo copies elements into an array as Array.Copy does.
func copyTo(c *value.Call, items []value.Value, from int, to value.Value, at, n int) {
	if to.IsNull() {
		c.ThrowNull("destinationArray")
	}
	a := to.Object().(*value.Array)
	switch {
	case n < 0:
		c.ThrowRange(needNonNegative, "length")
	case from < 0:
		c.ThrowRange("Number was less than the array's lower bound in the first dimension.", "sourceIndex")
	case at < 0:
		c.ThrowRange("Number was less than the array's lower bound in the first dimension.", "destinationIndex")
	case from+n > len(items):
		c.ThrowArgument(value.ArgumentException, "Source array was not long enough. Check the source index, length, and the array's lower bounds.", "sourceArray")
	case at+n > a.Len():
		c.ThrowArgument(value.ArgumentException, "Destination array was not long enough. Check the destination index, length, and the array's lower bounds.", "destinationArray")
	}
	c.Step(n)
	for i := range n {
		a.Store(c.Thread, at+i, items[from+i])
	}
}

// copyInto is CopyTo of collections that check their arguments themselves.
func copyInto(c *value.Call, items []value.Value, i int, what string) {
	c.NotNull(0, "array")
	a := c.Args[0].Object().(*value.Array)
	if i < 0 {
		c.ThrowRange(needNonNegative, what)
	}
	if a.Len()-i < len(items) {
		c.ThrowArgument(value.ArgumentException, "Destination array is not long enough to copy all the items in the collection. Check array index and length.", "")
	}
	c.Step(len(items))
	for k, v := range items {
		a.Store(c.Thread, i+k, v)
	}
}

// badElement refuses an object that is no element of the list; a null is
// reported under the parameter's name, anything else as `value`.
func badElement(c *value.Call, v value.Value, of *types.Type, param string) {
	if fits(v, of) {
		return
	}
	if v.IsNull() {
		c.ThrowNull(param)
	}
	c.ThrowArgument(value.ArgumentException, `The value "`+c.ToString(v)+`" is not of type "`+of.ReflectionName()+`" and cannot be used in this generic collection.`, "value")
}

func fits(v value.Value, of *types.Type) bool {
	if v.IsNull() {
		return !of.IsValue() || of.IsNullable()
	}
	return types.Assignable(v.Type(), of)
}

func lists() []value.Members {
	match := func(c *value.Call, i int) value.Value {
		c.NotNull(i, "match")
		return c.Args[i]
	}
	find := func(c *value.Call, l *value.List, from, n int, f value.Value) int {
		for i := from; i < from+n && i < l.Len(); i++ {
			c.Step(1)
			if c.Invoke1(f, l.At(i)).Bool() {
				return i
			}
		}
		return -1
	}
	findLast := func(c *value.Call, l *value.List, from, n int, f value.Value) int {
		for i := from; i > from-n; i-- {
			c.Step(1)
			if c.Invoke1(f, l.At(i)).Bool() {
				return i
			}
		}
		return -1
	}
	checkStart := func(c *value.Call, l *value.List, start, count int) {
		if start < 0 || start > l.Len() {
			c.ThrowRange(mustBeAtMost, "startIndex")
		}
		if count < 0 || start > l.Len()-count {
			c.ThrowRange(badCount, "count")
		}
	}
	checkStartLast := func(c *value.Call, l *value.List, start, count int) {
		if l.Len() == 0 {
			if start != -1 {
				c.ThrowRange(mustBeLess, "startIndex")
			}
		} else if start < 0 || start >= l.Len() {
			c.ThrowRange(mustBeLess, "startIndex")
		}
		if count < 0 || start-count+1 < 0 {
			c.ThrowRange(badCount, "count")
		}
	}
	at := func(c *value.Call) (*value.List, int) {
		l, i := thisList(c), c.Int(0)
		if uint(i) >= uint(l.Len()) {
			c.ThrowIndex()
		}
		return l, i
	}
	get := func(c *value.Call) value.Value {
		l, i := at(c)
		return l.At(i)
	}
	sort := func(c *value.Call, from, n int, compare func(a, b value.Value) int) {
		l := thisList(c)
		items := l.Items()
		c.Sort(items[from:from+n], compare)
		l.Touch()
	}
	lastIndex := func(c *value.Call, from, n int) value.Value {
		l := thisList(c)
		if l.Len() != 0 && from < 0 {
			c.ThrowRange(needNonNegative, "index")
		}
		if l.Len() != 0 && n < 0 {
			c.ThrowRange(needNonNegative, "count")
		}
		if l.Len() == 0 {
			return value.Int(-1)
		}
		if from >= l.Len() {
			c.ThrowRange("Larger than collection size.", "index")
		}
		if n > from+1 {
			c.ThrowRange("Larger than collection size.", "count")
		}
		return value.Int(listLast(c, l, c.Args[0], from, n))
	}
	slice := func(c *value.Call, from, n int) value.Value {
		l := thisList(c)
		checkSpan(c, l.Len(), from, n)
		c.Alloc(n * valueSize)
		return value.Of(value.NewList(l.Elem(), append(make([]value.Value, 0, n), l.Items()[from:from+n]...)))
	}
	list := value.Members{Def: types.List, Doc: "A list that can grow.", Rows: []value.Row{
		{Sig: "List()", Doc: "An empty list.", Func: func(c *value.Call) value.Value {
			c.Alloc(64)
			return value.Of(value.NewList(c.Owner.Args()[0].Plain(), nil))
		}},
		{Sig: "List(int capacity)", Doc: "An empty list with room for elements.", Func: func(c *value.Call) value.Value {
			n := c.Int(0)
			if n < 0 {
				c.ThrowRange(needNonNegative, "capacity")
			}
			c.Alloc(64 + n*valueSize)
			return value.Of(value.NewList(c.Owner.Args()[0].Plain(), make([]value.Value, 0, n)))
		}},
		{Sig: "List(IEnumerable<T> collection)", Doc: "A list of the elements of a sequence.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "collection")
			c.Alloc(64)
			l := value.NewList(c.Owner.Args()[0].Plain(), nil)
			if _, ok := collectionCount(c.Thread, c.Args[0], l.Elem()); ok {
				items := buffer(c.Thread, c.Args[0], l.Elem())
				l.Move(items[:len(items):len(items)])
			} else {
				addRange(c, l, c.Args[0])
			}
			return value.Of(l)
		}},
		{
			Sig: "int Count { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(thisList(c).Len()) },
			Fast: func(v value.Value) int64 { return int64(v.Object().(*value.List).Len()) },
		},
		{
			Sig: "int Capacity { get; set; }", Doc: "The number of elements that there is room for.", Func: func(c *value.Call) value.Value { return value.Int(cap(thisList(c).Items())) },
			Set: func(c *value.Call) {
				if c.Int(0) < thisList(c).Len() {
					c.ThrowRange("capacity was less than the current size.", "value")
				}
				setCapacity(c, thisList(c), c.Int(0))
			},
		},
		{Sig: "T this[int index] { get; set; }", Doc: "An element.", Func: get, Set: func(c *value.Call) {
			l, i := at(c)
			l.Set(i, c.Args[1])
		}},
		{Sig: "void Add(T item)", Doc: "Appends an element.", Func: void(func(c *value.Call) { thisList(c).Add(c.Thread, c.Args[0]) })},
		{Sig: "void AddRange(IEnumerable<T> collection)", Doc: "Appends all elements of a sequence.", Func: void(func(c *value.Call) {
			c.NotNull(0, "collection")
			addRange(c, thisList(c), c.Args[0])
		})},
		{Sig: "ReadOnlyCollection<T> AsReadOnly()", Doc: "The list without the means to change it.", Func: func(c *value.Call) value.Value {
			return value.Of(&readOnly{readOnlyDef.Of(c.Owner.Args()...), c.This, thisList(c)})
		}},
		{Sig: "int BinarySearch(T item)", Doc: "The index of an element in a sorted list, or the complement of where it would be.", Func: func(c *value.Call) value.Value {
			return search(c, thisList(c).Items(), 0, thisList(c).Len(), c.Args[0], comparingIn(c, c.Compare))
		}},
		{Sig: "int BinarySearch(T item, IComparer<T> comparer)", Doc: "The index of an element in a sorted list, or the complement of where it would be.", Func: func(c *value.Call) value.Value {
			return search(c, thisList(c).Items(), 0, thisList(c).Len(), c.Args[0], comparingIn(c, comparing(c.Thread, c.Args[1])))
		}},
		{Sig: "int BinarySearch(int index, int count, T item, IComparer<T> comparer)", Doc: "The index of an element in a sorted part of a list, or the complement of where it would be.", Func: func(c *value.Call) value.Value {
			l := thisList(c)
			checkSpan(c, l.Len(), c.Int(0), c.Int(1))
			return search(c, l.Items(), c.Int(0), c.Int(1), c.Args[2], comparingIn(c, comparing(c.Thread, c.Args[3])))
		}},
		{Sig: "void Clear()", Doc: "Takes out all elements.", Func: void(func(c *value.Call) {
			l := thisList(c)
			clear(l.Items())
			l.Replace(l.Items()[:0])
		})},
		{Sig: "bool Contains(T item)", Doc: "Reports whether there is an element that equals a value.", Func: func(c *value.Call) value.Value {
			return value.Bool(listIndex(c, thisList(c), c.Args[0], 0, thisList(c).Len()) >= 0)
		}},
		{Sig: "List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)", Doc: "A list of converted elements.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "converter")
			l, f := thisList(c), c.Args[0]
			c.Alloc(l.Len() * valueSize)
			out := make([]value.Value, 0, l.Len())
			for i := 0; i < l.Len(); i++ {
				c.Step(1)
				out = append(out, c.Invoke1(f, l.At(i)))
			}
			return value.Of(value.NewList(c.Types[0].Plain(), out))
		}},
		{Sig: "void CopyTo(T[] array)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) {
			copyTo(c, thisList(c).Items(), 0, c.Args[0], 0, thisList(c).Len())
		})},
		{Sig: "void CopyTo(T[] array, int arrayIndex)", Doc: "Copies all elements into an array.", Func: void(func(c *value.Call) {
			copyTo(c, thisList(c).Items(), 0, c.Args[0], c.Int(1), thisList(c).Len())
		})},
		{Sig: "void CopyTo(int index, T[] array, int arrayIndex, int count)", Doc: "Copies elements into an array.", Func: void(func(c *value.Call) {
			if thisList(c).Len()-c.Int(0) < c.Int(3) {
				c.ThrowArgument(value.ArgumentException, badSpan, "")
			}
			copyTo(c, thisList(c).Items(), c.Int(0), c.Args[1], c.Int(2), c.Int(3))
		})},
		{Sig: "int EnsureCapacity(int capacity)", Doc: "Makes room for elements.", Beyond: true, Func: func(c *value.Call) value.Value {
			l, n := thisList(c), c.Int(0)
			if n < 0 {
				c.ThrowRange(needNonNegative, "capacity")
			}
			if k := cap(l.Items()); k < n {
				setCapacity(c, l, max(n, 4, 2*k))
				l.Touch()
			}
			return value.Int(cap(l.Items()))
		}},
		{Sig: "bool Exists(Predicate<T> match)", Doc: "Reports whether an element matches.", Func: func(c *value.Call) value.Value {
			return value.Bool(find(c, thisList(c), 0, thisList(c).Len(), match(c, 0)) >= 0)
		}},
		{Sig: "T Find(Predicate<T> match)", Doc: "The first element that matches, or the default.", Func: func(c *value.Call) value.Value {
			l := thisList(c)
			if i := find(c, l, 0, l.Len(), match(c, 0)); i >= 0 && i < l.Len() {
				return l.At(i)
			}
			return c.Zero(l.Elem())
		}},
		{Sig: "List<T> FindAll(Predicate<T> match)", Doc: "All elements that match.", Func: func(c *value.Call) value.Value {
			l, f := thisList(c), match(c, 0)
			out := value.NewList(l.Elem(), nil)
			for i := 0; i < l.Len(); i++ {
				c.Step(1)
				if v := l.At(i); c.Invoke1(f, v).Bool() {
					out.Add(c.Thread, v)
				}
			}
			return value.Of(out)
		}},
		{Sig: "int FindIndex(Predicate<T> match)", Doc: "The index of the first element that matches, or -1.", Func: func(c *value.Call) value.Value {
			return value.Int(find(c, thisList(c), 0, thisList(c).Len(), match(c, 0)))
		}},
		{Sig: "int FindIndex(int startIndex, Predicate<T> match)", Doc: "The index of the first element from a start that matches, or -1.", Func: func(c *value.Call) value.Value {
			l := thisList(c)
			checkStart(c, l, c.Int(0), l.Len()-c.Int(0))
			return value.Int(find(c, l, c.Int(0), l.Len()-c.Int(0), match(c, 1)))
		}},
		{Sig: "int FindIndex(int startIndex, int count, Predicate<T> match)", Doc: "The index of the first element of a part that matches, or -1.", Func: func(c *value.Call) value.Value {
			checkStart(c, thisList(c), c.Int(0), c.Int(1))
			return value.Int(find(c, thisList(c), c.Int(0), c.Int(1), match(c, 2)))
		}},
		{Sig: "T FindLast(Predicate<T> match)", Doc: "The last element that matches, or the default.", Func: func(c *value.Call) value.Value {
			l := thisList(c)
			if i := findLast(c, l, l.Len()-1, l.Len(), match(c, 0)); i >= 0 {
				return l.At(i)
			}
			return c.Zero(l.Elem())
		}},
		{Sig: "int FindLastIndex(Predicate<T> match)", Doc: "The index of the last element that matches, or -1.", Func: func(c *value.Call) value.Value {
			return value.Int(findLast(c, thisList(c), thisList(c).Len()-1, thisList(c).Len(), match(c, 0)))
		}},
		{Sig: "int FindLastIndex(int startIndex, Predicate<T> match)", Doc: "The index of the last element up to a start that matches, or -1.", Func: func(c *value.Call) value.Value {
			f := match(c, 1)
			checkStartLast(c, thisList(c), c.Int(0), c.Int(0)+1)
			return value.Int(findLast(c, thisList(c), c.Int(0), c.Int(0)+1, f))
		}},
		{Sig: "int FindLastIndex(int startIndex, int count, Predicate<T> match)", Doc: "The index of the last element of a part that matches, or -1.", Func: func(c *value.Call) value.Value {
			f := match(c, 2)
			checkStartLast(c, thisList(c), c.Int(0), c.Int(1))
			return value.Int(findLast(c, thisList(c), c.Int(0), c.Int(1), f))
		}},
		{Sig: "void ForEach(Action<T> action)", Doc: "Calls a function with every element.", Func: void(func(c *value.Call) {
			c.NotNull(0, "action")
			l, f := thisList(c), c.Args[0]
			version := l.Version()
			for i := 0; i < l.Len() && l.Version() == version; i++ {
				c.Step(1)
				c.Invoke1(f, l.At(i))
			}
			if l.Version() != version {
				c.ThrowChanged()
			}
		})},
		{Sig: "List<T>.Enumerator GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value {
			return value.Of(c.NewEnumerator(listEnumerator.Of(c.Owner.Args()...), c.This))
		}},
		{Sig: "List<T> GetRange(int index, int count)", Doc: "A list of a part of the elements.", Func: func(c *value.Call) value.Value { return slice(c, c.Int(0), c.Int(1)) }},
		{Sig: "List<T> Slice(int start, int length)", Doc: "A list of a part of the elements.", Beyond: true, Func: func(c *value.Call) value.Value { return slice(c, c.Int(0), c.Int(1)) }},
		{Sig: "int IndexOf(T item)", Doc: "The index of the first element that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			return value.Int(listIndex(c, thisList(c), c.Args[0], 0, thisList(c).Len()))
		}},
		{Sig: "int IndexOf(T item, int index)", Doc: "The index of the first element from a start that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			l, i := thisList(c), c.Int(1)
			if i > l.Len() {
				c.ThrowRange(mustBeAtMost, "index")
			}
			if i < 0 {
				c.ThrowRange(mustBeAtMost, "startIndex")
			}
			return value.Int(listIndex(c, l, c.Args[0], i, l.Len()-i))
		}},
		{Sig: "int IndexOf(T item, int index, int count)", Doc: "The index of the first element of a part that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			l, i, n := thisList(c), c.Int(1), c.Int(2)
			if i > l.Len() {
				c.ThrowRange(mustBeAtMost, "index")
			}
			if n < 0 || i > l.Len()-n {
				c.ThrowRange(badCount, "count")
			}
			if i < 0 {
				c.ThrowRange(mustBeAtMost, "startIndex")
			}
			return value.Int(listIndex(c, l, c.Args[0], i, n))
		}},
		{Sig: "void Insert(int index, T item)", Doc: "Puts an element before an index.", Func: void(func(c *value.Call) {
			l, i := thisList(c), c.Int(0)
			if i < 0 || i > l.Len() {
				c.ThrowRange(listBounds, "index")
			}
			insert(c, l, i, []value.Value{c.Args[1]})
		})},
		{Sig: "void InsertRange(int index, IEnumerable<T> collection)", Doc: "Puts all elements of a sequence before an index.", Func: void(func(c *value.Call) {
			c.NotNull(1, "collection")
			l, i := thisList(c), c.Int(0)
			if i < 0 || i > l.Len() {
				c.ThrowRange(mustBeAtMost, "index")
			}
			if _, ok := collectionCount(c.Thread, c.Args[1], l.Elem()); ok {
				if items := buffer(c.Thread, c.Args[1], l.Elem()); len(items) > 0 {
					insert(c, l, i, items)
				}
				return
			}
			each(c.Thread, c.Args[1], l.Elem(), func(v value.Value) bool {
				insert(c, l, i, []value.Value{v})
				i++
				return true
			})
		})},
		{Sig: "int LastIndexOf(T item)", Doc: "The index of the last element that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			return value.Int(listLast(c, thisList(c), c.Args[0], thisList(c).Len()-1, thisList(c).Len()))
		}},
		{Sig: "int LastIndexOf(T item, int index)", Doc: "The index of the last element up to a start that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			if c.Int(1) >= thisList(c).Len() {
				c.ThrowRange(mustBeLess, "index")
			}
			return lastIndex(c, c.Int(1), c.Int(1)+1)
		}},
		{Sig: "int LastIndexOf(T item, int index, int count)", Doc: "The index of the last element of a part that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			return lastIndex(c, c.Int(1), c.Int(2))
		}},
		{Sig: "bool Remove(T item)", Doc: "Takes out the first element that equals a value.", Func: func(c *value.Call) value.Value {
			l := thisList(c)
			i := listIndex(c, l, c.Args[0], 0, l.Len())
			if i < 0 {
				return value.False
			}
			cut(c, l, i, 1)
			return value.True
		}},
		{Sig: "int RemoveAll(Predicate<T> match)", Doc: "Takes out all elements that match, and says how many.", Func: func(c *value.Call) value.Value {
			f, l := match(c, 0), thisList(c)
			kept := 0
			for i := 0; i < l.Len(); i++ {
				c.Step(1)
				v := l.At(i)
				if c.Invoke1(f, v).Bool() {
					continue
				}
				if kept != i {
					l.Items()[kept] = v
				}
				kept++
			}
			n := l.Len() - kept
			if n > 0 {
				clear(l.Items()[kept:])
				l.Replace(l.Items()[:kept])
			}
			return value.Int(n)
		}},
		{Sig: "void RemoveAt(int index)", Doc: "Takes out an element.", Func: void(func(c *value.Call) {
			l, i := at(c)
			cut(c, l, i, 1)
		})},
		{Sig: "void RemoveRange(int index, int count)", Doc: "Takes out a part of the elements.", Func: void(func(c *value.Call) {
			l := thisList(c)
			checkSpan(c, l.Len(), c.Int(0), c.Int(1))
			if c.Int(1) > 0 {
				cut(c, l, c.Int(0), c.Int(1))
			}
		})},
		{Sig: "void Reverse()", Doc: "Turns the order round.", Func: void(func(c *value.Call) { reverseItems(c, thisList(c), 0, thisList(c).Len()) })},
		{Sig: "void Reverse(int index, int count)", Doc: "Turns the order of a part round.", Func: void(func(c *value.Call) {
			checkSpan(c, thisList(c).Len(), c.Int(0), c.Int(1))
			reverseItems(c, thisList(c), c.Int(0), c.Int(1))
		})},
		{Sig: "void Sort()", Doc: "Sorts; equal elements may change places.", Func: void(func(c *value.Call) { sort(c, 0, thisList(c).Len(), c.Compare) })},
		{Sig: "void Sort(IComparer<T> comparer)", Doc: "Sorts by a comparer.", Func: void(func(c *value.Call) {
			sort(c, 0, thisList(c).Len(), comparing(c.Thread, c.Args[0]))
		})},
		{Sig: "void Sort(int index, int count, IComparer<T> comparer)", Doc: "Sorts a part by a comparer.", Func: void(func(c *value.Call) {
			checkSpan(c, thisList(c).Len(), c.Int(0), c.Int(1))
			sort(c, c.Int(0), c.Int(1), comparing(c.Thread, c.Args[2]))
		})},
		{Sig: "void Sort(Comparison<T> comparison)", Doc: "Sorts by a comparison.", Func: void(func(c *value.Call) {
			c.NotNull(0, "comparison")
			f := c.Args[0]
			sort(c, 0, thisList(c).Len(), func(a, b value.Value) int { return c.Invoke2(f, a, b).Int() })
		})},
		{Sig: "T[] ToArray()", Doc: "An array of the elements.", Func: func(c *value.Call) value.Value { return c.ArrayOf(thisList(c).Elem(), thisList(c).Items()) }},
		{Sig: "void TrimExcess()", Doc: "Gives back room that is not used.", Func: void(func(c *value.Call) { setCapacity(c, thisList(c), thisList(c).Len()) })},
		{Sig: "bool TrueForAll(Predicate<T> match)", Doc: "Reports whether all elements match.", Func: func(c *value.Call) value.Value {
			l, f := thisList(c), match(c, 0)
			for i := 0; i < l.Len(); i++ {
				c.Step(1)
				if !c.Invoke1(f, l.At(i)).Bool() {
					return value.False
				}
			}
			return value.True
		}},
		{Sig: "bool ICollection<T>.IsReadOnly { get; }", Doc: "Always false.", Func: func(*value.Call) value.Value { return value.False }},
		{Sig: "object IList.this[int index] { get; set; }", Doc: "An element.", Func: get, Set: func(c *value.Call) {
			l, i := at(c)
			badElement(c, c.Args[1], l.Elem(), "value")
			l.Set(i, c.Args[1])
		}},
		{Sig: "int IList.Add(object value)", Doc: "Appends an element.", Func: func(c *value.Call) value.Value {
			badElement(c, c.Args[0], thisList(c).Elem(), "item")
			thisList(c).Add(c.Thread, c.Args[0])
			return value.Int(thisList(c).Len() - 1)
		}},
		{Sig: "bool IList.Contains(object value)", Doc: "Reports whether there is an element that equals a value.", Func: func(c *value.Call) value.Value {
			return value.Bool(fits(c.Args[0], thisList(c).Elem()) && listIndex(c, thisList(c), c.Args[0], 0, thisList(c).Len()) >= 0)
		}},
		{Sig: "int IList.IndexOf(object value)", Doc: "The index of a value, or -1.", Func: func(c *value.Call) value.Value {
			if !fits(c.Args[0], thisList(c).Elem()) {
				return value.Int(-1)
			}
			return value.Int(listIndex(c, thisList(c), c.Args[0], 0, thisList(c).Len()))
		}},
		{Sig: "void IList.Insert(int index, object value)", Doc: "Puts an element before an index.", Func: void(func(c *value.Call) {
			l, i := thisList(c), c.Int(0)
			badElement(c, c.Args[1], l.Elem(), "item")
			if i < 0 || i > l.Len() {
				c.ThrowRange(listBounds, "index")
			}
			insert(c, l, i, []value.Value{c.Args[1]})
		})},
		{Sig: "void IList.Remove(object value)", Doc: "Takes out a value.", Func: void(func(c *value.Call) {
			l := thisList(c)
			if i := listIndex(c, l, c.Args[0], 0, l.Len()); i >= 0 && fits(c.Args[0], l.Elem()) {
				cut(c, l, i, 1)
			}
		})},
	}}
	return []value.Members{list, enumeratorOf(listEnumerator, "T", "Walks over a list.")}
}

func reverseItems(c *value.Call, l *value.List, from, n int) {
	items := l.Items()
	c.Step(n)
	for i, j := from, from+n-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	l.Touch()
}

// enumeratorOf are the rows of a collection's own enumerator type.
func enumeratorOf(d *types.Def, elem, doc string) value.Members {
	this := func(c *value.Call) *value.Enumerator { return c.This.Object().(*value.Enumerator) }
	return value.Members{Def: d, Doc: doc, Rows: []value.Row{
		{Sig: "bool MoveNext()", Doc: "Goes on to the next element.", Func: func(c *value.Call) value.Value { return value.Bool(this(c).MoveNext(c.Thread)) }},
		{Sig: elem + " Current { get; }", Doc: "The element.", Func: func(c *value.Call) value.Value { return this(c).Current() }},
		{Sig: "void Dispose()", Doc: "Ends the walk.", Func: void(func(*value.Call) {})},
	}}
}
