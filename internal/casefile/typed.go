package casefile

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/tree"
	"github.com/spillway-gateway/spillway/policy/contextvar"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// roundtripKind is DateTimeStyles.RoundtripKind.
const roundtripKind = 128

// typed makes the value of {"type": T, "value": V}. A ? behind the type changes
// nothing, and a null value is null whatever the type, except that a JToken and
// a JValue are then JSON's null.
func (b *builder) typed(n *tree.Node) value.Value {
	name, v := strings.TrimSuffix(text(n, "type"), "?"), n.Get("value")
	if isNull(v) && name != "JToken" && name != "JValue" {
		return value.Null
	}
	if f, ok := b.simple[name]; ok {
		return f(b, v)
	}
	if elem, ok := strings.CutSuffix(name, "[]"); ok {
		items, t := b.items(elem, v)
		return b.t.ArrayOf(t, items)
	}
	if args, ok := strings.CutPrefix(name, "List<"); ok {
		items, t := b.items(strings.TrimSuffix(args, ">"), v)
		return value.Of(value.NewList(t, items))
	}
	if args, ok := strings.CutPrefix(name, "HashSet<"); ok {
		items, t := b.items(strings.TrimSuffix(args, ">"), v)
		return contextvar.Invoke(b.t, types.HashSet.Of(t), ".ctor", b.t.ArrayOf(t, items))
	}
	if args, ok := strings.CutPrefix(name, "Dictionary<string,"); ok {
		return b.dictionary(strings.TrimSuffix(args, ">"), v)
	}
	b.fail(n, "unknown type %q of a value", name)
	return value.Null
}

// parsed is the value that a static method of a type makes of a text.
func parsed(namespace, of, method string, more ...value.Value) reader {
	return func(b *builder, v *tree.Node) value.Value {
		return b.invoke(namespace, of, method, append([]value.Value{value.String(v.Text)}, more...)...)
	}
}

func (b *builder) invoke(namespace, of, method string, args ...value.Value) value.Value {
	d := b.t.Table.Lookup(namespace, of, 0)
	if d == nil {
		b.fail(nil, "there is no type %s.%s", namespace, of)
		return value.Null
	}
	return contextvar.Invoke(b.t, d.Type(), method, args...)
}

const (
	jsonNamespace = "Newtonsoft.Json.Linq"
	xmlNamespace  = "System.Xml.Linq"
)

// fromJSON is the value that Json.NET's Parse makes of the JSON itself.
func fromJSON(of string) reader {
	return func(b *builder, v *tree.Node) value.Value {
		return b.invoke(jsonNamespace, of, "Parse", value.String(jsonText(v)))
	}
}

func jsonText(v *tree.Node) string {
	if v == nil {
		return "null"
	}
	return string(v.JSON())
}

// integer is a value of an integer type, in full precision.
func integer(t *types.Type) reader {
	return func(b *builder, v *tree.Node) value.Value {
		if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
			return value.Word(t, uint64(n))
		}
		n, err := strconv.ParseUint(v.Text, 10, 64)
		if err != nil {
			b.fail(v, "%q is no integer", v.Text)
		}
		return value.Word(t, n)
	}
}

// reader makes a value of the JSON it is given as.
type reader = func(*builder, *tree.Node) value.Value

// simpleTypes are the types that are called by one name, without elements.
func simpleTypes() map[string]reader {
	m := map[string]reader{
		"null":   func(*builder, *tree.Node) value.Value { return value.Null },
		"string": func(_ *builder, v *tree.Node) value.Value { return value.String(v.Text) },
		"bool":   func(_ *builder, v *tree.Node) value.Value { return value.Bool(isTrue(v)) },
		"double": func(b *builder, v *tree.Node) value.Value { return value.Double(b.number(v)) },
		"float":  func(b *builder, v *tree.Node) value.Value { return value.Float(float32(b.number(v))) },
		"char": func(b *builder, v *tree.Node) value.Value {
			units := utf16.Encode([]rune(v.Text))
			if len(units) != 1 {
				b.fail(v, "%q is not one char", v.Text)
				return value.Null
			}
			return value.Char(units[0])
		},
		"byte[]":         func(b *builder, v *tree.Node) value.Value { return value.Bytes(b.bytes(v)) },
		"decimal":        parsed("System", "Decimal", "Parse"),
		"DateTimeOffset": parsed("System", "DateTimeOffset", "Parse"),
		"TimeSpan":       parsed("System", "TimeSpan", "Parse"),
		"Guid":           parsed("System", "Guid", "Parse"),
		"Uri":            parsed("System", "Uri", ".ctor"),
		"DateTime": func(b *builder, v *tree.Node) value.Value {
			styles := b.t.Table.Lookup("System.Globalization", "DateTimeStyles", 0)
			if styles == nil {
				b.fail(v, "there is no type DateTimeStyles")
				return value.Null
			}
			return b.invoke("System", "DateTime", "Parse", value.String(v.Text), value.Null, value.Enum(styles.Type(), roundtripKind))
		},
		"JObject": fromJSON("JObject"), "JArray": fromJSON("JArray"), "JToken": fromJSON("JToken"), "JValue": fromJSON("JToken"),
		"JProperty": func(b *builder, v *tree.Node) value.Value {
			token := b.invoke(jsonNamespace, "JToken", "Parse", value.String(jsonText(v.Get("value"))))
			return b.invoke(jsonNamespace, "JProperty", ".ctor", value.String(text(v, "name")), token)
		},
		"XElement":   parsed(xmlNamespace, "XElement", "Parse"),
		"XDocument":  parsed(xmlNamespace, "XDocument", "Parse"),
		"XNamespace": parsed(xmlNamespace, "XNamespace", "Get"),
		"Jwt":        func(b *builder, v *tree.Node) value.Value { return contextvar.ParseJwt(b.t, v.Text) },
		"Authorization": func(b *builder, v *tree.Node) value.Value {
			var claims []contextvar.Claim
			if list := v.Get("Claims"); list != nil {
				for _, m := range list.Members {
					claims = append(claims, contextvar.Claim{Name: m.Key, Value: b.typed(m.Value)})
				}
			}
			return contextvar.NewAuthorization(b.t, optional(v.Get("AccessToken")), claims)
		},
		"BasicAuthCredentials": func(_ *builder, v *tree.Node) value.Value {
			return contextvar.NewBasic(optional(v.Get("UserId")), optional(v.Get("Password")))
		},
		"IResponse": func(b *builder, v *tree.Node) value.Value {
			r := b.response(v)
			if r == nil {
				r = &exchange.Response{}
			}
			return contextvar.NewResponse(r)
		},
	}
	m["response"] = m["IResponse"]
	for name, t := range map[string]*types.Type{
		"int": types.Int32, "long": types.Int64, "byte": types.Byte, "sbyte": types.SByte, "short": types.Int16, "ushort": types.UInt16, "uint": types.UInt32, "ulong": types.UInt64,
	} {
		m[name] = integer(t)
	}
	return m
}

func optional(n *tree.Node) value.Value {
	if isNull(n) {
		return value.Null
	}
	return value.String(n.Text)
}

// items are the elements of an array of plain JSON values, or of typed ones
// where the element type is object.
func (b *builder) items(of string, v *tree.Node) ([]value.Value, *types.Type) {
	t := b.element(of)
	items := make([]value.Value, 0, len(v.Items))
	for _, n := range v.Items {
		items = append(items, b.plain(of, n))
	}
	return items, t
}

// element is the type that an element type's name means.
func (b *builder) element(of string) *types.Type {
	if t := types.Keyword(of); t != nil {
		return t
	}
	if elem, ok := strings.CutSuffix(of, "[]"); ok {
		return types.ArrayOf(b.element(elem), 1)
	}
	if d := b.t.Table.Lookup(jsonNamespace, of, 0); d != nil {
		return d.Type()
	}
	b.fail(nil, "unknown type %q of an element", of)
	return types.Object
}

// plain is an element given without its type.
func (b *builder) plain(of string, n *tree.Node) value.Value {
	switch {
	case of == "object":
		return b.typed(n)
	case isNull(n):
		return value.Null
	case b.simple[of] != nil:
		return b.simple[of](b, n)
	}
	items, t := b.items(strings.TrimSuffix(of, "[]"), n)
	return b.t.ArrayOf(t, items)
}

func (b *builder) dictionary(of string, v *tree.Node) value.Value {
	d := value.NewDictionary(types.String, b.element(of), nil)
	for _, m := range v.Members {
		d.Put(b.t, value.String(m.Key), b.plain(of, m.Value))
	}
	return value.Of(d)
}
