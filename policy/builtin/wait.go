package builtin

import (
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func wait(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name:  "wait",
			Doc:   "Runs send-request, cache-lookup-value and choose side by side, until all of them or the first has ended.",
			Block: true, NonEmpty: true,
			Attributes: []policy.Attribute{{
				Name: "for", Default: "all", Values: []string{"all", "any"}, Expression: true,
				Doc: "Whether to wait for all of them or for any.",
			}},
		},
		Sections: policy.Inbound | policy.Backend | policy.Outbound,
		Compile: func(e *policy.Element) policy.Step {
			for _, n := range e.Block() {
				if !isOneOf(n.Policy, []string{"send-request", "cache-lookup-value", "choose"}) {
					e.Problem("misplaced", "%s cannot stand directly inside wait", n.Policy).
						WithHint("it may stand inside a choose there; wait holds send-request, cache-lookup-value and choose")
					return nil
				}
			}
			return &waitStep{s, e.Value("for"), e.Block()}
		},
	}
}

type waitStep struct {
	services Services
	mode     *policy.Value
	block    policy.Block
}

func (s *waitStep) Run(r *policy.Run) error {
	mode, err := s.mode.String(r)
	if err != nil {
		return err
	}
	if mode != "all" && mode != "any" {
		return r.Error(exchange.ReasonValueNotAllowed, "The value '"+mode+"' of for is not all or any.")
	}
	return r.Parallel(s.block, mode == "any", s.services.Clock)
}
