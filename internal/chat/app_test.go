package chat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/sim"
)

// patience bounds every wait for something that must happen.
const patience = 60 * time.Second

// source is a configuration of an endpoint and a key, in the environment.
func source(endpoint, key string) Source {
	return Source{Env: func(name string) string {
		return map[string]string{NameEndpoint: endpoint, NameKey: key}[name]
	}}
}

// region is a simulated region at work, and an app that asks it.
func region(t *testing.T, c sim.Config, edit func(*Options)) (*sim.Region, *httptest.Server) {
	t.Helper()
	if c.Profile.Name == "" {
		c.Profile = sim.Instant()
	}
	r := sim.New(c)
	at := httptest.NewServer(r)
	t.Cleanup(at.Close)
	return r, serve(t, source(at.URL, r.Keys()[0]), edit)
}

// serve runs an app.
func serve(t *testing.T, s Source, edit func(*Options)) *httptest.Server {
	t.Helper()
	o := Options{Source: s}
	if edit != nil {
		edit(&o)
	}
	app := httptest.NewServer(New(o).Handler())
	t.Cleanup(app.Close)
	return app
}

// reply is an answer put together.
type reply struct {
	lines    []Line
	sources  []Cited
	text     string
	region   string
	usage    *Usage
	end      string
	failure  *Failure
	endsLast bool
}

// read puts the lines of an answer together.
func read(t *testing.T, body io.Reader) reply {
	t.Helper()
	var r reply
	scan := bufio.NewScanner(body)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var l Line
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			t.Fatalf("%v: %s", err, scan.Bytes())
		}
		r.lines = append(r.lines, l)
		r.text += l.Text
		if l.Sources != nil {
			r.sources = l.Sources
		}
		if l.Region != "" {
			r.region = l.Region
		}
		if l.Usage != nil {
			r.usage = l.Usage
		}
		r.endsLast = l.End != "" || l.Failure != nil
		if r.endsLast {
			if r.end != "" || r.failure != nil {
				t.Errorf("an answer ends twice: %s", scan.Bytes())
			}
			r.end, r.failure = l.End, l.Failure
		}
	}
	return r
}

// post asks, and gives the answer's lines as they come.
func post(t *testing.T, ctx context.Context, app *httptest.Server, q question) io.Reader {
	t.Helper()
	body, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, app.URL+"/api/chat", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := app.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp.Body
}

// ask asks one question.
func ask(t *testing.T, app *httptest.Server, documents bool, texts ...string) reply {
	t.Helper()
	q := question{Documents: documents}
	for i, text := range texts {
		q.Messages = append(q.Messages, Message{[]string{"user", "assistant"}[i%2], text})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return read(t, post(t, ctx, app, q))
}

// TestAnswer holds that a question is answered from the documents, with
// citations of them, the tokens it cost, and the region that answered; and that
// the documents' vectors are asked for once.
func TestAnswer(t *testing.T) {
	r, app := region(t, sim.Config{Name: "swedencentral"}, nil)
	got := ask(t, app, true, "Is the Berlin store open on Sundays?")
	if got.end != "complete" || got.failure != nil || !got.endsLast {
		t.Fatalf("%+v", got)
	}
	if !strings.Contains(got.text, "13:00 to 18:00") || !strings.Contains(got.text, "[doc1]") {
		t.Errorf("the answer is %q", got.text)
	}
	if len(got.sources) != sources || got.sources[0].ID != "stores-1" || got.sources[0].Score <= got.sources[1].Score {
		t.Errorf("the sources are %+v", got.sources)
	}
	if got.region != "Sweden Central" || got.usage == nil || got.usage.Prompt == 0 || got.usage.Completion == 0 {
		t.Errorf("region %q, usage %+v", got.region, got.usage)
	}
	if got := ask(t, app, true, "How long can I return something?"); got.end != "complete" || got.sources[0].ID != "returns-1" {
		t.Errorf("%+v", got)
	}
	if n := r.Counters()["text-embedding-ada-002"][200]; n != 3 {
		t.Errorf("embeddings were asked for %d times, want once for the documents and once for each question", n)
	}
	if got := ask(t, app, false, "How do I bake bread?"); got.end != "complete" || got.sources != nil || !strings.Contains(got.text, "bread") {
		t.Errorf("without documents: %+v", got)
	}
	if n := r.Counters()["text-embedding-ada-002"][200]; n != 3 {
		t.Errorf("a question without documents asked for an embedding")
	}
}

// TestSearch holds that what is asked in other words finds its passage, as does
// a short question that only its predecessor explains.
func TestSearch(t *testing.T) {
	_, app := region(t, sim.Config{}, nil)
	for _, test := range []struct {
		want  string
		texts []string
	}{
		{"handbook-1", []string{"How many days of vacation do employees have?"}},
		{"products-1", []string{"What does the tent for two people weigh?"}},
		{"shipping-1", []string{"Is shipping free for large orders?"}},
		{"safety-3", []string{"Which lantern is being recalled?"}},
		{"stores-1", []string{"When is the store in Dresden open?", "From Monday to Saturday.", "And on Sundays?"}},
	} {
		got := ask(t, app, true, test.texts...)
		if got.end != "complete" || got.sources[0].ID != test.want {
			t.Errorf("%q finds %+v", test.texts, got.sources)
		}
	}
}

// TestChangeOfEndpoint holds that a change of the file counts from the next
// question on, and that its vectors are asked for anew.
func TestChangeOfEndpoint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.env")
	app := serve(t, Source{File: file}, nil)
	if got := ask(t, app, true, "Hello?"); got.failure == nil || got.failure.Kind != "config" || !strings.Contains(got.failure.Title, NameEndpoint) {
		t.Errorf("without a file: %+v", got)
	}
	for _, name := range []string{"eastus", "westus"} {
		r := sim.New(sim.Config{Name: name, Profile: sim.Instant()})
		at := httptest.NewServer(r)
		defer at.Close()
		text := SetInFile(SetInFile("AZURE_OPENAI_MODEL=gpt-35-turbo # as deployed\n", NameEndpoint, at.URL+"/"), NameKey, r.Keys()[1])
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, app, true, "When are the stores open?"); got.end != "complete" {
			t.Errorf("%s: %+v", name, got)
		}
		if c := r.Counters(); c["gpt-35-turbo"][200] != 1 || c["text-embedding-ada-002"][200] != 2 {
			t.Errorf("%s got %v", name, c)
		}
		var s State
		resp, err := app.Client().Get(app.URL + "/api/state")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err := json.Unmarshal(body, &s); err != nil || s.Endpoint != at.URL || !s.Configured || s.File != file || s.Passages < 20 {
			t.Errorf("%v, %+v", err, s)
		}
		for _, k := range r.Keys() {
			if bytes.Contains(body, []byte(k)) {
				t.Error("the state tells the key")
			}
		}
	}
}

// TestStop holds that a question that is abandoned stops the region's work.
func TestStop(t *testing.T) {
	profile := sim.Fast()
	profile.Name, profile.FirstToken, profile.Gap = "slow", 0, time.Second
	r, app := region(t, sim.Config{Profile: profile}, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	body := post(t, ctx, app, question{Messages: []Message{{"user", "How do I bake bread?"}}})
	if line, err := bufio.NewReader(body).ReadString('\n'); err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	stop()
	end := time.After(patience)
	for {
		changed := r.Changed()
		all := r.Requests(10)
		if len(all) == 1 && all[0].Outcome == sim.ClientGone {
			if all[0].Events > 10 {
				t.Errorf("the region went on for %d events", all[0].Events)
			}
			return
		}
		select {
		case <-changed:
		case <-end:
			t.Fatalf("the region was never left: %+v", all)
		}
	}
}

// raw is an endpoint that answers chats with this.
func raw(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	at := httptest.NewServer(h)
	t.Cleanup(at.Close)
	return serve(t, source(at.URL, "key"), func(o *Options) { o.Idle = patience })
}

// TestRefusals holds that every refusal is told for what it is, with what to do.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		header string // "Name: value"
		body   string
		want   Failure
		title  string
		detail string
		hint   string
	}{
		{name: "a region's 401", status: 401, body: `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`, want: Failure{Kind: "key"}, title: "key was refused", detail: "invalid subscription key", hint: "spillway chat connect"},
		{name: "the gateway's 401", status: 401, body: `{ "statusCode": 401, "message": "Access denied due to missing subscription key." }`, want: Failure{Kind: "key"}, detail: "missing subscription key", hint: "header to api-key"},
		{name: "403", status: 403, body: `{"error":{"code":"403","message": "Access denied due to Virtual Network/Firewall rules."}}`, want: Failure{Kind: "forbidden"}, detail: "Firewall"},
		{name: "no deployment", status: 404, body: `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`, want: Failure{Kind: "missing"}, title: "no deployment gpt-35-turbo"},
		{name: "no resource", status: 404, body: `{"error":{"code":"404","message": "Resource not found"}}`, want: Failure{Kind: "missing"}, title: "nothing at this address", hint: NameEndpoint},
		{name: "429", status: 429, header: "Retry-After: 7", body: `{"error":{"code":"429","message":"Please retry after 7 seconds."}}`, want: Failure{Kind: "throttled", Wait: 7}, detail: "after 7 seconds"},
		{name: "429 in ms", status: 429, header: "retry-after-ms: 1200", body: `{}`, want: Failure{Kind: "throttled", Wait: 2}},
		{name: "429 for ages", status: 429, header: "Retry-After: 9999999", body: `{}`, want: Failure{Kind: "throttled", Wait: maxWait}},
		{name: "429 without a wait", status: 429, header: "Retry-After: soon", body: `{}`, want: Failure{Kind: "throttled"}},
		{name: "the gateway's 429", status: 429, header: "Retry-After: 3", body: `{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 3 seconds." }`, want: Failure{Kind: "throttled", Wait: 3}, detail: "Rate limit is exceeded"},
		{name: "filtered", status: 400, body: `{"error":{"message":"The response was filtered.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":true,"severity":"high"},"jailbreak":{"filtered":true,"detected":true}}}}}`, want: Failure{Kind: "filtered", Categories: []string{"jailbreak", "self harm"}}, hint: "Nothing is broken"},
		{name: "filtered as specified", status: 400, body: `{"error":{"message":"x","code":"content_filter","inner_error":{"content_filter_results":{"violence":{"filtered":true,"severity":"medium"}}}}}`, want: Failure{Kind: "filtered", Categories: []string{"violence"}}},
		{name: "too long", status: 400, body: `{"error":{"message":"This model's maximum context length is 4096 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`, want: Failure{Kind: "too-long"}, hint: "new conversation"},
		{name: "another 400", status: 400, body: `{"error":{"message":"Unrecognized request argument supplied: x","type":"invalid_request_error","param":null,"code":null}}`, want: Failure{Kind: "refused"}, detail: "Unrecognized"},
		{name: "500", status: 500, body: `{"error":{"message":"The server had an error.","type":"server_error","param":null,"code":null}}`, want: Failure{Kind: "failed"}, title: "500 Internal Server Error", detail: "server had an error"},
		{name: "503 in HTML", status: 503, body: `<html>Unavailable</html>`, want: Failure{Kind: "failed"}, title: "503"},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := raw(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if name, value, ok := strings.Cut(test.header, ": "); ok {
					w.Header().Set(name, value)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			for _, documents := range []bool{false, true} {
				got := ask(t, app, documents, "Hello?")
				f := got.failure
				if f == nil || got.end != "" || got.text != "" || len(got.lines) != 1 {
					t.Fatalf("%+v", got)
				}
				if f.Kind != test.want.Kind || f.Wait != test.want.Wait || f.Status != test.status || fmt.Sprint(f.Categories) != fmt.Sprint(test.want.Categories) {
					t.Errorf("%+v", f)
				}
				title := test.title
				if documents {
					title = strings.ReplaceAll(title, defaultDeployment, defaultEmbedding)
				}
				if f.Title == "" || !strings.Contains(f.Title, title) || !strings.Contains(f.Detail, test.detail) || !strings.Contains(f.Hint, test.hint) {
					t.Errorf("it says %+v", f)
				}
			}
		})
	}
}

// TestNobodyThere holds that an endpoint that is gone is told from one that
// refuses.
func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + l.Addr().String()
	_ = l.Close()
	app := serve(t, source(at, "key"), nil)
	for _, documents := range []bool{false, true} {
		f := ask(t, app, documents, "Hello?").failure
		if f == nil || f.Kind != "unreachable" || f.Title != "Nothing answers at "+at+"." || !strings.Contains(f.Detail, "refused") {
			t.Errorf("%+v", f)
		}
	}
	app = raw(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	if f := ask(t, app, false, "Hello?").failure; f == nil || f.Kind != "unreachable" || !strings.Contains(f.Title, "broke before") {
		t.Errorf("%+v", f)
	}
}

// TestStreams holds what becomes of streams of every kind, above all that none
// that was cut, however quietly, passes for complete.
func TestStreams(t *testing.T) {
	const (
		prompt   = `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}` + "\n\n"
		role     = `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null,"content_filter_results":{}}],"id":"c","object":"chat.completion.chunk","usage":null}` + "\n\n"
		one      = `data: {"choices":[{"index":0,"delta":{"content":"Good"},"finish_reason":null}],"id":"c","obfuscation":"xx","usage":null}` + "\n\n"
		two      = `data: {"choices":[{"index":0,"delta":{"content":" day"},"finish_reason":null}],"id":"c","usage":null}` + "\n\n"
		offsets  = `data: {"choices":[{"index":0,"finish_reason":null,"content_filter_results":{},"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198}}],"id":""}` + "\n\n"
		stop     = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"id":"c","usage":null}` + "\n\n"
		length   = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"length"}],"id":"c"}` + "\n\n"
		filtered = `data: {"choices":[{"index":0,"finish_reason":"content_filter","content_filter_offsets":{"check_offset":44}}],"id":""}` + "\n\n"
		usage    = `data: {"choices":[],"id":"c","usage":{"prompt_tokens":11,"completion_tokens":2,"total_tokens":13}}` + "\n\n"
		failed   = `data: {"error":{"message":"The backend closed the connection before the stream was complete.","type":"server_error","param":null,"code":"upstream_disconnected"}}` + "\n\n"
		done     = "data: [DONE]\n\n"
	)
	for _, test := range []struct {
		name string
		body string
		// how the connection ends: "" well, "reset" in the middle.
		how     string
		text    string
		end     string
		failure string // of its title
		usage   bool
	}{
		{name: "whole", body: prompt + role + one + two + stop + usage + done, text: "Good day", end: "complete", usage: true},
		{name: "asynchronous filter", body: prompt + role + one + offsets + two + stop + offsets + done, text: "Good day", end: "complete"},
		{name: "two choices", body: role + strings.ReplaceAll(one, `"index":0`, `"index":1`) + one + stop + done, text: "Good", end: "complete"},
		{name: "no done behind the end", body: role + one + stop, text: "Good", end: "complete"},
		{name: "broken behind the end", body: role + one + stop, how: "reset", text: "Good", end: "complete"},
		{name: "limit", body: role + one + length + done, text: "Good", end: "length"},
		{name: "filtered late", body: role + one + two + filtered + done, text: "Good day", end: "filtered"},
		{name: "cut quietly", body: role + one + two, text: "Good day", end: "cut", failure: "was cut off"},
		{name: "cut quietly with done", body: role + one + done, text: "Good", end: "cut", failure: "was cut off"},
		{name: "cut", body: role + one, how: "reset", text: "Good", end: "cut", failure: "was cut off"},
		{name: "an error in the stream", body: role + one + failed, how: "reset", text: "Good", end: "cut", failure: "was cut off by an error"},
		{name: "an error before any text", body: prompt + role + failed + done, failure: "before the model had said anything"},
		{name: "nothing", body: prompt + done, failure: "was empty"},
		{name: "nothing, and broken", body: prompt, how: "reset", failure: "broke before"},
		{name: "nonsense", body: role + one + "data: {nonsense\n\n", text: "Good", end: "cut", failure: "was cut off"},
		{name: "no stream at all", body: `{"choices":[]}`, failure: "was empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := raw(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				w.Header().Set("x-served-by-region", "eastus")
				// In pieces that end anywhere.
				for body := test.body; body != ""; {
					n := min(len(body), 97)
					_, _ = io.WriteString(w, body[:n])
					_ = http.NewResponseController(w).Flush()
					body = body[n:]
				}
				if test.how == "reset" {
					panic(http.ErrAbortHandler)
				}
			})
			got := ask(t, app, false, "Hello?")
			if got.text != test.text || got.end != test.end || !got.endsLast || (got.usage != nil) != test.usage {
				t.Errorf("%+v", got)
			}
			title := ""
			if got.failure != nil {
				title = got.failure.Title
			}
			if !strings.Contains(title, test.failure) || (title != "") != (test.failure != "") {
				t.Errorf("it says %+v, want %q", got.failure, test.failure)
			}
			if test.text != "" && got.region != "eastus" {
				t.Errorf("region %q", got.region)
			}
		})
	}
}

// TestCutByRegion is a region that dies after ten events, asked directly: the
// answer is marked, with what there is of it.
func TestCutByRegion(t *testing.T) {
	r := sim.New(sim.Config{})
	l, err := r.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	app := serve(t, source(r.Address(), r.Keys()[0]), nil)
	for _, how := range []string{"reset", "fin"} {
		f, err := sim.ParseFault([]byte(`{"kind":"cut","after":"events:10","how":"` + how + `","deployment":"gpt-35-turbo"}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.SetFault(f); err != nil {
			t.Fatal(err)
		}
		got := ask(t, app, true, "When are the stores open?")
		if got.end != "cut" || got.failure == nil || got.text == "" {
			t.Errorf("%s: %+v", how, got)
		}
	}
}

// TestStall holds that a stream that stands still is given up, and said so.
func TestStall(t *testing.T) {
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"Well"},"finish_reason":null}]}`+"\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer at.Close()
	app := serve(t, source(at.URL, "key"), func(o *Options) { o.Idle = 50 * time.Millisecond })
	got := ask(t, app, false, "Hello?")
	if got.text != "Well" || got.end != "cut" || got.failure == nil || got.failure.Kind != "stalled" {
		t.Errorf("%+v %+v", got, got.failure)
	}
}

// TestForeign holds that nobody but the app's own page, and programs of the same
// machine, can spend the key.
func TestForeign(t *testing.T) {
	_, app := region(t, sim.Config{}, nil)
	body := `{"messages":[{"role":"user","content":"Hello?"}]}`
	for _, test := range []struct {
		header string
		status int
		open   bool
	}{
		{"", 200, false},
		{"Origin: " + app.URL, 200, false},
		{"Sec-Fetch-Site: same-origin", 200, false},
		{"Sec-Fetch-Site: cross-site", 403, false},
		{"Sec-Fetch-Site: same-site", 403, false},
		{"Origin: https://evil.example", 403, false},
		{"Origin: null", 403, false},
		{"Host: evil.example", 403, false},
		{"Host: localhost:8090", 200, false},
		{"Host: [::1]:8090", 200, false},
		{"Content-Type: text/plain", 415, false},
		{"Content-Type: application/x-www-form-urlencoded", 415, false},
	} {
		req, err := http.NewRequest(http.MethodPost, app.URL+"/api/chat", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		if name, value, ok := strings.Cut(test.header, ": "); ok {
			if name == "Host" {
				req.Host = value
			} else {
				req.Header.Set(name, value)
			}
		}
		resp, err := app.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != test.status {
			t.Errorf("%q: %d, want %d", test.header, resp.StatusCode, test.status)
		}
	}
	_, anywhere := region(t, sim.Config{}, func(o *Options) { o.Open = true })
	req, err := http.NewRequest(http.MethodGet, anywhere.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "chat.contoso.example"
	resp, err := anywhere.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("an app for others answers %d", resp.StatusCode)
	}
}

// TestQuestions holds that what is no question is refused.
func TestQuestions(t *testing.T) {
	_, app := region(t, sim.Config{}, nil)
	for body, status := range map[string]int{
		``: 400, `[]`: 400, `{}`: 400, `{"messages":[]}`: 400,
		`{"messages":[{"role":"system","content":"x"},{"role":"user","content":"x"}]}`:    400,
		`{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"x"}]}`: 400,
		`{"messages":[{"role":"user","content":" "}]}`:                                    400,
		`{"messages":[{"role":"user","content":"` + strings.Repeat("x", maxBody) + `"}]}`: 413,
	} {
		resp, err := app.Client().Post(app.URL+"/api/chat", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != status || !bytes.Contains(text, []byte(`"message"`)) {
			t.Errorf("%.60s: %d %s", body, resp.StatusCode, text)
		}
	}
}

// BenchmarkAnswer is a whole answer over the documents, all in this process.
func BenchmarkAnswer(b *testing.B) {
	r := sim.New(sim.Config{Profile: sim.Instant()})
	at := httptest.NewServer(r)
	defer at.Close()
	app := New(Options{Source: source(at.URL, r.Keys()[0])})
	q := &question{Documents: true, Messages: []Message{{"user", "When are the stores open?"}}}
	for b.Loop() {
		app.reply(b.Context(), q, func(l Line) error {
			if l.Failure != nil {
				b.Fatal(l.Failure)
			}
			return nil
		})
	}
}
