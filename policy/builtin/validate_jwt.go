package builtin

import (
	"encoding/base64"
	"math"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/jwt"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Attributes and elements that both policies for tokens have.
var (
	tokenPlaces = []policy.Attribute{
		{Name: "header-name", Expression: true, Doc: "The header that holds the token."},
		{Name: "query-parameter-name", Expression: true, Doc: "The query parameter that holds the token."},
		{Name: "token-value", Expression: true, Doc: "The token itself."},
		{
			Name: "failed-validation-httpcode", Type: policy.Int, Default: "401", Expression: true, Bounded: true, Min: 100, Max: 999,
			Doc: "The status of a refusal.",
		},
		{Name: "failed-validation-error-message", Expression: true, Doc: "The message of a refusal; one that depends on the failure without it."},
		{Name: "output-token-variable-name", Doc: "The variable that gets the token, a Jwt."},
	}
	requiredClaims = policy.Child{Max: 1, Shape: policy.Shape{
		Name: "required-claims", Doc: "Claims that the token must have; all of them.",
		Children: []policy.Child{{Min: 1, Shape: policy.Shape{
			Name: "claim", Doc: "A claim.",
			Attributes: []policy.Attribute{
				{Name: "name", Required: true, Expression: true, Doc: "Its name."},
				{Name: "match", Default: "all", Values: []string{"all", "any"}, Doc: "Whether all of the values must be there, or one of them."},
				{Name: "separator", Doc: "What separates several values in one text."},
			},
			Children: []policy.Child{{Shape: policy.Shape{
				Name: "value", Doc: "A value that it must have; without any it only has to be there.",
				Text: &policy.Attribute{Expression: true, Doc: "The value."},
			}}},
		}}},
	}}
	decryptionKeys = policy.Child{Max: 1, Shape: policy.Shape{
		Name: "decryption-keys", Doc: "Keys of encrypted tokens.",
		Children: []policy.Child{{Shape: policy.Shape{
			Name: "key", Doc: "A key.", Text: &policy.Attribute{Expression: true, Doc: "The key in Base64."},
			Attributes: []policy.Attribute{{Name: "certificate-id", Doc: "A certificate that holds it."}},
		}}},
	}}
)

func textList(name, doc, child, childDoc string) policy.Child {
	return policy.Child{Max: 1, Shape: policy.Shape{
		Name: name, Doc: doc,
		Children: []policy.Child{{Min: 1, Shape: policy.Shape{
			Name: child, Doc: childDoc, Text: &policy.Attribute{Required: true, Expression: true, Doc: "It."},
		}}},
	}}
}

func validateJwt(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "validate-jwt",
			Doc:  "Refuses requests without a token that is signed, in time, and says what it must.",
			Attributes: append([]policy.Attribute{
				{Name: "require-expiration-time", Type: policy.Bool, Default: "true", Expression: true, Doc: "Whether the token must say when it expires."},
				{Name: "require-scheme", Expression: true, Doc: "The scheme that must stand before a token in the header Authorization."},
				{Name: "require-signed-tokens", Type: policy.Bool, Default: "true", Expression: true, Doc: "Whether the token must be signed."},
				{Name: "clock-skew", Type: policy.Int, Default: "0", Expression: true, Bounded: true, Max: math.MaxInt32, Doc: "Seconds by which clocks may differ."},
			}, tokenPlaces...),
			Children: []policy.Child{
				{Shape: policy.Shape{
					Name: "openid-config", Doc: "Where the issuer publishes itself and its keys.",
					Attributes: []policy.Attribute{
						{Name: "url", Required: true, Expression: true, Doc: "The URL of its discovery document."},
						{Name: "validate-connectivity", Type: policy.Bool, Default: "true", Doc: "Whether Azure asks it when the policy is saved; nothing here."},
					},
				}},
				{Max: 1, Shape: policy.Shape{
					Name: "issuer-signing-keys", Doc: "Keys that tokens are signed with.",
					Children: []policy.Child{{Min: 1, Shape: policy.Shape{
						Name: "key", Doc: "A key.", Text: &policy.Attribute{Expression: true, Doc: "A secret in Base64."},
						Attributes: []policy.Attribute{
							{Name: "id", Doc: "Its name, as tokens have it."},
							{Name: "certificate-id", NotBuilt: true, Doc: "A certificate that holds it."},
							{Name: "n", Expression: true, Doc: "The modulus of an RSA key, in Base64 for URLs."},
							{Name: "e", Expression: true, Doc: "The exponent of an RSA key, in Base64 for URLs."},
						},
					}}},
				}},
				decryptionKeys,
				textList("audiences", "For whom tokens may be; one of them.", "audience", "An audience."),
				textList("issuers", "Who may have issued tokens, beside those of openid-config.", "issuer", "An issuer."),
				requiredClaims,
			},
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			places := 0
			for _, name := range []string{"header-name", "query-parameter-name", "token-value"} {
				if e.Has(name) {
					places++
				}
			}
			if places != 1 {
				e.Problem("missing-attribute", "validate-jwt needs one of the attributes header-name, query-parameter-name and token-value")
				return nil
			}
			step, ok := tokenChecks(e)
			if !ok {
				return nil
			}
			step.expires, step.scheme = e.Value("require-expiration-time"), e.Value("require-scheme")
			step.signed, step.skew = e.Value("require-signed-tokens"), e.Value("clock-skew")
			step.now = s.now
			step.audiences = texts(e, "audiences", "audience")
			step.issuers = texts(e, "issuers", "issuer")
			for _, c := range e.Children("openid-config") {
				step.sources = append(step.sources, &keySource{url: c.Value("url"), sender: s.Sender, now: s.now})
			}
			if l := e.Child("issuer-signing-keys"); l != nil {
				for _, k := range l.Children("key") {
					switch _, err := base64.StdEncoding.DecodeString(k.Text().Literal()); {
					case k.Has("n") != k.Has("e"):
						k.Problem("missing-attribute", "key needs the attributes n and e together")
					case k.Has("n") || !k.Text().IsLiteral() || e.Loose():
					case err != nil || k.Text().Literal() == "":
						k.Problem("wrong-value", "a signing key is a secret in Base64, or has the attributes n and e")
					}
					step.keys = append(step.keys, signingKey{k.Literal("id"), k.Text(), k.Value("n"), k.Value("e")})
				}
			}
			if len(step.sources)+len(step.keys) == 0 && step.signed.IsLiteral() && e.True("require-signed-tokens") {
				e.Warn("no-keys", "no token is accepted: there is neither openid-config nor issuer-signing-keys")
			}
			return step
		},
	}
}

// entraEndpoint is where Entra ID of the public cloud is.
const entraEndpoint = "https://login.microsoftonline.com"

func validateAzureADToken(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "validate-azure-ad-token",
			Doc:  "Refuses requests without a token of Microsoft Entra ID for the right tenant, application and audience.",
			Attributes: append([]policy.Attribute{
				{Name: "tenant-id", Required: true, Expression: true, Doc: "The tenant's id, domain or URL, or common, organizations or consumers."},
				{Name: "authentication-endpoint", Default: entraEndpoint, Doc: "Where Entra ID is, for other clouds."},
			}, tokenPlaces...),
			Children: []policy.Child{
				textList("client-application-ids", "The applications that may have asked for the token; one of them.", "application-id", "An application's id."),
				textList("backend-application-ids", "The applications that the token may be for; one of them.", "application-id", "An application's id."),
				textList("audiences", "For whom tokens may be; one of them.", "audience", "An audience."),
				requiredClaims,
				decryptionKeys,
			},
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			step, ok := tokenChecks(e)
			if !ok {
				return nil
			}
			if step.header == nil && step.query == nil && step.token == nil {
				step.authorization = true
			}
			step.now = s.now
			step.clients = texts(e, "client-application-ids", "application-id")
			step.audiences = append(texts(e, "audiences", "audience"), texts(e, "backend-application-ids", "application-id")...)
			if len(step.clients)+len(step.audiences) == 0 {
				e.Warn("any-token", "every token of the tenant is accepted, whoever it is for")
			}
			step.sources = []*keySource{{
				tenant: e.Value("tenant-id"), endpoint: strings.TrimRight(e.Literal("authentication-endpoint"), "/"), sender: s.Sender, now: s.now,
			}}
			return step
		},
	}
}

// signingKey is a key that the document holds.
type signingKey struct {
	id         string
	text, n, e *policy.Value
}

type requiredClaim struct {
	name      *policy.Value
	any       bool
	separator string
	values    []*policy.Value
}

// jwtStep checks a token.
type jwtStep struct {
	header, query, token *policy.Value
	authorization        bool // the token is in Authorization though nothing says so
	status, message      *policy.Value
	variable             string

	expires, scheme, signed, skew *policy.Value
	now                           func() time.Time
	sources                       []*keySource
	keys                          []signingKey
	clients, audiences, issuers   []*policy.Value
	claims                        []requiredClaim
}

// tokenChecks is what both policies have.
func tokenChecks(e *policy.Element) (*jwtStep, bool) {
	if d := e.Child("decryption-keys"); d != nil {
		d.Problem("not-built", "encrypted tokens are not read by this version")
		return nil, false
	}
	s := &jwtStep{
		header: e.Value("header-name"), query: e.Value("query-parameter-name"), token: e.Value("token-value"),
		status: e.Value("failed-validation-httpcode"), message: e.Value("failed-validation-error-message"),
		variable: e.Literal("output-token-variable-name"),
	}
	if l := e.Child("required-claims"); l != nil {
		for _, c := range l.Children("claim") {
			r := requiredClaim{name: c.Value("name"), any: c.Literal("match") == "any", separator: c.Literal("separator")}
			for _, v := range c.Children("value") {
				r.values = append(r.values, v.Text())
			}
			s.claims = append(s.claims, r)
		}
	}
	return s, true
}

// Run refuses whatever is not right with the token, the first thing first.
func (s *jwtStep) Run(r *policy.Run) error {
	text, why, err := s.find(r)
	if err != nil {
		return err
	}
	if why == nil {
		if why, err = s.check(r, text); err != nil {
			return err
		}
	}
	if why != nil {
		return s.refuse(r, why)
	}
	if s.variable != "" {
		setVariableTo(r, s.variable, r.Jwt(text))
	}
	r.Trace("The token is valid.")
	return nil
}

// flaw is what is wrong with a token; answer is what the caller is told of it.
type flaw struct{ reason, message, answer string }

func invalid(reason, message string) *flaw {
	return &flaw{reason, message + " Access denied.", "Invalid JWT."}
}

func (s *jwtStep) refuse(r *policy.Run, why *flaw) error {
	status, err := s.status.Int(r)
	if err != nil {
		return err
	}
	e := r.Error(why.reason, why.message)
	e.Status, e.Answer, e.Told = int(status), why.answer, true
	if s.message != nil {
		if e.Answer, err = s.message.String(r); err != nil {
			return err
		}
	}
	return e
}

// find is the token's text, without its scheme.
func (s *jwtStep) find(r *policy.Run) (text string, why *flaw, err error) {
	inHeader := s.authorization
	switch {
	case s.token != nil:
		text, err = s.token.String(r)
	case s.query != nil:
		var name string
		if name, err = s.query.String(r); err == nil {
			q := parseQuery(r.X.Request.URL.Query)
			if i := q.index(name); i >= 0 {
				_, text, _ = strings.Cut(q[i], "=")
			}
		}
	default:
		name := "Authorization"
		if s.header != nil {
			name, err = s.header.String(r)
		}
		inHeader = strings.EqualFold(name, "Authorization")
		text = r.X.Request.Header.Get(name)
	}
	if err != nil {
		return "", nil, err
	}
	text = strings.TrimSpace(text)
	scheme, rest, hasScheme := strings.Cut(text, " ")
	if inHeader && s.scheme != nil {
		want, err := s.scheme.String(r)
		if err != nil {
			return "", nil, err
		}
		if text != "" && want != "" && (!hasScheme || !strings.EqualFold(scheme, want)) {
			return "", &flaw{reasonNoToken, "JWT not present.", "JWT not present."}, nil
		}
	}
	if hasScheme {
		text = strings.TrimSpace(rest)
	}
	if text == "" {
		return "", &flaw{reasonNoToken, "JWT not present.", "JWT not present."}, nil
	}
	r.X.Trace.Hide(text)
	return text, nil, nil
}

// Reasons of a token that is refused (spec: policies.md 1.5).
const (
	reasonNoToken       = "TokenNotPresent"
	reasonSignature     = "TokenSignatureInvalid"
	reasonSignatureKey  = "TokenSignatureKeyNotFound"
	reasonAudience      = "TokenAudienceNotAllowed"
	reasonIssuer        = "TokenIssuerNotAllowed"
	reasonExpired       = "TokenExpired"
	reasonClaimNotFound = "TokenClaimNotFound"
	reasonClaimValue    = "TokenClaimValueNotAllowed"
	reasonOther         = "JwtInvalid"
)

func (s *jwtStep) check(r *policy.Run, text string) (*flaw, error) {
	token, err := jwt.Parse(text)
	if err != nil {
		return invalid(reasonOther, "JWT cannot be read: "+err.Error()+"."), nil
	}
	issuers, why, err := s.signature(r, token)
	if why != nil || err != nil {
		return why, err
	}
	if why, err := s.times(r, token.Claims); why != nil || err != nil {
		return why, err
	}
	audiences, err := strs(r, s.audiences)
	if err != nil {
		return nil, err
	}
	if len(audiences) > 0 && !shares(audiences, token.Claims.Values("aud")) {
		return invalid(reasonAudience, "The token's audience is not one of those that are allowed."), nil
	}
	own, err := strs(r, s.issuers)
	if err != nil {
		return nil, err
	}
	if issuers = append(issuers, own...); len(issuers) > 0 && !issuedBy(issuers, token.Claims) {
		return invalid(reasonIssuer, "The token's issuer is not one of those that are allowed."), nil
	}
	clients, err := strs(r, s.clients)
	if err != nil {
		return nil, err
	}
	if len(clients) > 0 && !shares(clients, append(token.Claims.Values("appid"), token.Claims.Values("azp")...)) {
		return invalid(reasonClaimValue, "The token was issued to an application that is not allowed."), nil
	}
	return s.required(r, token.Claims)
}

// signature verifies the token by the keys of the document and those of its
// issuers, and gives the issuers that published their keys.
func (s *jwtStep) signature(r *policy.Run, token *jwt.Token) (issuers []string, why *flaw, err error) {
	if !token.Signed() {
		must := true
		if s.signed != nil {
			if must, err = s.signed.Bool(r); err != nil {
				return nil, nil, err
			}
		}
		if must {
			return nil, invalid(reasonSignature, "The token is not signed."), nil
		}
		return nil, nil, nil
	}
	keys, err := s.ownKeys(r)
	if err != nil {
		return nil, nil, err
	}
	var failed string
	for _, source := range s.sources {
		published, name, err := source.keys(r, token.KeyID)
		if err != nil {
			if gone := r.ClientGone(); gone != nil {
				return nil, nil, gone
			}
			failed = err.Error()
			r.Trace("The issuer's keys cannot be fetched: " + failed)
			continue
		}
		keys, issuers = append(keys, published...), append(issuers, name...)
	}
	tried := false
	for _, k := range keys {
		if k.ID != "" && token.KeyID != "" && k.ID != token.KeyID {
			continue
		}
		tried = true
		if token.VerifiedBy(k) {
			return issuers, nil, nil
		}
	}
	switch {
	case tried:
		return nil, invalid(reasonSignature, "The token's signature is not valid."), nil
	case failed != "":
		return nil, invalid(reasonSignatureKey, "The issuer's keys cannot be fetched: "+failed+"."), nil
	}
	return nil, invalid(reasonSignatureKey, "No key is known by the name that the token gives."), nil
}

func (s *jwtStep) ownKeys(r *policy.Run) ([]jwt.Key, error) {
	var keys []jwt.Key
	for _, k := range s.keys {
		n, err := k.n.String(r)
		if err != nil {
			return nil, err
		}
		exponent, err := k.e.String(r)
		if err != nil {
			return nil, err
		}
		if n != "" {
			key, err := jwt.RSA(n, exponent)
			if err != nil {
				return nil, r.Error(exchange.ReasonValueNotAllowed, "A signing key of the policy cannot be used: "+err.Error()+".")
			}
			keys = append(keys, jwt.Key{ID: k.id, Key: key})
			continue
		}
		text, err := k.text.String(r)
		if err != nil {
			return nil, err
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, r.Error(exchange.ReasonValueNotAllowed, "A signing key of the policy is not Base64.")
		}
		keys = append(keys, jwt.Key{ID: k.id, Key: secret})
	}
	return keys, nil
}

func (s *jwtStep) times(r *policy.Run, c jwt.Claims) (*flaw, error) {
	seconds, err := s.skew.Int(r)
	if err != nil {
		return nil, err
	}
	must := true
	if s.expires != nil {
		if must, err = s.expires.Bool(r); err != nil {
			return nil, err
		}
	}
	skew, now := time.Duration(seconds)*time.Second, s.now()
	expires, ok := c.Time("exp")
	switch {
	case !ok && must:
		return invalid(reasonOther, "The token does not say when it expires."), nil
	case ok && !now.Before(expires.Add(skew)):
		return invalid(reasonExpired, "The token has expired."), nil
	}
	if begins, ok := c.Time("nbf"); ok && now.Add(skew).Before(begins) {
		return invalid(reasonOther, "The token is not valid yet."), nil
	}
	return nil, nil
}

// required looks for the claims that must be there, and then at their values.
func (s *jwtStep) required(r *policy.Run, c jwt.Claims) (*flaw, error) {
	var missing []string
	names := make([]string, len(s.claims))
	for i, want := range s.claims {
		var err error
		if names[i], err = want.name.String(r); err != nil {
			return nil, err
		}
		if c.Values(names[i]) == nil {
			missing = append(missing, names[i])
		}
	}
	if missing != nil {
		return invalid(reasonClaimNotFound, "JWT token is missing the following claims: "+strings.Join(missing, ", ")+"."), nil
	}
	for i, want := range s.claims {
		values, err := strs(r, want.values)
		if err != nil {
			return nil, err
		}
		got := c.Values(names[i])
		if want.separator != "" {
			var parts []string
			for _, g := range got {
				parts = append(parts, strings.Split(g, want.separator)...)
			}
			got = parts
		}
		found := 0
		for _, v := range values {
			if has(got, v) {
				found++
			}
		}
		if found < len(values) && (!want.any || found == 0) {
			return invalid(reasonClaimValue, "Claim "+names[i]+" value of "+strings.Join(got, ",")+" is not allowed."), nil
		}
	}
	return nil, nil
}

func strs(r *policy.Run, list []*policy.Value) ([]string, error) {
	out := make([]string, len(list))
	for i, v := range list {
		var err error
		if out[i], err = v.String(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func shares(a, b []string) bool {
	for _, x := range a {
		if has(b, x) {
			return true
		}
	}
	return false
}

// issuedBy compares the token's issuer; one that Entra ID publishes for all
// tenants has a place for the token's own.
func issuedBy(issuers []string, c jwt.Claims) bool {
	tenant := strings.Join(c.Values("tid"), "")
	for _, issuer := range issuers {
		if strings.Contains(issuer, "{tenantid}") && tenant != "" {
			issuer = strings.ReplaceAll(issuer, "{tenantid}", tenant)
		}
		if has(c.Values("iss"), issuer) {
			return true
		}
	}
	return false
}
