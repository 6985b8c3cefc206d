package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// serializeRow and deserializeRow are the two things that expressions may do
// with JsonConvert; lists of converters are always empty.
func serializeRow(sig string, formatting int) value.Row {
	return value.Row{Sig: sig, Doc: "The JSON of an object.", Func: func(c *value.Call) value.Value {
		return value.String(Serialize(c.Thread, c.Args[0], formatting > 0 && c.Int(formatting) == 1))
	}}
}

func deserializeRow(sig string, to func(c *value.Call) *types.Type) value.Row {
	return value.Row{Sig: sig, Doc: "The object that JSON describes.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "value")
		want := to(c)
		v := Deserialize(c.Thread, c.Str(0), want)
		if want != nil && v.IsNull() && !nullable(want) {
			c.NullReference()
		}
		return v
	}}
}

var convertRows = []value.Row{
	serializeRow("static string SerializeObject(object value)", 0),
	serializeRow("static string SerializeObject(object value, Formatting formatting)", 1),
	serializeRow("static string SerializeObject(object value, params JsonConverter[] converters)", 0),
	serializeRow("static string SerializeObject(object value, Formatting formatting, params JsonConverter[] converters)", 1),
	deserializeRow("static object DeserializeObject(string value)", func(*value.Call) *types.Type { return nil }),
	deserializeRow("static object DeserializeObject(string value, Type type)", func(c *value.Call) *types.Type {
		if o, ok := c.Args[1].Object().(*value.TypeObject); ok {
			return o.Of
		}
		return nil
	}),
	deserializeRow("static object DeserializeObject(string value, Type type, params JsonConverter[] converters)", func(c *value.Call) *types.Type {
		if o, ok := c.Args[1].Object().(*value.TypeObject); ok {
			return o.Of
		}
		return nil
	}),
	deserializeRow("static T DeserializeObject<T>(string value)", func(c *value.Call) *types.Type { return c.Types[0] }),
	deserializeRow("static T DeserializeObject<T>(string value, params JsonConverter[] converters)", func(c *value.Call) *types.Type { return c.Types[0] }),
}
