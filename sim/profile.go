package sim

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// Profile says how fast a region answers and how much it admits.
type Profile struct {
	// Name is the profile's name; "" stands for Fast.
	Name string
	// FirstToken passes before the head and the first events of a chat.
	FirstToken time.Duration
	// Gap passes between the tokens of a stream. An answer that is not
	// streamed comes whole after FirstToken, unless the profile is realistic.
	Gap time.Duration
	// Embedding passes before an answer of embeddings.
	Embedding time.Duration
	// TPM and RPM are the quotas of deployments that have none of their own.
	TPM, RPM int

	realistic bool
	// network and perSecond are those of a Measured profile.
	network   time.Duration
	perSecond float64
}

// Fast is the profile for demonstrations and tests: 20 ms to the first token,
// 1,000,000 TPM and 6,000 RPM.
func Fast() Profile {
	return Profile{
		Name: "fast", FirstToken: 20 * time.Millisecond, Gap: 4 * time.Millisecond, Embedding: 5 * time.Millisecond,
		TPM: 1_000_000, RPM: 6_000,
	}
}

// Instant answers at once and admits everything: for load tests of what
// stands in front, and for unit tests.
func Instant() Profile {
	return Profile{Name: "instant", TPM: math.MaxInt32, RPM: math.MaxInt32}
}

// Realistic has the latencies that were measured at Azure and its default
// quotas. First tokens are log-normal, gaps normal; both grow with the
// region's distance, its share of used quota, and bad luck.
func Realistic() Profile {
	return Profile{Name: "realistic", FirstToken: 350 * time.Millisecond, Embedding: 60 * time.Millisecond, realistic: true}
}

// Measured is a profile by what was measured of a region: the time on the
// network there and back, which every answer takes; the median of the first
// token after it, log-normal, and longer by the prompt, which is read at 9,000
// tokens a second; and the tokens per second of an answer that runs. Quotas are
// those of the realistic profile unless deployments say otherwise.
func Measured(network, firstToken time.Duration, perSecond float64) Profile {
	return Profile{Name: "measured", FirstToken: firstToken, Embedding: firstToken / 4, network: network, perSecond: perSecond}
}

// measured reports a profile that Measured made.
func (p Profile) measured() bool { return p.perSecond > 0 }

// ownWindows reports whether quota windows begin at moments of their own.
func (p Profile) ownWindows() bool { return p.realistic || p.measured() }

// ProfileNamed is the profile of that name.
func ProfileNamed(name string) (Profile, error) {
	for _, p := range []Profile{Fast(), Realistic(), Instant()} {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("no profile %q: there are fast, realistic and instant", name)
}

func (p Profile) quota(region string, m model) (tpm, rpm int) {
	if p.ownWindows() {
		tpm = regionalQuota(region, m.name)
		return tpm, m.requestsFor(tpm)
	}
	return p.TPM, p.RPM
}

// timing is how one answer is paced.
type timing struct {
	first time.Duration // until the head
	gap   time.Duration // mean time between tokens
	sigma time.Duration
	whole bool // an answer that is not streamed also waits for its tokens
	burst bool // the content filter lets tokens pass in bursts
}

// latency is where the time of an answer went that took so long in all.
func (t timing) latency(total time.Duration, tokens int) *openai.Latency {
	ms := func(d time.Duration) int { return int(d.Milliseconds()) }
	engine := max(0, t.first-serviceShare(t.first))
	last := engine + time.Duration(max(0, tokens-1))*t.gap
	return &openai.Latency{
		EngineFirst: ms(engine), EngineGap: ms(t.gap), EngineLast: ms(last),
		ServiceFirst: ms(t.first), ServiceGap: ms(t.gap), ServiceLast: ms(total),
		PreInference: ms(t.first - engine), VisibleFirst: ms(t.first), Total: ms(total),
	}
}

// serviceShare is the part of the first token's time that is spent around the
// engine.
func serviceShare(first time.Duration) time.Duration { return first / 10 }

const (
	firstTokenSigma  = 0.35
	perPromptToken   = 150 * time.Microsecond
	promptPerSecond  = 9000
	perInput         = time.Millisecond
	tailChance       = 0.005
	tailFactor       = 5
	minHiddenTokens  = 256
	maxHiddenTokens  = 1024
	minFilterBurst   = 25
	maxFilterBurst   = 50
	maxRegionFactor  = 0.4
	minNetworkOffset = 5 * time.Millisecond
	maxNetworkOffset = 150 * time.Millisecond
)

// chat draws the pace of one chat. load is the share of the token quota that
// is used, 0 to 1. In the realistic profile, provisioned throughput varies less and
// is not slower for being used.
func (p Profile) chat(rng *rand.Rand, region string, m model, promptTokens int, load float64, provisioned bool) timing {
	if p.measured() {
		luck := math.Exp(firstTokenSigma * rng.NormFloat64())
		prompt := time.Duration(promptTokens) * time.Second / promptPerSecond
		gap := scale(time.Second, math.Sqrt(luck)/p.perSecond)
		return timing{first: scale(p.FirstToken+prompt, luck), gap: gap, sigma: m.gapSigma, whole: true}
	}
	if !p.realistic {
		return timing{first: p.FirstToken, gap: p.Gap}
	}
	spread := firstTokenSigma
	if provisioned {
		spread /= 2
		if load < 1 {
			load = 0
		}
	}
	factor, network := distance(region)
	factor *= 1 + load*load
	first := scale(p.FirstToken, math.Exp(spread*rng.NormFloat64())) + time.Duration(promptTokens)*perPromptToken
	if m.reasoning {
		first += time.Duration(minHiddenTokens+rng.IntN(maxHiddenTokens-minHiddenTokens)) * m.gap
	}
	if rng.Float64() < tailChance {
		first *= tailFactor
	}
	return timing{first: network + scale(first, factor), gap: scale(m.gap, factor), sigma: m.gapSigma, whole: true, burst: true}
}

// embeddings draws the time that one answer of embeddings takes.
func (p Profile) embeddings(rng *rand.Rand, region string, inputs int, load float64) time.Duration {
	if !p.realistic {
		return p.Embedding
	}
	factor, network := distance(region)
	d := scale(p.Embedding, max(0.2, 1+0.3*rng.NormFloat64())) + time.Duration(inputs)*perInput
	if rng.Float64() < tailChance {
		d *= tailFactor
	}
	return network + scale(d, factor*(1+load*load))
}

// distance is a region's own slowness: the same one for the same name.
func distance(region string) (factor float64, network time.Duration) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(region))
	x := h.Sum64()
	factor = 1 + maxRegionFactor*float64(x%1000)/1000
	network = minNetworkOffset + time.Duration(x>>32%1000)*(maxNetworkOffset-minNetworkOffset)/1000
	return factor, network
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }
