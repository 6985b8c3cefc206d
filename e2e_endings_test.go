package spillway_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
)

// ending is what a region does with a stream of eight events: it sends some of
// them and then something else.
type ending struct {
	kind     string
	complete bool // a client is to take it for a whole answer
	play     func(w *wire, n int)
}

// wire is a region's side of a connection whose head has been sent.
type wire struct {
	*bufio.Writer
	conn net.Conn
	gone <-chan struct{} // the gateway has left
}

// chunk sends one chunk of the body.
func (w *wire) chunk(text string) {
	fmt.Fprintf(w, "%x\r\n%s\r\n", len(text), text)
	_ = w.Flush()
}

func (w *wire) events(n int) {
	for i := range n {
		w.chunk(chatEvent(i))
	}
}

func (w *wire) end() {
	_, _ = io.WriteString(w, "0\r\n\r\n")
	_ = w.Flush()
}

func (w *wire) reset() { _ = w.conn.(*net.TCPConn).SetLinger(0) }

// chatEvent is one of a chat's: the first brings the role, the seventh the finish, and
// the eighth is [DONE].
func chatEvent(i int) string {
	delta, finish := fmt.Sprintf(`{"content":"word %d "}`, i), "null"
	switch i {
	case 0:
		delta = `{"role":"assistant","content":""}`
	case 6:
		delta, finish = "{}", `"stop"`
	case 7:
		return "data: [DONE]\n\n"
	}
	return fmt.Sprintf(`data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":%s,"finish_reason":%s}]}`, delta, finish) + "\n\n"
}

// endings are all there are; n decides after how many events.
var endings = []ending{
	{"complete", true, func(w *wire, _ int) { w.events(8); w.end() }},
	{"without-done", true, func(w *wire, _ int) { w.events(7); w.end() }},
	{"reset", false, func(w *wire, n int) { w.events(1 + n%7); w.reset() }},
	{"fin", false, func(w *wire, n int) { w.events(1 + n%7) }},
	{"cut-in-an-event", false, func(w *wire, n int) {
		w.events(1 + n%6)
		text := chatEvent(1 + n%6)
		w.chunk(text[:1+n*7%(len(text)-2)])
	}},
	{"cut-in-a-chunk", false, func(w *wire, n int) {
		w.events(1 + n%6)
		fmt.Fprintf(w, "ff\r\n%s", chatEvent(1 + n%6)[:20])
		_ = w.Flush()
	}},
	{"bad-chunk", false, func(w *wire, n int) {
		w.events(1 + n%6)
		_, _ = io.WriteString(w, "xyz\r\n")
		_ = w.Flush()
	}},
	{"stalled", false, func(w *wire, n int) { w.events(1 + n%7); <-w.gone }},
	{"stalled-in-an-event", false, func(w *wire, n int) {
		w.events(1 + n%6)
		w.chunk("data: {\"choices\"")
		<-w.gone
	}},
	{"unframed", true, func(w *wire, _ int) {
		for i := range 8 {
			_, _ = io.WriteString(w, chatEvent(i))
		}
		_ = w.Flush()
	}},
	{"unframed-cut", false, func(w *wire, n int) {
		for i := range 1 + n%6 {
			_, _ = io.WriteString(w, chatEvent(i))
		}
		_ = w.Flush()
	}},
	{"broken-json", false, func(w *wire, n int) {
		w.events(1 + n%5)
		w.chunk("data: {\"id\":\"c\",\"choices\":[{\"del\n\n")
		w.events(8)
		w.end()
	}},
	{"text", false, func(w *wire, n int) {
		w.events(1 + n%5)
		w.chunk("data: upstream connect error or disconnect/reset before headers\n\n")
		w.events(8)
		w.end()
	}},
	{"page", false, func(w *wire, n int) {
		w.events(1 + n%5)
		w.chunk("<html><body><h1>502 Bad Gateway</h1></body></html>\n\n")
		for i := 1 + n%5; i < 8; i++ {
			w.chunk(chatEvent(i))
		}
		w.end()
	}},
	{"error-event", false, func(w *wire, n int) {
		w.events(1 + n%5)
		w.chunk("data: {\"error\":{\"message\":\"The server had an error.\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n")
		w.end()
	}},
}

// stalls reports an ending that takes the idle time.
func (e *ending) stalls() bool { return strings.HasPrefix(e.kind, "stalled") }

// spoilt is a gateway in front of a region that ends its streams as the caller's
// message says.
func spoilt(t *testing.T, idle string) *system {
	t.Helper()
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Messages []struct{ Content string } }
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || len(ask.Messages) != 1 {
			w.WriteHeader(400)
			return
		}
		var kind string
		var n int
		_, _ = fmt.Sscan(ask.Messages[0].Content, &kind, &n)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = io.Copy(io.Discard, rw)
		}()
		framing := "Transfer-Encoding: chunked"
		if strings.HasPrefix(kind, "unframed") {
			framing = "Connection: close"
		}
		_, _ = io.WriteString(rw, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"+framing+"\r\n\r\n")
		for _, e := range endings {
			if e.kind == kind {
				e.play(&wire{rw.Writer, conn, gone}, n)
			}
		}
	}))
	t.Cleanup(region.Close)
	return start(t, open(t, passes(region.URL, `<forward-request buffer-response="false" />`), map[string]string{
		"spillway.yaml": "apis: {ai: {idleTimeout: " + idle + "}}\n",
	}))
}

// times is how often each kind of ending is asked for: a thousand streams that
// are not complete in all.
const times = 84

// judge holds that every stream that is not complete ended with an exception, and
// every other one without.
func judge(t *testing.T, by map[string]map[string]int) {
	t.Helper()
	bad := 0
	for _, e := range endings {
		got := by[e.kind]
		want := "error"
		if e.complete {
			want = "complete"
		} else {
			bad += got[want]
		}
		if got[want] != times {
			t.Errorf("%s: %v of %d", e.kind, got, times)
		}
	}
	if !t.Failed() && bad < 1000 {
		t.Errorf("%d streams are too few", bad)
	}
}

// TestNodeEndings holds that of a thousand cut, stalled and malformed streams the
// official client for Node takes none for a complete answer.
func TestNodeEndings(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("this test needs Node.js; see TestNodeClient")
	}
	by := map[string]map[string]int{}
	for _, stalls := range []bool{false, true} {
		// Only those that are to stall may be judged by so short a time.
		s := spoilt(t, map[bool]string{true: "250ms", false: "1m"}[stalls])
		var kinds []string
		for _, e := range endings {
			if e.stalls() == stalls {
				kinds = append(kinds, e.kind)
			}
		}
		list, _ := json.Marshal(kinds)
		var stderr bytes.Buffer
		cmd := exec.CommandContext(t.Context(), node, "endings.mjs", s.info.Gateway+"/ai", fmt.Sprint(times), string(list))
		cmd.Dir, cmd.Stderr = "testdata/sdk", &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		if err := json.Unmarshal(out, &by); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	judge(t, by)
}

// TestGoEndings is the same with the official client for Go.
func TestGoEndings(t *testing.T) {
	t.Parallel()
	patient, strict := spoilt(t, "1m"), spoilt(t, "250ms")
	sdk := func(s *system) openai.Client {
		return openai.NewClient(
			azure.WithEndpoint(s.info.Gateway+"/ai", "2024-10-21"), azure.WithAPIKey("key"),
			azure.WithUnsafeAllowHTTP(), option.WithMaxRetries(0), option.WithHTTPClient(client(t)),
		)
	}
	clients := map[bool]openai.Client{true: sdk(strict), false: sdk(patient)}
	ask := func(kind string, stalls bool, n int) string {
		c := clients[stalls]
		stream := c.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{
			Model: "gpt-35-turbo", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(fmt.Sprint(kind, " ", n))},
		})
		defer func() { _ = stream.Close() }()
		finish := ""
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				finish += choice.FinishReason
			}
		}
		switch {
		case stream.Err() != nil:
			if strings.HasPrefix(kind, "complete") || kind == "without-done" {
				t.Logf("%s %d: %v", kind, n, stream.Err())
			}
			return "error"
		case finish != "":
			return "complete"
		}
		return "open"
	}
	by := map[string]map[string]int{}
	var mu sync.Mutex
	var running sync.WaitGroup
	slots := make(chan struct{}, 32)
	for _, e := range endings {
		by[e.kind] = map[string]int{}
	}
	for _, e := range endings {
		for n := range times {
			running.Add(1)
			slots <- struct{}{}
			go func() {
				defer running.Done()
				got := ask(e.kind, e.stalls(), n)
				<-slots
				mu.Lock()
				defer mu.Unlock()
				by[e.kind][got]++
			}()
		}
	}
	running.Wait()
	judge(t, by)
	for s, outcomes := range map[*system][]string{strict: {"stream_idle"}, patient: {"stream_malformed", "stream_aborted"}} {
		for _, outcome := range outcomes {
			s.log.await(t, outcome, func(log string) bool { return strings.Contains(log, `"outcome":"`+outcome+`"`) })
		}
	}
}
