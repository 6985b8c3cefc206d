package openai

import (
	"bytes"
	"strings"
)

// ContentTypeSSE is the media type of an event stream.
const ContentTypeSSE = "text/event-stream"

// Done is the data of the event that ends a stream of chat or completions. The
// Responses API has no such event.
const Done = "[DONE]"

// AppendEvent appends one server-sent event; name may be empty. Line ends in
// data begin new data lines, as the format wants.
func AppendEvent(dst []byte, name string, data []byte) []byte {
	if name != "" {
		dst = append(dst, "event: "...)
		dst = append(dst, name...)
		dst = append(dst, '\n')
	}
	for {
		line, rest, more := cutLine(data)
		dst = append(dst, "data: "...)
		dst = append(dst, line...)
		dst = append(dst, '\n')
		if !more {
			return append(dst, '\n')
		}
		data = rest
	}
}

// cutLine cuts b at its first CRLF, CR or LF.
func cutLine(b []byte) (line, rest []byte, found bool) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil, false
	}
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		return b[:i], b[i+2:], true
	}
	return b[:i], b[i+1:], true
}

// Event is one server-sent event. Data is valid until the callback returns.
type Event struct {
	Name string // "" when the stream did not say
	Data []byte
	// Oversize says that the event was larger than the splitter's limit; its
	// Data is empty then.
	Oversize bool
}

// MaxEvent is the size up to which a Splitter keeps an event, 1 MiB.
const MaxEvent = 1 << 20

// Splitter finds the events in a stream that comes in pieces, cut anywhere:
// it is a tap beside the stream, which itself passes on unchanged. Lines end
// in LF, CR or CRLF; comments and unknown fields are skipped, several data
// lines are joined by LF, as the HTML standard says (section 9.2.6). The zero
// Splitter with its OnEvent is ready. It is not safe for concurrent use.
type Splitter struct {
	// OnEvent is called for every event that has data, in order.
	OnEvent func(Event)
	// Limit is the largest event kept, in bytes; 0 means MaxEvent.
	Limit int

	line     []byte // the line so far
	skipping bool   // the line is over the limit: its rest is dropped
	sawCR    bool   // the last byte was CR: an LF belongs to it
	begun    bool   // past the place of a byte order mark
	name     string
	data     []byte
	hasData  bool
	oversize bool
}

// Write takes the next piece of the stream. It never fails.
func (s *Splitter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if s.sawCR {
			s.sawCR = false
			if p[0] == '\n' {
				p = p[1:]
				continue
			}
		}
		i := indexLineEnd(p)
		if i < 0 {
			s.keep(p)
			break
		}
		s.keep(p[:i])
		s.sawCR = p[i] == '\r'
		p = p[i+1:]
		s.endLine()
	}
	return n, nil
}

// End says that the stream is over. An event that no blank line ended is
// reported all the same, as clients of these APIs take it; the result says
// whether there was one.
func (s *Splitter) End() bool {
	if len(s.line) > 0 || s.skipping {
		s.endLine()
	}
	return s.dispatch()
}

func indexLineEnd(p []byte) int {
	lf := bytes.IndexByte(p, '\n')
	if lf < 0 {
		return bytes.IndexByte(p, '\r')
	}
	if cr := bytes.IndexByte(p[:lf], '\r'); cr >= 0 {
		return cr
	}
	return lf
}

func (s *Splitter) limit() int {
	if s.Limit > 0 {
		return s.Limit
	}
	return MaxEvent
}

// keep adds to the line, up to the limit and the field's name.
func (s *Splitter) keep(p []byte) {
	if s.skipping || len(p) == 0 {
		return
	}
	if len(s.line)+len(p) > s.limit()+len("data: ") {
		s.skipping = true
		if room := len("event: ") - len(s.line); room > 0 {
			s.line = append(s.line, p[:min(room, len(p))]...)
		}
		return
	}
	s.line = append(s.line, p...)
}

var byteOrderMark = []byte("\ufeff")

func (s *Splitter) endLine() {
	line, cut := s.line, s.skipping
	s.line, s.skipping = s.line[:0], false
	if !s.begun {
		s.begun = true
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if len(line) == 0 && !cut {
		s.dispatch()
		return
	}
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "data":
		if cut || len(s.data)+len(value)+1 > s.limit()+1 {
			s.oversize, s.hasData, s.data = true, true, s.data[:0]
			return
		}
		if s.oversize {
			return
		}
		if s.hasData {
			s.data = append(s.data, '\n')
		}
		s.data = append(s.data, value...)
		s.hasData = true
	case "event":
		s.name = strings.Clone(string(value))
	}
}

func (s *Splitter) dispatch() bool {
	had := s.hasData
	if had {
		s.OnEvent(Event{Name: s.name, Data: s.data, Oversize: s.oversize})
	}
	if cap(s.data) > 64<<10 {
		s.data = nil // one large event must not hold its memory for the stream's life
	}
	s.name, s.data, s.hasData, s.oversize = "", s.data[:0], false, false
	return had
}
