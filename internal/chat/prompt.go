package chat

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/openai/openai-go/v3"
)

// Message is one of a conversation.
type Message struct {
	Role    string `json:"role"` // user or assistant
	Content string `json:"content"`
}

const withDocuments = `You answer questions of Contoso's customers and employees. Use only the sources below. ` +
	`After each statement name its source in brackets, such as [doc1]. If the sources do not answer the question, say that you do not know. ` +
	`Answer briefly, in the language of the question. Use Markdown where it helps.`

const withoutDocuments = `You are a helpful assistant. Answer briefly, in the language of the question. Use Markdown where it helps.`

// historyBudget is how many characters of the conversation go along with a
// question, about 3,000 tokens: small models take no more beside the documents
// and the answer.
const historyBudget = 12_000

var citation = regexp.MustCompile(`[ \t]*\[doc\d{1,3}\]`)

// prompt is what the model is given. left is how many of the oldest messages
// had to stay out.
func prompt(c Config, conversation []Message, sources []hit, documents bool) (messages []openai.ChatCompletionMessageParamUnion, left int) {
	system := c.SystemMessage
	if system == "" {
		system = withoutDocuments
		if documents {
			system = withDocuments
		}
	}
	if documents {
		var b strings.Builder
		b.WriteString(system + "\n\nSources:\n")
		for i, s := range sources {
			fmt.Fprintf(&b, "\n[doc%d]: %s: %s\n%s\n", i+1, s.Document, s.Title, s.Text)
		}
		system = b.String()
	}
	messages = append(messages, openai.SystemMessage(system))
	first, budget := len(conversation)-1, historyBudget
	for first > 0 {
		if budget -= len([]rune(conversation[first-1].Content)); budget < 0 {
			break
		}
		first--
	}
	// A history that begins with an answer has lost its question.
	if first < len(conversation)-1 && conversation[first].Role == "assistant" {
		first++
	}
	for _, m := range conversation[first:] {
		if m.Role == "assistant" {
			// Numbers of earlier sources would be taken for those of this turn.
			messages = append(messages, openai.AssistantMessage(citation.ReplaceAllString(m.Content, "")))
			continue
		}
		messages = append(messages, openai.UserMessage(m.Content))
	}
	return messages, first
}

// looked is the text whose vector is searched with. A question of a few words
// ("and on Sundays?") says little without the one before.
func looked(conversation []Message) string {
	question := conversation[len(conversation)-1].Content
	if len(strings.Fields(question)) > 4 {
		return question
	}
	for i := len(conversation) - 2; i >= 0; i-- {
		if conversation[i].Role == "user" {
			return conversation[i].Content + "\n" + question
		}
	}
	return question
}
