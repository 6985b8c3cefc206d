package builtin

import (
	"math"
	"strings"

	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func limitConcurrency(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name:  "limit-concurrency",
			Doc:   "Lets only so many requests into its policies at a time; the others are refused at once with 429.",
			Block: true, NonEmpty: true,
			Attributes: []policy.Attribute{
				{Name: "key", Required: true, Expression: true, Doc: "Whose requests are counted together: policies with the same key share their places."},
				{
					Name: "max-count", Type: policy.Int, Required: true, Bounded: true, Min: 1, Max: math.MaxInt32,
					Doc: "How many requests may be inside.",
				},
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			limit, _ := e.Value("max-count").Int(nil)
			o := e.Origin()
			return &concurrencyStep{
				counters: s.Counters, key: e.Value("key"), limit: limit, block: e.Block(),
				whole: o.Section == policy.SectionBackend && !strings.Contains(o.Path, "/"),
			}
		},
	}
}

type concurrencyStep struct {
	counters Counters
	key      *policy.Value
	limit    int64
	block    policy.Block
	// whole says that a place is kept until the answer has been sent.
	whole bool
}

// Run holds a place while the policies run. Where it is the outermost policy of
// backend it holds it to the end of the answer's body: a stream keeps its region
// busy for as long as it lasts (what the service does is not known).
func (s *concurrencyStep) Run(r *policy.Run) error {
	key, err := s.key.String(r)
	if err != nil {
		return err
	}
	if !s.counters.Enter(key, s.limit) {
		e := r.Error(exchange.ReasonConcurrency, "Too many concurrent requests.")
		e.Status = 429
		return e
	}
	if s.whole {
		r.X.After(func() { s.counters.Leave(key) })
	} else {
		defer s.counters.Leave(key)
	}
	return r.Do(s.block)
}
