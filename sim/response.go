package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// prepareResponse answers POST responses and POST responses/compact.
func (c *call) prepareResponse(body []byte) (func() *reply, *openai.Error) {
	var ask openai.ResponseRequest
	bad := decode(body, &ask)
	if refused := c.named(ask.Model, bad); refused != nil {
		return nil, refused
	}
	m := c.dep.model
	if m.embedding {
		return nil, openai.OperationNotSupported("responses", m.name)
	}
	if !c.target.v1 && c.target.version < m.since {
		return nil, openai.ModelTooNew(m.name, m.since)
	}
	return func() *reply {
		limit := 0
		if ask.MaxOutputTokens != nil {
			limit = *ask.MaxOutputTokens
		}
		q := asked{ask: &ask, input: c.inputMessages(&ask)}
		chars := openai.Content{Text: ask.Instructions}.Chars()
		for i := range q.input {
			chars += q.input[i].Content.Chars()
		}
		if rep := c.admit(c.charge(openai.EstimateChars(chars), limit, 1, defaultCharge)); rep != nil {
			return rep
		}
		if bad == nil {
			bad = c.checkResponse(&q)
		}
		switch {
		case bad != nil:
			return refusal(bad)
		case c.target.op == opResponseCompact:
			return c.compact(&q)
		}
		return c.respond(&q)
	}, nil
}

// asked is a request of the Responses API, worked out.
type asked struct {
	ask    *openai.ResponseRequest
	input  []openai.Message // its own
	tools  []openai.Tool    // functions
	choice *openai.ToolChoice
	format openai.ResponseText
}

// heard are all messages that the model hears: the instructions, which no later
// response inherits, the conversation so far, the input.
func (q *asked) heard(history []openai.Message) []openai.Message {
	if q.ask.Instructions == "" {
		return history
	}
	return append([]openai.Message{{Role: "system", Content: openai.Content{Text: q.ask.Instructions}}}, history...)
}

// inputMessages are the messages of a request's own input.
func (c *call) inputMessages(ask *openai.ResponseRequest) []openai.Message {
	var ms []openai.Message
	if ask.Input.Text != "" {
		ms = append(ms, openai.Message{Role: "user", Content: openai.Content{Text: ask.Input.Text}})
	}
	for _, it := range ask.Input.Items {
		switch it.Type {
		case "message":
			ms = append(ms, openai.Message{Role: it.Role, Content: it.Content})
		case "function_call":
			ms = append(ms, openai.Message{Role: "assistant", ToolCalls: []openai.ToolCall{{
				ID: it.CallID, Type: "function", Function: openai.CallText{Name: it.Name, Arguments: it.Arguments},
			}}})
		case "function_call_output":
			ms = append(ms, openai.Message{Role: "tool", ToolCallID: it.CallID, Content: openai.Content{Text: it.Output}})
		case "compaction":
			var said []compacted
			if text, ok := c.r.unseal(it.EncryptedContent); ok && json.Unmarshal([]byte(text), &said) == nil {
				for _, m := range said {
					ms = append(ms, openai.Message{Role: m.Role, Content: openai.Content{Text: m.Text}})
				}
			}
		}
	}
	return ms
}

func (c *call) checkResponse(q *asked) *openai.Error {
	m, ask := c.dep.model, q.ask
	switch {
	case !ask.Input.Given() && (c.target.op != opResponseCompact || ask.PreviousResponseID == ""):
		return openai.Model(400, "invalid_request_error", "input", "missing_required_parameter", "Missing required parameter: 'input'.")
	case ask.MaxOutputTokens != nil && *ask.MaxOutputTokens < 16:
		return openai.Model(400, "invalid_request_error", "max_output_tokens", "integer_below_min_value", "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.")
	case m.reasoning && ask.Temperature != nil && *ask.Temperature != 1:
		return openai.Invalid("temperature", "Unsupported parameter: 'temperature' is not supported with this model.")
	case ask.PreviousResponseID != "" && c.r.responses.get(ask.PreviousResponseID, c.began) == nil:
		return openai.Model(400, "invalid_request_error", "previous_response_id", "previous_response_not_found", "Previous response with id '"+ask.PreviousResponseID+"' not found.")
	case ask.Background && !ask.Kept():
		return openai.Invalid("background", "Background mode requires 'store' to be true.")
	}
	if e := q.read(); e != nil {
		return e
	}
	for _, it := range ask.Input.Items {
		if !oneOf(it.Type, "reasoning", "compaction") || it.EncryptedContent == "" {
			continue
		}
		if _, ok := c.r.unseal(it.EncryptedContent); !ok {
			shown := it.EncryptedContent
			if len(shown) > 8 {
				shown = shown[:4] + "..." + shown[len(shown)-4:]
			}
			return openai.Model(400, "invalid_request_error", "", "invalid_encrypted_content", "The encrypted content "+shown+" could not be verified. Reason: Encrypted content could not be decrypted or parsed.")
		}
	}
	heard := q.heard(q.input)
	for i := range heard {
		if found := c.dep.filterPrompt(heard[i].Content.String()); found != nil {
			return openai.PromptFiltered(found)
		}
	}
	if q.format.Format.Type == "json_object" && !mentionsJSON(heard) {
		return openai.Invalid("input", "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.")
	}
	if n := promptTokens(heard); n > m.context {
		return openai.ContextLengthExceeded(m.context, n, 0, "input")
	}
	return nil
}

// read reads what the request holds as it came: tools, their choice, the format.
func (q *asked) read() *openai.Error {
	ask := q.ask
	if len(ask.Tools) > 0 {
		var tools []openai.ResponseTool
		if json.Unmarshal(ask.Tools, &tools) != nil {
			return openai.Invalid("tools", "Invalid type for 'tools': expected an array of objects.")
		}
		for _, t := range tools {
			if t.Type == "function" {
				q.tools = append(q.tools, openai.Tool{Type: t.Type, Function: t.Function})
			}
		}
	}
	if len(ask.ToolChoice) > 0 && string(ask.ToolChoice) != "null" {
		q.choice = new(openai.ToolChoice)
		if json.Unmarshal(ask.ToolChoice, q.choice) != nil {
			return openai.Invalid("tool_choice", "Invalid type for 'tool_choice': expected a string or an object.")
		}
	}
	if len(ask.Text) > 0 && json.Unmarshal(ask.Text, &q.format) != nil {
		return openai.Invalid("text", "Invalid type for 'text': expected an object.")
	}
	return nil
}

// sealPrefix begins what the region sealed, as it does at Azure.
const sealPrefix = "gAAAAA"

// seal makes a text that this region alone can open: what a model thought or what
// was said before, for the caller to keep and send back.
func (r *Region) seal(text string) string {
	mac := hmac.New(sha256.New, r.secret[:])
	mac.Write([]byte(text))
	return sealPrefix + base64.RawURLEncoding.EncodeToString([]byte(text+string(mac.Sum(nil))))
}

// unseal is the text that this region sealed.
func (r *Region) unseal(sealed string) (text string, ok bool) {
	rest, ok := strings.CutPrefix(sealed, sealPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if !ok || err != nil || len(raw) < sha256.Size {
		return "", false
	}
	text = string(raw[:len(raw)-sha256.Size])
	return text, hmac.Equal([]byte(r.seal(text)), []byte(sealed))
}

// respond is the model's answer.
func (c *call) respond(q *asked) *reply {
	m, ask := c.dep.model, q.ask
	history := q.input
	if prev := c.r.responses.get(ask.PreviousResponseID, c.began); prev != nil {
		history = append(slices.Clone(prev.history), q.input...)
	}
	heard := q.heard(history)
	hidden := 0
	if limit := ask.MaxOutputTokens; m.reasoning && (limit == nil || *limit > 2*hiddenTokens) {
		hidden = hiddenTokens
	}
	a := c.answerResponse(q, heard, hidden)
	output := len(a.tokens) + hidden
	for _, t := range a.calls {
		output += openai.EstimateTokens(t.Function.Name + t.Function.Arguments)
	}
	out := c.newResponse(ask)
	usage := &openai.ResponseUsage{InputTokens: promptTokens(heard), OutputTokens: output}
	usage.OutputDetails.ReasoningTokens = hidden
	usage.TotalTokens = usage.InputTokens + usage.OutputTokens
	out.Usage, out.Status = usage, "completed"
	switch a.finish {
	case "length":
		out.Status, out.IncompleteDetails = "incomplete", &openai.Incomplete{Reason: "max_output_tokens"}
	case "content_filter":
		out.Status, out.IncompleteDetails = "incomplete", &openai.Incomplete{Reason: "content_filter"}
	}
	if m.reasoning {
		item := openai.OutputItem{ID: "rs_" + c.hexID(), Type: "reasoning", Summary: &[]any{}}
		if ask.Wants("reasoning.encrypted_content") {
			item.EncryptedContent = c.r.seal(token(c.rng, 24))
		}
		out.Output = append(out.Output, item)
	}
	said := openai.Message{Role: "assistant", Content: openai.Content{Text: a.text()}, ToolCalls: a.calls}
	for _, t := range a.calls {
		out.Output = append(out.Output, openai.OutputItem{
			ID: "fc_" + c.hexID(), Type: "function_call", Status: "completed",
			CallID: t.ID, Name: t.Function.Name, Arguments: &t.Function.Arguments,
		})
	}
	if a.calls == nil {
		out.Output = append(out.Output, openai.OutputItem{
			ID: "msg_" + c.hexID(), Type: "message", Status: out.Status, Role: "assistant",
			Content: &[]openai.OutputText{{Type: "output_text", Annotations: []any{}, Logprobs: []any{}, Text: a.text()}},
		})
	}
	c.spent(usage.InputTokens, usage.OutputTokens)
	pace := c.pace(usage.InputTokens)
	rep := &reply{status: 200, kind: "application/json", wait: pace.first, model: true}
	if ask.Kept() {
		st := &storedResponse{response: *out, made: c.began, items: c.keepItems(ask), history: append(slices.Clone(history), said)}
		if ask.Background && !ask.Stream {
			st.ready = c.began.Add(pace.first + time.Duration(output)*pace.gap)
			rep.wait = 0
			*out = unfinished(*out, "queued")
		}
		c.r.responses.put(st)
	}
	switch {
	case ask.Stream:
		rep.kind = openai.ContentTypeSSE + "; charset=utf-8"
		rep.events = responseStream(out, a.tokens, pace)
		return rep
	case pace.whole && !ask.Background:
		rep.wait += time.Duration(output) * pace.gap
	}
	rep.body = openai.Encode(out)
	return rep
}

// answerResponse makes the answer: a call of a function where one is due, else a
// text.
func (c *call) answerResponse(q *asked, heard []openai.Message, hidden int) answered {
	question := lastQuestion(heard)
	if fn := toolDue(&openai.ChatRequest{Messages: heard, Tools: q.tools, ToolChoice: q.choice}); fn != nil {
		return answered{finish: "tool_calls", calls: []openai.ToolCall{{
			ID: "call_" + token(c.rng, 24), Type: "function",
			Function: openai.CallText{Name: fn.Name, Arguments: sample(fn.Parameters, question)},
		}}}
	}
	var text string
	switch q.format.Format.Type {
	case "json_schema":
		text = sample(q.format.Format.Schema, question)
	case "json_object":
		text = string(openai.Encode(map[string]string{"answer": compose(heard, c.persona(), 0)}))
	default:
		text = compose(heard, c.persona(), 0)
	}
	limit := 0
	if q.ask.MaxOutputTokens != nil {
		limit = *q.ask.MaxOutputTokens - hidden
	}
	a := answered{}
	a.tokens, a.finish = shorten(split(text), nil, limit)
	c.dep.filterAnswer(&a)
	return a
}

func (c *call) persona() persona { return persona{model: c.dep.model.name, region: c.r.display} }

// compacted is a message in a compaction.
type compacted struct{ Role, Text string }

// compact makes a conversation short: what the user said stays, all of it goes into
// one sealed item that stands for it.
func (c *call) compact(q *asked) *reply {
	history := q.input
	if prev := c.r.responses.get(q.ask.PreviousResponseID, c.began); prev != nil {
		history = append(slices.Clone(prev.history), q.input...)
	}
	out := &openai.Compaction{ID: "resp_" + c.hexID(), Object: "response.compaction", CreatedAt: c.began.Unix()}
	var said []compacted
	for i := range history {
		m := &history[i]
		said = append(said, compacted{m.Role, m.Content.String()})
		if m.Role == "user" {
			out.Output = append(out.Output, openai.Encode(map[string]any{
				"id": "msg_" + c.hexID(), "type": "message", "role": "user", "status": "completed",
				"content": []any{map[string]string{"type": "input_text", "text": m.Content.String()}},
			}))
		}
	}
	out.Output = append(out.Output, openai.Encode(map[string]string{
		"id": "cmp_" + c.hexID(), "type": "compaction", "encrypted_content": c.r.seal(string(openai.Encode(said))),
	}))
	prompt := promptTokens(q.heard(history))
	out.Usage = &openai.ResponseUsage{InputTokens: prompt, TotalTokens: prompt}
	c.spent(prompt, 0)
	return &reply{status: 200, kind: "application/json", wait: c.pace(prompt).first, model: true, body: openai.Encode(out)}
}

// newResponse is a response with what the request says, and no answer yet.
func (c *call) newResponse(ask *openai.ResponseRequest) *openai.Response {
	orElse := func(given json.RawMessage, usual string) json.RawMessage {
		if len(given) == 0 || string(given) == "null" {
			return json.RawMessage(usual)
		}
		return given
	}
	out := &openai.Response{
		ID: "resp_" + c.hexID(), Object: "response", CreatedAt: c.began.Unix(), Status: "in_progress",
		Background: ask.Background, MaxOutputTokens: ask.MaxOutputTokens, Model: c.dep.Name, Output: []openai.OutputItem{},
		ParallelToolCalls: ask.ParallelToolCalls == nil || *ask.ParallelToolCalls,
		Reasoning:         orElse(ask.Reasoning, `{"effort":null,"summary":null}`), Store: ask.Kept(), Temperature: 1,
		Text:       orElse(ask.Text, `{"format":{"type":"text"}}`),
		ToolChoice: orElse(ask.ToolChoice, `"auto"`), Tools: orElse(ask.Tools, "[]"), TopP: 1, Truncation: "disabled",
		Metadata: orElse(ask.Metadata, "{}"),
	}
	if ask.Instructions != "" {
		out.Instructions = &ask.Instructions
	}
	if ask.PreviousResponseID != "" {
		out.PreviousResponseID = &ask.PreviousResponseID
	}
	if ask.Temperature != nil {
		out.Temperature = *ask.Temperature
	}
	if ask.TopP != nil {
		out.TopP = *ask.TopP
	}
	if ask.Truncation != nil {
		out.Truncation = *ask.Truncation
	}
	if ask.User != "" {
		out.User = &ask.User
	}
	return out
}

// hexID is the tail of an id in the Responses API.
func (c *call) hexID() string {
	sum := sha256.Sum256([]byte(token(c.rng, 32)))
	return hex.EncodeToString(sum[:24])
}
