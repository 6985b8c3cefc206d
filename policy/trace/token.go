package trace

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// The headers of the debug conversation, as APIM names them.
const (
	HeaderAuthorization = "Apim-Debug-Authorization"
	HeaderTraceID       = "Apim-Trace-Id"
	HeaderExpired       = "Apim-Debug-Authorization-Expired"
	HeaderWrongAPI      = "Apim-Debug-Authorization-WrongAPI"
)

// LongestLife is how long a debug token may live, and its default.
const LongestLife = time.Hour

// Tokens issues and judges debug credentials: the right to have calls of one
// API traced for a while. Tokens say all themselves and are signed, so nothing
// is stored. It is safe for concurrent use.
type Tokens struct {
	key   []byte
	now   func() time.Time
	round atomic.Uint64 // of invalidations; it is signed along
}

// NewTokens signs with key, which should be 32 random bytes, on the wall clock
// now.
func NewTokens(key []byte, now func() time.Time) *Tokens {
	return &Tokens{key: append([]byte(nil), key...), now: now}
}

// Issue is a token for calls of the API, valid for life: the longest possible
// when life is zero or longer than that.
func (t *Tokens) Issue(api string, life time.Duration) string {
	if life <= 0 || life > LongestLife {
		life = LongestLife
	}
	claims := "aid=" + url.QueryEscape(strings.ToLower(api)) +
		"&exp=" + strconv.FormatInt(t.now().Add(life).Unix(), 10)
	return claims + "&sig=" + t.sign(claims)
}

// Invalidate makes every token that was issued so far worthless.
func (t *Tokens) Invalidate() { t.round.Add(1) }

func (t *Tokens) sign(claims string) string {
	mac := hmac.New(sha256.New, t.key)
	_, _ = fmt.Fprintf(mac, "%s %d", claims, t.round.Load())
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Verdict is what a debug token is worth for a call.
type Verdict int

// The verdicts. NoToken covers tokens that we did not issue: they are treated
// as if they were not there.
const (
	NoToken Verdict = iota
	Valid
	Expired
	WrongAPI
)

// Judge says what a token is worth for a call of the API. The signature is
// judged first, so that nothing is told about foreign tokens.
func (t *Tokens) Judge(token, api string) Verdict {
	i := strings.LastIndex(token, "&sig=")
	if i < 0 {
		return NoToken
	}
	claims, sig := token[:i], token[i+len("&sig="):]
	if !hmac.Equal([]byte(sig), []byte(t.sign(claims))) {
		return NoToken
	}
	values, err := url.ParseQuery(claims)
	if err != nil {
		return NoToken
	}
	exp, err := strconv.ParseInt(values.Get("exp"), 10, 64)
	switch {
	case err != nil:
		return NoToken
	case !strings.EqualFold(values.Get("aid"), api):
		return WrongAPI
	case t.now().Unix() >= exp:
		return Expired
	default:
		return Valid
	}
}
