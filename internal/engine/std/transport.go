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
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// TransportOptions bound what a transport does. Zero fields take the default in
// brackets.
type TransportOptions struct {
	ConnectTimeout time.Duration // for one connection, its name included (2 s)
	TLSTimeout     time.Duration // for one handshake (3 s)
	// Metadata lets connections to link-local addresses through, among them the
	// cloud's metadata service.
	Metadata bool
	// IdlePerHost is how many unused connections to one host are kept (256).
	IdlePerHost int
	// LookupEvery is how old the addresses of a name may become while connections
	// to it are kept (30 s).
	LookupEvery time.Duration
	// Lookup resolves names (the system's resolver).
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Roots are the authorities that certificates are checked against (the
	// system's).
	Roots *x509.CertPool
}

// Transport sends requests to backends. It is safe for concurrent use; its
// connections outlive the services that use them.
type Transport struct {
	options TransportOptions
	dialer  *dialer
	mu      sync.Mutex
	by      map[transportKey]*http.Transport
}

type transportKey struct {
	version             string
	skipChain, skipName bool
	proxy, user, pass   string
	// pins and identity are the IDs of such, and host is where the connection
	// leads, where its certificate is looked at behind a proxy.
	pins, identity, host string
	// moved sets the connections apart that were made since a name has moved.
	moved string
	wait  time.Duration
}

// keyOf is what requests have to have in common to go over the same
// connections. Certificates are compared by what they are, so that a service
// that is read again keeps its connections.
func keyOf(out *exchange.Outbound) transportKey {
	k := transportKey{
		version: out.HTTPVersion, skipChain: out.SkipChain, skipName: out.SkipName,
		proxy: out.Proxy, user: out.ProxyUser, pass: out.ProxyPassword, wait: roundUp(out.ContinueTimeout),
	}
	if out.Pins != nil {
		k.pins = out.Pins.ID
	}
	if out.Identity != nil {
		k.identity = out.Identity.ID
	}
	if out.Proxy != "" && k.own() {
		k.host = out.URL.Host
	}
	return k
}

// own reports whether certificates are looked at here and not by crypto/tls.
func (k *transportKey) own() bool { return k.skipChain || k.skipName || k.pins != "" }

// NewTransport is a transport without connections.
func NewTransport(o TransportOptions) *Transport {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 2 * time.Second
	}
	if o.TLSTimeout == 0 {
		o.TLSTimeout = 3 * time.Second
	}
	if o.LookupEvery == 0 {
		o.LookupEvery = 30 * time.Second
	}
	if o.IdlePerHost == 0 {
		o.IdlePerHost = 256
	}
	return &Transport{options: o, dialer: newDialer(o), by: map[transportKey]*http.Transport{}}
}

// Allow names the hosts, beside localhost, whose names may lead to this
// machine: those that the operator lists for egress.
func (t *Transport) Allow(hosts []string) {
	allowed := make(map[string]bool, len(hosts))
	for _, h := range hosts {
		allowed[strings.ToLower(h)] = true
	}
	t.dialer.mu.Lock()
	defer t.dialer.mu.Unlock()
	t.dialer.allowed = allowed
}

// Stale is how often a name did not resolve and its last good answer was used.
func (t *Transport) Stale() uint64 { return t.dialer.names.stale.Load() }

// CloseIdle closes the connections that are not in use.
func (t *Transport) CloseIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.by {
		h.CloseIdleConnections()
	}
}

func (t *Transport) transport(out *exchange.Outbound) (*http.Transport, error) {
	key := keyOf(out)
	moves := t.dialer.names.moves(out.URL.Host)
	if moves > 0 {
		key.moved = out.URL.Host + " " + strconv.Itoa(moves)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.by[key]; h != nil {
		return h, nil
	}
	h := &http.Transport{
		DialContext:            t.dialer.DialContext,
		TLSHandshakeTimeout:    t.options.TLSTimeout,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.options.Roots},
		DisableCompression:     true,
		MaxIdleConnsPerHost:    t.options.IdlePerHost,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 128 << 10,
		ExpectContinueTimeout:  key.wait,
		ForceAttemptHTTP2:      out.HTTPVersion == "2" || out.HTTPVersion == "2or1",
		ReadBufferSize:         4 << 10,
	}
	if h.ForceAttemptHTTP2 {
		h.TLSClientConfig.NextProtos = []string{"h2", "http/1.1"}
	} else {
		h.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	if out.Identity != nil {
		h.TLSClientConfig.Certificates = out.Identity.Certificates
	}
	pins := out.Pins // out itself is not kept
	switch {
	case !key.own():
	case key.proxy == "":
		c := h.TLSClientConfig
		h.DialTLSContext = func(ctx context.Context, _, address string) (net.Conn, error) {
			return t.dialer.handshake(ctx, address, c, t.options.TLSTimeout, pins, key.skipChain, key.skipName)
		}
	default:
		// Through a proxy the handshake is net/http's.
		h.TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // what is not switched off is checked below
		h.TLSClientConfig.VerifyConnection = func(s tls.ConnectionState) error {
			return verified(s, key.host, t.options.Roots, pins, key.skipChain, key.skipName)
		}
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
	if moves > 1 {
		// Those of the move before are not used any more.
		last := key
		last.moved = out.URL.Host + " " + strconv.Itoa(moves-1)
		if old := t.by[last]; old != nil {
			old.CloseIdleConnections()
			delete(t.by, last)
		}
	}
	t.by[key] = h
	return h, nil
}

// roundUp keeps the waits that policies compute few: each has connections of
// its own.
func roundUp(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	r := time.Second
	for r < d {
		r *= 2
	}
	return r
}

// maxRedirects is how many redirects are followed where they are at all.
const maxRedirects = 10

// Send implements exchange.Upstream.
func (t *Transport) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	h, err := t.transport(out)
	if err != nil {
		return nil, err
	}
	upload := &upload{}
	req, err := httpRequest(ctx, out, upload)
	if err != nil {
		return nil, err
	}
	for redirects := 0; ; redirects++ {
		resp, err := roundTrip(h, req)
		if err != nil {
			if failed := upload.failure(); failed != nil && ctx.Err() == nil {
				// The caller's body, not the backend.
				return nil, failed
			}
			return nil, failure(ctx, err)
		}
		if resp.StatusCode < 200 {
			// 101, which nobody asked for; the others never come here.
			_ = resp.Body.Close()
			return nil, &exchange.Failure{Kind: exchange.FailedProtocol, Err: errors.New("the backend switched to a protocol that it was not asked for")}
		}
		if out.FollowRedirects && redirects < maxRedirects {
			next, err := redirect(req, resp, out)
			if err != nil {
				_ = resp.Body.Close()
				return nil, err
			}
			if next != nil {
				_, _ = io.CopyN(io.Discard, resp.Body, chunkBytes)
				_ = resp.Body.Close()
				if next.URL.Scheme != req.URL.Scheme || next.URL.Host != req.URL.Host {
					// What is agreed with the one backend about certificates is
					// nothing to another.
					plain := *out
					plain.SkipChain, plain.SkipName, plain.Pins, plain.Identity = false, false, nil, nil
					if h, err = t.transport(&plain); err != nil {
						return nil, err
					}
				}
				req = next
				continue
			}
		}
		return inbound(resp), nil
	}
}

// maxStale bounds how many connections in a row may turn out to be stale before
// the request gets one of its own.
const maxStale = 3

// roundTrip sends a request. A connection that was kept open may have been
// closed by the backend meanwhile, and the request have crossed with that: it is
// then sent once more, a POST too, as long as the connection was an old one and
// no byte of an answer has come (spec: reliability.md 23). net/http does so by
// itself only where nothing was written or the method is idempotent. A backend that
// has closed many at once may have closed the next ones, too.
func roundTrip(h *http.Transport, req *http.Request) (*http.Response, error) {
	replayable := req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
	for try := 1; ; try++ {
		var old, answered atomic.Bool
		ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			GotConn:              func(i httptrace.GotConnInfo) { old.Store(i.Reused) },
			GotFirstResponseByte: func() { answered.Store(true) },
		})
		if try > maxStale {
			h = h.Clone()
			h.DisableKeepAlives = true
		}
		resp, err := h.RoundTrip(req.WithContext(ctx))
		if err == nil || !replayable || !old.Load() || answered.Load() || req.Context().Err() != nil || try > maxStale {
			return resp, err
		}
		if req.GetBody != nil {
			if req.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

func httpRequest(ctx context.Context, out *exchange.Outbound, up *upload) (*http.Request, error) {
	u := &url.URL{Scheme: out.URL.Scheme, Host: out.URL.Authority(), RawPath: out.URL.Path, RawQuery: out.URL.Query}
	var err error
	if u.Path, err = url.PathUnescape(out.URL.Path); err != nil {
		u.Path = out.URL.Path
	}
	if u.EscapedPath() != out.URL.Path && !strings.HasPrefix(out.URL.Path, "//") {
		// The path goes out as it is, even where net/url would encode more.
		u.Opaque = out.URL.Path
	}
	req := (&http.Request{
		Method: out.Method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, URL: u,
		Header: make(http.Header, len(out.Header)+2), Host: out.Host,
	}).WithContext(ctx)
	for _, f := range out.Header {
		name := f.Name
		if known(name) || strings.EqualFold(name, "User-Agent") {
			name = textproto.CanonicalMIMEHeaderKey(name)
		}
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
			break
		}
		req.GetBody = func() (io.ReadCloser, error) {
			return &uploadReader{Reader: bytes.NewReader(b), up: up}, nil
		}
		req.Body, _ = req.GetBody()
	case exchange.Streaming:
		s, err := out.Body.Open()
		if err != nil {
			return nil, err
		}
		reader := &streamReader{ctx: ctx, stream: s}
		if out.Body.Length() < 0 {
			// Chunks may be malformed. What is wrong with the first is found
			// before the backend is called.
			if reader.rest, reader.end = s.Next(ctx); reader.end != nil && !errors.Is(reader.end, io.EOF) {
				return nil, reader.end
			}
		}
		req.ContentLength = out.Body.Length()
		req.Body = &uploadReader{Reader: reader, up: up}
	}
	return req, nil
}

// upload follows the request's body on its way out. Its methods are called by
// net/http's goroutines too.
type upload struct {
	mu  sync.Mutex
	err error
}

func (u *upload) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = err
}

// failure is what reading the caller's body ended with, if not well.
func (u *upload) failure() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err
}

// uploadReader is the body as net/http reads it. Closing it does not close the
// caller's stream, which its owner closes.
type uploadReader struct {
	io.Reader
	up *upload
}

// Read implements io.Reader.
func (r *uploadReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.up.fail(err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *uploadReader) Close() error { return nil }

// streamReader reads a stream.
type streamReader struct {
	ctx    context.Context
	stream exchange.Stream
	rest   []byte
	end    error
}

// Read implements io.Reader.
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
	events := strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "text/event-stream")
	in.Body = exchange.StreamingBody(&responseBody{body: resp.Body, events: events}, resp.ContentLength)
	in.Unframed = resp.ContentLength < 0 && resp.ProtoMajor == 1 && len(resp.TransferEncoding) == 0
	return in
}

// redirect is the request that an answer leads to, nil when it leads nowhere.
func redirect(req *http.Request, resp *http.Response, out *exchange.Outbound) (*http.Request, error) {
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
	var to exchange.URL
	if err == nil {
		u.Fragment = ""
		to, err = exchange.ParseURL(u.String())
	}
	if err != nil {
		return nil, &exchange.Failure{Kind: exchange.FailedProtocol, Err: errors.New("the backend redirects to something that is not an http or https URL")}
	}
	if out.CheckRedirect != nil {
		if err := out.CheckRedirect(to); err != nil {
			return nil, &exchange.Failure{Kind: exchange.FailedRefusedAddress, Err: err}
		}
	}
	next := req.Clone(req.Context())
	next.URL, next.Host = u, ""
	if u.Scheme != req.URL.Scheme || u.Host != req.URL.Host {
		// Whatever header carries the first backend's credentials, it is not
		// for another one.
		for name := range next.Header {
			if !travels(name) {
				delete(next.Header, name)
			}
		}
		next.Header["User-Agent"] = req.Header["User-Agent"]
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
			return nil, &exchange.Failure{Kind: exchange.FailedProtocol, Err: errors.New("the backend redirects a request whose body has been sent already; buffer-request-body keeps it")}
		}
		if next.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// travels reports whether a header line may follow a redirect to another host.
func travels(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "accept") || strings.HasPrefix(name, "content-") || name == "x-forwarded-for"
}

// errName is a name without an address, in APIM's words.
//
//lint:ignore ST1005 the wording is APIM's
var errName = errors.New("Name does not resolve")

// failure sorts the transport's errors. Their texts hold addresses, never
// queries or headers.
func failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return exchange.NoDescriptors()
	}
	f := &exchange.Failure{Kind: exchange.FailedReset, Err: err}
	var dns *net.DNSError
	var op *net.OpError
	text := err.Error()
	switch {
	case errors.Is(err, errAddress):
		f.Kind, f.Err = exchange.FailedRefusedAddress, errAddress
	case errors.As(err, &dns):
		f.Kind, f.Err = exchange.FailedDNS, errName
	case isTLS(err, text):
		f.Kind = exchange.FailedTLS
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) && len(cert.UnverifiedCertificates) > 0 {
			f.Err = fmt.Errorf("the certificate of %s is refused: %w", cert.UnverifiedCertificates[0].Subject, cert.Err)
		}
	case errors.As(err, &op) && op.Op == "dial":
		f.Kind = exchange.FailedConnect
		if op.Timeout() || errors.Is(err, context.DeadlineExceeded) {
			f.Kind = exchange.FailedConnectTimeout
			if op.Addr != nil {
				f.Err = errors.New("connection timed out: " + op.Addr.String())
			}
		}
	case errors.Is(err, context.DeadlineExceeded):
		f.Kind, f.Err = exchange.FailedConnectTimeout, errors.New("connection timed out")
	case strings.Contains(text, "malformed"), strings.Contains(text, "unsupported"), strings.Contains(text, "exceeded"),
		strings.Contains(text, "http2:"), strings.Contains(text, "Content-Length"), strings.Contains(text, "1xx"):
		f.Kind = exchange.FailedProtocol
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Err = errors.New("the backend closed the connection before it answered")
	}
	return f
}

func isTLS(err error, text string) bool {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var host x509.HostnameError
	var alert tls.AlertError
	var hand *handshakeError
	return errors.As(err, &cert) || errors.As(err, &record) || errors.As(err, &host) || errors.As(err, &alert) || errors.As(err, &hand) ||
		strings.Contains(text, "TLS handshake") || strings.Contains(text, "tls: ") || strings.Contains(text, "x509: ") ||
		strings.Contains(text, "server gave HTTP response to HTTPS client")
}
