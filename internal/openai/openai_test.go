package openai

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"messages":[],"nonsense":1}`, "Unrecognized request argument supplied: nonsense"},
		{`{"messages":7}`, "Invalid type for 'messages': expected an array, but got number instead."},
		{`{"temperature":"hot"}`, "Invalid type for 'temperature': expected a number, but got string instead."},
		{`{"max_tokens":1.5}`, "Invalid type for 'max_tokens': expected an integer, but got number 1.5 instead."},
		{`{"messages":[{"role":"user","content":7}]}`, "Invalid value for 'content'"},
		{`{"messages":[`, "We could not parse the JSON body"},
		{`[]`, "We could not parse the JSON body"},
		{`{} {}`, "We could not parse the JSON body"},
		{``, "We could not parse the JSON body"},
	} {
		var e *Error
		if err := Decode([]byte(c.body), new(ChatRequest)); !errors.As(err, &e) || e.Status != 400 || !strings.Contains(e.Body, c.want) {
			t.Errorf("%s: got %v, want 400 with %q", c.body, err, c.want)
		}
	}
}

func TestDecodeChat(t *testing.T) {
	var r ChatRequest
	err := Decode([]byte(`{"messages":[
		{"role":"system","content":"Be brief.","unknown":true},
		{"role":"user","content":[{"type":"text","text":"What is"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"this?"}]},
		{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}],
		"stop":"END","n":2,"max_completion_tokens":9,"max_tokens":5,
		"tool_choice":{"type":"function","function":{"name":"f"}}}`), &r)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Messages[1].Content.String(); got != "What is\nthis?" {
		t.Errorf("content %q", got)
	}
	if r.Limit() != 9 || r.Choices() != 2 || len(r.Stop) != 1 || r.ToolChoice.Function != "f" || r.Messages[2].ToolCalls[0].Function.Name != "f" {
		t.Errorf("%+v", r)
	}
	if err := Decode([]byte(`{"messages":[],"stop":["a","b"],"tool_choice":"auto"}`), &r); err != nil || len(r.Stop) != 2 || r.ToolChoice.Mode != "auto" {
		t.Errorf("%v %+v", err, r.Stop)
	}
}

func TestInput(t *testing.T) {
	for _, c := range []struct {
		json          string
		texts, tokens int
		bad           bool
	}{
		{`"one"`, 1, 0, false},
		{`["one","two"]`, 2, 0, false},
		{`[1,2,3]`, 0, 1, false},
		{`[[1,2],[3]]`, 0, 2, false},
		{`[]`, 0, 0, false},
		{`[1,"two"]`, 0, 0, true},
		{`[[1],"two"]`, 0, 0, true},
		{`{"a":1}`, 0, 0, true},
		{`7`, 0, 0, true},
		{`null`, 0, 0, true},
	} {
		var r EmbeddingRequest
		err := Decode([]byte(`{"input":`+c.json+`}`), &r)
		if (err != nil) != c.bad {
			t.Errorf("%s: %v", c.json, err)
			continue
		}
		if err == nil && (len(r.Input.Texts) != c.texts || len(r.Input.Tokens) != c.tokens || !r.Input.Given()) {
			t.Errorf("%s: %+v", c.json, r.Input)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for _, c := range []struct {
		e    *Error
		want string
	}{
		{ResourceNotFound(), `{"error":{"code":"404","message": "Resource not found"}}`},
		{InvalidToken(), `{ "statusCode": 401, "message": "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired." }`},
		{Unrecognized("x"), `{"error":{"message":"Unrecognized request argument supplied: x","type":"invalid_request_error","param":null,"code":null}}`},
		{VersionTooOld("Azure OpenAI Responses API", "2025-03-01-preview"), `{"error":{"code":"BadRequest","message":"Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later"}}`},
		{
			Throttled{Deployment: "d", Model: "m", Region: "East US", Limit: "token", Operation: "ChatCompletions_Create", Version: "2024-10-21", Seconds: 1}.Error(),
			`{"error":{"code":"RateLimitReached","message":"Your requests to d for m in East US have exceeded the token rate limit for your current OpenAI S0 pricing tier. This request was for ChatCompletions_Create under Azure OpenAI API version 2024-10-21. Please retry after 1 second. To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease."}}`,
		},
		{
			Throttled{Limit: "call", Operation: "Embeddings_Create", Version: "2023-05-15", Seconds: 7, Form: "operation"}.Error(),
			`{"error":{"code":"429","message":"Requests to the Embeddings_Create Operation under Azure OpenAI API version 2023-05-15 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 7 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}}`,
		},
		{
			Throttled{Limit: "token", Max: 30000, Seconds: 1, Form: "foundry"}.Error(),
			`{"error":{"code":"RateLimitReached","message":"Rate limit of 30000 per 60s exceeded for UserByModelByMinuteUncachedInputTokens. Please wait 1 seconds before retrying.","details":"Rate limit of 30000 per 60s exceeded for UserByModelByMinuteUncachedInputTokens. Please wait 1 seconds before retrying."}}`,
		},
		{
			Throttled{Limit: "token", Seconds: 9, Form: "load"}.Error(),
			`{"error":{"code":"429","message":"The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load. Please retry after 9 seconds. For improved latency reliability, consider switching to Provisioned Throughput."}}`,
		},
		{ModelTooNew("o3-mini", "2024-12-01-preview"), `{"error":{"code":"BadRequest","message":"Model o3-mini is enabled only for api versions 2024-12-01-preview and later"}}`},
		{ForStatus(418), `{"error":{"code":"418","message":"Request failed with status code 418."}}`},
		{ForStatus(403), `{"error":{"code":"403","message": "Access denied due to Virtual Network/Firewall rules."}}`},
	} {
		if c.e.Body != c.want {
			t.Errorf("got  %s\nwant %s", c.e.Body, c.want)
		}
	}
	if n := len(ForStatus(403).Body); n != 90 {
		t.Errorf("the 403 of the network has %d bytes, want 90", n)
	}
	for status := 300; status < 600; status++ {
		if e := ForStatus(status); e.Status != status || !json.Valid([]byte(e.Body)) {
			t.Errorf("%d: %v", status, e)
		}
	}
	filtered := SafePrompt()
	filtered.Violence = &Severity{Filtered: true, Severity: "medium"}
	var body struct {
		Error struct {
			Innererror struct {
				Result map[string]struct{ Filtered bool } `json:"content_filter_result"`
			}
		}
	}
	if err := json.Unmarshal([]byte(PromptFiltered(filtered).Body), &body); err != nil || !body.Error.Innererror.Result["violence"].Filtered {
		t.Errorf("%v %+v", err, body)
	}
}

func TestUsageIsAbsentNullOrGiven(t *testing.T) {
	var null *Usage
	usage := &Usage{TotalTokens: 3}
	for _, c := range []struct {
		usage **Usage
		want  string
	}{{nil, ""}, {&null, `"usage":null`}, {&usage, `"total_tokens":3`}} {
		got := string(Encode(ChatChunk{Usage: c.usage}))
		if !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "usage") {
			t.Errorf("got %s, want %q", got, c.want)
		}
	}
}

func TestAppendEmbeddings(t *testing.T) {
	vectors := [][]float32{{0.25, -1e-9, 0}, {1, 2, 3}}
	var floats struct {
		Data []struct {
			Index     int
			Embedding []float32
		}
		Usage struct {
			Total int `json:"total_tokens"`
		}
	}
	if err := json.Unmarshal(AppendEmbeddings(nil, "m", vectors, false, 9), &floats); err != nil {
		t.Fatal(err)
	}
	var coded struct{ Data []struct{ Embedding string } }
	if err := json.Unmarshal(AppendEmbeddings(nil, "m", vectors, true, 9), &coded); err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		raw, err := base64.StdEncoding.DecodeString(coded.Data[i].Embedding)
		if err != nil || len(raw) != 4*len(v) {
			t.Fatalf("%v, %d bytes", err, len(raw))
		}
		for j, x := range v {
			if floats.Data[i].Embedding[j] != x || math.Float32frombits(binary.LittleEndian.Uint32(raw[4*j:])) != x {
				t.Errorf("vector %d[%d] differs", i, j)
			}
		}
	}
	if floats.Usage.Total != 9 || floats.Data[1].Index != 1 {
		t.Errorf("%+v", floats)
	}
}

// The estimate counts characters, however many bytes each has.
func TestPromptChars(t *testing.T) {
	var r ChatRequest
	if err := Decode([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"日本語"}]},{"role":"user","name":"ö","content":"äß"}],"tools":[{"type":"function","function":{"name":"f","description":"é"}}]}`), &r); err != nil {
		t.Fatal(err)
	}
	if n := r.PromptChars(); n != 4+3+4+1+2+1+1 {
		t.Errorf("%d characters", n)
	}
}

func TestEstimateTokens(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 1, "abcd": 1, "abcde": 2, "äöüß": 1} {
		if got := EstimateTokens(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func FuzzAppendQuoted(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c\n\t\r\x00\x1f", "grün \u2028", "\xff\xfe bad", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(AppendQuoted(nil, s), &back); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if utf8.ValidString(s) && back != s {
			t.Fatalf("%q came back as %q", s, back)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"stop":["a"]}`))
	f.Add([]byte(`{"input":[[1,2],[3]]}`))
	f.Add([]byte(`{"input":[{"type":"reasoning","encrypted_content":"x"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []any{new(ChatRequest), new(CompletionRequest), new(EmbeddingRequest), new(ResponseRequest)} {
			var e *Error
			if err := Decode(b, v); err != nil && (!errors.As(err, &e) || e.Status != 400 || !json.Valid([]byte(e.Body))) {
				t.Fatalf("%T: %v", v, err)
			}
		}
	})
}
