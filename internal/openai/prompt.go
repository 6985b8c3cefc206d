package openai

import (
	"encoding/json"
	"unicode/utf8"
)

// Tokens that an estimate adds to those of the texts: for each message, for the
// beginning of the answer, and for an image, which may be as much (documented for
// APIM's estimates).
const (
	tokensPerMessage = 3
	tokensForAnswer  = 3
	tokensPerImage   = 1200
)

// Asked is what a request asks for, as far as its size goes.
type Asked struct {
	Stream bool
	// Tokens is an estimate of its prompt's.
	Tokens int64
	// Known says that it is a request whose prompt is known: chat, completion,
	// embedding or response.
	Known bool
}

// EstimatePrompt reads a request's body leniently, whichever of the APIs it is
// for. A body that is no request of theirs has no tokens.
func EstimatePrompt(body []byte) Asked {
	var q struct {
		Stream       any               `json:"stream"`
		Messages     []json.RawMessage `json:"messages"`
		Prompt       json.RawMessage   `json:"prompt"`
		Input        json.RawMessage   `json:"input"`
		Instructions string            `json:"instructions"`
		System       json.RawMessage   `json:"system"`
		Tools        json.RawMessage   `json:"tools"`
		Functions    json.RawMessage   `json:"functions"`
	}
	if json.Unmarshal(body, &q) != nil {
		return Asked{}
	}
	stream, _ := q.Stream.(bool)
	a := Asked{Stream: stream, Known: q.Messages != nil || q.Prompt != nil || q.Input != nil}
	if !a.Known {
		return a
	}
	var p prompt
	for _, m := range q.Messages {
		p.raw(m)
		p.tokens += tokensPerMessage
	}
	if q.Messages != nil {
		p.tokens += tokensForAnswer
	}
	for _, raw := range []json.RawMessage{q.Prompt, q.Input, q.System, q.Tools, q.Functions} {
		p.raw(raw)
	}
	p.chars += utf8.RuneCountInString(q.Instructions)
	a.Tokens = p.tokens + int64(EstimateChars(p.chars))
	return a
}

// prompt sums up what stands in a prompt.
type prompt struct {
	chars  int
	tokens int64
}

func (p *prompt) raw(raw json.RawMessage) {
	if raw == nil {
		return
	}
	var v any
	if json.Unmarshal(raw, &v) == nil {
		p.value(v)
	}
}

// value counts texts; a number is a token already.
func (p *prompt) value(v any) {
	switch v := v.(type) {
	case string:
		p.chars += utf8.RuneCountInString(v)
	case float64:
		p.tokens++
	case []any:
		for _, x := range v {
			p.value(x)
		}
	case map[string]any:
		switch v["type"] {
		case "image_url", "input_image", "image":
			p.tokens += tokensPerImage
			return
		}
		for name, x := range v {
			if name != "type" {
				p.value(x)
			}
		}
	}
}

// DeltaChars is the number of characters that an event of a stream adds to the
// answer, in any of the APIs.
func DeltaChars(event []byte) int {
	var e struct {
		Type    string          `json:"type"`
		Delta   json.RawMessage `json:"delta"`
		Choices []struct {
			Text  string `json:"text"`
			Delta struct {
				Content   string `json:"content"`
				Refusal   string `json:"refusal"`
				ToolCalls []struct {
					Function struct {
						Name      string `json:"name"`
						Arguments string `json:"arguments"`
					} `json:"function"`
				} `json:"tool_calls"`
			} `json:"delta"`
		} `json:"choices"`
	}
	if json.Unmarshal(event, &e) != nil {
		return 0
	}
	n := 0
	for i := range e.Choices {
		c := &e.Choices[i]
		n += utf8.RuneCountInString(c.Text) + utf8.RuneCountInString(c.Delta.Content) + utf8.RuneCountInString(c.Delta.Refusal)
		for _, t := range c.Delta.ToolCalls {
			n += utf8.RuneCountInString(t.Function.Name) + utf8.RuneCountInString(t.Function.Arguments)
		}
	}
	var text string
	if e.Delta != nil && json.Unmarshal(e.Delta, &text) == nil {
		n += utf8.RuneCountInString(text)
	}
	return n
}
