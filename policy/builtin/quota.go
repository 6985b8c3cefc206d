package builtin

import (
	"math"
	"strconv"
	"time"

	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// kilobyte is the unit of bandwidth.
const kilobyte = 1024

// minQuotaPeriod is the shortest period of quota-by-key, in seconds (documented).
const minQuotaPeriod = 300

var quotaAmounts = []policy.Attribute{
	{Name: "calls", Type: policy.Int, Bounded: true, Max: maxCalls, Doc: "How many calls are allowed in a period."},
	{Name: "bandwidth", Type: policy.Int, Bounded: true, Max: maxCalls / kilobyte, Doc: "How many kilobytes of requests and responses are allowed in a period."},
	{Name: "renewal-period", Type: policy.Int, Required: true, Bounded: true, Max: math.MaxInt32, Doc: "The period in seconds; 0 never ends."},
}

func quotaByKey(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "quota-by-key",
			Doc:  "Refuses calls with 403 beyond a number, or beyond an amount of data, in a fixed period, counted by a key.",
			Attributes: append(append([]policy.Attribute{}, quotaAmounts...),
				policy.Attribute{Name: "counter-key", Required: true, Expression: true, Doc: "What is counted together; a request counts once, however many policies use the key."},
				incrementCondition, incrementCount,
				policy.Attribute{Name: "first-period-start", Default: "0001-01-01T00:00:00Z", Doc: "When the first period began, as yyyy-MM-ddTHH:mm:ssZ."},
			),
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			start, err := time.Parse(time.RFC3339, e.Literal("first-period-start"))
			if err != nil {
				e.ProblemAt("first-period-start", "wrong-value", "first-period-start must be a time like 2025-01-31T00:00:00Z")
				return nil
			}
			q, ok := quotaOf(e)
			if !ok {
				return nil
			}
			if q.period.Length > 0 && q.period.Length < minQuotaPeriod*time.Second {
				e.ProblemAt("renewal-period", "wrong-value", "renewal-period must be 0 or at least %d", minQuotaPeriod)
				return nil
			}
			q.period.Start = start
			return &quotaKeyStep{
				quota: q, counters: s.Counters, now: s.now, key: e.Value("counter-key"),
				condition: e.Value("increment-condition"), count: e.Value("increment-count"),
				deferred: !e.Value("increment-condition").IsLiteral() || !e.Value("increment-count").IsLiteral(),
			}
		},
	}
}

// quota is how much is allowed in a period; -1 for no bound.
type quota struct {
	calls, bytes int64
	period       counter.Period
}

func quotaOf(e *policy.Element) (quota, bool) {
	q := quota{calls: -1, bytes: -1}
	if !e.Has("calls") && !e.Has("bandwidth") {
		e.Problem("missing-attribute", "%s needs the attribute calls or bandwidth, or both", e.Name())
		return q, false
	}
	if v := e.Value("calls"); v != nil {
		q.calls, _ = v.Int(nil)
	}
	if v := e.Value("bandwidth"); v != nil {
		q.bytes, _ = v.Int(nil)
		q.bytes *= kilobyte
	}
	seconds, _ := e.Value("renewal-period").Int(nil)
	q.period.Length = time.Duration(seconds) * time.Second
	return q, true
}

// refused is the error of a call for which the quota has no room, nil where it
// has; n is what the call counts, 0 where that is known only later.
func (q *quota) refused(r *policy.Run, used counter.Used, n int64, now time.Time) error {
	var what string
	switch {
	case q.calls >= 0 && used.Calls+n > q.calls:
		what = "Out of call volume quota."
	case q.bytes >= 0 && used.Bytes >= q.bytes:
		what = "Out of bandwidth quota."
	default:
		return nil
	}
	e := r.Error(exchange.ReasonQuota, what)
	e.Status = 403
	if !used.Ends.IsZero() {
		left := time.Duration(wholeSeconds(used.Ends.Sub(now))) * time.Second
		e.Message += " Quota will be replenished in " + timeSpan(left) + "."
		e.Header.Add("Retry-After", strconv.FormatInt(int64(left/time.Second), 10))
	}
	return e
}

// timeSpan is a whole number of seconds as .NET's TimeSpan writes it: [d.]hh:mm:ss.
func timeSpan(d time.Duration) string {
	two := func(n int64) string {
		if n < 10 {
			return "0" + strconv.FormatInt(n, 10)
		}
		return strconv.FormatInt(n, 10)
	}
	n := int64(d / time.Second)
	text := two(n/3600%24) + ":" + two(n/60%60) + ":" + two(n%60)
	if days := n / 86400; days > 0 {
		text = strconv.FormatInt(days, 10) + "." + text
	}
	return text
}

// measure counts the bytes of the request's and the response's bodies when the
// exchange is over.
func measure(r *policy.Run, use func(bytes int64)) {
	x := r.X
	var bytes int64
	see := func(chunk []byte) { bytes += int64(len(chunk)) }
	x.Request.Body.Watch(see)
	r.Later(policy.AtEnd, func(r *policy.Run) error {
		if r.X.Response != nil {
			r.X.Response.Body.Watch(see)
		}
		return nil
	})
	x.After(func() { use(bytes) })
}

type quotaKeyStep struct {
	quota
	counters         Counters
	now              func() time.Time
	key              *policy.Value
	condition, count *policy.Value
	deferred         bool
}

func (s *quotaKeyStep) Run(r *policy.Run) error {
	key, err := s.key.String(r)
	if err != nil {
		return err
	}
	n := int64(0)
	if !s.deferred {
		n, _ = counted(r, s.condition, s.count)
	}
	first := r.First("quota-by-key\x00" + key)
	if !first {
		n = 0
	}
	if err := s.refused(r, s.counters.Used(key, s.period), n, s.now()); err != nil {
		return err
	}
	if first {
		if s.deferred {
			r.Later(policy.AtEnd, func(r *policy.Run) error {
				n, err := counted(r, s.condition, s.count)
				s.counters.Use(key, s.period, n, 0)
				return err
			})
		} else {
			s.counters.Use(key, s.period, n, 0)
		}
	}
	if s.bytes >= 0 && r.First("quota-by-key bytes\x00"+key) {
		measure(r, func(bytes int64) { s.counters.Use(key, s.period, 0, bytes) })
	}
	return nil
}

func quotaPolicy(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name:       "quota",
			Doc:        "Refuses calls of a subscription with 403 beyond a number, or beyond an amount of data, in a fixed period; calls without a subscription are not counted.",
			Attributes: quotaAmounts,
			Children:   parts(quotaAmounts),
		},
		Sections: policy.Inbound,
		Scopes:   policy.Product,
		Once:     true,
		Compile: func(e *policy.Element) policy.Step {
			step := &subscriptionQuotaStep{counters: s.Counters, now: s.now}
			for _, p := range partsOf(e) {
				q, ok := quotaOf(p.element)
				if !ok {
					return nil
				}
				step.quotas = append(step.quotas, quotaPart{p.part, q})
			}
			return step
		},
	}
}

type quotaPart struct {
	part
	quota
}

type subscriptionQuotaStep struct {
	counters Counters
	now      func() time.Time
	quotas   []quotaPart
}

// Run judges all quotas that are for the request before any counts it. Periods
// begin with the subscription.
func (s *subscriptionQuotaStep) Run(r *policy.Run) error {
	own := r.X.Subscription
	if own == nil {
		r.Trace("The call has no subscription and is not counted.")
		return nil
	}
	start := own.StartDate
	if start.IsZero() {
		start = own.CreatedDate
	}
	for i := range s.quotas {
		q := &s.quotas[i]
		if !q.covers(r.X) {
			continue
		}
		p := q.period
		p.Start = start
		if err := q.refused(r, s.counters.Used(q.countedFor(r, own), p), 1, s.now()); err != nil {
			return err
		}
	}
	for i := range s.quotas {
		q := &s.quotas[i]
		if !q.covers(r.X) {
			continue
		}
		p, key := q.period, q.countedFor(r, own)
		p.Start = start
		s.counters.Use(key, p, 1, 0)
		if q.bytes >= 0 {
			measure(r, func(bytes int64) { s.counters.Use(key, p, 0, bytes) })
		}
	}
	return nil
}
