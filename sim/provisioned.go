package sim

import (
	"math"
	"sync"
	"time"
)

// provisioned is the meter of a deployment of provisioned throughput (PTU): a
// bucket that each request fills by an estimate of what it costs and that runs
// out all the time. It holds a minute's worth. At 100 % a request is refused;
// below, the next one is admitted whatever it costs, so that short bursts pass.
// At the end of an answer the estimate is replaced by what it did cost.
type provisioned struct {
	full float64 // tokens a minute, without a squeeze

	mu      sync.Mutex
	tenants *tenants // others who use it too; nil for nobody
	limit   float64
	used    float64
	at      time.Time
}

// guessedOutput is what a provisioned deployment takes an answer for that has no
// max_tokens. That Azure guesses is documented, what is not.
const guessedOutput = 256

func newProvisioned(tpm int, begin time.Time) *provisioned {
	return &provisioned{full: float64(tpm), limit: float64(tpm), at: begin}
}

func (p *provisioned) roll(now time.Time) {
	if p.tenants != nil {
		p.tenants.use(now, p.full/tokenWindow.Seconds(), func(at time.Time, tokens float64) {
			if p.drain(at); p.used < p.limit {
				p.used += tokens
			}
		})
	}
	p.drain(now)
}

func (p *provisioned) drain(now time.Time) {
	if d := now.Sub(p.at); d > 0 {
		p.used = math.Max(0, p.used-p.perSecond()*d.Seconds())
		p.at = now
	}
}

func (p *provisioned) perSecond() float64 { return p.limit / tokenWindow.Seconds() }

func (p *provisioned) admit(now time.Time, tokens, _ int) standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	s := p.standing()
	if s.refusedBy == "" {
		p.used += float64(tokens)
		s.utilization = p.utilization()
	}
	return s
}

func (p *provisioned) standing() standing {
	s := standing{provisioned: true, utilization: p.utilization()}
	if p.used >= p.limit {
		// A millisecond more than the moment at which it is just full.
		s.refusedBy = "token"
		s.wait = time.Millisecond + time.Duration((p.used-p.limit)/p.perSecond()*float64(time.Second))
	}
	return s
}

func (p *provisioned) utilization() float64 { return 100 * p.used / math.Max(1, p.limit) }

func (p *provisioned) look(now time.Time) standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	return p.standing()
}

func (p *provisioned) settle(now time.Time, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	p.used = math.Max(0, p.used+float64(by))
}

func (p *provisioned) load(now time.Time) float64 {
	return math.Min(1, p.look(now).utilization/100)
}

func (p *provisioned) squeeze(now time.Time, share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	p.limit = math.Max(1, p.full*share)
}

func (p *provisioned) occupy(now time.Time, t *tenants) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	p.tenants = t
}
