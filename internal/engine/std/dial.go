package std

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// errAddress says that a name led to an address where nobody may be sent.
var errAddress = errors.New("the address is one that requests may not go to")

// dialer makes connections. It looks at the address that is really dialled,
// after the name has been resolved, so that no name can lead where no address
// may (spec: reliability.md 25 and 43).
type dialer struct {
	timeout  time.Duration
	metadata bool
	names    *names

	mu      sync.Mutex
	allowed map[string]bool // names that may lead to this machine
}

func newDialer(o TransportOptions) *dialer {
	return &dialer{timeout: o.ConnectTimeout, metadata: o.Metadata, names: newNames(o)}
}

// DialContext connects to the first address that answers. The time-out is for
// all of them together.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := d.names.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var first error
	for i, a := range addresses {
		// Each address but the last gets its share of the time.
		share, done := ctx, func() {}
		if end, ok := ctx.Deadline(); ok && i < len(addresses)-1 {
			share, done = context.WithTimeout(ctx, time.Until(end)/time.Duration(len(addresses)-i))
		}
		n := net.Dialer{KeepAlive: 15 * time.Second, ControlContext: d.control(host)}
		c, err := n.DialContext(share, network, net.JoinHostPort(a.String(), port))
		done()
		if err == nil {
			return c, nil
		}
		if first == nil || errors.Is(first, errAddress) {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func (d *dialer) control(host string) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !d.permits(host, a.Addr()) {
			return errAddress
		}
		return nil
	}
}

// awsMetadata is a metadata service that is not link-local.
var awsMetadata = netip.MustParseAddr("fd00:ec2::254")

// permits says whether a host may lead to an address. Link-local ones, among
// them the cloud's metadata service, are for nobody. This machine is for those
// who name it: an address, localhost, or a name that the settings allow.
func (d *dialer) permits(host string, a netip.Addr) bool {
	a = a.Unmap()
	if a.IsLinkLocalUnicast() || a == awsMetadata {
		return d.metadata
	}
	if a.IsMulticast() {
		return false
	}
	if !a.IsLoopback() && !a.IsUnspecified() {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	d.mu.Lock()
	defer d.mu.Unlock()
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || d.allowed[name]
}

// handshake is a TLS connection whose certificate is checked otherwise than
// usual: in part only, its chain or its name, or against pins.
func (d *dialer) handshake(ctx context.Context, address string, c *tls.Config, timeout time.Duration, pins *exchange.Pins, skipChain, skipName bool) (net.Conn, error) {
	raw, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(address)
	c = c.Clone()
	c.ServerName = host
	c.InsecureSkipVerify = true //nolint:gosec // the backend entity asks for it; what it does not switch off is checked here
	c.VerifyConnection = func(s tls.ConnectionState) error {
		return verified(s, host, c.RootCAs, pins, skipChain, skipName)
	}
	conn := tls.Client(raw, c)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, &handshakeError{err}
	}
	return conn, nil
}

// errPins says that a certificate is none of those that were named.
var errPins = errors.New("x509: the certificate is none of those that the backend is known by")

// verified is verify with the certificate in its error.
func verified(s tls.ConnectionState, host string, roots *x509.CertPool, pins *exchange.Pins, skipChain, skipName bool) error {
	if err := verify(s, host, roots, pins, skipChain, skipName); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	return nil
}

// verify checks what a backend has shown. A thumbprint takes the place of the
// chain; a pinned name takes that of the host's, and with its issuer's thumbprint
// that of the chain, too.
func verify(s tls.ConnectionState, host string, roots *x509.CertPool, pins *exchange.Pins, skipChain, skipName bool) error {
	leaf := s.PeerCertificates[0]
	if pins != nil {
		named := false
		for _, p := range pins.Names {
			if leaf.Subject.CommonName != p.Name {
				continue
			}
			if p.Issuer != [20]byte{} {
				if shows(s.PeerCertificates, p.Issuer) > 0 {
					return nil
				}
				continue
			}
			named = true
		}
		switch {
		case slices.ContainsFunc(pins.Thumbprints, func(want [20]byte) bool { return shows(s.PeerCertificates, want) >= 0 }):
			skipChain = true
		case named:
			skipName = true
		default:
			return errPins
		}
	}
	if !skipName {
		if err := leaf.VerifyHostname(host); err != nil {
			return err
		}
	}
	if skipChain {
		return nil
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(cert)
	}
	_, err := leaf.Verify(o)
	return err
}

// shows is which of the certificates has that hash, -1 for none. One that is not
// the first must have signed the one before it: anybody can show anybody's
// certificate.
func shows(shown []*x509.Certificate, want [20]byte) int {
	for i, c := range shown {
		if i > 0 && shown[i-1].CheckSignatureFrom(c) != nil {
			return -1
		}
		if sha1.Sum(c.Raw) == want {
			return i
		}
	}
	return -1
}

// handshakeError tells failed handshakes from failed connections.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }
