package builtin

import (
	"strings"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func setBody() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "set-body",
			Doc:  "Replaces the body: of the request in inbound and backend, of the response in outbound and on-error.",
			Attributes: []policy.Attribute{
				// "none" stands in a sample of the documentation and means nothing.
				{Name: "template", Values: []string{"liquid", "none"}, Doc: "liquid makes the text a Liquid template."},
				{
					Name: "xsi-nil", Default: "blank", Values: []string{"blank", "null"},
					Doc: "What an element that is nil becomes in a template's input.",
				},
				{
					Name: "parse-date", Type: policy.Bool, Default: "true",
					Doc: "Whether texts that look like dates become dates in a template's input.",
				},
			},
			Text: &policy.Attribute{Type: policy.Content, Expression: true, Doc: "The body."},
		},
		// The reference does not list on-error; real documents use it there.
		Sections:  policy.Everywhere,
		InMessage: true,
		Compile: func(e *policy.Element) policy.Step {
			if e.Literal("template") == "liquid" {
				return compileLiquid(e)
			}
			return &setBodyStep{e.Target(), e.Text()}
		},
	}
}

type setBodyStep struct {
	target policy.Target
	text   *policy.Value
}

// Run writes the text in UTF-8. Literal text is kept with the white space
// around it: whether the service trims it is not known.
func (s *setBodyStep) Run(r *policy.Run) error {
	body, err := s.text.Content(r)
	if err != nil {
		return err
	}
	r.SetBody(s.target, body)
	nowUTF8(r.Header(s.target))
	if r.Tracing() {
		r.Trace("Body was set.")
	}
	return nil
}

// nowUTF8 corrects the charset of a Content-Type that names one.
func nowUTF8(h *exchange.Header) {
	for i := range *h {
		f := &(*h)[i]
		if !strings.EqualFold(f.Name, "Content-Type") {
			continue
		}
		parts := strings.Split(f.Value, ";")
		changed := false
		for j, part := range parts[1:] {
			name, value, ok := strings.Cut(part, "=")
			if ok && strings.EqualFold(strings.TrimSpace(name), "charset") &&
				!strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "utf-8") {
				parts[j+1] = name + "=utf-8"
				changed = true
			}
		}
		if changed {
			f.Value = strings.Join(parts, ";")
		}
	}
}
