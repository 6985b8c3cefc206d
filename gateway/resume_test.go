package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/policy/exchange"
)

// resumption switches the taking up of streams on.
func resumption(attempts int, r ResumeSettings) func(*Settings) {
	r.Attempts = attempts
	return func(s *Settings) {
		s.APIs = map[string]APISettings{"chat": {Resume: r, IdleTimeout: 30 * time.Second}}
	}
}

// saying is a chat's stream, a piece an event, with the names of its region.
type saying struct{ id string }

func (s saying) filter() string {
	return `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}` + "\n\n"
}

func (s saying) event(choices, more string) string {
	return fmt.Sprintf(`data: {"choices":[%s],"created":17,"id":"%s","model":"gpt-%s","object":"chat.completion.chunk","system_fingerprint":"fp_%s"%s}`, choices, s.id, s.id, s.id, more) + "\n\n"
}

func (s saying) role() string {
	return s.event(`{"content_filter_results":{},"delta":{"content":"","refusal":null,"role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}`, "")
}

func (s saying) says(text string) string { return s.of(0, text) }

func (s saying) of(choice int, text string) string {
	b, _ := json.Marshal(text)
	return s.event(fmt.Sprintf(`{"content_filter_results":{},"delta":{"content":%s},"finish_reason":null,"index":%d,"logprobs":null}`, b, choice), "")
}

func (s saying) stop() string {
	return s.event(`{"content_filter_results":{},"delta":{},"finish_reason":"stop","index":0,"logprobs":null}`, "")
}

func (s saying) usage(n int) string {
	return s.event("", fmt.Sprintf(`,"usage":{"completion_tokens":%d,"prompt_tokens":2,"total_tokens":%d}`, n, n+2))
}

const doneEvent = "data: [DONE]\n\n"

// read is what a client makes of a stream: its text per choice, the finish, and
// whether all events bear one id.
type understood struct {
	text     map[int]string
	finish   string
	ids      map[string]bool
	roles    int
	filters  int
	usage    int
	done     bool
	errEvent bool
}

func understand(t testing.TB, body string) (u understood) {
	t.Helper()
	u.text, u.ids = map[int]string{}, map[string]bool{}
	for event := range strings.SplitSeq(body, "\n\n") {
		if event == "" {
			continue
		}
		data, ok := strings.CutPrefix(event, "data: ")
		if !ok {
			t.Fatalf("no event: %q", event)
		}
		if data == "[DONE]" {
			u.done = true
			continue
		}
		var c struct {
			ID, Model   string
			Fingerprint string `json:"system_fingerprint"`
			Error       any
			Filter      []any `json:"prompt_filter_results"`
			Usage       *struct {
				Completion int `json:"completion_tokens"`
			}
			Choices []struct {
				Index  int
				Delta  struct{ Role, Content string }
				Finish *string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v: %q", err, data)
		}
		u.errEvent = u.errEvent || c.Error != nil
		if c.ID != "" {
			u.ids[c.ID+c.Model+c.Fingerprint] = true
		}
		if c.Filter != nil {
			u.filters++
		}
		if c.Usage != nil {
			u.usage = c.Usage.Completion
		}
		for _, one := range c.Choices {
			u.text[one.Index] += one.Delta.Content
			if one.Delta.Role != "" {
				u.roles++
			}
			if one.Finish != nil {
				u.finish = *one.Finish
			}
		}
	}
	return u
}

func TestResume(t *testing.T) {
	a, b := saying{"a"}, saying{"b"}
	chunks := func(parts ...string) string { return "chunk " + strings.Join(parts, "^chunk ") }
	whole := chunks(b.filter(), b.role(), b.says("Hel"), b.says("lo, "), b.says("wor"), b.says("ld"), b.stop(), b.usage(4), doneEvent) + "^eof"
	for _, c := range []struct {
		name, first string // steps, separated by ^
		second      string
		text        string // of a complete answer, "" for one that is cut
		attempts    string
		told        string // by the trace
	}{
		{name: "at the edge of an event", first: chunks(a.filter(), a.role(), a.says("Hello, ")) + "^cut", second: whole, text: "Hello, world", attempts: "a:stream_aborted >b:ok", told: "after 7 bytes of text"},
		{name: "within an event", first: chunks(a.filter(), a.role(), a.says("Hello,"), a.says(" wo")[:30]) + "^cut", second: whole, text: "Hello, world", attempts: "a:stream_aborted >b:ok"},
		{name: "before the text", first: chunks(a.filter(), a.role()) + "^cut", second: whole, text: "Hello, world", attempts: "a:stream_aborted >b:ok"},
		{name: "before the role", first: chunks(a.filter()) + "^cut", second: whole, text: "Hello, world", attempts: "a:stream_aborted >b:ok"},
		{name: "after the text", first: chunks(a.filter(), a.role(), a.says("Hello, world")) + "^cut", second: whole, text: "Hello, world", attempts: "a:stream_aborted >b:ok"},
		{name: "after the finish", first: chunks(a.filter(), a.role(), a.says("Hello, world"), a.stop()) + "^cut", second: whole, text: "Hello, world", attempts: "a:stream_aborted >b:ok"},
		{name: "stalled", first: chunks(a.filter(), a.role(), a.says("Hello")) + "^wait 1h", second: whole, text: "Hello, world", attempts: "a:stream_idle >b:ok", told: "sent nothing for too long"},
		{name: "another answer", first: chunks(a.role(), a.says("Good ")) + "^cut", second: whole, attempts: "a:stream_aborted >b:ok", told: "it differs after 0 bytes"},
		{name: "it differs later", first: chunks(a.role(), a.says("Hello, you")) + "^cut", second: whole, attempts: "a:stream_aborted >b:ok", told: "it differs after 7 bytes"},
		{name: "it ends earlier", first: chunks(a.role(), a.says("Hello, world, and more")) + "^cut", second: whole, attempts: "a:stream_aborted >b:ok", told: "it ends earlier"},
		{name: "it ends earlier, without a word", first: chunks(a.role(), a.says("Hello, world")) + "^cut", second: chunks(b.role(), b.says("Hello")) + "^eof", attempts: "a:stream_aborted >b:ok", told: "it ends earlier"},
		{name: "no answer", first: chunks(a.role(), a.says("Hello")) + "^cut", second: "refuse", attempts: "a:stream_aborted >b:connect_refused"},
		{name: "a refusal", first: chunks(a.role(), a.says("Hello")) + "^cut", second: "head 400 json^chunk {\"error\":{\"message\":\"prefill\"}}^eof", attempts: "a:stream_aborted >b:status", told: "'b' answers with 400"},
		{name: "an error at once", first: chunks(a.role(), a.says("Hello")) + "^cut", second: chunks(`data: {"error":{"code":"429"}}`+"\n\n") + "^eof", attempts: "a:stream_aborted >b:error_event", told: "'b' answers with 429"},
		{name: "an error later", first: chunks(a.role(), a.says("Hello")) + "^cut", second: chunks(b.role(), b.says("Hel"), `data: {"error":{"code":"429"}}`+"\n\n") + "^eof", attempts: "a:stream_aborted >b:ok", told: "error of its own"},
		{name: "cut as well", first: chunks(a.role(), a.says("Hello")) + "^cut", second: chunks(b.role(), b.says("Hello, wo")) + "^cut", attempts: "a:stream_aborted >b:stream_aborted"},
		{name: "what is no text", first: chunks(a.role(), a.event(`{"delta":{"audio":{"expires_at":1}},"index":0}`, "")) + "^cut", second: whole, attempts: "a:stream_aborted", told: "it holds audio"},
		{name: "a call of a tool instead", first: chunks(a.role(), a.says("Hel")) + "^cut", second: chunks(b.role(), b.event(`{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]},"index":0}`, "")) + "^eof", attempts: "a:stream_aborted >b:ok", told: "it says something else first"},
		{name: "an error of its own", first: chunks(a.role(), `data: {"error":{"code":"500"}}`+"\n\n") + "^cut", second: whole, attempts: "a:stream_aborted", told: "error of its own"},
		{name: "not a chat", first: chunks("data: hello\n\n") + "^cut", second: whole, attempts: "a:stream_aborted", told: "it is not a chat's"},
		{name: "after [DONE]", first: chunks(a.role(), a.stop(), doneEvent) + "^cut", second: whole, attempts: "a:stream_aborted", told: "nothing of it is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVirtual(t, []string{"a", "b"}, "", resumption(1, ResumeSettings{}))
			v.plays("a", strings.Split("head 200^"+c.first, "^")...)
			if !strings.HasPrefix(c.second, "head") && c.second != "refuse" {
				c.second = "head 200^" + c.second
			}
			v.plays("b", strings.Split(c.second, "^")...)
			s := v.one((*seen).traced)
			if s.status != 200 || s.attempts() != c.attempts || s.header.Get("X-Region") != "a.test" {
				t.Errorf("%d by %s, want %s", s.status, s.attempts(), c.attempts)
			}
			if !strings.Contains(s.story(), c.told) {
				t.Errorf("the trace lacks %q:\n%s", c.told, s.story())
			}
			v.settled()
			if c.text == "" {
				if s.ended || !s.aborted || !strings.HasSuffix(s.body, cutEvent) || strings.Contains(s.body, "prefill") {
					t.Errorf("ended %v\n%s", s.ended, s.body)
				}
				return
			}
			u := understand(t, s.body)
			if !s.ended || u.text[0] != c.text || u.finish != "stop" || !u.done || u.errEvent || len(u.ids) != 1 || u.roles != 1 || u.usage != 4 || u.filters != 1 {
				t.Errorf("ended %v, %+v\n%s", s.ended, u, s.body)
			}
			if got := v.ends["b.test"].bodies[0]; got != question {
				t.Errorf("asked %s", got)
			}
		})
	}
}

// A stream that is not broken passes byte by byte, event by event, resumable or
// not, wherever it is split.
func TestResumableBytes(t *testing.T) {
	a := saying{"a"}
	random := rand.New(rand.NewPCG(3, 3))
	for _, text := range []string{
		a.filter() + a.role() + a.says("Hello") + a.stop() + doneEvent,
		strings.ReplaceAll(a.role()+a.says("Hello")+doneEvent, "\n", "\r\n"),
		strings.ReplaceAll(a.role()+a.says("Hello")+doneEvent, "\n", "\r"),
		": comment\n\n" + a.role() + ":\n\n" + a.says("x") + "data: no end",
		"data: nonsense\n\ndata: more\n\n",
		"\n\n\n" + a.says("x"),
		a.says(strings.Repeat("long ", 100<<10)) + doneEvent,
	} {
		for range 20 {
			v := newVirtual(t, []string{"a", "b"}, "", resumption(1, ResumeSettings{}))
			steps := []string{"head 200"}
			for rest := text; rest != ""; {
				n := min(1+random.IntN(1+random.IntN(len(rest)+1)), len(rest))
				steps = append(steps, "chunk "+rest[:n])
				rest = rest[n:]
			}
			v.plays("a", append(steps, "eof")...)
			if s := v.one(nil); s.body != text || !s.ended {
				t.Errorf("ended %v: got %d bytes %.100q, want %d %.100q", s.ended, len(s.body), s.body, len(text), text)
			}
		}
	}
	// What is complete does not wait for what is not.
	v := newVirtual(t, []string{"a", "b"}, "", resumption(1, ResumeSettings{}))
	v.plays("a", "head 200", "chunk "+a.role()+"data: {", "wait 5s", "chunk }\n\n", "eof")
	if s := v.one(nil); s.first != 0 || s.took != 5*time.Second {
		t.Errorf("the first event came after %v", s.first)
	}
}

// Several members are asked, each once, within the budget of attempts; a stream
// can break off more than once.
func TestResumeAttempts(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	for _, c := range []struct {
		attempts int
		complete bool
		want     string
	}{
		{1, false, "a:stream_aborted >b:stream_aborted"},
		{2, false, "a:stream_aborted >b:stream_aborted >c:status"},
		{3, true, "a:stream_aborted >b:stream_aborted >c:status >d:ok"},
		{5, true, "a:stream_aborted >b:stream_aborted >c:status >d:ok"},
	} {
		v := newVirtual(t, names, "", resumption(c.attempts, ResumeSettings{}))
		for i, name := range names {
			s := saying{name}
			steps := []string{"head 200", "chunk " + s.role(), "chunk " + s.says("one "), "chunk " + s.says("two "), "chunk " + s.says("three "), "chunk " + s.says("four"), "chunk " + s.stop(), "chunk " + doneEvent, "eof"}
			if i < 3 {
				steps = append(steps[:3+i:3+i], "cut")
			}
			if name == "c" {
				steps = []string{"head 429 json", "chunk full", "eof"}
			}
			v.plays(name, steps...)
		}
		s := v.one(nil)
		if s.attempts() != c.want || s.ended != c.complete {
			t.Errorf("%d: ended %v by %s, want %s\n%s", c.attempts, s.ended, s.attempts(), c.want, s.body)
		}
		if u := understand(t, strings.ReplaceAll(s.body, cutEvent, "")); c.complete && (u.text[0] != "one two three four" || len(u.ids) != 1) || !c.complete && u.text[0] != "one two " {
			t.Errorf("%d: %+v", c.attempts, u)
		}
		v.settled()
	}
}

// Several choices, whose pieces come in another order and size.
func TestResumeChoices(t *testing.T) {
	a, b := saying{"a"}, saying{"b"}
	v := newVirtual(t, []string{"a", "b"}, "", resumption(1, ResumeSettings{}))
	v.plays("a", "head 200", "chunk "+a.of(0, "Hel"), "chunk "+a.of(1, "Good mor"), "cut")
	v.plays("b", "head 200", "chunk "+b.of(0, "Hello"), "chunk "+b.of(0, ", world"), "chunk "+b.of(1, "Good"), "chunk "+b.of(1, " \U0001f642"), "eof")
	if s := v.one(nil); s.ended || !strings.HasSuffix(s.body, cutEvent) {
		t.Errorf("the second choice differs\n%s", s.body)
	}
	v.plays("b", "head 200", "chunk "+b.of(0, "Hello"), "chunk "+b.of(0, ", world"), "chunk "+b.of(1, "Good"), "chunk "+b.of(1, " morning \U0001f642"), "chunk "+doneEvent, "eof")
	s := v.one(nil)
	if u := understand(t, s.body); !s.ended || u.text[0] != "Hello, world" || u.text[1] != "Good morning \U0001f642" {
		t.Errorf("%+v\n%s", u, s.body)
	}
}

// By continuation the other region is shown what the client has.
func TestResumeByContinuation(t *testing.T) {
	a, b := saying{"a"}, saying{"b"}
	for name, c := range map[string]struct {
		body        string
		instruction string
		asked       string // "" for not at all
		first       string
		told        string
	}{
		"with an instruction": {
			body: `{"messages":[{"role":"user","content":"hi"}],"stream":true,"max_tokens":100}`, instruction: "Go on.",
			asked: `{"max_tokens":98,"messages":[{"role":"user","content":"hi"},{"content":"Hello, ","role":"assistant"},{"content":"Go on.","role":"user"}],"stream":true}`,
		},
		"without one": {
			body:  `{"messages":[{"role":"user","content":"hi"}],"stream":true,"temperature":0.70}`,
			asked: `{"messages":[{"role":"user","content":"hi"},{"content":"Hello, ","role":"assistant"}],"stream":true,"temperature":0.70}`,
		},
		"nothing said": {
			body: `{"messages":[],"stream":true}`, instruction: "Go on.", first: a.role(),
			asked: `{"messages":[],"stream":true}`,
		},
		"no tokens left":   {body: `{"messages":[],"max_completion_tokens":2}`, told: "used up"},
		"several choices":  {body: `{"messages":[],"n":2}`, told: "more than one choice"},
		"no chat":          {body: `{"messages":7}`, told: "not a chat's"},
		"no JSON":          {body: `{"messages":`, told: "not a chat's"},
		"ended":            {body: `{"messages":[]}`, first: a.says("x") + a.stop(), told: "come to its end"},
		"more than a text": {body: `{"messages":[]}`, first: a.event(`{"delta":{"refusal":"No."},"index":0}`, ""), told: "more than the content"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVirtual(t, []string{"a", "b"}, "", resumption(1, ResumeSettings{Continue: true, Instruction: c.instruction}))
			first := c.first
			if first == "" {
				first = a.role() + a.says("Hello, ")
			}
			v.plays("a", "head 200", "chunk "+first, "cut")
			v.plays("b", "head 200", "chunk "+b.filter(), "chunk "+b.role(), "chunk "+b.says("world"), "chunk "+b.stop(), "chunk "+doneEvent, "eof")
			s := v.one(func(s *seen) {
				s.traced()
				s.x.Original.Body = exchange.BufferedBody([]byte(c.body))
			})
			if !strings.Contains(s.story(), c.told) {
				t.Errorf("the trace lacks %q:\n%s", c.told, s.story())
			}
			if c.asked == "" {
				if v.ends["b.test"].calls != 0 || s.ended || !strings.HasSuffix(s.body, cutEvent) {
					t.Errorf("ended %v by %s\n%s", s.ended, s.attempts(), s.body)
				}
				return
			}
			if got := v.ends["b.test"].bodies; len(got) != 1 || got[0] != c.asked {
				t.Errorf("asked %s, want %s", got, c.asked)
			}
			u := understand(t, s.body)
			if want := map[bool]string{true: "Hello, world", false: "world"}[c.first == ""]; !s.ended || u.text[0] != want || u.roles != 1 || len(u.ids) != 1 || !u.done {
				t.Errorf("ended %v, %+v\n%s", s.ended, u, s.body)
			}
		})
	}
}

// A model that refuses to write on, as by a 400 about the last message's role,
// never has its refusal delivered; the next member is asked.
func TestRefusedContinuation(t *testing.T) {
	a, c := saying{"a"}, saying{"c"}
	v := newVirtual(t, []string{"a", "b", "c"}, "", resumption(2, ResumeSettings{Continue: true}))
	v.plays("a", "head 200", "chunk "+a.role()+a.says("Hello"), "cut")
	v.plays("b", "head 400 json", `chunk {"error":{"message":"This model does not support assistant message prefill."}}`, "eof")
	v.plays("c", "head 200", "chunk "+c.role()+c.says(", world")+c.stop()+doneEvent, "eof")
	s := v.one(nil)
	if u := understand(t, s.body); !s.ended || u.text[0] != "Hello, world" || s.status != 200 || strings.Contains(s.body, "prefill") || s.attempts() != "a:stream_aborted >b:status >c:ok" {
		t.Errorf("%d by %s\n%s", s.status, s.attempts(), s.body)
	}
}

// Without the setting, without somebody else, or when the caller has left, a
// stream ends as it would.
func TestNotResumed(t *testing.T) {
	a := saying{"a"}
	for name, members := range map[string][]string{"off": {"a", "b"}, "alone": {"a"}} {
		v := newVirtual(t, members, "", resumption(map[string]int{"alone": 1}[name], ResumeSettings{}))
		v.plays("a", "head 200", "chunk "+a.role()+a.says("Hello"), "cut")
		if s := v.one(nil); s.ended || s.attempts() != "a:stream_aborted" || s.body != a.role()+a.says("Hello")+cutEvent {
			t.Errorf("%s: %s\n%s", name, s.attempts(), s.body)
		}
	}
	v := newVirtual(t, []string{"a", "b"}, "", resumption(1, ResumeSettings{}))
	v.plays("a", "head 200", "chunk "+a.role()+a.says("Hello"), "wait 1h")
	v.plays("b", "wait 1h")
	for _, leave := range []time.Duration{5 * time.Second, 40 * time.Second} {
		var s *seen
		v.clock.Run(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			v.clock.AfterFunc(leave, cancel)
			s = v.ask(ctx, nil)
		})
		if s.ended || s.took != leave || !strings.Contains(s.attempts(), "client_closed") {
			t.Errorf("the caller left after %v: %v %s", leave, s.took, s.attempts())
		}
	}
	if gone := v.ends["b.test"].gone; len(gone) != 1 {
		t.Errorf("the region that was to take it up saw ends at %v", gone)
	}
	v.settled()
}
