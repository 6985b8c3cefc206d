package azure

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// maxAnswer bounds what is read of an answer that explains a failure.
const maxAnswer = 64 << 10

// body is the code and the message of the envelope that ARM, Key Vault and the
// data plane all answer failures with. An operation that ran and failed carries
// the same envelope beside its status.
func body(e *azcore.ResponseError) (code, message string) {
	code = e.ErrorCode
	if e.RawResponse == nil {
		return code, ""
	}
	var envelope struct {
		Error struct {
			Code       string `json:"code"`
			Message    string `json:"message"`
			InnerError struct {
				Code string `json:"code"`
			} `json:"innererror"`
			Details []struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"details"`
		} `json:"error"`
	}
	// The SDK has read the body and put a copy in its place, so that it can be
	// read from its start again by whoever comes next.
	data, again := replay(e.RawResponse)
	defer again()
	if json.Unmarshal(data, &envelope) != nil {
		return code, ""
	}
	message = envelope.Error.Message
	for _, d := range envelope.Error.Details {
		if d.Message != "" && !strings.Contains(message, d.Message) {
			message = strings.TrimRight(message, " .") + ": " + d.Message
		}
	}
	if envelope.Error.Code != "" {
		code = envelope.Error.Code
	}
	if inner := envelope.Error.InnerError.Code; inner != "" {
		code += "/" + inner
	}
	return code, oneLine(message)
}

// description is what Entra says about a refused sign-in; its first line names
// the error, those after it the request.
func description(r *http.Response) string {
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	data, again := replay(r)
	defer again()
	if json.Unmarshal(data, &answer) != nil {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimSpace(answer.Description), "\n")
	if first = strings.TrimSpace(first); first == "" {
		return answer.Error
	}
	return oneLine(first)
}

// replay reads a body and gives what puts it back.
func replay(r *http.Response) (data []byte, again func()) {
	if r.Body == nil {
		return nil, func() {}
	}
	data, _ = io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	return data, func() { r.Body = io.NopCloser(strings.NewReader(string(data))) }
}

// failureCode is the code by which a failure is known, such as SecretNotFound.
func failureCode(err error) string {
	var response *azcore.ResponseError
	if errors.As(err, &response) {
		if code, _ := body(response); code != "" {
			return code
		}
		return http.StatusText(response.StatusCode)
	}
	return "Failed"
}
