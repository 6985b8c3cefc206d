package std

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// authority signs certificates.
type authority struct {
	tls.Certificate
	cert *x509.Certificate
}

// certify makes a certificate by that name; by is nil for an authority of its own.
func certify(t *testing.T, name string, by *authority, isCA bool) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true, IsCA: isCA,
	}
	if isCA {
		c.KeyUsage |= x509.KeyUsageCertSign
	}
	parent, signer, chain := c, key, [][]byte(nil)
	if by != nil {
		parent, signer, chain = by.cert, by.PrivateKey.(*ecdsa.PrivateKey), by.Certificate.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{tls.Certificate{Certificate: append([][]byte{der}, chain...), PrivateKey: key, Leaf: cert}, cert}
}

func (a *authority) hash() [20]byte { return sha1.Sum(a.cert.Raw) }

func pool(of *authority) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(of.cert)
	return p
}

// secure is a server that shows own and asks for clients' certificates by roots,
// nil for not at all; it answers with the name of the client. What is to be set
// before it starts can be.
func secure(t *testing.T, own tls.Certificate, roots *x509.CertPool, before ...func(*http.Server)) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = io.WriteString(w, name)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}}
	if roots != nil {
		s.TLS.ClientCAs, s.TLS.ClientAuth = roots, tls.RequireAndVerifyClientCert
	}
	for _, f := range before {
		f(s.Config)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// tunnel is a web proxy.
func tunnel(t *testing.T) string {
	return raw(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil || r.Method != http.MethodConnect {
			return
		}
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(to, c); _ = to.Close() })
		both.Go(func() { _, _ = io.Copy(c, to); _ = c.Close() })
		both.Wait()
	})
}

func identity(of ...*authority) *exchange.Identity {
	i := &exchange.Identity{}
	for _, a := range of {
		i.ID += string(a.Certificate.Certificate[0])
		i.Certificates = append(i.Certificates, a.Certificate)
	}
	return i
}

func TestClientCertificates(t *testing.T) {
	servers, clients, strangers := certify(t, "servers", nil, true), certify(t, "clients", nil, true), certify(t, "strangers", nil, true)
	s := secure(t, certify(t, "region", servers, false).Certificate, pool(clients))
	open := secure(t, certify(t, "open", servers, false).Certificate, nil)
	tr := NewTransport(TransportOptions{Roots: pool(servers)})
	defer tr.CloseIdle()
	first, second, alien := certify(t, "first", clients, false), certify(t, "second", clients, false), certify(t, "alien", strangers, false)
	proxy := "http://" + tunnel(t)
	for _, c := range []struct {
		name  string
		url   string
		shown *exchange.Identity
		edit  func(*exchange.Outbound)
		want  string // "" is a failed handshake
	}{
		{"one", s.URL, identity(first), nil, "first"},
		{"another over the same transport", s.URL, identity(second), nil, "second"},
		{"none", s.URL, nil, nil, ""},
		{"of another authority", s.URL, identity(alien), nil, ""},
		{"the one that is taken", s.URL, identity(alien, second), nil, "second"},
		{"over HTTP/2", s.URL, identity(first), func(o *exchange.Outbound) { o.HTTPVersion = "2" }, "first"},
		{"the backend's own unchecked", s.URL, identity(first), func(o *exchange.Outbound) { o.SkipChain, o.SkipName = true, true }, "first"},
		{"through a proxy", s.URL, identity(first), func(o *exchange.Outbound) { o.Proxy = proxy }, "first"},
		{"not asked for", open.URL, identity(first), nil, "nobody"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // the second over a connection that is kept
				out := outbound("POST", c.url, []byte("{}"))
				out.Identity = c.shown
				if c.edit != nil {
					c.edit(out)
				}
				in, err := tr.Send(t.Context(), out)
				var f *exchange.Failure
				if c.want == "" {
					// In TLS 1.3 the backend refuses when the handshake is over for its
					// client: by an alert, which the end of the connection may overtake.
					if !errors.As(err, &f) || f.Kind != exchange.FailedTLS && f.Kind != exchange.FailedReset {
						t.Fatalf("got %v, %v", in, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if b, err := readAll(t, in); err != nil || string(b) != c.want {
					t.Errorf("the backend saw %q, %v", b, err)
				}
			}
		})
	}
}

// What the gateway shows one backend it does not show the one that this leads to,
// nor does it trust that one for what it does not check of the first.
func TestRedirectShowsNothing(t *testing.T) {
	servers := certify(t, "servers", nil, true)
	clients := certify(t, "clients", nil, true)
	own := certify(t, "region", servers, false).Certificate
	var seen atomic.Int32
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen.Store(int32(len(r.TLS.PeerCertificates)) + 1) }))
	other.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert}
	other.Config.ErrorLog = log.New(io.Discard, "", 0)
	other.StartTLS()
	defer other.Close()
	s := httptest.NewUnstartedServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: pool(clients), ClientAuth: tls.RequireAndVerifyClientCert}
	s.StartTLS()
	defer s.Close()
	for _, c := range []struct {
		name string
		tr   *Transport
		skip bool
		seen int32 // certificates and 1; 0 for no request
	}{
		{"to a backend that can be trusted", NewTransport(TransportOptions{Roots: pool(servers)}), false, 1},
		{"to one that cannot", NewTransport(TransportOptions{Roots: pool(clients)}), true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer c.tr.CloseIdle()
			seen.Store(0)
			out := outbound("GET", s.URL, nil)
			out.Identity, out.FollowRedirects, out.SkipChain = identity(certify(t, "gateway", clients, false)), true, c.skip
			in, err := c.tr.Send(t.Context(), out)
			if err == nil {
				_, err = readAll(t, in)
			}
			if seen.Load() != c.seen || (err == nil) != (c.seen > 0) {
				t.Errorf("%d, %v", seen.Load(), err)
			}
		})
	}
}

// named is a pinned name.
func named(name string, issuer [20]byte) (p exchange.Pins) {
	p.Names = append(p.Names, struct {
		Name   string
		Issuer [20]byte
	}{name, issuer})
	p.ID = name + string(issuer[:])
	return p
}

func TestPins(t *testing.T) {
	root, private, bad := certify(t, "root", nil, true), certify(t, "private", nil, true), certify(t, "bad", nil, true)
	middle := certify(t, "middle", private, true)
	known, hidden, alone := certify(t, "region", root, false), certify(t, "region", middle, false), certify(t, "region", nil, false)
	forged := certify(t, "region", bad, false)
	// It shows the certificate of an authority that has not signed its own.
	forged.Certificate.Certificate = append(forged.Certificate.Certificate[:1:1], private.Certificate.Certificate...)
	thumb := func(of ...*authority) (p exchange.Pins) {
		for _, a := range of {
			h := a.hash()
			p.Thumbprints, p.ID = append(p.Thumbprints, h), p.ID+string(h[:])
		}
		return p
	}
	proxy := "http://" + tunnel(t)
	for _, c := range []struct {
		name     string
		own      *authority
		pins     exchange.Pins
		skipName bool
		ok       bool
	}{
		{"its own", known, thumb(known), false, true},
		{"its own, which no authority has signed", alone, thumb(alone), false, true},
		{"its own among others", hidden, thumb(bad, hidden), false, true},
		{"its authority's", hidden, thumb(middle), false, true},
		{"the authority above", hidden, thumb(private), false, true},
		{"another's", known, thumb(alone), false, false},
		{"a shown one that has not signed", forged, thumb(private), false, false},
		{"a name under a known authority", known, named("region", [20]byte{}), false, true},
		{"a name under an unknown one", hidden, named("region", [20]byte{}), false, false},
		{"a name that nobody vouches for", alone, named("region", [20]byte{}), false, false},
		{"a name under the authority that was named", hidden, named("region", middle.hash()), false, true},
		{"a name under one that has not signed", forged, named("region", private.hash()), false, false},
		{"a name that is its own authority", alone, named("region", alone.hash()), false, false},
		{"another name", known, named("other", [20]byte{}), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := secure(t, c.own.Certificate, nil)
			for _, way := range []string{"", proxy} {
				tr := NewTransport(TransportOptions{Roots: pool(root)})
				defer tr.CloseIdle()
				out := outbound("GET", s.URL, nil)
				out.Pins, out.SkipName, out.Proxy = &c.pins, c.skipName, way
				in, err := tr.Send(t.Context(), out)
				var f *exchange.Failure
				switch {
				case c.ok && err != nil, !c.ok && (!errors.As(err, &f) || f.Kind != exchange.FailedTLS):
					t.Errorf("through %q: %v", way, err)
				case c.ok:
					_, _ = readAll(t, in)
				}
			}
		})
	}
	// The name of the host counts beside a thumbprint, unless it is switched off.
	s := secure(t, certify(t, "region", root, false).Certificate, nil)
	tr := NewTransport(TransportOptions{})
	defer tr.CloseIdle()
	out := outbound("GET", "https://localhost:"+strconv.Itoa(port(t, s.URL)), nil)
	pins := thumb(&authority{cert: s.TLS.Certificates[0].Leaf})
	out.Pins = &pins
	if _, err := tr.Send(t.Context(), out); err == nil {
		t.Error("a certificate for another host")
	}
	out.SkipName = true
	in, err := tr.Send(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = readAll(t, in)
}

// A service that is read again has certificates of its own; connections are kept
// by what these are.
func TestConnectionsOutliveCertificates(t *testing.T) {
	servers, clients := certify(t, "servers", nil, true), certify(t, "clients", nil, true)
	var opened atomic.Int32
	s := secure(t, certify(t, "region", servers, false).Certificate, pool(clients), func(s *http.Server) {
		s.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
	})
	one := certify(t, "one", clients, false)
	tr := NewTransport(TransportOptions{Roots: pool(servers)})
	defer tr.CloseIdle()
	for range 5 {
		out := outbound("GET", s.URL, nil)
		out.Identity = identity(one)
		in, err := tr.Send(t.Context(), out)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = readAll(t, in)
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for five requests", n)
	}
}
