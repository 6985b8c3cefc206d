package json

import (
	"errors"
	"math/big"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	bcltext "github.com/spillway-gateway/spillway/expr/bcl/text"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// A set of kinds.
type kinds uint32

func kindSet(list ...Kind) (s kinds) {
	for _, k := range list {
		s |= 1 << k
	}
	return s
}

func (s kinds) has(k Kind) bool { return s>>k&1 != 0 }

// What kinds the conversions take.
var (
	toNumber   = kindSet(IntegerKind, FloatKind, StringKind, CommentKind, RawKind, BooleanKind)
	toBigInt   = toNumber | kindSet(BytesKind)
	toText     = kindSet(DateKind, IntegerKind, FloatKind, StringKind, CommentKind, RawKind, BooleanKind, BytesKind, GuidKind, TimeSpanKind, URIKind)
	toGuid     = kindSet(StringKind, CommentKind, RawKind, GuidKind, BytesKind)
	toSpan     = kindSet(StringKind, CommentKind, RawKind, TimeSpanKind)
	toURI      = kindSet(StringKind, CommentKind, RawKind, URIKind)
	toChar     = kindSet(IntegerKind, FloatKind, StringKind, CommentKind, RawKind)
	toDateTime = kindSet(DateKind, StringKind, CommentKind, RawKind)
	toBytes    = kindSet(BytesKind, StringKind, CommentKind, RawKind, IntegerKind)
)

// valueIn is the JValue that a conversion looks at: a property's value counts
// for the property. It is nil for other tokens.
func valueIn(x Token) *Value {
	if p, ok := x.(*Property); ok {
		x = p.value
	}
	v, _ := x.(*Value)
	return v
}

func cannotConvert(t *value.Thread, x Token, to string) {
	if p, ok := x.(*Property); ok {
		x = p.value
	}
	t.Throw(value.ArgumentException, "%s", "Can not convert "+x.Kind().String()+" to "+to+".")
}

// accept is the value of a conversion operator's operand; name is what messages
// call the target. With nullable a JSON null is let through.
func accept(t *value.Thread, x Token, allowed kinds, nullable bool, name string) *Value {
	v := valueIn(x)
	if v == nil || !allowed.has(v.kind) && !(nullable && (v.kind == NullKind || v.kind == UndefinedKind)) {
		cannotConvert(t, x, name)
	}
	return v
}

// castNumber is the conversion operator to a primitive type.
func castNumber(t *value.Thread, x Token, to types.Code, nullable bool) value.Value {
	typ := typeOf(to)
	allowed := toNumber
	if to == types.CodeChar {
		allowed = toChar
	}
	v := accept(t, x, allowed, nullable, typ.Def().Name)
	if b := bigOf(v.v); b != nil {
		switch to {
		case types.CodeBool:
			return value.Bool(b.to(t, types.CodeInt32).Word() != 0)
		case types.CodeChar:
			n := b.to(t, types.CodeUInt16)
			return value.Char(uint16(n.Word()))
		}
		return b.to(t, to)
	}
	if nullable && v.v.IsNull() {
		return value.Null
	}
	if to == types.CodeChar && v.v.IsNull() {
		return value.Char(0)
	}
	return number.Change(t, v.v, to, value.Null)
}

func typeOf(c types.Code) *types.Type {
	for _, x := range []*types.Type{types.Bool, types.Char, types.SByte, types.Byte, types.Int16, types.UInt16, types.Int32, types.UInt32, types.Int64, types.UInt64, types.Single, types.Double, types.Decimal} {
		if x.Code() == c {
			return x
		}
	}
	return types.String
}

func castString(t *value.Thread, x Token) value.Value {
	if x == nil {
		return value.Null
	}
	v := accept(t, x, toText, true, "String")
	return textOf(t, v.v)
}

// textOf is what the conversion to string gives for the value of a token.
func textOf(t *value.Thread, v value.Value) value.Value {
	switch o := v.Object().(type) {
	case *value.Array:
		return base64Of(t, o.Bytes())
	case *BigInteger:
		return value.String(o.n.String())
	}
	if v.IsNull() || v.IsString() {
		return v
	}
	return value.String(t.ToString(v))
}

func castDate(t *value.Thread, x Token, nullable bool) value.Value {
	v := accept(t, x, toDateTime, nullable, "DateTime")
	if o, ok := v.v.Object().(*time.Offset); ok {
		return time.At(o.Clock, time.Unspecified).Value()
	}
	if nullable && v.v.IsNull() {
		return value.Null
	}
	return toDate(t, v.v)
}

func castOffset(t *value.Thread, x Token, nullable bool) value.Value {
	v := accept(t, x, toDateTime, nullable, "DateTimeOffset")
	switch {
	case nullable && v.v.IsNull():
		return value.Null
	case v.v.IsString():
		return invoke(t, time.DateTimeOffsetDef, "Parse", v.v)
	}
	if _, ok := v.v.Object().(*time.Offset); ok {
		return v.v
	}
	return offsetOf(t, toDate(t, v.v)).Value()
}

func castBytes(t *value.Thread, x Token) value.Value {
	if x == nil {
		return value.Null
	}
	v := accept(t, x, toBytes, false, "byte array")
	if v.v.IsString() {
		return fromBase64(t, v.v)
	}
	if b := bigOf(v.v); b != nil {
		return value.Bytes(b.bytes())
	}
	if v.v.Type() != byteArray {
		cannotConvert(t, x, "byte array")
	}
	return v.v
}

func castGUID(t *value.Thread, x Token, nullable bool) value.Value {
	v := accept(t, x, toGuid, nullable, "Guid")
	switch {
	case nullable && v.v.IsNull():
		return value.Null
	case v.v.Type() == net.GuidType:
		return v.v
	case v.v.Type() == byteArray:
		return invoke(t, net.GuidDef, ".ctor", v.v)
	}
	return invoke(t, net.GuidDef, ".ctor", value.String(t.ToString(v.v)))
}

func castSpan(t *value.Thread, x Token, nullable bool) value.Value {
	v := accept(t, x, toSpan, nullable, "TimeSpan")
	switch {
	case nullable && v.v.IsNull():
		return value.Null
	case v.v.Type() == time.TimeSpanType:
		return v.v
	}
	return parseSpan(t, t.ToString(v.v))
}

func parseSpan(t *value.Thread, s string) value.Value {
	d, err := time.ParseSpan(s)
	if err != nil {
		var e *value.Exception
		if !errors.As(err, &e) {
			panic(err)
		}
		t.Raise(e)
	}
	return d.Value()
}

func castURI(t *value.Thread, x Token) value.Value {
	if x == nil {
		return value.Null
	}
	v := accept(t, x, toURI, true, "Uri")
	if v.v.IsNull() || isURI(v.v.Type()) {
		return v.v
	}
	return invokeNamed(t, "System", "Uri", ".ctor", v.v)
}

// castBig is the conversion to BigInteger that only deserialising uses.
func castBig(t *value.Thread, x Token, nullable bool) value.Value {
	v := accept(t, x, toBigInt, nullable, "BigInteger")
	if nullable && v.v.IsNull() {
		return value.Null
	}
	return value.Of(bigFrom(t, v.v))
}

// bigFrom is what Json.NET makes of a value as a BigInteger.
func bigFrom(t *value.Thread, v value.Value) *BigInteger {
	if b := bigOf(v); b != nil {
		return b
	}
	switch c := v.Type().Code(); {
	case c == types.CodeString:
		n, ok := new(big.Int).SetString(v.Str(), 10)
		if !ok {
			t.Throw(value.FormatException, "The value could not be parsed.")
		}
		return &BigInteger{n}
	case c == types.CodeSingle || c == types.CodeDouble:
		f := v.Double()
		if f != f || f-f != 0 {
			t.Throw(value.OverflowException, "BigInteger cannot represent infinity.")
		}
		n, _ := big.NewFloat(f).Int(nil)
		return &BigInteger{n}
	case c == types.CodeDecimal:
		d := number.DecimalOf(v)
		f, _ := new(big.Float).SetString(number.FormatDecimal(d))
		n, _ := f.Int(nil)
		return &BigInteger{n}
	case c == types.CodeUInt64:
		return &BigInteger{new(big.Int).SetUint64(v.Word())}
	case v.Type().IsIntegral() || v.Type().Kind() == types.Enum:
		return &BigInteger{big.NewInt(v.Long())}
	case v.Type() == byteArray:
		data := v.Object().(*value.Array).Bytes()
		be := make([]byte, len(data))
		for i, c := range data {
			be[len(data)-1-i] = c
		}
		n := new(big.Int).SetBytes(be)
		if len(be) > 0 && be[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(be))))
		}
		return &BigInteger{n}
	}
	t.Throw(value.InvalidCastException, "%s", "Cannot convert "+v.Type().ReflectionName()+" to BigInteger.")
	return nil
}

// fromBase64 and base64Of go by the rows of System.Convert, so that they fail
// as those do.
func fromBase64(t *value.Thread, v value.Value) value.Value {
	return invoke(t, number.Convert, "FromBase64String", v)
}

func base64Of(t *value.Thread, b []byte) value.Value {
	return invoke(t, number.Convert, "ToBase64String", value.Bytes(b))
}

// invoke calls a static member or constructor of a type in the table, the first
// whose parameters take the arguments' types.
func invoke(t *value.Thread, d *types.Def, name string, args ...value.Value) value.Value {
members:
	for _, m := range t.Table.Info(d).Named(name) {
		if len(m.Params) != len(args) || !m.Static && m.Kind != types.Constructor {
			continue
		}
		for i, a := range args {
			if !a.IsNull() && !value.Is(a, m.Params[i].Type) {
				continue members
			}
		}
		c := t.Borrow()
		c.Args, c.Owner = args, m.Owner
		v := value.RowOf(m).Func(c)
		t.Return(c)
		return v
	}
	t.Throw(value.NotSupportedException, "%s", "The type '"+d.FullName()+"' is not supported.")
	return value.Null
}

func invokeNamed(t *value.Thread, namespace, of, name string, args ...value.Value) value.Value {
	d := t.Table.Lookup(namespace, of, 0)
	if d == nil {
		t.Throw(value.NotSupportedException, "%s", "The type '"+namespace+"."+of+"' is not supported.")
	}
	return invoke(t, d, name, args...)
}

// Convert is what Value<T> gives of a token, which may be nil: the token, its
// value, or its value converted.
func Convert(t *value.Thread, x Token, to *types.Type) value.Value {
	if x == nil {
		return t.Zero(to)
	}
	if to != types.IComparable && to != types.IFormattable && value.Is(Of(x), to) {
		return Of(x)
	}
	v, ok := x.(*Value)
	if !ok {
		t.Throw(value.InvalidCastException, "%s", "Cannot cast "+x.Type().FullName()+" to "+TokenType.FullName()+".")
	}
	if value.Is(v.v, to) {
		return v.v
	}
	if to.IsNullable() {
		if v.v.IsNull() {
			return value.Null
		}
		to = to.Underlying()
	}
	w := bcltext.ChangeType(t, v.v, to, value.Null)
	return t.Cast(w, to)
}

// ConvertTo is IConvertible of a JValue: its conversion operators.
func (v *Value) ConvertTo(t *value.Thread, to types.Code, provider value.Value) value.Value {
	switch to {
	case types.CodeString:
		return value.String(v.Format(t, "", provider))
	case types.CodeObject:
		return Of(v)
	}
	return castNumber(t, v, to, false)
}

// ConvertToDate is IConvertible.ToDateTime of a JValue.
func (v *Value) ConvertToDate(t *value.Thread, _ value.Value) value.Value {
	return castDate(t, v, false)
}
