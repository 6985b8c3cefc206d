package trace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Trace is the finished record of one request.
type Trace struct {
	Service    string // name of the service
	ID         string // the request's id
	Generation string // of the compiled service that ran it
	Entries    []Entry
}

// The sections in the order in which APIM's trace lists them.
var sections = [...]string{"inbound", "backend", "outbound", "on-error"}

type entryJSON struct {
	Source    string          `json:"source"`
	Timestamp string          `json:"timestamp"`
	Elapsed   string          `json:"elapsed"`
	Data      json.RawMessage `json:"data"`
	Scope     string          `json:"scope,omitempty"`
	Path      string          `json:"path,omitempty"`
	File      string          `json:"file,omitempty"`
	Line      int             `json:"line,omitempty"`
}

// timestampLayout is a .NET DateTime in UTC with all seven digits.
const timestampLayout = "2006-01-02T15:04:05.0000000Z"

// JSON is the trace in APIM's shape. Sections without entries are left out, as
// the service does.
func (t *Trace) JSON() []byte { return t.render(false) }

// View is APIM's shape with what it has no place for: the generation, and each
// entry's scope, path, file and line.
func (t *Trace) View() []byte { return t.render(true) }

func (t *Trace) render(extra bool) []byte {
	var b []byte
	b = append(b, `{"serviceName":`...)
	b = append(b, render(t.Service)...)
	b = append(b, `,"traceId":`...)
	b = append(b, render(t.ID)...)
	if extra {
		b = append(b, `,"generation":`...)
		b = append(b, render(t.Generation)...)
	}
	b = append(b, `,"traceEntries":{`...)
	first := true
	for _, section := range sections {
		list := []entryJSON{}
		for _, e := range t.Entries {
			if e.Section != section {
				continue
			}
			j := entryJSON{
				Source: e.Source, Timestamp: e.Timestamp.UTC().Format(timestampLayout),
				Elapsed: timeSpan(e.Elapsed), Data: e.Data,
			}
			if extra {
				j.Scope, j.Path, j.File, j.Line = e.Scope, e.Path, e.File, e.Line
			}
			list = append(list, j)
		}
		if len(list) == 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, render(section)...)
		b = append(b, ':')
		b = append(b, render(list)...)
	}
	return append(b, "}}"...)
}

// timeSpan is d as .NET's constant format with all seven digits.
func timeSpan(d time.Duration) string {
	ticks := d.Nanoseconds() / 100
	sign := ""
	if ticks < 0 {
		sign, ticks = "-", -ticks
	}
	s := ticks / 1e7
	text := fmt.Sprintf("%02d:%02d:%02d.%07d", s/3600%24, s/60%60, s%60, ticks%1e7)
	if days := s / 86400; days > 0 {
		text = fmt.Sprintf("%d.%s", days, text)
	}
	return sign + text
}

// Parse reads what JSON or View rendered, entries in order of time.
func Parse(text []byte) (*Trace, error) {
	var j struct {
		Service    string                 `json:"serviceName"`
		ID         string                 `json:"traceId"`
		Generation string                 `json:"generation"`
		Entries    map[string][]entryJSON `json:"traceEntries"`
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	t := &Trace{Service: j.Service, ID: j.ID, Generation: j.Generation}
	for _, section := range sections {
		for _, e := range j.Entries[section] {
			at, err := time.Parse(time.RFC3339Nano, e.Timestamp)
			if err != nil {
				return nil, fmt.Errorf("read the trace: timestamp of %s: %w", e.Source, err)
			}
			elapsed, err := parseTimeSpan(e.Elapsed)
			if err != nil {
				return nil, fmt.Errorf("read the trace: elapsed of %s: %w", e.Source, err)
			}
			t.Entries = append(t.Entries, Entry{
				Section: section, Source: e.Source, Timestamp: at, Elapsed: elapsed,
				Data: e.Data, Scope: e.Scope, Path: e.Path, File: e.File, Line: e.Line,
			})
		}
	}
	slices.SortStableFunc(t.Entries, func(a, b Entry) int { return cmp.Compare(a.Elapsed, b.Elapsed) })
	return t, nil
}

func parseTimeSpan(text string) (time.Duration, error) {
	var days, h, m, s, ticks int64
	if n, _ := fmt.Sscanf(text, "%d.%d:%d:%d.%7d", &days, &h, &m, &s, &ticks); n != 5 {
		days, ticks = 0, 0
		n, err := fmt.Sscanf(text, "%d:%d:%d.%7d", &h, &m, &s, &ticks)
		if n < 3 {
			return 0, fmt.Errorf("%q is not a time span: %w", text, err)
		}
	}
	seconds := ((days*24+h)*60+m)*60 + s
	return time.Duration(seconds)*time.Second + time.Duration(ticks)*100, nil
}
