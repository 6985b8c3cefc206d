package forward

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spillway-gateway/spillway/internal/backend"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// The entries of an attempt are those of APIM's request-forwarder (spec:
// policies.md 4.5).
const forwarder = "request-forwarder"

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func headerList(h exchange.Header) []field {
	list := make([]field, len(h))
	for i, f := range h {
		list[i] = field{f.Name, f.Value}
	}
	return list
}

func traceRequest(x *exchange.Exchange, out *exchange.Outbound, o *Options) {
	if !x.Trace.On() {
		return
	}
	wait := "Timeout is not set"
	if o.Timeout > 0 {
		wait = fmt.Sprintf("Timeout set to %d seconds", o.Timeout/time.Second)
		if o.Timeout%time.Second != 0 {
			wait = fmt.Sprintf("Timeout set to %d milliseconds", o.Timeout/time.Millisecond)
		}
	}
	host := out.Host
	if host == "" {
		host = out.URL.Authority()
	}
	headers := append([]field{{"Host", host}}, headerList(out.Header)...)
	x.Trace.Add("backend", forwarder, map[string]any{
		"message": "Request is being forwarded to the backend service. " + wait,
		"request": map[string]any{"method": out.Method, "url": out.URL.String(), "headers": headers},
	})
}

func traceResponse(x *exchange.Exchange, r *exchange.Response) {
	if !x.Trace.On() {
		return
	}
	reason := r.Reason
	if reason == "" {
		reason = exchange.Phrase(r.Status)
	}
	x.Trace.Add("backend", forwarder, map[string]any{"response": map[string]any{
		"status": map[string]any{"code": r.Status, "reason": reason}, "headers": headerList(r.Header),
	}})
}

func traceErrorEvent(x *exchange.Exchange, status int) {
	if x.Trace.On() {
		x.Trace.Add("backend", forwarder, map[string]any{
			"message": fmt.Sprintf("The stream begins with an error event: the answer counts as %d, and its body stays as it is.", status),
		})
	}
}

// traceTrip tells of a circuit breaker that opened.
func (a *attempt) traceTrip(x *exchange.Exchange, t *backend.Trip) {
	if t == nil || !x.Trace.On() {
		return
	}
	text := fmt.Sprintf("The circuit breaker of backend '%s' has opened until %s", t.Backend, t.Until.UTC().Format("15:04:05.000 MST"))
	switch {
	case t.Hint.Capped():
		text += fmt.Sprintf(", as the answer asks (capped from %s to %s).", seconds(t.Hint.Asked), seconds(t.Hint.Wait))
	case t.Hint.Known:
		text += ", as the answer asks."
	default:
		text += ", the rule's own time."
	}
	x.Trace.Add("backend", forwarder, map[string]any{"message": text})
}

// seconds is a duration as Retry-After has it, with what is left of a second.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

func traceFailure(x *exchange.Exchange, err error) {
	if !x.Trace.On() {
		return
	}
	text := err.Error()
	if errors.Is(err, exchange.ErrTimeout) {
		text = exchange.ErrTimeout.Error()
	}
	x.Trace.Add("backend", forwarder, map[string]any{"messages": []string{text}})
}
