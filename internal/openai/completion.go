package openai

import "encoding/json"

// CompletionRequest is the body of completions, the API before chat.
type CompletionRequest struct {
	Model            string          `json:"model"`
	Prompt           Input           `json:"prompt"`
	Suffix           *string         `json:"suffix"`
	MaxTokens        *int            `json:"max_tokens"`
	Temperature      *float64        `json:"temperature"`
	TopP             *float64        `json:"top_p"`
	N                *int            `json:"n"`
	BestOf           *int            `json:"best_of"`
	Stream           bool            `json:"stream"`
	StreamOptions    *StreamOptions  `json:"stream_options"`
	Logprobs         *int            `json:"logprobs"`
	Echo             bool            `json:"echo"`
	Stop             Texts           `json:"stop"`
	PresencePenalty  *float64        `json:"presence_penalty"`
	FrequencyPenalty *float64        `json:"frequency_penalty"`
	LogitBias        json.RawMessage `json:"logit_bias"`
	Seed             *int64          `json:"seed"`
	User             string          `json:"user"`
}

// DefaultCompletionTokens is max_tokens of a completion that does not say.
const DefaultCompletionTokens = 16

// Limit is the most tokens that each answer may have.
func (r *CompletionRequest) Limit() int {
	if r.MaxTokens == nil {
		return DefaultCompletionTokens
	}
	return *r.MaxTokens
}

// Choices is the number of answers that are made for each prompt: best_of
// counts, though only n of them are sent.
func (r *CompletionRequest) Choices() (sent, made int) {
	sent = 1
	if r.N != nil {
		sent = *r.N
	}
	made = sent
	if r.BestOf != nil {
		made = max(made, *r.BestOf)
	}
	return sent, made
}

// Completion is the answer of completions, and each of its chunks.
type Completion struct {
	Choices             []CompletionChoice   `json:"choices"`
	Created             int64                `json:"created"`
	ID                  string               `json:"id"`
	Model               string               `json:"model"`
	Object              string               `json:"object"`
	PromptFilterResults []PromptFilterResult `json:"prompt_filter_results,omitempty"`
	Usage               **Usage              `json:"usage,omitempty"`
}

// CompletionChoice is one answer or a piece of it.
type CompletionChoice struct {
	FilterResults *FilterResults `json:"content_filter_results,omitempty"`
	FinishReason  *string        `json:"finish_reason"`
	Index         int            `json:"index"`
	Logprobs      *TextLogprobs  `json:"logprobs"`
	Text          string         `json:"text"`
}

// TextLogprobs are the probabilities of a completion's tokens, each list one
// entry a token.
type TextLogprobs struct {
	TextOffset    []int                `json:"text_offset"` // in characters, the prompt's included when echoed
	TokenLogprobs []float64            `json:"token_logprobs"`
	Tokens        []string             `json:"tokens"`
	TopLogprobs   []map[string]float64 `json:"top_logprobs"`
}
