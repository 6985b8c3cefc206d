package contextvar

import (
	"strings"
	"unicode/utf8"

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
		d.add(unescape(name), unescape(v))
	}
	return d
}

// unescape decodes percent-escapes as Uri.UnescapeDataString does: what is no
// escape, and escapes that make no UTF-8, stay as they are.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var out []byte
	for i := 0; i < len(s); {
		run, n := escapes(s[i:])
		if n == 0 {
			out = append(out, s[i])
			i++
			continue
		}
		for at := 0; at < len(run); {
			r, size := utf8.DecodeRune(run[at:])
			if r == utf8.RuneError && size == 1 {
				out = append(out, s[i+3*at:i+3*at+3]...)
			} else {
				out = append(out, run[at:at+size]...)
			}
			at += size
		}
		i += n
	}
	return string(out)
}

// escapes decodes the run of %XX at the start of s; n is its length in s.
func escapes(s string) (run []byte, n int) {
	for n+2 < len(s) && s[n] == '%' {
		hi, lo := hex(s[n+1]), hex(s[n+2])
		if hi < 0 || lo < 0 {
			break
		}
		run = append(run, byte(hi<<4|lo))
		n += 3
	}
	return run, n
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
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
