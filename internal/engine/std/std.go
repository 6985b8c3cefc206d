// Package std is HTTP by net/http on both sides of an exchange: the listener
// that makes exchanges of requests, and the transport that sends them on.
//
// What net/http does not keep is lost here: the order and the spelling of
// header names in requests and answers (both are sorted, in canonical form),
// and reason phrases other than the standard ones on the way out.
package std

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/textproto"
	"sort"
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
}

// The bounds of a request's head.
const (
	maxHead    = 64 << 10
	maxLines   = 200
	maxURL     = 16 << 10
	headWait   = 10 * time.Second
	writeWait  = 60 * time.Second // without progress, for a slow client
	idleWait   = 120 * time.Second
	chunkBytes = 32 << 10
)

// NewServer is an HTTP server for a gateway. The caller gives it listeners.
func NewServer(h Handler, errorLog *log.Logger) *http.Server {
	return &http.Server{
		Handler:           handler(h),
		ReadHeaderTimeout: headWait,
		IdleTimeout:       idleWait,
		// net/http adds 4 KiB of its own.
		MaxHeaderBytes: maxHead - 4<<10,
		ErrorLog:       errorLog,
	}
}

func handler(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := refuse(r); status != 0 {
			w.Header().Set("Connection", "close")
			http.Error(w, http.StatusText(status), status)
			return
		}
		control := http.NewResponseController(w)
		// An answer may come before the request's body is read to its end; it is
		// then delivered instead of waiting for the rest. HTTP/2 always can.
		_ = control.EnableFullDuplex()
		x := &exchange.Exchange{Original: request(r), ClientIP: clientIP(r.RemoteAddr)}
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			x.ClientCertificate = r.TLS.PeerCertificates[0].Raw
		}
		s := &sink{w: w, control: control}
		h.Serve(r.Context(), x, s)
		if s.aborted || !s.ended {
			panic(http.ErrAbortHandler)
		}
	})
}

// refuse is the status of a request that goes no further, 0 for the others.
func refuse(r *http.Request) int {
	lines := 0
	for _, vs := range r.Header {
		lines += len(vs)
	}
	switch {
	case lines > maxLines:
		return http.StatusRequestHeaderFieldsTooLarge
	case len(r.RequestURI) > maxURL:
		return http.StatusRequestURITooLong
	case r.Method == http.MethodConnect || r.Method == http.MethodTrace:
		return http.StatusMethodNotAllowed
	case len(r.TransferEncoding) > 0 && !r.ProtoAtLeast(1, 1):
		return http.StatusBadRequest
	case r.Header.Get("Expect") != "" && !strings.EqualFold(r.Header.Get("Expect"), "100-continue"):
		return http.StatusExpectationFailed
	}
	return 0
}

func clientIP(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	host, _, _ = strings.Cut(host, "%")
	return host
}

func request(r *http.Request) exchange.Request {
	q := exchange.Request{Method: r.Method, Body: exchange.NoBody()}
	q.URL.Scheme = "http"
	q.URL.Port = 80
	if r.TLS != nil {
		q.URL.Scheme, q.URL.Port = "https", 443
	}
	host := r.Host
	if h, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.Atoi(port); err == nil {
			q.URL.Port = n
		}
		host = h
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
	}
	q.URL.Host = host
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") {
		// The absolute form names the host a second time; r.Host has it already.
		if _, rest, ok := strings.Cut(target, "://"); ok {
			i := strings.IndexAny(rest, "/?")
			if i < 0 {
				i = len(rest)
			}
			target = rest[i:]
		}
		if !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
	}
	q.URL.Path, q.URL.Query, _ = strings.Cut(target, "?")
	q.Header = append(q.Header, exchange.Field{Name: "Host", Value: r.Host})
	q.Header = appendHeader(q.Header, r.Header)
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		q.Body = exchange.StreamingBody(&requestBody{body: r.Body, ctx: r.Context()}, r.ContentLength)
	}
	return q
}

// appendHeader adds lines in the order of their names.
func appendHeader(to exchange.Header, h http.Header) exchange.Header {
	names := make([]string, 0, len(h))
	for n := range h {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		for _, v := range h[n] {
			to = append(to, exchange.Field{Name: n, Value: v})
		}
	}
	return to
}

// requestBody is the caller's body as it comes.
type requestBody struct {
	body io.ReadCloser
	ctx  context.Context
	buf  []byte
	end  error
}

// Next implements exchange.Stream.
func (b *requestBody) Next(context.Context) ([]byte, error) {
	if b.end != nil {
		return nil, b.end
	}
	if b.buf == nil {
		b.buf = make([]byte, chunkBytes)
	}
	n, err := b.body.Read(b.buf)
	if err != nil {
		switch {
		case errors.Is(err, io.EOF):
			b.end = io.EOF
		case b.ctx.Err() != nil:
			b.end = exchange.ErrClientGone
		case errors.Is(err, io.ErrUnexpectedEOF):
			b.end = exchange.ErrClientGone
		default:
			b.end = errors.Join(exchange.ErrCut, err)
		}
	}
	return b.buf[:n], b.end
}

// Close implements exchange.Stream. net/http closes the body when the handler
// is done; closing it earlier would race with a read that is under way.
func (b *requestBody) Close() error { return nil }

// sink writes an answer to a client.
type sink struct {
	w       http.ResponseWriter
	control *http.ResponseController
	left    int64 // bytes that a known length leaves, -1 without
	ended   bool
	aborted bool
}

// Head implements exchange.Sink.
func (s *sink) Head(h *exchange.ResponseHead) error {
	header := s.w.Header()
	for _, f := range h.Header {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		header[name] = append(header[name], f.Value)
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // no guessing
	}
	s.left = h.Length
	if h.Length >= 0 && h.Status >= 200 && h.Status != 204 && h.Status != 304 {
		header["Content-Length"] = []string{strconv.FormatInt(h.Length, 10)}
	}
	s.progress()
	s.w.WriteHeader(h.Status)
	if h.Length < 0 {
		return s.gone(s.control.Flush())
	}
	return nil
}

// Chunk implements exchange.Sink. With a known length the last chunk leaves
// together with the end.
func (s *sink) Chunk(b []byte) error {
	s.progress()
	if _, err := s.w.Write(b); err != nil {
		return s.gone(err)
	}
	if s.left >= 0 {
		if s.left -= int64(len(b)); s.left == 0 {
			return nil
		}
	}
	return s.gone(s.control.Flush())
}

// End implements exchange.Sink.
func (s *sink) End() error {
	s.ended = true
	s.progress()
	return s.gone(s.control.Flush())
}

// Abort implements exchange.Sink: the connection is closed without the mark of
// a complete answer.
func (s *sink) Abort() { s.aborted = true }

// progress gives the client time for the next write.
func (s *sink) progress() { _ = s.control.SetWriteDeadline(time.Now().Add(writeWait)) }

func (s *sink) gone(err error) error {
	if err != nil {
		return errors.Join(exchange.ErrClientGone, err)
	}
	return nil
}
