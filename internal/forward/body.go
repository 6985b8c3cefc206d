package forward

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// collected is the size of the pieces that APIM relays a buffered answer in.
const collected = 8 << 10

// How a running answer can end badly beside breaking off: ErrIdle says that it
// stopped coming, ErrLate that the first token of a stream did not come in time,
// and ErrMalformed that a stream holds what is no event.
var (
	ErrIdle      = errors.New("the backend sent nothing for too long")
	ErrLate      = errors.New("the backend did not send the first token in time")
	ErrMalformed = errors.New("the backend sent something that is no event stream")
)

// errOvertaken ends an attempt when another one was faster.
var errOvertaken = errors.New("another attempt has answered first")

// body is an answer's body on its way: it watches over idle times, collects
// small chunks where asked, and ends the attempt when it is closed.
type body struct {
	*attempt
	source  exchange.Stream
	idle    time.Duration
	collect int

	// opening looks at the beginning of an event stream; nil for another body.
	opening *opening
	first   *firstToken // nil when nobody waits for it
	lines   *lines      // nil for what is no event stream
	format  lines
	open    *unfinished // nil where the framing says how the body ends
	// held is what came before the answer was let go, the last piece as it is
	// with the source and those before it copied.
	held  [][]byte
	end   error
	once  sync.Once // for telling of a bad end
	buf   []byte
	watch watchdog
}

// Ready reports whether Next answers at once: something has come already.
func (b *body) Ready() bool { return len(b.held) > 0 || b.end != nil }

// peek waits for the first byte or a clean end, and where the beginning has to
// be looked at, for enough of it. Whatever else happens is a failure of the
// connection, which can still be retried. The limit is for the first byte, or for
// the first event with content when that is what is waited for.
func (b *body) peek(limit time.Duration) error {
	stop := b.within(limit, exchange.ErrTimeout)
	defer func() { stop() }()
	for {
		if len(b.held) > 0 {
			b.watch.waiting(b)
		}
		chunk, err := b.source.Next(b.ctx)
		b.watch.came()
		chunk, err = b.check(chunk, err)
		b.first.see(chunk)
		if len(chunk) > 0 && (b.opening == nil || !b.opening.hold) {
			stop()
			b.started()
		}
		if len(chunk) > 0 && b.take(chunk) {
			if err != nil {
				b.finish(err)
			}
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			if b.opening != nil {
				b.opening.ended()
			}
			b.finish(err)
			return nil
		case err == nil:
			if n := len(b.held); n > 0 {
				b.held[n-1] = bytes.Clone(b.held[n-1])
			}
			continue
		case b.ctx.Err() != nil:
			return b.explain(err)
		case errors.Is(err, ErrMalformed):
			return &exchange.Failure{Kind: exchange.FailedProtocol, Err: ErrMalformed}
		}
		return &exchange.Failure{Kind: exchange.FailedReset, Err: errors.New("the backend closed the connection before the first byte of its answer")}
	}
}

// check ends an event stream before the first line that is none of its format,
// and one whose connection ended before the answer did.
func (b *body) check(chunk []byte, err error) ([]byte, error) {
	if b.lines == nil {
		return chunk, err
	}
	if n := b.lines.good(chunk); n < len(chunk) {
		return chunk[:n], errors.Join(exchange.ErrCut, ErrMalformed)
	}
	if b.open != nil {
		_, _ = b.open.split.Write(chunk)
		if errors.Is(err, io.EOF) && b.open.lacks() {
			err = errors.Join(exchange.ErrCut, errUnfinished)
		}
	}
	return chunk, err
}

// take keeps the next piece and reports whether it is enough.
func (b *body) take(chunk []byte) bool {
	if len(b.held) == 0 {
		b.firstByte = b.clock.Now().Sub(b.began)
	}
	// It stays valid as long as nothing is read after it.
	b.held = append(b.held, chunk)
	return b.opening == nil || b.opening.take(chunk)
}

// finish settles how the body ended, for whoever reads it.
func (b *body) finish(err error) {
	b.watch.stop()
	b.first.stop()
	outcome := outcomeAborted
	switch {
	case errors.Is(err, io.EOF):
		b.end = io.EOF
		b.cancel(nil)
		b.whole = true
		if b.ended != nil {
			b.over("", "")
		}
		return
	case b.client.Err() != nil:
		b.end = exchange.ErrClientGone
		b.once.Do(func() { b.tell(ending{outcome: outcomeClientGone}) })
		return
	case errors.Is(context.Cause(b.ctx), ErrIdle):
		b.end, outcome = errors.Join(exchange.ErrCut, ErrIdle), outcomeIdle
	case errors.Is(context.Cause(b.ctx), ErrLate):
		b.end, outcome = errors.Join(exchange.ErrCut, ErrLate), outcomeLate
	case errors.Is(err, exchange.ErrCut):
		if b.end = err; errors.Is(err, ErrMalformed) {
			outcome = outcomeMalformed
		}
	default:
		b.end = errors.Join(exchange.ErrCut, err)
	}
	b.once.Do(func() { b.tell(ending{outcome, b.end}) })
}

// tell says how the body ended, where that is not well.
func (b *body) tell(e ending) {
	if b.ended != nil {
		b.ended(e)
	} else {
		b.early = &e
	}
}

// why is what a body ended with, without the words that all such ends share.
func why(cause error) string {
	text := cause.Error()
	if _, rest, ok := strings.Cut(text, "\n"); ok {
		text = rest
	}
	return text
}

// Next implements exchange.Stream.
func (b *body) Next(context.Context) ([]byte, error) {
	if b.collect == 0 {
		return b.next()
	}
	// Chunks are gathered until there are enough or the end has come.
	b.buf = b.buf[:0]
	for len(b.buf) < b.collect {
		chunk, err := b.next()
		b.buf = append(b.buf, chunk...)
		if err != nil {
			return b.buf, err
		}
	}
	return b.buf, nil
}

func (b *body) next() ([]byte, error) {
	if n := len(b.held); n > 0 {
		chunk := b.held[0]
		b.held = b.held[1:]
		if n > 1 {
			return chunk, nil
		}
		return chunk, b.end
	}
	if b.end != nil {
		return nil, b.end
	}
	b.watch.waiting(b)
	chunk, err := b.source.Next(b.ctx)
	b.watch.came()
	chunk, err = b.check(chunk, err)
	b.first.see(chunk)
	if err != nil {
		b.finish(err)
	}
	return chunk, b.end
}

// Close implements exchange.Stream: it ends the request at the backend.
func (b *body) Close() error {
	b.watch.stop()
	b.first.stop()
	if !b.whole && b.client.Err() != nil {
		b.once.Do(func() { b.tell(ending{outcome: outcomeClientGone}) })
	}
	b.cancel(context.Canceled)
	b.over("", "")
	return b.source.Close()
}

// expect bounds the wait for the first event with content, counted from the start
// of the attempt.
func (b *body) expect(limit time.Duration) {
	t := &firstToken{}
	t.split = openai.Splitter{OnEvent: t.event, Limit: mostOpening}
	left := max(limit-b.clock.Now().Sub(b.began), 0)
	t.disarm = b.clock.AfterFunc(left, func() { b.cancel(ErrLate) })
	b.first = t
}

// firstToken looks for the first event with content of a stream. A nil one
// looks for nothing, and so does one that has found it.
type firstToken struct {
	split  openai.Splitter
	disarm func() bool
	over   bool
}

func (t *firstToken) see(chunk []byte) {
	if t != nil && !t.over {
		_, _ = t.split.Write(chunk)
	}
}

func (t *firstToken) event(e openai.Event) {
	if !e.Oversize {
		if _, empty := judge(e); empty {
			return
		}
	}
	t.stop()
}

func (t *firstToken) stop() {
	if t != nil && !t.over {
		t.over = true
		t.disarm()
	}
}

// watchdog ends an attempt whose backend has sent nothing for too long. Only
// the waiting for the backend counts, not a slow client. One timer serves the
// whole body: it looks when it fires whether it is time, so that a chunk costs
// no timer of its own.
type watchdog struct {
	mu      sync.Mutex
	body    *body
	since   time.Time // when the wait began, zero when there is none
	cancel  func() bool
	stopped bool
}

func (w *watchdog) waiting(b *body) {
	if b.idle <= 0 {
		return
	}
	now := b.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = now
	if w.cancel == nil && !w.stopped {
		w.body = b
		w.cancel = b.clock.AfterFunc(b.idle, w.look)
	}
}

func (w *watchdog) came() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Time{}
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.cancel != nil {
		w.cancel()
	}
}

// look is called when the timer fires.
func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	left := w.body.idle
	if !w.since.IsZero() {
		left -= w.body.clock.Now().Sub(w.since)
	}
	if left <= 0 {
		w.stopped = true
		w.body.attempt.cancel(ErrIdle)
		return
	}
	w.cancel = w.body.clock.AfterFunc(left, w.look)
}
