package telemetry

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// TestUsage finds the usage in answers cut into pieces of every size.
func TestUsage(t *testing.T) {
	long := strings.Repeat("x", 40<<10)
	for name, c := range map[string]struct {
		text string
		want Usage
	}{
		"chat":       {`{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12},"system_fingerprint":"fp"}`, Usage{7, 5}},
		"spaces":     {"{\"usage\" : {\n \"prompt_tokens\": 7}}", Usage{7, 0}},
		"embeddings": {`{"data":["` + long + `"],"usage":{"prompt_tokens":9,"total_tokens":9}}`, Usage{9, 0}},
		"stream":     {"data: {\"choices\":[],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n", Usage{3, 4}},
		"responses":  {"event: response.completed\ndata: {\"response\":{\"output\":[\"" + long + "\"],\"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7}}}\n\n", Usage{3, 4}},
		"made up":    {`{"choices":[{"message":{"content":"{\"usage\":{\"prompt_tokens\":1000}}"}}]}`, Usage{}},
		"null":       {`{"usage":null}`, Usage{}},
		"cut":        {`{"usage":{"prompt_tokens":7,"compl`, Usage{}},
		"negative":   {`{"usage":{"prompt_tokens":-7}}`, Usage{}},
		"nothing":    {"", Usage{}},
	} {
		for _, size := range []int{1, 7, 1000, 1 << 20} {
			tap := &Tap{}
			for rest := c.text; rest != ""; {
				n := min(size, len(rest))
				tap.Watch([]byte(rest[:n]))
				rest = rest[n:]
			}
			if got := tap.Usage(); got != c.want {
				t.Errorf("%s in pieces of %d: %v, want %v", name, size, got, c.want)
			}
		}
	}
	var none *Tap
	none.Watch([]byte("x"))
	if none.Usage() != (Usage{}) {
		t.Error("no tap found something")
	}
}

func FuzzUsage(f *testing.F) {
	f.Add([]byte(`{"usage":{"prompt_tokens":7}}`), 3)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		whole := &Tap{}
		whole.Watch(text)
		pieces := &Tap{}
		for rest := text; len(rest) > 0; {
			n := min(max(size, 1), len(rest))
			pieces.Watch(rest[:n])
			rest = rest[n:]
		}
		if whole.Usage() != pieces.Usage() {
			t.Errorf("%v in one piece, %v in several", whole.Usage(), pieces.Usage())
		}
	})
}

func TestMetrics(t *testing.T) {
	m := NewMetrics(func(origin string) string {
		if origin == "https://a" {
			return "eastus"
		}
		return origin
	})
	f := finished()
	f.X.Attempts[0].Backend, f.X.Attempts[0].Outcome = "", "connect_refused"
	f.X.Response = &exchange.Response{Status: 200, FromBackend: true, Header: exchange.Header{{Name: "x-ratelimit-remaining-tokens", Value: "1234"}}}
	f.Usage, f.FirstByte = Usage{7, 5}, 30*time.Millisecond
	m.Request(f)
	m.Load(true, time.Unix(5, 0))
	m.Load(false, time.Unix(6, 0))
	m.Refused()
	var b bytes.Buffer
	l := New(&b, slog.LevelInfo)
	l.Count(m)
	l.Panic(exchange.GUID{}, "one", []byte("at"))
	l.Bug("two", []byte("at"))
	if n := strings.Count(b.String(), `"msg":"panic"`); n != 2 || strings.Count(b.String(), `"correlationId"`) != 1 {
		t.Errorf("the log:\n%s", b.String())
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`gateway_requests_total{api="chat",operation="",status="200"} 1`,
		`gateway_attempts_total{outcome="connect_refused",region="eastus",status="0"} 1`,
		`gateway_attempts_total{outcome="ok",region="b",status="200"} 1`,
		`gateway_failover_total 1`,
		`gateway_tokens_total{region="b",type="prompt"} 7`,
		`gateway_tokens_total{region="b",type="completion"} 5`,
		`gateway_quota_remaining{of="tokens",region="b"} 1234`,
		`gateway_first_byte_seconds_count{region="b"} 1`,
		`config_loads_total{result="refused"} 2`,
		`config_last_load_ok 0`,
		`gateway_panics_total 2`,
		`config_last_load_timestamp_seconds 5`,
		"go_goroutines ",
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if strings.Contains(w.Body.String(), "s3cret") {
		t.Error("a secret in the metrics")
	}
	var none *Metrics
	none.Request(f)
	none.Load(true, time.Time{})
	none.Refused()
}

func BenchmarkMetrics(b *testing.B) {
	m := NewMetrics(nil)
	f := finished()
	b.ReportAllocs()
	for b.Loop() {
		m.Request(f)
	}
}

func BenchmarkTap(b *testing.B) {
	event := []byte("data: {\"choices\":[{\"delta\":{\"content\":\"word \"}}]}\n\n")
	b.SetBytes(int64(40 * len(event)))
	for b.Loop() {
		tap := &Tap{}
		for range 40 {
			tap.Watch(event)
		}
		_ = tap.Usage()
	}
}

// TestSecondAttempts holds that attempts made beside others, or to take up a
// stream, count for themselves and are no failovers.
func TestSecondAttempts(t *testing.T) {
	m := NewMetrics(nil)
	for _, c := range []struct {
		attempts []exchange.Attempt
		outcome  Outcome
	}{
		{[]exchange.Attempt{{Backend: "a", Outcome: "overtaken"}, {Backend: "b", Outcome: "ok", Hedge: true}}, Complete},
		{[]exchange.Attempt{{Backend: "b", Outcome: "overtaken", Hedge: true}, {Backend: "a", Outcome: "ok"}}, Complete},
		{[]exchange.Attempt{{Backend: "a", Outcome: "stream_aborted"}, {Backend: "b", Outcome: "status", Resume: true}, {Backend: "c", Outcome: "ok", Resume: true}}, Complete},
		{[]exchange.Attempt{{Backend: "a", Outcome: "stream_aborted"}, {Backend: "c", Outcome: "ok", Resume: true}}, Cut},
		{[]exchange.Attempt{{Backend: "a", Outcome: "status"}, {Backend: "b", Outcome: "ok"}}, Complete},
	} {
		f := finished()
		f.X.Attempts, f.Outcome = c.attempts, c.outcome
		m.Request(f)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`gateway_hedges_total{region="b",result="won"} 1`, `gateway_hedges_total{region="b",result="lost"} 1`,
		`gateway_resumes_total{region="b",result="lost"} 1`, `gateway_resumes_total{region="c",result="resumed"} 1`, `gateway_resumes_total{region="c",result="lost"} 1`,
		"gateway_failover_total 1\n",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
