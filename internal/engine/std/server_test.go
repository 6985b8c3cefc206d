package std

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// echo answers with what it was given; paths change what it does.
type echo struct {
	served, refused atomic.Int64
	// gone gets the time at which a request for /stream or /wait saw its
	// caller leave.
	gone chan time.Time
	// started says that such a request is under way.
	started chan struct{}
	// rest lets one for /rest go on to its end.
	rest chan struct{}
}

func newEcho() *echo {
	return &echo{gone: make(chan time.Time, 8), started: make(chan struct{}, 8), rest: make(chan struct{})}
}

func (e *echo) Refuse(_ context.Context, _ *exchange.Exchange, sink exchange.Sink, err *exchange.Error) {
	e.refused.Add(1)
	reply(sink, err.Response(exchange.GUID{}))
}

func reply(sink exchange.Sink, r *exchange.Response) {
	_ = sink.Head(&exchange.ResponseHead{Status: r.Status, Header: r.Header, Length: r.Body.Length()})
	_ = sink.Chunk(r.Body.Bytes())
	_ = sink.End()
}

func (e *echo) Serve(ctx context.Context, x *exchange.Exchange, sink exchange.Sink) {
	e.served.Add(1)
	switch x.Original.URL.Path {
	case "/wait":
		_ = x.Original.Body.Buffer(ctx, 1<<20)
		e.started <- struct{}{}
		<-ctx.Done()
		e.gone <- time.Now()
		sink.Abort()
		return
	case "/stream":
		_ = x.Original.Body.Buffer(ctx, 1<<20)
		_ = sink.Head(&exchange.ResponseHead{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Length: -1})
		_ = sink.Chunk([]byte("data: 1\n\n"))
		e.started <- struct{}{}
		<-ctx.Done()
		e.gone <- time.Now()
		sink.Abort()
		return
	case "/rest":
		length := int64(-1)
		if x.Original.URL.Query == "known" {
			length = 10
		}
		_ = sink.Head(&exchange.ResponseHead{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "text/plain"}}, Length: length})
		_ = sink.Chunk([]byte("first"))
		e.started <- struct{}{}
		select {
		case <-ctx.Done():
			e.gone <- time.Now()
			sink.Abort()
			return
		case <-e.rest:
		}
		_ = sink.Chunk([]byte(" last"))
		_ = sink.End()
		return
	case "/cut":
		_ = sink.Head(&exchange.ResponseHead{Status: 200, Length: -1})
		_ = sink.Chunk([]byte("part"))
		sink.Abort()
		return
	case "/early":
		reply(sink, &exchange.Response{Status: 429, Body: exchange.BufferedBody([]byte("full"))})
		return
	}
	err := x.Original.Body.Buffer(ctx, 64<<20)
	var full *exchange.Error
	if errors.As(err, &full) {
		reply(sink, full.Response(exchange.GUID{}))
		return
	}
	if err != nil {
		sink.Abort()
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", x.Original.Method, x.Original.URL)
	for _, f := range x.Original.Header {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	fmt.Fprintf(&b, "\n%s", x.Original.Body.Bytes())
	reply(sink, &exchange.Response{Status: 200, Body: exchange.BufferedBody([]byte(b.String()))})
}

func start(t testing.TB, h Handler) string { return startPatient(t, h, patience) }

func startPatient(t testing.TB, h Handler, wait time.Duration) string {
	t.Helper()
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(h, log.New(io.Discard, "", 0))
	s.wait = wait
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return l.Addr().String()
}

func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// exchangeRaw sends bytes and reads answers until the connection ends or want
// of them have come.
func exchangeRaw(t testing.TB, addr, request string, want int) (statuses []int, bodies []string, closed bool) {
	t.Helper()
	c := dial(t, addr)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for len(statuses) < want {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return statuses, bodies, true
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return append(statuses, resp.StatusCode), append(bodies, string(b)+"<cut>"), true
		}
		statuses, bodies = append(statuses, resp.StatusCode), append(bodies, string(b))
		closed = resp.Close
	}
	return statuses, bodies, closed
}

func TestBadInput(t *testing.T) {
	post := func(lines, body string) string {
		return "POST /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body
	}
	chunks := func(body string) string { return post("Transfer-Encoding: chunked\r\n", body) }
	get := func(lines string) string { return "GET /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" }
	for _, c := range []struct {
		name, request string
		want          int
	}{
		{"two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"), 400},
		{"equal lengths", post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), 400},
		{"listed lengths", post("Content-Length: 2, 2\r\n", "ab"), 400},
		{"negative length", post("Content-Length: -1\r\n", ""), 400},
		{"signed length", post("Content-Length: +1\r\n", "a"), 400},
		{"hex length", post("Content-Length: 0x1\r\n", "a"), 400},
		{"length with _", post("Content-Length: 1_0\r\n", "a"), 400},
		{"empty length", post("Content-Length:\r\n", "a"), 400},
		{"overflowing length", post("Content-Length: 99999999999999999999\r\n", "a"), 400},
		{"length and coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
		{"coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
		{"coding on 1.0", "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"unknown coding", post("Transfer-Encoding: xchunked\r\n", ""), 501},
		{"empty coding first", post("Transfer-Encoding: ,chunked\r\n", ""), 501},
		{"identity too", post("Transfer-Encoding: chunked, identity\r\n", ""), 501},
		{"coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""), 400},
		{"vertical tab", post("Transfer-Encoding:\vchunked\r\n", ""), 400},
		{"space before colon", post("Transfer-Encoding : chunked\r\n", ""), 400},
		{"folded line", get("X-A: b\r\n c\r\n"), 400},
		{"bare LF", "GET /x HTTP/1.1\nHost: a\n\n", 400},
		{"one bare LF", "GET /x HTTP/1.1\r\nHost: a\r\nX-A: b\nX-B: c\r\n\r\n", 400},
		{"bare LF at the end", "GET /x HTTP/1.1\r\nHost: a\r\n\n", 400},
		{"bare CR", get("X-A: b\rc\r\n"), 400},
		{"NUL", get("X-A: b\x00c\r\n"), 400},
		{"control character", get("X-A: \x01\r\n"), 400},
		{"name not ASCII", get("X-\u00e9: b\r\n"), 400},
		{"no name", get(": b\r\n"), 400},
		{"no colon", get("X-A\r\n"), 400},
		{"leading space", "GET /x HTTP/1.1\r\n Host: a\r\n\r\n", 400},
		{"bad method", "G T /x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"bad method character", "G@T /x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"HTTP/0.9", "GET /x\r\n\r\n", 400},
		{"HTTP/1.32", "GET /x HTTP/1.32\r\nHost: a\r\n\r\n", 400},
		{"HTTP/2.0", "GET /x HTTP/2.0\r\nHost: a\r\n\r\n", 505},
		{"lower-case version", "GET /x http/1.1\r\nHost: a\r\n\r\n", 400},
		{"empty line first", "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"no Host", "GET /x HTTP/1.1\r\n\r\n", 400},
		{"two Hosts", get("Host: b\r\n"), 400},
		{"Host with path", "GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
		{"Host with user", "GET /x HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
		{"Host with a quote", "GET /x HTTP/1.1\r\nHost: a\"b\r\n\r\n", 400},
		{"Host not ASCII", "GET /x HTTP/1.1\r\nHost: \u00e9\r\n\r\n", 400},
		{"two Hosts in a line", "GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
		{"bad escape", "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"half an escape", "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"no slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"bad authority", "GET http://[::1/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"URL not encoded", "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"too many lines", get(strings.Repeat("X-A: b\r\n", maxLines)), 431},
		{"too large", get("X-A: " + strings.Repeat("b", maxHead) + "\r\n"), 431},
		{"long URL", "GET /" + strings.Repeat("b", maxURL) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
		{"endless URL", "GET /" + strings.Repeat("b", 2*maxHead), 414},
		{"many parameters", "GET /x?" + strings.Repeat("&", maxParameters) + " HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405},
		{"TRACE", "TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n", 405},
		{"unknown Expect", post("Expect: 200-ok\r\nContent-Length: 1\r\n", "a"), 417},
		{"chunk 0x5", chunks("0x5\r\nabcde\r\n0\r\n\r\n"), 400},
		{"chunk +5", chunks("+5\r\nabcde\r\n0\r\n\r\n"), 400},
		{"chunk -5", chunks("-5\r\nabcde\r\n0\r\n\r\n"), 400},
		{"chunk 0_5", chunks("0_5\r\nabcde\r\n0\r\n\r\n"), 400},
		{"empty chunk size", chunks("\r\n0\r\n\r\n"), 400},
		{"17 digits", chunks("00000000000000005\r\nabcde\r\n0\r\n\r\n"), 400},
		{"LF after size", chunks("5\nabcde\r\n0\r\n\r\n"), 400},
		{"LF in last chunk", chunks("5\r\nabcde\r\n0\n\r\n"), 400},
		{"LF ends the trailer", chunks("5\r\nabcde\r\n0\r\n\n"), 400},
		{"spilling data", chunks("5\r\nabcdef\r\n0\r\n\r\n"), 400},
		{"no CR LF after data", chunks("5\r\nabcde0\r\n\r\n"), 400},
		{"LF in extension", chunks("5;a\nb\r\nabcde\r\n0\r\n\r\n"), 400},
		{"long extension", chunks("5;" + strings.Repeat("a", 64<<10) + "\r\nabcde\r\n0\r\n\r\n"), 400},
		{"bad trailer", chunks("0\r\n: a\r\n\r\n"), 400},
		{"long trailer", chunks("0\r\nX: " + strings.Repeat("a", maxTrailer) + "\r\n\r\n"), 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEcho()
			statuses, bodies, closed := exchangeRaw(t, start(t, e), c.request+"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 2)
			if len(statuses) != 1 || statuses[0] != c.want || !closed {
				t.Fatalf("got %v, closed %v, bodies %q", statuses, closed, bodies)
			}
			if !strings.HasPrefix(bodies[0], `{ "statusCode": `+strconv.Itoa(c.want)+`, "message": "`) {
				t.Errorf("body %q", bodies[0])
			}
		})
	}
}

func TestGoodInput(t *testing.T) {
	addr := start(t, newEcho())
	for _, c := range []struct{ name, request, want string }{
		{
			"order, spelling, duplicates",
			"GET /a%2Fb/?x=%20&y HTTP/1.1\r\nHOST: Gw:8080\r\nx-b: 1\r\nX-A: 2\r\nx-b:  3 \r\nx-empty:\r\n\r\n",
			"GET http://gw:8080/a%2Fb/?x=%20&y\nHOST: Gw:8080\nx-b: 1\nX-A: 2\nx-b: 3\nx-empty: \n\n",
		},
		{
			"absolute form",
			"GET http://other/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET http://other/p?q\nHost: other\nX-Forwarded-Host: a\n\n",
		},
		{
			"underscored twins",
			"GET / HTTP/1.1\r\nHost: a\r\napi_key: 1\r\nX_Forwarded_For: 2\r\nmy_own: 3\r\n\r\n",
			"GET http://a/\nHost: a\nmy_own: 3\n\n",
		},
		{
			"length",
			"POST / HTTP/1.1\r\nHost: [::1]:81\r\nContent-Length: 5\r\n\r\nabcde",
			"POST http://[::1]:81/\nHost: [::1]:81\nContent-Length: 5\n\nabcde",
		},
		{
			"chunks, extension, trailer",
			"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n005;x=y\r\nabcde\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n",
			"POST http://a/\nHost: a\ntransfer-encoding: Chunked\n\nabcde0123456789",
		},
		{
			"unknown method",
			"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW http://a/\nHost: a\n\n",
		},
		{
			"OPTIONS *",
			"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS http://a*\nHost: a\n\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Twice on one connection: the second is read where the first ends.
			statuses, bodies, _ := exchangeRaw(t, addr, c.request+c.request, 2)
			if len(bodies) != 2 || bodies[0] != c.want || bodies[1] != c.want {
				t.Errorf("got %v %q\nwant %q", statuses, bodies, c.want)
			}
		})
	}
}

// However a request arrives in pieces, it is the same request.
func TestSplitAnywhere(t *testing.T) {
	addr := start(t, newEcho())
	request := "POST /a HTTP/1.1\r\nHost: a\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e\r\nde\r\n0\r\nT: 1\r\n\r\n"
	want := "POST http://a/a\nHost: a\nX-A: b\nTransfer-Encoding: chunked\n\nabcde"
	c := dial(t, addr)
	r := bufio.NewReader(c)
	for i := 1; i < len(request); i++ {
		for _, part := range []string{request[:i], request[i:]} {
			if _, err := io.WriteString(c, part); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("split at %d: %v", i, err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(b) != want {
			t.Fatalf("split at %d: %q", i, b)
		}
	}
}

func TestPipelinedThenBad(t *testing.T) {
	good := "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
	statuses, _, closed := exchangeRaw(t, start(t, newEcho()), good+good+"GET /3\r\n\r\n"+good, 4)
	if fmt.Sprint(statuses) != "[200 200 400]" || !closed {
		t.Errorf("got %v, closed %v", statuses, closed)
	}
}

func TestExpectContinue(t *testing.T) {
	c := dial(t, start(t, newEcho()))
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	r := bufio.NewReader(c)
	line, err := r.ReadString('\n')
	if err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = r.ReadString('\n')
	_, _ = io.WriteString(c, "hi")
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
}

// A caller that leaves is noticed at once, whichever way it leaves and however
// far the answer is.
func TestClientGone(t *testing.T) {
	for _, path := range []string{"/wait", "/stream"} {
		for _, how := range []string{"close", "reset", "half-close"} {
			if path == "/stream" && how == "half-close" {
				continue // it may still listen
			}
			for _, body := range []string{"", "Content-Length: 2\r\n"} {
				t.Run(path+" "+how+" "+body, func(t *testing.T) {
					e := newEcho()
					c := dial(t, start(t, e))
					_, _ = io.WriteString(c, "POST "+path+" HTTP/1.1\r\nHost: a\r\n"+body+"\r\n")
					if body != "" {
						_, _ = io.WriteString(c, "hi")
					}
					<-e.started
					if path == "/stream" {
						resp, err := http.ReadResponse(bufio.NewReader(c), nil)
						if err != nil {
							t.Fatal(err)
						}
						defer func() { _ = resp.Body.Close() }()
					}
					machine := clocktest.Watch(t)
					left := time.Now()
					switch how {
					case "close":
						_ = c.Close()
					case "reset":
						_ = c.SetLinger(0)
						_ = c.Close()
					default:
						_ = c.CloseWrite()
					}
					select {
					case at := <-e.gone:
						if d := at.Sub(left); d > machine.Allow(100*time.Millisecond, 3) {
							t.Errorf("noticed after %v", d)
						}
					case <-time.After(30 * time.Second):
						t.Error("never noticed")
					}
				})
			}
		}
	}
}

// A caller that closes its side in the middle of an answer and listens gets the
// rest as it is, also after it was asked whether it does.
func TestHalfClosed(t *testing.T) {
	for _, c := range []struct {
		name, query, version, want string
		asks                       bool
	}{
		{"chunked", "", "1.1", "first last", true},
		{"of a known length", "?known", "1.1", "first last", false},
		{"to the end of the connection", "", "1.0", "first last", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEcho()
			conn := dial(t, start(t, e))
			_, _ = io.WriteString(conn, "GET /rest"+c.query+" HTTP/"+c.version+"\r\nHost: a\r\n\r\n")
			<-e.started
			var wire bytes.Buffer
			r := bufio.NewReader(io.TeeReader(conn, &wire))
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			first := make([]byte, 5)
			if _, err := io.ReadFull(resp.Body, first); err != nil {
				t.Fatal(err)
			}
			if err := conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			// The head of the next chunk begins with as many zeros as it was asked.
			if c.asks {
				for !bytes.HasSuffix(wire.Bytes(), []byte(strings.Repeat("0", len(asks)))) {
					if _, err := r.Peek(r.Buffered() + 1); err != nil {
						t.Fatal(err)
					}
				}
			}
			close(e.rest)
			rest, err := io.ReadAll(resp.Body)
			if got := string(first) + string(rest); got != c.want || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			if len(e.gone) > 0 {
				t.Error("it was taken for having left")
			}
		})
	}
}

// An aborted answer must not look complete.
func TestAbort(t *testing.T) {
	addr := start(t, newEcho())
	for _, version := range []string{"1.1", "1.0"} {
		c := dial(t, addr)
		_, _ = io.WriteString(c, "GET /cut HTTP/"+version+"\r\nHost: a\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			if version == "1.0" {
				continue // the reset overtook the answer
			}
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err == nil {
			t.Errorf("HTTP/%s: %q ended as if complete", version, b)
		}
		_ = resp.Body.Close()
	}
}

// An answer that comes before the request's body has been read is delivered,
// while the caller is still sending.
func TestEarlyAnswer(t *testing.T) {
	c := dial(t, start(t, newEcho()))
	_, _ = io.WriteString(c, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\npart")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 429 {
		t.Fatal(resp, err)
	}
	if b, _ := io.ReadAll(resp.Body); string(b) != "full" {
		t.Errorf("body %q", b)
	}
	_ = resp.Body.Close()
}

// A connection outlives answers that came before the body was read: with the body
// there already, behind its head, in chunks, and too late for the answer.
func TestKeptAfterEarlyAnswer(t *testing.T) {
	c := dial(t, start(t, newEcho()))
	r := bufio.NewReader(c)
	for i := range 200 {
		head, body := "Content-Length: 4\r\n\r\n", "part"
		if i%2 == 1 {
			head, body = "Transfer-Encoding: chunked\r\n\r\n", "4\r\npart\r\n0\r\n\r\n"
		}
		if i%4 < 2 {
			head, body = head+body, ""
		}
		_, _ = io.WriteString(c, "POST /early HTTP/1.1\r\nHost: a\r\n"+head)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 429 || resp.Close {
			t.Fatalf("request %d: %v %v", i, resp, err)
		}
		if b, _ := io.ReadAll(resp.Body); string(b) != "full" {
			t.Errorf("body %q", b)
		}
		_ = resp.Body.Close()
		_, _ = io.WriteString(c, body)
	}
}

// What the caller sends may be slow, but not for ever.
func TestSlow(t *testing.T) {
	for _, c := range []struct {
		name, request string
		want          int
	}{
		{"header", "GET / HTTP/1.1\r\nHost: a\r\nX-", 408},
		{"body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", 408},
		{"chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", 408},
	} {
		t.Run(c.name, func(t *testing.T) {
			statuses, _, closed := exchangeRaw(t, startPatient(t, newEcho(), 50*time.Millisecond), c.request, 2)
			if len(statuses) != 1 || statuses[0] != c.want || !closed {
				t.Errorf("got %v, closed %v", statuses, closed)
			}
		})
	}
	// A body that keeps the pace may take longer than that.
	c := dial(t, startPatient(t, newEcho(), 1500*time.Millisecond))
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n")
	for range 4 {
		<-time.After(400 * time.Millisecond)
		_, _ = io.WriteString(c, strings.Repeat("a", 1000))
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
}

func FuzzFront(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET"))
	f.Fuzz(func(t *testing.T, b []byte) {
		// What the front takes for a request, net/http must take for the same.
		c := &front{Conn: &fixed{b: b}, token: "/refused"}
		r := bufio.NewReader(c)
		for range 8 {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			h, ok := c.nextHead()
			if !ok {
				t.Fatal("net/http reads a request that the front has not seen")
			}
			if h.refused != nil {
				return
			}
			if req.Method != h.method || req.RequestURI != h.target {
				t.Fatalf("net/http reads %s %s, the front %s %s", req.Method, req.RequestURI, h.method, h.target)
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
		}
	})
}

// fixed is a connection on which b comes byte by byte.
type fixed struct {
	net.Conn
	b []byte
}

func (c *fixed) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	p[0] = c.b[0]
	c.b = c.b[1:]
	return 1, nil
}

func (c *fixed) SetReadDeadline(time.Time) error { return nil }
