package builtin

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func retry(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name:  "retry",
			Doc:   "Runs its policies, and again as long as the condition holds, with waits between.",
			Block: true, NonEmpty: true,
			Attributes: []policy.Attribute{
				{
					Name: "condition", Type: policy.Condition, Required: true, Expression: true,
					Doc: "Whether to run them again; judged after each pass, a failed one too.",
				},
				{
					Name: "count", Type: policy.Int, Required: true, Expression: true, Bounded: true, Min: 1, Max: 50,
					Doc: "How often at most they run again.",
				},
				{
					Name: "interval", Type: policy.Double, Required: true, Expression: true, Bounded: true, Max: maxWait,
					Doc: "Seconds to wait before a retry, or the first of growing waits.",
				},
				{
					Name: "max-interval", Type: policy.Double, Expression: true, Bounded: true, Max: maxWait,
					Doc: "Seconds that no wait exceeds; with delta, waits grow exponentially.",
				},
				{
					Name: "delta", Type: policy.Double, Expression: true, Bounded: true, Max: maxWait,
					Doc: "Seconds by which waits grow.",
				},
				{
					Name: "first-fast-retry", Type: policy.Bool, Default: "false", Expression: true,
					Doc: "Whether the first retry comes without a wait.",
				},
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			warnOfStorm(e)
			warnOfWait(e, e.Block())
			return &retryStep{
				services: s, block: e.Block(), condition: e.Value("condition"), count: e.Value("count"),
				interval: e.Value("interval"), maxInterval: e.Value("max-interval"), delta: e.Value("delta"),
				fast: e.Value("first-fast-retry"),
			}
		},
	}
}

// manyRetries is how many retries without a wait are worth a warning: a backend
// that is busy is asked that often within a moment, by every caller.
const manyRetries = 10

func warnOfStorm(e *policy.Element) {
	count, interval, delta := e.Value("count"), e.Value("interval"), e.Value("delta")
	if !count.IsLiteral() || !interval.IsLiteral() || delta != nil && (!delta.IsLiteral() || delta.Literal() != "0") {
		return
	}
	n, _ := strconv.Atoi(count.Literal())
	seconds, err := strconv.ParseFloat(interval.Literal(), 64)
	if n > manyRetries && err == nil && seconds == 0 {
		e.Warn("retry-storm", "one request may become %d, without a wait between them", n+1).
			WithHint("count that many retries only with an interval; as many as there are regions are enough to find one that answers")
	}
}

// warnOfWait finds a wait among the policies: newer documentation has none inside
// retry, and what the service does with one is not known.
func warnOfWait(e *policy.Element, b policy.Block) {
	for _, n := range b {
		if n.Policy == "wait" {
			e.Warn("beyond-documented", "Azure documents wait for everywhere but inside retry")
		}
	}
}

// maxWait bounds every number of seconds; a day is beyond any client's patience.
const maxWait = 86400

type retryStep struct {
	services                     Services
	block                        policy.Block
	condition, count, fast       *policy.Value
	interval, maxInterval, delta *policy.Value
}

// Run is the loop of policies.md 2.1.2. Count, waits and the rest are evaluated
// once, when the policy starts.
func (s *retryStep) Run(r *policy.Run) error {
	count, err := s.count.Int(r)
	if err != nil {
		return err
	}
	w, err := s.waits(r)
	if err != nil {
		return err
	}
	for n := int64(0); ; {
		before := len(r.X.Attempts)
		failure := r.Do(s.block)
		if failure != nil && (errors.Is(failure, policy.ErrDone) || callers(failure)) {
			return failure
		}
		// A client that left during a pass that ended well gets no further one,
		// and no condition is evaluated for it.
		if err := r.ClientGone(); err != nil {
			return err
		}
		// After the last pass as well: whether the service does so is not
		// known, and it shows only in a condition that throws.
		again, err := s.condition.Bool(r)
		if err != nil {
			return err
		}
		if !again || n == count {
			if r.Tracing() {
				r.Trace(ended(n, again, failure))
			}
			return failure
		}
		if len(r.X.Attempts) > before && r.Sent() {
			r.Trace("No retry: the request's body is longer than limits.replayBody and has been sent already.")
			return failure
		}
		n++
		wait := w.before(n, s.services.Random)
		if r.Tracing() {
			r.Trace("Retry " + strconv.FormatInt(n, 10) + " of " + strconv.FormatInt(count, 10) + " after " + wait.String() + ".")
		}
		if wait > 0 {
			if s.services.Clock.Sleep(r.Context(), wait) != nil {
				return exchange.ClientGone(r.Origin().Policy)
			}
		}
	}
}

// callers reports a failure that is the caller's: it has left, or the rest of the
// request's body is malformed, too long or too slow. What has come of that body
// must not be taken for all of it by another pass.
func callers(err error) bool {
	var e *exchange.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Reason {
	case exchange.ReasonClientConnection, exchange.ReasonBadRequest, exchange.ReasonBodyTooLarge:
		return true
	}
	return false
}

func ended(n int64, again bool, failure error) string {
	text := "No retry is needed."
	switch {
	case again:
		text = "All retries are used up."
	case failure != nil:
		text = "The condition does not ask for a retry."
	case n > 0:
		text = "The condition is satisfied after " + strconv.FormatInt(n, 10) + " retries."
	}
	if failure != nil {
		text += " The failure of the last pass stands."
	}
	return text
}

// waits are the numbers of seconds that the wait before each retry comes from.
type waits struct {
	interval, maxInterval, delta float64
	capped, growing, fast        bool
}

func (s *retryStep) waits(r *policy.Run) (w waits, err error) {
	if w.interval, err = s.interval.Double(r); err != nil {
		return w, err
	}
	if w.capped = s.maxInterval != nil; w.capped {
		if w.maxInterval, err = s.maxInterval.Double(r); err != nil {
			return w, err
		}
	}
	if w.growing = s.delta != nil; w.growing {
		if w.delta, err = s.delta.Double(r); err != nil {
			return w, err
		}
	}
	w.fast, err = s.fast.Bool(r)
	return w, err
}

// before is the wait before retry n, counted from 1. The formula is the one
// that fits the documented example (10, 20, 40, 80, 100, ...); a fast first
// retry skips its wait and advances the counter all the same. interval with
// max-interval and no delta is undocumented: fixed, capped.
func (w waits) before(n int64, random func() float64) time.Duration {
	if w.fast && n == 1 {
		return 0
	}
	seconds := w.interval
	switch {
	case w.growing && w.capped:
		jitter := 1.0
		if random != nil {
			jitter = 0.8 + 0.4*random()
		}
		seconds += (math.Pow(2, float64(n-1)) - 1) * w.delta * jitter
	case w.growing:
		seconds += float64(n-1) * w.delta
	}
	if w.capped {
		seconds = min(seconds, w.maxInterval)
	}
	return time.Duration(min(seconds, maxWait) * float64(time.Second))
}
