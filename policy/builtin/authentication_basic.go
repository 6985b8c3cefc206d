package builtin

import (
	"encoding/base64"

	"github.com/spillway-gateway/spillway/policy"
)

func authenticationBasic() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "authentication-basic",
			Doc:  "Sets the header Authorization of the request to a user name and a password.",
			Attributes: []policy.Attribute{
				{Name: "username", Required: true, Expression: true, Doc: "The user name."},
				{Name: "password", Required: true, Expression: true, Doc: "The password."},
			},
		},
		Sections:  policy.Inbound,
		InMessage: true,
		Compile: func(e *policy.Element) policy.Step {
			return &basicStep{e.Target(), e.Value("username"), e.Value("password")}
		},
	}
}

type basicStep struct {
	target             policy.Target
	username, password *policy.Value
}

func (s *basicStep) Run(r *policy.Run) error {
	name, err := s.username.String(r)
	if err != nil {
		return err
	}
	password, err := s.password.String(r)
	if err != nil {
		return err
	}
	credentials := "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
	if r.Tracing() {
		r.X.Trace.Hide(password, credentials)
		r.Trace("Header Authorization was set to the credentials of a user.")
	}
	r.Header(s.target).Set("Authorization", credentials)
	return nil
}
