package sim

import (
	"math"
	"sync"
	"time"
)

// QuotaMode is how a region charges requests against TPM and RPM.
type QuotaMode int

const (
	// Documented charges what Azure's documentation says: characters/4 plus
	// max_tokens for each choice, against a fixed minute; requests against
	// fixed windows of 10 s of which each grants a sixth of RPM.
	Documented QuotaMode = iota
	// Observed charges what Microsoft's own simulator found by experiment:
	// max_tokens, or 16 without, for chats, and characters/4 for embeddings,
	// against a sliding minute; and one request per 1,000 TPM in 10 s.
	Observed
)

const (
	tokenWindow   = time.Minute
	requestWindow = 10 * time.Second
	// wholeDay is Retry-After for a request that alone is larger than the
	// whole limit, as Azure says it.
	wholeDay = 24 * time.Hour
	// defaultCharge is what a chat without max_tokens costs when observed.
	defaultCharge = 16
)

// meter is what a deployment admits by: the counters of a standard one, or the
// utilisation of a provisioned one. It is safe for concurrent use.
type meter interface {
	// admit charges a request, or refuses it. A refused one costs refusalCost in
	// the request counter and no tokens.
	admit(now time.Time, tokens, refusalCost int) standing
	// settle corrects a charge at the end of the answer.
	settle(now time.Time, by int)
	// load is the share of the limit in use, 0 to 1.
	load(now time.Time) float64
	// look is what a request of one token would be told, which is not made.
	look(now time.Time) standing
	// squeeze leaves a share of the limit; 1 is all of it.
	squeeze(now time.Time, share float64)
	// occupy puts others on the deployment from now on; nil is nobody.
	occupy(now time.Time, t *tenants)
}

// quota is the two counters of a standard deployment.
type quota struct {
	mode      QuotaMode
	fullLimit int // tokens, without a squeeze
	fullCalls int

	mu         sync.Mutex
	tenants    *tenants // others who use it too; nil for nobody
	maxTokens  int
	maxCalls   int // per requestWindow
	tokens     int
	tokensFrom time.Time // begin of the fixed window
	spent      []charge  // of the sliding window, oldest first
	part       float64   // of a token, that the others have used
	calls      int
	callsFrom  time.Time
}

type charge struct {
	at     time.Time
	tokens int
}

// standing is what the counters say after a request: the x-ratelimit headers.
type standing struct {
	refusedBy             string // "", "token" or "call"
	wait                  time.Duration
	maxTokens, leftTokens int
	maxCalls, leftCalls   int
	tokensIn, callsIn     time.Duration // until they are reset

	// provisioned says that there is the utilisation, in per cent, and none of
	// the counters.
	provisioned bool
	utilization float64
}

func newQuota(mode QuotaMode, tpm, rpm int, begin time.Time) *quota {
	q := &quota{mode: mode, fullLimit: tpm, fullCalls: max(1, (rpm+5)/6), tokensFrom: begin, callsFrom: begin}
	if mode == Observed {
		q.fullCalls = max(1, (tpm+999)/1000)
	}
	q.maxTokens, q.maxCalls = q.fullLimit, q.fullCalls
	return q
}

func (q *quota) admit(now time.Time, tokens, refusalCost int) standing {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.roll(now)
	refusedBy, wait := q.judge(now, tokens)
	if refusedBy == "" {
		q.calls++
		q.charge(now, tokens)
	} else {
		q.calls += refusalCost
	}
	s := q.standing(now)
	s.refusedBy, s.wait = refusedBy, wait
	return s
}

// judge says which limit a request would break and how long that one stays.
func (q *quota) judge(now time.Time, tokens int) (refusedBy string, wait time.Duration) {
	switch {
	case q.calls+1 > q.maxCalls:
		return "call", q.callsFrom.Add(requestWindow).Sub(now)
	case tokens > q.maxTokens:
		return "token", wholeDay
	case q.tokens+tokens > q.maxTokens:
		return "token", q.roomIn(now, tokens)
	}
	return "", 0
}

func (q *quota) charge(at time.Time, tokens int) {
	q.tokens += tokens
	if q.mode == Observed {
		q.spent = append(q.spent, charge{at, tokens})
	}
}

func (q *quota) standing(now time.Time) standing {
	return standing{
		maxTokens: q.maxTokens, maxCalls: q.maxCalls,
		leftTokens: max(0, q.maxTokens-q.tokens), leftCalls: max(-1, q.maxCalls-q.calls),
		callsIn: q.callsFrom.Add(requestWindow).Sub(now), tokensIn: q.roomIn(now, q.maxTokens),
	}
}

func (q *quota) look(now time.Time) standing {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.roll(now)
	s := q.standing(now)
	s.refusedBy, s.wait = q.judge(now, 1)
	return s
}

// settle leaves the charge as it is: that of a standard deployment is an
// estimate made on arrival, never corrected.
func (q *quota) settle(time.Time, int) {}

func (q *quota) load(now time.Time) float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.roll(now)
	return math.Min(1, float64(q.tokens)/float64(max(1, q.maxTokens)))
}

func (q *quota) squeeze(now time.Time, share float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.roll(now)
	q.maxTokens = int(math.Round(float64(q.fullLimit) * share))
	q.maxCalls = max(1, int(math.Round(float64(q.fullCalls)*share)))
}

func (q *quota) occupy(now time.Time, t *tenants) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.roll(now)
	q.tenants = t
}

// roll brings the windows up to now, with what the others have used by then.
func (q *quota) roll(now time.Time) {
	if q.tenants != nil {
		q.tenants.use(now, float64(q.fullLimit)/tokenWindow.Seconds(), q.take)
	}
	q.renew(now)
}

// renew lets the windows begin that have begun by now.
func (q *quota) renew(now time.Time) {
	if passed := now.Sub(q.callsFrom) / requestWindow; passed > 0 {
		q.callsFrom, q.calls = q.callsFrom.Add(passed*requestWindow), 0
	}
	if q.mode == Observed {
		gone := 0
		for gone < len(q.spent) && now.Sub(q.spent[gone].at) >= tokenWindow {
			q.tokens -= q.spent[gone].tokens
			gone++
		}
		q.spent = q.spent[gone:]
		return
	}
	if passed := now.Sub(q.tokensFrom) / tokenWindow; passed > 0 {
		q.tokensFrom, q.tokens = q.tokensFrom.Add(passed*tokenWindow), 0
	}
}

// take charges what the others used up to a moment. They are refused at the
// limit like anybody else.
func (q *quota) take(at time.Time, tokens float64) {
	q.renew(at)
	q.part += tokens
	whole := math.Floor(q.part)
	q.part -= whole
	if n := min(int(whole), q.maxTokens-q.tokens); n > 0 {
		q.charge(at, n)
	}
}

// roomIn is how long it takes until that many tokens are free, if nobody else
// comes.
func (q *quota) roomIn(now time.Time, tokens int) time.Duration {
	if q.mode != Observed {
		return q.tokensFrom.Add(tokenWindow).Sub(now)
	}
	used := q.tokens
	for _, c := range q.spent {
		if used+tokens <= q.maxTokens {
			break
		}
		used -= c.tokens
		if used+tokens <= q.maxTokens {
			return c.at.Add(tokenWindow).Sub(now)
		}
	}
	return 0
}
