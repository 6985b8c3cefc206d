package std

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// TransportOptions bound what a transport does. Zero fields take the default in
// brackets.
type TransportOptions struct {
	ConnectTimeout time.Duration // for one connection (2 s)
	TLSTimeout     time.Duration // for one handshake (3 s)
	// Metadata lets connections to link-local addresses through, among them the
	// cloud's metadata service.
	Metadata bool
	// IdlePerHost is how many unused connections to one host are kept (256).
	IdlePerHost int
}

// Transport sends requests to backends. It is safe for concurrent use; its
// connections outlive the services that use them.
type Transport struct {
	options TransportOptions
	dialer  net.Dialer
	mu      sync.Mutex
	by      map[transportKey]*http.Transport
}

type transportKey struct {
	version             string
	skipChain, skipName bool
	proxy, user, pass   string
	wait                time.Duration
}

// errAddress says that a name led to an address that nobody may be sent to.
var errAddress = errors.New("the address is link-local: metadata services are not for policies")

// NewTransport is a transport without connections.
func NewTransport(o TransportOptions) *Transport {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 2 * time.Second
	}
	if o.TLSTimeout == 0 {
		o.TLSTimeout = 3 * time.Second
	}
	if o.IdlePerHost == 0 {
		o.IdlePerHost = 256
	}
	t := &Transport{options: o, by: map[transportKey]*http.Transport{}}
	t.dialer = net.Dialer{Timeout: o.ConnectTimeout, KeepAlive: 15 * time.Second, Control: t.check}
	return t
}

// check looks at the address that is really dialled, after names have been
// resolved, so that no name can lead where no address may.
func (t *Transport) check(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || t.options.Metadata {
		return nil
	}
	ip := a.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip == netip.MustParseAddr("fd00:ec2::254") {
		return errAddress
	}
	return nil
}

// CloseIdle closes the connections that are not in use.
func (t *Transport) CloseIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.by {
		h.CloseIdleConnections()
	}
}

func (t *Transport) transport(out *exchange.Outbound) (*http.Transport, error) {
	key := transportKey{out.HTTPVersion, out.SkipChain, out.SkipName, out.Proxy, out.ProxyUser, out.ProxyPassword, out.ContinueTimeout}
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.by[key]; h != nil {
		return h, nil
	}
	h := &http.Transport{
		DialContext:            t.dialer.DialContext,
		TLSHandshakeTimeout:    t.options.TLSTimeout,
		TLSClientConfig:        tlsConfig(out.SkipChain, out.SkipName),
		DisableCompression:     true,
		MaxIdleConns:           0,
		MaxIdleConnsPerHost:    t.options.IdlePerHost,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		ExpectContinueTimeout:  out.ContinueTimeout,
		ForceAttemptHTTP2:      out.HTTPVersion == "2" || out.HTTPVersion == "2or1",
		ReadBufferSize:         chunkBytes,
	}
	if !h.ForceAttemptHTTP2 {
		h.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	if out.Proxy != "" {
		u, err := url.Parse(out.Proxy)
		if err != nil || u.Host == "" {
			return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("the backend's proxy is not a URL")}
		}
		h.Proxy = http.ProxyURL(u)
		if out.ProxyUser != "" {
			h.ProxyConnectHeader = http.Header{"Proxy-Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(out.ProxyUser+":"+out.ProxyPassword))}}
			u.User = url.UserPassword(out.ProxyUser, out.ProxyPassword)
		}
	}
	t.by[key] = h
	return h, nil
}

// tlsConfig switches off the checks that a backend does not want. Each can be
// off by itself: the chain is then not verified but the name is, or the other
// way round.
func tlsConfig(skipChain, skipName bool) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if !skipChain && !skipName {
		return c
	}
	c.InsecureSkipVerify = true //nolint:gosec // the backend entity asks for it; the other check follows below
	switch {
	case skipChain && skipName:
	case skipChain:
		c.VerifyConnection = func(s tls.ConnectionState) error {
			return s.PeerCertificates[0].VerifyHostname(s.ServerName)
		}
	default:
		c.VerifyConnection = func(s tls.ConnectionState) error {
			o := x509.VerifyOptions{Intermediates: x509.NewCertPool()}
			for _, cert := range s.PeerCertificates[1:] {
				o.Intermediates.AddCert(cert)
			}
			_, err := s.PeerCertificates[0].Verify(o)
			return err
		}
	}
	return c
}

// maxRedirects is how many redirects are followed where they are at all.
const maxRedirects = 10

// Send implements exchange.Upstream.
func (t *Transport) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	h, err := t.transport(out)
	if err != nil {
		return nil, err
	}
	req, err := httpRequest(ctx, out)
	if err != nil {
		return nil, &exchange.Failure{Kind: exchange.FailedProtocol, Err: err}
	}
	for redirects := 0; ; redirects++ {
		resp, err := h.RoundTrip(req)
		if err != nil {
			return nil, failure(ctx, err)
		}
		if out.FollowRedirects && redirects < maxRedirects {
			next, err := redirect(req, resp)
			if err != nil {
				_ = resp.Body.Close()
				return nil, &exchange.Failure{Kind: exchange.FailedProtocol, Err: err}
			}
			if next != nil {
				_, _ = io.CopyN(io.Discard, resp.Body, chunkBytes)
				_ = resp.Body.Close()
				req = next
				continue
			}
		}
		return inbound(resp), nil
	}
}

func httpRequest(ctx context.Context, out *exchange.Outbound) (*http.Request, error) {
	path, err := url.PathUnescape(out.URL.Path)
	if err != nil {
		return nil, errors.New("the backend URL's path is not properly encoded")
	}
	req := (&http.Request{
		Method: out.Method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL:    &url.URL{Scheme: out.URL.Scheme, Host: out.URL.Authority(), Path: path, RawPath: out.URL.Path, RawQuery: out.URL.Query},
		Header: make(http.Header, len(out.Header)), Host: out.Host,
	}).WithContext(ctx)
	for _, f := range out.Header {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		req.Header[name] = append(req.Header[name], f.Value)
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // none instead of Go's
	}
	if out.ContinueTimeout > 0 && out.Body.Kind() != exchange.Absent {
		req.Header["Expect"] = []string{"100-continue"}
	}
	switch out.Body.Kind() {
	case exchange.Buffered:
		b := out.Body.Bytes()
		req.ContentLength = int64(len(b))
		if len(b) == 0 {
			req.Body = http.NoBody
			sent(out)
			break
		}
		// net/http may send it again by itself, if a kept connection was closed
		// before anything had gone out.
		req.GetBody = func() (io.ReadCloser, error) {
			return &sentBody{Reader: bytes.NewReader(b), out: out}, nil
		}
		req.Body, _ = req.GetBody()
	case exchange.Streaming:
		s, err := out.Body.Open()
		if err != nil {
			return nil, err
		}
		req.ContentLength = out.Body.Length()
		req.Body = &sentBody{Reader: &streamReader{ctx: ctx, stream: s}, out: out}
	default:
		sent(out)
	}
	return req, nil
}

func sent(out *exchange.Outbound) {
	if out.BodySent != nil {
		out.BodySent()
	}
}

// sentBody tells when a request body has been read to its end.
type sentBody struct {
	io.Reader
	out *exchange.Outbound
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		sent(b.out)
	}
	return n, err
}

// Close does not close the caller's stream, which its owner closes.
func (b *sentBody) Close() error { return nil }

// streamReader is a stream of chunks as an io.Reader.
type streamReader struct {
	ctx    context.Context
	stream exchange.Stream
	rest   []byte
	end    error
}

func (r *streamReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.end != nil {
			return 0, r.end
		}
		r.rest, r.end = r.stream.Next(r.ctx)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func inbound(resp *http.Response) *exchange.Inbound {
	in := &exchange.Inbound{Status: resp.StatusCode, Body: exchange.NoBody()}
	if _, reason, ok := strings.Cut(resp.Status, " "); ok {
		in.Reason = reason
	}
	in.Header = appendHeader(make(exchange.Header, 0, len(resp.Header)), resp.Header)
	if resp.Body == nil || resp.Body == http.NoBody || resp.ContentLength == 0 {
		if resp.Body != nil {
			_ = resp.Body.Close()
		}
		return in
	}
	in.Body = exchange.StreamingBody(&responseBody{body: resp.Body}, resp.ContentLength)
	return in
}

// redirect is the request that an answer leads to, nil when it leads nowhere.
func redirect(req *http.Request, resp *http.Response) (*http.Request, error) {
	switch resp.StatusCode {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	u, err := req.URL.Parse(location)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the backend redirects to something that is not an http or https URL")
	}
	next := req.Clone(req.Context())
	next.URL, next.Host = u, ""
	if u.Scheme != req.URL.Scheme || u.Host != req.URL.Host {
		// Credentials are the first backend's.
		for _, name := range []string{"Authorization", "Api-Key", "Ocp-Apim-Subscription-Key", "Cookie", "Proxy-Authorization"} {
			next.Header.Del(name)
		}
	}
	if resp.StatusCode == 303 || resp.StatusCode < 303 && req.Method == http.MethodPost {
		if req.Method != http.MethodHead {
			next.Method = http.MethodGet
		}
		next.Body, next.GetBody, next.ContentLength = nil, nil, 0
		next.Header.Del("Content-Type")
		return next, nil
	}
	if req.Body != nil && req.Body != http.NoBody {
		if req.GetBody == nil {
			return nil, errors.New("the backend redirects a request whose body has been sent already; buffer-request-body keeps it")
		}
		if next.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// failure sorts the transport's errors. Their texts hold addresses, never
// queries or headers.
func failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := &exchange.Failure{Kind: exchange.FailedReset, Err: err}
	var dns *net.DNSError
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var host x509.HostnameError
	var alert tls.AlertError
	text := err.Error()
	switch {
	case errors.Is(err, errAddress):
		f.Kind, f.Err = exchange.FailedRefusedAddress, errAddress
	case errors.As(err, &dns):
		f.Kind, f.Err = exchange.FailedDNS, fmt.Errorf("name does not resolve: %s", dns.Name)
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &host), errors.As(err, &alert), strings.Contains(text, "TLS handshake"), strings.HasPrefix(text, "tls:"), strings.HasPrefix(text, "x509:"):
		f.Kind = exchange.FailedTLS
	case errors.As(err, &op) && op.Op == "dial":
		f.Kind = exchange.FailedConnect
		if op.Timeout() {
			f.Kind = exchange.FailedConnectTimeout
			if op.Addr != nil {
				f.Err = fmt.Errorf("connection timed out: %s", op.Addr)
			}
		}
	case strings.Contains(text, "malformed"), strings.Contains(text, "unsupported"), strings.Contains(text, "exceeded"), strings.Contains(text, "http2:"):
		f.Kind = exchange.FailedProtocol
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Err = errors.New("the backend closed the connection before it answered")
	}
	return f
}
