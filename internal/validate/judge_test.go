package validate

import (
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestUneven draws from set-ups and counts how often the verdict is wrong.
func TestUneven(t *testing.T) {
	shares := func(list ...float64) map[string]float64 {
		m := map[string]float64{}
		for i, s := range list {
			m[string(rune('a'+i))] = s
		}
		return m
	}
	draw := func(r *rand.Rand, of map[string]float64, n int) map[string]int {
		by := map[string]int{}
		names := sortedNames(of)
		for range n {
			x := r.Float64()
			for _, name := range names {
				if x -= of[name]; x < 0 {
					by[name]++
					break
				}
			}
		}
		return by
	}
	r := rand.New(rand.NewPCG(1, 2))
	third := shares(1./3, 1./3, 1-2./3)
	for _, test := range []struct {
		name            string
		meant, is       map[string]float64
		n               int
		atLeast, atMost int // of 2000 that are called uneven
	}{
		{"three alike", third, third, 300, 0, 3},
		{"two alike, few", shares(.5, .5), shares(.5, .5), 60, 0, 3},
		{"weights", shares(.7, .2, .1), shares(.7, .2, .1), 300, 0, 3},
		{"ten alike", shares(.1, .1, .1, .1, .1, .1, .1, .1, .1, .1), shares(.1, .1, .1, .1, .1, .1, .1, .1, .1, .1), 300, 0, 3},
		{"half instead of a third", third, shares(.5, .25, .25), 300, 1900, 2000},
		{"none", third, shares(.5, .5, 0), 300, 2000, 2000},
		{"none, few", third, shares(.5, .5, 0), 60, 2000, 2000},
		{"a spare that is asked", shares(.5, .5, 0), shares(.45, .45, .1), 300, 1990, 2000},
		{"a spare that is not", shares(.5, .5, 0), shares(.5, .5, 0), 300, 0, 3},
	} {
		called := 0
		for range 2000 {
			if uneven(test.meant, draw(r, test.is, test.n), test.n) != "" {
				called++
			}
		}
		if called < test.atLeast || called > test.atMost {
			t.Errorf("%s: %d of 2000 are called uneven, want %d to %d", test.name, called, test.atLeast, test.atMost)
		}
	}
	// Tables of the chi-squared distribution, at one in ten thousand.
	for degrees, table := range map[int]float64{1: 15.14, 2: 18.42, 3: 21.11, 5: 25.74, 10: 35.56} {
		if got := critical(degrees); math.Abs(got-table) > 0.08*table {
			t.Errorf("critical(%d) = %.2f, and in tables %.2f", degrees, got, table)
		}
	}
}

// TestStrategies: a pool that believes something of its members keeps no shares.
func TestStrategies(t *testing.T) {
	even := map[string]float64{"a": .5, "b": .5}
	for _, test := range []struct {
		strategy string
		by       map[string]int
		want     Status
	}{
		{"adaptive", map[string]int{"a": 250, "b": 50}, Success},
		{"adaptive", map[string]int{"a": 300}, Success},
		{"least-busy", map[string]int{"b": 300}, Fail},
		{"least-latency", map[string]int{"b": 300}, Success},
		{"overflow", map[string]int{"a": 300}, Success},
	} {
		if v := judgeStrategy(intention{shares: even, source: "the pool p", strategy: test.strategy}, test.by, 300, "…", ""); v.status != test.want {
			t.Errorf("%s %v: %+v, want %s", test.strategy, test.by, v, test.want)
		}
	}
}

// steady is a stream of n events, gap apart, of which lump come at once.
func steady(first, gap time.Duration, n, lump int) run {
	var r run
	for i := range n {
		last := min(n-1, i-i%lump+lump-1)
		r.at = append(r.at, first+gap*time.Duration(last))
	}
	r.total = r.at[n-1] + gap
	return r
}

func TestJudgeStreams(t *testing.T) {
	const ms = time.Millisecond
	direct := steady(20*ms, 4*ms, 50, 1)
	for _, test := range []struct {
		name            string
		direct, through run
		status          Status
		reason          string
	}{
		{"as direct", direct, steady(21*ms, 4*ms, 50, 1), Success, "through the gateway and direct: first text after 21 ms and 20 ms"},
		{"all at once", direct, steady(20*ms, 4*ms, 50, 50), Fail, "until most of it is there"},
		{"two lumps", direct, steady(20*ms, 4*ms, 50, 25), Fail, "in 2 pieces, and direct in 50"},
		{"lumps of eight", direct, steady(20*ms, 4*ms, 50, 8), Fail, "in lumps: the text came in 7 pieces, and direct in 50"},
		{"pairs", direct, steady(20*ms, 4*ms, 50, 2), Success, ""},
		{"late", direct, steady(400*ms, 1*ms, 50, 1), Fail, "The gateway"},
		{"slow", direct, steady(20*ms, 15*ms, 50, 1), Fail, "slows the stream down"},
		{"nothing to see", steady(20*ms, 0, 50, 1), steady(20*ms, 0, 50, 1), NotObserved, "come all at once"},
		{"a word", steady(20*ms, 50*ms, 3, 1), steady(20*ms, 50*ms, 3, 1), NotObserved, "come all at once"},
		{"no text", run{}, run{}, NotObserved, "come all at once"},
	} {
		five := func(r run) []run { return []run{r, r, r, r, r} }
		together := togetherOf(five(test.direct))
		v := judgeStreams(medians(five(test.direct), together), medians(five(test.through), together), "")
		if v.status != test.status || !strings.Contains(v.reason, test.reason) {
			t.Errorf("%s: %+v, want %s with %q", test.name, v, test.status, test.reason)
		}
	}
}

func TestReadStream(t *testing.T) {
	const word = `data: {"choices":[{"delta":{"content":"a"}}]}` + "\n\n"
	for _, test := range []struct {
		body, err string
		events    int
	}{
		{word + word + "data: [DONE]\n\n", "", 2},
		{`data: {"choices":[]}` + "\r\n\r\n" + ": a comment\n" + word + "data:[DONE]\n", "", 1},
		{word, "before it was complete", 0},
		{"", "before it was complete", 0},
		{word + "data: {\n\n", "an event that is no JSON", 0},
		{word + `data: {"error":{"message":"cut"}}` + "\n\n", "ended in an error: cut", 0},
	} {
		r := readStream(strings.NewReader(test.body), time.Now())
		if test.err == "" && r.err != nil || test.err != "" && (r.err == nil || !strings.Contains(r.err.Error(), test.err)) || len(r.at) != test.events {
			t.Errorf("%q: %d events, %v", test.body, len(r.at), r.err)
		}
	}
}

func FuzzReadStream(f *testing.F) {
	f.Add("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n")
	f.Add("data: {\"error\":{}}\n\n")
	f.Fuzz(func(t *testing.T, body string) {
		r := readStream(strings.NewReader(body), time.Now())
		if r.err == nil && !strings.Contains(body, "[DONE]") {
			t.Errorf("%q is complete", body)
		}
	})
}

func FuzzSaidError(f *testing.F) {
	for _, text := range []string{
		`{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist."}}`,
		`{"statusCode":401,"message":"Access denied"}`, `{"error":{"code":429}}`, `<html>`, `{"error":"x"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, message := saidError([]byte(text))
		if len([]rune(message)) > 301 {
			t.Errorf("%q is too long", message)
		}
	})
}

// TestNames: regions and their keys by the names that people give named values.
func TestNames(t *testing.T) {
	for _, test := range []struct{ endpoint, key, region string }{
		{"endpoint-eastus", "key-eastus", "eastus"},
		{"eastus-endpoint", "eastus-key", "eastus"},
		{"OPENAI_ENDPOINT_EASTUS", "OPENAI_KEY_EASTUS", "eastus"},
		{"aoaiEastUsUrl", "aoaiEastUsApiKey", "east-us"},
		{"backend-url-1", "backend-key-1", "1"},
		{"openai-endpoint", "openai-key", "openai-endpoint"},
	} {
		values := map[string]string{test.endpoint: "https://one.example", test.key: "the key", "key-of-another": "wrong", "another-endpoint": "https://two.example"}
		if got := keyFor(test.endpoint, values); got != "the key" {
			t.Errorf("the key of %s is %q", test.endpoint, got)
		}
		if got := regionWord(test.endpoint); got != test.region {
			t.Errorf("the region of %s is %s, want %s", test.endpoint, got, test.region)
		}
		delete(values, test.key)
		if got := keyFor(test.endpoint, values); got != "" {
			t.Errorf("%s without a key has %q", test.endpoint, got)
		}
	}
	for address, want := range map[string]string{
		"https://One.openai.azure.com/": "https://one.openai.azure.com", "http://127.0.0.1:9101/openai": "http://127.0.0.1:9101",
		"ftp://x": "", "a key": "", "": "", "https://": "",
	} {
		if got := origin(address); got != want {
			t.Errorf("the origin of %q is %q, want %q", address, got, want)
		}
	}
	if got := endpointOf("https://one.openai.azure.com/openai/"); got != "https://one.openai.azure.com" {
		t.Error(got)
	}
	if got := filled("{{a}}/{{b}}", map[string]string{"a": "x", "c": "y"}); got != "x/{{b}}" {
		t.Error(got)
	}
}

func TestShadowFaults(t *testing.T) {
	s := &shadows{all: []*shadow{{region: &region{name: "a"}}}}
	for _, way := range failings {
		if err := s.setFault(t.Context(), "a", way.fault); err != nil || s.all[0].failing.Kind == "" {
			t.Errorf("%s: %v", way.fault, err)
		}
	}
	if err := s.setFault(t.Context(), "a", nil); err != nil || s.all[0].failing.Kind != "" {
		t.Error("a fault that stays")
	}
	m, err := s.mark(t.Context())
	if err != nil || !maps.Equal(m, mark{"a": time.Time{}}) {
		t.Errorf("%v %v", m, err)
	}
}
