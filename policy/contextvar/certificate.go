package contextvar

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

const (
	cryptoNamespace = "System.Security.Cryptography"
	x509Namespace   = cryptoNamespace + ".X509Certificates"
)

// opened remembers certificates: opening a PFX is made slow on purpose, and a
// certificate is the same for every request.
var opened struct {
	sync.Mutex
	byContent map[[sha256.Size]byte]value.Value
}

// maxOpened bounds what opened remembers; services have a handful.
const maxOpened = 256

// certificate is the X509Certificate2 of a certificate of the service.
func certificate(t *value.Thread, c exchange.Certificate) value.Value {
	content := append(append(append([]byte(nil), c.PFX...), c.DER...), c.Password...)
	key := sha256.Sum256(content)
	opened.Lock()
	v, ok := opened.byContent[key]
	opened.Unlock()
	if ok {
		return v
	}
	if c.PFX != nil {
		v = invoke(t, x509Namespace, "X509Certificate2", ".ctor", value.Bytes(c.PFX), value.String(c.Password))
	} else {
		v = invoke(t, x509Namespace, "X509Certificate2", ".ctor", value.Bytes(c.DER))
	}
	opened.Lock()
	defer opened.Unlock()
	if opened.byContent == nil || len(opened.byContent) >= maxOpened {
		opened.byContent = map[[sha256.Size]byte]value.Value{}
	}
	opened.byContent[key] = v
	return v
}

// certificates are those of the service by their id.
func certificates(t *value.Thread, d *exchange.Deployment) value.Value {
	of := types.Object
	if def := t.Table.Lookup(x509Namespace, "X509Certificate2", 0); def != nil {
		of = def.Type()
	}
	all := value.NewDictionary(types.String, of, nil)
	for _, c := range d.Certificates {
		all.Put(t, value.String(c.ID), certificate(t, c))
	}
	return value.Of(all)
}

// verify builds a chain from a certificate to the roots that the machine
// trusts. Revocation is not looked up: it would have to wait for the network
// inside an expression.
func verify(t *value.Thread, v value.Value) bool {
	if v.IsNull() {
		t.NullReference()
	}
	raw, ok := member(t, v, "RawData").Object().(*value.Array)
	if !ok {
		return false
	}
	c, err := x509.ParseCertificate(raw.Bytes())
	if err != nil {
		return false
	}
	_, err = c.Verify(x509.VerifyOptions{CurrentTime: t.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

func certificateMembers() []value.Members {
	check := func(c *value.Call) value.Value { return value.Bool(verify(c.Thread, c.Args[0])) }
	return []value.Members{
		{Def: deploymentDef, Rows: []value.Row{
			property("IReadOnlyDictionary<string, X509Certificate2> Certificates", "The certificates of the service, by their id.", func(t *value.Thread, d *deployment) value.Value {
				return d.x.Object.(*object).once("Certificates", func() value.Value { return certificates(t, d.d) })
			}),
		}},
		{Def: requestDef, Rows: []value.Row{
			property("X509Certificate2 Certificate", "The caller's certificate; null without one.", func(t *value.Thread, q *request) value.Value {
				der := q.o.x.ClientCertificate
				if der == nil {
					return value.Null
				}
				return certificate(t, exchange.Certificate{DER: der})
			}),
		}},
		{Def: helpersDef, Rows: []value.Row{
			{Sig: "static bool VerifyNoRevocation(this X509Certificate2 c)", Doc: "Whether a chain leads from the certificate to a trusted root; revocation is not looked up.", Effects: value.ReadsClock, Func: check},
			{Sig: "static bool Verify(this X509Certificate2 c)", Doc: "Whether a chain leads from the certificate to a trusted root.", Effects: value.ReadsClock, Func: check},
		}},
	}
}
