package std

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A caller may take as long as patience over a head, and let a body pause for as
// long altogether; beyond that the body must keep the pace.
const (
	patience = 10 * time.Second
	bodyPace = 1 << 10 // bytes a second
	// drained is how much of what follows a refused request is read away, so
	// that the answer is not lost in a reset.
	drained = 256 << 10
)

// front stands between a connection and net/http and looks at each request
// before net/http does. net/http is lenient where leniency lets two servers
// disagree about where a message ends; what front refuses reaches net/http as
// a request of front's own that stands for the refusal, so that it is answered
// in its turn on the connection. The head of each good request is kept for the
// handler, as it was written.
//
// Read is called by one goroutine at a time, everything else by any.
type front struct {
	net.Conn
	token string        // the path of the request that stands for a refusal
	wait  time.Duration // patience, shorter in tests

	buf     []byte // received and not yet handed on
	ready   int    // bytes of buf that may be handed on
	scanned int    // bytes of buf in which no end of a head was found
	body    bodyReader
	failed  error       // what reading ends with once buf[:ready] is handed on
	blamed  atomic.Bool // failed is set: the caller's fault, who is still there
	closed  atomic.Bool // the caller has closed its side
	refused bool        // nothing more is handed on

	received int64         // bytes of the body under way
	waited   time.Duration // for them

	mu     sync.Mutex
	heads  []head
	server time.Time // read deadline set by net/http
	own    time.Time // read deadline of ours
}

// nextHead is the head of the request that net/http is about to serve.
func (c *front) nextHead() (head, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heads) == 0 {
		return head{}, false
	}
	h := c.heads[0]
	c.heads[0] = head{}
	c.heads = c.heads[1:]
	return h, true
}

// Read implements net.Conn.
func (c *front) Read(p []byte) (int, error) {
	for {
		if c.ready > 0 {
			n := copy(p, c.buf[:c.ready])
			c.buf, c.ready = c.buf[n:], c.ready-n
			if len(c.buf) == 0 {
				c.buf = nil
			}
			return n, nil
		}
		if c.failed != nil {
			c.blamed.Store(true)
			return 0, c.failed
		}
		if c.refused {
			c.buf = nil
			return c.drain(p)
		}
		if !c.body.done() {
			if len(c.buf) == 0 {
				return c.readBody(p)
			}
			c.ready, c.failed = c.body.take(c.buf)
			continue
		}
		if end, ok := headEnd(c.buf, c.scanned); ok {
			c.accept(end)
			continue
		}
		if len(c.buf) > maxHead {
			c.refuse(tooLarge(c.buf))
			continue
		}
		c.scanned = len(c.buf)
		// net/http asks for one byte while it watches a caller that waits for an
		// answer: nothing is expected then, and the wait may be long.
		room := 4 << 10
		if len(p) == 1 {
			room = 64
		}
		if err := c.readHead(room); err != nil {
			return 0, err
		}
	}
}

// headEnd is the length of the head that b begins with, line ends of either
// kind: parseHead refuses the wrong ones. The first from bytes hold no end.
func headEnd(b []byte, from int) (int, bool) {
	for i := max(0, from-3); i < len(b); {
		j := bytes.IndexByte(b[i:], '\n')
		if j < 0 {
			return 0, false
		}
		i += j + 1
		switch {
		case i < len(b) && b[i] == '\n':
			return i + 1, true
		case i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n':
			return i + 2, true
		}
	}
	return 0, false
}

// tooLarge tells a head with a long URL from one with long headers.
func tooLarge(b []byte) *refusal {
	if i := bytes.IndexByte(b, '\n'); i < 0 || i > maxURL+64 {
		return &refusal{414, "the URL is too long"}
	}
	return &refusal{431, "the header is too large"}
}

// accept takes the head at the start of buf.
func (c *front) accept(end int) {
	c.scanned = 0
	c.deadline(time.Time{})
	if end > maxHead {
		c.refuse(tooLarge(c.buf))
		return
	}
	h, r := parseHead(c.buf[:end])
	if r != nil {
		c.refuse(r)
		return
	}
	c.mu.Lock()
	c.heads = append(c.heads, h)
	c.mu.Unlock()
	c.ready = end
	c.body, c.received, c.waited = newBodyReader(&h), 0, 0
	if !c.body.done() && len(c.buf) > end {
		var n int
		n, c.failed = c.body.take(c.buf[end:])
		c.ready += n
	}
}

// refuse puts the request that stands for the refusal in the place of what came.
func (c *front) refuse(r *refusal) {
	c.deadline(time.Time{})
	c.mu.Lock()
	c.heads = append(c.heads, head{refused: r})
	c.mu.Unlock()
	c.buf = []byte("GET " + c.token + " HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n")
	c.ready, c.refused = len(c.buf), true
}

// readHead reads more of a head, into room bytes at first. Once its first byte has
// come the rest must follow within c.wait.
func (c *front) readHead(room int) error {
	if len(c.buf) > 0 {
		c.mu.Lock()
		started := !c.own.IsZero()
		c.mu.Unlock()
		if !started {
			c.deadline(time.Now().Add(c.wait))
		}
	}
	if free := cap(c.buf) - len(c.buf); free < min(room, 1<<10) {
		c.buf = append(make([]byte, 0, 2*cap(c.buf)+room), c.buf...)
	}
	n, err := c.Conn.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if n > 0 || err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		c.closed.Store(true)
	}
	if len(c.buf) > 0 && c.expired(err) {
		c.refuse(&refusal{408, "the header did not come in time"})
		return nil
	}
	return err
}

// readBody reads bytes of a body straight into p.
func (c *front) readBody(p []byte) (int, error) {
	start := time.Now()
	c.deadline(start.Add(c.wait - c.waited + time.Duration(c.received)*time.Second/bodyPace))
	n, err := c.Conn.Read(p)
	c.waited += time.Since(start)
	late := n == 0 && err != nil && c.expired(err)
	c.deadline(time.Time{})
	if n == 0 && err != nil {
		if late {
			c.failed = errSlowBody
			c.blamed.Store(true)
			return 0, c.failed
		}
		return 0, err
	}
	c.received += int64(n)
	k, bad := c.body.take(p[:n])
	if bad != nil {
		c.failed = bad
	} else if k < n {
		c.buf = append([]byte(nil), p[k:n]...)
	}
	if k == 0 && c.failed != nil {
		c.blamed.Store(true)
		return 0, c.failed
	}
	return k, nil
}

// drain reads away what follows a refused request, until the caller stops.
func (c *front) drain(p []byte) (int, error) {
	for range drained / (4 << 10) {
		if _, err := c.Conn.Read(p[:min(len(p), 4<<10)]); err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

// expired reports whether err is our own deadline and not one of net/http's,
// which it sets to end its waiting.
func (c *front) expired(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.own.IsZero() && !now.Before(c.own) && (c.server.IsZero() || now.Before(c.server))
}

// deadline sets our own read deadline; the zero time takes it away.
func (c *front) deadline(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.IsZero() && c.own.IsZero() {
		return
	}
	c.own = t
	_ = c.apply()
}

// SetReadDeadline implements net.Conn for net/http.
func (c *front) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server = t
	return c.apply()
}

// SetDeadline implements net.Conn.
func (c *front) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *front) apply() error {
	t := c.server
	if t.IsZero() || !c.own.IsZero() && c.own.Before(t) {
		t = c.own
	}
	return c.Conn.SetReadDeadline(t)
}

// CloseWrite lets net/http end its side first, which spares the last answer a
// reset.
func (c *front) CloseWrite() error {
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return nil
}

// reset makes the connection end with a reset: the only way to tell a caller
// of HTTP/1.0, whose bodies end with the connection, that one is not complete.
func (c *front) reset() {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}

// callerContext ends when the caller leaves. net/http ends its own as well when
// reading a body fails by the caller's fault, who is still there to be told, and
// when a caller closes its side, who may still listen.
func (c *front) callerContext(parent context.Context, answer *sink) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		if c.blamed.Load() || c.closed.Load() && answer.listens(ctx) {
			return
		}
		cancel(context.Cause(parent))
	})
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
