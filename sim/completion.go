package sim

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// prepareCompletion answers completions, the API before chat.
func (c *call) prepareCompletion(body []byte) (func() *reply, *openai.Error) {
	var ask openai.CompletionRequest
	bad := decode(body, &ask)
	if refused := c.named(ask.Model, bad); refused != nil {
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

// maxTextTop is the most alternatives that a completion tells.
const maxTextTop = 5

func (c *call) checkCompletion(ask *openai.CompletionRequest) *openai.Error {
	sent, made := ask.Choices()
	switch {
	case sent < 1 || made > maxChoices:
		return openai.Invalid("n", "%d is not between 1 and %d - 'n'", sent, maxChoices)
	case ask.Limit() < 0:
		return openai.Invalid("max_tokens", "%d is less than the minimum of 0 - 'max_tokens'", ask.Limit())
	case ask.Stream && made > sent:
		return openai.Invalid("best_of", "Results cannot be streamed when 'best_of' is greater than 'n'.")
	case ask.Logprobs != nil && (*ask.Logprobs < 0 || *ask.Logprobs > maxTextTop):
		return openai.Invalid("logprobs", "%d is not between 0 and %d - 'logprobs'", *ask.Logprobs, maxTextTop)
	}
	if e := c.checkStream(ask.Stream, ask.StreamOptions); e != nil {
		return e
	}
	if e := checkSampling(ask.Temperature, ask.TopP, ask.PresencePenalty, ask.FrequencyPenalty); e != nil {
		return e
	}
	for i, text := range ask.Prompt.Texts {
		if found := c.dep.filterPrompt(text); found != nil {
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
			text := compose(asked, c.persona(), i)
			tokens, finish := shorten(split(text), ask.Stop, max(1, ask.Limit()))
			if ask.Limit() == 0 {
				tokens, finish = nil, "length"
			}
			a := answered{tokens: tokens, finish: finish}
			c.dep.filterAnswer(&a)
			completion += len(a.tokens)
			if ask.Echo {
				a.tokens = append(split(p), a.tokens...)
			}
			choices = append(choices, a)
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
		rep.events = c.completionStream(ask, whole, choices, usage, pace)
		return rep
	}
	if pace.whole {
		rep.wait += time.Duration(completion) * pace.gap
	}
	for i := range prompts {
		whole.PromptFilterResults = append(whole.PromptFilterResults, openai.PromptFilterResult{PromptIndex: i, Results: c.dep.promptFindings()})
	}
	for i := range choices {
		a := &choices[i]
		whole.Choices = append(whole.Choices, openai.CompletionChoice{
			FilterResults: c.dep.answerFindings(a), FinishReason: &a.finish, Index: i, Text: a.text(),
			Logprobs: textLogprobs(a.tokens, ask.Logprobs, 0),
		})
	}
	whole.Usage = &usage
	rep.kind, rep.body = "application/json", openai.Encode(whole)
	return rep
}

// textLogprobs are those of a completion's tokens, of which the first stands at a
// character; nil where they are not asked for.
func textLogprobs(tokens []string, top *int, at int) *openai.TextLogprobs {
	if top == nil {
		return nil
	}
	out := &openai.TextLogprobs{TextOffset: []int{}, TokenLogprobs: []float64{}, Tokens: []string{}, TopLogprobs: []map[string]float64{}}
	for _, t := range tokens {
		out.TextOffset, out.Tokens = append(out.TextOffset, at), append(out.Tokens, t)
		out.TokenLogprobs = append(out.TokenLogprobs, logprob(t))
		others := map[string]float64{}
		for _, o := range instead(t, *top) {
			others[o.token] = o.logprob
		}
		out.TopLogprobs = append(out.TopLogprobs, others)
		at += utf8.RuneCountInString(t)
	}
	return out
}

// completionStream sends a completion token by token, choice by choice.
func (c *call) completionStream(ask *openai.CompletionRequest, base openai.Completion, choices []answered, usage *openai.Usage, pace timing) *stream {
	withUsage := ask.StreamOptions != nil && ask.StreamOptions.IncludeUsage
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
	first.PromptFilterResults = []openai.PromptFilterResult{{Results: c.dep.promptFindings()}}
	add(first)
	for i := range choices {
		a := &choices[i]
		chars := 0
		for _, t := range append(append([]string(nil), a.tokens...), "") {
			chunk := base
			choice := openai.CompletionChoice{Index: i, Text: t, FilterResults: c.dep.textFindings()}
			if t == "" {
				choice.FinishReason = &a.finish
				if a.blocked != nil {
					choice.FilterResults = a.blocked
				}
			} else {
				choice.Logprobs = textLogprobs([]string{t}, ask.Logprobs, chars)
			}
			chars += utf8.RuneCountInString(t)
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
