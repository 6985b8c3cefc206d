package sim

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// audiences are those of tokens that Azure OpenAI accepts: the older one of
// all paths and that of the v1 API.
var audiences = []string{"https://cognitiveservices.azure.com", "https://ai.azure.com"}

// authenticate judges the credentials of a request. A key that is shown is
// judged before a token: a gateway that sends a good token but forgets to take
// its own key away is refused. On the v1 API a key may stand where the token
// does.
func (r *Region) authenticate(req *Request, v1 bool, now time.Time) (key int, refused *openai.Error) {
	r.mu.Lock()
	keys := r.keys
	r.mu.Unlock()
	shown, ok := req.joined("api-key")
	if !ok {
		shown, ok = req.joined("Ocp-Apim-Subscription-Key")
	}
	if ok {
		if key = keyNumber(keys, shown); key == 0 {
			return 0, openai.InvalidKey()
		}
		return key, nil
	}
	scheme, token, _ := strings.Cut(req.get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return 0, openai.InvalidToken()
	}
	if v1 {
		if key = keyNumber(keys, token); key != 0 {
			return key, nil
		}
		if strings.Count(token, ".") != 2 {
			return 0, openai.InvalidKey()
		}
	}
	if !validToken(token, now) {
		return 0, openai.InvalidToken()
	}
	return 0, nil
}

// keyNumber is 1 or 2, or 0 for a key that is neither.
func keyNumber(keys [2]string, shown string) int {
	n := 0
	for i, k := range keys {
		if subtle.ConstantTimeCompare([]byte(k), []byte(shown)) == 1 && n == 0 {
			n = i + 1
		}
	}
	return n
}

// validToken judges what a token of Microsoft Entra says of itself. Its
// signature is not looked at: no simulator has Entra's keys.
func validToken(token string, now time.Time) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return false
	}
	var claims struct {
		Audience  json.RawMessage `json:"aud"`
		Expires   *float64        `json:"exp"`
		NotBefore *float64        `json:"nbf"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return false
	}
	unix := float64(now.Unix())
	if claims.Expires == nil || *claims.Expires <= unix || claims.NotBefore != nil && *claims.NotBefore > unix {
		return false
	}
	var several openai.Texts
	if json.Unmarshal(claims.Audience, &several) != nil {
		return false
	}
	for _, aud := range several {
		if oneOf(strings.TrimSuffix(aud, "/"), audiences...) {
			return true
		}
	}
	return false
}
