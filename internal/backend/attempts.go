package backend

import (
	"time"

	"github.com/spillway-gateway/spillway/apim"
)

// Attempts is everything there is to say about attempts that the gateway makes
// by itself, within one forward-request: how many, how long each and all of them
// may take, and after what another one follows. The zero value is APIM's: one
// attempt, and what comes after it is the document's affair.
//
// A retry policy around forward-request stands above it and counts for itself.
type Attempts struct {
	// Count is how many there are at most; 0 is 1.
	Count int
	// Timeout bounds each of them until the head of its answer, beside the
	// time-out of forward-request; 0 is no bound of its own.
	Timeout time.Duration
	// Total bounds all of them together until the head: none begins after it,
	// and the last ends with it. 0 is no bound.
	Total time.Duration
	// Statuses are the answers after which another attempt follows.
	Statuses []apim.StatusCodeRange
	// Failures says that one follows where no answer came, too.
	Failures bool
	// Budget is the share of requests, 0 to 1, that may get further attempts
	// over the last while; 0 is no bound. It keeps a service that is down from
	// being asked many times as often as before.
	Budget float64
}

// Retries reports whether another attempt may follow an outcome, the attempts
// made so far and the time since the first began being what they are.
func (a *Attempts) Retries(made int, since time.Duration, o *Outcome) bool {
	switch {
	case made >= a.Count || a.Total > 0 && since >= a.Total, o.Neutral():
		return false
	case o.Status == 0:
		return a.Failures
	}
	for _, r := range a.Statuses {
		if o.Status >= r.Min && o.Status <= r.Max {
			return true
		}
	}
	return false
}

// budgetSpan is how long a request weighs in a budget: its weight halves in it.
const budgetSpan = 10 * time.Second

// budgetFloor lets a quiet pool retry: a share of nothing would be nothing.
const budgetFloor = 3

// budget keeps further attempts within a share of the requests.
type budget struct {
	at              time.Time
	requests, spent float64
}

func (b *budget) decay(now time.Time) {
	if b.at.IsZero() {
		b.at = now
		return
	}
	if d := now.Sub(b.at); d > 0 {
		f := halved(d, budgetSpan)
		b.requests *= f
		b.spent *= f
		b.at = now
	}
}

// request counts a request.
func (b *budget) request(now time.Time) {
	b.decay(now)
	b.requests++
}

// spend reports whether a further attempt is within the share, and counts it
// if so.
func (b *budget) spend(now time.Time, share float64) bool {
	b.decay(now)
	if share > 0 && b.spent+1 > share*b.requests+budgetFloor {
		return false
	}
	b.spent++
	return true
}
