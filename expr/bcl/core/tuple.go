package core

import (
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	tupleStatics      = types.Declare("System", "public static class Tuple")
	valueTupleStatics = types.Declare("System", "public static class ValueTuple")
)

func item(i int) func(*value.Call) value.Value {
	return func(c *value.Call) value.Value { return c.This.Object().(*value.Tuple).Items[i] }
}

func made(c *value.Call) value.Value {
	c.Alloc(24 * len(c.Args))
	return value.Of(value.NewTuple(c.Owner.Plain(), append([]value.Value(nil), c.Args...)))
}

// tuples are KeyValuePair, System.Tuple and the value tuples.
func tuples() []value.Members {
	list := []value.Members{{Def: types.KeyValuePair, Doc: "A key and its value.", Rows: []value.Row{
		{Sig: "KeyValuePair(TKey key, TValue value)", Doc: "A pair.", Func: made},
		{Sig: "TKey Key { get; }", Doc: "The key.", Func: item(0)},
		{Sig: "TValue Value { get; }", Doc: "The value.", Func: item(1)},
		{Sig: "void Deconstruct(out TKey key, out TValue value)", Doc: "Takes the pair apart.", Beyond: true, Func: func(c *value.Call) value.Value {
			x := c.This.Object().(*value.Tuple)
			c.Args[0], c.Args[1] = x.Items[0], x.Items[1]
			return value.Null
		}},
		{Sig: "private TKey key", Doc: "Not accessible."},
		{Sig: "private TValue value", Doc: "Not accessible."},
	}}}
	statics := value.Members{Def: tupleStatics, Doc: "Makes tuples."}
	valueStatics := value.Members{Def: valueTupleStatics, Doc: "Makes value tuples.", Beyond: true}
	for n := 1; n < len(types.Tuples); n++ {
		d := types.Tuples[n]
		var names, params []string
		m := value.Members{Def: d, Doc: "A fixed row of values."}
		for i := range n {
			t := fmt.Sprintf("T%d", i+1)
			names = append(names, t)
			params = append(params, fmt.Sprintf("%s item%d", t, i+1))
			m.Rows = append(m.Rows, value.Row{Sig: fmt.Sprintf("%s Item%d { get; }", t, i+1), Doc: "An element.", Func: item(i)})
		}
		m.Rows = append(m.Rows, value.Row{Sig: "Tuple(" + strings.Join(params, ", ") + ")", Doc: "A tuple of values.", Func: made})
		list = append(list, m)
		of := strings.Join(names, ", ")
		statics.Rows = append(statics.Rows, value.Row{Sig: fmt.Sprintf("static Tuple<%s> Create<%s>(%s)", of, of, strings.Join(params, ", ")), Doc: "A tuple of values.", Func: func(c *value.Call) value.Value {
			return value.Of(value.NewTuple(d.Of(c.Types...), append([]value.Value(nil), c.Args...)))
		}})
		valueStatics.Rows = append(valueStatics.Rows, value.Row{Sig: fmt.Sprintf("static ValueTuple<%s> Create<%s>(%s)", of, of, strings.Join(params, ", ")), Doc: "A value tuple of values.", Func: func(c *value.Call) value.Value {
			return value.Of(value.NewTuple(types.TupleOf(c.Types, nil), append([]value.Value(nil), c.Args...)))
		}})
	}
	for n := 1; n <= types.MaxTuple; n++ {
		args := make([]*types.Type, n)
		for i := range args {
			args[i] = types.Int32
		}
		d := types.TupleOf(args, nil).Def()
		self := "("
		for i, p := range d.Parameters {
			if i > 0 {
				self += ", "
			}
			self += p.Name()
		}
		self += ")"
		if n == 1 {
			self = "ValueTuple<T1>"
		}
		list = append(list, value.Members{Def: d, Doc: "A fixed row of values.", Rows: []value.Row{
			{Sig: "bool Equals(" + self + " other)", Doc: "Compares item by item.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.This, c.Args[0])) }},
			{Sig: "int CompareTo(" + self + " other)", Doc: "Orders item by item.", Func: func(c *value.Call) value.Value { return value.Int(c.Compare(c.This, c.Args[0])) }},
		}})
	}
	return append(list, statics, valueStatics)
}
