package telemetry

import (
	"bytes"
	"encoding/json"
)

// Usage is how many tokens an answer says it used.
type Usage struct{ Prompt, Completion int64 }

// maxUsage is how much is kept of what follows a "usage"; the longest that are
// known have a few hundred bytes.
const maxUsage = 4 << 10

// usageKey begins a usage in JSON. Within a text of JSON its quotes would be
// escaped, so that no model can make up its own.
var usageKey = []byte(`"usage"`)

// Tap watches the bytes of an answer go by and finds its usage, whatever pieces
// they come in. It keeps only what follows the last two places that may be one,
// and changes nothing. The zero Tap is ready; a nil one watches nothing.
type Tap struct {
	edge    [6]byte // the last bytes, which may be the beginning of a key
	edged   int
	value   []byte // what follows the last key
	earlier []byte // what follows the last but one that has an object
	open    bool   // value goes on
}

// Watch sees the next bytes. They are copied.
func (t *Tap) Watch(chunk []byte) {
	if t == nil || len(chunk) == 0 {
		return
	}
	rest := chunk
	if t.edged > 0 {
		// A key that began in the pieces before.
		var both [12]byte
		n := copy(both[:], t.edge[:t.edged])
		n += copy(both[n:], chunk[:min(len(chunk), len(t.edge))])
		if i := bytes.Index(both[:n], usageKey); i >= 0 {
			from := i + len(usageKey) - t.edged
			t.follow(chunk[:max(0, i-t.edged)])
			t.begin()
			rest = chunk[from:]
		}
	}
	for {
		i := bytes.Index(rest, usageKey)
		if i < 0 {
			break
		}
		t.follow(rest[:i])
		t.begin()
		rest = rest[i+len(usageKey):]
	}
	t.follow(rest)
	t.remember(chunk)
}

// remember keeps the last bytes.
func (t *Tap) remember(chunk []byte) {
	if len(chunk) >= len(t.edge) {
		t.edged = copy(t.edge[:], chunk[len(chunk)-len(t.edge):])
		return
	}
	if over := t.edged + len(chunk) - len(t.edge); over > 0 {
		copy(t.edge[:], t.edge[over:t.edged])
		t.edged -= over
	}
	t.edged += copy(t.edge[t.edged:], chunk)
}

// begin comes with a key. Streams say "usage": null in each event but the one
// that counts, which need not be the last.
func (t *Tap) begin() {
	if _, ok := object(t.value); ok {
		t.earlier, t.value = t.value, t.earlier
	}
	t.value, t.open = t.value[:0], true
}

// follow keeps what comes after a key.
func (t *Tap) follow(b []byte) {
	if t.open {
		b = b[:min(len(b), maxUsage-len(t.value))]
		t.value = append(t.value, b...)
		t.open = len(t.value) < maxUsage && mayBeObject(t.value)
	}
}

// mayBeObject reports whether what follows a key is an object as far as it has
// come.
func mayBeObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 {
		return true
	}
	if b[0] != ':' {
		return false
	}
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	return len(b) == 0 || b[0] == '{'
}

// object is the usage that follows a key.
func object(b []byte) (Usage, bool) {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 || b[0] != ':' {
		return Usage{}, false
	}
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	if len(b) == 0 || b[0] != '{' {
		return Usage{}, false
	}
	var u struct {
		PromptTokens     int64 `json:"prompt_tokens"`
		CompletionTokens int64 `json:"completion_tokens"`
		InputTokens      int64 `json:"input_tokens"` // the Responses API's words
		OutputTokens     int64 `json:"output_tokens"`
	}
	if json.NewDecoder(bytes.NewReader(b)).Decode(&u) != nil {
		return Usage{}, false
	}
	return Usage{max(0, u.PromptTokens+u.InputTokens), max(0, u.CompletionTokens+u.OutputTokens)}, true
}

// Usage is what the last usage in the answer says; zero where there is none.
func (t *Tap) Usage() Usage {
	if t == nil {
		return Usage{}
	}
	if u, ok := object(t.value); ok {
		return u
	}
	u, _ := object(t.earlier)
	return u
}
