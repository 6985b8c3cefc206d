// Package telemetry tells the operator what happened: one log record a request
// and one an attempt. No secret ever gets into a record: paths are logged
// without their query, addresses without credentials, and texts go through the
// service's mask.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// Log writes access records as JSON lines. A nil *Log writes nothing. It is
// safe for concurrent use.
type Log struct {
	logger  *slog.Logger
	metrics *Metrics
}

// New is a log that writes to w; level is the least level that is written.
func New(w io.Writer, level slog.Leveler) *Log {
	return &Log{logger: slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: plain}))}
}

// Count lets m see every record, whatever the level. It is called before the
// first of them.
func (l *Log) Count(m *Metrics) { l.metrics = m }

// Tap is for an answer whose usage is to be counted; nil when nobody counts.
func (l *Log) Tap() *Tap {
	if l == nil || l.metrics == nil {
		return nil
	}
	return &Tap{}
}

// Logger is the logger itself, for records that are no access records.
func (l *Log) Logger() *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.logger
}

// plain escapes control characters, which terminals would obey, and writes
// times in UTC.
func plain(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if s := a.Value.String(); strings.ContainsFunc(s, control) {
			a.Value = slog.StringValue(strings.Map(func(r rune) rune {
				if control(r) {
					return '\ufffd'
				}
				return r
			}, s))
		}
	case slog.KindTime:
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

func control(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 }

// Outcome is how writing an answer ended.
type Outcome string

// The ways an answer can end.
const (
	Complete   Outcome = "complete"
	Cut        Outcome = "cut"           // the backend ended the body before its end
	ClientGone Outcome = "client_closed" // the caller left
	Broken     Outcome = "broken"        // a bug of ours
)

// Finished is what is known of a request when it is over.
type Finished struct {
	X        *exchange.Exchange
	Status   int
	Bytes    int64
	Outcome  Outcome
	Duration time.Duration
	// FirstByte is the time until the first byte of the answer's body; 0 when
	// there was none. Usage is what the answer says of itself.
	FirstByte time.Duration
	Usage     Usage
	// Mask hides secrets in messages; nil hides nothing.
	Mask func(string) string
}

// Request writes the record of a request and one of each of its attempts.
func (l *Log) Request(f *Finished) {
	if l == nil {
		return
	}
	l.metrics.Request(f)
	if !l.logger.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	x := f.X
	id := x.ID.String()
	attrs := make([]slog.Attr, 0, 20)
	attrs = append(attrs,
		slog.String("correlationId", id),
		slog.String("generation", x.Generation),
		slog.String("method", x.Original.Method),
		slog.String("path", x.Original.URL.Path),
		slog.Int("status", f.Status),
		slog.String("outcome", string(f.Outcome)),
		slog.Int64("bytes", f.Bytes),
		slog.Float64("durationMs", milliseconds(f.Duration)),
		slog.String("clientIp", x.ClientIP),
		slog.Int("attempts", len(x.Attempts)),
	)
	if f.FirstByte > 0 {
		attrs = append(attrs, slog.Float64("firstByteMs", milliseconds(f.FirstByte)))
	}
	if f.Usage != (Usage{}) {
		attrs = append(attrs, slog.Int64("promptTokens", f.Usage.Prompt), slog.Int64("completionTokens", f.Usage.Completion))
	}
	if x.API != nil {
		attrs = append(attrs, slog.String("api", x.API.Name))
	}
	if x.Operation != nil {
		attrs = append(attrs, slog.String("operation", x.Operation.Name))
	}
	if x.Product != nil {
		attrs = append(attrs, slog.String("product", x.Product.Name))
	}
	if x.Subscription != nil {
		attrs = append(attrs, slog.String("subscription", x.Subscription.Name))
	}
	if e := x.LastError; e != nil {
		attrs = append(attrs, f.failure("lastError", e))
	}
	if e := x.OnErrorFailure; e != nil {
		attrs = append(attrs, f.failure("onErrorFailure", e))
	}
	l.logger.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs...)
	for i := range x.Attempts {
		l.attempt(f, id, i)
	}
}

func (l *Log) attempt(f *Finished, id string, i int) {
	a := &f.X.Attempts[i]
	attrs := append(make([]slog.Attr, 0, 12),
		slog.String("correlationId", id),
		slog.Int("attempt", i+1),
		slog.String("backend", a.Backend),
		slog.String("url", f.mask(withoutQuery(a.URL))),
		slog.Int("status", a.Status),
		slog.String("outcome", a.Outcome),
		slog.Float64("headMs", milliseconds(a.Head)),
	)
	if a.Error != "" {
		attrs = append(attrs, slog.String("error", f.mask(a.Error)))
	}
	if a.FirstByte > 0 {
		attrs = append(attrs, slog.Float64("firstByteMs", milliseconds(a.FirstByte)))
	}
	if a.Pool != "" {
		attrs = append(attrs, slog.String("pool", a.Pool))
	}
	if a.Probe {
		attrs = append(attrs, slog.Bool("probe", true))
	}
	if a.Hedge {
		attrs = append(attrs, slog.Bool("hedge", true))
	}
	if a.Resume {
		attrs = append(attrs, slog.Bool("resume", true))
	}
	if a.Hint > 0 {
		attrs = append(attrs, slog.Float64("retryAfterMs", milliseconds(a.Hint)))
	}
	l.logger.LogAttrs(context.Background(), slog.LevelInfo, "attempt", attrs...)
}

// Breaker records a circuit breaker that opened. asked is how long the answer
// that opened it asked to be left alone, 0 when the rule's own time was taken.
func (l *Log) Breaker(backend string, until time.Time, asked time.Duration) {
	attrs := []any{"backend", backend, "until", until.UTC()}
	if asked > 0 {
		attrs = append(attrs, "retryAfterMs", milliseconds(asked))
	}
	l.Logger().Warn("circuit breaker opened", attrs...)
}

// Write writes an event that a policy logs.
func (l *Log) Write(logger, partition, message string) {
	attrs := []any{"logger", logger, "event", message}
	if partition != "" {
		attrs = append(attrs, "partition", partition)
	}
	l.Logger().Info("event of a policy", attrs...)
}

func (f *Finished) failure(name string, e *exchange.Error) slog.Attr {
	return slog.Group(name,
		slog.String("source", e.Source), slog.String("reason", e.Reason), slog.String("message", f.mask(e.Message)),
		slog.String("scope", e.Scope), slog.String("section", e.Section), slog.String("path", e.Path))
}

func (f *Finished) mask(s string) string {
	if f.Mask == nil {
		return s
	}
	return f.Mask(s)
}

func withoutQuery(url string) string {
	url, _, _ = strings.Cut(url, "?")
	return url
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

// Panic records a bug of ours that a request ran into.
func (l *Log) Panic(id exchange.GUID, bug any, stack []byte) {
	l.panicked(bug, stack, "correlationId", id.String())
}

// Bug records a bug of ours that no request ran into.
func (l *Log) Bug(bug any, stack []byte) { l.panicked(bug, stack) }

func (l *Log) panicked(bug any, stack []byte, attrs ...any) {
	if l != nil {
		l.metrics.panicked()
	}
	l.Logger().Error("panic", append(attrs, "panic", bug, "stack", string(stack))...)
}
