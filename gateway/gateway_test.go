package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

const (
	missingKey = `{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }`
	invalidKey = `{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }`
	notFound   = `{ "statusCode": 404, "message": "Resource not found" }`
)

func TestDoor(t *testing.T) {
	r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
	p := newPlant(t, chat(forwardTo(r.URL, "<forward-request />")), nil)
	for _, c := range []struct {
		name, method, path string
		header             []string
		status             int
		body               string
		forwarded          bool
	}{
		{"good key", "POST", "/ai/chat", []string{"api-key: " + goodKey}, 200, "answer", true},
		{"secondary key", "POST", "/ai/chat", []string{"api-key: " + spareKey}, 200, "answer", true},
		{"key in the query", "POST", "/ai/chat?subscription-key=" + goodKey, nil, 200, "answer", true},
		{"header beats query", "POST", "/ai/chat?subscription-key=" + goodKey, []string{"api-key: wrong"}, 401, invalidKey, false},
		{"no key", "POST", "/ai/chat", nil, 401, missingKey, false},
		{"default header where there is another", "POST", "/ai/chat", []string{"Ocp-Apim-Subscription-Key: " + goodKey}, 401, missingKey, false},
		{"wrong key", "POST", "/ai/chat", []string{"api-key: wrong"}, 401, invalidKey, false},
		{"Bearer is no key", "POST", "/ai/chat", []string{"Authorization: Bearer " + goodKey}, 401, missingKey, false},
		{"wrong key on an open API", "POST", "/open/x", []string{"Ocp-Apim-Subscription-Key: wrong"}, 401, invalidKey, false},
		{"unknown operation", "POST", "/ai/nothing", []string{"api-key: " + goodKey}, 404, notFound, false},
		{"wrong method", "PUT", "/ai/chat", []string{"api-key: " + goodKey}, 404, notFound, false},
		{"unknown method", "BREW", "/ai/chat", []string{"api-key: " + goodKey}, 404, notFound, false},
		{"unknown API", "GET", "/nowhere", nil, 404, notFound, false},
		{"required query parameter missing", "POST", "/ai/versioned", []string{"api-key: " + goodKey}, 404, notFound, false},
		{"required query parameter", "POST", "/ai/versioned?Api-Version=1", []string{"api-key: " + goodKey}, 200, "answer", true},
		{"dots", "POST", "/ai/%2e%2e/chat", []string{"api-key: " + goodKey}, 400, `{ "statusCode": 400, "message": "Bad request" }`, false},
		{"doubled slashes", "POST", "//ai//chat", []string{"api-key: " + goodKey}, 200, "answer", true},
		{"health", "GET", "/status-0123456789abcdef", nil, 200, "", false},
		{"WebSocket", "GET", "/ai/models", []string{"Connection: Upgrade", "Upgrade: websocket", "api-key: " + goodKey}, 426, `{ "statusCode": 426, "message": "This API is not a WebSocket API. Use plain HTTP requests." }`, false},
		{"WebSocket where there is no GET", "GET", "/ai/chat", []string{"Connection: Upgrade", "Upgrade: websocket"}, 404, notFound, false},
		{"h2c is ignored", "GET", "/ai/models", []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x", "api-key: " + goodKey}, 200, "answer", true},
		{"HEAD", "HEAD", "/ai/models", []string{"api-key: " + goodKey}, 200, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := r.requests.Load()
			resp, body := p.do(c.method, c.path, "", c.header...)
			if resp.StatusCode != c.status || body != c.body {
				t.Errorf("got %d %q, want %d %q", resp.StatusCode, body, c.status, c.body)
			}
			if got := r.requests.Load() - before; got != 0 != c.forwarded {
				t.Errorf("%d requests reached the region", got)
			}
			if c.status == 401 {
				path, name := "/ai", "api-key"
				if strings.HasPrefix(c.path, "/open") {
					path, name = "/open", "Ocp-Apim-Subscription-Key"
				}
				want := fmt.Sprintf(`AzureApiManagementKey realm="%s%s",name="%s",type="header"`, p.url, path, name)
				if got := resp.Header.Get("WWW-Authenticate"); got != want {
					t.Errorf("WWW-Authenticate %s, want %s", got, want)
				}
			}
			if c.status >= 400 && resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("Content-Type %q", resp.Header.Get("Content-Type"))
			}
		})
	}
	if q := r.last.Load(); q.Header.Get("Upgrade") != "" || q.Header.Get("HTTP2-Settings") != "" {
		t.Errorf("hops went through: %v", q.Header)
	}
}

// A key sent as Bearer opens an API only where the settings say so, and does
// not travel on.
func TestBearerKey(t *testing.T) {
	r := newRegion(t, func(http.ResponseWriter, *http.Request) {})
	p := newPlant(t, chat(forwardTo(r.URL, "<forward-request />")), func(s *Settings) { s.BearerKeys = map[string]bool{"chat": true} })
	resp, _ := p.do("POST", "/ai/chat", "", "Authorization: Bearer "+goodKey)
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	if a := r.last.Load().Header.Get("Authorization"); a != "" {
		t.Errorf("the region got %q", a)
	}
	if resp, body := p.do("POST", "/ai/chat", "", "Authorization: Bearer wrong"); resp.StatusCode != 401 || body != invalidKey {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

const retrySample = `<inbound><base /></inbound>
<backend><retry condition="@(context.Response == null || context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)" count="2" interval="0" first-fast-retry="true">
  <set-variable name="n" value="@((context.Variables.ContainsKey("n") ? (int)context.Variables["n"] : 0) + 1)" />
  <choose>
    <when condition="@((int)context.Variables["n"] == 1)"><set-backend-service base-url="%s" /><set-header name="api-key" exists-action="override"><value>key-a</value></set-header></when>
    <otherwise><set-backend-service base-url="%s" /><set-header name="api-key" exists-action="override"><value>key-b</value></set-header></otherwise>
  </choose>
  <forward-request buffer-request-body="true" buffer-response="false" timeout="60" />
</retry></backend>
<outbound><base /></outbound>`

// Nothing of a failed attempt's answer survives, and each attempt has its own
// credentials and the whole body.
func TestFailover(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 12<<16) // 12 MiB
	sum := sha256.Sum256(large)
	a := newRegion(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("X-Ratelimit-Remaining-Tokens", "0")
		w.Header().Set("X-Should-Retry", "true")
		w.Header().Set("Set-Cookie", "a=1")
		w.WriteHeader(429)
	})
	b := newRegion(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Ratelimit-Remaining-Tokens", "900")
		fmt.Fprint(w, len(body) == len(large) && sha256.Sum256(body) == sum)
	})
	p := newPlant(t, chat(fmt.Sprintf(retrySample, a.URL, b.URL)), nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			resp, body := p.do("POST", "/ai/chat", string(large), "api-key: "+goodKey)
			if resp.StatusCode != 200 || body != "true" {
				t.Errorf("%d %q", resp.StatusCode, body)
			}
			h := resp.Header
			if h.Get("X-Ratelimit-Remaining-Tokens") != "900" || h.Get("Retry-After") != "" || h.Get("X-Should-Retry") != "" || h.Get("Set-Cookie") != "" {
				t.Errorf("headers %v", h)
			}
		})
	}
	wg.Wait()
	if v := b.last.Load().Header.Values("Api-Key"); len(v) != 1 || v[0] != "key-b" {
		t.Errorf("region b got the keys %q", v)
	}
	if v := b.last.Load().Header.Get("X-Forwarded-For"); v != "127.0.0.1" {
		t.Errorf("X-Forwarded-For %q", v)
	}
}

// However the first region dies before the first byte of its answer, the client
// does not see it.
func TestDyingRegion(t *testing.T) {
	hijack := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = buf.WriteString(text)
			_ = buf.Flush()
			_ = c.Close()
		}
	}
	good := newRegion(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
	gone := newRegion(t, nil)
	gone.Close()
	for name, url := range map[string]string{
		"refuses":             gone.URL,
		"closes":              newRegion(t, hijack("")).URL,
		"cuts the head":       newRegion(t, hijack("HTTP/1.1 200 OK\r\nContent-")).URL,
		"cuts after the head": newRegion(t, hijack("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")).URL,
		"answers nonsense":    newRegion(t, hijack("nonsense\r\n\r\n")).URL,
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlant(t, chat(fmt.Sprintf(retrySample, url, good.URL)), nil)
			if resp, body := p.do("POST", "/ai/chat", "{}", "api-key: "+goodKey); resp.StatusCode != 200 || body != "good" {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
		})
	}
}

// Events leave as they come, byte for byte, with the region's own headers.
func TestStream(t *testing.T) {
	step := make(chan string)
	r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/Event-Stream; charset=utf-8")
		w.Header().Set("X-Accel-Buffering", "no")
		for event := range step {
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
		}
	})
	p := newPlant(t, chat(`<inbound><base /><set-backend-service base-url="`+r.URL+`" /></inbound><backend><forward-request buffer-response="false" /></backend>
<outbound><base /><set-header name="X-More" exists-action="override"><value>1</value></set-header><choose><when condition="@(context.Response.StatusCode == 200)"><set-header name="X-Ok" exists-action="override"><value>1</value></set-header></when></choose></outbound><on-error><base /></on-error>`), nil)
	req, _ := http.NewRequestWithContext(t.Context(), "POST", p.url+"/ai/chat", nil)
	req.Header.Set("api-key", goodKey)
	events := []string{"data: 1\n\n", ": comment\r\ndata: 2\r\n\r\n", "data: part", " of three\n\n", "data: [DONE]\n\n"}
	go func() { step <- events[0] }()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if h := resp.Header; h.Get("Content-Type") != "text/Event-Stream; charset=utf-8" || h.Get("X-Accel-Buffering") != "no" || h.Get("X-More") != "1" || h.Get("X-Ok") != "1" || resp.ContentLength != -1 {
		t.Errorf("headers %v, length %d", h, resp.ContentLength)
	}
	for i, event := range events {
		if i > 0 {
			step <- event // only after the one before has been received
		}
		b := make([]byte, len(event))
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != event {
			t.Fatalf("event %d: %q, %v", i, b, err)
		}
	}
	close(step)
	if b, err := io.ReadAll(resp.Body); err != nil || len(b) != 0 {
		t.Errorf("after the end: %q, %v", b, err)
	}
}

// A stream that dies is told so to the client and never ends as if complete.
func TestCutStream(t *testing.T) {
	const event = "data: {\"error\":{\"message\":\"The backend closed the connection before the stream was complete.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_disconnected\"}}\n\n"
	for _, c := range []struct{ name, contentType, extra, sent, want string }{
		{"between events", "text/event-stream", "", "data: 1\n\n", "data: 1\n\n" + event},
		{"inside an event", "text/event-stream; charset=utf-8", "", "data: 1\n\ndata: {\"a", "data: 1\n\ndata: {\"a\n\n" + event},
		{"compressed", "text/event-stream", "Content-Encoding: br\r\n", "xyz", "xyz"},
		{"not a stream", "application/json", "", "{\"a\":", "{\"a\":"},
		{"with a length", "application/json", "Content-Length: 100\r\n", "{\"a\":", "{\"a\":"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, buf, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				head := "HTTP/1.1 200 OK\r\nContent-Type: " + c.contentType + "\r\n" + c.extra
				if strings.Contains(c.extra, "Content-Length") {
					_, _ = buf.WriteString(head + "\r\n" + c.sent)
				} else {
					_, _ = fmt.Fprintf(buf, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(c.sent), c.sent)
				}
				_ = buf.Flush()
				_ = conn.Close()
			})
			p := newPlant(t, chat(forwardTo(r.URL, `<forward-request buffer-response="false" />`)), nil)
			conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(conn, "POST /ai/chat HTTP/1.1\r\nHost: a\r\napi-key: "+goodKey+"\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if !errors.Is(err, io.ErrUnexpectedEOF) || string(b) != c.want {
				t.Errorf("got %q, %v\nwant %q", b, err, c.want)
			}
			eventually(t, "the log", func() bool {
				return strings.Contains(p.log.String(), `"outcome":"cut"`) && strings.Contains(p.log.String(), `"outcome":"stream_aborted"`)
			})
		})
	}
}

// eventually waits for what another goroutine does on its own.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	timer := time.NewTimer(30 * time.Second)
	defer timer.Stop()
	for !ok() {
		select {
		case <-timer.C:
			t.Fatalf("%s never came to be", what)
		case <-time.After(time.Millisecond):
		}
	}
}

// A client that leaves is seen by the region at once: by a close or a reset,
// before the first byte and in the middle of a stream; and nothing is tried
// again.
func TestClientGone(t *testing.T) {
	for _, streaming := range []bool{false, true} {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("streaming %v, reset %v", streaming, reset), func(t *testing.T) {
				started, gone := make(chan struct{}, 4), make(chan time.Time, 4)
				r := newRegion(t, func(w http.ResponseWriter, q *http.Request) {
					_, _ = io.Copy(io.Discard, q.Body)
					if streaming {
						w.Header().Set("Content-Type", "text/event-stream")
						_, _ = io.WriteString(w, "data: 1\n\n")
						_ = http.NewResponseController(w).Flush()
					}
					started <- struct{}{}
					<-q.Context().Done()
					gone <- time.Now()
				})
				p := newPlant(t, chat(fmt.Sprintf(retrySample, r.URL, r.URL)), nil)
				conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(conn, "POST /ai/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\napi-key: "+goodKey+"\r\n\r\n{}")
				<-started
				if streaming {
					resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = resp.Body.Close() }()
				}
				if reset {
					_ = conn.(*net.TCPConn).SetLinger(0)
				}
				machine := clocktest.Watch(t)
				left := time.Now()
				_ = conn.Close()
				select {
				case at := <-gone:
					if d := at.Sub(left); d > machine.Allow(100*time.Millisecond, 4) {
						t.Errorf("seen after %v", d)
					}
				case <-time.After(30 * time.Second):
					t.Fatal("the region never saw it")
				}
				eventually(t, "the log", func() bool { return strings.Contains(p.log.String(), `"msg":"request"`) })
				text := p.log.String()
				if r.requests.Load() != 1 || !strings.Contains(text, `"status":499`) || strings.Contains(text, "ExpressionValueEvaluationFailure") {
					t.Errorf("%d requests, log:\n%s", r.requests.Load(), text)
				}
			})
		}
	}
}

func TestTrace(t *testing.T) {
	r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
	p := newPlant(t, chat(forwardTo(r.URL, "<forward-request />")), nil)
	call := func(path, token string) (reply, string) {
		resp, _ := p.do("POST", path, "{}", "api-key: "+goodKey, "Apim-Debug-Authorization: "+token, "Authorization: Bearer callers-secret")
		return resp, resp.Header.Get("Apim-Trace-Id")
	}
	token := p.tokens.Issue("chat", time.Hour)
	resp, id := call("/ai/chat?q=1", token)
	if resp.StatusCode != 200 || id == "" {
		t.Fatal(resp.Status, resp.Header)
	}
	if r.last.Load().Header.Get("Apim-Debug-Authorization") != "" {
		t.Error("the debug token went to the region")
	}
	eventually(t, "the trace", func() bool { return p.traces.Get(id) != nil })
	text := string(p.traces.Get(id).JSON())
	var doc struct {
		ServiceName, TraceID string
		TraceEntries         map[string][]struct {
			Source string
			Data   json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, section := range []string{"inbound", "backend", "outbound"} {
		for _, e := range doc.TraceEntries[section] {
			sources = append(sources, section+" "+e.Source)
		}
	}
	want := "inbound api-inspector,inbound api-inspector,inbound set-backend-service,backend request-forwarder,backend request-forwarder,outbound transfer-response,outbound transfer-response"
	if got := strings.Join(sources, ","); got != want {
		t.Errorf("entries %s\nwant    %s", got, want)
	}
	if doc.ServiceName != "svc" || doc.TraceID != id {
		t.Errorf("%s %s", doc.ServiceName, doc.TraceID)
	}
	for _, secret := range []string{goodKey, token, "callers-secret"} {
		if strings.Contains(text, secret) {
			t.Errorf("the trace shows %q", secret)
		}
	}
	// A lost request tells what it came nearest to.
	resp, id = call("/ai/versioned", token)
	eventually(t, "the trace", func() bool { return p.traces.Get(id) != nil })
	if text := string(p.traces.Get(id).JSON()); resp.StatusCode != 404 || !strings.Contains(text, `requires the query parameter`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if resp, id := call("/ai/chat", p.tokens.Issue("open", time.Hour)); id != "" || resp.Header.Get("Apim-Debug-Authorization-WrongAPI") == "" {
		t.Errorf("a token for another API: %v", resp.Header)
	}
	p.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if resp, id := call("/ai/chat", token); id != "" || resp.Header.Get("Apim-Debug-Authorization-Expired") == "" {
		t.Errorf("an old token: %v", resp.Header)
	}
	if resp, id := call("/ai/chat", "aid=chat&made=up"); id != "" || resp.StatusCode != 200 {
		t.Errorf("a forged token: %v", resp.Header)
	}
}

func TestLog(t *testing.T) {
	r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
	p := newPlant(t, chat(forwardTo(r.URL, "<forward-request />")), nil)
	_, _ = p.do("POST", "/ai/chat?subscription-key="+goodKey, "")
	_, _ = p.do("POST", "/ai/chat?subscription-key=wrong-key-42", "")
	eventually(t, "the log", func() bool {
		text := p.log.String()
		return strings.Count(text, `"msg":"request"`) == 2 && strings.Count(text, `"msg":"attempt"`) == 1
	})
	text := p.log.String()
	var request, attempt map[string]any
	for line := range strings.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m["msg"] == "attempt":
			attempt = m
		case m["status"] == 200.0:
			request = m
		}
	}
	if request == nil || attempt == nil || request["correlationId"] != attempt["correlationId"] || request["generation"] != "g1" || request["subscription"] != "main" || attempt["outcome"] != "ok" {
		t.Errorf("log:\n%s", text)
	}
	if strings.Contains(text, goodKey) || strings.Contains(text, "wrong-key-42") || strings.Contains(text, "subscription-key=") {
		t.Errorf("the log shows a key:\n%s", text)
	}
}

// Where a request may go is what the service says, not what a caller says.
func TestEgress(t *testing.T) {
	r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
	other := newRegion(t, func(http.ResponseWriter, *http.Request) {})
	sections := `<inbound><set-backend-service base-url="@(context.Request.Headers.GetValueOrDefault("X-To","` + r.URL + `"))" /></inbound><backend><forward-request /></backend><outbound />
<on-error><set-header name="X-Message" exists-action="override"><value>@(context.LastError.Source + " " + context.LastError.Reason + " " + context.LastError.Message)</value></set-header></on-error>`
	p := newPlant(t, chat(sections), nil)
	if resp, body := p.do("POST", "/ai/chat", "", "api-key: "+goodKey); resp.StatusCode != 200 || body != "answer" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	for _, to := range []string{other.URL, "http://169.254.169.254", "http://localhost:1", "http://[::1]:9"} {
		resp, body := p.do("POST", "/ai/chat", "", "api-key: "+goodKey, "X-To: "+to)
		if resp.StatusCode != 500 || !strings.HasPrefix(resp.Header.Get("X-Message"), "request-forwarder BackendConnectionFailure ") || strings.Contains(body, to) {
			t.Errorf("%s: %d %s %v", to, resp.StatusCode, body, resp.Header)
		}
	}
	if other.requests.Load() != 0 {
		t.Error("a region that nobody named was reached")
	}
}

func TestBackendsById(t *testing.T) {
	r := newRegion(t, func(w http.ResponseWriter, q *http.Request) {
		fmt.Fprintf(w, "%s %s %s %s", q.URL, q.Header.Get("Api-Key"), q.Header.Get("Authorization"), q.Host)
	})
	svc := chat(`<inbound><set-backend-service backend-id="@(context.Request.Headers.GetValueOrDefault("X-Id",""))" /></inbound><backend><forward-request /></backend><outbound />
<on-error><set-header name="X-Message" exists-action="override"><value>@(context.LastError.Message)</value></set-header></on-error>`)
	one := &apim.Backend{Resource: apim.Resource{Name: "one"}}
	one.Defaults()
	one.URL = r.URL + "/base/"
	one.Credentials = &apim.Credentials{
		Header: map[string][]string{"api-key": {"{{region-key}}"}}, Query: map[string][]string{"code": {"a b"}},
		Authorization: &apim.AuthorizationCredentials{Scheme: "Basic", Parameter: "eA=="},
	}
	pool := &apim.Backend{Resource: apim.Resource{Name: "regions"}, Type: apim.PoolBackend, Pool: &apim.Pool{Services: []apim.PoolService{{ID: "/backends/one"}}}}
	svc.Backends = []*apim.Backend{one, pool}
	svc.NamedValues = []*apim.NamedValue{{Resource: apim.Resource{Name: "k"}, DisplayName: "region-key", Value: "s3cret-region-key", HasValue: true, Secret: true}}
	p := newPlant(t, svc, nil)
	resp, body := p.do("POST", "/ai/chat?x=1", "", "api-key: "+goodKey, "X-Id: ONE")
	want := "/base/chat?x=1&code=a+b s3cret-region-key Basic eA== " + strings.TrimPrefix(r.URL, "http://")
	if resp.StatusCode != 200 || body != want {
		t.Errorf("got %d %q, want %q", resp.StatusCode, body, want)
	}
	if resp, body := p.do("POST", "/ai/chat?x=1", "", "api-key: "+goodKey, "X-Id: Regions"); resp.StatusCode != 200 || body != want {
		t.Errorf("by way of the pool: got %d %q, want %q", resp.StatusCode, body, want)
	}
	if resp, _ := p.do("POST", "/ai/chat", "", "api-key: "+goodKey, "X-Id: nowhere"); resp.StatusCode != 500 || !strings.Contains(resp.Header.Get("X-Message"), "nowhere") {
		t.Errorf("a backend that is not there: %d %v", resp.StatusCode, resp.Header)
	}
}

// A request that comes back to the gateway that sent it ends.
func TestLoopEnds(t *testing.T) {
	svc := chat(`<inbound><set-backend-service base-url="@("http://" + context.Request.OriginalUrl.Host + ":" + context.Request.OriginalUrl.Port + "/ai")" /></inbound><backend><forward-request /></backend><outbound />`)
	p := newPlant(t, svc, func(s *Settings) { s.EgressAny = true })
	if resp, _ := p.do("POST", "/ai/chat", "", "api-key: "+goodKey); resp.StatusCode != 500 {
		t.Error(resp.Status)
	}
	eventually(t, "the log", func() bool {
		text := p.log.String()
		return strings.Count(text, `"msg":"request"`) == 2 && strings.Count(text, `"msg":"attempt"`) == 2
	})
}

// broken is a policy that is a bug of ours.
func brokenKind() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{Name: "test-panic", Doc: "Panics."}, Sections: policy.Everywhere,
		Compile: func(*policy.Element) policy.Step { return panicStep{} },
	}
}

type panicStep struct{}

func (panicStep) Run(*policy.Run) error { panic("a bug") }

func TestPanic(t *testing.T) {
	r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
	svc := chat(`<inbound><choose><when condition="@(context.Request.Headers.ContainsKey("X-Bug"))"><test-panic /></when></choose><set-backend-service base-url="` + r.URL + `" /></inbound><backend><forward-request /></backend><outbound />`)
	p := newPlant(t, svc, func(s *Settings) { s.More = []policy.Kind{brokenKind()} })
	resp, body := p.do("POST", "/ai/chat", "", "api-key: "+goodKey, "X-Bug: 1")
	if resp.StatusCode != 500 || !strings.HasPrefix(body, `{ "statusCode": 500, "message": "Internal server error", "activityId": "`) || strings.Contains(body, "bug") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, body := p.do("POST", "/ai/chat", "", "api-key: "+goodKey); resp.StatusCode != 200 || body != "answer" {
		t.Errorf("afterwards: %d %s", resp.StatusCode, body)
	}
	eventually(t, "the log", func() bool {
		return strings.Contains(p.log.String(), `"panic":"a bug"`) && strings.Contains(p.log.String(), `"outcome":"broken"`)
	})
}

// Requests finish on the service they started with.
func TestPublishWhileRunning(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	r := newRegion(t, func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "answer")
	})
	with := func(version string) *apim.Service {
		return chat(`<inbound><set-backend-service base-url="` + r.URL + `" /></inbound><backend><forward-request /></backend><outbound><set-header name="X-Version" exists-action="override"><value>` + version + `</value></set-header></outbound>`)
	}
	p := newPlant(t, with("1"), nil)
	versions := make(chan string, 2)
	call := func() {
		resp, _ := p.do("POST", "/ai/chat", "", "api-key: "+goodKey)
		versions <- resp.Header.Get("X-Version")
	}
	go call()
	<-entered
	p.settings.Generation = "g2"
	p.publish(with("2"))
	go call()
	<-entered
	close(release)
	if a, b := <-versions, <-versions; a+b != "12" && a+b != "21" {
		t.Errorf("got %s and %s", a, b)
	}
	eventually(t, "the log", func() bool {
		return strings.Contains(p.log.String(), `"generation":"g1"`) && strings.Contains(p.log.String(), `"generation":"g2"`)
	})
}

// Nothing is left behind when requests end, however they do.
func TestNoGoroutinesLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("requests", func(t *testing.T) {
		r := newRegion(t, func(w http.ResponseWriter, q *http.Request) {
			_, _ = io.Copy(io.Discard, q.Body)
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			if q.Header.Get("X-Hold") != "" {
				<-q.Context().Done()
			}
		})
		p := newPlant(t, chat(forwardTo(r.URL, `<forward-request buffer-response="false" />`)), nil)
		for i := range 40 {
			ctx, cancel := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, "POST", p.url+"/ai/chat", strings.NewReader("{}"))
			req.Header.Set("api-key", goodKey)
			if i%2 == 0 {
				req.Header.Set("X-Hold", "1")
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = resp.Body.Read(make([]byte, 4))
			if i%2 == 1 {
				_, _ = io.Copy(io.Discard, resp.Body)
			}
			cancel()
			_ = resp.Body.Close()
		}
	})
	eventually(t, "an empty house", func() bool { return runtime.NumGoroutine() <= before+1 })
}

// A gateway that stops lets requests finish as long as it may; then it tells
// the callers that are left.
func TestShutdown(t *testing.T) {
	for _, patient := range []bool{true, false} {
		t.Run(fmt.Sprintf("patient %v", patient), func(t *testing.T) {
			entered, release := make(chan struct{}, 2), make(chan struct{})
			r := newRegion(t, func(w http.ResponseWriter, q *http.Request) {
				_, _ = io.Copy(io.Discard, q.Body) // else it would not notice that its caller leaves
				if q.Header.Get("X-Stream") != "" {
					w.Header().Set("Content-Type", "text/event-stream")
					_, _ = io.WriteString(w, "data: 1\n\n")
					_ = http.NewResponseController(w).Flush()
				}
				entered <- struct{}{}
				select {
				case <-release:
					_, _ = io.WriteString(w, "data: 2\n\n")
				case <-q.Context().Done():
				}
			})
			p := newPlant(t, chat(forwardTo(r.URL, `<forward-request buffer-response="false" />`)), nil)
			type answer struct {
				status int
				body   string
			}
			streams, plains := make(chan answer, 1), make(chan answer, 1)
			go func() {
				resp, body := p.do("POST", "/ai/chat", "{}", "api-key: "+goodKey, "X-Stream: 1")
				streams <- answer{resp.StatusCode, body}
			}()
			go func() {
				resp, body := p.do("POST", "/ai/chat", "{}", "api-key: "+goodKey)
				plains <- answer{resp.StatusCode, body}
			}()
			<-entered
			<-entered
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			if patient {
				ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
				close(release)
			}
			err := p.server.Shutdown(ctx)
			cancel()
			stream, plain := <-streams, <-plains
			if patient {
				if err != nil || stream.body != "data: 1\n\ndata: 2\n\n" || plain.status != 200 || plain.body != "data: 2\n\n" {
					t.Errorf("%v %+v %+v", err, stream, plain)
				}
				return
			}
			if err == nil || !strings.Contains(stream.body, "upstream_disconnected") || !strings.Contains(stream.body, "unexpected EOF") || plain.status != 503 {
				t.Errorf("%v %+v %+v", err, stream, plain)
			}
		})
	}
}

// HEAD, 204 and 304 have no body; a status that can end no request is a 500.
func TestAnswersWithoutBody(t *testing.T) {
	for _, c := range []struct {
		method, sections string
		status           int
		length           string
	}{
		{"HEAD", `<inbound><return-response><set-status code="200" /><set-body>hello</set-body></return-response></inbound>`, 200, "5"},
		{"GET", `<inbound><return-response><set-status code="204" /><set-body>hello</set-body></return-response></inbound>`, 204, ""},
		{"GET", `<inbound><return-response><set-status code="304" /><set-body>hello</set-body></return-response></inbound>`, 304, ""},
		{"GET", `<inbound><return-response><set-status code="102" /></return-response></inbound>`, 500, "111"},
	} {
		p := newPlant(t, chat(c.sections+"<backend /><outbound />"), nil)
		resp, body := p.do(c.method, "/ai/models", "", "api-key: "+goodKey)
		if resp.StatusCode != c.status || resp.Header.Get("Content-Length") != c.length || c.status != 500 && body != "" {
			t.Errorf("%s %s: %d %v %q", c.method, c.sections, resp.StatusCode, resp.Header, body)
		}
	}
}

func BenchmarkLoopback(b *testing.B) {
	answer := bytes.Repeat([]byte("a"), 1200)
	r := newRegion(b, func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		_, _ = w.Write(answer)
	})
	p := newPlant(b, chat(fmt.Sprintf(retrySample, r.URL, r.URL)), nil)
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer c.CloseIdleConnections()
	body := bytes.Repeat([]byte("b"), 580)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequestWithContext(b.Context(), "POST", p.url+"/ai/chat", bytes.NewReader(body))
			req.Header.Set("api-key", goodKey)
			resp, err := c.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}

// discard is a sink that keeps nothing.
type discard struct{}

func (discard) Head(*exchange.ResponseHead) error { return nil }
func (discard) Chunk([]byte) error                { return nil }
func (discard) End() error                        { return nil }
func (discard) Abort()                            {}

// canned is an upstream without a network.
type canned []byte

func (c canned) Send(_ context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	return &exchange.Inbound{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "application/json"}}, Body: exchange.BufferedBody(c)}, nil
}

func BenchmarkInProcess(b *testing.B) {
	p := newPlant(b, chat(fmt.Sprintf(retrySample, "http://a.test", "http://b.test")), func(s *Settings) { s.Send.Upstream = canned("{}") })
	g := New(Options{})
	g.Publish(p.gateway.Service())
	header := exchange.Header{{Name: "Host", Value: "gw"}, {Name: "api-key", Value: goodKey}, {Name: "Content-Type", Value: "application/json"}}
	body := bytes.Repeat([]byte("b"), 580)
	b.ReportAllocs()
	for b.Loop() {
		x := &exchange.Exchange{ClientIP: "127.0.0.1"}
		x.Original = exchange.Request{Method: "POST", Header: header, Body: exchange.BufferedBody(body)}
		x.Original.URL = exchange.URL{Scheme: "http", Host: "gw", Port: 80, Path: "/ai/chat"}
		g.Serve(context.Background(), x, discard{})
	}
}
