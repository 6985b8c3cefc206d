package contextvar

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/bcl/crypto"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func b64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// TestEncrypt compares with what .NET 10 answered.
func TestEncrypt(t *testing.T) {
	th := thread(t)
	key, iv := b64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), b64("AAECAwQFBgcICQoLDA0ODw==")
	none := []byte(nil)
	crypt := func(encrypt bool, args ...value.Value) (got value.Value, err error) {
		name := "Decrypt"
		if encrypt {
			name = "Encrypt"
		}
		for _, m := range th.Table.Info(helpersDef).Named(name) {
			if len(m.Params) == len(args) && (m.Params[1].Type == types.String) == args[1].IsString() {
				err = th.Run(func() {
					c := th.Borrow()
					c.Args = args
					got = value.RowOf(m).Func(c)
				})
				return got, err
			}
		}
		t.Fatalf("no %s with %d arguments", name, len(args))
		return got, err
	}
	const modeCBC, modeECB, modeCFB = crypto.ModeCBC, crypto.ModeECB, crypto.ModeCFB
	const paddingNone, paddingPKCS7, paddingZeros, paddingX923, paddingISO = crypto.PaddingNone, crypto.PaddingPKCS7, crypto.PaddingZeros, crypto.PaddingX923, crypto.PaddingISO
	alg := func(mode, padding int) value.Value {
		a := invoke(th, cryptoNamespace, "SymmetricAlgorithm", "Create", value.String("Aes"))
		for name, v := range map[string]value.Value{"Mode": value.Int(mode), "Padding": value.Int(padding), "Key": value.Bytes(key), "IV": value.Bytes(iv)} {
			for _, m := range th.Table.Info(th.Table.Lookup(cryptoNamespace, "SymmetricAlgorithm", 0)).Named(name) {
				c := th.Borrow()
				c.This, c.Args = a, []value.Value{v}
				value.RowOf(m).Set(c)
			}
		}
		return a
	}
	bytes := func(b []byte) value.Value {
		if b == nil {
			return value.Null
		}
		return value.Bytes(b)
	}
	for _, c := range []struct {
		name    string
		encrypt bool
		args    []value.Value
		want    string
		throws  string
	}{
		{"aes", true, []value.Value{bytes([]byte("hello")), value.String("Aes"), bytes(key), bytes(iv)}, "f9Etr7fpWZ0LhJrYwuPCHw==", ""},
		{"128 bits", true, []value.Value{bytes([]byte("hello")), value.String("AES"), bytes(key[:16]), bytes(iv)}, "Hf6DbfcOiTEKlwox+jNR/Q==", ""},
		{"192 bits", true, []value.Value{bytes([]byte("hello")), value.String("Rijndael"), bytes(key[:24]), bytes(iv)}, "JOD927jgmRGJ6GIRc4/toA==", ""},
		{"and back", false, []value.Value{bytes(b64("f9Etr7fpWZ0LhJrYwuPCHw==")), value.String("Aes"), bytes(key), bytes(iv)}, "aGVsbG8=", ""},
		{"bad padding", false, []value.Value{bytes(make([]byte, 16)), value.String("Aes"), bytes(key), bytes(iv)}, "", "System.Security.Cryptography.CryptographicException: Padding is invalid and cannot be removed."},
		{"no whole block", false, []value.Value{bytes(make([]byte, 5)), value.String("Aes"), bytes(key), bytes(iv)}, "", "System.Security.Cryptography.CryptographicException: The input data is not a complete block."},
		{"nothing", false, []value.Value{bytes([]byte{}), value.String("Aes"), bytes(key), bytes(iv)}, "", ""},
		{"unknown algorithm", true, []value.Value{bytes(none), value.String("Des"), bytes(none), bytes(none)}, "", "System.ArgumentException: alg"},
		{"bad iv", true, []value.Value{bytes([]byte("x")), value.String("Aes"), bytes(key), bytes(key)}, "", "System.ArgumentException: Specified initialization vector (IV) does not match the block size for this algorithm. (Parameter 'rgbIV')"},
		{"bad key", true, []value.Value{bytes([]byte("x")), value.String("Aes"), bytes([]byte("short")), bytes(make([]byte, 8))}, "", "System.ArgumentException: Specified key is not a valid size for this algorithm. (Parameter 'rgbKey')"},
		{"no key", true, []value.Value{bytes([]byte("x")), value.String("Aes"), bytes(none), bytes(iv)}, "", "System.ArgumentNullException: Value cannot be null. (Parameter 'rgbKey')"},
		{"no input", true, []value.Value{bytes(none), value.String("Aes"), bytes(key), bytes(iv)}, "", "System.NullReferenceException: Object reference not set to an instance of an object."},
		{"no iv", true, []value.Value{bytes([]byte("x")), value.String("Aes"), bytes(key), bytes(none)}, "", "System.Security.Cryptography.CryptographicException: The cipher mode specified requires that an initialization vector (IV) be used."},
		{"object", true, []value.Value{bytes([]byte("hello")), alg(modeCBC, paddingPKCS7)}, "f9Etr7fpWZ0LhJrYwuPCHw==", ""},
		{"ecb", true, []value.Value{bytes(make([]byte, 32)), alg(modeECB, paddingPKCS7)}, "8pAAtipJn9Cp85pq3S53gPKQALYqSZ/QqfOaat0ud4CfO3UEkm+L024xGOkDpM1K", ""},
		{"object with another key", true, []value.Value{bytes([]byte("hello")), alg(modeCBC, paddingPKCS7), bytes(key[:16]), bytes(iv)}, "Hf6DbfcOiTEKlwox+jNR/Q==", ""},
		{"no padding, no whole block", true, []value.Value{bytes([]byte("hello")), alg(modeCBC, paddingNone)}, "", "System.Security.Cryptography.CryptographicException: The input data is not a complete block."},
	} {
		got, err := crypt(c.encrypt, c.args...)
		text := ""
		if a, ok := got.Object().(*value.Array); ok {
			text = base64.StdEncoding.EncodeToString(a.Bytes())
		}
		if text != c.want || exception(err) != c.throws {
			t.Errorf("%s: %s, %v", c.name, text, err)
		}
	}
	for _, c := range []struct {
		padding int
		want    string // what no padding shows of it
	}{{paddingX923, "aGVsbG8AAAAAAAAAAAAACw=="}, {paddingPKCS7, "aGVsbG8LCwsLCwsLCwsLCw=="}, {paddingISO, "aGVsbG8HBwcHBwcHBwcHCw=="}, {paddingZeros, "aGVsbG8AAAAAAAAAAAAAAA=="}} {
		for _, mode := range []int{modeCBC, modeECB} {
			run := func(padding int, in value.Value, encrypt bool) value.Value {
				out, err := crypt(encrypt, in, alg(mode, padding))
				if err != nil {
					t.Error(err)
				}
				return out
			}
			sealed := run(c.padding, bytes([]byte("hello")), true)
			if got := base64.StdEncoding.EncodeToString(bytesOf(run(paddingNone, sealed, false))); got != c.want {
				t.Errorf("padding %d: %s", c.padding, got)
			}
			if back := string(bytesOf(run(c.padding, sealed, false))); c.padding != paddingZeros && back != "hello" {
				t.Errorf("padding %d comes back as %q", c.padding, back)
			}
		}
	}
	sealed, err := crypt(true, bytes([]byte("hello, world")), alg(modeCFB, paddingNone))
	if err != nil {
		t.Fatal(err)
	}
	back, err := crypt(false, sealed, alg(modeCFB, paddingNone))
	if err != nil || string(bytesOf(back)) != "hello, world" || len(bytesOf(sealed)) != 12 {
		t.Errorf("CFB comes back as %q, %v", bytesOf(back), err)
	}
}

func TestCertificatesAndURIs(t *testing.T) {
	th := thread(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: received.Add(-time.Hour), NotAfter: received.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	x := sample()
	x.ClientCertificate = der
	x.Deployment = &exchange.Deployment{Certificates: []exchange.Certificate{{ID: "client", DER: der}}}
	o := Of(x)
	c := get(t, th, o, "Request", "Certificate")
	all := get(t, th, o, "Deployment", "Certificates").Object().(*value.Dictionary)
	same, ok := all.Get(th, value.String("client"))
	if !ok || !value.Same(c, same) {
		t.Error("one certificate is opened twice")
	}
	if verify(th, c) {
		t.Error("a self-signed certificate is trusted")
	}
	if err := th.Run(func() { verify(th, value.Null) }); exception(err) != "System.NullReferenceException: Object reference not set to an instance of an object." {
		t.Errorf("verify of null: %v", err)
	}
	uri, _, err := call(t, th, get(t, th, o, "Request", "OriginalUrl"), "ToUri", nil)
	if err != nil || get(t, th, uri, "OriginalString").Str() != x.Original.URL.String() {
		t.Errorf("ToUri: %v, %v", uri, err)
	}
	if !get(t, th, o, "GraphQL").IsNull() {
		t.Error("GraphQL outside of a resolver")
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	th := thread(t)
	err := th.Run(func() { certificate(th, exchange.Certificate{DER: []byte{1}}) })
	if exception(err) != "System.Security.Cryptography.CryptographicException: ASN1 corrupted data." {
		t.Errorf("certificate: %v", err)
	}
	if !ParseJwt(th, "a.b.c").IsNull() || !ParseJwt(th, "ab").IsNull() {
		t.Error("no token is a token")
	}
}
