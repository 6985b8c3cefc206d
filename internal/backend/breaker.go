package backend

import (
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
)

// Rule is when a backend's circuit breaker trips, and for how long (spec:
// policies.md 3.2). It is immutable.
type Rule struct {
	// Count is a number of failures within Interval, Percentage a share of the
	// attempts in it; one of them is zero.
	Count, Percentage int
	Interval          time.Duration
	// Statuses and Reasons are what counts as a failure: the status of an
	// answer, or LastError.Reason where none came. Words that no failure bears
	// match nothing.
	Statuses []apim.StatusCodeRange
	Reasons  []string
	Trip     time.Duration
	// AcceptRetryAfter lets the tripping answer's own wish take the place of
	// Trip.
	AcceptRetryAfter bool
	// FailureStatus is the status of the answer while the breaker is open, 503
	// unless the resource says otherwise.
	FailureStatus int
}

func newRule(b *apim.CircuitBreaker) *Rule {
	if b == nil || len(b.Rules) == 0 {
		return nil
	}
	one := b.Rules[0] // APIM accepts no second one
	c := one.FailureCondition
	r := &Rule{
		Count: c.Count, Percentage: c.Percentage, Interval: c.Interval.Duration, Statuses: c.StatusCodeRanges, Reasons: c.ErrorReasons,
		Trip: one.TripDuration.Duration, AcceptRetryAfter: one.AcceptRetryAfter, FailureStatus: 503,
	}
	if one.FailureResponse != nil && one.FailureResponse.StatusCode != 0 {
		r.FailureStatus = one.FailureResponse.StatusCode
	}
	return r
}

// fails reports whether an outcome is a failure to the rule. A backend that gave
// no answer has no status: only its reason can match.
func (r *Rule) fails(status int, reason string) bool {
	if status != 0 {
		for _, s := range r.Statuses {
			if status >= s.Min && status <= s.Max {
				return true
			}
		}
	}
	if reason != "" {
		for _, word := range r.Reasons {
			if strings.EqualFold(word, reason) {
				return true
			}
		}
	}
	return false
}

// Event is what a breaker hears of an attempt.
type Event struct {
	Status int
	Reason string
	Hint   Hint
	// Again says that the attempt was heard of before: an answer that broke off.
	// It is one attempt all the same.
	Again bool
	// Neutral says that the outcome tells nothing about the backend, unless the
	// rule names its reason.
	Neutral bool
}

// Breaker is a circuit breaker: closed, or open until a moment. It is a pure
// state machine; the zero Breaker is closed. There is no half-open state: when
// the time is over all requests go through at once and the counts start at zero.
type Breaker struct {
	until    time.Time
	failures []time.Time // within the interval, oldest first; by count
	share    *window     // by percentage
}

// Open reports whether requests are kept away.
func (b *Breaker) Open(now time.Time) bool { return now.Before(b.until) }

// Until is when the breaker closes again, or did.
func (b *Breaker) Until() time.Time { return b.until }

// Observe hears of an attempt and reports whether it trips the breaker. What an
// open breaker hears are attempts that were under way when it tripped; they
// neither count nor lengthen it.
func (b *Breaker) Observe(now time.Time, r *Rule, e Event) (tripped bool) {
	if r == nil || b.Open(now) {
		return false
	}
	failed := r.fails(e.Status, e.Reason)
	if e.Neutral && !failed {
		return false
	}
	if r.Count > 0 {
		tripped = failed && b.count(now, r)
	} else {
		if b.share == nil || b.share.interval != r.Interval {
			b.share = &window{interval: r.Interval, base: now}
		}
		b.share.add(now, failed, e.Again)
		// One attempt is a sample (spec: policies.md 8, row 10).
		tripped = failed && b.share.failed*100 >= r.Percentage*b.share.total
	}
	if !tripped {
		return false
	}
	open := r.Trip
	if r.AcceptRetryAfter && e.Hint.Known {
		open = e.Hint.Wait
	}
	*b = Breaker{until: now.Add(open)}
	return true
}

// count adds a failure and reports whether there are enough.
func (b *Breaker) count(now time.Time, r *Rule) bool {
	old := 0
	for old < len(b.failures) && now.Sub(b.failures[old]) >= r.Interval {
		old++
	}
	b.failures = append(b.failures[:0], b.failures[old:]...)
	b.failures = append(b.failures, now)
	return len(b.failures) >= r.Count
}

// windowParts is how finely a window forgets: an hour's in steps of 36 seconds.
const windowParts = 100

// window counts attempts and failures of a sliding interval, in parts, so that
// its size does not depend on the traffic.
type window struct {
	interval      time.Duration
	base          time.Time
	at            int64 // the part that is being filled
	parts         [windowParts]struct{ total, failed int }
	total, failed int
}

func (w *window) add(now time.Time, failed, again bool) {
	width := max(w.interval/windowParts, 1)
	at := max(w.at, int64(now.Sub(w.base)/width))
	for i := w.at + 1; i <= at && i <= w.at+windowParts; i++ {
		p := &w.parts[i%windowParts]
		w.total -= p.total
		w.failed -= p.failed
		*p = struct{ total, failed int }{}
	}
	w.at = at
	p := &w.parts[at%windowParts]
	if !again || w.total == 0 {
		p.total++
		w.total++
	}
	if failed {
		p.failed++
		w.failed++
	}
}
