package validate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// askLimit bounds one question to a model, all of its retries included.
const askLimit = 90 * time.Second

// operation is one of the two that clients of Azure OpenAI call.
type operation string

// The operations, by the ending of their addresses.
const (
	chats      operation = chatPath
	embeddings operation = embeddingsPath
)

// answer is what came of one question.
type answer struct {
	asked operation
	// mark is the question's own, by which its attempts are known at the regions.
	mark          string
	status        int
	header        http.Header
	body          []byte
	code, message string // of an error
	err           error  // no answer at all
}

func (a answer) ok() bool { return a.err == nil && a.status == http.StatusOK }

// String is the answer as a sentence has it.
func (a answer) String() string {
	switch {
	case a.err != nil:
		return "no answer (" + a.err.Error() + ")"
	case a.ok():
		return "200"
	case a.message != "":
		said, _, _ := strings.Cut(a.message, ". ") // the first sentence says it
		return fmt.Sprintf("%d (%s)", a.status, strings.TrimRight(said, "."))
	}
	return fmt.Sprintf("%d (%s)", a.status, http.StatusText(a.status))
}

// place is where questions go, and with which key.
type place struct{ endpoint, keyHeader, key string }

// gateway is the API's place.
func (c *Check) gateway() place { return place{c.Endpoint, c.KeyHeader, c.Key} }

// direct is a region's own place.
func (r region) direct() place {
	p := place{r.address, "api-key", ""}
	if len(r.keys) > 0 {
		p.key = r.keys[0]
	}
	return p
}

// markName is the parameter of a question's query that holds its mark.
const markName = "spillway-validation"

func (c *Check) request(ctx context.Context, p place, deployment, path, mark string, body any) (*http.Request, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	query := url.Values{"api-version": {apiVersion}, markName: {mark}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(p.endpoint, "/")+deployments+url.PathEscape(deployment)+path+"?"+query.Encode(), strings.NewReader(string(data)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.key != "" {
		req.Header.Set(p.keyHeader, p.key)
	}
	return req, nil
}

// newMark is the mark of one question.
func (c *Check) newMark() string { return fmt.Sprintf("%s-%d", c.nonce, c.questions.Add(1)) }

func (c *Check) post(ctx context.Context, p place, deployment string, asked operation, body any) answer {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	a := answer{asked: asked, mark: c.newMark()}
	req, err := c.request(ctx, p, deployment, string(asked), a.mark, body)
	if err != nil {
		a.err = err
		return a
	}
	resp, err := c.http.Do(req)
	if err != nil {
		a.err = cause(err)
		return a
	}
	defer func() { _ = resp.Body.Close() }()
	a.status, a.header = resp.StatusCode, resp.Header
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody)); err != nil {
		a.err = fmt.Errorf("the answer broke off: %w", cause(err))
		return a
	}
	if !a.ok() {
		a.code, a.message = saidError(a.body)
	}
	return a
}

// complete asks for the shortest completion there is.
func (c *Check) complete(ctx context.Context, p place) answer {
	ask := func() answer {
		return c.post(ctx, p, c.Model, chats, map[string]any{
			"messages": []map[string]string{{"role": "user", "content": "Answer with one word: which region is this?"}},
			c.limit:    1,
		})
	}
	a := ask()
	if a.status == http.StatusBadRequest && c.limit == "max_tokens" && strings.Contains(a.message, "max_completion_tokens") {
		c.limit = "max_completion_tokens" // newer models know no other
		a = ask()
	}
	if a.ok() {
		var body struct{ Choices []json.RawMessage }
		if err := json.Unmarshal(a.body, &body); err != nil || len(body.Choices) == 0 {
			a.err = errors.New("200 with a body that is no completion: " + short(string(a.body)))
		}
	}
	return a
}

// embed asks for the vector of a text.
func (c *Check) embed(ctx context.Context, p place) answer {
	a := c.post(ctx, p, c.Embedding, embeddings, map[string]any{"input": "load balancing over regions"})
	if a.ok() {
		var body struct {
			Data []struct{ Embedding json.RawMessage }
		}
		if err := json.Unmarshal(a.body, &body); err != nil || len(body.Data) == 0 || len(body.Data[0].Embedding) < 3 {
			a.err = errors.New("200 with a body that is no embedding: " + short(string(a.body)))
		}
	}
	return a
}

// ask asks one question of an operation.
func (c *Check) ask(ctx context.Context, p place, of operation) answer {
	if of == embeddings {
		return c.embed(ctx, p)
	}
	return c.complete(ctx, p)
}

// asked are the operations that the API has, as far as anybody tells.
func (c *Check) asked() []operation {
	if c.api != nil && c.api.has[chatPath] && !c.api.has[embeddingsPath] {
		return []operation{chats}
	}
	return []operation{chats, embeddings}
}

// askAll sends n questions through the gateway, of these operations in turn
// and some at once.
func (c *Check) askAll(ctx context.Context, n, atOnce int, of ...operation) []answer {
	answers := make([]answer, n)
	answers[0] = c.ask(ctx, c.gateway(), of[0]) // settles how a limit is called
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(atOnce, n) {
		workers.Go(func() {
			for i := range next {
				answers[i] = c.ask(ctx, c.gateway(), of[i%len(of)])
			}
		})
	}
	for i := 1; i < n; i++ {
		next <- i
	}
	close(next)
	workers.Wait()
	return answers
}

// failures are the answers that are none, each once with how often it came, and
// the number of all of them.
func failures(answers []answer) (texts []string, all int) {
	times := map[string]int{}
	var order []string
	for _, of := range []operation{chats, embeddings} {
		for _, a := range answers {
			if a.ok() || (a.asked == embeddings) != (of == embeddings) {
				continue
			}
			all++
			text := a.String()
			if of == embeddings {
				text += " for embeddings"
			}
			if times[text] == 0 {
				order = append(order, text)
			}
			times[text]++
		}
	}
	const most = 3
	for i, text := range order {
		if i == most {
			texts = append(texts, "others")
			break
		}
		texts = append(texts, fmt.Sprintf("%d × %s", times[text], text))
	}
	return texts, all
}

// whyNone is the hint to an answer of the gateway that is an error.
func (c *Check) whyNone(a answer) string {
	switch {
	case a.err != nil:
		return "Is the gateway running at " + c.Endpoint + "?"
	case a.status == http.StatusUnauthorized:
		return "Is the subscription key right, and does its product contain the API? A 401 can also be a region's: the policy must set api-key to that region's own key."
	case a.status == http.StatusNotFound:
		return "Does the API have the operation, and the region the deployment? Step 2 looks at the one, step 1 at the other."
	case a.status == http.StatusTooManyRequests:
		return "The quota is used up, or a rate limit of the policy is in the way. Wait a minute and take the step again."
	}
	return `"spillway trace" shows what every policy does with such a request.`
}

// run is a stream as it came in.
type run struct {
	total time.Duration   // until the end
	at    []time.Duration // of each event with text
	err   error
}

// stream asks for a long answer and notes when each event comes.
func (c *Check) stream(ctx context.Context, p place) run {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	req, err := c.request(ctx, p, c.Model, chatPath, c.newMark(), map[string]any{
		"messages": []map[string]string{{"role": "user", "content": streamQuestion}},
		"stream":   true,
	})
	if err != nil {
		return run{err: err}
	}
	started := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return run{err: cause(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		a := answer{status: resp.StatusCode}
		a.code, a.message = saidError(text)
		return run{err: errors.New(a.String())}
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return run{err: fmt.Errorf("an answer of the type %q where a stream of events was asked for", kind)}
	}
	return readStream(resp.Body, started)
}

// readStream notes the events of a body.
func readStream(body io.Reader, started time.Time) run {
	var r run
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		now := time.Since(started)
		if strings.TrimSpace(data) == "[DONE]" {
			r.total = now
			return r
		}
		var event struct {
			Choices []struct{ Delta struct{ Content string } }
			Error   *struct{ Message string }
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return run{err: errors.New("an event that is no JSON: " + short(data))}
		}
		if event.Error != nil {
			return run{err: errors.New("the stream ended in an error: " + event.Error.Message)}
		}
		if len(event.Choices) > 0 && event.Choices[0].Delta.Content != "" {
			r.at = append(r.at, now)
		}
	}
	err := lines.Err()
	if err == nil {
		err = errors.New("the stream ended before it was complete")
	}
	return run{err: err}
}

// streamQuestion has a long answer with every model.
const streamQuestion = "Explain in about 200 words how a gateway spreads requests over several regions, what it does when one of them fails, and why its answers must not be held up on the way."
