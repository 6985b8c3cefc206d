package forward

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Beginnings of streams as regions send them.
const (
	filterEvent  = `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}` + "\n\n"
	roleEvent    = `data: {"choices":[{"content_filter_results":{},"delta":{"content":"","refusal":null,"role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}],"id":"c"}` + "\n\n"
	contentEvent = `data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":null,"index":0}]}` + "\n\n"
	toolEvent    = `data: {"choices":[{"delta":{"tool_calls":[{"index":0}]},"finish_reason":null,"index":0}]}` + "\n\n"
	finishEvent  = `data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}]}` + "\n\n"
	doneEvent    = "data: [DONE]\n\n"
	errorEvent   = `data: {"error":{"message":"The server had an error.","type":"server_error","param":null,"code":null}}` + "\n\n"
	limitEvent   = `data: {"error":{"code":"429","message":"Rate limit."}}` + "\n\n"
)

// chunks is a body of given pieces.
type chunks struct {
	parts []string
	end   error
}

func (c *chunks) Next(context.Context) ([]byte, error) {
	if len(c.parts) == 0 {
		return nil, c.end
	}
	p := c.parts[0]
	c.parts = c.parts[1:]
	return []byte(p), nil
}

func (c *chunks) Close() error { return nil }

type upstream func() *exchange.Inbound

func (u upstream) Send(context.Context, *exchange.Outbound) (*exchange.Inbound, error) {
	return u(), nil
}

func stream(end error, parts ...string) *exchange.Inbound {
	return &exchange.Inbound{
		Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "text/event-stream; charset=utf-8"}},
		Body: exchange.StreamingBody(&chunks{parts, end}, -1),
	}
}

func TestOpening(t *testing.T) {
	for _, c := range []struct {
		name   string
		hold   bool
		skip   bool
		parts  string // pieces, separated by ^
		cut    bool
		status int    // of the response, 0 for a failure
		rest   string // what is still to be read when Do returns, in pieces
	}{
		{name: "content", parts: contentEvent + "^" + doneEvent, status: 200, rest: doneEvent},
		{name: "the first bytes are enough", parts: `data: {"c` + "^" + `hoices":[]}` + "\n\n", status: 200, rest: `hoices":[]}` + "\n\n"},
		{name: "an error", parts: errorEvent + "^" + doneEvent, status: 500, rest: doneEvent},
		{name: "a limit", parts: limitEvent, status: 429},
		{name: "an error in pieces", parts: "da^ta: {\"er^ror\":{\"code\":\"rate_limit_exceeded\"}}\n^\n^" + doneEvent, status: 429, rest: doneEvent},
		{name: "an error without a blank line", parts: strings.TrimSpace(errorEvent), status: 500},
		{name: "with a name, comments and CRLF", parts: "\ufeff: hello\r\nevent: error\r\ndata: {\"type\":\"error\",\"code\":\"server_error\"}\r\n\r\n", status: 500},
		{name: "named error, an error in data alone counts", parts: "event: error\n^data: {\"choices\":[]}\n\n", status: 200},
		{name: "a filter's refusal", parts: `data: {"error":{"code":"content_filter"}}` + "\n\n", status: 400},
		{name: "a status", parts: `data: {"error":{"status":503,"code":"x"}}` + "\n\n", status: 503},
		{name: "an error later", parts: contentEvent + "^" + errorEvent, status: 200, rest: errorEvent},
		{name: "an error not looked at", skip: true, parts: errorEvent, status: 200, rest: errorEvent},
		{name: "dies in what may be an error", parts: `data: {"err`, cut: true},
		{name: "dies after the role", parts: roleEvent, cut: true, status: 200},
		{name: "no JSON", parts: "data: hello\n\n", status: 200},
		{name: "nothing", parts: "", status: 200},
		{name: "an error of another form", parts: `data: {"error":"oops"}` + "\n\n", status: 500},
		{name: "no error", parts: `data: {"error":null,"choices":[]}` + "\n\n", status: 200},

		{name: "held: error after filter and role", hold: true, parts: filterEvent + "^" + roleEvent + "^" + errorEvent, status: 500},
		{name: "held: dies after the role", hold: true, parts: filterEvent + "^" + roleEvent, cut: true},
		{name: "held: until content", hold: true, parts: filterEvent + "^" + roleEvent + "^" + contentEvent + "^" + doneEvent, status: 200, rest: doneEvent},
		{name: "held: until a tool's call", hold: true, parts: roleEvent + "^" + toolEvent + "^" + doneEvent, status: 200, rest: doneEvent},
		{name: "held: until the finish", hold: true, parts: roleEvent + "^" + finishEvent + "^" + doneEvent, status: 200, rest: doneEvent},
		{name: "held: until the end", hold: true, parts: roleEvent + "^" + doneEvent, status: 200},
		{name: "held: a clean end is an end", hold: true, parts: roleEvent, status: 200},
		{
			name: "held: responses", hold: true, status: 429,
			parts: `data: {"type":"response.created","response":{"id":"r"}}` + "\n\n^" + `data: {"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}}` + "\n\n",
		},
		{
			name: "held: responses with text", hold: true, status: 200, rest: ":rest",
			parts: `data: {"type":"response.created"}` + "\n\n^" + `data: {"type":"response.output_text.delta","delta":"Hi"}` + "\n\n^:rest",
		},
		{name: "held: not for ever", hold: true, parts: strings.Repeat(roleEvent, 400) + "^:rest", status: 200, rest: ":rest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := &chunks{strings.Split(c.parts, "^"), io.EOF}
			if c.cut {
				source.end = exchange.ErrCut
			}
			in := stream(nil)
			in.Body = exchange.StreamingBody(source, -1)
			x := newExchange(context.Background())
			f := &Forwarder{Upstream: upstream(func() *exchange.Inbound { return in }), Clock: clock.NewManual(time.Unix(0, 0))}
			err := f.Do(x, nil, Options{HoldBack: c.hold, SkipPeek: c.skip})
			if c.status == 0 {
				if err == nil || x.Attempts[0].Outcome != "reset" {
					t.Fatalf("%v %+v", err, x.Attempts)
				}
				return
			}
			if err != nil || x.Response.Status != c.status || x.Attempts[0].Status != c.status {
				t.Fatalf("%v %+v", err, x.Attempts)
			}
			if want := map[bool]string{true: "error_event", false: "ok"}[c.status != 200]; x.Attempts[0].Outcome != want && !c.cut {
				t.Errorf("outcome %s", x.Attempts[0].Outcome)
			}
			if got := strings.Join(source.parts, "^"); got != c.rest {
				t.Errorf("still to be read: %q, want %q", got, c.rest)
			}
			got := read(x)
			want := strings.ReplaceAll(c.parts, "^", "|")
			if c.parts != "" {
				want += "|"
			}
			if want += map[bool]string{true: "cut", false: "end"}[c.cut]; got != want {
				t.Errorf("the body is\n%q, want\n%q", got, want)
			}
		})
	}
}

// TestHoldIsBounded holds that a region that only says empty things is given up
// in time.
func TestHoldIsBounded(t *testing.T) {
	for _, o := range []Options{{HoldBack: true, FirstByteTimeout: 5 * time.Second}, {HoldBack: true, IdleTimeout: 5 * time.Second}, {HoldBack: true, StartTimeout: 5 * time.Second}} {
		m := clock.NewManual(time.Unix(0, 0))
		m.Run(func() {
			up := &script{clock: m, steps: []string{"head 200", "chunk " + roleEvent, "wait 1h"}}
			x := newExchange(context.Background())
			err := (&Forwarder{Upstream: eventStream{up}, Clock: m}).Do(x, nil, o)
			if !errors.Is(err, exchange.ErrTimeout) || x.Attempts[0].Outcome != "timeout" || m.Now() != time.Unix(5, 0) {
				t.Errorf("%+v: %v %+v at %v", o, err, x.Attempts, m.Now())
			}
		})
	}
}

// TestFirstToken holds that a stream without a token is given up in time: by a
// failure while it is held back, as a stream that broke off when it has begun,
// and not at all once a token has come, whatever the pieces.
func TestFirstToken(t *testing.T) {
	content := strings.TrimSuffix(contentEvent, "\n\n")
	for _, c := range []struct {
		name    string
		steps   []string
		hold    bool
		plain   bool   // not an event stream
		body    string // "" for a failure
		outcome string
		took    time.Duration
	}{
		{name: "held", hold: true, steps: []string{"head 200", "chunk " + roleEvent, "wait 1h"}, outcome: "timeout", took: 5 * time.Second},
		{name: "begun", steps: []string{"wait 2s", "head 200", "chunk " + roleEvent, "wait 1h"}, body: roleEvent + "|cut", outcome: "first_token_timeout", took: 5 * time.Second},
		{name: "nothing at all", steps: []string{"head 200", "wait 1h"}, outcome: "timeout", took: 5 * time.Second},
		{name: "in time", steps: []string{"head 200", "chunk " + roleEvent, "wait 4s", "chunk " + contentEvent, "wait 9s", "eof"}, body: roleEvent + "|" + contentEvent + "|end", outcome: "ok", took: 13 * time.Second},
		{name: "in pieces", steps: []string{"head 200", "chunk " + content[:9], "wait 4s", "chunk " + content[9:] + "\n\n", "wait 9s", "eof"}, body: content[:9] + "|" + content[9:] + "\n\n|end", outcome: "ok", took: 13 * time.Second},
		{name: "unfinished", steps: []string{"head 200", "chunk " + content, "wait 9s", "eof"}, body: content + "|cut", outcome: "first_token_timeout", took: 5 * time.Second},
		{name: "ends before", steps: []string{"head 200", "chunk " + roleEvent, "eof"}, body: roleEvent + "|end", outcome: "ok"},
		{name: "no events", plain: true, steps: []string{"head 200", "chunk {", "wait 9s", "chunk }", "eof"}, body: "{|}|end", outcome: "ok", took: 9 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := clock.NewManual(time.Unix(0, 0))
			m.Run(func() {
				var up exchange.Upstream = &script{clock: m, steps: c.steps}
				if !c.plain {
					up = eventStream{up}
				}
				x := newExchange(context.Background())
				err := (&Forwarder{Upstream: up, Clock: m}).Do(x, nil, Options{HoldBack: c.hold, FirstTokenTimeout: 5 * time.Second})
				switch {
				case c.body == "":
					if !errors.Is(err, exchange.ErrTimeout) {
						t.Error(err)
					}
				case err != nil:
					t.Fatal(err)
				default:
					if got := read(x); got != c.body {
						t.Errorf("%q, want %q", got, c.body)
					}
				}
				if x.Attempts[0].Outcome != c.outcome {
					t.Errorf("%+v", x.Attempts)
				}
			})
			if took := m.Now().Sub(time.Unix(0, 0)); took != c.took {
				t.Errorf("took %v, want %v", took, c.took)
			}
		})
	}
}

// eventStream makes an upstream's answers event streams.
type eventStream struct{ exchange.Upstream }

func (e eventStream) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	in, err := e.Upstream.Send(ctx, out)
	if err == nil {
		in.Header.Set("Content-Type", "text/event-stream")
	}
	return in, err
}

// TestOpeningWhere holds that only event streams in plain text are looked at.
func TestOpeningWhere(t *testing.T) {
	for _, c := range []struct {
		status       int
		media, codec string
		want         bool
	}{
		{200, "text/event-stream", "", true},
		{200, "text/event-stream", "identity", true},
		{200, "text/event-stream", "gzip", false},
		{200, "application/json", "", false},
		{500, "text/event-stream", "", false},
		{200, "", "", false},
	} {
		in := stream(io.EOF)
		in.Status = c.status
		in.Header = exchange.Header{{Name: "Content-Type", Value: c.media}, {Name: "Content-Encoding", Value: c.codec}}
		if got := isEvents(in); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// FuzzOpening holds that the pieces a stream comes in change neither what is
// found nor its bytes.
func FuzzOpening(f *testing.F) {
	for _, s := range []string{errorEvent, limitEvent, filterEvent + roleEvent + contentEvent, roleEvent + errorEvent, ": c\r\n\r\ndata:{\"error\" :{}}\r\r"} {
		f.Add([]byte(s), uint8(3), true)
		f.Add([]byte(s), uint8(200), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint8, hold bool) {
		whole := newOpening(hold)
		whole.take(text)
		whole.ended()
		parts := newOpening(hold)
		for rest := text; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			if parts.take(rest[:n]) {
				break
			}
			rest = rest[n:]
		}
		parts.ended()
		if len(text) < mostOpening && whole.status != parts.status && !(parts.status == 0 && !hold && !newOpening(false).mayBeError(text)) {
			t.Fatalf("%q in pieces of %d: %d, whole %d", text, size+1, parts.status, whole.status)
		}
	})
}

// A beginning in single bytes costs no more than in one piece.
func TestOpeningInBytes(t *testing.T) {
	const size = mostOpening - 100
	for name, text := range map[string]string{
		"a long comment": ":" + strings.Repeat("x", size),
		"many comments":  strings.Repeat(":x\n", size/3),
		"spaces":         "data:" + strings.Repeat(" ", size),
		"an error":       `data: {"error":"` + strings.Repeat("x", size),
	} {
		o := newOpening(false)
		for i := range len(text) {
			if o.take([]byte{text[i]}) {
				t.Fatalf("%s: decided after %d bytes", name, i)
			}
		}
		if len(o.line) > 100 {
			t.Errorf("%s: %d bytes of the line are kept", name, len(o.line))
		}
		allocated := testing.AllocsPerRun(10, func() { _ = newOpening(false).mayBeError([]byte(text)) })
		if allocated > 20 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

func BenchmarkOpening(b *testing.B) {
	first := []byte(filterEvent)
	b.ReportAllocs()
	for range b.N {
		o := newOpening(false)
		if !o.take(bytes.Clone(first)) {
			b.Fatal("undecided")
		}
	}
}
