package faults_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/engine/std"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
)

// wired is the gateway with the sample service pool on sockets and the machine's
// clock, for faults that the kernel has a part in.
type wired struct {
	t       testing.TB
	addr    string
	url     string
	key     string
	live    *backend.Live
	log     *text
	metrics *telemetry.Metrics
	send    *std.Transport
	client  *http.Client
	calls   atomic.Int64 // that were answered
	open    atomic.Int64 // connections of callers that the gateway has
}

// place is where a wired gateway is built: where its regions are, by name, and
// what else is not as usual.
type place struct {
	regions   map[string]string
	files     map[string]string
	transport std.TransportOptions
	listen    string // 127.0.0.1:0
}

// newWired starts the sample in front of the regions; one that is not given is
// where nobody listens.
func newWired(t testing.TB, p place) *wired {
	t.Helper()
	w := &wired{t: t, log: &text{}, metrics: telemetry.NewMetrics(nil), send: std.NewTransport(p.transport)}
	nobody := closedPort(t)
	language, err := language()
	if err != nil {
		t.Fatal(err)
	}
	w.live = backend.NewLive(clock.Real{}, nil)
	loaded, problems := service.Load(folder(t, p.files), "faults", service.World{
		Region: func(name string) (string, []string, bool) {
			url, ok := p.regions[name]
			if !ok {
				url = "http://" + nobody
			}
			return url, []string{"key-1-of-" + name, "key-2-of-" + name}, true
		},
		Random: func(b []byte) { copy(b, "0123456789abcdef") },
	}, gateway.Settings{
		Live: w.live, Send: &forward.Forwarder{Upstream: w.send, Clock: clock.Real{}, Hop: "faults"},
		Services: builtin.Services{Clock: clock.Real{}, Random: rand.Float64, Cache: cache.NewMemory(clock.Real{}, 1<<20, policy.Objects{})},
		Policies: policy.Options{Language: language},
	})
	if problems.HasErrors() {
		t.Fatal(problems.Draw())
	}
	records := telemetry.New(w.log, slog.LevelInfo)
	records.Count(w.metrics)
	g := gateway.New(gateway.Options{Log: records})
	g.Publish(loaded.Service)
	_, w.key = loaded.FirstKey()
	if p.listen == "" {
		p.listen = "127.0.0.1:0"
	}
	l, err := std.Listen(t.Context(), p.listen)
	if err != nil {
		t.Fatal(err)
	}
	s := std.NewServer(g, quiet)
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			w.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			w.open.Add(-1)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	transport := &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true}
	w.client = &http.Client{Transport: transport, Timeout: 5 * time.Minute}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = s.Close()
		<-done
		w.send.CloseIdle()
	})
	w.addr, w.url = l.Addr().String(), "http://"+l.Addr().String()
	return w
}

// language is C# on the machine's clock.
var language = sync.OnceValues(func() (policy.Language, error) { return server.NewLanguage(clock.Real{}, rand.Uint64) })

// quiet is a log that nobody reads.
var quiet = log.New(io.Discard, "", 0)

// closedPort is an address where nobody listens.
func closedPort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}

// far is a region that answers chats; streams have events, each a gap after the
// one before.
type far struct {
	events   int
	gap      time.Duration
	requests atomic.Int64
}

const wholeAnswer = `{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}`

// ServeHTTP implements http.Handler.
func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if !bytes.Contains(body, []byte(`"stream":true`)) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, wholeAnswer)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for i := range max(f.events, 3) {
		if i > 0 {
			select {
			case <-time.After(f.gap):
			case <-r.Context().Done():
				return
			}
		}
		_, _ = io.WriteString(w, event("x"))
		_ = http.NewResponseController(w).Flush()
	}
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}

// region serves h on a socket of its own.
func region(t testing.TB, h http.Handler, edit func(*http.Server)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ErrorLog: quiet}
	if edit != nil {
		edit(s)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return "http://" + l.Addr().String()
}

// lone is a region of which each connection is f's.
func lone(t testing.TB, f func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			go func() {
				defer func() { _ = c.Close() }()
				f(c.(*net.TCPConn))
			}()
		}
	}()
	return l.Addr().String()
}

const chatPath = "/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21"

// request is one of a caller's, for those who write it themselves.
func (w *wired) request(body string, header ...string) string {
	lines := ""
	for _, h := range header {
		lines += h + "\r\n"
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: gateway\r\napi-key: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", chatPath, w.key, lines, len(body), body)
}

// asked is one call and what came of it.
type asked struct {
	status     int
	body       string
	err        error
	began      time.Time
	first, end time.Duration
}

// good reports a whole answer of 200.
func (a *asked) good() bool {
	return a.err == nil && a.status == 200 && (a.body == wholeAnswer || strings.HasSuffix(a.body, "data: [DONE]\n\n"))
}

// ask makes one call.
func (w *wired) ask(stream bool) asked {
	a := asked{began: time.Now()}
	body := chatBody
	if stream {
		body = streamBody
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.url+chatPath, strings.NewReader(body))
	if err != nil {
		a.err = err
		return a
	}
	req.Header = http.Header{"Api-Key": {w.key}, "Content-Type": {"application/json"}}
	resp, err := w.client.Do(req)
	if err != nil {
		a.err = err
		return a
	}
	defer func() { _ = resp.Body.Close() }()
	a.status = resp.StatusCode
	r := bufio.NewReader(resp.Body)
	_, _ = r.Peek(1)
	a.first = time.Since(a.began)
	defer w.calls.Add(1)
	all, err := io.ReadAll(r)
	a.body, a.err, a.end = string(all), err, time.Since(a.began)
	return a
}

// load makes n calls, so many at a time, each after a pause of its caller.
func (w *wired) load(n, callers int, pause func() time.Duration) []asked {
	all := make([]asked, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for first := true; ; first = false {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if pause != nil && !first {
					<-time.After(pause())
				}
				all[i] = w.ask(i%2 == 1)
			}
		})
	}
	wg.Wait()
	return all
}

// bad counts calls without a whole answer, and shows the first.
func bad(t testing.TB, all []asked) (n int) {
	t.Helper()
	for i := range all {
		if !all[i].good() {
			if n++; n == 1 {
				t.Logf("call %d: %d %v\n%.300s", i, all[i].status, all[i].err, all[i].body)
			}
		}
	}
	return n
}

// firsts is a percentile of the calls' first bytes.
func firsts(all []asked, share float64) time.Duration {
	var d []time.Duration
	for i := range all {
		d = append(d, all[i].first)
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(share*float64(len(d))))]
}

// tried is an attempt as the log has it.
type tried struct {
	Msg, Backend, Outcome, Error, CorrelationID string
	Status                                      int
	HeadMs, DurationMs                          float64
}

// records are those of the log with that message: "request" or "attempt". The
// log may be a little behind the answers.
func (w *wired) records(message string) []tried {
	w.t.Helper()
	eventually(w.t, 30*time.Second, "every call is in the log", func() bool {
		return int64(strings.Count(w.log.String(), `"msg":"request"`)) >= w.calls.Load()
	})
	var list []tried
	for line := range strings.Lines(w.log.String()) {
		var one tried
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			w.t.Fatalf("%v in the log: %s", err, line)
		}
		if one.Msg == message {
			list = append(list, one)
		}
	}
	return list
}

// outcomes counts the attempts at a region by their outcome.
func (w *wired) outcomes(region string) map[string]int {
	counts := map[string]int{}
	for _, a := range w.records("attempt") {
		if a.Backend == region {
			counts[a.Outcome]++
		}
	}
	return counts
}

// only is a document that asks one region and tries nothing again, and that
// region without a breaker.
func only(t testing.TB, region string) map[string]string {
	files := noBreakers(t)
	files["apis/my-cool-openai-test/policy.xml"] = `<policies><inbound><base /><set-backend-service backend-id="` + region + `" /></inbound>
		<backend><forward-request timeout="120" buffer-response="false" /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`
	return files
}

// eventually waits for what other goroutines are about to bring about.
func eventually(t testing.TB, within time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !done(); {
		if time.Now().After(end) {
			t.Errorf("%s: not within %v", what, within)
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}
