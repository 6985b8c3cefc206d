package gateway

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/engine/std"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/source"
)

// language is the language of the tests' policies; its tables are built once.
var language = sync.OnceValue(func() policy.Language {
	l, err := policy.NewCSharp(policy.LanguageOptions{Now: time.Now, Rand: func() uint64 { return 4 }})
	if err != nil {
		panic(err)
	}
	return l
})

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// plant is a gateway on a port with the service that a test describes.
type plant struct {
	t        testing.TB
	gateway  *Gateway
	server   *std.Server
	settings Settings
	url      string
	log      *syncBuffer
	tokens   *trace.Tokens
	traces   *trace.Store
	now      func() time.Time
}

const (
	goodKey  = "good-key-0123456789"
	spareKey = "spare-key-987654321"
)

// chat is the service of most tests: the API "chat" at "ai" with the key header
// api-key, the operation POST /chat?… and GET /models, and a document whose
// sections are given.
func chat(sections string) *apim.Service {
	a := &apim.API{Resource: apim.Resource{Name: "chat"}}
	a.Defaults()
	a.Path = "ai"
	a.KeyNames.Header = "api-key"
	for _, line := range []string{"POST /chat", "POST /versioned?api-version={api-version}", "GET /models", "HEAD /models", "GET /items/{id}"} {
		method, template, _ := strings.Cut(line, " ")
		o := &apim.Operation{Resource: apim.Resource{Name: strings.NewReplacer(" ", "-", "/", "").Replace(line)}, Method: method, URLTemplate: template}
		a.Operations = append(a.Operations, o)
	}
	a.Policy = document(apim.ScopeAPI, sections)
	open := &apim.API{Resource: apim.Resource{Name: "open"}}
	open.Defaults()
	open.Path, open.SubscriptionRequired = "open", false
	open.Operations = []*apim.Operation{{Resource: apim.Resource{Name: "any"}, Method: "POST", URLTemplate: "/*"}}
	s := &apim.Subscription{Resource: apim.Resource{Name: "main"}, Scope: "/apis/chat", PrimaryKey: goodKey, SecondaryKey: spareKey}
	s.Defaults()
	return &apim.Service{Name: "svc", Contents: apim.Contents{APIs: []*apim.API{a, open}, Subscriptions: []*apim.Subscription{s}}}
}

func document(scope, sections string) *apim.Document {
	if sections == "" {
		return nil
	}
	return &apim.Document{Scope: scope, Format: apim.RawXML, File: source.NewFile(scope+".xml", "<policies>"+sections+"</policies>")}
}

func newPlant(t testing.TB, svc *apim.Service, edit func(*Settings)) *plant {
	t.Helper()
	p := &plant{t: t, log: &syncBuffer{}, now: time.Now}
	now := func() time.Time { return p.now() }
	p.tokens = trace.NewTokens([]byte("0123456789abcdef0123456789abcdef"), now)
	p.traces = trace.NewStore(now, trace.Limits{})
	transport := std.NewTransport(std.TransportOptions{})
	p.settings = Settings{
		Generation: "g1",
		Send:       &forward.Forwarder{Upstream: transport, Clock: clock.Real{}, Hop: "test-gateway"},
		Services: builtin.Services{
			Cache: cache.NewMemory(clock.Real{}, cache.DefaultBytes, nil), Clock: clock.Real{}, Random: func() float64 { return 0.5 },
		},
		Policies: policy.Options{Language: language()},
	}
	if edit != nil {
		edit(&p.settings)
	}
	p.gateway = New(Options{Log: telemetry.New(p.log, slog.LevelInfo), Traces: p.traces, Tokens: p.tokens})
	p.publish(svc)
	l, err := std.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := std.NewServer(p.gateway, log.New(io.Discard, "", 0))
	p.server = server
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
		transport.CloseIdle()
	})
	p.url = "http://" + l.Addr().String()
	return p
}

func (p *plant) publish(svc *apim.Service) {
	p.t.Helper()
	s, problems := Compile(svc, p.settings)
	if problems.HasErrors() {
		p.t.Fatalf("the service does not compile: %v", problems.Errors()[0])
	}
	p.gateway.Publish(s)
}

// reply is the head of an answer whose body has been read.
type reply struct {
	Status        string
	StatusCode    int
	Header        http.Header
	ContentLength int64
	Close         bool
}

// do sends one request; header lines are "Name: value".
func (p *plant) do(method, path, body string, header ...string) (reply, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	resp, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		b = append(b, "<"+err.Error()+">"...)
	}
	return reply{resp.Status, resp.StatusCode, resp.Header, resp.ContentLength, resp.Close}, string(b)
}

// client keeps no connections, so that none outlives a test.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// region is a backend that counts and shows what it got.
type region struct {
	*httptest.Server
	requests atomic.Int64
	last     atomic.Pointer[http.Request]
}

func newRegion(t testing.TB, h http.HandlerFunc) *region {
	t.Helper()
	r := &region{}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.requests.Add(1)
		r.last.Store(q.Clone(q.Context()))
		h(w, q)
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.Start()
	t.Cleanup(r.Close)
	return r
}

// forwardTo is the sections of a document that sends everything to a URL.
func forwardTo(url, forwardRequest string) string {
	return fmt.Sprintf(`<inbound><base /><set-backend-service base-url="%s" /></inbound><backend>%s</backend><outbound><base /></outbound>`, url, forwardRequest)
}
