package builtin

import (
	"bytes"
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
	"github.com/spillway-gateway/spillway/internal/telemetry"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// meter finds out how many tokens an answer used, by watching it go by: what its
// usage says, or, of a stream without one, an estimate of what it brought.
type meter struct {
	tap    telemetry.Tap
	stream bool
	line   []byte
	chars  int
}

// maxEventLine bounds what is kept of an event's line.
const maxEventLine = 1 << 20

// watch begins with the body of an answer, whose bytes must be plain. It is nil
// for what is no answer of a model.
func watch(p *exchange.Response) *meter {
	if !p.FromBackend || p.Status >= 300 {
		return nil
	}
	m := &meter{stream: strings.HasPrefix(strings.ToLower(p.Header.Get("Content-Type")), "text/event-stream")}
	p.Body.Watch(m.see)
	return m
}

func (m *meter) see(chunk []byte) {
	m.tap.Watch(chunk)
	for m.stream && len(chunk) > 0 {
		line, rest, ended := bytes.Cut(chunk, []byte{'\n'})
		if len(m.line) < maxEventLine {
			m.line = append(m.line, line...)
		}
		if chunk = rest; ended {
			m.event()
		}
	}
}

func (m *meter) event() {
	if data, ok := bytes.CutPrefix(m.line, []byte("data:")); ok {
		m.chars += openai.DeltaChars(data)
	}
	m.line = m.line[:0]
}

// used is what the answer used; prompt is the estimate of the request's prompt,
// which counts where the answer itself says nothing.
func (m *meter) used(prompt int64) telemetry.Usage {
	if m == nil {
		return telemetry.Usage{}
	}
	u := m.tap.Usage()
	if u == (telemetry.Usage{}) && m.stream {
		m.event()
		return telemetry.Usage{Prompt: prompt, Completion: int64(openai.EstimateChars(m.chars))}
	}
	return u
}
