package sim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener gives a region a port, and its faults the connections there.
type Listener struct {
	region *Region
	server *http.Server
	addr   string
	url    string

	mu       sync.Mutex
	port     net.Listener // nil while refusing
	idle     map[net.Conn]bool
	refusing bool
	closed   bool
	done     sync.WaitGroup
}

// headTimeout bounds how long a client may take for the head of a request.
const headTimeout = 10 * time.Second

// Listen opens a TCP address for the region; port 0 takes a free one. A fault
// of kind refuse closes the port until it is lifted.
func (r *Region) Listen(addr string) (*Listener, error) {
	l := &Listener{region: r, idle: map[net.Conn]bool{}}
	port, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", r.name, err)
	}
	l.addr = port.Addr().String()
	l.url = "http://" + l.addr
	l.server = &http.Server{
		Handler:           r,
		ReadHeaderTimeout: headTimeout,
		IdleTimeout:       r.idleTimeout,
		ConnState:         l.watch,
	}
	l.serve(port)
	r.mu.Lock()
	r.address = l.url
	r.listeners = append(r.listeners, l)
	refusing := r.fault != nil && r.fault.Kind == "refuse"
	r.mu.Unlock()
	if err := l.refuse(refusing); err != nil {
		return nil, err
	}
	return l, nil
}

// URL is the base address, without a slash at its end.
func (l *Listener) URL() string { return l.url }

// Addr is host and port.
func (l *Listener) Addr() string { return l.addr }

// serve takes connections; mu is held, or nobody else knows l yet.
func (l *Listener) serve(port net.Listener) {
	l.port = port
	l.done.Go(func() { _ = l.server.Serve(port) })
}

// watch knows which connections have no request under way.
func (l *Listener) watch(conn net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew, http.StateIdle:
		if l.refusing {
			drop(conn)
			return
		}
		l.idle[conn] = true
	default:
		delete(l.idle, conn)
	}
}

func drop(conn net.Conn) {
	resetOnClose(conn)
	_ = conn.Close()
}

// A port that was given up may be in use for a moment when it is asked for
// again: another program's outgoing connection can have it.
const (
	reopenTries = 20
	reopenPause = 50 * time.Millisecond
)

// refuse closes the port and resets connections without a request, or opens
// it again. Requests under way are answered.
func (l *Listener) refuse(yes bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || yes == l.refusing {
		return nil
	}
	if yes {
		l.refusing = true
		_ = l.port.Close()
		l.port = nil
		for conn := range l.idle {
			drop(conn)
		}
		clear(l.idle)
		return nil
	}
	var port net.Listener
	var err error
	for try := 0; try < reopenTries; try++ {
		if port, err = net.Listen("tcp", l.addr); err == nil {
			l.refusing = false
			l.serve(port)
			return nil
		}
		time.Sleep(reopenPause)
	}
	return fmt.Errorf("region %s cannot have its port back: %w", l.region.name, err)
}

// Close ends the port and all its connections.
func (l *Listener) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	r := l.region
	r.mu.Lock()
	for i, other := range r.listeners {
		if other == l {
			r.listeners = append(r.listeners[:i:i], r.listeners[i+1:]...)
			break
		}
	}
	r.mu.Unlock()
	err := l.server.Close()
	l.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil // the port was closed by a fault
	}
	return err
}
