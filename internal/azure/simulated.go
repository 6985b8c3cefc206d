package azure

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// simulatedLife is how long a simulated token lives: as long as Entra's do for
// an identity without conditional access, at the least.
const simulatedLife = time.Hour

// simulated gives tokens that nobody signed, of the form that Entra's have. The
// simulated regions take them; Azure refuses them.
type simulated struct {
	clientID string
	now      func() time.Time
}

// GetToken implements azcore.TokenCredential.
func (s simulated) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := s.now().Truncate(time.Second)
	expires := now.Add(simulatedLife)
	claims := map[string]any{
		"aud": strings.TrimSuffix(strings.Join(o.Scopes, " "), "/.default"),
		"iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000000/",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": expires.Unix(),
		"appid": s.clientID, "idtyp": "app", "ver": "1.0",
	}
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic("azure: " + err.Error()) // texts and numbers always are JSON
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	token := part(map[string]string{"typ": "JWT", "alg": "none"}) + "." + part(claims) + "." + base64.RawURLEncoding.EncodeToString([]byte("simulated"))
	return azcore.AccessToken{Token: token, ExpiresOn: expires}, nil
}
