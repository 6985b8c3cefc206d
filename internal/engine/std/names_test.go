package std

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// here answers with where it listens, at every address of this machine that is
// given, on one port.
func here(t *testing.T, addresses ...string) int {
	t.Helper()
	port := 0
	for _, a := range addresses {
		l, err := net.Listen("tcp", net.JoinHostPort(a, strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		port = l.Addr().(*net.TCPAddr).Port
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, a) })}
		go func() { _ = s.Serve(l) }()
		t.Cleanup(func() { _ = s.Close() })
	}
	return port
}

// A name that leads elsewhere takes its requests along, though connections are
// kept; one that ceases to resolve leads where it has led.
func TestNameMoves(t *testing.T) {
	const first, second, third = "127.0.0.1", "127.0.0.2", "127.0.0.3"
	port := here(t, first, second, third)
	var leads atomic.Value
	leads.Store(first)
	tr := NewTransport(TransportOptions{
		LookupEvery: time.Millisecond,
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			text := leads.Load().(string)
			if text == "" {
				return nil, errors.New("server misbehaving")
			}
			var list []netip.Addr
			for a := range strings.SplitSeq(text, " ") {
				list = append(list, netip.MustParseAddr(a))
			}
			return list, nil
		},
	})
	defer tr.CloseIdle()
	tr.Allow([]string{"moving.test"})
	ask := func() string {
		t.Helper()
		in, err := tr.Send(t.Context(), outbound("POST", "http://moving.test:"+strconv.Itoa(port), []byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		b, err := readAll(t, in)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	become := func(want string) {
		t.Helper()
		end := time.Now().Add(5 * time.Second)
		for ask() != want {
			if time.Now().After(end) {
				t.Fatalf("requests do not go to %s", want)
			}
		}
	}
	become(first)
	for _, next := range []string{second, third, first} {
		leads.Store(next)
		become(next)
	}
	// What stays among the addresses is no reason for other connections.
	before := tr.dialer.names.moves("moving.test")
	leads.Store(first + " " + second)
	for range 50 {
		ask()
	}
	leads.Store("")
	end := time.Now().Add(5 * time.Second)
	for tr.Stale() == 0 && time.Now().Before(end) {
		if got := ask(); got != first {
			t.Fatal(got)
		}
	}
	if after := tr.dialer.names.moves("moving.test"); after != before || tr.Stale() == 0 {
		t.Errorf("%d moves, were %d; %d failed look-ups", after, before, tr.Stale())
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if n := len(tr.by); n > 2 {
		t.Errorf("%d sets of connections are kept", n)
	}
}
