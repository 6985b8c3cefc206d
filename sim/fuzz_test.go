package sim

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/spillway-gateway/spillway/internal/clock"
)

// FuzzAnswer holds that whatever is asked, a region answers with JSON or with a
// stream that ends.
func FuzzAnswer(f *testing.F) {
	for i, body := range []string{
		`{"model":"d","messages":[{"role":"user","content":"Say: one. Blood ran down the walls"}],"stream":true,"logprobs":true,"top_logprobs":3,"n":2}`,
		`{"model":"d","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required"}`,
		`{"model":"d","prompt":["a","b"],"logprobs":2,"echo":true,"max_tokens":3}`,
		`{"model":"ada","input":[[1,2],[3]],"encoding_format":"base64"}`,
		`{"model":"o","input":[{"role":"user","content":"x"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"y"}]}],"tools":[{"type":"function","name":"f"}],"stream":true}`,
		`{"model":"o","input":"json","text":{"format":{"type":"json_object"}},"background":true,"reasoning":{}}`,
		`{"model":"o","input":[{"type":"compaction","encrypted_content":"gAAAAA"}]}`,
	} {
		f.Add(i%5, []byte(body))
	}
	paths := []string{"chat/completions", "completions", "embeddings", "responses", "responses/compact"}
	deployments := []Deployment{{Name: "d", Model: "gpt-35-turbo", Filter: FilterAsync}, {Name: "o", Model: "gpt-5"}, {Name: "ada", Model: "text-embedding-ada-002"}}
	f.Fuzz(func(t *testing.T, path int, body []byte) {
		if path < 0 || path >= len(paths) {
			return
		}
		r := New(Config{Clock: clock.NewManual(noon), Profile: Instant(), Keys: []string{"key"}, Seed: 1, Deployments: deployments})
		resp, err := r.Call(t.Context(), &Request{Method: "POST", Path: "/openai/v1/" + paths[path], Header: []Field{{"api-key", "key"}}, Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		text, err := readAll(t.Context(), resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Length >= 0 && !json.Valid([]byte(text)) {
			t.Fatalf("%d with what is no JSON: %s", resp.Status, text)
		}
	})
}
