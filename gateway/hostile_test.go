package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// farSide is a region at the level of bytes: f has each of its connections, whose
// first request has been read.
func farSide(t testing.TB, f func(c net.Conn, r *bufio.Reader)) string {
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
				r := bufio.NewReader(c)
				if q, err := http.ReadRequest(r); err == nil {
					_, _ = io.Copy(io.Discard, q.Body)
					f(c, r)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// without ends writes text again and again until the far side closes.
func without(end string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, _ *bufio.Reader) {
		for {
			if _, err := io.WriteString(c, end); err != nil {
				return
			}
		}
	}
}

// after writes a beginning once, and then plays the rest.
func after(begin string, rest func(net.Conn, *bufio.Reader)) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		if _, err := io.WriteString(c, begin); err == nil {
			rest(c, r)
		}
	}
}

// silence waits for the gateway to leave.
func silence(c net.Conn, _ *bufio.Reader) { _, _ = io.Copy(io.Discard, c) }

func over(net.Conn, *bufio.Reader) {}

const sseHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

func chunked(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// TestHostileRegions holds that whatever a region sends, a caller gets an answer
// or a visibly incomplete one within the time-out, nothing of a malformed head
// leaks, and nothing is left behind: no goroutine, no attempt that still counts.
func TestHostileRegions(t *testing.T) {
	kilo := strings.Repeat("x", 1024)
	event := "data: {\"choices\":[]}\n\n"
	for _, c := range []struct {
		name    string
		play    func(net.Conn, *bufio.Reader)
		status  int
		body    string // the answer's, with "<" and the error where it is cut; "" for any
		outcome string
	}{
		{"an endless head", after("HTTP/1.1 200 OK\r\n", without("X-A: "+kilo+"\r\n")), 500, "", "protocol"},
		{"an endless line of a head", after("HTTP/1.1 200 OK\r\nX-A: ", without(kilo)), 500, "", "protocol"},
		{"an endless status line", after("HTTP/1.1 200 ", without(kilo)), 500, "", "protocol"},
		{"a head that does not end", after("HTTP/1.1 200 OK\r\nX-A: 1\r\n", silence), 500, "", "timeout"},
		{"a head of 200 KiB", after("HTTP/1.1 200 OK\r\nX-A: "+strings.Repeat(kilo, 200)+"\r\nContent-Length: 0\r\n\r\n", silence), 500, "", "protocol"},
		{"early hints without end", without("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"), 500, "", "protocol"},
		{"100 without end", without("HTTP/1.1 100 Continue\r\n\r\n"), 500, "", "protocol"},
		{"101 unasked", after("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", silence), 500, "", "protocol"},
		{"no HTTP", after("SSH-2.0-OpenSSH_9\r\n", silence), 500, "", "protocol"},
		{"a status of two digits", after("HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n", silence), 500, "", "protocol"},
		{"a status of four digits", after("HTTP/1.1 2000 X\r\nContent-Length: 0\r\n\r\n", silence), 500, "", "protocol"},
		{"two lengths", after("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", silence), 500, "", "protocol"},
		{"a negative length", after("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", silence), 500, "", "protocol"},
		{"an unknown coding", after("HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n", silence), 500, "", "protocol"},
		{"a header line without a colon", after("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", silence), 500, "", "protocol"},
		{"the end in the head", after("HTTP/1.1 200 OK\r\nX-A: 1\r\n", over), 500, "", "reset"},
		{"the end in a line of the head", after("HTTP/1.1 200 OK\r\nX-A", over), 500, "", "protocol"},
		{"the end before the head", over, 500, "", "reset"},
		{"the end after the head", after(sseHead, over), 500, "", "reset"},
		{"silence after the head", after(sseHead, silence), 500, "", "timeout"},
		{"a bad chunk at once", after(sseHead+"zz\r\n", silence), 500, "", "reset"},
		{"a bad chunk later", after(sseHead+chunked(event)+"zz\r\n", silence), 200, "", "stream_aborted"},
		{"an endless extension of a chunk", after(sseHead+chunked(event)+"1;", without(kilo)), 200, "", "stream_aborted"},
		{"a chunk larger than memory", after(sseHead+chunked(event)+"fffffffffffffff\r\n", over), 200, "", "stream_aborted"},
		{"an endless size of a chunk", after(sseHead+chunked(event), without("0000000000000000")), 200, "", "stream_aborted"},
		{"an endless trailer", after(sseHead+chunked(event)+"0\r\n", without("X-A: "+kilo+"\r\n")), 200, "", "stream_aborted"},
		{"a trailer", after(sseHead+chunked(event)+"0\r\nX-Secret: 1\r\n\r\n", silence), 200, event, "ok"},
		{"a body that is too short", after("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", over), 200, "abc<unexpected EOF>", "stream_aborted"},
		{"a body that is too long", after("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", silence), 200, "abc", "ok"},
		{"it stands still", after(sseHead+chunked(event), silence), 200, "", "stream_idle"},
		{"half an event, then nothing", after(sseHead+chunked("data: {\"c"), silence), 200, "", "stream_idle"},
		{"a page in the stream", after(sseHead+chunked(event)+chunked("<html>\n\n"), silence), 200, "", "stream_malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			t.Run("", func(t *testing.T) {
				p := newPlant(t, chat(forwardTo(farSide(t, c.play), `<forward-request timeout-ms="1500" buffer-response="false" />`)), func(s *Settings) {
					s.APIs = map[string]APISettings{"chat": {FirstByteTimeout: 1500 * time.Millisecond, IdleTimeout: 1500 * time.Millisecond}}
				})
				began := time.Now()
				resp, body := p.do("POST", "/ai/chat", "{}", "api-key: "+goodKey)
				if resp.StatusCode != c.status || c.body != "" && body != c.body {
					t.Errorf("%d %.300q", resp.StatusCode, body)
				}
				if c.status == 500 && !strings.HasPrefix(body, `{ "statusCode": 500, "message": "Internal server error"`) {
					t.Errorf("%.300q", body)
				}
				if c.status == 200 && c.body == "" && (!strings.Contains(body, "upstream_disconnected") || !strings.HasSuffix(body, "<unexpected EOF>")) {
					t.Errorf("it looks complete: %.300q", body)
				}
				if resp.Header.Get("X-A") != "" || resp.Header.Get("X-Secret") != "" || resp.Header.Get("Trailer") != "" {
					t.Errorf("headers %v", resp.Header)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				eventually(t, "the attempt's record", func() bool { return strings.Contains(p.log.String(), `"msg":"attempt"`) })
				if log := p.log.String(); !strings.Contains(log, `"outcome":"`+c.outcome+`"`) {
					t.Errorf("the outcome is not %s: %.600s", c.outcome, log)
				}
			})
			eventually(t, "an empty house", func() bool { return runtime.NumGoroutine() <= before+1 })
		})
	}
}

// heap is how much memory is in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestGiantLine holds that a line of 32 MiB in a stream, which no event is, costs
// no more memory than one of the usual length, whatever looks at streams.
func TestGiantLine(t *testing.T) {
	const size = 32 << 20
	play := func(c net.Conn, _ *bufio.Reader) {
		_, _ = io.WriteString(c, sseHead+chunked("data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""))
		piece := chunked(strings.Repeat("x", 32<<10))
		for range size / (32 << 10) {
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
		}
		_, _ = io.WriteString(c, chunked("\"}}]}\n\ndata: [DONE]\n\n")+"0\r\n\r\n")
	}
	for name, own := range map[string]APISettings{
		"as it is":       {},
		"held back":      {HoldBack: true},
		"a first token":  {FirstTokenTimeout: time.Minute},
		"may be resumed": {Resume: ResumeSettings{Attempts: 1}},
		"may be hedged":  {Hedge: HedgeSettings{Budget: 1, Unless: "no"}},
	} {
		t.Run(name, func(t *testing.T) {
			url := farSide(t, play)
			svc := chat(`<inbound><base /><set-backend-service backend-id="regions" /></inbound><backend><forward-request buffer-response="false" /></backend><outbound />`)
			pooled(svc, url, url)
			p := newPlant(t, svc, func(s *Settings) { s.APIs = map[string]APISettings{"chat": own} })
			before := heap()
			req, _ := http.NewRequestWithContext(t.Context(), "POST", p.url+"/ai/chat", strings.NewReader(question))
			req.Header.Set("api-key", goodKey)
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			var n, most int64
			b := make([]byte, 64<<10)
			for i := 0; ; i++ {
				k, err := resp.Body.Read(b)
				n += int64(k)
				if i%400 == 0 {
					most = max(most, heap()-before)
				}
				if err != nil {
					if err != io.EOF { //nolint:errorlint // a reader's own
						t.Error(err)
					}
					break
				}
			}
			if n < size || most > 12<<20 {
				t.Errorf("%d of %d bytes arrived; %d more were in use", n, size, most)
			}
		})
	}
}

// TestNeverReads holds that a region that does not take a request's body is given
// up in time, and the caller answered.
func TestNeverReads(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var held atomic.Pointer[net.Conn]
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			held.Store(&c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		if c := held.Load(); c != nil {
			_ = (*c).Close()
		}
	})
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		for _, buffer := range []string{"true", "false"} {
			p := newPlant(t, chat(forwardTo("http://"+l.Addr().String(), `<forward-request timeout-ms="700" buffer-request-body="`+buffer+`" />`)), nil)
			req, _ := http.NewRequestWithContext(t.Context(), "POST", p.url+"/ai/chat", strings.NewReader(strings.Repeat("x", 30<<20)))
			req.Header.Set("api-key", goodKey)
			resp, err := client.Do(req)
			switch {
			case err == nil:
				_ = resp.Body.Close()
				if resp.StatusCode != 500 {
					t.Error(resp.Status)
				}
			case buffer == "true":
				t.Error(err) // the other one is still sending when it is answered
			}
			eventually(t, "the record", func() bool { return strings.Contains(p.log.String(), `"msg":"attempt"`) })
			if log := p.log.String(); !strings.Contains(log, `"reason":"Timeout"`) || !strings.Contains(log, `"status":500`) {
				t.Errorf("kept %s: %.600s", buffer, log)
			}
		}
	})
	eventually(t, "an empty house", func() bool { return runtime.NumGoroutine() <= before+1 })
}
