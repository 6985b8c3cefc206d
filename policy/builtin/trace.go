package builtin

import (
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/trace"
)

func traceMessage() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "trace",
			Doc:  "Adds a message to the request's trace.",
			Attributes: []policy.Attribute{
				{Name: "source", Required: true, Doc: "A tag that says who speaks."},
				{
					Name: "severity", Default: "verbose", Values: []string{"verbose", "information", "error"},
					Doc: "How important it is.",
				},
			},
			// Older documents write the message as the element's own text.
			Text: &policy.Attribute{Expression: true, Doc: "The message, where there is no element of that name."},
			Children: []policy.Child{
				{Max: 1, Shape: policy.Shape{
					Name: "message", Doc: "The message.", Text: &policy.Attribute{Expression: true, Doc: "The text."},
				}},
				{Shape: policy.Shape{
					Name: "metadata", Doc: "A property that goes with it.",
					Attributes: []policy.Attribute{
						{Name: "name", Required: true, Doc: "Its name."},
						{Name: "value", Required: true, Expression: true, Doc: "Its value."},
					},
				}},
			},
		},
		// The reference does not list on-error; real documents use it there.
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			s := &traceStep{source: e.Literal("source"), severity: e.Literal("severity"), message: e.Text()}
			bare := !e.Text().IsLiteral() || e.Text().Literal() != ""
			switch child := e.Child("message"); {
			case child != nil && bare:
				e.Problem("unexpected-text", "trace holds elements, no text").
					WithHint("the message stands in the element message")
				return nil
			case child != nil:
				s.message = child.Text()
			case !bare:
				e.Problem("missing-element", "trace must hold the element message")
				return nil
			}
			for _, m := range e.Children("metadata") {
				s.metadata = append(s.metadata, metadata{m.Literal("name"), m.Value("value")})
			}
			return s
		},
	}
}

type traceStep struct {
	source, severity string
	message          *policy.Value
	metadata         []metadata
}

type metadata struct {
	name  string
	value *policy.Value
}

// traceEntry is what the policy leaves in the request's trace.
type traceEntry struct {
	Source   string            `json:"source"`
	Severity string            `json:"severity"`
	Message  string            `json:"message"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// Run evaluates message and metadata whether or not the request is traced: an
// expression that throws fails the request in either case.
func (s *traceStep) Run(r *policy.Run) error {
	message, err := s.message.String(r)
	if err != nil {
		return err
	}
	var properties map[string]string
	for _, m := range s.metadata {
		v, err := m.value.String(r)
		if err != nil {
			return err
		}
		if r.Tracing() {
			if properties == nil {
				properties = make(map[string]string, len(s.metadata))
			}
			properties[m.name] = trace.Text(v)
		}
	}
	if r.Tracing() {
		r.Trace(traceEntry{s.source, s.severity, trace.Text(message), properties})
	}
	return nil
}
