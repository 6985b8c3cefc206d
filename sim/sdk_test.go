package sim

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

// sdk is the official client with its Azure options, pointed at a region.
func sdk(t *testing.T, r *Region, opts ...option.RequestOption) openai.Client {
	t.Helper()
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	return openai.NewClient(append([]option.RequestOption{
		azure.WithEndpoint(srv.URL, "2024-10-21"),
		azure.WithAPIKey(r.Keys()[0]),
		azure.WithUnsafeAllowHTTP(),
	}, opts...)...)
}

func TestSDKChat(t *testing.T) {
	r := New(Config{Name: "swedencentral", Profile: Instant()})
	client := sdk(t, r)
	ask := openai.ChatCompletionNewParams{
		Model:    "gpt-35-turbo",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("How do I bake bread?")},
	}
	whole, err := client.Chat.Completions.New(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	text := whole.Choices[0].Message.Content
	if !strings.Contains(text, "bake bread") || whole.Usage.CompletionTokens == 0 || whole.Choices[0].FinishReason != "stop" {
		t.Errorf("%q, %+v", text, whole.Usage)
	}

	ask.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(t.Context(), ask)
	var acc openai.ChatCompletionAccumulator
	chunks := 0
	for stream.Next() {
		chunks++
		if !acc.AddChunk(stream.Current()) && chunks > 1 {
			t.Errorf("chunk %d does not fit those before: %s", chunks, stream.Current().RawJSON())
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if len(acc.Choices) != 1 || acc.Choices[0].Message.Content != text {
		t.Errorf("streamed %+v, want %q", acc.Choices, text)
	}
	if acc.Usage.TotalTokens != whole.Usage.TotalTokens {
		t.Errorf("usage %d, want %d", acc.Usage.TotalTokens, whole.Usage.TotalTokens)
	}
	if chunks < 20 {
		t.Errorf("%d chunks are no stream", chunks)
	}
}

func TestSDKTools(t *testing.T) {
	client := sdk(t, New(Config{Profile: Instant()}))
	got, err := client.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{
		Model:    "gpt-35-turbo",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Find flights to Oslo")},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
			Name:       "find_flights",
			Parameters: openai.FunctionParameters{"type": "object", "properties": map[string]any{"to": map[string]string{"type": "string"}}},
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	calls := got.Choices[0].Message.ToolCalls
	if len(calls) != 1 || calls[0].Function.Name != "find_flights" || calls[0].Function.Arguments != `{"to":"flights to Oslo"}` {
		t.Errorf("%+v", calls)
	}
}

func TestSDKEmbeddings(t *testing.T) {
	client := sdk(t, New(Config{Profile: Instant()}))
	ask := openai.EmbeddingNewParams{
		Model: "text-embedding-ada-002",
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"the cat sat on the mat"}},
	}
	floats, err := client.Embeddings.New(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	vector := floats.Data[0].Embedding
	if len(vector) != 1536 {
		t.Fatalf("%d dimensions", len(vector))
	}
	sum := 0.0
	for _, x := range vector {
		sum += x * x
	}
	if math.Abs(sum-1) > 1e-5 {
		t.Errorf("length² %v, want 1", sum)
	}
	var coded struct {
		Data []struct{ Embedding string }
	}
	ask.EncodingFormat = openai.EmbeddingNewParamsEncodingFormatBase64
	if _, err := client.Embeddings.New(t.Context(), ask, option.WithResponseBodyInto(&coded)); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(coded.Data[0].Embedding)
	if err != nil || len(raw) != 4*1536 {
		t.Fatalf("%v, %d bytes", err, len(raw))
	}
	for i, x := range vector {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); got != float32(x) {
			t.Fatalf("dimension %d: %v and %v", i, got, x)
		}
	}
}

func TestSDKErrorsAndRetries(t *testing.T) {
	r := New(Config{Profile: Instant()})
	client := sdk(t, r)
	ask := openai.ChatCompletionNewParams{
		Model:    "gpt-35-turbo",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")},
	}
	setFaultJSON(t, r, `{"kind":"throttle","retryAfter":1,"retryAfterMs":5}`)
	_, err := client.Chat.Completions.New(t.Context(), ask)
	var refused *openai.Error
	if !errors.As(err, &refused) || refused.StatusCode != 429 || refused.Code != "RateLimitReached" {
		t.Errorf("throttled: %v", err)
	}
	if got := r.Counters()["gpt-35-turbo"][429]; got != 3 {
		t.Errorf("%d attempts, want the client's three", got)
	}
	if err := r.SetFault(nil); err != nil {
		t.Fatal(err)
	}
	ask.Model = "nowhere"
	if _, err := client.Chat.Completions.New(t.Context(), ask); !errors.As(err, &refused) || refused.Code != "DeploymentNotFound" {
		t.Errorf("no deployment: %v", err)
	}
	wrong := sdk(t, r, azure.WithAPIKey("wrong"))
	if _, err := wrong.Chat.Completions.New(t.Context(), ask); !errors.As(err, &refused) || refused.StatusCode != 401 {
		t.Errorf("wrong key: %v", err)
	}
}

// The plain client on the v1 API sends its key as a bearer token.
func TestSDKResponsesOnV1(t *testing.T) {
	r, other := New(Config{Name: "eastus", Profile: Instant()}), New(Config{Name: "westus", Profile: Instant()})
	plain := func(r *Region) openai.Client {
		srv := httptest.NewServer(r)
		t.Cleanup(srv.Close)
		return openai.NewClient(option.WithBaseURL(srv.URL+"/openai/v1/"), option.WithAPIKey(r.Keys()[1]))
	}
	here, there := plain(r), plain(other)
	first, err := here.Responses.New(t.Context(), responses.ResponseNewParams{
		Model: "gpt-35-turbo", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Say hello")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if first.OutputText() != "Hello" || first.Usage.TotalTokens == 0 {
		t.Errorf("%s", first.RawJSON())
	}
	if r.Requests(1)[0].Key != 2 {
		t.Errorf("%+v", r.Requests(1))
	}
	second := responses.ResponseNewParams{
		Model: "gpt-35-turbo", PreviousResponseID: openai.String(first.ID),
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Say goodbye")},
	}
	stream := here.Responses.NewStreaming(t.Context(), second)
	var text strings.Builder
	var last string
	for stream.Next() {
		text.WriteString(stream.Current().AsResponseOutputTextDelta().Delta)
		last = stream.Current().Type
	}
	if err := stream.Err(); err != nil || text.String() != "Goodbye" || last != "response.completed" {
		t.Errorf("%v, %q, %s", err, text.String(), last)
	}
	kept, err := here.Responses.Get(t.Context(), first.ID, responses.ResponseGetParams{})
	if err != nil || kept.ID != first.ID {
		t.Errorf("%v %v", err, kept)
	}
	var refused *openai.Error
	if _, err := there.Responses.New(t.Context(), second); !errors.As(err, &refused) || refused.StatusCode != 400 {
		t.Errorf("another region knows the response: %v", err)
	}
	if _, err := there.Responses.Get(t.Context(), first.ID, responses.ResponseGetParams{}); !errors.As(err, &refused) || refused.StatusCode != 404 {
		t.Errorf("another region has the response: %v", err)
	}
	if err := here.Responses.Delete(context.Background(), first.ID); err != nil {
		t.Error(err)
	}
	if _, err := here.Responses.Get(t.Context(), first.ID, responses.ResponseGetParams{}); !errors.As(err, &refused) || refused.StatusCode != 404 {
		t.Errorf("deleted, but there: %v", err)
	}
}

// What one region sealed no other opens.
func TestSDKReasoningBelongsToARegion(t *testing.T) {
	deployments := []Deployment{{Name: "gpt-5"}}
	a := New(Config{Name: "a", Profile: Instant(), Deployments: deployments})
	b := New(Config{Name: "b", Profile: Instant(), Deployments: deployments})
	sealed := a.seal("thought")
	for _, c := range []struct {
		r      *Region
		sealed string
		want   bool
	}{{a, sealed, true}, {b, sealed, false}, {a, sealed[:len(sealed)-2], false}, {a, "", false}} {
		if text, ok := c.r.unseal(c.sealed); ok != c.want || ok && text != "thought" {
			t.Errorf("%s opens %q: %v %q", c.r.name, c.sealed, ok, text)
		}
	}
}
