package core

import (
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var enum = value.Members{Def: types.EnumBase.Def(), Doc: "The base of enums.", Rows: []value.Row{
	{Sig: "static object Parse(Type enumType, string value)", Doc: "The enum value of a name or number.", Func: func(c *value.Call) value.Value {
		return parse(c, enumType(c, 0), 1, false)
	}},
	{Sig: "static object Parse(Type enumType, string value, bool ignoreCase)", Doc: "The enum value of a name or number.", Func: func(c *value.Call) value.Value {
		return parse(c, enumType(c, 0), 1, c.Bool(2))
	}},
	{Sig: "static TEnum Parse<TEnum>(string value) where TEnum : struct", Doc: "The enum value of a name or number.", Func: func(c *value.Call) value.Value {
		return parse(c, generic(c), 0, false)
	}},
	{Sig: "static TEnum Parse<TEnum>(string value, bool ignoreCase) where TEnum : struct", Doc: "The enum value of a name or number.", Func: func(c *value.Call) value.Value {
		return parse(c, generic(c), 0, c.Bool(1))
	}},
	{Sig: "static bool TryParse<TEnum>(string value, out TEnum result) where TEnum : struct", Doc: "Reads a name or number.", Func: func(c *value.Call) value.Value {
		return tryParse(c, 1, false)
	}},
	{Sig: "static bool TryParse<TEnum>(string value, bool ignoreCase, out TEnum result) where TEnum : struct", Doc: "Reads a name or number.", Func: func(c *value.Call) value.Value {
		return tryParse(c, 2, c.Bool(1))
	}},
	{Sig: "override string ToString()", Doc: "The name, or the number of a value without one.", Func: func(c *value.Call) value.Value {
		return value.String(c.ToString(c.This))
	}},
	{Sig: "string ToString(string format)", Doc: "The value in format G, D, X or F.", Func: func(c *value.Call) value.Value {
		return value.String(c.FormatEnum(c.This, c.Str(0)))
	}},
	{Sig: "int CompareTo(object target)", Doc: "Compares with a value of the same enum.", Beyond: true, Func: func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Int(1)
		}
		if c.Args[0].Type() != c.This.Type() {
			c.Throw(value.ArgumentException, "Object must be the same type as the enum. The type passed in was '"+c.Args[0].Type().ReflectionName()+"'; the enum type was '"+c.This.Type().ReflectionName()+"'.")
		}
		return value.Int(c.Compare(c.This, c.Args[0]))
	}},
	{Sig: "bool HasFlag(Enum flag)", Doc: "Reports whether all bits of a flag are set.", Beyond: true, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "flag")
		if c.Args[0].Type() != c.This.Type() {
			c.Throw(value.ArgumentException, "The argument type, '"+c.Args[0].Type().ReflectionName()+"', is not the same as the enum type '"+c.This.Type().ReflectionName()+"'.")
		}
		f := c.Args[0].Word()
		return value.Bool(c.This.Word()&f == f)
	}},
	{Sig: "static string[] GetNames(Type enumType)", Doc: "The names, by value.", Beyond: true, Func: func(c *value.Call) value.Value {
		return c.Strings(names(enumType(c, 0)))
	}},
	{Sig: "static string[] GetNames<TEnum>() where TEnum : struct", Doc: "The names, by value.", Beyond: true, Func: func(c *value.Call) value.Value {
		return c.Strings(names(generic(c)))
	}},
	{Sig: "static string GetName(Type enumType, object value)", Doc: "The name of a value, or null.", Beyond: true, Func: func(c *value.Call) value.Value {
		t := enumType(c, 0)
		c.NotNull(1, "value")
		for _, m := range t.Def().EnumMembers() {
			if m.Value == c.Args[1].Long() {
				return value.String(m.Name)
			}
		}
		return value.Null
	}},
	{Sig: "static Array GetValues(Type enumType)", Doc: "The values, in order.", Beyond: true, Func: func(c *value.Call) value.Value {
		return c.ArrayOf(enumType(c, 0), values(enumType(c, 0)))
	}},
	{Sig: "static TEnum[] GetValues<TEnum>() where TEnum : struct", Doc: "The values, in order.", Beyond: true, Func: func(c *value.Call) value.Value {
		return c.ArrayOf(generic(c), values(generic(c)))
	}},
	{Sig: "static bool IsDefined(Type enumType, object value)", Doc: "Reports whether a name or number is one of the enum's.", Beyond: true, Func: func(c *value.Call) value.Value {
		t := enumType(c, 0)
		c.NotNull(1, "value")
		for _, m := range t.Def().EnumMembers() {
			if c.Args[1].IsString() && m.Name == c.Str(1) || !c.Args[1].IsString() && m.Value == c.Args[1].Long() {
				return value.True
			}
		}
		return value.False
	}},
	{Sig: "static string Format(Type enumType, object value, string format)", Doc: "A value in format G, D, X or F.", Beyond: true, Func: func(c *value.Call) value.Value {
		t := enumType(c, 0)
		c.NotNull(1, "value")
		c.NotNull(2, "format")
		return value.String(c.FormatEnum(value.Enum(t, c.Args[1].Long()), c.Str(2)))
	}},
	{Sig: "static object ToObject(Type enumType, object value)", Doc: "A number as an enum value.", Beyond: true, Func: func(c *value.Call) value.Value {
		t := enumType(c, 0)
		c.NotNull(1, "value")
		return value.Enum(t, c.Args[1].Long())
	}},
}}

// ordered are an enum's members by their value as an unsigned number, as .NET
// lists them.
func ordered(t *types.Type) []types.EnumMember {
	list := append([]types.EnumMember(nil), t.Def().EnumMembers()...)
	for i := range list {
		for j := i; j > 0 && uint64(list[j].Value) < uint64(list[j-1].Value); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

func names(t *types.Type) []string {
	var list []string
	for _, m := range ordered(t) {
		list = append(list, m.Name)
	}
	return list
}

func values(t *types.Type) []value.Value {
	var list []value.Value
	for _, m := range ordered(t) {
		list = append(list, value.Enum(t, m.Value))
	}
	return list
}

func enumType(c *value.Call, i int) *types.Type {
	c.NotNull(i, "enumType")
	t := c.Args[i].Object().(*value.TypeObject).Of
	if t.Kind() != types.Enum {
		c.ThrowArgument(value.ArgumentException, "Type provided must be an Enum.", "enumType")
	}
	return t
}

func generic(c *value.Call) *types.Type {
	t := c.Types[0]
	if t.Kind() != types.Enum {
		c.ThrowArgument(value.ArgumentException, "Type provided must be an Enum.", "TEnum")
	}
	return t
}

func parse(c *value.Call, t *types.Type, i int, fold bool) value.Value {
	c.NotNull(i, "value")
	s := c.Str(i)
	n, why := read(t, s, fold)
	switch why {
	case notFound:
		c.Throw(value.ArgumentException, "Requested value '"+s+"' was not found.")
	case empty:
		c.ThrowArgument(value.ArgumentException, "Must specify valid information for parsing in the string.", "value")
	case tooLarge:
		c.Throw(value.OverflowException, "Value was either too large or too small for "+overflowing(t)+".")
	}
	return value.Enum(t, n)
}

func overflowing(t *types.Type) string {
	return map[types.Code]string{
		types.CodeSByte: "a signed byte", types.CodeByte: "an unsigned byte", types.CodeInt16: "an Int16", types.CodeUInt16: "a UInt16", types.CodeInt32: "an Int32",
		types.CodeUInt32: "a UInt32", types.CodeInt64: "an Int64", types.CodeUInt64: "a UInt64",
	}[t.EnumBase().Code()]
}

func tryParse(c *value.Call, out int, fold bool) value.Value {
	t := generic(c)
	n, why := read(t, c.Str(0), fold)
	if c.Args[0].IsNull() || why != found {
		c.Args[out] = value.Enum(t, 0)
		return value.False
	}
	c.Args[out] = value.Enum(t, n)
	return value.True
}

type outcome uint8

const (
	found outcome = iota
	notFound
	empty
	tooLarge
)

// read reads names joined by commas, or a number.
func read(t *types.Type, s string, fold bool) (int64, outcome) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, empty
	}
	if c := s[0]; c == '-' || c == '+' || c >= '0' && c <= '9' {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			if !fits(n, t.EnumBase().Code()) {
				return 0, tooLarge
			}
			return n, found
		} else if u, err := strconv.ParseUint(s, 10, 64); err == nil {
			if t.EnumBase() != types.UInt64 {
				return 0, tooLarge
			}
			return int64(u), found
		} else if strings.Trim(s[1:], "0123456789") == "" && len(s) > 10 {
			return 0, tooLarge
		}
	}
	n := int64(0)
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		hit := false
		for _, m := range t.Def().EnumMembers() {
			if m.Name == part || fold && strings.EqualFold(m.Name, part) {
				n |= m.Value
				hit = true
				break
			}
		}
		if !hit {
			return 0, notFound
		}
	}
	return n, found
}

func fits(n int64, c types.Code) bool {
	switch c {
	case types.CodeSByte:
		return n == int64(int8(n))
	case types.CodeByte:
		return n == int64(uint8(n))
	case types.CodeInt16:
		return n == int64(int16(n))
	case types.CodeUInt16:
		return n == int64(uint16(n))
	case types.CodeInt32:
		return n == int64(int32(n))
	case types.CodeUInt32:
		return n == int64(uint32(n))
	case types.CodeUInt64:
		return n >= 0
	}
	return true
}
