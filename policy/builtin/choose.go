package builtin

import "github.com/spillway-gateway/spillway/policy"

func choose() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "choose",
			Doc:  "Runs the policies of the first when whose condition holds, else those of otherwise.",
			Children: []policy.Child{
				{Min: 1, Shape: policy.Shape{
					Name: "when", Block: true,
					Doc: "Policies with the condition that they need.",
					Attributes: []policy.Attribute{
						{Name: "condition", Type: policy.Condition, Required: true, Expression: true, Doc: "Whether they run."},
					},
				}},
				{Max: 1, Last: true, Shape: policy.Shape{
					Name: "otherwise", Block: true,
					Doc: "Policies that run when no condition holds.",
				}},
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			c := &chooseStep{}
			for _, w := range e.Children("when") {
				c.whens = append(c.whens, when{w.Value("condition"), w.Block(), w.Origin()})
			}
			if o := e.Child("otherwise"); o != nil {
				c.otherwise = o.Block()
			}
			return c
		},
	}
}

type chooseStep struct {
	whens     []when
	otherwise policy.Block
}

type when struct {
	condition *policy.Value
	block     policy.Block
	origin    policy.Origin
}

func (c *chooseStep) Run(r *policy.Run) error {
	for i := range c.whens {
		w := &c.whens[i]
		before := r.Stand(&w.origin)
		holds, err := w.condition.Bool(r)
		r.Stand(before)
		if err != nil {
			return err
		}
		if holds {
			return r.Do(w.block)
		}
	}
	return r.Do(c.otherwise)
}
