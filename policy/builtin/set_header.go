package builtin

import (
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

func setHeader() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "set-header",
			Doc:  "Sets, adds to or deletes a header: of the request in inbound and backend, of the response in outbound and on-error.",
			Attributes: []policy.Attribute{
				{Name: "name", Required: true, Expression: true, Doc: "The header's name."},
				existsAction,
			},
			Children: []policy.Child{valueChild},
		},
		Sections:  policy.Everywhere,
		InMessage: true,
		Compile: func(e *policy.Element) policy.Step {
			s := &setHeaderStep{target: e.Target(), name: e.Value("name"), action: e.Value("exists-action")}
			s.values = valuesOf(e, s.action)
			if name := s.name; name.IsLiteral() && !e.Loose() {
				if !validToken(name.Literal()) {
					e.ProblemAt("name", "wrong-value", "%s is not the name of a header", strconv.Quote(name.Literal()))
				} else if why := protected(name.Literal(), "override", s.target); why != "" {
					e.Warn("no-effect", "%s", why)
				}
			}
			return s
		},
	}
}

// valueChild is one value of a header or a query parameter.
var valueChild = policy.Child{Shape: policy.Shape{
	Name: "value", Doc: "A value; several are several values.",
	Text: &policy.Attribute{Expression: true, Doc: "The value."},
}}

// valuesOf are the values; one at least is needed unless the action deletes.
func valuesOf(e *policy.Element, action *policy.Value) []*policy.Value {
	var values []*policy.Value
	for _, v := range e.Children("value") {
		values = append(values, v.Text())
	}
	if len(values) == 0 && action.IsLiteral() && action.Literal() != "delete" {
		e.Problem("missing-element", "%s must hold the element value unless it deletes", e.Name())
	}
	return values
}

type setHeaderStep struct {
	target       policy.Target
	name, action *policy.Value
	values       []*policy.Value
}

func (s *setHeaderStep) Run(r *policy.Run) error {
	name, action, values, err := evaluate(r, s.name, s.action, s.values)
	if err != nil {
		return err
	}
	if !validToken(name) {
		return r.Error(exchange.ReasonValueNotAllowed, "The name of the header is not valid.")
	}
	for _, v := range values {
		if !validFieldValue(v) {
			return r.Error(exchange.ReasonValueNotAllowed,
				"The value of the header '"+name+"' holds a line break or another control character.")
		}
	}
	if r.Tracing() && trace.SecretName(name) {
		r.X.Trace.Hide(values...)
	}
	if why := protected(name, action, s.target); why != "" {
		r.Trace(why)
		return nil
	}
	h := r.Header(s.target)
	exists := h.Has(name)
	switch {
	case action == "delete":
		h.Del(name)
		if exists {
			traceHeader(r, "Header '"+name+"' was removed.", name, nil)
		}
		return nil
	case action == "skip" && exists:
		traceHeader(r, "Header '"+name+"' exists and was left as it is.", name, h.Values(name))
		return nil
	case action == "append" && exists:
		values = append(h.Values(name), values...)
	}
	write(h, name, values)
	traceHeader(r, "Specified value was assigned to the header (see below).", name, values)
	return nil
}

// headerSet is the trace entry of a header that was changed.
type headerSet struct {
	Message string                `json:"message"`
	Header  *exchange.TracedField `json:"header,omitempty"`
}

func traceHeader(r *policy.Run, message, name string, values []string) {
	if !r.Tracing() {
		return
	}
	entry := headerSet{Message: message}
	if values != nil {
		shown := exchange.Header{{Name: name, Value: strings.Join(values, ",")}}.Traced()
		entry.Header = &shown[0]
	}
	r.Trace(entry)
}

// evaluate gives the parts that set-header and set-query-parameter share.
// Values of a delete are not evaluated: they are ignored.
func evaluate(r *policy.Run, nameValue, actionValue *policy.Value, list []*policy.Value) (name, action string, values []string, err error) {
	if name, err = nameValue.String(r); err != nil {
		return
	}
	if action, err = actionValue.String(r); err != nil {
		return
	}
	switch action {
	case "override", "skip", "append":
	case "delete":
		return
	default:
		err = r.Error(exchange.ReasonValueNotAllowed, "The value '"+action+"' of exists-action is not override, skip, append or delete.")
		return
	}
	values = make([]string, len(list))
	for i, v := range list {
		// Null becomes an empty value: what the service does is not known.
		if values[i], err = v.String(r); err != nil {
			return
		}
	}
	return
}

// separate are the headers whose values stand on lines of their own instead of
// being joined by commas, since they may hold commas or dates (the documented
// list).
var separate = []string{
	"User-Agent", "WWW-Authenticate", "Proxy-Authenticate", "Cookie", "Set-Cookie", "Warning", "Date",
	"Expires", "If-Modified-Since", "If-Unmodified-Since", "Last-Modified", "Retry-After",
}

// write leaves the header with exactly these values: joined as "v1,v2", or each
// on a line.
func write(h *exchange.Header, name string, values []string) {
	if len(values) <= 1 || !isOneOf(name, separate) {
		h.Set(name, strings.Join(values, ","))
		return
	}
	h.Set(name, values[0])
	for _, v := range values[1:] {
		h.Add(name, v)
	}
}

// framing are the headers that belong to the connection and to the length of
// the body: no policy changes them.
var framing = []string{"Connection", "Content-Length", "Keep-Alive", "Transfer-Encoding"}

// protected says why a header is not changed, "" when it is. Whether the
// service refuses such a document or ignores the policy is not known: ours
// ignores it, warns when the document is compiled, and says so in the trace.
func protected(name, action string, target policy.Target) string {
	switch {
	case isOneOf(name, framing):
		return "The header " + name + " belongs to the connection and cannot be changed by a policy."
	case action == "delete" && target != policy.Request && strings.EqualFold(name, "Server"):
		return "The header Server of a response cannot be removed."
	}
	return ""
}

func isOneOf(name string, list []string) bool {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

// validToken reports whether text is a token of RFC 9110, as names of headers
// and methods are.
func validToken(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 {
			continue
		}
		return false
	}
	return text != ""
}

// validFieldValue reports whether text can stand in a header line: a line break
// in it would begin another header, or another response.
func validFieldValue(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
