package spillway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"

	"github.com/spillway-gateway/spillway/examples"
)

// TestNodeClient drives the gateway with the official package for Node.
func TestNodeClient(t *testing.T) {
	t.Parallel()
	const need = "this test needs Node.js 18 or newer with npm (Debian: apt-get install nodejs npm) and then `npm ci` in testdata/sdk; `make test` does both"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(need)
	}
	if _, err := os.Stat("testdata/sdk/node_modules/openai/package.json"); err != nil {
		t.Fatal(need)
	}
	s := start(t, sample(t, examples.Default))
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), node, "azure.mjs", s.info.Gateway+"/openai-test", s.info.SubscriptionKey)
	cmd.Dir, cmd.Stderr = "testdata/sdk", &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var got struct {
		Plain struct {
			Role, Text, Finish string
			Tokens             int
		}
		Stream struct {
			Text, Finish   string
			Chunks, Tokens int
		}
		Embeddings []int
		Refused    struct {
			Name   string
			Status int
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Plain.Role != "assistant" || got.Plain.Text == "" || got.Plain.Finish != "stop" || got.Plain.Tokens == 0 {
		t.Errorf("plain: %s", out)
	}
	if got.Stream.Text != got.Plain.Text || got.Stream.Finish != "stop" || got.Stream.Chunks < 6 || got.Stream.Tokens != got.Plain.Tokens {
		t.Errorf("stream: %s", out)
	}
	if len(got.Embeddings) != 2 || got.Embeddings[0] != 1536 || got.Embeddings[1] != 1536 {
		t.Errorf("embeddings: %s", out)
	}
	if got.Refused.Name != "AuthenticationError" || got.Refused.Status != 401 {
		t.Errorf("a wrong key: %s", out)
	}
}

// TestGoClient drives the gateway with the official package for Go.
func TestGoClient(t *testing.T) {
	t.Parallel()
	s := start(t, sample(t, examples.Default))
	sdk := func(key string) openai.Client {
		return openai.NewClient(
			azure.WithEndpoint(s.info.Gateway+"/openai-test", "2024-10-21"), azure.WithAPIKey(key),
			azure.WithUnsafeAllowHTTP(), option.WithMaxRetries(0), option.WithHTTPClient(client(t)),
		)
	}
	c := sdk(s.info.SubscriptionKey)
	ask := openai.ChatCompletionNewParams{
		Model:    "gpt-35-turbo",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("How do I bake bread?")},
	}
	whole, err := c.Chat.Completions.New(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	said := whole.Choices[0].Message.Content
	if said == "" || whole.Choices[0].FinishReason != "stop" || whole.Usage.TotalTokens == 0 {
		t.Errorf("%+v", whole)
	}
	ask.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := c.Chat.Completions.NewStreaming(t.Context(), ask)
	var all openai.ChatCompletionAccumulator
	chunks := 0
	for stream.Next() {
		chunks++
		all.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if chunks < 10 || len(all.Choices) != 1 || all.Choices[0].Message.Content != said || all.Usage.TotalTokens != whole.Usage.TotalTokens {
		t.Errorf("%d chunks: %+v", chunks, all.ChatCompletion)
	}
	vectors, err := c.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: "text-embedding-ada-002", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "two"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(vectors.Data) != 2 || len(vectors.Data[0].Embedding) != 1536 {
		t.Errorf("%d vectors", len(vectors.Data))
	}
	wrong := sdk("not-a-key")
	_, err = wrong.Chat.Completions.New(t.Context(), ask)
	var e *openai.Error
	if !errors.As(err, &e) || e.StatusCode != 401 {
		t.Errorf("a wrong key: %v", err)
	}
}

// TestPastedCurl runs the line that demo prints as a reader would: through a
// shell, as it stands. So are those that break a region and mend it.
func TestPastedCurl(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("this test needs curl (Debian: apt-get install curl)")
	}
	p := command(t, nil, append([]string{"demo"}, ports(t)...)...).start()
	out := p.stdout.await(t, "the demo says how to end it", func(s string) bool { return strings.Contains(s, "Ctrl-C") })
	// One line stands at the margin, to be found by whoever reads for it; the
	// others are indented.
	var lines []string
	atMargin := 0
	joined := strings.ReplaceAll(out, "\\\n", "\\\x00")
	for line := range strings.Lines(joined) {
		if strings.HasPrefix(line, "curl ") {
			atMargin++
		}
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "curl ") {
			lines = append(lines, strings.ReplaceAll(line, "\x00", "\n"))
		}
	}
	if len(lines) != 3 || atMargin != 1 || strings.Contains(lines[0], "|") {
		t.Fatalf("want a request, a fault and its end, got %q in\n%s", lines, out)
	}
	sh := func(line string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%v\n%s", line, err, out)
		}
		return string(out)
	}
	if got := sh(lines[0]); !strings.Contains(got, "HTTP/1.1 200 OK") || !strings.Contains(strings.ToLower(got), "x-served-by-region: ") || !strings.Contains(got, `"chat.completion"`) {
		t.Errorf("got\n%s", got)
	}
	sh(lines[1])
	for range 12 {
		if got := sh(lines[0]); !strings.Contains(got, "HTTP/1.1 200 OK") || strings.Contains(got, "x-served-by-region: eastus") {
			t.Fatalf("with a region away\n%s", got)
		}
	}
	sh(lines[2])
	health, _ := do(t, client(t), "GET", p.field("gateway")+"/status-0123456789abcdef", "")
	if health.StatusCode != 200 {
		t.Errorf("health is %d", health.StatusCode)
	}
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != 0 {
		t.Errorf("SIGTERM ends the demo with %d:\n%s", code, p.stderr)
	}
}
