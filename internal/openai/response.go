package openai

import (
	"bytes"
	"encoding/json"
)

// ResponseRequest is the body of responses.
type ResponseRequest struct {
	Model              string          `json:"model"`
	Input              ResponseInput   `json:"input"`
	Instructions       string          `json:"instructions"`
	MaxOutputTokens    *int            `json:"max_output_tokens"`
	PreviousResponseID string          `json:"previous_response_id"`
	Stream             bool            `json:"stream"`
	StreamOptions      json.RawMessage `json:"stream_options"`
	Store              *bool           `json:"store"`
	Include            []string        `json:"include"`
	Metadata           json.RawMessage `json:"metadata"`
	Temperature        *float64        `json:"temperature"`
	TopP               *float64        `json:"top_p"`
	Tools              json.RawMessage `json:"tools"`
	ToolChoice         json.RawMessage `json:"tool_choice"`
	ParallelToolCalls  *bool           `json:"parallel_tool_calls"`
	Reasoning          json.RawMessage `json:"reasoning"`
	Text               json.RawMessage `json:"text"`
	Truncation         *string         `json:"truncation"`
	Background         bool            `json:"background"`
	MaxToolCalls       *int            `json:"max_tool_calls"`
	Conversation       json.RawMessage `json:"conversation"`
	Prompt             json.RawMessage `json:"prompt"`
	PromptCacheKey     *string         `json:"prompt_cache_key"`
	PromptCacheRetain  *string         `json:"prompt_cache_retention"`
	SafetyIdentifier   *string         `json:"safety_identifier"`
	ServiceTier        *string         `json:"service_tier"`
	TopLogprobs        *int            `json:"top_logprobs"`
	User               string          `json:"user"`
}

// Kept reports whether the answer is to be stored, as it is unless the request
// says otherwise.
func (r *ResponseRequest) Kept() bool { return r.Store == nil || *r.Store }

// Wants reports whether the request includes an extra part of the answer.
func (r *ResponseRequest) Wants(part string) bool {
	for _, w := range r.Include {
		if w == part {
			return true
		}
	}
	return false
}

// ResponseInput is a text or a list of items.
type ResponseInput struct {
	Text  string
	Items []InputItem
	given bool
}

// Given reports whether the field stood in the request.
func (in *ResponseInput) Given() bool { return in.given }

// UnmarshalJSON reads a string or an array.
func (in *ResponseInput) UnmarshalJSON(b []byte) error {
	*in = ResponseInput{given: true}
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, &in.Items)
	}
	return json.Unmarshal(b, &in.Text)
}

// InputItem is one item of an input: a message, a function's output, a
// reasoning item of an earlier answer. Raw is the item as it came.
type InputItem struct {
	Type             string
	ID               string
	Role             string
	Content          Content
	EncryptedContent string
	Output           string
	CallID           string
	Name             string
	Arguments        string
	Raw              json.RawMessage
}

// UnmarshalJSON reads an item and keeps it.
func (it *InputItem) UnmarshalJSON(b []byte) error {
	var w struct {
		Type             string  `json:"type"`
		ID               string  `json:"id"`
		Role             string  `json:"role"`
		Content          Content `json:"content"`
		EncryptedContent string  `json:"encrypted_content"`
		Output           Content `json:"output"`
		CallID           string  `json:"call_id"`
		Name             string  `json:"name"`
		Arguments        string  `json:"arguments"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*it = InputItem{
		Type: w.Type, ID: w.ID, Role: w.Role, Content: w.Content,
		EncryptedContent: w.EncryptedContent, Output: w.Output.String(),
		CallID: w.CallID, Name: w.Name, Arguments: w.Arguments, Raw: bytes.Clone(b),
	}
	if it.Type == "" {
		it.Type = "message"
	}
	return nil
}

// Response is the answer of responses, stored under its id. Model repeats the
// deployment's name; the model itself is told in a header.
type Response struct {
	ID                 string          `json:"id"`
	Object             string          `json:"object"`
	CreatedAt          int64           `json:"created_at"`
	Status             string          `json:"status"`
	Background         bool            `json:"background"`
	Error              *ResponseError  `json:"error"`
	IncompleteDetails  *Incomplete     `json:"incomplete_details"`
	Instructions       *string         `json:"instructions"`
	MaxOutputTokens    *int            `json:"max_output_tokens"`
	Model              string          `json:"model"`
	Output             []OutputItem    `json:"output"`
	ParallelToolCalls  bool            `json:"parallel_tool_calls"`
	PreviousResponseID *string         `json:"previous_response_id"`
	Reasoning          json.RawMessage `json:"reasoning"`
	Store              bool            `json:"store"`
	Temperature        float64         `json:"temperature"`
	Text               json.RawMessage `json:"text"`
	ToolChoice         json.RawMessage `json:"tool_choice"`
	Tools              json.RawMessage `json:"tools"`
	TopP               float64         `json:"top_p"`
	Truncation         string          `json:"truncation"`
	Usage              *ResponseUsage  `json:"usage"`
	User               *string         `json:"user"`
	Metadata           json.RawMessage `json:"metadata"`
}

// ResponseError says why a response failed.
type ResponseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Incomplete says why a response ended early.
type Incomplete struct {
	Reason string `json:"reason"`
}

// ResponseTool is a tool of the Responses API; unlike chat's, a function is
// declared beside its type.
type ResponseTool struct {
	Type string `json:"type"`
	Function
}

// ResponseText is what the request's text says of the answer's format.
type ResponseText struct {
	Format struct {
		Type   string          `json:"type"`
		Schema json.RawMessage `json:"schema"`
	} `json:"format"`
}

// Compaction is the answer of responses/compact: a conversation made short, to be
// sent back in the place of what it was made of.
type Compaction struct {
	ID        string            `json:"id"`
	Object    string            `json:"object"`
	CreatedAt int64             `json:"created_at"`
	Output    []json.RawMessage `json:"output"`
	Usage     *ResponseUsage    `json:"usage"`
}

// OutputItem is a message, a call of a function or a reasoning item of an answer.
// A message has content even when there is none yet, and a call arguments, which
// clients count on; a reasoning item has a summary instead.
type OutputItem struct {
	ID               string        `json:"id"`
	Type             string        `json:"type"`
	Status           string        `json:"status,omitempty"`
	Content          *[]OutputText `json:"content,omitempty"`
	Role             string        `json:"role,omitempty"`
	Summary          *[]any        `json:"summary,omitempty"`
	EncryptedContent string        `json:"encrypted_content,omitempty"`
	Arguments        *string       `json:"arguments,omitempty"`
	CallID           string        `json:"call_id,omitempty"`
	Name             string        `json:"name,omitempty"`
}

// OutputText is the text of a message.
type OutputText struct {
	Type        string `json:"type"`
	Annotations []any  `json:"annotations"`
	Logprobs    []any  `json:"logprobs"`
	Text        string `json:"text"`
}

// ResponseUsage counts the tokens of a response, under names of its own.
type ResponseUsage struct {
	InputTokens  int `json:"input_tokens"`
	InputDetails struct {
		CachedTokens int `json:"cached_tokens"`
	} `json:"input_tokens_details"`
	OutputTokens  int `json:"output_tokens"`
	OutputDetails struct {
		ReasoningTokens int `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
	TotalTokens int `json:"total_tokens"`
}
