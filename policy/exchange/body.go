package exchange

import (
	"context"
	"errors"
	"io"
)

// How a streaming body can end other than completely. A complete end is
// io.EOF.
var (
	// ErrCut says that the far side ended the body before its end.
	ErrCut = errors.New("the body was cut off before its end")
	// ErrClientGone says that the caller left while the body was under way.
	ErrClientGone = errors.New("the client closed the connection")
	// ErrStopping is the cause of an exchange's context when the gateway itself
	// stops and cannot wait any longer: the caller is still there to be told.
	ErrStopping = errors.New("the gateway is stopping")
	// ErrTooLarge says that a body was larger than the limit for buffering.
	ErrTooLarge = errors.New("the body is larger than the buffer limit")
	// ErrConsumed says that the body was read before without being kept.
	ErrConsumed = errors.New("the body has been consumed already")
)

// Stream is a body under way. Next returns the next chunk as the far side
// sent it (one chunk is one flush), valid until the next call. After the last
// chunk it returns io.EOF for a complete body, or an error wrapping ErrCut or
// ErrClientGone; it reports an end once and then repeats it. Close releases
// the source early and may be called at any time, from any goroutine, more
// than once.
type Stream interface {
	Next(ctx context.Context) ([]byte, error)
	Close() error
}

// BodyKind is the state of a body.
type BodyKind int

// The three states a body can be in.
const (
	Absent BodyKind = iota
	Streaming
	Buffered
)

// Body is a request's or response's body: absent, streaming (readable once),
// or buffered and replayable. A Body is used by one goroutine at a time.
type Body struct {
	kind     BodyKind
	stream   Stream
	bytes    []byte
	length   int64
	consumed bool
	beyond   bool
}

// NoBody is the absent body.
func NoBody() *Body { return &Body{} }

// BufferedBody is a replayable body of b, which it keeps.
func BufferedBody(b []byte) *Body {
	return &Body{kind: Buffered, bytes: b, length: int64(len(b))}
}

// StreamingBody is a body read from s. length is its length in bytes when
// known, else -1.
func StreamingBody(s Stream, length int64) *Body {
	return &Body{kind: Streaming, stream: s, length: length}
}

// Kind is the state of the body.
func (b *Body) Kind() BodyKind {
	if b == nil {
		return Absent
	}
	return b.kind
}

// Length is the number of bytes, or -1 when it is not known yet.
func (b *Body) Length() int64 {
	if b.Kind() == Absent {
		return 0
	}
	return b.length
}

// Bytes are the bytes of a buffered body; callers must not change them.
func (b *Body) Bytes() []byte { return b.bytes }

// Consumed reports whether the body was read without being kept (APIM's
// As<T> without preserveContent).
func (b *Body) Consumed() bool { return b != nil && b.consumed }

// Consume marks the body as used up: later reads fail, nothing is sent.
func (b *Body) Consume() { b.consumed, b.bytes, b.length = true, nil, 0 }

// Buffer reads a streaming body to its end and makes it replayable, up to
// limit bytes (ErrTooLarge beyond). Buffered and absent bodies are left alone.
// On an error the body stays unusable.
func (b *Body) Buffer(ctx context.Context, limit int64) error {
	if b.Kind() != Streaming {
		return nil
	}
	if b.consumed {
		return ErrConsumed
	}
	if limit > 0 && b.length > limit {
		return ErrTooLarge
	}
	var buf []byte
	for {
		chunk, err := b.stream.Next(ctx)
		buf = append(b.room(buf, len(chunk)), chunk...)
		if limit > 0 && int64(len(buf)) > limit {
			_ = b.stream.Close()
			b.consumed = true
			return ErrTooLarge
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.consumed = true
			return err
		}
	}
	_ = b.stream.Close()
	b.kind, b.bytes, b.length, b.stream = Buffered, buf, int64(len(buf)), nil
	return nil
}

// room makes room for n more bytes of a body. Of a length that is only announced
// nothing is believed: memory follows what has come, and still most bodies are
// copied twice at most, and grow no larger than they are.
func (b *Body) room(buf []byte, n int) []byte {
	const first, step, last = 4 << 10, 64, 128
	need := int64(len(buf) + n)
	if need <= int64(cap(buf)) || b.length < need {
		return buf // append knows best where the length is not known
	}
	size := max(int64(cap(buf))*step, first, need)
	if b.length <= max(int64(cap(buf))*last, first) {
		size = b.length
	}
	grown := make([]byte, len(buf), min(size, b.length))
	copy(grown, buf)
	return grown
}

// Keep makes a streaming body replayable like Buffer, up to limit bytes. One that
// is longer stays a stream, to be read once, and what was read of it comes first
// again; kept is false then. On an error the body stays unusable.
func (b *Body) Keep(ctx context.Context, limit int64) (kept bool, err error) {
	if b.Kind() != Streaming {
		return true, nil
	}
	if b.consumed {
		return false, ErrConsumed
	}
	if b.beyond = b.length > limit; b.beyond {
		return false, nil
	}
	var buf []byte
	for {
		chunk, err := b.stream.Next(ctx)
		buf = append(b.room(buf, len(chunk)), chunk...)
		end := errors.Is(err, io.EOF)
		switch {
		case err != nil && !end:
			b.consumed = true
			return false, err
		case int64(len(buf)) > limit:
			b.beyond = true
			b.stream = &putBack{Stream: b.stream, first: buf}
			return false, nil
		case end:
			_ = b.stream.Close()
			b.kind, b.bytes, b.length, b.stream = Buffered, buf, int64(len(buf)), nil
			return true, nil
		}
	}
}

// Beyond reports a body that Keep found to be longer than its limit: it can be
// sent once.
func (b *Body) Beyond() bool { return b != nil && b.beyond }

// putBack is a stream whose beginning was read and comes again.
type putBack struct {
	Stream
	first []byte
}

// Next implements Stream.
func (p *putBack) Next(ctx context.Context) ([]byte, error) {
	if first := p.first; first != nil {
		p.first = nil
		return first, nil
	}
	return p.Stream.Next(ctx)
}

// Watch lets f see the body's bytes as they are read, in whatever pieces they
// come; those of a buffered body at once. They are valid until f returns.
func (b *Body) Watch(f func(chunk []byte)) {
	switch {
	case b.Kind() == Absent || b.consumed:
	case b.kind == Buffered:
		f(b.bytes)
	default:
		b.stream = &watched{b.stream, f}
	}
}

// Copy gives the whole body to f when it has been read to its end, if it is no
// longer than limit bytes; a buffered one at once. f must not change it.
func (b *Body) Copy(limit int64, f func(whole []byte)) {
	switch {
	case b.Kind() == Absent:
		f(nil)
	case b.consumed || b.length > limit:
	case b.kind == Buffered:
		f(b.bytes)
	default:
		b.stream = &copied{watched: watched{Stream: b.stream}, limit: limit, whole: f}
	}
}

// copied is a stream of which a copy is made.
type copied struct {
	watched
	limit int64
	bytes []byte
	whole func([]byte)
}

// Next implements Stream.
func (c *copied) Next(ctx context.Context) ([]byte, error) {
	chunk, err := c.Stream.Next(ctx)
	if c.whole == nil {
		return chunk, err
	}
	if c.bytes = append(c.bytes, chunk...); int64(len(c.bytes)) > c.limit || err != nil && !errors.Is(err, io.EOF) {
		c.whole, c.bytes = nil, nil
		return chunk, err
	}
	if err != nil {
		c.whole(c.bytes)
		c.whole, c.bytes = nil, nil
	}
	return chunk, err
}

// watched is a stream that somebody looks at.
type watched struct {
	Stream
	see func([]byte)
}

// Next implements Stream.
func (w *watched) Next(ctx context.Context) ([]byte, error) {
	chunk, err := w.Stream.Next(ctx)
	if len(chunk) > 0 {
		w.see(chunk)
	}
	return chunk, err
}

// Ready reports whether there is something to be read already, as far as the
// stream below can tell.
func (w *watched) Ready() bool {
	early, ok := w.Stream.(interface{ Ready() bool })
	return !ok || early.Ready()
}

// Open is the body as a stream: a buffered body can be opened again and again,
// a streaming one only once (ErrConsumed after that).
func (b *Body) Open() (Stream, error) {
	switch {
	case b.Kind() == Absent:
		return &bytesStream{}, nil
	case b.consumed:
		return nil, ErrConsumed
	case b.kind == Buffered:
		return &bytesStream{b: b.bytes}, nil
	default:
		b.consumed = true
		return b.stream, nil
	}
}

// Close releases a streaming body that nobody will read.
func (b *Body) Close() error {
	if b.Kind() == Streaming && b.stream != nil {
		return b.stream.Close()
	}
	return nil
}

type bytesStream struct {
	b    []byte
	done bool
}

func (s *bytesStream) Next(context.Context) ([]byte, error) {
	if s.done || len(s.b) == 0 {
		return nil, io.EOF
	}
	s.done = true
	return s.b, nil
}

func (s *bytesStream) Close() error { return nil }
