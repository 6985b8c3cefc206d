package validate

import (
	"context"
	"fmt"
	"math"
	"net/http"
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
	// outside are the regions that are no members of the pool that says it.
	outside []string
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
		for _, name := range c.names() {
			if members[name] == "" {
				i.outside = append(i.outside, name)
			}
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
	// questionTokens is what one of them costs at most of a quota.
	questionTokens = 25
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
	v, past := c.measure(ctx, meant, n, note)
	if !past || ctx.Err() != nil || c.far == nil {
		return v
	}
	// A policy may remember for some seconds that a region was out. What is
	// measured is the set-up and not its past: a second look decides.
	if _, err := c.back(ctx, meant.waited()); err != nil {
		return v
	}
	v, _ = c.measure(ctx, meant, n, note)
	return v
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
		for _, d := range r.deployments {
			if d.Name != c.Model {
				continue
			}
			if d.RPM > 0 {
				n = min(n, max(someRequests, d.RPM/12))
			}
			if d.TPM > 0 {
				n = min(n, max(someRequests, d.TPM/(2*questionTokens)))
			}
		}
	}
	return n
}

// firstLook is how many requests say whether it is worth to send the others: a
// policy may try each one for seconds, in vain.
const firstLook = 12

// measure sends requests, counts who answered, and judges. past says that a
// failure may be one of what was before.
func (c *Check) measure(ctx context.Context, meant intention, n int, note string) (v verdict, past bool) {
	if c.Requests > 0 && meant.strategy == "" {
		if least := enough(meant.shares); n < least {
			return notObserved(fmt.Sprintf("Let it send %d requests or more: -requests %d.", least, least), "%s cannot tell how the traffic spreads.", counted(n, "request", "requests")), false
		}
	}
	t, err := c.count(ctx, min(n, firstLook))
	if err == nil && n > firstLook && len(t.good) > 0 {
		var more *tally
		if more, err = c.count(ctx, n-firstLook); err == nil {
			t.add(more)
		}
	}
	if err != nil {
		return trouble(err), false
	}
	answered := t.answered()
	told := c.told(t.good)
	texts, failed := failures(t.answers)
	switch {
	case answered == 0 && failed == 0:
		return c.nothingArrived(t.answers), false
	case answered == 0 || failed*10 > len(t.answers):
		i := slices.IndexFunc(t.answers, func(a answer) bool { return !a.ok() })
		if answered > 0 {
			note = " The others: " + told + "." + note
		}
		return fail(c.whyNone(t.answers[i]), "%d of %d requests were not answered: %s.%s", failed, len(t.answers), listed(texts), note), false
	}
	if meant.strategy != "" {
		v := judgeStrategy(meant, t.good, answered, told, note)
		return v, v.status == Fail
	}
	why := uneven(meant.shares, t.good, answered)
	if why == "" {
		return success("%d requests: %s. Intended by %s: %s.%s", len(t.answers), told, meant.source, c.percent(meant.shares), note), false
	}
	// A region that is asked and gives no good answer is no matter of shares.
	for _, name := range c.names() {
		bad := t.bad[name]
		if bad.n*10 <= answered+bad.n || meant.shares[name] == 0 {
			continue
		}
		return fail(c.whyRefused(name, bad.status), "%s was sent %s and answered %d of them with %d. Good answers: %s. Intended by %s: %s.%s",
			name, counted(t.good[name]+bad.n, "request", "requests"), bad.n, bad.status, told, meant.source, c.percent(meant.shares), note), false
	}
	return fail("If this is as you want it, say so: validate with shares in spillway.yaml, or -shares "+c.example(t.good)+". Otherwise look at how the policy chooses, or at the pool's priorities and weights.",
		"%s: %d requests went to %s. Intended by %s: %s.%s", why, len(t.answers), told, meant.source, c.percent(meant.shares), note), true
}

// whyRefused is the hint to a region's own refusal of what the policy sends it.
func (c *Check) whyRefused(region string, status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "Is the key that the policy sends " + region + " its own? Step 3 looks at it."
	case http.StatusNotFound:
		return "Has " + region + " the deployment " + c.Model + "? Step 1 looks at it."
	case http.StatusTooManyRequests:
		return "The quota of " + region + " is smaller than its share of the traffic: give it more, or a smaller share."
	}
	return `"spillway trace" shows what the policy sends it, and what comes back.`
}

// tally is who answered some requests.
type tally struct {
	answers []answer
	good    map[string]int // answers of a region with 200
	bad     map[string]refusals
}

// refusals are a region's other answers, and the status of the latest.
type refusals struct{ n, status int }

func (t *tally) answered() int {
	n := 0
	for _, good := range t.good {
		n += good
	}
	return n
}

func (t *tally) add(more *tally) {
	t.answers = append(t.answers, more.answers...)
	for name, n := range more.good {
		t.good[name] += n
	}
	for name, r := range more.bad {
		t.bad[name] = refusals{t.bad[name].n + r.n, r.status}
	}
}

// count sends n requests, and counts who answered them.
func (c *Check) count(ctx context.Context, n int) (*tally, error) {
	t := &tally{good: map[string]int{}, bad: map[string]refusals{}}
	if c.far == nil {
		names, why := c.selfNamed(ctx)
		if why != "" {
			return nil, fmt.Errorf("the regions cannot be told apart: %s", why)
		}
		t.answers = c.askAll(ctx, n, atOnce, chats)
		for _, a := range t.answers {
			if name := names[a.header.Get(regionHeader)]; a.ok() && name != "" {
				t.good[name]++
			}
		}
		return t, nil
	}
	arrived, err := c.watch(ctx, attempts(n), func() { t.answers = c.askAll(ctx, n, atOnce, chats) })
	for name, list := range arrived {
		for _, e := range list {
			if status := e.answered(); status == http.StatusOK {
				t.good[name]++
			} else {
				t.bad[name] = refusals{t.bad[name].n + 1, status}
			}
		}
	}
	return t, err
}

// enough is how many requests it takes to see that all of them go to the region
// with the largest share.
func enough(shares map[string]float64) int {
	largest, regions := 0.0, 0
	for _, share := range shares {
		if share > 0 {
			regions++
		}
		largest = max(largest, share)
	}
	if regions < 2 {
		return 1
	}
	return int(critical(regions-1)/(1/largest-1)) + 1
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
// passed, and says who got the latest ones.
func (c *Check) back(ctx context.Context, names []string) (use map[string]int, err error) {
	end := time.Now().Add(c.Memory)
	missing := slices.Clone(names)
	use = map[string]int{}
	for {
		n := max(2*len(names), len(c.list))
		arrived, err := c.watch(ctx, attempts(n), func() {
			for range n {
				c.complete(ctx, c.gateway())
			}
		})
		if err != nil {
			return nil, err
		}
		for name, list := range arrived {
			use[name] += len(list)
		}
		missing = slices.DeleteFunc(missing, func(n string) bool { return len(arrived[n]) > 0 })
		if len(missing) == 0 || time.Now().After(end) {
			return use, nil
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return nil, err
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
