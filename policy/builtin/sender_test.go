package builtin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// scriptedSender answers the requests of policies as a story says: like its
// backend, but for "open".
type scriptedSender struct {
	story   *story
	answers []string
}

func (s *scriptedSender) Send(ctx context.Context, c builtin.Sending) (*exchange.Response, error) {
	log := &s.story.backend.log
	fmt.Fprintf(log, "=> %s %s timeout=%s\n", c.Request.Method, c.Request.URL, c.Timeout)
	if c.Proxy != "" {
		fmt.Fprintf(log, "   by %s as %s:%s\n", c.Proxy, c.ProxyUser, c.ProxyPassword)
	}
	writeHeader(log, c.Request.Header)
	writeBody(log, c.Request.Body)
	answer := "200"
	if len(s.answers) > 0 {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	switch answer {
	case "connect":
		return nil, &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("connection refused: 192.0.2.9:443")}
	case "timeout":
		return nil, fmt.Errorf("wait for the head: %w", exchange.ErrTimeout)
	case "large":
		return nil, exchange.ErrTooLarge
	}
	r, err := answered(answer)
	if err != nil {
		return nil, err
	}
	return r, r.Body.Buffer(ctx, 1<<20)
}

func (s *scriptedSender) Dispatch(c builtin.Sending) bool {
	s.story.backend.log.WriteString("one way\n")
	_, _ = s.Send(context.Background(), c)
	return true
}

// emitted keeps what policies emit.
type emitted struct{ lines []string }

func (e *emitted) Emit(namespace, name string, value float64, dimensions []telemetry.Dimension) {
	e.lines = append(e.lines, fmt.Sprintf("metric %s/%s %v %v\n", namespace, name, value, dimensions))
}

func (e *emitted) Write(logger, partition, message string) {
	e.lines = append(e.lines, fmt.Sprintf("event %s %q %q\n", logger, partition, message))
}

// words are what was emitted since it was asked for last.
func (e *emitted) words() string {
	text := strings.Join(e.lines, "")
	e.lines = nil
	return text
}
