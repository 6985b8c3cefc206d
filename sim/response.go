package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// maxStored is how many responses a region keeps; the oldest go first.
const maxStored = 1000

// responseStore keeps the responses of one region. No other region knows
// them, as with Azure: a conversation by previous_response_id belongs to the
// resource where it began.
type responseStore struct {
	mu    sync.Mutex
	byID  map[string]*storedResponse
	order []string
}

type storedResponse struct {
	response openai.Response
	items    []json.RawMessage // the input, for input_items
	history  []openai.Message  // input and answer, earlier ones included
}

func (s *responseStore) init() { s.byID = map[string]*storedResponse{} }

func (s *responseStore) put(r *storedResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[r.response.ID] = r
	s.order = append(s.order, r.response.ID)
	if len(s.order) > maxStored {
		delete(s.byID, s.order[0])
		s.order = s.order[1:]
	}
}

func (s *responseStore) get(id string) *storedResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id]
}

func (s *responseStore) remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byID[id]; !ok {
		return false
	}
	delete(s.byID, id)
	if i := slices.Index(s.order, id); i >= 0 {
		s.order = slices.Delete(s.order, i, i+1)
	}
	return true
}

// prepareResponse answers POST responses.
func (c *call) prepareResponse(body []byte) (func() *reply, *openai.Error) {
	var ask openai.ResponseRequest
	bad := decode(body, &ask)
	if refused := c.named(ask.Model); refused != nil {
		return nil, refused
	}
	if m := c.dep.model; m.embedding {
		return nil, openai.OperationNotSupported("responses", m.name)
	}
	return func() *reply {
		limit := 0
		if ask.MaxOutputTokens != nil {
			limit = *ask.MaxOutputTokens
		}
		messages := inputMessages(&ask)
		chars := 0
		for _, m := range messages {
			chars += len(m.Content.String())
		}
		if rep := c.admit(c.charge(openai.EstimateChars(chars), limit, 1, defaultCharge)); rep != nil {
			return rep
		}
		if bad == nil {
			bad = c.checkResponse(&ask, messages)
		}
		if bad != nil {
			return refusal(bad)
		}
		return c.respond(&ask, messages)
	}, nil
}

// inputMessages are the messages of a request's own input.
func inputMessages(ask *openai.ResponseRequest) []openai.Message {
	var ms []openai.Message
	if ask.Instructions != "" {
		ms = append(ms, openai.Message{Role: "system", Content: openai.Content{Text: ask.Instructions}})
	}
	if ask.Input.Text != "" {
		ms = append(ms, openai.Message{Role: "user", Content: openai.Content{Text: ask.Input.Text}})
	}
	for _, it := range ask.Input.Items {
		switch it.Type {
		case "message":
			ms = append(ms, openai.Message{Role: it.Role, Content: it.Content})
		case "function_call_output":
			ms = append(ms, openai.Message{Role: "tool", Content: openai.Content{Text: it.Output}})
		}
	}
	return ms
}

func (c *call) checkResponse(ask *openai.ResponseRequest, messages []openai.Message) *openai.Error {
	m := c.dep.model
	switch {
	case !ask.Input.Given():
		return openai.Model(400, "invalid_request_error", "input", "missing_required_parameter", "Missing required parameter: 'input'.")
	case ask.MaxOutputTokens != nil && *ask.MaxOutputTokens < 16:
		return openai.Model(400, "invalid_request_error", "max_output_tokens", "integer_below_min_value", "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.")
	case m.reasoning && ask.Temperature != nil && *ask.Temperature != 1:
		return openai.Invalid("temperature", "Unsupported parameter: 'temperature' is not supported with this model.")
	case ask.PreviousResponseID != "" && c.r.responses.get(ask.PreviousResponseID) == nil:
		return openai.Model(400, "invalid_request_error", "previous_response_id", "previous_response_not_found", "Previous response with id '"+ask.PreviousResponseID+"' not found.")
	}
	for _, it := range ask.Input.Items {
		if it.Type == "reasoning" && it.EncryptedContent != "" && !c.r.unseal(it.EncryptedContent) {
			shown := it.EncryptedContent
			if len(shown) > 8 {
				shown = shown[:4] + "..." + shown[len(shown)-4:]
			}
			return openai.Model(400, "invalid_request_error", "", "invalid_encrypted_content", "The encrypted content "+shown+" could not be verified. Reason: Encrypted content could not be decrypted or parsed.")
		}
	}
	for _, msg := range messages {
		if found := filterPrompt(msg.Content.String()); found != nil {
			return openai.PromptFiltered(found)
		}
	}
	if n := promptTokens(messages); n > m.context {
		return openai.ContextLengthExceeded(m.context, n, 0, "input")
	}
	return nil
}

// sealPrefix begins what the region sealed, as it does at Azure.
const sealPrefix = "gAAAAA"

// seal makes a text that this region alone recognises: what a model thought,
// for the caller to keep and send back.
func (r *Region) seal(nonce string) string {
	mac := hmac.New(sha256.New, r.secret[:])
	mac.Write([]byte(nonce))
	return sealPrefix + base64.RawURLEncoding.EncodeToString([]byte(nonce+string(mac.Sum(nil))))
}

func (r *Region) unseal(sealed string) bool {
	rest, ok := strings.CutPrefix(sealed, sealPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if !ok || err != nil || len(raw) < sha256.Size {
		return false
	}
	return hmac.Equal([]byte(r.seal(string(raw[:len(raw)-sha256.Size]))), []byte(sealed))
}

// respond is the model's answer.
func (c *call) respond(ask *openai.ResponseRequest, messages []openai.Message) *reply {
	m := c.dep.model
	history := messages
	if prev := c.r.responses.get(ask.PreviousResponseID); prev != nil {
		history = append(slices.Clone(prev.history), messages...)
	}
	limit, hidden := 0, 0
	if ask.MaxOutputTokens != nil {
		limit = *ask.MaxOutputTokens
	}
	if m.reasoning && (limit == 0 || limit > 2*hiddenTokens) {
		hidden = hiddenTokens
		limit = max(0, limit-hidden)
	}
	tokens, finish := shorten(split(compose(history, persona{model: m.name, region: c.r.display}, 0)), nil, limit)
	text := strings.Join(tokens, "")
	out := c.newResponse(ask)
	usage := &openai.ResponseUsage{InputTokens: promptTokens(history), OutputTokens: len(tokens) + hidden}
	usage.OutputDetails.ReasoningTokens = hidden
	usage.TotalTokens = usage.InputTokens + usage.OutputTokens
	out.Usage, out.Status = usage, "completed"
	if finish == "length" {
		out.Status, out.IncompleteDetails = "incomplete", &openai.Incomplete{Reason: "max_output_tokens"}
	}
	if m.reasoning {
		item := openai.OutputItem{ID: "rs_" + c.hexID(), Type: "reasoning", Summary: &[]any{}}
		if ask.Wants("reasoning.encrypted_content") {
			item.EncryptedContent = c.r.seal(token(c.rng, 24))
		}
		out.Output = append(out.Output, item)
	}
	out.Output = append(out.Output, openai.OutputItem{
		ID: "msg_" + c.hexID(), Type: "message", Status: out.Status, Role: "assistant",
		Content: &[]openai.OutputText{{Type: "output_text", Annotations: []any{}, Logprobs: []any{}, Text: text}},
	})
	if ask.Kept() {
		st := &storedResponse{response: *out, history: append(slices.Clone(history), openai.Message{Role: "assistant", Content: openai.Content{Text: text}})}
		if ask.Input.Text != "" {
			st.items = []json.RawMessage{c.inputItem(ask.Input.Text)}
		}
		for _, it := range ask.Input.Items {
			st.items = append(st.items, it.Raw)
		}
		c.r.responses.put(st)
	}
	c.spent(usage.InputTokens, usage.OutputTokens)
	pace := c.pace(usage.InputTokens)
	rep := &reply{status: 200, wait: pace.first, model: true}
	if ask.Stream {
		rep.kind = openai.ContentTypeSSE + "; charset=utf-8"
		rep.events = responseStream(out, tokens, pace)
		return rep
	}
	if pace.whole {
		rep.wait += time.Duration(usage.OutputTokens) * pace.gap
	}
	rep.kind, rep.body = "application/json", openai.Encode(out)
	return rep
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

func (c *call) inputItem(text string) json.RawMessage {
	return openai.Encode(map[string]any{
		"id": "msg_" + c.hexID(), "type": "message", "role": "user", "status": "completed",
		"content": []any{map[string]string{"type": "input_text", "text": text}},
	})
}

// hexID is the tail of an id in the Responses API.
func (c *call) hexID() string {
	sum := sha256.Sum256([]byte(token(c.rng, 32)))
	return hex.EncodeToString(sum[:24])
}

// responseStream sends a response as named, numbered events. There is no
// [DONE]: the last event holds the whole response.
func responseStream(final *openai.Response, tokens []string, pace timing) *stream {
	type event struct {
		kind   string
		fields map[string]any
	}
	var events []event
	var due []time.Duration
	at := time.Duration(0)
	add := func(kind string, fields map[string]any) {
		fields["type"], fields["sequence_number"] = kind, len(events)
		events = append(events, event{kind, fields})
		due = append(due, at)
	}
	begun := *final
	begun.Status, begun.Output, begun.Usage, begun.IncompleteDetails = "in_progress", []openai.OutputItem{}, nil, nil
	add("response.created", map[string]any{"response": begun})
	add("response.in_progress", map[string]any{"response": begun})
	for i, item := range final.Output {
		if item.Type != "message" {
			add("response.output_item.added", map[string]any{"output_index": i, "item": item})
			add("response.output_item.done", map[string]any{"output_index": i, "item": item})
			continue
		}
		empty := item
		empty.Content, empty.Status = &[]openai.OutputText{}, "in_progress"
		add("response.output_item.added", map[string]any{"output_index": i, "item": empty})
		place := func(more map[string]any) map[string]any {
			more["item_id"], more["output_index"], more["content_index"] = item.ID, i, 0
			return more
		}
		part := (*item.Content)[0]
		blank := part
		blank.Text = ""
		add("response.content_part.added", place(map[string]any{"part": blank}))
		for _, t := range tokens {
			add("response.output_text.delta", place(map[string]any{"delta": t, "logprobs": []any{}}))
			at += pace.gap
		}
		add("response.output_text.done", place(map[string]any{"text": part.Text, "logprobs": []any{}}))
		add("response.content_part.done", place(map[string]any{"part": part}))
		add("response.output_item.done", map[string]any{"output_index": i, "item": item})
	}
	add("response."+final.Status, map[string]any{"response": final})
	return &stream{due: due, make: func(i int) []byte {
		return openai.AppendEvent(nil, events[i].kind, openai.Encode(events[i].fields))
	}}
}

// storedResponse answers what is asked about a response by its id.
func (c *call) storedResponse() *reply {
	st := c.r.responses.get(c.target.id)
	if st == nil {
		return refusal(openai.Model(404, "invalid_request_error", "", "", "Response with id '"+c.target.id+"' not found."))
	}
	rep := &reply{status: 200, kind: "application/json"}
	switch c.target.op {
	case opResponseDelete:
		c.r.responses.remove(c.target.id)
		rep.body = openai.Encode(map[string]any{"id": c.target.id, "object": "response", "deleted": true})
	case opResponseCancel:
		return refusal(openai.Invalid("", "Cannot cancel a synchronous response."))
	case opResponseItems:
		items := st.items
		if items == nil {
			items = []json.RawMessage{}
		}
		list := map[string]any{"object": "list", "data": items, "has_more": false, "first_id": nil, "last_id": nil}
		rep.body = openai.Encode(list)
	default:
		rep.body = openai.Encode(st.response)
	}
	return rep
}
