package backend

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Hint is how long an answer asks to be left alone.
type Hint struct {
	// Known says that the answer had such a wish that could be understood.
	Known bool
	// Wait is the time, after the cap. Asked is the time before it.
	Wait, Asked time.Duration
}

// Capped reports whether the answer asked for more than it got.
func (h Hint) Capped() bool { return h.Asked > h.Wait }

// MaxHint is what a wish is cut to unless spillway.yaml says otherwise: Azure
// OpenAI is known to ask for a day.
const MaxHint = 300 * time.Second

// ParseHint reads the wish of an answer from its headers, of which get gives
// the first of a name. retry-after-ms is the finer truth and wins; Retry-After
// is a number of seconds or a date. Zero seconds, and a date that has passed,
// mean at once, which is a second here: a whole number of seconds was meant.
// What cannot be understood is no wish.
func ParseHint(get func(name string) string, now time.Time, limit time.Duration) Hint {
	asked, ok := milliseconds(get("retry-after-ms"))
	if !ok {
		asked, ok = retryAfter(get("Retry-After"), now)
	}
	if !ok {
		return Hint{}
	}
	return Hint{Known: true, Asked: asked, Wait: min(asked, limit)}
}

// milliseconds is a positive number of milliseconds. A zero says nothing that
// Retry-After beside it does not say better.
func milliseconds(text string) (time.Duration, bool) {
	n, ok := decimal(text)
	if !ok || n <= 0 {
		return 0, false
	}
	return longest(n * float64(time.Millisecond)), true
}

func retryAfter(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, false
	}
	if n, ok := decimal(text); ok {
		if n == 0 {
			n = 1
		}
		return longest(n * float64(time.Second)), true
	}
	at, ok := httpDate(text)
	if !ok {
		return 0, false
	}
	return max(at.Sub(now), time.Second), true
}

// decimal is a number without sign or exponent; a fraction is more than RFC 9110
// allows, but is sent and understood by OpenAI's clients.
func decimal(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text, "0123456789.") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(n, 1) {
		return 0, false
	}
	return n, true
}

// longest is a duration that may be too long to be one.
func longest(n float64) time.Duration {
	if n >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(n)
}

// dateForms are the three of RFC 9110, 5.6.7.
var dateForms = []string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC}

func httpDate(text string) (time.Time, bool) {
	for _, form := range dateForms {
		if t, err := time.Parse(form, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Limits are the x-ratelimit headers of an answer. -1 is a number that is
// absent, or that says nothing: Azure sends -1 for what it does not know.
type Limits struct {
	RemainingTokens, RemainingRequests int
	LimitTokens, LimitRequests         int
	// ResetTokens and ResetRequests are -1 when absent.
	ResetTokens, ResetRequests time.Duration
	// PeriodTokens and PeriodRequests are how long a window of each is, 0 when
	// absent.
	PeriodTokens, PeriodRequests time.Duration
	// Broken is which limit a refusal is for, "tokens" or "requests"; "" where the
	// answer does not say.
	Broken string
	// Utilization is that of a provisioned deployment in per cent, -1 when
	// absent.
	Utilization float64
}

// ParseLimits reads them.
func ParseLimits(get func(name string) string) Limits {
	if get("x-ms-spillover-from-deployment") != "" || strings.EqualFold(get("x-ms-is-spilled-over"), "true") {
		// The headers are those of the standard deployment that took what the one
		// that was asked could not.
		return Limits{
			RemainingTokens: -1, RemainingRequests: -1, LimitTokens: -1, LimitRequests: -1, ResetTokens: -1, ResetRequests: -1, Utilization: -1,
		}
	}
	count := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSpace(get(name)))
		if err != nil || n < 0 {
			return -1
		}
		return n
	}
	reset := func(name string) time.Duration {
		text := strings.TrimSpace(get(name))
		if n, ok := decimal(text); ok {
			return longest(n * float64(time.Second))
		}
		if d, err := time.ParseDuration(text); err == nil && d >= 0 {
			return d // OpenAI's own form, such as 6m0s
		}
		return -1
	}
	// Azure spelt the header with one more hyphen for a while, without a Retry-After
	// beside it.
	resets := func(of string) time.Duration {
		if d := reset("x-ratelimit-reset-" + of); d >= 0 {
			return d
		}
		return reset("x-rate-limit-reset-" + of)
	}
	period := func(name string) time.Duration { return max(0, reset(name)) }
	l := Limits{
		PeriodTokens: period("x-ratelimit-renewalperiod-tokens"), PeriodRequests: period("x-ratelimit-renewalperiod-requests"),
		RemainingTokens: count("x-ratelimit-remaining-tokens"), RemainingRequests: count("x-ratelimit-remaining-requests"),
		LimitTokens: count("x-ratelimit-limit-tokens"), LimitRequests: count("x-ratelimit-limit-requests"),
		ResetTokens: resets("tokens"), ResetRequests: resets("requests"),
		Utilization: -1,
	}
	if n, ok := decimal(strings.TrimSuffix(strings.TrimSpace(get("azure-openai-deployment-utilization")), "%")); ok {
		l.Utilization = n
	}
	kind, policy := get("x-ratelimit-type"), get("policy-id")
	switch {
	case strings.EqualFold(kind, "Tokens"), strings.HasSuffix(policy, "Ratelimit-Token"):
		l.Broken = "tokens"
	case strings.EqualFold(kind, "Requests"), strings.HasSuffix(policy, "Ratelimit-Call"):
		l.Broken = "requests"
	}
	return l
}
