package backend

import "time"

// Strategy is how a pool chooses. It is pure in time: everything it knows of it
// is the now that it is given, and it neither waits nor starts anything.
//
// Both methods are called under one lock, that of Live, so that a strategy
// needs none of its own and reads the states of members as they are; they must
// be quick. A strategy outlives the service it was made in: what it keeps, it
// keeps by Member.State, which stays the same when a folder is read again,
// while Member itself does not.
type Strategy interface {
	// Pick chooses the member that the next attempt of r goes to. The attempt
	// starts with the choice: a strategy that counts what it sends counts it
	// here, and hears by Observe if nothing was sent in the end.
	Pick(now time.Time, members []*Member, r *Request) Choice
	// Observe hears what became of an attempt: once Answered and once Ended, in
	// this order, for each choice that named a member. The outcome is not kept.
	Observe(now time.Time, o *Outcome)
}

// Queue is what a Strategy also implements whose choices make requests wait.
type Queue interface {
	// Release gives the waiting requests whose turn has come, each with its
	// choice, and the moment to ask again if no attempt ends before; zero is
	// never. It is called after each Observe and at that moment. A choice
	// without a member refuses.
	Release(now time.Time, members []*Member) (ready []Released, next time.Time)
	// Leave says that a waiting request is gone, as its caller is.
	Leave(now time.Time, r *Request)
}

// Released is a request that need not wait any longer.
type Released struct {
	Request *Request
	Choice  Choice
}

// Believer is what a Strategy also implements that keeps beliefs about its
// members; they are shown as JSON at GET /pools. next is when it thinks that the
// member can be used again, zero when it can be now.
type Believer interface {
	Belief(now time.Time, m *Member) (belief any, next time.Time)
}

// Row is one strategy as spillway.yaml names it.
type Row struct {
	Name string
	Doc  string
	// Charge says that Pick needs Request.Charge and Prompt, for which the
	// request's body has to be read before the first attempt.
	Charge bool
	// Limits says that Observe looks at Outcome.Limits.
	Limits bool
	New    func(Options) Strategy
}

// Strategies are all there are. The first is what a pool has that spillway.yaml
// does not name.
func Strategies() []Row {
	return []Row{
		{
			Name: "apim", New: newWeighted,
			Doc: "The service's own rule: the best priority that has a member with a closed breaker, and round robin by weight in it.",
		},
		{
			Name: "least-busy", New: newLeastBusy,
			Doc: "In the best priority the member with the fewest requests under way for its weight.",
		},
		{
			Name: "least-latency", New: newLeastLatency,
			Doc: "In the best priority, of two members drawn at random, the one whose first byte took less of late, times its requests under way (peak EWMA).",
		},
		{
			Name: "overflow", New: newOverflow, Charge: true, Limits: true,
			Doc: "What is paid for while it has room, and for each request that it has none for the others by priority and weight.",
		},
		{
			Name: "adaptive", New: newAdaptive, Charge: true, Limits: true,
			Doc: "Where the request is believed to be taken: by the quota that is left, its renewal, latency and failures of each member's deployment.",
		},
	}
}

// strategy is the row of a name; nil where there is none.
func strategy(name string) *Row {
	rows := Strategies()
	if name == "" {
		return &rows[0]
	}
	for i := range rows {
		if rows[i].Name == name {
			return &rows[i]
		}
	}
	return nil
}

// Options are what spillway.yaml says about one pool.
type Options struct {
	// Strategy is the name of a Row; "" is the first.
	Strategy string
	// Own is a strategy in the place of one of Strategies, for experiments.
	Own *Row
	// Members are settings by the name of the backend, lower case.
	Members map[string]MemberOptions
	// Queue is how long a request may wait for room, 0 not at all.
	Queue time.Duration
	// FairShares thins consumers above their max-min share while demand exceeds
	// what there is.
	FairShares bool
	// FirstByteTimeout bounds what a strategy learns to wait for the first byte,
	// and is the limit for those that learn nothing; 0 is none.
	FirstByteTimeout time.Duration
	// Attempts are those that the gateway makes by itself within one
	// forward-request.
	Attempts Attempts
	// Random gives numbers in [0, 1).
	Random func() float64
}

// row is the strategy meant, nil where the name is of none.
func (o *Options) row() *Row {
	if o.Own != nil {
		return o.Own
	}
	return strategy(o.Strategy)
}

// MemberOptions are what spillway.yaml says about a member of a pool: what no
// APIM resource has a word for.
type MemberOptions struct {
	// TokensPerMinute and RequestsPerMinute are the quota of the member's
	// deployments, 0 where it is not known.
	TokensPerMinute   int
	RequestsPerMinute int
	// PaidFor marks provisioned throughput: it costs the same whether it is used
	// or not.
	PaidFor bool
}

// Request is what a strategy may know of a request. One value serves all
// attempts of a request, so that its pointer names the request.
type Request struct {
	// Arrived is when the request's head had come.
	Arrived time.Time
	// Consumer is the subscription, "" for a call without one.
	Consumer string
	// Deployment is the model deployment that the path names, lower case, ""
	// where it names none. Quotas belong to a deployment of a member.
	Deployment string
	// Prompt is an estimate of the prompt in tokens and Charge what Azure takes
	// off the quota when the request arrives: prompt and max_tokens. Zero where
	// they are not known.
	Prompt, Charge int
	// Stream says that the answer is wanted as events.
	Stream bool
	// Attempt counts this request's choices from 1, over all pools.
	Attempt int
	// Tried are the states of the members that were chosen before, oldest
	// first; a member may be there more than once.
	Tried []*State
	// Last is what became of the attempt before, nil for the first.
	Last *Outcome
	// Session is the name of the member that the caller is bound to, "".
	Session string
	// Explain asks for Choice.Candidates.
	Explain bool
}

// WasTried reports whether an attempt of the request went to the member.
func (r *Request) WasTried(m *Member) bool {
	for _, s := range r.Tried {
		if s == m.State {
			return true
		}
	}
	return false
}

// Choice is what a strategy decided.
type Choice struct {
	// Member is where the attempt goes; nil for nowhere.
	Member *Member
	// Why is the reason in a few words, for the trace.
	Why string
	// Probe marks an attempt that is made to find something out.
	Probe bool
	// FirstByteTimeout bounds the wait for the first byte, from the start of the
	// attempt; 0 leaves it to the settings of API and pool.
	FirstByteTimeout time.Duration

	// Wait parks a request without a member until Queue.Release names it, or
	// until Until, when it is refused.
	Wait  bool
	Until time.Time
	// Return is, without a member, the soonest moment at which there may be one
	// again. Zero means that the strategy cannot say.
	Return time.Time

	// Candidates explain the choice, one for each member, when the request asked
	// for it.
	Candidates []Candidate
}

// Candidate is a member as a choice saw it.
type Candidate struct {
	Backend  string  `json:"backend"`
	State    string  `json:"state"` // "closed", "open", or a strategy's word
	Priority int     `json:"priority"`
	Weight   int     `json:"weight"`
	InFlight int     `json:"inFlight"`
	Score    float64 `json:"score"` // the strategy's own measure
	// Belief is what the strategy thinks of the member; nil where it has none.
	Belief any `json:"belief,omitempty"`
	// WhyNot is why it was not chosen; "" for the one that was.
	WhyNot string `json:"whyNot,omitempty"`
}

// Stage is how far an attempt has come.
type Stage int

// The stages that are observed.
const (
	// Answered is the head of an answer and the first byte of its body, or the
	// failure in their place.
	Answered Stage = iota
	// Ended is the end of the attempt, whichever way.
	Ended
)

// Outcome is what became of an attempt.
type Outcome struct {
	Stage   Stage
	Member  *Member
	Request *Request
	// Sent is when the attempt was chosen.
	Sent time.Time
	// Kind is the word that logs have for it: "ok", "status", a kind of failure
	// such as "connect_refused", "timeout", "stream_aborted", "client_closed".
	Kind string
	// Status is the answer's, 0 without one.
	Status int
	// Reason is what LastError.Reason says of a failure, "" with an answer.
	Reason string
	// Hint is the answer's wish to be left alone.
	Hint Hint
	// Limits are what the answer's x-ratelimit headers say.
	Limits Limits
	// Head and FirstByte are how long the head and the first byte of the body
	// took from Sent; 0 where none came.
	Head, FirstByte time.Duration
	// Used are the tokens that the answer says it used, prompt and completion
	// together; 0 where it does not say. Known when Ended.
	Used int
}

// The ways an attempt can turn out, for the health of its member.
const (
	kindOK     = "ok"
	kindStatus = "status"
	// kindErrorEvent is a stream whose first event is an error; Status is what
	// that comes to.
	kindErrorEvent = "error_event"
	// KindNotSent is an attempt that was chosen and then not made.
	KindNotSent = "not_sent"
)

// Throttled reports an answer that says the member has no room.
func (o *Outcome) Throttled() bool { return o.Status == 429 }

// Failed reports that the member is not well: an answer of 500 and above, or
// none, or one that broke off.
func (o *Outcome) Failed() bool {
	switch o.Kind {
	case kindOK:
		return false
	case kindStatus, kindErrorEvent:
		return o.Status >= 500
	}
	return !o.Neutral()
}

// Neutral reports that nothing can be learnt about the member.
func (o *Outcome) Neutral() bool {
	switch o.Kind {
	case KindNotSent, "client_closed", "upload_timeout", "bad_request", "no_descriptors":
		return true
	}
	return false
}
