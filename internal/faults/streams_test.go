package faults_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// pieces is a body of given pieces, with a pause before each but the first, and
// then its end.
type pieces struct {
	parts []string
	pause func(ctx context.Context, i int) error
	end   error // nil is a complete end
	ctx   context.Context
	given int
}

// Next implements exchange.Stream.
func (p *pieces) Next(ctx context.Context) ([]byte, error) {
	if p.ctx != nil {
		ctx = p.ctx
	}
	if p.given == len(p.parts) {
		if p.end == nil {
			return nil, io.EOF
		}
		return nil, p.end
	}
	if p.pause != nil {
		if err := p.pause(ctx, p.given); err != nil {
			return nil, errors.Join(exchange.ErrCut, err)
		}
	}
	p.given++
	return []byte(p.parts[p.given-1]), nil
}

// Close implements exchange.Stream.
func (p *pieces) Close() error { return nil }

// sse is an answer of events.
func sse(p *pieces) *exchange.Inbound {
	return &exchange.Inbound{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: exchange.StreamingBody(p, -1)}
}

// event is one of a chat's.
func event(text string) string {
	return fmt.Sprintf("data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":null}]}\n\n", text)
}

// noBreakers takes the breakers away, so that a fault goes on for as many
// requests as are wanted.
func noBreakers(t testing.TB) map[string]string {
	files := map[string]string{}
	for _, name := range names {
		files["backends/"+name+"/backendInformation.json"] = fmt.Sprintf(
			`{"properties": {"url": "{{endpoint-%s}}", "protocol": "http", "credentials": {"header": {"api-key": ["{{key-%s}}"]}}}}`, name, name)
	}
	return files
}

// Row 12.
func TestCutStreams(t *testing.T) {
	r := newRig(t, noBreakers(t))
	silent, retried, n := 0, 0, 0
	for _, how := range []string{"reset", "fin"} {
		for events := 1; events <= 6; events++ { // of seven
			r.fault("eastus", fmt.Sprintf(`{"kind":"cut","after":"events:%d","how":"%s"}`, events, how))
			for _, c := range r.load(requests()/5, 5*time.Millisecond, nil) {
				if !c.stream {
					continue // it has no events
				}
				n++
				if !c.told() {
					silent++
					t.Logf("after %d events, %s: ended %v, aborted %v\n%s", events, how, c.ended, c.aborted, c.body)
				}
				if c.first.IsZero() || len(c.x.Attempts) != 1 || c.x.Attempts[0].Outcome != "stream_aborted" {
					retried++
					t.Logf("%+v", c.x.Attempts)
				}
			}
		}
	}
	if silent > 0 || retried > 0 || n < requests()*9/10 {
		t.Errorf("of %d cut streams %d look complete, %d were tried again", n, silent, retried)
	}
	if !strings.Contains(r.log.String(), `"outcome":"stream_aborted"`) {
		t.Error("the log does not say so")
	}
	// The breaker counts it.
	b := newRig(t, nil)
	b.fault("eastus", `{"kind":"cut","after":"events:3"}`)
	for range 3 {
		if c := b.one(true); !c.told() {
			t.Errorf("%s", c.body)
		}
	}
	if open, _ := b.breaker("eastus"); !open {
		t.Error("three streams that broke off open no breaker")
	}
	report(t, 12, "upstream dies mid-stream", "%d of %d cut streams look complete, %d tried again", silent, n, retried)
}

// Row 13.
func TestCutBodies(t *testing.T) {
	short := func(ctx context.Context, _ *exchange.Outbound, _ exchange.Upstream) (*exchange.Inbound, error) {
		p := &pieces{parts: []string{`{"id":"x",`, `"choices":[`}, end: exchange.ErrCut}
		return &exchange.Inbound{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "application/json"}}, Body: exchange.StreamingBody(p, 1000)}, nil
	}
	r := newRig(t, noBreakers(t))
	r.wire("eastus", short)
	complete := 0
	all := r.load(requests(), time.Millisecond, nil)
	for _, c := range all {
		if c.ended || !c.aborted {
			complete++
		}
	}
	// Read by the condition of the retry, the same answer is tried again elsewhere.
	reading := newRig(t, map[string]string{"apis/my-cool-openai-test/policy.xml": `<policies><inbound><base /><set-backend-service backend-id="openai" /></inbound><backend>
		<retry condition="@(context.Response == null || context.Response.StatusCode >= 500 || context.Response.Body.As&lt;string&gt;(preserveContent: true).Length == 0)" count="3" interval="0">
			<forward-request timeout="4" buffer-request-body="true" /></retry></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`})
	reading.wire("eastus", short)
	wrong := 0
	read := reading.load(requests()/10, 10*time.Millisecond, func(_ int, c *caller) { c.stream = false })
	for _, c := range read {
		if c.status == 200 && c.ended && bytes.HasPrefix(c.body, []byte(`{"id":"x",`)) {
			wrong++
		}
	}
	if complete > 0 || wrong > 0 {
		t.Errorf("%d of %d short bodies look complete, %d of %d that were read", complete, len(all), wrong, len(read))
	}
	report(t, 13, "upstream dies mid-body", "%d of %d short bodies delivered as complete; read by a policy: %d of %d", complete, len(all), wrong, len(read))
}

// Row 15.
func TestDrip(t *testing.T) {
	const idle = 60 * time.Second
	r := newRig(t, map[string]string{"spillway.yaml": sampleFile(t, "spillway.yaml", "{firstByteTimeout: 4s}", "{firstByteTimeout: 4s, idleTimeout: 60s}")})
	text := event("hello, this comes byte by byte")
	most := time.Duration(0)
	for n := range 20 {
		stall := 40 + n
		r.wire("eastus", func(ctx context.Context, _ *exchange.Outbound, _ exchange.Upstream) (*exchange.Inbound, error) {
			p := &pieces{parts: strings.Split(text, ""), ctx: ctx}
			p.pause = func(ctx context.Context, i int) error {
				if i == 0 {
					return nil
				}
				if i == stall {
					return r.clock.Sleep(ctx, time.Hour)
				}
				return r.clock.Sleep(ctx, time.Second)
			}
			return sse(p), nil
		})
		c := r.one(true)
		want := time.Duration(stall-1)*time.Second + idle
		d := (c.took() - want).Abs()
		most = max(most, d)
		if d > time.Second || !c.told() || !bytes.HasPrefix(c.body, []byte(text[:stall])) {
			t.Errorf("stalled after %d bytes: %v, want %v\n%s", stall, c.took(), want, c.body)
		}
		r.clock.Advance(time.Minute)
	}
	report(t, 15, "drips, then stands still", "cut at the idle limit within %v, with the event of 12", most)
}

// Row 16.
func TestSplits(t *testing.T) {
	streams := []string{
		event("a") + event("b") + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}}\n\ndata: [DONE]\n\n",
		strings.ReplaceAll(event("CRLF")+"data: {\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n", "\n", "\r\n"),
		strings.ReplaceAll(event("CR")+"data: {\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\n", "\n", "\r"),
		": a comment\n\nevent: x\nid: 7\nretry: 10\n" + event("é 漢 🙂") + "data: {\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\ndata: [DONE]",
		"data: not JSON at all\n\ndata: {\"usage\": null}\n\ndata: {\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}",
	}
	random := rand.New(rand.NewPCG(7, 7))
	r := newRig(t, nil)
	changed, n := 0, requests()
	for i := range n {
		text := streams[i%len(streams)]
		r.wire("eastus", func(context.Context, *exchange.Outbound, exchange.Upstream) (*exchange.Inbound, error) {
			p := &pieces{}
			for rest := text; rest != ""; {
				size := 1
				if i%7 != 0 {
					size = 1 + random.IntN(len(rest))
				}
				p.parts = append(p.parts, rest[:size])
				rest = rest[size:]
			}
			return sse(p), nil
		})
		if c := r.one(true); string(c.body) != text || !c.ended {
			changed++
		}
	}
	if changed > 0 {
		t.Errorf("%d of %d streams are not the same", changed, n)
	}
	want := fmt.Sprintf("# HELP gateway_tokens_total Tokens that answers say they used; type is prompt or completion.\n# TYPE gateway_tokens_total counter\n"+
		"gateway_tokens_total{region=\"eastus\",type=\"completion\"} %d\ngateway_tokens_total{region=\"eastus\",type=\"prompt\"} %d\n", 7*n, 11*n)
	if err := testutil.GatherAndCompare(r.metrics.Registry(), strings.NewReader(want), "gateway_tokens_total"); err != nil {
		t.Errorf("usage, whatever the splits: %v", err)
	}
	// One event of 2 MiB goes by as it is.
	large := "data: " + strings.Repeat("x", 2<<20) + "\n\ndata: [DONE]\n\n"
	r.wire("eastus", func(context.Context, *exchange.Outbound, exchange.Upstream) (*exchange.Inbound, error) {
		return sse(&pieces{parts: []string{large[:100000], large[100000:]}}), nil
	})
	if c := r.one(true); string(c.body) != large || !c.complete() {
		t.Errorf("a large event: %d bytes of %d", len(c.body), len(large))
	}
	report(t, 16, "streams split anywhere", "%d of %d are not byte-identical, usage right in all", changed, n)
}

// Row 17, the part of it that has no sockets: a caller who reads slowly holds its
// region back, and nothing piles up between them.
func TestSlowCaller(t *testing.T) {
	r := newRig(t, nil)
	most := 0
	var source *pieces
	r.wire("eastus", func(ctx context.Context, _ *exchange.Outbound, _ exchange.Upstream) (*exchange.Inbound, error) {
		source = &pieces{}
		for range 200 {
			source.parts = append(source.parts, event(strings.Repeat("x", 900)))
		}
		return sse(source), nil
	})
	r.clock.Run(func() {
		c := r.send(context.Background(), true, func(c *caller) {
			c.onChunk = func(c *caller) error {
				most = max(most, source.given-c.chunks)
				return r.clock.Sleep(context.Background(), time.Second)
			}
		})
		if !c.ended || c.chunks != 200 {
			t.Errorf("%d chunks, ended %v", c.chunks, c.ended)
		}
	})
	if most > 1 {
		t.Errorf("%d events waited for the caller", most)
	}
	report(t, 17, "slow caller", "at most %d events between region and caller", most)
}

// gone counts the calls of a region whose caller left, and how long after.
type gone struct {
	calls, late atomic.Int32
	worst       atomic.Int64
}

// Rows 18 and 19.
func TestCallersLeave(t *testing.T) {
	for _, row := range []struct {
		number int
		name   string
		after  time.Duration
		chunks int // before it leaves; 0 for before the first byte
	}{{18, "caller leaves before the first byte", 500 * time.Millisecond, 0}, {19, "caller leaves mid-stream", 0, 5}} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t, nil)
			var seen gone
			var further atomic.Int32
			var left atomic.Int64
			r.wire("eastus", func(ctx context.Context, _ *exchange.Outbound, _ exchange.Upstream) (*exchange.Inbound, error) {
				seen.calls.Add(1)
				over := func(err error) error {
					d := r.clock.Now().UnixNano() - left.Load()
					seen.worst.Store(max(seen.worst.Load(), d))
					if d > int64(100*time.Millisecond) {
						seen.late.Add(1)
					}
					return err
				}
				if row.chunks == 0 {
					return nil, over(r.clock.Sleep(ctx, time.Hour))
				}
				p := &pieces{ctx: ctx}
				for range 40 {
					p.parts = append(p.parts, event("x"))
				}
				p.pause = func(ctx context.Context, i int) error {
					if err := r.clock.Sleep(ctx, 50*time.Millisecond); err != nil {
						return over(err)
					}
					if i > row.chunks {
						further.Add(1)
					}
					return nil
				}
				return sse(p), nil
			})
			n := requests()
			wrong := 0
			r.clock.Run(func() {
				for range n {
					ctx, cancel := context.WithCancel(context.Background())
					if row.chunks == 0 {
						r.clock.AfterFunc(row.after, func() {
							left.Store(r.clock.Now().UnixNano())
							cancel()
						})
					}
					c := r.send(ctx, true, func(c *caller) {
						c.onChunk = func(c *caller) error {
							if c.chunks == row.chunks {
								left.Store(r.clock.Now().UnixNano())
								cancel()
								return exchange.ErrClientGone
							}
							return nil
						}
					})
					cancel()
					if c.ended || len(c.x.Attempts) != 1 || c.x.Attempts[0].Outcome != "client_closed" {
						wrong++
					}
				}
			})
			if wrong > 0 || seen.late.Load() > 0 || int(seen.calls.Load()) != n || further.Load() > 0 {
				t.Errorf("%d wrong, %d late, %d calls of %d, %d events after they left", wrong, seen.late.Load(), seen.calls.Load(), n, further.Load())
			}
			if open, _ := r.breaker("eastus"); open {
				t.Error("callers who leave open a breaker")
			}
			for _, b := range r.live.Backends() {
				if b.InFlight != 0 {
					t.Errorf("%d attempts at %s still run", b.InFlight, b.Name)
				}
			}
			if text := r.log.String(); !strings.Contains(text, `"status":499,"outcome":"client_closed"`) {
				t.Error("the log does not say so")
			}
			report(t, row.number, row.name, "%d of %d, the region sees it after at most %v, %d further events", n-wrong, n, time.Duration(seen.worst.Load()), further.Load())
		})
	}
}

// TestManyEnds holds that no ending of a stream is taken for another: cut,
// stalled and malformed ones can be told from complete ones, and what lacks [DONE]
// after its finish ends as it came, at once.
func TestManyEnds(t *testing.T) {
	finish := "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	done := "data: [DONE]\n\n"
	for name, c := range map[string]struct {
		parts    []string
		end      error
		stall    bool
		complete bool // ends as it came
	}{
		"complete":                 {[]string{event("a"), finish, done}, nil, false, true},
		"no [DONE]":                {[]string{event("a"), finish}, nil, false, true},
		"no finish":                {[]string{event("a"), done}, nil, false, true},
		"nothing at the end":       {[]string{event("a"), event("b")}, nil, false, true},
		"malformed":                {[]string{event("a"), "data: {\"choices\": [\n\n", "data: nonsense\n\n", finish, done}, nil, false, true},
		"an error in the middle":   {[]string{event("a"), "data: {\"error\":{\"message\":\"x\"}}\n\n"}, nil, false, true},
		"cut":                      {[]string{event("a"), event("b")}, exchange.ErrCut, false, false},
		"cut within an event":      {[]string{event("a"), "data: {\"choi"}, exchange.ErrCut, false, false},
		"cut after the finish":     {[]string{event("a"), finish}, exchange.ErrCut, false, false},
		"cut within [DONE]":        {[]string{event("a"), finish, "data: [DON"}, exchange.ErrCut, false, false},
		"stalled":                  {[]string{event("a"), event("b")}, nil, true, false},
		"stalled in an event":      {[]string{event("a"), "data: "}, nil, true, false},
		"stalled after the finish": {[]string{event("a"), finish}, nil, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, noBreakers(t))
			r.wire("eastus", func(ctx context.Context, _ *exchange.Outbound, _ exchange.Upstream) (*exchange.Inbound, error) {
				p := &pieces{parts: c.parts, end: c.end, ctx: ctx}
				if c.stall {
					p.parts = append(p.parts[:len(p.parts):len(p.parts)], "never")
					p.pause = func(ctx context.Context, i int) error {
						if i < len(c.parts) {
							return nil
						}
						return r.clock.Sleep(ctx, 24*time.Hour)
					}
				}
				return sse(p), nil
			})
			for range 100 {
				x := r.one(true)
				all := strings.Join(c.parts, "")
				if c.complete {
					if string(x.body) != all || !x.ended || x.took() != 0 {
						t.Fatalf("ended %v after %v\n%s", x.ended, x.took(), x.body)
					}
					continue
				}
				if x.ended || !x.aborted || !bytes.HasPrefix(x.body, []byte(all)) || !bytes.Contains(x.body[len(all):], []byte(`"upstream_disconnected"`)) {
					t.Fatalf("ended %v, aborted %v\n%s", x.ended, x.aborted, x.body)
				}
			}
		})
	}
}
