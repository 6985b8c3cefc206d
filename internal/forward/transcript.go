package forward

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spillway-gateway/spillway/internal/openai"
)

const (
	// mostSaid is how much text of a stream is kept to go on from.
	mostSaid = 1 << 20
	// mostHeld is how large one event may be that is held until it is complete.
	mostHeld = 256 << 10
)

// Transcript follows a streamed chat on its way to a client, to be able to go on
// with it from another region's answer. It lets only whole events through, so
// that a client never has half of one when the stream breaks off. It is not safe
// for concurrent use.
type Transcript struct {
	held  []byte // of an event that is not complete
	line  int    // bytes of held after its last line end
	cr    bool   // the last byte was CR
	split openai.Splitter

	why    string // why it cannot be gone on with, "" if it can
	chunk  chunk  // the first with an id: what all others bear
	filter bool   // the results of the prompt's filter have been sent
	usage  bool
	done   bool
	said   map[place][]byte
	size   int
	named  map[place]bool // what is said once
	ended  map[int]string // finish reasons
}

// chunk is an event of a streamed chat, as far as it is looked at. What it has
// beside that stays in the raw form.
type chunk struct {
	ID          string          `json:"id"`
	Object      string          `json:"object"`
	Created     json.RawMessage `json:"created"`
	Model       json.RawMessage `json:"model"`
	Fingerprint json.RawMessage `json:"system_fingerprint"`
	Error       json.RawMessage `json:"error"`
	Usage       json.RawMessage `json:"usage"`
	Filter      json.RawMessage `json:"prompt_filter_results"`
	Choices     []chunkChoice   `json:"choices"`
}

type chunkChoice struct {
	Index  int                        `json:"index"`
	Delta  map[string]json.RawMessage `json:"delta"`
	Finish *string                    `json:"finish_reason"`
}

// NewTranscript has nothing said yet.
func NewTranscript() *Transcript {
	t := &Transcript{said: map[place][]byte{}, named: map[place]bool{}, ended: map[int]string{}}
	t.split = openai.Splitter{OnEvent: t.event, Limit: mostHeld}
	return t
}

// Take sees the next piece of the stream and gives what may go to the client: the
// events that are complete. It is valid until the next call.
func (t *Transcript) Take(piece []byte) []byte {
	whole := 0
	before := len(t.held)
	for i, b := range piece {
		switch {
		case b == '\n' && t.cr:
			// It belongs to the CR before it.
			if whole == before+i {
				whole++
			}
			t.cr = false
			continue
		case b == '\n' || b == '\r':
			if t.line == 0 {
				whole = before + i + 1
			}
			t.line = 0
		default:
			t.line++
		}
		t.cr = b == '\r'
	}
	t.held = append(t.held, piece...)
	if t.why != "" || len(t.held)-whole > mostHeld {
		t.block("one of its events is too large")
		whole = len(t.held)
	}
	if whole == 0 {
		return nil // and nothing is copied, however small the pieces are
	}
	out := t.held[:whole:whole]
	t.held = append([]byte(nil), t.held[whole:]...)
	if t.why == "" {
		_, _ = t.split.Write(out)
	}
	return out
}

// Rest is what is held of an event that is not complete.
func (t *Transcript) Rest() []byte {
	rest := t.held
	t.held = nil
	return rest
}

// Why says why the stream cannot be gone on with, "" if it can.
func (t *Transcript) Why() string {
	if t.why == "" && t.done {
		return "nothing of it is missing"
	}
	return t.why
}

// Said is how many bytes of text the client has.
func (t *Transcript) Said() int { return t.size }

func (t *Transcript) block(why string) {
	if t.why == "" {
		t.why = why
		clear(t.said)
	}
}

// parse reads an event; why is what makes it one that nobody can go on from.
func parse(e openai.Event) (c chunk, why string) {
	if e.Oversize {
		return c, "one of its events is too large"
	}
	if json.Unmarshal(e.Data, &c) != nil || c.Choices == nil && len(c.Filter) == 0 {
		if given(c.Error) {
			return c, "it ended with an error of its own"
		}
		return c, "it is not a chat's"
	}
	if given(c.Error) {
		return c, "it ended with an error of its own"
	}
	for i := range c.Choices {
		if strange := c.Choices[i].walk(func(place, string) {}); strange != "" {
			return c, "it holds " + strange
		}
	}
	return c, ""
}

// event notes what the client has been sent.
func (t *Transcript) event(e openai.Event) {
	if t.why != "" {
		return
	}
	if string(e.Data) == openai.Done {
		t.done = true
		return
	}
	c, why := parse(e)
	if why != "" {
		t.block(why)
		return
	}
	t.note(&c)
}

func (t *Transcript) note(c *chunk) {
	if t.chunk.ID == "" && c.ID != "" {
		t.chunk = chunk{ID: c.ID, Created: bytes.Clone(c.Created), Model: bytes.Clone(c.Model), Fingerprint: bytes.Clone(c.Fingerprint)}
	}
	t.filter = t.filter || given(c.Filter)
	t.usage = t.usage || given(c.Usage)
	for i := range c.Choices {
		one := &c.Choices[i]
		one.walk(func(at place, said string) {
			switch {
			case at.once():
				t.named[at] = true
			case said != "":
				t.say(at, said)
			}
		})
		if one.Finish != nil {
			t.ended[one.Index] = *one.Finish
		}
	}
}

func (t *Transcript) say(at place, s string) {
	if t.size += len(s); t.size > mostSaid {
		t.block("it is too long")
		return
	}
	t.said[at] = append(t.said[at], s...)
}

// Continuation is a request that has the rest of the answer written: the one that
// was answered, with what the client has as the last message of the assistant
// and, unless it is empty, an instruction after it.
func (t *Transcript) Continuation(body []byte, instruction string) ([]byte, error) {
	var request map[string]json.RawMessage
	var messages []json.RawMessage
	if json.Unmarshal(body, &request) != nil || json.Unmarshal(request["messages"], &messages) != nil {
		return nil, errors.New("the request is not a chat's")
	}
	if len(t.ended) > 0 {
		return nil, errors.New("the answer had come to its end")
	}
	for at := range t.said {
		if at != (place{0, "content"}) {
			return nil, errors.New("more than the content of one choice has been sent")
		}
	}
	for at := range t.named {
		if at != (place{0, "role"}) {
			return nil, errors.New("more than the content of one choice has been sent")
		}
	}
	var n *int
	if json.Unmarshal(request["n"], &n) == nil && n != nil && *n > 1 {
		return nil, errors.New("more than one choice was asked for")
	}
	said := t.said[place{0, "content"}]
	add := func(role, content string) {
		message, _ := json.Marshal(map[string]string{"role": role, "content": content})
		messages = append(messages, message)
	}
	if len(said) > 0 {
		add("assistant", string(said))
		if instruction != "" {
			add("user", instruction)
		}
	}
	for _, limit := range []string{"max_tokens", "max_completion_tokens"} {
		var most *int
		if json.Unmarshal(request[limit], &most) != nil || most == nil {
			continue
		}
		// Four characters a token, as the service estimates.
		left := *most - (len(said)+3)/4
		if left < 1 {
			return nil, errors.New("the tokens that were asked for are used up")
		}
		request[limit] = json.RawMessage(fmt.Sprint(left))
	}
	request["messages"], _ = json.Marshal(messages)
	return json.Marshal(request)
}
