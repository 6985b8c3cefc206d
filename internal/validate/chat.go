package validate

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// chatState is whom the chat app asks.
type chatState struct {
	Configured    bool
	Problem, Hint string
	Endpoint      string
	File          string
	// Deployment and Embedding are the deployments that it asks.
	Deployment, Embedding string
}

// chat is step 7: the chat app reaches the models through the gateway and not
// directly.
func (c *Check) chat(ctx context.Context) verdict {
	const start = `Start it with "spillway chat" and connect it with "spillway chat connect"; "spillway demo" does both. -chat gives its address.`
	if c.Chat == "" {
		return notObserved(start, "No chat app is known.")
	}
	base := strings.TrimRight(c.Chat, "/")
	var state chatState
	if err := callJSON(ctx, c.http, http.MethodGet, base+"/api/state", "", nil, nil, &state); err != nil {
		return notObserved(start, "No chat app answers at %s: %v.", base, err)
	}
	if !state.Configured {
		return fail(cmp.Or(state.Hint, `"spillway chat connect" connects it to the gateway.`), "The chat app at %s asks nobody: %s", base, state.Problem)
	}
	if c.far == nil {
		v := c.blind("the chat app's calls")
		v.reason += fmt.Sprintf(" Its endpoint is %s.", state.Endpoint)
		return v
	}
	note, err := c.lift(ctx)
	if err != nil {
		return trouble(err)
	}
	calls, err := c.chatCalls(ctx, base)
	if err != nil {
		var said *chatFailure
		if errors.As(err, &said) {
			return fail(cmp.Or(said.hint, `"spillway chat connect" connects it to the gateway.`), "The chat app, whose endpoint is %s, could not answer: %v%s", state.Endpoint, err, note)
		}
		return trouble(err)
	}
	var direct, forwarded []string
	for _, name := range c.names() {
		for _, e := range calls[name] {
			if e.ForwardedFor == nil {
				direct = append(direct, name)
			} else {
				forwarded = append(forwarded, name)
			}
		}
	}
	connect := fmt.Sprintf(`"spillway chat connect" writes the gateway's endpoint and key into %s.`, cmp.Or(state.File, "the chat app's settings"))
	switch all := len(direct) + len(forwarded); {
	case all == 0:
		return fail(connect, "The chat app answered, but none of the regions %s has seen its calls: its endpoint is %s.%s", listed(c.names()), state.Endpoint, note)
	case len(direct) > 0:
		return fail(connect, "%d of %s of the chat app came to %s directly, without the gateway's X-Forwarded-For: its endpoint is %s.%s",
			len(direct), counted(all, "call", "calls"), listed(unique(direct)), state.Endpoint, note)
	}
	return success("The chat app answered a question over its documents; its %s arrived at %s by the gateway, with its X-Forwarded-For. Its endpoint is %s.%s",
		counted(len(forwarded), "call", "calls"), listed(unique(forwarded)), state.Endpoint, note)
}

func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// chatCalls asks the chat app and returns what the regions saw of it. Nothing
// marks the app's calls, so that a direct call of somebody else in the same
// moment looks like one of its own: a second question decides.
func (c *Check) chatCalls(ctx context.Context, base string) (calls map[string][]seen, err error) {
	for range 2 {
		m, err := c.far.mark(ctx)
		if err != nil {
			return nil, farError(err)
		}
		if err := c.askChat(ctx, base); err != nil {
			return nil, err
		}
		all, err := c.far.since(ctx, m, attempts(1))
		if err != nil {
			return nil, farError(err)
		}
		calls = map[string][]seen{}
		direct := false
		for name, list := range all {
			for _, e := range list {
				if c.ours(e) || e.Method != http.MethodPost {
					continue
				}
				calls[name] = append(calls[name], e)
				direct = direct || e.ForwardedFor == nil
			}
		}
		if !direct {
			break
		}
	}
	return calls, nil
}

// chatFailure is the chat app's word that it got no answer.
type chatFailure struct{ title, detail, hint string }

func (f *chatFailure) Error() string { return strings.TrimSpace(f.title + " " + f.detail) }

// askChat asks a question over the documents and waits for the whole answer.
func (c *Check) askChat(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	const question = `{"messages":[{"role":"user","content":"How long can I return something?"}],"documents":true}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/chat", strings.NewReader(question))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("the chat app at %s: %w", base, cause(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		_, message := saidError(text)
		return fmt.Errorf("the chat app at %s answered %s: %s", base, resp.Status, message)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	end := ""
	for lines.Scan() {
		var line struct {
			End     string
			Failure *struct{ Title, Detail, Hint string }
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("what answers at %s is no chat app of Spillway's", base)
		}
		if f := line.Failure; f != nil {
			return &chatFailure{f.Title, f.Detail, f.Hint}
		}
		end = cmp.Or(line.End, end)
	}
	if end == "" {
		return &chatFailure{"The answer broke off.", "", ""}
	}
	return nil
}
