package sim

import (
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// prepareCompletion answers completions, the API before chat.
func (c *call) prepareCompletion(body []byte) (func() *reply, *openai.Error) {
	var ask openai.CompletionRequest
	bad := decode(body, &ask)
	if refused := c.named(ask.Model); refused != nil {
		return nil, refused
	}
	if m := c.dep.model; !m.completes {
		return nil, openai.OperationNotSupported("completion", m.name)
	}
	return func() *reply {
		_, made := ask.Choices()
		if rep := c.admit(c.charge(openai.EstimateChars(ask.Prompt.Chars()), ask.Limit(), made*max(1, ask.Prompt.Len()), 0)); rep != nil {
			return rep
		}
		if bad == nil {
			bad = c.checkCompletion(&ask)
		}
		if bad != nil {
			return refusal(bad)
		}
		return c.complete(&ask)
	}, nil
}

func (c *call) checkCompletion(ask *openai.CompletionRequest) *openai.Error {
	sent, made := ask.Choices()
	switch {
	case sent < 1 || made > maxChoices:
		return openai.Invalid("n", "%d is not between 1 and %d - 'n'", sent, maxChoices)
	case ask.Limit() < 0:
		return openai.Invalid("max_tokens", "%d is less than the minimum of 0 - 'max_tokens'", ask.Limit())
	case ask.Stream && made > sent:
		return openai.Invalid("best_of", "Results cannot be streamed when 'best_of' is greater than 'n'.")
	}
	if e := checkRange("temperature", ask.Temperature, 0, 2); e != nil {
		return e
	}
	for i, text := range ask.Prompt.Texts {
		if found := filterPrompt(text); found != nil {
			return openai.PromptFiltered(found)
		}
		if n := ask.Prompt.ItemTokens(i); n+ask.Limit() > c.dep.model.context {
			return openai.ContextLengthExceeded(c.dep.model.context, n, ask.Limit(), "prompt")
		}
	}
	return nil
}

func (c *call) complete(ask *openai.CompletionRequest) *reply {
	prompts := ask.Prompt.Texts
	if len(prompts) == 0 {
		prompts = make([]string, max(1, len(ask.Prompt.Tokens)))
	}
	var choices []answered
	completion := 0
	sent, _ := ask.Choices()
	for _, p := range prompts {
		asked := []openai.Message{{Role: "user", Content: openai.Content{Text: p}}}
		for i := range sent {
			text := compose(asked, persona{model: c.dep.model.name, region: c.r.display}, i)
			tokens, finish := shorten(split(text), ask.Stop, max(1, ask.Limit()))
			if ask.Limit() == 0 {
				tokens, finish = nil, "length"
			}
			completion += len(tokens)
			if ask.Echo {
				tokens = append([]string{p}, tokens...)
			}
			choices = append(choices, answered{tokens: tokens, finish: finish})
		}
	}
	prompt := openai.EstimateChars(ask.Prompt.Chars())
	usage := &openai.Usage{PromptTokens: prompt, CompletionTokens: completion, TotalTokens: prompt + completion}
	c.spent(prompt, completion)
	pace := c.pace(prompt)
	id, created := "cmpl-"+token(c.rng, 29), c.began.Unix()
	whole := openai.Completion{Created: created, ID: id, Model: c.dep.model.served, Object: "text_completion"}
	rep := &reply{status: 200, wait: pace.first, model: true}
	if ask.Stream {
		rep.kind = openai.ContentTypeSSE
		rep.events = completionStream(whole, choices, usage, ask.StreamOptions != nil && ask.StreamOptions.IncludeUsage, pace)
		return rep
	}
	if pace.whole {
		rep.wait += time.Duration(completion) * pace.gap
	}
	for i := range prompts {
		whole.PromptFilterResults = append(whole.PromptFilterResults, openai.PromptFilterResult{PromptIndex: i, Results: openai.SafePrompt()})
	}
	for i, a := range choices {
		whole.Choices = append(whole.Choices, openai.CompletionChoice{
			FilterResults: openai.SafeCompletion(), FinishReason: &a.finish, Index: i, Text: a.text(),
		})
	}
	whole.Usage = &usage
	rep.kind, rep.body = "application/json", openai.Encode(whole)
	return rep
}

// completionStream sends a completion token by token, choice by choice.
func completionStream(base openai.Completion, choices []answered, usage *openai.Usage, withUsage bool, pace timing) *stream {
	var chunks []openai.Completion
	var due []time.Duration
	at := time.Duration(0)
	add := func(c openai.Completion) {
		var null *openai.Usage
		if withUsage && c.Usage == nil {
			c.Usage = &null
		}
		chunks = append(chunks, c)
		due = append(due, at)
	}
	first := base
	first.ID, first.Model, first.Object, first.Created = "", "", "", 0
	first.Choices = []openai.CompletionChoice{}
	first.PromptFilterResults = []openai.PromptFilterResult{{Results: openai.SafePrompt()}}
	add(first)
	for i, a := range choices {
		for _, t := range append(append([]string(nil), a.tokens...), "") {
			chunk := base
			choice := openai.CompletionChoice{Index: i, Text: t, FilterResults: openai.SafeText()}
			if t == "" {
				choice.FinishReason = &a.finish
			}
			chunk.Choices = []openai.CompletionChoice{choice}
			add(chunk)
			at += pace.gap
		}
	}
	if withUsage {
		last := base
		last.Choices, last.Usage = []openai.CompletionChoice{}, &usage
		add(last)
	}
	due = append(due, at)
	return &stream{due: due, make: func(i int) []byte {
		if i == len(chunks) {
			return openai.AppendEvent(nil, "", []byte(openai.Done))
		}
		return openai.AppendEvent(nil, "", openai.Encode(chunks[i]))
	}}
}

// lastQuestion is what the user asked last.
func lastQuestion(messages []openai.Message) string {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == "user" {
			return strings.TrimSpace(messages[i].Content.String())
		}
	}
	return ""
}
