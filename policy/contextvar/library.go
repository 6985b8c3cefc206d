package contextvar

import (
	"errors"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Context needs what the libraries of JSON, XML and certificates can do: a body
// as a JObject, a token's claims. It asks for that as an expression would, by
// the rows of the table it is evaluated with, so that this package links none
// of them and a body is parsed exactly as JObject.Parse parses.

// Invoke calls a static method of a type, or a constructor by the name ".ctor",
// as an expression would: an overload is chosen by the number and the run-time
// types of the arguments. It throws what the member throws. A table without the
// member has no such library; then it throws NotSupportedException.
func Invoke(t *value.Thread, of *types.Type, name string, args ...value.Value) value.Value {
	for _, m := range t.Table.Info(of.Def()).Named(name) {
		if m = m.In(of); (m.Static || m.Kind == types.Constructor) && takes(m, args) {
			return run(t, m, of, value.Null, args)
		}
	}
	t.Throw(value.NotSupportedException, "The type '"+of.ReflectionName()+"' is not supported.")
	return value.Null
}

// invoke is Invoke for a type without type arguments, given by its name.
func invoke(t *value.Thread, namespace, of, name string, args ...value.Value) value.Value {
	d := t.Table.Lookup(namespace, of, 0)
	if d == nil {
		t.Throw(value.NotSupportedException, "The type '"+namespace+"."+of+"' is not supported.")
	}
	return Invoke(t, d.Type(), name, args...)
}

// convert is the conversion operator of a value's type, or of a type above it,
// that gives to.
func convert(t *value.Thread, v value.Value, to *types.Type) value.Value {
	for d := v.Type(); d != nil; d = d.Base() {
		info := t.Table.Info(d.Def())
		for _, kind := range []string{"explicit", "implicit"} {
			for _, m := range info.Named(kind) {
				if m.Result == to && len(m.Params) == 1 && types.Assignable(v.Type(), m.Params[0].Type) {
					return run(t, m, m.Owner, value.Null, []value.Value{v})
				}
			}
		}
	}
	t.Throw(value.InvalidCastException, "Unable to cast object of type '"+v.Type().ReflectionName()+"' to type '"+to.ReflectionName()+"'.")
	return value.Null
}

// member reads a property of a value by its name, on its type or one above.
func member(t *value.Thread, v value.Value, name string) value.Value {
	for d := v.Type(); d != nil; d = d.Base() {
		for _, m := range t.Table.Info(d.Def()).Named(name) {
			if m.Kind == types.Property && !m.Static {
				return t.Get(m.In(d), v)
			}
		}
	}
	t.Throw(value.NotSupportedException, "The type '"+v.Type().ReflectionName()+"' has no "+name+".")
	return value.Null
}

// takes reports whether a member takes the arguments. Optional parameters may
// be left out where their default is what Zero gives.
func takes(m *types.Member, args []value.Value) bool {
	if len(args) > len(m.Params) {
		return false
	}
	for i, p := range m.Params {
		if i >= len(args) {
			if !p.Optional || p.Default != "null" && p.Default != "default" && p.Default != "false" && p.Default != "0" {
				return false
			}
			continue
		}
		if !args[i].IsNull() && !value.Is(args[i], p.Type) {
			return false
		}
	}
	return true
}

// run calls the Go function of a row as a compiled expression would.
func run(t *value.Thread, m *types.Member, owner *types.Type, this value.Value, args []value.Value) value.Value {
	all := t.Push(len(m.Params))
	n := copy(all, args)
	for ; n < len(m.Params); n++ {
		all[n] = t.Zero(m.Params[n].Type)
	}
	c := t.Borrow()
	c.This, c.Args, c.Owner = this, all, owner
	v := value.RowOf(m).Func(c)
	t.Return(c)
	t.Pop(len(m.Params))
	return v
}

// attempt is a try with a bare catch: it reports false when f threw. A spent
// budget is not caught.
func attempt(t *value.Thread, f func()) bool {
	mark := t.Mark()
	err := t.Run(f)
	if err == nil {
		return true
	}
	if e := (*value.Exception)(nil); !errors.As(err, &e) {
		panic(value.Stop{Err: err})
	}
	t.Unwind(mark)
	return false
}

const (
	jsonNamespace = "Newtonsoft.Json.Linq"
	xmlNamespace  = "System.Xml.Linq"
)

// parsers say what parses a body for As<T>, by the full name of T. An XNode is
// read as an element.
var parsers = map[string][2]string{
	jsonNamespace + ".JObject":  {jsonNamespace, "JObject"},
	jsonNamespace + ".JArray":   {jsonNamespace, "JArray"},
	jsonNamespace + ".JToken":   {jsonNamespace, "JToken"},
	xmlNamespace + ".XElement":  {xmlNamespace, "XElement"},
	xmlNamespace + ".XNode":     {xmlNamespace, "XElement"},
	xmlNamespace + ".XDocument": {xmlNamespace, "XDocument"},
}
