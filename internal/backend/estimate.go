package backend

import (
	"encoding/json"
	"unicode/utf8"
)

// Estimate reads from a request's body what Azure will take off the quota when
// it arrives: the prompt by its characters, four a token, and max_tokens for
// each choice (spec: azure-openai.md 4). A body that is no such request leaves r
// as it is.
func (r *Request) Estimate(body []byte) {
	var ask struct {
		Model               string          `json:"model"`
		Stream              bool            `json:"stream"`
		Messages            json.RawMessage `json:"messages"`
		Prompt              json.RawMessage `json:"prompt"`
		Input               json.RawMessage `json:"input"`
		Instructions        json.RawMessage `json:"instructions"`
		MaxTokens           int             `json:"max_tokens"`
		MaxCompletionTokens int             `json:"max_completion_tokens"`
		MaxOutputTokens     int             `json:"max_output_tokens"`
		N                   int             `json:"n"`
		BestOf              int             `json:"best_of"`
	}
	if json.Unmarshal(body, &ask) != nil {
		return
	}
	if r.Deployment == "" {
		r.Deployment = ask.Model
	}
	r.Stream = ask.Stream
	chars := 0
	for _, part := range []json.RawMessage{ask.Messages, ask.Prompt, ask.Input, ask.Instructions} {
		chars += characters(part)
	}
	r.Prompt = (chars + 3) / 4
	most := min(max(0, ask.MaxTokens, ask.MaxCompletionTokens, ask.MaxOutputTokens), mostTokens)
	r.Charge = r.Prompt + most*min(max(1, ask.N, ask.BestOf), mostTokens)
}

// mostTokens bounds each number that a request asks by: what is beyond it is no
// number of tokens, and products of two must not overflow.
const mostTokens = 1 << 30

// mostCharacters bounds what a base64 image adds to an estimate: its size says
// nothing about its tokens.
const mostCharacters = 32 << 10

// characters counts those of the strings that are values, by which texts go: not
// names of properties, and of a string that long only its beginning.
func characters(text []byte) int {
	total := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		begin := i + 1
		for i++; i < len(text) && text[i] != '"'; i++ {
			if text[i] == '\\' {
				i++
			}
		}
		if i >= len(text) {
			break
		}
		rest := i + 1
		for rest < len(text) && (text[rest] == ' ' || text[rest] == '\n' || text[rest] == '\t' || text[rest] == '\r') {
			rest++
		}
		if rest < len(text) && text[rest] == ':' {
			continue
		}
		if n := utf8.RuneCount(text[begin:i]); n < mostCharacters {
			total += n
		} else {
			total += mostCharacters
		}
	}
	return total
}
