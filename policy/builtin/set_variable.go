package builtin

import (
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy"
)

func setVariable() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "set-variable",
			Doc:  "Sets a variable of the request: to a string, or to what an expression gives, with its type.",
			Attributes: []policy.Attribute{
				{Name: "name", Required: true, Doc: "The variable's name, upper and lower case told apart."},
				{
					Name: "value", Type: policy.Object, Required: true, Expression: true,
					Doc: "Its value; a literal is always a string.",
				},
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			return &setVariableStep{e.Literal("name"), e.Value("value")}
		},
	}
}

type setVariableStep struct {
	name  string
	value *policy.Value
}

func (s *setVariableStep) Run(r *policy.Run) error {
	v, err := s.value.Object(r)
	if err != nil {
		return err
	}
	setVariableTo(r, s.name, v)
	if r.Tracing() {
		r.Trace(variableSet{"Context variable was successfully set.", s.name, r.Shown(v)})
	}
	return nil
}

// variableSet is the trace entry of every policy that sets a variable.
type variableSet struct {
	Message string  `json:"message"`
	Name    string  `json:"name"`
	Value   *string `json:"value"`
}

func setVariableTo(r *policy.Run, name string, v value.Value) {
	if r.X.Variables == nil {
		r.X.Variables = make(map[string]value.Value)
	}
	r.X.Variables[name] = v
}
