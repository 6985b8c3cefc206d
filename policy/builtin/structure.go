package builtin

import "github.com/spillway-gateway/spillway/policy"

func base() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "base",
			Doc:  "Stands for the same section of the next broader scope; without it, broader scopes are cut off.",
		},
		Sections:  policy.Everywhere,
		Directive: policy.Inherit,
	}
}

func includeFragment() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "include-fragment",
			Doc:  "Puts the policies of a fragment in its place.",
			Attributes: []policy.Attribute{
				{Name: "fragment-id", Required: true, Doc: "The fragment's name."},
			},
		},
		Sections:  policy.Everywhere,
		Directive: policy.Include,
	}
}
