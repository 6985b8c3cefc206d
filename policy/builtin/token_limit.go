package builtin

import (
	"strconv"
	"time"

	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/internal/openai"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// quotaPeriods are the periods of a quota of tokens, each from the moment that UTC
// is cut to that unit.
var quotaPeriods = map[string]counter.Period{
	"Hourly": {Length: time.Hour}, "Daily": {Length: 24 * time.Hour},
	// The year 1 began on a Monday; weeks begin on Sunday, as .NET's do.
	"Weekly":  {Start: time.Date(1, 1, 7, 0, 0, 0, 0, time.UTC), Length: 7 * 24 * time.Hour},
	"Monthly": {Calendar: counter.Monthly}, "Yearly": {Calendar: counter.Yearly},
}

// tokenLimit is azure-openai-token-limit and llm-token-limit, which are the same.
func tokenLimit(name string, s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: name,
			Doc:  "Limits the tokens that requests use: with 429 within a minute, with 403 within a longer period.",
			Attributes: []policy.Attribute{
				{Name: "counter-key", Required: true, Expression: true, Doc: "What is counted together, whatever policy uses the key."},
				{Name: "tokens-per-minute", Type: policy.Int, Expression: true, Bounded: true, Min: 1, Max: maxCalls, Doc: "How many tokens of prompts and answers are allowed in a minute."},
				{Name: "token-quota", Type: policy.Int, Expression: true, Bounded: true, Min: 1, Max: maxCalls, Doc: "How many tokens are allowed in a period."},
				{
					Name: "token-quota-period", Expression: true, Values: []string{"Hourly", "Daily", "Weekly", "Monthly", "Yearly"},
					Doc: "The period of token-quota, cut in UTC.",
				},
				{Name: "estimate-prompt-tokens", Type: policy.Bool, Default: "false", Expression: true, Doc: "Whether the prompt is estimated and refused before it is sent. It always is where the answer is streamed."},
				{Name: "retry-after-header-name", Default: "Retry-After", Doc: "The header of a refusal that says how many seconds to wait."},
				{Name: "retry-after-variable-name", Doc: "The variable that gets these seconds when a request is refused."},
				{Name: "remaining-tokens-header-name", Doc: "The header of the response that says how many tokens of the minute are left."},
				{Name: "remaining-tokens-variable-name", Doc: "The variable that gets that number."},
				{Name: "remaining-quota-tokens-header-name", Doc: "The header of the response that says how many tokens of the period are left."},
				{Name: "remaining-quota-tokens-variable-name", Doc: "The variable that gets that number."},
				{Name: "tokens-consumed-header-name", Doc: "The header of the response that says how many tokens the request used; of a stream, its prompt's estimate."},
				{Name: "tokens-consumed-variable-name", Doc: "The variable that gets that number: the estimate when the backend section starts, the usage in outbound."},
				// Names of the policy's preview.
				{Name: "consumed-tokens-header-name", Doc: "The older name of tokens-consumed-header-name."},
				{Name: "consumed-tokens-variable-name", Doc: "The older name of tokens-consumed-variable-name."},
			},
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			perMinute, total, period := e.Value("tokens-per-minute"), e.Value("token-quota"), e.Value("token-quota-period")
			switch {
			case (total == nil) != (period == nil):
				e.Problem("missing-attribute", "%s needs token-quota and token-quota-period together", name)
				return nil
			case perMinute == nil && total == nil:
				e.Problem("missing-attribute", "%s needs the attribute tokens-per-minute, or token-quota with token-quota-period", name)
				return nil
			}
			headerNames(e, "retry-after-header-name", "remaining-tokens-header-name", "remaining-quota-tokens-header-name", "tokens-consumed-header-name", "consumed-tokens-header-name")
			e.Effect(policy.ReadsRequestBody | policy.CountsResponse)
			first := func(a, b string) string {
				if e.Has(a) {
					return e.Literal(a)
				}
				return e.Literal(b)
			}
			return &tokenStep{
				counters: s.Counters, now: s.now, key: e.Value("counter-key"), perMinute: perMinute, quota: total, period: period,
				estimate:    e.Value("estimate-prompt-tokens"),
				retryHeader: e.Literal("retry-after-header-name"), retryVariable: e.Literal("retry-after-variable-name"),
				left:      told{e.Literal("remaining-tokens-header-name"), e.Literal("remaining-tokens-variable-name")},
				leftQuota: told{e.Literal("remaining-quota-tokens-header-name"), e.Literal("remaining-quota-tokens-variable-name")},
				consumed: told{
					first("tokens-consumed-header-name", "consumed-tokens-header-name"),
					first("tokens-consumed-variable-name", "consumed-tokens-variable-name"),
				},
			}
		},
	}
}

// told is where a number is told: a header and a variable, "" for not there.
type told struct{ header, variable string }

func (t told) setVariable(r *policy.Run, n int64) {
	if t.variable != "" {
		setVariableTo(r, t.variable, number(n))
	}
}

func (t told) setHeader(h *exchange.Header, n int64) {
	if t.header != "" {
		h.Set(t.header, strconv.FormatInt(n, 10))
	}
}

type tokenStep struct {
	counters                      Counters
	now                           func() time.Time
	key, perMinute, quota, period *policy.Value
	estimate                      *policy.Value
	retryHeader, retryVariable    string
	left, leftQuota, consumed     told
}

// tokenLimits are the limits of one execution; a minute or a total of 0 is none.
type tokenLimits struct {
	key           string
	minute, total int64
	period        counter.Period
}

// Run reserves what the prompt is estimated at, if it is, and puts that right when
// the answer is over. Without an estimate a request passes while anything is left,
// and those after it pay for what it used (spec: policies.md 2.4.1).
func (s *tokenStep) Run(r *policy.Run) error {
	l, err := s.limits(r)
	if err != nil {
		return err
	}
	estimate, err := s.estimate.Bool(r)
	if err != nil {
		return err
	}
	body, err := r.ReadBody(policy.Request)
	if err != nil {
		return err
	}
	asked := openai.EstimatePrompt(body)
	prompt := int64(0)
	if estimate || asked.Stream {
		prompt = asked.Tokens
	}
	var leftOfQuota int64
	if l.total > 0 {
		used := s.counters.Used(l.key, l.period)
		leftOfQuota = max(0, l.total-used.Calls-prompt)
		if used.Calls+prompt > l.total {
			s.leftQuota.setVariable(r, max(0, l.total-used.Calls))
			return s.outOfQuota(r, used.Ends.Sub(s.now()))
		}
	}
	var v counter.Verdict
	if l.minute > 0 {
		v = s.counters.Take(l.key, l.minute, prompt)
		s.left.setVariable(r, v.Left)
		if !v.OK {
			return s.outOfTokens(r, v, prompt > l.minute)
		}
	}
	if l.total > 0 {
		s.counters.Use(l.key, l.period, prompt, 0)
		s.leftQuota.setVariable(r, leftOfQuota)
	}
	if r.Tracing() {
		r.Trace(tokensLeft{"The request is within the limit of tokens.", prompt, v.Left, leftOfQuota})
	}
	r.Later(policy.BeforeBackend, func(r *policy.Run) error {
		s.consumed.setVariable(r, prompt)
		return nil
	})
	var m *meter
	r.Later(policy.BeforeOutbound, func(r *policy.Run) error {
		m = watch(r.X.Response)
		if err := s.tell(r, m, prompt); err != nil {
			return err
		}
		h := &r.X.Response.Header
		if l.minute > 0 {
			s.left.setHeader(h, v.Left)
		}
		if l.total > 0 {
			s.leftQuota.setHeader(h, leftOfQuota)
		}
		return nil
	})
	r.X.After(func() {
		u := m.used(asked.Tokens)
		more := u.Prompt + u.Completion - prompt
		if l.minute > 0 {
			s.counters.Owe(l.key, l.minute, more)
		}
		if l.total > 0 {
			s.counters.Use(l.key, l.period, more, 0)
		}
	})
	return nil
}

func (s *tokenStep) limits(r *policy.Run) (l tokenLimits, err error) {
	if l.key, err = s.key.String(r); err != nil {
		return l, err
	}
	if l.minute, err = s.perMinute.Int(r); err != nil {
		return l, err
	}
	if l.total, err = s.quota.Int(r); err != nil || s.quota == nil {
		return l, err
	}
	name, err := s.period.String(r)
	if err != nil {
		return l, err
	}
	var ok bool
	if l.period, ok = quotaPeriods[name]; !ok {
		return l, r.Error(exchange.ReasonValueNotAllowed, "The value '"+name+"' of token-quota-period is not Hourly, Daily, Weekly, Monthly or Yearly.")
	}
	// Keys of tokens are not those of quota-by-key.
	l.key = "tokens\x00" + l.key
	return l, nil
}

// tell says what the request used. The answer is waited for where somebody wants
// to know, unless it is a stream, which nobody holds back: of it, what is known so
// far is told.
func (s *tokenStep) tell(r *policy.Run, m *meter, prompt int64) error {
	if m == nil || s.consumed == (told{}) {
		return nil
	}
	n := prompt
	if !m.stream {
		if err := r.BufferResponse(); err != nil {
			return err
		}
		u := m.used(prompt)
		n = u.Prompt + u.Completion
	}
	s.consumed.setVariable(r, n)
	s.consumed.setHeader(&r.X.Response.Header, n)
	return nil
}

// outOfTokens refuses a request for want of tokens in this minute. One that asks
// for more than a minute has need not come again.
func (s *tokenStep) outOfTokens(r *policy.Run, v counter.Verdict, never bool) error {
	e := r.Error(exchange.ReasonTokenLimit, "Token limit is exceeded.")
	e.Status = 429
	if !never {
		seconds := wholeSeconds(v.Wait)
		e.Message += " Try again in " + strconv.FormatInt(seconds, 10) + " seconds."
		s.retry(r, e, seconds)
	}
	s.left.setHeader(&e.Header, v.Left)
	return e
}

func (s *tokenStep) outOfQuota(r *policy.Run, wait time.Duration) error {
	seconds := wholeSeconds(wait)
	e := r.Error(exchange.ReasonTokenQuota, "Token quota is exceeded. Try again in "+inWords(seconds)+".")
	e.Status = 403
	s.retry(r, e, seconds)
	return e
}

func (s *tokenStep) retry(r *policy.Run, e *exchange.Error, seconds int64) {
	if s.retryVariable != "" {
		setVariableTo(r, s.retryVariable, number(seconds))
	}
	e.Header.Add(s.retryHeader, strconv.FormatInt(seconds, 10))
}

// tokensLeft is the trace entry of a request within its limits.
type tokensLeft struct {
	Message  string `json:"message"`
	Estimate int64  `json:"estimatedPromptTokens"`
	Left     int64  `json:"remainingTokens"`
	OfQuota  int64  `json:"remainingQuotaTokens"`
}

// inWords is a time in its two largest units, as recorded from the service: "21
// minutes and 33 seconds", from a day up "24 days, 14 hours".
func inWords(seconds int64) string {
	units := []struct {
		name string
		n    int64
	}{{"day", seconds / 86400}, {"hour", seconds / 3600 % 24}, {"minute", seconds / 60 % 60}, {"second", seconds % 60}}
	say := func(i int) string {
		if i >= len(units) || units[i].n == 0 {
			return ""
		}
		text := strconv.FormatInt(units[i].n, 10) + " " + units[i].name
		if units[i].n != 1 {
			text += "s"
		}
		return text
	}
	for i := range units {
		if units[i].n == 0 {
			continue
		}
		text, joint := say(i), " and "
		if i == 0 {
			joint = ", "
		}
		if next := say(i + 1); next != "" {
			text += joint + next
		}
		return text
	}
	return "0 seconds"
}
