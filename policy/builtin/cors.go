package builtin

import (
	"math"
	"strconv"
	"strings"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func cors() policy.Kind {
	list := func(name, doc, child, childDoc string, minimum int) policy.Child {
		return policy.Child{Max: 1, Shape: policy.Shape{
			Name: name, Doc: doc,
			Children: []policy.Child{{Min: minimum, Shape: policy.Shape{
				Name: child, Doc: childDoc, Text: &policy.Attribute{Required: true, Expression: true, Doc: "It, or * for all."},
			}}},
		}}
	}
	required := func(c policy.Child) policy.Child {
		c.Min = 1
		return c
	}
	methods := list("allowed-methods", "The methods that they may use; GET and POST without it.", "method", "A method.", 1)
	methods.Attributes = []policy.Attribute{{
		Name: "preflight-result-max-age", Type: policy.Int, Default: "0", Expression: true, Bounded: true, Max: math.MaxInt32,
		Doc: "How many seconds a browser may keep the answer to a preflight.",
	}}
	return policy.Kind{
		Shape: policy.Shape{
			Name: "cors",
			Doc:  "Lets pages of other origins call the API from a browser, and answers its preflights, which need no key.",
			Attributes: []policy.Attribute{
				{Name: "allow-credentials", Type: policy.Bool, Default: "false", Expression: true, Doc: "Whether they may send credentials."},
				{Name: "terminate-unmatched-request", Type: policy.Bool, Default: "true", Expression: true, Doc: "Whether a request of another origin ends here, with an empty 200."},
			},
			Children: []policy.Child{
				required(list("allowed-origins", "The origins of these pages.", "origin", "An origin, scheme://host or scheme://host:port.", 1)),
				methods,
				list("allowed-headers", "The headers that they may send.", "header", "A header's name.", 1),
				list("expose-headers", "The headers of responses that they may read.", "header", "A header's name.", 1),
			},
		},
		Sections: policy.Inbound,
		Once:     true,
		Compile: func(e *policy.Element) policy.Step {
			s := &corsStep{
				credentials: e.Value("allow-credentials"), terminate: e.Value("terminate-unmatched-request"),
				origins: texts(e, "allowed-origins", "origin"), methods: texts(e, "allowed-methods", "method"),
				headers: texts(e, "allowed-headers", "header"), expose: texts(e, "expose-headers", "header"),
			}
			if m := e.Child("allowed-methods"); m != nil {
				s.maxAge = m.Value("preflight-result-max-age")
			}
			return s
		},
	}
}

// texts are the texts of a list of elements.
func texts(e *policy.Element, list, child string) []*policy.Value {
	l := e.Child(list)
	if l == nil {
		return nil
	}
	var out []*policy.Value
	for _, c := range l.Children(child) {
		out = append(out, c.Text())
	}
	return out
}

type corsStep struct {
	credentials, terminate, maxAge    *policy.Value
	origins, methods, headers, expose []*policy.Value
}

// rules are the values of one evaluation.
type rules struct {
	credentials, terminate            bool
	maxAge                            int64
	origins, methods, headers, expose []string
}

func (s *corsStep) rules(r *policy.Run) (c rules, err error) {
	if c.credentials, err = s.credentials.Bool(r); err != nil {
		return c, err
	}
	if c.terminate, err = s.terminate.Bool(r); err != nil {
		return c, err
	}
	if c.maxAge, err = s.maxAge.Int(r); err != nil {
		return c, err
	}
	for _, l := range []struct {
		from []*policy.Value
		to   *[]string
	}{{s.origins, &c.origins}, {s.methods, &c.methods}, {s.headers, &c.headers}, {s.expose, &c.expose}} {
		for _, v := range l.from {
			text, err := v.String(r)
			if err != nil {
				return c, err
			}
			if text = strings.TrimSpace(text); !validFieldValue(text) {
				return c, r.Error(exchange.ReasonValueNotAllowed, "A value of cors holds a line break or another control character.")
			}
			*l.to = append(*l.to, text)
		}
	}
	if c.methods == nil {
		c.methods = []string{"GET", "POST"}
	}
	return c, nil
}

// notCrossDomain is what the service's traces say of a request without an Origin.
const notCrossDomain = "Origin header was missing or empty and the request was classified as not cross-domain. CORS policy was not applied."

// isPreflight reports whether a request asks what another may do.
func isPreflight(q *exchange.Request) bool {
	return q.Method == "OPTIONS" && q.Header.Get("Origin") != "" && q.Header.Get("Access-Control-Request-Method") != ""
}

// Run is for requests that are no preflights; one that gets here is for an
// operation of its own. The headers go onto whatever the answer is.
func (s *corsStep) Run(r *policy.Run) error {
	q := &r.X.Request
	origin := q.Header.Get("Origin")
	switch {
	case origin == "":
		r.Trace(notCrossDomain)
		return nil
	case isPreflight(q):
		r.Trace("The operation answers preflights itself. CORS policy was not applied.")
		return nil
	}
	c, err := s.rules(r)
	if err != nil {
		return err
	}
	if !c.allows(origin) {
		if !c.terminate {
			r.Trace("The origin is not allowed by this policy.")
			return nil
		}
		r.Trace("The origin is not allowed: the request ends here.")
		r.X.Response = &exchange.Response{Status: 200, Reason: "OK", Body: exchange.NoBody()}
		return policy.ErrDone
	}
	if !r.First("cors") {
		r.Trace("Another CORS policy was applied before.")
		return nil
	}
	r.Trace("The origin is allowed.")
	r.Later(policy.AtEnd, func(r *policy.Run) error {
		h := r.Header(policy.Response)
		c.allow(h, origin)
		if len(c.expose) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(c.expose, ","))
		}
		return nil
	})
	return nil
}

// Preflight implements policy.Preflighter.
func (s *corsStep) Preflight(r *policy.Run) (answered bool, err error) {
	q := &r.X.Request
	c, err := s.rules(r)
	if err != nil {
		return false, err
	}
	origin, method := q.Header.Get("Origin"), q.Header.Get("Access-Control-Request-Method")
	asked := listed(q.Header.Values("Access-Control-Request-Headers"))
	made := &exchange.Response{Status: 200, Reason: "OK", Body: exchange.NoBody()}
	if !c.allows(origin) || !covers(c.methods, method) || !coversAll(c.headers, asked) {
		r.Trace("The preflight is not allowed by this policy.")
		if c.terminate {
			r.X.Response = made
		}
		return c.terminate, nil
	}
	h := &made.Header
	c.allow(h, origin)
	h.Set("Access-Control-Allow-Methods", asterisk(c.methods, method))
	if names := asterisk(c.headers, strings.Join(asked, ",")); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
	if c.maxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.FormatInt(c.maxAge, 10))
	}
	r.X.Response = made
	r.Trace("The preflight is allowed.")
	return true, nil
}

// allows compares origins without a slash at the end and without the port that
// their scheme has anyway.
func (c *rules) allows(origin string) bool {
	for _, o := range c.origins {
		if o == "*" || plainOrigin(o) == plainOrigin(origin) {
			return true
		}
	}
	return false
}

func plainOrigin(o string) string {
	o = strings.ToLower(strings.TrimRight(o, "/"))
	if rest, ok := strings.CutPrefix(o, "https://"); ok {
		return "https://" + strings.TrimSuffix(rest, ":443")
	}
	if rest, ok := strings.CutPrefix(o, "http://"); ok {
		return "http://" + strings.TrimSuffix(rest, ":80")
	}
	return o
}

// allow names the origin: itself, where only some are allowed or credentials are.
func (c *rules) allow(h *exchange.Header, origin string) {
	named := origin
	if isOneOf("*", c.origins) && !c.credentials {
		named = "*"
	}
	h.Set("Access-Control-Allow-Origin", named)
	if c.credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if vary := listed(h.Values("Vary")); !isOneOf("Origin", vary) && !isOneOf("*", vary) {
		h.Set("Vary", strings.Join(append(vary, "Origin"), ", "))
	}
}

// listed are the words of header lines that hold lists.
func listed(lines []string) []string {
	var words []string
	for _, line := range lines {
		for word := range strings.SplitSeq(line, ",") {
			if word = strings.TrimSpace(word); word != "" {
				words = append(words, word)
			}
		}
	}
	return words
}

func covers(list []string, word string) bool { return isOneOf("*", list) || isOneOf(word, list) }

// simpleHeaders may be sent without being asked for.
var simpleHeaders = []string{"Accept", "Accept-Language", "Content-Language", "Origin"}

func coversAll(list, words []string) bool {
	for _, w := range words {
		if !covers(list, w) && !isOneOf(w, simpleHeaders) {
			return false
		}
	}
	return true
}

// asterisk is the list, or what was asked for where the list is all: browsers take
// no asterisk beside credentials.
func asterisk(list []string, asked string) string {
	if isOneOf("*", list) {
		return asked
	}
	return strings.Join(list, ",")
}
