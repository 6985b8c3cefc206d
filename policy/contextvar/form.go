package contextvar

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/value"
)

// formHelpers write the fields of a form, or what a policy has made of them.
func formHelpers() []value.Members {
	return []value.Members{{Def: helpersDef, Rows: []value.Row{
		{Sig: "static string ToQueryString(this IDictionary<string, IList<string>> fields)", Doc: "The fields as the query of an address.", Func: func(c *value.Call) value.Value {
			return formText(c, net.EscapeData)
		}},
		{Sig: "static string ToFormUrlEncodedContent(this IDictionary<string, IList<string>> fields)", Doc: "The fields as the body of a form: spaces are plus signs.", Func: func(c *value.Call) value.Value {
			return formText(c, func(s string) string { return strings.ReplaceAll(net.EscapeData(s), "%20", "+") })
		}},
	}}}
}

func formText(c *value.Call, escape func(string) string) value.Value {
	c.NotNull(0, "fields")
	var b strings.Builder
	c.Each(c.Args[0], func(pair value.Value) bool {
		field := pair.Object().(*value.Tuple)
		name := escape(field.Items[0].Str())
		c.Each(field.Items[1], func(v value.Value) bool {
			part := escape(v.Str())
			c.Alloc(len(name) + len(part) + 2)
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(name + "=" + part)
			return true
		})
		return true
	})
	return value.String(b.String())
}
