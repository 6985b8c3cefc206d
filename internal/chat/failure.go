package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
)

// Failure is why there is no answer, for the person who asked.
type Failure struct {
	// Kind is config, key, forbidden, missing, throttled, filtered, too-long,
	// refused, failed, unreachable or stalled.
	Kind   string `json:"kind"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	// Hint is what to do about it.
	Hint   string `json:"hint,omitempty"`
	Status int    `json:"status,omitempty"`
	// Wait is how many seconds a throttled endpoint asks to wait; 0 when it
	// does not say.
	Wait int `json:"wait,omitempty"`
	// Categories are those that the content filter took offence at.
	Categories []string `json:"categories,omitempty"`
}

// errStalled ends a stream that has stood still for too long.
var errStalled = errors.New("nothing came for too long")

// maxWait bounds the wait that is counted down, in seconds: a day.
const maxWait = 86_400

// failure puts an error into words. deployment is the one that was asked.
func failure(ctx context.Context, err error, c Config, deployment string) *Failure {
	var config *ConfigError
	var refused *openai.Error
	var inStream *ssestream.StreamError
	var network *net.OpError
	switch {
	case errors.As(err, &config):
		return &Failure{Kind: "config", Title: config.Problem, Hint: config.Hint}
	case errors.Is(context.Cause(ctx), errStalled):
		return &Failure{Kind: "stalled", Title: "The answer has stopped coming.", Detail: c.Endpoint + " keeps the connection open but sends nothing.", Hint: "Try again; it may be answered by another region."}
	case errors.As(err, &refused):
		return refusal(refused, c, deployment)
	case errors.As(err, &inStream):
		return &Failure{Kind: "failed", Title: "The stream failed before the model had said anything.", Detail: streamMessage(inStream), Hint: "Try again."}
	case errors.As(err, &network) && network.Op == "dial", errors.Is(err, syscall.ECONNREFUSED):
		return &Failure{Kind: "unreachable", Title: "Nothing answers at " + c.Endpoint + ".", Detail: reason(err), Hint: "Is it running? " + connectHint}
	}
	return &Failure{Kind: "unreachable", Title: "The connection to " + c.Endpoint + " broke before there was an answer.", Detail: reason(err), Hint: "Try again."}
}

// reason is the innermost error, without the addresses around it.
func reason(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "It was closed in the middle."
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	return err.Error()
}

// refusal words an answer that is an error.
func refusal(e *openai.Error, c Config, deployment string) *Failure {
	message, categories := said(e)
	f := &Failure{Kind: "failed", Detail: message, Status: e.StatusCode}
	switch e.StatusCode {
	case http.StatusUnauthorized:
		f.Kind, f.Title = "key", "The key was refused (401)."
		f.Hint = NameKey + " is not a key of " + c.Endpoint + ". " + connectHint
		if strings.Contains(message, "missing subscription key") { // the gateway's words
			f.Hint = "The key was sent in the header api-key, as clients of Azure OpenAI send it, and the gateway looks for it elsewhere: set the name of the key's header to api-key in the settings of its API."
		}
	case http.StatusForbidden:
		f.Kind, f.Title = "forbidden", "The endpoint does not let this app in (403)."
		f.Hint = "Its firewall, its identities or its products decide that; the message above says which."
	case http.StatusNotFound:
		f.Kind = "missing"
		if e.Code == "DeploymentNotFound" {
			f.Title = fmt.Sprintf("There is no deployment %s here (404).", deployment)
			f.Hint = "Create it, or name the one to use in AZURE_OPENAI_MODEL or, for the search, AZURE_OPENAI_EMBEDDING_NAME. One that is just being created needs some minutes."
		} else {
			f.Title = "The endpoint has nothing at this address (404)."
			f.Hint = "Is the path of the API part of " + NameEndpoint + "? Does its API have the POST operations of chat completions and embeddings?"
		}
	case http.StatusTooManyRequests:
		f.Kind, f.Title = "throttled", "Too many requests (429)."
		f.Wait = wait(e.Response.Header, time.Now())
		f.Hint = "The quota of the region, or of all regions behind the gateway, is used up for now."
	case http.StatusBadRequest:
		switch {
		case e.Code == "content_filter" || len(categories) > 0:
			f.Kind, f.Title, f.Categories = "filtered", "The content filter did not let this question through.", categories
			f.Hint = "Nothing is broken. Put the question in other words."
		case e.Code == "context_length_exceeded":
			f.Kind, f.Title = "too-long", "The conversation is longer than the model can read."
			f.Hint = "Begin a new conversation."
		default:
			f.Kind, f.Title = "refused", "The model does not take this request (400)."
		}
	default:
		f.Title = fmt.Sprintf("The endpoint failed (%d %s).", e.StatusCode, http.StatusText(e.StatusCode))
		f.Hint = "Try again in a moment."
	}
	return f
}

// said reads what the body says in any of its shapes: the error of a region,
// the front end's and the gateway's message without one, and the content
// filter's findings under their name on the wire or that of the specification.
func said(e *openai.Error) (message string, categories []string) {
	type findings map[string]struct {
		Filtered bool `json:"filtered"`
	}
	var body struct {
		Message string `json:"message"`
		Error   struct {
			Message string `json:"message"`
			Inner   struct {
				Found findings `json:"content_filter_result"`
			} `json:"innererror"`
			InnerAsSpecified struct {
				Found findings `json:"content_filter_results"`
			} `json:"inner_error"`
		} `json:"error"`
	}
	var data []byte
	if e.Response != nil && e.Response.Body != nil {
		data, _ = io.ReadAll(io.LimitReader(e.Response.Body, 64<<10))
		e.Response.Body = io.NopCloser(bytes.NewReader(data))
	}
	// One finding of an odd shape must not hide the message.
	_ = json.Unmarshal(data, &body)
	for _, found := range []findings{body.Error.Inner.Found, body.Error.InnerAsSpecified.Found} {
		for name, f := range found {
			if f.Filtered {
				categories = append(categories, strings.ReplaceAll(name, "_", " "))
			}
		}
	}
	slices.Sort(categories)
	message = body.Error.Message
	if message == "" {
		message = body.Message
	}
	if message == "" {
		message = e.Message
	}
	return message, categories
}

// wait is how many seconds an answer asks to wait, rounded up.
func wait(h http.Header, now time.Time) int {
	bound := func(seconds float64) int { return int(min(max(0, math.Ceil(seconds)), maxWait)) }
	for _, name := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if ms, err := strconv.ParseFloat(h.Get(name), 64); err == nil {
			return bound(ms / 1000)
		}
	}
	after := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(after, 64); err == nil {
		return bound(s)
	}
	if t, err := http.ParseTime(after); err == nil {
		return bound(t.Sub(now).Seconds())
	}
	return 0
}

// streamMessage is the message of an error event.
func streamMessage(e *ssestream.StreamError) string {
	var event struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(e.Event.Data, &event) == nil && event.Error.Message != "" {
		return event.Error.Message
	}
	return e.Message
}
