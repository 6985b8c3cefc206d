package gateway

import (
	"context"
	"errors"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/forward"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// answer writes an exchange's response to its sink and keeps count.
type answer struct {
	x       *exchange.Exchange
	sink    exchange.Sink
	service *Service
	trace   *trace.Store

	tap *telemetry.Tap
	now func() time.Time
	// leave ends the exchange's context when it turns out that nobody is there
	// any more; nil where nothing is under way.
	leave context.CancelCauseFunc

	status  int
	bytes   int64
	first   time.Time // when the first byte of the body went out
	last    [2]byte   // of the body so far
	outcome telemetry.Outcome
	started bool
	ended   bool
	quiet   bool // not worth a record
}

// lastEvent is what a client of an event stream gets when its backend dies in
// the middle: an error it can read, instead of an end it would believe. The
// body is left unterminated after it. Clients of the Responses API know errors by
// the event's name and type; what other clients look for is in it as well.
func lastEvent(x *exchange.Exchange, cause error) string {
	message := "The backend closed the connection before the stream was complete."
	switch {
	case errors.Is(cause, exchange.ErrStopping):
		message = "The gateway is stopping, and the stream is not complete."
	case errors.Is(cause, forward.ErrIdle), errors.Is(cause, forward.ErrLate):
		message = "The backend sent nothing for too long before the stream was complete."
	case errors.Is(cause, forward.ErrMalformed):
		message = "The backend sent something that is no event before the stream was complete."
	}
	fields := `"message":"` + message + `","type":"server_error","param":null,"code":"upstream_disconnected"`
	if !strings.Contains(x.Original.URL.Path, "/responses") {
		return `data: {"error":{` + fields + "}}\n\n"
	}
	return `event: error` + "\n" + `data: {"type":"error","code":"upstream_disconnected","message":"` + message + `","param":null,"error":{` + fields + "}}\n\n"
}

// write sends the response. When it returns the exchange is over.
func (w *answer) write(ctx context.Context) {
	x := w.x
	r := x.Response
	if r.Status < 200 || r.Status > 999 {
		// A policy made a status that can end no request.
		_ = r.Body.Close()
		r = (&exchange.Error{Source: "gateway", Reason: exchange.ReasonInternal}).Response(x.ID)
		x.Response = r
	}
	defer func() { _ = r.Body.Close() }()
	if stopping(ctx) && x.LastError != nil && x.LastError.Reason == exchange.ReasonClientConnection {
		// The caller is still there: it is the gateway that leaves.
		x.LastError = &exchange.Error{
			Source: "gateway", Reason: "Stopping", Status: 503, Message: "The gateway is stopping.", Err: exchange.ErrStopping,
			Header: exchange.Header{{Name: "Retry-After", Value: "1"}},
		}
		r = x.LastError.Response(x.ID)
		x.Response, ctx = r, context.WithoutCancel(ctx)
	}
	w.status, w.outcome = r.Status, telemetry.Complete
	if e := x.LastError; e != nil && e.Reason == exchange.ReasonClientConnection || ctx.Err() != nil && !stopping(ctx) {
		w.gone()
		return
	}
	head := w.head(r)
	bodiless := x.Original.Method == "HEAD" || r.Status == 204 || r.Status == 304 || r.Status < 200
	w.started = true
	if w.trace != nil && x.Trace.On() {
		w.trace.Announce(x.ID.String())
	}
	if w.sink.Head(head) != nil {
		w.gone()
		return
	}
	w.tell("Response headers have been sent to the caller. Starting to stream the response body.")
	if !bodiless {
		if !w.body(ctx, r) {
			return
		}
	}
	w.ended = true
	if w.sink.End() != nil {
		w.gone()
		return
	}
	w.tell("Response has been sent to the caller in full")
	w.keep()
}

// head is the response's head as it goes out: with a length that is true, and
// without what only holds for one connection.
func (w *answer) head(r *exchange.Response) *exchange.ResponseHead {
	h := &exchange.ResponseHead{Status: r.Status, Reason: r.Reason, Length: r.Body.Length()}
	if r.Body.Consumed() {
		h.Length = 0 // a policy has used it up
	}
	length := "Content-Length"
	if w.x.Original.Method == "HEAD" && r.FromBackend {
		// The length is that of the answer to a GET, which was not sent.
		h.Length, length = -1, ""
	}
	h.Header = r.Header.Without("Transfer-Encoding", "Connection", "Keep-Alive", length)
	switch w.x.Verdict {
	case trace.Valid:
		h.Header.Set(trace.HeaderTraceID, w.x.ID.String())
	case trace.Expired:
		h.Header.Set(trace.HeaderExpired, "The debug token has expired. Request a new one.")
	case trace.WrongAPI:
		h.Header.Set(trace.HeaderWrongAPI, "The debug token is for another API.")
	}
	return h
}

// body streams the body. It reports whether it was sent completely.
func (w *answer) body(ctx context.Context, r *exchange.Response) bool {
	s, err := r.Body.Open()
	if errors.Is(err, exchange.ErrConsumed) {
		// A policy read the body without keeping it: there is nothing to send.
		return true
	}
	defer func() { _ = s.Close() }()
	if early, ok := s.(interface{ Ready() bool }); ok && !early.Ready() {
		// The head does not wait for a body that takes its time.
		if w.sink.Chunk(nil) != nil {
			w.gone()
			return false
		}
	}
	for {
		chunk, err := s.Next(ctx)
		if len(chunk) > 0 {
			if w.sink.Chunk(chunk) != nil {
				w.gone()
				return false
			}
			if w.bytes == 0 && w.now != nil {
				w.first = w.now()
			}
			w.tap.Watch(chunk)
			w.bytes += int64(len(chunk))
			w.last = [2]byte{w.last[1], chunk[len(chunk)-1]}
			if len(chunk) > 1 {
				w.last[0] = chunk[len(chunk)-2]
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return true
		case stopping(ctx):
			w.cut(r, exchange.ErrStopping)
			return false
		case errors.Is(err, exchange.ErrClientGone) || ctx.Err() != nil:
			w.gone()
			return false
		default:
			w.cut(r, err)
			return false
		}
	}
}

// stopping reports whether it is the gateway that ends the exchange.
func stopping(ctx context.Context) bool {
	return ctx.Err() != nil && errors.Is(context.Cause(ctx), exchange.ErrStopping)
}

// cut ends an answer whose backend died in the middle, so that no client takes
// it for complete.
func (w *answer) cut(r *exchange.Response, cause error) {
	w.outcome = telemetry.Cut
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	coding := r.Header.Get("Content-Encoding")
	if media == "text/event-stream" && (coding == "" || strings.EqualFold(coding, "identity")) && r.Body.Length() < 0 {
		event := lastEvent(w.x, cause)
		if w.bytes > 0 && w.last != [2]byte{'\n', '\n'} {
			// Ours must not become part of an event that was cut in two.
			event = "\n\n" + event
		}
		_ = w.sink.Chunk([]byte(event))
	}
	w.ended = true
	w.sink.Abort()
	w.tell("The backend closed the connection before the response was complete. The response to the caller was aborted.")
	w.keep()
}

// tell tells the trace how the answer gets on.
func (w *answer) tell(message string) {
	if w.x.Trace.On() {
		w.x.Trace.Add("outbound", "transfer-response", map[string]any{"message": message})
	}
}

func (w *answer) gone() {
	w.status, w.outcome = 499, telemetry.ClientGone
	if w.leave != nil {
		w.leave(exchange.ErrClientGone)
	}
	w.ended = true
	w.sink.Abort()
	w.tell("The caller closed the connection before the response was complete.")
	w.keep()
}

// keep puts the finished trace where it can be fetched.
func (w *answer) keep() {
	if w.trace == nil || !w.x.Trace.On() {
		return
	}
	w.trace.Put(&trace.Trace{
		Service: w.service.apim.Name, ID: w.x.ID.String(), Generation: w.x.Generation, Entries: w.x.Trace.Entries(),
	})
}

// broken answers after a panic as far as an answer is still possible.
func (w *answer) broken() {
	if w.ended {
		return
	}
	w.status, w.outcome, w.ended = 500, telemetry.Broken, true
	if r := w.x.Response; r != nil {
		_ = r.Body.Close()
	}
	defer w.keep()
	if w.started {
		w.sink.Abort()
		return
	}
	r := (&exchange.Error{Source: "gateway", Reason: exchange.ReasonInternal}).Response(w.x.ID)
	if w.sink.Head(&exchange.ResponseHead{Status: r.Status, Reason: r.Reason, Header: r.Header, Length: r.Body.Length()}) == nil &&
		w.sink.Chunk(r.Body.Bytes()) == nil {
		_ = w.sink.End()
	}
}
