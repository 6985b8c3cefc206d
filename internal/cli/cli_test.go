package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/examples"
)

// output is standard output or error of a command in this process; changed tells
// that it was written to.
type output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// await waits until a text has been written.
func (o *output) await(t *testing.T, text string) {
	t.Helper()
	end := time.After(60 * time.Second)
	for {
		o.mu.Lock()
		found := strings.Contains(o.b.String(), text)
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-end:
			t.Fatalf("never: %s; got:\n%s", text, o)
		}
	}
}

// result is what came of a command.
type result struct {
	code           int
	stdout, stderr string
}

// world is one without environment, configuration or input.
func world(t *testing.T, out, err *output) World {
	dir := t.TempDir()
	return World{
		Context: t.Context(), Stdin: strings.NewReader(""), Stdout: out, Stderr: err, Getenv: func(string) string { return "" },
		Program: "./spillway", ReadFile: os.ReadFile, configDir: func() (string, error) { return dir, nil },
	}
}

// execute runs a command in this process.
func execute(t *testing.T, edit func(*World), args ...string) result {
	t.Helper()
	var out, err output
	w := world(t, &out, &err)
	if edit != nil {
		edit(&w)
	}
	code := Main(args, w)
	return result{code, out.String(), err.String()}
}

// input gives a command its standard input.
func input(text string) func(*World) {
	return func(w *World) { w.Stdin = strings.NewReader(text) }
}

// sample is a copy of a sample service.
func sample(t *testing.T, name string) string {
	t.Helper()
	files, err := examples.FS(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestHelp holds that every command explains itself on standard output with exit
// code 0, and names each of its flags.
func TestHelp(t *testing.T) {
	if got := execute(t, nil); got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, "spillway COMMAND") {
		t.Errorf("no command: %+v", got)
	}
	for _, word := range []string{"-h", "--help", "-help", "help"} {
		got := execute(t, nil, word)
		if got.code != 0 || got.stderr != "" {
			t.Errorf("%s: %+v", word, got)
		}
		for _, c := range commands() {
			if !strings.Contains(got.stdout, "\n    "+c.name+" ") {
				t.Errorf("%s does not list %s", word, c.name)
			}
		}
	}
	flags := map[string][]string{
		"demo":     {"-sample", "-dir", "-gateway", "-management", "-chat", "-control", "-regions", "-log"},
		"serve":    {"-gateway", "-management", "-chat", "-control", "-regions", "-configuration", "-quiet", "-no-snapshot"},
		"check":    {"-loose", "-strict", "-json", "-configuration"},
		"fmt":      {"-l", "-d", "-w"},
		"eval":     {"-context", "-ctx", "-cases", "-contexts"},
		"test":     {"-v", "-update"},
		"trace":    {"-H", "-d", "-json", "-management", "-token", "-key"},
		"simulate": {"-regions", "-control", "-keys", "-profile", "-quota", "-deployments"},
		"provision": {
			"-service", "-simulate", "-bicep", "-terraform", "-purge", "-yes", "-json", "-subscription", "-identity", "-tenant", "-cloud", "-endpoint", "-poll",
		},
		"chat":     {"-listen", "-config", "-attached", "connect"},
		"validate": {"-json", "-junit", "-shares", "-requests", "-model", "-embedding", "-api", "-consent", "-chat", "-control", "-management", "-token", "-key", "-endpoint"},
		"effective": {
			"-product",
		},
		"schema": nil, "version": nil,
	}
	for _, c := range commands() {
		known, ok := flags[c.name]
		if !ok {
			t.Errorf("the test knows no flags of %s", c.name)
		}
		for _, asked := range [][]string{{c.name, "-h"}, {c.name, "--help"}, {"help", c.name}} {
			got := execute(t, nil, asked...)
			if got.code != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, "Usage: spillway "+c.name) {
				t.Errorf("%q: %+v", asked, got)
			}
			for _, f := range known {
				if !strings.Contains(got.stdout, f) {
					t.Errorf("%q says nothing of %s", asked, f)
				}
			}
		}
		// Flags that the help does not name are unknown, and a mistake says
		// where help is.
		got := execute(t, nil, c.name, "-nonsense")
		if got.code != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "spillway: "+c.name+": ") || !strings.Contains(got.stderr, "-nonsense") || !strings.Contains(got.stderr, "hint: spillway "+c.name+" -h") {
			t.Errorf("%s -nonsense: %+v", c.name, got)
		}
	}
}

// TestUsage holds that what cannot be meant ends with 2, one prefixed line, and
// where it helps a hint.
func TestUsage(t *testing.T) {
	dir := sample(t, examples.Default)
	file := filepath.Join(dir, "policy.xml")
	none := filepath.Join(t.TempDir(), "none")
	for _, test := range []struct {
		args []string
		want string
		hint string
	}{
		{[]string{"sreve"}, `unknown command "sreve"`, "did you mean serve?"},
		{[]string{"nonsense"}, `unknown command "nonsense"`, "the commands are demo, serve"},
		{[]string{"help", "serev"}, `unknown command "serev"`, "did you mean serve?"},
		{[]string{"check", "-jsn", dir}, "there is no flag -jsn", "did you mean -json?"},
		{[]string{"check", "-configuration"}, "flag needs an argument", "-h explains"},
		{[]string{"check", "-configuration", file, dir, dir}, "one service folder", ""},
		{[]string{"check", "-configuration", file, "-loose", dir}, "one service folder", ""},
		{[]string{"demo", "extra"}, "takes no arguments", ""},
		{[]string{"demo", "-sample", "none"}, "azure-openai, backend-list, pool", ""},
		{[]string{"demo", "-dir", none}, "there is no folder", ""},
		{[]string{"demo", "-regions", "x"}, `invalid value "x" for flag -regions: it takes a number`, "-h explains"},
		{[]string{"serve"}, "a service folder is needed", "spillway demo"},
		{[]string{"serve", dir, dir}, "a service folder is needed", ""},
		{[]string{"serve", file}, "is not a folder", ""},
		{[]string{"serve", "-configuration", none, dir}, "no such file", ""},
		{[]string{"check"}, "a service folder is needed", ""},
		{[]string{"check", none}, "no such file", ""},
		{[]string{"check", file}, "-loose checks single documents", ""},
		{[]string{"check", "-loose", none}, "no such file", ""},
		{[]string{"check", "-configuration", none, dir}, "no such file", ""},
		{[]string{"fmt", "-w"}, "-w needs a path", ""},
		{[]string{"fmt", none}, "no such file", ""},
		{[]string{"eval", "1", "2"}, "one expression", "quotes"},
		{[]string{"eval", " "}, "the expression is empty", ""},
		{[]string{"eval", "-context", none, "1"}, "no such file", ""},
		{[]string{"eval", "-cases", none}, "no such file", ""},
		{[]string{"test"}, "a service folder is needed", ""},
		{[]string{"test", none}, "no such file", ""},
		{[]string{"test", filepath.Join(dir, "apis")}, "there is no scenario in " + filepath.Join(dir, "apis", "scenarios"), ".txtar"},
		{[]string{"test", dir, none}, "no such file", ""},
		{[]string{"test", dir, filepath.Join(dir, "apis")}, "there is no scenario", ".txtar"},
		{[]string{"trace"}, "a method and a URL are needed", "for example"},
		{[]string{"trace", "GET", "/x"}, "no running gateway was found", "spillway demo"},
		{[]string{"trace", "-management", "127.0.0.1:1", "GET", "/x"}, "nothing here tells the address", "http://GATEWAY/x"},
		{[]string{"trace", "-management", "127.0.0.1:1", "GET", "x"}, "not a URL", ""},
		{[]string{"trace", "-management", "127.0.0.1:1", "-H", "nocolon", "GET", "http://127.0.0.1:1/x"}, "no colon", ""},
		{[]string{"trace", "-management", "127.0.0.1:1", "-d", "@" + none, "GET", "http://127.0.0.1:1/x"}, "no such file", ""},
		{[]string{"chat", "extra"}, "takes no argument but connect", "-h shows"},
		{[]string{"chat", "connect"}, "no running gateway was found", "spillway demo"},
		{[]string{"chat", "connect", "a", "b"}, "one place", ""},
		{[]string{"chat", "connect", "-endpoint", "https://x.openai.azure.com"}, "-endpoint needs a key", "CHAT_KEY"},
		{[]string{"simulate", "extra"}, "takes no arguments", ""},
		{[]string{"simulate", "-regions", "eastus"}, "not NAME=PORT", "-h shows"},
		{[]string{"simulate", "-regions", "a=0,a=0"}, "two regions named a", ""},
		{[]string{"simulate", "-keys", "1,2,3"}, "two keys", ""},
		{[]string{"simulate", "-keys", "1,"}, "empty", ""},
		{[]string{"eval", "-ctx", "none", "1"}, "no context is called none", "there is chat"},
		{[]string{"simulate", "-profile", "slow"}, "fast or realistic", ""},
		{[]string{"simulate", "-quota", "free"}, "documented or observed", ""},
		{[]string{"simulate", "-deployments", "gpt-5="}, "not NAME or NAME=MODEL", ""},
		{[]string{"effective", dir}, "a service folder and an API", ""},
		{[]string{"effective", none, "x"}, "no such file", ""},
		{[]string{"effective", dir, "none"}, "there is no API none", "my-cool-openai-test"},
		{[]string{"effective", dir, "my-cool-openai-test", "none"}, "no operation none", "ChatCompletions_Create"},
		{[]string{"effective", "-product", "none", dir, "my-cool-openai-test"}, "there is no product none", "contoso"},
		{[]string{"effective", dir, "my-cool-openai-tset"}, "there is no API", "did you mean my-cool-openai-test?"},
		{[]string{"schema", "extra"}, "takes no arguments", ""},
		{[]string{"version", "extra"}, "takes no arguments", ""},
	} {
		got := execute(t, nil, test.args...)
		if got.code != 2 || got.stdout != "" {
			t.Errorf("%q: code %d, output %q", test.args, got.code, got.stdout)
		}
		if !strings.HasPrefix(got.stderr, "spillway: ") || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%q says %q, want %q", test.args, got.stderr, test.want)
		}
		_, hint, _ := strings.Cut(got.stderr, "\nhint: ")
		if test.hint != "" && !strings.Contains(hint, test.hint) {
			t.Errorf("%q hints %q, want %q", test.args, hint, test.hint)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"-version"}, {"--version"}} {
		if got := execute(t, nil, args...); got.code != 0 || !strings.HasPrefix(got.stdout, "spillway ") || strings.Count(got.stdout, "\n") != 1 {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

func TestSchema(t *testing.T) {
	got := execute(t, nil, "schema")
	var schema map[string]any
	if err := json.Unmarshal([]byte(got.stdout), &schema); err != nil || got.code != 0 || schema["$schema"] == nil || schema["properties"] == nil {
		t.Errorf("%v %+v", err, got)
	}
}

func TestFormat(t *testing.T) {
	const rough = "<policies><inbound><base/><set-header name='x'  exists-action=\"override\"><value>@(\"a\" + 1)</value></set-header></inbound></policies>"
	once := execute(t, input(rough), "fmt")
	if once.code != 0 || !strings.Contains(once.stdout, "\n        <base />\n") || !strings.Contains(once.stdout, `@("a" + 1)`) {
		t.Fatalf("%+v", once)
	}
	if twice := execute(t, input(once.stdout), "fmt"); twice != once {
		t.Errorf("formatting is not stable:\n%s", twice.stdout)
	}
	dir := t.TempDir()
	bad, good := write(t, filepath.Join(dir, "bad.xml"), rough), write(t, filepath.Join(dir, "sub", "good.xml"), once.stdout)
	if got := execute(t, nil, "fmt", "-l", dir); got.code != 1 || got.stdout != bad+"\n" {
		t.Errorf("-l: %+v", got)
	}
	if got := execute(t, nil, "fmt", "-d", good); got.code != 0 || got.stdout != "" {
		t.Errorf("-d of a good one: %+v", got)
	}
	if got := execute(t, nil, "fmt", "-d", bad); got.code != 1 || !strings.Contains(got.stdout, "+        <base />") {
		t.Errorf("-d of a bad one: %+v", got)
	}
	if got := execute(t, nil, "fmt", "-w", dir); got.code != 0 || got.stdout != "" {
		t.Errorf("-w: %+v", got)
	}
	if got := execute(t, nil, "fmt", "-l", dir); got.code != 0 || got.stdout != "" {
		t.Errorf("-l after -w: %+v", got)
	}
	if data, err := os.ReadFile(bad); err != nil || string(data) != once.stdout {
		t.Errorf("written %q, %v", data, err)
	}
	broken := write(t, filepath.Join(dir, "broken.xml"), "<policies><inbound>")
	if got := execute(t, nil, "fmt", "-w", broken); got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "broken.xml:1:") {
		t.Errorf("a broken one: %+v", got)
	}
	if data, _ := os.ReadFile(broken); string(data) != "<policies><inbound>" {
		t.Errorf("a broken document was written over: %q", data)
	}
}

func TestEval(t *testing.T) {
	for _, test := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"1 + 2"}, 0, "System.Int32  3\n", ""},
		{[]string{`@("a" + 1)`}, 0, `System.String  "a1"` + "\n", ""},
		{[]string{"@{ var n = 0; for (int i = 0; i < 5; i++) { n += i; } return n; }"}, 0, "System.Int32  10\n", ""},
		{[]string{"{ return 6 * 7; }"}, 0, "System.Int32  42\n", ""},
		{[]string{"var x = 5; return x * 2;"}, 0, "System.Int32  10\n", ""},
		{[]string{"context.Request.Method"}, 0, `System.String  "POST"` + "\n", ""},
		{[]string{"context.Reqest"}, 1, "", "CS1061"},
		{[]string{`int.Parse("x")`}, 1, "", "spillway: System.FormatException: "},
	} {
		got := execute(t, nil, append([]string{"eval"}, test.args...)...)
		if got.code != test.code || got.stdout != test.stdout || !strings.Contains(got.stderr, test.stderr) || test.stderr == "" && got.stderr != "" {
			t.Errorf("%q: %+v", test.args, got)
		}
	}
	if got := execute(t, nil, "eval", "context.Reqest"); !strings.Contains(got.stderr, "\n      |           ^^^^^^\n") || !strings.Contains(got.stderr, "hint: did you mean Request?") {
		t.Errorf("a mistake is not drawn:\n%s", got.stderr)
	}
	file := write(t, filepath.Join(t.TempDir(), "e.cs"), "\ufeff@(2 * 21)\n")
	if got := execute(t, nil, "eval", file); got.stdout != "System.Int32  42\n" {
		t.Errorf("a file: %+v", got)
	}
	// What leaves brackets open goes on in the next line, up to an empty one.
	if got := execute(t, input("new[] {\n1,\n2 }.Sum(\n)\n{ int i = 3;\nreturn i; }\n(1\n\n\"(\".Length\n@(2 +\n2"), "eval"); got.stdout != "System.Int32  3\nSystem.Int32  3\nSystem.Int32  1\n" || strings.Count(got.stderr, "CS") != 2 {
		t.Errorf("several lines: %+v", got)
	}
	// Lines of standard input, each by itself.
	if got := execute(t, input("1\n\n2 + 2\ncontext.X\n3\n"), "eval"); got.code != 0 || got.stdout != "System.Int32  1\nSystem.Int32  4\nSystem.Int32  3\n" || !strings.Contains(got.stderr, "CS1061") {
		t.Errorf("lines: %+v", got)
	}
	if got := execute(t, input("context.X\n"), "eval"); got.code != 1 {
		t.Errorf("the last line failed: %+v", got)
	}
}

// TestEvalCases holds that a file of cases has one answer a line in their order,
// whatever the answers are.
func TestEvalCases(t *testing.T) {
	dir := t.TempDir()
	contexts := write(t, filepath.Join(dir, "contexts.json"), builtinContext)
	cases := write(t, filepath.Join(dir, "cases.jsonl"), `{"id": "a", "ctx": "chat", "expr": "@(1 + 1)"}
{"id": "b", "ctx": "chat", "expr": "@(context.Request.Method)"}

{"id": "c", "ctx": "chat", "expr": "@(nonsense)"}
{"id": "d", "ctx": "chat", "expr": "@(int.Parse(\"x\"))"}
`)
	got := execute(t, nil, "eval", "-cases", cases, "-contexts", contexts)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	var lines []map[string]any
	for line := range strings.Lines(got.stdout) {
		var a map[string]any
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, a)
	}
	if len(lines) != 4 || lines[0]["type"] != "System.Int32" || lines[0]["json"] != "2" || lines[1]["text"] != "POST" || lines[2]["compile"] == nil || lines[3]["throws"] != "System.FormatException" || lines[3]["message"] == nil {
		t.Errorf("%s", got.stdout)
	}
	for i, id := range []string{"a", "b", "c", "d"} {
		if lines[i]["id"] != id {
			t.Errorf("line %d is the answer to %v", i, lines[i]["id"])
		}
	}
	broken := write(t, filepath.Join(dir, "broken.jsonl"), `{"id": "a", "expr": "@(1)"}`+"\nnonsense\n")
	if got := execute(t, nil, "eval", "-cases", broken, "-contexts", contexts); got.code != 2 || !strings.Contains(got.stderr, "broken.jsonl:2:") {
		t.Errorf("a broken file: %+v", got)
	}
}

func TestCompletion(t *testing.T) {
	w := World{ReadFile: os.ReadFile}
	e, err := w.evaluator("")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"context.Req":                              "Request RequestId",
		`"x" + context.Api.Na`:                     "Name",
		"context.Request?.Meth":                    "Method",
		"@{ var n = context.Request.Url.Po":        "Port",
		"context.Request.Headers.Where(h => h.Val": "Value",
		`"context.Re`:                              "",
		"cont":                                     "context",
		"nothing.X":                                "",
		"":                                         "",
	} {
		_, found := e.completions(text)
		slices.Sort(found)
		if got := strings.Join(found, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTest(t *testing.T) {
	// Each sample comes with scenarios of its own.
	for _, name := range examples.Names() {
		if got := execute(t, nil, "test", sample(t, name)); got.code != 0 || !strings.HasSuffix(got.stdout, " passed, 0 failed\n") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	dir := sample(t, examples.Default)
	if err := os.RemoveAll(filepath.Join(dir, "scenarios")); err != nil {
		t.Fatal(err)
	}
	good := write(t, filepath.Join(dir, "scenarios", "good.txtar"), "fault eastus {\"kind\":\"refuse\"}\nsend chat -n 20\nexpect status 200\n")
	if got := execute(t, nil, "test", "-v", dir); got.code != 0 || !strings.Contains(got.stdout, "ok   "+good+" (20 requests in ") || !strings.HasSuffix(got.stdout, "1 passed, 0 failed\n") {
		t.Errorf("%+v", got)
	}
	bad := write(t, filepath.Join(t.TempDir(), "bad.txtar"), "send chat\nexpect status 201\n")
	if got := execute(t, nil, "test", dir, good, bad); got.code != 1 || !strings.Contains(got.stdout, "FAIL "+bad+":2: expect status 201\n     got 200=1") || !strings.HasSuffix(got.stdout, "1 passed, 1 failed\n") {
		t.Errorf("%+v", got)
	}
	update := write(t, filepath.Join(t.TempDir(), "update.txtar"), "load\nsend POST /nowhere\ncmp @body want\n-- want --\nold\n")
	if got := execute(t, nil, "test", "-update", dir, update); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := execute(t, nil, "test", dir, update); got.code != 0 {
		t.Errorf("after -update: %+v", got)
	}
}

func TestEffective(t *testing.T) {
	got := execute(t, nil, "effective", sample(t, examples.Default), "my-cool-openai-test", "ChatCompletions_Create")
	if got.code != 0 || !strings.Contains(got.stdout, "set-backend-service") || !strings.Contains(got.stdout, "policy.xml") || strings.Contains(got.stdout, "<base") {
		t.Errorf("%+v", got)
	}
}

// TestServe runs serve and trace in this process, and holds what they print.
func TestServe(t *testing.T) {
	dir := sample(t, examples.Default)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, err output
	w := world(t, &out, &err)
	w.Context = ctx
	first := freePorts(t, 6)
	at := func(n int) string { return fmt.Sprintf("127.0.0.1:%d", first+n) }
	done := make(chan int, 1)
	go func() {
		done <- Main([]string{"serve", "--gateway", at(0), "-management=" + at(1), dir, "-control", at(2), "-regions", fmt.Sprint(first + 3)}, w)
	}()
	out.await(t, "key         ")
	for _, want := range []string{"gateway     http://" + at(0), "management  http://" + at(1), "console     http://" + at(1) + "/#token=", "control     http://" + at(2), "(eastus, simulated)", "token       ", "made for subscription contoso-chat"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	body := `{"messages":[{"role":"user","content":"hello"}]}`
	tell := func(args ...string) result {
		return execute(t, func(tw *World) { tw.configDir = w.configDir; tw.Stdin = strings.NewReader(body) }, append([]string{"trace"}, args...)...)
	}
	const path = "/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21"
	if got := tell("-d", "@-", "POST", path); got.code != 0 || !strings.HasPrefix(got.stdout, "POST http://"+at(0)+path) || !strings.Contains(got.stdout, "\n200 OK\n") || strings.Contains(got.stdout, "\x1b[") {
		t.Errorf("%+v", got)
	}
	if got := tell("-key", "wrong-key", "-d", body, "POST", path); got.code != 1 || !strings.Contains(got.stdout, "\n401 ") {
		t.Errorf("a wrong key: %+v", got)
	}
	if got := tell("-token", "wrong-token", "-d", body, "POST", path); got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "401") {
		t.Errorf("a wrong token: %+v", got)
	}
	if got := tell("POST", "http://"+at(3)+path); got.code != 1 || !strings.Contains(got.stderr, "without a trace") || !strings.Contains(got.stderr, "hint: ") {
		t.Errorf("a region in place of the gateway: %+v", got)
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("serve ends with %d\n%s", code, &err)
	}
	if got := tell("GET", "/x"); got.code != 2 || !strings.Contains(got.stderr, "no running gateway") {
		t.Errorf("afterwards: %+v", got)
	}
}

// TestSimulate runs the regions alone.
func TestSimulate(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, err output
	w := world(t, &out, &err)
	w.Context = ctx
	done := make(chan int, 1)
	go func() {
		done <- Main([]string{"simulate", "-regions", "eastus=0, westus=0", "-keys", "key-one,key-two", "-quota", "observed", "-deployments", "gpt-35-turbo, fast=gpt-5-mini", "-control", fmt.Sprint(freePorts(t, 1))}, w)
	}()
	out.await(t, "control ")
	if got := out.String(); strings.Count(got, "key key-one\n") != 2 || !strings.HasPrefix(got, "eastus           http://127.0.0.1:") {
		t.Errorf("%s", got)
	}
	cancel()
	if code := <-done; code != 0 || err.String() != "" {
		t.Errorf("simulate ends with %d\n%s", code, &err)
	}
}

// freePorts are n ports in a row that are free now.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 100 {
		var open []net.Listener
		l, err := net.Listen("tcp", "127.0.0.1:0")
		first := 0
		for i := 1; err == nil; i++ {
			open = append(open, l)
			first = open[0].Addr().(*net.TCPAddr).Port
			if i == n {
				break
			}
			l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i))
		}
		for _, l := range open {
			_ = l.Close()
		}
		if err == nil {
			return first
		}
	}
	t.Fatal(errors.New("no free ports"))
	return 0
}

// TestCheckNothing holds that a folder that holds no service does not pass for a
// good one unheard.
func TestCheckNothing(t *testing.T) {
	dir := filepath.Join(sample(t, examples.Default), "apis")
	if got := execute(t, nil, "check", dir); got.code != 0 || !strings.HasPrefix(got.stderr, "warning: there is nothing of a service in "+dir+"\nhint: ") {
		t.Errorf("%+v", got)
	}
	if got := execute(t, nil, "check", "-strict", "-json", dir); got.code != 1 || !strings.Contains(got.stdout, `"code":"empty-folder"`) {
		t.Errorf("-strict: %+v", got)
	}
}

// TestCheckFolders holds that problems of several folders say which one they are
// of, and those of one name its files alone.
func TestCheckFolders(t *testing.T) {
	good, bad := sample(t, examples.Default), sample(t, "pool")
	write(t, filepath.Join(bad, "policy.xml"), "<policies><inbound><bas /></inbound></policies>")
	if got := execute(t, nil, "check", bad); got.code != 1 || !strings.HasPrefix(got.stderr, "policy.xml:1:21: ") {
		t.Errorf("one folder: %+v", got)
	}
	got := execute(t, nil, "check", "-json", good, bad)
	var problem struct{ File string }
	if err := json.Unmarshal([]byte(got.stdout), &problem); err != nil || got.code != 1 || problem.File != filepath.ToSlash(filepath.Join(bad, "policy.xml")) {
		t.Errorf("two folders: %v %+v", err, got)
	}
}
