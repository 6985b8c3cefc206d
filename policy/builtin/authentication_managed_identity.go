package builtin

import (
	"context"
	"errors"

	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// TokenSource gives a token of Microsoft Entra ID for a resource, such as
// https://cognitiveservices.azure.com, without "Bearer ". clientID is that of a
// user-assigned identity, "" for the identity of the machine. It keeps tokens
// until they expire, and is safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context, resource, clientID string) (string, error)
}

func authenticationManagedIdentity(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "authentication-managed-identity",
			Doc:  "Asks Microsoft Entra ID for a token and puts it into the header Authorization, or into a variable.",
			Attributes: []policy.Attribute{
				{Name: "resource", Required: true, Expression: true, Doc: "What the token is for, such as https://cognitiveservices.azure.com."},
				{Name: "client-id", Expression: true, Doc: "The client id of a user-assigned identity; without it the identity of the machine is meant."},
				{Name: "output-token-variable-name", Doc: "The variable that gets the token; the header then stays as it is."},
				{Name: "ignore-error", Type: policy.Bool, Default: "false", Doc: "Whether the request goes on when there is no token."},
			},
		},
		// The reference has it in inbound alone. Documents that run in production
		// ask for a token into a variable from outbound and on-error as well, for a
		// send-request that follows.
		Sections:  policy.Everywhere,
		InMessage: true,
		Compile: func(e *policy.Element) policy.Step {
			if s := e.Origin().Section; s != policy.SectionInbound && s != "" && e.Target() != policy.Message {
				if !e.Has("output-token-variable-name") {
					e.Problem("misplaced", "authentication-managed-identity cannot stand in the section %s", s).
						WithHint("only with output-token-variable-name; for the header it may stand in inbound")
					return nil
				}
				e.Warn("beyond-documented", "Azure documents authentication-managed-identity for the section inbound alone")
			}
			step := &managedIdentityStep{
				tokens: s.Tokens, target: e.Target(), resource: e.Value("resource"), clientID: e.Value("client-id"),
				ignore: e.True("ignore-error"),
			}
			if e.Has("output-token-variable-name") {
				step.variable = e.Literal("output-token-variable-name")
			}
			return step
		},
	}
}

type managedIdentityStep struct {
	tokens             TokenSource
	target             policy.Target
	resource, clientID *policy.Value
	variable           string
	ignore             bool
}

// Run sets the variable or the header, never both: the reference can be read
// either way, and documents that name a variable set the header themselves right
// after (spec: policies.md 2.2.1). With ignore-error a variable without a token
// is empty. What the service names as the reason of a failure is not known; ours
// is that of all other failures of its own.
func (s *managedIdentityStep) Run(r *policy.Run) error {
	resource, err := s.resource.String(r)
	if err != nil {
		return err
	}
	var clientID string
	if s.clientID != nil {
		if clientID, err = s.clientID.String(r); err != nil {
			return err
		}
	}
	token, err := s.token(r, resource, clientID)
	if err != nil {
		if gone := r.ClientGone(); gone != nil {
			return gone
		}
		if !s.ignore {
			e := r.Error(exchange.ReasonInternal, "The managed identity gave no token: "+err.Error())
			e.Err = err
			return e
		}
	}
	if r.Tracing() && token != "" {
		r.X.Trace.Hide(token)
	}
	switch {
	case s.variable != "":
		setVariableTo(r, s.variable, value.String(token))
	case token != "":
		r.Header(s.target).Set("Authorization", "Bearer "+token)
	}
	if r.Tracing() {
		r.Trace(s.entry(resource, clientID, err))
	}
	return nil
}

func (s *managedIdentityStep) token(r *policy.Run, resource, clientID string) (string, error) {
	if s.tokens == nil {
		return "", errors.New("this gateway has no identity")
	}
	return s.tokens.Token(r.Context(), resource, clientID)
}

// identityEntry is the trace entry; it never holds the token.
type identityEntry struct {
	Message  string `json:"message"`
	Resource string `json:"resource"`
	ClientID string `json:"clientId,omitempty"`
	Variable string `json:"variable,omitempty"`
	Error    string `json:"error,omitempty"`
}

func (s *managedIdentityStep) entry(resource, clientID string, err error) identityEntry {
	e := identityEntry{Resource: resource, ClientID: clientID, Variable: s.variable}
	switch {
	case err != nil:
		e.Message, e.Error = "No token was obtained. The failure is ignored since ignore-error is true.", err.Error()
	case s.variable != "":
		e.Message = "Token was obtained and stored in the variable."
	default:
		e.Message = "Token was obtained and set as the header Authorization."
	}
	return e
}
