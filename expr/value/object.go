package value

import (
	"math"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
)

// Equaler is an object with its own Equals; other may be null or anything.
type Equaler interface {
	Equals(t *Thread, other Value) bool
}

// Hasher is an object with its own GetHashCode.
type Hasher interface{ Hash(t *Thread) int32 }

// Comparer is an object with IComparable.CompareTo.
type Comparer interface {
	CompareTo(t *Thread, other Value) int
}

// Stringer is an object with its own ToString.
type Stringer interface{ ToString(t *Thread) string }

// Formatter is an object with IFormattable.ToString.
type Formatter interface {
	Format(t *Thread, format string, provider Value) string
}

// Disposer is an object whose Dispose does something.
type Disposer interface{ Dispose(t *Thread) }

// EqualityComparer is an object that implements IEqualityComparer<T>.
type EqualityComparer interface {
	EqualValues(t *Thread, a, b Value) bool
	HashValue(t *Thread, v Value) int32
}

// OrderComparer is an object that implements IComparer<T>.
type OrderComparer interface {
	CompareValues(t *Thread, a, b Value) int
}

// Property is a named value of an object.
type Property struct {
	Name  string
	Value Value
}

// Shaped is an object that lists what a serialiser sees of it, where that is
// not simply the public properties its rows declare.
type Shaped interface{ Shape(t *Thread) []Property }

// Shape lists the public properties of an object as serialisers see them: what
// it says itself, else the instance properties its rows declare, in their order.
func (t *Thread) Shape(v Value) []Property {
	if s, ok := v.r.(Shaped); ok {
		return s.Shape(t)
	}
	var props []Property
	for c := v.Type(); c != nil; c = c.Base() {
		info := t.Table.Info(c.Def())
		if info == nil {
			continue
		}
		for _, m := range info.All {
			if m.Kind == types.Property && !m.Static && m.Get && m.Access == types.Public && m.Explicit == nil {
				props = append(props, Property{m.Name, t.Get(m.In(c), v)})
			}
		}
	}
	return props
}

// Get reads a property or field without arguments.
func (t *Thread) Get(m *types.Member, this Value) Value {
	m = t.Table.Implementation(this.Type(), m)
	c := t.Borrow()
	c.This, c.Owner = this, m.Owner
	v := RowOf(m).Func(c)
	t.Return(c)
	return v
}

// Equal is object.Equals(a, b) with the virtual Equals of a.
func (t *Thread) Equal(a, b Value) bool {
	switch x := a.r.(type) {
	case nil:
		return b.r == nil
	case *types.Type:
		if ops := t.Table.Ops(x.Def()); ops.Equals != nil {
			return ops.Equals(t, a, b)
		}
		if y, ok := b.r.(*types.Type); !ok || x != y {
			return false
		}
		if c := x.Code(); c == types.CodeDouble || c == types.CodeSingle {
			f, g := a.Double(), b.Double()
			return f == g || f != f && g != g
		}
		return a.w == b.w
	case *ascii, *wide:
		return b.IsString() && a.Str() == b.Str()
	case Equaler:
		return x.Equals(t, b)
	}
	return Same(a, b)
}

// Hash is the virtual GetHashCode; that of null is 0.
func (t *Thread) Hash(v Value) int32 {
	switch x := v.r.(type) {
	case nil:
		return 0
	case *types.Type:
		if ops := t.Table.Ops(x.Def()); ops.Hash != nil {
			return ops.Hash(t, v)
		}
		return hashWord(x, v.w)
	case *ascii, *wide:
		return HashString(v.Str())
	case Hasher:
		return x.Hash(t)
	}
	return HashString(v.Type().ReflectionName())
}

func hashWord(x *types.Type, w uint64) int32 {
	c := x.Code()
	if x.Kind() == types.Enum {
		c = x.EnumBase().Code()
	}
	switch c {
	case types.CodeBool, types.CodeInt32, types.CodeUInt32, types.CodeByte, types.CodeUInt16, types.CodeSByte, types.CodeInt16:
		return int32(w)
	case types.CodeChar:
		return int32(w) | int32(w)<<16
	case types.CodeSingle:
		f := float32(math.Float64frombits(w))
		if f == 0 {
			f = 0 // both zeros hash alike
		}
		return int32(math.Float32bits(f))
	case types.CodeDouble:
		f := math.Float64frombits(w)
		if f == 0 {
			return 0
		}
		w = math.Float64bits(f)
	}
	return int32(w) ^ int32(w>>32)
}

// HashString is the hash code of a string. .NET's is random per process; ours
// is fixed, so that tests and reruns agree.
func HashString(s string) int32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return int32(h)
}

// Compare is Comparer<T>.Default.Compare: null first, then IComparable.
func (t *Thread) Compare(a, b Value) int {
	switch {
	case a.r == nil && b.r == nil:
		return 0
	case a.r == nil:
		return -1
	case b.r == nil:
		return 1
	}
	switch x := a.r.(type) {
	case *types.Type:
		if ops := t.Table.Ops(x.Def()); ops.Compare != nil {
			return ops.Compare(t, a, b)
		}
		if b.Type() == x {
			return compareWord(x, a, b)
		}
		t.ThrowArgument(ArgumentException, "Object must be of type "+x.Def().Name+".", "")
	case *ascii, *wide:
		if !b.IsString() {
			t.ThrowArgument(ArgumentException, "Object must be of type String.", "")
		}
		if ops := t.Table.Ops(types.String.Def()); ops.Compare != nil {
			return ops.Compare(t, a, b)
		}
		return CompareOrdinal(a.Str(), b.Str())
	case Comparer:
		return x.CompareTo(t, b)
	}
	if x, ok := b.r.(Comparer); ok {
		return -x.CompareTo(t, a)
	}
	t.ThrowArgument(ArgumentException, "At least one object must implement IComparable.", "")
	return 0
}

func compareWord(x *types.Type, a, b Value) int {
	if x.Kind() == types.Enum {
		x = x.EnumBase()
	}
	switch c := x.Code(); {
	case c == types.CodeDouble || c == types.CodeSingle:
		f, g := a.Double(), b.Double()
		switch {
		case f < g:
			return -1
		case f > g:
			return 1
		case f == g:
			return 0
		case f != f && g != g:
			return 0
		case f != f:
			return -1
		}
		return 1
	case c == types.CodeUInt64:
		if a.w < b.w {
			return -1
		} else if a.w > b.w {
			return 1
		}
		return 0
	}
	if x, y := a.Long(), b.Long(); x < y {
		return -1
	} else if x > y {
		return 1
	}
	return 0
}

// ToString is the virtual ToString with the invariant culture; null gives "",
// as in a concatenation.
func (t *Thread) ToString(v Value) string {
	switch x := v.r.(type) {
	case nil:
		return ""
	case *ascii, *wide:
		return v.Str()
	case *types.Type:
		if ops := t.Table.Ops(x.Def()); ops.String != nil {
			return ops.String(t, v)
		}
		return WordString(x, v)
	case Stringer:
		return x.ToString(t)
	}
	return v.Type().ReflectionName()
}

// WordString prints a number, bool, char or enum that has no Ops of its own.
func WordString(x *types.Type, v Value) string {
	switch x.Code() {
	case types.CodeBool:
		if v.w != 0 {
			return "True"
		}
		return "False"
	case types.CodeChar:
		return UnitString(uint16(v.w))
	case types.CodeSingle:
		return FormatFloat(v.Double(), 32)
	case types.CodeDouble:
		return FormatFloat(v.Double(), 64)
	case types.CodeUInt64:
		return strconv.FormatUint(v.w, 10)
	}
	if x.Kind() == types.Enum {
		return EnumString(x, v.Long())
	}
	if x.IsIntegral() {
		return strconv.FormatInt(int64(v.w), 10)
	}
	return x.ReflectionName()
}

// FormatFloat is the shortest text that reads back as the same float, as .NET
// writes it: exponents from 1E+17 (1E+09 for float) on and from 1E-05 down.
func FormatFloat(f float64, bits int) string {
	switch {
	case f != f:
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0"
		}
		return "0"
	}
	digits := strconv.FormatFloat(f, 'e', -1, bits)
	mantissa, exp, _ := strings.Cut(digits, "e")
	n, _ := strconv.Atoi(exp)
	limit := 17
	if bits == 32 {
		limit = 9
	}
	if n >= -4 && n < limit {
		return strconv.FormatFloat(f, 'f', -1, bits)
	}
	sign := "+"
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.Itoa(n)
	if n < 10 {
		s = "0" + s
	}
	return mantissa + "E" + sign + s
}

// EnumString is the name of an enum value, the names joined for flags, or the
// number when the names do not make it up.
func EnumString(x *types.Type, n int64) string {
	members := x.Def().EnumMembers()
	for _, m := range members {
		if m.Value == n {
			return m.Name
		}
	}
	if x.Def().Flags && n != 0 {
		var names []string
		rest := uint64(n)
		for i := len(members) - 1; i >= 0; i-- {
			if m := uint64(members[i].Value); m != 0 && rest&m == m {
				names = append([]string{members[i].Name}, names...)
				rest &^= m
			}
		}
		if rest == 0 {
			return strings.Join(names, ", ")
		}
	}
	if x.EnumBase() == types.UInt64 {
		return strconv.FormatUint(uint64(n), 10)
	}
	return strconv.FormatInt(n, 10)
}

// Format is IFormattable.ToString for what has it and ToString for the rest,
// as composite formatting does it; provider may be null.
func (t *Thread) Format(v Value, format string, provider Value) string {
	switch x := v.r.(type) {
	case *types.Type:
		if ops := t.Table.Ops(x.Def()); ops.Format != nil {
			return ops.Format(t, v, format, provider)
		}
		if x.Kind() == types.Enum {
			return t.FormatEnum(v, format)
		}
	case Formatter:
		return x.Format(t, format, provider)
	}
	return t.ToString(v)
}

// FormatEnum is Enum.ToString(format).
func (t *Thread) FormatEnum(v Value, format string) string {
	x := v.Type()
	switch format {
	case "", "G", "g":
		return EnumString(x, v.Long())
	case "F", "f":
		return flagString(x, v.Long())
	case "D", "d":
		return WordString(x.EnumBase(), v)
	case "X", "x":
		digits := map[types.Code]int{types.CodeSByte: 2, types.CodeByte: 2, types.CodeInt16: 4, types.CodeUInt16: 4, types.CodeInt64: 16, types.CodeUInt64: 16}[x.EnumBase().Code()]
		if digits == 0 {
			digits = 8
		}
		s := strings.ToUpper(strconv.FormatUint(v.w, 16))
		if len(s) > digits {
			s = s[len(s)-digits:]
		}
		return strings.Repeat("0", digits-len(s)) + s
	}
	t.Throw(FormatException, "Format string can be only \"G\", \"g\", \"X\", \"x\", \"F\", \"f\", \"D\" or \"d\".")
	return ""
}

// flagString reads any enum as flags, whatever its attribute.
func flagString(x *types.Type, n int64) string {
	members := x.Def().EnumMembers()
	if n == 0 {
		return EnumString(x, n)
	}
	var names []string
	rest := uint64(n)
	for i := len(members) - 1; i >= 0; i-- {
		if m := uint64(members[i].Value); m != 0 && rest&m == m {
			names = append([]string{members[i].Name}, names...)
			rest &^= m
		}
	}
	if rest != 0 {
		return WordString(x.EnumBase(), Value{uint64(n), x.EnumBase()})
	}
	return strings.Join(names, ", ")
}

// Dispose calls IDisposable.Dispose of an object, if it does anything.
func (t *Thread) Dispose(v Value) {
	if d, ok := v.r.(Disposer); ok {
		d.Dispose(t)
	}
}

// Is reports whether a value can be seen as a type: C#'s `is`. Null is nothing.
func Is(v Value, to *types.Type) bool {
	return v.r != nil && (to == types.Object || types.Assignable(v.Type(), to))
}

// Cast is a cast of a boxed value or a reference: unboxing to value types,
// a checked reference conversion otherwise.
func (t *Thread) Cast(v Value, to *types.Type) Value {
	if v.r == nil {
		if to.IsValue() && !to.IsNullable() {
			t.NullReference()
		}
		return v
	}
	if to == types.Object {
		return v
	}
	from := v.Type()
	if from == to || types.Assignable(from, to) {
		return v
	}
	if v.IsWord() {
		// Unboxing looks through enums to the number beneath.
		under := to.Underlying()
		if number(from) == number(under) && (from.Kind() == types.Enum || under.Kind() == types.Enum) {
			return v.Retype(under)
		}
	}
	t.ThrowCast(from, to)
	return v
}

func number(t *types.Type) *types.Type {
	if t.Kind() == types.Enum {
		return t.EnumBase()
	}
	return t
}

// ThrowCast throws what a failed cast throws.
func (t *Thread) ThrowCast(from, to *types.Type) {
	t.Throw(InvalidCastException, "Unable to cast object of type '"+from.ReflectionName()+"' to type '"+to.ReflectionName()+"'.")
}

// Zero is default(T).
func (t *Thread) Zero(of *types.Type) Value {
	if !of.IsValue() || of.IsNullable() || of.Kind() == types.Void {
		return Value{}
	}
	if of.IsTuple() {
		items := make([]Value, len(of.Args()))
		for i, a := range of.Args() {
			items[i] = t.Zero(a)
		}
		return Of(NewTuple(of.Plain(), items))
	}
	if of.Def() == types.KeyValuePair {
		return Pair(of.Plain(), t.Zero(of.Args()[0]), t.Zero(of.Args()[1]))
	}
	if z := t.Table.Ops(of.Def()).Zero; z != nil {
		return z()
	}
	return Value{0, of}
}

// TypeObject is a System.Type: what typeof and GetType give. It has a name and
// an identity, and no reflection.
type TypeObject struct{ Of *types.Type }

// Type is System.Type, under its run-time name.
func (*TypeObject) Type() *types.Type { return types.TypeType.Type() }

// Equals compares types by identity.
func (o *TypeObject) Equals(_ *Thread, other Value) bool {
	p, ok := other.r.(*TypeObject)
	return ok && types.Same(o.Of, p.Of)
}

// Hash goes with Equals.
func (o *TypeObject) Hash(*Thread) int32 { return HashString(o.Of.ReflectionName()) }

// ToString is the name with namespace and arguments.
func (o *TypeObject) ToString(*Thread) string { return o.Of.ReflectionName() }
