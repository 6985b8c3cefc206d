package builtin

import (
	"context"
	"time"

	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Services is what the policies need of the world. The zero Services serve
// everything that compiles but does not run: check, docs, fmt.
type Services struct {
	// Forwarder sends requests to backends.
	Forwarder Forwarder
	// Cache is the service's value cache. It outlives compiled services.
	Cache Cache
	// ExternalCache is the one that gateways share; nil when none is configured.
	ExternalCache Cache
	// Certificates finds a certificate of the service by its id, or by its
	// thumbprint where that is "": nil where there is none such. Without it
	// nothing is known of them, and nothing said.
	Certificates func(id, thumbprint string) *exchange.Identity
	// Tokens gives the tokens of managed identities; nil has none.
	Tokens TokenSource
	// Sender makes the requests of send-request and its like.
	Sender Sender
	// Counters are what limits are counted with; they outlive compiled services.
	Counters Counters
	// Metrics takes what emit-metric and its like give; nil drops it.
	Metrics Metrics
	// Events takes what log-to-eventhub writes; nil drops it.
	Events Events
	// Clock is what waits and durations run on.
	Clock clock.Clock
	// Random draws a number in [0, 1).
	Random func() float64
}

func (s Services) now() time.Time { return s.Clock.Now() }

// Forward is what one execution of forward-request asks for.
type Forward struct {
	// Timeout bounds the wait for the response head; 0 means no bound.
	Timeout time.Duration
	// ContinueTimeout bounds the wait for 100 Continue; 0 means none is asked for.
	ContinueTimeout time.Duration
	// HTTPVersion is "1", "2" or "2or1".
	HTTPVersion string
	// FollowRedirects lets the transport follow 3xx answers itself.
	FollowRedirects bool
	// BufferRequestBody says that a later pass may send the body again. The
	// body has been buffered already; the clock of Timeout starts afterwards.
	BufferRequestBody bool
	// BufferResponse false relays each chunk at once; true collects them into
	// 8 KB, as APIM does for chunked answers.
	BufferResponse bool
	// DecodeResponse says that some policy reads or changes the response body:
	// the backend is then asked for gzip or identity only.
	DecodeResponse bool
	// PlainResponse says that the response body is watched as it goes by: the
	// backend is then asked for no coding at all.
	PlainResponse bool
}

// Forwarder makes one attempt: it sends x.Request to the backend that
// x.Backend chose, or to x.Request.URL, and sets x.Response with FromBackend.
// x.Response is nil when it is called. It appends to x.Attempts and records
// its own trace entries (source "request-forwarder", section "backend").
//
// With a pool it sets x.Request's base to the member's URL through SetBase.
// Credentials and the backend's Host never touch x.Request.
//
// The error is one of: a *exchange.Failure (no connection, or it broke before
// the head), an error that wraps exchange.ErrTimeout, exchange.ErrClientGone or
// the context's error, or an *exchange.Error that says all itself (an open
// breaker, which also sets x.Response and Responded). It is safe for
// concurrent use on different exchanges.
type Forwarder interface {
	Forward(x *exchange.Exchange, f Forward) error
}

// Sending is a request of a policy's own.
type Sending struct {
	Request *exchange.Request
	// Timeout bounds the whole call, the answer's body included; 0 means no bound.
	Timeout time.Duration
	// Proxy is the URL of an HTTP proxy, or "".
	Proxy, ProxyUser, ProxyPassword string
	// Own says that nothing of a request has chosen the address: a document's
	// issuer has.
	Own bool
}

// Sender makes requests that are not the caller's. It is safe for concurrent use.
type Sender interface {
	// Send gives the answer with its body buffered. The error is a
	// *exchange.Failure, wraps exchange.ErrTimeout, exchange.ErrTooLarge or the
	// context's error, or is an *exchange.Error.
	Send(ctx context.Context, s Sending) (*exchange.Response, error)
	// Dispatch sends without waiting for anything; it reports false where so many
	// such requests are under way that this one is dropped.
	Dispatch(s Sending) bool
}

// Counters are the counts behind limits, as package counter keeps them. They are
// safe for concurrent use.
type Counters interface {
	Enter(key string, limit int64) bool
	Leave(key string)

	Spend(key string, length time.Duration, limit, n int64) counter.Verdict
	Within(key string, length time.Duration, limit int64) counter.Verdict
	Count(key string, length time.Duration, n int64)

	Used(key string, p counter.Period) counter.Used
	Use(key string, p counter.Period, calls, bytes int64)

	Take(key string, size, n int64) counter.Verdict
	Owe(key string, size, n int64)
}

// Metrics takes metrics that policies emit. It is safe for concurrent use.
type Metrics interface {
	Emit(namespace, name string, value float64, dimensions []telemetry.Dimension)
}

// Events takes events that policies write to a logger of the service. Write does
// not wait for anybody. It is safe for concurrent use.
type Events interface {
	Write(logger, partition, message string)
}

// Cache is the value cache behind cache-lookup-value and its companions. Keys
// belong to the service, not to an API. What Load returns and what Store was
// given are never shared with the cache: each is a deep copy. Failures are
// misses; Store reports whether the value was kept. It is safe for concurrent
// use.
type Cache interface {
	Load(ctx context.Context, key string) (v value.Value, ok bool)
	Store(ctx context.Context, key string, v value.Value, ttl time.Duration) bool
	Remove(ctx context.Context, key string)
}
