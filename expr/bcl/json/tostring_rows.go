package json

import (
	"math"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// toStringRows are JsonConvert.ToString, the JSON of a single value, and the
// words of JSON.
func toStringRows() []value.Row {
	var rows []value.Row
	for _, word := range []string{
		"bool", "char", "int", "short", "ushort", "uint", "long", "ulong", "float", "double", "byte", "sbyte", "decimal",
		"DateTime", "DateTimeOffset", "Guid", "TimeSpan", "Uri", "Enum", "object",
	} {
		rows = append(rows, value.Row{Sig: "static string ToString(" + word + " value)", Doc: "The JSON of a value.", Beyond: true, Func: func(c *value.Call) value.Value {
			return value.String(simple(c))
		}})
	}
	rows = append(rows, value.Row{Sig: "static string ToString(string value)", Doc: "A string of JSON; null is an empty one.", Beyond: true, Func: func(c *value.Call) value.Value {
		w := NewWriter(c.Thread, false)
		w.Text(c.Str(0))
		return value.String(w.String())
	}})
	rows = append(rows, value.Row{Sig: "static string ToString(string value, char delimiter)", Doc: "A string of JSON in either kind of quotes.", Beyond: true, Func: func(c *value.Call) value.Value {
		quote := c.Args[1].Char()
		if quote != '"' && quote != '\'' {
			c.ThrowArgument(value.ArgumentException, "Delimiter must be a single or double quote.", "delimiter")
		}
		c.Alloc(6*len(c.Str(0)) + 2)
		b := append([]byte(nil), byte(quote))
		b = appendEscaped(b, c.Str(0), byte(quote))
		return value.String(string(append(b, byte(quote))))
	}})
	for _, w := range [][2]string{
		{"True", "true"}, {"False", "false"}, {"Null", "null"}, {"Undefined", "undefined"}, {"PositiveInfinity", "Infinity"}, {"NegativeInfinity", "-Infinity"}, {"NaN", "NaN"},
	} {
		rows = append(rows, value.Row{Sig: "static readonly string " + w[0], Doc: "The word " + w[1] + ".", Beyond: true, Func: func(*value.Call) value.Value { return value.String(w[1]) }})
	}
	return rows
}

// simple is the JSON of a value that is no container. Infinity and NaN have no
// quotes here, unlike in what a serializer writes.
func simple(c *value.Call) string {
	v := c.Args[0]
	if v.IsNull() {
		return "null"
	}
	if code := v.Type().Code(); code == types.CodeDouble || code == types.CodeSingle {
		if f := v.Double(); math.IsNaN(f) || math.IsInf(f, 0) {
			return value.FormatFloat(f, 64)
		}
	}
	w := NewWriter(c.Thread, false)
	if v.Type().Kind() == types.Array || !w.primitive(v) {
		c.ThrowArgument(value.ArgumentException, "Unsupported type: "+v.Type().FullName()+". Use the JsonSerializer class to get the object's JSON representation.", "")
	}
	return w.String()
}
