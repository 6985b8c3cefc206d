package chat

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"
)

// sources is how many passages an answer is based on.
const sources = 3

// firstUsageVersion is the first api-version that knows stream_options; older
// ones refuse the whole request because of it.
const firstUsageVersion = "2024-09-01"

// Line is one line of an answer. Each has one of its members; the last one of a
// whole answer has End or Failure, and both when it broke in the middle. A
// stream without such a line was cut on its way to the page.
type Line struct {
	// Sources are the passages that the model was given, in the order of their
	// marks, doc1 first.
	Sources []Cited `json:"sources,omitempty"`
	// Left is how many old messages did not fit and were not sent.
	Left int `json:"left,omitempty"`
	// Region is the region that answers, where the endpoint tells.
	Region string `json:"region,omitempty"`
	Text   string `json:"text,omitempty"`
	Usage  *Usage `json:"usage,omitempty"`
	// End is complete, length (the limit of tokens was reached), filtered (the
	// content filter ended it) or cut (it just stopped).
	End     string   `json:"end,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
}

// Cited is a passage on the page.
type Cited struct {
	ID       string  `json:"id"`
	Document string  `json:"document"`
	Title    string  `json:"title"`
	Text     string  `json:"text"`
	Score    float64 `json:"score,omitempty"`
}

// Usage is what an answer cost, in tokens.
type Usage struct {
	Prompt     int64 `json:"prompt"`
	Completion int64 `json:"completion"`
}

// reply answers a question line by line. It ends early when ctx ends or say
// fails: the person has left or pressed stop.
func (a *App) reply(ctx context.Context, q *question, say func(Line) error) {
	c, err := a.Source.Read()
	if err != nil {
		_ = say(Line{Failure: failure(ctx, err, c, "")})
		return
	}
	client := a.clientFor(c)
	var found []hit
	if q.Documents {
		bounded, cancel := context.WithTimeoutCause(ctx, a.Idle, errStalled)
		found, err = a.index.search(bounded, client, c, looked(q.Messages), sources)
		f := failureOf(bounded, err, c, c.Embedding)
		cancel()
		if f != nil {
			a.Log.Warn("the search failed", "kind", f.Kind, "status", f.Status)
			_ = say(Line{Failure: f})
			return
		}
		cited := make([]Cited, len(found))
		for i, h := range found {
			cited[i] = Cited{h.ID, h.Document, h.Title, h.Text, h.score}
		}
		if say(Line{Sources: cited}) != nil {
			return
		}
	}
	messages, left := prompt(c, q.Messages, found, q.Documents)
	if left > 0 && say(Line{Left: left}) != nil {
		return
	}
	a.stream(ctx, client, c, messages, say)
}

func failureOf(ctx context.Context, err error, c Config, deployment string) *Failure {
	if err == nil {
		return nil
	}
	return failure(ctx, err, c, deployment)
}

// stream passes the model's answer on as it comes.
func (a *App) stream(ctx context.Context, client *openai.Client, c Config, messages []openai.ChatCompletionMessageParamUnion, say func(Line) error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(a.Idle, func() { cancel(errStalled) })
	defer stall.Stop()

	region := ""
	stream := client.Chat.Completions.NewStreaming(ctx, request(c, messages),
		option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			resp, err := next(r)
			if resp != nil {
				region = servedBy(resp.Header)
			}
			return resp, err
		}))
	defer func() { _ = stream.Close() }()
	told, begun := "", false
	finish := ""
	for stream.Next() {
		stall.Reset(a.Idle)
		if region != told {
			told = region
			if say(Line{Region: region}) != nil {
				return
			}
		}
		chunk := stream.Current()
		// A chunk may have no choices (what the filter says of the prompt, the
		// usage) and a choice no delta (what it says of the answer).
		for _, choice := range chunk.Choices {
			if choice.Index != 0 {
				continue
			}
			text := choice.Delta.Content + choice.Delta.Refusal
			if text != "" {
				begun = true
				if say(Line{Text: text}) != nil {
					return
				}
			}
			if choice.FinishReason != "" {
				finish = choice.FinishReason
			}
		}
		if u := chunk.Usage; u.TotalTokens > 0 {
			if say(Line{Usage: &Usage{u.PromptTokens, u.CompletionTokens}}) != nil {
				return
			}
		}
	}
	a.finish(ctx, stream.Err(), finish, begun, c, say)
}

// finish says how an answer ended. Only one that gave its reason is complete:
// a connection that ends early looks, to the client, like one that ends well.
func (a *App) finish(ctx context.Context, err error, reason string, begun bool, c Config, say func(Line) error) {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errStalled) {
		return // the person is gone
	}
	last := Line{End: ends[reason]}
	switch {
	case last.End != "":
		// Nothing that follows its end can make a whole answer less so.
	case reason != "":
		last.End = "complete" // tool_calls and what is yet to come: the model ended it
	case begun:
		last.End = "cut"
		last.Failure = &Failure{Kind: "failed", Title: "The answer was cut off.", Detail: "The connection ended before the model had finished.", Hint: "What is here is not all of it. Try again."}
		if f := failureOf(ctx, err, c, c.Deployment); f != nil && f.Kind != "unreachable" {
			last.Failure = f
			if errors.As(err, new(*ssestream.StreamError)) {
				f.Title, f.Hint = "The answer was cut off by an error.", "What is here is not all of it. Try again."
			}
		}
	default:
		last.Failure = failureOf(ctx, err, c, c.Deployment)
		if last.Failure == nil {
			last.Failure = &Failure{Kind: "failed", Title: "The answer was empty.", Detail: "The stream ended before the model said anything.", Hint: "Try again."}
		}
	}
	if f := last.Failure; f != nil {
		a.Log.Warn("no whole answer", "kind", f.Kind, "status", f.Status, "end", last.End)
	}
	_ = say(last)
}

// ends are the words of the model's reasons.
var ends = map[string]string{"stop": "complete", "length": "length", "content_filter": "filtered"}

// request is what the model is asked.
func request(c Config, messages []openai.ChatCompletionMessageParamUnion) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{Model: c.Deployment, Messages: messages}
	if c.APIVersion >= firstUsageVersion {
		p.StreamOptions.IncludeUsage = openai.Bool(true)
	}
	if c.Temperature.set {
		p.Temperature = openai.Float(c.Temperature.value)
	}
	if c.TopP.set {
		p.TopP = openai.Float(c.TopP.value)
	}
	if c.MaxTokens > 0 {
		p.MaxTokens = openai.Int(c.MaxTokens)
	}
	if c.MaxCompletionTokens > 0 {
		p.MaxCompletionTokens = openai.Int(c.MaxCompletionTokens)
	}
	return p
}

// servedBy is the region that an answer's head names: in the sample policies'
// header, or in Azure's own.
func servedBy(h http.Header) string {
	if r := h.Get("x-served-by-region"); r != "" {
		return r
	}
	return h.Get("x-ms-region")
}
