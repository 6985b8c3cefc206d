// Package trace records what each policy did with one request and renders it
// in APIM's trace shape, and as a story for people. It keeps finished traces
// for a while and issues the tokens that ask for one.
//
// A nil *Recorder means that tracing is off: every method then returns at once
// and allocates nothing, so that callers need no test of their own as long as
// building the arguments costs nothing either; where it does, they ask On.
package trace

import (
	"bytes"
	"encoding/json"
	"strings"
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
	// File and Line are where the policy is written, in the document or fragment
	// that the generation was compiled from; "" and 0 for what no policy did.
	File string
	Line int
}

// Place is where the policy stands that an event belongs to; see Entry.
type Place struct {
	Scope, Path, File string
	Line              int
}

// What one entry may hold: texts of policies are cut to TextLimit before they
// are rendered, and data that is larger than dataLimit all the same is cut to
// the beginning of its JSON.
const (
	TextLimit = 8 << 10
	dataLimit = 64 << 10
)

// Text is s as a trace shows it: cut after TextLimit bytes, saying so.
func Text(s string) string {
	if len(s) <= TextLimit {
		return s
	}
	return strings.ToValidUTF8(s[:TextLimit], "") + "... (cut)"
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
	hidden  []string
}

// On reports whether tracing is on.
func (r *Recorder) On() bool { return r != nil }

// Add records an event. data is rendered with encoding/json and masked.
func (r *Recorder) Add(section, source string, data any) {
	r.AddAt(section, source, "", "", data)
}

// AddAt records an event with the scope and path of its policy.
func (r *Recorder) AddAt(section, source, scope, path string, data any) {
	r.AddPlaced(section, source, Place{Scope: scope, Path: path}, data)
}

// AddPlaced records an event with all that is known of its policy's place.
func (r *Recorder) AddPlaced(section, source string, at Place, data any) {
	if r == nil {
		return
	}
	text := render(data)
	if len(text) > dataLimit {
		text = render(Text(string(text)))
	}
	now := r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, Entry{
		Section: section, Source: source, Timestamp: now.UTC(), Elapsed: now.Sub(r.Start),
		Data: text, Scope: at.Scope, Path: at.Path, File: at.File, Line: at.Line,
	})
}

// render is data as JSON that leaves <, > and & alone, as Json.NET does.
func render(data any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(data); err != nil {
		b.Reset()
		_ = enc.Encode(err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// Hide adds texts that must not be seen in this trace, in earlier entries as
// little as in later ones: the caller's key, a token that a policy fetched. Of
// a text with a scheme, like "Bearer x", the part after it is hidden as well.
// Texts under 6 bytes are left alone: they would hide half the trace and are
// no secrets.
func (r *Recorder) Hide(texts ...string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range texts {
		if _, token, ok := strings.Cut(t, " "); ok && len(token) >= shortestSecret {
			r.hidden = append(r.hidden, token)
		}
		if len(t) >= shortestSecret {
			r.hidden = append(r.hidden, t)
		}
	}
}

// Entries are the events so far, oldest first, with secrets masked.
func (r *Recorder) Entries() []Entry {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	entries := append([]Entry(nil), r.entries...)
	hidden := append([]string(nil), r.hidden...)
	r.mu.Unlock()
	mask := NewMask(hidden)
	for i := range entries {
		text := mask.Apply(string(entries[i].Data))
		if r.Mask != nil {
			text = r.Mask(text)
		}
		entries[i].Data = json.RawMessage(text)
	}
	return entries
}
