package openai

import "testing"

func TestEstimatePrompt(t *testing.T) {
	for body, want := range map[string]Asked{
		`{"messages":[{"role":"user","content":"abcdefgh"}]}`:                                                                   {Known: true, Tokens: 3 + 3 + 3},
		`{"stream":true,"messages":[{"role":"user","content":"abcd"},{"role":"user","content":"abcd"}]}`:                        {Known: true, Stream: true, Tokens: 2*3 + 3 + 4},
		`{"messages":[{"role":"user","content":[{"type":"text","text":"abcd"},{"type":"image_url","image_url":{"url":"x"}}]}]}`: {Known: true, Tokens: 3 + 3 + 2 + 1200},
		`{"prompt":"abcdefgh"}`:                            {Known: true, Tokens: 2},
		`{"input":["abcd","abcde"]}`:                       {Known: true, Tokens: 3},
		`{"input":[[1,2],[3]]}`:                            {Known: true, Tokens: 3},
		`{"input":"abcd","instructions":"abcd"}`:           {Known: true, Tokens: 2},
		`{"input":[{"type":"input_image","image":"abc"}]}`: {Known: true, Tokens: 1200},
		`{"stream":"yes"}`:                                 {},
		`[1]`:                                              {},
		`{`:                                                {},
	} {
		if got := EstimatePrompt([]byte(body)); got != want {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
}

func TestDeltaChars(t *testing.T) {
	for event, want := range map[string]int{
		`{"choices":[{"delta":{"content":"häh"}},{"delta":{"content":"x"}}]}`:                 4,
		`{"choices":[{"text":"abc"}]}`:                                                        3,
		`{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}`: 3,
		`{"type":"response.output_text.delta","delta":"abc"}`:                                 3,
		`{"type":"content_block_delta","delta":{"text":"abc"}}`:                               0,
		`[DONE]`: 0,
	} {
		if got := DeltaChars([]byte(event)); got != want {
			t.Errorf("%s: %d, want %d", event, got, want)
		}
	}
}

func FuzzEstimatePrompt(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"stream":true}`))
	f.Add([]byte(`{"input":[[1,2],[3]],"tools":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a := EstimatePrompt(b); a.Tokens < 0 {
			t.Fatalf("%+v", a)
		}
		if DeltaChars(b) < 0 {
			t.Fatal("fewer than none")
		}
	})
}
