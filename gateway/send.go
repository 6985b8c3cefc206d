package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Send implements builtin.Sender: requests of policies' own go to the same
// addresses as those of callers may. Redirects are not followed.
func (f *forwarder) Send(ctx context.Context, s builtin.Sending) (*exchange.Response, error) {
	if err := f.permits(s.Request.URL); err != nil && !s.Own {
		return nil, &exchange.Failure{Kind: exchange.FailedRefusedAddress, Err: err}
	}
	out := &exchange.Outbound{
		Method: s.Request.Method, URL: s.Request.URL, Body: s.Request.Body, HTTPVersion: "2or1", Identity: s.Request.Identity,
		Proxy: s.Proxy, ProxyUser: s.ProxyUser, ProxyPassword: s.ProxyPassword,
	}
	for _, line := range s.Request.Header {
		switch {
		case strings.EqualFold(line.Name, "Host"):
			out.Host = line.Value
		case strings.EqualFold(line.Name, "Content-Length"), strings.EqualFold(line.Name, "Expect"):
		default:
			out.Header = append(out.Header, line)
		}
	}
	own := ctx
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		own, cancel = f.clock.WithTimeout(ctx, s.Timeout)
		defer cancel()
	}
	in, err := f.send.Upstream.Send(own, out)
	if err == nil {
		defer func() { _ = in.Body.Close() }()
		err = in.Body.Buffer(own, f.replay)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case own.Err() != nil:
		return nil, exchange.ErrTimeout
	case errors.Is(err, exchange.ErrCut):
		return nil, &exchange.Failure{Kind: exchange.FailedReset, Err: err}
	default:
		return nil, err
	}
	return &exchange.Response{Status: in.Status, Reason: in.Reason, Header: forward.WithoutHops(in.Header), Body: in.Body, FromBackend: true}, nil
}

// maxOneWay bounds the requests whose answers nobody waits for, and
// oneWayTimeout each of them that its policy does not.
const (
	maxOneWay     = 1000
	oneWayTimeout = 5 * time.Minute
)

// Dispatch implements builtin.Sender.
func (f *forwarder) Dispatch(s builtin.Sending) bool {
	if f.oneWay.Add(1) > maxOneWay {
		f.oneWay.Add(-1)
		return false
	}
	if s.Timeout == 0 {
		s.Timeout = oneWayTimeout
	}
	f.clock.Go(func() {
		defer f.oneWay.Add(-1)
		_, _ = f.Send(context.Background(), s)
	})
	return true
}
