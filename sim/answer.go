package sim

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spillway-gateway/spillway/internal/openai"
)

// persona is what an answer may say of itself.
type persona struct{ model, region string }

// maxShort is the length up to which a question can be one that has its own
// answer.
const maxShort = 2000

// compose makes up the text of an answer: from documents in the prompt if
// there are any, else a reply that suits the kind of question. The same
// messages and variant give the same text.
func compose(messages []openai.Message, who persona, variant int) string {
	question := lastQuestion(messages)
	if last := len(messages) - 1; last >= 0 && oneOf(messages[last].Role, "tool", "function") {
		return fromTool(messages[last].Content.String(), question)
	}
	if docs := documentsIn(messages); len(docs) > 0 {
		question = questionBeside(question)
		return quote(docs, question, earlierQuestion(messages))
	}
	if len(question) <= maxShort {
		for _, reply := range []func(string, persona) string{sayBack, greet, introduce, calculate, count} {
			if text := reply(question, who); text != "" {
				return text
			}
		}
	}
	return discuss(question, earlierQuestion(messages), variant)
}

// fromTool speaks a tool's result.
func fromTool(result, question string) string {
	result = strings.TrimSpace(result)
	if s := subject(question); s != "" {
		return "Here is what I found about " + s + ": " + result
	}
	return "Here is what I found: " + result
}

var sayPattern = regexp.MustCompile(`(?is)^\s*(?:please\s+)?(?:say|repeat|echo|(?:reply|respond|answer)\s+(?:only\s+)?with)(?:\s+after\s+me)?(?:\s+(?:exactly|only|just))?(?:\s+the\s+words?)?\s*:?\s+["'“]?(.+?)["'”]?[.!]?\s*$`)

// sayBack obeys "Say this is a test".
func sayBack(question string, _ persona) string {
	if m := sayPattern.FindStringSubmatch(question); m != nil {
		return capital(m[1])
	}
	return ""
}

var (
	greetPattern  = regexp.MustCompile(`(?i)^\s*(hi|hello|hey|good (?:morning|afternoon|evening)|greetings)(?: there)?[\s!.,]*$`)
	thanksPattern = regexp.MustCompile(`(?i)^\s*(thanks|thank you)\b`)
)

func greet(question string, _ persona) string {
	switch {
	case question == "":
		return "I did not get a question. What would you like to know?"
	case greetPattern.MatchString(question):
		return "Hello! How can I help you today?"
	case thanksPattern.MatchString(question):
		return "You're welcome! Is there anything else I can help you with?"
	}
	return ""
}

var whoPattern = regexp.MustCompile(`(?i)\b(who|what) are you\b|\bwhich (model|region)\b|\bwhat('s| is) your name\b`)

func introduce(question string, who persona) string {
	if whoPattern.MatchString(question) {
		return fmt.Sprintf("I am a simulated %s deployment in the region %s. I follow the protocol of the real service to the letter, but what I say is made up from your own words.", who.model, who.region)
	}
	return ""
}

var sumPattern = regexp.MustCompile(`(-?\d{1,9}(?:\.\d{1,6})?)\s*(\+|-|−|\*|x|×|/|÷|plus|minus|times|divided by)\s*(-?\d{1,9}(?:\.\d{1,6})?)`)

// calculate does one sum.
func calculate(question string, _ persona) string {
	m := sumPattern.FindStringSubmatch(strings.ToLower(question))
	if m == nil {
		return ""
	}
	a, _ := strconv.ParseFloat(m[1], 64)
	b, _ := strconv.ParseFloat(m[3], 64)
	var result float64
	op := m[2]
	switch op {
	case "+", "plus":
		op, result = "+", a+b
	case "-", "−", "minus":
		op, result = "-", a-b
	case "*", "x", "×", "times":
		op, result = "×", a*b
	default:
		if b == 0 {
			return "Dividing by zero has no result."
		}
		op, result = "÷", a/b
	}
	return fmt.Sprintf("%s %s %s = %s.", m[1], op, m[3], strconv.FormatFloat(result, 'f', -1, 64))
}

var countPattern = regexp.MustCompile(`(?i)\bcount (?:from (?:1|one) )?(?:up )?to (\d{1,4})\b`)

// count makes streams of a wanted length.
func count(question string, _ persona) string {
	m := countPattern.FindStringSubmatch(question)
	if m == nil {
		return ""
	}
	n, _ := strconv.Atoi(m[1])
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(i))
	}
	return b.String() + "."
}

var howToPattern = regexp.MustCompile(`^(?:how (?:do|can|could|should|would|to)\b(?: (?:i|we|you|one)\b)?|.*\bhow to\b)`)

// discuss answers what nothing better fits, by the kind of question.
func discuss(question, earlier string, variant int) string {
	about := subject(question)
	if about == "" {
		about = subject(earlier)
	}
	if about == "" {
		about = "that"
	}
	lower := strings.ToLower(strings.TrimSpace(question))
	pick := func(of ...string) string {
		return fmt.Sprintf(of[(int(shortHash(lower)%uint32(len(of)))+variant)%len(of)], about)
	}
	switch {
	case howToPattern.MatchString(lower):
		return pick(
			"Here is one way to %s:\n\n1. Write down what a good result looks like, so that you notice when you have it.\n2. Try the simplest thing that could work, on a small scale.\n3. Measure, change one thing at a time, and keep what helps.\n\nTell me more about your situation and I can be more specific.",
			"To %s, start from the end: decide how you will check the result, then work backwards to the first step. Keep the first version small, look at what it does under real conditions, and extend it only where that shows a need.",
		)
	case strings.HasPrefix(lower, "how"):
		about = strings.TrimSuffix(strings.TrimSuffix(about, " works"), " work")
		return pick(
			"The way to understand %s is to follow one case from its beginning to its end: what comes in, what is decided about it, and what goes out. The decision is the interesting part, so ask what is known at the moment when it is made.",
			"In brief, %s comes down to three things: what goes in, the rule that is applied to it, and what happens when the rule does not fit. Most surprises are found in the third.",
		)
	case strings.HasPrefix(lower, "why"):
		return pick(
			"There are usually several reasons behind %s. The most common one is that an earlier decision made it the easy path; the second is that the alternatives cost more than they seem to. It is worth checking which of the two applies before changing anything.",
			"In short, %s comes down to a trade-off: something is gained every day, and something is paid rarely. As long as the gain is visible and the price is not, it stays that way.",
		)
	case strings.Contains(lower, "poem") || strings.Contains(lower, "haiku"):
		return pick("On %s I was asked to write,\nten requests came in one night;\nthree regions shared the load with care,\nand none of them was ever bare.")
	case strings.HasPrefix(lower, "list") || strings.Contains(lower, "examples of"):
		return pick("Some points about %s worth knowing:\n\n- what it is for, and for whom;\n- what it depends on;\n- where its limits are;\n- what to do when it fails.")
	default:
		return pick(
			"You asked about %s. In brief: look at what it is for, what it depends on and where its limits are; most questions about it are answered by one of the three. Which of them matters most to you?",
			"Let me put %s in a few words. It has a purpose, a price and a boundary. Knowing the boundary first makes the other two easier to judge. Would you like an example?",
			"The short version about %s: begin with the case that comes up every day, make it work well, and treat the rest as exceptions. I can go into any part of it.",
		)
	}
}

var leadPattern = regexp.MustCompile(`(?i)^(?:(?:please|so|and|ok|okay|well|hi|hello|hey)[,\s]+)*(?:(?:can|could|would|will) you (?:please )?)?(?:(?:tell|give|show|explain|write|describe|summari[sz]e|list|help|translate|define|compare|find|get|look up|search for)\b(?:\s+(?:me|us|to me))?|(?:what|who|where|when|why|which|how)(?:'s|\s+(?:is|are|was|were|do|does|did|can|could|should|would|will|to|many|much|long|far|often))*(?:\s+(?:i|we|you|one|it|there))?)?\s*(?:with|about|on|of|for|by|like|mean)?\s*(?:(?:a|an|the|some|my|our|your)\s+)?`)

// subject is what a question is about: its words without those that ask.
func subject(question string) string {
	question = strings.TrimSpace(question)
	if i := strings.IndexAny(question, "?!\n"); i > 0 {
		question = question[:i]
	}
	if i := strings.Index(question, ". "); i > 0 {
		question = question[:i]
	}
	rest := strings.TrimRight(question[len(leadPattern.FindString(question)):], " .,;:")
	if rest == "" || len(terms(rest)) == 0 {
		return ""
	}
	fields := strings.Fields(rest)
	if len(fields) > 12 {
		fields = fields[:12]
	}
	return strings.Join(fields, " ")
}

var numberPattern = regexp.MustCompile(`-?\b(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?\b`)

// firstNumber is the first number in a text, or "".
func firstNumber(text string) string { return numberPattern.FindString(text) }

// earlierQuestion is what the user asked before the last question.
func earlierQuestion(messages []openai.Message) string {
	seen := false
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role != "user" {
			continue
		}
		if seen {
			return strings.TrimSpace(messages[i].Content.String())
		}
		seen = true
	}
	return ""
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// Sizes of the pieces that split makes.
const (
	wholeWord  = 9 // longer words come in pieces
	wordPiece  = 6
	digitPiece = 3
)

// split cuts a text into pieces of about a token each; joined they are the
// text again.
func split(text string) []string {
	tokens := make([]string, 0, len(text)/4+1)
	for i := 0; i < len(text); {
		n := nextToken(text[i:])
		tokens = append(tokens, text[i:i+n])
		i += n
	}
	return tokens
}

// nextToken is the length of the first piece: at most one blank, then a word
// or a part of it, some digits, or a sign; or a run of blanks and line ends.
func nextToken(s string) int {
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	switch {
	case size == 0:
		return i
	case unicode.IsLetter(r):
		end, runes := i, 0
		for end < len(s) {
			r, size := utf8.DecodeRuneInString(s[end:])
			if !unicode.IsLetter(r) {
				break
			}
			end += size
			if runes++; runes == wordPiece {
				i = end
			}
		}
		if runes > wholeWord {
			return i
		}
		return end
	case unicode.IsDigit(r):
		for n := 0; n < digitPiece && i < len(s); n++ {
			r, size := utf8.DecodeRuneInString(s[i:])
			if !unicode.IsDigit(r) {
				break
			}
			i += size
		}
		return i
	case unicode.IsSpace(r):
		for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
			i++
		}
		return max(i, size)
	default:
		return i + size
	}
}
