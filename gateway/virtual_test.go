package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// cutEvent is the last event of a stream whose connection ended.
var cutEvent = lastEvent(&exchange.Exchange{}, exchange.ErrCut)

// virtual is a gateway on a clock moved by hand, with a pool of far ends that
// play what a test writes for them.
type virtual struct {
	t       testing.TB
	clock   *clock.Manual
	began   time.Time
	gateway *Gateway
	live    *backend.Live
	log     *syncBuffer
	options Settings
	service *apim.Service

	mu   sync.Mutex
	ends map[string]*farEnd
}

// farEnd plays a list of steps for each request, of a regions's name:
//
//	wait D        time passes
//	head S [K]    the answer's status; its kind is events unless K is json
//	chunk TEXT    a piece of the body
//	eof           the body is complete
//	cut           the connection ends
//	refuse        there is no connection
type farEnd struct {
	v *virtual
	// plays are the steps of request n, from 0.
	plays func(n int, body string) []string

	calls  int
	bodies []string
	at     []time.Duration // when requests came
	gone   []time.Duration // when their ends were seen that came too soon
	closed int             // bodies that were closed
}

const chatPath = "/ai/openai/deployments/gpt/chat/completions"

// newVirtual is a gateway whose API "chat" sends everything to the pool "regions"
// of the members named; sections are those of its document, "" for the usual
// ones.
func newVirtual(t testing.TB, members []string, sections string, edit func(*Settings)) *virtual {
	t.Helper()
	v := &virtual{t: t, clock: clock.NewManual(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), log: &syncBuffer{}, ends: map[string]*farEnd{}}
	v.began = v.clock.Now()
	a := &apim.API{Resource: apim.Resource{Name: "chat"}}
	a.Defaults()
	a.Path, a.SubscriptionRequired = "ai", false
	for _, method := range []string{"POST", "GET", "DELETE"} {
		a.Operations = append(a.Operations, &apim.Operation{Resource: apim.Resource{Name: method}, Method: method, URLTemplate: "/*"})
	}
	if sections == "" {
		sections = `<inbound><set-backend-service backend-id="regions" /></inbound><backend><forward-request timeout="120" buffer-response="false" /></backend><outbound />`
	}
	a.Policy = document(apim.ScopeAPI, sections)
	v.service = &apim.Service{Name: "svc", Contents: apim.Contents{APIs: []*apim.API{a}}}
	pool := &apim.Backend{Resource: apim.Resource{Name: "regions"}, Type: apim.PoolBackend, Pool: &apim.Pool{}}
	for i, name := range members {
		one := &apim.Backend{Resource: apim.Resource{Name: name}, URL: "http://" + name + ".test"}
		v.service.Backends = append(v.service.Backends, one)
		pool.Pool.Services = append(pool.Pool.Services, apim.PoolService{ID: "/backends/" + name, Priority: &i})
		v.ends[name+".test"] = &farEnd{v: v}
	}
	v.service.Backends = append(v.service.Backends, pool)
	v.live = backend.NewLive(v.clock, func() float64 { return 0.5 })
	v.options = Settings{
		Generation: "g1", Live: v.live,
		Send:     &forward.Forwarder{Upstream: v, Clock: v.clock},
		Services: builtin.Services{Clock: v.clock, Random: func() float64 { return 0.5 }},
		Policies: policy.Options{Language: language()},
	}
	if edit != nil {
		edit(&v.options)
	}
	v.gateway = New(Options{Clock: v.clock, Log: telemetry.New(v.log, slog.LevelInfo)})
	v.publish()
	return v
}

func (v *virtual) publish() {
	v.t.Helper()
	s, problems := Compile(v.service, v.options)
	if problems.HasErrors() {
		v.t.Fatal(problems.Draw())
	}
	v.gateway.Publish(s)
}

// plays says what a far end does with each of its requests.
func (v *virtual) plays(name string, steps ...string) {
	v.ends[name+".test"].plays = func(int, string) []string { return steps }
}

// Send implements exchange.Upstream.
func (v *virtual) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	e := v.ends[out.URL.Host]
	var body []byte
	if s, err := out.Body.Open(); err == nil {
		for err == nil {
			var chunk []byte
			chunk, err = s.Next(ctx)
			body = append(body, chunk...)
		}
		if !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	v.mu.Lock()
	n := e.calls
	e.calls++
	e.at = append(e.at, v.clock.Now().Sub(v.began))
	e.bodies = append(e.bodies, string(body))
	steps := e.plays(n, string(body))
	v.mu.Unlock()
	for i, step := range steps {
		verb, rest, _ := strings.Cut(step, " ")
		switch verb {
		case "wait":
			if err := e.wait(ctx, rest); err != nil {
				return nil, err
			}
		case "refuse":
			return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("connection refused")}
		case "head":
			status, kind := 0, "events"
			_, _ = fmt.Sscan(rest, &status, &kind)
			media := map[string]string{"events": "text/event-stream", "json": "application/json"}[kind]
			return &exchange.Inbound{
				Status: status, Header: exchange.Header{{Name: "Content-Type", Value: media}, {Name: "X-Region", Value: out.URL.Host}},
				Body: exchange.StreamingBody(&played{e, ctx, steps[i+1:]}, -1),
			}, nil
		}
	}
	return nil, &exchange.Failure{Kind: exchange.FailedReset, Err: errors.New("reset")}
}

func (e *farEnd) wait(ctx context.Context, d string) error {
	n, err := time.ParseDuration(d)
	if err != nil {
		panic(err)
	}
	if err := e.v.clock.Sleep(ctx, n); err != nil {
		e.v.mu.Lock()
		defer e.v.mu.Unlock()
		e.gone = append(e.gone, e.v.clock.Now().Sub(e.v.began))
		return context.Cause(ctx)
	}
	return nil
}

// played is the body of a far end's answer.
type played struct {
	end   *farEnd
	ctx   context.Context
	steps []string
}

func (p *played) Next(context.Context) ([]byte, error) {
	for len(p.steps) > 0 {
		verb, rest, _ := strings.Cut(p.steps[0], " ")
		if verb == "eof" {
			return nil, io.EOF
		}
		if verb == "cut" {
			break
		}
		p.steps = p.steps[1:]
		if verb == "chunk" {
			return []byte(rest), nil
		}
		if err := p.end.wait(p.ctx, rest); err != nil {
			return nil, errors.Join(exchange.ErrCut, err)
		}
	}
	return nil, exchange.ErrCut
}

func (p *played) Close() error {
	p.end.v.mu.Lock()
	defer p.end.v.mu.Unlock()
	p.end.closed++
	return nil
}

// seen is one answer as its caller saw it.
type seen struct {
	v              *virtual
	x              *exchange.Exchange
	status         int
	header         exchange.Header
	body           string
	ended, aborted bool
	began          time.Time
	first, took    time.Duration // until the first byte, and the end
	onChunk        func(*seen) error
}

func (s *seen) Head(h *exchange.ResponseHead) error {
	s.status, s.header = h.Status, h.Header
	return nil
}

func (s *seen) Chunk(b []byte) error {
	if len(b) > 0 && s.body == "" {
		s.first = s.v.clock.Now().Sub(s.began)
	}
	s.body += string(b)
	if s.onChunk != nil {
		return s.onChunk(s)
	}
	return nil
}

func (s *seen) End() error { s.ended = true; return nil }
func (s *seen) Abort()     { s.aborted = true }

const question = `{"messages":[{"role":"user","content":"hi"}],"stream":true}`

// ask makes one request on the clock; edit may change it before.
func (v *virtual) ask(ctx context.Context, edit func(*seen)) *seen {
	s := &seen{v: v, began: v.clock.Now()}
	s.x = &exchange.Exchange{ClientIP: "10.0.0.9", Original: exchange.Request{
		Method: "POST", Body: exchange.BufferedBody([]byte(question)),
		URL:    exchange.URL{Scheme: "http", Host: "gateway", Port: 80, Path: chatPath},
		Header: exchange.Header{{Name: "Host", Value: "gateway"}, {Name: "Content-Type", Value: "application/json"}},
	}}
	if edit != nil {
		edit(s)
	}
	v.gateway.Serve(ctx, s.x, s)
	s.took = v.clock.Now().Sub(s.began)
	return s
}

// one is ask for a test that does nothing else.
func (v *virtual) one(edit func(*seen)) *seen {
	var s *seen
	v.clock.Run(func() { s = v.ask(context.Background(), edit) })
	return s
}

// traced makes the gateway trace everything.
func (s *seen) traced() { s.x.Trace = &trace.Recorder{Now: s.v.clock.Now, Start: s.began} }

// story is the trace of a request, as one text.
func (s *seen) story() string {
	var b strings.Builder
	for _, e := range s.x.Trace.Entries() {
		b.Write(e.Data)
		b.WriteByte('\n')
	}
	return b.String()
}

// attempts are the outcomes of a request's attempts, as "backend:outcome", with
// a plus before those that were hedges and an arrow before those that resumed.
func (s *seen) attempts() string {
	var parts []string
	for _, a := range s.x.Attempts {
		mark := ""
		if a.Hedge {
			mark = "+"
		}
		if a.Resume {
			mark = ">"
		}
		parts = append(parts, mark+a.Backend+":"+a.Outcome)
	}
	return strings.Join(parts, " ")
}

// settled holds that nothing is under way any more.
func (v *virtual) settled() {
	v.t.Helper()
	for _, b := range v.live.Backends() {
		if b.InFlight != 0 {
			v.t.Errorf("%d attempts at %s are still counted", b.InFlight, b.Name)
		}
	}
}

// pooled adds the pool "regions" of members r0, r1, … at URLs to a service.
func pooled(svc *apim.Service, urls ...string) {
	pool := &apim.Backend{Resource: apim.Resource{Name: "regions"}, Type: apim.PoolBackend, Pool: &apim.Pool{}}
	for i, url := range urls {
		name := fmt.Sprint("r", i)
		svc.Backends = append(svc.Backends, &apim.Backend{Resource: apim.Resource{Name: name}, URL: url})
		pool.Pool.Services = append(pool.Pool.Services, apim.PoolService{ID: "/backends/" + name, Priority: &i})
	}
	svc.Backends = append(svc.Backends, pool)
}
