package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Story writes the trace for people: one line an event with the time since the
// request came, indented by how deep the policy stands, and what it did. With
// color it marks times, sources and failures; colour never carries a meaning
// that the words do not.
func Story(w io.Writer, t *Trace, color bool) error {
	s := &story{paint: paint(color)}
	s.printf("%s\n", s.paint(bold, plain("trace "+t.ID))+s.about(t))
	section := ""
	for _, e := range t.Entries {
		if e.Section != section {
			section = e.Section
			s.printf("\n%s\n", s.paint(bold, section))
		}
		s.entry(e)
	}
	if len(t.Entries) == 0 {
		s.printf("\nno entries\n")
	}
	_, err := w.Write(s.out.Bytes())
	return err
}

type story struct {
	out   bytes.Buffer
	paint func(code, text string) string
}

// ANSI codes of the few colours a story uses.
const (
	bold = "1"
	dim  = "2"
	red  = "31"
	cyan = "36"
)

func paint(color bool) func(code, text string) string {
	return func(code, text string) string {
		if !color || text == "" {
			return text
		}
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
}

func (s *story) printf(format string, args ...any) { fmt.Fprintf(&s.out, format, args...) }

func (s *story) about(t *Trace) string {
	var parts []string
	if t.Service != "" {
		parts = append(parts, plain("service "+t.Service))
	}
	if t.Generation != "" {
		parts = append(parts, plain("generation "+t.Generation))
	}
	if n := len(t.Entries); n > 0 {
		parts = append(parts, "took "+milliseconds(t.Entries[n-1].Elapsed))
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + s.paint(dim, strings.Join(parts, ", "))
}

// milliseconds is a duration in the one unit that a story uses.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

const (
	timeWidth   = 12
	sourceWidth = 22
)

func (s *story) entry(e Entry) {
	depth := strings.Repeat("  ", strings.Count(e.Path, "/"))
	lines, failed := describe(e.Data)
	label := fmt.Sprintf("%-*s", sourceWidth, depth+plain(e.Source))
	if failed {
		label = s.paint(red, label)
	} else {
		label = s.paint(cyan, label)
	}
	s.printf("%s  %s ", s.paint(dim, fmt.Sprintf("%*s", timeWidth, milliseconds(e.Elapsed))), label)
	indent := strings.Repeat(" ", timeWidth+2+max(sourceWidth, len(depth)+len(e.Source))+1)
	for i, line := range lines {
		if i > 0 {
			s.printf("%s", indent)
		}
		s.printf("%s\n", plain(line))
	}
	if len(lines) == 0 {
		s.printf("\n")
	}
}

// plain makes control characters visible: a trace holds what a client sent,
// and a terminal would obey it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, text)
}

type pair struct{ Name, Value string }

// data is what the known kinds of entries hold.
type data struct {
	Message    json.RawMessage   `json:"message"`
	Messages   []json.RawMessage `json:"messages"`
	Expression *string           `json:"expression"`
	Value      json.RawMessage   `json:"value"`
	Details    string            `json:"details"`
	Request    *struct {
		Method  string `json:"method"`
		URL     string `json:"url"`
		Headers []pair `json:"headers"`
	} `json:"request"`
	Response *struct {
		Status struct {
			Code   json.RawMessage `json:"code"`
			Reason string          `json:"reason"`
		} `json:"status"`
		Headers []pair `json:"headers"`
	} `json:"response"`
}

// describe is the data of an entry in lines, and whether it tells a failure.
func describe(raw json.RawMessage) (lines []string, failed bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return strings.Split(strings.TrimRight(text, "\n"), "\n"), false
	}
	var d data
	if json.Unmarshal(raw, &d) != nil {
		return []string{string(raw)}, false
	}
	if d.Expression != nil && d.Details == "" {
		return strings.Split(oneLine(*d.Expression)+" = "+show(d.Value), "\n"), false
	}
	if len(d.Message) > 0 {
		lines = append(lines, strings.Split(show(d.Message), "\n")...)
	}
	for _, m := range d.Messages {
		failed = true
		var inner data
		if json.Unmarshal(m, &inner) == nil && inner.Expression != nil {
			lines = append(lines, oneLine(*inner.Expression)+": "+inner.Details)
			continue
		}
		lines = append(lines, strings.Split(show(m), "\n")...)
	}
	if r := d.Request; r != nil {
		lines = append(lines, strings.TrimSpace(r.Method+" "+r.URL))
		lines = append(lines, headers(r.Headers)...)
	}
	if r := d.Response; r != nil {
		lines = append(lines, strings.TrimSpace(show(r.Status.Code)+" "+r.Status.Reason))
		lines = append(lines, headers(r.Headers)...)
	}
	return append(lines, others(raw)...), failed
}

func headers(list []pair) []string {
	var lines []string
	for _, h := range list {
		lines = append(lines, "  "+h.Name+": "+h.Value)
	}
	return lines
}

// others are the properties that describe has no words for, in their order.
func others(raw json.RawMessage) []string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var lines []string
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		if err != nil || !isName {
			return lines
		}
		var v json.RawMessage
		if dec.Decode(&v) != nil {
			return lines
		}
		switch name {
		case "message", "messages", "expression", "value", "details", "request", "response":
		case "candidates":
			lines = append(lines, candidates(v)...)
		default:
			lines = append(lines, name+": "+show(v))
		}
	}
	return lines
}

// candidates are the members of a pool that a choice was made from, a line each.
func candidates(raw json.RawMessage) []string {
	var list []struct {
		Backend  string          `json:"backend"`
		State    string          `json:"state"`
		Priority int             `json:"priority"`
		Weight   int             `json:"weight"`
		InFlight int             `json:"inFlight"`
		Score    float64         `json:"score"`
		Belief   json.RawMessage `json:"belief"`
		WhyNot   string          `json:"whyNot"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return []string{"candidates: " + string(raw)}
	}
	var lines []string
	for _, c := range list {
		line := fmt.Sprintf("  %s: %s, priority %d, weight %d, in flight %d, score %.4g", c.Backend, c.State, c.Priority, c.Weight, c.InFlight, c.Score)
		if len(c.Belief) > 0 {
			line += ", belief " + string(c.Belief)
		}
		if c.WhyNot != "" {
			line += "; not chosen: " + c.WhyNot
		}
		lines = append(lines, line)
	}
	return lines
}

// show is a JSON value as people read it: a string without its quotes.
func show(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// oneLine is an expression in a line, as much of it as it is known by.
func oneLine(code string) string {
	text := []rune(strings.Join(strings.Fields(code), " "))
	if len(text) <= codeWidth {
		return string(text)
	}
	// The end says more than the middle: a block ends with what it returns.
	return string(text[:codeWidth*2/3]) + " … " + string(text[len(text)-codeWidth/3:])
}

// codeWidth is how much of an expression is shown, in characters: enough to
// know it by; the document has the whole.
const codeWidth = 150
