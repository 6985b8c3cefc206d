package telemetry

import (
	"bytes"
	"encoding/json"
)

// Usage is how many tokens an answer says it used.
type Usage struct{ Prompt, Completion int64 }

// tail is how much of the end of an answer is kept: what follows the usage in an
// answer, or in the last events of a stream, is far shorter.
const tail = 16 << 10

// Tap watches the bytes of an answer go by and finds its usage, whatever pieces
// they come in. It keeps only their end, and changes nothing. The zero Tap is
// ready; a nil one watches nothing.
type Tap struct{ kept []byte }

// Watch sees the next bytes. They are copied.
func (t *Tap) Watch(chunk []byte) {
	if t == nil {
		return
	}
	if len(chunk) >= tail {
		t.kept = append(t.kept[:0], chunk[len(chunk)-tail:]...)
		return
	}
	if len(t.kept)+len(chunk) > 2*tail {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-tail+len(chunk):]...)
	}
	t.kept = append(t.kept, chunk...)
}

// usageKey begins a usage in JSON. Within a text of JSON its quotes would be
// escaped, so that no model can make up its own.
var usageKey = []byte(`"usage"`)

// Usage is what the last usage in the answer says; zero where there is none.
func (t *Tap) Usage() Usage {
	if t == nil {
		return Usage{}
	}
	for rest := t.kept; ; {
		i := bytes.LastIndex(rest, usageKey)
		if i < 0 {
			return Usage{}
		}
		value := bytes.TrimLeft(t.kept[i+len(usageKey):], " \t\r\n")
		if len(value) > 0 && value[0] == ':' {
			var u struct {
				PromptTokens     int64 `json:"prompt_tokens"`
				CompletionTokens int64 `json:"completion_tokens"`
				InputTokens      int64 `json:"input_tokens"` // the Responses API's words
				OutputTokens     int64 `json:"output_tokens"`
			}
			value = bytes.TrimLeft(value[1:], " \t\r\n")
			if len(value) > 0 && value[0] == '{' && json.NewDecoder(bytes.NewReader(value)).Decode(&u) == nil {
				return Usage{max(0, u.PromptTokens+u.InputTokens), max(0, u.CompletionTokens+u.OutputTokens)}
			}
		}
		rest = rest[:i]
	}
}
