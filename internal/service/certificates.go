package service

import (
	gocrypto "crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl/crypto"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/source"
)

// certificates opens those that spillway.yaml names. Problems say which one
// cannot be used, and nothing of what is in it.
func (l *Loaded) certificates(w World, o *gateway.Settings) source.Problems {
	o.StandIns = w.StandIns
	if w.StandIns {
		for id := range l.Settings.Certificates {
			o.Certificates = append(o.Certificates, backend.Certificate{ID: id})
		}
		return nil
	}
	list, problems := l.Settings.CertificateData(settings.World{Env: w.Env, File: w.File, Region: w.Region})
	for _, c := range list {
		own, shown, err := open(c)
		if err != nil {
			problems = append(problems, l.Settings.Problem("certificate", "certificates."+c.ID+": "+err.Error(), "certificates", c.ID))
			continue
		}
		o.Certificates, o.Shown = append(o.Certificates, backend.Certificate{ID: c.ID, TLS: own}), append(o.Shown, shown)
	}
	// One that cannot be had is told of once, and not again by those who name it.
	for id := range l.Settings.Certificates {
		if !slices.ContainsFunc(o.Certificates, func(c backend.Certificate) bool { return c.ID == id }) {
			o.Certificates, o.StandIns = append(o.Certificates, backend.Certificate{ID: id}), true
		}
	}
	return problems
}

// open reads a certificate with its private key, for handshakes and for
// expressions; these see the key of a PKCS #12 file alone.
func open(c settings.CertificateData) (tls.Certificate, exchange.Certificate, error) {
	var own tls.Certificate
	shown := exchange.Certificate{ID: c.ID}
	content := c.Content
	if text := append(append([]byte(nil), content...), c.Key...); strings.Contains(string(text), "-----BEGIN ") {
		own, err := fromPEM(text)
		if err == nil {
			shown.DER = own.Certificate[0]
		}
		return own, shown, err
	}
	if c.FromVariable {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(content)), ""))
		if err != nil {
			return own, shown, errors.New("the variable holds neither PEM blocks nor Base64")
		}
		content = der
	}
	chain, key, err := crypto.ReadPFX(content, c.Password)
	if err != nil {
		return own, shown, err
	}
	shown.PFX, shown.Password = content, c.Password
	own, err = pair(chain, key)
	return own, shown, err
}

// fromPEM reads certificates, that of the key first, and the key, in any order.
func fromPEM(text []byte) (tls.Certificate, error) {
	var chain [][]byte
	var key gocrypto.PrivateKey
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		var err error
		switch block.Type {
		case "CERTIFICATE":
			chain = append(chain, block.Bytes)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			err = errors.New("an encrypted private key can be read from a PKCS #12 file alone")
		}
		if err != nil {
			return tls.Certificate{}, err
		}
	}
	return pair(chain, key)
}

// pair puts a certificate and its key together. The certificate that belongs to
// the key is moved to the front.
func pair(chain [][]byte, key gocrypto.PrivateKey) (tls.Certificate, error) {
	signer, ok := key.(gocrypto.Signer)
	switch {
	case len(chain) == 0:
		return tls.Certificate{}, errors.New("there is no certificate in it")
	case !ok:
		return tls.Certificate{}, errors.New("there is no private key with the certificate")
	}
	for i, der := range chain {
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return tls.Certificate{}, err
		}
		if public, ok := leaf.PublicKey.(interface{ Equal(gocrypto.PublicKey) bool }); ok && public.Equal(signer.Public()) {
			copy(chain[1:i+1], chain[:i])
			chain[0] = der
			return tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}, nil
		}
	}
	return tls.Certificate{}, errors.New("the private key belongs to none of the certificates")
}
