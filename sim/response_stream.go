package sim

import (
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// responseEvents gathers the events of a streamed response, which are named and
// numbered.
type responseEvents struct {
	kinds  []string
	fields []map[string]any
	due    []time.Duration
	at     time.Duration
}

func (e *responseEvents) add(kind string, fields map[string]any) {
	fields["type"], fields["sequence_number"] = kind, len(e.kinds)
	e.kinds, e.fields, e.due = append(e.kinds, kind), append(e.fields, fields), append(e.due, e.at)
}

// responseStream sends a response as events. There is no [DONE]: the last one holds
// the whole response.
func responseStream(final *openai.Response, tokens []string, pace timing) *stream {
	e := &responseEvents{}
	begun := unfinished(*final, "in_progress")
	e.add("response.created", map[string]any{"response": begun})
	e.add("response.in_progress", map[string]any{"response": begun})
	for i, item := range final.Output {
		switch item.Type {
		case "message":
			e.message(i, item, tokens, pace)
		case "function_call":
			e.call(i, item, pace)
		default:
			e.add("response.output_item.added", map[string]any{"output_index": i, "item": item})
			e.add("response.output_item.done", map[string]any{"output_index": i, "item": item})
		}
	}
	e.add("response."+final.Status, map[string]any{"response": final})
	return &stream{due: e.due, make: func(i int) []byte {
		return openai.AppendEvent(nil, e.kinds[i], openai.Encode(e.fields[i]))
	}}
}

func (e *responseEvents) message(i int, item openai.OutputItem, tokens []string, pace timing) {
	empty := item
	empty.Content, empty.Status = &[]openai.OutputText{}, "in_progress"
	e.add("response.output_item.added", map[string]any{"output_index": i, "item": empty})
	place := func(more map[string]any) map[string]any {
		more["item_id"], more["output_index"], more["content_index"] = item.ID, i, 0
		return more
	}
	part := (*item.Content)[0]
	blank := part
	blank.Text = ""
	e.add("response.content_part.added", place(map[string]any{"part": blank}))
	for _, t := range tokens {
		e.add("response.output_text.delta", place(map[string]any{"delta": t, "logprobs": []any{}}))
		e.at += pace.gap
	}
	e.add("response.output_text.done", place(map[string]any{"text": part.Text, "logprobs": []any{}}))
	e.add("response.content_part.done", place(map[string]any{"part": part}))
	e.add("response.output_item.done", map[string]any{"output_index": i, "item": item})
}

func (e *responseEvents) call(i int, item openai.OutputItem, pace timing) {
	empty, arguments := item, *item.Arguments
	empty.Arguments, empty.Status = new(string), "in_progress"
	e.add("response.output_item.added", map[string]any{"output_index": i, "item": empty})
	for _, t := range split(arguments) {
		e.add("response.function_call_arguments.delta", map[string]any{"item_id": item.ID, "output_index": i, "delta": t})
		e.at += pace.gap
	}
	e.add("response.function_call_arguments.done", map[string]any{"item_id": item.ID, "output_index": i, "name": item.Name, "arguments": arguments})
	e.add("response.output_item.done", map[string]any{"output_index": i, "item": item})
}
