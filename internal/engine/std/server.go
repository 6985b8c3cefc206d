// Package std is HTTP by net/http on both sides of an exchange: the server that
// makes exchanges of requests, and the transport that sends them on.
//
// Before net/http sees a connection of HTTP/1, a front of our own has looked at
// each request: it refuses what net/http lets pass and two servers could
// understand in two ways, and it keeps the header as it was written, in order
// and spelling. What is lost: the order of header lines on the way out and in
// answers of backends (sorted by name), the spelling of the latter, and reason
// phrases other than the standard ones on the way to the caller.
//
// A caller that closes its side of the connection before the first byte of its
// answer has left, as far as the gateway can tell: a half-closed connection looks
// like a closed one until something is written to it. The request is then
// cancelled at once. One that does so later gets the rest if it still listens.
package std

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Handler takes an exchange from its request to the last byte of its answer.
// The exchange has Original, ClientIP and ClientCertificate filled in; ctx ends
// when the client goes.
type Handler interface {
	Serve(ctx context.Context, x *exchange.Exchange, sink exchange.Sink)
	// Refuse answers a request that HTTP's own rules stop at the door. Little
	// is known of it: what its first line said, if that could be read.
	Refuse(ctx context.Context, x *exchange.Exchange, sink exchange.Sink, e *exchange.Error)
}

const (
	idleWait   = 120 * time.Second
	chunkBytes = 32 << 10
)

// Server serves exchanges. Its Serve puts the front before the listener's
// connections; with TLS on them it leaves HTTP to net/http alone.
type Server struct {
	*http.Server
	token string
	wait  time.Duration
	stop  context.CancelCauseFunc // of all requests
}

// NewServer is a server for h. The caller gives it listeners by Serve.
func NewServer(h Handler, errorLog *log.Logger) *Server {
	var random [16]byte
	_, _ = rand.Read(random[:])
	s := &Server{token: "/refused-" + hex.EncodeToString(random[:]), wait: patience}
	base, stop := context.WithCancelCause(context.Background())
	s.stop = stop
	s.Server = &http.Server{
		Handler:                      &serving{h, s.token},
		DisableGeneralOptionsHandler: true, // OPTIONS * is routed like the rest
		// The front is stricter, and answers; this is for a connection on which
		// nothing ever comes.
		ReadHeaderTimeout: patience + 2*time.Second,
		IdleTimeout:       idleWait,
		MaxHeaderBytes:    maxHead,
		ErrorLog:          errorLog,
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if f, ok := c.(*front); ok {
				return context.WithValue(ctx, frontKey{}, f)
			}
			return ctx
		},
	}
	return s
}

// lastWords is how long requests may take to end when they have to.
const lastWords = 2 * time.Second

// Shutdown takes no more connections and waits for the requests under way until
// ctx ends. What still runs then is ended by the gateway, with
// exchange.ErrStopping as the cause, so that callers are told; the error is
// ctx's then.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.Server.Shutdown(ctx)
	if err != nil {
		s.stop(exchange.ErrStopping)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		if s.Server.Shutdown(end) != nil {
			_ = s.Close()
		}
	}
	return err
}

type frontKey struct{}

// Serve serves the connections of l until it is closed or the server is.
func (s *Server) Serve(l net.Listener) error { return s.Server.Serve(&listener{l, s.token, s.wait}) }

type listener struct {
	net.Listener
	token string
	wait  time.Duration
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &front{Conn: c, token: l.token, wait: l.wait}, nil
}

// vanished is how long a caller may say nothing, not even by its kernel, before it
// has gone.
const vanished = 75 * time.Second

// Listen listens on a TCP address. A caller that vanishes without a word is
// noticed after 75 seconds, whether an answer is under way to it or not.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	c := net.ListenConfig{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: vanished / 5, Interval: vanished / 5, Count: 4}, Control: patient,
	}
	return c.Listen(ctx, "tcp", address)
}

type serving struct {
	h     Handler
	token string
}

// ServeHTTP implements http.Handler.
func (s *serving) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	out := &sink{w: w, control: control, http10: !r.ProtoAtLeast(1, 1), head: r.Method == http.MethodHead}
	out.progress() // the deadline of the connection's last answer is over
	x := &exchange.Exchange{ClientIP: clientIP(r.RemoteAddr)}
	var h head
	f, fronted := r.Context().Value(frontKey{}).(*front)
	if fronted {
		h, _ = f.nextHead()
		out.front = f
	} else {
		h = headOf(r)
	}
	if h.refused != nil && r.URL.Path == s.token {
		s.refuse(r, x, &h, out, h.refused)
	} else if why := refuse(&h); why != nil {
		s.refuse(r, x, &h, out, why)
	} else {
		// An answer may come before the request's body was read to its end; it
		// is then delivered instead of waiting for the rest.
		_ = control.EnableFullDuplex()
		var body *requestBody
		x.Original, body = original(r, &h, control, f)
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			x.ClientCertificate = r.TLS.PeerCertificates[0].Raw
		}
		ctx := r.Context()
		if fronted {
			var cancel context.CancelFunc
			ctx, cancel = f.callerContext(ctx, out)
			defer cancel()
		}
		s.h.Serve(ctx, x, out)
		_ = x.Original.Body.Close()
		if body != nil {
			body.finish(h.header, out.ended && !out.aborted)
		}
	}
	if out.aborted || !out.ended {
		out.cut()
		// net/http's way to end an answer so that it is not complete.
		panic(http.ErrAbortHandler)
	}
}

func (s *serving) refuse(r *http.Request, x *exchange.Exchange, h *head, out *sink, why *refusal) {
	out.close = true
	x.Original = exchange.Request{Method: h.method, Body: exchange.NoBody(), Header: h.header}
	x.Original.URL.Path, _, _ = strings.Cut(h.target, "?")
	message := strings.ToUpper(why.why[:1]) + why.why[1:] + "."
	s.h.Refuse(context.WithoutCancel(r.Context()), x, out, exchange.BadRequest(why.status, message))
}

// refuse is why a well-formed request goes no further, nil for the others.
func refuse(h *head) *refusal {
	switch {
	case h.method == http.MethodConnect || h.method == http.MethodTrace:
		return &refusal{405, "the method is not allowed"}
	case len(h.header) > maxLines:
		return &refusal{431, "there are too many header lines"}
	case len(h.target) > maxURL:
		return &refusal{414, "the URL is too long"}
	}
	return nil
}

// headOf is the head as net/http has it, for connections without a front.
func headOf(r *http.Request) head {
	h := head{method: r.Method, target: r.RequestURI, http10: !r.ProtoAtLeast(1, 1)}
	h.header = appendHeader(exchange.Header{{Name: "Host", Value: r.Host}}, r.Header)
	return h
}

func clientIP(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	host, _, _ = strings.Cut(host, "%")
	return host
}

// original is the request as the exchange has it, and its body, nil without one.
func original(r *http.Request, h *head, control *http.ResponseController, f *front) (exchange.Request, *requestBody) {
	q := exchange.Request{Method: h.method, Body: exchange.NoBody(), Header: withoutTwins(h.header)}
	q.URL = exchange.URL{Scheme: "http", Port: 80}
	if r.TLS != nil {
		q.URL.Scheme, q.URL.Port = "https", 443
	}
	target, authority := h.target, r.Host
	if !strings.HasPrefix(target, "/") {
		if _, rest, ok := strings.Cut(target, "://"); ok {
			// The absolute form names the host a second time, and it is the one
			// that counts (RFC 9112, 3.2.2).
			i := strings.IndexAny(rest, "/?")
			if i < 0 {
				i = len(rest)
			}
			authority = rest[:i]
			if target = rest[i:]; !strings.HasPrefix(target, "/") {
				target = "/" + target
			}
			if given := q.Header.Get("Host"); !strings.EqualFold(given, authority) {
				q.Header.Set("Host", authority)
				q.Header.Set("X-Forwarded-Host", given)
			}
		}
	}
	if authority == "" {
		// HTTP/1.0 may leave it out.
		if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			authority = a.String()
		}
	}
	q.URL.Host, q.URL.Port = splitAuthority(authority, q.URL.Port)
	q.URL.Path, q.URL.Query, _ = strings.Cut(target, "?")
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		body := newRequestBody(r, control, f)
		q.Body = exchange.StreamingBody(body, r.ContentLength)
		return q, body
	}
	return q, nil
}

// splitAuthority is host (IPv6 with its brackets) and port.
func splitAuthority(authority string, port int) (string, int) {
	host := authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.Contains(authority[i:], "]") {
		if n, err := strconv.ParseUint(authority[i+1:], 10, 16); err == nil {
			host, port = authority[:i], int(n)
		}
	}
	return strings.ToLower(host), port
}
