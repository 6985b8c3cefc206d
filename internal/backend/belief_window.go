package backend

import (
	"math"
	"time"
)

// ledger is what was sent to a deployment lately, oldest first: the answers that
// have come cannot know of it.
type ledger struct{ sends []*send }

type send struct {
	at      time.Time
	charge  float64
	refused bool // it costs no tokens then, but a call all the same
	read    bool // its own answer has told what is left after it
	probe   bool // it was sent against the belief
	stream  bool
	size    int // class of the prompt
}

// maxSends bounds the ledger of a deployment that tells nothing, and oldestSend
// is as far back as any window reaches.
const (
	maxSends   = 4096
	oldestSend = time.Minute
)

// sum adds up what was sent after from and up to to, in tokens and in calls, but
// for what a reading includes for certain.
func (l *ledger) sum(from, to time.Time) (tokens, calls float64) {
	for i := len(l.sends) - 1; i >= 0; i-- {
		s := l.sends[i]
		if !s.at.After(from) {
			break
		}
		if s.at.After(to) || s.read {
			continue
		}
		calls++
		if !s.refused {
			tokens += s.charge
		}
	}
	return tokens, calls
}

// prune drops what was sent up to seen.
func (l *ledger) prune(now, seen time.Time) {
	if oldest := now.Add(-oldestSend); seen.Before(oldest) {
		seen = oldest
	}
	n := 0
	for n < len(l.sends) && (!l.sends[n].at.After(seen) || len(l.sends)-n > maxSends) {
		n++
	}
	if n > 0 {
		l.sends = append(l.sends[:0], l.sends[n:]...)
	}
}

// allowance is what is believed of one limit of a deployment: how much of it is
// left, and when it is renewed. Azure counts by windows of fixed length, whose
// beginnings are its own; some of its meters, and others', run on instead, so that
// what was used comes back bit by bit. Which of the two it is shows.
//
// Moments are those of sending: what is sent at the believed moment of renewal
// arrives when the window has been renewed.
type allowance struct {
	ledger *ledger
	calls  bool    // it is one of requests, not of tokens
	limit  float64 // 0 is unknown
	period time.Duration

	known bool // left was told, or is the limit
	left  float64
	at    time.Time // everything sent up to then is in left
	since float64   // charged by ourselves after at
	heard time.Time // when the request was sent whose answer told what is left

	// The phase: the next renewal lies between early and late. readings is how many
	// narrowed it, step how finely they were told; exact says that a refusal did.
	phased      bool
	exact       bool
	early, late time.Time
	readings    float64
	step        time.Duration
	counted     time.Time // when the last of the readings was sent
	renewed     time.Time // the last renewal that was assumed
	usedUp      bool      // little was left before it
	// rolling is evidence, 0 to 1, that there are no windows: moments of renewal
	// that contradict each other.
	rolling float64

	// drift is what others use, per second and negative; where the meter runs on,
	// what comes back less that.
	drift float64
	// short is by how much readings usually fall short of what was believed.
	short float64
}

// unknownLimit stands for a limit that nobody has told, in comparisons only.
const unknownLimit = 1e6

// size is the limit, or what stands for it.
func (a *allowance) size() float64 {
	if a.limit > 0 {
		return a.limit
	}
	return unknownLimit
}

// perSecond is how quickly the whole limit comes back.
func (a *allowance) perSecond() float64 { return a.size() / a.period.Seconds() }

// assume takes a limit that is configured for one that has not been told yet.
func (a *allowance) assume(now time.Time, limit int) {
	if a.limit == 0 && limit > 0 {
		a.limit = float64(limit)
		if !a.known {
			a.renew(now)
		}
	}
}

// renewal is the believed moment of the next renewal, near the early end of what
// is known. A request sent too early is refused, and its refusal tells the exact
// moment, while one sent too late leaves quota to expire unseen. Readings are
// spread evenly over the step they are told in: of n the best is one part in n+1 of
// it away on average, and less than three nearly always.
func (a *allowance) renewal() time.Time {
	guess := a.early.Add(time.Duration(float64(a.step) * min(1, 3/(a.readings+1))))
	if guess.After(a.late) {
		return a.late
	}
	return guess
}

// windowed reports that the next renewal is known.
func (a *allowance) windowed() bool { return a.phased && !a.runsOn() }

// runsOn reports that the meter has no windows, as far as can be seen.
func (a *allowance) runsOn() bool { return a.rolling > 0.5 }

// roll brings the belief up to now: renewals that have passed.
func (a *allowance) roll(now time.Time) {
	if a.windowed() {
		for next := a.renewal(); !now.Before(next); next = a.renewal() {
			if now.Sub(next) > 10*a.period { // nobody has asked for long
				a.phased, a.exact = false, false
				break
			}
			a.usedUp = a.known && a.left-a.since < usedUpShare*a.size()
			a.renew(next)
			a.renewed = next
			a.move(a.period)
		}
	}
	if a.known && now.Sub(a.at) > a.period {
		a.renew(now)
	}
}

// usedUpShare of a limit is so little that requests may be kept from it.
const usedUpShare = 0.1

// unproven reports a renewal that was assumed, of a window that had been used up,
// and that no answer has shown yet.
func (a *allowance) unproven() bool { return a.usedUp && a.windowed() && !a.heard.After(a.renewed) }

// margin is what may be less than believed, by how much less it was of late.
func (a *allowance) margin() float64 { return 2 * a.short }

func (a *allowance) move(d time.Duration) { a.early, a.late = a.early.Add(d), a.late.Add(d) }

func (a *allowance) renew(at time.Time) {
	a.known, a.left, a.at = a.limit > 0, a.limit, at
	a.since = a.sum(at, forever)
}

// forever is later than anything.
var forever = time.Unix(1<<60, 0)

func (a *allowance) sum(from, to time.Time) float64 {
	tokens, calls := a.ledger.sum(from, to)
	if a.calls {
		return calls
	}
	return tokens
}

// room is how much is believed to be left now; infinite where nothing is known.
func (a *allowance) room(now time.Time) float64 {
	a.roll(now)
	if !a.known {
		return math.Inf(1)
	}
	return min(a.size(), a.left-a.since+a.drift*max(0, now.Sub(a.at).Seconds()))
}

// life is how many seconds are left to use it in.
func (a *allowance) life(now time.Time) float64 {
	a.roll(now)
	if !a.windowed() {
		return a.period.Seconds()
	}
	return max(0.25, a.renewal().Sub(now).Seconds())
}

// told takes what an answer says: how much is left after the request in question,
// and in what time it is renewed; negative is unsaid. A reading that is older than
// another one, or than a renewal, is of no use but for the phase.
//
// Requests do not arrive in the order in which they are sent. What was sent less
// than disorder before may not be in the reading: it counts as sent after it, but
// for the request itself, and of two readings that close the lower one holds.
func (a *allowance) told(now time.Time, s *send, answered time.Time, left float64, reset time.Duration) {
	sent := s.at
	a.roll(now)
	if reset > 0 && reset <= a.period {
		step := resolution(reset)
		a.narrow(sent, sent.Add(reset-step), answered.Add(reset), step)
	}
	if left < 0 || sent.Before(a.at) {
		return
	}
	expected := a.left - a.sum(a.at, sent)
	if reset < 0 && a.known && !a.exact && !a.runsOn() {
		switch {
		case left > expected+0.1*a.size():
			// It was renewed in between. The early end is taken: a refusal will tell the
			// exact moment.
			a.narrow(sent, later(a.at, a.heard).Add(a.period), sent.Add(a.period), 0)
		case a.phased && sent.Sub(a.renewed) < a.period/3 && left < expected-0.15*a.size():
			// The renewal that was assumed has not come: look again in a second.
			a.early, a.late = now.Add(time.Second), now.Add(2*time.Second)
		}
	}
	if seconds := sent.Sub(a.at).Seconds(); a.known && seconds > 0 {
		a.short += 0.1 * (max(0, min(expected+a.drift*seconds-left, usedUpShare*a.size())) - a.short)
		fastest := a.perSecond()
		observed := max(-fastest, min((left-expected)/seconds, 0))
		if a.runsOn() {
			observed = max(-fastest, min((left-expected)/seconds, fastest))
		}
		w := math.Exp(-seconds / driftSpan)
		a.drift = a.drift*w + observed*(1-w)
	}
	if a.known && sent.Sub(a.heard).Abs() < disorder {
		left = min(left, a.left)
	}
	a.heard = later(sent, a.heard)
	a.known, a.left, a.at = true, left, later(a.heard.Add(-disorder), a.renewed)
	a.since = a.sum(a.at, forever)
	if !s.read { // it is marked when both limits have heard of it
		a.since -= a.cost(s)
	}
}

// disorder is how far apart requests are sent that may overtake each other.
const disorder = 10 * time.Millisecond

// cost is what a request of ours takes off.
func (a *allowance) cost(s *send) float64 {
	switch {
	case !s.at.After(a.at):
		return 0
	case a.calls:
		return 1
	case s.refused:
		return 0
	}
	return s.charge
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// driftSpan is how long, in seconds, an observation of what others use weighs.
const driftSpan = 20

// fix takes the exact moment of renewal, that a refusal has told.
func (a *allowance) fix(early, late time.Time, step time.Duration) {
	if a.phased {
		a.evidence(early, late)
	}
	a.phased, a.exact, a.early, a.late, a.readings, a.step = true, step < time.Second, early, late, 1, step
}

// narrow takes a moment of renewal that an answer has told: between early and
// late, to the step. Readings of one moment say the same, and count once.
func (a *allowance) narrow(sent, early, late time.Time, step time.Duration) {
	if !a.phased || !a.evidence(early, late) {
		a.phased, a.exact, a.early, a.late, a.readings, a.step, a.counted = true, false, early, late, 1, step, sent
		return
	}
	switch {
	case a.exact:
	case step < a.step:
		a.step, a.readings, a.counted = step, 1, sent
	case step == a.step && sent.Sub(a.counted) >= step:
		a.readings, a.counted = min(a.readings+1, 1000), sent
	}
	if early.After(a.early) {
		a.early = early
	}
	if late.Before(a.late) {
		a.late = late
	}
	for !a.renewal().After(a.at) { // that one has been taken into account
		a.move(a.period)
	}
}

// evidence looks at the believed moment of renewal that is next to one that was
// told, and reports whether they agree.
func (a *allowance) evidence(early, late time.Time) bool {
	a.move(-time.Duration(math.Round(float64(a.early.Sub(early))/float64(a.period))) * a.period)
	gap := max(early.Sub(a.late), a.early.Sub(late))
	switch {
	case gap <= 0:
		a.rolling *= 0.98
		return true
	case gap > 3*time.Second:
		a.rolling += 0.2 * (1 - a.rolling)
	}
	return false
}

// resolution is how finely a time was told: whole seconds are seconds.
func resolution(d time.Duration) time.Duration {
	if d%time.Second == 0 {
		return time.Second
	}
	return time.Millisecond
}
