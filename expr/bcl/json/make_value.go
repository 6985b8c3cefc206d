package json

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	bcltext "github.com/spillway-gateway/spillway/expr/bcl/text"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

func enumFromToken(t *value.Thread, x Token, under *types.Type) (v value.Value) {
	mark := t.Mark()
	err := t.Run(func() { v = deserialize(newWalker(t, x), under, false) })
	if err == nil {
		return v
	}
	inner := caught(t, err, mark)
	e := value.NewException(value.ArgumentException, "Could not convert '"+castString(t, x).Str()+"' to "+under.Def().Name+".")
	e.Inner = inner
	t.Raise(e)
	return v
}

// ensure makes a value one of a type.
func (m *maker) ensure(v value.Value, to *types.Type) value.Value {
	if to == nil || to == types.Object || !v.IsNull() && v.Type() == to.Underlying() || v.IsNull() && nullable(to) {
		return v
	}
	t := m.t
	var out value.Value
	mark := t.Mark()
	err := t.Run(func() { out = m.convert(v, to) })
	if err == nil {
		return out
	}
	inner := caught(t, err, mark)
	serializationError(m.r, "Error converting value "+keyText(t, v)+" to type '"+to.ReflectionName()+"'.", inner)
	return out
}

func (m *maker) convert(v value.Value, to *types.Type) value.Value {
	t := m.t
	x := to.Underlying()
	convertible := x.Kind() == types.Enum || x == time.DateTimeType || x.Code() >= types.CodeString && x.Kind() != types.Enum
	if convertible {
		switch {
		case x.Kind() == types.Enum && v.IsString():
			return parseEnum(t, v.Str(), x)
		case x.Kind() == types.Enum && !v.IsNull():
			return enumOf(t, x, v)
		case x == time.DateTimeType && v.IsString():
			if d, ok := parseDate(v.Str()); ok {
				return d
			}
		}
		if b := bigOf(v); b != nil {
			if x.Code() == types.CodeString {
				return value.String(b.n.String())
			}
			return b.to(t, x.Code())
		}
		return t.Cast(bcltext.ChangeType(t, v, x, value.Null), x)
	}
	if v.IsNull() {
		t.Throw(value.ArgumentException, "%s", "Could not cast or convert from {null} to "+to.ReflectionName()+".")
	}
	if w, ok := m.library(v, x); ok {
		return w
	}
	if value.Is(v, x) {
		return v
	}
	t.Throw(value.ArgumentException, "%s", "Could not cast or convert from "+v.Type().ReflectionName()+" to "+to.ReflectionName()+".")
	return value.Null
}

// library converts to the types that Convert does not know; what fails counts
// as no conversion at all.
func (m *maker) library(v value.Value, x *types.Type) (out value.Value, ok bool) {
	t := m.t
	mark := t.Mark()
	err := t.Run(func() {
		switch {
		case x == time.DateTimeOffsetType && v.Type() == time.DateTimeType:
			out, ok = offsetOf(t, v).Value(), true
		case x == time.DateTimeOffsetType && v.IsString():
			out, ok = invoke(t, time.DateTimeOffsetDef, "Parse", v), true
		case x == net.GuidType && (v.IsString() || v.Type() == byteArray):
			out, ok = invoke(t, net.GuidDef, ".ctor", v), true
		case isURI(x) && v.IsString():
			kind := t.Table.Lookup("System", "UriKind", 0)
			if kind != nil {
				out, ok = invoke(t, x.Def(), ".ctor", v, value.Enum(kind.Type(), 0)), true
			}
		case x == time.TimeSpanType && v.IsString():
			out, ok = parseSpan(t, v.Str()), true
		case x == byteArray && v.IsString():
			out, ok = fromBase64(t, v), true
		case x == byteArray && v.Type() == net.GuidType:
			out, ok = invokeOn(t, v, "ToByteArray"), true
		case x.Def() == BigIntegerDef:
			out, ok = value.Of(bigFrom(t, v)), true
		}
	})
	if err != nil {
		_ = caught(t, err, mark)
		return value.Null, false
	}
	return out, ok
}

// invokeOn calls an instance member without arguments.
func invokeOn(t *value.Thread, this value.Value, name string) value.Value {
	for _, k := range t.Table.Info(this.Type().Def()).Named(name) {
		if len(k.Params) == 0 {
			c := t.Borrow()
			c.This, c.Owner = this, this.Type()
			v := value.RowOf(k).Func(c)
			t.Return(c)
			return v
		}
	}
	t.Throw(value.NotSupportedException, "%s", this.Type().FullName()+" has no "+name+".")
	return value.Null
}

// enumOf is Enum.ToObject.
func enumOf(t *value.Thread, x *types.Type, v value.Value) value.Value {
	base := x.EnumBase()
	if b := bigOf(v); b != nil {
		t.Throw(value.ArgumentException, "The value passed in must be an enum base or an underlying type for an enum, such as an Int32. (Parameter 'value')")
	}
	switch v.Type().Code() {
	case types.CodeDouble, types.CodeSingle, types.CodeDecimal:
		return number.Change(t, v, base.Code(), value.Null).Retype(x)
	}
	// Enum.ToObject cuts off what does not fit.
	n := v.Long()
	switch base.Code() {
	case types.CodeInt32:
		n = int64(int32(n))
	case types.CodeUInt32:
		n = int64(uint32(n))
	case types.CodeByte:
		n = int64(uint8(n))
	case types.CodeInt16:
		n = int64(int16(n))
	}
	return value.Enum(x, n)
}

// parseEnum reads names, joined by commas, or a number.
func parseEnum(t *value.Thread, s string, x *types.Type) value.Value {
	trimmed := strings.TrimSpace(s)
	if trimmed == "" {
		t.ThrowArgument(value.ArgumentException, "Must specify valid information for parsing in the string.", "")
	}
	if c := trimmed[0]; c >= '0' && c <= '9' || c == '-' || c == '+' {
		if n, ok := smallInteger(strings.TrimPrefix(trimmed, "+")); ok {
			return value.Enum(x, n)
		}
	}
	n := int64(0)
	for part := range strings.SplitSeq(trimmed, ",") {
		part = strings.TrimSpace(part)
		found := false
		for _, fold := range []bool{false, true} {
			for _, k := range x.Def().EnumMembers() {
				if !found && (k.Name == part || fold && strings.EqualFold(k.Name, part)) {
					n |= k.Value
					found = true
				}
			}
		}
		if !found {
			t.ThrowArgument(value.ArgumentException, "Requested value '"+s+"' was not found.", "")
		}
	}
	return value.Enum(x, n)
}
