package chat

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfig holds the names, their order, and what is told of a bad one.
func TestConfig(t *testing.T) {
	for _, test := range []struct {
		name      string
		file, env string // NAME=value lines
		want      Config
		problem   string
	}{
		{name: "nothing", problem: "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_KEY"},
		{name: "no key", file: "AZURE_OPENAI_ENDPOINT=https://x.openai.azure.com", problem: "AZURE_OPENAI_KEY is not set"},
		{name: "no endpoint", file: "AZURE_OPENAI_KEY=k", problem: "AZURE_OPENAI_ENDPOINT is not set"},
		{
			name: "sample-app-aoai-chatGPT", file: "AZURE_OPENAI_RESOURCE=contoso\nAZURE_OPENAI_KEY='k'\nAZURE_OPENAI_MODEL=mine\nAZURE_OPENAI_EMBEDDING_NAME=ada\nAZURE_OPENAI_PREVIEW_API_VERSION=2024-05-01-preview\nAZURE_OPENAI_TEMPERATURE=0\nAZURE_OPENAI_TOP_P=1.0\nAZURE_OPENAI_MAX_TOKENS=1000\nAZURE_OPENAI_SYSTEM_MESSAGE=\"Say \\\"hi\\\"\\nand no more\"\nUI_TITLE=",
			want: Config{Endpoint: "https://contoso.openai.azure.com", Key: "k", Deployment: "mine", Embedding: "ada", APIVersion: "2024-05-01-preview", Temperature: number{0, true}, TopP: number{1, true}, MaxTokens: 1000, SystemMessage: "Say \"hi\"\nand no more"},
		},
		{
			name: "azure-search-openai-demo", file: "AZURE_OPENAI_SERVICE=\"contoso\"\nAZURE_OPENAI_API_KEY=k\nAZURE_OPENAI_CHATGPT_DEPLOYMENT=chat\nAZURE_OPENAI_EMB_DEPLOYMENT=embedding\nAZURE_OPENAI_API_VERSION=2024-10-21",
			want: Config{Endpoint: "https://contoso.openai.azure.com", Key: "k", Deployment: "chat", Embedding: "embedding", APIVersion: "2024-10-21"},
		},
		{
			name: "the environment wins", file: "AZURE_OPENAI_ENDPOINT=https://file\nAZURE_OPENAI_KEY=file\nAZURE_OPENAI_MAX_COMPLETION_TOKENS=9", env: "AZURE_OPENAI_API_KEY=env\nOPENAI_API_VERSION=2025-01-01",
			want: Config{Endpoint: "https://file", Key: "env", Deployment: "gpt-35-turbo", Embedding: "text-embedding-ada-002", APIVersion: "2025-01-01", MaxCompletionTokens: 9},
		},
		{
			name: "an endpoint with the client's part", file: "AZURE_OPENAI_ENDPOINT=https://Contoso.OpenAI.Azure.com/openai/ # a region\nexport AZURE_OPENAI_KEY=k",
			want: Config{Endpoint: "https://Contoso.OpenAI.Azure.com", Key: "k", Deployment: "gpt-35-turbo", Embedding: "text-embedding-ada-002", APIVersion: "2024-10-21"},
		},
		{
			name: "an API whose path is openai", file: "AZURE_OPENAI_ENDPOINT=http://localhost:8080/openai\nAZURE_OPENAI_KEY=k",
			want: Config{Endpoint: "http://localhost:8080/openai", Key: "k", Deployment: "gpt-35-turbo", Embedding: "text-embedding-ada-002", APIVersion: "2024-10-21"},
		},
		{name: "no URL", file: "AZURE_OPENAI_ENDPOINT=contoso\nAZURE_OPENAI_KEY=k", problem: "not a URL"},
		{name: "in the clear", file: "AZURE_OPENAI_ENDPOINT=http://contoso.example\nAZURE_OPENAI_KEY=k", problem: "in the clear"},
		{name: "a wrong temperature", file: "AZURE_OPENAI_TEMPERATURE=hot", problem: "AZURE_OPENAI_TEMPERATURE is not a number from 0 to 2"},
		{name: "NaN", file: "AZURE_OPENAI_TOP_P=NaN", problem: "AZURE_OPENAI_TOP_P is not"},
		{name: "no tokens", file: "AZURE_OPENAI_MAX_TOKENS=0", problem: "AZURE_OPENAI_MAX_TOKENS is not"},
		{name: "no line", file: "# fine\nsecret-key\n", problem: "line 2: it is not NAME=value"},
		{name: "an open quote", file: "A=\"x\n", problem: "line 1: a quote is not closed"},
		{name: "more behind a quote", file: "A='x' y\n", problem: "line 1: something follows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "chat.env")
			if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			env, err := ParseFile(test.env)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Source{File: file, Env: func(n string) string { return env[n] }}.Read()
			var problem *ConfigError
			switch {
			case test.problem == "" && (err != nil || got != test.want):
				t.Errorf("%+v, %v\nwant %+v", got, err, test.want)
			case test.problem != "" && (!errors.As(err, &problem) || !strings.Contains(problem.Problem, test.problem)):
				t.Errorf("%v, want %s", err, test.problem)
			}
		})
	}
}

// TestSetInFile holds that nothing but the one setting changes.
func TestSetInFile(t *testing.T) {
	for _, test := range []struct{ before, value, want string }{
		{"", "v", "N=v\n"},
		{"# c\nA=1", "v", "# c\nA=1\nN=v\n"},
		{"A=1\nN=old # why\nB=2\n", "v", "A=1\nN=v\nB=2\n"},
		{"export N=old\r\nB=2\r\n", "v", "export N=v\r\nB=2\r\n"},
		{"N=a\nN=b\nA=1\n", "v", "N=v\nA=1\n"},
		{"N=a", "two words # \"x\"", "N=\"two words # \\\"x\\\"\""},
		{"#N=a\nNN=b\n", "v", "#N=a\nNN=b\nN=v\n"},
	} {
		if got := SetInFile(test.before, "N", test.value); got != test.want {
			t.Errorf("%q: %q, want %q", test.before, got, test.want)
		}
	}
}

// FuzzSetInFile holds that what is set is read back, from any file, and that
// reading any file ends well.
func FuzzSetInFile(f *testing.F) {
	f.Add("A=1\nN='x'\n", "v")
	f.Add("N=\"a\\n\" # c\r\nexport B=$x", "a \"b\" \\ # c")
	f.Add("\ufeffN=1", "")
	f.Fuzz(func(t *testing.T, text, value string) {
		before, err := ParseFile(text)
		if err != nil {
			return
		}
		if strings.Contains(value, "\r") {
			return // a value of several lines keeps its line feeds alone
		}
		after, err := ParseFile(SetInFile(text, "N", value))
		if err != nil {
			t.Fatalf("%v: %q", err, SetInFile(text, "N", value))
		}
		if after["N"] != value {
			t.Fatalf("set %q, read %q, in %q", value, after["N"], SetInFile(text, "N", value))
		}
		for name, v := range before {
			if name != "N" && after[name] != v {
				t.Fatalf("%s was %q and is %q", name, v, after[name])
			}
		}
	})
}

// TestPrompt holds that the oldest messages stay out of a prompt that would be
// too long, and that marks of earlier sources do not return.
func TestPrompt(t *testing.T) {
	var long []Message
	for range 20 {
		long = append(long, Message{"user", strings.Repeat("q", 500)}, Message{"assistant", strings.Repeat("a", 500) + " [doc1][doc2]."})
	}
	long = append(long, Message{"user", "And now?"})
	messages, left := prompt(Config{}, long, nil, false)
	if left == 0 || len(messages) != 1+len(long)-left {
		t.Fatalf("%d messages, %d left out", len(messages), left)
	}
	if first := messages[1].OfUser; first == nil {
		t.Error("the history begins with an answer")
	}
	for _, m := range messages {
		if a := m.OfAssistant; a != nil && strings.Contains(a.Content.OfString.Value, "[doc") {
			t.Fatalf("%q", a.Content.OfString.Value)
		}
	}
	if last := messages[len(messages)-1].OfUser; last == nil || last.Content.OfString.Value != "And now?" {
		t.Error("the question is not last")
	}
	one, left := prompt(Config{SystemMessage: "Be brief."}, []Message{{"user", strings.Repeat("q", 2*historyBudget)}}, []hit{{Passage: Passage{Document: "D", Title: "T", Text: "words"}}}, true)
	if system := one[0].OfSystem.Content.OfString.Value; left != 0 || len(one) != 2 || !strings.HasPrefix(system, "Be brief.") || !strings.Contains(system, "[doc1]: D: T\nwords\n") {
		t.Errorf("%d messages, %d left out: %q", len(one), left, system)
	}
}
