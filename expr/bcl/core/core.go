// Package core holds the rows of the types that the language itself stands on:
// object, enums, arrays, nullables, tuples, delegates, exceptions and the
// interfaces of collections and comparisons.
package core

import (
	"strconv"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Members lists the types of this package with their members.
func Members() []value.Members {
	list := []value.Members{object, valueType, enum, nullable, nullables, collectionExtensions, typeObject, delegate, multicast}
	list = append(list, arrays()...)
	list = append(list, interfaces()...)
	list = append(list, tuples()...)
	list = append(list, exceptions()...)
	for _, d := range types.Funcs {
		list = append(list, value.Members{Def: d, Doc: "A function that takes arguments and returns a result."})
	}
	for _, d := range types.Actions {
		list = append(list, value.Members{Def: d, Doc: "A function that takes arguments and returns nothing."})
	}
	return append(list,
		value.Members{Def: types.Predicate, Doc: "A test of an object."},
		value.Members{Def: types.Comparison, Doc: "A comparison of two objects."},
		value.Members{Def: types.Converter, Doc: "A conversion of an object."},
	)
}

var object = value.Members{Def: types.Object.Def(), Doc: "The base of all types.", Rows: []value.Row{
	{Sig: "Object()", Doc: "A plain object.", Func: func(*value.Call) value.Value { return value.Of(&plain{}) }},
	{Sig: "string ToString()", Doc: "The object as text.", Func: func(c *value.Call) value.Value {
		return value.String(c.ToString(c.This))
	}},
	{Sig: "bool Equals(object obj)", Doc: "Reports whether the object equals another.", Func: func(c *value.Call) value.Value {
		return value.Bool(c.Equal(c.This, c.Args[0]))
	}},
	{Sig: "static bool Equals(object objA, object objB)", Doc: "Reports whether two objects are equal.", Func: func(c *value.Call) value.Value {
		a, b := c.Args[0], c.Args[1]
		if value.Same(a, b) {
			return value.True
		}
		return value.Bool(!a.IsNull() && !b.IsNull() && c.Equal(a, b))
	}},
	{Sig: "static bool ReferenceEquals(object objA, object objB)", Doc: "Reports whether two references are the same object.", Func: func(c *value.Call) value.Value {
		return value.Bool(value.Same(c.Args[0], c.Args[1]))
	}},
	{Sig: "int GetHashCode()", Doc: "A hash of the object's value.", Func: func(c *value.Call) value.Value {
		return value.Int(int(c.Hash(c.This)))
	}},
	{Sig: "Type GetType()", Doc: "The run-time type.", Func: func(c *value.Call) value.Value {
		if c.This.IsNull() {
			c.NullReference()
		}
		return value.Of(&value.TypeObject{Of: c.This.Type()})
	}},
	{Sig: "protected object MemberwiseClone()", Doc: "Not accessible."},
	{Sig: "protected void Finalize()", Doc: "Not accessible."},
}}

// plain is what new object() makes: something that is only itself.
type plain struct{ _ byte }

func (*plain) Type() *types.Type { return types.Object }

var valueType = value.Members{Def: types.ValueType.Def(), Doc: "The base of all value types."}

var delegate = value.Members{Def: types.DelegateBase.Def(), Doc: "The base of delegates.", Beyond: true}

var multicast = value.Members{Def: types.Funcs[0].Type().Base().Def(), Doc: "The base of delegates that can be combined.", Beyond: true}

var typeObject = value.Members{Def: types.TypeType, Doc: "A type, by name and identity only.", Rows: []value.Row{
	{Sig: "string Name { get; }", Doc: "The name without namespace.", Func: func(c *value.Call) value.Value {
		return value.String(shortName(c.This.Object().(*value.TypeObject).Of))
	}},
	{Sig: "string FullName { get; }", Doc: "The name with its namespace.", Func: func(c *value.Call) value.Value {
		return value.String(c.This.Object().(*value.TypeObject).Of.ReflectionName())
	}},
	{Sig: "bool Equals(Type o)", Doc: "Reports whether two types are the same.", Func: func(c *value.Call) value.Value {
		return value.Bool(c.Equal(c.This, c.Args[0]))
	}},
	{Sig: "static bool operator ==(Type left, Type right)", Doc: "Reports whether two types are the same.", Func: func(c *value.Call) value.Value {
		return value.Bool(c.Equal(c.Args[0], c.Args[1]))
	}},
	{Sig: "static bool operator !=(Type left, Type right)", Doc: "Reports whether two types differ.", Func: func(c *value.Call) value.Value {
		return value.Bool(!c.Equal(c.Args[0], c.Args[1]))
	}},
}}

func shortName(t *types.Type) string {
	if t.Kind() == types.Array {
		return shortName(t.Elem()) + t.String()[len(t.Elem().String()):]
	}
	if t.IsAnonymous() {
		return t.ReflectionName()[:len("<>f__AnonymousType0")] + "`" + strconv.Itoa(len(t.Args()))
	}
	name := t.Name()
	if n := len(t.Args()); n > 0 {
		name += "`" + strconv.Itoa(n)
	}
	return name
}

var nullable = value.Members{Def: types.Nullable, Doc: "A value or none.", Rows: []value.Row{
	{Sig: "Nullable(T value)", Doc: "A nullable with a value.", Func: func(c *value.Call) value.Value { return c.Args[0] }},
	{Sig: "bool HasValue { get; }", Doc: "Reports whether there is a value.", Func: func(c *value.Call) value.Value { return value.Bool(!c.This.IsNull()) }},
	{Sig: "T Value { get; }", Doc: "The value; throws when there is none.", Func: func(c *value.Call) value.Value {
		if c.This.IsNull() {
			c.Throw(value.InvalidOperationException, "Nullable object must have a value.")
		}
		return c.This
	}},
	{Sig: "T GetValueOrDefault()", Doc: "The value, or the type's default.", Func: func(c *value.Call) value.Value {
		if c.This.IsNull() {
			return c.Zero(c.Owner.Args()[0])
		}
		return c.This
	}},
	{Sig: "T GetValueOrDefault(T defaultValue)", Doc: "The value, or a given one.", Func: func(c *value.Call) value.Value {
		if c.This.IsNull() {
			return c.Args[0]
		}
		return c.This
	}},
	{Sig: "override bool Equals(object other)", Doc: "Compares the values.", Func: func(c *value.Call) value.Value {
		if c.This.IsNull() {
			return value.Bool(c.Args[0].IsNull())
		}
		return value.Bool(c.Equal(c.This, c.Args[0]))
	}},
	{Sig: "override int GetHashCode()", Doc: "The hash of the value, 0 for none.", Func: func(c *value.Call) value.Value { return value.Int(int(c.Hash(c.This))) }},
	{Sig: "override string ToString()", Doc: "The value as text, empty for none.", Func: func(c *value.Call) value.Value { return value.String(c.ToString(c.This)) }},
}}

var nullables = value.Members{Def: types.Declare("System", "public static class Nullable"), Doc: "Functions on nullables.", Rows: []value.Row{
	{Sig: "static int Compare<T>(T? n1, T? n2) where T : struct", Doc: "Compares; none comes first.", Func: func(c *value.Call) value.Value {
		return value.Int(c.Compare(c.Args[0], c.Args[1]))
	}},
	{Sig: "static bool Equals<T>(T? n1, T? n2) where T : struct", Doc: "Reports whether both are equal or none.", Func: func(c *value.Call) value.Value {
		return value.Bool(c.Equal(c.Args[0], c.Args[1]))
	}},
	{Sig: "static Type GetUnderlyingType(Type nullableType)", Doc: "T of a T?, null for other types.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "nullableType")
		if t := c.Args[0].Object().(*value.TypeObject).Of; t.IsNullable() {
			return value.Of(&value.TypeObject{Of: t.Underlying()})
		}
		return value.Null
	}},
}}
