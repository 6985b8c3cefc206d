package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Fault is something wrong with a region, on order. The fields are those of
// the control's JSON; Kind says which of them apply.
type Fault struct {
	// Kind is "status", "throttle", "refuse", "hang", "cut", "slow", "stall",
	// "brownout", "squeeze" or "malformed".
	Kind string `json:"kind"`
	// Status is the status to answer, of a brownout's errors 500 unless given; Body, a text or a JSON object, is
	// Azure's own for it when absent.
	Status int             `json:"status,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	// RetryAfter is in seconds: a number, or a text that is sent as it is (an
	// HTTP date, nonsense). RetryAfterMS adds retry-after-ms.
	RetryAfter   json.RawMessage `json:"retryAfter,omitempty"`
	RetryAfterMS *int            `json:"retryAfterMs,omitempty"`
	// Mode "reset-zero" makes a throttle that names no wait at all: no
	// Retry-After, reset headers of 0 and remaining ones of -1, as Azure
	// answered for a while in 2025. Mode "misspelt" makes one that tells
	// retryAfter in x-rate-limit-reset-tokens alone, as it did for another while.
	Mode string `json:"mode,omitempty"`
	// After is where a hang, a cut, a stall or what is malformed comes: "accept"
	// (hang alone), "headers", or "events:N".
	After string `json:"after,omitempty"`
	// How a cut ends the connection: "reset" (also "") or "fin". What is
	// malformed: "json" (also ""), an event whose JSON breaks off; "text", one
	// that holds another text; "html", a page that is no event; "error", an error
	// event that ends the stream; "no-done", which leaves [DONE] out. Whose words a
	// throttle's are: "deployment", "operation", "foundry" or "load" (see
	// ThrottleText); the region's when absent.
	How string `json:"how,omitempty"`
	// Delay, such as "2s", comes before the head of a slow answer and about so
	// long before an error of a brownout; a stall stands still for it and goes on.
	Delay string `json:"delay,omitempty"`
	// Errors is the part of the requests, 0 to 1, that a brownout answers with its
	// status; Factor is how many times longer the others wait for a first token.
	Errors float64 `json:"errors,omitempty"`
	Factor float64 `json:"factor,omitempty"`
	// Quota is the share of the limits, above 0 and below 1, that a squeeze leaves.
	Quota float64 `json:"quota,omitempty"`
	// Share is the part of the requests that are struck, 0 to 1; absent means
	// all. Deployment narrows the fault to one.
	Share      *float64 `json:"share,omitempty"`
	Deployment string   `json:"deployment,omitempty"`

	delay      time.Duration
	events     int // of After "events:N"; 0 for "headers"
	retryAfter string
}

const (
	modeResetZero = "reset-zero"
	modeMisspelt  = "misspelt"
)

// throttleTexts are the words of a throttle by their names.
var throttleTexts = map[string]ThrottleText{
	"deployment": ThrottleDeployment, "operation": ThrottleOperation, "foundry": ThrottleFoundry, "load": ThrottleLoad,
}

// maxDelay bounds what a slow fault may ask for.
const maxDelay = time.Hour

// ParseFault reads a fault as the control takes it and checks it.
func ParseFault(b []byte) (*Fault, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	f := new(Fault)
	if err := dec.Decode(f); err != nil {
		return nil, fmt.Errorf("not a fault: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if dec.More() {
		return nil, fmt.Errorf("not a fault: more text behind the object")
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	return f, nil
}

// prepare checks that the fields make sense together, and works out the rest.
func (f *Fault) prepare() error {
	if string(f.Body) == "null" {
		f.Body = nil
	}
	if string(f.RetryAfter) == "null" {
		f.RetryAfter = nil
	}
	if !oneOf(f.Kind, "status", "throttle", "refuse", "hang", "cut", "slow", "stall", "brownout", "squeeze", "malformed") {
		return fmt.Errorf("kind %q is not one of status, throttle, refuse, hang, cut, slow, stall, brownout, squeeze, malformed", f.Kind)
	}
	for _, field := range []struct {
		name  string
		given bool
		kinds []string
	}{
		{"status", f.Status != 0, []string{"status", "brownout"}},
		{"body", f.Body != nil, []string{"status"}},
		{"retryAfter", f.RetryAfter != nil, []string{"throttle"}},
		{"retryAfterMs", f.RetryAfterMS != nil, []string{"throttle"}},
		{"mode", f.Mode != "", []string{"throttle"}},
		{"after", f.After != "", []string{"hang", "cut", "stall", "malformed"}},
		{"how", f.How != "", []string{"cut", "malformed", "throttle"}},
		{"delay", f.Delay != "", []string{"slow", "stall", "brownout"}},
		{"errors", f.Errors != 0, []string{"brownout"}},
		{"factor", f.Factor != 0, []string{"brownout"}},
		{"quota", f.Quota != 0, []string{"squeeze"}},
		{"share", f.Share != nil, []string{"status", "throttle", "hang", "cut", "slow", "stall", "malformed"}},
		{"deployment", f.Deployment != "", []string{"status", "throttle", "hang", "cut", "slow", "stall", "brownout", "squeeze", "malformed"}},
	} {
		if field.given && !oneOf(f.Kind, field.kinds...) {
			return fmt.Errorf("%s does not go with kind %s", field.name, f.Kind)
		}
	}
	if f.Share != nil && !(*f.Share >= 0 && *f.Share <= 1) {
		return fmt.Errorf("share %v is not between 0 and 1", *f.Share)
	}
	switch f.Kind {
	case "status":
		return f.prepareStatus()
	case "throttle":
		return f.prepareThrottle()
	case "hang", "cut":
		return f.preparePlace()
	case "slow":
		return f.prepareDelay()
	case "stall":
		if err := f.prepareDelay(); err != nil {
			return err
		}
		return f.preparePlace()
	case "brownout":
		return f.prepareBrownout()
	case "squeeze":
		if !(f.Quota > 0 && f.Quota < 1) {
			return fmt.Errorf("quota %v is not above 0 and below 1", f.Quota)
		}
	case "malformed":
		return f.prepareMalformed()
	}
	return nil
}

func (f *Fault) prepareDelay() error {
	d, err := time.ParseDuration(f.Delay)
	if err != nil || d <= 0 || d > maxDelay {
		return fmt.Errorf("delay %q is not a duration between 0 and %v, such as 2s", f.Delay, maxDelay)
	}
	f.delay = d
	return nil
}

// maxFactor bounds how much slower a brown-out may make a region.
const maxFactor = 1000

func (f *Fault) prepareBrownout() error {
	switch {
	case !(f.Errors >= 0 && f.Errors <= 1):
		return fmt.Errorf("errors %v is not between 0 and 1", f.Errors)
	case f.Factor != 0 && !(f.Factor >= 1 && f.Factor <= maxFactor):
		return fmt.Errorf("factor %v is not between 1 and %d", f.Factor, maxFactor)
	case f.Errors == 0 && f.Factor <= 1:
		return fmt.Errorf("a brownout needs errors, factor or both")
	case f.Errors == 0 && (f.Status != 0 || f.Delay != ""):
		return fmt.Errorf("status and delay are those of a brownout's errors, of which there are none")
	}
	if f.Status != 0 && (f.Status < 400 || f.Status > 599) {
		return fmt.Errorf("status %d is not between 400 and 599", f.Status)
	}
	if f.Delay == "" {
		return nil
	}
	return f.prepareDelay()
}

func (f *Fault) prepareMalformed() error {
	if !oneOf(f.How, "", "json", "text", "html", "error", noDone) {
		return fmt.Errorf("how %q is not json, text, html, error or %s", f.How, noDone)
	}
	if f.How != noDone {
		return f.preparePlace()
	}
	if f.After != "" {
		return fmt.Errorf("%s has its own place: after does not go with it", noDone)
	}
	return nil
}

func (f *Fault) prepareStatus() error {
	switch s := f.Status; {
	case s < 200 || s > 599:
		return fmt.Errorf("status %d is not between 200 and 599", s)
	case s < 300 && f.Body == nil:
		return fmt.Errorf("status %d without a body is no fault", s)
	case (s == 204 || s == 304) && f.Body != nil:
		return fmt.Errorf("an answer of status %d has no body", s)
	}
	return nil
}

func (f *Fault) prepareThrottle() error {
	if _, ok := throttleTexts[f.How]; !ok && f.How != "" {
		return fmt.Errorf("how %q is not deployment, operation, foundry or load", f.How)
	}
	switch f.Mode {
	case "":
	case modeMisspelt:
		if f.RetryAfter == nil || f.RetryAfterMS != nil {
			return fmt.Errorf("mode %s needs retryAfter, and has no retryAfterMs", modeMisspelt)
		}
	default:
		if f.Mode != modeResetZero {
			return fmt.Errorf("mode %q is not %s or %s", f.Mode, modeResetZero, modeMisspelt)
		}
		if f.RetryAfter != nil || f.RetryAfterMS != nil {
			return fmt.Errorf("mode %s has no retryAfter and no retryAfterMs", modeResetZero)
		}
		return nil
	}
	if f.RetryAfterMS != nil && *f.RetryAfterMS < 0 {
		return fmt.Errorf("retryAfterMs %d is less than 0", *f.RetryAfterMS)
	}
	if f.RetryAfter == nil {
		if f.RetryAfterMS == nil {
			return fmt.Errorf("a throttle needs retryAfter, the seconds to wait")
		}
		f.retryAfter = strconv.Itoa((*f.RetryAfterMS + 999) / 1000)
		return nil
	}
	if json.Unmarshal(f.RetryAfter, &f.retryAfter) == nil {
		return nil
	}
	var seconds float64
	if json.Unmarshal(f.RetryAfter, &seconds) != nil || seconds < 0 || seconds != math.Trunc(seconds) || seconds > math.MaxInt32 {
		return fmt.Errorf("retryAfter %s is not a whole number of seconds", f.RetryAfter)
	}
	f.retryAfter = strconv.Itoa(int(seconds))
	return nil
}

func (f *Fault) preparePlace() error {
	places := `"headers" or "events:N"`
	if f.Kind == "hang" {
		places = `"accept", "headers" or "events:N"`
	}
	if f.Kind == "cut" && !oneOf(f.How, "", "reset", "fin") {
		return fmt.Errorf("how %q is not reset or fin", f.How)
	}
	if n, ok := strings.CutPrefix(f.After, "events:"); ok {
		events, err := strconv.Atoi(n)
		if err != nil || events < 1 {
			return fmt.Errorf("after %q does not name a number of events, 1 or more", f.After)
		}
		f.events = events
		return nil
	}
	switch {
	case f.After == "headers":
	case f.After == "accept" && f.Kind == "hang":
		if f.Share != nil || f.Deployment != "" {
			return fmt.Errorf("a hang after accept strikes before the request is read: share and deployment do not go with it")
		}
	default:
		return fmt.Errorf("after %q is not %s", f.After, places)
	}
	return nil
}

func oneOf(s string, words ...string) bool {
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}

// SetFault puts a fault in force in place of the one before; nil ends it. It
// returns when listeners have closed or opened their ports accordingly.
// Requests that a fault has caught stay caught.
func (r *Region) SetFault(f *Fault) error {
	if f != nil {
		copied := *f
		f = &copied
		if err := f.prepare(); err != nil {
			return err
		}
		if _, ok := r.deployments[f.Deployment]; !ok && f.Deployment != "" {
			return fmt.Errorf("region %s has no deployment %q", r.name, f.Deployment)
		}
	}
	r.mu.Lock()
	r.fault = f
	now := r.clock.Now()
	for _, d := range r.order {
		d.meter.squeeze(now, f.squeezes(d.Name))
	}
	listeners := append([]*Listener(nil), r.listeners...)
	r.mu.Unlock()
	for _, l := range listeners {
		if err := l.refuse(f != nil && f.Kind == "refuse"); err != nil {
			return err
		}
	}
	return nil
}

// squeezes is the share of its quota that the fault leaves to a deployment; nil
// leaves all.
func (f *Fault) squeezes(deployment string) float64 {
	if f == nil || f.Kind != "squeeze" || f.Deployment != "" && f.Deployment != deployment {
		return 1
	}
	return f.Quota
}

// Fault is the fault in force, or nil.
func (r *Region) Fault() *Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}
