package sim

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// Limits of the API on one chat.
const (
	maxMessages = 2048
	maxTools    = 128
	maxChoices  = 128
)

// Tokens that a chat costs beside its texts: a head for each message, and one
// that begins the answer.
const (
	tokensPerMessage = 3
	tokensToBegin    = 3
)

// hiddenTokens are what a reasoning model is said to have thought.
const hiddenTokens = 64

// prepareChat answers chat/completions.
func (c *call) prepareChat(body []byte) (func() *reply, *openai.Error) {
	var ask openai.ChatRequest
	bad := decode(body, &ask)
	if refused := c.named(ask.Model); refused != nil {
		return nil, refused
	}
	if m := c.dep.model; m.embedding || m.name == "gpt-35-turbo-instruct" {
		return nil, openai.OperationNotSupported("chatCompletion", m.name)
	}
	return func() *reply {
		if rep := c.admit(c.charge(openai.EstimateChars(ask.PromptChars()), ask.Limit(), ask.Choices(), defaultCharge)); rep != nil {
			return rep
		}
		if bad == nil {
			bad = c.checkChat(&ask)
		}
		if bad != nil {
			return refusal(bad)
		}
		return c.chat(&ask)
	}, nil
}

// decode is openai.Decode with the error in its own type.
func decode(body []byte, v any) *openai.Error {
	var refused *openai.Error
	errors.As(openai.Decode(body, v), &refused)
	return refused
}

// checkChat finds what the model would refuse.
func (c *call) checkChat(ask *openai.ChatRequest) *openai.Error {
	m := c.dep.model
	switch {
	case ask.Messages == nil:
		return openai.Model(400, "invalid_request_error", "", "", "'messages' is a required property")
	case len(ask.Messages) == 0:
		return openai.Invalid("messages", "[] is too short - 'messages'")
	case len(ask.Messages) > maxMessages:
		return openai.Invalid("messages", "Invalid 'messages': array too long. Expected an array with maximum length %d, but got an array with length %d instead.", maxMessages, len(ask.Messages))
	case len(ask.Tools) > maxTools:
		return openai.Invalid("tools", "Invalid 'tools': array too long. Expected an array with maximum length %d, but got an array with length %d instead.", maxTools, len(ask.Tools))
	case ask.Choices() < 1 || ask.Choices() > maxChoices:
		return openai.Invalid("n", "%d is not between 1 and %d - 'n'", ask.Choices(), maxChoices)
	case m.reasoning && ask.MaxTokens != nil:
		return openai.Model(400, "invalid_request_error", "max_tokens", "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	case m.reasoning && ask.Temperature != nil && *ask.Temperature != 1:
		return openai.Model(400, "invalid_request_error", "temperature", "unsupported_value", fmt.Sprintf("Unsupported value: 'temperature' does not support %v with this model. Only the default (1) value is supported.", *ask.Temperature))
	case ask.MaxTokens != nil && ask.MaxCompletionTokens != nil:
		return openai.Invalid("max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case (ask.MaxTokens != nil || ask.MaxCompletionTokens != nil) && ask.Limit() < 1:
		return openai.Invalid("max_tokens", "%d is less than the minimum of 1 - 'max_tokens'", ask.Limit())
	case ask.StreamOptions != nil && !c.target.v1 && c.target.version < firstUsageVersion:
		return openai.Unrecognized("stream_options")
	case ask.StreamOptions != nil && !ask.Stream:
		return openai.Invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	case len(ask.Stop) > 4:
		return openai.Invalid("stop", "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length %d instead.", len(ask.Stop))
	}
	if e := checkRange("temperature", ask.Temperature, 0, 2); e != nil {
		return e
	}
	if e := checkRange("top_p", ask.TopP, 0, 1); e != nil {
		return e
	}
	if e := checkRange("presence_penalty", ask.PresencePenalty, -2, 2); e != nil {
		return e
	}
	if e := checkRange("frequency_penalty", ask.FrequencyPenalty, -2, 2); e != nil {
		return e
	}
	for i, msg := range ask.Messages {
		if !oneOf(msg.Role, "system", "developer", "user", "assistant", "tool", "function") {
			return openai.Invalid(fmt.Sprintf("messages.[%d].role", i), "'%s' is not one of ['system', 'assistant', 'user', 'function', 'tool', 'developer'] - 'messages.%d.role'", msg.Role, i)
		}
		if found := filterPrompt(msg.Content.String()); found != nil {
			return openai.PromptFiltered(found)
		}
	}
	prompt := promptTokens(ask.Messages)
	if prompt > m.context {
		return openai.ContextLengthExceeded(m.context, prompt, 0, "messages")
	}
	if prompt+ask.Limit() > m.context {
		return openai.ContextLengthExceeded(m.context, prompt, ask.Limit(), "messages")
	}
	return nil
}

func checkRange(name string, v *float64, low, high float64) *openai.Error {
	switch {
	case v == nil:
		return nil
	case *v < low:
		return openai.Invalid(name, "%v is less than the minimum of %v - '%s'", *v, low, name)
	case *v > high:
		return openai.Invalid(name, "%v is greater than the maximum of %v - '%s'", *v, high, name)
	}
	return nil
}

func promptTokens(messages []openai.Message) int {
	n := tokensToBegin
	for _, m := range messages {
		n += tokensPerMessage + openai.EstimateTokens(m.Content.String())
	}
	return n
}

// answered is one choice of an answer.
type answered struct {
	tokens []string // the text, token by token
	calls  []openai.ToolCall
	fn     *openai.CallText // the older form of one call
	finish string
}

func (a *answered) text() string { return strings.Join(a.tokens, "") }

// chat is the model's answer to a request that is in order.
func (c *call) chat(ask *openai.ChatRequest) *reply {
	m := c.dep.model
	hidden := 0
	if limit := ask.Limit(); m.reasoning && (limit == 0 || limit > 2*hiddenTokens) {
		hidden = hiddenTokens
	}
	choices := make([]answered, ask.Choices())
	completion := 0
	for i := range choices {
		choices[i] = c.choose(ask, i, hidden)
		completion += len(choices[i].tokens) + hidden
		for _, t := range choices[i].calls {
			completion += openai.EstimateTokens(t.Function.Name + t.Function.Arguments)
		}
	}
	prompt := promptTokens(ask.Messages)
	usage := openai.ChatUsage(prompt, completion, hidden*len(choices))
	c.spent(prompt, completion)
	pace := c.pace(prompt)
	id, created := "chatcmpl-"+token(c.rng, 29), c.began.Unix()
	rep := &reply{status: 200, wait: pace.first, model: true}
	if ask.Stream {
		rep.kind = openai.ContentTypeSSE
		s := &chatStream{
			id: id, created: created, model: m.served, fingerprint: c.fingerprint(), choices: choices,
			logprobs: ask.Logprobs, usage: usage,
			withUsage: ask.StreamOptions != nil && ask.StreamOptions.IncludeUsage,
		}
		rep.events = s.plan(c.rng, pace)
		return rep
	}
	if pace.whole {
		rep.wait += time.Duration(completion) * pace.gap
	}
	rep.kind = "application/json"
	rep.body = openai.Encode(c.chatBody(choices, usage, id, created, ask.Logprobs))
	return rep
}

func (c *call) chatBody(choices []answered, usage openai.Usage, id string, created int64, logprobs bool) *openai.ChatCompletion {
	out := &openai.ChatCompletion{
		Created: created, ID: id, Model: c.dep.model.served, Object: "chat.completion",
		PromptFilterResults: []openai.PromptFilterResult{{Results: openai.SafePrompt()}},
		ServiceTier:         "default",
		SystemFingerprint:   c.fingerprint(),
		Usage:               usage,
	}
	for i, a := range choices {
		choice := openai.ChatChoice{
			FilterResults: openai.SafeCompletion(), FinishReason: a.finish, Index: i,
			Message: openai.AnswerMessage{Role: "assistant", Annotations: []any{}, ToolCalls: a.calls, Function: a.fn},
		}
		if a.calls == nil && a.fn == nil {
			text := a.text()
			choice.Message.Content = &text
			if logprobs {
				choice.Logprobs = logprobsOf(a.tokens)
			}
		} else {
			choice.FilterResults = &openai.FilterResults{}
		}
		out.Choices = append(out.Choices, choice)
	}
	return out
}

func (c *call) fingerprint() string {
	return fmt.Sprintf("fp_%08x%02x", shortHash(c.r.name+"/"+c.dep.model.name), shortHash(c.dep.model.name)&0xff)
}

// choose makes choice i: a call of a tool where one is due, else a text.
func (c *call) choose(ask *openai.ChatRequest, i, hidden int) answered {
	if fn := toolDue(ask); fn != nil {
		arguments := sample(fn.Parameters, lastQuestion(ask.Messages))
		if len(ask.Tools) == 0 {
			return answered{fn: &openai.CallText{Name: fn.Name, Arguments: arguments}, finish: "function_call"}
		}
		return answered{finish: "tool_calls", calls: []openai.ToolCall{{
			ID: "call_" + token(c.rng, 24), Type: "function",
			Function: openai.CallText{Name: fn.Name, Arguments: arguments},
		}}}
	}
	var text string
	if f := ask.ResponseFormat; f != nil && f.JSONSchema != nil {
		text = sample(f.JSONSchema.Schema, lastQuestion(ask.Messages))
	} else {
		text = compose(ask.Messages, persona{model: c.dep.model.name, region: c.r.display}, i)
		if f != nil && f.Type == "json_object" {
			text = string(openai.Encode(map[string]string{"answer": text}))
		}
	}
	limit := ask.Limit()
	if limit > 0 {
		limit -= hidden
	}
	tokens, finish := shorten(split(text), ask.Stop, limit)
	return answered{tokens: tokens, finish: finish}
}

// toolDue is the function that the answer calls, or nil: one that the request
// names, any when one is required, and on "auto" one whose name or description
// shares a word with the question, unless its result is there already.
func toolDue(ask *openai.ChatRequest) *openai.Function {
	var offered []*openai.Function
	for i := range ask.Tools {
		if ask.Tools[i].Function.Name != "" {
			offered = append(offered, &ask.Tools[i].Function)
		}
	}
	choice := ask.ToolChoice
	if len(ask.Tools) == 0 {
		for i := range ask.Functions {
			offered = append(offered, &ask.Functions[i])
		}
		choice = ask.FunctionCall
	}
	if len(offered) == 0 || choice != nil && choice.Mode == "none" {
		return nil
	}
	if choice != nil && choice.Function != "" {
		for _, f := range offered {
			if f.Name == choice.Function {
				return f
			}
		}
		return nil
	}
	if last := ask.Messages[len(ask.Messages)-1].Role; last == "tool" || last == "function" {
		return nil
	}
	question := terms(lastQuestion(ask.Messages))
	for _, f := range offered {
		if overlap(question, terms(strings.ReplaceAll(f.Name, "_", " ")+" "+f.Description)) > 0 {
			return f
		}
	}
	if choice != nil && choice.Mode == "required" {
		return offered[0]
	}
	return nil
}

// shorten ends an answer at a stop sequence or at the limit of its tokens.
func shorten(tokens []string, stop openai.Texts, limit int) (kept []string, finish string) {
	text := strings.Join(tokens, "")
	end := len(text)
	for _, s := range stop {
		if i := strings.Index(text[:end], s); i >= 0 && s != "" {
			end = i
		}
	}
	if end < len(text) {
		tokens = split(text[:end])
	}
	if limit > 0 && len(tokens) > limit {
		return tokens[:limit], "length"
	}
	return tokens, "stop"
}

func logprobsOf(tokens []string) *openai.Logprobs {
	out := &openai.Logprobs{Content: []openai.TokenLogprob{}}
	for _, t := range tokens {
		bytes := make([]int, len(t))
		for i := range t {
			bytes[i] = int(t[i])
		}
		p := -0.001 - float64(shortHash(t)%1000)/1000
		out.Content = append(out.Content, openai.TokenLogprob{
			Token: t, Logprob: p, Bytes: bytes,
			TopLogprobs: []openai.TopLogprob{{Token: t, Logprob: p, Bytes: bytes}},
		})
	}
	return out
}

// chatStream makes the events of a streamed chat, in Azure's order: what the
// filter says of the prompt, the role, the tokens, the end of each choice, the
// usage if asked for, and the end of all.
type chatStream struct {
	id          string
	created     int64
	model       string
	fingerprint string
	choices     []answered
	logprobs    bool
	usage       openai.Usage
	withUsage   bool

	steps          []step
	before, behind []byte // a content chunk of choice 0 around its text
}

// step is one event to come.
type step struct {
	kind   stepKind
	choice int
	tokens []string
}

type stepKind int

const (
	stepPrompt stepKind = iota
	stepRole
	stepTokens
	stepTools
	stepFinish
	stepUsage
	stepDone
)

// plan lays the events out in time.
func (s *chatStream) plan(rng *rand.Rand, pace timing) *stream {
	var due []time.Duration
	at := time.Duration(0)
	add := func(st step) {
		s.steps = append(s.steps, st)
		due = append(due, at)
	}
	add(step{kind: stepPrompt})
	for i := range s.choices {
		add(step{kind: stepRole, choice: i})
		a := &s.choices[i]
		if a.calls != nil || a.fn != nil {
			at += pace.gap
			add(step{kind: stepTools, choice: i})
		}
		for from := 0; from < len(a.tokens); {
			n := 1
			if pace.burst {
				n = minFilterBurst + rng.IntN(maxFilterBurst-minFilterBurst+1)
			}
			to := min(from+n, len(a.tokens))
			for range to - from {
				if from > 0 || pace.burst {
					at += max(0, pace.gap+time.Duration(rng.NormFloat64()*float64(pace.sigma)))
				}
			}
			add(step{kind: stepTokens, choice: i, tokens: a.tokens[from:to]})
			from = to
		}
		add(step{kind: stepFinish, choice: i})
	}
	if s.withUsage {
		add(step{kind: stepUsage})
	}
	add(step{kind: stepDone})
	return &stream{due: due, make: s.event}
}

func (s *chatStream) event(i int) []byte {
	st := s.steps[i]
	switch st.kind {
	case stepDone:
		return openai.AppendEvent(nil, "", []byte(openai.Done))
	case stepPrompt:
		return openai.AppendEvent(nil, "", openai.Encode(openai.ChatChunk{
			Choices:             []openai.ChunkChoice{},
			PromptFilterResults: []openai.PromptFilterResult{{Results: openai.SafePrompt()}},
			Usage:               s.noUsage(),
		}))
	case stepUsage:
		chunk := s.chunk()
		usage := &s.usage
		chunk.Choices, chunk.Usage = []openai.ChunkChoice{}, &usage
		return openai.AppendEvent(nil, "", openai.Encode(chunk))
	case stepTokens:
		if st.choice == 0 && !s.logprobs {
			return s.content(strings.Join(st.tokens, ""))
		}
	}
	chunk := s.chunk()
	choice := openai.ChunkChoice{Index: st.choice, FilterResults: &openai.FilterResults{}}
	a := &s.choices[st.choice]
	switch st.kind {
	case stepRole:
		var empty string
		var refusal *string
		choice.Delta.Role, choice.Delta.Refusal = "assistant", &refusal
		if a.calls == nil && a.fn == nil {
			choice.Delta.Content = &empty
		}
	case stepTools:
		choice.Delta.Function = a.fn
		for i, t := range a.calls {
			t.Index = &i
			choice.Delta.ToolCalls = append(choice.Delta.ToolCalls, t)
		}
	case stepTokens:
		text := strings.Join(st.tokens, "")
		choice.Delta.Content, choice.FilterResults = &text, openai.SafeText()
		if s.logprobs {
			choice.Logprobs = logprobsOf(st.tokens)
		}
	case stepFinish:
		choice.FinishReason = &a.finish
	}
	chunk.Choices = []openai.ChunkChoice{choice}
	return openai.AppendEvent(nil, "", openai.Encode(chunk))
}

func (s *chatStream) chunk() openai.ChatChunk {
	return openai.ChatChunk{
		ID: s.id, Created: s.created, Model: s.model, Object: "chat.completion.chunk",
		SystemFingerprint: &s.fingerprint, Usage: s.noUsage(),
	}
}

// noUsage is null where the usage comes at the end, and nothing elsewhere.
func (s *chatStream) noUsage() **openai.Usage {
	if !s.withUsage {
		return nil
	}
	var null *openai.Usage
	return &null
}

// content is a chunk with a piece of choice 0. All but its text is the same
// each time, and it is most of a stream, so it is encoded once.
func (s *chatStream) content(text string) []byte {
	if s.before == nil {
		mark := "\u241f"
		chunk := s.chunk()
		chunk.Choices = []openai.ChunkChoice{{Delta: openai.Delta{Content: &mark}, FilterResults: openai.SafeText()}}
		s.before, s.behind, _ = bytes.Cut(openai.AppendEvent(nil, "", openai.Encode(chunk)), []byte(`"`+mark+`"`))
	}
	event := make([]byte, 0, len(s.before)+len(text)+len(s.behind)+8)
	event = append(event, s.before...)
	event = openai.AppendQuoted(event, text)
	return append(event, s.behind...)
}
