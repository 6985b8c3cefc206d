package builtin

import (
	"net/url"
	"strings"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func rewriteURI() policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "rewrite-uri",
			Doc:  "Changes the path and query that follow the backend's base URL.",
			Attributes: []policy.Attribute{
				{
					Name: "template", Required: true, Expression: true,
					Doc: "The new path, with {name} for parameters of the operation's template; or one expression.",
				},
				{
					Name: "copy-unmatched-params", Type: policy.Bool, Default: "true", Expression: true,
					Doc: "Whether query parameters that are not part of the operation's template are kept.",
				},
			},
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			s := &rewriteStep{template: e.Value("template"), copy: e.Value("copy-unmatched-params")}
			if s.template.IsLiteral() {
				s.parts = parseTemplate(s.template.Literal())
				checkPlaceholders(e, s.parts)
			}
			return s
		},
	}
}

type rewriteStep struct {
	template, copy *policy.Value
	// parts is the literal template; nil for an expression, whose result is
	// taken as it is.
	parts []templatePart
}

// templatePart is literal text or a placeholder.
type templatePart struct {
	text        string
	placeholder bool
	inQuery     bool
}

func parseTemplate(text string) []templatePart {
	parts := []templatePart{}
	inQuery := false
	for text != "" {
		start := strings.IndexByte(text, '{')
		end := -1
		if start >= 0 {
			end = strings.IndexByte(text[start:], '}')
		}
		literal := text
		if end >= 0 {
			literal = text[:start]
		}
		if literal != "" {
			parts = append(parts, templatePart{text: literal})
			inQuery = inQuery || strings.Contains(literal, "?")
		}
		if end < 0 {
			break
		}
		name := strings.TrimPrefix(text[start+1:start+end], "*")
		parts = append(parts, templatePart{text: name, placeholder: true, inQuery: inQuery})
		text = text[start+end+1:]
	}
	return parts
}

// checkPlaceholders refuses names that no operation's template has. A document
// of a broad scope can run for any operation and is judged at run time.
func checkPlaceholders(e *policy.Element, parts []templatePart) {
	operations := e.Operations()
	if len(operations) == 0 || e.Loose() {
		return
	}
next:
	for _, p := range parts {
		if !p.placeholder {
			continue
		}
		for _, o := range operations {
			if hasParameter(o, p.text) {
				continue next
			}
		}
		e.ProblemAt("template", "wrong-value", "the template parameter {%s} is not part of the operation's template", p.text).
			WithHint("the template is %s", operations[0].URLTemplate)
	}
}

func hasParameter(o *apim.Operation, name string) bool {
	for _, p := range parseTemplate(o.URLTemplate) {
		if p.placeholder && strings.EqualFold(p.text, name) {
			return true
		}
	}
	return false
}

func (s *rewriteStep) Run(r *policy.Run) error {
	text, err := s.expanded(r)
	if err != nil {
		return err
	}
	keep, err := s.copy.Bool(r)
	if err != nil {
		return err
	}
	if !validFieldValue(text) {
		return r.Error(exchange.ReasonValueNotAllowed, "The rewritten URL holds a line break or another control character.")
	}
	path, added, _ := strings.Cut(text, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	x := r.X
	q := parseQuery(escapeUnsafe(added))
	if keep {
		q = append(q, unmatched(x, q)...)
	}
	x.Request.SetRest(escapeUnsafe(path))
	x.Request.URL.Query = q.String()
	if r.Tracing() {
		r.Trace(urlChanged{"Updated request URL per specified rewrite template.", traced{x.Request.URL.Traced()}})
	}
	return nil
}

// expanded is the template with the request's parameters in it.
func (s *rewriteStep) expanded(r *policy.Run) (string, error) {
	if s.parts == nil {
		return s.template.String(r)
	}
	var b strings.Builder
	for _, p := range s.parts {
		if !p.placeholder {
			b.WriteString(p.text)
			continue
		}
		value, rest, ok := parameter(r.X, p.text)
		switch {
		case !ok:
			return "", r.Error(exchange.ReasonValueNotAllowed,
				"The template parameter '"+p.text+"' is not part of the operation's template.")
		case p.inQuery:
			b.WriteString(escapeQuery(value))
		case rest:
			b.WriteString(strings.ReplaceAll(url.PathEscape(value), "%2F", "/"))
		default:
			b.WriteString(url.PathEscape(value))
		}
	}
	return b.String(), nil
}

// parameter is the decoded value of a template parameter; rest says that it is
// the wildcard, whose slashes are part of the path.
func parameter(x *exchange.Exchange, name string) (value string, rest, ok bool) {
	for _, p := range x.Parameters {
		bare, wildcard := strings.CutPrefix(p.Name, "*")
		if strings.EqualFold(bare, name) {
			if x.Operation != nil {
				wildcard = wildcard || strings.Contains(x.Operation.URLTemplate, "{*"+bare+"}")
			}
			return p.Value, wildcard, true
		}
	}
	return "", false, false
}

// unmatched are the parameters of the request that rewrite-uri copies: those
// that are no part of the operation's template. One that the new URL has as
// well is not repeated: backends refuse a doubled api-version (our choice).
func unmatched(x *exchange.Exchange, added query) query {
	var template query
	if x.Operation != nil {
		_, text, _ := strings.Cut(x.Operation.URLTemplate, "?")
		template = parseQuery(text)
	}
	var out query
	for _, part := range parseQuery(x.Request.URL.Query) {
		name := parameterName(part)
		if part != "" && template.index(name) < 0 && added.index(name) < 0 {
			out = append(out, part)
		}
	}
	return out
}

// escapeUnsafe encodes what cannot stand in a request line: spaces, bytes
// beyond ASCII, braces and their like, and a # that would begin a fragment. Escapes that are there
// stay.
func escapeUnsafe(text string) string {
	const hex = "0123456789ABCDEF"
	clean := true
	for i := 0; i < len(text); i++ {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("#\"<>\\^`{}|", c) >= 0 {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	b := make([]byte, 0, len(text)+16)
	for i := 0; i < len(text); i++ {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("#\"<>\\^`{}|", c) >= 0 {
			b = append(b, '%', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}
