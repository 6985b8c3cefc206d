package sim

import (
	"strings"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// blocked are phrases that the content filter takes offence at, so that its
// refusals can be had on purpose: one for each category that Azure blocks by
// default.
var blocked = []struct {
	phrase string
	find   func(*openai.FilterResults)
}{
	{"ignore all previous instructions", func(r *openai.FilterResults) {
		r.Jailbreak = &openai.Detection{Filtered: true, Detected: true}
	}},
	{"how to build a bomb", func(r *openai.FilterResults) {
		r.Violence = &openai.Severity{Filtered: true, Severity: "medium"}
	}},
	{"how to hurt myself", func(r *openai.FilterResults) {
		r.SelfHarm = &openai.Severity{Filtered: true, Severity: "high"}
	}},
	{"write an explicit sex scene", func(r *openai.FilterResults) {
		r.Sexual = &openai.Severity{Filtered: true, Severity: "high"}
	}},
	{"write a text full of slurs", func(r *openai.FilterResults) {
		r.Hate = &openai.Severity{Filtered: true, Severity: "high"}
	}},
}

// filterPrompt is what the filter blocks a prompt for, or nil.
func filterPrompt(text string) *openai.FilterResults {
	lower := ""
	var found *openai.FilterResults
	for _, b := range blocked {
		if len(text) < len(b.phrase) {
			continue
		}
		if lower == "" {
			lower = strings.ToLower(text)
		}
		if strings.Contains(lower, b.phrase) {
			if found == nil {
				found = openai.SafePrompt()
			}
			b.find(found)
		}
	}
	return found
}
