// Package inproc reaches simulated regions without a socket: they are called
// directly, on the clock they share with the gateway, so that a story of
// time-outs and retries takes no real time.
package inproc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/sim"
)

// Upstream is a set of regions by the authority of their address. It is
// immutable and safe for concurrent use.
type Upstream struct {
	regions map[string]*sim.Region
}

// New is an upstream over regions, each reached at the address it was made
// with.
func New(regions []*sim.Region) *Upstream {
	u := &Upstream{map[string]*sim.Region{}}
	for _, r := range regions {
		_, authority, _ := strings.Cut(r.Address(), "://")
		u.regions[strings.TrimRight(authority, "/")] = r
	}
	return u
}

// Send implements exchange.Upstream.
func (u *Upstream) Send(ctx context.Context, out *exchange.Outbound) (*exchange.Inbound, error) {
	r := u.regions[out.URL.Authority()]
	if r == nil {
		return nil, &exchange.Failure{Kind: exchange.FailedDNS, Err: errors.New("name does not resolve: " + out.URL.Host)}
	}
	req := &sim.Request{Method: out.Method, Path: out.URL.Path, Query: out.URL.Query}
	for _, f := range out.Header {
		req.Header = append(req.Header, sim.Field{Name: f.Name, Value: f.Value})
	}
	if err := body(ctx, out, req); err != nil {
		return nil, err
	}
	resp, err := r.Call(ctx, req)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, sim.ErrRefused):
			return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: err}
		}
		return nil, &exchange.Failure{Kind: exchange.FailedReset, Err: err}
	}
	in := &exchange.Inbound{Status: resp.Status}
	for _, f := range resp.Header {
		in.Header = append(in.Header, exchange.Field{Name: f.Name, Value: f.Value})
	}
	in.Body = exchange.StreamingBody(&stream{ctx: ctx, body: resp.Body}, resp.Length)
	return in, nil
}

// body hands the request's body over: a region reads it whole before it
// answers.
func body(ctx context.Context, out *exchange.Outbound, req *sim.Request) error {
	if out.Body.Kind() == exchange.Absent {
		return nil
	}
	s, err := out.Body.Open()
	if err != nil {
		return err
	}
	var b []byte
	for {
		chunk, err := s.Next(ctx)
		b = append(b, chunk...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	req.Body = bytes.NewReader(b)
	return nil
}

// stream is a region's body as an exchange reads it. The context of the request
// ends it, as it ends a connection.
type stream struct {
	ctx  context.Context
	body *sim.Body
}

// Next implements exchange.Stream.
func (s *stream) Next(context.Context) ([]byte, error) {
	piece, err := s.body.Next(s.ctx)
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return piece, err
	case s.ctx.Err() != nil:
		return piece, context.Cause(s.ctx)
	}
	return piece, errors.Join(exchange.ErrCut, err)
}

// Close implements exchange.Stream: the client has left.
func (s *stream) Close() error { return s.body.Close() }
