package backend

import (
	"math"
	"strings"
	"time"
)

// belief is what is thought of one deployment of a backend: what a request would
// meet there now. It is charged when a request is sent and corrected when its
// answer comes.
type belief struct {
	name          string // of the deployment
	ledger        ledger
	tokens, calls allowance
	open          map[sendKey]*send // those that wait for an answer

	// until is the moment a refusal told, of one that a smaller request does not get
	// round; backoff lengthens the next one that tells none.
	until   time.Time
	why     string
	backoff time.Duration

	// Of a provisioned deployment: how full it is, in per cent, at a moment of
	// sending, and what was charged since.
	provisioned bool
	level       float64
	levelAt     time.Time
	levelSince  float64

	latency [sizes]spread // of the first byte of streams
	heard   time.Time     // of the last answer, whatever it was
	used    time.Time
}

const (
	// leastSilence, or silenceDeviations above the mean, is how long a first byte may
	// be awaited before it is silence.
	leastSilence      = time.Second
	silenceDeviations = 4
	// learntFrom is how many answers it takes to know what is usual.
	learntFrom = 10
)

// silent reports that a stream's first byte is late and that nothing else has been
// heard since it was asked for: the deployment may hang, which its time-out will
// say later.
func (b *belief) silent(now time.Time) bool {
	var oldest *send
	for i := len(b.ledger.sends) - 1; i >= 0 && b.ledger.sends[i].at.After(b.heard); i-- {
		if s := b.ledger.sends[i]; s.stream {
			oldest = s
		}
	}
	if oldest == nil {
		return false
	}
	usual := &b.latency[oldest.size]
	waited := now.Sub(oldest.at)
	return usual.count >= learntFrom && waited < oldestSend && waited > max(leastSilence, seconds(usual.mean+silenceDeviations*usual.deviation))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

type sendKey struct {
	request *Request
	at      int64
}

// sizes are the classes of prompts whose first byte is learnt apart.
const sizes = 4

// sizeOf is the class of a request.
func sizeOf(r *Request) int {
	switch {
	case r.Prompt < 1000:
		return 0
	case r.Prompt < 4000:
		return 1
	case r.Prompt < 16000:
		return 2
	}
	return 3
}

// spread is an average of seconds and of the distance to it.
type spread struct {
	mean, deviation float64
	count           int
}

func (s *spread) add(seconds float64) {
	s.count++
	if s.count == 1 {
		s.mean, s.deviation = seconds, seconds/2
		return
	}
	w := max(0.1, 1/float64(s.count))
	s.deviation += w * (math.Abs(seconds-s.mean) - s.deviation)
	s.mean += w * (seconds - s.mean)
}

// memory is what is believed of one backend, whichever pool asks.
type memory struct {
	deployments map[string]*belief
	health      health
}

// maxDeployments bounds what is kept of one backend: its callers name them.
const maxDeployments = 64

// remembered is what is kept about a member.
func remembered(m *Member) *memory {
	return m.State.Learnt("belief", func() any { return &memory{deployments: map[string]*belief{}} }).(*memory)
}

// about is the belief of the deployment that a request is for.
func (k *memory) about(now time.Time, m *Member, deployment string) *belief {
	b := k.deployments[deployment]
	if b == nil {
		name := strings.ToLower(deployment)
		if b = k.deployments[name]; b == nil {
			if len(k.deployments) >= maxDeployments {
				k.forget()
			}
			b = newBelief(now, name)
			k.deployments[name] = b
		}
	}
	b.tokens.assume(now, m.Options.TokensPerMinute)
	b.calls.assume(now, m.Options.RequestsPerMinute)
	b.provisioned = b.provisioned || m.Options.PaidFor
	b.used = now
	return b
}

// forget drops the belief that was not asked for longest.
func (k *memory) forget() {
	var oldest *belief
	for _, b := range k.deployments {
		if oldest == nil || b.used.Before(oldest.used) {
			oldest = b
		}
	}
	delete(k.deployments, oldest.name)
}

func newBelief(now time.Time, name string) *belief {
	b := &belief{name: name, open: map[sendKey]*send{}, levelAt: now}
	b.tokens = allowance{ledger: &b.ledger, period: time.Minute, at: now}
	b.calls = allowance{ledger: &b.ledger, calls: true, period: time.Minute, at: now}
	return b
}

// send charges a request.
func (b *belief) send(now time.Time, r *Request) {
	// Of requests sent in one moment, and of one sent in that of a renewal, the order
	// counts.
	at := now.Add(1)
	if n := len(b.ledger.sends); n > 0 && !at.After(b.ledger.sends[n-1].at) {
		at = b.ledger.sends[n-1].at.Add(1)
	}
	s := &send{at: at, charge: float64(r.Charge), stream: r.Stream, size: sizeOf(r)}
	if len(b.open) < maxSends { // attempts that never end are somebody else's mistake
		b.open[sendKey{r, now.UnixNano()}] = s
	}
	b.ledger.sends = append(b.ledger.sends, s)
	b.tokens.since += s.charge
	b.levelSince += s.charge
	b.calls.since++
}

// doubted marks the request that has just been sent as one against the belief.
func (b *belief) doubted(now time.Time, r *Request) {
	if s := b.open[sendKey{r, now.UnixNano()}]; s != nil {
		s.probe = true
	}
}

// oneCall is less than 1: requests are whole, and what others are believed to use
// is not.
const oneCall = 0.5

// fits reports whether the deployment is believed to take a request now; if not,
// why not, and when that may change.
func (b *belief) fits(now time.Time, charge float64) (ok bool, why string, next time.Time) {
	if now.Before(b.until) {
		return false, b.why, b.until
	}
	if b.provisioned {
		if level := b.fullness(now); level >= 100 {
			return false, "its throughput is used up", now.Add(time.Duration((level - 100) / 100 * float64(time.Minute)))
		}
		return true, "", time.Time{}
	}
	if b.calls.room(now) < oneCall {
		return false, "no requests are left there", b.calls.next(now)
	}
	if room := b.tokens.room(now); room < charge {
		return false, "not enough tokens are left there", b.tokens.next(now)
	}
	return true, "", time.Time{}
}

// next is when there may be more.
func (a *allowance) next(now time.Time) time.Time {
	if a.windowed() {
		return a.renewal()
	}
	return now.Add(2 * time.Second)
}

// fullness is that of a provisioned deployment in per cent: all of it runs out in
// a minute. What was charged since is in tokens, which is a share only where the
// size of the deployment is known.
func (b *belief) fullness(now time.Time) float64 {
	level := b.level - 100*now.Sub(b.levelAt).Minutes()
	if b.tokens.limit > 0 {
		level += 100 * b.levelSince / b.tokens.limit
	}
	return max(0, level)
}

// answered corrects the belief by an answer.
func (b *belief) answered(now time.Time, o *Outcome) {
	key := sendKey{o.Request, o.Sent.UnixNano()}
	s := b.open[key]
	if s == nil {
		return
	}
	delete(b.open, key)
	if o.Status != 0 {
		b.heard = now
	}
	// A request that ran out of time was charged, probably.
	if o.Status != 200 && !(o.Status == 0 && o.Kind == "timeout") {
		b.takeBack(s)
	}
	if o.Status != 0 {
		b.limits(now, o, s)
	}
	switch {
	case o.Throttled():
		b.refused(now, o, s)
	case o.Status == 200:
		b.until, b.backoff = time.Time{}, 0
		if s.probe && o.Limits.RemainingTokens < 0 && !b.provisioned {
			// There was room where none was believed to be, and nothing says how much.
			b.tokens.renew(s.at)
		}
	}
	seen := b.tokens.at
	if b.calls.at.Before(seen) {
		seen = b.calls.at
	}
	if b.provisioned {
		seen = b.levelAt
	}
	b.ledger.prune(now, seen)
}

// takeBack undoes the charge of a request that was not admitted.
func (b *belief) takeBack(s *send) {
	s.refused = true
	if s.at.After(b.tokens.at) {
		b.tokens.since = max(0, b.tokens.since-s.charge)
	}
	if s.at.After(b.levelAt) {
		b.levelSince = max(0, b.levelSince-s.charge)
	}
}

// limits reads the headers of an answer.
func (b *belief) limits(now time.Time, o *Outcome, s *send) {
	l := &o.Limits
	if l.Utilization >= 0 {
		b.provisioned = true
		b.full(s.at, l.Utilization)
		return
	}
	if l.LimitTokens > 0 {
		b.tokens.limit = float64(l.LimitTokens)
	}
	if l.LimitRequests > 0 {
		b.calls.limit = float64(l.LimitRequests)
	}
	if l.PeriodTokens > 0 {
		b.tokens.period = l.PeriodTokens
	}
	if l.PeriodRequests > 0 {
		b.calls.period = l.PeriodRequests
	}
	answered := s.at.Add(max(o.Head, 0))
	b.tokens.told(now, s, answered, trusted(l.RemainingTokens, o, l.ResetTokens), l.ResetTokens)
	b.calls.told(now, s, answered, trusted(l.RemainingRequests, o, l.ResetRequests), l.ResetRequests)
	s.read = l.RemainingTokens >= 0
}

// trusted is what an answer says is left, or less than nothing where it says
// nothing: a 0 beside a success and without a time of renewal has been seen with
// deployments that had plenty.
func trusted(remaining int, o *Outcome, reset time.Duration) float64 {
	if remaining == 0 && o.Status == 200 && reset <= 0 {
		return -1
	}
	return float64(remaining)
}

// full takes how full a provisioned deployment was when a request was sent, that
// one included.
func (b *belief) full(sent time.Time, level float64) {
	if sent.Before(b.levelAt) {
		return
	}
	b.level, b.levelAt = level, sent
	b.levelSince, _ = b.ledger.sum(sent, forever)
}

// ended takes what an answer did use in place of what it was charged: provisioned
// deployments do so.
func (b *belief) ended(o *Outcome) {
	if b.provisioned && o.Status == 200 && o.Used > 0 && b.tokens.limit > 0 {
		b.level += 100 * float64(o.Used-o.Request.Charge) / b.tokens.limit
	}
}

// refused learns from a refusal: what is left is less than the request needed,
// and when there is more.
func (b *belief) refused(now time.Time, o *Outcome, s *send) {
	wait := o.Hint.Wait
	if !o.Hint.Known {
		// It tells nothing: ever longer pauses.
		b.backoff = min(max(2*b.backoff, time.Second), 30*time.Second)
		wait = b.backoff
	}
	if b.provisioned {
		b.full(s.at, 100)
		b.until, b.why = now.Add(wait), "its throughput is used up"
		return
	}
	of := map[string]*allowance{"tokens": &b.tokens, "requests": &b.calls}[o.Limits.Broken]
	if of != nil && o.Hint.Known && o.Hint.Asked <= of.period {
		step := resolution(o.Hint.Asked)
		of.fix(s.at.Add(o.Hint.Asked-step), s.at.Add(max(o.Head, 0)+o.Hint.Asked), step)
	}
	if of == &b.tokens && s.charge > 0 {
		// Too large for what is left; a smaller one may still fit.
		if most := 0.9 * s.charge; !of.known || of.left-of.since > most {
			of.known, of.left, of.at = true, most, s.at
			of.since = of.sum(s.at, forever)
		}
		return
	}
	b.until, b.why = now.Add(wait), "it asked to be left alone"
}
