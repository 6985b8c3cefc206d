package forward

import (
	"encoding/json"
	"errors"
	"mime"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// mostOpening is how much of a stream is looked at before it is let go, decided
// or not.
const mostOpening = 64 << 10

// opening looks at the first events of an event stream, before any of it belongs
// to the client. A region that answers 200 and then says in its first event that
// it cannot serve has failed like one that says so by its status (spec:
// reliability.md 2, row 14). With hold, events without content are waited over:
// the role of a chat, the results of the prompt's filter.
type opening struct {
	hold    bool
	split   openai.Splitter
	size    int
	line    []byte // the line so far, without the spaces of its value
	skip    bool   // the line is no data
	begun   bool   // past the place of a byte order mark
	maybe   bool   // the first data line begins as an error does
	events  int
	decided bool
	status  int // what the error event comes to; 0 when there was none
}

// newOpening looks at the beginning of an answer for which isEvents holds.
func newOpening(hold bool) *opening {
	o := &opening{hold: hold}
	o.split = openai.Splitter{OnEvent: o.event, Limit: mostOpening}
	return o
}

// isEvents reports whether an answer is an event stream that can be read as it
// is: a good one, without a content coding.
func isEvents(in *exchange.Inbound) bool {
	return plainEvents(in.Status, in.Header, in.Body)
}

// IsEvents is the same of an answer that has been settled.
func IsEvents(r *exchange.Response) bool { return plainEvents(r.Status, r.Header, r.Body) }

func plainEvents(status int, h exchange.Header, b *exchange.Body) bool {
	if status < 200 || status > 299 || b.Kind() != exchange.Streaming {
		return false
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	coding := h.Get("Content-Encoding")
	return err == nil && media == openai.ContentTypeSSE && (coding == "" || strings.EqualFold(coding, "identity"))
}

// take sees the next piece and reports whether enough is known.
func (o *opening) take(chunk []byte) bool {
	if o.decided {
		return true
	}
	o.size += len(chunk)
	if !o.hold && o.events == 0 {
		// Few streams begin with an error: the others are known by their first
		// bytes and wait for nothing.
		if !o.mayBeError(chunk) {
			o.decided, o.line = true, nil
			return true
		}
	}
	_, _ = o.split.Write(chunk)
	if o.size >= mostOpening {
		o.decided = true
	}
	return o.decided
}

// ended says that the stream is complete.
func (o *opening) ended() {
	if !o.decided {
		o.split.End()
		o.decided = true
	}
}

func (o *opening) event(e openai.Event) {
	o.events++
	if o.decided {
		return
	}
	if e.Oversize {
		o.decided = true
		return
	}
	status, empty := judge(e)
	o.status = status
	o.decided = status != 0 || !empty || !o.hold
}

// beginnings are those of events that say an error, without spaces.
var beginnings = []string{`{"error"`, `{"type":"error"`, `{"type":"response.failed"`}

// mayBeError reports whether the first event, of which this is the next piece, may
// still turn out to be an error. Every byte is looked at once, however small the
// pieces are.
func (o *opening) mayBeError(piece []byte) bool {
	const field = "data:"
	for _, c := range piece {
		if o.maybe {
			return true
		}
		if !o.begun {
			if c == 0xef || c == 0xbb || c == 0xbf {
				continue // of a byte order mark
			}
			o.begun = true
		}
		switch {
		case c == '\r' || c == '\n':
			if !o.skip && len(o.line) >= len(field) {
				return false // it has ended too early
			}
			o.line, o.skip = o.line[:0], false
		case o.skip, len(o.line) >= len(field) && (c == ' ' || c == '\t'):
		default:
			o.line = append(o.line, c)
			if n := len(o.line); n <= len(field) {
				o.skip = string(o.line) != field[:n]
				continue
			}
			possible := false
			for _, b := range beginnings {
				n := min(len(b), len(o.line)-len(field))
				if string(o.line[len(field):len(field)+n]) == b[:n] {
					possible, o.maybe = true, o.maybe || n == len(b)
				}
			}
			if !possible {
				return false
			}
		}
	}
	return true
}

// told is the part of an event that is looked at.
type told struct {
	Type     string          `json:"type"`
	Code     json.RawMessage `json:"code"`
	Error    *fault          `json:"error"`
	Response struct {
		Error *fault `json:"error"`
	} `json:"response"`
	Choices []struct {
		Text         string                     `json:"text"`
		FinishReason json.RawMessage            `json:"finish_reason"`
		Delta        map[string]json.RawMessage `json:"delta"`
	} `json:"choices"`
}

type fault struct {
	Code   json.RawMessage `json:"code"`
	Type   json.RawMessage `json:"type"`
	Status json.RawMessage `json:"status"`
}

// judge is the status that an error event comes to, 0 for another event, and
// whether that has no content.
func judge(e openai.Event) (status int, empty bool) {
	var t told
	if err := json.Unmarshal(e.Data, &t); err != nil {
		var wrong *json.UnmarshalTypeError
		if !errors.As(err, &wrong) || t.Error == nil {
			return 0, false // [DONE], or what is not for us to judge
		}
	}
	switch {
	case t.Error != nil:
		return t.Error.status(), false
	case t.Type == "error":
		return (&fault{Code: t.Code}).status(), false
	case t.Type == "response.failed":
		if t.Response.Error == nil {
			return 500, false
		}
		return t.Response.Error.status(), false
	}
	switch t.Type {
	case "response.created", "response.queued", "response.in_progress", "response.output_item.added", "response.content_part.added":
		return 0, true
	case "":
		return 0, t.empty()
	}
	return 0, false
}

// empty reports whether the event is one of a chat or completion and brings
// nothing that a model has written.
func (t *told) empty() bool {
	if t.Choices == nil {
		return false
	}
	for _, c := range t.Choices {
		if c.Text != "" || len(c.FinishReason) > 0 && string(c.FinishReason) != "null" {
			return false
		}
		for name, value := range c.Delta {
			if name != "role" && string(value) != "null" && string(value) != `""` {
				return false
			}
		}
	}
	return true
}

// status is that of the answer that the error would have been.
func (f *fault) status() int {
	for _, raw := range []json.RawMessage{f.Status, f.Code, f.Type} {
		text := strings.ToLower(strings.Trim(string(raw), `"`))
		if n, err := strconv.Atoi(text); err == nil && n >= 400 && n <= 599 {
			return n
		}
		for _, w := range words {
			if strings.Contains(text, w.part) {
				return w.status
			}
		}
	}
	return 500
}

// words are parts of codes and types, and the statuses that they come with
// elsewhere (spec: azure-openai.md 3).
var words = []struct {
	part   string
	status int
}{
	{"rate_limit", 429},
	{"ratelimit", 429},
	{"too_many", 429},
	{"toomany", 429},
	{"throttl", 429},
	{"quota", 429},
	{"no_capacity", 429},
	{"content_filter", 400},
	{"invalid", 400},
	{"context_length", 400},
	{"unsupported", 400},
	{"unavailable", 503},
	{"overloaded", 503},
	{"timeout", 504},
}
