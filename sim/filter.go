package sim

import (
	"strings"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// Filter is how a deployment's content filter works.
type Filter string

// The ways of a content filter.
const (
	// FilterUsual judges a text before the client gets it.
	FilterUsual Filter = ""
	// FilterAsync lets tokens pass at once and tells in chunks of its own, without
	// a delta, what it found; what it blocks, the client may have by then.
	FilterAsync Filter = "async"
	// FilterDown is out of order: everything passes, marked as not filtered.
	FilterDown Filter = "down"
)

const (
	// asyncStep is how many characters an asynchronous filter judges at a time.
	asyncStep = 160
	// asyncLate is how many characters a block may come late.
	asyncLate = 1000
)

// offending is a phrase that the content filter takes offence at, so that what it
// does can be had on purpose.
type offending struct {
	phrase string
	find   func(*openai.FilterResults)
}

func severe(level string) *openai.Severity {
	return &openai.Severity{Filtered: true, Severity: level}
}

// inPrompts has one for each category that Azure blocks by default.
var inPrompts = []offending{
	{"ignore all previous instructions", func(r *openai.FilterResults) {
		r.Jailbreak = &openai.Detection{Filtered: true, Detected: true}
	}},
	{"how to build a bomb", func(r *openai.FilterResults) { r.Violence = severe("medium") }},
	{"how to hurt myself", func(r *openai.FilterResults) { r.SelfHarm = severe("high") }},
	{"write an explicit sex scene", func(r *openai.FilterResults) { r.Sexual = severe("high") }},
	{"write a text full of slurs", func(r *openai.FilterResults) { r.Hate = severe("high") }},
}

// inAnswers may be asked for, but not answered with.
var inAnswers = []offending{
	{"blood ran down the walls", func(r *openai.FilterResults) { r.Violence = severe("medium") }},
	{"every word of the famous song", func(r *openai.FilterResults) {
		r.ProtectedText = &openai.Detection{Filtered: true, Detected: true}
	}},
}

// find is what is wrong with a text beside what a sound one would have, and where
// in it; nil if nothing is.
func find(text string, list []offending, sound func() *openai.FilterResults) (found *openai.FilterResults, at int) {
	lower := ""
	for _, o := range list {
		if len(text) < len(o.phrase) {
			continue
		}
		if lower == "" {
			lower = strings.ToLower(text)
		}
		i := strings.Index(lower, o.phrase)
		if i < 0 {
			continue
		}
		if found == nil {
			found, at = sound(), i
		}
		at = min(at, i)
		o.find(found)
	}
	// Lower case can be longer.
	return found, min(at, len(text))
}

// filterPrompt is what the filter blocks a prompt for, or nil.
func (d *deployment) filterPrompt(text string) *openai.FilterResults {
	if d.Filter == FilterDown {
		return nil
	}
	found, _ := find(text, inPrompts, openai.SafePrompt)
	return found
}

// filterAnswer takes from an answer what the filter blocks, and all behind it.
// What an asynchronous filter would have let pass nevertheless is in late.
func (d *deployment) filterAnswer(a *answered) {
	if d.Filter == FilterDown || len(a.tokens) == 0 {
		return
	}
	text := a.text()
	found, at := find(text, inAnswers, openai.SafeText)
	if found == nil {
		return
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	rest := text[at:]
	passed := 0
	for i := range rest {
		if passed == asyncLate {
			rest = rest[:i]
			break
		}
		passed++
	}
	a.tokens, a.late, a.blocked, a.finish = split(text[:at]), split(rest), found, "content_filter"
}

// promptFindings, textFindings and answerFindings are what the filter says of a
// prompt, a piece of an answer and a whole one with nothing wrong.
func (d *deployment) promptFindings() *openai.FilterResults {
	if d.Filter == FilterDown {
		return openai.Unfiltered()
	}
	return openai.SafePrompt()
}

func (d *deployment) textFindings() *openai.FilterResults {
	switch d.Filter {
	case FilterDown:
		return openai.Unfiltered()
	case FilterAsync:
		return &openai.FilterResults{}
	}
	return openai.SafeText()
}

func (d *deployment) answerFindings(a *answered) *openai.FilterResults {
	switch {
	case d.Filter == FilterDown:
		return openai.Unfiltered()
	case a.blocked != nil:
		return a.blocked
	}
	return openai.SafeCompletion()
}
