package forward

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spillway-gateway/spillway/internal/openai"
)

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
	p := pruning{Splice: s, choice: one.Index}
	rest := map[string]json.RawMessage{}
	for _, field := range slices.Sorted(maps.Keys(one.Delta)) {
		if value, keep := p.prune(field, one.Delta[field]); keep {
			rest[field] = value
		}
	}
	if s.err != nil {
		return false
	}
	if p.news && !s.levelAt(one.Index) {
		// Its other texts are behind: what the client has of them would come after.
		s.fail("it says something else first")
		return false
	}
	fresh = p.news || p.names
	if one.Finish != nil {
		if !s.levelAt(one.Index) {
			s.fail("it ends earlier")
			return false
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
	if one.Finish == nil && !p.known && level {
		fresh = true // what brings no text: the results of a filter, which come beside it
	}
	if p.changed {
		raw["delta"], _ = marshal(rest)
	}
	if p.part {
		raw["logprobs"] = json.RawMessage("null") // they are of the whole piece
	}
	return fresh
}

// levelAt reports whether the stream has said all that the client has of a choice.
func (s *Splice) levelAt(choice int) bool {
	for at, n := range s.had {
		if at.choice == choice && s.heard[at] < n {
			return false
		}
	}
	return true
}

// pruning takes from one delta what the client has.
type pruning struct {
	*Splice
	choice  int
	news    bool // there is text that the client lacks
	names   bool // there are names that the client lacks
	known   bool // there are names that it has
	changed bool
	part    bool // a text is news in part
}

// prune is what is left of a value; keep is false where that is nothing.
func (p *pruning) prune(path string, raw json.RawMessage) (rest json.RawMessage, keep bool) {
	if said, ok := text(raw); ok {
		return p.piece(place{p.choice, path}, said, raw)
	}
	if members, ok := object(raw); ok {
		return p.members(path, members, raw)
	}
	elements, ok := list(raw)
	if !ok {
		return raw, true
	}
	var kept []json.RawMessage
	for _, e := range elements {
		if value, keep := p.members(fmt.Sprintf("%s[%d]", path, e.index), e.members, e.raw); keep {
			kept = append(kept, value)
		}
	}
	if p.changed {
		raw, _ = marshal(kept)
	}
	return raw, len(kept) > 0
}

// members prunes those of an object. One of which nothing is left but its index
// says nothing more.
func (p *pruning) members(path string, members map[string]json.RawMessage, raw json.RawMessage) (json.RawMessage, bool) {
	rest := map[string]json.RawMessage{}
	dropped, left := false, 0
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if isIndex(name, members[name]) {
			rest[name] = members[name]
			continue
		}
		value, keep := p.prune(path+"."+name, members[name])
		if !keep {
			dropped = true
			continue
		}
		rest[name] = value
		left++
	}
	if p.changed {
		raw, _ = marshal(rest)
	}
	return raw, left > 0 || !dropped
}

// piece is what is left of a piece of a text.
func (p *pruning) piece(at place, said string, raw json.RawMessage) (json.RawMessage, bool) {
	if at.once() {
		if p.t.named[at] {
			p.known, p.changed = true, true
			return nil, false
		}
		p.names = true
		return raw, true
	}
	known := p.t.said[at][:p.had[at]]
	known = known[min(p.heard[at], len(known)):]
	n := min(len(said), len(known))
	if string(known[:n]) != said[:n] && p.err == nil {
		p.fail(fmt.Sprintf("it differs after %d bytes of what the client has", p.heard[at]))
	}
	p.heard[at] += len(said)
	switch {
	case n == len(said) && n > 0:
		p.changed = true
		return nil, false
	case n > 0:
		p.news, p.changed, p.part = true, true, true
		rest, _ := marshal(said[n:])
		return rest, true
	case said != "":
		p.news = true
	}
	return raw, true
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
