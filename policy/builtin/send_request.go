package builtin

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/contextvar"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// requestChildren are the elements that a request of a policy's own is made of.
var requestChildren = []policy.Child{
	{Max: 1, Shape: policy.Shape{
		Name: "set-url", Doc: "Where the request goes.",
		Text: &policy.Attribute{Required: true, Expression: true, Doc: "An absolute URL."},
	}},
	{Policy: true, Max: 1, Shape: policy.Shape{Name: "set-method"}},
	{Policy: true, Shape: policy.Shape{Name: "set-header"}},
	{Policy: true, Max: 1, Shape: policy.Shape{Name: "set-body"}},
	{Policy: true, Max: 1, Shape: policy.Shape{Name: "authentication-basic"}},
	{Policy: true, Max: 1, Shape: policy.Shape{Name: "authentication-managed-identity"}},
	{Policy: true, Max: 1, Shape: policy.Shape{Name: "authentication-certificate"}},
	{Max: 1, Shape: policy.Shape{
		Name: "proxy", Doc: "The HTTP proxy between the gateway and the other side.",
		Attributes: []policy.Attribute{
			{Name: "url", Required: true, Expression: true, Doc: "Its URL, http://host:port."},
			{Name: "username", Expression: true, Doc: "The user name for it."},
			{Name: "password", Expression: true, Doc: "The password for it."},
		},
	}},
}

var (
	sendMode = policy.Attribute{
		Name: "mode", Default: "new", Values: []string{"new", "copy"}, Expression: true,
		Doc: "Whether the request starts empty or as a copy of the one in hand.",
	}
	sendTimeout = policy.Attribute{
		Name: "timeout", Type: policy.Int, Default: "60", Expression: true, Bounded: true, Max: math.MaxInt32,
		Doc: "Seconds for the whole call; 0 is no limit.",
	}
)

func sendRequest(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "send-request",
			Doc:  "Sends a request of its own, waits for the answer and puts it into a variable.",
			Attributes: []policy.Attribute{
				sendMode,
				// The reference calls it required; real documents leave it out.
				{Name: "response-variable-name", Expression: true, Doc: "The variable that gets the answer, null after a failure that is ignored."},
				sendTimeout,
				{Name: "ignore-error", Type: policy.Bool, Default: "false", Expression: true, Doc: "Whether the request in hand goes on after a failure."},
				{Name: "buffer-response", Type: policy.Bool, Default: "true", Doc: "Whether the answer's body is read at once; it always is."},
				{Name: "fail-on-error-status-code", Type: policy.Bool, Default: "false", Doc: "Whether an answer of 400 to 599 is a failure."},
			},
			Children: requestChildren,
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			made := compileRequest(e, s)
			if made == nil {
				return nil
			}
			return &sendStep{
				made: made, variable: e.Value("response-variable-name"), ignore: e.Value("ignore-error"),
				failOnStatus: e.True("fail-on-error-status-code"),
			}
		},
	}
}

func sendOneWayRequest(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name:       "send-one-way-request",
			Doc:        "Sends a request of its own and goes on at once; what becomes of it is not known.",
			Attributes: []policy.Attribute{sendMode, sendTimeout},
			Children:   requestChildren,
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			if made := compileRequest(e, s); made != nil {
				return &oneWayStep{made}
			}
			return nil
		},
	}
}

// request is how a request of a policy's own is made.
type request struct {
	sender               Sender
	mode, url, timeout   *policy.Value
	steps                policy.Block
	proxy, user, pass    *policy.Value
	respondsToTheRequest bool
}

func compileRequest(e *policy.Element, s Services) *request {
	q := &request{
		sender: s.Sender, mode: e.Value("mode"), timeout: e.Value("timeout"), steps: e.Steps(),
		respondsToTheRequest: e.Origin().Section != policy.SectionOutbound && e.Origin().Section != policy.SectionOnError,
	}
	if u := e.Child("set-url"); u != nil {
		q.url = u.Text()
		if q.url.IsLiteral() && !e.Loose() {
			if _, err := parseTarget(q.url.Literal()); err != nil {
				u.Problem("wrong-value", "the URL is not usable: %s", err)
				return nil
			}
		}
	} else if q.mode.IsLiteral() && q.mode.Literal() == "new" {
		e.Problem("missing-element", "%s must hold the element set-url unless its mode is copy", e.Name())
		return nil
	}
	if p := e.Child("proxy"); p != nil {
		q.proxy, q.user, q.pass = p.Value("url"), p.Value("username"), p.Value("password")
	}
	if q.copies() && q.respondsToTheRequest {
		e.Effect(policy.ReadsRequestBody)
	}
	return q
}

// copies reports whether the request may be a copy of the one in hand.
func (q *request) copies() bool { return !q.mode.IsLiteral() || q.mode.Literal() == "copy" }

// parseTarget reads a URL as an expression makes it: what cannot stand in one is
// escaped, a fragment is dropped.
func parseTarget(text string) (exchange.URL, error) {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "#")
	return exchange.ParseURL(escapeUnsafe(text))
}

// make makes the request from what is known now.
func (q *request) make(r *policy.Run) (Sending, error) {
	var s Sending
	mode, err := q.mode.String(r)
	if err != nil {
		return s, err
	}
	made := &exchange.Request{Method: "GET", Body: exchange.NoBody()}
	switch mode {
	case "new":
	case "copy":
		if made, err = q.copy(r); err != nil {
			return s, err
		}
	default:
		return s, r.Error(exchange.ReasonValueNotAllowed, "The value '"+mode+"' of mode is not new or copy.")
	}
	if q.url != nil {
		text, err := q.url.String(r)
		if err != nil {
			return s, err
		}
		if made.URL, err = parseTarget(text); err != nil {
			return s, r.Error(exchange.ReasonValueNotAllowed, "The URL is not usable: "+err.Error()+".")
		}
	}
	seconds, err := q.timeout.Int(r)
	if err != nil {
		return s, err
	}
	outer := r.Sending
	r.Sending = made
	err = r.Do(q.steps)
	r.Sending = outer
	if err != nil {
		return s, err
	}
	s = Sending{Request: made, Timeout: time.Duration(seconds) * time.Second}
	if q.proxy != nil {
		if s.Proxy, err = q.proxy.String(r); err != nil {
			return s, err
		}
		if s.ProxyUser, err = q.user.String(r); err != nil {
			return s, err
		}
		if s.ProxyPassword, err = q.pass.String(r); err != nil {
			return s, err
		}
	}
	return s, nil
}

// copy is the request in hand, with its body unless the response is being worked
// on.
func (q *request) copy(r *policy.Run) (*exchange.Request, error) {
	own := &r.X.Request
	c := &exchange.Request{Method: own.Method, URL: own.URL, Header: own.Header.Clone(), Body: exchange.NoBody()}
	c.Header.Del("Content-Length")
	if c.Header.Get("Host") == r.X.Original.Header.Get("Host") {
		c.Header.Del("Host") // the gateway's name
	}
	if !q.respondsToTheRequest {
		return c, nil
	}
	body, err := r.ReadBody(policy.Request)
	if err != nil {
		return nil, err
	}
	// Decoding may have changed the header.
	if !own.Header.Has("Content-Encoding") {
		c.Header.Del("Content-Encoding")
	}
	if body != nil {
		c.Body = exchange.BufferedBody(body)
	}
	return c, nil
}

type sendStep struct {
	made             *request
	variable, ignore *policy.Value
	failOnStatus     bool
}

// Run leaves the exchange's own request and response alone. Answers of 400 and
// more are answers; what fails is the call.
func (s *sendStep) Run(r *policy.Run) error {
	name, err := s.variable.String(r)
	if err != nil {
		return err
	}
	ignore, err := s.ignore.Bool(r)
	if err != nil {
		return err
	}
	call, err := s.made.make(r)
	if err != nil {
		return err
	}
	traceSent(r, call.Request)
	var response *exchange.Response
	r.Outside(func() { response, err = s.made.sender.Send(r.Context(), call) })
	if err == nil && s.failOnStatus && response.Status >= 400 && response.Status <= 599 {
		err = r.Error(exchange.ReasonFailedStatus, "The request was answered with the status code "+strconv.Itoa(response.Status)+".")
	}
	if err != nil {
		err = sendFailure(r, err)
		if gone := r.ClientGone(); gone != nil {
			return gone
		}
		if !ignore {
			return err
		}
		if name != "" {
			setVariableTo(r, name, value.Null)
		}
		r.Trace("The request failed, which is ignored: " + err.Error())
		return nil
	}
	r.Decode(response)
	if r.Tracing() {
		r.Trace(received{answered{response.Status, response.Reason, response.Header.Traced()}})
	}
	if name != "" {
		setVariableTo(r, name, contextvar.NewResponse(response))
	}
	return nil
}

// sendFailure words a call without an answer as forward-request's are.
func sendFailure(r *policy.Run, err error) error {
	var full *exchange.Error
	var failure *exchange.Failure
	var e *exchange.Error
	switch {
	case errors.As(err, &full):
		return full
	case errors.Is(err, exchange.ErrTimeout):
		e = r.Error(exchange.ReasonTimeout, exchange.ErrTimeout.Error())
	case errors.As(err, &failure):
		e = r.Error(exchange.ReasonBackendConnection, failure.Error())
	case errors.Is(err, exchange.ErrTooLarge):
		e = r.Error(exchange.ReasonResponseTooLarge, "The answer's body is larger than the buffer limit.")
	default:
		e = r.Error(exchange.ReasonBackendConnection, err.Error())
	}
	e.Err = err
	return e
}

// sent and received are the trace entries of the two halves of a call.
type sent struct {
	Message string    `json:"message"`
	Request sentParts `json:"request"`
}

type sentParts struct {
	Method  string                 `json:"method"`
	URL     string                 `json:"url"`
	Headers []exchange.TracedField `json:"headers"`
}

type received struct {
	Response answered `json:"response"`
}

type answered struct {
	Status  int                    `json:"statusCode"`
	Reason  string                 `json:"reason"`
	Headers []exchange.TracedField `json:"headers"`
}

func traceSent(r *policy.Run, q *exchange.Request) {
	if r.Tracing() {
		r.Trace(sent{"Request is being sent.", sentParts{q.Method, q.URL.Traced(), q.Header.Traced()}})
	}
}

type oneWayStep struct{ made *request }

// Run captures the request as it is now; from then on nothing of it comes back.
func (s *oneWayStep) Run(r *policy.Run) error {
	call, err := s.made.make(r)
	if err != nil {
		return err
	}
	traceSent(r, call.Request)
	if !s.made.sender.Dispatch(call) {
		r.Trace("The request was not sent: too many of its kind are under way.")
	}
	return nil
}
