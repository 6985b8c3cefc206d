package forward

import (
	"encoding/json"
	"fmt"
	"strings"
)

// place is a text of a choice, by the way that leads to it in a delta: content,
// refusal, tool_calls[0].function.arguments. Texts come in pieces, which are
// joined.
type place struct {
	choice int
	path   string
}

// once reports whether a text is a name, which comes whole and says nothing by
// itself: the role, the ids of calls of tools. Two regions give two ids to the
// same call.
func (at place) once() bool { return at.path == "role" || strings.HasSuffix(at.path, ".id") }

// deepest is how many objects a text of a delta may lie within.
const deepest = 8

// walk calls f with each text of a delta. What holds anything else than texts,
// objects of them and lists of such objects with an index is strange: nobody knows
// how its pieces are joined.
func (c *chunkChoice) walk(f func(place, string)) (strange string) {
	for field, raw := range c.Delta {
		if !walk(place{c.Index, field}, raw, f) {
			strange = field
		}
	}
	return strange
}

func walk(at place, raw json.RawMessage, f func(place, string)) bool {
	if !given(raw) {
		return true
	}
	if strings.Count(at.path, ".") > deepest {
		return false
	}
	if said, ok := text(raw); ok {
		f(at, said)
		return true
	}
	if members, ok := object(raw); ok {
		return walkMembers(at, members, f)
	}
	elements, ok := list(raw)
	for _, e := range elements {
		ok = walkMembers(place{at.choice, fmt.Sprintf("%s[%d]", at.path, e.index)}, e.members, f) && ok
	}
	return ok
}

func walkMembers(at place, members map[string]json.RawMessage, f func(place, string)) bool {
	ok := true
	for name, raw := range members {
		if !isIndex(name, raw) {
			ok = walk(place{at.choice, at.path + "." + name}, raw, f) && ok
		}
	}
	return ok
}

// element is one of a list of pieces; index says of which whole.
type element struct {
	index   int
	members map[string]json.RawMessage
	raw     json.RawMessage
}

// list are the elements of a list, each of which has an index.
func list(raw json.RawMessage) (elements []element, ok bool) {
	var all []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &all) != nil {
		return nil, false
	}
	for _, one := range all {
		e := element{raw: one}
		if e.members, ok = object(one); !ok || !isIndex("index", e.members["index"]) || json.Unmarshal(e.members["index"], &e.index) != nil {
			return nil, false
		}
		elements = append(elements, e)
	}
	return elements, true
}

func isIndex(name string, raw json.RawMessage) bool {
	return name == "index" && len(raw) > 0 && raw[0] >= '0' && raw[0] <= '9'
}

func object(raw json.RawMessage) (members map[string]json.RawMessage, ok bool) {
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &members) != nil {
		return nil, false
	}
	return members, true
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

// marshal is JSON that leaves <, > and & alone, as the service does.
func marshal(v any) (json.RawMessage, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n")), err
}
