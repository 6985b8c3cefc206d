package backend

import "time"

// overflow fills what is paid for first, request by request: a member with
// provisioned throughput is asked for as long as it is not known to be full, and
// only the requests that it has no room for spill over. It is full from the moment
// it says so to the one it names, which is a matter of seconds, or by its
// utilization and what was sent since; a circuit breaker would keep it out for
// longer than that, so that it should not count 429.
//
// The others share what spills by APIM's rule, priority and weight. Where nothing
// is marked as paid for, the best priority is taken to be it.
type overflow struct {
	rest   rest
	others *weighted
}

func newOverflow(Options) Strategy {
	return &overflow{rest: rest{}, others: &weighted{credit: map[*State]int{}}}
}

// Pick implements Strategy.
func (v *overflow) Pick(now time.Time, members []*Member, r *Request) Choice {
	var paid, others []*Member
	reasons := map[*Member]string{}
	for _, m := range members {
		if !v.paid(members, m) {
			others = append(others, m)
			continue
		}
		paid = append(paid, m)
	}
	var c Choice
	var next time.Time
	for _, m := range paid {
		ok, why, until := v.room(now, m, r)
		if !ok {
			reasons[m] = why
			next = sooner(next, until)
			continue
		}
		if c.Member == nil || m.Priority < c.Member.Priority || m.Priority == c.Member.Priority && load(m) < load(c.Member) {
			c = Choice{Member: m, Why: "it is paid for and has room"}
		}
	}
	if c.Member == nil {
		list, why := v.rest.able(now, others, r)
		// The weights of all whose turn it may be, whatever their priority, of which
		// able has left the best.
		c = v.others.Pick(now, list, &Request{})
		switch {
		case c.Member == nil:
			c.Why, c.Return = why, sooner(next, v.rest.returns(now, others))
		case len(paid) > 0:
			c.Why = "what is paid for is full: its turn, " + why
		default:
			c.Why = "its turn, " + why
		}
	}
	if c.Member != nil {
		k := remembered(c.Member)
		b := k.about(now, c.Member, r.Deployment)
		if r.Explain {
			c.Candidates = v.explain(now, members, r, c.Member, reasons)
		}
		b.send(now, r)
		return c
	}
	if r.Explain {
		c.Candidates = v.explain(now, members, r, nil, reasons)
	}
	return c
}

// paid reports whether a member is paid for.
func (v *overflow) paid(members []*Member, m *Member) bool {
	best, marked := m.Priority, false
	for _, x := range members {
		marked = marked || x.Options.PaidFor
		best = min(best, x.Priority)
	}
	if marked {
		return m.Options.PaidFor
	}
	return m.Priority == best
}

// room reports whether a member that is paid for may be asked.
func (v *overflow) room(now time.Time, m *Member, r *Request) (ok bool, why string, until time.Time) {
	switch {
	case m.State.Open(now):
		return false, "its circuit breaker is open", m.State.OpenUntil()
	case r.WasTried(m):
		return false, "this request was sent there before", v.rest[m.State]
	case now.Before(v.rest[m.State]):
		return false, "it is full", v.rest[m.State]
	}
	b := remembered(m).about(now, m, r.Deployment)
	if !b.provisioned {
		return true, "", time.Time{} // its refusal is the only sign
	}
	return b.fits(now, float64(r.Charge))
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (v *overflow) explain(now time.Time, members []*Member, r *Request, chosen *Member, reasons map[*Member]string) []Candidate {
	all := v.rest.explain(now, members, members, chosen, r, load, "not its turn")
	for i, m := range members {
		c := &all[i]
		if b := remembered(m).about(now, m, r.Deployment); b.provisioned {
			c.Belief = b.view(now, sizeOf(r))
		}
		switch why := reasons[m]; {
		case m == chosen:
		case why != "":
			c.State, c.WhyNot = "full", why
			if m.State.Open(now) {
				c.State = "open"
			}
		case chosen != nil && v.paid(members, chosen) && !v.paid(members, m):
			c.WhyNot = "what is paid for has room"
		}
	}
	return all
}

// Observe implements Strategy.
func (v *overflow) Observe(now time.Time, o *Outcome) {
	v.rest.observe(now, o)
	k := remembered(o.Member)
	b := k.about(now, o.Member, o.Request.Deployment)
	if o.Stage == Ended {
		b.ended(o)
		return
	}
	b.answered(now, o)
}

// Belief implements Believer.
func (v *overflow) Belief(now time.Time, m *Member) (any, time.Time) {
	view, next := believed(now, m)
	if until := v.rest[m.State]; until.After(next) {
		next = until
	}
	return view, next
}
