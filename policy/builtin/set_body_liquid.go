package builtin

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"strings"
	"time"

	bcltime "github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/liquid"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// compileLiquid makes the step of a set-body whose text is a Liquid template.
func compileLiquid(e *policy.Element) policy.Step {
	s := &liquidStep{target: e.Target(), source: policy.Request, xmlNull: e.Literal("xsi-nil") == "null", dates: e.True("parse-date")}
	if sec := e.Origin().Section; sec == policy.SectionOutbound || sec == policy.SectionOnError {
		s.source = policy.Response
	}
	text := e.Text()
	if !text.IsLiteral() {
		e.Problem("no-expression", "a Liquid template is no expression").
			WithHint("leave template=\"liquid\" away where the body is an expression")
		return nil
	}
	t, err := liquid.Parse(text.Literal())
	if err != nil {
		var at *liquid.SyntaxError
		if errors.As(err, &at) {
			e.ProblemInText(at.Offset, "liquid", "the Liquid template is wrong: %s", at.Message)
		}
		return nil
	}
	s.template = t
	if strings.Contains(text.Literal(), "body") {
		if s.source == policy.Response {
			e.Effect(policy.ReadsResponseBody)
		} else {
			e.Effect(policy.ReadsRequestBody)
		}
	}
	return s
}

type liquidStep struct {
	target policy.Target
	// source is the message that the template reads.
	source         policy.Target
	template       *liquid.Template
	xmlNull, dates bool
}

// Run renders the template over the body of the message in hand. Inside
// return-response there is none any more.
func (s *liquidStep) Run(r *policy.Run) error {
	globals := map[string]any{"context": liquidContext{r}}
	if r.Message == nil {
		body, err := r.ReadBody(s.source)
		if err != nil {
			return err
		}
		h := &r.X.Request.Header
		if s.source == policy.Response {
			h = r.Header(policy.Response)
		}
		if body != nil {
			globals["body"] = s.parse(r, body, h.Get("Content-Type"))
		}
	}
	text, err := s.template.Render(liquid.Options{Globals: globals, FormatDate: formatDate, ParseDate: parseDate})
	if err != nil {
		e := r.Error(exchange.ReasonExpression, "The Liquid template failed: "+err.Error()+".")
		e.Err = err
		return e
	}
	r.SetBody(s.target, []byte(text))
	nowUTF8(r.Header(s.target))
	r.Trace("Body was set by a Liquid template.")
	return nil
}

// parse reads a body by its content type; what it does not know, or is not what it
// says, is nothing to the template.
func (s *liquidStep) parse(r *policy.Run, body []byte, contentType string) any {
	media, _, _ := mime.ParseMediaType(contentType)
	var v any
	var err error
	switch {
	case media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"):
		v, err = liquid.FromJSON(body, s.dates)
	case media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml"):
		v, err = s.fromXML(body)
	default:
		r.Trace("The body has no content type that a Liquid template can read.")
		return nil
	}
	if err != nil {
		r.Trace("The body is not what its content type says: " + err.Error())
		return nil
	}
	return v
}

// fromXML makes an object of elements: their children by name, several of one name
// a list, attributes under their names, and a text where there is nothing else.
func (s *liquidStep) fromXML(body []byte) (any, error) {
	d := xml.NewDecoder(strings.NewReader(string(body)))
	root := &liquid.Object{}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		if start, ok := t.(xml.StartElement); ok {
			v, err := s.element(d, start, 0)
			if err != nil {
				return nil, err
			}
			root.Set(start.Name.Local, v)
		}
	}
}

func (s *liquidStep) element(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > 200 {
		return nil, errors.New("its elements are too deep")
	}
	o := &liquid.Object{}
	null := false
	for _, a := range start.Attr {
		switch {
		case a.Name.Local == "nil" && strings.HasSuffix(a.Name.Space, "XMLSchema-instance"):
			null = a.Value == "true" || a.Value == "1"
		case a.Name.Space != "xmlns" && a.Name.Local != "xmlns":
			o.Set(a.Name.Local, a.Value)
		}
	}
	var text strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			v, err := s.element(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			if before, ok := o.Member(t.Name.Local); ok {
				list, several := before.([]any)
				if !several {
					list = []any{before}
				}
				v = append(list, v)
			}
			o.Set(t.Name.Local, v)
		case xml.EndElement:
			switch {
			case null && s.xmlNull:
				return nil, nil
			case null:
				return "", nil
			case len(o.Names) == 0:
				return text.String(), nil
			}
			if plain := strings.TrimSpace(text.String()); plain != "" {
				o.Set("#text", plain)
			}
			return o, nil
		}
	}
}

// dateLimits bound formatting a date.
var dateLimits = value.Limits{Steps: 1_000_000, Memory: 1 << 20}

// formatDate and parseDate are .NET's, with the invariant culture.
func formatDate(t time.Time, format string) (text string) {
	var thread value.Thread
	thread.Reset(context.Background(), dateLimits)
	if thread.Run(func() { text = bcltime.FormatInstant(&thread, format, bcltime.FromGo(t)) }) != nil {
		return t.Format(time.RFC3339)
	}
	return text
}

func parseDate(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// liquidContext is context as templates see it.
type liquidContext struct{ r *policy.Run }

// Member implements liquid.Drop.
func (c liquidContext) Member(name string) (any, bool) {
	x := c.r.X
	switch name {
	case "Request":
		return liquidRequest(c), true
	case "Response":
		if x.Response == nil {
			return nil, true
		}
		return liquidMembers{
			"StatusCode": int64(x.Response.Status), "StatusReason": x.Response.Reason, "Method": x.Request.Method,
			"Headers": liquidHeaders{x.Response.Header},
		}, true
	case "Variables":
		return liquidVariables(c), true
	}
	return nil, false
}

// liquidMembers are members by name.
type liquidMembers map[string]any

// Member implements liquid.Drop.
func (m liquidMembers) Member(name string) (any, bool) {
	v, ok := m[name]
	return v, ok
}

type liquidRequest struct{ r *policy.Run }

// Member implements liquid.Drop.
func (q liquidRequest) Member(name string) (any, bool) {
	x := q.r.X
	switch name {
	case "Url":
		return liquidURL(x.Request.URL), true
	case "OriginalUrl":
		return liquidURL(x.Original.URL), true
	case "Method":
		return x.Request.Method, true
	case "OriginalMethod":
		return x.Original.Method, true
	case "IpAddress":
		return x.ClientIP, true
	case "HasBody":
		return x.Request.Body.Kind() != exchange.Absent, true
	case "MatchedParameters":
		m := liquidMembers{}
		for _, p := range x.Parameters {
			m[strings.TrimPrefix(p.Name, "*")] = p.Value
		}
		return m, true
	case "Headers":
		return liquidHeaders{x.Request.Header}, true
	}
	return nil, false
}

func liquidURL(u exchange.URL) liquidMembers {
	query := liquidMembers{}
	for _, part := range parseQuery(u.Query) {
		_, v, _ := strings.Cut(part, "=")
		query[parameterName(part)] = parameterName(v)
	}
	text := ""
	if u.Query != "" {
		text = "?" + u.Query
	}
	return liquidMembers{
		"Scheme": u.Scheme, "Host": u.Host, "Port": int64(u.Port), "Path": u.Path, "Query": query, "QueryString": text,
		"ToUri": u.String(), "ToString": u.String(),
	}
}

// liquidHeaders are looked up without regard to case; several values are one text.
type liquidHeaders struct{ h exchange.Header }

// Member implements liquid.Drop.
func (l liquidHeaders) Member(name string) (any, bool) {
	if !l.h.Has(name) {
		return nil, false
	}
	return strings.Join(l.h.Values(name), ","), true
}

type liquidVariables struct{ r *policy.Run }

// Member implements liquid.Drop. A variable that holds JSON is that JSON.
func (l liquidVariables) Member(name string) (any, bool) {
	v, ok := l.r.X.Variables[name]
	if !ok || v.IsNull() {
		return nil, ok
	}
	shown := l.r.Text(v)
	if v.IsString() {
		return shown, true
	}
	if parsed, err := liquid.FromJSON([]byte(shown), false); err == nil {
		return parsed, true
	}
	if v.Type().ReflectionName() == "System.Boolean" {
		return strings.EqualFold(shown, "true"), true
	}
	return shown, true
}
