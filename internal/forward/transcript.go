package forward

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

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
	roles  map[int]bool
	ended  map[int]string // finish reasons
}

// place is a text of a choice: its content, or a refusal.
type place struct {
	choice int
	field  string
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
	t := &Transcript{said: map[place][]byte{}, roles: map[int]bool{}, ended: map[int]string{}}
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
	for _, one := range c.Choices {
		for field, raw := range one.Delta {
			if _, isText := text(raw); !isText && given(raw) {
				return c, "it holds " + field
			}
		}
	}
	return c, ""
}

// given reports whether a member is there and says something.
func given(raw json.RawMessage) bool {
	s := string(raw)
	return s != "" && s != "null" && s != "[]" && s != "{}"
}

func text(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
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
	for _, one := range c.Choices {
		for field, raw := range one.Delta {
			s, ok := text(raw)
			switch {
			case !ok:
			case field == "role":
				t.roles[one.Index] = true
			case s != "":
				t.say(place{one.Index, field}, s)
			}
		}
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

// ErrDisagrees says that another answer is not the one that was begun.
var ErrDisagrees = errors.New("the answer is another one")

// Splice goes on with a chat from the stream of another answer. It is not safe
// for concurrent use.
type Splice struct {
	t     *Transcript
	split openai.Splitter
	had   map[place]int // how much of each text was said before
	heard map[place]int // how much of it this stream has said
	out   []byte
	err   error
}

// Agree is a splice with an answer to the same request, which counts where it
// repeats what was said to the letter.
func (t *Transcript) Agree() *Splice {
	s := t.Continue()
	for at, said := range t.said {
		s.had[at] = len(said)
	}
	return s
}

// Continue is a splice with an answer that is the rest.
func (t *Transcript) Continue() *Splice {
	s := &Splice{t: t, had: map[place]int{}, heard: map[place]int{}}
	s.split = openai.Splitter{OnEvent: s.event, Limit: mostHeld}
	return s
}

// Take sees the next piece of the other stream, and gives the events that the
// client lacks. They are valid until the next call. After an error the stream is
// of no use any more.
func (s *Splice) Take(piece []byte) ([]byte, error) {
	s.out = s.out[:0]
	if s.err == nil {
		_, _ = s.split.Write(piece)
	}
	return s.out, s.err
}

// End says that the other stream is complete. The error says that it ended before
// it said what the client has.
func (s *Splice) End() ([]byte, error) {
	s.out = s.out[:0]
	if s.err == nil {
		s.split.End()
	}
	if s.err == nil && !s.Level() {
		s.fail("it ends earlier")
	}
	return s.out, s.err
}

// Level reports whether the stream has said all that the client has.
func (s *Splice) Level() bool {
	for at, n := range s.had {
		if s.heard[at] < n {
			return false
		}
	}
	return true
}

func (s *Splice) fail(why string) { s.err = fmt.Errorf("%w: %s", ErrDisagrees, why) }

func (s *Splice) event(e openai.Event) {
	if s.err != nil {
		return
	}
	if string(e.Data) == openai.Done {
		switch {
		case !s.Level():
			s.fail("it ends earlier")
		case !s.t.done:
			s.t.done = true
			s.out = openai.AppendEvent(s.out, "", e.Data)
		}
		return
	}
	c, why := parse(e)
	if why != "" {
		s.fail(why)
		return
	}
	level := s.Level()
	var raw struct {
		Choices []map[string]json.RawMessage `json:"choices"`
	}
	_ = json.Unmarshal(e.Data, &raw)
	var kept []map[string]json.RawMessage
	for i := range c.Choices {
		fresh := s.choice(&c.Choices[i], raw.Choices[i], level)
		if s.err != nil {
			return
		}
		if fresh {
			kept = append(kept, raw.Choices[i])
		}
	}
	bare := len(c.Choices) == 0
	switch {
	case bare && given(c.Usage):
		if s.t.usage || !level {
			return
		}
	case bare:
		if s.t.filter || !level {
			return
		}
	case kept == nil:
		return
	}
	s.emit(e.Data, &c, kept)
}

// choice judges what a chunk says of one choice. It reports whether that is news
// to the client, and takes from raw what is not.
func (s *Splice) choice(one *chunkChoice, raw map[string]json.RawMessage, level bool) (fresh bool) {
	var delta map[string]json.RawMessage
	role := false
	for field, value := range one.Delta {
		text, ok := text(value)
		if !ok {
			continue
		}
		if field == "role" {
			role = true
			if s.t.roles[one.Index] {
				delta = without(delta, one.Delta, field)
			} else {
				fresh = true
			}
			continue
		}
		at := place{one.Index, field}
		known := s.t.said[at][:s.had[at]]
		known = known[min(s.heard[at], len(known)):]
		n := min(len(text), len(known))
		if string(known[:n]) != text[:n] {
			s.fail(fmt.Sprintf("it differs after %d bytes of what the client has", s.heard[at]))
			return false
		}
		s.heard[at] += len(text)
		switch {
		case n == len(text) && text != "":
			delta = without(delta, one.Delta, field)
		case n > 0:
			delta = without(delta, one.Delta, field)
			rest, _ := marshal(text[n:])
			delta[field] = rest
			raw["logprobs"] = json.RawMessage("null") // they are of the whole piece
			fresh = true
		case text != "":
			fresh = true
		}
	}
	if one.Finish != nil {
		for at, n := range s.had {
			if at.choice == one.Index && s.heard[at] < n {
				s.fail("it ends earlier")
				return false
			}
		}
		before, ended := s.t.ended[one.Index]
		switch {
		case ended && before != *one.Finish:
			s.fail("it ends in another way")
			return false
		case !ended:
			fresh = true
		}
	} else if _, ended := s.t.ended[one.Index]; ended && fresh {
		s.fail("it goes on where the client has the end")
		return false
	}
	if one.Finish == nil && !role && level {
		fresh = true // what brings no text: the results of a filter, which come beside it
	}
	if delta != nil {
		raw["delta"], _ = marshal(delta)
	}
	return fresh
}

// without is a copy of a delta without a field; the copy once made is used again.
func without(made, delta map[string]json.RawMessage, field string) map[string]json.RawMessage {
	if made == nil {
		made = make(map[string]json.RawMessage, len(delta))
		for k, v := range delta {
			made[k] = v
		}
	}
	delete(made, field)
	return made
}

// emit writes an event for the client, with the names of the stream it has.
func (s *Splice) emit(data []byte, c *chunk, choices []map[string]json.RawMessage) {
	var whole map[string]json.RawMessage
	_ = json.Unmarshal(data, &whole)
	if choices != nil {
		whole["choices"], _ = marshal(choices)
	}
	if first := &s.t.chunk; first.ID != "" && c.ID != "" {
		whole["id"], _ = marshal(first.ID)
		for name, value := range map[string]json.RawMessage{"created": first.Created, "model": first.Model, "system_fingerprint": first.Fingerprint} {
			if _, has := whole[name]; has && len(value) > 0 {
				whole[name] = value
			}
		}
	}
	event, err := marshal(whole)
	if err != nil {
		s.fail(err.Error())
		return
	}
	s.out = openai.AppendEvent(s.out, "", event)
	var sent chunk
	_ = json.Unmarshal(event, &sent)
	s.t.note(&sent)
	if s.t.why != "" {
		// Too long to be taken up again; this splice has what it needs.
		s.t.said = map[place][]byte{}
		s.had = map[place]int{}
	}
}

// marshal is JSON that leaves <, > and & alone, as the service does.
func marshal(v any) (json.RawMessage, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n")), err
}
