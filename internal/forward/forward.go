// Package forward makes one attempt: it puts what belongs to a backend over the
// request, sends it, and takes the answer up to the point from which on it
// belongs to the client (design decision D7).
//
// That point is the head together with the first byte of the body, or its clean
// end. Until then a backend that dies is a connection that failed, and another
// attempt can follow; from then on nothing is tried again, and an answer that
// breaks off is never passed off as complete.
package forward

import (
	"context"
	"errors"
	"time"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Options say how an attempt is made.
type Options struct {
	// Timeout bounds the wait for the head of the answer, 0 not at all.
	Timeout time.Duration
	// ContinueTimeout bounds the wait for 100 Continue; 0 asks for none.
	ContinueTimeout time.Duration
	HTTPVersion     string
	FollowRedirects bool
	// CheckRedirect says whether a redirect may lead to an address; nil allows
	// all.
	CheckRedirect func(exchange.URL) error
	// BufferResponse collects an answer of unknown length into pieces of 8 KiB.
	BufferResponse bool
	// DecodeResponse asks for an encoding that policies can read.
	DecodeResponse bool
	// PlainResponse asks for no encoding at all.
	PlainResponse bool

	// FirstByteTimeout bounds the wait for the first byte of the body after the
	// head, 0 not at all.
	FirstByteTimeout time.Duration
	// FirstTokenTimeout bounds the wait for the first event with content of an
	// event stream, from the start of the attempt, 0 not at all. What is late
	// while it is held back can be retried; what has begun ends as cut.
	FirstTokenTimeout time.Duration
	// IdleTimeout bounds the wait for each further byte, 0 not at all.
	IdleTimeout time.Duration
	// SkipPeek commits to an answer at its head, as APIM does; otherwise the
	// first byte, or a clean end, must have come too.
	SkipPeek bool
	// HoldBack waits at the beginning of an event stream for the first event with
	// content, so that what fails before it can be retried.
	HoldBack bool
	// StartTimeout bounds the whole wait, from the start of the attempt to the
	// point where it belongs to the client, 0 not at all.
	StartTimeout time.Duration

	// Lease is told what becomes of the attempt; nil when nobody keeps count of
	// its backend.
	Lease *backend.Lease
	// Pool is the name of the pool that chose the backend, "" without one, and
	// Probe says that the choice was to find something out.
	Pool  string
	Probe bool
	// Hedge says that the attempt is made beside another one that is slow, Resume
	// that it takes up an answer that broke off.
	Hedge, Resume bool
	// MaxHint cuts how long the answer may ask to be left alone; 0 is
	// backend.MaxHint.
	MaxHint time.Duration
}

// Forwarder sends attempts. It is safe for concurrent use.
type Forwarder struct {
	Upstream exchange.Upstream
	Clock    clock.Clock
	// Hop names this gateway in the header by which it knows its own requests;
	// "" sends no such header.
	Hop string
	// Tokens gives tokens of managed identities; nil has none.
	Tokens TokenSource
}

// TokenSource gives a token for a resource, such as
// https://cognitiveservices.azure.com, of a managed identity; clientID is ""
// for the system-assigned one. It is safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context, resource, clientID string) (string, error)
}

// Words for the outcome of an attempt, beside those of exchange.FailureKind.
// The first two got an answer; only Status may count against a backend among
// them, by its status.
const (
	outcomeOK     = "ok"
	outcomeStatus = "status"
	// outcomeTimeout is a head that did not come in time, outcomeUpload the same
	// while the request's body was still waiting for the caller: that says
	// nothing about the backend.
	outcomeTimeout = "timeout"
	outcomeUpload  = "upload_timeout"
	// outcomeRequest is a body that turned out to be malformed, and outcomeOwn a
	// connection that the gateway itself could not open.
	outcomeRequest    = "bad_request"
	outcomeOwn        = "no_descriptors"
	outcomeClientGone = "client_closed"
	// outcomeAborted is an answer that broke off after its beginning, outcomeIdle
	// one that stopped coming, and outcomeLate a stream that brought no token in
	// time.
	outcomeAborted = "stream_aborted"
	outcomeIdle    = "stream_idle"
	outcomeLate    = "first_token_timeout"
	// outcomeMalformed is a stream that went on with what is no event.
	outcomeMalformed = "stream_malformed"
	// outcomeOvertaken is the slower of two attempts that were made beside each
	// other.
	outcomeOvertaken = "overtaken"
	outcomeError     = "error"
	// outcomeErrorEvent is an answer of 200 whose first event says otherwise.
	outcomeErrorEvent = "error_event"
)

// reason is LastError.Reason of an attempt without an answer, which is what the
// rules of circuit breakers name.
func reason(err error) string {
	var failure *exchange.Failure
	var full *exchange.Error
	switch {
	case errors.Is(err, exchange.ErrClientGone):
		return exchange.ReasonClientConnection
	case errors.Is(err, exchange.ErrTimeout):
		return exchange.ReasonTimeout
	case errors.As(err, &failure):
		return exchange.ReasonBackendConnection
	case errors.As(err, &full):
		return full.Reason
	}
	return exchange.ReasonInternal
}

// reasonOf is the same for an answer that ended badly after its beginning, by
// the outcome.
func reasonOf(outcome string) string {
	switch outcome {
	case outcomeClientGone:
		return exchange.ReasonClientConnection
	case outcomeIdle, outcomeLate:
		return exchange.ReasonTimeout
	}
	return exchange.ReasonBackendConnection
}
