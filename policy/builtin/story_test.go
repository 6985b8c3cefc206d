package builtin_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/counter"
	"github.com/spillway-gateway/spillway/policy"
	"github.com/spillway-gateway/spillway/policy/builtin"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/source"
)

var update = flag.Bool("update", false, "rewrite what the stories of testdata expect")

// TestStories runs testdata/*.txtar. An archive holds the documents of a
// service (global.xml, product.xml, api.xml, operation.xml, fragments/NAME),
// its named values ("name=value", secrets "name!=value", a secret without a
// value "name!"), its backends ("id url", pools "id pool"), its loggers, the tokens there are
// ("resource client-id token", the client id "-" for none) and the operation
// ("METHOD template", followed by "name=value" of its parameters, and responses in
// APIM's JSON). Each file
// request* is one request: a request line, headers, a blank line, the body;
// answers* of the same ending are what the backend says, in order, calls* what
// those say that policies send requests to. want* is what must come of it, and of the documents when they have problems.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runStory(t, file, archive)
		})
	}
}

func runStory(t *testing.T, file string, archive *txtar.Archive) {
	s := newStory(t, archive)
	got := map[string]string{}
	if len(s.problems) > 0 {
		got["problems"] = s.wordProblems()
	}
	if !s.problems.HasErrors() {
		for _, f := range archive.Files {
			if name, ok := strings.CutPrefix(f.Name, "request"); ok {
				s.sender.answers = lines(s.file("calls" + name))
				got["want"+name] = s.request(t, string(f.Data), s.file("answers"+name))
			}
		}
	}
	if *update {
		rewrite(t, file, archive, got)
		return
	}
	for name, text := range got {
		if want := s.file(name); text != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, text, want)
		}
	}
	for _, f := range archive.Files {
		if (strings.HasPrefix(f.Name, "want") || f.Name == "problems") && got[f.Name] == "" {
			t.Errorf("nothing gives %s", f.Name)
		}
	}
}

func rewrite(t *testing.T, file string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool {
		return strings.HasPrefix(f.Name, "want") || f.Name == "problems"
	})
	var out []txtar.File
	ending := func(i int) string {
		for _, kind := range []string{"request", "answers", "calls"} {
			if name, ok := strings.CutPrefix(archive.Files[i].Name, kind); ok {
				return "want" + name
			}
		}
		return ""
	}
	for i, f := range archive.Files {
		out = append(out, f)
		want := ending(i)
		if text := got[want]; text != "" && (i+1 == len(archive.Files) || ending(i+1) != want) {
			out = append(out, txtar.File{Name: want, Data: []byte(text)})
		}
	}
	if text := got["problems"]; text != "" {
		out = append(out, txtar.File{Name: "problems", Data: []byte(text)})
	}
	archive.Files = out
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// story is a service with its world.
type story struct {
	archive   *txtar.Archive
	service   *apim.Service
	api       *apim.API
	operation *apim.Operation
	product   *apim.Product
	params    []exchange.Parameter
	set       *policy.Set
	language  policy.Language
	problems  source.Problems
	clock     *stepClock
	backend   *scriptedBackend
	sender    *scriptedSender
	emitted   emitted
}

// stepClock moves on by each sleep and keeps a list of them.
type stepClock struct {
	*clock.Manual
	slept []time.Duration
}

func (c *stepClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.slept = append(c.slept, d)
	c.Advance(d)
	return nil
}

var storyStart = time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)

func (s *story) file(name string) string {
	for _, f := range s.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func (s *story) document(scope, name string) *apim.Document {
	text := s.file(name)
	if text == "" {
		return nil
	}
	return &apim.Document{Scope: scope, Format: apim.RawXML, File: source.NewFile(name, text)}
}

func newStory(t testing.TB, archive *txtar.Archive) *story {
	s := &story{archive: archive, clock: &stepClock{Manual: clock.NewManual(storyStart)}}
	method, template := "POST", "/items"
	if lines := strings.Fields(s.file("operation")); len(lines) >= 2 {
		method, template = lines[0], lines[1]
		for _, pair := range lines[2:] {
			name, v, _ := strings.Cut(pair, "=")
			s.params = append(s.params, exchange.Parameter{Name: name, Value: v})
		}
	}
	s.operation = &apim.Operation{
		Resource: apim.Resource{Name: "op"}, DisplayName: "Op", Method: method, URLTemplate: template,
		Policy: s.document(apim.ScopeOperation, "operation.xml"),
	}
	if text := s.file("responses"); text != "" {
		if err := json.Unmarshal([]byte(text), &s.operation.Responses); err != nil {
			t.Fatal(err)
		}
	}
	s.api = &apim.API{
		Resource: apim.Resource{Name: "shop"}, DisplayName: "Shop", Path: "shop", ServiceURL: "https://h.example/base",
		Operations: []*apim.Operation{s.operation}, Policy: s.document(apim.ScopeAPI, "api.xml"),
	}
	s.api.Defaults()
	s.product = &apim.Product{
		Resource: apim.Resource{Name: "gold"}, DisplayName: "Gold", APIs: []apim.Link{{Target: "shop"}},
		Policy: s.document(apim.ScopeProduct, "product.xml"),
	}
	s.service = &apim.Service{Name: "contoso", Contents: apim.Contents{
		APIs: []*apim.API{s.api}, Products: []*apim.Product{s.product}, Policy: s.document(apim.ScopeGlobal, "global.xml"),
	}}
	s.resources(t)
	s.language = language(t, s.clock.Now)
	s.backend = &scriptedBackend{}
	s.sender = &scriptedSender{story: s}
	s.set, s.problems = policy.Compile(s.service, policy.Options{
		Kinds: builtin.Kinds(builtin.Services{
			Forwarder: s.backend, Cache: cache.NewMemory(s.clock, 0, policy.Objects{}), Clock: s.clock,
			Random: func() float64 { return 0.5 }, Tokens: storyTokens(s.file("tokens")),
			Certificates: storyCertificates,
			Counters:     counter.New(s.clock), Sender: s.sender, Metrics: &s.emitted, Events: &s.emitted,
		}),
		Language:   s.language,
		ReplayBody: 1 << 20,
	})
	return s
}

func (s *story) resources(t testing.TB) {
	for _, line := range lines(s.file("named-values")) {
		name, v, has := strings.Cut(line, "=")
		n := &apim.NamedValue{Value: v, HasValue: has}
		n.DisplayName, n.Secret = strings.CutSuffix(name, "!")
		n.Name = "id-of-" + n.DisplayName
		s.service.NamedValues = append(s.service.NamedValues, n)
	}
	for _, line := range lines(s.file("backends")) {
		name, url, _ := strings.Cut(line, " ")
		b := &apim.Backend{Resource: apim.Resource{Name: name}, URL: url}
		b.Defaults()
		if url == "pool" {
			b.Type, b.URL = apim.PoolBackend, ""
		}
		s.service.Backends = append(s.service.Backends, b)
	}
	for _, name := range lines(s.file("loggers")) {
		s.service.Loggers = append(s.service.Loggers, &apim.Logger{Resource: apim.Resource{Name: name}})
	}
	for _, f := range s.archive.Files {
		if name, ok := strings.CutPrefix(f.Name, "fragments/"); ok {
			s.service.Fragments = append(s.service.Fragments, &apim.Fragment{
				Resource: apim.Resource{Name: name},
				Document: &apim.Document{Format: apim.RawXML, File: source.NewFile(f.Name, string(f.Data))},
			})
		}
	}
	if len(s.service.APIs) != 1 {
		t.Fatal("a story has one API")
	}
}

// storyTokens are the lines of a story's file tokens.
type storyTokens string

func (s storyTokens) Token(_ context.Context, resource, clientID string) (string, error) {
	for _, line := range lines(string(s)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == resource && strings.TrimPrefix(f[1], "-") == clientID {
			return f[2], nil
		}
	}
	return "", fmt.Errorf("no token for %s: nobody signed in", resource)
}

// storyCertificates has one certificate, "own", with a thumbprint of zeros.
func storyCertificates(id, thumbprint string) *exchange.Identity {
	if id == "own" || id == "" && thumbprint == strings.Repeat("0", 40) {
		return &exchange.Identity{ID: "own"}
	}
	return nil
}

func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}

func (s *story) wordProblems() string {
	var b strings.Builder
	for _, p := range s.problems {
		if strings.HasPrefix(p.Code, "CS") {
			// The language's own words have their own tests.
			at := p.File.Position(p.Span.Start)
			fmt.Fprintf(&b, "%s:%s [%s %s]\n", p.File.Name(), at, p.Severity, p.Code)
			continue
		}
		fmt.Fprintf(&b, "%s [%s %s]\n", p.Error(), p.Severity, p.Code)
		if p.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", p.Hint)
		}
	}
	return b.String()
}

// newExchange makes the exchange of a request as the gateway would.
func (s *story) newExchange(text string) *exchange.Exchange {
	head, body, _ := strings.Cut(text, "\n\n")
	headLines := lines(head)
	method, target, _ := strings.Cut(headLines[0], " ")
	path, query, _ := strings.Cut(target, "?")
	base, err := exchange.ParseURL(s.api.ServiceURL)
	if err != nil {
		panic(err)
	}
	x := &exchange.Exchange{
		ID:       exchange.NewGUID([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}),
		Received: s.clock.Now(), ClientIP: "192.0.2.1", API: s.api, Operation: s.operation, Parameters: s.params,
		Context: context.Background(),
	}
	x.Request.Method = method
	for _, line := range headLines[1:] {
		name, v, _ := strings.Cut(line, ": ")
		x.Request.Header.Add(name, v)
	}
	if body != "" {
		x.Request.Body = exchange.StreamingBody(newChunks(strings.TrimSuffix(body, "\n"), nil), -1)
	}
	x.Request.URL = exchange.URL{Query: query}
	x.Request.SetBase(base)
	x.Request.SetRest(path)
	x.Original = x.Request
	x.Original.URL = exchange.URL{Scheme: "https", Host: "gw.example", Port: 443, Path: "/shop" + path, Query: query}
	return x
}

// request runs one request and words what came of it. Headers that begin with
// "Story-" steer the story itself: Story-Product, Story-Trace, Story-Fail,
// Story-After (how much later it comes), Story-IP, Story-Subscription.
func (s *story) request(t *testing.T, text, answers string) string {
	x := s.newExchange(text)
	var product *apim.Product
	if x.Request.Header.Has("Story-Product") {
		product, x.Product = s.product, s.product
	}
	if x.Request.Header.Has("Story-Trace") {
		x.Trace = &trace.Recorder{Now: s.clock.Now, Start: x.Received, Mask: s.set.Mask}
	}
	fail := x.Request.Header.Get("Story-Fail")
	gone := x.Request.Header.Get("Story-Gone")
	if after := x.Request.Header.Get("Story-After"); after != "" {
		d, err := time.ParseDuration(after)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(d)
	}
	if ip := x.Request.Header.Get("Story-IP"); ip != "" {
		x.ClientIP = ip
	}
	if name := x.Request.Header.Get("Story-Subscription"); name != "" {
		x.Subscription = &apim.Subscription{Resource: apim.Resource{Name: name}, StartDate: storyStart.Add(-90 * time.Minute)}
	}
	for _, name := range []string{"Story-Product", "Story-Trace", "Story-Fail", "Story-Gone", "Story-After", "Story-IP", "Story-Subscription"} {
		x.Request.Header.Del(name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	x.Context = ctx
	s.clock.slept = nil
	*s.backend = scriptedBackend{answers: lines(answers), cancel: cancel}
	if gone != "" {
		s.backend.goneAt, _ = strconv.Atoi(gone)
	}
	p := s.set.Pipeline(s.api, s.operation, product)
	switch fail {
	case "404":
		x.Operation = nil
		s.set.Pipeline(s.api, nil, nil).Fail(x, exchange.NotFound())
	case "preflight":
		if !p.Preflight(x) {
			return "nobody answers\n"
		}
	case "401":
		p.Fail(x, exchange.KeyNotFound("https://gw.example/shop", "api-key"))
	default:
		p.Run(x)
	}
	text = s.outcome(t, x)
	x.Finish()
	return text + s.emitted.words()
}

func (s *story) outcome(t *testing.T, x *exchange.Exchange) string {
	var b strings.Builder
	b.WriteString(s.backend.log.String())
	for _, d := range s.clock.slept {
		fmt.Fprintf(&b, "slept %s\n", d)
	}
	if e := x.LastError; e != nil {
		fmt.Fprintf(&b, "error source=%s reason=%s scope=%s section=%s path=%s id=%s\n      %s\n",
			e.Source, e.Reason, e.Scope, e.Section, e.Path, e.PolicyID, e.Message)
	}
	if e := x.OnErrorFailure; e != nil {
		fmt.Fprintf(&b, "on-error failed source=%s reason=%s path=%s\n", e.Source, e.Reason, e.Path)
	}
	names := make([]string, 0, len(x.Variables))
	for name := range x.Variables {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v := x.Variables[name]
		text := "null"
		if !v.IsNull() {
			text = fmt.Sprintf("%s %q", v.Type().ReflectionName(), s.language.Text(v))
		}
		fmt.Fprintf(&b, "variable %s = %s\n", name, text)
	}
	fmt.Fprintf(&b, "<- %d %s\n", x.Response.Status, x.Response.Reason)
	writeHeader(&b, x.Response.Header)
	writeBody(&b, x.Response.Body)
	if x.Trace.On() {
		tr := trace.Trace{ID: "t", Entries: x.Trace.Entries()}
		for _, e := range tr.Entries {
			fmt.Fprintf(&b, "trace %s %s %s %s %s\n", e.Section, e.Source, e.Scope, e.Path, e.Data)
		}
	}
	return b.String()
}

func writeHeader(b *strings.Builder, h exchange.Header) {
	for _, f := range h {
		fmt.Fprintf(b, "   %s: %s\n", f.Name, f.Value)
	}
}

func writeBody(b *strings.Builder, body *exchange.Body) {
	if body.Kind() == exchange.Absent {
		return
	}
	kind := map[exchange.BodyKind]string{exchange.Streaming: "streaming", exchange.Buffered: "buffered"}[body.Kind()]
	if body.Consumed() {
		fmt.Fprintf(b, "   body %s, consumed\n", kind)
		return
	}
	text, err := readAll(body)
	fmt.Fprintf(b, "   body %s %q", kind, text)
	if err != nil {
		fmt.Fprintf(b, " then %v", err)
	}
	b.WriteString("\n")
}

func readAll(body *exchange.Body) (string, error) {
	stream, err := body.Open()
	if err != nil {
		return "", err
	}
	var all []byte
	for {
		chunk, err := stream.Next(context.Background())
		all = append(all, chunk...)
		if err != nil {
			return string(all), ignoreEOF(err)
		}
	}
}

// scriptedBackend is a Forwarder that says what a story tells it to. An answer
// is "STATUS [Name: value | ...] [body TEXT]", "connect", "timeout" or "open".
type scriptedBackend struct {
	answers []string
	cancel  context.CancelFunc
	goneAt  int // the attempt during which the client leaves
	calls   int
	log     strings.Builder
	// quiet is a backend that says 200 at once and keeps no log.
	quiet bool
}

func (s *scriptedBackend) Forward(x *exchange.Exchange, f builtin.Forward) error {
	if s.quiet {
		x.Response = &exchange.Response{Status: 200, Reason: "OK", FromBackend: true, Body: exchange.NoBody()}
		return nil
	}
	s.calls++
	fmt.Fprintf(&s.log, "-> %s %s", x.Request.Method, x.Request.URL)
	if x.Backend.ID != "" {
		fmt.Fprintf(&s.log, " backend=%s", x.Backend.ID)
	}
	fmt.Fprintf(&s.log, " timeout=%s buffer=%v/%v decode=%v", f.Timeout, f.BufferRequestBody, f.BufferResponse, f.DecodeResponse)
	if i := x.Request.Identity; i != nil {
		fmt.Fprintf(&s.log, " certificate=%d %.6q", len(i.Certificates), i.ID)
	}
	if f.PlainResponse {
		s.log.WriteString(" plain")
	}
	s.log.WriteString("\n")
	writeHeader(&s.log, x.Request.Header)
	writeBody(&s.log, x.Request.Body)
	if x.Response != nil {
		s.log.WriteString("   a stale response is there\n")
	}
	if s.calls == s.goneAt {
		s.cancel()
		return x.Context.Err()
	}
	answer := "200"
	if len(s.answers) > 0 {
		answer = s.answers[0]
		if len(s.answers) > 1 {
			s.answers = s.answers[1:]
		}
	}
	switch answer {
	case "connect":
		return &exchange.Failure{Kind: exchange.FailedConnect, Err: errors.New("connection refused: 192.0.2.9:443")}
	case "timeout":
		return fmt.Errorf("wait for the head: %w", exchange.ErrTimeout)
	case "open":
		e := &exchange.Error{
			Source: "forward-request", Reason: exchange.ReasonCircuitOpen, Status: 503, Responded: true,
			Message: "The backend's circuit is open.", Answer: "Service unavailable",
			Header: exchange.Header{{Name: "Retry-After", Value: "7"}},
		}
		x.Response = e.Response(x.ID)
		return e
	}
	var err error
	x.Response, err = answered(answer)
	return err
}

// answered is the response that a story words.
func answered(answer string) (*exchange.Response, error) {
	status, rest, _ := strings.Cut(answer, " ")
	code, err := strconv.Atoi(status)
	if err != nil {
		return nil, fmt.Errorf("the story's answer %q: %w", answer, err)
	}
	r := &exchange.Response{Status: code, Reason: exchange.Phrase(code), FromBackend: true, Body: exchange.NoBody()}
	head, body, hasBody := strings.Cut(rest, "body ")
	for _, field := range strings.Split(head, "|") {
		if name, v, ok := strings.Cut(field, ": "); ok {
			r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(v))
		}
	}
	if hasBody {
		body, cut := strings.CutSuffix(body, " CUT")
		var end error
		if cut {
			end = exchange.ErrCut
		}
		r.Body = exchange.StreamingBody(newChunks(packed(body, r.Header.Get("Content-Encoding")), end), -1)
	}
	return r, nil
}

// The effective policy is a document again: compiled as the global one, it does
// what the pipeline it came from does.
func TestEffective(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/fragments.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s := newStory(t, archive)
	text := s.set.Pipeline(s.api, s.operation, nil).Effective()
	want := `<policies>
    <inbound>
        <!-- api: fragments/mark (fragment mark) -->
        <set-variable name="b" value="2" id="the-id" />
        <set-variable name="b" value="2" id="the-id" />
    </inbound>
    <backend>
        <!-- api: api.xml -->
        <retry condition="false" count="1" interval="0">
            <choose>
                <when condition="true">
                    <include-fragment fragment-id="send" />
                </when>
            </choose>
        </retry>
    </backend>
    <outbound />
    <on-error />
</policies>
`
	if text != want {
		t.Errorf("got\n%s", text)
	}
	again := newStory(t, &txtar.Archive{Files: []txtar.File{
		{Name: "global.xml", Data: []byte(text)},
		{Name: "fragments/send", Data: []byte(s.file("fragments/send"))},
	}})
	if len(again.problems) > 0 {
		t.Fatal(again.problems)
	}
	if got := again.request(t, "POST /items\n", ""); !strings.Contains(got, "variable b = System.String") || !strings.HasPrefix(got, "-> POST") {
		t.Errorf("it does\n%s", got)
	}
}
