package trace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/trace"
)

var start = time.Date(2023, 5, 3, 12, 3, 4, 0, time.UTC)

func recorder() (*trace.Recorder, *time.Time) {
	now := start
	return &trace.Recorder{Now: func() time.Time { return now }, Start: start}, &now
}

func TestNilRecorderAllocatesNothing(t *testing.T) {
	var r *trace.Recorder
	allocs := testing.AllocsPerRun(100, func() {
		r.Add("inbound", "set-header", "text")
		r.AddAt("inbound", "set-header", "api", "set-header[1]", "text")
		r.Hide("secret-text")
		if r.On() || r.Entries() != nil {
			t.Fatal("a nil recorder is on")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}

// The shape is that of the official listTrace example: sections without
// entries are absent, seven digits everywhere.
func TestJSON(t *testing.T) {
	r, now := recorder()
	*now = start.Add(298331500)
	r.AddPlaced("inbound", "set-variable", trace.Place{Scope: "api", Path: "set-variable[1]", File: "apis/a/policy.xml", Line: 12}, struct {
		Message    string `json:"message"`
		Expression string `json:"expression"`
		Value      string `json:"value"`
	}{"Expression was successfully evaluated.", `a < b && "x"`, "true"})
	*now = start.Add(26*time.Hour + 100)
	r.Add("on-error", "transfer-response", "Response has been sent to the caller in full")
	tr := &trace.Trace{Service: "contoso", ID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301", Generation: "g1", Entries: r.Entries()}
	want := `{"serviceName":"contoso","traceId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","traceEntries":{` +
		`"inbound":[{"source":"set-variable","timestamp":"2023-05-03T12:03:04.2983315Z","elapsed":"00:00:00.2983315",` +
		`"data":{"message":"Expression was successfully evaluated.","expression":"a < b && \"x\"","value":"true"}}],` +
		`"on-error":[{"source":"transfer-response","timestamp":"2023-05-04T14:03:04.0000001Z","elapsed":"1.02:00:00.0000001",` +
		`"data":"Response has been sent to the caller in full"}]}}`
	if got := string(tr.JSON()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if view := string(tr.View()); !strings.Contains(view, `"generation":"g1"`) ||
		!strings.Contains(view, `"scope":"api","path":"set-variable[1]","file":"apis/a/policy.xml","line":12`) {
		t.Errorf("view lacks the extras: %s", view)
	}
	back, err := trace.Parse(tr.View())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(back.View()); got != string(tr.View()) {
		t.Errorf("parsed and rendered again:\n%s", got)
	}
}

func TestMask(t *testing.T) {
	r, _ := recorder()
	planted := `s3cr<et"&key`
	r.Mask = trace.NewMask([]string{planted, planted + "-longer", "abc"}).Apply
	r.Add("inbound", "set-header", map[string]string{"a": planted, "b": planted + "-longer", "c": "abc"})
	r.Add("inbound", "rewrite-uri", "https://h/?k=s3cr%3Cet%22%26key")
	r.Add("inbound", "set-variable", "the caller's key-of-caller")
	r.Hide("Bearer token-of-region", "key-of-caller")
	r.Add("inbound", "set-variable", "token-of-region")
	var all strings.Builder
	for _, e := range r.Entries() {
		all.Write(e.Data)
		all.WriteByte('\n')
	}
	for _, secret := range []string{"s3cr", "longer", "token-of-region", "key-of-caller", "%3Cet"} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("%q is visible in\n%s", secret, all.String())
		}
	}
	if !strings.Contains(all.String(), `"c":"abc"`) {
		t.Errorf("a short text was masked:\n%s", all.String())
	}
}

func TestSecretName(t *testing.T) {
	for name, want := range map[string]bool{
		"API-Key": true, "Authorization": true, "Ocp-Apim-Subscription-Key": true, "sig": true,
		"Content-Type": false, "x-ms-region": false,
	} {
		if got := trace.SecretName(name); got != want {
			t.Errorf("SecretName(%q) = %v", name, got)
		}
	}
}

func TestLargeDataIsCut(t *testing.T) {
	r, _ := recorder()
	r.Add("inbound", "set-body", map[string]string{"a": strings.Repeat("x", 1<<20)})
	if n := len(r.Entries()[0].Data); n > 10<<10 {
		t.Errorf("%d bytes kept", n)
	}
	if got := trace.Text(strings.Repeat("é", 5000)); len(got) > trace.TextLimit+10 || !strings.HasSuffix(got, "(cut)") {
		t.Errorf("text of %d bytes", len(got))
	}
}

func TestStory(t *testing.T) {
	r, now := recorder()
	r.Add("inbound", "api-inspector", map[string]any{"request": map[string]any{
		"method": "POST", "url": "http://gw/openai-test/x", "headers": []map[string]string{{"name": "Host", "value": "gw"}},
	}})
	*now = start.Add(1500 * time.Microsecond)
	r.AddAt("backend", "set-variable", "api", "retry[1]/set-variable[1]", map[string]string{
		"message": "Expression was successfully evaluated.", "expression": "1 +\n 2", "value": "3",
	})
	r.AddAt("backend", "retry", "api", "retry[1]", map[string]any{"messages": []any{
		map[string]string{"message": "Expression evaluation failed.", "expression": "(int)x", "details": "Specified cast is not valid."},
		"Expression evaluation failed. Specified cast is not valid.",
	}})
	r.Add("backend", "trace", "one\x1b[2J")
	tr := &trace.Trace{Service: "contoso", ID: "id1", Entries: r.Entries()}
	var b strings.Builder
	if err := trace.Story(&b, tr, false); err != nil {
		t.Fatal(err)
	}
	want := `trace id1  service contoso, took 1.5 ms

inbound
      0.0 ms  api-inspector          POST http://gw/openai-test/x
                                       Host: gw

backend
      1.5 ms    set-variable         1 + 2 = 3
      1.5 ms  retry                  (int)x: Specified cast is not valid.
                                     Expression evaluation failed. Specified cast is not valid.
      1.5 ms  trace                  one` + "\ufffd" + `[2J
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	var colored strings.Builder
	if err := trace.Story(&colored, tr, true); err != nil || !strings.Contains(colored.String(), "\x1b[31mretry") {
		t.Errorf("a failure is not red: %q (%v)", colored.String(), err)
	}
}

func TestStoreBounds(t *testing.T) {
	now := start
	s := trace.NewStore(func() time.Time { return now }, trace.Limits{Count: 3, Bytes: 10_000, Age: time.Minute})
	put := func(id string, size int) {
		s.Put(&trace.Trace{ID: id, Entries: []trace.Entry{{Section: "inbound", Data: []byte(strings.Repeat("x", size))}}})
	}
	has := func() string {
		var ids strings.Builder
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			if s.Get(id) != nil {
				ids.WriteString(id)
			}
		}
		return ids.String()
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		put(id, 10)
	}
	if got := has(); got != "bcd" {
		t.Errorf("by count: %s", got)
	}
	put("e", 8000)
	if got := has(); got != "de" && got != "cde" {
		t.Errorf("by bytes: %s", got)
	}
	put("f", 50_000)
	if f := s.Get("f"); f == nil || len(f.Entries) != 0 {
		t.Errorf("an oversize trace: %v", f)
	}
	now = now.Add(time.Minute)
	if got := has(); got != "" {
		t.Errorf("by age: %s", got)
	}
}

func TestTokens(t *testing.T) {
	now := start
	clock := func() time.Time { return now }
	tokens := trace.NewTokens([]byte("0123456789abcdef0123456789abcdef"), clock)
	token := tokens.Issue("My-API", 0)
	if !strings.HasPrefix(token, "aid=my-api&") {
		t.Errorf("token %q", token)
	}
	other := trace.NewTokens([]byte("another key, another gateway....."), clock)
	for _, c := range []struct {
		name, token, api string
		after            time.Duration
		want             trace.Verdict
	}{
		{"fresh", token, "my-api", 0, trace.Valid},
		{"last second", token, "MY-API", time.Hour - time.Second, trace.Valid},
		{"too old", token, "my-api", time.Hour, trace.Expired},
		{"other API", token, "other", 0, trace.WrongAPI},
		{"absent", "", "my-api", 0, trace.NoToken},
		{"foreign", other.Issue("my-api", 0), "my-api", 0, trace.NoToken},
		{"changed", strings.Replace(token, "my-api", "xx-api", 1), "xx-api", 0, trace.NoToken},
		{"shorter", tokens.Issue("my-api", time.Minute), "my-api", time.Minute, trace.Expired},
		{"never longer", tokens.Issue("my-api", 48*time.Hour), "my-api", time.Hour, trace.Expired},
	} {
		now = start.Add(c.after)
		if got := tokens.Judge(c.token, c.api); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		now = start
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"serviceName":"s","traceId":"t","traceEntries":{"inbound":[{"source":"cors","timestamp":"2023-05-03T12:03:04.6899436Z","elapsed":"00:00:00.2983315","data":"x"}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tr, err := trace.Parse(text)
		if err != nil {
			return
		}
		var b strings.Builder
		if err := trace.Story(&b, tr, false); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\x07") {
			t.Fatalf("control characters reach the terminal: %q", b.String())
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	r := &trace.Recorder{Now: func() time.Time { return start }, Start: start}
	for i := range b.N {
		if i%1000 == 0 {
			r = &trace.Recorder{Now: r.Now, Start: start}
		}
		r.AddAt("inbound", "set-header", "api", "set-header[1]", "value")
	}
}
