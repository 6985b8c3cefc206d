package std

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func outbound(method, address string, body []byte) *exchange.Outbound {
	u, err := exchange.ParseURL(address)
	if err != nil {
		panic(err)
	}
	out := &exchange.Outbound{Method: method, URL: u, Body: exchange.NoBody()}
	if body != nil {
		out.Body = exchange.BufferedBody(body)
	}
	return out
}

func readAll(t *testing.T, in *exchange.Inbound) ([]byte, error) {
	t.Helper()
	s, err := in.Body.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var all []byte
	for {
		b, err := s.Next(context.Background())
		all = append(all, b...)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// raw is a backend that answers each connection as f does.
func raw(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				f(c)
			}()
		}
	}()
	return l.Addr().String()
}

// answer reads one request and writes text.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(c, text)
		}
	}
}

func TestFailures(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	tlsServer := httptest.NewUnstartedServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = log.New(io.Discard, "", 0)
	tlsServer.StartTLS()
	defer tlsServer.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	silent := raw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	lookup := func(ctx context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "slow.test":
			<-ctx.Done()
			return nil, ctx.Err()
		case "rebound.test":
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		case "metadata.test":
			return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	tr := NewTransport(TransportOptions{Lookup: lookup})
	defer tr.CloseIdle()
	hasty := NewTransport(TransportOptions{ConnectTimeout: time.Second, TLSTimeout: 50 * time.Millisecond, Lookup: lookup})
	defer hasty.CloseIdle()
	for _, c := range []struct {
		name, url string
		want      exchange.FailureKind
		text      string
	}{
		{"refused", "http://" + closed.Addr().String(), exchange.FailedConnect, "refused"},
		{"no name", "http://nowhere.test", exchange.FailedDNS, "Name does not resolve"},
		{"slow name", "http://slow.test", exchange.FailedConnectTimeout, "timed out"},
		{"unknown authority", tlsServer.URL, exchange.FailedTLS, "certificate"},
		{"plain answer to TLS", "https://" + plain.Listener.Addr().String(), exchange.FailedTLS, ""},
		{"silent handshake", "https://" + silent, exchange.FailedTLS, ""},
		{"name that leads here", "http://rebound.test:" + strconv.Itoa(port(t, plain.URL)), exchange.FailedRefusedAddress, "may not go to"},
		{"name that leads to metadata", "http://metadata.test", exchange.FailedRefusedAddress, "may not go to"},
		{"metadata", "http://169.254.169.254/latest", exchange.FailedRefusedAddress, "may not go to"},
		{"mapped metadata", "http://[::ffff:169.254.169.254]/", exchange.FailedRefusedAddress, "may not go to"},
		{"link-local", "http://[fe80::1]/", exchange.FailedRefusedAddress, "may not go to"},
		{"closed at once", "http://" + raw(t, func(net.Conn) {}), exchange.FailedReset, ""},
		{"reset in the head", "http://" + raw(t, answer("HTTP/1.1 200 OK\r\nX-A: ")), exchange.FailedReset, ""},
		{"not HTTP", "http://" + raw(t, answer("SSH-2.0\r\n\r\n")), exchange.FailedProtocol, ""},
		{"a status of 1000", "http://" + raw(t, answer("HTTP/1.1 1000 X\r\n\r\n")), exchange.FailedProtocol, ""},
		{"101 unasked", "http://" + raw(t, answer("HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n")), exchange.FailedProtocol, ""},
		{"two lengths", "http://" + raw(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")), exchange.FailedProtocol, ""},
		{"large head", "http://" + raw(t, answer("HTTP/1.1 200 OK\r\nX-A: "+strings.Repeat("a", 200<<10)+"\r\n\r\n")), exchange.FailedProtocol, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			by := tr
			if strings.HasPrefix(c.name, "s") { // slow name, silent handshake
				by = hasty
			}
			_, err := by.Send(t.Context(), outbound("GET", c.url, nil))
			var f *exchange.Failure
			if !errors.As(err, &f) || f.Kind != c.want || !strings.Contains(f.Error(), c.text) {
				t.Errorf("got %v (%#v), want %v %q", err, err, c.want, c.text)
			}
		})
	}
	tr.Allow([]string{"Rebound.test"})
	in, err := tr.Send(t.Context(), outbound("GET", "http://rebound.test:"+strconv.Itoa(port(t, plain.URL)), nil))
	if err != nil || in.Status != 404 {
		t.Errorf("a name that is allowed: %v, %v", in, err)
	}
}

// A process without descriptors says nothing about its backends.
func TestNoDescriptors(t *testing.T) {
	for _, number := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE} {
		err := failure(t.Context(), &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", number)})
		var full *exchange.Error
		if !errors.As(err, &full) || !errors.Is(err, exchange.ErrNoDescriptors) || full.Status != 503 {
			t.Errorf("%v: %v", number, err)
		}
	}
}

func port(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(u.Port())
	return n
}

// A name that ceases to resolve keeps its last good addresses.
func TestLastGoodAddresses(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	var broken atomic.Bool
	tr := NewTransport(TransportOptions{Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		if broken.Load() {
			return nil, &net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}
		}
		// The first address is dead; the second is tried.
		return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}, nil
	}})
	defer tr.CloseIdle()
	tr.Allow([]string{"good.test"})
	for range 2 {
		if _, err := tr.Send(t.Context(), outbound("GET", "http://good.test:"+strconv.Itoa(port(t, server.URL)), nil)); err != nil {
			t.Fatal(err)
		}
		tr.CloseIdle()
		broken.Store(true)
	}
}

func TestTLSChecks(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	known := x509.NewCertPool()
	known.AddCert(server.Certificate())
	lookup := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	named := "https://example.com:" + strconv.Itoa(port(t, server.URL)) // a name of the certificate
	other := "https://other.test:" + strconv.Itoa(port(t, server.URL))
	for _, c := range []struct {
		name                string
		url                 string
		roots               *x509.CertPool
		skipChain, skipName bool
		version             string
		want                string
	}{
		{"good", named, known, false, false, "1", "HTTP/1.1"},
		{"good by address", server.URL, known, false, false, "1", "HTTP/1.1"},
		{"HTTP/2", named, known, false, false, "2or1", "HTTP/2.0"},
		{"wrong name", other, known, false, false, "1", ""},
		{"wrong name, unchecked", other, known, false, true, "1", "HTTP/1.1"},
		{"wrong name and chain, name unchecked", other, nil, false, true, "1", ""},
		{"unknown authority, chain unchecked", named, nil, true, false, "1", "HTTP/1.1"},
		{"the same by address", server.URL, nil, true, false, "2", "HTTP/2.0"},
		{"wrong name, chain unchecked", other, nil, true, false, "1", ""},
		{"nothing checked", other, nil, true, true, "2or1", "HTTP/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := NewTransport(TransportOptions{Roots: c.roots, Lookup: lookup})
			tr.Allow([]string{"example.com", "other.test"})
			defer tr.CloseIdle()
			out := outbound("GET", c.url, nil)
			out.SkipChain, out.SkipName, out.HTTPVersion = c.skipChain, c.skipName, c.version
			in, err := tr.Send(t.Context(), out)
			var f *exchange.Failure
			if c.want == "" {
				if !errors.As(err, &f) || f.Kind != exchange.FailedTLS {
					t.Fatalf("got %v, %v", in, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if b, err := readAll(t, in); err != nil || string(b) != c.want {
				t.Errorf("got %q, %v", b, err)
			}
		})
	}
}

// What goes out is what was asked for, and nothing else.
func TestRequestOnTheWire(t *testing.T) {
	seen := make(chan string, 1)
	addr := raw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		var b strings.Builder
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			b.WriteString(line)
			if line == "\r\n" {
				break
			}
		}
		seen <- b.String()
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	tr := NewTransport(TransportOptions{})
	defer tr.CloseIdle()
	out := outbound("POST", "http://"+addr+"/a%2Fb/c|d;x=1?q=%20&y", []byte("hi"))
	out.Host = "region.test"
	out.Header = exchange.Header{{Name: "api-key", Value: "k"}, {Name: "X-B", Value: "1"}, {Name: "X-B", Value: "2"}}
	in, err := tr.Send(t.Context(), out)
	if err != nil || in.Status != 204 {
		t.Fatal(in, err)
	}
	want := "POST /a%2Fb/c|d;x=1?q=%20&y HTTP/1.1\r\nHost: region.test\r\nContent-Length: 2\r\nX-B: 1\r\nX-B: 2\r\napi-key: k\r\n\r\n"
	if d := cmp.Diff(want, <-seen); d != "" {
		t.Error(d)
	}
}

// A connection that the backend closed while it was idle costs nothing, a POST
// included.
func TestStaleConnection(t *testing.T) {
	var requests atomic.Int64
	addr := raw(t, func(c net.Conn) {
		// Answers one request and closes when the second has begun.
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		requests.Add(1)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = r.ReadByte()
	})
	tr := NewTransport(TransportOptions{})
	defer tr.CloseIdle()
	for i := range 200 {
		in, err := tr.Send(t.Context(), outbound("POST", "http://"+addr, []byte("body")))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if b, err := readAll(t, in); err != nil || string(b) != "ok" {
			t.Fatalf("request %d: %q, %v", i, b, err)
		}
	}
	if requests.Load() != 200 {
		t.Errorf("%d requests were answered", requests.Load())
	}
}

// An answer that comes while the body is still being sent is delivered.
func TestEarlyAnswerOfBackend(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
		_, _ = io.WriteString(w, "full")
	}))
	defer server.Close()
	tr := NewTransport(TransportOptions{})
	defer tr.CloseIdle()
	for i := range 20 {
		in, err := tr.Send(t.Context(), outbound("POST", server.URL, make([]byte, 12<<20)))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if b, err := readAll(t, in); err != nil || in.Status != 429 || string(b) != "full" {
			t.Fatalf("request %d: %d %q, %v", i, in.Status, b, err)
		}
	}
}

type chunks struct {
	list []string
	end  error
}

func (c *chunks) Next(context.Context) ([]byte, error) {
	if len(c.list) == 0 {
		return nil, c.end
	}
	b := c.list[0]
	c.list = c.list[1:]
	return []byte(b), nil
}

func (c *chunks) Close() error { return nil }

// A body that turns out malformed is the caller's fault; when its beginning is,
// the backend is not even called.
func TestBadUpload(t *testing.T) {
	var called atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	tr := NewTransport(TransportOptions{})
	defer tr.CloseIdle()
	for _, c := range []struct {
		list []string
		end  error
		want int64
	}{
		{nil, errMalformedBody, 0},
		{[]string{"abc"}, errMalformedBody, 1},
		{[]string{"abc"}, exchange.ErrClientGone, 1},
	} {
		called.Store(0)
		out := outbound("POST", server.URL, nil)
		out.Body = exchange.StreamingBody(&chunks{c.list, c.end}, -1)
		_, err := tr.Send(t.Context(), out)
		if !errors.Is(err, c.end) {
			t.Errorf("%q: %v", c.list, err)
		}
		if c.want == 0 && called.Load() != 0 {
			t.Error("the backend was called")
		}
	}
}

// Chunks pass one by one, and a body that ends early is not a complete one.
func TestResponseBodies(t *testing.T) {
	for _, c := range []struct{ name, text, want, err string }{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", ""},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", ""},
		{"until the end", "HTTP/1.1 200 OK\r\n\r\nabc", "abc", ""},
		{"early hints first", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", ""},
		{"short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "abc", "cut"},
		{"chunks cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc", "cut"},
		{"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0x3\r\nabc\r\n0\r\n\r\n", "abc", "cut"},
		{"gzip stays", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "abc", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := NewTransport(TransportOptions{})
			defer tr.CloseIdle()
			in, err := tr.Send(t.Context(), outbound("GET", "http://"+raw(t, answer(c.text)), nil))
			if err != nil {
				t.Fatal(err)
			}
			b, err := readAll(t, in)
			if string(b) != c.want || (err != nil) != (c.err != "") || err != nil && !errors.Is(err, exchange.ErrCut) {
				t.Errorf("got %q, %v", b, err)
			}
		})
	}
}

// Cancelling reaches the backend at once, while the head is awaited and while
// the body runs.
func TestCancelReachesBackend(t *testing.T) {
	for _, streaming := range []bool{false, true} {
		started, gone := make(chan struct{}), make(chan time.Time, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if streaming {
				_, _ = io.WriteString(w, "data: 1\n\n")
				_ = http.NewResponseController(w).Flush()
			}
			close(started)
			<-r.Context().Done()
			gone <- time.Now()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		tr := NewTransport(TransportOptions{})
		done := make(chan error, 1)
		go func() {
			in, err := tr.Send(ctx, outbound("GET", server.URL, nil))
			if err == nil {
				_, err = readAll(t, in)
			}
			done <- err
		}()
		<-started
		machine := clocktest.Watch(t)
		at := time.Now()
		cancel()
		if err := <-done; err == nil {
			t.Error("a cancelled request ended well")
		}
		if d := (<-gone).Sub(at); d > machine.Allow(100*time.Millisecond, 3) {
			t.Errorf("streaming %v: seen after %v", streaming, d)
		}
		tr.CloseIdle()
		server.Close()
	}
}

func TestRedirects(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Api-Key")+r.Header.Get("X-Secret")+" "+string(b))
	}))
	defer other.Close()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/303": server.URL + "/here", "/307": other.URL, "/same": "/here", "/bad": "ftp://x"}[r.URL.Path]
		if to == "" {
			_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Api-Key"))
			return
		}
		status, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil {
			status = 302
		}
		http.Redirect(w, r, to, status)
	}))
	defer server.Close()
	tr := NewTransport(TransportOptions{})
	defer tr.CloseIdle()
	for _, c := range []struct {
		path   string
		follow bool
		deny   bool
		status int
		want   string
	}{
		{"/same", false, false, 302, ""},
		{"/same", true, false, 200, "GET key"},
		{"/303", true, false, 200, "GET key"},
		{"/307", true, false, 200, "POST  body"}, // credentials stay behind
		{"/307", true, true, 0, ""},
		{"/bad", true, false, 0, ""},
	} {
		out := outbound("POST", server.URL+c.path, []byte("body"))
		out.Header = exchange.Header{{Name: "api-key", Value: "key"}, {Name: "X-Secret", Value: "s"}}
		out.FollowRedirects = c.follow
		out.CheckRedirect = func(exchange.URL) error {
			if c.deny {
				return errors.New("denied")
			}
			return nil
		}
		in, err := tr.Send(t.Context(), out)
		if c.status == 0 {
			if err == nil {
				t.Errorf("%s: answered %d", c.path, in.Status)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := readAll(t, in); in.Status != c.status || c.want != "" && string(b) != c.want {
			t.Errorf("%s: %d %q", c.path, in.Status, b)
		}
	}
}

func TestProxy(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "behind") }))
	defer server.Close()
	auth := make(chan string, 1)
	proxy := raw(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil || r.Method != http.MethodConnect {
			return
		}
		auth <- r.Header.Get("Proxy-Authorization")
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(to, c) }()
		_, _ = io.Copy(c, to)
	})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	tr := NewTransport(TransportOptions{Roots: roots})
	defer tr.CloseIdle()
	out := outbound("GET", server.URL, nil)
	out.Proxy, out.ProxyUser, out.ProxyPassword = "http://"+proxy, "u", "p"
	in, err := tr.Send(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := readAll(t, in); string(b) != "behind" {
		t.Errorf("got %q", b)
	}
	if a := <-auth; a != "Basic dTpw" {
		t.Errorf("the proxy saw %q", a)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	body := bytes.Repeat([]byte("a"), 600)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	tr := NewTransport(TransportOptions{})
	defer tr.CloseIdle()
	out := outbound("POST", server.URL, body)
	b.ReportAllocs()
	for b.Loop() {
		in, err := tr.Send(b.Context(), out)
		if err != nil {
			b.Fatal(err)
		}
		s, _ := in.Body.Open()
		for err == nil {
			_, err = s.Next(b.Context())
		}
		_ = s.Close()
	}
}
