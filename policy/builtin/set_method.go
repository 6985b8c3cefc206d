package builtin

import (
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func setMethod() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "set-method",
			Doc:  "Changes the request's method. A body stays.",
			Text: &policy.Attribute{Required: true, Expression: true, Doc: "The method."},
		},
		Sections:  policy.Inbound | policy.OnError,
		InMessage: true,
		Compile: func(e *policy.Element) policy.Step {
			if m := e.Text(); m.IsLiteral() && !e.Loose() && !validToken(strings.TrimSpace(m.Literal())) {
				e.Problem("wrong-value", "%s is not a method", strconv.Quote(m.Literal()))
			}
			return &setMethodStep{e.Target(), e.Text()}
		},
	}
}

type setMethodStep struct {
	target policy.Target
	method *policy.Value
}

func (s *setMethodStep) Run(r *policy.Run) error {
	method, err := s.method.String(r)
	if err != nil {
		return err
	}
	if method = strings.TrimSpace(method); !validToken(method) {
		return r.Error(exchange.ReasonValueNotAllowed, "The method is not valid.")
	}
	if q := r.Request(s.target); q != nil {
		q.Method = method
	} else {
		// In on-error, whose other policies work on the response.
		r.X.Request.Method = method
	}
	if r.Tracing() {
		r.Trace("Request method was set to '" + method + "'.")
	}
	return nil
}
