package sim

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// Limits of the API on one chat.
const (
	maxMessages = 2048
	maxTools    = 128
	maxChoices  = 128
	maxTop      = 20 // top_logprobs
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
	if refused := c.named(ask.Model, bad); refused != nil {
		return nil, refused
	}
	m := c.dep.model
	if m.embedding || m.name == "gpt-35-turbo-instruct" {
		return nil, openai.OperationNotSupported("chatCompletion", m.name)
	}
	if !c.target.v1 && c.target.version < m.since {
		return nil, openai.ModelTooNew(m.name, m.since)
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
	case len(ask.Stop) > 4:
		return openai.Invalid("stop", "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length %d instead.", len(ask.Stop))
	case ask.ToolChoice != nil && len(ask.Tools) == 0:
		return openai.Invalid("tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
	case ask.TopLogprobs != nil && !ask.Logprobs:
		return openai.Invalid("top_logprobs", "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
	case ask.TopLogprobs != nil && (*ask.TopLogprobs < 0 || *ask.TopLogprobs > maxTop):
		return openai.Invalid("top_logprobs", "Invalid value for 'top_logprobs': must be between 0 and %d.", maxTop)
	case ask.ResponseFormat != nil && ask.ResponseFormat.Type == "json_object" && !mentionsJSON(ask.Messages):
		return openai.Invalid("messages", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
	}
	if e := c.checkStream(ask.Stream, ask.StreamOptions); e != nil {
		return e
	}
	if e := checkSampling(ask.Temperature, ask.TopP, ask.PresencePenalty, ask.FrequencyPenalty); e != nil {
		return e
	}
	for i, msg := range ask.Messages {
		if msg.Role == "" {
			return openai.Model(400, "invalid_request_error", fmt.Sprintf("messages[%d].role", i), "missing_required_parameter", fmt.Sprintf("Missing required parameter: 'messages[%d].role'.", i))
		}
		if !oneOf(msg.Role, "system", "developer", "user", "assistant", "tool", "function") {
			return openai.Invalid(fmt.Sprintf("messages.[%d].role", i), "'%s' is not one of ['system', 'assistant', 'user', 'function', 'tool', 'developer'] - 'messages.%d.role'", msg.Role, i)
		}
		if found := c.dep.filterPrompt(msg.Content.String()); found != nil {
			return openai.PromptFiltered(found)
		}
	}
	if e := checkToolCalls(ask.Messages); e != nil {
		return e
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

// mentionsJSON reports whether some message speaks of JSON, without which models
// were found to answer in blanks.
func mentionsJSON(messages []openai.Message) bool {
	for i := range messages {
		if strings.Contains(strings.ToLower(messages[i].Content.String()), "json") {
			return true
		}
	}
	return false
}

// checkToolCalls finds calls of tools without results, and results that nothing
// called for.
func checkToolCalls(messages []openai.Message) *openai.Error {
	var open []string // calls that wait for their results
	called := false   // the messages of tools that come belong to calls
	for i, m := range messages {
		if m.Role == "tool" {
			if !called {
				return openai.Invalid(fmt.Sprintf("messages.[%d].role", i), "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.")
			}
			open = slices.DeleteFunc(open, func(id string) bool { return id == m.ToolCallID })
			continue
		}
		if len(open) > 0 {
			return unansweredCalls(i, open)
		}
		called = len(m.ToolCalls) > 0
		for _, t := range m.ToolCalls {
			open = append(open, t.ID)
		}
	}
	if len(open) > 0 {
		return unansweredCalls(len(messages), open)
	}
	return nil
}

func unansweredCalls(at int, ids []string) *openai.Error {
	return openai.Invalid(fmt.Sprintf("messages.[%d].role", at), "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: %s", strings.Join(ids, ", "))
}

// checkStream judges stream_options, which came late and goes with streams alone.
func (c *call) checkStream(stream bool, options *openai.StreamOptions) *openai.Error {
	switch {
	case options != nil && !c.target.v1 && c.target.version < firstUsageVersion:
		return openai.Unrecognized("stream_options")
	case options != nil && !stream:
		return openai.Invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	}
	return nil
}

// checkSampling judges the parameters that say how tokens are drawn.
func checkSampling(temperature, topP, presence, frequency *float64) *openai.Error {
	for _, p := range []struct {
		name      string
		value     *float64
		low, high float64
	}{
		{"temperature", temperature, 0, 2}, {"top_p", topP, 0, 1}, {"presence_penalty", presence, -2, 2}, {"frequency_penalty", frequency, -2, 2},
	} {
		if e := checkRange(p.name, p.value, p.low, p.high); e != nil {
			return e
		}
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

	// blocked is what the filter found in the text that would come next, nil if
	// nothing; late is what of it an asynchronous filter lets pass.
	blocked *openai.FilterResults
	late    []string
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
			id: id, created: created, dep: c.dep, fingerprint: c.fingerprint(), choices: choices,
			logprobs: ask.Logprobs, top: ask.Top(), usage: usage,
			withUsage: ask.StreamOptions != nil && ask.StreamOptions.IncludeUsage,
		}
		for i := range ask.Messages {
			s.promptChars += ask.Messages[i].Content.Chars()
		}
		rep.events = s.plan(c.rng, pace)
		return rep
	}
	if pace.whole {
		rep.wait += time.Duration(completion) * pace.gap
	}
	usage.Latency = pace.latency(rep.wait, completion)
	rep.kind = "application/json"
	rep.body = openai.Encode(c.chatBody(ask, choices, usage, id, created))
	return rep
}

func (c *call) chatBody(ask *openai.ChatRequest, choices []answered, usage openai.Usage, id string, created int64) *openai.ChatCompletion {
	out := &openai.ChatCompletion{
		Created: created, ID: id, Model: c.dep.model.served, Object: "chat.completion",
		PromptFilterResults: []openai.PromptFilterResult{{Results: c.dep.promptFindings()}},
		ServiceTier:         "default",
		SystemFingerprint:   c.fingerprint(),
		Usage:               usage,
	}
	for i := range choices {
		a := &choices[i]
		choice := openai.ChatChoice{
			FilterResults: c.dep.answerFindings(a), FinishReason: a.finish, Index: i,
			Message: openai.AnswerMessage{Role: "assistant", Annotations: []any{}, ToolCalls: a.calls, Function: a.fn},
		}
		if a.calls == nil && a.fn == nil {
			text := a.text()
			choice.Message.Content = &text
			if ask.Logprobs {
				choice.Logprobs = logprobsOf(a.tokens, ask.Top())
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
		text = compose(ask.Messages, c.persona(), i)
		if f != nil && f.Type == "json_object" {
			text = string(openai.Encode(map[string]string{"answer": text}))
		}
	}
	limit := ask.Limit()
	if limit > 0 {
		limit -= hidden
	}
	tokens, finish := shorten(split(text), ask.Stop, limit)
	a := answered{tokens: tokens, finish: finish}
	c.dep.filterAnswer(&a)
	return a
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
	if len(offered) == 0 || len(ask.Messages) == 0 || choice != nil && choice.Mode == "none" {
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

// logprobsOf makes up how probable the tokens were, and for each of them the top
// ones that might have stood there.
func logprobsOf(tokens []string, top int) *openai.Logprobs {
	out := &openai.Logprobs{Content: []openai.TokenLogprob{}}
	for _, t := range tokens {
		one := openai.TokenLogprob{Token: t, Logprob: logprob(t), Bytes: bytesOf(t), TopLogprobs: []openai.TopLogprob{}}
		for _, other := range instead(t, top) {
			one.TopLogprobs = append(one.TopLogprobs, openai.TopLogprob{Token: other.token, Logprob: other.logprob, Bytes: bytesOf(other.token)})
		}
		out.Content = append(out.Content, one)
	}
	return out
}

func bytesOf(token string) []int {
	bytes := make([]int, len(token))
	for i := range len(token) {
		bytes[i] = int(token[i])
	}
	return bytes
}

// logprob is above that of even chances, so that the token is the likeliest.
func logprob(token string) float64 { return -0.001 - float64(shortHash(token)%600)/1000 }

type likely struct {
	token   string
	logprob float64
}

// commonTokens may stand anywhere.
var commonTokens = []string{
	" the", ",", " and", " of", " a", " to", ".", " in", " is", " that", " for", " it", " as", " with", " on", " are", " this", " be", " or", " by", " an",
}

// instead are the likeliest n tokens for a place, the one that stands there first.
func instead(token string, n int) []likely {
	all := make([]likely, 0, n)
	if n > 0 {
		all = append(all, likely{token, logprob(token)})
	}
	for _, t := range commonTokens {
		if len(all) == n {
			break
		}
		if t != token {
			all = append(all, likely{t, -1.5 - 0.5*float64(len(all))})
		}
	}
	return all
}

// chatStream makes the events of a streamed chat, in Azure's order: what the
// filter says of the prompt, the role, the tokens, the end of each choice, the
// usage if asked for, and the end of all.
type chatStream struct {
	id          string
	created     int64
	dep         *deployment
	fingerprint string
	choices     []answered
	logprobs    bool
	top         int // of logprobs
	usage       openai.Usage
	withUsage   bool
	promptChars int // before the answer, as offsets of the filter count

	steps          []step
	before, behind []byte // a content chunk of choice 0 around its text
}

// step is one event to come.
type step struct {
	kind   stepKind
	choice int
	tokens []string
	judged openai.FilterOffsets
}

type stepKind int

const (
	stepPrompt stepKind = iota
	stepRole
	stepTokens
	stepTools
	stepFinish
	stepJudged  // what an asynchronous filter has found
	stepBlocked // what it ends the answer with
	stepUsage
	stepDone
)

// plan lays the events out in time.
func (s *chatStream) plan(rng *rand.Rand, pace timing) *stream {
	async := s.dep.Filter == FilterAsync
	burst := pace.burst && !async
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
		tokens := a.tokens
		if async {
			tokens = append(tokens[:len(tokens):len(tokens)], a.late...)
		}
		judged := openai.FilterOffsets{CheckOffset: s.promptChars, Start: s.promptChars, End: s.promptChars}
		for from := 0; from < len(tokens); {
			n := 1
			if burst {
				n = minFilterBurst + rng.IntN(maxFilterBurst-minFilterBurst+1)
			}
			to := min(from+n, len(tokens))
			for _, t := range tokens[from:to] {
				if from > 0 || burst {
					at += max(0, pace.gap+time.Duration(rng.NormFloat64()*float64(pace.sigma)))
				}
				judged.End += utf8.RuneCountInString(t)
			}
			add(step{kind: stepTokens, choice: i, tokens: tokens[from:to]})
			from = to
			// A step that holds what is blocked is told at the end.
			if async && judged.End-judged.Start >= asyncStep && (a.blocked == nil || from <= len(a.tokens)) {
				add(step{kind: stepJudged, choice: i, judged: judged})
				judged.CheckOffset, judged.Start = judged.End, judged.End
			}
		}
		switch {
		case async && a.blocked != nil:
			add(step{kind: stepBlocked, choice: i, judged: judged})
		case async && len(tokens) > 0:
			add(step{kind: stepFinish, choice: i})
			add(step{kind: stepJudged, choice: i, judged: judged})
		default:
			add(step{kind: stepFinish, choice: i})
		}
	}
	if s.withUsage {
		s.usage.Latency = pace.latency(pace.first+at, s.usage.CompletionTokens)
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
			PromptFilterResults: []openai.PromptFilterResult{{Results: s.dep.promptFindings()}},
			Usage:               s.noUsage(),
		}))
	case stepJudged, stepBlocked:
		choice := openai.ChunkChoice{Index: st.choice, FilterOffsets: &st.judged, FilterResults: openai.SafeText()}
		if st.kind == stepBlocked {
			a := &s.choices[st.choice]
			choice.FilterResults, choice.FinishReason = a.blocked, &a.finish
		}
		return openai.AppendEvent(nil, "", openai.Encode(openai.ChatChunk{Choices: []openai.ChunkChoice{choice}, Usage: s.noUsage()}))
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
	choice := openai.ChunkChoice{Index: st.choice, FilterResults: &openai.FilterResults{}, Delta: &openai.Delta{}}
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
		choice.Delta.Content, choice.FilterResults = &text, s.dep.textFindings()
		if s.logprobs {
			choice.Logprobs = logprobsOf(st.tokens, s.top)
		}
	case stepFinish:
		choice.FinishReason = &a.finish
		if a.blocked != nil {
			choice.FilterResults = a.blocked
		}
	}
	chunk.Choices = []openai.ChunkChoice{choice}
	return openai.AppendEvent(nil, "", openai.Encode(chunk))
}

func (s *chatStream) chunk() openai.ChatChunk {
	return openai.ChatChunk{
		ID: s.id, Created: s.created, Model: s.dep.model.served, Object: "chat.completion.chunk",
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
		chunk.Choices = []openai.ChunkChoice{{Delta: &openai.Delta{Content: &mark}, FilterResults: s.dep.textFindings()}}
		s.before, s.behind, _ = bytes.Cut(openai.AppendEvent(nil, "", openai.Encode(chunk)), []byte(`"`+mark+`"`))
	}
	event := make([]byte, 0, len(s.before)+len(text)+len(s.behind)+8)
	event = append(event, s.before...)
	event = openai.AppendQuoted(event, text)
	return append(event, s.behind...)
}
