package script

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/access"
	"github.com/spillway-gateway/spillway/policy/exchange"
	"github.com/spillway-gateway/spillway/policy/trace"
)

// answer is what a caller got.
type answer struct {
	id      string
	status  int
	header  exchange.Header
	body    []byte
	outcome string // complete, cut, left
	took    time.Duration
	// generation is what the trace says, or the exchange itself when it was not
	// traced.
	generation string
	x          *exchange.Exchange
}

// request is what a caller sends.
type request struct {
	method, path string
	header       exchange.Header
	body         string
}

// known are the requests that every scenario can send by name.
var known = map[string]request{
	"chat":   {"POST", "/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21", exchange.Header{{Name: "Content-Type", Value: "application/json"}}, `{"messages":[{"role":"user","content":"Say something about regions."}]}`},
	"stream": {"POST", "/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21", exchange.Header{{Name: "Content-Type", Value: "application/json"}}, `{"stream":true,"messages":[{"role":"user","content":"Say something about regions."}]}`},
	"embed":  {"POST", "/openai-test/openai/deployments/text-embedding-ada-002/embeddings?api-version=2024-10-21", exchange.Header{{Name: "Content-Type", Value: "application/json"}}, `{"input":"load balancing"}`},
}

// sending are the flags of send.
type sending struct {
	n, parallel int
	header      exchange.Header
	key         *string
	body        *string
	leave       string
	background  bool
}

func (r *runner) parseSend(words []string) (request, sending, error) {
	s := sending{n: 1, parallel: 1}
	var rest []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		if !strings.HasPrefix(w, "-") {
			rest = append(rest, w)
			continue
		}
		if w == "-background" {
			s.background = true
			continue
		}
		i++
		if i == len(words) {
			return request{}, s, fmt.Errorf("%s needs a value", w)
		}
		v := words[i]
		var err error
		switch w {
		case "-n":
			s.n, err = strconv.Atoi(v)
		case "-p":
			s.parallel, err = strconv.Atoi(v)
		case "-H":
			name, value, ok := strings.Cut(v, ":")
			if !ok {
				err = errors.New("a header line has a colon")
			}
			s.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		case "-key":
			s.key = &v
		case "-d":
			if text, ok := r.files[v]; ok {
				v = strings.TrimSuffix(text, "\n")
			}
			s.body = &v
		case "-size":
			var n int
			n, err = strconv.Atoi(v)
			body, short := long(n)
			if err == nil && short != nil {
				err = short
			}
			s.body = &body
		case "-leave":
			s.leave = v
		default:
			err = fmt.Errorf("there is no flag %s", w)
		}
		if err != nil {
			return request{}, s, err
		}
	}
	q, err := r.request(rest)
	if err != nil {
		return q, s, err
	}
	q.header = append(q.header.Clone(), s.header...)
	if s.body != nil {
		q.body = *s.body
	}
	return q, s, nil
}

// long is a chat with a picture in it, n bytes in all.
func long(n int) (string, error) {
	const before, after = `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,`, `"}}]}]}`
	if n < len(before)+len(after) {
		return "", fmt.Errorf("a chat has at least %d bytes", len(before)+len(after))
	}
	const letters = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
	fill := n - len(before) - len(after)
	return before + strings.Repeat(letters, fill/len(letters)+1)[:fill] + after, nil
}

func (r *runner) request(words []string) (request, error) {
	switch len(words) {
	case 2:
		return request{method: words[0], path: words[1]}, nil
	case 1:
		if text, ok := r.files["requests/"+words[0]]; ok {
			return parseRequest(text)
		}
		if q, ok := known[words[0]]; ok {
			return q, nil
		}
		return request{}, fmt.Errorf("there is no request %s", words[0])
	}
	return request{}, errors.New("send takes a request's name, or a method and a path")
}

func parseRequest(text string) (request, error) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	words := strings.Fields(lines[0])
	if len(words) != 2 {
		return request{}, errors.New("the first line of a request is a method and a path")
	}
	q := request{method: words[0], path: words[1], body: strings.TrimSuffix(body, "\n")}
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(l, ":")
		if !ok {
			return q, fmt.Errorf("the header line %q has no colon", l)
		}
		q.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return q, nil
}

// send sends a request n times and waits for the answers, unless told not to.
func (r *runner) send(q request, s sending) {
	r.requests += s.n
	all := make([]*answer, s.n)
	began := r.clock.Now()
	run := func() {
		var wg sync.WaitGroup
		lanes := min(max(s.parallel, 1), s.n)
		wg.Add(lanes)
		for lane := range lanes {
			work := func() {
				defer wg.Done()
				for i := lane; i < s.n; i += lanes {
					all[i] = r.one(q, s)
				}
			}
			if lanes == 1 {
				work()
			} else {
				r.clock.Go(work)
			}
		}
		r.clock.Block(wg.Wait)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sent = append(r.sent, all...)
		r.took = r.clock.Now().Sub(began)
	}
	r.mu.Lock()
	r.lastBody = q.body
	if !s.background {
		r.sent = nil
	}
	r.mu.Unlock()
	if !s.background {
		run()
		return
	}
	r.waiting.Add(1)
	r.clock.Go(func() {
		defer r.waiting.Done()
		run()
	})
}

// one takes one request through the gateway.
func (r *runner) one(q request, s sending) *answer {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	x := &exchange.Exchange{ClientIP: "203.0.113.9"}
	path, query, _ := strings.Cut(q.path, "?")
	x.Original = exchange.Request{
		Method: q.method, Body: exchange.NoBody(),
		URL: exchange.URL{Scheme: "http", Host: "gateway.test", Port: 80, Path: path, Query: query},
	}
	x.Original.Header = append(exchange.Header{{Name: "Host", Value: "gateway.test"}}, q.header...)
	r.leaks.request(x, r.credentials(x, s))
	if q.body != "" {
		x.Original.Header.Set("Content-Length", strconv.Itoa(len(q.body)))
		body, _ := exchange.BufferedBody([]byte(q.body)).Open()
		x.Original.Body = exchange.StreamingBody(body, int64(len(q.body)))
	}
	a := &answer{x: x}
	c := &caller{a: a, leave: s.leave, cancel: cancel}
	began := r.clock.Now()
	if d, err := time.ParseDuration(s.leave); err == nil {
		stop := r.clock.AfterFunc(d, func() { c.left(); cancel() })
		defer stop()
	}
	r.gateway.Serve(ctx, x, c)
	a.took = r.clock.Now().Sub(began)
	a.id = x.ID.String()
	a.generation = x.Generation
	t := r.traces.Get(a.id)
	if t != nil {
		a.generation = t.Generation
	}
	r.leaks.answered(a, t)
	if a.outcome == "" {
		a.outcome = "cut"
	}
	return a
}

// credentials gives the request the first subscription's key, and has it
// traced. It returns where the request's API looks for keys.
func (r *runner) credentials(x *exchange.Exchange, s sending) (keys apim.SubscriptionKeyParameterNames) {
	if r.loaded == nil || len(r.loaded.Folder.Service.APIs) == 0 {
		return keys
	}
	api := r.loaded.Folder.Service.APIs[0]
	for _, a := range r.loaded.Folder.Service.APIs {
		if strings.HasPrefix(strings.TrimLeft(x.Original.URL.Path, "/"), a.Path+"/") {
			api = a
		}
	}
	x.Original.Header.Set(trace.HeaderAuthorization, r.tokens.Issue(api.RootName(), time.Hour))
	_, key := r.loaded.FirstKey()
	if s.key != nil {
		key = *s.key
	}
	_, inQuery := access.QueryValue(x.Original.URL.Query, api.KeyNames.Query)
	if key != "" && !x.Original.Header.Has(api.KeyNames.Header) && !inQuery {
		x.Original.Header.Set(api.KeyNames.Header, key)
	}
	return api.KeyNames
}

// caller is the client's side of an exchange: it collects the answer, and
// leaves when it is told to.
type caller struct {
	a      *answer
	leave  string
	cancel context.CancelFunc
	mu     sync.Mutex
	gone   bool
}

func (c *caller) left() {
	c.mu.Lock()
	c.gone = true
	c.a.outcome = "left"
	c.mu.Unlock()
}

func (c *caller) err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return exchange.ErrClientGone
	}
	return nil
}

// Head implements exchange.Sink.
func (c *caller) Head(h *exchange.ResponseHead) error {
	if err := c.err(); err != nil {
		return err
	}
	c.a.status, c.a.header = h.Status, h.Header
	if h.Length >= 0 {
		c.a.header.Set("Content-Length", strconv.FormatInt(h.Length, 10))
	}
	if c.leave == "head" {
		c.left()
		c.cancel()
	}
	return nil
}

// Chunk implements exchange.Sink.
func (c *caller) Chunk(b []byte) error {
	if err := c.err(); err != nil {
		return err
	}
	c.a.body = append(c.a.body, bytes.Clone(b)...)
	if c.leave == "body" {
		c.left()
		c.cancel()
	}
	return nil
}

// End implements exchange.Sink.
func (c *caller) End() error {
	if err := c.err(); err != nil {
		return err
	}
	c.a.outcome = "complete"
	return nil
}

// Abort implements exchange.Sink.
func (c *caller) Abort() {
	if c.err() == nil {
		c.a.outcome = "cut"
	}
}
