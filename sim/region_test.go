package sim

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
)

func rawBase64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// Example is all that a client needs: an address and a key.
func Example() {
	region := New(Config{Name: "eastus", Keys: []string{"my-key"}})
	srv := httptest.NewServer(region)
	defer srv.Close()

	url := srv.URL + "/openai/deployments/gpt-35-turbo/completions?api-version=2024-10-21"
	req, _ := http.NewRequest("POST", url, strings.NewReader(`{"prompt":"Say it works","max_tokens":9}`))
	req.Header.Set("api-key", "my-key")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	fmt.Println(resp.StatusCode, resp.Header.Get("x-ms-region"))
	// Output: 200 East US
}

// A region with a seed on a clock moved by hand does the same thing twice, to
// the byte, ids and latencies included.
func TestSameSeedSameStory(t *testing.T) {
	story := func(seed uint64) string {
		clk := clock.NewManual(noon)
		r := New(Config{Name: "eastus", Profile: Realistic(), Clock: clk, Seed: seed})
		var b strings.Builder
		clk.Run(func() {
			for range 4 {
				resp, err := r.Call(t.Context(), chatRequest(r, `"stream":true`))
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprintln(&b, resp.Status, resp.Header)
				for {
					piece, err := resp.Body.Next(t.Context())
					fmt.Fprintln(&b, clk.Now().Sub(noon), string(piece))
					if errors.Is(err, io.EOF) {
						break
					}
				}
			}
		})
		return b.String()
	}
	first := story(3)
	if again := story(3); again != first {
		t.Error("the same seed tells two stories")
	}
	if first == story(4) {
		t.Error("the seed makes no difference")
	}
}

// The latencies of the realistic profile are those that were measured.
func TestRealisticLatency(t *testing.T) {
	clk := clock.NewManual(noon)
	r := New(Config{Name: "eastus", Profile: Realistic(), Clock: clk, Seed: 1, Deployments: []Deployment{{Name: "gpt-35-turbo", TPM: 1e8, RPM: 1e8}}})
	factor, network := distance("eastus")
	var firsts, gaps []float64
	bursts := 0
	clk.Run(func() {
		for range 400 {
			began := clk.Now()
			ask := chatRequest(r, `"stream":true`)
			ask.Body = strings.NewReader(`{"messages":[{"role":"user","content":"Count to 200"}],"stream":true}`)
			resp, err := r.Call(t.Context(), ask)
			if err != nil {
				t.Error(err)
				return
			}
			firsts = append(firsts, float64(clk.Now().Sub(began)-network)/factor)
			head := clk.Now()
			events := 0
			for {
				if _, err := resp.Body.Next(t.Context()); err != nil {
					break
				}
				events++
			}
			bursts = events
			gaps = append(gaps, float64(clk.Now().Sub(head))/factor/400)
		}
	})
	slices.Sort(firsts)
	slices.Sort(gaps)
	median := time.Duration(firsts[len(firsts)/2])
	if math.Abs(float64(median-352*time.Millisecond)) > float64(25*time.Millisecond) {
		t.Errorf("median first token %v, want about 352ms", median)
	}
	if p90 := time.Duration(firsts[len(firsts)*9/10]); p90 < 450*time.Millisecond || p90 > 700*time.Millisecond {
		t.Errorf("first token p90 %v, want about 550ms", p90)
	}
	if gap := time.Duration(gaps[len(gaps)/2]); gap < 13*time.Millisecond || gap > 15*time.Millisecond {
		t.Errorf("gap %v, want about 14ms", gap)
	}
	if bursts > 25 {
		t.Errorf("%d events: the filter lets text pass in bursts", bursts)
	}
}

// Provisioned throughput varies less, and is not slower for being used.
func TestProvisionedLatency(t *testing.T) {
	spread := func(load float64, provisioned bool) (median, width float64) {
		rng := rand.New(rand.NewPCG(1, 2))
		var firsts []float64
		for range 2000 {
			t := Realistic().chat(rng, "eastus", modelNamed("gpt-4o"), 10, load, provisioned)
			_, network := distance("eastus")
			firsts = append(firsts, math.Log(float64(t.first-network)))
		}
		slices.Sort(firsts)
		return firsts[1000], firsts[1680] - firsts[320]
	}
	median, width := spread(0, false)
	for _, load := range []float64{0, 0.9} {
		m, w := spread(load, true)
		if math.Abs(m-median) > 0.03 || math.Abs(w/width-0.5) > 0.05 {
			t.Errorf("at %v: median %.3f, width %.3f; a standard one has %.3f and %.3f", load, m, w, median, width)
		}
	}
	if m, _ := spread(0.9, false); m < median+0.5 {
		t.Errorf("a standard one is not slower when used: %.3f", m)
	}
}

func TestRealisticQuotas(t *testing.T) {
	for _, c := range []struct {
		region, model string
		tpm, rpm      int
	}{
		{"eastus", "gpt-35-turbo", 240_000, 1440},
		{"swedencentral", "gpt-35-turbo", 300_000, 1800},
		{"australiaeast", "text-embedding-ada-002", 350_000, 2100},
		{"francecentral", "text-embedding-ada-002", 240_000, 1440},
		{"eastus", "gpt-5.4", 300_000, 3000},
		{"eastus", "gpt-5.4-mini", 300_000, 300},
		{"eastus", "o1", 300_000, 50},
		{"eastus", "o3-pro", 300_000, 30},
		{"anywhere", "gpt-4o-mini", 2_000_000, 20_000},
		{"eastus", "some-new-model", 300_000, 1800},
	} {
		r := New(Config{Name: c.region, Profile: Realistic(), Deployments: []Deployment{{Name: "d", Model: c.model}}})
		if d := r.Deployments()[0]; d.TPM != c.tpm || d.RPM != c.rpm {
			t.Errorf("%s in %s: %d TPM, %d RPM, want %d and %d", c.model, c.region, d.TPM, d.RPM, c.tpm, c.rpm)
		}
	}
	r := New(Config{Name: "eastus", Profile: Realistic(), Deployments: []Deployment{{Name: "d", Model: "gpt-4o", TPM: 30_000}}})
	if d := r.Deployments()[0]; d.RPM != 180 {
		t.Errorf("30K TPM of gpt-4o come with %d RPM, want 180", d.RPM)
	}
}

func TestProfileNamed(t *testing.T) {
	for _, name := range []string{"fast", "realistic", "instant"} {
		if p, err := ProfileNamed(name); err != nil || p.Name != name {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}
	if _, err := ProfileNamed("slow"); err == nil {
		t.Error("there is no slow profile")
	}
}

// A step of a quota's story.
type quotaStep struct {
	at      time.Duration
	tokens  int
	refused string
	wait    time.Duration
	left    int
	calls   int
}

func TestQuota(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name    string
		mode    QuotaMode
		tpm     int
		rpm     int
		refusal int
		steps   []quotaStep
	}{
		{"a fixed minute", Documented, 100, 600, 1, []quotaStep{
			{0, 60, "", 0, 40, 99},
			{10 * s, 50, "token", 50 * s, 40, 99},
			{20 * s, 40, "", 0, 0, 99},
			{59 * s, 1, "token", 1 * s, 0, 99},
			{60 * s, 100, "", 0, 0, 99},
			{3600 * s, 1, "", 0, 99, 99},
		}},
		{"more than all", Documented, 100, 600, 1, []quotaStep{{0, 101, "token", 24 * time.Hour, 100, 99}}},
		{"calls in ten seconds", Documented, 1000, 12, 1, []quotaStep{
			{0, 1, "", 0, 999, 1}, {1 * s, 1, "", 0, 998, 0}, {2 * s, 1, "call", 8 * s, 998, -1}, {3 * s, 1, "call", 7 * s, 998, -1}, {10 * s, 1, "", 0, 997, 1},
		}},
		{"refusals that cost nothing", Documented, 10, 12, 0, []quotaStep{
			{0, 11, "token", 24 * time.Hour, 10, 2}, {0, 10, "", 0, 0, 1}, {0, 1, "token", 60 * s, 0, 1}, {0, 0, "", 0, 0, 0},
		}},
		{"a sliding minute", Observed, 100, 0, 1, []quotaStep{
			{0, 60, "", 0, 40, 0},
			{10 * s, 40, "", 0, 0, 0},
			{20 * s, 30, "token", 40 * s, 0, 0},
			{30 * s, 80, "token", 40 * s, 0, 0},
			{60 * s, 60, "", 0, 0, 0},
			{70 * s, 40, "", 0, 0, 0},
		}},
		{"one call a thousand tokens in ten seconds", Observed, 1500, 0, 1, []quotaStep{
			{0, 1, "", 0, 1499, 1}, {1 * s, 1, "", 0, 1498, 0}, {9 * s, 1, "call", 1 * s, 1498, -1}, {10 * s, 1, "", 0, 1497, 1},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := newQuota(c.mode, c.tpm, c.rpm, noon)
			for i, step := range c.steps {
				got := q.admit(noon.Add(step.at), step.tokens, c.refusal)
				if got.refusedBy != step.refused || got.wait != step.wait || got.leftTokens != step.left || got.leftCalls != step.calls {
					t.Errorf("step %d: %+v, want %+v", i+1, got, step)
				}
			}
		})
	}
}

// Requests in a minute add up to what was charged, whoever came first.
func TestQuotaNeverAdmitsMoreThanTheLimit(t *testing.T) {
	clk := clock.NewManual(noon)
	r := New(Config{Clock: clk, Profile: Instant(), Deployments: []Deployment{{Name: "gpt-35-turbo", TPM: 5000, RPM: 1e6}}})
	clk.Run(func() {
		for range 20 {
			clk.Go(func() {
				for range 30 {
					_ = askInProcess(t.Context(), r, `"max_tokens":96`)
				}
			})
		}
	})
	// 15 characters, 4 of them the role's, are 4 tokens of prompt.
	if got := r.Counters()["gpt-35-turbo"]; got[200] != 50 || got[429] != 550 {
		t.Errorf("%v, want 50 admitted of 600", got)
	}
}

func TestRegionDefaults(t *testing.T) {
	r := New(Config{})
	keys := r.Keys()
	if r.Name() != "local" || len(keys) != 2 || len(keys[0]) != 32 || keys[0] == keys[1] {
		t.Errorf("%s %q", r.Name(), keys)
	}
	if d := r.Deployments(); len(d) != 2 || d[0] != (Deployment{Name: "gpt-35-turbo", Model: "gpt-35-turbo", TPM: 1_000_000, RPM: 6_000}) {
		t.Errorf("%+v", d)
	}
	if m := modelNamed("my-embeddings"); !m.embedding || m.served != "my-embeddings" {
		t.Errorf("%+v", m)
	}
	if m := modelNamed("gpt-5.9-huge"); !m.reasoning || m.embedding {
		t.Errorf("%+v", m)
	}
}

// A body that is too large is refused, not read without end.
func TestBodyLimit(t *testing.T) {
	r := New(Config{Profile: Instant()})
	ask := chatRequest(r, "")
	ask.Body = io.LimitReader(zeros{}, maxBody+100)
	resp, err := r.Call(t.Context(), ask)
	if err != nil || resp.Status != 413 {
		t.Errorf("%v %v", resp, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// BenchmarkChat is one chat in process, without latency.
func BenchmarkChat(b *testing.B) {
	for name, more := range map[string]string{"whole": "", "stream": `"stream":true`} {
		b.Run(name, func(b *testing.B) {
			r := New(Config{Profile: Instant(), Seed: 1})
			b.ReportAllocs()
			for b.Loop() {
				if got := askInProcess(b.Context(), r, more); !got.complete {
					b.Fatal(got)
				}
			}
		})
	}
}

// BenchmarkChatOverSocket is the same through a connection.
func BenchmarkChatOverSocket(b *testing.B) {
	r := New(Config{Profile: Instant(), Seed: 1})
	srv := httptest.NewServer(r)
	defer srv.Close()
	client := srv.Client()
	b.ReportAllocs()
	for b.Loop() {
		if got := askOverSocket(client, srv.URL, r, ""); !got.complete {
			b.Fatal(got)
		}
	}
}

// BenchmarkEmbedding is the vector of a paragraph.
func BenchmarkEmbedding(b *testing.B) {
	text, err := os.ReadFile("testdata/answers.txtar")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(1000)
	b.ReportAllocs()
	for b.Loop() {
		embedText(string(text[:1000]), 1536)
	}
}
