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

// Step 3 looks until each operation has met every region that is meant to be
// used, in rounds of some requests: with three regions chosen at random, the
// chance that one is missed in all of them is one in ten million.
const (
	rounds    = 5
	perRound  = 8
	spareAsks = 6 // requests of an operation while the regions in front fail
)

// asked is what step 3 has seen of one region.
type asked struct{ total, own, token, wrong int }

// arrivals are what step 3 has seen.
type arrivals struct {
	by   map[string]*asked            // all, by region
	of   map[operation]map[string]int // by operation and region
	sent map[operation]int
	// answers are the gateway's.
	answers []answer
}

// unseen are those of some regions that an operation has not met.
func (a *arrivals) unseen(names []string, by operation) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return a.of[by][n] > 0 })
}

// arrive sends n requests of each operation, and looks where they arrive.
func (c *Check) arrive(ctx context.Context, a *arrivals, n int) error {
	all := n * len(c.asked())
	arrived, err := c.watch(ctx, attempts(all), func() {
		a.answers = append(a.answers, c.askAll(ctx, all, asksAtOnce, c.asked()...)...)
	})
	for _, of := range c.asked() {
		a.sent[of] += n
	}
	for name, list := range arrived {
		if a.by[name] == nil {
			a.by[name] = new(asked)
		}
		for _, e := range list {
			a.by[name].add(e)
			if a.of[e.asked()] == nil {
				a.of[e.asked()] = map[string]int{}
			}
			a.of[e.asked()][name]++
		}
	}
	return err
}

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
	a := &arrivals{by: map[string]*asked{}, of: map[operation]map[string]int{}, sent: map[operation]int{}}
	for range rounds {
		if err := c.arrive(ctx, a, perRound); err != nil {
			return trouble(err)
		}
		if meant.free() {
			front = slices.Sorted(maps.Keys(a.by))
		}
		if !slices.ContainsFunc(c.asked(), func(of operation) bool { return len(a.unseen(front, of)) > 0 }) || ctx.Err() != nil {
			break
		}
	}
	if len(a.by) == 0 {
		return c.nothingArrived(a.answers)
	}
	if v, bad := c.judgeKeys(a, note); bad {
		return v
	}
	if v, bad := c.judgeFront(a, front, meant.free(), note); bad {
		return v
	}
	// What stands behind others is seen when those fail.
	behind, err := c.behind(ctx, a)
	if err != nil {
		return trouble(err)
	}
	if at := c.only(a.of[chats]); at != "" {
		return fail("Let the policy choose another backend when the first fails: set-backend-service with a pool, or with another URL inside the retry.",
			"All %d requests went to %s, also while it failed.%s", len(a.answers), at, note)
	}
	v, bad := c.judgeKeys(a, behind+note)
	if left := slices.DeleteFunc(slices.Clone(meant.outside), func(n string) bool { return a.by[n] != nil }); !bad && len(left) > 0 {
		return fail("Add it to the pool's members. If it is not meant to be used, say so: shares with 0 under validate in spillway.yaml, or -shares.",
			"%s got none of %d requests, also while the others were failed: it is no member of %s.%s", listed(left), len(a.answers), meant.source, note)
	}
	return v
}

// behind fails the regions that have been seen, one after the other, until those
// behind them are seen, too.
func (c *Check) behind(ctx context.Context, a *arrivals) (note string, err error) {
	at, failed := slices.Collect(maps.Keys(a.by)), map[string]bool{}
	for {
		before := len(a.by)
		if before == len(c.list) || ctx.Err() != nil {
			break
		}
		for _, name := range c.names() {
			if a.by[name] == nil || failed[name] {
				continue
			}
			failed[name] = true
			c.undo = append(c.undo, func(ctx context.Context) error { return c.far.setFault(ctx, name, nil) })
			if err := c.far.setFault(ctx, name, throttled); err != nil {
				return "", err
			}
		}
		if err := c.arrive(ctx, a, spareAsks); err != nil {
			return "", err
		}
		if len(a.by) == before {
			break
		}
	}
	var late, unseen []string
	for _, name := range c.names() {
		switch {
		case a.by[name] == nil:
			unseen = append(unseen, name)
		case !slices.Contains(at, name):
			late = append(late, name)
		}
	}
	switch len(late) {
	case 0:
	case 1:
		note = fmt.Sprintf(" %s stands behind: it was asked while the others were failed.", late[0])
	default:
		note = fmt.Sprintf(" %s stand behind: they were asked while those before them were failed.", listed(late))
	}
	if len(unseen) > 0 {
		note += fmt.Sprintf(" %s got none, also while the others were failed.", listed(unseen))
	}
	return note, nil
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

// judgeFront says whether an operation stays at one region, or leaves one out.
func (c *Check) judgeFront(a *arrivals, front []string, free bool, note string) (v verdict, bad bool) {
	for _, of := range c.asked() {
		missing := a.unseen(front, of)
		if len(missing) == 0 || free && of == embeddings {
			continue
		}
		what, also := "", ""
		if of == embeddings {
			what, also = " of embeddings", " Has the operation of embeddings a policy of its own? What the API's policy does holds there only where it says <base />."
		}
		if at := c.only(a.of[of]); at != "" {
			return fail("Choose the backend in the policy: set-backend-service with a pool, or with a base-url that depends on a variable."+also+" If the others are spares, say so: shares with 0 under validate in spillway.yaml, or -shares.",
				"The backend is fixed: all of %d requests%s went to %s, and none to %s.%s", a.sent[of], what, at, listed(missing), note), true
		}
		return fail("Does the policy name them?"+also+" If they are spares, say so: shares with 0 under validate in spillway.yaml, or -shares.",
			"%s got none of %d requests%s (%s).%s", listed(missing), a.sent[of], what, c.told(a.of[of]), note), true
	}
	return verdict{}, false
}

// only is the one region of a count; "" for several or none.
func (c *Check) only(by map[string]int) string {
	at := ""
	for name, n := range by {
		if n > 0 && at != "" {
			return ""
		}
		at = name
	}
	return at
}

// judgeKeys says whether each region was sent a key of its own.
func (c *Check) judgeKeys(a *arrivals, note string) (v verdict, bad bool) {
	var parts, wrong, tokens []string
	for _, name := range c.names() {
		r := a.by[name]
		if r == nil {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, r.total))
		if r.wrong > 0 {
			wrong = append(wrong, fmt.Sprintf("%s was sent a key that is not its own %d of %d times", name, r.wrong, r.total))
		}
		if r.token > 0 {
			tokens = append(tokens, name)
		}
	}
	sent := len(a.answers)
	if len(wrong) > 0 {
		hint := `Set the header api-key together with the backend, to the key of that region: set-header with exists-action="override", or the backend's credentials.`
		if len(wrong) < len(parts) {
			hint += " If the policy does so, is the named value of the key that region's?"
		}
		return fail(hint, "The key does not change with the backend: %s (%d requests).%s", strings.Join(wrong, ", "), sent, note), true
	}
	with := "each with its own key"
	if len(tokens) > 0 {
		with = "with a token at " + listed(tokens) + ", with its own key elsewhere"
		if len(tokens) == len(parts) {
			with = "each with a token of a managed identity"
		}
	}
	return success("%d requests arrived at %s, %s.%s", sent, strings.Join(parts, ", "), with, note), false
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
	a := &arrivals{of: map[operation]map[string]int{}, sent: map[operation]int{}}
	meant := c.intended(ctx)
	front := meant.front()
	for range rounds {
		for range perRound {
			for _, of := range c.asked() {
				answer := c.ask(ctx, c.gateway(), of)
				a.answers = append(a.answers, answer)
				a.sent[of]++
				if name := names[answer.header.Get(regionHeader)]; answer.ok() && name != "" {
					if a.of[of] == nil {
						a.of[of] = map[string]int{}
					}
					a.of[of][name]++
				}
			}
		}
		if !slices.ContainsFunc(c.asked(), func(of operation) bool { return len(a.unseen(front, of)) > 0 }) || ctx.Err() != nil {
			break
		}
	}
	if len(a.of) == 0 {
		if _, n := failures(a.answers); n == 0 {
			return c.blind("where requests arrive (the policy takes away the header " + regionHeader + ", in which regions name themselves)")
		}
		return c.nothingArrived(a.answers)
	}
	if meant.free() {
		front = slices.Sorted(maps.Keys(a.of[chats]))
	}
	if v, bad := c.judgeFront(a, front, meant.free(), " What is counted are good answers: a region whose key is wrong gives none."); bad {
		return v
	}
	if at := c.only(a.of[chats]); at != "" {
		return c.blind("which region takes over from " + at + ", which comes first")
	}
	return success("%d requests were answered, chats by %s, by the regions' own word; a region takes none but its own keys.", len(a.answers), c.told(a.of[chats]))
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
