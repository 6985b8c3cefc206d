package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// script is an upstream that plays a list of steps for each request:
//
//	wait D        time passes
//	head S [N]    the answer's status, and its length if it is known
//	chunk TEXT    a piece of the body
//	eof           the body is complete
//	cut           the connection ends
//	refuse        there is no connection
//	upload        the request's body is read to its end
type script struct {
	clock clock.Clock
	steps []string
	seen  *exchange.Outbound
	// gone is when the attempt's context was seen to have ended.
	gone time.Time
}

func (s *script) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	s.seen = out
	for i, step := range s.steps {
		verb, rest, _ := strings.Cut(step, " ")
		switch verb {
		case "wait":
			if err := s.wait(ctx, rest); err != nil {
				return nil, err
			}
		case "upload":
			body, err := out.Body.Open()
			for err == nil {
				_, err = body.Next(ctx)
			}
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
		case "refuse":
			return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("connection refused")}
		case "cut":
			return nil, &exchange.Failure{Kind: exchange.FailedReset, Err: errors.New("reset")}
		case "head":
			status, length := 0, int64(-1)
			_, _ = fmt.Sscan(rest, &status, &length)
			in := &exchange.Inbound{Status: status, Header: exchange.Header{{Name: "X-Answer", Value: "1"}}, Body: exchange.NoBody()}
			if len(s.steps) > i+1 {
				in.Body = exchange.StreamingBody(&scriptBody{script: s, ctx: ctx, steps: s.steps[i+1:]}, length)
			}
			return in, nil
		}
	}
	return nil, errors.New("the script has no head")
}

func (s *script) wait(ctx context.Context, d string) error {
	n, err := time.ParseDuration(d)
	if err != nil {
		return err
	}
	if err := s.clock.Sleep(ctx, n); err != nil {
		s.gone = s.clock.Now()
		return err
	}
	return nil
}

type scriptBody struct {
	script *script
	ctx    context.Context
	steps  []string
}

func (b *scriptBody) Next(context.Context) ([]byte, error) {
	for len(b.steps) > 0 {
		verb, rest, _ := strings.Cut(b.steps[0], " ")
		switch verb {
		case "wait":
			if err := b.script.wait(b.ctx, rest); err != nil {
				return nil, errors.Join(exchange.ErrCut, err)
			}
		case "chunk":
			b.steps = b.steps[1:]
			return []byte(rest), nil
		case "eof":
			return nil, io.EOF
		default:
			return nil, exchange.ErrCut
		}
		b.steps = b.steps[1:]
	}
	return nil, exchange.ErrCut
}

func (b *scriptBody) Close() error { return nil }

// read is the body as "a|b|end", where the chunks are as they came.
func read(x *exchange.Exchange) string {
	s, err := x.Response.Body.Open()
	if err != nil {
		return err.Error()
	}
	defer func() { _ = s.Close() }()
	var parts []string
	for {
		b, err := s.Next(context.Background())
		if len(b) > 0 {
			parts = append(parts, string(b))
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			parts = append(parts, "end")
		case errors.Is(err, ErrIdle):
			parts = append(parts, "idle")
		case errors.Is(err, exchange.ErrClientGone):
			parts = append(parts, "gone")
		case errors.Is(err, exchange.ErrCut):
			parts = append(parts, "cut")
		default:
			parts = append(parts, err.Error())
		}
		return strings.Join(parts, "|")
	}
}

func newExchange(ctx context.Context) *exchange.Exchange {
	x := &exchange.Exchange{Context: ctx, ClientIP: "10.0.0.9"}
	x.Original = exchange.Request{Method: "POST", Body: exchange.NoBody(), Header: exchange.Header{{Name: "Host", Value: "gw"}}}
	x.Original.URL = exchange.URL{Scheme: "http", Host: "gw", Port: 80, Path: "/x"}
	x.Request = x.Original
	x.Request.Rest = "/x"
	x.Request.SetBase(exchange.URL{Scheme: "https", Host: "region", Port: 443, Path: "/base/"})
	return x
}

func TestAttempt(t *testing.T) {
	for _, c := range []struct {
		name    string
		steps   string
		options Options
		leave   time.Duration // when the client leaves, 0 never
		err     string        // of Do, else ""
		body    string
		outcome string
		took    time.Duration // until the body was read or Do had failed
	}{
		{name: "plain", steps: "head 200,chunk a,chunk b,eof", body: "a|b|end", outcome: "ok"},
		{name: "no body", steps: "head 204", body: "end", outcome: "ok"},
		{name: "empty body", steps: "head 200,wait 1s,eof", body: "end", outcome: "ok", took: time.Second},
		{name: "error status", steps: "head 429 1,chunk a,eof", body: "a|end", outcome: "status"},
		{name: "refused", steps: "refuse", err: "connection refused", outcome: "connect_refused"},
		{name: "cut before the head", steps: "wait 1s,cut", err: "reset", outcome: "reset", took: time.Second},
		{name: "cut after the head", steps: "head 200,wait 1s,cut", err: "before the first byte", outcome: "reset", took: time.Second},
		{name: "cut after the head, not peeked", steps: "head 200,cut", options: Options{SkipPeek: true}, body: "cut", outcome: "stream_aborted"},
		{name: "cut after a chunk", steps: "head 200,chunk a,cut", body: "a|cut", outcome: "stream_aborted"},
		{name: "no head in time", steps: "wait 10s,head 200", options: Options{Timeout: 5 * time.Second}, err: "timed out", outcome: "timeout", took: 5 * time.Second},
		{name: "time bounds the head alone", steps: "wait 4s,head 200,wait 4s,chunk a,wait 4s,eof", options: Options{Timeout: 5 * time.Second}, body: "a|end", outcome: "ok", took: 12 * time.Second},
		{name: "no first byte in time", steps: "head 200,wait 10s,chunk a,eof", options: Options{Timeout: 3 * time.Second, FirstByteTimeout: 5 * time.Second}, err: "timed out", outcome: "timeout", took: 5 * time.Second},
		{name: "first byte in time", steps: "head 200,wait 4s,chunk a,wait 9s,eof", options: Options{FirstByteTimeout: 5 * time.Second}, body: "a|end", outcome: "ok", took: 13 * time.Second},
		{name: "idle", steps: "head 200,chunk a,wait 50s,chunk b,wait 61s,chunk c,eof", options: Options{IdleTimeout: time.Minute}, body: "a|b|idle", outcome: "stream_idle", took: 110 * time.Second},
		{name: "never idle", steps: "head 200,chunk a,wait 59s,chunk b,wait 59s,chunk c,wait 59s,eof", options: Options{IdleTimeout: time.Minute}, body: "a|b|c|end", outcome: "ok", took: 177 * time.Second},
		{name: "collected", steps: "head 200,chunk a,wait 1s,chunk b,wait 1s,eof", options: Options{BufferResponse: true}, body: "ab|end", outcome: "ok", took: 2 * time.Second},
		{name: "collected and cut", steps: "head 200,chunk a,chunk b,cut", options: Options{BufferResponse: true}, body: "ab|cut", outcome: "stream_aborted"},
		{name: "not collected with a length", steps: "head 200 2,chunk a,chunk b,eof", options: Options{BufferResponse: true}, body: "a|b|end", outcome: "ok"},
		{name: "client leaves before the head", steps: "wait 10s,head 200", leave: 3 * time.Second, err: "client closed", outcome: "client_closed", took: 3 * time.Second},
		{name: "client leaves before the first byte", steps: "head 200,wait 10s,chunk a,eof", leave: 3 * time.Second, err: "client closed", outcome: "client_closed", took: 3 * time.Second},
		{name: "client leaves in the stream", steps: "head 200,chunk a,wait 10s,chunk b,eof", leave: 3 * time.Second, body: "a|gone", outcome: "client_closed", took: 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := clock.NewManual(time.Unix(1_800_000_000, 0))
			began := m.Now()
			m.Run(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if c.leave > 0 {
					m.AfterFunc(c.leave, cancel)
				}
				up := &script{clock: m, steps: strings.Split(c.steps, ",")}
				x := newExchange(ctx)
				err := (&Forwarder{Upstream: up, Clock: m, Hop: "h"}).Do(x, nil, c.options)
				if c.err != "" {
					if err == nil || !strings.Contains(err.Error(), c.err) {
						t.Errorf("error %v", err)
					}
					if x.Response != nil {
						t.Error("a failed attempt left a response")
					}
				} else if err != nil {
					t.Fatal(err)
				} else if got := read(x); got != c.body {
					t.Errorf("body %q, want %q", got, c.body)
				}
				well := c.outcome == "ok" || c.outcome == "status" || c.outcome == "client_closed"
				if len(x.Attempts) != 1 || x.Attempts[0].Outcome != c.outcome || (x.Attempts[0].Error == "") != well {
					t.Errorf("attempts %+v, want %s", x.Attempts, c.outcome)
				}
				if c.leave > 0 && up.gone.Sub(began) != c.leave {
					t.Errorf("the backend saw the end at %v", up.gone.Sub(began))
				}
			})
			if took := m.Now().Sub(began); took != c.took {
				t.Errorf("took %v, want %v", took, c.took)
			}
		})
	}
}

// The clock of the time-out runs while a slow caller uploads; its expiry says
// nothing about the backend.
func TestSlowUpload(t *testing.T) {
	m := clock.NewManual(time.Unix(1_800_000_000, 0))
	m.Run(func() {
		up := &script{clock: m, steps: []string{"upload", "head 200", "eof"}}
		x := newExchange(context.Background())
		x.Request.Body = exchange.StreamingBody(&slowBody{m}, -1)
		err := (&Forwarder{Upstream: up, Clock: m}).Do(x, nil, Options{Timeout: time.Second})
		if !errors.Is(err, exchange.ErrTimeout) || x.Attempts[0].Outcome != "upload_timeout" {
			t.Errorf("%v, %+v", err, x.Attempts)
		}
	})
}

type slowBody struct{ clock clock.Clock }

func (b *slowBody) Next(ctx context.Context) ([]byte, error) {
	return []byte("a"), b.clock.Sleep(ctx, 300*time.Millisecond)
}

func (b *slowBody) Close() error { return nil }

// A slow client does not make a backend idle.
func TestIdleCountsTheBackendAlone(t *testing.T) {
	m := clock.NewManual(time.Unix(1_800_000_000, 0))
	m.Run(func() {
		up := &script{clock: m, steps: []string{"head 200", "chunk a", "chunk b", "wait 5s", "chunk c", "eof"}}
		x := newExchange(context.Background())
		if err := (&Forwarder{Upstream: up, Clock: m}).Do(x, nil, Options{IdleTimeout: 10 * time.Second}); err != nil {
			t.Fatal(err)
		}
		s, _ := x.Response.Body.Open()
		n := 0
		for {
			b, err := s.Next(context.Background())
			n += len(b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = m.Sleep(context.Background(), 25*time.Second) // the client takes its time
		}
		_ = s.Close()
		if n != 3 {
			t.Errorf("%d bytes", n)
		}
	})
}

func TestOverlay(t *testing.T) {
	one := &backend.Single{
		ID: "b", Header: []backend.Field{{Name: "api-key", Value: "secret"}, {Name: "X-Two", Value: "1"}, {Name: "X-Two", Value: "2"}},
		Query: "sig=1%2B1&t=2", QueryNames: []string{"sig", "t"}, SkipName: true, Proxy: "http://p",
	}
	for _, c := range []struct {
		name    string
		header  exchange.Header
		query   string
		one     *backend.Single
		options Options
		host    string
		want    exchange.Header
		url     string
	}{
		{
			name:   "bare URL",
			header: exchange.Header{{Name: "Host", Value: "gw"}, {Name: "api-key", Value: "k"}, {Name: "Content-Length", Value: "3"}, {Name: "Accept-Encoding", Value: "br"}},
			query:  "api-version=1",
			want:   exchange.Header{{Name: "api-key", Value: "k"}, {Name: "Accept-Encoding", Value: "br"}, {Name: "X-Forwarded-For", Value: "10.0.0.9"}, {Name: HopHeader, Value: "h"}},
			url:    "https://region/base/x?api-version=1",
		},
		{
			name:   "forwarded for and hops",
			header: exchange.Header{{Name: "Host", Value: "gw"}, {Name: "x-forwarded-for", Value: "1.1.1.1"}, {Name: "TE", Value: "trailers"}, {Name: "Upgrade", Value: "h2c"}, {Name: "HTTP2-Settings", Value: "x"}, {Name: "X-Forwarded-For", Value: "2.2.2.2"}, {Name: "Expect", Value: "100-continue"}},
			want:   exchange.Header{{Name: "x-forwarded-for", Value: "1.1.1.1, 2.2.2.2, 10.0.0.9"}, {Name: HopHeader, Value: "h"}},
			url:    "https://region/base/x",
		},
		{
			name:   "Host of a policy",
			header: exchange.Header{{Name: "Host", Value: "other"}},
			host:   "other",
			want:   exchange.Header{{Name: "X-Forwarded-For", Value: "10.0.0.9"}, {Name: HopHeader, Value: "h"}},
			url:    "https://region/base/x",
		},
		{
			name:   "credentials win",
			header: exchange.Header{{Name: "Api-Key", Value: "callers"}, {Name: "x-two", Value: "0"}},
			query:  "a=1&SIG=0&b=%20", one: one,
			want: exchange.Header{{Name: "X-Forwarded-For", Value: "10.0.0.9"}, {Name: HopHeader, Value: "h"}, {Name: "api-key", Value: "secret"}, {Name: "X-Two", Value: "1"}, {Name: "X-Two", Value: "2"}},
			url:  "https://region/base/x?a=1&b=%20&sig=1%2B1&t=2",
		},
		{
			name:   "what policies read must be decodable",
			header: exchange.Header{{Name: "Accept-Encoding", Value: "br, GZIP;q=0.5"}}, options: Options{DecodeResponse: true},
			want: exchange.Header{{Name: "Accept-Encoding", Value: "gzip"}, {Name: "X-Forwarded-For", Value: "10.0.0.9"}, {Name: HopHeader, Value: "h"}},
			url:  "https://region/base/x",
		},
		{
			name: "identity where gzip was not asked for", header: exchange.Header{{Name: "Accept-Encoding", Value: "br"}}, options: Options{DecodeResponse: true},
			want: exchange.Header{{Name: "Accept-Encoding", Value: "identity"}, {Name: "X-Forwarded-For", Value: "10.0.0.9"}, {Name: HopHeader, Value: "h"}},
			url:  "https://region/base/x",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newExchange(context.Background())
			x.Request.Header = c.header
			x.Request.URL.Query = c.query
			before := c.header.Clone()
			up := &script{steps: []string{"head 204"}}
			if err := (&Forwarder{Upstream: up, Clock: clock.Real{}, Hop: "h"}).Do(x, c.one, c.options); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, up.seen.Header); d != "" {
				t.Errorf("header, want - got +:\n%s", d)
			}
			if got := up.seen.URL.String(); got != c.url {
				t.Errorf("URL %s, want %s", got, c.url)
			}
			if up.seen.Host != c.host {
				t.Errorf("Host %q", up.seen.Host)
			}
			if c.one != nil && (!up.seen.SkipName || up.seen.SkipChain || up.seen.Proxy != "http://p") {
				t.Errorf("%+v", up.seen)
			}
			if d := cmp.Diff(before, x.Request.Header); d != "" {
				t.Errorf("the request itself was changed:\n%s", d)
			}
			if u := x.Attempts[0].URL; strings.Contains(u, "?") {
				t.Errorf("the attempt's URL shows a query: %s", u)
			}
		})
	}
}

// A request that has been through this gateway already goes no further.
func TestLoop(t *testing.T) {
	x := newExchange(context.Background())
	x.Original.Header.Add(HopHeader, "other")
	f := &Forwarder{Upstream: &script{steps: []string{"head 204"}}, Clock: clock.Real{}, Hop: "me"}
	if err := f.Do(x, nil, Options{}); err != nil {
		t.Fatal(err)
	}
	x.Original.Header.Add("x-spillway-hop", "me")
	var failure *exchange.Failure
	if err := f.Do(x, nil, Options{}); !errors.As(err, &failure) {
		t.Errorf("got %v", err)
	}
	if n := len(x.Attempts); n != 2 || x.Attempts[1].Outcome != "connect_refused" {
		t.Errorf("%+v", x.Attempts)
	}
}

func TestWithoutHops(t *testing.T) {
	h := exchange.Header{
		{Name: "connection", Value: "X-Own, api-key , Authorization"},
		{Name: "Connection", Value: "close"},
		{Name: "X-Own", Value: "1"},
		{Name: "Api-Key", Value: "k"},
		{Name: "Authorization", Value: "a"},
		{Name: "Keep-Alive", Value: "5"},
		{Name: "Transfer-Encoding", Value: "chunked"},
		{Name: "Content-Type", Value: "text/event-stream; charset=UTF-8"},
	}
	want := exchange.Header{{Name: "Api-Key", Value: "k"}, {Name: "Authorization", Value: "a"}, {Name: "Content-Type", Value: "text/event-stream; charset=UTF-8"}}
	if d := cmp.Diff(want, WithoutHops(h)); d != "" {
		t.Error(d)
	}
}

func BenchmarkAttempt(b *testing.B) {
	f := &Forwarder{Clock: clock.Real{}, Hop: "h"}
	x := newExchange(context.Background())
	x.Request.Header = exchange.Header{{Name: "Host", Value: "gw"}, {Name: "api-key", Value: "k"}, {Name: "Content-Type", Value: "application/json"}, {Name: "Accept", Value: "*/*"}, {Name: "X-Stainless-Os", Value: "Linux"}}
	b.ReportAllocs()
	for b.Loop() {
		f.Upstream = &script{steps: []string{"head 200", "chunk a", "eof"}}
		x.Attempts = x.Attempts[:0]
		if err := f.Do(x, nil, Options{Timeout: time.Minute, IdleTimeout: time.Minute}); err != nil {
			b.Fatal(err)
		}
		s, _ := x.Response.Body.Open()
		for {
			if _, err := s.Next(context.Background()); err != nil {
				break
			}
		}
		_ = s.Close()
	}
}

// A small body is read before it is sent, within the time of the attempt, so that
// the upstream can send it again; a long one, and one of unknown length, is not.
func TestSmallBodies(t *testing.T) {
	for _, c := range []struct {
		length int64
		kind   exchange.BodyKind
	}{{10, exchange.Buffered}, {small, exchange.Buffered}, {small + 1, exchange.Streaming}, {-1, exchange.Streaming}} {
		up := &script{steps: []string{"head 204"}}
		x := newExchange(context.Background())
		x.Request.Body = exchange.StreamingBody(&chunks{[]string{"01234", "56789"}, io.EOF}, c.length)
		if err := (&Forwarder{Upstream: up, Clock: clock.Real{}}).Do(x, nil, Options{}); err != nil {
			t.Fatal(err)
		}
		if up.seen.Body.Kind() != c.kind || c.kind == exchange.Buffered && string(up.seen.Body.Bytes()) != "0123456789" {
			t.Errorf("length %d: it is sent as %v", c.length, up.seen.Body.Kind())
		}
		if !x.Request.Body.Consumed() {
			t.Errorf("length %d: the caller's body could be sent again", c.length)
		}
	}
	for _, end := range []error{exchange.ErrClientGone, exchange.BadRequest(400, "The request's body is not properly chunked.")} {
		up := &script{steps: []string{"head 204"}}
		x := newExchange(context.Background())
		x.Request.Body = exchange.StreamingBody(&chunks{[]string{"01234"}, end}, 10)
		if err := (&Forwarder{Upstream: up, Clock: clock.Real{}}).Do(x, nil, Options{}); !errors.Is(err, end) || up.seen != nil {
			t.Errorf("%v became %v, sent %v", end, err, up.seen)
		}
	}
	m := clock.NewManual(time.Unix(1_800_000_000, 0))
	m.Run(func() {
		x := newExchange(context.Background())
		x.Request.Body = exchange.StreamingBody(&stuck{m, make(chan struct{})}, 10)
		err := (&Forwarder{Upstream: &script{steps: []string{"head 204"}}, Clock: m}).Do(x, nil, Options{Timeout: time.Second})
		if !errors.Is(err, exchange.ErrTimeout) || x.Attempts[0].Outcome != "upload_timeout" {
			t.Errorf("%v, %+v", err, x.Attempts)
		}
	})
}

// stuck is a body that does not come, and that only closing ends.
type stuck struct {
	clock  clock.Clock
	closed chan struct{}
}

func (s *stuck) Next(context.Context) ([]byte, error) {
	s.clock.Block(func() { <-s.closed })
	return nil, exchange.ErrClientGone
}

func (s *stuck) Close() error {
	close(s.closed)
	return nil
}
