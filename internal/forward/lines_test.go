package forward

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/policy/exchange"
)

const page = "<html><body><h1>502 Bad Gateway</h1></body></html>\n\n"

// What is a line of an event stream, whatever the pieces; the first that is none
// ends it.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		text string
		good int // -1 for all
	}{
		{"", -1},
		{contentEvent + doneEvent, -1},
		{"data: 1\r\n\r\ndata: 2\r\rdata:3\n\n", -1},
		{"\ufeffevent: x\nid: 7\nretry: 10\n: comment\n:\ndata\n\nid\n", -1},
		{"data: a line that does not end", -1},
		{"\n\n\r\r\n", -1},
		{page, 0},
		{contentEvent + page, len(contentEvent)},
		{"data: 1\n<", 8},
		{"data: 1\nupstream connect error or disconnect/reset before headers: x\n", 8},
		{"data: 1\r\ndatum: 2\n", 9},
		{"data: 1\n data: 2\n", 8},
		{"data: 1\n\ufeffdata: 2\n", 8},
		{"even: 1\n", 0},
		{"dat", -1},
		{"dat\n", 0},
		{"retry5: 1\n", 0},
		{"\xef\xbbdata: 1\n", 0},
		{"data: 1\n\n{\"error\":{}}", 9},
	} {
		want := c.good
		if want < 0 {
			want = len(c.text)
		}
		for size := 1; size <= max(len(c.text), 1); size++ {
			var l lines
			good, at := len(c.text), 0
			for rest := c.text; rest != ""; {
				n := min(size, len(rest))
				if g := l.good([]byte(rest[:n])); g < n {
					good = at + g
					break
				}
				at += n
				rest = rest[n:]
			}
			// A line that is found out later than its beginning has gone so far.
			if good < want || size == len(c.text) && good != want || good == len(c.text) != (want == len(c.text)) {
				t.Errorf("%q in pieces of %d: %d good bytes, want %d", c.text, size, good, want)
			}
		}
	}
}

// FuzzLines holds that pieces change nothing but how much of the bad line has
// gone, and that whatever begins with data or a comment is good.
func FuzzLines(f *testing.F) {
	for _, s := range []string{contentEvent, page, "data: 1\r\n: x\r\rid:\n", "\ufeffdata"} {
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		var whole, parts lines
		all := whole.good([]byte(text))
		good := 0
		for rest := text; rest != ""; {
			n := min(int(size)+1, len(rest))
			g := parts.good([]byte(rest[:n]))
			good += g
			if g < n {
				break
			}
			rest = rest[n:]
		}
		if good < all || (good == len(text)) != (all == len(text)) || good-all > 8 {
			t.Fatalf("%q in pieces of %d: %d good bytes, whole %d", text, size+1, good, all)
		}
		plain := "data:" + strings.NewReplacer("\r", "", "\n", "\ndata:").Replace(text)
		var l lines
		if l.good([]byte(plain)) != len(plain) {
			t.Fatalf("%q is not good", plain)
		}
	})
}

// TestMalformed holds that a page in the place of an event ends the stream before
// it, as a failure while nothing of it is the client's.
func TestMalformed(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		parts   string // separated by ^
		body    string // "" for a failure
		outcome string
	}{
		{"at once", Options{}, page, "", "protocol"},
		{"in pieces", Options{}, "da^tum: 1\n\n", "", "protocol"},
		{"later", Options{}, contentEvent + "^" + page + "^" + doneEvent, contentEvent + "|cut", "stream_malformed"},
		{"in one piece with events", Options{}, contentEvent + page + doneEvent, contentEvent + "|cut", "stream_malformed"},
		{"while held back", Options{HoldBack: true}, roleEvent + "^" + page, "", "protocol"},
		{"after what was held back", Options{HoldBack: true}, roleEvent + "^" + contentEvent + "^" + page, roleEvent + "|" + contentEvent + "|cut", "stream_malformed"},
		{"not peeked", Options{SkipPeek: true}, contentEvent + "^" + page, contentEvent + "|cut", "stream_malformed"},
		{"broken JSON passes", Options{}, contentEvent + "^data: {\"choices\n\n", contentEvent + "|data: {\"choices\n\n|end", "ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := stream(io.EOF, strings.Split(c.parts, "^")...)
			x := newExchange(context.Background())
			err := (&Forwarder{Upstream: upstream(func() *exchange.Inbound { return in }), Clock: clock.Real{}}).Do(x, nil, c.options)
			if c.body == "" {
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("%v", err)
				}
			} else if err != nil {
				t.Fatal(err)
			} else if got := read(x); got != c.body {
				t.Errorf("%q, want %q", got, c.body)
			}
			if x.Attempts[0].Outcome != c.outcome {
				t.Errorf("%+v", x.Attempts)
			}
		})
	}
	// What is no event stream is not looked at.
	in := stream(io.EOF, page)
	in.Header.Set("Content-Type", "text/html")
	x := newExchange(context.Background())
	if err := (&Forwarder{Upstream: upstream(func() *exchange.Inbound { return in }), Clock: clock.Real{}}).Do(x, nil, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := read(x); got != page+"|end" {
		t.Errorf("%q", got)
	}
}

func BenchmarkLines(b *testing.B) {
	event := []byte(`data: {"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"delta":{"content":" word"},"finish_reason":null,"index":0,"logprobs":null}],"created":1700000000,"id":"chatcmpl-0123456789abcdef","model":"gpt-35-turbo","object":"chat.completion.chunk","system_fingerprint":"fp_0123456789"}` + "\n\n")
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	var l lines
	for b.Loop() {
		if l.good(event) != len(event) {
			b.Fatal("it is an event")
		}
	}
}
