package sim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

const (
	// maxStored is how many responses a region keeps; the oldest go first.
	maxStored = 1000
	// keptFor is how long Azure keeps a response that nobody deletes.
	keptFor = 30 * 24 * time.Hour
)

// responseStore keeps the responses of one region. No other region knows
// them, as with Azure: a conversation by previous_response_id belongs to the
// resource where it began.
type responseStore struct {
	mu    sync.Mutex
	byID  map[string]*storedResponse
	order []string
}

// storedResponse is a response as it is kept; guarded by its store once it is
// there.
type storedResponse struct {
	response openai.Response
	made     time.Time
	items    []json.RawMessage // the input, for input_items
	history  []openai.Message  // input and answer, earlier ones included
	// ready is when a response in the background is done; the zero time is that of
	// one that was answered at once.
	ready time.Time
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

// get is the response of that id as it is now, or nil.
func (s *responseStore) get(id string, now time.Time) *storedResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byID[id]
	if r == nil || now.Sub(r.made) >= keptFor {
		return nil
	}
	seen := *r
	if now.Before(r.ready) {
		seen.response = unfinished(seen.response, "in_progress")
	}
	return &seen
}

// unfinished is a response before there is an answer.
func unfinished(r openai.Response, status string) openai.Response {
	r.Status, r.Output, r.Usage, r.IncompleteDetails = status, []openai.OutputItem{}, nil, nil
	return r
}

func (s *responseStore) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
	if i := slices.Index(s.order, id); i >= 0 {
		s.order = slices.Delete(s.order, i, i+1)
	}
}

// cancel ends a response in the background that is not done.
func (s *responseStore) cancel(id string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byID[id]; r != nil && now.Before(r.ready) {
		r.response, r.ready = unfinished(r.response, "cancelled"), time.Time{}
	}
}

// storedResponse answers what is asked about a response by its id.
func (c *call) storedResponse() *reply {
	id, now := c.target.id, c.r.clock.Now()
	st := c.r.responses.get(id, now)
	if st == nil {
		return refusal(openai.Model(404, "invalid_request_error", "", "", "Response with id '"+id+"' not found."))
	}
	rep := &reply{status: 200, kind: "application/json"}
	switch c.target.op {
	case opResponseDelete:
		c.r.responses.remove(id)
		rep.body = openai.Encode(map[string]any{"id": id, "object": "response", "deleted": true})
		return rep
	case opResponseCancel:
		if !st.response.Background {
			return refusal(openai.Invalid("", "Cannot cancel a synchronous response."))
		}
		c.r.responses.cancel(id, now)
		st = c.r.responses.get(id, now)
	case opResponseItems:
		return c.inputItems(st)
	}
	rep.body = openai.Encode(st.response)
	return rep
}

// Bounds of limit in lists.
const (
	usualPage = 20
	maxPage   = 100
)

// inputItems is a page of a response's input, newest first unless asked otherwise.
func (c *call) inputItems(st *storedResponse) *reply {
	query, err := url.ParseQuery(c.req.Query)
	if err != nil {
		return refusal(openai.Invalid("", "The query cannot be read."))
	}
	limit := usualPage
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxPage {
			return refusal(openai.Invalid("limit", "Invalid 'limit': expected an integer between 1 and %d, but got '%s' instead.", maxPage, text))
		}
	}
	items := slices.Clone(st.items)
	switch order := query.Get("order"); order {
	case "", "desc":
		slices.Reverse(items)
	case "asc":
	default:
		return refusal(openai.Invalid("order", "Invalid value: '%s'. Supported values are: 'asc' and 'desc'.", order))
	}
	if after := query.Get("after"); after != "" {
		at := slices.IndexFunc(items, func(it json.RawMessage) bool { return itemID(it) == after })
		if at < 0 {
			return refusal(openai.Invalid("after", "No item with id '%s' found.", after))
		}
		items = items[at+1:]
	}
	more := len(items) > limit
	items = items[:min(limit, len(items))]
	list := map[string]any{"object": "list", "data": items, "has_more": more, "first_id": nil, "last_id": nil}
	if n := len(items); n > 0 {
		list["first_id"], list["last_id"] = itemID(items[0]), itemID(items[n-1])
	}
	return &reply{status: 200, kind: "application/json", body: openai.Encode(list)}
}

func itemID(item json.RawMessage) string {
	var w struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(item, &w) // kept items are objects
	return w.ID
}

// keepItems are the items of a request's input as the service keeps them: each with
// an id, a message's content in parts.
func (c *call) keepItems(ask *openai.ResponseRequest) []json.RawMessage {
	kept := []json.RawMessage{}
	message := func(id, role string, parts any) json.RawMessage {
		return openai.Encode(map[string]any{"id": id, "type": "message", "role": role, "status": "completed", "content": parts})
	}
	text := func(s string) []any { return []any{map[string]string{"type": "input_text", "text": s}} }
	if ask.Input.Text != "" {
		kept = append(kept, message("msg_"+c.hexID(), "user", text(ask.Input.Text)))
	}
	for _, it := range ask.Input.Items {
		id := it.ID
		if it.Type != "message" {
			var fields map[string]json.RawMessage
			if json.Unmarshal(it.Raw, &fields) != nil || fields == nil {
				continue
			}
			if id == "" {
				fields["id"] = openai.AppendQuoted(nil, prefixOf(it.Type)+c.hexID())
			}
			kept = append(kept, openai.Encode(fields))
			continue
		}
		if id == "" {
			id = "msg_" + c.hexID()
		}
		if len(it.Content.Parts) == 0 {
			kept = append(kept, message(id, it.Role, text(it.Content.Text)))
			continue
		}
		var w struct {
			Content json.RawMessage `json:"content"`
		}
		if json.Unmarshal(it.Raw, &w) == nil {
			kept = append(kept, message(id, it.Role, w.Content))
		}
	}
	return kept
}

// prefixOf is how the ids of a kind of item begin.
func prefixOf(kind string) string {
	switch kind {
	case "function_call":
		return "fc_"
	case "function_call_output":
		return "fco_"
	case "reasoning":
		return "rs_"
	case "compaction":
		return "cmp_"
	}
	return "item_"
}
