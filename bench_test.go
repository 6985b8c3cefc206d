package spillway_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/gateway"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// answers are regions that answer at once: every n-th request of all with a 429.
type answers struct {
	throttleEvery int
	count         int
	stream        bool
}

var (
	completion = []byte(`{"id":"chatcmpl-1","object":"chat.completion","created":1767323045,"model":"gpt-35-turbo","choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("word ", 160) + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":160,"total_tokens":180}}`)
	event      = []byte(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767323045,"model":"gpt-35-turbo","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}` + "\n\n")
	answerHead = exchange.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "x-ms-region", Value: "East US"}, {Name: "x-ratelimit-remaining-tokens", Value: "119980"}, {Name: "apim-request-id", Value: "00000000-0000-4000-8000-000000000001"}}
)

// events is a stream of so many events, one a read.
type events int

// Next implements exchange.Stream.
func (e *events) Next(context.Context) ([]byte, error) {
	if *e == 0 {
		return nil, io.EOF
	}
	*e--
	return event, nil
}

// Close implements exchange.Stream.
func (e *events) Close() error { return nil }

// Send implements exchange.Upstream.
func (a *answers) Send(_ context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	a.count++
	in := &exchange.Inbound{Status: 200, Header: answerHead}
	switch {
	case a.throttleEvery > 0 && a.count%a.throttleEvery == 1:
		in.Status = 429
		in.Body = exchange.BufferedBody([]byte(`{"error":{"code":"429"}}`))
	case a.stream:
		e := events(160)
		in.Body = exchange.StreamingBody(&e, -1)
	default:
		in.Body = exchange.BufferedBody(completion)
	}
	return in, nil
}

// nowhere is a caller that keeps nothing.
type nowhere struct{ status int }

// Head implements exchange.Sink.
func (n *nowhere) Head(h *exchange.ResponseHead) error { n.status = h.Status; return nil }

// Chunk implements exchange.Sink.
func (n *nowhere) Chunk([]byte) error { return nil }

// End implements exchange.Sink.
func (n *nowhere) End() error { return nil }

// Abort implements exchange.Sink.
func (n *nowhere) Abort() { n.status = 0 }

// BenchmarkSample is one request through the sample azure-openai without a
// network: routing, the key, the random choice of a region, retry, the answer.
// The figures of docs/performance.md come from it.
func BenchmarkSample(b *testing.B) {
	for _, way := range []struct {
		name        string
		up          answers
		traced, log bool
	}{
		{name: "plain"},
		{name: "failover", up: answers{throttleEvery: 2}},
		{name: "stream", up: answers{stream: true}},
		{name: "logged", log: true},
		{name: "traced", traced: true},
	} {
		b.Run(way.name, func(b *testing.B) {
			files, err := examples.FS(examples.Default)
			if err != nil {
				b.Fatal(err)
			}
			up := way.up
			loaded, problems := service.Load(files, "bench", service.World{
				Region: func(name string) (string, []string, bool) {
					return "http://" + name + ".test", []string{"key-one-of-" + name, "key-two-of-" + name}, true
				},
				Random: func(b []byte) { copy(b, "0123456789abcdef") },
			}, gateway.Settings{
				Send:     &forward.Forwarder{Upstream: &up, Clock: clock.Real{}, Hop: "bench"},
				Services: builtin.Services{Clock: clock.Real{}, Random: func() float64 { return 0.5 }, Cache: cache.NewMemory(clock.Real{}, cache.DefaultBytes, policy.Objects{})},
				Policies: policy.Options{Language: server.Language()},
			})
			if problems.HasErrors() {
				b.Fatal(problems.Draw())
			}
			o := gateway.Options{Traces: trace.NewStore(time.Now, trace.Limits{}), Tokens: trace.NewTokens(make([]byte, 32), time.Now)}
			if way.log {
				o.Log = telemetry.New(io.Discard, slog.LevelInfo)
			}
			g := gateway.New(o)
			g.Publish(loaded.Service)
			_, key := loaded.FirstKey()
			path, query, _ := strings.Cut(chatPath, "?")
			header := exchange.Header{{Name: "Host", Value: "gateway.test"}, {Name: "api-key", Value: key}, {Name: "Content-Type", Value: "application/json"}}
			if way.traced {
				header.Add(trace.HeaderAuthorization, o.Tokens.Issue("my-cool-openai-test", time.Hour))
			}
			body := []byte(chatBody)
			sink := &nowhere{}
			b.ReportAllocs()
			for b.Loop() {
				g.Serve(b.Context(), &exchange.Exchange{
					ClientIP: "127.0.0.1",
					Original: exchange.Request{
						Method: "POST", Header: header, Body: exchange.BufferedBody(body),
						URL: exchange.URL{Scheme: "http", Host: "gateway.test", Port: 80, Path: path, Query: query},
					},
				}, sink)
				if sink.status != 200 {
					b.Fatalf("status %d", sink.status)
				}
			}
		})
	}
}
