package gateway

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// ResumeSettings are what spillway.yaml says about streams of an API that break
// off.
type ResumeSettings struct {
	// Attempts is how many more a stream may cost; 0 is off.
	Attempts int
	// Continue has the rest written, after Instruction, instead of asking for the
	// same again.
	Continue    bool
	Instruction string
}

// mayResume says whether the answer is a stream that can be taken up.
func (b *balancing) mayResume() bool {
	x := b.x
	return b.settings.Resume.Attempts > 0 && b.replays && len(b.pool.Members) > 1 && x.Response != nil && x.Response.Status == 200 &&
		strings.HasSuffix(strings.TrimRight(x.Request.URL.Path, "/"), "/chat/completions") && forward.IsEvents(x.Response)
}

// resumable is a streamed chat that is taken up elsewhere when it breaks off.
// Like the exchange that it belongs to it is used by one goroutine at a time, but
// for Close.
type resumable struct {
	of      *balancing
	request exchange.Request // as the policies had made it when it was forwarded

	mu     sync.Mutex // guards source and closed against Close
	source exchange.Stream
	closed bool
	t      *forward.Transcript
	splice *forward.Splice // nil for the stream that was begun
	failed []*backend.State
	left   int // attempts
	end    error
}

// resuming puts a resumable stream in the place of the answer's, which m gave.
func (b *balancing) resuming(m *backend.Member) {
	x := b.x
	source, err := x.Response.Body.Open()
	if err != nil {
		return
	}
	s := &resumable{
		of: b, request: x.Request,
		source: source, t: forward.NewTranscript(), failed: []*backend.State{m.State}, left: b.settings.Resume.Attempts,
	}
	s.request.Header = x.Request.Header.Clone()
	x.Response.Body = exchange.StreamingBody(s, x.Response.Body.Length())
}

// Ready is the source's; see forward.
func (s *resumable) Ready() bool {
	early, ok := s.source.(interface{ Ready() bool })
	return ok && early.Ready()
}

// Next implements exchange.Stream.
func (s *resumable) Next(ctx context.Context) ([]byte, error) {
	if s.end != nil {
		return nil, s.end
	}
	for {
		piece, err := s.source.Next(ctx)
		if s.splice == nil {
			out := s.t.Take(piece)
			if err == nil && len(out) == 0 {
				continue
			}
			if err == nil || s.broke(ctx, err) && s.again(err) {
				if len(out) > 0 {
					return out, nil
				}
				continue
			}
			s.end = err
			return append(out, s.t.Rest()...), err
		}
		out, bad := s.splice.Take(piece)
		if bad == nil && errors.Is(err, io.EOF) {
			var rest []byte
			out = slices.Clone(out)
			rest, bad = s.splice.End()
			out = append(out, rest...)
		}
		switch {
		case bad != nil:
			traceMessage(s.of.x, "The stream is not gone on with: "+bad.Error()+".")
			_ = s.source.Close()
			err = errors.Join(exchange.ErrCut, bad)
		case err == nil && len(out) == 0:
			continue
		case err == nil:
			return out, nil
		}
		out = slices.Clone(out)
		if s.broke(ctx, err) && s.again(err) {
			if len(out) > 0 {
				return out, nil
			}
			continue
		}
		s.end = err
		return out, err
	}
}

// broke reports whether an end is that of a region, and not of the caller nor of
// the gateway.
func (s *resumable) broke(ctx context.Context, err error) bool {
	return errors.Is(err, exchange.ErrCut) && ctx.Err() == nil && contextOf(s.of.x).Err() == nil
}

// again asks further members until one takes the stream up.
func (s *resumable) again(cause error) bool {
	_ = s.source.Close()
	if why := s.t.Why(); why != "" {
		traceMessage(s.of.x, "The stream broke off and cannot be taken up: "+why+".")
		return false
	}
	for s.left > 0 {
		s.left--
		source, ok, more := s.attempt(cause)
		if ok {
			_ = s.t.Rest() // half of an event is of no use to anybody
			return s.take(source)
		}
		if !more {
			return false
		}
	}
	return false
}

// attempt asks one more member. Without an answer that a stream can be taken up
// from, more says whether it is worth asking another one.
func (s *resumable) attempt(cause error) (source exchange.Stream, ok, more bool) {
	of := *s.of
	of.began = of.clock.Now() // what bounds all attempts is for the time until an answer begins
	b, x := &of, of.x
	as := *x
	as.Request = s.request
	splice := s.t.Agree
	if b.settings.Resume.Continue {
		body, err := s.t.Continuation(s.request.Body.Bytes(), b.settings.Resume.Instruction)
		if err != nil {
			traceMessage(x, "The stream broke off and cannot be taken up: "+err.Error()+".")
			return nil, false, false
		}
		as.Request.Body, splice = exchange.BufferedBody(body), s.t.Continue
	}
	others := b.without(s.failed...)
	if len(others.Members) == 0 {
		traceMessage(x, "The stream broke off, and there is no other member of pool '"+b.pool.ID+"' to take it up.")
		return nil, false, false
	}
	lease, choice := b.choose(others)
	if lease == nil {
		traceMessage(x, "The stream broke off, and no other member of pool '"+b.pool.ID+"' can be asked: "+choice.Why+".")
		return nil, false, false
	}
	member := lease.Member
	if x.Trace.On() {
		traceMessage(x, "The stream broke off after "+strconv.Itoa(s.t.Said())+" bytes of text ("+reasonOf(cause)+"): '"+member.ID+"' is asked to take it up.")
	}
	s.failed = append(s.failed, member.State)
	as.Request.SetBase(b.bases[member.Single])
	o := b.attempt(lease, &choice)
	o.Resume = true
	call := b.send.Begin(&as, member.Single, &o)
	call.Wait(&o)
	response, err := call.Settle(x)
	switch {
	case contextOf(x).Err() != nil:
		if err == nil {
			_ = response.Body.Close()
		}
		return nil, false, false
	case err != nil:
		return nil, false, true
	}
	if response.Status != 200 || !forward.IsEvents(response) {
		// Whatever it says, it is not what the client waits for.
		traceMessage(x, "'"+member.ID+"' answers with "+strconv.Itoa(response.Status)+", from which the stream cannot be taken up.")
		_ = response.Body.Close()
		return nil, false, true
	}
	if source, err = response.Body.Open(); err != nil {
		return nil, false, true
	}
	s.splice = splice()
	return source, true, true
}

// reasonOf is why a stream broke off, in a few words.
func reasonOf(err error) string {
	text := err.Error()
	if _, joined, ok := strings.Cut(text, "\n"); ok {
		return joined // what ErrCut was joined with
	}
	return text
}

// take goes on with another stream, unless nobody wants it any more.
func (s *resumable) take(source exchange.Stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = source.Close()
		return false
	}
	s.source = source
	return true
}

// Close implements exchange.Stream.
func (s *resumable) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.source.Close()
}
