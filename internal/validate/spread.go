package validate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// intention is how the traffic is meant to spread.
type intention struct {
	shares map[string]float64 // of 1, by region; 0 for a spare
	source string             // where that comes from, for people
	// strategy is the pool's where it is not the service's own rule, and shares
	// are then not to be kept exactly.
	strategy string
}

// free reports whether the pool chooses by what it believes of its members, and
// may well send everything to one of them while all are well.
func (i intention) free() bool { return i.strategy != "" && i.strategy != "least-busy" }

// waited are the regions that must get requests again once they are well.
func (i intention) waited() []string {
	if i.free() {
		return nil
	}
	return i.front()
}

// intended is what the set-up states, a pool's members, or all regions alike.
func (c *Check) intended(ctx context.Context) intention {
	weights, i := map[string]int{}, intention{source: "all regions alike"}
	pool, members := c.poolInUse(ctx)
	switch {
	case len(c.Shares) > 0:
		i.source = "the stated shares"
		weights = c.Shares
	case pool != nil:
		i.source = "the pool " + pool.Name
		best := math.MaxInt
		for _, m := range pool.Members {
			best = min(best, m.Priority)
		}
		for _, m := range pool.Members {
			for region, backend := range members {
				if backend == m.Backend && m.Priority == best {
					weights[region] = max(1, m.Weight)
				}
			}
		}
	default:
		for _, name := range c.names() {
			weights[name] = 1
		}
	}
	if pool != nil && pool.Strategy != "" && pool.Strategy != "apim" {
		i.strategy = pool.Strategy
	}
	total := 0
	for _, name := range c.names() {
		total += weights[name]
	}
	i.shares = map[string]float64{}
	for _, name := range c.names() {
		if total > 0 {
			i.shares[name] = float64(weights[name]) / float64(total)
		}
	}
	return i
}

// front are the regions that are meant to get traffic when all is well.
func (i intention) front() []string {
	var list []string
	for name, share := range i.shares {
		if share > 0 {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// Step 4 counts so many requests, of which some are sent at once: small ones,
// but real regions charge for them.
const (
	manyRequests = 300
	someRequests = 60
	atOnce       = 6
)

// spread is step 4: the traffic spreads as intended.
func (c *Check) spread(ctx context.Context) verdict {
	if v, ok := c.several("there is nothing to spread over"); !ok {
		return v
	}
	for name := range c.Shares {
		if c.region(name) == nil {
			return fail("The regions are "+listed(c.names())+".", "The stated shares name a region %s that there is none of.", name)
		}
	}
	note := ""
	if c.far != nil {
		n, err := c.lift(ctx)
		if err == nil {
			err = c.settle(ctx)
		}
		if err != nil {
			return trouble(err)
		}
		note = n
	}
	meant := c.intended(ctx)
	n := c.howMany()
	v := c.measure(ctx, meant, n, note)
	if v.status != Fail || ctx.Err() != nil || c.far == nil {
		return v
	}
	// A policy may remember for some seconds that a region was out. What is
	// measured is the set-up and not its past: a second look decides.
	if err := c.back(ctx, meant.waited()); err != nil {
		return v
	}
	return c.measure(ctx, meant, n, note)
}

// howMany is how many requests the regions take without being throttled: their
// rate counts per ten seconds, and one region may have to take all of them.
func (c *Check) howMany() int {
	if c.Requests > 0 {
		return c.Requests
	}
	if c.far == nil || !c.list[0].simulated {
		return someRequests
	}
	n := manyRequests
	for _, r := range c.list {
		if r.rate > 0 {
			n = min(n, max(someRequests, r.rate/12))
		}
	}
	return n
}

// measure sends requests, counts who answered, and judges.
func (c *Check) measure(ctx context.Context, meant intention, n int, note string) verdict {
	answers, by, err := c.count(ctx, n)
	if err != nil {
		return trouble(err)
	}
	answered := 0
	for _, name := range c.names() {
		answered += by[name]
	}
	told := c.told(by)
	texts, failed := failures(answers)
	switch {
	case answered == 0 && failed == 0:
		return c.nothingArrived(answers)
	case answered == 0 || failed*10 > n:
		i := slices.IndexFunc(answers, func(a answer) bool { return !a.ok() })
		if answered > 0 {
			note = " The others: " + told + "." + note
		}
		return fail(c.whyNone(answers[i]), "%d of %d requests were not answered: %s.%s", failed, n, listed(texts), note)
	}
	if meant.strategy != "" {
		return judgeStrategy(meant, by, answered, told, note)
	}
	why := uneven(meant.shares, by, answered)
	if why == "" {
		return success("%d requests: %s. Intended by %s: %s.%s", n, told, meant.source, c.percent(meant.shares), note)
	}
	return fail("If this is as you want it, say so: validate with shares in spillway.yaml, or -shares "+c.example(by)+". Otherwise look at how the policy chooses, or at the pool's priorities and weights.",
		"%s: %d requests went to %s. Intended by %s: %s.%s", why, n, told, meant.source, c.percent(meant.shares), note)
}

// count sends n requests, and counts by region the answers that were good.
func (c *Check) count(ctx context.Context, n int) (answers []answer, by map[string]int, err error) {
	by = map[string]int{}
	if c.far == nil {
		names, why := c.selfNamed(ctx)
		if why != "" {
			return nil, nil, fmt.Errorf("the regions cannot be told apart: %s", why)
		}
		answers = c.completions(ctx, n, atOnce)
		for _, a := range answers {
			if name := names[a.header.Get(regionHeader)]; a.ok() && name != "" {
				by[name]++
			}
		}
		return answers, by, nil
	}
	arrived, err := c.watch(ctx, attempts(n), func() { answers = c.completions(ctx, n, atOnce) })
	for name, list := range arrived {
		for _, e := range list {
			if e.answered() == 200 {
				by[name]++
			}
		}
	}
	return answers, by, err
}

// uneven says what is against the intention, or "". It is a chi-squared test
// that calls a set-up as it is meant to be uneven once in ten thousand times.
func uneven(shares map[string]float64, by map[string]int, total int) string {
	statistic, classes := 0.0, 0
	for name, share := range shares {
		got := float64(by[name])
		switch {
		case share > 0:
			want := share * float64(total)
			statistic += (got - want) * (got - want) / want
			classes++
		case got > 0.02*float64(total):
			return fmt.Sprintf("%s is a spare and got traffic while all was well", name)
		}
	}
	for _, name := range sortedNames(shares) {
		if shares[name]*float64(total) >= 10 && by[name] == 0 {
			return name + " gets no traffic"
		}
	}
	if classes > 1 && statistic > critical(classes-1) {
		return "The traffic spreads otherwise than intended"
	}
	return ""
}

func sortedNames(shares map[string]float64) []string {
	var list []string
	for name := range shares {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// critical is the value of chi-squared with these degrees of freedom that is
// exceeded once in ten thousand times (Wilson and Hilferty's approximation).
func critical(degrees int) float64 {
	const z = 3.719 // of the normal distribution
	d := float64(degrees)
	k := 1 - 2/(9*d) + z*math.Sqrt(2/(9*d))
	return d * k * k * k
}

// judgeStrategy is for pools that choose by what they know of their members:
// shares follow from the load and are nothing to keep.
func judgeStrategy(meant intention, by map[string]int, total int, told, note string) verdict {
	if !meant.free() {
		for _, name := range meant.front() {
			if by[name]*50 < total {
				return fail("GET /pools of the management API shows what the pool knows of each member, and the trace of a request why it was not chosen.",
					"%s gets next to no traffic: %s, in the pool's strategy %s.%s", name, told, meant.strategy, note)
			}
		}
	}
	return success("%d requests: %s, by %s, whose strategy %s keeps no fixed shares.%s", total, told, meant.source, meant.strategy, note)
}

// back waits until each of these regions gets requests again, or some time has
// passed.
func (c *Check) back(ctx context.Context, names []string) error {
	end := time.Now().Add(c.Memory)
	missing := slices.Clone(names)
	for {
		arrived, err := c.watch(ctx, attempts(2*len(names)), func() {
			for range 2 * len(names) {
				c.complete(ctx, c.gateway())
			}
		})
		if err != nil {
			return err
		}
		missing = slices.DeleteFunc(missing, func(n string) bool { return len(arrived[n]) > 0 })
		if len(missing) == 0 || time.Now().After(end) {
			return nil
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return err
		}
	}
}

// told is who answered how often.
func (c *Check) told(by map[string]int) string {
	var parts []string
	for _, name := range c.names() {
		parts = append(parts, fmt.Sprintf("%s %d", name, by[name]))
	}
	return strings.Join(parts, ", ")
}

func (c *Check) percent(shares map[string]float64) string {
	var parts []string
	for _, name := range c.names() {
		parts = append(parts, fmt.Sprintf("%s %.0f%%", name, 100*shares[name]))
	}
	return strings.Join(parts, ", ")
}

// example is what was seen, in the form that -shares takes.
func (c *Check) example(by map[string]int) string {
	var parts []string
	for _, name := range c.names() {
		parts = append(parts, fmt.Sprintf("%s=%d", name, by[name]))
	}
	return strings.Join(parts, ",")
}
