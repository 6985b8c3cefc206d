// Package sim simulates Azure OpenAI resources, one Region each: deployments
// with their quotas, two keys, Azure's answers, errors, headers and streams,
// and faults on order. It answers any OpenAI client, with or without a gateway
// in between.
//
// A Region is an http.Handler, so that a test needs one line:
//
//	srv := httptest.NewServer(sim.New(sim.Config{Name: "eastus"}))
//
// Listen gives it a port of its own, where faults reach down to the
// connection; Call asks it without any socket, on whatever clock it was given;
// Start runs several regions with their control. The three obey the same
// quotas and the same faults.
//
// The answers are made up, but not at random: the same question gets the same
// answer, texts that are alike get vectors that are alike, and documents given
// in the prompt are quoted with their numbers.
package sim

import (
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// Config describes a region. The zero values are useful: a region named
// "local" with the two usual deployments and the fast profile.
type Config struct {
	// Name is Azure's short name, such as "eastus".
	Name string
	// Deployments default to gpt-35-turbo and text-embedding-ada-002.
	Deployments []Deployment
	// Keys are the resource's two keys; those not given are made at random.
	Keys []string
	// Profile says how fast the region is and how much it admits; the zero
	// Profile is Fast.
	Profile Profile
	// Quota is how tokens are counted.
	Quota QuotaMode
	// Tenants are others who use the deployments too; nil for nobody.
	Tenants *Tenants
	// FreeRefusals leaves refused requests out of the request counter. Azure
	// counts them.
	FreeRefusals bool
	// ThrottleText is the words of a 429: ThrottleDeployment (""), or one of the
	// others.
	ThrottleText ThrottleText
	// Clock is the region's time; nil is the machine's.
	Clock clock.Clock
	// Seed makes ids, latencies and shares of faults repeatable; 0 draws one.
	Seed uint64
	// Address is the base URL that the control tells; Listen sets it.
	Address string
	// IdleTimeout is how long a listener keeps idle connections; 0 is two
	// minutes.
	IdleTimeout time.Duration
}

// Deployment is a model under a name of the customer's.
type Deployment struct {
	Name  string `json:"name"`
	Model string `json:"model"` // "" means the name
	TPM   int    `json:"tpm"`   // tokens per minute; 0 means the profile's
	RPM   int    `json:"rpm"`   // requests per minute, counted per 10 s; 0 means the profile's
	// Provisioned makes it one of provisioned throughput (PTU), which works TPM
	// off in a minute and has no RPM.
	Provisioned bool `json:"provisioned,omitempty"`
	// Spillover is the deployment that takes what a provisioned one cannot.
	Spillover string `json:"spillover,omitempty"`
	// Filter is how its content filter works: FilterUsual (""), FilterAsync or
	// FilterDown.
	Filter Filter `json:"filter,omitempty"`
}

// ThrottleText is the words in which a quota refuses a request.
type ThrottleText string

// Azure's words in the course of time and at different doors.
const (
	// ThrottleDeployment names deployment, model and region; its code is
	// RateLimitReached. Since 2025.
	ThrottleDeployment ThrottleText = ""
	// ThrottleOperation names the operation and the api-version; its code is "429".
	// Since 2023.
	ThrottleOperation ThrottleText = "operation"
	// ThrottleFoundry is what the door in front of partners' models says.
	ThrottleFoundry ThrottleText = "foundry"
	// ThrottleLoad speaks of high demand and of no quota.
	ThrottleLoad ThrottleText = "load"
)

// Region is one simulated resource. Its methods are safe for concurrent use.
type Region struct {
	name        string
	display     string
	profile     Profile
	quotaMode   QuotaMode
	refusalCost int
	words       ThrottleText
	clock       clock.Clock
	seed        uint64
	requests    atomic.Uint64
	idleTimeout time.Duration
	secret      [32]byte // seals what only this region may open again
	generated   atomic.Int64

	log       requestLog
	responses responseStore

	mu          sync.Mutex
	address     string
	keys        [2]string
	fault       *Fault
	tenants     *Tenants
	deployments map[string]*deployment
	order       []*deployment
	listeners   []*Listener
}

// deployment is a Deployment at work.
type deployment struct {
	Deployment
	model model
	meter meter
}

// New makes a region.
func New(c Config) *Region {
	r := &Region{
		name:        c.Name,
		profile:     c.Profile,
		quotaMode:   c.Quota,
		refusalCost: 1,
		words:       c.ThrottleText,
		clock:       c.Clock,
		seed:        c.Seed,
		idleTimeout: c.IdleTimeout,
		tenants:     c.Tenants,
		address:     c.Address,
		deployments: map[string]*deployment{},
	}
	if r.name == "" {
		r.name = "local"
	}
	r.display = displayName(r.name)
	if r.profile.Name == "" {
		r.profile = Fast()
	}
	if r.clock == nil {
		r.clock = clock.Real{}
	}
	if r.seed == 0 {
		r.seed = binary.LittleEndian.Uint64(random(8))
	}
	if r.idleTimeout == 0 {
		r.idleTimeout = 2 * time.Minute
	}
	if c.FreeRefusals {
		r.refusalCost = 0
	}
	copy(r.secret[:], random(len(r.secret)))
	for i := range r.keys {
		if i < len(c.Keys) && c.Keys[i] != "" {
			r.keys[i] = c.Keys[i]
		} else {
			r.keys[i] = newKey()
		}
	}
	ds := c.Deployments
	if len(ds) == 0 {
		ds = []Deployment{{Name: "gpt-35-turbo"}, {Name: "text-embedding-ada-002"}}
	}
	for _, d := range ds {
		r.addDeployment(d)
	}
	r.responses.init()
	r.resetQuotas()
	return r
}

func (r *Region) addDeployment(d Deployment) {
	if d.Model == "" {
		d.Model = d.Name
	}
	m := modelNamed(d.Model)
	tpm, rpm := r.profile.quota(r.name, m)
	if d.TPM == 0 {
		d.TPM = tpm
	}
	if d.RPM == 0 {
		d.RPM = rpm
		if d.TPM != tpm && r.profile.ownWindows() {
			d.RPM = m.requestsFor(d.TPM)
		}
	}
	dep := &deployment{Deployment: d, model: m}
	if _, again := r.deployments[d.Name]; !again {
		r.order = append(r.order, dep)
	}
	r.deployments[d.Name] = dep
}

// Name is the region's short name.
func (r *Region) Name() string { return r.name }

// Address is the region's base URL, or what Config said of it.
func (r *Region) Address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.address
}

// Keys are the two keys in force.
func (r *Region) Keys() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.keys[:])
}

// RegenerateKey replaces key 1 or 2; the old one stops working at once. It
// returns both keys.
func (r *Region) RegenerateKey(n int) ([]string, error) {
	if n != 1 && n != 2 {
		return nil, fmt.Errorf("a region has key 1 and key 2, not key %d", n)
	}
	r.mu.Lock()
	r.keys[n-1] = newKey()
	r.mu.Unlock()
	return r.Keys(), nil
}

// Deployments are the deployments in their order, quotas filled in.
func (r *Region) Deployments() []Deployment {
	ds := make([]Deployment, len(r.order))
	for i, d := range r.order {
		ds[i] = d.Deployment
	}
	return ds
}

// Reset starts counters, request log and quota windows afresh. A fault stays,
// and so do stored responses.
func (r *Region) Reset() {
	r.log.reset()
	r.resetQuotas()
}

func (r *Region) resetQuotas() {
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, d := range r.order {
		begin := now
		if r.profile.ownWindows() {
			// Azure's windows do not begin when we do.
			rng := rand.New(rand.NewPCG(r.seed, uint64(i)))
			begin = now.Add(-time.Duration(rng.Int64N(int64(tokenWindow))))
		}
		if d.Provisioned {
			d.meter = newProvisioned(d.TPM, now)
		} else {
			d.meter = newQuota(r.quotaMode, d.TPM, d.RPM, begin)
		}
		d.meter.squeeze(now, r.fault.squeezes(d.Name))
		r.settleTenants(d, now, uint64(i))
	}
}

// Generated is the number of events made for streams since the start, sent or
// not: what a caller who has left still costs.
func (r *Region) Generated() int64 { return r.generated.Load() }

func newKey() string { return hex.EncodeToString(random(16)) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = crand.Read(b) // never fails: the program ends before
	return b
}
