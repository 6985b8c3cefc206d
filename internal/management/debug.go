package management

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/arm"
)

// listDebugCredentials issues the token for tracing calls of one API.
func listDebugCredentials(c *call, p *place, _ entry) *arm.Error {
	body, e := c.body()
	if e != nil {
		return e
	}
	var expire apim.Duration
	if d := body.Get("credentialsExpireAfter"); d != nil && d.Text != "" {
		var err error
		if expire, err = apim.ParseDuration(d.Text); err == nil && expire.Duration <= 0 {
			err = fmt.Errorf("%q is no time to come", d.Text)
		}
		if err != nil {
			return arm.Invalid(arm.Detail{Target: "credentialsExpireAfter", Message: sentence(err.Error())})
		}
	}
	id := body.Get("apiId").StringOr("")
	found := p.state.Service.API(id) != nil
	for _, w := range p.state.Service.Workspaces {
		found = found || w.API(id) != nil
	}
	if !found {
		return arm.Invalid(arm.Detail{Target: "apiId", Message: "API '" + apim.Tail(id) + "' could not be found."})
	}
	tracing := false
	for _, purpose := range body.Get("purposes").Strings() {
		tracing = tracing || strings.EqualFold(purpose, "tracing")
	}
	if !tracing {
		return arm.Invalid(arm.Detail{Target: "purposes", Message: "The only purpose there is is 'tracing'."})
	}
	arm.Answer(c.w, http.StatusOK, map[string]string{"token": c.server.Tokens.Issue(apim.RootName(apim.Tail(id)), expire.Duration)})
	return nil
}

// invalidateDebugCredentials makes all debug tokens that were issued worthless.
func invalidateDebugCredentials(c *call, _ *place, _ entry) *arm.Error {
	c.server.Tokens.Invalidate()
	arm.Answer(c.w, http.StatusNoContent, nil)
	return nil
}

// traceWait is how long listTrace waits for a request whose answer is on its way:
// its trace is finished a moment after the caller has the last byte.
const traceWait = 2 * time.Second

// listTrace gives the trace of an id.
func listTrace(c *call, _ *place, _ entry) *arm.Error {
	body, e := c.body()
	if e != nil {
		return e
	}
	id := body.Get("traceId").StringOr("")
	ctx, cancel := context.WithTimeout(c.r.Context(), traceWait)
	defer cancel()
	t := c.server.Traces.Wait(ctx, id)
	if t == nil {
		return arm.Errorf(http.StatusNotFound, "ResourceNotFound", "Trace '%s' could not be found.", id)
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	text := t.JSON()
	if c.query.Get("view") == "full" {
		text = t.View()
	}
	_, _ = c.w.Write(text)
	return nil
}
