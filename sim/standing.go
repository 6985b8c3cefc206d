package sim

import "time"

// Standing is what is left of a deployment's quota, as nobody outside can see
// it.
type Standing struct {
	// TokensLeft of TokensLimit until the tokens' window is renewed in TokensIn;
	// the same for calls. Utilization, in per cent, stands alone for a provisioned
	// deployment.
	TokensLeft  int           `json:"tokensLeft"`
	TokensLimit int           `json:"tokensLimit"`
	TokensIn    time.Duration `json:"-"`
	CallsLeft   int           `json:"callsLeft"`
	CallsLimit  int           `json:"callsLimit"`
	CallsIn     time.Duration `json:"-"`
	Utilization *float64      `json:"utilization,omitempty"`
	// TokensInSeconds and CallsInSeconds are the same times as numbers.
	TokensInSeconds float64 `json:"tokensInSeconds"`
	CallsInSeconds  float64 `json:"callsInSeconds"`
	// Wait is how long the next request would be told to wait, 0 if it were
	// admitted.
	Wait time.Duration `json:"-"`
}

// Standing is that of one deployment now; ok is false if there is none of that
// name.
func (r *Region) Standing(deployment string) (s Standing, ok bool) {
	d := r.deployments[deployment]
	if d == nil {
		return Standing{}, false
	}
	r.mu.Lock()
	m := d.meter
	r.mu.Unlock()
	now := m.look(r.clock.Now())
	s = Standing{
		TokensLeft: now.leftTokens, TokensLimit: now.maxTokens, TokensIn: now.tokensIn, TokensInSeconds: now.tokensIn.Seconds(),
		CallsLeft: max(0, now.leftCalls), CallsLimit: now.maxCalls, CallsIn: now.callsIn, CallsInSeconds: now.callsIn.Seconds(),
		Wait: now.wait,
	}
	if now.provisioned {
		s.Utilization = &now.utilization
	}
	return s, true
}

// Standings are those of all deployments, by name.
func (r *Region) Standings() map[string]Standing {
	all := make(map[string]Standing, len(r.order))
	for _, d := range r.order {
		all[d.Name], _ = r.Standing(d.Name)
	}
	return all
}
