package chat

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/openai/openai-go/v3"
)

//go:embed documents/*.md
var documents embed.FS

// Passage is a part of a document: what one heading covers.
type Passage struct {
	ID       string // of the passage, such as "returns-2"
	Document string // the document's title
	Title    string // the heading
	Text     string
}

// passages are the parts of all documents, in the order of their files.
func passages() []Passage {
	names, err := fs.Glob(documents, "documents/*.md")
	if err != nil || len(names) == 0 {
		panic("chat: the embedded documents are missing")
	}
	var list []Passage
	for _, name := range names {
		data, err := documents.ReadFile(name)
		if err != nil {
			panic("chat: " + err.Error())
		}
		list = append(list, split(strings.TrimSuffix(path.Base(name), ".md"), string(data))...)
	}
	return list
}

// split cuts a document at its headings.
func split(name, text string) []Passage {
	var list []Passage
	document := name
	for i, part := range strings.Split("\n"+text, "\n## ") {
		title, body, _ := strings.Cut(strings.TrimSpace(part), "\n")
		if i == 0 {
			document = strings.TrimPrefix(title, "# ")
			title = document
		}
		if body = strings.TrimSpace(body); body != "" {
			list = append(list, Passage{ID: fmt.Sprintf("%s-%d", name, i), Document: document, Title: title, Text: body})
		}
	}
	return list
}

// embedded is what a passage's vector is made of: a heading alone says what
// many of its sentences leave out.
func (p Passage) embedded() string { return p.Document + ": " + p.Title + "\n" + p.Text }

// index finds passages by the likeness of their vectors to a question's. The
// vectors are asked for at the first search, and again when the endpoint or the
// model changed: vectors of different models cannot be compared.
type index struct {
	passages []Passage

	mu      sync.Mutex
	of      Config // whose vectors these are
	vectors [][]float64
}

// hit is a passage with its likeness to the question, -1 to 1.
type hit struct {
	Passage
	score float64
}

// search is the n passages that are the most like the question, best first.
func (x *index) search(ctx context.Context, client *openai.Client, c Config, question string, n int) ([]hit, error) {
	vectors, err := x.all(ctx, client, c)
	if err != nil {
		return nil, err
	}
	asked, err := embedTexts(ctx, client, c, []string{question})
	if err != nil {
		return nil, err
	}
	hits := make([]hit, len(x.passages))
	for i, p := range x.passages {
		hits[i] = hit{p, cosine(asked[0], vectors[i])}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	return hits[:min(n, len(hits))], nil
}

// all are the vectors of all passages. Those who ask while they are being made
// wait for them.
func (x *index) all(ctx context.Context, client *openai.Client, c Config) ([][]float64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	key := Config{Endpoint: c.Endpoint, Embedding: c.Embedding, APIVersion: c.APIVersion}
	if x.vectors != nil && x.of == key {
		return x.vectors, nil
	}
	texts := make([]string, len(x.passages))
	for i, p := range x.passages {
		texts[i] = p.embedded()
	}
	vectors, err := embedTexts(ctx, client, c, texts)
	if err != nil {
		return nil, err
	}
	x.of, x.vectors = key, vectors
	return vectors, nil
}

// embedTexts asks for the vectors of texts.
func embedTexts(ctx context.Context, client *openai.Client, c Config, texts []string) ([][]float64, error) {
	answer, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: c.Embedding,
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
	})
	if err != nil {
		return nil, err
	}
	vectors := make([][]float64, len(texts))
	for _, d := range answer.Data {
		if d.Index >= 0 && d.Index < int64(len(texts)) {
			vectors[d.Index] = d.Embedding
		}
	}
	for i, v := range vectors {
		if len(v) == 0 || len(v) != len(vectors[0]) {
			return nil, fmt.Errorf("the answer of %s has no usable vector for text %d of %d", c.Embedding, i+1, len(texts))
		}
	}
	return vectors, nil
}

// cosine is the cosine of the angle between two vectors, 0 if they cannot be
// compared.
func cosine(a, b []float64) float64 {
	if len(a) != len(b) {
		return 0
	}
	var dot, aa, bb float64
	for i := range a {
		dot += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return dot / math.Sqrt(aa*bb)
}
