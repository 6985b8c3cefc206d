package validate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// deployed is step 1: the models are deployed in each region.
func (c *Check) deployed(ctx context.Context) verdict {
	if len(c.list) == 0 {
		return c.blind("the deployments of the regions")
	}
	var bad []string
	hint, note := "", ""
	for _, r := range c.list {
		found, h, n := c.deployedIn(ctx, r)
		bad = append(bad, found...)
		hint, note = first(hint, h), note+n
	}
	if len(bad) > 0 {
		return fail(hint, "%s%s", strings.Join(bad, " "), note)
	}
	return success("%s answer for %s and %s.%s", listed(c.names()), c.Model, c.Embedding, note)
}

// deployedIn says what is wrong with a region. One that cannot be asked because
// of a fault that is on order there is asked without it.
func (c *Check) deployedIn(ctx context.Context, r region) (bad []string, hint, note string) {
	for _, name := range []string{c.Model, c.Embedding} {
		ask := func() answer {
			if name == c.Embedding {
				return c.embed(ctx, r.direct())
			}
			return c.complete(ctx, r.direct())
		}
		a := ask()
		if !a.ok() && !absent(a) && c.far != nil {
			if f, err := c.far.fault(ctx, r.name); err == nil && f != nil {
				n, err := c.lift(ctx)
				if err != nil {
					return []string{fmt.Sprintf("The fault of %s could not be lifted: %v.", r.name, err)}, "", ""
				}
				note += n
				a = ask()
			}
		}
		told := r.deployments != nil && !slices.Contains(r.deployments, name)
		switch {
		case a.ok():
		case absent(a) || told:
			bad = append(bad, fmt.Sprintf("%s has no deployment %s.", r.name, name))
			hint = fmt.Sprintf("Deploy %s in %s. ", name, r.name)
			if r.simulated {
				hint += `A simulated region lists its deployments in spillway.yaml, under regions.`
			} else {
				hint += `"spillway provision apply" makes what is missing; a new deployment needs some minutes.`
			}
		case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
			bad = append(bad, fmt.Sprintf("%s refuses the key it is asked with: %v.", r.name, a))
			hint = first(hint, "Give the service the region's present key, in the named value of its key.")
		case a.status == http.StatusTooManyRequests:
			note += fmt.Sprintf(" %s is throttled for %s just now, so it is there.", r.name, name)
		default:
			bad = append(bad, fmt.Sprintf("%s does not answer for %s: %v.", r.name, name, a))
			hint = first(hint, fmt.Sprintf("Is %s the address of %s, and can it be reached from here?", r.address, r.name))
		}
	}
	return bad, hint, note
}

// absent is how a region says that a deployment is not there: mostly as
// DeploymentNotFound, and as a plain 404 where a resource has none at all.
func absent(a answer) bool { return a.err == nil && a.status == http.StatusNotFound }
