// Package jwt reads signed JSON web tokens and verifies their signatures, with
// keys given one by one or as the set that an issuer publishes.
package jwt

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"
)

// maxToken bounds a token, in bytes.
const maxToken = 64 << 10

// Token is a token whose signature has not been verified yet.
type Token struct {
	Algorithm string
	// KeyID names the key that signed it, "" where it does not say.
	KeyID  string
	Claims Claims

	signed    string
	signature []byte
}

// ErrMalformed says that a text is no signed token.
var ErrMalformed = errors.New("the token is not well formed")

// Parse reads a token in its compact form.
func Parse(text string) (*Token, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || len(text) > maxToken {
		return nil, ErrMalformed
	}
	var head struct {
		Algorithm string   `json:"alg"`
		KeyID     string   `json:"kid"`
		Thumb     string   `json:"x5t"`
		Critical  []string `json:"crit"`
	}
	t := &Token{signed: parts[0] + "." + parts[1]}
	if !decode(parts[0], &head) || !decode(parts[1], &t.Claims) || t.Claims == nil {
		return nil, ErrMalformed
	}
	var err error
	if t.signature, err = base64.RawURLEncoding.DecodeString(parts[2]); err != nil {
		return nil, ErrMalformed
	}
	if len(head.Critical) > 0 {
		return nil, errors.New("the token has critical parts that are not understood")
	}
	t.Algorithm, t.KeyID = head.Algorithm, head.KeyID
	if t.KeyID == "" {
		t.KeyID = head.Thumb
	}
	return t, nil
}

func decode(part string, v any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(v) == nil
}

// Key is what a signature is verified with: []byte, *rsa.PublicKey or
// *ecdsa.PublicKey, and the name it is known by.
type Key struct {
	ID  string
	Key any
}

// Signed reports whether the token claims to be signed at all.
func (t *Token) Signed() bool { return t.Algorithm != "none" }

// VerifiedBy reports whether the key has made the token's signature. The
// algorithm must be one for that kind of key.
func (t *Token) VerifiedBy(k Key) bool {
	if len(t.Algorithm) != 5 {
		return false
	}
	hash, ok := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[t.Algorithm[2:]]
	if !ok {
		return false
	}
	if secret, ok := k.Key.([]byte); ok {
		if t.Algorithm[:2] != "HS" || len(secret) == 0 {
			return false
		}
		m := hmac.New(hash.New, secret)
		_, _ = m.Write([]byte(t.signed))
		return hmac.Equal(m.Sum(nil), t.signature)
	}
	h := hash.New()
	_, _ = h.Write([]byte(t.signed))
	sum := h.Sum(nil)
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		switch t.Algorithm[:2] {
		case "RS":
			return rsa.VerifyPKCS1v15(key, hash, sum, t.signature) == nil
		case "PS":
			return rsa.VerifyPSS(key, hash, sum, t.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case *ecdsa.PublicKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		if t.Algorithm[:2] != "ES" || len(t.signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(t.signature[:size]), new(big.Int).SetBytes(t.signature[size:])
		return ecdsa.Verify(key, sum, r, s)
	}
	return false
}

// Claims are what a token says.
type Claims map[string]any

// Values are a claim's values as texts, nil where it is not there: those of an
// array, or its one.
func (c Claims) Values(name string) []string {
	v, ok := c[name]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return []string{text(v)}
	}
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = text(x)
	}
	return out
}

// Time is a claim that is a time, ok where it is one.
func (c Claims) Time(name string) (t time.Time, ok bool) {
	n, ok := c[name].(json.Number)
	if !ok {
		return t, false
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 253402300799 {
		return t, false
	}
	return time.Unix(int64(f), 0), true
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
