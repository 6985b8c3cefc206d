// Package trace records what each policy did with one request and renders it
// in APIM's trace shape.
//
// A nil *Recorder means that tracing is off: every method then returns at once
// and allocates nothing, so that callers need no test of their own as long as
// building the arguments costs nothing either; where it does, they ask On.
package trace

import (
	"encoding/json"
	"sync"
	"time"
)

// Entry is one event: a policy, or a step of the gateway itself.
type Entry struct {
	Section   string          // "inbound", "backend", "outbound", "on-error"
	Source    string          // policy name, or "api-inspector", "transfer-response", ...
	Timestamp time.Time       // UTC
	Elapsed   time.Duration   // since the request was received
	Data      json.RawMessage // a JSON string or object, secrets masked
	// Extra, which APIM's trace has no place for; the console's view shows it.
	Scope string // scope of the document the policy stands in
	Path  string // position, like choose[1]/when[2]
}

// Recorder collects the entries of one request. It is safe for concurrent use.
type Recorder struct {
	// Now reads the clock, Start is when the request was received.
	Now   func() time.Time
	Start time.Time
	// Mask replaces secrets in rendered JSON text; nil means none are known.
	Mask func(string) string

	mu      sync.Mutex
	entries []Entry
}

// On reports whether tracing is on.
func (r *Recorder) On() bool { return r != nil }

// Add records an event. data is rendered with encoding/json and masked.
func (r *Recorder) Add(section, source string, data any) {
	r.AddAt(section, source, "", "", data)
}

// AddAt records an event with the scope and path of its policy.
func (r *Recorder) AddAt(section, source, scope, path string, data any) {
	if r == nil {
		return
	}
	text, err := json.Marshal(data)
	if err != nil {
		text, _ = json.Marshal(err.Error())
	}
	if r.Mask != nil {
		text = []byte(r.Mask(string(text)))
	}
	now := r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, Entry{
		Section: section, Source: source, Timestamp: now.UTC(), Elapsed: now.Sub(r.Start),
		Data: text, Scope: scope, Path: path,
	})
}

// Entries are the events so far, oldest first.
func (r *Recorder) Entries() []Entry {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Entry(nil), r.entries...)
}
