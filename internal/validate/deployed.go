package validate

import (
	"cmp"
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
		hint, note = cmp.Or(hint, h), note+n
	}
	if len(bad) > 0 {
		return fail(hint, "%s%s", strings.Join(bad, " "), note)
	}
	return success("%s answer for %s and %s.%s", listed(c.names()), c.Model, c.Embedding, note)
}

// deployedIn says what is wrong with a region. One that cannot be asked because
// of a fault that is on order there is asked without it.
func (c *Check) deployedIn(ctx context.Context, r region) (bad []string, hint, note string) {
	var missing []string
	for _, of := range []operation{chats, embeddings} {
		name := map[operation]string{chats: c.Model, embeddings: c.Embedding}[of]
		a := c.ask(ctx, r.direct(), of)
		if !a.ok() && !absent(a) && c.far != nil {
			if f, err := c.far.fault(ctx, r.name); err == nil && f != nil {
				n, err := c.lift(ctx)
				if err != nil {
					return []string{fmt.Sprintf("The fault of %s could not be lifted: %v.", r.name, err)}, "", ""
				}
				note += n
				a = c.ask(ctx, r.direct(), of)
			}
		}
		told := r.deployments != nil && !slices.Contains(r.offered(), name)
		switch {
		case a.ok():
		case absent(a) || told:
			missing = append(missing, name)
		case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
			bad = append(bad, fmt.Sprintf("%s refuses the key it is asked with: %v.", r.name, a))
			hint = cmp.Or(hint, "Give the service the region's present key, in the named value of its key.")
		case a.status == http.StatusBadRequest:
			bad = append(bad, fmt.Sprintf("%s does not answer for %s: %v.", r.name, name, a))
			hint = cmp.Or(hint, "Is "+name+" of a model that does this? -model names the deployment for chats, -embedding that for embeddings.")
		case a.status == http.StatusTooManyRequests:
			note += fmt.Sprintf(" %s is throttled for %s just now, so it is there.", r.name, name)
		default:
			bad = append(bad, fmt.Sprintf("%s does not answer for %s: %v.", r.name, name, a))
			hint = cmp.Or(hint, fmt.Sprintf("Is %s the address of %s, and can it be reached from here?", r.address, r.name))
		}
	}
	if missing == nil {
		return bad, hint, note
	}
	has := ""
	if others := slices.DeleteFunc(r.offered(), func(n string) bool { return slices.Contains(missing, n) }); len(others) > 0 {
		has = "; it has " + listed(others)
	}
	bad = append(bad, fmt.Sprintf("%s has no deployment %s%s.", r.name, strings.Join(missing, " and no "), has))
	hint = fmt.Sprintf("Deploy %s in %s. ", listed(missing), r.name)
	if r.simulated {
		hint += "A simulated region lists its deployments in spillway.yaml, under regions."
	} else {
		hint += `"spillway provision apply" makes what is missing; a new deployment needs some minutes.`
	}
	return bad, hint + " If others are meant, -model and -embedding name them, and AZURE_OPENAI_MODEL and AZURE_OPENAI_EMBEDDING_NAME for the chat app.", note
}

// offered are the names of a region's deployments.
func (r region) offered() []string {
	var list []string
	for _, d := range r.deployments {
		list = append(list, d.Name)
	}
	return list
}

// findModels settles which deployments are asked: those that are stated, or that
// the chat app asks, for they are what has to answer. Where there is no chat app
// and no region has the usual ones, it is the first that all regions have.
func (c *Check) findModels(ctx context.Context) {
	if c.Model != "" && c.Embedding != "" {
		return
	}
	var app chatState
	if c.Chat != "" {
		// A chat app that does not answer is what step 7 is about.
		_ = callJSON(ctx, c.http, http.MethodGet, strings.TrimRight(c.Chat, "/")+"/api/state", "", nil, nil, &app)
	}
	c.Model = cmp.Or(c.Model, app.Deployment, c.common(DefaultModel, false))
	c.Embedding = cmp.Or(c.Embedding, app.Embedding, c.common(DefaultEmbedding, true))
}

// common is the usual deployment where any region has it or none tells, and else
// the first of its kind that all regions have.
func (c *Check) common(usual string, embedding bool) string {
	if len(c.list) == 0 {
		return usual
	}
	has := func(r region, name string) bool {
		return slices.Contains(r.offered(), name)
	}
	if slices.ContainsFunc(c.list, func(r region) bool { return r.deployments == nil || has(r, usual) }) {
		return usual
	}
	for _, d := range c.list[0].deployments {
		everywhere := !slices.ContainsFunc(c.list, func(r region) bool { return !has(r, d.Name) })
		if everywhere && strings.Contains(cmp.Or(d.Model, d.Name), "embedding") == embedding {
			return d.Name
		}
	}
	return usual
}

// absent is how a region says that a deployment is not there: mostly as
// DeploymentNotFound, and as a plain 404 where a resource has none at all.
func absent(a answer) bool { return a.err == nil && a.status == http.StatusNotFound }
