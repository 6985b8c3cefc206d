package sim

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// Body is an answer's body, read piece by piece. Next belongs to one goroutine
// at a time; Close may come from any.
type Body struct {
	c           *call
	whole       []byte
	events      *stream
	began       time.Time
	strikeAfter int // pieces; -1 for never
	pieces      int
	sent        int // bytes of whole
	stopWatch   func() bool

	mu     sync.Mutex
	err    error              // how it ended
	cancel context.CancelFunc // of the Next that waits
}

// stream is a sequence of events in time. make renders event i.
type stream struct {
	due  []time.Duration // after the head, ascending
	make func(i int) []byte
}

// open begins the body and watches for the client leaving while nobody reads.
func (c *call) open(ctx context.Context, rep *reply) *Body {
	b := &Body{c: c, whole: rep.body, events: rep.events, began: c.r.clock.Now(), strikeAfter: -1}
	if f := c.fault; f != nil && (f.Kind == "hang" || f.Kind == "cut" || f.Kind == "stall") {
		b.strikeAfter = f.events
	}
	if len(b.whole) == 0 && b.events == nil && b.strikeAfter < 0 {
		_ = b.end(io.EOF, Complete)
		return b
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopWatch = context.AfterFunc(ctx, func() { _ = b.end(ctx.Err(), ClientGone) })
	return b
}

// Next is the next piece: an event of a stream, or a body that is none at
// once. It waits until the piece is due. After the last it returns io.EOF, or
// ErrReset or ErrEnded where a fault cuts the body off; if ctx ends or Close is
// called, the client has left, and the error is context's.
func (b *Body) Next(ctx context.Context) ([]byte, error) {
	if err := b.ended(); err != nil {
		return nil, err
	}
	if b.pieces == b.strikeAfter {
		if err := b.strike(ctx); err != nil {
			return nil, err
		}
	}
	if b.events == nil {
		return b.nextWhole()
	}
	if b.pieces == len(b.events.due) {
		return nil, b.end(io.EOF, Complete)
	}
	if err := b.sleep(ctx, b.began.Add(b.events.due[b.pieces]).Sub(b.c.r.clock.Now())); err != nil {
		return nil, b.end(err, ClientGone)
	}
	event := b.events.make(b.pieces)
	b.pieces++
	b.c.r.generated.Add(1)
	b.c.r.log.event(b.c.rec)
	if b.pieces == len(b.events.due) && b.pieces != b.strikeAfter {
		// Noted before the client has it, so that it finds itself noted.
		b.c.r.log.end(b.c.rec, Complete)
	}
	return event, nil
}

// nextWhole is a body that is no stream: all of it, or the half before which a
// fault strikes.
func (b *Body) nextWhole() ([]byte, error) {
	if b.strikeAfter > 0 {
		b.pieces, b.sent = b.strikeAfter, len(b.whole)/2
		return b.whole[:b.sent], nil
	}
	if b.sent == len(b.whole) {
		return nil, b.end(io.EOF, Complete)
	}
	piece := b.whole[b.sent:]
	b.pieces, b.sent = b.pieces+1, len(b.whole)
	b.c.r.log.end(b.c.rec, Complete)
	return piece, nil
}

// strike hangs, cuts, or stands still for a while, after which it is over.
func (b *Body) strike(ctx context.Context) error {
	switch b.c.fault.Kind {
	case "hang":
		return b.end(b.sleep(ctx, clock.Forever), ClientGone)
	case "stall":
		if err := b.sleep(ctx, b.c.fault.delay); err != nil {
			return b.end(err, ClientGone)
		}
		b.strikeAfter, b.began = -1, b.began.Add(b.c.fault.delay)
		return nil
	}
	if b.c.fault.How == "fin" {
		return b.end(ErrEnded, Cut)
	}
	return b.end(ErrReset, Cut)
}

// sleep waits on the region's clock, until Close at the latest.
func (b *Body) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.mu.Lock()
	err := b.err
	b.cancel = cancel
	b.mu.Unlock()
	if err != nil {
		return err
	}
	return b.c.r.clock.Sleep(ctx, d)
}

// Close says that the rest is not wanted.
func (b *Body) Close() error {
	_ = b.end(context.Canceled, ClientGone)
	return nil
}

func (b *Body) ended() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// end settles how the body ended, once; it returns what was settled.
func (b *Body) end(err error, how Outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	b.err = err
	b.c.settle()
	b.c.r.log.end(b.c.rec, how)
	if b.cancel != nil {
		b.cancel()
	}
	if b.stopWatch != nil {
		b.stopWatch()
	}
	return err
}
