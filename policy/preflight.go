package policy

import "github.com/spillway-gateway/spillway/policy/exchange"

// Preflighter is a step that can answer a preflight of CORS, the question of a
// browser whether it may send a request. It comes without a key, and before any
// other policy.
type Preflighter interface {
	// Preflight reports whether it has answered, in the run's exchange.
	Preflight(r *Run) (answered bool, err error)
}

// Preflight lets the steps that stand directly in inbound answer a preflight, in
// their order; it reports false where there are none. What none of them answers
// gets an empty 200, which allows nothing.
func (p *Pipeline) Preflight(x *exchange.Exchange) bool {
	var steps []*Node
	for i := range p.sections[0] {
		if _, ok := p.sections[0][i].Step.(Preflighter); ok {
			steps = append(steps, &p.sections[0][i])
		}
	}
	if len(steps) == 0 {
		return false
	}
	r := newRun(p, x)
	defer r.release()
	for _, n := range steps {
		r.at = &n.Origin
		answered, err := n.Step.(Preflighter).Preflight(r)
		if err != nil {
			r.fail(err)
			return true
		}
		if answered {
			return true
		}
	}
	x.Response = emptyResponse()
	return true
}
