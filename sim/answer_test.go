package sim

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// TestAnswers holds answers against testdata/answers.txtar: files named
// "role" make up the conversation, "want" ends it and is the whole answer, or,
// with lines that begin with "~ ", texts that must occur in it.
func TestAnswers(t *testing.T) {
	data, err := os.ReadFile("testdata/answers.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var messages []openai.Message
	n := 0
	for _, f := range txtar.Parse(data).Files {
		text := strings.TrimSpace(string(f.Data))
		if f.Name != "want" {
			messages = append(messages, openai.Message{Role: f.Name, Content: openai.Content{Text: text}})
			continue
		}
		n++
		who := persona{model: "gpt-4o", region: "East US"}
		got := compose(messages, who, 0)
		if rest, ok := strings.CutPrefix(text, "~ "); ok {
			for _, part := range strings.Split(rest, "\n~ ") {
				if !strings.Contains(got, part) {
					t.Errorf("%q: no %q in %q", messages[len(messages)-1].Content.Text, part, got)
				}
			}
		} else if got != text {
			t.Errorf("%q:\ngot  %q\nwant %q", messages[len(messages)-1].Content.Text, got, text)
		}
		for range 5 {
			if again := compose(messages, who, 0); again != got {
				t.Errorf("not the same again: %q and %q", got, again)
			}
		}
		messages = nil
	}
	if n < 15 {
		t.Errorf("only %d cases were read", n)
	}
}

func TestSubject(t *testing.T) {
	for question, want := range map[string]string{
		"What is a circuit breaker?":                     "circuit breaker",
		"How do I bake bread?":                           "bake bread",
		"Please explain the theory of relativity to me.": "theory of relativity to me",
		"Tell me about Berlin! And be quick.":            "Berlin",
		"Could you please describe our Q3 numbers":       "Q3 numbers",
		"load balancing":                                 "load balancing",
		"Why?":                                           "",
		"and what about it?":                             "",
		"":                                               "",
	} {
		if got := subject(question); got != want {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "Hello, world!", "incomprehensibilities 12345678 \n\n x", "  leading", "grüße\u00a0an alle 日本語です", "\xff\xfe", "a  b\t\tc\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tokens := split(s)
		if got := strings.Join(tokens, ""); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		if slices.Contains(tokens, "") {
			t.Fatalf("an empty piece of %q", s)
		}
		for _, tok := range tokens {
			if utf8.ValidString(s) && !utf8.ValidString(tok) {
				t.Fatalf("%q was cut inside a character: %q", s, tok)
			}
		}
	})
}

func FuzzCompose(f *testing.F) {
	f.Add("[doc1] a\nb", "x?")
	f.Add("Context:\nsome text.\n\nmore\nQuestion: x", "<doc id=\"3\">y</doc>\nwhat?")
	f.Add("", "what is 1 / 0")
	f.Fuzz(func(t *testing.T, system, user string) {
		messages := []openai.Message{{Role: "system", Content: openai.Content{Text: system}}, {Role: "user", Content: openai.Content{Text: user}}}
		if got := compose(messages, persona{}, 1); got == "" {
			t.Fatal("no answer")
		}
	})
}

func FuzzSample(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":"integer","minimum":3},"b":{"enum":["x","y"]}}}`), "y 7")
	f.Add([]byte(`{"$ref":"#","$defs":{}}`), "")
	f.Add([]byte(`{"type":"array","minItems":2,"items":{"anyOf":[{"type":"null"},{"type":"string","format":"uuid"}]}}`), "")
	f.Fuzz(func(t *testing.T, raw []byte, question string) {
		if got := sample(raw, question); !json.Valid([]byte(got)) {
			t.Fatalf("%s is no JSON", got)
		}
	})
}

func cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// Searching by cosine finds the text that is about the question.
func TestEmbeddingsFindRelatedTexts(t *testing.T) {
	texts := []string{
		"The library opens at nine on weekdays and stays closed on Sundays.",
		"A lost book costs twenty euros; reminders are free of charge.",
		"To bake bread, mix flour, water, salt and yeast, let the dough rest and bake it for forty minutes.",
		"The circuit breaker opens after three failures and closes again when its trip time is over.",
		"Our vacation policy grants thirty days a year; unused days expire in March.",
		"The database is backed up every night, and backups are kept for thirty days.",
		"Passwords must be changed after a suspected leak and may not be reused.",
		"Der Zug nach München fährt jede Stunde von Gleis sieben.",
	}
	for question, want := range map[string]int{
		"When does the library open?":                 0,
		"what do I pay for losing a book":             1,
		"How long should the bread bake?":             2,
		"Why is the breaker open after failures?":     3,
		"How many vacation days do employees have?":   4,
		"How long are database backups retained":      5,
		"can I reuse my old password":                 6,
		"Wann fährt der nächste Zug nach München ab?": 7,
	} {
		q := embedText(question, 1536)
		best, score, second := -1, -1.0, -1.0
		for i, text := range texts {
			switch s := cosine(q, embedText(text, 1536)); {
			case s > score:
				best, score, second = i, s, score
			case s > second:
				second = s
			}
		}
		if best != want || score < second+0.05 {
			t.Errorf("%q finds %q (%.2f, next %.2f)", question, texts[best], score, second)
		}
	}
	same := cosine(embedText("Hello, World!", 1536), embedText("hello world", 1536))
	if math.Abs(same-1) > 1e-6 {
		t.Errorf("case and signs make a difference: %v", same)
	}
	if c := cosine(embedTokens([]int{1, 2, 3, 4}, 1536), embedTokens([]int{1, 2, 3, 5}, 1536)); c < 0.5 {
		t.Errorf("token lists with most in common: %v", c)
	}
	if c := cosine(embedTokens([]int{1, 2, 3, 4}, 1536), embedTokens([]int{9, 8, 7, 6}, 1536)); c > 0.2 {
		t.Errorf("token lists with nothing in common: %v", c)
	}
}

func TestEmbeddingsHaveLengthOne(t *testing.T) {
	for _, n := range []int{1, 2, 256, 1536, 3072} {
		for _, text := range []string{"a", "!!!", "the", strings.Repeat("word ", 5000), "日本語"} {
			if v := embedText(text, n); len(v) != n || math.Abs(cosine(v, v)-1) > 1e-5 {
				t.Errorf("%d dimensions of %.10q: length² %v", n, text, cosine(v, v))
			}
		}
	}
}
