package sim

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// header is the head of an answer, in about Azure's order.
func (c *call) header(rep *reply, length int64) []Field {
	h := make([]Field, 0, 32)
	add := func(name, value string) { h = append(h, Field{name, value}) }
	if length >= 0 && rep.status != 204 && rep.status != 304 {
		add("Content-Length", strconv.FormatInt(length, 10))
	}
	if rep.kind != "" {
		add("Content-Type", rep.kind)
	}
	h = append(h, rep.header...)
	if c.stand != nil {
		h = appendStanding(h, c.stand, c.dep.Name)
	}
	if rep.model && c.dep != nil {
		add("x-request-id", guid(c.rng))
		add("x-ms-rai-invoked", "true")
		add("x-ms-deployment-name", c.dep.Name)
		add("x-ms-served-model", c.dep.model.served)
		add("azureml-model-session", "d"+fmt.Sprintf("%03d", shortHash(c.r.name)%1000)+"-20261101000000")
		streaming := "False"
		if rep.events != nil {
			streaming = "True"
		}
		add("azureai-fe-is-streaming", streaming)
		spilled := "false"
		if c.spilled {
			spilled = "true"
		}
		add("x-ms-is-spilled-over", spilled)
		took := strconv.FormatInt(rep.wait.Milliseconds(), 10)
		add("x-envoy-upstream-service-time", took)
		add("cmp-upstream-response-duration", took)
		add("ms-azureml-model-time", took)
	}
	add("x-ms-region", c.r.display)
	add("apim-request-id", c.id)
	if theirs := c.req.get("x-ms-client-request-id"); theirs != "" {
		add("x-ms-client-request-id", theirs)
	} else {
		add("x-ms-client-request-id", c.id)
	}
	add("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	add("x-content-type-options", "nosniff")
	add("Access-Control-Allow-Origin", "*")
	add("Cache-Control", "no-cache, must-revalidate")
	add("x-accel-buffering", "no")
	add("Date", c.r.clock.Now().UTC().Format(http.TimeFormat))
	return h
}

// appendStanding appends the rate limit headers that Azure promises on every
// answer since 2026. Requests are counted by the window of 10 s that the
// renewal period names; resets are in seconds.
//
// A provisioned deployment tells its utilisation instead, when it admits.
func appendStanding(h []Field, s *standing, key string) []Field {
	if s.provisioned {
		if s.refusedBy == "" {
			h = append(h, Field{"azure-openai-deployment-utilization", strconv.FormatFloat(s.utilization, 'f', 1, 64) + "%"})
		}
		return h
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"x-ratelimit-limit-requests", s.maxCalls},
		{"x-ratelimit-limit-tokens", s.maxTokens},
		{"x-ratelimit-remaining-requests", s.leftCalls},
		{"x-ratelimit-remaining-tokens", s.leftTokens},
		{"x-ratelimit-reset-requests", ceilSeconds(s.callsIn)},
		{"x-ratelimit-reset-tokens", ceilSeconds(s.tokensIn)},
		{"x-ratelimit-renewalperiod-requests", int(requestWindow / time.Second)},
		{"x-ratelimit-renewalperiod-tokens", int(tokenWindow / time.Second)},
	} {
		h = append(h, Field{f.name, strconv.Itoa(f.value)})
	}
	return append(h, Field{"x-ratelimit-key", key}, Field{"x-ratelimit-abusepenalty-active", "False"})
}

func ceilSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// throttled is the 429 of a quota.
func (c *call) throttled(s standing) *reply {
	rep := refusal(c.throttleText(c.r.words, s.refusedBy, ceilSeconds(s.wait)))
	rep.header = []Field{
		{"retry-after", strconv.Itoa(ceilSeconds(s.wait))},
		{"retry-after-ms", strconv.FormatInt(int64((s.wait+time.Millisecond-1)/time.Millisecond), 10)},
	}
	if !s.provisioned {
		rep.header = append(rep.header, Field{"policy-id", policyID(s.refusedBy)}, Field{"x-ratelimit-type", limitType(s.refusedBy)})
	}
	return rep
}

// throttledByFault is the 429 of a fault: the quota is not asked, but the
// headers speak as if it had run out.
func (c *call) throttledByFault(f *Fault) *reply {
	seconds, err := strconv.Atoi(f.retryAfter)
	if err != nil || seconds < 0 {
		seconds = 1
	}
	words := c.r.words
	if f.How != "" {
		words = throttleTexts[f.How]
	}
	rep := refusal(c.throttleText(words, "token", seconds))
	switch f.Mode {
	case modeResetZero:
		for _, of := range []string{"requests", "tokens"} {
			rep.header = append(rep.header, Field{"x-ratelimit-remaining-" + of, "-1"}, Field{"x-ratelimit-reset-" + of, "0"})
		}
		return rep
	case modeMisspelt:
		rep.header = append(rep.header, Field{"x-rate-limit-reset-tokens", f.retryAfter})
		return rep
	}
	if f.retryAfter != "" {
		rep.header = append(rep.header, Field{"retry-after", f.retryAfter})
	}
	if f.RetryAfterMS != nil {
		rep.header = append(rep.header, Field{"retry-after-ms", strconv.Itoa(*f.RetryAfterMS)})
	}
	rep.header = append(rep.header, Field{"policy-id", policyID("token")}, Field{"x-ratelimit-type", limitType("token")},
		Field{"x-ratelimit-remaining-tokens", "0"}, Field{"x-ratelimit-reset-tokens", strconv.Itoa(seconds)})
	if c.dep != nil {
		rep.header = append(rep.header, Field{"x-ratelimit-limit-tokens", strconv.Itoa(c.dep.TPM)})
	}
	return rep
}

func (c *call) throttleText(words ThrottleText, limit string, seconds int) *openai.Error {
	t := openai.Throttled{
		Region: c.r.display, Limit: limit, Operation: operationIDs[c.target.op],
		Version: c.target.version, Seconds: seconds, Form: string(words),
	}
	if c.dep != nil {
		t.Deployment, t.Model, t.Max = c.dep.Name, c.dep.model.name, c.dep.TPM
		if limit == "call" {
			t.Max = c.dep.RPM
		}
	} else if words == ThrottleDeployment {
		t.Form = string(ThrottleLoad) // there is no deployment to speak of
	}
	return t.Error()
}

func policyID(limit string) string {
	if limit == "call" {
		return "DeploymentRatelimit-Call"
	}
	return "DeploymentRatelimit-Token"
}

func limitType(limit string) string {
	if limit == "call" {
		return "Requests"
	}
	return "Tokens"
}

// faultBody is a body that a fault asks for: an object as JSON, a text as it
// is, with the content type it looks like.
func faultBody(raw json.RawMessage) (body []byte, kind string) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return raw, "application/json"
	}
	switch {
	case json.Valid([]byte(text)):
		kind = "application/json"
	case strings.HasPrefix(strings.TrimSpace(text), "<"):
		kind = "text/html"
	default:
		kind = "text/plain"
	}
	return []byte(text), kind
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// token is n characters for an id.
func token(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = base62[rng.IntN(len(base62))]
	}
	return string(b)
}

// guid is a version 4 GUID.
func guid(rng *rand.Rand) string {
	a, b := rng.Uint64(), rng.Uint64()
	a = a&^0xf000 | 0x4000
	b = b&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1))
}

func shortHash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}
