package crypto

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

var (
	// CertificateDef is X509Certificate2.
	CertificateDef = declare509("class X509Certificate2 : X509Certificate")

	baseCertDef  = declare509("class X509Certificate : IDisposable")
	publicKeyDef = declare509("sealed class PublicKey")
	nameX500Def  = declare509("sealed class X500DistinguishedName")
	extensionDef = declare509("static class RSACertificateExtensions")
	contentDef   = declare509("enum X509ContentType { Unknown = 0, Cert = 1, SerializedCert = 2, Pfx = 3, Pkcs12 = 3, SerializedStore = 4, Pkcs7 = 5, Authenticode = 6 }")
	nameTypeDef  = declare509("enum X509NameType { SimpleName, EmailName, UpnName, DnsName, DnsFromAlternativeName, UrlName }")
	storageDef   = flags(declare509("enum X509KeyStorageFlags { DefaultKeySet = 0, UserKeySet = 1, MachineKeySet = 2, Exportable = 4, UserProtected = 8, PersistKeySet = 16, EphemeralKeySet = 32 }"))
	oidDef       = declare("sealed class Oid")
	asnDef       = declare("class AsnEncodedData")
	oidGroupDef  = declare("enum OidGroup { All, HashAlgorithm, EncryptionAlgorithm, PublicKeyAlgorithm, SignatureAlgorithm, Attribute, ExtensionOrAttribute, EnhancedKeyUsage, Policy, Template, KeyDerivationFunction }")

	contentExceptionDef = types.Declare("System.Formats.Asn1", "public class AsnContentException : Exception")
)

func flags(d *types.Def) *types.Def {
	d.Flags = true
	return d
}

// Certificate is an X509Certificate2. It is immutable.
type Certificate struct {
	typ      *types.Type
	cert     *x509.Certificate
	private  any
	friendly string
}

// Type is the certificate's type.
func (c *Certificate) Type() *types.Type { return c.typ }

// Equals compares issuer and serial number, as .NET does.
func (c *Certificate) Equals(_ *value.Thread, other value.Value) bool {
	o, ok := other.Object().(*Certificate)
	return ok && bytes.Equal(c.cert.RawIssuer, o.cert.RawIssuer) && c.cert.SerialNumber.Cmp(o.cert.SerialNumber) == 0
}

// Hash goes with Equals.
func (c *Certificate) Hash(*value.Thread) int32 {
	return value.HashString(c.cert.SerialNumber.String())
}

// Dispose does nothing: certificates of the service are shared.
func (c *Certificate) Dispose(*value.Thread) {}

// ToString tells subject, issuer, validity and thumbprint.
func (c *Certificate) ToString(t *value.Thread) string {
	moment := func(v value.Value) string { return t.Format(v, "", value.Null) }
	return "[Subject]\n  " + distinguished(c.cert.RawSubject) + "\n\n[Issuer]\n  " + distinguished(c.cert.RawIssuer) + "\n\n[Serial Number]\n  " + c.serial() +
		"\n\n[Not Before]\n  " + moment(c.date(false)) + "\n\n[Not After]\n  " + moment(c.date(true)) + "\n\n[Thumbprint]\n  " + c.thumbprint() + "\n"
}

func (c *Certificate) date(end bool) value.Value {
	d := c.cert.NotBefore
	if end {
		d = c.cert.NotAfter
	}
	return time.At(time.FromGo(d).Ticks(), time.Local).Value()
}

func upper(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

func (c *Certificate) thumbprint() string {
	sum := sha1.Sum(c.cert.Raw)
	return upper(sum[:])
}

// serialBytes are the content bytes of the number, most significant first.
func (c *Certificate) serialBytes() []byte {
	der, err := asn1.Marshal(c.cert.SerialNumber)
	var v asn1.RawValue
	if err != nil {
		return nil
	}
	if _, err = asn1.Unmarshal(der, &v); err != nil {
		return nil
	}
	return v.Bytes
}

func (c *Certificate) serial() string { return upper(c.serialBytes()) }

// attributeNames are the short names by which .NET writes parts of a name.
var attributeNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "S", "2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU",
	"2.5.4.12": "T", "2.5.4.42": "G", "2.5.4.43": "I", "2.5.4.46": "dnQualifier", "1.2.840.113549.1.9.1": "E", "0.9.2342.19200300.100.1.25": "DC",
}

func sequence(der []byte) pkix.RDNSequence {
	var name pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &name); err != nil {
		return nil
	}
	return name
}

func attributeText(a pkix.AttributeTypeAndValue) string {
	s, _ := a.Value.(string)
	return s
}

// distinguished is a name as X500DistinguishedName.Name has it: the last part
// first, parts that need it quoted.
func distinguished(der []byte) string {
	var parts []string
	for _, set := range slices.Backward(sequence(der)) {
		var pairs []string
		for _, a := range set {
			name := attributeNames[a.Type.String()]
			if name == "" {
				name = "OID." + a.Type.String()
			}
			v := attributeText(a)
			if v == "" || strings.TrimSpace(v) != v || strings.ContainsAny(v, ",+=\"\n#;<>") {
				v = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
			}
			pairs = append(pairs, name+"="+v)
		}
		parts = append(parts, strings.Join(pairs, " + "))
	}
	return strings.Join(parts, ", ")
}

// nameInfo is GetNameInfo.
func (c *Certificate) nameInfo(kind int, issuer bool) string {
	der := c.cert.RawSubject
	if issuer {
		der = c.cert.RawIssuer
	}
	find := func(oids ...string) string {
		for _, oid := range oids {
			for _, set := range slices.Backward(sequence(der)) {
				for _, a := range set {
					if a.Type.String() == oid {
						return attributeText(a)
					}
				}
			}
		}
		return ""
	}
	const email = "1.2.840.113549.1.9.1"
	alternative := func(tag int) string { return c.alternative(issuer, tag) }
	switch kind {
	case 0: // SimpleName
		if s := find("2.5.4.3", "2.5.4.11", "2.5.4.10", email); s != "" {
			return s
		}
		if s := alternative(1); s != "" {
			return s
		}
		return alternative(2)
	case 1: // EmailName
		if s := alternative(1); s != "" {
			return s
		}
		return find(email)
	case 2: // UpnName
		return alternative(0)
	case 3: // DnsName
		if s := alternative(2); s != "" {
			return s
		}
		return find("2.5.4.3")
	case 4: // DnsFromAlternativeName
		return alternative(2)
	}
	return alternative(6) // UrlName
}

// alternative is the first alternative name of a kind: 0 a UPN, 1 an e-mail
// address, 2 a DNS name, 6 an address.
func (c *Certificate) alternative(issuer bool, tag int) string {
	id := asn1.ObjectIdentifier{2, 5, 29, 17}
	if issuer {
		id = asn1.ObjectIdentifier{2, 5, 29, 18}
	}
	for _, e := range c.cert.Extensions {
		if !e.Id.Equal(id) {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(e.Value, &names); err != nil {
			return ""
		}
		for _, n := range names {
			if n.Tag != tag {
				continue
			}
			if tag != 0 {
				return string(n.Bytes)
			}
			var other struct {
				ID    asn1.ObjectIdentifier
				Value string `asn1:"tag:0,explicit,utf8"`
			}
			if _, err := asn1.UnmarshalWithParams(n.FullBytes, &other, "tag:0"); err == nil && other.ID.String() == "1.3.6.1.4.1.311.20.2.3" {
				return other.Value
			}
		}
	}
	return ""
}

// oidNames are the names that .NET has for object identifiers.
var oidNames = map[string]string{
	"1.2.840.113549.1.1.1": "RSA", "1.2.840.113549.1.1.4": "md5RSA", "1.2.840.113549.1.1.5": "sha1RSA", "1.2.840.113549.1.1.10": "RSASSA-PSS", "1.2.840.113549.1.1.11": "sha256RSA",
	"1.2.840.113549.1.1.12": "sha384RSA", "1.2.840.113549.1.1.13": "sha512RSA", "1.2.840.10045.2.1": "ECC", "1.2.840.10045.4.3.2": "sha256ECDSA", "1.2.840.10045.4.3.3": "sha384ECDSA",
	"1.2.840.10045.4.3.4": "sha512ECDSA", "1.2.840.113549.2.5": "md5", "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
	"1.3.6.1.5.5.7.3.1": "Server Authentication", "1.3.6.1.5.5.7.3.2": "Client Authentication", "2.5.29.17": "Subject Alternative Name", "2.5.29.15": "Key Usage", "2.5.29.37": "Enhanced Key Usage",
	"2.5.29.19": "Basic Constraints", "2.5.29.14": "Subject Key Identifier", "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "S", "2.5.4.10": "O", "2.5.4.11": "OU", "1.2.840.113549.1.9.1": "E",
}

type oid struct{ id, name value.Value }

// Type is Oid.
func (*oid) Type() *types.Type { return oidDef.Type() }

func newOid(id string) value.Value {
	name := value.Null
	if n, ok := oidNames[id]; ok {
		name = value.String(n)
	}
	return value.Of(&oid{value.String(id), name})
}

type publicKey struct{ c *Certificate }

// Type is PublicKey.
func (*publicKey) Type() *types.Type { return publicKeyDef.Type() }

type nameX500 struct{ der []byte }

// Type is X500DistinguishedName.
func (*nameX500) Type() *types.Type { return nameX500Def.Type() }

// asnData is an AsnEncodedData.
type asnData struct {
	id  string
	der []byte
}

// Type is AsnEncodedData.
func (*asnData) Type() *types.Type { return asnDef.Type() }

// oidOf finds an identifier by the name that .NET has for it; it also knows a
// dotted identifier itself.
func oidOf(name string) (id, friendly string) {
	if n, ok := oidNames[name]; ok {
		return name, n
	}
	for id, n := range oidNames {
		if strings.EqualFold(n, name) {
			return id, n
		}
	}
	return "", ""
}

// subjectKey reads a certificate's public key: its algorithm and its bits.
func (c *Certificate) subjectKey() (id string, bits []byte) {
	id, _, bits = c.publicParts()
	return id, bits
}

// publicParts are a certificate's public key: algorithm, its parameters in DER,
// and the key's bits.
func (c *Certificate) publicParts() (id string, parameters, bits []byte) {
	var k struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.cert.RawSubjectPublicKeyInfo, &k); err != nil {
		return "", nil, nil
	}
	return k.Algorithm.Algorithm.String(), k.Algorithm.Parameters.FullBytes, k.Key.Bytes
}

func (c *Certificate) publicRSA() value.Value {
	if k, ok := c.cert.PublicKey.(*rsa.PublicKey); ok {
		return value.Of(&RSA{public: k})
	}
	return value.Null
}

func (c *Certificate) privateRSA() value.Value {
	if k, ok := c.private.(*rsa.PrivateKey); ok {
		return value.Of(&RSA{public: &k.PublicKey, private: k})
	}
	return value.Null
}

// signatureOID is the algorithm that the certificate is signed with.
func (c *Certificate) signatureOID() string {
	var k struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.cert.Raw, &k); err != nil {
		return ""
	}
	return k.Algorithm.Algorithm.String()
}

// corrupted throws what data deserve that are no certificate.
func corrupted(c *value.Call, data []byte) {
	e := value.NewException(ExceptionDef, "ASN1 corrupted data.")
	message := "The ASN.1 value is invalid."
	if first := data[0]; first&0x1F != 0x1F && first&^0x20 != asn1.TagSequence {
		class := [...]string{"Universal", "Application", "ContextSpecific", "Private"}[first>>6]
		message = "The provided data is tagged with '" + class + "' class value '" + strconv.Itoa(int(first&0x1F)) + "', but it should have been 'Universal' class value '16'."
	}
	e.Inner = value.NewException(contentExceptionDef, message)
	c.Raise(e)
}

// open reads a certificate: DER, PEM or a PKCS #12 file.
func open(c *value.Call, data []byte, password string) value.Value {
	if len(data) == 0 {
		c.ThrowArgument(value.ArgumentException, "Array cannot be empty or null.", "data")
	}
	c.Alloc(4 * len(data))
	work(c.Thread, 64*len(data))
	der := data
	if block, _ := pem.Decode(data); block != nil && block.Type == "CERTIFICATE" {
		der = block.Bytes
	}
	if cert, err := x509.ParseCertificate(der); err == nil {
		return value.Of(&Certificate{typ: c.Owner, cert: cert})
	}
	b, err := openPFX(c.Thread, data, password)
	if errors.Is(err, errPassword) {
		c.Throw(ExceptionDef, "The certificate data cannot be read with the provided password, the password may be incorrect.")
	}
	if err != nil || len(b.certs) == 0 {
		corrupted(c, data)
	}
	i := b.leaf()
	cert, err := x509.ParseCertificate(b.certs[i])
	if err != nil {
		corrupted(c, b.certs[i])
	}
	return value.Of(&Certificate{typ: c.Owner, cert: cert, private: b.private, friendly: b.names[i]})
}

// contentOf tells a certificate from a PKCS #12 file, whose first element is its
// version.
func contentOf(c *value.Call, data []byte) int64 {
	const cert, pfx = 1, 3
	if len(data) == 0 {
		c.ThrowArgument(value.ArgumentException, "Array cannot be empty or null.", "rawData")
	}
	work(c.Thread, 64*len(data))
	der := data
	if block, _ := pem.Decode(data); block != nil && block.Type == "CERTIFICATE" {
		der = block.Bytes
	}
	if _, err := x509.ParseCertificate(der); err == nil {
		return cert
	}
	var file struct {
		Version int
		Safe    asn1.RawValue
		Mac     asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(data, &file); err != nil || file.Version != 3 {
		corrupted(c, data)
	}
	return pfx
}

func certificate(c *value.Call) *Certificate { return c.This.Object().(*Certificate) }

func certText(sig, doc string, f func(k *Certificate) string) value.Row {
	return value.Row{Sig: "string " + sig, Doc: doc, Func: func(c *value.Call) value.Value {
		work(c.Thread, len(certificate(c).cert.Raw))
		return value.String(f(certificate(c)))
	}}
}

func certBytes(sig, doc string, f func(k *Certificate) []byte) value.Row {
	return value.Row{Sig: "byte[] " + sig, Doc: doc, Func: func(c *value.Call) value.Value {
		work(c.Thread, len(certificate(c).cert.Raw))
		return fresh(c, append([]byte(nil), f(certificate(c))...))
	}}
}

func certValue(sig, doc string, f func(k *Certificate) value.Value) value.Row {
	return value.Row{Sig: sig, Doc: doc, Func: func(c *value.Call) value.Value { return f(certificate(c)) }}
}

func sha1Of(b []byte) []byte {
	sum := sha1.Sum(b)
	return sum[:]
}

func reversed(b []byte) []byte {
	r := append([]byte(nil), b...)
	slices.Reverse(r)
	return r
}

func constructors(name string) []value.Row {
	password := func(c *value.Call) value.Value { return open(c, bytesArg(c, 0), c.Str(1)) }
	first := "rawData"
	if name == "X509Certificate" {
		first = "data"
	}
	return []value.Row{
		{Sig: name + "(byte[] " + first + ")", Doc: "Reads a certificate: DER, PEM or a PKCS #12 file.", Func: func(c *value.Call) value.Value { return open(c, bytesArg(c, 0), "") }},
		{Sig: name + "(byte[] rawData, string password)", Doc: "Reads a PKCS #12 file with its password.", Func: password},
		{Sig: name + "(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)", Doc: "Reads a PKCS #12 file with its password.", Func: password},
	}
}

func certificateMembers() []value.Members {
	keyOf := func(c *value.Call) *Certificate { return c.This.Object().(*publicKey).c }
	name := func(c *value.Call) *nameX500 { return c.This.Object().(*nameX500) }
	id := func(c *value.Call) *oid { return c.This.Object().(*oid) }
	hashOf := func(c *value.Call) []byte {
		h := goHash(c, 0, "hashAlgorithm")
		return digestOf(c, h, certificate(c).cert.Raw)
	}
	issuerName := func(k *Certificate) string { return distinguished(k.cert.RawIssuer) }
	subjectName := func(k *Certificate) string { return distinguished(k.cert.RawSubject) }
	keyBits := func(k *Certificate) []byte {
		_, bits := k.subjectKey()
		return bits
	}
	keyParameters := func(k *Certificate) []byte {
		_, parameters, _ := k.publicParts()
		return parameters
	}
	base := append(constructors("X509Certificate"),
		certText("Subject { get; }", "The name of its owner.", subjectName),
		certText("Issuer { get; }", "The name of who signed it.", issuerName),
		certBytes("GetCertHash()", "Its SHA-1 hash.", func(k *Certificate) []byte { return sha1Of(k.cert.Raw) }),
		value.Row{Sig: "byte[] GetCertHash(HashAlgorithmName hashAlgorithm)", Doc: "Its hash.", Func: func(c *value.Call) value.Value { return fresh(c, hashOf(c)) }},
		certText("GetCertHashString()", "Its SHA-1 hash in hexadecimal.", (*Certificate).thumbprint),
		value.Row{Sig: "string GetCertHashString(HashAlgorithmName hashAlgorithm)", Doc: "Its hash in hexadecimal.", Func: func(c *value.Call) value.Value { return value.String(upper(hashOf(c))) }},
		value.Row{Sig: "string GetEffectiveDateString()", Doc: "When it becomes valid.", Func: func(c *value.Call) value.Value {
			return value.String(c.Format(certificate(c).date(false), "", value.Null))
		}},
		value.Row{Sig: "string GetExpirationDateString()", Doc: "When it ends to be valid.", Func: func(c *value.Call) value.Value {
			return value.String(c.Format(certificate(c).date(true), "", value.Null))
		}},
		certText("GetFormat()", "\"X509\".", func(*Certificate) string { return "X509" }),
		certText("GetKeyAlgorithm()", "The identifier of the key's algorithm.", func(k *Certificate) string {
			id, _ := k.subjectKey()
			return id
		}),
		certBytes("GetKeyAlgorithmParameters()", "The parameters of the key's algorithm in DER.", keyParameters),
		certText("GetKeyAlgorithmParametersString()", "The parameters of the key's algorithm in hexadecimal.", func(k *Certificate) string { return upper(keyParameters(k)) }),
		certText("GetName()", "The name of its owner.", subjectName),
		certText("GetIssuerName()", "The name of who signed it.", issuerName),
		certBytes("GetPublicKey()", "The public key.", keyBits),
		certText("GetPublicKeyString()", "The public key in hexadecimal.", func(k *Certificate) string { return upper(keyBits(k)) }),
		certBytes("GetRawCertData()", "The certificate in DER.", func(k *Certificate) []byte { return k.cert.Raw }),
		certText("GetRawCertDataString()", "The certificate in hexadecimal.", func(k *Certificate) string { return upper(k.cert.Raw) }),
		certBytes("GetSerialNumber()", "The serial number, least significant byte first.", func(k *Certificate) []byte { return reversed(k.serialBytes()) }),
		certText("GetSerialNumberString()", "The serial number in hexadecimal.", (*Certificate).serial),
		value.Row{Sig: "byte[] Export(X509ContentType contentType)", Doc: "The certificate in DER; keys are not exported.", Func: func(c *value.Call) value.Value {
			if c.Int(0) != 1 {
				c.Throw(ExceptionDef, "Invalid content type.")
			}
			return fresh(c, append([]byte(nil), certificate(c).cert.Raw...))
		}},
		value.Row{Sig: "bool Equals(X509Certificate other)", Doc: "Whether issuer and serial number are equal.", Func: func(c *value.Call) value.Value {
			return value.Bool(certificate(c).Equals(c.Thread, c.Args[0]))
		}},
		value.Row{Sig: "override bool Equals(object obj)", Doc: "Whether issuer and serial number are equal.", Func: func(c *value.Call) value.Value {
			return value.Bool(certificate(c).Equals(c.Thread, c.Args[0]))
		}},
		value.Row{Sig: "override string ToString()", Doc: "Subject, issuer, validity and thumbprint.", Func: func(c *value.Call) value.Value {
			return value.String(certificate(c).ToString(c.Thread))
		}},
		value.Row{Sig: "void Reset()", Doc: "Does nothing: certificates are shared.", Func: func(*value.Call) value.Value { return value.Null }},
		value.Row{Sig: "void Dispose()", Doc: "Does nothing: certificates are shared.", Func: func(*value.Call) value.Value { return value.Null }},
	)
	full := append(constructors("X509Certificate2"),
		certText("Thumbprint { get; }", "Its SHA-1 hash in hexadecimal.", (*Certificate).thumbprint),
		certText("SerialNumber { get; }", "The serial number in hexadecimal.", (*Certificate).serial),
		certText("FriendlyName { get; }", "The name that its file gives it.", func(k *Certificate) string { return k.friendly }),
		certValue("DateTime NotBefore { get; }", "When it becomes valid, in local time.", func(k *Certificate) value.Value { return k.date(false) }),
		certValue("DateTime NotAfter { get; }", "When it ends to be valid, in local time.", func(k *Certificate) value.Value { return k.date(true) }),
		certValue("bool HasPrivateKey { get; }", "Whether it has its private key.", func(k *Certificate) value.Value { return value.Bool(k.private != nil) }),
		certValue("bool Archived { get; }", "Always false.", func(*Certificate) value.Value { return value.False }),
		certValue("int Version { get; }", "The version of its format.", func(k *Certificate) value.Value { return value.Int(k.cert.Version) }),
		certBytes("RawData { get; }", "The certificate in DER.", func(k *Certificate) []byte { return k.cert.Raw }),
		certValue("PublicKey PublicKey { get; }", "The public key.", func(k *Certificate) value.Value { return value.Of(&publicKey{k}) }),
		certValue("AsymmetricAlgorithm PrivateKey { get; }", "The private key; null without one.", (*Certificate).privateRSA),
		certValue("X500DistinguishedName SubjectName { get; }", "The name of its owner.", func(k *Certificate) value.Value { return value.Of(&nameX500{k.cert.RawSubject}) }),
		certValue("X500DistinguishedName IssuerName { get; }", "The name of who signed it.", func(k *Certificate) value.Value { return value.Of(&nameX500{k.cert.RawIssuer}) }),
		certValue("Oid SignatureAlgorithm { get; }", "The algorithm of its signature.", func(k *Certificate) value.Value { return newOid(k.signatureOID()) }),
		value.Row{Sig: "string GetNameInfo(X509NameType nameType, bool forIssuer)", Doc: "A part of a name.", Func: func(c *value.Call) value.Value {
			if n := c.Int(0); n < 0 || n > 5 {
				c.ThrowArgument(value.ArgumentException, "Invalid name type.", "nameType")
			}
			return value.String(certificate(c).nameInfo(c.Int(0), c.Bool(1)))
		}},
		value.Row{Sig: "static X509ContentType GetCertContentType(byte[] rawData)", Doc: "The format of a certificate's bytes.", Func: func(c *value.Call) value.Value {
			return value.Enum(contentDef.Type(), contentOf(c, bytesArg(c, 0)))
		}},
		certText("ExportCertificatePem()", "The certificate in PEM.", func(k *Certificate) string {
			return strings.TrimSuffix(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert.Raw})), "\n")
		}),
	)
	return []value.Members{
		{Def: baseCertDef, Doc: "A certificate.", Rows: base},
		{Def: CertificateDef, Doc: "A certificate.", Rows: full},
		{Def: extensionDef, Doc: "The RSA keys of certificates.", Rows: []value.Row{
			{Sig: "static RSA GetRSAPublicKey(this X509Certificate2 certificate)", Doc: "The public key; null if it is not RSA's.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "certificate")
				return c.Args[0].Object().(*Certificate).publicRSA()
			}},
			{Sig: "static RSA GetRSAPrivateKey(this X509Certificate2 certificate)", Doc: "The private key; null without one.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "certificate")
				return c.Args[0].Object().(*Certificate).privateRSA()
			}},
		}},
		{Def: publicKeyDef, Doc: "The public key of a certificate.", Rows: []value.Row{
			{Sig: "Oid Oid { get; }", Doc: "The algorithm.", Func: func(c *value.Call) value.Value {
				id, _ := keyOf(c).subjectKey()
				return newOid(id)
			}},
			{Sig: "AsnEncodedData EncodedKeyValue { get; }", Doc: "The key's bits.", Func: func(c *value.Call) value.Value {
				id, bits := keyOf(c).subjectKey()
				return value.Of(&asnData{id, bits})
			}},
			{Sig: "AsnEncodedData EncodedParameters { get; }", Doc: "The parameters of the algorithm.", Func: func(c *value.Call) value.Value {
				id, parameters, _ := keyOf(c).publicParts()
				return value.Of(&asnData{id, parameters})
			}},
			{Sig: "AsymmetricAlgorithm Key { get; }", Doc: "The key.", Func: func(c *value.Call) value.Value {
				k := keyOf(c).publicRSA()
				if k.IsNull() {
					c.Throw(value.NotSupportedException, "The certificate key algorithm is not supported.")
				}
				return k
			}},
			{Sig: "RSA GetRSAPublicKey()", Doc: "The key; null if it is not RSA's.", Func: func(c *value.Call) value.Value { return keyOf(c).publicRSA() }},
			{Sig: "byte[] ExportSubjectPublicKeyInfo()", Doc: "The key in DER.", Beyond: true, Func: func(c *value.Call) value.Value {
				return fresh(c, append([]byte(nil), keyOf(c).cert.RawSubjectPublicKeyInfo...))
			}},
		}},
		{Def: nameX500Def, Doc: "The name of an owner.", Rows: []value.Row{
			{Sig: "string Name { get; }", Doc: "The name, its parts separated by commas.", Func: func(c *value.Call) value.Value { return value.String(distinguished(name(c).der)) }},
			{Sig: "byte[] RawData { get; }", Doc: "The name in DER.", Beyond: true, Func: func(c *value.Call) value.Value { return fresh(c, append([]byte(nil), name(c).der...)) }},
			{Sig: "string Format(bool multiLine)", Doc: "The name, its parts separated by commas or lines.", Beyond: true, Func: func(c *value.Call) value.Value {
				s := distinguished(name(c).der)
				if c.Bool(0) {
					s = strings.ReplaceAll(s, ", ", "\n")
				}
				return value.String(s)
			}},
		}},
		{Def: oidDef, Doc: "An object identifier.", Rows: []value.Row{
			{Sig: "Oid(string oid)", Doc: "An identifier.", Func: func(c *value.Call) value.Value { return newOid(c.Str(0)) }},
			{Sig: "Oid(string value, string friendlyName)", Doc: "An identifier with a name.", Func: func(c *value.Call) value.Value { return value.Of(&oid{c.Args[0], c.Args[1]}) }},
			{Sig: "static Oid FromFriendlyName(string friendlyName, OidGroup group)", Doc: "The identifier of a name.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "friendlyName")
				id, name := oidOf(c.Str(0))
				if id == "" {
					c.Throw(ExceptionDef, "No OID value matches this name.")
				}
				return value.Of(&oid{value.String(id), value.String(name)})
			}},
			{Sig: "static Oid FromOidValue(string oidValue, OidGroup group)", Doc: "The identifier with its name.", Func: func(c *value.Call) value.Value {
				c.NotNull(0, "oidValue")
				if oidNames[c.Str(0)] == "" {
					c.Throw(ExceptionDef, "The OID value is invalid.")
				}
				return newOid(c.Str(0))
			}},
			{Sig: "string Value { get; }", Doc: "The numbers with dots between.", Func: func(c *value.Call) value.Value { return id(c).id }},
			{Sig: "string FriendlyName { get; }", Doc: "The name.", Func: func(c *value.Call) value.Value { return id(c).name }},
		}},
		{Def: asnDef, Doc: "Data in DER, with what they are.", Beyond: true, Rows: []value.Row{
			{Sig: "Oid Oid { get; }", Doc: "What they are.", Func: func(c *value.Call) value.Value { return newOid(c.This.Object().(*asnData).id) }},
			{Sig: "byte[] RawData { get; }", Doc: "The data.", Func: func(c *value.Call) value.Value {
				return fresh(c, append([]byte(nil), c.This.Object().(*asnData).der...))
			}},
		}},
		{Def: oidGroupDef, Doc: "What identifiers are for.", Beyond: true},
		{Def: contentDef, Doc: "The formats of certificates."},
		{Def: nameTypeDef, Doc: "The parts of a name."},
		{Def: contentExceptionDef, Doc: "Data that are not what they should be.", Beyond: true, Rows: value.ExceptionRows(contentExceptionDef, "The ASN.1 value is invalid.")},
		{Def: storageDef, Doc: "Where keys are kept; nothing is kept here.", Beyond: true},
	}
}
