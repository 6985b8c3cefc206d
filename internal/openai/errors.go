package openai

import (
	"fmt"
	"strconv"
)

// Error is an answer that refuses a request. Its texts are Azure's to the
// letter where they are known, as clients match on them.
type Error struct {
	Status int
	Body   string
	// FromModel tells the model's errors, which come with type and param,
	// from those of the front end, which do not.
	FromModel bool
}

func (e *Error) Error() string { return strconv.Itoa(e.Status) + " " + e.Body }

// Front is an error of the front end. Its code is a string even where it is a
// number.
func Front(status int, code, message string) *Error {
	b := append([]byte(nil), `{"error":{"code":`...)
	b = AppendQuoted(b, code)
	b = append(b, `,"message":`...)
	b = AppendQuoted(b, message)
	return &Error{Status: status, Body: string(append(b, "}}"...))}
}

// Model is an error of the model behind it; empty param and code are null.
func Model(status int, kind, param, code, message string) *Error {
	b := append([]byte(nil), `{"error":{"message":`...)
	b = AppendQuoted(b, message)
	b = append(b, `,"type":`...)
	b = AppendQuoted(b, kind)
	b = append(b, `,"param":`...)
	b = appendQuotedOrNull(b, param)
	b = append(b, `,"code":`...)
	b = appendQuotedOrNull(b, code)
	return &Error{Status: status, Body: string(append(b, "}}"...)), FromModel: true}
}

func appendQuotedOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return AppendQuoted(b, s)
}

// Invalid is the model's 400 for a request that it does not understand.
func Invalid(param, format string, args ...any) *Error {
	return Model(400, "invalid_request_error", param, "", fmt.Sprintf(format, args...))
}

// Unrecognized is the 400 for a field that the API does not know.
func Unrecognized(name string) *Error {
	return Invalid("", "Unrecognized request argument supplied: %s", name)
}

// InvalidKey is the 401 for a wrong key.
func InvalidKey() *Error {
	return Front(401, "401", "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.")
}

// InvalidToken is the 401 for a missing or bad token. It has another shape
// than all other errors.
func InvalidToken() *Error {
	return &Error{Status: 401, Body: `{ "statusCode": 401, "message": "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired." }`}
}

// ResourceNotFound is the 404 for a wrong path, and for a missing or unknown
// api-version. The blank after the second colon is the service's.
func ResourceNotFound() *Error {
	return &Error{Status: 404, Body: `{"error":{"code":"404","message": "Resource not found"}}`}
}

// DeploymentNotFound is the 404 for a deployment that the resource lacks.
func DeploymentNotFound() *Error {
	return Front(404, "DeploymentNotFound", "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.")
}

// VersionNotSupported is the 400 for a known path under a version that does
// not have it.
func VersionNotSupported() *Error {
	return Front(400, "BadRequest", "API version not supported")
}

// VersionTooOld is the 400 for a feature (the Responses API) that came with a
// later version.
func VersionTooOld(feature, first string) *Error {
	return Front(400, "BadRequest", feature+" is enabled only for api-version "+first+" and later")
}

// ModelTooNew is the 400 for a model that came with a later version.
func ModelTooNew(model, first string) *Error {
	return Front(400, "BadRequest", "Model "+model+" is enabled only for api versions "+first+" and later")
}

// OperationNotSupported is the 400 for a model that cannot do what is asked:
// an embedding model on chat, a retired model.
func OperationNotSupported(operation, model string) *Error {
	return Front(400, "OperationNotSupported", "The "+operation+" operation does not work with the specified model, "+model+". Please choose different model and try again. You can learn more about which models can be used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993.")
}

// ContextLengthExceeded is the 400 for a prompt (and, with completion > 0, an
// asked-for completion) that does not fit the model.
func ContextLengthExceeded(limit, prompt, completion int, param string) *Error {
	text := fmt.Sprintf("This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", limit, prompt)
	if completion > 0 {
		text = fmt.Sprintf("This model's maximum context length is %d tokens. However, you requested %d tokens (%d in the messages, %d in the completion). Please reduce the length of the messages or completion.", limit, prompt+completion, prompt, completion)
	}
	return Model(400, "invalid_request_error", param, "context_length_exceeded", text)
}

// PromptFiltered is the 400 of the content filter. On the wire it says
// content_filter_result, in the singular, whatever the published
// specification says.
func PromptFiltered(r *FilterResults) *Error {
	b := append([]byte(nil), `{"error":{"message":`...)
	b = AppendQuoted(b, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766")
	b = append(b, `,"type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":`...)
	b = append(b, Encode(r)...)
	return &Error{Status: 400, Body: string(append(b, "}}}"...)), FromModel: true}
}

// Throttled says which limit a request ran into, for the text of a 429.
type Throttled struct {
	Deployment, Model, Region string
	Limit                     string // "token" or "call"
	Operation                 string // "ChatCompletions_Create"
	Version                   string // api-version; "" on the v1 API
	Seconds                   int
	// Max is the limit, in tokens or calls a minute.
	Max int
	// Form says which words: those of 2025, which name the deployment (""), those of
	// 2023, which name the "operation" and whose code is "429", those of the
	// "foundry" in front of partners' models, or those of a region under "load",
	// whatever the quota says.
	Form string
}

// Error is the 429.
func (t Throttled) Error() *Error {
	wait := fmt.Sprintf("%d seconds", t.Seconds)
	switch t.Form {
	case "load":
		return Front(429, "429", "The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load. Please retry after "+wait+". For improved latency reliability, consider switching to Provisioned Throughput.")
	case "foundry":
		of := "UserByModelByMinute"
		if t.Limit == "token" {
			of += "UncachedInputTokens"
		}
		text := fmt.Sprintf("Rate limit of %d per 60s exceeded for %s. Please wait %s before retrying.", t.Max, of, wait)
		b := append([]byte(nil), `{"error":{"code":"RateLimitReached","message":`...)
		b = append(AppendQuoted(b, text), `,"details":`...)
		return &Error{Status: 429, Body: string(append(AppendQuoted(b, text), "}}"...))}
	case "operation":
		return Front(429, "429", fmt.Sprintf("Requests to the %s Operation under Azure OpenAI API version %s have exceeded %s rate limit of your current OpenAI S0 pricing tier. Please retry after %s. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.", t.Operation, t.Version, t.Limit, wait))
	}
	if t.Seconds == 1 {
		wait = "1 second"
	}
	under := "Azure OpenAI API version " + t.Version
	if t.Version == "" {
		under = "OpenAI Language Model Instance API"
	}
	return Front(429, "RateLimitReached", fmt.Sprintf("Your requests to %s for %s in %s have exceeded the %s rate limit for your current OpenAI S0 pricing tier. This request was for %s under %s. Please retry after %s. To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease.", t.Deployment, t.Model, t.Region, t.Limit, t.Operation, under, wait))
}

// ForStatus is the body that Azure is known to send with a status, for faults
// that ask for the status alone.
func ForStatus(status int) *Error {
	switch status {
	case 400:
		return Front(400, "BadRequest", "The request is invalid.")
	case 401:
		return InvalidKey()
	case 403:
		return &Error{Status: 403, Body: `{"error":{"code":"403","message": "Access denied due to Virtual Network/Firewall rules."}}`}
	case 404:
		return ResourceNotFound()
	case 408:
		return Front(408, "Timeout", "The operation was timeout.")
	case 429:
		return Throttled{Form: "load", Seconds: 1}.Error()
	case 500:
		return Model(500, "server_error", "", "", "The server had an error while processing your request. Sorry about that!")
	case 502:
		return Front(502, "BadGateway", "Bad gateway.")
	case 503:
		return Front(503, "ServiceUnavailable", "The service is temporarily unable to process your request. Please try again later.")
	case 504:
		return Front(504, "GatewayTimeout", "The gateway did not receive a response from the model in time.")
	}
	code := strconv.Itoa(status)
	return Front(status, code, "Request failed with status code "+code+".")
}
