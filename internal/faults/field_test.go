package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/source"
)

// What people have run into with gateways in front of Azure OpenAI, a test each.

// chatPolicy is the sample's document with another retry.
func chatPolicy(condition, attributes string) map[string]string {
	return map[string]string{"apis/my-cool-openai-test/policy.xml": `<policies>
    <inbound><base /><set-backend-service backend-id="openai" /></inbound>
    <backend><retry condition="` + condition + `" ` + attributes + `><forward-request timeout="4" buffer-request-body="true" buffer-response="false" /></retry></backend>
    <outbound><base /></outbound><on-error><base /></on-error></policies>`}
}

// even puts all regions into one group.
func even(files map[string]string, members ...string) map[string]string {
	if files == nil {
		files = map[string]string{}
	}
	var list []string
	for _, m := range members {
		list = append(list, `{"id": "/backends/`+m+`", "priority": 1, "weight": 1}`)
	}
	files["backends/openai/backendInformation.json"] = `{"properties": {"type": "Pool", "pool": {"services": [` + strings.Join(list, ", ") + `]}}}`
	return files
}

const usualCondition = "@(context.Response == null || context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)"

// One region does not have the deployment: its 404 is the caller's unless the
// document retries any failure, and no breaker minds.
func TestDeploymentMissing(t *testing.T) {
	const missing = `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`
	for _, c := range []struct {
		condition      string
		good, attempts int
	}{
		{usualCondition, 10, 20},
		// Each retry takes a turn as well, so that the next call begins with the
		// region that lacks it: all but the first need two attempts.
		{"@(context.Response == null || context.Response.StatusCode >= 300)", 20, 39},
	} {
		r := newRig(t, even(chatPolicy(strings.ReplaceAll(c.condition, `"`, "&quot;"), `count="3" interval="0"`), "eastus", "australiaeast"))
		lacks := func(context.Context, *exchange.Outbound, exchange.Upstream) (*exchange.Inbound, error) {
			return answer(404, missing, exchange.Field{Name: "Content-Type", Value: "application/json"}), nil
		}
		r.wire("australiaeast", lacks)
		good, attempts := 0, 0
		for range 20 {
			x := r.one(false)
			attempts += len(x.x.Attempts)
			if x.complete() {
				good++
			} else if x.status != 404 || string(x.body) != missing {
				t.Errorf("%d %s", x.status, x.body)
			}
		}
		if open, _ := r.breaker("australiaeast"); good != c.good || attempts != c.attempts || open {
			t.Errorf("%s: %d good answers by %d attempts, breaker open %v; want %d by %d", c.condition, good, attempts, open, c.good, c.attempts)
		}
		r.wire("eastus", lacks)
		x := r.one(false)
		if n := len(x.x.Attempts); x.status != 404 || string(x.body) != missing || n != map[bool]int{true: 1, false: 4}[c.good == 10] {
			t.Errorf("missing everywhere: %d by %d attempts %s", x.status, n, x.body)
		}
	}
}

// Reset headers of 0 and -1 without Retry-After: a document that retries 50 times
// at once is bounded, ends quickly, and was warned of.
func TestResetZero(t *testing.T) {
	files := chatPolicy(`@(context.Response != null &amp;&amp; context.Response.StatusCode == 429)`, `count="50" interval="0"`)
	for name, content := range noBreakers(t) {
		files[name] = content
	}
	var warned source.Problems
	r := rigWith(t, even(files, "eastus", "australiaeast"), &warned)
	if len(warned) != 1 || warned[0].Code != "retry-storm" || warned[0].Severity != source.Warning {
		t.Error(warned.Draw())
	}
	for _, region := range names {
		r.fault(region, `{"kind":"throttle","mode":"reset-zero"}`)
	}
	x := r.one(false)
	if n := len(x.x.Attempts); x.status != 429 || n != 51 || x.took() > time.Second || x.header.Get("x-ratelimit-remaining-tokens") != "-1" {
		t.Errorf("%d by %d attempts in %v %v", x.status, n, x.took(), x.header)
	}
	if n := strings.Count(r.log.String(), `"msg":"attempt"`); n != 51 {
		t.Errorf("the log has %d attempts", n)
	}
}

// A day in Retry-After: a region's own answer passes as it is, the gateway's own
// is capped and counts down.
func TestDayInRetryAfter(t *testing.T) {
	one := noBreakers(t)
	one["apis/my-cool-openai-test/policy.xml"] = `<policies><inbound><base /><set-backend-service backend-id="eastus" /></inbound><backend><forward-request /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`
	r := newRig(t, one)
	r.fault("eastus", `{"kind":"throttle","retryAfter":86400}`)
	if x := r.one(false); x.status != 429 || x.header.Get("Retry-After") != "86400" {
		t.Errorf("a region's own: %d %v", x.status, x.header)
	}
	r = newRig(t, nil)
	for _, region := range names {
		r.fault(region, `{"kind":"throttle","retryAfter":86400}`)
	}
	for range 4 {
		r.one(false)
	}
	for _, want := range []string{"300", "200", "100"} {
		x := r.one(false)
		if x.status != 429 || x.header.Get("Retry-After") != want || len(x.x.Attempts) != 0 {
			t.Errorf("%d, Retry-After %s after %d attempts; want %s", x.status, x.header.Get("Retry-After"), len(x.x.Attempts), want)
		}
		r.clock.Advance(100 * time.Second)
	}
	if !strings.Contains(r.log.String(), `"retryAfterMs":86400000`) {
		t.Error("the log does not have what was asked for")
	}
}

// Refusals of the content filter are not ill health, by count or by share; a rule
// that names 400 does trip, and was warned of.
func TestContentFilter(t *testing.T) {
	rule := func(condition string) map[string]string {
		files := map[string]string{}
		for _, name := range names {
			files["backends/"+name+"/backendInformation.json"] = fmt.Sprintf(`{"properties": {"url": "{{endpoint-%s}}", "protocol": "http", "credentials": {"header": {"api-key": ["{{key-%s}}"]}},
				"circuitBreaker": {"rules": [{"name": "r", "tripDuration": "PT10S", "failureCondition": {"interval": "PT10S", %s}}]}}}`, name, name, condition)
		}
		return files
	}
	refusal := `{"error":{"message":"The response was filtered.","type":null,"param":"prompt","code":"content_filter","status":400}}`
	for _, c := range []struct {
		condition string
		opens     bool
		warns     int
	}{
		{`"count": 3, "statusCodeRanges": [{"min": 429, "max": 429}, {"min": 500, "max": 599}]`, false, 0},
		{`"percentage": 50, "statusCodeRanges": [{"min": 429, "max": 429}, {"min": 500, "max": 599}]`, false, 0},
		{`"count": 3, "statusCodeRanges": [{"min": 400, "max": 599}]`, true, 3},
	} {
		var warned source.Problems
		r := rigWith(t, rule(c.condition), &warned)
		if len(warned) != c.warns {
			t.Errorf("%s: %s", c.condition, warned.Draw())
		}
		r.wire("eastus", func(ctx context.Context, out *exchange.Outbound, next exchange.Upstream) (*exchange.Inbound, error) {
			if bytes.Contains(out.Body.Bytes(), []byte("bad")) {
				return answer(400, refusal), nil
			}
			return next.Send(ctx, out)
		})
		for i := range 12 {
			r.clock.Run(func() {
				x := r.send(context.Background(), false, func(x *caller) {
					if i < 10 {
						x.x.Original.Body = exchange.BufferedBody([]byte(`{"messages":[{"role":"user","content":"bad"}]}`))
					}
				})
				if n := len(x.x.Attempts); n != 1 || !c.opens && i < 10 && (x.status != 400 || string(x.body) != refusal) || !c.opens && i >= 10 && !x.complete() {
					t.Errorf("%s: %d by %d attempts %s", c.condition, x.status, n, x.body)
				}
			})
		}
		if open, _ := r.breaker("eastus"); open != c.opens {
			t.Errorf("%s: open %v", c.condition, open)
		}
	}
}

// State belongs to one region: with session affinity a second turn finds the
// region of the first, without its cookie it fails as it does on Azure.
func TestStateOfARegion(t *testing.T) {
	const affinity = `{"properties": {"type": "Pool", "pool": {"sessionAffinity": {"sessionId": {"source": "cookie", "name": "SessionId"}}, "services": [
		{"id": "/backends/eastus", "priority": 1, "weight": 1}, {"id": "/backends/australiaeast", "priority": 1, "weight": 1}]}}}`
	files := map[string]string{
		"backends/openai/backendInformation.json":     affinity,
		"apis/my-cool-openai-test/specification.yaml": "openapi: 3.0.1\ninfo: {title: ai, version: '1'}\npaths:\n  /openai/*:\n    post: {operationId: post, responses: {'200': {description: ok}}}\n    get: {operationId: get, responses: {'200': {description: ok}}}\n",
		"backends/unused/backendInformation.json":     `{"properties": {"url": "http://127.0.0.1:9", "protocol": "http"}}`,
	}
	r := newRig(t, files)
	turn := func(body, cookie string) *caller {
		var c *caller
		r.clock.Run(func() {
			c = r.send(context.Background(), false, func(c *caller) {
				c.x.Original.URL.Path, c.x.Original.URL.Query = "/openai-test/openai/v1/responses", ""
				c.x.Original.Body = exchange.BufferedBody([]byte(body))
				if cookie != "" {
					c.x.Original.Header = append(c.x.Original.Header, exchange.Field{Name: "Cookie", Value: "other=1; " + cookie})
				}
			})
		})
		return c
	}
	for range 10 {
		first := turn(`{"model":"gpt-35-turbo","input":"hello","store":true}`, "")
		var answered struct{ ID string }
		if err := json.Unmarshal(first.body, &answered); err != nil || first.status != 200 || answered.ID == "" {
			t.Fatalf("%d %s", first.status, first.body)
		}
		set := first.header.Values("Set-Cookie")
		if len(set) != 1 || !strings.HasPrefix(set[0], "SessionId=") || !strings.HasSuffix(set[0], "; Path=/; HttpOnly") {
			t.Fatal(set)
		}
		cookie, _, _ := strings.Cut(set[0], ";")
		again := `{"model":"gpt-35-turbo","input":"and then?","previous_response_id":"` + answered.ID + `"}`
		for range 3 {
			next := turn(again, cookie)
			if next.status != 200 || next.x.Attempts[0].Backend != first.x.Attempts[0].Backend || next.header.Has("Set-Cookie") {
				t.Fatalf("with the cookie: %d of %s, the first of %s %s %v", next.status, next.x.Attempts[0].Backend, first.x.Attempts[0].Backend, next.body, next.header)
			}
		}
		// Without it the turn of the round decides.
		elsewhere := 0
		for range 2 {
			if next := turn(again, ""); next.status == 400 && strings.Contains(string(next.body), "previous_response_not_found") {
				elsewhere++
			}
		}
		if elsewhere != 1 {
			t.Errorf("without the cookie, %d of 2 fail", elsewhere)
		}
		// Its region is out: another one answers, and binds the caller anew.
		home := first.x.Attempts[0].Backend
		r.fault(home, `{"kind":"status","status":500}`)
		turn(again, cookie)
		moved := turn(`{"model":"gpt-35-turbo","input":"hello"}`, cookie)
		if fresh := moved.header.Get("Set-Cookie"); moved.status != 200 || moved.x.Attempts[0].Backend == home || fresh == "" || strings.HasPrefix(fresh, cookie) {
			t.Errorf("its region is out: %d of %s, %q", moved.status, moved.x.Attempts[0].Backend, fresh)
		}
		r.fault(home, "")
		r.clock.Advance(time.Minute)
	}
}
