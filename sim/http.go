package sim

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
)

// maxUnread is how much of a request a region that hangs at accept still
// takes from the connection, so that it notices the client leaving.
const maxUnread = 64 << 10

// ServeHTTP answers a request. Behind Listen faults reach the connection
// itself; behind another server a refused connection is one that is reset.
func (r *Region) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	f := r.Fault()
	if f != nil && f.Kind == "refuse" {
		abort(w, true)
	}
	req := &Request{Method: q.Method, Path: rawPath(q), Query: q.URL.RawQuery, Header: fields(q.Header), Body: q.Body}
	c := r.begin(req, f)
	if f != nil && f.After == "accept" {
		_, _ = io.CopyN(io.Discard, q.Body, maxUnread)
		_ = c.hang(q.Context())
		abort(w, false)
	}
	resp, err := c.answer(q.Context())
	if err != nil {
		abort(w, false) // the client has left
	}
	defer func() { _ = resp.Body.Close() }()
	h := w.Header()
	for _, f := range resp.Header {
		h.Add(f.Name, f.Value)
	}
	w.WriteHeader(resp.Status)
	out := http.NewResponseController(w)
	if resp.Length < 0 || resp.Body.strikeAfter >= 0 {
		_ = out.Flush()
	}
	for {
		piece, err := resp.Body.Next(q.Context())
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, ErrReset):
			abort(w, true)
		case err != nil:
			abort(w, false)
		}
		if _, err := w.Write(piece); err != nil {
			abort(w, false)
		}
		if resp.Length < 0 || resp.Body.strikeAfter >= 0 {
			if err := out.Flush(); err != nil {
				abort(w, false)
			}
		}
	}
}

// rawPath is the path as the client wrote it.
func rawPath(q *http.Request) string {
	path, _, _ := strings.Cut(q.RequestURI, "?")
	if strings.HasPrefix(path, "/") {
		return path
	}
	return q.URL.EscapedPath()
}

func fields(h http.Header) []Field {
	fs := make([]Field, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			fs = append(fs, Field{name, v})
		}
	}
	return fs
}

// abort ends the connection without ending the answer, by a reset or in order,
// and the handler with it. Where the connection cannot be had (HTTP/2, a test
// recorder), the server is told to drop it.
func abort(w http.ResponseWriter, reset bool) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if reset {
			resetOnClose(conn)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// resetOnClose makes Close send a reset and drop what is still unsent.
func resetOnClose(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if l, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = l.SetLinger(0)
	}
}
