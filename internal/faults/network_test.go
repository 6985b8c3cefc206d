package faults_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/internal/engine/std"
)

// Row 1, on sockets: how fast a refusal is known, and what the log calls it.
func TestRefusedSockets(t *testing.T) {
	w := newWired(t, place{regions: map[string]string{"australiaeast": region(t, &far{}, nil)}})
	machine := clocktest.Watch(t)
	all := w.load(requests(), 10, nil)
	if n := bad(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	var heads []float64
	for _, a := range w.records("attempt") {
		if a.Backend != "eastus" {
			continue
		}
		heads = append(heads, a.HeadMs)
		if a.Outcome != "connect_refused" || !strings.Contains(a.Error, "refused") {
			t.Errorf("the log has %+v", a)
		}
	}
	slices.Sort(heads)
	// Requests that were under way when the breaker opened ask the region as well.
	if len(heads) < 3 || len(heads) > 3+2*10 || heads[0] > float64(machine.Allow(5*time.Millisecond, 2).Milliseconds()) {
		t.Errorf("%d attempts, they took %v ms", len(heads), heads)
	}
	report(t, 1, "connections refused, on sockets", "0 errors of %d, refused within %.1f ms at best, %.1f ms in the middle; %d attempts of 10 callers", len(all), heads[0], heads[len(heads)/2], len(heads))
}

// Row 4.
func TestTLSFaults(t *testing.T) {
	wait := 100 * time.Millisecond
	if *full {
		wait = 3 * time.Second
	}
	good := &far{}
	there := region(t, good, nil)
	t.Run("a handshake that stands still", func(t *testing.T) {
		silent := lone(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
		w := newWired(t, place{
			regions: map[string]string{"eastus": "https://" + silent, "australiaeast": there}, transport: std.TransportOptions{TLSTimeout: wait},
		})
		machine := clocktest.Watch(t)
		all := w.load(requests(), 3, nil)
		if n := bad(t, all); n > 0 {
			t.Errorf("%d callers see it", n)
		}
		if out := w.outcomes("eastus"); len(out) != 1 || out["tls"] < 3 {
			t.Errorf("outcomes %v", out)
		}
		most := firsts(all, 1)
		if most > machine.Allow(3*wait+2*time.Second, 20) {
			t.Errorf("a caller waited %v", most)
		}
		report(t, 4, "TLS handshake stands still", "0 errors of %d, at most %v with a limit of %v", len(all), most.Round(time.Millisecond), wait)
	})
	t.Run("a wrong certificate", func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "somebody else"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
		der, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		wrong := &far{}
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: wrong, ErrorLog: quiet}
		go func() { _ = s.Serve(l) }()
		defer func() { _ = s.Close() }()
		w := newWired(t, place{regions: map[string]string{"eastus": "https://" + l.Addr().String(), "australiaeast": there}})
		all := w.load(requests(), 3, nil)
		if n := bad(t, all); n > 0 {
			t.Errorf("%d callers see it", n)
		}
		if n := wrong.requests.Load(); n > 0 {
			t.Errorf("%d requests were sent to it", n)
		}
		failures := 0
		for _, a := range w.records("attempt") {
			if a.Backend != "eastus" {
				continue
			}
			failures++
			if a.Outcome != "tls" || !strings.Contains(a.Error, "CN=somebody else") || !strings.Contains(a.Error, "unknown authority") {
				t.Errorf("the log has %+v", a)
			}
		}
		if strings.Contains(w.log.String(), "key-1-of") || strings.Contains(w.log.String(), w.key) {
			t.Error("the log has a key")
		}
		report(t, 4, "wrong certificate", "0 errors of %d, %d requests over unverified connections, %d failures with subject and reason in the log", len(all), wrong.requests.Load(), failures)
	})
}

// Row 11, on sockets.
func TestResetSockets(t *testing.T) {
	for _, c := range []struct{ name, head string }{
		{"before the head", ""}, {"in its middle", "HTTP/1.1 200 OK\r\nContent-Type: text/ev"}, {"after it", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := lone(t, func(conn *net.TCPConn) {
				b := make([]byte, 4096)
				_, _ = conn.Read(b)
				_, _ = io.WriteString(conn, c.head)
				_ = conn.SetLinger(0)
			})
			// Without breakers each call meets the region first, and then the other.
			files := even(noBreakers(t), "eastus", "australiaeast")
			w := newWired(t, place{files: files, regions: map[string]string{"eastus": "http://" + address, "australiaeast": region(t, &far{}, nil)}})
			all := w.load(requests()/4, 1, nil)
			if n := bad(t, all); n > 0 {
				t.Errorf("%d callers see it", n)
			}
			if out := w.outcomes("eastus"); len(out) != 1 || out["reset"] < len(all)/4 {
				t.Errorf("outcomes %v", out)
			}
			report(t, 11, "reset "+c.name+", on sockets", "0 errors of %d, %d attempts were reset", len(all), w.outcomes("eastus")["reset"])
		})
	}
}

// Row 23: connections that the region closes while they are idle, and requests
// that cross with it.
func TestStaleConnections(t *testing.T) {
	t.Parallel()
	idle, callers := 250*time.Millisecond, 100
	if *full {
		idle, callers = 5*time.Second, 500
	}
	f, spare := &far{}, &far{}
	w := newWired(t, place{files: noBreakers(t), regions: map[string]string{
		"eastus": region(t, f, func(s *http.Server) { s.IdleTimeout = idle }), "australiaeast": region(t, spare, nil),
	}})
	n := requests()
	all := w.load(n, callers, func() time.Duration {
		return idle - idle/50 + rand.N(idle/25) // 4.9 to 5.1 s of 5
	})
	if n := bad(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	out := w.outcomes("eastus")
	if len(out) != 1 || out["ok"] != n || spare.requests.Load() > 0 {
		t.Errorf("outcomes %v, %d went to another region", out, spare.requests.Load())
	}
	report(t, 23, "stale connections", "0 errors of %d, each in one attempt, idle for %v +- 2 %%", n, idle)
}

// at serves h at an address and port; port 0 is any.
func at(t testing.TB, address string, port int, h http.Handler) int {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(address), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ErrorLog: quiet}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// stub is a resolver of names that lead where it says; nowhere is a failure.
type stub struct {
	mu    sync.Mutex
	leads []netip.Addr
	asked int
}

func (s *stub) lookup(context.Context, string) ([]netip.Addr, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.leads == nil {
		return nil, errors.New("server misbehaving")
	}
	return s.leads, nil
}

func (s *stub) lead(addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leads = nil
	for _, a := range addresses {
		s.leads = append(s.leads, netip.MustParseAddr(a))
	}
}

// Row 24.
func TestNamesChange(t *testing.T) {
	every := 200 * time.Millisecond
	if *full {
		every = 30 * time.Second
	}
	before, after := &far{}, &far{}
	port := at(t, "127.0.0.1", 0, before)
	at(t, "127.0.0.2", port, after)
	names := &stub{}
	names.lead("127.0.0.1")
	files := noBreakers(t)
	w := newWired(t, place{
		files: files, regions: map[string]string{"eastus": "http://region.test:" + strconv.Itoa(port)},
		transport: std.TransportOptions{Lookup: names.lookup, LookupEvery: every},
	})
	w.send.Allow([]string{"region.test"})
	machine := clocktest.Watch(t)
	stop := make(chan struct{})
	results := make(chan []asked, 1)
	go func() {
		var all []asked
		for {
			select {
			case <-stop:
				results <- all
				return
			case <-time.After(5 * time.Millisecond):
				all = append(all, w.ask(len(all)%2 == 1))
			}
		}
	}()
	eventually(t, 30*time.Second, "the first address is used", func() bool { return before.requests.Load() > 50 })
	names.lead("127.0.0.2")
	changed := time.Now()
	eventually(t, every+30*time.Second, "the new address is used", func() bool { return after.requests.Load() > 0 })
	took := time.Since(changed)
	old := before.requests.Load()
	names.lead()
	eventually(t, every+30*time.Second, "a failed look-up is counted", func() bool { return w.send.Stale() > 0 })
	w.send.CloseIdle() // new connections have to be made from the last good answer
	so := after.requests.Load()
	eventually(t, 30*time.Second, "requests go on", func() bool { return after.requests.Load() > so+100 })
	close(stop)
	all := <-results
	if n := bad(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	if n := before.requests.Load(); n > old+1 || took > machine.Allow(every+time.Second, 10) {
		t.Errorf("%d requests went to the old address after the first to the new one, which took %v", n-old, took)
	}
	report(t, 24, "a name moves, then fails", "0 errors of %d, the new address after %v (looked up every %v), %d failed look-ups bridged", len(all), took.Round(time.Millisecond), every, w.send.Stale())
}

// Row 25.
func TestRebinding(t *testing.T) {
	inside := &far{}
	port := at(t, "127.0.0.1", 0, inside)
	names := &stub{}
	outside := ""
	if addresses, err := net.InterfaceAddrs(); err == nil {
		for _, a := range addresses {
			if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
				outside = ip.IP.String()
			}
		}
	}
	files := only(t, "eastus")
	w := newWired(t, place{files: files, regions: map[string]string{"eastus": "http://region.test:" + strconv.Itoa(port)}, transport: std.TransportOptions{Lookup: names.lookup}})
	first := "no address of this machine to begin with"
	if outside != "" {
		at(t, outside, port, &far{})
		names.lead(outside)
		if a := w.ask(false); !a.good() {
			t.Errorf("before: %d %v %s", a.status, a.err, a.body)
		}
		w.send.CloseIdle()
		first = "after a good answer of " + outside
	}
	bound := []string{"127.0.0.1", "127.0.0.53", "169.254.169.254", "::1", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "0.0.0.0", "::"}
	refused, n := 0, requests()/len(bound)
	for _, address := range bound {
		names.lead(address)
		for range n {
			if a := w.ask(false); a.status == 500 && !strings.Contains(a.body, address) {
				refused++
			}
		}
	}
	if out := w.outcomes("eastus"); refused != n*len(bound) || out["egress_denied"] != refused || inside.requests.Load() > 0 {
		t.Errorf("%d of %d refused, outcomes %v, %d requests came in", refused, n*len(bound), out, inside.requests.Load())
	}
	report(t, 25, "a name leads inside later", "%d of %d refused, %d requests came in; %s", refused, n*len(bound), inside.requests.Load(), first)
}
