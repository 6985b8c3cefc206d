package builtin

import (
	"strconv"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func setStatus() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "set-status",
			Doc:  "Sets the response's status code and reason phrase.",
			Attributes: []policy.Attribute{
				{
					Name: "code", Type: policy.Int, Required: true, Expression: true, Bounded: true, Min: 100, Max: 999,
					Doc: "The status code.",
				},
				// The reference calls it required; real documents leave it out.
				{Name: "reason", Expression: true, Doc: "The reason phrase; without one the standard phrase."},
			},
		},
		Sections:  policy.Everywhere,
		InMessage: true,
		Compile: func(e *policy.Element) policy.Step {
			return &setStatusStep{statusTarget(e.Target()), e.Value("code"), e.Value("reason")}
		},
	}
}

// statusTarget is the response also in inbound and backend, where other
// policies work on the request.
func statusTarget(t policy.Target) policy.Target {
	if t == policy.Request {
		return policy.Response
	}
	return t
}

type setStatusStep struct {
	target       policy.Target
	code, reason *policy.Value
}

func (s *setStatusStep) Run(r *policy.Run) error {
	code, err := s.code.Int(r)
	if err != nil {
		return err
	}
	reason, err := s.reason.String(r)
	if err != nil {
		return err
	}
	if !validFieldValue(reason) {
		return r.Error(exchange.ReasonValueNotAllowed, "The reason phrase holds a line break or another control character.")
	}
	if reason == "" {
		reason = exchange.Phrase(int(code))
	}
	p := r.Response(s.target)
	p.Status, p.Reason = int(code), reason
	if r.Tracing() {
		r.Trace("Response status code was set to '" + strconv.FormatInt(code, 10) + "', reason '" + reason + "'.")
	}
	return nil
}
