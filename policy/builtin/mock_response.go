package builtin

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func mockResponse() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "mock-response",
			Doc:  "Answers with an example of the operation's own, or with an empty body where it has none.",
			Attributes: []policy.Attribute{
				{Name: "status-code", Type: policy.Int, Default: "200", Bounded: true, Min: 100, Max: 999, Doc: "The status of the answer, and of the example."},
				{Name: "content-type", Doc: "The content type of the example; the first one without it."},
				{Name: "index", Type: policy.Int, Default: "0", Bounded: true, Max: math.MaxInt32, Doc: "Which of several examples, from 0, by their names."},
			},
		},
		Sections: policy.Inbound | policy.Outbound | policy.OnError,
		Compile: func(e *policy.Element) policy.Step {
			s := &mockStep{contentType: e.Literal("content-type")}
			s.status, _ = e.Value("status-code").Int(nil)
			s.index, _ = e.Value("index").Int(nil)
			if !validFieldValue(s.contentType) {
				e.ProblemAt("content-type", "wrong-value", "the content type holds a control character")
			}
			return s
		},
	}
}

type mockStep struct {
	status, index int64
	contentType   string
}

// Run ends the pipeline; on-error does not run. Samples are not made from schemas:
// examples are what people have written.
func (s *mockStep) Run(r *policy.Run) error {
	made := &exchange.Response{Status: int(s.status), Reason: exchange.Phrase(int(s.status)), Body: exchange.NoBody()}
	contentType, body, ok := s.example(r.X.Operation)
	if contentType != "" {
		made.Header.Set("Content-Type", contentType)
	}
	if ok {
		made.Body = exchange.BufferedBody(body)
		r.Trace("An example of the operation is the answer.")
	} else {
		r.Trace("The operation has no such example: the answer is empty.")
	}
	if x := r.X; x.Response != nil {
		_ = x.Response.Body.Close()
	}
	r.X.Response = made
	return policy.ErrDone
}

func (s *mockStep) example(o *apim.Operation) (contentType string, body []byte, ok bool) {
	if o == nil {
		return s.contentType, nil, false
	}
	for i := range o.Responses {
		if o.Responses[i].StatusCode != int(s.status) {
			continue
		}
		for j := range o.Responses[i].Representations {
			p := &o.Responses[i].Representations[j]
			if s.contentType != "" && !strings.EqualFold(p.ContentType, s.contentType) {
				continue
			}
			names := make([]string, 0, len(p.Examples))
			for name, e := range p.Examples {
				if len(e.Value) > 0 {
					names = append(names, name)
				}
			}
			if len(names) == 0 {
				if contentType == "" {
					contentType = p.ContentType
				}
				continue
			}
			slices.Sort(names)
			return p.ContentType, exampleText(p.Examples[names[min(int(s.index), len(names)-1)]].Value), true
		}
	}
	if contentType == "" {
		contentType = s.contentType
	}
	return contentType, nil, false
}

// exampleText is an example's bytes: a text is what it says, all else JSON.
func exampleText(raw json.RawMessage) []byte {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text)
	}
	return raw
}
