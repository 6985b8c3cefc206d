package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Step 3 looks until it has seen every region that is meant to be used, in
// rounds of some requests: with three regions chosen at random, the chance that
// one is missed in all of them is one in ten million.
const (
	rounds    = 5
	perRound  = 8
	spareAsks = 6 // requests while the regions in front fail
)

// asked is what step 3 has seen of one region.
type asked struct{ total, own, token, wrong int }

// dynamic is step 3: backend and key change.
func (c *Check) dynamic(ctx context.Context) verdict {
	if v, ok := c.several("the policy has nothing to choose from"); !ok {
		return v
	}
	if c.far == nil {
		return c.dynamicByAnswers(ctx)
	}
	note, err := c.lift(ctx)
	if err == nil {
		err = c.settle(ctx)
	}
	if err != nil {
		return trouble(err)
	}
	meant := c.intended(ctx)
	front := meant.front()
	by := map[string]*asked{}
	sent := 0
	var answers []answer
	look := func(n int) error {
		arrived, err := c.watch(ctx, attempts(n), func() {
			for range n {
				answers = append(answers, c.complete(ctx, c.gateway()))
			}
		})
		sent += n
		for name, list := range arrived {
			a := by[name]
			if a == nil {
				a = new(asked)
				by[name] = a
			}
			for _, e := range list {
				a.add(e)
			}
		}
		return err
	}
	unseen := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return by[n] != nil })
	}
	for range rounds {
		if err := look(perRound); err != nil {
			return trouble(err)
		}
		if meant.free() {
			front = slices.Sorted(maps.Keys(by))
		}
		if len(unseen(front)) == 0 || ctx.Err() != nil {
			break
		}
	}
	// Where one region stands in front of all others, what changes is seen when it
	// fails.
	if len(front) == 1 && by[front[0]] != nil {
		if err := c.far.setFault(ctx, front[0], throttled); err != nil {
			return trouble(err)
		}
		c.undo = append(c.undo, func(ctx context.Context) error { return c.far.setFault(ctx, front[0], nil) })
		if err := look(spareAsks); err != nil {
			return trouble(err)
		}
		if len(by) == 1 {
			return fail("Let the policy choose another backend when the first fails: set-backend-service with a pool, or with another URL inside the retry.",
				"All %d requests went to %s, also while it failed.%s", sent, front[0], note)
		}
		note += fmt.Sprintf(" %s comes first; while it was failed, the requests went elsewhere.", front[0])
	}
	if len(by) == 0 {
		return c.nothingArrived(answers)
	}
	return c.judgeDynamic(by, unseen(front), sent, note)
}

// throttled is the fault of a region whose quota is used up, for as short as
// Azure ever says.
var throttled = json.RawMessage(`{"kind":"throttle","retryAfter":1}`)

// attempts bounds how many entries n requests leave at a region.
func attempts(n int) int { return min(10_000, 20*n+200) }

func (a *asked) add(e seen) {
	a.total++
	refused := e.answered() == http.StatusUnauthorized || e.answered() == http.StatusForbidden
	switch {
	case e.Key > 0:
		a.own++
	case refused:
		a.wrong++
	default:
		a.token++
	}
}

// nothingArrived is the verdict when no region has seen any request.
func (c *Check) nothingArrived(answers []answer) verdict {
	if texts, n := failures(answers); n > 0 {
		i := slices.IndexFunc(answers, func(a answer) bool { return !a.ok() })
		return fail(c.whyNone(answers[i]), "None of %s reached a region; the gateway's answers were %s.", counted(len(answers), "request", "requests"), listed(texts))
	}
	return fail("Does the policy use the named values or backends of these regions?", "The gateway answered, but none of the regions %s has seen the requests: they went elsewhere.", listed(c.names()))
}

func (c *Check) judgeDynamic(by map[string]*asked, missing []string, sent int, note string) verdict {
	var parts, wrong, tokens []string
	for _, name := range c.names() {
		a := by[name]
		if a == nil {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, a.total))
		if a.wrong > 0 {
			wrong = append(wrong, fmt.Sprintf("%s was sent a key that is not its own %d of %d times", name, a.wrong, a.total))
		}
		if a.token > 0 {
			tokens = append(tokens, name)
		}
	}
	switch {
	case len(wrong) > 0:
		return fail("Set the header api-key together with the backend, to the key of that region: set-header with exists-action=\"override\", or the backend's credentials.",
			"The key does not change with the backend: %s (%d requests).%s", strings.Join(wrong, ", "), sent, note)
	case len(missing) > 0 && len(by) == 1:
		return fail("Choose the backend in the policy: set-backend-service with a pool, or with a base-url that depends on a variable.",
			"The backend is fixed: all of %d requests went to %s, and none to %s.%s", sent, parts[0][:strings.LastIndex(parts[0], " ")], listed(missing), note)
	case len(missing) > 0:
		return fail("Does the policy name them? If they are spares, say so: shares with 0 under validate in spillway.yaml, or -shares.",
			"%s got none of %d requests (%s).%s", listed(missing), sent, strings.Join(parts, ", "), note)
	}
	with := "each with its own key"
	if len(tokens) > 0 {
		with = "with a token at " + listed(tokens) + ", with its own key elsewhere"
		if len(tokens) == len(by) {
			with = "each with a token of a managed identity"
		}
	}
	return success("%d requests arrived at %s, %s.%s", sent, strings.Join(parts, ", "), with, note)
}

// several is false with a verdict when there are no two regions.
func (c *Check) several(what string) (verdict, bool) {
	if c.Endpoint == "" {
		return fail("Step 2 says what the service needs.", "%s", c.noAPI), false
	}
	switch len(c.list) {
	case 0:
		return c.blind("where requests arrive"), false
	case 1:
		return fail("Add a second region: its endpoint and key as named values, or a backend of the pool.", "There is one region, %s: %s.", c.list[0].name, what), false
	}
	return verdict{}, true
}

// dynamicByAnswers is step 3 without a look at the far end: Azure's regions name
// themselves in their answers, and each takes none but its own keys.
func (c *Check) dynamicByAnswers(ctx context.Context) verdict {
	names, why := c.selfNamed(ctx)
	if why != "" {
		return c.blind("where requests arrive (" + why + ")")
	}
	by := map[string]int{}
	sent := 0
	var answers []answer
	front := c.intended(ctx).front()
	for range rounds {
		for range perRound {
			a := c.complete(ctx, c.gateway())
			answers = append(answers, a)
			sent++
			if name := names[a.header.Get(regionHeader)]; a.ok() && name != "" {
				by[name]++
			}
		}
		if len(by) >= len(front) {
			break
		}
	}
	if len(by) == 0 {
		if _, n := failures(answers); n == 0 {
			return c.blind("where requests arrive (the policy takes away the header " + regionHeader + ", in which regions name themselves)")
		}
		return c.nothingArrived(answers)
	}
	var parts []string
	for _, name := range c.names() {
		if by[name] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", name, by[name]))
		}
	}
	if missing := slices.DeleteFunc(front, func(n string) bool { return by[n] > 0 }); len(missing) > 0 || len(by) == 1 {
		return fail("Does the policy choose between all of them, each with its own key? A region whose key is wrong answers none.",
			"Of %d requests all answers came from %s, and none from %s.", sent, strings.Join(parts, ", "), listed(missing))
	}
	return success("%d requests were answered by %s, by the regions' own word; a region takes none but its own keys.", sent, strings.Join(parts, ", "))
}

// regionHeader is where Azure's regions name themselves.
const regionHeader = "x-ms-region"

// selfNamed are the regions by what they call themselves; why says why they
// cannot be told apart.
func (c *Check) selfNamed(ctx context.Context) (names map[string]string, why string) {
	names = map[string]string{}
	for _, r := range c.list {
		a := c.complete(ctx, r.direct())
		own := a.header.Get(regionHeader)
		switch {
		case own == "" && a.err != nil:
			return nil, r.name + " gives " + a.String()
		case own == "":
			return nil, r.name + " does not name itself in " + regionHeader
		case names[own] != "":
			return nil, r.name + " and " + names[own] + " both call themselves " + own
		}
		names[own] = r.name
	}
	return names, ""
}
