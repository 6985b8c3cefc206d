package jwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

// ParseKeys reads the set of keys that an issuer publishes. Keys that no
// signature can be verified with are left out.
func ParseKeys(text []byte) ([]Key, error) {
	var set struct {
		Keys []struct {
			Type        string   `json:"kty"`
			ID          string   `json:"kid"`
			Use         string   `json:"use"`
			N           string   `json:"n"`
			E           string   `json:"e"`
			Curve       string   `json:"crv"`
			X           string   `json:"x"`
			Y           string   `json:"y"`
			Chain       []string `json:"x5c"`
			Thumb       string   `json:"x5t"`
			OtherPrimes any      `json:"oth"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("the set of keys is not JSON as it should be")
	}
	var keys []Key
	for i := range set.Keys {
		k := &set.Keys[i]
		if k.Use != "" && k.Use != "sig" {
			continue
		}
		id := k.ID
		if id == "" {
			id = k.Thumb
		}
		var key any
		var err error
		switch {
		case k.Type == "RSA" && k.N != "":
			key, err = RSA(k.N, k.E)
		case k.Type == "EC":
			key, err = curve(k.Curve, k.X, k.Y)
		case len(k.Chain) > 0:
			key, err = certified(k.Chain[0])
		default:
			continue
		}
		if err == nil {
			keys = append(keys, Key{id, key})
		}
	}
	return keys, nil
}

// RSA is a public key by its modulus and exponent, in Base64 for URLs.
func RSA(n, e string) (*rsa.PublicKey, error) {
	modulus, err := number(n)
	if err != nil {
		return nil, err
	}
	exponent, err := number(e)
	if err != nil || !exponent.IsInt64() || exponent.Int64() < 3 || exponent.Int64() > 1<<31-1 || modulus.BitLen() < 1024 || modulus.BitLen() > 16384 {
		return nil, errors.New("it is no RSA key")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

// number reads Base64 for URLs, with or without its padding.
func number(text string) (*big.Int, error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text))
	if err != nil || len(raw) == 0 {
		return nil, errors.New("it is not Base64 for URLs")
	}
	return new(big.Int).SetBytes(raw), nil
}

func curve(name, x, y string) (*ecdsa.PublicKey, error) {
	c := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[name]
	if c == nil {
		return nil, errors.New("the curve is not known")
	}
	px, err := number(x)
	if err != nil {
		return nil, err
	}
	py, err := number(y)
	if err != nil {
		return nil, err
	}
	size := (c.Params().BitSize + 7) / 8
	if px.BitLen() > 8*size || py.BitLen() > 8*size {
		return nil, errors.New("the point is not on the curve")
	}
	point := append([]byte{4}, px.FillBytes(make([]byte, size))...)
	return ecdsa.ParseUncompressedPublicKey(c, append(point, py.FillBytes(make([]byte, size))...))
}

func certified(text string) (any, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	switch c.PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return c.PublicKey, nil
	}
	return nil, errors.New("the certificate's key is of another kind")
}
