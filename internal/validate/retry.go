package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// failing is one way in which a region fails.
type failing struct {
	fault json.RawMessage
	does  string // what the region does then
	// silent marks a fault under which the region sees no attempt.
	silent bool
	// condition is what a retry needs for it.
	condition string
}

// The ways: regions take them in turn, so that each way is tried with one region
// and each region fails once.
var failings = []failing{
	{throttled, "answering 429", false, "a condition that takes 429"},
	{json.RawMessage(`{"kind":"status","status":503}`), "answering 503", false, "a condition that takes 500 and above"},
	{json.RawMessage(`{"kind":"refuse"}`), "refusing connections", true, "a condition that takes context.Response == null, which is how a region looks that gives no answer"},
}

// Step 5 sends requests until some of each operation have met the failed region,
// or so many are sent.
const (
	metEnough  = 2
	mostAsks   = 40
	silentAsks = 20
	idleAsks   = 8 // to a region that gets no requests while all are well
	asksAtOnce = 4
)

// retries is step 5: each region fails in turn, and every client gets 200.
func (c *Check) retries(ctx context.Context) verdict {
	if v, ok := c.several("there is no other to move on to"); !ok {
		return v
	}
	if c.far == nil {
		return c.blind("attempts at a failed region")
	}
	note, err := c.lift(ctx)
	if err == nil {
		err = c.settle(ctx)
	}
	if err != nil {
		return trouble(err)
	}
	waited := c.intended(ctx).waited()
	use, answers, err := c.inUse(ctx)
	switch {
	case err != nil:
		return trouble(err)
	case len(use) == 0:
		return c.noneToFail(answers, note)
	}
	if texts, n := failures(answers); n > 0 {
		i := slices.IndexFunc(answers, func(a answer) bool { return !a.ok() })
		return fail(c.whyNone(answers[i]), "Requests fail already while no region does, %d of %d: %s.%s", n, len(answers), listed(texts), note)
	}
	var turns []trial
	take := func(region string, way failing) (done bool, v verdict) {
		t := trial{region: region, failing: way, used: use[region] > 0, asks: mostAsks}
		switch {
		case !t.used && !slices.Contains(waited, region):
			t.asks = idleAsks
		case t.silent:
			t.asks = silentAsks
		}
		if err := c.try(ctx, &t); err != nil {
			return true, trouble(err)
		}
		if t.failed > 0 {
			return true, t.verdict(c, note)
		}
		turns = append(turns, t)
		return false, verdict{}
	}
	again := func() error {
		if err := c.settle(ctx); err != nil {
			return err
		}
		use, err = c.back(ctx, waited)
		return err
	}
	for i, r := range c.list {
		if i > 0 {
			if err := again(); err != nil {
				return trouble(err)
			}
		}
		if done, v := take(r.name, failings[i%len(failings)]); done {
			return v
		}
	}
	// A way that nobody met, because the region stands behind others or there are
	// few, is tried with the region that gets most of the requests.
	for _, way := range failings {
		if slices.ContainsFunc(turns, func(t trial) bool { return t.does == way.does && t.observed() }) {
			continue
		}
		if err := again(); err != nil {
			return trouble(err)
		}
		if done, v := take(busiest(use), way); done {
			return v
		}
	}
	return allTurns(turns, note)
}

// inUse sends requests while all is well, and says which regions get them.
func (c *Check) inUse(ctx context.Context) (use map[string]int, answers []answer, err error) {
	n := 4 * len(c.list)
	arrived, err := c.watch(ctx, attempts(n), func() { answers = c.askAll(ctx, n, asksAtOnce, c.asked()...) })
	use = map[string]int{}
	for name, list := range arrived {
		use[name] = len(list)
	}
	return use, answers, err
}

// busiest is the region of the most requests.
func busiest(use map[string]int) string {
	best := ""
	for name, n := range use {
		if n > use[best] || n == use[best] && name < best {
			best = name
		}
	}
	return best
}

// noneToFail is the verdict when requests reach no region at all.
func (c *Check) noneToFail(answers []answer, note string) verdict {
	if texts, n := failures(answers); n > 0 {
		i := slices.IndexFunc(answers, func(a answer) bool { return !a.ok() })
		return fail(c.whyNone(answers[i]), "Requests fail already while no region does, %d of %d: %s. None of them reached a region.%s", n, len(answers), listed(texts), note)
	}
	return notObserved("Look at step 3: do the requests go to these regions at all?", "None of %d requests reached one of the regions %s, so that no retry was needed.%s", len(answers), listed(c.names()), note)
}

// trial is one region failing in one way, and what came of it.
type trial struct {
	region string
	failing
	used     bool // the region got requests while it was well
	asks     int  // the most requests to send
	answers  []answer
	failed   int
	attempts []attempt
}

// attempt is a request at a region.
type attempt struct {
	region, mark string
	seen
}

// observed reports whether the way was met. Of one under which the region sees no
// attempt it is enough that it had its part of the requests before.
func (t *trial) observed() bool { return t.met() > 0 || t.silent && t.used }

// met is how many attempts were made at the failed region.
func (t *trial) met() int {
	n := 0
	for _, a := range t.attempts {
		if a.region == t.region {
			n++
		}
	}
	return n
}

// enough reports whether each operation has met the failed region, or failed.
// Where a request has met it twice, the choice may be one by chance, and it takes
// more of them to see whether a request can meet it to its end.
func (t *trial) enough(of []operation) bool {
	if t.silent {
		return t.failed > 0
	}
	met, twice := t.requests()
	return (t.failed > 0 || !twice) && !slices.ContainsFunc(of, func(o operation) bool {
		return t.failedOf(o) == 0 && (met[o] == 0 || t.failed == 0 && met[o] < metEnough)
	})
}

// requests counts those that met the failed region, and says whether one did so
// twice.
func (t *trial) requests() (met map[operation]int, twice bool) {
	met, seen := map[operation]int{}, map[string]bool{}
	for _, a := range t.attempts {
		switch {
		case a.region != t.region:
		case seen[a.mark]:
			twice = true
		default:
			seen[a.mark] = true
			met[a.asked()]++
		}
	}
	return met, twice
}

func (t *trial) failedOf(o operation) int {
	n := 0
	for _, a := range t.answers {
		if !a.ok() && a.asked == o {
			n++
		}
	}
	return n
}

// try fails a region and asks.
func (c *Check) try(ctx context.Context, t *trial) error {
	heal := func(ctx context.Context) error { return c.far.setFault(ctx, t.region, nil) }
	c.undo = append(c.undo, heal)
	if err := c.far.setFault(ctx, t.region, t.fault); err != nil {
		return err
	}
	for len(t.answers) < t.asks && !t.enough(c.asked()) && ctx.Err() == nil {
		arrived, err := c.watch(ctx, attempts(asksAtOnce), func() {
			t.answers = append(t.answers, c.askAll(ctx, asksAtOnce, asksAtOnce, c.asked()...)...)
		})
		if err != nil {
			return err
		}
		for name, list := range arrived {
			for _, e := range list {
				t.attempts = append(t.attempts, attempt{name, c.markOf(e), e})
			}
		}
		_, t.failed = failures(t.answers)
	}
	slices.SortStableFunc(t.attempts, func(a, b attempt) int { return a.Time.Compare(b.Time) })
	if err := heal(ctx); err != nil {
		return err // what is to be undone stays so
	}
	c.undo = c.undo[:len(c.undo)-1]
	return nil
}

// verdict says why requests failed, by the attempts of each of them.
func (t *trial) verdict(c *Check, note string) verdict {
	texts, _ := failures(t.answers)
	what := fmt.Sprintf("With %s %s, %d of %s failed: %s.", t.region, t.does, t.failed, counted(len(t.answers), "request", "requests"), listed(texts))
	once, same, worst := 0, 0, attempt{}
	unmarked := slices.ContainsFunc(t.attempts, func(a attempt) bool { return a.mark == "" })
	for _, a := range t.answers {
		if a.ok() {
			continue
		}
		own := t.of(a.mark)
		if unmarked { // nothing tells the attempts of one request from another's
			switch others := len(t.attempts) - t.met(); {
			case len(t.attempts) <= len(t.answers):
				once++
			case others <= len(t.answers)-t.failed:
				same++
			default:
				worst = t.attempts[len(t.attempts)-1]
			}
			continue
		}
		last := attempt{}
		if len(own) > 0 {
			last = own[len(own)-1]
		}
		switch {
		case len(own) == 0 && !t.silent:
			return fail(c.whyNone(a), "%s None of them reached a region.%s", what, note)
		case len(own) == 0 || len(own) == 1 && last.region == t.region:
			once++
		case !slices.ContainsFunc(own, func(x attempt) bool { return x.region != t.region }):
			same++
		default:
			worst = last
		}
	}
	spoken := t.alone()
	switch {
	case worst.region != "" && worst.region != t.region:
		return fail(c.whyMoved(worst), "%s They were tried again, and %s answered %d.%s", what, worst.region, worst.answered(), note)
	case once > 0 && t.silent:
		return fail("Give the retry "+t.condition+`, and choose another region inside it. "spillway trace" shows the attempts of such a request.`, "%s No second attempt was made after the refused one.%s", what, note)
	case once > 0:
		return fail("Put a retry policy around forward-request in the backend section, with "+t.condition+", and choose another region inside it."+ownPolicy(spoken),
			"%s No request%s was tried a second time: there is no retry, or its condition does not take this.%s", what, spoken, note)
	case same > 0:
		return fail("Choose the backend anew inside the retry, one that has not been tried: set-backend-service there, or a pool with a circuit breaker.",
			"%s The failed ones went to %s again and again: %d attempts met it.%s", what, t.region, t.met(), note)
	}
	return fail("Allow as many retries as there are other regions, and let each pass choose a region that has not been tried.",
		"%s There were %d attempts, of which %d met the failed region.%s", what, len(t.attempts), t.met(), note)
}

// alone names the operation that failed where the other met the failed region and
// did not.
func (t *trial) alone() string {
	met, _ := t.requests()
	switch {
	case t.failedOf(chats) == 0 && met[chats] > 0:
		return " of embeddings"
	case t.failedOf(embeddings) == 0 && met[embeddings] > 0:
		return " of chats"
	}
	return ""
}

// ownPolicy is what is worth a look where one operation behaves unlike the other.
func ownPolicy(spoken string) string {
	if spoken == "" {
		return ""
	}
	return " Has the operation a policy of its own? What the API's policy does holds there only where it says <base />."
}

// of are the attempts of a request, in their order.
func (t *trial) of(mark string) []attempt {
	var own []attempt
	for _, a := range t.attempts {
		if a.mark == mark {
			own = append(own, a)
		}
	}
	return own
}

// whyMoved is the hint where another region took over, and did no better.
func (c *Check) whyMoved(a attempt) string {
	switch a.answered() {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "The key must change with the region: set api-key inside the retry to the key of the region that is chosen there. Step 3 looks at the keys."
	case http.StatusNotFound:
		return "Is the deployment there in " + a.region + "? Step 1 looks at it."
	case http.StatusBadRequest:
		return `The body of the request must be kept for the next attempt: buffer-request-body="true" on forward-request.`
	case http.StatusTooManyRequests:
		return "The other regions' quotas do not suffice for all of the traffic, or a policy limits it."
	}
	return `"spillway trace" shows every attempt of such a request.`
}

// allTurns is the verdict when every client got its answer.
func allTurns(turns []trial, note string) verdict {
	var told, unmet []string
	requests, attempts, met := 0, 0, 0
	for _, t := range turns {
		told = append(told, t.region+" "+t.does)
		requests += len(t.answers)
		attempts += len(t.attempts)
		met += t.met()
	}
	for _, t := range turns {
		observed := slices.ContainsFunc(turns, func(x trial) bool { return x.region == t.region && x.observed() })
		if !observed && !slices.Contains(unmet, t.region) {
			unmet = append(unmet, t.region)
		}
	}
	for _, way := range failings {
		if !slices.ContainsFunc(turns, func(t trial) bool { return t.does == way.does && t.observed() }) {
			return notObserved("Take the step again. If that changes nothing, look at step 3: which regions do the requests go to?",
				"No request met a region %s, so that no retry was needed for it: %s, %d requests.%s", way.does, strings.Join(told, ", "), requests, note)
		}
	}
	if len(unmet) > 0 {
		note = " " + listed(unmet) + " stood behind others and got no request while failed." + note
	}
	return success("With %s, all %d requests were answered with 200: %d attempts were counted at the regions, %d of them at the failed one; connections that were refused are not among them.%s",
		strings.Join(told, ", then "), requests, attempts, met, note)
}
