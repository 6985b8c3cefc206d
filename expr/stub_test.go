package expr_test

import (
	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// stubs are types that contexts need, for a table that lacks them.
func stubs() []value.Members {
	var list []value.Members
	has := map[string]bool{}
	for _, m := range bcl.Members() {
		has[m.Def.FullName()] = true
	}
	for _, s := range [][2]string{{"Newtonsoft.Json.Linq", "JToken"}, {"Newtonsoft.Json.Linq", "JObject"}, {"Newtonsoft.Json.Linq", "JArray"}, {"Newtonsoft.Json.Linq", "JValue"}, {"Newtonsoft.Json.Linq", "JProperty"}, {"System.Xml.Linq", "XElement"}, {"System.Xml.Linq", "XDocument"}, {"System.Xml.Linq", "XNamespace"}} {
		if has[s[0]+"."+s[1]] {
			continue
		}
		d := types.Declare(s[0], "public class "+s[1])
		f := func(c *value.Call) value.Value { return value.Of(value.NewTuple(d.Type(), nil)) }
		list = append(list, value.Members{Def: d, Rows: []value.Row{{Sig: "static " + s[1] + " Parse(string s)", Func: f}, {Sig: "static " + s[1] + " Get(string s)", Func: f}}})
	}
	return list
}
