package policy

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// buffer makes the bodies that an expression reads replayable and readable:
// buffered up to the service's limit, and decoded. It returns their size.
func (r *Run) buffer(uses Effects) (size int64, err error) {
	if uses&ReadsRequestBody != 0 {
		if err := r.BufferRequest(); err != nil {
			return 0, err
		}
		q := &r.X.Request
		if q.Body, err = r.decoded(&q.Header, q.Body); err != nil {
			return 0, exchange.TooLarge(r.Origin().Policy, r.pipeline.set.replayBody)
		}
		size += q.Body.Length()
	}
	if uses&ReadsResponseBody != 0 && r.X.Response != nil {
		if err := r.BufferResponse(); err != nil {
			return 0, err
		}
		size += r.X.Response.Body.Length()
	}
	return max(size, 0), nil
}

// BufferRequest makes the request's body replayable, its bytes untouched. A
// body beyond the limit is refused with 413.
func (r *Run) BufferRequest() error {
	q := &r.X.Request
	if q.Body.Kind() != exchange.Streaming || q.Body.Consumed() {
		return nil
	}
	limit := r.pipeline.set.replayBody
	err := q.Body.Buffer(r.Context(), limit)
	if errors.Is(err, exchange.ErrTooLarge) {
		return exchange.TooLarge(r.Origin().Policy, limit)
	}
	return r.unread(err)
}

// KeepRequest makes the request's body replayable for those who may send it
// again. A body beyond the limit is sent as it comes, once.
func (r *Run) KeepRequest() error {
	q := &r.X.Request
	if q.Body.Kind() != exchange.Streaming || q.Body.Consumed() {
		return nil
	}
	limit := r.pipeline.set.replayBody
	kept, err := q.Body.Keep(r.Context(), limit)
	if err == nil && !kept && r.Tracing() {
		r.Trace("The request's body is longer than limits.replayBody, " + strconv.FormatInt(limit, 10) + " bytes: it is sent as it comes, and cannot be sent again.")
	}
	return r.unread(err)
}

// unread is what it means that the request's body could not be read to its end.
func (r *Run) unread(err error) error {
	var bad *exchange.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		// The body turned out malformed, or came too slowly.
		return bad
	}
	// The body comes from the client: whatever ended it, the client is not
	// there to send the rest.
	return exchange.ClientGone(r.Origin().Policy)
}

// Sent reports whether the request has been sent and cannot be sent again, as
// its body is longer than what is kept.
func (r *Run) Sent() bool {
	b := r.X.Request.Body
	return b.Beyond() && b.Consumed()
}

// BufferResponse makes the response's body replayable and decodes it. A stream
// that breaks off before its end is a failure of the backend.
func (r *Run) BufferResponse() error {
	p := r.X.Response
	if p.Body.Kind() == exchange.Streaming && !p.Body.Consumed() {
		if strings.HasPrefix(strings.ToLower(p.Header.Get("Content-Type")), "text/event-stream") {
			// The real gateway was seen to fail here; ours waits for the end.
			r.Trace("The response is an event stream and its body is read by a policy: it is held back until its end.")
		}
		err := p.Body.Buffer(r.Context(), r.pipeline.set.replayBody)
		switch {
		case err == nil:
		case errors.Is(err, exchange.ErrTooLarge):
			return r.responseTooLarge()
		case errors.Is(err, exchange.ErrClientGone) || r.Context().Err() != nil:
			return exchange.ClientGone(r.Origin().Policy)
		default:
			e := r.Error(exchange.ReasonBackendConnection, err.Error())
			e.Err = err
			return e
		}
	}
	body, err := r.decoded(&p.Header, p.Body)
	if err != nil {
		return r.responseTooLarge()
	}
	p.Body = body
	return nil
}

func (r *Run) responseTooLarge() error {
	e := r.Error(exchange.ReasonResponseTooLarge, "The response's body is larger than the buffer limit.")
	e.Status, e.Answer = 502, "The response of the backend is too large."
	return e
}

// A body that grows more than maxRatio times when decoded, and beyond
// ratioFrom, is a bomb (spec: reliability.md 18).
const (
	maxRatio  = 100
	ratioFrom = 1 << 20
)

// decoded is the body without its gzip or deflate coding, and the header
// without its traces. Other codings, and bytes that are not what the header
// says, stay as they are: whoever reads them fails then. The error is
// ErrTooLarge or nil.
func (r *Run) decoded(h *exchange.Header, b *exchange.Body) (*exchange.Body, error) {
	coding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding")))
	if coding == "" || b.Kind() != exchange.Buffered || b.Consumed() || len(b.Bytes()) == 0 {
		return b, nil
	}
	limit := r.pipeline.set.replayBody
	if allowed := int64(len(b.Bytes())) * maxRatio; allowed < limit {
		limit = max(allowed, min(limit, ratioFrom))
	}
	plain, err := decode(coding, b.Bytes(), limit)
	switch {
	case errors.Is(err, exchange.ErrTooLarge):
		return b, err
	case err != nil:
		r.Trace("The body's content encoding \"" + coding + "\" cannot be decoded: " + err.Error() + ".")
		return b, nil
	}
	h.Del("Content-Encoding")
	h.Del("Content-Length")
	h.Del("Content-MD5")
	return exchange.BufferedBody(plain), nil
}

func decode(coding string, b []byte, limit int64) ([]byte, error) {
	var in io.ReadCloser
	var err error
	switch coding {
	case "identity":
		return b, nil
	case "gzip", "x-gzip":
		in, err = gzip.NewReader(bytes.NewReader(b))
	case "deflate":
		// Servers send zlib streams, as the standard says, and bare ones.
		if in, err = zlib.NewReader(bytes.NewReader(b)); err != nil {
			in, err = flate.NewReader(bytes.NewReader(b)), nil
		}
	default:
		return nil, errors.New("it is not one of gzip, deflate and identity")
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case int64(len(out)) > limit:
		return nil, exchange.ErrTooLarge
	case err != nil:
		return nil, err
	}
	return out, nil
}

// ReadBody is the body of the message, decoded, and stays there; the caller must
// not change it. It is nil where there is none or it has been used up.
func (r *Run) ReadBody(t Target) ([]byte, error) {
	uses := ReadsResponseBody
	if t == Request {
		uses = ReadsRequestBody
	}
	if _, err := r.buffer(uses); err != nil {
		return nil, err
	}
	b := r.X.Request.Body
	if t != Request {
		if r.X.Response == nil {
			return nil, nil
		}
		b = r.X.Response.Body
	}
	if b.Kind() != exchange.Buffered || b.Consumed() {
		return nil, nil
	}
	return b.Bytes(), nil
}

// Decode takes the gzip or deflate coding off a response that is not the
// exchange's own.
func (r *Run) Decode(p *exchange.Response) {
	if body, err := r.decoded(&p.Header, p.Body); err == nil {
		p.Body = body
	}
}
