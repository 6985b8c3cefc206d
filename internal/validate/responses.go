package validate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	responsesPath = "/responses"
	// responsesVersion is the api-version of the Responses API on the dated paths.
	responsesVersion = "2025-04-01-preview"
	// turns is how many second turns are tried: with a few regions, enough to meet
	// another one than the first turn's.
	turns = 6
)

// responsesAt is the path at the gateway of the operation that makes responses,
// if an API has one by that name; one that takes any path does not count.
func responsesAt(api string, operations [][2]string) string {
	for _, o := range operations {
		template, _, _ := strings.Cut(o[1], "?")
		if full := "/" + strings.Trim(strings.Trim(api, "/")+"/"+strings.TrimLeft(template, "/"), "/"); strings.EqualFold(o[0], http.MethodPost) && strings.HasSuffix(full, responsesPath) {
			return full
		}
	}
	return ""
}

// conversation looks at a second turn that refers to the first. A response is known
// to the region that made it alone: the turn has to go there. It says what it saw
// where that is worth a sentence; wrong is why the step fails. An API without the
// operation, or a model that does not take it, says nothing.
func (c *Check) conversation(ctx context.Context) (seen, wrong, hint string) {
	if c.api == nil || c.api.responses == "" {
		return "", "", ""
	}
	opening, cookies := c.turn(ctx, "", nil)
	var made struct{ ID string }
	if !opening.ok() || json.Unmarshal(opening.body, &made) != nil || made.ID == "" {
		return "", "", ""
	}
	refused := func(cookies []*http.Cookie) (n int, why answer) {
		for range turns {
			if a, _ := c.turn(ctx, made.ID, cookies); !a.ok() {
				n, why = n+1, a
			}
		}
		return n, why
	}
	bare, why := refused(nil)
	if bare == 0 {
		return "", "", ""
	}
	at := "POST " + c.api.responses
	if len(cookies) == 0 {
		return "", fmt.Sprintf("%s answered %d of %d second turns of a conversation with %v: a response is known to the region alone that made it.", at, bare, turns, why),
			"Give the pool a session affinity, so that clients that keep cookies come back to their region, or let clients send the whole conversation each time, with store set to false."
	}
	if n, why := refused(cookies); n > 0 {
		return "", fmt.Sprintf("%s answered %d of %d second turns of a conversation with %v, although they brought the cookie %s.", at, n, turns, why, cookies[0].Name),
			`"spillway trace" shows where such a request goes, and why.`
	}
	return fmt.Sprintf("A second turn finds its region at %s by the cookie %s; without it, as from a client that keeps none, %d of %d were answered %v.", at, cookies[0].Name, bare, turns, why), "", ""
}

// turn asks for a response, after the one of that id unless it is empty.
func (c *Check) turn(ctx context.Context, after string, cookies []*http.Cookie) (answer, []*http.Cookie) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	ask := map[string]any{"model": c.Model, "input": "Answer with one word: which region is this?", "store": true}
	if after != "" {
		ask["previous_response_id"] = after
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return answer{err: err}, nil
	}
	target := strings.TrimRight(c.Gateway, "/") + c.api.responses
	if !strings.HasSuffix(c.api.responses, "/v1"+responsesPath) {
		target += "?" + url.Values{"api-version": {responsesVersion}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return answer{err: err}, nil
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		req.Header.Set(c.KeyHeader, c.Key)
	}
	for _, cookie := range cookies {
		req.AddCookie(cookie)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{err: cause(err)}, nil
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody)); err != nil {
		return answer{err: cause(err)}, nil
	}
	if !a.ok() {
		a.code, a.message = saidError(a.body)
	}
	return a, resp.Cookies()
}
