package contextvar

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

var (
	urlFaceDef = types.Declare(Namespace, "public interface IUrl")
	urlDef     = types.Declare(hidden, "public sealed class Url : IUrl")
)

// url is an address of the request. It reads the exchange's URL each time, so
// that it follows what policies do to it.
type url struct {
	u *exchange.URL
	// query is what the query of the URL as it was in parsed says.
	query  *values
	parsed string
}

// Type is the type behind IUrl.
func (u *url) Type() *types.Type { return urlDef.Type() }

// Query reads the query: names and values with their percent-escapes decoded
// (a plus stays one), in order, names compared without regard to case.
func (u *url) Query() *values {
	if u.query == nil || u.parsed != u.u.Query {
		u.query, u.parsed = parseQuery(u.u.Query), u.u.Query
	}
	return u.query
}

// ToString is the whole address as System.Uri prints it; with a library that
// has no System.Uri, as it goes on the wire.
func (u *url) ToString(t *value.Thread) string {
	if t.Table.Lookup("System", "Uri", 0) == nil {
		return u.u.String()
	}
	return t.ToString(u.uri(t))
}

func (u *url) uri(t *value.Thread) value.Value {
	return invoke(t, "System", "Uri", ".ctor", value.String(u.u.String()))
}

func uriMembers() []value.Members {
	row := value.Row{Sig: "Uri ToUri()", Doc: "The address as a System.Uri.", Func: func(c *value.Call) value.Value {
		return c.This.Object().(*url).uri(c.Thread)
	}}
	return []value.Members{{Def: urlFaceDef, Rows: abstract([]value.Row{row})}, {Def: urlDef, Rows: []value.Row{row}}}
}

func parseQuery(query string) *values {
	d := &values{}
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, v, _ := strings.Cut(part, "=")
		d.add(net.UnescapeData(name), net.UnescapeData(v))
	}
	return d
}

func urlMembers() []value.Members {
	rows := []value.Row{
		text("Host", "The host name, without the port.", func(u *url) string { return u.u.Host }),
		text("Path", "The path, beginning with a slash.", func(u *url) string {
			if u.u.Path == "" {
				return "/"
			}
			return u.u.Path
		}),
		property("int Port", "The port.", func(_ *value.Thread, u *url) value.Value { return value.Int(u.u.Port) }),
		text("QueryString", "The query with its question mark, or an empty string.", func(u *url) string {
			if u.u.Query == "" {
				return ""
			}
			return "?" + u.u.Query
		}),
		text("Scheme", "http or https.", func(u *url) string { return u.u.Scheme }),
		property("ValuesDictionary Query", "The parameters of the query.", func(_ *value.Thread, u *url) value.Value {
			return value.Of(u.Query())
		}),
	}
	return []value.Members{
		{Def: urlFaceDef, Doc: "An address in its parts.", Rows: abstract(rows)},
		{Def: urlDef, Doc: "An address in its parts.", Rows: rows},
	}
}
