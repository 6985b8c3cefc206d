package backend

import (
	"strings"
	"time"
)

// health is what failures tell about a backend. A refusal is none: being full is
// not being ill.
type health struct {
	errors      float64 // the recent share of failures, as of at
	at          time.Time
	consecutive int
	until       time.Time     // ejected until then; zero when it is not
	pause       time.Duration // the next ejection's
	dead        bool          // no answers came at all; otherwise it fails in part
	probe       sendKey       // the attempt that finds out whether it is back
	probing     bool
}

const (
	firstPause   = 2 * time.Second
	longestPause = 30 * time.Second
	// failuresInRow eject, and two where errorShare of the answers fail.
	failuresInRow = 3
	errorShare    = 0.3
	errorWeight   = 0.1
	// partial is the share of failures from which on a backend is asked only where
	// those that are well have no room. The share halves in errorSpan, so that a
	// backend that is not asked is tried again.
	partial   = 0.2
	errorSpan = 30 * time.Second
)

// share is the recent share of failures.
func (h *health) share(now time.Time) float64 {
	if d := now.Sub(h.at); d > 0 {
		h.errors *= halved(d, errorSpan)
		h.at = now
	}
	return h.errors
}

// well reports that few attempts fail.
func (h *health) well(now time.Time) bool { return h.share(now) < partial }

// ejected reports that the backend is left alone: until the moment of the next
// probe, and while that is under way.
func (h *health) ejected(now time.Time) bool {
	return !h.until.IsZero() && (now.Before(h.until) || h.probing)
}

// due reports that the next request will be a probe.
func (h *health) due(now time.Time) bool {
	return !h.until.IsZero() && !h.probing && !now.Before(h.until)
}

// next is when a request may be sent there again; zero for now.
func (h *health) next(now time.Time) time.Time {
	switch {
	case !h.ejected(now):
		return time.Time{}
	case now.Before(h.until):
		return h.until
	}
	return now.Add(time.Second) // a probe is under way
}

// sent notes a request; the first to an ejected backend whose time is over is the
// probe.
func (h *health) sent(now time.Time, r *Request) (probe bool) {
	if !h.due(now) {
		return false
	}
	h.probing, h.probe = true, sendKey{r, now.UnixNano()}
	return true
}

// observe learns from an attempt, when it is answered and again if it breaks off
// later.
func (h *health) observe(now time.Time, o *Outcome) {
	probed := h.probing && h.probe == (sendKey{o.Request, o.Sent.UnixNano()})
	if probed {
		h.probing = false
	}
	switch {
	case o.Neutral():
	case o.Stage == Ended && (o.Status < 200 || o.Status >= 400 || !o.Failed()):
		// Nothing new: it was heard of when it was answered.
	case o.Failed():
		h.failed(now, o, probed)
	case o.Stage == Answered:
		if !o.Throttled() {
			h.errors = h.share(now) * (1 - errorWeight)
		}
		h.consecutive = 0
		if probed || h.until.IsZero() || !o.Sent.Before(h.until) {
			h.until, h.pause, h.dead = time.Time{}, 0, false
		}
	}
}

func (h *health) failed(now time.Time, o *Outcome, probed bool) {
	h.errors = h.share(now) + errorWeight*(1-h.share(now))
	h.consecutive++
	h.dead = o.Status == 0 && !strings.HasPrefix(o.Kind, "stream")
	if h.ejected(now) && !probed {
		return // attempts that were under way, or made for want of anything better
	}
	if probed || h.consecutive >= failuresInRow || h.consecutive >= 2 && h.errors > errorShare {
		h.pause = min(max(2*h.pause, firstPause), longestPause)
		h.until, h.consecutive = now.Add(h.pause), 0
	}
}
