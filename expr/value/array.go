package value

import "github.com/spillway-gateway/spillway/expr/types"

// Array is a .NET array of any rank. Elements of one byte are kept as bytes,
// other elements that live in a word as words, the rest as values.
type Array struct {
	typ   *types.Type
	elem  *types.Type
	bytes []byte
	words []uint64
	refs  []Value
	dims  []int // of arrays of a higher rank, else nil
	n     int
}

// NewArray is a new array of n default elements.
func (t *Thread) NewArray(elem *types.Type, n int) *Array {
	if n < 0 {
		t.Throw(OverflowException, "Arithmetic operation resulted in an overflow.")
	}
	a := &Array{typ: types.ArrayOf(elem, 1), elem: elem, n: n}
	t.fill(a)
	return a
}

// NewMatrix is a new array of a higher rank.
func (t *Thread) NewMatrix(elem *types.Type, dims []int) *Array {
	n := 1
	for _, d := range dims {
		if d < 0 {
			t.Throw(OverflowException, "Arithmetic operation resulted in an overflow.")
		}
		if d > 0 && n > 1<<31/d {
			t.Alloc(1 << 40)
		}
		n *= d
	}
	a := &Array{typ: types.ArrayOf(elem, len(dims)), elem: elem, n: n, dims: append([]int(nil), dims...)}
	t.fill(a)
	return a
}

func (t *Thread) fill(a *Array) {
	switch {
	case oneByte(a.elem):
		t.Alloc(a.n)
		a.bytes = make([]byte, a.n)
	case t.wordType(a.elem):
		t.Alloc(8 * a.n)
		a.words = make([]uint64, a.n)
	default:
		t.Alloc(valueSize * a.n)
		a.refs = make([]Value, a.n)
		if z := t.Zero(a.elem); z.r != nil {
			for i := range a.refs {
				a.refs[i] = z
			}
		}
	}
}

func oneByte(e *types.Type) bool {
	if e.Kind() == types.Enum {
		e = e.EnumBase()
	}
	c := e.Code()
	return c == types.CodeByte || c == types.CodeSByte || c == types.CodeBool
}

// wordType reports whether values of the type always live in the word.
func (t *Thread) wordType(e *types.Type) bool {
	switch {
	case e.Kind() == types.Enum:
		return true
	case e.Kind() != types.Struct || e.IsNullable() || e.IsTuple() || e.Def() == types.KeyValuePair || e.Code() == types.CodeDecimal:
		return false
	}
	return t.Table.Ops(e.Def()).Zero == nil
}

// Bytes is a byte[] over b, which then belongs to the array.
func Bytes(b []byte) Value {
	return Of(&Array{typ: byteArray, elem: types.Byte, bytes: b, n: len(b)})
}

var byteArray = types.ArrayOf(types.Byte, 1)

// ArrayOf is a new array of the values, which must be of type elem.
func (t *Thread) ArrayOf(elem *types.Type, items []Value) Value {
	a := t.NewArray(elem, len(items))
	for i, v := range items {
		a.Set(i, v)
	}
	return Of(a)
}

// Strings is a new string[].
func (t *Thread) Strings(items []string) Value {
	a := t.NewArray(types.String, len(items))
	for i, s := range items {
		a.refs[i] = String(s)
	}
	return Of(a)
}

// Type is the array's type.
func (a *Array) Type() *types.Type { return a.typ }

// Elem is the type of the elements.
func (a *Array) Elem() *types.Type { return a.elem }

// Len is the number of all elements.
func (a *Array) Len() int { return a.n }

// Rank is the number of dimensions.
func (a *Array) Rank() int {
	if a.dims == nil {
		return 1
	}
	return len(a.dims)
}

// Dim is the length of one dimension.
func (a *Array) Dim(d int) int {
	if a.dims == nil {
		return a.n
	}
	return a.dims[d]
}

// Bytes are the elements of a byte[], shared with the array; nil for others.
func (a *Array) Bytes() []byte {
	if a.elem != types.Byte {
		return nil
	}
	return a.bytes
}

// At is an element, by its flat index, which must be in range.
func (a *Array) At(i int) Value {
	switch {
	case a.refs != nil:
		return a.refs[i]
	case a.words != nil:
		return Value{a.words[i], a.elem}
	case a.elem.Code() == types.CodeSByte:
		return Value{uint64(int64(int8(a.bytes[i]))), a.elem}
	}
	return Value{uint64(a.bytes[i]), a.elem}
}

// Word is the word of an element that lives there.
func (a *Array) Word(i int) uint64 {
	switch {
	case a.words != nil:
		return a.words[i]
	case a.elem.Code() == types.CodeSByte:
		return uint64(int64(int8(a.bytes[i])))
	}
	return uint64(a.bytes[i])
}

// Set replaces an element; the value must be of the element type.
func (a *Array) Set(i int, v Value) {
	switch {
	case a.refs != nil:
		a.refs[i] = v
	case a.words != nil:
		a.words[i] = v.w
	default:
		a.bytes[i] = byte(v.w)
	}
}

// Store replaces an element, checking that an array seen through a base type
// of its elements is really one of those.
func (a *Array) Store(t *Thread, i int, v Value) {
	if a.refs != nil && v.r != nil && a.elem != types.Object && !types.Assignable(v.Type(), a.elem) {
		t.Throw(ArrayTypeMismatchException, "Attempted to access an element as a type incompatible with the array.")
	}
	a.Set(i, v)
}

// Clone is a shallow copy.
func (a *Array) Clone(t *Thread) *Array {
	b := *a
	t.Alloc(len(a.bytes) + 8*len(a.words) + valueSize*len(a.refs))
	if a.bytes != nil {
		b.bytes = append([]byte{}, a.bytes...)
	}
	if a.words != nil {
		b.words = append([]uint64{}, a.words...)
	}
	if a.refs != nil {
		b.refs = append([]Value{}, a.refs...)
	}
	return &b
}

// Iterate walks over the elements, the last dimension fastest.
func (a *Array) Iterate(*Thread) Iterator {
	i := 0
	return IteratorFunc(func(*Thread) (Value, bool) {
		if i >= a.n {
			return Value{}, false
		}
		i++
		return a.At(i - 1), true
	})
}

// Flat is the flat index of indexes in an array of a higher rank, -1 when one
// is out of range.
func (a *Array) Flat(indexes []int) int {
	at := 0
	for d, i := range indexes {
		if uint(i) >= uint(a.dims[d]) {
			return -1
		}
		at = at*a.dims[d] + i
	}
	return at
}
