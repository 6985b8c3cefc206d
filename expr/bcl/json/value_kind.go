package json

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	bcltext "github.com/spillway-gateway/spillway/expr/bcl/text"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// isURI reports whether a type is System.Uri.
func isURI(x *types.Type) bool {
	d := x.Def()
	return d != nil && d.Name == "Uri" && d.Namespace == "System"
}

// findKind is the JTokenType of a .NET value; ok is false when a JValue cannot
// hold it.
func findKind(v value.Value) (k Kind, ok bool) {
	if v.IsNull() {
		return NullKind, true
	}
	x := v.Type()
	switch x.Code() {
	case types.CodeString:
		return StringKind, true
	case types.CodeBool:
		return BooleanKind, true
	case types.CodeSByte, types.CodeByte, types.CodeInt16, types.CodeUInt16, types.CodeInt32, types.CodeUInt32, types.CodeInt64, types.CodeUInt64:
		return IntegerKind, true
	case types.CodeSingle, types.CodeDouble, types.CodeDecimal:
		return FloatKind, true
	}
	switch {
	case x == time.DateTimeType, x == time.DateTimeOffsetType:
		return DateKind, true
	case x == time.TimeSpanType:
		return TimeSpanKind, true
	case x == net.GuidType:
		return GuidKind, true
	case x == byteArray:
		return BytesKind, true
	case x.Kind() == types.Enum, x.Def() == BigIntegerDef:
		return IntegerKind, true
	case isURI(x):
		return URIKind, true
	}
	return None, false
}

// kindOf is findKind, and throws what the constructor of JValue throws.
func kindOf(t *value.Thread, v value.Value) Kind {
	k, ok := findKind(v)
	if !ok {
		t.Throw(value.ArgumentException, "%s", "Could not determine JSON object type for type "+v.Type().ReflectionName()+".")
	}
	return k
}

// setRaw is the setter of JValue.Value: a value of another type changes the
// kind, but text stays a comment or raw.
func (v *Value) setRaw(t *value.Thread, n value.Value) {
	if v.v.Type() != n.Type() {
		k := kindOf(t, n)
		if k != StringKind || v.kind != CommentKind && v.kind != RawKind {
			v.kind = k
		}
	}
	v.v = n
}

// same is JValue.Equals with another JValue.
func (v *Value) same(t *value.Thread, w *Value) bool {
	return v == w || v.kind == w.kind && compareAs(t, v.kind, v.v, w.v) == 0
}

// Equals compares kind and value with another JValue.
func (v *Value) Equals(t *value.Thread, other value.Value) bool {
	w, ok := other.Object().(*Value)
	return ok && v.same(t, w)
}

// Hash is that of the value.
func (v *Value) Hash(t *value.Thread) int32 { return t.Hash(v.v) }

// CompareTo compares with another JValue, or with a plain value.
func (v *Value) CompareTo(t *value.Thread, other value.Value) int {
	if other.IsNull() {
		return 1
	}
	w, ok := other.Object().(*Value)
	if !ok {
		return compareAs(t, v.kind, v.v, other)
	}
	k := v.kind
	if k == StringKind {
		k = w.kind
	}
	return compareAs(t, k, v.v, w.v)
}

func isReal(v value.Value) bool {
	c := v.Type().Code()
	return c == types.CodeSingle || c == types.CodeDouble
}

func isExact(v value.Value) bool {
	c := v.Type().Code()
	return c == types.CodeUInt64 || c == types.CodeDecimal
}

// compareAs is JValue's comparison of two values as a kind.
func compareAs(t *value.Thread, k Kind, a, b value.Value) int {
	switch {
	case value.Same(a, b):
		return 0
	case b.IsNull():
		return 1
	case a.IsNull():
		return -1
	}
	to := func(v value.Value, c types.Code) value.Value { return convertValue(t, v, c) }
	switch k {
	case IntegerKind, FloatKind:
		if x, y := bigOf(a), bigOf(b); x != nil || y != nil {
			return compareBig(t, a, b)
		}
		switch {
		case isExact(a) || isExact(b):
			return number.DecimalOf(to(a, types.CodeDecimal)).Cmp(number.DecimalOf(to(b, types.CodeDecimal)))
		case k == FloatKind || isReal(a) || isReal(b):
			return compareFloat(to(a, types.CodeDouble).Double(), to(b, types.CodeDouble).Double())
		}
		return order(to(a, types.CodeInt64).Long(), to(b, types.CodeInt64).Long())
	case CommentKind, StringKind, RawKind:
		return value.CompareOrdinal(to(a, types.CodeString).Str(), to(b, types.CodeString).Str())
	case BooleanKind:
		return order(int64(to(a, types.CodeBool).Word()), int64(to(b, types.CodeBool).Word()))
	case DateKind:
		if x, ok := a.Object().(*time.Offset); ok {
			y, ok := b.Object().(*time.Offset)
			if !ok {
				y = offsetOf(t, toDate(t, b))
			}
			return order(x.UTCTicks(), y.UTCTicks())
		}
		y, ok := b.Object().(*time.Offset)
		if ok {
			return order(time.InstantOf(a).Ticks(), y.Clock)
		}
		return order(time.InstantOf(a).Ticks(), time.InstantOf(toDate(t, b)).Ticks())
	case BytesKind:
		if b.Type() != byteArray {
			t.Throw(value.ArgumentException, "Object must be of type byte[].")
		}
		return compareBytes(a.Object().(*value.Array).Bytes(), b.Object().(*value.Array).Bytes())
	case GuidKind:
		if b.Type() != net.GuidType {
			t.Throw(value.ArgumentException, "Object must be of type Guid.")
		}
		return t.Compare(a, b)
	case URIKind:
		if !isURI(b.Type()) {
			t.Throw(value.ArgumentException, "Object must be of type Uri.")
		}
		return t.Compare(value.String(t.ToString(a)), value.String(t.ToString(b)))
	case TimeSpanKind:
		if b.Type() != time.TimeSpanType {
			t.Throw(value.ArgumentException, "Object must be of type TimeSpan.")
		}
		return order(a.Long(), b.Long())
	}
	t.ThrowRange("Unexpected value type: "+k.String()+"\nActual value was "+k.String()+".", "valueType")
	return 0
}

func order(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareBytes(a, b []byte) int {
	if n := order(int64(len(a)), int64(len(b))); n != 0 {
		return n
	}
	for i := range a {
		if n := order(int64(a[i]), int64(b[i])); n != 0 {
			return n
		}
	}
	return 0
}

// compareFloat takes numbers for equal that differ by rounding alone.
func compareFloat(a, b float64) int {
	if a == b {
		return 0
	}
	tolerance := (math.Abs(a) + math.Abs(b) + 10) * 2.2204460492503131e-16
	if d := a - b; -tolerance < d && tolerance > d {
		return 0
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a != a && b != b:
		return 0
	case a != a:
		return -1
	}
	return 1
}

func compareBig(t *value.Thread, a, b value.Value) int {
	x, y := bigFrom(t, a), bigFrom(t, b)
	n := x.n.Cmp(y.n)
	if n != 0 {
		return n
	}
	// A fraction that the conversion cut off decides.
	fraction := func(v value.Value) float64 {
		if bigOf(v) != nil || !isReal(v) && v.Type().Code() != types.CodeDecimal {
			return 0
		}
		f := convertValue(t, v, types.CodeDouble).Double()
		return math.Abs(f - math.Trunc(f))
	}
	f, g := fraction(a), fraction(b)
	switch {
	case f < g:
		return -1
	case f > g:
		return 1
	}
	return 0
}

// convertValue is System.Convert for what a JValue holds.
func convertValue(t *value.Thread, v value.Value, to types.Code) value.Value {
	if b := bigOf(v); b != nil {
		if to == types.CodeString {
			return value.String(b.n.String())
		}
		t.ThrowCast(v.Type(), types.IConvertible)
	}
	if a, ok := v.Object().(*value.Array); ok && to == types.CodeString {
		return value.String(a.Type().ReflectionName())
	}
	return number.Change(t, v, to, value.Null)
}

func toDate(t *value.Thread, v value.Value) value.Value {
	return bcltext.ChangeType(t, v, time.DateTimeType, value.Null)
}

// offsetOf is new DateTimeOffset(DateTime): the local zone is UTC.
func offsetOf(_ *value.Thread, v value.Value) *time.Offset {
	return &time.Offset{Clock: time.InstantOf(v).Ticks()}
}
