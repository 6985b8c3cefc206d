package exchange

import (
	"errors"
	"strconv"
)

// Reasons of LastError that the gateway itself gives. Policies that refuse
// requests have their own (spec: policies.md 1.5).
const (
	ReasonOperationNotFound   = "OperationNotFound"
	ReasonKeyNotFound         = "SubscriptionKeyNotFound"
	ReasonKeyInvalid          = "SubscriptionKeyInvalid"
	ReasonClientConnection    = "ClientConnectionFailure"
	ReasonBackendConnection   = "BackendConnectionFailure"
	ReasonExpression          = "ExpressionValueEvaluationFailure"
	ReasonExpressionTimeout   = "ExpressionTimeout"
	ReasonExpressionMemory    = "ExpressionMemoryLimit"
	ReasonTimeout             = "Timeout"
	ReasonBadRequest          = "BadRequest"
	ReasonBodyTooLarge        = "RequestBodyTooLarge"
	ReasonResponseTooLarge    = "ResponseBodyTooLarge"
	ReasonCircuitOpen         = "BackendCircuitOpen"
	ReasonPoolUnavailable     = "BackendPoolUnavailable"
	ReasonInternal            = "InternalError"
	ReasonValueNotAllowed     = "ValueNotAllowed"
	ReasonFailedStatus        = "BackendErrorStatusCode"
	ReasonBackendNotFound     = "BackendNotFound"
	ReasonBackendNotSupported = "BackendNotSupported"
	ReasonConcurrency         = "ConcurrencyLimitReached"
	ReasonRateLimit           = "RateLimitExceeded"
	ReasonQuota               = "QuotaExceeded"
	ReasonTokenLimit          = "OpenAITokenLimitExceeded"
	ReasonTokenQuota          = "OpenAITokenQuotaExceeded"
	ReasonHeaderNotFound      = "HeaderNotFound"
	ReasonHeaderNotAllowed    = "HeaderValueNotAllowed"
	ReasonCallerIPUnknown     = "FailedToParseCallerIP"
	ReasonCallerIPNotAllowed  = "CallerIpNotAllowed"
	ReasonCallerIPBlocked     = "CallerIpBlocked"
)

// ErrTimeout says that a backend's head did not come in time. Its text is
// APIM's, as traces of the service show it.
var ErrTimeout = errors.New("Request to the backend service timed out") //nolint:revive // APIM's wording

// Error is context.LastError: where and why the pipeline left its path.
//
// The part that is filled in by whoever raises it is Source, Reason, Message,
// Status and what the client is told; the pipeline adds the place (Scope,
// Section, Path, PolicyID) of the policy that was running.
type Error struct {
	Source   string
	Reason   string
	Message  string
	Scope    string
	Section  string
	Path     string
	PolicyID string

	// Status is the status the client gets unless on-error changes it; 0
	// means 500.
	Status int
	// Phrase is the reason phrase that goes with Status; "" is the standard one.
	Phrase string
	// Answer is the message in the error body. Empty means Message; a 500
	// shows neither (spec: policies.md 1.6) unless Told says that Answer is the
	// document's own text for the caller.
	Answer string
	Told   bool
	// Header are more lines for the error response, like Retry-After.
	Header Header
	// Responded says that the exchange's Response already is the answer to
	// this error: a backend's own, or one that the raiser made.
	Responded bool
	// Err is the cause, for logs alone.
	Err error
}

func (e *Error) Error() string { return e.Source + ": " + e.Message }

// Unwrap is the cause, if one is known.
func (e *Error) Unwrap() error { return e.Err }

// NotFound is the router's error for a request that matches no operation. The
// two texts differ in APIM: LastError explains, the body does not.
func NotFound() *Error {
	return &Error{
		Source: "configuration", Reason: ReasonOperationNotFound,
		Message: "Unable to match incoming request to an operation.",
		Answer:  "Resource not found", Status: 404, Phrase: "Resource Not Found",
	}
}

// KeyNotFound is the refusal of a request without a subscription key. realm is
// the API's public URL and header the name of its key header. The wire text
// says "an API", LastError's says "this API" (spec: policies.md 1.6).
func KeyNotFound(realm, header string) *Error {
	return keyError(realm, header, ReasonKeyNotFound,
		"Access denied due to missing subscription key. Make sure to include subscription key when making requests to this API.",
		"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.")
}

// KeyInvalid is the refusal of a key that is wrong, inactive or out of scope.
func KeyInvalid(realm, header string) *Error {
	return keyError(realm, header, ReasonKeyInvalid,
		"Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.", "")
}

func keyError(realm, header, reason, message, answer string) *Error {
	e := &Error{
		Source: "authorization", Reason: reason, Message: message, Answer: answer,
		Status: 401, Phrase: "Access Denied",
	}
	e.Header.Add("WWW-Authenticate",
		`AzureApiManagementKey realm="`+realm+`",name="`+header+`",type="header"`)
	return e
}

// ClientGone is the outcome of a caller that left. Nobody sees its answer; 499
// is for the log.
func ClientGone(source string) *Error {
	return &Error{
		Source: source, Reason: ReasonClientConnection, Err: ErrClientGone,
		Message: "The client closed the connection while the request was pending.",
		Status:  499, Phrase: "Client Closed Request",
	}
}

// BadRequest is the refusal of a request that HTTP itself forbids: its head, or
// its body when that turns out malformed on the way. It is the caller's fault
// and says nothing about a backend.
func BadRequest(status int, message string) *Error {
	return &Error{Source: "request", Reason: ReasonBadRequest, Message: message, Status: status}
}

// ErrNoDescriptors says that the process may open no further file or connection.
var ErrNoDescriptors = errors.New("the gateway has no file descriptors left")

// NoDescriptors is the answer to a request for which no connection to a backend
// could be opened, for a reason that is none of the backend's.
func NoDescriptors() *Error {
	return &Error{
		Source: "gateway", Reason: "GatewayOverloaded", Err: ErrNoDescriptors, Status: 503, Answer: "Service unavailable",
		Message: "The gateway has no file descriptors left for a connection to the backend.",
		Header:  Header{{Name: "Retry-After", Value: "1"}},
	}
}

// TooLarge is the refusal of a request body that has to be buffered and does
// not fit limit bytes.
func TooLarge(source string, limit int64) *Error {
	return &Error{
		Source: source, Reason: ReasonBodyTooLarge, Err: ErrTooLarge, Status: 413,
		Message: "Request's body exceeds the limit of " + strconv.FormatInt(limit, 10) + " bytes.",
	}
}

// Response is the answer that APIM makes of the error: its status, a JSON body
// of exactly APIM's bytes, and the error's own headers. id is the request's.
func (e *Error) Response(id GUID) *Response {
	status := e.Status
	if status == 0 {
		status = 500
	}
	r := &Response{Status: status, Reason: e.Phrase}
	if r.Reason == "" {
		r.Reason = Phrase(status)
	}
	r.Header = append(r.Header, Field{"Content-Type", "application/json"})
	r.Header = append(r.Header, e.Header...)
	body := make([]byte, 0, 160)
	body = append(body, `{ "statusCode": `...)
	body = strconv.AppendInt(body, int64(status), 10)
	body = append(body, `, "message": `...)
	if status == 500 && !e.Told {
		body = append(body, `"Internal server error", "activityId": "`...)
		body = append(body, id.String()...)
		body = append(body, '"')
	} else {
		text := e.Answer
		if text == "" {
			text = e.Message
		}
		body = appendJSONString(body, text)
	}
	r.Body = BufferedBody(append(body, " }"...))
	return r
}

// appendJSONString quotes s as JSON without touching what needs no escape.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < 0x20:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
