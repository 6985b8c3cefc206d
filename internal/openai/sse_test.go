package openai

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// events collects what a splitter finds when the stream comes in pieces cut
// at the given places.
func events(stream string, limit int, cuts ...int) []string {
	var got []string
	s := Splitter{Limit: limit, OnEvent: func(e Event) {
		text := string(e.Data)
		if e.Oversize {
			text = "(oversize)"
		}
		got = append(got, e.Name+"|"+text)
	}}
	from := 0
	for _, c := range cuts {
		if c >= from && c <= len(stream) {
			_, _ = s.Write([]byte(stream[from:c]))
			from = c
		}
	}
	_, _ = s.Write([]byte(stream[from:]))
	s.End()
	return got
}

func TestSplitter(t *testing.T) {
	big := strings.Repeat("x", 100)
	for _, c := range []struct {
		name, stream string
		want         []string
	}{
		{"line feeds", "data: a\n\ndata: b\n\n", []string{"|a", "|b"}},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"|a", "|b"}},
		{"CR", "data: a\r\rdata: b\r\r", []string{"|a", "|b"}},
		{"mixed", "data: a\r\n\ndata: b\n\r\n", []string{"|a", "|b"}},
		{"names", "event: response.created\ndata: {}\n\nevent: message_stop\ndata: x\n\n", []string{"response.created|{}", "message_stop|x"}},
		{"a name does not last", "event: a\ndata: 1\n\ndata: 2\n\n", []string{"a|1", "|2"}},
		{"a name without data", "event: a\n\ndata: 2\n\n", []string{"|2"}},
		{"several lines", "data: a\ndata: b\ndata:\n\n", []string{"|a\nb\n"}},
		{"no blank after the colon", "data:a\n\ndata:  b\n\n", []string{"|a", "| b"}},
		{"comments", ": ping\n\n:\ndata: a\n: more\n\n", []string{"|a"}},
		{"unknown fields", "id: 7\nretry: 10\nfoo\ndata: a\n\n", []string{"|a"}},
		{"data alone", "data\n\n", []string{"|"}},
		{"byte order mark", "\ufeffdata: a\n\n\ufeffdata: b\n\n", []string{"|a"}},
		{"no final blank line", "data: a\n\ndata: [DONE]", []string{"|a", "|[DONE]"}},
		{"no final blank line, one line end", "data: a\n", []string{"|a"}},
		{"oversize in one line", "data: " + big + "\n\ndata: b\n\n", []string{"|(oversize)", "|b"}},
		{"oversize in two lines", "event: e\ndata: " + big[:30] + "\ndata: " + big[:30] + "\n\ndata: b\n\n", []string{"e|(oversize)", "|b"}},
		{"oversize comment", ":" + big + "\ndata: b\n\n", []string{"|b"}},
		{"at the limit", "data: " + big[:50] + "\n\n", []string{"|" + big[:50]}},
		{"empty", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := events(c.stream, 50)
			if !slices.Equal(whole, c.want) {
				t.Fatalf("got %q, want %q", whole, c.want)
			}
			for i := range len(c.stream) + 1 {
				for j := i; j <= len(c.stream); j++ {
					if got := events(c.stream, 50, i, j); !slices.Equal(got, c.want) {
						t.Fatalf("cut at %d and %d: got %q, want %q", i, j, got, c.want)
					}
				}
			}
			var every []int
			for i := range c.stream {
				every = append(every, i)
			}
			if got := events(c.stream, 50, every...); !slices.Equal(got, c.want) {
				t.Fatalf("byte by byte: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAppendEvent(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"", "x", "data: x\n\n"},
		{"n", "x", "event: n\ndata: x\n\n"},
		{"", "a\nb\r\nc\rd", "data: a\ndata: b\ndata: c\ndata: d\n\n"},
		{"", "", "data: \n\n"},
	} {
		if got := string(AppendEvent(nil, c.name, []byte(c.data))); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// What the splitter finds does not depend on where the stream is cut, and what
// the writer writes it reads.
func FuzzSplitter(f *testing.F) {
	for _, s := range []string{
		"data: a\n\ndata: b\r\n\r\n", "\ufeffevent: x\rdata: y\r\r", ": c\n\ndata\n\n", "data: " + strings.Repeat("x", 80) + "\n\n",
		"data: {\"choices\":[]}\n\ndata: [DONE]\n\n",
	} {
		f.Add(s, 3, 9)
	}
	f.Fuzz(func(t *testing.T, stream string, i, j int) {
		if i > j {
			i, j = j, i
		}
		want := events(stream, 64)
		if got := events(stream, 64, i, j); !slices.Equal(got, want) {
			t.Fatalf("cut at %d and %d: got %q, want %q", i, j, got, want)
		}
		line := strings.NewReplacer("\r", " ", "\n", " ").Replace(stream)
		got := events(string(AppendEvent(nil, "n", []byte(line))), len(line)+64)
		if len(got) != 1 || got[0] != "n|"+line {
			t.Fatalf("wrote %q, read %q", line, got)
		}
	})
}

func BenchmarkSplitter(b *testing.B) {
	event := AppendEvent(nil, "", fmt.Appendf(nil, `{"choices":[{"delta":{"content":"token"}}],"id":"chatcmpl-%032d"}`, 7))
	stream := bytes.Repeat(event, 40)
	n := 0
	s := Splitter{OnEvent: func(Event) { n++ }}
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Write(stream)
	}
	if n == 0 {
		b.Fatal("no events")
	}
}
