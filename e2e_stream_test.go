package spillway_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/sim"
)

// streams are bodies that a gateway with ideas of its own about event streams
// would change.
var streams = map[string]string{
	"done":       "data: {\"choices\":[]}\n\ndata: [DONE]\n\n",
	"no done":    "data: {\"choices\":[]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n",
	"crlf":       "data: 1\r\n\r\ndata: 2\r\n\r\ndata: [DONE]\r\n\r\n",
	"cr":         "data: 1\r\rdata: 2\r\r",
	"comments":   ": keep-alive\n\n: another\n\ndata: 1\n\n:\n\n",
	"events":     "event: message_start\ndata: {}\n\nevent: message_stop\ndata: {}\nid: 7\nretry: 100\n\n",
	"unfinished": "data: 1\n\ndata: the last line has no end",
	"marks":      "\ufeffdata: \u00e9\u20ac\U0001f600\n\ndata: nul \x00 and \xff\xfe\n\n",
	"long":       "data: " + strings.Repeat("0123456789abcdef", 8<<10) + "\n\ndata: [DONE]\n\n",
	"no event":   "\n",
}

// TestStreamBytes holds that each byte of a stream arrives as it was sent,
// wherever the region splits it and however it writes its content type.
func TestStreamBytes(t *testing.T) {
	t.Parallel()
	const contentType = "Text/Event-Stream; Charset=UTF-8"
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
			go speak(c, contentType)
		}
	}()
	s := start(t, open(t, passes("http://"+l.Addr().String(), `<forward-request buffer-response="false" />`), nil))
	c := client(t)
	for name, want := range streams {
		for seed := range 12 {
			if len(want) > 1000 && seed > 3 {
				continue
			}
			resp, got := do(t, c, "POST", fmt.Sprintf("%s/ai/%d/%s", s.info.Gateway, seed, strings.ReplaceAll(name, " ", "-")), "x")
			if got != want {
				t.Errorf("%s, split %d: got %d bytes %.200q, want %d bytes %.200q", name, seed, len(got), got, len(want), want)
			}
			if h := resp.Header; h.Get("Content-Type") != contentType || h.Get("Content-Length") != "" || h.Get("X-Accel-Buffering") != "no" || len(h["Content-Type"]) != 1 {
				t.Errorf("%s: head %v", name, h)
			}
		}
	}
}

// speak answers each request on a connection with the stream that its path
// names, in chunks that its number decides; with an odd one the length is left
// open and the end of the connection ends the body.
func speak(c net.Conn, contentType string) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		var seed uint64
		var name string
		_, _ = fmt.Sscanf(req.URL.Path, "/%d/%s", &seed, &name)
		body := streams[strings.ReplaceAll(name, "-", " ")]
		random := rand.New(rand.NewPCG(seed, 0))
		framing := "Transfer-Encoding: chunked"
		if seed%2 == 1 {
			framing = "Connection: close"
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nX-Accel-Buffering: no\r\n%s\r\n\r\n", contentType, framing)
		for len(body) > 0 {
			n := min(1+random.IntN(1+random.IntN(2+len(body)/8)), len(body))
			if seed%2 == 0 {
				fmt.Fprintf(c, "%x\r\n%s\r\n", n, body[:n])
			} else {
				_, _ = io.WriteString(c, body[:n])
			}
			body = body[n:]
		}
		if seed%2 == 1 {
			return
		}
		_, _ = io.WriteString(c, "0\r\n\r\n")
	}
}

// still is the machine's clock but for the date, which stands: two regions made
// alike then answer alike to the byte.
type still struct{ clock.Real }

// Now implements clock.Clock.
func (still) Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// TestStreamLikeDirect asks two equal regions, one of them through the gateway.
func TestStreamLikeDirect(t *testing.T) {
	t.Parallel()
	twin := func() *sim.Region {
		return sim.New(sim.Config{Name: "eastus", Seed: 7, Clock: still{}, Profile: sim.Instant(), Keys: []string{"key-of-the-twins-1", "key-of-the-twins-2"}})
	}
	direct, behind := httptest.NewServer(twin()), httptest.NewServer(twin())
	t.Cleanup(direct.Close)
	t.Cleanup(behind.Close)
	s := start(t, open(t, passes(behind.URL, `<forward-request buffer-response="false" />`), nil))
	c := client(t)
	const path = "/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21"
	for i, body := range []string{
		`{"stream":true,"messages":[{"role":"user","content":"Say something about regions."}]}`,
		`{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"And about \u00e9\u20ac."}]}`,
		`{"stream":true,"n":2,"messages":[{"role":"user","content":"Twice, please."}]}`,
		chatBody,
		`{"stream":true}`,
	} {
		// Ids are drawn in the order of requests, so both regions are asked the
		// same questions in the same order.
		head := []string{"api-key: key-of-the-twins-1", "Content-Type: application/json"}
		wantResp, want := do(t, c, "POST", direct.URL+path, body, head...)
		gotResp, got := do(t, c, "POST", s.info.Gateway+"/ai"+path, body, head...)
		if gotResp.StatusCode != wantResp.StatusCode || got != want {
			t.Errorf("request %d: got %d\n%s\nwant %d\n%s", i, gotResp.StatusCode, got, wantResp.StatusCode, want)
		}
		for name, values := range wantResp.Header {
			if g := gotResp.Header[name]; name != "Date" && strings.Join(g, "\n") != strings.Join(values, "\n") && !strings.Contains(strings.ToLower(name), "latency") && !strings.Contains(strings.ToLower(name), "time") {
				t.Errorf("request %d: %s is %q, want %q", i, name, g, values)
			}
		}
	}
	// A region is Azure: a doubled slash that the gateway forgives is a 404 there.
	if resp, body := do(t, c, "POST", direct.URL+"/"+path, chatBody, "api-key: key-of-the-twins-1"); resp.StatusCode != 404 {
		t.Errorf("the region answers a doubled slash with %d %s", resp.StatusCode, body)
	}
	if resp, body := do(t, c, "POST", s.info.Gateway+"//ai/"+path, chatBody, "api-key: key-of-the-twins-1", "Content-Type: application/json"); resp.StatusCode != 200 {
		t.Errorf("the gateway answers a doubled slash with %d %s", resp.StatusCode, body)
	}
}

// TestFirstEventAtOnce holds that an event is not kept until the next one comes.
func TestFirstEventAtOnce(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(region.Close)
	s := start(t, open(t, passes(region.URL, `<forward-request buffer-response="false" />`), nil))
	resp := begin(t, client(t), "POST", s.info.Gateway+"/ai/x", "x")
	defer func() { _ = resp.Body.Close() }()
	for i := range 3 {
		want := fmt.Sprintf("data: %d\n\n", i)
		b := make([]byte, len(want))
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != want {
			t.Fatalf("got %q, %v; want %q", b, err, want)
		}
		next <- struct{}{} // only now does the region go on
	}
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
		t.Errorf("the rest is %q, %v", rest, err)
	}
}

// TestClientGone holds that a client that leaves, in whatever way, is noticed at
// the region within 100 ms: before the first byte and after it.
func TestClientGone(t *testing.T) {
	t.Parallel()
	arrived, left := make(chan struct{}, 1), make(chan time.Time, 1)
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "/after") {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
		}
		arrived <- struct{}{}
		<-r.Context().Done()
		left <- time.Now()
	}))
	t.Cleanup(region.Close)
	s := start(t, open(t, passes(region.URL, `<retry condition="@(context.Response == null || context.Response.StatusCode >= 500)" count="3" interval="0" first-fast-retry="true"><forward-request buffer-request-body="true" buffer-response="false" /></retry>`), nil))
	address := strings.TrimPrefix(s.info.Gateway, "http://")
	for _, when := range []string{"before", "after"} {
		for _, how := range []string{"close", "reset"} {
			var slowest time.Duration
			machine := clocktest.Watch(t)
			for i := range 25 {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(conn, "POST /ai/%s HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1\r\n\r\nx", when)
				await(t, arrived)
				if when == "after" {
					_ = conn.SetReadDeadline(time.Now().Add(patience))
					r := bufio.NewReader(conn)
					for {
						line, err := r.ReadString('\n')
						if err != nil {
							t.Fatalf("%s %s %d: %v", when, how, i, err)
						}
						if line == "data: 1\n" {
							break
						}
					}
				}
				if how == "reset" {
					_ = conn.(*net.TCPConn).SetLinger(0)
				}
				began := time.Now()
				_ = conn.Close()
				slowest = max(slowest, await(t, left).Sub(began))
			}
			if slowest > machine.Allow(100*time.Millisecond, 4) {
				t.Errorf("%s the first byte, by %s: seen after %v", when, how, slowest)
			}
		}
	}
	select {
	case <-arrived:
		t.Error("what a client left was tried again")
	default:
	}
	log := s.log.await(t, "100 records of clients that left", func(log string) bool {
		return strings.Count(log, `"outcome":"client_closed","bytes"`) == 100
	})
	if strings.Contains(log, "ExpressionValueEvaluationFailure") {
		t.Error("the condition of retry was evaluated after the client had gone")
	}
}

// await is the next value of a channel.
func await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}
