package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Tenants are others who use the same deployments: their requests are seen by
// nobody but the quota. They come in bursts, two fifths of the time at two and a
// half times their mean.
type Tenants struct {
	// Share is what they use of the quota on average, 0 to 1.
	Share float64 `json:"share"`
	// Deployment narrows them to one; "" is all.
	Deployment string `json:"deployment,omitempty"`
}

// ParseTenants reads them as the control takes them, and checks them.
func ParseTenants(b []byte) (*Tenants, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	t := new(Tenants)
	if err := dec.Decode(t); err != nil {
		return nil, fmt.Errorf("not tenants: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if dec.More() {
		return nil, fmt.Errorf("not tenants: more text behind the object")
	}
	return t, t.check()
}

func (t *Tenants) check() error {
	if !(t.Share > 0 && t.Share <= 1) {
		return fmt.Errorf("share %v is not above 0 and at most 1", t.Share)
	}
	return nil
}

const (
	burstChance  = 0.4
	burstFactor  = 1 / burstChance
	shortestTurn = 5 * time.Second  // of a burst or a pause
	meanTurn     = 10 * time.Second // on top of that, exponential
	// pieceOfTurn is how finely what is used within a turn is told.
	pieceOfTurn = time.Second
	// longestPast is how far back an idle deployment's tenants are worked out:
	// no window and no bucket remembers more.
	longestPast = 2 * tokenWindow
)

// tenants are Tenants at work on one deployment, under its meter's lock.
type tenants struct {
	share float64
	rng   *rand.Rand
	at    time.Time // told up to here
	turn  time.Time // end of the burst or pause
	burst bool
}

func newTenants(share float64, begin time.Time, seed, number uint64) *tenants {
	return &tenants{share: share, rng: rand.New(rand.NewPCG(seed, number)), at: begin, turn: begin}
}

// use tells what was used up to now, piece by piece with the moment of its end.
// full is the whole quota per second.
func (t *tenants) use(now time.Time, full float64, take func(at time.Time, tokens float64)) {
	if now.Sub(t.at) > longestPast {
		t.at = now.Add(-longestPast)
		t.turn = t.at
	}
	for t.at.Before(now) {
		if !t.at.Before(t.turn) {
			t.burst = t.rng.Float64() < burstChance
			t.turn = t.at.Add(shortestTurn + scale(meanTurn, t.rng.ExpFloat64()))
		}
		end := t.at.Add(pieceOfTurn)
		if t.turn.Before(end) {
			end = t.turn
		}
		if now.Before(end) {
			end = now
		}
		if t.burst {
			take(end, t.share*burstFactor*full*end.Sub(t.at).Seconds())
		}
		t.at = end
	}
}

// SetTenants puts others on the region's deployments in place of those before;
// nil takes them off.
func (r *Region) SetTenants(t *Tenants) error {
	if t != nil {
		copied := *t
		t = &copied
		if err := t.check(); err != nil {
			return err
		}
		if _, ok := r.deployments[t.Deployment]; !ok && t.Deployment != "" {
			return fmt.Errorf("region %s has no deployment %q", r.name, t.Deployment)
		}
	}
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tenants = t
	for i, d := range r.order {
		r.settleTenants(d, now, uint64(i))
	}
	return nil
}

// Tenants are the others in force, or nil.
func (r *Region) Tenants() *Tenants {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tenants
}

// settleTenants gives a deployment's meter its tenants. The region's lock is
// held.
func (r *Region) settleTenants(d *deployment, now time.Time, number uint64) {
	var t *tenants
	if of := r.tenants; of != nil && (of.Deployment == "" || of.Deployment == d.Name) {
		t = newTenants(of.Share, now, r.seed, tenantsStream+number)
	}
	d.meter.occupy(now, t)
}

// tenantsStream keeps the tenants' random numbers apart from the requests', which
// count from 1.
const tenantsStream = 1 << 62
