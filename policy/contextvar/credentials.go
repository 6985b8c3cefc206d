package contextvar

import (
	"encoding/base64"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	helpersDef       = types.Declare(Namespace, "public static class Helpers")
	basicDef         = types.Declare(Namespace, "public sealed class BasicAuthCredentials")
	authorizationDef = types.Declare(Namespace, "public sealed class Authorization")
)

// basic is what AsBasic makes of an Authorization header.
type basic struct{ user, password value.Value }

// Type is BasicAuthCredentials.
func (b *basic) Type() *types.Type { return basicDef.Type() }

// Shape leaves out Username, a second name of UserId.
func (b *basic) Shape(*value.Thread) []value.Property {
	return []value.Property{{Name: "UserId", Value: b.user}, {Name: "Password", Value: b.password}}
}

// NewBasic is a BasicAuthCredentials.
func NewBasic(user, password value.Value) value.Value { return value.Of(&basic{user, password}) }

// asBasic reads a whole Authorization header; null when it is not one of the
// scheme Basic. User and password are ISO-8859-1.
func asBasic(header string) value.Value {
	const scheme = "Basic "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return value.Null
	}
	pair, ok := decodeBase64(strings.TrimSpace(header[len(scheme):]))
	if !ok {
		return value.Null
	}
	user, password, ok := strings.Cut(latin1(pair), ":")
	if !ok {
		return value.Null
	}
	return NewBasic(value.String(user), value.String(password))
}

// decodeBase64 is Convert.FromBase64String: padding is needed, white space is
// skipped.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, s)
	b, err := base64.StdEncoding.DecodeString(s)
	return b, err == nil
}

func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// authorization is what get-authorization-context leaves in a variable.
type authorization struct {
	token  value.Value
	claims value.Value
}

// Type is Authorization.
func (a *authorization) Type() *types.Type { return authorizationDef.Type() }

// Claim is a claim of an Authorization.
type Claim struct {
	Name  string
	Value value.Value
}

// NewAuthorization is an Authorization with an access token and its claims.
func NewAuthorization(t *value.Thread, token value.Value, claims []Claim) value.Value {
	d := value.NewDictionary(types.String, types.Object, nil)
	for _, c := range claims {
		d.Put(t, value.String(c.Name), c.Value)
	}
	return value.Of(&authorization{token, value.Of(d)})
}

func credentialMembers() []value.Members {
	// Both forms of the out parameter's helper go by the plain one.
	try := func(f func(c *value.Call) value.Value) func(*value.Call) value.Value {
		return func(c *value.Call) value.Value {
			v := f(c)
			c.Args[1] = v
			return value.Bool(!v.IsNull())
		}
	}
	parse := func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Null
		}
		c.Alloc(4 * len(c.Str(0)))
		return asBasic(c.Str(0))
	}
	return []value.Members{
		{Def: helpersDef, Doc: "Methods that policies add to other types.", Rows: []value.Row{
			{Sig: "static BasicAuthCredentials AsBasic(this string value)", Doc: "The user and password of a Basic Authorization header; null for anything else.", Func: parse},
			{Sig: "static bool TryParseBasic(this string value, out BasicAuthCredentials credentials)", Doc: "Whether the text is a Basic Authorization header, and what it holds.", Func: try(parse)},
		}},
		{Def: basicDef, Doc: "A user and a password.", Rows: []value.Row{
			property("string UserId", "The user.", func(_ *value.Thread, b *basic) value.Value { return b.user }),
			property("string Password", "The password.", func(_ *value.Thread, b *basic) value.Value { return b.password }),
			property("string Username", "The toolkit's name of UserId.", func(_ *value.Thread, b *basic) value.Value { return b.user }),
		}},
		{Def: authorizationDef, Doc: "An authorization with a third party.", Rows: []value.Row{
			property("string AccessToken", "The access token.", func(_ *value.Thread, a *authorization) value.Value { return a.token }),
			property("IReadOnlyDictionary<string, object> Claims", "The claims that came with it.", func(_ *value.Thread, a *authorization) value.Value { return a.claims }),
		}},
	}
}
