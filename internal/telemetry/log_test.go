package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

func finished() *Finished {
	x := &exchange.Exchange{Generation: "g", ClientIP: "10.0.0.1"}
	x.Original = exchange.Request{Method: "POST", URL: exchange.URL{Scheme: "http", Host: "gw", Port: 80, Path: "/ai/chat", Query: "subscription-key=s3cret-key"}}
	x.API = &apim.API{Resource: apim.Resource{Name: "chat"}}
	x.Subscription = &apim.Subscription{Resource: apim.Resource{Name: "main"}, PrimaryKey: "s3cret-key"}
	x.LastError = &exchange.Error{Source: "set-header", Reason: "R", Message: "value s3cret-named \x1b[31mred\x07", Section: "inbound", Err: errors.New("s3cret-cause")}
	x.Attempts = []exchange.Attempt{
		{Backend: "a", URL: "https://a/x?code=s3cret-code", Outcome: "connect_refused", Head: 1500 * time.Microsecond},
		{Backend: "b", URL: "https://b/s3cret-named", Status: 200, Outcome: "ok"},
	}
	return &Finished{
		X: x, Status: 200, Bytes: 7, Outcome: Complete, Duration: 2 * time.Millisecond, FirstByte: time.Millisecond, Usage: Usage{7, 5},
		Mask: func(s string) string { return strings.ReplaceAll(s, "s3cret-named", "***") },
	}
}

func TestRecords(t *testing.T) {
	var b bytes.Buffer
	New(&b, slog.LevelInfo).Request(finished())
	if strings.Contains(b.String(), "s3cret") {
		t.Errorf("a secret in the log:\n%s", b.String())
	}
	if strings.ContainsAny(b.String(), "\x1b\x07") || strings.Contains(b.String(), `\u001b`) {
		t.Errorf("a control character in the log:\n%s", b.String())
	}
	var records []map[string]any
	for line := range strings.Lines(b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		records = append(records, m)
	}
	if len(records) != 3 || records[0]["msg"] != "request" || records[0]["path"] != "/ai/chat" || records[0]["durationMs"] != 2.0 ||
		records[0]["attempts"] != 2.0 || records[0]["firstByteMs"] != 1.0 || records[0]["promptTokens"] != 7.0 || records[0]["completionTokens"] != 5.0 || records[1]["outcome"] != "connect_refused" || records[1]["headMs"] != 1.5 || records[2]["attempt"] != 2.0 {
		t.Errorf("records:\n%s", b.String())
	}
	for _, r := range records {
		if r["correlationId"] != finished().X.ID.String() || !strings.HasSuffix(r["time"].(string), "Z") {
			t.Errorf("record %v", r)
		}
	}
}

func TestSilence(t *testing.T) {
	var none *Log
	none.Request(finished())
	none.Panic(exchange.GUID{}, "x", nil)
	none.Bug("x", nil)
	none.Logger().Info("nothing")
	var b bytes.Buffer
	New(&b, slog.LevelError).Request(finished())
	if b.Len() != 0 {
		t.Errorf("a record below the level:\n%s", b.String())
	}
}

func BenchmarkRecord(b *testing.B) {
	l := New(discard{}, slog.LevelInfo)
	f := finished()
	b.ReportAllocs()
	for b.Loop() {
		l.Request(f)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
