package validate

import (
	"context"
	"encoding/json"
	"fmt"
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

// Step 5 sends requests until the failed region has been met often enough, or so
// many are sent.
const (
	metEnough  = 4
	mostAsks   = 40
	silentAsks = 20
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
	var turns []trial
	for i, r := range c.list {
		ways := failings[i%len(failings):]
		if i < len(c.list)-1 {
			ways = ways[:1] // the last region takes what no other has
		} else if len(c.list) >= len(failings) {
			ways = ways[:1]
		}
		for _, way := range ways {
			turns = append(turns, trial{region: r.name, failing: way})
		}
	}
	for i := range turns {
		t := &turns[i]
		if err := c.try(ctx, t); err != nil {
			return trouble(err)
		}
		if t.failed > 0 {
			return t.verdict(c, note)
		}
		if err := c.settle(ctx); err != nil {
			return trouble(err)
		}
		if err := c.back(ctx, waited); err != nil {
			return trouble(err)
		}
	}
	return allTurns(turns, note)
}

// trial is one region failing in one way, and what came of it.
type trial struct {
	region string
	failing
	answers  []answer
	failed   int
	met      int // attempts at the failed region
	attempts int // at all regions
	others   int // attempts at others
}

// try fails a region and asks.
func (c *Check) try(ctx context.Context, t *trial) error {
	heal := func(ctx context.Context) error { return c.far.setFault(ctx, t.region, nil) }
	c.undo = append(c.undo, heal)
	if err := c.far.setFault(ctx, t.region, t.fault); err != nil {
		return err
	}
	limit := mostAsks
	if t.silent {
		limit = silentAsks
	}
	for len(t.answers) < limit && t.met < metEnough && t.failed == 0 && ctx.Err() == nil {
		arrived, err := c.watch(ctx, attempts(asksAtOnce), func() {
			t.answers = append(t.answers, c.completions(ctx, asksAtOnce, asksAtOnce)...)
		})
		if err != nil {
			return err
		}
		for name, list := range arrived {
			t.attempts += len(list)
			if name == t.region {
				t.met += len(list)
			} else {
				t.others += len(list)
			}
		}
		_, t.failed = failures(t.answers)
	}
	c.undo = c.undo[:len(c.undo)-1]
	return heal(ctx)
}

// verdict says why requests failed, as far as the attempts tell.
func (t *trial) verdict(c *Check, note string) verdict {
	texts, _ := failures(t.answers)
	n := len(t.answers)
	what := fmt.Sprintf("With %s %s, %d of %s failed: %s.", t.region, t.does, t.failed, counted(n, "request", "requests"), listed(texts))
	bad := slices.IndexFunc(t.answers, func(a answer) bool { return !a.ok() })
	switch {
	case !t.silent && t.attempts == 0:
		return fail(c.whyNone(t.answers[bad]), "%s None of them reached a region.%s", what, note)
	case t.silent && t.others <= n-t.failed:
		return fail("Give the retry "+t.condition+`, and choose another region inside it. "spillway trace" shows the attempts of such a request.`, "%s No second attempt was made after the refused one.%s", what, note)
	case !t.silent && t.attempts <= n:
		return fail("Put a retry policy around forward-request in the backend section, with "+t.condition+", and choose another region inside it.",
			"%s No request was tried a second time (%d requests, %s): there is no retry, or its condition does not take this.%s", what, n, counted(t.attempts, "attempt", "attempts"), note)
	case !t.silent && t.others <= n-t.failed:
		return fail("Choose the backend anew inside the retry: set-backend-service there, or a pool with a circuit breaker.",
			"%s The failed ones went to %s again and again: %d attempts met it.%s", what, t.region, t.met, note)
	}
	return fail("Allow as many retries as there are other regions, and let each pass choose a region that has not been tried.",
		"%s There were %d attempts, of which %d met the failed region.%s", what, t.attempts, t.met, note)
}

// allTurns is the verdict when every client got its answer.
func allTurns(turns []trial, note string) verdict {
	var told []string
	requests, attempts, met, unmet := 0, 0, 0, []string(nil)
	for _, t := range turns {
		told = append(told, t.region+" "+t.does)
		requests += len(t.answers)
		attempts += t.attempts
		met += t.met
		if t.met == 0 && !t.silent {
			unmet = append(unmet, t.region)
		}
	}
	if met == 0 {
		return notObserved("Look at step 3: do the requests go to these regions at all?", "No request met a failed region, so that no retry was needed: %s, %d requests.%s", strings.Join(told, ", "), requests, note)
	}
	if len(unmet) > 0 {
		note = " " + listed(unmet) + " stood behind others and got no request while failed." + note
	}
	return success("With %s, all %d requests were answered with 200: %d attempts were counted at the regions, %d of them at the failed one; connections that were refused are not among them.%s",
		strings.Join(told, ", then "), requests, attempts, met, note)
}
