package backend

import (
	"math"
	"sort"
	"time"
)

// deploymentView is a belief as the trace and GET /pools show it. Numbers that are
// not known are null.
type deploymentView struct {
	Deployment string         `json:"deployment,omitempty"`
	Tokens     *allowanceView `json:"tokens,omitempty"`
	Requests   *allowanceView `json:"requests,omitempty"`
	// Utilization is that of a provisioned deployment, in per cent.
	Utilization *float64 `json:"utilization,omitempty"`
	// FirstByteSeconds is how long the first byte of a stream usually takes.
	FirstByteSeconds *float64 `json:"firstByteSeconds"`
	// AgeSeconds is how old the last reading is.
	AgeSeconds *float64   `json:"ageSeconds"`
	Until      *time.Time `json:"until,omitempty"`
}

// allowanceView is one limit of a deployment.
type allowanceView struct {
	Left  *float64 `json:"left"`
	Limit *float64 `json:"limit"`
	// RenewedInSeconds is null while the moment is not known.
	RenewedInSeconds *float64 `json:"renewedInSeconds"`
	// Exact says that a refusal has told the moment.
	Exact bool `json:"exact"`
	// DriftPerSecond is what others use up, negative.
	DriftPerSecond float64 `json:"driftPerSecond"`
}

// memberView is what is believed of a backend.
type memberView struct {
	Errors       float64          `json:"errors"` // the recent share of failures
	EjectedUntil *time.Time       `json:"ejectedUntil"`
	Deployments  []deploymentView `json:"deployments"`
}

// rounded is a number for people, nil where there is none.
func rounded(v, to float64, known bool) *float64 {
	if !known || math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	v = math.Round(v/to) * to
	if to < 1 {
		v = math.Round(v/to) / math.Round(1/to) // no 0.30000000000000004
	}
	return &v
}

// view is nil while nothing is known of the limit.
func (a *allowance) view(now time.Time) *allowanceView {
	room := a.room(now)
	if !a.known && !a.phased && a.limit == 0 {
		return nil
	}
	v := &allowanceView{
		Left: rounded(room, 1, a.known), Limit: rounded(a.limit, 1, a.limit > 0), Exact: a.exact,
		DriftPerSecond: *rounded(a.drift, 0.1, true),
	}
	if a.windowed() {
		v.RenewedInSeconds = rounded(a.renewal().Sub(now).Seconds(), 0.001, true)
	}
	return v
}

func (b *belief) view(now time.Time, size int) deploymentView {
	s := &b.latency[size]
	v := deploymentView{Deployment: b.name, FirstByteSeconds: rounded(s.mean, 0.001, s.count > 0)}
	if b.provisioned {
		v.Utilization = rounded(b.fullness(now), 0.1, true)
		v.AgeSeconds = rounded(now.Sub(b.levelAt).Seconds(), 0.001, true)
	} else {
		v.Tokens, v.Requests = b.tokens.view(now), b.calls.view(now)
		v.AgeSeconds = rounded(now.Sub(b.tokens.heard).Seconds(), 0.001, !b.tokens.heard.IsZero())
	}
	if until := b.until.UTC(); b.until.After(now) {
		v.Until = &until
	}
	return v
}

// explain shows each candidate of a choice, and why not it.
func explain(now time.Time, list []candidate, chosen *Member) []Candidate {
	all := make([]Candidate, len(list))
	for i := range list {
		c := &list[i]
		x := newCandidate(now, c.member)
		x.State, x.WhyNot = c.state, c.whyNot
		x.Score = *rounded(c.score, 0.0001, true)
		view := c.belief.view(now, 0)
		x.Belief = view
		if c.member == chosen {
			x.WhyNot = ""
		} else {
			x.WhyNot = why(now, c, list, chosen)
		}
		all[i] = x
	}
	return all
}

// why is why a candidate was not chosen.
func why(now time.Time, c *candidate, list []candidate, chosen *Member) string {
	if c.whyNot != "" {
		if c.next.After(now) {
			return c.whyNot + " until " + c.next.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		return c.whyNot
	}
	for i := range list {
		if d := &list[i]; d.member == chosen {
			switch {
			case d.belief.provisioned && !c.belief.provisioned:
				return "what is paid for has room"
			case d.member.Priority < c.member.Priority:
				return "a better priority has room"
			}
		}
	}
	return "another one scores better"
}

// Belief implements Believer.
func (a *adaptive) Belief(now time.Time, m *Member) (any, time.Time) { return believed(now, m) }

// believed is what is thought of a member by those strategies that do, and when it
// can be used again: the first of its deployments that was asked for lately.
func believed(now time.Time, m *Member) (any, time.Time) {
	k := remembered(m)
	v := memberView{Errors: *rounded(k.health.share(now), 0.001, true), Deployments: make([]deploymentView, 0, len(k.deployments))}
	var first time.Time
	usable := len(k.deployments) == 0
	for _, b := range k.deployments {
		v.Deployments = append(v.Deployments, b.view(now, 0))
		ok, _, next := b.fits(now, 1)
		switch {
		case ok:
			usable = true
		case first.IsZero() || next.Before(first):
			first = next
		}
	}
	sort.Slice(v.Deployments, func(i, j int) bool { return v.Deployments[i].Deployment < v.Deployments[j].Deployment })
	if usable {
		first = time.Time{}
	}
	if next := k.health.next(now); next.After(now) {
		until := next.UTC()
		v.EjectedUntil = &until
		if next.After(first) {
			first = next
		}
	}
	return v, first
}
