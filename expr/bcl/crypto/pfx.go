package crypto

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
	"math/big"
	"unicode/utf16"

	"github.com/spillway-gateway/spillway/expr/value"
)

// The failures of reading a PKCS #12 file (RFC 7292).
var (
	errPassword = errors.New("the password is wrong")
	errNotPFX   = errors.New("not a PKCS #12 file")
)

// maxIterations bounds the work that a file may ask for; .NET has the same
// bound for files that it opens without being told more.
const maxIterations = 600_000

// bag is what a PKCS #12 file holds.
type bag struct {
	certs   [][]byte
	names   []string // of the certificates
	private any
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
}

type pfx struct {
	Version  int
	AuthSafe contentInfo
	Mac      macData `asn1:"optional"`
}

type macData struct {
	Mac struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	Salt       []byte
	Iterations int `asn1:"optional,default:1"`
}

type encryptedData struct {
	Version int
	Info    struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Content   asn1.RawValue `asn1:"tag:0,optional"`
	}
}

type safeBag struct {
	ID         asn1.ObjectIdentifier
	Value      asn1.RawValue   `asn1:"tag:0,explicit"`
	Attributes []pkcsAttribute `asn1:"set,optional"`
}

type pkcsAttribute struct {
	ID    asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"set"`
}

type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

const (
	oidData      = "1.2.840.113549.1.7.1"
	oidEncrypted = "1.2.840.113549.1.7.6"
	oidKeyBag    = "1.2.840.113549.1.12.10.1.1"
	oidShrouded  = "1.2.840.113549.1.12.10.1.2"
	oidCertBag   = "1.2.840.113549.1.12.10.1.3"
	oidX509Cert  = "1.2.840.113549.1.9.22.1"
	oidFriendly  = "1.2.840.113549.1.9.20"
	oidPBES2     = "1.2.840.113549.1.5.13"
	oidPBKDF2    = "1.2.840.113549.1.5.12"
	oidPBE3DES   = "1.2.840.113549.1.12.1.3"
	oidPBE2DES   = "1.2.840.113549.1.12.1.4"
	oidPBERC2    = "1.2.840.113549.1.12.1.5"
	oidPBERC240  = "1.2.840.113549.1.12.1.6"
	oidDES3      = "1.2.840.113549.3.7"
)

var hashesByOID = map[string]func() hash.Hash{
	"1.3.14.3.2.26": sha1.New, "2.16.840.1.101.3.4.2.1": sha256.New, "2.16.840.1.101.3.4.2.2": sha512.New384, "2.16.840.1.101.3.4.2.3": sha512.New,
	// HMAC with them, as PBKDF2 names it.
	"1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New, "1.2.840.113549.2.10": sha512.New384, "1.2.840.113549.2.11": sha512.New,
}

var aesByOID = map[string]int{"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32}

// whole reads a value that fills all of der.
func whole(der []byte, to any) error {
	rest, err := asn1.Unmarshal(der, to)
	if err == nil && len(rest) > 0 {
		err = errNotPFX
	}
	return err
}

// opener opens a file with a password.
type opener struct {
	t        *value.Thread
	password string
	wide     []byte // the password in UTF-16 with its zero, as old algorithms take it
}

// openPFX reads a PKCS #12 file.
func openPFX(t *value.Thread, der []byte, password string) (*bag, error) {
	var file pfx
	if err := whole(der, &file); err != nil || file.Version != 3 || file.AuthSafe.Type.String() != oidData {
		return nil, errNotPFX
	}
	o := &opener{t: t, password: password}
	for _, u := range append(utf16.Encode([]rune(password)), 0) {
		o.wide = append(o.wide, byte(u>>8), byte(u))
	}
	var safe []byte
	if err := whole(file.AuthSafe.Content.Bytes, &safe); err != nil {
		return nil, errNotPFX
	}
	if file.Mac.Mac.Digest != nil {
		make := hashesByOID[file.Mac.Mac.Algorithm.Algorithm.String()]
		if make == nil {
			return nil, errNotPFX
		}
		if !o.authentic(&file.Mac, make, safe) {
			if password != "" {
				return nil, errPassword
			}
			// No password can be an empty one, or none.
			if o.wide = nil; !o.authentic(&file.Mac, make, safe) {
				return nil, errPassword
			}
		}
	}
	var infos []contentInfo
	if err := whole(safe, &infos); err != nil {
		return nil, errNotPFX
	}
	b := &bag{}
	for _, info := range infos {
		var contents []byte
		switch info.Type.String() {
		case oidData:
			if err := whole(info.Content.Bytes, &contents); err != nil {
				return nil, errNotPFX
			}
		case oidEncrypted:
			var e encryptedData
			if err := whole(info.Content.Bytes, &e); err != nil {
				return nil, errNotPFX
			}
			var err error
			if contents, err = o.decrypt(e.Info.Algorithm, e.Info.Content.Bytes); err != nil {
				return nil, err
			}
		default:
			return nil, errNotPFX
		}
		if err := o.read(b, contents); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (o *opener) authentic(m *macData, make func() hash.Hash, safe []byte) bool {
	if !o.charge(m.Iterations) {
		return false
	}
	h := hmac.New(make, derive(make, 3, o.wide, m.Salt, m.Iterations, make().Size()))
	h.Write(safe)
	return subtle.ConstantTimeCompare(h.Sum(nil), m.Mac.Digest) == 1
}

// charge counts the work of a derivation; false says that it is too much.
func (o *opener) charge(iterations int) bool {
	if iterations < 1 || iterations > maxIterations {
		return false
	}
	if o.t != nil {
		o.t.Step(iterations)
	}
	return true
}

// read takes keys and certificates out of one part of the file.
func (o *opener) read(b *bag, contents []byte) error {
	var bags []safeBag
	if err := whole(contents, &bags); err != nil {
		// A wrong password can decrypt to what looks like padding.
		return errPassword
	}
	for _, s := range bags {
		switch s.ID.String() {
		case oidCertBag:
			var c struct {
				ID   asn1.ObjectIdentifier
				Data []byte `asn1:"tag:0,explicit"`
			}
			if err := whole(s.Value.Bytes, &c); err != nil {
				return errNotPFX
			}
			if c.ID.String() == oidX509Cert {
				b.certs = append(b.certs, c.Data)
				b.names = append(b.names, friendly(s.Attributes))
			}
		case oidKeyBag:
			k, err := x509.ParsePKCS8PrivateKey(s.Value.Bytes)
			if err != nil {
				return errNotPFX
			}
			b.private = k
		case oidShrouded:
			var e encryptedKey
			if err := whole(s.Value.Bytes, &e); err != nil {
				return errNotPFX
			}
			der, err := o.decrypt(e.Algorithm, e.Data)
			if err != nil {
				return err
			}
			k, err := x509.ParsePKCS8PrivateKey(der)
			if err != nil {
				return errNotPFX
			}
			b.private = k
		}
	}
	return nil
}

// friendly is the name that a file gives a certificate.
func friendly(attributes []pkcsAttribute) string {
	for _, a := range attributes {
		if a.ID.String() != oidFriendly {
			continue
		}
		var v asn1.RawValue
		if _, err := asn1.Unmarshal(a.Value.Bytes, &v); err == nil && v.Tag == asn1.TagBMPString {
			var units []uint16
			for i := 0; i+1 < len(v.Bytes); i += 2 {
				units = append(units, uint16(v.Bytes[i])<<8|uint16(v.Bytes[i+1]))
			}
			return string(utf16.Decode(units))
		}
	}
	return ""
}

// decrypt undoes a password-based encryption.
func (o *opener) decrypt(alg pkix.AlgorithmIdentifier, data []byte) ([]byte, error) {
	block, iv, err := o.cipher(alg)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(data) == 0 || len(data)%size != 0 || len(iv) != size {
		return nil, errNotPFX
	}
	if o.t != nil {
		o.t.Alloc(len(data))
		work(o.t, len(data))
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	n := int(out[len(out)-1])
	if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errPassword
	}
	return out[:len(out)-n], nil
}

func (o *opener) cipher(alg pkix.AlgorithmIdentifier) (cipher.Block, []byte, error) {
	switch id := alg.Algorithm.String(); id {
	case oidPBES2:
		return o.modern(alg.Parameters.FullBytes)
	case oidPBE3DES, oidPBE2DES, oidPBERC2, oidPBERC240:
		var p struct {
			Salt       []byte
			Iterations int
		}
		if err := whole(alg.Parameters.FullBytes, &p); err != nil || !o.charge(2*p.Iterations) {
			return nil, nil, errNotPFX
		}
		size := map[string]int{oidPBE3DES: 24, oidPBE2DES: 16, oidPBERC2: 16, oidPBERC240: 5}[id]
		key := derive(sha1.New, 1, o.wide, p.Salt, p.Iterations, size)
		iv := derive(sha1.New, 2, o.wide, p.Salt, p.Iterations, 8)
		switch id {
		case oidPBE2DES:
			key = append(key, key[:8]...)
			fallthrough
		case oidPBE3DES:
			b, err := des.NewTripleDESCipher(key)
			return b, iv, err
		}
		return newRC2(key), iv, nil
	}
	return nil, nil, errNotPFX
}

// modern reads the parameters of PBES2 (RFC 8018).
func (o *opener) modern(der []byte) (cipher.Block, []byte, error) {
	var p struct{ Derive, Encrypt pkix.AlgorithmIdentifier }
	var k struct {
		Salt       []byte
		Iterations int
		Length     int                      `asn1:"optional"`
		Hash       pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	var iv []byte
	if err := whole(der, &p); err != nil || p.Derive.Algorithm.String() != oidPBKDF2 {
		return nil, nil, errNotPFX
	}
	if err := whole(p.Derive.Parameters.FullBytes, &k); err != nil || !o.charge(k.Iterations) {
		return nil, nil, errNotPFX
	}
	if err := whole(p.Encrypt.Parameters.FullBytes, &iv); err != nil {
		return nil, nil, errNotPFX
	}
	make := sha1.New
	if k.Hash.Algorithm != nil {
		if make = hashesByOID[k.Hash.Algorithm.String()]; make == nil {
			return nil, nil, errNotPFX
		}
	}
	id := p.Encrypt.Algorithm.String()
	size := aesByOID[id]
	if id == oidDES3 {
		size = 24
	}
	if size == 0 {
		return nil, nil, errNotPFX
	}
	key, err := pbkdf2.Key(make, o.password, k.Salt, k.Iterations, size)
	if err != nil {
		return nil, nil, errNotPFX
	}
	var b cipher.Block
	if id == oidDES3 {
		b, err = des.NewTripleDESCipher(key)
	} else {
		b, err = aes.NewCipher(key)
	}
	return b, iv, err
}

// derive is the derivation of RFC 7292, appendix B.
func derive(make func() hash.Hash, id byte, password, salt []byte, iterations, size int) []byte {
	h := make()
	v, u := h.BlockSize(), h.Size()
	fill := func(s []byte) []byte {
		if len(s) == 0 {
			return nil
		}
		n := (len(s) + v - 1) / v * v
		return bytes.Repeat(s, n/len(s)+1)[:n]
	}
	d := bytes.Repeat([]byte{id}, v)
	i := append(fill(salt), fill(password)...)
	var out []byte
	for len(out) < size {
		h.Reset()
		h.Write(d)
		h.Write(i)
		a := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		out = append(out, a[:u]...)
		if len(out) >= size {
			break
		}
		b := new(big.Int).SetBytes(bytes.Repeat(a, v/u+1)[:v])
		b.Add(b, big.NewInt(1))
		for k := 0; k < len(i); k += v {
			n := new(big.Int).SetBytes(i[k : k+v])
			n.Add(n, b)
			sum := n.Bytes()
			if len(sum) > v {
				sum = sum[len(sum)-v:]
			}
			clear(i[k : k+v])
			copy(i[k+v-len(sum):k+v], sum)
		}
	}
	return out[:size]
}

// leaf is the index of the certificate that belongs to the key, else the first.
func (b *bag) leaf() int {
	k, ok := b.private.(crypto.Signer)
	for i, der := range b.certs {
		c, err := x509.ParseCertificate(der)
		if err != nil || !ok {
			continue
		}
		if p, same := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); same && p.Equal(k.Public()) {
			return i
		}
	}
	return 0
}

// ReadPFX reads a PKCS #12 file for those who use what is in it outside of
// expressions: the certificates, that of the key first, and the private key, nil
// when the file has none.
func ReadPFX(der []byte, password string) (certificates [][]byte, key crypto.PrivateKey, err error) {
	b, err := openPFX(nil, der, password)
	if err != nil {
		return nil, nil, err
	}
	if len(b.certs) == 0 {
		return nil, nil, errNotPFX
	}
	if i := b.leaf(); i > 0 {
		b.certs[0], b.certs[i] = b.certs[i], b.certs[0]
	}
	return b.certs, b.private, nil
}
