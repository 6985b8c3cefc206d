package builtin

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// limitNames are the attributes by which limits tell what is left of them.
var limitNames = []policy.Attribute{
	{Name: "retry-after-header-name", Default: "Retry-After", Doc: "The header of a refusal that says how many seconds to wait."},
	{Name: "retry-after-variable-name", Doc: "The variable that gets these seconds when a request is refused."},
	{Name: "remaining-calls-header-name", Doc: "The header of the response that says how many calls are left."},
	{Name: "remaining-calls-variable-name", Doc: "The variable that gets the number of calls left."},
	{Name: "total-calls-header-name", Doc: "The header of the response that says how many calls are allowed."},
}

// maxRenewal is the longest window of a rate limit, in seconds (documented).
const maxRenewal = 300

func rateLimitByKey(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "rate-limit-by-key",
			Doc:  "Refuses calls with 429 beyond a number within a sliding window, counted by a key.",
			Attributes: append([]policy.Attribute{
				{Name: "calls", Type: policy.Int, Required: true, Expression: true, Bounded: true, Max: maxCalls, Doc: "How many calls are allowed within the window."},
				{Name: "renewal-period", Type: policy.Int, Required: true, Expression: true, Bounded: true, Min: 1, Max: maxRenewal, Doc: "The window in seconds."},
				{Name: "counter-key", Required: true, Expression: true, Doc: "What is counted together: one count for the whole gateway, whatever policy uses the key."},
				incrementCondition,
				incrementCount,
				{Name: "increment-after-response", Type: policy.Bool, Default: "false", Doc: "Whether calls are counted when their answer is known, and refused one call later."},
			}, limitNames...),
		},
		Sections: policy.Inbound,
		Compile: func(e *policy.Element) policy.Step {
			return &rateStep{
				limitSays: saysOf(e), counters: s.Counters, calls: e.Value("calls"), period: e.Value("renewal-period"), key: e.Value("counter-key"),
				condition: e.Value("increment-condition"), count: e.Value("increment-count"),
				deferred: !e.Value("increment-condition").IsLiteral() || !e.Value("increment-count").IsLiteral() || e.True("increment-after-response"),
			}
		},
	}
}

// maxCalls bounds numbers of calls, so that sums of them do not overflow.
const maxCalls = 1 << 53

var (
	incrementCondition = policy.Attribute{
		Name: "increment-condition", Type: policy.Condition, Default: "true", Expression: true,
		Doc: "Whether a call counts; an expression is evaluated when the answer is known.",
	}
	incrementCount = policy.Attribute{
		Name: "increment-count", Type: policy.Int, Default: "1", Expression: true, Bounded: true, Max: maxCalls,
		Doc: "What a call counts; an expression is evaluated when the answer is known.",
	}
)

// limitSays are the names under which a limit tells what is left of it.
type limitSays struct {
	retryHeader, retryVariable, leftHeader, leftVariable, totalHeader string
}

func saysOf(e *policy.Element) limitSays {
	headerNames(e, "retry-after-header-name", "remaining-calls-header-name", "total-calls-header-name")
	return limitSays{
		retryHeader: e.Literal("retry-after-header-name"), retryVariable: e.Literal("retry-after-variable-name"),
		leftHeader: e.Literal("remaining-calls-header-name"), leftVariable: e.Literal("remaining-calls-variable-name"),
		totalHeader: e.Literal("total-calls-header-name"),
	}
}

// headerNames reports attributes that should name a header and do not.
func headerNames(e *policy.Element, attributes ...string) {
	for _, a := range attributes {
		if e.Has(a) && !e.Loose() && !validToken(e.Literal(a)) {
			e.ProblemAt(a, "wrong-value", "%s is not the name of a header", strconv.Quote(e.Literal(a)))
		}
	}
}

// refused is the error of a call beyond a rate.
func (s *limitSays) refused(r *policy.Run, v counter.Verdict, calls int64) error {
	seconds := wholeSeconds(v.Wait)
	if s.retryVariable != "" {
		setVariableTo(r, s.retryVariable, number(seconds))
	}
	e := r.Error(exchange.ReasonRateLimit, "Rate limit is exceeded")
	e.Status, e.Answer = 429, "Rate limit is exceeded. Try again in "+strconv.FormatInt(seconds, 10)+" seconds."
	if s.totalHeader != "" {
		e.Header.Add(s.totalHeader, strconv.FormatInt(calls, 10))
	}
	e.Header.Add(s.retryHeader, strconv.FormatInt(seconds, 10))
	return e
}

// passed tells what is left: at once in the variable, and on the response as soon
// as the backend has answered. An answer that is not a backend's has no such
// headers (spec: policies.md 8, row 6).
func (s *limitSays) passed(r *policy.Run, left, calls int64) {
	if s.leftVariable != "" {
		setVariableTo(r, s.leftVariable, number(left))
	}
	if s.leftHeader != "" || s.totalHeader != "" {
		r.Later(policy.BeforeOutbound, func(r *policy.Run) error {
			h := r.Header(policy.Response)
			if s.leftHeader != "" {
				h.Set(s.leftHeader, strconv.FormatInt(left, 10))
			}
			if s.totalHeader != "" {
				h.Set(s.totalHeader, strconv.FormatInt(calls, 10))
			}
			return nil
		})
	}
	if r.Tracing() {
		r.Trace(limitEntry{"The call is within the limit.", calls, left})
	}
}

// number is a count as a variable has it: an Int32, as large as that can be.
func number(n int64) value.Value { return value.Int(int(min(n, math.MaxInt32))) }

// limitEntry is the trace entry of a call within a limit.
type limitEntry struct {
	Message string `json:"message"`
	Limit   int64  `json:"limit"`
	Left    int64  `json:"remaining"`
}

// wholeSeconds is a wait as it is told: rounded up, and at least a second.
func wholeSeconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}

type rateStep struct {
	limitSays
	counters           Counters
	calls, period, key *policy.Value
	condition, count   *policy.Value
	// deferred says that a call is counted when its answer is known.
	deferred bool
}

// Run counts the call and refuses it, or, where an expression decides whether it
// counts, looks at what the calls before it have left behind (spec: policies.md
// 2.6.2).
func (s *rateStep) Run(r *policy.Run) error {
	calls, err := s.calls.Int(r)
	if err != nil {
		return err
	}
	seconds, err := s.period.Int(r)
	if err != nil {
		return err
	}
	key, err := s.key.String(r)
	if err != nil {
		return err
	}
	length := time.Duration(seconds) * time.Second
	if s.deferred {
		v := s.counters.Within(key, length, calls)
		if !v.OK {
			return s.refused(r, v, calls)
		}
		r.Later(policy.AtEnd, func(r *policy.Run) error {
			n, err := counted(r, s.condition, s.count)
			s.counters.Count(key, length, n)
			return err
		})
		s.passed(r, v.Left, calls)
		return nil
	}
	n, _ := counted(r, s.condition, s.count)
	v := s.counters.Spend(key, length, calls, n)
	if !v.OK {
		return s.refused(r, v, calls)
	}
	s.passed(r, v.Left, calls)
	return nil
}

// counted is what a call counts: nothing where an expression throws.
func counted(r *policy.Run, condition, count *policy.Value) (n int64, err error) {
	if counts, err := condition.Bool(r); err != nil || !counts {
		return 0, err
	}
	return count.Int(r)
}

func rateLimit(s Services) policy.Kind {
	own := []policy.Attribute{
		{Name: "calls", Type: policy.Int, Required: true, Bounded: true, Max: maxCalls, Doc: "How many calls are allowed within the window."},
		{Name: "renewal-period", Type: policy.Int, Required: true, Bounded: true, Min: 1, Max: maxRenewal, Doc: "The window in seconds."},
	}
	return policy.Kind{
		Shape: policy.Shape{
			Name:       "rate-limit",
			Doc:        "Refuses calls of a subscription with 429 beyond a number within a sliding window; calls without a subscription are not counted.",
			Attributes: append(append([]policy.Attribute{}, own...), limitNames...),
			Children:   parts(own),
		},
		Sections: policy.Inbound,
		Scopes:   policy.Product | policy.API | policy.Operation,
		Once:     true,
		Compile: func(e *policy.Element) policy.Step {
			step := &subscriptionRateStep{limitSays: saysOf(e), counters: s.Counters}
			for _, p := range partsOf(e) {
				l := rateOf{part: p.part}
				l.calls, _ = p.element.Value("calls").Int(nil)
				seconds, _ := p.element.Value("renewal-period").Int(nil)
				l.length = time.Duration(seconds) * time.Second
				step.limits = append(step.limits, l)
			}
			return step
		},
	}
}

// parts are the children of rate-limit and quota that limit one API or one of its
// operations.
func parts(own []policy.Attribute) []policy.Child {
	named := func(what string) []policy.Attribute {
		return append([]policy.Attribute{
			{Name: "name", Doc: "The display name of the " + what + "."},
			{Name: "id", Doc: "The name of the " + what + "'s resource; it counts where both are given."},
		}, own...)
	}
	return []policy.Child{{Shape: policy.Shape{
		Name: "api", Doc: "A limit of its own for one API.", Attributes: named("API"),
		Children: []policy.Child{{Shape: policy.Shape{
			Name: "operation", Doc: "A limit of its own for one operation of it.", Attributes: named("operation"),
		}}},
	}}}
}

// part is what a limit is for: everything, or one API, or one of its operations.
type part struct {
	key                string
	api, apiID         string
	operation, operaID string
}

type partElement struct {
	part
	element *policy.Element
}

// partsOf are the limits of an element: its own and those of its children.
func partsOf(e *policy.Element) []partElement {
	list := []partElement{{element: e}}
	for _, a := range e.Children("api") {
		p := part{api: a.Literal("name"), apiID: a.Literal("id")}
		p.key = "/" + p.apiID + "/" + p.api
		if p.api == "" && p.apiID == "" {
			a.Problem("missing-attribute", "api needs the attribute name or id")
			continue
		}
		list = append(list, partElement{p, a})
		for _, o := range a.Children("operation") {
			q := p
			q.operation, q.operaID = o.Literal("name"), o.Literal("id")
			q.key += "/" + q.operaID + "/" + q.operation
			if q.operation == "" && q.operaID == "" {
				o.Problem("missing-attribute", "operation needs the attribute name or id")
				continue
			}
			list = append(list, partElement{q, o})
		}
	}
	return list
}

// covers reports whether the limit is for a request.
func (p *part) covers(x *exchange.Exchange) bool {
	if p.key == "" {
		return true
	}
	if x.API == nil || !names(p.api, p.apiID, x.API.DisplayName, x.API.RootName()) {
		return false
	}
	if p.operation == "" && p.operaID == "" {
		return true
	}
	return x.Operation != nil && names(p.operation, p.operaID, x.Operation.DisplayName, x.Operation.Name)
}

func names(name, id, displayName, resource string) bool {
	if id != "" {
		return strings.EqualFold(apim.Tail(id), resource)
	}
	return strings.EqualFold(name, displayName)
}

// countedFor is the key of a limit by subscription: the policy's own place is part
// of it, so that limits at two scopes do not share a count.
func (p *part) countedFor(r *policy.Run, s *apim.Subscription) string {
	x, o := r.X, r.Origin()
	key := o.Policy + "\x00" + string(o.Scope) + "\x00"
	switch {
	case o.Scope == policy.ScopeProduct && x.Product != nil:
		key += x.Product.Name
	case x.API != nil:
		key += x.API.RootName()
		if o.Scope == policy.ScopeOperation && x.Operation != nil {
			key += "/" + x.Operation.Name
		}
	}
	return key + "\x00" + p.key + "\x00" + s.Name
}

type rateOf struct {
	part
	calls  int64
	length time.Duration
}

type subscriptionRateStep struct {
	limitSays
	counters Counters
	limits   []rateOf
}

// Run judges all limits that are for the request before any counts it; any of
// them refuses it.
func (s *subscriptionRateStep) Run(r *policy.Run) error {
	own := r.X.Subscription
	if own == nil {
		r.Trace("The call has no subscription and is not counted.")
		return nil
	}
	for i := range s.limits {
		if l := &s.limits[i]; l.covers(r.X) {
			if v := s.counters.Within(l.countedFor(r, own), l.length, l.calls-1); !v.OK {
				return s.refused(r, v, l.calls)
			}
		}
	}
	least, of := int64(maxCalls), int64(0)
	for i := range s.limits {
		if l := &s.limits[i]; l.covers(r.X) {
			s.counters.Count(l.countedFor(r, own), l.length, 1)
			if v := s.counters.Within(l.countedFor(r, own), l.length, l.calls); v.Left < least {
				least, of = v.Left, l.calls
			}
		}
	}
	s.passed(r, least, of)
	return nil
}
