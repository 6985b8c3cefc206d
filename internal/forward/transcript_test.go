package forward

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// told is a chat's stream of one text, in pieces of a size.
func toldIn(id, text string, size int) string {
	var b strings.Builder
	event := func(choices string) {
		fmt.Fprintf(&b, "data: {\"choices\":[%s],\"created\":1,\"id\":%q,\"model\":%q,\"object\":\"chat.completion.chunk\"}\n\n", choices, id, "m-"+id)
	}
	event(`{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}`)
	for runes := []rune(text); len(runes) > 0; {
		n := min(size, len(runes))
		piece, _ := json.Marshal(string(runes[:n]))
		event(`{"delta":{"content":` + string(piece) + `},"finish_reason":null,"index":0}`)
		runes = runes[n:]
	}
	event(`{"delta":{},"finish_reason":"stop","index":0}`)
	return b.String() + "data: [DONE]\n\n"
}

// textOf is what a client reads from a stream, and its ids.
func textOf(t testing.TB, stream string) (said string, ids map[string]bool) {
	t.Helper()
	ids = map[string]bool{}
	for event := range strings.SplitSeq(stream, "\n\n") {
		data, ok := strings.CutPrefix(event, "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var c struct {
			ID      string
			Choices []struct{ Delta struct{ Content string } }
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v: %q", err, data)
		}
		ids[c.ID] = true
		for _, one := range c.Choices {
			said += one.Delta.Content
		}
	}
	return said, ids
}

// splicing sends the first cut bytes of one stream to a client, in pieces, and
// goes on with another one.
func splicing(first, second string, cut, piece int) (sent string, err error) {
	t := NewTranscript()
	send := func(text string, take func([]byte) error) error {
		for text != "" {
			n := min(piece, len(text))
			if err := take([]byte(text[:n])); err != nil {
				return err
			}
			text = text[n:]
		}
		return nil
	}
	_ = send(first[:cut], func(b []byte) error {
		sent += string(t.Take(b))
		return nil
	})
	_ = t.Rest()
	if t.Why() != "" {
		return sent, errors.New(t.Why())
	}
	s := t.Agree()
	err = send(second, func(b []byte) error {
		out, err := s.Take(b)
		sent += string(out)
		return err
	})
	if err == nil {
		var out []byte
		out, err = s.End()
		sent += string(out)
	}
	return sent, err
}

// Wherever a stream breaks off and however the other one is cut into pieces, the
// client has the text once, under one name.
func TestSpliceEverywhere(t *testing.T) {
	const text = "Hello, \u00e9\u20ac\U0001f642 \"world\" <&>\n"
	first := toldIn("a", text, 3)
	for size, step := range map[int]int{1: 17, 2: 3, 5: 13, 100: 19} {
		second := toldIn("b", text, size)
		for cut := 0; cut < strings.Index(first, "data: [DONE]"); cut += step {
			sent, err := splicing(first, second, cut, 1+cut%97)
			said, ids := textOf(t, sent)
			if err != nil || said != text || len(ids) != 1 || !strings.HasSuffix(sent, "data: [DONE]\n\n") || strings.Count(sent, `"finish_reason":"stop"`) != 1 || strings.Count(sent, `"role"`) != 1 {
				t.Fatalf("cut at %d, pieces of %d: %v, %q\n%s", cut, size, err, said, sent)
			}
		}
	}
}

// toolCalls is a stream that says something and then calls two tools, with the ids of
// its region and arguments in pieces of a size.
func toolCalls(region, text string, arguments []string, size int) string {
	var b strings.Builder
	event := func(delta, finish string) {
		fmt.Fprintf(&b, "data: {\"choices\":[{\"delta\":%s,\"finish_reason\":%s,\"index\":0}],\"created\":1,\"id\":%q,\"model\":\"m\",\"object\":\"chat.completion.chunk\"}\n\n", delta, finish, region)
	}
	event(`{"content":null,"role":"assistant","refusal":null}`, "null")
	if text != "" {
		event(fmt.Sprintf(`{"content":%q}`, text), "null")
	}
	for i, all := range arguments {
		event(fmt.Sprintf(`{"tool_calls":[{"index":%d,"id":"call-%d-of-%s","type":"function","function":{"name":"tool%d","arguments":""}}]}`, i, i, region, i), "null")
		for rest := all; rest != ""; {
			n := min(size, len(rest))
			event(fmt.Sprintf(`{"tool_calls":[{"index":%d,"function":{"arguments":%q}}]}`, i, rest[:n]), "null")
			rest = rest[n:]
		}
	}
	event(`{}`, `"tool_calls"`)
	return b.String() + "data: [DONE]\n\n"
}

// callsOf are the calls that a client makes out of a stream, as the official ones
// do: what bears a name begins one, and arguments are joined.
func callsOf(t testing.TB, stream string) (calls []string) {
	t.Helper()
	for event := range strings.SplitSeq(stream, "\n\n") {
		data, ok := strings.CutPrefix(event, "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var c struct {
			Choices []struct {
				Delta struct {
					Calls []struct {
						Index    int
						ID, Type string
						Function struct{ Name, Arguments string }
					} `json:"tool_calls"`
				}
			}
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v: %q", err, data)
		}
		for _, one := range c.Choices {
			for _, call := range one.Delta.Calls {
				for call.Index >= len(calls) {
					calls = append(calls, "")
				}
				calls[call.Index] += call.ID + call.Type + call.Function.Name + call.Function.Arguments
			}
		}
	}
	return calls
}

// Calls of tools go on like texts, under the ids that the client has.
func TestSpliceCalls(t *testing.T) {
	arguments := []string{`{"city":"Paris, \"France\""}`, `{"days":3}`}
	for _, text := range []string{"", "Let me see."} {
		first := toolCalls("a", text, arguments, 4)
		for size, step := range map[int]int{1: 211, 3: 61, 100: 37} {
			second := toolCalls("b", text, arguments, size)
			for cut := 0; cut < strings.Index(first, "data: [DONE]"); cut += step {
				sent, err := splicing(first, second, cut, 1+cut%97)
				said, ids := textOf(t, sent)
				if err != nil || said != text || len(ids) != 1 || !strings.HasSuffix(sent, "data: [DONE]\n\n") || strings.Count(sent, `"role"`) != 1 {
					t.Fatalf("cut at %d, pieces of %d: %v\n%s", cut, size, err, sent)
				}
				calls := callsOf(t, sent)
				for i, got := range calls {
					region := "b"
					if strings.Contains(first[:strings.LastIndex(first[:cut], "\n\n")+2], fmt.Sprintf("call-%d-of-a", i)) {
						region = "a" // the client has it
					}
					if want := fmt.Sprintf("call-%d-of-%sfunctiontool%d%s", i, region, i, arguments[i]); got != want {
						t.Fatalf("cut at %d, pieces of %d: %s, want %s\n%s", cut, size, got, want, sent)
					}
				}
				if len(calls) != len(arguments) {
					t.Fatalf("cut at %d, pieces of %d: calls %q", cut, size, calls)
				}
			}
		}
	}
	whole := toolCalls("a", "", arguments, 4)
	for name, c := range map[string]struct{ cutAt, second, why string }{
		"another tool":      {`call-1`, strings.ReplaceAll(toolCalls("b", "", arguments, 4), "tool0", "tool9"), "it differs after 0 bytes"},
		"other arguments":   {`call-1`, toolCalls("b", "", []string{`{"city":"Rome"}`, arguments[1]}, 4), "it differs after"},
		"a text before":     {`call-1`, toolCalls("b", "Well.", arguments, 4), "it says something else first"},
		"a call that lacks": {`"finish_reason":"tool_calls"`, toolCalls("b", "", arguments[:1], 4), "it ends earlier"},
	} {
		_, err := splicing(whole, c.second, strings.Index(whole, c.cutAt), 50)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %s", name, err, c.why)
		}
	}
}

// FuzzSplice holds that what a client gets is the other stream's text whenever
// there is no error, and the beginning of the first one's otherwise.
func FuzzSplice(f *testing.F) {
	f.Add("Hello, world", "Hello, world", uint16(300), uint8(3), uint8(5), uint8(10))
	f.Add("Hello, world", "Hello, you", uint16(500), uint8(2), uint8(1), uint8(3))
	f.Add("a\u00e9", "a\U0001f642b", uint16(330), uint8(1), uint8(1), uint8(200))
	f.Fuzz(func(t *testing.T, a, b string, cut uint16, sizeA, sizeB, piece uint8) {
		// What is not UTF-8 is not what JSON brings.
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		first, second := toldIn("a", a, int(sizeA)+1), toldIn("b", b, int(sizeB)+1)
		sent, err := splicing(first, second, int(cut)%len(first), int(piece)+1)
		said, ids := textOf(t, sent)
		switch {
		case len(ids) > 1:
			t.Fatalf("names %v\n%s", ids, sent)
		case err != nil && !strings.HasPrefix(a, said) && !strings.HasPrefix(b, said):
			t.Fatalf("%v: %q is said of %q and %q", err, said, a, b)
		case err == nil && said != b:
			t.Fatalf("%q is said, of %q and %q\n%s", said, a, b, sent)
		}
	})
}

// FuzzSpliceCalls holds the same of answers that call tools: without an error the
// client has what the other stream says, each call under one id.
func FuzzSpliceCalls(f *testing.F) {
	f.Add("", `{"a":1}`, "", `{"a":1}`, uint16(700), uint8(3), uint8(1), uint8(9))
	f.Add("Well.", `{"a":1}`, "Well, then.", `{"a":2}`, uint16(500), uint8(1), uint8(3), uint8(200))
	f.Add("", "x", "text", "x", uint16(900), uint8(0), uint8(0), uint8(30))
	f.Fuzz(func(t *testing.T, a, argumentsA, b, argumentsB string, cut uint16, sizeA, sizeB, piece uint8) {
		plain := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return '?' // Go's quotes are JSON's only of these
				}
				return r
			}, s)
		}
		a, b, argumentsA, argumentsB = plain(a), plain(b), plain(argumentsA), plain(argumentsB)
		first, second := toolCalls("a", a, []string{argumentsA, argumentsA}, int(sizeA)+1), toolCalls("b", b, []string{argumentsB, argumentsB}, int(sizeB)+1)
		sent, err := splicing(first, second, int(cut)%len(first), int(piece)+1)
		said, ids := textOf(t, sent)
		calls := callsOf(t, sent)
		if len(ids) > 1 || err == nil && (said != b || len(calls) != 2) {
			t.Fatalf("%v: %q of %q, names %v, calls %q\n%s", err, said, b, ids, calls, sent)
		}
		for i, call := range calls {
			rest := strings.TrimLeft(strings.TrimPrefix(call, fmt.Sprintf("call-%d-of-", i)), "ab")
			got := strings.TrimPrefix(rest, fmt.Sprintf("functiontool%d", i))
			if rest == got || err == nil && got != argumentsB || !strings.HasPrefix(argumentsA, got) && !strings.HasPrefix(argumentsB, got) {
				t.Fatalf("%v: call %q of %q and %q\n%s", err, call, argumentsA, argumentsB, sent)
			}
		}
	})
}

// FuzzTranscript holds that a stream passes as it is, whole events at a time.
func FuzzTranscript(f *testing.F) {
	f.Add(toldIn("a", "Hello", 2), uint8(7))
	f.Add("data: x\r\n\r\ndata: y\r\rdata: z\n\r\n\n", uint8(0))
	f.Add("\r\n\r", uint8(1))
	f.Fuzz(func(t *testing.T, text string, piece uint8) {
		tr := NewTranscript()
		got := ""
		for rest := text; rest != ""; {
			n := min(int(piece)+1, len(rest))
			out := string(tr.Take([]byte(rest[:n])))
			if plain := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(out); out != "" && tr.Why() == "" && !strings.HasSuffix(plain, "\n") {
				t.Fatalf("half an event: %q", out)
			}
			got += out
			rest = rest[n:]
		}
		if got += string(tr.Rest()); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

// What is kept is bounded: one event, and all of the text.
func TestTranscriptIsBounded(t *testing.T) {
	tr := NewTranscript()
	for range mostHeld/100 + 2 {
		tr.Take([]byte(strings.Repeat("x", 100)))
		if len(tr.held) > mostHeld+100 {
			t.Fatalf("%d bytes are held", len(tr.held))
		}
	}
	if tr.Why() == "" {
		t.Error("an event without an end can be gone on with")
	}
	tr = NewTranscript()
	event := "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + strings.Repeat("x", 1000) + "\"}}]}\n\n"
	for range 2 * mostSaid / 1000 {
		if out := string(tr.Take([]byte(event))); out != event {
			t.Fatal("it does not pass")
		}
		for _, said := range tr.said {
			if len(said) > mostSaid {
				t.Fatalf("%d bytes are kept", len(said))
			}
		}
	}
	if tr.Why() != "it is too long" {
		t.Error(tr.Why())
	}
}

func BenchmarkTranscript(b *testing.B) {
	event := []byte(toldIn("a", "x", 1))
	i := strings.Index(string(event), "\n\n") + 2
	event = event[i : i+strings.Index(string(event[i:]), "\n\n")+2]
	tr := NewTranscript()
	b.ReportAllocs()
	for b.Loop() {
		tr.Take(event)
		tr.size = 0
		clear(tr.said)
	}
}
