package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/syntax"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/casefile"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/contextvar"
	"github.com/spillway-gateway/spillway/source"
)

const evalUsage = `Usage: spillway eval [-context FILE] [-ctx NAME] [EXPRESSION|FILE]
       spillway eval -cases IN.jsonl -contexts CONTEXTS.json

Evaluates a policy expression and prints its type and its value. EXPRESSION may
leave out the @( ) around it, and the @{ } around statements; a FILE holds one
expression. Without either it reads expressions from a prompt, with completion by
the Tab key; one with open brackets goes on in the next line, an empty line ends it.

    -context  a file of contexts to evaluate in; one small request unless given
    -ctx      which context of the file; chat unless given
    -cases    evaluate every case of a file, one answer a line, in their order
    -contexts the contexts of the cases

Exit code 1 means that the expression was refused or ended with an exception.
`

// evalLimits are those of spillway.yaml's defaults, but for memory: whoever
// tries an expression at a prompt may hold more of it.
var evalLimits = value.Limits{Steps: 100_000_000, Memory: 256 << 20}

const evalTime = 10 * time.Second

// builtinContext is the request that expressions see when no file is given.
const builtinContext = `{"chat": {"RequestId": "00000000-0000-4000-8000-000000000001", "Timestamp": "2026-01-02T03:04:05Z", "Tracing": false,
"Api": {"Id": "my-cool-openai-test", "Name": "My cool OpenAI test", "Path": "openai-test", "Revision": "1", "Version": "", "IsCurrentRevision": true,
 "ServiceUrl": "https://eastus.example/openai", "Protocols": ["https"], "SubscriptionKeyParameterNames": {"Header": "api-key", "Query": "subscription-key"}},
"Operation": {"Id": "ChatCompletions_Create", "Method": "POST", "Name": "Creates a completion", "UrlTemplate": "/openai/deployments/{deployment-id}/chat/completions"},
"Deployment": {"Region": "East US", "ServiceName": "local", "ServiceId": "local", "GatewayId": "managed", "Gateway": {"Id": "managed", "InstanceId": "managed", "IsManaged": true}},
"Request": {"Method": "POST", "IpAddress": "203.0.113.9", "Url": "https://eastus.example/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21",
 "OriginalUrl": "https://gateway.example/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21",
 "Headers": {"Content-Type": ["application/json"]}, "MatchedParameters": {"deployment-id": "gpt-35-turbo"},
 "Body": "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}"},
"Variables": {}}}`

// evaluator is an environment with contexts.
type evaluator struct {
	env      *expr.Env
	contexts *casefile.Contexts
}

// eval is the eval command.
func eval(w World, args []string) int {
	fs := w.flags("eval", evalUsage)
	contextFile := fs.String("context", "", "")
	name := fs.String("ctx", casefile.DefaultContext, "")
	cases := fs.String("cases", "", "")
	contexts := fs.String("contexts", "", "")
	rest, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	if len(rest) > 1 {
		w.errorf("eval: one expression is enough")
		w.hintf("put it in quotes, so that the shell leaves it alone")
		return exitUsage
	}
	e, err := w.evaluator(cmp.Or(*contexts, *contextFile))
	if err != nil {
		w.errorf("eval: %v", err)
		return exitUsage
	}
	if names := e.contexts.Names(); *cases == "" && !slices.Contains(names, *name) {
		w.errorf("eval: no context is called %s", *name)
		w.hintf("-context names a file of contexts; there is %s", strings.Join(names, ", "))
		return exitUsage
	}
	switch {
	case *cases != "":
		return w.batch(e, *cases)
	case len(rest) == 0:
		return w.repl(e, *name)
	}
	text, err := w.expression(rest[0])
	if err != nil {
		w.errorf("eval: %v", err)
		return exitUsage
	}
	return w.evalOne(e, *name, text)
}

func (w World) evaluator(contextFile string) (*evaluator, error) {
	l, err := policy.NewCSharp(policy.LanguageOptions{})
	if err != nil {
		return nil, err
	}
	data, file := []byte(builtinContext), "context"
	if contextFile != "" {
		if data, err = w.ReadFile(contextFile); err != nil {
			return nil, err
		}
		file = contextFile
	}
	contexts, err := casefile.ReadContexts(file, data)
	if err != nil {
		return nil, err
	}
	return &evaluator{l.Env(), contexts}, nil
}

// expression is an argument as an expression: a file's text, or the argument
// itself with the brackets that it lacks.
func (w World) expression(arg string) (string, error) {
	text := strings.TrimSpace(arg)
	if strings.HasPrefix(text, "@(") || strings.HasPrefix(text, "@{") {
		return text, nil
	}
	if data, err := w.ReadFile(arg); err == nil {
		text = strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))
		if strings.HasPrefix(text, "@(") || strings.HasPrefix(text, "@{") {
			return text, nil
		}
	}
	if text == "" {
		return "", errors.New("the expression is empty")
	}
	return bracketed(text), nil
}

// bracketed is a text with the brackets that it lacks: those of statements for a
// block and for what ends in a semicolon, which no expression does.
func bracketed(text string) string {
	switch {
	case strings.HasPrefix(text, "@(") || strings.HasPrefix(text, "@{"):
		return text
	case strings.HasPrefix(text, "{"):
		return "@" + text
	case strings.HasSuffix(text, ";"):
		return "@{ " + text + " }"
	}
	return "@(" + text + ")"
}

// goesOn reports whether what was typed so far leaves brackets or a text of
// several lines open.
func goesOn(typed string) bool {
	text := strings.TrimSpace(typed)
	own := 0
	if !strings.HasPrefix(text, "@(") && !strings.HasPrefix(text, "@{") && !strings.HasPrefix(text, "{") {
		text, own = "@("+text, len(")")
	}
	u := syntax.Finish(text)
	if u.Literal >= 0 && !strings.HasPrefix(text[u.Literal:], "@") && !strings.HasPrefix(text[u.Literal:], "$@") {
		return false
	}
	return len(u.Close) > own
}

// answer evaluates one case. The problems are those of a refusal. A panic is a
// mistake of ours that the case has found: it is that case's answer, and the
// others get theirs.
func (e *evaluator) answer(ctx context.Context, c casefile.Case) (a casefile.Answer, problems source.Problems) {
	defer func() {
		if bug := recover(); bug != nil {
			a = casefile.Answer{ID: c.ID, Stopped: fmt.Sprintf("spillway failed on this expression: %v", bug)}
		}
	}()
	p, problems := e.env.Compile(c.Expr, nil)
	if p == nil {
		return refused(c, problems), problems
	}
	t := e.env.NewThread()
	world, err := e.contexts.Build(t, c)
	if err != nil {
		return casefile.Answer{ID: c.ID, Stopped: err.Error()}, problems
	}
	limits := evalLimits
	limits.Deadline = time.Now().Add(evalTime)
	t.Reset(ctx, limits)
	v, err := p.EvalOn(t, expr.Args{Variables: []value.Value{contextvar.Of(world.Exchange)}, Host: world.Exchange, Now: world.Now})
	if err != nil {
		return casefile.Ended(c.ID, err), problems
	}
	return casefile.Returned(t, c.ID, v, serialize), problems
}

// serialize is JsonConvert.SerializeObject, asked of the library as an
// expression would.
func serialize(t *value.Thread, v value.Value) string {
	return contextvar.Invoke(t, t.Table.Lookup("Newtonsoft.Json", "JsonConvert", 0).Type(), "SerializeObject", v).Str()
}

// refused is the answer to a case that does not compile.
func refused(c casefile.Case, problems source.Problems) casefile.Answer {
	a := casefile.Answer{ID: c.ID, Compile: []casefile.Refusal{}}
	f := source.NewFile("", c.Expr)
	for _, p := range problems.Errors() {
		r := casefile.Refusal{Code: p.Code, Message: p.Message}
		if p.Span.Start > 0 {
			at := f.Position(p.Span.Start)
			r.Line, r.Column = at.Line, at.Column
		}
		a.Compile = append(a.Compile, r)
	}
	return a
}

// batch answers the cases of a file, one a line.
func (w World) batch(e *evaluator, name string) int {
	data, err := w.ReadFile(name)
	if err != nil {
		w.errorf("eval: %v", err)
		return exitUsage
	}
	out := bufio.NewWriter(w.Stdout)
	defer func() { _ = out.Flush() }()
	for i, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		c, err := casefile.ReadCase(line)
		if err != nil {
			w.errorf("eval: %s:%d: %v", name, i+1, err)
			return exitUsage
		}
		a, _ := e.answer(w.Context, c)
		if _, err := out.Write(a.Line()); err != nil {
			w.errorf("eval: %v", err)
			return exitFailed
		}
	}
	return exitDone
}

// evalOne evaluates one expression and prints what came of it.
func (w World) evalOne(e *evaluator, ctx, text string) int {
	a, problems := e.answer(w.Context, casefile.Case{Context: ctx, Expr: text})
	f := source.NewFile("expression", text)
	for _, p := range problems {
		p.File = f
	}
	fmt.Fprint(w.Stderr, problems.Draw())
	switch {
	case a.Compile != nil:
		return exitFailed
	case a.Stopped != "":
		w.errorf("%s", a.Stopped)
		return exitFailed
	case a.Throws != "":
		w.errorf("%s: %s", a.Throws, a.Message)
		if a.Inner != "" {
			w.hintf("its cause was %s: %s", a.Inner, a.InnerMessage)
		}
		return exitFailed
	}
	fmt.Fprintf(w.Stdout, "%s  %s\n", a.Type, shown(&a))
	return exitDone
}

// shown is a value as a person reads it best: its JSON where it has any, since
// that tells "1" from 1, else its text.
func shown(a *casefile.Answer) string {
	switch {
	case a.JSON != nil:
		return *a.JSON
	case a.Text != nil:
		return *a.Text
	}
	return ""
}

// completions are what could stand at the end of a text for the word that it
// ends in; where there is no word, everything is too much to show.
func (e *evaluator) completions(text string) (word string, found []string) {
	prefix := ""
	if !strings.HasPrefix(text, "@(") && !strings.HasPrefix(text, "@{") {
		prefix = "@("
	}
	c := e.env.Complete(prefix + text)
	word = (prefix + text)[c.From:]
	if word == "" && !strings.HasSuffix(strings.TrimSpace(text), ".") {
		return word, nil
	}
	for _, item := range c.Items {
		if len(item.Label) >= len(word) && strings.EqualFold(item.Label[:len(word)], word) {
			found = append(found, item.Label)
		}
	}
	return word, found
}

// repl reads expressions until the input ends.
func (w World) repl(e *evaluator, ctx string) int {
	read, done := w.prompt(e)
	defer done()
	code := exitDone
	for {
		line, err := read(false)
		for err == nil && goesOn(line) {
			var more string
			if more, err = read(true); strings.TrimSpace(more) == "" {
				break
			}
			line += "\n" + more
		}
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			if errors.Is(err, io.EOF) {
				return code
			}
			w.errorf("eval: %v", err)
			return exitFailed
		}
		text, err := w.expression(line)
		if err != nil {
			continue
		}
		code = w.evalOne(e, ctx, text)
	}
}
