// Package forward makes one attempt: it puts what belongs to a backend over the
// request, sends it, and takes the answer up to the point from which on it
// belongs to the client (design decision D7).
package forward

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
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
	// BufferResponse collects an answer of unknown length into pieces of 8 KiB.
	BufferResponse bool
	// DecodeResponse asks for an encoding that policies can read.
	DecodeResponse bool

	// FirstByteTimeout bounds the wait for the first byte of the body after the
	// head, 0 not at all.
	FirstByteTimeout time.Duration
	// IdleTimeout bounds the wait for each further byte, 0 not at all.
	IdleTimeout time.Duration
	// SkipPeek commits to an answer at its head, as APIM does; otherwise the
	// first byte, or a clean end, must have come too.
	SkipPeek bool
}

// Forwarder sends attempts. It is safe for concurrent use.
type Forwarder struct {
	Upstream exchange.Upstream
	Clock    clock.Clock
	// Hop names this gateway in the header by which it knows its own requests.
	Hop string
}

// HopHeader tells a gateway that a request has been through it before.
const HopHeader = "X-Spillway-Hop"

// collected is the size of the pieces that APIM relays a buffered answer in.
const collected = 8 << 10

// errIdle says that a running answer stopped coming.
var errIdle = errors.New("the backend sent nothing for too long")

// Do makes one attempt to send x.Request. one is the backend entity that it
// goes to, nil for a bare URL. It sets x.Response and adds to x.Attempts. The
// error is a *exchange.Failure, or wraps exchange.ErrTimeout or
// exchange.ErrClientGone.
func (f *Forwarder) Do(x *exchange.Exchange, one *backend.Single, o Options) error {
	out, err := f.outbound(x, one, o)
	if err != nil {
		return err
	}
	traceRequest(x, out, o)
	a := &attempt{clock: f.Clock, client: x.Context}
	if a.client == nil {
		a.client = context.Background()
	}
	a.ctx, a.cancel = context.WithCancelCause(a.client)
	sent := &a.sent
	out.BodySent = func() { sent.Store(true) }
	record := exchange.Attempt{URL: out.URL.String(), Started: f.Clock.Now()}
	if one != nil {
		record.Backend = one.ID
		record.URL = withoutQuery(record.URL)
	}
	in, err := a.send(f.Upstream, out, o)
	record.Head = f.Clock.Now().Sub(record.Started)
	if err != nil {
		a.cancel(err)
		record.Outcome = outcome(err)
		x.Attempts = append(x.Attempts, record)
		traceFailure(x, err)
		return err
	}
	record.Status, record.Outcome = in.Status, "status"
	if in.Status < 400 {
		record.Outcome = "ok"
	}
	x.Attempts = append(x.Attempts, record)
	x.Response = &exchange.Response{
		Status: in.Status, Reason: in.Reason, Header: withoutHops(in.Header), Body: in.Body, FromBackend: true,
	}
	traceResponse(x)
	return nil
}

// outbound is the request as this attempt sends it. x.Request is left alone.
func (f *Forwarder) outbound(x *exchange.Exchange, one *backend.Single, o Options) (*exchange.Outbound, error) {
	r := &x.Request
	out := &exchange.Outbound{
		Method: r.Method, URL: r.URL, Body: r.Body,
		HTTPVersion: o.HTTPVersion, FollowRedirects: o.FollowRedirects, ContinueTimeout: o.ContinueTimeout,
	}
	for _, hop := range x.Original.Header.Values(HopHeader) {
		if hop == f.Hop {
			return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("the backend's address is this gateway's own: the request has come back to it")}
		}
	}
	h := withoutHops(r.Header)
	// Host belongs to the backend unless a policy has set one: the caller's own
	// is the gateway's name.
	if host := h.Get("Host"); host != "" && host != x.Original.Header.Get("Host") {
		out.Host = host
	}
	h.Del("Host")
	h.Del("Content-Length")
	h.Del("Expect")
	if x.ClientIP != "" {
		forwarded := append(h.Values("X-Forwarded-For"), x.ClientIP)
		h.Set("X-Forwarded-For", strings.Join(forwarded, ", "))
	}
	if o.DecodeResponse {
		accept := "identity"
		if strings.Contains(strings.ToLower(strings.Join(h.Values("Accept-Encoding"), ",")), "gzip") {
			accept = "gzip"
		}
		h.Set("Accept-Encoding", accept)
	}
	h.Add(HopHeader, f.Hop)
	if one != nil {
		seen := map[string]bool{}
		for _, c := range one.Header {
			if key := strings.ToLower(c.Name); seen[key] {
				h.Add(c.Name, c.Value)
			} else {
				seen[key] = true
				h.Set(c.Name, c.Value)
			}
		}
		out.URL.Query = withCredentials(out.URL.Query, one)
		out.SkipChain, out.SkipName = one.SkipChain, one.SkipName
		out.Proxy, out.ProxyUser, out.ProxyPassword = one.Proxy, one.ProxyUser, one.ProxyPassword
	}
	out.Header = h
	return out, nil
}

// withCredentials is the query with the backend's own parameters last, in place
// of any of the same names.
func withCredentials(query string, one *backend.Single) string {
	if one.Query == "" {
		return query
	}
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if d, err := url.QueryUnescape(name); err == nil {
			name = d
		}
		own := part == ""
		for _, n := range one.QueryNames {
			own = own || strings.EqualFold(n, name)
		}
		if !own {
			kept = append(kept, part)
		}
	}
	return strings.Join(append(kept, one.Query), "&")
}

func withoutQuery(s string) string {
	s, _, _ = strings.Cut(s, "?")
	return s
}

// hops are the headers that hold for one connection only (RFC 9110, 7.6.1).
var hops = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings"}

// kept may not be dropped by naming them in Connection, as an attacker would to
// strip a credential.
var kept = []string{"Authorization", "Api-Key", "Cookie", "Content-Type", "Content-Length", "Host", "X-Forwarded-For", "Retry-After"}

// withoutHops is a copy of the header without what holds for one connection,
// including what the Connection header names.
func withoutHops(h exchange.Header) exchange.Header {
	var named []string
	for _, v := range h.Values("Connection") {
		for name := range strings.SplitSeq(v, ",") {
			name = strings.TrimSpace(name)
			if name != "" && !containsFold(kept, name) {
				named = append(named, name)
			}
		}
	}
	out := make(exchange.Header, 0, len(h)+3)
	for _, f := range h {
		if !containsFold(hops, f.Name) && !containsFold(named, f.Name) {
			out = append(out, f)
		}
	}
	return out
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// outcome is the word for an attempt that got no answer.
func outcome(err error) string {
	var failure *exchange.Failure
	switch {
	case errors.Is(err, exchange.ErrClientGone):
		return "client_gone"
	case errors.Is(err, exchange.ErrTimeout):
		return "timeout"
	case errors.As(err, &failure):
		return failure.Kind.String()
	}
	return "error"
}

// attempt is one request under way, from its start to the end of its body.
type attempt struct {
	clock  clock.Clock
	client context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	sent   atomic.Bool
}

// send makes the request and waits for the head and, unless told otherwise, for
// the first byte of the body.
func (a *attempt) send(up exchange.Upstream, out *exchange.Outbound, o Options) (*exchange.Inbound, error) {
	stop := func() bool { return true }
	if o.Timeout > 0 {
		stop = a.clock.AfterFunc(o.Timeout, func() { a.cancel(exchange.ErrTimeout) })
	}
	in, err := up.Send(a.ctx, out)
	stop()
	if err != nil {
		return nil, a.explain(err)
	}
	if in.Body.Kind() != exchange.Streaming {
		a.cancel(nil)
		return in, nil
	}
	s, err := in.Body.Open()
	if err != nil {
		return nil, err
	}
	length := in.Body.Length()
	b := &body{attempt: a, source: s, idle: o.IdleTimeout}
	if o.BufferResponse && length < 0 {
		b.collect = collected
	}
	if !o.SkipPeek {
		if err := b.peek(o.FirstByteTimeout); err != nil {
			_ = s.Close()
			return nil, err
		}
	}
	in.Body = exchange.StreamingBody(b, length)
	return in, nil
}

// explain says what an error of the transport means: who ended the attempt.
func (a *attempt) explain(err error) error {
	if a.client.Err() != nil {
		return exchange.ErrClientGone
	}
	if a.ctx.Err() != nil {
		return context.Cause(a.ctx)
	}
	return err
}

// body is an answer's body on its way: it watches over idle times, collects
// small chunks where asked, and ends the attempt when it is closed.
type body struct {
	*attempt
	source  exchange.Stream
	idle    time.Duration
	collect int

	peeked []byte
	end    error
	buf    []byte
}

// peek waits for the first byte or a clean end. Whatever else happens is a
// failure of the connection, which can still be retried.
func (b *body) peek(limit time.Duration) error {
	stop := func() bool { return true }
	if limit > 0 {
		stop = b.clock.AfterFunc(limit, func() { b.cancel(exchange.ErrTimeout) })
	}
	defer stop()
	for {
		chunk, err := b.source.Next(b.ctx)
		if len(chunk) > 0 {
			b.peeked = append([]byte(nil), chunk...)
		}
		switch {
		case err == nil && len(chunk) == 0:
		case err == nil:
			return nil
		case errors.Is(err, io.EOF):
			b.end = io.EOF
			return nil
		case len(chunk) > 0:
			// The first byte came, and with it the end: that is the client's to see.
			b.end = b.meaning(err)
			return nil
		default:
			if cause := b.explain(err); cause != err {
				return cause
			}
			return &exchange.Failure{Kind: exchange.FailedReset, Err: errors.New("the backend closed the connection before the first byte of its answer")}
		}
	}
}

// meaning is how a body that did not end well ended, for whoever reads it.
func (b *body) meaning(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case b.client.Err() != nil:
		return exchange.ErrClientGone
	case errors.Is(err, exchange.ErrCut):
		return err
	}
	return errors.Join(exchange.ErrCut, err)
}

// Next implements exchange.Stream.
func (b *body) Next(ctx context.Context) ([]byte, error) {
	if b.collect > 0 {
		return b.collected(ctx)
	}
	return b.next()
}

func (b *body) next() ([]byte, error) {
	if b.peeked != nil {
		chunk := b.peeked
		b.peeked = nil
		return chunk, b.end
	}
	if b.end != nil {
		return nil, b.end
	}
	stop := func() bool { return true }
	if b.idle > 0 {
		stop = b.clock.AfterFunc(b.idle, func() { b.cancel(errIdle) })
	}
	chunk, err := b.source.Next(b.ctx)
	stop()
	if err != nil {
		if errors.Is(context.Cause(b.ctx), errIdle) {
			err = errIdle
		}
		b.end = b.meaning(err)
		if errors.Is(b.end, io.EOF) {
			b.cancel(nil)
		}
		return chunk, b.end
	}
	return chunk, nil
}

// collected gathers chunks until there are 8 KiB or the end has come.
func (b *body) collected(ctx context.Context) ([]byte, error) {
	b.buf = b.buf[:0]
	for len(b.buf) < b.collect {
		chunk, err := b.next()
		b.buf = append(b.buf, chunk...)
		if err != nil {
			return b.buf, err
		}
	}
	return b.buf, ctx.Err()
}

// Close implements exchange.Stream: it ends the request at the backend.
func (b *body) Close() error {
	b.cancel(context.Canceled)
	return b.source.Close()
}
