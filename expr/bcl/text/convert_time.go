package text

import (
	"errors"

	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The members of System.Convert that need dates. Package number, on the same
// floor as time, cannot have them.

// toDateTime is Convert.ToDateTime of a value: texts are read, dates stay, the
// primitive types are refused.
func toDateTime(t *value.Thread, v value.Value, provider value.Value) value.Value {
	switch {
	case v.IsNull():
		return time.At(0, time.Unspecified).Value()
	case v.Type() == time.DateTimeType:
		return v
	case v.IsString():
		i, err := time.ParseInstant(v.Str(), 0, func() int64 {
			n := time.FromGo(t.Now()).Ticks()
			return n - n%time.TicksPerDay
		})
		if e := (*value.Exception)(nil); errors.As(err, &e) {
			t.Raise(e)
		}
		return i.Value()
	}
	if d, ok := v.Object().(DateConvertible); ok {
		return d.ConvertToDate(t, provider)
	}
	x := v.Type()
	if x.Kind() == types.Enum {
		x = x.EnumBase()
	}
	if x.Code() >= types.CodeBool && x.Code() <= types.CodeDecimal {
		t.Throw(value.InvalidCastException, "Invalid cast from '"+x.Def().Name+"' to 'DateTime'.")
	}
	t.ThrowCast(v.Type(), types.IConvertible)
	return value.Null
}

// DateConvertible is a number.Convertible that can be a DateTime as well.
type DateConvertible interface {
	ConvertToDate(t *value.Thread, provider value.Value) value.Value
}

// convertible reports whether a value implements IConvertible.
func convertible(v value.Value) bool {
	if _, ok := v.Object().(number.Convertible); ok {
		return true
	}
	x := v.Type()
	return x.Code() >= types.CodeString || x.Kind() == types.Enum || x == time.DateTimeType
}

// ChangeType is Convert.ChangeType: what Json.NET and others convert with.
func ChangeType(t *value.Thread, v value.Value, to *types.Type, provider value.Value) value.Value {
	if v.IsNull() {
		if to.IsValue() {
			t.Throw(value.InvalidCastException, "Null object cannot be converted to a value type.")
		}
		return v
	}
	if !convertible(v) {
		if v.Type() == to {
			return v
		}
		t.Throw(value.InvalidCastException, "Object must implement IConvertible.")
	}
	switch {
	case to == time.DateTimeType:
		return toDateTime(t, v, provider)
	case to.Kind() != types.Enum && to.Code() >= types.CodeString:
		return number.Change(t, v, to.Code(), provider)
	case to == types.Object || v.Type() == to:
		return v
	}
	t.Throw(value.InvalidCastException, "Invalid cast from '"+v.Type().ReflectionName()+"' to '"+to.ReflectionName()+"'.")
	return value.Null
}

// codeTypes are the types of System.TypeCode from Boolean on.
var codeTypes = []*types.Type{
	3: types.Bool, types.Char, types.SByte, types.Byte, types.Int16, types.UInt16, types.Int32, types.UInt32, types.Int64, types.UInt64,
	types.Single, types.Double, types.Decimal, time.DateTimeType, nil, types.String,
}

func convertTimeMembers() value.Members {
	var rows []value.Row
	for _, w := range []string{"object", "string", "bool", "char", "sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal", "DateTime"} {
		heads := []string{""}
		if w == "object" || w == "string" {
			heads = append(heads, ", IFormatProvider provider")
		}
		for _, provider := range heads {
			rows = append(rows, value.Row{Sig: "static DateTime ToDateTime(" + w + " value" + provider + ")", Doc: "The value as a date; throws if it is none.", Func: func(c *value.Call) value.Value {
				return toDateTime(c.Thread, c.Args[0], value.Null)
			}})
		}
	}
	for _, to := range codeTypes[3:16] {
		rows = append(rows, value.Row{Sig: "static " + to.String() + " To" + to.Def().Name + "(DateTime value)", Doc: "Always throws: a date is no number.", Func: func(c *value.Call) value.Value {
			return number.Change(c.Thread, c.Args[0], to.Code(), value.Null)
		}})
	}
	text := func(c *value.Call) value.Value { return value.String(c.Format(c.Args[0], "", value.Null)) }
	typeOf := func(c *value.Call, i int) *types.Type {
		c.NotNull(i, "conversionType")
		return c.Args[i].Object().(*value.TypeObject).Of
	}
	codeOf := func(c *value.Call) *types.Type {
		n := c.Int(1)
		switch {
		case n == 1:
			return types.Object
		case n < 3 || n >= len(codeTypes) || codeTypes[n] == nil:
			c.ThrowArgument(value.ArgumentException, "Unknown TypeCode value.", "")
		}
		return codeTypes[n]
	}
	rows = append(rows,
		value.Row{Sig: "static string ToString(DateTime value)", Doc: "The date as text.", Func: text},
		value.Row{Sig: "static string ToString(DateTime value, IFormatProvider provider)", Doc: "The date as text.", Func: text},
		value.Row{Sig: "static object ChangeType(object value, Type conversionType)", Doc: "The value as a type.", Func: func(c *value.Call) value.Value {
			return ChangeType(c.Thread, c.Args[0], typeOf(c, 1), value.Null)
		}},
		value.Row{Sig: "static object ChangeType(object value, Type conversionType, IFormatProvider provider)", Doc: "The value as a type.", Func: func(c *value.Call) value.Value {
			return ChangeType(c.Thread, c.Args[0], typeOf(c, 1), c.Args[2])
		}},
		value.Row{Sig: "static object ChangeType(object value, TypeCode typeCode)", Doc: "The value as the type of a code.", Func: func(c *value.Call) value.Value {
			if c.Args[0].IsNull() && (c.Int(1) == 0 || c.Int(1) == 1 || c.Int(1) == 18) {
				return value.Null
			}
			return ChangeType(c.Thread, c.Args[0], codeOf(c), value.Null)
		}})
	return value.Members{Def: number.Convert, Rows: rows}
}
