package builtin

import (
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func returnResponse() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "return-response",
			Doc:  "Answers at once, from scratch or from the response in a variable; nothing else runs.",
			Attributes: []policy.Attribute{
				{Name: "response-variable-name", Doc: "A variable that holds the response to start from."},
			},
			Children: []policy.Child{
				{Policy: true, Max: 1, Shape: policy.Shape{Name: "set-status"}},
				{Policy: true, Shape: policy.Shape{Name: "set-header"}},
				{Policy: true, Max: 1, Shape: policy.Shape{Name: "set-body"}},
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			return &returnStep{e.Literal("response-variable-name"), e.Steps()}
		},
	}
}

type returnStep struct {
	variable string
	steps    policy.Block
}

// response is what the variable's value must be able to give: the object
// behind C#'s IResponse.
type response interface {
	Response() *exchange.Response
}

func (s *returnStep) Run(r *policy.Run) error {
	made := &exchange.Response{Status: 200, Reason: "OK", Body: exchange.NoBody()}
	if s.variable != "" {
		from, ok := r.X.Variables[s.variable].Object().(response)
		if !ok || from.Response() == nil {
			return r.Error(exchange.ReasonValueNotAllowed,
				"The variable '"+s.variable+"' does not hold a response.")
		}
		*made = *from.Response()
		made.Header = made.Header.Clone()
		made.FromBackend = false
	}
	outer := r.Message
	r.Message = made
	err := r.Do(s.steps)
	r.Message = outer
	if err != nil {
		return err
	}
	x := r.X
	if x.Response != nil && x.Response.Body != made.Body {
		_ = x.Response.Body.Close()
	}
	x.Response = made
	r.Trace("Return response was applied: the pipeline ends here.")
	return policy.ErrDone
}
