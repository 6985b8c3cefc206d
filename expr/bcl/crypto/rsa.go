package crypto

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	asymmetricDef = declare("abstract class AsymmetricAlgorithm : IDisposable")
	rsaDef        = declare("abstract class RSA : AsymmetricAlgorithm")
	rsaImplDef    = declare("sealed class RSAOpenSsl : RSA")
	nameDef       = declare("readonly struct HashAlgorithmName : IEquatable<HashAlgorithmName>")
	signDef       = declare("sealed class RSASignaturePadding")
	sealDef       = declare("sealed class RSAEncryptionPadding")
	signModeDef   = declare("enum RSASignaturePaddingMode { Pkcs1, Pss }")
	sealModeDef   = declare("enum RSAEncryptionPaddingMode { Pkcs1, Oaep }")
	streamDef     = types.Declare("System.IO", "public abstract class Stream : IDisposable")
)

// algorithmName is a HashAlgorithmName.
type algorithmName struct{ name value.Value }

// Type is HashAlgorithmName.
func (*algorithmName) Type() *types.Type { return nameDef.Type() }

// Equals compares the names.
func (a *algorithmName) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*algorithmName)
	return ok && o.name.IsNull() == a.name.IsNull() && o.name.Str() == a.name.Str()
}

// Hash goes with Equals.
func (a *algorithmName) Hash(t *value.Thread) int32 { return t.Hash(a.name) }

// ToString is the name.
func (a *algorithmName) ToString(*value.Thread) string { return a.name.Str() }

// padding is an RSASignaturePadding or an RSAEncryptionPadding.
type padding struct {
	def    *types.Def
	random bool   // PSS or OAEP
	hash   string // of OAEP
}

// Type is the padding's type.
func (p *padding) Type() *types.Type { return p.def.Type() }

// Equals compares kind and hash.
func (p *padding) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*padding)
	return ok && *o == *p
}

// Hash goes with Equals.
func (p *padding) Hash(t *value.Thread) int32 { return value.HashString(p.ToString(t)) }

// ToString is the name.
func (p *padding) ToString(*value.Thread) string {
	switch {
	case !p.random:
		return "Pkcs1"
	case p.def == signDef:
		return "Pss"
	}
	return "Oaep" + p.hash
}

// RSA is an RSA object: a public key, and a private one if it has it.
type RSA struct {
	public   *rsa.PublicKey
	private  *rsa.PrivateKey
	size     int // of the key that is made when one is needed
	disposed bool
}

// Type is the class behind RSA.
func (*RSA) Type() *types.Type { return rsaImplDef.Type() }

// Dispose ends the use of the object.
func (r *RSA) Dispose(*value.Thread) { r.disposed = true }

// key is the receiver's public key. An object without one makes a key first,
// which takes a while.
func key(c *value.Call) (*RSA, *rsa.PublicKey) {
	r := c.This.Object().(*RSA)
	if r.disposed {
		c.Throw(value.ObjectDisposedException, "Cannot access a disposed object.\nObject name: 'RSA'.")
	}
	if r.public == nil {
		c.Step(r.size * r.size / 4)
		k, err := rsa.GenerateKey(rand.Reader, r.size)
		if err != nil {
			c.Throw(ExceptionDef, "%s", err.Error())
		}
		r.private, r.public = k, &k.PublicKey
	}
	c.Step(20_000)
	return r, r.public
}

func private(c *value.Call) *rsa.PrivateKey {
	r, _ := key(c)
	if r.private == nil {
		c.Throw(ExceptionDef, "Object contains only the public half of a key pair. A private key must also be provided.")
	}
	return r.private
}

// goHash is the hash of a HashAlgorithmName argument.
func goHash(c *value.Call, i int, param string) crypto.Hash {
	n, _ := c.Args[i].Object().(*algorithmName)
	if n == nil || n.name.Str() == "" {
		c.ThrowArgument(value.ArgumentException, "The hash algorithm name cannot be null or empty.", param)
	}
	switch n.name.Str() {
	case "MD5":
		return crypto.MD5
	case "SHA1":
		return crypto.SHA1
	case "SHA256":
		return crypto.SHA256
	case "SHA384":
		return crypto.SHA384
	case "SHA512":
		return crypto.SHA512
	}
	c.Throw(ExceptionDef, "'%s' is not a known hash algorithm.", n.name.Str())
	return 0
}

func signPadding(c *value.Call, i int) *padding {
	c.NotNull(i, "padding")
	return c.Args[i].Object().(*padding)
}

// digestOf hashes data for a signature.
func digestOf(c *value.Call, h crypto.Hash, data []byte) []byte {
	work(c.Thread, len(data))
	s := h.New()
	s.Write(data)
	return s.Sum(nil)
}

func sign(c *value.Call, h crypto.Hash, sum []byte, p *padding) value.Value {
	if len(sum) != h.Size() {
		c.Throw(ExceptionDef, "The provided hash value is not the expected size for the specified hash algorithm.")
	}
	k := private(c)
	var sig []byte
	var err error
	if p.random {
		sig, err = rsa.SignPSS(rand.Reader, k, h, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		sig, err = rsa.SignPKCS1v15(nil, k, h, sum)
	}
	if err != nil {
		c.Throw(ExceptionDef, "%s", err.Error())
	}
	return fresh(c, sig)
}

func verify(c *value.Call, h crypto.Hash, sum, sig []byte, p *padding) value.Value {
	_, k := key(c)
	if p.random {
		return value.Bool(rsa.VerifyPSS(k, h, sum, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil)
	}
	return value.Bool(rsa.VerifyPKCS1v15(k, h, sum, sig) == nil)
}

// load puts a key into the receiver.
func load(c *value.Call, k any, err error) value.Value {
	r := c.This.Object().(*RSA)
	switch k := k.(type) {
	case *rsa.PrivateKey:
		if err == nil {
			r.private, r.public = k, &k.PublicKey
			return value.Null
		}
	case *rsa.PublicKey:
		if err == nil {
			r.private, r.public = nil, k
			return value.Null
		}
	}
	c.Throw(ExceptionDef, "ASN1 corrupted data.")
	return value.Null
}

func importRow(name string, read func(der []byte) (any, error)) value.Row {
	return value.Row{Sig: "void " + name + "(byte[] source, out int bytesRead)", Doc: "Takes a key.", Beyond: true, Func: func(c *value.Call) value.Value {
		der := bytesArg(c, 0)
		work(c.Thread, 64*len(der))
		k, err := read(der)
		c.Args[1] = value.Int(len(der))
		return load(c, k, err)
	}}
}

func exportRow(name string, write func(c *value.Call) ([]byte, error)) value.Row {
	return value.Row{Sig: "byte[] " + name + "()", Doc: "The key in a standard form.", Beyond: true, Func: func(c *value.Call) value.Value {
		der, err := write(c)
		if err != nil {
			c.Throw(ExceptionDef, "%s", err.Error())
		}
		return fresh(c, der)
	}}
}

// readPEM finds the key in a PEM text.
func readPEM(text string) (any, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, nil
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	}
	return nil, nil
}

func xmlNumber(text, name string) *big.Int {
	_, rest, ok := strings.Cut(text, "<"+name+">")
	body, _, closed := strings.Cut(rest, "</"+name+">")
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(body))
	if !ok || !closed || err != nil {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

// readXML reads the form of ToXmlString.
func readXML(text string) (any, error) {
	n, e := xmlNumber(text, "Modulus"), xmlNumber(text, "Exponent")
	if n == nil || e == nil || !e.IsInt64() || e.Int64() > 1<<31-1 || n.BitLen() > 16384 {
		return nil, nil
	}
	public := rsa.PublicKey{N: n, E: int(e.Int64())}
	d, p, q := xmlNumber(text, "D"), xmlNumber(text, "P"), xmlNumber(text, "Q")
	if d == nil || p == nil || q == nil {
		return &public, nil
	}
	k := &rsa.PrivateKey{PublicKey: public, D: d, Primes: []*big.Int{p, q}}
	k.Precompute()
	return k, k.Validate()
}

func rsaRows() []value.Row {
	signed := func(sig string, f func(c *value.Call) value.Value) value.Row {
		return value.Row{Sig: sig, Doc: "Signs data, or its hash.", Effects: value.DrawsRandom, Func: f}
	}
	verified := func(sig string, f func(c *value.Call) value.Value) value.Row {
		return value.Row{Sig: "bool " + sig, Doc: "Whether a signature is that of the data, or of its hash.", Func: f}
	}
	const tail = "HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)"
	noStream := func(c *value.Call) value.Value {
		c.NotNull(0, "data")
		c.Throw(value.NotSupportedException, "Streams are not supported.")
		return value.Null
	}
	return []value.Row{
		{Sig: "protected RSA()"},
		{Sig: "static RSA Create()", Doc: "An object that takes a key, or makes one of 2048 bits when it is used without.", Func: func(c *value.Call) value.Value {
			return value.Of(&RSA{size: 2048})
		}},
		{Sig: "static RSA Create(int keySizeInBits)", Doc: "An object that makes a key of a size.", Func: func(c *value.Call) value.Value {
			n := c.Int(0)
			if n < 1024 || n > 4096 || n%8 != 0 {
				c.Throw(ExceptionDef, badKey)
			}
			return value.Of(&RSA{size: n})
		}},
		signed("byte[] SignData(byte[] data, "+tail, func(c *value.Call) value.Value {
			data := needBytes(c, 0, "data")
			h := goHash(c, 1, "hashAlgorithm")
			p := signPadding(c, 2)
			return sign(c, h, digestOf(c, h, data), p)
		}),
		signed("byte[] SignData(Stream data, "+tail, noStream),
		signed("byte[] SignData(byte[] data, int offset, int count, "+tail, func(c *value.Call) value.Value {
			data := part(c, 0, "data", "offset")
			h := goHash(c, 3, "hashAlgorithm")
			p := signPadding(c, 4)
			return sign(c, h, digestOf(c, h, data), p)
		}),
		signed("byte[] SignHash(byte[] hash, "+tail, func(c *value.Call) value.Value {
			sum := needBytes(c, 0, "hash")
			h := goHash(c, 1, "hashAlgorithm")
			return sign(c, h, sum, signPadding(c, 2))
		}),
		verified("VerifyData(byte[] data, byte[] signature, "+tail, func(c *value.Call) value.Value {
			data, sig := needBytes(c, 0, "data"), needBytes(c, 1, "signature")
			h := goHash(c, 2, "hashAlgorithm")
			p := signPadding(c, 3)
			return verify(c, h, digestOf(c, h, data), sig, p)
		}),
		verified("VerifyData(Stream data, byte[] signature, "+tail, noStream),
		verified("VerifyData(byte[] data, int offset, int count, byte[] signature, "+tail, func(c *value.Call) value.Value {
			data, sig := part(c, 0, "data", "offset"), needBytes(c, 3, "signature")
			h := goHash(c, 4, "hashAlgorithm")
			p := signPadding(c, 5)
			return verify(c, h, digestOf(c, h, data), sig, p)
		}),
		verified("VerifyHash(byte[] hash, byte[] signature, "+tail, func(c *value.Call) value.Value {
			sum, sig := needBytes(c, 0, "hash"), needBytes(c, 1, "signature")
			h := goHash(c, 2, "hashAlgorithm")
			return verify(c, h, sum, sig, signPadding(c, 3))
		}),
		{Sig: "byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)", Doc: "Encrypts with the public key.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
			data, p := needBytes(c, 0, "data"), signPadding(c, 1)
			_, k := key(c)
			var out []byte
			var err error
			if p.random {
				out, err = rsa.EncryptOAEP(digestNamed(p.hash).make(), rand.Reader, k, data, nil)
			} else {
				//lint:ignore SA1019 RSAEncryptionPadding.Pkcs1 is what the policy asks for.
				out, err = rsa.EncryptPKCS1v15(rand.Reader, k, data)
			}
			if err != nil {
				c.Throw(ExceptionDef, "The message exceeds the maximum allowable length for the chosen options.")
			}
			return fresh(c, out)
		}},
		{Sig: "byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)", Doc: "Decrypts with the private key.", Func: func(c *value.Call) value.Value {
			data, p := needBytes(c, 0, "data"), signPadding(c, 1)
			k := private(c)
			if len(data) != k.Size() {
				c.Throw(ExceptionDef, "The length of the data to decrypt is not valid for the size of this key.")
			}
			var out []byte
			var err error
			if p.random {
				out, err = rsa.DecryptOAEP(digestNamed(p.hash).make(), nil, k, data, nil)
			} else {
				//lint:ignore SA1019 RSAEncryptionPadding.Pkcs1 is what the policy asks for.
				out, err = rsa.DecryptPKCS1v15(nil, k, data)
			}
			if err != nil {
				c.Throw(ExceptionDef, "The parameter is incorrect.")
			}
			return fresh(c, out)
		}},
		importRow("ImportRSAPrivateKey", func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) }),
		importRow("ImportPkcs8PrivateKey", x509.ParsePKCS8PrivateKey),
		importRow("ImportRSAPublicKey", func(der []byte) (any, error) { return x509.ParsePKCS1PublicKey(der) }),
		importRow("ImportSubjectPublicKeyInfo", x509.ParsePKIXPublicKey),
		exportRow("ExportRSAPrivateKey", func(c *value.Call) ([]byte, error) { return x509.MarshalPKCS1PrivateKey(private(c)), nil }),
		exportRow("ExportPkcs8PrivateKey", func(c *value.Call) ([]byte, error) { return x509.MarshalPKCS8PrivateKey(private(c)) }),
		exportRow("ExportRSAPublicKey", func(c *value.Call) ([]byte, error) {
			_, k := key(c)
			return x509.MarshalPKCS1PublicKey(k), nil
		}),
		exportRow("ExportSubjectPublicKeyInfo", func(c *value.Call) ([]byte, error) {
			_, k := key(c)
			return x509.MarshalPKIXPublicKey(k)
		}),
		{Sig: "void ImportFromPem(string input)", Doc: "Takes the key in a PEM text.", Beyond: true, Func: func(c *value.Call) value.Value {
			work(c.Thread, 64*len(c.Str(0)))
			k, err := readPEM(c.Str(0))
			if k == nil && err == nil {
				c.ThrowArgument(value.ArgumentException, "No supported key formats were found. Check that the input represents the contents of a PEM-encoded key file, not the path to such a file.", "input")
			}
			return load(c, k, err)
		}},
		{Sig: "string ToXmlString(bool includePrivateParameters)", Doc: "The key in .NET's XML form.", Func: func(c *value.Call) value.Value {
			return value.String(writeXML(c, c.Bool(0)))
		}},
		{Sig: "void FromXmlString(string xmlString)", Doc: "Takes the key in .NET's XML form.", Func: func(c *value.Call) value.Value {
			c.NotNull(0, "xmlString")
			work(c.Thread, 64*len(c.Str(0)))
			k, err := readXML(c.Str(0))
			if k == nil || err != nil {
				c.Throw(ExceptionDef, "Input string does not contain a valid encoding of the 'RSA' 'Modulus' parameter.")
			}
			return load(c, k, err)
		}},
	}
}

func rsaMembers() []value.Members {
	name := func(text string) value.Row {
		v := value.Of(&algorithmName{value.String(text)})
		return value.Row{Sig: "static HashAlgorithmName " + text + " { get; }", Doc: "The algorithm " + text + ".", Func: func(*value.Call) value.Value { return v }}
	}
	pad := func(d *types.Def, name string, p padding) value.Row {
		p.def = d
		v := value.Of(&p)
		return value.Row{Sig: "static " + d.Name + " " + name + " { get; }", Doc: "The padding " + name + ".", Func: func(*value.Call) value.Value { return v }}
	}
	same := func(d *types.Def, a, b string) []value.Row {
		params := "(" + d.Name + " " + a + ", " + d.Name + " " + b + ")"
		return []value.Row{
			{Sig: "static bool operator ==" + params, Doc: "Whether two are equal.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.Args[0], c.Args[1])) }},
			{Sig: "static bool operator !=" + params, Doc: "Whether two differ.", Func: func(c *value.Call) value.Value { return value.Bool(!c.Equal(c.Args[0], c.Args[1])) }},
		}
	}
	mode := func(d *types.Def, of *types.Def) value.Row {
		return value.Row{Sig: of.Name + " Mode { get; }", Doc: "The kind of padding.", Func: func(c *value.Call) value.Value {
			n := int64(0)
			if c.This.Object().(*padding).random {
				n = 1
			}
			return value.Enum(of.Type(), n)
		}}
	}
	nameOf := func(c *value.Call) *algorithmName { return c.This.Object().(*algorithmName) }
	return []value.Members{
		{Def: asymmetricDef, Doc: "An algorithm with a key of two parts.", Rows: []value.Row{
			{Sig: "int KeySize { get; }", Doc: "The size of the key in bits.", Func: func(c *value.Call) value.Value {
				r := c.This.Object().(*RSA)
				if r.public == nil {
					return value.Int(r.size)
				}
				return value.Int(r.public.N.BitLen())
			}},
			sizesRow("LegalKeySizes", "The sizes that keys may have.", 512, 16384, 8),
			{Sig: "string SignatureAlgorithm { get; }", Doc: "\"RSA\".", Func: func(*value.Call) value.Value { return value.String("RSA") }},
			{Sig: "string KeyExchangeAlgorithm { get; }", Doc: "\"RSA\".", Func: func(*value.Call) value.Value { return value.String("RSA") }},
			{Sig: "void Clear()", Doc: "Ends the use of the object.", Func: disposeRow},
			{Sig: "void Dispose()", Doc: "Ends the use of the object.", Func: disposeRow},
		}},
		{Def: rsaDef, Doc: "RSA.", Rows: rsaRows()},
		{Def: rsaImplDef, Doc: "What RSA.Create gives.", Beyond: true},
		{Def: streamDef, Doc: "A stream of bytes, which expressions cannot make.", Beyond: true},
		{Def: nameDef, Doc: "The name of a hash algorithm.", Ops: &value.Ops{Zero: func() value.Value { return value.Of(&algorithmName{}) }}, Rows: append([]value.Row{
			{Sig: "HashAlgorithmName(string name)", Doc: "A name.", Func: func(c *value.Call) value.Value { return value.Of(&algorithmName{c.Args[0]}) }},
			name("MD5"), name("SHA1"), name("SHA256"), name("SHA384"), name("SHA512"),
			{Sig: "string Name { get; }", Doc: "The name.", Func: func(c *value.Call) value.Value { return nameOf(c).name }},
			{Sig: "override string ToString()", Doc: "The name.", Func: func(c *value.Call) value.Value { return value.String(nameOf(c).name.Str()) }},
			{Sig: "bool Equals(HashAlgorithmName other)", Doc: "Whether two are equal.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.This, c.Args[0])) }},
			{Sig: "override bool Equals(object obj)", Doc: "Whether it is an equal name.", Func: func(c *value.Call) value.Value { return value.Bool(c.Equal(c.This, c.Args[0])) }},
		}, same(nameDef, "left", "right")...)},
		{Def: signDef, Doc: "How a signature is padded.", Rows: append([]value.Row{
			pad(signDef, "Pkcs1", padding{}), pad(signDef, "Pss", padding{random: true}), mode(signDef, signModeDef),
		}, same(signDef, "left", "right")...)},
		{Def: sealDef, Doc: "How an encrypted text is padded.", Rows: append([]value.Row{
			pad(sealDef, "Pkcs1", padding{}), pad(sealDef, "OaepSHA1", padding{random: true, hash: "SHA1"}), pad(sealDef, "OaepSHA256", padding{random: true, hash: "SHA256"}),
			pad(sealDef, "OaepSHA384", padding{random: true, hash: "SHA384"}), pad(sealDef, "OaepSHA512", padding{random: true, hash: "SHA512"}), mode(sealDef, sealModeDef),
			{Sig: "static RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)", Doc: "The padding OAEP with a hash algorithm.", Func: func(c *value.Call) value.Value {
				goHash(c, 0, "hashAlgorithm")
				return value.Of(&padding{sealDef, true, c.Args[0].Object().(*algorithmName).name.Str()})
			}},
		}, same(sealDef, "left", "right")...)},
		{Def: signModeDef, Doc: "The kinds of padding.", Beyond: true},
		{Def: sealModeDef, Doc: "The kinds of padding.", Beyond: true},
	}
}
