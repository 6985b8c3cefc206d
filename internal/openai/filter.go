package openai

// FilterResults are a content filter's findings. A prompt's hold Jailbreak, a
// completion's the protected materials; a nil part does not appear. Error stands
// alone: the filter did not work.
type FilterResults struct {
	Error         *FilterError `json:"error,omitempty"`
	Hate          *Severity    `json:"hate,omitempty"`
	Jailbreak     *Detection   `json:"jailbreak,omitempty"`
	ProtectedCode *Detection   `json:"protected_material_code,omitempty"`
	ProtectedText *Detection   `json:"protected_material_text,omitempty"`
	SelfHarm      *Severity    `json:"self_harm,omitempty"`
	Sexual        *Severity    `json:"sexual,omitempty"`
	Violence      *Severity    `json:"violence,omitempty"`
}

// FilterError says that a text passed without having been filtered.
type FilterError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Unfiltered is the finding of a filter that is out of order.
func Unfiltered() *FilterResults {
	return &FilterResults{Error: &FilterError{Code: "content_filter_error", Message: "The contents are not filtered"}}
}

// FilterOffsets say which characters of an answer the asynchronous filter has
// judged: what begins at Start up to End; CheckOffset is as far as all before is
// known to be in order.
type FilterOffsets struct {
	CheckOffset int `json:"check_offset"`
	Start       int `json:"start_offset"`
	End         int `json:"end_offset"`
}

// Severity is the finding of a category with degrees: safe, low, medium, high.
type Severity struct {
	Filtered bool   `json:"filtered"`
	Severity string `json:"severity"`
}

// Detection is the finding of a category that is there or not.
type Detection struct {
	Filtered bool `json:"filtered"`
	Detected bool `json:"detected"`
}

// SafePrompt is the finding for a prompt that nothing is wrong with.
func SafePrompt() *FilterResults {
	r := SafeText()
	r.Jailbreak = &Detection{}
	return r
}

// SafeText is the finding for a piece of completion with nothing wrong.
func SafeText() *FilterResults {
	safe := func() *Severity { return &Severity{Severity: "safe"} }
	return &FilterResults{Hate: safe(), SelfHarm: safe(), Sexual: safe(), Violence: safe()}
}

// SafeCompletion is the finding for a whole completion with nothing wrong.
func SafeCompletion() *FilterResults {
	r := SafeText()
	r.ProtectedCode, r.ProtectedText = &Detection{}, &Detection{}
	return r
}

// PromptFilterResult is what the filter found in one prompt.
type PromptFilterResult struct {
	PromptIndex int            `json:"prompt_index"`
	Results     *FilterResults `json:"content_filter_results"`
}
