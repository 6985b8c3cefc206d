package forward

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// errUnfinished says that an answer stopped before its end, though its connection
// ended well.
var errUnfinished = errors.New("the connection ended before the answer did")

// unfinished looks at a stream whose body ends with its connection: there is no
// other sign of a region that died than what the answer lacks. Only of streams
// that say what they are is it known how they end: those of chats and completions
// by a finish reason or [DONE], those of the Responses API by one of four events.
type unfinished struct {
	split openai.Splitter
	begun bool // it is one of them
	ended bool
}

func newUnfinished() *unfinished {
	u := &unfinished{}
	u.split = openai.Splitter{OnEvent: u.event, Limit: mostOpening}
	return u
}

func (u *unfinished) event(e openai.Event) {
	if u.ended {
		return
	}
	var told struct {
		Object  string          `json:"object"`
		Type    string          `json:"type"`
		Error   json.RawMessage `json:"error"`
		Choices []struct {
			Finish *string `json:"finish_reason"`
		} `json:"choices"`
	}
	if string(e.Data) == openai.Done {
		u.ended = true
		return
	}
	if e.Oversize || json.Unmarshal(e.Data, &told) != nil {
		return
	}
	switch {
	case told.Object == "chat.completion.chunk", told.Object == "text_completion", strings.HasPrefix(told.Type, "response."):
		u.begun = true
	}
	switch told.Type {
	case "response.completed", "response.failed", "response.incomplete", "error":
		u.ended = true
	}
	for _, c := range told.Choices {
		u.ended = u.ended || c.Finish != nil
	}
	u.ended = u.ended || given(told.Error)
}

// lacks reports, at the end of the connection, that the answer has none.
func (u *unfinished) lacks() bool {
	u.split.End()
	return u.begun && !u.ended
}
