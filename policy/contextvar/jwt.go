package contextvar

import (
	"encoding/base64"
	"strings"

	bcltext "github.com/spillway-gateway/spillway/expr/bcl/text"
	bcltime "github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var jwtDef = types.Declare(Namespace, "public sealed class Jwt")

// jwt is a decoded token. Nothing about it has been verified.
type jwt struct {
	algorithm, id, issuer, subject, typ value.Value
	audiences                           value.Value
	claims                              *values
	expires, notBefore, issued          value.Value
}

// Type is Jwt.
func (j *jwt) Type() *types.Type { return jwtDef.Type() }

// Numbers of JTokenType.
const (
	tokenArray   = 2
	tokenBoolean = 9
)

// ParseJwt decodes a token, given bare or as a whole Authorization header of
// the scheme Bearer. It gives null for what is none, and verifies nothing.
func ParseJwt(t *value.Thread, text string) value.Value {
	const scheme = "Bearer "
	if len(text) >= len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
		text = text[len(scheme):]
	}
	parts := strings.Split(strings.TrimSpace(text), ".")
	if len(parts) != 3 {
		return value.Null
	}
	t.Alloc(4 * len(text))
	var j *jwt
	if !attempt(t, func() { j = readJwt(t, parts[0], parts[1]) }) || j == nil {
		return value.Null
	}
	return value.Of(j)
}

// readJwt reads the token's first two parts; it throws, or gives nil, when they
// are not what they should be.
func readJwt(t *value.Thread, head, payload string) *jwt {
	header, ok := jsonPart(t, head)
	body, ok2 := jsonPart(t, payload)
	if !ok || !ok2 {
		return nil
	}
	text := func(o map[string]value.Value, name string) value.Value {
		if v, ok := o[name]; ok {
			return convert(t, v, types.String)
		}
		return value.Null
	}
	j := &jwt{
		algorithm: text(header.byName, "alg"), typ: text(header.byName, "typ"),
		id: text(body.byName, "jti"), issuer: text(body.byName, "iss"), subject: text(body.byName, "sub"),
		claims: &values{},
	}
	for _, name := range body.names {
		v := body.byName[name]
		list := []string{}
		if tokenType(t, v) == tokenArray {
			t.Each(v, func(x value.Value) bool { list = append(list, claimText(t, x)); return true })
		} else {
			list = append(list, claimText(t, v))
		}
		j.claims.set(name, list)
	}
	j.audiences = audiences(t, body.byName)
	moment := func(name string) value.Value {
		v, ok := body.byName[name]
		if !ok {
			return value.Null
		}
		seconds := convert(t, v, types.Int64).Long()
		// The range of DateTimeOffset.FromUnixTimeSeconds.
		if seconds < -62135596800 || seconds > 253402300799 {
			t.ThrowRange("Valid values are between -62135596800 and 253402300799, inclusive.", "seconds")
		}
		return bcltime.At(seconds*bcltime.TicksPerSecond+bcltime.UnixEpoch, bcltime.UTC).Value()
	}
	j.expires, j.notBefore, j.issued = moment("exp"), moment("nbf"), moment("iat")
	return j
}

// part is one part of a token: a JSON object.
type part struct {
	names  []string
	byName map[string]value.Value
}

func jsonPart(t *value.Thread, s string) (part, bool) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	s += strings.Repeat("=", (4-len(s)%4)%4)
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return part{}, false
	}
	p := part{byName: map[string]value.Value{}}
	t.Each(invoke(t, jsonNamespace, "JObject", "Parse", value.String(bcltext.Decode("", raw))), func(pair value.Value) bool {
		items := pair.Object().(*value.Tuple).Items
		name := items[0].Str()
		p.names = append(p.names, name)
		p.byName[name] = items[1]
		return true
	})
	return p, true
}

func tokenType(t *value.Thread, token value.Value) int { return member(t, token, "Type").Int() }

// claimText is a claim as text: true and false in lower case, objects as JSON.
func claimText(t *value.Thread, token value.Value) string {
	s := t.ToString(token)
	if tokenType(t, token) == tokenBoolean {
		return strings.ToLower(s)
	}
	return s
}

func audiences(t *value.Thread, claims map[string]value.Value) value.Value {
	aud, ok := claims["aud"]
	var list []value.Value
	switch {
	case !ok:
	case tokenType(t, aud) == tokenArray:
		t.Each(aud, func(x value.Value) bool { list = append(list, convert(t, x, types.String)); return true })
	default:
		list = append(list, convert(t, aud, types.String))
	}
	return t.ArrayOf(types.String, list)
}

func jwtMembers() []value.Members {
	field := func(sig, doc string, get func(j *jwt) value.Value) value.Row {
		return property(sig, doc, func(_ *value.Thread, j *jwt) value.Value { return get(j) })
	}
	parse := func(c *value.Call) value.Value {
		if c.Args[0].IsNull() {
			return value.Null
		}
		return ParseJwt(c.Thread, c.Str(0))
	}
	return []value.Members{
		{Def: helpersDef, Rows: []value.Row{
			{Sig: "static Jwt AsJwt(this string value)", Doc: "The token that the text is, or that a Bearer Authorization header holds, decoded but not verified; null for anything else.", Func: parse},
			{Sig: "static bool TryParseJwt(this string value, out Jwt jwt)", Doc: "Whether the text is a token, and what it says; nothing is verified.", Func: func(c *value.Call) value.Value {
				v := parse(c)
				c.Args[1] = v
				return value.Bool(!v.IsNull())
			}},
		}},
		{Def: jwtDef, Doc: "A JSON web token, decoded.", Rows: []value.Row{
			field("string Algorithm", "The algorithm of its signature.", func(j *jwt) value.Value { return j.algorithm }),
			field("string Id", "Its id, the claim jti.", func(j *jwt) value.Value { return j.id }),
			field("string Issuer", "Who issued it, the claim iss.", func(j *jwt) value.Value { return j.issuer }),
			field("string Subject", "Whom it is about, the claim sub.", func(j *jwt) value.Value { return j.subject }),
			field("string Type", "Its type, the header typ.", func(j *jwt) value.Value { return j.typ }),
			field("IEnumerable<string> Audiences", "Whom it is for, the claim aud.", func(j *jwt) value.Value { return j.audiences }),
			field("ValuesDictionary Claims", "Its claims, each as a list of texts.", func(j *jwt) value.Value { return value.Of(j.claims) }),
			field("DateTime? ExpirationTime", "When it expires, the claim exp.", func(j *jwt) value.Value { return j.expires }),
			field("DateTime? NotBefore", "When it begins to hold, the claim nbf.", func(j *jwt) value.Value { return j.notBefore }),
			field("DateTime? IssuedAt", "When it was issued, the claim iat.", func(j *jwt) value.Value { return j.issued }),
		}},
	}
}
