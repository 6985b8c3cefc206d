package value

import (
	"math"
	"unsafe"

	"github.com/spillway-gateway/spillway/expr/types"
)

// Value is any value of the language. The zero Value is null. Values are
// immutable; what they point to may not be.
type Value struct {
	w uint64
	// r is nil for null, a *types.Type for values that live in the word, *ascii
	// or *wide for strings, and an Object for everything else.
	r any
}

// ascii is the first byte of an ASCII string whose length is in the word: a
// pointer needs no allocation to become an interface.
type ascii byte

// Object is a value behind the interface. Implementations are pointers.
type Object interface {
	// Type is the run-time type, constructed: List<string>, string[].
	Type() *types.Type
}

// Null is null.
var Null Value

// True, False and Empty are what they say.
var (
	True  = Value{1, types.Bool}
	False = Value{0, types.Bool}
	Empty = Value{0, (*ascii)(unsafe.StringData("\x00"))}
)

// Of is the value of an object; a nil interface is null.
func Of(o Object) Value {
	if o == nil {
		return Value{}
	}
	return Value{0, o}
}

// Word is a value of a type that lives in the word. Signed integers are sign
// extended to 64 bits, float and double both the bits of a float64, bool 0 or 1.
func Word(t *types.Type, w uint64) Value { return Value{w, t} }

// Bool is a bool.
func Bool(b bool) Value {
	if b {
		return True
	}
	return False
}

// Int is an int; n must fit 32 bits.
func Int(n int) Value { return Value{uint64(int64(n)), types.Int32} }

// Long is a long.
func Long(n int64) Value { return Value{uint64(n), types.Int64} }

// Char is a char, one UTF-16 unit.
func Char(u uint16) Value { return Value{uint64(u), types.Char} }

// Byte is a byte.
func Byte(b byte) Value { return Value{uint64(b), types.Byte} }

// Double is a double.
func Double(f float64) Value { return Value{math.Float64bits(f), types.Double} }

// Float is a float.
func Float(f float32) Value { return Value{math.Float64bits(float64(f)), types.Single} }

// Enum is an enum value by its number.
func Enum(t *types.Type, n int64) Value { return Value{uint64(n), t} }

// String is a string, given in WTF-8 (see Text).
func String(s string) Value {
	if len(s) == 0 {
		return Empty
	}
	if IsASCII(s) {
		return Value{uint64(len(s)), (*ascii)(unsafe.StringData(s))}
	}
	return Value{0, newWide(s)}
}

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v.r == nil }

// Word is the word of a value that lives there.
func (v Value) Word() uint64 { return v.w }

// Bool is the value of a bool.
func (v Value) Bool() bool { return v.w != 0 }

// Int is the value of an int, or of any smaller integer.
func (v Value) Int() int { return int(int64(v.w)) }

// Long is the value of an integer up to long; an ulong gives its bits.
func (v Value) Long() int64 { return int64(v.w) }

// Char is the value of a char.
func (v Value) Char() uint16 { return uint16(v.w) }

// Double is the value of a float or a double.
func (v Value) Double() float64 { return math.Float64frombits(v.w) }

// IsString reports whether the value is a string, which null is not.
func (v Value) IsString() bool {
	switch v.r.(type) {
	case *ascii, *wide:
		return true
	}
	return false
}

// Str is the text of a string in WTF-8, "" for null and for what is no string.
func (v Value) Str() string {
	switch r := v.r.(type) {
	case *ascii:
		return unsafe.String((*byte)(r), int(v.w))
	case *wide:
		return r.s
	}
	return ""
}

// Object is the object behind the value, nil for null, strings and words.
func (v Value) Object() Object {
	o, _ := v.r.(Object)
	return o
}

// IsWord reports whether the value lives in the word.
func (v Value) IsWord() bool {
	_, ok := v.r.(*types.Type)
	return ok
}

// Type is the run-time type, types.Null for null.
func (v Value) Type() *types.Type {
	switch r := v.r.(type) {
	case nil:
		return types.Null
	case *types.Type:
		return r
	case *ascii, *wide:
		return types.String
	case Object:
		return r.Type()
	}
	panic("value: not a value")
}

// Same is reference equality: one object, both null, or strings that share
// their memory. Values that live in a word are boxed afresh each time in .NET,
// so that two of them are never the same object.
func Same(a, b Value) bool {
	switch x := a.r.(type) {
	case nil:
		return b.r == nil
	case *types.Type:
		return false
	case *ascii:
		y, ok := b.r.(*ascii)
		return ok && a.w == b.w && (x == y || a.w == 0)
	case *wide:
		y, ok := b.r.(*wide)
		return ok && (x == y || len(x.s) == len(y.s) && unsafe.StringData(x.s) == unsafe.StringData(y.s))
	}
	switch b.r.(type) {
	case nil, *types.Type, *ascii, *wide:
		return false
	}
	return a.r == b.r
}

// Retype gives a word value another type of the same representation, such as
// the enum over an integer.
func (v Value) Retype(t *types.Type) Value { return Value{v.w, t} }

// SetWord changes the word of a variable that holds values of one type that
// lives there, without touching its interface.
func (v *Value) SetWord(w uint64) { v.w = w }
