package std

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sort"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

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
	body    io.ReadCloser
	length  int64
	control *http.ResponseController
	front   *front // nil without one
	buf     []byte
	filled  bool // a read has filled the first, small buffer

	mu      sync.Mutex
	rested  sync.Cond // on mu: no read is under way any more
	end     error
	reading bool
	closed  bool
}

func newRequestBody(r *http.Request, control *http.ResponseController, f *front) *requestBody {
	b := &requestBody{body: r.Body, length: r.ContentLength, control: control, front: f}
	b.rested.L = &b.mu
	return b
}

// Next implements exchange.Stream. Its context is not looked at: the caller's
// own ends the body, and Close does.
func (b *requestBody) Next(context.Context) ([]byte, error) {
	b.mu.Lock()
	end := b.end
	if end == nil && b.closed {
		end = exchange.ErrClientGone
	}
	b.reading = end == nil
	b.mu.Unlock()
	if end != nil {
		return nil, end
	}
	if b.buf == nil {
		// Callers who send slowly are many when they mean harm, and need no more.
		size := int64(firstChunk)
		if b.length > 0 {
			size = min(size, b.length)
		}
		b.buf = make([]byte, size)
	} else if b.filled {
		b.filled = false
		b.buf = make([]byte, chunkBytes)
	}
	n, err := b.body.Read(b.buf)
	b.filled = n == firstChunk && len(b.buf) == firstChunk
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		end = io.EOF
	default:
		end = b.meaning(err)
	}
	b.mu.Lock()
	b.reading, b.end = false, end
	b.mu.Unlock()
	b.rested.Signal()
	return b.buf[:n], end
}

// meaning is what a failed read of the body means: the caller's fault, worded,
// or a caller that has left.
func (b *requestBody) meaning(err error) error {
	if b.front != nil && b.front.blamed.Load() {
		return b.front.failed // set before blamed, by the read that ended here
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		return exchange.ErrClientGone
	}
	// net/http has refused what the front let pass.
	if b.front != nil {
		b.front.blamed.Store(true)
	}
	return errMalformedBody
}

// Close implements exchange.Stream. A read under way in another goroutine goes on;
// finish ends it.
func (b *requestBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// Bounds of what is read of a body after its answer was sent.
const (
	maxUnread  = 32 << 20
	unreadWait = 30 * time.Second
)

// finish is for the end of the exchange: after it nobody reads the body. Behind an
// answer that is complete it reads away what is left. Many callers write all of a
// request before they look for its answer; a connection that ends while they write
// takes the answer with it. net/http would read a little itself, but too late in full
// duplex: the end of the body starts the read that watches the caller, and nothing
// ends that one before the next request is read, which then fails (connReader's
// "invalid concurrent Body.Read call"). A caller that waits for 100 Continue sends no
// body, and its connection ends.
//
// Where not all was read a deadline stays, with which net/http ends the connection.
func (b *requestBody) finish(header exchange.Header, complete bool) {
	b.mu.Lock()
	if !b.reading && (b.end != nil || b.buf == nil && header.Has("Expect")) {
		b.mu.Unlock()
		return
	}
	until := time.Unix(1, 0)
	if complete {
		until = time.Now().Add(unreadWait)
	}
	_ = b.control.SetReadDeadline(until)
	b.closed = true
	for b.reading {
		b.rested.Wait()
	}
	end := b.end
	b.mu.Unlock()
	if !complete {
		return
	}
	if end == nil {
		_, end = io.CopyN(io.Discard, b.body, maxUnread)
	}
	switch {
	case errors.Is(end, io.EOF):
		_ = b.control.SetReadDeadline(time.Time{})
	case end == nil:
		_ = b.control.SetReadDeadline(time.Unix(1, 0))
	}
}

// responseBody is a backend's body as it comes: what one read gives is one
// chunk.
type responseBody struct {
	body   io.ReadCloser
	events bool
	buf    []byte
	end    error
	once   sync.Once
}

// firstChunk is enough for events of a stream; other bodies that fill it get a
// buffer of chunkBytes. So many streams stay small, to slow callers, too.
const firstChunk = 4 << 10

// Next implements exchange.Stream. It does not look at its context: the one
// that the request was sent with ends the body.
func (b *responseBody) Next(context.Context) ([]byte, error) {
	if b.end != nil {
		return nil, b.end
	}
	if b.buf == nil {
		b.buf = make([]byte, firstChunk)
	}
	n, err := b.body.Read(b.buf)
	chunk := b.buf[:n]
	if n == firstChunk && len(b.buf) == firstChunk && !b.events {
		b.buf = make([]byte, chunkBytes)
	}
	if err != nil {
		b.end = io.EOF
		if !errors.Is(err, io.EOF) {
			b.end = errors.Join(exchange.ErrCut, err)
		}
	}
	return chunk, b.end
}

// Close implements exchange.Stream.
func (b *responseBody) Close() error {
	b.once.Do(func() { _ = b.body.Close() })
	return nil
}
