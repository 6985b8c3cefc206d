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
	xmlRow("static string SerializeXNode(XObject node)", 0, 0),
	xmlRow("static string SerializeXNode(XObject node, Formatting formatting)", 1, 0),
	xmlRow("static string SerializeXNode(XObject node, Formatting formatting, bool omitRootObject)", 1, 2),
	xmlMakingRow("static XDocument DeserializeXNode(string value)", 1),
	xmlMakingRow("static XDocument DeserializeXNode(string value, string deserializeRootElementName)", 2),
	xmlMakingRow("static XDocument DeserializeXNode(string value, string deserializeRootElementName, bool writeArrayAttribute)", 3),
	xmlMakingRow("static XDocument DeserializeXNode(string value, string deserializeRootElementName, bool writeArrayAttribute, bool encodeSpecialCharacters)", 4),
	deserializeRow("static T DeserializeObject<T>(string value, params JsonConverter[] converters)", func(c *value.Call) *types.Type { return c.Types[0] }),
	{
		Sig: "static T DeserializeAnonymousType<T>(string value, T anonymousTypeObject)", Doc: "An object of the type of another.", Beyond: true,
		Func: deserializeRow("", func(c *value.Call) *types.Type { return c.Types[0] }).Func,
	},
}

// xmlRow writes a node as JSON; the arguments give the indexes of those that
// the overload has, 0 for none.
func xmlRow(sig string, formatting, omit int) value.Row {
	return value.Row{Sig: sig, Doc: "The JSON of an XML node.", Beyond: true, Func: func(c *value.Call) value.Value {
		return value.String(SerializeXML(c.Thread, c.Args[0], formatting > 0 && c.Int(formatting) == 1, omit > 0 && c.Bool(omit)))
	}}
}

func xmlMakingRow(sig string, args int) value.Row {
	return value.Row{Sig: sig, Doc: "The XML document that JSON describes.", Beyond: true, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "value")
		how := xmlReading{}
		if args > 1 {
			how.root = c.Str(1)
		}
		how.arrays = args > 2 && c.Bool(2)
		how.encode = args > 3 && c.Bool(3)
		return deserializeXML(c.Thread, c.Str(0), how)
	}}
}
