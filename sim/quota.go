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

// quota is the two counters of a deployment.
type quota struct {
	mode      QuotaMode
	maxTokens int
	maxCalls  int // per requestWindow

	mu         sync.Mutex
	tokens     int
	tokensFrom time.Time // begin of the fixed window
	spent      []charge  // of the sliding window, oldest first
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
}

func newQuota(mode QuotaMode, tpm, rpm int, begin time.Time) *quota {
	q := &quota{mode: mode, maxTokens: tpm, maxCalls: max(1, (rpm+5)/6), tokensFrom: begin, callsFrom: begin}
	if mode == Observed {
		q.maxCalls = max(1, (tpm+999)/1000)
	}
	return q
}

// admit charges a request, or refuses it. A refused one costs refusalCost in
// the request counter and no tokens.
func (q *quota) admit(now time.Time, tokens, refusalCost int) standing {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.roll(now)
	used := q.tokens
	s := standing{maxTokens: q.maxTokens, maxCalls: q.maxCalls}
	switch {
	case q.calls+1 > q.maxCalls:
		s.refusedBy, s.wait = "call", q.callsFrom.Add(requestWindow).Sub(now)
	case tokens > q.maxTokens:
		s.refusedBy, s.wait = "token", wholeDay
	case used+tokens > q.maxTokens:
		s.refusedBy, s.wait = "token", q.roomIn(now, tokens)
	}
	if s.refusedBy == "" {
		q.calls++
		q.tokens += tokens
		if q.mode == Observed {
			q.spent = append(q.spent, charge{now, tokens})
		}
	} else {
		q.calls += refusalCost
	}
	s.leftTokens, s.leftCalls = q.maxTokens-q.tokens, max(-1, q.maxCalls-q.calls)
	s.callsIn = q.callsFrom.Add(requestWindow).Sub(now)
	s.tokensIn = q.roomIn(now, q.maxTokens)
	return s
}

// load is the share of the token limit in use.
func (q *quota) load(now time.Time) float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.roll(now)
	return math.Min(1, float64(q.tokens)/float64(max(1, q.maxTokens)))
}

// roll brings the windows up to now.
func (q *quota) roll(now time.Time) {
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
