package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/access"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
	"github.com/spillway-gateway/spillway/source"
)

// leaks watches over a scenario's secrets: whatever story is told, none of them
// may be seen in the access log, in a trace, in a problem, or in an answer that
// the gateway makes of an error. A scenario fails when one is.
type leaks struct {
	mu      sync.Mutex
	secrets map[string]string // what each one is
	read    int               // how much of the log was looked at
	first   error
}

// shortest is the least length of what counts as a secret: shorter ones occur
// by chance.
const shortest = 8

// add makes text a secret. Of a text with a scheme, like "Bearer x", it is the
// part after it.
func (l *leaks) add(text, what string) {
	if _, after, ok := strings.Cut(text, " "); ok {
		text = after
	}
	if text = strings.TrimSpace(text); len(text) < shortest {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.secrets == nil {
		l.secrets = map[string]string{}
	}
	l.secrets[text] = what
}

// look searches a text for secrets.
func (l *leaks) look(text, where string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first != nil {
		return
	}
	for secret, what := range l.secrets {
		if i := strings.Index(text, secret); i >= 0 {
			line := text[strings.LastIndexByte(text[:i], '\n')+1 : i]
			l.first = fmt.Errorf("%s shows a secret, %s, after: %s", where, what, line[max(0, len(line)-200):])
			return
		}
	}
}

// err is the first leak found, if any.
func (l *leaks) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// log looks at what the log has gained. The log was emptied when it is shorter
// than before.
func (l *leaks) log(text string) {
	l.mu.Lock()
	from := l.read
	if from > len(text) {
		from = 0
	}
	l.read = len(text)
	l.mu.Unlock()
	l.look(text[from:], "the log")
}

// problems looks at problems, as people and as machines read them.
func (l *leaks) problems(problems source.Problems) {
	l.look(problems.Draw(), "a problem")
	for _, p := range problems {
		if data, err := json.Marshal(p); err == nil {
			l.look(string(data), "a problem's JSON")
		}
	}
}

// service adds what a service folder keeps secret.
func (l *leaks) service(s *service.Loaded) {
	svc := s.Folder.Service
	contents := []*apim.Contents{&svc.Contents}
	for _, w := range svc.Workspaces {
		contents = append(contents, &w.Contents)
	}
	for _, c := range contents {
		for _, n := range c.NamedValues {
			if n.Secret && n.HasValue {
				l.add(n.Value, "the value of the named value "+n.DisplayName)
			}
		}
		for _, s := range c.Subscriptions {
			l.add(s.PrimaryKey, "the primary key of "+s.Name)
			l.add(s.SecondaryKey, "the secondary key of "+s.Name)
		}
	}
}

// request adds what a caller sends that carries a credential by its name.
func (l *leaks) request(x *exchange.Exchange, keys apim.SubscriptionKeyParameterNames) {
	for _, f := range x.Original.Header {
		if trace.SecretName(f.Name) || strings.EqualFold(f.Name, keys.Header) {
			l.add(f.Value, "the request's header "+f.Name)
		}
	}
	if v, ok := access.QueryValue(x.Original.URL.Query, keys.Query); ok {
		l.add(v, "the key in the request's query")
	}
}

// answered looks at what the gateway says of a request: its trace in every
// form, and the answer if the gateway made it of an error.
func (l *leaks) answered(a *answer, t *trace.Trace) {
	if t != nil {
		l.look(string(t.View()), "the trace") // APIM's JSON and more
		var b bytes.Buffer
		if err := trace.Story(&b, t, false); err == nil {
			l.look(b.String(), "the trace's story")
		}
	}
	if r := a.x.Response; a.x.LastError == nil || r == nil || r.FromBackend {
		return
	}
	l.look(string(a.body), "the answer to an error")
	for _, f := range a.header {
		l.look(f.Value, "the header "+f.Name+" of the answer to an error")
	}
}
