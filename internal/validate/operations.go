package validate

import (
	"cmp"
	"context"
	"fmt"
	"strings"
)

// operations is step 2: the API has its POST operations, and they answer.
func (c *Check) operations(ctx context.Context) verdict {
	if c.Endpoint == "" {
		return fail("Create an API with the operations POST "+deployments+"{deployment-id}"+chatPath+" and …"+embeddingsPath+"; the console's overview leads through it.", "%s", c.noAPI)
	}
	var missing []string
	if c.api != nil {
		for _, ending := range []string{chatPath, embeddingsPath} {
			if !c.api.has[ending] {
				missing = append(missing, "POST "+deployments+"{deployment-id}"+ending)
			}
		}
	}
	if len(missing) > 0 {
		return fail("Add it under APIs in the console, or to the API's specification.", "The API %s has no operation %s.", c.api.display, strings.Join(missing, " and no "))
	}
	if c.KeyHeader != "api-key" && !strings.EqualFold(c.KeyHeader, "api-key") {
		return fail("Set the name of the key's header to api-key in the API's settings.", "The API takes its key in the header %s, and clients of Azure OpenAI send api-key.", c.KeyHeader)
	}
	var bad []string
	hint := ""
	for _, call := range []struct {
		deployment, path string
		ask              func(context.Context, place) answer
	}{{c.Model, chatPath, c.complete}, {c.Embedding, embeddingsPath, c.embed}} {
		if a := call.ask(ctx, c.gateway()); !a.ok() {
			bad = append(bad, fmt.Sprintf("POST %s%s%s answered: %v.", deployments, call.deployment, call.path, a))
			hint = cmp.Or(hint, c.whyNone(a))
		}
	}
	if len(bad) > 0 {
		return fail(hint, "%s", strings.Join(bad, " "))
	}
	seen, wrong, hint := c.conversation(ctx)
	if wrong != "" {
		return fail(hint, "%s", wrong)
	}
	if seen != "" {
		seen = " " + seen
	}
	return success("POST %s%s%s and POST %s%s%s answer 200 at %s.%s", deployments, c.Model, chatPath, deployments, c.Embedding, embeddingsPath, c.Endpoint, seen)
}
