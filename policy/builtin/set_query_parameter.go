package builtin

import (
	"net/url"
	"strings"

	"github.com/spillway-gateway/spillway/policy"
)

func setQueryParameter() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "set-query-parameter",
			Doc:  "Sets, adds to or deletes a query parameter of the request to the backend.",
			Attributes: []policy.Attribute{
				{Name: "name", Required: true, Expression: true, Doc: "The parameter's name, compared without regard to case."},
				existsAction,
			},
			Children: []policy.Child{valueChild},
		},
		Sections: policy.Inbound | policy.Backend,
		Compile: func(e *policy.Element) policy.Step {
			s := &setQueryStep{name: e.Value("name"), action: e.Value("exists-action")}
			s.values = valuesOf(e, s.action)
			return s
		},
	}
}

type setQueryStep struct {
	name, action *policy.Value
	values       []*policy.Value
}

func (s *setQueryStep) Run(r *policy.Run) error {
	name, action, values, err := evaluate(r, s.name, s.action, s.values)
	if err != nil {
		return err
	}
	u := &r.X.Request.URL
	q := parseQuery(u.Query)
	at := q.index(name)
	switch {
	case action == "delete":
		q = q.without(name)
	case action == "skip" && at >= 0:
	case action == "override" && at >= 0:
		// The new values take the place of the first one.
		rest := q[at+1:].without(name)
		q = append(append(q[:at:at], newParameters(name, values)...), rest...)
	default:
		q = append(q, newParameters(name, values)...)
	}
	u.Query = q.String()
	if r.Tracing() {
		r.Trace(urlChanged{"Query parameter '" + name + "' was processed (" + action + ").", traced{u.Traced()}})
	}
	return nil
}

// urlChanged is the trace entry of a policy that changes where the request goes.
type urlChanged struct {
	Message string `json:"message"`
	Request traced `json:"request"`
}

type traced struct {
	URL string `json:"url"`
}

// query is a query in its parts, each as it stands on the wire.
type query []string

func parseQuery(text string) query {
	if text == "" {
		return nil
	}
	return strings.Split(text, "&")
}

// String joins the parts.
func (q query) String() string { return strings.Join(q, "&") }

// parameterName is the decoded name of a part.
func parameterName(part string) string {
	name, _, _ := strings.Cut(part, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		return decoded
	}
	return name
}

// index is the place of the first parameter of that name, or -1. Names are
// compared without regard to case, as the template of an operation is.
func (q query) index(name string) int {
	for i, part := range q {
		if strings.EqualFold(parameterName(part), name) {
			return i
		}
	}
	return -1
}

func (q query) without(name string) query {
	var out query
	for _, part := range q {
		if !strings.EqualFold(parameterName(part), name) {
			out = append(out, part)
		}
	}
	return out
}

func newParameters(name string, values []string) query {
	out := make(query, len(values))
	for i, v := range values {
		out[i] = escapeQuery(name) + "=" + escapeQuery(v)
	}
	return out
}

// escapeQuery encodes text for a query as Uri.EscapeDataString does: a space is
// %20, which every server reads, unlike "+".
func escapeQuery(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
