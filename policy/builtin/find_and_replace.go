package builtin

import (
	"bytes"

	"github.com/spillway-gateway/spillway/policy"
)

func findAndReplace() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "find-and-replace",
			Doc:  "Replaces a text in the body by another, wherever it occurs: in inbound of the request, elsewhere of the response.",
			Attributes: []policy.Attribute{
				{Name: "from", Required: true, Expression: true, Doc: "The text to look for, upper and lower case told apart."},
				{Name: "to", Required: true, Expression: true, Doc: "What takes its place; empty to remove it."},
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			s := &replaceStep{target: policy.Response, from: e.Value("from"), to: e.Value("to")}
			if e.Origin().Section == policy.SectionInbound || e.Origin().Section == "" {
				s.target = policy.Request
				e.Effect(policy.ReadsRequestBody)
			} else {
				e.Effect(policy.ReadsResponseBody)
			}
			return s
		},
	}
}

type replaceStep struct {
	target   policy.Target
	from, to *policy.Value
}

// Run compares bytes: headers stay as they are but for the length.
func (s *replaceStep) Run(r *policy.Run) error {
	from, err := s.from.String(r)
	if err != nil {
		return err
	}
	to, err := s.to.String(r)
	if err != nil {
		return err
	}
	body, err := r.ReadBody(s.target)
	if err != nil || body == nil || from == "" {
		return err
	}
	n := bytes.Count(body, []byte(from))
	if n > 0 {
		r.SetBody(s.target, bytes.ReplaceAll(body, []byte(from), []byte(to)))
	}
	if r.Tracing() {
		r.Trace(replaced{"Text was replaced in the body.", n})
	}
	return nil
}

type replaced struct {
	Message string `json:"message"`
	Count   int    `json:"count"`
}
