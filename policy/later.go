package policy

// Moment is when something happens that a policy has left for later.
type Moment uint8

// The moments.
const (
	// BeforeBackend and BeforeOutbound are the starts of those sections, if the
	// request gets there.
	BeforeBackend Moment = iota
	BeforeOutbound
	// AtEnd is when the answer is settled, however it came about, and nothing of
	// it has been sent. What waits for its last byte belongs into
	// exchange.Exchange.After.
	AtEnd
)

// Ending is how a pipeline came to its end.
type Ending uint8

// The endings.
const (
	// Completed went through all its sections.
	Completed Ending = iota
	// Returned was ended by a policy that answers at once.
	Returned
	// Failed ended in on-error.
	Failed
)

// later is one thing that is left for a moment, with the place of the policy that
// left it.
type later struct {
	at  *Origin
	run func(r *Run) error
}

// Later leaves f for a moment. It runs where the policy stands, so that what it
// traces and evaluates, and an error of it, are the policy's. At the end there is
// no other answer any more: errors then are dropped.
func (r *Run) Later(m Moment, f func(r *Run) error) {
	r.later[m] = append(r.later[m], later{r.Origin(), f})
}

// Ending is how the pipeline came to its end, at AtEnd.
func (r *Run) Ending() Ending { return r.ending }

// Note keeps what one policy of this run tells another.
func (r *Run) Note(name string, what any) {
	if r.notes == nil {
		r.notes = map[string]any{}
	}
	r.notes[name] = what
}

// Noted is what was kept under the name, nil for nothing.
func (r *Run) Noted(name string) any { return r.notes[name] }

// First reports whether it is asked with that name for the first time in this
// run: for what happens once a request, however many policies want it.
func (r *Run) First(name string) bool {
	if r.Noted(name) != nil {
		return false
	}
	r.Note(name, true)
	return true
}

// reach runs what was left for a moment.
func (r *Run) reach(m Moment) (err error) {
	for len(r.later[m]) > 0 {
		l := r.later[m][0]
		r.later[m] = r.later[m][1:]
		before := r.Stand(l.at)
		if failed := l.run(r); failed != nil && err == nil {
			err = r.placed(failed)
		}
		r.Stand(before)
	}
	return err
}

// end settles the answer.
func (r *Run) end(how Ending) {
	if len(r.later[AtEnd]) == 0 {
		return
	}
	r.ending = how
	// What counts and logs does so for a caller that has gone as well.
	r.detached = true
	_ = r.reach(AtEnd)
}
