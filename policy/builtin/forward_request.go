package builtin

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func forwardRequest(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "forward-request",
			Doc:  "Sends the request to the backend in force and takes its answer as the response.",
			Attributes: []policy.Attribute{
				{
					Name: "timeout", Type: policy.Int, Expression: true, Bounded: true, Max: math.MaxInt32,
					Doc: "Seconds to wait for the response headers; 300 unless timeout-ms is given. 0 is no limit.",
				},
				{
					Name: "timeout-ms", Type: policy.Int, Expression: true, Bounded: true, Max: math.MaxInt32,
					Doc: "Milliseconds to wait for the response headers, instead of timeout.",
				},
				{
					Name: "continue-timeout", Type: policy.Int, Expression: true, Bounded: true, Max: math.MaxInt32,
					Doc: "Seconds to wait for 100 Continue.",
				},
				{
					Name: "http-version", Default: "1", Values: []string{"1", "2", "2or1"},
					Doc: "The protocol to the backend; 2or1 prefers HTTP/2.",
				},
				{
					Name: "follow-redirects", Type: policy.Bool, Default: "false", Expression: true,
					Doc: "Whether redirects are followed instead of passed on.",
				},
				{
					Name: "buffer-request-body", Type: policy.Bool, Default: "false",
					Doc: "Whether the body is kept, so that a retry can send it again.",
				},
				{
					Name: "buffer-response", Type: policy.Bool, Default: "true",
					Doc: "Whether chunks are collected into 8 KB; false relays each at once, as streams need.",
				},
				{
					Name: "fail-on-error-status-code", Type: policy.Bool, Default: "false",
					Doc: "Whether an answer of 400 to 599 is an error and leads to on-error.",
				},
			},
		},
		Sections: policy.Backend,
		Compile: func(e *policy.Element) policy.Step {
			e.Effect(policy.Forwards)
			if e.Has("timeout") && e.Has("timeout-ms") {
				e.ProblemAt("timeout-ms", "wrong-value", "forward-request takes timeout or timeout-ms, not both")
				return nil
			}
			return &forwardStep{
				services: s, timeout: e.Value("timeout"), timeoutMS: e.Value("timeout-ms"),
				continueTimeout: e.Value("continue-timeout"), follow: e.Value("follow-redirects"),
				version: e.Literal("http-version"), bufferRequest: e.True("buffer-request-body"),
				bufferResponse: e.True("buffer-response"), failOnStatus: e.True("fail-on-error-status-code"),
			}
		},
	}
}

// defaultTimeout is APIM's, in seconds.
const defaultTimeout = 300

type forwardStep struct {
	services                                    Services
	timeout, timeoutMS, continueTimeout, follow *policy.Value
	version                                     string
	bufferRequest, bufferResponse, failOnStatus bool
}

func (s *forwardStep) Run(r *policy.Run) error {
	f, err := s.forward(r)
	if err != nil {
		return err
	}
	x := r.X
	if s.bufferRequest {
		// Complete before the clock of the timeout starts, which then bounds
		// the backend alone.
		if err := r.KeepRequest(); err != nil {
			return err
		}
	}
	if r.Sent() {
		e := r.Error(exchange.ReasonBodyTooLarge, "The request has been sent already, and its body is too long to be kept for another time.")
		e.Status, e.Err = 413, exchange.ErrTooLarge
		return e
	}
	if x.Request.Body.Consumed() {
		// An earlier pass has sent it, or a policy has used it up: what goes
		// out now has no body, as recorded from the service.
		x.Request.Body = exchange.NoBody()
		r.Trace("The request's body has been used up and is not sent. To keep it, set buffer-request-body=\"true\" or read it with preserveContent.")
	}
	if err := r.ClientGone(); err != nil {
		return err
	}
	// Nothing of an earlier attempt's answer survives into this one.
	if x.Response != nil {
		_ = x.Response.Body.Close()
		x.Response = nil
	}
	if err := s.services.Forwarder.Forward(x, f); err != nil {
		return s.failure(r, err)
	}
	if s.failOnStatus && x.Response != nil && x.Response.Status >= 400 && x.Response.Status <= 599 {
		e := r.Error(exchange.ReasonFailedStatus,
			"The backend service responded with status code "+strconv.Itoa(x.Response.Status)+".")
		e.Status, e.Phrase, e.Responded = x.Response.Status, x.Response.Reason, true
		return e
	}
	return nil
}

func (s *forwardStep) forward(r *policy.Run) (f Forward, err error) {
	f = Forward{
		HTTPVersion: s.version, BufferRequestBody: s.bufferRequest, BufferResponse: s.bufferResponse,
		Timeout:        defaultTimeout * time.Second,
		DecodeResponse: r.Pipeline().Effects()&policy.ReadsResponseBody != 0,
		PlainResponse:  r.Pipeline().Effects()&policy.CountsResponse != 0,
	}
	if s.timeout != nil {
		f.Timeout, err = duration(r, s.timeout, time.Second)
	} else if s.timeoutMS != nil {
		f.Timeout, err = duration(r, s.timeoutMS, time.Millisecond)
	}
	if err != nil {
		return f, err
	}
	if f.ContinueTimeout, err = duration(r, s.continueTimeout, time.Second); err != nil {
		return f, err
	}
	f.FollowRedirects, err = s.follow.Bool(r)
	return f, err
}

func duration(r *policy.Run, v *policy.Value, unit time.Duration) (time.Duration, error) {
	n, err := v.Int(r)
	return time.Duration(n) * unit, err
}

// failure words an attempt without an answer as APIM does (spec: policies.md
// 1.5). A connection that fails was seen under the source request-forwarder.
func (s *forwardStep) failure(r *policy.Run, err error) error {
	var full *exchange.Error
	var failure *exchange.Failure
	switch {
	case errors.As(err, &full):
		return full
	case errors.Is(err, exchange.ErrClientGone) || r.Context().Err() != nil:
		e := exchange.ClientGone(r.Origin().Policy)
		e.Err = err
		return e
	case errors.Is(err, exchange.ErrTimeout):
		e := r.Error(exchange.ReasonTimeout, exchange.ErrTimeout.Error())
		e.Err = err
		return e
	case errors.As(err, &failure):
		e := r.Error(exchange.ReasonBackendConnection, failure.Error())
		e.Source, e.Err = "request-forwarder", err
		return e
	}
	e := r.Error(exchange.ReasonInternal, err.Error())
	e.Err = err
	return e
}
