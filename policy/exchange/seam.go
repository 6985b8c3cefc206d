package exchange

import (
	"context"
	"crypto/tls"
	"time"
)

// Sink is where an answer goes: the listener's side of the exchange. The
// calls come in the order Head, Chunk any number of times, then End or Abort
// once. Each Chunk has left for the client when it returns. An error means
// that the client is gone.
type Sink interface {
	// Head sends status and headers. It is the commit point: nothing is
	// retried after it.
	Head(h *ResponseHead) error
	Chunk(b []byte) error
	// End completes the answer.
	End() error
	// Abort ends it so that the client can tell it from a complete one.
	Abort()
}

// ResponseHead is the first part of an answer on its way out.
type ResponseHead struct {
	Status int
	Reason string // "" means the standard phrase
	Header Header
	Length int64 // -1 when not known
}

// Outbound is one request to a backend, complete: nothing is added to it but
// what the protocol itself needs (length or chunking). It is read, never
// changed, by the upstream.
type Outbound struct {
	Method string
	URL    URL
	Host   string // Host header; "" means the URL's authority
	Header Header
	Body   *Body

	// HTTPVersion is "1", "2" or "2or1" (APIM's http-version).
	HTTPVersion string
	// FollowRedirects lets the upstream follow 3xx answers itself.
	FollowRedirects bool
	// CheckRedirect says whether a redirect may be followed to an address; nil
	// allows all. The upstream leaves credentials behind when the host changes.
	CheckRedirect func(URL) error
	// SkipChain and SkipName switch off the checks of the backend's certificate.
	SkipChain, SkipName bool
	// Pins are what the backend's certificate has to be, in the place of the
	// check of its chain; nil for none.
	Pins *Pins
	// Identity is what the gateway shows when the backend asks for a certificate;
	// nil for none.
	Identity *Identity
	// Proxy is the URL of an HTTP proxy, or "".
	Proxy, ProxyUser, ProxyPassword string
	// ContinueTimeout bounds the wait for 100 Continue; 0 means none is asked for.
	ContinueTimeout time.Duration
}

// Pins name the certificates that a backend may show. One of the pins has to
// hold. They are immutable.
type Pins struct {
	// ID is the same for pins that are the same: connections are kept by it.
	ID string
	// Thumbprints are SHA-1 hashes of certificates: the backend's own or one that
	// it shows with it.
	Thumbprints [][20]byte
	// Names are subjects of the backend's own certificate, each with the SHA-1
	// hash of a certificate above it, which may be zero: then one of the known
	// authorities has to stand above it.
	Names []struct {
		Name   string
		Issuer [20]byte
	}
}

// Identity is the certificates, each with its private key, of which the gateway
// shows the first that a backend takes. It is immutable.
type Identity struct {
	// ID is the same for certificates that are the same.
	ID           string
	Certificates []tls.Certificate
}

// Inbound is the answer of a backend: its head, and a body that is usually
// streaming.
type Inbound struct {
	Status int
	Reason string
	Header Header
	Body   *Body
	// Unframed says that the body ends with its connection, so that nothing tells
	// a complete one from one that was cut.
	Unframed bool
}

// Upstream sends one request to one backend. It returns when the answer's head
// has come. The error, if any, is a *Failure, or the context's error when ctx
// ended first. Cancelling ctx ends the request at the backend, also while the
// body is read. Implementations are safe for concurrent use.
type Upstream interface {
	Send(ctx context.Context, out *Outbound) (*Inbound, error)
}

// FailureKind says at which step a backend could not be talked to.
type FailureKind int

// The kinds of failure, in the order they can happen.
const (
	FailedDNS FailureKind = iota
	FailedConnect
	FailedConnectTimeout
	FailedTLS
	FailedRefusedAddress // the address is one that egress rules forbid
	FailedReset          // the connection ended before the head was complete
	FailedProtocol       // the answer was not HTTP, or malformed
)

// String is the word for logs and metrics.
func (k FailureKind) String() string {
	switch k {
	case FailedDNS:
		return "dns"
	case FailedConnect:
		return "connect_refused"
	case FailedConnectTimeout:
		return "connect_timeout"
	case FailedTLS:
		return "tls"
	case FailedRefusedAddress:
		return "egress_denied"
	case FailedReset:
		return "reset"
	default:
		return "protocol"
	}
}

// Failure is a backend that could not be talked to: LastError's
// BackendConnectionFailure. Err's text holds no secret.
type Failure struct {
	Kind FailureKind
	Err  error
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.Err }
