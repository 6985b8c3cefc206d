package builtin_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// makeToken signs claims as an issuer would, with a secret or an RSA key.
func makeToken(t testing.TB, kid string, claims map[string]any, key any) string {
	t.Helper()
	algorithm := "RS256"
	switch key.(type) {
	case []byte:
		algorithm = "HS256"
	case nil:
		algorithm = "none"
	}
	b64 := base64.RawURLEncoding.EncodeToString
	head, _ := json.Marshal(map[string]string{"alg": algorithm, "kid": kid})
	body, _ := json.Marshal(claims)
	text := b64(head) + "." + b64(body)
	var sig []byte
	switch k := key.(type) {
	case []byte:
		m := hmac.New(sha256.New, k)
		m.Write([]byte(text))
		sig = m.Sum(nil)
	case *rsa.PrivateKey:
		sum := sha256.Sum256([]byte(text))
		var err error
		if sig, err = rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:]); err != nil {
			t.Fatal(err)
		}
	}
	return text + "." + b64(sig)
}

// rsaKeys are made once: it takes long.
var rsaKeys [2]*rsa.PrivateKey

func rsaKey(t testing.TB, i int) *rsa.PrivateKey {
	t.Helper()
	if rsaKeys[i] == nil {
		var err error
		if rsaKeys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	return rsaKeys[i]
}

// tokenStory is a service whose API has the policy.
func tokenStory(t testing.TB, policy string) *story {
	t.Helper()
	s := newStory(t, &txtar.Archive{Files: []txtar.File{{Name: "api.xml", Data: []byte(
		`<policies><inbound><base />` + policy + `</inbound><backend><base /></backend><on-error><set-header name="x-err"><value>@(context.LastError.Reason)</value></set-header></on-error></policies>`)}}})
	if s.problems.HasErrors() {
		t.Fatal(s.wordProblems())
	}
	return s
}

// said is what came of a request in a few words: its status, reason and message.
func said(t *testing.T, s *story, head string) string {
	t.Helper()
	x := s.newExchange("GET /items?a=1\n" + head)
	s.backend.answers, s.backend.quiet = nil, true
	s.set.Pipeline(s.api, s.operation, nil).Run(x)
	text := fmt.Sprint(x.Response.Status)
	if e := x.LastError; e != nil {
		var body struct{ Message string }
		if err := json.Unmarshal(x.Response.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", x.Response.Body.Bytes(), err)
		}
		text += " " + e.Reason + ": " + body.Message
	}
	return text
}

var later = storyStart.Add(time.Hour).Unix()

func TestValidateJwt(t *testing.T) {
	secret := []byte("0123456789012345678901234567890123456789")
	key := base64.StdEncoding.EncodeToString(secret)
	good := makeToken(t, "", map[string]any{"exp": later, "aud": []string{"one", "two"}, "iss": "me", "roles": "a b", "n": 5, "ok": true}, secret)
	// The form that a policy takes, with parts to be put in.
	policy := func(attributes, children string) string {
		return `<validate-jwt header-name="Authorization" ` + attributes + `><issuer-signing-keys><key>` + key + `</key></issuer-signing-keys>` + children + `</validate-jwt>`
	}
	claim := func(attributes string, values ...string) string {
		text := `<required-claims><claim ` + attributes + `>`
		for _, v := range values {
			text += "<value>" + v + "</value>"
		}
		return text + `</claim></required-claims>`
	}
	bearer := func(token string) string { return "Authorization: Bearer " + token + "\n" }
	for _, c := range []struct{ name, policy, head, want string }{
		{"good", policy("", ""), bearer(good), "200"},
		{"none", policy("", ""), "", "401 TokenNotPresent: JWT not present."},
		{"own message", policy(`failed-validation-httpcode="403" failed-validation-error-message="Go away"`, ""), "", "403 TokenNotPresent: Go away"},
		{"no scheme asked for", policy("", ""), "Authorization: " + good + "\n", "200"},
		{"scheme asked for", policy(`require-scheme="Bearer"`, ""), "Authorization: " + good + "\n", "401 TokenNotPresent: JWT not present."},
		{"another scheme", policy(`require-scheme="Bearer"`, ""), "Authorization: Token " + good + "\n", "401 TokenNotPresent: JWT not present."},
		{"nonsense", policy("", ""), bearer("x.y.z"), "401 JwtInvalid: Invalid JWT."},
		{"changed", policy("", ""), bearer(good[:len(good)-4] + "AAAA"), "401 TokenSignatureInvalid: Invalid JWT."},
		{"expired", policy("", ""), bearer(makeToken(t, "", map[string]any{"exp": storyStart.Unix()}, secret)), "401 TokenExpired: Invalid JWT."},
		{"expired within the skew", policy(`clock-skew="1"`, ""), bearer(makeToken(t, "", map[string]any{"exp": storyStart.Unix()}, secret)), "200"},
		{"without an expiry", policy("", ""), bearer(makeToken(t, "", map[string]any{"a": 1}, secret)), "401 JwtInvalid: Invalid JWT."},
		{"an expiry not asked for", policy(`require-expiration-time="false"`, ""), bearer(makeToken(t, "", map[string]any{"a": 1}, secret)), "200"},
		{"not yet", policy("", ""), bearer(makeToken(t, "", map[string]any{"exp": later, "nbf": later - 1}, secret)), "401 JwtInvalid: Invalid JWT."},
		{"unsigned", policy("", ""), bearer(makeToken(t, "", map[string]any{"exp": later}, nil)), "401 TokenSignatureInvalid: Invalid JWT."},
		{"unsigned allowed", policy(`require-signed-tokens="false"`, ""), bearer(makeToken(t, "", map[string]any{"exp": later}, nil)), "200"},
		{"audience", policy("", `<audiences><audience>two</audience><audience>three</audience></audiences>`), bearer(good), "200"},
		{"another audience", policy("", `<audiences><audience>three</audience></audiences>`), bearer(good), "401 TokenAudienceNotAllowed: Invalid JWT."},
		{"issuer", policy("", `<issuers><issuer>@("me")</issuer></issuers>`), bearer(good), "200"},
		{"another issuer", policy("", `<issuers><issuer>you</issuer></issuers>`), bearer(good), "401 TokenIssuerNotAllowed: Invalid JWT."},
		{"claim there", policy("", claim(`name="roles"`)), bearer(good), "200"},
		{"claim missing", policy("", claim(`name="other"`)), bearer(good), "401 TokenClaimNotFound: Invalid JWT."},
		{"claim whole", policy("", claim(`name="roles"`, "a b")), bearer(good), "200"},
		{"claim in parts", policy("", claim(`name="roles" separator=" " match="all"`, "a", "b")), bearer(good), "200"},
		{"claim all", policy("", claim(`name="roles" separator=" "`, "a", "c")), bearer(good), "401 TokenClaimValueNotAllowed: Invalid JWT."},
		{"claim any", policy("", claim(`name="roles" separator=" " match="any"`, "a", "c")), bearer(good), "200"},
		{"claim of another type", policy("", claim(`name="n"`, "5")), bearer(good), "200"},
		{"claim that is true", policy("", claim(`name="ok"`, "true")), bearer(good), "200"},
		{"in the query", strings.Replace(policy("", ""), `header-name="Authorization"`, `query-parameter-name="a"`, 1), "", "401 JwtInvalid: Invalid JWT."},
		{"by value", strings.Replace(policy("", ""), `header-name="Authorization"`, `token-value="@(context.Request.Headers.GetValueOrDefault(&quot;x-t&quot;))"`, 1), "x-t: " + good + "\n", "200"},
		{"a key of another name", strings.Replace(policy("", ""), "<key>", `<key id="k1">`, 1), bearer(makeToken(t, "k2", map[string]any{"exp": later}, secret)), "401 TokenSignatureKeyNotFound: Invalid JWT."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := said(t, tokenStory(t, c.policy), c.head); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The token goes into a variable that expressions can read.
func TestJwtVariable(t *testing.T) {
	secret := []byte("0123456789")
	s := tokenStory(t, `<validate-jwt header-name="Authorization" output-token-variable-name="jwt"><issuer-signing-keys><key>`+base64.StdEncoding.EncodeToString(secret)+
		`</key></issuer-signing-keys></validate-jwt><return-response><set-body>@(((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("sub") + ((Jwt)context.Variables["jwt"]).Issuer)</set-body></return-response>`)
	x := s.newExchange("GET /items\nAuthorization: Bearer " + makeToken(t, "", map[string]any{"exp": later, "sub": "ann", "iss": "me"}, secret) + "\n")
	s.set.Pipeline(s.api, s.operation, nil).Run(x)
	if got := string(x.Response.Body.Bytes()); got != "annme" {
		t.Errorf("got %q", got)
	}
}

// Keys are fetched when they are needed, kept for an hour, asked for again when a
// token names another one, and not believed for ever.
func TestPublishedKeys(t *testing.T) {
	first, second := rsaKey(t, 0), rsaKey(t, 1)
	b64 := base64.RawURLEncoding.EncodeToString
	published := func(kid string, k *rsa.PrivateKey) string {
		return fmt.Sprintf(`200 body {"keys":[{"kty":"RSA","use":"sig","kid":%q,"n":%q,"e":"AQAB"}]}`, kid, b64(k.N.Bytes()))
	}
	const discovery = `200 body {"issuer":"https://idp.example/me","jwks_uri":"https://idp.example/keys"}`
	s := tokenStory(t, `<validate-jwt header-name="Authorization"><openid-config url="https://idp.example/.well-known/openid-configuration" /></validate-jwt>`)
	token := func(kid string, k *rsa.PrivateKey, issuer string) string {
		return "Authorization: Bearer " + makeToken(t, kid, map[string]any{"exp": storyStart.Add(100 * time.Hour).Unix(), "iss": issuer}, k) + "\n"
	}
	const me = "https://idp.example/me"
	asked := func() int { return strings.Count(s.backend.log.String(), "=> GET") }
	for _, c := range []struct {
		name    string
		after   time.Duration
		answers []string
		head    string
		want    string
		asked   int
	}{
		{"not to be had", 0, []string{"connect"}, token("1", first, me), "401 TokenSignatureKeyNotFound: Invalid JWT.", 1},
		{"not asked again at once", time.Minute, nil, token("1", first, me), "401 TokenSignatureKeyNotFound: Invalid JWT.", 1},
		{"after five minutes", 4 * time.Minute, []string{discovery, published("1", first)}, token("1", first, me), "200", 3},
		{"kept", 30 * time.Minute, nil, token("1", first, me), "200", 3},
		{"another issuer", 0, nil, token("1", first, "you"), "401 TokenIssuerNotAllowed: Invalid JWT.", 3},
		{"a new key", 0, []string{discovery, published("2", second)}, token("2", second, me), "200", 5},
		{"the old one is gone, and asked for once", 0, nil, token("1", first, me), "401 TokenSignatureKeyNotFound: Invalid JWT.", 5},
		{"too old, and not to be had", 61 * time.Minute, []string{"500"}, token("2", second, me), "401 TokenSignatureKeyNotFound: Invalid JWT.", 6},
	} {
		s.clock.Advance(c.after)
		s.sender.answers = c.answers
		if got := said(t, s, c.head); got != c.want || asked() != c.asked {
			t.Errorf("%s: got %s after %d calls, want %s after %d", c.name, got, asked(), c.want, c.asked)
		}
	}
}

func TestValidateAzureADToken(t *testing.T) {
	key := rsaKey(t, 0)
	keys := fmt.Sprintf(`200 body {"keys":[{"kty":"RSA","kid":"1","n":%q,"e":"AQAB"}]}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	const tenant = "11111111-2222-3333-4444-555555555555"
	claims := func(pairs ...any) map[string]any {
		c := map[string]any{"exp": later, "iss": "https://login.microsoftonline.com/" + tenant + "/v2.0", "azp": "app", "aud": "api", "tid": tenant}
		for i := 0; i < len(pairs); i += 2 {
			c[pairs[i].(string)] = pairs[i+1]
		}
		return c
	}
	const lists = `<client-application-ids><application-id>app</application-id></client-application-ids><audiences><audience>api</audience></audiences>`
	for _, c := range []struct {
		name, attributes, children, issuer string
		claims                             map[string]any
		want                               string
	}{
		{"good", `tenant-id="` + tenant + `"`, lists, tenant, claims(), "200"},
		{"first version", `tenant-id="` + tenant + `"`, lists, tenant, claims("iss", "https://sts.windows.net/"+tenant+"/", "azp", nil, "appid", "app"), "200"},
		{"another tenant", `tenant-id="` + tenant + `"`, lists, tenant, claims("iss", "https://sts.windows.net/other/"), "401 TokenIssuerNotAllowed: Invalid JWT."},
		{"another application", `tenant-id="` + tenant + `"`, lists, tenant, claims("azp", "evil"), "401 TokenClaimValueNotAllowed: Invalid JWT."},
		{"another audience", `tenant-id="` + tenant + `"`, lists, tenant, claims("aud", "evil"), "401 TokenAudienceNotAllowed: Invalid JWT."},
		{"for a backend", `tenant-id="contoso.example"`, `<backend-application-ids><application-id>api</application-id></backend-application-ids>`, tenant, claims(), "200"},
		{"any tenant", `tenant-id="common"`, lists, "{tenantid}", claims(), "200"},
		{"expired", `tenant-id="` + tenant + `" failed-validation-error-message="no"`, lists, tenant, claims("exp", 5), "401 TokenExpired: no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tokenStory(t, `<validate-azure-ad-token `+c.attributes+`>`+c.children+`</validate-azure-ad-token>`)
			s.sender.answers = []string{`200 body {"issuer":"https://login.microsoftonline.com/` + c.issuer + `/v2.0","jwks_uri":"https://login.microsoftonline.com/keys"}`, keys}
			if got := said(t, s, "Authorization: Bearer "+makeToken(t, "1", c.claims, key)+"\n"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if c.name == "for a backend" && !strings.Contains(s.backend.log.String(), "https://login.microsoftonline.com/contoso.example/v2.0/.well-known/openid-configuration") {
				t.Error(s.backend.log.String())
			}
		})
	}
}
