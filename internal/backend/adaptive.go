package backend

import (
	"math"
	"math/rand/v2"
	"time"
)

// adaptive chooses by what it believes of each member's deployment: how many
// tokens and requests are left of its quota, when that is renewed, how quickly it
// answers, and whether it is well. It learns all of it from what passes by:
// x-ratelimit and utilization headers, refusals, times and failures. Requests go
// only where they are believed to be taken, so that few are refused, and with
// demand high the member whose quota would expire first is used first.
//
// The pool's priorities hold: a lower group serves what the better ones are not
// believed to take. Within a group weights do not count, room does. Circuit
// breakers hold as well; a rule that counts 429 keeps away requests that are small
// enough for what is left.
type adaptive struct {
	options Options
	random  func() float64

	demand  decaying // tokens a second that are asked for
	counted *Request // the last that was counted
	probes  float64  // how many attempts may be made against the belief

	// retries follows the pool's budget of further attempts, and risks are the
	// attempts under way at members that fail in part.
	retries budget
	risks   map[sendKey]bool

	queue  fairQueue
	shares fairShares
}

func newAdaptive(o Options) Strategy {
	a := &adaptive{options: o, random: o.Random, demand: decaying{span: 10 * time.Second}, risks: map[sendKey]bool{}}
	if a.random == nil {
		a.random = rand.Float64
	}
	return a
}

const (
	// light is the demand, as a share of what there is to spend, up to which the
	// quickest member is taken.
	light = 0.15
	// probeShare of the requests may be sent against the belief; probesAtMost is how
	// many of that are saved up.
	probeShare, probesAtMost = 0.05, 10
	// readingAge is how old a reading may be before it is worth a probe, when it
	// was never proven by a refusal.
	readingAge = 3 * time.Second
	// triedCost keeps a request from where it has been, almost always.
	triedCost = 50
	// latencyWeight is what a second of waiting counts against the share of all
	// spendable tokens, and callsWeight a used up window of requests.
	latencyWeight, callsWeight = 0.02, 0.1
	// panicErrors is the share of failures from which on a member is not asked even
	// for want of anything better.
	panicErrors = 0.95
)

// decaying is a rate that forgets.
type decaying struct {
	span  time.Duration
	at    time.Time
	value float64
}

func (d *decaying) read(now time.Time) float64 {
	if dt := now.Sub(d.at); dt > 0 {
		d.value *= math.Exp(-float64(dt) / float64(d.span))
		d.at = now
	}
	return d.value
}

// add counts an amount towards the rate per second.
func (d *decaying) add(now time.Time, amount float64) {
	d.value = d.read(now) + amount/d.span.Seconds()
}

// candidate is a member as it looks to one request.
type candidate struct {
	member *Member
	belief *belief
	health *health
	state  string
	room   float64
	life   float64
	score  float64
	whyNot string
	next   time.Time // when it may be otherwise
}

// Pick implements Strategy.
func (a *adaptive) Pick(now time.Time, members []*Member, r *Request) Choice {
	list := a.look(now, members, r)
	if r.Session != "" && len(members) == 1 && members[0].ID == r.Session {
		// The member that the caller is bound to, alone: another question follows if
		// it does not do.
		return a.take(now, list, r, a.best(now, list, r), "it has room")
	}
	if r != a.counted && r.Attempt <= 1 {
		a.counted = r
		a.demand.add(now, float64(r.Charge))
		a.retries.request(now)
		a.probes = min(a.probes+probeShare, probesAtMost)
		if a.options.FairShares && a.shares.over(now, a, list, r) {
			return a.refuse(now, list, r, "the consumer is above its fair share of what there is")
		}
	}
	if a.options.Queue > 0 && a.queue.waits(r) {
		// Nobody overtakes those who wait.
		return a.park(now, list, r)
	}
	if c := a.choose(now, list, r); c.Member != nil {
		return c
	}
	if c := a.probe(now, list, r); c.Member != nil {
		return c
	}
	if a.options.Queue > 0 && now.Sub(r.Arrived) < a.options.Queue {
		return a.park(now, list, r)
	}
	return a.refuse(now, list, r, "none is believed to have room")
}

// look makes up the mind about each member.
func (a *adaptive) look(now time.Time, members []*Member, r *Request) []candidate {
	list := make([]candidate, len(members))
	for i, m := range members {
		k := remembered(m)
		c := candidate{member: m, belief: k.about(now, m, r.Deployment), health: &k.health, state: "closed"}
		var ok bool
		charge := float64(r.Charge)
		if a.options.Queue > 0 && !c.belief.provisioned {
			charge += c.belief.tokens.margin() // who can wait need not try their luck
		}
		ok, c.whyNot, c.next = c.belief.fits(now, charge)
		c.life = c.belief.tokens.life(now)
		switch {
		case c.belief.provisioned:
			c.life = c.belief.tokens.period.Seconds()
			c.room = max(0, 100-c.belief.fullness(now)) / 100 * c.belief.tokens.size()
		default:
			c.room = min(max(0, c.belief.tokens.room(now)), unknownLimit)
		}
		if now.Before(c.belief.until) {
			c.room = 0
		}
		switch {
		case m.State.Open(now):
			c.state, c.next = "open", m.State.OpenUntil()
			c.whyNot = "its circuit breaker is open"
		case c.health.ejected(now):
			c.state, c.next = "ejected", c.health.next(now)
			c.whyNot = "it has failed too often"
		case !ok:
			c.state = "full"
		}
		list[i] = c
	}
	return list
}

// spendable is how many tokens a second can be spent before they expire.
func spendable(list []candidate) float64 {
	total := 0.0
	for i := range list {
		if c := &list[i]; c.state == "closed" || c.state == "full" {
			total += c.room / c.life
		}
	}
	return total
}

// best is the candidate that the request should go to, nil where none is believed
// to take it. It fills in the scores, of which the lowest is the best.
func (a *adaptive) best(now time.Time, list []candidate, r *Request) *candidate {
	spend := spendable(list)
	tight := spend <= 0 || a.demand.read(now)/spend > light
	var best *candidate
	for i := range list {
		c := &list[i]
		seconds := c.belief.latency[sizeOf(r)].mean / max(0.05, 1-c.health.share(now))
		c.score = seconds
		if tight && !c.belief.provisioned {
			// Use it or lose it: the most tokens per second of window left.
			used := 1 - max(0, c.belief.calls.room(now))/c.belief.calls.size()
			if math.IsInf(used, 0) {
				used = 0
			}
			c.score = latencyWeight*seconds - c.room/c.life/max(spend, 1) + callsWeight*used*used
		}
		if r.WasTried(c.member) {
			c.score += triedCost
		}
		if c.whyNot != "" {
			continue
		}
		switch {
		case c.health.due(now):
		case !c.health.well(now):
			c.whyNot = "some of its answers are failures"
			continue
		case c.belief.silent(now):
			c.whyNot = "nothing is heard of it"
			continue
		}
		if r.WasTried(c.member) && r.Last != nil && r.Last.Failed() && len(list) > 1 {
			c.whyNot = "this request has failed there"
			continue
		}
		if best == nil || c.before(best) {
			best = c
		}
	}
	return best
}

// before reports whether c is the better choice: what is paid for first, then by
// priority and score.
func (c *candidate) before(d *candidate) bool {
	if c.belief.provisioned != d.belief.provisioned {
		return c.belief.provisioned
	}
	if c.member.Priority != d.member.Priority {
		return c.member.Priority < d.member.Priority
	}
	return c.score < d.score
}

// choose is best, and where that finds nobody a member that fails only in part.
func (a *adaptive) choose(now time.Time, list []candidate, r *Request) Choice {
	if c := a.best(now, list, r); c != nil {
		why := "the most room for the time it is left"
		switch {
		case c.belief.provisioned:
			why = "it is paid for and has room"
		case c.health.due(now):
			why = "to see whether it is back"
		case a.demand.read(now) <= light*spendable(list):
			why = "the quickest, as there is room everywhere"
		}
		return a.take(now, list, r, c, why)
	}
	if c := a.panicked(now, list, r); c != nil && a.affords(now, c, r) {
		a.risks[sendKey{r, now.UnixNano()}] = true
		return a.take(now, list, r, c, "it fails in part, and nobody else has room")
	}
	return Choice{}
}

// affords reports whether the failures of a member that fails in part would be
// made good: while the budget of further attempts has room for those that are to
// be expected of what is under way. Without it their callers would get them, and a
// refusal that says when to come again is better than a failure.
func (a *adaptive) affords(now time.Time, c *candidate, r *Request) bool {
	share := a.options.Attempts.Budget
	if share == 0 || r.Attempt > 1 {
		return true
	}
	failing := min(0.9, max(c.health.share(now), partial))
	expected := float64(len(a.risks)+1) * failing / (1 - failing)
	a.retries.decay(now)
	return a.retries.spent+expected <= share*a.retries.requests+budgetFloor-1
}

// probe sends a request against the belief, within the budget.
func (a *adaptive) probe(now time.Time, list []candidate, r *Request) Choice {
	if a.probes < 1 {
		return Choice{}
	}
	c := a.doubtful(now, list, r)
	if c == nil {
		return Choice{}
	}
	a.probes--
	choice := a.take(now, list, r, c, "the belief that it is full is in doubt")
	choice.Probe = true
	c.belief.doubted(now, r)
	return choice
}

// panicked is a member that fails in part: better than a refusal. That it has
// failed this very request says little about the next attempt.
func (a *adaptive) panicked(now time.Time, list []candidate, r *Request) *candidate {
	var best *candidate
	for i := range list {
		c := &list[i]
		if c.state == "open" || c.state == "full" || c.health.dead && c.health.ejected(now) || c.health.share(now) > panicErrors {
			continue
		}
		better := best == nil || r.WasTried(best.member) && !r.WasTried(c.member) ||
			r.WasTried(best.member) == r.WasTried(c.member) && c.health.share(now) < best.health.share(now)
		if ok, _, _ := c.belief.fits(now, float64(r.Charge)); ok && better {
			best = c
		}
	}
	return best
}

// doubtful is the member that is believed to be full by a reading that is old and
// by a moment of renewal that nothing has proven.
func (a *adaptive) doubtful(now time.Time, list []candidate, r *Request) *candidate {
	var best *candidate
	most := 0.0
	for i := range list {
		c := &list[i]
		t := &c.belief.tokens
		if c.state != "full" || c.health.ejected(now) || now.Before(c.belief.until) || c.belief.provisioned || r.WasTried(c.member) || c.belief.calls.room(now) < oneCall {
			continue
		}
		hope := 0.0
		if a.options.Queue == 0 || now.Sub(t.at) > readingAge {
			hope = t.left - t.since // what others may have left after all
		}
		if !t.exact && t.readings < 10 && now.Sub(t.at) > readingAge {
			hope = t.size()
		}
		if hope >= float64(r.Charge) && hope > most {
			best, most = c, hope
		}
	}
	return best
}

// take sends the request to a candidate, if there is one.
func (a *adaptive) take(now time.Time, list []candidate, r *Request, c *candidate, why string) Choice {
	if c == nil {
		return Choice{}
	}
	choice := Choice{Member: c.member, Why: why, FirstByteTimeout: a.timeout(c, r)}
	if r.Explain {
		choice.Candidates = explain(now, list, c.member)
	}
	if r.Attempt > 1 {
		a.retries.decay(now)
		a.retries.spent++
	}
	c.belief.send(now, r)
	choice.Probe = c.health.sent(now, r)
	a.queue.served(now, r)
	return choice
}

func (a *adaptive) refuse(now time.Time, list []candidate, r *Request, why string) Choice {
	c := Choice{Why: why, Return: earliest(now, list)}
	if r.Explain {
		c.Candidates = explain(now, list, nil)
	}
	return c
}

// park makes a request wait for room.
func (a *adaptive) park(now time.Time, list []candidate, r *Request) Choice {
	a.queue.add(r)
	c := a.refuse(now, list, r, "none is believed to have room, and the request may wait")
	c.Wait, c.Until = true, r.Arrived.Add(a.options.Queue)
	return c
}

// earliest is when the first of the members may take the request; zero when
// nobody knows.
func earliest(now time.Time, list []candidate) time.Time {
	var first time.Time
	for i := range list {
		next := list[i].next
		if next.IsZero() {
			next = now
		}
		if first.IsZero() || next.Before(first) {
			first = next
		}
	}
	if !first.After(now) {
		return time.Time{}
	}
	return first
}

const (
	// leastTimeout is the shortest learnt one: a region that has an odd slow answer
	// is not ill.
	leastTimeout = 2500 * time.Millisecond
	// deviations above the mean are taken for silence.
	deviations = 8
)

// timeout is how long to wait for the first byte of a stream. That of an answer
// that comes whole is the length of the answer.
func (a *adaptive) timeout(c *candidate, r *Request) time.Duration {
	most := a.options.FirstByteTimeout
	s := &c.belief.latency[sizeOf(r)]
	if !r.Stream || s.count < learntFrom {
		return most
	}
	d := max(leastTimeout, seconds(s.mean+deviations*s.deviation))
	if most > 0 && d > most {
		return most
	}
	return d
}

// Observe implements Strategy.
func (a *adaptive) Observe(now time.Time, o *Outcome) {
	k := remembered(o.Member)
	b := k.about(now, o.Member, o.Request.Deployment)
	k.health.observe(now, o)
	delete(a.risks, sendKey{o.Request, o.Sent.UnixNano()})
	if o.Stage == Ended {
		b.ended(o)
		return
	}
	if o.Request.Stream && o.Status == 200 {
		if first := max(o.FirstByte, o.Head).Seconds(); first > 0 {
			b.latency[sizeOf(o.Request)].add(first)
		}
	}
	b.answered(now, o)
}
