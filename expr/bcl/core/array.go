package core

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func this(c *value.Call) *value.Array { return c.This.Object().(*value.Array) }

// array is an argument that must be an array; null throws for the parameter.
func array(c *value.Call, i int, name string) *value.Array {
	c.NotNull(i, name)
	return c.Args[i].Object().(*value.Array)
}

func bounds(c *value.Call) {
	c.Throw(value.IndexOutOfRangeException, "Index was outside the bounds of the array.")
}

func fixed(c *value.Call) value.Value {
	c.Throw(value.NotSupportedException, "Collection was of a fixed size.")
	return value.Null
}

// find walks an array and gives the index of the first match, or of the last.
func find(c *value.Call, a *value.Array, match value.Value, last bool) int {
	n := a.Len()
	for k := range n {
		i := k
		if last {
			i = n - 1 - k
		}
		c.Step(1)
		if c.Invoke1(match, a.At(i)).Bool() {
			return i
		}
	}
	return -1
}

// span checks a range of an array.
func span(c *value.Call, a *value.Array, index, length int, what string) {
	if index < 0 {
		c.ThrowRange("Non-negative number required.", what)
	}
	if length < 0 {
		c.ThrowRange("Non-negative number required.", "length")
	}
	if a.Len()-index < length {
		c.ThrowArgument(value.ArgumentException, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.", "")
	}
}

func reverse(c *value.Call, a *value.Array, from, n int) {
	for i, j := from, from+n-1; i < j; i, j = i+1, j-1 {
		x, y := a.At(i), a.At(j)
		a.Set(i, y)
		a.Set(j, x)
	}
	c.Step(n)
}

func copyArray(c *value.Call, src *value.Array, from int, dst *value.Array, to, n int, names [2]string) {
	switch {
	case n < 0:
		c.ThrowRange("Non-negative number required.", "length")
	case from < 0:
		c.ThrowRange("Non-negative number required.", names[0])
	case to < 0:
		c.ThrowRange("Non-negative number required.", names[1])
	case src.Len()-from < n:
		c.ThrowArgument(value.ArgumentException, "Source array was not long enough. Check the source index, length, and the array's lower bounds.", "sourceArray")
	case dst.Len()-to < n:
		c.ThrowArgument(value.ArgumentException, "Destination array was not long enough. Check the destination index, length, and the array's lower bounds.", "destinationArray")
	case src.Rank() != dst.Rank():
		c.Throw(value.RankException, "The specified arrays must have the same number of dimensions.")
	}
	if !fitsArray(src.Elem(), dst.Elem()) {
		c.Throw(value.ArrayTypeMismatchException, "Source array type cannot be assigned to destination array type.")
	}
	c.Step(n)
	list := make([]value.Value, n)
	c.Alloc(24 * n)
	for i := range list {
		list[i] = src.At(from + i)
	}
	for i, v := range list {
		if types.ImplicitNumeric(src.Elem(), dst.Elem()) {
			v = widen(v, src.Elem(), dst.Elem())
		} else if !v.IsNull() && !types.Assignable(v.Type(), dst.Elem()) {
			c.Throw(value.InvalidCastException, "At least one element in the source array could not be cast down to the destination array type.")
		}
		dst.Set(to+i, v)
	}
}

func fitsArray(from, to *types.Type) bool {
	switch {
	case types.Same(from, to), types.ReferenceConvertible(from, to), types.ReferenceConvertible(to, from), types.Boxes(from, to), types.Boxes(to, from):
		return true
	}
	return types.ImplicitNumeric(from, to)
}

func widen(v value.Value, from, to *types.Type) value.Value {
	if to == types.Double || to == types.Single {
		f := v.Double()
		switch {
		case from == types.UInt64:
			f = float64(v.Word())
		case from.IsIntegral():
			f = float64(v.Long())
		}
		if to == types.Single {
			f = float64(float32(f))
		}
		return value.Word(to, math.Float64bits(f))
	}
	return v.Retype(to)
}

func indexOf(c *value.Call, a *value.Array, v value.Value, from, n int) value.Value {
	for i := from; i < from+n; i++ {
		c.Step(1)
		if c.Equal(a.At(i), v) {
			return value.Int(i)
		}
	}
	return value.Int(-1)
}

// comparison is how a sort orders: by a comparer object or by default.
func comparison(c *value.Call, comparer value.Value) func(a, b value.Value) int {
	if o, ok := comparer.Object().(value.OrderComparer); ok {
		return func(a, b value.Value) int { return o.CompareValues(c.Thread, a, b) }
	}
	return c.Compare
}

func sortArray(c *value.Call, a *value.Array, from, n int, compare func(a, b value.Value) int) {
	c.Alloc(24 * n)
	items := make([]value.Value, n)
	for i := range items {
		items[i] = a.At(from + i)
	}
	c.Sort(items, compare)
	for i, v := range items {
		a.Set(from+i, v)
	}
}

// sortKeys sorts keys and moves the items along.
func sortKeys(c *value.Call, keys, items *value.Array) {
	n := keys.Len()
	if items.Len() < n {
		c.ThrowArgument(value.ArgumentException, "The items array must be at least as long as the keys array.", "")
	}
	pairs := make([]value.Value, n)
	c.Alloc(80 * n)
	t := types.TupleOf([]*types.Type{types.Object, types.Object}, nil)
	for i := range pairs {
		pairs[i] = value.Of(value.NewTuple(t, []value.Value{keys.At(i), items.At(i)}))
	}
	key := func(v value.Value) value.Value { return v.Object().(*value.Tuple).Items[0] }
	c.Sort(pairs, func(a, b value.Value) int { return c.Compare(key(a), key(b)) })
	for i, p := range pairs {
		keys.Set(i, key(p))
		items.Set(i, p.Object().(*value.Tuple).Items[1])
	}
}

func search(c *value.Call, a *value.Array, v value.Value, compare func(a, b value.Value) int) value.Value {
	lo, hi := 0, a.Len()-1
	for lo <= hi {
		mid := lo + (hi-lo)>>1
		switch o := compare(a.At(mid), v); {
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

func arrays() []value.Members {
	void := func(f func(c *value.Call)) func(*value.Call) value.Value {
		return func(c *value.Call) value.Value {
			f(c)
			return value.Null
		}
	}
	dim := func(c *value.Call, f func(a *value.Array, d int) int) value.Value {
		a, d := this(c), c.Int(0)
		if d < 0 || d >= a.Rank() {
			c.Throw(value.IndexOutOfRangeException, "Array does not have that many dimensions.")
		}
		return value.Int(f(a, d))
	}
	at := func(c *value.Call, a *value.Array, i int) int {
		if a.Rank() != 1 {
			c.ThrowArgument(value.ArgumentException, "Array was not a one-dimensional array.", "")
		}
		if i < 0 || i >= a.Len() {
			bounds(c)
		}
		return i
	}
	asPredicate := func(name string) func(c *value.Call) *value.Array {
		return func(c *value.Call) *value.Array {
			a := array(c, 0, "array")
			c.NotNull(1, name)
			return a
		}
	}
	match := asPredicate("match")
	base := value.Members{Def: types.ArrayBase.Def(), Doc: "The base of all arrays, and functions on them.", Rows: []value.Row{
		{
			Sig: "int Length { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(this(c).Len()) },
			Fast: func(v value.Value) int64 { return int64(v.Object().(*value.Array).Len()) },
		},
		{Sig: "long LongLength { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Long(int64(this(c).Len())) }},
		{Sig: "long GetLongLength(int dimension)", Doc: "The length of a dimension.", Func: func(c *value.Call) value.Value {
			return value.Long(int64(dim(c, func(a *value.Array, d int) int { return a.Dim(d) }).Int()))
		}},
		{Sig: "bool IsSynchronized { get; }", Doc: "Always false.", Func: func(*value.Call) value.Value { return value.False }},
		{Sig: "object SyncRoot { get; }", Doc: "The array itself.", Func: func(c *value.Call) value.Value { return c.This }},
		{Sig: "static int MaxLength { get; }", Doc: "The largest length that .NET allows.", Func: func(*value.Call) value.Value { return value.Int(0x7FFFFFC7) }},
		{Sig: "static Array CreateInstance(Type elementType, int length)", Doc: "A new array.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "elementType")
			if c.Int(1) < 0 {
				c.ThrowRange("Non-negative number required.", "length")
			}
			elem := c.Args[0].Object().(*value.TypeObject).Of
			if elem.Kind() == types.Void {
				c.Throw(value.NotSupportedException, "Arrays of System.Void are not supported.")
			}
			return value.Of(c.NewArray(elem, c.Int(1)))
		}},
		{Sig: "int Rank { get; }", Doc: "The number of dimensions.", Func: func(c *value.Call) value.Value { return value.Int(this(c).Rank()) }},
		{Sig: "bool IsFixedSize { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
		{Sig: "bool IsReadOnly { get; }", Doc: "Always false.", Func: func(*value.Call) value.Value { return value.False }},
		{Sig: "int GetLength(int dimension)", Doc: "The length of a dimension.", Func: func(c *value.Call) value.Value {
			return dim(c, func(a *value.Array, d int) int { return a.Dim(d) })
		}},
		{Sig: "int GetLowerBound(int dimension)", Doc: "The first index of a dimension, 0.", Func: func(c *value.Call) value.Value {
			return dim(c, func(*value.Array, int) int { return 0 })
		}},
		{Sig: "int GetUpperBound(int dimension)", Doc: "The last index of a dimension.", Func: func(c *value.Call) value.Value {
			return dim(c, func(a *value.Array, d int) int { return a.Dim(d) - 1 })
		}},
		{Sig: "object GetValue(int index)", Doc: "An element.", Func: func(c *value.Call) value.Value { return this(c).At(at(c, this(c), c.Int(0))) }},
		{Sig: "object GetValue(params int[] indices)", Doc: "An element.", Func: func(c *value.Call) value.Value {
			a, ix := this(c), array(c, 0, "indices")
			list := make([]int, ix.Len())
			for i := range list {
				list[i] = ix.At(i).Int()
			}
			if len(list) != a.Rank() {
				c.ThrowArgument(value.ArgumentException, "Array indices did not match the number of dimensions.", "")
			}
			if a.Rank() == 1 {
				return a.At(at(c, a, list[0]))
			}
			k := a.Flat(list)
			if k < 0 {
				bounds(c)
			}
			return a.At(k)
		}},
		{Sig: "void SetValue(object value, int index)", Doc: "Changes an element.", Func: void(func(c *value.Call) {
			a := this(c)
			i := at(c, a, c.Int(1))
			v := c.Args[0]
			if v.IsNull() {
				v = c.Zero(a.Elem())
			} else if types.ImplicitNumeric(v.Type(), a.Elem()) {
				v = widen(v, v.Type(), a.Elem())
			} else if !types.Assignable(v.Type(), a.Elem()) {
				c.Throw(value.InvalidCastException, "Object cannot be stored in an array of this type.")
			}
			a.Set(i, v)
		})},
		{Sig: "object Clone()", Doc: "A copy of the array.", Func: func(c *value.Call) value.Value { return value.Of(this(c).Clone(c.Thread)) }},
		{Sig: "void CopyTo(Array array, int index)", Doc: "Copies all elements into another array.", Func: void(func(c *value.Call) {
			copyArray(c, this(c), 0, array(c, 0, "destinationArray"), c.Int(1), this(c).Len(), [2]string{"sourceIndex", "destinationIndex"})
		})},
		{Sig: "IEnumerator GetEnumerator()", Doc: "Starts a walk.", Func: func(c *value.Call) value.Value { return value.Of(c.NewEnumerator(types.IEnumerator, c.This)) }},
		{Sig: "static void Copy(Array sourceArray, Array destinationArray, int length)", Doc: "Copies elements.", Func: void(func(c *value.Call) {
			copyArray(c, array(c, 0, "sourceArray"), 0, array(c, 1, "destinationArray"), 0, c.Int(2), [2]string{"sourceIndex", "destinationIndex"})
		})},
		{Sig: "static void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)", Doc: "Copies elements.", Func: void(func(c *value.Call) {
			copyArray(c, array(c, 0, "sourceArray"), c.Int(1), array(c, 2, "destinationArray"), c.Int(3), c.Int(4), [2]string{"sourceIndex", "destinationIndex"})
		})},
		{Sig: "static void ConstrainedCopy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)", Doc: "Copies elements between arrays of one type.", Func: void(func(c *value.Call) {
			from, to := array(c, 0, "sourceArray"), array(c, 2, "destinationArray")
			if from.Type() != to.Type() && !types.ReferenceConvertible(from.Elem(), to.Elem()) {
				c.Throw(value.ArrayTypeMismatchException, "Array.ConstrainedCopy will only work on array types that are provably compatible, without any form of boxing, unboxing, widening, or casting of each array element.  Change the array types (i.e., copy a Derived[] to a Base[]), or use a mitigation strategy in the CER for Array.Copy's less powerful reliability contract, such as cloning the array or throwing away the potentially corrupt destination array.")
			}
			copyArray(c, from, c.Int(1), to, c.Int(3), c.Int(4), [2]string{"sourceIndex", "destinationIndex"})
		})},
		{Sig: "static void Clear(Array array)", Doc: "Sets all elements to their default.", Func: void(func(c *value.Call) { clearArray(c, array(c, 0, "array"), 0, array(c, 0, "array").Len()) })},
		{Sig: "static void Clear(Array array, int index, int length)", Doc: "Sets elements to their default.", Func: void(func(c *value.Call) {
			a := array(c, 0, "array")
			if i, n := c.Int(1), c.Int(2); i < 0 || n < 0 || i+n > a.Len() {
				bounds(c)
			}
			clearArray(c, a, c.Int(1), c.Int(2))
		})},
		{Sig: "static void Reverse(Array array)", Doc: "Turns the order round.", Func: void(func(c *value.Call) { reverse(c, array(c, 0, "array"), 0, array(c, 0, "array").Len()) })},
		{Sig: "static void Reverse(Array array, int index, int length)", Doc: "Turns the order of a part round.", Func: void(func(c *value.Call) {
			span(c, array(c, 0, "array"), c.Int(1), c.Int(2), "index")
			reverse(c, array(c, 0, "array"), c.Int(1), c.Int(2))
		})},
		{Sig: "static void Reverse<T>(T[] array)", Doc: "Turns the order round.", Func: void(func(c *value.Call) { reverse(c, array(c, 0, "array"), 0, array(c, 0, "array").Len()) })},
		{Sig: "static void Reverse<T>(T[] array, int index, int length)", Doc: "Turns the order of a part round.", Func: void(func(c *value.Call) {
			span(c, array(c, 0, "array"), c.Int(1), c.Int(2), "index")
			reverse(c, array(c, 0, "array"), c.Int(1), c.Int(2))
		})},
		{Sig: "static int IndexOf(Array array, object value)", Doc: "The index of the first element that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			a := array(c, 0, "array")
			return indexOf(c, a, c.Args[1], 0, a.Len())
		}},
		{Sig: "static int IndexOf<T>(T[] array, T value)", Doc: "The index of the first element that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			a := array(c, 0, "array")
			return indexOf(c, a, c.Args[1], 0, a.Len())
		}},
		{Sig: "static int IndexOf<T>(T[] array, T value, int startIndex)", Doc: "The index of the first element from a start that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			a, i := array(c, 0, "array"), c.Int(2)
			if i < 0 || i > a.Len() {
				c.ThrowRange("Index was out of range. Must be non-negative and less than or equal to the size of the collection.", "startIndex")
			}
			return indexOf(c, a, c.Args[1], i, a.Len()-i)
		}},
		{Sig: "static int IndexOf<T>(T[] array, T value, int startIndex, int count)", Doc: "The index of the first element in a part that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			a, i, n := array(c, 0, "array"), c.Int(2), c.Int(3)
			if i < 0 || i > a.Len() {
				c.ThrowRange("Index was out of range. Must be non-negative and less than or equal to the size of the collection.", "startIndex")
			}
			if n < 0 || n > a.Len()-i {
				c.ThrowRange("Count must be positive and count must refer to a location within the string/array/collection.", "count")
			}
			return indexOf(c, a, c.Args[1], i, n)
		}},
		{Sig: "static int LastIndexOf<T>(T[] array, T value)", Doc: "The index of the last element that equals a value, or -1.", Func: func(c *value.Call) value.Value {
			a := array(c, 0, "array")
			for i := a.Len() - 1; i >= 0; i-- {
				c.Step(1)
				if c.Equal(a.At(i), c.Args[1]) {
					return value.Int(i)
				}
			}
			return value.Int(-1)
		}},
		{Sig: "static void Sort(Array array)", Doc: "Sorts.", Func: void(func(c *value.Call) {
			a := array(c, 0, "array")
			sortArray(c, a, 0, a.Len(), c.Compare)
		})},
		{Sig: "static void Sort(Array keys, Array items)", Doc: "Sorts keys and moves items along.", Func: void(func(c *value.Call) {
			keys := array(c, 0, "keys")
			if c.Args[1].IsNull() {
				sortArray(c, keys, 0, keys.Len(), c.Compare)
				return
			}
			sortKeys(c, keys, array(c, 1, "items"))
		})},
		{Sig: "static void Sort<T>(T[] array)", Doc: "Sorts.", Func: void(func(c *value.Call) {
			a := array(c, 0, "array")
			sortArray(c, a, 0, a.Len(), c.Compare)
		})},
		{Sig: "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items)", Doc: "Sorts keys and moves items along.", Func: void(func(c *value.Call) {
			keys := array(c, 0, "keys")
			if c.Args[1].IsNull() {
				sortArray(c, keys, 0, keys.Len(), c.Compare)
				return
			}
			sortKeys(c, keys, array(c, 1, "items"))
		})},
		{Sig: "static void Sort<T>(T[] array, int index, int length)", Doc: "Sorts a part.", Func: void(func(c *value.Call) {
			a := array(c, 0, "array")
			span(c, a, c.Int(1), c.Int(2), "index")
			sortArray(c, a, c.Int(1), c.Int(2), c.Compare)
		})},
		{Sig: "static void Sort<T>(T[] array, IComparer<T> comparer)", Doc: "Sorts by a comparer.", Func: void(func(c *value.Call) {
			a := array(c, 0, "array")
			sortArray(c, a, 0, a.Len(), comparison(c, c.Args[1]))
		})},
		{Sig: "static void Sort<T>(T[] array, Comparison<T> comparison)", Doc: "Sorts by a comparison.", Func: void(func(c *value.Call) {
			a := array(c, 0, "array")
			c.NotNull(1, "comparison")
			f := c.Args[1]
			sortArray(c, a, 0, a.Len(), func(x, y value.Value) int { return c.Invoke2(f, x, y).Int() })
		})},
		{Sig: "static int BinarySearch(Array array, object value)", Doc: "The index of a value in a sorted array, or the complement of where it would be.", Func: func(c *value.Call) value.Value {
			return search(c, array(c, 0, "array"), c.Args[1], c.Compare)
		}},
		{Sig: "static int BinarySearch<T>(T[] array, T value)", Doc: "The index of a value in a sorted array, or the complement of where it would be.", Func: func(c *value.Call) value.Value {
			return search(c, array(c, 0, "array"), c.Args[1], c.Compare)
		}},
		{Sig: "static int BinarySearch<T>(T[] array, T value, IComparer<T> comparer)", Doc: "The index of a value in a sorted array, or the complement of where it would be.", Func: func(c *value.Call) value.Value {
			return search(c, array(c, 0, "array"), c.Args[1], comparison(c, c.Args[2]))
		}},
		{Sig: "static void Resize<T>(ref T[] array, int newSize)", Doc: "Makes an array longer or shorter.", Func: void(func(c *value.Call) {
			n := c.Int(1)
			if n < 0 {
				c.ThrowRange("Non-negative number required.", "newSize")
			}
			b := c.NewArray(c.Types[0], n)
			if a, ok := c.Args[0].Object().(*value.Array); ok {
				for i := range min(n, a.Len()) {
					b.Set(i, a.At(i))
				}
			}
			c.Args[0] = value.Of(b)
		})},
		{Sig: "static T[] Empty<T>()", Doc: "An array without elements.", Func: func(c *value.Call) value.Value { return value.Of(c.NewArray(c.Types[0], 0)) }},
		{Sig: "static void Fill<T>(T[] array, T value)", Doc: "Sets all elements to a value.", Func: void(func(c *value.Call) {
			a := array(c, 0, "array")
			c.Step(a.Len())
			for i := range a.Len() {
				a.Set(i, c.Args[1])
			}
		})},
		{Sig: "static bool Exists<T>(T[] array, Predicate<T> match)", Doc: "Reports whether an element matches.", Func: func(c *value.Call) value.Value {
			return value.Bool(find(c, match(c), c.Args[1], false) >= 0)
		}},
		{Sig: "static T Find<T>(T[] array, Predicate<T> match)", Doc: "The first element that matches, or the default.", Func: func(c *value.Call) value.Value {
			a := match(c)
			if i := find(c, a, c.Args[1], false); i >= 0 {
				return a.At(i)
			}
			return c.Zero(c.Types[0])
		}},
		{Sig: "static T FindLast<T>(T[] array, Predicate<T> match)", Doc: "The last element that matches, or the default.", Func: func(c *value.Call) value.Value {
			a := match(c)
			if i := find(c, a, c.Args[1], true); i >= 0 {
				return a.At(i)
			}
			return c.Zero(c.Types[0])
		}},
		{Sig: "static int FindIndex<T>(T[] array, Predicate<T> match)", Doc: "The index of the first element that matches, or -1.", Func: func(c *value.Call) value.Value {
			return value.Int(find(c, match(c), c.Args[1], false))
		}},
		{Sig: "static int FindLastIndex<T>(T[] array, Predicate<T> match)", Doc: "The index of the last element that matches, or -1.", Func: func(c *value.Call) value.Value {
			return value.Int(find(c, match(c), c.Args[1], true))
		}},
		{Sig: "static T[] FindAll<T>(T[] array, Predicate<T> match)", Doc: "All elements that match.", Func: func(c *value.Call) value.Value {
			a := match(c)
			var list []value.Value
			for i := range a.Len() {
				c.Step(1)
				if v := a.At(i); c.Invoke1(c.Args[1], v).Bool() {
					c.Alloc(24)
					list = append(list, v)
				}
			}
			return c.ArrayOf(c.Types[0], list)
		}},
		{Sig: "static bool TrueForAll<T>(T[] array, Predicate<T> match)", Doc: "Reports whether all elements match.", Func: func(c *value.Call) value.Value {
			a := match(c)
			for i := range a.Len() {
				c.Step(1)
				if !c.Invoke1(c.Args[1], a.At(i)).Bool() {
					return value.False
				}
			}
			return value.True
		}},
		{Sig: "static void ForEach<T>(T[] array, Action<T> action)", Doc: "Calls a function with every element.", Func: void(func(c *value.Call) {
			a := asPredicate("action")(c)
			for i := range a.Len() {
				c.Step(1)
				c.Invoke1(c.Args[1], a.At(i))
			}
		})},
		{Sig: "static TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Converter<TInput, TOutput> converter)", Doc: "An array of converted elements.", Func: func(c *value.Call) value.Value {
			a := asPredicate("converter")(c)
			b := c.NewArray(c.Types[1], a.Len())
			for i := range a.Len() {
				c.Step(1)
				b.Set(i, c.Invoke1(c.Args[1], a.At(i)))
			}
			return value.Of(b)
		}},
		{Sig: "bool IList.Contains(object value)", Doc: "Reports whether an element equals a value.", Func: func(c *value.Call) value.Value {
			return value.Bool(indexOf(c, this(c), c.Args[0], 0, this(c).Len()).Int() >= 0)
		}},
		{Sig: "int IList.IndexOf(object value)", Doc: "The index of a value, or -1.", Func: func(c *value.Call) value.Value {
			return indexOf(c, this(c), c.Args[0], 0, this(c).Len())
		}},
		{
			Sig: "object IList.this[int index] { get; set; }", Doc: "An element.", Func: func(c *value.Call) value.Value { return this(c).At(at(c, this(c), c.Int(0))) },
			Set: func(c *value.Call) { this(c).Store(c.Thread, at(c, this(c), c.Int(0)), c.Args[1]) },
		},
		{Sig: "int IList.Add(object value)", Doc: "An array has a fixed size.", Func: fixed},
		{Sig: "void IList.Insert(int index, object value)", Doc: "An array has a fixed size.", Func: fixed},
		{Sig: "void IList.Remove(object value)", Doc: "An array has a fixed size.", Func: fixed},
		{Sig: "void IList.RemoveAt(int index)", Doc: "An array has a fixed size.", Func: fixed},
		{Sig: "void IList.Clear()", Doc: "Sets all elements to their default.", Func: void(func(c *value.Call) { clearArray(c, this(c), 0, this(c).Len()) })},
		{Sig: "int ICollection.Count { get; }", Doc: "The number of elements.", Func: func(c *value.Call) value.Value { return value.Int(this(c).Len()) }},
	}}
	out := func(c *value.Call) int {
		i := c.Int(0)
		if i < 0 || i >= this(c).Len() {
			c.ThrowIndex()
		}
		return i
	}
	count := func(c *value.Call) value.Value { return value.Int(this(c).Len()) }
	get := func(c *value.Call) value.Value { return this(c).At(out(c)) }
	vector := value.Members{Def: value.Vector, Doc: "What arrays are as generic collections.", Rows: []value.Row{
		{Sig: "int ICollection<T>.Count { get; }", Doc: "The number of elements.", Func: count},
		{Sig: "int IReadOnlyCollection<T>.Count { get; }", Doc: "The number of elements.", Func: count},
		{Sig: "bool ICollection<T>.IsReadOnly { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
		{Sig: "void ICollection<T>.Add(T item)", Doc: "An array has a fixed size.", Func: fixed},
		{Sig: "void ICollection<T>.Clear()", Doc: "An array has a fixed size.", Func: func(c *value.Call) value.Value {
			c.Throw(value.NotSupportedException, "Collection is read-only.")
			return value.Null
		}},
		{Sig: "bool ICollection<T>.Contains(T item)", Doc: "Reports whether an element equals a value.", Func: func(c *value.Call) value.Value {
			return value.Bool(indexOf(c, this(c), c.Args[0], 0, this(c).Len()).Int() >= 0)
		}},
		{Sig: "void ICollection<T>.CopyTo(T[] array, int arrayIndex)", Doc: "Copies all elements into another array.", Func: void(func(c *value.Call) {
			copyArray(c, this(c), 0, array(c, 0, "destinationArray"), c.Int(1), this(c).Len(), [2]string{"sourceIndex", "destinationIndex"})
		})},
		{Sig: "bool ICollection<T>.Remove(T item)", Doc: "An array has a fixed size.", Func: fixed},
		{Sig: "T IList<T>.this[int index] { get; set; }", Doc: "An element.", Func: get, Set: func(c *value.Call) { this(c).Store(c.Thread, out(c), c.Args[1]) }},
		{Sig: "T IReadOnlyList<T>.this[int index] { get; }", Doc: "An element.", Func: get},
		{Sig: "int IList<T>.IndexOf(T item)", Doc: "The index of a value, or -1.", Func: func(c *value.Call) value.Value {
			return indexOf(c, this(c), c.Args[0], 0, this(c).Len())
		}},
		{Sig: "void IList<T>.Insert(int index, T item)", Doc: "An array has a fixed size.", Func: fixed},
		{Sig: "void IList<T>.RemoveAt(int index)", Doc: "An array has a fixed size.", Func: fixed},
	}}
	return []value.Members{base, vector}
}

func clearArray(c *value.Call, a *value.Array, from, n int) {
	z := c.Zero(a.Elem())
	c.Step(n)
	for i := from; i < from+n; i++ {
		a.Set(i, z)
	}
}
