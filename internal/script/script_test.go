package script

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/source"
)

const tinyService = `
-- service/apis/ai/apiInformation.json --
{"properties": {"displayName": "ai", "path": "ai", "protocols": ["https"], "subscriptionRequired": false}}
-- service/apis/ai/specification.yaml --
openapi: 3.0.1
info: {title: ai, version: "1"}
paths:
  /chat:
    post: {operationId: chat, responses: {"200": {description: ok}}}
-- service/apis/ai/policy.xml --
<policies>
    <inbound><set-backend-service base-url="http://a.test" /></inbound>
    <backend><forward-request /></backend>
</policies>
-- backends/a.test --
200
x-region: a

first
---
@after 3s
429
Retry-After: 7

second
`

// TestFailures holds that a story that does not go as it says fails, at its
// line: each of these would be a lie if it passed.
func TestFailures(t *testing.T) {
	for _, test := range []struct{ script, line, want string }{
		{"send POST /ai/chat -d x\nexpect status 201", "expect status 201", "got 200=1, want 201=1"},
		{"send POST /ai/chat -d x -n 2\nexpect status 200", "expect status 200", "got 200=1 429=1, want 200=2"},
		{"send POST /ai/chat -d x\nexpect body second", "expect body second", "does not contain"},
		{"send POST /ai/chat -d x\nexpect body !~first", "expect body !~first", "the body matches"},
		{"send POST /ai/chat -d x\nexpect header x-region b", "expect header x-region b", `got "a", want "b"`},
		{"send POST /ai/chat -d x\nexpect header x-region -", "expect header x-region -", "is there: a"},
		{"send POST /ai/chat -d x\nexpect header x-none 1", "expect header x-none 1", "missing"},
		{"send POST /ai/chat -d x\nexpect outcome cut", "expect outcome cut", "got complete=1"},
		{"send POST /ai/chat -d x\nexpect attempts 2", "expect attempts 2", "got 1 attempts"},
		{"send POST /ai/chat -d x -n 2\nexpect took < 3s", "expect took < 3s", "got 3s, want < 3s"},
		{"send POST /ai/chat -d x\nexpect requests a.test = 2", "expect requests a.test = 2", "got 1, want = 2"},
		{"send POST /ai/chat -d x\nexpect received a.test y-header", "expect received a.test y-header", "does not contain"},
		{"send POST /ai/chat -d x\nsend POST /ai/chat -d y\nexpect received a.test sent", "expect received a.test sent", "body 1 of 2 is not the one"},
		{"expect received a.test sent", "expect received a.test sent", "was sent nothing"},
		{"expect received b.test sent", "expect received b.test sent", "no recorded backend b.test"},
		{"mark old\nsend POST /ai/chat -d x\nexpect generation new", "expect generation new", "got old=1, want new=1"},
		{"mark old\nmark new", "mark new", "still old"},
		{"send POST /ai/chat -d x\nexpect log nonsense", "expect log nonsense", "the log does not contain"},
		{"send POST /ai/chat -d x\nexpect trace nonsense", "expect trace nonsense", "the trace does not contain"},
		{"! load", "! load", "expected to fail"},
		{"expect status 200", "expect status 200", "nothing has been sent"},
		{"send nothing", "send nothing", "no request nothing"},
		{"send chat -x 1", "send chat -x 1", "no flag -x"},
		{"send POST /ai/chat -size 3", "send POST /ai/chat -size 3", "at least"},
		{"fault eastus none", "fault eastus none", "no region eastus"},
		{"dance", "dance", "no verb dance"},
		{"! ", "!", "a verb is missing"},
		{"send 'x", "send 'x", "a quote is not closed"},
		{"cmp want/a want/b\n-- want/a --\n1\n-- want/b --\n2", "cmp want/a want/b", "differ"},
		{"load\n! change service/policy.xml good\n-- good --\n<policies />\n", "! change service/policy.xml good", "expected to fail"},
		{"load\nchange service/policy.xml bad\n-- bad --\n<policies><inbound><none /></inbound></policies>", "change service/policy.xml bad", "there is no policy none"},
	} {
		_, err := Run("story", []byte(test.script+tinyService), Options{})
		var f *Failure
		if !errors.As(err, &f) {
			t.Errorf("%q passed, or failed otherwise: %v", test.script, err)
			continue
		}
		if f.Verb != test.line || !strings.Contains(f.Message, test.want) || !strings.HasPrefix(f.Error(), "story:") {
			t.Errorf("%q\ngot  %v\nwant %q with %q", test.script, f, test.line, test.want)
		}
	}
	if _, err := Run("story", []byte("load\n-- backends/x --\nnonsense\n"), Options{}); err == nil || !strings.Contains(err.Error(), "backends/x") {
		t.Errorf("a bad recording: %v", err)
	}
}

// TestLeaks holds that the watch over secrets sees each kind of place, and a
// scenario fails by it alone.
func TestLeaks(t *testing.T) {
	const secret = "s3cret-value-of-all"
	for _, where := range []func(l *leaks){
		func(l *leaks) { l.look("a text with "+secret+" in it", "a text") },
		func(l *leaks) { l.log("one line\n"); l.log("one line\nmore " + secret) },
		func(l *leaks) { l.log("a long log that is emptied\n"); l.log(secret) },
		func(l *leaks) { l.problems(source.Problems{{Code: "x", Message: "it is " + secret}}) },
	} {
		l := &leaks{}
		l.add("Bearer "+secret, "the token")
		l.add("short", "nothing")
		l.look("short", "a text")
		if l.err() != nil {
			t.Fatal("a short text counts as a secret")
		}
		where(l)
		if err := l.err(); err == nil || !strings.Contains(err.Error(), "the token") || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v", err)
		}
	}
	// A policy that says a secret by itself, to a caller who gets an error.
	story := "send POST /ai/chat -d x -H 'Authorization: Bearer " + secret + "'" + strings.Replace(tinyService, "<inbound>",
		`<on-error><set-header name="x-told" exists-action="override"><value>@(context.Request.Headers.GetValueOrDefault("Authorization", ""))</value></set-header></on-error><inbound><set-variable name="x" value="@(int.Parse("x"))" />`, 1)
	_, err := Run("story", []byte(story), Options{})
	if err == nil || !strings.Contains(err.Error(), "the header x-told of the answer to an error shows a secret") {
		t.Errorf("got %v", err)
	}
}

// TestEncode holds that encoded bodies are what they say: the brotli stream of
// one letter is known by heart, and longer ones have as many blocks as they need.
func TestEncode(t *testing.T) {
	if got, want := string(encode("br", []byte("a"))), "\x00\x00\x10a\x03"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	long := make([]byte, 1<<16+1)
	if got := len(encode("br", long)); got != len(long)+3+3+1 {
		t.Errorf("%d bytes", got)
	}
	if got := string(encode("br", nil)); got != "\x06" {
		t.Errorf("nothing: %q", got)
	}
}

// FuzzRun feeds the reader of scenarios. No script touches the machine, so any
// text may be tried; what waits for days is waited for in no time.
func FuzzRun(f *testing.F) {
	files, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no scenarios", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := parse("story", text)
		if err != nil {
			var failure *Failure
			if !errors.As(err, &failure) || failure.Line < 1 {
				t.Errorf("the error has no place: %v", err)
			}
			return
		}
		for _, l := range lines {
			if len(l.words) == 0 {
				t.Errorf("line %d has no verb", l.number)
			}
		}
		if b, err := parseRecorded(text, clock.NewManual(start)); err == nil && len(b.answers) == 0 {
			t.Error("a recording without answers")
		}
		if q, err := parseRequest(text); err == nil && (q.method == "" || q.path == "") {
			t.Errorf("a request without a method or a path: %+v", q)
		}
	})
}

// BenchmarkStory is a scenario of one request, load and all.
func BenchmarkStory(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Run("story", []byte("send POST /ai/chat -d x\nexpect status 200"+tinyService), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
