package forward

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

// A body that ends with its connection is complete where the answer says so, or
// says nothing that is known; any other is one that broke off.
func TestUnframed(t *testing.T) {
	chat := strings.ReplaceAll(contentEvent, `{"choices"`, `{"object":"chat.completion.chunk","choices"`)
	finish := strings.ReplaceAll(finishEvent, `{"choices"`, `{"object":"chat.completion.chunk","choices"`)
	const delta = `data: {"type":"response.output_text.delta","delta":"Hi"}` + "\n\n"
	for _, c := range []struct {
		name, text string
		end        string
	}{
		{"a chat without an end", chat + chat, "cut"},
		{"half an event", chat + strings.TrimSuffix(chat, "\n\n")[:50], "cut"},
		{"a finish reason", chat + finish, "end"},
		{"a finish reason without a blank line", chat + strings.TrimSpace(finish), "end"},
		{"[DONE]", chat + doneEvent, "end"},
		{"an error", chat + errorEvent, "end"},
		{"a response without an end", delta, "cut"},
		{"a response's end", delta + `data: {"type":"response.incomplete"}` + "\n\n", "end"},
		{"something else", contentEvent, "end"},
		{"nothing known", "data: hello\n\n", "end"},
	} {
		for _, unframed := range []bool{true, false} {
			for _, size := range []int{1, 10, 10000} {
				var parts []string
				for rest := c.text; rest != ""; {
					n := min(size, len(rest))
					parts = append(parts, rest[:n])
					rest = rest[n:]
				}
				in := stream(io.EOF, parts...)
				in.Unframed = unframed
				x := newExchange(context.Background())
				if err := (&Forwarder{Upstream: upstream(func() *exchange.Inbound { return in }), Clock: clock.Real{}}).Do(x, nil, Options{}); err != nil {
					t.Fatal(err)
				}
				want, outcome := "end", "ok"
				if unframed && c.end == "cut" {
					want, outcome = "cut", "stream_aborted"
				}
				got := read(x)
				if text := strings.ReplaceAll(got, "|", ""); text != c.text+want || x.Attempts[0].Outcome != outcome {
					t.Errorf("%s, unframed %v, in pieces of %d: %s\n%s", c.name, unframed, size, x.Attempts[0].Outcome, text)
				}
			}
		}
	}
}
