package policy_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/source"
)

// words is a Language of Go functions: the text of an expression is the name
// of one. It stands in where a test needs an evaluation to end in a way that
// no C# does in a hurry.
type words map[string]word

type word struct {
	effects value.Effects
	eval    func(ctx context.Context, x *exchange.Exchange, limits expr.Limits) (value.Value, error)
}

func (w words) Compile(text string, _ bool) (policy.Program, source.Problems) {
	found, ok := w[text[2:len(text)-1]]
	if !ok {
		return nil, source.Problems{{Span: source.Span{Start: 2, End: len(text) - 1}, Code: "CS0103", Message: "the name does not exist"}}
	}
	return found, nil
}

func (words) Jwt(string) value.Value { return value.Null }

func (w words) Text(v value.Value) string {
	var t value.Thread
	return t.ToString(v)
}

func (w word) Effects() value.Effects { return w.effects }

func (w word) Eval(ctx context.Context, args []value.Value, l expr.Limits) (value.Value, error) {
	return w.eval(ctx, args[0].Object().(holder).x, l)
}

// holder is the context object of words.
type holder struct{ x *exchange.Exchange }

func (holder) Type() *types.Type { return types.Object }

func (words) Context(x *exchange.Exchange) value.Value { return value.Of(holder{x}) }

func gives(v value.Value) word {
	return word{eval: func(context.Context, *exchange.Exchange, expr.Limits) (value.Value, error) { return v, nil }}
}

func fails(err error) word {
	return word{eval: func(context.Context, *exchange.Exchange, expr.Limits) (value.Value, error) { return value.Null, err }}
}

// kinds are three policies: one that evaluates, one that answers, one that holds others.
func kinds() []policy.Kind {
	return []policy.Kind{
		{Shape: policy.Shape{Name: "base"}, Sections: policy.Everywhere, Directive: policy.Inherit},
		{
			Shape: policy.Shape{Name: "note", Attributes: []policy.Attribute{
				{Name: "text", Expression: true},
				{Name: "number", Type: policy.Int, Expression: true, Bounded: true, Max: 10},
				{Name: "truth", Type: policy.Bool, Expression: true},
				{Name: "holds", Type: policy.Condition, Expression: true},
				{Name: "share", Type: policy.Double, Expression: true},
				{Name: "body", Type: policy.Content, Expression: true},
				{Name: "once", Default: "yes"},
			}},
			Sections: policy.Everywhere,
			Compile: func(e *policy.Element) policy.Step {
				return stepFunc(func(r *policy.Run) error { return note(r, e) })
			},
		},
		{
			Shape:    policy.Shape{Name: "answer", Attributes: []policy.Attribute{{Name: "body"}, {Name: "encoding"}}},
			Sections: policy.Backend, Scopes: policy.Global | policy.API,
			Compile: func(e *policy.Element) policy.Step {
				body, encoding := e.Literal("body"), e.Literal("encoding")
				return stepFunc(func(r *policy.Run) error {
					r.X.Response = &exchange.Response{Status: 200, Body: exchange.StreamingBody(&pieces{rest: unquote(body)}, -1)}
					if encoding != "" {
						r.X.Response.Header.Add("Content-Encoding", encoding)
					}
					return nil
				})
			},
		},
		{
			Shape:    policy.Shape{Name: "group", Block: true},
			Sections: policy.Everywhere, Once: true,
			Compile: func(e *policy.Element) policy.Step {
				block := e.Block()
				return stepFunc(func(r *policy.Run) error { return r.Do(block) })
			},
		},
		{Shape: policy.Shape{Name: "later"}, Sections: policy.Inbound},
	}
}

// unquote lets a document say a body that XML cannot hold: "gzip:TEXT*N".
func unquote(body string) string {
	spec, ok := strings.CutPrefix(body, "gzip:")
	if !ok {
		return body
	}
	text, times, _ := strings.Cut(spec, "*")
	n := 1
	_, _ = fmt.Sscan(times, &n)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, strings.Repeat(text, n))
	_ = w.Close()
	return b.String()
}

type stepFunc func(r *policy.Run) error

func (f stepFunc) Run(r *policy.Run) error { return f(r) }

// note evaluates what it was given and adds it to a header.
func note(r *policy.Run, e *policy.Element) error {
	var got []string
	if v := e.Value("text"); v != nil {
		s, err := v.String(r)
		if err != nil {
			return err
		}
		got = append(got, s)
	}
	if v := e.Value("number"); v != nil {
		n, err := v.Int(r)
		if err != nil {
			return err
		}
		got = append(got, fmt.Sprint(n))
	}
	for _, name := range []string{"truth", "holds"} {
		if v := e.Value(name); v != nil {
			b, err := v.Bool(r)
			if err != nil {
				return err
			}
			got = append(got, fmt.Sprint(b))
		}
	}
	if v := e.Value("share"); v != nil {
		f, err := v.Double(r)
		if err != nil {
			return err
		}
		got = append(got, fmt.Sprint(f))
	}
	if v := e.Value("body"); v != nil {
		b, err := v.Content(r)
		if err != nil {
			return err
		}
		got = append(got, string(b))
	}
	r.Trace("noted")
	r.X.Request.Header.Add("note", strings.Join(got, " "))
	return nil
}

// pieces is a body in pieces of 100 bytes.
type pieces struct {
	rest string
	end  error
}

func (p *pieces) Next(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.rest == "" {
		if p.end != nil {
			return nil, p.end
		}
		return nil, io.EOF
	}
	n := min(100, len(p.rest))
	chunk := p.rest[:n]
	p.rest = p.rest[n:]
	return []byte(chunk), nil
}

func (p *pieces) Close() error { return nil }

func compile(t testing.TB, document string, language words, options policy.Options) (*policy.Set, source.Problems) {
	t.Helper()
	options.Kinds, options.Language = kinds(), language
	service := &apim.Service{Name: "s"}
	service.Policy = &apim.Document{Scope: apim.ScopeGlobal, Format: apim.RawXML, File: source.NewFile("policy.xml", document)}
	return policy.Compile(service, options)
}

func newExchange(body exchange.Stream) *exchange.Exchange {
	x := &exchange.Exchange{Context: context.Background()}
	if body != nil {
		x.Request.Body = exchange.StreamingBody(body, -1)
	}
	return x
}

func run(t *testing.T, document string, language words, x *exchange.Exchange) {
	t.Helper()
	set, problems := compile(t, document, language, policy.Options{ReplayBody: 64 << 10})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	set.Pipeline(nil, nil, nil).Run(x)
}

func inbound(policies string) string {
	return "<policies><inbound>" + policies + "</inbound><backend /><outbound /><on-error /></policies>"
}

// Results are converted as expressions.md 1.2 says; what does not convert is an
// error of the expression.
func TestConversions(t *testing.T) {
	list := value.Of(value.NewList(value.True.Type(), nil))
	for _, c := range []struct {
		attribute string
		result    value.Value
		want      string // "" for an error
	}{
		{"text", value.Int(5), "5"},
		{"text", value.True, "True"},
		{"text", value.Double(1.5), "1.5"},
		{"text", value.Null, "|"},
		{"text", value.String("é"), "é"},
		{"number", value.Int(5), "5"},
		{"number", value.Long(5), "5"},
		{"number", value.String(" 7 "), "7"},
		{"number", value.Int(11), ""},
		{"number", value.Int(-1), ""},
		{"number", value.String("x"), ""},
		{"number", value.Null, ""},
		{"number", value.True, ""},
		{"number", value.Double(2.5), ""},
		{"number", value.Char('5'), "5"},
		{"truth", value.True, "true"},
		{"truth", value.String("FALSE"), "false"},
		{"truth", value.Int(1), ""},
		{"truth", value.Null, ""},
		{"holds", value.False, "false"},
		{"holds", value.String("true"), ""},
		{"holds", value.Null, ""},
		{"holds", list, ""},
		{"share", value.Double(0.5), "0.5"},
		{"share", value.Int(2), "2"},
		{"share", value.String("1.25"), "1.25"},
		{"share", value.Null, ""},
		{"body", value.Bytes([]byte("b\xff")), "b\xff"},
		{"body", value.String("text"), "text"},
		{"body", value.Null, "|"},
		{"body", value.Int(3), "3"},
	} {
		x := newExchange(nil)
		run(t, inbound(`<note `+c.attribute+`="@(x)" />`), words{"x": gives(c.result)}, x)
		got := x.Request.Header.Get("note")
		if c.want == "|" {
			c.want = ""
			if x.LastError != nil {
				t.Errorf("%s of %v: %v", c.attribute, c.result.Type(), x.LastError)
			}
		} else if c.want == "" && (x.LastError == nil || x.Response.Status != 500) {
			t.Errorf("%s of %v %q: no error, %q", c.attribute, c.result.Type(), c.result.Str(), got)
		}
		if got != c.want {
			t.Errorf("%s of %v: got %q, want %q", c.attribute, c.result.Type(), got, c.want)
		}
	}
}

// Each way an evaluation can end badly has its reason; the client sees none of
// its text.
func TestEvaluationFailures(t *testing.T) {
	for _, c := range []struct {
		err             error
		reason, message string
	}{
		{value.NewException(value.InvalidCastException, "Specified cast is not valid."), "ExpressionValueEvaluationFailure", "Expression evaluation failed. Specified cast is not valid."},
		{value.ErrSteps, "ExpressionTimeout", ""},
		{value.ErrDeadline, "ExpressionTimeout", ""},
		{value.ErrDepth, "ExpressionTimeout", ""},
		{value.ErrMemory, "ExpressionMemoryLimit", ""},
	} {
		x := newExchange(nil)
		x.Trace = &trace.Recorder{Now: time.Now, Start: time.Now()}
		run(t, inbound(`<group><note text="1" /><note id="me" text="@(x)" /></group>`), words{"x": fails(c.err)}, x)
		e := x.LastError
		if e == nil || e.Source != "note" || e.Reason != c.reason || e.Section != "inbound" || e.Scope != "global" ||
			e.Path != "group[1]/note[2]" || e.PolicyID != "me" || c.message != "" && e.Message != c.message || !errors.Is(e, c.err) {
			t.Errorf("%v: %+v", c.err, e)
		}
		body := string(x.Response.Body.Bytes())
		if x.Response.Status != 500 || !strings.Contains(body, `"Internal server error"`) || strings.Contains(body, c.err.Error()) {
			t.Errorf("%v: %d %s", c.err, x.Response.Status, body)
		}
		entries := x.Trace.Entries()
		if last := string(entries[len(entries)-1].Data); !strings.Contains(last, `{"message":"Expression evaluation failed.","expression":"x","details":`) {
			t.Errorf("%v: trace %s", c.err, last)
		}
	}
}

// The body is buffered before the evaluation, and only if it reads it.
func TestRequestBodyIsBuffered(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	var kind exchange.BodyKind
	var memory int64
	look := func(_ context.Context, x *exchange.Exchange, l expr.Limits) (value.Value, error) {
		kind, memory = x.Request.Body.Kind(), l.Memory
		return value.Null, nil
	}
	x := newExchange(&pieces{rest: text})
	run(t, inbound(`<note text="@(x)" />`), words{"x": {eval: look}}, x)
	if kind != exchange.Streaming {
		t.Errorf("a body that nothing reads is %v", kind)
	}
	x = newExchange(&pieces{rest: text})
	run(t, inbound(`<note text="@(x)" />`), words{"x": {value.ReadsRequestBody, look}}, x)
	if kind != exchange.Buffered || string(x.Request.Body.Bytes()) != text || memory != 16<<20 {
		t.Errorf("a body that is read is %v, memory limit %d", kind, memory)
	}
}

func TestRequestBodyLimit(t *testing.T) {
	reads := words{"x": {value.ReadsRequestBody, gives(value.Null).eval}}
	for _, c := range []struct {
		name   string
		body   exchange.Stream
		status int
		reason string
	}{
		{"too large", &pieces{rest: strings.Repeat("x", 64<<10+1)}, 413, exchange.ReasonBodyTooLarge},
		{"fits", &pieces{rest: strings.Repeat("x", 64<<10)}, 200, ""},
		{"cut", &pieces{rest: "x", end: exchange.ErrCut}, 499, exchange.ReasonClientConnection},
		{"gone", &pieces{rest: "x", end: exchange.ErrClientGone}, 499, exchange.ReasonClientConnection},
		{"absent", nil, 200, ""},
	} {
		x := newExchange(c.body)
		run(t, inbound(`<note text="@(x)" />`), reads, x)
		reason := ""
		if x.LastError != nil {
			reason = x.LastError.Reason
		}
		if x.Response.Status != c.status || reason != c.reason {
			t.Errorf("%s: %d %s", c.name, x.Response.Status, reason)
		}
	}
}

// A response that a policy reads is decoded, and what described its coding
// goes; one that grows without bound is refused.
func TestResponseIsDecoded(t *testing.T) {
	reads := words{"x": {value.ReadsResponseBody, func(_ context.Context, x *exchange.Exchange, _ expr.Limits) (value.Value, error) {
		if x.Response.Body.Kind() != exchange.Buffered {
			return value.Null, errors.New("not buffered")
		}
		return value.String(string(x.Response.Body.Bytes())), nil
	}}}
	document := func(body, encoding string) string {
		return `<policies><backend><answer body="` + body + `" encoding="` + encoding + `" /></backend><outbound><note text="@(x)" /></outbound></policies>`
	}
	for _, c := range []struct {
		body, encoding, want string
		status               int
	}{
		{"plain", "", "plain", 200},
		{"plain", "identity", "plain", 200},
		{"gzip:hello", "gzip", "hello", 200},
		{"gzip:hello", "X-GZIP", "hello", 200},
		{"not gzip", "gzip", "not gzip", 200}, // whoever reads it fails then
		{"brotli", "br", "brotli", 200},
		{"gzip:aaaaaaaaaa*100000", "gzip", "", 502},
	} {
		x := newExchange(nil)
		run(t, document(c.body, c.encoding), reads, x)
		if got := x.Request.Header.Get("note"); x.Response.Status != c.status || got != c.want {
			t.Errorf("%s as %s: %d, %q (%v)", c.body, c.encoding, x.Response.Status, got, x.LastError)
		}
		decoded := c.want != c.body || c.encoding == "identity"
		if has := x.Response.Header.Has("Content-Encoding"); c.status == 200 && c.encoding != "" && has == decoded {
			t.Errorf("%s as %s: Content-Encoding present: %v", c.body, c.encoding, has)
		}
	}
}

func TestEffects(t *testing.T) {
	language := words{"q": {value.ReadsRequestBody, nil}, "p": {value.ReadsResponseBody, nil}, "n": gives(value.Null)}
	for document, want := range map[string]policy.Effects{
		inbound(`<note text="@(n)" />`):                                 0,
		inbound(`<group><note text="@(q)" /></group>`):                  policy.ReadsRequestBody,
		inbound(`<note text="@(q)" body="@(p)" />`):                     policy.ReadsRequestBody | policy.ReadsResponseBody,
		"<policies><on-error><note text='@(p)'/></on-error></policies>": policy.ReadsResponseBody,
	} {
		set, problems := compile(t, document, language, policy.Options{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := set.Pipeline(nil, nil, nil).Effects(); got != want {
			t.Errorf("%s: %v, want %v", document, got, want)
		}
	}
}

// An error inside on-error ends it; the response stands as it was then.
func TestErrorInOnError(t *testing.T) {
	x := newExchange(nil)
	boom := value.NewException(value.InvalidCastException, "boom")
	run(t, `<policies><inbound><note text="@(x)" /></inbound><on-error><note text="before" /><note text="@(x)" /><note text="after" /></on-error></policies>`,
		words{"x": fails(boom)}, x)
	if got := x.Request.Header.Values("note"); len(got) != 1 || got[0] != "before" {
		t.Errorf("notes %q", got)
	}
	if x.OnErrorFailure == nil || x.OnErrorFailure.Section != "on-error" || x.OnErrorFailure.Path != "note[2]" {
		t.Errorf("on-error's failure: %+v", x.OnErrorFailure)
	}
	if x.LastError == nil || x.LastError.Section != "inbound" || x.Response.Status != 500 {
		t.Errorf("%+v, %d", x.LastError, x.Response.Status)
	}
}

// When the client has gone nothing of the path runs any more, and on-error
// runs with a context that has not ended.
func TestClientGone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x := newExchange(nil)
	x.Context = ctx
	var alive bool
	run(t, `<policies><inbound><note text="never" /></inbound><on-error><note text="@(x)" /></on-error></policies>`,
		words{"x": {eval: func(ctx context.Context, x *exchange.Exchange, _ expr.Limits) (value.Value, error) {
			alive = ctx.Err() == nil
			return value.String(x.LastError.Reason), nil
		}}}, x)
	if got := x.Request.Header.Values("note"); len(got) != 1 || got[0] != exchange.ReasonClientConnection || !alive {
		t.Errorf("notes %q, context alive: %v", got, alive)
	}
	if x.Response.Status != 499 {
		t.Errorf("status %d", x.Response.Status)
	}
}

func TestNotBuiltAndLoose(t *testing.T) {
	document := `<policies><inbound><later /><note text="@({{name}} + 1)" number="{{n}}" once="{{x}}" /><later /></inbound><outbound><later /></outbound></policies>`
	_, problems := compile(t, document, words{"0 + 1": gives(value.Int(1))}, policy.Options{Loose: true})
	var got []string
	for _, p := range problems {
		got = append(got, p.Severity.String()+" "+p.Code)
	}
	if s := strings.Join(got, ", "); s != "warning not-built, warning not-built, error misplaced" {
		t.Errorf("loose: %s", s)
	}
	_, problems = compile(t, document, words{}, policy.Options{})
	got = nil
	for _, p := range problems {
		got = append(got, p.Severity.String()+" "+p.Code)
	}
	if s := strings.Join(got, ", "); !strings.Contains(s, "error not-built") || strings.Count(s, "unknown-named-value") != 3 {
		t.Errorf("in a service: %s", s)
	}
}

func TestPlacement(t *testing.T) {
	_, problems := compile(t, inbound(`<group><group /></group><group /><answer />`), words{}, policy.Options{})
	var got []string
	for _, p := range problems {
		got = append(got, p.Error())
	}
	want := []string{
		"policy.xml:1:45: group may stand only once in a section",
		"policy.xml:1:54: answer cannot stand in the section inbound",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// Problems of an expression stand in the author's file, through entities and
// named values.
func TestProblemPosition(t *testing.T) {
	_, problems := compile(t, "<policies>\n<inbound>\n\t<note text=\"&#64;(unknown)\" />\n</inbound></policies>", words{}, policy.Options{})
	if len(problems) != 1 || problems[0].Error() != "policy.xml:3:20: the name does not exist" || problems[0].Code != "CS0103" {
		t.Errorf("%v", problems)
	}
}

// The values of secret named values are in no message.
func TestSecretsInProblems(t *testing.T) {
	service := &apim.Service{}
	service.NamedValues = []*apim.NamedValue{{DisplayName: "key", Value: "s3cret-value", Secret: true, HasValue: true}}
	service.Policy = &apim.Document{File: source.NewFile("p.xml", inbound(`<note number="{{key}}" text="@({{key}})" />`))}
	_, problems := policy.Compile(service, policy.Options{Kinds: kinds(), Language: spy{}})
	if len(problems) != 2 {
		t.Fatal(problems)
	}
	for _, p := range problems {
		if strings.Contains(p.Error()+p.Hint, "s3cret") {
			t.Errorf("the secret is in %s", p)
		}
	}
}

// spy is a language whose problems quote the code.
type spy struct{ words }

func (spy) Compile(text string, _ bool) (policy.Program, source.Problems) {
	return nil, source.Problems{{Code: "CS0103", Message: "the name " + text + " does not exist", Hint: "did you mean " + text + "?"}}
}

func FuzzCompile(f *testing.F) {
	f.Add(inbound(`<note text="@(x)" number="1" /><group><base /></group><later />`))
	f.Add(`<fragment><note /></fragment>`)
	f.Fuzz(func(t *testing.T, document string) {
		set, problems := compile(t, document, words{"x": gives(value.Null)}, policy.Options{Loose: true})
		if !problems.HasErrors() {
			x := newExchange(nil)
			set.Pipeline(nil, nil, nil).Run(x)
			if x.Response == nil {
				t.Fatal("no response")
			}
		}
	})
}

// Documents that belong to no service are checked each by itself.
func TestCheck(t *testing.T) {
	doc := func(name, text string) *apim.Document {
		return &apim.Document{Format: apim.RawXML, File: source.NewFile(name, text)}
	}
	problems := policy.Check([]*apim.Document{
		doc("a.xml", `<policies><inbound><base /><note text="{{x}}" number="{{n}}" /><note /></inbound></policies>`),
		doc("b.xml", `<fragment><note text="@(missing)" /><later /><base /></fragment>`),
		doc("c.xml", ``),
	}, policy.Options{Kinds: kinds(), Language: words{}, Loose: true})
	var got strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&got, "%s %s %s\n", p.File.Name(), p.Severity, p.Code)
	}
	want := `b.xml error CS0103
b.xml warning not-built
b.xml error misplaced
c.xml error no-root
`
	if got.String() != want {
		t.Errorf("got\n%s", got.String())
	}
}

// Fragments amount to a bounded size, however often they are included.
func TestExpansionIsBounded(t *testing.T) {
	service := &apim.Service{}
	service.Fragments = []*apim.Fragment{{
		Resource: apim.Resource{Name: "f"},
		Document: &apim.Document{File: source.NewFile("f", "<fragment>"+strings.Repeat(`<note text="x" />`, 1000)+"</fragment>")},
	}}
	service.Policy = &apim.Document{File: source.NewFile("p.xml", inbound(strings.Repeat(`<include fragment-id="f" />`, 100)))}
	include := policy.Kind{
		Shape:    policy.Shape{Name: "include", Attributes: []policy.Attribute{{Name: "fragment-id", Required: true}}},
		Sections: policy.Everywhere, Directive: policy.Include,
	}
	_, problems := policy.Compile(service, policy.Options{Kinds: append(kinds(), include), Language: words{}})
	if !problems.HasErrors() || problems[0].Code != "too-large" {
		t.Errorf("%v", problems)
	}
}
