package sim

import (
	"math/rand/v2"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// Ask is a chat by its measures alone.
type Ask struct {
	Deployment string
	// Prompt, MaxTokens and Answer are in tokens. MaxTokens 0 sets no limit.
	Prompt, MaxTokens, Answer int
	// Stream gives the answer token by token.
	Stream bool
}

// Verdict is what a region makes of an Ask: when what comes of it.
type Verdict struct {
	// Err is ErrRefused in place of an answer, Silent one that never comes.
	Err    error
	Silent bool
	// Status and Header are the head's.
	Status int
	Header []Field
	// Head, First and End are how long after the Ask the head, the first piece of
	// the body and the end of it come; clock.Forever is never.
	Head, First, End time.Duration
	// Ending is what the body ends with that does not end as it should: ErrReset
	// or ErrEnded, nil otherwise.
	Ending error

	call *call
}

// Get is the first value of a header, or "".
func (v *Verdict) Get(name string) string {
	return (&Response{Header: v.Header}).Get(name)
}

// Done tells the region that the answer is over, one way or another, so that a
// provisioned deployment can settle what it cost.
func (v *Verdict) Done() {
	if v.call != nil {
		v.call.settle()
	}
}

// Weigh is Call for those who count requests and read no texts: the same
// quotas, faults and times, decided at once on the region's clock, without a
// body, an entry in the log or a wait. A deployment that is not there is an
// answer of 404.
func (r *Region) Weigh(a Ask) Verdict {
	f := r.Fault()
	if f != nil && f.Kind == "refuse" {
		return Verdict{Err: ErrRefused}
	}
	if f != nil && f.After == "accept" {
		return Verdict{Silent: true, Head: clock.Forever, First: clock.Forever, End: clock.Forever}
	}
	c := &call{r: r, req: new(Request), fault: f, began: r.clock.Now()}
	c.rng = rand.New(rand.NewPCG(r.seed, r.requests.Add(1)))
	_, _ = c.rng.Uint64(), c.rng.Uint64() // Call's id, so that both draw the same luck
	c.target.op, c.target.deployment = opChat, a.Deployment
	c.dep = r.deployments[a.Deployment]
	c.spare()
	rep, end := c.weigh(a)
	v := Verdict{Status: rep.status, Head: rep.wait + r.profile.network, call: c}
	if c.fault != nil && c.fault.Kind == "slow" {
		v.Head += c.fault.delay
	}
	v.First, v.End = v.Head, v.Head+end
	v.Header = append(make([]Field, 0, len(rep.header)+9), rep.header...)
	if c.stand != nil {
		v.Header = appendStanding(v.Header, c.stand, c.dep.Name)
	}
	c.strikeVerdict(&v)
	return v
}

// weigh is the answer and how long its body runs.
func (c *call) weigh(a Ask) (rep *reply, end time.Duration) {
	if rep := c.faulty(); rep != nil {
		return rep, 0
	}
	if c.dep == nil {
		return &reply{status: 404}, 0
	}
	if rep := c.admit(c.charge(a.Prompt, a.MaxTokens, 1, defaultCharge)); rep != nil {
		return rep, 0
	}
	c.spent(a.Prompt, a.Answer)
	pace := c.pace(a.Prompt)
	rep = &reply{status: 200, wait: pace.first}
	run := time.Duration(a.Answer) * pace.gap
	switch {
	case a.Stream:
		return rep, run
	case pace.whole:
		rep.wait += run
	}
	return rep, 0
}

// strikeVerdict lets a fault strike that comes after the head.
func (c *call) strikeVerdict(v *Verdict) {
	f := c.fault
	if f == nil || v.Status != 200 {
		return
	}
	at := v.Head
	if f.events > 0 {
		at = v.Head + (v.End-v.Head)/2 // an answer without events has no better place
	}
	switch f.Kind {
	case "hang":
		v.End = clock.Forever
		if f.events == 0 {
			v.First = clock.Forever
		}
	case "cut":
		v.End, v.Ending = at, ErrReset
		if f.How == "fin" {
			v.Ending = ErrEnded
		}
		if f.events == 0 {
			v.First = clock.Forever
		}
	case "stall":
		v.End += f.delay
		if f.events == 0 {
			v.First += f.delay
		}
	}
}
