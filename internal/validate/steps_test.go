package validate_test

import (
	"context"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
	"github.com/spillway-gateway/spillway/internal/chat"
	"github.com/spillway-gateway/spillway/internal/server"
	"github.com/spillway-gateway/spillway/internal/validate"
	"github.com/spillway-gateway/spillway/sim"
)

// TestSamples takes all steps with each sample service.
func TestSamples(t *testing.T) {
	for _, sample := range []string{"azure-openai", "backend-list", "pool"} {
		t.Run(sample, func(t *testing.T) {
			t.Parallel()
			s := begin(t, sample, nil)
			results := s.take(s.options())
			if len(results) != 7 {
				t.Errorf("%d steps", len(results))
			}
			for i, r := range results {
				want(t, r, validate.Success, "", "")
				if r.Step != i+1 {
					t.Errorf("step %d is numbered %d", i+1, r.Step)
				}
			}
			for _, region := range []string{"eastus", "australiaeast", "swedencentral"} {
				if f := s.faultNow(region); f != "null" {
					t.Errorf("%s is left with the fault %s", region, f)
				}
			}
		})
	}
}

// TestStrategyPools takes the steps with pools that choose by what they know of
// their members.
func TestStrategyPools(t *testing.T) {
	for _, strategy := range []string{"adaptive", "least-busy", "least-latency", "overflow"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			s := begin(t, "pool", func(dir string) {
				edit(t, dir, settingsFile, "strategy: apim", "strategy: "+strategy)
				for _, priority := range []string{"2", "3"} {
					edit(t, dir, "backends/openai/backendInformation.json", `"priority": `+priority, `"priority": 1`)
				}
			})
			for _, r := range s.take(s.options(), 3, 4, 5) {
				want(t, r, validate.Success, "", "")
			}
		})
	}
}

// The sample's policy in its parts.
const (
	retryBegins = `<retry condition="@(context.Response == null || context.Response.StatusCode >= 300)" count="2" interval="1" first-fast-retry="true">`
	chooseAnew  = `<set-variable name="region" value="@(((int)context.Variables["region"] + 1) % 3)" />`
)

// poolRetry begins the retry of the sample pool.
const poolRetry = `<retry condition="@(context.Response == null || context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)" count="3" interval="0" first-fast-retry="true">`

// lastMember is that of the sample pool.
const lastMember = `,
        {
          "id": "/backends/swedencentral",
          "priority": 3,
          "weight": 1
        }`

// mocked answers in the place of the regions.
const mocked = `<return-response><set-status code="200" reason="OK" /><set-body>{"choices": [{}], "data": [{"embedding": [1, 2, 3]}]}</set-body></return-response>`

// embeddingsAlone gives the operation of embeddings a policy that takes nothing
// over from the API's.
func embeddingsAlone(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "apis", "my-cool-openai-test", "operations", "Embeddings_Create", "policy.xml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	const policy = `<policies><inbound><set-backend-service base-url="{{endpoint-eastus}}" /><set-header name="api-key" exists-action="override"><value>{{key-eastus}}</value></set-header></inbound><backend><forward-request /></backend><outbound /><on-error /></policies>`
	if err := os.WriteFile(path, []byte(policy), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestBrokenSetups has, for each step, set-ups that it must find.
func TestBrokenSetups(t *testing.T) {
	in := func(name string, pairs ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for i := 0; i < len(pairs); i += 2 {
				edit(t, dir, name, pairs[i], pairs[i+1])
			}
		}
	}
	and := func(edits ...func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for _, edit := range edits {
				edit(t, dir)
			}
		}
	}
	// One region comes first, and the service says so.
	documentOrder := and(in(apiPolicy, `@(new Random(context.RequestId.GetHashCode()).Next(0, 3))`, `@(0)`),
		in(settingsFile, "apis:", "validate:\n  shares:\n    - {region: eastus, share: 1}\n    - {region: australiaeast, share: 0}\n    - {region: swedencentral, share: 0}\napis:"))
	for _, test := range []struct {
		name         string
		sample       string // azure-openai unless given
		edit         func(t *testing.T, dir string)
		then         func(s *setup, o *validate.Options)
		step         int
		status       validate.Status // Fail unless given
		reason, hint string
	}{
		{
			name: "a model is not deployed", step: 1,
			edit:   in(settingsFile, "{name: swedencentral, port: 0}", "{name: swedencentral, port: 0, deployments: [gpt-35-turbo]}"),
			reason: "swedencentral has no deployment text-embedding-ada-002; it has gpt-35-turbo.", hint: "Deploy text-embedding-ada-002 in swedencentral",
		},
		{
			name: "a region answers that there is no such deployment", step: 1,
			then:   func(s *setup, _ *validate.Options) { s.fault("eastus", `{"kind":"status","status":404}`) },
			reason: "eastus has no deployment gpt-35-turbo and no text-embedding-ada-002.", hint: "Deploy",
		},
		{
			name: "another model is asked for", step: 1,
			then:   func(_ *setup, o *validate.Options) { o.Model = "gpt-4o" },
			reason: "eastus has no deployment gpt-4o; it has gpt-35-turbo and text-embedding-ada-002. australiaeast has no deployment gpt-4o;", hint: "spillway.yaml",
		},
		{
			name: "a model that does something else", step: 1,
			then:   func(_ *setup, o *validate.Options) { o.Embedding = "gpt-35-turbo" },
			reason: "eastus does not answer for gpt-35-turbo: 400", hint: "-embedding that for embeddings",
		},
		{
			name: "an operation is missing", step: 2, edit: in(apiSpec, "/embeddings:", "/images:"),
			reason: "The API My Cool OpenAI Test has no operation POST /openai/deployments/{deployment-id}/embeddings.", hint: "Add it",
		},
		{
			name: "an operation has another method", step: 2, edit: in(apiSpec, "    post:\n      operationId: ChatCompletions_Create", "    put:\n      operationId: ChatCompletions_Create"),
			reason: "has no operation POST /openai/deployments/{deployment-id}/chat/completions.", hint: "Add it",
		},
		{
			name: "no region answers", step: 2,
			then: func(s *setup, _ *validate.Options) {
				for _, name := range []string{"eastus", "australiaeast", "swedencentral"} {
					s.fault(name, `{"kind":"status","status":500,"deployment":"text-embedding-ada-002"}`)
				}
			},
			reason: "POST /openai/deployments/text-embedding-ada-002/embeddings answered: 500", hint: "spillway trace",
		},
		{
			name: "the key is refused", step: 2, then: func(_ *setup, o *validate.Options) { o.Key = "wrong" },
			reason: "answered: 401", hint: "Is the subscription key right",
		},
		{
			name: "spares by the document", step: 3, edit: documentOrder,
			status: validate.Success, reason: "australiaeast and swedencentral stand behind",
		},
		{
			name: "the backend is fixed", step: 3,
			edit: in(apiPolicy, `value="@(new Random(context.RequestId.GetHashCode()).Next(0, 3))"`, `value="@(1)"`), reason: "The backend is fixed: all of 40 requests went to australiaeast, and none to eastus and swedencentral.", hint: "set-backend-service",
		},
		{
			name: "the key does not change", step: 3, edit: in(fragment, "{{key-australiaeast}}", "{{key-eastus}}"),
			reason: "The key does not change with the backend: australiaeast was sent a key that is not its own", hint: "api-key",
		},
		{
			name: "one region is never asked", step: 3,
			edit: in(apiPolicy, "Next(0, 3)", "Next(0, 2)"), reason: "swedencentral got none of 40 requests", hint: "shares",
		},
		{
			name: "one region is sent another one's key", step: 3,
			edit:   in(settingsFile, "key-swedencentral: {region: swedencentral,", "key-swedencentral: {region: eastus,"),
			reason: "swedencentral was sent a key that is not its own", hint: "is the named value of the key that region's?",
		},
		{
			name: "one key for all", step: 3, edit: in(fragment, "{{key-australiaeast}}", "{{key-eastus}}", "{{key-swedencentral}}", "{{key-eastus}}"),
			reason: "The key does not change with the backend: australiaeast", hint: "api-key",
		},
		{
			name: "the caller's key goes along", step: 3, edit: and(in(apiPolicy, `interval="1"`, `interval="0"`), in(fragment, `exists-action="override"`, `exists-action="skip"`)),
			reason: "eastus was sent a key that is not its own 16 of 16 times", hint: `exists-action="override"`,
		},
		{
			name: "the choice leaves the first one out", step: 3, edit: in(apiPolicy, "Next(0, 3)", "Next(1, 4)"),
			reason: "eastus got none of 40 requests (eastus 0,", hint: "shares",
		},
		{
			name: "embeddings have a policy of their own", step: 3, edit: embeddingsAlone,
			reason: "The backend is fixed: all of 40 requests of embeddings went to eastus, and none to australiaeast and swedencentral.", hint: "<base />",
		},
		{
			name: "the gateway answers by itself", step: 3, edit: in(apiPolicy, "<inbound>\n        <base />", "<inbound>\n        <base />"+mocked),
			reason: "none of the regions eastus, australiaeast and swedencentral has seen the requests", hint: "named values",
		},
		{
			name: "the key of a member behind", sample: "pool", step: 3, edit: in(settingsFile, "key-swedencentral: {region: swedencentral,", "key-swedencentral: {region: eastus,"),
			reason: "swedencentral was sent a key that is not its own", hint: "the backend's credentials",
		},
		{
			name: "a region is no member", sample: "pool", step: 3, edit: in("backends/openai/backendInformation.json", lastMember, ""),
			reason: "swedencentral got none of 40 requests, also while the others were failed: it is no member of the pool openai.", hint: "Add it",
		},
		{
			name: "members behind are seen", sample: "pool", step: 3,
			status: validate.Success, reason: "australiaeast and swedencentral stand behind",
		},
		{
			name: "a pool whose members behind have no way in", sample: "pool", step: 3,
			edit: in(apiPolicy, `<retry condition="@(context.Response == null`, `<retry condition="@(context.Request.Method == "GET" && context.Response == null`), reason: "All 28 requests went to eastus, also while it failed.", hint: "choose another backend",
			then: func(s *setup, _ *validate.Options) {
				edit(s.t, s.dir, "backends/eastus/backendInformation.json", `"count": 3`, `"count": 9000`)
			},
		},
		{
			name: "the traffic is uneven", step: 4, edit: in(apiPolicy, "Next(0, 3)", "Next(0, 9)"),
			reason: "The traffic spreads otherwise than intended", hint: "-shares eastus=",
		},
		{
			name: "a region gets no traffic", step: 4, edit: in(apiPolicy, "Next(0, 3)", "Next(0, 2)"),
			reason: "swedencentral gets no traffic: 300 requests went to", hint: "swedencentral=0",
		},
		{
			name: "a region refuses its part", step: 4, edit: in(settingsFile, "key-eastus: {region: eastus,", "key-eastus: {region: swedencentral,"),
			reason: "of them with 401. Good answers: eastus 0,", hint: "Is the key that the policy sends eastus its own?",
		},
		{
			name: "too few to tell", step: 4, then: func(_ *setup, o *validate.Options) { o.Requests = 5 },
			status: validate.NotObserved, reason: "5 requests cannot tell", hint: "-requests 10",
		},
		{
			name: "few that tell", step: 4, edit: in(apiPolicy, "Next(0, 3)", "Next(0, 1)"),
			then:   func(_ *setup, o *validate.Options) { o.Requests = 20 },
			reason: "The traffic spreads otherwise than intended: 20 requests", hint: "-shares",
		},
		{
			name: "as it was meant", step: 4, edit: in(apiPolicy, "Next(0, 3)", "Next(0, 9)"),
			then: func(_ *setup, o *validate.Options) {
				o.Shares = map[string]int{"eastus": 1, "australiaeast": 1, "swedencentral": 7}
			},
			status: validate.Success, reason: "Intended by the stated shares: eastus 11%",
		},
		{
			name: "a spare gets traffic", step: 4,
			then:   func(_ *setup, o *validate.Options) { o.Shares = map[string]int{"eastus": 1, "australiaeast": 1} },
			reason: "swedencentral is a spare and got traffic while all was well", hint: "say so",
		},
		{
			name: "a pool's weights are not what is stated", sample: "pool", step: 4,
			then:   func(_ *setup, o *validate.Options) { o.Shares = map[string]int{"eastus": 1, "swedencentral": 1} },
			reason: "swedencentral gets no traffic", hint: "priorities",
		},
		{
			name: "one region in front of all, by the document", step: 5, edit: and(documentOrder, in(apiPolicy, "context.Response == null || context.Response.StatusCode >= 300", "context.Response != null && context.Response.StatusCode == 429")),
			reason: "With eastus answering 503", hint: "a condition that takes 500 and above",
		},
		{
			name: "errors are hidden", step: 5, edit: in(apiPolicy, retryBegins, "", "</retry>", "", "<outbound>\n        <base />", "<outbound>\n        <base /><set-status code=\"200\" reason=\"OK\" />"),
			reason: "200 with a body that is no ", hint: "Put a retry policy around forward-request",
		},
		{
			name: "no retry", step: 5, edit: in(apiPolicy, retryBegins, "", "</retry>", ""),
			reason: "No request was tried a second time", hint: "Put a retry policy around forward-request",
		},
		{
			name: "no retry of embeddings", step: 5, edit: embeddingsAlone,
			reason: "No request of embeddings was tried a second time", hint: "<base />",
		},
		{
			name: "a breaker in place of a retry", sample: "pool", step: 5, edit: in(apiPolicy, poolRetry, "", "</retry>", ""),
			reason: "of 4 requests failed", hint: "Put a retry policy around forward-request",
		},
		{
			name: "a pool's retry for 429 alone", sample: "pool", step: 5, edit: in(apiPolicy, "context.Response == null || context.Response.StatusCode == 429 || context.Response.StatusCode >= 500", "context.Response != null && context.Response.StatusCode == 429"),
			reason: "With eastus answering 503", hint: "a condition that takes 500 and above",
		},
		{
			name: "a retry that has lost the body", step: 5, edit: in(apiPolicy, ` buffer-request-body="true"`, ""),
			reason: "They were tried again, and ", hint: `buffer-request-body="true"`,
		},
		{
			name: "a retry with the first region's key", step: 5, edit: and(in(apiPolicy, `count="2"`, `count="1"`), in(fragment, "{{key-australiaeast}}", "{{key-eastus}}")),
			reason: "They were tried again, and australiaeast answered 401.", hint: "The key must change with the region",
		},
		{
			name: "a count that ends at the same region", step: 5,
			edit:   in(apiPolicy, `count="2"`, `count="1"`, `ContainsKey("tried")`, `ContainsKey("never")`),
			reason: "went to eastus again and again", hint: "Choose the backend anew",
		},
		{
			name: "a retry for errors of the server alone", step: 5, edit: in(apiPolicy, "StatusCode >= 300", "StatusCode >= 500"),
			reason: "With eastus answering 429", hint: "a condition that takes 429",
		},
		{
			name: "one retry is enough for one region", step: 5, edit: in(apiPolicy, `count="2"`, `count="1"`),
			status: validate.Success, reason: "requests were answered with 200",
		},
		{
			name: "no region gets the requests", step: 5, edit: in(apiPolicy, "<inbound>\n        <base />", "<inbound>\n        <base />"+mocked),
			status: validate.NotObserved, reason: "None of 12 requests reached one of the regions", hint: "step 3",
		},
		{
			name: "no way in", step: 5, then: func(_ *setup, o *validate.Options) { o.Key = "wrong" },
			reason: "None of them reached a region.", hint: "Is the subscription key right",
		},
		{
			name: "no way in for many", step: 4, then: func(_ *setup, o *validate.Options) { o.Key = "wrong" },
			reason: "12 of 12 requests were not answered: 12 × 401", hint: "Is the subscription key right",
		},
		{
			name: "a retry for 429 alone", step: 5,
			edit:   in(apiPolicy, `context.Response == null || context.Response.StatusCode >= 300`, `context.Response != null &amp;&amp; context.Response.StatusCode == 429`),
			reason: "With australiaeast answering 503", hint: "a condition that takes 500 and above",
		},
		{
			name: "a retry for answers alone", step: 5,
			edit:   in(apiPolicy, `context.Response == null || context.Response.StatusCode >= 300`, `context.Response != null &amp;&amp; context.Response.StatusCode >= 300`),
			reason: "No second attempt was made after the refused one.", hint: "context.Response == null",
		},
		{
			name: "retries at the same region", step: 5, edit: in(apiPolicy, chooseAnew, ""),
			reason: "went to eastus again and again", hint: "Choose the backend anew",
		},
		{
			name: "a stream that is collected", step: 6, edit: in(apiPolicy, `buffer-response="false"`, `buffer-response="true"`),
			reason: "The gateway ", hint: `buffer-response="false"`,
		},
		{
			name: "a stream that is collected by default", step: 6, edit: in(apiPolicy, ` buffer-response="false"`, ""),
			reason: "The gateway passes the stream on in lumps", hint: `buffer-response="false"`,
		},
		{
			name: "a stream that is read", step: 6,
			edit:   in(apiPolicy, `<set-header name="x-served-by-region"`, `<set-variable name="length" value="@(context.Response.Body.As<string>(preserveContent: true).Length)" /><set-header name="x-served-by-region"`),
			reason: "The gateway holds the stream up until most of it is there.", hint: "let no policy of the outbound section read",
		},
		{
			name: "the chat app asks a region itself", step: 7,
			then: func(s *setup, o *validate.Options) {
				s.chatAsks(regionAt(s, "australiaeast"), regionKey(s, "australiaeast"))
				o.Chat = s.chat.URL
			},
			reason: "of the chat app came to australiaeast directly, without the gateway's X-Forwarded-For", hint: "spillway chat connect",
		},
		{
			name: "the chat app asks somebody else", step: 7,
			then: func(s *setup, o *validate.Options) {
				r := sim.New(sim.Config{Name: "elsewhere"})
				at := httptest.NewServer(r)
				s.t.Cleanup(at.Close)
				s.chatAsks(at.URL, r.Keys()[0])
				o.Chat = s.chat.URL
			},
			reason: "none of the regions eastus, australiaeast and swedencentral has seen its calls", hint: "spillway chat connect",
		},
		{
			name: "the chat app has a wrong key", step: 7,
			then: func(s *setup, o *validate.Options) {
				s.chatAsks(s.info.Gateway+"/openai-test", "wrong")
				o.Chat = s.chat.URL
			},
			reason: "The key was refused (401).", hint: "spillway chat connect",
		},
		{
			name: "the chat app is not connected", step: 7,
			then: func(s *setup, o *validate.Options) {
				s.chatAsks("", "")
				o.Chat = s.chat.URL
			},
			reason: "asks nobody", hint: "spillway chat connect",
		},
		{
			name: "no chat app", step: 7, then: func(_ *setup, o *validate.Options) { o.Chat = "http://127.0.0.1:1" },
			status: validate.NotObserved, reason: "No chat app answers", hint: "spillway chat",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sample := test.sample
			if sample == "" {
				sample = examples.Default
			}
			var s *setup
			if sample == "pool" && test.then != nil && test.edit != nil {
				s = begin(t, sample, func(dir string) {
					test.edit(t, dir)
					test.then(&setup{t: t, dir: dir}, nil)
				})
			} else {
				s = begin(t, sample, func(dir string) {
					if test.edit != nil {
						test.edit(t, dir)
					}
				})
			}
			o := s.options()
			o.Memory = time.Second // these policies remember nothing
			if test.then != nil && s.info.Gateway != "" && !(sample == "pool" && test.edit != nil) {
				test.then(s, &o)
			}
			status := test.status
			if status == "" {
				status = validate.Fail
			}
			want(t, s.take(o, test.step)[0], status, test.reason, test.hint)
		})
	}
}

func regionAt(s *setup, name string) string {
	for _, r := range s.info.Regions {
		if r.Name == name {
			return r.Address
		}
	}
	s.t.Fatalf("no region %s", name)
	return ""
}

func regionKey(s *setup, name string) string {
	var list []struct {
		Name string
		Keys []string
	}
	get(s.t, s.info.Control+"/regions", &list)
	for _, r := range list {
		if r.Name == name {
			return r.Keys[1]
		}
	}
	s.t.Fatalf("no region %s", name)
	return ""
}

// TestRetryRemoved takes all steps without the retry: one of them fails, and the
// others do not.
func TestRetryRemoved(t *testing.T) {
	t.Parallel()
	s := begin(t, examples.Default, func(dir string) {
		edit(t, dir, apiPolicy, retryBegins, "")
		edit(t, dir, apiPolicy, "</retry>", "")
	})
	for _, r := range s.take(s.options()) {
		if r.Step == 5 {
			want(t, r, validate.Fail, "With eastus answering 429", "Put a retry policy around forward-request")
			continue
		}
		want(t, r, validate.Success, "", "")
	}
}

// TestFaultsStay: regions that somebody has failed are checked without their
// faults, which are there again afterwards.
func TestFaultsStay(t *testing.T) {
	t.Parallel()
	s := begin(t, examples.Default, nil)
	s.fault("eastus", `{"kind":"refuse"}`)
	for _, r := range s.take(s.options()) {
		note := "A fault was on order at eastus (refuse); lifted for the check, and put back."
		if r.Step == 2 {
			note = ""
		}
		want(t, r, validate.Success, note, "")
	}
	if f := s.faultNow("eastus"); !strings.Contains(f, "refuse") {
		t.Errorf("the fault of eastus is %s", f)
	}
}

// TestInterrupted: what an interrupted step has changed is put back.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	s := begin(t, examples.Default, nil)
	s.fault("swedencentral", `{"kind":"slow","delay":"50ms"}`)
	check, err := validate.Open(t.Context(), s.options())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan validate.Result, 1)
	go func() { done <- check.Run(ctx, 5) }()
	end := time.After(60 * time.Second)
	for s.faultNow("eastus") == "null" {
		select {
		case <-end:
			t.Fatal("step 5 fails no region")
		default:
		}
	}
	cancel()
	want(t, <-done, validate.NotObserved, "interrupted", "again")
	if f := s.faultNow("eastus"); f != "null" {
		t.Errorf("eastus is left with %s", f)
	}
	if f := s.faultNow("swedencentral"); !strings.Contains(f, "slow") {
		t.Errorf("swedencentral is left with %s", f)
	}
	if err := check.Close(); err != nil {
		t.Error(err)
	}
}

// TestRealRegions looks at regions without a control.
func TestRealRegions(t *testing.T) {
	t.Parallel()
	s, regions := realRegions(t)
	before := tree(t, s.dir)
	o := s.options()
	o.Control = ""
	results := s.take(o)
	for _, r := range results {
		switch r.Step {
		case 5, 7:
			want(t, r, validate.NotObserved, "The regions are real ones", "-consent")
		default:
			want(t, r, validate.Success, "", "")
		}
	}
	o.Consent = true
	for _, r := range s.take(o) {
		want(t, r, validate.Success, "", "")
	}
	if after := tree(t, s.dir); !maps.Equal(before, after) {
		for name := range after {
			if before[name] != after[name] {
				t.Errorf("%s is left as\n%s\nit was\n%s", name, after[name], before[name])
			}
		}
	}
	// And it finds what is broken there, too.
	s.chatAsks(regionValue(t, s.dir, "eastus"), regions["eastus"].Keys()[0])
	o.Chat = s.chat.URL
	want(t, s.take(o, 7)[0], validate.Fail, "has seen its calls", "chat connect")
	edit(t, s.dir, apiPolicy, "context.Response.StatusCode >= 300", "context.Response.StatusCode == 600")
	await(t, s, "StatusCode == 600")
	want(t, s.take(o, 5)[0], validate.Fail, "No request was tried a second time", "Put a retry policy")
}

// TestNothingThere: set-ups that cannot be looked at, and those with nothing to
// balance.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	if _, err := validate.Open(t.Context(), validate.Options{}); err == nil {
		t.Error("nothing at all can be checked")
	}
	if _, err := validate.Open(t.Context(), validate.Options{Management: "http://127.0.0.1:1", Token: "t"}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody at the management API: %v", err)
	}
	s := &setup{t: t, dir: t.TempDir()}
	s.serve(server.Config{Dir: s.dir})
	s.chatAsks("", "")
	if _, err := validate.Open(t.Context(), validate.Options{Management: s.info.Management, Token: "wrong"}); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a wrong token: %v", err)
	}
	for _, r := range s.take(s.options()) {
		switch r.Step {
		case 1:
			want(t, r, validate.NotObserved, "No region is known", "regions in spillway.yaml")
		default:
			want(t, r, validate.Fail, "", "")
		}
	}
	r := s.take(s.options(), 8)[0]
	if r.Status != validate.Fail || r.Step != 8 {
		t.Errorf("step 8: %+v", r)
	}
	one := begin(t, examples.Default, func(dir string) {
		edit(t, dir, settingsFile, "  - {name: australiaeast, port: 0}\n  - {name: swedencentral, port: 0}\n", "")
		for _, gone := range []string{"australiaeast", "swedencentral"} {
			edit(t, dir, settingsFile, "{region: "+gone+",", "{region: eastus,")
		}
	})
	for _, r := range one.take(one.options(), 3, 4, 5) {
		want(t, r, validate.Fail, "There is one region, eastus", "Add a second region")
	}
}

// TestOtherDeployments: a set-up whose deployments have other names is right, too.
// They are those that the chat app asks, or that all regions have.
func TestOtherDeployments(t *testing.T) {
	t.Parallel()
	s := begin(t, examples.Default, func(dir string) {
		edit(t, dir, settingsFile, "port: 0}", "port: 0, deployments: [text-embedding-3-small, gpt-4o]}")
	})
	values := map[string]string{
		chat.NameEndpoint: s.info.Gateway + "/openai-test", chat.NameKey: s.info.SubscriptionKey,
		"AZURE_OPENAI_MODEL": "gpt-4o", "AZURE_OPENAI_EMBEDDING_NAME": "text-embedding-3-small",
	}
	o := s.options()
	o.Chat = ""
	for _, r := range s.take(o, 1, 2) {
		want(t, r, validate.Success, "gpt-4o", "")
	}
	app := httptest.NewServer(chat.New(chat.Options{Source: chat.Source{Env: func(name string) string { return values[name] }}}).Handler())
	t.Cleanup(app.Close)
	o.Chat = app.URL
	for _, r := range s.take(o, 1, 2, 3, 7) {
		want(t, r, validate.Success, "", "")
	}
	values["AZURE_OPENAI_MODEL"] = "gpt-35-turbo"
	want(t, s.take(o, 1)[0], validate.Fail, "eastus has no deployment gpt-35-turbo; it has text-embedding-3-small and gpt-4o.", "AZURE_OPENAI_MODEL")
}

// TestOtherGateway checks a gateway by its endpoint and the regions' control
// alone.
func TestOtherGateway(t *testing.T) {
	t.Parallel()
	s := begin(t, examples.Default, nil)
	o := validate.Options{Endpoint: s.info.Gateway + "/openai-test", Key: s.info.SubscriptionKey, Control: s.info.Control, Chat: s.chat.URL}
	for _, r := range s.take(o) {
		want(t, r, validate.Success, "", "")
	}
}
