package openai

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// ChatRequest is the body of chat/completions.
type ChatRequest struct {
	Model               string          `json:"model"`
	Messages            []Message       `json:"messages"`
	Temperature         *float64        `json:"temperature"`
	TopP                *float64        `json:"top_p"`
	N                   *int            `json:"n"`
	Stream              bool            `json:"stream"`
	StreamOptions       *StreamOptions  `json:"stream_options"`
	Stop                Texts           `json:"stop"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	PresencePenalty     *float64        `json:"presence_penalty"`
	FrequencyPenalty    *float64        `json:"frequency_penalty"`
	LogitBias           json.RawMessage `json:"logit_bias"`
	Logprobs            bool            `json:"logprobs"`
	TopLogprobs         *int            `json:"top_logprobs"`
	ResponseFormat      *ResponseFormat `json:"response_format"`
	Seed                *int64          `json:"seed"`
	Tools               []Tool          `json:"tools"`
	ToolChoice          *ToolChoice     `json:"tool_choice"`
	ParallelToolCalls   *bool           `json:"parallel_tool_calls"`
	Functions           []Function      `json:"functions"`
	FunctionCall        *ToolChoice     `json:"function_call"`
	User                string          `json:"user"`
	ReasoningEffort     *string         `json:"reasoning_effort"`
	Store               *bool           `json:"store"`
	Metadata            json.RawMessage `json:"metadata"`
	DataSources         json.RawMessage `json:"data_sources"`
	Modalities          json.RawMessage `json:"modalities"`
	Audio               json.RawMessage `json:"audio"`
	Prediction          json.RawMessage `json:"prediction"`
	ServiceTier         *string         `json:"service_tier"`
	Verbosity           *string         `json:"verbosity"`
	WebSearchOptions    json.RawMessage `json:"web_search_options"`
	SafetyIdentifier    *string         `json:"safety_identifier"`
	PromptCacheKey      *string         `json:"prompt_cache_key"`
	PromptCacheRetain   *string         `json:"prompt_cache_retention"`
	UserSecurityContext json.RawMessage `json:"user_security_context"`
}

// Limit is the most tokens that the answer may have, or 0 for no limit.
func (r *ChatRequest) Limit() int {
	switch {
	case r.MaxCompletionTokens != nil:
		return *r.MaxCompletionTokens
	case r.MaxTokens != nil:
		return *r.MaxTokens
	default:
		return 0
	}
}

// Top is how many tokens that might have stood in a place the answer tells.
func (r *ChatRequest) Top() int {
	if r.TopLogprobs == nil {
		return 0
	}
	return *r.TopLogprobs
}

// Choices is the number of answers asked for, at least 1.
func (r *ChatRequest) Choices() int {
	if r.N == nil {
		return 1
	}
	return *r.N
}

// PromptChars is the number of characters that Azure's estimate counts: roles
// and texts of all messages, and the declarations of tools.
func (r *ChatRequest) PromptChars() int {
	n := 0
	for i := range r.Messages {
		n += r.Messages[i].chars()
	}
	for i := range r.Tools {
		n += r.Tools[i].Function.chars()
	}
	for i := range r.Functions {
		n += r.Functions[i].chars()
	}
	return n
}

func (f *Function) chars() int {
	return utf8.RuneCountInString(f.Name) + utf8.RuneCountInString(f.Description) + utf8.RuneCount(f.Parameters)
}

// StreamOptions asks for the chunk with the usage at the end of a stream.
type StreamOptions struct {
	IncludeUsage       bool  `json:"include_usage"`
	IncludeObfuscation *bool `json:"include_obfuscation"`
}

// ResponseFormat asks for text, some JSON object, or one that fits a schema.
type ResponseFormat struct {
	Type       string `json:"type"`
	JSONSchema *struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Schema      json.RawMessage `json:"schema"`
		Strict      *bool           `json:"strict"`
	} `json:"json_schema"`
}

// Tool is a function that the model may ask its caller to call.
type Tool struct {
	Type     string          `json:"type"`
	Function Function        `json:"function"`
	Custom   json.RawMessage `json:"custom"`
}

// Function declares a function by a JSON schema of its parameters.
type Function struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      *bool           `json:"strict"`
}

// ToolChoice is "none", "auto", "required", or the name of one function.
type ToolChoice struct {
	Mode     string // "" when a function is named
	Function string
}

// UnmarshalJSON reads the word, or the object that names a function in chat's
// form, in the Responses form or in that of function_call.
func (c *ToolChoice) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &c.Mode)
	}
	var named struct {
		Name     string `json:"name"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if err := json.Unmarshal(b, &named); err != nil {
		return err
	}
	c.Function = named.Function.Name
	if c.Function == "" {
		c.Function = named.Name
	}
	return nil
}

// Message is one message of a chat, asked or answered.
type Message struct {
	Role       string
	Content    Content
	Name       string
	ToolCalls  []ToolCall
	ToolCallID string
}

// UnmarshalJSON reads a message; what it does not know it leaves out, as the
// service takes messages that other models made.
func (m *Message) UnmarshalJSON(b []byte) error {
	var w struct {
		Role       string     `json:"role"`
		Content    Content    `json:"content"`
		Name       string     `json:"name"`
		ToolCalls  []ToolCall `json:"tool_calls"`
		ToolCallID string     `json:"tool_call_id"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*m = Message{w.Role, w.Content, w.Name, w.ToolCalls, w.ToolCallID}
	return nil
}

func (m *Message) chars() int {
	n := utf8.RuneCountInString(m.Role) + utf8.RuneCountInString(m.Name) + m.Content.Chars()
	for _, c := range m.ToolCalls {
		n += utf8.RuneCountInString(c.Function.Name) + utf8.RuneCountInString(c.Function.Arguments)
	}
	return n
}

// ToolCall asks for a call of a function.
type ToolCall struct {
	Index    *int     `json:"index,omitempty"` // in chunks only
	ID       string   `json:"id,omitempty"`
	Type     string   `json:"type,omitempty"`
	Function CallText `json:"function"`
}

// CallText is a function's name and its arguments, a text that holds JSON.
type CallText struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

// Content is a message's content: a text, parts, or null.
type Content struct {
	Text  string
	Parts []Part
}

// Part is one part of a content. Text is empty for images and sounds.
type Part struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// UnmarshalJSON reads a string, an array of parts, or null.
func (c *Content) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		return nil
	case len(b) > 0 && b[0] == '[':
		return json.Unmarshal(b, &c.Parts)
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, &c.Text)
	default:
		return Invalid("messages.content", "Invalid value for 'content': expected a string or an array of parts.")
	}
}

// String is the text of the content, its text parts joined by line ends.
func (c Content) String() string {
	if len(c.Parts) == 0 {
		return c.Text
	}
	var texts []string
	for _, p := range c.Parts {
		if p.Text != "" {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// Chars is the number of characters of the content.
func (c Content) Chars() int {
	n := utf8.RuneCountInString(c.Text)
	for _, p := range c.Parts {
		n += utf8.RuneCountInString(p.Text)
	}
	return n
}

// Texts is one string or several.
type Texts []string

// UnmarshalJSON reads a string, an array of strings, or null.
func (t *Texts) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var one string
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		*t = Texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// ChatCompletion is the answer of chat/completions.
type ChatCompletion struct {
	Choices             []ChatChoice         `json:"choices"`
	Created             int64                `json:"created"`
	ID                  string               `json:"id"`
	Model               string               `json:"model"`
	Object              string               `json:"object"`
	PromptFilterResults []PromptFilterResult `json:"prompt_filter_results"`
	ServiceTier         string               `json:"service_tier"`
	SystemFingerprint   string               `json:"system_fingerprint"`
	Usage               Usage                `json:"usage"`
}

// ChatChoice is one of the answers.
type ChatChoice struct {
	FilterResults *FilterResults `json:"content_filter_results"`
	FinishReason  string         `json:"finish_reason"`
	Index         int            `json:"index"`
	Logprobs      *Logprobs      `json:"logprobs"`
	Message       AnswerMessage  `json:"message"`
}

// AnswerMessage is the model's message; Content is null beside tool calls.
type AnswerMessage struct {
	Annotations []any      `json:"annotations"`
	Content     *string    `json:"content"`
	Refusal     *string    `json:"refusal"`
	Role        string     `json:"role"`
	ToolCalls   []ToolCall `json:"tool_calls,omitempty"`
	Function    *CallText  `json:"function_call,omitempty"`
}

// Logprobs are the probabilities of an answer's tokens.
type Logprobs struct {
	Content []TokenLogprob `json:"content"`
	Refusal []TokenLogprob `json:"refusal"`
}

// TokenLogprob is one token's.
type TokenLogprob struct {
	Token       string       `json:"token"`
	Logprob     float64      `json:"logprob"`
	Bytes       []int        `json:"bytes"`
	TopLogprobs []TopLogprob `json:"top_logprobs"`
}

// TopLogprob is one of the tokens that might have stood in a place.
type TopLogprob struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// Usage counts the tokens of a chat or a completion; Latency came in 2026.
type Usage struct {
	CompletionTokens int                `json:"completion_tokens"`
	CompletionDetail *CompletionDetails `json:"completion_tokens_details,omitempty"`
	PromptTokens     int                `json:"prompt_tokens"`
	PromptDetail     *PromptDetails     `json:"prompt_tokens_details,omitempty"`
	TotalTokens      int                `json:"total_tokens"`
	Latency          *Latency           `json:"latency_checkpoint,omitempty"`
}

// Latency is where the time of an answer went, in milliseconds: to the first
// token, between two of them and to the last, as the engine and as the service
// around it saw them.
type Latency struct {
	EngineFirst  int `json:"engine_ttft_ms"`
	EngineGap    int `json:"engine_tbt_ms"`
	EngineLast   int `json:"engine_ttlt_ms"`
	ServiceFirst int `json:"service_ttft_ms"`
	ServiceGap   int `json:"service_tbt_ms"`
	ServiceLast  int `json:"service_ttlt_ms"`
	PreInference int `json:"pre_inference_ms"`
	VisibleFirst int `json:"user_visible_ttft_ms"`
	Total        int `json:"total_duration_ms"`
}

// CompletionDetails say what completion tokens were spent on.
type CompletionDetails struct {
	AcceptedPrediction int `json:"accepted_prediction_tokens"`
	Audio              int `json:"audio_tokens"`
	Reasoning          int `json:"reasoning_tokens"`
	RejectedPrediction int `json:"rejected_prediction_tokens"`
}

// PromptDetails say which prompt tokens were cheap or other than text.
type PromptDetails struct {
	Audio  int `json:"audio_tokens"`
	Cached int `json:"cached_tokens"`
}

// ChatUsage is a chat's usage with all its details.
func ChatUsage(prompt, completion, reasoning int) Usage {
	return Usage{
		CompletionTokens: completion,
		CompletionDetail: &CompletionDetails{Reasoning: reasoning},
		PromptTokens:     prompt,
		PromptDetail:     &PromptDetails{},
		TotalTokens:      prompt + completion,
	}
}

// ChatChunk is one event of a streamed chat. The first one Azure sends has
// PromptFilterResults and otherwise only empty values. Usage is left out
// (nil), null (a pointer to nil) or given.
type ChatChunk struct {
	Choices             []ChunkChoice        `json:"choices"`
	Created             int64                `json:"created"`
	ID                  string               `json:"id"`
	Model               string               `json:"model"`
	Object              string               `json:"object"`
	PromptFilterResults []PromptFilterResult `json:"prompt_filter_results,omitempty"`
	SystemFingerprint   *string              `json:"system_fingerprint,omitempty"`
	Usage               **Usage              `json:"usage,omitempty"`
}

// ChunkChoice is a piece of one of the answers. What the asynchronous filter has
// to say comes in pieces without a Delta, with Offsets.
type ChunkChoice struct {
	FilterOffsets *FilterOffsets `json:"content_filter_offsets,omitempty"`
	FilterResults *FilterResults `json:"content_filter_results,omitempty"`
	Delta         *Delta         `json:"delta,omitempty"`
	FinishReason  *string        `json:"finish_reason"`
	Index         int            `json:"index"`
	Logprobs      *Logprobs      `json:"logprobs"`
}

// Delta is what a chunk adds. Refusal is a pointer to nil in the first chunk,
// which writes null.
type Delta struct {
	Content   *string    `json:"content,omitempty"`
	Refusal   **string   `json:"refusal,omitempty"`
	Role      string     `json:"role,omitempty"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
	Function  *CallText  `json:"function_call,omitempty"`
}
