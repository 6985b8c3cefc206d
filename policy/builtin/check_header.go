package builtin

import (
	"strings"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func checkHeader() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "check-header",
			Doc:  "Refuses a request that lacks a header, or has it with a value that is not allowed.",
			Attributes: []policy.Attribute{
				{Name: "name", Required: true, Expression: true, Doc: "The header's name."},
				{
					Name: "failed-check-httpcode", Type: policy.Int, Required: true, Expression: true, Bounded: true, Min: 100, Max: 999,
					Doc: "The status of the refusal.",
				},
				{Name: "failed-check-error-message", Required: true, Expression: true, Doc: "The message of the refusal."},
				{Name: "ignore-case", Type: policy.Bool, Required: true, Expression: true, Doc: "Whether values are compared without regard to case."},
			},
			Children: []policy.Child{{Shape: policy.Shape{
				Name: "value", Doc: "A value that is allowed; without any the header only has to be there.",
				Text: &policy.Attribute{Expression: true, Doc: "The value."},
			}}},
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			s := &checkHeaderStep{
				name: e.Value("name"), status: e.Value("failed-check-httpcode"),
				message: e.Value("failed-check-error-message"), fold: e.Value("ignore-case"),
			}
			for _, v := range e.Children("value") {
				s.values = append(s.values, v.Text())
			}
			return s
		},
	}
}

type checkHeaderStep struct {
	name, status, message, fold *policy.Value
	values                      []*policy.Value
}

// Run compares the one value that the header has: several never are an allowed
// one.
func (s *checkHeaderStep) Run(r *policy.Run) error {
	name, err := s.name.String(r)
	if err != nil {
		return err
	}
	got := r.X.Request.Header.Values(name)
	if len(got) == 0 {
		return s.refuse(r, exchange.ReasonHeaderNotFound, "Header "+name+" was not found in the request. Access denied.")
	}
	allowed := len(s.values) == 0
	if !allowed && len(got) == 1 {
		fold, err := s.fold.Bool(r)
		if err != nil {
			return err
		}
		for _, v := range s.values {
			want, err := v.String(r)
			if err != nil {
				return err
			}
			if got[0] == want || fold && strings.EqualFold(got[0], want) {
				allowed = true
				break
			}
		}
	}
	if !allowed {
		return s.refuse(r, exchange.ReasonHeaderNotAllowed,
			"Header "+name+" value of "+strings.Join(got, ",")+" is not allowed. Access denied.")
	}
	traceHeader(r, "Header validated.", name, got)
	return nil
}

func (s *checkHeaderStep) refuse(r *policy.Run, reason, why string) error {
	status, err := s.status.Int(r)
	if err != nil {
		return err
	}
	message, err := s.message.String(r)
	if err != nil {
		return err
	}
	e := r.Error(reason, why)
	e.Status, e.Answer, e.Told = int(status), message, true
	return e
}
