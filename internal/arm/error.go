package arm

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
)

// Error is a refusal, as ARM's error envelope has it.
type Error struct {
	Status  int      `json:"-"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Target  string   `json:"target,omitempty"`
	Details []Detail `json:"details,omitempty"`
	// Info holds what only we say: the problems behind the details, with files
	// and positions.
	Info any `json:"additionalInfo,omitempty"`
}

// Detail is one thing that is wrong.
type Detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

// Error is the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf is an error of a status and code.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFound is the answer to an address that leads to nothing. what is the kind
// of resource in APIM's words.
func NotFound(what, name string) *Error {
	return Errorf(http.StatusNotFound, "ResourceNotFound", "%s '%s' not found.", what, name)
}

// Invalid is APIM's answer to a resource that cannot be so. Each detail names
// the property or the policy that is wrong.
func Invalid(details ...Detail) *Error {
	for i := range details {
		if details[i].Code == "" {
			details[i].Code = "ValidationError"
		}
	}
	return &Error{Status: http.StatusBadRequest, Code: "ValidationError", Message: "One or more fields contain incorrect values:", Details: details}
}

// Fail answers with the error.
func Fail(w http.ResponseWriter, e *Error) {
	w.Header().Set("X-Ms-Error-Code", e.Code)
	Answer(w, e.Status, map[string]*Error{"error": e})
}

// Answer answers with a JSON body; nil is no body.
func Answer(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false) // policies stay readable; the type and nosniff keep browsers from taking them for HTML
	if err := out.Encode(body); err != nil {
		panic("arm: an answer that is no JSON: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

// Headers sets the headers of every answer of ARM. A client's own id is
// returned as it asks.
func Headers(w http.ResponseWriter, r *http.Request) (requestID string) {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	t := hex.EncodeToString(b[:])
	requestID = t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
	h := w.Header()
	h.Set("X-Ms-Request-Id", requestID)
	correlation := requestID
	if given := r.Header.Get("X-Ms-Correlation-Request-Id"); isGUID(given) {
		correlation = given
	}
	h.Set("X-Ms-Correlation-Request-Id", correlation)
	if given := r.Header.Get("X-Ms-Client-Request-Id"); isGUID(given) && r.Header.Get("X-Ms-Return-Client-Request-Id") == "true" {
		h.Set("X-Ms-Client-Request-Id", given)
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	return requestID
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}
