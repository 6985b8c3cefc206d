package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"
)

var b64 = base64.RawURLEncoding.EncodeToString

// sign makes a token as an issuer would.
func sign(t testing.TB, algorithm, kid string, claims map[string]any, key any) string {
	t.Helper()
	head, _ := json.Marshal(map[string]string{"alg": algorithm, "kid": kid, "typ": "JWT"})
	body, _ := json.Marshal(claims)
	text := b64(head) + "." + b64(body)
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	var sig []byte
	var err error
	h := hash.New()
	h.Write([]byte(text))
	switch k := key.(type) {
	case []byte:
		m := hmac.New(hash.New, k)
		m.Write([]byte(text))
		sig = m.Sum(nil)
	case *rsa.PrivateKey:
		if algorithm[:2] == "RS" {
			sig, err = rsa.SignPKCS1v15(rand.Reader, k, hash, h.Sum(nil))
		} else {
			sig, err = rsa.SignPSS(rand.Reader, k, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		r, s, err = ecdsa.Sign(rand.Reader, k, h.Sum(nil))
		size := (k.Curve.Params().BitSize + 7) / 8
		sig = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64(sig)
}

func TestVerify(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("a secret of some length")
	publish := fmt.Sprintf(`{"kty":"RSA","kid":"r","n":%q,"e":"AQAB"}`, b64(rsaKey.N.Bytes()))
	signers := map[string]any{"RS": rsaKey, "PS": rsaKey, "HS": secret}
	var ec []*ecdsa.PrivateKey
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		ec = append(ec, k)
		publish += fmt.Sprintf(`,{"kty":"EC","kid":%q,"use":"sig","crv":%q,"x":%q,"y":%q}`, c.Params().Name, c.Params().Name, b64(k.X.Bytes()), b64(k.Y.Bytes()))
	}
	keys, err := ParseKeys([]byte(`{"keys":[` + publish + `,{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},{"kty":"OKP"},{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}]}`))
	if err != nil || len(keys) != 4 {
		t.Fatalf("keys: %d %v", len(keys), err)
	}
	keys = append(keys, Key{"", secret})
	check := func(name string, algorithm string, signer any, good int) {
		token, err := Parse(sign(t, algorithm, "k", map[string]any{"sub": "ann"}, signer))
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range keys {
			if token.VerifiedBy(k) != (i == good) {
				t.Errorf("%s by key %d: %v", name, i, i != good)
			}
		}
		token.signature[0] ^= 1
		if token.VerifiedBy(keys[good]) {
			t.Errorf("%s holds with another signature", name)
		}
	}
	for _, bits := range []string{"256", "384", "512"} {
		check("RS"+bits, "RS"+bits, signers["RS"], 0)
		check("PS"+bits, "PS"+bits, signers["PS"], 0)
		check("HS"+bits, "HS"+bits, signers["HS"], 4)
	}
	check("ES256", "ES256", ec[0], 1)
	check("ES384", "ES384", ec[1], 2)
	check("ES512", "ES512", ec[2], 3)
}

// A public key must not be taken for a secret, and "none" verifies nothing.
func TestConfusion(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Parse(sign(t, "HS256", "", map[string]any{}, key.N.Bytes()))
	if err != nil || token.VerifiedBy(Key{"", &key.PublicKey}) || token.VerifiedBy(Key{"", []byte{}}) {
		t.Error("verified")
	}
	none, err := Parse(b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(`{}`)) + ".")
	if err != nil || none.Signed() || none.VerifiedBy(Key{"", []byte("x")}) {
		t.Errorf("none: %v", err)
	}
}

func TestClaims(t *testing.T) {
	token, err := Parse(sign(t, "HS256", "", map[string]any{
		"s": "a b", "n": 12, "b": true, "l": []any{"x", 1, nil}, "o": map[string]any{"k": 1}, "exp": 1735787045.5, "bad": "12",
	}, []byte("k")))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"s": "[a b]", "n": "[12]", "b": "[true]", "l": "[x 1 ]", "o": `[{"k":1}]`, "none": "[]"} {
		if got := fmt.Sprint(token.Claims.Values(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if at, ok := token.Claims.Time("exp"); !ok || !at.Equal(time.Unix(1735787045, 0)) {
		t.Errorf("exp is %v", at)
	}
	for _, name := range []string{"bad", "none", "l"} {
		if _, ok := token.Claims.Time(name); ok {
			t.Errorf("%s is a time", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.AA", []byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Add("..", []byte(`{"keys":[{"kty":"EC","crv":"P-521","x":"AQAB","y":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, text string, set []byte) {
		keys, _ := ParseKeys(set)
		token, err := Parse(text)
		if err != nil {
			return
		}
		for _, k := range append(keys, Key{"", []byte("key")}) {
			token.VerifiedBy(k)
		}
		for name := range token.Claims {
			token.Claims.Values(name)
			token.Claims.Time(name)
		}
	})
}
