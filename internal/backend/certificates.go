package backend

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/source"
)

// Certificate is one of the service's, with its private key.
type Certificate struct {
	ID  string
	TLS tls.Certificate
}

// Client is what a backend is shown when it asks for a certificate. Like Pins it
// has the fields of the type of its kind in package exchange, which stands above
// this one, so that one converts to the other.
type Client struct {
	// ID is the same for certificates that are the same.
	ID           string
	Certificates []tls.Certificate
}

// Pins are the certificates that a backend may show; one of them has to hold.
type Pins struct {
	// ID is the same for pins that are the same.
	ID          string
	Thumbprints [][20]byte
	Names       []struct {
		Name   string
		Issuer [20]byte
	}
}

// Find is the certificate of that id, or, where there is none, of that
// thumbprint; nil where there is no such.
func Find(list []Certificate, id, print string) *Client {
	hash, err := thumbprint(print)
	for i := range list {
		one := &list[i]
		if id != "" && strings.EqualFold(apim.Tail(id), one.ID) ||
			id == "" && err == nil && len(one.TLS.Certificate) > 0 && sha1.Sum(one.TLS.Certificate[0]) == hash {
			sum := sha256.New()
			for _, der := range one.TLS.Certificate {
				sum.Write(der)
			}
			return &Client{ID: string(sum.Sum(nil)), Certificates: []tls.Certificate{one.TLS}}
		}
	}
	return nil
}

// client looks up the certificates that the credentials name: by id, or, where
// there are no ids, by thumbprint (spec: policies.md 3.1).
func (r *reader) client(c *apim.Credentials, w *World) *Client {
	refs, what := c.CertificateIDs, "certificate "
	find := func(ref string, one *Certificate) bool { return strings.EqualFold(apim.Tail(ref), one.ID) }
	if len(refs) == 0 {
		refs, what = c.Certificates, "certificate with the thumbprint "
		find = func(ref string, one *Certificate) bool {
			hash, err := thumbprint(ref)
			return err == nil && len(one.TLS.Certificate) > 0 && sha1.Sum(one.TLS.Certificate[0]) == hash
		}
	}
	if len(refs) == 0 {
		return nil
	}
	own := &Client{}
	id := sha256.New()
	for _, ref := range refs {
		ref = r.text("certificate", ref, "credentials")
		found := false
		for i := range w.Certificates {
			if one := &w.Certificates[i]; find(ref, one) {
				found = true
				own.Certificates = append(own.Certificates, one.TLS)
				for _, der := range one.TLS.Certificate {
					id.Write(der)
				}
				break
			}
		}
		if !found && !(w.StandIns && len(c.CertificateIDs) == 0 && len(w.Certificates) > 0) {
			r.fail("unknown-certificate", "there is no "+what+ref, "spillway.yaml, certificates, gives the service its certificates: a file or a variable of the environment each")
		}
	}
	own.ID = string(id.Sum(nil))
	return own
}

// pins reads what the certificate of a backend has to be.
func (r *reader) pins(t *apim.TLS) *Pins {
	if len(t.ServerCertificateThumbprints) == 0 && len(t.ServerX509Names) == 0 {
		return nil
	}
	p := &Pins{}
	hash := func(what, text string) [20]byte {
		h, err := thumbprint(r.text(what, text, "tls"))
		if err != nil {
			r.fail("wrong-value", "tls, "+what+": "+err.Error(), "")
		}
		return h
	}
	var id strings.Builder
	for _, text := range t.ServerCertificateThumbprints {
		h := hash("serverCertificateThumbprints", text)
		p.Thumbprints = append(p.Thumbprints, h)
		id.Write(h[:])
	}
	for _, n := range t.ServerX509Names {
		one := struct {
			Name   string
			Issuer [20]byte
		}{Name: r.text("serverX509Names", n.Name, "tls", "serverX509Names")}
		if n.IssuerCertificateThumbprint != "" {
			one.Issuer = hash("issuerCertificateThumbprint", n.IssuerCertificateThumbprint)
		}
		p.Names = append(p.Names, one)
		fmt.Fprintf(&id, "\x00%q%s", one.Name, one.Issuer[:])
	}
	p.ID = id.String()
	return p
}

// thumbprint reads a SHA-1 hash as tools print it: in hexadecimal digits, with
// spaces or colons or without, and with the invisible mark that Windows' dialog
// puts before it.
func thumbprint(text string) (hash [20]byte, err error) {
	digits := strings.NewReplacer(" ", "", ":", "", "\u200e", "").Replace(text)
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(hash) {
		return hash, fmt.Errorf("a thumbprint is a SHA-1 hash, 40 hexadecimal digits")
	}
	copy(hash[:], b)
	return hash, nil
}

// fail keeps the first thing that is wrong.
func (r *reader) fail(code, message, hint string) {
	if r.problems != nil { // a value that is missing is no wrong one
		return
	}
	b := r.backend
	r.problems = source.Problems{{File: b.Origin.File, Span: b.Origin.Span, Code: code, Message: "backend " + b.Name + ": " + message, Hint: hint}}
}
