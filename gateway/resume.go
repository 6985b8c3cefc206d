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

// mayResume says whether the answer of x is a stream that can be taken up.
func (f *forwarder) mayResume(x *exchange.Exchange, p *backend.Pool, s *APISettings, replays bool) bool {
	return s.Resume.Attempts > 0 && replays && len(p.Members) > 1 && x.Response != nil && x.Response.Status == 200 &&
		strings.HasSuffix(strings.TrimRight(x.Request.URL.Path, "/"), "/chat/completions") && forward.IsEvents(x.Response)
}

// resumable is a streamed chat that is taken up elsewhere when it breaks off.
// Like the exchange that it belongs to it is used by one goroutine at a time, but
// for Close.
type resumable struct {
	f       *forwarder
	x       *exchange.Exchange
	p       *backend.Pool
	r       *backend.Request
	s       *APISettings
	request exchange.Request // as the policies had made it when it was forwarded
	o       forward.Options

	mu     sync.Mutex // guards source and closed against Close
	source exchange.Stream
	closed bool
	t      *forward.Transcript
	splice *forward.Splice // nil for the stream that was begun
	failed []*backend.State
	left   int // attempts
	end    error
}

// resuming puts a resumable stream in the place of the answer's.
func (f *forwarder) resuming(x *exchange.Exchange, p *backend.Pool, r *backend.Request, s *APISettings, lease *backend.Lease, o forward.Options) {
	source, err := x.Response.Body.Open()
	if err != nil {
		return
	}
	b := &resumable{
		f: f, x: x, p: p, r: r, s: s, request: x.Request, o: o,
		source: source, t: forward.NewTranscript(), failed: []*backend.State{lease.Member.State}, left: s.Resume.Attempts,
	}
	b.request.Header = x.Request.Header.Clone()
	x.Response.Body = exchange.StreamingBody(b, x.Response.Body.Length())
}

// Ready is the source's; see forward.
func (b *resumable) Ready() bool {
	early, ok := b.source.(interface{ Ready() bool })
	return ok && early.Ready()
}

// Next implements exchange.Stream.
func (b *resumable) Next(ctx context.Context) ([]byte, error) {
	if b.end != nil {
		return nil, b.end
	}
	for {
		piece, err := b.source.Next(ctx)
		if b.splice == nil {
			out := b.t.Take(piece)
			if err == nil && len(out) == 0 {
				continue
			}
			if err == nil || b.broke(ctx, err) && b.again(err) {
				if len(out) > 0 {
					return out, nil
				}
				continue
			}
			b.end = err
			return append(out, b.t.Rest()...), err
		}
		out, bad := b.splice.Take(piece)
		if bad == nil && errors.Is(err, io.EOF) {
			var rest []byte
			out = slices.Clone(out)
			rest, bad = b.splice.End()
			out = append(out, rest...)
		}
		switch {
		case bad != nil:
			traceMessage(b.x, "The stream is not gone on with: "+bad.Error()+".")
			_ = b.source.Close()
			err = errors.Join(exchange.ErrCut, bad)
		case err == nil && len(out) == 0:
			continue
		case err == nil:
			return out, nil
		}
		out = slices.Clone(out)
		if b.broke(ctx, err) && b.again(err) {
			if len(out) > 0 {
				return out, nil
			}
			continue
		}
		b.end = err
		return out, err
	}
}

// broke reports whether an end is that of a region, and not of the caller nor of
// the gateway.
func (b *resumable) broke(ctx context.Context, err error) bool {
	return errors.Is(err, exchange.ErrCut) && ctx.Err() == nil && contextOf(b.x).Err() == nil
}

// again asks further members until one takes the stream up.
func (b *resumable) again(cause error) bool {
	_ = b.source.Close()
	if why := b.t.Why(); why != "" {
		traceMessage(b.x, "The stream broke off and cannot be taken up: "+why+".")
		return false
	}
	for b.left > 0 {
		b.left--
		source, ok, more := b.attempt(cause)
		if ok {
			_ = b.t.Rest() // half of an event is of no use to anybody
			return b.take(source)
		}
		if !more {
			return false
		}
	}
	return false
}

// attempt asks one more member. Without an answer that a stream can be taken up
// from, more says whether it is worth asking another one.
func (b *resumable) attempt(cause error) (source exchange.Stream, ok, more bool) {
	f, x := b.f, b.x
	as := *x
	as.Request = b.request
	splice := b.t.Agree
	if b.s.Resume.Continue {
		body, err := b.t.Continuation(b.request.Body.Bytes(), b.s.Resume.Instruction)
		if err != nil {
			traceMessage(x, "The stream broke off and cannot be taken up: "+err.Error()+".")
			return nil, false, false
		}
		as.Request.Body, splice = exchange.BufferedBody(body), b.t.Continue
	}
	others := *b.p
	others.Members = slices.DeleteFunc(slices.Clone(b.p.Members), func(m *backend.Member) bool { return slices.Contains(b.failed, m.State) })
	if len(others.Members) == 0 {
		traceMessage(x, "The stream broke off, and there is no other member of pool '"+b.p.ID+"' to take it up.")
		return nil, false, false
	}
	lease, choice := f.choose(&others, b.r)
	if lease == nil {
		traceMessage(x, "The stream broke off, and no other member of pool '"+b.p.ID+"' can be asked: "+choice.Why+".")
		return nil, false, false
	}
	member := lease.Member
	if x.Trace.On() {
		traceMessage(x, "The stream broke off after "+strconv.Itoa(b.t.Said())+" bytes of text ("+reasonOf(cause)+"): '"+member.ID+"' is asked to take it up.")
	}
	b.failed = append(b.failed, member.State)
	as.Request.SetBase(f.bases[member.Single])
	o := f.attempt(b.o, b.p, lease, &choice, 0)
	o.Resume = true
	call := f.send.Begin(&as, member.Single, o)
	call.Wait()
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
	b.splice = splice()
	return source, true, true
}

// reasonOf is why a stream broke off, in a few words.
func reasonOf(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if _, rest, ok := strings.Cut(err.Error(), "\n"); ok {
		text = rest
	}
	return text
}

// take goes on with another stream, unless nobody wants it any more.
func (b *resumable) take(source exchange.Stream) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		_ = source.Close()
		return false
	}
	b.source = source
	return true
}

// Close implements exchange.Stream.
func (b *resumable) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.source.Close()
}
