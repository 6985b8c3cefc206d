package builtin

import (
	gocrypto "crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"

	"github.com/spillway-gateway/spillway/expr/bcl/crypto"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func authenticationCertificate(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "authentication-certificate",
			Doc:  "Shows a certificate to the backend when it asks for one.",
			Attributes: []policy.Attribute{
				{Name: "thumbprint", Expression: true, Doc: "The thumbprint of a certificate of the service."},
				{Name: "certificate-id", Expression: true, Doc: "The id of a certificate of the service."},
				{Name: "body", Type: policy.Content, Expression: true, Doc: "The certificate itself, with its key, as the bytes of a PKCS #12 file."},
				{Name: "password", Expression: true, Doc: "The password of body."},
			},
		},
		Sections:  policy.Inbound,
		InMessage: true,
		Compile: func(e *policy.Element) policy.Step {
			step := &certificateStep{
				find: s.Certificates, target: e.Target(),
				thumbprint: e.Value("thumbprint"), id: e.Value("certificate-id"), body: e.Value("body"), password: e.Value("password"),
			}
			given := 0
			for _, name := range []string{"thumbprint", "certificate-id", "body"} {
				if !e.Has(name) {
					continue
				}
				given++
				v := e.Value(name)
				if name == "body" || !v.IsLiteral() || e.Loose() || s.Certificates == nil {
					continue
				}
				if step.find(step.id.Literal(), step.thumbprint.Literal()) == nil {
					e.ProblemAt(name, "unknown-certificate", "there is no certificate %s", v.Literal()).
						WithHint("spillway.yaml, certificates, gives the service its certificates: a file or a variable of the environment each")
				}
			}
			if given != 1 {
				e.Problem("missing-attribute", "authentication-certificate needs one of the attributes thumbprint, certificate-id and body")
				return nil
			}
			return step
		},
	}
}

type certificateStep struct {
	find                           func(id, thumbprint string) *exchange.Identity
	target                         policy.Target
	thumbprint, id, body, password *policy.Value

	// opened is the last file that was opened, which takes long on purpose.
	mu     sync.Mutex
	sum    [sha256.Size]byte
	opened *exchange.Identity
}

func (s *certificateStep) Run(r *policy.Run) error {
	identity, err := s.identity(r)
	if err != nil {
		return err
	}
	if q := r.Request(s.target); q != nil {
		q.Identity = identity
	}
	r.Trace("The request shows a certificate when it is asked for one.")
	return nil
}

func (s *certificateStep) identity(r *policy.Run) (*exchange.Identity, error) {
	if s.body != nil {
		return s.fromFile(r)
	}
	id, err := s.id.String(r)
	if err != nil {
		return nil, err
	}
	thumbprint, err := s.thumbprint.String(r)
	if err != nil {
		return nil, err
	}
	if s.find != nil {
		if identity := s.find(id, thumbprint); identity != nil {
			return identity, nil
		}
	}
	return nil, r.Error(exchange.ReasonValueNotAllowed, "There is no certificate '"+id+thumbprint+"'.")
}

func (s *certificateStep) fromFile(r *policy.Run) (*exchange.Identity, error) {
	data, err := s.body.Content(r)
	if err != nil {
		return nil, err
	}
	password, err := s.password.String(r)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(append([]byte(nil), data...), "\x00"+password...))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil || s.sum != sum {
		own, err := openPFX(data, password)
		if err != nil {
			e := r.Error(exchange.ReasonValueNotAllowed, "The certificate cannot be used: "+err.Error()+".")
			e.Err = err
			return nil, e
		}
		s.sum, s.opened = sum, &exchange.Identity{ID: string(sum[:]), Certificates: []tls.Certificate{own}}
	}
	return s.opened, nil
}

// openPFX reads a certificate with its key, that of the key first.
func openPFX(data []byte, password string) (tls.Certificate, error) {
	chain, key, err := crypto.ReadPFX(data, password)
	if err != nil {
		return tls.Certificate{}, err
	}
	signer, ok := key.(gocrypto.Signer)
	if !ok {
		return tls.Certificate{}, errors.New("there is no private key with the certificate")
	}
	for i, der := range chain {
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return tls.Certificate{}, err
		}
		if public, ok := leaf.PublicKey.(interface{ Equal(gocrypto.PublicKey) bool }); ok && public.Equal(signer.Public()) {
			chain[0], chain[i] = chain[i], chain[0]
			return tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}, nil
		}
	}
	return tls.Certificate{}, errors.New("the private key belongs to none of the certificates")
}
