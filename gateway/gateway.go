// Package gateway serves requests: one exchange walks through routing, access,
// the policy pipeline and the answer. It is the data plane; it knows nothing of
// listeners, folders or the management API.
//
// A compiled service is immutable and hangs on one atomic pointer. An exchange
// runs on the service it started with to its end; what outlives a service
// (caches, connections, traces) is given to the gateway when it is made.
package gateway

import (
	"context"
	"crypto/rand"
	"runtime/debug"
	"sync/atomic"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// HealthPath is where APIM's gateways say that they are alive.
const HealthPath = "/status-0123456789abcdef"

// Options are what a gateway works with beside its service. Zero fields take a
// default that works.
type Options struct {
	Clock clock.Clock
	// Random gives 16 random bytes for an id.
	Random func() [16]byte
	Log    *telemetry.Log
	// Traces keeps finished traces, Tokens judges who may have one made. Without
	// them nothing is traced.
	Traces *trace.Store
	Tokens *trace.Tokens
	// Deployment is what context.Deployment says.
	Deployment *exchange.Deployment
}

// Gateway is the data plane of one process. It is safe for concurrent use.
type Gateway struct {
	options Options
	current atomic.Pointer[Service]
}

// New is a gateway without a service: everything is a 404 until one is
// published.
func New(o Options) *Gateway {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Random == nil {
		o.Random = func() (b [16]byte) {
			_, _ = rand.Read(b[:])
			return b
		}
	}
	return &Gateway{options: o}
}

// Publish makes s the service of all exchanges that start from now on. Its
// backends take over the states of those before them.
func (g *Gateway) Publish(s *Service) {
	s.adopt(g.current.Load())
	g.current.Store(s)
}

// Service is the service that exchanges start with now; nil before the first
// is published.
func (g *Gateway) Service() *Service { return g.current.Load() }

// Refuse answers a request that HTTP's own rules stop at the door. No policy
// sees it.
func (g *Gateway) Refuse(ctx context.Context, x *exchange.Exchange, sink exchange.Sink, e *exchange.Error) {
	x.ID = exchange.NewGUID(g.options.Random())
	x.Received = g.options.Clock.Now()
	x.Context = ctx
	x.LastError = e
	x.Response = e.Response(x.ID)
	w := &answer{x: x, sink: sink}
	defer g.record(w)
	w.write(ctx)
}

// Serve takes one exchange from its request to the last byte of its answer.
// The listener has filled in Original, ClientIP and ClientCertificate; ctx ends
// when the client goes. Serve returns when the answer is complete, or cannot be
// completed any more.
func (g *Gateway) Serve(ctx context.Context, x *exchange.Exchange, sink exchange.Sink) {
	x.ID = exchange.NewGUID(g.options.Random())
	x.Received = g.options.Clock.Now()
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	x.Context = ctx
	w := &answer{x: x, sink: sink, tap: g.options.Log.Tap(), now: g.options.Clock.Now, leave: leave}
	defer g.record(w)
	defer func() {
		if r := recover(); r != nil {
			g.options.Log.Panic(x.ID, r, debug.Stack())
			w.broken()
		}
		g.finish(x)
	}()
	if x.Original.URL.Path == HealthPath && (x.Original.Method == "GET" || x.Original.Method == "HEAD") {
		w.quiet = true
		x.Response = &exchange.Response{Status: 200, Body: exchange.NoBody()}
		w.write(ctx)
		return
	}
	s := g.current.Load()
	if s == nil {
		x.LastError = exchange.NotFound()
		x.Response = x.LastError.Response(x.ID)
		w.write(ctx)
		return
	}
	x.Generation = s.generation
	x.Service = s.apim
	x.Deployment = s.deployment(g.options.Deployment)
	w.trace, w.service = g.options.Traces, s
	g.walk(s, x)
	w.write(ctx)
}

// finish does what policies have left for the end of the exchange.
func (g *Gateway) finish(x *exchange.Exchange) {
	defer func() {
		if r := recover(); r != nil {
			g.options.Log.Panic(x.ID, r, debug.Stack())
			g.finish(x)
		}
	}()
	x.Finish()
}

// record writes what became of an exchange to the access log.
func (g *Gateway) record(w *answer) {
	if w.quiet {
		return
	}
	f := &telemetry.Finished{
		X: w.x, Status: w.status, Bytes: w.bytes, Outcome: w.outcome, Duration: g.options.Clock.Now().Sub(w.x.Received),
	}
	if !w.first.IsZero() {
		f.FirstByte = w.first.Sub(w.x.Received)
	}
	if w.x.Response != nil && w.x.Response.FromBackend {
		f.Usage = w.tap.Usage()
	}
	if w.service != nil {
		f.Mask = w.service.policies.Mask
	}
	g.options.Log.Request(f)
}
